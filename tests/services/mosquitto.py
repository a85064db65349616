"""A Mosquitto of one's own: on a free port, with its sessions on disk, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time

import pytest


def found():
    """Return the program; required in CI, else a skip."""
    program = os.environ.get("MOSQUITTO") or shutil.which("mosquitto", path=_path())
    if program:
        return program
    if os.environ.get("CI"):
        pytest.fail("mosquitto is missing: apt install mosquitto")
    pytest.skip("there is no mosquitto on this machine")


def _path():
    return os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"


class Mosquitto:
    """The broker; it may be stopped and started again on the same port and sessions."""

    def __init__(self, folder):
        self.program = found()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
            + (f"user {os.environ.get('USER') or 'root'}\n" if os.geteuid() == 0 else ""),
            encoding="utf-8",
        )
        self.process = None

    def start(self):
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [self.program, "-c", self.config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _attempt in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("mosquitto does not answer")

    def stop(self):
        """Stop it; sessions are written to disk."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None
