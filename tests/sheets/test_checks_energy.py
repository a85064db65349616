"""Checks of energy rows, each with its arithmetic."""

from __future__ import annotations

import pytest

from tanfeng.sheets._items import items
from tanfeng.sheets._tables import thresholds


def test_clean_rows_are_quiet(bench):
    result = bench.energy_rows(bench.energy(), bench.coal())
    assert bench.told(result) == []
    assert result.ok
    assert result.accepted.height == 2


# ------------------------------------------------------------------------------ balance


def test_balance_open(bench):
    # 20 + 100 - 90 = 30, printed 40: out by -10, 11 % of 90.
    result = bench.energy_rows(bench.coal(closing_stock_qty=40))
    (problem,) = result.problems
    assert (problem.rule, problem.severity, problem.row) == ("E002", "warning", 2)
    assert "差额-10" in problem.message_zh
    assert "待核实" in problem.message_zh
    assert "unverified" in problem.message_en


@pytest.mark.parametrize(
    ("closing", "rules"), [(29.55, []), (30.45, []), (29.54, ["E002"]), (30.46, ["E002"])]
)
def test_balance_at_the_threshold(bench, closing, rules):
    # 0.5 % of 90 is 0.45: a difference of exactly 0.45 passes.
    result = bench.energy_rows(bench.coal(closing_stock_qty=closing))
    assert [rule for _, rule, _ in bench.told(result)] == rules


def test_balance_with_own_production_supply_and_adjustment(bench):
    # 5 + 10 + 100 - 90 - 8 - 2 = 15
    row = bench.coal(
        opening_stock_qty=5,
        purchase_qty=10,
        purchase_amount_kcny=8,
        own_production_qty=100,
        transfer_out_qty=8,
        stock_adjustment_qty=-2,
        closing_stock_qty=15,
    )
    assert bench.told(bench.energy_rows(row)) == []


def test_no_data_is_not_balanced(bench):
    # Without the closing stock of something that can be stored nothing can be said.
    assert bench.told(bench.energy_rows(bench.coal(closing_stock_qty=None))) == []
    nothing_bought = bench.coal(purchase_qty=None, purchase_amount_kcny=None)
    assert bench.told(bench.energy_rows(nothing_bought)) == []


def test_electricity_needs_no_stock_to_balance(bench):
    # 100 bought, 90 used, nothing supplied: 10 missing.
    result = bench.energy_rows(bench.energy(consumption_total_qty=90))
    assert bench.told(result) == [("2", "E002", "warning")]


def test_tolerance_is_a_parameter(bench):
    row = bench.coal(closing_stock_qty=31)  # out by 1, 1.1 % of 90
    assert bench.told(bench.energy_rows(row)) == [("2", "E002", "warning")]
    assert bench.told(bench.energy_rows(row, thresholds={"E002.tolerance": 0.02})) == []


def test_what_is_not_stored(bench):
    result = bench.energy_rows(
        bench.energy(closing_stock_qty=3, purchase_qty=103, purchase_amount_kcny=650)
    )
    assert [rule for _, rule, _ in bench.told(result)] == ["E010"]


# ------------------------------------------------------------------------------ parts and signs


def test_feedstock_above_use(bench):
    result = bench.energy_rows(bench.coal(feedstock_qty=91))
    assert [rule for _, rule, _ in bench.told(result)] == ["E004"]
    assert result.bad_rows == {2}
    assert bench.told(bench.energy_rows(bench.coal(feedstock_qty=90))) == []  # equal is fine


@pytest.mark.parametrize("field", ["opening_stock_qty", "closing_stock_qty", "purchase_qty"])
def test_negative_quantities(bench, field):
    result = bench.energy_rows(bench.coal(**{field: -1}))
    assert ("E009", "error") in [(rule, grave) for _, rule, grave in bench.told(result)]
    assert result.accepted.height == 0


def test_stock_adjustment_may_be_negative(bench):
    # 20 + 100 - 90 - 5 = 25
    row = bench.coal(stock_adjustment_qty=-5, closing_stock_qty=25)
    assert bench.told(bench.energy_rows(row)) == []


def test_green_power(bench):
    assert bench.told(bench.energy_rows(bench.energy(green_power_1e4kwh=100))) == []
    more = bench.energy_rows(bench.energy(green_power_1e4kwh=101))
    assert [(r, s) for _, r, s in bench.told(more)] == [("E031", "error")]
    misplaced = bench.energy_rows(bench.coal(green_power_1e4kwh=1))
    assert [(r, s) for _, r, s in bench.told(misplaced)] == [("X036", "warning")]


