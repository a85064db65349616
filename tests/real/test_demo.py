"""The demonstration city against the real lists beside the project: sizes agree, names do not."""

import csv
import gzip
import re

import polars as pl
import pytest

from tanfeng.demo._tables import table
from tanfeng.demo.city import draw

pytestmark = pytest.mark.real

#: Sector of the plan -> sectors of the inventory as its authors name them.
_SECTORS = {
    "steel": ["Smelting and Pressing of Ferrous Metals"],
    "petrochemical": [
        "Petroleum Processing and Coking",
        "Raw Chemical Materials and Chemical Products",
    ],
    "building": ["Nonmetal Mineral Products"],
    "textile": ["Textile Industry", "Garments and Other Fiber Products", "Chemical Fiber"],
    "equipment": [
        "Metal Products",
        "Ordinary Machinery",
        "Equipment for Special Purposes",
        "Transportation Equipment",
        "Electric Equipment and Machinery",
        "Instruments, Meters, Cultural and Office Machinery",
    ],
    "electronics": ["Electronic and Telecommunications Equipment"],
    "power": ["Production and Supply of Electric Power, Steam and Hot Water"],
}
_NO_INDUSTRY = re.compile(
    r"Total|Transportation, Storage|Urban|Rural|Construction|Others|Wholesale|Farming"
)


@pytest.fixture(scope="module")
def names() -> set[str]:
    return set(draw().firms["name"])


@pytest.fixture(scope="module")
def real_names(shared) -> set[str]:
    data = shared / "data"
    found: set[str] = set()
    listed = data / "enterprises_fuzhou" / "fuzhou_green_and_key_enterprises.csv"
    with listed.open(encoding="utf-8") as stream:
        found |= {row["name"] for row in csv.DictReader(stream)}
    for file, columns in (
        ("gem_coal_units_fujian_2023-07.csv", ("Plant name (local)", "Owner", "Parent")),
        (
            "gem_wind_phases_fujian_2023-05.csv",
            (
                "Project Name in Local Language / Script",
                "Operator Name in Local Language / Script",
                "Owner Name in Local Language / Script",
            ),
        ),
        ("gem_steel_plants_fujian.csv", ("Plant name (English)", "Owner")),
    ):
        frame = pl.read_csv(data / "gem_plants_fujian" / file, infer_schema_length=0)
        for column in columns:
            found |= set(frame[column].drop_nulls())
    return found | set(table("plants_fuzhou")["name_zh"].drop_nulls())


def test_no_invented_enterprise_bears_a_real_name(names, real_names):
    assert len(real_names) > 100
    for name in names:
        core = re.sub(r"^演示|\d+$", "", name)
        assert not any(core in real or real in name for real in real_names), name


def test_the_calibration_is_the_published_inventory_times_the_share(shared):
    path = shared / "data" / "ceads_fujian_co2" / "ceads_fujian_sector_fuel_1998_2019.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["year"] == "2019"]
    burned: dict[str, float] = {}
    for row in rows:
        sign = {"Scope_1_Total": 1.0, "Process": -1.0}.get(row["fuel_or_source"])
        if sign and row["co2_mt"] and not _NO_INDUSTRY.match(row["sector"]):
            burned[row["sector"]] = burned.get(row["sector"], 0.0) + sign * float(row["co2_mt"])
    named = {sector for sectors in _SECTORS.values() for sector in sectors}
    groups = {**_SECTORS, "other": [sector for sector in burned if sector not in named]}
    for sector, target, share in (
        table("sectors").select("sector", "direct_tco2_2021", "province_share").iter_rows()
    ):
        province = sum(burned[name] for name in groups[sector]) * 1e6
        assert target == pytest.approx(province * share, rel=0.02), sector


def test_the_known_plants_are_those_of_the_tracker(shared):
    folder = shared / "data" / "gem_plants_fujian"
    coal = pl.read_csv(folder / "gem_coal_units_fujian_2023-07.csv", infer_schema_length=0)
    coal = coal.filter(pl.col("Major area (prefecture, district)") == "Fuzhou")
    ours = table("plants_fuzhou").filter(pl.col("kind") == "coal")
    assert ours.height == 25
    told = dict(coal.select("GEM unit/phase ID", "Capacity (MW)").iter_rows())
    for row in ours.iter_rows(named=True):
        assert row["capacity"] == float(told[row["tracker_id"]])
    steel = pl.read_csv(folder / "gem_steel_plants_fujian.csv", infer_schema_length=0)
    county = dict(steel.select("GEM plant ID", "fuzhou_adcode").drop_nulls().iter_rows())
    ours = table("plants_fuzhou").filter(pl.col("kind") == "steel")
    assert dict(ours.select("tracker_id", "place_code").iter_rows()) == county
