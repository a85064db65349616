"""Django application of this register."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BudgetConfig(AppConfig):
    """Quotas and budgets of energy and CO2 against what was used (C12)."""

    name = "tanfeng.console.registers.budget"
    label = "budget"
    verbose_name = _("Energy and carbon budgets")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules the page and the panel, and ask to be told of published runs."""
        from tanfeng.console.accounting import after
        from tanfeng.console.archive import panels
        from tanfeng.console.core import audit_words, navigation, rights
        from tanfeng.console.registers.budget import jobs, models, panel, permissions

        permissions.register()
        panels.add(panel.PANEL)
        after.PUBLISHED.append(jobs.queue)
        audit_words.ACTIONS.update(
            {
                "budget.set": _("Quota set"),
                "budget.withdraw": _("Quota withdrawn"),
                "budget.compute": _("Budgets computed"),
            }
        )
        navigation.add(
            navigation.Page(
                "accounts",
                60,
                _("Budgets"),
                "budgets",
                "chart",
                lambda user: rights.can(user, "view", models.Quota),
            )
        )
