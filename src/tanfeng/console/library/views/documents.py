"""The documents: where each stands today, what replaced what, and which tables rest on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng import standards
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.lists import Column
from tanfeng.console.library import tables
from tanfeng.console.library.listing import RowListing
from tanfeng.console.library.models import GONE, Document, State

STATE_KIND = {
    State.IN_FORCE: "good",
    State.COMING: "note",
    State.REPLACED: "late",
    State.REPEALED: "late",
    State.SUSPENDED: "bad",
    State.UNKNOWN: "muted",
}


@dataclass(frozen=True, slots=True)
class Resting:
    """Rows of one table that rest on a document, under one of its names."""

    table: str
    title: str
    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the list shows it."""

    document: Document
    state: State
    resting: list[Resting] = field(default_factory=list)

    @property
    def state_kind(self) -> str:
        """Return the kind of pill of the state."""
        return STATE_KIND[self.state]

    @property
    def state_words(self) -> str:
        """Return the state in the language of the page."""
        return str(self.state.label)

    @property
    def rows(self) -> int:
        """Return how many rows of the tables rest on it."""
        return sum(one.rows for one in self.resting)

    @property
    def is_gone(self) -> bool:
        """Tell whether a rule resting on it must be looked at."""
        return self.state in GONE


def entries(found: Iterable[Document], day: date) -> list[Entry]:
    """Return documents with their state and the rows resting on them."""
    counts = tables.resting()
    titles = {info.name: info.title(language()) for info in standards.tables()}
    return [
        Entry(
            document,
            document.state(day),
            [
                Resting(table, titles[table], name, number)
                for name in document.names
                for table, number in counts.get(name, {}).items()
            ],
        )
        for document in found
    ]


COLUMNS = (
    Column("number", gettext_lazy("Number"), value=lambda row: row.document.number),
    Column("title", gettext_lazy("Title"), value=lambda row: row.document.title),
    Column("issuer", gettext_lazy("Issuer"), value=lambda row: row.document.issuer),
    Column("kind", gettext_lazy("Kind"), value=lambda row: row.document.get_kind_display()),
    Column("state", gettext_lazy("State"), value=lambda row: row.state_words),
    Column("valid_from", gettext_lazy("In force from"), value=lambda row: row.document.valid_from),
    Column("valid_to", gettext_lazy("In force until"), value=lambda row: row.document.valid_to),
    Column(
        "replaced_by",
        gettext_lazy("Replaced by"),
        value=lambda row: row.document.replaced_by and str(row.document.replaced_by),
    ),
    Column("basis", gettext_lazy("Basis"), value=lambda row: row.document.get_basis_display()),
    Column(
        "tables",
        gettext_lazy("Tables resting on it"),
        value=lambda row: "; ".join(f"{one.title} ({one.rows})" for one in row.resting),
    ),
    Column("rows", gettext_lazy("Rows resting on it")),
    Column("note", gettext_lazy("Note"), value=lambda row: row.document.note),
)


def _fits(one: Entry, words: list[str]) -> bool:
    document = one.document
    if not words:
        return True
    text = " ".join(
        (document.number, document.title_zh, document.title_en, document.issuer, *document.names)
    ).lower()
    return all(word in text for word in words)


@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """List the documents, or only those gone that rows still rest on."""
    rights.require(request.user, "view", Document)
    day = timezone.localdate()
    found = rights.visible(request.user, Document).select_related("replaced_by")
    every = entries(found, day)
    warned = [one for one in every if one.is_gone and one.resting]
    view = "warned" if request.GET.get("view") == "warned" else ""
    state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
    shown = [
        one
        for one in (warned if view else every)
        if (not state or one.state == state)
        and (not kind or one.document.kind == kind)
        and _fits(one, request.GET.get("q", "").lower().split())
    ]
    listing = RowListing(
        request,
        shown,
        name="documents",
        title=_("Rules resting on a replaced document") if view else _("Documents"),
        columns=COLUMNS,
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "library/documents.html",
        {
            "listing": listing,
            "rows": list(listing.page),
            "view": view,
            "views": [
                ("", _("All %d") % len(every)),
                ("warned", _("Rules resting on a replaced document %d") % len(warned)),
            ],
            "states": State.choices,
            "state": state,
            "kinds": Document.Kind.choices,
            "kind": kind,
            "total": len(every),
            "gone": sum(one.is_gone for one in every),
            "warned": len(warned),
            "warned_rows": sum(one.rows for one in warned),
            "day": day,
        },
    )


@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one document: dates, what it replaced, what rests on it."""
    found = rights.get_visible(request.user, Document, pk=pk)
    day = timezone.localdate()
    successor = [found.replaced_by] if found.replaced_by else []
    return render(
        request,
        "library/document.html",
        {
            "document": found,
            "entry": entries([found], day)[0],
            "replaces": entries(found.replaces.all(), day),
            "replaced_by": next(iter(entries(successor, day)), None),
            "day": day,
        },
    )
