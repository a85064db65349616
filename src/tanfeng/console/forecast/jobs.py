"""Work of this app that runs in the background."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.core import jobs
from tanfeng.console.core.models import User
from tanfeng.console.forecast import services

KIND = "forecast.compute"


def queue(user: User) -> None:
    """Forecast everything anew in the background."""
    jobs.enqueue(KIND, _("Forecasts of all enterprises"), user)


@jobs.register(KIND, title=gettext_lazy("Forecast enterprises"))
def compute(task: jobs.Task) -> dict[str, Any]:
    """Forecast every metered enterprise."""
    done = services.compute(task.user, progress=task.progress)
    return {"forecasts": done.forecasts, "anomalies": done.anomalies, "url": reverse("forecasts")}
