"""From rows as they stand in a file to readings, with everything that is wrong named.

Whole columns at a time: a good file costs a few passes; only bad rows are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from tanfeng.errors import Problem
from tanfeng.gateway import _times
from tanfeng.gateway._arrange import Long
from tanfeng.gateway._reading_rules import problem
from tanfeng.metering.frames import BAD, BY_HAND, GOOD, READINGS, TIME, UNCERTAIN
from tanfeng.periods import LOCAL

#: Findings of one rule listed one by one; the rest is summed up in a line.
LISTED = 1000
#: Clocks run a little ahead.
_AHEAD = timedelta(minutes=10)
_FIRST = datetime(2000, 1, 1, tzinfo=LOCAL)
_QUALITIES = {
    GOOD: "0 good ok valid normal 正常 有效 良好 好 合格",
    UNCERTAIN: "1 uncertain suspect questionable 可疑 存疑 不确定",
    BAD: "2 bad invalid 无效 异常 坏 错误 不合格",
    BY_HAND: "3 manual hand 人工 人工抄表 人工抄录 手工 手抄",
}
_NAME = r"^[^\p{Cc}]{1,200}$"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is true of every reading of a file.

    Parameters
    ----------
    received : datetime
        When it came, aware.
    source, batch : str
        Where from, and the name of this delivery.
    known : collection of str or None
        Points that may be written; None asks nothing.
    zone : str
        Offset of times that state none.
    """

    received: datetime
    source: str
    batch: str
    known: Collection[str] | None
    zone: str


@dataclass(slots=True)
class _Found:
    """Rows that break a rule: by rule and field."""

    rule: str
    field: str
    at: pl.Series


def settle(long: Long, envelope: Envelope) -> tuple[pl.DataFrame, tuple[Problem, ...], int]:
    """Check every row.

    Parameters
    ----------
    long : Long
        Rows as they stand.
    envelope : Envelope
        What holds for all of them.

    Returns
    -------
    readings : polars.DataFrame
        ``frames.READINGS`` of the good rows, in the order of the file.
    problems : tuple of Problem
        By row; what speaks of the whole file first.
    refused : int
        Readings left out.
    """
    raw = long.frame
    point, points_found, unknown = _points(raw, envelope)
    time, times_found = _time(raw["time"], envelope)
    value, values_found = _value(raw["value"])
    quality, qualities_found = _quality(raw)
    made = pl.DataFrame({"point": point, "time": time, "value": value, "quality": quality})
    found = [*points_found, *times_found, *values_found, *qualities_found]
    bad = _any(len(raw), [*found, *unknown])
    repeated, conflicts, others = _twice(made, bad)
    problems = [
        *long.problems,
        *_told(found, long, envelope),
        *_unknown(unknown, long, point),
        *_conflicting(conflicts, others, long),
    ]
    if len(conflicts):
        bad = _any(len(raw), [*found, *unknown, _Found("G050", "value", conflicts)])
    if len(repeated):
        problems.append(problem("G052", count=len(repeated)))
    refused = int(bad.sum()) if bad is not None else 0
    if len(repeated):
        bad = _any(len(raw), [_Found("", "", repeated)], bad)
    good = made if bad is None else made.filter(~bad)
    readings = good.with_columns(
        source=pl.lit(envelope.source),
        received=pl.lit(envelope.received).cast(TIME),
        batch=pl.lit(envelope.batch),
    ).select(list(READINGS))
    order = sorted(problems, key=lambda p: (p.row is not None, p.row or 0, len(p.column), p.column))
    return readings, tuple(order), refused


def _any(rows: int, found: list[_Found], bad: pl.Series | None = None) -> pl.Series | None:
    """Return a mask of every row found, or None when there is none."""
    hit = [one.at for one in found if len(one.at)]
    if not hit:
        return bad
    mask = pl.repeat(False, rows, dtype=pl.Boolean, eager=True) if bad is None else bad.clone()
    return mask.scatter(pl.concat(hit).unique().sort(), True)


