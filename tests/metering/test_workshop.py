"""A statement is written once; tables of one derivation do not meet those of another."""

from __future__ import annotations

import ibis
import polars as pl

from metering import engines
from tanfeng.metering._workshop import Workshop


def test_an_expression_is_built_once_and_runs_on_the_tables_of_each():
    built = []

    def doubled(table):
        built.append(1)
        return table.select(twice=(table.n * 2).cast("int8"))

    found = []
    for numbers in ([1, 2], [5]):
        shop = Workshop(engines.con())
        table = shop.hold("numbers", pl.DataFrame({"n": numbers}))
        made = shop.step("workshop_doubled", lambda table=table: doubled(table))
        found.append(engines.fetch(made)["twice"].to_list())
        assert made.schema()["twice"] == ibis.dtype("int8")
        assert shop.any(made)
        shop.clear()
    assert found == [[2, 4], [10]]
    assert len(built) == 1


def tables() -> set[str]:
    con = engines.con()
    if con is not engines.DUCKDB:
        return set(con.list_tables())
    # Not list_tables(): ibis 12 asks DuckDB 2 for it in a way it no longer knows.
    return {row[0] for row in con.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()} | {
        row[0] for row in con.raw_sql("SELECT view_name FROM duckdb_views()").fetchall()
    }


def test_nothing_is_left_behind():
    before = tables()
    shop = Workshop(engines.con())
    table = shop.hold("kept", pl.DataFrame({"n": [1]}))
    shop.view("seen", table)
    shop.step("workshop_none", lambda: table.filter(table.n > 1))
    assert not shop.any(shop.made("workshop_none"))
    shop.clear()
    assert tables() == before
