"""Meters and what they hang at: the record behind the engine's register, gateways and their keys.

A :class:`Meter` is a row of the list of metering instruments (C26) and, once it has a point, what
the engine reads: kind, unit, multiplier, direction, place in the tree. Nothing is deleted: a
device is taken down, a meter withdrawn, a key revoked, and all of them stay.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import Batch, User
from tanfeng.sheets.meter_list import item_names


def _by(label: Any = "", *, null: bool = False) -> Any:
    return models.ForeignKey(
        User, models.PROTECT, null=null, blank=null, related_name="+", verbose_name=label or None
    )


class ProcessUnit(models.Model):
    """A process or a machine of an enterprise: a node of the tree below it."""

    class Kind(models.TextChoices):
        """Step of the tree; the engine's words."""

        UNIT = "unit", _("process")
        EQUIPMENT = "equipment", _("equipment")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="process_units")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="parts",
        verbose_name=_("part of"),
    )  # fmt: skip
    kind = models.CharField(pgettext_lazy("meter", "kind"), max_length=9, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=80)
    removed_at = models.DateTimeField(_("taken out"), null=True, editable=False)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("process or equipment")
        verbose_name_plural = _("processes and equipment")
        ordering = ("organisation", "kind", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "name"),
                condition=Q(removed_at__isnull=True),
                name="metering_unit_once",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def node(self) -> str:
        """Return its key in the engine's tree."""
        return f"unit:{self.pk}"


