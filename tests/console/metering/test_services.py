"""Meters, processes, devices, verifications, required numbers: what is refused, what stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from metering_world import HUNG, POINT, gateway, meter
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import devices, engine, rates, services
from tanfeng.console.metering.models import Device, Meter
from tanfeng.errors import DataError

pytestmark = pytest.mark.django_db


def refused(call, *args, **values):
    with pytest.raises(DataError) as caught:
        call(*args, **values)
    return {(one.rule, one.heading) for one in caught.value.problems}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"multiplier": None}, ("K003", "multiplier")),
        ({"multiplier": 0.0}, ("X044", "multiplier")),
        ({"valid_until": date(2025, 3, 1)}, ("K001", "valid_until")),
        ({"verified_on": date(2099, 1, 1), "valid_until": None}, ("K002", "verified_on")),
        ({"item_key": "magic"}, ("X007", "item_key")),
        ({"level": None}, ("X004", "level")),
        ({"point": "a b"}, ("K002", "point")),
        ({"point": "P", "reading_unit": "kW"}, ("X005", "reading_unit")),
        ({"point": "P", "reading_unit": "m3"}, ("X005", "reading_unit")),
        ({"point": "P", "reading_unit": "furlong"}, ("X006", "reading_unit")),
        ({"point": "P", "reading_kind": ""}, ("K002", "reading_kind")),
    ],
)
def test_bad_meter(firm_a, org_a, changes, found):
    assert refused(meter, firm_a, org_a, **changes) == {found}
    assert not Meter.objects.exists()


def test_a_meter_without_transformer_may_leave_the_multiplier_out_until_it_sends(firm_a, org_a):
    plain = {"model": "DDS", "accuracy_class": "1.0", "multiplier": None}
    assert meter(firm_a, org_a, **plain).multiplier is None
    more = {"meter_no": "E-2", "serial_no": "S-2", "point": "P"}
    assert refused(meter, firm_a, org_a, **plain, **more) == {("K003", "multiplier")}


def test_numbers_serials_and_points_stand_once(firm_a, firm_b, org_a, org_b):
    meter(firm_a, org_a, point="P-1")
    twice = {"meter_no": "E-02", "serial_no": "S-2"}
    assert refused(meter, firm_a, org_a, serial_no="S-2") == {("K002", "meter_no")}
    assert refused(meter, firm_a, org_a, meter_no="E-02") == {("K002", "serial_no")}
    # Another's serial or point is refused without saying whose it is.
    with pytest.raises(DataError) as caught:
        meter(firm_b, org_b, point="P-1", serial_no="S-9")
    assert org_a.name not in caught.value.problems[0].message_zh
    assert meter(firm_b, org_b, **twice).organisation == org_b
    assert meter(firm_a, org_a, meter_no="E-03", manufacturer="乙表厂").pk


def test_a_withdrawn_meter_frees_number_and_serial(firm_a, org_a):
    first = meter(firm_a, org_a)
    services.withdraw(firm_a, first, "填错")
    assert meter(firm_a, org_a).pk != first.pk
    assert Meter.objects.count() == 2


def test_a_change_keeps_what_stood(firm_a, org_a):
    one = meter(firm_a, org_a)
    assert services.change(firm_a, one, {"multiplier": 4000.0}) == {"multiplier": [6000.0, 4000.0]}
    assert services.change(firm_a, one, {"multiplier": 4000.0}) == {}
    version = one.versions.get()
    assert (version.changes, version.changed_by) == ({"multiplier": [6000.0, 4000.0]}, firm_a)
    assert AuditEvent.objects.filter(action="meter.change").count() == 1


def test_who_may(firm_a, firm_b, county_officer_a, county_officer_b, park_user, verifier, city,
                 org_a):  # fmt: skip
    for number, user in enumerate((firm_a, county_officer_a, city)):
        assert meter(user, org_a, meter_no=f"N{number}", serial_no=f"N{number}").pk
    for user in (firm_b, county_officer_b, park_user, verifier):
        with pytest.raises(PermissionDenied):
            meter(user, org_a, meter_no="X", serial_no="X")


def test_a_point_reaches_the_engine_with_its_place_in_the_tree(
    firm_a, org_a, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        line = services.add_unit(firm_a, org_a, kind="unit", name="熔窑")
        kiln = services.add_unit(firm_a, org_a, kind="equipment", name="1号窑", parent=line)
        one = meter(firm_a, org_a, point="P-1", unit=kiln, rated_power=30_000.0, sign=-1)
        meter(firm_a, org_a, meter_no="W-1", serial_no="W-1", item_key="electricity")
    register = engine.register()
    point = register.points().row(0, named=True)
    assert {key: point[key] for key in ("point", "kind", "unit", "multiplier", "digits", "sign",
            "level", "node", "origin", "rated_power", "interval_s")} == {
        "point": "P-1", "kind": "register", "unit": "kWh", "multiplier": 6000.0, "digits": 6,
        "sign": -1, "level": 1, "node": kiln.node, "origin": "console", "rated_power": 30_000.0,
        "interval_s": 900,
    }  # fmt: skip
    assert register.points().height == 1
    assert set(register.edges().iter_rows()) == {
        ("city", "350181"), ("350181", org_a.credit_code), ("park:park-a", org_a.credit_code),
        (org_a.credit_code, line.node), (line.node, kiln.node),
    }  # fmt: skip
    one.refresh_from_db()
    assert not one.is_stale


def test_replacing_a_device_ends_one_register_and_begins_another(
    firm_a, org_a, django_capture_on_commit_callbacks
):
    at = datetime(2025, 6, 1, 8, tzinfo=UTC)
    new = {"closing": 123456.5, "serial_no": "S-2", "opening": 0.5, "multiplier": 4000.0}
    with django_capture_on_commit_callbacks(execute=True):
        one = meter(firm_a, org_a, point="P-1")
        assert refused(devices.replace, firm_a, one, at=at, **new)
        devices.hang(firm_a, one, serial_no="S-1", installed_at=HUNG, opening=0.0)
        assert refused(devices.hang, firm_a, one, serial_no="S-3", installed_at=at, opening=0.0)
        assert refused(devices.replace, firm_a, one, at=HUNG, **new) == {("K002", "removed_at")}
        later = timezone.now() + timedelta(days=1)
        assert ("K002", "removed_at") in refused(devices.replace, firm_a, one, at=later, **new)
        devices.replace(firm_a, one, at=at, **new)
    one.refresh_from_db()
    assert (one.serial_no, one.multiplier) == ("S-2", 4000.0)
    rows = engine.register().devices().to_dicts()
    assert [(r["device"], r["opening"], r["closing"], r["multiplier"]) for r in rows] == [
        ("S-1", 0.0, 123456.5, 6000.0),
        ("S-2", 0.5, None, 4000.0),
    ]
    assert rows[0]["removed"] == rows[1]["installed"] == at


def test_a_refused_replacement_leaves_everything(firm_a, org_a):
    one = meter(firm_a, org_a)
    devices.hang(firm_a, one, serial_no="S-1", installed_at=HUNG, opening=0.0)
    at = datetime(2025, 6, 1, tzinfo=UTC)
    assert refused(
        devices.replace, firm_a, one, at=at, closing=1.0, serial_no=" ", opening=0.0
    ) == {("K002", "serial_no")}
    assert Device.objects.get().removed_at is None


def test_the_newest_verification_is_what_the_list_shows(firm_a, org_a):
    one = meter(firm_a, org_a)
    devices.calibrate(
        firm_a, one, verified_on=date(2026, 3, 1), valid_until=date(2028, 3, 1), certificate_no="C2"
    )
    devices.calibrate(firm_a, one, verified_on=date(2023, 3, 1), valid_until=date(2025, 3, 1))
    one.refresh_from_db()
    assert (one.valid_until, one.certificate_no) == (date(2028, 3, 1), "C2")
    assert one.calibrations.count() == 2
    bad = {"verified_on": date(2026, 3, 1), "valid_until": date(2026, 3, 1)}
    assert refused(devices.calibrate, firm_a, one, **bad) == {("K001", "valid_until")}


def test_a_process_with_meters_stays(firm_a, org_a, org_b, firm_b):
    line = services.add_unit(firm_a, org_a, kind="unit", name="熔窑")
    meter(firm_a, org_a, point="P-1", unit=line)
    assert refused(services.remove_unit, firm_a, line)
    assert refused(services.add_unit, firm_a, org_a, kind="unit", name="熔窑") == {("K002", "name")}
    foreign = refused(services.add_unit, firm_b, org_b, kind="unit", name="乙", parent=line)
    assert foreign == {("K002", "parent")}
    more = {"meter_no": "B", "serial_no": "B", "point": "B-1", "unit": line}
    assert refused(meter, firm_b, org_b, **more) == {("K002", "unit")}


def test_rates_by_hand(firm_a, org_a):
    """Electricity at the entrance: 2 due, 1 there: 50 % < 100 %. Steam at equipment: 7 of 10."""
    meter(firm_a, org_a)
    for number in range(7):
        meter(
            firm_a, org_a, meter_no=f"Q{number}", serial_no=f"Q{number}", item_key="heat", level=3,
            multiplier=None, valid_until=None,
        )  # fmt: skip
    stopped = {"meter_no": "Z", "serial_no": "Z", "status": "stopped"}
    meter(firm_a, org_a, **stopped)
    services.state_required(firm_a, org_a, "electricity", 1, 2)
    services.state_required(firm_a, org_a, "steam", 3, 10)
    table = {kind.key: cells for kind, cells in rates.tables([org_a], "2006")[org_a.pk]}
    power, steam = table["electricity"][0], table["steam"][2]
    assert (power.wanted_pct, power.actual, power.rate_pct, power.is_short) == (100, 1, 50, True)
    assert (steam.wanted_pct, steam.actual, steam.rate_pct, steam.is_short) == (70, 7, 70, False)
    assert (steam.within, steam.confidence, power.verified_pct) == (0, "single", 100)
    # The edition of 2025 stands without rates: nothing is short, and nothing is claimed.
    new = {kind.key: cells for kind, cells in rates.tables([org_a], "2025")[org_a.pk]}
    assert (new["electricity"][0].wanted_pct, new["electricity"][0].is_short) == (None, False)
    # Nobody said how many coal meters there should be: no rate, not 0 %.
    assert table["coal"][0].rate_pct is None
    # The list tells the same: one cell short by the edition of 2006, none by that of 2025.
    told = [rates.amiss([org_a], rates.wanted(edition)) for edition in ("2006", "2025")]
    assert told == [{org_a.pk: (1, 0)}, {org_a.pk: (0, 0)}]


def test_the_edition_in_force():
    assert rates.edition_on(date(2026, 1, 31)) == "2006"
    assert rates.edition_on(date(2026, 2, 1)) == "2025"


def test_every_kind_has_its_three_levels():
    for edition in rates.EDITIONS:
        assert len(rates.wanted(edition)) == 3 * len(rates.kinds()) == 39
    assert rates.kind_of("raw_coal") == "coal"
    assert rates.kind_of("water") == "water"


def test_a_gateway_of_another_is_refused(firm_a, firm_b, org_a, org_b):
    way_in, _key = gateway(firm_b, org_b)
    assert refused(meter, firm_a, org_a, point="P", gateway=way_in) == {("K002", "gateway")}
    assert POINT["interval_s"] == 900
