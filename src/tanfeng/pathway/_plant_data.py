"""Facilities and options as aligned arrays, everything wrong with them told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.errors import DataError, Problem
from tanfeng.pathway._places import Said, finding
from tanfeng.pathway.lp import Floats

if TYPE_CHECKING:
    from tanfeng.pathway.plants import Outlook

Integers = NDArray[np.int64]
#: Stands for "no such year": no year of a plan is as late.
NEVER = 9999

#: Rule -> what is wrong and what to do, Chinese and English.
RULES: dict[str, Said] = {
    "Y401": (
        "{table} 缺少列 {value}。",
        "the table of {table} lacks the column {value}.",
        "补充该列。",
        "Add the column.",
    ),
    "Y402": (
        "设施“{value}”重复。",
        "facility {value!r} is there twice.",
        "只保留一行。",
        "Keep one row.",
    ),
    "Y403": (
        "设施“{facility}”的选项“{value}”重复。",
        "option {value!r} of facility {facility!r} is there twice.",
        "只保留一行。",
        "Keep one row.",
    ),
    "Y404": (
        "选项所属设施“{value}”不在设施表中。",
        "the option's facility {value!r} is in no row of the facilities.",
        "补充设施，或改正名称。",
        "Add the facility, or correct the name.",
    ),
    "Y405": (
        "设施“{facility}”的现状选项“{value}”没有数据。",
        "facility {facility!r} runs on {value!r}, of which no option tells.",
        "在选项表中补充现状一行。",
        "Add the present option to the options.",
    ),
    "Y406": (
        "{column} 为空或不是有限数值。",
        "{column} is empty or not finite.",
        "填写数值；没有数据时不能当作零。",
        "Give the number; what is unknown is not zero.",
    ),
    "Y407": (
        "{column} 为 {value}，不应小于 {least}。",
        "{column} is {value}, below {least}.",
        "核对数值。",
        "Check the number.",
    ),
    "Y408": (
        "计算年份 {value} 不成立。",
        "the years {value} cannot be.",
        "起始年应早于终止年。",
        "The first year lies before the last.",
    ),
    "Y409": (
        "外购电力排放因子缺少 {value} 年。",
        "the grid factor of {value} is missing.",
        "补全各年的因子，或不计外购电力。",
        "Give it for every year, or count no purchased electricity.",
    ),
}
#: Column of the options -> least value; null is refused in each of them.
_NUMBERS = {
    "switch_cny": 0.0,
    "overhaul_cny": 0.0,
    "life_years": 1,
    "running_cny": None,
    "emission_tco2": 0.0,
    "electricity_mwh": 0.0,
    "output_t": 0.0,
    "capacity_t": 0.0,
}


def problem(rule: str, value: object, row: int | None = None, **told: object) -> Problem:
    """Return a finding about a row of a table, rows counted from 1."""
    return finding(RULES, rule, value, told, sheet=str(told.get("table", "")), row=row)


class PlantData:
    """What the programme is built from: ``o`` counts options, ``f`` facilities, ``t`` years."""

    def __init__(
        self,
        facilities: pl.DataFrame,
        options: pl.DataFrame,
        years: tuple[int, int],
        outlook: Outlook,
        schemas: tuple[pl.Schema, pl.Schema],
    ) -> None:
        problems = [
            problem("Y401", name, table=table)
            for table, frame, schema in zip(
                ("facilities", "options"), (facilities, options), schemas, strict=True
            )
            for name in schema
            if name not in frame.columns
        ]
        if not years[0] < years[1]:
            problems.append(problem("Y408", f"{years[0]}..{years[1]}"))
        if problems:
            raise DataError(problems)
        problems = _rows_wrong(facilities, options)
        self.years = np.arange(years[0], years[1] + 1)
        grid = outlook.grid_tco2_per_mwh
        problems += [problem("Y409", int(y)) for y in self.years if grid and int(y) not in grid]
        if problems:
            raise DataError(problems)
        self.outlook = outlook
        self.facilities = facilities.with_row_index("f")
        place = self.facilities.select("facility", "f", "product", present="option")
        self.options = (
            options.join(place, on="facility", how="left", maintain_order="left")
            .sort("f", maintain_order=True)
            .with_row_index("o")
        )
        self.count, self.span = self.options.height, len(self.years)
        of = self.options
        self.facility_of: Integers = of["f"].to_numpy().astype(np.int64)
        self.is_present = (of["option"] == of["present"]).to_numpy()
        self.present: Integers = np.flatnonzero(self.is_present)
        self.available = of["available_from"].fill_null(0).to_numpy()
        self.overhaul = self._year_at("overhaul_year")
        self.deadline = self._year_at("deadline_year")
        self.products = tuple(facilities["product"].unique(maintain_order=True))
        number = {name: i for i, name in enumerate(self.products)}
        self.product_of = of["product"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
        self._yearly()

    def column(self, name: str) -> Floats:
        """Return a column of the options as numbers."""
        return self.options[name].cast(pl.Float64).to_numpy()

    def _year_at(self, name: str) -> Integers:
        """Return a year of each facility as a place among the years, ``NEVER`` where none."""
        years = self.facilities[name].fill_null(NEVER).to_numpy().astype(np.int64)
        place = years - int(self.years[0])
        return np.where((place >= 0) & (place < self.span), place, NEVER)

    def _yearly(self) -> None:
        """Work out emission, output and cost of every option in every year."""
        outlook = self.outlook
        years = [int(year) for year in self.years]
        #: By product and year, and by year.
        self.activity = np.array(
            [[outlook.activity.get((p, y), 1.0) for y in years] for p in self.products]
        )
        self.grid = np.array([outlook.grid_tco2_per_mwh.get(y, 0.0) for y in years])
        activity = self.activity[self.product_of]
        price = np.array([outlook.carbon_price_cny_per_t.get(y, 0.0) for y in years])
        own = self.column("emission_tco2")[:, None]
        bought = self.column("electricity_mwh")[:, None] * self.grid
        self.discount: Floats = (1.0 + outlook.discount_rate) ** -np.arange(self.span, dtype=float)
        #: In t, and discounted yuan; what is paid for carbon is part of the running cost.
        self.emission: Floats = (own + bought) * activity
        self.carbon: Floats = self.emission * price * self.discount
        self.running: Floats = (
            self.column("running_cny")[:, None] * activity * self.discount + self.carbon
        )
        life = self.column("life_years")[:, None]
        rate = outlook.discount_rate
        # What one yuan spent in a year costs over the rest of the horizon, as an annuity.
        yearly = rate / (1.0 - (1.0 + rate) ** -life) if rate else 1.0 / life
        paid = np.minimum(life, self.span - np.arange(self.span))
        until = np.concatenate([[0.0], np.cumsum(self.discount)])
        at = np.arange(self.span) + paid.astype(np.int64)
        self.annuity: Floats = yearly * (until[at] - until[:-1][None, :])


def _rows_wrong(facilities: pl.DataFrame, options: pl.DataFrame) -> list[Problem]:
    """Tell rows that are there twice, that belong to nothing, and numbers that cannot be."""
    problems = []
    numbered = facilities.with_row_index("row", offset=1)
    for row, name in (
        numbered.filter(~pl.col("facility").is_first_distinct())
        .select("row", "facility")
        .iter_rows()
    ):
        problems.append(problem("Y402", name, row, table="facilities"))
    has = options.select("facility", "option").unique()
    for row, facility, name in (
        numbered.join(has, on=["facility", "option"], how="anti", maintain_order="left")
        .select("row", "facility", "option")
        .iter_rows()
    ):
        problems.append(problem("Y405", name, row, facility=facility, table="facilities"))
    rows = options.with_row_index("row", offset=1)
    twice = rows.filter(~pl.struct("facility", "option").is_first_distinct())
    problems += [
        problem("Y403", name, row, facility=facility, table="options")
        for row, facility, name in twice.select("row", "facility", "option").iter_rows()
    ]
    stray = rows.join(facilities, on="facility", how="anti", maintain_order="left")
    problems += [
        problem("Y404", name, row, table="options")
        for row, name in stray.select("row", "facility").iter_rows()
    ]
    for column, least in _NUMBERS.items():
        value = pl.col(column).cast(pl.Float64)
        odd = rows.filter(value.is_null() | ~value.is_finite())["row"]
        problems += [problem("Y406", "", row, column=column, table="options") for row in odd]
        low = rows.filter(value < least) if least is not None else rows.clear()
        for row, found in low.select("row", column).iter_rows():
            problems.append(
                problem("Y407", found, row, column=column, least=least, table="options")
            )
    return problems
