"""What a table of readings must be before it is kept, and which row of a point and time holds."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import polars as pl

from tanfeng.metering._faults import ReadingsRefused
from tanfeng.metering.frames import GOOD, READINGS, TIME
from tanfeng.periods import FIRST_YEAR, LAST_YEAR, LOCAL

#: Columns a caller may leave out, and what stands there then.
_DEFAULTS = {"quality": GOOD, "source": ""}
_OFFSET = LOCAL.utcoffset(None)
_FIRST = datetime(FIRST_YEAR, 1, 1, tzinfo=LOCAL)
_AFTER_LAST = datetime(LAST_YEAR + 1, 1, 1, tzinfo=LOCAL)
#: Every row has these; a value that is not known is no reading.
_KEYS = ("point", "time", "value", "quality", "received", "batch")
#: Total order of rows: the last of a point and time is the one that holds.
_ORDER = ("point", "time", "received", "batch", "value", "quality", "source")


def readings_frame(
    readings: pl.DataFrame, *, batch: str | None = None, received: datetime | None = None
) -> pl.DataFrame:
    """Bring a frame to the columns and types of ``frames.READINGS`` or refuse it whole.

    Parameters
    ----------
    readings : polars.DataFrame
        At least ``point``, ``time`` and ``value``; ``quality`` is good and ``source`` empty where
        the column is absent.
    batch : str, optional
        Written over every row; without it the frame must have the column.
    received : datetime, optional
        When the readings became known, likewise.

    Returns
    -------
    polars.DataFrame
        Same rows in the same order.

    Raises
    ------
    ReadingsRefused
        With the first row that breaks a rule and the number of such rows.
    """
    given: dict[str, pl.Expr] = {}
    if batch is not None:
        _named("batch", batch)
        given["batch"] = pl.lit(batch, dtype=pl.String)
    if received is not None:
        given["received"] = pl.lit(instant("received", received), dtype=TIME)
    absent = {name: value for name, value in _DEFAULTS.items() if name not in readings.columns}
    given |= {name: pl.lit(value, dtype=READINGS[name]) for name, value in absent.items()}
    missing = [name for name in READINGS if name not in readings.columns and name not in given]
    strange = [name for name in readings.columns if name not in READINGS]
    if missing or strange:
        raise ReadingsRefused(
            f"a table of readings has the columns {', '.join(READINGS)}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(strange) or 'none'}",
            f"读数表的列为 {'、'.join(READINGS)}；"
            f"缺少：{'、'.join(missing) or '无'}；多余：{'、'.join(strange) or '无'}",
        )
    for name in {"time", "received"} - set(given):
        kind = readings.schema[name]
        if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
            raise ReadingsRefused(
                f"column {name} is {kind}, not a time with a zone; make it UTC before it is kept",
                f"{name} 列的类型为 {kind}，不是带时区的时间；请先换算为 UTC",
            )
    try:
        frame = readings.with_columns(**given).select(
            pl.col(name).dt.convert_time_zone("UTC").cast(kind)
            if kind == TIME
            else pl.col(name).cast(kind)
            for name, kind in READINGS.items()
        )
    except pl.exceptions.PolarsError as error:
        raise ReadingsRefused(
            f"a column of the readings has the wrong type: {error}", f"读数表的列类型不符：{error}"
        ) from error
    _check(frame)
    return frame


def _check(frame: pl.DataFrame) -> None:
    time_ = pl.col("time")
    broken = frame.select(
        **{name: pl.col(name).null_count() for name in _KEYS},
        nameless=(pl.col("point") == "").sum(),
        infinite=(~pl.col("value").is_finite()).sum(),
        early=(time_ < _FIRST).sum(),
        late=(time_ >= _AFTER_LAST).sum(),
    ).row(0, named=True)
    if not any(broken.values()):
        return
    bad = pl.any_horizontal(pl.col(name).is_null() for name in _KEYS)
    bad |= (pl.col("point") == "") | ~pl.col("value").is_finite()
    bad |= (time_ < _FIRST) | (time_ >= _AFTER_LAST)
    rows = frame.with_row_index("row", 1).filter(bad)
    first = rows.row(0, named=True)
    rule = (
        f"needs a point, a finite value, a time of {FIRST_YEAR} to {LAST_YEAR}, a quality, "
        "when it was received and its batch"
    )
    rule_zh = (
        f"须有计量点、有限数值、{FIRST_YEAR} 至 {LAST_YEAR} 年的时间、质量码、接收时间和批次号"
    )
    shown = ", ".join(f"{name}={first[name]}" for name in _KEYS)
    raise ReadingsRefused(
        f"{rows.height} rows are no readings, the first is row {first['row']} ({shown}): "
        f"a reading {rule}. Leave the row out, or mend it",
        f"{rows.height} 行不是读数，首行为第 {first['row']} 行（{shown}）："
        f"读数{rule_zh}。请剔除或更正",
    )


def _named(what: str, text: str) -> None:
    if not text:
        raise ReadingsRefused(f"{what} is empty; name it", f"{what} 为空，请填写")


def instant(what: str, moment: date | datetime) -> datetime:
    """Return an instant; a plain day means its last microsecond on the city's clock.

    Raises
    ------
    ReadingsRefused
        If a time has no zone.
    """
    if not isinstance(moment, datetime):
        after = datetime.combine(moment + timedelta(days=1), time(), LOCAL)
        return after - timedelta(microseconds=1)
    if moment.tzinfo is None:
        raise ReadingsRefused(
            f"{what} {moment} has no time zone; give UTC or local time with +08:00",
            f"{what} {moment} 没有时区；请给出 UTC 或带 +08:00 的本地时间",
        )
    return moment


def month_expr(column: str = "time") -> pl.Expr:
    """Return the local month of an instant as a number, ``year * 12 + month - 1``."""
    local = pl.col(column) + _OFFSET
    return local.dt.year().cast(pl.Int32) * 12 + local.dt.month().cast(pl.Int32) - 1


def month_name(number: int) -> str:
    """Return the partition of a month number, such as ``2026-11``."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_of(moment: datetime) -> str:
    """Return the partition an instant lies in."""
    return f"{moment.astimezone(LOCAL):%Y-%m}"


