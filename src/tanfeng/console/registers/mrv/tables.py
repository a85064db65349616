"""Tables of this register: parameters, deadlines and the checklist, with where they come from."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng.console.core.asked import language
from tanfeng.periods import Period


def _rows(name: str) -> list[dict[str, str]]:
    folder = files("tanfeng.console.registers.mrv") / "tables"
    text = (folder / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter enterprises often file; bounds are those of physics alone."""

    key: str
    name_zh: str
    name_en: str
    unit: str
    low: float | None
    high: float | None

    @property
    def name(self) -> str:
        """Return the name in the language of the page."""
        return self.name_en if language() == "en" else self.name_zh


@cache
def parameters() -> Mapping[str, Parameter]:
    """Return the parameters by key."""

    def number(text: str) -> float | None:
        return float(text) if text else None

    return {
        row["key"]: Parameter(
            row["key"],
            row["name_zh"],
            row["name_en"],
            row["unit"],
            number(row["low"]),
            number(row["high"]),
        )
        for row in _rows("parameters")
    }


def parameter_name(key: str) -> str:
    """Return the name of a parameter, its key when the list has none."""
    found = parameters().get(key)
    return found.name if found else key


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something is due, and how sure that is."""

    key: str
    name_zh: str
    name_en: str
    rule: str
    value: str
    source_zh: str
    source_en: str
    confidence: str

    @property
    def name(self) -> str:
        """Return the name in the language of the page."""
        return self.name_en if language() == "en" else self.name_zh

    @property
    def words(self) -> str:
        """Return the rule in words."""
        if "/" not in self.value:
            return ngettext("%s day after", "%s days after", int(self.value)) % self.value
        shift, month, day = self.value.split("/")
        years = {
            "-1": _("of the year before"),
            "0": _("of the same year"),
            "1": _("of the next year"),
        }
        return f"{int(month):02d}-{int(day):02d} {years[shift]}"

    @property
    def source(self) -> str:
        """Return where it comes from in the language of the page."""
        return self.source_en if language() == "en" else self.source_zh


@cache
def deadlines() -> Mapping[str, Deadline]:
    """Return the deadlines by key."""
    return {row["key"]: Deadline(**row) for row in _rows("deadlines")}


def month_due(year: int, month: int) -> date:
    """Return the day by which a month must be filed."""
    days = int(deadlines()["monthly_filing"].value)
    return Period(year, month).end + timedelta(days=days)


def year_due(key: str, year: int) -> date:
    """Return the day of a yearly deadline for a carbon year; its table counts from that year."""
    shift, month, day = (int(part) for part in deadlines()[key].value.split("/"))
    return date(year + shift, month, day)


def correction_due(day: date) -> date:
    """Return the day offered for the correction of a finding."""
    return day + timedelta(days=int(deadlines()["correction"].value))


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the checklist of a visit."""

    key: str
    group_zh: str
    group_en: str
    text_zh: str
    text_en: str

    @property
    def group(self) -> str:
        """Return the heading it stands under."""
        return self.group_en if language() == "en" else self.group_zh

    @property
    def text(self) -> str:
        """Return what is asked."""
        return self.text_en if language() == "en" else self.text_zh


@cache
def checklist() -> tuple[Point, ...]:
    """Return the points in their order."""
    return tuple(Point(**row) for row in _rows("checklist"))
