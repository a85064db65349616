"""The rooms and their order, as pyproject.toml draws them."""

from __future__ import annotations

import re
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


def test_what_is_private_to_a_room_is_imported_there_alone():
    """A module whose name begins with an underscore belongs to its room, or app of the console."""
    asked = re.compile(r"(?:from|import) (tanfeng[\w.]*)(?: import (?:\(([^)]*)\)|([^\n]*)))?")
    strange = []
    for path in (ROOT / "src" / "tanfeng").rglob("*.py"):
        package = ".".join(path.relative_to(ROOT / "src").parent.parts) + "."
        for module, many, one in asked.findall(path.read_text(encoding="utf-8")):
            names = [module, *(f"{module}.{name.strip()}" for name in (many or one).split(","))]
            for name in names[: 1 if not _is_package(module) else None]:
                owner, private, _rest = name.partition("._")
                room = owner.split(".")[: 3 if "console" in owner else 2]
                if private and not package.startswith(".".join([*room, ""])):
                    strange.append(f"{path.relative_to(ROOT)}: {name}")
    assert strange == []


def _is_package(module: str) -> bool:
    return (ROOT / "src").joinpath(*module.split(".")).is_dir()
