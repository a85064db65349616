"""Fragments of the changelog are well formed and compile in the order of the headings."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _script():
    spec = importlib.util.spec_from_file_location("changelog", ROOT / "scripts" / "changelog.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


@pytest.mark.parametrize("path", SCRIPT.fragments(ROOT / "changelog.d"), ids=lambda path: path.name)
def test_a_fragment_is_well_formed(path):
    assert SCRIPT.NAME.match(path.name), "<words>.<added|changed|fixed|removed>.md"
    text = path.read_text(encoding="utf-8")
    assert text.strip(), "say what changed"
    assert text.rstrip().endswith((".", "。")), "write sentences"
    assert not text.startswith(("-", "*", "#")), "the bullet and the heading are added later"
    assert all(len(line) <= 140 for line in text.splitlines())


def test_a_release_takes_the_fragments_and_keeps_older_versions(tmp_path):
    folder, changelog = tmp_path / "changelog.d", tmp_path / "CHANGELOG.md"
    folder.mkdir()
    (folder / "README.md").write_text("how to")
    (folder / "b.fixed.md").write_text("Mended.\n")
    (folder / "a.added.md").write_text("New,\nin two lines.\n")
    SCRIPT.compile_into(changelog, folder, "0.1.0", date(2026, 12, 1))
    assert changelog.read_text() == (
        "# Changelog\n\n## 0.1.0 (2026-12-01)\n\n"
        "### Added\n\n- New,\n  in two lines.\n\n### Fixed\n\n- Mended.\n"
    )
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    (folder / "c.removed.md").write_text("Gone.")
    SCRIPT.compile_into(changelog, folder, "0.2.0", date(2027, 1, 1))
    text = changelog.read_text()
    assert text.startswith("# Changelog\n\n## 0.2.0 (2027-01-01)\n\n### Removed\n\n- Gone.\n")
    assert text.index("## 0.2.0") < text.index("## 0.1.0")
    assert text.count("# Changelog\n") == 1
    with pytest.raises(SystemExit, match=r"already tells of 0\.1\.0"):
        SCRIPT.compile_into(changelog, folder, "0.1.0", date(2027, 1, 1))
