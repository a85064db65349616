"""Uncertainty of a total: by propagation through the formulas, and by seeded Monte Carlo.

Both walk the lines of an account, so they see exactly the inputs the total rests on. A value the
form gave is a variable of its own; a default is one variable wherever it is used, because its
error is the same everywhere. Further groups of variables that err together can be named.

The propagation is the first-order rule of IPCC 2006 Guidelines, volume 1, chapter 3 (approach
1) with the correlations just named; Monte Carlo is its approach 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting.methods._declare import EMISSION
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS, Formula

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanfeng.accounting.methods._engine import MethodAccount

#: What a form's values and a table's defaults may be off by; ``relative_pct`` is the half width
#: of the 95 % interval in percent of the value.
UNCERTAINTY_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "activity_id": pl.Int64(),
        "column": pl.Categorical(),
        "factor_ref": pl.String(),
        "relative_pct": pl.Float64(),
        "distribution": pl.Categorical(),
        "group": pl.String(),
    }
)
DISTRIBUTIONS = ("normal", "lognormal", "uniform")
#: Half width of a 95 % interval in standard deviations of a normal variable.
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Uncertainty of a total.

    Parameters
    ----------
    total_tco2e : float
        The total itself. [tCO2e]
    standard_tco2e : float
        Its standard deviation. [tCO2e]
    relative_pct : float
        Half width of its 95 % interval. [%]
    contributions : polars.DataFrame
        One row per variable: activity_id, column, factor_ref, group, value, sensitivity
        (tCO2e per unit of the variable), standard (of the variable), share of the variance [1].
    interval_tco2e : tuple of float
        95 % interval: symmetric from the propagation, quantiles from Monte Carlo. [tCO2e]
    """

    total_tco2e: float
    standard_tco2e: float
    relative_pct: float
    contributions: pl.DataFrame
    interval_tco2e: tuple[float, float]


def propagate(account: MethodAccount, uncertainties: pl.DataFrame) -> Uncertainty:
    """Propagate uncertainties of the inputs to the total, to first order.

    Parameters
    ----------
    account : MethodAccount
        The account, usually of one enterprise.
    uncertainties : polars.DataFrame
        Columns of ``UNCERTAINTY_SCHEMA``; a row names either activity_id and column, or
        factor_ref. Variables without a row count as exact.

    Returns
    -------
    Uncertainty

    Raises
    ------
    ModelError
        If a row names both or neither, a distribution is unknown or a width is negative.
    """
    graph = _Graph(account)
    variables = _with_widths(graph.variables(), uncertainties)
    amount = variables["sensitivity"].to_numpy() * variables["standard"].to_numpy()
    groups = variables["group"].to_list()
    number = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    summed = np.zeros(len(number))
    np.add.at(summed, [number[name] for name in groups], amount)
    variance = float(np.sum(summed**2))
    # A variable's share in a group is its part of the group's sum: the shares add up to one.
    of_group = summed[[number[name] for name in groups]]
    share = amount * of_group / variance if variance else np.zeros_like(amount)
    standard = variance**0.5
    return Uncertainty(
        graph.total,
        standard,
        _relative(_Z95 * standard, graph.total),
        variables.with_columns(share=pl.Series(share)).sort(
            pl.col("share").abs(), descending=True, maintain_order=True
        ),
        (graph.total - _Z95 * standard, graph.total + _Z95 * standard),
    )


def simulate(
    account: MethodAccount, uncertainties: pl.DataFrame, *, draws: int = 10_000, seed: int
) -> Uncertainty:
    """Draw the inputs many times and compute the total of each draw by the formulas.

    Parameters
    ----------
    account, uncertainties
        As in :func:`propagate`.
    draws : int
        How many draws.
    seed : int
        The same seed gives the same numbers.

    Returns
    -------
    Uncertainty
        ``contributions`` holds the squared correlation of each variable with the total, scaled
        to one, as share.

    Raises
    ------
    ModelError
        As in :func:`propagate`, or if there are fewer than two draws.
    """
    if draws < 2:
        raise ModelError(f"{draws} draws give no spread; ask for at least 2")
    graph = _Graph(account)
    variables = _with_widths(graph.variables(), uncertainties)
    drawn = _draw(variables, draws, np.random.default_rng(seed))
    totals = graph.totals(drawn)
    spread = float(np.std(totals, ddof=1))
    low, high = (float(q) for q in np.quantile(totals, (0.025, 0.975)))
    moving = drawn.std(axis=1) > 0
    share = np.zeros(variables.height)
    if spread:
        centred = totals - totals.mean()
        inside = drawn[moving] - drawn[moving].mean(axis=1, keepdims=True)
        correlation = inside @ centred / np.sqrt((inside**2).sum(axis=1) * (centred**2).sum())
        share[moving] = correlation**2 / np.sum(correlation**2)
    return Uncertainty(
        graph.total,
        spread,
        _relative((high - low) / 2, graph.total),
        variables.with_columns(share=pl.Series(share)).sort(
            "share", descending=True, maintain_order=True
        ),
        (low, high),
    )


