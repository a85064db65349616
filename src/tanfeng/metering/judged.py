"""Days judged once and kept: a row per point and day, a Parquet file per month, sorted by point.

What late readings or a filing touch is judged again and put over what was there; nothing else is.
The counts are kept, not the shares: shares, scores, balances and outages of any object over any
time are summed from them. Times arrive as arguments; several processes may write.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering import balance, rollup
from tanfeng.metering._calendar import local
from tanfeng.metering._segments import locked, tries_in
from tanfeng.metering.frames import TIME
from tanfeng.metering.quality import DAYS, SERVICE, assess
from tanfeng.periods import LOCAL

__all__ = ["BEFORE", "KEPT", "JudgedDays", "balances", "energies", "judge", "midnight"]

#: Days before the judged ones whose slots tell what is usual. [d]
BEFORE = 7
#: Rows of a row group: one point of a month is found without reading the others.
_GROUP = 16_384
_WAIT_S = 60.0

KEPT = pl.Schema(
    [
        *DAYS.items(),
        ("amount", pl.Float64()),  # of the day, what is known of it [base unit of the point]
        ("measured_amount", pl.Float64()),
        ("slots_measured", pl.Int64()),
        ("slots_estimated", pl.Int64()),
    ]
)
"""``DAYS`` with what flowed that day, so that balances need no slots."""


def midnight(day: date) -> datetime:
    """Return the moment a local day begins."""
    return datetime.combine(day, datetime.min.time(), LOCAL)


def judge(
    readings: pl.DataFrame,
    slots: pl.DataFrame,
    points: pl.DataFrame,
    *,
    due: pl.DataFrame,
    first: date,
    last: date,
    as_of: datetime,
    filings: pl.DataFrame | None = None,
    production: pl.DataFrame | None = None,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Judge some days of some points.

    Parameters
    ----------
    readings : polars.DataFrame
        Every version of each reading, from a day before ``first`` to a day after ``last``.
    slots : polars.DataFrame
        Of the same points, from ``BEFORE`` days before ``first``.
    points : polars.DataFrame
        Columns of ``POINTS``.
    due : polars.DataFrame
        point, due_from, due_to: as ``rollup.due_since`` returns it.
    first, last : datetime.date
        Local days, both included.
    as_of : datetime.datetime
        The moment it is judged.
    filings : polars.DataFrame, optional
        Columns of ``quality.FILINGS``.
    production : polars.DataFrame, optional
        Columns of ``quality.PRODUCTION``; without it no load is held against a state.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        Columns of ``KEPT``.
    """
    found = assess(
        readings,
        slots,
        points,
        first=first,
        last=last,
        as_of=as_of,
        service=_service(points, due),
        filings=filings,
        production=production,
        before=BEFORE,
        changed=changed,
    )
    known = pl.col("amount").is_not_null()
    flowed = (
        slots.select("point", "amount", "measured", "quality", day=local(pl.col("start")).dt.date())
        .filter(pl.col("day").is_between(first, last))
        .group_by("point", "day")
        .agg(
            amount=pl.when(known.any()).then(pl.col("amount").sum()),
            measured_amount=pl.when(known.any()).then(pl.col("measured").sum()),
            slots_measured=(pl.col("quality") == "measured").sum().cast(pl.Int64),
            slots_estimated=(pl.col("quality") == "estimated").sum().cast(pl.Int64),
        )
    )
    joined = found.days.join(flowed, on=["point", "day"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("slots_measured", "slots_estimated").fill_null(0)).select(
        pl.col(name).cast(kind) for name, kind in KEPT.items()
    )


def _service(points: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """Return when readings are owed: the amount of an interval is told at its end."""
    later = pl.when(kind="amount").then(pl.duration(seconds="interval_s")).otherwise(timedelta())
    return (
        points.select("point", later=later)
        .join(due, on="point")
        .select("point", start=pl.col("due_from") + pl.col("later"), end="due_to")
        .cast(SERVICE)
    )


class JudgedDays:
    """The days kept in a folder.

    Parameters
    ----------
    folder : path
        ``quality/days`` of metering; made at the first :meth:`put`.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    def put(self, rows: pl.DataFrame) -> None:
        """Keep rows in place of what was kept of the same points and days.

        Raises
        ------
        TimeoutError
            If another process writes for longer than a minute.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        month = pl.col("day").dt.to_string("%Y-%m")
        handle = os.open(self._folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            with locked(handle, tries_in(_WAIT_S)):
                for (name,), part in rows.group_by(month.alias("month")):
                    self._replace(str(name), part.drop("month", strict=False))
        finally:
            os.close(handle)

    def _replace(self, month: str, rows: pl.DataFrame) -> None:
        path = self._folder / f"{month}.parquet"
        rows = rows.select(pl.col(name).cast(kind) for name, kind in KEPT.items())
        if path.is_file():
            stay = pl.read_parquet(path).join(rows, on=["point", "day"], how="anti")
            rows = pl.concat([stay.select(*KEPT), rows])
        beside = path.with_suffix(".new")
        rows.sort("point", "day").write_parquet(beside, row_group_size=_GROUP)
        handle = os.open(beside, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(path)

    def read(self, first: date, last: date, points: Collection[str] | None = None) -> pl.DataFrame:
        """Return what is kept of some days, of all points or of some.

        Returns
        -------
        polars.DataFrame
            Columns of ``KEPT``, sorted by point and day.
        """
        if last < first:
            raise ModelError(f"{last} lies before {first}", f"{last} 早于 {first}")
        names = pl.date_range(first.replace(day=1), last, "1mo", eager=True)
        paths = [self._folder / f"{day:%Y-%m}.parquet" for day in names]
        paths = [path for path in paths if path.is_file()]
        if not paths or (points is not None and not points):
            return pl.DataFrame(schema=KEPT)
        wanted = pl.col("day").is_between(first, last)
        if points is not None:
            wanted &= pl.col("point").is_between(pl.lit(min(points)), pl.lit(max(points)))
            wanted &= pl.col("point").is_in(list(points))
        found = pl.scan_parquet(paths).filter(wanted).select(*KEPT).collect()
        return found.sort("point", "day") if len(paths) > 1 else found

    def months(self) -> list[str]:
        """Return the months there are days of, the oldest first."""
        return sorted(path.stem for path in self._folder.glob("????-??.parquet"))


def _sums(days: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return days as sums the roll-up takes, and from when each point is due."""
    start = (
        pl.col("day")
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("+08:00")
        .dt.convert_time_zone("UTC")
    )
    dated = days.filter(pl.col("due") + pl.col("excused") > 0).with_columns(start=start)
    sums = dated.select(
        "point", "start", "amount", "slots_measured", "slots_estimated", measured="measured_amount"
    )
    due = dated.group_by("point").agg(due_from=pl.col("start").min(), due_to=pl.lit(None, TIME))
    return sums, due


def energies(
    days: pl.DataFrame,
    *,
    points: pl.DataFrame,
    edges: pl.DataFrame | None = None,
    nodes: pl.DataFrame | None = None,
    by: rollup.By,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Return what flowed by the days kept: of points, or of nodes where edges are given.

    Parameters
    ----------
    days : polars.DataFrame
        Columns of ``KEPT``.
    points, edges, nodes : polars.DataFrame
        Columns of ``POINTS``, ``EDGES`` and ``NODES``; see ``rollup.of_nodes``.
    by : {"day", "month"}
        Length of a period.
    first, last : datetime.date
        Local days, both included.

    Returns
    -------
    polars.DataFrame
        As of ``rollup.of_sums``.
    """
    sums, due = _sums(days)
    here = points.filter(pl.col("point").is_in(due["point"].to_list()))
    return rollup.of_sums(
        sums,
        points=here,
        edges=edges,
        nodes=nodes,
        by=by,
        start=midnight(first),
        end=midnight(last + timedelta(days=1)),
        due=due,
    )


def balances(
    days: pl.DataFrame,
    *,
    points: pl.DataFrame,
    edges: pl.DataFrame,
    nodes: pl.DataFrame | None = None,
    by: rollup.By,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Hold main meters against those below, by the days kept.

    Parameters
    ----------
    days, points, edges, nodes, by, first, last
        As of :func:`energies`.

    Returns
    -------
    polars.DataFrame
        ``frame`` of ``balance.balance``; empty where nothing is known.
    """
    of_points = energies(days, points=points, by=by, first=first, last=last)
    if of_points.is_empty():
        return balance.BALANCE.to_frame()
    tree = {"edges": edges, "nodes": nodes}
    of_nodes = energies(days, points=points, by=by, first=first, last=last, **tree)
    here = points.filter(pl.col("point").is_in(of_points["point"].to_list()))
    return balance.balance(of_points, of_nodes, points=here, edges=edges).frame
