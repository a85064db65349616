"""Energy that is derived once and kept: what flowed in every quarter hour, and its sums.

Beside the readings lies what they come to: the quarter hours of every point, metered or virtual,
days of points, hours and days of the nodes of the tree. :meth:`Settled.advance` takes in what came
since, late or not, and what changed in the register; only what that touches is derived again. What
is kept equals, to the last bit, what deriving everything gives, however it came about.

Readings are the truth and this follows from them: it can be thrown away and made again.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.metering import _kept_compare as _compare
from tanfeng.metering import _kept_energy, rollup
from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._calendar import By
from tanfeng.metering._kept_files import Files, Look
from tanfeng.metering._kept_read import slots_between, sums_of_points, sums_of_sources
from tanfeng.metering._settling import Settling
from tanfeng.metering._tree import Tree, points_apart, tree
from tanfeng.metering.frames import ENERGY, SLOT_S, SLOTS, TIME
from tanfeng.metering.virtual import VirtualMeters, virtual_meters

if TYPE_CHECKING:
    from tanfeng.metering.register import Register
    from tanfeng.metering.store import Store

__all__ = ["Advanced", "Settled"]

#: So many trees are remembered as long as the register says the same.
_MOST_TREES = 64


@dataclass(frozen=True, slots=True)
class Advanced:
    """How far an advance came.

    Parameters
    ----------
    steps : int
        Commits it took.
    left : int
        Entries that are still to be derived.
    """

    steps: int
    left: int


class Settled:
    """The kept energy of one home.

    Parameters
    ----------
    folder : str or Path
        Made at the first advance.
    store : Store
    register : Register
    """

    def __init__(self, folder: str | Path, store: Store, register: Register) -> None:
        self._files = Files(Path(folder), kt.TABLES)
        self._store, self._register = store, register
        self._said: _Said | None = None
        self._engines: dict[bool, Any] = {}
        weakref.finalize(self, _closed, self._engines)

    # Writing ----------------------------------------------------------------------------------

    def behind(self) -> bool:
        """Tell whether readings or register changed since, or something is still pending."""
        look = self._files.look()
        now = self._store.version(), self._register.number()
        if look is None or not look.mark:
            return now != (-1, 0)
        return now != (look.mark["version"], look.mark["register"]) or look.rows("pending") > 0

    def as_of(self) -> datetime | None:
        """Return when what is kept last held all there was; None: never yet."""
        look = self._files.look()
        done = None if look is None else look.mark.get("done")
        return None if done is None else datetime.fromisoformat(done)

    def state(self) -> tuple[str, int]:
        """Return what is another as soon as a figure that is kept is; a number of 0: none is."""
        look = self._files.look()
        return ("", 0) if look is None else (look.base, look.number)

    def advance(
        self,
        *,
        now: datetime,
        everything: bool = False,
        wait: bool = True,
        go_on: Callable[[int], bool] = lambda _left: True,
    ) -> Advanced:
        """Take in what changed.

        Parameters
        ----------
        now : datetime
            The present.
        everything : bool
            Derive every point anew, from nothing and beside what is kept; it takes its place when
            it is done, and until then pages read what there was.
        wait : bool
            Wait for another process that advances.
        go_on : callable
            Asked before every part with the entries that are left; what is left when it says no
            is derived by the next advance.

        Returns
        -------
        Advanced

        Raises
        ------
        StoreBusy
            If another process advances and ``wait`` is false.
        """
        files = self._files
        if everything:
            files = Files(self._files.folder, kt.TABLES, anew_of=self._files)
        with files.writing(wait=wait) as writer:
            work = Settling(writer, self._store, self._now(), lambda: self._engine(everything))
            left = work.note(now)
            steps = 0
            while left and go_on(left):
                left = work.step()
                steps += 1
            work.leave()
            if everything and not left:
                self._files.take(files)
        return Advanced(steps, left)

    def compact(self) -> int:
        """Put small files together and delete those nobody needs; return parts merged."""
        with self._files.writing() as writer:
            return writer.compact()

    # Reading ----------------------------------------------------------------------------------

    def slots(self, points: Collection[str], start: datetime, end: datetime) -> pl.DataFrame:
        """Return the quarter hours of some points, metered or virtual.

        Parameters
        ----------
        points : collection of str
            What is not kept is left out.
        start, end : datetime
            ``start <= t < end``, aware.

        Returns
        -------
        polars.DataFrame
            ``frames.SLOTS``: each quarter hour from the first of a point on, without an amount
            where nothing is known.
        """
        low, high = _numbers(start, end)

        def read(look: Look) -> pl.DataFrame:
            known = _named(look, points).filter(pl.col("first").is_not_null())
            rows = slots_between(look, known["id"].to_list(), low, high)
            begin = pl.max_horizontal("first", pl.lit(low, pl.Int32))
            spans = known.filter(pl.col("first") < high)
            grid = spans.select("id", slot=pl.int_ranges(begin, high, dtype=pl.Int32))
            grid = grid.explode("slot", empty_as_null=False)
            laid = grid.join(rows, on=["id", "slot"], how="left", maintain_order="left")
            return kt.as_slots(laid, known.select("id", "point"))

        found = self._files.reading(read)
        return SLOTS.to_frame() if found is None else found

    def energy(
        self,
        points: Collection[str],
        by: str,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pl.DataFrame:
        """Return what flowed through some points in each period, with the rule that decided.

        Parameters
        ----------
        points, by
            As of :meth:`of_points`.
        start, end : datetime, optional
            From the first quarter hour of a point to the last of any where absent.

        Returns
        -------
        polars.DataFrame
            Columns of :func:`tanfeng.metering.energy.point_energy`.
        """
        low = None if start is None else -int(-start.timestamp() // SLOT_S)
        high = None if end is None else -int(-end.timestamp() // SLOT_S)
        every = self._now().points

        def read(look: Look) -> pl.DataFrame:
            return _kept_energy.of_points(look, _named(look, points), every, by, low, high)

        found = self._files.reading(read)
        return pl.DataFrame() if found is None else found

    def of_points(
        self,
        points: Collection[str],
        by: By,
        start: datetime,
        end: datetime,
        factors: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Return what flowed through some points in each period, as metered.

        Parameters
        ----------
        points, start, end
            As of :meth:`slots`.
        by : {"15min", "hour", "day", "month"}
            Length of a period, on the city's clock.
        factors : polars.DataFrame, optional
            ``frames.FACTORS``.

        Returns
        -------
        polars.DataFrame
            ``frames.ENERGY`` with ``point`` in the place of ``node``.
        """
        low, high = _numbers(start, end)
        said = self._now()
        about, laid = said.laid("point", points)

        def read(look: Look) -> pl.DataFrame:
            known = _named(look, points)
            sums = sums_of_points(look, known, low, high, by).join(known, on="id")
            sums = sums.select("point", kt.time("at").alias("start"), *kt.COUNTED)
            due = _due(look, said, about)
            return rollup.of_kept(
                sums, laid=laid, by=by, start=start, end=end, due=due, factors=factors
            )

        found = self._files.reading(read)
        return ENERGY.to_frame().rename({"node": "point"}) if found is None else found

    def of_nodes(
        self,
        nodes: Collection[str],
        by: By,
        start: datetime,
        end: datetime,
        factors: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Return what flowed into some nodes of the tree in each period.

        What an enterprise makes and uses inside is in the sums of its steps alone.

        Parameters
        ----------
        nodes : collection of str
            With all below them.
        by, start, end, factors
            As of :meth:`of_points`.

        Returns
        -------
        polars.DataFrame
            ``frames.ENERGY``.
        """
        low, high = _numbers(start, end)
        said = self._now()
        about, laid = said.laid("node", nodes)

        def read(look: Look) -> pl.DataFrame:
            known = _points(look)
            sources = look.read("sources").filter(pl.col("node").is_in(list(nodes)))

            def sums(some: pl.DataFrame, length: By) -> pl.DataFrame:
                found = sums_of_sources(look, known, some["source"].to_list(), low, high, length)
                return found.join(some, on="source").select(
                    "node", "item_key", kt.time("at").alias("start"), *kt.COUNTED
                )

            def days_of(some: pl.DataFrame) -> pl.DataFrame:
                return sums(sources.join(some, on=["node", "item_key"], how="semi"), "day")

            due = _due(look, said, about)
            return rollup.of_kept(
                sums(sources, by),
                laid=laid,
                by=by,
                start=start,
                end=end,
                due=due,
                factors=factors,
                days_of=days_of,
            )

        found = self._files.reading(read)
        return ENERGY.to_frame() if found is None else found

    def due(self, points: Collection[str]) -> pl.DataFrame:
        """Return from when to when some points owe quarter hours.

        Parameters
        ----------
        points : collection of str
            What the register does not know is left out.

        Returns
        -------
        polars.DataFrame
            point, due_from, due_to (null: still due); see
            :func:`tanfeng.metering.rollup.due_since`.
        """
        said = self._now()
        about = said.points.filter(pl.col("point").is_in(list(points)))
        found = self._files.reading(lambda look: _due(look, said, about))
        return _due(None, said, about) if found is None else found

    def differing(self, other: Settled) -> pl.DataFrame:
        """Compare with what another derived from the same readings.

        Returns
        -------
        polars.DataFrame
            ``what`` (slots, point_days, source_hours, source_days), ``of`` (point or node),
            ``start``, ``kept``, ``derived`` [base unit]; no row where both are the same to the
            last bit.
        """
        mine, theirs = (
            one._files.reading(_compare.kept) or _compare.kept(one._files.empty())
            for one in (self, other)
        )
        return _compare.differing(mine, theirs)

    def _engine(self, anew: bool) -> Any:
        """Return the engine that derives, which holds nothing between two derivations.

        Whoever advances holds a lock, and whoever derives anew another: neither shares it.
        """
        if anew not in self._engines:
            import ibis

            self._engines[anew] = ibis.duckdb.connect()
            self._engines[anew].raw_sql("SET enable_progress_bar = false")
        return self._engines[anew]

    def _now(self) -> _Said:
        """Return what the register says; it is read again when it changed."""
        number = self._register.number()
        if self._said is None or self._said.number != number:
            register = self._register
            self._said = _Said(
                number,
                register.points_since(),
                register.devices(),
                register.nodes(),
                register.edges(),
            )
        return self._said


@dataclass(slots=True)
class _Said:
    """What the register says at a change."""

    number: int
    points: pl.DataFrame
    devices: pl.DataFrame
    nodes: pl.DataFrame
    edges: pl.DataFrame
    read: VirtualMeters | None = None
    trees: dict[tuple[str, frozenset[str]], tuple[pl.DataFrame, Tree]] = field(default_factory=dict)

    def laid(self, what: str, names: Collection[str]) -> tuple[pl.DataFrame, Tree]:
        """Return the points asked for, or those at nodes, and what adds up to what; laid out once.

        Parameters
        ----------
        what : {"point", "node"}
            What the names are of.
        names : collection of str
        """
        key = what, frozenset(names)
        found = self.trees.get(key)
        if found is None:
            about = self.points.filter(pl.col(what).is_in(list(names)))
            if what == "point":
                found = about, points_apart(about)
            else:
                edges = self.edges.filter(pl.col("parent").is_in(list(names)))
                found = about, tree(about, edges, self.nodes)
            if len(self.trees) >= _MOST_TREES:
                self.trees.clear()
            self.trees[key] = found
        return found

    def virtual(self) -> VirtualMeters | None:
        """Return its virtual meters, read once; None where there are none."""
        if self.read is None and self.points["expression"].null_count() < self.points.height:
            self.read = virtual_meters(self.points)
        return self.read


def _closed(engines: dict[bool, Any]) -> None:
    while engines:
        engines.popitem()[1].disconnect()


def _due(look: Look | None, said: _Said, about: pl.DataFrame) -> pl.DataFrame:
    """Return from when to when points owe quarter hours; see :func:`rollup.due_since`."""
    firsts = pl.DataFrame(schema={"point": pl.String, "start": TIME})
    if look is not None:
        known = _points(look).drop_nulls("first")
        firsts = known.select("point", kt.time("first").alias("start"))
    virtual = said.virtual()
    if virtual is None or about["expression"].null_count() == about.height:
        return _spans(about, firsts, said.devices)
    due = virtual.due(_spans(said.points, firsts, said.devices))
    return due.filter(pl.col("point").is_in(about["point"].implode()))


def _spans(points: pl.DataFrame, firsts: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    mine = pl.col("point").is_in(points["point"].implode())
    return rollup.due_since(points, firsts.filter(mine), devices.filter(mine))


def _points(look: Look) -> pl.DataFrame:
    if "points" not in look.memory:
        look.memory["points"] = look.read("points").sort("point")
    frame: pl.DataFrame = look.memory["points"]
    return frame


def _named(look: Look, points: Collection[str]) -> pl.DataFrame:
    return _points(look).filter(pl.col("point").is_in(list(points)))


def _numbers(start: datetime, end: datetime) -> tuple[int, int]:
    """Return the first quarter hour that begins in a window and the one after the last."""
    return -int(-start.timestamp() // SLOT_S), -int(-end.timestamp() // SLOT_S)
