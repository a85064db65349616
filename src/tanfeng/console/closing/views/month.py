"""One month of one enterprise: metered against reported, closing it, opening it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.accounting.models import Tier
from tanfeng.console.archive.models import Organisation
from tanfeng.console.closing import figures, services, words
from tanfeng.console.closing.figures import Line, Month, Typed
from tanfeng.console.closing.models import MonthClose
from tanfeng.console.core import audit, jobs, lists, rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.lists import Column
from tanfeng.console.core.models import Batch, User
from tanfeng.console.metering.models import Meter
from tanfeng.errors import DataError, ModelError, Problem

_TIERS = dict(Tier.choices)


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, code: str, year: int, month: int) -> HttpResponse:
    """Show a month, or one of its closes; close it or open it again."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    if not (1 <= month <= 12 and figures.FIRST_YEAR <= year <= timezone.localdate().year):
        raise Http404
    asked = Month(year, month)
    if request.method == "POST":
        return _post(request, organisation, asked)
    try:
        lines = figures.lines(organisation, asked)
    except ModelError as error:
        text = jobs.explain(error)
        return HttpResponse(text, content_type="text/plain; charset=utf-8", status=409)
    close = _close_asked(request, user, organisation, asked)
    if request.GET.get("export") == "xlsx":
        return _workbook(request, organisation, asked, lines, close)
    audit.read_of(request, organisation, "month.read")
    return _page(request, organisation, asked, lines, close)


def _close_asked(
    request: HttpRequest, user: User, organisation: Organisation, month: Month
) -> MonthClose | None:
    """Return the close the query names, else the one that stands."""
    number = request.GET.get("close", "")
    if number.isdecimal() and len(number) < 18:
        return rights.get_visible(
            user, MonthClose, pk=int(number), organisation=organisation, year=month.year,
            month=month.month,
        )  # fmt: skip
    return services.standing(organisation, month)


def _post(request: HttpRequest, organisation: Organisation, month: Month) -> HttpResponse:
    user, do = me(request), request.POST.get("do")
    here = redirect("closing", organisation.credit_code, month.year, month.month)
    if do == "reopen":
        return _reopen(request, organisation, month) or here
    rights.require(user, "close", MonthClose)
    rights.require(user, "upload", organisation)
    lines = figures.lines(organisation, month)
    typed, problems = _typed(request, lines)
    changes, found = services.examine(lines, typed, month, timezone.now())
    problems += found
    if do == "close" and not problems:
        try:
            services.close(
                user, organisation, month, typed, seen=request.POST.get("seen", ""),
                request=request,
            )  # fmt: skip
        except DataError as error:
            problems = list(error.problems)
        else:
            messages.success(request, _("The month is closed."))
            return here
    return _page(
        request, organisation, month, lines, services.standing(organisation, month),
        changes=changes if not problems else [], problems=problems, typed=typed,
        status=400 if problems else 200,
    )  # fmt: skip


def _reopen(request: HttpRequest, organisation: Organisation, month: Month) -> HttpResponse | None:
    user = me(request)
    rights.require(user, "reopen", MonthClose)
    rights.require(user, "upload", organisation)
    close = services.standing(organisation, month)
    if close is None:
        raise Http404
    try:
        services.reopen(user, close, request.POST.get("reason", ""), request=request)
    except DataError as error:
        lines = figures.lines(organisation, month)
        return _page(
            request, organisation, month, lines, close, problems=list(error.problems), status=400
        )
    messages.success(request, _("The month is open again; what was written stays."))
    return None


def _typed(
    request: HttpRequest, lines: list[Line]
) -> tuple[dict[str, Typed], list[Problem]]:  # fmt: skip
    """Return what was typed of the items that were chosen."""
    found: dict[str, Typed] = {}
    problems = []
    for line in lines:
        item, given = line.item_key, request.POST
        if not given.get(f"take-{item}"):
            continue
        text = given.get(f"added-{item}", "").strip().replace(",", "")
        added = None
        if text:
            try:
                added = float(text)
            except ValueError:
                added = float("nan")
            if not abs(added) < 1e12:
                zh, en = line.names
                problems.append(
                    Problem("G001", "error", f"{zh}：“{text[:20]}”不是数量",
                            f"{en}: “{text[:20]}” is no amount", heading=f"added-{item}")
                )  # fmt: skip
                added = None
        found[item] = Typed(
            added, given.get(f"why-{item}", "").strip(), given.get(f"remark-{item}", "").strip()
        )
    return found, problems


