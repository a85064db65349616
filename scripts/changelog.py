"""Compile the fragments of ``changelog.d/`` into ``CHANGELOG.md`` when a version is released.

``scripts/changelog.py 0.1.0 2026-12-01`` puts a section on top of the file and deletes the
fragments; without arguments it prints what the section would be. A fragment is
``changelog.d/<words>.<added|changed|fixed|removed>.md``: one or more sentences for the reader of
the program, nothing else.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = ("Added", "Changed", "Fixed", "Removed")
NAME = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed)\.md$")
TITLE = "# Changelog\n"


def fragments(folder: Path) -> list[Path]:
    """Return the fragments of a folder by name; ``README.md`` is none."""
    return sorted(path for path in folder.iterdir() if path.name != "README.md")


def section(folder: Path, heading: str) -> str:
    """Return the fragments of a folder as one section, kinds in the fixed order."""
    parts = [f"## {heading}\n"]
    for kind in HEADINGS:
        texts = [
            path.read_text(encoding="utf-8").strip()
            for path in fragments(folder)
            if path.name.endswith(f".{kind.lower()}.md")
        ]
        if texts:
            bullets = ("- " + text.replace("\n", "\n  ") for text in texts)
            parts.append(f"### {kind}\n\n" + "\n".join(bullets) + "\n")
    return "\n".join(parts)


def compile_into(changelog: Path, folder: Path, version: str, day: date) -> None:
    """Put the section of a version on top of the changelog and delete its fragments."""
    older = changelog.read_text(encoding="utf-8") if changelog.exists() else TITLE
    if f"\n## {version} " in older:
        raise SystemExit(f"{changelog.name} already tells of {version}")
    text = section(folder, f"{version} ({day.isoformat()})")
    changelog.write_text(f"{TITLE}\n{text}{older.removeprefix(TITLE)}", encoding="utf-8")
    for path in fragments(folder):
        path.unlink()


if __name__ == "__main__":
    source = ROOT / "changelog.d"
    if len(sys.argv) == 3:
        compile_into(ROOT / "CHANGELOG.md", source, sys.argv[1], date.fromisoformat(sys.argv[2]))
    else:
        sys.stdout.write(section(source, "Unreleased"))
