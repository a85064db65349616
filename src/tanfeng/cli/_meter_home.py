"""The metering of a home folder for a command: register and readings, without database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._home import fail
from tanfeng.cli._lang import graded, pick, spoken

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.errors import Problem
    from tanfeng.metering.register import Register
    from tanfeng.metering.store import Store

#: Findings printed per file; --json has all.
MOST_LINES = 100
#: How a moment may be written as an option; without zone it is local.
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]

Home = Annotated[Path, typer.Option(help="Home folder; readings and register lie in metering/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
ToCsv = Annotated[
    Path | None, typer.Option("--csv", dir_okay=False, help="Write a CSV file instead.")
]
From = Annotated[
    datetime | None, typer.Option("--from", formats=MOMENTS, help="First moment, local time.")
]
To = Annotated[
    datetime | None,
    typer.Option("--to", formats=MOMENTS, help="End, local time; itself not part of it."),
]
KnownOn = Annotated[
    datetime | None,
    typer.Option("--known-on", formats=MOMENTS, help="As it was known then; a day to its end."),
]


@dataclass(frozen=True, slots=True)
class Metering:
    """What lies in ``metering/`` of a home.

    Parameters
    ----------
    folder : Path
        The folder itself.
    register : Register
        Points, meters, tree.
    store : Store
        Readings.
    """

    folder: Path
    register: Register
    store: Store

    def flush(self) -> None:
        """Store what gateways sent and the intake still holds."""
        intake = self.folder / "intake"
        if intake.is_dir():
            from tanfeng.metering.intake import Intake

            with told():
                Intake(intake, self.store).flush()


def open_metering(home: Path, *, must_exist: bool = True) -> Metering:
    """Open the metering of a home folder; nothing is made before something is written."""
    from tanfeng.metering.place import readings_place
    from tanfeng.metering.register import Register
    from tanfeng.metering.store import Store

    folder = home.resolve() / "metering"
    if must_exist and not folder.is_dir():
        fail(
            f"{home} 中还没有计量数据；可导入读数文件："
            f"tanfeng meter import 文件 --home {home} --create",
            f"{home} holds no metering yet; bring readings in with: "
            f"tanfeng meter import FILE --home {home} --create",
        )
    with told():
        place = readings_place(folder, os.environ)
    return Metering(folder, Register(folder), Store(place.uri, place.storage_options))


@contextmanager
def told() -> Iterator[None]:
    """End with a sentence, not with a traceback, when the engine says no."""
    from tanfeng.errors import TanfengError

    try:
        yield
    except TanfengError as error:
        fail(error.message("zh"), error.message("en"))


def now() -> datetime:
    """Return the moment it is."""
    return datetime.now(UTC)


def moment(given: datetime | None) -> datetime | None:
    """Read an option of a moment: without zone it is local."""
    from tanfeng.periods import LOCAL

    return None if given is None else given.replace(tzinfo=LOCAL)


def known_on(given: datetime | None) -> datetime | None:
    """Read an option of what was known: a day counts to its end."""
    from datetime import timedelta

    at = moment(given)
    whole_day = at is not None and (at.hour, at.minute, at.second) == (0, 0, 0)
    return at + timedelta(days=1, microseconds=-1) if at is not None and whole_day else at


def local_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Write every time of a frame as local ISO text with its offset."""
    import polars as pl

    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    return frame.with_columns(
        (pl.col(name).dt.offset_by("8h").dt.strftime("%Y-%m-%dT%H:%M:%S") + "+08:00")
        for name in times
    )


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame for people and spreadsheets, and say so."""
    try:
        local_text(frame).write_csv(path)
    except OSError as error:
        fail(f"不能写入 {path}：{error}", f"{path} cannot be written: {error}", 2)
    typer.echo(
        pick(f"已写入 {path}：{frame.height} 行", f"wrote {path}: {frame.height} rows"), err=True
    )


def tell(problems: Iterable[Problem]) -> None:
    """Print findings to the error stream, the first of many."""
    listed = list(problems)
    for problem in listed[:MOST_LINES]:
        typer.echo(f"{graded(problem.severity)}: {problem.line(spoken())}", err=True)
    if len(listed) > MOST_LINES:
        more = len(listed) - MOST_LINES
        typer.echo(pick(f"另有 {more} 条，见 --json", f"{more} more, see --json"), err=True)


@contextmanager
def progress(total: int, label: str) -> Iterator[ProgressBar]:
    """Show how far a long piece of work is, where somebody looks."""
    bar = ProgressBar(label, total, shown=sys.stderr.isatty() and total > 1)
    try:
        yield bar
    finally:
        bar.close()


class ProgressBar:
    """A bar on the error stream, or nothing where that is no terminal."""

    def __init__(self, label: str, total: int, *, shown: bool) -> None:
        self._bar = None
        if shown:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(label, total=total)
            self._bar.start()

    def advance(self, steps: int) -> None:
        """Go on by so many steps."""
        if self._bar is not None:
            self._bar.advance(self._task, steps)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
