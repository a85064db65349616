"""One picture of a point over any window: what it read, what flowed, and what that is worth.

Readings as an envelope, energy as bars, quality as a band with the rule of every stretch that is
not measured, on one clock. The narrower the window the finer the cut; no part of the picture has
more than ``MOST`` pieces, however long the window is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from tanfeng.console.core.figures import unit
from tanfeng.console.core.models import User
from tanfeng.console.metering import amounts
from tanfeng.console.metering.chart import Window, buckets
from tanfeng.console.metering.models import Meter
from tanfeng.metering.frames import meter_units
from tanfeng.periods import LOCAL

#: Pieces of each part of the picture at most.
MOST = 960
#: Stretches of quality at most; more of them are drawn coarser.
_STRETCHES = 300
#: Bars of the table behind the picture at most.
_ROWS = 400
#: Shortest and longest window.
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=5 * 366)
#: Widths of a bar: quarter hour, hour, day, week. [s]
_BARS_S = (900, 3600, 86400, 7 * 86400)
_QUARTER = timedelta(minutes=15)
_US = 1_000_000
_LOCAL_US = 8 * 3600 * _US
#: From the epoch, a Thursday, to the Monday after it.
_MONDAY_US = 4 * 86400 * _US
_WORST = {"missing": 2, "estimated": 1, "measured": 0}

QUALITIES: Mapping[str, str | Promise] = {
    "measured": gettext_lazy("measured"),
    "estimated": gettext_lazy("estimated"),
    "missing": gettext_lazy("missing"),
}
#: Rule of the engine -> what it did, in words. ``docs/methods/metering.md`` has them in full.
RULES: Mapping[str, str | Promise] = {
    "direct": pgettext_lazy("rule", "difference of two readings"),
    "split": pgettext_lazy("rule", "readings off the quarter hour, divided by time"),
    "duplicate": pgettext_lazy("rule", "several readings of one time: the last that came holds"),
    "rollover": pgettext_lazy("rule", "the register rolled over"),
    "replacement": pgettext_lazy("rule", "the device was changed: closing and opening register"),
    "gap": pgettext_lazy(
        "rule", "readings missing: the amount is known, its shape that of like days"
    ),
    "spike": pgettext_lazy("rule", "readings far too high were left out"),
    "dip": pgettext_lazy("rule", "readings that fell and came back were left out"),
    "frozen": pgettext_lazy("rule", "the register stood still"),
    "reset": pgettext_lazy("rule", "the register began anew: what it showed before that is lost"),
    "silent": pgettext_lazy("rule", "no reading to go by"),
    "jump": pgettext_lazy("rule", "more than the point can have used: not believed"),
    "refused": pgettext_lazy("rule", "a negative or lone zero amount: not believed"),
    "virtual": pgettext_lazy("rule", "computed from other points"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to a meter, in words: at a moment, or for a time.

    Parameters
    ----------
    at : datetime
        When, or from when.
    words : str
    until : datetime, optional
        Not part of it; None: a moment.
    kind : {"", "bad", "late", "note"}
        How it is coloured; each kind of time has a lane of its own.
    url : str
        Its page, if it has one.
    """

    at: datetime
    words: str
    until: datetime | None = None
    kind: str = ""
    url: str = ""

    def touches(self, start: datetime, end: datetime) -> bool:
        """Tell whether some of it lies within a window."""
        return self.at < end and (self.at >= start if self.until is None else self.until > start)


#: What tells a person of a meter in a window; other rooms add what they know, as filed outages.
MARKS: list[Callable[[User, Meter, datetime, datetime], Iterable[Mark]]] = []


