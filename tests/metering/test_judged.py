"""Days judged once and kept: what is put over what, and what is summed from them."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quality_rows import at, nodes, points, readings, slots
from tanfeng.errors import ModelError
from tanfeng.metering import quality
from tanfeng.metering.balance import BALANCE
from tanfeng.metering.frames import EDGES, TIME
from tanfeng.metering.judged import KEPT, JudgedDays, balances, energies, judge
from tanfeng.metering.rollup import due_since

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 2)


def of(*names, missing=(), due=None, first=FIRST, last=LAST, each=1.0, **about):
    """Judge two days of points that gain ``each`` a quarter hour; some readings never came."""
    flowed = pl.concat([slots(name, "2026-11-01 00:00", [each] * 192) for name in names])
    here = points(*names, **about)
    return judge(
        pl.concat([readings(name, "2026-11-01 00:00", 193, missing=missing) for name in names]),
        flowed,
        here,
        due=due_since(here, flowed) if due is None else due,
        first=first,
        last=last,
        as_of=at("2026-11-03 03:00"),
    )


def test_a_day_is_counts_and_what_flowed():
    """Ten of the 96 readings of the second day never came; 96 slots of 1 each day."""
    found = of("P", missing=tuple(range(100, 110)))
    assert found.schema == KEPT
    told = found.select("day", "due", "received", "amount", "slots_measured").rows()
    assert told == [(FIRST, 96, 96, 96.0, 96), (LAST, 96, 86, 96.0, 96)]


def owed(begin: str, end: str | None = None) -> pl.DataFrame:
    rows = [("P", at(begin), None if end is None else at(end))]
    schema = {"point": pl.String, "due_from": TIME, "due_to": TIME}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_a_point_owes_readings_while_it_owes_quarter_hours():
    """Due from noon of the first day until six in the evening of the next: 48 and 72 readings."""
    span = owed("2026-11-01 12:00", "2026-11-02 18:00")
    assert of("P", due=span)["due"].to_list() == [48, 72]


def test_the_amount_of_an_interval_is_owed_at_its_end():
    """Of what flowed from noon on the first reading is due a quarter past: 47 are left that day."""
    assert of("P", due=owed("2026-11-01 12:00"), kind="amount")["due"].to_list() == [47, 96]


def test_a_point_nobody_registered_yet_owes_nothing():
    """Registered on 5 November and never read on the days before: nothing was owed."""
    late = points("Q", recorded=at("2026-11-05 00:00"))
    empty = readings("Q", "2026-11-01 00:00", 0)
    found = judge(
        empty, slots("Q", "2026-11-01 00:00", []), late, due=due_since(late), first=FIRST,
        last=LAST, as_of=at("2026-11-06 03:00"),
    )  # fmt: skip
    assert found["due"].to_list() == [0, 0]
    assert found["amount"].to_list() == [None, None]


def test_days_before_tell_what_is_usual_and_are_not_judged():
    """24 quarter hours of one value are frozen: 12 of them lie before midnight."""
    values = [float(i % 7) for i in range(96 - 12)] + [5.0] * 24 + [float(i % 7) for i in range(84)]
    about = {"first": LAST, "last": LAST, "as_of": at("2026-11-03 03:00")}
    read, flowed = readings("P", "2026-11-02 00:00", 97), slots("P", "2026-11-01 00:00", values)
    alone = quality.assess(read, flowed, points("P"), **about).days
    wide = quality.assess(read, flowed, points("P"), before=1, **about).days
    assert alone["frozen_flags"].to_list() == [0]
    assert wide.select("day", "frozen_flags").rows() == [(LAST, 12)]


def test_days_judged_one_by_one_score_as_those_judged_at_once():
    tree = {
        "nodes": nodes(F="enterprise", city="city"),
        "edges": pl.DataFrame([{"parent": "city", "child": "F"}], schema=EDGES),
    }
    at_once = of("P", "Q", missing=(5, 100), node="F")
    one_by_one = pl.concat(
        [of("P", "Q", missing=(5, 100), node="F", first=d, last=d) for d in (FIRST, LAST)]
    )
    scores = [
        quality.of_days(days.drop("amount"), points("P", "Q", node="F"), **tree).by_month
        for days in (at_once, one_by_one)
    ]
    assert scores[0].equals(scores[1])
    assert scores[0].filter(pl.col("object") == "city")["days_due"].to_list() == [2]


def test_what_is_judged_again_lies_over_what_was(tmp_path):
    kept = JudgedDays(tmp_path / "days")
    assert kept.read(FIRST, LAST).is_empty()
    assert kept.months() == []
    kept.put(of("P", "Q", missing=(3,)))
    kept.put(of("Q", first=FIRST, last=FIRST))
    found = kept.read(FIRST, LAST)
    assert found.select("point", "received").rows() == [("P", 95), ("P", 96), ("Q", 96), ("Q", 96)]
    assert kept.read(LAST, LAST, ["Q", "Z"])["point"].to_list() == ["Q"]
    assert kept.read(LAST, LAST, []).is_empty()
    assert kept.months() == ["2026-11"]


def test_months_are_read_across_their_border(tmp_path):
    kept, days = JudgedDays(tmp_path), of("P")
    earlier = days.with_columns(day=pl.col("day") - timedelta(days=2))
    kept.put(pl.concat([days, earlier]))
    assert kept.months() == ["2026-10", "2026-11"]
    read = kept.read(date(2026, 10, 31), FIRST)
    assert read["day"].to_list() == [date(2026, 10, 31), FIRST]
    with pytest.raises(ModelError, match="before"):
        kept.read(LAST, FIRST)


def test_main_meter_against_those_below_from_days_kept():
    """Main 2 x 96 a day, below 1.8 x 96: 10 % is not metered below, twice the tolerance."""
    here = pl.concat(
        [
            points("M", node="F", level=1),
            points("A", node="U", level=2),
        ]
    )
    edges = pl.DataFrame([{"parent": "F", "child": "U"}], schema=EDGES)
    days = pl.concat([of("M", each=2.0), of("A", each=1.8)])
    span = {"points": here, "by": "month", "first": FIRST, "last": LAST}
    found = balances(days, edges=edges, **span).filter(pl.col("node") == "F")
    row = found.row(0, named=True)
    assert (row["main"], row["verdict"], row["completeness"]) == (384.0, "below", 1.0)
    assert row["parts"] == pytest.approx(345.6)
    judged = quality.submeter_balance(found)
    assert judged["within"].to_list() == [False]
    assert judged["deviation"][0] == pytest.approx(0.1)
    by_day = energies(days, edges=edges, **{**span, "by": "day"})
    assert by_day.filter(pl.col("node") == "F")["amount"].to_list() == [192.0, 192.0]


def test_nothing_known_balances_nothing():
    here = pl.concat([points("M", level=1, node="F"), points("A", level=2, node="F")])
    span = {"points": here, "by": "month", "first": FIRST, "last": LAST}
    found = balances(KEPT.to_frame(), edges=EDGES.to_frame(), **span)
    assert found.schema == BALANCE
    assert found.is_empty()
