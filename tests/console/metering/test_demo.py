"""The demonstration's meters: readings of some months that end at the moment of the build."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tanfeng.console.metering import engine
from tanfeng.console.metering.models import Meter, SeenPoint
from tanfeng.demo import metering as demo
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db


def test_the_readings_end_now(city, org_a, org_b, django_capture_on_commit_callbacks):
    now = datetime(2026, 3, 10, 9, 7, tzinfo=LOCAL)
    with django_capture_on_commit_callbacks(execute=True):
        written = demo.write(city, 7, [org_a.credit_code, org_b.credit_code], now)
    # Four of the glass works, fourteen of the steel works; one of each is computed beside them.
    assert (written, engine.register().points().height) == (18, 20)
    senders = Meter.objects.exclude(last_time=None)
    # One of them never sent, one fell silent three days ago.
    assert senders.count() == 17
    on_time = [one for one in senders if one.last_time == now.replace(minute=0)]
    assert len(on_time) == 16
    readings = engine.store().readings()
    span = readings["time"].max() - readings["time"].min()
    assert timedelta(days=demo.DAYS) <= span < timedelta(days=demo.DAYS + 1)
    assert SeenPoint.objects.count() == 1
    assert all("演示" in one.remark for one in Meter.objects.all())


def test_a_city_without_enterprises_has_no_meters(city):
    assert demo.write(city, 7, []) == 0
