"""What an app declares to take in a form: checks against the database, commit and undo.

The reading of the workbook is the business of ``tanfeng.sheets``; the way from upload to undo is
the business of ``core.imports``. An importer knows the register behind the form and nothing else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl

from tanfeng.console.core.models import Batch, User
from tanfeng.errors import ModelError, Problem, Severity
from tanfeng.sheets import ReadResult

#: What a rule says: finding and remedy, each in Chinese and English.
Texts = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields of a form stand in one file, so that a finding can name its cell."""

    sheet: str = ""
    letters: Mapping[str, str] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)

    def problem(
        self,
        rule: str,
        severity: Severity,
        *,
        zh: str,
        en: str,
        remedy_zh: str = "",
        remedy_en: str = "",
        row: int | None = None,
        field: str = "",
        value: object = "",
        suggestion: str = "",
    ) -> Problem:
        """Build a finding about a row and field of this file."""
        return Problem(
            rule=rule,
            severity=severity,
            message_zh=zh,
            message_en=en,
            remedy_zh=remedy_zh,
            remedy_en=remedy_en,
            sheet=self.sheet,
            row=row,
            column=self.letters.get(field, ""),
            heading=self.headings.get(field, ""),
            value="" if value is None else str(value),
            suggestion=suggestion,
        )

    def told(
        self,
        texts: Mapping[str, Texts],
        rule: str,
        severity: Severity,
        row: Mapping[str, Any],
        field: str = "",
        **values: Any,
    ) -> Problem:
        """Build a finding from the words of its rule; ``{value}`` is what stands in the field."""
        value = row.get(field) if field else ""
        zh, en, remedy_zh, remedy_en = (
            text.format(**{"value": value, **values}) for text in texts[rule]
        )
        return self.problem(
            rule,
            severity,
            zh=zh,
            en=en,
            remedy_zh=remedy_zh,
            remedy_en=remedy_en,
            row=row["source_row"],
            field=field,
            value=value,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What the database says about the rows of a file.

    Parameters
    ----------
    problems : list of Problem
        Findings; an error keeps its row out.
    counts : mapping of str to int
        What a commit would do now: ``added``, ``replaced``, ``unchanged`` ...
    """

    problems: list[Problem]
    counts: Mapping[str, int] = field(default_factory=dict)


#: Rank of the forms that bring or change enterprises: later sheets are read knowing them.
ENTERPRISES: Final = 0


class Importer(ABC):
    """Takes the rows of one form into a register."""

    #: Form of ``tanfeng.sheets`` this importer takes.
    form_key: str
    #: What the person must say when neither the rows nor the head of the file say it.
    asks: tuple[str, ...] = ()
    #: Forms of one file are written in this order: enterprises, what they use, what they make.
    rank: int = ENTERPRISES

    def complete(self, frame: pl.DataFrame, _facts: Mapping[str, Any]) -> pl.DataFrame:
        """Return the rows with what the head of the file, or the person, said once for all."""
        return frame

    def subjects(self, frame: pl.DataFrame) -> set[str]:
        """Return the credit codes the rows speak of."""
        if "credit_code" not in frame.columns:
            return set()
        return {code for code in frame["credit_code"].drop_nulls().unique() if code}

    def place_of(self, _codes: set[str]) -> str:
        """Return the county all these enterprises lie in, empty when it is not one county."""
        return ""

    def context(self, _user: User, _frame: pl.DataFrame) -> dict[str, Any]:
        """Return keyword arguments for a second reading, such as ``history``; empty for none."""
        return {}

    def beside(
        self, _batch: Batch, _result: ReadResult, _facts: Mapping[str, Any], _user: User
    ) -> list[Problem]:
        """Return what the sheet and another form, handed in before, contradict each other in."""
        return []

    @abstractmethod
    def check(self, frame: pl.DataFrame, columns: Columns, user: User) -> Checked:
        """Check completed rows against the database."""

    @abstractmethod
    def commit(self, frame: pl.DataFrame, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Write completed rows inside the caller's transaction; return what was done.

        Asks for the rights again: a preview may be hours old.
        """

    @abstractmethod
    def undo(self, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Take the rows of a batch out again and bring back what they replaced."""


_importers: dict[str, Importer] = {}
_directories: list[Callable[[User], dict[str, Any]]] = []


def register_directory(function: Callable[[User], dict[str, Any]]) -> None:
    """Declare what every reading should know: ``register`` of enterprises, ``places``."""
    _directories[:] = [function]


def directory(user: User) -> dict[str, Any]:
    """Return keyword arguments for every reading of a file by this person."""
    return _directories[0](user) if _directories else {}


def register(importer: Importer) -> None:
    """Add the importer of a form."""
    _importers[importer.form_key] = importer


def importer_of(form_key: str) -> Importer | None:
    """Return the importer of a form, None while its register is still to come."""
    return _importers.get(form_key)


def required_importer(form_key: str) -> Importer:
    """Return the importer of a form.

    Raises
    ------
    ModelError
        If no register takes the form.
    """
    importer = _importers.get(form_key)
    if importer is None:
        known = ", ".join(sorted(_importers))
        raise ModelError(
            f"no register takes the form {form_key!r}; there are {known}",
            f"没有台账接收报表 {form_key!r}；可接收的有 {known}",
        )
    return importer


def form_keys() -> tuple[str, ...]:
    """Return the forms that can be taken in."""
    return tuple(_importers)
