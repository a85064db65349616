"""The account: lines, factors, gaps and notes of one computation, and the sums over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting import gb_t_2589, ndrc_general_2015
from tanfeng.accounting._sums import grouped, numbered
from tanfeng.accounting._term import Quantity
from tanfeng.accounting.ndrc_general_2015 import BASES
from tanfeng.errors import ModelError
from tanfeng.trace import TIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {q.key: q for q in (*gb_t_2589.QUANTITIES, *ndrc_general_2015.QUANTITIES)}
)
GAP_SCHEMA: dict[str, pl.DataType] = {
    "quantity": pl.Categorical(),
    "code": pl.Categorical(),
    "org_code": pl.Categorical(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "item_key": pl.Categorical(),
    "activity_id": pl.Int64(),
}
#: Columns of the lines a total may be taken by; more come from ``members``.
TOTAL_KEYS = ("org_code", "year", "month", "item_key")
#: Confidences that show 待核实.
UNVERIFIED = ("single", "recalled")
_MEASURES = ("value", *TIERS, "unverified")


@dataclass(frozen=True, slots=True)
class Account:
    """Result of :func:`tanfeng.accounting.account`.

    Parameters
    ----------
    lines : polars.DataFrame
        Every number, with the columns of ``trace.LINE_SCHEMA``.
    factors : polars.DataFrame
        Factors the lines point to, with the columns of ``trace.FACTOR_SCHEMA``.
    gaps : polars.DataFrame
        Rows a quantity lacks, with the columns of ``GAP_SCHEMA``: no data is not zero.
    notes : polars.DataFrame
        What a reader must know, with the columns of ``NOTE_SCHEMA``.
    options : mapping
        What was asked for.
    factor_digest : str
        SHA-256 of the factor set.
    """

    lines: pl.DataFrame
    factors: pl.DataFrame
    gaps: pl.DataFrame
    notes: pl.DataFrame
    options: Mapping[str, object]
    factor_digest: str

    @property
    def errors(self) -> pl.DataFrame:
        """Notes about rows that are missing from a total."""
        return self.notes.filter(pl.col("severity") == "error")

    def totals(
        self, by: Sequence[str] = (), *, members: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Add the lines up.

        Parameters
        ----------
        by : sequence of str
            Columns to keep apart: org_code, year, month, item_key, or columns of ``members``.
        members : polars.DataFrame, optional
            One row per organisation: org_code and whatever it is to be grouped by.

        Returns
        -------
        polars.DataFrame
            The columns of ``by``, quantity, value, measured, reported, estimated (the three add
            up to value), unverified (the part that rests on 待核实 factors) [unit of the quantity],
            lines and missing_rows (rows that could not be counted). A group without any line has
            the value null, not zero. Sorted by its keys.

        Raises
        ------
        ModelError
            If a column is unknown or an organisation is not, or twice, among the members.
        """
        joined = _membership(by, members)
        if joined is not None:
            _refuse_strangers(self, joined)
        keys = [*by, "quantity"]
        wanted = {*by, "quantity", *(("org_code",) if joined is not None else ())}
        own = [name for name in (*TOTAL_KEYS, "quantity") if name in wanted]
        lines = self.lines
        value = lines["value"].to_numpy()
        tiers = {tier: np.where(_is(lines["tier"], tier), value, 0.0) for tier in TIERS}
        doubtful = _is(lines["confidence"], *UNVERIFIED)
        sums = grouped(
            lines, own, {"value": value, **tiers, "unverified": np.where(doubtful, value, 0.0)}
        ).rename({"rows": "lines"})
        gaps = grouped(self.gaps, own, {}).rename({"rows": "missing_rows"})
        if joined is not None:
            sums = _regrouped(sums, joined, keys, (*_MEASURES, "lines"))
            gaps = _regrouped(gaps, joined, keys, ("missing_rows",))
        return (
            sums.join(gaps, on=keys, how="full", coalesce=True, nulls_equal=True)
            .with_columns(pl.col("lines", "missing_rows").fill_null(0))
            .with_columns(pl.col(pl.Categorical).cast(pl.String))
            .select(*keys, *_MEASURES, "lines", "missing_rows")
            .sort(keys)
        )


