"""Two spans of one enterprise side by side: sums by item and process, and aligned series.

What is missing in one of them would pass for a saving: every change says how much of both is known,
and below the limit of the quality table it is marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl

from tanfeng.console.core.figures import share_of_change
from tanfeng.console.energy import figures
from tanfeng.console.energy.figures import summed
from tanfeng.console.energy.windows import Span, month_of
from tanfeng.console.metering import amounts
from tanfeng.console.quality.limits_in_force import Standing, rule_on
from tanfeng.metering.frames import ENERGY, SLOT_S

Align = Literal["day", "week"]
#: What a span is compared with.
BASES = ("month", "year", "span")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in both spans.

    Parameters
    ----------
    node, item : str
        Which; the item is empty for all of them.
    now, before : dict
        Sums of the two spans, empty where nothing was due; ``known`` is the known share of the
        whole span, also of the time before a meter was due. [1]
    """

    node: str
    item: str
    now: dict[str, Any]
    before: dict[str, Any]

    def value(self, column: str) -> tuple[float | None, float | None]:
        """Return a column of both spans."""
        return self.now.get(column), self.before.get(column)

    def change(self, column: str) -> float | None:
        """Return now by before, less one. [1]."""
        return share_of_change(*self.value(column))

    def known(self) -> tuple[float, float]:
        """Return how much of each whole span is known. [1]."""
        return self.now.get("known", 0.0), self.before.get("known", 0.0)

    def is_sound(self, least: float) -> bool:
        """Tell whether enough of both spans is known to speak of a change."""
        return min(self.known()) >= least


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a page of two spans shows.

    Parameters
    ----------
    whole : Change
        All items of the enterprise.
    items : tuple of Change
        Per item of the enterprise.
    parts : tuple of Change
        Per process and item.
    least : Standing
        What must be known of both spans, with its source.
    """

    whole: Change
    items: tuple[Change, ...]
    parts: tuple[Change, ...]
    least: Standing


def base_of(span: Span, basis: str) -> Span:
    """Return what a span is compared with.

    Parameters
    ----------
    span : Span
        The span shown.
    basis : {"month", "year", "span"}
        The same days of the month or the year before, or as many days right before.

    Returns
    -------
    Span
        Of a span that ends a month, the base ends its month, too; a 29 February has none in most
        years and becomes the 28th.
    """
    if basis == "span":
        return span.moved(-span.days)
    ends_month = span.last == month_of(span.last)[1]
    months = 1 if basis == "month" else 12
    last = _back(span.last, months)
    if ends_month and span.first.day == 1:
        last = month_of(last)[1]
    return Span(_back(span.first, months), last, span.now)


def _back(day: date, months: int) -> date:
    """Return the same day some months earlier, or the last day of a month too short for it."""
    number = day.year * 12 + day.month - 1 - months
    first = date(number // 12, number % 12 + 1, 1)
    return min(first + (day.day - 1) * _DAY, month_of(first)[1])


def frames(
    node: str, parts: list[str], align: Align, now: Span, before: Span
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what flowed in two spans, cut as they are to be aligned.

    Parameters
    ----------
    node : str
        Credit code of an enterprise; the caller has asked for rights.
    parts : list of str
        Nodes below it that are told, too.
    align : {"day", "week"}
        By days or by hours.
    now, before : Span
        Neither ahead of now.
    """
    by: Literal["hour", "day"] = "hour" if align == "week" else "day"
    kept = pl.col("node").is_in([node, *parts])
    slots = pl.lit(4 if by == "hour" else 96).alias("period_slots")
    one, other = (
        amounts.of_nodes([node], by, span.start, span.end).filter(kept).with_columns(slots)
        for span in (now, before)
    )
    return one, other


