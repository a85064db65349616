"""A month closed by hand: what is written, what is kept, what keeps it from being closed.

Amounts are those of ``closing_world``: 119.04 (10^4 kWh) of power, 0.744 (10^4 m3) of gas.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from closing_world import CLOSED_AT, OCTOBER, WHOLE, hang, read, report
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.closing import behind, figures, services
from tanfeng.console.closing.figures import Month, Typed
from tanfeng.console.closing.models import CloseLine, MonthClose
from tanfeng.console.core import imports, rights
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import amounts, engine
from tanfeng.console.metering import services as meters
from tanfeng.console.quality.models import LimitChange
from tanfeng.errors import DataError

pytestmark = pytest.mark.django_db


@pytest.fixture
def metered(firm_a, org_a):
    hang(firm_a, org_a, "P-1")
    read("P-1")
    return org_a


def only(organisation, item="electricity"):
    return next(one for one in figures.lines(organisation, OCTOBER) if one.item_key == item)


def current(organisation, item="electricity"):
    return EnergyRecord.objects.current().get(
        organisation=organisation, year=2025, month=10, item_key=item
    )


def close(user, organisation, at=CLOSED_AT, **typed):
    return services.close(user, organisation, OCTOBER, typed or {"electricity": Typed()}, at=at)


def messages(error):
    return " ".join(one.message("en") for one in error.value.problems)


def test_a_month_knows_its_length():
    assert Month(2025, 12).next == Month(2026, 1)
    assert Month(2026, 1).before == Month(2025, 12)
    assert (OCTOBER.slots, Month(2024, 2).slots) == (2976, 2784)
    assert OCTOBER.end - OCTOBER.start == timedelta(days=31)


def test_a_month_wholly_known_by_hand(metered):
    line = only(metered)
    assert line.metered == pytest.approx(1_190_400.0, rel=1e-12)
    assert (line.converted, line.unit, line.meter_unit) == (119.04, "1e4 kWh", "kWh")
    assert (line.is_whole, line.completeness, line.estimated_share) == (True, 1.0, 0.0)
    assert [one.point for one in line.points] == ["P-1"]
    (node,) = amounts.of_nodes(
        [metered.credit_code], "month", OCTOBER.start, OCTOBER.end
    ).iter_rows(named=True)
    assert line.metered == pytest.approx(node["amount"], rel=1e-12), "as the tree sums it"


def test_closing_writes_the_form_and_keeps_what_it_came_from(metered, firm_a):
    # Reported 117 (10^4 kWh): (119.04 - 117) / 117 = 1.744 %, inside 5 %.
    before = report(
        firm_a, metered, purchase_qty=117.0, consumption_total_qty=117.0,
        purchase_amount_kcny=790.0, green_power_1e4kwh=3.0,
    )  # fmt: skip
    made = close(firm_a, metered)
    record = current(metered)
    assert (record.consumption_total_qty, record.purchase_qty, record.tier) == (
        119.04, 119.04, "measured",
    )  # fmt: skip
    # The rest stays as reported, and what was reported stays in the history.
    assert (record.purchase_amount_kcny, record.green_power_1e4kwh) == (790.0, 3.0)
    before.refresh_from_db()
    assert (before.known_to, before.closed_by_id) == (CLOSED_AT, made.batch_id)
    (line,) = made.lines.all()
    assert line.deviation == pytest.approx(2.04 / 117)
    assert (line.is_over, line.reported_qty, line.closed_qty) == (False, 117.0, 119.04)
    assert line.points[0]["point"] == "P-1"
    assert line.points[0]["amount"] == pytest.approx(1_190_400.0)
    assert made.worst_deviation == pytest.approx(2.04 / 117)
    assert (made.limit, made.closed_at) == (0.05, CLOSED_AT)
    assert made.figures_as_of == engine.settled().as_of()
    event = AuditEvent.objects.get(action="month.close")
    assert event.detail["items"] == {"electricity": "119.04"}
    # From the record to the close to the point.
    words, url = behind.of_record(record)
    assert str(made.pk) in words
    assert url.endswith(f"/2025/10/?close={made.pk}#electricity")
    assert behind.of_record(before) is None


def test_above_the_limit_a_remark_is_required(metered, firm_a):
    # (119.04 - 113) / 113 = 5.345 %.
    report(firm_a, metered, consumption_total_qty=113.0)
    with pytest.raises(DataError) as error:
        close(firm_a, metered)
    assert "+5.35 % off the report, above 5 %; give a remark" in messages(error)
    assert not MonthClose.objects.exists()
    made = close(firm_a, metered, electricity=Typed(remark="抄表日为 25 日"))
    assert (made.lines_over, made.lines.get().is_over) == (1, True)
    assert current(metered).remark == "计量关账；抄表日为 25 日"


def test_a_month_is_held_against_the_limits_of_the_city(metered, firm_a, city):
    """5.345 % is inside the 6 % the city set for October, and above its 4 % from November on."""
    for value, day in ((0.06, date(2025, 10, 1)), (0.04, date(2025, 11, 1))):
        LimitChange.objects.create(
            rule="monthly_deviation_max", value=value, valid_from=day, document="市通知",
            created_by=city,
        )  # fmt: skip
    report(firm_a, metered, consumption_total_qty=113.0)
    made = close(firm_a, metered)
    assert (made.limit, made.lines_over) == (0.06, 0)
    assert figures.rule(OCTOBER.next).value == 0.04
    assert figures.rule(OCTOBER.before).value == 0.05


def test_zero_reported_and_something_metered_asks_for_a_remark(metered, firm_a):
    report(firm_a, metered, consumption_total_qty=0.0)
    with pytest.raises(DataError) as error:
        close(firm_a, metered)
    assert "zero was reported and something was metered" in messages(error)


def test_what_is_missing_is_typed_with_grounds(firm_a, org_a):
    # Ten days of 31: 960 x 400 kWh = 38.4 (10^4 kWh); 21 days missing, 80 typed: 118.4.
    hang(firm_a, org_a, "P-1")
    read("P-1", last=960)
    line = only(org_a)
    assert (line.is_whole, line.completeness, line.converted) == (
        False, pytest.approx(10 / 31), 38.4,
    )  # fmt: skip
    with pytest.raises(DataError) as error:
        close(firm_a, org_a)
    assert "67.74 % of the month is missing" in messages(error)
    with pytest.raises(DataError) as error:
        close(firm_a, org_a, electricity=Typed(added=80.0))
    assert "give the grounds" in messages(error)
    with pytest.raises(DataError) as error:
        close(firm_a, org_a, electricity=Typed(added=-80.0, why="x"))
    assert "cannot be below zero" in messages(error)
    made = close(firm_a, org_a, electricity=Typed(added=80.0, why="电费单"))
    record = current(org_a)
    assert (record.consumption_total_qty, record.tier) == (118.4, "estimated")
    assert record.remark == "计量关账；缺失部分人工补 80：电费单"
    assert made.lines.get().added_qty == 80.0


def test_a_point_hung_later_leaves_the_month_open_to_typing(metered, firm_a):
    hang(firm_a, metered, "P-2")
    read("P-2", first=2880)
    line = only(metered)
    # 2 976 of 2 976 and 96 of 2 976 quarter hours.
    assert line.completeness == pytest.approx((2976 + 96) / (2 * 2976))
    assert not line.is_whole
    made = close(firm_a, metered, electricity=Typed(added=0.0, why="10 月 31 日投运"))
    assert made.lines.get().closed_qty == pytest.approx(119.04 + 3.84)


def test_nothing_is_added_to_a_month_wholly_known(metered, firm_a):
    with pytest.raises(DataError) as error:
        close(firm_a, metered, electricity=Typed(added=1.0, why="x"))
    assert "nothing can be added" in messages(error)


def test_gas_and_what_no_point_measures(metered, firm_a):
    hang(
        firm_a, metered, "G-1", multiplier=None, meter_class="gas", item_key="natural_gas",
        reading_unit="m3",
    )  # fmt: skip
    read("G-1", step=2.5)
    report(firm_a, metered, item="coke", consumption_total_qty=5.0)
    assert [one.item_key for one in figures.lines(metered, OCTOBER)] == [
        "electricity", "natural_gas", "coke",
    ]  # fmt: skip
    close(firm_a, metered, electricity=Typed(), natural_gas=Typed())
    gas = current(metered, "natural_gas")
    assert (gas.consumption_total_qty, gas.tier) == (0.744, "measured")
    assert current(metered, "coke").consumption_total_qty == 5.0
    with pytest.raises(DataError) as error:
        services.close(firm_a, metered, Month(2025, 9), {"coke": Typed()}, at=CLOSED_AT)
    assert "coke is measured by no point" in messages(error)


@pytest.mark.parametrize(
    ("changes", "quantities", "why"),
    [
        ({"level": 2}, {}, "level"),
        ({"sign": -1}, {}, "out"),
        ({}, {"own_production_qty": 5.0}, "own"),
        ({}, {"own_production_qty": 0.0}, ""),
    ],
)
def test_purchase_is_written_only_where_what_came_in_was_bought(
    firm_a, org_a, changes, quantities, why
):
    hang(firm_a, org_a, "P-1", **changes)
    read("P-1", last=4)
    report(firm_a, org_a, consumption_total_qty=1.0, **quantities)
    assert only(org_a).keeps_purchase == why


def test_steam_made_and_used_inside_is_no_item_of_the_form(metered, firm_a):
    heat = {"item_key": "heat", "reading_unit": "GJ", "meter_class": "heat", "level": 2}
    boiler = meters.add_unit(firm_a, metered, kind="unit", name="锅炉")
    hall = meters.add_unit(firm_a, metered, kind="unit", name="车间")
    hang(firm_a, metered, "H-1", multiplier=None, unit=boiler, sign=-1, **heat)
    hang(firm_a, metered, "H-2", multiplier=None, unit=hall, **heat)
    read("H-1", step=0.5)
    read("H-2", step=0.4)
    # The tree would say -0.5 + 0.4 GJ a quarter hour.
    assert [one.item_key for one in figures.lines(metered, OCTOBER)] == ["electricity"]


def test_stored_items_keep_their_purchase(firm_a, org_a):
    hang(
        firm_a, org_a, "C-1", multiplier=None, meter_class="weighing", item_key="raw_coal",
        reading_unit="t",
    )  # fmt: skip
    read("C-1", last=4)
    assert only(org_a, "raw_coal").keeps_purchase == "stock"


def test_a_running_month_and_a_closed_one_cannot_be_closed(metered, firm_a):
    with pytest.raises(DataError) as error:
        close(firm_a, metered, at=OCTOBER.end - timedelta(seconds=1))
    assert "still runs" in messages(error)
    close(firm_a, metered)
    with pytest.raises(DataError) as error:
        close(firm_a, metered)
    assert "open it again first" in messages(error)


def test_figures_that_moved_while_somebody_looked_are_not_closed(firm_a, org_a):
    hang(firm_a, org_a, "P-1")
    read("P-1", last=WHOLE - 4)
    seen = services.digest(figures.lines(org_a, OCTOBER))
    read("P-1", first=WHOLE - 4, batch="late")
    with pytest.raises(DataError) as error:
        services.close(firm_a, org_a, OCTOBER, {"electricity": Typed()}, seen=seen, at=CLOSED_AT)
    assert "moved since you looked" in messages(error)


def test_late_data_after_a_close_is_told_and_closed_anew(firm_a, org_a):
    hang(firm_a, org_a, "P-1")
    read("P-1", last=960)
    first = close(firm_a, org_a, electricity=Typed(added=80.0, why="电费单"))
    assert services.moved(first, figures.lines(org_a, OCTOBER)) == []
    assert services.items_moved([first]) == {}
    assert services.items_moved([]) == {}
    read("P-1", first=960, batch="late")
    (moved,) = services.moved(first, figures.lines(org_a, OCTOBER))
    # 1 190 400 - 384 000 kWh.
    assert moved.difference == pytest.approx(806_400.0)
    assert services.items_moved([first]) == {first.pk: ["electricity"]}, "the list says the same"
    with pytest.raises(DataError):
        services.reopen(firm_a, first, " ")
    services.reopen(firm_a, first, "补传到位")
    assert (first.is_closed, first.reopened_by, first.reason) == (False, firm_a, "补传到位")
    assert current(org_a).consumption_total_qty == 118.4, "what was written stays"
    with pytest.raises(DataError):
        services.reopen(firm_a, first, "again")
    second = close(firm_a, org_a, at=CLOSED_AT + timedelta(days=1))
    assert current(org_a).consumption_total_qty == 119.04
    assert second.lines.get().deviation is None, "nobody reported it but the first close"
    assert MonthClose.objects.count() == 2
    assert AuditEvent.objects.filter(action="month.reopen").count() == 1


def test_a_month_closed_again_is_judged_by_what_was_reported_first(metered, firm_a):
    # Reported 113, closed at 119.04: closing once more does not make the deviation vanish.
    report(firm_a, metered, consumption_total_qty=113.0, purchase_qty=113.0)
    first = close(firm_a, metered, electricity=Typed(remark="抄表日不同"))
    services.reopen(firm_a, first, "核对")
    line = only(metered)
    assert (line.reported_qty, line.reported.consumption_total_qty) == (113.0, 119.04)
    with pytest.raises(DataError) as error:
        close(firm_a, metered)
    assert "+5.35 % off the report" in messages(error)
    second = close(firm_a, metered, electricity=Typed(remark="仍为抄表日不同"))
    kept = second.lines.get()
    assert (kept.reported_qty, kept.reported_purchase_qty) == (113.0, 113.0)
    assert kept.deviation == pytest.approx(6.04 / 113)


def test_closing_again_without_anything_new_leads_to_the_close_that_stands(metered, firm_a):
    first = close(firm_a, metered)
    services.reopen(firm_a, first, "核对")
    _words, url = behind.of_record(current(metered))
    assert url.endswith(f"?close={first.pk}#electricity")
    second = close(firm_a, metered)
    assert second.batch.outcome["unchanged"] == 1
    _words, url = behind.of_record(current(metered))
    assert url.endswith(f"?close={second.pk}#electricity")


def test_taking_the_upload_back_and_reporting_after_a_close_are_seen(metered, firm_a, city):
    report(firm_a, metered, consumption_total_qty=117.0)
    made = close(firm_a, metered)
    assert services.replaced(made) == []
    imports.undo(firm_a, made.batch)
    made = MonthClose.objects.select_related("batch").get()
    assert made.taken_back
    assert current(metered).consumption_total_qty == 117.0


def test_a_mostly_estimated_month_is_written_as_estimated(firm_a, org_a):
    # Readings stop for 20 hours = 80 of 2 976 quarter hours, 2.7 %: energy known, shape not.
    hang(firm_a, org_a, "P-1")
    read("P-1", last=960)
    read("P-1", first=1040, batch="c")
    line = only(org_a)
    assert line.is_whole
    assert line.estimated_share == pytest.approx(80 / 2976, rel=1e-6)
    assert line.converted == 119.04
    assert figures.change(line, Typed(), OCTOBER, {}).tier == "estimated"
    most = {"consistency_known_min": 0.9}
    assert figures.change(line, Typed(), OCTOBER, most).tier == "measured"


def test_who_may_close(metered, firm_a, firm_b, city, county_officer_a, verifier, park_user):
    for user in (county_officer_a, verifier, park_user, firm_b):
        with pytest.raises(PermissionDenied):
            close(user, metered)
    made = close(city, metered)
    for user in (county_officer_a, firm_b):
        with pytest.raises(PermissionDenied):
            services.reopen(user, made, "x")
    lines = {
        user.username: rights.visible(user, CloseLine).count() for user in (city, firm_a, firm_b)
    }
    assert lines == {city.username: 1, firm_a.username: 1, firm_b.username: 0}
    assert services.may_close(firm_a, metered)
    assert not services.may_close(county_officer_a, metered)
