"""Whose the name of a point is.

Readings are kept under the name of their point for ever. A name that was once an enterprise's is
therefore never another's: who took it would read what the first one's meter said. A meter may let
go of a name and another meter of the same enterprise take it up.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.metering.models import Meter, OwnedPoint


def is_another(point: str, organisation: Organisation) -> bool:
    """Tell whether a name is, or was, another enterprise's."""
    return OwnedPoint.objects.filter(pk=point).exclude(organisation=organisation).exists()


def follow(meter: Meter, at: datetime) -> None:
    """Write down which name a meter has now; the one it had is let go of.

    What belongs to another enterprise has been refused before.
    """
    had = OwnedPoint.objects.filter(meter=meter, released_at__isnull=True)
    if meter.point:
        had = had.exclude(pk=meter.point)
    had.update(released_at=at, is_stale=True)
    if meter.point:
        OwnedPoint.objects.update_or_create(
            pk=meter.point,
            defaults={"meter": meter, "released_at": None, "is_stale": False},
            create_defaults={
                "meter": meter, "organisation_id": meter.organisation_id, "taken_at": at,
            },
        )  # fmt: skip


def owned(points: Collection[str]) -> set[str]:
    """Return those of some names that are, or were, an enterprise's."""
    found: set[str] = set()
    for part in chunks(sorted(points), CHUNK):
        found.update(OwnedPoint.objects.filter(pk__in=part).values_list("pk", flat=True))
    return found
