"""The archive form (一企一档) of the invented enterprises, and the lists some of them are on."""

from __future__ import annotations

import numpy as np
import polars as pl

from tanfeng import standards

#: Yearly energy from which an enterprise is a key user. [tce]
KEY_USER_TCE, SMALLER_KEY_USER_TCE = 10_000.0, 5_000.0
#: Yearly gross output that separates the size classes. [kCNY]
_LARGE, _MEDIUM, _SMALL = 400_000.0, 40_000.0, 3_000.0
_ABOVE_SCALE = 20_000.0
#: Sectors of the provincial carbon market; power, steel, cement and aluminium are national.
_PROVINCIAL_INDUSTRIES = ("26", "25", "307", "304", "222")
_NATIONAL_INDUSTRIES = ("441", "311", "312", "3011", "3216")


def yearly_energy(energy: pl.DataFrame) -> pl.DataFrame:
    """Return the calorific energy of each enterprise and year from the reference coefficients.

    Returns
    -------
    polars.DataFrame
        org_code, year, energy_tce. [tce]
    """
    items = standards.load("energy_items").select(
        "item_key", coefficient="value_num", secondary=pl.col("secondary") == "yes"
    )
    made = pl.when("secondary").then(pl.col("own_production_qty").fill_null(0.0)).otherwise(0.0)
    amount = (pl.col("consumption_total_qty") - made) * pl.col("coefficient")
    return (
        energy.join(items, on="item_key", how="left", maintain_order="left")
        .group_by("org_code", "year", maintain_order=True)
        .agg(energy_tce=amount.sum())
    )


def archive(
    firms: pl.DataFrame, energy: pl.DataFrame, output: pl.DataFrame, places: pl.DataFrame
) -> pl.DataFrame:
    """Return the enterprise-archive form of every enterprise.

    Parameters
    ----------
    firms : polars.DataFrame
        The enterprises as drawn.
    energy, output : polars.DataFrame
        Their clean forms; levels and sizes follow from them.
    places : polars.DataFrame
        code and name_zh of the counties.

    Returns
    -------
    polars.DataFrame
        Columns of the form ``enterprise_archive``.
    """
    mean_energy = yearly_energy(energy).group_by("org_code").agg(pl.col("energy_tce").max())
    gross = (
        output.group_by("org_code", "year")
        .agg(pl.col("gross_output_kcny").sum())
        .group_by("org_code")
        .agg(pl.col("gross_output_kcny").max())
    )
    known = (
        firms.join(
            mean_energy,
            left_on="credit_code",
            right_on="org_code",
            how="left",
            maintain_order="left",
        )
        .join(gross, left_on="credit_code", right_on="org_code", how="left", maintain_order="left")
        .join(
            places.select(place_code="code", place_name="name_zh"),
            on="place_code",
            how="left",
            maintain_order="left",
        )
    )
    code, tce = pl.col("industry_code"), pl.col("energy_tce")
    national = _starts(code, _NATIONAL_INDUSTRIES) & (tce > KEY_USER_TCE)
    provincial = _starts(code, _PROVINCIAL_INDUSTRIES) & (tce > SMALLER_KEY_USER_TCE)
    return known.select(
        "credit_code",
        org_name="name",
        industry_code="industry_code",
        place_code="place_code",
        park="park_code",
        address=pl.format("福州市{}（演示地址）", "place_name"),
        size_class=_steps(
            "gross_output_kcny", (_LARGE, "大型"), (_MEDIUM, "中型"), (_SMALL, "小型"), last="微型"
        ),
        above_scale=pl.col("gross_output_kcny") >= _ABOVE_SCALE,
        state_owned="state_owned",
        key_user_level=_steps(
            "energy_tce",
            (KEY_USER_TCE, "1万吨标准煤及以上"),
            (SMALLER_KEY_USER_TCE, "5000吨至1万吨标准煤"),
            last="非重点",
        ),
        ets_status=pl.when(national)
        .then(pl.lit("全国碳市场"))
        .when(provincial)
        .then(pl.lit("福建碳市场"))
        .otherwise(pl.lit("未纳入")),
        permit_no=pl.format("{}001P", "credit_code"),
        energy_body=pl.when(tce >= SMALLER_KEY_USER_TCE).then(pl.lit("能源管理部（演示）")),
    )


def _starts(column: pl.Expr, prefixes: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal(*(column.str.starts_with(prefix) for prefix in prefixes))


def _steps(column: str, *steps: tuple[float, str], last: str) -> pl.Expr:
    """Return the word of the first step a value reaches."""
    chain = pl.lit(last)
    for limit, word in reversed(steps):
        chain = pl.when(pl.col(column) >= limit).then(pl.lit(word)).otherwise(chain)
    return chain


def memberships(form: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return which enterprise is on which list: credit_code, list_key, first_year."""
    key_users = form.filter(pl.col("key_user_level") == "1万吨标准煤及以上")
    draw = pl.Series(rng.random(form.height))
    years = pl.Series(rng.integers(2021, 2025, form.height))
    green = (
        form.with_columns(draw=draw, first_year=years)
        .filter(pl.col("above_scale") & (pl.col("draw") < 0.05))
        .select("credit_code", "first_year", list_key=pl.lit("demo-green-factories"))
    )
    return pl.concat(
        [
            key_users.select("credit_code", list_key=pl.lit("demo-key-users")).with_columns(
                first_year=pl.lit(2021, pl.Int64)
            ),
            green.select("credit_code", "list_key", "first_year"),
        ]
    )
