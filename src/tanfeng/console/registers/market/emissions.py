"""Where the emission of an account comes from, month by month: method accounts, else the city's.

A method account by the market's own guideline counts what it counts; one by another method counts
with its direct emission. The city account knows the burning of fuel alone: no process emission, no
purchased electricity. Nothing of the two is ever added.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from tanfeng.accounting import methods
from tanfeng.console.accounting import method_files
from tanfeng.console.accounting.models import MethodRun, Run, Total
from tanfeng.console.registers.market.models import Source

MONTHS = 12
#: Sector of the market -> methods that are its own guidelines.
GUIDELINES: Mapping[str, frozenset[str]] = {
    "power": frozenset({"mee_2022_power"}),
    "steel": frozenset({"cets_ag_03_01_steel"}),
    "cement": frozenset({"cets_ag_02_01_2024"}),
    "aluminium": frozenset({"cets_ag_04_01_2024"}),
}
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Series:
    """The emission of an enterprise's year.

    Parameters
    ----------
    source : str
        A value of ``Source``.
    months : list of float or None
        Twelve values, None where the month is not known. [tCO2]
    whole : float or None
        The year, where it is known as one figure without months. [tCO2]
    method_run, run : MethodRun or Run or None
        The frozen account it was read from.
    confidence : str
        Weakest confidence of what it leans on.
    """

    source: str = Source.NONE
    months: list[float | None] = field(default_factory=lambda: [None] * MONTHS)
    whole: float | None = None
    method_run: MethodRun | None = None
    run: Run | None = None
    confidence: str = ""


def found(sectors: Mapping[int, str], years: Collection[int]) -> dict[Key, Series]:
    """Return what is known of enterprises and years; what is not there is not known.

    Parameters
    ----------
    sectors : mapping of int to str
        Key of an organisation -> its sector in the market.
    years : collection of int
        Years wanted.
    """
    return {**_of_city(sectors, years), **_of_methods(sectors, years)}


def _of_methods(sectors: Mapping[int, str], years: Collection[int]) -> dict[Key, Series]:
    runs = MethodRun.objects.filter(
        organisation_id__in=sectors, year__in=years, replaced_by__isnull=True
    )
    best: dict[Key, MethodRun] = {}
    # The market's own guideline wins, then the newest.
    for run in sorted(runs, key=lambda one: (one.method_key in _own(sectors, one), one.number)):
        best[run.organisation_id, run.year] = run
    return {key: of_method(run, run.method_key in _own(sectors, run)) for key, run in best.items()}


def _own(sectors: Mapping[int, str], run: MethodRun) -> frozenset[str]:
    return GUIDELINES.get(sectors[run.organisation_id], frozenset())


def of_method(run: MethodRun, own: bool) -> Series:
    """Return the emission of a method account, all it counts or its direct part."""
    kept = method_files.opened(run)
    inside = [
        one["stream"]
        for one in kept.told["streams"]
        if one["in_total"] and (own or one["scope"] == "direct")
    ]
    rows = kept.account.streams.filter(pl.col("stream").cast(pl.String).is_in(inside))
    sums = dict(
        kept.account.lines.filter(
            (pl.col("quantity").cast(pl.String) == methods.EMISSION)
            & pl.col("activity_id").is_in(rows["activity_id"].implode())
        )
        .group_by("month")
        .agg(pl.col("value").sum())
        .iter_rows()
    )
    whole = run.emission_total_tco2e if own else run.emission_direct_tco2e
    by_month = bool(sums) and 0 not in sums
    return Series(
        Source.METHOD,
        [sums.get(month) if by_month else None for month in range(1, MONTHS + 1)],
        None if by_month else whole,
        method_run=run,
        confidence=run.confidence,
    )


def _of_city(sectors: Mapping[int, str], years: Collection[int]) -> dict[Key, Series]:
    run = Run.objects.filter(published=True).defer("findings").first()
    if run is None:
        return {}
    known: dict[Key, list[float | None]] = {}
    confidence: dict[Key, str] = {}
    rows = Total.objects.filter(run=run, organisation_id__in=sectors, year__in=years).values_list(
        "organisation_id", "year", "month", "emission_fuel_tco2", "confidence"
    )
    for organisation, year, month, value, mark in rows:
        key = (organisation, year)
        if month == 0:
            confidence[key] = mark
            continue
        known.setdefault(key, [None] * MONTHS)[month - 1] = value
    return {
        key: Series(Source.CITY, months, run=run, confidence=confidence.get(key, ""))
        for key, months in known.items()
        if any(value is not None for value in months)
    }
