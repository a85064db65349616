"""Reading one sheet of an upload and checking it against the database.

What a person answered and corrected counts; the reader finds what the file itself shows, the
importer what only the database can know. Nothing is written here but the kept reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl
from django.utils import timezone

from tanfeng import sheets
from tanfeng.console.core.importer import Columns, Importer, directory, importer_of
from tanfeng.console.core.models import Batch, User
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import SEVERITIES, Problem
from tanfeng.periods import Period

#: Problems kept in the database row; the kept reading has all of them.
KEPT_PROBLEMS = 500


@dataclass(slots=True)
class Examined:
    """A sheet that was read and checked, before that is kept.

    Parameters
    ----------
    batch : Batch
        The sheet.
    result : ReadResult
        What the reader found.
    frame : polars.DataFrame
        Rows to be taken.
    problems : list of Problem
        Findings of reader and database.
    importer : Importer or None
        What takes the rows, None while no register does.
    codes : set of str
        Enterprises the sheet speaks of.
    counts, facts : mapping
        What a commit would do; what is said once for the whole sheet.
    """

    batch: Batch
    result: sheets.ReadResult
    frame: pl.DataFrame
    problems: list[Problem]
    importer: Importer | None = None
    codes: set[str] = field(default_factory=set)
    counts: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def standing_fixes(batch: Batch) -> list[dict[str, Any]]:
    """Return the corrections that hold: the last word on each cell, unless taken back."""
    last = {one["cell"]: one for one in batch.fixes}
    return [one for one in last.values() if not one.get("withdrawn")]


def read(batch: Batch, workbook: sheets.Workbook, user: User, **more: Any) -> sheets.ReadResult:
    """Read the sheet of a batch with the answers and corrections so far."""
    return workbook.read(
        form=more.pop("form", None) or batch.form_key or None,
        sheet=batch.sheet or None,
        mapping=batch.mapping or None,
        fixes={one["cell"]: one["value"] for one in standing_fixes(batch)} or None,
        today=timezone.localdate(),
        tell_file=batch.sheet_no < 2,
        **directory(user),
        **more,
    )


def read_twice(
    batch: Batch,
    workbook: sheets.Workbook,
    user: User,
    first: sheets.ReadResult | None = None,
) -> tuple[sheets.ReadResult, Importer | None]:
    """Read a sheet, unless its ``first`` reading is given, and again with what is known of it.

    What its importer knows of its enterprises, such as their months before, asks for the second.
    """
    result = first or read(batch, workbook, user)
    importer = importer_of(result.form.key) if result.form else None
    if importer is None:
        return result, None
    context = importer.context(
        user, importer.complete(result.accepted, facts_of(batch, result, user))
    )
    if context:
        result = read(batch, workbook, user, form=result.form, **context)
    return result, importer


def examined(batch: Batch, workbook: sheets.Workbook, user: User) -> Examined:
    """Read and check a file of one sheet."""
    result, importer = read_twice(batch, workbook, user)
    return checked(batch, result, importer, user)


def checked(
    batch: Batch, result: sheets.ReadResult, importer: Importer | None, user: User
) -> Examined:
    """Check what was read against the database."""
    facts = facts_of(batch, result, user)
    if importer is None:
        found = [*result.problems, *_no_register(result)]
        return Examined(batch, result, result.accepted.clear(), found, facts=facts)
    codes = importer.subjects(importer.complete(result.frame, facts))
    frame = importer.complete(result.accepted, facts)
    missing = [name for name in importer.asks if not (facts.get(name) or _in_rows(frame, name))]
    found = [*result.problems, *(_unanswered(name) for name in missing)]
    one = Examined(batch, result, frame, found, importer, codes, facts=facts)
    if missing or any(p.severity == "error" and p.row is None for p in found):
        one.frame = frame.clear()
        return one
    refuse(one, importer.beside(batch, result, facts, user))
    known = importer.check(one.frame, columns_of(result), user)
    one.counts = known.counts
    one.problems = _without_reader_s(one.problems, known.problems)
    refuse(one, known.problems)
    return one


def _in_rows(frame: pl.DataFrame, name: str) -> bool:
    """Tell whether every row says itself what would be asked once for the file."""
    return name in frame.columns and frame.height > 0 and frame[name].null_count() == 0


def refuse(one: Examined, problems: Iterable[Problem]) -> None:
    """Add findings of the database and keep the rows with errors out."""
    new = list(problems)
    one.problems = [*one.problems, *new]
    bad = {problem.row for problem in new if problem.severity == "error"}
    one.frame = one.frame.filter(~pl.col("source_row").is_in([row for row in bad if row]))
    if None in bad:
        one.frame = one.frame.clear()


def _without_reader_s(first: list[Problem], second: list[Problem]) -> list[Problem]:
    """Leave out the reader's "unknown enterprise" where the database says it, too."""
    taken = {one.row for one in second if one.rule == "D001"}
    return [one for one in first if one.rule != "X031" or one.row not in taken]


