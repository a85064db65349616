"""The boundaries beside the project through the map import: one is refused, one is taken."""

from pathlib import Path

import pytest

from tanfeng.console.archive import geojson, maps
from tanfeng.console.archive.geojson import Area
from tanfeng.demo._tables import table

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder(shared) -> Path:
    return shared / "data" / "map_fuzhou"


@pytest.fixture(scope="module")
def areas() -> list[Area]:
    return [
        Area(row["code"], row["name_zh"], row["name_en"], row["official_code"] == "yes")
        for row in table("areas").iter_rows(named=True)
    ]


def _rules(reading: geojson.Reading) -> set[str]:
    return {problem.rule for problem in reading.errors}


@pytest.mark.parametrize("repair", [False, True])
def test_the_raw_file_is_refused_with_every_reason(folder, areas, repair):
    content = (folder / "fuzhou_counties_raw.geojson").read_bytes()
    reading = geojson.read(content, areas, repair=repair)
    # Old code of Changle, Changle missing, rings that touch themselves, rings without area; the
    # clockwise rings can be repaired, the rest cannot.
    assert _rules(reading) - {"MAP12"} == {"MAP05", "MAP06", "MAP10", "MAP13"}
    assert ("MAP12" in _rules(reading)) is not repair
    words = "\n".join(problem.line("zh") for problem in reading.errors)
    assert "350182 长乐市" in words
    assert "长乐区 350112" in words


def test_the_repaired_file_is_only_turned_the_wrong_way(folder, areas):
    content = (folder / "fuzhou_counties.geojson").read_bytes()
    reading = geojson.read(content, areas)
    assert _rules(reading) == {"MAP12"}
    assert [p.rule for p in reading.problems if p.severity == "warning"] == ["MAP05"]  # Pingtan


def test_the_repaired_file_is_taken_with_repair(folder, areas):
    content = (folder / "fuzhou_counties.geojson").read_bytes()
    reading = geojson.read(content, areas, repair=True)
    assert reading.errors == []
    assert set(reading.shapes) == {area.code for area in areas if area.official}
    shapes, tolerance = maps.fit(reading.shapes)
    assert maps._size(shapes) <= maps.PAGE_BYTES
    assert tolerance < 0.002  # some 200 m
    for code, polygons in shapes.items():
        before = sum(abs(maps.rings.area(polygon[0])) for polygon in reading.shapes[code])
        after = sum(abs(maps.rings.area(polygon[0])) for polygon in polygons)
        assert after == pytest.approx(before, rel=0.01)
        assert not any(len(maps.rings.crossings(ring)) for polygon in polygons for ring in polygon)


def test_a_map_of_prefectures_is_no_map_of_counties(folder, areas):
    content = (folder / "fujian_prefectures_ocha.geojson").read_bytes()
    assert {"MAP05", "MAP06"} <= _rules(geojson.read(content, areas))


def test_the_codes_of_the_city_are_the_listed_ones(folder):
    import polars as pl

    listed = pl.read_csv(folder / "fujian_county_codes.csv", infer_schema_length=0)
    fuzhou = dict(listed.filter(pl.col("cityCode") == "3501").select("code", "name").iter_rows())
    ours = {
        row["code"]: row["name_zh"]
        for row in table("areas").iter_rows(named=True)
        if row["official_code"] == "yes"
    }
    # Pingtan reports separately.
    assert ours == {code: name for code, name in fuzhou.items() if code != "350128"}
