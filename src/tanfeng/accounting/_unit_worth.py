"""What one unit of each energy item is worth in a year: the account of one unit, as a table.

Whoever sums other quantities than accounts do (metered series, budgets by the hour) multiplies by
this table and so arrives at the same tce and CO2 as the account of the year.
"""

from __future__ import annotations

import polars as pl

from tanfeng import units
from tanfeng.accounting._account import Account
from tanfeng.accounting._engine import account
from tanfeng.accounting._factors import FactorSet
from tanfeng.accounting.ndrc_general_2015 import BASES
from tanfeng.errors import ModelError
from tanfeng.trace import CONFIDENCES, FACTOR_COLUMNS

#: What the unit of an item says more than the unit of a meter.
_MANY = "1e4 "


def unit_worth(factors: FactorSet, *, basis: str = "average") -> pl.DataFrame:
    """Return what one unit of each energy item is worth.

    Parameters
    ----------
    factors : FactorSet
        Factors of the years asked for.
    basis : {"average", "residual", "fossil"}
        Basis of purchased electricity.

    Returns
    -------
    polars.DataFrame
        item_key, unit (kWh, m3, GJ, t, tce), year, calorific_tce_per_unit, equivalent_tce_per_unit
        [tce/unit], emission_tco2e_per_unit (CO2 alone) [tCO2/unit], refs (of the factors used),
        confidence (the weakest). One row per item and year; what the account cannot say of an
        item is null, not zero. Items that repeat others (green power, the total) are left out.

    Raises
    ------
    ModelError
        If the basis is unknown.
    """
    if basis not in BASES:
        raise ModelError(f"basis {basis!r} is none of {', '.join(BASES)}")
    items = factors.items.filter(~pl.col("is_memo")).select("item_key", many="unit")
    items = items.with_columns(unit=pl.col("many").str.strip_prefix(_MANY))
    pairs = items.select("unit", "many").unique()
    # One unit, in the unit the account counts the item in.
    shares = pairs.with_columns(
        share=pl.Series([units.factor(*pair) for pair in pairs.iter_rows()], dtype=pl.Float64)
    )
    years = pl.DataFrame({"year": factors.years}, schema={"year": pl.Int32})
    asked = items.join(shares, on=["unit", "many"], maintain_order="left").join(years, how="cross")
    asked = asked.with_row_index("activity_id")
    one_each = asked.select(
        "activity_id",
        "item_key",
        "year",
        org_code=pl.lit("unit"),
        month=pl.lit(0),
        tier=pl.lit("measured"),
        consumption_total_qty="share",
    )
    made = account(one_each, factors=factors)
    return _table(asked, made, basis)


def _table(asked: pl.DataFrame, made: Account, basis: str) -> pl.DataFrame:
    keys = ["item_key", "year"]
    totals = made.totals(keys)
    emissions = ["emission_fuel_tco2", f"emission_electricity_{basis}_tco2", "emission_heat_tco2"]
    quantities = ["energy_calorific_tce", "energy_equivalent_tce", *emissions]
    wide = totals.pivot(on="quantity", index=keys, values="value")
    absent = [name for name in quantities if name not in wide.columns]
    wide = wide.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in absent)
    emitted = totals.filter(pl.col("quantity").is_in(emissions)).group_by(keys)
    emission = emitted.agg(
        emission_tco2e_per_unit=pl.when(pl.col("value").null_count() == 0).then(
            pl.col("value").sum()
        )
    )
    return (
        asked.select(*keys, "unit")
        .join(wide, on=keys, how="left")
        .join(emission, on=keys, how="left")
        .join(_sources(made, quantities), on=keys, how="left")
        .select(
            "item_key",
            "unit",
            "year",
            calorific_tce_per_unit="energy_calorific_tce",
            equivalent_tce_per_unit="energy_equivalent_tce",
            emission_tco2e_per_unit="emission_tco2e_per_unit",
            refs=pl.col("refs").fill_null(""),
            confidence=pl.col("confidence").fill_null(""),
        )
        .sort(keys)
    )


def _sources(made: Account, quantities: list[str]) -> pl.DataFrame:
    """Return the factors each item and year leans on, and the weakest confidence among them."""
    names = pl.col("quantity", "item_key", "confidence").cast(pl.String)
    lines = made.lines.with_columns(names).filter(pl.col("quantity").is_in(quantities))
    refs = (
        lines.select("item_key", "year", *FACTOR_COLUMNS)
        .unpivot(FACTOR_COLUMNS, index=["item_key", "year"], value_name="factor")
        .join(made.factors.select("factor", "ref"), on="factor")
        .group_by("item_key", "year")
        .agg(refs=pl.col("ref").unique().sort().str.join(";"))
    )
    rank = pl.col("confidence").replace_strict(
        {word: place for place, word in enumerate(CONFIDENCES)}, return_dtype=pl.Int64
    )
    words = {place: word for place, word in enumerate(CONFIDENCES)}
    weakest = lines.group_by("item_key", "year").agg(
        confidence=rank.max().replace_strict(words, return_dtype=pl.String)
    )
    return weakest.join(refs, on=["item_key", "year"], how="left")
