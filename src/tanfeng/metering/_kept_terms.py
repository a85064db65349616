"""What is kept of derived energy: quarter hours, and whole numbers that add up to any sum of them.

A quarter hour is told by its number since 1970, a day by that of the city's clock. Sums are kept
as the whole numbers of :mod:`tanfeng.metering._exact`: what a changed quarter hour changes is
written beside them as a difference, and added up it is exactly what adding everything up gives.
"""

from __future__ import annotations

import polars as pl

from tanfeng.metering import _exact
from tanfeng.metering._calendar import instant
from tanfeng.metering._counts import KNOWN, SUMS
from tanfeng.metering._kept_files import Table
from tanfeng.metering._mend import CODE, RULES
from tanfeng.metering._rows import LOCAL_S
from tanfeng.metering.frames import QUALITY, SLOT_S, SLOTS
from tanfeng.metering.virtual import RULE

#: Quarter hours of a day, and by how many the city's clock is ahead.
OF_DAY, AHEAD = 96, LOCAL_S // SLOT_S
#: Code of a quarter hour of a virtual meter.
VIRTUAL = 100
RULE_OF = {**dict(enumerate(RULES)), VIRTUAL: RULE}

_VALUES = ("amount", "measured", "known_s", "measured_s", "code")
_PARTS = ("amount_high", "amount_low", "guess_high", "guess_low")
_COUNTED = (*_PARTS, "known", *KNOWN)


def _schema(**columns: pl.DataType | type[pl.DataType]) -> pl.Schema:
    return pl.Schema(columns)


def _adding(key: str, period: str) -> Table:
    numbers = dict.fromkeys(_COUNTED, pl.Int64)
    return Table(_schema(**{key: pl.Int32, period: pl.Int32}, **numbers), (key, period), adds=True)


TABLES = {
    # A quarter hour; without a code it is not there any more.
    "slots": Table(
        _schema(
            id=pl.Int32,
            slot=pl.Int32,
            amount=pl.Float64,
            measured=pl.Float64,
            known_s=pl.Int32,
            measured_s=pl.Int32,
            code=pl.Int8,
        ),
        ("id", "slot"),
    ),
    # What refresh.py has to know of a settled day.
    "days": Table(
        _schema(
            id=pl.Int32,
            midnight=pl.Int64,
            n=pl.Int64,
            still=pl.Int64,
            rising=pl.Int64,
            s1=pl.Float64,
            s2=pl.Float64,
            highest=pl.Float64,
            lowest=pl.Float64,
            doubled=pl.Int64,
            earliest=pl.Int64,
        ),
        ("id", "midnight"),
    ),
    "points": Table(
        _schema(
            id=pl.Int32,
            point=pl.String,
            basis=pl.String,  # what of the register its quarter hours rest on
            since=pl.Int64,  # settled before this midnight [s]
            first=pl.Int32,  # its first quarter hour
            source=pl.Int32,  # the node and item it counts for
            sign=pl.Int8,
        ),
        ("id",),
    ),
    # The last reading of a point that was taken in [s].
    "ends": Table(_schema(id=pl.Int32, last=pl.Int64), ("id",)),
    "sources": Table(_schema(source=pl.Int32, node=pl.String, item_key=pl.String), ("source",)),
    # What is to be derived: a metered point from a time on, a virtual one in a stretch of a month.
    "pending": Table(
        _schema(id=pl.Int32, virtual=pl.Boolean, month=pl.String, low=pl.Int64, high=pl.Int64),
        ("id",),
    ),
    "point_days": _adding("id", "day"),
    "source_hours": _adding("source", "hour"),
    "source_days": _adding("source", "day"),
}


def month_of(slot: pl.Expr) -> pl.Expr:
    """Return the local month a quarter hour lies in, as ``2026-11``."""
    return pl.from_epoch(slot.cast(pl.Int64) * SLOT_S + LOCAL_S, "s").dt.strftime("%Y-%m")


def parted(rows: pl.DataFrame, number: str) -> dict[str, pl.DataFrame]:
    """Part rows by local time: those by quarter hour or hour by month, those by day by year."""
    seconds = {"slot": SLOT_S, "hour": 4 * SLOT_S, "day": OF_DAY * SLOT_S, "midnight": 1}[number]
    ahead, form = (0, "%Y") if number == "day" else (LOCAL_S, "%Y-%m")  # days are local already
    local = pl.from_epoch(pl.col(number).cast(pl.Int64) * seconds + ahead, "s")
    names = pl.DataFrame({number: rows[number].unique()})
    names = names.with_columns(part=local.dt.strftime(form))
    parts = rows.join(names, on=number).partition_by("part", as_dict=True, include_key=False)
    return {str(key[0]): part for key, part in parts.items()}


