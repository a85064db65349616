"""Stock balance: opening + purchase + own production + gain - consumption - supply = closing.

The check is requirement C06; its tolerance of 0.5 % of consumption is an own default (待核实), so
it is an argument. A row that lacks a stock figure is incomplete, not balanced.
"""

from __future__ import annotations

import polars as pl

from tanfeng import standards
from tanfeng.accounting._activity import checked
from tanfeng.errors import ModelError

#: Allowed difference as a share of consumption. Own default. [1]
TOLERANCE = 0.005
#: Share of the turnover below which a difference is only binary arithmetic. [1]
_NOISE = 1e-9
_PIPED = ("opening_stock_qty", "closing_stock_qty")
_NONE_WHEN_EMPTY = ("own_production_qty", "transfer_out_qty", "stock_adjustment_qty")


def _stocks() -> tuple[pl.Expr, pl.Expr]:
    """Return opening and closing stock: none of what cannot be stored, else empty stays empty."""
    opening, closing = (
        pl.when(pl.col("is_stockable")).then(name).otherwise(pl.col(name).fill_null(0.0))
        for name in _PIPED
    )
    return opening, closing


def _expected_closing() -> pl.Expr:
    opening, _closing = _stocks()
    own, supplied, gain = (pl.col(name).fill_null(0.0) for name in _NONE_WHEN_EMPTY)
    return (
        opening + pl.col("purchase_qty") + own + gain - pl.col("consumption_total_qty") - supplied
    )


def _allowed(tolerance: float) -> pl.Expr:
    opening, _closing = _stocks()
    turnover = (
        opening + pl.col("purchase_qty") + pl.col("own_production_qty").fill_null(0.0)
    ).abs()
    used = pl.col("consumption_total_qty").abs()
    return pl.when(used > 0).then(used).otherwise(turnover) * tolerance + turnover * _NOISE


def suspected_own_production(tolerance: float = TOLERANCE) -> pl.Expr:
    """Tell rows that used more than came in while own production is empty.

    Parameters
    ----------
    tolerance : float
        Allowed difference as a share of consumption. [1]

    Returns
    -------
    polars.Expr
        Boolean over the activity columns and ``is_stockable``; false where the balance cannot
        be drawn up.
    """
    _opening, closing = _stocks()
    short = closing - _expected_closing() > _allowed(tolerance)
    return pl.col("own_production_qty").is_null() & short.fill_null(False)


def balance(activity: pl.DataFrame, *, tolerance: float = TOLERANCE) -> pl.DataFrame:
    """Draw up the stock balance of every row.

    Parameters
    ----------
    activity : polars.DataFrame, shape (n, ...)
        Rows with columns of ``ACTIVITY_SCHEMA``.
    tolerance : float
        Allowed difference as a share of consumption, 0 to 1; of the turnover where nothing was
        consumed. [1]

    Returns
    -------
    polars.DataFrame, shape (n, ...)
        activity_id, org_code, year, month, item_key, expected_closing_qty [item unit],
        difference_qty (expected less reported closing) [item unit], difference_share [1] and
        status: ``closed``, ``open``, or ``incomplete`` when a figure is missing.

    Raises
    ------
    ModelError
        If the tolerance is no share, or the activity breaks its schema.

    Notes
    -----
    Empty own production, supply and stock gain mean none, by the form's instruction. Empty
    stocks mean none only for what cannot be stored (electricity, heat, piped gas).

    References
    ----------
    .. [1] Requirement C06 of this project; form 205-1 column 9 (closing stock).
    """
    if not 0 <= tolerance <= 1:
        raise ModelError(f"tolerance {tolerance} is no share; 0.5 % is 0.005")
    _opening, closing = _stocks()
    frame = _with_traits(checked(activity)).with_columns(
        expected_closing_qty=_expected_closing(), allowed=_allowed(tolerance)
    )
    frame = frame.with_columns(difference_qty=pl.col("expected_closing_qty") - closing)
    used = pl.col("consumption_total_qty").abs()
    difference = pl.col("difference_qty")
    return frame.select(
        "activity_id",
        "org_code",
        "year",
        "month",
        "item_key",
        "expected_closing_qty",
        "difference_qty",
        difference_share=pl.when(used > 0).then(difference / used),
        status=pl.when(difference.is_null())
        .then(pl.lit("incomplete"))
        .when(difference.abs() <= pl.col("allowed"))
        .then(pl.lit("closed"))
        .otherwise(pl.lit("open")),
    )


def _with_traits(activity: pl.DataFrame) -> pl.DataFrame:
    """Add whether the item of each row can be stored."""
    items = standards.load("energy_items").select(
        pl.col("item_key").cast(pl.Categorical), is_stockable=pl.col("stock_possible") == "yes"
    )
    frame = activity.join(items, on="item_key", how="left", maintain_order="left")
    unknown = frame.filter(pl.col("is_stockable").is_null())["item_key"].unique()
    if unknown.len():
        raise ModelError(f"activity names unknown energy items: {sorted(unknown.to_list())}")
    return frame
