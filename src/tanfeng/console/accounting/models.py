"""Reported energy and output, frozen runs and their totals."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import KnownRecord, User


class Tier(models.TextChoices):
    """Data quality of a reported value."""

    MEASURED = "measured", _("Measured")
    REPORTED = "reported", _("Reported")
    ESTIMATED = "estimated", _("Estimated")


def _quantity(label: Any) -> models.FloatField[float | None, float | None]:
    return models.FloatField(label, null=True, blank=True)


class EnergyRecord(KnownRecord):
    """One energy item of one organisation in one month (the shape of form 205-1).

    Quantities are in the unit of the item; empty means no data, never zero. Month 0 stands for
    a whole year.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="energy_records")
    year = models.PositiveSmallIntegerField(_("year"))
    month = models.PositiveSmallIntegerField(_("month"))
    item_key = models.CharField(_("energy item"), max_length=40)
    opening_stock_qty = _quantity(_("opening stock"))
    purchase_qty = _quantity(_("purchase"))
    purchase_amount_kcny = _quantity(_("purchase amount"))
    own_production_qty = _quantity(_("own production"))
    consumption_total_qty = _quantity(_("consumption"))
    feedstock_qty = _quantity(_("used as feedstock"))
    transfer_out_qty = _quantity(_("supplied to others"))
    stock_adjustment_qty = _quantity(_("stock adjustment"))
    closing_stock_qty = _quantity(_("closing stock"))
    coef_used_tce = _quantity(_("coefficient used"))
    green_power_1e4kwh = _quantity(_("of which green power"))
    tier = models.CharField(
        _("data quality"), max_length=10, choices=Tier.choices, default=Tier.REPORTED
    )
    remark = models.CharField(_("remark"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("energy record")
        verbose_name_plural = _("energy records")
        ordering = ("organisation", "year", "month", "item_key")
        indexes = (models.Index(fields=("organisation", "year", "month")),)
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "year", "month", "item_key"),
                condition=models.Q(known_to__isnull=True),
                name="energy_record_current_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}-{self.month:02d} {self.item_key}"


class ConversionRecord(KnownRecord):
    """One energy item of one organisation converted or recovered from January to a month.

    The sums of form 205-2 as it states them, in the unit of the item; empty means no data. The
    account takes nothing from here: table 2-1 of the energy-utilisation report and the
    comparison with form 205-1 do.
    """

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="conversion_records"
    )
    year = models.PositiveSmallIntegerField(_("year"))
    #: Month the sums run to.
    month = models.PositiveSmallIntegerField(_("month"))
    item_key = models.CharField(_("energy item"), max_length=40)
    industrial_consumption_qty = _quantity(_("industrial use"))
    conversion_input_qty = _quantity(_("put into conversion"))
    input_power_qty = _quantity(_("put into thermal power"))
    input_heat_qty = _quantity(_("put into heat supply"))
    input_washing_qty = _quantity(_("put into coal washing"))
    input_coking_qty = _quantity(_("put into coking"))
    input_refining_qty = _quantity(_("put into refining"))
    input_gas_qty = _quantity(_("put into gas making"))
    input_lng_qty = _quantity(_("put into gas liquefaction"))
    input_coal_products_qty = _quantity(_("put into coal products"))
    conversion_output_qty = _quantity(_("output of conversion"))
    #: [tce]
    conversion_output_tce = _quantity(_("output of conversion, standard coal"))
    recovery_qty = _quantity(_("recovered and used"))
    coef_used_tce = _quantity(_("coefficient used"))

    class Meta:
        verbose_name = _("conversion record")
        verbose_name_plural = _("conversion records")
        ordering = ("organisation", "year", "month", "item_key")
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "year", "month", "item_key"),
                condition=models.Q(known_to__isnull=True),
                name="conversion_record_current_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}-{self.month:02d} {self.item_key}"


