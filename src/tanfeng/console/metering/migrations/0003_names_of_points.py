"""Say whose the names of points are that stand or stood, and let the engine know of water."""

from __future__ import annotations

from typing import Any

from django.db import migrations

_AT_ONCE = 2000


def _names(apps: Any, _schema: Any) -> None:
    meters = apps.get_model("metering", "Meter").objects
    names = apps.get_model("metering", "OwnedPoint")
    versions = apps.get_model("metering", "MeterVersion").objects
    standing = meters.filter(point__isnull=False).order_by("pk")
    found = {
        one.point: names(
            point=one.point, organisation_id=one.organisation_id, meter_id=one.pk,
            taken_at=one.entered_at,
        )
        for one in standing.iterator(chunk_size=_AT_ONCE)
    }  # fmt: skip
    # The newest meter that let go of a name had it last.
    let_go = versions.filter(changes__has_key="point").select_related("meter").order_by("-pk")
    for version in let_go.iterator(chunk_size=_AT_ONCE):
        point = version.changes["point"][0]
        if point and point not in found:
            found[point] = names(
                point=point, organisation_id=version.meter.organisation_id,
                meter_id=version.meter_id, taken_at=version.meter.entered_at,
                released_at=version.changed_at, is_stale=True,
            )  # fmt: skip
    names.objects.bulk_create(found.values(), batch_size=_AT_ONCE)


def _water(apps: Any, _schema: Any) -> None:
    meters = apps.get_model("metering", "Meter").objects
    meters.filter(item_key="fresh_water").update(item_key="water")
    meters.filter(item_key="water", point__isnull=False).update(is_stale=True)


class Migration(migrations.Migration):
    """Fill what 0002 made room for."""

    dependencies = [("metering", "0002_ways_in")]

    operations = [
        migrations.RunPython(_names, migrations.RunPython.noop),
        migrations.RunPython(_water, migrations.RunPython.noop),
    ]
