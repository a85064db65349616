"""Quotas handed down to city, counties, parks and enterprises, and how each year stands."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tanfeng.accounting import budget
from tanfeng.console.accounting.models import Run
from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import plain
from tanfeng.console.core.models import KnownRecord, User

#: Status of a year -> kind of its light.
LIGHTS = {
    "exceeded": "bad",
    "likely_over": "bad",
    "at_risk": "late",
    "within": "good",
    "uncertain": "muted",
    "no_data": "muted",
}
#: What the quota of the whole city is called where others have a code.
CITY = "city"


def basis_name(method: str) -> str:
    """Return how a year was forecast, in the language used; empty for no forecast."""
    return in_words(budget.FORECASTS[method]) if method else ""


def in_words(pair: tuple[str, str]) -> str:
    """Return the Chinese or the English text of a pair, in the language used."""
    return pair[language() == "en"]


def _signed(rate: float | None) -> str:
    if rate is None:
        return ""
    return f"{'+' if rate > 0 else ''}{plain(100 * rate, 1)} %"


def measure_name(key: str) -> str:
    """Return the name of the figure a quota is set in."""
    one = budget.MEASURES[key]
    return in_words((one.name_zh, one.name_en))


class Quota(KnownRecord):
    """What an enterprise, park, county or the city may use or emit in a year, in one figure.

    A changed quota closes the row before and adds one; nothing is overwritten.
    """

    class Level(models.TextChoices):
        """Whom it is handed down to."""

        CITY = "city", _("City")
        COUNTY = "county", _("County")
        PARK = "park", _("Park")
        ENTERPRISE = "enterprise", _("Enterprise")

    # Set on the page, it came with no file.
    batch: Any = models.ForeignKey(
        "core.Batch", models.PROTECT, null=True, blank=True, related_name="+"
    )
    source_row: Any = models.PositiveIntegerField(_("row in the file"), null=True, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    #: Credit code, code of the county or park, or ``city``.
    object_key = models.CharField(max_length=30)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="quotas"
    )
    place = models.ForeignKey(Place, models.PROTECT, null=True, blank=True, related_name="quotas")
    park = models.ForeignKey(Park, models.PROTECT, null=True, blank=True, related_name="quotas")
    year = models.PositiveSmallIntegerField(_("year"))
    #: A key of ``budget.MEASURES``.
    measure = models.CharField(_("figure"), max_length=40)
    #: In the unit of the figure: tce or tCO2.
    amount = models.FloatField(_("quota of the year"))
    #: Twelve amounts that add up to the year, or nothing: then a twelfth is shown.
    months = models.JSONField(_("monthly budget"), null=True, blank=True)
    document = models.CharField(_("document it is handed down by"), max_length=120, blank=True)
    remark = models.CharField(_("remark"), max_length=200, blank=True)
    is_demo = models.BooleanField(_("demonstration data"), default=False)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        ordering = ("-year", "level", "object_key", "measure", "known_from")
        indexes = (models.Index(fields=("object_key", "year")),)
        constraints = (
            models.UniqueConstraint(
                fields=("object_key", "year", "measure"),
                condition=models.Q(known_to__isnull=True),
                name="quota_current_once",
            ),
            models.CheckConstraint(
                condition=models.Q(level="city", organisation=None, place=None, park=None)
                | models.Q(level="county", organisation=None, place__isnull=False, park=None)
                | models.Q(level="park", organisation=None, place=None, park__isnull=False)
                | models.Q(level="enterprise", organisation__isnull=False, place=None, park=None),
                name="quota_of_one_object",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.year} {self.measure_name}"

    @property
    def name(self) -> str:
        """Return the name of what the quota is handed down to."""
        return str(self.organisation or self.place or self.park or _("The whole city"))

    @property
    def measure_name(self) -> str:
        """Return the name of the figure in the language used."""
        return measure_name(self.measure)

    @property
    def unit(self) -> str:
        """Return tce or tCO2."""
        return budget.MEASURES[self.measure].unit


class Standing(models.Model):
    """How a quota stood after a month, by the published run; month 0: nothing was due yet.

    Derived, and written anew when another run is published. [unit of the figure]
    """

    quota = models.ForeignKey(Quota, models.CASCADE, related_name="standings")
    #: As in the quota, so that a list of many finds its rows by one index.
    year = models.PositiveSmallIntegerField(_("year"))
    level = models.CharField(_("level"), max_length=10, choices=Quota.Level.choices)
    measure = models.CharField(_("figure"), max_length=40)
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="+")
    month = models.PositiveSmallIntegerField(_("month"))
    #: After the last month that was due.
    latest = models.BooleanField(default=False)
    budget = models.FloatField(_("budget of the month"), null=True)
    budget_to_date = models.FloatField(_("budget to date"), null=True)
    actual = models.FloatField(_("used in the month"), null=True)
    actual_to_date = models.FloatField(_("used to date"), null=True)
    deviation_to_date = models.FloatField(_("deviation to date"), null=True)
    deviation_rate = models.FloatField(_("deviation rate to date"), null=True)
    #: The month's budget is a twelfth of the year.
    is_display_only = models.BooleanField(default=True)
    known_months = models.PositiveSmallIntegerField(default=0)
    missing_months = models.CharField(max_length=40, blank=True)
    #: Rows, and enterprises of a county, that could not be counted.
    missing_rows = models.PositiveIntegerField(default=0)
    forecast = models.FloatField(_("forecast of the year"), null=True)
    forecast_low = models.FloatField(null=True)
    forecast_high = models.FloatField(null=True)
    #: How it was forecast, a key of the engine.
    method = models.CharField(max_length=30, blank=True)
    forecast_deviation = models.FloatField(_("forecast less quota"), null=True)
    forecast_rate = models.FloatField(_("forecast against quota"), null=True)
    status = models.CharField(_("standing"), max_length=12, default="no_data")
    computed_at = models.DateTimeField(_("computed"), auto_now_add=True)

    class Meta:
        verbose_name = _("standing")
        verbose_name_plural = _("standings")
        ordering = ("quota", "month")
        indexes = (
            models.Index(
                fields=("year", "forecast_rate"),
                condition=models.Q(latest=True),
                name="standing_latest_by_rate",
            ),
            models.Index(
                fields=("year", "status"),
                condition=models.Q(latest=True),
                name="standing_latest_by_status",
            ),
            models.Index(fields=("year", "month", "forecast_rate")),
            models.Index(fields=("year", "month", "status")),
        )
        constraints = (models.UniqueConstraint(fields=("quota", "month"), name="standing_once"),)

    def __str__(self) -> str:
        return f"{self.quota} {self.month}"

    @property
    def light(self) -> str:
        """Return the kind of the light."""
        return LIGHTS[self.status]

    @property
    def status_name(self) -> str:
        """Return the status in words."""
        return in_words(budget.STATUSES[self.status])

    @property
    def deviation_text(self) -> str:
        """Return the deviation to date with its sign, empty for none."""
        return _signed(self.deviation_rate)

    @property
    def forecast_text(self) -> str:
        """Return the forecast against the quota with its sign, empty for none."""
        return _signed(self.forecast_rate)

    @property
    def is_partial(self) -> bool:
        """Tell whether the sum to date lacks months, rows or enterprises."""
        return bool(self.missing_months or self.missing_rows)
