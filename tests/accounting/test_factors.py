"""Which factor is taken, and why."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date

import polars as pl
import pytest

from tanfeng import accounting, standards
from tanfeng.accounting import FactorSet
from tanfeng.errors import FactorNotFound, ModelError, StandardError

AS_OF = date(2026, 1, 15)


def electricity(
    year: int, as_of: date = AS_OF, region: str = "CN-FJ", symbol: str = "EF", **more: object
) -> dict[str, object]:
    """Return the factor of the average basis, or the coal rate, of one accounting year."""
    factors = accounting.factor_set([year], as_of=as_of, region=region, **more)  # type: ignore[arg-type]
    place = factors.items["item_key"].to_list().index("electricity")
    role = "electricity_average" if symbol == "EF" else "coal_rate"
    number = factors.slots[f"{role}_factor"][place]
    return factors.factors.filter(pl.col("factor") == number).row(0, named=True)


@pytest.mark.parametrize(
    ("year", "as_of", "taken", "value"),
    [
        # announced: 2021 on 2024-04-12, 2022 on 2024-12-20, 2023 on 2025-12-31
        (2023, AS_OF, 2023, 0.4211),
        (2022, AS_OF, 2022, 0.4092),
        (2021, AS_OF, 2021, 0.4711),
        (2024, AS_OF, 2023, 0.4211),
        (2025, AS_OF, 2023, 0.4211),
        (2023, date(2025, 6, 30), 2022, 0.4092),
        (2023, date(2024, 6, 30), 2021, 0.4711),
        (2018, AS_OF, 2021, 0.4711),
        (2018, date(2024, 4, 12), 2021, 0.4711),
    ],
)
def test_the_data_year_rule(year: int, as_of: date, taken: int, value: float) -> None:
    factor = electricity(year, as_of)
    assert factor["ref"] == f"electricity_heat_factors/elec_fujian_{taken}"
    assert factor["value"] == value


def test_the_choice_says_what_was_passed_over() -> None:
    factor = electricity(2024)
    assert factor["choice_zh"] == (
        "截至 2026-01-15 尚无 2024 年数据，采用此前最新的 2023 年；"
        "未采用：2021: 0.4711、2022: 0.4092"
    )
    assert factor["choice_en"] == (
        "nothing for 2024 by 2026-01-15; newest before it is 2023; "
        "passed over: 2021: 0.4711, 2022: 0.4092"
    )
    assert "同为 2023" in str(electricity(2023)["choice_zh"])
    assert "均晚于核算年份 2018" in str(electricity(2018)["choice_zh"])
    alone = electricity(2021, date(2024, 4, 12))
    assert alone["choice_en"] == "data year equals accounting year 2021"


def test_a_factor_of_another_year_is_noted_where_electricity_is_accounted(make_activity) -> None:
    factors = accounting.factor_set([2023, 2024], as_of=AS_OF)
    rows = [{"item_key": "electricity", "purchase_qty": 1.0, "consumption_total_qty": 1.0}]
    of_2023 = accounting.account(make_activity(rows), factors=factors)
    assert "factor_of_other_year" not in of_2023.notes["code"].to_list()
    of_2024 = accounting.account(make_activity([{**rows[0], "year": 2024}]), factors=factors)
    notes = of_2024.notes.filter(pl.col("code") == "factor_of_other_year")
    assert notes["year"].unique().to_list() == [2024]
    assert notes.height == 3  # average, residual, fossil; the coal rate of 2024 is there
    assert "2023年福建电力" in notes["text_zh"][0]


def quantities_of(factors: FactorSet, make_activity, year: int) -> dict[str, str]:
    """Return quantity -> confidence of the lines of one row of electricity."""
    row = {"item_key": "electricity", "purchase_qty": 1.0, "consumption_total_qty": 1.0}
    account = accounting.account(make_activity([{**row, "year": year}]), factors=factors)
    columns = account.lines.select(pl.col("quantity", "confidence").cast(pl.String))
    return dict(columns.iter_rows())


def test_a_factor_of_another_year_is_to_be_verified_however_sure_its_value(make_activity) -> None:
    factors = accounting.factor_set([2023, 2024, 2025], as_of=AS_OF)
    electric = [f"emission_electricity_{basis}_tco2" for basis in accounting.BASES]
    of_2023 = quantities_of(factors, make_activity, 2023)
    assert [of_2023[name] for name in electric] == ["confirmed"] * 3
    # No grid factor of 2024 by the as-of day; the coal rate of 2024 is there, from one source.
    of_2024 = quantities_of(factors, make_activity, 2024)
    assert [of_2024[name] for name in electric] == ["recalled"] * 3
    assert of_2024["energy_equivalent_tce"] == "single"
    assert of_2024["energy_calorific_tce"] == "confirmed"
    # Neither grid factor nor coal rate of 2025: 2023 and 2024 serve, noted and marked.
    of_2025 = quantities_of(factors, make_activity, 2025)
    assert [of_2025[name] for name in electric] == ["recalled"] * 3
    assert of_2025["energy_equivalent_tce"] == "recalled"
    said = factors.notes.filter(year=2025)
    assert said["code"].to_list() == ["factor_of_other_year"] * 4
    assert set(said["severity"]) == {"warning"}
    assert said["text_zh"].str.contains("待核实").all()
    assert said["text_en"].str.contains("To be verified").all()


def test_what_the_city_verified_holds_for_its_own_year_only(make_activity) -> None:
    factors = accounting.factor_set([2023, 2024], as_of=AS_OF, overrides=override(0.4))
    name = "emission_electricity_average_tco2"
    assert quantities_of(factors, make_activity, 2023)[name] == "override"
    assert quantities_of(factors, make_activity, 2024)[name] == "recalled"


def test_a_factor_of_another_region_is_noted_and_to_be_verified(make_activity) -> None:
    factors = accounting.factor_set(
        [2023], region="CN-XZ", as_of=AS_OF, electricity_fallback="CN-region-east"
    )
    assert factors.notes["code"].to_list() == ["factor_of_other_region"]
    assert "CN-XZ" in factors.notes["text_en"].item()
    name = "emission_electricity_average_tco2"
    assert quantities_of(factors, make_activity, 2023)[name] == "recalled"


def test_nothing_published_yet_is_an_error_that_lists_what_there_is() -> None:
    with pytest.raises(FactorNotFound, match="elec_fujian_2021 \\(2024-04-12\\)"):
        accounting.factor_set([2023], as_of=date(2024, 1, 1))


def test_a_region_without_factor_needs_a_fallback_by_name() -> None:
    with pytest.raises(FactorNotFound, match=r"region=CN-XZ.*Nearest: CN-AH; .*CN-FJ"):
        accounting.factor_set([2023], region="CN-XZ", as_of=AS_OF)
    factor = electricity(2023, region="CN-XZ", electricity_fallback="CN-region-east")
    assert factor["value"] == 0.55
    assert str(factor["choice_zh"]).startswith(
        "CN-XZ 无已公布的平均因子，按指定改用 CN-region-east"
    )
    assert str(factor["choice_en"]).startswith(
        "no published average for CN-XZ, CN-region-east used"
    )
    assert electricity(2023, region="CN-XZ", electricity_fallback="CN")["value"] == 0.5306
    unused = electricity(2023, electricity_fallback="CN")
    assert unused["value"] == 0.4211


def test_region_may_be_the_grid_or_the_nation() -> None:
    assert electricity(2022, region="CN-region-east")["value"] == 0.5617
    assert electricity(2022, region="CN")["value"] == 0.5366


def test_the_coal_rate_follows_the_same_rule() -> None:
    assert electricity(2023, symbol="b")["value"] == 301.9
    rate = electricity(2025, symbol="b")
    assert (rate["value"], rate["unit"]) == (302.4, "gce/kWh")
    assert "2025" in str(rate["choice_zh"])


def override(value: float) -> standards.Overrides:
    return standards.Overrides(
        [
            standards.Override(
                table="electricity_heat_factors",
                row_id="elec_fujian_2023",
                value=value,
                unit="kgCO2/kWh",
                document="市级核定文件 1 号",
                verified_by="甲",
                verified_on=date(2026, 1, 2),
            )
        ]
    )


def test_an_override_wins_and_shows(make_activity) -> None:
    factors = accounting.factor_set([2023], as_of=AS_OF, overrides=override(0.4))
    account = accounting.account(
        make_activity(
            [{"item_key": "electricity", "purchase_qty": 10.0, "consumption_total_qty": 10.0}]
        ),
        factors=factors,
    )
    line = account.lines.filter(pl.col("quantity") == "emission_electricity_average_tco2").row(
        0, named=True
    )
    assert line["value"] == pytest.approx(40.0)  # 10 x 1e4 kWh x 10 x 0.4
    assert line["confidence"] == "override"
    factor = account.factors.filter(pl.col("factor") == line["f3"]).row(0, named=True)
    assert factor["confidence"] == "override"
    assert "市级核定文件 1 号" in factor["override"]


def test_an_overridden_fuel_value_is_verified_even_when_its_match_is_recalled(
    make_activity,
) -> None:
    shared = {"unit": "", "document": "检测报告", "verified_by": "甲", "verified_on": AS_OF}
    rows = standards.load("fuels").filter(
        (pl.col("guideline") == "NDRC-GENERAL-2015") & (pl.col("fuel_key") == "bituminous")
    )
    made = standards.Overrides(
        [
            standards.Override(
                **{
                    **shared,
                    "table": "fuels",
                    "row_id": row["id"],
                    "value": row["value_num"],
                    "unit": row["unit"],
                }
            )
            for row in rows.iter_rows(named=True)
        ]
    )
    account = accounting.account(
        make_activity([{"item_key": "raw_coal", "consumption_total_qty": 1.0}]),
        factors=accounting.factor_set([2023], as_of=AS_OF, overrides=made),
    )
    fuel = account.lines.filter(pl.col("quantity") == "emission_fuel_tco2")
    assert fuel["confidence"].cast(pl.String).to_list() == ["override"]


def test_the_digest_moves_with_every_choice_and_only_then() -> None:
    def digest(**more: object) -> str:
        given = {"years": [2023], "as_of": AS_OF, **more}
        return accounting.factor_set(**given).digest()  # type: ignore[arg-type]

    base = digest()
    assert base == digest(years=(2023, 2023))
    others = [
        digest(years=[2023, 2024]),
        digest(region="CN"),
        digest(as_of=date(2026, 1, 16)),
        digest(overrides=override(0.4)),
        digest(electricity_fallback="CN"),
        digest(guideline="GBT-32151-2015"),
    ]
    assert len({base, *others}) == 7


def test_an_unknown_guideline_lists_the_known_ones() -> None:
    with pytest.raises(FactorNotFound, match="NDRC-GENERAL-2015"):
        accounting.factor_set([2023], guideline="NDRC-2099", as_of=AS_OF)


@pytest.mark.parametrize("years", [[], [23], [2023, 2061]])
def test_years_outside_the_calendar_are_refused(years: list[int]) -> None:
    with pytest.raises(ModelError, match="must name years from 1990 to 2060"):
        accounting.factor_set(years, as_of=AS_OF)


def test_factors_are_numbered_without_gaps_and_complete(factors: FactorSet) -> None:
    table = factors.factors
    assert table["factor"].to_list() == list(range(1, table.height + 1))
    assert (
        table.select("ref", "symbol", "unit", "document", "confidence", "choice_zh")
        .filter(pl.any_horizontal(pl.all() == "") | pl.any_horizontal(pl.all().is_null()))
        .is_empty()
    )
    assert set(table["symbol"]) == {"k", "b", "NCV", "CC", "OF", "EF"}


def test_units_are_those_the_formulas_speak_of(factors: FactorSet) -> None:
    units = {(row["symbol"], row["unit"]) for row in factors.factors.iter_rows(named=True)}
    assert {unit for symbol, unit in units if symbol == "NCV"} == {"GJ/t", "GJ/10^4 Nm3"}
    assert {unit for symbol, unit in units if symbol == "CC"} == {"tC/GJ"}
    assert {unit for symbol, unit in units if symbol == "OF"} == {"%"}
    assert {unit for symbol, unit in units if symbol == "EF"} == {"kgCO2/kWh", "tCO2/GJ"}
    assert {unit for symbol, unit in units if symbol == "b"} == {"gce/kWh"}


def test_every_burnable_item_has_a_heat_content_in_its_own_unit(factors: FactorSet) -> None:
    size = len(factors.years)
    for place, item in enumerate(factors.items.iter_rows(named=True)):
        if item["is_fuel"]:
            number = factors.slots["ncv_factor"][place * size]
            unit = factors.factors.filter(pl.col("factor") == number)["unit"].item()
            assert unit == {"t": "GJ/t", "1e4 m3": "GJ/10^4 Nm3"}[item["unit"]], item["item_key"]


def test_a_unit_the_formulas_do_not_speak_of_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tanfeng.accounting import _factors

    monkeypatch.setitem(_factors._UNITS, "oxidation_rate", ("1",))
    with pytest.raises(StandardError, match=r"oxidation_rate.* is in %, the formulas need 1"):
        accounting.factor_set([2023], as_of=AS_OF)


def test_a_heat_content_in_another_unit_than_the_item_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tanfeng.accounting import _factors

    monkeypatch.setitem(_factors._NCV_UNIT, "t", "GJ/10^4 Nm3")
    with pytest.raises(StandardError, match="raw_coal is reported in t, its heat content in GJ/t"):
        accounting.factor_set([2023], as_of=AS_OF)


def test_a_factor_set_is_frozen(factors: FactorSet) -> None:
    with pytest.raises(FrozenInstanceError):
        factors.region = "CN"  # type: ignore[misc]
