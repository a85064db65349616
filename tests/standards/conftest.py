"""A shelf of one small table, written by the test that reads it."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest

from tanfeng.standards import Shelf

SHARED_TOML = """
[columns]
id = ["行号", "id", ""]
name_en = ["英文名", "English name", ""]
name_zh = ["中文名", "Chinese name", ""]
value = ["数值", "value", ""]
unit = ["单位", "unit", ""]
valid_from = ["起", "from", ""]
valid_to = ["止", "to", ""]
region = ["地区", "region", ""]
source_doc = ["文件", "document", ""]
confidence = ["可信度", "confidence", ""]
evidence = ["来源", "evidence", ""]
note = ["备注", "note", ""]
[evidence]
M = ["记忆", "memory"]
S1 = ["甲", "source one"]
"""

SIDECAR = """
title_zh = "小表"
title_en = "Small table"
description_zh = "试验用"
description_en = "For a test"
publisher_zh = "甲"
publisher_en = "A"
edition = "1"
compiled = 2026-01-01
licence_zh = "Apache-2.0"
licence_en = "Apache-2.0"
checked_zh = "乙"
checked_en = "B"
key = ["kind", "grade"]
text_units = ["word"]
{extra}
[columns]
kind = ["类", "kind", ""]
grade = ["级", "grade", ""]
{columns}
[digest]
sha256 = "{sha256}"
rows = {rows}
confirmed = {confirmed}
single = {single}
recalled = {recalled}
"""

#: A row that nothing is wrong with.
ROW = {
    "id": "a1",
    "name_en": "A one",
    "name_zh": "甲一",
    "kind": "a",
    "grade": "1",
    "value": "10.5",
    "unit": "kgce/t",
    "valid_from": "2013-01-01",
    "valid_to": "",
    "region": "CN",
    "source_doc": "GB 1-2013 某标准, 表1",
    "confidence": "confirmed",
    "evidence": "S1+M",
    "note": "",
}


class Maker:
    """Writes tables into a folder and opens it as a shelf."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shared.toml").write_text(SHARED_TOML, encoding="utf-8")

    def __call__(self, *changes, name="small", extra="", columns="", **recorded) -> Shelf:
        """Write one table; each change is laid over ROW. ``recorded`` overrides the digest part."""
        rows = [ROW | change for change in changes]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode()
        counts = {
            word: sum(row["confidence"] == word for row in rows)
            for word in ("confirmed", "single", "recalled")
        }
        digest = {"sha256": hashlib.sha256(content).hexdigest(), "rows": len(rows), **counts}
        (self.folder / f"{name}.csv").write_bytes(content)
        (self.folder / f"{name}.toml").write_text(
            SIDECAR.format(extra=extra, columns=columns, **digest | recorded), encoding="utf-8"
        )
        return Shelf(self.folder)


@pytest.fixture
def make(tmp_path) -> Maker:
    return Maker(tmp_path)
