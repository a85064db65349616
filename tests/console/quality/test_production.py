"""Production states: what was told, what it means for processes, and loads held against it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from openpyxl import load_workbook

from quality_world import BEGIN, NOW, point, send
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import services as metering
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality import judging, of_firm, point_marks, production
from tanfeng.console.quality.models import ProductionChange, ToJudge
from tanfeng.console.quality.production_states import states
from tanfeng.errors import DataError
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
STILL = {"since": BEGIN + 9 * DAY, "producing": False, "reason": "检修"}
RUNS = {"since": BEGIN, "producing": True}


def said(nodes):
    return [(node, start, producing) for node, start, _end, producing in states(nodes).iter_rows()]


def test_a_process_is_as_the_enterprise_unless_it_tells_itself(firm_a, org_a):
    code = org_a.credit_code
    hall = metering.add_unit(firm_a, org_a, kind="unit", name="一车间")
    press = metering.add_unit(firm_a, org_a, kind="equipment", name="压机", parent=hall)
    assert states([code, hall.node]).is_empty(), "nothing is known before the first state"
    production.tell(firm_a, org_a, RUNS)
    production.tell(firm_a, org_a, STILL)
    whole = [(BEGIN, True), (STILL["since"], False)]
    assert said([press.node]) == [(press.node, *one) for one in whole]
    own = production.tell(firm_a, org_a, {**STILL, "unit": hall, "since": BEGIN + 2 * DAY})
    nodes = [code, hall.node, press.node]
    assert said(nodes) == sorted(
        [(code, *one) for one in whole]
        + [(node, BEGIN + 2 * DAY, False) for node in (hall.node, press.node)]
    )
    ends = states([code])["end"]
    assert ends[0] == STILL["since"], "a state lasts until the next"
    production.withdraw(firm_a, own, "误报")
    assert said([hall.node]) == [(hall.node, *one) for one in whole]


def test_a_load_while_standing_still_is_implausible(firm_a, org_a):
    """1 kWh a quarter hour all days; from 10 March on the works is said to stand still."""
    point(firm_a, org_a)
    send(["P-1"])
    judging.run(NOW)
    days = judging.kept().read(date(2026, 3, 9), date(2026, 3, 10)).sort("day")
    assert days["state_flags"].to_list() == [None, None], "no state, nothing to hold it against"
    production.tell(firm_a, org_a, RUNS)
    production.tell(firm_a, org_a, STILL)
    asked = ToJudge.objects.order_by("pk").values_list("point", "first")
    assert list(asked) == [("P-1", date(2026, 3, 1)), ("P-1", date(2026, 3, 10))]
    judging.run(NOW)
    days = judging.kept().read(date(2026, 3, 9), date(2026, 3, 10)).sort("day")
    # As much as in production, and 60 % of it is the most: all 96 quarter hours of the 10th.
    assert days["state_flags"].to_list() == [0, 96]
    assert not ToJudge.objects.exists()


def test_a_day_that_could_not_be_compared_says_why(firm_a, org_a, client_for):
    """Standing still from the first day on: nobody knows the load of production."""
    meter = point(firm_a, org_a)
    send(["P-1"])
    judging.run(NOW)

    def blind():
        (row,) = of_firm.point_rows([meter], date(2026, 3, 1), date(2026, 3, 31))
        return [one for one in row.faults if "未与生产状态比对" in one]

    assert blind() == [], "no state told: nothing to compare"
    told = production.tell(firm_a, org_a, {**STILL, "since": BEGIN + 5 * DAY})
    judging.run(NOW)
    # 6 to 10 March
    assert blind() == ["5 天未与生产状态比对：此前数日生产时段的实测不足 32 刻或全为零"]
    page = client_for(firm_a).get(
        reverse("quality-of", args=[org_a.credit_code]), {"month": "2026-03"}
    )
    assert blind()[0] in page.content.decode()
    production.withdraw(firm_a, told, "误报")
    production.tell(firm_a, org_a, RUNS)
    judging.run(NOW)
    assert blind() == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"since": BEGIN}, "since"),
        ({"since": datetime(2030, 1, 1, tzinfo=LOCAL)}, "since"),
        ({"producing": True}, "producing"),
        ({"reason": " "}, "reason"),
    ],
)
def test_what_cannot_be_is_refused(firm_a, org_a, changes, field):
    production.tell(firm_a, org_a, RUNS, at=NOW)
    with pytest.raises(DataError) as error:
        production.tell(firm_a, org_a, {**STILL, **changes}, at=NOW)
    assert field in [one.heading for one in error.value.problems]


def test_who_may_tell(firm_a, firm_b, org_a, org_b, city, county_officer_a):
    with pytest.raises(PermissionDenied):
        production.tell(county_officer_a, org_a, RUNS)
    with pytest.raises(Http404):
        production.tell(firm_b, org_a, RUNS)
    of_b = metering.add_unit(firm_b, org_b, kind="unit", name="乙车间")
    with pytest.raises(DataError) as error:
        production.tell(firm_a, org_a, {**RUNS, "unit": of_b})
    assert [one.heading for one in error.value.problems] == ["unit"]
    change = production.tell(city, org_a, RUNS)
    assert AuditEvent.objects.get(action="quality.production").detail["producing"] is True
    with pytest.raises(PermissionDenied):
        production.withdraw(firm_b, change, "x")
    with pytest.raises(DataError):
        production.withdraw(firm_a, change, " ")
    production.withdraw(firm_a, change, "误报")
    with pytest.raises(DataError):
        production.withdraw(firm_a, change, "误报")


def test_the_page_tells_lists_and_takes_back(firm_a, firm_b, county_officer_a, org_a, client_for):
    meter = point(firm_a, org_a)
    url = reverse("quality-production", args=[org_a.credit_code])
    client = client_for(firm_a)
    assert "未填报生产状态" in client.get(url).content.decode()
    form = {"since": "2026-03-10T00:00", "producing": "no", "reason": ""}
    page = client.post(url, form)
    assert page.status_code == 422
    assert "请填写停产原因" in page.content.decode()
    assert client.post(url, {**form, "reason": "年度检修"}).status_code == 302
    page = client.get(url).content.decode()
    assert "自 2026-03-10 00:00 起停产" in page
    book = load_workbook(BytesIO(client.get(url, {"export": "xlsx"}).content))
    assert "年度检修" in [cell for row in book.active.values for cell in row]
    reader = client_for(county_officer_a)
    assert "年度检修" in reader.get(url).content.decode()
    assert reader.post(url, {**form, "reason": "x"}).status_code == 403
    assert client_for(firm_b).get(url).status_code == 404

    (mark,) = point_marks.marks(firm_a, Meter.objects.get(pk=meter.pk), BEGIN, NOW)
    assert (mark.at, mark.until, mark.url) == (STILL["since"], NOW, url)
    assert mark.words == "停产：年度检修"
    change = ProductionChange.objects.get()
    assert client_for(firm_b).post(url, {"do": "withdraw", "change": change.pk}).status_code == 404
    client.post(url, {"do": "withdraw", "change": change.pk, "reason": ""})
    assert ProductionChange.objects.get().withdrawn_at is None
    client.post(url, {"do": "withdraw", "change": change.pk, "reason": "误报"})
    assert ProductionChange.objects.get().withdrawn_by == firm_a
    assert not list(point_marks.marks(firm_a, meter, BEGIN, NOW))
