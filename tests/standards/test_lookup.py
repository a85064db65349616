"""Look-ups against rows read by hand, by date, and the words of every refusal."""

from __future__ import annotations

from datetime import date

import pytest

from tanfeng import standards
from tanfeng.errors import FactorAmbiguous, FactorNotFound, StandardError


def test_fujian_2022_is_the_published_factor():
    found = standards.lookup(
        "electricity_heat_factors", kind="provincial_average", data_year=2022, region="CN-FJ"
    )
    assert found.ref == "electricity_heat_factors/elec_fujian_2022"
    assert (found.value, found.text, found.unit) == (0.4092, "0.4092", "kgCO2/kWh")
    assert found.document == "MEE/NBS 关于发布2022年电力二氧化碳排放因子的公告（2024-12-20）"
    assert found.clause == "附件1"
    assert (found.valid_from, found.valid_to) == ("2024-12-20", "")
    assert (found.confidence, found.evidence, found.verified) == ("confirmed", "S3+S4+M", True)
    assert found.name_zh == "2022年福建电力平均二氧化碳排放因子"
    assert found.choice_zh == (
        "按 kind=provincial_average、data_year=2022、region=CN-FJ 查得唯一一行"
    )
    assert found.choice_en == (
        "the only row for kind=provincial_average, data_year=2022, region=CN-FJ"
    )


@pytest.mark.parametrize(
    ("table", "key", "value", "unit", "clause"),
    [
        (
            "fuels",
            {"guideline": "NDRC-GENERAL-2015", "fuel_key": "coke", "parameter": "ncv"},
            28.446,
            "GJ/t",
            "附录二表2.1（与化工2013指南附表同族）",
        ),
        (
            "fuels",
            {"guideline": "GBT-2589-2020", "fuel_key": "electricity", "parameter": "sce"},
            0.1229,
            "kgce/kWh",
            "附录A 表A.1",
        ),
        (
            "fuels",
            {
                "guideline": "GBT-2589-2020",
                "fuel_key": "natural_gas",
                "parameter": "sce",
                "bound": "max",
            },
            1.33,
            "kgce/m3",
            "附录A 表A.1",
        ),
        ("electricity_heat_factors", {"id": "heat_default_0_11"}, 0.11, "tCO2/GJ", ""),
        ("process_factors", {"id": "gwp_ar2_ch4"}, 21.0, "kgCO2e/kg", "Table 4"),
        ("motors", {"rated_power_kw": "0.12", "poles": "2", "grade": "1"}, 71.4, "%", "表1"),
        ("motors", {"rated_power_kw": 3, "poles": 2, "grade": 3}, 87.1, "%", "表1"),
        (
            "transformers",
            {
                "equipment": "transformer",
                "standard": "GB 20052-2024",
                "capacity": 30,
                "grade": 1,
                "type": "oil",
                "core_material": "电工钢带",
                "loss_type": "noload",
            },
            65.0,
            "W",
            "表1",
        ),
        ("energy_items", {"item_key": "coke"}, 0.9714, "tce/t", "丁栏 参考折标系数"),
        ("coal_rate", {"data_year": 2020, "region": "CN"}, 305.5, "gce/kWh", ""),
    ],
)
def test_rows_read_by_hand(table, key, value, unit, clause):
    found = standards.lookup(table, **key)
    assert (found.value, found.unit, found.clause) == (value, unit, clause)
    assert found.number == value


def test_an_empty_cell_is_asked_for_with_none_or_an_empty_text():
    for nothing in (None, ""):
        found = standards.lookup(
            "electricity_heat_factors", kind="heat", data_year=nothing, region="CN"
        )
        assert found.row_id == "heat_default_0_11"


def test_a_row_of_words_has_no_number():
    found = standards.lookup(
        "benchmarks", field="refining", product_key="", level="deadline", edition="2023"
    )
    assert (found.value, found.text, found.unit) == (None, "2025-12-31", "date")
    with pytest.raises(StandardError, match=r"field_refining holds '2025-12-31' \(date\)"):
        _ = found.number


EDITIONS = (
    {"id": "old", "value": "435", "valid_from": "2013-01-01", "valid_to": "2025-04-30"},
    {"id": "new", "value": "415", "valid_from": "2025-05-01", "source_doc": "GB 1-2025 某标准"},
)


@pytest.mark.parametrize(
    ("on", "row"),
    [
        (date(2013, 1, 1), "old"),
        (date(2025, 4, 30), "old"),
        (date(2025, 5, 1), "new"),
        (date(2099, 1, 1), "new"),
    ],
)
def test_of_two_editions_the_one_in_force_is_taken(make, on, row):
    found = standards.lookup("small", kind="a", grade=1, on=on, shelf=make(*EDITIONS))
    assert found.row_id == row
    assert found.choice_zh.endswith(f"，{on} 有效")
    assert found.choice_en.endswith(f"in force on {on}")


