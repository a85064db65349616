"""The standards tables: which there are, their rows, and one row with everything known of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng import standards
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.lists import Column
from tanfeng.console.library import catalogue, links, services, tables, uses
from tanfeng.console.library.dates import in_force
from tanfeng.console.library.forms import OverrideForm
from tanfeng.console.library.listing import SIZES, FrameRows, RowListing
from tanfeng.console.library.models import GONE, FactorOverride
from tanfeng.console.library.permissions import READ
from tanfeng.errors import DataError, StandardError

FORCE = {
    "in_force": gettext_lazy("In force"),
    "coming": gettext_lazy("Not yet in force"),
    "ended": gettext_lazy("No longer in force"),
}
FORCE_KIND = {"in_force": "good", "coming": "note", "ended": "late"}
CONFIDENCE = {
    "confirmed": gettext_lazy("Two sources agree"),
    "single": gettext_lazy("One source, to be verified"),
    "recalled": gettext_lazy("From memory, to be verified"),
    "override": gettext_lazy("Set by the city"),
}


def _table(name: str) -> tables.Table:
    try:
        return tables.table(name)
    except StandardError as error:
        raise Http404(error.message(language())) from None


def _active() -> dict[str, dict[str, FactorOverride]]:
    """Return the active verified values as table -> row -> value."""
    found: dict[str, dict[str, FactorOverride]] = {}
    for row in FactorOverride.objects.filter(withdrawn_at__isnull=True):
        found.setdefault(row.table, {})[row.row_id] = row
    return found


# The list of tables ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A table in the list of tables."""

    info: standards.TableInfo
    intact: bool
    documents: int
    overrides: int

    @property
    def to_verify(self) -> int:
        """Return the rows that carry the mark 待核实."""
        return self.info.single + self.info.recalled

    @property
    def title(self) -> str:
        """Return the title in the language of the page."""
        return self.info.title(language())

    @property
    def publisher(self) -> str:
        """Return who issued the documents."""
        return self.info.publisher_en if language() == "en" else self.info.publisher_zh

    @property
    def description(self) -> str:
        """Return what the table holds."""
        return self.info.description(language())


def _entry(info: standards.TableInfo, active: dict[str, dict[str, FactorOverride]]) -> Entry:
    own = len(active.get(info.name, {}))
    try:
        frame = tables.table(info.name).frame
    except StandardError:
        return Entry(info, intact=False, documents=0, overrides=own)
    return Entry(info, True, frame["document"].n_unique(), own)


