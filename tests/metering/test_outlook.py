"""One morning's forecasts: who gets one, what it rests on, and that nothing of today enters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tanfeng.metering.forecast import anomalies, kept_days
from tanfeng.metering.outlook import LEAST_DAYS, TEST_DAYS, outlook
from tanfeng.metering.workdays import WorkCalendar

TODAY = date(2026, 3, 20)  # a Friday
MIDNIGHT = datetime(2026, 3, 19, 16, tzinfo=UTC)


def hours(node: str, days: int, seed: int, *, until: datetime = MIDNIGHT, scale: float = 1.0):
    """A shift from 8 to 20 on weekdays with a little noise; 100 in the shift, 20 outside."""
    start = [until - timedelta(hours=h) for h in range(days * 24, 0, -1)]
    local = [one + timedelta(hours=8) for one in start]
    base = np.array([100.0 if one.weekday() < 5 and 8 <= one.hour < 20 else 20.0 for one in local])
    noise = np.random.default_rng(seed).normal(0, 2, len(base))
    return pl.DataFrame(
        {
            "node": node,
            "start": pl.Series(start).cast(pl.Datetime("us", "UTC")),
            "amount": (base + noise) * scale,
            "completeness": 1.0,
        }
    )


@pytest.fixture(scope="module")
def found():
    rows = pl.concat([hours("long", 150, 1), hours("brief", 40, 2, scale=3.0), hours("new", 9, 3)])
    return outlook(rows, TODAY, calendar=WorkCalendar(), unit="kWh")


def test_each_node_says_what_its_forecast_rests_on(found):
    assert found.nodes.select("node", "days_known", "state").rows() == [
        ("brief", 40, "usual"),
        ("long", 150, "model"),
        ("new", 9, "short"),
    ]
    assert LEAST_DAYS == 14
    assert found.hours["node"].unique().sort().to_list() == ["brief", "long"]


def test_a_week_as_it_came_and_two_days_ahead(found):
    of_long = found.hours.filter(pl.col("node") == "long")
    assert of_long.height == (7 + 2) * 24
    assert of_long["actual"].null_count() == 48
    tomorrow = of_long.tail(24)
    assert tomorrow["start"][0] == MIDNIGHT + timedelta(days=1)
    # Tomorrow is a Saturday: 20 an hour.
    assert tomorrow["forecast"].to_list() == pytest.approx([20.0] * 24, abs=6)
    today = of_long.slice(7 * 24, 24)["forecast"]
    assert today[12] == pytest.approx(100, abs=6)
    assert today[2] == pytest.approx(20, abs=6)
    assert (tomorrow["low"] <= tomorrow["high"]).all()
    naive = of_long.filter(pl.col("start") == MIDNIGHT - timedelta(days=7))["actual"].item()
    assert of_long.slice(7 * 24, 1)["naive"].item() == naive


def test_the_usual_alone_has_no_band(found):
    ahead = found.hours.filter(pl.col("node") == "brief").tail(48)
    assert ahead["low"].null_count() == 48
    assert ahead["forecast"].to_list() == ahead["usual"].to_list()
    month = found.months.filter(pl.col("node") == "brief").row(0, named=True)
    assert month["basis"] == "usual"
    assert month["low"] is None


def test_the_month_and_the_one_before(found):
    month = found.months.filter(pl.col("node") == "long").row(0, named=True)
    # March 2026 has 22 weekdays: 22 x 12 x 80 + 31 x 24 x 20 = 21,120 + 14,880 = 36,000.
    assert month["month"] == "2026-03"
    assert month["total"] == pytest.approx(36_000, rel=0.02)
    assert month["low"] < 36_000 < month["high"]
    # February 2026 has 20: 20 x 12 x 80 + 28 x 24 x 20 = 19,200 + 13,440 = 32,640.
    assert month["last_month"] == pytest.approx(32_640, rel=0.01)
    assert month["last_month_known"] == 1.0
    # 40 days before 20 March begin on 8 February: 21 of its 28 days.
    brief = found.months.filter(pl.col("node") == "brief").row(0, named=True)
    assert brief["last_month_known"] == pytest.approx(21 / 28)


def test_errors_stand_beside_those_of_the_naive(found):
    errors = found.errors.filter(pl.col("node") == "long")
    assert errors["method"].to_list() == ["naive", "usual", "forecast"]
    assert set(errors["n"]) == {TEST_DAYS * 24}
    mae = dict(errors.select("method", "mae").iter_rows())
    assert mae["forecast"] < mae["naive"]


def test_nothing_of_today_enters():
    rows = hours("long", 80, 1)
    more = hours("long", 1, 5, until=MIDNIGHT + timedelta(days=1), scale=1e9)
    alone, with_today = (
        outlook(one, TODAY, calendar=WorkCalendar(), unit="kWh")
        for one in (rows, pl.concat([rows, more]))
    )
    assert alone.hours.equals(with_today.hours)
    assert alone.months.equals(with_today.months)


def test_an_odd_night_is_found():
    rows = hours("long", 80, 1)
    night = pl.col("start").is_between(
        MIDNIGHT - timedelta(days=2), MIDNIGHT - timedelta(days=2) + timedelta(hours=5)
    )
    rows = rows.with_columns(amount=pl.when(night).then(90.0).otherwise("amount"))
    odd = outlook(rows, TODAY, calendar=WorkCalendar(), unit="kWh").anomalies
    assert odd["start"].to_list() == [MIDNIGHT - timedelta(days=2)]
    assert odd["direction"].to_list() == ["high"]
    assert "kWh" in odd["reason_zh"][0]


def test_who_fell_silent_is_not_forecast():
    rows = hours("long", 80, 1, until=MIDNIGHT - timedelta(days=7))
    both = pl.concat([rows, hours("new", 30, 2)])
    found = outlook(both, TODAY, calendar=WorkCalendar(), unit="kWh")
    states = found.nodes.select("node", "days_known", "state")
    assert states.rows() == [("long", 80, "silent"), ("new", 30, "usual")]
    assert found.hours["node"].unique().to_list() == ["new"]
    # One day later there would still be an hour of the week.
    late = hours("long", 80, 1, until=MIDNIGHT - timedelta(days=6))
    found = outlook(late, TODAY, calendar=WorkCalendar(), unit="kWh")
    assert found.nodes["state"].to_list() == ["model"]


def test_nobody_with_enough_days_is_no_error():
    found = outlook(hours("new", 3, 1), TODAY, calendar=WorkCalendar(), unit="kWh")
    assert found.nodes["state"].to_list() == ["short"]
    assert found.hours.is_empty()


# -- who keeps the holidays


#: Three days off at the turn of the month and a Saturday worked in exchange, twice.
NOTICE = WorkCalendar.of(
    [date(2026, 2, 4), date(2026, 2, 5), date(2026, 2, 6), date(2026, 3, 17), date(2026, 3, 18)],
    [date(2026, 2, 7), date(2026, 2, 14), date(2026, 3, 14)],
)


def shift(node: str, days: int, off=frozenset(), on=frozenset()):
    """100 in the shift of a weekday and of the days ``on``, 20 outside and on the days ``off``."""
    rows = hours(node, days, 7)
    local = (pl.col("start") + pl.duration(hours=8)).dt
    works = (local.weekday() < 6) & ~local.date().is_in(sorted(off)) | local.date().is_in(
        sorted(on)
    )
    busy = works & local.hour().is_between(8, 19)
    wave = 2.0 * (local.ordinal_day() * 24 + local.hour()).cast(pl.Float64).sin()
    return rows.with_columns(amount=pl.when(busy).then(100.0).otherwise(20.0) + wave)


@pytest.fixture(scope="module")
def works():
    """One keeps the notice, one works through, one rests but makes no day up."""
    return pl.concat(
        [
            shift("keeps", 55, NOTICE.holidays, NOTICE.made_up),
            shift("through", 55),
            shift("rests", 55, NOTICE.holidays),
        ]
    )


def test_each_works_is_judged_by_the_days_it_keeps(works):
    found = outlook(works, TODAY, calendar=NOTICE, unit="kWh")
    # Learnt to 12 March: three days off, and two made up, lie before.
    assert found.nodes.select("node", "holidays", "made_up").rows() == [
        ("keeps", True, True), ("rests", True, False), ("through", False, False),
    ]  # fmt: skip
    assert found.anomalies.is_empty()
    # By the notice alone the one that works through would use five times the usual on two days,
    # and both that make nothing up too little on a Saturday.
    by_notice = anomalies(works, date(2026, 3, 13), date(2026, 3, 19), calendar=NOTICE)
    assert sorted(by_notice.select("node", "direction").rows()) == [
        ("rests", "low"), ("through", "high"), ("through", "high"), ("through", "low"),
    ]  # fmt: skip


def test_a_works_that_keeps_holidays_and_works_on_one_is_told(works):
    one = shift("keeps", 55, NOTICE.holidays - {date(2026, 3, 18)}, NOTICE.made_up)
    odd = outlook(one, TODAY, calendar=NOTICE, unit="kWh").anomalies
    assert odd.select("node", "hours", "direction").rows() == [("keeps", 12, "high")]


def test_who_has_shown_nothing_is_excused_on_such_days_alone():
    # 30 days reach back to 18 February: no day off lies in them before the week looked at.
    night = pl.col("start").is_between(
        MIDNIGHT - timedelta(days=4), MIDNIGHT - timedelta(days=4) + timedelta(hours=5)
    )
    rows = shift("through", 30).with_columns(amount=pl.when(night).then(90.0).otherwise("amount"))
    found = outlook(rows, TODAY, calendar=NOTICE, unit="kWh")
    assert found.nodes.select("holidays", "made_up").row(0) == (None, None)
    assert found.anomalies["start"].to_list() == [MIDNIGHT - timedelta(days=4)]
    by_notice = anomalies(rows, date(2026, 3, 13), date(2026, 3, 19), calendar=NOTICE)
    assert by_notice.height == 4


def test_a_flat_week_tells_nothing():
    flat = hours("flat", 55, 4).with_columns(amount=pl.lit(50.0))
    told = kept_days(flat, date(2026, 3, 19), calendar=NOTICE)
    assert told.row(0) == ("flat", None, None, 0, 0)
    # Nothing lies before the first day to hold it against.
    first = WorkCalendar.of([date(2026, 1, 24)])
    assert kept_days(flat, date(2026, 3, 19), calendar=first)["holidays_seen"].item() == 0
