"""Plausibility, outages with their terms, deviations, sub-meters and residuals, by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from quality_rows import at, points, readings, slots
from tanfeng.errors import ModelError
from tanfeng.metering import frames, quality
from tanfeng.metering.workdays import WorkCalendar, published

DAY = date(2026, 10, 1)


def plausible(amounts, register=None, **more):
    found = quality.assess(
        pl.DataFrame(schema=frames.READINGS),
        slots("P", "2026-10-01 00:00", amounts),
        points("P") if register is None else register,
        first=DAY,
        last=DAY,
        as_of=at("2026-10-03"),
        **more,
    )
    return found.days.row(0, named=True)


def test_more_than_the_rated_power_gives_is_not_plausible():
    # 40 kW for a quarter of an hour is 10 kWh, with a tenth above: 11.
    found = plausible([11.0, 11.01, 5.0, None], points("P", rated_power=40.0))
    assert (found["measured"], found["range_flags"], found["implausible"]) == (3, 1, 1)
    assert found["change_flags"] is None  # three steps are too few to know what is usual


def test_a_register_does_not_run_backwards_and_unknown_range_is_not_judged():
    assert plausible([-0.5, 1.0])["range_flags"] == 1
    assert plausible([-0.5, 1.0], points("P", kind="amount"))["range_flags"] is None


def test_estimated_slots_are_not_judged():
    rows = slots("P", "2026-10-01 00:00", [100.0]).with_columns(
        quality=pl.lit("estimated").cast(frames.QUALITY)
    )
    found = quality.assess(
        pl.DataFrame(schema=frames.READINGS), rows, points("P", rated_power=1.0),
        first=DAY, last=DAY, as_of=at("2026-10-03"),
    )  # fmt: skip
    assert found.days["measured"].item() == 0
    assert found.by_day["plausibility"].item() is None


def test_a_value_that_stands_still_for_six_hours_is_frozen_and_zero_is_not():
    # 24 slots of 7 are six hours; 23 of 8 are not; a stop of any length is no fault of the meter.
    amounts = [1.0, *[7.0] * 24, 2.0, *[8.0] * 23, 3.0, *[0.0] * 40]
    assert plausible(amounts)["frozen_flags"] == 24
    assert plausible(amounts, changed={"frozen_slots": 97})["frozen_flags"] == 0


def test_a_step_far_above_the_usual_is_flagged_where_it_leads():
    amounts = [10.0 + (i % 2) for i in range(288)]  # steps of 1
    amounts[100] = 15.0  # steps of 4 up and down against 3 x 1
    days = quality.assess(
        pl.DataFrame(schema=frames.READINGS), slots("P", "2026-10-01 00:00", amounts), points("P"),
        first=DAY, last=date(2026, 10, 3), as_of=at("2026-10-06"),
    ).days  # fmt: skip
    assert days["change_flags"].to_list() == [0, 2, 0]


def test_load_is_held_against_the_state_of_production():
    production = pl.DataFrame(
        {
            "node": ["E", "E", "Z"],
            "start": [at("2026-10-01 08:00"), at("2026-10-01 20:00"), at("2026-10-01 00:00")],
            "end": [at("2026-10-01 18:00"), at("2026-10-02 06:00"), at("2026-10-02 00:00")],
            "producing": [True, False, False],
        },
        schema=quality.PRODUCTION,
    )
    # 40 slots in production at 10 (one at 0.1, below 2 %); from 20:00 three slots above 6 (60 %).
    amounts = [9.0] * 32 + [10.0] * 39 + [0.1] + [9.0] * 8 + [6.1] * 3 + [5.9] * 13
    found = plausible(amounts, points("P", node="E"), production=production)
    assert found["state_flags"] == 4
    assert plausible(amounts, points("P"), production=production)["state_flags"] is None
    short = production.with_columns(end=pl.col("start") + pl.duration(hours=7))
    assert plausible(amounts, points("P", node="E"), production=short)["state_flags"] is None


# -- outages


def outage_days(*counts: int) -> pl.DataFrame:
    """Days of one point from Thursday 1 October 2026 on, with so many of 96 readings."""
    came = pl.concat(
        [readings("P", f"2026-10-{day:02d} 00:00", n) for day, n in enumerate(counts, start=1)]
    )
    return quality.assess(
        came, pl.DataFrame(schema=frames.SLOTS), points("P"),
        first=DAY, last=date(2026, 10, len(counts)), as_of=at("2026-11-01"),
    ).days  # fmt: skip


#: A made-up calendar: Monday 5th to Wednesday 7th off, Saturday 10th worked.
CALENDAR = WorkCalendar.of(
    [date(2026, 10, day) for day in (5, 6, 7)], [date(2026, 10, 10)], years=[2026]
)


def test_working_days_pass_over_weekends_and_holidays():
    assert WorkCalendar().deadline(date(2026, 10, 1), 3) == date(2026, 10, 6)  # Fri, Mon, Tue
    # Fri 2 is the first, 3 to 7 are off, Thu 8 the second, Fri 9 the third, Sat 10 the fourth.
    assert CALENDAR.deadline(date(2026, 10, 1), 3) == date(2026, 10, 9)
    assert CALENDAR.deadline(date(2026, 10, 1), 4) == date(2026, 10, 10)
    assert CALENDAR.deadline(date(2026, 10, 1), 0) == date(2026, 10, 1)
    assert CALENDAR.covers(date(2026, 1, 1), date(2026, 12, 31))
    assert not CALENDAR.covers(date(2026, 12, 31), date(2027, 1, 1))


def test_a_day_is_not_off_and_worked():
    with pytest.raises(ModelError, match="2026-10-10 is both off and worked"):
        WorkCalendar.of([date(2026, 10, 10)], [date(2026, 10, 10)])


@pytest.mark.parametrize(
    ("counts", "today", "expected"),
    [
        # down on Fri 2, up on Sat 3
        ((96, 50, 96), 3, (2, 2, 3, 1, 0, 12, False, "repaired")),
        # down from Fri 2, still so on Mon 12: Thu 8, Fri 9, Sat 10, Mon 12 are four
        ((96, *[0] * 11), 12, (2, 12, None, 11, 4, 10, True, "overdue")),
        # the same, looked at on the last day of the term
        ((96, *[0] * 9), 10, (2, 10, None, 9, 3, 10, False, "open")),
        # mended on Mon 12, two days after the term
        ((96, *[0] * 10, 96), 12, (2, 11, 12, 10, 4, 10, True, "repaired_late")),
    ],
)
def test_an_outage_has_a_term_in_working_days(counts, today, expected):
    first, last, repaired, down, working, deadline, needs, state = expected
    if state == "repaired":
        deadline = 10
    found = quality.outages(
        outage_days(*counts), today=date(2026, 10, today), calendar=CALENDAR
    ).row(0, named=True)
    assert found == {
        "point": "P",
        "first": date(2026, 10, first),
        "last": date(2026, 10, last),
        "repaired": repaired and date(2026, 10, repaired),
        "days_down": down,
        "working_days": working,
        "deadline": date(2026, 10, deadline),
        "needs_filing": needs,
        "filing": None,
        "state": state,
        "calendar_known": True,
    }


def test_an_accepted_filing_belongs_to_the_outage_it_meets():
    rows = {
        "point": ["P", "P"],
        "start": [at("2026-10-05 00:00"), at("2026-10-05 00:00")],
        "end": [None, None],
        "filed": [at("2026-10-04 09:00"), at("2026-10-06 09:00")],
        "accepted": [at("2026-10-06 09:00"), None],
        "number": ["F1", "F2"],
    }
    filings = pl.DataFrame(rows, schema=quality.FILINGS)
    days = quality.assess(
        readings("P", "2026-10-01 00:00", 96), pl.DataFrame(schema=frames.SLOTS), points("P"),
        first=DAY, last=date(2026, 10, 12), as_of=at("2026-10-13 02:00"), filings=filings,
    ).days  # fmt: skip
    assert days.filter(pl.col("due") > 0)["day"].to_list() == [
        date(2026, 10, d) for d in range(1, 5)
    ]
    found = quality.outages(days, today=date(2026, 10, 12), calendar=CALENDAR, filings=filings).row(
        0, named=True
    )
    assert (found["first"], found["days_down"]) == (date(2026, 10, 2), 11)
    assert (found["filing"], found["state"]) == ("F1", "filed")


def test_without_the_yearly_notice_the_term_says_that_it_is_counted_by_weekends():
    found = quality.outages(
        outage_days(96, 0, 96), today=date(2026, 10, 3), calendar=WorkCalendar()
    )
    assert found["calendar_known"].to_list() == [False]
    assert found["deadline"].to_list() == [date(2026, 10, 7)]


def test_a_term_into_a_year_without_a_notice_says_so():
    """Down on 30 December 2026: the third working day lies in 2027, whose notice is not known."""
    days = outage_days(0).with_columns(day=pl.lit(date(2026, 12, 30)))
    found = quality.outages(days, today=date(2026, 12, 30), calendar=published())
    assert found["deadline"].to_list() == [date(2027, 1, 4)]
    assert found["calendar_known"].to_list() == [False]


def test_no_outage_is_an_empty_list():
    assert quality.outages(outage_days(96), today=DAY, calendar=CALENDAR).is_empty()


def test_who_broke_yesterday():
    days = outage_days(96, 96, 90, 40)  # 90 / 96 = 0.9375 is connected
    found = quality.who_broke(days, date(2026, 10, 4))
    assert found.select("point", "due", "received").rows() == [("P", 96, 40)]
    assert found["completeness"].item() == 40 / 96
    assert found["completeness_before"].item() == pytest.approx((96 + 96 + 90) / 288)
    assert quality.who_broke(outage_days(96, 50, 96, 40), date(2026, 10, 4)).is_empty()
    assert quality.who_broke(
        outage_days(96, 96, 40), date(2026, 10, 3)
    ).is_empty()  # two days known
    assert quality.who_broke(days, date(2026, 10, 3)).is_empty()


# -- deviations


def deviation(metered, reported, missing=0):
    energy = pl.DataFrame(
        {
            "node": ["E", "E"],
            "start": [at("2026-10-01 00:00"), at("2026-10-31 00:00")],
            "item_key": ["electricity"] * 2,
            "amount": [metered, None if metered is None else 0.0],
            "slots_due": [96, 104],
            "slots_missing": [0, missing],
        },
        schema_overrides={"start": frames.TIME},
    )
    said = pl.DataFrame(
        {"node": ["E"], "month": ["2026-10"], "item_key": ["electricity"], "amount": [reported]},
        schema=quality.REPORTS,
    )
    return quality.report_deviations(energy, said).row(0, named=True)


@pytest.mark.parametrize(
    ("metered", "reported", "missing", "deviation_", "within", "reason"),
    [
        (105.0, 100.0, 0, 0.05, True, "judged"),
        (105.1, 100.0, 0, 0.051, False, "judged"),
        (94.9, 100.0, 0, -0.051, False, "judged"),
        (94.9, 100.0, 4, -0.051, False, "judged"),  # 4 of 200 missing: 98 % known
        (94.9, 100.0, 5, -0.051, None, "incomplete"),
        (120.0, 100.0, 60, 0.2, False, "judged"),  # what is known is already too much
        (0.0, 0.0, 0, None, True, "judged"),
        (1.0, 0.0, 0, None, False, "judged"),
    ],
)
def test_the_sum_of_the_days_against_the_report(
    metered, reported, missing, deviation_, within, reason
):
    found = deviation(metered, reported, missing)
    assert found["deviation"] == (deviation_ if deviation_ is None else pytest.approx(deviation_))
    assert (found["within"], found["reason"]) == (within, reason)


def test_what_stands_on_one_side_alone_is_told_not_judged():
    assert deviation(5.0, None)["reason"] == "not_reported"
    assert deviation(None, 5.0)["reason"] == "not_metered"
    said = pl.DataFrame([("E", "2026-10", "coal", 1.0)], schema=quality.REPORTS, orient="row")
    alone = quality.report_deviations(None, said).row(0, named=True)
    assert (alone["within"], alone["reason"], alone["metered"]) == (None, "not_metered", None)
    with pytest.raises(ModelError, match="a month is reported twice"):
        quality.report_deviations(None, pl.concat([said, said]))


def test_sub_meters_against_the_main_meter():
    rows = [
        (100.0, 95.0, 0.05, True),
        (100.0, 94.0, 0.06, False),
        (100.0, 106.0, -0.06, False),
        (None, 5.0, None, None),
        (5.0, None, None, None),
        (0.0, 0.0, None, True),
        (0.0, 1.0, None, False),
    ]
    given = pl.DataFrame(
        {
            "node": ["E"] * len(rows),
            "start": [at("2026-10-01")] * len(rows),
            "item_key": ["electricity"] * len(rows),
            "main": [row[0] for row in rows],
            "parts": [row[1] for row in rows],
        }
    )
    found = quality.submeter_balance(given)
    assert found["within"].to_list() == [row[3] for row in rows]
    for seen, (*_, wanted, _) in zip(found["deviation"], rows, strict=True):
        assert seen == (wanted if wanted is None else pytest.approx(wanted))


def test_a_balance_that_is_not_whole_is_not_judged():
    given = pl.DataFrame(
        {
            "node": ["E"] * 3,
            "start": [at("2026-10-01")] * 3,
            "item_key": ["electricity"] * 3,
            "main": [100.0, 100.0, 0.0],
            "parts": [50.0] * 3,
            "completeness": [1.0, 0.99, None],
        }
    )
    assert quality.submeter_balance(given)["within"].to_list() == [False, None, None]


# -- residuals


def test_a_month_off_the_line_of_its_works_is_beyond():
    # energy = 100 + 2 x output, with +1 and -1 in turn; month 9 is 60 too high.
    output = [10.0 * i for i in range(1, 11)]
    energy = [100 + 2 * x + (1 if i % 2 else -1) for i, x in enumerate(output)]
    energy[8] += 60
    months = pl.DataFrame(
        {
            "node": ["E"] * 10,
            "month": [f"2026-{i:02d}" for i in range(1, 11)],
            "energy": energy,
            "output": output,
        }
    )
    found = quality.energy_residuals(months)
    assert found["slope"][0] == pytest.approx(2, abs=0.1)
    assert found.filter("beyond")["month"].to_list() == ["2026-09"]
    assert found["reason"].unique().to_list() == ["judged"]
    assert found.filter("beyond")["residual"].item() == pytest.approx(59, abs=2)


def test_a_perfect_line_is_judged_with_the_floor_of_sigma():
    # energy = output: sigma is the floor, 1 % of the median 45.5; 1 off is 2.2 of it, 2 is 4.4.
    output = [10.0 * i for i in range(1, 9)]
    energy = [*output[:4], output[4] + 1, output[5] + 2, *output[6:]]
    months = pl.DataFrame(
        {
            "node": ["E"] * 8,
            "month": [f"2026-{i:02d}" for i in range(1, 9)],
            "energy": energy,
            "output": output,
        }
    )
    found = quality.energy_residuals(months)
    assert found["sigma"][0] == pytest.approx(0.01 * (40 + 51) / 2)
    assert found["beyond"].to_list() == [False] * 5 + [True] + [False] * 2


def test_months_that_cannot_be_judged_say_why():
    rows = [("few", f"2026-0{i}", float(i), float(i)) for i in range(1, 8)]
    rows += [("flat", f"2026-{i:02d}", float(i), 5.0) for i in range(1, 11)]
    rows += [("gap", "2026-01", None, 3.0)]
    months = pl.DataFrame(rows, schema=["node", "month", "energy", "output"], orient="row")
    found = quality.energy_residuals(months)
    reasons = dict(found.select("node", "reason").iter_rows())
    assert reasons == {"few": "too_few", "flat": "same_output", "gap": "not_known"}
    assert found["beyond"].null_count() == found.height
    with pytest.raises(ModelError, match="a month twice"):
        quality.energy_residuals(pl.concat([months, months]))
    with pytest.raises(ModelError, match="months need the columns"):
        quality.energy_residuals(months.drop("output"))
