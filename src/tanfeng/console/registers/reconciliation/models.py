"""What the accounts of an enterprise differ by, kept so that a list can be sorted by it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.archive.models import Organisation


def _tonnes(label: Any) -> models.FloatField[float | None, float | None]:
    return models.FloatField(label, null=True, blank=True)


class Reconciliation(models.Model):
    """City statistics of an enterprise and year less its account by a sector method, by cause.

    Both sides are frozen, so a row never changes; another account or run makes another row.
    Empty where the statistics say nothing of the enterprise and year. [tCO2]
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="reconciliations")
    year = models.PositiveSmallIntegerField(_("year"))
    method_run = models.ForeignKey(MethodRun, models.PROTECT, related_name="reconciliations")
    run = models.ForeignKey(Run, models.PROTECT, related_name="+")
    #: Both accounts are the newest: the account is not replaced and the run is the published one.
    current = models.BooleanField(_("current"), default=True)
    base_tco2 = _tonnes(_("by the guideline"))
    statistics_tco2 = _tonnes(_("by city statistics"))
    difference_tco2 = _tonnes(_("difference"))
    boundary_tco2 = _tonnes(_("boundary"))
    missing_tco2 = _tonnes(_("missing data"))
    method_tco2 = _tonnes(_("method"))
    activity_tco2 = _tonnes(_("activity"))
    factor_tco2 = _tonnes(_("factor"))
    #: Sizes of the amounts that differ and of the data that is missing, line by line, added up.
    to_clarify_tco2 = _tonnes(_("to clarify"))
    unvalued_rows = models.PositiveIntegerField(_("lines without a value"), default=0)
    computed_at = models.DateTimeField(_("computed"), auto_now_add=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ("-year", "organisation")
        indexes = (models.Index(fields=("current", "year", "to_clarify_tco2")),)
        constraints = (
            models.UniqueConstraint(fields=("method_run", "run"), name="reconciliation_once"),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}"
