"""Compliance accounts of the carbon market, and certificates with their one claim (C11).

The platform advises and does not trade: a movement is what the enterprise's account in the market
shows, typed in with its number. Nothing is deleted: a movement is withdrawn, a claim released, and
both stay. What a list shows of an account is kept with it (``figures``), so that no list computes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import Batch, User


def _amount(label: Any) -> models.FloatField[float | None, float | None]:
    return models.FloatField(label, null=True, blank=True)


def _by(label: Any = "", *, null: bool = False) -> Any:
    return models.ForeignKey(
        User, models.PROTECT, null=null, blank=null, related_name="+", verbose_name=label or None
    )


class MarketSector(models.TextChoices):
    """Sectors of the national market, as the engine names them."""

    POWER = "power", _("Power generation")
    STEEL = "steel", _("Steel")
    CEMENT = "cement", _("Cement")
    ALUMINIUM = "aluminium", _("Aluminium smelting")


class Source(models.TextChoices):
    """Where the emission of an account comes from, the surest first."""

    VERIFIED = "verified", _("verified")
    METHOD = "method", _("method account")
    CITY = "city", _("city account, fuel only")
    NONE = "none", _("no data")


class Position(models.Model):
    """The account of an enterprise and compliance year: what is due, granted, held, missing.

    From ``emission_source`` on everything is computed by ``figures.refresh`` and kept; empty is no
    data, never zero.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="market_positions")
    year = models.PositiveSmallIntegerField(_("compliance year"))
    sector = models.CharField(_("sector"), max_length=10, choices=MarketSector.choices)
    verified_tco2 = _amount(_("verified emission"))
    verified_document = models.CharField(
        _("document of the verification"), max_length=200, blank=True
    )
    verified_by = _by(null=True)
    verified_at = models.DateTimeField(null=True)
    #: A deadline the city enters where the standards have none, with where it stands.
    stated_due_on = models.DateField(_("surrender by"), null=True, blank=True)
    stated_document = models.CharField(_("document of the deadline"), max_length=200, blank=True)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    emission_source = models.CharField(
        _("emission from"), max_length=8, choices=Source.choices, default=Source.NONE
    )
    method_run = models.ForeignKey(MethodRun, models.PROTECT, null=True, related_name="+")
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="+")
    #: Twelve values, null where the month is not known. [tCO2]
    months = models.JSONField(default=list)
    known_months = models.PositiveSmallIntegerField(_("months known"), default=0)
    emission_tco2 = _amount(_("emission so far"))
    forecast_tco2 = _amount(_("emission of the year"))
    forecast_low_tco2 = _amount(_("lower end"))
    forecast_high_tco2 = _amount(_("upper end"))
    #: A key of ``overview.FORECASTS``.
    forecast_method = models.CharField(max_length=24, blank=True)
    emission_confidence = models.CharField(max_length=10, blank=True)
    allowance_tco2 = _amount(_("allowance"))
    #: ``rule``, ``allocated`` or empty.
    allowance_basis = models.CharField(max_length=10, blank=True)
    allowance_confidence = models.CharField(max_length=10, blank=True)
    #: Why no allowance follows from the rules, in Chinese and English.
    allowance_note = models.JSONField(default=list)
    gap_tco2 = _amount(_("gap at year end"))
    gap_low_tco2 = _amount(_("lower end of the gap"))
    gap_high_tco2 = _amount(_("upper end of the gap"))
    #: The gap less what was bought, sold, carried and offset since: what is still to be found.
    missing_t = _amount(_("still missing at year end"))
    held_t = models.FloatField(_("held of the year"), default=0.0)
    allocated_t = models.FloatField(_("granted so far"), default=0.0)
    surrendered_t = models.FloatField(_("surrendered"), default=0.0)
    offset_t = models.FloatField(_("offset"), default=0.0)
    open_t = _amount(_("still to surrender"))
    is_settled = models.BooleanField(_("settled"), default=False)
    due_on = models.DateField(_("surrender by"), null=True)
    #: ``table/row`` of the deadline in the standards; empty for one the city entered.
    due_ref = models.CharField(max_length=80, blank=True)
    due_confidence = models.CharField(max_length=10, blank=True)
    figured_at = models.DateTimeField(_("computed"), null=True)

    class Meta:
        verbose_name = _("compliance account")
        verbose_name_plural = _("compliance accounts")
        ordering = ("-year", "organisation")
        indexes: ClassVar = [
            # Covers what the headline of the list adds up, so that no account is read for it.
            models.Index(
                fields=("year", "missing_t", "is_settled", "due_on", "open_t"),
                name="market_headline",
            ),
            models.Index(fields=("is_settled", "due_on"), name="market_due"),
        ]
        constraints = (
            models.UniqueConstraint(fields=("organisation", "year"), name="market_account_once"),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}"


