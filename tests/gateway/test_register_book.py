"""The register as a workbook: out and in again, and what is said of cells nobody can read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.errors import DataError
from tanfeng.gateway import register_book as book
from tanfeng.gateway.simulate import Fault, simulate
from tanfeng.metering.register import Put, Register
from tanfeng.sheets import table_workbook

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def _found(problems):
    return [(p.rule, p.sheet, p.row, p.column, p.heading, p.value) for p in problems]


@pytest.fixture
def register(tmp_path):
    made = simulate(
        3, start=DAY, days=1, seed=1,
        faults=[Fault("replacement", "P00002", DAY + timedelta(hours=5), size=4.0)],
    )  # fmt: skip
    register = Register(tmp_path)
    nodes = pl.DataFrame(
        {"node": ["mill", "north"], "name": ["示范厂", "北县"], "kind": ["enterprise", "county"],
         "place_code": ["350100", None]}
    )  # fmt: skip
    register.put(
        points=made.points.with_columns(node=pl.lit("mill"), sign=pl.lit(-1, pl.Int8)),
        devices=made.devices,
        nodes=nodes,
        edges=pl.DataFrame({"parent": ["north"], "child": ["mill"]}),
        recorded=DAY,
    )
    return register


def _tables(register):
    return {name: getattr(register, name)() for name in book.TABLES}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_was_written_is_read_back_and_changes_nothing(register, lang):
    read = book.read(book.workbook(_tables(register), lang=lang), "r.xlsx")
    assert read.problems == []
    assert set(read.tables) == set(book.TABLES)
    assert register.put(**read.tables, recorded=DAY + timedelta(days=1)) == Put()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_template_is_understood_and_its_examples_are_left_out(lang):
    read = book.read(book.template(lang), "t.xlsx")
    assert read.problems == []
    assert {name: frame.height for name, frame in read.tables.items()} == dict.fromkeys(
        book.TABLES, 0
    )
    assert read.tables["points"].columns[:4] == ["point", "name", "kind", "item_key"]


def test_words_of_people_become_those_of_the_register():
    text = (
        "计量点编号,计量类型,能源,计量单位,综合倍率,方向,级别,备注\n"
        'P1,功率,电,千瓦,"4,000",流出,2,x\n'
        "P2,累计,天然气,m³,1,正向,1,\n"
        "P3,时段量,electricity,KWH,1,1,,\n"
    )
    rows = book.read(text.encode(), "p.csv").tables["points"].to_dicts()
    assert [(r["kind"], r["item_key"], r["unit"], r["sign"]) for r in rows] == [
        ("power", "electricity", "kW", -1),
        ("register", "natural_gas", "m3", 1),
        ("amount", "electricity", "kWh", 1),
    ]
    assert (rows[0]["multiplier"], rows[0]["level"], rows[2]["level"]) == (4000.0, 2, None)
    assert [r["source_row"] for r in rows] == [2, 3, 4]


def test_cells_that_cannot_be_read_are_told_with_sheet_letter_and_remedy():
    text = (
        "point,serial,installed,opening,digits\n"
        "P1,A,2026-03-01,abc,6.5\n"
        "P1,B,2026-03-01 08:00,3,6\n"
    )
    read = book.read(text.encode(), "d.csv")
    assert _found(read.problems) == [
        ("G022", "", 2, "C", "installed", "2026-03-01"),
        ("G016", "", 2, "D", "opening", "abc"),
        ("G017", "", 2, "E", "digits", "6.5"),
    ]
    assert read.tables["devices"]["installed"][1] == DAY


def test_findings_of_the_register_are_placed_in_the_file(register):
    content = table_workbook("登记", ["计量点", "倍率"], [("P00001", -2.0), ("P9", 1.0)])
    read = book.read(content, "p.xlsx")
    with pytest.raises(DataError) as caught:
        register.put(**read.tables, recorded=DAY)
    (found,) = _found(read.placed(caught.value.problems))
    assert found[:2] == ("N006", "登记")
    assert found[3:] == ("B", "倍率", "-2")


def test_a_file_of_something_else_is_refused_with_its_columns():
    with pytest.raises(DataError, match="there is no sheet of points"):
        book.read(b"a,b\n1,2\n", "x.csv")
    with pytest.raises(DataError):
        book.read(b"\x89PNG", "x.png")


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_bytes_do_worse_than_being_refused(content):
    try:
        read = book.read(b"point,multiplier,installed\n" + content, "x.csv")
    except DataError:
        return
    assert set(read.tables) == {"devices"}
