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
from tanfeng.metering._mend import CODE, REACH
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
    local_day_of,
    usable,
    usual_frame,
)
from tanfeng.metering._workshop import Workshop
from tanfeng.metering.frames import SLOT_S

#: Points are taken together until they have so many rows: their columns stay near the processor.
_BLOCK_ROWS = 2**16


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
        # Row of the first reading of each point, and the row after the last.
        self._begin = np.searchsorted(self._id, np.arange(self._kind.size + 1, dtype=np.int32))
        self._plain = np.ones(self._id.size, dtype=bool)
        del rows
        # Of what is sure from the first look: what flowed, and how long; 0 s for the rest.
        self._amount = np.empty(self._id.size)
        self._covered = np.zeros(self._id.size, dtype=np.int16)
        parts = self._by_blocks(self._first_look)
        self._unsure: Ints = parts.pop("unsure")
        self._first: Ints = parts.pop("first")  # row of each day
        self._day_key = parts["id"] * KEY + parts["day"]
        self._days, self._about = _days(parts), about
        self.days = shop.hold("days", self._days)

    # What :mod:`_tables` has, too ---------------------------------------------------------------

    def usual(self, before: pl.DataFrame | None) -> ir.Table:
        """Tell what is usual for each point on each day, also on those before."""
        days = self._days
        if before is not None:
            before = before.select(days.columns)
            later = days.join(before, on=["id", "day"], how="anti")
            days = pl.concat([before, later], how="vertical_relaxed").sort("id", "day")
        self._usual = usual_frame(days, self._about)
        return self._shop.hold("usual", self._usual)

    def standing(self) -> ir.Table | None:
        """Return the readings of points with something wrong that did stand still."""
        wrong = self._usual.filter("wrong")
        ids = wrong["id"].to_numpy()
        days = wrong.select("day", reaches=pl.min_horizontal("day", "reaches"))
        margin = DAY_S * (self._interval[ids] * (REACH + 1) // DAY_S + 1)
        self._hot = self._changed[self._id[self._first]]
        for name in days.columns:
            day = ids * KEY + days[name].to_numpy()
            self._hot |= self._among_days(day - margin, day + margin)
        concerned = self._changed.copy()
        concerned[ids] = True
        if not concerned[self._usual["id"].to_numpy()].any():
            return None
        stood = self._days.filter(pl.col("still") > 0)["id"].unique().to_numpy()
        rows = self._of(stood[concerned[stood]])
        return self._shop.hold("standing", _beside(self._flow(rows)))

    def _among_days(self, begin: Ints, end: Ints) -> Flags:
        """Tell which days lie within one of the spans, both ends included."""
        first = np.searchsorted(self._day_key, begin)
        after = np.searchsorted(self._day_key, end, side="right")
        return within(first, after, self._day_key.size)

    def to_mend(self, still: ir.Table, hung: Hung | None) -> ir.Table:
        """Return what may need mending, one reading of each time; from now on the rest is plain.

        Of the days it is only what lies within reach of something wrong.
        """
        stills = self._shop.frame("stills", lambda: still.select("id", "from_ts", "to_ts"))
        of_point = stills["id"].to_numpy() * KEY
        begin, end = (stills[name].to_numpy() for name in ("from_ts", "to_ts"))
        self._hot |= self._among_days(of_point + local_day_of(begin), of_point + local_day_of(end))
        on_days = self._on_days()
        rows = np.flatnonzero(on_days)
        again = rows[self._same_time(rows)]
        self._take_held(again)
        rows = np.setdiff1d(rows, again, assume_unique=True)
        flow, twice = self._flow(rows), np.isin(rows + 1, again)
        key = flow.key
        begin, end = (np.searchsorted(key, of_point + at, side="right") for at in (begin, end))
        wrong = twice | within(begin, end, key.size)
        if hung is not None:
            wrong |= at_changes(flow, self._changed, self._scale, hung)
        usual = self._usual_at(key - (flow.ats + LOCAL_S) % DAY_S)
        wrong |= not_plain(flow, self._kind[flow.id], self._scale[flow.id], *usual)
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

    def _on_days(self) -> Flags:
        """Tell which rows are of a day that may need mending."""
        on_days = np.zeros(self._id.size, dtype=bool)
        on_days[1:] = np.repeat(self._hot, np.diff(np.append(self._first, self._id.size)))
        return on_days

    def _usual_at(self, days: Ints) -> tuple[Floats, Flags]:
        """Return what can be believed of some days, and whether they rarely stand still."""
        about = self._usual
        key = about["id"].to_numpy() * KEY + about["day"].to_numpy()
        place = np.searchsorted(key, days)
        return about["bound"].to_numpy()[place], about["rarely_still"].to_numpy()[place]

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
        rows = self._of(ids)
        rows = rows[self._plain[rows] & (self._covered[rows] > 0)]
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

    def sums(self, rest: Callable[[], _spread.Laid], length_s: int, name: str) -> ir.Table:
        """Sum by period what is sure, and the pieces of what is not.

        Parameters
        ----------
        rest : callable
            Waits for what is being mended meanwhile.
        length_s : int
            Of a period.
        name : str
            Of the result.
        """
        sure = self._by_blocks(lambda rows: self._sure_sums(rows, length_s))
        zero = np.zeros(sure["id"].size, np.int64)
        code = np.full(zero.size, CODE["direct"], dtype=np.int8)
        added = pl.DataFrame({**dict.fromkeys(_sums.ADDED, zero), **sure, "code": code})
        finished = _sums.finished_frame(added)
        laid = rest()
        pieces = self._shop.frame(
            f"rest_{name}", lambda: _sums.parts(laid.pieces(), length_s), laid.path
        )
        return self._shop.hold(name, _with_pieces(finished, added, pieces))

    # The work on a block of points --------------------------------------------------------------

    def _first_look(self, rows: slice) -> dict[str, Any]:
        """Sum the days up as ``_rows.day_sums`` does, and note which rows are not sure."""
        flow = self._flow(rows)
        day = flow.ats - (flow.ats + LOCAL_S) % DAY_S
        first = _starts(day, flow.id)
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
            "first": first + rows.start,
            "day": day[first],
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

    def _of(self, ids: NDArray[Any]) -> Ints:
        """Return the rows of some points, in order."""
        ids = np.unique(ids)
        begin, count = self._begin[ids], np.diff(self._begin)[ids]
        before = np.cumsum(count) - count  # rows of the points named before
        return np.repeat(begin - before, count) + np.arange(count.sum())

    def _blocks(self) -> Iterator[slice]:
        """Cut the rows between points; there is always one block."""
        at = 1
        while True:
            place = int(np.searchsorted(self._begin, at + _BLOCK_ROWS))
            end = int(self._begin[min(place, self._begin.size - 1)])
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


def _with_pieces(finished: pl.DataFrame, added: pl.DataFrame, rest: pl.DataFrame) -> pl.DataFrame:
    """Add the sums of the pieces to those of what is sure, which stand by point and start."""
    keys = (frame["id"].to_numpy() * KEY + frame["start"].to_numpy() for frame in (added, rest))
    key, mine = keys
    place = np.searchsorted(key, mine)
    met = np.zeros(mine.size, dtype=bool)
    inside = place < key.size
    met[inside] = key[place[inside]] == mine[inside]
    at = place[met]
    both = added[at]
    more = rest.filter(pl.Series(met))
    both = both.with_columns(both[name] + more[name] for name in _sums.ADDED)
    both = both.with_columns(more["code"])
    alone = np.ones(key.size, dtype=bool)
    alone[at] = False
    changed = pl.concat([both, rest.filter(pl.Series(~met)).select(both.columns)])
    return pl.concat([finished.filter(pl.Series(alone)), _sums.finished_frame(changed)])
