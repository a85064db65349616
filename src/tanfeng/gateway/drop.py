"""Files dropped into a folder: which may be read, and where they go with a report beside them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

#: A file somebody may still be writing is left for the next look. [s]
SETTLED_S = 2.0


def settled(folder: Path) -> list[Path]:
    """Return the files of a folder nobody writes any more, the oldest first.

    Parameters
    ----------
    folder : Path
        Where files are dropped; hidden and half-written ones (``.part``, ``.tmp``) are left.
    """
    waiting = [path for path in folder.iterdir() if path.is_file() and path.name[0] not in ".~"]
    waiting = [path for path in waiting if path.suffix not in (".part", ".tmp")]
    before = time.time() - SETTLED_S
    dated = sorted((path.stat().st_mtime, path.name, path) for path in waiting)
    return [path for changed, _name, path in dated if changed <= before]


def put_away(path: Path, *, fine: bool, report: Iterable[str]) -> Path:
    """Write the report, then move the file: a file without report was not looked at.

    Parameters
    ----------
    path : Path
        The file.
    fine : bool
        Whether it goes to ``done/`` or to ``refused/`` beside it.
    report : iterable of str
        Lines of the report.

    Returns
    -------
    Path
        Where it is now; a name that is taken gets a number.

    Raises
    ------
    OSError
        If the disk refuses; the file stays where it was.
    """
    folder = path.parent / ("done" if fine else "refused")
    folder.mkdir(exist_ok=True)
    target, n = folder / path.name, 1
    while target.exists():
        target, n = folder / f"{path.stem}.{n}{path.suffix}", n + 1
    beside = target.with_name(target.name + ".txt")
    beside.write_text("\n".join(report) + "\n", encoding="utf-8")
    path.rename(target)
    return target
