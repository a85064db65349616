"""SIGKILL at any moment of intake, flush and compaction: what was acknowledged is there, once."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from multiprocessing import forkserver

import polars as pl
import pytest

from metering.kill_child import ACCEPTING, COMPACTING, DONE, FLUSHING, ROWS, work
from tanfeng.metering.intake import Intake
from tanfeng.metering.store import Store

HOMES, ROUNDS, CHILDREN = 5, 5, 2
#: Moments at which children were killed, over all homes.
PHASES: Counter[bytes] = Counter()


@pytest.fixture(scope="module")
def context():
    # The server of forks looks for what it loads beforehand where Python itself does.
    paths = os.pathsep.join(path for path in sys.path if path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(["metering.kill_child"])
        forkserver.ensure_running()
    return forks


def killed_after(context, home, points, seconds):
    """Run a child per point, kill all of them, return what was acknowledged to whom."""
    pipes = [context.Pipe(duplex=False) for _ in points]
    children = [
        context.Process(target=work, args=(home, point, theirs), daemon=True)
        for point, (_, theirs) in zip(points, pipes, strict=True)
    ]
    for child in children:
        child.start()
    for _, theirs in pipes:
        theirs.close()
    heard = [[ours.recv_bytes()] for ours, _ in pipes]  # all of them have begun
    time.sleep(seconds)
    for child in children:
        child.kill()
    for child, (ours, _), messages in zip(children, pipes, heard, strict=True):
        child.join(10)
        assert child.exitcode == -9, "the child ended before it was killed"
        try:
            while True:
                messages.append(ours.recv_bytes())
        except EOFError:
            ours.close()
        PHASES[[one for one in messages if not one.startswith(DONE)][-1]] += 1
    return [one[1:].decode() for messages in heard for one in messages if one.startswith(DONE)]


def test_killed_processes_lose_nothing_and_double_nothing(context, tmp_path):
    for number in range(HOMES):
        home = tmp_path / str(number)
        home.mkdir()
        chance = random.Random(number)
        acknowledged = []
        for turn in range(ROUNDS):
            points = [f"{turn}.{child}" for child in range(CHILDREN)]
            delay = chance.uniform(0.02, 0.35)
            acknowledged += killed_after(context, str(home), points, delay)
        everything_is_there_once(home, set(acknowledged))
    assert PHASES.total() == HOMES * ROUNDS * CHILDREN >= 50
    assert min(PHASES[phase] for phase in (ACCEPTING, FLUSHING, COMPACTING)) >= 3, PHASES


def everything_is_there_once(home, acknowledged):
    store = Store(home / "readings")
    intake = Intake(home / "intake", store)
    intake.replay()
    assert intake.waiting() == 0
    raw = pl.scan_parquet(list(store.files()), hive_partitioning=False).collect()
    each = raw.group_by("batch").agg(pl.len(), pl.col("time").n_unique().alias("times"))
    assert set(each["len"]) == {ROWS} == set(each["times"])
    assert acknowledged
    assert acknowledged <= set(each["batch"])
    # One batch of each child may have been written and its acknowledgement killed.
    assert each.height - len(acknowledged) <= ROUNDS * CHILDREN
    store.compact(settle=True)
    assert store.readings().height == raw.height
