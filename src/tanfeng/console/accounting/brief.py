"""Put the figures of a year together for the brief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng.accounting import FORMULAS, QUANTITIES
from tanfeng.console.accounting import figures, frozen, measures
from tanfeng.console.accounting.models import Run
from tanfeng.console.archive.models import Place, Sector
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import plain
from tanfeng.console.core.models import User
from tanfeng.reports import CityBrief
from tanfeng.trace import FACTOR_COLUMNS

#: Sector colours of the light style sheet, in stack order.
COLOURS: Mapping[str, str] = {
    "steel": "#0f6b4f",
    "petrochemical": "#3f8f9f",
    "building": "#d0a03a",
    "textile": "#b5654a",
    "equipment": "#7a6aa8",
    "electronics": "#5f7fc0",
    "power": "#55635b",
    "other": "#9aa8a0",
}
_TOP = 10
_PROBLEMS = 8
_FACTORS = 14
_BREAKDOWN = ("energy_calorific_tce", "energy_equivalent_tce", "emission_total_tco2")
_PREVIOUS = ("energy_equivalent_tce", "emission_total_tco2")


def brief_data(
    user: User, *, year: int | None = None, basis: str = "average", run: Run | None = None
) -> CityBrief | None:
    """Return what the brief of a year states, inside the user's scope.

    Parameters
    ----------
    user : User
        Whose scope counts.
    year : int, optional
        One of the run's years; the newest whole one by default.
    basis : str
        Basis of electricity.
    run : Run, optional
        The published one by default.

    Returns
    -------
    CityBrief or None
        None when there is no run, or nothing in scope.
    """
    found = figures.overview_data(user, year=year, basis=basis, run=run)
    if found is None or found.headline["emission_tco2"] is None:
        return None
    lang = language()
    figures_now = {key: found.headline[key] for key in measures.MEASURES}
    return CityBrief(
        language=lang,
        scope=found.scope.name,
        year=found.year,
        issuer=user.department or str(user),
        issued_on=_day(lang),
        as_of=timezone.localtime(found.as_of).strftime("%Y-%m-%d"),
        run=f"{found.run.number} {found.run.title}",
        basis=_basis_words(found),
        demo=found.run.is_demo,
        totals=figures_now,
        previous={key: found.headline[f"{key}_last_year"] for key in measures.MEASURES},
        by_sector=_breakdown(found, "sector", list(Sector.values)),
        by_county=_breakdown(found, "place", list(Place.objects.values_list("code", flat=True))),
        top=_breakdown(found, "org_code", None).head(_TOP),
        history=_history(found),
        completeness=_completeness(found),
        problems=_problems(user, found, lang),
        factors=_factors(found, lang),
        formulas=_formulas(found, lang),
    )


def _day(language: str) -> str:
    today = timezone.localdate()
    return today.isoformat() if language == "en" else f"{today:%Y}年{today.month}月{today.day}日"


def _basis_words(found: figures.Overview) -> str:
    name = str(measures.BASIS_NAMES[found.basis])
    factor = figures.electricity_factor(found.run, found.year, found.basis)
    if factor is None:
        return name
    return _("%(basis)s, %(region)s (%(value)s %(unit)s)") % {
        "basis": name,
        "region": factor["region"],
        "value": plain(factor["value"], 4),
        "unit": factor["unit"],
    }


def _breakdown(found: figures.Overview, key: str, order: Sequence[str] | None) -> pl.DataFrame:
    """Return the year and the one before by a key; every key of the order has its row."""
    by = found.by_org.group_by(pl.col(key).cast(pl.String), "year").agg(
        measures.summed(*_BREAKDOWN)
    )
    now = by.filter(pl.col("year") == found.year).drop("year")
    before = by.filter(pl.col("year") == found.year - 1).select(
        key, *(pl.col(name).alias(f"previous_{name}") for name in _PREVIOUS)
    )
    joined = now.join(before, on=key, how="full", coalesce=True)
    if order is None:
        joined = joined.sort("emission_total_tco2", descending=True, nulls_last=True).head(_TOP)
    else:
        known = pl.DataFrame({key: list(order)}, schema={key: pl.String})
        joined = known.join(joined, on=key, how="inner", maintain_order="left")
    names = figures.names_of(key, joined[key].to_list())
    return joined.with_columns(
        pl.col(key).replace_strict(names, default=pl.col(key)).alias("name")
    ).drop(key)


def _history(found: figures.Overview) -> pl.DataFrame:
    labels = {str(key): str(label) for key, label in Sector.choices}
    rank = {key: place for place, key in enumerate(labels)}
    return (
        found.by_sector.with_columns(pl.col("sector").cast(pl.String))
        .filter(pl.col("sector").is_in(list(labels)))
        .sort(pl.col("sector").replace_strict(rank, return_dtype=pl.Int8), "year")
        .select(
            "year",
            pl.col("sector").replace_strict(labels).alias("name"),
            pl.col("sector").replace_strict(dict(COLOURS)).alias("colour"),
            "emission_total_tco2",
        )
        .rename({"name": "sector"})
    )


def _completeness(found: figures.Overview) -> dict[str, float]:
    rows = found.coverage.filter(pl.col("year") == found.year).to_dicts()
    cover = rows[0] if rows else {}
    parts = {
        f"{tier}_tce": float(found.headline.get(f"energy_tce.{tier}") or 0.0)
        for tier in measures.TIERS
    }
    return {
        "organisations": cover.get("organisations", 0),
        "organisations_reporting": cover.get("reporting", 0),
        "months_expected": cover.get("months_expected", 0),
        "months_reported": cover.get("months_reported", 0),
        **parts,
    }


def _problems(user: User, found: figures.Overview, language: str) -> list[tuple[str, int, str]]:
    """Return what was found, how often, and where first; the gravest kinds only."""
    notes = figures.findings(user, found.run, scope=found.scope).filter(
        pl.col("year") == found.year, pl.col("severity") != "info"
    )
    kinds = notes.group_by("severity", "code", "item_key", maintain_order=True).agg(
        pl.col(f"text_{language}").first().alias("text"),
        pl.col("rows").sum(),
        pl.col("org_code", "year", "month").first(),
    )
    rows = kinds.head(_PROBLEMS).to_dicts()
    names = figures.names_of("org_code", [row["org_code"] for row in rows if row["org_code"]])
    return [(row["text"], int(row["rows"] or 0), _where(row, names)) for row in rows]


def _where(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    period = f"{row['year']}-{row['month']:02d}" if row["month"] else str(row["year"])
    return f"{names.get(row['org_code'], '')} {period}".strip()


def _factors(found: figures.Overview, language: str) -> pl.DataFrame:
    """Return the factors that carry most of the year's emission, heaviest first."""
    files = frozen.opened(found.run)
    quantities = measures.MEASURES["emission_total_tco2"].quantities(found.basis)
    weights = (
        found.scope.within_lazy(files.lines)
        .filter(pl.col("year") == found.year, pl.col("quantity").cast(pl.String).is_in(quantities))
        .select("value", *FACTOR_COLUMNS)
        .unpivot(on=list(FACTOR_COLUMNS), index="value", value_name="factor")
        .drop_nulls("factor")
        .group_by("factor")
        .agg(pl.col("value").abs().sum().alias("weight"))
        .collect()
    )
    return (
        weights.join(files.factors, on="factor", how="inner")
        .sort("weight", "factor", descending=[True, False])
        .head(_FACTORS)
        .select(pl.col(f"name_{language}").alias("name"), "value", "unit", "document", "confidence")
    )


def _formulas(found: figures.Overview, language: str) -> pl.DataFrame:
    """Return document and clause behind each result of the year, in the order of the formulas."""
    quantities = {
        name for key in _BREAKDOWN for name in measures.MEASURES[key].quantities(found.basis)
    }
    used = (
        found.scope.within_lazy(frozen.opened(found.run).lines)
        .filter(
            pl.col("year") == found.year, pl.col("quantity").cast(pl.String).is_in(list(quantities))
        )
        .select(pl.col("formula").unique().cast(pl.String))
        .collect()["formula"]
        .to_list()
    )
    rows = dict.fromkeys(
        (
            getattr(QUANTITIES[formula.quantity], f"name_{language}"),
            formula.document,
            formula.clause,
            formula.clause_confidence,
        )
        for key, formula in FORMULAS.items()
        if key in used
    )
    schema = dict.fromkeys(("name", "document", "clause", "confidence"), pl.String)
    return pl.DataFrame(list(rows), schema=schema, orient="row")