def _is(column: pl.Series, *words: str) -> NDArray[np.bool_]:
    """Tell which rows hold one of the words, by their physical codes."""
    codes = pl.Series(words, dtype=pl.Categorical()).to_physical()
    return column.to_physical().is_in(codes.implode()).fill_null(False).to_numpy()


def _regrouped(
    sums: pl.DataFrame, members: pl.DataFrame, keys: Sequence[str], measures: Sequence[str]
) -> pl.DataFrame:
    """Bring sums by organisation under the columns of the members."""
    joined = sums.join(members, on="org_code", how="left", maintain_order="left")
    weights = {name: joined[name].to_numpy().astype(np.float64) for name in measures}
    counts = [pl.col(name).cast(pl.Int64) for name in measures if name not in _MEASURES]
    return grouped(joined, keys, weights).drop("rows").with_columns(counts)


def _membership(by: Sequence[str], members: pl.DataFrame | None) -> pl.DataFrame | None:
    known = set(TOTAL_KEYS) | set(members.columns if members is not None else ())
    unknown = [name for name in by if name not in known]
    if unknown:
        raise ModelError(f"totals cannot be taken by {unknown}; known: {sorted(known)}")
    if members is None:
        return None
    if "org_code" not in members.columns or members["org_code"].is_duplicated().any():
        raise ModelError("members needs one row per organisation, with the column org_code")
    wanted = [name for name in by if name not in TOTAL_KEYS]
    return members.select(pl.col("org_code").cast(pl.Categorical), *wanted) if wanted else None


def _refuse_strangers(account: Account, members: pl.DataFrame) -> None:
    seen = pl.concat([account.lines["org_code"].unique(), account.gaps["org_code"].unique()])
    strangers = seen.filter(~seen.is_in(members["org_code"].implode())).unique().to_list()
    if strangers:
        raise ModelError(f"members lacks the organisations {sorted(strangers)[:10]}")


def wide(totals: pl.DataFrame, *, measure: str = "value") -> pl.DataFrame:
    """Lay totals out with one column per quantity.

    Parameters
    ----------
    totals : polars.DataFrame
        Result of :meth:`Account.totals`.
    measure : str
        value, measured, reported, estimated, unverified, lines or missing_rows.

    Returns
    -------
    polars.DataFrame
        One row per group; null where a group has no line of a quantity.
    """
    keys, layers = _laid_out(totals, [measure])
    return keys.hstack(layers[measure]) if keys.width else layers[measure]


