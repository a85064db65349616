"""Why two accounts by sector methods differ: activity, parameter, factor, method, boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng.accounting.methods._declare import EMISSION, Method
from tanfeng.accounting.methods._frames import PAIR_KEYS, REFUSED_SCHEMA
from tanfeng.accounting.methods._pairs import Keyed, paired
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS, Formula, places_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from tanfeng.accounting.methods._engine import MethodAccount

#: Numbers of rows may leave this many times as many out and still be looked up in a table.
_SPREAD = 4
CAUSES = ("activity", "parameter", "factor", "method", "boundary", "gap")


def diff(
    a: MethodAccount,
    b: MethodAccount,
    methods: Iterable[Method],
    *,
    by: Sequence[str] = ("org_code", "year"),
) -> pl.DataFrame:
    """Explain the difference between two accounts by cause.

    Parameters
    ----------
    a, b : MethodAccount
        The earlier and the later account.
    methods : iterable of Method
        The methods both were made by.
    by : sequence of str
        Columns to keep apart, of ``PAIR_KEYS``.

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, emission_a_tco2e, emission_b_tco2e, the causes activity,
        parameter, factor, method, boundary, gap and difference_tco2e, all in tCO2e. The causes
        add up to the difference.

    Raises
    ------
    ModelError
        If a column is unknown.

    Notes
    -----
    Rows are paired by ``PAIR_KEYS``. A pair of one formula is walked from a to b: first the
    amounts change (activity), then the properties the later form states or computes from what it
    states (parameter), then the defaults (factor). Another formula or method is ``method``; a row
    without partner is ``boundary``; a row that one of the accounts could not compute, or kept out
    because something in it is wrong, is ``gap``.
    """
    unknown = [name for name in by if name not in PAIR_KEYS]
    if unknown:
        raise ModelError(f"diff is taken by {', '.join(PAIR_KEYS)}; got {unknown}")
    formulas = {**a.formulas, **b.formulas}
    left, right = _Side(a, list(formulas)), _Side(b, list(formulas))
    row_a, row_b = paired(left.keyed, right.keyed)
    table = _causes(left, right, row_a, row_b, _Evaluated(formulas, _extensive(methods)))
    sums = [pl.col(name).sum() for name in table.columns]
    if not by:
        return table.select(sums)
    table = _named(a, b, row_b, by).hstack(table)
    return table.group_by(by, maintain_order=True).agg(sums).sort(by)


class _Evaluated(NamedTuple):
    """What a line is computed by, and the columns that are amounts."""

    formulas: Mapping[str, Formula]
    extensive: frozenset[str]


def _causes(
    left: _Side,
    right: _Side,
    row_a: NDArray[np.intp],
    row_b: NDArray[np.intp],
    evaluated: _Evaluated,
) -> pl.DataFrame:
    """Return emission before and after, the causes and the difference of every pair."""
    old, new = _taken(left.value, row_a), _taken(right.value, row_b)
    step = _or_zero(new) - _or_zero(old)
    refused = _refused(left, right, row_a, row_b)
    alone = ((row_a < 0) | (row_b < 0)) & ~refused
    empty = ~alone & (np.isnan(old) | np.isnan(new))
    other = (left.formula[row_a] != right.formula[row_b]) & ~alone & ~empty
    same = ~(alone | empty | other)
    walk = _Walk(left, right, row_a, row_b, same, evaluated)
    by_activity, by_parameter = walk.stage(properties=False), walk.stage(properties=True)
    return pl.DataFrame(
        {
            "emission_a_tco2e": _or_zero(old),
            "emission_b_tco2e": _or_zero(new),
            "activity": np.where(same, by_activity - old, 0.0),
            "parameter": np.where(same, by_parameter - by_activity, 0.0),
            "factor": np.where(same, new - by_parameter, 0.0),
            "method": np.where(other, step, 0.0),
            "boundary": np.where(alone, step, 0.0),
            "gap": np.where(empty, step, 0.0),
            "difference_tco2e": step,
        }
    )


def _refused(
    left: _Side, right: _Side, row_a: NDArray[np.intp], row_b: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which rows without partner have one in the other form, where it was kept out."""
    found = np.zeros(len(row_a), dtype=np.bool_)
    for side, rows, other, none in ((right, row_b, left, row_a), (left, row_a, right, row_b)):
        alone = np.flatnonzero(none < 0)
        if other.refused.height and len(alone):
            told = other.refused.with_columns(there=True)
            keys = side.streams[rows[alone]]
            joined = keys.join(told, on=PAIR_KEYS, how="left", maintain_order="left")
            found[alone] = joined["there"].fill_null(False).to_numpy()
    return found


def _or_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(values), 0.0, values)


class _Side:
    """One account as arrays: its rows by one number each, its lines by row and formula."""

    def __init__(self, account: MethodAccount, formulas: list[str]) -> None:
        self.lines = account.lines
        #: The keys of the rows, of one type also where an account was read from a file.
        self.streams = _typed(account.streams)
        self.keyed = Keyed(account.streams["activity_id"].to_numpy(), self.streams)
        self.refused = _typed(account.refused).unique()
        self.line_row = _places(account.streams["activity_id"], self.lines["activity_id"])
        self.line_formula = _numbered(self.lines["formula"], formulas)
        ends = np.flatnonzero((self.lines["quantity"] == EMISSION).to_numpy())
        self.value = np.full(self.streams.height, np.nan)
        self.value[self.line_row[ends]] = self.lines["value"].to_numpy()[ends]
        self.formula = np.full(self.streams.height, -1, dtype=np.int64)
        self.formula[self.line_row[ends]] = self.line_formula[ends]
        #: Inputs of the lines, nan where empty.
        self.input = {name: self.lines[name].to_numpy() for name in INPUT_COLUMNS}


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in REFUSED_SCHEMA.items())


