"""Standards tables as frames: search, filters, sorting, editions, meaning of codes."""

from __future__ import annotations

from datetime import date

import pytest

from tanfeng import standards
from tanfeng.console.library import dates, headings, tables
from tanfeng.console.library.tables import Wanted

DAY = date(2026, 3, 1)
NAMES = [info.name for info in standards.tables()]


def ids(name, overridden=frozenset(), **wanted):
    shown = tables.table(name)
    return tables.rows(shown, Wanted(day=DAY, **wanted), overridden)["@id"].to_list()


@pytest.mark.parametrize("name", NAMES)
def test_every_table_can_be_shown(name):
    shown = tables.table(name)
    assert shown.frame.height == shown.info.rows
    assert shown.frame["@id"].n_unique() == shown.info.rows
    assert shown.frame["@name_zh"].null_count() == 0
    assert shown.filters, "a list without a filter on its own columns"
    for column in shown.filters:
        for lang in ("zh", "en"):
            assert shown.heading(column, lang)


@pytest.mark.parametrize("name", NAMES)
def test_every_column_has_a_short_heading(name):
    for column in standards.info(name).columns:
        for lang in ("zh", "en"):
            assert 0 < len(headings.short(column, lang)) <= 30, column


def test_a_table_is_made_once():
    assert tables.table("transformers") is tables.table("transformers")


def test_words_are_all_wanted_and_in_any_case():
    found = ids("fuels", words="ANTHRACITE ndrc-general ncv")
    assert found == ["fuel_ndrc_general_2015_anthracite_ncv"]
    assert ids("fuels", words="无烟煤 低位发热量 NDRC-GENERAL") == found
    assert ids("fuels", words="anthracite nothing-like-it") == []


def test_text_in_the_search_is_no_pattern():
    assert ids("fuels", words=".*") == []


def test_a_drop_down_compares_whole_cells():
    key = {"standard": "GB 20052-2024", "capacity": "30", "type": "oil", "loss_type": "noload"}
    # Two core materials (electrical steel, amorphous alloy) with three grades each.
    assert len(ids("transformers", values=key)) == 6
    assert len(ids("transformers", values={**key, "grade": "1"})) == 2


def test_a_column_of_many_values_is_searched_in():
    shown = tables.table("energy_quota")
    assert "product_key" not in shown.options
    found = ids("energy_quota", values={"product_key": "SINTERING", "standard": "GB 21256-2025"})
    assert found == [f"eq_gb21256_2025_sintering_g{grade}" for grade in (1, 2, 3)]


def test_trust_counts_agree_with_the_sidecar():
    for name in NAMES:
        info = standards.info(name)
        for confidence in ("confirmed", "single", "recalled"):
            assert len(ids(name, confidence=confidence)) == getattr(info, confidence)


def test_a_verified_row_leaves_the_rows_to_be_verified():
    own = frozenset({"fuel_ndrc_general_2015_anthracite_ncv"})
    assert ids("fuels", own, confidence="override") == [*own]
    before = len(ids("fuels", confidence="single"))
    assert len(ids("fuels", own, confidence="single")) == before - 1


def test_rows_of_a_document():
    document = "GB/T 2589-2008 综合能耗计算通则"
    assert len(ids("fuels", document=document)) == 4


def test_numbers_sort_as_numbers():
    found = ids("motors", values={"poles": "4", "grade": "3"}, sort="rated_power_kw")
    shown = tables.table("motors").frame
    power = dict(zip(shown["@id"], shown["rated_power_kw"], strict=True))
    sizes = [float(power[one]) for one in found]
    assert sizes == sorted(sizes)
    assert sizes[0] < 1 < 100 < sizes[-1]


def test_sorting_by_value_puts_words_last_either_way():
    shown = tables.table("ets")
    for sort in ("value", "-value"):
        frame = tables.rows(shown, Wanted(day=DAY, sort=sort), frozenset())
        known = frame["value_num"].drop_nulls()
        assert frame["value_num"].head(len(known)).null_count() == 0
        assert known.is_sorted(descending=sort.startswith("-"))


def test_sorting_by_trust():
    shown = tables.table("fuels")
    frame = tables.rows(shown, Wanted(day=DAY, sort="confidence"), frozenset())
    assert frame["@confidence"].unique(maintain_order=True).to_list() == [
        "confirmed",
        "single",
        "recalled",
    ]


