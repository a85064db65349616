"""The newest published data year, and what was passed over."""

from __future__ import annotations

from datetime import date

import pytest

from tanfeng import standards
from tanfeng.errors import FactorAmbiguous, FactorNotFound, StandardError

FUJIAN = {"kind": "provincial_average", "region": "CN-FJ"}


def _fujian(as_of, **more):
    return standards.newest("electricity_heat_factors", as_of=as_of, **FUJIAN, **more)


@pytest.mark.parametrize(
    ("as_of", "value", "passed"),
    [
        # Published: 2021 on 2024-04-12, 2022 on 2024-12-20, 2023 on 2025-12-31
        (date(2024, 4, 12), 0.4711, []),
        (date(2024, 12, 19), 0.4711, []),
        (date(2024, 12, 20), 0.4092, [0.4711]),
        (date(2025, 12, 30), 0.4092, [0.4711]),
        (date(2025, 12, 31), 0.4211, [0.4092, 0.4711]),
    ],
)
def test_a_factor_counts_from_the_day_it_was_published(as_of, value, passed):
    found = _fujian(as_of)
    assert found.value == value
    assert [factor.value for factor in found.passed_over] == passed


def test_the_choice_is_said_in_words():
    found = _fujian(date(2026, 1, 31))
    assert found.choice_zh == (
        "按 kind=provincial_average、region=CN-FJ，截至 2026-01-31 已公布的最新数据年份 2023；"
        "未采用：2022 (0.4092)、2021 (0.4711)"
    )
    assert found.choice_en == (
        "for kind=provincial_average, region=CN-FJ, newest data year published by 2026-01-31: "
        "2023; passed over: 2022 (0.4092), 2021 (0.4711)"
    )


def test_a_limit_keeps_the_year_of_the_account():
    found = _fujian(date(2026, 1, 31), limit=2022)
    assert found.value == 0.4092
    assert [factor.value for factor in found.passed_over] == [0.4711]
    assert "不晚于 2022 的最新数据年份 2022" in found.choice_zh
    assert "newest data year up to 2022 published by 2026-01-31: 2022" in found.choice_en


def test_alone_there_is_nothing_passed_over():
    found = _fujian(date(2024, 4, 12))
    assert "未采用" not in found.choice_zh
    assert "passed over" not in found.choice_en


def test_before_the_first_publication_there_is_none():
    with pytest.raises(FactorNotFound, match="as_of=2024-04-11") as caught:
        _fujian(date(2024, 4, 11))
    assert "elec_fujian_2021 (data_year=2021, in force 2024-04-12 to ...)" in str(caught.value)
    with pytest.raises(FactorNotFound, match="highest data_year=2020"):
        _fujian(date(2026, 1, 1), limit=2020)


def test_a_lapsed_row_is_not_seen():
    # East China 2011 and 2012 are in the table until 2024-04-11; 2021 is published the day after.
    key = {"kind": "regional_average", "region": "CN-region-east"}
    on = {"table": "electricity_heat_factors", **key}
    assert standards.newest(as_of=date(2024, 4, 11), **on).text == "0.7035"
    found = standards.newest(as_of=date(2024, 4, 12), **on)
    assert (found.text, found.passed_over) == ("0.5992", ())


def test_two_rows_of_the_newest_year_are_ambiguous():
    with pytest.raises(FactorAmbiguous, match="data_year=2024"):
        standards.newest(
            "electricity_heat_factors", as_of=date(2026, 1, 1), kind="carbon_footprint", region="CN"
        )
    found = standards.newest(
        "electricity_heat_factors",
        as_of=date(2026, 1, 1),
        kind="carbon_footprint",
        region="CN",
        technology="coal",
    )
    assert (found.text, found.passed_over[0].text) == ("0.924", "0.944")


def test_an_override_wins_here_too():
    override = standards.Override(
        "electricity_heat_factors",
        "elec_fujian_2023",
        0.42,
        "kgCO2/kWh",
        "某文件, 表1",
        "核实人",
        date(2026, 2, 1),
    )
    found = _fujian(date(2026, 1, 31), overrides=standards.Overrides([override]))
    assert (found.value, found.confidence, found.shipped) == (0.42, "override", "0.4211")


def test_key_and_field_are_checked():
    with pytest.raises(StandardError, match="not named: kind"):
        standards.newest("electricity_heat_factors", as_of=date(2026, 1, 1), region="CN")
    with pytest.raises(StandardError, match="no column 'year'"):
        standards.newest("electricity_heat_factors", as_of=date(2026, 1, 1), field="year", **FUJIAN)
    with pytest.raises(StandardError, match="not named: kind, region"):
        standards.newest("electricity_heat_factors", as_of=date(2026, 1, 1), id="elec_fujian_2023")


def test_the_coal_rate_of_the_newest_year():
    found = standards.newest("coal_rate", as_of=date(2026, 3, 31), region="CN")
    assert (found.text, found.row_id) == ("302.4", "coal_rate_cn_2024")