# ------------------------------------------------------------------------------ coefficients


def test_coefficient_range_of_raw_coal(bench):
    assert (items()["raw_coal"].low, items()["raw_coal"].high) == (0.2, 0.95)
    for value, rules in ((0.2, []), (0.95, []), (0.96, ["E011"]), (0.19, ["E011"])):
        result = bench.energy_rows(bench.coal(coef_used_tce=value))
        assert [rule for _, rule, _ in bench.told(result)] == rules


@pytest.mark.parametrize(
    ("value", "factor", "meant"),
    [(7.143, "10", "0.7143"), (714.3, "1000", "0.7143"), (0.07143, "0.1", "0.7143")],
)
def test_coefficient_unit_slip(bench, value, factor, meant):
    result = bench.energy_rows(bench.coal(coef_used_tce=value))
    (problem,) = [p for p in result.problems if p.severity != "info"]
    assert (problem.rule, problem.suggestion) == ("E012", meant)
    assert f"约为参考值的{factor}倍" in problem.message_zh


def test_electricity_coefficient(bench):
    result = bench.energy_rows(bench.energy(coef_used_tce=3.0))  # an equal value, not calorific
    (problem,) = [p for p in result.problems if p.severity != "info"]
    assert (problem.rule, problem.suggestion, problem.severity) == ("E013", "1.229", "warning")
    assert bench.told(bench.energy_rows(bench.energy(coef_used_tce=1.2295))) == []
    slip = bench.energy_rows(bench.energy(coef_used_tce=0.1229))  # kgce/kWh
    assert [rule for _, rule, _ in bench.told(slip)] == ["E012"]


# ------------------------------------------------------------------------------ purchases


def test_price_range(bench):
    low, high = (thresholds()[f"V033.{bound}"].value for bound in ("low", "high"))
    assert (low, high) == (2500, 13000)  # CNY per 1e4 kWh
    for amount, rules in ((250, []), (1300, []), (1301, ["V033"]), (249, ["V033"])):
        # amount x 1000 / 100: 250 kCNY is 2500 CNY per 1e4 kWh
        result = bench.energy_rows(bench.energy(purchase_amount_kcny=amount))
        assert [rule for _, rule, _ in bench.told(result)] == rules


def test_amount_in_yuan_instead_of_thousands(bench):
    # 630,000 CNY typed under 千元: 6.3e6 CNY per 1e4 kWh is 1000 times too much.
    result = bench.energy_rows(bench.energy(purchase_amount_kcny=630000))
    (problem,) = [p for p in result.problems if p.severity != "info"]
    assert (problem.rule, problem.severity) == ("V900", "warning")
    assert problem.heading.startswith("购进金额")
    assert problem.suggestion == "630"


def test_quantity_in_kwh_instead_of_wan_kwh(bench):
    # 1,000,000 kWh typed under 万千瓦时: the price is 10,000 times too small.
    row = bench.energy(purchase_qty=1_000_000, consumption_total_qty=1_000_000)
    result = bench.energy_rows(row)
    (problem,) = [p for p in result.problems if p.severity != "info"]
    assert (problem.rule, problem.heading, problem.suggestion) == ("V900", "购进量", "100")


def test_purchase_without_amount_does_not_block(bench):
    result = bench.energy_rows(bench.energy(purchase_amount_kcny=None), bench.coal())
    assert [(r, s) for _, r, s in bench.told(result)] == [("E014", "warning")]
    assert result.accepted.height == 2


def test_bought_and_not_used(bench):
    row = bench.coal(consumption_total_qty=0, opening_stock_qty=20, closing_stock_qty=20)
    result = bench.energy_rows(row)
    assert ("E015", "info") in [(p.rule, p.severity) for p in result.problems]


# ------------------------------------------------------------------------------ parts of a whole


def test_kinds_that_add_up_stay(bench):
    # 60 + 30 = 90
    kinds = [
        bench.coal(
            energy_name="其中：无烟煤",
            purchase_qty=None,
            purchase_amount_kcny=None,
            coef_used_tce=0.9428,
            consumption_total_qty=60,
            opening_stock_qty=None,
            closing_stock_qty=None,
        ),
        bench.coal(
            energy_name="一般烟煤",
            purchase_qty=None,
            purchase_amount_kcny=None,
            consumption_total_qty=30,
            opening_stock_qty=None,
            closing_stock_qty=None,
        ),
    ]
    result = bench.energy_rows(bench.coal(), *kinds)
    assert result.frame["is_part"].to_list() == [False, True, True]
    assert result.accepted["item_key"].to_list() == ["raw_coal", "anthracite", "steam_coal"]
    assert [rule for _, rule, _ in bench.told(result, "X023")] == ["X023", "X023"]


