"""What flowed, for pages: quarter hours, and sums of points and of nodes of the tree.

Every page asks here. Nothing here asks for rights: who is asked about is the page's to check.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, TypeVar

import polars as pl
from django.utils import timezone

from tanfeng import accounting, standards
from tanfeng.console.accounting.services import OPTIONS
from tanfeng.console.library.services import overrides
from tanfeng.console.metering import engine
from tanfeng.metering import rollup
from tanfeng.periods import LOCAL

By = Literal["15min", "hour", "day", "month"]
#: What tells two states of the figures apart: the home, what is kept in it, and its register.
State = tuple[str, tuple[str, int], int]
_Made = TypeVar("_Made")
_Basis = tuple[date, tuple[standards.Override, ...]]
#: So many answers are remembered as long as the figures stay as they are, none of more rows.
_MOST, _MOST_ROWS = 64, 20_000


def slots(points: Collection[str], start: datetime, end: datetime) -> pl.DataFrame:
    """Return the quarter hours of some points, metered or virtual.

    Parameters
    ----------
    points : collection of str
        Their names; what the engine does not know is left out.
    start, end : datetime
        ``start <= t < end``, aware.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.SLOTS`. [base unit of the point]
    """
    key = "slots", frozenset(points), start, end
    return once(key, lambda: engine.kept().slots(points, start, end))


def due(points: Collection[str]) -> pl.DataFrame:
    """Return from when to when some points owe quarter hours.

    Parameters
    ----------
    points
        As of :func:`slots`.

    Returns
    -------
    polars.DataFrame
        point, due_from, due_to (null: still due).
    """
    return engine.kept().due(points)


def of_points(points: Collection[str], by: By, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed through some points in each period, as metered.

    Parameters
    ----------
    points, start, end
        As of :func:`slots`.
    by : {"15min", "hour", "day", "month"}
        Length of a period, on the city's clock.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.ENERGY`, ``point`` in the place of ``node``.
    """
    return _sums("of_points", points, by, start, end)


def of_nodes(nodes: Collection[str], by: By, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed into some nodes of the tree and those below them in each period.

    What an enterprise makes and uses inside is no energy of the enterprise or of anything above.

    Parameters
    ----------
    nodes : collection of str
        Keys of nodes: credit code of an enterprise, place code of a county, ``park:KEY``, a
        process unit, or :data:`tanfeng.console.metering.engine.CITY`.
    by, start, end
        As of :func:`of_points`.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.ENERGY`.
    """
    return _sums("of_nodes", nodes, by, start, end)


def once(key: Hashable, make: Callable[[], _Made]) -> _Made:
    """Return what follows from the figures and what they are worth, made once while both stand.

    Parameters
    ----------
    key : Hashable
        What is asked for, with everything it depends on beside figures, register and factors.
    make : callable
        Called where nothing is remembered; nobody may change what it returns.
    """
    global _answers
    now = state(), _basis()
    held = _answers
    if held.state != now:
        _answers = held = _Answers(now)
    found = held.found.get(key)
    if found is None:
        found = (make(),)
        if not isinstance(found[0], pl.DataFrame) or found[0].height <= _MOST_ROWS:
            if len(held.found) >= _MOST:
                held.found.clear()
            held.found[key] = found
    made: _Made = found[0]
    return made


@dataclass(frozen=True, slots=True)
class _Answers:
    """What was asked for at one state of the figures."""

    state: tuple[State, _Basis] | None
    found: dict[Hashable, tuple[Any]] = field(default_factory=dict)


_answers = _Answers(None)


def _sums(
    what: Literal["of_points", "of_nodes"],
    names: Collection[str],
    by: By,
    start: datetime,
    end: datetime,
) -> pl.DataFrame:
    """Return sums of points or nodes, read once as long as figures and factors stand."""

    def read() -> pl.DataFrame:
        kept, worth = engine.kept(), factors(start, end)
        if what == "of_points":
            return kept.of_points(names, by, start, end, worth)
        return kept.of_nodes(below(names, engine.edges()), by, start, end, worth)

    return once((what, frozenset(names), by, start, end), read)


def bought_unmetered(node: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what an enterprise bought at least of items it makes, with no meter at its gate.

    Parameters
    ----------
    node : str
        Credit code.
    start, end : datetime
        As of :func:`of_nodes`, which counts it as missing.

    Returns
    -------
    polars.DataFrame
        As of :func:`tanfeng.metering.rollup.bought_unmetered`.
    """
    inside = below([node], engine.edges())
    mine = pl.col("node").is_in(inside)
    return rollup.bought_unmetered(
        engine.kept().of_nodes(inside, "day", start, end),
        points=engine.points().filter(mine),
        edges=engine.edges().filter(pl.col("parent").is_in(inside)),
        nodes=engine.register().nodes().filter(mine),
    )


def as_of() -> datetime | None:
    """Return up to when what came is in the figures; None while they are made for the first time.

    A page shows it where it is not the present.
    """
    kept = engine.settled()
    return kept.as_of() if kept.behind() else timezone.now()


def state() -> State:
    """Return what tells two states of the figures apart: amounts asked at one are the same."""
    kept = engine.kept()
    return str(engine.folder()), kept.state(), engine.register().number()


def below(nodes: Collection[str], edges: pl.DataFrame) -> list[str]:
    """Return some nodes and every node below them.

    Parameters
    ----------
    nodes : collection of str
        Keys of nodes.
    edges : polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.EDGES`.
    """
    found, last = set(nodes), set(nodes)
    while last:
        under = edges.filter(pl.col("parent").is_in(list(last)))["child"]
        last = set(under) - found
        found |= last
    return sorted(found)


def factors(start: datetime, end: datetime) -> pl.DataFrame:
    """Return what a unit of each item is worth in the years of a window.

    Parameters
    ----------
    start, end : datetime
        ``start <= t < end``, aware.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.FACTORS`, by the options accounts of the city
        have unless told otherwise.
    """
    first = start.astimezone(LOCAL).year
    last = (end - timedelta(microseconds=1)).astimezone(LOCAL).year
    return _factors(tuple(range(first, last + 1)), *_basis())


def _basis() -> _Basis:
    """Return what factors follow from beside the year they are of."""
    return timezone.localdate(), tuple(overrides().values())


@lru_cache(maxsize=16)
def _factors(
    years: tuple[int, ...], today: date, verified: tuple[standards.Override, ...]
) -> pl.DataFrame:
    chosen = accounting.factor_set(
        years,
        region=OPTIONS["region"],
        guideline=OPTIONS["guideline"],
        as_of=today,
        overrides=standards.Overrides(verified),
        electricity_fallback=OPTIONS["electricity_fallback"] or None,
    )
    return accounting.unit_worth(chosen)
