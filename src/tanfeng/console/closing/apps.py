"""Django application of this room."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClosingConfig(AppConfig):
    """Month close of metered energy into the monthly energy form (C29, C30)."""

    name = "tanfeng.console.closing"
    label = "closing"
    verbose_name = _("Month close")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the rules, the page, the words of the log and what stands behind a record."""
        from tanfeng.console.accounting import after
        from tanfeng.console.closing import behind, models, permissions, words
        from tanfeng.console.core import audit_words, navigation, rights

        permissions.register()
        audit_words.ACTIONS.update(words.EVENTS)
        after.BEHIND.append(behind.of_record)
        navigation.add(
            navigation.Page(
                "metering", 50, _("Month close"), "closings", "lock",
                lambda user: rights.can(user, "view", models.MonthClose),
            )
        )  # fmt: skip
