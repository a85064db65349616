"""A month of an enterprise: metered against reported, item by item, and what a close would write.

Nothing here asks for rights and nothing is written: pages and services do both.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from tanfeng import standards, units
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.archive.models import Organisation
from tanfeng.console.closing.models import CloseLine
from tanfeng.console.metering import amounts, engine
from tanfeng.console.quality import limits_in_force
from tanfeng.metering import rollup
from tanfeng.metering.frames import SLOT_S
from tanfeng.metering.quality import limits, report_deviations
from tanfeng.periods import LOCAL
from tanfeng.sheets.meter_list import item_names

#: Decimals of what is written, in the unit of the item: 0.01 kWh of electricity.
PLACES = 6
#: First year a month can be asked of.
FIRST_YEAR = 2000
_SLOTS_A_DAY = 86_400 // SLOT_S


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of the city."""

    year: int
    month: int

    @property
    def start(self) -> datetime:
        """First moment."""
        return datetime(self.year, self.month, 1, tzinfo=LOCAL)

    @property
    def end(self) -> datetime:
        """First moment after it."""
        after = self.next
        return datetime(after.year, after.month, 1, tzinfo=LOCAL)

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> Month:
        """The month before it."""
        return Month(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    @property
    def first(self) -> date:
        """First day."""
        return date(self.year, self.month, 1)

    @property
    def slots(self) -> int:
        """Quarter hours."""
        return calendar.monthrange(self.year, self.month)[1] * _SLOTS_A_DAY

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02d}"


def rule(month: Month) -> limits_in_force.Standing:
    """Return the limit a deviation of a month is judged by, with its source."""
    return limits_in_force.rule_on("monthly_deviation_max", month.first)


def changed(month: Month) -> Mapping[str, float]:
    """Return the limits of a month the city set in place of the shipped ones."""
    return limits_in_force.changed_on(month.first)


