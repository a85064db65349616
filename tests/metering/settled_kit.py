"""What the tests of kept energy share: a home with a simulated week, and two homes compared."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from metering.energy_kit import MONDAY
from tanfeng.gateway.simulate import Fault, point_name, scatter, simulate
from tanfeng.metering.frames import EDGES, NODES
from tanfeng.metering.register import Register
from tanfeng.metering.settled import Settled
from tanfeng.metering.store import Store

NOW = MONDAY + timedelta(days=30)


def simulated(points: int, *, days: int = 7, seed: int = 1, interval_s: int = 900):
    """Return a week of registers of which each has a fault, and one sends late."""
    faults = scatter(points, start=MONDAY, days=days, seed=seed, share=1.0)
    faults.append(Fault("late", point_name(0), MONDAY + timedelta(days=2), 5.0, 30.0))
    return simulate(
        points, start=MONDAY, days=days, seed=seed, interval_s=interval_s, faults=faults
    )


class Home:
    """Readings, register and kept energy in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.register = Store(folder / "readings"), Register(folder)
        self.settled = Settled(folder / "slots", self.store, self.register)
        self._batches = 0

    def hang(self, sim, firms: int = 2) -> list[str]:
        """Register the points, some at each of a few enterprises of one county."""
        nodes = ["city", "county", *(f"firm-{n}" for n in range(firms))]
        kinds = ["city", "county", *["enterprise"] * firms]
        edges = [("city", "county"), *(("county", f"firm-{n}") for n in range(firms))]
        hung = sim.points.with_columns(
            node=pl.lit("firm-") + (pl.int_range(pl.len()) % firms).cast(pl.String)
        )
        self.register.put(
            points=hung,
            devices=sim.devices,
            nodes=pl.DataFrame(
                {"node": nodes, "name": nodes, "kind": kinds},
                schema_overrides={name: NODES[name] for name in ("node", "name", "kind")},
            ),
            edges=pl.DataFrame(edges, schema=EDGES, orient="row"),
            recorded=MONDAY,
        )
        return nodes

    def append(self, readings: pl.DataFrame) -> None:
        self._batches += 1
        if readings.height:
            self.store.append(readings.drop("batch"), batch=f"{self._batches:05d}")

    def advance(self, **asked):
        return self.settled.advance(now=NOW, **asked)

    def fresh(self) -> Settled:
        """Return what deriving everything gives."""
        self._batches += 1
        other = Settled(self.folder / f"fresh-{self._batches}", self.store, self.register)
        other.advance(now=NOW)
        return other


def kept(settled: Settled) -> dict[str, pl.DataFrame]:
    """Return what is kept, by names, sorted."""
    look = settled._files.look()
    points = look.read("points").select("id", "point")
    sources = look.read("sources")
    slots = look.read("slots").filter(pl.col("code").is_not_null()).join(points, on="id")
    days = look.read("point_days").join(points, on="id")
    hours = look.read("source_hours").join(sources, on="source")
    of_days = look.read("source_days").join(sources, on="source")
    some = pl.any_horizontal(pl.col("known", "amount_high", "amount_low", "guess_high") != 0)
    firsts = look.read("points").select("point", "since", "first", "sign", "basis")
    return {
        "points": firsts.sort("point"),
        "slots": slots.drop("id").sort("point", "slot"),
        "point_days": days.filter(some).drop("id").sort("point", "day"),
        "source_hours": hours.filter(some).drop("source").sort("node", "item_key", "hour"),
        "source_days": of_days.filter(some).drop("source").sort("node", "item_key", "day"),
    }


def differences(one: Settled, other: Settled) -> dict[str, pl.DataFrame]:
    """Return the rows of each table that are not the same to the last bit."""
    mine, whole = kept(one), kept(other)
    found = {}
    for name, frame in mine.items():
        theirs = whole[name].select(frame.columns)
        if not frame.equals(theirs):
            apart = pl.concat(
                [
                    frame.join(theirs, on=frame.columns, how="anti", nulls_equal=True),
                    theirs.join(frame, on=frame.columns, how="anti", nulls_equal=True),
                ]
            )
            found[name] = apart
    return found


def window(days: int = 7) -> tuple[datetime, datetime]:
    return MONDAY, MONDAY + timedelta(days=days)


def expressed(**expressions: str | None) -> pl.DataFrame:
    """Return virtual points ``V_sum`` of kWh, the first of them at an enterprise."""
    names = list(expressions)
    return pl.DataFrame(
        {
            "point": names,
            "kind": ["amount"] * len(names),
            "unit": ["kWh"] * len(names),
            "item_key": ["electricity"] * len(names),
            "node": ["firm-0", *[None] * (len(names) - 1)],
            "expression": list(expressions.values()),
        },
        schema_overrides={"node": pl.String, "expression": pl.String},
    )
