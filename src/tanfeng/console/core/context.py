"""What every page's frame needs: who is signed in, what to show in the side bar, the demo mark."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tanfeng import __version__
from tanfeng.console.core.asked import language
from tanfeng.console.core.navigation import Entry, groups_for, home_of


@lru_cache(maxsize=256)
def _side_bar(groups: tuple[tuple[str, tuple[Entry, ...]], ...]) -> SafeString:
    """Return the side bar, written once for all who see the same pages from the same one."""
    return render_to_string("ui/_nav.html", {"navigation": groups})


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the frame around every page."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": (), "is_demo": False}
    from tanfeng.console.core.models import Batch

    groups = groups_for(request)

    return {
        "navigation": groups,
        "home_url": home_of(user),
        # The frame shows it beside the page and in the menu of a phone, and writes it once.
        "side_bar": _side_bar(tuple((group, tuple(entries)) for group, entries in groups)),
        "is_demo": Batch.objects.filter(is_demo=True).exists(),
        "city_name": settings.CITY_NAMES[language()],
        "version": __version__,
    }
