"""The exceptions of Tanfeng and the finding every door prints the same way.

The tree::

    TanfengError
    ├── DataError        what a person sent is wrong; carries every Problem found
    ├── StandardError    a table of the law has no answer, or more than one
    │   ├── FactorNotFound
    │   └── FactorAmbiguous
    ├── ModelError       a calculation cannot be done as asked
    └── AccessError      the rights function said no

A :class:`Problem` is one finding about one place of an input. Its parts are attributes, so the
marked workbook, the page, the API and the command line state the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

_WORDS = {
    "zh": {
        "sheet": "工作表 {0}",
        "row": "第 {0} 行",
        "column": "{0} 列",
        "join": "，",
        "end": "：",
    },
    "en": {
        "sheet": "sheet {0}",
        "row": "row {0}",
        "column": "column {0}",
        "join": ", ",
        "end": ": ",
    },
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where it is, what stands there, which rule it breaks, what to do.

    Parameters
    ----------
    rule : str
        Identifier of the check, for example ``S008`` or ``E002``.
    severity : {"error", "warning", "info"}
        An error keeps its row out; a warning wants an explanation; an info is only told.
    message_zh, message_en : str
        What is wrong, value and accepted range included.
    remedy_zh, remedy_en : str
        What the person should do about it.
    sheet : str
        Name of the worksheet, empty where there is none.
    row : int or None
        Row as the person sees it, counted from 1; None speaks of the whole file.
    column : str
        Column letter as the person sees it, empty for the whole row.
    heading : str
        Heading of that column as printed in the file.
    value : str
        What stands in the cell, as text.
    suggestion : str
        Value that is probably meant, empty when nothing safe can be said.
    """

    rule: str
    severity: Severity
    message_zh: str
    message_en: str
    remedy_zh: str = ""
    remedy_en: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    heading: str = ""
    value: str = ""
    suggestion: str = ""

    @property
    def cell(self) -> str:
        """Address such as ``G17``, ``row 17`` as ``17``, or empty for the whole file."""
        return f"{self.column}{self.row if self.row is not None else ''}"

    def message(self, lang: str = "zh") -> str:
        """Return what is wrong in the language asked for."""
        return self.message_en if lang == "en" else self.message_zh

    def remedy(self, lang: str = "zh") -> str:
        """Return what to do in the language asked for."""
        return self.remedy_en if lang == "en" else self.remedy_zh

    def line(self, lang: str = "zh") -> str:
        """Return place, finding and remedy as one line of text."""
        lang = "en" if lang == "en" else "zh"
        words = _WORDS[lang]
        column = f"{self.column} {self.heading}".strip()
        place = words["join"].join(
            words[part].format(value)
            for part, value in (("sheet", self.sheet), ("row", self.row), ("column", column))
            if value not in ("", None)
        )
        text = " ".join(part for part in (self.message(lang), self.remedy(lang)) if part)
        return f"{place}{words['end']}{text} [{self.rule}]" if place else f"{text} [{self.rule}]"


class TanfengError(Exception):
    """Root of everything Tanfeng raises on purpose.

    Parameters
    ----------
    message_en, message_zh : str
        What is wrong and what to do. ``str()`` of the error is the English text; an error with one
        text reads the same in both languages.
    """

    def __init__(self, message_en: str = "", message_zh: str = "") -> None:
        super().__init__(message_en)
        self._message_zh = message_zh

    def message(self, lang: str = "zh") -> str:
        """Return what is wrong in the language asked for."""
        return str(self) if lang == "en" else self._message_zh or str(self)


class DataError(TanfengError):
    """What a person sent cannot be taken; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(*("\n".join(p.line(lang) for p in self.problems) for lang in ("en", "zh")))


class StandardError(TanfengError):
    """A table of the law cannot answer the question asked of it."""


class FactorNotFound(StandardError):
    """No row of a standards table fits the key; the nearest ones are listed."""

    def __init__(
        self,
        table: str,
        key: dict[str, object],
        candidates: Sequence[str] = (),
        candidates_zh: Sequence[str] = (),
    ) -> None:
        self.table = table
        self.key = key
        self.candidates = tuple(candidates)
        near_zh = "；".join(candidates_zh or self.candidates) or "无"
        super().__init__(
            f"table {table} has no row for {_shown(key)}. "
            f"Nearest: {'; '.join(self.candidates) or 'none'}",
            f"标准表 {table} 没有符合 {_shown(key, '，')} 的行。最接近的：{near_zh}",
        )


class FactorAmbiguous(StandardError):
    """More than one row of a standards table fits the key; all of them are listed."""

    def __init__(
        self,
        table: str,
        key: dict[str, object],
        candidates: Sequence[str],
        candidates_zh: Sequence[str] = (),
    ) -> None:
        self.table = table
        self.key = key
        self.candidates = tuple(candidates)
        super().__init__(
            f"table {table} has {len(self.candidates)} rows for {_shown(key)}: "
            f"{'; '.join(self.candidates)}. Name the edition or the date",
            f"标准表 {table} 有 {len(self.candidates)} 行符合 {_shown(key, '，')}："
            f"{'；'.join(candidates_zh or self.candidates)}。请指明版本或日期",
        )


class ModelError(TanfengError):
    """A calculation cannot be done as asked; the message names the input and the remedy."""


class AccessError(TanfengError):
    """The rights function said no."""


def _shown(key: dict[str, object], between: str = ", ") -> str:
    return between.join(f"{name}={value}" for name, value in key.items())
