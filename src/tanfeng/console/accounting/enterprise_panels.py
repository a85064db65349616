"""What this room says on the one-page file of an enterprise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl
from django.db.models import Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.dates import MONTHS_3
from django.utils.translation import gettext as _

from tanfeng.console.accounting import (
    charts,
    enterprise_document,
    figures,
    frozen,
    lines,
    measures,
    method_pages,
)
from tanfeng.console.accounting.enterprise_figures import trace_url
from tanfeng.console.accounting.models import EnergyRecord, Run
from tanfeng.console.archive.models import Organisation
from tanfeng.console.archive.panels import FileLine, Panel
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User

_ITEM_MEASURES = ("energy_calorific_tce", "energy_equivalent_tce", "emission_total_tco2")
_SHOWN_METHODS = 5
_FILE_MEASURES = (
    "emission_total_tco2",
    "emission_direct_tco2",
    "emission_indirect_tco2",
    "energy_equivalent_tce",
    "energy_equivalent_net_feedstock_tce",
    "energy_equivalent_net_green_power_tce",
    "energy_calorific_tce",
)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the sign-in fence let no other through
    return request.user


def _year(request: HttpRequest, run: Run) -> int:
    asked = request.GET.get("year", "")
    if asked.isdecimal() and run.first_year <= int(asked) <= run.last_year:
        return int(asked)
    return figures.default_year(_user(request), run)


def yearly(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return energy and CO2 by year, CO2 by month of the year and the one before."""
    user = _user(request)
    run = figures.run_for(user)
    if run is None:
        return {"run": None}
    rows = enterprise_document.totals(user, run, organisation)
    by_year = [row for row in rows if row["month"] == 0]
    year = _year(request, run)
    latest = next((row for row in by_year if row["year"] == year), None)
    link = f"{trace_url('emission_total_tco2', org=organisation.credit_code)}&year={{x}}"
    return {
        "run": run,
        "year": year,
        "latest": latest,
        "figures": {key: measures.of(latest, key) for key in measures.MEASURES} if latest else {},
        "emission": charts.columns(
            [row["year"] for row in by_year],
            [
                ("direct", _("Direct"), [row["emission_fuel_tco2"] for row in by_year]),
                (
                    "power",
                    _("Power"),
                    [row["emission_electricity_average_tco2"] for row in by_year],
                ),
                ("heat", _("Heat"), [row["emission_heat_tco2"] for row in by_year]),
            ],
            unit="tCO₂",
            link=link,
        ),
        "energy": charts.columns(
            [row["year"] for row in by_year],
            [
                ("equivalent", _("Equivalent"), [row["energy_equivalent_tce"] for row in by_year]),
                ("calorific", _("Calorific"), [row["energy_calorific_tce"] for row in by_year]),
            ],
            unit="tce",
        ),
        "months": _monthly(rows, year, organisation),
        "trace_url": trace_url("emission_total_tco2", org=organisation.credit_code, year=year),
        "energy_use_url": f"{reverse('energy-use', args=[organisation.credit_code])}?year={year}",
    }


def month_word(month: int) -> str:
    """Return a month as an axis prints it: ``3月``, ``Mar``."""
    return str(MONTHS_3[month]).capitalize() if language() == "en" else f"{month}月"


def _monthly(
    rows: Iterable[Mapping[str, Any]], year: int, organisation: Organisation
) -> dict[str, Any] | None:
    found = {(row["year"], row["month"]): row["emission_total_tco2"] for row in rows}
    months = list(range(1, 13))
    series = [
        (str(one), str(one), [found.get((one, month)) for month in months])
        for one in (year, year - 1)
        if any((one, month) in found for month in months)
    ]
    link = trace_url("emission_total_tco2", org=organisation.credit_code)
    return charts.columns(
        [month_word(month) for month in months],
        series,
        unit="tCO₂",
        link=f"{link}&year={{key}}&month={{x}}",
        keys=months,
    )


