"""Tables as other teams write them."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathway.scenario_kit import projection
from tanfeng.errors import DataError
from tanfeng.pathway import iamc
from tanfeng.pathway._iamc_rules import RULES
from tanfeng.pathway.ensemble import ensemble
from tanfeng.pathway.projection import table

WIDE = """Model,Scenario,Region,Variable,Unit,2020,2030
m,s,Fuzhou,Emissions|CO2,Mt CO2/yr,40,"1,035.5"
m,s,Fuzhou,Emissions|CO2|Steel,Mt CO2/yr,,20

"""


def test_wide_and_long_say_the_same():
    found = iamc.read_csv(WIDE)
    assert found.schema == iamc.LONG
    assert found["value"].to_list() == [40, 1035.5, 20]
    long = "MODEL;scenario;Region;Variable;Unit;Year;Value\n" + "\n".join(
        ";".join(str(cell) for cell in row) for row in found.iter_rows()
    )
    assert iamc.read_csv("\ufeff" + long).equals(found)


def test_cells_of_a_workbook_are_numbers():
    head = [*iamc.INDEX, 2020.0, 2030]
    found = iamc.read_rows([head, ["m", "s", "r", "v", "u", 1.5, None], ["", None]], sheet="data")
    assert found.rows() == [("m", "s", "r", "v", "u", 2020, 1.5)]


def _refused(text):
    with pytest.raises(DataError) as refused:
        iamc.read_csv(text)
    for one in refused.value.problems:
        assert one.rule in RULES
        assert "{" not in one.line("zh") + one.line("en")
    return [(one.rule, one.cell, one.value) for one in refused.value.problems]


def test_headings_are_complete_and_there_once():
    assert _refused("") == [("Y351", "1", name) for name in (*iamc.INDEX, "year", "value")]
    assert _refused("Model,Model,Scenario,Region,Unit,note,2020,2020\n") == [
        ("Y351", "1", "variable"),
        ("Y352", "B1", "Model"),
        ("Y352", "F1", "note"),
        ("Y352", "H1", "2020"),
    ]


def test_every_bad_cell_is_told():
    head = "model,scenario,region,variable,unit,year,value\n"
    assert _refused(
        f"{head}m,s,r,v,u,2020,x\nm,s,r,v,u,20,1\nm,s,,v,u,2020,1\nm,s,r,w,u,2020,inf\n"
        "m,s,r,v,u,2021,1\nm,s,r,v,t,2022,1\nm,s,r,v,u,2021,2\n"
    ) == [
        ("Y355", "G2", "x"),
        ("Y354", "F3", "20"),
        ("Y353", "C4", "region"),
        ("Y355", "G5", "inf"),
        ("Y357", "E7", "t"),
        ("Y356", "G8", "2"),
    ]


_TEXT = st.text("abc|é碳 ", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(
    st.dictionaries(
        st.tuples(_TEXT, _TEXT, st.integers(1990, 2060)),
        st.floats(-1e12, 1e12),
        min_size=1,
        max_size=12,
    )
)
def test_what_is_written_wide_reads_back(values):
    frame = pl.DataFrame(
        [("m", s, "r", v, "u", year, value) for (s, v, year), value in values.items()],
        schema=iamc.LONG,
        orient="row",
    )
    written = iamc.wide(frame)
    back = iamc.read_csv(written.write_csv())
    order = ["scenario", "variable", "year"]
    assert back.sort(order).equals(frame.sort(order))


def test_a_scenario_in_the_table():
    """2020: 1.234 Mt direct and 550,000 * 0.2 / 1.229 * 5 t of power in steel, 1 Mt elsewhere."""
    found = iamc.of_projection(table(projection()), model="m", region="Fuzhou")
    at = dict(found.filter(year=2020).select("variable", "value").iter_rows())
    power = 550_000 * 0.2 / 1.229 * 5 / 1e6
    assert at["Emissions|CO2|Industry|steel|Fuel"] == pytest.approx(1.144)
    assert at["Emissions|CO2|Industry|steel"] == pytest.approx(1.234 + power)
    assert at["Emissions|CO2|Industry"] == pytest.approx(2.234 + power)
    assert at["Final Energy|Industry"] == pytest.approx(0.55)
    assert found.select(*iamc.INDEX, "year").is_duplicated().sum() == 0


def test_a_band_in_the_table():
    bands = ensemble(projection(), draws=64).bands
    found = iamc.of_bands(bands, model="m", scenario="base", region="Fuzhou")
    names = set(found["variable"])
    assert {"Emissions|CO2|Industry|P05", "Emissions|CO2|Industry|steel|Central"} <= names
    assert found.height == bands.height * 7
