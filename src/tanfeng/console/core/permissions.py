"""Who sees which upload, job, event and account; the policy in words is in ``rights``."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet

from tanfeng.console.core import rights
from tanfeng.console.core.models import (
    AuditEvent,
    Batch,
    Duty,
    Job,
    OpenSession,
    RecoveryCode,
    Role,
    Subject,
    User,
)

#: States in which a file's rows are, or were, part of the registers.
OPENED = (Batch.Status.COMMITTED, Batch.Status.UNDONE)
#: Events a person may read about the own account.
SIGN_INS = (
    "sign-in", "sign-in.failed", "sign-in.code-failed", "sign-in.sso-failed", "sign-in.locked",
    "sign-out",
)  # fmt: skip
_OFFICERS = (Role.CITY, Role.COUNTY)


def has_scope(user: User) -> bool:
    """Tell whether the account carries the scope its role needs."""
    needed: dict[str, str] = {
        Role.COUNTY: user.place_code,
        Role.PARK: user.park_code,
        Role.ENTERPRISE: user.org_code,
    }
    return bool(needed.get(user.role, True))


def _batches(user: User) -> Q:
    if not has_scope(user):
        return rights.NOTHING
    codes = rights.visible_codes(user)
    if codes is None:
        return rights.EVERYTHING
    # A range of one value: where nearly all files are of one office, SQLite's statistics hold
    # equality to find them all, and every file would be read instead of an index.
    own_office = Q(scope__range=(user.scope_key, user.scope_key))
    of_one = Q(org_code__in=codes, status__in=OPENED)
    subjects = Subject.objects.filter(batch=OuterRef("pk"))
    foreign = subjects.exclude(org_code__in=codes)
    # In this order: few files speak of several, and only of those is each enterprise looked up.
    of_many = Q(org_code="", status__in=OPENED) & Q(Exists(subjects), ~Q(Exists(foreign)))
    return own_office | of_one | of_many


def _jobs(user: User) -> Q:
    if user.role == Role.CITY or rights.holds(user, Duty.SYSTEM):
        return rights.EVERYTHING
    return Q(user=user, scope=user.scope_key)


def _events(user: User) -> Q:
    if user.role == Role.CITY or rights.holds(user, Duty.AUDIT):
        return rights.EVERYTHING
    own = Q(username=user.username, action__in=SIGN_INS)
    if user.role == Role.COUNTY and user.place_code:
        return own | Q(place_code=user.place_code)
    return own


def _accounts(user: User) -> Q:
    return rights.EVERYTHING if rights.holds(user, Duty.SECURITY) else Q(pk=user.pk)


def _own(user: User) -> Q:
    return Q(user=user)


def _may_handle(user: User, batch: Batch | None) -> bool:
    """Correct, confirm or discard: the city or the uploader's own office."""
    if user.role == Role.CITY:
        return True
    if user.role not in (Role.COUNTY, Role.ENTERPRISE):
        return False
    return batch is None or batch.scope == user.scope_key


def awaiting(user: User) -> QuerySet[Batch]:
    """Return the uploads that wait for this person: those it may correct and confirm."""
    rows = Batch.objects.filter(status=Batch.Status.PREVIEW, book=None)
    if not user.is_active or not _may_handle(user, None) or not has_scope(user):
        return rows.none()
    return rows if user.role == Role.CITY else rows.filter(scope=user.scope_key)


def _may_undo(user: User, batch: Batch | None) -> bool:
    return user.role in _OFFICERS or _may_handle(user, batch)


def _may_cancel(user: User, job: Job | None) -> bool:
    return _owns(user, job) or rights.holds(user, Duty.SYSTEM)


def _owns(user: User, job: Job | None) -> bool:
    return job is None or job.user_id == user.pk or user.role == Role.CITY


def _may_download(user: User, job: Job | None) -> bool:
    """Owner and city may, while every enterprise the file may speak of is in scope."""
    if job is None or not _owns(user, job):
        return job is None
    codes = rights.visible_codes(user)
    if codes is None:
        return True
    return job.codes is not None and set(job.codes) <= {code for (code,) in codes}


def _holds(duty: Duty) -> rights.Test:
    return lambda user, _thing: rights.holds(user, duty)


def register() -> None:
    """Declare the rules of the kernel."""
    rights.register(
        Batch,
        _batches,
        change=_may_handle,
        commit=_may_handle,
        undo=_may_undo,
    )
    rights.register(
        Job,
        _jobs,
        cancel=_may_cancel,
        download=_may_download,
        traceback=_holds(Duty.SYSTEM),
    )
    rights.register(AuditEvent, _events)
    rights.register(User, _accounts, change=_holds(Duty.SECURITY))
    rights.register(OpenSession, _own)
    rights.register_action("audit.read", Role.CITY, Role.COUNTY, Role.ADMIN, duty=Duty.AUDIT)
    rights.register_action("audit.verify", Role.CITY, Role.ADMIN, duty=Duty.AUDIT)
    rights.register_action("accounts.manage", Role.ADMIN, duty=Duty.SECURITY)
    rights.register_action("import.upload", Role.CITY, Role.COUNTY, Role.ENTERPRISE)
    rights.register_internal(Subject, "the enterprises of an upload, read through the upload")
    rights.register_internal(RecoveryCode, "digests of codes that were shown once")
    for kept in (Session, ContentType, Permission, Group):
        rights.register_internal(kept, "kept by Django; roles replace its groups")
    for model in apps.get_app_config("axes").get_models():
        rights.register_internal(model, "counts failed sign-ins; the audit log tells of them")
