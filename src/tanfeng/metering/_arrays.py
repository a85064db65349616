"""First pass over the readings in memory: what :mod:`_tables` asks of an engine, by arrays.

Sorted by point and time a reading stands behind the one before, and a day or an hour of a point is
a run of rows: nothing has to be looked up or gathered. Every sum is one of whole numbers, so
neither the order nor the number of threads changes a bit. Only what needs mending goes back to the
engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
from ibis.expr import types as ir
from numpy.typing import NDArray

from tanfeng.metering import _exact, _mend, _spread, _sums
from tanfeng.metering._devices import Hung
from tanfeng.metering._flow import KEY, Flags, Floats, Flow, Ints
from tanfeng.metering._mend import CODE
from tanfeng.metering._near import at_changes, not_plain, within, within_reach
from tanfeng.metering._rows import (
    AMOUNT,
    DAY_S,
    GAP,
    HOUR_S,
    LOCAL_S,
    LOG_PARTS,
    POWER,
    REGISTER,
    usable,
)
from tanfeng.metering._workshop import Workshop
from tanfeng.metering.frames import SLOT_S

#: Points are taken together until they have so many rows: their columns stay near the processor.
_BLOCK_ROWS = 2**16
#: What is usual for a point on a day, as the mending asks for it.
_USUAL = ("bound", "rarely_still")


class Arrays:
    """The readings of a derivation, in memory.

    Parameters
    ----------
    shop : Workshop
        Of the engine that reads them and mends what is wrong.
    source, point : ibis Table
        Readings as they are kept, and :func:`tanfeng.metering._rows.point_table`.
    about : polars.DataFrame
        ``point`` as a frame.

    Attributes
    ----------
    days : ibis Table
        As of :func:`tanfeng.metering._rows.day_sums`.
    """

    def __init__(
        self, shop: Workshop, source: ir.Table, point: ir.Table, about: pl.DataFrame
    ) -> None:
        self._shop, self._source, self._point = shop, source, point
        self._kind = about["kind"].to_numpy()
        self._scale = about["scale"].to_numpy()
        self._interval = about["interval_s"].to_numpy()
        self._changed = about["changed"].to_numpy()
        self._registers = bool((self._kind == REGISTER).all())
        rows = shop.frame("rows", lambda: usable(source, point).select("id", "ats", "value"))
        self._id, self._ats, self._value = _in_order(rows)
        day = self._ats - (self._ats + LOCAL_S) % DAY_S
        self._first = np.flatnonzero((np.diff(day) != 0) | (np.diff(self._id) != 0)) + 1
        self._day_key = self._id[self._first] * KEY + day[self._first]
        self._plain = np.ones(self._id.size, dtype=bool)
        del rows, day
        # Of what is sure from the first look: what flowed, and how long; 0 s for the rest.
        self._amount = np.empty(self._id.size)
        self._covered = np.zeros(self._id.size, dtype=np.int16)
        parts = self._by_blocks(self._first_look)
        self._unsure: Ints = parts.pop("unsure")
        self.days = shop.hold("days", _days(parts))

    # What :mod:`_tables` has, too ---------------------------------------------------------------

    def of_points(self, points: ir.Table) -> ir.Table:
        """Return the readings of some points, with the columns of ``_rows.beside``."""
        ids = self._shop.frame("stood_ids", lambda: points.select("id"))["id"].to_numpy()
        rows = np.flatnonzero(self._of(ids))
        return self._shop.hold("of_points", _beside(self._flow(rows)))

    def to_mend(
        self, hot: ir.Table, still: ir.Table, usual: ir.Table, hung: Hung | None
    ) -> ir.Table:
        """Return what may need mending, one reading of each time; from now on the rest is plain.

        Of the days it is only what lies within reach of something wrong.
        """
        rows, on_days, days = self._on_days(hot, usual)
        again = rows[self._same_time(rows)]
        self._take_held(again)
        rows = np.setdiff1d(rows, again, assume_unique=True)
        flow, twice = self._flow(rows), np.isin(rows + 1, again)
        key = flow.key
        of_day = np.searchsorted(days["key"], key - (flow.ats + LOCAL_S) % DAY_S)
        usually = days[of_day]
        wrong = twice | self._standing(key, still)
        if hung is not None:
            wrong |= at_changes(flow, self._changed, self._scale, hung)
        wrong |= not_plain(
            flow,
            self._kind[flow.id],
            self._scale[flow.id],
            usually["bound"].to_numpy(),
            usually["rarely_still"].to_numpy(),
        )
        near = within_reach(wrong, ~flow.same | ~on_days[rows - 1])
        self._plain[again] = self._plain[rows[near]] = False
        follows = np.concatenate(([False], near[:-1])) & flow.same & on_days[rows - 1]
        link = pl.Series(follows[near] | ~flow.same[near])
        return self._shop.hold(
            "to_mend",
            pl.DataFrame(
                {
                    "id": flow.id[near],
                    "ats": flow.ats[near],
                    "value": flow.value[near],
                    "again": twice[near],
                    "link_ts": pl.Series(flow.tp[near]).set(link, None),
                    "link": pl.Series(flow.p[near]).set(link, None),
                }
            ),
        )

    def _on_days(self, hot: ir.Table, usual: ir.Table) -> tuple[Ints, Flags, pl.DataFrame]:
        """Find the rows of some days, by number and by flag, and what is usual on those days."""
        about = self._shop.frame(
            "hot_days", lambda: hot.join(usual, ["id", "day"]).select("id", "day", *_USUAL)
        )
        key = pl.col("id").cast(pl.Int64) * int(KEY) + pl.col("day")
        days = about.select(key.alias("key"), *_USUAL).sort("key")
        wanted = np.isin(self._day_key, days["key"].to_numpy())
        on_days = np.zeros(self._id.size, dtype=bool)
        on_days[1:] = np.repeat(wanted, np.diff(np.append(self._first, self._id.size)))
        return np.flatnonzero(on_days), on_days, days

    def _same_time(self, rows: Ints) -> Flags:
        """Tell which rows are of one point and time with the one before."""
        same: Flags = self._ats[rows] == self._ats[rows - 1]
        same &= self._id[rows] == self._id[rows - 1]
        return same

    def _take_held(self, again: Ints) -> None:
        """Put the value that holds in all rows of one point and time."""
        differ = again[self._value[again] != self._value[again - 1]]
        if not differ.size:
            return
        doubled = self._shop.hold("doubled", pl.DataFrame({"id": np.unique(self._id[differ])}))
        held = self._shop.frame("held", lambda: _mend.held(self._source, doubled, self._point))
        key = held["id"].cast(pl.Int64).to_numpy() * KEY + held["ats"].to_numpy()
        rows = np.union1d(again, again - 1)
        rows = rows[np.isin(self._id[rows], self._id[differ])]
        order = np.argsort(key)
        found = order[np.searchsorted(key, self._id[rows] * KEY + self._ats[rows], sorter=order)]
        self._value[rows] = held["value"].to_numpy()[found]

    def _standing(self, key: Ints, still: ir.Table) -> Flags:
        """Tell which rows lie on a standstill that is not believed."""
        spans = self._shop.frame("standing", lambda: still.select("id", "from_ts", "to_ts"))
        of_point = spans["id"].cast(pl.Int64).to_numpy() * KEY
        ends = (of_point + spans[name].to_numpy() for name in ("from_ts", "to_ts"))
        first, after = (np.searchsorted(key, end, side="right") for end in ends)
        return within(first, after, key.size)

    def unsure(self) -> ir.Table:
        """Return the plain segments that are not known, measured and inside one slot."""
        flow = self._flow(self._unsure[self._plain[self._unsure]])
        return self._shop.hold("unsure", _segments(flow))

    def sure(self, crossing: ir.Table) -> ir.Table:
        """Return the other plain segments that may tell the shape of a gap, as pieces of slots.

        Of the points that have one, and at its time of day.
        """
        asked = self._shop.frame("asked", lambda: _spread.times_of_day(crossing))
        ids, of_day = asked["id"].cast(pl.Int64).to_numpy(), asked["of_day"].to_numpy()
        rows = np.flatnonzero(self._of(ids) & self._plain & (self._covered > 0))
        end = self._ats[rows] - 1
        slot = end - end % SLOT_S
        at = np.isin(self._id[rows] * KEY + (slot + LOCAL_S) % DAY_S, ids * KEY + of_day)
        rows = rows[at]
        return self._shop.hold(
            "sure",
            pl.DataFrame(
                {
                    "id": self._id[rows],
                    "slot": slot[at],
                    "amount": self._amount[rows],
                    "covered": self._covered[rows].astype(np.int64),
                    "code": np.full(rows.size, CODE["direct"], dtype=np.int8),
                }
            ),
        )

    def segments(self) -> ir.Table:
        """Return every plain segment."""
        rows = np.flatnonzero(self._plain[1:]) + 1
        return self._shop.hold("plain_segments", _segments(self._flow(rows)))

    def ends(self) -> ir.Table:
        """Return ``id``, ``from_ts`` and ``to_ts`` of the plain segments of each point, at most."""

        def work(rows: slice) -> dict[str, Any]:
            flow = self._flow(rows)
            has = np.flatnonzero(self._plain[rows] & (flow.covered > 0))
            ids, tos = flow.id[has], flow.ats[has]
            first = _starts(ids)
            froms = (flow.ats - flow.covered)[has]
            return {
                "id": ids[first],
                "from_ts": _reduced(np.minimum, froms, first),
                "to_ts": _reduced(np.maximum, tos, first),
            }

        return self._shop.hold("plain_ends", pl.DataFrame(self._by_blocks(work)))

    def sums(self, pieces: Callable[[], ir.Table], length_s: int, name: str, path: str) -> ir.Table:
        """Sum by period what is sure, and the pieces of what is not."""
        rest = self._shop.frame(f"rest_{name}", lambda: _sums.parts(pieces(), length_s), path)
        sure = self._by_blocks(lambda rows: self._sure_sums(rows, length_s))
        return self._shop.hold(name, _sums.finished_frame(_added(sure, rest)))

    # The work on a block of points --------------------------------------------------------------

    def _first_look(self, rows: slice) -> dict[str, Any]:
        """Sum the days up as ``_rows.day_sums`` does, and note which rows are not sure."""
        flow = self._flow(rows)
        run = self._first[slice(*np.searchsorted(self._first, (rows.start, rows.stop)))]
        first = run - rows.start
        rising = flow.rate > 0
        log = np.log(flow.rate, where=rising, out=np.zeros(flow.rate.size))
        # Whole numbers: see LOG_PARTS.
        s1, s2 = (np.floor(term * LOG_PARTS + 0.5) for term in (log, log * log))

        def count(flags: Flags) -> Ints:
            return _reduced(np.add, flags.astype(np.int64), first)

        sure = flow.sure
        self._amount[rows], self._covered[rows] = flow.amount, flow.covered * sure
        has, second = flow.same[first], np.minimum(first + 1, flow.ats.size - 1)
        earliest = np.where(has, flow.tp[first], flow.tp[second])
        no_earlier = ~has & ~(flow.same[second] & (second < np.append(first[1:], flow.ats.size)))
        return {
            "id": flow.id[first],
            "day": self._day_key[np.searchsorted(self._first, run)] - flow.id[first] * KEY,
            "n": count(~np.isnan(flow.rate)),
            "still": count(flow.rate == 0),
            "rising": count(rising),
            "s1": _reduced(np.add, s1, first),
            "s2": _reduced(np.add, s2, first),
            "highest": _reduced(np.fmax, flow.rate, first),
            "lowest": _reduced(np.fmin, flow.rate, first),
            "doubled": count(flow.same & (flow.ats == flow.tp)),
            "earliest": earliest,
            "no_earlier": no_earlier,
            "unsure": np.flatnonzero(~sure & (flow.covered > 0)) + rows.start,
        }

    def _sure_sums(self, rows: slice, length_s: int) -> dict[str, Any]:
        covered = self._covered[rows] * self._plain[rows]
        sure = np.flatnonzero(covered)
        ids, start = self._id[rows][sure], self._ats[rows][sure] - 1
        start -= (start + (LOCAL_S if length_s > HOUR_S else 0)) % length_s
        first = _starts(start, ids)
        high, low = _exact.cut_array(self._amount[rows][sure])
        return {
            "id": ids[first],
            "start": start[first],
            "amount_high": _reduced(np.add, high, first),
            "amount_low": _reduced(np.add, low, first),
            "known_s": _reduced(np.add, covered[sure].astype(np.int64), first),
        }

    def _flow(self, rows: slice | Ints) -> Flow:
        """Lay readings beside the ones before; row 0 is none."""
        before = slice(rows.start - 1, rows.stop - 1) if isinstance(rows, slice) else rows - 1
        id_, ats, value = self._id[rows], self._ats[rows], self._value[rows]
        tp, p = self._ats[before], self._value[before]
        same = self._id[before] == id_
        since = (ats - tp) * same
        scale, interval = self._scale[id_], self._interval[id_]
        known, covered = same, since
        with np.errstate(all="ignore"):
            amount = (value - p) * scale
            rate = np.where(since > 0, amount * HOUR_S / since, np.nan)
            gap = since > GAP * interval
            if not self._registers:
                kind = self._kind[id_]
                counted, power = kind == AMOUNT, kind == POWER
                between = (value + p) / 2 * scale * since / HOUR_S
                amount = np.select([counted, power], [value * scale, between], amount)
                known = counted | (same & (~power | (since <= 2 * interval)))
                at_most = np.where(since > 0, np.minimum(since, interval), interval)
                covered = np.where(counted, at_most, since)
                rates = [amount * HOUR_S / interval, value * scale]
                rate = np.select([counted, power], rates, rate)
                gap &= kind == REGISTER
        return Flow(id_, ats, value, same, tp, p, amount, known, covered, rate, gap)

    def _by_blocks(self, work: Callable[[slice], dict[str, Any]]) -> dict[str, Any]:
        """Do something with each block, on every core, and put the columns together."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = list(pool.map(work, self._blocks()))
        return {name: np.concatenate([part[name] for part in done]) for name in done[0]}

    def _of(self, ids: NDArray[Any]) -> Flags:
        """Tell which rows are of some points."""
        wanted = np.zeros(self._kind.size + 1, dtype=bool)  # the last is nobody's, as row 0
        wanted[ids] = True
        return wanted[self._id]

    def _blocks(self) -> Iterator[slice]:
        """Cut the rows between points; there is always one block."""
        ends = np.append(np.flatnonzero(np.diff(self._id[1:])) + 2, self._id.size)
        at = 1
        while True:
            place = int(np.searchsorted(ends, at + _BLOCK_ROWS))
            end = int(ends[min(place, ends.size - 1)])
            yield slice(at, end)
            if end == self._id.size:
                return
            at = end


