"""Users with their scope, the audit chain, background jobs and uploaded batches."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from tanfeng.errors import ModelError


class Role(models.TextChoices):
    """Kinds of user. What each may do is written in ``rights.py`` and nowhere else."""

    CITY = "city", _("City bureau")
    COUNTY = "county", _("County officer")
    PARK = "park", _("Park operator")
    ENTERPRISE = "enterprise", _("Enterprise")
    VERIFIER = "verifier", _("Verifier")
    ADMIN = "admin", _("Administrator")


class Duty(models.TextChoices):
    """Parts of an administrator's work that can be given to different persons."""

    SYSTEM = "system", _("System: jobs and operation")
    SECURITY = "security", _("Security: accounts and rights")
    AUDIT = "audit", _("Audit: reads the log")


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
    #: Set when somebody else chose the password; every page then leads to the change of it.
    must_change_password = models.BooleanField(_("must change the password"), default=False)
    #: An administrator's part; empty for all of them, or none where duties must be separate.
    duty = models.CharField(_("duty"), max_length=8, choices=Duty.choices, blank=True)
    #: What the sign-on provider calls this person; empty for who signs in with a password alone.
    sso_name = models.CharField(_("name at single sign-on"), max_length=150, blank=True)
    #: Shared secret of the second factor, encrypted; empty when there is none.
    totp_secret = models.CharField(max_length=200, blank=True, editable=False)
    #: Newest time step a code was taken for: a code counts once.
    totp_step = models.BigIntegerField(default=0, editable=False)
    #: Wrong codes since the last right one, from any address, and when the last one came.
    totp_failures = models.PositiveIntegerField(default=0, editable=False)
    totp_failed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("username",)
        constraints = (
            models.UniqueConstraint(
                fields=("sso_name",),
                condition=~models.Q(sso_name=""),
                name="sso_name_once",
                violation_error_message=_("Another account has this name at single sign-on."),
            ),
        )

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def scope_key(self) -> str:
        """Role and scope as one text: colleagues with the same one share uploads.

        What a person made under another scope stays behind when the scope changes. A verifier's
        scope is a list of assignments of one person, so verifiers share nothing.
        """
        codes: dict[str, str] = {
            Role.COUNTY: self.place_code,
            Role.PARK: self.park_code,
            Role.ENTERPRISE: self.org_code,
            Role.VERIFIER: str(self.pk),
        }
        return f"{self.role}:{codes.get(self.role, '')}"


class RecoveryCode(models.Model):
    """A code that stands in for the second factor once; only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_once"),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.pk}"


class OpenSession(models.Model):
    """A session somebody is signed in with: from where, since when, and last seen when."""

    session_key = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="open_sessions")
    address = models.CharField(_("network address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("signed in"), db_index=True)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("open session")
        verbose_name_plural = _("open sessions")
        ordering = ("-seen_at", "pk")

    def __str__(self) -> str:
        return f"{self.user} {self.address}"


class AppendOnly(models.QuerySet["AuditEvent"]):
    """Rows that can be added and read and nothing else."""

    def update(self, **_values: object) -> int:
        """Refuse."""
        raise ModelError("audit events are append-only: they cannot be changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise ModelError("audit events are append-only: they cannot be deleted")


class AuditEvent(models.Model):
    """One link of the append-only chain: who did what to which object, from where.

    ``hash`` covers the event and the hash before it; ``core.audit`` writes and verifies the
    chain, database triggers refuse to change or delete a row.
    """

    at = models.DateTimeField(_("time"), db_index=True)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    username = models.CharField(_("account"), max_length=150, blank=True, db_index=True)
    role = models.CharField(_("role"), max_length=12, blank=True)
    address = models.CharField(_("network address"), max_length=45, blank=True)
    action = models.CharField(_("action"), max_length=40, db_index=True)
    object_type = models.CharField(_("object type"), max_length=40, blank=True)
    object_id = models.CharField(_("object"), max_length=64, blank=True)
    object_label = models.CharField(_("object name"), max_length=200, blank=True)
    place_code = models.CharField(_("county code"), max_length=6, blank=True, db_index=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.username} {self.action} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the event; an event that is already stored is refused."""
        if not self._state.adding:
            raise ModelError("audit events are append-only: they cannot be changed")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise ModelError("audit events are append-only: they cannot be deleted")


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
    #: ``User.scope_key`` at the start: a result is not shown to a person whose scope moved on.
    scope = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.QUEUED
    )
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    message = models.CharField(_("message"), max_length=300, blank=True)
    arguments = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    #: Path below ``settings.RESULTS`` and the name the file is handed out under.
    result_file = models.CharField(max_length=300, blank=True)
    result_name = models.CharField(max_length=200, blank=True)
    #: Credit codes the result file may speak of: those in the person's scope when it was made,
    #: None for every one. Whoever sees fewer by now is not handed the file any more.
    codes = models.JSONField(null=True, default=None, editable=False)
    #: What went wrong in words for everybody; the traceback is for administrators.
    error = models.TextField(_("error"), blank=True)
    traceback = models.TextField(blank=True)
    #: Process that does the work; a job whose process is gone has failed.
    worker = models.CharField(max_length=32, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("created_at", "id")),
            models.Index(fields=("status", "created_at", "id")),
            models.Index(fields=("kind", "created_at")),
        )

    def __str__(self) -> str:
        return self.title


