"""How much each of several overlapping measures adds, so that they add up to the package.

At one object (a line, a boiler house, a fuel of a plant) with the emission ``E`` each measure
saves a share ``s[i]`` of what the others leave. The package saves

``v = E * (1 - product over all i of (1 - s[i]))``.

What a measure saves depends on which came before it, so each gets its mean over all orders, the
Shapley value (Shapley 1953). By the multilinear extension of the game (Owen 1972) that mean is an
integral of a polynomial,

``phi[i] = E * s[i] * integral over u from 0 to 1 of (product over j != i of (1 - s[j] * u))``,

of degree ``n - 1``, which Gauss-Legendre gives exactly with half as many nodes as there are
measures, without walking through every package. The values add up to ``v``.

Beside it stands each measure alone, ``E * s[i]``: these overlap, by their sum less the package.
Taking one measure away at a time, ``E * s[i] * product over j != i of (1 - s[j])``, is too little
instead: what two measures both could do is credited to neither. It is told, as the least a
measure adds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from tanfeng.errors import DataError, Problem
from tanfeng.pathway._attribution_rules import problem
from tanfeng.pathway.lp import Floats
from tanfeng.standards import load

OBJECTS = pl.Schema({"object": pl.String(), "emission_tco2": pl.Float64()})
"""What measures act on, and what it emits a year without any of them."""

MEASURES = pl.Schema({"object": pl.String(), "measure": pl.String(), "saving": pl.Float64()})
"""``saving`` is the share, 0 to 1, of what the object's other measures leave."""