def of(
    node: str,
    parts: list[str],
    frames: tuple[pl.DataFrame, pl.DataFrame],
    spans: tuple[Span, Span],
) -> Comparison:
    """Return two spans side by side.

    Parameters
    ----------
    node, parts
        As of :func:`frames`, which made the frames.
    frames : tuple of polars.DataFrame
        What flowed in the span shown, and in the other.
    spans : tuple of Span
        The two spans.
    """
    meters = _meters(pl.concat(frames))
    by_item, whole = [], []
    for frame, span in zip(frames, spans, strict=True):
        by_item.append(_rows(frame, ["node", "item_key"], meters, span))
        own = frame.filter(pl.col("node") == node)
        whole.append(_rows(own, ["node"], meters, span).get((node,), {}))
    keys = {key for rows in by_item for key in rows}
    items = figures.order(item for one, item in keys if one == node)

    def change(at: str, item: str) -> Change:
        return Change(at, item, *(rows.get((at, item), {}) for rows in by_item))

    below = [
        change(part, item)
        for part in parts
        for item in figures.order(item for one, item in keys if one == part)
    ]
    return Comparison(
        Change(node, "", whole[0], whole[1]),
        tuple(change(node, item) for item in items),
        tuple(below),
        rule_on("consistency_known_min", spans[0].last),
    )


def _meters(frame: pl.DataFrame) -> pl.DataFrame:
    """Return how many meters make each node and item: the quarter hours due in a full period.

    A meter that was hung in the middle of a span was not due before and so not missing; held
    against another span the time before it is not known all the same.
    """
    return frame.group_by("node", "item_key").agg(
        meters=pl.col("slots_due").max() / pl.col("period_slots").first()
    )


def _rows(
    frame: pl.DataFrame, keys: list[str], meters: pl.DataFrame, span: Span
) -> dict[tuple[str, ...], dict[str, Any]]:
    if frame.is_empty():
        return {}
    slots = (span.end - span.start).total_seconds() / SLOT_S
    expected = (
        meters.join(frame.select("node", "item_key").unique(), on=["node", "item_key"], how="semi")
        .group_by(keys)
        .agg(expected=pl.col("meters").sum() * slots)
    )
    seen = pl.col("slots_measured") + pl.col("slots_estimated")
    sums = summed(frame, keys).join(expected, on=keys, how="left").with_columns(
        known=(seen / pl.col("expected")).clip(0.0, 1.0)
    )  # fmt: skip
    return {tuple(row[key] for key in keys): row for row in sums.iter_rows(named=True)}


def aligned(
    frames: tuple[pl.DataFrame, pl.DataFrame],
    spans: tuple[Span, Span],
    *,
    node: str,
    column: str,
    item: str,
    align: Align,
) -> pl.DataFrame:
    """Return both spans as series over one axis.

    Parameters
    ----------
    frames : tuple of polars.DataFrame
        From :func:`frames`, for the same alignment.
    spans : tuple of Span
        The span shown, and the other.
    node, item : str
        Of what; an empty item is all of them.
    column : str
        Column of the engine's energy frames.
    align : {"day", "week"}
        The n-th day of each span, or the mean hour of the week.

    Returns
    -------
    polars.DataFrame
        at (day from 0, or hour of the week from 0 on Monday), now, before; null where nothing is
        known. Of the week only hours known to their last quarter are meant over.
    """
    length = 168 if align == "week" else max(one.days for one in spans)
    table = pl.DataFrame({"at": pl.int_range(0, length, dtype=pl.Int64, eager=True)})
    for name, frame, span in zip(("now", "before"), frames, spans, strict=True):
        own = frame.filter(pl.col("node") == node)
        of_item = own.filter(pl.col("item_key") == item) if item else own
        made = _series(of_item, column, align, span).rename({"value": name})
        table = table.join(made, on="at", how="left")
    return table.sort("at")


def _series(frame: pl.DataFrame, column: str, align: Align, span: Span) -> pl.DataFrame:
    if frame.is_empty():
        return pl.DataFrame(schema={"at": pl.Int64, "value": ENERGY[column]})
    sums = summed(frame, ["start"])
    local = pl.col("start").dt.convert_time_zone("Asia/Shanghai")
    if align == "day":
        day = (local.dt.date() - pl.lit(span.first)).dt.total_days()
        return sums.select(at=day.cast(pl.Int64), value=column)
    hour = (local.dt.weekday().cast(pl.Int64) - 1) * 24 + local.dt.hour().cast(pl.Int64)
    whole = sums.filter(pl.col("slots_missing") == 0).select("start", at=hour, value=column)
    return whole.sort("start").group_by("at").agg(pl.col("value").mean()).sort("at")
