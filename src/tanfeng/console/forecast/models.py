"""What was forecast of an enterprise, kept: training takes minutes, a page may not."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.archive.models import Organisation


def _amount(label: Any = "") -> models.FloatField[float | None, float | None]:
    return models.FloatField(label, null=True, blank=True)


class Forecast(models.Model):
    """The newest forecast of an item of an enterprise; the next one takes its place.

    Amounts are in ``unit``. What is null is not known and not zero.
    """

    class State(models.TextChoices):
        """What a forecast rests on."""

        MODEL = "model", pgettext_lazy("forecast", "model")
        USUAL = "usual", pgettext_lazy("forecast", "usual days only")
        SHORT = "short", pgettext_lazy("forecast", "too little history")
        SILENT = "silent", pgettext_lazy("forecast", "silent for a week")

    #: States of which nothing is forecast.
    NOTHING = (State.SHORT, State.SILENT)

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="forecasts")
    item_key = models.CharField(_("energy"), max_length=24)
    unit = models.CharField(_("unit"), max_length=16)
    state = models.CharField(_("rests on"), max_length=8, choices=State.choices)
    #: Days of which every hour is known. [d]
    days_known = models.PositiveSmallIntegerField(_("whole days known"))
    #: Last whole day that was known; it was forecast from the morning after.
    known_to = models.DateField(_("known to"))
    computed_at = models.DateTimeField(_("computed"))
    #: Whether it keeps the days off and the made-up days of the notices; null: its past tells not.
    keeps_holidays = models.BooleanField(_("keeps the holidays"), null=True, blank=True)
    keeps_made_up = models.BooleanField(_("works the made-up days"), null=True, blank=True)
    #: Of the way it was made.
    version = models.CharField(max_length=8)

    month = models.CharField(_("month"), max_length=7, blank=True)
    so_far, gaps, rest = _amount(), _amount(), _amount()
    total = _amount(_("month-end forecast"))
    low, high = _amount(), _amount()
    month_basis = models.CharField(max_length=8, blank=True)
    days_left = models.PositiveSmallIntegerField(null=True, blank=True)
    hours_missing = models.PositiveSmallIntegerField(null=True, blank=True)
    last_month, last_year = _amount(), _amount()
    #: Share of that month that is known. [1]
    last_month_known, last_year_known = _amount(), _amount()

    #: Hour of tomorrow that is forecast to use most.
    peak_at = models.DateTimeField(_("peak at"), null=True, blank=True)
    peak = _amount(_("peak hour tomorrow"))
    peak_low, peak_high = _amount(), _amount()
    #: Columns: start, actual, naive, usual, forecast, low, high.
    hours = models.JSONField(default=dict)
    #: Rows: method, n, mae, bias, wape, skill, coverage.
    errors = models.JSONField(default=list)
    #: Sum of errors over sum of use, of the forecast and of the naive one. [1]
    wape, naive_wape = _amount(), _amount()
    #: Anomalies of the last week.
    odd = models.PositiveSmallIntegerField(_("anomalies of 7 days"), default=0)

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        ordering = ("organisation", "item_key")
        constraints = (
            models.UniqueConstraint(fields=("organisation", "item_key"), name="forecast_once"),
        )
        # Rows are wide, their hours stand in them: order and headline come from indexes alone.
        indexes = (
            models.Index(fields=("odd",), name="forecast_odd"),
            models.Index(fields=("organisation", "odd"), name="forecast_odd_of"),
            models.Index(fields=("state",), name="forecast_state"),
            models.Index(fields=("computed_at", "known_to"), name="forecast_newest"),
            models.Index(
                fields=("organisation", "state", "computed_at", "known_to"), name="forecast_told_of"
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.item_key} {self.known_to}"


class Anomaly(models.Model):
    """A stretch of hours far from their usual, with the reason in words."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="anomalies")
    item_key = models.CharField(_("energy"), max_length=24)
    unit = models.CharField(_("unit"), max_length=16)
    start = models.DateTimeField(pgettext_lazy("forecast", "start"))
    end = models.DateTimeField(pgettext_lazy("forecast", "end"))
    hours = models.PositiveSmallIntegerField(pgettext_lazy("forecast", "hours"))
    amount = models.FloatField(pgettext_lazy("forecast", "used"))
    usual = models.FloatField(pgettext_lazy("forecast", "usual"))
    excess = models.FloatField(_("more than usual"))
    ratio = _amount()
    sigmas = models.FloatField()
    is_high = models.BooleanField()
    reason_zh = models.CharField(max_length=300)
    reason_en = models.CharField(max_length=300)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("anomaly")
        verbose_name_plural = _("anomalies")
        ordering = ("-start",)
        indexes = (
            models.Index(fields=("organisation", "item_key", "start")),
            models.Index(fields=("start",), name="anomaly_newest"),
        )

    def __str__(self) -> str:
        return self.reason_zh
