"""Scenarios as a workbook: what is written reads back, what is wrong is told by its cell."""

from __future__ import annotations

import pytest

from pathway.scenario_kit import TEXT
from tanfeng.errors import DataError
from tanfeng.pathway.scenario import Book
from tanfeng.pathway.scenario_files import from_toml
from tanfeng.sheets.scenario_book import read_scenarios, write_scenarios


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_written_reads_back(lang):
    book = from_toml(TEXT)
    back = read_scenarios(write_scenarios(book, lang=lang, demo=True), "情景.xlsx")
    for key in book.scenarios:
        ours, theirs = book.resolve(key), back.resolve(key)
        assert (ours.first_year, ours.last_year, ours.history_until) == (
            theirs.first_year, theirs.last_year, theirs.history_until,
        )  # fmt: skip
        assert [
            (p.sector, p.driver, p.way, [(a.year, a.value, a.cell.ref) for a in p.anchors])
            for p in ours.paths
        ] == [
            (p.sector, p.driver, p.way, [(a.year, a.value, a.cell.ref) for a in p.anchors])
            for p in theirs.paths
        ]


def test_a_bad_cell_is_told_by_its_address():
    text = TEXT.replace("2025 = 120", '2025 = "很多"').replace("2020 = 600", '2020 = "6O0"')
    book = read_scenarios(write_scenarios(from_toml(text)), "x.xlsx")
    with pytest.raises(DataError) as refused:
        book.resolve("base")
    told = [(one.sheet, one.heading, one.value) for one in refused.value.problems]
    assert told == [("驱动因素", "2025", "很多"), ("驱动因素", "2020", "6O0")]
    assert all(one.row and one.column for one in refused.value.problems)


def test_the_empty_template_is_a_book_without_scenarios():
    book = read_scenarios(write_scenarios(Book({})), "模板.xlsx")
    assert not book.scenarios
    assert not book.cells


def test_toml_goes_by_its_name():
    assert read_scenarios(TEXT.encode(), "a.toml").scenarios.keys() == {"base", "strong"}
    with pytest.raises(DataError):
        read_scenarios(b"\xff\xfe[", "a.toml")


def test_a_workbook_without_the_sheets_is_refused():
    from tanfeng.sheets import table_workbook

    with pytest.raises(DataError) as refused:
        read_scenarios(table_workbook("别的", ["a"], [["x"]]), "x.xlsx")
    assert {one.sheet for one in refused.value.problems} == {"情景", "驱动因素"}
