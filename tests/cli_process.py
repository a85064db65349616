"""The command line as a process of its own, free of what the test run set."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys


def environment():
    """Return the environment without what the test run itself set."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TANFENG_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    kept.pop("DATABASE_URL", None)
    return {**kept, "PYTHONWARNINGS": "default"}


def run(*words):
    """Run the command line with some words and return how it ended."""
    code = "from tanfeng.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment()
    )


def made_once(folders, name, make):
    """Return a folder all processes of a test run share; the first to ask makes it.

    Parameters
    ----------
    folders : pytest.TempPathFactory
    name : str
        Of the folder.
    make : callable
        Called with the folder, which is not there yet.
    """
    shared = folders.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(folder)
    return folder