def test_kinds_that_do_not_add_up_are_left_out(bench):
    kind = bench.coal(
        energy_name="其中：无烟煤",
        purchase_qty=None,
        purchase_amount_kcny=None,
        coef_used_tce=0.9428,
        consumption_total_qty=60,
        opening_stock_qty=None,
        closing_stock_qty=None,
    )
    result = bench.energy_rows(bench.coal(), kind)
    assert result.accepted["item_key"].to_list() == ["raw_coal"]
    assert [(r, s) for _, r, s in bench.told(result)] == [("X039", "warning")]


def test_a_kind_alone_is_no_part(bench):
    row = bench.coal(energy_name="一般烟煤")
    result = bench.energy_rows(row)
    assert result.frame["is_part"].to_list() == [False]
    assert result.accepted.height == 1


def test_green_power_is_no_row(bench):
    result = bench.energy_rows(
        bench.energy(),
        bench.energy(
            energy_name="其中：绿电",
            purchase_qty=None,
            purchase_amount_kcny=None,
            consumption_total_qty=40,
        ),
    )
    assert result.accepted["item_key"].to_list() == ["electricity"]
    assert [(r, s) for _, r, s in bench.told(result)] == [("X024", "warning")]


def test_kinds_of_another_unit_do_not_add_up(bench):
    # Biogas is in 1e4 m3, biomass in t: a sum of the two means nothing.
    rows = [
        bench.coal(energy_name="生物质废料(用于燃料)", coef_used_tce=0.5, purchase_amount_kcny=50),
        bench.coal(
            energy_name="沼气",
            unit_zh="万立方米",
            coef_used_tce=7.143,
            purchase_qty=None,
            purchase_amount_kcny=None,
            consumption_total_qty=90,
            opening_stock_qty=None,
            closing_stock_qty=None,
        ),
    ]
    result = bench.energy_rows(*rows)
    assert result.accepted["item_key"].to_list() == ["biomass"]


# ------------------------------------------------------------------------------ units and items


@pytest.mark.parametrize(
    ("unit", "quantity", "read"),
    [
        ("千瓦时", 1_000_000, 100),
        ("kWh", 1_000_000, 100),
        ("MWh", 1000, 100),
        ("亿千瓦时", 0.01, 100),
        ("万度", 100, 100),
    ],
)
def test_row_unit_is_converted(bench, unit, quantity, read):
    row = bench.energy(unit_zh=unit, purchase_qty=quantity, consumption_total_qty=quantity)
    result = bench.energy_rows(row)
    assert result.frame["consumption_total_qty"].to_list() == [pytest.approx(read, rel=1e-14)]
    assert result.frame["unit_zh"].to_list() == [unit]  # as printed
    assert result.frame["unit"].to_list() == ["1e4 kWh"]
    assert bench.told(result) == []
    told = bench.told(result, "S011")
    assert (told == []) == (unit == "万度")


@pytest.mark.parametrize(("unit", "rule"), [("吨", "X005"), ("升", "X005"), ("桶", "X006")])
def test_unit_of_another_kind(bench, unit, rule):
    result = bench.energy_rows(bench.energy(unit_zh=unit))
    assert [(r, s) for _, r, s in bench.told(result)] == [(rule, "error")]
    assert result.frame["consumption_total_qty"].to_list() == [None]


def test_heat_in_tonnes_of_steam_says_what_to_do(bench):
    row = bench.energy(
        energy_name="热力", unit_zh="吨", coef_used_tce=0.0341, purchase_amount_kcny=7
    )
    (problem,) = [p for p in bench.energy_rows(row).problems if p.severity == "error"]
    assert problem.rule == "X005"
    assert "百万千焦" in problem.message_zh
    assert "enthalpy" in problem.remedy_en


def test_gigajoules_and_megajoules(bench):
    # 100,000 MJ are 100 GJ.
    row = bench.energy(
        energy_name="热力",
        unit_zh="MJ",
        purchase_qty=100_000,
        consumption_total_qty=100_000,
        coef_used_tce=0.0341,
        purchase_amount_kcny=7,
    )
    result = bench.energy_rows(row)
    assert result.frame["purchase_qty"].to_list() == [100]
    assert bench.told(result) == []


def test_no_unit_column(bench):
    rows = bench.filled("monthly_energy", bench.energy(unit_zh=None))
    result = bench.read(bench.workbook(rows))
    assert [(r, s) for _, r, s in bench.told(result)] == [("X014", "warning")]
    assert result.accepted.height == 1


