"""Conditions rows must not meet, told all at once."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from tanfeng.errors import DataError, Problem


class Rule(NamedTuple):
    """A condition a row must not meet, the column it speaks of, and what the person is told."""

    code: str
    column: str
    rows: pl.Expr
    zh: str
    en: str


def refuse(frame: pl.DataFrame, rules: tuple[Rule, ...]) -> None:
    """Raise with every row that meets a rule.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows, counted from 1 as the person sees them.
    rules : tuple of Rule
        Looked at in their order.

    Raises
    ------
    DataError
        If any row meets a rule; sorted by row.
    """
    numbered = frame.with_row_index("_row", offset=1)
    problems = [
        Problem(
            rule=rule.code,
            severity="error",
            message_zh=rule.zh,
            message_en=rule.en,
            row=row["_row"],
            column=rule.column,
            value="" if row[rule.column] is None else f"{row[rule.column]}",
        )
        for rule in rules
        for row in numbered.filter(rule.rows).iter_rows(named=True)
    ]
    if problems:
        raise DataError(sorted(problems, key=lambda problem: problem.row or 0))
