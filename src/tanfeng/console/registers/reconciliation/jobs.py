"""Work of this app that runs in the background."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.core import jobs
from tanfeng.console.core.models import User
from tanfeng.console.registers.reconciliation import services

KIND = "reconciliation.compute"


def queue(user: User, run: Run) -> None:
    """Compare every account again once another run is published; nothing to do is no job."""
    if MethodRun.objects.filter(replaced_by=None).exists():
        jobs.enqueue(KIND, _("Reconciliation with run %s") % run.number, user)


@jobs.register(KIND, title=gettext_lazy("Reconcile accounts"))
def compute(task: jobs.Task) -> dict[str, Any]:
    """Compare every standing account with the published run."""
    done = services.compute_all(task.user, progress=task.progress)
    return {"accounts": done, "url": reverse("reconciliations")}
