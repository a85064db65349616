"""Bringing what is kept up to the readings: note what changed, then derive it, a part at a time.

What changed is first written down as pending, together with the versions of readings and register
it was found at; then points are taken off the list, some at a time, each with all it changes in one
commit. Whoever is killed on the way leaves a list the next one goes on with. A figure never depends
on how the work was cut: quarter hours are those of a derivation of everything, sums are whole
numbers to which differences are added.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from tanfeng.metering import _kept_next, _kept_virtual, refresh
from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._engines import beside
from tanfeng.metering._faults import ChangesForgotten
from tanfeng.metering._kept_files import Look, Writer
from tanfeng.metering._kept_read import SlotsOf, month_of, slots_between
from tanfeng.metering._rows import DAY_S, local_day_of, point_table
from tanfeng.metering._tree import counted, current
from tanfeng.metering.frames import SLOT_S
from tanfeng.metering.refresh import CHECKED_S

if TYPE_CHECKING:
    from tanfeng.metering.store import Store
    from tanfeng.metering.virtual import VirtualMeters

#: Of the rules quarter hours are derived by; another number derives everything anew.
METHOD = 2
#: Points whose open days are derived together, and quarter hours derived or read together.
TAIL_POINTS, MOST_SLOTS = 2_000, 3_000_000
#: Points whose readings follow on that are taken in together: a month of days of each is read.
NEXT_POINTS = 20_000
#: Readings of so many points are read here; more are left to the engine.
FEW_POINTS = 200
#: Points derived from their beginning at first, until it is known how long their history is.
_FIRST_POINTS = 32
#: Days before the open ones that are kept to say what is usual: refresh.py looks 17 back.
_DAYS = 40
#: What of a point its quarter hours rest on.
_BASIS = (
    "kind", "unit", "multiplier", "digits", "rated_power", "interval_s", "expression",
)  # fmt: skip
_DEVICE = ("device", "installed", "removed", "opening", "closing", "multiplier", "digits")


class Said(Protocol):
    """What the register says at one of its changes."""

    number: int
    points: pl.DataFrame
    devices: pl.DataFrame

    def virtual(self) -> VirtualMeters | None:
        """Return its virtual meters, or None."""


@dataclass(frozen=True, slots=True)
class Change:
    """What some points came to.

    Parameters
    ----------
    before, after : polars.DataFrame
        Quarter hours as kept that are not any more, and those to write.
    days : polars.DataFrame
        Sums of days as kept that are not what they were.
    ends : polars.DataFrame
        ``id``, ``last`` [s], of all of them.
    entries : polars.DataFrame
        Rows of the table of points that are not what they were.
    again : polars.Series
        Numbers of points that must be derived from their beginning instead.
    """

    before: pl.DataFrame
    after: pl.DataFrame
    days: pl.DataFrame
    ends: pl.DataFrame
    entries: pl.DataFrame
    again: pl.Series


class Settling:
    """One advance of what is kept.

    Parameters
    ----------
    writer : Writer
        Holds the lock.
    store : Store
    said : Said
        What the register says.
    backend : callable
        Gives the engine that derives.
    """

    def __init__(
        self, writer: Writer, store: Store, said: Said, backend: Callable[[], Any]
    ) -> None:
        self._writer, self._store, self._backend = writer, store, backend
        self._number, self._points, self._devices = said.number, said.points, said.devices
        self._virtual = said.virtual()
        self._per_point = 0.0
        #: Up to this point those that follow on were taken in; None: all of them.
        self._followed: int | None = -1
        self._known = writer.look.read("points")
        self._pending = writer.look.read("pending")
        #: What was noted and is not written yet: the first step writes it.
        self._noted: tuple[dict[tuple[str, str], pl.DataFrame], dict[str, Any]] | None = None

    # What changed -----------------------------------------------------------------------------

    def note(self, now: datetime) -> int:
        """Write down what is to be derived, up to the present; return how many entries."""
        version, number = self._store.version(), self._number
        mark = self._writer.look.mark
        fresh = mark.get("method") != METHOD or mark["version"] > version
        if not fresh and (version, number) == (mark["version"], mark["register"]):
            return self._pending.height
        if fresh and mark:
            self._writer.commit({}, {}, anew=list(kt.TABLES))
            self._known, self._pending = self._known.clear(), self._pending.clear()
        new_mark = {
            "method": METHOD,
            "version": version,
            "register": number,
            "moment": now.isoformat(),
            "done": mark.get("done") if not fresh else None,
        }
        rows: dict[tuple[str, str], pl.DataFrame] = {}
        again: list[pl.DataFrame] = []
        if fresh or number != mark["register"]:
            about = self._about(self._known, rows)
            self._move(self._known, about)
            rows[("points", "all")] = about.entries
            again += about.again
            self._known = pl.concat([self._known, about.entries]).unique("id", keep="last")
        if fresh:
            again.append(_from_the_start(self._known["id"]))
        else:
            again.append(self._touched(mark["version"], self._known))
        pending = _joined([self._pending, *again])
        # Of a register that was put back to an earlier day some points may be missing.
        here = self._known.join(self._points, on="point", how="semi")
        self._pending = pending.join(here, on="id", how="semi")
        self._noted = rows, new_mark
        if self._pending.is_empty():
            self.leave()
        return self._pending.height

    def leave(self) -> None:
        """Write down what was noted, where no step did."""
        if self._noted is not None:
            self._write({})

    def _virtual_names(self) -> pl.Series:
        return self._points.filter(pl.col("expression").is_not_null())["point"]

    def _touched(self, since: int, known: pl.DataFrame) -> pl.DataFrame:
        try:
            changes = self._store.changes(since)
        except ChangesForgotten:
            real = ~pl.col("point").is_in(self._virtual_names().implode())
            return _from_the_start(known.filter(real)["id"])
        return (
            changes.filter(~pl.col("point").is_in(self._virtual_names().implode()))
            .join(known.select("id", "point"), on="point")
            .select("id", virtual=False, month=pl.lit(""), low=pl.col("first").dt.epoch("s"))
            .with_columns(high=pl.lit(None, pl.Int64))
        )

    def _about(self, known: pl.DataFrame, rows: dict[tuple[str, str], pl.DataFrame]) -> _About:
        """Compare the register with what was known of it."""
        look = self._writer.look
        basis = _basis(self._points, self._devices, _kept_virtual.inputs(self._virtual))
        sources = look.read("sources")
        own = counted(current(self._points)).select("point", "node", "item_key", "sign")
        new = (
            own.select("node", "item_key")
            .unique()
            .join(sources, on=["node", "item_key"], how="anti")
            .sort("node", "item_key")
            .with_row_index("source", offset=_next(sources["source"]))
            .with_columns(pl.col("source").cast(pl.Int32))
            .select(sources.columns)
        )
        rows[("sources", "all")] = new
        placed = own.join(pl.concat([sources, new]), on=["node", "item_key"]).select(
            "point", new_source="source", new_sign=pl.col("sign").cast(pl.Int8)
        )
        now = (
            basis.rename({"basis": "new_basis"})
            .join(placed, on="point", how="left")
            .join(known, on="point", how="left")
            .sort("point")
        )
        strange = now.filter(pl.col("id").is_null())
        numbered = strange.drop("id").with_row_index("id", offset=_next(known["id"]))
        now = pl.concat(
            [now.filter(pl.col("id").is_not_null()), numbered.select(now.columns).cast(now.schema)]
        )
        rests = pl.col("basis").ne_missing(pl.col("new_basis"))
        hangs = pl.col("source").ne_missing(pl.col("new_source")) | pl.col("sign").ne_missing(
            pl.col("new_sign")
        )
        differ = now.filter(rests | hangs)
        entries = differ.select(
            "id",
            "point",
            pl.col("new_basis").alias("basis"),
            "since",
            "first",
            pl.col("new_source").alias("source"),
            pl.col("new_sign").alias("sign"),
        )
        is_virtual = pl.col("point").is_in(self._virtual_names().implode())
        again = now.filter(rests)
        spans = _kept_virtual.everywhere(again.filter(is_virtual)["id"], look)
        moved = differ.filter(hangs & pl.col("basis").is_not_null())
        return _About(entries, moved, [_from_the_start(again["id"]), spans])

    def _move(self, known: pl.DataFrame, about: _About) -> None:
        """Take the quarter hours of points that count elsewhere from there and add them here."""
        look = self._writer.look
        ids = about.moved["id"].to_list()
        total = max(1, known.height)
        each = max(1, int(MOST_SLOTS * total / max(1, look.rows("slots"))))
        for at in range(0, len(ids), each):
            some = ids[at : at + each]
            slots = self._writer.look.read("slots", keys=some)
            slots = slots.filter(pl.col("code").is_not_null())
            mine = about.moved.filter(pl.col("id").is_in(some))
            before = slots.join(mine.select("id", "source", "sign"), on="id")
            now = mine.select("id", source="new_source", sign="new_sign")
            rows = _sums_changed(before, slots.join(now, on="id"))
            entries = about.entries.filter(pl.col("id").is_in(some))
            # What its quarter hours rest on is written with the list of what is to be derived.
            kept = known.select("id", old="basis")
            entries = entries.join(kept, on="id").with_columns(basis="old").drop("old")
            rows[("points", "all")] = entries
            self._writer.commit(rows)

    # Deriving ---------------------------------------------------------------------------------

    def step(self) -> int:
        """Derive some of what is pending, which something is; return how many entries are left."""
        metered = self._pending.filter(~pl.col("virtual"))
        if not metered.is_empty():
            return self._metered(metered)
        before, after, some, left = _kept_virtual.step(
            self._writer.look, self._pending, self._virtual, self._known
        )
        place = some.select("id", "source", "sign")
        rows = _sums_changed(before.join(place, on="id"), after.join(place, on="id"))
        rows[("points", "all")] = some
        self._pending = left
        return self._write(_parted(rows, after))

    def _write(self, rows: dict[tuple[str, str], pl.DataFrame]) -> int:
        """Write rows, what was noted before them, and what is left."""
        noted, mark = self._noted or ({}, dict(self._writer.look.mark))
        self._noted = None
        entries = [some[("points", "all")] for some in (noted, rows) if ("points", "all") in some]
        if entries:
            rows = {**rows, ("points", "all"): pl.concat(entries).unique("id", keep="last")}
            changed = pl.concat([self._known, rows[("points", "all")]])
            self._known = changed.unique("id", keep="last", maintain_order=True)
        if self._pending.is_empty():
            mark["done"] = mark["moment"]
        rows = {**noted, **rows, ("pending", "all"): self._pending}
        self._writer.commit(rows, mark, anew=["pending"])
        return self._pending.height

    def _metered(self, metered: pl.DataFrame) -> int:
        """Take in points that follow on; where there are no more of them, derive some others."""
        asked = (
            metered.join(self._known.select("id", "point", "since"), on="id")
            .join(self._points.select("point", "interval_s"), on="point")
            .rename({"low": "first"})
            .sort("id")
        )
        done: list[Change] = []
        while self._followed is not None and not done:
            done += self._next(asked.filter(pl.col("id") > self._followed))
        if self._followed is None:
            taken = pl.concat([asked["id"].clear(), *(one.ends["id"] for one in done)])
            others = asked.filter(~pl.col("id").is_in(taken.implode()))
            if not others.is_empty():
                done.append(self._others(others))
        return self._taken(_together(done))

    def _others(self, asked: pl.DataFrame) -> Change:
        """Derive some points again, from the open days on or from the beginning."""
        tails, rest = refresh.apart(asked)
        if tails:
            tail = tails[0].head(TAIL_POINTS)
            kept = SlotsOf(self._writer.look, tail["id"].to_list())
            told = _telling(kept, tail.select("id", "point"))
            made = refresh.of_tail(tail, self._days(tail), told, self._fetch, *self._register_())
            return self._change(kept, made)
        some = rest.head(self._history())
        made = refresh.of_whole(some["point"], self._fetch, *self._register_())
        self._per_point = max(1.0, made.slots.height / some.height)
        return self._change(SlotsOf(self._writer.look, some["id"].to_list()), made)

    def _taken(self, change: Change) -> int:
        """Write what metered points came to, and list the virtual ones that rest on them."""
        done = pl.col("id").is_in(change.ends["id"].implode()) & ~pl.col("virtual")
        left = [self._pending.filter(~done), _from_the_start(change.again)]
        if not change.after.is_empty() and self._virtual is not None:
            left.append(_kept_virtual.touched(change.after, self._known, self._virtual))
        self._pending = _joined(left)
        place = self._known.select("id", "source", "sign")
        rows = _sums_changed(*(some.join(place, on="id") for some in (change.before, change.after)))
        for part, some in kt.parted(change.days, "midnight").items():
            rows[("days", part)] = some
        rows[("ends", "all")] = change.ends
        rows[("points", "all")] = change.entries
        return self._write(_parted(rows, change.after))

    def _next(self, asked: pl.DataFrame) -> list[Change]:
        """Take in readings that follow on; nothing where none do."""
        look = self._writer.look
        ends = look.read("ends", keys=asked["id"].to_list())
        about = point_table(*self._register_())
        points = _kept_next.fitting(asked.join(ends, on="id"), about).sort("id").head(NEXT_POINTS)
        self._followed = None if points.height < NEXT_POINTS else int(points["id"][-1])
        if points.is_empty():
            return []
        last = int(points["last"].min())  # type: ignore[arg-type]
        begin = local_day_of(last) - _kept_next.LOOK_BACK * DAY_S
        found = _kept_next.follow(self._store, points, _days_since(look, points["id"], begin))
        if found.ids.is_empty():
            return []
        entries = self._known.filter(pl.col("id").is_in(found.ids.implode()))
        return [
            Change(
                kt.TABLES["slots"].schema.to_frame(),
                found.slots,
                found.days,
                found.ends.select("id", "last"),
                _settled_further(look, entries, found.ends),
                found.ids.clear(),
            )
        ]

    def _register_(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        real = self._points.filter(pl.col("expression").is_null())
        return real, self._devices

    def _history(self) -> int:
        if not self._per_point:
            return _FIRST_POINTS
        return max(1, int(MOST_SLOTS / self._per_point))

    def _fetch(self, names: list[str], since: datetime | None) -> Any:
        con = self._backend()
        if since is None or len(names) > FEW_POINTS:
            return self._store.table(con, names, since)
        return beside(con, self._store.raw(names, since))

    def _days(self, tail: pl.DataFrame) -> pl.DataFrame:
        begin = int(tail["since"].min()) - _DAYS * DAY_S  # type: ignore[arg-type]
        days = _days_since(self._writer.look, tail["id"], begin)
        return days.join(tail.select("id", "point"), on="id").drop("id").rename({"midnight": "day"})

    def _days_changed(self, names: pl.DataFrame, made: refresh.Made) -> pl.DataFrame:
        """Return the sums of days that are not what they were, as far as they are needed."""
        days = made.days.join(names, on="point").join(made.open, on="point", how="left")
        begin = pl.coalesce("since", pl.col("day").max().over("id")) - _DAYS * DAY_S
        days = days.filter(pl.col("day") > begin).rename({"day": "midnight"})
        days = days.select(list(kt.TABLES["days"].schema))
        first = days["midnight"].min()
        if not isinstance(first, int):
            return days
        kept = _days_since(self._writer.look, names["id"], first)
        return days.join(kept, on=days.columns, how="anti", nulls_equal=True)

    def _change(self, kept: SlotsOf, made: refresh.Made) -> Change:
        """Find what a derivation changed of what is kept."""
        known = self._known.filter(pl.col("id").is_in(kept.ids))
        names = known.select("id", "point")
        new = made.slots.join(names, on="point").select(
            pl.col("id"),
            (pl.col("start") // SLOT_S).cast(pl.Int32).alias("slot"),
            "amount",
            "measured",
            pl.col("known_s", "measured_s").cast(pl.Int32),
            "code",
        )
        low = None if made.since is None else made.since // SLOT_S
        old = kept.since(None if low is None else low - CHECKED_S // SLOT_S)
        first = new
        if low is None:
            kept_for_good = self._remembered(old)
            first = pl.concat(
                [
                    new.select("id", "slot"),
                    old.join(kept_for_good, on=["id", "slot"], how="anti").select("id", "slot"),
                ]
            )
            old = kept_for_good
        before, after = kt.changed(old, new)
        entries = known.drop("since").join(made.open, on="point", how="left")
        ends = entries.select("id", "last")
        if low is not None:
            first = after.filter(pl.col("code").is_not_null())
        first = first.group_by("id").agg(first=pl.col("slot").min())
        entries = entries.join(first, on="id", how="left", suffix="_new")
        if low is None:
            entries = entries.with_columns(first="first_new")
        else:
            entries = entries.with_columns(first=pl.min_horizontal("first", "first_new"))
        entries = entries.select(known.columns)
        entries = entries.join(known, on=known.columns, how="anti", nulls_equal=True)
        days = self._days_changed(names, made)
        if low is None:
            return Change(before, after, days, ends, entries, known["id"].clear())
        # Something new reaches back to where all was settled.
        settled = pl.col("slot") < low
        again = pl.concat([some.filter(settled)["id"] for some in (before, after)]).unique()
        mine = ~pl.col("id").is_in(again.implode())
        return Change(
            before.filter(mine),
            after.filter(mine),
            days.filter(mine),
            ends.filter(mine),
            entries.filter(mine),
            again,
        )

    def _remembered(self, old: pl.DataFrame) -> pl.DataFrame:
        """Leave out quarter hours of months whose readings were dropped: their energy stays."""
        begin = self._store.begin()
        if begin is None:
            return old.clear()
        return old.filter(pl.col("slot") >= int(begin.timestamp()) // SLOT_S)


def _telling(kept: SlotsOf, names: pl.DataFrame) -> refresh.Told:
    """Return what gives kept quarter hours of some of the points."""

    def told(wanted: pl.Series, begin: int, end: int) -> pl.DataFrame:
        rows = kept.since(begin // SLOT_S).filter(pl.col("slot") < end // SLOT_S)
        mine = names.filter(pl.col("point").is_in(wanted.implode()))
        return rows.join(mine, on="id").with_columns(start=pl.col("slot").cast(pl.Int64) * SLOT_S)

    return told


def _settled_further(look: Look, entries: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Return the entries of points of which a day more is settled.

    It is, as ``refresh`` has it, where something flowed since and no segment reaches over the
    midnight: the quarter hour before it is whole, and made of what was measured inside it. Else
    the point is left settled as far as it was, which is right, too.
    """
    both = entries.join(ends, on="id").with_columns(until=local_day_of(pl.col("last")) - DAY_S)
    further = both.filter((pl.col("until") > pl.col("since")) & pl.col("moved"))
    if further.is_empty():
        return entries.clear()
    before = pl.col("until") // SLOT_S - 1
    low, high = further.select(low=before.min(), high=before.max() + 1).row(0)
    slots = slots_between(look, further["id"].to_list(), low, high)
    plain = slots.filter(
        (pl.col("code") == 0) & (pl.col("known_s") == SLOT_S) & (pl.col("measured_s") == SLOT_S)
    )
    sure = further.with_columns(slot=before.cast(pl.Int32)).join(
        plain, on=["id", "slot"], how="semi"
    )
    return sure.with_columns(since="until").select(entries.columns)


