"""Records of measurement, reporting and verification of an enterprise's carbon data (C09).

Nothing is overwritten: a changed plan is a new version, a corrected month closes the row before
and adds one, and every step of a workflow is a :class:`Step` with who and when.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.accounting.models import Run
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import KnownRecord, User
from tanfeng.console.registers.mrv import tables

#: States of a finding that still want something.
OPEN = ("open", "answered", "returned")


class EmissionReport(models.Model):
    """An enterprise's carbon year: what is filed for it, and in the end the yearly report."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="emission_reports")
    year = models.PositiveSmallIntegerField(_("year"))
    method_key = models.CharField(_("accounting method"), max_length=60, blank=True)
    boundary = models.CharField(_("boundary"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=12, default="open", db_index=True)
    run = models.ForeignKey(Run, models.PROTECT, null=True, blank=True, related_name="+")
    #: What the enterprise states, never computed here; empty is not zero. [tCO2e]
    total_tco2e = models.FloatField(_("emission as filed"), null=True, blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("carbon year")
        verbose_name_plural = _("carbon years")
        ordering = ("-year", "organisation")
        constraints = (
            models.UniqueConstraint(fields=("organisation", "year"), name="emission_report_once"),
        )
        indexes: ClassVar = [models.Index(fields=("-year", "id"), name="emission_report_newest")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}"


class Tally(models.Model):
    """What the lists show of a carbon year, kept so that no list has to look it up.

    Derived, by ``tallies`` alone: a write marks it, and it is counted anew once the write stands.
    """

    report = models.OneToOneField(
        EmissionReport, models.CASCADE, primary_key=True, related_name="tally"
    )
    #: As in the report, so that what an officer sees is summed by one index.
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    #: Digest of the tables it was counted by, empty: something it is made of has changed.
    basis = models.CharField(max_length=16, blank=True, db_index=True)
    #: Names of the enterprise documents were compared with.
    names = models.TextField(blank=True)
    has_plan = models.BooleanField(default=False)
    visited = models.BooleanField(default=False)
    filed = models.PositiveSmallIntegerField(_("months filed"), default=0)
    to_review = models.PositiveIntegerField(default=0)
    unreviewed = models.PositiveIntegerField(_("values to review"), default=0)
    open_findings = models.PositiveIntegerField(_("open findings"), default=0)
    #: Rule of the automatic checks -> findings, months that are missing apart.
    counts = models.JSONField(default=dict)
    #: Day a month is due -> values not filed for it.
    awaited = models.JSONField(default=dict)
    #: Findings that are there only because another enterprise handed the same file in.
    shared = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(_("automatic checks"), default=0)
    score = models.FloatField(_("risk score"), default=0.0)
    #: The last day ``found`` and ``score`` hold; none when nothing more falls due.
    good_until = models.DateField(null=True, db_index=True)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        indexes: ClassVar = [
            models.Index(fields=("organisation", "to_review"), name="tally_to_review_of"),
            models.Index(fields=("to_review",), name="tally_to_review"),
        ]

    def __str__(self) -> str:
        return f"{self.report} {self.found}"


class QualityPlan(models.Model):
    """A version of the data-quality control plan (数据质量控制方案)."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="quality_plans")
    version = models.PositiveSmallIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=12, default="draft", db_index=True)
    valid_from = models.DateField(_("in effect from"))
    valid_to = models.DateField(_("in effect until"), null=True, blank=True)
    reason = models.CharField(_("why it was changed"), max_length=300, blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("data-quality plan")
        verbose_name_plural = _("data-quality plans")
        ordering = ("organisation", "-version")
        constraints = (
            models.UniqueConstraint(fields=("organisation", "version"), name="plan_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.organisation} V{self.version}"


class PlanItem(models.Model):
    """How one parameter is found: source, meter, how often, by whom, what replaces a gap."""

    class Frequency(models.TextChoices):
        """How often it is measured."""

        CONTINUOUS = "continuous", _("continuously")
        DAILY = "daily", _("daily")
        BATCH = "batch", _("each batch")
        MONTHLY = "monthly", _("monthly")

    plan = models.ForeignKey(QualityPlan, models.CASCADE, related_name="items")
    parameter = models.CharField(_("parameter"), max_length=40)
    #: What it is called where the list of parameters has no name for it.
    own_name = models.CharField(_("name of another parameter"), max_length=60, blank=True)
    unit = models.CharField(_("unit"), max_length=20)
    source = models.CharField(_("source of the data"), max_length=120)
    meter = models.CharField(_("meter or instrument"), max_length=120, blank=True)
    frequency = models.CharField(
        _("frequency"), max_length=12, choices=Frequency.choices, default=Frequency.MONTHLY
    )
    post = models.CharField(_("responsible post"), max_length=80)
    lab_wanted = models.BooleanField(_("accredited laboratory wanted"), default=False)
    substitute = models.CharField(_("what replaces missing data"), max_length=200)
    low = models.FloatField(_("lowest plausible value"), null=True, blank=True)
    high = models.FloatField(_("highest plausible value"), null=True, blank=True)

    class Meta:
        verbose_name = _("parameter of a plan")
        verbose_name_plural = _("parameters of a plan")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("plan", "parameter"), name="plan_parameter_once"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the name of the parameter in the language of the page."""
        return self.own_name or tables.parameter_name(self.parameter)


class MonthlyFiling(KnownRecord):
    """The value of one parameter in one month as the enterprise filed it (月度存证)."""

    # Typed in by a person, it came with no file.
    batch: Any = models.ForeignKey(
        "core.Batch", models.PROTECT, null=True, blank=True, related_name="+"
    )
    source_row: Any = models.PositiveIntegerField(_("row in the file"), null=True, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="monthly_filings")
    report = models.ForeignKey(EmissionReport, models.PROTECT, related_name="filings")
    month = models.PositiveSmallIntegerField(_("month"))
    parameter = models.CharField(_("parameter"), max_length=40)
    value = models.FloatField(_("value"))
    unit = models.CharField(_("unit"), max_length=20)
    sampled_on = models.DateField(_("sampled on"), null=True, blank=True)
    tested_on = models.DateField(_("tested on"), null=True, blank=True)
    laboratory = models.CharField(_("laboratory"), max_length=120, blank=True)
    accredited = models.BooleanField(_("laboratory accredited"), null=True, blank=True)
    invoice_value = models.FloatField(_("value by invoice"), null=True, blank=True)
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=12, default="entered")
    #: When the month was filed first: a correction does not make it late.
    first_filed_at = models.DateTimeField(_("filed"))
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )

    class Meta:
        verbose_name = _("monthly filing")
        verbose_name_plural = _("monthly filings")
        ordering = ("report", "month", "parameter", "known_from")
        constraints = (
            models.UniqueConstraint(
                fields=("report", "month", "parameter"),
                condition=models.Q(known_to__isnull=True),
                name="monthly_filing_current_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.organisation} {self.report.year}-{self.month:02d} {self.parameter}"


class SpotCheck(models.Model):
    """A visit of the city to an enterprise, with the reasons it was chosen for."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="spot_checks")
    report = models.ForeignKey(EmissionReport, models.PROTECT, related_name="checks")
    state = models.CharField(_("state"), max_length=12, default="planned", db_index=True)
    #: Rule -> [count, points] on the day of the selection, and their sum.
    reasons = models.JSONField(default=dict)
    score = models.FloatField(_("risk score"))
    team = models.CharField(_("team"), max_length=120, blank=True)
    planned_on = models.DateField(_("planned for"))
    visited_on = models.DateField(_("visited on"), null=True, blank=True)
    present = models.CharField(_("present for the enterprise"), max_length=120, blank=True)
    summary = models.TextField(_("result"), max_length=2000, blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)

    class Meta:
        verbose_name = _("spot check")
        verbose_name_plural = _("spot checks")
        ordering = ("-planned_on", "pk")

    def __str__(self) -> str:
        return f"{self.organisation} {self.planned_on}"


class CheckAnswer(models.Model):
    """One point of the checklist as found on the spot."""

    class Result(models.TextChoices):
        """What was found."""

        FINE = "fine", _("in order")
        WRONG = "wrong", _("not in order")
        NONE = "none", _("does not apply")

    check_of = models.ForeignKey(SpotCheck, models.CASCADE, related_name="answers")
    item = models.CharField(_("point"), max_length=20)
    result = models.CharField(_("found"), max_length=6, choices=Result.choices)
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("answer of the checklist")
        verbose_name_plural = _("answers of the checklist")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("check_of", "item"), name="check_answer_once"),
        )

    def __str__(self) -> str:
        return f"{self.check_of} {self.item}"


class Finding(models.Model):
    """Something that is wrong and has to be put right by a day."""

    class Severity(models.TextChoices):
        """How bad it is."""

        MINOR = "minor", _("minor")
        MAJOR = "major", _("major")
        GRAVE = "grave", _("grave")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="mrv_findings")
    report = models.ForeignKey(EmissionReport, models.PROTECT, related_name="findings")
    check_of = models.ForeignKey(
        SpotCheck, models.PROTECT, null=True, blank=True, related_name="findings"
    )
    state = models.CharField(_("state"), max_length=12, default="open", db_index=True)
    severity = models.CharField(
        _("severity"), max_length=6, choices=Severity.choices, default=Severity.MAJOR
    )
    place = models.CharField(_("where it was found"), max_length=160)
    text = models.TextField(_("what was found"), max_length=1000)
    #: As the person who raises it writes it; nothing is filled in by the program.
    clause = models.CharField(_("document and clause"), max_length=200, blank=True)
    #: Number of the automatic check it came from.
    rule = models.CharField(max_length=4, blank=True)
    due_on = models.DateField(_("to be corrected by"))
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("raised"), default=timezone.now)

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ("due_on", "pk")

    def __str__(self) -> str:
        return f"{self.organisation} {self.place}"


class Correction(models.Model):
    """The enterprise's answer to a finding, and what was decided about it."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="mrv_corrections")
    finding = models.ForeignKey(Finding, models.PROTECT, related_name="corrections")
    answer = models.TextField(_("what was done about it"), max_length=2000)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("answered"), default=timezone.now)
    accepted = models.BooleanField(_("accepted"), null=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    remark = models.CharField(_("remark"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = pgettext_lazy("findings", "corrections")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.finding} {self.entered_at:%Y-%m-%d}"


class Evidence(models.Model):
    """A file with its digest, what it proves and whose name stands on it."""

    class Kind(models.TextChoices):
        """What sort of document it is."""

        LAB = "lab", _("laboratory sheet")
        INVOICE = "invoice", _("invoice or settlement")
        LEDGER = "ledger", _("meter ledger")
        PHOTO = "photo", _("photograph")
        REPORT = "report", _("report")
        OTHER = "other", _("other document")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="mrv_evidence")
    report = models.ForeignKey(EmissionReport, models.PROTECT, related_name="evidence")
    filing = models.ForeignKey(
        MonthlyFiling, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    check_of = models.ForeignKey(
        SpotCheck, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    finding = models.ForeignKey(
        Finding, models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    kind = models.CharField(_("kind of document"), max_length=8, choices=Kind.choices)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("digest"), max_length=64, db_index=True)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    period_from = models.DateField(_("covers from"), null=True, blank=True)
    period_to = models.DateField(_("covers until"), null=True, blank=True)
    #: Name and code printed on the document, as the uploader reads them.
    stated_name = models.CharField(_("enterprise named on it"), max_length=120, blank=True)
    stated_code = models.CharField(_("credit code on it"), max_length=18, blank=True)
    entered_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    entered_at = models.DateTimeField(_("uploaded"), default=timezone.now)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.file_name


class Step(models.Model):
    """A step of one of the workflows: what became what, by whom, when, and what was said."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="mrv_steps")
    report = models.ForeignKey(
        EmissionReport, models.PROTECT, null=True, blank=True, related_name="steps"
    )
    machine = models.CharField(max_length=10)
    thing = models.PositiveBigIntegerField()
    action = models.CharField(max_length=20)
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12)
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ("-at", "-pk")
        indexes: ClassVar = [models.Index(fields=("machine", "thing"), name="mrv_step_of")]

    def __str__(self) -> str:
        return f"{self.machine} {self.thing} {self.action}"
