"""Setting and withdrawing limits of the city; which hold on a day says ``limits_in_force``.

The engine gets them as an argument; without a change its own are the limits. A change holds from
the first day of a month on, and what was judged since is judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.quality import jobs, judging
from tanfeng.console.quality.limits_in_force import publish, value_on
from tanfeng.console.quality.models import LimitChange
from tanfeng.console.quality.services import problem, take_back
from tanfeng.errors import DataError, Problem
from tanfeng.metering.limit_changes import refused


@transaction.atomic
def set_limit(
    user: User,
    rule: str,
    values: Mapping[str, Any],
    *,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> LimitChange:
    """Set a limit from a month on; one set for the same month before is withdrawn for it.

    Parameters
    ----------
    user : User
        Of the city.
    rule : str
        One of ``limit_changes.CHANGEABLE``.
    values : mapping
        value [unit of the rule], valid_from (first day of a month), document, clause, checked,
        note.
    request, at
        For the log; the moment if not now.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        With everything that is wrong.
    """
    rights.require(user, "set", LimitChange)
    found = _examined(rule, values)
    if found:
        raise DataError(found)
    now, from_day = at or timezone.now(), values["valid_from"]
    was = value_on(rule, from_day)
    same = LimitChange.objects.select_for_update().filter(
        rule=rule, valid_from=from_day, withdrawn_at=None
    )
    for one in same:
        one.withdraw(user, values["document"], now)
    change = LimitChange.objects.create(
        rule=rule,
        value=values["value"],
        valid_from=from_day,
        document=values["document"].strip(),
        clause=values.get("clause", "").strip(),
        checked=bool(values.get("checked")),
        note=values.get("note", "").strip(),
        created_by=user,
        created_at=now,
    )
    audit.record(
        "quality.limit", user=user, request=request, thing=change, rule=rule, before=was,
        after=change.value, valid_from=from_day.isoformat(), document=change.document,
    )  # fmt: skip
    transaction.on_commit(publish)
    _judge_again(user, from_day)
    return change


@transaction.atomic
def withdraw_limit(
    user: User,
    change: LimitChange,
    reason: str,
    *,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> None:
    """Take a change back: the limit before it, or the shipped one, holds again.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        If no reason is given, or it was withdrawn already.
    """
    rights.require(user, "set", LimitChange)
    change = take_back(LimitChange, change.pk, user, reason, at)
    audit.record(
        "quality.limit-back", user=user, request=request, thing=change, rule=change.rule,
        value=change.value, reason=change.withdrawn_reason,
    )  # fmt: skip
    transaction.on_commit(publish)
    _judge_again(user, change.valid_from)


def _judge_again(user: User, first: date) -> None:
    """Have what was judged since judged again, in the background."""
    mark = judging.mark_of()
    if mark is not None and mark.last_day is not None and first <= mark.last_day:
        last = mark.last_day
        transaction.on_commit(lambda: jobs.queue(user, first, last))


def _examined(rule: str, values: Mapping[str, Any]) -> list[Problem]:
    found = refused(rule, values["value"], values["valid_from"])
    if not values["document"].strip():
        found.append(problem("请填写依据文件", "Name the document it stands in", "document"))
    return found
