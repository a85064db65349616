"""The table a verdict is asked on: one row a year, or a panel, and what is known of each."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl

from tanfeng.errors import Problem
from tanfeng.pathway import _input
from tanfeng.pathway._criteria import Series
from tanfeng.pathway._input import ROW
from tanfeng.pathway._rules import limits

_FLAGS = ("filled", "provisional")
_NEGATIVE = {
    "what_zh": "请填写排放量本身；碳汇、抵扣等请单列，不与排放相抵",
    "what_en": "Write the emission itself; keep sinks and credits apart, do not net them",
}
_EMPTY = {
    "what_zh": "请填写数值；没有数据的年份整行删除，不要写 0",
    "what_en": "Write the figure; leave out the row of a year without data, do not write 0",
}
_TWICE = {
    "what_zh": "请只保留一行；若为修订值，请在 published 列写明版次",
    "what_en": "Keep one row; where it is a revision, say of which edition in a column published",
}
_SHARE = {
    "what_zh": "请写成小数，90 % 写 0.9",
    "what_en": "Write it as a fraction: 90 % is 0.9",
}
#: Column -> lowest and highest it may be.
_RANGES = {"coverage": (0.0, 1.0), "uncertainty": (0.0, 2.0)}


class Years(NamedTuple):
    """A series by year and what it may rest on.

    Parameters
    ----------
    series : Series
        As it is judged.
    frame : polars.DataFrame
        year, emission, filled, provisional, coverage, uncertainty, members.
    told : frozenset of str
        Which of those the table says something of.
    same_factor : tuple of int
        Years in which all units of a panel grew by the same factor.
    units : (int, int)
        Units of a panel, and those there are in every year.
    constant : Series or None
        Sum of the latter; None where it is no panel.
    before : Series or None
        Figures as first published; None where nothing is said of editions.
    """

    series: Series
    frame: pl.DataFrame
    told: frozenset[str]
    same_factor: tuple[int, ...]
    units: tuple[int, int]
    constant: Series | None
    before: Series | None


def read_years(table: pl.DataFrame) -> Years:
    """Read a table of years; refuse it with every problem found."""
    rows = _read(table)
    told = {name for name in (*_FLAGS, *_RANGES) if name in table.columns}
    if "membership" in table.columns:
        told.add("members")
    panel, edited = "unit" in table.columns, "published" in table.columns
    ordered = rows.sort("unit", "year", "published", maintain_order=True)
    latest = ordered.unique(["unit", "year"], keep="last", maintain_order=True)
    first = ordered.unique(["unit", "year"], keep="first", maintain_order=True)
    same = _same_factor(latest) if panel else ()
    frame = _by_year(latest, same)
    told |= {"filled"} if same else set()
    revision = _revision(_by_year(first, same), frame) if edited else 0.0
    series = _series(frame, "uncertainty" in told, revision)
    count = frame.height
    always = latest.filter(pl.len().over("unit") == count)
    constant = _series(_by_year(always, same), "uncertainty" in told, revision)
    return Years(
        series=series,
        frame=frame,
        told=frozenset(told),
        same_factor=same,
        units=(latest["unit"].n_unique(), always["unit"].n_unique()),
        constant=constant if panel else None,
        before=_series(_by_year(first, same), False, revision) if edited else None,
    )


def _series(frame: pl.DataFrame, stated: bool, revision: float) -> Series:
    return Series(
        tuple(frame["year"].to_list()),
        frame["emission"].to_numpy(),
        frame["uncertainty"].to_numpy() if stated else None,
        revision,
    )


def _read(table: pl.DataFrame) -> pl.DataFrame:
    table = _input.with_rows(table, ["year", "emission"])
    year, found = _input.years(table)
    emission, told = _input.numbers(table, "emission")
    rows = table.select(
        ROW,
        year=year,
        emission=emission,
        **{
            name: _input.words(table, name) if name in table.columns else pl.lit("")
            for name in ("unit", "published", "membership")
        },
    )
    found += told
    wrong = {one.row for one in told}
    for row, value in rows.select(ROW, "emission").iter_rows():
        if value is None and row not in wrong:
            found.append(_input.problem("Y003", row, "emission", **_EMPTY))
        elif value is not None and value < 0.0:
            found.append(_input.problem("Y006", row, "emission", value=value, **_NEGATIVE))
    for name in _FLAGS:
        if name in table.columns:
            marks, told = _input.flags(table, name)
            rows, found = rows.with_columns(marks.alias(name)), found + told
        else:
            rows = rows.with_columns(pl.lit(False).alias(name))
    for name in _RANGES:
        values, told = _range(table, name)
        rows, found = rows.with_columns(values.alias(name)), found + told
    found += _input.repeated(rows, ["unit", "year", "published"], "year", **_TWICE)
    _input.refuse(found)
    return rows


def _range(table: pl.DataFrame, name: str) -> tuple[pl.Series, list[Problem]]:
    """Return a column of shares; a coverage that is not there is whole, an uncertainty unknown."""
    if name not in table.columns:
        return pl.Series(name, [1.0 if name == "coverage" else math.nan] * table.height), []
    values, found = _input.numbers(table, name)
    low, high = _RANGES[name]
    wrong = table.select(ROW).with_columns(value=values).filter(
        (pl.col("value") < low) | (pl.col("value") > high) | (pl.col("value") == 0.0)
    )  # fmt: skip
    found = found + [
        _input.problem("Y009", row, name, value=value, low=low, high=high, **_SHARE)
        for row, value in wrong.iter_rows()
    ]
    if name == "coverage":
        told = {one.row for one in found}
        empty = table.filter(values.is_null())[ROW].to_list()
        found += [_input.problem("Y003", row, name, **_SHARE) for row in empty if row not in told]
    return values.fill_null(math.nan), found


def _by_year(rows: pl.DataFrame, same: tuple[int, ...]) -> pl.DataFrame:
    """Sum the units of each year; what is known of the parts is weighted by their emission."""
    weight = pl.when(pl.col("emission").sum() > 0.0).then(pl.col("emission")).otherwise(1.0)
    share = limits()["filled_share_max"]
    return (
        rows.group_by("year")
        .agg(
            pl.col("emission").sum(),
            *(
                ((pl.col(name) * weight).sum() / weight.sum() > share).alias(name)
                for name in _FLAGS
            ),
            *((pl.col(name) * weight).sum() / weight.sum() for name in _RANGES),
            members=pl.col("membership").first(),
        )
        .sort("year")
        .with_columns(filled=pl.col("filled") | pl.col("year").is_in(list(same)))
    )


def _same_factor(rows: pl.DataFrame) -> tuple[int, ...]:
    """Return the years in which three units or more all grew by one factor."""
    tolerance = limits()["same_factor_tolerance"]
    growth = rows.with_columns(
        ratio=pl.col("emission") / pl.col("emission").shift(1).over("unit", order_by="year")
    ).filter(pl.col("ratio").is_finite())
    years = (
        growth.group_by("year")
        .agg(pl.len(), spread=pl.col("ratio").max() / pl.col("ratio").min() - 1.0)
        .filter((pl.col("len") >= 3) & (pl.col("spread") <= tolerance))
    )
    return tuple(sorted(years["year"].to_list()))


def _revision(first: pl.DataFrame, latest: pl.DataFrame) -> float:
    """Return what revisions make a difference of two years uncertain by, relative, at 95 %.

    Twice the root mean square of the relative revisions, times the root of two for a difference.
    """
    both = first.select("year", was="emission").join(latest.select("year", "emission"), on="year")
    moved = (both["emission"] / both["was"] - 1.0).to_numpy()
    moved = moved[np.isfinite(moved) & (moved != 0.0)]
    return 2.0 * math.sqrt(2.0 * float(np.mean(moved**2))) if len(moved) else 0.0
