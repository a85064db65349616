"""The picture of a point: every window, as fine as it allows, with what each stretch is worth."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.urls import reverse

from metering_world import HUNG, meter
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import devices, engine, publishing, zoom
from tanfeng.metering.frames import READINGS, SLOTS
from tanfeng.periods import LOCAL

START = datetime(2025, 4, 1, tzinfo=LOCAL)
QUARTER = timedelta(minutes=15)


def slots(*runs):
    """Return quarter hours of a point from runs of (how many, quality, rule); 1 kWh each."""
    rows, at = [], START
    for many, quality, rule in runs:
        for _ in range(many):
            amount = None if quality == "missing" else 1.0
            measured = None if amount is None else amount * (quality == "measured")
            rows.append(("P-1", at.astimezone(UTC), amount, measured, quality, rule))
            at += QUARTER
    return pl.DataFrame(rows, schema=SLOTS, orient="row")


def test_bars_follow_the_window_and_keep_what_is_missing_apart():
    flowed = slots((96, "measured", "direct"), (4, "estimated", "gap"), (4, "missing", "silent"))
    hours = zoom.bars(flowed, START, START + timedelta(days=30))
    # A month has 720 hours, fewer than the most; 24 whole ones, one estimated, one not known.
    assert hours.height == 26
    assert hours["measured"].to_list() == [4.0] * 24 + [0.0, None]
    assert hours["estimated"].to_list() == [0.0] * 24 + [4.0, None]
    assert hours["missing"].to_list() == [0.0] * 25 + [1.0]
    days = zoom.bars(flowed, START, START + timedelta(days=300))
    # The second day knows 4 of its 8 quarter hours.
    assert days.select("measured", "estimated", "missing").rows() == [(96, 0, 0), (0, 4, 0.5)]
    assert days["start"][1] == START + timedelta(days=1)
    quarters = zoom.bars(flowed, START, START + timedelta(days=2))
    assert quarters.height == 104
    weeks = zoom.bars(flowed, START, START + timedelta(days=4 * 366))
    # 1 April 2025 is a Tuesday; its week began on 31 March.
    assert weeks["start"].to_list() == [START - timedelta(days=1)]


def test_a_stretch_says_its_rule_and_what_is_measured_is_one():
    flowed = slots(
        (4, "measured", "direct"), (4, "measured", "split"), (2, "estimated", "gap"),
        (2, "estimated", "reset"), (4, "missing", "silent"),
    )  # fmt: skip
    found = zoom.stretches(flowed, START, START + timedelta(days=1))
    assert [(one["quality"], (one["end"] - one["start"]) // QUARTER) for one in found] == [
        ("measured", 8), ("estimated", 2), ("estimated", 2), ("missing", 4),
    ]  # fmt: skip
    assert found[0]["words"] == "计量"
    assert found[1]["words"].startswith("估算：")
    assert found[1]["words"] != found[2]["words"]


def test_two_stretches_with_nothing_between_them_are_two():
    early = slots((4, "measured", "direct"))
    late = early.with_columns(pl.col("start") + pl.duration(hours=5))
    assert len(zoom.stretches(pl.concat([early, late]), START, START + timedelta(days=1))) == 2


def test_many_short_stretches_are_drawn_coarser_and_lose_nothing_bad():
    flowed = slots(*[(3, "measured", "direct"), (1, "missing", "silent")] * 2000)
    found = zoom.stretches(flowed, START, START + timedelta(days=84))
    assert len(found) <= 300
    assert {one["quality"] for one in found} == {"missing"}


def test_a_window_has_a_least_and_a_greatest():
    hour = START + timedelta(hours=1)
    assert zoom.clamped(START, START) == (START - timedelta(hours=1), START)
    assert zoom.clamped(hour, START)[1] == START
    assert zoom.clamped(START - timedelta(days=9999), START)[0] == START - zoom.LONGEST


def test_a_year_of_quarter_hours_is_cut_in_a_moment():
    """35,040 quarter hours and as many readings: at most 50 ms of CPU, least of five."""
    flowed = slots(
        (30_000, "measured", "direct"), (40, "estimated", "gap"), (5_000, "measured", "direct")
    )
    end = START + timedelta(days=365)
    readings = flowed.select(
        time="start", value=pl.int_range(pl.len()).cast(pl.Float64), quality=pl.lit(0, pl.Int16)
    )
    one = _Meter()
    costs = []
    for _ in range(5):
        begin = time.process_time()
        found = zoom.whole(one, START, end, readings, flowed)
        costs.append(time.process_time() - begin)
    assert min(costs) < 0.05
    assert len(found["readings"]["x"]) <= 960
    assert len(found["energy"]["x"]) == 365
    assert len(found["quality"]) == 3
    assert found["total"] == 35_040


class _Nobody:
    def all(self):
        return []


class _Meter:
    interval_s, reading_unit, reading_kind, last_time = 900, "kWh", "register", None
    devices = calibrations = _Nobody()

    def get_reading_kind_display(self):
        return "累计表底"


@pytest.fixture
def read(firm_a, org_a):
    """Two days of a register, six hours of it not read; the device changed on the first noon."""
    one = meter(firm_a, org_a, point="P-1", multiplier=1.0)
    devices.hang(firm_a, one, serial_no="S-1", installed_at=HUNG, opening=0.0)
    devices.calibrate(
        firm_a, one, verified_on=START.date(), valid_until=datetime(2027, 3, 1).date()
    )
    times = [START.astimezone(UTC) + QUARTER * row for row in range(193) if not 100 < row < 125]
    engine.store().append(
        pl.DataFrame(
            {
                "point": "P-1", "time": times,
                "value": [100.0 + (at - START) / QUARTER for at in times],
                "quality": 0, "source": "test", "received": HUNG, "batch": "b",
            },
            schema=READINGS,
        ),
        batch="b",
    )  # fmt: skip
    publishing.publish_stale()
    return one


@pytest.mark.django_db
def test_the_address_keeps_the_window_and_json_has_its_parts(read, firm_a, client_for):
    client = client_for(firm_a)
    window = "from=2025-04-01T00:00&until=2025-04-03T00:00"
    page = client.get(f"{reverse('metering-point', args=[read.pk])}?{window}")
    assert "2025-04-01 00:00 – 2025-04-03 00:00" in page.content.decode()
    assert [one["quality"] for one in page.context["worth"]] == ["estimated"]
    found = client.get(f"{reverse('metering-point-window', args=[read.pk])}?{window}").json()
    assert found == page.context["data"]
    # 1 April 00:00 on the city's clock, handled as UTC.
    assert found["from"] == datetime(2025, 4, 1, tzinfo=UTC).timestamp() * 1000
    assert found["total"] == pytest.approx(192.0)
    assert found["estimated"] == pytest.approx(25 / 192)
    assert [one["words"] for one in found["marks"]] == ["检定"]
    assert len(found["readings"]["x"]) == 192 - 24
    # A narrower window has finer bars: quarter hours.
    fine = client.get(
        f"{reverse('metering-point-window', args=[read.pk])}"
        "?from=2025-04-01T06:00&until=2025-04-01T09:00"
    ).json()
    assert fine["energy"]["until"][0] - fine["energy"]["x"][0] == 900_000
    assert len(fine["energy"]["x"]) == 12


@pytest.mark.django_db
def test_a_window_that_is_none_is_the_week(subtests, read, firm_a, client_for):
    url = reverse("metering-point-window", args=[read.pk])
    for query in (
        "",
        "from=x&until=y",
        "from=0001-01-01&until=9999-12-31",
        "from=2025-04-02T00:00",
    ):
        with subtests.test(query):
            answer = client_for(firm_a).get(f"{url}?{query}")
            assert answer.status_code == 200
            assert answer.json()["until"] - answer.json()["from"] == 7 * 86_400_000


@pytest.mark.django_db
def test_moving_the_picture_about_is_one_look_in_the_log(read, city, client_for):
    client = client_for(city)
    url = reverse("metering-point-window", args=[read.pk])
    for day in range(1, 5):
        client.get(f"{url}?from=2025-04-0{day}T00:00&until=2025-04-0{day}T12:00")
    assert AuditEvent.objects.filter(action="meter.read").count() == 1


@pytest.mark.django_db
def test_nobody_else_reads_a_window(read, firm_b, client_for):
    url = reverse("metering-point-window", args=[read.pk])
    assert client_for(firm_b).get(url).status_code == 404


@pytest.mark.django_db
def test_other_rooms_may_add_marks(read, firm_a, monkeypatch):
    at, end = START + timedelta(hours=3), START + timedelta(days=1)
    told = [
        zoom.Mark(at, "x"),
        zoom.Mark(HUNG, "y"),
        zoom.Mark(HUNG, "lasts", end + timedelta(days=1), "bad", "/x/"),
        zoom.Mark(HUNG, "over", START, "bad"),
    ]
    monkeypatch.setattr(zoom, "MARKS", [lambda *_: told])
    assert [one.words for one in zoom.marks(firm_a, read, START, end)] == ["lasts", "检定", "x"]
