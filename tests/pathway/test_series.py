"""Inventory series: the boundary, each tonne once, no silent revision, no mixed scopes."""

from __future__ import annotations

import polars as pl
import pytest

from tanfeng.errors import DataError, ModelError
from tanfeng.pathway.series import inventory_series
from tanfeng.pathway.verdict import NOT_DECIDABLE, judge

KEYS = ["place", "sector", "fuel", "year", "part", "emission_tco2"]


def cells(rows, columns=KEYS):
    return pl.DataFrame(rows, schema=columns, orient="row")


def city():
    """A plant burning 500 for the grid, a mill burning 100 and buying power of 80, heat of 20."""
    rows = []
    for year in (2020, 2021):
        rows += [
            ("fz", "power", "coal", year, "direct", 500.0),
            ("fz", "power", "electricity", year, "electricity", 4.0),
            ("fz", "steel", "coal", year, "direct", 100.0),
            ("fz", "steel", "electricity", year, "electricity", 80.0),
            ("fz", "steel", "heat", year, "heat", 20.0),
        ]
    return cells(rows)


def totals(series):
    return dict(series.totals().select("year", "emission_tco2").iter_rows())


def test_the_boundary_is_a_switch_and_power_is_counted_once():
    direct = inventory_series(city(), suppliers=["power"])
    assert (totals(direct)[2020], direct.rule) == (600.0, "")
    # What the plant burns stands with its users: 100 + 80 + 20, and the 4 it buys itself.
    consumer = inventory_series(city(), boundary="direct+power+heat", suppliers=["power"])
    assert (totals(consumer)[2020], consumer.rule) == (204.0, "consumer")
    # 90 of its 500 are for users here: 500 - 90 + 204.
    sent = pl.DataFrame({"place": ["fz"] * 2, "year": [2020, 2021], "emission_tco2": [90.0, 0.0]})
    stated = inventory_series(
        city(), boundary="direct+power+heat", suppliers=["power"], rule="sent", sent=sent
    )
    assert totals(stated) == {2020: 614.0, 2021: 704.0}
    assert stated.totals(("sector", "year"))["emission_tco2"].to_list() == [414, 504, 200, 200]
    assert stated.cells.filter(part="sent")["emission_tco2"].to_list() == [-90.0, 0.0]
    # Without plants there is nothing to count twice.
    none = inventory_series(city(), boundary="direct+power+heat")
    assert (totals(none)[2020], none.rule) == (704.0, "")


def problems(*words, **asked):
    with pytest.raises(DataError) as caught:
        inventory_series(*words, **asked)
    for one in caught.value.problems:
        assert one.message_zh
        assert one.remedy_en
    return [(one.rule, one.row, one.heading) for one in caught.value.problems]


def test_what_plants_sent_must_be_stated_and_possible():
    asked = {"boundary": "direct+power+heat", "suppliers": ["power"], "rule": "sent"}
    assert [one[0] for one in problems(city(), **asked)] == ["Y124", "Y124"]
    sent = pl.DataFrame({"place": ["fz"] * 2, "year": [2020, 2021], "emission_tco2": [501, 1]})
    assert problems(city(), sent=sent, **asked) == [("Y125", 1, "emission_tco2")]
    bad = pl.DataFrame({"place": ["fz"] * 3, "year": ["2020", "2020", "?"],
                        "emission_tco2": ["-1", "x", "3"]})  # fmt: skip
    assert problems(city(), sent=bad, **asked) == [
        ("Y006", 1, "emission_tco2"),
        ("Y002", 2, "emission_tco2"),
        ("Y005", 2, "year"),
        ("Y004", 3, "year"),
    ]


def test_above_scale_sums_do_not_mix_with_the_whole_industry():
    whole = city().with_columns(scope=pl.lit("全行业"))
    assert inventory_series(whole).scope == "whole"
    assert inventory_series(city().with_columns(scope=pl.lit("规上"))).scope == "above_scale"
    mixed = city().with_columns(
        scope=pl.when(pl.col("year") == 2021).then(pl.lit("规上")).otherwise(pl.lit("whole"))
    )
    with pytest.raises(DataError, match="above_scale x 5") as caught:
        inventory_series(mixed)
    assert [(one.rule, one.row) for one in caught.value.problems] == [("Y121", 6)]


