"""Forecasts of made-up works whose next day can be worked out by hand, and words for odd hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quality_rows import at
from tanfeng.errors import ModelError
from tanfeng.metering import forecast, frames
from tanfeng.metering.workdays import WorkCalendar

CALENDAR = WorkCalendar()
MONDAY = date(2026, 3, 2)


def hourly(first: date, days: int, amount, node: str = "E") -> pl.DataFrame:
    """Hours of one node; ``amount(day, hour)`` may say None."""
    zero = at(first.isoformat())
    rows = [
        (node, zero + timedelta(days=d, hours=h), amount(first + timedelta(days=d), h))
        for d in range(days)
        for h in range(24)
    ]
    return pl.DataFrame(
        rows,
        schema={"node": pl.String, "start": frames.TIME, "amount": pl.Float64},
        orient="row",
    )


def week(day: date, hour: int) -> float:
    """100 an hour by day and 40 by night on working days, 20 on free days."""
    if day.weekday() >= 5:
        return 20.0
    return 100.0 if 8 <= hour < 20 else 40.0


def noisy(day: date, hour: int) -> float:
    """The week with a level that drifts and some noise, the same every time."""
    seed = day.toordinal() * 24 + hour
    return week(day, hour) * (1 + 0.001 * (day - MONDAY).days) + np.random.default_rng(seed).normal(
        0, 2
    )


# -- the usual


def test_the_usual_is_the_median_of_the_last_four_days_of_the_kind():
    # Mondays 2, 9, 16, 23, 30 March with 10, 20, 90, 40, 50: of the last four 20 90 40 50 it is 45.
    said = {2: 10.0, 9: 20.0, 16: 90.0, 23: 40.0, 30: 50.0}
    hours = hourly(MONDAY, 35, lambda day, _: said.get(day.day, 1.0) if day.month == 3 else 1.0)
    found = forecast.day_ahead(hours, date(2026, 4, 6), calendar=CALENDAR)
    assert found["usual"].to_list() == [45.0] * 24
    assert found["forecast"].to_list() == [45.0] * 24
    assert found["basis"].unique().to_list() == ["usual"]  # 35 days are too few to learn from
    assert found["low"].null_count() == 24
    assert found["start"][0] == datetime(2026, 4, 5, 16, tzinfo=UTC)


def test_a_holiday_is_a_sunday_and_a_made_up_day_a_friday():
    kind = {4: 7.0, 6: 3.0}  # Fridays and Sundays
    hours = hourly(MONDAY, 28, lambda day, _: kind.get(day.weekday(), 5.0))
    off = WorkCalendar.of([date(2026, 3, 30)], [date(2026, 4, 4)])
    monday = forecast.day_ahead(hours, date(2026, 3, 30), calendar=off)
    assert monday["usual"].unique().to_list() == [3.0]
    saturday = forecast.day_ahead(hours, date(2026, 4, 4), known_to=date(2026, 3, 29), calendar=off)
    assert saturday["usual"].unique().to_list() == [7.0]


def test_with_too_few_of_a_kind_days_that_are_worked_alike_stand_in():
    # Monday to Wednesday known: 10, 20, 60; Thursday has none of its kind: median of the three.
    said = {0: 10.0, 1: 20.0, 2: 60.0}
    hours = hourly(MONDAY, 3, lambda day, _: said[day.weekday()])
    found = forecast.day_ahead(hours, date(2026, 3, 5), calendar=CALENDAR)
    assert found["usual"].unique().to_list() == [20.0]


def test_what_is_not_known_is_left_out_and_nothing_known_is_none():
    hours = hourly(MONDAY, 14, lambda day, hour: None if hour == 3 else 8.0 + (day.day == 9))
    found = forecast.day_ahead(hours, date(2026, 3, 16), calendar=CALENDAR)
    assert found["usual"][0] == 8.5
    assert found["forecast"][3] is None
    assert found["basis"].to_list() == ["none" if hour == 3 else "usual" for hour in range(24)]


def test_part_of_an_hour_is_not_an_hour_that_used_less():
    hours = hourly(MONDAY, 7, lambda *_: 8.0).with_columns(
        amount=pl.when(pl.col("start") < at("2026-03-06")).then(4.0).otherwise("amount"),
        completeness=pl.when(pl.col("start") < at("2026-03-06")).then(0.5).otherwise(1.0),
    )
    found = forecast.day_ahead(hours, date(2026, 3, 9), calendar=CALENDAR)
    assert found["usual"].unique().to_list() == [8.0]  # of Friday alone


# -- the model


@pytest.fixture(scope="module")
def long() -> pl.DataFrame:
    return pl.concat(
        [
            hourly(MONDAY, 120, noisy),
            hourly(MONDAY, 120, lambda day, hour: 50 * noisy(day, hour), node="F"),
        ]
    )


TARGET = MONDAY + timedelta(days=118)  # a Sunday


def test_the_model_stands_where_there_is_enough_to_learn_from(long):
    found = forecast.day_ahead(long, TARGET, calendar=CALENDAR)
    assert found["basis"].unique().to_list() == ["model"]
    assert (found["low"] <= found["forecast"]).all()
    assert (found["forecast"] <= found["high"]).all()
    # A Sunday of 20 x 1.118 = 22.4 an hour, noise 2; F is fifty times that.
    small, large = (found.filter(pl.col("node") == node) for node in "EF")
    assert small["forecast"].mean() == pytest.approx(22.4, abs=1.5)
    assert large["forecast"].mean() == pytest.approx(50 * 22.4, abs=75)


def test_the_same_seed_gives_the_same_forecast(long):
    once = forecast.day_ahead(long, TARGET, calendar=CALENDAR, seed=3)
    assert_frame_equal(once, forecast.day_ahead(long, TARGET, calendar=CALENDAR, seed=3))


def test_nothing_of_the_day_or_after_it_leaks(long):
    later = pl.col("start") >= at(TARGET.isoformat())
    other = long.with_columns(amount=pl.when(later).then(9e9).otherwise("amount"))
    assert_frame_equal(
        forecast.day_ahead(long, TARGET, calendar=CALENDAR),
        forecast.day_ahead(other, TARGET, calendar=CALENDAR),
    )


@pytest.mark.parametrize("horizon", [1, 2])
def test_a_back_test_says_what_would_have_been_said_that_day(long, horizon):
    spoiled = pl.col("start") > at(TARGET.isoformat())  # only the first hour of the day is true
    other = long.with_columns(amount=pl.when(spoiled).then(9e9).otherwise("amount"))
    tested = forecast.back_test(other, TARGET, TARGET, calendar=CALENDAR, horizon=horizon)
    said = forecast.day_ahead(
        long, TARGET, calendar=CALENDAR, known_to=TARGET - timedelta(days=horizon)
    )
    assert_frame_equal(tested.select(said.columns), said)
    assert tested["actual"][1] == 9e9


def test_naive_is_the_latest_week_known():
    hours = hourly(MONDAY, 30, lambda day, hour: float(day.day * 100 + hour))
    tested = forecast.back_test(hours, date(2026, 3, 16), date(2026, 3, 16), calendar=CALENDAR)
    assert tested["naive"][5] == 905.0
    far = forecast.back_test(
        hours, date(2026, 3, 16), date(2026, 3, 16), calendar=CALENDAR, horizon=8
    )
    assert far["naive"][5] == 205.0


def test_of_more_rows_than_the_limit_a_part_is_drawn(long):
    few = forecast.day_ahead(long, TARGET, calendar=CALENDAR, changed={"train_rows_max": 1000})
    assert few["basis"].unique().to_list() == ["model"]
    none = forecast.day_ahead(long, TARGET, calendar=CALENDAR, changed={"train_rows_max": 10})
    assert none["basis"].unique().to_list() == ["usual"]


def test_too_short_to_hold_four_weeks_out_the_interval_is_that_of_the_quantiles(long):
    found = forecast.day_ahead(long, MONDAY + timedelta(days=70), calendar=CALENDAR)
    assert found["basis"].unique().to_list() == ["model"]
    assert found["low"].null_count() == 0


def test_four_weeks_of_silence_hold_nothing_out_and_leave_no_level(long):
    begin, end = at("2026-05-31"), at(TARGET.isoformat())
    silent = long.with_columns(
        amount=pl.when(pl.col("start").is_between(begin, end)).then(None).otherwise("amount")
    )
    found = forecast.day_ahead(silent, TARGET, calendar=CALENDAR)
    assert found["basis"].unique().to_list() == ["usual"]


# -- errors


def test_errors_by_hand():
    # actual 10 20 0 40; naive off by 10 each, usual 5 0 0 5, forecast 0 0 2 -2.
    tested = pl.DataFrame(
        {
            "actual": [10.0, 20.0, 0.0, 40.0, 7.0],
            "naive": [20.0, 10.0, 10.0, 30.0, None],
            "usual": [15.0, 20.0, 0.0, 45.0, 1.0],
            "forecast": [10.0, 20.0, 2.0, 38.0, 1.0],
            "low": [8.0, 18.0, 1.0, 30.0, 1.0],
            "high": [12.0, 19.0, 3.0, 41.0, 1.0],
        }
    )
    naive, usual, model = forecast.forecast_errors(tested).rows(named=True)
    assert (naive["n"], naive["mae"], naive["bias"], naive["skill"]) == (4, 10.0, 0.0, 0.0)
    assert naive["wape"] == pytest.approx(40 / 70)
    assert naive["mape_n"] == 3
    assert naive["mape"] == pytest.approx((1 + 0.5 + 0.25) / 3)
    assert (usual["mae"], usual["skill"]) == (2.5, 0.75)
    assert (model["mae"], model["bias"], model["skill"]) == (1.0, 0.0, 0.9)
    assert model["coverage"] == 0.5  # 20 lies above 19, 0 below 1
    # low: actual above it by 2 2 . 10 costs a tenth, below it by 1 nine tenths: (1.4 + 0.9) / 4
    assert model["pinball_10"] == pytest.approx(2.3 / 4)
    # high: below it by 2 3 1 costs a tenth, above it by 1 nine tenths: (0.6 + 0.9) / 4
    assert model["pinball_90"] == pytest.approx(1.5 / 4)
    assert model["pinball_50"] == pytest.approx(0.5)


def test_no_hours_have_no_errors():
    empty = pl.DataFrame(
        schema=dict.fromkeys(("actual", "naive", "usual", "forecast", "low", "high"), pl.Float64)
    )
    found = forecast.forecast_errors(empty)
    assert found["n"].to_list() == [0, 0, 0]
    assert found.select("mae", "wape", "mape", "skill").null_count().row(0) == (3, 3, 3, 3)


# -- the month


def test_a_month_is_what_is_known_and_the_usual_of_the_rest():
    # March 2026, weekdays 24 x 10 = 240, weekends 24 x 2 = 48. Known to Friday 27; Saturday 28 and
    # Sunday 29 add 96, Monday 30 and Tuesday 31 480. March 2 to 27 are 20 weekdays, 6 free days.
    first = date(2026, 2, 2)
    hours = hourly(first, 54, lambda day, _: 10.0 if day.weekday() < 5 else 2.0)
    found = forecast.month_end(hours, date(2026, 3, 27), calendar=CALENDAR).row(0, named=True)
    assert found["month"] == "2026-03"
    assert found["so_far"] == 20 * 240 + 7 * 48  # Sunday 1 March too
    assert (found["gaps"], found["hours_missing"]) == (0.0, 0)
    assert found["rest"] == found["rest_usual"] == 2 * 48 + 2 * 240
    assert found["total"] == 20 * 240 + 7 * 48 + 576
    assert (found["low"], found["high"], found["days_left"]) == (None, None, 4)
    assert found["basis"] == "usual"


def test_hours_that_are_missing_so_far_are_taken_at_their_usual_and_told():
    hours = hourly(
        date(2026, 2, 2),
        54,
        lambda day, hour: None if (day, hour) == (date(2026, 3, 4), 5) else 10.0,
    )
    found = forecast.month_end(hours, date(2026, 3, 27), calendar=CALENDAR).row(0, named=True)
    assert (found["gaps"], found["hours_missing"]) == (10.0, 1)
    assert found["total"] == 31 * 240


def test_a_month_that_began_before_the_first_hour_has_no_total():
    hours = hourly(date(2026, 3, 10), 18, lambda *_: 10.0)
    found = forecast.month_end(hours, date(2026, 3, 27), calendar=CALENDAR).row(0, named=True)
    assert found["hours_missing"] == 9 * 24
    assert (found["gaps"], found["total"]) == (None, None)
    assert found["so_far"] == 18 * 240


def test_on_the_last_day_of_a_month_the_next_one_is_forecast():
    hours = hourly(date(2026, 2, 2), 58, lambda *_: 10.0)
    found = forecast.month_end(hours, date(2026, 3, 31), calendar=CALENDAR).row(0, named=True)
    assert (found["month"], found["so_far"], found["days_left"]) == ("2026-04", 0.0, 30)
    assert found["total"] == 30 * 240


def test_a_month_has_an_interval_from_its_own_past_errors(long):
    known = date(2026, 6, 20)  # 111 days known
    found = forecast.month_end(long, known, calendar=CALENDAR)
    assert (found["low"] < found["total"]).all()
    assert (found["total"] < found["high"]).all()
    truth = (
        long.filter(pl.col("start") >= at("2026-06-01"))
        .group_by("node")
        .agg(pl.col("amount").sum())
    )
    # `long` ends on 29 June: the thirtieth is a Tuesday like the 23rd, 40 x 12 + 100 x 12 = 1680.
    small = truth.filter(pl.col("node") == "E")["amount"].item() + 1680 * 1.12
    row = found.filter(pl.col("node") == "E").row(0, named=True)
    assert row["total"] == pytest.approx(small, rel=0.02)


def test_the_method_that_erred_less_is_taken():
    # A level that doubles within the year: the usual of four weeks ago lags, the drift is learnt.
    def rising(day: date, hour: int) -> float:
        return week(day, hour) * (1 + (day - MONDAY).days / 60)

    found = forecast.month_end(hourly(MONDAY, 200, rising), date(2026, 9, 6), calendar=CALENDAR)
    row = found.row(0, named=True)
    truth = sum(rising(date(2026, 9, day), hour) for day in range(1, 31) for hour in range(24))
    assert row["basis"] == "model"
    assert abs(row["total"] - truth) < abs(row["total_usual"] - truth)


# -- odd hours


def odd_week(day: date, hour: int) -> float:
    """13 an hour with a little noise, and on Tuesday 31 March 40 from two to five."""
    if day == date(2026, 3, 31) and 2 <= hour < 5:
        return 40.0
    return 13.0 + 0.5 * ((day.toordinal() + hour) % 3 - 1)


def test_an_odd_night_is_told_with_its_reason():
    hours = hourly(MONDAY, 35, odd_week)
    made = pl.DataFrame(
        {
            "node": ["E"] * 35,
            "day": [MONDAY + timedelta(days=i) for i in range(35)],
            "output": [100.0] * 35,
        }
    )
    found = forecast.anomalies(
        hours, date(2026, 3, 30), date(2026, 4, 5), calendar=CALENDAR, output=made
    ).row(0, named=True)
    assert (found["hours"], found["amount"], found["direction"]) == (3, 120.0, "high")
    assert found["usual"] == pytest.approx(39, abs=0.5)
    assert (found["start"], found["end"]) == (at("2026-03-31 02:00"), at("2026-03-31 05:00"))
    usual, times = f"{found['usual']:.1f}".removesuffix(".0"), f"{120 / found['usual']:.1f}"
    assert found["reason_en"] == (
        f"Tuesday night 03-31 02:00–05:00 used {times} times the usual (120 kWh; usual {usual}) "
        "while output did not rise"
    )
    assert found["reason_zh"] == (
        f"03-31 周二凌晨 02:00–05:00 用能是平日的 {times} 倍（120 kWh；平日 {usual}），而产量未上升"
    )


@pytest.mark.parametrize(
    ("output", "zh", "en"),
    [
        (None, "）", ")"),
        (130.0, "同期产量上升 30 %", "while output rose by 30 %"),
        (60.0, "同期产量下降 40 %", "while output fell by 40 %"),
        (104.0, "而产量未上升", "while output did not rise"),
    ],
)
def test_what_output_did_meanwhile(output, zh, en):
    made = pl.DataFrame(
        {
            "node": ["E"] * 30,
            "day": [MONDAY + timedelta(days=i) for i in range(30)],
            "output": [100.0] * 29 + [output],
        }
    )
    found = forecast.anomalies(
        hourly(MONDAY, 30, odd_week),
        date(2026, 3, 30),
        date(2026, 4, 5),
        calendar=CALENDAR,
        output=made,
    )
    assert found["reason_zh"].item().endswith(zh)
    assert found["reason_en"].item().endswith(en)


def test_hours_that_use_far_less_are_odd_too_and_run_over_midnight():
    begin, end = at("2026-03-30 22:00"), at("2026-03-31 00:00")
    hours = hourly(MONDAY, 35, lambda day, hour: 13.0 + 0.5 * ((day.day + hour) % 3))
    quiet = hours.with_columns(
        amount=pl.when(pl.col("start").is_between(begin, end, closed="left"))
        .then(1.0)
        .otherwise("amount")
    )
    found = forecast.anomalies(quiet, date(2026, 3, 30), date(2026, 4, 5), calendar=CALENDAR)
    assert found.select("direction", "hours").row(0) == ("low", 2)
    assert "22:00–24:00 用能是平日的 0.1 倍（2 kWh" in found["reason_zh"].item()
    longer = hours.with_columns(
        amount=pl.when(pl.col("start").is_between(begin, at("2026-03-31 02:00"), closed="left"))
        .then(1.0)
        .otherwise("amount")
    )
    over = forecast.anomalies(longer, date(2026, 3, 30), date(2026, 4, 5), calendar=CALENDAR)
    assert "Monday night 03-30 22:00–03-31 02:00 used" in over["reason_en"].item()


def test_use_where_there_is_usually_none():
    hours = hourly(
        MONDAY, 35, lambda day, hour: 50.0 if (day.day, day.month, hour) == (31, 3, 9) else 0.0
    )
    found = forecast.anomalies(hours, date(2026, 3, 31), date(2026, 4, 1), calendar=CALENDAR)
    assert found["ratio"].item() is None
    assert "用了 50 kWh（平日为零）" in found["reason_zh"].item()
    assert "morning 03-31 09:00–10:00 used 50 kWh, where the usual is nothing" in (
        found["reason_en"].item()
    )


def test_a_usual_week_and_missing_hours_are_not_odd():
    hours = hourly(MONDAY, 35, lambda day, hour: None if day.day == 31 else odd_week(day, hour))
    found = forecast.anomalies(hours, date(2026, 3, 30), date(2026, 4, 5), calendar=CALENDAR)
    assert found.is_empty()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            lambda h: forecast.day_ahead(h, MONDAY, calendar=CALENDAR, known_to=MONDAY),
            "does not lie",
        ),
        (lambda h: forecast.day_ahead(h.head(0), MONDAY, calendar=CALENDAR), "not one hour"),
        (lambda h: forecast.back_test(h, MONDAY, MONDAY, calendar=CALENDAR), "no back-test from"),
        (
            lambda h: forecast.anomalies(h.drop("amount"), MONDAY, MONDAY, calendar=CALENDAR),
            r"hours lack the columns \['amount'\]",
        ),
        (
            lambda h: forecast.day_ahead(pl.concat([h, h]), date(2026, 3, 9), calendar=CALENDAR),
            "an hour of a node stands twice",
        ),
        (
            lambda h: forecast.day_ahead(
                h.with_columns(pl.col("start") + pl.duration(minutes=15)),
                date(2026, 3, 9),
                calendar=CALENDAR,
            ),
            "does not start on the hour",
        ),
        (
            lambda h: forecast.back_test(h, date(2026, 2, 1), date(2026, 2, 2), calendar=CALENDAR),
            "2026-02-02 lies before the first hour, 2026-03-02",
        ),
    ],
)
def test_what_cannot_be_forecast_is_refused(call, match):
    with pytest.raises(ModelError, match=match):
        call(hourly(MONDAY, 3, week))
