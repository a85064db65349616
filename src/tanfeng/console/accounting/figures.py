"""Figures of a frozen run inside a user's scope: pure reading, set-wise, no request.

Every function asks ``rights`` for the enterprises the user may see and sums over those alone, so
a county officer's "total" is the county's total; :class:`Scope` carries the name a page must say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl
from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng import standards
from tanfeng.console.accounting import frozen, measures
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.archive.models import Organisation, Park, Place, Sector
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Role, User

#: Columns a breakdown can be taken by.
KEYS = ("sector", "place", "park", "item_key", "org_code")
_GROUPS = ("org_code", "sector", "place", "park", "year")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a user's totals speak of.

    Parameters
    ----------
    kind : str
        ``city``, ``place``, ``park``, ``enterprise``, ``assigned`` or ``none``.
    name : str
        In the language of the person.
    codes : frozenset of str or None
        Credit codes in scope; None means every one.
    """

    kind: str
    name: str
    codes: frozenset[str] | None

    def within(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of organisations in scope."""
        return frame if self.codes is None else frame.filter(self._member())

    def within_lazy(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of organisations in scope, not read yet."""
        return frame if self.codes is None else frame.filter(self._member())

    def _member(self) -> pl.Expr:
        return pl.col("org_code").is_in(list(self.codes or ()))


def scope_of(user: User) -> Scope:
    """Return the scope of a user, named in the current language."""
    rows = rights.visible_codes(user)
    codes = None if rows is None else frozenset(row[0] for row in rows)
    if codes is None:
        return Scope("city", city_name(), None)
    if user.role == Role.COUNTY:
        place = Place.objects.filter(code=user.place_code).first()
        return Scope("place", str(place or user.place_code), codes)
    if user.role == Role.PARK:
        park = Park.objects.filter(code=user.park_code).first()
        return Scope("park", str(park or user.park_code), codes)
    if user.role == Role.ENTERPRISE:
        firm = Organisation.objects.filter(credit_code__in=codes).first()
        return Scope("enterprise", str(firm or user.org_code), codes)
    count = len(codes)
    words = ngettext("%(count)s assigned enterprise", "%(count)s assigned enterprises", count)
    return Scope("assigned" if count else "none", words % {"count": count}, codes)


def city_name() -> str:
    """Return the name of the city from the settings, or words that need none."""
    names: Mapping[str, str] = getattr(settings, "CITY_NAMES", {})
    return names.get(language(), "") or _("the whole city")


def published_run() -> Run | None:
    """Return the run whose figures are official, or None before the first is published."""
    return Run.objects.filter(published=True).first()


def run_for(user: User, number: int | None = None) -> Run | None:
    """Return the run asked for if the user may see it, else the published one."""
    rows = rights.visible(user, Run).defer("findings")
    chosen = rows.filter(published=True) if number is None else rows.filter(number=number)
    return chosen.order_by().first()


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page and the brief state about one year.

    Parameters
    ----------
    run : Run
        Where every figure comes from.
    scope : Scope
        Whom the figures speak of.
    year : int
        The year; ``years`` are those of the run.
    boundary, basis : str
        Keys of ``measures.BOUNDARIES`` and ``measures.BASES``.
    period_months : int
        Last month of the year with any data in scope; the change compares the same months.
    headline : dict
        Every measure for the year, ``<measure>_last_year`` and ``<measure>_change`` [1].
    like_for_like_change : float or None
        Change of the emission over enterprises complete in both years. [1]
    by_year, by_sector, by_place, by_org : polars.DataFrame
        Key columns, then emission_tco2 on the boundary with ``.measured`` and so on (amounts
        without sign), and every measure; by_org holds the year and the one before, the year
        before cut to the same months.
    places : mapping of str to (float or None, float or None)
        County -> emission of the year and of the year before, same months. [tCO2]
    largest : polars.DataFrame
        The largest emitters of by_org with ``before``, at most ``LARGEST``.
    coverage : polars.DataFrame
        year, organisations, reporting, months_expected, months_reported, complete_share,
        with_gaps.
    """

    run: Run
    scope: Scope
    year: int
    years: tuple[int, ...]
    boundary: str
    basis: str
    period_months: int
    headline: Mapping[str, float | None]
    like_for_like_change: float | None
    by_year: pl.DataFrame
    by_sector: pl.DataFrame
    by_place: pl.DataFrame
    by_org: pl.DataFrame
    places: Mapping[str, tuple[float | None, float | None]]
    largest: pl.DataFrame
    coverage: pl.DataFrame

    @property
    def as_of(self) -> datetime:
        """Moment up to which records were known."""
        return self.run.as_of

    @property
    def measure(self) -> str:
        """Measure of the emission on the chosen boundary."""
        return measures.BOUNDARIES[self.boundary]


#: Enterprises kept in ``Overview.largest``.
LARGEST = 50


def overview_data(
    user: User,
    *,
    year: int | None = None,
    boundary: str = "total",
    basis: str = "average",
    run: Run | None = None,
) -> Overview | None:
    """Return the figures of a year inside the user's scope.

    Parameters
    ----------
    user : User
        Whose scope counts.
    year : int, optional
        One of the run's years; the newest with a whole year of data by default.
    boundary, basis : str
        Direct or total; average, residual or fossil.
    run : Run, optional
        The published one by default.

    Returns
    -------
    Overview or None
        None when there is no run the user may see.
    """
    run = run or run_for(user)
    if run is None:
        return None
    scope = scope_of(user)
    asked = year if year in range(run.first_year, run.last_year + 1) else None
    found = _year_figures(_Key(run), scope.codes, asked, boundary, basis)
    return replace(found, run=run, scope=scope)


def default_year(user: User, run: Run) -> int:
    """Return the year pages open with: the newest with a whole year of data in scope."""
    found = overview_data(user, run=run)
    return run.last_year if found is None else found.year


class _Key:
    """A run as a key of the cache: one run, one key, because a run never changes."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __hash__(self) -> int:
        return hash(self.run.pk)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.run.pk == other.run.pk


@lru_cache(maxsize=32)
def _year_figures(
    key: _Key, codes: frozenset[str] | None, year: int | None, boundary: str, basis: str
) -> Overview:
    """Compute once what everybody with the same scope is shown."""
    run = key.run
    scope = Scope("", "", codes)
    files = frozen.opened(run)
    cover = scope.within(files.coverage)
    years = tuple(range(run.first_year, run.last_year + 1))
    chosen = year or _newest_whole_year(cover, years)
    per_org = _per_org(scope.within(files.years), measures.BOUNDARIES[boundary], basis)
    period = _last_month(cover, chosen)
    before = per_org.filter(pl.col("year") == chosen - 1)
    if period < 12 and before.height:
        before = _same_months(run, scope, chosen - 1, period, boundary, basis, before)
    now = per_org.filter(pl.col("year") == chosen)
    totals = _figure_columns(per_org)
    by_org = pl.concat([now, before], how="diagonal_relaxed")
    return Overview(
        run=run,
        scope=scope,
        year=chosen,
        years=years,
        boundary=boundary,
        basis=basis,
        period_months=period,
        headline=_compared(now, before),
        like_for_like_change=_like_for_like(now, before, cover, chosen, period),
        by_year=_grouped(per_org, ["year"], totals),
        by_sector=_grouped(per_org, ["sector", "year"], totals),
        by_place=_grouped(per_org, ["place", "year"], totals),
        by_org=by_org,
        places=_places(by_org, chosen),
        largest=_largest(now, before),
        coverage=coverage_by_year(cover),
    )


def _places(by_org: pl.DataFrame, year: int) -> dict[str, tuple[float | None, float | None]]:
    sums = (
        by_org.group_by(pl.col("place").cast(pl.String), "year")
        .agg(measures.summed("emission_tco2"))
        .iter_rows()
    )
    cells = {(place, of_year): value for place, of_year, value in sums}
    known = {place for place, of_year in cells if of_year == year and place is not None}
    return {place: (cells[place, year], cells.get((place, year - 1))) for place in known}


def _largest(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    earlier = before.select("org_code", pl.col("emission_tco2").alias("before"))
    return (
        now.sort("emission_tco2", "org_code", descending=[True, False], nulls_last=True)
        .head(LARGEST)
        .join(earlier, on="org_code", how="left", maintain_order="left")
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
    )


def _newest_whole_year(cover: pl.DataFrame, years: Sequence[int]) -> int:
    whole = [year for year in years if _last_month(cover, year) == 12]
    return max(whole) if whole else years[-1]


def _last_month(cover: pl.DataFrame, year: int) -> int:
    months = cover.filter(pl.col("year") == year).select(pl.col("months").bitwise_or())
    bits: int | None = months.item() if months.height else None
    return (bits or 0).bit_length()


def _per_org(years: pl.DataFrame, emission: str, basis: str) -> pl.DataFrame:
    """Return every measure per organisation and year, the chosen emission with its parts."""
    return years.select(
        *_GROUPS,
        measures.expression(emission, basis).alias("emission_tco2"),
        *(
            measures.expression(emission, basis, part).alias(f"emission_tco2.{part}")
            for part in measures.PARTS
        ),
        *(
            measures.expression("energy_equivalent_tce", basis, part).alias(f"energy_tce.{part}")
            for part in measures.PARTS
        ),
        *(measures.expression(key, basis) for key in measures.MEASURES),
    )


def _same_months(
    run: Run,
    scope: Scope,
    year: int,
    months: int,
    boundary: str,
    basis: str,
    template: pl.DataFrame,
) -> pl.DataFrame:
    """Return the measures of a year's first months, for a year that is not over."""
    rows = (
        Total.objects.filter(run=run, year=year, month__range=(1, months))
        .order_by()
        .values("organisation__credit_code")
        .annotate(**{f"{name}_sum": Sum(name) for name in measures.QUANTITIES})
        .values_list("organisation__credit_code", *(f"{n}_sum" for n in measures.QUANTITIES))
    )
    schema = {"org_code": pl.String, **dict.fromkeys(measures.QUANTITIES, pl.Float64)}
    summed = scope.within(pl.DataFrame(list(rows), schema=schema, orient="row"))
    keys = template.select(_GROUPS)
    return keys.join(
        summed.select(
            "org_code",
            measures.expression(measures.BOUNDARIES[boundary], basis).alias("emission_tco2"),
            *(measures.expression(key, basis) for key in measures.MEASURES),
        ),
        on="org_code",
        how="inner",
    )


def _figure_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name not in _GROUPS]


def _grouped(frame: pl.DataFrame, by: list[str], names: Iterable[str]) -> pl.DataFrame:
    return frame.group_by(by).agg(measures.summed(*names)).sort(by, nulls_last=True)


def _compared(now: pl.DataFrame, before: pl.DataFrame) -> dict[str, float | None]:
    names = [name for name in _figure_columns(now) if name in before.columns]
    parts = [name for name in _figure_columns(now) if name not in names]
    this = now.select(measures.summed(*names, *parts)).row(0, named=True)
    last = before.select(measures.summed(*names)).row(0, named=True)
    return {
        **this,
        **{f"{name}_last_year": last[name] for name in names},
        **{f"{name}_change": share_of_change(this[name], last[name]) for name in names},
    }


def share_of_change(new: float | None, old: float | None) -> float | None:
    """Return new / old - 1, None where either is missing or the old one is not positive."""
    if new is None or old is None or old <= 0:
        return None
    return new / old - 1.0


def _like_for_like(
    now: pl.DataFrame, before: pl.DataFrame, cover: pl.DataFrame, year: int, months: int
) -> float | None:
    """Compare only enterprises that reported every month in both years."""
    if not months:
        return None
    full = (1 << months) - 1
    complete = cover.filter((pl.col("months") & full) == full)
    steady = (
        complete.filter(pl.col("year").is_in([year - 1, year]))
        .group_by("org_code")
        .len()
        .filter(pl.col("len") == 2)
        .select("org_code")
    )
    sums = [
        frame.join(steady, on="org_code", how="semi")
        .select(measures.summed("emission_tco2"))
        .item()
        for frame in (now, before)
    ]
    return share_of_change(*sums)


def coverage_by_year(cover: pl.DataFrame) -> pl.DataFrame:
    """Return how complete each year is: organisations, months due and there, share [1]."""
    return (
        cover.filter(pl.col("months_expected") > 0)
        .group_by("year")
        .agg(
            pl.len().alias("organisations"),
            (pl.col("months_reported") > 0).sum().alias("reporting"),
            (pl.col("months_reported") < pl.col("months_expected")).sum().alias("with_gaps"),
            pl.col("months_expected", "months_reported").sum(),
        )
        .with_columns(
            (pl.col("months_reported") / pl.col("months_expected")).alias("complete_share")
        )
        .sort("year")
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of a run a breakdown or a trace list speaks of; empty means everything."""

    year: int | None = None
    month: int | None = None
    place: str = ""
    sector: str = ""
    park: str = ""
    org_code: str = ""
    item_key: str = ""

    def condition(self) -> pl.Expr | None:
        """Return the condition on a wide frame of years or items."""
        parts = [
            pl.col(name) == getattr(self, name)
            for name in ("year", "place", "sector", "park", "org_code", "item_key")
            if getattr(self, name)
        ]
        return pl.all_horizontal(parts) if parts else None


def breakdown(
    user: User,
    run: Run,
    *,
    by: Sequence[str],
    measure: str,
    basis: str = "average",
    chosen: Filter | None = None,
    scope: Scope | None = None,
) -> pl.DataFrame:
    """Sum a measure over the user's scope.

    Parameters
    ----------
    user : User
        Whose scope counts.
    run : Run
        A run the user may see.
    by : sequence of str
        Columns to keep apart: some of ``KEYS`` and ``year``.
    measure, basis : str
        What is summed.
    chosen : Filter, optional
        Part of the run; the month is not looked at.
    scope : Scope, optional
        Scope of the user when it is known already.

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, value, measured, reported, estimated, unverified [unit of the
        measure; the four without sign] and missing_rows.
    """
    scope = scope or scope_of(user)
    files = frozen.opened(run)
    chosen = chosen or Filter()
    names = measures.named(measure).quantities(basis)
    if "item_key" in by or chosen.item_key:
        needed = [
            measures.column(name, part) for name in names for part in ("", *measures.PARTS, _GAPS)
        ]
        member = files.coverage.select("org_code", "sector", "place", "park").unique("org_code")
        frame = scope.within_lazy(files.items)
        if chosen.org_code:
            frame = frame.filter(pl.col("org_code") == chosen.org_code)
        wide = (
            frame.select("org_code", "year", "item_key", *needed)
            .collect()
            .join(member, on="org_code", how="left")
        )
    else:
        wide = scope.within(files.years)
    condition = chosen.condition()
    if condition is not None:
        wide = wide.filter(condition)
    rows = wide.select(
        *by,
        measures.expression(measure, basis).alias("value"),
        *(measures.expression(measure, basis, part).alias(part) for part in measures.PARTS),
        pl.sum_horizontal(measures.column(name, _GAPS) for name in names).alias("missing_rows"),
    )
    return _grouped(rows, list(by), ("value", *measures.PARTS, "missing_rows"))


_GAPS = "missing_rows"


def findings(user: User, run: Run, *, scope: Scope | None = None) -> pl.DataFrame:
    """Return what the run has to tell about the enterprises in scope, gravest first.

    Notes that speak of no single enterprise concern factors and are for everybody.
    """
    scope = scope or scope_of(user)
    notes = frozen.opened(run).notes
    if scope.codes is None:
        return notes
    inside = pl.col("org_code").is_in(list(scope.codes)) | pl.col("org_code").is_null()
    hidden = pl.when(pl.col("org_code").is_null()).then(None)
    # The record a general note met first may be another firm's: its number and count stay away.
    return notes.filter(inside).with_columns(
        hidden.otherwise(pl.col(name)).alias(name) for name in ("activity_id", "rows")
    )


def names_of(key: str, values: Iterable[str]) -> dict[str, str]:
    """Return the name of each sector, county, park, item or organisation in the language used."""
    wanted = [value for value in values if value]
    if key == "sector":
        labels = dict(Sector.choices)
        return {value: str(labels.get(value, value)) for value in wanted}
    if key == "place":
        return {
            row.code: str(row) for row in Place.objects.filter(code__in=wanted).defer("geometry")
        }
    if key == "park":
        return {row.code: str(row) for row in Park.objects.filter(code__in=wanted)}
    if key == "item_key":
        items = item_names(language())
        return {value: items.get(value, value) for value in wanted}
    rows = Organisation.objects.filter(credit_code__in=wanted)
    return dict(rows.values_list("credit_code", "name"))


@lru_cache(maxsize=2)
def item_names(lang: str) -> Mapping[str, str]:
    """Return energy item -> name."""
    table = standards.load("energy_items")
    return dict(table.select("item_key", f"name_{lang}").iter_rows())


@lru_cache(maxsize=2)
def item_units(lang: str) -> Mapping[str, str]:
    """Return energy item -> unit its quantities are in, as a page prints it."""
    table = standards.load("energy_items")
    units = table.select("item_key", "unit_zh" if lang == "zh" else "unit").iter_rows()
    return {key: unit.replace("1e4 ", "10⁴ ").replace("m3", "m³") for key, unit in units}


def electricity_factor(run: Run, year: int, basis: str) -> dict[str, Any] | None:
    """Return the factor behind electricity of a year on a basis, as the manifest states it."""
    rows: list[dict[str, Any]] = run.manifest.get("electricity", [])
    return next((row for row in rows if row["year"] == year and row["basis"] == basis), None)
