"""The tables of the demonstration city agree with each other and with their sidecars."""

import hashlib
from importlib.resources import files

import polars as pl
import pytest

from tanfeng import standards
from tanfeng.demo._tables import sidecar, table, table_bytes, weights

NAMES = sorted(
    item.name.removesuffix(".csv")
    for item in (files("tanfeng.demo") / "tables").iterdir()
    if item.name.endswith(".csv")
)


@pytest.mark.parametrize("name", NAMES)
def test_sidecar_names_source_licence_and_digest(name):
    about = sidecar(name)
    assert hashlib.sha256(table_bytes(name)).hexdigest() == about["digest"]["sha256"]
    assert table(name).height == about["digest"]["rows"]
    for part in ("title", "source", "licence"):
        assert about[f"{part}_zh"]
        assert about[f"{part}_en"]


def test_thirteen_areas_on_a_map_without_overlap():
    areas = table("areas")
    assert areas.height == 13
    assert areas.filter(pl.col("official_code") == "no")["code"].to_list() == ["3501HT"]
    assert "350128" not in areas["code"].to_list(), "Pingtan reports separately"
    boxes = areas.select("tile_x", "tile_y", "tile_width").rows()
    for number, (x, y, width) in enumerate(boxes):
        for other_x, other_y, other_width in boxes[number + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x or abs(y - other_y) >= 1
            assert apart


def test_kinds_use_known_places_industries_and_seasons():
    classes = standards.load("industries").filter(pl.col("level") == "class")["value"].to_list()
    places = set(table("areas")["code"])
    seasons = set(table("seasons")["season"])
    for kind in table("kinds").iter_rows(named=True):
        assert set(kind["industry_codes"].split(";")) <= set(classes), kind["kind"]
        assert set(weights(kind["places"])[0]) <= places, kind["kind"]
        assert kind["season"] in seasons
    assert table("kinds")["count"].sum() == 600


def test_recipes_name_known_kinds_and_items():
    items = set(standards.load("energy_items")["item_key"])
    recipes = table("recipes")
    assert set(recipes["kind"]) == set(table("kinds")["kind"])
    assert set(recipes["item_key"]) | {"diesel", "gasoline"} == set(table("items")["item_key"])
    assert set(table("items")["item_key"]) <= items


def test_plants_are_facts_with_source_inside_the_city():
    plants = table("plants_fuzhou")
    assert set(plants["place_code"]) <= set(table("areas")["code"])
    assert plants["source"].str.contains("Global Energy Monitor").all()
    assert plants["longitude_deg"].drop_nulls().is_between(118, 121).all()
    assert plants["latitude_deg"].drop_nulls().is_between(25, 27).all()
    assert plants["tracker_id"].is_unique().all()


def test_parks_stand_in_known_places_and_name_their_clause():
    parks = table("parks")
    assert set(parks["place_code"].drop_nulls()) <= set(table("areas")["code"])
    assert parks["clause"].is_not_null().all()
    sectors = {key for text in parks["sectors"] for key in text.split(";")}
    assert sectors <= set(table("sectors")["sector"])


def test_weights_are_shares():
    # 7 + 5 + 1 = 13
    assert weights("a:7;b:5;c:1") == (["a", "b", "c"], [7 / 13, 5 / 13, 1 / 13])
