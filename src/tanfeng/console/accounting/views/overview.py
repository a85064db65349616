"""The first page: how are we doing, where, who, and what to look at first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import polars as pl
from django.db.models import Count, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tanfeng.console.accounting import charts, figures, measures
from tanfeng.console.accounting.enterprise_figures import trace_url
from tanfeng.console.accounting.enterprise_panels import PANELS
from tanfeng.console.accounting.models import Run
from tanfeng.console.accounting.todo import todo_list
from tanfeng.console.accounting.views.common import (
    amount,
    as_of_text,
    basis_options,
    boundary_options,
    choice,
    number,
    run_of,
    signed_in,
    table_export,
)
from tanfeng.console.archive.maps import caption
from tanfeng.console.archive.models import Organisation, Place, Sector
from tanfeng.console.core import lists, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import change_words, gas, plain
from tanfeng.console.core.models import User
from tanfeng.console.core.picture import change_levels, geo_paths, levels
from tanfeng.console.plan.models import Target

TOP = 10


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show the overview of the person's scope."""
    user = signed_in(request)
    run = run_of(request)
    boundary = choice(request, "boundary", measures.BOUNDARIES, "total")
    basis = choice(request, "basis", measures.BASES, "average")
    found = None
    if run is not None:
        found = figures.overview_data(
            user, year=number(request, "year"), boundary=boundary, basis=basis, run=run
        )
    context: dict[str, Any] = {
        "overview": found,
        "todo": todo_list(user, found),
        "targets": target_counts(user),
        "boundary": boundary,
        "basis": basis,
        "boundary_options": boundary_options(),
        "basis_options": basis_options(),
        "may_compute": rights.can(user, "compute", Run),
        "may_report": rights.can(user, "report.city"),
    }
    if found is None or found.scope.kind == "none":
        context["sees_nothing"] = found is not None
        return render(request, "accounting/overview_empty.html", context)
    if request.GET.get("export") == "xlsx":
        return _export(request, found)
    shown = choice(request, "map", ("emission", "change"), "emission")
    context |= {
        "sentence": sentence(found),
        "year_options": [(year, year) for year in found.years],
        "cards": cards(found),
        "chart": sector_chart(found),
        "coverage": _of_year(found.coverage, found.year),
        "factor": _factor(found),
        "top": top_enterprises(found),
        "map_shown": shown,
        "map_options": [("emission", _("Emission")), ("change", _("Change"))],
        "data_as_of": found.as_of,
        "trace": _trace(found),
    }
    if found.scope.kind == "city":
        context["map"] = county_map(found, shown)
    if found.scope.kind == "enterprise":
        context["panels"] = _own_panels(request, user, found)
    return render(request, "accounting/overview.html", context)


#: Sections of the one-page file an enterprise finds on its own first page.
_OWN = ("yearly", "items", "calendar", "problems")


def _own_panels(request: HttpRequest, user: User, found: figures.Overview) -> list[dict[str, Any]]:
    """Return the enterprise's own sections in place of sectors, counties and a ranking."""
    codes = list(found.scope.codes or ())
    organisation = rights.get_visible(user, Organisation, credit_code__in=codes)
    return [
        {"template": panel.template, "panel": panel.context(request, organisation)}
        for panel in PANELS
        if panel.key in _OWN
    ]


def _factor(found: figures.Overview) -> dict[str, Any] | None:
    """Return the factor behind power with its name in the language used."""
    factor = figures.electricity_factor(found.run, found.year, found.basis)
    if factor is None:
        return None
    return {**factor, "name": gas(factor["name_en" if language() == "en" else "name_zh"])}


def sentence(found: figures.Overview) -> str:
    """Return the headline: whom it speaks of, the number, and the change."""
    value = found.headline["emission_tco2"]
    words = {"scope": found.scope.name, "year": found.year, "amount": amount(value, "tCO2")}
    if value is None:
        return _("%(year)s: no data for %(scope)s yet") % words
    change = found.headline.get("emission_tco2_change")
    words["change"] = change_words(change)
    words["month"] = found.period_months
    if found.scope.kind == "enterprise":
        text = _("%(scope)s, %(year)s: CO₂ %(amount)s")
        if change is not None and found.period_months == 12:
            text = _("%(scope)s, %(year)s: CO₂ %(amount)s, %(change)s on the year before")
    elif found.period_months < 12:
        if change is None:
            text = _("January to month %(month)s of %(year)s: CO₂ of %(scope)s is %(amount)s")
        else:
            text = _(
                "January to month %(month)s of %(year)s: CO₂ of %(scope)s is %(amount)s, "
                "%(change)s on the same months of the year before"
            )
    elif change is None:
        text = _("%(year)s: CO₂ of %(scope)s is %(amount)s")
    else:
        text = _("%(year)s: CO₂ of %(scope)s is %(amount)s, %(change)s on the year before")
    return text % words


