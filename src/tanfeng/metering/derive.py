"""From readings to energy: each quarter hour of each point, with how far it can be trusted.

What a register gained between two believed readings is known exactly; only where in time it
belongs may be an estimate. So the unit of the work is the stretch between two readings, not the
hour: stretches are found, mended where something is wrong, and only then laid into slots. The sum
of the slots is the register's end minus its start, plus the corrections that are listed.

Written as Ibis expressions: DuckDB runs them here, Spark over the same table at scale. Rules and
limits are explained in ``docs/methods/metering.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from ibis.expr import types as ir

from tanfeng.metering import _devices, _mend, _rows, _spread
from tanfeng.metering._arrays import Arrays
from tanfeng.metering._engines import fetch
from tanfeng.metering._mend import CODE, RULES
from tanfeng.metering._rows import DAY_S, HOUR_S
from tanfeng.metering._tables import Tables
from tanfeng.metering._workshop import Workshop
from tanfeng.metering.frames import SLOT_S

#: Where all readings of a question fit in memory they are looked at there.
_FIRST_PASS: dict[str, type[Tables] | type[Arrays]] = {"duckdb": Arrays}
#: Length of each period one can ask for; months are sums of days. [s]
PERIODS = {"15min": SLOT_S, "hour": HOUR_S, "day": DAY_S}


@dataclass(frozen=True, slots=True)
class Derived:
    """What the readings of some points come to.

    Arrays are summed up while what is not sure is still mended: whoever asks for anything but
    ``points`` and ``first`` waits for that, and nobody else may ask the backend meanwhile.

    Parameters
    ----------
    points : ibis Table
        From :func:`tanfeng.metering._rows.point_table`.
    first : Tables or Arrays
        All readings, and what is sure of them.
    rest : callable
        Waits for what is not sure; measured and inside one slot from the first it is not.
    workshop : Workshop
        Holds the tables.
    """

    points: ir.Table
    first: Tables | Arrays
    rest: Callable[[], _spread.Laid]
    workshop: Workshop

    @property
    def shop(self) -> Workshop:
        """Holds the tables."""
        self.rest()
        return self.workshop

    @property
    def mended(self) -> ir.Table | None:
        """The segments that needed mending, with ``plain``; None: nothing did."""
        return self.rest().mended

    @property
    def path(self) -> str:
        """Names the statements: they differ with what had to be mended."""
        return self.rest().path

    @property
    def segments(self) -> ir.Table:
        """``id``, ``from_ts``, ``to_ts`` [s], ``amount`` [base unit], ``code``.

        What flowed between two readings, before it is laid into slots.
        """
        mended, plain = self.mended, self.first.segments()
        return plain if mended is None else plain.union(mended.drop("plain"))


@dataclass(frozen=True, slots=True)
class Past:
    """What is settled of the points, where readings are given from a local midnight on only.

    Parameters
    ----------
    days : polars.DataFrame
        ``point`` and the columns of :func:`~tanfeng.metering._rows.day_sums`: the first day given
        and the :data:`~tanfeng.metering._rows.REFERENCE_DAYS` before it.
    told : callable
        Takes names of points; gives ``point``, ``slot`` [s], ``amount`` [base unit] of their
        measured slots that are settled, so many days back.
    """

    days: pl.DataFrame
    told: Callable[[pl.Series], pl.DataFrame]


@contextmanager
def deriving(
    readings: ir.Table,
    points: pl.DataFrame,
    devices: pl.DataFrame,
    *,
    known_on: datetime | None = None,
    past: Past | None = None,
) -> Iterator[Derived]:
    """Derive what flowed through each point; the tables are dropped at the end.

    Parameters
    ----------
    readings : ibis Table
        :data:`~tanfeng.metering.frames.READINGS` on the backend that shall do the work; readings
        of unknown points are left alone.
    points, devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.POINTS` and ``DEVICES``, the versions that hold.
    known_on : datetime, optional
        Use only what had been received by then.
    past : Past, optional
        What is settled already; left out: the readings are all there are.

    Yields
    ------
    Derived
    """
    backend = readings.get_backend()
    shop = Workshop(backend, _FIRST_PASS.get(backend.name, Tables).__name__)
    try:
        with ThreadPoolExecutor(1) as beside:
            yield _derive(shop, _known(readings, known_on), points, devices, past, beside)
    finally:
        shop.clear()


def _known(readings: ir.Table, known_on: datetime | None) -> ir.Table:
    return readings if known_on is None else readings.filter(readings.received <= known_on)


def _derive(
    shop: Workshop,
    readings: ir.Table,
    points: pl.DataFrame,
    devices: pl.DataFrame,
    past: Past | None,
    beside: ThreadPoolExecutor,
) -> Derived:
    about = _rows.point_table(points, devices)
    point = shop.hold("points", about)
    source = shop.view("readings", readings)
    first = _FIRST_PASS.get(shop.backend.name, Tables)(shop, source, point, about)
    usual = first.usual(None if past is None else _by_id(past.days, about))
    standing = first.standing()
    if standing is None:
        laid = _laid(shop, point, first, None, past)
        return Derived(point, first, lambda: laid, shop)
    still = shop.step("still", lambda: _mend.frozen(standing, usual, point))
    changed = about.filter("changed")
    hung = None if changed.is_empty() else _devices.device_tables(changed, devices)
    rows = first.to_mend(still, hung)

    def mend() -> _spread.Laid:
        numbered = _numbered(shop, rows, usual, point, hung)
        left_out = shop.step("left_out", lambda: _mend.not_believed(numbered))
        kept = shop.step("kept", lambda: _mend.segments(_mend.believed(numbered, left_out)))
        mended = shop.step("mended", lambda: _mend.instead(kept, still))
        return _laid(shop, point, first, mended, past)

    mending = beside.submit(mend)
    if isinstance(first, Tables):  # nothing can be done meanwhile
        mending.result()
    return Derived(point, first, mending.result, shop)


def _numbered(
    shop: Workshop,
    rows: ir.Table,
    usual: ir.Table,
    point: ir.Table,
    hung: _devices.Hung | None,
) -> ir.Table:
    """Put the meters that were changed, and what is usual, beside the readings to mend."""
    held = () if hung is None else (shop.hold("marks", hung.marks), shop.hold("spans", hung.spans))

    def build() -> ir.Table:
        each = _mend.hung(rows, *held) if held else _mend.never_changed(rows)
        return _mend.numbered(each, usual, point)

    return shop.step("numbered", build, f"{hung is not None}")


def _by_id(frame: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    return frame.join(about.select("id", "point"), on="point").drop("point")


def _laid(
    shop: Workshop,
    point: ir.Table,
    first: Tables | Arrays,
    mended: ir.Table | None,
    past: Past | None,
) -> _spread.Laid:
    """Lay what is not sure into slots."""
    unsure, path = first.unsure(), "plain" if mended is None else "mended"

    def segments() -> ir.Table:
        return unsure if mended is None else unsure.union(mended.drop("plain"))

    def whole() -> ir.Table:
        return _spread.whole(segments())

    crossing = shop.step("crossing", lambda: _spread.crossing(segments()), path)
    if not shop.any(crossing):
        return _spread.Laid(whole, mended, path)
    sure = first.sure(crossing)
    settled = None if past is None else shop.hold("told", _settled(shop, point, crossing, past))

    def build() -> ir.Table:
        told = _spread.told(whole().union(sure.select(_spread.PIECE)), crossing)
        if settled is not None:
            told = _rows.after(settled, told, "slot")
        return _spread.parts(crossing, _spread.profile(told, crossing))

    parts = shop.step("parts", build, path if past is None else f"{path} past")
    return _spread.Laid(
        lambda: whole().union(parts.select(_spread.PIECE)), mended, f"{path} crossing"
    )


def _settled(shop: Workshop, point: ir.Table, crossing: ir.Table, past: Past) -> pl.DataFrame:
    """Fetch the settled slots of the points that have a gap."""
    wanted = _spread.shaped(crossing).join(point.select("id", "point"), "id")
    names = fetch(wanted.select("id", "point").distinct(), shop.backend)
    told = past.told(names["point"]).join(names, on="point")
    return told.select("id", "slot", "amount")


def sums(derived: Derived, *, by: str) -> ir.Table:
    """Lay the pieces into periods of the city's clock.

    Parameters
    ----------
    derived : Derived
        From :func:`deriving`.
    by : {"15min", "hour", "day"}
        Length of a period.

    Returns
    -------
    ibis Table
        ``id``, ``start`` [s], ``amount``, ``measured`` [base unit], ``known_s``, ``measured_s``
        [s] (how much of the period is known, and measured), ``code`` (the most serious rule).
    """
    return derived.first.sums(derived.rest, PERIODS[by], f"by_{by}")


def reach(derived: Derived) -> ir.Table:
    """Find the first and last second each point is known to have been read in.

    Returns
    -------
    ibis Table
        ``id``, ``point``, ``first``, ``last`` [s].
    """
    mended, ends = derived.mended, derived.first.ends()
    if mended is not None:
        ends = ends.union(mended.select("id", "from_ts", "to_ts"))
    return derived.shop.step("reach", lambda: _reach(ends, derived.points), derived.path)


def _reach(segments: ir.Table, points: ir.Table) -> ir.Table:
    rows = segments.group_by("id").agg(first=segments.from_ts.min(), last=segments.to_ts.max())
    return rows.join(points.select("id", "point"), "id").select("id", "point", "first", "last")


__all__ = ["CODE", "RULES", "Derived", "deriving", "reach", "sums"]
