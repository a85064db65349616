"""Virtual meters: what a meter nobody hung would show, computed from those that hang.

The expressions of all virtual points are read together. Those that are weighted sums, at any
depth, flatten to one table (virtual point, point, coefficient) that is multiplied with the slots
and added up in one go. Those that are not (a product of points, the positive part of a difference)
are computed level by level over a wide table, one column per point. There is no loop over slots.

A slot of a virtual point is measured when all its inputs are, missing when any is missing or known
in part only, and estimated otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng.errors import DataError, Problem
from tanfeng.metering import _exact
from tanfeng.metering._counts import wholly_known
from tanfeng.metering._expression import ExpressionError, Name, Part, names, read
from tanfeng.metering._forms import Form, form, point, said
from tanfeng.metering._tree import current, cycle
from tanfeng.metering.frames import QUALITY, SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RULE", "Named", "VirtualMeters", "named", "virtual_meters"]

#: Rule id of every slot computed here.
RULE = "virtual"
_SUMS = ("amount", "measured")
#: Marks of a slot in a wide table.
_MEASURED, _ESTIMATED, _MISSING, _NO_SLOT = range(4)


class Named(NamedTuple):
    """What an expression names, in the order it stands.

    Parameters
    ----------
    points : tuple of str
        Names of points.
    patterns : tuple of (str, int)
        Patterns, and the character each begins at, its quote, counted from 1.
    """

    points: tuple[str, ...]
    patterns: tuple[tuple[str, int], ...]


def named(text: str) -> Named:
    """Return what an expression names; nothing where it cannot be read."""
    try:
        found = names(read(text))
    except ExpressionError:
        return Named((), ())
    return Named(
        tuple(one.name for one in found if isinstance(one, Name)),
        tuple((one.pattern, one.position) for one in found if not isinstance(one, Name)),
    )


class _Found(NamedTuple):
    name: str
    position: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class VirtualMeters:
    """The virtual points of a register, ready to be computed.

    Parameters
    ----------
    terms : polars.DataFrame
        virtual, point, coefficient: the weighted sums, over metered points and formulas.
    constants : polars.DataFrame
        virtual, constant [base unit per slot], inputs (number of points in the sum).
    levels : tuple of mapping of str to Form
        Virtual point -> formula, by level: a formula needs only points and earlier levels.
    inputs : polars.DataFrame
        virtual, point: the metered points each virtual point rests on, at any depth.
    """

    terms: pl.DataFrame
    constants: pl.DataFrame
    levels: tuple[Mapping[str, Form], ...]
    inputs: pl.DataFrame

    def slots(self, slots: pl.DataFrame) -> pl.DataFrame:
        """Compute the slots of every virtual point.

        Parameters
        ----------
        slots : polars.DataFrame
            With the columns of ``frames.SLOTS``; points no expression names are left alone.

        Returns
        -------
        polars.DataFrame
            With the columns of ``frames.SLOTS``, by point and start; a slot for each start at
            which any input of a virtual point has one.
        """
        grid = _grid(slots, self.inputs["point"].unique().sort().to_list())
        for level in self.levels:
            _add_formulas(grid, level)
        _add_sums(grid, self.terms, self.constants)
        return _long(grid, sorted(self.inputs["virtual"].unique().to_list()))

    def missing(self, slots: pl.DataFrame) -> pl.DataFrame:
        """Say which metered points a missing slot of a virtual point lacks.

        Parameters
        ----------
        slots : polars.DataFrame
            Slots of the metered points, as given to :meth:`slots`.

        Returns
        -------
        polars.DataFrame
            point (virtual), start, missing (names of points, sorted).
        """
        known = slots.filter(wholly_known()).select("point", "start")
        starts = slots.join(self.inputs, on="point").select("virtual", "start").unique()
        return (
            starts.join(self.inputs, on="virtual")
            .join(known, on=["point", "start"], how="anti")
            .group_by("virtual", "start")
            .agg(missing=pl.col("point").sort())
            .rename({"virtual": "point"})
            .sort("point", "start")
        )

    def due(self, due: pl.DataFrame) -> pl.DataFrame:
        """Give virtual points the span in which all they rest on is due.

        Parameters
        ----------
        due : polars.DataFrame
            point, due_from, due_to: as :func:`tanfeng.metering.rollup.due_since` returns it.

        Returns
        -------
        polars.DataFrame
            The same with the rows of virtual points put right; one that rests on a point that is
            not due at all is not due either.
        """
        spans = self.inputs.join(due, on="point", how="left").group_by("virtual")
        own = (
            spans.agg(
                due_from=pl.col("due_from").max(),
                due_to=pl.col("due_to").min(),
                lacking=pl.col("due_from").null_count(),
            )
            .filter(pl.col("lacking") == 0)
            .select("due_from", "due_to", point="virtual")
        )
        others = due.filter(~pl.col("point").is_in(self.inputs["virtual"].unique().to_list()))
        return pl.concat([others, own.select(due.columns)]).sort("point")


def virtual_meters(points: pl.DataFrame) -> VirtualMeters:
    """Read the expressions of a register.

    Parameters
    ----------
    points : polars.DataFrame
        With the columns of ``frames.POINTS``; a point with an expression is virtual.

    Returns
    -------
    VirtualMeters

    Raises
    ------
    DataError
        With every problem found: V001 not an expression, V002 unknown point, V003 a circle, V004
        units that do not fit, V005 nothing to compute from.
    """
    rows = current(points)
    texts = dict(rows.drop_nulls("expression").select("point", "expression").iter_rows())
    units = dict(rows.select("point", "base_unit").iter_rows())
    metered = [name for name in units if name not in texts]
    problems: list[_Found] = []
    parts, fitting = _read(texts, units, metered, problems)
    uses = {name: _used(part, fitting) for name, part in parts.items()}
    path = cycle({name: [used for used in of if used in parts] for name, of in uses.items()})
    if path:
        raise DataError([*_told(problems), _circle(path)])
    return _built(texts, units, parts, fitting, uses, problems)


def _read(
    texts: Mapping[str, str],
    units: Mapping[str, str],
    metered: list[str],
    problems: list[_Found],
) -> tuple[dict[str, Part], dict[str, list[str]]]:
    """Read every expression and find the points it names; what cannot be read is a problem."""
    parts: dict[str, Part] = {}
    fitting: dict[str, list[str]] = {}
    for name, text in texts.items():
        try:
            part = read(text)
        except ExpressionError as error:
            problems.append(_problem("V001", name, text, error.position, str(error), error.zh))
            continue
        wrong = False
        for one in names(part):
            if isinstance(one, Name):
                if one.name not in units:
                    wrong = True
                    en, zh = f"there is no point {one.name}", f"没有计量点 {one.name}"
                    problems.append(_problem("V002", name, text, one.position, en, zh))
                continue
            fits = re.compile(translate(one.pattern.replace("[", "[[]"))).match
            fitting[one.pattern] = sorted(filter(fits, metered))
            if not fitting[one.pattern]:
                wrong = True
                en = f"no metered point fits {one.pattern!r}"
                zh = f"没有符合 {one.pattern!r} 的实测计量点"
                problems.append(_problem("V002", name, text, one.position, en, zh))
        if not wrong:
            parts[name] = part
    return parts, fitting


def _used(part: Part, fitting: Mapping[str, list[str]]) -> list[str]:
    """Return the points an expression names, each once, sorted."""
    found: set[str] = set()
    for one in names(part):
        found.update((one.name,) if isinstance(one, Name) else fitting[one.pattern])
    return sorted(found)


def _built(
    texts: Mapping[str, str],
    units: Mapping[str, str],
    parts: Mapping[str, Part],
    fitting: Mapping[str, list[str]],
    uses: Mapping[str, list[str]],
    problems: list[_Found],
) -> VirtualMeters:
    """Flatten the expressions in the order in which they need each other."""
    known = {name: point(name, unit) for name, unit in units.items() if name not in texts}
    sums: dict[str, Form] = {}
    formulas: dict[str, Form] = {}
    level: dict[str, int] = {}
    rests: dict[str, set[str]] = {}
    for name in TopologicalSorter(uses).static_order():
        if name not in parts or any(used not in known for used in uses[name]):
            continue  # metered, or it rests on one with a problem of its own
        made = _form(name, texts[name], units[name], parts[name], known, fitting, problems)
        if made is None:
            continue
        rests[name] = set().union(*(rests.get(used, {used}) for used in uses[name]))
        if made.formula is None:
            sums[name] = known[name] = made
        else:
            formulas[name] = made
            level[name] = 1 + max(level.get(used, 0) for used in made.weights)
            known[name] = point(name, units[name])
    if problems:
        raise DataError(_told(problems))
    return _tables(sums, formulas, level, rests)


def _form(
    name: str,
    text: str,
    base_unit: str,
    part: Part,
    known: Mapping[str, Form],
    fitting: Mapping[str, list[str]],
    problems: list[_Found],
) -> Form | None:
    try:
        made = form(part, known, fitting)
    except ExpressionError as error:
        problems.append(_problem("V004", name, text, error.position, str(error), error.zh))
        return None
    if not made.weights:
        en, zh = "it names no point to compute from", "没有引用任何计量点"
        problems.append(_problem("V005", name, text, 1, en, zh))
        return None
    if made.unit is not None and made.unit != ((base_unit, 1),):
        is_, want = said(made.unit), base_unit
        en = f"it comes to {is_}, the point is in {want}; multiply by a number [{want}/{is_}]"
        zh = f"结果单位为 {is_}，而计量点为 {want}；请乘以系数 [{want}/{is_}]"
        problems.append(_problem("V004", name, text, 1, en, zh))
        return None
    return made


def _tables(
    sums: Mapping[str, Form],
    formulas: Mapping[str, Form],
    level: Mapping[str, int],
    rests: Mapping[str, set[str]],
) -> VirtualMeters:
    # The terms of a sum stand together, in the order of the constants.
    terms = [(v, p, weight) for v, one in sums.items() for p, weight in one.weights.items()]
    constants = [(v, one.constant, len(one.weights)) for v, one in sums.items()]
    levels: dict[int, dict[str, Form]] = {}
    for name, one in formulas.items():
        levels.setdefault(level[name], {})[name] = one
    text, number = pl.String, pl.Float64
    return VirtualMeters(
        terms=pl.DataFrame(
            terms, schema={"virtual": text, "point": text, "coefficient": number}, orient="row"
        ),
        constants=pl.DataFrame(
            constants,
            schema={"virtual": text, "constant": number, "inputs": pl.Int64},
            orient="row",
        ),
        levels=tuple(levels[n] for n in sorted(levels)),
        inputs=pl.DataFrame(
            [(name, one) for name, under in rests.items() for one in sorted(under)],
            schema={"virtual": text, "point": text},
            orient="row",
        ),
    )


# Computing -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Grid:
    """Slots laid out as arrays, a row per point and a column per start; not known is NaN."""

    starts: pl.Series
    row: dict[str, int]
    amount: list[NDArray[np.float64]]
    measured: list[NDArray[np.float64]]
    mark: list[NDArray[np.uint8]]

    def add(
        self,
        name: str,
        amount: NDArray[np.float64],
        measured: NDArray[np.float64],
        mark: NDArray[np.uint8],
    ) -> None:
        """Lay a point beside the others."""
        self.row[name] = len(self.amount)
        self.amount.append(amount)
        self.measured.append(measured)
        self.mark.append(mark)


def _grid(slots: pl.DataFrame, names_: list[str]) -> _Grid:
    """Lay the slots of some points out; a point without slots is a row of nothing."""
    wanted = pl.DataFrame({"point": names_}, schema={"point": pl.String}).with_row_index("row")
    known = pl.when(pl.col("quality") == "measured").then(_MEASURED).otherwise(_ESTIMATED)
    mine = slots.join(wanted, on="point").select(
        "row",
        "start",
        *_SUMS,
        mark=pl.when(wholly_known()).then(known).otherwise(_MISSING).cast(pl.UInt8),
    )
    starts = mine["start"].unique().sort()
    place = mine["row"].to_numpy(), starts.search_sorted(mine["start"]).to_numpy()
    shape = len(names_), len(starts)
    amount, measured = np.full(shape, np.nan), np.full(shape, np.nan)
    mark = np.full(shape, _NO_SLOT, dtype=np.uint8)
    amount[place] = mine["amount"].to_numpy()
    measured[place] = mine["measured"].to_numpy()
    mark[place] = mine["mark"].to_numpy()
    row = {name: n for n, name in enumerate(names_)}
    return _Grid(starts, row, list(amount), list(measured), list(mark))


def _add_formulas(grid: _Grid, level: Mapping[str, Form]) -> None:
    """Compute the formulas of one level over a wide table, a column per point."""
    needed = sorted({name for one in level.values() for name in one.weights})
    wide = pl.DataFrame([pl.Series(f"={name}", grid.amount[grid.row[name]]) for name in needed])
    values = wide.select(one.expr().alias(name) for name, one in level.items())
    for name, one in level.items():
        amount = values[name].to_numpy()
        below = np.stack([grid.mark[grid.row[used]] for used in one.weights])
        mark = np.where(np.isnan(amount) & (below.max(axis=0) < _MISSING), _MISSING, _worst(below))
        amount = np.where(mark <= _ESTIMATED, amount, np.nan)
        grid.add(name, amount, np.where(mark == _MEASURED, amount, 0.0), mark)


def _worst(marks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mark of what rests on several slots: missing if one is, or has no slot."""
    worst: NDArray[np.uint8] = marks.max(axis=0)
    none: NDArray[np.bool_] = marks.min(axis=0) == _NO_SLOT
    return np.where((worst == _NO_SLOT) & ~none, _MISSING, worst).astype(np.uint8)


