"""Points of the engine's register: who may claim them, what comes along, whose a name stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO

import openpyxl
import polars as pl
import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from metering_world import gateway, meter
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import adoption, engine, importers, publishing, services
from tanfeng.console.metering.models import Device, Meter, OwnedPoint
from tanfeng.errors import DataError
from tanfeng.metering.frames import READINGS

pytestmark = pytest.mark.django_db
DAY = datetime(2025, 5, 1, tzinfo=UTC)
HUNG = DAY - timedelta(days=30)


@pytest.fixture(autouse=True)
def commit(django_capture_on_commit_callbacks):
    """What follows a transaction happens in it here."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def file_of_points():
    """Two points made from a file, one with a device on record, with two readings each."""
    engine.register().put(
        points=pl.DataFrame(
            {"point": ["F-1", "F-2"], "multiplier": [40.0, 1.0], "origin": ["import"] * 2,
             "interval_s": [3600, 900]}
        ),
        devices=pl.DataFrame(
            {"point": ["F-1"], "device": ["D-77"], "installed": [HUNG], "opening": [5.0]}
        ),
        recorded=DAY,
    )  # fmt: skip
    rows = [
        (point, DAY + timedelta(hours=hour), 100.0 + hour, 0, "f.csv", DAY, "f")
        for point in ("F-1", "F-2")
        for hour in (0, 1)
    ]
    engine.store().append(pl.DataFrame(rows, schema=READINGS, orient="row"), batch="f")


def waiting():
    return publishing.unclaimed()["point"].to_list()


def claimed(user, organisation, point="F-1", **more):
    given = {"meter_no": "E-9", "name": "二号线", "level": 2, **more}
    return adoption.claim(user, organisation, point, **given)


def test_a_claimed_point_brings_its_readings_and_devices_along(city, org_a, file_of_points, commit):
    assert waiting() == ["F-1", "F-2"]
    with commit():
        one = claimed(city, org_a)
    one.refresh_from_db()
    assert (one.multiplier, one.interval_s, one.reading_kind, one.reading_unit) == (
        40.0, 3600, "register", "kWh",
    )  # fmt: skip
    assert (one.last_time, one.last_value) == (DAY + timedelta(hours=1), 101.0)
    device = Device.objects.get(meter=one)
    assert (device.serial_no, device.installed_at, device.opening) == ("D-77", HUNG, 5.0)
    point = engine.points().filter(pl.col("point") == "F-1").row(0, named=True)
    assert (point["origin"], point["node"], point["level"]) == ("console", org_a.credit_code, 2)
    assert engine.register().devices()["device"].to_list() == ["D-77"]
    assert engine.store().readings(["F-1"]).height == 2
    # What was known before stays known as it was.
    assert engine.register().points(DAY)["origin"].to_list() == ["import", "import"]
    assert waiting() == ["F-2"]
    assert AuditEvent.objects.filter(action="meter.claim").count() == 1
    with pytest.raises(DataError):
        claimed(city, org_a, meter_no="E-10")


def test_a_standing_meter_takes_the_point_and_keeps_what_the_list_says(
    city, firm_a, org_a, file_of_points, commit
):
    standing = meter(firm_a, org_a)
    with commit():
        assert claimed(city, org_a, meter_no="E-01") == standing
    standing.refresh_from_db()
    assert (standing.point, standing.multiplier, standing.name) == ("F-1", 6000.0, "总进线")
    with pytest.raises(DataError):
        claimed(city, org_a, "F-2", meter_no="E-01")


def test_nobody_but_the_city_claims(firm_a, county_officer_a, org_a, file_of_points):
    for user in (firm_a, county_officer_a):
        with pytest.raises(PermissionDenied):
            claimed(user, org_a)
        # Nor by the way of an ordinary record.
        with pytest.raises(DataError) as caught:
            meter(user, org_a, point="F-1")
        assert [one.heading for one in caught.value.problems] == ["point"]
    assert not Meter.objects.exists()


def test_a_name_stays_with_its_enterprise(firm_a, firm_b, org_a, org_b, commit):
    one = meter(firm_a, org_a, point="P-1")
    services.withdraw(firm_a, one, "拆除")
    with pytest.raises(DataError) as caught:
        meter(firm_b, org_b, point="P-1")
    assert org_a.name not in caught.value.problems[0].message_zh
    again = meter(firm_a, org_a, point="P-1", meter_no="E-02", serial_no="S-2")
    assert OwnedPoint.objects.get().meter == again


def test_a_withdrawn_and_a_renamed_point_owe_nothing_and_keep_their_place(firm_a, org_a, commit):
    with commit():
        one = meter(firm_a, org_a, point="P-1")
        two = meter(firm_a, org_a, point="P-2", meter_no="E-2", serial_no="S-2")
    with commit():
        services.withdraw(firm_a, one, "拆除")
        services.change(firm_a, two, {"point": "P-3"})
    rows = {row["point"]: row for row in engine.points().iter_rows(named=True)}
    assert {key: row["retired"] is not None for key, row in rows.items()} == {
        "P-1": True, "P-2": True, "P-3": False,
    }  # fmt: skip
    assert {row["node"] for row in rows.values()} == {org_a.credit_code}
    one.refresh_from_db()
    assert rows["P-1"]["retired"] == one.withdrawn_at
    with commit():
        services.change(firm_a, two, {"point": "P-2"})
    again = engine.points().filter(pl.col("point").is_in(["P-2", "P-3"]))
    assert again["retired"].is_null().to_list() == [True, False]