@dataclass(frozen=True, slots=True)
class Point:
    """What one point adds to an item of the month, in the unit of its meter."""

    point: str
    name: str
    sign: int
    level: int | None
    amount: float | None
    measured: float | None
    slots_known: int
    slots_due: int
    quality: str

    def kept(self) -> dict[str, Any]:
        """Return it as a close keeps it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Line:
    """One energy item of the month.

    Parameters
    ----------
    item_key, unit : str
        The item and its unit in the energy form.
    metered, meter_unit
        Sum of what its points know, in the unit of the meters; None where they know nothing.
    converted : float or None
        The same in the unit of the form.
    completeness : float
        Quarter hours known, of those of the month at every point. [1]
    estimated_share : float
        Share of the metered amount that is estimated. [1]
    is_whole : bool
        Whether every point knows every quarter hour of the month.
    points : tuple of Point
        The points that make the amount.
    reported : EnergyRecord or None
        What holds in the energy form now.
    closed_before : CloseLine or None
        The line of an earlier close of the month that wrote what holds now: the report the month
        is judged against is the one that close stood against.
    keeps_purchase : str
        Why the purchase stays as reported, a key of ``words.PURCHASE``; empty where it is written.
    """

    item_key: str
    unit: str
    metered: float | None = None
    meter_unit: str = ""
    converted: float | None = None
    completeness: float = 0.0
    estimated_share: float = 0.0
    is_whole: bool = False
    points: tuple[Point, ...] = ()
    reported: EnergyRecord | None = None
    closed_before: CloseLine | None = None
    keeps_purchase: str = "level"

    @property
    def names(self) -> tuple[str, str]:
        """Name of the item in Chinese and English."""
        return item_names(self.item_key)

    @property
    def reported_qty(self) -> float | None:
        """Consumption as reported, never as a close wrote it."""
        if self.closed_before is not None:
            return self.closed_before.reported_qty
        return self.reported.consumption_total_qty if self.reported else None

    @property
    def reported_purchase_qty(self) -> float | None:
        """Purchase as reported, never as a close wrote it."""
        if self.closed_before is not None:
            return self.closed_before.reported_purchase_qty
        return self.reported.purchase_qty if self.reported else None


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person types of an item."""

    added: float | None = None
    why: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a close writes of one item.

    Parameters
    ----------
    line : Line
        The item.
    typed : Typed
        What was typed of it.
    closed : float
        Consumption written. [unit of the item]
    purchase : float or None
        Purchase written; None where it stays.
    tier : str
        Data quality written.
    deviation : float or None
        Closed less reported, of the report. [1]
    is_over : bool
        Whether the deviation is above the limit.
    """

    line: Line
    typed: Typed
    closed: float
    purchase: float | None
    tier: str
    deviation: float | None
    is_over: bool


def lines(organisation: Organisation, month: Month) -> list[Line]:
    """Return every item that is metered or reported in a month, metered ones first.

    Parameters
    ----------
    organisation : Organisation
        The enterprise.
    month : Month
        A month; of one that runs the rest is missing.

    Raises
    ------
    ModelError
        If the meters cannot be summed.
    """
    reported = {
        row.item_key: row
        for row in EnergyRecord.objects.current().filter(
            organisation=organisation, year=month.year, month=month.month
        )
    }
    closed = _closed_before(organisation, month, reported)
    forms = units_of()
    metered = _metered(organisation.credit_code, month)
    found = [
        _line(item, points, unit, forms[item], month, reported.get(item), closed.get(item))
        for item, (unit, points) in metered.items()
        if item in forms
    ]
    rest = [
        Line(item, forms.get(item, ""), reported=row, closed_before=closed.get(item))
        for item, row in reported.items()
        if item not in metered
    ]
    return sorted(found, key=lambda one: one.item_key) + sorted(rest, key=lambda one: one.item_key)


def _closed_before(
    organisation: Organisation, month: Month, reported: Mapping[str, EnergyRecord]
) -> dict[str, CloseLine]:
    """Return the items whose records an earlier close of the month wrote."""
    rows = CloseLine.objects.filter(
        close__organisation=organisation,
        close__year=month.year,
        close__month=month.month,
        close__batch__in={row.batch_id for row in reported.values()},
    ).select_related("close")
    return {
        row.item_key: row
        for row in rows
        if row.item_key in reported and reported[row.item_key].batch_id == row.close.batch_id
    }


def units_of(items: Collection[str] | None = None) -> dict[str, str]:
    """Return item -> its unit in the energy form, of all items or of some."""
    rows = standards.load("energy_items").select("item_key", "unit").iter_rows()
    return {item: unit for item, unit in rows if items is None or item in items}


def _metered(code: str, month: Month) -> dict[str, tuple[str, list[Point]]]:
    """Return item -> unit of its meters and the points that make its amount."""
    known = engine.known()
    inside = amounts.below([code], known.edges)
    about = known.points.filter(pl.col("node").is_in(inside))
    if about.is_empty():
        return {}
    edges = known.edges.filter(pl.col("parent").is_in(inside))
    counted = rollup.points_of(code, points=about, edges=edges, nodes=known.nodes).join(
        about.select("point", "name", "level"), on="point", maintain_order="left"
    )
    energy = amounts.of_points(counted["point"].to_list(), "month", month.start, month.end)
    by_point = {row["point"]: row for row in energy.iter_rows(named=True)}
    found: dict[str, tuple[str, list[Point]]] = {}
    for row in counted.iter_rows(named=True):
        of_point = by_point.get(row["point"])
        if of_point is not None:  # else it owed nothing in the month
            _unit, points = found.setdefault(row["item_key"], (of_point["unit"], []))
            points.append(_point(row, of_point))
    return found


def _point(row: Mapping[str, Any], energy: Mapping[str, Any]) -> Point:
    return Point(
        row["point"],
        row["name"],
        int(row["sign"]),
        row["level"],
        energy["amount"],
        energy["measured"],
        energy["slots_measured"] + energy["slots_estimated"],
        energy["slots_due"],
        energy["quality"],
    )


def _line(
    item: str,
    points: list[Point],
    meter_unit: str,
    unit: str,
    month: Month,
    reported: EnergyRecord | None,
    closed: CloseLine | None,
) -> Line:
    known = [one for one in points if one.amount is not None]
    metered = sum(one.sign * (one.amount or 0.0) for one in known) if known else None
    through = sum(abs(one.amount or 0.0) for one in known)
    guessed = sum(abs((one.amount or 0.0) - (one.measured or 0.0)) for one in known)
    factor = _factor(meter_unit, unit)
    return Line(
        item,
        unit,
        metered=metered,
        meter_unit=meter_unit,
        converted=None if metered is None or factor is None else round(metered * factor, PLACES),
        completeness=sum(min(one.slots_known, month.slots) for one in points)
        / (len(points) * month.slots),
        estimated_share=guessed / through if through else 0.0,
        is_whole=all(one.slots_known >= month.slots for one in points),
        points=tuple(points),
        reported=reported,
        closed_before=closed,
        keeps_purchase=_keeps_purchase(item, points, reported),
    )


def _factor(meter_unit: str, unit: str) -> float | None:
    try:
        return units.factor(meter_unit, unit)
    except units.UnknownUnit:
        return None


def _keeps_purchase(item: str, points: list[Point], reported: EnergyRecord | None) -> str:
    """Tell why what the meters say is not what was bought; empty where it is.

    What comes in over a meter at the entrance and cannot be stored was bought, unless the
    enterprise makes some of it itself.
    """
    row = standards.load("energy_items").filter(pl.col("item_key") == item).row(0, named=True)
    if row["stock_possible"] != "no":
        return "stock"
    if reported is not None and reported.own_production_qty:
        return "own"
    if any(one.sign < 0 for one in points):
        return "out"
    return "" if all(one.level == 1 for one in points) else "level"


def change(line: Line, typed: Typed, month: Month, changed: Mapping[str, float]) -> Change:
    """Return what closing an item writes.

    Parameters
    ----------
    line : Line
        An item whose amount is known in the unit of the form, or added whole by hand.
    typed : Typed
        What was added for missing quarter hours, and the remark.
    month : Month
        The month.
    changed : mapping of str to float
        What :func:`changed` says of the month.
    """
    closed = round((line.converted or 0.0) + (typed.added or 0.0), PLACES)
    least = limits(changed)["consistency_known_min"]
    judged = report_deviations(
        _as_metered(closed, month),
        _as_reported(line, month),
        changed=changed,
    ).row(0, named=True)
    sure = typed.added is None and line.estimated_share <= 1.0 - least
    return Change(
        line,
        typed,
        closed,
        None if line.keeps_purchase else closed,
        "measured" if sure else "estimated",
        judged["deviation"],
        judged["within"] is False,
    )


def _as_metered(closed: float, month: Month) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "node": ["n"], "start": [month.start.astimezone(LOCAL)], "item_key": ["i"],
            "amount": [closed], "slots_due": [month.slots], "slots_missing": [0],
        }
    ).with_columns(pl.col("start").dt.convert_time_zone("UTC"))  # fmt: skip


def _as_reported(line: Line, month: Month) -> pl.DataFrame | None:
    if line.reported_qty is None:
        return None
    return pl.DataFrame(
        {"node": ["n"], "month": [str(month)], "item_key": ["i"], "amount": [line.reported_qty]}
    )
