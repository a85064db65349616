"""Form 205-2 is kept as it states its sums, and held against a form 205-1 handed in before."""

from __future__ import annotations

import pytest

from form_files import COAL, ELECTRICITY, book, workbook
from tanfeng.console.accounting import energy_use
from tanfeng.console.accounting.models import ConversionRecord
from tanfeng.console.core import imports, storage
from tanfeng.console.core.parsed import Parsed
from tanfeng.sheets.energy_use import Empty

A, B = "91359999MADEM00015", "91359999MADEM00028"
HEAD = {"credit_code": A, "period": "2024-12"}
RULES = ("E026", "E029", "E030")


def used(quantity, industrial=None, *, bought=None, item=COAL, k=0.7143):
    rest = {} if industrial is None else {"non_industrial_consumption_qty": quantity - industrial}
    return (
        item
        | rest
        | {
            "purchase_qty": quantity if bought is None else bought,
            "consumption_total_qty": quantity,
            "industrial_consumption_qty": quantity if industrial is None else industrial,
            "coef_used_tce": k,
        }
    )


def put_in(quantity):
    return COAL | {
        "industrial_consumption_qty": 1000.0,
        "conversion_input_qty": quantity,
        "input_power_qty": quantity,
        "coef_used_tce": 0.7143,
    }


def made(quantity):
    return ELECTRICITY | {"conversion_output_qty": quantity, "coef_used_tce": 1.229}


def upload(user, form, *rows, **head):
    content = workbook(form, list(rows), **(HEAD | head))
    return imports.upload(user, content, f"{form}.xlsx", form_key=form)


def take(user, form, *rows, **head):
    return imports.confirm(user, upload(user, form, *rows, **head), good_rows_only=True)


def told(batch):
    return [(one.rule, one.row) for one in Parsed(batch).problems() if one.rule in RULES]


def held():
    rows = ConversionRecord.objects.current().order_by("item_key")
    return list(rows.values_list("item_key", "month", "conversion_input_qty"))


def test_sums_are_kept_as_stated_replaced_and_taken_back(firm_a, org_a):
    take(firm_a, "stat_205_2", put_in(500.0), period="2024-06")
    assert held() == [("raw_coal", 6, 500.0)]
    again = take(firm_a, "stat_205_2", put_in(510.0), period="2024-06")
    assert held() == [("raw_coal", 6, 510.0)]
    imports.undo(firm_a, again)
    assert held() == [("raw_coal", 6, 500.0)]


def test_a_form_of_a_single_month_is_refused(firm_a, org_a):
    batch = upload(firm_a, "stat_205_2", put_in(500.0))
    imports.remap(firm_a, batch, answers={"is_cumulative": "否"})
    batch.refresh_from_db()
    assert "D016" in {one["rule"] for one in batch.problems}
    assert batch.rows_good == 0


def test_205_2_after_205_1(firm_a, org_a):
    """900 t in industry by 205-1, 950 t put into conversion by 205-2; 1000 t is its own column."""
    take(firm_a, "stat_205_1", used(1000.0, 900.0))
    batch = upload(firm_a, "stat_205_2", put_in(950.0), made(20.0))
    ((rule, row),) = told(batch)
    assert rule == "E026"
    assert row is not None
    assert batch.rows_good == 1, "the row of coal stays out, that of electricity is good"
    assert told(upload(firm_a, "stat_205_2", put_in(850.0), made(20.0))) == []
    assert told(upload(firm_a, "stat_205_2", put_in(950.0), period="2024-11")) == []


def test_205_1_after_205_2(firm_a, org_a):
    take(firm_a, "stat_205_2", put_in(950.0), made(20.0), period="2024")
    batch = upload(firm_a, "stat_205_1", used(1000.0, 900.0))
    assert told(batch) == [("E026", None)], "it lies in the other form: told of the whole sheet"
    (found,) = (one for one in Parsed(batch).problems() if one.rule == "E026")
    assert "此前导入的表" in found.message_zh
    assert batch.rows_good == 0
    assert told(upload(firm_a, "stat_205_1", used(1000.0, 960.0))) == []


def test_own_power_lacks_in_205_2(firm_a, org_a):
    """12 used, 10 bought: the other two were made, and 205-2 tells of no output."""
    take(firm_a, "stat_205_2", put_in(100.0))
    power = used(12.0, bought=10.0, item=ELECTRICITY, k=1.229)
    assert ("E030", 7) in told(upload(firm_a, "stat_205_1", power, used(1000.0)))


def test_both_in_one_file_correct_what_was_taken_in(firm_a, org_a):
    take(firm_a, "stat_205_1", used(1000.0, 900.0))
    both = book(
        ("205-1", workbook("stat_205_1", [used(1000.0, 960.0)], **HEAD)),
        ("205-2", workbook("stat_205_2", [put_in(950.0)], **HEAD)),
    )
    batch = imports.upload(firm_a, both, "both.xlsx")
    assert [told(one) for one in batch.sheets.order_by("sheet_no")] == [[], []]


def test_what_another_enterprise_handed_in_is_never_told(firm_a, firm_b, org_a, org_b):
    take(firm_a, "stat_205_1", used(1000.0, 900.0))
    batch = upload(firm_b, "stat_205_2", put_in(950.0))
    imports.remap(firm_b, batch, answers={"credit_code": A})
    assert told(batch) == []


def test_a_form_that_cannot_be_read_again_is_not_compared(firm_a, org_a):
    taken = take(firm_a, "stat_205_1", used(1000.0, 900.0))
    taken.sha256 = storage.keep(b"no form at all")
    taken.save()
    assert told(upload(firm_a, "stat_205_2", put_in(950.0))) == []
    assert told(upload(firm_a, "stat_205_2", put_in(950.0), period="")) == []


def test_table_2_1_is_filled_from_december(city, firm_a, org_a, run):
    take(firm_a, "stat_205_2", put_in(950.0), made(20.0))
    run.as_of = ConversionRecord.objects.latest("known_from").known_from
    run.save()
    _run, report = energy_use.report(city, org_a, 2024)
    rows = {row["energy_name"][0]: row for row in report.tables["eur_t02a"].rows}
    assert rows["原煤"]["input_power_qty"] == 950.0
    assert rows["原煤"]["recovery_qty"] is Empty.NO_DATA
    assert rows["电力"]["conversion_output_qty"] == 20.0


@pytest.mark.parametrize("form", ["stat_205_1", "stat_205_2"])
def test_the_forms_stand_among_those_that_can_be_taken_in(form, db):
    assert form in imports.form_keys()