def clamped(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return a window no shorter than an hour and no longer than five years, ending as asked."""
    span = min(max(end - start, SHORTEST), LONGEST)
    return end - span, end


def extent(meter: Meter, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return how far the picture may be moved: from the first device on, to the newest reading."""
    last = max(end, meter.last_time or end)
    hung = [one.installed_at for one in meter.devices.all()]
    first = min([start, *hung]) if hung else min(start, last - timedelta(days=366))
    return max(first, last - LONGEST), last


def flow(meter: Meter, start: datetime, end: datetime, now: datetime) -> pl.DataFrame:
    """Return the quarter hours of a window that are over: what lies ahead is not missing."""
    found = amounts.slots([str(meter.point)], start, end)
    return found.filter(pl.col("start") <= now - _QUARTER).sort("start")


def whole(
    meter: Meter,
    start: datetime,
    end: datetime,
    readings: pl.DataFrame,
    flowed: pl.DataFrame,
    happened: Iterable[Mark] = (),
) -> dict[str, Any]:
    """Return all parts of the picture, ready for JSON.

    Parameters
    ----------
    meter : Meter
        With a point.
    start, end : datetime
        ``start <= t < end``, aware.
    readings : polars.DataFrame
        Of the window, as they came.
    flowed : polars.DataFrame
        Of the window, from :func:`flow`.
    happened : iterable of Mark
        Within the window, from :func:`marks`.

    Returns
    -------
    dict
        from, until, extent (ms on the city's clock), readings, energy, quality, marks, unit,
        energy_unit, cut (whether the readings count up from far above zero).
    """
    window = Window(start, end, MOST, meter.interval_s)
    cut = buckets(readings, window).filter(pl.col("rows") > 0)
    first, last = extent(meter, start, end)
    return {
        "from": _ms(start),
        "until": _ms(end),
        "extent": [_ms(first), _ms(last)],
        "unit": unit(meter.reading_unit),
        "energy_unit": unit(energy_unit(meter)),
        "cut": meter.reading_kind == Meter.Reading.REGISTER,
        "readings": {
            "name": str(meter.get_reading_kind_display()),
            "step": window.step_s * 1000,
            "x": _local_ms(cut["start"]),
            **{name: cut[name].to_list() for name in ("low", "high", "last", "rows")},
        },
        "energy": _columns(bars(flowed, start, end)),
        "quality": [
            {
                "from": _ms(one["start"]),
                "until": _ms(one["end"]),
                "quality": one["quality"],
                "words": one["words"],
            }
            for one in stretches(flowed, start, end)
        ],
        "marks": [
            {
                "x": _ms(one.at),
                "until": _ms(one.until) if one.until else None,
                "words": one.words,
                "kind": one.kind,
                "url": one.url,
            }
            for one in happened
        ],
        **summary(flowed),
    }


def energy_unit(meter: Meter) -> str:
    """Return the unit of what flows through a point: the base unit of its readings."""
    known = meter_units().get(meter.reading_unit)
    return known.base_unit if known else str(meter.reading_unit)


def summary(flowed: pl.DataFrame) -> dict[str, float | None]:
    """Return what flowed in all, and which shares of the time are measured, estimated, missing."""
    slots = max(flowed.height, 1)
    counts = dict(flowed["quality"].cast(pl.String).value_counts().iter_rows())
    known = flowed["amount"].drop_nulls()
    return {
        "total": float(known.sum()) if len(known) else None,
        **{name: counts.get(name, 0) / slots for name in QUALITIES},
    }


def bars(flowed: pl.DataFrame, start: datetime, end: datetime, most: int = MOST) -> pl.DataFrame:
    """Sum quarter hours to bars.

    Parameters
    ----------
    flowed : polars.DataFrame
        Columns of ``SLOTS`` of one point.
    start, end : datetime
        The window.
    most : int
        Bars at most.

    Returns
    -------
    polars.DataFrame
        start (aware), until, measured, estimated [base unit], missing (share of the bar's quarter
        hours) [1]; a bar nothing is known of is null, not zero.
    """
    seconds = (end - start).total_seconds()
    step_us = next((one for one in _BARS_S if seconds / one <= most), _BARS_S[-1]) * _US
    phase = (_MONDAY_US if step_us > 86400 * _US else 0) - _LOCAL_US
    at = (pl.col("start").dt.epoch("us") - phase) // step_us
    known = pl.col("amount").is_not_null()
    moment = (pl.col("at") * step_us + phase).cast(pl.Datetime("us", "UTC"))
    return (
        flowed.group_by(at=at)
        .agg(
            measured=pl.when(known.any()).then(pl.col("measured").sum()),
            estimated=pl.when(known.any()).then((pl.col("amount") - pl.col("measured")).sum()),
            missing=(~known).mean(),
        )
        .sort("at")
        .select(
            start=moment,
            until=moment + pl.duration(microseconds=step_us),
            measured="measured",
            estimated="estimated",
            missing="missing",
        )
    )


def table(flowed: pl.DataFrame, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the rows behind the picture, for whoever does not see it."""
    return bars(flowed, start, end, _ROWS).to_dicts()


def stretches(flowed: pl.DataFrame, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return runs of quarter hours of one worth, with the rule of what is not measured in words.

    Many short runs in a long window are drawn coarser: each piece then shows the worst in it.
    """
    rows = flowed.select(
        "start", until=pl.col("start") + pl.duration(minutes=15),
        quality=pl.col("quality").cast(pl.String),
        rule=pl.when(pl.col("quality") != "measured").then("rule").otherwise(pl.lit("")),
    )  # fmt: skip
    found = _runs(rows)
    if found.height > _STRETCHES:
        step_us = Window(start, end, _STRETCHES).step_s * _US
        worst = pl.col("quality").replace_strict(_WORST, return_dtype=pl.Int8).arg_max()
        found = _runs(
            rows.group_by(at=pl.col("start").dt.epoch("us") // step_us, maintain_order=True)
            .agg(
                pl.col("start").first(), pl.col("until").last(),
                pl.col("quality").get(worst), pl.col("rule").get(worst),
            )
            .drop("at")
        )  # fmt: skip
    return [
        {
            "start": row["start"],
            "end": row["until"],
            "quality": row["quality"],
            "words": _worth(row["quality"], row["rule"]),
        }
        for row in found.iter_rows(named=True)
    ]


def _runs(rows: pl.DataFrame) -> pl.DataFrame:
    """Join rows that follow each other and say the same."""
    same = pl.struct("quality", "rule").rle_id() + (
        (pl.col("start") != pl.col("until").shift(1)).fill_null(False).cum_sum()
    ) * len(rows)
    return (
        rows.with_columns(run=same)
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("start").first(), pl.col("until").last(),
            pl.col("quality").first(), pl.col("rule").first(),
        )
    )  # fmt: skip


def _worth(quality: str, rule: str) -> str:
    said = str(QUALITIES[quality])
    if not rule:
        return said
    return _("%(quality)s: %(rule)s") % {"quality": said, "rule": RULES.get(rule, rule)}


def marks(user: User, meter: Meter, start: datetime, end: datetime) -> list[Mark]:
    """Return what happened to a meter within a window: devices, verifications, what others know."""
    found = []
    for one in meter.devices.all():
        found.append(Mark(one.installed_at, _("device %s hung") % one.serial_no))
        if one.removed_at:
            found.append(Mark(one.removed_at, _("device %s taken down") % one.serial_no))
    for check in meter.calibrations.all():
        found.append(Mark(_midnight(check.verified_on), pgettext("picture", "verified")))
        found.append(Mark(_midnight(check.valid_until), _("verification expires")))
    for tell in MARKS:
        found.extend(tell(user, meter, start, end))
    return sorted((one for one in found if one.touches(start, end)), key=lambda one: one.at)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), LOCAL)


def _columns(found: pl.DataFrame) -> dict[str, list[Any]]:
    kept = found.filter(pl.col("measured").is_not_null())
    return {
        "x": _local_ms(kept["start"]),
        "until": _local_ms(kept["until"]),
        **{name: kept[name].to_list() for name in ("measured", "estimated", "missing")},
    }


def _ms(at: datetime) -> int:
    """Milliseconds on the city's clock, as if that were UTC: the picture shows no other."""
    return round(at.timestamp() * 1000) + _LOCAL_US // 1000


def _local_ms(column: pl.Series) -> list[int]:
    return ((column.dt.epoch("us") + _LOCAL_US) // 1000).to_list()


def words() -> dict[str, str]:
    """Return what the picture says of itself, in the language of the page."""
    return {
        "readings": _("Readings"),
        "energy": pgettext("picture", "Energy"),
        "quality": _("Quality"),
        "allMeasured": _("All of it is measured."),
        "nothingKnown": _("Nothing is known of this window."),
        "nothingHappened": _("Nothing is known to have happened."),
        **{name: str(said) for name, said in QUALITIES.items()},
    }