def _relative(half_width: float, total: float) -> float:
    return 100 * half_width / abs(total) if total else float("nan")


def _with_widths(variables: pl.DataFrame, uncertainties: pl.DataFrame) -> pl.DataFrame:
    """Put width, distribution and group beside every variable."""
    asked = uncertainties.select(
        *(pl.col(name).cast(dtype) for name, dtype in UNCERTAINTY_SCHEMA.items())
    )
    of_row = pl.col("activity_id").is_not_null() & pl.col("column").is_not_null()
    of_factor = pl.col("factor_ref").is_not_null()
    if asked.filter(of_row == of_factor).height:
        raise ModelError("an uncertainty names either a row and its column, or a factor")
    strange = asked.filter(~pl.col("distribution").cast(pl.String).is_in(DISTRIBUTIONS))
    if strange.height or asked.filter(~(pl.col("relative_pct") >= 0)).height:
        raise ModelError(
            f"an uncertainty is a percentage from 0 up, spread as {', '.join(DISTRIBUTIONS)}"
        )
    told = ["relative_pct", "distribution", "group"]
    rows = asked.filter(of_row).select("activity_id", "column", *told)
    factors = asked.filter(of_factor).select("factor_ref", *told)
    for part, keys in ((rows, ["activity_id", "column"]), (factors, ["factor_ref"])):
        if part.select(keys).is_duplicated().any():
            raise ModelError("an uncertainty is given twice for the same variable")
    joined = variables.join(
        rows, on=["activity_id", "column"], how="left", maintain_order="left"
    ).join(factors, on="factor_ref", how="left", suffix="_factor", maintain_order="left")
    return joined.select(
        *variables.columns,
        relative_pct=pl.coalesce("relative_pct", "relative_pct_factor").fill_null(0.0),
        distribution=pl.coalesce("distribution", "distribution_factor").cast(pl.String),
        group=pl.coalesce("group", "group_factor", pl.format("own {}", pl.col("variable"))),
    ).with_columns(
        standard=pl.col("value").abs() * pl.col("relative_pct") / 100 / _Z95,
        distribution=pl.col("distribution").fill_null("normal"),
    )


