"""What a run has to tell: rows it could not count, stock that does not close, choices made."""

from __future__ import annotations

from typing import Any

import polars as pl

from tanfeng import accounting
from tanfeng.trace import FACTOR_COLUMNS

#: Gravest first, as lists show them.
SEVERITIES = ("error", "warning", "info")
NOTE_COLUMNS = {
    "severity": pl.String(),
    "code": pl.String(),
    "org_code": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "item_key": pl.String(),
    "rows": pl.Int64(),
    "activity_id": pl.Int64(),
    "text_zh": pl.String(),
    "text_en": pl.String(),
}
STOCK_CODE = "stock_open"
_STOCK_ZH = "期初库存＋购进＋自产－消费－外供与期末库存不符，差额为消费量的 {}%。请核对库存。"
_STOCK_EN = (
    "opening stock + purchase + own production - consumption - supply is not the closing stock; "
    "the difference is {} % of consumption. Check the stock."
)


def of_account(account: accounting.Account, activity: pl.DataFrame) -> pl.DataFrame:
    """Return every finding of an account, one row each, with ``NOTE_COLUMNS``.

    Rows that could not be counted are told record by record; the engine's other notes as they
    come; open stock balances one by one.
    """
    rank = pl.col("severity").replace_strict(
        {name: place for place, name in enumerate(SEVERITIES)}, return_dtype=pl.Int8
    )
    parts = [_notes(account, activity), _open_stock(activity)]
    return (
        pl.concat(parts, how="diagonal")
        .select(pl.col(name).cast(kind) for name, kind in NOTE_COLUMNS.items())
        # Names of factors stand in these texts as they were shipped.
        .with_columns(pl.col("text_en").str.replace_all("CO2", "CO₂", literal=True))
        .sort(
            rank,
            pl.col("org_code").is_null(),
            "code",
            "org_code",
            "year",
            "month",
            "item_key",
            nulls_last=True,
        )
    )


def _notes(account: accounting.Account, activity: pl.DataFrame) -> pl.DataFrame:
    """Spread each note over the records it speaks of, where the gaps name them."""
    gaps = (
        account.gaps.group_by("code", "org_code", "year", "item_key", "month")
        .agg(pl.col("activity_id").unique())
        .explode("activity_id")
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
    )
    keys = ["code", "org_code", "year", "item_key"]
    one_by_one = account.notes.drop("activity_id", "rows").join(
        gaps, on=keys, how="inner", nulls_equal=True
    )
    others = account.notes.join(gaps, on=keys, how="anti", nulls_equal=True)
    months = activity.select("activity_id", pl.col("month").alias("of_record"))
    others = (
        others.join(months, on="activity_id", how="left")
        .with_columns(pl.when(pl.col("rows") == 1).then(pl.col("of_record")).alias("month"))
        .drop("of_record")
    )
    return pl.concat(
        [one_by_one.with_columns(pl.lit(1).alias("rows")), others], how="diagonal_relaxed"
    )


def _open_stock(activity: pl.DataFrame) -> pl.DataFrame:
    balance = accounting.stock.balance(activity).filter(pl.col("status") == "open")
    share = (pl.col("difference_share").abs() * 100).round(1).cast(pl.String).fill_null("—")
    return balance.select(
        pl.lit("warning").alias("severity"),
        pl.lit(STOCK_CODE).alias("code"),
        pl.col("org_code", "item_key").cast(pl.String),
        "year",
        "month",
        "activity_id",
        pl.lit(1, pl.Int64).alias("rows"),
        pl.format(_STOCK_ZH, share).alias("text_zh"),
        pl.format(_STOCK_EN, share).alias("text_en"),
    )


def summary(notes: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the findings by kind, gravest first, small enough for the database row."""
    kinds = notes.group_by("severity", "code", "item_key", maintain_order=True).agg(
        pl.col("rows").sum(),
        pl.col("org_code").n_unique().alias("organisations"),
        pl.col("text_zh", "text_en").first(),
    )
    return kinds.to_dicts()


def electricity_factors(account: accounting.Account) -> list[dict[str, Any]]:
    """Return which factor stands behind electricity, by year and basis."""
    used = (
        account.lines.filter(pl.col("quantity").cast(pl.String).str.starts_with("emission_elec"))
        .group_by("quantity", "year")
        .agg(pl.coalesce(pl.col(*FACTOR_COLUMNS)).max().alias("factor"))
        .join(account.factors, on="factor", how="left")
    )
    return (
        used.with_columns(
            pl.col("quantity")
            .cast(pl.String)
            .str.extract("^emission_electricity_(.+)_tco2$")
            .alias("basis")
        )
        .select(
            "year",
            "basis",
            "factor",
            "ref",
            "value",
            "unit",
            "name_zh",
            "name_en",
            "region",
            "confidence",
            "valid_from",
        )
        .sort("year", "basis")
        .to_dicts()
    )
