"""Alerts: the list with bulk acknowledgement, and one with its evidence, work order and history."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.figures import NONE
from tanfeng.console.core.lists import PER_PAGE, Column, Listing
from tanfeng.console.core.models import User
from tanfeng.console.quality import alerting, machines, services
from tanfeng.console.quality.models import LEVEL_KINDS, Alert, Evidence
from tanfeng.console.quality.views import common
from tanfeng.console.quality.views.filings import FileForm
from tanfeng.errors import DataError
from tanfeng.metering.alerts import AlertRule, alert_rules, shown, shown_beside

#: Values of an alert shown on its page, the newest.
_DAYS = 62
#: Most alerts acknowledged at once: those ticked on a page.
_AT_ONCE = 100


#: As shipped: an alert has the threshold it was judged by, limits a city changed included.
_rules = cache(alert_rules)


def _rule(key: str) -> AlertRule:
    return _rules()[key]


def _text(rule: AlertRule, word: str) -> str:
    """Return a text of a rule in the language of the page."""
    return str(getattr(rule, f"{word}_{'en' if language() == 'en' else 'zh'}"))


def _value(row: Alert) -> str:
    value = float("inf") if row.value >= alerting.BOUNDLESS else row.value
    rule = _rule(row.rule)
    return f"{shown_beside(value, row.threshold, rule.unit)} {_unit(rule)}".rstrip()


#: Units the texts of the rules say in words and a lone number has to be told.
_UNITS = {
    "working day": pgettext_lazy("unit of a limit", "working days"),
    "point": pgettext_lazy("unit of a score", "of 100"),
    "sigma": "σ",
}


def _unit(rule: AlertRule) -> str:
    return str(_UNITS.get(rule.unit, ""))


def _of_owner(name: str) -> Any:
    def value(row: Alert) -> str:
        found: Any = row.organisation
        for part in name.split("."):
            found = getattr(found, part, "")
        return str(found)

    return value


COLUMNS = (
    Column("rule", gettext_lazy("Rule"), lambda row: _text(_rule(row.rule), "name"), sort="rule"),
    Column("rule_id", gettext_lazy("Rule number"), lambda row: row.rule),
    Column("level", gettext_lazy("Level of an alert"), lambda row: row.get_worst_display(),
           sort="worst"),
    Column("name", gettext_lazy("Enterprise"), _of_owner("name"), sort="organisation__name"),
    Column("code", gettext_lazy("Unified social credit code"), _of_owner("credit_code")),
    Column("place", gettext_lazy("County"), _of_owner("place")),
    Column("object", gettext_lazy("About"), lambda row: row.object_name, sort="object_name"),
    Column("text", gettext_lazy("What was found"), lambda row: row.text),
    Column("value", pgettext_lazy("alert", "Value"),
           lambda row: _value(row)),
    Column("threshold", gettext_lazy("Threshold"),
           lambda row: shown(row.threshold, _rule(row.rule).unit)),
    Column("source", gettext_lazy("Source"), lambda row: _text(_rule(row.rule), "source")),
    Column("remedy", gettext_lazy("What to do"), lambda row: _text(_rule(row.rule), "remedy")),
    Column("first", gettext_lazy("Since"), sort="first"),
    Column("last", gettext_lazy("Last found"), sort="last"),
    Column("count", gettext_lazy("Days found"), sort="count"),
    Column("explains", gettext_lazy("Explains"), sort="explains"),
    Column("state", gettext_lazy("State"), lambda row: common.state(machines.ALERT, row.state)[0],
           sort="state"),
    Column("order_no", gettext_lazy("Work order")),
    Column("due_on", gettext_lazy("To be done by"), sort="due_on"),
)  # fmt: skip


#: What the rows of the list and of its export are written from.
_SHOWN = (
    "rule", "object_name", "level", "worst", "value", "threshold", "first", "last", "count",
    "found", "explains", "text_zh", "text_en", "state", "order_no", "due_on",
    "organisation__name", "organisation__credit_code", "organisation__is_demo",
    "organisation__place__name_zh", "organisation__place__name_en",
)  # fmt: skip


def told(row: Alert) -> dict[str, Any]:
    """Return an alert as a row of a list."""
    today = timezone.localdate()
    return {
        "row": row,
        "rule": _text(_rule(row.rule), "name"),
        "level": (Alert.Level(row.worst).label, LEVEL_KINDS[row.worst]),
        "state": common.state(machines.ALERT, row.state),
        "late": bool(row.state == "ordered" and row.due_on and row.due_on < today),
        "is_demo": bool(row.organisation and row.organisation.is_demo),
    }


def _in_list(row: Alert, today: date) -> dict[str, Any]:
    """Return an alert as a row of a list."""
    firm = row.organisation
    return {
        "pk": row.pk,
        "url": f"{reverse('alerts')}{row.pk}/",
        "name": f"{_text(_rule(row.rule), 'name')}: {row.object_name}",
        "text": row.text,
        "level": (Alert.Level(row.worst).label, LEVEL_KINDS[row.worst]),
        "organisation": firm.name if firm else NONE,
        "is_demo": bool(firm and firm.is_demo),
        "first": row.first.isoformat(),
        "last": row.last.isoformat(),
        "found": Alert.Found(row.found).label,
        "explains": row.explains or NONE,
        "is_open": row.state == "open",
        "state": common.state(machines.ALERT, row.state),
        "due": _("by %(day)s") % {"day": row.due_on.isoformat()} if row.due_on else "",
        "late": bool(row.state == "ordered" and row.due_on and row.due_on < today),
    }


def _asked(request: HttpRequest, rows: QuerySet[Alert]) -> QuerySet[Alert]:
    asked = request.GET
    state = asked.get("state", "waiting")
    if state in dict(machines.ALERT.choices()):
        rows = rows.filter(state=state)
    elif state == "waiting":
        rows = rows.filter(is_waiting=True)
    elif state == "late":
        today = timezone.localdate()
        rows = rows.filter(is_waiting=True, state="ordered", due_on__lt=today)
    if asked.get("rule") in _rules():
        rows = rows.filter(rule=asked["rule"])
    if asked.get("level") in ("1", "2", "3", "4"):
        rows = rows.filter(worst=int(asked["level"]))
    if asked.get("all") != "1":
        rows = rows.filter(is_root=True)
    return common.of_firm(rows, request, "object_name")


@require_http_methods(["GET", "HEAD", "POST"])
def alerts(request: HttpRequest) -> HttpResponse:
    """List alerts, those that explain others in their place; acknowledge those ticked."""
    user = me(request)
    rights.require(user, "view", Alert)
    if request.method == "POST":
        return _acknowledged(request, user)
    seen = rights.visible(user, Alert)
    listing = Listing(
        request,
        _asked(request, seen).select_related("organisation__place").only(*_SHOWN),
        name="alerts",
        title=gettext_lazy("Alerts"),
        columns=COLUMNS,
        default_sort="-level",
        # Rows are wide, their days stand in them: the page is sorted by keys alone.
        long=PER_PAGE,
    )
    if listing.wants_export:
        return listing.export()
    today = timezone.localdate()
    return render(
        request,
        "quality/alerts.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "rows": [_in_list(row, today) for row in listing.page],
            "new": seen.filter(state="open", is_root=True).count(),
            "late": seen.filter(is_waiting=True, state="ordered", due_on__lt=today).count(),
            "states": [
                ("waiting", _("all not closed")), *machines.ALERT.choices(),
                ("late", _("work order overdue")), ("all", _("All")),
            ],
            "state": request.GET.get("state", "waiting"),
            "rules": [(key, _text(rule, "name")) for key, rule in _rules().items()],
            "levels": Alert.Level.choices,
            "places": common.places(user),
            "may_acknowledge": rights.can(user, "acknowledge", Alert),
            "asked": request.GET,
        },
    )  # fmt: skip


def _acknowledged(request: HttpRequest, user: User) -> HttpResponse:
    if request.POST.get("do") != "acknowledge":
        raise BadRequest("no such step")
    rights.require(user, "acknowledge", Alert)
    ticked = [one for one in request.POST.getlist("alert") if one.isdecimal()][:_AT_ONCE]
    rows = [rights.get_visible(user, Alert, pk=int(one)) for one in ticked]
    done, left = services.acknowledge(user, rows, request=request)
    text = ngettext("%(count)d alert acknowledged", "%(count)d alerts acknowledged", done)
    messages.success(request, text % {"count": done})
    if left:
        text = ngettext(
            "%(count)d was no new one and stays as it is",
            "%(count)d were no new ones and stay as they are",
            left,
        )
        messages.info(request, text % {"count": left})
    return redirect(f"{reverse('alerts')}?{request.GET.urlencode()}")


@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an alert: value, threshold and source, evidence, what explains it; take a step."""
    user = me(request)
    one = rights.get_visible(user, Alert, pk=pk)
    form: FileForm | None = None
    if request.method == "POST":
        if request.POST.get("do") != "attach":
            common.step(request, machines.ALERT, one)
            return redirect("alert", one.pk)
        form, answer = _attached(request, one)
        if answer is not None:
            return answer
    else:
        audit.read_of(request, one, "alert.read")
    rule = _rule(one.rule)
    seen = rights.visible(user, Alert)
    may_attach = rights.can(user, "attach", one) and one.state == "ordered"
    return render(
        request,
        "quality/alert.html",
        {
            "alert": one,
            "told": told(one),
            "organisation": one.organisation,
            "rule": rule,
            "rule_name": _text(rule, "name"),
            "source": _text(rule, "source"),
            "remedy": _text(rule, "remedy"),
            "confidence": "single" if rule.tag == "V" else "",
            "value": _value(one),
            "threshold": f"{shown(one.threshold, rule.unit)} {_unit(rule)}".rstrip(),
            "unit": _unit(rule),
            "found": one.get_found_display(),
            "days": [
                (day, shown(float(value), rule.unit))
                for day, value in list(zip(one.days, one.values, strict=True))[::-1][:_DAYS]
            ],
            "url": evidence_url(one),
            "cause": seen.filter(key=one.root).first() if not one.is_root else None,
            "explained": [told(row) for row in seen.filter(root=one.key).exclude(pk=one.pk)[:25]],
            "buttons": common.offered(machines.ALERT, user, one),
            "evidence": rights.visible(user, Evidence).filter(alert=one),
            "form": form or (FileForm() if may_attach else None),
            "history": common.history(user, "alert", one),
        },
        status=422 if form is not None else 200,
    )


def _attached(request: HttpRequest, one: Alert) -> tuple[FileForm, HttpResponse | None]:
    rights.require(me(request), "attach", one)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            services.attach(me(request), one, file.name, file.read(), request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            return form, redirect("alert", one.pk)
    return form, None


def evidence_url(row: Alert) -> str:
    """Return the page whose figures the alert rests on, empty for none."""
    if row.meter_id:
        return f"{reverse('metering-point', args=[row.meter_id])}?span=week&to={row.last}"
    if row.kind == "gateway" and row.object_key.startswith("gateway:"):
        return reverse("gateway", args=[row.object_key.removeprefix("gateway:")])
    if row.organisation is None:
        return ""
    page = reverse("quality-of", args=[row.organisation.credit_code])
    view = "&view=balance" if row.rule in ("submeter_deviation", "monthly_deviation") else ""
    return f"{page}?month={row.last:%Y-%m}{view}"