#: Confidence of a row of the standards that needs no 待核实.
_VERIFIED = ("confirmed", "override")


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Measures with what each adds, in t CO2 a year.

    Parameters
    ----------
    measures : polars.DataFrame
        The rows given, with ``attributed_tco2`` (adds up to the package), ``alone_tco2`` and
        ``last_tco2`` (what would be lost without it: the least it adds).
    balance : polars.DataFrame
        By object: ``emission_tco2``, ``alone_tco2``, ``overlap_tco2``, ``package_tco2`` (alone
        less overlap), ``attributed_tco2``, ``left_tco2``.
    """

    measures: pl.DataFrame
    balance: pl.DataFrame


def attribute(
    objects: pl.DataFrame,
    measures: pl.DataFrame,
    *,
    exclusive: Iterable[tuple[str, str]] = (),
) -> Attribution:
    """Attribute what packages of measures save to the measures.

    Parameters
    ----------
    objects : polars.DataFrame
        Columns of ``OBJECTS``; an object without measures keeps its emission.
    measures : polars.DataFrame
        Columns of ``MEASURES``; others are carried along.
    exclusive : iterable of (str, str)
        Measures that cannot stand at one object together.

    Returns
    -------
    Attribution

    Raises
    ------
    tanfeng.errors.DataError
        With everything wrong at once; exclusive measures at one object are refused.
    """
    problems = _columns_wrong(objects, measures)
    if problems:
        raise DataError(problems)
    problems = _rows_wrong(objects, measures, exclusive)
    if problems:
        raise DataError(problems)
    rows = measures.with_row_index("row").join(
        objects.select("object", pl.col("emission_tco2").alias("_e")).with_row_index("at"),
        on="object",
        maintain_order="left",
    )
    at = rows["at"].to_numpy().astype(np.int64)
    saving, emission = (rows[name].cast(pl.Float64).to_numpy() for name in ("saving", "_e"))
    each, last = _shares(at, saving, objects.height)
    told = measures.with_columns(
        attributed_tco2=pl.Series(emission * each, dtype=pl.Float64),
        alone_tco2=pl.Series(emission * saving, dtype=pl.Float64),
        last_tco2=pl.Series(emission * last, dtype=pl.Float64),
    )
    return Attribution(told, _balance(objects, at, saving, told))


def from_standards(objects: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Read the savings of measures out of the table ``measures`` of the standards.

    The table tells a saving in a unit of its own (kWh or GJ a tonne of product, t CO2 a tonne, or
    a share of some fuel). What such a unit is worth at an object only its operator knows.

    Parameters
    ----------
    objects : polars.DataFrame
        Columns of ``OBJECTS``.
    chosen : polars.DataFrame
        ``object``, ``measure`` (an id of the table) and ``tco2_per_unit``: t CO2 a year that one
        unit of the saving is worth at the object, for example a year's output in t times
        tCO2/kWh, or for a share the emission of what it is a share of.

    Returns
    -------
    polars.DataFrame
        ``MEASURES`` with ``name_zh``, ``name_en``, ``value`` and ``unit`` as the table has them,
        ``cost_cny``, ``cost_unit`` and ``lifetime_a`` (null where the table has none),
        ``source_doc``, ``confidence``, ``value_status``, and ``to_verify``: the figure is not
        confirmed and shows 待核实.

    Raises
    ------
    tanfeng.errors.DataError
        With every measure that is not in the table, has no saving there, or lacks what a unit is
        worth; what has no figure is not taken as zero.
    """
    wrong = [
        problem("Y411", name, table="measures")
        for name in ("object", "measure", "tco2_per_unit")
        if name not in chosen.columns
    ]
    if wrong:
        raise DataError(wrong)
    table = load("measures").select(
        pl.col("id").alias("measure"), "name_zh", "name_en", "value_num", "unit",
        pl.col("cost_cny", "lifetime_a").cast(pl.Float64, strict=False),
        "cost_unit", "source_doc", "confidence", "value_status",
    )  # fmt: skip
    rows = chosen.join(table, on="measure", how="left", maintain_order="left").join(
        objects.select("object", "emission_tco2").unique("object"),
        on="object",
        how="left",
        maintain_order="left",
    )
    problems = []
    for number, row in enumerate(rows.iter_rows(named=True), start=1):
        name, of = row["measure"], row["object"]
        worth = row["tco2_per_unit"]
        if row["value_status"] is None:
            problems.append(problem("Y416", name, number))
        elif row["value_status"] == "none" or row["value_num"] is None:
            names = {key: row[key] for key in ("name_zh", "name_en")}
            problems.append(problem("Y417", name, number, **names))
        elif worth is None or not np.isfinite(worth):
            told = {"object": of, "measure": name, "unit": row["unit"]}
            problems.append(problem("Y418", "", number, **told))
        elif not (row["emission_tco2"] or 0.0) > 0.0:
            problems.append(problem("Y412", of, number))
    if problems:
        raise DataError(problems)
    worth = pl.col("tco2_per_unit") * pl.col("value_num")
    verified = pl.col("confidence").is_in(_VERIFIED) & pl.col("value_status").eq("sourced")
    return rows.select(
        "object", "measure", "name_zh", "name_en",
        (worth / pl.col("emission_tco2")).alias("saving"),
        pl.col("value_num").alias("value"), "unit", "cost_cny", "cost_unit", "lifetime_a",
        "source_doc", "confidence", "value_status", (~verified).alias("to_verify"),
    )  # fmt: skip


def standard_exclusions() -> tuple[tuple[str, str], ...]:
    """Return the pairs of measures that the standards say exclude each other.

    Returns
    -------
    tuple of (str, str)
        Ids. What the table says in words (``all BF measures``) names no measure and is not here.
    """
    table = load("measures").select("id", other=pl.col("mutually_exclusive_with").str.split(";"))
    pairs = table.explode("other").with_columns(pl.col("other").str.strip_chars())
    known = pairs.filter(pl.col("other").is_in(table["id"].implode()))
    return tuple(sorted({(min(pair), max(pair)) for pair in known.iter_rows()}))