class Gateway(models.Model):
    """A device that sends readings for an enterprise."""

    class Link(models.TextChoices):
        """How it sends."""

        HTTP = "http", _("HTTP push")
        MQTT = "mqtt", _("MQTT")
        FILE = "file", _("file drop")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="gateways")
    name = models.CharField(_("name"), max_length=80)
    link = models.CharField(_("link"), max_length=4, choices=Link.choices, default=Link.HTTP)
    firmware = models.CharField(_("model and firmware"), max_length=80, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True)
    last_rows = models.PositiveIntegerField(_("rows of the last batch"), default=0)
    last_rejected = models.PositiveIntegerField(_("refused of them"), default=0)
    #: Over all time.
    rejected = models.PositiveBigIntegerField(_("rows refused"), default=0)
    #: What the way in complains of now; empty when all is well.
    last_error = models.CharField(max_length=200, blank=True, editable=False)
    #: Of a gateway behind a broker: ``mqtt://host:port`` or ``mqtts://host:port``.
    address = models.CharField(_("address of the broker"), max_length=200, blank=True)
    topic = models.CharField(_("topic"), max_length=120, blank=True)
    sends_as = models.CharField(_("its name in the topic"), max_length=80, blank=True)
    username = models.CharField(_("user at the broker"), max_length=80, blank=True)
    #: Variable of the environment that holds the password; the password itself is never kept.
    secret_name = models.CharField(_("variable of the password"), max_length=60, blank=True)
    #: Counts up whenever its points change, so that every process notices.
    points_version = models.PositiveIntegerField(default=0, editable=False)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")
        ordering = ("organisation", "name")
        constraints = (
            models.UniqueConstraint(fields=("organisation", "name"), name="metering_gateway_once"),
            models.UniqueConstraint(
                fields=("address", "topic", "sends_as"),
                condition=Q(link="mqtt") & ~Q(sends_as=""),
                name="metering_sender_once",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A key of a gateway: shown once, kept as a digest, found by its prefix."""

    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="keys")
    prefix = models.CharField(_("begins with"), max_length=12, unique=True)
    digest = models.CharField(max_length=64, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by = _by(null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    entered_by = _by(_("made by"))
    entered_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("-entered_at",)

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def holds(self, at: Any) -> bool:
        """Tell whether it opens the door at a moment."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)


class Meter(models.Model):
    """A metering instrument and the point it measures at."""

    class Kind(models.TextChoices):
        """Classes of the list of instruments."""

        ELECTRICITY = "electricity", _("Electricity meter")
        WEIGHING = "weighing", _("Weighing instrument")
        OIL = "oil", _("Oil flow meter")
        GAS = "gas", _("Gas flow meter")
        WATER = "water", _("Water flow meter")
        HEAT = "heat", _("Heat meter")
        TEMPERATURE = "temperature", _("Thermometer")
        PRESSURE = "pressure", _("Pressure gauge")
        OTHER = "other", pgettext_lazy("meter class", "Other")

    class Level(models.IntegerChoices):
        """What is metered, by GB 17167."""

        USER = 1, _("in and out of the user")
        SUB_UNIT = 2, _("in and out of main sub-units")
        EQUIPMENT = 3, _("main energy-using equipment")

    class Status(models.TextChoices):
        """State of the instrument."""

        QUALIFIED = "qualified", pgettext_lazy("meter", "Qualified")
        LIMITED = "limited", pgettext_lazy("meter", "Limited use")
        STOPPED = "stopped", pgettext_lazy("meter", "Out of use")
        REPAIR = "repair", pgettext_lazy("meter", "Under repair")

    class Reading(models.TextChoices):
        """What a reading is; the engine's kinds."""

        REGISTER = "register", _("register that only counts up")
        AMOUNT = "amount", _("amount of the interval")
        POWER = "power", _("rate at the moment")

    class Sign(models.IntegerChoices):
        """Which way the energy goes."""

        IN = 1, _("into it")
        OUT = -1, _("out of it")

    #: An index of its own would draw the database away from those that cover more.
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="meters", db_index=False
    )
    meter_no = models.CharField(_("management number"), max_length=40)
    name = models.CharField(_("name of the meter"), max_length=80)
    meter_class = models.CharField(_("class"), max_length=11, choices=Kind.choices, blank=True)
    model = models.CharField(_("model"), max_length=60, blank=True)
    accuracy_class = models.CharField(_("accuracy class"), max_length=20, blank=True)
    measuring_range = models.CharField(_("range"), max_length=60, blank=True)
    multiplier = models.FloatField(_("multiplier"), null=True, blank=True)
    manufacturer = models.CharField(_("maker"), max_length=80, blank=True)
    serial_no = models.CharField(_("serial number"), max_length=60, blank=True)
    item_key = models.CharField(_("energy"), max_length=24)
    level = models.PositiveSmallIntegerField(pgettext_lazy("meter", "level"), choices=Level.choices)
    location = models.CharField(_("place of use"), max_length=120, blank=True)
    department = models.CharField(_("department"), max_length=60, blank=True)
    certificate_no = models.CharField(_("certificate number"), max_length=60, blank=True)
    verified_on = models.DateField(pgettext_lazy("meter", "verified on"), null=True, blank=True)
    cycle_months = models.PositiveSmallIntegerField(_("cycle"), null=True, blank=True)
    valid_until = models.DateField(pgettext_lazy("meter", "valid until"), null=True, blank=True)
    verified_by = models.CharField(pgettext_lazy("meter", "verified by"), max_length=80, blank=True)
    status = models.CharField(
        _("status"), max_length=9, choices=Status.choices, default=Status.QUALIFIED
    )
    is_online = models.BooleanField(_("online"), null=True, blank=True)
    remark = models.CharField(_("remark"), max_length=200, blank=True)

    #: What the engine knows it by; empty while it sends nothing.
    point = models.CharField(
        pgettext_lazy("meter", "point"), max_length=64, null=True, blank=True, unique=True
    )
    reading_kind = models.CharField(
        _("kind of reading"), max_length=8, choices=Reading.choices, blank=True
    )
    reading_unit = models.CharField(_("unit of the reading"), max_length=10, blank=True)
    digits = models.PositiveSmallIntegerField(_("integer digits"), null=True, blank=True)
    rated_power = models.FloatField(_("most in an hour"), null=True, blank=True)
    sign = models.SmallIntegerField(_("direction"), choices=Sign.choices, default=Sign.IN)
    interval_s = models.PositiveIntegerField(_("interval"), default=900)
    unit = models.ForeignKey(
        ProcessUnit, models.PROTECT, null=True, blank=True, related_name="meters",
        verbose_name=_("process or equipment"),
    )  # fmt: skip
    gateway = models.ForeignKey(
        Gateway, models.PROTECT, null=True, blank=True, related_name="meters",
        verbose_name=_("gateway"),
    )  # fmt: skip

    #: What a virtual meter is computed from; empty for an instrument.
    expression = models.CharField(_("expression"), max_length=1000, blank=True)
    #: Whether it counts for its place in the tree; a virtual meter may be a figure of its own.
    in_tree = models.BooleanField(default=True)

    # The newest reading, written when readings reach the store; no list asks the store for it.
    last_time = models.DateTimeField(_("last reading"), null=True, editable=False)
    last_value = models.FloatField(pgettext_lazy("meter", "value"), null=True, editable=False)
    last_quality = models.SmallIntegerField(null=True, editable=False)
    #: The moment from which on it is late: two intervals after the last reading, or the first day.
    late_after = models.DateTimeField(null=True, editable=False)

    #: Changed since the engine's register was told.
    is_stale = models.BooleanField(default=False, editable=False)
    #: Why the engine's register refused it, in the words of the last try; empty when it took it.
    engine_problem = models.CharField(max_length=300, blank=True, editable=False)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")
    source_row = models.PositiveIntegerField(null=True, editable=False)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)
    withdrawn_at = models.DateTimeField(
        pgettext_lazy("meter", "withdrawn"), null=True, editable=False
    )
    withdrawn_by = _by(null=True)
    reason = models.CharField(max_length=200, blank=True, editable=False)
    #: In the list of instruments: none that is computed or withdrawn. The database keeps it, for
    #: the indexes: of conditions, a truth value is one every planner can prove.
    is_listed = models.GeneratedField(
        expression=Q(expression="", withdrawn_at__isnull=True),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        ordering = ("organisation", "meter_no")
        indexes: ClassVar = [
            models.Index(
                fields=("organisation", "withdrawn_at", "meter_no", "valid_until"),
                name="metering_of",
            ),
            # Order the list of instruments and count it and what falls due, of all and of some
            # enterprises.
            models.Index(fields=("meter_no",), condition=Q(is_listed=True), name="metering_number"),
            models.Index(
                fields=("valid_until",), condition=Q(is_listed=True), name="metering_valid"
            ),
            models.Index(
                fields=("organisation", "meter_no", "valid_until"),
                condition=Q(is_listed=True),
                name="metering_listed",
            ),
            # Orders the list of points of a county.
            models.Index(
                fields=("organisation", "point"),
                condition=Q(point__isnull=False),
                name="metering_point_of",
            ),
            # Cover what the headline of the list of points counts, for the city and for others.
            models.Index(
                fields=("late_after",), condition=Q(point__isnull=False), name="metering_late"
            ),
            models.Index(
                fields=("organisation", "late_after"),
                condition=Q(point__isnull=False),
                name="metering_late_of",
            ),
            models.Index(fields=("is_stale",), condition=Q(is_stale=True), name="metering_stale"),
        ]
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "meter_no"),
                condition=Q(withdrawn_at__isnull=True),
                name="metering_number_once",
            ),
            models.UniqueConstraint(
                fields=("manufacturer", "serial_no"),
                condition=Q(withdrawn_at__isnull=True) & ~Q(serial_no="") & ~Q(manufacturer=""),
                name="metering_serial_once",
            ),
            models.CheckConstraint(
                condition=Q(multiplier__isnull=True) | Q(multiplier__gt=0),
                name="metering_multiplier_positive",
            ),
            models.CheckConstraint(
                condition=Q(verified_on__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gt=F("verified_on")),
                name="metering_valid_after_verified",
            ),
            models.CheckConstraint(
                condition=Q(point__isnull=True) | (~Q(reading_kind="") & ~Q(reading_unit="")),
                name="metering_point_is_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.meter_no} {self.name}"

    @property
    def is_virtual(self) -> bool:
        """Tell whether it is computed and nobody hung it."""
        return bool(self.expression)

    @property
    def item_name(self) -> str:
        """Return what it measures in the language of the page."""
        return item_names(self.item_key)[get_language() == "en"]


class OwnedPoint(models.Model):
    """Whose the name of a point is: once an enterprise's, always, as its readings stay under it."""

    point = models.CharField(pgettext_lazy("meter", "point"), max_length=64, primary_key=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="owned_points")
    #: The meter that has it, or had it last.
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="owned_points")
    taken_at = models.DateTimeField(default=timezone.now)
    #: When the meter let go of it: from then on nothing is due of it.
    released_at = models.DateTimeField(null=True)
    #: Let go of, and the engine's register was not told yet.
    is_stale = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("name of a point")
        verbose_name_plural = _("names of points")
        ordering = ("point",)
        indexes: ClassVar = [
            models.Index(fields=("is_stale",), condition=Q(is_stale=True), name="metering_let_go"),
        ]

    def __str__(self) -> str:
        return self.point


