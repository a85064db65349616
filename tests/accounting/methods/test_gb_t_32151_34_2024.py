"""Carbon materials: worked by hand, with the figures of the compilation the formulas came from."""

from __future__ import annotations

import numpy as np
import pytest

from method_rows import AS_OF, by_row, frames, row, run
from tanfeng.accounting import methods
from tanfeng.errors import DataError

KEY = "gb_t_32151_34_2024"
YEAR = 2025


def redo(kind, given):
    """Compute a kind from bare numbers: its text and its arithmetic must both agree."""
    formulas = methods.METHODS[KEY].formulas()
    stream = next(
        one for one in methods.METHODS[KEY].streams if kind in [way.key for way in one.kinds]
    )
    for step in stream.kind(kind).steps:
        inputs = {one.symbol: np.array([given[one.symbol]]) for one in step.inputs}
        text = formulas[f"{KEY}.{stream.key}.{kind}.{step.quantity}"].evaluate(inputs)
        assert step.value(inputs) == pytest.approx(text, rel=1e-12)
        given[step.symbol] = text[0]
    return text[0]


def test_the_figures_of_the_compilation():
    # its shares are below one percent, which a form refuses as fractions; so the bare formulas
    calcined = redo(
        "calcining",
        {
            **{"GC": 100, "WFC": 0.8, "CC": 70, "UCC": 5, "DU": 1, "WFC_C": 0.2},
            **{"WVar": 10, "WVar_C": 2, "K1": 0.35},
        },
    )
    # (100 x 0.008 - 76 x 0.002) x 44/12 + 0.35 x (100 x 0.10 - 70 x 0.02) x 44/16
    assert calcined == pytest.approx(10.6535, abs=5e-5)
    baked = redo(
        "baking",
        {
            **{"BPM": 10, "BPMFC": 0.5, "BG": 100, "BGFC": 0.7, "BWT": 0.05, "BP": 95},
            **{"BPFC": 0.6, "BPMVar": 10, "BGVar": 2, "K2": 0.35},
        },
    )
    # (0.05 + 0.70 - 0.05 - 0.57) x 44/12 + 0.35 x (1 + 2) x 44/16
    assert baked == pytest.approx(3.364166666666666, rel=1e-12)
    graphitised = redo(
        "graphitising",
        {
            **{"GPM": 10, "GPMFC": 0.5, "GTA": 100, "GTAFC": 0.7, "GWT": 0.05, "GP": 95},
            **{"GPFC": 0.6, "GPMVar": 10, "K3": 0.35},
        },
    )
    # the same fixed carbon, 0.35 x 1 x 44/16
    assert graphitised == pytest.approx(1.439166666666666, rel=1e-12)


def test_fume_desulphurisation_and_steam_of_the_compilation():
    found = run(
        KEY,
        [
            row(
                "fume",
                "fume_burned",
                "pitch_fume",
                fume_nm3_h=1000.0,
                tar_mg_nm3=10.0,
                duration_d=1.0,
                ncv_gj=30.0,
                carbon_per_heat_tc_gj=0.02,
                oxidation_pct=98.0,
            ),
            row("desulphurisation", "flue_gas_washed", "caco3", agent_t=10.0),
            row("heat", "steam_whole", "heat", purchased_t=1.0, enthalpy_kj_kg=2800.0),
        ],
        year=YEAR,
    )
    assert by_row(found) == pytest.approx(
        [
            1000 * 10 * 1e-9 * 24 * 30 * 0.02 * 0.98 * 44 / 12,  # 0.00051744
            10 * 0.90 * 0.440 * 1.00,  # 3.96
            1000 * 2800 / 1e6 * 0.11,  # 0.308, nothing taken off the enthalpy
        ],
        rel=1e-12,
    )
    assert by_row(found)[0] == pytest.approx(0.00051744, rel=1e-9)


