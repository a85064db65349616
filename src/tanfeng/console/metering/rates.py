"""How many meters there are against how many there should be, by kind of energy and level (C26).

The rates asked for are rows of the table ``meter_rates`` of the standards, an edition of GB 17167
each; a value the city verified itself stands in for a shipped one. How many meters an enterprise
has to have follows from its plant and is stated by it: nothing is derived from what it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from tanfeng import standards
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.asked import language
from tanfeng.console.library import services as library
from tanfeng.console.metering.models import Meter, RequiredCount

TABLE = "meter_rates"
#: What an edition asks for: (kind, level) -> rate in percent, confidence, row of the standards.
Wanted = Mapping[tuple[str, int], tuple[float | None, str, str]]
_NOT_ASKED: tuple[None, str, str] = (None, "", "")
#: Editions of GB 17167, the newest first.
EDITIONS = ("2025", "2006")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of energy of the table.

    Parameters
    ----------
    key, name_zh, name_en : str
        Identifier and names.
    items : tuple of str
        Energy items that belong to it.
    """

    key: str
    name_zh: str
    name_en: str
    items: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the name in the language of the page."""
        return self.name_en if language() == "en" else self.name_zh


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind of energy at a level of one enterprise.

    Parameters
    ----------
    wanted_pct : float or None
        Rate the edition asks for; None: not entered.
    confidence : str
        How sure that is.
    ref : str
        Row of the standards.
    required, actual : int or None
        Meters it has to have, None: not stated; meters it has that are in use.
    within : int
        Meters of these whose verification is still valid.
    """

    level: int
    wanted_pct: float | None
    confidence: str
    ref: str
    required: int | None
    actual: int
    within: int

    @property
    def row(self) -> str:
        """Return the row of the table of standards."""
        return self.ref.partition("/")[2]

    @property
    def rate_pct(self) -> float | None:
        """Return the share there is, in percent; None where none has to be or nobody said."""
        return self.actual / self.required * 100.0 if self.required else None

    @property
    def verified_pct(self) -> float | None:
        """Return the share whose verification is valid, in percent."""
        return self.within / self.actual * 100.0 if self.actual else None

    @property
    def is_short(self) -> bool:
        """Tell whether there are fewer than the edition asks for."""
        rate = self.rate_pct
        return rate is not None and self.wanted_pct is not None and rate < self.wanted_pct


@cache
def kinds() -> Mapping[str, Kind]:
    """Return the kinds of energy by key, in the order of the table."""
    rows = standards.load(TABLE)
    found: dict[str, Kind] = {}
    for row in rows.iter_rows(named=True):
        zh = row["name_zh"].partition("进出用能单位")[0]
        en = row["name_en"].removeprefix("Equipping rate of meters, ").rpartition(", ")[0]
        if row["kind"] not in found and row["level"] == "1":
            items = tuple(filter(None, row["items"].split(";")))
            found[row["kind"]] = Kind(row["kind"], zh, en, items)
    return found


def kind_of(item_key: str) -> str:
    """Return the kind an energy item belongs to, empty for none."""
    return next((one.key for one in kinds().values() if item_key in one.items), "")


def edition_on(day: date) -> str:
    """Return the edition of GB 17167 in force on a day."""
    return next((edition for first, edition in _editions() if first <= day), EDITIONS[-1])


@cache
def _editions() -> tuple[tuple[date, str], ...]:
    rows = standards.load(TABLE)
    dated = (
        rows.filter(rows["valid_from"] != "")
        .select("valid_from", "edition")
        .unique(maintain_order=True)
    )
    return tuple((date.fromisoformat(first), edition) for first, edition in dated.iter_rows())


@cache
def _rows(edition: str) -> tuple[dict[str, Any], ...]:
    """Return the rows of an edition as they were shipped."""
    rows = standards.load(TABLE)
    return tuple(rows.filter(rows["edition"] == edition).iter_rows(named=True))


def wanted(edition: str) -> Wanted:
    """Return what an edition asks for: (kind, level) -> rate in percent, confidence, row.

    A rate that is not entered is None; values the city verified win.
    """
    set_by_city = library.overrides()
    found: dict[tuple[str, int], tuple[float | None, str, str]] = {}
    for row in _rows(edition):
        own = set_by_city.get(row["ref"])
        value = own.value if own is not None else row["value_num"]
        confidence = "override" if own is not None else row["confidence"]
        found[row["kind"], int(row["level"])] = (value, confidence, row["ref"])
    return found


def tables(
    organisations: Iterable[Organisation], edition: str
) -> dict[int, list[tuple[Kind, list[Cell]]]]:
    """Return the tables of some enterprises by key: each kind of energy with its three levels.

    The caller has asked for the rights to the enterprises.
    """
    keys, asked = [one.pk for one in organisations], wanted(edition)
    known = _known(keys, asked)

    def cell(key: int, kind: str, level: int) -> Cell:
        found = known[key].get((kind, level))
        return found or Cell(level, *asked.get((kind, level), _NOT_ASKED), None, 0, 0)

    return {
        key: [
            (kind, [cell(key, kind.key, level) for level in Meter.Level.values])
            for kind in kinds().values()
        ]
        for key in keys
    }


def amiss(organisations: Iterable[Organisation], asked: Wanted) -> dict[int, tuple[int, int]]:
    """Return what is amiss in the tables of some enterprises by key.

    How many cells have fewer meters than asked for, and how many have meters and nothing stated.
    Only cells with either are made: of a page of enterprises that is one in twenty. The caller
    has asked for the rights to the enterprises.
    """
    known = _known([one.pk for one in organisations], asked)
    return {key: counted(cells.values()) for key, cells in known.items()}


def counted(cells: Iterable[Cell]) -> tuple[int, int]:
    """Return how many cells are short, and how many have meters but nothing stated."""
    short = unstated = 0
    for cell in cells:
        short += cell.is_short
        unstated += cell.required is None and cell.actual > 0
    return short, unstated


def _known(keys: Sequence[int], asked: Wanted) -> dict[int, dict[tuple[str, int], Cell]]:
    """Return the cells that have meters or a number stated: enterprise -> (kind, level) -> cell."""
    today = timezone.localdate()
    rows = (
        Meter.objects.filter(organisation__in=keys, is_listed=True)
        .exclude(status=Meter.Status.STOPPED)
        .order_by()
        .values_list("organisation", "item_key", "level")
        .annotate(actual=Count("pk"), within=Count("pk", filter=Q(valid_until__gte=today)))
    )
    actual: dict[tuple[int, str, int], list[int]] = {}
    for key, item_key, level, count, within in rows:
        if kind := kind_of(item_key):
            sums = actual.setdefault((key, kind, level), [0, 0])
            sums[0] += count
            sums[1] += within
    stated = {
        (key, kind, level): required
        for key, kind, level, required in RequiredCount.objects.filter(organisation__in=keys)
        .order_by()
        .values_list("organisation", "kind", "level", "required")
    }
    found: dict[int, dict[tuple[str, int], Cell]] = {key: {} for key in keys}
    for here in actual.keys() | stated.keys():
        key, kind, level = here
        rate = asked.get((kind, level), _NOT_ASKED)
        found[key][kind, level] = Cell(level, *rate, stated.get(here), *actual.get(here, (0, 0)))
    return found
