"""Enterprises in the search of the console."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tanfeng.console.archive.listing import matching
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights, search
from tanfeng.console.core.models import User


def find(user: User, text: str, limit: int) -> list[search.Hit]:
    """Find enterprises by a part of a name they have or had, or by how the code begins."""
    visible = rights.visible(user, Organisation)
    found = visible.filter(matching(text)).order_by("name").values_list("pk", flat=True)
    rows = visible.filter(pk__in=list(found[:limit])).order_by("name").select_related("place")
    return [
        search.Hit(
            one.name,
            f"{one.credit_code} · {one.place} · {one.get_sector_display()}",
            reverse("enterprise", args=(one.credit_code,)),
        )
        for one in rows
    ]


search.register(search.Source(10, _("Enterprises"), find))
