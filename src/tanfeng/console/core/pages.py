"""The kernel's own entries of the side bar."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tanfeng.console.core import navigation, rights
from tanfeng.console.core.navigation import Page


def register() -> None:
    """Add the pages of the kernel."""
    navigation.add(Page("work", 20, _("Forms and import"), "uploads", "upload"))
    navigation.add(Page("run", 10, _("Jobs"), "jobs", "job"))
    navigation.add(
        Page(
            "run", 20, _("Audit log"), "audit", "audit", lambda user: rights.can(user, "audit.read")
        )
    )
    navigation.add(
        Page(
            "run",
            30,
            _("User accounts"),
            "accounts",
            "account",
            lambda user: rights.can(user, "accounts.manage"),
        )
    )
