"""Compute the source streams of many enterprises, methods and years at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng import standards
from tanfeng.accounting.methods._choice import CHOICE_SCHEMA, choose
from tanfeng.accounting.methods._declare import (
    EMISSION,
    Input,
    Kind,
    Method,
    Step,
    Stream,
    formula_key,
)
from tanfeng.accounting.methods._defaults import Defaults, Slot, slots_of
from tanfeng.accounting.methods._frames import GAP_SCHEMA, REFUSED_SCHEMA, checked, streams_of
from tanfeng.trace import CONFIDENCES, FACTOR_COLUMNS, INPUT_COLUMNS, LINE_SCHEMA, Formula

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from tanfeng.standards import Overrides

_KEYS = ("method", "stream", "item", "year")


class _Column(NamedTuple):
    """An input of every row: its value, the factor it came from, and where it came from."""

    value: NDArray[np.float64]
    factor: NDArray[np.uint32]
    rank: NDArray[np.uint8]
    #: Whether the form gave it, or a step computed it from something the form gave.
    given: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MethodAccount:
    """Result of :func:`account`.

    Parameters
    ----------
    lines : polars.DataFrame
        Every number, intermediate ones included, with the columns of ``trace.LINE_SCHEMA``;
        ``item_key`` is the material, ``activity_id`` the row of the form.
    factors : polars.DataFrame
        Defaults the lines point to, with the columns of ``trace.FACTOR_SCHEMA``.
    gaps : polars.DataFrame
        Rows that could not be computed, with the input that is missing, or computed to a value
        outside its range; columns of ``GAP_SCHEMA``.
    formulas : mapping of str to Formula
        Every formula of the methods used.
    streams : polars.DataFrame
        One row per row of the form: activity_id, org_code, unit, year, month, method, stream,
        item, kind, tier.
    choices : polars.DataFrame
        Every candidate of a parameter, with the rule that took it or passed it over.
    refused : polars.DataFrame
        Keys of rows a reader kept out because something in them is wrong, as far as they can be
        read; columns of ``REFUSED_SCHEMA``. The engine takes no such row and leaves it empty.
    """

    lines: pl.DataFrame
    factors: pl.DataFrame
    gaps: pl.DataFrame
    formulas: Mapping[str, Formula]
    streams: pl.DataFrame
    choices: pl.DataFrame
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(REFUSED_SCHEMA)))

    def emissions(self, by: Sequence[str] = ()) -> pl.DataFrame:
        """Add the emissions up.

        Parameters
        ----------
        by : sequence of str
            Columns of ``streams`` to keep apart.

        Returns
        -------
        polars.DataFrame
            The columns of ``by``, ``emission_tco2e`` [tCO2e], and ``missing_rows``: rows that
            could not be computed. A group with only missing rows has null, not zero.
        """
        ends = self.lines.filter(pl.col("quantity") == EMISSION)
        rows = self.streams.join(
            ends.select("activity_id", emission_tco2e="value"), on="activity_id", how="left"
        )
        value = pl.col("emission_tco2e")
        summed = (
            pl.when(value.is_not_null().any()).then(value.sum()).alias("emission_tco2e"),
            value.null_count().alias("missing_rows"),
        )
        if not by:
            return rows.select(summed)
        return rows.group_by(by, maintain_order=True).agg(summed)


def account(
    frames: Mapping[str, pl.DataFrame],
    methods: Iterable[Method],
    *,
    as_of: date,
    candidates: pl.DataFrame | None = None,
    overrides: Overrides | None = None,
) -> MethodAccount:
    """Compute source streams by their methods.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Key of a kind of source -> its rows: activity_id, org_code, unit (part of the enterprise,
        empty for all of it), year, month (0 for the year), method, stream, item, tier, and the
        columns of the kind's inputs, null where the form is empty.
    methods : iterable of Method
        The methods the rows name.
    as_of : date
        Only defaults published by this day are looked at.
    candidates : polars.DataFrame, optional
        Tested, calculated or supplied values of parameters; see ``CANDIDATE_SCHEMA``.
    overrides : Overrides, optional
        Values the city verified itself.

    Returns
    -------
    MethodAccount

    Raises
    ------
    DataError
        If a row names an unknown method, stream, kind or material, or holds a value outside the
        range of its input; carries every problem.
    FactorNotFound
        If an electricity factor is not there.
    """
    chosen = {method.key: method for method in methods}
    frames = checked(frames, chosen)
    choices = pl.DataFrame(schema=dict(CHOICE_SCHEMA))
    if candidates is not None and candidates.height:
        frames, choices = choose(frames, candidates, chosen)
    streams = {(key, one.key): one for key, method in chosen.items() for one in method.streams}
    defaults = Defaults(as_of, overrides if overrides is not None else standards.Overrides())
    lines: list[pl.DataFrame] = []
    gaps: list[pl.DataFrame] = []
    for kind, frame in frames.items():
        run = _Run(_kind(streams, frame, kind), frame, streams, defaults)
        lines += run.lines
        gaps += run.gaps
    whole = pl.concat(lines) if lines else pl.DataFrame(schema=LINE_SCHEMA)
    return MethodAccount(
        lines=whole.with_columns(line=pl.int_range(1, whole.height + 1, dtype=pl.UInt32)),
        factors=defaults.frame(),
        gaps=pl.concat(gaps) if gaps else pl.DataFrame(schema=dict(GAP_SCHEMA)),
        formulas=MappingProxyType(
            {key: one for method in chosen.values() for key, one in method.formulas().items()}
        ),
        streams=streams_of(frames),
        choices=choices,
    )


def _kind(streams: Mapping[tuple[str, str], Stream], frame: pl.DataFrame, key: str) -> Kind:
    first = frame.row(0, named=True)
    return streams[first["method"], first["stream"]].kind(key)


class _Run:
    """The rows of one kind, computed step by step."""

    def __init__(
        self,
        kind: Kind,
        frame: pl.DataFrame,
        streams: Mapping[tuple[str, str], Stream],
        defaults: Defaults,
    ) -> None:
        self.kind = kind
        self.frame = frame
        self.lines: list[pl.DataFrame] = []
        self.gaps: list[pl.DataFrame] = []
        combinations = frame.select(_KEYS).unique(maintain_order=True).with_row_index("slot")
        self.slot = frame.join(combinations, on=_KEYS, how="left", maintain_order="left")[
            "slot"
        ].to_numpy()
        self.slots: list[Slot] = slots_of(combinations.drop("slot"), streams, kind)
        self.columns = {
            column: self._given(column, one.empty_is_zero) for column, one in kind.inputs.items()
        }
        self.defaults = {
            column: defaults.column(self.slots, one) for column, one in kind.inputs.items()
        }
        #: Rows with a computed value outside its range; they end as gaps.
        self.refused = np.zeros(frame.height, dtype=np.bool_)
        for step in kind.steps[:-1]:
            self._fill(step)
        self._finish(kind.steps[-1])

    def _given(self, column: str, empty_is_zero: bool) -> _Column:
        """Take a column as the form gave it; an empty deduction is zero but not given."""
        if column in self.frame.columns:
            value = np.array(self.frame[column].to_numpy())  # empty is nan
        else:
            value = np.full(self.frame.height, np.nan)
        given = ~np.isnan(value)
        if empty_is_zero:
            value[~given] = 0.0
        nothing = np.zeros(len(value), dtype=np.uint32)
        return _Column(value, nothing, nothing.astype(np.uint8), given)

    def _with_default(self, column: str) -> _Column:
        """Put the default where the form gave nothing and no step filled the gap."""
        own = self.columns[column]
        value, factor, rank = (part[self.slot] for part in self.defaults[column])
        use = np.isnan(own.value) & ~np.isnan(value)
        return _Column(
            np.where(use, value, own.value),
            np.where(use, factor, own.factor),
            np.where(use, rank, own.rank),
            own.given,
        )

    def _fill(self, step: Step) -> None:
        """Compute an intermediate value where it was not given.

        Something computed from what the form gave is better than a default; a default is better
        than something computed from defaults alone.
        """
        target = self.columns[step.quantity]
        inputs = {one.symbol: self._with_default(one.column) for one in step.inputs}
        complete = ~np.any([np.isnan(one.value) for one in inputs.values()], axis=0)
        given = np.any([one.given for one in inputs.values()], axis=0)
        has_default = ~np.isnan(self.defaults[step.quantity][0][self.slot])
        from_factors = np.any([one.factor > 0 for one in inputs.values()], axis=0)
        rows = np.isnan(target.value) & complete & (given | (from_factors & ~has_default))
        rows &= self._inside(step, inputs, rows)
        if not rows.any():
            return
        value = self._emit(step, inputs, rows)
        rank = np.max([one.rank for one in inputs.values()], axis=0)
        target.value[rows] = value
        self.columns[step.quantity] = _Column(
            target.value,
            target.factor,
            np.where(rows, rank, target.rank).astype(np.uint8),
            target.given | (rows & given),
        )

    def _inside(
        self, step: Step, inputs: Mapping[str, _Column], rows: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Tell which computed values lie in the range of the input they stand in for.

        The others are gaps: a negative use or a gas of more than a hundred percent is a slip in
        one of the cells behind it.
        """
        one = self.kind.inputs[step.quantity]
        value = np.full(len(rows), np.nan)
        value[rows] = step.value({symbol: part.value[rows] for symbol, part in inputs.items()})
        outside = rows & ~((value >= one.low) & (value <= one.high))
        self._gap(outside, one, "out_of_range", value)
        self.refused |= outside
        return ~outside

    def _finish(self, step: Step) -> None:
        inputs = {one.symbol: self._with_default(one.column) for one in step.inputs}
        empty = {one: np.isnan(inputs[one.symbol].value) | self.refused for one in step.inputs}
        rows = ~np.any(list(empty.values()), axis=0)
        if rows.any():
            self._emit(step, inputs, rows)
        nothing = np.full(self.frame.height, np.nan)
        for one in step.inputs:
            self._missing(one, np.isnan(inputs[one.symbol].value) & ~self.refused, nothing)

    def _missing(
        self, one: Input, missing: NDArray[np.bool_], nothing: NDArray[np.float64]
    ) -> None:
        """Name what is missing: the input, or the empty cells of the step that would give it."""
        step = next((step for step in self.kind.steps if step.quantity == one.column), None)
        if step is not None:
            parts = {leaf: self._with_default(leaf.column) for leaf in step.inputs}
            begun = missing & np.any([part.given for part in parts.values()], axis=0)
            for leaf, part in parts.items():
                self._missing(leaf, begun & np.isnan(part.value), nothing)
            missing = missing & ~begun
        self._gap(missing, one, "missing", nothing)

    def _gap(
        self, rows: NDArray[np.bool_], one: Input, reason: str, value: NDArray[np.float64]
    ) -> None:
        if not rows.any():
            return
        said = {"column": one.column, "symbol": one.symbol, "reason": reason}
        self.gaps.append(
            self.frame.filter(pl.Series(rows))
            .with_columns(
                **{name: pl.lit(word) for name, word in said.items()},
                value=pl.Series(value[rows], nan_to_null=True),
            )
            .select(*GAP_SCHEMA)
        )

    def _emit(
        self, step: Step, inputs: Mapping[str, _Column], rows: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Compute a step for some rows and write its lines."""
        chosen = np.flatnonzero(rows)
        values = {symbol: one.value[chosen] for symbol, one in inputs.items()}
        value = step.value(values)
        rank = np.max([one.rank[chosen] for one in inputs.values()], axis=0)
        used = np.any([one.factor[chosen] > 0 for one in inputs.values()], axis=0)
        part = self.frame[chosen]
        slot = self.slot[chosen]
        columns: dict[str, pl.Series | pl.Expr] = {
            "line": pl.lit(0, dtype=pl.UInt32),
            "quantity": pl.lit(step.quantity, dtype=pl.Categorical()),
            "item_key": part["item"],
            "formula": self._formulas(step).gather(slot),
            "value": pl.Series(value),
            "confidence": _confidences(rank, used),
        }
        for place, (x, f) in enumerate(zip(INPUT_COLUMNS, FACTOR_COLUMNS, strict=True)):
            if place < len(step.inputs):
                symbol = step.inputs[place].symbol
                columns[x] = pl.Series(values[symbol])
                factor = pl.Series(inputs[symbol].factor[chosen])
                columns[f] = pl.when(pl.lit(factor) > 0).then(pl.lit(factor))
            else:
                columns[x] = pl.lit(None, dtype=pl.Float64)
                columns[f] = pl.lit(None, dtype=pl.UInt32)
        self.lines.append(
            part.select(
                (
                    columns[name] if isinstance(columns[name], pl.Expr) else pl.lit(columns[name])
                ).alias(name)
                if name in columns
                else pl.col(name)
                for name in LINE_SCHEMA
            )
        )
        return value

    def _formulas(self, step: Step) -> pl.Series:
        keys = [
            formula_key(slot.method, slot.stream.key, self.kind.key, self.kind.step_key(step))
            for slot in self.slots
        ]
        return pl.Series(keys, dtype=pl.Categorical())


def _confidences(rank: NDArray[np.uint8], used: NDArray[np.bool_]) -> pl.Expr:
    """Weakest confidence among the factors of a line; null where it leans on none."""
    names = pl.Series(CONFIDENCES, dtype=pl.Categorical()).gather(rank)
    return pl.when(pl.lit(pl.Series(used))).then(pl.lit(names))
