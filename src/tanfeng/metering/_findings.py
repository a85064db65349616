"""What quality found, as findings an alert can be made of, and what may be whose cause."""

from __future__ import annotations

from datetime import date

import polars as pl

from tanfeng.metering._alert_frames import FINDINGS, LINKS
from tanfeng.metering._calendar import local
from tanfeng.metering._scores import lineage
from tanfeng.metering.quality import Quality
from tanfeng.metering.workdays import WorkCalendar, published

GATEWAYS = pl.Schema({"point": pl.String(), "gateway": pl.String()})
"""Which gateway sends a point; a point may have several."""

#: A gateway of fewer points cannot be told from its points.
_LEAST_POINTS = 2


def findings(
    quality: Quality,
    *,
    last: date,
    gateways: pl.DataFrame | None = None,
    outages: pl.DataFrame | None = None,
    calendar: WorkCalendar | None = None,
    balances: pl.DataFrame | None = None,
    residuals: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Turn what was judged into findings; whether they break a threshold is decided later.

    Parameters
    ----------
    quality : Quality
        What ``quality.assess`` found.
    last : datetime.date
        Last local day judged. A finding of a month stands on its last day, and only once that has
        passed.
    gateways : polars.DataFrame, optional
        Columns of ``GATEWAYS``.
    outages, balances, residuals : polars.DataFrame, optional
        What ``quality.outages``, ``submeter_balance`` (by month) and ``energy_residuals`` gave.
    calendar : WorkCalendar, optional
        The one the outages were counted by; that of the notices known if not given.

    Returns
    -------
    polars.DataFrame
        Columns of ``FINDINGS``, no value null.
    """
    parts = [*_daily(quality), _of_months(quality, last)]
    if gateways is not None:
        parts.append(_gateways(quality.days, gateways))
    if outages is not None and outages.height:
        parts.append(_overdue(outages, last, calendar or published()))
    if balances is not None:
        month = local(pl.col("start")).dt.date()
        worst = balances.filter(pl.col("within").is_not_null()).with_columns(
            value=_size("deviation"), day=month.dt.month_end()
        )
        parts.append(_worst(worst, "submeter_deviation", last))
    if residuals is not None:
        odd = residuals.filter(pl.col("beyond").is_not_null()).with_columns(
            value=pl.col("sigmas").abs(), day=_month_end("month")
        )
        parts.append(_worst(odd, "energy_residual", last))
    found = pl.concat(parts).filter(pl.col("value").is_not_null())
    return found.sort("rule", "object", "day")


def _rows(
    frame: pl.DataFrame, rule: str, thing: str, value: pl.Expr, kind: str, day: pl.Expr
) -> pl.DataFrame:
    columns = {
        "rule": pl.lit(rule),
        "object": pl.col(thing),
        "kind": pl.lit(kind),
        "day": day,
        "value": value,
    }
    return frame.select(columns[name].cast(dtype).alias(name) for name, dtype in FINDINGS.items())


def _daily(quality: Quality) -> list[pl.DataFrame]:
    days = quality.by_day.with_columns(day=pl.col("period").str.to_date("%Y-%m-%d"))
    day = pl.col("day")
    points = days.filter((pl.col("kind") == "point") & (pl.col("due") > 0))
    silent = pl.col("received") == 0
    firms = days.filter(pl.col("kind") == "enterprise")

    def of(frame: pl.DataFrame, rule: str, column: str, kind: str = "point") -> pl.DataFrame:
        return _rows(frame, rule, "object", pl.col(column), kind, day)

    return [
        of(points.filter(silent), "point_silent", "completeness"),
        of(points.filter(~silent), "point_incomplete", "completeness"),
        of(points, "late_data", "timeliness"),
        of(points, "implausible", "plausibility"),
        of(firms, "enterprise_incomplete", "completeness", "enterprise"),
        _rows(quality.days, "boundary_off", "point", pl.col("boundary_gap_s"), "point", day),
    ]


def _overdue(outages: pl.DataFrame, last: date, calendar: WorkCalendar) -> pl.DataFrame:
    """List each day past the term of an outage not filed nor repaired, with its working days."""
    step = pl.duration(days=1)
    until = pl.min_horizontal(pl.col("repaired") - step, pl.lit(last))
    days = (
        outages.filter(pl.col("state").cast(pl.String).is_in(["overdue", "repaired_late"]))
        .filter(until > pl.col("deadline"))
        .with_columns(day=pl.date_ranges(pl.col("deadline") + step, until))
        .explode("day")
    )
    first = min(outages["first"])
    number = calendar.table(first, max(first, last)).select("day", "number")
    counted = days.join(number, on="day").join(
        number.rename({"day": "first", "number": "begun"}), on="first"
    )
    value = pl.col("number") - pl.col("begun")
    return _rows(counted, "repair_overdue", "point", value, "point", pl.col("day"))


def _of_months(quality: Quality, last: date) -> pl.DataFrame:
    scores = quality.by_month.filter(pl.col("kind") == "enterprise").select(
        node="object", value="score", day=_month_end("period")
    )
    off = quality.deviations.filter(pl.col("within").is_not_null()).with_columns(
        value=_size("deviation"), day=_month_end("month")
    )
    low = _rows(
        scores.filter(pl.col("day") <= last),
        "quality_low", "node", pl.col("value"), "enterprise", pl.col("day"),
    )  # fmt: skip
    return pl.concat([low, _worst(off, "monthly_deviation", last)])


def _month_end(column: str) -> pl.Expr:
    return (pl.col(column) + "-01").str.to_date("%Y-%m-%d").dt.month_end()


def _size(column: str) -> pl.Expr:
    """Size of a deviation; of something against nothing it has no bound."""
    boundless = pl.when(pl.col("within")).then(0.0).otherwise(float("inf"))
    return pl.col(column).abs().fill_null(boundless)


def _worst(frame: pl.DataFrame, rule: str, last: date) -> pl.DataFrame:
    """Keep the largest value of each node and month that has ended."""
    largest = (
        frame.filter(pl.col("day") <= last)
        .group_by("node", "day", maintain_order=True)
        .agg(pl.col("value").max())
    )
    return _rows(largest, rule, "node", pl.col("value"), "node", pl.col("day"))


def _gateways(days: pl.DataFrame, gateways: pl.DataFrame) -> pl.DataFrame:
    """Days on which not one of the points of a gateway sent anything."""
    down = (
        days.filter(pl.col("due") > 0)
        .join(gateways.select("point", "gateway").unique(), on="point")
        .group_by("gateway", "day", maintain_order=True)
        .agg(silent=(pl.col("received") == 0).mean(), n=pl.len())
        .filter((pl.col("n") >= _LEAST_POINTS) & (pl.col("silent") == 1))
    )
    return _rows(down, "gateway_silent", "gateway", pl.col("silent"), "gateway", pl.col("day"))


def links(
    points: pl.DataFrame,
    *,
    nodes: pl.DataFrame | None = None,
    edges: pl.DataFrame | None = None,
    gateways: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Tell what may be the cause of trouble where.

    Parameters
    ----------
    points : polars.DataFrame
        point, node and level of ``POINTS``.
    nodes, edges : polars.DataFrame, optional
        The tree.
    gateways : polars.DataFrame, optional
        Columns of ``GATEWAYS``.

    Returns
    -------
    polars.DataFrame
        Columns of ``LINKS``: of a point its gateways, of a node the points at and below it; a
        point of level 1 at the node itself is its main meter.
    """
    below = (
        lineage(nodes, edges)
        .join(points.select("point", "node", "level"), on="node")
        .with_columns(
            main=(pl.col("node") == pl.col("object")) & (pl.col("level") == 1).fill_null(False)
        )
        .select("object", cause="point", rank=(~pl.col("main")).cast(pl.Int8))
    )
    parts = [below]
    if gateways is not None:
        parts.append(gateways.select(object="point", cause="gateway", rank=pl.lit(0, pl.Int8)))
    return pl.concat(parts).select(*LINKS).unique(maintain_order=True)
