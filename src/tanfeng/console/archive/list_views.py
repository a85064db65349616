"""Official lists: which there are, and who is on one."""

from __future__ import annotations

from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.models import Membership, OfficialList, Organisation
from tanfeng.console.core import lists, rights
from tanfeng.console.core.models import User

_LIST_COLUMNS = (
    lists.Column("name", gettext_lazy("List"), value=str),
    lists.Column("level", pgettext_lazy("official list", "Level"), sort="level"),
    lists.Column("notice", gettext_lazy("Issuing notice")),
    lists.Column("members", gettext_lazy("Enterprises on it today"), sort="members"),
    lists.Column("latest", gettext_lazy("Latest entry"), sort="latest"),
)
_MEMBER_COLUMNS = (
    lists.Column("organisation__name", gettext_lazy("Enterprise"), sort="organisation__name"),
    lists.Column("organisation__credit_code", gettext_lazy("Unified social credit code")),
    lists.Column(
        "place",
        gettext_lazy("County"),
        value=lambda row: str(row.organisation.place),
        sort="organisation__place__order",
    ),
    lists.Column("issue", gettext_lazy("Lot"), sort="issue"),
    lists.Column(
        "notice",
        gettext_lazy("Issuing notice"),
        value=lambda row: row.notice or row.official_list.notice,
    ),
    lists.Column("valid_from", gettext_lazy("From"), sort="valid_from"),
    lists.Column("valid_to", gettext_lazy("To"), sort="valid_to"),
)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the sign-in fence let no other through
    return request.user


def _today(path: str = "") -> Q:
    today = timezone.localdate()
    return Q(**{f"{path}valid_from__lte": today}) & (
        Q(**{f"{path}valid_to__isnull": True}) | Q(**{f"{path}valid_to__gte": today})
    )


@require_safe
def official_lists(request: HttpRequest) -> HttpResponse:
    """List the official lists with how many enterprises in the person's scope are on them."""
    user = _user(request)
    mine = Q(memberships__in=rights.visible(user, Membership))
    rows = rights.visible(user, OfficialList).annotate(
        members=Count(
            "memberships__organisation", filter=mine & _today("memberships__"), distinct=True
        ),
        latest=Max("memberships__valid_from", filter=mine),
    )
    listing = lists.Listing(
        request,
        rows,
        name="lists",
        title=_("Official lists"),
        columns=_LIST_COLUMNS,
        default_sort="-members",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "archive/lists.html",
        {
            "listing": listing,
            "page": listing.page,
            "sort": listing.sort,
            "may_upload": rights.can(user, "change", Membership),
        },
    )


@require_safe
def official_list(request: HttpRequest, key: str) -> HttpResponse:
    """Show who is on a list, today or ever."""
    user = _user(request)
    one = rights.get_visible(user, OfficialList, key=key)
    rows = rights.visible(user, Membership).filter(official_list=one)
    on_it = rows.filter(_today()).values("organisation").distinct().count()
    shown = request.GET.get("shown", "")
    if shown != "all":
        rows = rows.filter(_today())
    listing = lists.Listing(
        request,
        rows.select_related("organisation__place", "official_list"),
        name="list",
        title=str(one),
        columns=_MEMBER_COLUMNS,
        default_sort="organisation__name",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "archive/list.html",
        {
            "list": one,
            "listing": listing,
            "page": listing.page,
            "sort": listing.sort,
            "on_it": on_it,
            "shown": shown or "today",
            "shown_options": [("today", _("Today")), ("all", _("Ever"))],
            "enterprises_url": f"{reverse('enterprises')}?list={one.key}",
            "in_scope": rights.visible(user, Organisation).count(),
        },
    )
