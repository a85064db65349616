"""Django application of this register."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MrvConfig(AppConfig):
    """Measurement, reporting and verification of enterprises' carbon data (C09)."""

    name = "tanfeng.console.registers.mrv"
    label = "mrv"
    verbose_name = _("Enterprise carbon data (MRV)")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules and the pages."""
        from tanfeng.console.accounting import after
        from tanfeng.console.core import audit_words, navigation
        from tanfeng.console.registers.mrv import machines, of_account, permissions

        permissions.register()
        after.PROVED.append(of_account.evidence)
        audit_words.ACTIONS.update(machines.words())
        navigation.add(navigation.Page("accounts", 50, _("Carbon data (MRV)"), "mrv", "verified"))
