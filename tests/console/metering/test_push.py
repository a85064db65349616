"""The door for readings: keys, rows, refusals, and what is on the disk when it says taken."""

from __future__ import annotations

import json
from datetime import timedelta

import polars as pl
import pytest
from django.test import Client
from django.utils import timezone

from metering_world import gateway, meter
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import engine, gateways, push, services, settling
from tanfeng.console.metering.models import ApiKey, Gateway, Meter, SeenPoint

pytestmark = pytest.mark.django_db
URL = "/api/v1/readings"


@pytest.fixture
def sender(firm_a, org_a):
    """A gateway with one point, and a function that sends with its key."""
    way_in, words = gateway(firm_a, org_a)
    meter(firm_a, org_a, point="P-1", gateway=way_in)
    way_in.refresh_from_db()

    def send(content, kind="application/json", key=words, **headers):
        return Client(enforce_csrf_checks=True).post(
            URL,
            content if isinstance(content, bytes | str) else json.dumps(content),
            content_type=kind,
            headers={"Authorization": f"Bearer {key}", **headers},
        )

    send.gateway, send.words = way_in, words
    return send


def reading(point="P-1", time="2026-11-01T08:00:00+08:00", value=1.5):
    return {"point": point, "time": time, "value": value}


def stored():
    engine.intake().flush()
    return engine.store().readings().select("point", "value").rows()


def test_a_list_of_objects(sender):
    answer = sender([reading(), reading(time="2026-11-01T08:15:00+08:00", value=2.5)])
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["rejected"]) == (202, 2, 0)
    assert stored() == [("P-1", 1.5), ("P-1", 2.5)]


def test_columns_and_csv(sender):
    columns = {"point": ["P-1"], "time": ["2026-11-01T08:00:00+08:00"], "value": [1.5]}
    assert sender(columns).status_code == 202
    text = "point,time,value\nP-1,2026-11-01 08:15:00,2.5\n"
    assert sender(text, "text/csv; charset=utf-8").json()["accepted"] == 1
    assert stored() == [("P-1", 1.5), ("P-1", 2.5)]


def test_a_bad_row_is_named_and_the_good_ones_are_taken(sender):
    answer = sender([reading(), reading(value="viel")])
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["rejected"]) == (202, 1, 1)
    found = body["problems"][0]
    assert (found["row"], found["value"]) == (2, "viel")
    assert found["rule"]
    assert found["remedy"]
    assert found["remedy_zh"]


def test_the_same_batch_twice_counts_once_and_other_content_is_not_lost(sender):
    first = sender([reading()], **{"Idempotency-Key": "b-1"})
    again = sender([reading()], **{"Idempotency-Key": "b-1"})
    other = sender([reading(time="2026-11-01T08:15:00+08:00", value=2.5)],
                   **{"Idempotency-Key": "b-1"})  # fmt: skip
    assert [one.status_code for one in (first, again, other)] == [202, 202, 202]
    assert (first.json()["batch"], again.json()["already"], other.json()["already"]) == (
        "b-1", True, False,
    )  # fmt: skip
    assert stored() == [("P-1", 1.5), ("P-1", 2.5)]


def test_another_s_point_is_refused_by_row(sender, firm_b, org_b):
    theirs, _words = gateway(firm_b, org_b)
    meter(firm_b, org_b, serial_no="B", point="B-1", gateway=theirs)
    mixed = sender([reading(), reading("B-1")])
    assert (mixed.status_code, mixed.json()["accepted"]) == (202, 1)
    found = mixed.json()["problems"][0]
    assert (found["status"], found["value"], found["row"]) == (403, "B-1", 2)
    alone = sender([reading("B-1")])
    assert alone.status_code == 403
    assert org_b.name not in alone.content.decode()
    assert stored() == [("P-1", 1.5)]
    assert not SeenPoint.objects.exists()
    assert AuditEvent.objects.filter(action="gateway.refuse").count() == 1
    assert not AuditEvent.objects.filter(action="refused").exists()


def test_an_unknown_point_waits_to_be_adopted(sender, firm_a, org_a):
    assert sender([reading("NEW-1")]).status_code == 422
    seen = SeenPoint.objects.get()
    assert (seen.point, seen.gateway) == ("NEW-1", sender.gateway)
    free = meter(firm_a, org_a, meter_no="E-02", serial_no="S-2")
    gateways.adopt(firm_a, seen, free, reading_kind="register", reading_unit="kWh")
    assert not SeenPoint.objects.exists()
    assert sender([reading("NEW-1")]).status_code == 202
    assert stored() == [("NEW-1", 1.5)]


