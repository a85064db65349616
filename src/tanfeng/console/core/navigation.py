"""The side bar: apps add their pages when they start; a page a user may not open is not shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core import rights
from tanfeng.console.core.models import Duty, Role, User

GROUPS: dict[str, Promise] = {
    "work": _("Workspace"),
    "accounts": _("Accounts"),
    "metering": _("Energy metering"),
    "assess": _("Assessment"),
    "steer": _("Steering"),
    "basis": _("Basis"),
    "run": _("Operation and audit"),
}


#: Groups about enterprises: an administrator sees no data of theirs.
OF_ENTERPRISES = frozenset({"work", "accounts", "metering", "assess"})


@dataclass(frozen=True, slots=True)
class Page:
    """An entry of the side bar."""

    group: str
    order: int
    label: Promise
    url_name: str
    icon: str
    allowed: Callable[[User], bool] = lambda _user: True
    #: How many things wait there for a person; a mark beside the name.
    count: Callable[[User], int] = lambda _user: 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A page as one user sees it."""

    label: str
    url: str
    icon: str
    active: bool
    count: str = ""


_pages: list[Page] = []


def add(page: Page) -> None:
    """Register a page."""
    if page.group not in GROUPS:
        raise ValueError(f"navigation group {page.group!r} is not one of {', '.join(GROUPS)}")
    _pages.append(page)
    _pages.sort(key=lambda one: (list(GROUPS).index(one.group), one.order))


def home_of(user: User) -> str:
    """Return where a person starts; the overview is about enterprises, so not an administrator."""
    if user.role != Role.ADMIN:
        return reverse("overview")
    if rights.can(user, "accounts.manage"):
        return reverse("accounts")
    if rights.can(user, "audit.read"):
        return reverse("audit")
    return reverse("jobs" if rights.holds(user, Duty.SYSTEM) else "my-account")


#: More than two digits would not fit the mark.
_MOST = 99


def _many(count: int) -> str:
    return f"{_MOST}+" if count > _MOST else str(count or "")


@cache
def _url(name: str) -> str:
    return reverse(name)


def groups_for(request: HttpRequest) -> list[tuple[str, list[Entry]]]:
    """Return the groups with the pages this user may open, the current one marked."""
    user = request.user
    groups: dict[str, list[Entry]] = {}
    for page in _pages:
        if not isinstance(user, User) or not page.allowed(user):
            continue
        if user.role == Role.ADMIN and page.group in OF_ENTERPRISES:
            continue
        url = _url(page.url_name)
        active = request.path == url or (url != "/" and request.path.startswith(url))
        entry = Entry(str(page.label), url, page.icon, active, _many(page.count(user)))
        groups.setdefault(page.group, []).append(entry)
    return [(str(GROUPS[key]), entries) for key, entries in groups.items()]
