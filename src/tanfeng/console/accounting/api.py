"""Read-only API ``/api/v1/``: the same rights as the pages, figures as columns.

Sign-in is the session of the pages. Every list is cut to what the person may see by the same
functions the pages use; a name or number outside the scope answers 404.
"""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from django.http import Http404, HttpRequest
from ninja import NinjaAPI, Query, Schema
from ninja.security import django_auth
from pydantic import Field

from tanfeng.console.accounting import charts, figures, frozen, lines, measures
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User

PAGE = 1000

api = NinjaAPI(
    title="Tanfeng",
    version="1",
    description="Organisations, totals, lines and factors of frozen runs; read only.",
    urls_namespace="api",
    auth=django_auth,
    docs_url="docs/",
)


class Part(Schema):
    """Which part of a list."""

    start: int = Field(0, ge=0, description="First row, from 0")
    size: int = Field(100, ge=1, le=PAGE, description="Number of rows")


class OrganisationFilter(Part):
    """Conditions on organisations."""

    place: str = ""
    sector: str = ""


class TotalFilter(Part):
    """Conditions on totals."""

    run: int | None = None
    year: int | None = None
    month: int = Field(0, ge=0, le=12, description="0 is the whole year")
    org: str = ""


class LineFilter(Part):
    """Conditions on lines; one organisation at a time."""

    org: str
    run: int | None = None
    measure: str = "emission_total_tco2"
    basis: Literal["average", "residual", "fossil"] = "average"
    year: int | None = None
    month: int | None = None
    item: str = ""


class BreakdownFilter(Schema):
    """What is summed and what is kept apart."""

    by: Literal["sector", "place", "park", "item_key"] = "sector"
    measure: str = "emission_total_tco2"
    basis: Literal["average", "residual", "fossil"] = "average"
    run: int | None = None
    place: str = ""
    sector: str = ""


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - django_auth let no other through
    return request.user


def _run(user: User, number: int | None) -> Run:
    run = figures.run_for(user, number)
    if run is None:
        raise Http404
    return run


def _columns(frame: pl.DataFrame) -> dict[str, list[Any]]:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dict(as_series=False)


@api.get("/runs", summary="Runs the person may see, newest first")
def runs(request: HttpRequest) -> dict[str, Any]:
    """Return number, title, years, day and digests of each run."""
    rows = rights.visible(_user(request), Run).order_by("-number")
    return {
        "runs": [
            {
                "number": run.number,
                "title": run.title,
                "first_year": run.first_year,
                "last_year": run.last_year,
                "as_of": run.as_of,
                "published": run.published,
                "is_demo": run.is_demo,
                "manifest": {k: v for k, v in run.manifest.items() if k != "records"},
            }
            for run in rows
        ]
    }


_ORGANISATION = ("credit_code", "name", "industry_code", "sector", "place_id", "park_id", "active",
                 "is_demo")  # fmt: skip


@api.get("/organisations", summary="Organisations in scope, as columns")
def organisations(request: HttpRequest, asked: Query[OrganisationFilter]) -> dict[str, Any]:
    """Return a part of the organisations, ordered by credit code."""
    rows = rights.visible(_user(request), Organisation)
    if asked.place:
        rows = rows.filter(place_id=asked.place)
    if asked.sector:
        rows = rows.filter(sector=asked.sector)
    part = rows.order_by("credit_code").values_list(*_ORGANISATION)
    cut = list(part[asked.start : asked.start + asked.size])
    names = [name.removesuffix("_id") for name in _ORGANISATION]
    columns = [list(column) for column in zip(*cut, strict=True)] or [[] for _name in names]
    return {"count": rows.count(), "columns": dict(zip(names, columns, strict=True))}


@api.get("/organisations/{credit_code}", summary="One organisation with its yearly totals")
def organisation(request: HttpRequest, credit_code: str) -> dict[str, Any]:
    """Return the file of an organisation and its totals by year from the published run."""
    user = _user(request)
    row = rights.get_visible(user, Organisation, credit_code=credit_code)
    audit.read_of(request, row)
    run = figures.run_for(user)
    totals = rights.visible(user, Total).filter(run=run, organisation=row, month=0)
    return {
        **{name.removesuffix("_id"): getattr(row, name) for name in _ORGANISATION},
        "run": run.number if run else None,
        "totals": list(totals.order_by("year").values("year", *_FIGURES)),
    }


_FIGURES = (
    *measures.QUANTITIES,
    "emission_total_tco2",
    "months_reported",
    "months_expected",
    "confidence",
)


@api.get("/totals", summary="Totals of organisations in scope, as columns")
def totals(request: HttpRequest, asked: Query[TotalFilter]) -> dict[str, Any]:
    """Return sums of a run by organisation and period; empty means no data, not zero."""
    user = _user(request)
    run = _run(user, asked.run)
    rows = rights.visible(user, Total).filter(run=run, month=asked.month)
    if asked.year is not None:
        rows = rows.filter(year=asked.year)
    if asked.org:
        rows = rows.filter(organisation__credit_code=asked.org)
    names = ("organisation__credit_code", "year", "month", *_FIGURES)
    cut = list(
        rows.order_by("organisation_id", "year").values_list(*names)[
            asked.start : asked.start + asked.size
        ]
    )
    columns = [list(column) for column in zip(*cut, strict=True)] or [[] for _name in names]
    audit.record("api.totals", request=request, run=run.number, rows=len(cut))
    return {
        "run": run.number,
        "count": rows.count(),
        "columns": dict(zip(("org_code", *names[1:]), columns, strict=True)),
    }


