"""From an uploaded file to a preview that can be confirmed: store, read, check, correct.

A file is stored under its hash and never changed. Reading it gives findings by cell; a person
answers what the file did not say and accepts corrections, each kept with the original value, who
and when. What follows a confirmation is in ``commits``; pages and programs use both through
``imports``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng import sheets
from tanfeng.console.core import audit, books, examining, jobs, rights, storage
from tanfeng.console.core.examining import standing_fixes
from tanfeng.console.core.importer import importer_of
from tanfeng.console.core.models import Batch, Subject, User
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, ModelError, Problem

_OPEN = (Batch.Status.PREVIEW, Batch.Status.CHECKING)
#: Control and format characters, and halves of surrogate pairs.
_UNSEEN = ("Cc", "Cf", "Cs")
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
    name = plain_name(file_name)
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
        return _refuse(batch, [too_large(len(content), settings.UPLOAD_LIMIT_BYTES)], request)
    batch.sha256 = storage.keep(content)
    waiting = Batch.objects.filter(
        sha256=batch.sha256,
        scope=batch.scope,
        book=None,
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


def plain_name(file_name: str) -> str:
    """Return the last part of a file's name without what cannot be seen or turns text round."""
    last = Path(file_name.replace("\\", "/")).name
    return "".join(c for c in last if unicodedata.category(c) not in _UNSEEN)[:200] or "?"


def too_large(size: int, most: int) -> Problem:
    """Return the finding of a file of more bytes than ``most``."""
    limit = most // 2**20
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
    head = batch.book or batch
    if in_background and head.size_bytes > IN_REQUEST_BYTES:
        head.status = Batch.Status.CHECKING
        head.save(update_fields=("status",))
        jobs.enqueue("core.examine", _("Check %s") % head, user, batch=str(head.pk))
        head.refresh_from_db()
    else:
        examine(head, user)


@jobs.register("core.examine", title=gettext_lazy("Check an upload"))
def _examine_job(task: jobs.Task, *, batch: str) -> dict[str, Any]:
    found = rights.get_visible(task.user, Batch, pk=batch)
    task.progress(10, _("Reading the workbook"))
    try:
        examine(found, task.user)
    except Exception:
        # A file that breaks the reader must not stay "being checked" for ever.
        _refuse_open(found, [_unreadable()])
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
    head = batch.book or batch
    try:
        workbook = sheets.Workbook(storage.load(head.sha256), head.file_name)
        pages = books.pages(head, workbook, user)
        found = books.rehearsed(pages, workbook, user) if pages else []
        if not pages:
            found = [examining.examined(head, workbook, user)]
    except DataError as error:
        if not _refuse_open(head, list(error.problems)):
            return
        if not Batch.objects.filter(sha256=head.sha256).exclude(pk=head.pk).exists():
            storage.forget(head.sha256)
        return
    codes = {code for one in found for code in one.codes}
    with transaction.atomic():
        if not _still_open(head) or _split_by_another(head, found):
            # Confirmed, discarded or read by another meanwhile: what happened then stands.
            head.refresh_from_db()
            return
        for one in found:
            examining.keep(one, _earlier(head) if one is found[0] else ())
        if pages:
            books.sum_up(head, [one.batch for one in found])
            head.save()
        for one in found:
            one.batch.save()
        for each in {head.pk: head, **{one.batch.pk: one.batch for one in found}}.values():
            name_subjects(each, codes)
            each.save(update_fields=("org_code",))


def _still_open(batch: Batch) -> bool:
    """Tell whether an upload still awaits confirmation, and hold its row until the commit."""
    rows = Batch.objects.select_for_update().filter(pk=batch.pk)
    return rows.values_list("status", flat=True).first() in _OPEN


def _refuse_open(batch: Batch, problems: list[Problem]) -> bool:
    """Refuse an upload unless it was confirmed or discarded while it was read; tell which."""
    with transaction.atomic():
        is_open = _still_open(batch)
        if is_open:
            _refuse(batch, problems)
        else:
            batch.refresh_from_db()
    return is_open


def _split_by_another(head: Batch, found: list[examining.Examined]) -> bool:
    """Tell whether another reading made the sheets of the file first: then those stand."""
    stored = set(head.sheets.values_list("pk", flat=True))
    return bool(stored) and not stored.issuperset(one.batch.pk for one in found)


