"""What the database says about forms of energy and output."""

from __future__ import annotations

import polars as pl
import pytest

from form_files import COAL, ELECTRICITY, credit_code, energy, workbook
from tanfeng.console.accounting import importers
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord
from tanfeng.console.core import imports
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError

A, B = "91359999MADEM00015", "91359999MADEM00028"
UNKNOWN = credit_code(1)


def _upload(user, *rows, form="monthly_energy", **head):
    return imports.upload(user, workbook(form, list(rows), **head), "a.xlsx", form_key=form)


def _take(user, *rows, form="monthly_energy", **head):
    return imports.confirm(user, _upload(user, *rows, form=form, **head), good_rows_only=True)


def _found(batch, rule):
    return [one for one in Parsed(batch).problems() if one.rule == rule]


def _statistics(quantity, *, item=ELECTRICITY, opening=None, closing=None, **more):
    return {
        **item,
        "purchase_qty": quantity,
        "purchase_amount_kcny": quantity * 6.5,
        "consumption_total_qty": quantity,
        "industrial_consumption_qty": quantity,
        "opening_stock_qty": opening,
        "closing_stock_qty": closing,
        "coef_used_tce": 1.229 if item is ELECTRICITY else 0.7143,
        **more,
    }


def _holds(name="consumption_total_qty", item="electricity"):
    rows = EnergyRecord.objects.current().filter(item_key=item).order_by("year", "month")
    return {(y, m): value for y, m, value in rows.values_list("year", "month", name)}


# Enterprises


def test_an_enterprise_nobody_knows_and_one_of_somebody_else_read_the_same(
    firm_a, county_officer_a, org_a, org_b
):
    for user in (firm_a, county_officer_a):
        batch = _upload(user, energy(B, "2024-01", 1.0), energy(UNKNOWN, "2024-01", 1.0))
        foreign, unknown = _found(batch, "D001")
        assert foreign.message_zh.replace(B, "") == unknown.message_zh.replace(UNKNOWN, "")
        assert (foreign.cell, unknown.cell) == ("A3", "A4")
        assert not _found(batch, "X031")
        assert org_b.name not in str(batch.problems)


def test_the_code_is_suggested_when_the_name_is_known_and_mine(city, county_officer_b, org_a):
    row = energy(UNKNOWN, "2024-01", 1.0, org_name=org_a.name)
    assert _found(_upload(city, row), "D001")[0].suggestion == A
    assert _found(_upload(county_officer_b, row), "D001")[0].suggestion == ""


def test_an_enterprise_out_of_operation_is_a_warning(city, org_a):
    type(org_a).objects.update(active=False)
    batch = _upload(city, energy(A, "2024-01", 1.0), energy(A, "2024-02", 1.0))
    (found,) = _found(batch, "D009")
    assert (found.severity, batch.rows_good) == ("warning", 2)


def test_a_renamed_enterprise_is_noticed_by_the_reader(city, org_a):
    batch = _upload(city, energy(A, "2024-01", 1.0, org_name="别的名字有限公司"))
    assert _found(batch, "I004")


# Against what is known


def test_replacing_says_what_by_what(city, org_a):
    _take(city, energy(A, "2024-01", 120.0))
    batch = _upload(city, energy(A, "2024-01", 121.5))
    (found,) = _found(batch, "D003")
    assert found.severity == "info"
    assert "120" in found.message_zh
    assert "121.5" in found.message_zh
    assert found.cell == "K3"


def test_many_replacements_are_summed_up(city, org_a, monkeypatch):
    monkeypatch.setattr(importers, "LISTED", 2)
    months = [f"2024-0{month}" for month in range(1, 6)]
    _take(city, *(energy(A, month, 120.0) for month in months))
    batch = _upload(city, *(energy(A, month, 121.0) for month in months))
    found = _found(batch, "D003")
    assert [one.row for one in found] == [None, 3, 4]
    assert "3" in found[0].message_zh


def test_growth_and_unit_slips_are_found_against_the_year_before(city, org_a):
    _take(city, energy(A, "2023-01", 120.0), energy(A, "2023-02", 120.0))
    batch = _upload(city, energy(A, "2024-01", 1_200_000.0), energy(A, "2024-02", 500.0))
    assert [one.row for one in _found(batch, "E021")] == [3]
    assert [one.row for one in _found(batch, "E020")] == [4]


def test_a_correction_of_the_same_month_is_no_growth(city, org_a):
    _take(city, energy(A, "2024-01", 120.0))
    batch = _upload(city, energy(A, "2024-01", 130.0))
    assert not _found(batch, "E020")


