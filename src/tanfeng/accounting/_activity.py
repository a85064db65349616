"""The activity table: its columns, its checks, and the narrow frame the terms run over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting._sums import grouped
from tanfeng.errors import ModelError
from tanfeng.trace import TIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanfeng.accounting._factors import FactorSet

#: Columns of the activity table. Quantities are in the unit of the energy item; null = no data.
ACTIVITY_SCHEMA: dict[str, pl.DataType] = {
    "activity_id": pl.Int64(),
    "org_code": pl.Categorical(),
    "site": pl.Categorical(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "item_key": pl.Categorical(),
    "opening_stock_qty": pl.Float64(),
    "purchase_qty": pl.Float64(),
    "purchase_amount_kcny": pl.Float64(),
    "own_production_qty": pl.Float64(),
    "consumption_total_qty": pl.Float64(),
    "feedstock_qty": pl.Float64(),
    "transfer_out_qty": pl.Float64(),
    "stock_adjustment_qty": pl.Float64(),
    "closing_stock_qty": pl.Float64(),
    "coef_used_tce": pl.Float64(),
    "green_power_1e4kwh": pl.Float64(),
    "tier": pl.Categorical(),
}
_KEYS = ("activity_id", "org_code", "year", "month", "item_key", "tier")
_REQUIRED = (*_KEYS, "consumption_total_qty")
QUANTITY_COLUMNS = tuple(name for name, dtype in ACTIVITY_SCHEMA.items() if dtype == pl.Float64)
#: By the form's instruction an empty cell here means none, not "no data".
NONE_WHEN_EMPTY = (
    "own_production_qty",
    "feedstock_qty",
    "transfer_out_qty",
    "stock_adjustment_qty",
    "green_power_1e4kwh",
)
#: Share by which a sum row may differ from its parts. Own default, as for the stock balance. [1]
SUM_TOLERANCE = 0.005


def checked(activity: pl.DataFrame) -> pl.DataFrame:
    """Return the activity with the types of the schema, sorted by ``activity_id``.

    Parameters
    ----------
    activity : polars.DataFrame, shape (n, ...)
        Required: activity_id, org_code, year, month, item_key, tier, consumption_total_qty. The
        other columns of ``ACTIVITY_SCHEMA`` may be absent, which means no data.

    Raises
    ------
    ModelError
        On unknown or missing columns, empty keys, a month outside 0 to 12, an unknown tier, a
        repeated activity_id, or a quantity that is no finite number.
    """
    unknown = sorted(set(activity.columns) - set(ACTIVITY_SCHEMA))
    missing = [name for name in _REQUIRED if name not in activity.columns]
    if unknown or missing:
        raise ModelError(
            f"activity has unknown columns {unknown} and lacks {missing}; "
            f"known columns: {', '.join(ACTIVITY_SCHEMA)}"
        )
    absent = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in ACTIVITY_SCHEMA.items()
        if name not in activity.columns
    ]
    frame = activity.with_columns(absent).select(
        pl.col(name).cast(dtype) for name, dtype in ACTIVITY_SCHEMA.items()
    )
    _refuse_bad_values(frame)
    if not frame["activity_id"].is_sorted():
        frame = frame.sort("activity_id")
    repeated = frame.filter(pl.col("activity_id") == pl.col("activity_id").shift())
    if repeated.height:
        raise ModelError(f"activity_id {repeated['activity_id'][0]} stands on more than one row")
    return frame


def _refuse_bad_values(frame: pl.DataFrame) -> None:
    nulls = frame.select(pl.col(_KEYS).null_count()).row(0, named=True)
    empty = [name for name, count in nulls.items() if count]
    if empty:
        raise ModelError(f"activity columns {empty} have empty cells; every row needs them")
    if not frame["month"].is_between(0, 12).all():
        raise ModelError("activity column month must lie in 0 (whole year) to 12")
    tiers = set(frame["tier"].unique().cast(pl.String).to_list()) - set(TIERS)
    if tiers:
        raise ModelError(f"activity column tier holds {sorted(tiers)}; known: {', '.join(TIERS)}")
    finite = frame.select(pl.col(QUANTITY_COLUMNS).is_finite().all()).row(0, named=True)
    broken = [name for name, good in finite.items() if not good]
    if broken:
        raise ModelError(f"activity columns {broken} hold values that are no finite numbers")


def slot_numbers(frame: pl.DataFrame, factors: FactorSet) -> NDArray[np.intp]:
    """Return for each row the row of ``factors.slots`` with its item and year.

    Raises
    ------
    ModelError
        If an item or year is not in the factor set.
    """
    items = factors.items["item_key"].cast(pl.Categorical)
    codes = items.to_physical().to_numpy()
    asked = frame["item_key"].to_physical().to_numpy()
    size = int(max(codes.max(initial=0), asked.max(initial=0))) + 1
    number = np.full(size, -1, dtype=np.int64)
    number[codes] = np.arange(len(codes))
    item = number[asked]
    if (item < 0).any():
        names = frame["item_key"].gather(np.flatnonzero(item < 0)).unique().cast(pl.String)
        raise ModelError(f"activity names unknown energy items: {sorted(names.to_list())}")
    years = np.asarray(factors.years)
    year = frame["year"].to_numpy()
    place = np.searchsorted(years, year)
    outside = (place == len(years)) | (years[np.minimum(place, len(years) - 1)] != year)
    if outside.any():
        raise ModelError(
            f"activity has the years {sorted(set(year[outside].tolist()))}, the factor set has "
            f"{list(factors.years)}; ask factor_set() for all of them"
        )
    slots: NDArray[np.intp] = item * len(years) + place
    return slots


def repeats(frame: pl.DataFrame, slot: NDArray[np.intp], factors: FactorSet) -> list[pl.Series]:
    """Tell which rows repeat others: sum rows of kinds, year rows of months, copies.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n, ...)
        Checked activity.
    slot : array, shape (n,)
        Slot of each row.
    factors : FactorSet
        Source of the item tree.

    Returns
    -------
    list of polars.Series, shape (n,)
        is_parent_of_kinds, parent_differs, is_year_of_months, year_differs, is_duplicate.
    """
    keys = factors.items["item_key"].to_list()
    parents = factors.items["parent_key"].to_list()
    parent_of = np.array([keys.index(p) if p else -1 for p in parents])
    item, year = np.divmod(slot, len(factors.years))
    sites = frame["site"].to_physical().fill_null(2**32 - 1).to_numpy().astype(np.int64)
    _, site = (
        np.unique(sites, return_inverse=True) if (sites != sites[:1]).any() else (0, 0 * sites)
    )
    org = frame["org_code"].to_physical().to_numpy().astype(np.int64)
    place = (org * (site.max(initial=0) + 1) + site) * len(factors.years) + year
    month = frame["month"].to_numpy().astype(np.int64)
    period = place * 13 + month
    used = frame["consumption_total_qty"]
    said = used.is_not_null().to_numpy()

    own = period * len(keys) + item
    parent = parent_of[item]
    kinds = (parent >= 0) & said
    wholes = np.isin(item, np.unique(parent[kinds]))
    covered, differs = _covered(used, wholes, own, kinds, period * len(keys) + parent)

    of_year = place * len(keys) + item
    years, months = (month == 0), (month > 0) & said
    if years.any():
        yearly, yearly_differs = _covered(used, years, of_year, months, of_year)
    else:
        yearly = yearly_differs = np.zeros(frame.height, dtype=bool)
    rows = pl.Series(own)
    copies = (
        rows.is_duplicated()
        if rows.n_unique() < frame.height
        else pl.repeat(False, frame.height, eager=True)
    )
    return [
        pl.Series("is_parent_of_kinds", covered),
        pl.Series("parent_differs", differs),
        pl.Series("is_year_of_months", yearly),
        pl.Series("year_differs", yearly_differs),
        copies.alias("is_duplicate"),
    ]


def _covered(
    used: pl.Series,
    wholes: NDArray[np.bool_],
    whole_key: NDArray[np.int64],
    parts: NDArray[np.bool_],
    part_key: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the rows of ``wholes`` whose parts are there too, and those that differ from them."""
    covered = np.zeros(len(used), dtype=bool)
    differs = np.zeros(len(used), dtype=bool)
    at = np.flatnonzero(wholes)
    weight = used.filter(pl.Series(parts)).to_numpy()
    sums = grouped(pl.DataFrame({"key": part_key[parts]}), ["key"], {"parts": weight})
    whole = pl.DataFrame({"at": at, "key": whole_key[at], "whole": used.gather(at)})
    hit = whole.join(sums, on="key", how="inner")
    covered[hit["at"].to_numpy()] = True
    off = (pl.col("whole") - pl.col("parts")).abs() > SUM_TOLERANCE * pl.col("whole").abs()
    differs[hit.filter(off)["at"].to_numpy()] = True
    return covered, differs
