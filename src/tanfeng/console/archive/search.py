"""Enterprises in the search of the console."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights, search
from tanfeng.console.core.models import User


def find(user: User, text: str, limit: int) -> list[search.Hit]:
    """Find enterprises by name, former name or the beginning of the credit code."""
    rows = (
        rights.visible(user, Organisation)
        .filter(
            Q(name__icontains=text)
            | Q(former_names__icontains=text)
            | Q(credit_code__istartswith=text)
        )
        .select_related("place")
    )
    return [
        search.Hit(
            one.name,
            f"{one.credit_code} · {one.place} · {one.get_sector_display()}",
            reverse("enterprise", args=(one.credit_code,)),
        )
        for one in rows[:limit]
    ]


search.register(search.Source(10, _("Enterprises"), find))
