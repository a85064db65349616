"""Each rule of the derivation on readings written by hand, with the arithmetic shown."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from metering.energy_kit import at, energy, every_quarter, listed, point, readings
from tanfeng.metering.frames import DEVICES


def week(step: float = 10.0, days: int = 3, start: float = 1000.0) -> list[float]:
    """Return a register that gains the same each quarter of an hour."""
    return [start + step * n for n in range(days * 96 + 1)]


def hour(rows: pl.DataFrame, day: int, hour_: int) -> dict:
    return rows.filter(pl.col("start") == at(day, hour_)).row(0, named=True)


def test_the_difference_of_two_readings_is_the_energy_between_them():
    rows = energy(readings(every_quarter([100, 101, 103, 106, 110])), point())
    # 110 - 100 = 10 kWh in the one hour
    assert rows.select("amount", "measured", "completeness").row(0) == (10.0, 10.0, 1.0)
    assert rows.select("quality", "rule", "unit").row(0) == ("measured", "direct", "kWh")


def test_the_multiplier_and_the_unit_scale_it():
    rows = energy(
        readings(every_quarter([1.0, 1.5])), point(multiplier=40.0, unit="MWh"), by="15min"
    )
    assert rows["amount"].to_list() == [pytest.approx(0.5 * 40 * 1000)]


def test_a_day_begins_at_local_midnight():
    start = at(0, 23)
    rows = energy(
        readings([(start, 0), (at(1, 0), 8), (at(1, 1), 20)]), point(interval_s=3600), by="day"
    )
    assert rows["amount"].to_list() == [8.0, 12.0]
    assert rows["start"].to_list() == [at(0), at(1)]


def test_readings_off_the_grid_are_divided_by_time():
    # 10:07 to 10:22 gained 15: 8 min of it lie before 10:15, 7 min after
    rows = energy(readings([(at(0, 10, 7), 0), (at(0, 10, 22), 15)]), point(), by="15min")
    assert rows["amount"].to_list() == pytest.approx([8.0, 7.0])
    assert rows["quality"].to_list() == ["partial", "partial"]
    assert rows["completeness"].to_list() == pytest.approx([8 / 15, 7 / 15])


def test_a_gap_keeps_its_energy_and_takes_the_shape_of_the_days_before():
    # Two working days of 4 kWh a quarter by night and 12 from 8 to 16; then 6:00 to 10:00 is lost.
    shape = [12.0 if 32 <= n % 96 < 64 else 4.0 for n in range(3 * 96)]
    register = [0.0]
    for step in shape:
        register.append(register[-1] + step)
    lost = range(2 * 96 + 25, 2 * 96 + 40)  # 6:15 to 9:45 did not come
    values = [None if n in lost else value for n, value in enumerate(register)]
    rows = energy(readings(every_quarter(values)), point())
    assert [hour(rows, 2, h)["amount"] for h in (5, 6, 7, 8, 9, 10)] == pytest.approx(
        [16.0, 16.0, 16.0, 48.0, 48.0, 48.0]
    )
    assert [hour(rows, 2, h)["quality"] for h in (5, 6, 9, 10)] == [
        "measured", "estimated", "estimated", "measured",
    ]  # fmt: skip
    assert hour(rows, 2, 7)["measured"] == 0.0
    assert rows["amount"].sum() == pytest.approx(sum(shape), rel=1e-12)


def test_a_gap_nothing_tells_of_is_even():
    rows = energy(readings([(at(0, 0), 0), (at(0, 4), 80), (at(0, 4, 15), 85)]), point())
    assert rows["amount"].to_list() == [20.0, 20.0, 20.0, 20.0, 5.0]
    assert rows["quality"].to_list() == ["estimated"] * 4 + ["partial"]


def test_a_reading_far_above_what_follows_is_left_out():
    values = week()
    values[100] += 5000
    rows = energy(readings(every_quarter(values)), point())
    assert rows["amount"].to_list() == pytest.approx([40.0] * 72)
    # reading 100 stands between the quarters 24:45 and 25:00, so hours 0 and 1 of day 1 lean on it
    assert [hour(rows, 1, h)["rule"] for h in (0, 1, 2)] == ["spike", "spike", "direct"]


def test_three_wild_readings_in_a_row_are_left_out_together():
    values = week()
    for n, above in ((100, 5000), (101, 5100), (102, 4000)):
        values[n] += above
    rows = energy(readings(every_quarter(values)), point())
    assert rows["amount"].to_list() == pytest.approx([40.0] * 72)


@pytest.mark.parametrize("count", [1, 4, 12])
def test_zeros_in_a_register_are_no_readings(count):
    values = week()
    values[100 : 100 + count] = [0.0] * count
    rows = energy(readings(every_quarter(values)), point())
    assert rows["amount"].to_list() == pytest.approx([40.0] * 72)
    assert set(rows["rule"]) == {"direct", "dip"}


def test_a_register_passes_its_last_digit():
    # 4 digits: 9990 + 10 -> 0000, then 10
    values = [(1000 + 9000 - 10 * 144 - 1000 + 10 * n) % 10000 for n in range(289)]
    for digits in (4, None):
        rows = energy(readings(every_quarter(values)), point(digits=digits))
        assert rows["amount"].to_list() == pytest.approx([40.0] * 72)
        assert set(rows["quality"]) == {"measured"}
    told = listed(readings(every_quarter(values)), point(digits=4))
    assert told.select("rule", "amount").rows() == [("rollover", pytest.approx(10000.0))]


def test_a_reset_keeps_what_the_register_shows_since():
    # 150 quarters of 10, then the register restarts: the quarter of the restart shows 6 of its 10.
    values = [1000 + 10 * n for n in range(150)] + [6 + 10 * n for n in range(139)]
    rows = energy(readings(every_quarter(values)), point(digits=6))
    assert rows["amount"].sum() == pytest.approx(149 * 10 + 6 + 138 * 10)
    fallen = rows.filter(pl.col("rule") == "reset")
    assert fallen.select("start", "amount", "quality").rows() == [(at(1, 13), 36.0, "estimated")]
    # end - start + c = sum: 1386 - 1000 + c = 2876, so c = 2490, the register before it fell
    told = listed(readings(every_quarter(values)), point(digits=6))
    assert told.select("rule", "amount").rows() == [("reset", pytest.approx(2490.0))]


def test_a_fall_is_no_rollover_where_nothing_says_what_is_usual():
    # To its end and on to 100 would be 9600 in a quarter of an hour; since the restart it is 100.
    rows = energy(readings(every_quarter([500, 100])), point(digits=4), by="15min")
    assert rows.select("rule", "amount").rows() == [("reset", 100.0)]


def test_a_reset_to_exactly_zero_says_nothing_of_its_quarter():
    values = [1000 + 10 * n for n in range(150)] + [10 * n for n in range(139)]
    rows = energy(readings(every_quarter(values)), point(digits=6), by="15min")
    lost = rows.filter(pl.col("rule") == "reset").row(0, named=True)
    assert (lost["amount"], lost["quality"], lost["completeness"]) == (None, "missing", 0.0)


def test_a_changed_meter_is_two_registers_joined_by_its_record():
    # Old meter, multiplier 1: 1000 at 00:00, taken down at 12:00 showing 1480. New one, multiplier
    # 10, hung showing 7: 1 a quarter is 10 kWh again. The reading at noon itself is the record's.
    old = every_quarter([1000 + 10 * n for n in range(49)])
    new = [(at(0, 12) + timedelta(minutes=15 * n), 7 + n) for n in range(1, 49)]
    devices = pl.DataFrame(
        [
            ("M", "A1", at(-30), at(0, 12), 0.0, 1480.0, 1.0, None, at(0)),
            ("M", "B2", at(0, 12), None, 7.0, None, 10.0, None, at(0)),
        ],
        schema=DEVICES,
        orient="row",
    )
    rows = energy(readings(old + new), point(multiplier=10.0), devices=devices)
    assert rows["amount"].to_list() == pytest.approx([40.0] * 24)
    assert set(rows["quality"]) == {"measured"}
    assert hour(rows, 0, 11)["rule"] == "replacement"


def test_a_jump_that_stays_is_not_believed_and_listed():
    values = week()
    values[200:] = [value + 50000 for value in values[200:]]
    rows = energy(readings(every_quarter(values)), point(), by="15min")
    wrong = rows.filter(pl.col("rule") == "jump")
    assert wrong.select("start", "amount", "quality").rows() == [(at(2, 1, 45), None, "missing")]
    assert rows["amount"].sum() == pytest.approx(287 * 10.0)
    told = listed(readings(every_quarter(values)), point())
    assert told.select("time", "rule", "amount").row(0)[1:] == ("jump", pytest.approx(-50010.0))


def test_the_rated_power_bounds_what_can_be():
    # 10 kWh a quarter is 40 kW. Rated 50 kW: 60 kW is possible within the margin of 1.2, 61 is not.
    values = [0, 10, 20, 35, 45, 60.25]
    rows = energy(readings(every_quarter(values)), point(rated_power=50.0), by="15min")
    assert rows["rule"].to_list() == ["direct", "direct", "direct", "direct", "jump"]


def test_a_plant_that_starts_up_is_believed():
    # 13 idle days of 0.25 a quarter, then full load of 25: a hundredfold, and it stays.
    steps = [0.25] * (13 * 96) + [25.0] * 96
    register = [0.0]
    for step in steps:
        register.append(register[-1] + step)
    rows = energy(readings(every_quarter(register)), point())
    assert rows["amount"].sum() == pytest.approx(sum(steps))


def test_a_frozen_register_that_catches_up_is_spread_over_the_standstill():
    values = week()
    for n in range(151, 170):
        values[n] = values[150]
    rows = energy(readings(every_quarter(values)), point())
    assert rows["amount"].to_list() == pytest.approx([40.0] * 72)
    # from reading 150 (37:30) to reading 170 (42:30): hours 13 to 18 of day 1
    assert [hour(rows, 1, h)["rule"] for h in (12, 13, 18, 19)] == [
        "direct", "frozen", "frozen", "direct",
    ]  # fmt: skip
    assert hour(rows, 1, 15)["quality"] == "estimated"


def test_a_register_frozen_to_the_end_is_not_known_yet():
    values = week()
    for n in range(200, 289):
        values[n] = values[199]
    rows = energy(readings(every_quarter(values)), point())
    assert hour(rows, 2, 5)["quality"] == "missing"
    assert hour(rows, 2, 5)["amount"] is None
    assert rows["amount"].sum() == pytest.approx(199 * 10.0)


def test_a_plant_at_rest_uses_nothing_and_that_is_measured():
    steps = [10.0] * 96 + [0.0] * 96 + [10.0] * 96
    register = [0.0]
    for step in steps:
        register.append(register[-1] + step)
    rows = energy(readings(every_quarter(register)), point())
    assert hour(rows, 1, 12)["amount"] == 0.0
    assert set(rows["quality"]) == {"measured"}


def test_of_several_readings_of_one_time_the_one_known_last_holds():
    values = week(days=1)
    late = at(5)
    rows = [
        *every_quarter(values),
        (at(0, 12), 9999.0, at(0, 11), "a"),
        (at(0, 12), 1478.0, late, "z"),
    ]
    frame = readings(rows)
    found = energy(frame, point())
    assert hour(found, 0, 11)["amount"] == pytest.approx(38.0)  # 1478 - 1440
    assert hour(found, 0, 12)["amount"] == pytest.approx(42.0)
    before = energy(frame, point(), known_on=at(4))
    assert hour(before, 0, 11)["amount"] == pytest.approx(40.0)


def test_the_same_batch_twice_changes_nothing():
    frame = readings(every_quarter(week()))
    once = energy(frame, point())
    again = energy(pl.concat([frame, frame]), point())
    assert again["amount"].to_list() == pytest.approx(once["amount"].to_list())
    assert again["quality"].to_list() == once["quality"].to_list()


def test_an_interval_amount_belongs_to_the_interval_that_ends_there():
    rows = energy(
        readings(every_quarter([5, 6, None, 8], at(0, 1))), point(kind="amount"), by="15min"
    )
    assert rows["start"].to_list() == [at(0, 0, 45), at(0, 1), at(0, 1, 15), at(0, 1, 30)]
    assert rows["amount"].to_list() == [5.0, 6.0, None, 8.0]
    assert rows["quality"].to_list() == ["measured", "measured", "missing", "measured"]


def test_a_lone_zero_amount_of_a_plant_that_never_rests_is_refused():
    values = [5.0 + n % 3 for n in range(96)]
    values[40] = 0.0
    values[60] = -3.0
    rows = energy(readings(every_quarter(values)), point(kind="amount"), by="15min")
    assert rows.filter(pl.col("rule") == "refused")["quality"].to_list() == ["missing", "missing"]
    assert rows["amount"].sum() == pytest.approx(sum(values) + 3.0)


def test_power_is_a_straight_line_between_readings_and_unknown_in_a_gap():
    # 100 kW to 200 kW in a quarter: (100 + 200) / 2 x 0.25 h = 37.5 kWh
    rows = energy(
        readings(every_quarter([100, 200, None, None, None, 200, 200])),
        point(kind="power", unit="kW"),
        by="15min",
    )
    assert rows["amount"].to_list() == [37.5, None, None, None, None, 50.0]
    assert rows["rule"].to_list()[1:5] == ["silent"] * 4


def test_a_silent_point_has_rows_without_an_amount():
    loud = readings(every_quarter(week(days=2)), "A")
    quiet = readings(every_quarter(week(days=1)), "B")
    rows = energy(pl.concat([loud, quiet]), pl.concat([point("A"), point("B")]), by="day")
    silent = rows.filter((pl.col("point") == "B") & (pl.col("start") == at(1))).row(0, named=True)
    assert (silent["amount"], silent["quality"], silent["rule"]) == (None, "missing", "silent")


def test_bad_readings_are_never_used():
    frame = readings(every_quarter(week(days=1)))
    bad = readings([(at(0, 6, 7), 77777.0)]).with_columns(quality=pl.lit(2, pl.Int16))
    rows = energy(pl.concat([frame, bad]), point())
    assert rows["amount"].to_list() == pytest.approx([40.0] * 24)


def test_months_are_sums_of_days_and_know_their_length():
    start = at(25)  # Friday, 27 March
    rows = energy(readings(every_quarter(week(days=8), start)), point(), by="month")
    # 5 days of March and 3 of April, 960 kWh a day
    assert rows["amount"].to_list() == pytest.approx([4800.0, 2880.0])
    assert rows["completeness"].to_list() == pytest.approx([5 / 31, 3 / 30])
    assert rows["quality"].to_list() == ["partial", "partial"]


def test_an_unknown_period_is_refused():
    with pytest.raises(ValueError, match="'week' is no period: one of 15min, hour, day, month"):
        energy(readings(every_quarter([1, 2])), point(), by="week")


def test_where_nothing_is_wrong_nothing_is_corrected():
    assert listed(readings(every_quarter(week())), point()).is_empty()


def test_no_readings_no_rows():
    assert energy(readings([]), point()).is_empty()


def test_what_no_meter_can_show_is_not_believed_of_a_point_nothing_is_known_of():
    # 3 readings are too few to call anything unusual; 4e15 in a quarter hour is 1.6e16 an hour.
    rows = energy(readings(every_quarter([0.0, 10.0, 4e15 + 10])), point(), by="15min")
    assert rows.select("amount", "rule").rows() == [(10.0, "direct"), (None, "jump")]
