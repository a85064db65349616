"""Addresses of data quality and alerts."""

from __future__ import annotations

from doors_kit import Door

_FILED = {"kind": "fault", "starts_on": "2026-03-01", "reason": "x"}

DOORS = {
    # An enterprise goes straight to its own page.
    "quality": Door(post={"do": "judge"}),
    "quality-of": Door(lambda world: {"code": world.code_b}),
    "outages": Door(),
    "outage": Door(lambda world: {"pk": world.outage.pk}, post={"do": "confirm", "cause": "x"}),
    "outage-filings": Door(),
    "outage-filing-new": Door(
        post=lambda world: {**_FILED, "org": world.code_b, "meters": world.meter.pk}
    ),
    "outage-filing": Door(
        lambda world: {"pk": world.outage_filing.pk}, post={"do": "accept_filing"}
    ),
    "quality-bulletins": Door(),
    # A county may issue the bulletin of its own; who may not is in test_bulletins.py.
    "quality-bulletin-new": Door(),
    "quality-bulletin": Door(lambda world: {"pk": world.bulletin.pk}),
    "quality-limits": Door(common=True, post={"rule": "repair_days", "value": "1"}),
    "quality-production": Door(
        lambda world: {"code": world.code_b},
        post={"since": "2026-03-02T08:00", "producing": "no", "reason": "x"},
    ),
    "quality-evidence": Door(lambda world: {"pk": world.quality_paper.pk}),
    "alerts": Door(post=lambda world: {"do": "acknowledge", "alert": world.alert.pk}),
    "alert": Door(lambda world: {"pk": world.alert.pk}, post={"do": "acknowledge"}),
}