def _draw(
    variables: pl.DataFrame, draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Draw every variable; variables of one group move together. Shape (variables, draws)."""
    value = variables["value"].to_numpy()
    standard = variables["standard"].to_numpy()
    groups = variables["group"].to_list()
    number = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    normal = generator.standard_normal((len(number), draws))[[number[name] for name in groups]]
    result = value[:, None] + standard[:, None] * normal
    kinds = variables["distribution"].to_numpy()
    uniform = kinds == "uniform"
    if uniform.any():
        # The same quantile of a uniform variable with the same standard deviation.
        result[uniform] = value[uniform, None] + standard[uniform, None] * (
            3**0.5 * (2 * _normal_share(normal[uniform]) - 1)
        )
    log = (kinds == "lognormal") & (value != 0) & (standard > 0)
    if log.any():
        width = np.sqrt(np.log1p((standard[log] / value[log]) ** 2))[:, None]
        result[log] = value[log, None] * np.exp(width * normal[log] - width**2 / 2)
    return np.asarray(result, dtype=np.float64)


def _normal_share(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of a standard normal variable below z (Abramowitz and Stegun 7.1.26, 1.5e-7)."""
    x = np.abs(z) / 2**0.5
    t = 1 / (1 + 0.3275911 * x)
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    tail = 0.5 * poly * np.exp(-(x**2))
    return np.where(z > 0, 1 - tail, tail)


class _Graph:
    """The lines of an account with the variable or the earlier line behind each input."""

    def __init__(self, account: MethodAccount) -> None:
        self.formulas: Mapping[str, Formula] = account.formulas
        self.lines = account.lines
        ends = self.lines["quantity"].cast(pl.String).to_numpy() == EMISSION
        self.ends = np.flatnonzero(ends)
        self.total = float(self.lines["value"].to_numpy()[self.ends].sum())
        self.refs = dict(account.factors.select("factor", "ref").iter_rows())
        self._keys: dict[tuple[object, ...], int] = {}
        self._names: list[dict[str, object]] = []
        self._parts = self._read()

    def _read(self) -> list[tuple[Formula, NDArray[np.intp], list[NDArray[np.int64]]]]:
        """Group the lines by formula and find the origin of every input.

        An origin is the number of a variable, or -1 - n for line n of the account. Lines of an
        earlier step stand before those of a later one, so one pass in order suffices.
        """
        keys = self.lines["formula"].cast(pl.String).to_list()
        activity = self.lines["activity_id"].to_list()
        quantity = self.lines["quantity"].cast(pl.String).to_list()
        made = {
            (a, q): n
            for n, (a, q) in enumerate(zip(activity, quantity, strict=True))
            if q != EMISSION
        }
        places: dict[str, list[int]] = {}
        for n, key in enumerate(keys):
            places.setdefault(key, []).append(n)
        parts = []
        for key, rows in places.items():
            formula = self.formulas[key]
            columns = []
            for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
                values = self.lines[x].to_list()
                factors = self.lines[f].to_list()
                columns.append(
                    np.array(
                        [
                            self._origin(activity[n], symbol.field, values[n], factors[n], made)
                            for n in rows
                        ],
                        dtype=np.int64,
                    )
                )
            parts.append((formula, np.array(rows), columns))
        return parts

    def _origin(
        self,
        activity: int,
        column: str,
        value: float,
        factor: int | None,
        made: Mapping[tuple[int, str], int],
    ) -> int:
        if factor is not None:
            key: tuple[object, ...] = (factor,)
        elif (activity, column) in made:
            return -1 - made[activity, column]
        else:
            key = (activity, column)
        if key not in self._keys:
            self._keys[key] = len(self._names)
            self._names.append(
                {
                    "activity_id": None if factor is not None else activity,
                    "column": column,
                    "factor_ref": None if factor is None else self.refs[factor],
                    "value": value,
                }
            )
        return self._keys[key]

    def variables(self) -> pl.DataFrame:
        """Return every variable with the change of the total per unit of it."""
        slope = np.zeros(self.lines.height)
        slope[self.ends] = 1.0
        sensitivity = np.zeros(len(self._names))
        for formula, rows, origins in reversed(self._parts):
            part = self.lines[rows]
            inputs = {
                symbol.name: part[x].to_numpy()
                for symbol, x in zip(formula.symbols, INPUT_COLUMNS, strict=False)
            }
            for derivative, origin in zip(formula.derivatives(inputs), origins, strict=True):
                moved = slope[rows] * derivative
                earlier = origin < 0
                np.add.at(slope, -1 - origin[earlier], moved[earlier])
                np.add.at(sensitivity, origin[~earlier], moved[~earlier])
        schema = {
            "activity_id": pl.Int64(),
            "column": pl.Categorical(),
            "factor_ref": pl.String(),
            "value": pl.Float64(),
        }
        return pl.DataFrame(self._names, schema=schema).with_columns(
            variable=pl.int_range(pl.len(), dtype=pl.Int64),
            sensitivity=pl.Series(sensitivity, dtype=pl.Float64),
        )

    def totals(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the total of every draw of the variables, shape (draws,)."""
        draws = drawn.shape[1]
        made: dict[int, NDArray[np.float64]] = {}
        total = np.zeros(draws)
        needed = {int(n) for _f, _r, origins in self._parts for o in origins for n in -1 - o[o < 0]}
        ends = set(self.ends.tolist())
        for formula, rows, origins in self._parts:
            inputs = {
                symbol.name: np.stack([drawn[n] if n >= 0 else made[-1 - n] for n in origin])
                for symbol, origin in zip(formula.symbols, origins, strict=True)
            }
            values = np.broadcast_to(formula.evaluate(inputs), (len(rows), draws))
            for place, n in enumerate(rows.tolist()):
                if n in needed:
                    made[n] = values[place]
            chosen = [place for place, n in enumerate(rows.tolist()) if n in ends]
            total += values[chosen].sum(axis=0)
        return total
