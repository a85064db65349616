"""From what a factor says to the pages that explain it."""

from __future__ import annotations

from django.urls import reverse

from tanfeng.console.library import catalogue
from tanfeng.console.library.models import Document


def row_url(ref: str) -> str:
    """Return the address of a row from its reference ``table/id``."""
    table, _slash, row_id = ref.partition("/")
    return reverse("standards-row", args=(table, row_id))


def document_for(name: str) -> Document | None:
    """Return the document a factor names, None for one the library does not know."""
    key = catalogue.key_by_name().get(name)
    if key is None:
        return None
    return Document.objects.select_related("replaced_by").filter(key=key).first()
