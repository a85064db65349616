"""A gateway that never was: readings of many registers, and what truly flowed.

Seeded, so that the same call gives the same readings. Each register follows a shift pattern and
shows two decimals, as meters do; the truth is taken from the same digits, so that register
differences and true energy agree exactly. Faults are then laid over the readings, one by one, each
with its time and place: whoever cleans the readings can be held against the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering.frames import DEVICES, GOOD, POINTS, READINGS, SLOT_S, TIME
from tanfeng.periods import LOCAL

FaultKind = Literal[
    "rollover", "replacement", "reset",
    "frozen", "spike", "zero", "drift",
    "gap", "late", "duplicate",
]  # fmt: skip
#: In the order they are laid on: the register itself, what is read of it, what is delivered.
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

#: What ``Fault.size`` is when it is left out.
_SIZES: dict[str, float] = {"spike": 5000.0, "drift": 180.0, "late": 1.0, "duplicate": 1.0}
#: A rollover moves the whole register and goes first; of one layer the earlier goes first.
_LAYERS = {kind: (0, 1, 1, 2, 2, 2, 3, 3, 3, 3)[at] for at, kind in enumerate(FAULT_KINDS)}
_LASTING = ("frozen", "drift", "gap", "late", "duplicate")

#: Share of the rated power by local hour. A working day, then a day off.
_SHIFTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "three shifts": ((0.82,) * 24, (0.80,) * 24),
    "two shifts": ((0.18,) * 7 + (0.45,) + (0.85,) * 15 + (0.40,), (0.18,) * 24),
    "day shift": (
        (0.08,) * 7 + (0.35,) + (0.80,) * 4 + (0.35, 0.55) + (0.85,) * 4 + (0.30,) + (0.08,) * 5,
        (0.08,) * 24,
    ),
    "batches": ((0.15, 0.88, 0.88, 0.60) * 6, (0.12, 0.12, 0.70, 0.45) * 6),
}
#: Transformer ratios met in practice, and the power one behind them shows at full load. [kW]
_MULTIPLIERS = np.array([1, 10, 20, 30, 40, 60, 80, 100, 160, 200, 400, 600, 1000, 2000, 4000])
_BEHIND_KW = 3.0
_DIGITS = 6
_DECIMALS = 100  # the register shows hundredths
_PER_GATEWAY = 50
_US = 1_000_000

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at one point.

    Parameters
    ----------
    kind : str
        ``rollover`` (the register passes its highest number at ``at``), ``replacement`` (another
        meter from ``at`` on, told in the devices), ``reset`` (the register starts again at ``size``
        right after the reading at or before ``at``, told nowhere), ``frozen`` (the readings repeat
        the last one), ``spike`` and ``zero`` (the reading at or after ``at`` is off by ``size``, or
        0), ``drift`` (the clock of the gateway runs off, to ``size`` seconds at the end), ``gap``
        (nothing is delivered), ``late`` (delivered together, ``size`` hours after the end),
        ``duplicate`` (delivered twice, ``size`` hours apart).
    point : str
        Name of the point, see :func:`point_name`.
    at : datetime
        When it begins, aware.
    hours : float
        How long a frozen, drift, gap, late or duplicate fault lasts; its end is not part of it. [h]
    size : float or None
        Spike: base units [kWh]; drift: seconds [s]; late and duplicate: hours [h]; replacement and
        reset: the number the register begins with. None takes 5,000 kWh, 180 s, 1 h or 0.
    """

    kind: FaultKind
    point: str
    at: datetime
    hours: float = 1.0
    size: float | None = None


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the gateway delivered, and what truly flowed.

    Parameters
    ----------
    readings : polars.DataFrame
        ``frames.READINGS`` in the order they became known.
    truth : polars.DataFrame
        point, start (of the quarter hour), amount. [kWh]
    points, devices : polars.DataFrame
        ``frames.POINTS`` and ``frames.DEVICES`` as an operator would register them.
    """

    readings: pl.DataFrame
    truth: pl.DataFrame
    points: pl.DataFrame
    devices: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Swap:
    """A meter taken down and another hung."""

    at_us: int
    closing: float
    opening: float


@dataclass(slots=True)
class _Plant:
    """Registers on a grid of steps; time in microseconds, registers in hundredths."""

    names: list[str]
    start_us: int
    step_us: int
    every: int  # steps between two readings
    rated: npt.NDArray[np.float64]
    multiplier: npt.NDArray[np.int64]
    path: _Ints  # point x step: what the register shows, before it rolls over
    swaps: dict[int, list[_Swap]] = field(default_factory=dict)

    def step(self, at: datetime) -> float:
        """Return where on the grid of steps a moment lies."""
        return (_microseconds(at) - self.start_us) / self.step_us


@dataclass(slots=True)
class _Sent:
    """Readings as point x reading, before they are rows."""

    time: _Ints
    value: _Ints
    received: _Ints
    batch: _Ints  # number of the packet; a late or second one has its own
    kept: npt.NDArray[np.bool_]
    again: list[tuple[int, slice, int, int]] = field(default_factory=list)


def point_name(number: int) -> str:
    """Return the name of the n-th point, counted from 0: ``P00001`` is the first."""
    return f"P{number + 1:05d}"


def simulate(
    points: int,
    *,
    start: datetime,
    days: int,
    seed: int,
    interval_s: int = SLOT_S,
    faults: Sequence[Fault] = (),
) -> Simulated:
    """Make readings of electricity registers over some days, with faults where they are asked for.

    Parameters
    ----------
    points : int
        Number of registers.
    start : datetime
        Time of the first reading, aware and on a quarter hour.
    days : int
        How long. The reading at the end is there too: n slots have n + 1 readings. [d]
    seed : int
        Of the random numbers; the same seed gives the same readings.
    interval_s : int
        Spacing of the readings; divides a quarter hour or is a multiple of it. [s]
    faults : sequence of Fault
        What goes wrong. Faults of one point may overlap; the register's come first.

    Returns
    -------
    Simulated

    Raises
    ------
    ModelError
        If a number is out of range, or a fault names a point or a time that is not simulated.
    """
    _check(points, start, days, interval_s, faults)
    plant = _build(points, start, days, np.random.default_rng(seed), interval_s)
    truth = _truth(plant)
    number = {name: at for at, name in enumerate(plant.names)}
    ordered = sorted(faults, key=lambda fault: (_LAYERS[fault.kind], fault.at))
    laid = [(number[fault.point], fault) for fault in ordered]
    for at, fault in laid:
        if fault.kind in ("rollover", "replacement", "reset"):
            _change_register(plant, at, fault)
    sent = _send(plant, np.random.default_rng([seed, 1]))
    for at, fault in laid:
        if fault.kind in ("frozen", "spike", "zero"):
            _misread(plant, sent, at, fault)
        elif fault.kind in ("drift", "gap", "late", "duplicate"):
            _misdeliver(plant, sent, at, fault)
    return Simulated(_readings(plant, sent), truth, _points(plant, interval_s), _devices(plant))


def scatter(
    points: int, *, start: datetime, days: int, seed: int, share: float = 0.1
) -> list[Fault]:
    """Lay one fault on a share of the points, the kinds in turn, at times of the seed's choosing.

    Parameters
    ----------
    points : int
        Number of points.
    start : datetime
        First reading.
    days : int
        How long the readings go. [d]
    seed : int
        Of the random numbers.
    share : float
        Points with a fault, 0 to 1. [1]

    Returns
    -------
    list of Fault
        For :func:`simulate`; every fault begins and ends within the readings.
    """
    rng = np.random.default_rng([seed, 2])
    hit = rng.permutation(points)[: round(points * share)]
    slots = rng.integers(4, max(days * 96 - 40, 5), len(hit))
    hours = rng.integers(1, 9, len(hit))
    return [
        Fault(
            FAULT_KINDS[at % len(FAULT_KINDS)],
            point_name(int(point)),
            start + timedelta(seconds=int(slot) * SLOT_S),
            float(lasting),
        )
        for at, (point, slot, lasting) in enumerate(zip(hit, slots, hours, strict=True))
    ]


def _check(
    points: int, start: datetime, days: int, interval_s: int, faults: Sequence[Fault]
) -> None:
    if points < 1 or days < 1:
        raise ModelError(f"{points} points over {days} days: both must be 1 or more")
    if interval_s < 1 or (SLOT_S % interval_s and interval_s % SLOT_S) or 86400 % interval_s:
        raise ModelError(f"an interval of {interval_s} s does not fit a quarter hour and a day")
    if start.tzinfo is None or _microseconds(start) % (SLOT_S * _US):
        raise ModelError(f"start {start} must be aware and on a quarter hour")
    names = {point_name(number) for number in range(points)}
    for fault in faults:
        if fault.kind not in FAULT_KINDS:
            raise ModelError(f"fault {fault.kind!r} is none of {', '.join(FAULT_KINDS)}")
        if fault.point not in names:
            raise ModelError(f"fault {fault.kind} names {fault.point!r}, which is not simulated")
        lasting = timedelta(hours=fault.hours if fault.kind in _LASTING else 0)
        if not start < fault.at or fault.at + lasting > start + timedelta(days=days):
            raise ModelError(
                f"fault {fault.kind} of {fault.point} at {fault.at} is outside the readings"
            )


def _build(
    points: int, start: datetime, days: int, rng: np.random.Generator, interval_s: int
) -> _Plant:
    step_s = min(interval_s, SLOT_S)
    steps = days * 86400 // step_s
    rated = np.round(np.exp(rng.uniform(np.log(20.0), np.log(8000.0), points))).astype(np.float64)
    multiplier = _MULTIPLIERS[
        np.minimum(np.searchsorted(_MULTIPLIERS, rated / _BEHIND_KW), len(_MULTIPLIERS) - 1)
    ]
    share = _share(points, start, steps, step_s, rng)
    energy = share * rated[:, None] * (step_s / 3600)
    shown = np.floor(np.cumsum(energy, axis=1) / multiplier[:, None] * _DECIMALS).astype(np.int64)
    opening = rng.integers(10**3, 6 * 10**5, points) * _DECIMALS + rng.integers(0, 100, points)
    path = np.concatenate([opening[:, None], opening[:, None] + shown], axis=1)
    plant = _Plant(
        [point_name(number) for number in range(points)],
        _microseconds(start),
        step_s * _US,
        max(interval_s // step_s, 1),
        rated,
        multiplier.astype(np.int64),
        path,
    )
    return plant


def _share(
    points: int, start: datetime, steps: int, step_s: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Share of the rated power by point and step, never above 0.95."""
    local = start.astimezone(LOCAL)
    seconds = (local.hour * 3600 + local.minute * 60 + local.second) + np.arange(steps) * step_s
    day = seconds // 86400
    hour = seconds % 86400 // 3600
    off = (local.weekday() + day) % 7 == 6
    shapes = np.array(
        [np.where(off, np.array(b)[hour], np.array(a)[hour]) for a, b in _SHIFTS.values()]
    )
    pattern = rng.integers(0, len(_SHIFTS), points)
    level = rng.uniform(0.75, 1.0, (points, int(day[-1]) + 1))[:, day]
    noise = 1 + 0.06 * (rng.random((points, steps), dtype=np.float32) - 0.5)
    return np.minimum(shapes[pattern] * level * noise, 0.95)


