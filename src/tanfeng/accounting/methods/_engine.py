"""Compute the source streams of many enterprises, methods and years at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng import standards
from tanfeng.accounting.methods._choice import CHOICE_SCHEMA, choose
from tanfeng.accounting.methods._declare import (
    EMISSION,
    Input,
    Method,
    Step,
    formula_key,
)
from tanfeng.accounting.methods._defaults import Defaults, Slot, slots_of
from tanfeng.accounting.methods._frames import GAP_SCHEMA, REFUSED_SCHEMA, checked
from tanfeng.accounting.methods._lines import Written, lines_of
from tanfeng.trace import CONFIDENCES, Formula

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from tanfeng.standards import Overrides

#: What most accounts have none of.
_NO_CHOICES = pl.DataFrame(schema=dict(CHOICE_SCHEMA))
_NO_GAPS = pl.DataFrame(schema=dict(GAP_SCHEMA))
_NO_REFUSED = pl.DataFrame(schema=dict(REFUSED_SCHEMA))


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
    refused: pl.DataFrame = field(default_factory=lambda: _NO_REFUSED)

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
    streams = {(key, one.key): one for key, method in chosen.items() for one in method.streams}
    rows = checked(frames, streams)
    choices = _NO_CHOICES
    if candidates is not None and candidates.height:
        rows, choices = choose(rows, candidates, chosen)
    defaults = Defaults(as_of, overrides if overrides is not None else standards.Overrides())
    written: list[Written] = []
    gaps: list[pl.DataFrame] = []
    slots, first = slots_of(rows.slots, streams), 0
    places = rows.heads["slot"].to_numpy()
    for kind, of_kind in groupby(slots, lambda slot: slot.kind.key):
        frame = rows.frames[kind]
        part = places[first : first + frame.height]
        run = _Run(frame, list(of_kind), part - part[0], defaults, first)
        first += frame.height
        written += run.written
        gaps += run.gaps
    return MethodAccount(
        lines=lines_of(written, rows.heads, len(defaults.rows)),
        factors=defaults.frame(),
        gaps=pl.concat(gaps) if gaps else _NO_GAPS,
        formulas=MappingProxyType(
            {key: one for method in chosen.values() for key, one in method.formulas().items()}
        ),
        streams=rows.streams,
        choices=choices,
    )


class _Run:
    """The rows of one kind, computed step by step."""

    def __init__(
        self,
        frame: pl.DataFrame,
        slots: list[Slot],
        slot: NDArray[np.uint32],
        defaults: Defaults,
        first: int,
    ) -> None:
        self.kind = kind = slots[0].kind
        self.frame = frame
        self.slots, self.slot = slots, slot
        #: Place of the first row among the heads.
        self.first = first
        self.written: list[Written] = []
        self.gaps: list[pl.DataFrame] = []
        inputs = kind.inputs
        self.columns = {
            column: self._given(column, one.empty_is_zero) for column, one in inputs.items()
        }
        #: Value, factor and confidence of the default of every row, where an input has one.
        self.defaults = {
            column: tuple(part[slot] for part in defaults.column(slots, one))
            for column, one in inputs.items()
            if one.default
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
        if column not in self.defaults:
            return own
        value, factor, rank = self.defaults[column]
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
        rows = np.isnan(target.value)
        for one in inputs.values():
            rows &= ~np.isnan(one.value)
        given = _any(one.given for one in inputs.values())
        allowed = _any(one.factor > 0 for one in inputs.values())
        if step.quantity in self.defaults:
            allowed &= np.isnan(self.defaults[step.quantity][0])
        rows &= given | allowed
        if not rows.any():
            return
        value = step.value({symbol: one.value for symbol, one in inputs.items()})
        rows &= self._inside(self.kind.inputs[step.quantity], value, rows)
        if not rows.any():
            return
        self._write(step, inputs, value, rows)
        target.value[rows] = value[rows]
        rank = _highest(one.rank for one in inputs.values())
        self.columns[step.quantity] = _Column(
            target.value,
            target.factor,
            np.where(rows, rank, target.rank),
            target.given | (rows & given),
        )

    def _inside(
        self, one: Input, value: NDArray[np.float64], rows: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Tell which computed values lie in the range of the input they stand in for.

        The others are gaps: a negative use or a gas of more than a hundred percent is a slip in
        one of the cells behind it.
        """
        outside = rows & ~((value >= one.low) & (value <= one.high))
        self._gap(outside, one, "out_of_range", value)
        self.refused |= outside
        return ~outside

    def _finish(self, step: Step) -> None:
        inputs = {one.symbol: self._with_default(one.column) for one in step.inputs}
        empty = {one: np.isnan(inputs[one.symbol].value) & ~self.refused for one in step.inputs}
        rows = ~(_any(empty.values()) | self.refused)
        if rows.any():
            value = step.value({symbol: one.value for symbol, one in inputs.items()})
            self._write(step, inputs, value, rows)
        for one, missing in empty.items():
            self._missing(one, missing)

    def _missing(self, one: Input, missing: NDArray[np.bool_]) -> None:
        """Name what is missing: the input, or the empty cells of the step that would give it."""
        if not missing.any():
            return
        step = next((step for step in self.kind.steps if step.quantity == one.column), None)
        if step is not None:
            parts = {leaf: self._with_default(leaf.column) for leaf in step.inputs}
            begun = missing & _any(part.given for part in parts.values())
            for leaf, part in parts.items():
                self._missing(leaf, begun & np.isnan(part.value))
            missing = missing & ~begun
        self._gap(missing, one, "missing", np.full(len(missing), np.nan))

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

    def _write(
        self,
        step: Step,
        inputs: Mapping[str, _Column],
        value: NDArray[np.float64],
        rows: NDArray[np.bool_],
    ) -> None:
        """Keep what a step computed for some rows."""
        chosen = np.flatnonzero(rows)
        parts = [inputs[one.symbol] for one in step.inputs]
        factors = [part.factor[chosen] for part in parts]
        name = self.kind.step_key(step)
        self.written.append(
            Written(
                step.quantity,
                [
                    formula_key(slot.method, slot.stream.key, self.kind.key, name)
                    for slot in self.slots
                ],
                self.slot[chosen],
                chosen + self.first,
                value[chosen],
                np.where(
                    _any(factor > 0 for factor in factors),
                    _highest(part.rank[chosen] for part in parts),
                    len(CONFIDENCES),
                ),
                [part.value[chosen] for part in parts],
                factors,
            )
        )


def _any(masks: Iterable[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return reduce(np.logical_or, masks)


def _highest(ranks: Iterable[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    return reduce(np.maximum, ranks)