@api.get("/lines", summary="Lines of one organisation, as columns")
def line_list(request: HttpRequest, asked: Query[LineFilter]) -> dict[str, Any]:
    """Return the lines behind a measure with their inputs and factor numbers."""
    user = _user(request)
    run = _run(user, asked.run)
    row = rights.get_visible(user, Organisation, credit_code=asked.org)
    audit.read_of(request, row)
    found = lines.page_of(
        user,
        run,
        quantities=lines.signs_of(asked.measure, asked.basis),
        chosen=figures.Filter(
            year=asked.year, month=asked.month, org_code=asked.org, item_key=asked.item
        ),
        start=asked.start,
        size=asked.size,
        largest_first=False,
    )
    return {
        "run": run.number,
        "count": found.count,
        "total": found.total,
        "columns": _columns(found.lines),
    }


@api.get("/lines/{run_number}/{line_number}", summary="One line, its inputs and their sources")
def line_one(request: HttpRequest, run_number: int, line_number: int) -> dict[str, Any]:
    """Return a line with formula, inputs, factors, form cell, and the value redone."""
    user = _user(request)
    found = lines.one(user, _run(user, run_number), line_number)
    audit.read_of(request, found.organisation)
    formula = found.formula
    return {
        "run": run_number,
        "line": found.row["line"],
        "quantity": found.row["quantity"],
        "value": found.row["value"],
        "redone": found.redone(),
        "unit": formula.unit,
        "org_code": found.row["org_code"],
        "year": found.row["year"],
        "month": found.row["month"],
        "item_key": found.row["item_key"],
        "tier": found.row["tier"],
        "confidence": found.row["confidence"],
        "formula": {
            "key": formula.key,
            "text": f"{formula.symbol} = {formula.expression}",
            "document": formula.document,
            "confidence": formula.confidence,
            "clause": formula.clause,
            "clause_confidence": formula.clause_confidence,
            "clause_sources": found.clause_sources(),
            "equation": formula.equation,
        },
        "inputs": [_input(one) for one in found.inputs],
    }


def _input(one: lines.Input) -> dict[str, Any]:
    cell = one.cell
    source: dict[str, Any] | None = None
    if cell is not None:
        source = {
            "batch": str(cell.record.batch_id),
            "file": cell.record.batch.file_name,
            "sheet": cell.record.batch.sheet,
            "cell": cell.address,
            "row": cell.record.source_row,
        }
    return {
        "symbol": one.symbol.name,
        "unit": one.symbol.unit,
        "value": one.value,
        "factor": dict(one.factor) if one.factor else None,
        "cell": source,
    }


@api.get("/factors", summary="Factors of a run, as columns")
def factors(request: HttpRequest, run: int | None = None) -> dict[str, Any]:
    """Return every factor with document, clause, validity, confidence and how it was chosen."""
    found = _run(_user(request), run)
    return {"run": found.number, "columns": _columns(frozen.opened(found).factors)}


@api.get("/breakdown", summary="A measure by group and year, as columns")
def breakdown(request: HttpRequest, asked: Query[BreakdownFilter]) -> dict[str, Any]:
    """Return sums over the person's scope with their data quality; ``scope`` says whose."""
    user = _user(request)
    run = _run(user, asked.run)
    lines.signs_of(asked.measure, asked.basis)  # 404 for a name that is no figure
    scope = figures.scope_of(user)
    frame = figures.breakdown(
        user,
        run,
        by=(asked.by, "year"),
        measure=asked.measure,
        basis=asked.basis,
        chosen=figures.Filter(place=asked.place, sector=asked.sector),
        scope=scope,
    )
    return {
        "run": run.number,
        "scope": {"kind": scope.kind, "name": scope.name},
        "measure": asked.measure,
        "basis": asked.basis,
        "columns": _columns(frame),
    }


@api.get("/charts/{by}", summary="Chart data: a measure by group and year")
def chart(
    request: HttpRequest, by: Literal["sector", "place", "item_key"], asked: Query[BreakdownFilter]
) -> dict[str, Any]:
    """Return ``x`` and ``series`` as the pages' charts take them."""
    user = _user(request)
    run = _run(user, asked.run)
    lines.signs_of(asked.measure, asked.basis)  # 404 for a name that is no figure
    frame = figures.breakdown(
        user,
        run,
        by=(by, "year"),
        measure=asked.measure,
        basis=asked.basis,
        chosen=figures.Filter(place=asked.place, sector=asked.sector),
    ).with_columns(pl.col(by).cast(pl.String))
    years = list(range(run.first_year, run.last_year + 1))
    cells = {(row[by], row["year"]): row["value"] for row in frame.to_dicts()}
    keys = sorted({key for key, _year in cells if key})
    names = figures.names_of(by, keys)
    series = [(key, names.get(key, key), [cells.get((key, y)) for y in years]) for key in keys]
    return charts.columns(years, series, unit=measures.named(asked.measure).unit) or {}