def test_an_electrode_works_with_its_two_totals():
    rows = [
        # annex C.1, not the table of 2015: LNG 51.498 GJ/t, 0.0153 tC/GJ
        row("fuel", "fuel", "lng", used_qty=100.0),
        row("fuel", "fuel", "natural_gas", used_qty=50.0),
        row(
            "calcining",
            "calcining",
            "raw_material",
            raw_t=10000.0,
            raw_fixed_carbon_pct=88.0,
            calcined_t=7800.0,
            undercalcined_t=50.0,
            dust_t=30.0,
            calcined_fixed_carbon_pct=98.5,
            raw_volatile_pct=11.0,
            calcined_volatile_pct=0.5,
        ),
        row(
            "baking",
            "baking",
            "green_article",
            packing_t=400.0,
            packing_fixed_carbon_pct=90.0,
            green_t=8000.0,
            green_fixed_carbon_pct=92.0,
            carbon_waste_tc=150.0,
            product_t=7600.0,
            product_fixed_carbon_pct=97.0,
            packing_volatile_pct=2.0,
            green_volatile_pct=7.0,
        ),
        row(
            "graphitising",
            "graphitising",
            "baked_article",
            packing_t=1000.0,
            packing_fixed_carbon_pct=95.0,
            baked_t=5000.0,
            baked_fixed_carbon_pct=97.0,
            carbon_waste_tc=600.0,
            product_t=4900.0,
            product_fixed_carbon_pct=99.0,
            packing_volatile_pct=1.0,
        ),
        row(
            "electricity",
            "electricity",
            "electricity",
            purchased_mwh=30000.0,
            sold_mwh=500.0,
            nonfossil_mwh=1500.0,
        ),
        row("heat", "steam_whole", "heat", purchased_t=100.0, sold_t=2100.0, enthalpy_kj_kg=2777.0),
    ]
    found = run(KEY, rows, year=YEAR)
    parts = by_row(found)
    assert parts == pytest.approx(
        [
            100 * 51.498 * 0.0153 * 0.98 * 44 / 12,  # 283.1257
            50 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 1081.0944
            # (8800 - 7880 x 0.985) x 44/12 + 0.35 x (1100 - 39) x 44/16
            (8800 - 7761.8) * 44 / 12 + 0.35 * 1061 * 2.75,  # 4827.9458
            # (360 + 7360 - 150 - 7372) x 44/12 + 0.35 x (8 + 560) x 44/16
            198 * 44 / 12 + 0.35 * 568 * 2.75,  # 1272.7
            # (950 + 4850 - 600 - 4851) x 44/12 + 0.35 x 10 x 44/16
            349 * 44 / 12 + 0.35 * 10 * 2.75,  # 1289.2917
            28000 * 0.5306,  # 14856.8
            -2000 * 2777.0 / 1000 * 0.11,  # -610.94
        ],
        rel=1e-12,
    )
    sums = methods.totals(found, [methods.METHODS[KEY]]).row(0, named=True)
    direct = 283.1257 + 1081.0944 + 4827.9458 + 1272.7 + 1289.2917
    assert sums["emission_direct_tco2e"] == pytest.approx(direct, abs=5e-4)  # (14)
    assert sums["emission_electricity_tco2e"] == pytest.approx(14856.8, rel=1e-12)
    assert sums["emission_heat_tco2e"] == pytest.approx(-610.94, rel=1e-12)
    assert sums["emission_total_tco2e"] == pytest.approx(
        direct + 14856.8 - 610.94, abs=5e-4
    )  # (16)


def test_steam_of_2013_takes_off_its_water_and_steam_of_2024_does_not():
    steam = {"purchased_t": 1000.0, "enthalpy_kj_kg": 2777.0}
    account = methods.account(
        {
            **frames("ndrc_2015_general", [row("heat", "steam", "heat", **steam)], year=YEAR),
            **{
                kind: frame.with_columns(activity_id=2)
                for kind, frame in frames(
                    KEY, [row("heat", "steam_whole", "heat", **steam)], year=YEAR
                ).items()
            },
        },
        [methods.METHODS["ndrc_2015_general"], methods.METHODS[KEY]],
        as_of=AS_OF,
    )
    assert by_row(account) == pytest.approx([2693.26 * 0.11, 2777.0 * 0.11], rel=1e-12)


def test_the_clauses_are_those_of_the_standard():
    clauses = {one.key: (one.clause, one.equation) for one in methods.METHODS[KEY].streams}
    assert clauses["calcining"] == ("5.2.2", "(6)")
    assert clauses["desulphurisation"] == ("5.2.5.2", "(10)")
    found = run(KEY, [row("fuel", "fuel", "naphtha", used_qty=1.0)], year=YEAR)
    assert set(found.factors["clause"]) == {"附录C 表C.1"}
    assert by_row(found) == pytest.approx([44.5 * 0.02 * 0.98 * 44 / 12], rel=1e-12)


def test_fixed_carbon_as_a_fraction_is_refused():
    wrong = row(
        "calcining",
        "calcining",
        "raw_material",
        raw_t=1.0,
        raw_fixed_carbon_pct=0.88,
        calcined_t=0.8,
        calcined_fixed_carbon_pct=98.0,
        raw_volatile_pct=11.0,
        calcined_volatile_pct=0.5,
    )
    with pytest.raises(DataError) as error:
        run(KEY, [wrong], year=YEAR)
    assert [p.suggestion for p in error.value.problems] == ["88"]
