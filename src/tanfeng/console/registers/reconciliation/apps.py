"""Django application of this register."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReconciliationConfig(AppConfig):
    """The same enterprise and year by guideline, statistics and filings (issue 3, point 6)."""

    name = "tanfeng.console.registers.reconciliation"
    label = "reconciliation"
    verbose_name = _("Reconciliation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules and the page, and ask to be told of new accounts."""
        from tanfeng.console.accounting import after
        from tanfeng.console.core import audit_words, navigation, rights
        from tanfeng.console.registers.reconciliation import jobs, models, permissions, services

        permissions.register()
        audit_words.ACTIONS["reconciliation.compute"] = _("Reconciliations computed")
        after.ACCOUNTED.append(services.keep)
        after.PUBLISHED.append(jobs.queue)
        navigation.add(
            navigation.Page(
                "accounts",
                28,
                _("Reconciliation"),
                "reconciliations",
                "compare",
                lambda user: rights.can(user, "view", models.Reconciliation),
            )
        )