def _add_sums(grid: _Grid, terms: pl.DataFrame, constants: pl.DataFrame) -> None:
    """Compute the weighted sums, all at once; ``terms`` of a sum stand together."""
    if constants.is_empty():
        return
    rows = [grid.row[name] for name in terms["point"]]
    weight = terms["coefficient"].to_numpy()[:, np.newaxis]
    constant = constants["constant"].to_numpy()[:, np.newaxis]
    first = np.concatenate([[0], np.cumsum(constants["inputs"].to_numpy())[:-1]])
    amount, measured = (
        _exact.added_rows(np.stack([array[row] for row in rows]) * weight, first) + constant
        for array in (grid.amount, grid.measured)
    )
    marks = np.stack([grid.mark[row] for row in rows])
    worst = np.maximum.reduceat(marks, first, axis=0)
    none = np.minimum.reduceat(marks, first, axis=0) == _NO_SLOT
    mark = np.where((worst == _NO_SLOT) & ~none, _MISSING, worst).astype(np.uint8)
    for n, name in enumerate(constants["virtual"]):
        grid.add(name, amount[n], measured[n], mark[n])


def _long(grid: _Grid, names_: list[str]) -> pl.DataFrame:
    """Return points of the grid as slots, by point and start."""
    if not names_:
        return SLOTS.to_frame()
    rows = [grid.row[name] for name in names_]
    mark = pl.col("mark")
    words = [pl.lit(word, dtype=QUALITY) for word in ("measured", "estimated", "missing")]
    quality = pl.when(mark == _MEASURED).then(words[0]).when(mark == _ESTIMATED).then(words[1])
    long = pl.DataFrame(
        {
            "start": pl.concat([grid.starts] * len(rows)),
            "amount": np.concatenate([grid.amount[row] for row in rows]),
            "measured": np.concatenate([grid.measured[row] for row in rows]),
            "mark": np.concatenate([grid.mark[row] for row in rows]),
        }
    )
    point_ = pl.DataFrame({"point": names_}).select(pl.col("point").repeat_by(len(grid.starts)))
    return (
        long.with_columns(point_["point"].explode(empty_as_null=False))
        .filter(mark != _NO_SLOT)
        .select(
            "point",
            "start",
            *(pl.when(mark <= _ESTIMATED).then(name).alias(name) for name in _SUMS),
            quality=quality.otherwise(words[2]),
            rule=pl.lit(RULE),
        )
    )


# Problems --------------------------------------------------------------------------------------


def _told(found: list[_Found]) -> list[Problem]:
    """Return the problems by point and place."""
    return [one.problem for one in sorted(found, key=lambda one: (one.name, one.position))]


def _problem(rule: str, name: str, text: str, position: int, en: str, zh: str) -> _Found:
    problem = Problem(
        rule=rule,
        severity="error",
        message_en=f"virtual point {name}, character {position}: {en}",
        message_zh=f"虚拟计量点 {name}，第 {position} 个字符：{zh}",
        remedy_en="Correct the expression.",
        remedy_zh="请更正表达式。",
        heading="expression",
        value=text,
    )
    return _Found(name, position, problem)


def _circle(path: list[str]) -> Problem:
    said_ = " → ".join(path)
    return Problem(
        rule="V003",
        severity="error",
        message_en=f"virtual points need each other in a circle: {said_}",
        message_zh=f"虚拟计量点循环引用：{said_}",
        remedy_en="Take one of these references out.",
        remedy_zh="请去掉其中一个引用。",
        heading="expression",
        value=path[0],
    )
