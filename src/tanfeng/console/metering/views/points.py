"""Online monitoring: the points with their newest reading, and one with its picture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
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
from tanfeng.console.metering import amounts, engine, forms
from tanfeng.console.metering.chart import Window, buckets
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
#: Periods a span is divided into.
_PERIODS: Mapping[str, amounts.By] = {
    "day": "hour", "week": "hour", "month": "day", "year": "month",
}  # fmt: skip
#: A click on the picture opens the next narrower span.
_NARROWER = {"year": "month", "month": "week", "week": "day", "day": "day"}
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
    """Show the readings of a point over a day, week, month or year."""
    user = me(request)
    meter = rights.get_visible(user, Meter, pk=pk)
    if not meter.point:
        raise Http404
    span = request.GET.get("span", "")
    span = span if span in SPANS else "week"
    last, now = _last_day(request, meter), timezone.now()
    window = _window(last, SPANS[span][1])
    readings = engine.store().readings([meter.point], window.start, window.end)
    if request.GET.get("export") == "xlsx":
        return _export(request, meter, readings)
    audit.read_of(request, meter, "meter.read")
    days = timedelta(days=SPANS[span][1])
    # Nobody reads a virtual meter: it has energy alone.
    asked = request.GET.get("view") == "energy" or meter.is_virtual
    view = "energy" if asked else "readings"
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
            "chart": _picture(meter, readings, window, span) if view == "readings" else None,
            "energy": _energy(meter, window, span, now) if view == "energy" else None,
            "view": view,
            "views": [("readings", _("Readings")), ("energy", _("Energy by period"))][
                meter.is_virtual :
            ],
            "counts": _counts(readings),
            # What lies ahead is not due yet.
            "due_rows": max(
                1, int((min(window.end, now) - window.start).total_seconds()) // meter.interval_s
            ),
            "rows": readings.height,
            "span": span,
            "spans": [(key, words) for key, (words, _days) in SPANS.items()],
            "first": window.start.date(),
            "last": last,
            "before": last - days,
            "after": last + days if last < timezone.localdate() else None,
            "step": timedelta(seconds=window.step_s),
            "newest": readings.tail(10).reverse().to_dicts(),
            "qualities": QUALITIES,
        },
    )


def _last_day(request: HttpRequest, meter: Meter) -> date:
    """Return the last day shown: the one asked for, else that of the newest reading."""
    try:
        return date.fromisoformat(request.GET.get("to", ""))
    except ValueError:
        newest = meter.last_time or timezone.now()
        return newest.astimezone(LOCAL).date()


def _window(last: date, days: int) -> Window:
    try:
        end = datetime.combine(last + timedelta(days=1), time(), LOCAL)
        return Window(end - timedelta(days=days), end)
    except OverflowError:
        raise Http404 from None


def _picture(meter: Meter, readings: pl.DataFrame, window: Window, span: str) -> dict[str, Any]:
    cut = buckets(readings, window)
    daily = window.step_s >= 86400
    shape = "%Y-%m-%d" if daily else "%m-%d %H:%M"
    ends = cut["start"].dt.offset_by(f"{SPANS[_NARROWER[span]][1] // 2}d").dt.strftime("%Y-%m-%d")
    series: dict[str, Any] = {
        "key": "brand", "name": meter.get_reading_kind_display(), "values": cut["last"].to_list(),
    }  # fmt: skip
    is_register = meter.reading_kind == Meter.Reading.REGISTER
    if cut["rows"].max() != 1 and not is_register:
        series |= {"low": cut["low"].to_list(), "high": cut["high"].to_list()}
    data: dict[str, Any] = {
        "x": cut["start"].dt.strftime(shape).to_list(),
        "unit": unit(meter.reading_unit),
        "places": 2,
        "cut": is_register,
        "series": [series],
    }
    if span != "day":
        data |= {"keys": ends.to_list(), "link": f"?span={_NARROWER[span]}&to={{x}}"}
    return data


def _energy(meter: Meter, window: Window, span: str, now: datetime) -> dict[str, Any] | None:
    """Return what flowed, measured and estimated apart; None where the engine knows nothing."""
    by = _PERIODS[span]
    found = amounts.energy(str(meter.point), by, window.start, window.end)
    if found.is_empty():
        return None
    shape = {"hour": "%m-%d %H:%M", "day": "%m-%d", "month": "%Y-%m"}[by]
    local = found["start"].dt.convert_time_zone("Asia/Shanghai")
    known = found.filter(pl.col("amount").is_not_null())
    due = found.filter(pl.col("start") < now)
    total, share = float(known["amount"].sum()), float(due["completeness"].mean() or 0.0)  # type: ignore[arg-type]
    return {
        "total": total if known.height else None,
        "unit": unit(found["unit"][0]),
        "known": share,
        # Shares of the whole time: what is known divided as its energy is, and the rest.
        "measured": share * float(known["measured"].sum()) / total if total else 0.0,
        "estimated": share * float(known["estimated"].sum()) / total if total else 0.0,
        "missing": 1.0 - share,
        "data": {
            "x": local.dt.strftime(shape).to_list(),
            "unit": unit(found["unit"][0]),
            "places": 0 if by != "hour" else 1,
            "mode": "bar",
            "series": [
                {"key": key, "name": str(name), "values": found[key].to_list()}
                for key, name in (("measured", _("measured")), ("estimated", _("estimated")))
                if key == "measured" or found[key].sum() > 0
            ],
        },
    }


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