def _at(mask: pl.Series) -> pl.Series:
    return mask.fill_null(False).arg_true()


def _points(raw: pl.DataFrame, envelope: Envelope) -> tuple[pl.Series, list[_Found], list[_Found]]:
    """Read names; those that are not known are found by name."""
    point = raw["point"]
    if point.dtype != pl.String:
        point = point.cast(pl.String, strict=False)
    names = point.unique()
    if not names.str.strip_chars().eq_missing(names).all():
        point = point.str.strip_chars()
        names = point.unique()
    empty = names.is_null() | (names == "").fill_null(True)
    odd = names.filter(~empty & ~names.str.contains(_NAME).fill_null(True))
    found = []
    if empty.any():
        found.append(_Found("G010", "point", _at(point.is_null() | (point == ""))))
    if len(odd):
        found.append(_Found("G011", "point", _at(point.is_in(odd.implode()))))
    unknown = []
    if envelope.known is not None:
        known = pl.Series(list(envelope.known), dtype=pl.String)
        strange = names.filter(~empty & ~names.is_in(known.implode()).fill_null(True))
        strange = strange.filter(~strange.is_in(odd.implode()))
        if len(strange):
            unknown.append(_Found("G012", "point", _at(point.is_in(strange.implode()))))
    return point, found, unknown


def _time(column: pl.Series, envelope: Envelope) -> tuple[pl.Series, list[_Found]]:
    times, rules = _times.parse(column, envelope.zone)
    found = []
    if rules is not None:
        found += [_Found(rule, "time", _at(rules == rule)) for rule in ("G020", "G021", "G022")]
    first, last = _FIRST.astimezone(UTC), (envelope.received + _AHEAD).astimezone(UTC)
    limits = times.to_frame("t").select(
        low=pl.col("t").min() < pl.lit(first), high=pl.col("t").max() > pl.lit(last)
    )
    if limits["low"].item():
        found.append(
            _Found("G023", "time", _at(times.to_frame("t").select(pl.col("t") < first)["t"]))
        )
    if limits["high"].item():
        found.append(
            _Found("G024", "time", _at(times.to_frame("t").select(pl.col("t") > last)["t"]))
        )
    return times, [one for one in found if len(one.at)]


def _value(column: pl.Series) -> tuple[pl.Series, list[_Found]]:
    kind = column.dtype
    if kind.is_numeric():
        value, empty = column.cast(pl.Float64), column.is_null()
        words = None
    else:
        text = column.cast(pl.String, strict=False).str.strip_chars()
        value = text.cast(pl.Float64, strict=False)
        empty = text.is_null() | (text == "").fill_null(True)
        words = value.is_null() & ~empty
        # Said in words, infinite or no number is not finite; 1e999 is not either.
    found = [_Found("G030", "value", _at(empty))]
    if words is not None:
        found.append(_Found("G031", "value", _at(words)))
    found.append(_Found("G032", "value", _at(~value.is_finite())))
    return value, [one for one in found if len(one.at)]


def _quality(raw: pl.DataFrame) -> tuple[pl.Series, list[_Found]]:
    if "quality" not in raw.columns:
        return pl.repeat(GOOD, len(raw), dtype=pl.Int16, eager=True), []
    column = raw["quality"]
    words = {word: code for code, spellings in _QUALITIES.items() for word in spellings.split()}
    text = column.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    text = text.str.strip_suffix(".0")  # a whole number out of a column of decimals
    known = text.unique().to_frame("text").with_columns(
        code=pl.when(pl.col("text").is_null() | (pl.col("text") == ""))
        .then(pl.lit(GOOD))
        .otherwise(pl.col("text").replace_strict(words, default=None))
        .cast(pl.Int16)
    )  # fmt: skip
    code = text.to_frame("text").join(
        known, on="text", how="left", maintain_order="left", nulls_equal=True
    )["code"]  # fmt: skip
    at = _at(code.is_null())
    return code, [_Found("G040", "quality", at)] if len(at) else []