class Batch(models.Model):
    """An uploaded form on its way into the registers, and the handle to take it out again."""

    class Status(models.TextChoices):
        """Where the file stands."""

        CHECKING = "checking", _("Being checked")
        REFUSED = "refused", _("Refused")
        DISCARDED = "discarded", _("Discarded")
        PREVIEW = "preview", _("Awaiting confirmation")
        COMMITTED = "committed", _("Committed")
        UNDONE = "undone", _("Undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_key = models.CharField(_("form"), max_length=40, blank=True)
    file_name = models.CharField(_("file"), max_length=200)
    #: Name of the stored file; empty when a program handed over rows and no file.
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    size_bytes = models.PositiveBigIntegerField(_("size"))
    sheet = models.CharField(_("worksheet"), max_length=100, blank=True)
    #: The file's own batch, for one of its several sheets; None for a file and for rows of a
    #: program. The sheets of a file are confirmed and taken back together.
    book = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="sheets",
        editable=False,
        db_index=False,  # nearly every row has none: the indexes below leave the sheets apart
    )
    #: Place of the sheet in its book, counted from 1; 0 for a file of one sheet.
    sheet_no = models.PositiveSmallIntegerField(default=0, editable=False)
    #: Column letter -> field key, as answered by the person where the headings did not say.
    mapping = models.JSONField(default=dict, blank=True)
    #: What the person said where the file did not: ``credit_code``, ``period``.
    answers = models.JSONField(default=dict, blank=True)
    #: Field key -> column letter of the file, so that a record's cell can be named for ever.
    columns = models.JSONField(default=dict, blank=True)
    #: Corrections accepted on the preview page, oldest first: cell, original value, value,
    #: rule, who and when. The uploaded file itself is never changed.
    fixes = models.JSONField(default=list, blank=True)
    #: Errors kept some rows out and the person said to take the others.
    good_rows_only = models.BooleanField(default=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PREVIEW
    )
    rows_read = models.PositiveIntegerField(_("rows"), default=0)
    rows_good = models.PositiveIntegerField(_("good rows"), default=0)
    errors = models.PositiveIntegerField(_("errors"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    infos = models.PositiveIntegerField(_("notes"), default=0)
    #: The gravest problems (``imports.KEPT_PROBLEMS`` at most) as dictionaries with the fields of
    #: ``tanfeng.errors.Problem``; the counts above are complete, and so is the marked file.
    problems = models.JSONField(default=list, blank=True)
    #: What the commit did: counts of added, replaced and unchanged records.
    outcome = models.JSONField(default=dict, blank=True)
    uploaded_by = models.ForeignKey(
        User, models.PROTECT, related_name="batches", verbose_name=_("uploaded by")
    )
    #: The enterprise, when the file speaks of one alone: nearly every file does, and a list of a
    #: hundred thousand is searched by it.
    org_code = models.CharField(max_length=18, blank=True)
    #: ``User.scope_key`` of the uploader at the time.
    scope = models.CharField(max_length=40, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    committed_at = models.DateTimeField(_("committed"), null=True, blank=True)
    committed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    is_demo = models.BooleanField(_("demonstration data"), default=False)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ("-uploaded_at",)
        indexes = (
            # Lists show files, never the sheets of one.
            models.Index(
                fields=("uploaded_at", "id"), condition=models.Q(book=None), name="batch_files"
            ),
            models.Index(
                fields=("status", "uploaded_at", "id"),
                condition=models.Q(book=None),
                name="batch_files_by_status",
            ),
            # What an office sees is its own files and those of its enterprises: SQLite takes both
            # indexes and joins what they find, which it does with whole indexes only. They hold
            # all a list is counted and sorted by, so no row is read for that.
            models.Index(
                fields=("scope", "book", "status", "uploaded_at", "id"), name="batch_of_office"
            ),
            models.Index(
                fields=("org_code", "status", "book", "uploaded_at", "id"), name="batch_of_org"
            ),
            # Files of a whole city are counted from an index, and this one is the shortest.
            models.Index(fields=("sheet_no", "book"), name="batch_counted"),
            models.Index(
                fields=("book", "sheet_no"),
                condition=models.Q(book__isnull=False),
                name="batch_sheets",
            ),
            # Every page asks whether there is any demonstration data.
            models.Index(
                fields=("is_demo",), condition=models.Q(is_demo=True), name="batch_of_the_demo"
            ),
        )

    def __str__(self) -> str:
        return self.file_name


class Subject(models.Model):
    """An enterprise a batch speaks of, by code: it need not be registered (yet).

    A batch is shown to people outside the uploader's own office only when every enterprise it
    speaks of lies in their scope.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="subjects")
    org_code = models.CharField(max_length=18)

    class Meta:
        verbose_name = _("enterprise of an upload")
        verbose_name_plural = _("enterprises of uploads")
        ordering = ("batch", "org_code")
        constraints = (models.UniqueConstraint(fields=("batch", "org_code"), name="subject_once"),)

    def __str__(self) -> str:
        return self.org_code


K = TypeVar("K", bound="KnownRecord", covariant=True)


class KnownQuerySet(models.QuerySet[K]):
    """Rows by the time they were known."""

    def current(self) -> Self:
        """Return what holds now."""
        return self.filter(known_to__isnull=True)

    def as_known_on(self, moment: object) -> Self:
        """Return what was held to be true at ``moment``."""
        return self.filter(known_from__lte=moment).filter(
            models.Q(known_to__isnull=True) | models.Q(known_to__gt=moment)
        )


class KnownRecord(models.Model):
    """A reported fact with two times: the period it speaks of and when it became known.

    A correction closes the old row (``known_to``, ``closed_by``) and adds a new one; nothing is
    overwritten.
    """

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")
    source_row = models.PositiveIntegerField(_("row in the file"))
    known_from = models.DateTimeField(_("known from"), db_index=True)
    known_to = models.DateTimeField(_("known until"), null=True, blank=True, db_index=True)
    closed_by = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    objects: ClassVar = KnownQuerySet.as_manager()

    class Meta:
        abstract = True
