"""Forecasts are computed from the meters, kept, and shown to whoever sees the enterprise."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import numpy as np
import openpyxl
import polars as pl
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import translation

from forecast_world import forecast_of
from metering_world import meter
from tanfeng.console.accounting.models import OutputRecord
from tanfeng.console.core.models import AuditEvent, Batch, Job
from tanfeng.console.forecast import nightly, output, services
from tanfeng.console.forecast.models import Anomaly, Forecast
from tanfeng.console.metering import devices, engine, latest, publishing
from tanfeng.console.metering.models import Mark
from tanfeng.metering.frames import READINGS

pytestmark = pytest.mark.django_db
TODAY = date(2026, 8, 21)  # a Friday; no holiday since June
MIDNIGHT = datetime(2026, 8, 20, 16, tzinfo=UTC)
DAYS = 62


def _readings(point: str, days: int, *, odd_at: datetime | None = None) -> pl.DataFrame:
    """A register that turns by 1 each quarter hour, by 4 in the shift of a weekday."""
    rows = days * 96
    start = MIDNIGHT - timedelta(days=days)
    times = [start + timedelta(minutes=15 * row) for row in range(rows + 1)]
    local = [one + timedelta(hours=8) for one in times]
    steps = np.array([4.0 if t.weekday() < 5 and 8 <= t.hour < 20 else 1.0 for t in local])
    steps += np.random.default_rng(1).normal(0, 0.05, len(steps))
    if odd_at is not None:
        at = times.index(odd_at)
        steps[at : at + 16] = 6.0
    values = 100.0 + np.concatenate([[0.0], np.cumsum(steps[:-1])])
    return pl.DataFrame(
        {
            "point": point, "time": times, "value": values, "quality": 0, "source": "test",
            "received": MIDNIGHT, "batch": "b",
        },
        schema=READINGS,
    )  # fmt: skip


@pytest.fixture
def metered(firm_a, org_a, firm_b, org_b):
    """Firm A with two months and an odd night, firm B with nine days."""
    odd_at = MIDNIGHT - timedelta(days=2) + timedelta(hours=1)
    for firm, organisation, name, days in ((firm_a, org_a, "A", DAYS), (firm_b, org_b, "B", 9)):
        one = meter(
            firm, organisation, point=f"P-{name}", meter_no=name, serial_no=name, multiplier=1.0
        )
        hung = MIDNIGHT - timedelta(days=days)
        devices.hang(firm, one, serial_no=name, installed_at=hung, opening=100.0)
        readings = _readings(f"P-{name}", days, odd_at=odd_at if name == "A" else None)
        engine.store().append(readings, batch=name)
        latest.write_latest(readings.sort("time").tail(1))
    publishing.publish_stale()


def test_the_night_forecasts_who_has_enough_and_says_who_has_not(metered, org_a, org_b):
    done = services.compute_all(TODAY)
    assert (done.forecasts, done.short) == (1, 1)
    of_a = Forecast.objects.get(organisation=org_a)
    assert (of_a.item_key, of_a.unit, of_a.state, of_a.days_known) == (
        "electricity", "kWh", "model", DAYS,
    )  # fmt: skip
    # August 2026: 21 weekdays of 48 x 4 + 48 quarter hours, 10 other days of 96, and the odd
    # night 16 x 5 more.
    assert of_a.total == pytest.approx(21 * 240 + 10 * 96 + 80, rel=0.02)
    assert of_a.known_to == date(2026, 8, 20)
    # Tomorrow is a Saturday: 4 an hour.
    assert of_a.peak == pytest.approx(4.0, abs=1.0)
    # July has 23 weekdays and 8 other days.
    assert of_a.last_month == pytest.approx(23 * 240 + 8 * 96, rel=0.01)
    assert of_a.last_year is None
    assert {one["method"] for one in of_a.errors} == {"naive", "usual", "forecast"}
    assert of_a.odd == 1
    odd = Anomaly.objects.get()
    assert (odd.organisation, odd.is_high) == (org_a, True)
    assert "倍" in odd.reason_zh
    of_b = Forecast.objects.get(organisation=org_b)
    assert (of_b.state, of_b.days_known, of_b.total, of_b.hours) == ("short", 9, None, {})


def test_the_next_night_takes_the_place_of_the_last(metered, org_a):
    services.compute_all(TODAY)
    services.compute_all(TODAY)
    assert Forecast.objects.filter(organisation=org_a).count() == 1
    assert Anomaly.objects.count() == 1
    # What is older than the week searched stays.
    services.compute_all(TODAY + timedelta(days=8))
    assert Anomaly.objects.filter(start__lt=MIDNIGHT).count() == 1


def test_the_hours_of_windows_are_those_of_the_whole(metered, org_a, monkeypatch):
    whole = services._hourly([org_a.credit_code], TODAY, lambda _share: None)
    monkeypatch.setattr(services, "_WINDOW_DAYS", 7)
    parts = services._hourly([org_a.credit_code], TODAY, lambda _share: None)
    assert parts["start"].is_unique().all()
    assert parts.sort("start")["amount"].sum() == pytest.approx(whole["amount"].sum(), rel=1e-9)


def test_only_the_city_computes_anew(metered, city, firm_a, client_for):
    with pytest.raises(PermissionDenied):
        services.compute(firm_a, TODAY)
    assert client_for(firm_a).post("/forecast/").status_code == 403
    assert client_for(city).post("/forecast/").status_code == 302
    assert Job.objects.get(kind="forecast.compute").status == "done"
    assert Forecast.objects.count() == 2


def test_the_night_comes_once_a_day(metered):
    two = datetime(2026, 8, 19, 18, tzinfo=UTC)  # 2:00 in Fuzhou
    assert not nightly.claim(two - timedelta(minutes=1))
    assert nightly.claim(two)
    assert not nightly.claim(two + timedelta(hours=5))
    assert nightly.claim(two + timedelta(days=1))
    assert Mark.objects.filter(name="forecast").count() == 1


def test_a_house_without_meters_has_no_night():
    assert not nightly.claim(datetime(2026, 8, 19, 18, tzinfo=UTC))


@pytest.fixture
def kept(org_a, org_b):
    forecast_of(org_a, 2000.0, "甲")
    return forecast_of(org_b, 3000.0, "乙")


def test_the_list_shows_the_scope(kept, client_for, city, firm_a, org_a, org_b):
    text = client_for(city).get("/forecast/").content.decode()
    assert org_a.name in text
    assert org_b.name in text
    assert "甲凌晨用能是平日的 10 倍" in text
    own = client_for(firm_a).get("/forecast/").content.decode()
    assert org_a.name in own
    assert org_b.name not in own
    assert "乙" not in own


def test_an_enterprise_shows_band_errors_and_anomalies(kept, client_for, city, org_a):
    page = client_for(city).get(f"/forecast/{org_a.credit_code}/")
    text = page.content.decode()
    assert page.context["picture"]["series"][1]["low"] == [4.0] * 48
    assert "2200–2400" in text.replace("\u00a0", "").replace("\u2009", "")
    assert [one["method"] for one in page.context["errors"]] == ["naive", "usual", "forecast"]
    assert page.context["one"]["last_month"]["change"] == pytest.approx(1.3)
    assert page.context["one"]["last_year"]["change"] is None
    assert AuditEvent.objects.filter(action="organisation.read").exists()


def test_a_month_known_in_part_is_no_comparison(org_a, client_for, city):
    forecast_of(org_a, last_month_known=0.4)
    page = client_for(city).get(f"/forecast/{org_a.credit_code}/")
    assert page.context["one"]["last_month"]["change"] is None
    assert page.context["one"]["last_month"]["amount"] == 1000.0


def test_an_enterprise_with_too_little_says_how_much_it_needs(org_a, client_for, city):
    forecast_of(
        org_a, state="short", days_known=9, hours={}, errors=[], total=None, low=None, high=None
    )
    text = client_for(city).get(f"/forecast/{org_a.credit_code}/").content.decode()
    assert "14" in text
    assert client_for(city).get("/forecast/").status_code == 200


def test_an_enterprise_without_meters_has_a_page(org_a, client_for, city):
    assert client_for(city).get(f"/forecast/{org_a.credit_code}/").status_code == 200


def test_an_anomaly_leads_to_the_meter_at_that_moment(kept, client_for, firm_a, org_a):
    one = meter(firm_a, org_a, point="P-1")
    page = client_for(firm_a).get("/forecast/anomalies/")
    (row,) = page.context["rows"]
    # It began at 04:00 on 20 March in Fuzhou and ended at 08:00; a day either side.
    assert row["url"] == (f"/monitoring/{one.pk}/?from=2026-03-19T04%3A00&until=2026-03-21T08%3A00")


@pytest.mark.parametrize("path", ["/forecast/", "/forecast/anomalies/", "/forecast/{code}/"])
def test_every_list_leaves_as_a_workbook(kept, client_for, city, org_a, path):
    answer = client_for(city).get(path.format(code=org_a.credit_code) + "?export=xlsx")
    book = openpyxl.load_workbook(BytesIO(answer.content))
    rows = list(book.active.values)
    assert len(rows) > 2
    assert AuditEvent.objects.latest("id").action.startswith("export.")


def test_an_enterprise_that_fell_silent_says_so(org_a, client_for, city):
    forecast_of(
        org_a, state="silent", days_known=90, hours={}, errors=[], total=None, low=None, high=None
    )
    for path in ("/forecast/", f"/forecast/{org_a.credit_code}/"):
        assert "一周" in client_for(city).get(path).content.decode()


def _made(user, organisation, month, quantity, product="平板玻璃", value=None, unit="t"):
    batch = Batch.objects.create(
        form_key="product_output", file_name="产量.xlsx", sha256="2" * 64, size_bytes=1,
        status=Batch.Status.COMMITTED, uploaded_by=user, scope=user.scope_key,
    )  # fmt: skip
    OutputRecord.objects.create(
        organisation=organisation, year=2026, month=month, product_name=product, unit=unit,
        output_qty=quantity, gross_output_kcny=value, batch=batch, source_row=3,
        known_from=datetime(2026, 4, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "february", "march", "words", "excuses"),
    [
        # A day of February 100 t, of March 100 t: 2 800 / 28 and 3 100 / 31.
        (160.0, 2_800.0, 3_100.0, "日均较上月 +0.0%，不能解释", False),
        (160.0, 2_800.0, 3_720.0, "日均较上月 +20.0%，计入后不再异常", True),  # 160 / 120 = 1.3
        (190.0, 2_800.0, 3_720.0, "日均较上月 +20.0%，只能解释一部分", False),  # 190 / 120 = 1.6
        (160.0, 2_800.0, 2_480.0, "日均较上月 −20.0%，不能解释", False),
        (160.0, None, 3_100.0, "上月均未上报，无法比较", False),
        (160.0, 2_800.0, None, "2026-03 产量尚未上报", False),
    ],
)
def test_what_the_reported_output_says(
    firm_a, org_a, city, amount, february, march, words, excuses
):
    odd = forecast_of(org_a, amount)["anomaly"]
    for month, quantity in ((2, february), (3, march)):
        if quantity is not None:
            _made(firm_a, org_a, month, quantity)
            # What is earned less with, or counted otherwise, decides nothing.
            _made(firm_a, org_a, month, 5.0, "边角料", value=0.0)
            _made(
                firm_a, org_a, month, 9.0, "钢化玻璃", value=99.0, unit="t" if month == 2 else "m2"
            )
    OutputRecord.objects.filter(product_name="平板玻璃").update(gross_output_kcny=10.0)
    with translation.override("zh-hans"):
        said = output.of(city, [odd])[odd.pk]
    assert words in said.words
    assert said.excuses is excuses


def test_low_use_is_explained_by_falling_output(firm_a, org_a, city, client_for):
    odd = forecast_of(org_a, 45.0)["anomaly"]
    Anomaly.objects.filter(pk=odd.pk).update(is_high=False)
    _made(firm_a, org_a, 2, 2_800.0)
    _made(firm_a, org_a, 3, 1_860.0)  # 60 a day, less 40 %: 45 of a usual 60 is 0.75
    text = client_for(city).get("/forecast/anomalies/").content.decode()
    assert "2026-03 平板玻璃 1 860 t，日均较上月 −40.0%，计入后不再异常" in text.replace(
        "\u2009", " ").replace("\u00a0", " ")  # fmt: skip
    assert "产量可解释" in text
    book = openpyxl.load_workbook(
        BytesIO(client_for(city).get("/forecast/anomalies/?export=xlsx").content)
    )
    assert any("日均较上月" in str(cell) for row in book.active.values for cell in row)
    OutputRecord.objects.update(output_qty=None)
    assert "产量尚未上报" in client_for(city).get("/forecast/").content.decode()


def test_output_that_stopped_leaves_no_usual_to_hold_against(org_a):
    odd = forecast_of(org_a, 45.0)["anomaly"]
    assert not output._would_be_usual(odd, -1.0, {})


@pytest.mark.parametrize(
    ("holidays", "made_up", "words"),
    [
        (None, None, "历史尚不足以判断是否按通知放假"),
        (False, None, "按本企业历史：节假日照常生产"),
        (True, False, "按本企业历史：节假日停产，补班日不生产"),
    ],
)
def test_which_days_an_enterprise_keeps(org_a, client_for, city, holidays, made_up, words):
    forecast_of(org_a, keeps_holidays=holidays, keeps_made_up=made_up)
    text = client_for(city).get(f"/forecast/{org_a.credit_code}/").content.decode()
    assert words in text
