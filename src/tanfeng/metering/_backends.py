"""Readings as a table of an Ibis backend: the same few files, opened the way each engine can.

The Delta readers of the engines are not used: DuckDB's must be fetched from the network, and both
would list the table again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.metering._faults import StoreError
from tanfeng.metering._files import DataFile, Folder
from tanfeng.metering.frames import READINGS

if TYPE_CHECKING:
    import ibis

#: Above so many points a join is cheaper than a list in the condition.
_LISTED = 100
#: What Spark would take for a pattern in the name of a folder.
_PATTERN = re.compile(r"[][{}*?\\]")


def window(
    con: Any,
    folder: Folder,
    files: Sequence[DataFile],
    points: Collection[str] | None,
    start: datetime | None,
    end: datetime | None,
    known: datetime | None,
) -> ibis.Table:
    """Return the rows of some files that lie in a window, as a table of the backend."""
    try:
        opened = _OPEN[con.name]
    except KeyError:
        raise StoreError(
            f"readings cannot be opened with {con.name}; use one of {', '.join(_OPEN)}",
            f"无法用 {con.name} 打开读数；可用：{'、'.join(_OPEN)}",
        ) from None
    if not files:
        return _small(con, pl.DataFrame(schema=READINGS))
    table = opened(con, folder, files).select(*READINGS)
    if points is not None:
        table = _of(con, table, sorted(set(points)))
    if start is not None:
        table = table.filter(table.time >= start)
    if end is not None:
        table = table.filter(table.time < end)
    if known is not None:
        table = table.filter(table.received <= known)
    return table


def _of(con: Any, table: ibis.Table, points: list[str]) -> ibis.Table:
    if len(points) <= _LISTED:
        return table.filter(table.point.isin(points))
    wanted = _small(con, pl.DataFrame({"point": points}))
    inside = table.filter(table.point.between(points[0], points[-1]))
    return inside.semi_join(wanted, "point")


def _small(con: Any, frame: pl.DataFrame) -> ibis.Table:
    from tanfeng.metering._engines import beside

    return beside(con, frame)


def _duckdb(con: Any, folder: Folder, files: Sequence[DataFile]) -> ibis.Table:
    import ibis
    from ibis.formats.polars import PolarsSchema

    if folder.local:
        paths = [folder.full(file.path) for file in files]
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        # Read in the question itself: con.read_parquet leaves a view behind for every call.
        table: ibis.Table = con.sql(
            f"SELECT {', '.join(READINGS)} "  # noqa: S608 - names of files of the log
            f"FROM read_parquet([{listed}], hive_partitioning = false)",
            schema=PolarsSchema.to_ibis(READINGS),
        )
        return table
    return ibis.memtable(folder.dataset(files))


def _pyspark(con: Any, folder: Folder, files: Sequence[DataFile]) -> ibis.Table:
    from tanfeng.metering._on_spark import spark_table

    # Looked up as plain files the folder month=2026-11 does not become a column.
    reader = con._session.read.option("recursiveFileLookup", "true")
    # A bare path would be looked for in the cluster's own file system.
    root = "file://" if folder.local else ""
    paths = (_PATTERN.sub(r"\\\g<0>", root + folder.full(file.path)) for file in files)
    return spark_table(con, reader.parquet(*paths))


_OPEN: Mapping[str, Callable[[Any, Folder, Sequence[DataFile]], ibis.Table]] = {
    "duckdb": _duckdb,
    "pyspark": _pyspark,
}
