"""From readings to energy: each quarter hour of each point, with how far it can be trusted.

What a register gained between two believed readings is known exactly; only where in time it
belongs may be an estimate. So the unit of the work is the stretch between two readings, not the
hour: stretches are found, mended where something is wrong, and only then laid into slots. The sum
of the slots is the register's end minus its start, plus the corrections that are listed.

Written as Ibis expressions: DuckDB runs them here, Spark over the same table at scale. Rules and
limits are explained in ``docs/methods/metering.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import ibis
import polars as pl
from ibis import BaseBackend
from ibis.expr import types as ir
from ibis.util import gen_name

from tanfeng.metering import _devices, _mend, _rows, _spread
from tanfeng.metering._mend import CODE, ESTIMATED, RULES
from tanfeng.metering._rows import DAY_S, HOUR_S, floor_to
from tanfeng.metering.frames import SLOT_S

#: Length of each period one can ask for; months are sums of days. [s]
PERIODS = {"15min": SLOT_S, "hour": HOUR_S, "day": DAY_S}


@dataclass(frozen=True, slots=True)
class Derived:
    """What the readings of some points come to.

    Parameters
    ----------
    points : ibis Table
        From :func:`tanfeng.metering._rows.point_table`.
    pieces : ibis Table
        ``id``, ``slot`` [s], ``amount`` [base unit] (null: not known), ``covered`` [s], ``code``.
    segments : ibis Table
        ``id``, ``from_ts``, ``to_ts`` [s], ``amount`` [base unit], ``code``: what flowed between
        two readings, before it is laid into slots.
    mended : ibis Table or None
        The segments that needed mending, with ``plain``: the bare difference of the two registers.
    """

    points: ir.Table
    pieces: ir.Table
    segments: ir.Table
    mended: ir.Table | None
    _made: list[tuple[BaseBackend, str]] = field(default_factory=list, repr=False)

    def release(self) -> None:
        """Drop the intermediate tables."""
        while self._made:
            backend, name = self._made.pop()
            backend.drop_table(name, force=True)


class _Workshop:
    """Intermediate tables on one backend, dropped together."""

    def __init__(self, backend: BaseBackend) -> None:
        self.backend = backend
        self.made: list[tuple[BaseBackend, str]] = []

    def keep(self, what: ir.Table | pl.DataFrame) -> ir.Table:
        """Hold a table so that what follows does not compute it again."""
        name = gen_name("tanfeng_metering")
        table = ibis.memtable(what) if isinstance(what, pl.DataFrame) else what
        self.made.append((self.backend, name))
        return self.backend.create_table(name, table, temp=True)


def derive(
    readings: ir.Table,
    points: pl.DataFrame,
    devices: pl.DataFrame,
    *,
    known_on: datetime | None = None,
) -> Derived:
    """Derive what flowed through each point.

    Parameters
    ----------
    readings : ibis Table
        :data:`~tanfeng.metering.frames.READINGS` on the backend that shall do the work; readings
        of unknown points are left alone.
    points, devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.POINTS` and ``DEVICES``, the versions that hold.
    known_on : datetime, optional
        Use only what had been received by then.

    Returns
    -------
    Derived
        Call :meth:`Derived.release` when done with it.
    """
    shop = _Workshop(readings.get_backend())
    about = _rows.point_table(points, devices)
    marks, spans = _devices.device_tables(about, devices)
    point = shop.keep(about)
    known_s = None if known_on is None else int(known_on.timestamp())
    usable = _rows.usable(readings, point, known_s)
    beside = shop.keep(_rows.beside(usable, point))
    usual = shop.keep(_rows.usual(beside, point))
    hot = shop.keep(_mend.hot_days(usual, point))
    if not _any(hot):
        segments = _mend.plain_segments(beside)
        return Derived(point, _pieces(shop, segments), segments, None, shop.made)
    plain = _mend.plain_segments(beside.anti_join(hot, ["id", "day"]))
    mended = shop.keep(_mended(shop, usable, beside, usual, point, hot, marks, spans))
    segments = plain.union(mended.drop("plain"))
    still = shop.keep(_mend.frozen(beside, usual, point, hot.select("id").distinct()))
    if _any(still):
        segments = _instead(segments, still)
    return Derived(point, _pieces(shop, segments), segments, mended, shop.made)


def _any(table: ir.Table) -> bool:
    # Not execute(): that is a detour through pandas.
    return bool(table.get_backend().to_pyarrow(table.limit(1)).num_rows)


def _mended(
    shop: _Workshop,
    usable: ir.Table,
    beside: ir.Table,
    usual: ir.Table,
    point: ir.Table,
    hot: ir.Table,
    marks: pl.DataFrame,
    spans: pl.DataFrame,
) -> ir.Table:
    """Segments of the days where something is wrong."""
    of_days = usable.mutate(day=_rows.local_day(usable.ats)).semi_join(hot, ["id", "day"])
    read = _mend.resolved(of_days.drop("day"))
    rows = _mend.hung(read, point, shop.keep(marks), shop.keep(spans))
    rows = shop.keep(_mend.numbered(rows, _mend.linked(beside, hot), usual))
    kept = _mend.believed(rows, _mend.not_believed(rows))
    return _mend.segments(kept)


def _instead(segments: ir.Table, still: ir.Table) -> ir.Table:
    """Put the frozen stretches in place of the standstill they seemed."""
    ranges = still.select("id", still_from=still.from_ts, still_to=still.to_ts)
    covered = segments.join(ranges, "id").filter(
        lambda t: (t.to_ts > t.still_from) & (t.to_ts <= t.still_to)
    )
    return segments.anti_join(covered, ["id", "to_ts"]).union(still)


def _pieces(shop: _Workshop, segments: ir.Table) -> ir.Table:
    whole = _spread.whole(segments)
    crossing = shop.keep(_spread.crossing(segments))
    if not _any(crossing):
        return whole
    profiles = _spread.profile(whole, crossing)
    return whole.union(shop.keep(_spread.parts(crossing, profiles)).select(whole.columns))


def sums(derived: Derived, *, by: str) -> ir.Table:
    """Lay the pieces into periods of the city's clock.

    Parameters
    ----------
    derived : Derived
        From :func:`derive`.
    by : {"15min", "hour", "day"}
        Length of a period.

    Returns
    -------
    ibis Table
        ``id``, ``start`` [s], ``amount``, ``measured`` [base unit], ``known_s``, ``measured_s``
        [s] (how much of the period is known, and measured), ``code`` (the most serious rule).
    """
    pieces = derived.pieces
    known = pieces.amount.notnull()
    measured = known & ~pieces.code.isin(ESTIMATED)
    return pieces.group_by("id", start=floor_to(pieces.slot, PERIODS[by])).agg(
        amount=pieces.amount.sum(),
        measured=pieces.amount.sum(where=measured),
        known_s=pieces.covered.sum(where=known).fill_null(0),
        measured_s=pieces.covered.sum(where=measured).fill_null(0),
        code=pieces.code.max(),
    )


@contextmanager
def deriving(
    readings: ir.Table,
    points: pl.DataFrame,
    devices: pl.DataFrame,
    *,
    known_on: datetime | None = None,
) -> Iterator[Derived]:
    """:func:`derive`, released at the end."""
    derived = derive(readings, points, devices, known_on=known_on)
    try:
        yield derived
    finally:
        derived.release()


__all__ = ["CODE", "RULES", "Derived", "derive", "deriving", "sums"]
