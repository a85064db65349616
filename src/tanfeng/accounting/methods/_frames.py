"""What the rows of a form must look like before they are computed; every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import polars as pl

from tanfeng.accounting.methods._declare import Input, Kind, Method
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
_TOLD = 1000


def checked(
    frames: Mapping[str, pl.DataFrame], methods: Mapping[str, Method]
) -> dict[str, pl.DataFrame]:
    """Return the frames that have rows, with the types of ``ROW_SCHEMA``.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Key of a kind -> its rows.
    methods : mapping of str to Method
        The methods the rows may name.

    Raises
    ------
    ModelError
        If a frame lacks a column, has one the kind does not know, or two rows share a number.
    DataError
        With every row that names something unknown or holds a value outside its range.
    """
    kinds = {
        kind.key: kind
        for method in methods.values()
        for stream in method.streams
        for kind in stream.kinds
    }
    known = _known(methods)
    problems: list[Problem] = []
    result = {}
    for key, frame in frames.items():
        if frame.is_empty():
            continue
        if key not in kinds:
            raise ModelError(f"no stream of the methods is computed by {key!r}")
        typed = _typed(frame, kinds[key])
        found = _unknown(typed, key, known)
        problems += found or [*_out_of_range(typed, kinds[key])]
        result[key] = typed
    _refuse_repeats(result)
    if problems:
        raise DataError(problems)
    return result


def streams_of(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all kinds, without their values, in the order of their numbers."""
    parts = [
        frame.select(*ROW_SCHEMA, kind=pl.lit(key, dtype=pl.Categorical()))
        for key, frame in frames.items()
    ]
    if not parts:
        return pl.DataFrame(schema={**ROW_SCHEMA, "kind": pl.Categorical()})
    return pl.concat(parts).sort("activity_id")


def _typed(frame: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    missing = [name for name in ROW_SCHEMA if name not in frame.columns]
    extra = [name for name in frame.columns if name not in ROW_SCHEMA and name not in kind.inputs]
    if missing or extra:
        raise ModelError(f"rows of {kind.key}: columns {missing} are missing, {extra} unknown")
    inputs = [pl.col(name).cast(pl.Float64) for name in frame.columns if name in kind.inputs]
    return frame.select(*(pl.col(name).cast(dtype) for name, dtype in ROW_SCHEMA.items()), *inputs)


def _known(methods: Mapping[str, Method]) -> pl.DataFrame:
    """Every method, stream, kind and material there is."""
    rows = [
        (method.key, stream.key, kind.key, item.key)
        for method in methods.values()
        for stream in method.streams
        for kind in stream.kinds
        for item in stream.items
        if kind.takes(item)
    ]
    names = ("method", "stream", "kind", "item")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Categorical()), orient="row")


def _unknown(frame: pl.DataFrame, kind: str, known: pl.DataFrame) -> list[Problem]:
    allowed = known.filter(pl.col("kind") == kind).drop("kind")
    strange = frame.join(allowed, on=["method", "stream", "item"], how="anti")
    tiers = frame.filter(~pl.col("tier").cast(pl.String).is_in(TIERS))
    return [
        *(
            Problem(
                rule="M001",
                severity="error",
                message_zh=f"方法 {row['method']} 的排放源 {row['stream']} 没有按“{kind}”计算的"
                f"物料 {row['item']}",
                message_en=f"stream {row['stream']} of method {row['method']} knows no material "
                f"{row['item']} computed by {kind}",
                remedy_zh="请从模板的下拉列表中选择方法、排放源和物料。",
                remedy_en="Choose method, stream and material from the lists of the template.",
                row=row["activity_id"],
                column="item",
                value=str(row["item"]),
            )
            for row in strange.head(_TOLD).iter_rows(named=True)
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
            for row in tiers.head(_TOLD).iter_rows(named=True)
        ),
    ]


def _out_of_range(frame: pl.DataFrame, kind: Kind) -> Iterable[Problem]:
    inputs = {name: one for name, one in kind.inputs.items() if name in frame.columns}
    outside = {
        name: ~pl.col(name).is_between(one.low, one.high)
        | pl.col(name).is_nan()
        | pl.col(name).is_infinite()
        for name, one in inputs.items()
    }
    # One look over all columns: nearly always nothing is wrong.
    any_outside = frame.select(wrong.any().alias(name) for name, wrong in outside.items())
    for name, one in inputs.items():
        if any_outside[name].item():
            for row in frame.filter(outside[name]).head(_TOLD).iter_rows(named=True):
                yield _range_problem(row["activity_id"], row[name], one)


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


def _refuse_repeats(frames: Mapping[str, pl.DataFrame]) -> None:
    numbers = [frame["activity_id"] for frame in frames.values()]
    if numbers and pl.concat(numbers).is_duplicated().any():
        raise ModelError("two rows share an activity_id")