def _shares(at: np.ndarray, saving: Floats, objects: int) -> tuple[Floats, Floats]:
    """Compute each measure's share of its object's emission: attributed, and as the last one."""
    count = np.bincount(at, minlength=objects)
    nodes, weights = np.polynomial.legendre.leggauss(max(1, (int(count.max(initial=1)) + 1) // 2))
    order = np.argsort(at, kind="stable")
    first = np.cumsum(count[count > 0]) - count[count > 0]
    group = np.repeat(np.arange(len(first)), count[count > 0])
    own = saving[order]

    def others(u: float) -> Floats:
        """Multiply what the other measures of the object leave when each is there with chance u."""
        # A product over the others alone: nothing is divided away that might be zero.
        left = 1.0 - own * u
        whole = np.where(left == 0.0, 1.0, left)
        zeros = np.add.reduceat(left == 0.0, first, dtype=np.int64)[group] - (left == 0.0)
        product: Floats = np.multiply.reduceat(whole, first)[group] / whole
        return np.where(zeros > 0, 0.0, product)

    mean, last = np.zeros(len(at)), np.zeros(len(at))
    if len(at):
        for u, weight in zip((nodes + 1.0) / 2.0, weights / 2.0, strict=True):
            mean[order] += weight * own * others(float(u))
        last[order] = own * others(1.0)
    return mean, last


def _balance(
    objects: pl.DataFrame, at: np.ndarray, saving: Floats, told: pl.DataFrame
) -> pl.DataFrame:
    """Reconcile the measures alone, their overlap and the package, object by object."""
    left = np.ones(objects.height)
    np.multiply.at(left, at, 1.0 - saving)
    alone, attributed = np.zeros(objects.height), np.zeros(objects.height)
    np.add.at(alone, at, told["alone_tco2"].to_numpy())
    np.add.at(attributed, at, told["attributed_tco2"].to_numpy())
    emission = objects["emission_tco2"].cast(pl.Float64).to_numpy()
    package = emission * (1.0 - left)
    return objects.select("object").with_columns(
        emission_tco2=pl.Series(emission),
        alone_tco2=pl.Series(alone),
        overlap_tco2=pl.Series(alone - package),
        package_tco2=pl.Series(package),
        attributed_tco2=pl.Series(attributed),
        left_tco2=pl.Series(emission * left),
    )


def _columns_wrong(objects: pl.DataFrame, measures: pl.DataFrame) -> list[Problem]:
    tables = {"objects": (objects, OBJECTS), "measures": (measures, MEASURES)}
    return [
        problem("Y411", name, table=table)
        for table, (frame, schema) in tables.items()
        for name in schema
        if name not in frame.columns
    ]


def _rows_wrong(
    objects: pl.DataFrame, measures: pl.DataFrame, exclusive: Iterable[tuple[str, str]]
) -> list[Problem]:
    """Tell objects without one emission, and measures that are there twice or cannot be."""
    emission = pl.col("emission_tco2").cast(pl.Float64)
    bad = ~pl.col("object").is_unique() | ~(emission.is_finite() & (emission >= 0.0))
    odd = objects.with_row_index("row", 1).filter(bad | emission.is_null())
    problems = [
        problem("Y412", name, row, table="objects")
        for row, name in odd.select("row", "object").iter_rows()
    ]
    rows = measures.with_row_index("row", 1).select("row", "object", "measure", "saving")
    stray = rows.join(objects, on="object", how="anti", maintain_order="left")
    problems += [
        problem("Y412", name, row, table="measures")
        for row, name in stray.select("row", "object").iter_rows()
    ]
    twice = rows.filter(~pl.struct("object", "measure").is_first_distinct())
    for row, of, name, _ in twice.iter_rows():
        problems.append(problem("Y413", name, row, object=of, table="measures"))
    share = pl.col("saving").cast(pl.Float64)
    wrong = rows.filter(share.is_null() | share.is_nan() | ~share.is_between(0.0, 1.0))
    for row, of, name, value in wrong.iter_rows():
        said = "" if value is None else value
        problems.append(problem("Y414", said, row, object=of, measure=name, table="measures"))
    pairs = pl.DataFrame(
        [(min(one), max(one)) for one in exclusive],
        schema={"one": pl.String(), "other": pl.String()},
        orient="row",
    ).unique(maintain_order=True)
    both = rows.select("row", "object", one="measure").join(pairs, on="one")
    clash = both.join(rows.select("object", other="measure"), on=["object", "other"]).sort("row")
    for row, of, name, other in clash.select("row", "object", "one", "other").iter_rows():
        problems.append(problem("Y415", other, row, object=of, measure=name, table="measures"))
    return problems
