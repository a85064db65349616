"""Why two accounts by sector methods differ: activity, parameter, factor, method, boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting.methods._declare import EMISSION, Method
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tanfeng.accounting.methods._engine import MethodAccount

#: What a row is paired by; rows of one key are paired in their order.
PAIR_KEYS = ("org_code", "unit", "year", "month", "stream", "item")
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
    pairs = _pairs(a, b)
    old, new = pairs["value"].to_numpy(), pairs["value_b"].to_numpy()
    step = np.nan_to_num(new) - np.nan_to_num(old)
    alone = (pairs["activity_id"].is_null() | pairs["activity_id_b"].is_null()).to_numpy()
    empty = ~alone & (np.isnan(old) | np.isnan(new))
    other = (pairs["formula"] != pairs["formula_b"]).fill_null(False).to_numpy() & ~alone & ~empty
    same = ~(alone | empty | other)
    by_activity, by_parameter = _Walk(pairs, same, a, b, methods).stages()
    causes = {
        "activity": np.where(same, by_activity - old, 0.0),
        "parameter": np.where(same, by_parameter - by_activity, 0.0),
        "factor": np.where(same, new - by_parameter, 0.0),
        "method": np.where(other, step, 0.0),
        "boundary": np.where(alone, step, 0.0),
        "gap": np.where(empty, step, 0.0),
    }
    table = pairs.select(
        *by,
        emission_a_tco2e=pl.Series(np.nan_to_num(old)),
        emission_b_tco2e=pl.Series(np.nan_to_num(new)),
        **{name: pl.Series(part) for name, part in causes.items()},
        difference_tco2e=pl.Series(step),
    )
    sums = [pl.col(name).sum() for name in table.columns if name not in by]
    if not by:
        return table.select(sums)
    return table.group_by(by, maintain_order=True).agg(sums).sort(by)


def _pairs(a: MethodAccount, b: MethodAccount) -> pl.DataFrame:
    """Pair the rows of both accounts; null where one has no partner."""
    return _rows(a).join(
        _rows(b),
        on=[*PAIR_KEYS, "nth"],
        how="full",
        coalesce=True,
        suffix="_b",
        maintain_order="left_right",
    )


def _rows(account: MethodAccount) -> pl.DataFrame:
    ends = account.lines.filter(pl.col("quantity") == EMISSION)
    return (
        account.streams.join(
            ends.select("activity_id", "value", "formula"), on="activity_id", how="left"
        )
        .sort("activity_id")
        .select(
            *PAIR_KEYS,
            pl.int_range(pl.len()).over(PAIR_KEYS).alias("nth"),
            "activity_id",
            pl.col("value").fill_null(np.nan),
            "formula",
        )
    )


class _Walk:
    """Evaluate paired rows with some inputs of the later account and the rest of the earlier."""

    def __init__(
        self,
        pairs: pl.DataFrame,
        same: NDArray[np.bool_],
        a: MethodAccount,
        b: MethodAccount,
        methods: Iterable[Method],
    ) -> None:
        self.count = pairs.height
        self.formulas = {**a.formulas, **b.formulas}
        self.extensive = _extensive(methods)
        chosen = pairs.with_row_index("pair").filter(pl.Series(same))
        values = ["value", *INPUT_COLUMNS, *FACTOR_COLUMNS]
        keys = ["activity_id", "formula", "quantity"]
        left = a.lines.select(*keys, *values).join(
            chosen.select("pair", "activity_id", "activity_id_b"), on="activity_id"
        )
        right = b.lines.select(
            pl.col("activity_id").alias("activity_id_b"),
            "formula",
            *(pl.col(name).alias(f"{name}_b") for name in values),
        )
        self.lines = left.join(
            right, on=["activity_id_b", "formula"], how="inner", maintain_order="left"
        )

    def stages(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the emission of every pair after the amounts, and after the properties."""
        ends = []
        for properties in (False, True):
            #: Intermediate quantity -> its value at this stage for every pair, nan where none.
            made: dict[str, NDArray[np.float64]] = {}
            end = np.full(self.count, np.nan)
            for key in self.lines["formula"].unique(maintain_order=True).cast(pl.String):
                part = self.lines.filter(pl.col("formula") == key)
                value = self._evaluate(key, part, made, properties)
                pair = part["pair"].to_numpy()
                quantity = self.formulas[key].quantity
                if quantity == EMISSION:
                    end[pair] = value
                else:
                    whole = made.setdefault(quantity, np.full(self.count, np.nan))
                    whole[pair] = value
            ends.append(end)
        return ends[0], ends[1]

    def _evaluate(
        self,
        key: str,
        part: pl.DataFrame,
        made: Mapping[str, NDArray[np.float64]],
        properties: bool,
    ) -> NDArray[np.float64]:
        formula = self.formulas[key]
        pair = part["pair"].to_numpy()
        inputs = {}
        for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
            old, new = part[x].to_numpy(), part[f"{x}_b"].to_numpy()
            stated = part[f"{f}_b"].is_null().to_numpy()
            amount = symbol.field in self.extensive
            value = np.where(stated & (amount | properties), new, old)
            if symbol.field in made:
                mixed = made[symbol.field][pair]
                value = np.where(np.isnan(mixed), value, mixed)
            inputs[symbol.name] = value
        return formula.evaluate(inputs)


def _extensive(methods: Iterable[Method]) -> frozenset[str]:
    return frozenset(
        column
        for method in methods
        for stream in method.streams
        for kind in stream.kinds
        for column, one in kind.inputs.items()
        if one.extensive
    )
