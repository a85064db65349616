"""The stock balance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.accounting import stock
from tanfeng.errors import ModelError


def full(**more: object) -> dict[str, object]:
    """A coke row that balances: 10 + 100 + 20 + 1 - 90 - 30 = 11."""
    return {
        "item_key": "coke",
        "opening_stock_qty": 10.0,
        "purchase_qty": 100.0,
        "own_production_qty": 20.0,
        "stock_adjustment_qty": 1.0,
        "consumption_total_qty": 90.0,
        "transfer_out_qty": 30.0,
        "closing_stock_qty": 11.0,
        **more,
    }


def one(make_activity, tolerance: float = 0.005, **more: object) -> dict[str, object]:
    frame = stock.balance(make_activity([full(**more)]), tolerance=tolerance)
    assert frame.height == 1
    return frame.row(0, named=True)


def test_a_row_that_balances_is_closed(make_activity) -> None:
    row = one(make_activity)
    assert (row["expected_closing_qty"], row["difference_qty"], row["status"]) == (
        11.0,
        0.0,
        "closed",
    )


@pytest.mark.parametrize(
    ("closing", "status"),
    # 0.5 % of 90 is 0.45
    [(11.44, "closed"), (11.46, "open"), (10.56, "closed"), (10.54, "open")],
)
def test_the_tolerance_is_half_a_percent_of_consumption(
    make_activity, closing: float, status: str
) -> None:
    row = one(make_activity, closing_stock_qty=closing)
    assert row["status"] == status
    assert row["difference_share"] == pytest.approx((11 - closing) / 90)


def test_the_tolerance_is_an_argument(make_activity) -> None:
    assert one(make_activity, closing_stock_qty=12.0)["status"] == "open"
    assert one(make_activity, 0.02, closing_stock_qty=12.0)["status"] == "closed"
    assert one(make_activity, 0.0)["status"] == "closed"


@pytest.mark.parametrize("tolerance", [-0.1, 0.5 * 100])
def test_a_percent_is_no_share(make_activity, tolerance: float) -> None:
    with pytest.raises(ModelError, match=r"0.5 % is 0.005"):
        stock.balance(make_activity([full()]), tolerance=tolerance)


def test_empty_production_supply_and_gain_mean_none(make_activity) -> None:
    row = one(
        make_activity,
        own_production_qty=None,
        transfer_out_qty=None,
        stock_adjustment_qty=None,
        closing_stock_qty=20.0,  # 10 + 100 - 90
    )
    assert row["status"] == "closed"


@pytest.mark.parametrize(
    "column",
    ["opening_stock_qty", "purchase_qty", "consumption_total_qty", "closing_stock_qty"],
)
def test_a_missing_figure_makes_the_row_incomplete_not_balanced(make_activity, column: str) -> None:
    row = one(make_activity, **{column: None})
    assert (row["status"], row["difference_qty"]) == ("incomplete", None)


def test_what_cannot_be_stored_needs_no_stocks(make_activity) -> None:
    row = one(
        make_activity,
        item_key="electricity",
        opening_stock_qty=None,
        closing_stock_qty=None,
        stock_adjustment_qty=None,
    )
    assert (row["difference_qty"], row["status"]) == (0.0, "closed")


def test_without_consumption_the_turnover_is_the_measure(make_activity) -> None:
    idle = full(
        consumption_total_qty=0.0,
        own_production_qty=None,
        transfer_out_qty=None,
        stock_adjustment_qty=None,
    )
    closed = stock.balance(make_activity([{**idle, "closing_stock_qty": 110.5}]))
    assert closed["status"].item() == "closed"  # 0.5 <= 0.5 % of 110
    assert closed["difference_share"].item() is None
    still = stock.balance(make_activity([{**idle, "closing_stock_qty": 111.0}]))
    assert still["status"].item() == "open"


def test_an_unknown_item_is_refused(make_activity) -> None:
    with pytest.raises(ModelError, match=r"unknown energy items: .'peat'."):
        stock.balance(make_activity([full(item_key="peat")]))


QTY = st.floats(0, 1e6).map(lambda x: round(x, 3))


@given(QTY, QTY, QTY, QTY, QTY)
def test_the_closing_stock_that_follows_from_the_row_always_closes_it(
    make_activity, opening: float, purchase: float, own: float, used: float, supplied: float
) -> None:
    closing = opening + purchase + own - used - supplied
    frame = stock.balance(
        make_activity(
            [
                full(
                    opening_stock_qty=opening,
                    purchase_qty=purchase,
                    own_production_qty=own,
                    stock_adjustment_qty=None,
                    consumption_total_qty=used,
                    transfer_out_qty=supplied,
                    closing_stock_qty=closing,
                )
            ]
        )
    )
    assert frame["status"].item() == "closed"