INDEX_COLUMNS = (
    Column("name", gettext_lazy("Table"), value=lambda row: row.info.name),
    Column("title", gettext_lazy("Title")),
    Column("description", gettext_lazy("What it holds")),
    Column("publisher", gettext_lazy("Publisher")),
    Column("edition", gettext_lazy("Editions"), value=lambda row: row.info.edition),
    Column("rows", gettext_lazy("Rows"), value=lambda row: row.info.rows),
    Column("confirmed", CONFIDENCE["confirmed"], value=lambda row: row.info.confirmed),
    Column("single", CONFIDENCE["single"], value=lambda row: row.info.single),
    Column("recalled", CONFIDENCE["recalled"], value=lambda row: row.info.recalled),
    Column("overrides", gettext_lazy("Verified values")),
    Column("documents", gettext_lazy("Documents")),
    Column("intact", gettext_lazy("File unchanged")),
    Column("digest", "SHA-256", value=lambda row: row.info.digest),
    Column("compiled", gettext_lazy("Compiled"), value=lambda row: row.info.compiled),
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the tables with how far each can be trusted."""
    rights.require(request.user, READ)
    active = _active()
    entries = [_entry(info, active) for info in standards.tables()]
    words = request.GET.get("q", "").lower().split()
    shown = [
        one
        for one in entries
        if all(word in f"{one.info.name} {one.title} {one.description}".lower() for word in words)
    ]
    listing = RowListing(
        request,
        shown,
        name="standards",
        title=gettext_lazy("Standards tables"),
        columns=INDEX_COLUMNS,
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "library/tables.html",
        {
            "entries": shown,
            "count": len(entries),
            "rows": sum(one.info.rows for one in entries),
            "confirmed": sum(one.info.confirmed for one in entries),
            "to_verify": sum(one.to_verify for one in entries),
            "overrides": sum(one.overrides for one in entries),
            "changed": [one for one in entries if not one.intact],
            "compiled": max(one.info.compiled for one in entries),
        },
    )


# One table ---------------------------------------------------------------------------------------


#: A key of the table, as rows are looked up by; no word of any language.
_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*$")


@dataclass(frozen=True, slots=True)
class Head:
    """A column as the list heads it, with the meaning of its codes."""

    column: str
    label: str
    codes: Mapping[str, str]


def _heads(shown: tables.Table, columns: Iterable[str]) -> tuple[Head, ...]:
    lang = language()
    return tuple(
        Head(column, shown.heading(column, lang), shown.codes(column, lang)) for column in columns
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the list shows it."""

    data: dict[str, Any]
    columns: tuple[Head, ...]
    override: FactorOverride | None
    day: date

    @property
    def id(self) -> str:
        """Return the id of the row."""
        return str(self.data["@id"])

    @property
    def url(self) -> str:
        """Return the address of the row's page."""
        return links.row_url(self.data["ref"])

    @property
    def name(self) -> str:
        """Return the name in the language of the page."""
        in_english = language() == "en" and self.data["@name_en"]
        return str(in_english or self.data["@name_zh"])

    @property
    def cells(self) -> list[tuple[str, str, bool]]:
        """Return heading and cell of the columns shown, and whether the cell is a bare key."""
        found = []
        for head in self.columns:
            stored = self.data[head.column]
            shown = head.codes.get(stored, stored)
            found.append((head.label, shown, shown == stored and bool(_KEY.match(shown or ""))))
        return found

    @property
    def shipped(self) -> str:
        """Return the value as shipped."""
        return str(self.data["@value"])

    @property
    def value(self) -> str:
        """Return the value that holds."""
        return f"{self.override.value:g}" if self.override else self.shipped

    @property
    def unit(self) -> str:
        """Return the unit of the value, or the kind of text."""
        return str(self.data["@unit"])

    @property
    def confidence(self) -> str:
        """Return how far the value can be trusted."""
        return "override" if self.override else str(self.data["@confidence"])

    @property
    def force(self) -> str:
        """Return whether the row is in force today."""
        return in_force(self.data["@valid_from"], self.data["@valid_to"], self.day)

    @property
    def force_words(self) -> str:
        """Return :attr:`force` as words."""
        return str(FORCE[self.force])

    @property
    def force_kind(self) -> str:
        """Return the kind of pill of :attr:`force`."""
        return FORCE_KIND[self.force]

    @property
    def valid_from(self) -> str:
        """Return the first day in force, empty when open."""
        return str(self.data["@valid_from"])

    @property
    def region(self) -> str:
        """Return the region the row speaks of."""
        return str(self.data["@region"])

    @property
    def source(self) -> str:
        """Return number (or title) of the document, and the clause."""
        number = catalogue.short(self.data["document"], language())
        return f"{number} {self.data['clause_text']}".strip()


def _wanted(given: Mapping[str, str], shown: tables.Table, day: date) -> tables.Wanted:
    confidence, force = given.get("confidence", ""), given.get("force", "")
    return tables.Wanted(
        day=day,
        words=given.get("q", ""),
        values={column: given[column] for column in shown.filters if given.get(column)},
        confidence=confidence if confidence in CONFIDENCE else "",
        document=given.get("document", ""),
        force=force if force in FORCE else "",
        sort=given.get("sort", ""),
    )


def _explained(column: standards.ColumnInfo, lang: str) -> str:
    return column.en if lang == "en" else column.zh


def _selects(shown: tables.Table, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the filters of the key columns; many values make a text box."""
    lang = language()
    return [
        {
            "name": column,
            "label": shown.heading(column, lang),
            "title": _explained(shown.column(column), lang),
            "options": [
                (one, shown.codes(column, lang).get(one, one))
                for one in shown.options.get(column, ())
                if one
            ],
            "current": given.get(column, ""),
        }
        for column in shown.filters
    ]


def _export_columns(shown: tables.Table) -> tuple[Column, ...]:
    lang = language()

    def cell(column: str) -> Column:
        return Column(column, shown.heading(column, lang), value=lambda row: row.data[column])

    return (
        *(cell(column.name) for column in shown.info.columns),
        Column("held", gettext_lazy("Value that holds"), value=lambda row: row.value),
        Column("trust", gettext_lazy("Trust"), value=lambda row: CONFIDENCE.get(row.confidence)),
        Column(
            "own_basis",
            gettext_lazy("Basis of the verified value"),
            value=lambda row: row.override.basis if row.override else "",
        ),
    )


@require_safe
def table(request: HttpRequest, table: str) -> HttpResponse:
    """Show the rows of a table with filters on its key columns."""
    rights.require(request.user, READ)
    shown = _table(table)
    day = timezone.localdate()
    active = {
        row.row_id: row
        for row in FactorOverride.objects.filter(table=table, withdrawn_at__isnull=True)
    }
    wanted = _wanted(request.GET.dict(), shown, day)
    frame = tables.rows(shown, wanted, frozenset(active))
    heads = _heads(shown, tables.telling(shown, frame))
    listing = RowListing(
        request,
        FrameRows(frame, lambda data: Row(data, heads, active.get(data["@id"]), day)),
        name="standards-table",
        title=shown.info.title(language()),
        columns=_export_columns(shown),
        table=table,
    )
    if listing.wants_export:
        return listing.export()
    info = shown.info
    return render(
        request,
        "library/table.html",
        {
            "info": info,
            "title": info.title(language()),
            "entry": Entry(info, True, shown.frame["document"].n_unique(), len(active)),
            "listing": listing,
            "rows": list(listing.page),
            "heads": heads,
            "selects": _selects(shown, request.GET.dict()),
            "confidences": CONFIDENCE.items(),
            "forces": FORCE.items(),
            "sizes": [(str(size), _("%d rows") % size) for size in SIZES],
            "size": str(listing.size),
            "keep": [
                ("document", wanted.document),
                ("sort", wanted.sort),
                ("size", request.GET.get("size", "")),
            ],
            "document": wanted.document,
            "found": frame.height,
            "gaps": [gap.en if language() == "en" else gap.zh for gap in info.gaps],
            "checked": info.checked_en if language() == "en" else info.checked_zh,
            "licence": info.licence_en if language() == "en" else info.licence_zh,
        },
    )


# One row -----------------------------------------------------------------------------------------


def _fields(shown: tables.Table, data: dict[str, Any]) -> list[dict[str, str]]:
    """Return every cell of the row with heading and explanation; empty ones left out."""
    lang = language()
    return [
        {
            "name": column.name,
            "label": shown.heading(column.name, lang),
            "title": _explained(column, lang),
            "value": data[column.name],
            "words": shown.codes(column.name, lang).get(data[column.name], ""),
        }
        for column in shown.info.columns
        if data[column.name]
    ]


def _editions(shown: tables.Table, data: dict[str, Any], day: date) -> list[Row]:
    edition = tables.EDITION.get(shown.info.name)
    if edition is None:
        return []
    own = {
        row.row_id: row
        for row in FactorOverride.objects.filter(table=shown.info.name, withdrawn_at__isnull=True)
    }
    heads = _heads(shown, (edition,))
    return [
        Row(one, heads, own.get(one["@id"]), day)
        for one in tables.editions(shown, data).iter_rows(named=True)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, table: str, row: str) -> HttpResponse:
    """Show one row, and take the city's verified value for it."""
    rights.require(request.user, READ)
    shown = _table(table)
    data = tables.row(shown, row)
    if data is None:
        raise Http404(row)
    factor = standards.lookup(table, id=row, overrides=services.overrides())
    shipped = standards.lookup(table, id=row)
    may_set = rights.can(request.user, "add", FactorOverride) and shipped.value is not None
    form = OverrideForm(shipped) if may_set else None
    if request.method == "POST":
        rights.require(request.user, "add", FactorOverride)
        form = OverrideForm(shipped, request.POST)
        if form.is_valid() and _set(request, form):
            return redirect("standards-row", table, row)
    day = timezone.localdate()
    history = rights.visible(request.user, FactorOverride).filter(table=table, row_id=row)
    document = links.document_for(factor.document if not factor.override else shipped.document)
    return render(
        request,
        "library/row.html",
        {
            "info": shown.info,
            "row": Row(data, (), next((one for one in history if one.is_active), None), day),
            "factor": factor,
            "shipped": shipped,
            "note": shown.info.note(shipped.note, language()),
            "fields": _fields(shown, data),
            "evidence": [
                (one.code, one.en if language() == "en" else one.zh)
                for one in standards.evidence(shipped.evidence)
            ],
            "confidence": CONFIDENCE.get(factor.confidence, factor.confidence),
            "basis": row_basis(factor, str(document) if document else ""),
            "document": document,
            "document_state": document.state(day) if document else None,
            "document_gone": bool(document and document.state(day) in GONE),
            "editions": _editions(shown, data, day),
            "edition_label": shown.heading(tables.EDITION[table], language())
            if table in tables.EDITION
            else "",
            "uses": uses.of(request.user, shipped.ref),  # type: ignore[arg-type]
            "preview_url": uses.preview_url(request.user, shipped.ref),  # type: ignore[arg-type]
            "history": history.select_related("created_by", "withdrawn_by"),
            "may_withdraw": rights.can(request.user, "withdraw", FactorOverride),
            "form": form,
            "open_form": bool(form and form.is_bound),
            "table_title": shown.info.title(language()),
            "table_url": reverse("standards-table", args=(table,)),
        },
        status=422 if form is not None and form.is_bound else 200,
    )


def row_basis(factor: standards.Factor, known: str) -> str:
    """Return where the value that holds is written: document and clause."""
    if factor.override is not None:
        return factor.override.document
    return " ".join(part for part in (known or factor.document, factor.clause) if part)


def _set(request: HttpRequest, form: OverrideForm) -> bool:
    """Enter the value; what the service refuses stands on the form."""
    try:
        services.set_override(
            request.user,  # type: ignore[arg-type]
            form.entry(),
            accept_far=form.cleaned_data["accept_far"],
            request=request,
        )
    except DataError as error:
        form.add_error(None, [one.message(language()) for one in error.problems])
        return False
    messages.success(request, _("The verified value holds from now on; new runs use it."))
    return True