class Facility(models.Model):
    """A unit or line the allowance is computed for: the columns of the engine's facility."""

    class Cooling(models.TextChoices):
        """How a unit is cooled; asked for up to 2022."""

        WATER = "water", _("water-cooled")
        AIR = "air", _("air-cooled")

    class Tier(models.TextChoices):
        """How sure its activity data are."""

        MEASURED = "measured", _("measured")
        REPORTED = "reported", _("reported")
        ESTIMATED = "estimated", _("estimated")

    position = models.ForeignKey(Position, models.CASCADE, related_name="facilities")
    unit = models.CharField(_("unit or line"), max_length=60)
    facility_class = models.CharField(_("class"), max_length=20)
    generated_mwh = _amount(_("electricity generated"))
    supplied_mwh = _amount(_("electricity supplied"))
    heat_gj = _amount(_("heat supplied"))
    heat_ratio_pct = _amount(_("heat ratio"))
    load_factor_pct = _amount(_("load factor"))
    cooling = models.CharField(_("cooling"), max_length=5, choices=Cooling.choices, blank=True)
    verified_tco2 = _amount(_("verified emission of the line"))
    carbide_slag_pct = _amount(_("share of carbide slag"))
    tier = models.CharField(
        _("data quality"), max_length=10, choices=Tier.choices, default=Tier.REPORTED
    )
    allowance_tco2 = _amount(_("allowance"))
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("unit or line")
        verbose_name_plural = _("units and lines")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("position", "unit"), name="market_unit_once"),
        )

    def __str__(self) -> str:
        return f"{self.position} {self.unit}"


class Movement(models.Model):
    """One transaction of an account, as the market's own registry shows it."""

    class Kind(models.TextChoices):
        """What moved; the engine's kinds, a carry-over being its two in one."""

        ALLOCATED = "allocated", _("Issue")
        BOUGHT = "bought", _("Purchase")
        SOLD = "sold", _("Sale")
        CARRIED = "carried", _("Carry-over")
        SURRENDERED = "surrendered", _("Surrender")
        CANCELLED = "cancelled", _("Voluntary cancellation")
        OFFSET = "offset", _("Offset")

    class Counterparty(models.TextChoices):
        """With whom; never a name."""

        AUTHORITY = "authority", _("competent authority")
        LISTED = "listed", _("trading venue, listed")
        BLOCK = "block", _("trading venue, block trade")
        GROUP = "group", _("enterprise of the same group")
        NONE = "none", _("nobody")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="market_movements")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    document = models.CharField(_("transaction number"), max_length=60)
    date = models.DateField(_("day"))
    amount_t = models.FloatField(_("quantity"))
    vintage = models.PositiveSmallIntegerField(_("allowances of the year"), null=True, blank=True)
    to_vintage = models.PositiveSmallIntegerField(_("carried into"), null=True, blank=True)
    compliance_year = models.PositiveSmallIntegerField(
        _("for the compliance year"), null=True, blank=True
    )
    counterparty = models.CharField(
        _("counterparty"), max_length=9, choices=Counterparty.choices, default=Counterparty.NONE
    )
    #: Document and clause that allows a carry-over, as the person writes it.
    basis = models.CharField(_("document and clause"), max_length=200, blank=True)
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, default="entered", db_index=True)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    decided_by = _by(null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("why it was withdrawn"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        ordering = ("-date", "-pk")
        indexes: ClassVar = [models.Index(fields=("organisation", "date"), name="market_moved")]
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "document"),
                condition=~Q(state="withdrawn"),
                name="market_transaction_once",
            ),
            models.CheckConstraint(condition=Q(amount_t__gt=0), name="market_amount_positive"),
            models.CheckConstraint(
                condition=Q(compliance_year__isnull=False) | ~Q(kind__in=("surrendered", "offset")),
                name="market_surrender_names_year",
            ),
            models.CheckConstraint(
                condition=Q(vintage__isnull=False) | Q(kind="offset"), name="market_vintage_named"
            ),
            models.CheckConstraint(
                condition=~Q(kind="carried") | Q(to_vintage__gt=F("vintage")),
                name="market_carried_forward",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.document}"


