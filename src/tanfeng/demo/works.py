"""What flows through the meters of a demonstration enterprise, so that its energy balance closes.

Meters that use follow the shape the gateway simulator drew. What feeds them is their sum and a
little more, as it is in a works: the loss of cables, pipes and transformers that nobody meters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tanfeng.demo._tables import table
from tanfeng.gateway.simulate import point_name, simulate
from tanfeng.metering.frames import GOOD, READINGS, SLOT_S, TIME
from tanfeng.periods import LOCAL

_HUNDREDTHS: Final = 100
#: Registers begin between these numbers. [as shown]
_OPENINGS: Final = (1_000, 90_000)
#: Ratios of transformers met in practice, and the load one meter sees at full load. [kW]
_RATIOS: Final = np.array([1, 10, 20, 40, 80, 100, 200, 400, 1000, 2000, 4000])
_BEHIND_KW: Final = 3.0
_TERM: Final = re.compile(r"([+-]?)([A-Z]-\d+)")
_Amounts = npt.NDArray[np.float64]


def plan(name: str) -> list[dict[str, Any]]:
    """Return the sending meters of a plan, in the order of the table ``meters``.

    Parameters
    ----------
    name : str
        ``plain`` or ``rolling``, for a rolling mill.
    """
    return list(table("meters").filter(pl.col("plan") == name).iter_rows(named=True))


def flows(
    rows: Sequence[Mapping[str, Any]],
    *,
    start: datetime,
    days: int,
    seed: int,
    left_on: Mapping[str, tuple[slice, float]] | None = None,
) -> dict[str, _Amounts]:
    """Return what flows through each meter in each quarter hour.

    Parameters
    ----------
    rows : sequence of mapping
        A plan.
    start : datetime
        Midnight in Fuzhou.
    days : int
        How long. [d]
    seed : int
        Of the random numbers.
    left_on : mapping, optional
        Number of a meter that uses -> quarter hours in which so many times as much flowed. [1]

    Returns
    -------
    dict
        Number of the meter -> amounts in the unit of its item. [kWh, m3, GJ]
    """
    drawn = [row for row in rows if not row["made_of"]]
    made = simulate(len(drawn), start=start, days=days, seed=seed)
    # Share of the rated power the simulator drew, from 0 to 0.95.
    full = dict(made.points.select("point", "rated_power").iter_rows())
    shapes = made.truth.partition_by("point", as_dict=True)
    found: dict[str, _Amounts] = {}
    for at, row in enumerate(drawn):
        name = point_name(at)
        share = shapes[(name,)]["amount"].to_numpy() / (full[name] * SLOT_S / 3600)
        if row["shape"] == "daylight":
            share = share * _daylight(start, len(share))
        found[row["number"]] = share * row["rated"] * SLOT_S / 3600
        if left_on and row["number"] in left_on:
            span, times = left_on[row["number"]]
            found[row["number"]][span] *= times
    waiting = [row for row in rows if row["made_of"]]
    while waiting:
        ready = [
            row
            for row in waiting
            if all(part in found for _sign, part in _TERM.findall(row["made_of"]))
        ]
        for row in ready:
            parts = _TERM.findall(row["made_of"])
            whole = sum(found[part] * (-1.0 if sign == "-" else 1.0) for sign, part in parts)
            found[row["number"]] = np.asarray(whole) * row["factor"]
        waiting = [row for row in waiting if row not in ready]
    return found


def _daylight(start: datetime, slots: int) -> _Amounts:
    """Return the height of the sun as a share of noon, 0 at night."""
    hour = (start.astimezone(LOCAL).hour + np.arange(slots) * SLOT_S / 3600) % 24
    return np.clip(np.sin(np.pi * (hour - 6) / 12), 0.0, None)


def most(rows: Sequence[Mapping[str, Any]], amounts: Mapping[str, _Amounts]) -> dict[str, float]:
    """Return the most each meter can let through in an hour: a round number above all it did.

    Parameters
    ----------
    rows : sequence of mapping
        A plan.
    amounts : mapping
        From :func:`flows`.
    """
    return {
        row["number"]: float(np.ceil(amounts[row["number"]].max() * 3600 / SLOT_S * 1.25 + 1))
        for row in rows
    }


def ratio(row: Mapping[str, Any], most_in_hour: float) -> float:
    """Return the transformer ratio of a meter; only electricity has one."""
    if row["item_key"] != "electricity":
        return 1.0
    fits = int(np.searchsorted(_RATIOS, most_in_hour / _BEHIND_KW))
    return float(_RATIOS[min(fits, len(_RATIOS) - 1)])


def registers(
    amounts: Mapping[str, _Amounts], ratios: Mapping[str, float], *, start: datetime, seed: int
) -> pl.DataFrame:
    """Return the readings of the registers behind some amounts, a reading per quarter hour.

    Parameters
    ----------
    amounts : mapping
        Point -> what flows in each quarter hour, none below zero.
    ratios : mapping
        Point -> multiplier.
    start : datetime
        Time of the first reading.
    seed : int
        Of where the registers begin.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.READINGS`; registers show hundredths.
    """
    draw = np.random.default_rng(seed)
    frames = []
    for point, flowed in amounts.items():
        opening = int(draw.integers(*_OPENINGS)) * _HUNDREDTHS
        shown = np.floor(np.cumsum(flowed) / ratios[point] * _HUNDREDTHS).astype(np.int64)
        path = opening + np.concatenate([[0], shown])
        frames.append(pl.DataFrame({"point": [point] * len(path), "value": path / _HUNDREDTHS}))
    count = max((len(one) for one in amounts.values()), default=0) + 1
    step = timedelta(seconds=SLOT_S)
    times = pl.datetime_range(
        start, start + (count - 1) * step, step, time_unit="us", eager=True
    ).cast(TIME)
    return (
        pl.concat([one.with_columns(time=times) for one in frames])
        .with_columns(
            quality=pl.lit(GOOD, pl.Int16),
            source=pl.lit("demo"),
            received=pl.col("time") + timedelta(seconds=20),
            batch=pl.lit("demo"),
        )
        .select(list(READINGS))
        .cast(READINGS)
    )
