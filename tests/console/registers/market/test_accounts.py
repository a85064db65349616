"""Accounts of the carbon market: who may, what the engine refuses, what is kept for the lists."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from market_world import CCER, UNIT, account, move
from method_books import MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import method_services
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.core import audit, audit_words, rights
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.registers.market import certificates, figures, reminders, services
from tanfeng.console.registers.market.models import Facility, Movement, Position
from tanfeng.console.registers.market.views.common import surrender_state
from tanfeng.errors import DataError

LATER = date(2025, 12, 10)


def _rules(error) -> set[str]:
    return {one.rule for one in error.value.problems}


def _surrender(organisation, filer, amount, **changes):
    fields = {
        "kind": "surrendered", "document": "S-1", "date": LATER, "amount_t": amount,
        "compliance_year": 2024,
    }  # fmt: skip
    return move(organisation, filer, **{**fields, **changes})


def _published(organisation, months, year=2024, city=None):
    """Publish a run whose totals are some months of an enterprise's fuel. [tCO2]"""
    Run.objects.filter(published=True).update(published=False)
    run = Run.objects.create(
        number=Run.objects.count() + 1, title="账", first_year=2021, last_year=2026,
        as_of=datetime(2026, 1, 1, tzinfo=UTC), published=True, created_by=city,
    )  # fmt: skip
    Total.objects.bulk_create(
        Total(run=run, organisation=organisation, year=at, month=month, emission_fuel_tco2=value)
        for at, values in ((year, months), (year - 1, [10.0] * 12))
        for month, value in enumerate(values, start=1)
    )
    return run


# What is computed and kept


def test_the_allowance_follows_the_plan_of_the_year(org_a, firm_a):
    # 100 000 MWh x 0.7910 tCO2/MWh = 79 100 t; the benchmark is recalled.
    position = account(org_a, firm_a)
    assert position.allowance_tco2 == pytest.approx(79_100.0)
    assert (position.allowance_basis, position.allowance_confidence) == ("rule", "recalled")
    assert position.facilities.get().allowance_tco2 == pytest.approx(79_100.0)
    assert (position.due_on, position.due_confidence) == (date(2025, 12, 31), "recalled")
    assert position.due_ref == "method_defaults/ets_deadline_power_2024"
    # No data is not zero.
    assert (position.forecast_tco2, position.gap_tco2, position.missing_t) == (None, None, None)


def test_a_year_without_a_plan_says_so_and_takes_what_was_issued(org_a, firm_a):
    position = account(org_a, firm_a, year=2025)
    assert position.allowance_tco2 is None
    assert "power_conv_gt300_elec_2025" in position.allowance_note[0]
    move(org_a, firm_a, vintage=2025, amount_t=500.0)
    position.refresh_from_db()
    assert (position.allowance_tco2, position.allowance_basis) == (500.0, "allocated")
    assert position.due_on is None


def test_the_forecast_of_the_city_account(org_a, firm_a, city):
    # 9 + 11 of twelve months, ten each the year before: 20 / (2/12) = 120 t.
    # Allowance 79 100 t: 120 - 79 100 = -78 980 t.
    run = _published(org_a, [9.0, 11.0], city=city)
    position = account(org_a, firm_a)
    assert (position.emission_source, position.run) == ("city", run)
    assert (position.known_months, position.emission_tco2) == (2, 20.0)
    assert position.forecast_tco2 == pytest.approx(120.0)
    assert position.forecast_method == "shares_of_last_year"
    assert position.forecast_low_tco2 < 120.0 < position.forecast_high_tco2
    assert position.gap_tco2 == pytest.approx(-78_980.0)
    # A run published later is followed at once.
    newer = _published(org_a, [10.0] * 12, city=city)
    figures.after_run(city, newer)
    position.refresh_from_db()
    assert (position.forecast_tco2, position.forecast_method) == (120.0, "complete")


