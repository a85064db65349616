"""What runs in the background: list, one job with its progress, stop, result file."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tanfeng.console.core import audit, audit_words, jobs, rights
from tanfeng.console.core.lists import Column, Listing, attachment
from tanfeng.console.core.models import Job, User

COLUMNS = (
    Column("title", _("Job"), sort="title"),
    Column("kind", _("Kind"), value=lambda job: jobs.kind_title(job.kind), sort="kind"),
    Column("status", _("status"), value=lambda job: job.get_status_display(), sort="status"),
    Column("progress", _("progress"), unit="%"),
    Column("user", _("started by"), sort="user__username"),
    Column("created_at", _("created"), sort="created_at"),
    Column("finished_at", _("finished"), sort="finished_at"),
)
#: Status -> kind of pill.
_KINDS: dict[str, str] = {
    Job.Status.DONE: "good",
    Job.Status.FAILED: "bad",
    Job.Status.RUNNING: "note",
}
ACTIVE = (Job.Status.QUEUED, Job.Status.RUNNING)


def jobs_list(request: HttpRequest) -> HttpResponse:
    """List the jobs the person may see."""
    rows = rights.visible(request.user, Job).select_related("user")
    rows = rows.defer("arguments", "result", "codes")
    state = request.GET.get("status", "")
    if state in Job.Status.values:
        rows = rows.filter(status=state)
    listing = Listing(
        request, rows, name="jobs", title=_("Jobs"), columns=COLUMNS, default_sort="-created_at"
    )
    if listing.wants_export:
        return listing.export()
    for job in listing.page:
        job.kind_title = jobs.kind_title(job.kind)
        job.pill = _KINDS.get(job.status, "muted")
    active = rights.visible(request.user, Job).filter(status__in=ACTIVE).count()
    context = {
        "page_obj": listing.page,
        "columns": COLUMNS,
        "active": active,
        "state": state,
        "states": [("", _("All")), *Job.Status.choices],
    }
    return render(request, "core/jobs.html", context)


def _job(request: HttpRequest, job_id: uuid.UUID) -> Job:
    return rights.get_visible(request.user, Job, pk=job_id)


def show(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Show one job; the progress part renews itself."""
    return render(request, "core/job.html", _context(request, _job(request, job_id)))


def progress(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Return the part of the page that renews itself; reload the page when the job has ended."""
    job = _job(request, job_id)
    response = render(request, "core/_job.html", _context(request, job))
    if job.status not in ACTIVE:
        response["HX-Refresh"] = "true"
    return response


def _context(request: HttpRequest, job: Job) -> dict[str, object]:
    url = job.result.get("url", "")
    return {
        "job": job,
        "kind": jobs.kind_title(job.kind),
        "pill": _KINDS.get(job.status, "muted"),
        "poll_url": reverse("job-progress", args=(job.pk,)) if job.status in ACTIVE else "",
        "may_cancel": job.status in ACTIVE and rights.can(request.user, "cancel", job),
        "may_download": bool(job.result_file) and rights.can(request.user, "download", job),
        "is_closed": bool(job.result_file)
        and job.user == request.user
        and not rights.can(request.user, "download", job),
        "may_trace": rights.can(request.user, "traceback", job),
        "next_url": url if url_has_allowed_host_and_scheme(url, None) else "",
        "facts": audit_words.outcome({k: v for k, v in job.result.items() if k != "url"}),
    }


@require_POST
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Ask a job to stop."""
    job = _job(request, job_id)
    jobs.cancel(job, by=cast("User", request.user))
    return redirect("job", job_id=job.pk)


def result_file(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Hand out the result file to who may see the job."""
    job = _job(request, job_id)
    path = Path(settings.RESULTS) / job.result_file
    if not job.result_file or not path.is_file():
        raise Http404
    rights.require(request.user, "download", job)
    audit.record("job.download", request=request, thing=job)
    return attachment(path.read_bytes(), job.result_name, "application/octet-stream")