@pytest.mark.parametrize("words", ["", "tfk_00000000", "tfk_00000000.x", "falsch", "ü" * 50])
def test_no_key_no_entry(sender, words):
    answer = Client().post(
        URL, "[]", content_type="application/json",
        headers={"Authorization": f"Bearer {words}".encode().decode("latin-1")},
    )  # fmt: skip
    assert answer.status_code == 401
    assert "Bearer" in answer["WWW-Authenticate"]
    assert AuditEvent.objects.filter(action="gateway.refuse").count() == 1


def test_a_session_is_no_key(sender, firm_a, client_for):
    answer = client_for(firm_a).post(URL, "[]", content_type="application/json")
    assert answer.status_code == 401


def test_a_key_that_expired_was_revoked_or_whose_gateway_stopped(sender, firm_a):
    key = ApiKey.objects.get()
    key.expires_at = timezone.now() - timedelta(seconds=1)
    key.save()
    assert sender([reading()]).status_code == 401
    key.expires_at = None
    key.save()
    gateways.switch(firm_a, sender.gateway, active=False)
    assert sender([reading()]).status_code == 401
    gateways.switch(firm_a, sender.gateway, active=True)
    assert sender([reading()]).status_code == 202
    gateways.revoke(firm_a, key)
    assert sender([reading()]).status_code == 401


def test_the_key_is_kept_nowhere(sender):
    key = ApiKey.objects.get()
    assert sender.words.startswith(key.prefix)
    kept = json.dumps([*ApiKey.objects.values(), *AuditEvent.objects.values()], default=str)
    assert sender.words not in kept
    assert sender.words.partition(".")[2] not in kept


def test_too_large_too_strange_too_often(sender, settings, monkeypatch):
    settings.PUSH_LIMIT_BYTES = 50
    assert sender([reading()] * 10).status_code == 413
    settings.PUSH_LIMIT_BYTES = 10_000_000
    assert sender("x", "application/xml").status_code == 415
    assert sender("{").status_code == 400
    settings.PUSH_ROWS = 1
    two = [reading(), reading(time="2026-11-01T08:15:00+08:00")]
    assert sender(two).status_code == 202
    answer = sender([reading()])
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)
    monkeypatch.setattr(push, "TRIES", 1)
    assert sender([], key="x").status_code == 401
    assert sender([], key="x").status_code == 429


def test_a_full_intake_says_when_to_come_back(sender, monkeypatch):
    from tanfeng.metering._faults import IntakeFull

    class Full:
        def accept(self, *_args, **_values):
            raise IntakeFull("full", "满", retry_after_s=7)

    monkeypatch.setattr(engine, "intake", Full)
    answer = sender([reading()])
    assert (answer.status_code, answer["Retry-After"]) == (429, "7")


def test_only_post(sender):
    answer = Client().get(URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_point_moved_to_another_gateway_moves_at_once(sender, firm_a, org_a):
    assert sender([reading()]).status_code == 202
    other, words = gateway(firm_a, org_a, "二号网关")
    services.change(firm_a, Meter.objects.get(), {"gateway": other})
    assert sender([reading()]).status_code == 403
    assert sender([reading(value=9.0)], key=words).status_code == 202


def test_the_list_follows_the_store(sender):
    sender([reading(), reading(time="2026-11-01T08:15:00+08:00", value=2.5)])
    settling.settle()
    one = Meter.objects.get()
    assert (one.last_value, one.last_time.isoformat()) == (2.5, "2026-11-01T00:15:00+00:00")
    assert (one.late_after - one.last_time).total_seconds() == 1800
    sender([reading(time="2026-11-01T07:00:00+08:00", value=0.5)])
    settling.settle()
    one.refresh_from_db()
    assert one.last_value == 2.5
    assert Gateway.objects.get().last_seen_at is not None
    assert settling.follow() == 0


def test_what_was_acknowledged_is_there_before_anything_is_flushed(sender, metering):
    assert sender([reading()]).status_code == 202
    engine._intake.cache_clear()  # as if the process had been killed
    assert engine.intake().replay().rows == 1
    assert engine.store().readings()["value"].to_list() == [1.5]
    assert isinstance(engine.store().readings(), pl.DataFrame)
