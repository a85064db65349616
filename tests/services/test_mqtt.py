"""Readings through a real Mosquitto: kept before they are acknowledged, never lost, once each."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

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

    def __init__(self, mosquitto, home, accept=None, **options):
        self.intake = Intake(home / "intake", Store(home / "readings"))
        self.told = []
        self.subscriber = Subscriber(
            Broker("127.0.0.1", mosquitto.port, **options),
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


def _publish(mosquitto, *messages, ca_file=None):
    client = Client(CallbackAPIVersion.VERSION2)
    if ca_file:
        client.tls_set(ca_file)
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
        assert "满" in here.told[0].error.message_zh
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
        assert here.told[0].error.rule == "G065"
        mosquitto.start()
        assert here.subscriber.wait_connected(30)
        _publish(mosquitto, ("g1", _reading(7)))
        here.wait(1)
        assert here.values() == [7]


def test_an_encrypted_broker_is_verified(tmp_path, home):
    mosquitto = Mosquitto(tmp_path, tls=True).start()
    ca_file = str(tmp_path / "broker.crt")
    try:
        with _Here(mosquitto, home, tls=True, ca_file=ca_file) as here:
            _publish(mosquitto, ("g1", _reading(5)), ca_file=ca_file)
            here.wait(1)
            assert here.values() == [5]
        # The system's authorities do not vouch for it: no connection, and it says so.
        with _listening(mosquitto, tmp_path, "--tls") as process:
            assert "its certificate not verified" in process.stderr.readline()
    finally:
        mosquitto.stop()


def test_run_ends_when_it_is_stopped(mosquitto, home):
    here = _Here(mosquitto, home)
    thread = threading.Thread(target=here.subscriber.run)
    thread.start()
    assert here.subscriber.wait_connected(10)
    here.subscriber._stopping.set()
    thread.join(10)
    assert not thread.is_alive()


@contextmanager
def _listening(mosquitto, folder, *words):
    home, bindings = folder / "home", folder / "bindings.csv"
    (home / "metering").mkdir(parents=True)
    bindings.write_text("gateway,point\ng1,P1\n", encoding="utf-8")
    code = "from tanfeng.cli import main; main()"
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", code, "meter", "listen", "--host", "127.0.0.1", "--lang", "en"),
            *("--port", str(mosquitto.port), "--bindings", bindings, "--home", home, *words),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stderr.close()


def test_the_command_listens_until_it_is_stopped(mosquitto, tmp_path):
    with _listening(mosquitto, tmp_path) as process:
        assert "listening to 127.0.0.1" in process.stderr.readline()
        _publish(mosquitto, ("g1", _reading(1)), ("g9", _reading(2)))
        assert "the gateway 'g9' is not known" in process.stderr.readline()
    stored = Store(tmp_path / "home" / "metering" / "readings").readings()
    assert stored["value"].to_list() == [1.0]


def _console(home, mosquitto, environ):
    """Make a console whose records know two gateways behind the broker and one folder."""
    made = subprocess.run(
        [sys.executable, "-c", _RECORDS, str(home), str(mosquitto.port)],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.splitlines()[-1])


#: Records of a console, made the way its pages make them.
_RECORDS = """
import sys
from pathlib import Path
from tanfeng.cli._home import open_home
open_home(Path(sys.argv[1]), must_exist=False)
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tanfeng.console.archive.models import Organisation, Place, Sector
from tanfeng.console.core.models import User
from tanfeng.console.metering import gateways, listening, services
city = User.objects.create_user("city", role="city")
place = Place.objects.first() or Place.objects.create(code="350102", name_zh="x", name_en="x")
org = Organisation.objects.create(
    credit_code="91350100MA32AAAA0X", name="x", place=place, industry_code="3041"
)
def meter(point, way):
    services.enter(city, org, dict(
        meter_no=point, name=point, item_key="electricity", level=1, multiplier=1.0, point=point,
        reading_kind="register", reading_unit="kWh", gateway=way,
    ))
for name in ("g1", "g2"):
    way = gateways.enter(city, org, name=name, link="mqtt")
    gateways.connect(city, way, address="mqtt://127.0.0.1:" + sys.argv[2],
                     topic="tanfeng/+/readings", sends_as=name)
    meter("P-" + name, way)
way = gateways.enter(city, org, name="file", link="file")
meter("P-file", way)
print(listening.folder_of(way))
"""


def test_the_command_listens_where_the_records_of_the_console_say(mosquitto, tmp_path):
    home, environ = tmp_path / "home", environment()
    folder = _console(home, mosquitto, environ)
    folder.mkdir(parents=True)
    file = folder / "march.csv"
    file.write_text("point,time,value\nP-file,2026-03-01 00:00,3\nP-g1,2026-03-01 01:00,9\n")
    long_ago = time.time() - 60
    os.utime(file, (long_ago, long_ago))
    code = "from tanfeng.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "meter", "listen", "--home", home, "--lang", "en"],
        stderr=subprocess.PIPE, text=True, env=environ,
    )  # fmt: skip
    try:
        said = ""
        while "1 brokers, 1 folders" not in said:
            said += process.stderr.readline()
        # A gateway's own point, another's, and a stranger's.
        _publish(
            mosquitto,
            ("g1", [*_reading(1, "P-g1"), *_reading(8, "P-g2", 15)]),
            ("g2", _reading(2, "P-g2")),
            ("g9", _reading(7, "P-g1", 30)),
        )
        while "g9" not in said:
            said += process.stderr.readline()
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stderr.close()
    stored = Store(home / "metering" / "readings").readings()
    assert dict(stored.select("point", "value").iter_rows()) == {
        "P-g1": 1.0, "P-g2": 2.0, "P-file": 3.0,
    }  # fmt: skip
    assert (folder / "refused" / "march.csv.txt").read_text(encoding="utf-8").count("P-g1") == 1
    with closing(sqlite3.connect(home / "tanfeng.sqlite3")) as database:
        rows = database.execute(
            "SELECT name, last_rows, rejected, trouble FROM metering_gateway ORDER BY name"
        ).fetchall()
    assert rows == [("file", 1, 1, "{}"), ("g1", 1, 1, "{}"), ("g2", 1, 0, "{}")]