def _in_order(rows: pl.DataFrame) -> tuple[NDArray[np.int32], Ints, Floats]:
    """Return the columns by point and time, behind a row that belongs to no point."""
    # The engine's threads give runs that are in order, as the files of a store are: where these
    # only have to change places nothing is sorted.
    runs = zip(*(rows[name].get_chunks() for name in ("id", "ats", "value")), strict=True)
    ordered = sorted((run for run in runs if len(run[0])), key=lambda run: (run[0][0], run[1][0]))
    nobody = (np.array([-1], np.int32), np.array([0]), np.array([0.0]))
    id_, ats, value = (
        np.concatenate([first, *(run[at].to_numpy() for run in ordered)])
        for at, first in enumerate(nobody)
    )
    key = id_ * KEY + ats
    if not (key[1:] >= key[:-1]).all():
        order = np.argsort(key, kind="stable")  # merges runs, too
        id_, ats, value, key = id_[order], ats[order], value[order], key[order]
    _by_value(key, value)
    return id_, ats, value


def _by_value(key: Ints, value: Floats) -> None:
    """Order the values of one point and time, so that nothing depends on how they were stored."""
    equal = np.flatnonzero(key[1:] == key[:-1])
    if equal.size:
        rows = np.union1d(equal, equal + 1)
        value[rows] = value[rows][np.lexsort((value[rows], key[rows]))]


