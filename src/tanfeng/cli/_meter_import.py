"""``tanfeng meter import`` and ``tanfeng meter drop``: files of readings into the store."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._home import FINDINGS, fail
from tanfeng.cli._lang import InLang, Lang, pick, spoken
from tanfeng.cli._meter_home import (
    AsJson,
    Home,
    Metering,
    now,
    open_metering,
    progress,
    tell,
    told,
)
from tanfeng.cli._output import plain

if TYPE_CHECKING:
    from tanfeng.errors import Problem

Create = Annotated[
    bool,
    typer.Option("--create", help="Make points nobody registered: cumulative kWh registers."),
]


@dataclass(slots=True)
class Imported:
    """What became of one file.

    Parameters
    ----------
    file : str
        Its name.
    rows, refused : int
        Rows of the file, and readings left out.
    added : int
        Readings that are new in the store.
    already : bool
        The same file had come before.
    created : list of str
        Points that were made.
    problems : tuple of Problem
        Everything found.
    taken : bool
        Whether its good rows were taken at all.
    """

    file: str
    rows: int = 0
    refused: int = 0
    added: int = 0
    already: bool = False
    created: list[str] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()
    taken: bool = False

    @property
    def fine(self) -> bool:
        """True when nothing has to be mended."""
        return not any(problem.severity == "error" for problem in self.problems)

    def facts(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "file": self.file,
            "taken": self.taken,
            "rows": self.rows,
            "refused": self.refused,
            "added": self.added,
            "already": self.already,
            "created": self.created,
            "problems": [plain(problem) for problem in self.problems],
        }

    def line(self) -> str:
        """Return it as a sentence."""
        if not self.taken:
            return pick(f"{self.file}：未导入", f"{self.file}: not imported")
        if self.already:
            return pick(
                f"{self.file}：此前已导入，没有变化",
                f"{self.file}: imported before, nothing changed",
            )
        made = len(self.created)
        return pick(
            f"{self.file}：{self.rows} 行，新增读数 {self.added} 条"
            + (f"，新建计量点 {made} 个" if made else "")
            + (f"；未导入 {self.refused} 条" if self.refused else ""),
            f"{self.file}: {self.rows} rows, {self.added} readings added"
            + (f", {made} points made" if made else "")
            + (f"; {self.refused} left out" if self.refused else ""),
        )


def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="CSV, JSON or Parquet files."),
    ],
    home: Home = Path("tanfeng-home"),
    create: Create = False,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Bring files of readings in; bad rows are listed, the same file twice is once.

    Columns are point, time and value, and quality if there is one, under their Chinese or English
    names; or time and then a column per point. Times without zone are local.
    """
    metering = open_metering(home, must_exist=False)
    results = []
    with progress(sum(f.stat().st_size for f in files), pick("导入读数", "readings")) as bar:
        for file in files:
            with told():
                results.append(take(metering, file, create=create))
            bar.advance(file.stat().st_size)
    if as_json:
        facts = {"files": [one.facts() for one in results], "added": sum(r.added for r in results)}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        for one in results:
            tell(one.problems)
            typer.echo(one.line())
    if not all(one.fine for one in results):
        raise typer.Exit(FINDINGS)


def take(metering: Metering, file: Path, *, create: bool) -> Imported:
    """Bring one file in.

    A file with points nobody registered is refused whole: were its other rows taken, the same file
    would count as imported when it comes again after the points are made.
    """
    from tanfeng.errors import DataError
    from tanfeng.gateway import formats

    done = Imported(file.name)
    points = metering.register.points()
    virtual = points.filter(points["expression"].is_not_null())["point"]
    known = set(points["point"]) - set(virtual)
    try:
        content = file.read_bytes()
        parsed = formats.read(
            content,
            received=now(),
            source=file.name,
            batch=formats.digest(content),
            known_points=None if create else known,
        )
    except DataError as refused:
        done.problems = refused.problems
        return done
    except OSError as error:
        done.problems = (formats.unreadable(str(error.strerror)),)
        return done
    done.problems, done.rows, done.refused = parsed.problems, parsed.rows, parsed.refused
    if any(problem.rule == "G012" for problem in parsed.problems):
        done.problems = (*parsed.problems, formats.hint_create())
        return done
    named = parsed.readings["point"].unique().sort()
    if wrong := sorted(set(named) & set(virtual)):
        done.problems = (*parsed.problems, *map(formats.of_virtual, wrong))
        return done
    done.taken = True
    if new := sorted(set(named) - known):
        import polars as pl

        from tanfeng.metering.register import spacing

        made = spacing(parsed.readings.filter(pl.col("point").is_in(new)))
        made = made.with_columns(origin=pl.lit("import"))
        metering.register.put(points=made, recorded=now())
        done.created = new
    # Rows that were refused may be taken another day, when the clock has come to them.
    batch = formats.digest(content) + (f"-{parsed.refused}" if parsed.refused else "")
    appended = metering.store.append(parsed.readings, batch=batch)
    done.added, done.already = appended.rows, appended.already
    return done


def drop(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="Folder in which files are dropped."),
    ],
    home: Home = Path("tanfeng-home"),
    create: Create = False,
    every: Annotated[
        float, typer.Option(min=0, help="Look again after so many seconds; 0 looks once.")
    ] = 0.0,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Bring in every file of a folder, then move it to done/ or refused/ with a report beside it.

    A file with some bad rows goes to refused/ too, its good rows taken; the report lists the rest.
    """
    metering = open_metering(home, must_exist=False)
    while True:
        results = _sweep(metering, folder, create=create)
        for one in results:
            said = json.dumps(one.facts(), ensure_ascii=False) if as_json else one.line()
            typer.echo(said)
        if not every:
            break
        try:
            time.sleep(every)
        except KeyboardInterrupt:
            return
    if not all(one.fine for one in results):
        raise typer.Exit(FINDINGS)


def _sweep(metering: Metering, folder: Path, *, create: bool) -> Sequence[Imported]:
    """Take what lies in the folder, the oldest first."""
    from tanfeng.errors import TanfengError
    from tanfeng.gateway.drop import settled

    results = []
    for path in settled(folder):
        try:
            done = take(metering, path, create=create)
        except TanfengError as error:  # it stays where it is, for the next look
            typer.echo(f"{path.name}: {error.message(spoken())}", err=True)
            continue
        _put_away(path, done)
        results.append(done)
    return results


def _put_away(path: Path, done: Imported) -> None:
    from tanfeng.gateway.drop import put_away

    lines = [done.line(), *(problem.line(spoken()) for problem in done.problems)]
    try:
        put_away(path, fine=done.fine, report=lines)
    except OSError as error:
        fail(
            f"{path} 已处理，但不能移走：{error.strerror}",
            f"{path} was taken but cannot be moved away: {error.strerror}",
        )
