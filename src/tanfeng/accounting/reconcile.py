"""One enterprise seen several ways: by the market guideline, by city statistics, by its meters.

Each account is brought to one form, a :class:`View`: amount used, its effective factor and the
emission per organisation, year, scope and item. Two views are compared row by row, and what they
differ by is put down to causes that add up to the difference:

boundary   one of the two does not count this scope or item by its rules
missing    it should be there, and one of the two has no figure (no data is not zero)
method     the two compute it in different ways
activity   the amounts differ, at the factor of the first view
factor     the factors differ, at the amount of the second view

A view that knows a part of the year says which share. A part is shown and never compared with a
whole: its row has no difference and counts as not valued.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng import standards
from tanfeng.accounting._engine import FORMULAS
from tanfeng.accounting._reconcile_words import explained
from tanfeng.accounting.methods._declare import (
    EMISSION,
    Input,
    Kind,
    Method,
    Stream,
    formula_key,
)
from tanfeng.accounting.methods._defaults import input_unit
from tanfeng.accounting.methods._summary import in_total
from tanfeng.accounting.ndrc_general_2015 import BASES
from tanfeng.errors import ModelError
from tanfeng.trace import INPUT_COLUMNS, Formula

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanfeng.accounting._account import Account
    from tanfeng.accounting.methods._engine import MethodAccount

    Array = NDArray[np.float64]

CAUSES = ("boundary", "missing", "method", "activity", "factor")
#: Cause -> its name.
CAUSE_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "boundary": ("边界", "boundary"),
        "missing": ("缺数据", "missing data"),
        "method": ("方法", "method"),
        "activity": ("活动数据", "activity"),
        "factor": ("因子", "factor"),
    }
)
_KEYS = ("org_code", "year", "scope", "item")
VIEW_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "org_code": pl.String(),
        "year": pl.Int32(),
        "scope": pl.String(),
        "item": pl.String(),
        "activity": pl.Float64(),
        "unit": pl.String(),
        "emission_tco2": pl.Float64(),
        "way": pl.String(),
        "missing_rows": pl.Int64(),
        "known_share": pl.Float64(),
    }
)
#: Unit of the statistics -> unit here and how many of it. Cubic metres are taken as normal ones.
_UNITS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {"1e4 kWh": ("MWh", 10.0), "1e4 m3": ("1e4 Nm3", 1.0)}
)
_FUELS = "NDRC-GENERAL-2015"


@dataclass(frozen=True, slots=True)
class View:
    """An account in the common form.

    Parameters
    ----------
    key, name_zh, name_en : str
        What it is.
    rows : polars.DataFrame
        Columns of ``VIEW_SCHEMA``, one row per organisation, year, scope and item. ``activity``
        is null where there is none behind the emission; ``emission_tco2`` is null where it could
        not be computed, and everywhere in a view of amounts only. ``known_share`` is the share of
        the year the amount stands for [1]; null where it is the year's.
    scopes : frozenset of str
        Scopes its total counts.
    items : frozenset of str or None
        Items it counts by its rules; None where it would count any.
    amounts_only : bool
        Whether it holds amounts without emissions: meters. They are valued at the factor of the
        view they are compared with.
    """

    key: str
    name_zh: str
    name_en: str
    rows: pl.DataFrame
    scopes: frozenset[str]
    items: frozenset[str] | None = None
    amounts_only: bool = False

    def __post_init__(self) -> None:
        """Refuse rows that do not have the form, or one twice."""
        if dict(self.rows.schema) != dict(VIEW_SCHEMA):
            raise ModelError(f"rows of view {self.key} do not have the columns of VIEW_SCHEMA")
        if self.rows.select(_KEYS).is_duplicated().any():
            raise ModelError(
                f"view {self.key} has an item of an organisation and year twice",
                f"视图 {self.key} 中同一单位、年度、项目出现两次",
            )


def names_of(guideline: str = _FUELS) -> Mapping[str, str]:
    """Return the fuel each energy item of the statistics is under a guideline.

    Parameters
    ----------
    guideline : str
        A guideline of the table ``item_fuels``.

    Returns
    -------
    mapping of str to str
        Item of the statistics -> key of the fuel; items that are no fuel keep their name.
    """
    rows = standards.load("item_fuels").filter(pl.col("guideline") == guideline)
    if rows.is_empty():
        raise ModelError(f"table item_fuels knows no guideline {guideline}")
    return MappingProxyType(
        {item: fuel or item for item, fuel in rows.select("item_key", "fuel_key").iter_rows()}
    )


def statistics_view(
    account: Account, *, basis: str = "average", names: Mapping[str, str] | None = None
) -> View:
    """Bring an account of the city statistics to the common form.

    Parameters
    ----------
    account : Account
        Result of :func:`tanfeng.accounting.account`.
    basis : {"average", "residual", "fossil"}
        Basis of purchased electricity.
    names : mapping of str to str, optional
        Item of the statistics -> name in the common form; :func:`names_of` unless said otherwise.
        Items that get one name are added up.

    Returns
    -------
    View
        Counts all three scopes, and the fuels, electricity and heat of the statistics.
    """
    if basis not in BASES:
        raise ModelError(f"basis {basis!r} is none of {', '.join(BASES)}")
    called = dict(names if names is not None else names_of())
    scopes = {
        "emission_fuel_tco2": "direct",
        f"emission_electricity_{basis}_tco2": "electricity",
        "emission_heat_tco2": "heat",
    }
    wanted = pl.col("quantity").cast(pl.String).is_in(list(scopes))
    lines = account.lines.filter(wanted)
    primary = {
        key: next(one.name for one in formula.symbols if not one.is_factor)
        for key, formula in FORMULAS.items()
    }
    units = dict(standards.load("energy_items").select("item_key", "unit").iter_rows())
    found = _amounts(lines, FORMULAS, primary).with_columns(
        unit=pl.col("item_key").replace_strict(units, default=""),
        scope=pl.col("quantity").replace_strict(scopes),
        way=pl.col("formula").str.extract(r"^[^.]+\.(fuel|electricity|heat)"),
    )
    gaps = account.gaps.filter(wanted).select(
        pl.col("org_code", "item_key").cast(pl.String),
        pl.col("year").cast(pl.Int32),
        scope=pl.col("quantity").cast(pl.String).replace_strict(scopes, return_dtype=pl.String),
    )
    rows = _collected(found, gaps, called)
    return View(
        "statistics",
        "城市统计口径",
        "city statistics",
        rows,
        frozenset(scopes.values()),
        frozenset(called.values()),
    )


def method_view(
    account: MethodAccount,
    methods: Iterable[Method],
    *,
    key: str = "market",
    names: tuple[str, str] = ("全国市场指南", "market guideline"),
) -> View:
    """Bring an account by sector methods to the common form.

    Parameters
    ----------
    account : MethodAccount
        Result of :func:`tanfeng.accounting.methods.account`.
    methods : iterable of Method
        The methods it was made by.
    key : str
        Name of the view.
    names : tuple of str
        Name in Chinese and in English.

    Returns
    -------
    View
        Counts the streams that belong to the totals of the methods, and their materials.
    """
    chosen = {method.key: method for method in methods}
    counted = [
        (method, stream)
        for method in chosen.values()
        for stream in method.streams
        if in_total(method, stream)
    ]
    table = pl.DataFrame(
        [(method.key, stream.key, stream.scope) for method, stream in counted],
        schema={"method": pl.String, "stream": pl.String, "scope": pl.String},
        orient="row",
    )
    where = account.streams.select(
        "activity_id", pl.col("method", "stream", "kind", "item", "org_code").cast(pl.String)
    ).join(table, on=["method", "stream"], how="inner")
    primary, units = _primaries(counted)
    lines = account.lines.filter(pl.col("formula").cast(pl.String).is_in(list(primary)))
    found = (
        _amounts(lines, account.formulas, primary)
        .join(where.select("activity_id", "scope", way="kind"), on="activity_id", how="inner")
        .with_columns(
            unit=pl.concat_str("formula", "item_key", separator="|").replace_strict(
                units, default=""
            )
        )
    )
    done = found["activity_id"].implode()
    gaps = (
        where.filter(~pl.col("activity_id").is_in(done))
        .join(account.streams.select("activity_id", "year"), on="activity_id", how="left")
        .select("org_code", pl.col("year").cast(pl.Int32), "scope", item_key="item")
    )
    return View(
        key,
        *names,
        _collected(found, gaps, {}),
        frozenset(stream.scope for _method, stream in counted),
        frozenset(item.key for _method, stream in counted for item in stream.items),
    )


def meter_view(
    readings: pl.DataFrame,
    *,
    key: str = "meters",
    names: tuple[str, str] = ("计量器具", "meters"),
) -> View:
    """Bring metered amounts to the common form.

    Parameters
    ----------
    readings : polars.DataFrame
        org_code, year, scope, item (in the common form), unit and quantity, null where the meter
        gave nothing; several rows of one item add up. ``known_share`` may stand beside them: the
        share of the year a quantity stands for [1]; of several rows of an item the least holds.
    key : str
        Name of the view.
    names : tuple of str
        Name in Chinese and in English.

    Returns
    -------
    View
        Amounts only; it has no rule of its own about scopes and items.
    """
    known = readings.filter(pl.col("quantity").is_not_null()).select(
        pl.col("org_code", "scope", "unit").cast(pl.String),
        pl.col("year").cast(pl.Int32),
        item_key=pl.col("item").cast(pl.String),
        activity=pl.col("quantity").cast(pl.Float64),
        value=pl.lit(None, dtype=pl.Float64),
        way=pl.lit("meter"),
    )
    gone = readings.filter(pl.col("quantity").is_null()).select(
        pl.col("org_code", "scope").cast(pl.String),
        pl.col("year").cast(pl.Int32),
        item_key=pl.col("item").cast(pl.String),
    )
    rows = _collected(known, gone, {})
    if "known_share" in readings.columns:
        shares = (
            readings.select(
                pl.col("org_code", "scope", "item").cast(pl.String),
                pl.col("year").cast(pl.Int32),
                pl.col("known_share").cast(pl.Float64),
            )
            .group_by(_KEYS)
            .agg(pl.col("known_share").min())
        )
        rows = rows.drop("known_share").join(
            shares, on=list(_KEYS), how="left", maintain_order="left"
        )
    scopes = frozenset({"direct", "electricity", "heat"})
    return View(key, *names, rows, scopes, amounts_only=True)


def _primaries(counted: Iterable[tuple[Method, Stream]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return formula -> its first amount, and formula|item -> the unit of that amount."""
    primary, units = {}, {}
    for method, stream in counted:
        for kind in stream.kinds:
            formula = formula_key(method.key, stream.key, kind.key, EMISSION)
            one = _amount_of(kind)
            primary[formula] = one.symbol
            for item in stream.items:
                units[f"{formula}|{item.key}"] = input_unit(one, item)
    return primary, units


