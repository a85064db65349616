"""Work of this app that runs in the background."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.core import audit, jobs, rights
from tanfeng.console.core.models import Job, User
from tanfeng.console.quality import judging
from tanfeng.console.quality.models import MonthQuality

KIND = "quality.judge"


def queue(user: User, first: date, last: date) -> Job:
    """Judge days again beside what is due; both included."""
    rights.require(user, "judge", MonthQuality)
    title = _("Judging of %(first)s to %(last)s") % {"first": first, "last": last}
    return jobs.enqueue(KIND, title, user, first=first.isoformat(), last=last.isoformat())


@jobs.register(KIND, title=gettext_lazy("Judge the quality of data"))
def judge(task: jobs.Task, *, first: str, last: str) -> dict[str, Any]:
    """Judge days again as the officer who asked."""
    span = judging.Span(date.fromisoformat(first), date.fromisoformat(last))
    done = judging.run(again=span, progress=task.progress)
    audit.record(
        "quality.judge", user=task.user, first=first, last=last, rows=done.days if done else 0
    )
    return {"days": done.days if done else 0, "url": reverse("quality")}