def test_an_unknown_sort_keeps_the_order_of_the_file():
    assert ids("fuels", sort="nonsense") == ids("fuels")


def test_rows_by_time_in_force_add_up():
    for name in NAMES:
        parts = [len(ids(name, force=force)) for force in ("in_force", "coming", "ended")]
        assert sum(parts) == standards.info(name).rows


def test_the_new_edition_of_a_quota_comes_into_force():
    key = {"standard": "GB 21256-2025"}
    shown = tables.table("energy_quota")

    def force(day, kind):
        wanted = Wanted(day=day, values=key, force=kind)
        return tables.rows(shown, wanted, frozenset()).height

    # In force from 2026-07-01: 19 rows.
    assert (force(date(2026, 6, 30), "coming"), force(date(2026, 6, 30), "in_force")) == (19, 0)
    assert (force(date(2026, 7, 1), "coming"), force(date(2026, 7, 1), "in_force")) == (0, 19)


def test_other_editions_of_a_key():
    shown = tables.table("electricity_heat_factors")
    row = shown.frame.filter(
        (shown.frame["kind"] == "provincial_average")
        & (shown.frame["region"] == "CN-FJ")
        & (shown.frame["data_year"] == "2022")
    ).row(0, named=True)
    others = tables.editions(shown, row)
    assert dict(zip(others["data_year"], others["@value"], strict=True)) == {
        "2021": "0.4711",
        "2023": "0.4211",
    }


def test_a_table_without_editions_has_no_other_rows():
    shown = tables.table("motors")
    row = tables.row(shown, shown.frame["@id"][0])
    assert tables.editions(shown, row).is_empty()


def test_no_row_for_an_unknown_id():
    assert tables.row(tables.table("fuels"), "nonsense") is None


def test_columns_that_say_the_same_everywhere_are_left_out():
    shown = tables.table("transformers")
    wanted = Wanted(day=DAY, values={"type": "dry", "standard": "GB 20052-2024"})
    told = tables.telling(shown, tables.rows(shown, wanted, frozenset()))
    assert told == ["capacity", "grade", "core_material", "condition", "loss_type"]
    assert tables.telling(shown, shown.frame.head(1)) == list(shown.columns)


@pytest.mark.parametrize(
    ("table", "column", "code", "zh", "en"),
    [
        ("transformers", "loss_type", "noload", "空载", None),
        ("transformers", "comparison", "lte", "不大于", "at most"),
        ("transformers", "type", "oil35", "35kV油浸", "35 kV oil-immersed"),
        ("fuels", "parameter", "ncv", "低位发热量", "net calorific value"),
        ("waste_codes", "system", "catalogue_2024", None, None),
    ],
)
def test_codes_are_put_into_words(table, column, code, zh, en):
    shown = tables.table(table)
    assert shown.codes(column, "zh").get(code) == zh
    assert shown.codes(column, "en").get(code) == en


def test_a_heading_that_is_not_listed_comes_from_the_explanation():
    column = standards.ColumnInfo("new_column", "新列：说明", "New column (explained)", "")
    assert headings.short(column, "zh") == "新列"
    assert headings.short(column, "en") == "New column"


def test_every_row_rests_on_one_counted_document():
    counted = sum(sum(rows.values()) for rows in tables.resting().values())
    without = sum((tables.table(name).frame["document"] == "").sum() for name in NAMES)
    assert counted + without == sum(standards.info(name).rows for name in NAMES)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2025", date(2025, 12, 31)),
        ("2026-02", date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 29)),
        ("2026-02-01", date(2026, 2, 1)),
    ],
)
def test_a_date_may_stop_at_month_or_year(text, last):
    assert dates.last_day(text) == last
    assert dates.reached(text, last)
    assert not dates.reached(text, last.replace(day=last.day) - (date(1, 1, 2) - date(1, 1, 1)))


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        ("", "", "in_force"),
        ("2026-03-02", "", "coming"),
        ("2026-03-01", "", "in_force"),
        ("2020-01-01", "2026-02-28", "ended"),
        ("2020-01-01", "2026-03-01", "in_force"),
    ],
)
def test_whether_a_row_is_in_force(start, end, state):
    assert dates.in_force(start, end, DAY) == state
