"""The command line as a process of its own, free of what the test run set."""

from __future__ import annotations

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
