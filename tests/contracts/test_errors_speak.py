"""Every error of a standards table is written in both languages."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from tanfeng import accounting, standards
from tanfeng.errors import StandardError
from tanfeng.standards import Override, Overrides

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tanfeng"
HAN = re.compile("[一-鿿]")


def _raised():
    """Yield every ``raise StandardError(...)`` of the source: where, and its arguments."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "StandardError":
                yield pytest.param(call.args, id=f"{path.relative_to(SOURCE)}:{node.lineno}")


def _text(node):
    return "".join(
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


@pytest.mark.parametrize("arguments", list(_raised()))
def test_it_is_raised_with_english_and_chinese(arguments):
    assert len(arguments) == 2, "give the English text, then the Chinese one"
    english, chinese = map(_text, arguments)
    assert not HAN.search(english)
    assert HAN.search(chinese)


def _overrides(**changed):
    fields = {
        "table": "energy_items", "row_id": "electricity", "value": 1.2, "unit": "tce/1e4 kWh",
        "document": "文", "verified_by": "某", "verified_on": date(2024, 1, 1),
    }  # fmt: skip
    return Override(**fields | changed)


@pytest.mark.parametrize(
    ("ask", "english", "chinese"),
    [
        (lambda: standards.load("fuel"), "'fuel'; did you mean", "没有标准表 'fuel'；是否指"),
        (lambda: standards.load("ß"), "there are benchmarks, ", "现有 benchmarks、"),
        (lambda: standards.lookup("fuels", guidelin="x"), "has no column", "没有列 'guidelin'"),
        (lambda: standards.lookup("fuels", guideline="x"), "not named", "按 guideline、fuel_key"),
        (
            lambda: standards.lookup("fuels", guideline="x", fuel_key="y", parameter="ncv"),
            "has no row for guideline=x",
            "没有符合 guideline=x，fuel_key=y，parameter=ncv 的行",
        ),
        (
            lambda: Overrides([_overrides(), _overrides()]),
            "two overrides speak of",
            "有两个覆盖值",
        ),
        (
            lambda: standards.check_override(_overrides(unit="kg")),
            "convert the value",
            "请换算成标准表的单位",
        ),
        (lambda: standards.check_override(_overrides(document=" ")), "has no document", "依据文件"),
        (
            lambda: standards.check_override(_overrides(value=float("nan"))),
            "which is no value",
            "不是有效数值",
        ),
        (
            lambda: accounting.factor_set([2023], guideline="X", as_of=date(2025, 1, 1)),
            "item_fuels has no row for guideline=X",
            "标准表 item_fuels 没有符合 guideline=X 的行",
        ),
    ],
)  # fmt: skip
def test_what_is_said(ask, english, chinese):
    with pytest.raises(StandardError) as caught:
        ask()
    assert english in str(caught.value)
    assert english in caught.value.message("en")
    assert chinese in caught.value.message("zh")
    assert not re.search("in force|Nearest|did you mean", caught.value.message("zh"))
