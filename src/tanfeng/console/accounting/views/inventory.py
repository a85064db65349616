"""The inventory: sector, county or energy item by year, each cell opening its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from tanfeng.console.accounting import charts, figures, measures
from tanfeng.console.accounting.enterprise_figures import trace_url
from tanfeng.console.accounting.views.common import (
    amount,
    basis_options,
    choice,
    chosen_filter,
    close_up,
    quality,
    quality_columns,
    run_of,
    signed_in,
    table_export,
)
from tanfeng.console.archive.models import Place, Sector
from tanfeng.console.core import lists, rights

_NAMES = ("code", "name_zh", "name_en")
#: Colours a chart has; more rows than this are drawn as the largest and the sum of the rest.
_COLOURS = 8
#: What the rows may be -> column of the frames, query parameter of the trace.
ROWS: Mapping[str, tuple[str, str, Any]] = {
    "sector": ("sector", "sector", gettext_lazy("By sector")),
    "place": ("place", "place", gettext_lazy("By county")),
    "item": ("item_key", "item", gettext_lazy("By energy item")),
}
#: Switch of the page -> measure, with the variants of energy behind it.
FAMILIES: Mapping[str, tuple[str, Any]] = {
    "emission_total": ("emission_total_tco2", gettext_lazy("CO₂ total")),
    "emission_direct": ("emission_direct_tco2", gettext_lazy("Direct")),
    "emission_indirect": ("emission_indirect_tco2", gettext_lazy("Power and heat")),
    "energy_equivalent": ("energy_equivalent{net}_tce", gettext_lazy("Energy, equivalent")),
    "energy_calorific": ("energy_calorific{net}_tce", gettext_lazy("Energy, calorific")),
}
NETS: Mapping[str, tuple[str, Any]] = {
    "none": ("", gettext_lazy("gross")),
    "feedstock": ("_net_feedstock", gettext_lazy("net of feedstock")),
    "green": ("_net_green_power", gettext_lazy("net of green power")),
    "both": ("_net_both", gettext_lazy("net of both")),
}


@require_safe
def inventory(request: HttpRequest) -> HttpResponse:
    """Show a measure by rows and years inside the person's scope."""
    user = signed_in(request)
    run = run_of(request)
    if run is None:
        return render(request, "accounting/inventory.html", {"run": None})
    rows_by = choice(request, "rows", ROWS, "sector")
    family = choice(request, "family", FAMILIES, "emission_total")
    net = choice(request, "net", NETS, "none")
    basis = choice(request, "basis", measures.BASES, "average")
    measure = measures.MEASURES[FAMILIES[family][0].format(net=NETS[net][0])]
    key, parameter, _label = ROWS[rows_by]
    scope = figures.scope_of(user)
    chosen = chosen_filter(request)
    inside = figures.Filter(place=chosen.place, sector=chosen.sector, item_key=chosen.item_key)
    frame = figures.breakdown(
        user,
        run,
        by=(key, "year"),
        measure=measure.key,
        basis=basis,
        chosen=inside,
        scope=scope,
    ).with_columns(pl.col(key).cast(pl.String))
    if request.GET.get("export") == "xlsx":
        return _export(request, frame, key, measure, run)
    years = list(range(run.first_year, run.last_year + 1))
    link = {"basis": basis if measure.follows_basis else "", "place": chosen.place,
            "sector": chosen.sector, "item": chosen.item_key}  # fmt: skip
    table = laid_out(frame, key, parameter, years, measure, link)
    return render(
        request,
        "accounting/inventory.html",
        {
            "run": run,
            "scope": scope,
            "measure": measure,
            "years": years,
            "table": table,
            "sentence": _sentence(table, years, measure, scope),
            "rows_by": rows_by,
            "family": family,
            "net": net,
            "basis": basis,
            "chosen": chosen,
            "row_options": [(name, str(row[2])) for name, row in ROWS.items()],
            "family_options": [(name, str(row[1])) for name, row in FAMILIES.items()],
            "net_options": [(name, str(row[1])) for name, row in NETS.items()],
            "basis_options": basis_options(),
            "places": [(row.code, str(row)) for row in rights.visible(user, Place).only(*_NAMES)],
            "sectors": Sector.choices,
            "chart": _chart(table, years, measure, parameter, link),
            "data_as_of": run.as_of,
        },
    )


