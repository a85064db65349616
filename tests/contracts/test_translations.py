"""Chinese is complete: every English msgid of the console has a Chinese text."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation import gettext, override
from django.utils.translation.template import templatize

CONSOLE = Path(__file__).resolve().parents[2] / "src" / "tanfeng" / "console"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}|%[sd]")


def _sources():
    for path in sorted(CONSOLE.rglob("*")):
        if path.suffix in {".py", ".html", ".txt"} and "migrations" not in path.parts:
            yield path


def _messages(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        text = templatize(text, origin=str(path))
    for _line, message, _comments, _context in _extracted(text):
        yield from (message,) if isinstance(message, str) else message


def _extracted(text):
    return [
        (line, message, comments, context)
        for line, message, comments, context in extract(
            "python", BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        )
    ]


@cache
def _catalogue():
    known = {}
    for po in CONSOLE.rglob("zh_Hans/LC_MESSAGES/django.po"):
        with po.open("rb") as handle:
            for message in read_po(handle):
                if message.id and not message.fuzzy:
                    ids = message.id if isinstance(message.id, tuple) else (message.id,)
                    texts = message.string if isinstance(message.id, tuple) else (message.string,)
                    for one in ids:
                        known[one] = texts[0] if texts else ""
    return known


def _shown_by_django(message):
    with override("zh-hans"):
        return gettext(message)


@pytest.mark.parametrize("path", list(_sources()), ids=lambda p: str(p.relative_to(CONSOLE)))
def test_every_text_has_its_chinese(path):
    known = _catalogue()
    missing = [
        message
        for message in _messages(path)
        if message
        and re.search("[A-Za-z]{2}", PLACEHOLDER.sub("", message))
        and not known.get(message)
        and _shown_by_django(message) == message
    ]
    assert not missing


def test_placeholders_agree():
    wrong = [
        (message, chinese)
        for message, chinese in _catalogue().items()
        if chinese
        and set(re.findall(r"%\(\w+\)[sd]", chinese)) - set(re.findall(r"%\(\w+\)[sd]", message))
    ]
    assert not wrong


def _by_app():
    """Return (context, msgid) -> app -> Chinese."""
    found = {}
    for po in CONSOLE.rglob("zh_Hans/LC_MESSAGES/django.po"):
        app = po.relative_to(CONSOLE).parts[0]
        with po.open("rb") as handle:
            for message in read_po(handle):
                text = message.string if isinstance(message.string, str) else message.string[0]
                name = message.id if isinstance(message.id, str) else message.id[0]
                if name and text:
                    found.setdefault((message.context, name), {})[app] = text
    return found


def test_one_english_text_has_one_chinese():
    """Django lays the catalogues over each other: of two words one is shown in both apps.

    Where one English word means two things, say which: ``pgettext("official list", "Level")``.
    """
    clashes = {key: apps for key, apps in _by_app().items() if len(set(apps.values())) > 1}
    assert not clashes
