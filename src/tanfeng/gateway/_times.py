"""Times the way gateways write them, a column at a time.

A time without zone is that of the zone given; 24:00 is the next midnight. Numbers are seconds,
milliseconds, microseconds or nanoseconds since 1970 where their size leaves no doubt. A day alone
is no time.
"""

from __future__ import annotations

import re

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering.frames import TIME

_TEXT = (
    r"^(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})(?:日\s{0,3}|[Tt]|\s{1,3})"
    r"(?P<hour>\d{1,2})[:：时点](?P<minute>\d{1,2})"
    r"(?:[:：分](?P<second>\d{1,2})?(?:[.,](?P<part>\d{1,9}))?)?秒?"
    r"\s{0,3}(?P<zone>[Zz]|(?:UTC|GMT)|[+-]\d{2}(?::?\d{2})?)?$"
)
_COMPACT = (
    r"^(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})[T ]?"
    r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?$"
)
_DAY = r"^\d{4}(?:[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{4})$"
_NUMBER = r"^\d{9,10}(?:\.\d{1,9})?$|^\d{12,13}$"
_ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})")
#: 2000-01-01 local and 2100-01-01. A number of this size is a time in that unit. [s]
_FIRST_S, _LAST_S = 946_656_000, 4_102_444_800
_UNITS_US = (1_000_000, 1_000, 1, 0.001)
_MINUTE_US = 60_000_000


def parse(column: pl.Series, zone: str) -> tuple[pl.Series, pl.Series | None]:
    """Read a column of times.

    Parameters
    ----------
    column : polars.Series
        Text, numbers or date-times.
    zone : str
        Offset of times that state none, such as ``+08:00``.

    Returns
    -------
    times : polars.Series
        Instants in UTC [us]; null where there is none.
    rules : polars.Series or None
        Rule a row breaks, null where it breaks none; None when no row does.
    """
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        aware = column if kind.time_zone else column.dt.replace_time_zone("UTC")
        times = aware.cast(TIME)
        if not kind.time_zone:
            times = times - pl.Series([offset_us(zone)]).cast(pl.Duration("us"))
        return times, _empty(times)
    if kind.is_numeric():
        return _numbers(column)
    if kind == pl.Date:
        none = pl.repeat(None, len(column), dtype=TIME, eager=True)
        return none, pl.repeat("G022", len(column), dtype=pl.String, eager=True)
    text = column.cast(pl.String)
    known = _texts(text.unique(), offset_us(zone))
    joined = text.alias("text").to_frame().join(
        known, on="text", how="left", maintain_order="left", nulls_equal=True
    )  # fmt: skip
    rules = joined["rule"]
    return joined["time"], (None if rules.null_count() == len(rules) else rules)


def offset_us(zone: str) -> int:
    """Return how far a zone such as ``+08:00`` is ahead of UTC, in microseconds."""
    match = _ZONE.fullmatch(zone)
    if match is None:
        raise ModelError(f"{zone!r} is no offset; write it as +08:00")
    minutes = int(match[2]) * 60 + int(match[3])
    return (-minutes if match[1] == "-" else minutes) * _MINUTE_US


def _empty(times: pl.Series) -> pl.Series | None:
    if not times.null_count():
        return None
    frame = times.alias("time").to_frame()
    return frame.select(pl.when(pl.col("time").is_null()).then(pl.lit("G020")))["literal"]


def _numbers(column: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    number = pl.col("number")
    whole = column.alias("number").cast(
        pl.Float64 if column.dtype.is_float() else pl.Int64, strict=False
    )
    made = whole.to_frame().select(
        pl.coalesce(
            pl.when(
                number.is_between(_FIRST_S * 1_000_000 / unit, _LAST_S * 1_000_000 / unit)
            ).then((number * unit).cast(pl.Int64, strict=False))
            for unit in _UNITS_US
        )
        .cast(TIME)
        .alias("time"),
        pl.lit(column.is_null()).alias("empty"),
    )  # fmt: skip
    ruled = made.with_columns(
        rule=pl.when("empty")
        .then(pl.lit("G020"))
        .when(pl.col("time").is_null())
        .then(pl.lit("G021"))
    )
    rules = ruled["rule"]
    return ruled["time"], (None if rules.null_count() == len(rules) else rules)


def _texts(unique: pl.Series, offset: int) -> pl.DataFrame:
    """Read each spelling once: text, time, rule."""
    frame = unique.alias("text").to_frame()
    stripped = pl.col("text").str.strip_chars()
    fields = frame.select(stripped.str.extract_groups(_TEXT).alias("a"))["a"].struct.unnest()
    compact = frame.select(stripped.str.extract_groups(_COMPACT).alias("a"))["a"].struct.unnest()
    parts = frame.with_columns(
        *(
            pl.coalesce(fields[name], compact[name]).alias(name)
            for name in ("year", "month", "day", "hour", "minute", "second")
        ),
        part=fields["part"],
        zone=fields["zone"],
        number=pl.when(stripped.str.contains(_NUMBER)).then(stripped),
    )
    seconds = _numbers(parts["number"].cast(pl.Float64))[0]
    made = parts.with_columns(time=pl.coalesce(_instant(offset), pl.lit(seconds)))
    empty = stripped.is_null() | (stripped == "")
    return made.select(
        "text",
        "time",
        rule=pl.when(empty)
        .then(pl.lit("G020"))
        .when(pl.col("time").is_not_null())
        .then(None)
        .when(stripped.str.contains(_DAY))
        .then(pl.lit("G022"))
        .otherwise(pl.lit("G021")),
    )


def _instant(offset: int) -> pl.Expr:
    """Put the parts of a time together; null where they are no day or no time of day."""
    hour, minute = pl.col("hour").cast(pl.Int32), pl.col("minute").cast(pl.Int32)
    second = pl.col("second").fill_null("0").cast(pl.Int32)
    part = pl.col("part").fill_null("").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64)
    day = pl.format(
        "{}-{}-{}", "year", pl.col("month").str.zfill(2), pl.col("day").str.zfill(2)
    ).str.to_date("%Y-%m-%d", strict=False)
    midnight = (hour == 24) & (minute == 0) & (second == 0) & (part == 0)
    fits = ((hour < 24) | midnight) & (minute < 60) & (second < 60)
    since = ((hour.cast(pl.Int64) * 60 + minute) * 60 + second) * 1_000_000 + part
    return pl.when(fits).then(
        (day.cast(pl.Datetime("us")).cast(pl.Int64) + since - _zone(offset)).cast(TIME)
    )


def _zone(offset: int) -> pl.Expr:
    """Take the offset of a time from its text, in microseconds."""
    zone = pl.col("zone")
    digits = zone.str.replace_all(r"[^0-9]", "").str.pad_end(4, "0")
    minutes = digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(
        2, 2
    ).cast(pl.Int64, strict=False)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    stated = pl.when(zone.str.contains("[A-Za-z]")).then(0).otherwise(sign * minutes * _MINUTE_US)
    # No clock is further than 14 hours from UTC.
    near = pl.when(stated.abs() <= 14 * 60 * _MINUTE_US).then(stated)
    return pl.when(zone.is_null()).then(offset).otherwise(near)
