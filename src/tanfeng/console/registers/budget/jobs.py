"""Work of this app that runs in the background."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.accounting.models import Run
from tanfeng.console.core import jobs
from tanfeng.console.core.models import User
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.models import Quota

KIND = "budget.compute"


def queue(user: User, run: Run) -> None:
    """Work out the standings anew once another run is published; without a quota, no job."""
    if Quota._default_manager.filter(known_to=None).exists():
        jobs.enqueue(KIND, _("Budgets by run %s") % run.number, user)


@jobs.register(KIND, title=gettext_lazy("Budgets against what was used"))
def compute(task: jobs.Task) -> dict[str, Any]:
    """Work out how every quota stands by the published run."""
    return {"quotas": services.compute_all(task.user), "url": reverse("budgets")}
