"""The kernel's own background work; imported at the start so that every worker knows it."""

from __future__ import annotations

from typing import Any

from django.test import RequestFactory
from django.urls import resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.core import audit, commits, jobs, lists, preview, rights
from tanfeng.console.core.audit import VERIFY
from tanfeng.console.core.models import AuditEvent, Batch

__all__ = ["VERIFY", "commits"]  # commits registers its own work by being imported


@jobs.register("core.export", title=gettext_lazy("Export"))
def export(task: jobs.Task, *, path: str, query: str) -> dict[str, Any]:
    """Ask a list's own page for its export as the person who wants it, and keep the file."""
    task.progress(5, _("Writing the rows"))
    request = RequestFactory().get(f"{path}?{query}")
    request.user = task.user
    request.session = {}  # type: ignore[assignment]
    request.in_job = True  # type: ignore[attr-defined]
    match = resolve(path)
    response = match.func(request, *match.args, **match.kwargs)
    task.save_file(f"{task.job.title}.xlsx", bytes(response.content))
    return {}


@jobs.register(VERIFY, title=gettext_lazy("Verify the audit log"))
def verify_chain(task: jobs.Task) -> dict[str, Any]:
    """Compute every hash again and tell where the chain is broken."""
    task.progress(1, _("Computing every hash again"))
    report = audit.verify(lambda share: task.progress(round(100 * share)))
    audit.record("audit.verify", user=task.user, events=report.events, breaks=len(report.breaks))
    return {
        "events": report.events,
        "intact": report.intact,
        "last_hash": report.last_hash,
        "breaks": [[one.event_id, one.reason] for one in report.breaks[:100]],
    }


@jobs.register("core.marked", title=gettext_lazy("Marked file"))
def marked(task: jobs.Task, *, batch: str, event: int) -> dict[str, Any]:
    """Write the marked workbook of a large upload."""
    found = rights.get_visible(task.user, Batch, pk=batch)
    task.progress(10, _("Reading the workbook"))
    asked = AuditEvent.objects.get(pk=event)
    content = preview.marked(found, task.user, lists.stamp(asked))
    task.save_file(preview.marked_name(found), content)
    return {}
