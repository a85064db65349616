"""What was judged of enterprises and places, outages, filings, alerts, and every step taken.

Days of points are files (:mod:`tanfeng.metering.judged`); what a list is sorted and filtered by is
here. Rows the program derives are written by the judging alone; people change states.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.metering.models import Meter, ProcessUnit


def _by(label: Any = "", **more: Any) -> Any:
    return models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=label, **more)


def _of(name: str, **more: Any) -> Any:
    return models.ForeignKey(Organisation, models.PROTECT, related_name=name, **more)


def _share() -> Any:
    return models.FloatField(null=True)


def _count() -> Any:
    return models.PositiveBigIntegerField(default=0)


class Judgement(models.Model):
    """How far judging has come: one row."""

    #: Version of the store up to which readings were looked at.
    version = models.BigIntegerField(default=-1)
    last_day = models.DateField(null=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")

    def __str__(self) -> str:
        return f"{self.last_day}"


class ToJudge(models.Model):
    """Days of a point to judge again for a reason that is no reading, such as a filing."""

    point = models.CharField(max_length=64)
    first = models.DateField()
    last = models.DateField()

    class Meta:
        verbose_name = _("days to judge")
        verbose_name_plural = _("days to judge")

    def __str__(self) -> str:
        return f"{self.point} {self.first}"


class MonthQuality(models.Model):
    """Quality of an enterprise, park, county or the city in a month, with that of its days."""

    class Kind(models.TextChoices):
        """Whose it is."""

        ENTERPRISE = "enterprise", _("Enterprise")
        PARK = "park", _("Park")
        COUNTY = "county", _("County")
        CITY = "city", _("City")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    #: Key of the node in the engine's tree.
    node = models.CharField(max_length=30)
    organisation = _of("month_qualities", null=True)
    park = models.ForeignKey(Park, models.PROTECT, null=True, related_name="+")
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+")
    month = models.CharField(_("month"), max_length=7)
    #: Readings that were due, were excused by a filing, came, came by themselves, came in time.
    due, excused, received, automatic, timely = (_count() for _i in range(5))
    #: Quarter hours that were measured, and that were not plausible.
    measured, implausible = _count(), _count()
    reports_judged, reports_within = _count(), _count()
    days_due, days_connected = _count(), _count()
    points = models.PositiveIntegerField(default=0)
    completeness, timeliness, plausibility = _share(), _share(), _share()
    consistency, connectivity = _share(), _share()
    #: Of 100 points, those that could be judged.
    judged_weight = models.FloatField(default=0)
    score = models.FloatField(_("score"), null=True)
    #: Figure -> one value for each day of the month; null: nothing due, or not judged yet.
    days = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("quality of a month")
        verbose_name_plural = _("qualities of months")
        ordering = ("month", "node")
        constraints = (
            models.UniqueConstraint(fields=("node", "month"), name="quality_month_once"),
        )
        indexes: ClassVar = [
            models.Index(fields=("month", "kind", "score"), name="quality_by_score"),
            models.Index(fields=("organisation", "month"), name="quality_of_firm"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.month}"

    @property
    def name(self) -> str:
        """Return whose it is, in words."""
        return str(self.organisation or self.park or self.place or _("The whole city"))


class Outage(models.Model):
    """A run of days a point was not connected, its term, and what became of it."""

    class State(models.TextChoices):
        """States of the engine."""

        OPEN = "open", pgettext_lazy("outage", "Open")
        OVERDUE = "overdue", pgettext_lazy("outage", "Overdue")
        FILED = "filed", pgettext_lazy("outage", "Filed")
        REPAIRED = "repaired", pgettext_lazy("outage", "Back")
        REPAIRED_LATE = "repaired_late", pgettext_lazy("outage", "Back, too late")

    organisation = _of("outages")
    meter = models.ForeignKey(Meter, models.PROTECT, related_name="outages")
    first = models.DateField(_("since"))
    last = models.DateField(_("last day without data"))
    repaired = models.DateField(_("back on"), null=True)
    days_down = models.PositiveIntegerField(_("days down"))
    working_days = models.PositiveIntegerField(_("working days"))
    deadline = models.DateField(_("repair by"))
    state = models.CharField(_("state"), max_length=13, choices=State.choices)
    #: A year in between was counted by weekends alone.
    calendar_known = models.BooleanField(default=False)
    filing_no = models.CharField(_("filing"), max_length=20, blank=True)
    #: Share of its readings that came on the last day it was down.
    completeness = _share()
    #: Connected on each of the days before: it broke on this one.
    fell = models.BooleanField(default=False)
    #: False once the days were judged again and it was none; kept for what people wrote on it.
    stands = models.BooleanField(default=True)
    confirmed_at = models.DateTimeField(_("repair confirmed"), null=True)
    confirmed_by = _by(_("confirmed by"), null=True)
    cause = models.CharField(_("what it was"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        ordering = ("-first", "meter")
        constraints = (
            models.UniqueConstraint(fields=("meter", "first"), name="quality_outage_once"),
        )
        indexes: ClassVar = [
            models.Index(
                fields=("state", "deadline"), condition=Q(stands=True), name="quality_outage_state"
            ),
            models.Index(
                fields=("first",), condition=Q(stands=True, fell=True), name="quality_outage_fell"
            ),
            models.Index(fields=("first",), condition=Q(stands=True), name="quality_outage_first"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.first}"

    @property
    def is_down(self) -> bool:
        """Tell whether nothing came since."""
        return self.repaired is None


class Filing(models.Model):
    """Days a point will not send, filed with the authority: excused once it is accepted."""

    class Kind(models.TextChoices):
        """Why."""

        FAULT = "fault", _("Fault being repaired")
        OVERHAUL = "overhaul", _("Overhaul")
        STOP = "stop", _("Taken out of use")
        CHANGE = "change", _("Removed or replaced")

    organisation = _of("outage_filings")
    number = models.CharField(_("filing number"), max_length=20, unique=True)
    kind = models.CharField(_("why"), max_length=8, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=9, default="filed", db_index=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("Left empty: until further notice")
    )
    reason = models.TextField(_("reason and measures"), max_length=1000)
    meters = models.ManyToManyField(Meter, related_name="outage_filings", verbose_name=_("points"))
    filed_by = _by(_("filed by"))
    filed_at = models.DateTimeField(_("filed"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted"), null=True)

    class Meta:
        verbose_name = _("outage filing")
        verbose_name_plural = _("outage filings")
        ordering = ("-filed_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="quality_filing_ends_after",
            ),
        )
        indexes: ClassVar = [models.Index(fields=("filed_at",), name="quality_filing_newest")]

    def __str__(self) -> str:
        return self.number


class Alert(models.Model):
    """Findings of one rule at one object that follow each other, and what people did about them."""

    class Level(models.IntegerChoices):
        """How bad, mildest first."""

        BLUE = 1, pgettext_lazy("alert", "Blue")
        YELLOW = 2, pgettext_lazy("alert", "Yellow")
        ORANGE = 3, pgettext_lazy("alert", "Orange")
        RED = 4, pgettext_lazy("alert", "Red")

    class Found(models.TextChoices):
        """What the judging says of it."""

        OPEN = "open", pgettext_lazy("alert", "lasts")
        CLOSED = "closed", pgettext_lazy("alert", "has ended")
        WITHDRAWN = "withdrawn", pgettext_lazy("alert", "no longer holds")

    key = models.CharField(max_length=16, unique=True)
    rule = models.CharField(max_length=30)
    object_key = models.CharField(max_length=64)
    object_name = models.CharField(max_length=140)
    kind = models.CharField(max_length=10)
    #: Empty for what belongs to no enterprise of the records; the city sees it.
    organisation = _of("alerts", null=True)
    meter = models.ForeignKey(Meter, models.PROTECT, null=True, related_name="alerts")
    level = models.PositiveSmallIntegerField(_("level of an alert"), choices=Level.choices)
    worst = models.PositiveSmallIntegerField(choices=Level.choices)
    value = models.FloatField()
    threshold = models.FloatField()
    first = models.DateField(_("since"))
    last = models.DateField(_("last found"))
    count = models.PositiveIntegerField(_("times"))
    found = models.CharField(max_length=9, choices=Found.choices)
    cause = models.CharField(max_length=16, blank=True)
    root = models.CharField(max_length=16)
    explains = models.PositiveIntegerField(default=0)
    #: No other alert explains it; nobody has finished with it. Both for the indexes.
    is_root = models.BooleanField(default=True)
    is_waiting = models.BooleanField(default=True)
    #: Days and what was found on each, as the engine made the alert of them.
    days = models.JSONField(default=list)
    #: Not finite numbers are text.
    values = models.JSONField(default=list)
    text_zh = models.CharField(max_length=400)
    text_en = models.CharField(max_length=600)
    state = models.CharField(_("state"), max_length=12, default="open")
    #: The work order: number, what is asked, by when.
    order_no = models.CharField(_("work order"), max_length=20, blank=True)
    due_on = models.DateField(_("to be done by"), null=True)
    again = models.PositiveSmallIntegerField(_("times it came again"), default=0)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ("-last", "-worst", "pk")
        indexes: ClassVar = [
            # A condition on truth values is one the planner can prove.
            models.Index(
                fields=("worst",),
                condition=Q(is_root=True, is_waiting=True),
                name="quality_alert_waiting",
            ),
            models.Index(fields=("state",), condition=Q(is_root=True), name="quality_alert_state"),
            models.Index(fields=("worst",), condition=Q(is_root=True), name="quality_alert_worst"),
            models.Index(
                fields=("state", "due_on"), condition=Q(is_waiting=True), name="quality_alert_due"
            ),
            models.Index(fields=("organisation", "state"), name="quality_alert_of"),
            models.Index(fields=("object_key", "last"), name="quality_alert_object"),
            models.Index(fields=("last",), name="quality_alert_last"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.object_name} {self.first}"

    @property
    def text(self) -> str:
        """Return what was found, in the language of the page."""
        return self.text_en if language() == "en" else self.text_zh


class Evidence(models.Model):
    """A file that proves a filing, a repair or an answer."""

    organisation = _of("quality_evidence")
    filing = models.ForeignKey(Filing, models.PROTECT, null=True, related_name="evidence")
    outage = models.ForeignKey(Outage, models.PROTECT, null=True, related_name="evidence")
    alert = models.ForeignKey(Alert, models.PROTECT, null=True, related_name="evidence")
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("digest"), max_length=64, db_index=True)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    entered_by = _by(_("entered by"))
    entered_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.file_name


class Step(models.Model):
    """A step of a filing, an outage or an alert; without a person it was the program."""

    organisation = _of("quality_steps", null=True)
    machine = models.CharField(max_length=10)
    thing = models.PositiveBigIntegerField()
    action = models.CharField(max_length=20)
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12)
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    by = _by(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ("-at", "-pk")
        indexes: ClassVar = [models.Index(fields=("machine", "thing"), name="quality_step_of")]

    def __str__(self) -> str:
        return f"{self.machine} {self.thing} {self.action}"


class Bulletin(models.Model):
    """The quality of a month as it was issued to those addressed; nothing in it changes again."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    month = models.CharField(_("month"), max_length=7)
    #: The county it is about; empty: the whole city.
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+")
    addressed = models.TextField(_("addressed to"), max_length=1000)
    copied = models.TextField(pgettext_lazy("bulletin", "copy to"), max_length=1000, blank=True)
    remark = models.TextField(pgettext_lazy("bulletin", "remarks"), max_length=2000, blank=True)
    #: How far the readings were judged, when, and up to which version of the store.
    judged_to = models.DateField(_("judged up to"))
    judged_at = models.DateTimeField(_("readings as known on"))
    version = models.BigIntegerField()
    #: Limit -> value and confidence, as they were in force.
    limits = models.JSONField(default=dict)
    #: Digest of its figures.
    sha256 = models.CharField(_("digest"), max_length=64)
    issuer = models.CharField(_("issued by"), max_length=120)
    issued_by = _by(_("issued by"))
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    #: An earlier one of the same month and place that this one stands for, and why.
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by")
    reason = models.CharField(_("why it is issued again"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("bulletin")
        verbose_name_plural = _("bulletins")
        ordering = ("-issued_at", "-pk")
        indexes: ClassVar = [models.Index(fields=("month", "place"), name="quality_bulletin_of")]

    def __str__(self) -> str:
        return self.number

    @property
    def about(self) -> str:
        """Return the county it is about, or that it is the city."""
        return str(self.place or _("The whole city"))


class BulletinLine(models.Model):
    """What a bulletin says of the city, a county or an enterprise."""

    bulletin = models.ForeignKey(Bulletin, models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=10, choices=MonthQuality.Kind.choices)
    organisation = _of("bulletin_lines", null=True)
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="+")
    #: The enterprise, as it was called then.
    name = models.CharField(max_length=200, blank=True)
    points = models.PositiveIntegerField(default=0)
    connectivity, completeness = _share(), _share()
    score = models.FloatField(_("score"), null=True)
    judged_weight = models.FloatField(default=0)
    outages, overdue = _count(), _count()
    #: Place among those of its kind in the bulletin, and of how many; null: not judged.
    rank = models.PositiveIntegerField(null=True)
    ranked = models.PositiveIntegerField(default=0)
    #: The month before, as known at the same moment.
    was_connectivity, was_completeness = _share(), _share()
    was_score = models.FloatField(null=True)
    was_overdue = models.PositiveBigIntegerField(null=True)
    was_rank = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("line of a bulletin")
        verbose_name_plural = _("lines of bulletins")
        ordering = ("bulletin", "kind", "rank", "pk")
        indexes: ClassVar = [
            models.Index(fields=("bulletin", "kind", "rank"), name="quality_line_of"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Return whose figures they are, in words."""
        if self.kind == MonthQuality.Kind.ENTERPRISE:
            return self.name
        return str(self.place or _("The whole city"))

    @property
    def risen(self) -> int | None:
        """Return by how many places it rose since the month before."""
        if self.rank is None or self.was_rank is None:
            return None
        return self.was_rank - self.rank

    @property
    def connectivity_gained(self) -> float | None:
        """Return the change of connectivity, a share."""
        return _gained(self.connectivity, self.was_connectivity)

    @property
    def completeness_gained(self) -> float | None:
        """Return the change of completeness, a share."""
        return _gained(self.completeness, self.was_completeness)

    @property
    def score_gained(self) -> float | None:
        """Return the change of the score, in points."""
        return _gained(self.score, self.was_score)


def _gained(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


class Told(models.Model):
    """What somebody told and may take back: nothing is edited, what is withdrawn stays."""

    created_by = _by(_("entered by"))
    created_at = models.DateTimeField(_("entered"), default=timezone.now)
    withdrawn_at = models.DateTimeField(pgettext_lazy("limit", "withdrawn"), null=True)
    withdrawn_by = _by(pgettext_lazy("limit", "withdrawn by"), null=True)
    withdrawn_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        abstract = True

    def withdraw(self, user: User, reason: str, at: datetime) -> None:
        """Take it back."""
        self.withdrawn_at, self.withdrawn_by = at, user
        self.withdrawn_reason = reason.strip()[:200]
        self.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])


class LimitChange(Told):
    """A limit the city set in place of the shipped one, from a month on.

    Another value is another row.
    """

    rule = models.CharField(_("limit"), max_length=30)
    value = models.FloatField(_("value"))
    #: First day of a month: no month is judged by two limits.
    valid_from = models.DateField(_("valid from"))
    document = models.CharField(_("document"), max_length=200)
    clause = models.CharField(_("clause"), max_length=80, blank=True)
    #: Whether somebody read the value in the document itself.
    checked = models.BooleanField(pgettext_lazy("limit", "read in the document"), default=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("changed limit")
        verbose_name_plural = _("changed limits")
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("rule", "valid_from"), condition=Q(withdrawn_at__isnull=True),
                name="quality_limit_once",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.rule} {self.valid_from}"

    @property
    def confidence(self) -> str:
        """Return how sure the value is, in the words of the engine."""
        return "confirmed" if self.checked else "single"


class ProductionChange(Told):
    """From when on an enterprise, or one process of it, produces or stands still.

    It holds until the next one.
    """

    organisation = _of("production_changes")
    #: None: the whole enterprise.
    unit = models.ForeignKey(
        ProcessUnit, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("process"),
    )  # fmt: skip
    since = models.DateTimeField(pgettext_lazy("production", "from"))
    producing = models.BooleanField(_("in production"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("production state")
        verbose_name_plural = _("production states")
        ordering = ("-since", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("organisation", "since"),
                condition=Q(withdrawn_at__isnull=True, unit__isnull=True),
                name="quality_production_once",
            ),
            models.UniqueConstraint(
                fields=("unit", "since"),
                condition=Q(withdrawn_at__isnull=True, unit__isnull=False),
                name="quality_production_of_unit_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.about} {timezone.localtime(self.since):%Y-%m-%d %H:%M} {self.state}"

    @property
    def about(self) -> str:
        """Return what produces or stands still."""
        return str(self.unit) if self.unit_id else self.organisation.name

    @property
    def state(self) -> str:
        """Return the state in words."""
        return str(PRODUCTION[self.producing])


#: Whether something produces -> words.
PRODUCTION: dict[bool, Promise] = {
    True: pgettext_lazy("production", "In production"),
    False: pgettext_lazy("production", "Standing still"),
}
#: Level of the engine -> ours.
LEVELS = {name.lower(): value for name, value in Alert.Level.__members__.items()}
#: Level -> kind of its pill.
LEVEL_KINDS = {1: "note", 2: "late", 3: "late", 4: "bad"}
#: State of an outage -> kind of its pill.
OUTAGE_KINDS: dict[str, str] = {
    "open": "late", "overdue": "bad", "filed": "note", "repaired": "good", "repaired_late": "muted",
}  # fmt: skip
#: Class of a day on the heat map -> words.
HEAT: dict[str, Promise] = {
    "full": pgettext_lazy("day", "all came"),
    "connected": pgettext_lazy("day", "connected"),
    "weak": pgettext_lazy("day", "half or more"),
    "broken": pgettext_lazy("day", "less than half"),
    "silent": pgettext_lazy("day", "nothing came"),
    "not_due": pgettext_lazy("day", "nothing due"),
}
