"""What changed an aggregate, factor by factor, without a rest: LMDI-I.

An aggregate is a sum over the finest cells i (sectors, sub-sectors, fuels ...) of a product of
factors, V = sum_i x_1i x_2i ... x_ni. With the logarithmic mean L(a, b) = (a - b) / ln(a / b),
L(a, a) = a, the change from year 0 to year T falls to factor k by

    additive         dV_k = sum_i L(V_i^T, V_i^0) ln(x_ki^T / x_ki^0),  sum_k dV_k = V^T - V^0
    multiplicative   D_k = exp(dV_k / L(V^T, V^0)),                     prod_k D_k = V^T / V^0

Zeros are taken by their limits, never by a small number; docs/methods/pathway_decomposition.md
has the cases, the sources and what is our own decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.errors import ModelError, Problem
from tanfeng.pathway import _input
from tanfeng.pathway._input import ROW, Rule

Floats = NDArray[np.float64]

#: Factor -> its name in words; a factor of the user's own is shown as it is written.
FACTOR_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "population": ("人口", "population"),
        "gdp_per_head": ("人均地区生产总值", "GDP per head"),
        "scale": ("经济规模", "scale"),
        "structure": ("产业结构", "structure"),
        "intensity": ("强度", "intensity"),
        "energy_mix": ("能源结构", "energy mix"),
        "emission_factor": ("排放因子", "emission factor"),
    }
)
_RULES: dict[str, Rule] = {
    "Y101": Rule(
        "没有 {value} 的数据",
        "there is no value of {value}",
        "请补上该行；该部门当年确实没有时，把规模或结构因子填 0（无数据不等于零）",
        "Add the row; where the sector truly was not there, write 0 for its scale or structure "
        "(no data is not zero)",
    ),
    "Y102": Rule(
        "因子“{value}”有的行给到 {one}，有的行给到 {other}",
        "the factor {value!r} is given by {one} on some rows and by {other} on others",
        "同一因子的各行须给到同一层级；上一级的单元格一律留空",
        "Give a factor at one level on all its rows; leave the other level cells empty",
    ),
    "Y103": Rule(
        "没有一个因子给到最细一级：{value}",
        "no factor is given at the finest level: {value}",
        "至少要有一个因子给出每个最细单元（如部门×品种）的数值",
        "At least one factor must name every finest cell (sector x fuel, for example)",
    ),
    "Y104": Rule(
        "年份“{value}”不足两个",
        "there are not two years: {value}",
        "分解至少需要两个年份",
        "A decomposition needs two years or more",
    ),
}
_NEGATIVE = {
    "what_zh": "对数分解要求因子不为负；碳汇、外供抵扣等负项请单列，不放在乘积里",
    "what_en": "The logarithm needs factors that are not negative; keep sinks and credits apart, "
    "outside the product",
}
_EMPTY = {
    "what_zh": "请填写数值；仅当同部门同年另一因子为 0 时可以留空（0/0，没有可量的对象）",
    "what_en": "Write the value; it may be empty only where another factor of that sector and "
    "year is 0 (0/0, nothing there to measure)",
}
_TWICE = {"what_zh": "请只保留一行", "what_en": "Keep one row"}


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """Effects of every factor in every step and every finest cell.

    Parameters
    ----------
    factors : tuple of str
        In the order of the product.
    levels : tuple of str
        Columns that name a cell, the widest first.
    cells : polars.DataFrame
        One row per finest cell, columns ``levels``.
    steps : tuple of (int, int)
        First and last year of each step: consecutive years where chained, else the first year
        with the last one.
    effects : array, shape (steps, cells, factors)
        Additive effects [unit of the aggregate].
    totals : mapping of int to float
        Year -> aggregate [its unit].
    chained : bool
        Whether the effects of the whole span are the sums of those year by year.
    """

    factors: tuple[str, ...]
    levels: tuple[str, ...]
    cells: pl.DataFrame
    steps: tuple[tuple[int, int], ...]
    effects: Floats
    totals: Mapping[int, float]
    chained: bool

    @property
    def first(self) -> int:
        """First year."""
        return self.steps[0][0]

    @property
    def last(self) -> int:
        """Last year."""
        return self.steps[-1][1]

    @property
    def change(self) -> float:
        """Aggregate of the last year less that of the first [its unit]."""
        return self.totals[self.last] - self.totals[self.first]

    @property
    def closure(self) -> float:
        """What the effects leave unexplained, over the largest figure in play [1]."""
        size = max(np.abs(self.effects).sum(), *(abs(one) for one in self.totals.values()))
        rest = self.change - float(self.effects.sum())
        return abs(rest) / size if size else 0.0

    def by_step(self) -> pl.DataFrame:
        """Return from_year, to_year, factor, effect and ratio of each step.

        Returns
        -------
        polars.DataFrame
            effect [unit of the aggregate]; ratio [1], null where a total is zero.
        """
        effects = self.effects.sum(axis=1)
        ratios = np.stack(
            [self._ratios(step, row) for step, row in zip(self.steps, effects, strict=True)]
        )
        count = len(self.factors)
        return pl.DataFrame(
            {
                "from_year": np.repeat([a for a, _b in self.steps], count),
                "to_year": np.repeat([b for _a, b in self.steps], count),
                "factor": list(self.factors) * len(self.steps),
                "effect": effects.ravel(),
                "ratio": ratios.ravel(),
            }
        ).with_columns(pl.col("ratio").fill_nan(None))

    def total(self) -> pl.DataFrame:
        """Return the effects over the whole span.

        Returns
        -------
        polars.DataFrame
            factor; effect [unit of the aggregate]; share of the change [1], null where nothing
            changed on balance; ratio [1], null where a total is zero.
        """
        steps = self.by_step()
        found = steps.group_by("factor", maintain_order=True).agg(
            pl.col("effect").sum(),
            ratio=pl.when(pl.col("ratio").is_not_null().all()).then(pl.col("ratio").product()),
        )
        share = pl.col("effect") / self.change if self.change else pl.lit(None, dtype=pl.Float64)
        return found.select("factor", "effect", share.alias("share"), "ratio")

    def by(self, *levels: str) -> pl.DataFrame:
        """Return the additive effects over the whole span, summed to sub-levels.

        LMDI-I is consistent in aggregation: these sums are the contributions.

        Parameters
        ----------
        *levels : str
            Some of ``self.levels``.

        Returns
        -------
        polars.DataFrame
            The columns of ``levels``, factor, effect [unit of the aggregate].

        Raises
        ------
        ModelError
            If a level is unknown.
        """
        if strange := [name for name in levels if name not in self.levels]:
            raise ModelError(
                f"no level {', '.join(strange)}; there are {', '.join(self.levels)}",
                f"没有层级 {'、'.join(strange)}；现有 {'、'.join(self.levels)}",
            )
        effects = pl.DataFrame(self.effects.sum(axis=0), schema=list(self.factors))
        return (
            pl.concat([self.cells.select(levels), effects], how="horizontal")
            .unpivot(index=list(levels), variable_name="factor", value_name="effect")
            .group_by(*levels, "factor", maintain_order=True)
            .agg(pl.col("effect").sum())
        )

    def lines(self) -> pl.DataFrame:
        """Return the additive effect of every factor in every step and finest cell.

        Returns
        -------
        polars.DataFrame
            from_year, to_year, the columns of ``levels``, factor, effect [unit of the aggregate].
        """
        frames = [
            pl.concat(
                [self.cells, pl.DataFrame(self.effects[number], schema=list(self.factors))],
                how="horizontal",
            )
            .unpivot(index=list(self.levels), variable_name="factor", value_name="effect")
            .select(pl.lit(begin).alias("from_year"), pl.lit(end).alias("to_year"), pl.all())
            for number, (begin, end) in enumerate(self.steps)
        ]
        return pl.concat(frames)

    def waterfall(self) -> pl.DataFrame:
        """Return the bars of a waterfall: the first year, each factor in order, the last year.

        Returns
        -------
        polars.DataFrame
            step; kind (``level`` or ``effect``); factor (empty for a level); year (null for an
            effect); name_zh, name_en; start, end and value of the bar [unit of the aggregate].
        """
        begin, end = self.totals[self.first], self.totals[self.last]
        rows = [("level", "", self.first, *(f"{self.first}",) * 2, 0.0, begin, begin)]
        at = begin
        for factor, effect in self.total().select("factor", "effect").iter_rows():
            names = FACTOR_NAMES.get(factor, (factor, factor))
            rows.append(("effect", factor, None, *names, at, at + effect, effect))
            at += effect
        rows.append(("level", "", self.last, *(f"{self.last}",) * 2, 0.0, end, end))
        columns = ["kind", "factor", "year", "name_zh", "name_en", "start", "end", "value"]
        return pl.DataFrame(rows, schema=columns, orient="row").with_row_index("step", offset=1)

    def _ratios(self, step: tuple[int, int], effects: Floats) -> Floats:
        """Return the multiplicative effects of a step, nan where a total is zero."""
        begin, end = (self.totals[year] for year in step)
        if not (begin and end):
            return np.full(len(effects), np.nan)
        return np.asarray(np.exp(effects / log_mean(end, begin)), dtype=np.float64)


def log_mean(a: Floats | float, b: Floats | float) -> Floats:
    """Return the logarithmic mean of numbers that are not negative.

    Parameters
    ----------
    a, b : array or float
        Of any unit, zero or more.

    Returns
    -------
    array
        (a - b) / ln(a / b) in their unit; a where both are alike, 0 where one is zero.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    some = (a > 0.0) & (b > 0.0)
    low, high = np.where(some, b, 1.0), np.where(some, a, 1.0)
    # log1p keeps the digits where both are nearly alike.
    near = np.abs(high - low) < 0.5 * low
    logs = np.where(near, np.log1p(np.where(near, (high - low) / low, 0.0)), np.log(high / low))
    same = logs == 0.0
    mean = np.where(same, high, (high - low) / np.where(same, 1.0, logs))
    return np.where(some, mean, 0.0)