def test_a_method_account_comes_before_the_city_account(org_a, firm_a, city):
    _published(org_a, [9.0, 11.0], city=city)
    position = services.open_account(firm_a, org_a, 2024, "steel")
    book = MethodBook(METHODS["gb_t_32151_5_2015"])
    for month in (1, 2):
        book.add(
            "flux", period=f"2024-{month:02d}", item="石灰石", used_qty=1000.0,
            credit_code=org_a.credit_code, org_name=org_a.name,
        )  # fmt: skip
    run = method_services.account(
        firm_a, org_a, book.content(), "甲.xlsx", method_key=book.method.key, year=2024
    )
    position.refresh_from_db()
    assert (position.emission_source, position.method_run) == ("method", run)
    assert position.known_months == 2
    assert position.emission_tco2 == pytest.approx(run.emission_direct_tco2e)
    # What is verified comes before both; the plan of 2024 grants exactly that.
    services.verify(city, position, 900.0, "核查报告")
    position.refresh_from_db()
    assert (position.emission_source, position.forecast_tco2) == ("verified", 900.0)
    assert (position.allowance_tco2, position.gap_tco2) == (900.0, 0.0)


def test_what_is_missing_counts_what_moved(org_a, firm_a, city):
    # Verified 80 000, granted 79 100: the gap is 900; 600 bought, 200 sold: 500 are missing.
    position = account(org_a, firm_a)
    services.verify(city, position, 80_000.0, "核查报告")
    move(org_a, firm_a)
    move(org_a, firm_a, kind="bought", document="B-1", date=LATER, amount_t=600.0)
    move(org_a, firm_a, kind="sold", document="B-2", date=LATER, amount_t=200.0)
    position.refresh_from_db()
    assert (position.gap_tco2, position.missing_t) == pytest.approx((900.0, 500.0))
    assert (position.held_t, position.open_t) == pytest.approx((79_500.0, 80_000.0))
    _surrender(org_a, firm_a, 79_500.0)
    position.refresh_from_db()
    assert (position.held_t, position.open_t) == pytest.approx((0.0, 500.0))
    assert position.missing_t == pytest.approx(500.0)
    assert not position.is_settled
    move(org_a, firm_a, kind="bought", document="B-3", date=LATER, amount_t=500.0)
    _surrender(org_a, firm_a, 500.0, document="S-2")
    position.refresh_from_db()
    assert position.is_settled
    assert position.missing_t == pytest.approx(0.0)


def test_the_state_of_a_surrender():
    day = date(2025, 12, 31)
    assert surrender_state(True, day, date(2026, 1, 1)) == "settled"
    assert surrender_state(False, day, day) == "open"
    assert surrender_state(False, day, date(2026, 1, 1)) == "overdue"
    assert surrender_state(False, None, day) == "undated"


def test_the_first_page_reminds_of_surrenders(org_a, org_b, firm_a, firm_b, city, verifier):
    account(org_a, firm_a)
    assert [one.kind for one in reminders.remind(city)] == ["bad"]
    services.verify(city, Position.objects.get(), 79_100.0, "核查报告")
    (late,) = reminders.remind(firm_a)
    assert late.url.endswith("?surrender=overdue")
    assert "79\u00a0100" in late.note
    assert not list(reminders.remind(firm_b))
    near = account(org_b, firm_b, year=2025)
    soon = timezone.localdate() + timedelta(days=reminders.NEAR_DAYS)
    services.state_account(city, near, sector="power", due_on=soon, document="某通知")
    assert [one.kind for one in reminders.remind(firm_b)] == ["late"]
    assert [one.kind for one in reminders.remind(city)] == ["bad", "late"]
    move(org_a, firm_a)
    _surrender(org_a, firm_a, 79_100.0)
    assert not list(reminders.remind(verifier))


def test_an_account_that_cannot_be_followed_stands_all_the_same(org_a, firm_a, monkeypatch, caplog):
    position = services.open_account(firm_a, org_a, 2024, "steel")

    def broken(_positions):
        raise ValueError("no")

    monkeypatch.setattr(figures, "refresh", broken)
    figures.after_run(firm_a, None)
    assert "compute them anew" in caplog.text
    position.refresh_from_db()
    assert position.emission_source == "none"


# What is refused


