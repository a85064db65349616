"""The trace drill: a total, its groups, its enterprises, their lines, one with cell and clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.accounting import FORMULAS, QUANTITIES
from tanfeng.console.accounting import after, figures, lines, measures
from tanfeng.console.accounting.enterprise_document import period
from tanfeng.console.accounting.enterprise_figures import trace_url
from tanfeng.console.accounting.models import EnergyRecord, Run
from tanfeng.console.accounting.views.common import (
    amount,
    as_of_text,
    choice,
    chosen_filter,
    close_up,
    number,
    quality,
    quality_columns,
    run_of,
    signed_in,
    table_export,
)
from tanfeng.console.accounting.views.paging import counted_page, page_of
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import gas, plain
from tanfeng.console.core.models import Batch, User

_EXPORTED = 50_000
#: What a formula says where the unit is that of the energy item.
_ITEM_UNIT = "item unit"


@require_safe
def trace(request: HttpRequest) -> HttpResponse:
    """Show what stands behind a figure: groups and enterprises, or the lines of one enterprise."""
    user = signed_in(request)
    run = run_of(request)
    if run is None:
        return render(request, "accounting/trace.html", {"run": None})
    chosen = chosen_filter(request)
    if chosen.year is None:
        chosen = replace(chosen, year=figures.default_year(user, run))
    basis = choice(request, "basis", measures.BASES, "average")
    measure = request.GET.get("measure") or request.GET.get("quantity") or "emission_total_tco2"
    lines.signs_of(measure, basis)  # 404 for a name that is no figure
    if chosen.org_code:
        return _lines_page(request, user, run, chosen, measure, basis)
    # Sums over months are kept by enterprise only; groups speak of the year.
    return _groups_page(request, user, run, replace(chosen, month=None), measure, basis)


def measure_name(measure: str) -> str:
    """Return the name of a measure or of a quantity in the language used."""
    if measure in measures.MEASURES:
        return str(measures.MEASURES[measure].name)
    quantity = QUANTITIES[measure]
    return quantity.name_en if language() == "en" else quantity.name_zh


def measure_unit(measure: str) -> str:
    """Return ``tce`` or ``tCO2``."""
    return "tCO2" if measure.startswith("emission") else "tce"


def _query(
    run: Run, chosen: figures.Filter, measure: str, basis: str, **change: Any
) -> dict[str, Any]:
    named = {
        "measure": measure,
        "basis": "" if basis == "average" else basis,
        "run": "" if run.published else run.number,
        "year": chosen.year,
        "month": chosen.month,
        "place": chosen.place,
        "sector": chosen.sector,
        "park": chosen.park,
        "org": chosen.org_code,
        "item": chosen.item_key,
    }
    return {key: value for key, value in {**named, **change}.items() if value not in (None, "")}


def _url(run: Run, chosen: figures.Filter, measure: str, basis: str, **change: Any) -> str:
    return f"{reverse('trace')}?{urlencode(_query(run, chosen, measure, basis, **change))}"


def _groups_page(
    request: HttpRequest, user: User, run: Run, chosen: figures.Filter, measure: str, basis: str
) -> HttpResponse:
    """Show the figure by sector, county and item, and its enterprises, largest first."""
    scope = figures.scope_of(user)
    frames = {
        key: figures.breakdown(
            user, run, by=(key,), measure=measure, basis=basis, chosen=chosen, scope=scope
        )
        for key in ("org_code", "sector", "place", "item_key")
    }
    firms = frames["org_code"].sort("value", descending=True, nulls_last=True)
    if request.GET.get("export") == "xlsx":
        return _export_firms(request, firms, run, measure)
    total = firms.select(measures.summed("value", *measures.PARTS, "missing_rows"))
    whole = total.row(0, named=True) if firms.height else {"value": None}

    def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
        return _group_rows(frame, run, chosen, measure, basis, "org_code")

    return render(
        request,
        "accounting/trace.html",
        {
            "run": run,
            "scope": scope,
            "whole": whole,
            "measure": measure,
            "measure_name": measure_name(measure),
            "unit": _pretty(measure_unit(measure)),
            "sentence": _sentence(whole["value"], measure, chosen, scope),
            "groups": [
                _group(frames[key], whole["value"], (run, chosen, measure, basis), key)
                for key in ("sector", "place", "item_key")
                if frames[key].height > 1
            ],
            "page": page_of(request, firms, rows),
            "chain": _chain(run, chosen, measure, basis, scope),
            "basis": basis,
            "chosen": chosen,
            "year_options": [(y, y) for y in range(run.first_year, run.last_year + 1)],
            "data_as_of": run.as_of,
        },
    )


def _pretty(unit: str) -> str:
    return gas(unit)


_GROUPS: Mapping[str, tuple[Any, str]] = {
    "sector": (gettext_lazy("By sector"), "sector"),
    "place": (gettext_lazy("By county"), "place"),
    "item_key": (gettext_lazy("By energy item"), "item"),
}
_SHOWN = 10


def _group(
    frame: pl.DataFrame,
    whole: float | None,
    where: tuple[Run, figures.Filter, str, str],
    key: str,
) -> dict[str, Any]:
    """Return the largest rows of a grouping with their share, and where the others stand."""
    ordered = frame.sort("value", descending=True, nulls_last=True)
    rows = _group_rows(ordered.head(_SHOWN), *where, key)
    for row in rows:
        row["share"] = row["value"] / whole if whole and row["value"] is not None else None
    label, name = _GROUPS[key]
    run = "" if where[0].published else f"&run={where[0].number}"
    return {
        "label": label,
        "rows": rows,
        "more": max(frame.height - _SHOWN, 0),
        "url": f"{reverse('inventory')}?rows={name}{run}",
    }


_PARAMETERS = {"sector": "sector", "place": "place", "item_key": "item", "org_code": "org"}


def _group_rows(
    frame: pl.DataFrame, run: Run, chosen: figures.Filter, measure: str, basis: str, key: str
) -> list[dict[str, Any]]:
    laid = frame.with_columns(pl.col(key).cast(pl.String)).to_dicts()
    names = figures.names_of(key, [row[key] for row in laid])
    return [
        {
            **row,
            "key": row[key],
            "name": names.get(row[key], row[key]) or _("not known"),
            "url": _url(run, chosen, measure, basis, **{_PARAMETERS[key]: row[key]}),
        }
        for row in laid
    ]


def _export_firms(
    request: HttpRequest, firms: pl.DataFrame, run: Run, measure: str
) -> HttpResponse:
    unit = measure_unit(measure)
    names = figures.names_of("org_code", firms["org_code"].to_list())
    columns = [
        lists.Column("name", _("Enterprise")),
        lists.Column("org_code", _("Credit code")),
        lists.Column("value", measure_name(measure), unit=unit, places=2),
        *quality_columns(),
        lists.Column("missing_rows", _("rows not counted")),
    ]
    rows = [
        {**row, **quality(row), "name": names.get(row["org_code"], "")} for row in firms.to_dicts()
    ]
    title = _("Trace: %(measure)s by enterprise") % {"measure": measure_name(measure)}
    return table_export(request, name="trace", title=title, columns=columns, rows=rows, run=run)


def _sentence(
    value: float | None, measure: str, chosen: figures.Filter, scope: figures.Scope
) -> str:
    parts = [str(chosen.year)]
    if chosen.month:
        parts = [period(chosen.year, chosen.month)]
    for key, code in (
        ("place", chosen.place),
        ("sector", chosen.sector),
        ("park", chosen.park),
        ("item_key", chosen.item_key),
    ):
        if code:
            parts.append(figures.names_of(key, [code]).get(code, code))
    if not chosen.place:
        parts.append(scope.name)
    told = _("%(where)s: %(measure)s %(amount)s") % {
        "where": " · ".join(parts),
        "measure": measure_name(measure),
        "amount": amount(value, measure_unit(measure)) if value is not None else _("no data"),
    }
    return close_up(told)


def _chain(
    run: Run, chosen: figures.Filter, measure: str, basis: str, scope: figures.Scope
) -> list[dict[str, str]]:
    """Return the steps from the scope's total down to what is shown, each with its address."""
    empty = figures.Filter(year=chosen.year)
    steps = [{"label": scope.name, "url": _url(run, empty, measure, basis)}]
    known: dict[str, Any] = {"year": chosen.year}
    for field, key in (
        ("place", "place"),
        ("sector", "sector"),
        ("item_key", "item_key"),
        ("org_code", "org_code"),
        ("month", ""),
    ):
        value = getattr(chosen, field)
        if not value:
            continue
        known[field] = value
        label = (
            period(chosen.year, value)
            if field == "month"
            else figures.names_of(key, [value]).get(value, value)
        )
        step = figures.Filter(**known)
        steps.append({"label": str(label), "url": _url(run, step, measure, basis)})
    return steps