def _amount_of(kind: Kind) -> Input:
    inputs = kind.steps[-1].inputs
    return next((one for one in inputs if one.extensive), inputs[0])


def _amounts(
    lines: pl.DataFrame, formulas: Mapping[str, Formula], primary: Mapping[str, str]
) -> pl.DataFrame:
    """Put the amount behind each emission beside it: the emission over its slope in the amount."""
    keys = lines["formula"].cast(pl.String).to_numpy()
    activity = np.full(lines.height, np.nan)
    for key in sorted(set(keys)):
        chosen = np.flatnonzero(keys == key)
        formula, part = formulas[key], lines[chosen]
        inputs = {
            symbol.name: part[x].cast(pl.Float64).to_numpy()
            for symbol, x in zip(formula.symbols, INPUT_COLUMNS, strict=False)
        }
        place = [symbol.name for symbol in formula.symbols].index(primary[key])
        slope = np.broadcast_to(formula.derivatives(inputs)[place], chosen.shape)
        value = part["value"].to_numpy()
        activity[chosen] = np.where(
            slope != 0.0, value / np.where(slope != 0.0, slope, 1.0), np.nan
        )
    return lines.select(
        "activity_id",
        "value",
        pl.col("org_code", "item_key", "formula", "quantity").cast(pl.String),
        pl.col("year").cast(pl.Int32),
        pl.Series("activity", activity, nan_to_null=True),
    )


