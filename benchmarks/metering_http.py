"""How many readings a second the push door takes, each acknowledged one on the disk.

``python benchmarks/metering_http.py [--seconds 20] [--format columns|list|csv]`` makes a home of
its own with one gateway of 2,000 points, serves it as ``tanfeng serve`` does, and pushes from two
connections: a request is one quarter hour of all points. Afterwards everything acknowledged must be
in the store, once.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

POINTS, CONNECTIONS = 2_000, 2
PORT = 8497
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
TYPES = {"columns": "application/json", "list": "application/json", "csv": "text/csv"}


def prepare(home: Path) -> str:
    """Make a home with a gateway and its points; return the key."""
    os.environ["TANFENG_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tanfeng.console.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections, transaction

    from tanfeng.console.archive.models import Organisation, Place
    from tanfeng.console.core.models import Role, User
    from tanfeng.console.metering import gateways
    from tanfeng.console.metering.models import Meter

    call_command("migrate", verbosity=0, interactive=False)
    place = Place.objects.create(code="350181", name_zh="甲县", name_en="A")
    firm = Organisation.objects.create(
        credit_code="91359999MADEM00015", name="甲", industry_code="3120", sector="steel",
        place=place,
    )  # fmt: skip
    user = User.objects.create_user("bench", role=Role.CITY)
    gateway = gateways.enter(user, firm, name="G")
    _key, words = gateways.make_key(user, gateway, expires_at=None)
    with transaction.atomic():
        Meter.objects.bulk_create(
            Meter(
                organisation=firm, meter_no=f"M{number}", name="m", item_key="electricity",
                level=1, multiplier=1.0, point=f"P{number:05d}", reading_kind="register",
                reading_unit="kWh", gateway=gateway, entered_by=user,
            )
            for number in range(POINTS)
        )  # fmt: skip
    connections.close_all()
    return words


def bodies(kind: str, client: int, count: int) -> list[bytes]:
    """Return requests of one quarter hour each; no two clients write the same time."""
    names = [f"P{number:05d}" for number in range(POINTS)]
    found = []
    for step in range(count):
        at = (FIRST + timedelta(minutes=15 * (step * CONNECTIONS + client))).isoformat()
        values = [round(1000.0 + step + number * 0.01, 2) for number in range(POINTS)]
        if kind == "csv":
            lines = "\n".join(f"{p},{at},{v}" for p, v in zip(names, values, strict=True))
            found.append(f"point,time,value\n{lines}\n".encode())
        elif kind == "list":
            rows = [
                {"point": p, "time": at, "value": v} for p, v in zip(names, values, strict=True)
            ]
            found.append(json.dumps(rows).encode())
        else:
            columns = {"point": names, "time": [at] * POINTS, "value": values}
            found.append(json.dumps(columns).encode())
    return found


def push(kind: str, key: str, requests: list[bytes], until: float, told: list[float]) -> None:
    """Send requests one after the other over one connection until the time is up."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": TYPES[kind]}
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    for body in requests:
        start = time.perf_counter()
        if start > until:
            return
        connection.request("POST", "/api/v1/readings", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 202:
            raise SystemExit(f"{answer.status}: {content[:300]!r}")
        told.append(time.perf_counter() - start)


def wait(process: subprocess.Popen[bytes]) -> None:
    """Wait until the console answers."""
    for _ in range(120):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.5)
        if process.poll() is not None:
            break
    raise SystemExit("the console did not start")


def measure(kind: str, seconds: float, home: Path) -> None:
    """Serve, push and print what came of it."""
    key = prepare(home)
    requests = [bodies(kind, client, int(seconds * 60)) for client in range(CONNECTIONS)]
    command = [sys.executable, "-c", "from tanfeng.cli import main; main()"]
    environment = {**os.environ, "TANFENG_PUSH_ROWS": "1000000000"}
    server = subprocess.Popen(
        [*command, "serve", "--home", str(home), "--port", str(PORT)],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait(server)
        told: list[list[float]] = [[] for _ in range(CONNECTIONS)]
        start = time.perf_counter()
        threads = [
            threading.Thread(target=push, args=(kind, key, some, start + seconds, one))
            for some, one in zip(requests, told, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent = time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(timeout=60)
    times = sorted(one for some in told for one in some)
    rows = len(times) * POINTS
    used = os.times()
    print(f"{kind}: {rows:,} readings in {spent:.1f} s = {rows / spent:,.0f} a second")
    print(f"  a request of {POINTS:,}: {times[len(times) // 2] * 1000:.0f} ms, "
          f"slowest of a hundred {times[int(len(times) * 0.99)] * 1000:.0f} ms; "
          f"server and store {used.children_user + used.children_system:.1f} CPU s")  # fmt: skip
    from tanfeng.console.metering import engine

    engine.intake().replay()
    stored = engine.store().readings().height
    if stored != rows:
        raise SystemExit(f"{rows:,} acknowledged, {stored:,} stored")
    print(f"  {stored:,} in the store, each once")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--format", choices=[*TYPES], default="columns")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.format, given.seconds, Path(folder) / "home")


if __name__ == "__main__":
    main()
