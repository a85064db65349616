"""The pages of metering: what they show, what their forms do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.urls import reverse
from django.utils import timezone

from metering_world import METER, POINT, gateway, meter
from tanfeng.console.metering import engine, services, settling
from tanfeng.console.metering.models import ApiKey, Meter, ProcessUnit, SeenPoint
from tanfeng.console.metering.rates import EDITIONS
from tanfeng.console.metering.views.points import due_rows
from tanfeng.metering.frames import TIME

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def fill(point, hours, step=1.0):
    """Store a register that gains ``step`` a quarter hour until now."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    times = [end - timedelta(minutes=15 * n) for n in range(4 * hours, -1, -1)]
    frame = pl.DataFrame(
        {
            "point": [point] * len(times),
            "time": pl.Series(times, dtype=TIME),
            "value": [100.0 + step * n for n in range(len(times))],
            "received": pl.Series(times, dtype=TIME),
        }
    )
    engine.store().append(frame, batch="b")
    settling.follow()


def test_the_list_tells_late_from_silent_and_never(firm_a, org_a, client_for):
    now = timezone.now()
    for number, hours in enumerate((0, 3, 48)):
        one = meter(
            firm_a, org_a, meter_no=f"E{number}", serial_no=f"E{number}", point=f"P{number}"
        )
        Meter.objects.filter(pk=one.pk).update(
            last_time=now - timedelta(hours=hours), last_value=1.0, last_quality=0,
            late_after=now - timedelta(hours=hours) + timedelta(minutes=30),
        )  # fmt: skip
    meter(firm_a, org_a, meter_no="E9", serial_no="E9", point="P9")
    client = client_for(firm_a)
    found = {
        state: [f"P{n}" for n in (0, 1, 2, 9) if f">P{n}<" in
                text(client.get(f"{reverse('metering')}?state={state}"))]
        for state in ("fresh", "late", "silent", "never")
    }  # fmt: skip
    assert found == {"fresh": ["P0"], "late": ["P1"], "silent": ["P2"], "never": ["P9"]}


def test_a_point_shows_its_readings_and_what_flowed(
    firm_a, org_a, client_for, django_capture_on_commit_callbacks
):
    """48 h of a register that gains 1 a quarter hour, behind 6 000: 24 000 kWh an hour."""
    with django_capture_on_commit_callbacks(execute=True):
        one = meter(firm_a, org_a, point="P-1")
    fill("P-1", 48)
    client, url = client_for(firm_a), reverse("metering-point", args=[one.pk])
    assert "data-zoom" in text(client.get(url))
    # A month is a row an hour behind the picture, or a day: 96 quarter hours x 6,000.
    page = text(client.get(f"{url}?span=month"))
    assert "576 000.0" in page.replace("\u00a0", " ")
    assert client.get(f"{url}?to=9999-12-31").status_code == 404
    assert client.get(f"{url}?to=x&span=y").status_code == 200


def test_a_point_the_engine_does_not_know_says_so(firm_a, org_a, client_for):
    one = meter(firm_a, org_a, point="P-1")
    page = text(client_for(firm_a).get(f"{reverse('metering-point', args=[one.pk])}"))
    assert "计量引擎中还没有该点" in page


def test_a_meter_is_entered_changed_and_withdrawn_on_its_pages(firm_a, org_a, client_for):
    client = client_for(firm_a)
    given = {key: value for key, value in {**METER, **POINT, "sign": 1}.items()}
    answer = client.post(reverse("meter-new"), {"org": org_a.credit_code, **given})
    one = Meter.objects.get()
    assert answer["Location"] == reverse("meter", args=[one.pk])
    bad = client.post(reverse("meter-new"), {"org": org_a.credit_code, **given, "multiplier": ""})
    assert (bad.status_code, "请填倍率" in text(bad)) == (422, True)
    url = reverse("meter", args=[one.pk])
    client.post(url, {"do": "change", **given, "department": "动力部"})
    client.post(url, {"do": "hang", "serial_no": "S-1", "installed_at": "2025-03-02T08:00"})
    client.post(url, {"do": "replace", "at": "2025-06-01T08:00", "closing": "9", "opening": "0",
                      "serial_no": "S-2"})  # fmt: skip
    client.post(url, {"do": "calibrate", "verified_on": "2026-03-01", "valid_until": "2028-03-01"})
    wrong = client.post(url, {"do": "calibrate", "verified_on": "2026-03-01",
                              "valid_until": "2025-03-01"})  # fmt: skip
    assert wrong.status_code == 422
    one.refresh_from_db()
    assert (one.department, one.serial_no, one.valid_until.isoformat()) == (
        "动力部", "S-2", "2028-03-01",
    )  # fmt: skip
    assert one.devices.count() == 2
    assert client.post(url, {"do": "nonsense"}).status_code == 400
    client.post(url, {"do": "withdraw", "reason": "填错"})
    one.refresh_from_db()
    assert (one.withdrawn_at is None, one.point) == (False, None)
    assert "填错" in text(client.get(url))


def test_expiring_verifications_are_filtered(firm_a, org_a, client_for):
    today = timezone.localdate()
    for number, days in enumerate((-1, 20, 50, 80, 200)):
        until = today + timedelta(days=days)
        meter(firm_a, org_a, meter_no=f"E{number}", serial_no=f"E{number}", valid_until=until,
              verified_on=None)  # fmt: skip
    client = client_for(firm_a)
    counts = {
        due: text(client.get(f"{reverse('meters')}?due={due}")).count("data-row-link")
        for due in ("over", "30", "60", "90", "none", "")
    }
    assert counts == {"over": 1, "30": 1, "60": 2, "90": 3, "none": 0, "": 5}