def _page(
    request: HttpRequest,
    organisation: Organisation,
    month: Month,
    lines: list[Line],
    close: MonthClose | None,
    *,
    changes: list[figures.Change] | None = None,
    problems: list[Problem] | None = None,
    typed: Mapping[str, Typed] | None = None,
    status: int = 200,
) -> HttpResponse:
    user = me(request)
    may = services.may_close(user, organisation)
    urls = _point_urls(user, lines, close)
    now = timezone.now()
    rule, changed = figures.rule(month), figures.changed(month)
    older = rights.visible(user, MonthClose).filter(
        organisation=organisation, year=month.year, month=month.month
    )
    is_over = now >= month.end
    context = {
        "organisation": organisation,
        "month": month,
        "before": month.before,
        "after": month.next if now >= month.next.end else None,
        "rows": [_row(line, month, (typed or {}).get(line.item_key), urls, bool(typed), changed)
                 for line in lines],
        "close": close,
        "kept": _kept(close, urls) if close else [],
        "moved": _moved(close, lines) if close and close.is_closed else [],
        "replaced": services.replaced(close) if close and close.is_closed else [],
        "batch_seen": close is not None
        and rights.visible(user, Batch).filter(pk=close.batch_id).exists(),
        "older": older.exclude(pk=close.pk if close else 0).select_related("closed_by"),
        "may": may,
        "is_over": is_over,
        "can_close": may and is_over and close is None,
        "changes": [_change(one) for one in changes or ()],
        "typed": typed or {},
        "problems": [one.message(language()) for one in problems or ()],
        "seen": services.digest(lines),
        "rule": rule,
        "limit": close.limit if close else rule.value,
        "source": rule.source,
    }  # fmt: skip
    return render(request, "closing/month.html", context, status=status)


def _point_urls(user: User, lines: list[Line], close: MonthClose | None) -> dict[str, str]:
    names = {one.point for line in lines for one in line.points}
    if close is not None:
        names |= {one["point"] for line in close.lines.all() for one in line.points}
    rows = rights.visible(user, Meter).filter(point__in=sorted(names))
    return {
        str(point): reverse("metering-point", args=[pk])
        for pk, point in rows.values_list("pk", "point")
    }


def _row(
    line: Line,
    month: Month,
    typed: Typed | None,
    urls: Mapping[str, str],
    was_sent: bool,
    changed: Mapping[str, float],
) -> dict[str, Any]:
    """Return a line of an open month; what is wholly known is chosen unless said otherwise."""
    judged = (
        figures.change(line, Typed(), month, changed)
        if line.points and line.is_whole and line.converted is not None
        else None
    )
    return {
        "line": line,
        "key": line.item_key,
        "name": line.names[language() == "en"],
        **_shares(line.completeness, line.estimated_share),
        "deviation": judged.deviation if judged else None,
        "deviation_text": signed(judged.deviation if judged else None),
        "is_over": judged.is_over if judged else False,
        "is_judged": judged is not None and line.reported_qty is not None,
        "may_take": bool(line.points) and not (line.metered is not None and line.converted is None),
        "taken": typed is not None if was_sent else line.is_whole and line.converted is not None,
        "typed": typed or Typed(),
        "keeps_purchase": words.PURCHASE.get(line.keeps_purchase, ""),
        "points": _points([one.kept() for one in line.points], urls),
        "tier": line.reported.get_tier_display() if line.reported else "",
        "record_url": reverse("trace-record", args=[line.reported.pk]) if line.reported else "",
    }


def signed(share: float | None) -> str:
    """Return a deviation as a percentage with its sign."""
    if share is None:
        return "—"
    return f"{100 * share:+.2f}%".replace("-", "−")


def _shares(completeness: float, estimated: float) -> dict[str, float]:
    """Return the shares of the month the bar draws: known measured, known estimated, missing."""
    return {
        "measured": completeness * (1.0 - estimated),
        "estimated": completeness * estimated,
        "missing": 1.0 - completeness,
    }


def _points(points: list[dict[str, Any]], urls: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "url": urls.get(one["point"], ""),
            "known": one["slots_known"] / one["slots_due"] if one["slots_due"] else 0.0,
        }
        for one in points
    ]


def _change(change: figures.Change) -> dict[str, Any]:
    """Return what becomes of a record, field by field."""
    line, before = change.line, change.line.reported
    fields: list[tuple[Any, Any, Any]] = [
        (_("Consumption"), before.consumption_total_qty if before else None, change.closed),
    ]
    if change.purchase is not None:
        fields.append(
            (_("Purchased"), before.purchase_qty if before else None, change.purchase)
        )  # fmt: skip
    return {
        "name": line.names[language() == "en"],
        "unit": line.unit,
        "fields": fields,
        "tier_before": before.get_tier_display() if before else "",
        "tier": _TIERS[change.tier],
        "deviation": change.deviation,
        "is_over": change.is_over,
        "typed": change.typed,
        "keeps_purchase": words.PURCHASE.get(line.keeps_purchase, ""),
    }


