"""Tables as people send them: columns, numbers and repeated rows judged all at once.

Every function gives the problems it found beside what it could read; the caller raises them
together. Rows are named as the person sees them: by ``source_row`` where the table has it, else
counted from 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from tanfeng.errors import DataError, Problem

#: Column that says on which row of a file something stands.
ROW = "source_row"
#: Columns beside the levels of a long table: its own, and what people note down there.
_NO_LEVELS = frozenset(
    {"year", "factor", "value", ROW, "unit", "note", "remark", "source", "单位", "备注", "来源"}
)
#: Words people write into yes-or-no columns.
_YES = ("true", "1", "1.0", "yes", "y", "t", "是", "√")
_NO = ("false", "0", "0.0", "no", "n", "f", "否", "×")


class Rule(NamedTuple):
    """What is wrong and what to do; ``{value}`` and others are filled in."""

    message_zh: str
    message_en: str
    remedy_zh: str
    remedy_en: str


RULES: dict[str, Rule] = {
    "Y001": Rule(
        "缺少列“{value}”；表中有：{there}",
        "there is no column {value!r}; the table has {there}",
        "请补上该列；列名见说明",
        "Add the column; the method page lists the names",
    ),
    "Y002": Rule(
        "“{value}”不是数",
        "{value!r} is no number",
        "请填写普通数字，不带单位、千分位或文字",
        "Write a plain number without unit, thousands mark or words",
    ),
    "Y003": Rule("没有填写", "the cell is empty", "{what_zh}", "{what_en}"),
    "Y004": Rule(
        "“{value}”不是 1900 至 2200 之间的整数年份",
        "{value!r} is no whole year between 1900 and 2200",
        "请填写四位年份，例如 2024",
        "Write the year with four digits, for example 2024",
    ),
    "Y005": Rule(
        "与第 {other} 行重复：{value}",
        "this repeats row {other}: {value}",
        "{what_zh}",
        "{what_en}",
    ),
    "Y006": Rule("数值 {value} 为负", "the value {value} is negative", "{what_zh}", "{what_en}"),
    "Y007": Rule(
        "“{value}”不是“是”或“否”",
        "{value!r} is neither yes nor no",
        "请填写 是/否、true/false 或 1/0",
        "Write yes/no, true/false or 1/0",
    ),
    "Y008": Rule("表中没有数据行", "the table has no row", "请填写数据", "Fill the table in"),
    "Y009": Rule(
        "数值 {value} 不在 {low} 至 {high} 之间",
        "the value {value} is not between {low} and {high}",
        "{what_zh}",
        "{what_en}",
    ),
}


def problem(
    code: str,
    row: int | None,
    heading: str,
    rules: Mapping[str, Rule] = RULES,
    /,
    **words: object,
) -> Problem:
    """Return an error of a rule about a cell."""
    rule = rules[code]
    zh, en, do_zh, do_en = (text.format(**words) for text in rule)
    value = words.get("value")
    return Problem(
        rule=code,
        severity="error",
        message_zh=zh,
        message_en=en,
        remedy_zh=do_zh,
        remedy_en=do_en,
        row=row,
        heading=heading,
        value="" if value is None else str(value),
    )


def levels_of(frame: pl.DataFrame) -> list[str]:
    """Return the columns of a long table that name a cell."""
    return [name for name in frame.columns if name not in _NO_LEVELS]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise every problem found, by row; do nothing when there is none."""
    found = sorted(problems, key=lambda one: (one.row or 0, one.rule, one.heading))
    if found:
        raise DataError(found)


def with_rows(frame: pl.DataFrame, needed: Sequence[str]) -> pl.DataFrame:
    """Return the table with its row numbers; refuse one without a needed column or any row."""
    there = ", ".join(frame.columns)
    lacking = [name for name in needed if name not in frame.columns]
    refuse(problem("Y001", None, name, value=name, there=there) for name in lacking)
    refuse([problem("Y008", None, "")] if frame.is_empty() else [])
    return frame if ROW in frame.columns else frame.with_row_index(ROW, offset=1)


