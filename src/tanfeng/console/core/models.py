"""Users with their scope, the audit chain, background jobs and uploaded batches."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Kinds of user. What each may do is written in ``rights.py`` and nowhere else."""

    CITY = "city", _("City bureau")
    COUNTY = "county", _("County officer")
    PARK = "park", _("Park operator")
    ENTERPRISE = "enterprise", _("Enterprise")
    VERIFIER = "verifier", _("Verifier")
    ADMIN = "admin", _("Administrator")


class User(AbstractUser):
    """A person with one role and the scope it holds for.

    The scope is stored as codes, not foreign keys, so that the kernel knows nothing of the
    registers above it.
    """

    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.ENTERPRISE)
    place_code = models.CharField(_("county code"), max_length=6, blank=True)
    park_code = models.CharField(_("park code"), max_length=20, blank=True)
    org_code = models.CharField(_("credit code"), max_length=18, blank=True)
    department = models.CharField(_("department"), max_length=80, blank=True)
    display_name = models.CharField(_("name shown"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username",)

    def __str__(self) -> str:
        return self.display_name or self.username


class AuditEvent(models.Model):
    """One link of the append-only chain: who did what to which object, from where.

    ``hash`` covers the event and the hash before it; ``core.audit`` writes and verifies the
    chain, database triggers refuse to change or delete a row.
    """

    at = models.DateTimeField(_("time"), db_index=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    username = models.CharField(_("account"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=12, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    action = models.CharField(_("action"), max_length=40, db_index=True)
    object_type = models.CharField(_("object type"), max_length=40, blank=True)
    object_id = models.CharField(_("object"), max_length=64, blank=True)
    object_label = models.CharField(_("object name"), max_length=200, blank=True)
    place_code = models.CharField(_("county code"), max_length=6, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.username} {self.action} {self.object_label}"


class Job(models.Model):
    """A piece of work in the background: progress, result and the wish to stop it."""

    class Status(models.TextChoices):
        """Where the work stands."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    user = models.ForeignKey(
        User, models.PROTECT, related_name="jobs", verbose_name=_("started by")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.QUEUED, db_index=True
    )
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    message = models.CharField(_("message"), max_length=300, blank=True)
    arguments = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    result_file = models.CharField(max_length=300, blank=True)
    error = models.TextField(_("error"), blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title


class Batch(models.Model):
    """An uploaded form on its way into the registers, and the handle to take it out again."""

    class Status(models.TextChoices):
        """Where the file stands."""

        REFUSED = "refused", _("Refused")
        PREVIEW = "preview", _("Awaiting confirmation")
        COMMITTED = "committed", _("Committed")
        UNDONE = "undone", _("Undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_key = models.CharField(_("form"), max_length=40, blank=True)
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64, db_index=True)
    size_bytes = models.PositiveBigIntegerField(_("size"))
    sheet = models.CharField(_("worksheet"), max_length=100, blank=True)
    #: Column letter -> field key, as answered by the person where the headings did not say.
    mapping = models.JSONField(default=dict, blank=True)
    #: Field key -> column letter of the file, so that a record's cell can be named for ever.
    columns = models.JSONField(default=dict, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PREVIEW, db_index=True
    )
    rows_read = models.PositiveIntegerField(_("rows"), default=0)
    rows_good = models.PositiveIntegerField(_("good rows"), default=0)
    errors = models.PositiveIntegerField(_("errors"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    #: Every problem found, as dictionaries with the fields of ``tanfeng.errors.Problem``.
    problems = models.JSONField(default=list, blank=True)
    #: What the commit did: counts of added, replaced and unchanged records.
    outcome = models.JSONField(default=dict, blank=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="batches")
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True, db_index=True)
    committed_at = models.DateTimeField(_("committed"), null=True, blank=True)
    committed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    is_demo = models.BooleanField(_("demonstration data"), default=False)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ("-uploaded_at",)

    def __str__(self) -> str:
        return self.file_name


class KnownQuerySet(models.QuerySet["KnownRecord"]):
    """Rows by the time they were known."""

    def current(self) -> KnownQuerySet:
        """Return what holds now."""
        return self.filter(known_to__isnull=True)

    def as_known_on(self, moment: object) -> KnownQuerySet:
        """Return what was held to be true at ``moment``."""
        return self.filter(known_from__lte=moment).filter(
            models.Q(known_to__isnull=True) | models.Q(known_to__gt=moment)
        )


class KnownRecord(models.Model):
    """A reported fact with two times: the period it speaks of and when it became known.

    A correction closes the old row (``known_to``) and adds a new one; nothing is overwritten.
    """

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")
    source_row = models.PositiveIntegerField(_("row in the file"))
    known_from = models.DateTimeField(_("known from"), db_index=True)
    known_to = models.DateTimeField(_("known until"), null=True, blank=True, db_index=True)

    objects: ClassVar = KnownQuerySet.as_manager()

    class Meta:
        abstract = True
