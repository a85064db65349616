"""A thread that looks now and then: it goes on after a failure, and ends when it is told."""

from __future__ import annotations

import threading

from tanfeng.console.core.rounds import Rounds


def test_a_failure_does_not_end_the_rounds(caplog):
    seen, enough = [], threading.Event()

    def look():
        seen.append(threading.current_thread().name)
        if len(seen) == 1:
            raise ValueError("the first fails")
        enough.set()

    rounds = Rounds("look", look, 0.01).start()
    assert enough.wait(10)
    rounds.stop()
    count = len(seen)
    assert set(seen) == {"look"}
    assert not rounds._thread.is_alive()
    assert len(seen) == count
    assert "look: the next round tries again" in caplog.text
