"""Computing what the pages show, once a night or when the city asks, and keeping it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl
from django.db import transaction
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.forecast.models import Anomaly, Forecast
from tanfeng.console.metering import amounts
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality.limits_in_force import changed_on
from tanfeng.metering import outlook, workdays
from tanfeng.periods import LOCAL

Progress = Callable[[int], None]
#: Enterprises whose hours are asked for at a time.
_CHUNK = 25
#: Longest window of hours asked for at a time. [d]
_WINDOW_DAYS = 50
_ERRORS = ("method", "n", "mae", "bias", "wape", "skill", "coverage")
_HOURS = ("actual", "naive", "usual", "forecast", "low", "high")
#: Digits kept of an amount shown by the hour.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Done:
    """What a night's work came to."""

    forecasts: int
    short: int
    anomalies: int


def compute(user: User, today: date | None = None, *, progress: Progress | None = None) -> Done:
    """Forecast every enterprise that is metered, because somebody asked.

    Parameters
    ----------
    user : User
        An officer of the city.
    today : datetime.date, optional
        Day of the forecast; what is known ends with the day before.
    progress : callable, optional
        Told the share done. [%]
    """
    rights.require(user, "compute", Forecast)
    done = compute_all(today, progress=progress)
    audit.record("forecast.compute", user=user, forecasts=done.forecasts, anomalies=done.anomalies)
    return done


def compute_all(today: date | None = None, *, progress: Progress | None = None) -> Done:
    """Forecast every enterprise that is metered; the night, the command and the city call this.

    Parameters
    ----------
    today, progress
        As of :func:`compute`.

    Returns
    -------
    Done
        How many were forecast, how many have too little history, how many anomalies were found.
    """
    today = today or timezone.localdate()
    told = progress or (lambda _percent: None)
    sending = Meter.objects.filter(point__isnull=False, last_time__isnull=False)
    firms = {
        one.credit_code: one
        for one in Organisation.objects.filter(pk__in=sending.values("organisation")).order_by("pk")
    }
    hourly = _hourly(list(firms), today, lambda share: told(round(60 * share)))
    last_year = _last_year(list(firms), today)
    changed = changed_on(today)
    made, odd = [], []
    if hourly.height:  # what nothing was ever known of has no course to go on
        told_of = pl.col("amount").is_not_null().any().over("node", "item_key")
        hourly = hourly.filter(told_of)
    keys = hourly["item_key"].unique().sort().to_list() if hourly.height else []
    for place, key in enumerate(keys):
        told(60 + round(35 * place / len(keys)))
        part = hourly.filter(pl.col("item_key") == key)
        unit = str(part["unit"][0])
        found = outlook.outlook(
            part, today, calendar=workdays.published(), unit=unit, changed=changed
        )
        made += _rows(found, firms, key, unit, today, last_year)
        odd += _anomalies(found, firms, key, unit)
    _keep(made, odd, today)
    short = sum(one.state in Forecast.NOTHING for one in made)
    return Done(len(made) - short, short, len(odd))


def _hourly(codes: list[str], today: date, told: Callable[[float], None]) -> pl.DataFrame:
    """Return the hours of some enterprises up to today, a few of them and some weeks at a time."""
    columns = ("node", "item_key", "unit", "start", "amount", "completeness")
    end, parts = _midnight(today), []
    first = end - timedelta(days=outlook.REACH_DAYS)
    chunks = [codes[i : i + _CHUNK] for i in range(0, len(codes), _CHUNK)]
    for place, chunk in enumerate(chunks):
        begin = first
        while begin < end:
            until = min(end, begin + timedelta(days=_WINDOW_DAYS))
            found = amounts.of_nodes(chunk, "hour", begin, until)
            parts.append(found.filter(pl.col("node").is_in(chunk)).select(columns))
            begin = until
        told((place + 1) / len(chunks))
    return pl.concat(parts) if parts else pl.DataFrame()


def _last_year(codes: list[str], today: date) -> dict[tuple[str, str], tuple[float, float]]:
    """Return amount and known share of this month a year ago, by enterprise and item."""
    begin = _midnight(today.replace(year=today.year - 1, day=1))
    end = _midnight((begin.date() + timedelta(days=32)).replace(day=1))
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for i in range(0, len(codes), _CHUNK):
        rows = amounts.of_nodes(codes[i : i + _CHUNK], "month", begin, end)
        known = rows.drop_nulls("amount").select("node", "item_key", "amount", "completeness")
        found |= {(node, key): (amount, share) for node, key, amount, share in known.iter_rows()}
    return found


