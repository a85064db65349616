"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ForecastConfig(AppConfig):
    """Month-end and day-ahead forecasts of enterprises, and odd hours (issue 4, point 8)."""

    name = "tanfeng.console.forecast"
    label = "forecast"
    verbose_name = _("Forecast")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules, the page, the work and the words of the log."""
        from tanfeng.console.core import audit_words, navigation
        from tanfeng.console.forecast import jobs, permissions

        permissions.register()
        audit_words.ACTIONS["forecast.compute"] = _("Forecasts computed")
        audit_words.ACTIONS[jobs.KIND] = _("Forecasts computed")
        navigation.add(
            navigation.Page(
                "metering", 40, pgettext_lazy("navigation", "Forecast"), "forecasts", "history"
            )
        )
