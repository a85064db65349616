"""Pages of the archive: enterprises, the one-page file, known plants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from tanfeng import standards
from tanfeng.console.archive import contacts, documents, panels, words
from tanfeng.console.archive.listing import EnterpriseListing
from tanfeng.console.archive.models import (
    Membership,
    OfficialList,
    Organisation,
    OrganisationVersion,
    Park,
    Place,
    Plant,
    Site,
)
from tanfeng.console.core import audit, figures, lists, masking, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.core.templatetags import ui

#: Fields of the file in the order the page shows them.
FACTS = (
    "former_names",
    "legal_person",
    "industry_code",
    "sector",
    "place",
    "park",
    "address",
    "size_class",
    "above_scale",
    "state_owned",
    "key_user_level",
    "ets_status",
    "permit_no",
    "energy_body",
    "energy_leader",
    "energy_manager",
    "energy_manager_certificate",
    "energy_system_certificate",
    "energy_system_body",
    "energy_system_date",
    "energy_centre",
    "central_enterprise",
    "group_name",
)
_FILE_COLUMNS = (
    lists.Column("section", gettext_lazy("Section"), value=lambda row: row.section),
    lists.Column("name", gettext_lazy("Item"), value=lambda row: row.name),
    lists.Column("period", gettext_lazy("Period"), value=lambda row: row.period),
    lists.Column("value", gettext_lazy("Value"), value=lambda row: row.value),
    lists.Column("unit", gettext_lazy("Unit"), value=lambda row: figures.unit(row.unit)),
)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the sign-in fence let no other through
    return request.user


@require_safe
def enterprises(request: HttpRequest) -> HttpResponse:
    """List the enterprises in the person's scope."""
    user = _user(request)
    listing = EnterpriseListing(request, user)
    if listing.wants_export:
        return listing.export()
    kept, year = listing.kept, listing.filters.year
    return render(
        request,
        "archive/enterprises.html",
        {
            "listing": listing,
            "page": listing.page,
            "rows": list(_rows(listing)),
            "sort": listing.sort,
            "filters": listing.filters,
            "year_options": [(one, one) for one in kept.years] if kept else [],
            "columns": kept.columns if kept else (),
            "note": kept.note(year) if kept and year else "",
            "places": listing.places.items(),
            "parks": _choices_of(rights.visible(user, Park)),
            "official_lists": [(row.key, str(row)) for row in rights.visible(user, OfficialList)],
            "sectors": listing.sectors.items(),
        },
    )


def _rows(listing: EnterpriseListing) -> Iterator[dict[str, Any]]:
    """Yield the rows of the page; names are looked up once, not once per row."""
    year = listing.filters.year or 0
    columns = [(c, c.heading) for c in (listing.kept.columns if listing.kept else ())]
    page = reverse("enterprises")
    sectors = {
        key: format_html("{}{}", ui.sector_dot(key), name) for key, name in listing.sectors.items()
    }
    for row in listing.page.object_list:
        yield {
            "row": row,
            "url": f"{page}{row.credit_code}/",
            "key_user": words.said(row.key_user_level),
            "place": listing.places.get(row.place_id, ""),
            "sector": sectors.get(row.sector, row.sector),
            "cells": format_html_join("", "{}", ((_cell(row, c, h, year),) for c, h in columns)),
        }


def _cell(row: Any, column: panels.FigureColumn, heading: str, year: int) -> SafeString:
    value = row.figures.get(column.key)
    shown: str
    if column.kind == "change":
        shown = ui.change(value)
    elif column.kind == "text":
        shown = value or "—"
    else:
        shown = ui.num(value, column.places)
    if column.url is None or value is None:
        return format_html('<td class="n" data-label="{}">{}</td>', heading, shown)
    return format_html(
        '<td class="n" data-label="{}"><a href="{}">{}</a></td>',
        heading,
        column.url(row.credit_code, year),
        shown,
    )


def _choices_of(rows: Any) -> list[tuple[str, str]]:
    return [(row.code, str(row)) for row in rows]


