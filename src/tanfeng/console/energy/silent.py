"""Meters that are registered and have not sent anything yet: not known, which is not nothing.

The engine expects readings of a point from its first one on. In a balance a meter that never sent
would so look like a process without one, and what flows through it like a loss.
"""

from __future__ import annotations

import polars as pl

from tanfeng.console.archive.models import Organisation
from tanfeng.console.energy.figures import AMOUNTS, SLOTS, summed
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering.models import Meter
from tanfeng.metering._tree import counted, current
from tanfeng.metering.frames import SLOT_S


def points_of(firm: Organisation) -> list[str]:
    """Return the points of an enterprise that never sent.

    Parameters
    ----------
    firm : Organisation
        Whose.
    """
    rows = Meter.objects.filter(
        organisation=firm, point__isnull=False, last_time__isnull=True, withdrawn_at__isnull=True
    )
    return sorted(str(point) for point in rows.values_list("point", flat=True))


def added(
    of_points: pl.DataFrame, of_nodes: pl.DataFrame, points: pl.DataFrame, span: Span
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return sums in which points that never sent are missing for the whole span.

    Parameters
    ----------
    of_points, of_nodes : polars.DataFrame
        As of :func:`tanfeng.console.energy.figures.summed`, by point or node and item.
    points : polars.DataFrame
        Rows of the engine's register: those that never sent.
    span : Span
        Of the sums.

    Returns
    -------
    tuple of polars.DataFrame
        The same with a row for each of them, and for the nodes they count at.
    """
    lacking = current(points).join(of_points, on="point", how="anti")
    if lacking.is_empty():
        return of_points, of_nodes
    slots = int((span.end - span.start).total_seconds()) // SLOT_S
    blank = {name: pl.lit(None, pl.Float64) for name in AMOUNTS}
    missing = {name: pl.lit(0, pl.Int64) for name in SLOTS} | {
        name: pl.lit(slots, pl.Int64) for name in ("slots_due", "slots_missing")
    }

    def rows(frame: pl.DataFrame, key: str) -> pl.DataFrame:
        made = frame.select(key, "item_key", unit="base_unit", **blank, **missing)
        return made.with_columns(completeness=pl.lit(0.0))

    main = counted(lacking)
    both = pl.concat([of_nodes, rows(main, "node").select(of_nodes.columns)])
    return (
        pl.concat([of_points, rows(lacking, "point").select(of_points.columns)]),
        summed(both, ["node", "item_key"]),
    )
