"""What the search box finds here: targets and tasks."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core import rights, search
from tanfeng.console.core.models import User
from tanfeng.console.core.search import Hit, Source
from tanfeng.console.plan.filters import words_filter
from tanfeng.console.plan.models import Target, Task


def find_targets(user: User, text: str, limit: int) -> list[Hit]:
    """Return targets by number, indicator or clause."""
    fields = ("key", "indicator_zh", "indicator_en", "clause")
    rows = rights.visible(user, Target).filter(words_filter(text, fields))
    return [
        Hit(str(one), f"{one.rule} · {one.due}", reverse("target", args=(one.key,)))
        for one in rows[:limit]
    ]


def find_tasks(user: User, text: str, limit: int) -> list[Hit]:
    """Return tasks by clause or title."""
    rows = rights.visible(user, Task).filter(words_filter(text, ("clause", "title_zh", "title_en")))
    return [Hit(str(one), "", reverse("task", args=(one.clause,))) for one in rows[:limit]]


search.register(Source(50, _("Targets"), find_targets))
search.register(Source(60, _("Tasks"), find_tasks))
