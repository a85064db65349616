"""Who was expected to report which month, and who did."""

from __future__ import annotations

import polars as pl

from tanfeng.accounting._activity import QUANTITY_COLUMNS, checked
from tanfeng.errors import ModelError

_COLUMNS = ("org_code", "year", "month")


def completeness(activity: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    """Compare what was reported with what was expected.

    Parameters
    ----------
    activity : polars.DataFrame
        Rows with columns of ``ACTIVITY_SCHEMA``. A row counts as a report when any quantity is
        filled, a zero included; a row of the whole year stands for all its months.
    expected : polars.DataFrame
        org_code, year, month: one row per month an organisation has to report.

    Returns
    -------
    polars.DataFrame
        org_code, year, expected_months, reported_months, complete_share [1] and missing_months, a
        text such as ``2024-03 2024-07``. Sorted by organisation and year.

    Raises
    ------
    ModelError
        If ``expected`` lacks a column, repeats a month or names one outside 1 to 12.
    """
    if not set(_COLUMNS) <= set(expected.columns):
        raise ModelError(f"expected needs the columns {', '.join(_COLUMNS)}")
    due = expected.select(
        pl.col("org_code").cast(pl.Categorical()),
        pl.col("year").cast(pl.Int32()),
        pl.col("month").cast(pl.Int8()),
    )
    if due.is_duplicated().any() or not due["month"].is_between(1, 12).all():
        raise ModelError("expected must name each month from 1 to 12 once per organisation")
    filled = (
        checked(activity)
        .filter(pl.any_horizontal(pl.col(QUANTITY_COLUMNS).is_not_null()))
        .select(_COLUMNS)
        .unique()
        .with_columns(reported=pl.lit(True))
    )
    whole = filled.filter(pl.col("month") == 0).select("org_code", "year", whole="reported")
    due = due.join(filled, on=_COLUMNS, how="left").join(whole, on=["org_code", "year"], how="left")
    there = pl.col("reported").fill_null(False) | pl.col("whole").fill_null(False)
    name = pl.format("{}-{}", "year", pl.col("month").cast(pl.String).str.zfill(2))
    return (
        due.with_columns(there=there)
        .sort(_COLUMNS)
        .group_by("org_code", "year", maintain_order=True)
        .agg(
            expected_months=pl.len(),
            reported_months=pl.col("there").sum(),
            complete_share=pl.col("there").mean(),
            missing_months=name.filter(~pl.col("there")).str.join(" "),
        )
        .with_columns(pl.col("org_code").cast(pl.String))
        .sort("org_code", "year")
    )
