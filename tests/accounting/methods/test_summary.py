"""The report's order and totals."""

from __future__ import annotations

import pytest

from method_rows import ORG, row, run
from tanfeng.accounting import methods

STEEL = methods.METHODS["gb_t_32151_5_2015"]


def test_streams_stand_in_the_order_of_the_report_and_add_up():
    account = run(
        STEEL.key,
        [
            row("heat", "heat", "heat", purchased_gj=100.0),  # 11 t
            row("electricity", "electricity", "electricity", purchased_mwh=10.0),  # 5.306 t
            row("flux", "material", "limestone", used_qty=100.0),  # 44 t
            row("flux", "material", "dolomite", used_qty=10.0),  # 4.71 t
        ],
    )
    rows = methods.summary(account, [STEEL])
    assert rows["stream"].to_list() == ["flux", "electricity", "heat"]
    assert rows["emission_tco2e"].to_list() == pytest.approx([48.71, 5.306, 11.0])
    total = methods.totals(account, [STEEL]).row(0, named=True)
    assert total["org_code"] == ORG
    assert total["emission_direct_tco2e"] == pytest.approx(48.71)
    assert total["emission_total_tco2e"] == pytest.approx(48.71 + 5.306 + 11.0)


def test_a_part_without_any_row_is_empty_and_a_gap_is_counted():
    account = run(STEEL.key, [row("flux", "material", "limestone")])
    total = methods.totals(account, [STEEL]).row(0, named=True)
    assert total["emission_total_tco2e"] is None
    assert total["emission_heat_tco2e"] is None
    assert total["missing_rows"] == 1
