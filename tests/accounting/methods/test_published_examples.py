"""Computations others have published with the same formulas: their numbers in, their numbers out.

Where each was found, and where none was, stands in ``docs/methods/published-examples.md``. The
examples from abroad are there for the arithmetic alone; their factors are no defaults here.
"""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run


def emission(method, *given):
    (value,) = by_row(run(method, [row(*given[:3], **given[3])]))
    return value


def clinker(cao_pct, **more):
    values = {"clinker_t": 1.0, "clinker_cao_pct": cao_pct, "clinker_mgo_pct": 0.0, **more}
    return emission("ndrc_2013_cement", "raw_meal_carbonate", "clinker_oxides", "clinker", values)


@pytest.mark.parametrize(("cao_pct", "printed"), [(60.0, 0.47), (65.0, 0.51), (67.0, 0.53)])
def test_clinker_of_the_ipcc_by_its_lime(cao_pct, printed):
    # IPCC 2006, vol. 3, ch. 2, p. 2.12: 0.785 x the share of CaO, here 44/56 x 0.65 = 0.5107
    assert round(clinker(cao_pct), 2) == printed


def test_clinker_of_the_ipcc_with_dust_of_two_percent():
    # equation 2.4: 0.51 x 1.02 = 0.52; as dust by weight, (1 + 0.02) x 0.65 x 44/56 = 0.5209
    assert round(clinker(65.0, kiln_dust_t=0.02), 2) == 0.52


@pytest.mark.parametrize(("gj", "printed"), [(30.2, 1.694), (29.7, 1.666), (37.5, 2.104)])
def test_ammonia_of_the_ipcc_by_its_gas(gj, printed):
    # IPCC 2006, vol. 3, ch. 3, table 3.1: GJ per tonne x 15.3 kgC/GJ x 44/12 / 1000
    values = {"used_qty": 1.0, "ncv_gj": gj, "carbon_per_heat_tc_gj": 0.0153}
    found = emission(
        "ndrc_2013_chemicals", "feedstock", "gas_carbon_in_by_heat", "natural_gas", values
    )
    assert round(found, 3) == printed


@pytest.mark.parametrize(
    ("item", "printed"),
    [
        ("caco3", 0.43971),
        ("mgco3", 0.52197),
        ("camgco32", 0.47732),
        ("feco3", 0.37987),
        ("mnco3", 0.38286),
        ("na2co3", 0.41492),
    ],
)
def test_a_tonne_of_carbonate_by_table_2_1_of_the_ipcc(item, printed):
    # the guideline's own default, printed with four decimals
    values = {"used_qty": 1.0, "purity_pct": 100.0, "calcined_pct": 100.0}
    found = emission("ndrc_2013_flat_glass", "raw_material", "carbonate_calcined", item, values)
    assert found == pytest.approx(printed, abs=6e-5)


def test_wastewater_of_a_published_inventory():
    # California, 2018, refineries: 89 858 231 m3 x 450 g/m3 x 0.25 x 0.3 = 3033 t CH4, x 25
    values = {
        "cod_removed_kg": 89_858_231 * 0.450,
        "b0_kg_kg": 0.25,
        "mcf": 0.3,
        "gwp": 25.0,
        "recovered_ch4_t": 0.0,
    }
    found = emission(
        "gb_t_32151_12_2018", "wastewater", "wastewater_net", "anaerobic_reactor", values
    )
    assert round(found / 25.0) == 3033
    assert round(found) == 75_818


def test_soda_ash_of_a_published_inventory():
    # California, 2017: 607 784.594306 t x 0.41492, which its page shows as 0.415
    values = {"used_qty": 607_784.594306, "purity_pct": 100.0, "ef_tco2": 0.41492}
    found = emission("ndrc_2013_chemicals", "carbonate", "carbonate", "na2co3", values)
    assert round(found) == 252_182


def test_fuel_from_waste_of_a_published_inventory():
    # California, 2004, cement: 25 862 short tons x 15.38 MMBtu x 0.0938 t/MMBtu; a short ton is
    # 0.90718474 t and a British thermal unit 1055.05585262 J. All of it counts as fossil here.
    ton, mmbtu = 0.90718474, 1.05505585262
    values = {
        "alternative_fuel_t": 25_862 * ton,
        "heating_value_gj_t": 15.38 * mmbtu / ton,
        "ef_tco2_gj": 0.0938 / mmbtu,
        "fossil_carbon_pct": 100.0,
    }
    found = emission("ndrc_2013_cement", "alternative_fuel", "alternative_fuel", "plastics", values)
    assert round(found) == 37_310