def numbers(frame: pl.DataFrame, name: str) -> tuple[pl.Series, list[Problem]]:
    """Return a column as finite numbers, null where the cell is empty or wrong."""
    raw = frame[name]
    if raw.dtype.is_numeric():
        read = raw.cast(pl.Float64)
        if not np.isfinite(read.to_numpy()).all():  # a null is nan there
            return _finite(frame, name, raw, read)
        return read, []
    text = raw.cast(pl.String).str.strip_chars()
    text = text.set(text == "", None)
    return _finite(frame, name, text, text.cast(pl.Float64, strict=False))


def _finite(
    frame: pl.DataFrame, name: str, raw: pl.Series, read: pl.Series
) -> tuple[pl.Series, list[Problem]]:
    good = read.is_finite().fill_null(False)
    wrong = frame.select(ROW).with_columns(raw=raw).filter(raw.is_not_null() & ~good)
    found = [problem("Y002", row, name, value=value) for row, value in wrong.iter_rows()]
    return read.set(~good, None), found


def years(frame: pl.DataFrame, name: str = "year") -> tuple[pl.Series, list[Problem]]:
    """Return a column of years, null where the cell is wrong."""
    column = frame[name]
    if column.dtype.is_integer() and column.is_between(1900, 2200).all(ignore_nulls=False):
        return column.cast(pl.Int32), []
    read, _told = numbers(frame, name)
    good = ((read >= 1900) & (read <= 2200) & (read == read.floor())).fill_null(False)
    wrong = frame.select(ROW, pl.col(name)).filter(~good)
    found = [
        problem("Y004", row, name, value="" if value is None else value)
        for row, value in wrong.iter_rows()
    ]
    return read.set(~good, None).cast(pl.Int32), found


def flags(frame: pl.DataFrame, name: str) -> tuple[pl.Series, list[Problem]]:
    """Return a yes-or-no column; an empty cell is a no."""
    text = frame[name].cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("")
    yes, no = text.is_in(_YES), text.is_in([*_NO, ""])
    wrong = frame.select(ROW, pl.col(name)).filter(~(yes | no))
    return yes, [problem("Y007", row, name, value=value) for row, value in wrong.iter_rows()]


def words(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column of names without spaces around them; empty where there is none."""
    column = pl.col(name) if frame.schema[name] == pl.String else pl.col(name).cast(pl.String)
    return column.str.strip_chars().fill_null("")


def repeated(
    frame: pl.DataFrame, keys: Sequence[str], heading: str, what_zh: str, what_en: str
) -> list[Problem]:
    """Return a problem for each row whose keys stand on an earlier row."""
    if frame.select(keys).n_unique() == frame.height:
        return []
    doubled = frame.filter(pl.struct(keys).is_duplicated())
    first: dict[tuple[object, ...], int] = {}
    found = []
    for row in doubled.sort(ROW).iter_rows(named=True):
        key = tuple(row[name] for name in keys)
        other = first.setdefault(key, row[ROW])
        if other != row[ROW]:
            shown = ", ".join(str(part) for part in key if part not in ("", None))
            told = {"value": shown, "other": other, "what_zh": what_zh, "what_en": what_en}
            found.append(problem("Y005", row[ROW], heading, **told))
    return found


def long_rows(table: pl.DataFrame, levels: Sequence[str]) -> tuple[pl.DataFrame, list[Problem]]:
    """Return row, levels, factor, year and value of a long table, and what is wrong with them."""
    table = with_rows(table, [*levels, "year", "factor", "value"])
    year, of_years = years(table)
    value, of_values = numbers(table, "value")
    names = (words(table, name).alias(name) for name in (*levels, "factor"))
    return table.select(ROW, *names, year=year, value=value), of_years + of_values
