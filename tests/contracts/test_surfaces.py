"""What each room promises: a sorted list of public names, each with a full docstring."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "tanfeng"
ROOMS = ("accounting", "plan", "reports", "sheets", "standards")
LEAVES = ("errors", "periods", "trace", "units")
#: Modules of the engines that are public beside the room's ``__init__``.
MODULES = [
    f"{room}.{path.stem}"
    for room in ("accounting", "metering", "pathway", "plan", "standards")
    for path in sorted((SOURCE / room).glob("[!_]*.py"))
]
NUMPYDOC = re.compile(r"^(Parameters|Returns|Yields|Raises|Notes|References)\n-+$", re.M)


def _room(name):
    return importlib.import_module(f"tanfeng.{name}")


def _order(names):
    """Sort as ruff does: constants, then classes, then the rest."""
    kind = {name: (not name.isupper()) + (name[0].islower()) for name in names}
    return sorted(names, key=lambda name: (kind[name], name))


@pytest.mark.parametrize("room", ROOMS)
def test_the_list_of_names_is_sorted_and_every_name_is_there(room):
    module = _room(room)
    assert list(module.__all__) == _order(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert not name.startswith("_")
        assert getattr(module, name) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_the_list_is_complete(room):
    """What the package imports by name is what it promises: nothing is left lying about."""
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tanfeng")
        for alias in node.names
    }
    assert imported == set(_room(room).__all__)


def _public_functions():
    """Yield every function an engine, the standards or a leaf module promises."""
    for name in ("accounting", "metering", "pathway", "plan", "standards", *LEAVES, *MODULES):
        module = _room(name)
        names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
        for one in names:
            thing = getattr(module, one)
            home = getattr(thing, "__module__", "")
            # What a module borrows from a private one it does not promise, unless it lists it.
            borrowed = not hasattr(module, "__all__") and "._" in home
            own = home.startswith("tanfeng") and not borrowed
            if own and (inspect.isfunction(thing) or hasattr(thing, "__wrapped__")):
                yield f"{thing.__module__}.{thing.__qualname__}", thing


FUNCTIONS = dict(sorted(_public_functions()))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_tells_what_it_takes_and_gives(name):
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    sections = set(NUMPYDOC.findall(text))
    taken = [p for p in inspect.signature(function).parameters if not p.startswith("_")]
    assert text.split("\n")[0].rstrip().endswith("."), "the first line is a sentence"
    if len(taken) > 1:
        assert "Parameters" in sections
    for parameter in taken if "Parameters" in sections else ():
        assert re.search(rf"^[\w, *]*\b{parameter}\b[\w, *]*( :|$)", text, re.M), parameter
    given = function.__annotations__.get("return")
    if len(taken) > 1 and given not in ("None", None):
        assert sections & {"Returns", "Yields"}


def test_every_formula_names_its_document_and_how_well_it_is_known():
    for key, formula in _room("accounting").FORMULAS.items():
        assert formula.document, key
        assert formula.confidence in ("confirmed", "single", "recalled"), key
        assert formula.clause or not formula.clause_confidence, key
        assert formula.name_zh, key
        assert formula.name_en, key


@pytest.mark.parametrize("name", ["accounting.gb_t_2589", "accounting.ndrc_general_2015"])
def test_a_method_begins_with_number_year_and_scope(name):
    text = inspect.getdoc(_room(name))
    assert re.search(r"\b(19|20)\d{2}\b", text.splitlines()[0]), "number and edition"
    assert re.search("[一-鿿]{4}", text), "the Chinese title"
    assert re.search(r"\bScope( here)?: ", text)