def effects(start: Floats, end: Floats) -> Floats:
    """Decompose changes of products into additive LMDI-I effects of their factors.

    Parameters
    ----------
    start, end : array, shape (..., factors)
        Factors of every cell before and after, zero or more; nan where 0/0 leaves a factor
        undefined, which is read as unchanged.

    Returns
    -------
    array, shape (..., factors)
        Effects in the unit of the product; they add up to its change. Factors that become zero
        (or cease to be) in the same step share the effect alike.
    """
    begun, ended = np.isnan(start), np.isnan(end)
    if begun.any() or ended.any():
        start, end = (
            np.where(begun, np.where(ended, 1.0, end), start),
            np.where(ended, np.where(begun, 1.0, start), end),
        )
    zero = (start == 0.0), (end == 0.0)
    before, after = start.prod(axis=-1), end.prod(axis=-1)
    if not (zero[0].any() or zero[1].any()):
        return np.asarray(log_mean(after, before)[..., None] * np.log(end / start))
    # L of the factors that stay, 0 wherever a product is zero: cases 3 to 8 of the table.
    ratio = np.where(zero[1], 1.0, end) / np.where(zero[0], 1.0, start)
    moved = log_mean(after, before)[..., None] * np.log(ratio)
    for product, gone, sign, other in (
        (after, zero[0], 1.0, before),
        (before, zero[1], -1.0, after),
    ):
        alone = ((other == 0.0) & (product > 0.0))[..., None]
        count = np.maximum(gone.sum(axis=-1, keepdims=True), 1)
        moved = np.where(alone, sign * product[..., None] * gone / count, moved)
    return np.asarray(moved, dtype=np.float64)


