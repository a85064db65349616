"""Readings through a real Mosquitto: kept before they are acknowledged, never lost, once each."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import polars as pl
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from cli_process import environment
from services.mosquitto import Mosquitto
from tanfeng.gateway.mqtt import Broker, Subscriber
from tanfeng.metering.intake import Intake, IntakeFull
from tanfeng.metering.store import Store

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
BOUND = {"g1": {"P1", "P2"}, "g2": {"P9"}}


@pytest.fixture
def mosquitto(tmp_path):
    broker = Mosquitto(tmp_path).start()
    yield broker
    broker.stop()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "metering"


class _Here:
    """A subscriber on a home, and what it reported."""

    def __init__(self, mosquitto, home, accept=None):
        self.intake = Intake(home / "intake", Store(home / "readings"))
        self.told = []
        self.subscriber = Subscriber(
            Broker("127.0.0.1", mosquitto.port),
            accept or self.intake.accept,
            BOUND.get,
            report=self.told.append,
            clock=lambda: NOW,
        )

    def __enter__(self):
        self.subscriber.start()
        assert self.subscriber.wait_connected(10)
        return self

    def __exit__(self, *_exc):
        self.subscriber.stop()

    def wait(self, messages):
        """Wait until so many messages of gateways are reported."""
        for _attempt in range(200):
            if len([one for one in self.told if one.gateway and not one.error]) >= messages:
                return
            time.sleep(0.05)
        raise AssertionError(self.told)

    def values(self):
        self.intake.flush()
        return sorted(Store(self.intake._store.uri).readings()["value"].to_list())


def _publish(mosquitto, *messages):
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    for gateway, payload in messages:
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        client.publish(f"tanfeng/{gateway}/readings", text, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def _reading(value, point="P1", minute=0):
    return [{"point": point, "time": f"2026-03-01 00:{minute:02d}", "value": value}]


def test_messages_become_readings(mosquitto, home):
    with _Here(mosquitto, home) as here:
        _publish(mosquitto, *(("g1", _reading(n, minute=n)) for n in range(30)))
        here.wait(30)
        assert here.values() == list(range(30))
    stored = Store(home / "readings").readings()
    assert stored["source"].unique().to_list() == ["g1"]
    assert stored["received"].unique().to_list() == [NOW]


def test_a_gateway_writes_its_own_points_alone_and_bad_messages_do_not_stop_the_line(
    mosquitto, home
):
    with _Here(mosquitto, home) as here:
        mixed = [*_reading(1), *_reading(2, point="P9")]
        _publish(
            mosquitto,
            ("g1", mixed),
            ("stranger", _reading(3)),
            ("g1", b"\x00 not json"),
            ("g2", _reading(4, point="P9", minute=1)),
        )
        here.wait(4)
        assert here.values() == [1, 4]
    rules = [[p.rule for p in one.problems] for one in here.told]
    assert rules == [["G012"], ["G018"], ["G003"], []]


def test_what_is_sent_twice_is_once_and_what_is_sent_while_away_is_kept(mosquitto, home):
    with _Here(mosquitto, home) as here:
        _publish(mosquitto, ("g1", _reading(1)), ("g1", _reading(1)))
        here.wait(2)
    _publish(mosquitto, ("g1", _reading(2, minute=15)))  # nobody listens
    with _Here(mosquitto, home) as here:
        here.wait(1)
        assert here.values() == [1, 2]


def test_what_was_not_kept_is_not_acknowledged_and_comes_again(mosquitto, home):
    def refuse(readings: pl.DataFrame, *, batch: str, received: datetime) -> None:
        raise IntakeFull("full", "满", retry_after_s=60)

    with _Here(mosquitto, home, accept=refuse) as here:
        _publish(mosquitto, ("g1", _reading(1)))
        for _attempt in range(100):
            if here.told:
                break
            time.sleep(0.05)
        assert here.told[0].error == "full"
    with _Here(mosquitto, home) as here:
        here.wait(1)
        assert here.values() == [1]


def test_a_full_intake_is_offered_the_message_again(mosquitto, home):
    tries = []

    with _Here(
        mosquitto, home, accept=lambda *args, **words: _later(tries, here, args, words)
    ) as here:
        _publish(mosquitto, ("g1", _reading(1)))
        here.wait(1)
        assert (len(tries), here.values()) == (2, [1])


def _later(tries, here, args, words):
    tries.append(words["batch"])
    if len(tries) == 1:
        raise IntakeFull("full", "满", retry_after_s=0.1)
    return here.intake.accept(*args, **words)


def test_it_connects_again_when_the_broker_was_away(mosquitto, home):
    with _Here(mosquitto, home) as here:
        mosquitto.stop()
        for _attempt in range(100):
            if here.told:
                break
            time.sleep(0.05)
        assert "the connection is lost" in here.told[0].error
        mosquitto.start()
        assert here.subscriber.wait_connected(30)
        _publish(mosquitto, ("g1", _reading(7)))
        here.wait(1)
        assert here.values() == [7]


def test_run_ends_when_it_is_stopped(mosquitto, home):
    here = _Here(mosquitto, home)
    thread = threading.Thread(target=here.subscriber.run)
    thread.start()
    assert here.subscriber.wait_connected(10)
    here.subscriber._stopping.set()
    thread.join(10)
    assert not thread.is_alive()


def test_the_command_listens_until_it_is_stopped(mosquitto, tmp_path):
    home, bindings = tmp_path / "home", tmp_path / "bindings.csv"
    (home / "metering").mkdir(parents=True)
    bindings.write_text("gateway,point\ng1,P1\n", encoding="utf-8")
    words = ["meter", "listen", "--host", "127.0.0.1", "--port", str(mosquitto.port),
             "--bindings", str(bindings), "--home", str(home), "--lang", "en"]  # fmt: skip
    code = "from tanfeng.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True, env=environment()
    )
    try:
        assert "listening to 127.0.0.1" in process.stderr.readline()
        _publish(mosquitto, ("g1", _reading(1)), ("g9", _reading(2)))
        assert "the gateway 'g9' is not known" in process.stderr.readline()
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stderr.close()
    assert Store(home / "metering" / "readings").readings()["value"].to_list() == [1.0]
