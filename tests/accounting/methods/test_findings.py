"""What a verifier is shown first."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from method_rows import AS_OF, frames, row
from tanfeng.accounting import methods

CEMENT = methods.METHODS["cets_ag_02_01_2024"]
STEEL = methods.METHODS["gb_t_32151_5_2015"]


def found(method, *rows, year=2024, **options):
    account = methods.account(
        frames(method.key, list(rows), year=year), [method], as_of=AS_OF, **options
    )
    return methods.findings(account, [method])


def test_a_default_where_a_measurement_is_asked_for():
    table = found(CEMENT, row("fuel", "fuel", "anthracite", used_qty=1.0))
    assert table.select("code", "column", "severity").rows() == [
        ("default_though_measured", "ncv_gj", "warning")
    ]
    assert "22.867" in table["text_zh"][0]
    assert "低位发热量要求实测" in table["text_zh"][0]
    assert "fuels/fuel_cets_2024_anthracite_ncv" in table["text_en"][0]


def test_a_measured_value_is_no_finding():
    assert found(CEMENT, row("fuel", "fuel", "anthracite", used_qty=1.0, ncv_gj=23.0)).is_empty()


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (228.67, ["far_from_default"]),  # 22.867 with its point a place too far to the right
        (5.462, ["far_from_default"]),  # 22.867 GJ is 5.462 Gcal
        (68.5, []),  # 2.996 times
    ],
)
def test_a_value_more_than_three_times_off_its_default_is_told(value, codes):
    table = found(CEMENT, row("fuel", "fuel", "anthracite", used_qty=1.0, ncv_gj=value))
    assert table["code"].to_list() == codes
    if codes:
        assert table["column"].to_list() == ["ncv_gj"]
        assert f"{value:g} 与缺省值 22.867" in table["text_zh"][0]


def test_an_empty_cell_comes_first():
    table = found(
        CEMENT,
        row("fuel", "fuel", "anthracite", used_qty=1.0),
        row("process", "clinker_factor", "portland"),
    )
    assert table["code"].to_list() == ["input_missing", "default_though_measured"]
    assert table["activity_id"].to_list() == [2, 1]
    assert table["text_zh"][0] == "缺少熟料产量 Q，该行未计入"
    assert table["text_en"][0] == "clinker produced Q is missing, the row is not counted"


def test_a_year_the_method_is_not_for_and_factors_not_yet_valid():
    table = found(CEMENT, row("process", "clinker_factor", "portland", clinker_t=1.0), year=2022)
    codes = table["code"].to_list()
    assert sorted(codes) == ["factor_outside_validity", "method_outside_validity"]
    text = table.filter(pl.col("code") == "method_outside_validity")["text_en"].item()
    assert text == "method cets_ag_02_01_2024 is for data of 2024-09-14 – …, not of 2022"


def test_a_balance_that_makes_no_sense():
    wrong = row(
        "flux",
        "material",
        "limestone",
        purchased_qty=5.0,
        opening_stock_qty=0.0,
        closing_stock_qty=9.0,
    )
    table = found(STEEL, wrong)
    assert table["code"].to_list() == ["computed_out_of_range"]
    assert "FC = -4" in table["text_en"][0]


_DAYS = {"sample_date": date(2024, 5, 1), "test_date": date(2024, 5, 2)}


@pytest.mark.parametrize(
    ("known", "lacks_zh", "lacks_en"),
    [
        (
            {},
            "采样日期、检测日期、检测机构、证据",
            "day of sampling, day of the test, laboratory, evidence",
        ),
        (_DAYS | {"evidence": "报告 7"}, "检测机构", "laboratory"),
        (_DAYS | {"evidence": "报告 7", "laboratory": "甲"}, "", ""),
    ],
)
def test_a_measured_value_nobody_can_look_up_is_told(known, lacks_zh, lacks_en):
    candidate = {"activity_id": 1, "column": "ncv_gj", "value": 23.0, "tier": "measured", **known}
    table = found(
        CEMENT,
        row("fuel", "fuel", "anthracite", used_qty=1.0),
        candidates=pl.DataFrame([candidate], schema=dict(methods.CANDIDATE_SCHEMA)),
    ).filter(pl.col("code") == "measured_unproven")
    assert table.height == bool(lacks_zh)
    for text in table["text_zh"]:
        assert text == f"低位发热量采用实测值 23.0，未填写：{lacks_zh}"
    for text in table["text_en"]:
        assert text.endswith(f"without its {lacks_en}")


def test_a_candidate_that_was_passed_over_says_why():
    candidate = {
        "activity_id": 1,
        "column": "ncv_gj",
        "value": 23.0,
        "tier": "measured",
        "sample_date": date(2024, 5, 2),
        "test_date": date(2024, 5, 1),
        "laboratory": "",
        "accredited": True,
        "evidence": "",
    }
    table = found(
        CEMENT,
        row("fuel", "fuel", "anthracite", used_qty=1.0),
        candidates=pl.DataFrame([candidate], schema=dict(methods.CANDIDATE_SCHEMA)),
    )
    assert table["code"].to_list() == ["default_though_measured", "candidate_rejected"]
    assert table["text_zh"][1] == "低位发热量的候选值 23.0 未采用：检测日期早于采样日期"
    assert table["text_en"][1].startswith("candidate 23.0 for net calorific value was passed over")


@pytest.mark.parametrize(
    ("key", "words_zh", "words_en"),
    [
        ("gb_t_32151_5_2015", "没有非化石电量计零的规则", "no rule that counts it as zero"),
        ("cets_ag_02_01_2024", "未并入公共电网的直供电", "not joined to the public grid"),
        ("gb_t_32151_34_2024", "缺证不得计零", "without proof it is not zero"),
    ],
)
def test_electricity_counted_as_zero_is_told_with_the_rule_of_the_text(key, words_zh, words_en):
    bought = {"purchased_mwh": 10.0, "nonfossil_mwh": 4.0}
    table = found(
        methods.METHODS[key],
        row("electricity", "electricity", "electricity", **bought),
        row("electricity", "electricity", "electricity", purchased_mwh=10.0),
        year=2026,
    )
    told = table.filter(pl.col("code") == "deduction_to_prove")
    assert told.select("activity_id", "column", "severity").rows() == [
        (1, "nonfossil_mwh", "warning")
    ]
    assert "4" in told["text_zh"].item()
    assert words_zh in told["text_zh"].item()
    assert words_en in told["text_en"].item()


def test_every_stream_that_takes_electricity_off_says_when_it_may():
    for method in methods.METHODS.values():
        for stream in method.streams:
            off = {
                column
                for kind in stream.kinds
                for column in kind.inputs
                if "nonfossil" in column and not column.startswith("sold_")
            }
            assert off == set(stream.to_prove), f"{method.key}.{stream.key}"
