"""Which limits of the city hold on a day: every page, check and close asks here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from tanfeng.console.core.asked import language
from tanfeng.console.metering import engine
from tanfeng.console.quality.models import LimitChange
from tanfeng.metering import limit_changes
from tanfeng.metering.limit_changes import CHANGEABLE
from tanfeng.metering.quality import QualityRule, quality_rules

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
    """Return the limits as they stand on a day, for whoever shows them."""
    rules, changes = quality_rules(), rows_on(day)
    return [Standing(rules[name], changes.get(name)) for name in names]


def rule_on(name: str, day: date) -> Standing:
    """Return one limit as it stands on a day."""
    return standing(day, (name,))[0]


def value_on(name: str, day: date) -> float:
    """Return the value of one limit on a day, in the unit of the rule."""
    return rule_on(name, day).value


def publish() -> None:
    """Write every change that holds beside the readings, for the commands without a database."""
    rows = LimitChange.objects.filter(withdrawn_at=None, rule__in=CHANGEABLE)
    limit_changes.write(
        engine.folder() / "quality" / limit_changes.FILE,
        [
            limit_changes.LimitChange(
                one.rule, one.value, one.valid_from, one.document, one.clause
            )
            for one in rows.order_by("valid_from", "pk")
        ],
    )  # fmt: skip


def rows_on(day: date) -> dict[str, LimitChange]:
    """Return the change that holds on a day, by limit; those not changed are not in it."""
    rows = LimitChange.objects.filter(
        valid_from__lte=day, withdrawn_at=None, rule__in=CHANGEABLE
    ).select_related("created_by")
    return {one.rule: one for one in rows.order_by("valid_from", "pk")}


def changed_on(day: date) -> dict[str, float]:
    """Return the values that hold on a day in place of the shipped ones."""
    return {name: one.value for name, one in rows_on(day).items()}
