"""Ceramics: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2013_ceramics"


def body(**values):
    return row("firing", "ceramic_body", "ceramic_raw", **values)


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=500.0),
            body(ceramic_raw_t=50_000.0, body_caco3_pct=4.0, body_mgco3_pct=2.0),
            row("electricity", "electricity", "electricity", purchased_mwh=10_000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            500 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 10810.9440
            50000 * 0.90 * (0.04 * 44 / 100 + 0.02 * 44 / 84),  # 1263.4286
            10000 * 0.5306,  # 5306
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(17380.3726, abs=5e-5)


def test_oxides_from_the_laboratory_become_carbonates():
    # 2.8 % CaO is 2.8 x 100/56 = 5 % CaCO3; 2 % MgO is 2 x 84/40 = 4.2 % MgCO3; eta 95 %
    found = run(
        KEY, [body(ceramic_raw_t=1000.0, raw_use_pct=95.0, body_cao_pct=2.8, body_mgo_pct=2.0)]
    )
    assert by_row(found) == pytest.approx(
        [1000 * 0.95 * (0.05 * 44 / 100 + 0.042 * 44 / 84)], rel=1e-12
    )
    assert found.lines.height == 3


def test_stated_carbonates_win_over_oxides():
    found = run(
        KEY,
        [
            body(
                ceramic_raw_t=1000.0,
                body_caco3_pct=6.0,
                body_cao_pct=2.8,
                body_mgco3_pct=0.0,
            )
        ],
    )
    assert by_row(found) == pytest.approx([1000 * 0.90 * 0.06 * 44 / 100], rel=1e-12)


def test_half_of_the_analysis_is_a_gap():
    found = run(KEY, [body(ceramic_raw_t=1000.0, body_caco3_pct=6.0)])
    assert by_row(found) == [None]
    assert found.gaps["symbol"].to_list() == ["C_MgCO3"]