def _collected(found: pl.DataFrame, gaps: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """Add rows up by organisation, year, scope and item, and count what is missing beside them."""
    named = pl.col("item_key").replace(dict(names))
    unit, scale = ({name: pair[place] for name, pair in _UNITS.items()} for place in (0, 1))
    value, activity = pl.col("value"), pl.col("activity")
    sums = (
        found.with_columns(
            item=named,
            activity=activity * pl.col("unit").replace_strict(scale, default=1.0),
            unit=pl.col("unit").replace(unit),
        )
        .group_by(_KEYS)
        .agg(
            # An amount is known only if every part of it is and all are in one unit.
            activity=pl.when((activity.null_count() == 0) & (pl.col("unit").n_unique() == 1)).then(
                activity.sum()
            ),
            unit=pl.when(pl.col("unit").n_unique() == 1).then(pl.col("unit").first()),
            emission_tco2=pl.when(value.null_count() == 0).then(value.sum()),
            way=pl.when(pl.col("way").n_unique() == 1)
            .then(pl.col("way").first())
            .otherwise(pl.col("way").unique().sort().str.join("+")),
        )
    )
    lost = gaps.with_columns(item=named).group_by(_KEYS).agg(missing_rows=pl.len())
    return (
        sums.join(lost, on=list(_KEYS), how="full", coalesce=True)
        .with_columns(
            pl.col("missing_rows").fill_null(0),
            pl.col("unit", "way").fill_null(""),
            known_share=pl.lit(None),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in VIEW_SCHEMA.items())
        .sort(_KEYS)
    )


def reconcile(views: Sequence[View], *, base: str) -> pl.DataFrame:
    """Explain how every other view differs from one of them, row by row.

    Parameters
    ----------
    views : sequence of View
        At least two, with different keys.
    base : str
        Key of the view the others are compared with.

    Returns
    -------
    polars.DataFrame
        base, view, org_code, year, scope, item; base_activity, activity and unit; base_emission and
        emission [tCO2], null where there is none; the causes boundary, missing, method, activity
        and factor as ``<cause>_tco2``, their sum ``difference_tco2`` (view less base); is_valued
        (false where neither side has an emission, and where one knows a part of the year, whose
        emission is null); missing_rows of both; known_share (of the side that knows less) [1];
        cause (the largest), explanation_zh and explanation_en. Sorted.

    Raises
    ------
    ModelError
        If a key stands twice, the base is not among the views or has amounts only.
    """
    by_key = {view.key: view for view in views}
    if len(by_key) != len(views) or len(views) < 2 or base not in by_key:
        raise ModelError(
            f"two or more views with different keys are needed, and {base!r} among them",
            f"需要两个以上键不同的视图，其中包括 {base}",
        )
    first = by_key[base]
    if first.amounts_only:
        raise ModelError(
            f"{base} has amounts and no emission; the others cannot be compared with it",
            f"{base} 只有数量没有排放，不能作为比较的基准",
        )
    pairs = [_pair(first, view) for view in views if view.key != base]
    return pl.concat(pairs).sort("base", "view", *_KEYS)


def totals(reconciled: pl.DataFrame, *, by: Sequence[str] = ("org_code", "year")) -> pl.DataFrame:
    """Add a reconciliation up.

    Parameters
    ----------
    reconciled : polars.DataFrame
        Result of :func:`reconcile`.
    by : sequence of str
        Further columns to keep apart, beside base and view.

    Returns
    -------
    polars.DataFrame
        base, view, the columns of ``by``, base_emission_tco2 and emission_tco2 (what is known of
        the rows that are compared), the causes and the difference [tCO2], rows, unvalued_rows.
    """
    causes = [f"{cause}_tco2" for cause in CAUSES]
    figures = ["base_emission_tco2", "emission_tco2", *causes]
    return (
        reconciled.sort("base", "view", *_KEYS)
        .group_by("base", "view", *by, maintain_order=True)
        .agg(
            *(pl.col(name).filter("is_valued").sum() for name in figures),
            rows=pl.len(),
            unvalued_rows=(~pl.col("is_valued")).sum(),
        )
        .with_columns(difference_tco2=pl.sum_horizontal(causes))
    )


def _pair(a: View, b: View) -> pl.DataFrame:
    joined = a.rows.join(b.rows, on=list(_KEYS), how="full", coalesce=True, suffix="_b")
    joined = joined.with_columns(is_part=_least_known().fill_null(1.0) < 1.0)
    own_b, causes, is_valued = _causes(a, b, joined)
    table = np.abs(np.column_stack([causes[cause] for cause in CAUSES]))
    largest = np.array(CAUSES)[np.argmax(table, axis=1)]
    cause = np.where(~is_valued, "missing", np.where(table.max(axis=1) > 0, largest, ""))
    return (
        joined.with_columns(
            pl.Series("_b", own_b, nan_to_null=True),
            *(pl.Series(f"{name}_tco2", values) for name, values in causes.items()),
            pl.Series("is_valued", is_valued),
            pl.Series("cause", cause.tolist(), dtype=pl.String),
        )
        .with_columns(difference_tco2=pl.sum_horizontal(f"{c}_tco2" for c in CAUSES))
        .with_columns(explanation_zh=explained(a, b, 0), explanation_en=explained(a, b, 1))
        .select(
            pl.lit(a.key).alias("base"),
            pl.lit(b.key).alias("view"),
            *_KEYS,
            pl.coalesce(pl.col("unit").replace("", None), "unit_b").alias("unit"),
            base_activity="activity",
            activity="activity_b",
            base_emission_tco2="emission_tco2",
            emission_tco2="_b",
            **{f"{name}_tco2": pl.col(f"{name}_tco2") for name in CAUSES},
            difference_tco2="difference_tco2",
            is_valued="is_valued",
            base_missing_rows=pl.col("missing_rows").fill_null(0),
            missing_rows=pl.col("missing_rows_b").fill_null(0),
            known_share=_least_known(),
            cause="cause",
            explanation_zh="explanation_zh",
            explanation_en="explanation_en",
        )
    )


def _causes(
    a: View, b: View, joined: pl.DataFrame
) -> tuple[Array, dict[str, Array], NDArray[np.bool_]]:
    """Return the emission of the second view, the causes, and which rows have an emission."""
    amount_a, amount_b, own_a, own_b = (
        joined[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("activity", "activity_b", "emission_tco2", "emission_tco2_b")
    )
    same_unit = (joined["unit"] == joined["unit_b"]).fill_null(False).to_numpy()
    one_way = (joined["way"] == joined["way_b"]).fill_null(False).to_numpy() | b.amounts_only
    factor = _ratio(own_a, amount_a)
    if b.amounts_only:
        own_b = np.where(same_unit, amount_b * factor, np.nan)
    part = joined["is_part"].to_numpy()
    own_b = np.where(part, np.nan, own_b)
    there_a, there_b = ~np.isnan(own_a), ~np.isnan(own_b)
    both = there_a & there_b
    step = np.nan_to_num(own_b) - np.nan_to_num(own_a)
    outside = np.where(there_a, ~_counts(b, joined), ~_counts(a, joined))
    # Nothing used in the base has no factor of its own: all of the step is the amount.
    factor = np.where((amount_a == 0.0) & (own_a == 0.0), _ratio(own_b, amount_b), factor)
    factor = np.where((amount_a == 0.0) & (amount_b == 0.0), 0.0, factor)
    split = both & same_unit & ~np.isnan(factor) & ~np.isnan(amount_b)
    activity = np.nan_to_num(np.where(split, (amount_b - amount_a) * factor, 0.0))
    rest = step - activity
    causes = {
        "boundary": np.where(~both & outside, step, 0.0),
        "missing": np.where(~both & ~outside, step, 0.0),
        "method": np.where(both & ~(split & one_way), rest, 0.0),
        "activity": activity,
        "factor": np.where(split & one_way, rest, 0.0),
    }
    causes = {name: np.where(part, 0.0, values) for name, values in causes.items()}
    return own_b, causes, (there_a | there_b) & ~part


def _least_known() -> pl.Expr:
    """Return the share of the year the side that knows less knows; null where both know all."""
    return pl.min_horizontal("known_share", "known_share_b")


def _ratio(emission: Array, amount: Array) -> Array:
    """Return the effective factor; nan where there is no amount."""
    return np.asarray(
        np.where(amount != 0.0, emission / np.where(amount != 0.0, amount, 1.0), np.nan)
    )


def _counts(view: View, rows: pl.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows a view counts by its rules."""
    counted = rows["scope"].is_in(sorted(view.scopes))
    if view.items is not None:
        counted &= rows["item"].is_in(sorted(view.items))
    return np.asarray(counted.to_numpy())