_LINE_COLUMNS = (
    lists.Column("address", gettext_lazy("Line")),
    lists.Column("quantity_name", gettext_lazy("Quantity")),
    lists.Column("period", gettext_lazy("Period")),
    lists.Column("item", gettext_lazy("Energy item")),
    lists.Column("value", gettext_lazy("Value")),
    lists.Column("sign", gettext_lazy("Sign")),
    lists.Column("unit", gettext_lazy("Unit")),
    lists.Column("formula", gettext_lazy("Formula")),
    lists.Column("cell", gettext_lazy("Form cell")),
    lists.Column("file", gettext_lazy("File")),
    lists.Column("tier", gettext_lazy("Data quality")),
    lists.Column("confidence", gettext_lazy("Confidence")),
)


def _lines_page(
    request: HttpRequest, user: User, run: Run, chosen: figures.Filter, measure: str, basis: str
) -> HttpResponse:
    """Show the lines of one enterprise behind a figure, with the form cell of each."""
    organisation = rights.get_visible(user, Organisation, credit_code=chosen.org_code)
    audit.read_of(request, organisation)
    signs = lines.signs_of(measure, basis)
    unverified = request.GET.get("confidence") == "unverified"
    read = partial(lines.page_of, user, run, quantities=signs, chosen=chosen, unverified=unverified)
    if request.GET.get("export") == "xlsx":
        every = read(size=_EXPORTED, largest_first=False)
        return table_export(
            request,
            name="lines",
            title=_("Lines of %s") % organisation.name,
            columns=_LINE_COLUMNS,
            rows=line_rows(user, run, every.lines),
            run=run,
            organisation=organisation.credit_code,
        )
    first = read(size=0)
    scope = figures.scope_of(user)

    def cut(start: int, stop: int) -> list[dict[str, Any]]:
        part = read(start=start, size=stop - start)
        return line_rows(user, run, part.lines)

    return render(
        request,
        "accounting/trace_lines.html",
        {
            "run": run,
            "organisation": organisation,
            "measure": measure,
            "measure_name": measure_name(measure),
            "sentence": close_up(
                _("%(name)s, %(period)s: %(measure)s %(amount)s")
                % {
                    "name": organisation.name,
                    "period": period(chosen.year, chosen.month),
                    "measure": measure_name(measure),
                    "amount": amount(first.total, measure_unit(measure)),
                }
            ),
            "unit": _pretty(measure_unit(measure)),
            "count": first.count,
            "total": first.total,
            "page": counted_page(request, first.count, cut),
            "chain": _chain(run, chosen, measure, basis, scope),
            "chosen": chosen,
            "unverified": unverified,
            "months": _month_options(chosen),
            "items": _item_options(user, run, chosen, measure, basis),
            "has_signs": -1 in signs.values(),
            "data_as_of": run.as_of,
        },
    )


