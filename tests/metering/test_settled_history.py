"""Any history of readings and register, taken in in any parts, comes to what deriving all gives."""

from __future__ import annotations

import random
import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.energy_kit import MONDAY
from metering.settled_kit import NOW, Home, differences, kept, simulated, window
from tanfeng.metering import _kept_virtual, _settling
from tanfeng.metering.frames import DEVICES

POINTS, DAYS = 5, 5
VIRTUAL = pl.DataFrame(
    {
        "point": ["V-sum", "V-net", "V-all"],
        "kind": ["amount"] * 3,
        "unit": ["kWh"] * 3,
        "item_key": ["electricity"] * 3,
        "node": ["firm-0", None, "firm-1"],
        "expression": ['"P00001" + "P00002"', 'max("V-sum" - "P00003", 0)', None],
    }
)


class History:
    """A home to which something happens again and again, by chance."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.home = Home(folder)
        sim = simulated(POINTS, days=DAYS, seed=seed, interval_s=self.chance.choice([900, 1800]))
        self.nodes = self.home.hang(sim)
        self.names = sim.points["point"].to_list()
        self.at = NOW
        self.parts = self._cut(sim.readings)

    def _cut(self, rows: pl.DataFrame) -> list[pl.DataFrame]:
        """Cut the readings where they became known, and here and there let a part come late."""
        rows = rows.sort("received")
        cuts = sorted(self.chance.sample(range(rows.height), 5))
        parts = [
            rows.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, rows.height], strict=True)
        ]
        late = self.chance.randrange(len(parts))
        parts.append(parts.pop(late))
        return parts

    def happen(self) -> None:
        self.at += timedelta(minutes=1)
        what = self.chance.choice(
            [*[self._part] * 3, self._corrected, self._scaled, self._moved, self._turned,
             self._classed, self._replaced, self._virtual, self._retold]
        )  # fmt: skip
        what()

    def _put(self, **changes) -> None:
        self.home.register.put(**changes, recorded=self.at)

    def _one(self) -> str:
        return self.chance.choice(self.names)

    def _part(self) -> None:
        if self.parts:
            self.home.append(self.parts.pop(0))

    def _corrected(self) -> None:
        """Some readings come again with other values, or are called bad."""
        rows = self.home.store.readings([self._one()])
        if rows.height < 3:
            return
        some = rows.sample(2, seed=self.chance.randrange(1000)).with_columns(
            value=pl.col("value") + self.chance.choice([0.5, 3.0, 1e6]),
            quality=pl.lit(self.chance.choice([0, 2]), pl.Int16),
            received=pl.lit(self.at).cast(rows.schema["received"]),
        )
        self.home.append(some)

    def _scaled(self) -> None:
        multiplier = self.chance.choice([1.0, 20.0, 30.0])
        self._put(points=pl.DataFrame({"point": [self._one()], "multiplier": [multiplier]}))

    def _moved(self) -> None:
        node = self.chance.choice(["firm-0", "firm-1", "county", None])
        point = self.chance.choice([*self.names, "V-sum"])
        if point in self.home.register.points()["point"]:
            frame = pl.DataFrame({"point": [point], "node": [node]}, schema_overrides=_TEXT)
            self._put(points=frame)

    def _turned(self) -> None:
        sign = self.chance.choice([1, -1])
        self._put(points=pl.DataFrame({"point": [self._one()], "sign": [sign]}))

    def _classed(self) -> None:
        level = self.chance.choice([1, 2])
        self._put(points=pl.DataFrame({"point": [self._one()], "level": [level]}))

    def _replaced(self) -> None:
        day = self.chance.randrange(1, DAYS)
        at = MONDAY + timedelta(days=day, hours=3)
        rows = [
            {"device": "old", "installed": MONDAY, "removed": at, "opening": 0.0, "closing": 900.0},
            {"device": "new", "installed": at, "removed": None, "opening": 0.0},
        ]
        point = self._one()
        full = [
            dict.fromkeys(DEVICES.names()) | row | {"point": point, "multiplier": 1.0}
            for row in rows
        ]
        self._put(devices=pl.DataFrame(full, schema=DEVICES).drop("recorded"))

    def _virtual(self) -> None:
        self._put(points=VIRTUAL.head(2))

    def _retold(self) -> None:
        """A virtual point is told another way."""
        if "V-sum" in self.home.register.points()["point"]:
            text = self.chance.choice(['"P00004" * 2', 'sum("P0*")'])
            self._put(points=pl.DataFrame({"point": ["V-sum"], "expression": [text]}))


_TEXT = {"point": pl.String, "node": pl.String}


@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    steps=st.lists(st.integers(0, 3), min_size=3, max_size=5),
    points=st.sampled_from([2, 100]),
)
def test_any_history_in_any_parts_is_everything_at_once(seed, steps, points):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_settling, "TAIL_POINTS", points)
        patch.setattr(_settling, "_FIRST_POINTS", points)
        patch.setattr(_kept_virtual, "_MOST_SLOTS", 600 * points)
        history = History(Path(folder), seed)
        lived(history, steps)
        patch.undo()
        compared(history)


def lived(history: History, steps: list[int]) -> None:
    """Let two things happen at a time and take them in, some parts of it only."""
    for most in steps:
        history.happen()
        history.happen()
        taken = iter(range(most))
        history.home.advance(go_on=lambda _left, taken=taken: next(taken, None) is not None)
    while history.parts:
        history._part()
    history.home.advance()


def compared(history: History) -> None:
    """What is kept is what deriving everything at once gives."""
    home = history.home
    fresh = home.fresh()
    assert differences(home.settled, fresh) == {}
    assert kept(fresh)["slots"].height > 100
    start, end = window(DAYS)
    every = [*history.names, "V-sum", "V-net"]
    for by in ("hour", "day", "month"):
        mine = home.settled.of_nodes(history.nodes, by, start, end)
        assert mine.equals(fresh.of_nodes(history.nodes, by, start, end))
        key = ["point", "start"]
        of_points = fresh.of_points(every, by, start, end).sort(key)
        assert home.settled.of_points(every, by, start, end).sort(key).equals(of_points)
    assert home.settled.slots(every, start, end).equals(fresh.slots(every, start, end))
    home.settled.compact()
    assert differences(home.settled, fresh) == {}
