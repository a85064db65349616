"""Run the terms of the standards over the activity of a whole city."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import polars as pl

from tanfeng.accounting import gb_t_2589, ndrc_general_2015
from tanfeng.accounting._account import GAP_SCHEMA, Account
from tanfeng.accounting._activity import NONE_WHEN_EMPTY, checked, repeats, slot_numbers
from tanfeng.accounting._factors import FactorSet
from tanfeng.accounting._notes import NOTE_SCHEMA, TEXTS
from tanfeng.accounting._term import Gap, Remark, Term
from tanfeng.accounting.stock import suspected_own_production
from tanfeng.errors import SEVERITIES
from tanfeng.trace import CONFIDENCES, FACTOR_COLUMNS, INPUT_COLUMNS, LINE_SCHEMA, Formula

TERMS: tuple[Term, ...] = (*gb_t_2589.TERMS, *ndrc_general_2015.TERMS)
FORMULAS: MappingProxyType[str, Formula] = MappingProxyType(
    {**gb_t_2589.FORMULAS, **ndrc_general_2015.FORMULAS}
)
_ENERGY = ("energy_calorific_tce", "energy_equivalent_tce")
GAPS: tuple[Gap, ...] = (
    *gb_t_2589.GAPS,
    *ndrc_general_2015.GAPS,
    Gap("parent_differs", _ENERGY, pl.col("parent_differs")),
    Gap("parent_differs", ("emission_fuel_tco2",), pl.col("parent_differs") & pl.col("is_fuel")),
    Gap("year_differs", _ENERGY, pl.col("year_differs")),
    Gap("year_differs", ("emission_fuel_tco2",), pl.col("year_differs") & pl.col("is_fuel")),
)
REMARKS: tuple[Remark, ...] = (
    *gb_t_2589.REMARKS,
    *ndrc_general_2015.REMARKS,
    Remark("own_production_suspected", pl.col("counted") & pl.col("own_production_suspected")),
    Remark("duplicate_rows", pl.col("counted") & pl.col("is_duplicate")),
    Remark("parent_not_counted", pl.col("is_parent_of_kinds")),
    Remark("year_not_counted", pl.col("is_year_of_months")),
)
#: Traits of the item a rule looks at, copied to each row.
_TRAITS = (
    "has_reference",
    "reference_low",
    "reference_high",
    "is_secondary",
    "is_electricity",
    "is_heat",
    "is_steam",
    "is_recovery",
    "is_fuel",
    "is_biogenic",
    "is_mapped",
    "is_gas",
    "is_memo",
    "is_stockable",
    "fuel_factor_missing",
    "feedstock_deductible",
    "feedstock_possible",
)
#: A row with none of these says nothing; printed forms list items the firm does not use.
_SAYS_SOMETHING = (
    "purchase_qty",
    "own_production_qty",
    "consumption_total_qty",
    "feedstock_qty",
    "transfer_out_qty",
    "green_power_1e4kwh",
)


def account(activity: pl.DataFrame, *, factors: FactorSet) -> Account:
    """Account energy and CO2 of every row, each result a line that can be redone.

    Parameters
    ----------
    activity : polars.DataFrame, shape (n, ...)
        Rows with columns of ``ACTIVITY_SCHEMA``, quantities in the unit of the energy item.
    factors : FactorSet
        Factors for every year of the activity.

    Returns
    -------
    Account
        Lines [tce, tCO2], the factors they point to, rows that could not be counted, and notes.

    Raises
    ------
    ModelError
        If a column, item or year is unknown, or a value is no number.

    References
    ----------
    .. [1] GB/T 2589-2020, comprehensive energy (recalled, 待核实).
    .. [2] NDRC 1722 of 2015, fuel combustion, purchased electricity and heat.
    """
    prepared = _prepared(checked(activity), factors)
    frames = [_lines(term, prepared, factors) for term in TERMS]
    lines = pl.concat(frames, rechunk=False).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("line")
    )
    gaps = _gaps(prepared)
    return Account(
        lines=lines,
        factors=factors.factors,
        gaps=gaps,
        notes=_notes(prepared, gaps, factors),
        options=MappingProxyType(factors.options()),
        factor_digest=factors.digest(),
    )


def _prepared(frame: pl.DataFrame, factors: FactorSet) -> pl.DataFrame:
    """Add slot, traits of the item and the rules that decide whether a row is counted."""
    slot = slot_numbers(frame, factors)
    item = slot // len(factors.years)
    frame = frame.with_columns(
        pl.Series("slot", slot.astype(np.uint32)),
        pl.Series("reference", factors.slots["reference"].to_numpy()[slot]),
        *(pl.Series(name, factors.items[name].to_numpy()[item]) for name in _TRAITS),
        *repeats(frame, slot, factors),
    )
    return frame.with_columns(
        pl.col(NONE_WHEN_EMPTY).fill_null(0.0),
        own_coefficient=pl.col("coef_used_tce").is_not_null() & ~pl.col("is_electricity"),
        own_production_suspected=suspected_own_production(),
        is_recovery_on_site=pl.col("is_recovery")
        & pl.col("own_production_qty").is_null()
        & (pl.col("purchase_qty").fill_null(0.0) == 0.0),
        counted=pl.any_horizontal(pl.col(_SAYS_SOMETHING).is_not_null())
        & ~pl.col("is_memo")
        & ~pl.col("is_parent_of_kinds")
        & ~pl.col("is_year_of_months"),
    )


def _lines(term: Term, prepared: pl.DataFrame, factors: FactorSet) -> pl.DataFrame:
    """Compute one term: filter its rows, put the factors beside them, multiply."""
    formula = term.formula
    fields = {symbol.name: symbol.field for symbol in formula.symbols if symbol.field}
    rows = (
        prepared.lazy()
        .filter(term.rows)
        .select(
            "org_code",
            "year",
            "month",
            "item_key",
            "activity_id",
            "tier",
            "slot",
            **{name: pl.col(column) for name, column in fields.items()},
        )
        .collect()
    )
    slot = rows["slot"].to_numpy()
    numbers: dict[str, pl.Series] = {}
    rank = np.zeros(len(factors.slots), dtype=np.uint8)
    values = []
    for symbol, role in term.roles.items():
        values.append(pl.Series(symbol, factors.slots[role].to_numpy()[slot]))
        numbers[symbol] = pl.Series(factors.slots[f"{role}_factor"].to_numpy()[slot])
        rank = np.maximum(rank, factors.slots[f"{role}_rank"].to_numpy())
    confidence = pl.lit(None, dtype=pl.Categorical())
    if term.roles:
        names = pl.Series(CONFIDENCES, dtype=pl.Categorical())
        confidence = pl.lit(names.gather(rank[slot]))
    columns: dict[str, pl.Expr] = {
        "line": pl.lit(0, dtype=pl.UInt32()),
        "quantity": pl.lit(formula.quantity, dtype=pl.Categorical()),
        "formula": pl.lit(formula.key, dtype=pl.Categorical()),
        "value": term.value,
        "confidence": confidence,
    }
    for place, (x, f) in enumerate(zip(INPUT_COLUMNS, FACTOR_COLUMNS, strict=True)):
        symbol = formula.symbols[place].name if place < len(formula.symbols) else ""
        columns[x] = pl.col(symbol) if symbol else pl.lit(None, dtype=pl.Float64())
        columns[f] = pl.lit(numbers.get(symbol), dtype=pl.UInt32())
    return rows.with_columns(values).select(
        columns.get(name, pl.col(name)).alias(name) for name in LINE_SCHEMA
    )


def _gaps(prepared: pl.DataFrame) -> pl.DataFrame:
    """List the rows that quantities lack, with the code of the reason."""
    frames = []
    for gap, count in zip(GAPS, _counts(prepared, GAPS), strict=True):
        if not count:
            continue
        rows = prepared.filter(gap.rows).select(
            "org_code", "year", "month", "item_key", "activity_id"
        )
        frames += [
            rows.select(
                quantity=pl.lit(quantity, dtype=pl.Categorical()),
                code=pl.lit(gap.code, dtype=pl.Categorical()),
                **{name: pl.col(name) for name in rows.columns},
            )
            for quantity in gap.quantities
        ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=GAP_SCHEMA)


def _counts(prepared: pl.DataFrame, findings: Sequence[Gap | Remark]) -> list[int]:
    counts = prepared.select(
        finding.rows.sum().alias(str(place)) for place, finding in enumerate(findings)
    )
    return list(counts.row(0))


def _notes(prepared: pl.DataFrame, gaps: pl.DataFrame, factors: FactorSet) -> pl.DataFrame:
    """Word gaps and remarks, one note per organisation, year and item, or one per item."""
    keys = ["code", "org_code", "year", "item_key"]
    found = [gaps.unique(["code", "activity_id"]).select(*keys, "activity_id")]
    for remark, count in zip(REMARKS, _counts(prepared, REMARKS), strict=True):
        if count:
            rows = prepared.lazy().filter(remark.rows).select(*keys[1:], "activity_id").collect()
            if remark.general:
                rows = rows.with_columns(
                    pl.lit(None, dtype=rows.schema[name]).alias(name)
                    for name in ("org_code", "year")
                )
            code = pl.lit(remark.code, dtype=pl.Categorical()).alias("code")
            found.append(rows.select(code, pl.all()))
    grouped = (
        pl.concat(found)
        .group_by(keys)
        .agg(pl.len().cast(pl.UInt32()).alias("rows"), pl.col("activity_id").min())
        .with_columns(pl.col("code", "org_code", "item_key").cast(pl.String()))
    )
    texts = pl.DataFrame(
        {
            "code": list(TEXTS),
            "severity": [text.severity for text in TEXTS.values()],
            "zh": [text.zh for text in TEXTS.values()],
            "en": [text.en for text in TEXTS.values()],
            "order": range(len(TEXTS)),
        }
    )
    names = factors.items.select("item_key", "name_zh", "name_en")
    worded = (
        grouped.join(texts, on="code", how="left")
        .join(names, on="item_key", how="left")
        .sort("order", "org_code", "year", "item_key")
        .with_columns(
            text_zh=pl.col("zh").str.replace("{item}", pl.col("name_zh"), literal=True),
            text_en=pl.col("en").str.replace("{item}", pl.col("name_en"), literal=True),
        )
    )
    notes = pl.concat([worded.select(*NOTE_SCHEMA), factors.notes.filter(_years_used(prepared))])
    return notes.sort(pl.col("severity").cast(pl.Enum(SEVERITIES)), maintain_order=True)


def _years_used(prepared: pl.DataFrame) -> pl.Expr:
    electric = prepared.filter(pl.col("is_electricity") & pl.col("counted"))
    return pl.col("year").is_in(electric["year"].unique().to_list())
