"""A works whose meters let through the same in every quarter hour, so that sums are done by hand.

Per quarter hour, from 1 April 2025 (a Tuesday) for two days:

* electricity: 100 kWh in, 10 kWh from the roof, 70 kWh to the line (of which 65 to its drive),
  37 kWh to the boiler house: 100 + 10 - 107 = 3 kWh unexplained, 3 % of the main meter;
* natural gas: 51 m3 in, 50 m3 to the boiler: 1 m3 unexplained, 1.96 %;
* heat: 1.5 GJ out of the boiler, 1.2 GJ to the line: 0.3 GJ unexplained, 20 % of what is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from metering_world import meter
from tanfeng.console.metering import devices, engine, publishing, services, settling
from tanfeng.metering.frames import READINGS

START = datetime(2025, 4, 1, tzinfo=UTC) - timedelta(hours=8)  # midnight in Fuzhou
SLOTS = 192
SPAN = "from=2025-04-01&to=2025-04-02"
#: Point -> item, unit, level, process, direction, amount of a quarter hour.
FLOWS = {
    "E-1": ("electricity", "kWh", 1, "", 1, 100.0),
    "E-2": ("electricity", "kWh", 2, "line", 1, 70.0),
    "E-21": ("electricity", "kWh", 3, "drive", 1, 65.0),
    "E-3": ("electricity", "kWh", 2, "boiler", 1, 37.0),
    "E-4": ("electricity", "kWh", 2, "roof", -1, 10.0),
    "G-1": ("natural_gas", "m3", 1, "", 1, 51.0),
    "G-3": ("natural_gas", "m3", 2, "boiler", 1, 50.0),
    "H-3": ("heat", "GJ", 2, "boiler", -1, 1.5),
    "H-2": ("heat", "GJ", 2, "line", 1, 1.2),
}


@dataclass(frozen=True)
class Works:
    """The enterprise, its processes and meters by the names above."""

    organisation: object
    units: dict
    meters: dict

    @property
    def code(self):
        """Return its credit code."""
        return self.organisation.credit_code


def works(user, organisation, *, without=(), only=tuple(FLOWS), start=START, slots=SLOTS):
    """Register the works, or some of its meters, and store the readings but of those named."""
    names = {"line": "轧线", "boiler": "锅炉房", "roof": "光伏", "drive": "主传动"}
    units = {}
    for key, name in names.items():
        kind = "equipment" if key == "drive" else "unit"
        units[key] = services.add_unit(
            user, organisation, kind=kind, name=name, parent=units.get("line") if key == "drive"
            else None,
        )  # fmt: skip
    meters = {}
    for point in only:
        item, unit, level, at, sign, _amount = FLOWS[point]
        is_power = item == "electricity"
        meters[point] = meter(
            user, organisation, point=point, meter_no=f"N-{point}", name=f"表{point}",
            serial_no=f"S-{point}", model="", accuracy_class="", item_key=item,
            meter_class="electricity" if is_power else "heat" if item == "heat" else "gas",
            multiplier=1.0 if is_power else None, level=level, sign=sign, reading_kind="amount",
            reading_unit=unit, digits=None, unit=units.get(at),
        )  # fmt: skip
    publishing.publish_stale()
    engine.store().append(
        pl.concat(
            readings(point, start, slots, FLOWS[point][-1])
            for point in only
            if point not in without
        ),
        batch="works",
    )
    settling.follow()
    return Works(organisation, units, meters)


def hung(user, works, point, installed):
    """Say when the device of a point was hung, and tell the engine."""
    meter = works.meters[point]
    devices.hang(
        user, meter, serial_no=meter.serial_no, installed_at=installed, opening=None
    )  # fmt: skip
    publishing.publish_stale()


def readings(point, start, slots, amount):
    """Return the amounts of some quarter hours, told at their ends."""
    return pl.DataFrame(
        {
            "point": [point] * slots,
            "time": [start + timedelta(minutes=15 * (step + 1)) for step in range(slots)],
            "value": [amount] * slots,
            "quality": [0] * slots,
            "source": ["test"] * slots,
            "received": [start + timedelta(days=9)] * slots,
            "batch": ["b"] * slots,
        },
        schema=READINGS,
    )