def decompose(
    table: pl.DataFrame,
    *,
    levels: Sequence[str] | None = None,
    factors: Sequence[str] | None = None,
    first: int | None = None,
    last: int | None = None,
    chained: bool = True,
) -> Decomposition:
    """Decompose the change of an aggregate between two years by LMDI-I.

    Parameters
    ----------
    table : polars.DataFrame
        Long: the level columns, ``year``, ``factor``, ``value``. A level cell left empty says the
        factor holds for everything below (population, a grid factor by fuel ...). Text is read as
        a person writes it; ``source_row``, if there, names the rows of the file.
    levels : sequence of str, optional
        Columns that name a cell, the widest first; else every column but
        year, factor, value, unit, note, remark and source.
    factors : sequence of str, optional
        Factors in the order they are shown; else as they first appear. All must be in the table.
    first, last : int, optional
        Years; else the first and the last of the table.
    chained : bool
        Year by year and summed, or the first year against the last alone.

    Returns
    -------
    Decomposition

    Raises
    ------
    DataError
        With every cell that is missing, repeated, negative or no number.
    ModelError
        If a year or factor asked for is not in the table.

    References
    ----------
    B. W. Ang, "The LMDI approach to decomposition analysis: a practical guide", Energy Policy 33
    (2005) 867-871, eq. 4 and 5; B. W. Ang and N. Liu, "Handling zero values in the logarithmic
    mean Divisia index decomposition approach", Energy Policy 35 (2007) 238-246.
    """
    levels = _input.levels_of(table) if levels is None else levels
    rows = _read(table, levels)
    order = rows["factor"].unique(maintain_order=True).to_list()
    if factors is not None:
        if set(factors) != set(order):
            raise ModelError(
                f"the factors are {', '.join(order)}; asked for {', '.join(factors)}",
                f"表中因子为 {'、'.join(order)}；要求的是 {'、'.join(factors)}",
            )
        order = list(factors)
    rows = _of_years(rows, first, last, chained)
    whole = _finest(rows, list(levels), order)
    cells, years, values = _cube(whole, list(levels), order)
    steps = [(k, k + 1) for k in range(len(years) - 1)] if chained else [(0, len(years) - 1)]
    one, other = (list(ends) for ends in zip(*steps, strict=True))
    sums = np.nan_to_num(values).prod(axis=-1).sum(axis=1)
    return Decomposition(
        factors=tuple(order),
        levels=tuple(levels),
        cells=cells,
        steps=tuple((years[a], years[b]) for a, b in steps),
        effects=effects(values[one], values[other]),
        totals=MappingProxyType(dict(zip(years, sums.tolist(), strict=True))),
        chained=chained,
    )