def _month_options(chosen: figures.Filter) -> list[tuple[int, str]]:
    return [(month, period(chosen.year, month)) for month in range(1, 13)]


def _item_options(
    user: User, run: Run, chosen: figures.Filter, measure: str, basis: str
) -> list[tuple[str, str]]:
    whole = figures.Filter(year=chosen.year, org_code=chosen.org_code)
    frame = figures.breakdown(
        user, run, by=("item_key",), measure=measure, basis=basis, chosen=whole
    )
    keys = frame.drop_nulls("value")["item_key"].cast(pl.String).to_list()
    return sorted(figures.names_of("item_key", keys).items(), key=lambda one: one[1])


def line_rows(user: User, run: Run, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return lines as a person reads them: names, address, and the form cell they rest on."""
    english = language() == "en"
    laid = frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts()
    records = {
        record.pk: record
        for record in rights.visible(user, EnergyRecord)
        .select_related("batch")
        .filter(pk__in={row["activity_id"] for row in laid})
    }
    items = figures.item_names("en" if english else "zh")
    found = []
    for row in laid:
        formula = FORMULAS[row["formula"]]
        record = records.get(row["activity_id"])
        field = next((symbol.field for symbol in formula.symbols if symbol.field), "")
        cell = lines.Cell(record, field) if record is not None else None
        found.append(
            {
                **row,
                "address": f"{run.number}:{row['line']}",
                "url": reverse("trace-line", args=[run.number, row["line"]]),
                "quantity_name": measure_name(row["quantity"]),
                "period": period(row["year"], row["month"]),
                "item": items.get(row["item_key"], row["item_key"]),
                "unit": formula.unit,
                "formula": formula.name_en if english else formula.name_zh,
                "cell": cell.address if cell else "",
                "file": str(record.batch) if record is not None else "",
            }
        )
    return found


@require_safe
def line(request: HttpRequest, run_number: int, line_number: int) -> HttpResponse:
    """Show one line: formula, inputs, where each stands, and what changed since the last run."""
    user = signed_in(request)
    run = rights.get_visible(user, Run, number=run_number)
    shown = lines.one(user, run, line_number)
    audit.read_of(request, shown.organisation)
    english = language() == "en"
    row = shown.row
    measure = row["quantity"]
    chosen = figures.Filter(year=row["year"], org_code=row["org_code"])
    scope = figures.scope_of(user)
    redone = shown.redone() if "redo" in request.GET else None
    items = figures.item_names("en" if english else "zh")
    return render(
        request,
        "accounting/trace_line.html",
        {
            "run": run,
            "line": shown,
            "row": row,
            "organisation": shown.organisation,
            "address": f"{run.number}:{row['line']}",
            "quantity_name": measure_name(measure),
            "unit": _pretty(shown.formula.unit),
            "period": period(row["year"], row["month"]),
            "item": items.get(row["item_key"], row["item_key"]),
            "formula_name": shown.formula.name_en if english else shown.formula.name_zh,
            "mathml": shown.formula.mathml(),
            "inputs": [_input(one, row["item_key"], english, user) for one in shown.inputs],
            "redone": redone,
            "equal": redone is not None and _same(redone, row["value"]),
            "before": _before(user, shown),
            "chain": _chain(run, chosen, measure, "average", scope),
            "month_url": _url(run, chosen, measure, "average", month=row["month"]),
            "as_of": as_of_text(run),
            "data_as_of": run.as_of,
        },
    )


def _same(redone: float, stored: float | None) -> bool:
    return stored is not None and abs(redone - stored) <= 1e-12 * max(abs(stored), abs(redone))


def _input(one: lines.Input, item: str, english: bool, user: User) -> dict[str, Any]:
    """Return what an input's card shows."""
    symbol, _underline, index = one.symbol.name.partition("_")
    factor = dict(one.factor) if one.factor else None
    if factor is not None:
        name, _slash, row_id = factor["ref"].partition("/")
        factor["name"] = gas(factor["name_en" if english else "name_zh"])
        factor["choice"] = factor["choice_en" if english else "choice_zh"]
        factor["url"] = reverse("standards-row", args=[name, row_id])
        factor["table"] = name
    unit = factor["unit"] if factor else one.symbol.unit
    if unit == _ITEM_UNIT:
        unit = figures.item_units("en" if english else "zh").get(item, unit)
    return {
        "symbol": symbol,
        "index": index,
        "name": one.symbol.name_en if english else one.symbol.name_zh,
        "unit": unit,
        "text": stored(one.value),
        "factor": factor,
        "cell": one.cell,
        "cell_url": _cell_url(one.cell, user) if one.cell else "",
        "behind": _behind(one.cell) if one.cell else None,
    }


def _behind(cell: lines.Cell) -> tuple[str, str] | None:
    """Return what the record of a cell was made from, where an app made it: a month close."""
    return next((told for ask in after.BEHIND if (told := ask(cell.record))), None)


def stored(value: float | None) -> str:
    """Return a number as it is stored, in its shortest form, thousands grouped."""
    if value is None:
        return plain(None)
    digits = -int(Decimal(repr(float(value))).normalize().as_tuple().exponent)
    return plain(value, max(digits, 0))


def _cell_url(cell: lines.Cell, user: User) -> str:
    """Return the upload's sheet at the row of the cell.

    Nothing for a file the user may not open: a county's file holds other enterprises too.
    """
    if not rights.visible(user, Batch).filter(pk=cell.record.batch_id).exists():
        return ""
    page = reverse("upload", args=[cell.record.batch_id])
    anchor = f"#cell-{cell.address}" if cell.address else ""
    return f"{page}?row={cell.record.source_row}{anchor}"


def _before(user: User, shown: lines.Line) -> dict[str, Any] | None:
    """Return what the same line said in the run before, and why it moved."""
    found = lines.same_line_before(user, shown)
    if found is None:
        return None
    before, row = found
    if not row:
        return {"run": before, "row": None}
    return {
        "run": before,
        "row": row,
        "url": reverse("trace-line", args=[before.number, row["line"]]),
        "moved": row["value"] != shown.row["value"],
        "causes": _causes(shown, row),
    }


def _causes(shown: lines.Line, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the inputs that differ from the run before."""
    if before["formula"] != shown.row["formula"]:
        return [{"symbol": _("Formula"), "old": before["formula"], "new": shown.row["formula"]}]
    return [
        {
            "symbol": one.symbol.name,
            "old": stored(before[f"x{place}"]),
            "new": stored(one.value),
            "is_factor": one.symbol.is_factor,
        }
        for place, one in enumerate(shown.inputs, start=1)
        if before[f"x{place}"] != one.value
    ]


@require_safe
def record(request: HttpRequest, record_id: int) -> HttpResponse:
    """Send a finding on to the lines of its record."""
    user = signed_in(request)
    row = rights.get_visible(user, EnergyRecord, pk=record_id)
    asked = number(request, "run")
    if figures.run_for(user, asked) is None:
        raise Http404
    return redirect(
        trace_url(
            "energy_equivalent_tce",
            org=row.organisation.credit_code,
            year=row.year,
            month=row.month or None,
            item=row.item_key,
            run=asked,
        )
    )