@require_safe
def enterprise(request: HttpRequest, credit_code: str) -> HttpResponse:
    """Show the one-page file of an enterprise, or hand it out as a workbook."""
    user = _user(request)
    organisation = rights.get_visible(user, Organisation, credit_code=credit_code)
    audit.read_of(request, organisation)
    if request.GET.get("export") == "xlsx":
        return _one_page_file(request, user, organisation)
    if (kind := request.GET.get("format", "")) in documents.MEDIA_TYPES:
        return documents.hand_out(
            request,
            user,
            organisation,
            kind,
            _facts(user, organisation),
            _versions(user, organisation),
        )
    today = timezone.localdate()
    memberships = (
        rights.visible(user, Membership)
        .filter(organisation=organisation)
        .select_related("official_list")
    )
    facts = _facts(user, organisation)
    kept = panels.figures_for(user)
    years = sorted(kept.years) if kept else []
    year = _year(request, years, kept.default_year if kept else None)
    kept_figures = kept.values([organisation.pk], year) if kept and year else {}
    return render(
        request,
        "archive/enterprise.html",
        {
            "organisation": organisation,
            "contacts": contacts.of(user, organisation, to_call=True),
            "facts": [(label, value) for label, value in facts if value],
            "empty_facts": [label for label, value in facts if not value],
            "memberships": memberships,
            "sites": rights.visible(user, Site)
            .filter(organisation=organisation)
            .select_related("place", "park"),
            "current": memberships.filter(
                Q(valid_to__isnull=True) | Q(valid_to__gte=today), valid_from__lte=today
            ),
            "versions": _versions(user, organisation),
            "years": years,
            "year_options": [(one, one) for one in years],
            "year": year,
            "figures": kept_figures.get(organisation.pk, {}),
            "note": kept.note(year) if kept and year else "",
            "panels": [
                {"template": panel.template, "panel": panel.context(request, organisation)}
                for panel in panels.panels()
            ],
        },
    )


def _year(request: HttpRequest, years: list[int], default: int | None) -> int | None:
    asked = request.GET.get("year", "")
    if asked.isdecimal() and int(asked) in years:
        return int(asked)
    return default


def _facts(user: User, organisation: Organisation) -> list[tuple[str, str]]:
    return [(_label(name), _shown(organisation, name)) for name in FACTS]


def _masked(user: User, organisation: Organisation, name: str, value: Any) -> Any:
    """Hide the middle of a telephone number of the history from all but the enterprise itself."""
    if name.startswith("contact:") and isinstance(value, dict):
        phone = masking.telephone_for(user, organisation.credit_code, value.get("phone") or "")
        return {**value, "phone": phone}
    if name != "contact_phone" or not isinstance(value, str):
        return value
    return masking.telephone_for(user, organisation.credit_code, value)


#: Fields whose name in the model is not what a person calls them.
_LABELS = {
    "place": gettext_lazy("County"),
    "park": gettext_lazy("Park"),
    "group_name": gettext_lazy("Company group"),
}


#: What a version calls an entry that hangs on the enterprise.
_ENTRIES = {
    "membership": gettext_lazy("List entry"),
    "site": gettext_lazy("Site"),
    "contact": gettext_lazy("Contact"),
}


def _label(name: str) -> str:
    if name in _LABELS:
        return str(_LABELS[name])
    return capfirst(str(Organisation._meta.get_field(name).verbose_name))  # type: ignore[union-attr]


