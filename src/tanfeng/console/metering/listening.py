"""Ways in the program goes and fetches itself: brokers it listens to, folders it looks into.

Which there are stands in the records of the gateways; ``tanfeng meter listen`` asks again and again
and follows what changed. Passwords stand in the environment under the names the records give.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from tanfeng.console.metering import engine, gateways
from tanfeng.console.metering.models import Gateway, Meter, OwnedPoint
from tanfeng.console.metering.push import points_of
from tanfeng.errors import DataError, Problem
from tanfeng.gateway import formats
from tanfeng.gateway.line_rules import trouble
from tanfeng.gateway.mqtt import Broker, Outcome, Subscriber

#: The finding that a point is none of those a gateway may write.
_UNKNOWN_POINT = "G012"


class Line(NamedTuple):
    """A connection: gateways behind one broker and topic share it."""

    address: str
    topic: str
    username: str
    secret_name: str


class Dropped(NamedTuple):
    """What became of a file a gateway dropped."""

    accepted: int
    refused: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Certificates of connections that are encrypted: names of files, empty where not needed."""

    ca: str = ""
    cert: str = ""
    key: str = ""


def folder_of(gateway: Gateway) -> Path:
    """Return the folder a gateway drops files in."""
    return Path(settings.DROP) / str(gateway.pk)


def lines() -> dict[Line, list[int]]:
    """Return the connections there should be, each with the gateways behind it."""
    rows = Gateway.objects.filter(link=Gateway.Link.MQTT, is_active=True).exclude(address="")
    found: dict[Line, list[int]] = {}
    for one in rows.order_by("pk"):
        line = Line(one.address, one.topic, one.username, one.secret_name)
        found.setdefault(line, []).append(one.pk)
    return found


def folders() -> Iterator[tuple[Gateway, Path]]:
    """Yield the gateways that drop files, with their folders, made where they are absent."""
    for one in Gateway.objects.filter(link=Gateway.Link.FILE, is_active=True).order_by("pk"):
        folder = folder_of(one)
        folder.mkdir(parents=True, exist_ok=True)
        yield one, folder


def take(gateway: Gateway, path: Path) -> Dropped:
    """Keep what a gateway dropped, as far as its points are its own.

    Raises
    ------
    TanfengError
        If the readings could not be kept: the file stays for the next look.
    """
    now, content = timezone.now(), path.read_bytes()
    try:
        parsed = formats.read(
            content, received=now, source=f"gateway {gateway.pk}", known_points=points_of(gateway)
        )
    except DataError as error:
        gateways.note_use(gateway, now, rows=0, rejected=1)
        return Dropped(0, 1, error.problems)
    taken = parsed.readings.height
    if taken:
        batch = f"gateway {gateway.pk}/{formats.digest(content)}/{taken}"
        engine.intake().accept(parsed.readings, batch=batch, received=now)
    _told(gateway, parsed.problems)
    gateways.note_use(gateway, now, rows=taken, rejected=parsed.refused)
    return Dropped(taken, parsed.refused, parsed.problems)


def _told(gateway: Gateway, problems: tuple[Problem, ...]) -> None:
    """Keep which points were named that nobody has, so that somebody may adopt them."""
    unknown = {one.value for one in problems if one.rule == _UNKNOWN_POINT}
    if not unknown:
        return
    known = set(Meter.objects.filter(point__in=unknown).values_list("point", flat=True))
    known |= set(OwnedPoint.objects.filter(pk__in=unknown).values_list("pk", flat=True))
    new = [(point, 1, None) for point in sorted(unknown - known)]
    gateways.note_unknown(gateway, new, timezone.now())


class Listener:
    """The connections that stand.

    Parameters
    ----------
    report : callable
        Told what became of each message.
    files : Files
        Certificates.
    environ : mapping
        Where the passwords are.
    """

    def __init__(
        self,
        report: Callable[[Outcome], None] = lambda _outcome: None,
        *,
        files: Files | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._report, self._files, self._environ = report, files or Files(), environ
        self._open: dict[Line, _Open] = {}

    def look(self) -> int:
        """Connect where the records say so and let go where they do not; return the connections."""
        wanted = lines()
        for line in [one for one in self._open if one not in wanted]:
            self._open.pop(line).subscriber.stop()
        for line, keys in wanted.items():
            if line in self._open:
                self._open[line].look(keys)
            elif line.secret_name and line.secret_name not in self._environ:
                gateways.note_trouble(keys, trouble("G066", line.secret_name))
            else:
                opened = self._open[line] = self._opened(line, keys)
                opened.subscriber.start()
        return len(self._open)

    def connected(self) -> int:
        """Return how many connections stand."""
        return sum(one.subscriber.wait_connected(0) for one in self._open.values())

    def stop(self) -> None:
        """Finish the messages at hand and let go of every broker."""
        for one in self._open.values():
            one.subscriber.stop()
        self._open.clear()

    def _opened(self, line: Line, keys: list[int]) -> _Open:
        found = gateways.broker_of(line.address)
        assert found is not None  # noqa: S101 - the service wrote no other
        host, port, tls = found
        # The session at the broker is this installation's and this connection's.
        own = hashlib.sha256("\n".join((settings.SECRET_KEY, *line)).encode()).hexdigest()[:12]
        broker = Broker(
            host,
            port,
            client_id=f"tanfeng-{own}",
            topic=line.topic,
            username=line.username,
            password=self._environ.get(line.secret_name, "") if line.secret_name else "",
            tls=tls,
            ca_file=self._files.ca,
            cert_file=self._files.cert,
            key_file=self._files.key,
        )
        opened = _Open(line, keys, self._report)
        opened.subscriber = Subscriber(
            broker, engine.intake().accept, opened.points, report=opened.told
        )
        return opened


@dataclass(slots=True)
class _Open:
    """One connection, and what it knows of the gateways behind it."""

    line: Line
    keys: list[int]
    report: Callable[[Outcome], None]
    subscriber: Subscriber = field(init=False)

    def look(self, keys: list[int]) -> None:
        """Know the gateways behind it; a connection that stands has no trouble."""
        self.keys = keys
        if self.subscriber.wait_connected(0):
            gateways.note_trouble(keys, None)

    def _gateway(self, name: str) -> Gateway | None:
        return Gateway.objects.filter(
            link=Gateway.Link.MQTT, is_active=True, address=self.line.address,
            topic=self.line.topic, sends_as=name,
        ).first()  # fmt: skip

    def points(self, name: str) -> frozenset[str] | None:
        """Return the points of a gateway as the records say now; None for a stranger."""
        close_old_connections()
        one = self._gateway(name)
        return None if one is None else points_of(one)

    def told(self, outcome: Outcome) -> None:
        """Write down what became of a message, or what is wrong with the connection."""
        close_old_connections()
        self.report(outcome)
        if not outcome.gateway:
            gateways.note_trouble(self.keys, outcome.error)
            return
        one = self._gateway(outcome.gateway)
        if one is None:
            return
        if outcome.error:
            gateways.note_trouble([one.pk], outcome.error)
            return
        _told(one, outcome.problems)
        unread = not outcome.accepted and not outcome.refused and bool(outcome.problems)
        gateways.note_use(
            one, timezone.now(), rows=outcome.accepted, rejected=outcome.refused + unread
        )
