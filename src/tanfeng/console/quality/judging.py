"""Judging days: each once when it is over, again when readings or a filing touch it.

The days of points go into files, what is summed from them into the records. One process at a time
judges; whoever comes second leaves it to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from django.db import transaction
from django.utils import timezone

from tanfeng.console.metering import amounts, engine
from tanfeng.console.quality import alerting, outage_keeping, standing
from tanfeng.console.quality.filing_windows import windows
from tanfeng.console.quality.limits_in_force import changed_on, publish
from tanfeng.console.quality.models import Judgement, ToJudge
from tanfeng.console.quality.production_states import states
from tanfeng.metering.judged import BEFORE, JudgedDays, judge, midnight
from tanfeng.periods import LOCAL

#: What a day's last readings may take to arrive before it is judged. [min]
WAIT = timedelta(minutes=65)
#: Days of points judged at a time, those before included: a few million quarter hours.
_POINT_DAYS = 40_000
#: How far back a reading after a gap may change what was judged. [d]
_GAP_DAYS = 35
#: More different spans than this are judged as one.
_SPANS = 8
_DAY = timedelta(days=1)
_LOCK = "quality/.judging"

Progress = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Span:
    """Days to judge of some points; None: of all."""

    first: date
    last: date
    points: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a run judged."""

    days: int
    points: int
    first: date | None = None
    last: date | None = None


def kept() -> JudgedDays:
    """Return the days kept in this home."""
    return JudgedDays(engine.folder() / "quality" / "days")


def last_over(now: datetime) -> date:
    """Return the last local day whose readings had time to arrive."""
    return (now - WAIT).astimezone(LOCAL).date() - _DAY


def is_due(now: datetime) -> bool:
    """Tell whether a day is over, or something touched a judged one, since the last run."""
    mark = Judgement.objects.first()
    if mark is None or mark.last_day is None:
        return engine.store().version() >= 0
    if mark.last_day < last_over(now) or ToJudge.objects.exists():
        return True
    return engine.store().version() > mark.version


def run(
    now: datetime | None = None,
    *,
    again: Span | None = None,
    progress: Progress = lambda _percent, _words: None,
) -> Done | None:
    """Judge what is to be judged; None while another process does.

    Parameters
    ----------
    now : datetime, optional
        The moment, aware.
    again : Span, optional
        Days to judge again beside what is due.
    progress : callable, optional
        Told how far it is, in percent, and the day.
    """
    at = now or timezone.now()
    with engine.alone(_LOCK) as alone:
        return _run(at, again, progress) if alone else None