def laid_out(
    frame: pl.DataFrame,
    key: str,
    parameter: str,
    years: Sequence[int],
    measure: measures.Measure,
    link: Mapping[str, Any],
) -> dict[str, Any]:
    """Turn a breakdown into rows of cells, largest row of the last year first."""
    cells = {(row[key], row["year"]): row for row in frame.to_dicts()}
    names = figures.names_of(key, frame[key].drop_nulls().unique().to_list())
    order = sorted(
        frame[key].unique().to_list(),
        key=lambda one: -((cells.get((one, years[-1])) or {}).get("value") or 0.0),
    )
    if key == "sector":
        order = [value for value in Sector.values if value in order]
    rows = [
        {
            "key": one or "",
            "name": names.get(one, one) if one else _("not known"),
            "cells": [
                _cell(cells.get((one, year)), measure, {**link, parameter: one, "year": year})
                for year in years
            ],
            "last": cells.get((one, years[-1])),
            "unverified": _unverified(cells.get((one, years[-1]))),
            "before": cells.get((one, years[-2])) if len(years) > 1 else None,
        }
        for one in order
    ]
    whole = frame.group_by("year").agg(measures.summed("value", *measures.PARTS, "missing_rows"))
    totals = {row["year"]: row for row in whole.to_dicts()}
    factor, unit = charts.scale(
        [row["value"] for row in totals.values()], "tCO₂" if measure.is_emission else "tce"
    )
    return {
        "rows": rows,
        "totals": [_cell(totals.get(year), measure, {**link, "year": year}) for year in years],
        "total": totals.get(years[-1]),
        "unverified": _unverified(totals.get(years[-1])),
        "total_before": totals.get(years[-2]) if len(years) > 1 else None,
        "in_wan": factor != 1.0,
        "unit": unit,
    }


def _cell(
    row: Mapping[str, Any] | None, measure: measures.Measure, query: Mapping[str, Any]
) -> dict[str, Any]:
    value = row["value"] if row else None
    return {
        "value": value,
        "missing_rows": row["missing_rows"] if row else None,
        "url": trace_url(measure.key, **query) if value is not None else "",
    }


def _unverified(row: Mapping[str, Any] | None) -> float | None:
    return measures.shares(row)["unverified_share"] if row else None


def _sentence(
    table: Mapping[str, Any], years: Sequence[int], measure: measures.Measure, scope: figures.Scope
) -> str:
    total = table["total"]["value"] if table["total"] else None
    if total is None:
        return _("No data for %(scope)s in %(year)s") % {"scope": scope.name, "year": years[-1]}
    told = _("%(measure)s of %(scope)s: %(amount)s in %(year)s") % {
        "measure": measure.name,
        "scope": scope.name,
        "amount": amount(total, measure.unit),
        "year": years[-1],
    }
    return close_up(told)


def _chart(
    table: Mapping[str, Any],
    years: Sequence[int],
    measure: measures.Measure,
    parameter: str,
    link: Mapping[str, Any],
) -> dict[str, Any] | None:
    rows = table["rows"]
    drawn = rows if len(rows) <= _COLOURS else rows[: _COLOURS - 1]
    series = [
        (row["key"] or "other", row["name"], [cell["value"] for cell in row["cells"]])
        for row in drawn
    ]
    if rest := rows[len(drawn) :]:
        sums = [
            charts.whole(row["cells"][index]["value"] for row in rest)
            for index, _year in enumerate(years)
        ]
        others = ngettext("%(count)s other", "%(count)s others", len(rest))
        series.append(("", others % {"count": len(rest)}, sums))
    return charts.columns(
        years,
        series,
        unit="tCO₂" if measure.is_emission else "tce",
        link=f"{trace_url(measure.key, **link)}&year={{x}}&{parameter}={{key}}",
    )


def _export(
    request: HttpRequest, frame: pl.DataFrame, key: str, measure: measures.Measure, run: Any
) -> HttpResponse:
    unit = measure.unit
    columns = [
        lists.Column("key", _("Key")),
        lists.Column("name", _("Name")),
        lists.Column("year", _("Year")),
        lists.Column("value", measure.name, unit=unit, places=1),
        *quality_columns(),
        lists.Column("missing_rows", _("rows not counted")),
    ]
    names = figures.names_of(key, frame[key].drop_nulls().unique().to_list())
    rows = [
        {**row, **quality(row), "key": row[key], "name": names.get(row[key], row[key])}
        for row in frame.to_dicts()
    ]
    return table_export(
        request,
        name="inventory",
        title=_("Inventory: %(measure)s") % {"measure": measure.name},
        columns=columns,
        rows=rows,
        run=run,
    )