def test_a_year_is_not_told_twice(city, org_a):
    _take(city, energy(A, "2024", 1500.0))
    batch = _upload(city, energy(A, "2024-01", 120.0), energy(A, "2025-01", 120.0))
    (found,) = _found(batch, "D004")
    assert (found.severity, found.row, batch.rows_good) == ("error", 3, 1)
    months = _take(city, energy(A, "2025-01", 120.0))
    assert months.outcome["added"] == 1
    (found,) = _found(_upload(city, energy(A, "2025", 1500.0)), "D004")
    assert found.row == 3
    both = _upload(city, energy(A, "2023", 1500.0), energy(A, "2023-01", 120.0))
    assert [one.row for one in _found(both, "D004")] == [3, 4]


def test_a_conflict_that_arose_after_the_preview_stops_the_commit(city, org_a):
    batch = _upload(city, energy(A, "2024-01", 120.0))
    _take(city, energy(A, "2024", 1500.0))
    with pytest.raises(DataError) as refused:
        imports.confirm(city, batch)
    assert refused.value.problems[0].rule == "D004"
    assert _holds() == {(2024, 0): 1500.0}


def test_long_remarks_are_cut_to_what_a_record_holds(city, org_a):
    _take(city, energy(A, "2024-01", 120.0, remark="长" * 300))
    assert EnergyRecord.objects.get().remark == "长" * 200


# Form 205-1


def test_sums_become_months(city, org_a):
    head = {"credit_code": A, "org_name": org_a.name}
    _take(city, _statistics(100.0), form="stat_205_1", period="2024-01", **head)
    batch = _take(city, _statistics(210.0), form="stat_205_1", period="2024-02", **head)
    assert batch.outcome == {"added": 1, "replaced": 0, "unchanged": 0}
    assert _holds() == {(2024, 1): 100.0, (2024, 2): 110.0}
    record = EnergyRecord.objects.get(month=2)
    assert record.batch == batch
    assert record.purchase_amount_kcny == pytest.approx(110 * 6.5)


def test_a_span_is_a_warning_and_december_alone_a_year(city, org_a):
    head = {"credit_code": A, "org_name": org_a.name}
    batch = _upload(city, _statistics(600.0), form="stat_205_1", period="2024-06", **head)
    (found,) = _found(batch, "D015")
    assert (found.severity, batch.errors) == ("warning", 0)
    assert "1—6月" in found.message_zh
    imports.confirm(city, batch)
    assert EnergyRecord.objects.get().remark == "1—6月"
    imports.undo(city, batch)
    _take(city, _statistics(1300.0), form="stat_205_1", period="2024-12", **head)
    assert _holds() == {(2024, 0): 1300.0}
    june = _take(city, _statistics(600.0), form="stat_205_1", period="2024-06", **head)
    assert _holds() == {(2024, 6): 600.0, (2024, 12): 700.0}
    imports.undo(city, june)
    assert _holds() == {(2024, 0): 1300.0}


def test_an_annual_form_is_decembers(city, org_a):
    head = {"credit_code": A, "org_name": org_a.name}
    _take(city, _statistics(1300.0), form="stat_205_1", period="2024", **head)
    assert _holds() == {(2024, 0): 1300.0}


def test_a_sum_that_falls_is_an_error_of_its_row(city, org_a):
    head = {"credit_code": A, "org_name": org_a.name}
    coal = _statistics(50.0, item=COAL, opening=10.0, closing=10.0)
    _take(city, _statistics(100.0), coal, form="stat_205_1", period="2024-01", **head)
    more = _statistics(80.0, item=COAL, opening=10.0, closing=5.0)
    batch = _upload(city, _statistics(90.0), more, form="stat_205_1", period="2024-02", **head)
    found = _found(batch, "D014")
    assert {one.row for one in found} == {7}
    assert found[0].severity == "error"
    assert batch.rows_good == 1
    imports.confirm(city, batch, good_rows_only=True)
    assert _holds(item="raw_coal") == {(2024, 1): 50.0, (2024, 2): 30.0}
    assert _holds("opening_stock_qty", "raw_coal")[2024, 2] == 10.0


def test_enterprise_and_period_are_asked_for_when_the_file_does_not_say(city, firm_a, org_a):
    batch = _upload(city, _statistics(100.0), form="stat_205_1")
    assert {one.rule for one in Parsed(batch).problems(severity="error")} >= {"D012"}
    assert batch.rows_good == 0
    imports.remap(city, batch, answers={"credit_code": A, "period": "2024-13"})
    batch.refresh_from_db()
    assert batch.rows_good == 0
    imports.remap(city, batch, answers={"credit_code": A, "period": "2024-01"})
    batch.refresh_from_db()
    assert batch.rows_good == 1
    imports.confirm(city, batch)
    assert _holds() == {(2024, 1): 100.0}
    assert [one.org_code for one in batch.subjects.all()] == [A]
    own = _upload(firm_a, _statistics(100.0), form="stat_205_1", period="2024-02")
    assert own.rows_good == 1  # an enterprise reports for itself unless the file says otherwise