class OutputRecord(KnownRecord):
    """One product of one organisation in one month."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="output_records")
    year = models.PositiveSmallIntegerField(_("year"))
    month = models.PositiveSmallIntegerField(_("month"))
    product_code = models.CharField(_("product code"), max_length=40, blank=True)
    product_name = models.CharField(_("product"), max_length=80)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    output_qty = _quantity(_("output"))
    gross_output_kcny = _quantity(_("gross output value"))
    value_added_kcny = _quantity(_("value added"))
    remark = models.CharField(_("remark"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("output record")
        verbose_name_plural = _("output records")
        ordering = ("organisation", "year", "month", "product_name")
        indexes = (models.Index(fields=("organisation", "year", "month")),)
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "year", "month", "product_name"),
                condition=models.Q(known_to__isnull=True),
                name="output_record_current_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}-{self.month:02d} {self.product_name}"


class Run(models.Model):
    """A frozen computation. Its lines and factors lie as Parquet beside the database.

    Recomputing makes a new run; a finished run never changes. Exactly one is the published one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(_("number"), unique=True)
    title = models.CharField(_("title"), max_length=120)
    first_year = models.PositiveSmallIntegerField(_("first year"))
    last_year = models.PositiveSmallIntegerField(_("last year"))
    as_of = models.DateTimeField(_("data as known on"))
    options = models.JSONField(default=dict)
    #: Engine version, digests of tables, input and factors.
    manifest = models.JSONField(default=dict)
    line_count = models.PositiveBigIntegerField(_("lines"), default=0)
    organisation_count = models.PositiveIntegerField(_("enterprises"), default=0)
    note_count = models.PositiveIntegerField(_("notes"), default=0)
    #: Enterprises and items the account could not take, with the reason.
    findings = models.JSONField(default=list, blank=True)
    published = models.BooleanField(_("published"), default=False, db_index=True)
    is_demo = models.BooleanField(_("demonstration data"), default=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("computed"), auto_now_add=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(
                fields=("published",), condition=models.Q(published=True), name="one_published_run"
            ),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Total(models.Model):
    """Sums of a run's lines for one organisation and period; month 0 is the whole year.

    Empty means that no line speaks of the quantity: no data is not zero.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="totals")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="totals")
    year = models.PositiveSmallIntegerField(_("year"))
    month = models.PositiveSmallIntegerField(_("month"))
    energy_calorific_tce = _quantity(_("energy, calorific"))
    energy_equivalent_tce = _quantity(_("energy, equivalent"))
    feedstock_calorific_tce = _quantity(_("feedstock, calorific"))
    feedstock_equivalent_tce = _quantity(_("feedstock, equivalent"))
    green_power_calorific_tce = _quantity(_("green power, calorific"))
    green_power_equivalent_tce = _quantity(_("green power, equivalent"))
    emission_fuel_tco2 = _quantity(_("CO2 of fuel burned"))
    emission_electricity_average_tco2 = _quantity(_("CO2 of electricity, average"))
    emission_electricity_residual_tco2 = _quantity(_("CO2 of electricity, residual mix"))
    emission_electricity_fossil_tco2 = _quantity(_("CO2 of electricity, fossil only"))
    emission_heat_tco2 = _quantity(_("CO2 of heat"))
    #: Fuel, heat and electricity on the average basis: what lists are sorted by.
    emission_total_tco2 = _quantity(_("CO2"))
    #: Calorific energy by data quality; what is missing has no tce, only months.
    measured_tce = _quantity(_("measured"))
    reported_tce = _quantity(_("reported"))
    estimated_tce = _quantity(_("estimated"))
    #: Months with at least one record, and months a record was due for; of year rows only.
    months_reported = models.PositiveSmallIntegerField(default=0)
    months_expected = models.PositiveSmallIntegerField(default=0)
    #: Weakest confidence among the factors used.
    confidence = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name = _("total")
        verbose_name_plural = _("totals")
        ordering = ("run", "organisation", "year", "month")
        indexes = (
            models.Index(fields=("run", "month", "year", "emission_total_tco2", "organisation")),
            models.Index(fields=("run", "month", "year", "energy_equivalent_tce", "organisation")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("run", "organisation", "year", "month"), name="total_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.organisation_id} {self.year}-{self.month:02d}"


class MethodRun(models.Model):
    """A frozen account of one enterprise and year by a sector method.

    Its workbook, lines, factors and choices lie as files beside the database. It never changes: a
    later account of the same enterprise, method and year replaces it and leaves it as it is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(_("number"), unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="method_runs")
    method_key = models.CharField(_("method"), max_length=60)
    year = models.PositiveSmallIntegerField(_("year"))
    as_of = models.DateField(_("factors published by"))
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    file_name = models.CharField(_("file"), max_length=200)
    #: SHA-256 of the workbook.
    sha256 = models.CharField(max_length=64)
    #: Engine version, method and edition, digests of files, formulas and tables.
    manifest = models.JSONField(default=dict)
    emission_direct_tco2e = _quantity(_("direct emission"))
    emission_electricity_tco2e = _quantity(_("emission of electricity"))
    emission_heat_tco2e = _quantity(_("emission of heat"))
    #: What the method counts; a market text leaves electricity and heat out.
    emission_total_tco2e = _quantity(_("emission"))
    line_count = models.PositiveIntegerField(_("lines"), default=0)
    missing_rows = models.PositiveIntegerField(_("rows not counted"), default=0)
    warning_count = models.PositiveIntegerField(_("to check"), default=0)
    #: Weakest confidence among formulas and defaults used.
    confidence = models.CharField(max_length=10, blank=True)
    is_demo = models.BooleanField(_("demonstration data"), default=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("computed"), auto_now_add=True)

    class Meta:
        verbose_name = _("method account")
        verbose_name_plural = _("method accounts")
        ordering = ("-number",)
        indexes = (models.Index(fields=("organisation", "year", "method_key")),)

    def __str__(self) -> str:
        return f"M{self.number} {self.method_key} {self.year}"


class InputUncertainty(models.Model):
    """What an enterprise states one input of its account may be off by, and on what grounds.

    It holds for every account of the enterprise, method and year. Nothing is assumed for an input
    without one. A changed statement withdraws the one before and adds one.
    """

    class Distribution(models.TextChoices):
        """How the error is spread."""

        NORMAL = "normal", _("normal")
        LOGNORMAL = "lognormal", _("lognormal")
        UNIFORM = "uniform", _("uniform")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="input_uncertainties"
    )
    method_key = models.CharField(_("method"), max_length=60)
    year = models.PositiveSmallIntegerField(_("year"))
    #: ``row|stream|item|column`` or ``factor|table/row``.
    input_key = models.CharField(max_length=160)
    #: Half width of the 95 % interval in percent of the value. [%]
    relative_pct = models.FloatField(_("half width of the 95 % interval"))
    distribution = models.CharField(
        _("distribution"),
        max_length=10,
        choices=Distribution.choices,
        default=Distribution.NORMAL,
    )
    #: The rows of the input share one error, as those of one meter do.
    together = models.BooleanField(_("the rows err together"), default=True)
    #: Inputs of one name err together.
    group = models.CharField(_("errs together with"), max_length=40, blank=True)
    grounds = models.CharField(_("grounds"), max_length=200)
    stated_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    stated_at = models.DateTimeField(_("stated"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("uncertainty of an input")
        verbose_name_plural = _("uncertainties of inputs")
        ordering = ("input_key", "stated_at")
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "method_key", "year", "input_key"),
                condition=models.Q(withdrawn_at__isnull=True),
                name="input_uncertainty_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.year} {self.input_key} ±{self.relative_pct:g} %"