def _truth(plant: _Plant) -> pl.DataFrame:
    per_slot = SLOT_S * _US // plant.step_us
    amount = np.diff(plant.path[:, ::per_slot], axis=1) * plant.multiplier[:, None] / _DECIMALS
    slots = amount.shape[1]
    start = plant.start_us + np.arange(slots) * SLOT_S * _US
    return pl.DataFrame(
        {
            "point": pl.Series(plant.names).gather(np.repeat(np.arange(len(plant.names)), slots)),
            "start": pl.Series(np.tile(start, len(plant.names))).cast(TIME),
            "amount": amount.ravel(),
        }
    )


def _change_register(plant: _Plant, point: int, fault: Fault) -> None:
    path = plant.path[point]
    before = min(int(plant.step(fault.at)), len(path) - 2)
    part = plant.step(fault.at) - before
    shown = int(path[before] + np.floor((path[before + 1] - path[before]) * part))
    begins = round((fault.size or 0.0) * _DECIMALS)
    if fault.kind == "rollover":
        path += 10**_DIGITS * _DECIMALS - shown
    elif fault.kind == "reset":
        read = before // plant.every * plant.every  # right after a reading nothing is lost
        path[read + 1 :] += begins - path[read]
    else:
        path[before + 1 :] += begins - shown
        closing = shown % (10**_DIGITS * _DECIMALS) / _DECIMALS
        swap = _Swap(_microseconds(fault.at), closing, begins / _DECIMALS)
        plant.swaps.setdefault(point, []).append(swap)


