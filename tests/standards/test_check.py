"""Each numbered check finds its fault, names the rows and says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tanfeng import standards
from tanfeng.standards import Shelf, _check

TWO = ({}, {"id": "a2", "grade": "2"})


def _found(shelf: Shelf):
    """Return number -> finding, leaving out what is told of every table."""
    return {finding.check: finding for finding in standards.check(shelf=shelf)}


def test_the_shipped_tables_have_no_error():
    found = standards.check()
    assert [f for f in found if f.severity == "error"] == []
    assert {f.check for f in found} == {"TF-S004", "TF-S005", "TF-S012", "TF-S016", "TF-S017"}


def test_known_findings_and_gaps_are_information():
    found = standards.check()
    known = {(f.table, f.rows) for f in found if f.check == "TF-S004"}
    assert ("electricity_heat_factors", ("elec_ets_2015_0_6101", "elec_2020_0_5839")) in known
    told = {f.table: f for f in found if f.check == "TF-S012"}
    # 203 single + 99 recalled, as the compilation states
    assert told["fuels"].message("en") == "302 rows are to be verified"
    assert told["fuels"].message("zh") == "302 行待核实"
    assert told["fuels"].remedy("en").startswith("Enter the verified value as an override")
    assert told["fuels"].remedy("zh").startswith("查到正式文本后")
    assert len(told["fuels"].rows) == 302


def test_a_clean_table_has_no_finding(make):
    assert standards.check(shelf=make(*TWO)) == ()


CASES = [
    ("TF-S001", TWO, {"sha256": "0" * 64}, "digest differs: actual [0-9a-f]{64}, recorded 0{64}"),
    ("TF-S002", ({}, {"grade": "2"}), {}, "2 rows share an id or have none: a1, a1"),
    ("TF-S002", ({"id": ""},), {}, "1 rows share an id or have none"),
    ("TF-S003", ({"unit": ""},), {}, "1 rows have a value without a unit: a1"),
    ("TF-S004", ({}, {"id": "a2"}), {}, "2 rows are in force together .*: a1, a2"),
    ("TF-S005", ({"source_doc": "GB 1-2013"},), {}, "1 rows name a document but no clause"),
    ("TF-S006", TWO, {"rows": 3, "single": 1}, r"counts differ, actual single = 0, rows = 2"),
    ("TF-S007", TWO, {"columns": 'spare = ["余", "spare", ""]'}, "differ: spare"),
    ("TF-S007", TWO, {"extra": 'detail = ["size"]'}, "differ: size"),
    ("TF-S007", ({"more": "x"},), {}, "differ: more"),
    ("TF-S008", ({"valid_from": "2013-02-30"},), {}, "1 rows have a wrong date: a1"),
    ("TF-S008", ({"valid_to": "2012-12-31"},), {}, "1 rows have a wrong date: a1"),
    ("TF-S009", ({"confidence": "sure"},), {}, "1 rows have an unknown confidence: a1"),
    ("TF-S010", ({"evidence": "S2+M"},), {}, r"1 rows name no registered source: a1"),
    ("TF-S010", ({"evidence": "hearsay"},), {}, r"1 rows name no registered source: a1"),
    ("TF-S011", ({"source_doc": ""},), {}, "1 rows cite no document: a1"),
    ("TF-S012", ({"confidence": "single"},), {}, "1 rows are to be verified"),
    ("TF-S013", ({"value": "about 10"},), {}, "1 rows have a value that is no number: a1"),
    (
        "TF-S014",
        ({"note": "zz"}, {"id": "a2", "grade": "2", "note": "a1"}),
        {"extra": '[[reference]]\ncolumn = "note"\ntable = "small"\nto = "id"'},
        "1 rows refer to rows small does not have: a1",
    ),
    (
        "TF-S015",
        TWO,
        {"extra": '[[reference]]\ncolumn = "note"\ntable = "gone"'},
        "cannot be read: StandardError: there is no table 'gone'",
    ),
    (
        "TF-S017",
        ({}, {"id": "a2", "grade": "2", "value": "10"}),
        {"extra": 'graded = { column = "grade", direction = "lte" }'},
        "1 rows are stricter than the grade above: a2",
    ),
    ("TF-S016", TWO, {"extra": '[[gap]]\nzh = "缺"\nen = "something is missing"'}, "is missing"),
]


GRADED = 'graded = {{ column = "grade", direction = "{}" }}'


@pytest.mark.parametrize(
    ("direction", "values", "wrong"),
    [
        # At most 10, 12, 15: every grade allows more than the one above.
        ("lte", ("10", "12", "15"), ()),
        ("lte", ("10", "10", "10"), ()),
        ("lte", ("10", "9", "15"), ("a2",)),
        # 11 allows more than 9 and still less than the 12 of grade 1.
        ("lte", ("12", "9", "11"), ("a2", "a3")),
        ("lte", ("10", "", "9"), ("a3",)),
        ("gte", ("95", "93", "90"), ()),
        ("gte", ("95", "93", "94"), ("a3",)),
        ("note", ("10", "9", "15"), ()),
    ],
)
def test_grades_of_one_limit_are_ordered(make, direction, values, wrong):
    rows = [
        {"id": f"a{grade}", "grade": str(grade), "value": value, "note": "gte"}
        for grade, value in enumerate(values, 1)
    ]
    if direction == "note":
        rows[2]["value"] = "8"
    found = _found(make(*rows, extra=GRADED.format(direction)))
    assert (found["TF-S017"].rows if wrong else found.get("TF-S017")) == (wrong or None)


def test_another_kind_is_another_limit(make):
    rows = ({}, {"id": "b1", "kind": "b", "value": "8"}, {"id": "b2", "kind": "b", "grade": "2"})
    assert "TF-S017" not in _found(make(*rows, extra=GRADED.format("lte")))


def test_the_access_level_of_new_coal_units_is_told_and_not_changed():
    (told,) = [f for f in standards.check() if f.check == "TF-S017"]
    assert (told.severity, told.table, len(told.rows)) == ("info", "energy_quota", 4)
    assert "285 gce/kWh" in told.message("en")
    row = standards.load("energy_quota").filter(id="eq_gb21258_2024_sc600_power_g2")
    assert row["value_num"].to_list() == [285.0]


@pytest.mark.parametrize(("number", "rows", "recorded", "message"), CASES)
def test_each_fault_is_found(make, number, rows, recorded, message):
    if "more" in rows[0]:
        rows = ({**row, "more": ""} | row for row in rows)
    finding = _found(make(*rows, **recorded))[number]
    assert finding.table == "small"
    assert re.search(message, finding.message("en")), finding.message("en")
    assert finding.message("zh")
    assert finding.remedy("en")
    assert finding.remedy("zh")
    assert finding.severity == _check._REMEDY[number][0]


def test_every_number_is_proved_and_documented():
    assert {case[0] for case in CASES} == set(_check._REMEDY)
    assert set(re.findall(r"^TF-S\d{3}", _check.__doc__, re.M)) == set(_check._REMEDY)


def test_consecutive_editions_do_not_overlap(make):
    shelf = make({"valid_to": "2025-04-30"}, {"id": "a2", "valid_from": "2025-05-01"})
    assert "TF-S004" not in _found(shelf)
    shelf = make({"valid_to": "2025-05-01"}, {"id": "a2", "valid_from": "2025-05-01"})
    assert _found(shelf)["TF-S004"].rows == ("a1", "a2")


def test_a_long_edition_overlaps_with_a_later_one_past_a_short_one(make):
    shelf = make(
        {"valid_to": "2030-12-31"},
        {"id": "a2", "valid_from": "2014-01-01", "valid_to": "2014-12-31"},
        {"id": "a3", "valid_from": "2020-01-01"},
    )
    assert _found(shelf)["TF-S004"].rows == ("a1", "a2", "a3")


KNOWN = '[[known]]\ncheck = "TF-S004"\nrows = ["a1", "a2"]\nzh = "已知"\nen = "known"'


def test_known_rows_become_information(make):
    found = standards.check(shelf=make({}, {"id": "a2"}, extra=KNOWN))
    assert [(f.severity, f.message("en"), f.rows) for f in found] == [
        ("info", "known", ("a1", "a2"))
    ]


def test_rows_beside_the_known_ones_stay_errors(make):
    found = standards.check(shelf=make({}, {"id": "a2"}, {"id": "a3"}, extra=KNOWN))
    assert [(f.severity, f.rows) for f in found] == [("info", ("a1", "a2")), ("error", ("a3",))]


def test_many_rows_are_named_by_the_first_five(make):
    shelf = make(*({"id": f"a{n}", "grade": str(n), "unit": ""} for n in range(7)))
    finding = _found(shelf)["TF-S003"]
    assert finding.message("en").endswith("a0, a1, a2, a3, a4 ...")
    assert len(finding.rows) == 7


def test_a_table_without_its_sidecar_or_its_rows(make, tmp_path):
    shelf = make(*TWO)
    (tmp_path / "small.toml").rename(tmp_path / "other.toml")
    found = standards.check(shelf=shelf)
    assert [(f.check, f.table) for f in found] == [("TF-S015", "other"), ("TF-S015", "small")]
    assert "small.toml" in found[1].message("en")


def test_a_sidecar_that_is_no_toml(make, tmp_path):
    shelf = make(*TWO)
    (tmp_path / "small.toml").write_text("key = ", encoding="utf-8")
    assert "TOMLDecodeError" in _found(shelf)["TF-S015"].message("en")


def test_a_table_looked_up_by_id_alone_has_no_key_to_share(make):
    text_key = 'key = ["kind", "grade"]'
    shelf = make({}, {"id": "a2"})
    sidecar = Path(str(shelf.root)) / "small.toml"
    text = sidecar.read_text(encoding="utf-8").replace(text_key, 'key = ["id"]')
    sidecar.write_text(text, encoding="utf-8")
    assert standards.check(shelf=shelf) == ()
