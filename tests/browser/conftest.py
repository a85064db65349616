"""A console of its own on a small demonstration city, and a browser to look at it.

``TANFENG_BROWSER_HOME`` names a home folder to use instead of building one, and
``TANFENG_BROWSER_BASE`` the address of a console that is running on it already.
``TANFENG_BROWSER_CITY`` names one to work on copies of.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from browser.watch import CHROMIUM, Console, Opener, launch, window
from cli_process import made_once


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accounts(home: Path) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads((home / "demo-accounts.json").read_text(encoding="utf-8")))


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from tanfeng.cli import main; main()", *arguments]


def _environment() -> dict[str, str]:
    """Return the environment of a person's shell: nothing of the unit tests' settings."""
    own = {"DJANGO_SETTINGS_MODULE", "TANFENG_HOME", "TANFENG_JOBS_IMMEDIATE", "TANFENG_DEBUG"}
    return {name: value for name, value in os.environ.items() if name not in own}


def _run(*arguments: str) -> None:
    done = subprocess.run(
        _command(*arguments),
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _build(home: Path) -> None:
    _run("demo", "--home", str(home), "--if-empty", "--enterprises", "60")


def _own_home(folders: pytest.TempPathFactory) -> Path:
    """Return a city of this process alone: a copy of one that stands, or that the run builds."""
    home = folders.mktemp("browser") / "home"
    stands = os.environ.get("TANFENG_BROWSER_CITY")
    return shutil.copytree(stands or made_once(folders, "city", _build), home)


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Build the city, start the console, stop it at the end."""
    given = os.environ.get("TANFENG_BROWSER_HOME")
    running = os.environ.get("TANFENG_BROWSER_BASE")
    if given:
        home = Path(given)
        if not running:
            _build(home)
    else:
        home = _own_home(tmp_path_factory)
    if running:
        yield Console(running, home, _accounts(home))
        return
    port = _free_port()
    log = (home / "browser-tests.log").open("w")
    server = subprocess.Popen(
        _command("serve", "--home", str(home), "--port", str(port)),
        env=_environment(),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, server)
        yield Console(base, home, _accounts(home))
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def _wait(base: str, server: subprocess.Popen[bytes]) -> None:
    for _attempt in range(120):
        assert server.poll() is None, "the console ended by itself; see browser-tests.log"
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError("the console did not answer within a minute")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the system's Chromium; the tests are not skipped when it is missing."""
    assert shutil.which("chromium") or Path(CHROMIUM).exists(), "install Debian's chromium"
    # A busy machine is slow, not wrong.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def look(browser: Browser, console: Console) -> Opener:
    """Open windows of the console."""
    return partial(window, browser, console.base)
