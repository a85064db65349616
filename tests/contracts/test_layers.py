"""The rooms and their order, as pyproject.toml draws them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINES = (
    "tanfeng.standards",
    "tanfeng.accounting",
    "tanfeng.metering",
    "tanfeng.gateway",
    "tanfeng.plan",
    "tanfeng.sheets",
    "tanfeng.reports",
)


def test_arrows_point_down_only():
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_importing_an_engine_brings_no_django(engine):
    code = f"import sys, {engine}; sys.exit('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or f"{engine} imports Django"
