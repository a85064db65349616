"""``tanfeng meter listen``: take readings from brokers and folders, by the console or by a file."""

from __future__ import annotations

import csv
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._home import fail
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_gateways import listen_by_records, tell
from tanfeng.cli._meter_home import Home, open_metering

if TYPE_CHECKING:
    from tanfeng.gateway.mqtt import Broker

#: How often what was accepted moves into the store. [s]
_FLUSH_S = 60.0
_PASSWORD = "TANFENG_MQTT_PASSWORD"  # noqa: S105 - name of the variable


def listen(
    home: Home = Path("tanfeng-home"),
    host: Annotated[
        str, typer.Option(help="Address of one broker; without it those of the console's gateways.")
    ] = "",
    bindings: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="With --host: CSV of gateway, point."),
    ] = None,
    port: Annotated[int | None, typer.Option(help="1883, with --tls 8883.")] = None,
    topic: Annotated[
        str, typer.Option(help="Where gateways publish; + stands for the gateway.")
    ] = "tanfeng/+/readings",
    client_id: Annotated[str, typer.Option(help="Name of the session at the broker.")] = "tanfeng",
    username: Annotated[
        str, typer.Option(help=f"User at the broker; the password is taken from {_PASSWORD}.")
    ] = "",
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt, and verify the broker.")] = False,
    ca_file: Annotated[
        Path | None, typer.Option(exists=True, help="Authority that signed the broker.")
    ] = None,
    cert_file: Annotated[Path | None, typer.Option(exists=True, help="Own certificate.")] = None,
    key_file: Annotated[Path | None, typer.Option(exists=True, help="Key of it.")] = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Listen to MQTT brokers until stopped; a message is acknowledged when it is on the disk.

    A gateway may write the points bound to it alone. Brokers, folders of dropped files and points
    are those of the gateways registered in the console, asked again every few seconds; with --host
    and --bindings those of a file, read again when it changes, and no database is needed.
    """
    if bool(host) != (bindings is not None):
        fail("--host 和 --bindings 须同时给出", "--host and --bindings belong together", 2)
    files = tuple(str(path) if path else "" for path in (ca_file, cert_file, key_file))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_args: stop.set())
    if bindings is None:
        ca, cert, key = files
        listen_by_records(home, stop, ca=ca, cert=cert, key=key, flush_s=_FLUSH_S)
        return
    from tanfeng.gateway.mqtt import Broker

    ca, cert, key = files
    broker = Broker(
        host,
        port or (8883 if tls else 1883),
        client_id=client_id,
        topic=topic,
        username=username,
        password=os.environ.get(_PASSWORD, ""),
        tls=tls,
        ca_file=ca,
        cert_file=cert,
        key_file=key,
    )
    _listen_by_file(home, stop, broker, bindings)


def _listen_by_file(home: Path, stop: threading.Event, broker: Broker, bindings: Path) -> None:
    from tanfeng.gateway.mqtt import Subscriber
    from tanfeng.metering.intake import Intake

    metering = open_metering(home)
    intake = Intake(metering.folder / "intake", metering.store)
    intake.replay()
    bound = _Bindings(bindings)
    subscriber = Subscriber(broker, intake.accept, bound.of, report=tell)
    said_zh = f"正在收听 {broker.host}：{broker.topic}"
    said_en = f"listening to {broker.host}: {broker.topic}"
    subscriber.start()
    try:
        while not stop.is_set() and not subscriber.wait_connected(0.5):
            pass
        if not stop.is_set():
            typer.echo(pick(said_zh, said_en), err=True)
        while not stop.wait(_FLUSH_S):
            intake.flush()
    finally:
        subscriber.stop()
        intake.flush()


class _Bindings:
    """Which gateway may write which points, as a file says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1.0
        self._points: dict[str, set[str]] = {}
        try:
            self._read()
        except (OSError, ValueError):
            fail(
                f"{path} 应为 CSV，含 gateway 和 point 两列",
                f"{path} must be a CSV file with the columns gateway and point",
                2,
            )

    def of(self, gateway: str) -> set[str] | None:
        """Return the points of a gateway; None for one the file does not name."""
        try:
            self._read()
        except (OSError, ValueError) as error:  # what was known holds until the file is mended
            typer.echo(f"{self._path}: {error}", err=True)
        return self._points.get(gateway)

    def _read(self) -> None:
        changed = self._path.stat().st_mtime
        if changed == self._read_at:
            return
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"gateway", "point"} <= set(rows.fieldnames or ()):
                raise ValueError("no columns gateway and point")
            points: dict[str, set[str]] = {}
            for row in rows:
                points.setdefault(row["gateway"].strip(), set()).add((row["point"] or "").strip())
        self._points, self._read_at = points, changed