def test_a_list_of_instruments_asks_the_same_few_questions_however_long_it_is(
    firm_a, org_a, client_for, county_officer_a, django_assert_max_num_queries
):
    for number in range(5):
        meter(firm_a, org_a, meter_no=f"E{number}", serial_no=f"E{number}", point=f"P{number}")
    client = client_for(county_officer_a)
    for url, most in ((reverse("meters"), 10), (reverse("meter-rates"), 11)):
        client.get(url)
        with django_assert_max_num_queries(most):
            assert client.get(url).status_code == 200


@pytest.mark.of_sqlite
def test_the_list_of_instruments_is_answered_from_its_indexes():
    """Read from the rows, counting a city's 100,000 meters took 51 ms, a county's order 16."""
    listed = Meter.objects.filter(is_listed=True)
    county = listed.filter(organisation__place_id="350102")
    assert "USING INDEX metering_number" in listed.order_by("meter_no").explain()
    assert "INDEX metering_listed" in county.order_by("meter_no").values("pk").explain()
    assert "INDEX metering_valid" in listed.filter(valid_until__lt=timezone.localdate()).explain()


def test_what_is_computed_or_withdrawn_is_not_listed(firm_a, org_a, client_for):
    kept, gone = (meter(firm_a, org_a, meter_no=f"E{n}", serial_no=f"E{n}") for n in range(2))
    services.withdraw(firm_a, gone, reason="填错")
    assert list(Meter.objects.filter(is_listed=True)) == [kept]
    page = text(client_for(firm_a).get(reverse("meters")))
    assert ("E0" in page, "E1" in page) == (True, False)


def test_a_key_is_shown_once(firm_a, org_a, client_for):
    way_in, _words = gateway(firm_a, org_a)
    client, url = client_for(firm_a), reverse("gateway", args=[way_in.pk])
    page = text(client.post(url, {"do": "key", "days": "365"}))
    key = ApiKey.objects.latest("pk")
    assert f"{key.prefix}." in page
    assert f"{key.prefix}." not in text(client.get(url))
    client.post(url, {"do": "revoke", "key": key.prefix})
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert client.post(url, {"do": "key", "days": "9999"}).status_code == 400


def test_an_unknown_point_is_adopted_on_the_page_of_its_gateway(firm_a, org_a, client_for):
    way_in, _words = gateway(firm_a, org_a)
    seen = SeenPoint.objects.create(
        gateway=way_in, point="NEW", first_seen_at=timezone.now(), last_seen_at=timezone.now()
    )
    one = meter(firm_a, org_a)
    answer = client_for(firm_a).post(
        reverse("gateway", args=[way_in.pk]),
        {"do": "adopt", "seen": seen.pk, "meter": one.pk, "reading_kind": "register",
         "reading_unit": "kWh"},
    )  # fmt: skip
    one.refresh_from_db()
    assert (answer.status_code, one.point, one.gateway) == (302, "NEW", way_in)


def test_a_county_keeps_meters_and_opens_no_gateway(county_officer_a, firm_a, org_a, client_for):
    way_in, _words = gateway(firm_a, org_a)
    client = client_for(county_officer_a)
    answer = client.post(reverse("gateway", args=[way_in.pk]), {"do": "key", "days": "365"})
    assert answer.status_code == 403
    assert ApiKey.objects.count() == 1
    url = reverse("meter-units", args=[org_a.credit_code])
    client.post(url, {"do": "add", "name": "熔窑", "kind": "unit"})
    assert ProcessUnit.objects.get().name == "熔窑"


def test_required_numbers_are_stated_on_the_table(firm_a, org_a, client_for):
    meter(firm_a, org_a)
    client, url = client_for(firm_a), reverse("meter-rates-of", args=[org_a.credit_code])
    assert client.post(url, {"electricity-1": "2"}).status_code == 302
    old = text(client.get(f"{url}?edition=2006"))
    assert "50.0%" in old
    assert "short" in old
    new = text(client.get(f"{url}?edition=2025"))
    assert "配备率未录入" in new
    assert 'class="n short"' not in new
    assert client.post(url, {"electricity-1": "two"}).status_code == 400
    assert client.get(f"{url}?export=xlsx").status_code == 200


def test_a_window_nothing_is_known_of_is_not_told_as_measured(
    firm_a, org_a, client_for, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        one = meter(firm_a, org_a, point="P-1")
    fill("P-1", 2)
    client, url = client_for(firm_a), reverse("metering-point", args=[one.pk])
    known, before = text(client.get(url)), text(client.get(f"{url}?span=day&to=2020-01-01"))
    assert "此时段没有任何数据。</td>" in before
    assert "此时段没有任何数据。</td>" not in known


def test_a_reading_is_due_at_the_start_of_each_interval():
    start = datetime(2026, 11, 16, tzinfo=UTC)
    assert due_rows(start, start + timedelta(days=7), 900) == 672
    # 618 quarter hours are over and the next has begun: its reading is due, too.
    assert due_rows(start, start + timedelta(minutes=618 * 15 + 1), 900) == 619


def test_what_an_edition_that_was_not_read_asks_for_is_not_told_as_met(
    city, firm_a, org_a, client_for
):
    meter(firm_a, org_a)
    client = client_for(city)
    unread, read = (text(client.get(f"{reverse('meter-rates')}?edition={one}")) for one in EDITIONS)
    short = '<td class="n" data-label="低于要求">'
    assert f'{short}<span class="muted" title="配备率未录入">—</span>' in unread
    assert f"{short}0</td>" in read