class MeterVersion(models.Model):
    """What the record of a meter said before a change, and who changed it."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="versions")
    #: Field -> [before, after].
    changes = models.JSONField()
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = _by()
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.meter} {self.changed_at:%Y-%m-%d}"


class Device(models.Model):
    """The instrument that hung at a point for a time, with the registers at both ends."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="devices")
    serial_no = models.CharField(_("serial number"), max_length=60)
    installed_at = models.DateTimeField(_("hung"))
    opening = models.FloatField(_("register when hung"), null=True, blank=True)
    removed_at = models.DateTimeField(_("taken down"), null=True, blank=True)
    closing = models.FloatField(_("register when taken down"), null=True, blank=True)
    multiplier = models.FloatField(_("multiplier"))
    digits = models.PositiveSmallIntegerField(_("integer digits"), null=True, blank=True)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ("meter", "installed_at")
        constraints = (
            models.UniqueConstraint(
                fields=("meter",),
                condition=Q(removed_at__isnull=True),
                name="metering_one_device_hangs",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_at__gt=F("installed_at")),
                name="metering_down_after_up",
            ),
        )

    def __str__(self) -> str:
        return self.serial_no


class Calibration(models.Model):
    """A verification or calibration of a meter."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="calibrations")
    verified_on = models.DateField(pgettext_lazy("meter", "verified on"))
    valid_until = models.DateField(pgettext_lazy("meter", "valid until"))
    certificate_no = models.CharField(_("certificate number"), max_length=60, blank=True)
    verified_by = models.CharField(pgettext_lazy("meter", "verified by"), max_length=80, blank=True)
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("verification of a meter")
        verbose_name_plural = _("verifications of meters")
        ordering = ("-verified_on", "-pk")

    def __str__(self) -> str:
        return f"{self.meter} {self.verified_on}"


class RequiredCount(models.Model):
    """How many meters an enterprise has to have, of a kind of energy at a level."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="meter_counts")
    #: Kind of the table ``meter_rates``.
    kind = models.CharField(_("kind of energy"), max_length=20)
    level = models.PositiveSmallIntegerField(
        pgettext_lazy("meter", "level"), choices=Meter.Level.choices
    )
    required = models.PositiveIntegerField(pgettext_lazy("meter", "required"))
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("required number of meters")
        verbose_name_plural = _("required numbers of meters")
        ordering = ("organisation", "kind", "level")
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "kind", "level"), name="metering_required_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.kind} {self.level}"


class SeenPoint(models.Model):
    """A point a gateway named that no meter has: refused until somebody adopts it."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="seen_points")
    point = models.CharField(pgettext_lazy("meter", "point"), max_length=64)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    last_value = models.FloatField(pgettext_lazy("meter", "value"), null=True)
    rows = models.PositiveIntegerField(_("rows refused"), default=0)

    class Meta:
        verbose_name = _("unknown point")
        verbose_name_plural = _("unknown points")
        ordering = ("gateway", "point")
        constraints = (
            models.UniqueConstraint(fields=("gateway", "point"), name="metering_seen_once"),
        )

    def __str__(self) -> str:
        return self.point


class Mark(models.Model):
    """How far something was followed: the version of the store the newest readings were read at."""

    name = models.CharField(max_length=20, primary_key=True)
    number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
