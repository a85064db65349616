"""Forecasts against what really came: a steel works' year and a province's year of hours.

The data lies beside the project and is read in place: UCI data set 851 (CC BY 4.0) and the hourly
load of Fujian of PyPSA-China, a modelled shape and no meter data. The settings of the model were
chosen on April to June; the figures are of July to December. Run with ``-s`` to see them.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tanfeng.metering import forecast, workdays
from tanfeng.metering.workdays import WorkCalendar

pytestmark = pytest.mark.real

Tell = Callable[[str], None]

#: Public holidays of Korea in 2018, where the works stands.
KOREA = WorkCalendar.of(
    date(2018, month, day)
    for month, days in {
        1: (1,), 2: (15, 16, 17), 3: (1,), 5: (5, 7, 22), 6: (6, 13), 8: (15,),
        9: (24, 25, 26), 10: (3, 9), 12: (25,),
    }.items()
    for day in days
)  # fmt: skip


@pytest.fixture(scope="module")
def steel(shared: Path) -> pl.DataFrame:
    """Hours of the works, the clock of the meter taken for ours.

    The last record of a day is stamped 00:00 of that same day and ends the next one; the reading
    that is zero in every column, power factors too, is no reading, and its hour is not known.
    """
    raw = pl.read_csv(
        shared / "data" / "steel_gwangyang_2018" / "Steel_industry_data.csv.gz",
        infer_schema=False,
    )
    stamp = pl.col("date").str.strip_chars("\ufeff").str.to_datetime("%d/%m/%Y %H:%M")
    midnight = (stamp.dt.hour() == 0) & (stamp.dt.minute() == 0)
    end = pl.when(midnight).then(stamp + pl.duration(days=1)).otherwise(stamp)
    usage = pl.col("Usage_kWh").cast(pl.Float64)
    dead = (usage == 0) & (pl.col("Lagging_Current_Power_Factor").cast(pl.Float64) == 0)
    quarters = raw.select(
        start=(end - pl.duration(minutes=15, hours=8)).dt.replace_time_zone("UTC"),
        kwh=pl.when(~dead).then(usage),
    )
    whole = pl.col("kwh").is_not_null().all() & (pl.len() == 4)
    return quarters.group_by(
        pl.lit("steel").alias("node"), start=pl.col("start").dt.truncate("1h")
    ).agg(amount=pl.when(whole).then(pl.col("kwh").sum()))


@pytest.fixture(scope="module")
def province(shared: Path) -> pl.DataFrame:
    """Hours of the load of Fujian in 2020. [GW]."""
    raw = pl.read_csv(
        shared / "data" / "fujian_hourly_pypsa" / "fujian_hourly_2020.csv.gz", try_parse_dates=True
    )
    start = (pl.col("time_beijing") - pl.duration(hours=8)).dt.replace_time_zone("UTC")
    return raw.select(node=pl.lit("province"), start=start, amount="load_2020_gw")


def table(tell: Tell, title: str, errors: pl.DataFrame) -> dict[str, dict[str, float]]:
    tell(title)
    for row in errors.iter_rows(named=True):
        tell(
            "  "
            + "  ".join(
                f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in row.items()
                if value is not None
            )
        )
    return {row["method"]: row for row in errors.iter_rows(named=True)}


def test_the_year_has_its_hours_and_one_that_is_not_known(steel):
    assert steel.height == 8760
    assert steel["amount"].null_count() == 1


@pytest.mark.parametrize("horizon", [1, 2])
def test_the_works_a_day_ahead(steel, tell, horizon):
    tested = forecast.back_test(
        steel, date(2018, 7, 1), date(2018, 12, 31), calendar=KOREA, horizon=horizon
    )
    found = table(tell, f"steel works, {horizon} d ahead [kWh]", forecast.forecast_errors(tested))
    assert found["forecast"]["n"] == 184 * 24 - 2  # the hour not known, and as naive a week later
    assert found["usual"]["skill"] > 0.2
    assert found["forecast"]["skill"] > found["usual"]["skill"] + 0.01
    assert 0.75 < found["forecast"]["coverage"] < 0.85


def test_the_province_a_day_ahead(province, tell):
    tested = forecast.back_test(
        province, date(2020, 7, 1), date(2020, 12, 31), calendar=WorkCalendar()
    )
    found = table(tell, "province, 1 d ahead [GW]", forecast.forecast_errors(tested))
    assert found["forecast"]["skill"] > 0.4
    assert 0.7 < found["forecast"]["coverage"] < 0.9


def test_the_month_of_the_works(steel, tell):
    local = (pl.col("start").dt.replace_time_zone(None) + pl.duration(hours=8)).dt
    truth = dict(
        steel.group_by(local.to_string("%Y-%m").alias("m")).agg(pl.col("amount").sum()).iter_rows()
    )
    rows = []
    for month in range(7, 13):
        length = months.monthrange(2018, month)[1]
        actual = truth[f"2018-{month:02d}"]
        for known in (5, 10, 20):
            day = date(2018, month, 1) + timedelta(days=known - 1)
            said = forecast.month_end(steel, day, calendar=KOREA).row(0, named=True)
            rows.append(
                {
                    "days": known,
                    "pro_rata": abs(said["so_far"] / known * length / actual - 1),
                    "usual": abs(said["total_usual"] / actual - 1),
                    "total": abs(said["total"] / actual - 1),
                    "within": float(said["low"] <= actual <= said["high"]),
                }
            )
    means = pl.DataFrame(rows).group_by("days").agg(pl.all().mean()).sort("days")
    for row in means.iter_rows(named=True):
        tell("  ".join(f"{name} {value:.3f}" for name, value in row.items()))
    overall = means.mean().row(0, named=True)
    assert overall["total"] < 0.75 * overall["pro_rata"]
    assert overall["within"] >= 0.7


def test_odd_hours_of_the_works_are_told_in_words(steel, tell):
    found = forecast.anomalies(steel, date(2018, 11, 1), date(2018, 11, 30), calendar=KOREA)
    for reason in found["reason_zh"].head(5):
        tell(reason)
    assert 5 <= found.height <= 30
    assert "Tuesday evening 11-27 21:00–11-28 08:00 used" in found["reason_en"][0]
    dead = pl.datetime(2018, 11, 7, 15, time_zone="UTC")
    assert found.filter((pl.col("start") <= dead) & (pl.col("end") > dead)).is_empty()


def test_holidays_matter_where_they_are_kept(steel, tell):
    first, last = date(2018, 7, 1), date(2018, 12, 31)
    local = (pl.col("start") + pl.duration(hours=8)).dt.date()
    found = {}
    for name, calendar in (("weekends", WorkCalendar()), ("holidays", KOREA)):
        tested = forecast.back_test(steel, first, last, calendar=calendar)
        off = tested.filter(local.is_in(sorted(KOREA.holidays)))
        found[name] = [
            table(tell, f"{name}, {what} [kWh]", forecast.forecast_errors(part))["forecast"]["mae"]
            for what, part in (("all", tested), ("holidays", off))
        ]
    assert found["holidays"][0] < found["weekends"][0]
    assert found["holidays"][1] < 0.6 * found["weekends"][1]


def test_a_modelled_province_keeps_no_holidays(province, tell):
    tested = forecast.back_test(
        province, date(2020, 7, 1), date(2020, 12, 31), calendar=workdays.published()
    )
    found = table(tell, "province, notice of 2020 [GW]", forecast.forecast_errors(tested))
    assert found["forecast"]["skill"] > 0.4


#: The notice of 2024 laid on 2018 by whole weeks (both years begin on a Monday): days off and
#: made-up days this works knows nothing of.
_WEEKS = timedelta(weeks=313)
FOREIGN = WorkCalendar.of(
    (day - _WEEKS for day in workdays.published().holidays if day.year == 2024),
    (day - _WEEKS for day in workdays.published().made_up if day.year == 2024),
)


def odd_on_special_days(steel: pl.DataFrame, calendar: WorkCalendar) -> dict[str, int]:
    """Count what is odd on days off or made up, in every week of them from March on."""
    special = calendar.holidays | calendar.made_up
    mondays = {day - timedelta(days=day.weekday()) for day in special if day >= date(2018, 3, 5)}
    local = (pl.col("start") + pl.duration(hours=8)).dt.date()
    until = (pl.col("end") + pl.duration(hours=7)).dt.date()
    touches = local.is_in(sorted(special)) | until.is_in(sorted(special))
    found = dict.fromkeys(("notice", "learnt", "weekends"), 0)
    for monday in sorted(mondays):
        rows = steel.filter(local > monday - timedelta(days=193))
        told = forecast.kept_days(rows, monday - timedelta(days=1), calendar=calendar)
        keeps = told.row(0, named=True)
        learnt = calendar.kept(
            holidays=keeps["holidays"] is not False, made_up=keeps["made_up"] is not False
        )
        ways = zip(found, (calendar, learnt, WorkCalendar()), strict=True)
        for name, way in ways:
            odd = forecast.anomalies(rows, monday, monday + timedelta(days=6), calendar=way)
            found[name] += odd.filter(touches).height
    return found


def test_who_keeps_other_holidays_has_fewer_false_alarms(steel, tell):
    own, foreign = (odd_on_special_days(steel, days) for days in (KOREA, FOREIGN))
    tell(f"odd on its own holidays: {own}; on days of a notice it does not keep: {foreign}")
    assert own["learnt"] == own["notice"]
    assert foreign["learnt"] <= 0.6 * foreign["notice"]