def name_subjects(batch: Batch, codes: set[str]) -> None:
    """Write down which enterprises a batch speaks of; the caller saves the batch."""
    batch.subjects.all().delete()
    batch.org_code = next(iter(codes))[:18] if len(codes) == 1 else ""
    Subject.objects.bulk_create(
        [Subject(batch=batch, org_code=code) for code in sorted({code[:18] for code in codes})],
        batch_size=300,
    )


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


def _earlier(batch: Batch) -> list[Problem]:
    """Tell that the very same file was taken in before."""
    before = (
        Batch.objects.filter(
            sha256=batch.sha256, scope=batch.scope, book=None, status=Batch.Status.COMMITTED
        )
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


def place_of(batch: Batch) -> str:
    """Return the county an upload speaks of, empty when it is not one county."""
    keys = [batch.form_key, *batch.sheets.values_list("form_key", flat=True)]
    importer = next((one for key in keys if (one := importer_of(key)) is not None), None)
    codes = set(batch.subjects.values_list("org_code", flat=True))
    return importer.place_of(codes) if importer is not None and codes else ""


# Work on a preview


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
        raise ModelError(
            f"cell {cell} has no finding to correct", f"单元格 {cell} 没有需要更正的问题"
        )
    wanted = value if value is not None else next((p.suggestion for p in found if p.suggestion), "")
    if not wanted:
        raise ModelError(
            f"nothing safe can be suggested for cell {cell}; type the value",
            f"单元格 {cell} 没有可靠的建议值，请直接填写",
        )
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
        raise ModelError(f"cell {cell} has no correction", f"单元格 {cell} 没有更正可撤回")
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
    head = batch.book or batch
    rights.require(user, "change", head)
    rows = Batch.objects.filter(pk=head.pk, status__in=_OPEN)
    if not rows.update(status=Batch.Status.DISCARDED):
        raise ModelError(
            "only an upload that awaits confirmation can be discarded",
            "只有待确认的上传才能放弃",
        )
    head.status = batch.status = Batch.Status.DISCARDED
    for one in (head, *head.sheets.all()):
        Parsed(one).drop()
    head.sheets.update(status=Batch.Status.DISCARDED)
    audit.record("import.discard", user=user, request=request, thing=head)


def leave_out(
    user: User, batch: Batch, *, out: bool = True, request: HttpRequest | None = None
) -> None:
    """Leave one sheet of a file out, or take it back in; the others are checked again.

    Raises
    ------
    ModelError
        If the file has no other sheet left.
    """
    _require_preview(user, batch)
    if batch.book is None:
        raise ModelError(
            "a file of one sheet is discarded, not left out",
            "只有一张表的文件不能略去该表，请放弃整个上传",
        )
    if out and not any(one.pk != batch.pk for one in books.members(batch.book)):
        raise ModelError(
            "the last sheet cannot be left out; discard the upload instead",
            "不能略去最后一张表，请放弃整个上传",
        )
    _claim(user, batch)
    batch.status = Batch.Status.DISCARDED if out else Batch.Status.PREVIEW
    batch.save(update_fields=("status",))
    audit.record(
        "import.map", user=user, request=request, thing=batch, sheet=batch.sheet, left_out=out
    )
    _examine_now_or_later(batch, user)


def _not_open() -> ModelError:
    return ModelError(
        "only an upload that awaits confirmation can be changed", "只有待确认的上传才能修改"
    )


def _require_preview(user: User, batch: Batch) -> None:
    rights.require(user, "change", batch)
    if (batch.book or batch).status != Batch.Status.PREVIEW:
        raise _not_open()


def _claim(user: User, batch: Batch) -> None:
    """Take a preview for a new reading: until that is done nobody confirms or changes it."""
    _require_preview(user, batch)
    head = batch.book or batch
    rows = Batch.objects.filter(pk=head.pk, status=Batch.Status.PREVIEW)
    if not rows.update(status=Batch.Status.CHECKING):
        raise _not_open()
    for one in {head.pk: head, batch.pk: batch}.values():
        one.refresh_from_db()  # a colleague's correction may stand beside ours
