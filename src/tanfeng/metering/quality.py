"""How far what the meters sent can be trusted: completeness, consistency, timeliness, plausibility.

Readings, slots, points and monthly reports come in; shares, scores and lists go out, per point,
machine, process unit, enterprise, park, county and city, per day and per month. What could not be
judged is null, never zero, and its weight in the score falls to what could be. The limits are rows
of ``tables/quality_rules.csv``; docs/methods/metering-quality.md states each definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering._calendar import local
from tanfeng.metering._grid import Span, plausibility, presence
from tanfeng.metering._outages import FILINGS, outages, who_broke
from tanfeng.metering._residuals import energy_residuals
from tanfeng.metering._rules import QualityRule, limits, quality_rules
from tanfeng.metering._scores import connected_days, day_counts, lineage, objects_of, scored
from tanfeng.metering.frames import TIME, _schema
from tanfeng.periods import LOCAL

__all__ = [
    "DAYS",
    "FILINGS",
    "HEAT_CLASSES",
    "MONTH_ENDS",
    "PRODUCTION",
    "REPORTS",
    "SERVICE",
    "Quality",
    "QualityRule",
    "assess",
    "energy_residuals",
    "heat_class",
    "heat_map",
    "limits",
    "lineage",
    "members",
    "of_days",
    "outages",
    "quality_rules",
    "report_deviations",
    "submeter_balance",
    "who_broke",
]

#: Classes of a day on the heat map, best first; ``not_due``: nothing was owed that day.
HEAT_CLASSES = ("full", "connected", "weak", "broken", "silent", "not_due")

REPORTS = _schema(
    {
        "node": pl.String,  # node, or point, the figure was reported for
        "month": pl.String,  # 2026-10
        "item_key": pl.String,
        "amount": pl.Float64,  # in the base unit of the item, as metered amounts are
    }
)
"""Monthly figures as reported."""

PRODUCTION = _schema({"node": pl.String, "start": TIME, "end": TIME, "producing": pl.Boolean})
"""When a node produced and when it stood still; time that no row covers is not known."""

SERVICE = _schema({"point": pl.String, "start": TIME, "end": TIME})
"""When a point was hung; null is open. A point with no row owes nothing once the frame is given."""

DAYS = _schema(
    {
        "point": pl.String,
        "day": pl.Date,  # on the city's clock
        "due": pl.Int64,
        "excused": pl.Int64,
        "received": pl.Int64,
        "automatic": pl.Int64,
        "timely": pl.Int64,
        "boundary_gap_s": pl.Float64,  # null: no reading near the end of the day
        "measured": pl.Int64,
        "implausible": pl.Int64,
        "range_flags": pl.Int64,  # null, as the three below: that check could not be made
        "change_flags": pl.Int64,
        "frozen_flags": pl.Int64,
        "state_flags": pl.Int64,
    }
)
"""Bare counts of a point and day: what everything else is summed from. [reading, slot]"""

MONTH_ENDS = _schema(
    {
        "point": pl.String,
        "month": pl.String,
        "month_gap_s": pl.Float64,
        "month_within": pl.Boolean,
    }
)
"""How near to each month's end a reading lies; null while the month runs."""

