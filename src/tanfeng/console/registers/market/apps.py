"""Django application of this register."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketConfig(AppConfig):
    """Compliance accounts, certificates and claims of the carbon market (C11)."""

    name = "tanfeng.console.registers.market"
    label = "market"
    verbose_name = _("Carbon market")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules, the pages, the form and what follows a frozen account."""
        from tanfeng.console.accounting import after, todo
        from tanfeng.console.core import audit_words, navigation
        from tanfeng.console.registers.market import (
            figures,
            importers,
            machines,
            permissions,
            reminders,
        )

        permissions.register()
        importers.register()
        audit_words.ACTIONS.update(machines.words())
        navigation.add(navigation.Page("accounts", 52, _("Carbon market"), "market", "market"))
        todo.REMINDERS.append(reminders.remind)
        after.ACCOUNTED.append(figures.after_method)
        after.PUBLISHED.append(figures.after_run)