def test_a_transaction_counts_once(org_a, firm_a):
    move(org_a, firm_a)
    with pytest.raises(DataError) as error:
        move(org_a, firm_a, amount_t=5.0)
    assert _rules(error) == {"R004"}
    first = Movement.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Movement.objects.create(
            organisation=org_a, document="A-1", date=LATER, kind="bought", amount_t=1.0,
            vintage=2024, entered_by=firm_a,
        )  # fmt: skip
    # Withdrawn, its number is free again.
    services.decide(firm_a, first, "withdraw_movement", "数量有误")
    assert move(org_a, firm_a, amount_t=5.0).pk != first.pk


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"kind": "sold", "amount_t": 1.0}, "R010"),
        ({"kind": "surrendered", "compliance_year": 2024, "amount_t": 1.0}, "R010"),
        ({"amount_t": -1.0}, "R002"),
        ({"document": ""}, "R003"),
        ({"date": date(2999, 1, 1)}, "K020"),
        ({"kind": "offset"}, "K020"),
        ({"kind": "carried", "to_vintage": 2023, "basis": "x"}, "K020"),
        ({"kind": "carried", "to_vintage": 2025}, "K020"),
    ],
)
def test_movements_that_cannot_be(org_a, firm_a, changes, rule):
    with pytest.raises(DataError) as error:
        move(org_a, firm_a, **changes)
    assert rule in _rules(error)
    assert not Movement.objects.exists()


def test_a_surrender_wants_a_duty_and_no_more_than_it(org_a, firm_a, city):
    position = account(org_a, firm_a)
    move(org_a, firm_a)
    with pytest.raises(DataError) as error:
        _surrender(org_a, firm_a, 10.0)
    assert _rules(error) == {"R012"}
    services.verify(city, position, 100.0, "核查报告")
    with pytest.raises(DataError) as error:
        _surrender(org_a, firm_a, 101.0)
    assert _rules(error) == {"R014"}
    _surrender(org_a, firm_a, 100.0)
    with pytest.raises(DataError) as error:
        services.verify(city, position, 99.0, "更正")
    assert _rules(error) == {"R014"}
    # Another year's allowances do not stand in.
    move(org_a, firm_a, vintage=2025, document="A-2")
    account(org_a, firm_a, year=2023)
    services.verify(city, Position.objects.get(year=2023), 50.0, "核查报告")
    with pytest.raises(DataError) as error:
        _surrender(org_a, firm_a, 5.0, document="S-9", vintage=2025, compliance_year=2023)
    assert _rules(error) == {"R011"}


def test_what_is_carried_over_can_be_used_in_the_year_it_went_to(org_a, firm_a, city):
    account(org_a, firm_a)
    later = account(org_a, firm_a, year=2025)
    move(org_a, firm_a, amount_t=1000.0)
    carry = move(
        org_a, firm_a, kind="carried", document="C-1", amount_t=400.0, to_vintage=2025,
        basis="方案（待核实）", date=LATER,
    )  # fmt: skip
    services.verify(city, later, 300.0, "核查报告")
    _surrender(org_a, firm_a, 300.0, vintage=2025, compliance_year=2025)
    held = dict(Position.objects.values_list("year", "held_t"))
    assert held == {2024: 600.0, 2025: 100.0}
    # It cannot be taken back any more: the later year would be overdrawn.
    with pytest.raises(DataError) as error:
        services.decide(firm_a, carry, "withdraw_movement", "误")
    assert "R010" in _rules(error)


def test_a_unit_lacking_what_its_plan_asks_for_is_refused(org_a, firm_a):
    position = services.open_account(firm_a, org_a, 2024, "power")
    with pytest.raises(DataError) as error:
        services.set_unit(firm_a, position, "1号", {**UNIT, "generated_mwh": None})
    assert _rules(error) == {"K004"}
    assert not position.facilities.exists()
    services.set_unit(firm_a, position, "1号", UNIT)
    services.remove_unit(firm_a, position, "1号")
    position.refresh_from_db()
    assert position.allowance_tco2 is None
    assert "还没有填报机组" in position.allowance_note[0]


@pytest.mark.parametrize(("year", "sector"), [(2018, "power"), (2999, "power"), (2024, "glass")])
def test_accounts_that_cannot_be_opened(org_a, firm_a, year, sector):
    with pytest.raises(DataError):
        services.open_account(firm_a, org_a, year, sector)


# Who may


