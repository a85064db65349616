"""Online monitoring: the points with their newest reading, and one with its picture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Place
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import me
from tanfeng.console.core.figures import moment, plain, unit
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering import engine, forms, zoom
from tanfeng.console.metering.models import Meter
from tanfeng.console.metering.views.common import QUALITIES, STATES, of_state, state_of
from tanfeng.periods import LOCAL

COLUMNS = (
    Column("point", pgettext_lazy("meter", "Point"), sort="point"),
    Column("meter", gettext_lazy("Meter"), lambda row: row.name),
    *OF_ENTERPRISE,
    Column("item", gettext_lazy("Energy"), lambda row: row.item_name, sort="item_key"),
    Column(
        "level", pgettext_lazy("meter", "Level"), lambda row: row.get_level_display(), sort="level"
    ),
    Column("last_time", gettext_lazy("Last reading"), sort="last_time"),
    Column("last_value", pgettext_lazy("meter", "Value")),
    Column("reading_unit", gettext_lazy("Unit")),
    Column(
        "quality", gettext_lazy("Quality"),
        lambda row: QUALITIES.get(row.last_quality, ("", ""))[0],
    ),
    Column("state", gettext_lazy("State"),
           lambda row: STATES[state_of(row, timezone.now())][0]),
)  # fmt: skip
#: What the rows of the list are written from.
_SHOWN = (
    "point", "name", "item_key", "level", "last_time", "last_value", "last_quality", "late_after",
    "expression", "reading_unit", "organisation__name", "organisation__is_demo",
    "organisation__credit_code", "organisation__place__name_zh", "organisation__place__name_en",
)  # fmt: skip
LEVELS = dict(Meter.Level.choices)
#: Spans of the picture -> days.
SPANS: Mapping[str, tuple[Any, int]] = {
    "day": (pgettext_lazy("span", "day"), 1),
    "week": (pgettext_lazy("span", "week"), 7),
    "month": (pgettext_lazy("span", "month"), 31),
    "year": (pgettext_lazy("span", "year"), 366),
}
#: Points a session has looked at, so that moving a picture about is one look in the log.
_LOOKED, _MOST_LOOKED = "points-looked-at", 200
#: Longest span of an export, in readings.
_MOST_ROWS = 200_000
_READING_COLUMNS = (
    Column("time", gettext_lazy("Time"), lambda row: row["time"]),
    Column("value", pgettext_lazy("meter", "Value"), lambda row: row["value"]),
    Column("quality", gettext_lazy("Quality"),
           lambda row: QUALITIES.get(row["quality"], (row["quality"], ""))[0]),
    Column("received", gettext_lazy("Received"), lambda row: row["received"]),
    Column("source", gettext_lazy("Source"), lambda row: row["source"]),
)  # fmt: skip


def _told(row: Meter, now: datetime) -> dict[str, Any]:
    """Return a row of the list in words."""
    state, quality = STATES[state_of(row, now)], QUALITIES.get(row.last_quality or 0)
    last = row.last_time
    return {
        "url": f"{reverse('metering')}{row.pk}/",
        "point": row.point,
        "name": row.name,
        "organisation": row.organisation.name,
        "is_demo": row.organisation.is_demo,
        "item": row.item_name,
        "level": LEVELS[row.level],
        "last": moment(timezone.localtime(last)) if last else "",
        "age": _("%s ago") % timesince(last, now) if last else "",
        "value": f"{plain(row.last_value, 2)} {unit(row.reading_unit)}" if last else "—",
        "state": state[0],
        "state_kind": state[1],
        "quality": quality if last and quality and quality[1] != "good" else None,
    }


def narrowed(request: HttpRequest, rows: Any, now: datetime) -> Any:
    """Narrow points to what the query asks for."""
    asked = request.GET
    if asked.get("state") in STATES:
        rows = rows.filter(of_state(asked["state"], now))
    if asked.get("item"):
        rows = rows.filter(item_key=asked["item"][:24])
    if asked.get("level") in ("1", "2", "3"):
        rows = rows.filter(level=int(asked["level"]))
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(point__istartswith=text)
            | Q(name__icontains=text)
            | Q(organisation__name__icontains=text)
            | Q(organisation__credit_code__istartswith=text)
        )
    return rows


@require_safe
def points(request: HttpRequest) -> HttpResponse:
    """List the points in the person's scope with their newest reading and how old it is."""
    user, now = me(request), timezone.now()
    rights.require(user, "view", Meter)
    seen = rights.visible(user, Meter).filter(point__isnull=False)
    listing = Listing(
        request,
        narrowed(request, seen, now).select_related("organisation__place").only(*_SHOWN),
        name="points",
        title=gettext_lazy("Online monitoring"),
        columns=COLUMNS,
        default_sort="point",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "metering/points.html",
        {
            "listing": listing,
            "rows": [_told(row, now) for row in listing.page],
            "late": seen.filter(late_after__lt=now).count(),
            "items": forms.energy_choices(),
            "levels": Meter.Level.choices,
            "states": [(key, words) for key, (words, _kind) in STATES.items()],
            "places": () if user.org_code else [(p.code, str(p)) for p in Place.objects.all()],
            "sort": listing.sort,
            "asked": request.GET,
        },
    )


