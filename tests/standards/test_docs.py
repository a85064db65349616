"""The examples of the pages run, and their lists are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tanfeng import standards
from tanfeng.standards import _check

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = DOCS / "reference" / "standards.md"


@pytest.mark.parametrize("page", [REFERENCE, DOCS / "how-to" / "override-a-factor.md"])
def test_the_examples_run(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    assert blocks
    exec("\n".join(blocks), {})


def test_the_page_lists_every_table_with_its_key():
    rows = re.findall(
        r"^\| `(\w+)` \| (\d+) \| (.*?) \| ?(.*?) ?\|$", REFERENCE.read_text("utf-8"), re.M
    )
    told = {name: (int(n), key, detail) for name, n, key, detail in rows}
    assert told == {
        about.name: (
            about.rows,
            ", ".join(f"`{column}`" for column in about.key),
            ", ".join(f"`{column}`" for column in about.detail),
        )
        for about in standards.tables()
    }


def test_the_page_lists_every_check():
    assert set(re.findall(r"^\| (TF-S\d{3})", REFERENCE.read_text("utf-8"), re.M)) == set(
        _check._REMEDY
    )