def test_a_meter_the_register_refuses_stops_no_other(firm_a, org_a, commit):
    one = meter(firm_a, org_a, point="P-1")
    meter(firm_a, org_a, point="P-2", meter_no="E-2", serial_no="S-2")
    # Nobody wrote the register down when it was hung: the engine cannot work with that.
    Device.objects.create(
        meter=one, serial_no="S-1", installed_at=HUNG, multiplier=1.0, entered_by=firm_a
    )
    assert publishing.publish_stale() == 1
    assert engine.points()["point"].to_list() == ["P-2"]
    one.refresh_from_db()
    assert "底数" in one.engine_problem
    assert not publishing.has_work()
    one.devices.update(opening=1.0)
    with commit():
        services.change(firm_a, one, {"remark": "已补底数"})
    assert engine.points()["point"].to_list() == ["P-1", "P-2"]
    one.refresh_from_db()
    assert (one.engine_problem, one.is_stale) == ("", False)


def test_a_moved_enterprise_hangs_elsewhere_at_once(city, firm_a, org_a, county_b, commit):
    from tanfeng.console.archive import services as archive

    with commit():
        meter(firm_a, org_a, point="P-1")
    with commit():
        archive.change_organisation(org_a, by=city, place_id=county_b.code, park_id=None)
    parents = engine.register().edges().filter(pl.col("child") == org_a.credit_code)
    assert parents["parent"].to_list() == [county_b.code]
    assert engine.register().nodes().filter(pl.col("node") == org_a.credit_code)[
        "place_code"
    ].to_list() == [county_b.code]
    with commit():
        archive.change_organisation(org_a, by=city, address="新址")
    assert not publishing.has_work()


def test_water_reaches_the_engine_in_cubic_metres(firm_a, org_a, commit):
    water = {"item_key": "water", "meter_class": "water", "multiplier": None}
    with commit():
        for number, unit in enumerate(("m3", "t", "kg")):
            meter(firm_a, org_a, point=f"W-{number}", meter_no=f"W-{number}",
                  serial_no=f"W-{number}", reading_unit=unit, **water)  # fmt: skip
    assert engine.points().select("point", "item_key", "unit").rows() == [
        ("W-0", "water", "m3"), ("W-1", "water", "m3"), ("W-2", "water", "L"),
    ]  # fmt: skip


def test_a_gateway_naming_what_another_let_go_of_is_told_it_is_not_its_own(
    client, firm_a, firm_b, org_a, org_b
):
    one = meter(firm_a, org_a, point="P-1")
    services.withdraw(firm_a, one, "拆除")
    _way, words = gateway(firm_b, org_b)
    body = [{"point": "P-1", "time": "2025-05-01T00:00:00+08:00", "value": 1.0}]
    answer = client.post(
        reverse("readings"), body, content_type="application/json",
        headers={"Authorization": f"Bearer {words}"},
    )  # fmt: skip
    assert answer.status_code == 403


def test_the_page_lists_claims_and_exports_a_form_that_is_taken_in(
    client_for, city, firm_a, org_a, file_of_points, commit
):
    url = reverse("meters-unclaimed")
    assert client_for(firm_a).get(url).status_code == 403
    client = client_for(city)
    page = client.get(url).content.decode()
    assert "F-1" in page
    assert "F-2" in page
    assert "101" in page
    assert client.get(url, {"q": "f-2"}).content.decode().count("F-1") == 0
    wrong = {"point": "F-1", "code": "X", "meter_no": "E-9", "level": "1"}
    assert client.post(url, wrong).status_code == 422
    with commit():
        answer = client.post(url, {**wrong, "code": org_a.credit_code, "name": "一号线"})
    made = Meter.objects.get()
    assert answer.url == reverse("meter", args=[made.pk])
    # The rest by workbook: the form of the list, with what the register knows filled in.
    book = openpyxl.load_workbook(BytesIO(client.get(url, {"export": "xlsx"}).content))
    cells = [[cell for cell in row if cell is not None] for row in book.active.values]
    assert any("F-2" in row for row in cells)
    assert not any("F-1" in row for row in cells)


def test_a_list_of_instruments_claims_in_bulk_for_the_city_alone(
    city, firm_a, org_a, file_of_points
):
    frame = pl.DataFrame(
        {"credit_code": [org_a.credit_code] * 2, "meter_no": ["A1", "A2"],
         "meter_name": ["甲", "乙"], "energy_name": ["电力"] * 2,
         "meter_level": ["进出用能单位"] * 2, "multiplier": [40.0, 1.0], "point": ["F-1", "F-2"],
         "reading_kind": ["累计表底"] * 2, "reading_unit": ["kWh"] * 2, "serial_no": ["a", "b"],
         "node_name": [None, None], "source_row": [2, 3]}
    )  # fmt: skip
    rules = {
        user.username: [
            [found[0] for found in one.found] for one in importers._examined(frame, user)
        ]
        for user in (city, firm_a)
    }
    assert rules == {city.username: [[], []], firm_a.username: [["D071"], ["D071"]]}


def test_names_that_stood_before_there_was_a_record_of_them_are_written_down(firm_a, org_a):
    """What the migration does for a home of an earlier version."""
    fill = import_module("tanfeng.console.metering.migrations.0003_names_of_points")
    one = meter(firm_a, org_a, point="P-1")
    services.change(firm_a, one, {"point": "P-2"})
    two = meter(firm_a, org_a, point="P-3", meter_no="E-2", serial_no="S-2")
    services.withdraw(firm_a, two, "拆除")
    OwnedPoint.objects.all().delete()
    Meter.objects.filter(pk=one.pk).update(item_key="fresh_water", is_stale=False)
    fill._names(apps, None)
    fill._water(apps, None)
    assert {row.pk: (row.meter, row.released_at is None) for row in OwnedPoint.objects.all()} == {
        "P-1": (one, False), "P-2": (one, True), "P-3": (two, False),
    }  # fmt: skip
    one.refresh_from_db()
    assert (one.item_key, one.is_stale) == ("water", True)