class Certificate(models.Model):
    """A green power certificate or a certified reduction, held by an enterprise."""

    class Kind(models.TextChoices):
        """What it certifies; the engine's kinds."""

        GREEN = "green_certificate", _("Green power certificate")
        CCER = "ccer", _("Certified reduction (CCER)")
        FFCER = "ffcer", _("Fujian forestry reduction (FFCER)")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="certificates", verbose_name=_("holder")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    number = models.CharField(_("number"), max_length=60)
    #: MWh of a green power certificate, tCO2 of the others.
    amount = models.FloatField(_("quantity"))
    project = models.CharField(_("plant or project"), max_length=120, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid until"), null=True, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")
    source_row = models.PositiveIntegerField(_("row in the file"), null=True, blank=True)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    #: Taken out again: entered by mistake, or its import undone.
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = _by(null=True)
    reason = models.CharField(_("why it was withdrawn"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "number"),
                condition=Q(withdrawn_at__isnull=True),
                name="certificate_registered_once",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="certificate_amount_positive"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def unit(self) -> str:
        """Return the unit of its quantity."""
        return "MWh" if self.kind == self.Kind.GREEN else "tCO₂"


class Claim(models.Model):
    """What a certificate is used for. The database holds one open claim of each, no more."""

    class Purpose(models.TextChoices):
        """What for; the engine's purposes."""

        OFFSET = "ets_offset", _("offset in the carbon market")
        ENERGY = "energy_deduction", _("green power left out of energy consumption")
        FACTOR = "market_factor", _("electricity accounted at zero")
        SHARE = "renewable_share", _("renewable consumption duty")
        FOOTPRINT = "footprint", pgettext_lazy("purpose", "product carbon footprint")
        VOLUNTARY = "voluntary", _("voluntary neutrality or publicity")

    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="claims")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    #: That of the certificate, so that the database knows what it may serve.
    kind = models.CharField(max_length=20)
    purpose = models.CharField(_("used for"), max_length=20, choices=Purpose.choices)
    period = models.CharField(_("year or month"), max_length=7)
    date = models.DateField(_("used on"))
    #: The offset it became, for a use in the market.
    movement = models.OneToOneField(
        Movement, models.PROTECT, null=True, blank=True, related_name="claim"
    )
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = _by(null=True)
    reason = models.CharField(_("why it was released"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("certificate",),
                condition=Q(released_at__isnull=True),
                name="certificate_claimed_once",
            ),
            models.CheckConstraint(
                condition=(Q(kind="green_certificate") & ~Q(purpose="ets_offset"))
                | (Q(kind__in=("ccer", "ffcer")) & Q(purpose__in=("ets_offset", "voluntary"))),
                name="certificate_serves_purpose",
            ),
        )

    def __str__(self) -> str:
        return f"{self.certificate} {self.get_purpose_display()}"


class MarketEvidence(models.Model):
    """A file that proves an account, a movement or a certificate, under its digest."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="market_evidence")
    position = models.ForeignKey(
        Position, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    movement = models.ForeignKey(
        Movement, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    certificate = models.ForeignKey(
        Certificate, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("digest"), max_length=64, db_index=True)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        verbose_name = _("evidence of the market")
        verbose_name_plural = _("evidence of the market")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.file_name
