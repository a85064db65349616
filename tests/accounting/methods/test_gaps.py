"""What cannot be computed is told by the cell that is empty or wrong; nothing becomes zero."""

from __future__ import annotations

from method_rows import by_row, row, run

STEEL = "gb_t_32151_5_2015"


def gaps(account):
    return account.gaps.select("column", "reason", "value").rows()


def test_an_empty_row_lacks_its_amount():
    found = run(STEEL, [row("flux", "material", "limestone")])
    assert gaps(found) == [("used_qty", "missing", None)]


def test_a_stock_balance_that_was_begun_lacks_its_empty_cells():
    found = run(STEEL, [row("flux", "material", "limestone", purchased_qty=5.0)])
    assert gaps(found) == [
        ("opening_stock_qty", "missing", None),
        ("closing_stock_qty", "missing", None),
    ]


def test_a_negative_use_is_refused_with_its_value():
    # 5 + 10 - 40 = -25 t
    found = run(
        STEEL,
        [
            row(
                "flux",
                "material",
                "limestone",
                purchased_qty=5.0,
                opening_stock_qty=10.0,
                closing_stock_qty=40.0,
            ),
            row("flux", "material", "limestone", used_qty=1.0),
        ],
    )
    assert gaps(found) == [("used_qty", "out_of_range", -25.0)]
    assert by_row(found) == [None, 0.44]
    assert found.emissions(["stream"])["missing_rows"].to_list() == [1]


def test_a_gas_of_more_than_a_hundred_percent_is_refused():
    # 4 x 90 + 3 x 60 percent: 5.4 x 12 x 10 / 22.4 = 28.9 tC/1e4 Nm3, more than butane holds
    found = run(
        STEEL,
        [
            row(
                "fuel",
                "fuel_by_analysis",
                "natural_gas",
                used_qty=1.0,
                c4_vol_pct=90.0,
                c3_vol_pct=60.0,
            )
        ],
    )
    assert [(column, reason) for column, reason, _value in gaps(found)] == [
        ("carbon_content_tc", "out_of_range")
    ]
