"""What the invented enterprises made in every month: growth, season, festivals and chance.

All months of all enterprises are computed as one array, enterprise by month; rows appear only
at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.demo._tables import table
from tanfeng.demo.enterprises import FIRST_YEAR

Array = NDArray[np.float64]

#: Decimals a form carries.
PLACES = 2
#: Month-to-month memory and spread of an enterprise's output.
_MEMORY, _SPREAD = 0.7, 0.035
#: Days around the Spring Festival in which work rests, before and after.
_REST_BEFORE, _REST_AFTER = 7, 9


@dataclass(frozen=True, slots=True)
class Story:
    """Output of every enterprise in every month, and what it takes to tell its energy.

    Parameters
    ----------
    firms : polars.DataFrame
        Frame of :func:`tanfeng.demo.enterprises.enterprises`.
    years, month_numbers : ndarray
        Calendar of the story, one entry per month.
    output : ndarray
        Enterprise by month, in the unit of the kind, zero outside its life.
    activity : ndarray
        Output over a twelfth of the base year's output. [1]
    alive : ndarray of bool
        Whether the enterprise reports in that month.
    ramp : ndarray
        How far a new enterprise has started up. [1]
    """

    firms: pl.DataFrame
    years: NDArray[np.int64]
    month_numbers: NDArray[np.int64]
    output: Array
    activity: Array
    alive: NDArray[np.bool_]
    ramp: Array


def story(firms: pl.DataFrame, months: int, rng: np.random.Generator) -> Story:
    """Tell how much every enterprise made in every month.

    Parameters
    ----------
    firms : polars.DataFrame
        The enterprises.
    months : int
        Length, from January 2021. [month]
    rng : numpy.random.Generator
        Source of the noise.
    """
    index = np.arange(months)
    years, numbers = FIRST_YEAR + index // 12, index % 12 + 1
    kinds = firms.join(table("kinds"), on="kind", how="left", maintain_order="left")
    shape = _growth(kinds, months) * _season(kinds, numbers) * _festival(kinds, years, numbers)
    noise = np.zeros((firms.height, months))
    steps = rng.normal(0.0, _SPREAD, (firms.height, months))
    for month in range(months):
        before = noise[:, month - 1] if month else 0.0
        noise[:, month] = _MEMORY * before + steps[:, month]
    first = firms["first_month"].to_numpy()[:, None]
    last = firms["last_month"].to_numpy()[:, None]
    alive = (index >= first) & (index <= last)
    ramp = np.clip((index - first + 2) / 6.0, 0.2, 1.0)
    ramp = np.where(first == 0, 1.0, ramp)
    activity = shape * np.exp(noise) * ramp * alive
    output = firms["output"].to_numpy()[:, None] / 12.0 * activity
    return Story(firms, years, numbers, np.round(output, PLACES), activity, alive, ramp)


def _growth(kinds: pl.DataFrame, months: int) -> Array:
    """Level of the sector by month: steps between mid-years drawn as straight lines."""
    sectors = table("sectors")
    levels = sectors.select(
        pl.lit(1.0), "growth_2022", "growth_2023", "growth_2024", "growth_2025"
    ).to_numpy()
    middle = np.arange(5) * 12 + 5.5
    index = np.arange(months)
    curves = np.array([np.interp(index, middle, row) for row in levels])
    position = {name: number for number, name in enumerate(sectors["sector"])}
    return np.asarray(curves[[position[name] for name in kinds["sector"]]])


def _season(kinds: pl.DataFrame, numbers: NDArray[np.int64]) -> Array:
    table_ = {row[0]: np.array(row[1:]) for row in table("seasons").iter_rows()}
    return np.array([table_[name][numbers - 1] for name in kinds["season"]])


def _festival(kinds: pl.DataFrame, years: NDArray[np.int64], numbers: NDArray[np.int64]) -> Array:
    """Share of work left in a month when the Spring Festival falls into it."""
    rest = np.zeros(len(years))
    days = dict(table("festivals").iter_rows())
    for year, text in days.items():
        eve = date.fromisoformat(text)
        for offset in range(-_REST_BEFORE, _REST_AFTER + 1):
            day = eve + timedelta(days=offset)
            hit = (years == year) & (numbers == day.month)
            length = (date(day.year, day.month % 12 + 1, 1) - date(day.year, day.month, 1)).days
            rest[hit] += 1.0 / length
    return 1.0 - kinds["festival"].to_numpy()[:, None] * rest


def output_rows(tale: Story, rng: np.random.Generator) -> pl.DataFrame:
    """Return the product-output form of every enterprise and month.

    Returns
    -------
    polars.DataFrame
        org_code, org_name, place_code, year, month, product_name, unit_zh, output_qty,
        gross_output_kcny, value_added_kcny.
    """
    firms = tale.firms
    kinds = firms.select("kind").join(table("kinds"), on="kind", how="left", maintain_order="left")
    price = firms["price_kcny"].to_numpy()[:, None] * (
        1.0 + rng.normal(0.0, 0.02, tale.output.shape)
    )
    gross = np.round(tale.output * price, 1)
    margin = kinds["value_added_share"].to_numpy()[:, None] * (
        1.0 + rng.normal(0.0, 0.05, tale.output.shape)
    )
    firm, month = np.nonzero(tale.alive)
    return labels(tale, firm, month).with_columns(
        kinds["product_zh"].gather(firm).alias("product_name"),
        kinds["unit_zh"].gather(firm),
        pl.Series("output_qty", tale.output[firm, month]),
        pl.Series("gross_output_kcny", gross[firm, month]),
        pl.Series("value_added_kcny", np.round(gross * margin, 1)[firm, month]),
    )


def labels(tale: Story, firm: NDArray[np.intp], month: NDArray[np.intp]) -> pl.DataFrame:
    """Return the columns that say whose row it is and of which month."""
    firms = tale.firms
    return pl.DataFrame(
        {
            "org_code": firms["credit_code"].gather(firm),
            "org_name": firms["name"].gather(firm),
            "place_code": firms["place_code"].gather(firm),
            "year": pl.Series(tale.years[month], dtype=pl.Int32),
            "month": pl.Series(tale.month_numbers[month], dtype=pl.Int8),
        }
    )