def changed(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that were and are not any more, and those to write: new ones, gone ones.

    Parameters
    ----------
    old, new : polars.DataFrame
        Quarter hours as kept.
    """
    keys = ["id", "slot"]
    old = old.filter(pl.col("code").is_not_null())
    if old.is_empty():
        return old, new
    both = old.join(new, on=keys, how="full", coalesce=True, suffix="_new")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_new")) for name in _VALUES)
    differ = both.filter(~same)
    before = differ.filter(pl.col("code").is_not_null()).select(old.columns)
    after = differ.select(*keys, *(pl.col(f"{name}_new").alias(name) for name in _VALUES))
    return before, after


def terms(slots: pl.DataFrame, times: int) -> pl.DataFrame:
    """Cut quarter hours into what adds up.

    Parameters
    ----------
    slots : polars.DataFrame
        Quarter hours as kept, with ``sign``, and what else shall stay.
    times : {1, -1}
        Minus one takes away what was added.
    """
    known = pl.col("known_s") > 0
    sure = (pl.col("known_s") >= SLOT_S) & (pl.col("measured_s") >= pl.col("known_s"))
    guess = pl.col("amount") - pl.col("measured").fill_null(0.0)
    sign = pl.col("sign").cast(pl.Float64)
    return (
        slots.lazy()
        .filter(known & pl.col("amount").is_not_null() & pl.col("sign").is_not_null())
        .with_columns(
            amount=pl.col("amount") * sign,
            guess=pl.when(sure).then(0.0).otherwise(guess * sign),
            slots_measured=sure,
            slots_estimated=~sure & (pl.col("known_s") >= SLOT_S),
        )
        .with_columns(*_exact.cut_frame(["amount", "guess"]), known=pl.lit(1, pl.Int64))
        .drop("amount", "measured", "guess", "known_s", "measured_s", "code", "sign")
        .with_columns(pl.col(_COUNTED).cast(pl.Int64) * times)
        .collect()
    )


def increments(before: pl.DataFrame, after: pl.DataFrame, key: str, period: str) -> pl.DataFrame:
    """Add up per key and period what changed.

    Parameters
    ----------
    before, after : polars.DataFrame
        Quarter hours as kept, with ``sign`` and the key.
    key : str
        ``id`` or ``source``.
    period : {"hour", "day"}
    """
    slot = pl.col("slot")
    number = slot // 4 if period == "hour" else (slot + AHEAD) // OF_DAY
    both = pl.concat([terms(before, -1), terms(after, 1)], how="diagonal_relaxed")
    summed = (
        both.lazy()
        .filter(pl.col(key).is_not_null())
        .group_by(key, number.cast(pl.Int32).alias(period))
        .agg(pl.col(_COUNTED).sum())
    )
    some = pl.any_horizontal(pl.col(name) != 0 for name in _COUNTED)
    return summed.filter(some).collect()


def as_slots(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Bring kept quarter hours into the shape of :data:`~tanfeng.metering.frames.SLOTS`.

    Parameters
    ----------
    rows : polars.DataFrame
        Quarter hours as kept.
    names : polars.DataFrame
        id, point.
    """
    known_s = pl.col("known_s")
    quality = (
        pl.when(known_s == 0)
        .then(pl.lit("missing"))
        .when(known_s < SLOT_S)
        .then(pl.lit("partial"))
        .when(pl.col("measured_s") < known_s)
        .then(pl.lit("estimated"))
        .otherwise(pl.lit("measured"))
    )
    rows = rows.with_columns(known_s=known_s.fill_null(0), code=pl.col("code").fill_null(_SILENT))
    return (
        rows.join(names, on="id", maintain_order="left")
        .select(
            "point",
            time("slot").alias("start"),
            pl.when(known_s > 0).then("amount").alias("amount"),
            pl.when(known_s > 0).then(pl.col("measured").fill_null(0.0)).alias("measured"),
            quality.cast(QUALITY).alias("quality"),
            pl.col("code").replace_strict(RULE_OF, return_dtype=pl.String).alias("rule"),
        )
        .cast(SLOTS)
    )


_SILENT = CODE["silent"]


def time(slot: str | pl.Expr) -> pl.Expr:
    """Return the instant a quarter hour begins at."""
    number = pl.col(slot) if isinstance(slot, str) else slot
    micros = number.cast(pl.Int64) * (SLOT_S * 1_000_000)
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def day_start(day: str) -> pl.Expr:
    """Return the instant a local day begins at."""
    micros = pl.col(day).cast(pl.Int64) * (OF_DAY * SLOT_S * 1_000_000)
    return instant(micros.cast(pl.Datetime("us")))


def whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Turn added up whole numbers into sums; rows of which nothing is known are left out.

    Parameters
    ----------
    rows : polars.DataFrame
        What stands in the tables that add up, with keys.
    """
    rest = [
        (pl.col(f"amount_{part}") - pl.col(f"guess_{part}")).alias(f"measured_{part}")
        for part in ("high", "low")
    ]
    keys = [name for name in rows.columns if name not in _COUNTED]
    return (
        rows.filter(pl.col("known") > 0)
        .with_columns(rest)
        .select(*keys, *(_exact.whole(name) for name in SUMS), *KNOWN)
    )


COUNTED = _COUNTED
