"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QualityConfig(AppConfig):
    """Data quality of meters, outages and filings, alerts and work orders (C30, C62)."""

    name = "tanfeng.console.quality"
    label = "quality"
    verbose_name = _("Data quality")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules, the pages, the work and the words of the log."""
        from tanfeng.console.accounting import todo
        from tanfeng.console.core import append_only, audit_words, navigation
        from tanfeng.console.metering import zoom
        from tanfeng.console.quality import jobs, machines, permissions, point_marks, reminders

        permissions.register()
        told = "an issued bulletin does not change"
        append_only.TABLES += [
            append_only.Guarded("quality_bulletin", told, ("id", "number")),
            append_only.Guarded("quality_bulletinline", told),
        ]
        zoom.MARKS.append(point_marks.marks)
        audit_words.ACTIONS.update(machines.words())
        todo.REMINDERS.append(reminders.remind)
        navigation.add(navigation.Page("metering", 40, _("Data quality"), "quality", "check"))
        navigation.add(
            navigation.Page(
                "metering", 45, _("Alerts"), "alerts", "warning", count=reminders.waiting
            )
        )
        assert jobs.KIND  # noqa: S101  # imported for what it registers
