"""Every method has its page, and what the pages print is right."""

from __future__ import annotations

import ast
import importlib
import operator
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tanfeng.accounting.methods import METHODS

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = DOCS / "methods"
SECTIONS = ("文件 Document", "边界 Boundary", "排放源 Streams", "参数 Parameters")
LATER_SECTIONS = ("扣除 Deducted", "常见错误 Frequent mistakes", "待核实 Doubts", "算例 Example")
#: ``words  arithmetic = result``, the result with its places.
PRINTED = re.compile(r"^\S.*? {2,}(?P<sum>[−\d(][\d.+×/()− ]*?) *= *(?P<result>−?\d+\.?\d*)$")
_DOES = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def page_of(key):
    """Return the page the method's docstring names."""
    module = importlib.import_module(f"tanfeng.accounting.methods.{key}")
    named = re.findall(r"docs/methods/([\w-]+\.md)", module.__doc__)
    assert len(named) == 1, f"{key} must name one page"
    return PAGES / named[0]


def worked_out(node):
    """Compute plain arithmetic over decimals."""
    if isinstance(node, ast.Constant):
        return Decimal(str(node.value))
    if isinstance(node, ast.UnaryOp):
        return -worked_out(node.operand)
    return _DOES[type(node.op)](worked_out(node.left), worked_out(node.right))


def examples():
    """Yield every printed line of arithmetic."""
    for page in sorted(PAGES.glob("*.md")):
        for block in re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
            for line in block.splitlines():
                found = PRINTED.match(line)
                if found and any(sign in found["sum"] for sign in "×/"):
                    yield pytest.param(
                        found["sum"], found["result"], id=f"{page.stem}: {line.split('  ')[0]}"
                    )


methods = pytest.mark.parametrize("method", METHODS.values(), ids=lambda one: one.key)


def test_the_list_of_pages_takes_every_page_of_the_folder():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert re.search(r"```{toctree}\n:caption: Methods\n(:.*\n)*:glob:\n\nmethods/\*\n```", index)


@methods
def test_a_method_has_a_page_with_every_section_and_stream(method):
    page = page_of(method.key)
    text = page.read_text(encoding="utf-8")
    assert f"key `{method.key}`" in text
    for section in (*SECTIONS, *LATER_SECTIONS):
        assert section in text, f"{page.name} lacks {section}"
    for stream in method.streams:
        assert f"`{stream.key}`" in text, f"{page.name} lacks the stream {stream.key}"
    if method.doubts_zh:
        assert "待核实" in text


@methods
def test_a_method_stands_in_the_table_of_all_with_its_status(method):
    text = (PAGES / "sector-methods.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if f"`{method.key}`" in line)
    sure = Counter(stream.confidence for stream in method.streams)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == f"[`{method.key}`]({page_of(method.key).name})"
    assert cells[2] == method.number
    assert cells[3] == f"{method.valid_from} – {method.valid_to}".strip()
    assert cells[4] == ("全国碳市场" if method.market else "企业")
    assert cells[5] == "，".join(f"{n} {word}" for word, n in sorted(sure.items(), reverse=True))


def test_the_table_has_no_method_that_is_not_there():
    text = (PAGES / "sector-methods.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\|[^|]*\| \[`(\w+)`\]", text, re.M)
    assert keys == list(METHODS)


@pytest.mark.parametrize(("written", "result"), list(examples()))
def test_the_printed_arithmetic_is_right(written, result):
    tree = ast.parse(written.replace("×", "*").replace("−", "-"), mode="eval")
    said = Decimal(result.replace("−", "-"))
    got = worked_out(tree.body).quantize(said, rounding=ROUND_HALF_UP)
    assert got == said
