"""The shipped tables are the ones their sidecars record, and say what they are."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tanfeng import standards
from tanfeng.errors import StandardError

FOLDER = Path(str(standards.SHIPPED.root))
#: Rows of each compiled table, as its README states them.
COMPILED = {
    "fuels": 331,
    "process_factors": 244,
    "electricity_heat_factors": 147,
    "benchmarks": 154,
    "energy_quota": 1097,
    "motors": 510,
    "transformers": 2007,
    "waste_codes": 84,
    "industries": 932,
    "ets": 96,
    "capacity_replacement": 28,
    "process_routes": 469,
    "measures": 120,
    "park_components": 268,
    "tariffs_fujian": 187,
    "sector_drivers": 112,
}
OWN = {
    "energy_items": 57,
    "item_fuels": 285,
    "coal_rate": 10,
    "meter_rates": 78,
    "method_defaults": 159,
}
NAMES = sorted(COMPILED | OWN)


def _plain_rows(name):
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_all_tables_are_there():
    assert [about.name for about in standards.tables()] == NAMES
    assert sum(COMPILED.values()) == 6786
    assert sum(about.rows for about in standards.tables()) == 6786 + sum(OWN.values())


@pytest.mark.parametrize("name", NAMES)
def test_digest_and_counts_are_the_recorded_ones(name):
    about = standards.info(name)
    rows = _plain_rows(name)
    column = dict(about.roles).get("confidence", "confidence")
    words = [row[column] for row in rows]
    assert hashlib.sha256((FOLDER / f"{name}.csv").read_bytes()).hexdigest() == about.digest
    assert len(rows) == about.rows == (COMPILED | OWN)[name]
    assert words.count("confirmed") == about.confirmed
    assert words.count("single") == about.single
    assert words.count("recalled") == about.recalled


def test_the_counts_are_those_the_compilation_states():
    # README of the compilation: fuels 29/203/99, energy_quota 12/1085/0, ets 30/34/32
    told = {t.name: (t.confirmed, t.single, t.recalled) for t in standards.tables()}
    assert told["fuels"] == (29, 203, 99)
    assert told["energy_quota"] == (12, 1085, 0)
    assert told["ets"] == (30, 34, 32)


@pytest.mark.parametrize("name", [*COMPILED, "energy_items"])
def test_compiled_tables_are_byte_for_byte_the_compiled_ones(name, shared):
    folder = "forms" if name == "energy_items" else "standards"
    assert (FOLDER / f"{name}.csv").read_bytes() == (shared / folder / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_load_gives_every_cell_as_printed(name):
    frame = standards.load(name)
    rows = _plain_rows(name)
    assert frame.select(list(rows[0])).to_dicts() == rows
    assert frame.null_count().drop("value_num").sum_horizontal().item() == 0


@pytest.mark.parametrize("name", NAMES)
def test_value_num_is_the_number_the_text_says(name):
    about = standards.info(name)
    frame = standards.load(name).with_columns(
        about.part("value").alias("text"), about.part("unit").alias("of")
    )
    for text, unit, number in frame.select("text", "of", "value_num").iter_rows():
        if number is None:
            assert text == "" or unit in about.text_units
        else:
            assert number == float(text)


def test_a_code_is_never_a_number():
    assert standards.load("industries")["value_num"].null_count() == 932
    assert standards.lookup("industries", level="division", value="07").text == "07"


@pytest.mark.parametrize("name", NAMES)
def test_sidecars_speak_both_languages(name):
    about = standards.info(name)
    assert about.title("zh") == about.title_zh != about.title("en") == about.title_en
    assert about.description("zh") == about.description_zh
    assert about.description("en") == about.description_en
    for column in about.columns:
        assert column.zh, column.name
        assert column.en, column.name
    for gap in about.gaps:
        assert gap.zh
        assert gap.en
    assert "Apache-2.0" in about.licence_en
    assert about.publisher_zh
    assert about.checked_zh
    assert about.edition
    assert about.compiled.isoformat() == "2026-11-22"


def test_a_table_with_one_digit_changed_is_refused(make):
    shelf = make({}, sha256="0" * 64)
    with pytest.raises(StandardError, match=r"small is not the one.*recorded is 0{64}"):
        standards.load("small", shelf=shelf)


def test_a_loaded_table_cannot_be_changed_for_others():
    frame = standards.load("coal_rate")
    frame.insert_column(0, frame["id"].alias("mine"))
    assert "mine" not in standards.load("coal_rate").columns


def test_an_unknown_table_is_told_the_near_ones():
    with pytest.raises(StandardError, match="no table 'fuel'; did you mean fuels"):
        standards.load("fuel")
    with pytest.raises(StandardError, match="there are benchmarks, capacity_replacement"):
        standards.info("zzz")


def test_evidence_names_the_sources():
    found = standards.evidence("S3+S4+M")
    assert [source.code for source in found] == ["S3", "S4", "M"]
    assert "felix0220170" in found[0].en
    assert found[2].zh == "编制者的记忆"
    assert [s.code for s in standards.evidence("F1+F2+F3; GB/T 2589; F20")] == [
        "F1",
        "F2",
        "F3",
        "F20",
    ]
    assert standards.evidence("S999") == ()


def test_the_room_imports_neither_django_nor_rows():
    code = (
        "import sys, tanfeng.standards as s\n"
        "from tanfeng.standards import _shelf\n"
        "assert not [m for m in sys.modules if m.partition('.')[0] in ('django', 'rich')]\n"
        "s.tables()\n"
        "assert _shelf._load.cache_info().currsize == 0, 'rows are read only when asked for'\n"
        "s.load('ets'); s.load('ets')\n"
        "assert _shelf._load.cache_info().misses == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names_are_sorted_and_there():
    assert standards.__all__ == sorted(standards.__all__, key=lambda n: (not n.isupper(), n))
    assert all(hasattr(standards, name) for name in standards.__all__)


def test_a_note_is_told_in_chinese_where_the_sidecar_knows_it():
    about = standards.info("tariffs_fujian")
    notes = {note for note in standards.load("tariffs_fujian")["note"] if note}
    assert notes == dict(about.notes_zh).keys()
    assert about.note("monthly") == "按月"
    assert about.note("monthly", "en") == "monthly"
    assert standards.info("fuels").note("recollection") == "recollection"
