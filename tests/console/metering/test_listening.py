"""Brokers and folders of the records: who states them, what is taken, what is told."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from metering_world import meter
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import engine, gateways, listening
from tanfeng.console.metering.models import Gateway, SeenPoint
from tanfeng.errors import DataError
from tanfeng.gateway.drop import put_away, settled
from tanfeng.gateway.mqtt import Outcome

pytestmark = pytest.mark.django_db
LINE = {"address": "mqtt://127.0.0.1:18830", "topic": "tanfeng/+/readings", "sends_as": "g1"}
CSV = "point,time,value\nP-1,2026-03-01 00:00,1\nP-1,2026-03-01 00:15,x\nP-9,2026-03-01 00:00,2\n"


@pytest.fixture
def way_in(firm_a, org_a):
    one = gateways.enter(firm_a, org_a, name="车间网关", link="mqtt")
    meter(firm_a, org_a, point="P-1", gateway=one)
    return one


@pytest.fixture
def dropping(firm_a, org_a):
    one = gateways.enter(firm_a, org_a, name="抄表文件", link="file")
    meter(firm_a, org_a, point="P-1", gateway=one)
    return one


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": "http://x"}, "address"),
        ({"address": "mqtt://"}, "address"),
        ({"address": "mqtt://user:secret@x:1883"}, "address"),
        ({"address": "mqtt://x:99999"}, "address"),
        ({"topic": "tanfeng/readings"}, "topic"),
        ({"topic": "+/+/x"}, "topic"),
        ({"topic": "tanfeng/+/#"}, "topic"),
        ({"sends_as": "a/b"}, "sends_as"),
        ({"sends_as": ""}, "sends_as"),
        # No other secret of the program can be sent to a broker of somebody's choice.
        ({"username": "u", "secret_name": "DATABASE_URL"}, "secret_name"),
        ({"username": "u", "secret_name": "TANFENG_MQTT_"}, "secret_name"),
        ({"secret_name": "TANFENG_MQTT_A"}, "username"),
    ],
)
@pytest.mark.same_queries
def test_a_line_that_makes_no_sense(city, way_in, changes, field):
    with pytest.raises(DataError) as caught:
        gateways.connect(city, way_in, **{**LINE, **changes})
    assert [one.heading for one in caught.value.problems] == [field]
    way_in.refresh_from_db()
    assert way_in.address == ""


def test_where_the_program_connects_is_the_citys_to_say(
    city, firm_a, county_officer_a, org_b, firm_b, way_in
):
    for user in (firm_a, county_officer_a):
        with pytest.raises(PermissionDenied):
            gateways.connect(user, way_in, **LINE)
    gateways.connect(city, way_in, **LINE, username="u", secret_name="TANFENG_MQTT_PLANT")
    assert AuditEvent.objects.get(action="gateway.connect").detail["address"] == LINE["address"]
    other = gateways.enter(firm_b, org_b, name="别家网关", link="mqtt")
    with pytest.raises(DataError) as caught:
        gateways.connect(city, other, **LINE)
    assert caught.value.problems[0].heading == "sends_as"
    gateways.connect(city, other, **{**LINE, "sends_as": "g2"})
    # One connection where address, topic and user are the same.
    assert sorted(map(len, listening.lines().values())) == [1, 1]
    gateways.connect(city, way_in, **LINE)
    assert list(listening.lines().values()) == [[way_in.pk, other.pk]]
    gateways.switch(city, other, active=False)
    assert list(listening.lines().values()) == [[way_in.pk]]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("mqtt://broker", ("broker", 1883, False)),
        ("mqtts://broker", ("broker", 8883, True)),
        ("mqtts://[::1]:9", ("::1", 9, True)),
        ("mqtt://broker/x", None),
    ],
)
def test_addresses(address, found):
    assert gateways.broker_of(address) == found


def test_a_password_that_is_not_there_is_told_and_nothing_connects(city, way_in):
    gateways.connect(city, way_in, **LINE, username="u", secret_name="TANFENG_MQTT_PLANT")
    listener = listening.Listener(environ={})
    assert listener.look() == 0
    way_in.refresh_from_db()
    assert "TANFENG_MQTT_PLANT" in way_in.last_error
    listener.stop()


def test_what_came_and_what_is_wrong_stands_with_the_gateway(city, way_in, monkeypatch):
    # It is called by a thread of its own; here it would close the connection of the test.
    monkeypatch.setattr(listening, "close_old_connections", lambda: None)
    gateways.connect(city, way_in, **LINE)
    line = next(iter(listening.lines()))
    told = []
    one = listening._Open(line, [way_in.pk], told.append)
    assert one.points("g1") == {"P-1"}
    assert one.points("g2") is None
    one.told(Outcome("", error="the connection is lost"))
    way_in.refresh_from_db()
    assert way_in.last_error == "the connection is lost"
    one.told(Outcome("g1", accepted=3, refused=2))
    way_in.refresh_from_db()
    assert (way_in.last_rows, way_in.last_rejected, way_in.rejected) == (3, 2, 2)
    assert (way_in.last_error, way_in.last_seen_at is not None) == ("", True)
    # Written seldom, counted all the same.
    one.told(Outcome("g1", accepted=1, refused=5))
    way_in.refresh_from_db()
    assert way_in.rejected == 2
    one.told(Outcome("g1", accepted=1, refused=0))
    way_in.refresh_from_db()
    assert (way_in.rejected, way_in.last_rejected) == (7, 0)
    one.told(Outcome("stranger", refused=9))
    assert len(told) == 5


def test_a_dropped_file_is_taken_as_far_as_its_points_are_the_gateways(
    firm_b, org_b, dropping, settings
):
    foreign = meter(firm_b, org_b, point="P-7", meter_no="B", serial_no="B")
    ((gateway, folder),) = listening.folders()
    assert (gateway, folder) == (dropping, settings.DROP / str(dropping.pk))
    file = folder / "march.csv"
    file.write_text(CSV + f"{foreign.point},2026-03-01 00:00,3\n", encoding="utf-8")
    assert settled(folder) == []  # somebody may still be writing
    long_ago = time.time() - 60
    os.utime(file, (long_ago, long_ago))
    assert settled(folder) == [file]
    done = listening.take(gateway, file)
    assert (done.accepted, done.refused) == (1, 3)
    assert put_away(file, fine=False, report=["x"]) == folder / "refused" / "march.csv"
    engine.intake().flush()
    stored = engine.store().readings()
    assert stored.select("point", "value").rows() == [("P-1", 1.0)]
    assert stored["time"].to_list() == [datetime(2026, 2, 28, 16, tzinfo=UTC)]
    # What nobody has waits to be adopted; what is another's does not.
    assert list(SeenPoint.objects.values_list("point", flat=True)) == ["P-9"]
    gateway.refresh_from_db()
    assert (gateway.last_rows, gateway.rejected) == (1, 3)
    bad = folder / "bad.bin"
    bad.write_bytes(b"\x00\x01")
    assert listening.take(gateway, bad).accepted == 0


def test_the_page_of_each_way_in(client_for, city, firm_a, way_in):
    url = reverse("gateway", args=[way_in.pk])
    form = {"do": "connect", **LINE, "username": "", "secret_name": ""}
    assert client_for(firm_a).post(url, form).status_code == 403
    client = client_for(city)
    assert client.post(url, {**form, "topic": "x"}).status_code == 422
    assert client.post(url, form).status_code == 302
    page = client.get(url).content.decode()
    assert LINE["address"] in page
    assert "tanfeng/g1/readings" in page
    gateways.note_trouble([way_in.pk], "the broker refuses: Not authorized")
    assert "Not authorized" in client.get(url).content.decode()
    one = gateways.enter(city, way_in.organisation, name="文件", link=Gateway.Link.FILE)
    page = client.get(reverse("gateway", args=[one.pk])).content.decode()
    assert str(listening.folder_of(one)) in page
