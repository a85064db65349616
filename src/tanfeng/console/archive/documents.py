"""The file of an enterprise (一企一档) as Word and PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng.console.archive import contacts, panels
from tanfeng.console.archive.models import Membership, Organisation, Site
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.reports import EnterpriseFile, enterprise_file, to_pdf, to_word

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def hand_out(
    request: HttpRequest,
    user: User,
    organisation: Organisation,
    kind: str,
    facts: Sequence[tuple[str, str]],
    versions: Sequence[Mapping[str, Any]],
) -> HttpResponse:
    """Return the file of an enterprise the caller has found visible; the export is an event.

    Parameters
    ----------
    request, user : HttpRequest, User
        Who asks.
    organisation : Organisation
        The enterprise.
    kind : {"pdf", "docx"}
        Which file.
    facts : sequence of (str, str)
        Labels and values of the page.
    versions : sequence of mapping
        History as the page shows it.
    """
    file = file_of(user, organisation, facts, versions)
    event = audit.record("export.organisation", request=request, thing=organisation, kind=kind)
    document = replace(enterprise_file(file), stamp=lists.stamp(event))
    content = to_pdf(document) if kind == "pdf" else to_word(document)
    name = _("File of %s") % organisation.name
    return lists.attachment(content, f"{name}.{kind}", MEDIA_TYPES[kind])


def file_of(
    user: User,
    organisation: Organisation,
    facts: Sequence[tuple[str, str]],
    versions: Sequence[Mapping[str, Any]],
) -> EnterpriseFile:
    """Return what the file states: of the archive itself, and what every other room tells."""
    lang = language()
    told: dict[str, Any] = {}
    for panel in panels.panels():
        if panel.tells is not None:
            told |= panel.tells(user, organisation)
    return EnterpriseFile(
        language=lang,
        name=organisation.name,
        credit_code=organisation.credit_code,
        issuer=user.department or str(user),
        issued_on=issue_day(lang),
        demo=organisation.is_demo,
        facts=facts,
        contacts=[(one.role, one.name, one.phone) for one in contacts.of(user, organisation)],
        sites=_sites(user, organisation),
        lists=_lists(user, organisation),
        history=[_history(version) for version in versions],
        **told,
    )


def issue_day(language: str) -> str:
    """Return today as the language prints it on a document."""
    today = timezone.localdate()
    return today.isoformat() if language == "en" else f"{today:%Y}年{today.month}月{today.day}日"


def _sites(user: User, organisation: Organisation) -> list[tuple[str, str, str, str]]:
    rows = rights.visible(user, Site).filter(organisation=organisation)
    return [
        (
            one.name,
            " · ".join(map(str, filter(None, (one.place, one.park)))),
            one.address,
            _span(one.valid_from, one.valid_to),
        )
        for one in rows.select_related("place", "park")
    ]


def _lists(user: User, organisation: Organisation) -> list[tuple[str, str, str, str]]:
    rows = rights.visible(user, Membership).filter(organisation=organisation)
    return [
        (
            str(one.official_list),
            " ".join(filter(None, (one.notice or one.official_list.notice, one.issue))),
            one.valid_from.isoformat(),
            one.valid_to.isoformat() if one.valid_to else "",
        )
        for one in rows.select_related("official_list")
    ]


def _history(version: Mapping[str, Any]) -> tuple[str, str, str]:
    row = version["row"]
    changes = "; ".join(
        f"{label}: {before} → {after or '—'}" if before else f"{label}: {after}"
        for label, before, after in version["changes"]
    )
    day = timezone.localtime(row.changed_at).strftime("%Y-%m-%d")
    return day, str(row.changed_by), changes


def _span(first: Any, last: Any) -> str:
    return f"{first or ''}–{last or ''}" if first or last else ""