def keep(one: Examined, more: Iterable[Problem] = ()) -> None:
    """Keep a reading beside the database, and its sums on the batch; the caller saves that."""
    batch, found = one.batch, [*one.problems, *more]
    Parsed(batch).save(one.result, one.frame, found, counts=one.counts, facts=one.facts)
    count = {severity: 0 for severity in SEVERITIES}
    for problem in found:
        count[problem.severity] += 1
    gravest = sorted(found, key=lambda problem: SEVERITIES.index(problem.severity))
    batch.form_key = one.result.form.key if one.result.form else batch.form_key
    batch.sheet = one.result.sheet
    batch.columns = dict(columns_of(one.result).letters)
    batch.rows_read, batch.rows_good = one.result.frame.height, one.frame.height
    batch.errors, batch.warnings, batch.infos = count["error"], count["warning"], count["info"]
    batch.problems = [asdict(problem) for problem in gravest[:KEPT_PROBLEMS]]
    batch.status = Batch.Status.PREVIEW


def facts_of(batch: Batch, result: sheets.ReadResult, user: User) -> dict[str, Any]:
    """Return what is said once for the whole file; an answer of the person wins."""
    own = {"credit_code": user.org_code} if user.org_code else {}
    head = {key: value for key, value in result.head.items() if value not in (None, "")}
    facts = {**own, **head, **batch.answers}
    try:
        Period.parse(str(facts.get("period", "")))
    except ValueError:
        facts.pop("period", None)
    return facts


def columns_of(result: sheets.ReadResult) -> Columns:
    """Return where the fields of a form stand in the sheet."""
    letters: dict[str, str] = {}
    headings: dict[str, str] = {}
    for one in result.columns:
        for name in (one.field, *one.also):
            letters.setdefault(name, one.letter)
            headings.setdefault(name, one.heading)
    return Columns(result.sheet, letters, headings)


def _no_register(result: sheets.ReadResult) -> list[Problem]:
    if result.form is None:
        return []  # the reader has said what it compared
    return [
        Problem(
            rule="D011",
            severity="warning",
            message_zh=f"“{result.form.name_zh}”已读取并校验，但平台目前不保存其数据",
            message_en=f"“{result.form.name_en}” was read and checked; its data is not kept yet",
            remedy_zh="校验结果可在本页查看，或下载标注文件；无需确认导入",
            remedy_en="See the findings here or in the marked file; there is nothing to confirm",
        )
    ]


_QUESTIONS = {
    "credit_code": ("企业的统一社会信用代码", "the unified social credit code of the enterprise"),
    "period": ("报告期", "the period"),
}


def _unanswered(name: str) -> Problem:
    zh, en = _QUESTIONS[name]
    return Problem(
        rule="D012",
        severity="error",
        message_zh=f"文件中没有{zh}",
        message_en=f"The file does not say {en}",
        remedy_zh="请在“列与表头”页填写",
        remedy_en="Say so on the page “Columns and head”",
    )
