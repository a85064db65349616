"""Steel: worked by hand from the defaults of the tables, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "gb_t_32151_5_2015"


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "anthracite", used_qty=1000.0),
            row("fuel", "fuel", "coke", used_qty=3000.0),
            row("flux", "material", "limestone", used_qty=500.0),
            row("flux", "material", "dolomite", used_qty=200.0),
            row("electrode", "material", "electrode", used_qty=10.0),
            row("material", "material", "pig_iron", used_qty=100.0),
            row("electricity", "electricity", "electricity", purchased_mwh=2000.0),
            row("heat", "heat", "heat", purchased_gj=0.0, sold_gj=1000.0),
            row(
                "fixed_carbon",
                "fixed_carbon",
                "crude_steel",
                sold_qty=8000.0,
                opening_stock_qty=0.0,
                closing_stock_qty=0.0,
            ),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            1000 * 26.7 * 0.0274 * 0.94 * 44 / 12,  # 2521.5124
            3000 * 28.435 * 0.0295 * 0.93 * 44 / 12,  # 8581.2565
            500 * 0.44,  # 220
            200 * 0.471,  # 94.2
            10 * 3.663,  # 36.63
            100 * 0.172,  # 17.2
            2000 * 0.5306,  # 1061.2
            -1000 * 0.11,  # -110
            -8000 * 0.0154,  # -123.2
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(12298.7989, abs=5e-5)
    assert found.gaps.is_empty()
