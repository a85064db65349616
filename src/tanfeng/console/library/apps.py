"""Django application of this room."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LibraryConfig(AppConfig):
    """Documents and standards tables, and the city's own verified values."""

    name = "tanfeng.console.library"
    label = "library"
    verbose_name = _("Library")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare rules and pages, and load the documents after every ``migrate``."""
        from tanfeng.console.library import pages, permissions

        permissions.register()
        pages.register()
        post_migrate.connect(_load, sender=self, dispatch_uid="library-load")


def _load(using: str, **_kwargs: Any) -> None:
    """Bring the shipped documents into a database that has this app's tables."""
    from tanfeng.console.library import services
    from tanfeng.console.library.models import Document

    tables = connections[using].introspection.table_names()
    if using == "default" and Document._meta.db_table in tables:
        services.load_documents()
