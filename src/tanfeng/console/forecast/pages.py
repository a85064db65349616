"""What the pages show of a kept forecast: pictures, comparisons, and where an anomaly leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import share_of_change, unit
from tanfeng.console.core.models import User
from tanfeng.console.forecast import output
from tanfeng.console.forecast.models import Anomaly, Forecast
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality.limits_in_force import value_on
from tanfeng.metering import outlook
from tanfeng.metering.quality import limits
from tanfeng.periods import LOCAL
from tanfeng.sheets.meter_list import item_names

#: Time shown on either side of an anomaly.
_AROUND = timedelta(days=1)
METHODS: Mapping[str, str | Promise] = {
    "naive": pgettext_lazy("forecast", "same hour last week (naive)"),
    "usual": pgettext_lazy("forecast", "usual: like days"),
    "forecast": pgettext_lazy("forecast", "our forecast"),
}


def item_name(key: str) -> str:
    """Return the name of an item in the language of the page."""
    return item_names(key)[language() == "en"]


def compared(row: Forecast) -> dict[str, Any]:
    """Return the month against the one before and a year ago, where those are known well enough."""
    least = value_on("consistency_known_min", row.known_to)

    def against(amount: float | None, known: float | None) -> dict[str, Any]:
        whole = amount is not None and (known or 0.0) >= least
        change = share_of_change(row.total, amount) if whole and row.total is not None else None
        return {"amount": amount, "known": known, "change": change, "whole": whole}

    return {
        "last_month": against(row.last_month, row.last_month_known),
        "last_year": against(row.last_year, row.last_year_known),
    }


def calendar_words(row: Forecast) -> str:
    """Return which days of the yearly notices the enterprise keeps, as its own past tells."""
    if row.keeps_holidays is None and row.keeps_made_up is None:
        return _("its past does not tell yet whether it keeps the holidays of the notices")
    told = [
        text
        for keeps, texts in (
            (row.keeps_holidays, (_("works through holidays"), _("rests on holidays"))),
            (row.keeps_made_up, (_("rests on made-up days"), _("works on made-up days"))),
        )
        if keeps is not None
        for text in [texts[keeps]]
    ]
    return _("by its own past: %(days)s") % {"days": pgettext("between clauses", ", ").join(told)}


def needed(row: Forecast) -> int:
    """Return how many whole days [d] of hours the next better kind of forecast needs."""
    return (
        outlook.LEAST_DAYS if row.state == Forecast.State.SHORT else int(limits()["train_days_min"])
    )


def picture(row: Forecast) -> dict[str, Any] | None:
    """Return the last week as it came and as it was forecast, today and tomorrow."""
    kept = row.hours
    if not kept:
        return None
    starts = [datetime.fromisoformat(one).astimezone(LOCAL) for one in kept["start"]]
    labels = [f"{one:%m-%d %H:%M}" for one in starts]
    known_to = row.known_to + timedelta(days=1)
    today = next(
        (name for one, name in zip(starts, labels, strict=True) if one.date() == known_to), None
    )
    said: dict[str, Any] = {
        "key": "brand", "name": str(METHODS["forecast"]), "values": kept["forecast"],
    }  # fmt: skip
    if any(value is not None for value in kept["low"]):
        said |= {"low": kept["low"], "high": kept["high"]}
    return {
        "x": labels,
        "unit": unit(row.unit),
        "places": 1,
        "series": [
            {"key": "estimated", "name": str(METHODS["naive"]), "values": kept["naive"],
             "dashed": True},
            said,
            {"key": "electronics", "name": _("as it came"), "values": kept["actual"]},
        ],
        "events": [{"x": today, "label": _("forecast from here")}] if today else [],
    }  # fmt: skip


def week_of(known_to: date) -> datetime:
    """Return when the week begins that ends with a day, on the city's clock."""
    return datetime.combine(known_to - timedelta(days=outlook.WEEK - 1), time(), LOCAL)


def errors(row: Forecast) -> list[dict[str, Any]]:
    """Return how far each way of forecasting was off, the naive one first."""
    return [{**one, "name": METHODS[one["method"]]} for one in row.errors if one["n"]]


def told(user: User, rows: Iterable[Anomaly]) -> list[dict[str, Any]]:
    """Return anomalies in words, with the output reported and the picture of the meter then."""
    found = list(rows)
    made = output.of(user, found)
    meters = _meters({one.organisation_id for one in found})
    english = language() == "en"
    return [
        {
            "row": one,
            "organisation": one.organisation,
            "item": item_name(one.item_key),
            "unit": unit(one.unit),
            "reason": one.reason_en if english else one.reason_zh,
            "output": made[one.pk],
            "start": timezone.localtime(one.start),
            "url": _point_url(meters.get((one.organisation_id, one.item_key)), one),
        }
        for one in found
    ]


def _meters(organisations: set[int]) -> dict[tuple[int, str], int]:
    """Return the meter that shows most of an item of an enterprise: the one of the least level."""
    rows = Meter.objects.filter(organisation__in=organisations, point__isnull=False).order_by(
        "-level", "-point"
    )
    return {(firm, key): pk for firm, key, pk in rows.values_list("organisation", "item_key", "pk")}


def _point_url(meter: int | None, one: Anomaly) -> str:
    if meter is None:
        return ""
    window = {
        "from": f"{timezone.localtime(one.start - _AROUND):%Y-%m-%dT%H:%M}",
        "until": f"{timezone.localtime(one.end + _AROUND):%Y-%m-%dT%H:%M}",
    }
    return f"{reverse('metering-point', args=[meter])}?{urlencode(window)}"
