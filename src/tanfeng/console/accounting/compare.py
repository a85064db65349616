"""What moved between two runs, and why: activity, factor, method or boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng import accounting
from tanfeng.console.accounting import charts, figures, frozen, measures
from tanfeng.console.accounting.models import Run
from tanfeng.console.core import rights
from tanfeng.console.core.models import User

DEFAULT = "emission_total_tco2"
CAUSES: Mapping[str, Promise] = {
    "activity": gettext_lazy("Activity data"),
    "factor": gettext_lazy("Factors"),
    "method": gettext_lazy("Method"),
    "boundary": gettext_lazy("Boundary"),
}
_SUMS = ("value_a", "value_b", *CAUSES)
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs side by side inside a user's scope.

    Parameters
    ----------
    measure : str
        What is compared; ``unit`` is its unit.
    total : dict
        value_a, value_b, the causes and difference over the scope.
    by_year, by_org : list of dict
        The same by year, and by enterprise with the largest move first.
    waterfall : dict or None
        Chart data.
    years : tuple of int
        Years both runs hold.
    """

    measure: str
    unit: str
    total: Mapping[str, float | None]
    by_year: list[dict[str, Any]]
    by_org: list[dict[str, Any]]
    waterfall: dict[str, Any] | None
    years: tuple[int, ...]

    @property
    def largest(self) -> list[dict[str, Any]]:
        """Enterprises that moved most."""
        return self.by_org[:_SHOWN]


def difference(user: User, run_a: Run, run_b: Run) -> pl.DataFrame:
    """Return the difference by quantity, organisation and year over what the user may see.

    The engine compares line by line once per pair of runs; the sums are kept beside the later
    run, because neither of the two can change.
    """
    rights.require(user, "view", run_a)
    rights.require(user, "view", run_b)
    path = frozen.folder_of(run_b) / f"difference-{run_a.number}.parquet"
    if path.exists():
        table = pl.read_parquet(path)
    else:
        both = _common(run_a, run_b)
        table = accounting.diff(
            whole(run_a, both), whole(run_b, both), by=("quantity", "org_code", "year")
        )
        partial = path.with_suffix(".partial")
        table.write_parquet(partial)
        partial.rename(path)
    return figures.scope_of(user).within(table)


def whole(run: Run, years: tuple[int, int] | None = None) -> accounting.Account:
    """Return a run as the engine knows it; who may see it is for the caller to ask.

    Parameters
    ----------
    run : Run
        The run.
    years : tuple of int, optional
        First and last year wanted; all of them without it.
    """
    files = frozen.opened(run)
    lines = files.lines
    if years is not None:
        lines = lines.filter(pl.col("year").is_between(*years))
    return accounting.Account(
        lines=lines.collect().with_columns(pl.col("org_code").cast(pl.Categorical)),
        factors=files.factors,
        gaps=files.gaps,
        notes=files.notes,
        options=run.options,
        factor_digest=str(run.manifest.get("factor_digest", "")),
    )


def _common(run_a: Run, run_b: Run) -> tuple[int, int]:
    return max(run_a.first_year, run_b.first_year), min(run_a.last_year, run_b.last_year)


def between(user: User, run_a: Run, run_b: Run, measure: str = DEFAULT) -> Difference:
    """Return what moved from the earlier run to the later one in a measure."""
    measure = measure if measure in measures.MEASURES else DEFAULT
    chosen = measures.MEASURES[measure]
    signs = {
        **dict.fromkeys(chosen.plus("average"), 1.0),
        **dict.fromkeys(chosen.deducted, -1.0),
    }
    signed = pl.col("quantity").replace_strict(signs, default=0.0, return_dtype=pl.Float64)
    table = (
        difference(user, run_a, run_b)
        .filter(pl.col("quantity").is_in(list(signs)))
        .with_columns((pl.col(name) * signed).alias(name) for name in _SUMS)
    )
    by_year = table.group_by("year").agg(pl.col(_SUMS).sum()).sort("year").to_dicts()
    moved = pl.col("value_b") - pl.col("value_a")
    by_org = (
        table.group_by("org_code")
        .agg(pl.col(_SUMS).sum())
        .with_columns(moved.alias("difference"))
        .filter(pl.col("difference").abs() > 1e-9)
        .sort(pl.col("difference").abs(), descending=True)
        .to_dicts()
    )
    names = figures.names_of("org_code", [row["org_code"] for row in by_org])
    for row in by_org:
        row["name"] = names.get(row["org_code"], row["org_code"])
    total = table.select(pl.col(_SUMS).sum()).row(0, named=True)
    total["difference"] = total["value_b"] - total["value_a"]
    first, last = _common(run_a, run_b)
    return Difference(
        measure=measure,
        unit=chosen.unit,
        total=total,
        by_year=[{**row, "difference": row["value_b"] - row["value_a"]} for row in by_year],
        by_org=by_org,
        waterfall=_waterfall(total, run_a, run_b, chosen) if table.height else None,
        years=tuple(range(first, last + 1)),
    )


def _waterfall(
    total: Mapping[str, float], run_a: Run, run_b: Run, measure: measures.Measure
) -> dict[str, Any] | None:
    labels = [
        _("Run %s") % run_a.number,
        *(str(name) for name in CAUSES.values()),
        _("Run %s") % run_b.number,
    ]
    values = [total["value_a"], *(total[cause] for cause in CAUSES), total["value_b"]]
    return charts.columns(
        labels,
        [("difference", str(measure.name), values)],
        unit="tCO₂" if measure.is_emission else "tce",
        totals=[0, len(labels) - 1],
    )


def options() -> list[tuple[str, str]]:
    """Return the measures runs are usually compared by."""
    keys = (DEFAULT, "emission_direct_tco2", "energy_equivalent_tce", "energy_calorific_tce")
    return [(key, str(measures.MEASURES[key].name)) for key in keys]