@require_safe
def point(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a point over any window: readings, energy and what that is worth, on one clock."""
    user = me(request)
    meter = rights.get_visible(user, Meter, pk=pk)
    if not meter.point:
        raise Http404
    now = timezone.now()
    span = request.GET.get("span", "")
    span = span if span in SPANS else "week"
    asked = asked_window(request)
    start, end = asked or _of_span(_last_day(request, meter), SPANS[span][1])
    readings = engine.store().readings([meter.point], start, end)
    if request.GET.get("export") == "xlsx":
        return _export(request, meter, readings)
    _note(request, meter)
    flowed = zoom.flow(meter, start, end, now)
    happened = zoom.marks(user, meter, start, end)
    return render(
        request,
        "metering/point.html",
        {
            "meter": meter,
            "organisation": meter.organisation,
            "state": STATES[state_of(meter, now)],
            "quality": QUALITIES.get(meter.last_quality)
            if meter.last_quality is not None
            else None,
            "data": zoom.whole(meter, start, end, readings, flowed, happened),
            "happened": happened,
            "table": zoom.table(flowed, start, end),
            "worth": [
                one for one in zoom.stretches(flowed, start, end) if one["quality"] != "measured"
            ],
            "energy_unit": zoom.energy_unit(meter),
            "zoom_words": zoom.words(),
            "counts": _counts(readings),
            "is_known": flowed.height > 0,
            "due_rows": due_rows(start, min(end, now), meter.interval_s),
            "rows": readings.height,
            "spans": [
                {"label": words, "url": f"?span={key}", "current": key == span and asked is None}
                for key, (words, _days) in SPANS.items()
            ],
            "start": start,
            "until": end,
            "before": _moved(start, end, -1),
            "after": _moved(start, end, 1) if end < now else "",
            "newest": readings.tail(10).reverse().to_dicts(),
            "qualities": QUALITIES,
        },
    )


@require_safe
def point_window(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the parts of the picture of a window, as fine as the window allows."""
    user = me(request)
    meter = rights.get_visible(user, Meter, pk=pk)
    if not meter.point:
        raise Http404
    week = SPANS["week"][1]
    start, end = asked_window(request) or _of_span(_last_day(request, meter), week)
    _note(request, meter, again=False)
    readings = engine.store().readings([meter.point], start, end)
    flowed = zoom.flow(meter, start, end, timezone.now())
    happened = zoom.marks(user, meter, start, end)
    return JsonResponse(zoom.whole(meter, start, end, readings, flowed, happened))


def due_rows(start: datetime, end: datetime, interval_s: int) -> int:
    """Return how many readings are due in a window: one at its start, and one an interval on."""
    return max(1, -int(-(end - start).total_seconds() // interval_s))


def _note(request: HttpRequest, meter: Meter, *, again: bool = True) -> None:
    """Write down that a meter is looked at; moving its picture about is the same look."""
    looked = request.session.get(_LOOKED, [])
    if again or meter.pk not in looked:
        audit.read_of(request, meter, "meter.read")
    if meter.pk not in looked:
        request.session[_LOOKED] = [*looked[-_MOST_LOOKED:], meter.pk]


def asked_window(request: HttpRequest) -> tuple[datetime, datetime] | None:
    """Return the window of ``?from=&until=``, on the city's clock; None where none is asked for."""
    try:
        start, end = (
            datetime.fromisoformat(request.GET[name]).replace(tzinfo=LOCAL)
            for name in ("from", "until")
        )
        # Far from any year the arithmetic of time zones ends.
        if not 1970 <= start.year <= end.year <= 2200:
            return None
    except (KeyError, ValueError):
        return None
    return zoom.clamped(start, end)


def _moved(start: datetime, end: datetime, by: int) -> str:
    """Return the address of the window before or after one."""
    span = (end - start) * by
    both = {"from": start + span, "until": end + span}
    return (
        f"?{urlencode({key: f'{at.astimezone(LOCAL):%Y-%m-%dT%H:%M}' for key, at in both.items()})}"
    )


def _last_day(request: HttpRequest, meter: Meter) -> date:
    """Return the last day shown: the one asked for, else that of the newest reading."""
    try:
        return date.fromisoformat(request.GET.get("to", ""))
    except ValueError:
        newest = meter.last_time or timezone.now()
        return newest.astimezone(LOCAL).date()


def _of_span(last: date, days: int) -> tuple[datetime, datetime]:
    """Return the window of some days up to and with the last."""
    try:
        end = datetime.combine(last + timedelta(days=1), time(), LOCAL)
        return end - timedelta(days=days), end
    except OverflowError:
        raise Http404 from None


def _counts(readings: pl.DataFrame) -> list[tuple[Any, str, int]]:
    """Return how many readings there are of each quality, in words."""
    found = dict(readings["quality"].value_counts().iter_rows())
    return [(words, kind, found[key]) for key, (words, kind) in QUALITIES.items() if key in found]


def _export(request: HttpRequest, meter: Meter, readings: pl.DataFrame) -> HttpResponse:
    if readings.height > _MOST_ROWS:
        return lists.too_many(readings.height)
    event = audit.record(
        "export.readings", request=request, thing=meter, rows=readings.height, point=meter.point
    )
    title = _("Readings of %s") % meter.point
    book = lists.workbook(title, _READING_COLUMNS, readings.iter_rows(named=True), event=event)
    return lists.attachment(book, f"{title}.xlsx")
