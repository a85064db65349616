"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountingConfig(AppConfig):
    """Energy and output records, frozen runs, inventory and trace pages."""

    name = "tanfeng.console.accounting"
    label = "accounting"
    verbose_name = _("Accounting")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules, the pages, and what is said on the pages of the archive."""
        from tanfeng.console.accounting import (
            conversion,
            enterprise_figures,
            enterprise_panels,
            factor_impact,
            factor_uses,
            permissions,
        )
        from tanfeng.console.archive import panels
        from tanfeng.console.core import imports, navigation
        from tanfeng.console.library import uses

        permissions.register()
        imports.register(conversion.ConversionImporter())
        uses.add(factor_uses.of_published_run)
        uses.add(factor_uses.of_method_accounts)
        uses.preview_by(factor_impact.url_of)
        panels.keep_figures(enterprise_figures.PublishedFigures)
        for panel in enterprise_panels.PANELS:
            panels.add(panel)
        for page in (
            navigation.Page("work", 10, _("Overview"), "overview", "overview"),
            navigation.Page("accounts", 20, _("Energy and CO₂"), "inventory", "energy"),
            navigation.Page("accounts", 25, _("Sector methods"), "methods", "formula"),
            navigation.Page("accounts", 30, _("Trace"), "trace", "trace"),
            navigation.Page("run", 5, _("Runs"), "runs", "run"),
        ):
            navigation.add(page)
