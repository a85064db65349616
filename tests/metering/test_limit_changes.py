"""Limits of a city as a file: what it may hold, and which row holds on a day."""

from __future__ import annotations

from datetime import date

import pytest

from tanfeng.errors import DataError
from tanfeng.metering import limit_changes
from tanfeng.metering.limit_changes import LimitChange
from tanfeng.metering.quality import quality_rules

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def test_what_is_written_is_read_and_the_newest_begun_holds(tmp_path):
    changes = (
        LimitChange("connected_min", 0.7, APRIL, "通知", "第三条"),
        LimitChange("connected_min", 0.5, MARCH),
        LimitChange("repair_days", 2.0, MARCH, 'a, "b"'),
    )
    path = tmp_path / "quality" / limit_changes.FILE
    limit_changes.write(path, changes)
    assert limit_changes.read(path) == changes
    on = limit_changes.in_force
    assert on(changes, date(2026, 2, 28)) == {}
    assert {name: one.value for name, one in on(changes, date(2026, 3, 31)).items()} == {
        "connected_min": 0.5, "repair_days": 2.0,
    }  # fmt: skip
    assert on(changes, APRIL)["connected_min"].value == 0.7
    limit_changes.write(path, ())
    assert limit_changes.read(path) == ()


def test_a_file_by_hand_needs_two_columns(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\ufeffrule,value\ncompleteness_min,0.85\n", encoding="utf-8")
    assert limit_changes.read(path) == (LimitChange("completeness_min", 0.85, date.min),)
    path.write_text("rule,limit\n")
    with pytest.raises(DataError, match="lacks the columns value"):
        limit_changes.read(path)
    for content in (b"rule,value\n\xb9\xfa,1\n", b'rule,value\n"a' + b"b" * 200_000):
        path.write_bytes(content)
        with pytest.raises(DataError, match="no CSV"):
            limit_changes.read(path)
    with pytest.raises(DataError, match="no CSV"):
        limit_changes.read(tmp_path / "none.csv")


def test_every_bad_row_is_named(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "rule,value,valid_from\n"
        "weight_completeness,1,\n"
        "repair_days,many,2026-03-01\n"
        "repair_days,2,March\n"
        "repair_days,2,2026-03-01\n"
        "repair_days,4,2026-03-01\n"
        "connected_min\n"
    )
    with pytest.raises(DataError) as error:
        limit_changes.read(path)
    assert [(one.row, one.heading) for one in error.value.problems] == [
        (2, "rule"), (3, "value"), (4, "valid_from"), (6, "rule"), (7, "value"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "value", "day", "field"),
    [
        ("connected_min", 1.2, MARCH, "value"),
        ("connected_min", 0.0, MARCH, "value"),
        ("connected_min", float("nan"), MARCH, "value"),
        ("repair_days", 2.5, MARCH, "value"),
        ("rated_factor", 0.9, MARCH, "value"),
        ("residual_sigma", 0.5, MARCH, "value"),
        ("late_max", 0.0, MARCH, "value"),
        ("late_max", 900.0, date(2026, 3, 2), "valid_from"),
        ("late_max", 900.0, MARCH, None),
        ("residual_sigma", 3.5, MARCH, None),
        ("running_slots_min", 8.0, MARCH, None),
    ],
)
def test_what_can_be_a_limit(rule, value, day, field):
    assert [one.heading for one in limit_changes.refused(rule, value, day)] == (
        [field] if field else []
    )


def test_every_shipped_value_could_be_set():
    for name in limit_changes.CHANGEABLE:
        assert limit_changes.refused(name, quality_rules()[name].value, MARCH) == []