def _read(table: pl.DataFrame, levels: Sequence[str]) -> pl.DataFrame:
    """Return levels, year, factor, value and row; refuse what is no such table."""
    rows, found = _input.long_rows(table, levels)
    below = np.flatnonzero(rows["value"].to_numpy() < 0.0).tolist()
    found += [
        _input.problem("Y006", rows[ROW][place], "value", value=rows["value"][place], **_NEGATIVE)
        for place in below
    ]
    named = rows["factor"].unique(maintain_order=True)
    nameless = rows.filter(factor="")[ROW].to_list() if "" in named else []
    name = {"what_zh": "请填写因子名称", "what_en": "Write the name of the factor"}
    found += [_input.problem("Y003", row, "factor", **name) for row in nameless]
    found += _input.repeated(rows, [*levels, "year", "factor"], "factor", **_TWICE)
    _input.refuse(found)
    return rows


def _of_years(
    rows: pl.DataFrame, first: int | None, last: int | None, chained: bool
) -> pl.DataFrame:
    """Return the rows of the years asked for."""
    there = sorted(rows["year"].unique().to_list())
    if len(there) < 2:
        _input.refuse([_input.problem("Y104", None, "year", _RULES, value=str(there))])
    begin = there[0] if first is None else first
    end = there[-1] if last is None else last
    if begin not in there or end not in there or begin >= end:
        shown = ", ".join(map(str, there))
        raise ModelError(
            f"cannot decompose {begin} to {end}; the table has the years {shown}",
            f"不能分解 {begin} 至 {end} 年；表中年份为 {shown}",
        )
    wanted = (
        pl.col("year").is_between(begin, end) if chained else pl.col("year").is_in([begin, end])
    )
    return rows.filter(wanted)


