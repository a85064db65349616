"""An advance that is killed at any moment: what is kept is whole, and the next one goes on."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

import polars as pl
import pytest

from metering import settled_child
from metering.settled_kit import NOW, Home, differences, kept, simulated, window
from tanfeng.metering import _kept_files, _register_files, _settling
from tanfeng.metering._faults import StoreBusy
from tanfeng.metering.settled import Settled

KILLS = 12


class Killed(BaseException):
    """Stands for a process that is not there any more."""


@pytest.fixture(scope="module")
def week():
    return simulated(5, days=4, seed=3)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(_settling, "TAIL_POINTS", 2)
    monkeypatch.setattr(_settling, "_FIRST_POINTS", 2)
    monkeypatch.setattr(_kept_files, "_MANY", 3)


def test_stopped_at_every_touch_of_the_disk(week, tmp_path, small_parts, monkeypatch):
    home = Home(tmp_path)
    home.hang(week)
    rows = week.readings.sort("received")
    home.append(rows.head(rows.height // 2))
    home.advance()
    home.append(rows.tail(rows.height - rows.height // 2))
    home.register.put(
        points=pl.DataFrame({"point": [week.points["point"][0]], "node": ["firm-1"]}),
        recorded=NOW,
    )
    touches = stops = 0
    limit = 0

    def touched(real):
        def touch(*words, **named):
            nonlocal touches
            touches += 1
            if touches > limit:
                raise Killed
            return real(*words, **named)

        return touch

    for module, name in (
        (_kept_files, "replace"),
        (_kept_files, "sync_folder"),
        (_register_files, "_settle"),
    ):
        monkeypatch.setattr(module, name, touched(getattr(module, name)))
    monkeypatch.setattr(Path, "unlink", touched(Path.unlink))
    start, end = window(4)
    names = week.points["point"].to_list()
    while True:
        touches, limit = 0, stops + 1
        try:
            home.advance()
            break
        except Killed:
            stops += 1
            limit = 10**9
            # What is read meanwhile is whole: quarter hours and their sums tell the same.
            told = home.settled.of_points(names, "day", start, end)
            slots = home.settled.slots(names, start, end)
            assert told["amount"].sum() == pytest.approx(slots["amount"].sum(), rel=1e-12)
    assert stops > 10
    limit = 10**9
    assert differences(home.settled, home.fresh()) == {}
    home.settled.compact()
    listed = sum(len(s) for ps in home.settled._files.look().runs.values() for s in ps.values())
    files = len(list((tmp_path / "slots").rglob("*.parquet")))
    assert files <= listed + len(home.settled._files.look().doomed)  # nothing else is left lying


def test_killed_processes_lose_nothing_and_double_nothing(week, tmp_path):
    home = Home(tmp_path)
    home.hang(week)
    home.append(week.readings)
    paths = os.pathsep.join(path for path in sys.path if path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(["metering.settled_child"])
        forkserver.ensure_running()
    chance = random.Random(5)
    for _turn in range(KILLS):
        ours, theirs = forks.Pipe(duplex=False)
        child = forks.Process(target=settled_child.work, args=(str(tmp_path), theirs), daemon=True)
        child.start()
        theirs.close()
        ours.recv_bytes()  # its first part is kept
        time.sleep(chance.uniform(0, 0.3))
        child.kill()
        child.join(30)
        assert child.exitcode == -9
        ours.close()
        home.settled.slots(week.points["point"].to_list(), *window(4))
    home.advance()
    fresh = home.fresh()
    assert differences(home.settled, fresh) == {}
    assert kept(fresh)["slots"].height > 1000


def test_one_at_a_time(week, tmp_path):
    home = Home(tmp_path)
    home.hang(week)
    home.append(week.readings.head(500))
    with home.settled._files.writing():
        other = Settled(tmp_path / "slots", home.store, home.register)
        with pytest.raises(StoreBusy, match="another process is deriving"):
            other.advance(now=NOW, wait=False)
    assert home.advance(wait=False).left == 0
