"""Outages, filings and work orders on the picture of a point."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse

from quality_world import NOW, TODAY, point, quality_of
from tanfeng.console.metering import zoom
from tanfeng.console.quality import machines, point_marks, services
from tanfeng.metering.judged import midnight
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
START, END = midnight(date(2026, 3, 5)), midnight(date(2026, 3, 15))


@pytest.fixture
def world(firm_a, org_a, city):
    return quality_of(org_a, point(firm_a, org_a), firm_a, city)


def told(user, world, start=START, end=END):
    return {one.kind: one for one in point_marks.marks(user, world["outage"].meter, start, end)}


def test_an_outage_and_its_filing_are_spans(world, firm_a):
    found = told(firm_a, world)
    assert set(found) == {"bad", "note"}
    # 9 and 10 March, whole days
    assert (found["bad"].at, found["bad"].until) == (
        midnight(date(2026, 3, 9)), midnight(date(2026, 3, 11)),
    )  # fmt: skip
    assert found["bad"].words.startswith("无数据：")
    assert found["bad"].url == reverse("outage", args=[world["outage"].pk])
    # filed until further notice: to the end of what is looked at
    assert (found["note"].at, found["note"].until) == (midnight(date(2026, 3, 9)), END)
    assert "GZ-2026-0001" in found["note"].words


def test_what_lies_outside_the_window_or_was_withdrawn_is_not_told(world, firm_a):
    assert not told(firm_a, world, START, START + DAY)
    assert set(told(firm_a, world, midnight(date(2026, 3, 11)), END)) == {"note"}
    filing = world["outage_filing"]
    filing.ends_on = date(2026, 3, 10)
    filing.save()
    assert not told(firm_a, world, midnight(date(2026, 3, 11)), END)
    services.take(firm_a, machines.FILING, filing, "withdraw_filing", {"remark": "误报"}, at=NOW)
    assert set(told(firm_a, world)) == {"bad"}


def test_a_work_order_lasts_until_it_is_closed(world, firm_a, city):
    alert = world["alert"]
    order = {"remark": "请修复", "due_on": TODAY + 3 * DAY}
    services.take(city, machines.ALERT, alert, "order", order, at=NOW)
    mark = told(firm_a, world)["late"]
    assert (mark.at, mark.until) == (NOW, END)
    assert mark.words == "工单 GD-2026-0001，限 2026-03-14 前办理：已派单"
    closed = datetime(2026, 3, 13, 10, tzinfo=LOCAL)
    services.take(city, machines.ALERT, alert, "close_alert", {"remark": "已修复"}, at=closed)
    assert told(firm_a, world)["late"].until == closed
    assert "late" not in told(firm_a, world, closed, END)


def test_the_picture_and_the_table_beside_it_show_them_to_whoever_sees_them(
    world, firm_a, firm_b, client_for
):
    meter = world["outage"].meter
    assert not list(point_marks.marks(firm_b, meter, START, END))
    url = reverse("metering-point", args=[meter.pk])
    page = client_for(firm_a).get(f"{url}?from=2026-03-05T00:00&until=2026-03-15T00:00")
    assert [one["kind"] for one in page.context["data"]["marks"] if one["until"]] == ["bad", "note"]
    assert f'href="{reverse("outage", args=[world["outage"].pk])}"' in page.content.decode()
    assert zoom.marks(firm_a, meter, START, END) == page.context["happened"]