def _finest(rows: pl.DataFrame, levels: list[str], order: list[str]) -> pl.DataFrame:
    """Give factors of wider levels to every finest cell below."""
    if not levels or not any((rows[name] == "").any() for name in levels):
        return rows
    filled = rows.select("factor", **{name: pl.col(name) != "" for name in levels})
    shapes: dict[str, tuple[str, ...]] = {}
    found: list[Problem] = []
    for factor, *there in filled.unique(maintain_order=True).iter_rows():
        shape = tuple(name for name, is_there in zip(levels, there, strict=True) if is_there)
        told = shapes.setdefault(factor, shape)
        if told != shape:
            one, other = (" x ".join(each) or "—" for each in (told, shape))
            words = {"value": factor, "one": one, "other": other}
            found.append(_input.problem("Y102", None, "factor", _RULES, **words))
    used = [name for name in levels if any(name in shape for shape in shapes.values())]
    full = [factor for factor, shape in shapes.items() if list(shape) == used]
    if not full and not found:
        shown = " x ".join(used)
        found.append(_input.problem("Y103", None, "factor", _RULES, value=shown))
    _input.refuse(found)
    keys = [*levels, "year"]
    cells = rows.filter(pl.col("factor").is_in(full)).select(levels).unique(maintain_order=True)
    grid = cells.join(rows.select("year").unique(maintain_order=True), how="cross")
    parts = []
    for factor in order:
        of_it = rows.filter(factor=factor)
        if factor not in full:
            on = [*shapes[factor], "year"]
            of_it = grid.join(of_it.select(*on, "factor", "value", ROW), on=on)
        parts.append(of_it.select(*keys, "factor", "value", ROW))
    return pl.concat(parts)


def _cube(
    rows: pl.DataFrame, levels: list[str], order: list[str]
) -> tuple[pl.DataFrame, list[int], Floats]:
    """Return the cells, the years, and the factors by year, cell and factor."""
    cells = rows.select(levels).unique(maintain_order=True) if levels else pl.DataFrame([{}])
    years = sorted(rows["year"].unique().to_list())
    place = pl.Series("factor", order)
    wide = rows.select(
        *levels,
        "value",
        ROW,
        year=pl.col("year").rank("dense") - 1,
        factor=pl.col("factor").replace_strict(place, np.arange(len(order)), return_dtype=pl.Int64),
    )
    if levels:
        numbered = cells.with_row_index("_cell")
        wide = wide.join(numbered, on=levels, how="left", maintain_order="left")
        which = wide["_cell"].to_numpy()
    else:
        which = np.zeros(wide.height, np.int64)
    shape = (len(years), max(cells.height, 1), len(order))
    values, at = np.full(shape, np.nan), (wide["year"].to_numpy(), which, wide["factor"].to_numpy())
    values[at] = wide["value"].to_numpy()
    if np.isnan(values).any():
        place_of = np.zeros(shape, np.int64)
        place_of[at] = wide[ROW].to_numpy()
        _refuse_missing(values, place_of, cells, years, order)
    return cells, years, values


def _refuse_missing(
    values: Floats, rows: NDArray[np.int64], cells: pl.DataFrame, years: list[int], order: list[str]
) -> None:
    """Refuse cells without a value, but those where nothing is there to measure (0/0)."""
    nothing = (values == 0.0).any(axis=-1, keepdims=True)
    names = [" / ".join(map(str, cell)) for cell in cells.iter_rows()] or [""]
    found = []
    for year, cell, factor in np.argwhere(np.isnan(values) & ~nothing):
        row = int(rows[year, cell, factor])
        if row:
            found.append(_input.problem("Y003", row, "value", **_EMPTY))
        else:
            shown = f"{names[cell]} {years[year]} {order[factor]}".strip()
            found.append(_input.problem("Y101", None, "value", _RULES, value=shown))
    _input.refuse(found)