def _starts(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return where a run of rows with equal keys begins."""
    if not keys[0].size:
        return np.empty(0, dtype=np.intp)
    new = np.concatenate(([True], np.diff(keys[0]) != 0))
    for key in keys[1:]:
        new[1:] |= np.diff(key) != 0
    return np.flatnonzero(new)


def _reduced(how: np.ufunc, terms: NDArray[Any], first: NDArray[np.intp]) -> NDArray[Any]:
    return how.reduceat(terms, first) if first.size else terms[:0]


def _days(parts: dict[str, Any]) -> pl.DataFrame:
    """Bring the sums of days into the columns of ``_rows.day_sums``."""
    no_earlier = pl.Series(parts.pop("no_earlier"))
    days = pl.DataFrame(parts)
    return days.with_columns(
        pl.col("highest", "lowest").fill_nan(None),
        days["earliest"].set(no_earlier, None),
    )


def _beside(flow: Flow) -> pl.DataFrame:
    """Bring rows into the columns of ``_rows.beside``."""
    none, no_rate = pl.Series(~flow.same), pl.Series(flow.rate).fill_nan(None)
    return pl.DataFrame(
        {
            "id": flow.id,
            "ats": flow.ats,
            "value": flow.value,
            "tp": pl.Series(flow.tp).set(none, None),
            "p": pl.Series(flow.p).set(none, None),
            "amount": pl.Series(flow.amount).set(pl.Series(~flow.known), None),
            "rate": no_rate,
            "day": flow.ats - (flow.ats + LOCAL_S) % DAY_S,
        }
    )


def _segments(flow: Flow) -> pl.DataFrame:
    """Bring rows into the columns of ``_mend.plain_segments``."""
    code = np.where(~flow.known, CODE["silent"], np.where(flow.gap, CODE["gap"], CODE["direct"]))
    frame = pl.DataFrame(
        {
            "id": flow.id,
            "from_ts": flow.ats - flow.covered,
            "to_ts": flow.ats,
            "amount": pl.Series(flow.amount).set(pl.Series(~flow.known), None),
            "code": code.astype(np.int8),
        }
    )
    return frame.filter(pl.Series(flow.covered > 0))


def _added(total: dict[str, Any], rest: pl.DataFrame) -> pl.DataFrame:
    """Add the sums of the pieces to those of what is sure, which stand by point and start."""
    key = total["id"].astype(np.int64) * KEY + total["start"]
    mine = rest["id"].cast(pl.Int64).to_numpy() * KEY + rest["start"].to_numpy()
    place = np.searchsorted(key, mine)
    met = np.zeros(mine.size, dtype=bool)
    inside = place < key.size
    met[inside] = key[place[inside]] == mine[inside]
    both, at = rest.filter(pl.Series(met)), place[met]
    columns = {name: total.get(name, np.zeros(key.size, np.int64)) for name in _sums.ADDED}
    for name, column in columns.items():
        column[at] += both[name].to_numpy()
    code = np.full(key.size, CODE["direct"], dtype=np.int8)
    code[at] = both["code"].to_numpy()
    frame = pl.DataFrame({"id": total["id"], "start": total["start"], **columns, "code": code})
    return pl.concat([frame, rest.filter(pl.Series(~met)).select(frame.columns)])
