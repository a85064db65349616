"""Meters that know October 2025 of an enterprise, and what it reported of it.

Electricity: registers at 1 of the register a quarter hour x 400. October has 31 x 96 = 2 976
quarter hours: 2 976 x 400 = 1 190 400 kWh = 119.04 (10^4 kWh).
Gas: 2.5 m3 a quarter hour: 7 440 m3 = 0.744 (10^4 m3).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from metering_world import meter
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.closing.figures import Month
from tanfeng.console.closing.models import CloseLine, MonthClose
from tanfeng.console.core.models import Batch
from tanfeng.console.metering import devices, engine, publishing
from tanfeng.metering.frames import READINGS
from tanfeng.periods import LOCAL

OCTOBER = Month(2025, 10)
FIRST = datetime(2025, 10, 1, tzinfo=LOCAL)
#: Slots of a register that starts in time and ends in time.
WHOLE = 31 * 96
CLOSED_AT = datetime(2025, 11, 5, 1, tzinfo=UTC)


def hang(user, organisation, point, multiplier=400.0, **changes):
    """Register a meter at a point and hang its device on the first of October."""
    one = meter(
        user, organisation, point=point, meter_no=f"N-{point}", serial_no=f"S-{point}",
        multiplier=multiplier, **changes,
    )  # fmt: skip
    devices.hang(user, one, serial_no=f"S-{point}", installed_at=FIRST, opening=0.0)
    publishing.publish_stale()
    return one


def read(point, first=0, last=WHOLE, step=1.0, batch="b", received=FIRST + timedelta(days=33)):
    """Append readings of a register that moves by ``step`` a quarter hour."""
    places = range(first, last + 1)
    frame = pl.DataFrame(
        {
            "point": [point] * len(places),
            "time": [FIRST + timedelta(minutes=15 * place) for place in places],
            "value": [place * step for place in places],
            "quality": [0] * len(places),
            "source": ["test"] * len(places),
            "received": [received] * len(places),
            "batch": [batch] * len(places),
        },
        schema=READINGS,
    )
    engine.store().append(frame, batch=f"{point}-{batch}")


def report(user, organisation, item="electricity", **quantities):
    """Write what the enterprise reported of October."""
    batch = Batch.objects.create(
        form_key="monthly_energy", file_name="十月.xlsx", sha256="1" * 64, size_bytes=1,
        status=Batch.Status.COMMITTED, uploaded_by=user, scope=user.scope_key,
    )  # fmt: skip
    return EnergyRecord.objects.create(
        organisation=organisation, year=2025, month=10, item_key=item, batch=batch, source_row=3,
        known_from=datetime(2025, 11, 1, tzinfo=UTC), **quantities,
    )  # fmt: skip


def closed_month(organisation, user, batch, words, amount):
    """Return a close of October as the doors name it, written down without any reading."""
    close = MonthClose.objects.create(
        organisation=organisation, year=2025, month=10, batch=batch, closed_by=user,
        closed_at=CLOSED_AT, line_count=1, limit=0.05,
    )  # fmt: skip
    CloseLine.objects.create(
        close=close, item_key="electricity", metered=amount * 1e4, meter_unit="kWh",
        completeness=1.0, estimated_share=0.0, closed_qty=amount, tier="measured", remark=words,
        points=[],
    )  # fmt: skip
    return {"month_close": close}