def test_before_the_first_edition_nothing_is_in_force(make):
    with pytest.raises(FactorNotFound) as caught:
        standards.lookup("small", kind="a", grade=1, on=date(2012, 12, 31), shelf=make(*EDITIONS))
    assert caught.value.key == {"kind": "a", "grade": 1, "on": date(2012, 12, 31)}
    assert caught.value.candidates == (
        "small/new (in force 2025-05-01 to ...)",
        "small/old (in force 2013-01-01 to 2025-04-30)",
    )


def test_without_a_day_two_editions_are_ambiguous(make):
    with pytest.raises(FactorAmbiguous, match=r"has 2 rows for kind=a, grade=1") as caught:
        standards.lookup("small", kind="a", grade=1, shelf=make(*EDITIONS))
    assert caught.value.candidates == (
        "small/old (in force 2013-01-01 to 2025-04-30)",
        "small/new (in force 2025-05-01 to ...)",
    )


def test_a_shipped_lapsed_row_is_not_in_force():
    key = {"guideline": "GBT-2589-2020", "fuel_key": "steam_lp", "parameter": "sce"}
    assert standards.lookup("fuels", on=date(2021, 3, 31), **key).value == 0.1286
    with pytest.raises(FactorNotFound, match="in force 2008-06-01 to 2021-03-31"):
        standards.lookup("fuels", on=date(2021, 4, 1), **key)


def test_a_range_of_the_standard_is_ambiguous_and_says_how_to_choose():
    with pytest.raises(FactorAmbiguous) as caught:
        standards.lookup(
            "fuels", guideline="GBT-2589-2020", fuel_key="natural_gas", parameter="sce"
        )
    assert caught.value.candidates == (
        "fuels/fuel_gbt_2589_2020_natural_gas_sce_min (bound=min, in force 2021-04-01 to ...)",
        "fuels/fuel_gbt_2589_2020_natural_gas_sce_max (bound=max, in force 2021-04-01 to ...)",
    )


def test_not_found_lists_at_most_five_rows_that_agree_best():
    with pytest.raises(FactorNotFound, match="table fuels has no row for guideline=") as caught:
        standards.lookup(
            "fuels", guideline="NDRC-GENERAL-2015", fuel_key="kerosine", parameter="ncv"
        )
    near = caught.value.candidates
    assert len(near) == 5
    assert near[0].startswith("fuels/fuel_ndrc_general_2015_kerosene_ncv (fuel_key=kerosene")
    assert "jet_kerosene" in near[1]
    assert all("ndrc_general_2015" in ref and "_ncv (" in ref for ref in near)


def test_numbers_are_near_by_their_distance():
    with pytest.raises(FactorNotFound) as caught:
        standards.lookup("motors", rated_power_kw=12, poles=4, grade=1)
    assert [ref.partition(" ")[0].rpartition("2020_")[2] for ref in caught.value.candidates] == [
        "11kw_4p_g1",  # 1 away
        "15kw_4p_g1",  # 3
        "7_5kw_4p_g1",  # 4.5
        "18_5kw_4p_g1",  # 6.5 and 6.5: by id
        "5_5kw_4p_g1",
    ]


def test_a_key_that_agrees_nowhere_still_gets_similar_rows():
    with pytest.raises(FactorNotFound) as caught:
        standards.lookup("process_factors", id="gwp_ar5_chh4")
    assert caught.value.candidates[0].startswith("process_factors/gwp_ar5_ch4")


def test_a_number_never_fits_a_word():
    with pytest.raises(FactorNotFound):
        standards.lookup("sector_drivers", driver="output", sector="steel", scenario="history",
                         year=0, region="CN")  # fmt: skip


def test_every_key_column_must_be_named():
    with pytest.raises(
        StandardError,
        match="looked up by guideline, fuel_key, parameter; not named: guideline, parameter",
    ):
        standards.lookup("fuels", fuel_key="coke")


def test_an_unknown_column_is_told_the_near_ones():
    with pytest.raises(StandardError, match="no column 'fuel'; did you mean fuel_key"):
        standards.lookup("fuels", fuel="coke")


def test_a_default_is_never_given():
    for key in ({"data_year": 2024}, {"data_year": 2020}):
        with pytest.raises(FactorNotFound):
            standards.lookup("electricity_heat_factors", kind="grid_average", region="CN", **key)