def _trace(found: figures.Overview, **query: Any) -> str:
    return trace_url(found.measure, basis=found.basis, year=found.year, **query)


def cards(found: figures.Overview) -> dict[str, Any]:
    """Return the key figures with their parts and where each opens."""
    head = found.headline
    first = found.by_year.row(0, named=True) if found.by_year.height else {}
    cover = _of_year(found.coverage, found.year)
    missing = 1 - cover["complete_share"] if cover else 0.0
    co2 = head["emission_tco2"]
    return {
        "emission": {
            "value": co2,
            "change": head.get("emission_tco2_change"),
            "since": figures.share_of_change(co2, first.get("emission_tco2")),
            "since_year": first.get("year"),
            "same_firms": found.like_for_like_change,
            "parts": [head.get(f"emission_tco2.{tier}") for tier in measures.TIERS],
            "missing": _missing_amount(co2, missing),
            "url": _trace(found),
        },
        "energy": {
            "value": head["energy_equivalent_tce"],
            "change": head.get("energy_equivalent_tce_change"),
            "calorific": head["energy_calorific_tce"],
            "net_feedstock": head["energy_equivalent_net_feedstock_tce"],
            "net_green_power": head["energy_equivalent_net_green_power_tce"],
            "parts": [head.get(f"energy_tce.{tier}") for tier in measures.TIERS],
            "missing": _missing_amount(head["energy_equivalent_tce"], missing),
            "url": trace_url("energy_equivalent_tce", year=found.year),
            "calorific_url": trace_url("energy_calorific_tce", year=found.year),
            "net_feedstock_url": trace_url("energy_equivalent_net_feedstock_tce", year=found.year),
            "net_green_power_url": trace_url(
                "energy_equivalent_net_green_power_tce", year=found.year
            ),
        },
        "coverage": cover,
    }


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _missing_amount(value: float | None, share: float) -> float:
    """Return how much stands for the missing months when the rest is like what was reported."""
    return (value or 0.0) * share / (1 - share) if share < 1 else 0.0


def _of_year(frame: pl.DataFrame, year: int) -> dict[str, Any] | None:
    rows = frame.filter(pl.col("year") == year).to_dicts()
    return rows[0] if rows else None


def sector_chart(found: figures.Overview) -> dict[str, Any] | None:
    """Return CO2 by sector and year, stacked."""
    cells = {
        (row["sector"], row["year"]): row["emission_tco2"]
        for row in found.by_sector.select("sector", "year", "emission_tco2").to_dicts()
    }
    series = [
        (str(key), str(label), [cells.get((key, year)) for year in found.years])
        for key, label in Sector.choices
    ]
    link = trace_url(found.measure, basis=found.basis) + "&year={x}&sector={key}"
    return charts.columns(list(found.years), series, unit="tCO₂", link=link)


def county_map(found: figures.Overview, shown: str) -> dict[str, Any]:
    """Return the areas of the map with class, text and address; no data is no class."""
    as_change = shown == "change"
    values = {place: now for place, (now, _before) in found.places.items()}
    if as_change:
        values = {p: figures.share_of_change(*both) for p, both in found.places.items()}
    places = list(
        Place.objects.defer("geometry")
        .annotate(shape=Cast("geometry", TextField()))
        .order_by("order")
    )
    factor, unit = (0.01, "%") if as_change else charts.scale(list(values.values()), "tCO₂")
    digits = 1 if as_change or factor > 1 else 0
    numbers = [_divided(values.get(place.code), factor) for place in places]
    classes, legend = _classes(numbers, digits, unit, as_change=as_change)
    view_box, paths = _drawn(tuple((p.code, p.shape) for p in places if p.shape))
    areas = []
    for place, value, level in zip(places, numbers, classes, strict=True):
        path, label_x, label_y = paths.get(place.code, ("", 0, 0))
        areas.append(
            {
                "code": place.code,
                "name": str(place),
                "x": place.tile_x,
                "y": place.tile_y,
                "width": place.tile_width,
                "path": path,
                "label_x": label_x,
                "label_y": label_y,
                "level": level,
                "value_text": _area_text(value, digits, as_change),
                "url": _trace(found, place=place.code),
            }
        )
    return {
        # With an imported map a zone without a boundary of its own stands beside it.
        "areas": [area for area in areas if area["path"]] if paths else areas,
        "beside": [area for area in areas if not area["path"]] if paths else [],
        "view_box": view_box,
        "legend": legend,
        "caption": next((caption(p.geometry_source) for p in places if p.shape), ""),
    }