def test_who_may_enter_verify_and_confirm(
    org_a, org_b, firm_a, firm_b, city, county_officer_a, park_user, verifier
):
    position = account(org_a, firm_a)
    movement = move(org_a, firm_a)
    for user in (firm_b, county_officer_a, park_user, verifier):
        with pytest.raises(PermissionDenied):
            move(org_a, user, document="X")
        with pytest.raises(PermissionDenied):
            services.open_account(user, org_a, 2023, "power")
        with pytest.raises(PermissionDenied):
            services.set_unit(user, position, "2号", UNIT)
    for user in (firm_a, firm_b, county_officer_a, park_user):
        with pytest.raises(PermissionDenied):
            services.verify(user, position, 1.0, "x")
        with pytest.raises(PermissionDenied):
            services.decide(user, movement, "confirm_movement")
    for user, seen in ((firm_a, 1), (city, 1), (county_officer_a, 1), (firm_b, 0)):
        assert rights.visible(user, Facility).filter(position=position).count() == seen
    services.verify(verifier, position, 100.0, "核查报告")
    services.decide(city, movement, "confirm_movement")
    movement.refresh_from_db()
    assert (movement.state, movement.decided_by) == ("confirmed", city)
    with pytest.raises(PermissionDenied):
        services.decide(firm_a, movement, "annul_movement", "误")
    # The city confirms nothing it entered itself.
    own = move(org_a, city, document="C-9", amount_t=5.0)
    with pytest.raises(PermissionDenied):
        services.decide(city, own, "confirm_movement")


def test_a_deadline_the_standards_lack_is_stated_by_the_city(org_a, firm_a, city, verifier):
    position = account(org_a, firm_a, year=2025)
    fields = {"sector": "power", "due_on": date(2026, 12, 31), "document": "某通知"}
    with pytest.raises(PermissionDenied):
        services.state_account(firm_a, position, **fields)
    with pytest.raises(DataError):
        services.state_account(city, position, **{**fields, "document": ""})
    services.state_account(city, position, **fields)
    position.refresh_from_db()
    assert (position.due_on, position.due_ref) == (date(2026, 12, 31), "")
    # The standards win where they have one.
    other = account(org_a, firm_a, year=2024)
    services.state_account(city, other, **fields)
    other.refresh_from_db()
    assert other.due_on == date(2025, 12, 31)


def test_every_write_stands_in_the_log_in_words(org_a, firm_a, city):
    position = account(org_a, firm_a)
    services.verify(city, position, 100.0, "核查报告")
    movement = move(org_a, firm_a)
    services.decide(city, movement, "confirm_movement")
    services.recompute(city)
    done = set(AuditEvent.objects.values_list("action", flat=True))
    assert {
        "market.open", "market.unit", "market.verify", "market.move", "market.confirm_movement",
        "market.refresh",
    } <= done  # fmt: skip
    assert all(action in audit_words.ACTIONS for action in done if action.startswith("market."))
    assert not audit.verify().breaks


def test_thousands_are_computed_together(org_a, org_b, firm_a, firm_b, city):
    """One bad unit keeps the others of its group from nothing."""
    good, bad = account(org_a, firm_a), account(org_b, firm_b)
    bad.facilities.update(generated_mwh=None)
    assert figures.refresh(Position.objects.all()) == 2
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.allowance_tco2 == pytest.approx(79_100.0)
    assert bad.allowance_tco2 is None
    assert "缺少发电量" in bad.allowance_note[0]
    assert bad.figured_at <= timezone.now()


def test_an_offset_stays_within_its_limit(org_a, firm_a, city):
    # 5 % of 10 000 t are 500 t: 600 t are too many, 400 t cover 400 t.
    position = account(org_a, firm_a)
    services.verify(city, position, 10_000.0, "核查报告")
    big = certificates.register(firm_a, org_a, {**CCER, "amount": 600.0})
    with pytest.raises(DataError) as error:
        certificates.claim(firm_a, big, "ets_offset", "2024", LATER)
    assert _rules(error) == {"R013"}
    assert not big.claims.exists()
    small = certificates.register(firm_a, org_a, {**CCER, "number": "CCER-2", "amount": 400.0})
    claimed = certificates.claim(firm_a, small, "ets_offset", "2024", LATER)
    position.refresh_from_db()
    assert (position.offset_t, position.open_t) == (400.0, 9_600.0)
    # The movement goes with the claim, and by no other way.
    with pytest.raises(DataError):
        services.decide(firm_a, claimed.movement, "withdraw_movement", "误")
    services.decide(city, claimed.movement, "confirm_movement")
    with pytest.raises(PermissionDenied):
        certificates.release(firm_a, claimed, "误")
    certificates.release(city, claimed, "误登记")
    position.refresh_from_db()
    claimed.movement.refresh_from_db()
    assert (position.offset_t, claimed.movement.state) == (0.0, "withdrawn")