def items(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return energy and CO2 of a year by energy item."""
    user = _user(request)
    run = figures.run_for(user)
    if run is None:
        return {"rows": ()}
    year = _year(request, run)
    rows = _item_rows(user, run, organisation, year)
    return {"year": year, "rows": rows, "below": _below_zero(user, run, organisation, year, rows)}


def _below_zero(
    user: User, run: Run, organisation: Organisation, year: int, rows: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Return why figures of the table are below zero: what the run noted, and the rule of energy.

    The run's notes of rules applied stand on the line; whoever reads the sum would miss them.
    """

    def low(row: Mapping[str, Any], *names: str) -> bool:
        return any(row[name] is not None and row[name] < 0 for name in names)

    told = []
    if any(low(row, "energy_calorific_tce", "energy_equivalent_tce") for row in rows):
        told.append(str(lines.ENERGY_BELOW_ZERO))
    items_below = [row["item_key"] for row in rows if low(row, "emission_total_tco2")]
    notes = figures.findings(user, run).filter(
        pl.col("org_code") == organisation.credit_code,
        pl.col("year") == year,
        pl.col("severity") == "info",
        pl.col("item_key").is_in(items_below),
        pl.col("code").str.ends_with("_exported"),
    )
    text = "text_en" if language() == "en" else "text_zh"
    return told + notes[text].unique(maintain_order=True).to_list()


def _item_rows(user: User, run: Run, organisation: Organisation, year: int) -> list[dict[str, Any]]:
    scope = figures.scope_of(user)
    wide = (
        scope.within_lazy(frozen.opened(run).items)
        .filter(pl.col("org_code") == organisation.credit_code, pl.col("year") == year)
        .select("item_key", *(measures.expression(key) for key in _ITEM_MEASURES))
        .sort("emission_total_tco2", descending=True, nulls_last=True)
        .collect()
    )
    lang = language()
    names, units = figures.item_names(lang), figures.item_units(lang)
    used = _quantities(user, run, organisation, year)
    code = organisation.credit_code
    return [
        {
            **row,
            "name": names.get(row["item_key"], row["item_key"]),
            "unit": units.get(row["item_key"], ""),
            "quantity": used.get(row["item_key"]),
            "url": trace_url("emission_total_tco2", org=code, year=year, item=row["item_key"]),
        }
        for row in wide.to_dicts()
    ]


def _quantities(
    user: User, run: Run, organisation: Organisation, year: int
) -> dict[str, float | None]:
    """Consumption by item as the run knew it: the months, or the year's row where there is none."""
    still = Q(known_to__isnull=True) | Q(known_to__gt=run.as_of)
    rows = (
        rights.visible(user, EnergyRecord)
        .filter(still, organisation=organisation, year=year, known_from__lte=run.as_of)
        .values("item_key")
        .annotate(
            months=Sum("consumption_total_qty", filter=Q(month__gt=0)),
            whole=Sum("consumption_total_qty", filter=Q(month=0)),
        )
    )
    return {
        row["item_key"]: row["whole"] if row["months"] is None else row["months"] for row in rows
    }


def calendar(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return which months were reported, as the records stand now."""
    return enterprise_document.calendar(_user(request), organisation)


def problems(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return what the run found about the enterprise."""
    return enterprise_document.problems(_user(request), organisation)


def uploads(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return the files that spoke of the enterprise and that the person may see."""
    rows = enterprise_document.uploads(_user(request), organisation)
    return {"rows": rows, "all_url": f"{reverse('uploads')}?q={organisation.credit_code}"}


def method_accounts(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return the newest accounts by sector methods, and whether the person may add one."""
    user = _user(request)
    rows = list(method_pages.of_organisation(user, organisation)[:_SHOWN_METHODS])
    return {
        "rows": [(run, method_pages.method_name(run.method_key)) for run in rows],
        "may_upload": rights.can(user, "upload", organisation),
        "all_url": f"{reverse('methods')}?state=all&q={organisation.credit_code}",
    }


def file_lines(user: User, organisation: Organisation) -> Iterator[FileLine]:
    """Yield the rows of the one-page workbook: figures by year, then the last year by item."""
    run = figures.run_for(user)
    if run is None:
        return
    by_year = [
        row for row in enterprise_document.totals(user, run, organisation) if row["month"] == 0
    ]
    for row in by_year:
        for key in _FILE_MEASURES:
            chosen = measures.MEASURES[key]
            yield FileLine(
                _("Energy and CO₂"),
                str(chosen.name),
                measures.of(row, key),
                chosen.unit,
                str(row["year"]),
            )
        yield FileLine(
            _("Completeness"), _("Months reported"), row["months_reported"], "", str(row["year"])
        )
    if by_year:
        yield from _file_items(user, run, organisation, by_year[-1]["year"])


def _file_items(user: User, run: Run, organisation: Organisation, year: int) -> Iterator[FileLine]:
    section = _("By energy item")
    for row in _item_rows(user, run, organisation, year):
        yield FileLine(section, row["name"], row["quantity"], row["unit"], str(year))
        yield FileLine(section, row["name"], row["emission_total_tco2"], "tCO2", str(year))


PANELS = (
    Panel(
        "yearly",
        10,
        "accounting/panels/yearly.html",
        yearly,
        file_lines,
        enterprise_document.figures_told,
    ),
    Panel("methods", 15, "accounting/panels/methods.html", method_accounts),
    Panel("items", 20, "accounting/panels/items.html", items),
    Panel(
        "calendar",
        30,
        "accounting/panels/calendar.html",
        calendar,
        tells=enterprise_document.months_told,
    ),
    Panel(
        "uploads",
        60,
        "accounting/panels/uploads.html",
        uploads,
        tells=enterprise_document.uploads_told,
    ),
    Panel(
        "problems",
        50,
        "accounting/panels/problems.html",
        problems,
        tells=enterprise_document.problems_told,
    ),
)
