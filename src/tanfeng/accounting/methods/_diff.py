"""Why two accounts by sector methods differ: activity, parameter, factor, method, boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting.methods._declare import EMISSION, Method
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS, Formula, places_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tanfeng.accounting.methods._engine import MethodAccount

#: What a row is paired by; rows of one key are paired in their order.
PAIR_KEYS = ("org_code", "unit", "year", "month", "stream", "item")
_AS_TEXT = dict.fromkeys(("org_code", "unit", "stream", "item"), pl.String())
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
    without partner is ``boundary``; a row that one of the accounts could not compute is ``gap``.
    """
    unknown = [name for name in by if name not in PAIR_KEYS]
    if unknown:
        raise ModelError(f"diff is taken by {', '.join(PAIR_KEYS)}; got {unknown}")
    formulas = {**a.formulas, **b.formulas}
    codes = pl.Enum(list(formulas))
    left, right = _Side(a, codes), _Side(b, codes)
    row_a, row_b = _paired(left, right)
    old, new = _taken(left.value, row_a), _taken(right.value, row_b)
    step = np.nan_to_num(new) - np.nan_to_num(old)
    alone = (row_a < 0) | (row_b < 0)
    empty = ~alone & (np.isnan(old) | np.isnan(new))
    other = (left.formula[row_a] != right.formula[row_b]) & ~alone & ~empty
    same = ~(alone | empty | other)
    walk = _Walk(left, right, row_a, row_b, same, formulas, _extensive(methods))
    by_activity, by_parameter = walk.stage(properties=False), walk.stage(properties=True)
    causes = {
        "activity": np.where(same, by_activity - old, 0.0),
        "parameter": np.where(same, by_parameter - by_activity, 0.0),
        "factor": np.where(same, new - by_parameter, 0.0),
        "method": np.where(other, step, 0.0),
        "boundary": np.where(alone, step, 0.0),
        "gap": np.where(empty, step, 0.0),
    }
    table = pl.DataFrame(
        {
            "emission_a_tco2e": np.nan_to_num(old),
            "emission_b_tco2e": np.nan_to_num(new),
            **causes,
            "difference_tco2e": step,
        }
    )
    sums = [pl.col(name).sum() for name in table.columns]
    if not by:
        return table.select(sums)
    table = _named(a, b, row_a, row_b, by).hstack(table)
    return table.group_by(by, maintain_order=True).agg(sums).sort(by)


class _Side:
    """One account as arrays: its rows by one number each, its lines by row and formula."""

    def __init__(self, account: MethodAccount, codes: pl.Enum) -> None:
        self.lines = account.lines
        streams = account.streams
        ids = streams["activity_id"].to_numpy()
        self.line_row = np.searchsorted(ids, self.lines["activity_id"].to_numpy())
        self.line_formula = (
            self.lines["formula"].cast(codes).to_physical().to_numpy().astype(np.int64)
        )
        ends = np.flatnonzero((self.lines["quantity"] == EMISSION).to_numpy())
        self.value = np.full(streams.height, np.nan)
        self.value[self.line_row[ends]] = self.lines["value"].to_numpy()[ends]
        self.formula = np.full(streams.height, -1, dtype=np.int64)
        self.formula[self.line_row[ends]] = self.line_formula[ends]
        #: Inputs of the lines, nan where empty, and whether the form stated them.
        self.input = {name: self.lines[name].to_numpy() for name in INPUT_COLUMNS}
        self.stated = {name: self.lines[name].is_null().to_numpy() for name in FACTOR_COLUMNS}
        self.keys = streams.select(
            pl.col(name).cast(_AS_TEXT.get(name, pl.Int64())) for name in PAIR_KEYS
        )


