"""The search page."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tanfeng.console.core import search as search_engine
from tanfeng.console.core.models import User


def search(request: HttpRequest) -> HttpResponse:
    """Show the first hits of every register, by the rights of the person."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    groups = search_engine.search(cast("User", request.user), text)
    context = {
        "text": text.strip(),
        "groups": groups,
        "count": sum(len(hits) for _label, hits in groups),
        "shortest": search_engine.SHORTEST,
        "limit": search_engine.LIMIT,
    }
    return render(request, "core/search.html", context)
