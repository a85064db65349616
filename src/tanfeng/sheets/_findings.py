"""Collecting what is wrong: every finding with its place, none lost, none said a thousand times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tanfeng.errors import DataError, Problem, Severity
from tanfeng.sheets._numbers import show
from tanfeng.sheets._tables import rules

#: Findings of one rule in one column listed one by one; the rest is summed up in a line.
LISTED: Mapping[Severity, int] = {"info": 200, "warning": 5000, "error": 10_000}


def refusal(rule: str, **values: Any) -> DataError:
    """Return the error that refuses a whole file."""
    return DataError([problem(rule, **values)])


def problem(
    rule: str,
    *,
    text: str = "",
    severity: Severity | None = None,
    sheet: str = "",
    row: int | None = None,
    letter: str = "",
    heading: str = "",
    value: object = "",
    suggestion: str = "",
    **values: Any,
) -> Problem:
    """Build one finding from the text of its rule.

    Parameters
    ----------
    rule : str
        Key of the rule the finding is filed under.
    text : str
        Key of the rule whose wording is used, when it is another one.
    severity : str, optional
        Severity, when it is not the one of the rule.
    sheet, row, letter, heading, value, suggestion
        Place and content, see :class:`tanfeng.errors.Problem`.
    **values
        Further placeholders of the wording; ``result`` stands in for ``{value}`` where the value
        read is not the value written.
    """
    said = rules()[text or rule]
    shown = show(value) if isinstance(value, float) else str(value)
    result = values.pop("result", None)
    placeholders: dict[str, object] = {
        "row": row,
        "column": heading or letter,
        "value": shown if result is None else result,
        "raw": shown,
    }
    placeholders |= {k: show(v) if isinstance(v, float) else v for k, v in values.items()}
    zh, en, remedy_zh, remedy_en = said.texts(placeholders)
    return Problem(
        rule=rule,
        severity=severity or said.severity,
        message_zh=zh,
        message_en=en,
        remedy_zh=remedy_zh,
        remedy_en=remedy_en,
        sheet=sheet,
        row=row,
        column=letter,
        heading=heading,
        value=shown,
        suggestion=suggestion,
    )


class Findings:
    """All findings about one sheet.

    Parameters
    ----------
    sheet : str
        Name of the worksheet.
    places : mapping
        Field -> (column letter, heading), filled in once the columns are known.
    """

    def __init__(self, sheet: str) -> None:
        self.sheet = sheet
        self.places: dict[str, tuple[str, str]] = {}
        self.counts: Counter[str] = Counter()
        self._found: list[Problem] = []
        self._unlisted: Counter[tuple[str, str, Severity]] = Counter()
        self._listed: Counter[tuple[str, str, Severity]] = Counter()
        self._bad: set[int] = set()

    def add(
        self,
        rule: str,
        row: int | None = None,
        field: str = "",
        *,
        letter: str = "",
        heading: str = "",
        **values: Any,
    ) -> None:
        """Add one finding at a row and field (or column letter)."""
        if field and not letter:
            letter, heading = self.places.get(field, ("", ""))
        severity = values.get("severity") or rules()[values.get("text") or rule].severity
        self.counts[severity] += 1
        if severity == "error" and row:
            self._bad.add(row)
        kind = (rule, letter, severity)
        if row is not None and self._listed[kind] >= LISTED[severity]:
            self._unlisted[kind] += 1
            return
        self._listed[kind] += 1
        self._found.append(
            problem(rule, sheet=self.sheet, row=row, letter=letter, heading=heading, **values)
        )

    def bad_rows(self) -> frozenset[int]:
        """Return the rows that carry an error, listed or not."""
        return frozenset(self._bad)

    def problems(self) -> tuple[Problem, ...]:
        """Return everything, file-wide findings first, then by row and column."""
        samples = {(p.rule, p.column, p.severity): p for p in reversed(self._found) if p.row}
        summed = [_of_many(samples[kind], count) for kind, count in self._unlisted.items()]
        grave = {"error": 0, "warning": 1, "info": 2}
        return tuple(
            sorted(
                [*summed, *self._found],
                key=lambda p: (p.row or 0, grave[p.severity], len(p.column), p.column, p.rule),
            )
        )


def _of_many(sample: Problem, more: int) -> Problem:
    """Return one line for the findings that are not listed one by one."""
    return replace(
        sample,
        severity="info",
        message_zh=f"同类问题另有 {more} 处未逐一列出, 例如: {sample.message_zh}",
        message_en=f"{more} further findings of this kind are not listed, such as: "
        f"{sample.message_en}",
        row=None,
        value="",
        suggestion="",
    )