def _paired(left: _Side, right: _Side) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair the rows by their keys, rows of one key in their order; -1 where none is there."""
    if left.keys.equals(right.keys):
        rows = np.arange(left.keys.height)
        return rows, rows
    numbered = [_numbered(side.keys) for side in (left, right)]
    joined = numbered[0].join(
        numbered[1], on=["key", "nth"], how="full", suffix="_b", maintain_order="left_right"
    )
    row_a, row_b = (
        joined[name].fill_null(-1).to_numpy().astype(np.intp) for name in ("row", "row_b")
    )
    both = (row_a >= 0) & (row_b >= 0)
    if not left.keys[row_a[both]].equals(right.keys[row_b[both]]):
        raise ModelError("rows of different keys share one hash; take the difference in parts")
    return row_a, row_b


def _numbered(keys: pl.DataFrame) -> pl.DataFrame:
    """Give every row one number for its key, which joins far quicker than six columns."""
    key = keys.hash_rows()
    rows = pl.DataFrame({"key": key}).with_row_index("row")
    repeated = not rows["key"].is_first_distinct().all()
    nth = pl.int_range(pl.len()).over("key") if repeated else pl.lit(0, dtype=pl.Int64)
    return rows.with_columns(nth=nth.cast(pl.Int64))


def _taken(values: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.where(rows >= 0, values[rows], np.nan)


def _named(
    a: MethodAccount,
    b: MethodAccount,
    row_a: NDArray[np.intp],
    row_b: NDArray[np.intp],
    by: Sequence[str],
) -> pl.DataFrame:
    """Return the columns of ``by`` of every pair, from whichever account has the row."""
    there = row_a >= 0
    rows = np.where(there, row_a, a.streams.height + row_b)
    return pl.concat([a.streams.select(by), b.streams.select(by)])[rows]


class _Walk:
    """Evaluate paired rows with some inputs of the later account and the rest of the earlier."""

    def __init__(
        self,
        left: _Side,
        right: _Side,
        row_a: NDArray[np.intp],
        row_b: NDArray[np.intp],
        same: NDArray[np.bool_],
        formulas: Mapping[str, Formula],
        extensive: frozenset[str],
    ) -> None:
        self.count = len(row_a)
        self.formulas = formulas
        self.names = list(formulas)
        self.extensive = extensive
        self.left, self.right = left, right
        self.pair, self.line_a, self.line_b = _lines_paired(left, right, row_a, row_b, same)
        code = left.line_formula[self.line_a]
        self.groups = [(self.names[int(code[places[0]])], places) for places in places_of(code)]

    def stage(self, *, properties: bool) -> NDArray[np.float64]:
        """Return the emission of every pair after the amounts, or after the properties too."""
        #: Intermediate quantity -> its value at this stage for every pair, nan where none.
        made: dict[str, NDArray[np.float64]] = {}
        end = np.full(self.count, np.nan)
        for key, places in self.groups:
            value = self._evaluate(self.formulas[key], places, made, properties)
            quantity = self.formulas[key].quantity
            if quantity != EMISSION and quantity not in made:
                made[quantity] = np.full(self.count, np.nan)
            whole = end if quantity == EMISSION else made[quantity]
            whole[self.pair[places]] = value
        return end

    def _evaluate(
        self,
        formula: Formula,
        places: NDArray[np.intp],
        made: Mapping[str, NDArray[np.float64]],
        properties: bool,
    ) -> NDArray[np.float64]:
        line_a, line_b, pair = self.line_a[places], self.line_b[places], self.pair[places]
        inputs = {}
        for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
            value = self.left.input[x][line_a]
            if properties or symbol.field in self.extensive:
                stated = self.right.stated[f][line_b]
                value = np.where(stated, self.right.input[x][line_b], value)
            if symbol.field in made:
                mixed = made[symbol.field][pair]
                value = np.where(np.isnan(mixed), value, mixed)
            inputs[symbol.name] = value
        return formula.evaluate(inputs)


def _lines_paired(
    left: _Side,
    right: _Side,
    row_a: NDArray[np.intp],
    row_b: NDArray[np.intp],
    same: NDArray[np.bool_],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Pair the lines of paired rows by formula: number of the pair, line of a, line of b."""
    keys = []
    for side, rows in ((left, row_a), (right, row_b)):
        pair_of = np.full(side.keys.height, -1, dtype=np.int64)
        pair_of[rows[same]] = np.flatnonzero(same)
        pair = pair_of[side.line_row]
        number = pl.DataFrame({"pair": pair, "formula": side.line_formula}).with_row_index("line")
        keys.append(number.filter(pl.col("pair") >= 0))
    on = ["pair", "formula"]
    if keys[0].select(on).equals(keys[1].select(on)):
        joined = keys[0].with_columns(line_b=keys[1]["line"])
    else:
        joined = keys[0].join(keys[1], on=on, how="inner", suffix="_b", maintain_order="left")
    return (
        joined["pair"].to_numpy().astype(np.intp),
        joined["line"].to_numpy().astype(np.intp),
        joined["line_b"].to_numpy().astype(np.intp),
    )


def _extensive(methods: Iterable[Method]) -> frozenset[str]:
    return frozenset(
        column
        for method in methods
        for stream in method.streams
        for kind in stream.kinds
        for column, one in kind.inputs.items()
        if one.extensive
    )