def _send(plant: _Plant, rng: np.random.Generator) -> _Sent:
    value = plant.path[:, :: plant.every] % (10**_DIGITS * _DECIMALS)
    readings = value.shape[1]
    time = np.broadcast_to(
        plant.start_us + np.arange(readings) * plant.step_us * plant.every, value.shape
    ).copy()
    gateways = -(-len(plant.names) // _PER_GATEWAY)
    delay = rng.integers(5, 60, (gateways, readings)) * _US
    gateway = np.arange(len(plant.names)) // _PER_GATEWAY
    batch = np.broadcast_to(np.arange(readings), value.shape).copy()
    return _Sent(time, value, time + delay[gateway], batch, np.ones(value.shape, dtype=bool))


def _window(plant: _Plant, fault: Fault) -> slice:
    """Return the readings from the fault's beginning to before its end."""
    first = plant.step(fault.at) / plant.every
    last = plant.step(fault.at + timedelta(hours=fault.hours)) / plant.every
    return slice(int(np.ceil(first)), int(np.ceil(last)))


def _misread(plant: _Plant, sent: _Sent, point: int, fault: Fault) -> None:
    hit = _window(plant, fault)
    value = sent.value[point]
    if fault.kind == "frozen":
        value[hit] = value[hit.start - 1]
    elif fault.kind == "zero":
        value[hit.start] = 0
    else:
        value[hit.start] += round(_size(fault) / plant.multiplier[point] * _DECIMALS)


def _misdeliver(plant: _Plant, sent: _Sent, point: int, fault: Fault) -> None:
    hit = _window(plant, fault)
    count = hit.stop - hit.start
    readings = sent.value.shape[1]
    if fault.kind == "drift":
        sent.time[point, hit] += np.round(
            np.arange(1, count + 1) / count * _size(fault) * _US
        ).astype(np.int64)
    elif fault.kind == "gap":
        sent.kept[point, hit] = False
    else:
        hours = _size(fault)
        received = _microseconds(fault.at + timedelta(hours=fault.hours + hours))
        if fault.kind == "late":
            sent.received[point, hit] = received
            sent.batch[point, hit] = readings + hit.start
        else:
            sent.again.append((point, hit, round(hours * 3600 * _US), 2 * readings))


def _readings(plant: _Plant, sent: _Sent) -> pl.DataFrame:
    count, readings = sent.value.shape
    number = np.repeat(np.arange(count), readings).reshape(count, readings)
    parts = [
        [array[sent.kept] for array in (number, sent.time, sent.value, sent.received, sent.batch)]
    ]
    for point, hit, later, packet in sent.again:
        kept = sent.kept[point, hit]
        parts.append(
            [
                array[point, hit][kept] + added
                for array, added in (
                    (number, 0),
                    (sent.time, 0),
                    (sent.value, 0),
                    (sent.received, later),
                    (sent.batch, packet),
                )
            ]
        )
    number, time, value, received, batch = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    gateways = pl.Series([f"G{n + 1:04d}" for n in range(-(-count // _PER_GATEWAY))])
    frame = pl.DataFrame(
        {
            "point": pl.Series(plant.names).gather(number),
            "time": pl.Series(time).cast(TIME),
            "value": value / _DECIMALS,
            "quality": pl.repeat(GOOD, len(time), dtype=pl.Int16, eager=True),
            "source": gateways.gather(number // _PER_GATEWAY),
            "received": pl.Series(received).cast(TIME),
            "batch": batch,
        }
    )
    return (
        frame.sort("received", "point", "time")
        .with_columns(batch=pl.format("{}-{}", "source", "batch"))
        .select(list(READINGS))
    )


def _points(plant: _Plant, interval_s: int) -> pl.DataFrame:
    count = len(plant.names)
    return pl.DataFrame(
        {
            "point": plant.names,
            "name": plant.names,
            "kind": ["register"] * count,
            "item_key": ["electricity"] * count,
            "unit": ["kWh"] * count,
            "multiplier": plant.multiplier.astype(np.float64),
            "digits": [_DIGITS] * count,
            "rated_power": plant.rated,
            "interval_s": [interval_s] * count,
            "sign": [1] * count,
            "level": [None] * count,
            "node": [None] * count,
            "expression": [None] * count,
            "retired": [None] * count,
            "origin": ["device"] * count,
            "recorded": pl.Series([plant.start_us] * count).cast(TIME),
        },
        schema_overrides=POINTS,
    ).select(list(POINTS))


def _devices(plant: _Plant) -> pl.DataFrame:
    full = 10**_DIGITS * _DECIMALS
    rows: list[tuple[object, ...]] = []
    for number, name in enumerate(plant.names):
        since, opening, order = plant.start_us, int(plant.path[number, 0]) % full / _DECIMALS, 1
        rest = (float(plant.multiplier[number]), _DIGITS)
        for swap in plant.swaps.get(number, ()):
            at, closing = swap.at_us, swap.closing
            rows.append((name, f"{name}-{order}", since, at, opening, closing, *rest, since))
            since, opening, order = at, swap.opening, order + 1
        rows.append((name, f"{name}-{order}", since, None, opening, None, *rest, since))
    times = [name for name, kind in DEVICES.items() if kind == TIME]
    numbers = {name: pl.Int64() if name in times else kind for name, kind in DEVICES.items()}
    return pl.DataFrame(rows, schema=numbers, orient="row").with_columns(pl.col(times).cast(TIME))


def _size(fault: Fault) -> float:
    return _SIZES.get(fault.kind, 0.0) if fault.size is None else fault.size


def _microseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