def _kept(close: MonthClose, urls: Mapping[str, str]) -> list[dict[str, Any]]:
    units = {line.item_key: line for line in close.lines.all()}
    form = figures.units_of(units)
    return [
        {
            "line": line,
            "name": line.item_name,
            "deviation_text": signed(line.deviation),
            "unit": form.get(line.item_key, ""),
            **_shares(line.completeness, line.estimated_share),
            "points": _points(line.points, urls),
        }
        for line in units.values()
    ]


def _moved(close: MonthClose, lines: list[Line]) -> list[dict[str, Any]]:
    names = {one.item_key: one.item_name for one in close.lines.all()}
    return [
        {"moved": one, "name": names[one.item_key]} for one in services.moved(close, lines)
    ]  # fmt: skip


_COLUMNS = (
    Column("item", gettext_lazy("Energy"), lambda row: row["item"]),
    Column("unit", gettext_lazy("Unit"), lambda row: row["unit"]),
    Column("metered", gettext_lazy("Metered"), lambda row: row["metered"], places=4),
    Column("completeness", gettext_lazy("Completeness"), lambda row: row["completeness"],
           unit="%", places=2),
    Column("estimated", gettext_lazy("Estimated share"), lambda row: row["estimated"], unit="%",
           places=2),
    Column("added", gettext_lazy("Added by hand"), lambda row: row["added"], places=4),
    Column("why", gettext_lazy("Grounds"), lambda row: row["why"]),
    Column("closed", gettext_lazy("Closed amount"), lambda row: row["closed"], places=4),
    Column("reported", gettext_lazy("Reported before"), lambda row: row["reported"], places=4),
    Column("deviation", gettext_lazy("Deviation"), lambda row: row["deviation"], unit="%",
           places=2),
    Column("over", gettext_lazy("Above the limit"), lambda row: row["over"]),
    Column("remark", gettext_lazy("Remark"), lambda row: row["remark"]),
    Column("points", gettext_lazy("Metering points"), lambda row: row["points"]),
)  # fmt: skip


def _workbook(
    request: HttpRequest,
    organisation: Organisation,
    month: Month,
    lines: list[Line],
    close: MonthClose | None,
) -> HttpResponse:
    changed = figures.changed(month)
    rows = _closed_rows(close) if close else [_open_row(one, month, changed) for one in lines]
    event = audit.record(
        "export.month-close", request=request, thing=organisation, month=str(month),
        rows=len(rows), close=close.pk if close else None,
    )  # fmt: skip
    title = _("Month close %(month)s, %(name)s") % {"month": month, "name": organisation.name}
    as_of = close.closed_at if close else timezone.now()
    stamp = timezone.localtime(as_of).strftime("%Y-%m-%d %H:%M")
    book = lists.workbook(title, _COLUMNS, rows, event=event, as_of=stamp)
    return lists.attachment(book, f"{title}.xlsx")


def _closed_rows(close: MonthClose) -> list[dict[str, Any]]:
    lines = list(close.lines.all())
    units = figures.units_of({one.item_key for one in lines})
    return [
        {
            "item": one.item_name,
            "unit": units.get(one.item_key, ""),
            "metered": None
            if one.metered is None
            else round(one.closed_qty - (one.added_qty or 0.0), figures.PLACES),
            "completeness": 100 * one.completeness,
            "estimated": 100 * one.estimated_share,
            "added": one.added_qty,
            "why": one.added_why,
            "closed": one.closed_qty,
            "reported": one.reported_qty,
            "deviation": None if one.deviation is None else 100 * one.deviation,
            "over": _("yes") if one.is_over else "",
            "remark": one.remark,
            "points": " ".join(point["point"] for point in one.points),
        }
        for one in lines
    ]


def _open_row(line: Line, month: Month, changed: Mapping[str, float]) -> dict[str, Any]:
    row = _row(line, month, None, {}, False, changed)
    has = bool(line.points)
    return {
        "item": row["name"],
        "unit": line.unit,
        "metered": line.converted,
        "completeness": 100 * line.completeness if has else None,
        "estimated": 100 * line.estimated_share if has else None,
        "added": None,
        "why": "",
        "closed": None,
        "reported": line.reported_qty,
        "deviation": None if row["deviation"] is None else 100 * row["deviation"],
        "over": _("yes") if row["is_over"] else "",
        "remark": "",
        "points": " ".join(one.point for one in line.points),
    }
