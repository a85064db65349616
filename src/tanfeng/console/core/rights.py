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
* A **verifier** sees the enterprises assigned to it, while the assignment lasts, and changes
  nothing.
* An **administrator** keeps the system, accounts or the audit log, each a duty of its own, and
  sees no data of any enterprise.
* A person who is not signed in, an inactive account, an account whose role needs a scope and has
  none, and any model or action without a rule: no.

Reading standards tables, documents, targets and tasks needs only a sign-in.

Uploads. A file on its way in is seen by the uploader's own office (people with the same role and
the same scope) and by the city. Once its rows are confirmed it is also seen by
everybody in whose scope *all* enterprises it speaks of lie: a file that names one foreign firm
stays closed, because its pages show every row. Its own office or the city may correct, confirm and
discard it. A confirmed file is taken back by its own office, by the city, or by the county in
whose scope it lies wholly; never by a park operator, verifier or administrator.

Administrators. Three duties: *system* (jobs and operation), *security* (accounts and rights),
*audit* (reads and verifies the log). An account without a duty named holds all three, and none
where ``TANFENG_SEPARATE_DUTIES`` is set.

Jobs. A person sees the own jobs, as long as the scope they were started under is still the
person's; city officers and administrators of the system see all. The owner, the city and an
administrator of the system may stop one. The file a job made is for its owner, as long as every
enterprise in scope when it was made still is, and for the city. What went wrong inside is shown to
administrators of the system only.

Audit log. City officers and administrators of audit read all of it, a county officer the events
that concern the own county, everybody the own sign-ins. Nobody changes it.

Accounts. Administrators of security keep them; everybody sees the own one and the own sessions.

Apps declare their rules with :func:`register` when they start; views, exports, imports, API,
autocomplete, charts, history and jobs all ask here, and none filters by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404

from tanfeng.console.core.models import Duty, Role, User

M = TypeVar("M", bound=models.Model)
AnyUser = User | AnonymousUser
Scope = Callable[[User], models.Q]
Test = Callable[[User, Any], bool]
#: Credit codes in a user's scope, None for every code there is.
Codes = Callable[[User], "models.QuerySet[Any, Any] | None"]

#: A condition no row meets.
NOTHING = models.Q(pk__in=())
EVERYTHING = models.Q()


class NotVisible(Http404):
    """The row exists and the person may not see it; the answer looks like any other 404."""


@dataclass(frozen=True)
class Rule:
    """What a model allows: which rows are seen, and who may do what with one of them."""

    scope: Scope
    actions: Mapping[str, Test] = field(default_factory=dict)


_rules: dict[type[models.Model], Rule] = {}
_internal: dict[type[models.Model], str] = {}
_actions: dict[str, tuple[frozenset[str], Duty]] = {}
_codes: list[Codes] = []


def register(model: type[models.Model], scope: Scope, **actions: Test) -> None:
    """Declare the rule of a model; ``view`` follows from the scope and needs no test."""
    _rules[model] = Rule(scope, dict(actions))


def register_internal(model: type[models.Model], reason: str) -> None:
    """Say that no page, export or API hands out rows of a model by themselves, and why."""
    _internal[model] = reason


def register_action(name: str, *roles: str, duty: Duty = Duty.SYSTEM) -> None:
    """Declare who may do something that concerns no single row, such as reading the audit log.

    ``duty`` is what an administrator must hold for it, where administrators may at all.
    """
    _actions[name] = (frozenset(roles), duty)


def holds(user: User, duty: Duty) -> bool:
    """Tell whether the user is an administrator with this duty."""
    if user.role != Role.ADMIN:
        return False
    return user.duty == duty or (not user.duty and not settings.SEPARATE_DUTIES)


def register_codes(function: Codes) -> None:
    """Declare how the credit codes in a user's scope are found; the archive does so once."""
    _codes[:] = [function]


def registered_models() -> tuple[type[models.Model], ...]:
    """Return every model that has a rule; the contract test compares it with all models."""
    return tuple(_rules)


def internal_models() -> Mapping[type[models.Model], str]:
    """Return the models no door hands out by themselves, with the reason."""
    return dict(_internal)


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


def visible_codes(user: AnyUser) -> models.QuerySet[Any, Any] | None:
    """Return the credit codes in the user's scope as a query, None for every code there is."""
    if not _codes or not isinstance(user, User) or not user.is_active:
        return User.objects.none().values_list("org_code", flat=True)
    return _codes[0](user)


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

    Raises
    ------
    ValueError
        If the row is not stored yet: its scope cannot be asked. Ask about what it will belong to.
    """
    if not isinstance(user, User) or not user.is_active:
        return False
    if thing is None:
        roles, duty = _actions.get(action, (frozenset(), Duty.SYSTEM))
        return user.role in roles and (user.role != Role.ADMIN or holds(user, duty))
    if isinstance(thing, models.Model):
        return _can_with_row(user, action, thing)
    rule = _rules.get(thing)
    if rule is None or rule.scope(user) == NOTHING:
        return False
    test = rule.actions.get(action)
    return action == "view" or (test is not None and test(user, None))


def _can_with_row(user: User, action: str, thing: models.Model) -> bool:
    if thing._state.adding:
        raise ValueError("rights are asked about a stored row, or about the class for a new one")
    rule = _rules.get(type(thing))
    if rule is None or not _in_scope(user, thing, rule):
        return False
    test = rule.actions.get(action)
    return action == "view" or (test is not None and test(user, thing))


def _in_scope(user: User, thing: models.Model, rule: Rule) -> bool:
    condition = rule.scope(user)
    if condition in (EVERYTHING, NOTHING):
        return condition == EVERYTHING
    return type(thing)._default_manager.filter(condition, pk=thing.pk).exists()


def require(
    user: AnyUser, action: str, thing: models.Model | type[models.Model] | None = None
) -> None:
    """Raise 403 unless :func:`can` says yes."""
    if not can(user, action, thing):
        raise PermissionDenied(action)


def get_visible(user: AnyUser, model: type[M], **lookup: Any) -> M:
    """Return one row the user may see, else 404: a foreign row and no row look the same.

    They differ for the audit log alone, where the try at a foreign row is an event.
    """
    row = visible(user, model).filter(**lookup).first()
    if row is not None:
        return row
    if model._default_manager.filter(**lookup).exists():
        raise NotVisible(f"{model._meta.label_lower} {lookup}")
    raise Http404


def is_role(*roles: Role) -> Test:
    """Make a test that asks for the role alone; the scope has been asked already."""
    allowed = frozenset(roles)
    return lambda user, _thing: user.role in allowed
