"""What every page's frame needs: who is signed in, what to show in the side bar, the demo mark."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tanfeng.console.core.navigation import groups_for


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the frame around every page."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": (), "is_demo": False}
    from tanfeng.console.core.models import Batch

    is_demo = Batch.objects.filter(is_demo=True).only("pk").exists()
    return {"navigation": groups_for(request), "is_demo": is_demo}
