"""Kept sums at the borders of days, months and years are those of the city's clock, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from metering.energy_kit import point, readings
from metering.settled_kit import Home
from quality_rows import nodes
from tanfeng.metering import rollup
from tanfeng.metering.frames import EDGES
from tanfeng.periods import LOCAL

FIRST, LAST = datetime(2027, 12, 31, tzinfo=LOCAL), datetime(2028, 3, 2, tzinfo=LOCAL)
QUARTER = timedelta(minutes=15)
#: kWh of a quarter hour by month; 2028 has a 29 February.
EACH = {12: 4.0, 1: 5.0, 2: 6.0, 3: 7.0}
NEW_YEAR = datetime(2028, 1, 1, tzinfo=LOCAL)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A meter that tells what flowed in each quarter hour at its end; one word comes late."""
    made = Home(tmp_path_factory.mktemp("home"))
    made.register.put(
        points=point(kind="amount", node="F", recorded=FIRST), recorded=FIRST,
        nodes=nodes(F="enterprise").drop("recorded"),
    )  # fmt: skip
    count = (LAST - FIRST) // QUARTER
    starts = [FIRST + n * QUARTER for n in range(count)]
    rows = readings([(start + QUARTER, EACH[start.month]) for start in starts])
    # The last quarter of the year is told on New Year's midnight, and comes last of all.
    late = pl.col("time") == NEW_YEAR
    made.append(rows.filter(~late))
    made.advance()
    assert _sums(made, "month")[0][1] == 95 * 4.0
    made.append(rows.filter(late))
    made.advance()
    return made


def _sums(home, by, start=FIRST, end=LAST):
    rows = home.settled.of_nodes(["F"], by, start, end)
    return rows.select("start", "amount", "slots_due", "completeness").rows()


def test_a_month_of_steam_bought_without_a_meter_is_told_by_its_days(tmp_path):
    """As over the quarter hours: the boiler hardly runs on the second day, the line goes on."""
    made = Home(tmp_path / "home")
    heat = {"kind": "amount", "item_key": "heat", "unit": "GJ", "recorded": FIRST}
    pair = [point("gives", node="B", sign=-1, **heat), point("takes", node="L", **heat)]
    tree = pl.DataFrame([("F", "B"), ("F", "L")], schema=EDGES, orient="row")
    kinds = nodes(F="enterprise", B="unit", L="unit").drop("recorded")
    made.register.put(points=pl.concat(pair), recorded=FIRST, nodes=kinds, edges=tree)
    moments = [FIRST + n * QUARTER for n in range(1, 193)]
    for name, values in (("gives", [4.0] * 96 + [0.1] * 96), ("takes", [1.2] * 192)):
        made.append(readings(list(zip(moments, values, strict=True)), name))
    made.advance()
    window = (FIRST, FIRST + timedelta(days=2))
    heat = made.settled.of_nodes(["F", "B", "L"], "month", *window)
    whole = heat.filter(node="F").select("start", "amount", "slots_due", "quality").rows()
    # Midnight of the second day is New Year's.
    assert whole == [(NEW_YEAR, None, 96, "missing")]
    slots = made.settled.slots(["gives", "takes"], *window)
    asked = {"start": window[0], "end": window[1], "due": made.settled.due(["gives", "takes"])}
    said = {"points": pl.concat(pair), "edges": tree, "nodes": kinds}
    assert rollup.of_nodes(slots, by="month", **said, **asked).equals(heat)
    assert made.settled.of_nodes(["F", "B", "L"], "day", *window).filter(node="F").height == 1


def test_months_begin_at_midnight_of_the_city_also_in_a_leap_year(home):
    months = [
        datetime(2027, 12, 1, tzinfo=LOCAL),
        *(datetime(2028, m, 1, tzinfo=LOCAL) for m in (1, 2, 3)),
    ]
    days = (1, 31, 29, 1)
    assert _sums(home, "month") == [
        (month.astimezone(UTC), 96 * n * EACH[month.month], 96 * n, 1.0)
        for month, n in zip(months, days, strict=True)
    ]


def test_the_leap_day_is_a_day_of_february(home):
    day = datetime(2028, 2, 28, tzinfo=LOCAL)
    rows = _sums(home, "day", day, day + timedelta(days=3))
    assert [amount for _start, amount, _due, _known in rows] == [576.0, 576.0, 672.0]


def test_hours_and_quarters_around_midnight_lie_on_their_side_of_it(home):
    around = NEW_YEAR - timedelta(hours=1), NEW_YEAR + timedelta(hours=1)
    assert [row[1] for row in _sums(home, "hour", *around)] == [16.0, 20.0]
    assert [row[1] for row in _sums(home, "15min", *around)] == [4.0] * 4 + [5.0] * 4


def test_a_month_asked_for_in_part_owes_that_part(home):
    # From noon of 31 January to six in the morning of 1 February: 48 and 24 quarter hours.
    noon = datetime(2028, 1, 31, 12, tzinfo=LOCAL)
    rows = _sums(home, "month", noon, noon + timedelta(hours=18))
    assert [row[1:] for row in rows] == [(240.0, 48, 1.0), (144.0, 24, 1.0)]


def test_a_year_of_days_is_one_sum_whatever_it_is_cut_into(home):
    whole = 96 * (4.0 + 31 * 5.0 + 29 * 6.0 + 7.0)
    for by in ("15min", "hour", "day", "month"):
        assert sum(row[1] for row in _sums(home, by)) == whole
    points = home.settled.of_points(["M"], "month", FIRST, LAST)
    assert points["amount"].sum() == whole
    assert home.settled.energy(["M"], "month", FIRST, LAST)["amount"].sum() == whole
