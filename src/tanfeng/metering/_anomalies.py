"""Hours that used far more or far less than usual, joined to events and told in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from tanfeng.metering._alert_texts import amount_text
from tanfeng.metering._rules import limits
from tanfeng.metering._seasonal import (
    HOURS,
    Floats,
    Hours,
    baselines,
    hours_of,
    like_days,
    middle,
    until,
)
from tanfeng.metering.frames import TIME
from tanfeng.metering.workdays import WorkCalendar
from tanfeng.periods import LOCAL

OUTPUT = pl.Schema({"node": pl.String(), "day": pl.Date(), "output": pl.Float64()})
"""What a node produced on a local day, in any unit, the same throughout a node."""

_MAD_TO_SIGMA = 1.4826
#: Days the spread of an hour is measured on. [d]
_SPREAD_DAYS = 56
_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
#: First hour of each part of the day -> its names.
_PARTS = (
    (0, "凌晨", "night"),
    (6, "上午", "morning"),
    (12, "下午", "afternoon"),
    (18, "晚间", "evening"),
    (22, "夜间", "night"),
)


def anomalies(
    hourly: pl.DataFrame,
    first: date,
    last: date,
    *,
    calendar: WorkCalendar,
    output: pl.DataFrame | None = None,
    unit: str = "kWh",
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Find runs of hours far from their usual and say why each is odd.

    Parameters
    ----------
    hourly : polars.DataFrame
        As for ``forecast.day_ahead``; what is not known is never odd.
    first, last : datetime.date
        Local days to look at, both included.
    calendar : WorkCalendar
        Holidays and made-up days.
    output : polars.DataFrame, optional
        Columns of ``OUTPUT``.
    unit : str
        Unit of the amounts, for the words.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        node, start, end, hours, amount, usual, excess [unit of amount], ratio [1] (null: the usual
        is nothing), sigmas (largest of its hours), output_change [1] (null: not known), direction
        (``high``, ``low``), reason_zh, reason_en; the largest excess first.

    Notes
    -----
    The usual of an hour is the median of the same hour on the last days of its kind, as for the
    forecast; sigma is 1.4826 times the median absolute departure of that hour from its usual on
    the days before of the same worked or free sort, within eight weeks. An hour is odd if it
    departs by more than ``anomaly_sigma`` of them and by the ratio of its direction; odd hours of
    one direction that follow each other are one event, which must amount to ``anomaly_share`` of a
    usual day. Days looked at are not left out of the usual of later days: a fault that stays
    becomes usual after two such days of a kind.
    """
    limit = limits(changed)
    hours = hours_of(until(hourly, last), last, calendar)
    days = np.arange(max(0, hours.place(first)), hours.days)
    usual = baselines(hours, np.arange(hours.days), 1, limit)
    amount = hours.amount[:, days]
    sigma = _sigma(hours, usual, days)
    off = amount - usual[:, days]
    with np.errstate(invalid="ignore", divide="ignore"):
        sigmas = off / sigma
        ratio = amount / usual[:, days]
        high = (sigmas > limit["anomaly_sigma"]) & (off > 0)
        high &= (ratio >= limit["anomaly_ratio"]) | (usual[:, days] == 0)
        low = (sigmas < -limit["anomaly_sigma"]) & (ratio <= limit["anomaly_low_ratio"])
    events = _events(hours, days, np.where(high, 1, np.where(low, -1, 0)), sigmas, usual)
    whole = pl.col("day_usual").abs() * limit["anomaly_share"]
    told = _with_output(events.filter(pl.col("excess").abs() >= whole), hours, output, limit)
    reasons = [_reason(row, unit, limit["output_rise"]) for row in told.iter_rows(named=True)]
    return (
        told.with_columns(
            reason_zh=pl.Series([zh for zh, _ in reasons], dtype=pl.String),
            reason_en=pl.Series([en for _, en in reasons], dtype=pl.String),
        )
        .drop("day_usual")
        .sort(pl.col("excess").abs(), "node", "start", descending=[True, False, False])
    )


def _sigma(hours: Hours, usual: Floats, days: np.ndarray) -> Floats:
    """Robust spread of each hour about its usual, from days of the same sort before."""
    off = np.abs(hours.amount - usual)
    found = np.full((len(hours.names), len(days), HOURS), np.nan)
    for number, day in enumerate(days):
        past = np.arange(max(0, day - _SPREAD_DAYS), day)
        past = past[hours.works[past] == hours.works[day]]
        if len(past):
            found[:, number] = _MAD_TO_SIGMA * middle(off[:, past], 1)
    floor = 0.01 * np.abs(usual[:, days]).mean(axis=2, keepdims=True)
    bounded: Floats = np.maximum(found, floor)
    return bounded


