"""From an uploaded file to a preview that can be confirmed: store, read, check, correct.

A file is stored under its hash and never changed. Reading it gives findings by cell; a person
answers what the file did not say and accepts corrections, each kept with the original value, who
and when. What follows a confirmation is in ``commits``; pages and programs use both through
``imports``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng import sheets
from tanfeng.console.core import audit, jobs, rights, storage
from tanfeng.console.core.importer import Columns, Importer, directory, importer_of
from tanfeng.console.core.models import Batch, Subject, User
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, ModelError, Problem
from tanfeng.periods import Period

#: Problems kept in the database row; the kept reading has all of them.
KEPT_PROBLEMS = 500
_OPEN = (Batch.Status.PREVIEW, Batch.Status.CHECKING)
#: Larger files are read in the background. [byte]
IN_REQUEST_BYTES = 400_000


def upload(
    user: User,
    content: bytes,
    file_name: str,
    *,
    form_key: str = "",
    is_demo: bool = False,
    in_background: bool = True,
    request: HttpRequest | None = None,
) -> Batch:
    """Store and read a file.

    Parameters
    ----------
    user : User
        Who hands it in; cities, counties and enterprises may.
    content : bytes
        The file.
    file_name : str
        Its name; the ending says how it is read.
    form_key : str
        Form it is, when the person said so; else it is recognised.
    is_demo : bool
        Whether its rows are demonstration data.
    in_background : bool
        Whether a large file may be read by a job; False reads it now.
    request : HttpRequest, optional
        For the audit log.

    Returns
    -------
    Batch
        ``preview`` when it can be worked on, ``refused`` when it cannot be opened, ``checking``
        while a job reads it. The same file that already waits is handed back as it is.
    """
    rights.require(user, "import.upload")
    name = Path(file_name.replace("\\", "/")).name.replace("\x00", "")[:200] or "?"
    batch = Batch(
        file_name=name,
        size_bytes=len(content),
        form_key=form_key,
        uploaded_by=user,
        scope=user.scope_key,
        is_demo=is_demo,
        status=Batch.Status.CHECKING,
    )
    if len(content) > settings.UPLOAD_LIMIT_BYTES:
        return _refuse(batch, [_too_large(len(content))], request)
    batch.sha256 = storage.keep(content)
    waiting = Batch.objects.filter(
        sha256=batch.sha256,
        scope=batch.scope,
        status__in=_OPEN,
    ).first()
    if waiting is not None and form_key in ("", waiting.form_key):
        return waiting
    batch.save()
    audit.record(
        "import.upload",
        request=request,
        user=user,
        thing=batch,
        sha256=batch.sha256,
        size_bytes=batch.size_bytes,
    )
    _examine_now_or_later(batch, user, in_background)
    return batch


def _too_large(size: int) -> Problem:
    limit = settings.UPLOAD_LIMIT_BYTES // 2**20
    return Problem(
        rule="U001",
        severity="error",
        message_zh=f"文件 {size / 2**20:.1f} MiB，超过上限 {limit} MiB",
        message_en=f"The file has {size / 2**20:.1f} MiB; the limit is {limit} MiB",
        remedy_zh="请按年份或县区拆分，删去图片和无关工作表后分次上传",
        remedy_en="Split it by year or county and remove pictures and unused sheets",
    )


def _refuse(batch: Batch, problems: list[Problem], request: HttpRequest | None = None) -> Batch:
    batch.status = Batch.Status.REFUSED
    batch.problems = [asdict(one) for one in problems]
    batch.errors = len(problems)
    batch.save()
    audit.record(
        "import.refuse",
        user=batch.uploaded_by,
        request=request,
        thing=batch,
        rules=[one.rule for one in problems],
    )
    return batch


def _examine_now_or_later(batch: Batch, user: User, in_background: bool = True) -> None:
    if in_background and batch.size_bytes > IN_REQUEST_BYTES:
        batch.status = Batch.Status.CHECKING
        batch.save(update_fields=("status",))
        jobs.enqueue("core.examine", _("Check %s") % batch, user, batch=str(batch.pk))
        batch.refresh_from_db()
    else:
        examine(batch, user)


@jobs.register("core.examine", title=gettext_lazy("Check an upload"))
def _examine_job(task: jobs.Task, *, batch: str) -> dict[str, Any]:
    found = rights.get_visible(task.user, Batch, pk=batch)
    task.progress(10, _("Reading the workbook"))
    try:
        examine(found, task.user)
    except Exception:
        # A file that breaks the reader must not stay "being checked" for ever.
        _refuse(found, [_unreadable()])
        raise
    return {"url": f"/uploads/{batch}/"}


def _unreadable() -> Problem:
    return Problem(
        rule="U006",
        severity="error",
        message_zh="读取文件时程序出错",
        message_en="The program failed while reading the file",
        remedy_zh="请用表格软件另存为 .xlsx 后重新上传；仍不行时告知管理员",
        remedy_en="Save it again as .xlsx and upload that; if that fails, tell the administrator",
    )


def examine(batch: Batch, user: User) -> None:
    """Read the stored file with the answers and corrections so far, and keep what was found."""
    try:
        result, importer = reading(batch, user)
    except DataError as error:
        _refuse(batch, list(error.problems))
        if not Batch.objects.filter(sha256=batch.sha256).exclude(pk=batch.pk).exists():
            storage.forget(batch.sha256)
        return
    facts = _facts(batch, result, user)
    accepted, found = result.accepted, [*result.problems, *_earlier(batch)]
    counts: Mapping[str, int] = {}
    everything = result.frame
    if importer is None:
        found.extend(_no_register(result))
        accepted = accepted.clear()
    else:
        accepted = importer.complete(accepted, facts)
        everything = importer.complete(result.frame, facts)
        missing = [name for name in importer.asks if not facts.get(name)]
        found.extend(_unanswered(name) for name in missing)
        if missing or any(one.severity == "error" and one.row is None for one in found):
            accepted = accepted.clear()
        else:
            checked = importer.check(accepted, _columns(result), user)
            found = _merged(found, checked.problems)
            bad = {one.row for one in checked.problems if one.severity == "error"}
            accepted = accepted.filter(~pl.col("source_row").is_in([row for row in bad if row]))
            if None in bad:
                accepted = accepted.clear()
            counts = checked.counts
    _keep(batch, result, accepted, found, counts=counts, facts=facts)
    codes = importer.subjects(everything) if importer else set()
    with transaction.atomic():
        if not _still_open(batch):
            # Confirmed or discarded while it was read: what happened then stands.
            Parsed(batch).drop()
            batch.refresh_from_db()
            return
        name_subjects(batch, codes)
        batch.save()


def _still_open(batch: Batch) -> bool:
    """Tell whether an upload still awaits confirmation, and hold its row until the commit."""
    rows = Batch.objects.select_for_update().filter(pk=batch.pk)
    return rows.values_list("status", flat=True).first() in _OPEN


def name_subjects(batch: Batch, codes: set[str]) -> None:
    """Write down which enterprises a batch speaks of; the caller saves the batch."""
    batch.subjects.all().delete()
    batch.org_code = next(iter(codes))[:18] if len(codes) == 1 else ""
    Subject.objects.bulk_create(
        [Subject(batch=batch, org_code=code) for code in sorted({code[:18] for code in codes})],
        batch_size=300,
    )


def reading(batch: Batch, user: User) -> tuple[sheets.ReadResult, Importer | None]:
    """Read the stored file with the answers and corrections so far."""
    content = storage.load(batch.sha256)
    options: dict[str, Any] = {
        **directory(user),
        "today": timezone.localdate(),
        "sheet": batch.sheet or None,
        "mapping": batch.mapping or None,
        "fixes": {one["cell"]: one["value"] for one in standing_fixes(batch)} or None,
    }
    result = sheets.read(content, batch.file_name, form=batch.form_key or None, **options)
    importer = importer_of(result.form.key) if result.form else None
    if importer is None:
        return result, None
    context = importer.context(
        user, importer.complete(result.accepted, _facts(batch, result, user))
    )
    if context:
        result = sheets.read(content, batch.file_name, form=result.form, **options, **context)
    return result, importer


def _facts(batch: Batch, result: sheets.ReadResult, user: User) -> dict[str, Any]:
    """Return what is said once for the whole file; an answer of the person wins."""
    own = {"credit_code": user.org_code} if user.org_code else {}
    head = {key: value for key, value in result.head.items() if value not in (None, "")}
    facts = {**own, **head, **batch.answers}
    try:
        Period.parse(str(facts.get("period", "")))
    except ValueError:
        facts.pop("period", None)
    return facts


def read_again(batch: Batch) -> None:
    """Read the file of a batch once more, so that a figure's cell can be shown in it.

    Files that were taken in without a preview have no kept reading. What was found then stands
    in the batch; the register of today is not asked again.
    """
    if not storage.exists(batch.sha256):
        return
    try:
        result = sheets.read(
            storage.load(batch.sha256),
            batch.file_name,
            form=batch.form_key or None,
            sheet=batch.sheet or None,
            mapping=batch.mapping or None,
            fixes={one["cell"]: one["value"] for one in standing_fixes(batch)} or None,
            today=timezone.localdate(),
        )
    except DataError:
        return  # a program took the rows in beside a file that is no form: nothing to show
    found = [Problem(**one) for one in batch.problems]
    Parsed(batch).save(result, result.frame, found)


def _keep(
    batch: Batch,
    result: sheets.ReadResult,
    frame: pl.DataFrame,
    found: list[Problem],
    **meta: Any,
) -> None:
    Parsed(batch).save(result, frame, found, **meta)
    count = {severity: 0 for severity in ("error", "warning", "info")}
    for one in found:
        count[one.severity] += 1
    gravest = sorted(found, key=lambda one: ("error", "warning", "info").index(one.severity))
    batch.form_key = result.form.key if result.form else batch.form_key
    batch.sheet = result.sheet
    batch.columns = _columns(result).letters
    batch.rows_read = result.frame.height
    batch.rows_good = frame.height
    batch.errors, batch.warnings, batch.infos = count["error"], count["warning"], count["info"]
    batch.problems = [asdict(one) for one in gravest[:KEPT_PROBLEMS]]
    batch.status = Batch.Status.PREVIEW


def _columns(result: sheets.ReadResult) -> Columns:
    letters: dict[str, str] = {}
    headings: dict[str, str] = {}
    for one in result.columns:
        for name in (one.field, *one.also):
            letters.setdefault(name, one.letter)
            headings.setdefault(name, one.heading)
    return Columns(result.sheet, letters, headings)


def _merged(first: list[Problem], second: list[Problem]) -> list[Problem]:
    """Join two lists of findings; the reader's "unknown enterprise" gives way to ours."""
    taken = {one.row for one in second if one.rule == "D001"}
    return [one for one in first if one.rule != "X031" or one.row not in taken] + second


