"""``tanfeng meter listen`` by the records: every broker and folder of the console's gateways."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tanfeng.cli._home import open_home
from tanfeng.cli._lang import pick, spoken

if TYPE_CHECKING:
    from tanfeng.console.metering.models import Gateway
    from tanfeng.errors import Problem
    from tanfeng.gateway.mqtt import Outcome

#: How often the records are asked what changed, and the folders looked into. [s]
LOOK_S = 5.0


def listen_by_records(
    home: Path, stop: threading.Event, *, ca: str, cert: str, key: str, flush_s: float
) -> None:
    """Listen where the gateways of the console say, until stopped.

    Parameters
    ----------
    home : Path
        Folder of the console.
    stop : threading.Event
        Set when it is to end.
    ca, cert, key : str
        Files of the encrypted connections.
    flush_s : float
        How often what was accepted moves into the store. [s]
    """
    open_home(home)
    from django.db import close_old_connections

    from tanfeng.console.metering import engine, listening

    intake = engine.intake()
    intake.replay()
    listener = listening.Listener(tell, files=listening.Files(ca, cert, key))
    flushed, said = time.monotonic(), (-1, -1)
    try:
        while not stop.is_set():
            close_old_connections()
            found = listener.look(), _sweep()
            if found != said:
                lines, folders = said = found
                typer.echo(
                    pick(
                        f"正在收听：消息代理 {lines} 个，投递文件夹 {folders} 个",
                        f"listening: {lines} brokers, {folders} folders",
                    ),
                    err=True,
                )
            if time.monotonic() - flushed >= flush_s:
                intake.flush()
                flushed = time.monotonic()
            stop.wait(LOOK_S)
    finally:
        listener.stop()
        intake.flush()


def _sweep() -> int:
    """Take what gateways dropped; return the folders looked into."""
    from tanfeng.console.metering import listening
    from tanfeng.gateway.drop import settled

    count = 0
    for gateway, folder in listening.folders():
        count += 1
        for path in settled(folder):
            _taken(gateway, path)
    return count


def _taken(gateway: Gateway, path: Path) -> None:
    from tanfeng.console.metering import gateways, listening
    from tanfeng.errors import TanfengError
    from tanfeng.gateway.drop import put_away
    from tanfeng.gateway.line_rules import trouble

    try:
        done = listening.take(gateway, path)
        fine = not any(problem.severity == "error" for problem in done.problems)
        said = pick(
            f"{path.name}：接收读数 {done.accepted} 条，未接收 {done.refused} 条",
            f"{path.name}: {done.accepted} readings taken, {done.refused} refused",
        )
        lang = spoken()
        put_away(path, fine=fine, report=[said, *(one.line(lang) for one in done.problems)])
    except (TanfengError, OSError) as error:  # it stays where it is, for the next look
        found = trouble("G068", path.name, reason=error)
        gateways.note_trouble([gateway.pk], found)
        typer.echo(f"{gateway} {_line(found)}", err=True)
    else:
        typer.echo(f"{gateway} {said}", err=True)


def tell(outcome: Outcome) -> None:
    """Print what is wrong with a message or a connection."""
    if outcome.error:
        typer.echo(f"{outcome.gateway} {_line(outcome.error)}".strip(), err=True)
        return
    for problem in outcome.problems:
        typer.echo(f"{outcome.gateway} {problem.line(spoken())}", err=True)


def _line(found: Problem) -> str:
    """Return what is wrong with a way in and what to do; its place is in the words."""
    return replace(found, heading="").line(spoken())
