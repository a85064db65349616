"""Work of this app that runs in the background."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tanfeng.console.accounting import services
from tanfeng.console.core import jobs


@jobs.register("accounting.compute", title=_("Compute a run"))
def compute(
    task: jobs.Task,
    *,
    years: list[int],
    as_of: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Compute a run and link to it."""
    run = services.compute_run(
        task.user,
        years=years,
        title=task.job.title,
        as_of=datetime.fromisoformat(as_of) if as_of else None,
        options=options,
        progress=task.progress,
    )
    return {"run": run.number, "url": reverse("run", args=[run.number])}