def _earlier(batch: Batch) -> list[Problem]:
    """Tell that the very same file was taken in before."""
    before = (
        Batch.objects.filter(sha256=batch.sha256, scope=batch.scope, status=Batch.Status.COMMITTED)
        .exclude(pk=batch.pk)
        .order_by("committed_at")
        .last()
    )
    if before is None or before.committed_at is None:
        return []
    when = timezone.localtime(before.committed_at).strftime("%Y-%m-%d %H:%M")
    return [
        Problem(
            rule="D010",
            severity="info",
            message_zh=f"同一文件已于 {when} 导入",
            message_en=f"The very same file was taken in on {when}",
            remedy_zh="再次确认不会产生重复数据",
            remedy_en="Confirming it again adds nothing twice",
        )
    ]


def _no_register(result: sheets.ReadResult) -> list[Problem]:
    if result.form is None:
        return []  # the reader has said what it compared
    return [
        Problem(
            rule="D011",
            severity="error",
            message_zh=f"“{result.form.name_zh}”可以检查，但目前没有接收它的台账",
            message_en=f"“{result.form.name_en}” can be checked, but no register takes it yet",
            remedy_zh="可下载标注文件；数据不会入库",
            remedy_en="Download the marked file; no data is taken in",
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


def place_of(batch: Batch) -> str:
    """Return the county an upload speaks of, empty when it is not one county."""
    importer = importer_of(batch.form_key)
    codes = set(batch.subjects.values_list("org_code", flat=True))
    return importer.place_of(codes) if importer is not None and codes else ""


# Work on a preview


def standing_fixes(batch: Batch) -> list[dict[str, Any]]:
    """Return the corrections that hold: the last word on each cell, unless taken back."""
    last = {one["cell"]: one for one in batch.fixes}
    return [one for one in last.values() if not one.get("withdrawn")]


def remap(
    user: User,
    batch: Batch,
    *,
    form_key: str | None = None,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    answers: Mapping[str, str] | None = None,
    request: HttpRequest | None = None,
) -> None:
    """Take the person's answers to what the file did not say, and read it again."""
    _claim(user, batch)
    if form_key is not None and form_key != batch.form_key:
        batch.form_key, batch.mapping = form_key, {}
    if sheet is not None and sheet != batch.sheet:
        batch.sheet, batch.mapping = sheet, {}
    if mapping is not None:
        batch.mapping = dict(mapping)
    if answers is not None:
        batch.answers = {key: value for key, value in answers.items() if value}
    batch.save()
    audit.record(
        "import.map",
        user=user,
        request=request,
        thing=batch,
        form=batch.form_key,
        mapping=batch.mapping,
        answers=batch.answers,
    )
    _examine_now_or_later(batch, user)


def fix(
    user: User,
    batch: Batch,
    cell: str,
    value: str | None = None,
    *,
    request: HttpRequest | None = None,
) -> None:
    """Read another value in place of what stands in a cell, and write down that it was done.

    Parameters
    ----------
    user : User
        Who corrects.
    batch : Batch
        A batch that awaits confirmation.
    cell : str
        Address such as ``G17``; only cells with a finding can be corrected.
    value : str, optional
        What to read; None takes the suggestion of the finding.
    request : HttpRequest, optional
        For the audit log.

    Raises
    ------
    ModelError
        If the cell has no finding, or no suggestion and no value was given.
    """
    _require_preview(user, batch)
    found = [one for one in Parsed(batch).problems() if one.cell == cell and one.row]
    if not found:
        raise ModelError(f"cell {cell} has no finding to correct")
    wanted = value if value is not None else next((p.suggestion for p in found if p.suggestion), "")
    if not wanted:
        raise ModelError(f"nothing safe can be suggested for cell {cell}; type the value")
    _claim(user, batch)
    _add_fixes(user, batch, [(found[0], wanted[:200])], request)


def fix_rule(user: User, batch: Batch, rule: str, *, request: HttpRequest | None = None) -> int:
    """Accept every suggestion of one rule; return how many cells it concerned."""
    _require_preview(user, batch)
    found = [
        (one, one.suggestion)
        for one in Parsed(batch).problems()
        if one.rule == rule and one.suggestion and one.row and one.column
    ]
    if found:
        _claim(user, batch)
        _add_fixes(user, batch, found, request)
    return len(found)


def unfix(user: User, batch: Batch, cell: str, *, request: HttpRequest | None = None) -> None:
    """Take a correction back; that it had been made stays written down."""
    _require_preview(user, batch)
    standing = [one for one in standing_fixes(batch) if one["cell"] == cell]
    if not standing:
        raise ModelError(f"cell {cell} has no correction")
    _claim(user, batch)
    batch.fixes = [*batch.fixes, {**standing[0], "withdrawn": True, **_signed(user)}]
    batch.save(update_fields=("fixes",))
    audit.record("import.unfix", user=user, request=request, thing=batch, cell=cell)
    _examine_now_or_later(batch, user)


def _signed(user: User) -> dict[str, str]:
    return {"by": user.username, "at": timezone.now().isoformat(timespec="seconds")}


def _add_fixes(
    user: User,
    batch: Batch,
    wanted: list[tuple[Problem, str]],
    request: HttpRequest | None,
) -> None:
    before = {one["cell"]: one["original"] for one in batch.fixes}
    rows = {row.number: row for row in Parsed(batch).rows({p.row for p, _v in wanted if p.row})}
    for problem, value in wanted:
        text = _cell_text(rows.get(problem.row or 0), problem.column)
        batch.fixes.append(
            {
                "cell": problem.cell,
                "original": before.get(problem.cell, text),
                "value": value,
                "rule": problem.rule,
                **_signed(user),
            }
        )
    batch.save(update_fields=("fixes",))
    audit.record(
        "import.fix",
        user=user,
        request=request,
        thing=batch,
        cells=[[problem.cell, value] for problem, value in wanted[:50]],
        count=len(wanted),
    )
    _examine_now_or_later(batch, user)


def _cell_text(row: Any, letter: str) -> str:
    index = column_index(letter)
    return row.cells[index] if row is not None and index < len(row.cells) else ""


def column_index(letter: str) -> int:
    """Return the index of a column letter: A is 0, Z 25, AA 26."""
    index = 0
    for character in letter:
        index = 26 * index + ord(character) - ord("A") + 1
    return index - 1


def column_letter(index: int) -> str:
    """Return the letter of a column index: 0 is A, 25 Z, 26 AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def discard(user: User, batch: Batch, *, request: HttpRequest | None = None) -> None:
    """Give a preview up; the record of it stays, its rows never went anywhere."""
    rights.require(user, "change", batch)
    rows = Batch.objects.filter(pk=batch.pk, status__in=_OPEN)
    if not rows.update(status=Batch.Status.DISCARDED):
        raise ModelError("only an upload that awaits confirmation can be discarded")
    batch.status = Batch.Status.DISCARDED
    Parsed(batch).drop()
    audit.record("import.discard", user=user, request=request, thing=batch)


def _require_preview(user: User, batch: Batch) -> None:
    rights.require(user, "change", batch)
    if batch.status != Batch.Status.PREVIEW:
        raise ModelError("only an upload that awaits confirmation can be changed")


def _claim(user: User, batch: Batch) -> None:
    """Take a preview for a new reading: until that is done nobody confirms or changes it."""
    _require_preview(user, batch)
    rows = Batch.objects.filter(pk=batch.pk, status=Batch.Status.PREVIEW)
    if not rows.update(status=Batch.Status.CHECKING):
        raise ModelError("only an upload that awaits confirmation can be changed")
    batch.refresh_from_db()  # a colleague's correction may stand beside ours
