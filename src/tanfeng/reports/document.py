"""A report as blocks, independent of the file it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tanfeng.units import round_gb8170

#: What stands where there is no figure; no data is not zero.
NO_DATA = "—"
#: Confidences that need a person's check before a figure is leant on.
UNVERIFIED = frozenset({"single", "recalled"})
_THIN_SPACE = "\u2009"
_NUMERALS = "一二三四五六七八九十"

#: Chinese and English -> the one of the document's language.
Words = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Heading:
    """A section heading, numbered by the writer of the report."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text; a note is set smaller."""

    text: str
    note: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of key figures: label, value with its unit, remark."""

    items: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; the first ``text_columns`` columns are set left.

    ``widths`` are shares of the line, one per column; without them the writer chooses.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: int = 1
    total: bool = False
    widths: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its caption and the sentence that says the same in words."""

    caption: str
    svg: str
    alternative: str


Block = Heading | Paragraph | Figures | Table | Chart


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Parameters
    ----------
    title, subtitle : str
        Title lines of the first page.
    issuer, issued_on : str
        Who issues it and when, printed in the head and beside the place of the stamp.
    mark : str
        Printed in the head of every page, for example that the data is invented; empty for none.
    blocks : tuple of Block
        Contents in order.
    language : {"zh", "en"}
        Language of the frame (page numbers, stamp area).
    stamp : str
        Who took the document out and when, printed in the foot of every page; empty for none.
    """

    title: str
    subtitle: str
    issuer: str
    issued_on: str
    mark: str
    blocks: tuple[Block, ...]
    language: Literal["zh", "en"] = "zh"
    stamp: str = ""


def grouped(value: float | None, places: int = 0) -> str:
    """Return a figure for print: rounded by GB/T 8170, thousands apart, a dash for no data."""
    if value is None or value != value:
        return NO_DATA
    return _spaced(round_gb8170(value, places))


def in_wan(value: float | None, places: int = 2) -> str:
    """Return a figure in units of ten thousand (万)."""
    return grouped(None if value is None else value / 1e4, places)


def change(new: float | None, old: float | None) -> str:
    """Return the relative change in percent with its sign, a dash where it has no meaning."""
    if new is None or old is None or old <= 0:
        return NO_DATA
    percent = round_gb8170((new / old - 1) * 100, 1)
    return f"{percent:+}%".replace("-", "\u2212") if percent else "0.0%"


def share(part: float | None, whole: float | None) -> str:
    """Return a share in percent, a dash where the whole is nothing."""
    if part is None or not whole or whole <= 0:
        return NO_DATA
    return f"{round_gb8170(part / whole * 100, 1)}%"


def words(language: str) -> Words:
    """Return the function that picks the text of a language."""
    return lambda zh, en: en if language == "en" else zh


def numbered(number: int, title: str, language: str) -> str:
    """Return a section heading with its number, counted from 0, as the language counts."""
    return f"{_NUMERALS[number]}、{title}" if language == "zh" else f"{number + 1}. {title}"


def joined(parts: Sequence[str], language: str) -> str:
    """Join names the way the language lists them."""
    return ("、" if language == "zh" else ", ").join(parts)


def _spaced(number: Decimal) -> str:
    if not number:
        number = abs(number)  # a rounded minus nothing is nothing
    return f"{number:,f}".replace(",", _THIN_SPACE).replace("-", "\u2212")
