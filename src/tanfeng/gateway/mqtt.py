"""Readings from an MQTT broker: acknowledged when they are on the disk, not before.

A gateway publishes with QoS 1 to ``tanfeng/<gateway>/readings`` what :mod:`formats` reads. The
session is kept by the broker, so a message that was not acknowledged - the process was killed, the
intake was full, the disk refused - comes again; a batch that comes again counts once. The broker
stops sending when some messages wait for their acknowledgement: that is the back-pressure.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from tanfeng.errors import DataError, Problem, TanfengError
from tanfeng.gateway import formats
from tanfeng.gateway.line_rules import trouble

if TYPE_CHECKING:
    import polars as pl
    from paho.mqtt.client import Client, MQTTMessage

_QOS = 1
#: Wait before a message the intake would not take is offered again. [s]
_AGAIN_S = 5.0
#: Shortest and longest wait before connecting again. [s]
_RECONNECT_S = (1, 60)
_STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to listen, and as whom.

    Parameters
    ----------
    host : str
        Address of the broker.
    port : int
        1883, or 8883 with TLS.
    client_id : str
        Names the session the broker keeps; one process per name.
    topic : str
        With one ``+``, where the name of the gateway stands.
    username, password : str
        Empty where the broker asks for none.
    tls : bool
        Whether the connection is encrypted; the broker's certificate is then verified.
    ca_file, cert_file, key_file : str
        Authorities other than the system's; certificate and key of this side.
    keepalive_s : int
        A silent connection is tried after so long. [s]
    """

    host: str
    port: int = 1883
    client_id: str = "tanfeng"
    topic: str = "tanfeng/+/readings"
    username: str = ""
    password: str = ""
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    keepalive_s: int = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message.

    Parameters
    ----------
    gateway : str
        Who sent it; empty for what concerns the connection.
    accepted, refused : int
        Readings.
    problems : tuple of Problem
        Why readings were refused.
    error : Problem or None
        Why the message waits to be taken, or what is wrong with the connection.
    """

    gateway: str
    accepted: int = 0
    refused: int = 0
    problems: tuple[Problem, ...] = ()
    error: Problem | None = None


class Accept(Protocol):
    """What keeps readings: returns when they are on the disk, as ``Intake.accept`` does."""

    def __call__(self, readings: pl.DataFrame, *, batch: str, received: datetime) -> object:
        """Keep a batch, or raise and keep nothing."""


class Subscriber:
    """Listens until it is stopped.

    Parameters
    ----------
    broker : Broker
        Where to listen.
    accept : callable
        Keeps a batch of readings; ``Intake.accept`` of the metering room.
    bindings : callable
        Gateway -> the points it may write; None for a gateway nobody knows.
    report : callable, optional
        Told what became of each message.
    clock : callable, optional
        The present, aware.
    """

    def __init__(
        self,
        broker: Broker,
        accept: Accept,
        bindings: Callable[[str], Collection[str] | None],
        *,
        report: Callable[[Outcome], None] = lambda _outcome: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._broker = broker
        self._accept = accept
        self._bindings = bindings
        self._report = report
        self._clock = clock
        self._stopping = threading.Event()
        self._connected = threading.Event()
        # Bounded by the broker: it sends no more while so many wait for their acknowledgement.
        self._waiting: queue.SimpleQueue[tuple[int, MQTTMessage] | None] = queue.SimpleQueue()
        self._connection = 0
        self._client = self._made()
        self._worker = threading.Thread(target=self._work, name="mqtt-intake", daemon=True)

    def start(self) -> None:
        """Connect in the background, and connect again whenever the connection is lost."""
        self._worker.start()
        self._client.connect_async(self._broker.host, self._broker.port, self._broker.keepalive_s)
        self._client.loop_start()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the subscription stands; tell whether it does."""
        return self._connected.wait(timeout_s)

    def run(self) -> None:
        """Listen until :meth:`stop` is called from a signal handler or another thread."""
        self.start()
        while not self._stopping.wait(1.0):
            pass
        self.stop()

    def stop(self) -> None:
        """Finish the message at hand and disconnect; the broker keeps what was not acknowledged."""
        self._stopping.set()
        self._waiting.put(None)
        if self._worker.is_alive():
            self._worker.join(_STOP_S)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def _place(self) -> str:
        """Address of the broker, as the records write it."""
        host = f"[{self._broker.host}]" if ":" in self._broker.host else self._broker.host
        return f"{'mqtts' if self._broker.tls else 'mqtt'}://{host}:{self._broker.port}"

    def _made(self) -> Client:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        broker = self._broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=False,
            manual_ack=True,
        )
        if broker.username:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set(
                broker.ca_file or None, broker.cert_file or None, broker.key_file or None
            )
        client.reconnect_delay_set(*_RECONNECT_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._report(Outcome("", error=trouble("G061", self._place, reason=reason)))
            return
        self._connection += 1
        client.subscribe(self._broker.topic, _QOS)

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        rule = "G063" if self._broker.tls else "G062"
        self._report(Outcome("", error=trouble(rule, self._place)))

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: Any, _more: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            refused = trouble("G064", self._broker.topic, broker=self._place)
            self._report(Outcome("", error=refused))
        else:
            self._connected.set()

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: Any, _more: Any
    ) -> None:
        self._connected.clear()
        if not self._stopping.is_set():
            self._report(Outcome("", error=trouble("G065", self._place, reason=reason)))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._waiting.put((self._connection, message))

    def _work(self) -> None:
        """Keep message after message; the connection is served by another thread meanwhile."""
        while (one := self._waiting.get()) is not None and not self._stopping.is_set():
            connection, message = one
            # Of a connection that is lost the broker sends it again, under a number of its own.
            if self._kept(message) and connection == self._connection:
                self._client.ack(message.mid, message.qos)

    def _kept(self, message: MQTTMessage) -> bool:
        """Keep a message, trying until it is kept or cannot be; False: the broker shall keep it."""
        gateway = self._gateway(message.topic)
        while True:
            try:
                outcome = self._take(gateway, bytes(message.payload))
            except DataError as refused:
                outcome = Outcome(gateway, problems=refused.problems)
            except TanfengError as error:
                self._report(Outcome(gateway, error=trouble("G067", gateway, reason=error)))
                if self._stopping.wait(getattr(error, "retry_after_s", _AGAIN_S)):
                    return False
                continue
            except Exception as error:  # nothing a message holds may end the line
                said = f"{type(error).__name__}: {error}"
                self._report(Outcome(gateway, error=trouble("G067", gateway, reason=said)))
                return False
            self._report(outcome)
            return True

    def _take(self, gateway: str, payload: bytes) -> Outcome:
        bound = self._bindings(gateway)
        if bound is None:
            return Outcome(gateway, problems=(formats.of_stranger(gateway),))
        received = self._clock()
        parsed = formats.read(payload, received=received, source=gateway, known_points=bound)
        if parsed.readings.height:
            # The same message again has the same name, and is taken once.
            batch = f"mqtt/{gateway}/{formats.digest(payload)}"
            self._accept(parsed.readings, batch=batch, received=received)
        return Outcome(gateway, parsed.readings.height, parsed.refused, parsed.problems)

    def _gateway(self, topic: str) -> str:
        """Return the part of a topic that stands where the pattern has ``+``."""
        parts = zip(self._broker.topic.split("/"), topic.split("/"), strict=False)
        return next((part for pattern, part in parts if pattern == "+"), "")
