"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ArchiveConfig(AppConfig):
    """Who is meant: places, parks, organisations, official lists and known plants."""

    name = "tanfeng.console.archive"
    label = "archive"
    verbose_name = _("Archive")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules and the pages."""
        from tanfeng.console.archive import permissions
        from tanfeng.console.core import navigation

        permissions.register()
        navigation.add(
            navigation.Page("accounts", 10, _("Enterprises"), "enterprises", "enterprise")
        )
        navigation.add(
            navigation.Page("accounts", 35, _("Official lists"), "official-lists", "list")
        )
        navigation.add(navigation.Page("accounts", 40, _("Known plants"), "plants", "plant"))
