"""Which files of a month to merge, and merging them without holding the month in memory.

Minute by minute flushes leave small files. Files of about the same size are merged sixteen at a
time, so a reading is rewritten three or four times until its file is large, whatever the rate. A
month that is over is laid out once more: all its files together, sorted by point, no point in more
files than it fills.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import polars as pl

from tanfeng.metering._files import FILE_ROWS, DataFile, Folder, pieces
from tanfeng.metering._readings import merged

#: Files of one size class that are merged into one, and rows of the smallest class.
FAN, SMALLEST = 16, 16_000


def crowded(files: Sequence[DataFile]) -> list[DataFile]:
    """Return the small files of a month that should become one; none where there are few.

    Parameters
    ----------
    files : sequence of DataFile
        Of one month.

    Returns
    -------
    list of DataFile
        The fullest crowded size class and everything smaller.
    """
    classes: dict[int, list[DataFile]] = {}
    for file in files:
        if file.rows < FILE_ROWS // 2:
            classes.setdefault(_class(file.rows), []).append(file)
    full = [number for number, members in classes.items() if len(members) >= FAN]
    if not full:
        return []
    return [file for number, some in classes.items() if number <= max(full) for file in some]


def _class(rows: int) -> int:
    number = 0
    while rows >= SMALLEST:
        rows, number = rows // FAN, number + 1
    return number


def unsettled(files: Sequence[DataFile]) -> list[DataFile]:
    """Return all files of a month unless they are sorted one after the other already."""
    ordered = sorted(files, key=lambda file: (file.first_point, file.last_point, file.first_time))
    mixed = any(_mixed(one, following) for one, following in pairwise(ordered))
    fewest = -(-sum(file.rows for file in files) // FILE_ROWS)
    return ordered if mixed or len(files) > fewest + fewest // 4 else []


def _mixed(one: DataFile, following: DataFile) -> bool:
    """Tell whether a point stands in both files, unless it fills more than one."""
    cut = one.first_point == following.last_point and one.last_time < following.first_time
    return one.last_point >= following.first_point and not cut


def rewritten(folder: Folder, month: str, files: Sequence[DataFile]) -> Iterator[DataFile]:
    """Write the rows of some files anew, sorted, and yield the new files.

    Parameters
    ----------
    folder : Folder
    month : str
        Partition of the files.
    files : sequence of DataFile
        Their rows are read one range of points at a time; rows equal in every column become one.
    """
    rows = folder.scan([folder.full(file.path) for file in files])
    if sum(file.rows for file in files) <= FILE_ROWS:
        yield folder.write(merged(rows.collect()), month)
        return
    for first, last in _ranges(rows):
        inside = rows.filter(pl.col("point").is_between(pl.lit(first), pl.lit(last)))
        for piece in pieces(merged(inside.collect())):
            yield folder.write(piece, month)


def _ranges(rows: pl.LazyFrame) -> Iterator[tuple[str, str]]:
    """Yield first and last point of ranges that fill a file each."""
    counts = rows.group_by("point").len("rows").collect(engine="streaming").sort("point")
    filled = 0
    first = last = None
    for point, count in counts.iter_rows():
        if first is not None and last is not None and filled + count > FILE_ROWS:
            yield first, last
            first, filled = None, 0
        first, last, filled = first if first is not None else point, point, filled + count
    if first is not None and last is not None:
        yield first, last