_LEAST = {
    "readings": ("point", "time", "quality", "received"),
    "slots": ("point", "start", "amount", "quality"),
    "points": ("point", "kind", "rated_power", "interval_s", "node", "expression"),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """What was found of every object.

    Parameters
    ----------
    days : polars.DataFrame
        Of each point and day the bare counts: point, day, due, excused, received, automatic,
        timely, boundary_gap_s [s], measured, implausible and the flags of each check [slot].
    by_day, by_month : polars.DataFrame
        object, kind, period, those counts summed, reports_judged, reports_within, days_due,
        days_connected; the shares completeness, consistency, timeliness, plausibility and
        connectivity [1]; ``*_points`` (share x weight), judged_weight [point] and score (0 to
        100). Null: not judged.
    month_ends : polars.DataFrame
        point, month, month_gap_s [s], month_within; null while the month runs.
    deviations : polars.DataFrame
        See :func:`report_deviations`.
    limit : mapping of str to float
        The limits used, those a city changed included.
    """

    days: pl.DataFrame
    by_day: pl.DataFrame
    by_month: pl.DataFrame
    month_ends: pl.DataFrame
    deviations: pl.DataFrame
    limit: Mapping[str, float]


def assess(
    readings: pl.DataFrame,
    slots: pl.DataFrame,
    points: pl.DataFrame,
    *,
    first: date,
    last: date,
    as_of: datetime,
    nodes: pl.DataFrame | None = None,
    edges: pl.DataFrame | None = None,
    energy: pl.DataFrame | None = None,
    reports: pl.DataFrame | None = None,
    production: pl.DataFrame | None = None,
    service: pl.DataFrame | None = None,
    filings: pl.DataFrame | None = None,
    before: int = 0,
    changed: Mapping[str, float] | None = None,
) -> Quality:
    """Judge whole local days of every point and of everything above it.

    Parameters
    ----------
    readings : polars.DataFrame
        Columns of ``READINGS``, every version of a reading: the first one tells when it came.
    slots : polars.DataFrame
        Columns of ``SLOTS``, derived from them. [base unit of the point]
    points : polars.DataFrame
        Columns of ``POINTS``, one row per point; virtual meters are left out.
    first, last : datetime.date
        Local days, both included.
    as_of : datetime.datetime
        The moment: what was received later is not known, what could still arrive is not due.
    nodes, edges : polars.DataFrame, optional
        The tree; without it only points are judged.
    energy : polars.DataFrame, optional
        Columns of ``ENERGY`` by day or month, of nodes or points.
    reports : polars.DataFrame, optional
        Columns of ``REPORTS``.
    production, service, filings : polars.DataFrame, optional
        Columns of ``PRODUCTION``, ``SERVICE``, ``FILINGS``.
    before : int
        Days before ``first`` whose slots tell what is usual and where a frozen run began; they
        are not judged themselves. [d]
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    Quality

    Raises
    ------
    ModelError
        If a frame lacks a column, there is no point or one stands twice, an interval does not
        divide a day, or a limit has no such name.

    References
    ----------
    .. [1] Requirements C29 and C30; each limit with its source in ``tables/quality_rules.csv``.
    """
    limit = limits(changed)
    span = Span(first, last, as_of)
    for name, frame in (("readings", readings), ("slots", slots), ("points", points)):
        _has(frame, _LEAST[name], name)
    real = points.filter(pl.col("expression").is_null())
    if real.is_empty():
        raise ModelError("there is no point to judge", "没有可评价的计量点")
    if real["point"].is_duplicated().any():
        twice = real.filter(pl.col("point").is_duplicated())["point"][0]
        raise ModelError(f"point {twice} stands twice", f"计量点 {twice} 重复")
    came, ends = presence(
        readings, real, span, limit, service=service, excused=_excused(filings, as_of)
    )
    wide = Span(first - timedelta(days=before), last, as_of)
    fit = plausibility(slots, real, wide, limit, production).filter(pl.col("day") >= first)
    days = came.join(fit, on=["point", "day"], maintain_order="left")
    return of_days(
        days,
        real,
        nodes=nodes,
        edges=edges,
        deviations=report_deviations(energy, reports, changed=changed),
        month_ends=_judged_ends(ends, as_of, limit),
        changed=changed,
    )


def of_days(
    days: pl.DataFrame,
    points: pl.DataFrame,
    *,
    nodes: pl.DataFrame | None = None,
    edges: pl.DataFrame | None = None,
    deviations: pl.DataFrame | None = None,
    month_ends: pl.DataFrame | None = None,
    changed: Mapping[str, float] | None = None,
) -> Quality:
    """Sum days judged before to shares and scores of every object.

    Parameters
    ----------
    days : polars.DataFrame
        Columns of ``DAYS``: ``Quality.days`` of one or of several assessments.
    points : polars.DataFrame
        point and node of ``POINTS``.
    nodes, edges : polars.DataFrame, optional
        The tree; without it only points are judged.
    deviations : polars.DataFrame, optional
        What :func:`report_deviations` gave.
    month_ends : polars.DataFrame, optional
        As in :class:`Quality`.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    Quality
        What :func:`assess` gives of the same days.
    """
    limit = limits(changed)
    _has(days, tuple(DAYS), "days")
    if deviations is None:
        deviations = report_deviations(None, None, changed=changed)
    if month_ends is None:
        month_ends = MONTH_ENDS.to_frame()
    family = lineage(nodes, edges)
    counts = day_counts(days, objects_of(points, family), limit)
    counts = counts.join(connected_days(counts, family), on=["object", "kind", "day"], how="left")
    by_month, no_report = _reports_of(deviations, family, points)
    day, month = (pl.col("day").dt.to_string(form) for form in ("%Y-%m-%d", "%Y-%m"))
    return Quality(
        days=days,
        by_day=scored(counts, no_report, limit, period=day),
        by_month=scored(counts, by_month, limit, period=month),
        month_ends=month_ends,
        deviations=deviations,
        limit=limit,
    )


def members(points: pl.DataFrame, nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Count the points at and below every node; a point is one itself.

    Parameters
    ----------
    points : polars.DataFrame
        point and node of ``POINTS``.
    nodes, edges : polars.DataFrame
        The tree.

    Returns
    -------
    polars.DataFrame
        object, points.
    """
    found = objects_of(points, lineage(nodes, edges))
    return found.group_by("object").agg(points=pl.col("point").n_unique().cast(pl.Int64))


def _has(frame: pl.DataFrame, columns: tuple[str, ...], what: str) -> None:
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise ModelError(f"{what} lack the columns {lacking}", f"{what} 缺少列 {lacking}")


def _excused(filings: pl.DataFrame | None, as_of: datetime) -> pl.DataFrame:
    """Windows of outages filed and accepted by then."""
    if filings is None:
        return pl.DataFrame(schema=SERVICE)
    _has(filings, tuple(FILINGS), "filings")
    return filings.filter(pl.col("accepted") <= as_of).select("point", "start", "end")


def _judged_ends(ends: pl.DataFrame, as_of: datetime, limit: Mapping[str, float]) -> pl.DataFrame:
    """Month ends that have passed, with whether a reading lies near enough."""
    settled = (as_of - timedelta(seconds=limit["month_boundary_max"])).astimezone(LOCAL).date()
    passed = pl.col("end") <= settled
    return ends.select(
        "point",
        "month",
        month_gap_s=pl.when(passed).then("month_gap_s"),
        month_within=pl.when(passed).then(pl.col("month_gap_s").is_not_null()),
    )


def _reports_of(
    deviations: pl.DataFrame, family: pl.DataFrame, points: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judged and good reports of each object and month; and the empty frame of a single day."""
    within = deviations.group_by("node", "month").agg(
        reports_judged=pl.col("within").is_not_null().sum().cast(pl.Int64),
        reports_within=pl.col("within").sum().cast(pl.Int64),
    )
    reach = pl.concat(
        [family.select("object", "node"), points.select(object="point", node="point")]
    )
    summed = (
        reach.join(within, on="node")
        .group_by("object", period="month")
        .agg(pl.col("reports_judged", "reports_within").sum())
    )
    return summed, summed.clear()


def report_deviations(
    energy: pl.DataFrame | None,
    reports: pl.DataFrame | None,
    *,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    r"""Compare what was metered in a month, summed over its days, with what was reported.

    Parameters
    ----------
    energy : polars.DataFrame or None
        node, start, item_key, amount, slots_due, slots_missing of ``ENERGY``, by day or month.
    reports : polars.DataFrame or None
        Columns of ``REPORTS``.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        node, month, item_key, metered, reported, known_share [1], deviation [1] (signed, of the
        report), within (null: not judged), reason: ``judged``, ``not_reported``, ``not_metered``
        or ``incomplete``.

    Notes
    -----
    :math:`d = (m - r) / |r|`, good where :math:`|d| \le` ``monthly_deviation_max``. A month of
    which less than ``consistency_known_min`` is known is not judged, unless the known part alone
    exceeds the report by more than the limit. A report of zero is good if nothing was metered.
    """
    limit = limits(changed)
    keys = ["node", "month", "item_key"]
    if reports is None:
        reports = pl.DataFrame(schema=REPORTS)
    _has(reports, tuple(REPORTS), "reports")
    said = reports.select(*keys, reported=pl.col("amount").cast(pl.Float64))
    if said.select(keys).is_duplicated().any():
        raise ModelError("a month is reported twice for an item", "同一项目同一月份重复上报")
    met = _metered(energy).join(said, on=keys, how="full", coalesce=True)
    exact = pl.col("reported") == pl.col("metered")
    off = pl.col("metered") - pl.col("reported")
    most = limit["monthly_deviation_max"] * pl.col("reported").abs()
    enough = pl.col("known_share") >= limit["consistency_known_min"]
    # A relative hair keeps 105.0 against 100.0 inside a limit of 5 %.
    good = exact | (off.abs() <= most * (1 + 1e-9))
    reason = (
        pl.when(pl.col("reported").is_null())
        .then(pl.lit("not_reported"))
        .when(pl.col("metered").is_null())
        .then(pl.lit("not_metered"))
        .when(enough | (~good & (off > 0)))
        .then(pl.lit("judged"))
        .otherwise(pl.lit("incomplete"))
    )
    return (
        met.with_columns(
            deviation=pl.when(pl.col("reported") != 0).then(off / pl.col("reported").abs()),
            reason=reason,
        )
        .with_columns(within=pl.when(pl.col("reason") == "judged").then(good))
        .sort(keys)
    )


def _metered(energy: pl.DataFrame | None) -> pl.DataFrame:
    if energy is None:
        schema = {"node": pl.String, "month": pl.String, "item_key": pl.String}
        return pl.DataFrame(schema={**schema, "metered": pl.Float64, "known_share": pl.Float64})
    _has(energy, ("node", "start", "item_key", "amount", "slots_due", "slots_missing"), "energy")
    known = pl.col("amount").is_not_null().any()
    return energy.group_by(
        "node", local(pl.col("start")).dt.to_string("%Y-%m").alias("month"), "item_key"
    ).agg(
        metered=pl.when(known).then(pl.col("amount").sum()),
        known_share=1 - pl.col("slots_missing").sum() / pl.col("slots_due").sum(),
    )


def heat_map(quality: Quality, *, kinds: tuple[str, ...] = ("enterprise",)) -> pl.DataFrame:
    """Every day of every object of some kinds with the class of its completeness.

    Parameters
    ----------
    quality : Quality
        What :func:`assess` found.
    kinds : tuple of str
        ``point`` or kinds of nodes.

    Returns
    -------
    polars.DataFrame
        object, kind, day, due, received, completeness [1] (null: nothing due) and class, one of
        ``HEAT_CLASSES``.
    """
    found = heat_class(pl.col("completeness"), quality.limit)
    return quality.by_day.filter(pl.col("kind").is_in(kinds)).select(
        "object",
        "kind",
        day=pl.col("period").str.to_date("%Y-%m-%d"),
        due="due",
        received="received",
        completeness="completeness",
        **{"class": found},
    )


def heat_class(share: pl.Expr, limit: Mapping[str, float]) -> pl.Expr:
    """Return the class of a completeness.

    Parameters
    ----------
    share : polars.Expr
        Received of what was due; null: nothing was due. [1]
    limit : mapping of str to float
        As of :func:`limits`.

    Returns
    -------
    polars.Expr
        One of ``HEAT_CLASSES``.
    """
    found = (
        pl.when(share.is_null())
        .then(pl.lit("not_due"))
        .when(share >= limit["heat_full"])
        .then(pl.lit("full"))
        .when(share >= limit["connected_min"])
        .then(pl.lit("connected"))
        .when(share >= limit["heat_weak"])
        .then(pl.lit("weak"))
        .when(share > 0)
        .then(pl.lit("broken"))
        .otherwise(pl.lit("silent"))
    )
    return found.cast(pl.Enum(HEAT_CLASSES))


def submeter_balance(
    amounts: pl.DataFrame, *, changed: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """Compare the main meter of a node with the sum of the meters below it.

    Parameters
    ----------
    amounts : polars.DataFrame
        node, start, item_key, main, parts (sum of the meters below): in one unit, null is not
        known. Rows of ``balance.balance`` serve; what their completeness says is not whole is
        not judged.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        The rows with difference (main - parts) [that unit], deviation (of the main meter) [1] and
        within: null where either is not known or the main meter shows nothing to compare with.
    """
    limit = limits(changed)
    _has(amounts, ("node", "start", "item_key", "main", "parts"), "amounts")
    whole = pl.lit(True)
    if "completeness" in amounts.columns:
        whole = (pl.col("completeness") == 1).fill_null(False)
    off = pl.when(whole).then(pl.col("main") - pl.col("parts"))
    return amounts.with_columns(
        difference=off, deviation=pl.when(pl.col("main") != 0).then(off / pl.col("main").abs())
    ).with_columns(
        within=pl.when(pl.col("main") == 0)
        .then(pl.col("difference") == 0)
        .otherwise(pl.col("deviation").abs() <= limit["submeter_max"] * (1 + 1e-9))
    )
