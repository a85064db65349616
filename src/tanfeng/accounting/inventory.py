"""Inventory: CO2 by place, sector, fuel and year, rolled up from lines or read from a table.

Both roads end in the same cells, so a published inventory goes through the same engine as the
city's own account. The boundary is a switch: direct emissions only, or with purchased electricity
and heat. A boundary an inventory has no data for is refused, not answered with less.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from tanfeng.accounting._account import QUANTITIES, Account
from tanfeng.accounting._sums import grouped
from tanfeng.accounting.ndrc_general_2015 import BASES
from tanfeng.errors import ModelError
from tanfeng.trace import TIERS

CELL_KEYS = ("place", "sector", "fuel", "year", "part")
CELL_SCHEMA: dict[str, pl.DataType] = {
    "place": pl.String(),
    "sector": pl.String(),
    "fuel": pl.String(),
    "year": pl.Int32(),
    "part": pl.String(),
    "emission_tco2": pl.Float64(),
    **{f"{tier}_tco2": pl.Float64() for tier in TIERS},
    "missing_rows": pl.Int64(),
}
CHECK_SCHEMA: dict[str, pl.DataType] = {
    "year": pl.Int32(),
    "sector": pl.String(),
    "fuel": pl.String(),
    "printed_tco2": pl.Float64(),
    "computed_tco2": pl.Float64(),
    "difference_tco2": pl.Float64(),
}
#: Boundary -> parts of the emission that belong to it.
BOUNDARIES = MappingProxyType(
    {"direct": ("direct",), "direct+power+heat": ("direct", "electricity", "heat")}
)


@dataclass(frozen=True, slots=True)
class Inventory:
    """CO2 cells and where they come from.

    Parameters
    ----------
    cells : polars.DataFrame
        Columns of ``CELL_SCHEMA``; emission null = no data. The tier columns are null where the
        source does not say how a value was obtained.
    source : str
        What the cells rest on.
    basis : str
        Basis of purchased electricity, empty for a table that was read.
    checks : polars.DataFrame
        Totals printed in a table that was read beside the sums of its cells, with the columns of
        ``CHECK_SCHEMA``.
    """

    cells: pl.DataFrame
    source: str
    basis: str
    checks: pl.DataFrame

    def totals(self, by: Sequence[str] = ("year",), *, boundary: str = "direct") -> pl.DataFrame:
        """Add cells up.

        Parameters
        ----------
        by : sequence of str
            Any of place, sector, fuel, year, part.
        boundary : {"direct", "direct+power+heat"}
            Which parts belong to the total.

        Returns
        -------
        polars.DataFrame
            The columns of ``by``, emission_tco2 and its tier parts [tCO2], cells (with data),
            missing_cells and missing_rows. Null where there is no data at all. Sorted by ``by``.

        Raises
        ------
        ModelError
            If a column or the boundary is unknown, or the inventory has no data for a part.
        """
        unknown = [name for name in by if name not in CELL_KEYS]
        if unknown or boundary not in BOUNDARIES:
            raise ModelError(
                f"inventory totals by {list(by)} with boundary {boundary!r}: columns are "
                f"{', '.join(CELL_KEYS)}, boundaries {', '.join(BOUNDARIES)}"
            )
        parts = BOUNDARIES[boundary]
        lacking = [part for part in parts if part not in self.cells["part"].to_list()]
        if lacking:
            raise ModelError(
                f"{self.source} has no {', '.join(lacking)} emissions; ask for boundary direct"
            )
        kept = self.cells.filter(pl.col("part").is_in(parts))
        measures = ("emission_tco2", *(f"{tier}_tco2" for tier in TIERS))
        known = {name: kept[name].is_not_null().to_numpy() for name in measures}
        sums = grouped(
            kept,
            by,
            {name: kept[name].fill_null(0.0).to_numpy() for name in measures}
            | {f"{name}.known": known[name].astype(np.float64) for name in measures}
            | {"missing_rows": kept["missing_rows"].to_numpy().astype(np.float64)},
        )
        return sums.select(
            *by,
            *(
                pl.when(pl.col(f"{name}.known") > 0).then(pl.col(name)).alias(name)
                for name in measures
            ),
            pl.col("emission_tco2.known").cast(pl.Int64).alias("cells"),
            (pl.col("rows") - pl.col("emission_tco2.known")).cast(pl.Int64).alias("missing_cells"),
            pl.col("missing_rows").cast(pl.Int64),
        ).sort(by or "cells")

    def table(self, rows: str = "sector", *, boundary: str = "direct") -> pl.DataFrame:
        """Lay the series out: one row per sector, place or fuel, one column per year.

        Parameters
        ----------
        rows : {"sector", "place", "fuel", "part"}
            What stands in the first column.
        boundary : {"direct", "direct+power+heat"}
            Which parts belong to the figures.

        Returns
        -------
        polars.DataFrame
            Column ``rows`` and one column per year [tCO2], null where there is no data.
        """
        totals = self.totals((rows, "year"), boundary=boundary)
        years = [str(year) for year in sorted(totals["year"].unique().to_list())]
        return totals.pivot(on="year", index=rows, values="emission_tco2").select(rows, *years)


def from_account(account: Account, members: pl.DataFrame, *, basis: str = "average") -> Inventory:
    """Roll an account up to cells.

    Parameters
    ----------
    account : Account
        Lines of the city.
    members : polars.DataFrame
        org_code, sector, place; one row per organisation.
    basis : {"average", "residual", "fossil"}
        Basis of purchased electricity.

    Returns
    -------
    Inventory

    Raises
    ------
    ModelError
        If the basis is unknown or an organisation has no sector and place.
    """
    if basis not in BASES:
        raise ModelError(f"basis {basis!r} is none of {', '.join(BASES)}")
    if not {"org_code", "sector", "place"} <= set(members.columns):
        raise ModelError("members needs the columns org_code, sector, place")
    parts = {
        key: quantity.kind
        for key, quantity in QUANTITIES.items()
        if quantity.kind in {"direct", "heat"} or key == f"emission_electricity_{basis}_tco2"
    }
    totals = account.totals(("place", "sector", "item_key", "year"), members=members)
    cells = totals.filter(pl.col("quantity").is_in(list(parts))).select(
        "place",
        "sector",
        "year",
        "missing_rows",
        fuel="item_key",
        part=pl.col("quantity").replace_strict(parts, return_dtype=pl.String()),
        emission_tco2="value",
        **{f"{tier}_tco2": tier for tier in TIERS},
    )
    return Inventory(_cells(cells), "account", basis, pl.DataFrame(schema=CHECK_SCHEMA))


def read_table(
    frame: pl.DataFrame,
    *,
    place: str,
    source: str,
    unit_tco2: float,
    columns: tuple[str, str, str, str] = ("year", "sector", "fuel", "value"),
    total_sector: str = "",
    total_fuel: str = "",
    skip_fuels: Collection[str] = (),
) -> Inventory:
    """Read an external table sector x fuel x year of direct emissions into cells.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per year, sector and fuel.
    place : str
        Place the table speaks of.
    source : str
        Citation.
    unit_tco2 : float
        Tonnes of CO2 in one unit of the table, 1e6 for Mt. [tCO2]
    columns : tuple of str
        Names of the columns year, sector, fuel and value.
    total_sector, total_fuel : str
        Names under which the table prints totals; they are compared with the sums, not counted.
    skip_fuels : collection of str
        Columns the table carries without content.

    Returns
    -------
    Inventory

    Raises
    ------
    ModelError
        If a column is missing, a cell stands twice, a value is no finite number, a name to skip
        does not occur, or the unit is not positive.
    """
    table = _table(frame, columns, unit_tco2)
    for name, column in ((total_sector, "sector"), (total_fuel, "fuel")):
        if name and name not in table[column].to_list():
            raise ModelError(f"inventory table has no {column} {name!r}")
    strangers = sorted(set(skip_fuels) - set(table["fuel"].to_list()))
    if strangers:
        raise ModelError(f"inventory table has no fuels {strangers} to skip")
    table = table.filter(~pl.col("fuel").is_in(list(skip_fuels)))
    printed = (pl.col("sector") == total_sector) | (pl.col("fuel") == total_fuel)
    cells = table.filter(~printed).with_columns(
        place=pl.lit(place),
        part=pl.lit("direct"),
        missing_rows=pl.lit(0),
        **{f"{tier}_tco2": pl.lit(None, dtype=pl.Float64()) for tier in TIERS},
    )
    checks = _checks(table.filter(printed), cells, total_sector, total_fuel)
    return Inventory(_cells(cells), source, "", checks)


def _table(
    frame: pl.DataFrame, columns: tuple[str, str, str, str], unit_tco2: float
) -> pl.DataFrame:
    """Return year, sector, fuel and emission in tonnes, each cell once."""
    if not unit_tco2 > 0 or not set(columns) <= set(frame.columns):
        raise ModelError(f"inventory table needs {', '.join(columns)} and a positive unit")
    year, sector, fuel, value = columns
    table = frame.select(
        pl.col(year).cast(pl.Int32).alias("year"),
        pl.col(sector).cast(pl.String).alias("sector"),
        pl.col(fuel).cast(pl.String).alias("fuel"),
        (pl.col(value).cast(pl.Float64) * unit_tco2).alias("emission_tco2"),
    )
    if table.select("year", "sector", "fuel").is_duplicated().any():
        raise ModelError("inventory table repeats a cell")
    if not table["emission_tco2"].is_finite().all():
        raise ModelError("inventory table holds values that are no finite numbers")
    return table


def _cells(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in CELL_SCHEMA.items()).sort(
        CELL_KEYS
    )


def _checks(
    printed: pl.DataFrame, cells: pl.DataFrame, total_sector: str, total_fuel: str
) -> pl.DataFrame:
    """Put every printed total beside the sum of the cells it covers."""
    weight = {"computed_tco2": cells["emission_tco2"].fill_null(0.0).to_numpy()}
    sums = [
        grouped(cells, ("year", *kept), weight)
        .with_columns(
            pl.lit(name).alias(column)
            for column, name in (("sector", total_sector), ("fuel", total_fuel))
            if column not in kept
        )
        .select("year", "sector", "fuel", "computed_tco2")
        for kept in (("sector",), ("fuel",), ())
    ]
    return (
        printed.rename({"emission_tco2": "printed_tco2"})
        .join(pl.concat(sums), on=["year", "sector", "fuel"], how="left")
        .with_columns(difference_tco2=pl.col("computed_tco2") - pl.col("printed_tco2"))
        .select(*CHECK_SCHEMA)
        .sort("year", "sector", "fuel")
    )