def _classes(
    numbers: Sequence[float | None], digits: int, unit: str, *, as_change: bool
) -> tuple[Sequence[int | str | None], dict[str, Any]]:
    """Return the class of each area and the legend: shades of one colour, or falls and rises."""
    if as_change:
        directions, steps = change_levels(numbers)
        return directions, {"title": _("Change on the year before"), "unit": "", "steps": steps}
    shades, labels = levels(numbers, places=digits)
    return shades, {"title": _("CO₂"), "unit": unit, "steps": list(enumerate(labels))}


def _divided(value: float | None, factor: float) -> float | None:
    return None if value is None else value / factor


@lru_cache(maxsize=2)
def _drawn(shapes: tuple[tuple[str, str], ...]) -> tuple[str, dict[str, tuple[str, float, float]]]:
    """Project an imported map once; the text of the shapes is the key."""
    if not shapes:
        return "", {}
    return geo_paths({code: json.loads(shape) for code, shape in shapes})


def _area_text(value: float | None, digits: int, as_change: bool) -> str:
    if value is None:
        return "—"
    if not as_change:
        return plain(value, digits)
    sign = "+" if value > 0 else ""
    return f"{sign}{plain(value, digits)}%"


def top_enterprises(found: figures.Overview, count: int = TOP) -> dict[str, Any]:
    """Return the largest emitters of the year with change, data quality and share of the total."""
    rows = found.largest.head(count).to_dicts()
    names = figures.names_of("org_code", [row["org_code"] for row in rows])
    laid = [
        {
            "code": row["org_code"],
            "name": names.get(row["org_code"], row["org_code"]),
            "sector": row["sector"],
            "value": row["emission_tco2"],
            "change": figures.share_of_change(row["emission_tco2"], row["before"]),
            "parts": [row.get(f"emission_tco2.{tier}") for tier in measures.TIERS],
            "url": _trace(found, org=row["org_code"]),
        }
        for row in rows
    ]
    total = found.headline["emission_tco2"]
    covered = sum(row["value"] or 0.0 for row in laid)
    labels: Mapping[str, Any] = dict(Sector.choices)
    for row in laid:
        row["sector_name"] = labels.get(row["sector"], row["sector"])
    return {"rows": laid, "share": _share(covered, total)}


def target_counts(user: User) -> dict[str, Any] | None:
    """Return how many targets of the plan there are, by how they can be judged."""
    counts = dict(rights.visible(user, Target).order_by().values_list("kind").annotate(Count("pk")))
    if not counts:
        return None
    page = reverse("targets")
    return {
        "total": sum(counts.values()),
        "url": page,
        "kinds": [
            {"label": label, "count": counts[kind], "url": f"{page}?kind={kind}"}
            for kind, label in Target.Kind.choices
            if counts.get(kind)
        ],
    }


_EXPORT_COLUMNS = ("emission_tco2", "emission_direct_tco2", "emission_indirect_tco2",
                   "energy_equivalent_tce", "energy_calorific_tce")  # fmt: skip


def _export(request: HttpRequest, found: figures.Overview) -> HttpResponse:
    """Return sectors and counties by year as a workbook."""
    columns = [
        lists.Column("group", _("Grouped by")),
        lists.Column("name", _("Name")),
        lists.Column("year", _("Year")),
        lists.Column("emission_tco2", _("CO₂, chosen boundary"), unit="tCO2", places=1),
        *(
            lists.Column(
                key, measures.MEASURES[key].name, unit=measures.MEASURES[key].unit, places=1
            )
            for key in _EXPORT_COLUMNS[1:]
        ),
    ]
    rows = []
    for key, label, frame in (
        ("sector", _("Sector"), found.by_sector),
        ("place", _("County"), found.by_place),
    ):
        laid = frame.with_columns(pl.col(key).cast(pl.String))
        names = figures.names_of(key, laid[key].drop_nulls().unique().to_list())
        rows += [
            {**row, "group": label, "name": names.get(row[key], row[key])}
            for row in laid.select(key, "year", *_EXPORT_COLUMNS).to_dicts()
        ]
    rows += [
        {**row, "group": _("Total"), "name": found.scope.name}
        for row in found.by_year.select("year", *_EXPORT_COLUMNS).to_dicts()
    ]
    title = _("Energy and CO₂ of %(scope)s") % {"scope": found.scope.name}
    return table_export(
        request,
        name="overview",
        title=f"{title} {as_of_text(found.run)}",
        columns=columns,
        rows=rows,
        run=found.run,
    )
