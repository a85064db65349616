"""What the rows of a form must look like before they are computed; every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl

from tanfeng.accounting.methods._declare import Input, Kind, Stream
from tanfeng.errors import DataError, ModelError, Problem
from tanfeng.trace import TIERS

#: Columns every kind's frame starts with.
ROW_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "activity_id": pl.Int64(),
        "org_code": pl.Categorical(),
        "unit": pl.Categorical(),
        "year": pl.Int32(),
        "month": pl.Int8(),
        "method": pl.Categorical(),
        "stream": pl.Categorical(),
        "item": pl.Categorical(),
        "tier": pl.Categorical(),
    }
)
#: What a factor of a row is chosen by.
SLOT_KEYS = ("method", "stream", "item", "year", "kind")
#: What tells one row of an account from another, in another account too.
PAIR_KEYS = ("org_code", "unit", "year", "month", "stream", "item")
#: A row that was kept out.
REFUSED_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {name: ROW_SCHEMA[name] for name in PAIR_KEYS}
)
GAP_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        **ROW_SCHEMA,
        "column": pl.String(),
        "symbol": pl.String(),
        "reason": pl.String(),
        "value": pl.Float64(),
    }
)
#: Problems told one by one; more of one sort are counted.
_MOST = 1000


class Rows(NamedTuple):
    """Rows that may be computed.

    Parameters
    ----------
    frames : dict of str to polars.DataFrame
        Key of a kind -> its rows, with the types of ``ROW_SCHEMA``.
    heads : polars.DataFrame
        The rows of all frames one after the other, without their values; ``kind``, and ``slot``,
        a row of ``slots``.
    slots : polars.DataFrame
        Distinct ``SLOT_KEYS``; those of one kind follow each other.
    """

    frames: dict[str, pl.DataFrame]
    heads: pl.DataFrame
    slots: pl.DataFrame

    @property
    def streams(self) -> pl.DataFrame:
        """The heads in the order of their numbers."""
        return self.heads.select(*ROW_SCHEMA, "kind").sort("activity_id")


def checked(frames: Mapping[str, pl.DataFrame], streams: Mapping[tuple[str, str], Stream]) -> Rows:
    """Return the rows of the frames that have any, with the types of ``ROW_SCHEMA``.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Key of a kind -> its rows.
    streams : mapping of (str, str) to Stream
        Keys of a method and of a stream -> the stream the rows may name.

    Raises
    ------
    ModelError
        If a frame lacks a column, has one the kind does not know, or two rows share a number.
    DataError
        With every row that names something unknown or holds a value outside its range.
    """
    kinds = {kind.key: kind for stream in streams.values() for kind in stream.kinds}
    typed = {}
    for key, frame in frames.items():
        if frame.is_empty():
            continue
        if key not in kinds:
            raise ModelError(f"no stream of the methods is computed by {key!r}")
        typed[key] = _typed(frame, kinds[key])
    rows = _rows(typed)
    if rows.heads["activity_id"].n_unique() < rows.heads.height:
        raise ModelError("two rows share an activity_id")
    unknown = _unknown(rows, streams)
    problems: list[Problem] = []
    for key, frame in typed.items():
        found = _told(unknown.filter(pl.col("kind") == key)) if unknown.height else []
        problems += found or _out_of_range(frame, kinds[key])
    if problems:
        raise DataError(problems)
    return rows


def _rows(frames: dict[str, pl.DataFrame]) -> Rows:
    """Put the heads of all frames together and number what they name."""
    parts = [
        frame.select(*ROW_SCHEMA, kind=pl.lit(key, dtype=pl.Categorical()))
        for key, frame in frames.items()
    ]
    if not parts:
        empty = pl.DataFrame(schema={**ROW_SCHEMA, "kind": pl.Categorical(), "slot": pl.UInt32()})
        return Rows(frames, empty, empty.select(*SLOT_KEYS))
    heads = pl.concat(parts)
    slots = heads.select(SLOT_KEYS).unique(maintain_order=True)
    numbered = slots.with_row_index("slot")
    return Rows(
        frames,
        heads.join(numbered, on=SLOT_KEYS, how="left", nulls_equal=True, maintain_order="left"),
        slots,
    )


def _typed(frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    missing = [name for name in ROW_SCHEMA if name not in frame.columns]
    extra = [name for name in frame.columns if name not in ROW_SCHEMA and name not in kind.inputs]
    if missing or extra:
        raise ModelError(f"rows of {kind.key}: columns {missing} are missing, {extra} unknown")
    inputs = [pl.col(name).cast(pl.Float64) for name in frame.columns if name in kind.inputs]
    return frame.select(*(pl.col(name).cast(dtype) for name, dtype in ROW_SCHEMA.items()), *inputs)


def _unknown(rows: Rows, streams: Mapping[tuple[str, str], Stream]) -> pl.DataFrame:
    """Return the heads that name something unknown, with ``strange`` and ``odd`` tier."""
    strange = [
        place
        for place, (method, stream, item, _year, kind) in enumerate(rows.slots.iter_rows())
        if not _knows(streams.get((method, stream)), kind, item)
    ]
    odd = set(rows.heads["tier"].unique().to_list()) - {*TIERS, None}
    if not strange and not odd:
        return rows.heads.clear()
    return rows.heads.with_columns(
        strange=pl.col("slot").is_in(strange), odd=pl.col("tier").cast(pl.String).is_in(odd)
    ).filter(pl.col("strange") | pl.col("odd"))


def _knows(stream: Stream | None, kind: str, item: str) -> bool:
    """Tell whether a stream knows a material computed in this way."""
    return stream is not None and any(
        one.key == kind and one.takes(material)
        for one in stream.kinds
        for material in stream.items
        if material.key == item
    )


def _told(unknown: pl.DataFrame) -> list[Problem]:
    """Word what rows of one kind name that is unknown."""
    return [
        *(
            Problem(
                rule="M001",
                severity="error",
                message_zh=f"方法 {row['method']} 的排放源 {row['stream']} 没有按“{row['kind']}”"
                f"计算的物料 {row['item']}",
                message_en=f"stream {row['stream']} of method {row['method']} knows no material "
                f"{row['item']} computed by {row['kind']}",
                remedy_zh="请从模板的下拉列表中选择方法、排放源和物料。",
                remedy_en="Choose method, stream and material from the lists of the template.",
                row=row["activity_id"],
                column="item",
                value=str(row["item"]),
            )
            for row in unknown.filter("strange").head(_MOST).iter_rows(named=True)
        ),
        *(
            Problem(
                rule="M002",
                severity="error",
                message_zh=f"数据质量“{row['tier']}”不在 {'、'.join(TIERS)} 之中",
                message_en=f"data quality {row['tier']!r} is none of {', '.join(TIERS)}",
                row=row["activity_id"],
                column="tier",
                value=str(row["tier"]),
            )
            for row in unknown.filter("odd").head(_MOST).iter_rows(named=True)
        ),
    ]


def _out_of_range(frame: pl.DataFrame, kind: Kind) -> list[Problem]:
    return [
        _range_problem(row["activity_id"], row[name], one)
        for name, one in kind.inputs.items()
        if name in frame.columns and _any_outside(frame[name], one)
        for row in frame.filter(
            ~pl.col(name).is_between(one.low, one.high)
            | pl.col(name).is_nan()
            | pl.col(name).is_infinite()
        )
        .head(_MOST)
        .iter_rows(named=True)
    ]


def _any_outside(column: pl.Series, one: Input) -> bool:
    """Look over a column first: nearly always nothing is wrong."""
    values = column.to_numpy()  # empty is nan
    if np.count_nonzero(np.isnan(values)) > column.null_count():
        return True
    return bool(((values < one.low) | (values > one.high) | np.isinf(values)).any())


def _range_problem(row: int, value: float, one: Input) -> Problem:
    fraction = one.unit == "%" and 0 <= value <= 1
    return Problem(
        rule="M003",
        severity="error",
        message_zh=f"{one.name_zh} {one.symbol} = {value:g} {one.unit} 不在 {one.low:g} 至 "
        f"{one.high:g} 之间",
        message_en=f"{one.name_en} {one.symbol} = {value:g} {one.unit} is outside {one.low:g} to "
        f"{one.high:g}",
        remedy_zh="该项以百分数填报，请核对是否误填为小数。" if fraction else "请核对数值和单位。",
        remedy_en="It is stated in percent; was a fraction entered?"
        if fraction
        else "Check the value and its unit.",
        row=row,
        column=one.column,
        heading=one.name_zh,
        value=f"{value:g}",
        suggestion=f"{value * 100:g}" if fraction else "",
    )
