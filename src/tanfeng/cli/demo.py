"""``tanfeng demo``: build the demonstration city in a home folder."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._database import usable
from tanfeng.cli._home import open_home
from tanfeng.cli._lang import InLang, Lang

if TYPE_CHECKING:
    from rich.console import Console

    from tanfeng.demo.build import Built

app = typer.Typer(help="Build the demonstration city in a home folder.", add_completion=False)

_STOPPED = 130
_WORDS = {
    "there": ("{0} 已有数据，未作改动。", "{0} already has data; nothing was changed."),
    "refused": (
        "{0} 已有数据。请换一个目录，或加 --if-empty 表示保留。",
        "{0} already has data. Choose another folder, or say --if-empty to keep it.",
    ),
    "database": (
        "DATABASE_URL 指向的数据库已有数据，未作改动。",
        "The database of DATABASE_URL already has data; nothing was changed.",
    ),
    "busy": ("另一个进程正在建立 {0}。", "Another process is building {0}."),
    "stopped": ("已停止，未留下任何内容。", "Stopped; nothing was left behind."),
    "few": ("至少需要 {0} 家企业。", "At least {0} enterprises are needed."),
    "done": (
        "演示城市已建成：{0}（{1:.0f} 秒）",
        "The demonstration city stands in {0} ({1:.0f} s)",
    ),
    "sectors": ("{0} 年直接排放（演示数据）", "Direct CO2 in {0} (demonstration data)"),
    "accounts": (
        "演示账户（也在 {0}，仅本人可读）",
        "Demonstration accounts (also in {0}, readable by you alone)",
    ),
    "next": (
        "下一步：tanfeng serve --home {0}",
        "Next: tanfeng serve --home {0}",
    ),
}
_FACTS = (
    ("企业", "enterprises"),
    ("能源月报行", "energy rows"),
    ("产量月报行", "output rows"),
    ("已导入文件", "files taken in"),
    ("待处理 / 已拒收的上传", "uploads waiting / refused"),
    ("植入的错误", "planted faults"),
    ("已知电厂、钢厂、风电场", "known plants"),
    ("核算轮次", "runs"),
    ("核算行", "trace lines"),
)


@app.command(help="Build the demonstration city in a home folder.")
def demo(
    home: Annotated[Path, typer.Option(help="Folder of database, uploads and runs.")] = Path(
        "tanfeng-home"
    ),
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when the home has data already.")
    ] = False,
    enterprises: Annotated[int, typer.Option(min=8, max=9000, help="How many enterprises.")] = 600,
    years: Annotated[
        int, typer.Option(min=2, max=5, help="Years of monthly forms, from 2021.")
    ] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 2025,
    lang: InLang = Lang.ZH,
) -> None:
    """Build a city in a folder beside the home and rename it when it is whole."""
    from rich.console import Console

    from tanfeng.demo import home as homes

    console = Console()

    def say(key: str, *values: object) -> str:
        return _WORDS[key][lang == Lang.EN].format(*values)

    if homes.has_data(home):
        console.print(say("there" if if_empty else "refused", home))
        raise typer.Exit(0 if if_empty else 2)
    stop = _Stop()
    stop.listen()
    started = time.monotonic()
    try:
        with homes.building(home) as draft:
            built = _build(draft, enterprises, years, seed, console, lang, stop)
            stop.check()
            if built is None:
                console.print(say("database"))
                raise typer.Exit(0 if if_empty else 2)
    except homes.Busy:
        console.print(say("busy", home))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        console.print(say("stopped"))
        raise typer.Exit(_STOPPED) from None
    console.print(say("done", home, time.monotonic() - started), style="bold green")
    _summary(built, home, console, lang)


class _Stop:
    """The wish to stop, taken up between two steps.

    Raising where the signal happens to fall breaks what runs there: an import, a query, a library
    that turns the interrupt into an error of its own or never wakes its threads again.
    """

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Answer interrupt and termination from now on."""
        # Polars takes the interrupt for itself as it is imported and lets its threads fall over
        # their work; who comes after it is heard alone.
        import polars  # noqa: F401

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self)

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)  # asked twice, it ends at once

    def check(self) -> None:
        """Stop when that was asked for."""
        if self.asked:
            raise KeyboardInterrupt


def _build(
    draft: Path,
    enterprises: int,
    years: int,
    seed: int,
    console: Console,
    lang: Lang,
    stop: _Stop,
) -> Built | None:
    """Set Django up for the draft folder and write the city; None when a server has data."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    open_home(draft, must_exist=False)
    from django.db import connections

    from tanfeng.demo import build, city

    with usable():
        if build.database_in_use():
            return None
    columns = (
        TextColumn("{task.description}", table_column=None),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=1.0)

        def progress(share: float, zh: str, en: str) -> None:
            stop.check()
            bar.update(task, completed=share, description=en if lang == Lang.EN else zh)

        progress(0.0, "生成企业和月报", "Drawing enterprises and forms")
        drawn = city.draw(enterprises, 12 * years, seed)
        progress(0.02, "建立数据库", "Creating the database")
        with usable():
            build.prepare()
        built = build.write(drawn, draft, progress)
        progress(1.0, "完成", "Done")
    build.settle()
    connections.close_all()
    return built


def _summary(built: Built, home: Path, console: Console, lang: Lang) -> None:
    """Print what stands there now."""
    from rich.table import Table

    from tanfeng.demo import accounts, build

    english = lang == Lang.EN
    values: tuple[Any, ...] = (
        built.city.firms.height,
        built.energy_rows,
        built.output_rows,
        built.files,
        f"{built.waiting} / {built.refused}",
        built.faults.height,
        built.plants,
        len(built.runs),
        built.runs[-1].line_count,
    )
    facts = Table.grid(padding=(0, 2))
    for (zh, en), value in zip(_FACTS, values, strict=True):
        facts.add_row(en if english else zh, f"{value:,}" if isinstance(value, int) else value)
    console.print(facts)
    sectors = Table(
        title=_WORDS["sectors"][english].format(built.city.years[-1]), title_justify="left"
    )
    for heading in (("行业", "Sector"), ("万吨 CO₂", "10⁴ t CO₂"), ("企业", "Enterprises")):
        sectors.add_column(heading[english], justify="left" if heading[0] == "行业" else "right")
    for name, emission, count in build.sectors(built, english=english):
        shown = "—" if emission is None else f"{emission / 1e4:,.1f}"
        sectors.add_row(name, shown, str(count))
    console.print(sectors)
    people = Table(
        title=_WORDS["accounts"][english].format(home / accounts.FILE_NAME), title_justify="left"
    )
    people.add_column(("账户", "Account")[english], no_wrap=True)
    people.add_column(("密码", "Password")[english], no_wrap=True)
    people.add_column(("身份", "Who")[english], overflow="fold")
    for account in built.accounts:
        people.add_row(account.username, account.password, account.display_name)
    console.print(people)
    console.print(_WORDS["next"][english].format(home))
