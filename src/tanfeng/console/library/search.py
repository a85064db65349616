"""What the search box finds here: tables, rows of the standards, documents."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng import standards
from tanfeng.console.core import rights, search
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.core.search import Hit, Source
from tanfeng.console.library import catalogue, links, tables
from tanfeng.console.library.models import Document
from tanfeng.console.library.permissions import READ


def find_rows(user: User, text: str, limit: int) -> list[Hit]:
    """Return tables and rows whose text holds every word."""
    if not rights.can(user, READ):
        return []
    return [hit for hit, _n in zip(_rows(text), range(limit), strict=False)]


def _rows(text: str) -> Iterator[Hit]:
    lang = language()
    for info in standards.tables():
        if all(word.lower() in f"{info.name} {info.title(lang)}".lower() for word in text.split()):
            yield Hit(
                info.title(lang),
                info.description(lang),
                reverse("standards-table", args=(info.name,)),
            )
    wanted = tables.Wanted(day=timezone.localdate(), words=text)
    for info in standards.tables():
        for data in (
            tables.rows(tables.table(info.name), wanted, frozenset()).head(3).iter_rows(named=True)
        ):
            name = (lang == "en" and data["@name_en"]) or data["@name_zh"]
            value = data["@value"]
            if data["value_num"] is not None:
                value = f"{value} {data['@unit']}"
            source = catalogue.short(data["document"], lang) or info.title(lang)
            note = " · ".join(part for part in (value, source) if part)
            yield Hit(name, note, links.row_url(data["ref"]))


def find_documents(user: User, text: str, limit: int) -> list[Hit]:
    """Return documents by number or title."""
    rows = rights.visible(user, Document)
    for word in text.split():
        rows = rows.filter(
            Q(number__icontains=word) | Q(title_zh__icontains=word) | Q(title_en__icontains=word)
        )
    return [
        Hit(str(one), str(one.state().label), reverse("document", args=(one.pk,)))
        for one in rows[:limit]
    ]


search.register(Source(30, _("Standards"), find_rows))
search.register(Source(40, _("Documents"), find_documents))