def test_a_revised_base_year_needs_a_note():
    first = city().with_columns(published=pl.lit("2022"), note=pl.lit(""))
    second = first.filter(year=2020).with_columns(
        published=pl.lit("2023"), emission_tco2=pl.col("emission_tco2") * 1.1
    )
    both = pl.concat([first, second])
    assert {one[0] for one in problems(both, base_year=2020)} == {"Y122"}
    # Not the base year, or with a note, or the same figure: fine; the last edition counts.
    assert totals(inventory_series(both, base_year=2021))[2020] == pytest.approx(660.0)
    noted = pl.concat([first, second.with_columns(note=pl.lit("经济普查修订"))])
    assert totals(inventory_series(noted, base_year=2020))[2020] == pytest.approx(660.0)
    same = pl.concat([first, first.filter(year=2020).with_columns(published=pl.lit("2023"))])
    assert totals(inventory_series(same, base_year=2020))[2020] == 600.0


def test_no_data_is_not_zero():
    table = city().filter(~((pl.col("year") == 2021) & (pl.col("sector") == "steel")))
    found = inventory_series(table).totals()
    assert found["missing_cells"].to_list() == [0, 1]
    assert found["cells"].to_list() == [2, 1]
    by_sector = inventory_series(table).totals(("sector", "year")).filter(sector="steel")
    assert by_sector["emission_tco2"].to_list() == [100.0, None]
    assert inventory_series(table).for_verdict()["membership"].n_unique() == 2
    lost = table.with_columns(missing_rows=pl.lit(2))
    assert inventory_series(lost).totals()["missing_rows"].to_list() == [4, 2]
    with pytest.raises(ModelError, match="no column month"):
        inventory_series(table).totals(("month",))


def test_marks_go_on_to_the_verdict():
    tent = [60.0 + 4 * t if t <= 10 else 120.0 - 2 * t for t in range(20)]
    rows = [
        ("fz", sector, "coal", 2005 + t, "direct", value * share, 0.95, t >= 12, "")
        for t, value in enumerate(tent)
        for sector, share in (("a", 0.6), ("b", 0.4))
    ]
    table = cells(rows, [*KEYS, "coverage", "filled", "provisional"])
    series = inventory_series(table).for_verdict()
    assert series["emission"].to_list() == pytest.approx(tent)
    assert series["coverage"].to_list() == pytest.approx([0.95] * 20)
    assert series["filled"].sum() == 8
    assert not series["provisional"].any()
    found = judge(series)
    assert found.verdict == NOT_DECIDABLE
    status = dict(found.criteria.select("key", "status").iter_rows())
    assert status["not_filled"] == "fail"
    assert status["membership"] == status["coverage"] == "pass"


def test_bad_cells_are_named_at_once():
    table = pl.DataFrame(
        {
            "place": "fz", "sector": "s", "fuel": "f", "year": ["2020", "2020", "x", "2022"],
            "part": ["direct", "direct", "direct", "indirect"],
            "emission_tco2": ["1", "-2", "", "4"], "coverage": ["1", "95", "1", "1"],
            "filled": ["no", "no", "perhaps", ""], "scope": ["", "", "", "some"],
        }
    )  # fmt: skip
    assert problems(table) == [
        ("Y005", 2, "year"),
        ("Y006", 2, "emission_tco2"),
        ("Y009", 2, "coverage"),
        ("Y004", 3, "year"),
        ("Y007", 3, "filled"),
        ("Y123", 4, "part"),
        ("Y123", 4, "scope"),
    ]
    assert problems(table.drop("part")) == [("Y001", None, "part")]


def test_boundaries_without_data_are_refused():
    with pytest.raises(ModelError, match="no electricity, heat emissions"):
        inventory_series(city().filter(part="direct"), boundary="direct+power+heat")
    with pytest.raises(ModelError, match="boundaries are direct, direct"):
        inventory_series(city(), boundary="all")
