"""Every way a boundary file can be wrong is named, all at once."""

import json

import pytest

from tanfeng.console.archive import geojson
from tanfeng.console.archive.geojson import Area, read

A = Area("350181", "福清市", "Fuqing")
B = Area("350112", "长乐区", "Changle")
ZONE = Area("3501HT", "高新区", "High-tech Zone", official=False)


def ring(x=119.0, y=25.0, size=0.2):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def feature(code="350181", coordinates=None, kind="Polygon", **properties):
    return {
        "type": "Feature",
        "properties": {"adcode": code, **properties},
        "geometry": {"type": kind, "coordinates": coordinates or [ring()]},
    }


def document(*features, **more):
    return json.dumps({"type": "FeatureCollection", "features": list(features), **more}).encode()


def rules(content, areas=(A,), **options):
    return [problem.rule for problem in read(content, areas, **options).errors]


def test_a_good_file_has_no_problem():
    reading = read(document(feature()), [A])
    assert reading.problems == []
    assert set(reading.shapes) == {"350181"}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\xff\xfe\x00", "MAP02"),
        (b"{not json", "MAP02"),
        (b"[]", "MAP03"),
        (json.dumps({"type": "Topology", "objects": {}}).encode(), "MAP03"),
        (document(), "MAP03"),
        (document(feature(), UTF8Encoding=True), "MAP03"),
        (document(feature(), crs={"properties": {"name": "EPSG:4549"}}), "MAP04"),
    ],
    ids=["utf-8", "json", "list", "topojson", "empty", "packed", "projected"],
)
def test_what_is_no_plain_geojson(content, rule):
    assert rules(content) == [rule]


def test_a_file_too_large_is_not_parsed(monkeypatch):
    monkeypatch.setattr(geojson, "LIMIT_BYTES", 10)
    assert rules(document(feature())) == ["MAP01"]


@pytest.mark.parametrize("name", ["EPSG:4326", "EPSG:4490", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_stated_degrees_are_fine(name):
    assert rules(document(feature(), crs={"properties": {"name": name}})) == []


@pytest.mark.parametrize(
    "properties",
    [
        {"adcode": 350181},
        {"gb": "156350181"},
        {"name": "福清市"},
        {"name": "福清"},
        {"NAME": "Fuqing"},
    ],
)
def test_a_county_is_found_by_code_or_name(properties):
    item = feature()
    item["properties"] = properties
    assert set(read(document(item), [A]).shapes) == {"350181"}


def test_a_former_code_names_the_county_it_became():
    reading = read(document(feature("350182", name="长乐市"), feature()), [A, B])
    assert [p.rule for p in reading.errors] == ["MAP05", "MAP06"]
    assert "长乐区 350112" in reading.errors[0].message_zh
    assert "长乐区 350112" in reading.errors[1].message_zh


def test_another_citys_county_is_skipped_with_a_word_and_not_checked():
    reading = read(document(feature(), feature("350128", [ring()[::-1]], name="平潭县")), [A])
    assert [(p.rule, p.severity) for p in reading.problems] == [("MAP05", "warning")]


def test_a_zone_without_code_is_only_mentioned():
    reading = read(document(feature()), [A, ZONE])
    assert [(p.rule, p.severity) for p in reading.problems] == [("MAP06", "info")]


def test_neither_code_nor_name():
    item = feature()
    item["properties"] = {}
    assert rules(document(item, feature())) == ["MAP05"]


def test_the_same_county_twice():
    assert rules(document(feature(), feature())) == ["MAP07"]


@pytest.mark.parametrize("kind", ["Point", "LineString", "GeometryCollection"])
def test_only_polygons(kind):
    assert rules(document(feature(kind=kind))) == ["MAP08"]


@pytest.mark.parametrize(
    "coordinates", [["packed"], [[["a", "b"]]], [[[119.0]]], 7, [[[119.0, None], [1, 2]]]]
)
def test_positions_that_are_no_numbers(coordinates):
    assert rules(document(feature(coordinates=coordinates))) == ["MAP09"]


def test_an_open_ring_is_closed_on_request():
    content = document(feature(coordinates=[ring()[:-1]]))
    assert rules(content) == ["MAP11"]
    repaired = read(content, [A], repair=True)
    assert repaired.errors == []
    assert repaired.repaired == 1
    assert repaired.shapes["350181"][0][0][-1].tolist() == [119.0, 25.0]


def test_a_clockwise_ring_is_turned_on_request():
    content = document(feature(coordinates=[ring()[::-1]]))
    assert rules(content) == ["MAP12"]
    turned = read(content, [A], repair=True).shapes["350181"][0][0]
    assert turned.tolist() == ring()


def test_a_hole_turns_the_other_way_and_lies_inside():
    hole = ring(119.05, 25.05, 0.1)
    assert rules(document(feature(coordinates=[ring(), hole]))) == ["MAP12"]
    assert rules(document(feature(coordinates=[ring(), hole[::-1]]))) == []
    outside = ring(119.5, 25.5, 0.1)[::-1]
    assert rules(document(feature(coordinates=[ring(), outside]))) == ["MAP17"]


def test_too_short_and_flat_rings():
    assert rules(document(feature(coordinates=[ring()[:2] + ring()[:1]]))) == ["MAP10"]
    flat = [[119.0, 25.0], [119.1, 25.0], [119.2, 25.0], [119.0, 25.0]]
    assert rules(document(feature(coordinates=[flat]))) == ["MAP10"]


def test_a_ring_across_itself_is_never_repaired():
    bow = [[119.0, 25.0], [119.2, 25.2], [119.2, 25.0], [119.0, 25.3], [119.0, 25.0]]
    assert rules(document(feature(coordinates=[bow])), repair=True) == ["MAP13"]


def test_metres_are_told_from_degrees():
    metres = [[[x * 1e5, y * 1e5] for x, y in ring()]]
    assert rules(document(feature(coordinates=metres))) == ["MAP14"]


def test_swapped_axes_are_told():
    swapped = [[[y, x] for x, y in ring()]]
    assert rules(document(feature(coordinates=swapped))) == ["MAP15"]


def test_outside_of_fujian():
    reading = read(document(feature(coordinates=[ring(113.5, 25.0)])), [A])
    assert [p.rule for p in reading.errors] == ["MAP16"]
    assert "113.5000" in reading.errors[0].message_en


def test_all_problems_come_at_once():
    content = document(
        feature(coordinates=[ring()[::-1]]), feature("350112", kind="Point"), feature("350112")
    )
    assert sorted(rules(content, (A, B))) == ["MAP07", "MAP08", "MAP12"]


def test_a_multipolygon_counts_its_faults_once_per_kind():
    parts = [[ring()[::-1]], [ring(119.5)[::-1]]]
    reading = read(document(feature(coordinates=parts, kind="MultiPolygon")), [A])
    assert [p.rule for p in reading.errors] == ["MAP12"]
    assert reading.errors[0].value == "2"
