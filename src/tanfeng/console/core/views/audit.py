"""The audit log: filter, export, verify the chain. There is no page to change it."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tanfeng.console.core import audit_words as words
from tanfeng.console.core import jobs, rights, scopes
from tanfeng.console.core.background import VERIFY
from tanfeng.console.core.forms import AuditFilter
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import AuditEvent, Job, User

#: A SHA-256 is recognised by its first digits.
_DIGEST = re.compile(r"[0-9a-f]{64}")

COLUMNS = (
    Column("id", gettext_lazy("No."), sort="id"),
    Column("at", gettext_lazy("time"), sort="id"),
    Column("username", gettext_lazy("account"), sort="username"),
    Column("role", gettext_lazy("role")),
    Column("address", gettext_lazy("network address")),
    Column("action", gettext_lazy("action"), sort="action"),
    Column("done", gettext_lazy("what was done"), value=lambda event: words.action(event.action)),
    Column("object_label", gettext_lazy("object")),
    Column("object_type", gettext_lazy("object type")),
    Column("object_id", gettext_lazy("object no.")),
    Column(
        "place_code",
        gettext_lazy("county"),
        value=lambda event: scopes.name_of("place_code", event.place_code) or event.place_code,
    ),
    Column("detail", gettext_lazy("detail"), value=lambda event: words.facts(event.detail)),
    Column("hash", gettext_lazy("hash")),
)


def audit_log(request: HttpRequest) -> HttpResponse:
    """List the events the person may read, newest first."""
    rights.require(request.user, "audit.read")
    form = AuditFilter(request.GET)
    rows = rights.visible(request.user, AuditEvent)
    rows = _filtered(rows, form.cleaned_data) if form.is_valid() else rows
    listing = Listing(
        request,
        rows,
        name="audit",
        title=_("Audit log"),
        columns=COLUMNS,
        default_sort="-id",
    )
    if listing.wants_export:
        return listing.export()
    names = dict(scopes.choices("place_code"))
    for event in listing.page:
        event.place_name = names.get(event.place_code, event.place_code)
        event.done = words.action(event.action)
        event.words = words.facts(event.detail)
    last_check = Job.objects.filter(kind=VERIFY).first()
    context = {
        "page_obj": listing.page,
        "form": form,
        "may_verify": rights.can(request.user, "audit.verify"),
        "last_check": last_check,
        "breaks": words.breaks(last_check.result.get("breaks", ())) if last_check else (),
    }
    return render(request, "core/audit.html", context)


def _filtered(rows: QuerySet[AuditEvent], wanted: dict[str, Any]) -> QuerySet[AuditEvent]:
    if wanted["user"]:
        rows = _named(rows, "username", wanted["user"])
    if wanted["action"]:
        rows = _named(rows, "action", wanted["action"])
    if wanted["object"]:
        text = wanted["object"]
        rows = rows.filter(
            Q(object_label__icontains=text) | Q(object_type=text) | Q(object_id=text)
        )
    if wanted["county"]:
        rows = rows.filter(place_code=wanted["county"])
    if wanted["since"]:
        rows = rows.filter(at__gte=_start_of(wanted["since"]))
    if wanted["until"]:
        rows = rows.filter(at__lt=_start_of(wanted["until"] + timedelta(days=1)))
    return rows


def _named(rows: QuerySet[AuditEvent], field: str, text: str) -> QuerySet[AuditEvent]:
    """Return rows with exactly this text, which is quick, else those that begin with it."""
    exactly = rows.filter(**{field: text})
    return exactly if exactly.exists() else rows.filter(**{f"{field}__startswith": text})


def _start_of(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Start the walk over the whole chain."""
    rights.require(request.user, "audit.verify")
    user = cast("User", request.user)
    job = jobs.enqueue(VERIFY, _("Verify the audit log"), user)
    return redirect("job", job_id=job.pk)
