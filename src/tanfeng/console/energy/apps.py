"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnergyConfig(AppConfig):
    """Metered energy: of a scope, balanced, by tariff period, compared (C29, C32). No records."""

    name = "tanfeng.console.energy"
    label = "energy"
    verbose_name = _("Metered energy")

    def ready(self) -> None:
        """Declare the page and the words of the log."""
        from tanfeng.console.core import audit_words, navigation

        audit_words.ACTIONS["energy.read"] = _("Metered energy opened")
        navigation.add(navigation.Page("metering", 20, _("Metered energy"), "energy", "energy"))
