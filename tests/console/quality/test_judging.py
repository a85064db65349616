"""Days are judged once, again when something touches them, and what is summed from them is kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from metering_world import gateway
from quality_rows import points
from quality_world import BEGIN, NOW, TODAY, point, send
from tanfeng.console.metering import engine
from tanfeng.console.metering import services as meters
from tanfeng.console.quality import judging, machines, services
from tanfeng.console.quality.models import Alert, Judgement, MonthQuality, Outage, Step, ToJudge
from tanfeng.console.quality.nightly import Watch
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
YESTERDAY = TODAY - DAY


def month_of(organisation):
    return MonthQuality.objects.get(organisation=organisation, month="2026-03")


@pytest.fixture
def silent(firm_a, org_a):
    """Two points of ten days; one of them sent nothing on the last day, 10 March."""
    made = [point(firm_a, org_a, name) for name in ("P-1", "P-2")]
    send(["P-1"])
    send(["P-2"], but=(YESTERDAY, TODAY), batch="b2")
    return made


def test_a_day_is_over_once_its_last_readings_had_time_to_come():
    """09:00 less 65 minutes is the 11th: the 10th is over; at 01:00 it is not yet."""
    assert judging.last_over(NOW) == YESTERDAY
    assert judging.last_over(NOW.replace(hour=1)) == YESTERDAY - DAY


def test_the_first_run_judges_every_day_and_the_next_none(silent, org_a):
    assert judging.is_due(NOW)
    done = judging.run(NOW)
    assert (done.days, done.first, done.last) == (20, BEGIN.date(), YESTERDAY)
    assert not judging.is_due(NOW)
    assert judging.run(NOW).days == 0
    row = month_of(org_a)
    # 20 days of 96 readings, one of them without any but the one at its begin.
    assert (row.due, row.received, row.points) == (20 * 96, 19 * 96 + 1, 2)
    assert (row.days_due, row.days_connected) == (10, 9)
    assert row.connectivity == pytest.approx(0.9)
    assert row.days["completeness"][8:11] == [1.0, round(97 / 192, 4), None]
    county = MonthQuality.objects.get(kind="county")
    assert (county.place_id, county.days_due, county.days_connected) == (org_a.place_id, 10, 9)
    assert MonthQuality.objects.get(kind="city").received == row.received


def test_an_outage_has_its_term_and_says_who_broke(silent, org_a):
    """Down on Tuesday the 10th: three working days after it are Friday the 13th."""
    judging.run(NOW)
    outage = Outage.objects.get()
    assert (outage.meter.point, outage.first, outage.repaired) == ("P-2", YESTERDAY, None)
    assert (outage.deadline, outage.state, outage.fell) == (date(2026, 3, 13), "open", True)
    assert outage.organisation == org_a


def test_late_data_judges_the_touched_days_again_and_no_others(silent, org_a, monkeypatch):
    judging.run(NOW)
    send(["P-2"], first=BEGIN + 9 * DAY, batch="late")
    asked = []
    real = judging._judged
    monkeypatch.setattr(
        judging, "_judged", lambda piece, *rest: asked.append(piece) or real(piece, *rest)
    )
    assert judging.is_due(NOW)
    judging.run(NOW)
    # The first of them was read at midnight: it closes the 9th, too.
    assert [(one.first, one.last, one.points) for one in asked] == [
        (YESTERDAY - DAY, YESTERDAY, ("P-2",))
    ]
    row = month_of(org_a)
    assert (row.received, row.days_connected) == (20 * 96, 10)
    assert not Outage.objects.exists()
    alert = Alert.objects.get(rule="point_incomplete")
    assert (alert.found, alert.state) == ("withdrawn", "closed")


def test_a_reading_after_days_of_silence_touches_the_days_between(firm_a, org_a):
    """Down from the 5th on, back on the 11th: the gap it closes reaches back to the 5th."""
    point(firm_a, org_a)
    gap = tuple(date(2026, 3, day) for day in range(5, 12))
    send(["P-1"], but=gap)
    judging.run(NOW)
    send(["P-1"], first=NOW - timedelta(hours=1), batch="back")
    changed = engine.store().changes(Judgement.objects.get().version)
    assert judging._touched(changed, YESTERDAY) == [("P-1", date(2026, 3, 5), YESTERDAY)]


def test_an_accepted_filing_excuses_its_days(silent, org_a, firm_a, city):
    judging.run(NOW)
    filing = services.file_outage(
        firm_a, org_a, [silent[1]],
        {"kind": "overhaul", "starts_on": YESTERDAY, "ends_on": YESTERDAY, "reason": "大修"},
        at=NOW,
    )  # fmt: skip
    judging.run(NOW)
    assert month_of(org_a).excused == 0, "a filing that is only sent excuses nothing"
    services.take(city, machines.FILING, filing, "accept_filing", at=NOW)
    assert ToJudge.objects.get().point == "P-2"
    judging.run(NOW)
    assert not ToJudge.objects.exists()
    row = month_of(org_a)
    assert (row.due, row.excused, row.days_connected) == (19 * 96, 96, 10)
    outage = Outage.objects.get()
    assert (outage.state, outage.filing_no) == ("filed", filing.number)


def test_an_outage_people_wrote_on_stays_when_it_was_none(silent, firm_a):
    judging.run(NOW)
    services.confirm_repair(firm_a, Outage.objects.get(), "换电源", at=NOW)
    send(["P-2"], first=BEGIN + 9 * DAY, batch="late")
    judging.run(NOW)
    outage = Outage.objects.get()
    assert (outage.stands, outage.cause) == (False, "换电源")


def test_days_judged_one_by_one_say_what_judging_at_once_says(silent, org_a):
    judging.run(NOW)
    at_once = (month_of(org_a).days, list(Alert.objects.values_list("key", "days", "state")))
    kept = judging.kept().read(BEGIN.date(), YESTERDAY)
    MonthQuality.objects.all().delete()
    Step.objects.all().delete()
    Alert.objects.all().delete()
    Outage.objects.all().delete()
    mark = Judgement.objects.get()
    mark.last_day, mark.version = BEGIN.date() - DAY, mark.version
    mark.save()
    for day in range(2, 12):
        judging.run(NOW.replace(day=day))
    again = (month_of(org_a).days, list(Alert.objects.values_list("key", "days", "state")))
    assert again == at_once
    counts = ["point", "day", "due", "received", "amount"]
    assert judging.kept().read(BEGIN.date(), YESTERDAY).select(counts).equals(kept.select(counts))


def test_an_alert_recovers_comes_again_and_is_new_again(silent):
    """The 10th is incomplete; the 11th whole, so it ended; the 12th is another alert."""
    judging.run(NOW)
    alert = Alert.objects.get(rule="point_incomplete", object_key="P-2")
    assert (alert.state, alert.found, alert.days) == ("open", "open", ["2026-03-10"])
    send(["P-1", "P-2"], first=NOW.replace(hour=0) + timedelta(minutes=15), end=NOW + DAY,
         batch="on")  # fmt: skip
    judging.run(NOW + DAY)
    alert.refresh_from_db()
    assert (alert.state, alert.found) == ("closed", "closed")
    assert list(Step.objects.filter(thing=alert.pk).values_list("action", "by")) == [
        ("recover", None)
    ]
    send(["P-1"], first=NOW + DAY, end=NOW + 2 * DAY, batch="on2")
    judging.run(NOW + 2 * DAY)
    again = Alert.objects.filter(rule="point_incomplete", object_key="P-2").latest("first")
    assert (again.pk == alert.pk, again.state, again.again) == (False, "open", 1)


def test_points_nobody_recorded_are_judged_and_have_no_outage(org_a):
    engine.register().put(
        points=points("X-1").drop("expression", "recorded"),
        recorded=NOW,
    )
    send(["X-1"], but=(YESTERDAY, TODAY))
    assert judging.run(NOW).days == 10
    assert not Outage.objects.exists()
    alert = Alert.objects.get(rule="point_incomplete")
    assert (alert.organisation, alert.object_name) == (None, "X-1")


def test_a_gateway_that_is_down_stands_for_its_points(firm_a, org_a):
    way, _words = gateway(firm_a, org_a)
    for name in ("P-1", "P-2"):
        point(firm_a, org_a, name, gateway=way)
    gap = (YESTERDAY - DAY, YESTERDAY, TODAY)
    send(["P-1", "P-2"], but=gap)
    judging.run(NOW)
    cause = Alert.objects.get(rule="gateway_silent")
    assert (cause.object_name, cause.organisation, cause.is_root) == (way.name, org_a, True)
    assert cause.days == ["2026-03-10"], "the first reading of the 9th still came at midnight"
    explained = Alert.objects.filter(root=cause.key).exclude(pk=cause.pk)
    assert {one.rule for one in explained} >= {"point_silent"}


def test_two_processes_do_not_judge_at_once(silent):
    with engine.alone(judging._LOCK) as first:
        assert first
        assert judging.run(NOW) is None
    assert judging.run(NOW) is not None


def test_a_home_without_meters_has_nothing_to_judge(db):
    assert not judging.is_due(NOW)
    assert judging.run(NOW).days == 0
    assert judging.mark_of() is None


def test_the_thread_looks_and_judges(silent, monkeypatch):
    monkeypatch.setattr("tanfeng.console.quality.nightly.timezone.now", lambda: NOW)
    watch = Watch()
    watch.look()
    assert Judgement.objects.get().last_day == YESTERDAY
    send(["P-2"], first=BEGIN + 9 * DAY, batch="late")
    watch.look()
    assert Outage.objects.exists(), "what comes late waits its turn"
    watch._last = float("-inf")
    watch.look()
    assert not Outage.objects.exists()


def test_main_meter_against_those_below_is_an_alert_of_a_month_that_is_over(firm_a, org_a):
    """Main 2, below 1 a quarter hour in February: 50 % is not metered below, a red alert."""
    unit = meters.add_unit(firm_a, org_a, kind="unit", name="主线")
    early = datetime(2026, 2, 1, tzinfo=LOCAL)
    point(firm_a, org_a, "M", hung=early, level=1)
    point(firm_a, org_a, "A", hung=early, level=2, unit=unit)
    end = datetime(2026, 3, 2, 9, tzinfo=LOCAL)
    send(["M"], first=early, end=end, each=2.0)
    send(["A"], first=early, end=end, batch="b2")
    judging.run(end)
    alert = Alert.objects.get(rule="submeter_deviation")
    assert (alert.organisation, alert.worst, alert.last) == (org_a, 4, date(2026, 2, 28))
    assert alert.value == pytest.approx(0.5)
