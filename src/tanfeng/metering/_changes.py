"""What was appended since a version, read from the log and the files it names."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from tanfeng.metering._faults import ChangesForgotten
from tanfeng.metering._files import Folder
from tanfeng.metering.frames import TIME

CHANGES = pl.Schema({"point": pl.String, "first": TIME, "last": TIME, "received": TIME})


def appended(folder: Folder, since: int, until: int) -> list[str]:
    """Return the files versions after ``since`` up to ``until`` added, compactions left out.

    Raises
    ------
    ChangesForgotten
        If an entry of the log, or a file it names, was cleared away.
    """
    found: list[str] = []
    for version in range(since + 1, until + 1):
        entry = f"_delta_log/{version:020d}.json"
        content = folder.read(entry)
        if content is None:
            raise _forgotten(folder, since, entry)
        for line in content.decode().splitlines():
            added = json.loads(line).get("add")
            if added is not None and added["dataChange"]:
                found.append(unquote(added["path"]))
    gone = next((path for path in found if not folder.has(path)), None)
    if gone is not None:
        raise _forgotten(folder, since, gone)
    return found


def _forgotten(folder: Folder, since: int, path: str) -> ChangesForgotten:
    return ChangesForgotten(
        f"{folder.uri}: what changed since version {since} is no longer known ({Path(path).name} "
        "was cleared away); derive everything anew with since_version=-1",
        f"{folder.uri}：版本 {since} 之后的变化已无法得知（{Path(path).name} 已被清理）；"
        "请以 since_version=-1 全部重算",
    )


def by_point(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return of each point the window its rows lie in and when the last of them came."""
    return (
        rows.group_by("point")
        .agg(
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
            pl.col("received").max(),
        )
        .collect(engine="streaming")
        .sort("point")
        .cast(dict(CHANGES))
    )