def test_a_form_of_a_single_month_is_taken_as_it_is(city, org_a):
    head = {"credit_code": A, "org_name": org_a.name}
    batch = _upload(city, _statistics(100.0), form="stat_205_1", period="2024-02", **head)
    importer = imports.importer_of("stat_205_1")
    facts = {"credit_code": A, "period": "2024-02", "is_cumulative": False}
    frame = importer.complete(Parsed(batch).frame.drop("year", "month"), facts)
    records, problems = importer._records(importer._matched(frame, city), imports.Columns())
    assert problems == []
    assert records["month"].to_list() == [2]
    assert records["remark"].to_list() == [""]


def test_a_program_may_hand_over_rows_of_the_form(city, org_a):
    frame = pl.DataFrame(
        {
            "source_row": [7],
            "credit_code": [A],
            "year": [2024],
            "month": [1],
            "item_key": ["electricity"],
            "consumption_total_qty": [100.0],
        }
    )
    frame = imports.importer_of("stat_205_1").complete(frame, {})
    imports.take_frame(city, "stat_205_1", frame, file_name="x")
    assert _holds() == {(2024, 1): 100.0}


def test_months_of_the_monthly_form_and_a_whole_year_of_another_conflict(city, org_a):
    head = {"credit_code": A, "org_name": org_a.name}
    _take(city, energy(A, "2024", 1300.0))
    batch = _upload(city, _statistics(100.0), form="stat_205_1", period="2024-01", **head)
    assert _found(batch, "D004")


# Output


def _product(period, output, gross, **more):
    return {
        "credit_code": A,
        "org_name": "",
        "period": period,
        "product_name": "平板玻璃",
        "unit_zh": "重量箱",
        "output_qty": output,
        "gross_output_kcny": gross,
        **more,
    }


def test_output_is_taken_replaced_and_taken_back(city, org_a):
    first = _take(
        city, _product("2024-01", 10.0, 500.0, value_added_kcny=120.0), form="product_output"
    )
    assert first.outcome["added"] == 1
    second = _take(
        city, _product("2024-01", 12.0, 500.0, value_added_kcny=120.0), form="product_output"
    )
    assert second.outcome["replaced"] == 1
    assert OutputRecord.objects.current().get().output_qty == 12.0
    imports.undo(city, second)
    record = OutputRecord.objects.current().get()
    assert (record.output_qty, record.unit, record.value_added_kcny) == (10.0, "重量箱", 120.0)


def test_output_and_energy_are_compared(city, org_a):
    _take(
        city,
        energy(A, "2024-01", 0.0),
        energy(A, "2024-02", 120.0),
        energy(A, "2024-03", 120.0),
        {**energy(A, "2024-04", 50.0), **COAL, "purchase_amount_kcny": 50.0},
    )
    batch = _upload(
        city,
        _product("2024-01", 10.0, 500.0),  # output without electricity
        _product("2024-02", 0.0, 0.0),  # energy without output
        _product("2024-03", 10.0, 500.0),  # as it should be
        _product("2024-04", 10.0, 500.0),  # electricity not reported: nothing can be said
        form="product_output",
    )
    assert [(one.severity, one.row) for one in _found(batch, "E023")] == [("warning", 3)]
    assert [(one.severity, one.row) for one in _found(batch, "E024")] == [("info", 4)]


def test_energy_is_compared_with_the_output_that_holds(city, org_a):
    _take(city, _product("2024-01", 10.0, 500.0), form="product_output")
    batch = _upload(city, energy(A, "2024-01", 0.0), energy(A, "2024-02", 5.0))
    assert [(one.severity, one.row, one.column) for one in _found(batch, "E023")] == [
        ("warning", 3, batch.columns["consumption_total_qty"])
    ]


def test_energy_per_output_is_compared_with_the_months_before(city, org_a):
    """100 x 1.229 = 122.9 tce over 1,000 thousand CNY: 1.229 tce per 1e4 CNY, three months."""
    months = [f"2024-{month:02d}" for month in range(1, 5)]
    _take(city, *(energy(A, month, 100.0) for month in months))
    _take(city, *(_product(month, 10.0, 1000.0) for month in months[:3]), form="product_output")
    batch = _upload(city, _product("2024-04", 10.0, 100.0), form="product_output")
    (told,) = _found(batch, "E025")
    assert (told.severity, told.row) == ("warning", 3)
    assert "12.29" in told.message_zh
    assert "1.229" in told.message_zh
    fine = _upload(city, _product("2024-04", 10.0, 999.0), form="product_output")
    assert _found(fine, "E025") == []


def test_a_correction_of_output_is_compared_by_its_new_value(city, org_a):
    _take(city, energy(A, "2024-01", 0.0))
    _take(city, _product("2024-01", 10.0, 0.0), form="product_output")
    batch = _upload(city, _product("2024-01", 10.0, 500.0), form="product_output")
    assert len(_found(batch, "E023")) == 1
