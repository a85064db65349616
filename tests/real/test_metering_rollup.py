"""A steel works' year of quarter hours up the tree, by the tariff, and balanced.

The data lies beside the project and is read in place (UCI data set 851, CC BY 4.0): 35,040
interval amounts of 2018. They are laid on 2025, a year of as many days the tariff table covers, and
shared out to workshops in stated parts.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from math import fsum
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rollup_frames import edges, points, slots
from tanfeng.metering import rollup, time_of_use
from tanfeng.metering.balance import balance
from tanfeng.metering.virtual import virtual_meters
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.real

START = datetime(2025, 1, 1, tzinfo=LOCAL)
END = datetime(2026, 1, 1, tzinfo=LOCAL)
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
#: Part of the main meter each workshop takes; 3 % is left.
PARTS = {"rolling": 0.62, "furnace": 0.35}
POINTS = points(
    {"point": "main", "node": "works", "level": 1},
    *({"point": name, "node": f"w-{name}", "level": 2} for name in PARTS),
    {"point": "rest", "node": "w-rest", "expression": "main - rolling - furnace"},
)
TREE = edges(("city", "works"), *(("works", f"w-{name}") for name in PARTS))


@pytest.fixture(scope="module")
def amounts(shared: Path) -> np.ndarray:
    """Energy of each quarter hour of the year, in the order of the file. [kWh]"""
    raw = pl.read_csv(
        shared / "data" / "steel_gwangyang_2018" / "Steel_industry_data.csv.gz", infer_schema=False
    )
    return raw["Usage_kWh"].cast(pl.Float64).to_numpy()


@pytest.fixture(scope="module")
def data(amounts: np.ndarray) -> pl.DataFrame:
    series = {"main": amounts} | {name: amounts * part for name, part in PARTS.items()}
    return pl.concat(slots(name, list(a), start=START) for name, a in series.items())


def asked(data: pl.DataFrame, **more) -> dict:
    due = rollup.due_since(POINTS, data)
    return {"points": POINTS, "start": START, "end": END, "due": due} | more


def test_months_are_the_sums_of_their_quarter_hours(amounts, data):
    city = rollup.of_nodes(data, edges=TREE, by="month", **asked(data)).filter(node="city")
    edges_ = np.concatenate([[0], np.cumsum(DAYS) * 96])
    by_hand = [fsum(amounts[a:b]) for a, b in itertools.pairwise(edges_)]
    assert city["amount"].to_list() == pytest.approx(by_hand, rel=1e-14)
    assert city["slots_due"].to_list() == list(DAYS * 96)


def test_the_tariff_takes_the_hours_its_notice_says(amounts, data, tell):
    hours = rollup.of_nodes(data, edges=TREE, by="hour", **asked(data)).filter(node="city")
    found = time_of_use.split(hours, time_of_use.hours(START, END))
    month = np.repeat(np.arange(1, 13), DAYS * 96)
    hour = np.arange(len(amounts)) % 96 // 4
    summer = (month >= 7) & (month <= 9)
    sharp = summer & np.isin(hour, [11, 17])
    peak = np.isin(hour, [10, 11, 15, 16, 17, 18, 19, 21]) & ~sharp
    valley = hour < 8
    by_hand = {
        "sharp": sharp,
        "peak": peak,
        "flat": ~(sharp | peak | valley),
        "valley": valley,
    }
    year = dict(found.group_by("tariff_period").agg(pl.col("amount").sum()).iter_rows())
    tell(f"shares { ({k: round(v / amounts.sum(), 3) for k, v in year.items()}) }")
    for name, where in by_hand.items():
        assert year[name] == pytest.approx(fsum(amounts[where]), rel=1e-12), name


def test_the_rest_is_what_is_left_and_within_five_percent(amounts, data):
    window = asked(data, by="month")
    of_nodes = rollup.of_nodes(data, edges=TREE, **window)
    found = balance(rollup.of_points(data, **window), of_nodes, points=POINTS, edges=TREE).frame
    works = found.filter(node="works")
    assert works["verdict"].unique().to_list() == ["within"]
    assert works["unexplained_share"].to_list() == pytest.approx([0.03] * 12, rel=1e-9)
    rest = virtual_meters(POINTS).slots(data)
    assert rest["amount"].sum() == pytest.approx(works["unexplained"].sum(), rel=1e-9)
