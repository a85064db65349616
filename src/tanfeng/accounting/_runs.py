"""What makes a run repeatable, and what makes two runs differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import tanfeng
from tanfeng import standards
from tanfeng.accounting._account import TOTAL_KEYS, Account
from tanfeng.accounting._activity import checked
from tanfeng.accounting._engine import FORMULAS
from tanfeng.accounting._sums import grouped
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_TABLES = ("coal_rate", "electricity_heat_factors", "energy_items", "fuels", "item_fuels")
_LINE_KEYS = ("quantity", *TOTAL_KEYS)
CAUSES = ("activity", "factor", "method", "boundary")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a run rests on; equal manifests give equal lines.

    Parameters
    ----------
    engine_version : str
        Version of the package.
    formulas_digest, activity_digest, factor_digest : str
        SHA-256 of the declared formulas, of the checked activity, of the factor set.
    tables : mapping of str to str
        Standards table -> SHA-256 of its file.
    options : mapping
        Years, region, guideline, as-of date and fallback.
    """

    engine_version: str
    formulas_digest: str
    tables: Mapping[str, str]
    activity_digest: str
    factor_digest: str
    options: Mapping[str, object]

    def as_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {
            "engine_version": self.engine_version,
            "formulas_digest": self.formulas_digest,
            "tables": dict(self.tables),
            "activity_digest": self.activity_digest,
            "factor_digest": self.factor_digest,
            "options": dict(self.options),
        }


def manifest(account: Account, activity: pl.DataFrame) -> Manifest:
    """Draw up the manifest of an account.

    Parameters
    ----------
    account : Account
        Result of the computation.
    activity : polars.DataFrame
        Rows it was computed from; their order does not matter.

    Returns
    -------
    Manifest
    """
    formulas = "\n".join(repr(FORMULAS[key]) for key in sorted(FORMULAS))
    return Manifest(
        engine_version=tanfeng.__version__,
        formulas_digest=hashlib.sha256(formulas.encode()).hexdigest(),
        tables={name: standards.info(name).digest for name in _TABLES},
        activity_digest=hashlib.sha256(checked(activity).write_csv().encode()).hexdigest(),
        factor_digest=account.factor_digest,
        options=json.loads(json.dumps(dict(account.options))),
    )


def diff(a: Account, b: Account, *, by: Sequence[str] = ("quantity",)) -> pl.DataFrame:
    """Explain the difference between two accounts by cause.

    Parameters
    ----------
    a, b : Account
        The earlier and the later account.
    by : sequence of str
        Columns to keep apart: quantity, org_code, year, month, item_key.

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, value_a, value_b, the causes activity, factor, method, boundary, and
        difference = value_b - value_a, all in the unit of the quantity.

    Raises
    ------
    ModelError
        If a column is unknown or ``by`` leaves quantities mixed.

    Notes
    -----
    Lines are paired by quantity, organisation, period and item. A pair with one formula splits
    into what the activity did at the old factors and what the factors did to the new activity,
    ``f(x_b, k_a) - f(x_a, k_a)`` and ``f(x_b, k_b) - f(x_b, k_a)``, which add up without a rest. A
    pair with two formulas is ``method``. A line without partner is ``boundary``: an organisation,
    item or month that one of the accounts does not hold.
    """
    unknown = [name for name in by if name not in _LINE_KEYS]
    if unknown or "quantity" not in by:
        raise ModelError(f"diff needs quantity and may add {', '.join(TOTAL_KEYS)}; got {list(by)}")
    pairs = _numbered(a.lines).join(
        _numbered(b.lines), on=[*_LINE_KEYS, "nth"], how="full", coalesce=True, suffix="_b"
    )
    pairs = pairs.sort(*_LINE_KEYS, "nth")
    old, new = pairs["value"].to_numpy(), pairs["value_b"].to_numpy()
    one_sided = pairs["formula"].is_null() | pairs["formula_b"].is_null()
    changed = (pairs["formula"] != pairs["formula_b"]).fill_null(False)
    step = np.nan_to_num(new) - np.nan_to_num(old)
    mixed = _new_activity_old_factors(pairs)
    same = ~(one_sided | changed).to_numpy()
    causes = {
        "activity": np.where(same, mixed - old, 0.0),
        "factor": np.where(same, new - mixed, 0.0),
        "method": np.where(changed.to_numpy(), step, 0.0),
        "boundary": np.where(one_sided.to_numpy(), step, 0.0),
    }
    sums = grouped(
        pairs, by, {"value_a": np.nan_to_num(old), "value_b": np.nan_to_num(new), **causes}
    )
    return (
        sums.drop("rows")
        .with_columns(difference=pl.col("value_b") - pl.col("value_a"))
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
        .sort(by)
    )


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """Give lines of one key (several sites) a number, so that they pair one to one."""
    columns = [*_LINE_KEYS, "formula", "value", *INPUT_COLUMNS, *FACTOR_COLUMNS]
    return (
        lines.sort("activity_id", "formula")
        .select(columns)
        .with_columns(pl.int_range(pl.len()).over(_LINE_KEYS).alias("nth"))
    )


def _new_activity_old_factors(pairs: pl.DataFrame) -> NDArray[np.float64]:
    """Evaluate each pair of one formula with the later activity and the earlier factors."""
    result = np.full(pairs.height, np.nan)
    same = (pairs["formula"] == pairs["formula_b"]).fill_null(False)
    for key in pairs.filter(same)["formula"].unique().cast(pl.String).to_list():
        chosen = np.flatnonzero((same & (pairs["formula"] == key)).to_numpy())
        part = pairs[chosen]
        formula = FORMULAS[key]
        inputs = {
            symbol.name: part[x if symbol.is_factor else f"{x}_b"].to_numpy()
            for symbol, x in zip(formula.symbols, INPUT_COLUMNS, strict=False)
        }
        result[chosen] = formula.evaluate(inputs)
    return result