def _laid_out(
    totals: pl.DataFrame, measures: Sequence[str]
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return the groups of totals and, per measure, a column for every quantity beside them."""
    by = keys_of(totals)
    group, first = numbered(totals, by)
    place = totals["quantity"].cast(pl.Enum(list(QUANTITIES))).to_physical().to_numpy()
    layers = {}
    for measure in measures:
        table = np.full((len(QUANTITIES), len(first)), np.nan)
        table[place, group] = totals[measure].cast(pl.Float64).to_numpy()
        dtype = totals.schema[measure]
        layers[measure] = pl.DataFrame(
            [
                pl.Series(name, column, nan_to_null=True).cast(dtype)
                for name, column in zip(QUANTITIES, table, strict=True)
            ]
        )
    return totals[first].select(by), layers


def keys_of(totals: pl.DataFrame) -> list[str]:
    """Return the columns totals were taken by."""
    return [
        name
        for name in totals.columns
        if name not in {"quantity", *_MEASURES, "lines", "missing_rows"}
    ]


def _sum(names: Sequence[str]) -> pl.Expr:
    """Add columns up; null only when all of them are."""
    columns = [pl.col(name) for name in names]
    return pl.when(pl.any_horizontal(c.is_not_null() for c in columns)).then(
        pl.sum_horizontal(columns)
    )


def headline(totals: pl.DataFrame, *, basis: str = "average") -> pl.DataFrame:
    """Derive the figures a bureau asks for from totals.

    Parameters
    ----------
    totals : polars.DataFrame
        Result of :meth:`Account.totals`.
    basis : {"average", "residual", "fossil"}
        Basis of purchased electricity.

    Returns
    -------
    polars.DataFrame
        One row per group. Energy [tce]: energy_calorific_tce, energy_equivalent_tce and of each
        the variants ``_net_feedstock``, ``_net_green_power``, ``_net_both``. CO2 [tCO2]:
        emission_direct_tco2, emission_electricity_tco2, emission_heat_tco2,
        emission_indirect_tco2, emission_total_tco2. Shares [1] of calorific energy and of total
        emission by data quality and of what is 待核实; rows that could not be counted. A figure
        without any line is null, not zero.

    Raises
    ------
    ModelError
        If the basis is unknown.
    """
    if basis not in BASES:
        raise ModelError(f"basis {basis!r} is none of {', '.join(BASES)}")
    emissions = (
        "emission_fuel_tco2",
        f"emission_electricity_{basis}_tco2",
        "emission_heat_tco2",
    )
    keys, layers = _laid_out(totals, ("value", *TIERS, "unverified", "missing_rows"))
    parts = []
    for method in ("calorific", "equivalent"):
        whole = pl.col(f"energy_{method}_tce")
        feedstock = pl.col(f"feedstock_{method}_tce").fill_null(0.0)
        green = pl.col(f"green_power_{method}_tce").fill_null(0.0)
        parts += [
            whole,
            (whole - feedstock).alias(f"energy_{method}_net_feedstock_tce"),
            (whole - green).alias(f"energy_{method}_net_green_power_tce"),
            (whole - feedstock - green).alias(f"energy_{method}_net_both_tce"),
        ]
    result = layers["value"].select(
        *parts,
        pl.col(emissions[0]).alias("emission_direct_tco2"),
        pl.col(emissions[1]).alias("emission_electricity_tco2"),
        pl.col(emissions[2]),
        _sum(emissions[1:]).alias("emission_indirect_tco2"),
        _sum(emissions).alias("emission_total_tco2"),
    )
    result = result.with_columns(
        *_shares("energy", ("energy_calorific_tce",), layers),
        *_shares("emission", emissions, layers),
    )
    return keys.hstack(result) if keys.width else result


def _shares(
    name: str, quantities: Sequence[str], layers: Mapping[str, pl.DataFrame]
) -> list[pl.Series]:
    """Divide a figure by data quality and tell what is 待核实 and what is missing in it."""
    weight = {
        measure: layers[measure].select(_sum(quantities).abs()).to_series()
        for measure in (*TIERS, "unverified")
    }
    whole_weight = weight["measured"] + weight["reported"] + weight["estimated"]
    shares = [
        (weight[measure] / whole_weight).fill_nan(None).alias(f"{name}_{measure}_share")
        for measure in weight
    ]
    missing = layers["missing_rows"].select(_sum(quantities).fill_null(0)).to_series()
    return [*shares, missing.alias(f"{name}_missing_rows")]


def year_on_year(frame: pl.DataFrame) -> pl.DataFrame:
    """Put last year's figure and the relative change beside every figure.

    Parameters
    ----------
    frame : polars.DataFrame
        Figures with the column ``year``; columns ending in ``_tce`` or ``_tco2`` are figures,
        ``*_share`` and ``*_rows`` are left alone, all others name the group.

    Returns
    -------
    polars.DataFrame
        The frame with ``<figure>_last_year`` [unit of the figure] and ``<figure>_change`` [1]
        added; null where there is no last year, or it is zero.

    Raises
    ------
    ModelError
        If there is no column ``year`` or a group has a year twice.
    """
    figures = [name for name in frame.columns if name.endswith(("_tce", "_tco2"))]
    keys = [
        name
        for name in frame.columns
        if name not in figures and not name.endswith(("_share", "_rows"))
    ]
    if "year" not in keys or frame.select(keys).is_duplicated().any():
        raise ModelError("year_on_year needs a column year and one row per group and year")
    before = frame.select(
        *[pl.col(name) + 1 if name == "year" else pl.col(name) for name in keys],
        *(pl.col(name).alias(f"{name}_last_year") for name in figures),
    )
    joined = frame.join(before, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(
        pl.when(pl.col(f"{name}_last_year") != 0)
        .then(pl.col(name) / pl.col(f"{name}_last_year") - 1.0)
        .alias(f"{name}_change")
        for name in figures
    )
