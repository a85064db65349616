"""Choose the value of a parameter among what was measured, calculated or told by a supplier.

A form may bring several candidates for one parameter of one row: a laboratory's test, a value
calculated from something else, a supplier's sheet. Each is looked at by the same rules; the best
one that stands is taken, and every candidate is kept with the rule that took or passed it over.
Where none stands, the default of the method steps in, or nothing does and the row is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from tanfeng.accounting.methods._declare import PARAMETER_TIERS, Method
from tanfeng.accounting.methods._frames import Rows
from tanfeng.errors import ModelError

CANDIDATE_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "activity_id": pl.Int64(),
        "column": pl.Categorical(),
        "value": pl.Float64(),
        "tier": pl.Categorical(),
        "sample_date": pl.Date(),
        "test_date": pl.Date(),
        "laboratory": pl.String(),
        "accredited": pl.Boolean(),
        "evidence": pl.String(),
    }
)
CHOICE_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {**CANDIDATE_SCHEMA, "chosen": pl.Boolean(), "rule": pl.Categorical()}
)


class Rule(NamedTuple):
    """Why a candidate was taken or passed over, in both languages."""

    zh: str
    en: str


#: Rules in the order they are looked at.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "no_value": Rule("没有数值或不是有限数", "no value, or not a finite number"),
        "out_of_range": Rule("超出该参数的合理范围", "outside the range of the parameter"),
        "test_before_sample": Rule("检测日期早于采样日期", "tested before it was sampled"),
        "sample_outside_period": Rule(
            "采样日期不在核算期内", "sampled outside the accounting period"
        ),
        "not_accredited": Rule(
            "该参数要求由有资质的实验室检测", "the parameter wants an accredited laboratory"
        ),
        "tested_late": Rule(
            "采样至检测超过规定天数", "more days between sample and test than allowed"
        ),
        "form_wins": Rule("填报表中已直接给出数值", "the row of the form states the value itself"),
        "lower_tier": Rule(
            "有级别更高的来源（实测、计算、供应商）",
            "a better source stands (measured, calculated, supplier)",
        ),
        "older_test": Rule("同级别中有更近的检测", "a newer test of the same tier stands"),
        "best": Rule("符合规则的候选中级别最高、最近", "the best and newest one that stands"),
    }
)


def choose(
    rows: Rows,
    candidates: pl.DataFrame,
    methods: Mapping[str, Method],
) -> tuple[Rows, pl.DataFrame]:
    """Put the best candidate of every parameter into the rows.

    Parameters
    ----------
    rows : Rows
        Checked rows.
    candidates : polars.DataFrame
        Columns of ``CANDIDATE_SCHEMA``; ``column`` is the input it is for, ``value`` in its unit.
    methods : mapping of str to Method
        The methods the rows name.

    Returns
    -------
    tuple of Rows and polars.DataFrame
        The rows with the chosen values, and every candidate with ``chosen`` and ``rule``.

    Raises
    ------
    ModelError
        If a candidate is for a row or a column that is not there, or its tier is unknown.
    """
    typed = candidates.select(
        *(pl.col(name).cast(dtype) for name, dtype in CANDIDATE_SCHEMA.items())
    ).with_row_index("order")
    _refuse_strangers(typed, rows.heads)
    judged = _judged(typed, rows, methods)
    taken = judged.filter("chosen").select("activity_id", "column", "value")
    filled = {}
    for kind, frame in rows.frames.items():
        for column in taken["column"].cast(pl.String).unique(maintain_order=True):
            values = taken.filter(pl.col("column") == column).select(
                "activity_id", pl.col("value").alias("_chosen")
            )
            if frame.join(values, on="activity_id", how="semi").is_empty():
                continue
            frame = frame.join(values, on="activity_id", how="left", maintain_order="left")
            own = pl.col(column) if column in frame.columns else pl.lit(None, dtype=pl.Float64)
            frame = frame.with_columns(pl.coalesce(own, "_chosen").alias(column)).drop("_chosen")
        filled[kind] = frame
    return rows._replace(frames=filled), judged.select(*CHOICE_SCHEMA)


def _refuse_strangers(candidates: pl.DataFrame, heads: pl.DataFrame) -> None:
    strange = candidates.join(heads, on="activity_id", how="anti", maintain_order="left")
    if strange.height:
        raise ModelError(f"candidates for unknown rows {strange['activity_id'].head(10).to_list()}")
    tiers = set(candidates["tier"].cast(pl.String).unique()) - set(PARAMETER_TIERS[:-1])
    if tiers:
        raise ModelError(f"candidates of unknown tier {sorted(map(str, tiers))}")


def _judged(
    candidates: pl.DataFrame,
    rows: Rows,
    methods: Mapping[str, Method],
) -> pl.DataFrame:
    keys = ["method", "stream", "kind", "column"]
    looked = (
        candidates.join(
            rows.streams, on="activity_id", how="left", suffix="_row", maintain_order="left"
        )
        .join(_demands(methods), on=keys, how="left", maintain_order="left")
        .join(_stated(rows.frames), on=["activity_id", "column"], how="left", maintain_order="left")
    )
    unknown = looked.filter(pl.col("low").is_null())
    if unknown.height:
        named = unknown.select("kind", "column").unique().rows()
        raise ModelError(f"candidates for inputs the kind does not have: {named}")
    tier_rank = (
        pl.col("tier")
        .cast(pl.String)
        .replace_strict(
            {tier: place for place, tier in enumerate(PARAMETER_TIERS)}, return_dtype=pl.UInt8
        )
    )
    ranked = looked.with_columns(rule=_broken_rule(), tier_rank=tier_rank).sort(
        "activity_id",
        "column",
        pl.col("rule").is_not_null(),
        "tier_rank",
        pl.col("test_date"),
        "order",
        descending=[False, False, False, False, True, False],
        nulls_last=True,
    )
    group = ["activity_id", "column"]
    first = pl.int_range(pl.len()).over(group) == 0
    best = pl.col("tier_rank").first().over(group)
    stands = pl.col("rule").is_null()
    return (
        ranked.with_columns(
            chosen=stands & first,
            rule=pl.coalesce(
                "rule",
                pl.when(first)
                .then(pl.lit("best"))
                .when(pl.col("tier_rank") > best)
                .then(pl.lit("lower_tier"))
                .otherwise(pl.lit("older_test")),
            ),
        )
        .with_columns(pl.col("rule").cast(pl.Categorical))
        .sort("order")
    )


def _broken_rule() -> pl.Expr:
    """Name the first rule a candidate breaks, null where it stands."""
    value, sample = pl.col("value"), pl.col("sample_date")
    month = pl.when(pl.col("month") > 0).then(pl.col("month"))
    outside = (sample.dt.year() != pl.col("year")) | (sample.dt.month() != month).fill_null(False)
    days = (pl.col("test_date") - sample).dt.total_days()
    reasons = {
        "no_value": value.is_null() | ~value.is_finite(),
        "out_of_range": ~value.is_between("low", "high"),
        "test_before_sample": days < 0,
        "sample_outside_period": outside,
        "not_accredited": (pl.col("tier") == "measured")
        & pl.col("wants_accredited")
        & ~pl.col("accredited").fill_null(False),
        "tested_late": days > pl.col("most_days"),
        "form_wins": pl.col("stated").fill_null(False),
    }
    rule = pl.lit(None, dtype=pl.String)
    for name, broken in reversed(reasons.items()):
        rule = pl.when(broken.fill_null(False)).then(pl.lit(name)).otherwise(rule)
    return rule


def _demands(methods: Mapping[str, Method]) -> pl.DataFrame:
    """List what every parameter of every stream and kind must satisfy."""
    rows = []
    for method in methods.values():
        for stream in method.streams:
            sampling = {one.column: one for one in stream.sampling}
            for kind in stream.kinds:
                for column, one in kind.inputs.items():
                    asked = sampling.get(column)
                    rows.append(
                        {
                            "method": method.key,
                            "stream": stream.key,
                            "kind": kind.key,
                            "column": column,
                            "low": one.low,
                            "high": one.high,
                            "wants_accredited": bool(asked and asked.accredited),
                            "most_days": asked.most_days if asked else None,
                        }
                    )
    words = dict.fromkeys(("method", "stream", "kind", "column"), pl.Categorical())
    return pl.DataFrame(
        rows,
        schema={
            **words,
            "low": pl.Float64(),
            "high": pl.Float64(),
            "wants_accredited": pl.Boolean(),
            "most_days": pl.Int32(),
        },
    )


def _stated(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows whose form states the value of a parameter itself."""
    parts = [
        frame.filter(pl.col(column).is_not_null()).select(
            "activity_id",
            column=pl.lit(column, dtype=pl.Categorical()),
            stated=pl.lit(True),
        )
        for frame in frames.values()
        for column, dtype in frame.schema.items()
        if dtype == pl.Float64
    ]
    schema = {"activity_id": pl.Int64(), "column": pl.Categorical(), "stated": pl.Boolean()}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)
