"""Counts of a minute that several processes share."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tanfeng.gateway import throttle
from tanfeng.gateway.throttle import Throttle


class Clock:
    def __init__(self):
        self.now = 600.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def made(tmp_path, clock):
    """Return counters of one file, as so many processes would have them."""
    opened = []

    def make(path=tmp_path / "new" / "limits"):
        opened.append(Throttle(lambda: path, clock=clock))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_two_processes_count_together(made):
    one, other = made(), made()
    assert [one.over("a", 3), other.over("a", 3), one.over("a", 3)] == [False] * 3
    assert not other.full("a")
    assert other.over("a", 3)
    assert one.full("a")
    assert not one.over("b", 3)
    assert not one.full("nobody")


def test_a_new_minute_begins_anew(made, clock):
    one = made()
    assert one.over("a", 5, 6)
    assert one.full("a")
    assert one.wait() == "60"
    clock.now += 59
    assert (one.full("a"), one.wait()) == (True, "1")
    clock.now += 1
    assert not one.full("a")
    assert not one.over("a", 5, 5)


def test_more_names_than_there_is_room_for_are_counted_apart(made, clock, monkeypatch):
    monkeypatch.setattr(throttle, "PLACES", 4)
    monkeypatch.setattr(throttle, "TRIED", 4)
    one = made()
    for name in "abcdefgh":
        assert not one.over(name, 1)
    for name in "abcdefgh":
        assert one.over(name, 1), "the second is too much, wherever it is counted"
        assert one.full(name)
    clock.now += 60
    for name in "hgfedcba":
        assert not one.full(name)
        assert not one.over(name, 1)


def test_without_a_file_a_process_counts_for_itself(made, tmp_path, caplog, clock):
    (tmp_path / "file").write_text("x")
    one = made(tmp_path / "file" / "limits")
    assert not one.over("a", 1)
    assert one.over("a", 1)
    assert one.full("a")
    assert "by each process for itself" in caplog.text
    clock.now += 60
    assert not one.over("a", 1)


def test_the_file_may_move(made, tmp_path):
    where = [tmp_path / "one"]
    one = Throttle(lambda: where[0])
    assert not one.over("a", 1)
    where[0] = tmp_path / "two"
    assert not one.over("a", 1)
    one.close()


_CHILD = """
import sys
from pathlib import Path
from tanfeng.gateway.throttle import Throttle
one = Throttle(lambda: Path(sys.argv[1]), clock=lambda: 600.0)
for _ in range(2000):
    one.over("a", 8000)
"""


def test_nothing_is_lost_between_processes(made, tmp_path):
    path = tmp_path / "limits"
    children = [subprocess.Popen([sys.executable, "-c", _CHILD, str(path)]) for _number in range(4)]
    assert [one.wait(60) for one in children] == [0] * 4
    # 4 x 2,000 are as many as may be; one more is not.
    counter = made(path)
    assert not counter.full("a")
    assert counter.over("a", 8_000)
