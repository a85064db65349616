"""Importing a map: rights, simplification, what is stored, what the page says."""

import json

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.utils.translation import override

from tanfeng.console.archive import maps, rings
from tanfeng.console.archive.models import Place
from tanfeng.console.core.models import AuditEvent
from tanfeng.errors import DataError


def _wavy(x, y, points):
    """Return a ring around a circle with a fine ripple, counter-clockwise."""
    angle = np.linspace(0, 2 * np.pi, points + 1)
    radius = 0.2 + 0.002 * np.sin(40 * angle)
    ring = np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
    ring[-1] = ring[0]
    return ring.tolist()


def _file(points=400, **geometries):
    shapes = geometries or {
        "350181": [_wavy(119.3, 25.6, points)],
        "350112": [_wavy(119.8, 25.9, points)],
    }
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": code},
            "geometry": {"type": "Polygon", "coordinates": coordinates},
        }
        for code, coordinates in shapes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.fixture
def counties(county_a, county_b):
    return county_a, county_b


def test_the_city_imports_a_map(counties, city):
    done = maps.import_map(city, _file(), source="测绘院", review_number="闽S(2025)1号")
    assert done.stored
    place = Place.objects.get(code="350181")
    assert place.geometry["type"] == "Polygon"
    assert place.geometry_source == "测绘院 〔审图号 闽S(2025)1号〕"
    event = AuditEvent.objects.get(action="map.import")
    assert event.detail["counties"] == ["350112", "350181"]


def test_a_second_import_replaces_the_first(counties, city):
    maps.import_map(city, _file(), source="旧")
    maps.import_map(city, _file(points=40), source="新")
    assert set(Place.objects.values_list("geometry_source", flat=True)) == {"新 〔无审图号〕"}


@pytest.mark.parametrize("name", ["county_officer_a", "firm_a", "verifier", "park_user"])
def test_nobody_else_may(counties, name, request):
    user = request.getfixturevalue(name)
    with pytest.raises(PermissionDenied):
        maps.import_map(user, _file())
    with pytest.raises(PermissionDenied):
        maps.remove_map(user)


def test_check_only_writes_nothing(counties, city):
    done = maps.import_map(city, _file(), check_only=True)
    assert not done.stored
    assert set(done.shapes) == {"350181", "350112"}
    assert not Place.objects.exclude(geometry=None).exists()


def test_a_refused_file_changes_nothing_and_names_every_problem(counties, city):
    maps.import_map(city, _file(), source="好")
    bad = _file(**{"350181": [_wavy(119.3, 25.6, 40)[::-1]]})
    with pytest.raises(DataError) as refused:
        maps.import_map(city, bad)
    assert {problem.rule for problem in refused.value.problems} == {"MAP06", "MAP12"}
    assert set(Place.objects.values_list("geometry_source", flat=True)) == {"好 〔无审图号〕"}


def test_a_map_without_review_number_warns(counties, city):
    done = maps.import_map(city, _file())
    assert [p.severity for p in done.problems if p.rule == "MAP20"] == ["warning"]
    numbered = maps.import_map(city, _file(), review_number="GS(2024)1号")
    assert "MAP20" not in {p.rule for p in numbered.problems}


def test_the_page_says_where_the_map_comes_from():
    with override("zh-hans"):
        assert maps.caption(maps.label("测绘院", "")) == "来源：测绘院；无审图号，不得用于公开展示"
        assert maps.caption(maps.label("测绘院", "闽S1号")) == "来源：测绘院；审图号 闽S1号"
        assert maps.caption(maps.label("", "")) == "无审图号，不得用于公开展示"
    with override("en"):
        assert maps.caption(maps.label("Survey", "闽S1号")) == (
            "Source: Survey; map review number 闽S1号"
        )
        assert "not for public display" in maps.caption(maps.label("Survey", ""))


def test_the_label_fits_its_column():
    assert len(maps.label("长" * 500, "闽S(2025)1号")) <= 200


def test_large_shapes_are_fitted_to_the_page(counties, city):
    # 2 x 20,000 positions of some 20 bytes are 0.8 MB; the page takes 0.2.
    done = maps.import_map(city, _file(points=20_000))
    assert done.points_before == 40_002
    assert done.size_bytes <= maps.PAGE_BYTES
    assert 0 < done.tolerance_deg < 0.002
    for shape in done.shapes.values():
        ring = np.array(shape["coordinates"][0])
        assert len(rings.crossings(ring)) == 0
        # A circle of radius 0.2: pi x 0.04 = 0.12566, and the ripple adds half its square.
        assert rings.area(ring) == pytest.approx(0.12566, rel=0.01)


def test_neighbours_keep_one_border_after_simplification():
    x = np.linspace(0, 1, 2000)
    border = np.column_stack([119 + 0.01 * np.sin(50 * x), 25 + x])
    left = np.vstack([border[::-1][:1], [[118, 26], [118, 25]], border])
    right = np.vstack([border[:1], [[120, 25], [120, 26]], border[::-1]])
    shapes, tolerance = maps.fit({"a": [[left]], "b": [[right]]}, limit_bytes=20_000)
    assert tolerance > 0
    inner = [
        {tuple(point) for point in shapes[code][0][0] if 118.5 < point[0] < 119.5}
        for code in ("a", "b")
    ]
    assert inner[0] == inner[1]
    assert 10 < len(inner[0]) < 2000


def test_islands_may_vanish_but_no_county_does():
    tiny = np.array([[119, 25], [119.00002, 25], [119, 25.00002], [119, 25]])
    big = np.array(_wavy(119.3, 25.6, 5000))
    shapes, _tolerance = maps.fit({"a": [[big], [tiny]], "b": [[tiny + 0.5]]}, limit_bytes=3000)
    assert len(shapes["a"]) == 1
    assert len(shapes["b"]) == 1


def test_the_tiles_come_back(counties, city):
    maps.import_map(city, _file())
    assert maps.remove_map(city) == 2
    assert not Place.objects.exclude(geometry=None).exists()
