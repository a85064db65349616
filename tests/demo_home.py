"""A city of 20 enterprises and two years as ``tanfeng demo`` builds it, once for a whole test run.

To build it takes a minute. In its folder lie the ``home``, what the command ``said`` and, pickled,
what ``demo.build.write`` returned and told on its way.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli_process import environment, made_once

ENTERPRISES, YEARS = 20, 2
_PROGRAM = """
import pickle, sys
from pathlib import Path
from tanfeng.cli import demo, main

opened = demo.open_home

def open_home(*words, **more):
    opened(*words, **more)
    from tanfeng.demo import build
    write = build.write
    def kept(city, home, progress):
        told = []
        def heard(*step):
            told.append(step)
            progress(*step)
        built = write(city, home, heard)
        Path(sys.argv[1], "built").write_bytes(pickle.dumps((built, told)))
        return built
    build.write = kept

demo.open_home = open_home
main(["demo", "--home", sys.argv[1] + "/home", *sys.argv[2:]])
"""


def built_once(folders: pytest.TempPathFactory) -> Path:
    """Return the folder of the city; nobody changes it."""
    return made_once(folders, "small-city", _make)


def _make(folder: Path) -> None:
    folder.mkdir()
    size = ("--enterprises", str(ENTERPRISES), "--years", str(YEARS))
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder), *size],
        capture_output=True,
        text=True,
        env=environment() | {"COLUMNS": "100"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said").write_text(done.stdout, encoding="utf-8")
