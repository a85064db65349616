"""Documents of the library and the city's own verified values."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core.models import User


class Document(models.Model):
    """A law, policy, standard or notice (capability C05)."""

    class Status(models.TextChoices):
        """Whether a rule may rest on it."""

        IN_FORCE = "in_force", _("In force")
        COMING = "coming", _("Not yet in force")
        REPEALED = "repealed", _("Replaced or repealed")
        SUSPENDED = "suspended", _("Suspended")

    number = models.CharField(_("number"), max_length=80, unique=True)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    issuer = models.CharField(_("issuer"), max_length=120, blank=True)
    in_force_from = models.DateField(_("in force from"), null=True, blank=True)
    in_force_to = models.DateField(_("in force to"), null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaces"
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.IN_FORCE
    )
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    verified = models.BooleanField(_("verified"), default=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ("number",)

    def __str__(self) -> str:
        title = (get_language() == "en" and self.title_en) or self.title_zh
        return f"{self.number} {title}".strip()


class FactorOverride(models.Model):
    """A value the city verified itself; wins over the shipped row while it is active."""

    table = models.CharField(_("table"), max_length=40)
    row_id = models.CharField(_("row"), max_length=120)
    value = models.FloatField(_("value"))
    unit = models.CharField(_("unit"), max_length=40)
    document = models.CharField(_("document and clause"), max_length=200)
    verified_on = models.DateField(_("verified on"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("verified by")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("verified value")
        verbose_name_plural = _("verified values")
        ordering = ("table", "row_id")
        constraints = (
            models.UniqueConstraint(
                fields=("table", "row_id"),
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_active_override",
            ),
        )

    def __str__(self) -> str:
        return f"{self.table}/{self.row_id}"
