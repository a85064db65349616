"""Django application of this room."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """The kernel of the console: users, rights, audit, jobs and imports."""

    name = "tanfeng.console.core"
    label = "core"
    verbose_name = _("Core")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules and pages of the kernel and take in what other apps declare."""
        from tanfeng.console.core import background, pages, permissions, signals  # noqa: F401

        permissions.register()
        pages.register()
        # Apps add their background work, importers and search sources just by having the module.
        autodiscover_modules("jobs", "scopes", "importers", "search")