def test_code_alone_is_enough(bench):
    result = bench.energy_rows(bench.energy(energy_name=None, energy_code="33"))
    assert result.frame["item_key"].to_list() == ["electricity"]
    assert result.frame["energy_name"].to_list() == ["电力"]
    assert bench.told(result) == []
    number = bench.energy_rows(bench.coal(energy_name=None, energy_code=1))
    assert number.frame["energy_code"].to_list() == ["01"]
    assert number.frame["item_key"].to_list() == ["raw_coal"]


def test_code_and_name_disagree(bench):
    result = bench.energy_rows(bench.energy(energy_code="01"))
    assert [(r, s) for _, r, s in bench.told(result)] == [("X008", "error")]
    assert bench.told(bench.energy_rows(bench.energy(energy_code="33"))) == []


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("电  力", "electricity"),
        ("天然气（气态）", "natural_gas"),
        ("２.柴油", "diesel"),
        ("LNG", "lng"),
    ],
)
def test_names_as_written(bench, name, key):
    row = bench.energy(energy_name=name, unit_zh=items()[key].unit_zh, coef_used_tce=None)
    assert bench.energy_rows(row).frame["item_key"].to_list() == [key]


def test_unknown_item(bench):
    result = bench.energy_rows(bench.energy(energy_name="反重力燃料"))
    assert [(r, s) for _, r, s in bench.told(result)] == [("X007", "error")]


# ------------------------------------------------------------------------------ form 205-1


def form_205_1(*rows):
    heads = "energy_name unit_zh energy_code opening_stock_qty purchase_qty purchase_amount_kcny"
    heads += " consumption_total_qty industrial_consumption_qty feedstock_qty"
    heads += " non_industrial_consumption_qty transport_qty closing_stock_qty coef_used_tce"
    return [dict(zip(heads.split(), row, strict=True)) for row in rows]


COAL = ("原煤", "吨", "01", 20, 100, 80, 90, 85, 5, 5, 1, 30, 0.7143)


@pytest.mark.parametrize(
    ("place", "value", "rule", "severity"),
    [
        (11, 40, "E001", "warning"),  # 20 + 100 - 90 = 30
        (7, 80, "E003", "error"),  # 80 + 5 = 85, not 90
        (8, 86, "E004", "error"),  # feedstock 86 > industrial 85
        (10, 91, "E005", "error"),  # vehicles 91 > total 90
    ],
)
def test_rows_of_form_205_1(bench, place, value, rule, severity):
    row = [*COAL[:place], value, *COAL[place + 1 :]]
    result = bench.read_rows("stat_205_1", *form_205_1(COAL))
    assert bench.told(result) == []
    result = bench.read_rows("stat_205_1", *form_205_1(row))
    assert [(r, s) for _, r, s in bench.told(result)] == [(rule, severity)]


def test_raw_coal_is_the_sum_of_its_kinds(bench):
    kinds = [
        ("无烟煤", "吨", "02", 0, 40, 32, 40, 40, 0, 0, 0, 0, 0.9428),
        ("一般烟煤", "吨", "04", 20, 59, 48, 49, 44, 5, 5, 1, 30, 0.7143),
    ]
    result = bench.read_rows("stat_205_1", *form_205_1(COAL, *kinds))
    # purchase: 40 + 59 = 99, printed 100; use: 40 + 49 = 89, printed 90; 40 + 44 = 84, printed 85
    found = [(p.value, p.heading) for p in result.problems if p.rule == "E006"]
    assert found == [("100", "实物量"), ("90", "合计"), ("85", "1.工业生产消费")]


def test_totals_of_form_205_1(bench):
    # 90 x 0.7143 + 100 x 1.229 = 64.287 + 122.9 = 187.187 tce; amounts 80 + 630 = 710.
    power = ("电力", "万千瓦时", "33", None, 100, 630, 100, 100, None, None, None, None, 1.229)
    total = [
        "能源合计",
        "吨标准煤",
        "40",
        None,
        None,
        710,
        187.19,
        None,
        None,
        None,
        None,
        None,
        None,
    ]
    good = bench.read_rows("stat_205_1", *form_205_1(COAL, power, total))
    assert bench.told(good) == []
    assert good.skipped == ((4, "total"),)
    total[5], total[6] = 800, 200
    bad = bench.read_rows("stat_205_1", *form_205_1(COAL, power, total))
    assert [(p.rule, p.row) for p in bad.problems if p.severity != "info"] == [
        ("E008", 4),
        ("E007", 4),
    ]
    assert "187.187" in next(p for p in bad.problems if p.rule == "E007").message_zh
