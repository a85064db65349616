"""What was used month by month, from the totals of the published run, for any level."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tanfeng.accounting import budget
from tanfeng.console.accounting import frozen, measures
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.registers.budget.models import CITY, Quota

_KEYS = ("org_code", "year", "month")
#: Lines of the average basis are those the emission of a quota is counted by.
_OTHER_BASES = ("emission_electricity_residual_tco2", "emission_electricity_fossil_tco2")
_MONTHS = range(1, 13)
_MISSING = ("energy_missing_rows", "emission_missing_rows")
#: Enterprises asked for by name at most; the totals of more are read whole.
_FEW = 500


def actual(run: Run, year: int, quotas: Sequence[Quota]) -> pl.DataFrame:
    """Return the months of a year and the year before of what quotas are handed down to.

    Parameters
    ----------
    run : Run
        The published run.
    year : int
        Year of the quotas.
    quotas : sequence of Quota
        Whose figures are wanted.

    Returns
    -------
    polars.DataFrame
        Columns of ``budget.ACTUAL_SCHEMA``, only in the figures the quotas are set in. In a sum
        over enterprises ``missing_rows`` counts the enterprises that owed a month, too.
    """
    wanted = [(one.object_key, one.measure) for one in quotas]
    members = _members(run, quotas)
    codes = members["org_code"].unique().to_list()
    years = (year - 1, year)
    months = _months(run, years, codes)
    lost = _lost(run, years, codes)
    lines = months.join(lost, on=list(_KEYS), how="full", coalesce=True)
    absent = _absent(run, years, codes, months)
    # A month an enterprise owes is told as such of the enterprise, and counted in a sum over many.
    summed = (
        pl.concat(
            [
                members.join(lines, on="org_code", how="inner"),
                members.filter("is_sum").join(absent, on="org_code", how="inner"),
            ],
            how="diagonal",
        )
        .group_by("object", "year", "month")
        .agg(*measures.summed(*budget.MEASURES), pl.col(*_MISSING).sum())
    )
    pairs = pl.DataFrame(wanted, schema={"object": pl.String, "measure": pl.String}, orient="row")
    return budget.figures(summed, object_column="object").join(
        pairs.unique(), on=["object", "measure"], how="semi"
    )


def _members(run: Run, quotas: Sequence[Quota]) -> pl.DataFrame:
    """Return object -> credit code, as counties and parks were when the run was computed."""
    own = (
        frozen.opened(run)
        .coverage.select("org_code", pl.col("place", "park").cast(pl.String))
        .unique("org_code")
    )
    named = {
        Quota.Level.ENTERPRISE: pl.col("org_code"),
        Quota.Level.COUNTY: pl.col("place"),
        Quota.Level.PARK: pl.col("park"),
        Quota.Level.CITY: pl.lit(CITY),
    }
    parts = [
        own.select(
            "org_code", object=column, is_sum=pl.lit(level != Quota.Level.ENTERPRISE)
        ).filter(
            pl.col("object").is_in(sorted({one.object_key for one in quotas if one.level == level}))
        )
        for level, column in named.items()
    ]
    return pl.concat(parts)


def _months(run: Run, years: Sequence[int], codes: Sequence[str]) -> pl.DataFrame:
    rows = Total.objects.filter(run=run, year__in=years, month__gt=0)
    if len(codes) <= _FEW:
        rows = rows.filter(organisation__credit_code__in=codes)
    names = ("organisation__credit_code", "year", "month", *measures.QUANTITIES)
    frame = pl.DataFrame(
        list(rows.values_list(*names)),
        schema={
            "org_code": pl.String,
            "year": pl.Int32,
            "month": pl.Int8,
            **dict.fromkeys(measures.QUANTITIES, pl.Float64),
        },
        orient="row",
    )
    return frame.select(*_KEYS, *(measures.expression(key) for key in budget.MEASURES))


def _lost(run: Run, years: Sequence[int], codes: Sequence[str]) -> pl.DataFrame:
    """Count the rows of an enterprise and month that could not be counted."""
    quantity = pl.col("quantity").cast(pl.String)

    def rows(prefix: str) -> pl.Expr:
        own = pl.col("activity_id").filter(quantity.str.starts_with(prefix))
        return own.n_unique().cast(pl.Int64)

    return (
        frozen.opened(run)
        .gaps.filter(
            pl.col("year").is_in(list(years)),
            pl.col("month") > 0,
            pl.col("org_code").is_in(list(codes)),
            ~quantity.is_in(_OTHER_BASES),
        )
        .group_by(*_KEYS)
        .agg(energy_missing_rows=rows("energy_"), emission_missing_rows=rows("emission_"))
    )


def _absent(
    run: Run, years: Sequence[int], codes: Sequence[str], months: pl.DataFrame
) -> pl.DataFrame:
    """Tell the months enterprises owed and have no figure of; each counts as one missing."""
    owed = frozen.opened(run).coverage.filter(
        pl.col("year").is_in(list(years)), pl.col("org_code").is_in(list(codes))
    )
    every = pl.DataFrame({"month": list(_MONTHS)}, schema={"month": pl.Int8})
    return (
        owed.select("org_code", "year", "months_expected")
        .join(every, how="cross")
        .filter(pl.col("month") <= pl.col("months_expected"))
        .join(months, on=list(_KEYS), how="anti")
        .select(*_KEYS, **{name: pl.lit(1, dtype=pl.Int64) for name in _MISSING})
    )
