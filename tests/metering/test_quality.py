"""What came of what was owed, when it came, and what it is worth: counted by hand."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import date
from importlib import resources

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quality_rows import at, nodes, points, readings, slots
from tanfeng.errors import ModelError
from tanfeng.metering import frames, quality

DAY = date(2026, 10, 1)
NO_SLOTS = pl.DataFrame(schema=frames.SLOTS)
LATER = at("2026-10-05")


def judge(came, register=None, *, first=DAY, last=DAY, as_of=LATER, derived=NO_SLOTS, **more):
    register = points("P") if register is None else register
    return quality.assess(came, derived, register, first=first, last=last, as_of=as_of, **more)


def one(frame, **key):
    found = frame.filter(*(pl.col(name) == value for name, value in key.items()))
    assert found.height == 1
    return found.row(0, named=True)


def test_the_table_is_the_one_its_sidecar_describes():
    tables = resources.files("tanfeng.metering") / "tables"
    about = tomllib.loads((tables / "quality_rules.toml").read_text("utf-8"))["digest"]
    assert (
        hashlib.sha256((tables / "quality_rules.csv").read_bytes()).hexdigest() == about["sha256"]
    )
    assert len(quality.quality_rules()) == about["rows"]


def test_limits_of_the_requirement_are_to_be_verified_and_ours_say_so():
    rules = quality.quality_rules()
    of_c30 = ("completeness_min", "monthly_deviation_max", "day_boundary_max", "repair_days")
    assert [rules[name].value for name in of_c30] == [0.9, 0.05, 60, 3]
    assert not any(rules[name].verified for name in of_c30)
    assert rules["late_max"].tag == "own"
    assert rules["late_max"].verified


def test_the_weights_make_a_hundred():
    rules = quality.quality_rules()
    assert sum(rule.value for name, rule in rules.items() if name.startswith("weight_")) == 100


def test_a_city_may_set_a_limit_and_no_other_name_is_taken():
    assert quality.limits({"late_max": 900})["late_max"] == 900
    with pytest.raises(ModelError, match="lateness=900 is no limit of quality; names: complete"):
        quality.limits({"lateness": 900})
    with pytest.raises(ModelError, match="late_max=-1"):
        quality.limits({"late_max": -1})


def test_completeness_is_what_came_of_what_was_due():
    # 96 are due, 10 did not come: 86 / 96 = 0.8958, below 0.9, so the day is not connected.
    found = one(judge(readings("P", "2026-10-01 00:00", 96, missing=tuple(range(10)))).by_day)
    assert (found["due"], found["received"]) == (96, 86)
    assert found["completeness"] == 86 / 96
    assert (found["days_due"], found["days_connected"], found["connectivity"]) == (1, 0, 0.0)


def test_a_reading_that_comes_twice_or_a_little_off_its_time_counts_once():
    came = readings("P", "2026-10-01 00:00", 96)
    off = readings("P", "2026-10-01 00:05", 96)  # five minutes later: nearest to the same times
    assert one(judge(pl.concat([came, off, came])).by_day)["received"] == 96


def test_a_bad_reading_did_not_come():
    came = readings("P", "2026-10-01 00:00", 96, quality=frames.BAD)
    assert one(judge(came).by_day)["completeness"] == 0


def test_what_is_not_due_yet_is_not_missing():
    # At 06:30 readings up to 05:30 have had their hour: 00:00, 00:15 ... 05:30 are 23.
    came = readings("P", "2026-10-01 00:00", 20)
    found = one(judge(came, as_of=at("2026-10-01 06:30")).by_day)
    assert (found["due"], found["received"]) == (23, 20)
    before = one(judge(came, as_of=at("2026-09-30 12:00")).by_day)
    assert (before["due"], before["completeness"], before["score"]) == (0, None, None)


def test_what_came_later_than_the_moment_is_not_known():
    came = readings("P", "2026-10-01 00:00", 96, wait_s=86_400)
    assert one(judge(came, as_of=at("2026-10-02 01:00")).by_day)["received"] == 5  # 00:00 .. 01:00


def test_in_time_is_within_the_hour_and_not_before_it_happened():
    came = pl.concat(
        [
            readings("P", "2026-10-01 00:00", 48),
            readings("P", "2026-10-01 12:00", 24, wait_s=3601),
            readings("P", "2026-10-01 18:00", 12, wait_s=3600),
            readings("P", "2026-10-01 21:00", 12, wait_s=-61),  # a clock that runs ahead
        ]
    )
    found = one(judge(came).by_day)
    assert (found["automatic"], found["timely"]) == (96, 60)
    assert found["timeliness"] == 60 / 96


def test_a_correction_does_not_make_the_first_arrival_late():
    came = readings("P", "2026-10-01 00:00", 96)
    corrected = readings("P", "2026-10-01 00:00", 96, wait_s=50_000)
    assert one(judge(pl.concat([corrected, came])).by_day)["timeliness"] == 1


def test_what_was_read_by_hand_is_there_but_not_held_to_the_hour():
    came = readings("P", "2026-10-01 00:00", 96, wait_s=90_000, quality=frames.BY_HAND)
    found = one(judge(came).by_day)
    assert (found["completeness"], found["automatic"], found["timeliness"]) == (1, 0, None)


def test_the_score_of_what_could_be_judged_and_what_it_leans_on():
    # 80 of 96 came, 40 in time; no slots, no report. 40 x 80/96 = 33.33 and 20 x 40/80 = 10 of
    # 60 points that could be judged: 100 x 43.33 / 60 = 72.22.
    came = pl.concat(
        [
            readings("P", "2026-10-01 00:00", 40),
            readings("P", "2026-10-01 10:00", 40, wait_s=4000),
        ]
    )
    found = one(judge(came).by_day)
    assert found["completeness_points"] == pytest.approx(40 * 80 / 96)
    assert found["timeliness_points"] == pytest.approx(10)
    assert (found["consistency_points"], found["plausibility_points"]) == (None, None)
    assert (found["consistency"], found["plausibility"]) == (None, None)
    assert found["judged_weight"] == 60
    assert found["score"] == pytest.approx(72.2222, abs=1e-4)


def test_a_silent_point_has_nothing_but_its_silence_to_be_judged_by():
    found = one(judge(pl.DataFrame(schema=frames.READINGS)).by_day)
    assert (found["completeness"], found["timeliness"], found["judged_weight"]) == (0, None, 40)
    assert found["score"] == 0


def test_all_four_components_make_the_score():
    # 31 days; completeness 1, in time 1, 1 of 2976 slots implausible, report 4 % off: within 5 %.
    register = points("P", node="E", rated_power=100.0)
    came = readings("P", "2026-10-01 00:00", 31 * 96)
    amounts = [10.0 + i % 3 for i in range(31 * 96)]
    amounts[500] = 1000.0  # 100 kW x 0.25 h x 1.1 = 27.5 kWh at most
    energy = pl.DataFrame(
        [
            {
                "node": "E",
                "start": at("2026-10-01"),
                "item_key": "electricity",
                "amount": 104.0,
                "slots_due": 2976,
                "slots_missing": 0,
            }
        ],
        schema_overrides={"start": frames.TIME},
    )
    reports = pl.DataFrame(
        {"node": ["E"], "month": ["2026-10"], "item_key": ["electricity"], "amount": [100.0]}
    )
    found = judge(
        came,
        register,
        last=date(2026, 10, 31),
        as_of=at("2026-11-03"),
        derived=slots("P", "2026-10-01 00:00", amounts),
        nodes=nodes(E="enterprise"),
        energy=energy,
        reports=reports,
    )
    firm = one(found.by_month, object="E")
    # The spike breaks the range once and the change twice: up and down again, two slots in all.
    assert (firm["range_flags"], firm["change_flags"], firm["frozen_flags"]) == (1, 2, 0)
    assert (firm["measured"], firm["implausible"]) == (2976, 2)
    assert firm["judged_weight"] == 100
    assert firm["score"] == pytest.approx(40 + 20 + 20 + 20 * 2974 / 2976)
    assert one(found.by_month, object="P")["consistency"] is None  # nobody reports of a point


def test_above_the_enterprise_connectivity_counts_its_enterprises_days():
    # E1 has a good and a bad day, E2 (under a park too) two good ones: 3 of 4 days in the county.
    register = pl.concat([points("P1", node="E1"), points("P2", node="U")])
    came = pl.concat(
        [readings("P1", "2026-10-01 00:00", 96 + 40), readings("P2", "2026-10-01 00:00", 192)]
    )
    found = judge(
        came,
        register,
        last=date(2026, 10, 2),
        nodes=nodes(E1="enterprise", E2="enterprise", U="unit", K="park", C="county"),
        edges=pl.DataFrame(
            {"parent": ["C", "C", "K", "C", "E2"], "child": ["E1", "E2", "E2", "K", "U"]}
        ),
    )
    county = one(found.by_month, object="C")
    assert (county["days_due"], county["days_connected"]) == (4, 3)
    assert county["connectivity"] == 0.75
    # E2 hangs under the county twice, by itself and by the park: its readings count once.
    assert (county["due"], county["received"]) == (384, 192 + 136)
    assert one(found.by_month, object="K")["connectivity"] == 1
    assert one(found.by_month, object="U")["days_connected"] == 2


def test_day_ends_are_judged_where_a_reading_lies_near():
    came = pl.concat(
        [
            readings("P", "2026-10-01 00:00:59", 97),  # the end of the day is read 59 s late
            readings("Q", "2026-10-01 00:01:01", 97),
            readings("R", "2026-10-01 00:00", 90),  # nothing near midnight: completeness tells it
        ]
    )
    found = judge(came, points("P", "Q", "R"))
    gaps = dict(found.days.select("point", "boundary_gap_s").iter_rows())
    assert gaps == {"P": 59.0, "Q": 61.0, "R": None}
    judged = found.by_day.sort("object").select("boundary_judged", "boundary_within").rows()
    assert judged == [(1, 1), (1, 0), (0, 0)]


def test_month_ends_want_a_reading_within_a_day():
    came = pl.concat(
        [
            readings("P", "2026-10-31 06:00", 1),  # 18 h before the end
            readings("Q", "2026-10-30 12:00", 1),  # 36 h before
        ]
    )
    span = {"first": date(2026, 10, 30), "last": date(2026, 11, 1), "as_of": at("2026-11-03")}
    ends = judge(came, points("P", "Q"), **span).month_ends
    assert ends.rows() == [
        ("P", "2026-10", 18 * 3600.0, True),
        ("P", "2026-11", None, None),
        ("Q", "2026-10", None, False),
        ("Q", "2026-11", None, None),
    ]


def test_points_of_several_spacings_are_held_to_their_own():
    register = pl.concat([points("P"), points("H", interval_s=3600), points("D", interval_s=86400)])
    came = pl.concat(
        [
            readings("P", "2026-10-01 00:00", 96),
            readings("H", "2026-10-01 00:00", 24, step_s=3600),
            readings("D", "2026-10-01 00:00", 1),
        ]
    )
    found = judge(came, register).by_day
    assert dict(found.select("object", "due").iter_rows()) == {"P": 96, "H": 24, "D": 1}
    assert found["completeness"].to_list() == [1, 1, 1]


def test_a_point_owes_nothing_while_it_does_not_hang():
    service = pl.DataFrame(
        {"point": ["P"], "start": [at("2026-10-01 12:00")], "end": [None]}, schema=quality.SERVICE
    )
    found = judge(readings("P", "2026-10-01 12:00", 48), points("P", "Q"), service=service).by_day
    assert one(found, object="P")["due"] == 48
    assert one(found, object="Q")["due"] == 0


def test_a_filing_excuses_once_it_is_accepted():
    def filed(accepted):
        row = {
            "point": "P",
            "start": at("2026-10-01 06:00"),
            "end": at("2026-10-01 18:00"),
            "filed": at("2026-10-01 08:00"),
            "accepted": accepted,
            "number": "F1",
        }
        return pl.DataFrame([row], schema=quality.FILINGS)

    came = readings("P", "2026-10-01 00:00", 24)
    open_, accepted = filed(None), filed(at("2026-10-02"))
    assert one(judge(came, filings=open_).by_day)["due"] == 96
    found = one(judge(came, filings=accepted).by_day)
    # 06:00 to 18:00 are 48 quarter hours: 48 stay due, 24 came.
    assert (found["due"], found["excused"], found["completeness"]) == (48, 48, 0.5)
    early = judge(came, filings=accepted, as_of=at("2026-10-01 23:59"))
    assert one(early.by_day)["excused"] == 0


def test_virtual_meters_are_not_judged():
    register = pl.concat([points("P"), points("V", expression="P*2")])
    assert judge(readings("P", "2026-10-01 00:00", 96), register).days["point"].to_list() == ["P"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"register": points("P", "P")}, "point P stands twice"),
        ({"register": points("P", interval_s=700)}, "an interval of 700 s does not divide a day"),
        ({"register": points("P", interval_s=None)}, "an interval of 0 s does not divide a day"),
        ({"register": points("P").clear()}, "there is no point to judge"),
        ({"register": points("P").drop("node")}, r"points lack the columns \['node'\]"),
        ({"last": date(2026, 9, 1)}, "2026-09-01 lies before 2026-10-01"),
        ({"as_of": at("2026-10-05").replace(tzinfo=None)}, "as_of needs its zone"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, match):
    with pytest.raises(ModelError, match=match):
        judge(readings("P", "2026-10-01 00:00", 96), **change)


def test_the_heat_map_names_the_class_of_each_day():
    # 96, 87 (0.906), 60 (0.625), 20 (0.208), 0 of 96; on the last day nothing was due yet.
    counts = (96, 87, 60, 20)
    came = pl.concat(
        [readings("P", f"2026-10-0{day} 00:00", n) for day, n in enumerate(counts, start=1)]
    )
    found = judge(came, last=date(2026, 10, 6), as_of=at("2026-10-06 00:30"))
    heat = quality.heat_map(found, kinds=("point",))
    assert heat["class"].to_list() == list(quality.HEAT_CLASSES)
    assert heat["completeness"].to_list() == [1, 87 / 96, 0.625, 20 / 96, 0, None]
    assert quality.heat_map(found).is_empty()


@settings(max_examples=25, deadline=None)
@given(
    times=st.lists(st.integers(0, 2 * 86_400), max_size=60),
    waits=st.lists(st.integers(-100, 7_000), min_size=60, max_size=60),
    seed=st.randoms(),
)
def test_order_and_repetition_change_nothing(times, waits, seed):
    came = pl.concat(
        [
            pl.DataFrame(schema=frames.READINGS),
            *(
                readings(f"P{t % 2}", "2026-10-01 00:00", 1, wait_s=w).with_columns(
                    pl.col("time", "received") + pl.duration(seconds=t)
                )
                for t, w in zip(times, waits, strict=False)
            ),
        ]
    )
    register, last = points("P0", "P1"), date(2026, 10, 2)
    once = judge(came, register, last=last)
    order = list(range(came.height)) * 2
    seed.shuffle(order)
    again = judge(came[order], register, last=last)
    assert_frame_equal(once.days, again.days)
    brute = {
        (p, d): len(
            {(t + 450) // 900 for t in times if f"P{t % 2}" == p and (t + 450) // 86400 == d}
        )
        for p in ("P0", "P1")
        for d in (0, 1)
    }
    assert once.days["received"].to_list() == list(brute.values())
