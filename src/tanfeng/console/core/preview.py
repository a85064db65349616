"""The preview page's view of a sheet: a window of rows with the bad cells marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng import sheets
from tanfeng.console.core import books, examining, storage, uploads
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Batch, User
from tanfeng.console.core.parsed import GridRow, Parsed
from tanfeng.errors import SEVERITIES, Problem

#: Values shown to tell what a column holds.
SAMPLES = 3
#: Rows of a page, of the whole sheet or of those with findings.
ROWS = 40


@dataclass(frozen=True, slots=True)
class Window:
    """What one page of the preview shows.

    Parameters
    ----------
    page : Page
        The page among all pages of rows.
    sheet : dict
        What the tag ``sheet`` draws.
    problems : list of dict
        Findings about these rows; the first page has those about the whole file too.
    """

    page: Page[int]
    sheet: dict[str, Any]
    problems: list[dict[str, Any]]


def page_of(row: int) -> int:
    """Return the page of the whole sheet that shows a row."""
    return max(row - 1, 0) // ROWS + 1


def window(
    batch: Batch, *, severity: str, everything: bool, page: str | None, fix_url: str
) -> Window:
    """Return one page of the sheet.

    Parameters
    ----------
    batch : Batch
        With a kept reading.
    severity : str
        Show rows with findings of this severity alone; empty for any.
    everything : bool
        Show all rows, not only those with findings.
    page : str or None
        Number of the page asked for.
    fix_url : str
        Where a suggestion is accepted; empty when nothing can be corrected (any more).
    """
    parsed = Parsed(batch)
    numbers: Sequence[int] = (
        range(1, parsed.height + 1) if everything else parsed.problem_rows(severity)
    )
    shown = Paginator(numbers, ROWS).get_page(page)
    wanted = list(shown.object_list)
    found = [one for one in parsed.problems_at(wanted) if not severity or one.severity == severity]
    head = [row.number for row in parsed.rows(range(1, 31)) if row.kind == "head"]
    rows = parsed.rows([*head, *wanted])
    wide = parsed.problems(severity=severity) if shown.number == 1 else []
    listed = [
        *(one for one in wide if one.row is None),
        *sorted(found, key=lambda one: SEVERITIES.index(one.severity)),
    ]
    return Window(
        shown,
        _sheet(batch, parsed.meta, parsed.width, rows, found),
        [_with_fix(one, fix_url) for one in listed],
    )


def _with_fix(problem: Problem, fix_url: str) -> dict[str, Any]:
    told = {**asdict(problem), "sheet": ""}  # the page shows one sheet and names it at its top
    if fix_url and problem.suggestion and problem.row and problem.column:
        told["fix_url"] = f"{fix_url}?cell={problem.cell}"
    return told


def _sheet(
    batch: Batch,
    meta: Mapping[str, Any],
    width: int,
    rows: Sequence[GridRow],
    found: Iterable[Problem],
) -> dict[str, Any]:
    letters = [uploads.column_letter(index) for index in range(width)]
    by_cell: dict[str, list[Problem]] = defaultdict(list)
    by_row: dict[int, list[Problem]] = defaultdict(list)
    for one in found:
        if one.column:
            by_cell[one.cell].append(one)
        elif one.row:
            by_row[one.row].append(one)
    fixes = {one["cell"]: one for one in examining.standing_fixes(batch)}
    drawn: list[dict[str, Any]] = []
    last = rows[0].number - 1 if rows else 0
    for row in rows:
        if row.number > last + 1:
            fine = row.number - last - 1
            reason = ngettext("%d row without findings", "%d rows without findings", fine) % fine
            drawn.append({"number": 0, "kind": "gap", "reason": reason, "cells": []})
        last = row.number
        note = "; ".join(one.message(language()) for one in by_row[row.number])
        cells = [
            _cell(f"{letter}{row.number}", text, by_cell, fixes)
            for letter, text in zip(letters, row.cells, strict=True)
        ]
        drawn.append(
            {
                "number": row.number,
                "kind": row.kind,
                "reason": note or _reason(row.reason),
                "cells": cells,
            }
        )
    return {"columns": letters, "headings": _headings(meta), "rows": drawn}


def _cell(
    address: str,
    text: str,
    by_cell: Mapping[str, list[Problem]],
    fixes: Mapping[str, Mapping[str, Any]],
) -> dict[str, str]:
    found = by_cell.get(address, [])
    level, notes = "", [one.message(language()) for one in found]
    if address in fixes:
        level, text = "fixed", str(fixes[address]["value"])
        notes.append(_("corrected; the file says “%s”") % fixes[address]["original"])
    elif found:
        level = min((one.severity for one in found), key=SEVERITIES.index)
    return {"text": text, "level": level, "note": "; ".join(notes), "id": f"cell-{address}"}


def _headings(meta: Mapping[str, Any]) -> dict[str, str]:
    """Return what each column was taken for."""
    if not meta["form"]:
        return {}
    form = sheets.form(meta["form"])
    return {one["letter"]: form.column(one["field"]).heading(language()) for one in meta["columns"]}


def _reason(reason: str) -> str:
    words = {
        "total": _("total row, recomputed and compared"),
        "subtotal": _("subtotal, left out"),
        "blank": _("empty row"),
        "note": _("note below the table"),
        "repeat_header": _("heading repeated by a page break"),
        "example": _("example row of the template"),
        "of_which": _("part of the row above"),
    }
    return words.get(reason, reason)


def samples(batch: Batch) -> dict[str, list[str]]:
    """Return the first values under each column letter."""
    found: dict[str, list[str]] = defaultdict(list)
    data = [row for row in Parsed(batch).rows(range(1, 61)) if row.kind == "data"]
    for row in data:
        for index, text in enumerate(row.cells):
            letter = uploads.column_letter(index)
            if text and text not in found[letter] and len(found[letter]) < SAMPLES:
                found[letter].append(text)
    return found


def suggestions(batch: Batch) -> list[tuple[str, int]]:
    """Return the rules with more than one suggestion, and how many each has."""
    counts: dict[str, int] = defaultdict(int)
    for one in Parsed(batch).problems():
        if one.suggestion and one.row and one.column:
            counts[one.rule] += 1
    return sorted((rule, count) for rule, count in counts.items() if count > 1)


def marked(batch: Batch, user: User, stamp: str = "") -> bytes:
    """Return the uploaded file as a workbook with the bad cells marked and every problem listed."""
    head = batch.book or batch
    content = storage.load(head.sha256)
    workbook = sheets.Workbook(content, head.file_name)
    read = []
    for part in books.members(head) or [head]:
        kept = Parsed(part)
        problems = tuple(kept.problems() if kept else [Problem(**one) for one in part.problems])
        result, _importer = examining.read_twice(part, workbook, user)
        read.append(replace(result, problems=problems))
    return sheets.annotate(
        content,
        head.file_name,
        read,
        lang=language(),
        stamp=stamp,
    )


def marked_name(batch: Batch) -> str:
    """Return the file name of the marked workbook."""
    return f"{batch.file_name.rsplit('.', 1)[0]} {_('marked')}.xlsx"
