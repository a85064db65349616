"""The language a command speaks: Chinese, or what ``--lang`` says.

Whatever a command tells a person, in the middle of a task or at the end of it, is written in both
languages; :func:`pick` takes the one that was asked for, so that what opens a home or a database
need not be handed it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Lang(StrEnum):
    """Language of the output."""

    ZH = "zh"
    EN = "en"


_chosen = Lang.ZH


def speak(lang: Lang) -> Lang:
    """Speak a language from now on."""
    global _chosen  # one process runs one command
    _chosen = lang
    return lang


def spoken() -> Lang:
    """Return the language that is spoken."""
    return _chosen


def pick(zh: str, en: str) -> str:
    """Return the text in the language that is spoken."""
    return en if _chosen is Lang.EN else zh


def counted(count: int, noun: str) -> str:
    """Return a number with its English noun: ``1 error``, ``2 errors``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_SEVERITIES = {
    "error": ("错误", "error"),
    "warning": ("提醒", "warning"),
    "info": ("提示", "info"),
}


def graded(severity: str) -> str:
    """Return the word for how grave a finding is."""
    return pick(*_SEVERITIES[severity])


#: Read before everything else, so that whatever then fails says so in this language.
InLang = Annotated[
    Lang, typer.Option("--lang", help="Language of the output.", is_eager=True, callback=speak)
]