def _numbered(formulas: pl.Series, known: list[str]) -> NDArray[np.int64]:
    """Return the place of every formula among those known."""
    codes = pl.Series(known, dtype=pl.Categorical()).to_physical().to_numpy()
    place_of = np.full(codes.max(initial=0) + 1, -1)
    place_of[codes] = np.arange(len(known))
    found: NDArray[np.int64] = place_of[formulas.cast(pl.Categorical()).to_physical().to_numpy()]
    return found


def _places(numbers: pl.Series, wanted: pl.Series) -> NDArray[np.intp]:
    """Return where each number stands among the ascending numbers of the rows."""
    rows, lines = numbers.to_numpy(), wanted.to_numpy()
    span = int(rows[-1] - rows[0]) + 1 if len(rows) else 0
    if span > _SPREAD * len(rows):
        return np.searchsorted(rows, lines)
    place_of = np.zeros(span, dtype=np.intp)
    place_of[rows - rows[:1]] = np.arange(len(rows))
    found: NDArray[np.intp] = place_of[lines - rows[:1]]
    return found


def _taken(values: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.where(rows >= 0, values[rows], np.nan)


def _named(
    a: MethodAccount, b: MethodAccount, row_b: NDArray[np.intp], by: Sequence[str]
) -> pl.DataFrame:
    """Return the columns of ``by`` of every pair, from whichever account has the row."""
    alone = row_b[a.streams.height :]
    return pl.concat([a.streams.select(by), b.streams.select(by)[alone]])


def _run(places: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Return places that follow each other as a slice, which takes them without a copy."""
    if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


class _Walk:
    """Evaluate paired rows with some inputs of the later account and the rest of the earlier."""

    def __init__(
        self,
        left: _Side,
        right: _Side,
        row_a: NDArray[np.intp],
        row_b: NDArray[np.intp],
        same: NDArray[np.bool_],
        evaluated: _Evaluated,
    ) -> None:
        self.count = len(row_a)
        self.extensive = evaluated.extensive
        self.left, self.right = left, right
        #: Whether the later form stated an input of a line.
        self.stated = {name: right.lines[name].is_null().to_numpy() for name in FACTOR_COLUMNS}
        formulas = list(evaluated.formulas.values())
        #: Every formula with its pairs, lines of a and lines of b.
        self.groups = [
            (formulas[code], tuple(map(_run, places)))
            for code, *places in _lines_paired(left, right, row_a, row_b, same)
        ]

    def stage(self, *, properties: bool) -> NDArray[np.float64]:
        """Return the emission of every pair after the amounts, or after the properties too."""
        made = self._empty()
        end = np.full(self.count, np.nan)
        for formula, (pair, line_a, line_b) in self.groups:
            inputs = {}
            for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
                value = self.left.input[x][line_a]
                if properties or symbol.field in self.extensive:
                    stated = self.stated[f][line_b]
                    value = np.where(stated, self.right.input[x][line_b], value)
                if symbol.field in made:
                    mixed = made[symbol.field][pair]
                    value = np.where(np.isnan(mixed), value, mixed)
                inputs[symbol.name] = value
            whole = end if formula.quantity == EMISSION else made[formula.quantity]
            whole[pair] = formula.evaluate(inputs)
        return end

    def _empty(self) -> dict[str, NDArray[np.float64]]:
        """Return an array per intermediate quantity, nan for every pair that is asked for it."""
        made = {
            formula.quantity: np.empty(self.count)
            for formula, _places in self.groups
            if formula.quantity != EMISSION
        }
        for formula, (pair, _line_a, _line_b) in self.groups:
            for symbol in formula.symbols:
                if symbol.field in made:
                    made[symbol.field][pair] = np.nan
        return made


def _lines_paired(
    left: _Side,
    right: _Side,
    row_a: NDArray[np.intp],
    row_b: NDArray[np.intp],
    same: NDArray[np.bool_],
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
    """Yield every formula with its pairs of rows, the line of a and the line of b of each."""
    pair_a, pair_b = _pairs_of(left, row_a, same), _pairs_of(right, row_b, same)
    later = {int(right.line_formula[lines[0]]): lines for lines in places_of(right.line_formula)}
    #: Line of b of every pair; the last place is for lines of no pair, which are -1.
    line_of = np.full(len(row_a) + 1, -1)
    for lines in places_of(left.line_formula):
        code = int(left.line_formula[lines[0]])
        if code not in later:
            continue
        pairs = pair_b[later[code]]
        line_of[pairs] = later[code]
        line_of[-1] = -1
        line_b = line_of[pair_a[lines]]
        line_of[pairs] = -1
        both = line_b >= 0
        if both.all():
            yield code, pair_a[lines], lines, line_b
        elif both.any():
            yield code, pair_a[lines][both], lines[both], line_b[both]


def _pairs_of(side: _Side, rows: NDArray[np.intp], same: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the pair every line belongs to, -1 for none."""
    pair_of = np.full(side.streams.height, -1)
    pair_of[rows[same]] = np.flatnonzero(same)
    return pair_of[side.line_row]


def _extensive(methods: Iterable[Method]) -> frozenset[str]:
    return frozenset(
        column
        for method in methods
        for stream in method.streams
        for kind in stream.kinds
        for column, one in kind.inputs.items()
        if one.extensive
    )
