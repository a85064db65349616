"""The plan reaches the database with every migrate, once."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from tanfeng import plan
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.plan import services
from tanfeng.console.plan.models import Target, Task, Unit, packed, unpacked

pytestmark = pytest.mark.django_db


def test_a_new_database_has_the_plan():
    assert (Target.objects.count(), Task.objects.count(), Unit.objects.count()) == (63, 45, 20)


def test_loading_again_changes_nothing_and_leaves_no_event():
    loaded = services.load_plan()
    assert loaded == services.Loaded(added=0, changed=0, unchanged=63 + 45 + 20)
    assert not AuditEvent.objects.exists()


def test_a_changed_record_is_brought_back_to_the_plan():
    Target.objects.filter(key="T10").update(value="60")
    Target.objects.get(key="T10").units.clear()
    Task.objects.get(clause="2.3.1").units.add(Unit.objects.get(name_zh="市教育局"))
    assert services.load_plan().changed == 1
    target = Target.objects.get(key="T10")
    assert target.value == "70"
    assert {unit.name_zh for unit in target.units.all()} == {
        "市发改委",
        "市工信局",
        "市市场监管局",
        "各县(市)区人民政府",
        "高新区管委会",
    }
    assert not Task.objects.get(clause="2.3.1").units.filter(name_zh="市教育局").exists()


def test_a_row_that_vanished_from_the_tables_is_kept():
    Target.objects.create(
        key="T99", indicator_zh="旧目标", indicator_en="Old", comparator="ge", clause="1.3"
    )
    services.load_plan()
    assert Target.objects.filter(key="T99").exists()


def test_units_of_every_target_are_those_of_the_table():
    stored = {
        row.key: {unit.name_zh for unit in row.units.all()}
        for row in Target.objects.prefetch_related("units")
    }
    assert stored == {target.key: set(target.units) for target in plan.targets()}


def test_a_person_needs_the_right_and_leaves_an_event(city, county_officer_a):
    with pytest.raises(PermissionDenied):
        services.load_plan(county_officer_a)
    services.load_plan(city)
    event = AuditEvent.objects.get(action="plan.load")
    assert (event.user, event.detail) == (city, {"added": 0, "changed": 0})


def test_packed_keys_are_found_whole_only():
    assert packed(["steel", "glass"]) == ";steel;glass;"
    assert unpacked(";steel;glass;") == ("steel", "glass")
    assert unpacked(packed([])) == ()
