"""The night's tidying of readings and kept energy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from metering.readings_kit import rows
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import engine, nightly
from tanfeng.console.metering.models import Mark

pytestmark = pytest.mark.django_db

ONE = datetime(2026, 8, 19, 17, tzinfo=UTC)  # 1:00 in Fuzhou


@pytest.fixture
def read():
    """Two batches of readings of a point nobody registered."""
    for number in range(2):
        engine.store().append(rows([("a", number, number)], received=number), batch=str(number))


def test_the_night_comes_once_a_day_in_its_hour(read, settings, monkeypatch):
    done = []
    monkeypatch.setattr(nightly, "tidy", lambda: done.append(1))

    def look(at):
        monkeypatch.setattr(nightly.timezone, "now", lambda: at)
        nightly.look()
        return len(done)

    assert look(ONE - timedelta(minutes=1)) == 0
    assert [look(ONE), look(ONE + timedelta(minutes=5)), look(ONE + timedelta(hours=26))] == [1] * 3
    assert look(ONE + timedelta(days=1)) == 2
    assert Mark.objects.filter(name="tidy").count() == 1
    settings.TIDY_HOUR = None
    assert look(ONE + timedelta(days=2)) == 2


def test_where_nothing_was_read_there_is_nothing_to_tidy():
    assert not nightly.is_due(ONE)


def test_work_that_broke_off_is_taken_up_in_the_same_hour(read, monkeypatch):
    monkeypatch.setattr(nightly.timezone, "now", lambda: ONE)
    with monkeypatch.context() as broken:
        broken.setattr(nightly, "tidy", _full)
        with pytest.raises(OSError, match="full"):
            nightly.look()
    with engine.alone(nightly._LOCK) as alone:
        assert alone is True
        nightly.look()  # somebody else is at it
        assert nightly.is_due(ONE)
    nightly.look()
    assert not nightly.is_due(ONE)
    assert len(engine.store().files()) == 1


def _full():
    raise OSError("the disk is full")


def test_files_are_put_together_and_the_log_says_so(read, monkeypatch):
    before = engine.store().readings()
    monkeypatch.setattr(nightly.timezone, "now", lambda: ONE)
    nightly.look()
    assert len(engine.store().files()) == 1
    assert engine.store().readings().equals(before)
    event = AuditEvent.objects.get(action="meter.tidy")
    assert event.detail == {"months": 1, "deleted": 0, "energy": 0}
    nightly.look()
    assert AuditEvent.objects.filter(action="meter.tidy").count() == 1
    assert nightly.rounds() is not None
