"""The newest reading of every point, kept with its meter so that no list asks the store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
from django.db import connection, transaction

from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.metering.models import Meter


def write_latest(latest: pl.DataFrame) -> None:
    """Keep the newest reading of each point with its meter; an older one changes nothing.

    Parameters
    ----------
    latest : polars.DataFrame
        ``point``, ``time``, ``value``, ``quality``; one row per point.
    """
    newest = {row["point"]: row for row in latest.iter_rows(named=True)}
    table = Meter._meta.db_table
    sql = (
        f"UPDATE {table} SET last_time = %s, last_value = %s, last_quality = %s, "  # noqa: S608
        "late_after = %s WHERE id = %s AND (last_time IS NULL OR last_time <= %s)"
    )
    moment = connection.ops.adapt_datetimefield_value
    for part in chunks(sorted(newest), CHUNK):
        rows: list[tuple[Any, ...]] = []
        known = Meter.objects.filter(point__in=part).order_by()
        for pk, point, interval_s in known.values_list("pk", "point", "interval_s"):
            one = newest[point]
            late = one["time"] + timedelta(seconds=2 * interval_s)
            at = moment(one["time"])
            rows.append((at, one["value"], one["quality"], moment(late), pk, at))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, rows)
