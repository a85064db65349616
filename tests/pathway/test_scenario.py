"""Scenarios out of files: what is taken, what is inherited, and everything refused at once."""

from __future__ import annotations

import pytest

from pathway.scenario_kit import TEXT
from tanfeng.errors import DataError
from tanfeng.pathway._scenario_rules import RULES
from tanfeng.pathway.scenario import Cell, Scenario, with_values
from tanfeng.pathway.scenario_files import HEADINGS, from_tables, from_toml

HEAD = [names[0] for names in HEADINGS["scenarios"].values()]
ROW = [names[0] for names in HEADINGS["drivers"].values()]


def _problems(call, *args, **kwargs):
    with pytest.raises(DataError) as refused:
        call(*args, **kwargs)
    for one in refused.value.problems:
        assert one.rule in RULES
        assert "{" not in one.line("zh") + one.line("en")
    return [(one.rule, one.value) for one in refused.value.problems]


def _tables(*rows, years=(2020, 2030.0), scenarios=(("基准", "", "", 2020, 2030),)):
    return [HEAD[:5], *scenarios], [[*ROW, *years], *rows]


def test_two_tables_say_what_toml_says():
    book = from_tables(
        [
            HEAD,
            ["base", "基准", "", 2020, 2030.0, 2022, "", "", "", ""],
            ["strong", "强化", "base", "", "", "", "", "", "", ""],
        ],
        [
            [*ROW, 2020, 2025, 2030],
            ["base", "全市", "电力排放因子", "kgCO2/kWh", "", "", "甲", 0.5, None, 0.3],
            ["base", "steel", "产品产量", "万t", "", "", "", 100, 120, "100 ± 10%"],
            ["base", "steel", "单位能耗", "kgce/t", "线性", "", "", 600, "", 500],
            ["base", "steel", "intensity_recycled", "kgce/t", "保持", "", "", 100],
            ["base", "steel", "再生原料路线占比", "%", "", "", "", 10, "", 30],
            ["base", "steel", "electrification", "", "", "", "", "20%", "", "20%"],
            ["base", "steel", "fuel_factor", "tCO2/tce", "step", "", "", 2.6],
            ["base", "steel", "process_factor", "tCO2/t", "step", "", "", 0.1],
            ["base", "steel", "process_factor_recycled", "tCO2/t", "step", "", "", 0],
            [],
            ["base", "other", "直接排放量", "万tCO2", "匀速增长", "", "", 100, "", 400],
            ["strong", "steel", "output", "", "", "", "", "", "", "*0.9"],
            ["strong", "steel", "recycling_share", "1", "", "", "", "", "", "0.4..0.6"],
        ],
        sheets=("情景", "驱动因素"),
    )
    for key in ("base", "strong"):
        ours, theirs = book.resolve(key), from_toml(TEXT).resolve(key)
        assert [(p.sector, p.driver, p.way) for p in ours.paths] == [
            (p.sector, p.driver, p.way) for p in theirs.paths
        ]
        for one, other in zip(ours.paths, theirs.paths, strict=True):
            assert [a.year for a in one.anchors] == [a.year for a in other.anchors]
            for a, b in zip(one.anchors, other.anchors, strict=True):
                assert a.value.values == pytest.approx(b.value.values)
    place = book.resolve("strong").paths[1].anchors[-1].cell.place
    assert (place.sheet, place.row, place.column) == ("驱动因素", 13, "J")


def test_everything_wrong_with_the_values_is_told_at_once():
    text = """
    [a]
    first_year = 2020
    last_year = 2030
    history_until = 2031
    producers = ["power"]
    [a.x]
    output = { unit = "万t", 2020 = "约10", 2030 = "*0.9" }
    intensity = { unit = "kWh/t", 2020 = 1, 2030 = 1 }
    recycling_share = { 2020 = 10, 2030 = "50%" }
    [a.y]
    output = { unit = "t", 2020 = 1, 2030 = 1 }
    value_added = { unit = "万元", 2020 = 1, 2030 = 1 }
    electrification = { 2020 = 0.2, 2030 = 0.2 }
    [a.z]
    emission = { unit = "tCO2", 2020 = 1, 2030 = 1 }
    output = { unit = "t", 2020 = 1, 2030 = 1 }
    """
    found = _problems(from_toml(text).resolve, "a")
    assert [rule for rule, _ in found] == [
        "Y303", "Y307", "Y304", "Y304", "Y305", "Y308", "Y311", "Y312", "Y311", "Y312", "Y313",
    ]  # fmt: skip


def test_years_nobody_gave_are_told():
    text = TEXT.replace("2020 = 600, 2030 = 500", "2021 = 600, 2029 = 500")
    assert _problems(from_toml(text).resolve, "base") == [("Y309", "2021"), ("Y309", "2029")]


