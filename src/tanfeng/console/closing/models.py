"""A closed month: who closed it, when, what the meters said at that moment and what was written.

A close never changes. Opening the month again ends it, with a reason; closing it once more makes
another close. The energy records it wrote stay until something else replaces them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tanfeng.console.accounting.models import Tier
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Batch, User
from tanfeng.sheets.meter_list import item_names


def _quantity(label: Any) -> models.FloatField[float | None, float | None]:
    return models.FloatField(label, null=True, blank=True)


class MonthClose(models.Model):
    """One month of one enterprise, closed."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="month_closes")
    year = models.PositiveSmallIntegerField(_("year"))
    month = models.PositiveSmallIntegerField(_("month"))
    #: The upload that wrote its figures into the energy form.
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="month_closes")
    closed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    #: The moment the readings were asked: what came later is not in its figures.
    closed_at = models.DateTimeField(_("closed on"))
    #: Version of the store of readings at that moment.
    store_version = models.BigIntegerField(default=-1)
    line_count = models.PositiveSmallIntegerField(_("items"), default=0)
    #: Largest deviation, without sign, of the closed from the reported amounts. [1]
    worst_deviation = _quantity(_("largest deviation"))
    #: Limit the deviations were judged by. [1]
    limit = models.FloatField(_("limit"))
    lines_over = models.PositiveSmallIntegerField(_("items above the limit"), default=0)
    reopened_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reopened_at = models.DateTimeField(_("opened again"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("month close")
        verbose_name_plural = _("month closes")
        ordering = ("-year", "-month", "-closed_at")
        indexes = (models.Index(fields=("year", "month", "organisation")),)
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "year", "month"),
                condition=Q(reopened_at__isnull=True),
                name="month_closed_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.period}"

    @property
    def period(self) -> str:
        """Return the month as the form writes it."""
        return f"{self.year}-{self.month:02d}"

    @property
    def is_closed(self) -> bool:
        """Whether it stands."""
        return self.reopened_at is None

    @property
    def taken_back(self) -> bool:
        """Whether its upload was taken back, so that the records are what they were before."""
        return self.batch.status == Batch.Status.UNDONE


class CloseLine(models.Model):
    """One energy item of a close. Quantities are in the unit of the item unless said."""

    close = models.ForeignKey(MonthClose, models.CASCADE, related_name="lines")
    item_key = models.CharField(_("energy item"), max_length=40)
    #: What the meters knew, in their own unit; empty where they knew nothing.
    metered = _quantity(_("metered"))
    meter_unit = models.CharField(max_length=12)
    #: Quarter hours known, of those of the month. [1]
    completeness = models.FloatField(_("completeness"))
    #: Share of the metered amount that is estimated. [1]
    estimated_share = models.FloatField(_("estimated"))
    #: What a person added for the quarter hours that are missing, and on what grounds.
    added_qty = _quantity(_("added for what is missing"))
    added_why = models.CharField(_("grounds"), max_length=120, blank=True)
    closed_qty = models.FloatField(_("closed amount"))
    #: Written as purchase; empty where the purchase stays as reported.
    purchase_qty = _quantity(_("purchase"))
    tier = models.CharField(_("data quality"), max_length=10, choices=Tier.choices)
    reported_qty = _quantity(_("reported before"))
    reported_purchase_qty = _quantity(_("purchase reported before"))
    #: Closed less reported, of the report; empty where nothing, or zero, was reported. [1]
    deviation = _quantity(_("deviation"))
    is_over = models.BooleanField(_("above the limit"), default=False)
    remark = models.CharField(_("remark"), max_length=120, blank=True)
    #: point, name, sign, amount [meter unit], measured, slots known and due of every point.
    points: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        default=list
    )

    class Meta:
        verbose_name = _("line of a month close")
        verbose_name_plural = _("lines of month closes")
        ordering = ("close", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("close", "item_key"), name="close_line_once")
        ]

    def __str__(self) -> str:
        return f"{self.close} {self.item_key}"

    @property
    def item_name(self) -> str:
        """Return the name of the item in the language used."""
        return item_names(self.item_key)[language() == "en"]