def _twice(made: pl.DataFrame, bad: pl.Series | None) -> tuple[pl.Series, pl.Series, pl.DataFrame]:
    """Find rows that repeat an earlier one, and rows that contradict another.

    Returns
    -------
    repeated, conflicts : polars.Series
        Places in the frame.
    others : polars.DataFrame
        at, other: place of a row and of the first that contradicts it.
    """
    none = pl.Series([], dtype=pl.UInt32)
    nothing = (none, none, pl.DataFrame(schema={"at": pl.UInt32, "other": pl.UInt32}))
    # A hash tells quickly that there is nothing to look for; when it errs, it errs to looking.
    mixed = made.select((pl.col("point").hash(1) + pl.col("time").hash(2)).alias("h"))["h"]
    if mixed.n_unique() == len(mixed):
        return nothing
    indexed = made.with_row_index("at")
    if bad is not None:
        indexed = indexed.filter(~bad)
    groups = indexed.filter(pl.struct("point", "time").is_duplicated())
    if groups.is_empty():
        return nothing
    key = ["point", "time"]
    groups = groups.with_columns(
        differ=(pl.struct("value", "quality").n_unique() > 1).over(key),
        nth=pl.int_range(pl.len()).over(key),
        first=pl.col("at").first().over(key),
        last=pl.col("at").last().over(key),
    )
    repeated = groups.filter(~pl.col("differ") & (pl.col("nth") > 0))["at"]
    clash = groups.filter("differ")
    others = clash.select(
        "at", other=pl.when(pl.col("nth") > 0).then("first").otherwise("last")
    ).sort("at")
    return repeated, others["at"], others


def _told(found: list[_Found], long: Long, envelope: Envelope) -> Iterator[Problem]:
    limit = f"{envelope.received.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
    for one in found:
        rows = long.frame[one.at.head(LISTED)]
        for row in rows.iter_rows(named=True):
            letter, heading = _place(long, one.field, row)
            yield problem(
                one.rule,
                row=row["row"],
                letter=letter,
                heading=heading,
                value=_shown(row[one.field]),
                limit=limit,
            )
        yield from _more(one.rule, len(one.at))


def _more(rule: str, count: int) -> Iterator[Problem]:
    if count > LISTED:
        yield problem("G060", filed=rule, count=count - LISTED)


def _unknown(unknown: list[_Found], long: Long, point: pl.Series) -> Iterator[Problem]:
    for one in unknown:
        told = (
            pl.DataFrame({"point": point[one.at], "row": long.frame["row"][one.at]})
            .group_by("point", maintain_order=True)
            .agg(pl.col("row").min(), count=pl.len())
        )
        for row in told.head(LISTED).iter_rows(named=True):
            letter, heading = long.wide.get(row["point"]) or long.places.get("point", ("", ""))
            yield problem(
                "G012",
                row=None if long.wide else row["row"],
                letter=letter,
                heading=heading,
                value=row["point"],
                count=row["count"],
            )
        yield from _more("G012", told.height)


def _conflicting(at: pl.Series, others: pl.DataFrame, long: Long) -> Iterator[Problem]:
    rows = long.frame["row"]
    for here, other in others.head(LISTED).iter_rows():
        row = long.frame.row(here, named=True)
        letter, heading = _place(long, "value", row)
        yield problem(
            "G050",
            row=row["row"],
            letter=letter,
            heading=heading,
            value=_shown(row["value"]),
            other=rows[other],
        )
    yield from _more("G050", len(at))


def _place(long: Long, field: str, row: dict[str, object]) -> tuple[str, str]:
    if field == "value" and long.wide:
        return long.wide.get(str(row["point"]), ("", ""))
    return long.places.get(field, ("", ""))


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        local = value.astimezone(LOCAL) if value.tzinfo else value
        return f"{local:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else value
