"""The command line as a process of its own, free of what the test run set."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from types import SimpleNamespace


def environment(*, measured=True):
    """Return the environment without what the test run itself set.

    Parameters
    ----------
    measured : bool
        Whether the lines that run count for coverage; to follow them takes a third of the time
        again, and what is tested in place as well need not be followed twice.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TANFENG_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    kept.pop("DATABASE_URL", None)
    if not measured:
        kept.pop("COVERAGE_PROCESS_CONFIG", None)
    return {**kept, "PYTHONWARNINGS": "default"}


def run(*words):
    """Run the command line with some words and return how it ended."""
    code = "from tanfeng.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment()
    )


_EACH = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from tanfeng.cli import main
told = []
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(words)
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
    told.append({"returncode": code, "stdout": out.getvalue(), "stderr": err.getvalue()})
json.dump(told, sys.stdout)
"""


def run_each(*commands):
    """Run commands one after the other in one process, all on one home, and return how each ended.

    To start Django takes longer than most of them.
    """
    done = subprocess.run(
        [sys.executable, "-c", _EACH],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return [SimpleNamespace(**one) for one in json.loads(done.stdout)]


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