def _shown(organisation: Organisation, name: str) -> str:
    if name == "sector":
        return str(organisation.get_sector_display())
    if name == "industry_code":
        return f"{organisation.industry_code} {industry_name(organisation.industry_code)}".strip()
    value = getattr(organisation, name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else words.said(str(value))


def industry_name(code: str) -> str:
    """Return the name of an industry of GB/T 4754-2017 in the language used, empty when unknown."""
    return _industries(language()).get(code, "")


@lru_cache(maxsize=2)
def _industries(lang: str) -> Mapping[str, str]:
    table = standards.load("industries")
    classes = table.filter(table["level"] == "class")
    return dict(classes.select("value", f"name_{lang}").iter_rows())


def _versions(user: User, organisation: Organisation) -> list[dict[str, Any]]:
    rows = (
        rights.visible(user, OrganisationVersion)
        .filter(organisation=organisation)
        .select_related("changed_by")[:20]
    )
    return [
        {
            "row": row,
            "changes": [
                (
                    _label_or_key(field),
                    *(_told(_masked(user, organisation, field, one)) for one in (before, after)),
                )
                for field, (before, after) in row.changes.items()
            ],
        }
        for row in rows
    ]


def _told(value: Any) -> Any:
    """Return what a version kept as one text; an entry of a list is kept as several."""
    return " · ".join(filter(None, value.values())) if isinstance(value, dict) else value


def _label_or_key(name: str) -> str:
    if name == "credit_code":
        return pgettext(
            "history of an enterprise", "Entered"
        )  # the first version: the code came to be known
    if name.partition(":")[0] in _ENTRIES:
        return str(_ENTRIES[name.partition(":")[0]])
    known = {field.name for field in Organisation._meta.get_fields()}
    return _label(name) if name in known else name


def _one_page_file(request: HttpRequest, user: User, organisation: Organisation) -> HttpResponse:
    title = _("File of %s") % organisation.name
    rows = list(_file_lines(user, organisation))
    event = audit.record("export.organisation", request=request, thing=organisation, rows=len(rows))
    content = lists.workbook(title, _FILE_COLUMNS, rows, event=event)
    return lists.attachment(content, f"{title}.xlsx")


def _file_lines(user: User, organisation: Organisation) -> Iterator[panels.FileLine]:
    facts = _("Facts")
    yield panels.FileLine(facts, _label("name"), organisation.name)
    yield panels.FileLine(facts, _label("credit_code"), organisation.credit_code)
    for label, value in _facts(user, organisation):
        yield panels.FileLine(facts, label, value)
    for one in contacts.of(user, organisation):
        told = " ".join(filter(None, (one.name, one.phone)))
        yield panels.FileLine(_("Contacts"), one.role, told)
    rows = rights.visible(user, Membership).filter(organisation=organisation)
    for row in rows.select_related("official_list"):
        period = f"{row.valid_from}–{row.valid_to or ''}"
        yield panels.FileLine(
            _("Official lists"), str(row.official_list), _("listed"), period=period
        )
    for panel in panels.panels():
        if panel.lines is not None:
            yield from panel.lines(user, organisation)


#: Words of the trackers as this house says them; a word that is not here is shown as it is.
TRACKER_WORDS: Mapping[str, Any] = {
    "coal": gettext_lazy("coal power"),
    "steel": gettext_lazy("steel works"),
    "onshore wind": gettext_lazy("onshore wind"),
    "offshore wind": gettext_lazy("offshore wind"),
    "operating": gettext_lazy("operating"),
    "operating pre-retirement": gettext_lazy("operating, to be retired"),
    "construction": gettext_lazy("under construction"),
    "permitted": gettext_lazy("permitted"),
    "pre-permit": gettext_lazy("before permit"),
    "pre-construction": gettext_lazy("before construction"),
    "announced": gettext_lazy("announced"),
    "shelved": gettext_lazy("shelved"),
    "cancelled": gettext_lazy("cancelled"),
    "mothballed": gettext_lazy("mothballed"),
    "retired": gettext_lazy("retired"),
}


def tracker_word(word: str) -> str:
    """Return a tracker's word in the language used."""
    return str(TRACKER_WORDS.get(word.lower(), word))


_PLANT_COLUMNS = (
    lists.Column("name", gettext_lazy("Plant"), value=str, sort="name"),
    lists.Column("kind", gettext_lazy("Kind"), lambda row: tracker_word(row.kind), sort="kind"),
    lists.Column("capacity", gettext_lazy("Capacity"), sort="capacity"),
    lists.Column("capacity_unit", gettext_lazy("Unit")),
    lists.Column(
        "status", gettext_lazy("Status"), lambda row: tracker_word(row.status), sort="status"
    ),
    lists.Column("start_year", gettext_lazy("Start"), sort="start_year"),
    lists.Column(
        "place",
        gettext_lazy("County"),
        value=lambda row: str(row.place) if row.place else "",
        sort="place__order",
    ),
    lists.Column("source", gettext_lazy("Source")),
)


@require_safe
def plants(request: HttpRequest) -> HttpResponse:
    """List real plants of the city as public trackers state them."""
    user = _user(request)
    found = rights.visible(user, Plant).select_related("place")
    kind, place, text = (request.GET.get(name, "") for name in ("kind", "place", "q"))
    rows = found
    if kind:
        rows = rows.filter(kind=kind)
    if place:
        rows = rows.filter(place_id=place)
    if text.strip():
        rows = rows.filter(Q(name__icontains=text.strip()) | Q(name_zh__icontains=text.strip()))
    listing = lists.Listing(
        request,
        rows,
        name="plants",
        title=_("Known plants"),
        columns=_PLANT_COLUMNS,
        default_sort="kind",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "archive/plants.html",
        {
            "listing": listing,
            "page": listing.page,
            "sort": listing.sort,
            "kind": kind,
            "place": place,
            "text": text,
            "kinds": [
                (one, tracker_word(one))
                for one in sorted(set(found.order_by().values_list("kind", flat=True)))
            ],
            "rows": [
                {"row": row, "kind": tracker_word(row.kind), "status": tracker_word(row.status)}
                for row in listing.page.object_list
            ],
            "places": _choices_of(rights.visible(user, Place).only("code", "name_zh", "name_en")),
        },
    )
