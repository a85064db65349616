"""What an account would say with other values of some factors; nothing but its lines is needed.

Only the lines that lean on a changed factor are computed again, by the declared text of their
formulas. Where a method computes a value in steps, the later steps of the same row take the
changed result. Which factor is chosen for a row is not asked again: a preview answers "this value
instead of that one", not "this rule instead of that one".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS, Formula, places_of

_KEPT = ("line", "quantity", "org_code", "year", "month", "item_key", "activity_id", "value")


def impact(
    lines: pl.DataFrame | pl.LazyFrame,
    factors: pl.DataFrame,
    formulas: Mapping[str, Formula],
    changes: Mapping[str, float],
) -> pl.DataFrame:
    """Compute the lines again that lean on changed factors.

    Parameters
    ----------
    lines : polars.DataFrame or LazyFrame
        Lines with the columns of ``trace.LINE_SCHEMA``.
    factors : polars.DataFrame
        Factors they point to, with the columns of ``trace.FACTOR_SCHEMA``.
    formulas : mapping of str to Formula
        Every formula the lines name.
    changes : mapping of str to float
        Row of the standards (``fuels/<id>``) -> value instead, in the unit of the row.

    Returns
    -------
    polars.DataFrame
        The affected lines in their order: line, quantity, org_code, year, month, item_key,
        activity_id, value and value_new. [unit of the quantity]
    """
    changed = factors.filter(pl.col("ref").is_in(list(changes)))
    numbers = changed["factor"].to_list()
    instead = np.full(int(str(factors["factor"].max() or 0)) + 1, np.nan)
    instead[numbers] = [changes[ref] for ref in changed["ref"]]
    hit = pl.any_horizontal(pl.col(name).is_in(numbers) for name in FACTOR_COLUMNS).fill_null(False)
    if _in_steps(formulas):
        rows = lines.lazy().filter(hit).select("activity_id").unique()
        part = lines.lazy().join(rows, on="activity_id", how="semi").collect()
    else:
        part = lines.lazy().filter(hit).collect()
    part = part.sort("line")
    return part.select(_KEPT).with_columns(value_new=pl.Series(_redone(part, formulas, instead)))


def _in_steps(formulas: Mapping[str, Formula]) -> bool:
    """Tell whether the result of a formula is an input of another."""
    results = {formula.quantity for formula in formulas.values()}
    return any(symbol.field in results for one in formulas.values() for symbol in one.symbols)


def _redone(part: pl.DataFrame, formulas: Mapping[str, Formula], instead: np.ndarray) -> np.ndarray:
    """Return the values with the changed factors, step by step."""
    value = np.full(part.height, np.nan)
    if part.is_empty():
        return value
    _ids, row = np.unique(part["activity_id"].to_numpy(), return_inverse=True)
    #: Quantity of a step -> its new value for every row of the form, nan where none.
    made: dict[str, np.ndarray] = {}
    names = part["formula"].cast(pl.Categorical())
    codes = names.to_physical().to_numpy()
    for places in places_of(codes):
        formula = formulas[names[int(places[0])]]
        inputs = {}
        for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
            stored = part[x].to_numpy()[places]
            number = part[f].fill_null(0).to_numpy()[places]
            new = np.where(number > 0, instead[number], np.nan)
            if symbol.field in made:
                step = made[symbol.field][row[places]]
                new = np.where(number > 0, new, step)
            inputs[symbol.name] = np.where(np.isnan(new), stored, new)
        value[places] = formula.evaluate(inputs)
        if formula.quantity not in made:
            made[formula.quantity] = np.full(len(_ids), np.nan)
        made[formula.quantity][row[places]] = value[places]
    return value
