"""Entries of the side bar."""

from django.utils.translation import gettext_lazy as _

from tanfeng.console.core import navigation
from tanfeng.console.core.navigation import Page


def register() -> None:
    """Add the pages of this app."""
    navigation.add(Page("basis", 10, _("Standards tables"), "standards", "standards"))
    navigation.add(Page("basis", 20, _("Verified values"), "overrides", "verified"))
    navigation.add(Page("basis", 30, _("Documents"), "documents", "document"))