def _run(now: datetime, again: Span | None, progress: Progress) -> Done:
    publish()
    mark, _made = Judgement.objects.get_or_create(pk=1)
    version, upto = engine.store().version(), last_over(now)
    waiting = list(ToJudge.objects.all())
    spans = _spans(mark, upto, waiting)
    if again is not None and again.first <= upto:
        spans.append(Span(again.first, min(again.last, upto), again.points))
    points = engine.points().filter(pl.col("expression").is_null())
    if points.is_empty() or not spans:
        _follow(mark, version, mark.last_day, waiting, now)
        return Done(0, 0)
    store, rows = kept(), 0
    pieces = [piece for span in spans for piece in _pieces(span, points["point"].to_list())]
    for number, piece in enumerate(pieces):
        progress(5 + 75 * number // len(pieces), piece.first.isoformat())
        found = _judged(piece, points, now)
        store.put(found)
        rows += found.height
    first = min(span.first for span in spans)
    last = max(upto, mark.last_day or upto)
    progress(85, last.isoformat())
    with transaction.atomic():
        standing.write(store, first, last)
        outage_keeping.write(store, last)
        alerting.write(store, first, last, now)
        _follow(mark, version, last, waiting, now)
    return Done(rows, len({name for piece in pieces for name in piece.points or ()}), first, last)


def _follow(
    mark: Judgement, version: int, last: date | None, waiting: list[ToJudge], now: datetime
) -> None:
    mark.version, mark.last_day, mark.judged_at = version, last, now
    mark.save()
    ToJudge.objects.filter(pk__in=[one.pk for one in waiting]).delete()


def _spans(mark: Judgement, upto: date, waiting: Sequence[ToJudge]) -> list[Span]:
    """Return the days that are over and not judged, and those touched since."""
    changed = _changes(mark.version)
    if mark.last_day is None:
        if changed.is_empty():
            return []
        began = changed["first"].min().astimezone(LOCAL).date()  # type: ignore[union-attr]
        return [Span(began, upto)] if began <= upto else []
    spans = [Span(mark.last_day + _DAY, upto)] if mark.last_day < upto else []
    touched = _touched(changed, mark.last_day)
    asked = [(one.point, one.first, min(one.last, mark.last_day)) for one in waiting]
    touched += [one for one in asked if one[1] <= one[2]]
    if len({(first, last) for _point, first, last in touched}) > _SPANS:
        hull = (min(one[1] for one in touched), max(one[2] for one in touched))
        touched = [(point, *hull) for point, _first, _last in touched]
    for first, last in sorted({(first, last) for _point, first, last in touched}):
        names = {one[0] for one in touched if one[1:] == (first, last)}
        spans.append(Span(first, last, tuple(sorted(names))))
    return spans


def _changes(version: int) -> pl.DataFrame:
    from tanfeng.metering.store import ChangesForgotten

    try:
        return engine.store().changes(version)
    except ChangesForgotten:
        return engine.store().changes(-1)


def _touched(changed: pl.DataFrame, last_day: date) -> list[tuple[str, date, date]]:
    """Return which judged days of which points new readings change.

    A reading speaks of the quarter hour before it, and closes the gap it ends: the days back to
    the last whole one are touched with it.
    """
    if changed.is_empty():
        return []
    hour = pl.duration(hours=1)
    rows = changed.select(
        "point",
        first=_day(pl.col("first") - hour),
        last=pl.min_horizontal(_day(pl.col("last") + hour), pl.lit(last_day)),
    )
    # A point that is read again after days of silence may have all of its news today.
    earliest = rows["first"].min()
    begin = min(earliest, last_day) if isinstance(earliest, date) else last_day
    begin -= _GAP_DAYS * _DAY
    days = kept().read(begin, last_day, rows["point"].to_list())
    whole = days.filter((pl.col("received") >= pl.col("due")) & (pl.col("due") > 0))
    before = (
        rows.select("point", "first")
        .join(whole.select("point", "day"), on="point")
        .filter(pl.col("day") < pl.col("first"))
        .group_by("point")
        .agg(whole=pl.col("day").max())
    )
    after_whole = pl.col("whole") + pl.duration(days=1)
    begun = pl.min_horizontal("first", pl.max_horizontal(after_whole, pl.lit(begin)))
    spans = (
        rows.join(before, on="point", how="left")
        .with_columns(begun=pl.when(pl.col("whole").is_null()).then("first").otherwise(begun))
        .filter(pl.col("begun") <= last_day)
        .filter((pl.col("begun") < pl.col("first")) | (pl.col("first") <= last_day))
    )
    until = pl.when(pl.col("first") <= last_day).then("last").otherwise(pl.lit(last_day))
    return spans.select("point", "begun", pl.max_horizontal(until, "begun")).rows()


def _day(time: pl.Expr) -> pl.Expr:
    """Return the day of the city an instant lies in."""
    return time.dt.convert_time_zone("Asia/Shanghai").dt.date()


def _pieces(span: Span, names: list[str]) -> Iterator[Span]:
    """Cut a span into months, and its points into as many as fit the memory."""
    asked = set(names if span.points is None else span.points)
    wanted = [one for one in names if one in asked]
    first = span.first
    while first <= span.last:
        last = min(span.last, (first.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY)
        count = max(1, _POINT_DAYS // ((last - first).days + 1 + BEFORE))
        for begin in range(0, len(wanted), count):
            yield Span(first, last, tuple(wanted[begin : begin + count]))
        first = last + _DAY


def _judged(piece: Span, points: pl.DataFrame, now: datetime) -> pl.DataFrame:
    import ibis

    names = list(piece.points or ())
    here = points.filter(pl.col("point").is_in(names))
    start, end = midnight(piece.first), midnight(piece.last + _DAY)
    readings = engine.store().table(ibis.duckdb.connect(), names, start - _DAY, end + _DAY)
    return judge(
        readings.select("point", "time", "quality", "received").to_polars(),
        amounts.slots(names, start - BEFORE * _DAY, end),
        here,
        due=amounts.due(names),
        first=piece.first,
        last=piece.last,
        as_of=now,
        filings=windows(names),
        production=states(here["node"].drop_nulls()),
        changed=changed_on(piece.first),
    )


def mark_of() -> Judgement | None:
    """Return how far judging has come, None before the first run."""
    return Judgement.objects.filter(last_day__isnull=False).first()
