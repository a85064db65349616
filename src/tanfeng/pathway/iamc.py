"""Results as other modelling teams exchange them: the IAMC table, long or wide.

Wide: ``Model, Scenario, Region, Variable, Unit, 2020, 2025, ...``; long: the same with ``Year``
and ``Value``. Headings are read in any case; a variable names its branches with ``|``. One row is
one model, scenario, region and variable; the same variable in two units is an error, since a
reader who adds them up would not see it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from tanfeng.errors import DataError, Problem
from tanfeng.pathway._iamc_rules import problem
from tanfeng.pathway._places import letter, text

INDEX = ("model", "scenario", "region", "variable", "unit")
LONG = pl.Schema({**dict.fromkeys(INDEX, pl.String()), "year": pl.Int64(), "value": pl.Float64()})
"""Columns of an IAMC table kept long."""

_YEAR = re.compile(r"^(1[89]|20|21)\d\d$")


def read_rows(rows: Sequence[Sequence[Any]], *, sheet: str = "") -> pl.DataFrame:
    """Read an IAMC table, wide or long.

    Parameters
    ----------
    rows : sequence of rows
        Headings first; cells as text or numbers. Empty values are left out.
    sheet : str
        Told with each place.

    Returns
    -------
    polars.DataFrame
        Columns of ``LONG``, in the order of the file.

    Raises
    ------
    DataError
        With every missing or unknown heading, every cell that is no number, every empty index
        cell, every value given twice, every variable in two units.
    """
    headings = [text(cell) for cell in rows[0]] if rows else []
    names = [name.lower() for name in headings]
    years = {i: int(name) for i, name in enumerate(names) if _YEAR.match(name)}
    wanted = (*INDEX, "year", "value") if not years else INDEX
    wrong = [problem("Y351", sheet, 1, "", name) for name in wanted if name not in names]
    wrong += [
        problem("Y352", sheet, 1, letter(i), headings[i])
        for i, name in enumerate(names)
        if name and (name not in wanted or names.index(name) != i) and i not in years
    ]
    wrong += [
        problem("Y352", sheet, 1, letter(i), headings[i])
        for i, year in years.items()
        if list(years.values()).index(year) != list(years).index(i)
    ]
    if wrong:
        raise DataError(wrong)
    at = {name: names.index(name) for name in wanted}
    cells: list[tuple[int, int, list[str], int | str, Any]] = []
    for number, row in enumerate(rows[1:], start=2):
        full = [*row, *[""] * (len(names) - len(row))]
        index = [text(full[at[name]]) for name in INDEX]
        if not any(text(cell) for cell in full):
            continue
        if years:
            cells += [(number, i, index, year, full[i]) for i, year in years.items()]
        else:
            cells.append((number, at["value"], index, full[at["year"]], full[at["value"]]))
    return _checked(cells, sheet, at)


def _checked(
    cells: list[tuple[int, int, list[str], int | str, Any]], sheet: str, at: dict[str, int]
) -> pl.DataFrame:
    problems: list[Problem] = []
    kept: list[tuple[object, ...]] = []
    seen: dict[tuple[object, ...], str] = {}
    units: dict[tuple[str, ...], str] = {}
    empty: set[int] = set()
    for number, column, index, year, cell in cells:
        if not all(index) and number not in empty:
            empty.add(number)
            missing = INDEX[index.index("")]
            problems.append(problem("Y353", sheet, number, letter(at[missing]), missing))
        written = text(cell)
        if not written or not all(index):
            continue
        value, when = _number(written), _number(text(year))
        place = letter(column)
        if when is None or not _YEAR.match(str(int(when))) or when % 1:
            problems.append(problem("Y354", sheet, number, letter(at["year"]), str(year)))
        elif value is None:
            problems.append(problem("Y355", sheet, number, place, written))
        else:
            key = (*index[:4], int(when))
            if key in seen:
                problems.append(problem("Y356", sheet, number, place, written, before=seen[key]))
            seen.setdefault(key, f"{place}{number}")
            unit = units.setdefault(tuple(index[:4]), index[4])
            if unit != index[4]:
                problems.append(problem("Y357", sheet, number, letter(at["unit"]), index[4]))
            kept.append((*index, int(when), value))
    if problems:
        raise DataError(problems)
    return pl.DataFrame(kept, schema=LONG, orient="row")


def read_csv(written: str) -> pl.DataFrame:
    """Read an IAMC table from CSV text.

    Parameters
    ----------
    written : str
        Separated by commas or semicolons.

    Returns
    -------
    polars.DataFrame
        Columns of ``LONG``.

    Raises
    ------
    DataError
        As :func:`read_rows`.
    """
    written = written.lstrip("\ufeff")
    first = written.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    return read_rows(list(csv.reader(io.StringIO(written), delimiter=separator)))


def wide(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a long table with a column a year.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of ``LONG``.

    Returns
    -------
    polars.DataFrame
        Headings as the IAMC template writes them: ``Model``, ``Scenario``, ``Region``,
        ``Variable``, ``Unit``, then the years in their order.
    """
    years = [str(year) for year in sorted(frame["year"].unique())]
    turned = frame.with_columns(pl.col("year").cast(pl.String)).pivot(
        "year", index=list(INDEX), values="value", maintain_order=True
    )
    return turned.select(*INDEX, *years).rename({name: name.capitalize() for name in INDEX})


