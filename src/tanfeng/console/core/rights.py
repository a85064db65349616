"""One question for every door: ``can(user, action, thing)`` and its set form ``visible``.

The policy in words
-------------------
* A **city** officer sees everything of every enterprise, uploads on behalf of any, confirms,
  undoes, computes and publishes runs, and enters the city's verified values.
* A **county** officer does the same with the enterprises of the own county, except what concerns
  the whole city: runs and verified values are read only.
* A **park** operator sees the enterprises of the own park and uploads nothing for them.
* An **enterprise** sees and uploads its own data and nobody else's, not even totals that contain
  a single other firm.
* A **verifier** sees the enterprises assigned to it, while the assignment lasts, and changes nothing.
* An **administrator** keeps accounts, jobs and the audit log, and may read data to help, but
  enters, confirms and publishes nothing.
* A person who is not signed in, an inactive account, and any model or action without a rule: no.

Reading standards tables, documents, targets and tasks needs only a sign-in.

Apps declare their rules with :func:`register` when they start; views, exports, imports, API,
autocomplete, charts, history and jobs all ask here, and none filters by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404

from tanfeng.console.core.models import Role, User

M = TypeVar("M", bound=models.Model)
AnyUser = User | AnonymousUser
Scope = Callable[[User], models.Q]
Test = Callable[[User, Any], bool]

#: A condition no row meets.
NOTHING = models.Q(pk__in=())
EVERYTHING = models.Q()


@dataclass(frozen=True)
class Rule:
    """What a model allows: which rows are seen, and who may do what with one of them."""

    scope: Scope
    actions: Mapping[str, Test] = field(default_factory=dict)


_rules: dict[type[models.Model], Rule] = {}
_actions: dict[str, frozenset[str]] = {}


def register(model: type[models.Model], scope: Scope, **actions: Test) -> None:
    """Declare the rule of a model; ``view`` follows from the scope and needs no test."""
    _rules[model] = Rule(scope, dict(actions))


def register_action(name: str, *roles: str) -> None:
    """Declare who may do something that concerns no single row, such as reading the audit log."""
    _actions[name] = frozenset(roles)


def registered_models() -> tuple[type[models.Model], ...]:
    """Return every model that has a rule; the contract test compares it with all models."""
    return tuple(_rules)


def visible(user: AnyUser, model: type[M]) -> models.QuerySet[M]:
    """Return the rows of ``model`` the user may see; a model without a rule shows none."""
    rows = model._default_manager.all()
    rule = _rules.get(model)
    if rule is None or not isinstance(user, User) or not user.is_active:
        return rows.none()
    condition = rule.scope(user)
    if condition == NOTHING:
        return rows.none()
    return rows.filter(condition)


def can(user: AnyUser, action: str, thing: models.Model | type[models.Model] | None = None) -> bool:
    """Tell whether the user may do ``action`` with ``thing``.

    Parameters
    ----------
    user : User or AnonymousUser
        Who asks.
    action : str
        ``view`` or an action the rule of the model declares; without a thing, a registered
        action of the whole console.
    thing : model instance, model class or None
        With a class the question is whether the user may do it with any row at all.
    """
    if not isinstance(user, User) or not user.is_active:
        return False
    if thing is None:
        return user.role in _actions.get(action, frozenset())
    is_row = isinstance(thing, models.Model)
    rule = _rules.get(type(thing) if is_row else thing)  # type: ignore[arg-type]
    if rule is None:
        return False
    if is_row and thing.pk is not None and not _in_scope(user, thing, rule):
        return False
    if action == "view":
        return is_row or rule.scope(user) != NOTHING
    test = rule.actions.get(action)
    return test is not None and test(user, thing if is_row else None)


def _in_scope(user: User, thing: models.Model, rule: Rule) -> bool:
    condition = rule.scope(user)
    if condition == EVERYTHING:
        return True
    return type(thing)._default_manager.filter(condition, pk=thing.pk).exists()


def require(
    user: AnyUser, action: str, thing: models.Model | type[models.Model] | None = None
) -> None:
    """Raise 403 unless :func:`can` says yes."""
    if not can(user, action, thing):
        raise PermissionDenied(action)


def get_visible(user: AnyUser, model: type[M], **lookup: Any) -> M:
    """Return one row the user may see, else 404: a foreign row and no row look the same."""
    row = visible(user, model).filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def is_role(*roles: Role) -> Test:
    """Make a test that asks for the role alone; the scope has been asked already."""
    allowed = frozenset(roles)
    return lambda user, _thing: user.role in allowed