def _events(
    hours: Hours, days: np.ndarray, odd: np.ndarray, sigmas: Floats, usual: Floats
) -> pl.DataFrame:
    """Join odd hours of one direction that follow each other."""
    nodes = len(hours.names)
    flat = odd.reshape(nodes, -1)
    node, hour = np.nonzero(flat)
    zero = datetime.combine(hours.first, datetime.min.time(), LOCAL) + timedelta(
        days=int(days[0]) if len(days) else 0
    )
    amount = hours.amount[:, days].reshape(nodes, -1)
    expected = usual[:, days]
    whole = np.repeat(expected.sum(axis=2), HOURS, axis=1)
    rows = pl.DataFrame(
        {
            "code": node,
            "hour": hour,
            "way": flat[node, hour],
            "amount": amount[node, hour],
            "usual": expected.reshape(nodes, -1)[node, hour],
            "sigmas": sigmas.reshape(nodes, -1)[node, hour],
            "day_usual": whole[node, hour],
        }
    )
    new = (
        (pl.col("hour") != pl.col("hour").shift(1) + 1)
        | (pl.col("code") != pl.col("code").shift(1))
        | (pl.col("way") != pl.col("way").shift(1))
    )
    joined = (
        rows.with_columns(event=new.fill_null(True).cum_sum())
        .group_by("event", maintain_order=True)
        .agg(
            code=pl.col("code").first(),
            begin=pl.col("hour").first(),
            hours=pl.len().cast(pl.Int64),
            amount=pl.col("amount").sum(),
            usual=pl.col("usual").sum(),
            sigmas=pl.col("sigmas").abs().max(),
            way=pl.col("way").first(),
            day_usual=pl.col("day_usual").first(),
        )
    )
    start = pl.lit(zero).dt.convert_time_zone("UTC").cast(TIME) + pl.duration(hours=pl.col("begin"))
    usual_there = pl.col("usual") != 0
    high = pl.col("way") > 0
    return joined.select(
        node=pl.lit(pl.Series(hours.names, dtype=pl.String)).gather(pl.col("code")),
        start=start,
        end=start + pl.duration(hours=pl.col("hours")),
        hours="hours",
        amount="amount",
        usual="usual",
        excess=pl.col("amount") - pl.col("usual"),
        ratio=pl.when(usual_there).then(pl.col("amount") / pl.col("usual")),
        sigmas="sigmas",
        direction=pl.when(high).then(pl.lit("high")).otherwise(pl.lit("low")),
        day_usual="day_usual",
    )


def _with_output(
    events: pl.DataFrame, hours: Hours, output: pl.DataFrame | None, limit: Mapping[str, float]
) -> pl.DataFrame:
    """Change of the day's output against its usual, where both are known."""
    if output is None or events.is_empty():
        return events.with_columns(output_change=pl.lit(None, pl.Float64))
    made = {(node, day): value for node, day, value in output.select(*OUTPUT).iter_rows()}
    changes: list[float | None] = []
    for node, start in events.select("node", "start").iter_rows():
        day = start.astimezone(LOCAL).date()
        like = like_days(hours, hours.place(day), 1, limit)[-int(limit["baseline_days"]) :]
        past = [made.get((node, hours.first + timedelta(days=int(i)))) for i in like]
        known = [value for value in past if value is not None]
        now, before = made.get((node, day)), float(np.median(known)) if known else 0.0
        changes.append(now / before - 1 if now is not None and before > 0 else None)
    return events.with_columns(output_change=pl.Series(changes, dtype=pl.Float64))


def _reason(row: Mapping[str, Any], unit: str, rise: float) -> tuple[str, str]:
    start, end = (row[name].astimezone(LOCAL) for name in ("start", "end"))
    part_zh, part_en = next((zh, en) for hour, zh, en in reversed(_PARTS) if start.hour >= hour)
    clock = f"{start:%H:%M}–{_close(start, end)}"
    used, usual = (amount_text(row[name]) for name in ("amount", "usual"))
    ratio = row["ratio"]
    if ratio is None:
        zh, en = (
            f"用了 {used} {unit}（平日为零）",
            f"used {used} {unit}, where the usual is nothing",
        )
    else:
        times = f"{ratio:.1f}"
        zh = f"用能是平日的 {times} 倍（{used} {unit}；平日 {usual}）"
        en = f"used {times} times the usual ({used} {unit}; usual {usual})"
    more_zh, more_en = _output_words(row["output_change"], rise, high=row["direction"] == "high")
    day_zh = f"{start:%m-%d} 周{_WEEKDAYS_ZH[start.weekday()]}{part_zh}"
    day_en = f"{_WEEKDAYS_EN[start.weekday()]} {part_en} {start:%m-%d}"
    return f"{day_zh} {clock} {zh}{more_zh}", f"{day_en} {clock} {en}{more_en}"


def _close(start: datetime, end: datetime) -> str:
    """Return the end as a clock time, with its date where it is another day."""
    if end.date() == start.date():
        return f"{end:%H:%M}"
    if end.hour == 0 and end.date() == start.date() + timedelta(days=1):
        return "24:00"
    return f"{end:%m-%d %H:%M}"


def _output_words(change: float | None, rise: float, *, high: bool) -> tuple[str, str]:
    if change is None:  # what is not known is not told: the caller may know more
        return "", ""
    percent = f"{abs(change) * 100:.0f} %"
    if change > rise:
        word = "而" if not high else "同期"
        return f"，{word}产量上升 {percent}", f" while output rose by {percent}"
    if change < -rise:
        return f"，同期产量下降 {percent}", f" while output fell by {percent}"
    return (
        ("，而产量未上升", " while output did not rise")
        if high
        else ("，而产量未下降", " while output did not fall")
    )