def test_a_row_with_a_bad_cell_is_not_told_twice():
    text = TEXT.replace("2020 = 600, 2030 = 500", '2020 = 600, 2030 = "五百"')
    assert _problems(from_toml(text).resolve, "base") == [("Y303", "五百")]


@pytest.mark.parametrize("unit", ["kgce", "kgce/m2", "", "kgce/"])
def test_an_intensity_is_per_unit_of_its_activity(unit):
    text = TEXT.replace('unit = "kgce/t", 2020 = 600', f'unit = "{unit}", 2020 = 600')
    assert _problems(from_toml(text).resolve, "base") == [("Y304", unit)] * 2


def test_producers_may_be_written_with_commas():
    text = TEXT.replace("history_until = 2022", 'history_until = 2022\nproducers = "steel，other"')
    assert from_toml(text).resolve("strong").producers == ("steel", "other")


def test_nothing_grows_from_zero():
    text = TEXT.replace("2020 = 100, 2030 = 400", "2020 = 0, 2030 = 400")
    assert _problems(from_toml(text).resolve, "base") == [("Y310", "0")]


def test_parents_are_known_and_in_no_circle():
    book = from_toml('[a]\nparent = "b"\n[b]\nparent = "c"\n[c]\nparent = "a"\n')
    (found,) = _problems(book.resolve, "a")
    assert found == ("Y302", "a")
    with pytest.raises(DataError, match="a → b → c → a"):
        book.resolve("a")
    assert _problems(book.resolve, "d") == [("Y301", "d")]
    assert _problems(from_toml('[a]\nparent = "x"').resolve, "a") == [("Y301", "x")]


def test_a_file_that_is_no_scenario():
    assert _problems(from_toml, "[a")[0][0] == "Y320"
    text = """
    title = "x"
    [a]
    first_year = 20
    colour = "red"
    [a.x]
    output = 5
    [a.y]
    outputs = { unit = "t", way = "spline", 2020 = 1 }
    [a.z]
    output = { unit = "t", 20 = 1, 2020 = "" }
    """
    assert [rule for rule, _ in _problems(from_toml, text)] == [
        "Y321", "Y322", "Y323", "Y321", "Y324", "Y325", "Y323",
    ]  # fmt: skip


def test_a_table_that_is_no_scenario():
    scenarios, drivers = _tables(
        ["基准", "", "产品产量", "t", "", "", "", 1, 1],
        ["无", "x", "产品产量", "t", "", "", "", 1, 1],
        scenarios=[("基准", "", "", 2020, 2030), ("基准", "", "", 2020, 2030)],
    )
    assert _problems(from_tables, scenarios, drivers) == [
        ("Y327", "基准"), ("Y326", "产品产量"), ("Y328", "无"),
    ]  # fmt: skip
    wrong = [["名称", "情景名称"], ["x", "y"]]
    assert _problems(from_tables, wrong, [[*ROW[1:], 2020, 2020, "备注"]]) == [
        ("Y329", "情景"), ("Y323", "名称"), ("Y329", "情景"), ("Y330", "2020"), ("Y323", "备注"),
    ]  # fmt: skip
    assert _problems(from_tables, [], [])[0] == ("Y329", "情景")


def test_a_value_is_given_once():
    scenarios, drivers = _tables(
        ["基准", "x", "产品产量", "t", "", "", "", 1, 1],
        ["基准", "x", "直接排放量", "tCO2", "", "", "", 1, 1],
        ["基准", "x", "直接排放量", "tCO2", "", "", "", "", 2],
    )
    book = from_tables(scenarios, drivers)
    assert _problems(book.resolve, "基准") == [("Y306", "2"), ("Y312", "x")]
    with pytest.raises(DataError, match="first at I3"):
        book.resolve("基准")


def test_a_multiple_of_nothing_is_refused():
    text = TEXT.replace('"*0.9"', '"*0"').replace("0.4..0.6", "*200%")
    assert _problems(from_toml(text).resolve, "strong") == [("Y305", "*0")]


def test_a_cell_of_toml_may_name_its_own_source():
    text = TEXT.replace("2025 = 120", '2025 = { value = 120, ref = "乙" }')
    path = from_toml(text).resolve("base").paths[1]
    assert [anchor.cell.ref for anchor in path.anchors] == ["", "乙", ""]
    assert path.anchors[1].cell.place.heading == "base.steel.output.2025"


def test_a_slider_makes_a_scenario_of_another():
    book = from_toml(TEXT)
    slid = with_values(
        book,
        [Cell("", "steel", "output", 2030, "80", "万t")],
        Scenario("slid", parent="strong"),
    )
    path = next(p for p in slid.resolve("slid").paths if p.driver == "output")
    assert path.anchors[-1].value.values == (80,)
    assert "slid" not in book.scenarios
