"""From the columns of a file to point, time, value and quality, whatever they are called.

A file is long (a row per reading) or wide (time in the first column, a column per point).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from tanfeng.errors import Problem
from tanfeng.gateway._reading_rules import refusal

#: Field -> headings met, folded: small letters, without spaces, underscores and brackets.
_HEADINGS: Mapping[str, str] = {
    "point": "point pointid pointno pointcode pointname meter meterid meterno metercode metername "
    "tag tagname tagid 计量点 计量点编号 计量点编码 计量点号 计量点名称 计量点标识 点位 点位编号 "
    "点位编码 点号 测点 测点编号 测点编码 测点名称 采集点 采集点编号 采集点编码 数据点 表号 表计 "
    "表计号 表计编号 电表号 电表编号 水表号 气表号 仪表号 仪表编号 设备编号 设备号",
    "time": "time timestamp datetime ts eventtime readingtime readtime at 时间 时刻 时标 时间戳 "
    "日期时间 采集时间 数据时间 抄表时间 读数时间 记录时间 冻结时间 上报时间",
    "day": "date day 日期 采集日期 数据日期 抄表日期",
    "value": "value val v reading register registervalue 读数 示值 示数 表码 表底 底数 止码 数值 "
    "值 采集值 数据值 累计值 累积值 累计量 电表示数 电表读数 正向有功总 正向有功示值 "
    "正向有功总电能 正向有功电能示值",
    "quality": "quality qualitycode q 质量 质量码 质量位 质量标识 数据质量 数据质量码",
}
_DROPPED = re.compile(r"[\s_\-·]|[(（\[【][^)）\]】]{0,40}[)）\]】]")
_MOST_HEADINGS_TOLD = 12


@dataclass(slots=True)
class Table:
    """A file as columns.

    Parameters
    ----------
    headings : sequence of str
        As they stand in the file.
    columns : sequence of polars.Series
        One per heading, all of one length.
    rows : polars.Series
        Row of the file by row of the columns, counted from 1.
    lettered : bool
        Whether people know the columns by letter.
    problems : list of Problem
        Found while reading.
    bad : list of int
        Rows of the columns that cannot be used.
    """

    headings: Sequence[str]
    columns: Sequence[pl.Series]
    rows: pl.Series
    lettered: bool = False
    problems: list[Problem] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Long:
    """Readings as they stand in the file, a row each.

    Parameters
    ----------
    frame : polars.DataFrame
        row (of the file), point, time, value, quality (where there is one); all but row as read.
    places : mapping
        Field -> letter and heading of its column.
    wide : mapping
        Of a wide file: point -> letter and heading of its column.
    rows : int
        Rows of the file.
    problems : tuple of Problem
        Found so far.
    """

    frame: pl.DataFrame
    places: Mapping[str, tuple[str, str]]
    wide: Mapping[str, tuple[str, str]]
    rows: int
    problems: tuple[Problem, ...] = ()


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    return {word: field for field, words in _HEADINGS.items() for word in words.split()}


def fold(heading: str) -> str:
    """Return a heading without what does not matter."""
    return _DROPPED.sub("", heading.strip().strip("\ufeff\"'")).lower()


def fields(headings: Sequence[str]) -> dict[str, int]:
    """Return which column is which field; empty when the headings are no headings of readings."""
    known, found = _known(), {}
    for at, heading in enumerate(headings):
        name = known.get(fold(heading))
        if name and name not in found:
            found[name] = at
    if "time" not in found and "day" in found:
        found["time"] = found.pop("day")  # a day with its time in one cell
    if "time" not in found:
        return {}
    if {"point", "value"} <= found.keys():
        return found
    wide = found.keys() <= {"time", "day"} and found["time"] <= 1 and len(headings) > len(found)
    return found if wide else {}


def arrange(table: Table) -> Long:
    """Make a row of every reading.

    Raises
    ------
    DataError
        If the headings do not tell what the columns are.
    """
    found = fields(table.headings)
    if not found:
        told = "、".join(repr(h) for h in table.headings[:_MOST_HEADINGS_TOLD])
        raise refusal("G004", value=told)
    places = {name: _place(table, at) for name, at in found.items()}
    time = table.columns[found["time"]]
    if "day" in found and not _dated(time):
        day = table.columns[found["day"]]
        time = pl.select(
            pl.concat_str(
                [pl.lit(day.cast(pl.String)), pl.lit(time.cast(pl.String))], separator=" "
            )
        ).to_series()
    keep = pl.Series(range(len(table.rows))).is_in(table.bad).not_() if table.bad else None
    if "value" in found:
        columns = {name: table.columns[found[name]] for name in ("point", "value")}
        if "quality" in found:
            columns["quality"] = table.columns[found["quality"]]
        frame = pl.DataFrame({"row": table.rows, "time": time, **columns})
        wide: dict[str, tuple[str, str]] = {}
    else:
        frame, wide = _unpivoted(table, found, time, keep)
        keep = None
    if keep is not None:
        frame = frame.filter(keep)
    return Long(frame, places, wide, len(table.rows), tuple(table.problems))


def _dated(time: pl.Series) -> bool:
    """Tell whether a column of times has the day in it already."""
    if time.dtype != pl.String:
        return isinstance(time.dtype, pl.Datetime) or time.dtype.is_numeric()
    first = time.drop_nulls().head(1).str.strip_chars()
    return bool(first.str.contains(r"^(?:\d{4}[-/.年]|\d{8})").any())


def _unpivoted(
    table: Table, found: Mapping[str, int], time: pl.Series, keep: pl.Series | None
) -> tuple[pl.DataFrame, dict[str, tuple[str, str]]]:
    names = [h.strip().strip("\ufeff") for h in table.headings]
    points = [at for at, name in enumerate(names) if name and at not in found.values()]
    twice = next(
        (names[at] for n, at in enumerate(points) if names[at] in [names[p] for p in points[:n]]),
        "",
    )
    if twice:
        raise refusal("G005", value=twice)
    numeric = all(table.columns[at].dtype.is_numeric() for at in points)
    kind = pl.Float64 if numeric else pl.String
    frame = pl.DataFrame(
        {
            "\0row": table.rows,
            "\0time": time,
            **{names[at]: table.columns[at].cast(kind) for at in points},
        }
    )
    if keep is not None:
        frame = frame.filter(keep)
    long = frame.unpivot(
        [names[at] for at in points],
        index=["\0row", "\0time"],
        variable_name="point",
        value_name="value",
    ).rename({"\0row": "row", "\0time": "time"})
    there = pl.col("value").is_not_null()  # an empty cell is a reading that was not made
    if not numeric:
        there &= pl.col("value").str.strip_chars() != ""
    return long.filter(there), {names[at]: _place(table, at) for at in points}


def _place(table: Table, at: int) -> tuple[str, str]:
    heading = table.headings[at].strip().strip("\ufeff")
    if not table.lettered:
        return "", heading
    from tanfeng.sheets import letter  # a room of its own; what is not lettered needs none of it

    return letter(at), heading