def _rows(
    found: outlook.Outlook,
    firms: Mapping[str, Organisation],
    key: str,
    unit: str,
    today: date,
    last_year: Mapping[tuple[str, str], tuple[float, float]],
) -> list[Forecast]:
    """Return what is kept of one item."""
    hours, months = _by_node(found.hours), _by_node(found.months)
    errors, odd = _by_node(found.errors), _by_node(found.anomalies)
    now, made = timezone.now(), []
    told = found.nodes.select("node", "days_known", "state", "holidays", "made_up")
    for node, days, state, holidays, made_up in told.iter_rows():
        year_ago = last_year.get((node, key), (None, None))
        row = Forecast(
            organisation=firms[node], item_key=key, unit=unit, state=state, days_known=days,
            keeps_holidays=holidays, keeps_made_up=made_up,
            known_to=today - timedelta(days=1), computed_at=now, version=outlook.VERSION,
            last_year=year_ago[0], last_year_known=year_ago[1],
            odd=odd[node].height if node in odd else 0,
        )  # fmt: skip
        if node in months:
            _set_month(row, months[node].row(0, named=True))
            _set_hours(row, hours[node], today)
            row.errors = [
                {name: _plain(one[name]) for name in _ERRORS}
                for one in errors[node].iter_rows(named=True)
            ]
            wape = {one["method"]: one["wape"] for one in row.errors}
            row.wape, row.naive_wape = wape.get("forecast"), wape.get("naive")
        made.append(row)
    return made


def _set_month(row: Forecast, month: Mapping[str, Any]) -> None:
    for name in ("so_far", "gaps", "rest", "total", "low", "high", "last_month"):
        setattr(row, name, _plain(month[name]))
    row.month, row.month_basis = month["month"], month["basis"]
    row.days_left, row.hours_missing = month["days_left"], month["hours_missing"]
    row.last_month_known = _plain(month["last_month_known"])


def _set_hours(row: Forecast, hours: pl.DataFrame, today: date) -> None:
    """Keep the hours of the picture, and the hour of tomorrow that will use most."""
    columns: dict[str, list[Any]] = {
        name: [_rounded(value) for value in hours[name].to_list()] for name in _HOURS
    }
    row.hours = {"start": [one.isoformat() for one in hours["start"].to_list()], **columns}
    tomorrow = hours.filter(
        pl.col("start") >= _midnight(today + timedelta(days=1)), pl.col("forecast").is_not_null()
    )
    if tomorrow.height:
        peak = tomorrow.sort("forecast", "start", descending=[True, False]).row(0, named=True)
        row.peak_at, row.peak = peak["start"], _plain(peak["forecast"])
        row.peak_low, row.peak_high = _plain(peak["low"]), _plain(peak["high"])


def _anomalies(
    found: outlook.Outlook,
    firms: Mapping[str, Organisation],
    key: str,
    unit: str,
) -> list[Anomaly]:
    now = timezone.now()
    if found.anomalies.is_empty():
        return []
    same = ("start", "end", "hours", "amount", "usual", "excess", "ratio", "sigmas")
    return [
        Anomaly(
            organisation=firms[one["node"]], item_key=key, unit=unit, found_at=now,
            is_high=one["direction"] == "high",
            reason_zh=one["reason_zh"][:300], reason_en=one["reason_en"][:300],
            **{name: one[name] for name in same},
        )
        for one in found.anomalies.iter_rows(named=True)
    ]  # fmt: skip


def _keep(made: list[Forecast], odd: list[Anomaly], today: date) -> None:
    """Put the new forecasts in the place of the old, and the anomalies of the week likewise."""
    week = _midnight(today - timedelta(days=outlook.WEEK))
    with transaction.atomic():
        Forecast.objects.all().delete()
        Forecast.objects.bulk_create(made, batch_size=200)
        Anomaly.objects.filter(start__gte=week).delete()
        Anomaly.objects.bulk_create(odd, batch_size=500)


def _by_node(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    if frame.is_empty():
        return {}
    return {str(name): part for (name,), part in frame.partition_by("node", as_dict=True).items()}


def _plain(value: Any) -> Any:
    """Return a value JSON can hold: what is no number is nothing."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rounded(value: float | None) -> float | None:
    kept = _plain(value)
    return None if kept is None else float(f"{kept:.{_DIGITS}g}")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL)
