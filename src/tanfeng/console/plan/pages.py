"""Entries of the side bar."""

from django.utils.translation import gettext_lazy as _

from tanfeng.console.core import navigation
from tanfeng.console.core.navigation import Page


def register() -> None:
    """Add the pages of this app."""
    navigation.add(Page("steer", 10, _("Targets"), "targets", "target"))
    navigation.add(Page("steer", 20, _("Tasks"), "tasks", "task"))
