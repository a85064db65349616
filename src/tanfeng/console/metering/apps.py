"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MeteringConfig(AppConfig):
    """Meters, process units, gateways and readings (C26, C29)."""

    name = "tanfeng.console.metering"
    label = "metering"
    verbose_name = _("Metering")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules, the pages, the form and the words of the log."""
        from tanfeng.console.archive.services import organisations_moved
        from tanfeng.console.core import audit_words, navigation
        from tanfeng.console.metering import importers, permissions, publishing, words

        permissions.register()
        importers.register()
        organisations_moved.connect(publishing.on_moved, dispatch_uid="metering.tree")
        audit_words.ACTIONS.update(words.EVENTS)
        navigation.add(navigation.Page("metering", 10, _("Online monitoring"), "metering", "chart"))
        navigation.add(navigation.Page("metering", 60, _("Meters"), "meters", "table"))
        navigation.add(navigation.Page("metering", 65, _("Gateways"), "gateways", "database"))
