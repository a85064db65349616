"""Bulletins of months: the list, the one to issue, and one as it was issued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.figures import percent
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import User
from tanfeng.console.quality import bulletin_document, judging
from tanfeng.console.quality import bulletins as issuing
from tanfeng.console.quality.models import Bulletin, BulletinLine, MonthQuality
from tanfeng.errors import DataError

#: Enterprises shown before it is issued.
_SHOWN = 25
COLUMNS = (
    Column("number", gettext_lazy("Number"), sort="number"),
    Column("month", gettext_lazy("Month"), sort="month"),
    Column("about", pgettext_lazy("bulletin", "About"), lambda row: row.about),
    Column("issuer", gettext_lazy("Issued by")),
    Column("issued_at", pgettext_lazy("bulletin", "Issued"), sort="issued_at"),
    Column("judged_to", gettext_lazy("Judged up to")),
    Column("addressed", gettext_lazy("Addressed to")),
    Column("sha256", gettext_lazy("digest")),
)


def _hundred(name: str) -> Any:
    def value(row: BulletinLine) -> float | None:
        share = getattr(row, name)
        return None if share is None else 100.0 * share

    return value


LINE_COLUMNS = (
    Column("kind", pgettext_lazy("bulletin", "Kind"), lambda row: row.get_kind_display()),
    Column("title", pgettext_lazy("bulletin", "Whose"), lambda row: row.title),
    Column("county", gettext_lazy("County"), lambda row: str(row.place or "")),
    Column("rank", gettext_lazy("Rank"), sort="rank"),
    Column("ranked", pgettext_lazy("bulletin", "Ranked")),
    Column("was_rank", gettext_lazy("Rank last month")),
    Column("connectivity", gettext_lazy("Stable connectivity"), _hundred("connectivity"),
           unit="%", places=1),
    Column("was_connectivity", gettext_lazy("Connectivity last month"),
           _hundred("was_connectivity"), unit="%", places=1),
    Column("score", gettext_lazy("Quality score"), places=1),
    Column("was_score", gettext_lazy("Score last month"), places=1),
    Column("judged_weight", gettext_lazy("Judged, of 100"), places=0),
    Column("completeness", gettext_lazy("Completeness"), _hundred("completeness"), unit="%",
           places=1),
    Column("was_completeness", gettext_lazy("Completeness last month"),
           _hundred("was_completeness"), unit="%", places=1),
    Column("outages", gettext_lazy("Outages")),
    Column("overdue", gettext_lazy("Repairs overdue")),
    Column("was_overdue", gettext_lazy("Repairs overdue last month")),
    Column("points", gettext_lazy("Points")),
)  # fmt: skip


class IssueForm(forms.Form):
    """To whom a bulletin goes, and what is said beside the figures."""

    addressed = forms.CharField(
        label=gettext_lazy("Addressed to"), max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    copied = forms.CharField(
        label=pgettext_lazy("bulletin", "Copy to"), max_length=1000, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    remark = forms.CharField(
        label=pgettext_lazy("bulletin", "Remarks"), max_length=2000, required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Why it is issued again"), max_length=300, required=False
    )


@require_safe
def bulletins(request: HttpRequest) -> HttpResponse:
    """List the bulletins a person has a line in."""
    user = me(request)
    rights.require(user, "view", Bulletin)
    rows = rights.visible(user, Bulletin).select_related("place")
    listing = Listing(
        request, rows, name="bulletins", title=gettext_lazy("Bulletins"), columns=COLUMNS,
        default_sort="-issued_at",
    )  # fmt: skip
    if listing.wants_export:
        return listing.export()
    page = list(listing.page)
    replaced = Bulletin.objects.filter(replaces__in=page).values_list("replaces", flat=True)
    gone = set(replaced)
    for one in page:
        one.newer = one.pk in gone
    context = {
        "listing": listing, "sort": listing.sort, "rows": page,
        "may_issue": rights.can(user, "issue", Bulletin),
    }  # fmt: skip
    return render(request, "quality/bulletins.html", context)


def _months(user: User) -> list[str]:
    """Return the months every day of which is judged, newest first."""
    mark = judging.mark_of()
    if mark is None or mark.last_day is None:
        return []
    rows = rights.visible(user, MonthQuality).filter(due__gt=0)
    months = rows.order_by("-month").values_list("month", flat=True).distinct()
    return [one for one in months if issuing.last_of(one) <= mark.last_day]


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the figures of a month as they would be issued, and issue them."""
    user = me(request)
    rights.require(user, "issue", Bulletin)
    months = _months(user)
    asked = request.GET.get("month", "")
    month = asked if asked in months else (months[0] if months else "")
    form = IssueForm(request.POST or None)
    if request.method == "POST" and month and form.is_valid():
        try:
            made = issuing.issue(user, month, form.cleaned_data, request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            messages.success(request, _("Issued as %s") % made.number)
            return redirect("quality-bulletin", made.pk)
    found = issuing.draft(user, month) if month else issuing.Draft("", None)
    if request.method != "POST":
        form = IssueForm(initial={"addressed": _addressees(found)})
    firms = found.of("enterprise")
    context = {
        "months": months,
        "draft": found,
        "heading": _heading(month, found.whole, found.place) if month else "",
        "counties": [] if found.place else [_told(one) for one in found.of("county")],
        "firms": [_told(one) for one in firms[:_SHOWN]],
        "firms_total": len(firms),
        "standing": issuing.standing(month, found.place) if month else None,
        "form": form,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "quality/bulletin_new.html", context, status=status)


def _addressees(found: issuing.Draft) -> str:
    """Return whoever has a line: what the list of addressees begins with."""
    counties = [] if found.place else [one.title for one in found.of("county")]
    firms = [one.title for one in found.of("enterprise")]
    if counties:
        return pgettext("list", ", ").join(counties)
    return pgettext("list", ", ").join(firms)[:1000]


@require_safe
def bulletin(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a bulletin as it was issued, or hand it out as workbook, PDF or Word file."""
    user = me(request)
    one = rights.get_visible(user, Bulletin, pk=pk)
    lines = rights.visible(user, BulletinLine).filter(bulletin=one)
    lines = lines.select_related("organisation", "place")
    kind = request.GET.get("export", "")
    if kind in bulletin_document.MEDIA_TYPES:
        return bulletin_document.hand_out(request, one, list(_ordered(lines)), kind)
    if kind == "xlsx":
        return _workbook(request, one, list(_ordered(lines)))
    audit.read_of(request, one, "quality.read")
    listing = Listing(
        request, lines.filter(kind="enterprise"), name="bulletin", title=one.number,
        columns=LINE_COLUMNS, default_sort="rank",
    )  # fmt: skip
    whole = lines.filter(kind="county" if one.place_id else "city").first()
    return render(
        request,
        "quality/bulletin.html",
        {
            "bulletin": one,
            "heading": _heading(one.month, whole, one.place),
            "newer": rights.visible(user, Bulletin).filter(replaces=one).first(),
            "counties": []
            if one.place_id
            else [_told(line) for line in lines.filter(kind="county").order_by("rank", "pk")],
            "firms": [_told(line) for line in listing.page],
            "listing": listing,
            "rules": [
                {"text": words, "confidence": confidence}
                for words, confidence in bulletin_document.limit_words(one.limits)
            ],
            "is_demo": lists.holds_demo_data(),
        },
    )


def _ordered(lines: Any) -> Sequence[BulletinLine]:
    places = {kind: place for place, kind in enumerate(issuing.KINDS)}
    return sorted(
        lines, key=lambda one: (places[one.kind], one.rank is None, one.rank or 0, one.pk)
    )


def _workbook(request: HttpRequest, one: Bulletin, lines: Sequence[BulletinLine]) -> HttpResponse:
    event = audit.record("export.bulletin", request=request, thing=one, rows=len(lines))
    name = bulletin_document.title(one.month, one.about)
    content = lists.workbook(
        name, LINE_COLUMNS, lines, event=event,
        as_of=f"{one.judged_to} · {one.number} · {one.sha256[:16]}",
    )  # fmt: skip
    return lists.attachment(content, f"{one.number} {name}.xlsx")


def _heading(month: str, whole: BulletinLine | None, place: Any) -> str:
    about = str(place or _("The whole city"))
    if whole is None or whole.connectivity is None:
        return bulletin_document.title(month, about)
    said = {"about": about, "month": month, "connectivity": percent(whole.connectivity)}
    gained = bulletin_document.percentage_points(whole.connectivity_gained)
    if not gained:
        return _("%(about)s, %(month)s: stable connectivity %(connectivity)s") % said
    if not bulletin_document.is_change(whole.connectivity_gained):
        return (
            _("%(about)s, %(month)s: stable connectivity %(connectivity)s, as the month before")
            % said
        )
    return _(
        "%(about)s, %(month)s: stable connectivity %(connectivity)s, %(change)s on the month before"
    ) % {**said, "change": gained}


def _told(line: BulletinLine) -> dict[str, Any]:
    """Return a line with its changes in words."""
    risen = line.risen
    words = ""
    if risen:
        one, many = (
            ("up %(count)d place", "up %(count)d places") if risen > 0
            else ("down %(count)d place", "down %(count)d places")
        )  # fmt: skip
        words = ngettext(one, many, abs(risen)) % {"count": abs(risen)}
    url = ""
    if line.organisation is not None:
        url = reverse("quality-of", args=[line.organisation.credit_code])
    before = line.was_overdue
    return {
        "line": line,
        "url": url,
        "county": str(line.place or "") if line.kind == "enterprise" else "",
        "rank": "—" if line.rank is None else f"{line.rank}/{line.ranked}",
        "risen": words,
        "connectivity": bulletin_document.percentage_points(line.connectivity_gained),
        "completeness": bulletin_document.percentage_points(line.completeness_gained),
        "score": bulletin_document.gained(line.score_gained),
        "overdue": "" if before is None else _("%(count)d last month") % {"count": before},
    }
