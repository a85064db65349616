"""The list of instruments on its way in: preview, refusals by cell, commit, undo, and back out."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse

from form_files import workbook
from metering_world import meter
from tanfeng import sheets
from tanfeng.console.core import imports
from tanfeng.console.core.models import Batch
from tanfeng.console.metering import services
from tanfeng.console.metering.models import Meter
from tanfeng.errors import DataError

pytestmark = pytest.mark.django_db


def row(**fields):
    return {
        "seq": 1,
        "meter_no": "E-01",
        "meter_name": "总进线电能表",
        "meter_class": "电能表",
        "model": "DSZ331 3×1.5(6)A",
        "accuracy_class": "0.5S",
        "multiplier": 6000,
        "manufacturer": "甲表厂",
        "serial_no": "S-1",
        "energy_name": "电力",
        "meter_level": "进出用能单位",
        "location": "总降",
        "status": "合格",
        "verified_on": "2025-03-01",
        "valid_until": "2027-03-01",
    } | fields


def handed_in(user, *rows):
    content = workbook("meter_list", list(rows))
    return imports.upload(user, content, "一览表.xlsx", in_background=False)


def rules(batch):
    return {(one["rule"], one["severity"]) for one in batch.problems if one["severity"] != "info"}


def test_the_list_of_an_enterprise_is_its_own(firm_a, org_a):
    batch = handed_in(firm_a, row(), row(meter_no="G-01", serial_no="S-2", energy_name="天然气",
                                         multiplier=None, model="LWGY"))  # fmt: skip
    assert (batch.form_key, batch.status, rules(batch)) == ("meter_list", "preview", set())
    done = imports.confirm(firm_a, batch)
    assert done.outcome["added"] == 2
    one = Meter.objects.get(meter_no="E-01")
    assert (one.organisation, one.level, one.item_key, one.multiplier, one.meter_class) == (
        org_a, 1, "electricity", 6000.0, "electricity",
    )  # fmt: skip
    assert (one.batch, one.source_row) == (batch, 3)


def test_an_officer_is_asked_whose_it_is_unless_the_rows_say(city, org_a):
    assert ("D012", "error") in rules(handed_in(city, row()))
    said = row(credit_code=org_a.credit_code)
    batch = handed_in(city, said)
    assert rules(batch) == set()
    imports.confirm(city, batch)
    assert Meter.objects.get().organisation == org_a


def test_a_foreign_enterprise_is_none(firm_a, org_a, org_b):
    assert ("D061", "error") in rules(handed_in(firm_a, row(credit_code=org_b.credit_code)))


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"multiplier": None}, "K003"),
        ({"valid_until": "2024-01-01"}, "K001"),
        ({"energy_name": "魔力"}, "X007"),
        ({"node_name": "没有的工序"}, "D072"),
        ({"point": "P-1", "reading_kind": "累计表底", "reading_unit": "kW"}, "D071"),
    ],
)
def test_bad_rows_are_kept_out_by_cell(firm_a, org_a, fields, rule):
    batch = handed_in(firm_a, row(**fields), row(meter_no="E-02", serial_no="S-2"))
    assert (rule, "error") in rules(batch)
    found = next(one for one in batch.problems if one["rule"] == rule)
    assert (found["row"], bool(found["column"])) == (3, True)
    assert batch.rows_good == 1


def test_one_serial_twice_in_the_file_and_in_the_register(firm_a, org_a, firm_b, org_b):
    batch = handed_in(firm_a, row(), row(meter_no="E-02"))
    assert ("K002", "error") in rules(batch)
    meter(firm_b, org_b)
    batch = handed_in(firm_a, row())
    assert ("D073", "error") in rules(batch)
    assert org_b.name not in str(batch.problems)


def test_a_second_list_changes_and_is_taken_back(firm_a, org_a):
    imports.confirm(firm_a, handed_in(firm_a, row()))
    second = handed_in(firm_a, row(multiplier=4000, valid_until="2028-03-01"),
                       row(meter_no="E-02", serial_no="S-2"))  # fmt: skip
    assert imports.confirm(firm_a, second).outcome == {"added": 1, "replaced": 1, "unchanged": 0}
    one = Meter.objects.get(meter_no="E-01")
    assert (one.multiplier, str(one.valid_until)) == (4000.0, "2028-03-01")
    imports.undo(firm_a, Batch.objects.get(pk=second.pk))
    one.refresh_from_db()
    assert (one.multiplier, str(one.valid_until)) == (6000.0, "2027-03-01")
    assert Meter.objects.get(meter_no="E-02").withdrawn_at is not None


def test_an_empty_cell_erases_nothing(firm_a, org_a):
    imports.confirm(firm_a, handed_in(firm_a, row(department="动力部")))
    again = imports.confirm(firm_a, handed_in(firm_a, row(department=None)))
    assert again.outcome == {"added": 0, "replaced": 0, "unchanged": 1}
    assert Meter.objects.get().department == "动力部"


def test_a_preview_that_aged_is_asked_again(firm_a, firm_b, org_a, org_b):
    batch = handed_in(firm_a, row())
    meter(firm_b, org_b)
    with pytest.raises(DataError):
        imports.confirm(firm_a, batch)
    assert Meter.objects.count() == 1


def test_what_is_exported_can_be_taken_in_again(firm_a, org_a, client_for):
    line = services.add_unit(firm_a, org_a, kind="unit", name="熔窑")
    meter(firm_a, org_a, point="P-1", unit=line, is_online=True, rated_power=5e4)
    meter(firm_a, org_a, meter_no="W-1", serial_no="W-1", item_key="water", multiplier=None)
    answer = client_for(firm_a).get(f"{reverse('meters')}?export=xlsx")
    content = BytesIO(answer.content).getvalue()
    batch = imports.upload(firm_a, content, "导出.xlsx", in_background=False)
    assert rules(batch) == set()
    done = imports.confirm(firm_a, batch)
    assert done.outcome == {"added": 0, "replaced": 0, "unchanged": 2}


def test_the_template_names_every_official_column(client_for, firm_a):
    answer = client_for(firm_a).get(reverse("form-template", args=["meter_list"]))
    result = sheets.read(answer.content, "t.xlsx", today=__import__("datetime").date(2026, 1, 1))
    assert result.form is not None
    assert result.form.key == "meter_list"


def metered(point, number, **fields):
    return row(
        meter_no=number, serial_no=f"S-{number}", point=point, reading_kind="时段用量",
        reading_unit="kWh", **fields,
    )  # fmt: skip


def computed(point, number, expression):
    return row(
        meter_no=number, serial_no=None, manufacturer=None, model=None, accuracy_class=None,
        multiplier=None, point=point, reading_kind="时段用量", reading_unit="kWh",
        expression=expression, meter_level="进出主要次级用能单位",
    )  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_virtual_meter_may_rest_on_any_row_of_its_file(firm_a, org_a, order):
    rows = [
        metered("P-1", "E-01"), metered("P-2", "E-02"),
        computed("V-1", "V-01", '"P-1" - "P-2"'), computed("V-2", "V-02", '"V-1" * 2 + sum("P-*")'),
    ]  # fmt: skip
    batch = handed_in(firm_a, *(rows[place] for place in order))
    assert told_of(batch) == set()
    assert imports.confirm(firm_a, batch).outcome["added"] == 4
    assert Meter.objects.get(point="V-2").expression == '"V-1" * 2 + sum("P-*")'
    imports.undo(firm_a, batch)
    assert not Meter.objects.filter(withdrawn_at=None).exists()


def told_of(batch):
    return {(one["row"], one["message_zh"]) for one in batch.problems if one["severity"] == "error"}


def test_a_circle_in_the_file_is_refused_with_its_path(firm_a, org_a):
    batch = handed_in(
        firm_a, computed("V-1", "V-01", '"V-2" + 1'), metered("P-1", "E-01"),
        computed("V-2", "V-02", '"V-1" * 2'), computed("V-3", "V-03", '"P-1" * 2'),
    )  # fmt: skip
    told = told_of(batch)
    assert {place for place, _words in told} == {3, 5}
    assert all("循环引用" in words and "V-1 → V-2 → V-1" in words for _place, words in told)


def test_what_rests_on_a_row_that_is_kept_out_is_kept_out(firm_a, org_a):
    batch = handed_in(
        firm_a, computed("V-2", "V-02", '"V-1" * 2'), computed("V-1", "V-01", '"P-1" * 2'),
        metered("P-1", "E-01", node_name="没有的工序"), metered("P-9", "E-09"),
    )  # fmt: skip
    told = dict(told_of(batch))
    assert set(told) == {3, 4, 5}
    assert "没有计量点 V-1" in told[3]
    assert "没有计量点 P-1" in told[4]


def test_a_file_that_breaks_an_expression_that_stands_is_told(firm_a, org_a):
    first = handed_in(firm_a, metered("P-1", "E-01"), computed("V-1", "V-01", '"P-1" * 2'))
    imports.confirm(firm_a, first)
    batch = handed_in(firm_a, metered("P-9", "E-01"))
    ((place, words),) = told_of(batch)
    assert place == 3
    assert "有虚拟计量点用到它" in words
    # Both changed together stand.
    both = handed_in(
        firm_a, metered("P-1", "E-01", meter_name="新名"), computed("V-1", "V-01", '"P-1" * 3')
    )
    assert told_of(both) == set()
    assert imports.confirm(firm_a, both).outcome["replaced"] == 2