def _together(changes: list[Change]) -> Change:
    """Put together what came of points that are not the same."""
    if len(changes) == 1:
        return changes[0]
    return Change(
        *(
            pl.concat([getattr(one, field.name) for one in changes])
            for field in dataclasses.fields(Change)
        )
    )


class _About:
    """What the register says now that it did not."""

    def __init__(
        self, entries: pl.DataFrame, moved: pl.DataFrame, again: list[pl.DataFrame]
    ) -> None:
        self.entries, self.moved, self.again = entries, moved, again


def _days_since(look: Look, ids: pl.Series, begin: int) -> pl.DataFrame:
    first = month_of(begin // SLOT_S)
    parts = [part for part in look.parts("days") if part >= first]
    return look.read("days", parts, ids.to_list(), pl.col("midnight") >= begin)


def _sums_changed(before: pl.DataFrame, after: pl.DataFrame) -> dict[Any, pl.DataFrame]:
    """Return the rows of the tables that add up; ``before`` and ``after`` have source and sign."""
    each = pl.lit(1, pl.Int8).alias("sign")
    days = kt.increments(before.with_columns(each), after.with_columns(each), "id", "day")
    rows: dict[Any, pl.DataFrame] = {}
    hours = kt.increments(before, after, "source", "hour")
    of_days = kt.increments(before, after, "source", "day")
    for name, frame, number in (
        ("point_days", days, "day"),
        ("source_hours", hours, "hour"),
        ("source_days", of_days, "day"),
    ):
        for part, some in kt.parted(frame, number).items():
            rows[(name, part)] = some
    return rows


def _parted(rows: dict[Any, pl.DataFrame], slots: pl.DataFrame) -> dict[Any, pl.DataFrame]:
    for part, some in kt.parted(slots, "slot").items():
        rows[("slots", part)] = some
    return rows


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Put lists of what is pending together: of one entry the widest span."""
    schema = kt.TABLES["pending"].schema
    rows = pl.concat(
        [schema.to_frame(), *(one.select(list(schema)).cast(schema) for one in frames)]
    )
    return (
        rows.group_by("id", "virtual", "month")
        .agg(
            pl.when(pl.col("low").null_count() == 0).then(pl.col("low").min()).first(),
            pl.col("high").max(),
        )
        .select(list(schema))
    )


def _from_the_start(ids: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"id": ids}).with_columns(
        virtual=False,
        month=pl.lit(""),
        low=pl.lit(None, pl.Int64),
        high=pl.lit(None, pl.Int64),
    )


def _basis(points: pl.DataFrame, devices: pl.DataFrame, inputs: pl.DataFrame) -> pl.DataFrame:
    """Write down of each point what its quarter hours rest on."""
    hung = (
        devices.sort("point", "installed")
        .select("point", text=_text(_DEVICE))
        .group_by("point", maintain_order=True)
        .agg(pl.col("text").str.join(";"))
    )
    return (
        points.select("point", basis=_text(_BASIS))
        .join(hung, on="point", how="left")
        .join(inputs, on="point", how="left")
        .select("point", pl.concat_str("basis", "text", "inputs", separator="#", ignore_nulls=True))
    )


def _text(names: tuple[str, ...]) -> pl.Expr:
    words = [pl.col(name).cast(pl.String).fill_null("") for name in names]
    return pl.concat_str(words, separator="|")


def _next(numbers: pl.Series) -> int:
    last = numbers.max()
    return 0 if last is None else int(last) + 1  # type: ignore[arg-type]