def month_span(name: str) -> tuple[datetime, datetime]:
    """Return the instants a partition begins and ends at."""
    year, month = int(name[:4]), int(name[5:])
    return (
        datetime(year, month, 1, tzinfo=LOCAL),
        datetime(year + month // 12, month % 12 + 1, 1, tzinfo=LOCAL),
    )


def day_start(day: date) -> datetime:
    """Return the first instant of a day on the city's clock."""
    return datetime.combine(day, time(), LOCAL)


def years_before(moment: datetime, years: int) -> datetime:
    """Return the same day some years earlier; 29 February becomes the 28th."""
    day = 28 if (moment.month, moment.day) == (2, 29) else moment.day
    return moment.replace(year=moment.year - years, day=day)


def by_month(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Cut a frame at the local months, the order of rows kept inside each."""
    numbers = frame.select(month=month_expr())["month"]
    months = sorted(numbers.unique().to_list())
    if len(months) == 1:
        return [(month_name(months[0]), frame)]
    return [(month_name(number), frame.filter(numbers == number)) for number in months]


def one_per_batch(frame: pl.DataFrame) -> pl.DataFrame:
    """Sort for a file; a batch that states one point and time twice is taken at its last row.

    Parameters
    ----------
    frame : polars.DataFrame
        ``frames.READINGS``, rows in the order they were given.

    Returns
    -------
    polars.DataFrame
        Sorted by point, time, received and batch, which together are unique.
    """
    keys = ["point", "time", "received", "batch"]
    ordered = frame.sort(keys, maintain_order=True)
    last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in keys)
    return ordered.filter(last.fill_null(value=True))


def merged(frame: pl.DataFrame) -> pl.DataFrame:
    """Sort rows of several files for one; rows equal in every column are one."""
    ordered = frame.sort(_ORDER)
    first = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in _ORDER)
    return ordered.filter(first)


def holding(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep of each point and time the row with the greatest (received, batch), sorted.

    Parameters
    ----------
    frame : polars.DataFrame
        ``frames.READINGS``, any order.

    Returns
    -------
    polars.DataFrame
        One row per point and time, sorted by both.
    """
    ordered = frame.sort(_ORDER)
    last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in ("point", "time"))
    return ordered.filter(last.fill_null(value=True))
