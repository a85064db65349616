"""Django application of this room."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PlanConfig(AppConfig):
    """Targets and tasks of the city plan."""

    name = "tanfeng.console.plan"
    label = "plan"
    verbose_name = _("Plan")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare rules and pages, and load the plan after every ``migrate``."""
        from tanfeng.console.plan import pages, permissions

        permissions.register()
        pages.register()
        post_migrate.connect(_load, sender=self, dispatch_uid="plan-load")


def _load(using: str, **_kwargs: Any) -> None:
    """Bring the shipped plan into a database that has this app's tables."""
    from tanfeng.console.plan import services
    from tanfeng.console.plan.models import Target

    if (
        using == "default"
        and Target._meta.db_table in connections[using].introspection.table_names()
    ):
        services.load_plan()