def of_projection(table: pl.DataFrame, *, model: str, region: str) -> pl.DataFrame:
    """Return what the written numbers of a scenario lead to as an IAMC table.

    Parameters
    ----------
    table : polars.DataFrame
        Of ``projection.table``.
    model, region : str
        Names to write.

    Returns
    -------
    polars.DataFrame
        Columns of ``LONG``: ``Emissions|CO2|Industry|SECTOR`` with its parts below it in
        Mt CO2/yr, ``Final Energy|Industry|SECTOR`` in Mtce/yr, and the sums over the sectors.
    """
    emission = "Emissions|CO2|Industry"
    sector, part = pl.col("sector"), pl.col("part").str.to_titlecase()
    by = {"scenario": pl.col("scenario"), "year": pl.col("year").cast(pl.Int64)}
    of = pl.col("emission_tco2").sum()
    energy = table.unique(["scenario", "sector", "year"], maintain_order=True)
    summed = pl.col("energy_tce").sum()
    levels = [
        (table, emission, pl.lit(""), of, "Mt CO2/yr"),
        (table, emission, "|" + sector, of, "Mt CO2/yr"),
        (table, emission, "|" + sector + "|" + part, of, "Mt CO2/yr"),
        (energy, "Final Energy|Industry", pl.lit(""), summed, "Mtce/yr"),
        (energy, "Final Energy|Industry", "|" + sector, summed, "Mtce/yr"),
    ]
    return pl.concat(
        frame.group_by(variable=pl.lit(root) + below, **by, maintain_order=True)
        .agg(value=amount / 1e6)
        .with_columns(model=pl.lit(model), region=pl.lit(region), unit=pl.lit(unit))
        .select(list(LONG))
        for frame, root, below, amount, unit in levels
    )


def of_bands(bands: pl.DataFrame, *, model: str, scenario: str, region: str) -> pl.DataFrame:
    """Return the quantiles of an ensemble as an IAMC table.

    Parameters
    ----------
    bands : polars.DataFrame
        Of ``Ensemble.bands``.
    model, scenario, region : str
        Names to write.

    Returns
    -------
    polars.DataFrame
        Columns of ``LONG``, one variable a sector and quantile:
        ``Emissions|CO2|Industry|SECTOR|P05``, in Mt CO2/yr.
    """
    below = pl.when(pl.col("sector") == "").then(pl.lit("")).otherwise("|" + pl.col("sector"))
    return (
        bands.unpivot(index=["sector", "year"], variable_name="measure")
        .with_columns(
            variable="Emissions|CO2|Industry" + below + "|" + pl.col("measure").str.to_titlecase(),
            value=pl.col("value") / 1e6,
            model=pl.lit(model),
            scenario=pl.lit(scenario),
            region=pl.lit(region),
            unit=pl.lit("Mt CO2/yr"),
            year=pl.col("year").cast(pl.Int64),
        )
        .select(list(LONG))
    )


def _number(written: str) -> float | None:
    try:
        value = float(written.replace(",", ""))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
