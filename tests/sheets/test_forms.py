"""Declarations, tables and the texts of the rules."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files

import pytest

from tanfeng import sheets
from tanfeng.errors import ModelError
from tanfeng.sheets._findings import problem
from tanfeng.sheets._items import by_code, by_name, items
from tanfeng.sheets._tables import rows, rules, thresholds, tokens

TABLES = files("tanfeng.sheets") / "tables"


def test_forms_are_there():
    assert list(sheets.forms()) == [
        "enterprise_archive",
        "monthly_energy",
        "product_output",
        "monthly_wide",
        "stat_205_1",
        "stat_205_2",
        "stat_205_3",
        "stat_b204_1",
        "equip_motor",
        "two_high_list",
        "waste_t2",
        "official_list",
        "enterprise_sites",
        "enterprise_contacts",
        "mrv_filing",
        "energy_budget",
        "market_certificate",
        "meter_list",
    ]
    with pytest.raises(ModelError, match="monthly_energy"):
        sheets.form("nothing")
    with pytest.raises(ModelError, match="no field"):
        sheets.form("monthly_energy").column("nothing")


@pytest.mark.parametrize("key", list(sheets.forms()))
def test_a_form_is_complete(key):
    form = sheets.form(key)
    assert form.name("zh") != form.name("en")
    assert len(set(form.fields)) == len(form.fields)
    assert next(iter(form.schema())) == "source_row"
    assert set(form.fields) < set(form.schema())
    for field in (*form.sums, *form.splits, *form.splits.values(), *form.fill_down):
        assert form.column(field)
    for field in form.key_fields:
        assert field in form.schema()
    for column in form.columns:
        assert column.heading_zh
        assert column.heading_en
        assert column.kind in {
            *("text", "code", "int", "decimal", "percent", "bool", "enum", "date", "period"),
            *("credit_code", "industry_code", "place_code", "item"),
        }
        if column.kind == "enum":
            assert column.choices


def test_official_columns_are_all_there():
    shared = [row["field_key"] for row in rows("stat_205_1.csv") if row["form_key"] == "stat_205_1"]
    assert list(sheets.form("stat_205_1").fields) == shared
    for key, table in (
        ("stat_205_2", "stat_205_2.csv"),
        ("stat_205_3", "stat_205_3.csv"),
        ("stat_b204_1", "stat_b204_1.csv"),
        ("equip_motor", "equipment.csv"),
        ("two_high_list", "two_high_projects.csv"),
        ("meter_list", "metering.csv"),
    ):
        shared = [row["field_key"] for row in rows(table) if row["form_key"] == key]
        assert set(shared) <= set(sheets.form(key).fields)


def test_digests_of_the_tables():
    listed = tomllib.loads((TABLES / "tables.toml").read_text(encoding="utf-8"))
    names = {path.name for path in TABLES.iterdir() if path.name.endswith(".csv")}
    assert set(listed) == names
    for name, entry in listed.items():
        digest = hashlib.sha256((TABLES / name).read_bytes()).hexdigest()
        assert entry["sha256"] == digest, f"{name} changed: correct its digest and say why"
        assert entry["source"]
        assert entry["licence"]


def test_rules_have_both_languages():
    for rule in rules().values():
        assert rule.message_zh
        assert rule.message_en
        assert bool(rule.remedy_zh) == bool(rule.remedy_en)


def test_own_defaults_never_block():
    """A threshold from memory or of our own warns; it is shown as unverified."""
    by_check = {
        threshold.check for threshold in thresholds().values() if threshold.confidence == "recalled"
    }
    logical = {"Q004", "W001", "S003", "E003"}  # hours of a year and rounding
    used = {"E001", "E002", "E006", "E007", "E008", "E011", "E012", "E013", "E020", "E021"}
    used |= {"E022", "P005", "Q001", "V001", "V036"}
    assert used - {"E011"} <= by_check
    for check in used - logical:
        rule = rules()["V" if check.startswith("V0") else check]
        assert rule.severity != "error", check
        assert rule.unverified is (check in by_check), check
        assert ("待核实" in rule.texts({})[0]) is rule.unverified


def test_own_rules_have_names_of_their_own():
    """X, U and F (workbooks of the methods) are ours; shared X and U stand under their form."""
    own = {row["check_id"] for row in rows("own_checks.csv")}
    shared = {row["check_id"] for row in rows("checks.csv")}
    for key in own - shared:
        assert key[0] in "XUF" or key.endswith("m") or key == "V", key
    assert rules()["X005"].message_en.startswith("{item}: unit")
    assert rules()["efficiency_list.X005"].message_en.startswith("Capacity use")
    assert not rules()["X005"].unverified
    assert "efficiency_list.X005.low" in thresholds()


def test_rules_used_in_the_code_exist():
    import re

    used: set[str] = set()
    for path in files("tanfeng.sheets").iterdir():
        if path.name.endswith(".py"):
            used |= set(re.findall(r'"([SEVQWPIMXU]\d{3}m?)"', path.read_text(encoding="utf-8")))
    assert used <= set(rules())


def test_a_finding_with_everything():
    found = problem("S008", row=3, letter="B", heading="日期", value="2025.13", sheet="表")
    assert found.cell == "B3"
    assert "2025.13" in found.message_zh
    assert found.line("en").startswith("sheet 表, row 3, column B 日期")


def test_items():
    assert by_name("电  力") == "electricity"
    assert by_name("1.无烟煤") == "anthracite"
    assert by_name("没有") == ""
    assert by_code("33") == by_code("33.0") == "electricity"
    assert by_code("1") == "raw_coal"
    assert by_code("") == by_code("99") == ""
    assert items()["anthracite"].parent == "raw_coal"


def test_tokens():
    assert "合计" in tokens()["total"]
    assert "—" in tokens()["nil"]


def test_thresholds_are_named():
    found = sheets.thresholds()
    assert found["E002.tolerance"].value == 0.005
    assert found["V001.low"].value == 250
    assert found["V001.low"].confidence == "recalled"
