"""Limits the city set in place of the shipped ones: which holds on a day, setting, withdrawing.

The engine gets them as an argument; without a change its own are the limits. A change holds from
the first day of a month on, and what was judged since is judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.quality import jobs, judging
from tanfeng.console.quality.limits_in_force import CHANGEABLE, changed_on, rows_on
from tanfeng.console.quality.models import LimitChange
from tanfeng.console.quality.services import problem, take_back
from tanfeng.errors import DataError, Problem
from tanfeng.metering.quality import QualityRule, quality_rules

_COUNTS = ("working day", "slot", "month")
#: Unit of a limit -> words.
UNITS: Mapping[str, str | Promise] = {
    "1": "",
    "working day": pgettext_lazy("unit of a limit", "working days"),
    "slot": pgettext_lazy("unit of a limit", "quarter hours"),
    "month": pgettext_lazy("unit of a limit", "months"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A limit as it stands on a day.

    Parameters
    ----------
    rule : QualityRule
        As shipped.
    change : LimitChange or None
        What the city set in its place.
    """

    rule: QualityRule
    change: LimitChange | None

    @property
    def value(self) -> float:
        """Return the value that holds, in the unit of the rule."""
        return self.change.value if self.change else self.rule.value

    @property
    def confidence(self) -> str:
        """Return how sure it is."""
        return self.change.confidence if self.change else self.rule.confidence

    @property
    def source(self) -> str:
        """Return where it comes from, in the language of the page."""
        if self.change:
            return f"{self.change.document} {self.change.clause}".strip()
        return self.rule.source_en if language() == "en" else self.rule.source_zh

    @property
    def unit(self) -> str:
        """Return the unit in words; a share has none."""
        return str(UNITS.get(self.rule.unit, self.rule.unit))

    @property
    def name(self) -> str:
        """Return what it limits, in the language of the page."""
        return self.rule.name_en if language() == "en" else self.rule.name_zh


def standing(day: date, names: Iterable[str] = CHANGEABLE) -> list[Standing]:
    """Return the limits as they stand on a day."""
    rules, changes = quality_rules(), rows_on(day)
    return [Standing(rules[name], changes.get(name)) for name in names]


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
        One of ``CHANGEABLE``.
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
    was = changed_on(from_day).get(rule, quality_rules()[rule].value)
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
    _judge_again(user, change.valid_from)


def _judge_again(user: User, first: date) -> None:
    """Have what was judged since judged again, in the background."""
    mark = judging.mark_of()
    if mark is not None and mark.last_day is not None and first <= mark.last_day:
        last = mark.last_day
        transaction.on_commit(lambda: jobs.queue(user, first, last))


def _examined(rule: str, values: Mapping[str, Any]) -> list[Problem]:
    found = []
    if rule not in CHANGEABLE:
        return [problem("该限值不能更改", "This limit cannot be changed", "rule")]
    shipped, value = quality_rules()[rule], values["value"]
    if shipped.unit in _COUNTS and (value < 1 or value != int(value)):
        found.append(problem("须为正整数", "It must be a whole number from 1 on", "value"))
    elif rule.endswith("_factor") and value < 1:
        found.append(problem("倍数不能小于 1", "A factor cannot be below 1", "value"))
    elif shipped.unit == "1" and not rule.endswith("_factor") and not 0 < value <= 1:
        zh = "比例须在 0 与 1 之间，如 0.9"
        found.append(problem(zh, "A share lies between 0 and 1, such as 0.9", "value"))
    elif value <= 0:
        found.append(problem("须大于 0", "It must be above 0", "value"))
    if values["valid_from"].day != 1:
        zh = "从某月 1 日起生效：一个月只用一个限值"
        en = "It holds from the 1st of a month on: a month has one limit"
        found.append(problem(zh, en, "valid_from"))
    if not values["document"].strip():
        found.append(problem("请填写依据文件", "Name the document it stands in", "document"))
    return found
