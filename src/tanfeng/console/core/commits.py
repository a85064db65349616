"""From a preview to rows of the registers and back: confirm, undo, take in without a page.

Confirming is one transaction: all good rows or none, and rows with errors stay out only when the
person says so. The same rows again change nothing. Undo closes what the batch added and brings
back what it had replaced; nothing is deleted or overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.core import audit, books, examining, jobs, rights, storage, uploads
from tanfeng.console.core.importer import required_importer
from tanfeng.console.core.models import Batch, Job, User
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, ModelError, Problem

#: More rows than this are written in the background.
IN_REQUEST_ROWS = 5_000
_LOCK = 0x7A6E_6666  # advisory lock number of writing imports in PostgreSQL


def confirm(
    user: User,
    batch: Batch,
    *,
    good_rows_only: bool = False,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> Batch:
    """Take the good rows of a preview into their register, in one transaction.

    Parameters
    ----------
    user : User
        Who confirms; the uploader's office or the city.
    batch : Batch
        A batch that awaits confirmation.
    good_rows_only : bool
        Whether rows with errors may stay out.
    at : datetime, optional
        Moment the rows become known; now when not given.
    request : HttpRequest, optional
        For the audit log.

    Raises
    ------
    DataError
        If errors stand and ``good_rows_only`` is False, or no row is good.
    ModelError
        If the batch does not await confirmation.
    """
    head = batch.book or batch
    rights.require(user, "commit", head)
    with transaction.atomic():
        moment = _our_turn(at)
        held = Batch.objects.select_for_update().get(pk=head.pk)
        if held.status != Batch.Status.PREVIEW:
            raise ModelError(
                "this upload does not await confirmation any more", "该上传已不在待确认状态"
            )
        parts = books.members(held) or [held]
        if not all(bool(Parsed(one)) for one in parts):
            raise ModelError(
                "the reading of this upload is gone; open its page, which checks it again",
                "该上传的校验结果已不在，请打开其页面，系统会重新校验",
            )
        _refuse_errors(held, good_rows_only)
        places: set[str] = set()
        for part in books.in_order(parts):
            places.add(_write(part, user, moment))
        held.outcome = books.added_up(one.outcome for one in parts)
        held.good_rows_only = bool(held.errors)
        _close(held, Batch.Status.COMMITTED, user, moment)
        audit.record(
            "import.commit",
            user=user,
            request=request,
            thing=held,
            place_code=places.pop() if len(places) == 1 else "",
            form=held.form_key or [one.form_key for one in parts],
            outcome=held.outcome,
            rows_left_out=held.rows_read - held.rows_good,
            corrections=sum(len(examining.standing_fixes(one)) for one in parts),
        )
    batch.refresh_from_db()
    return batch


def _write(part: Batch, user: User, moment: datetime) -> str:
    """Write the rows of a file, or of one of its sheets; return the county they lie in."""
    if part.book is not None and not part.rows_good:
        part.outcome = {}
        _close(part, Batch.Status.COMMITTED, user, moment)
        return uploads.place_of(part)
    importer = required_importer(part.form_key)
    frame = Parsed(part).frame
    part.outcome = importer.commit(frame, part, user, moment)
    part.good_rows_only = bool(part.errors)
    if part.book is not None:
        _close(part, Batch.Status.COMMITTED, user, moment)
    return importer.place_of(importer.subjects(frame))


def _refuse_errors(batch: Batch, good_rows_only: bool) -> None:
    if batch.rows_good == 0:
        raise DataError([_problem("D020", "没有可以导入的行", "There is no row to take in")])
    if batch.errors and not good_rows_only:
        raise DataError(
            [
                _problem(
                    "D021",
                    f"还有 {batch.errors} 处错误",
                    f"{batch.errors} errors stand",
                    "请更正，或选择仅导入无错误的行",
                    "Correct them, or say that the good rows are to be taken alone",
                )
            ]
        )


def _problem(rule: str, zh: str, en: str, remedy_zh: str = "", remedy_en: str = "") -> Problem:
    return Problem(rule, "error", zh, en, remedy_zh, remedy_en)


def _our_turn(at: datetime | None) -> datetime:
    """Wait until no other import writes and return the moment rows become known.

    Taken before the wait, the moment would lie before that of the rows waited for. SQLite's
    immediate transaction lets one write at a time by itself.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    return at or timezone.now()


def _close(batch: Batch, status: Batch.Status, user: User, moment: datetime) -> None:
    batch.status = status
    if status == Batch.Status.COMMITTED:
        batch.committed_at, batch.committed_by = moment, user
    else:
        batch.undone_at, batch.undone_by = moment, user
    # A program may say that rows became known earlier; the file was then handed in earlier too.
    batch.uploaded_at = min(batch.uploaded_at, moment)
    batch.save()


def undo(
    user: User,
    batch: Batch,
    *,
    at: datetime | None = None,
    request: HttpRequest | None = None,
) -> Batch:
    """Take a committed batch out again and bring back what it had replaced.

    Rows that a later batch replaced in turn stay as that batch left them.
    """
    head = batch.book or batch
    rights.require(user, "undo", head)
    with transaction.atomic():
        moment = _our_turn(at)
        held = Batch.objects.select_for_update().get(pk=head.pk)
        if held.status != Batch.Status.COMMITTED:
            raise ModelError("only a confirmed upload can be undone", "只有已入库的上传才能撤销")
        parts = books.members(held)
        done = []
        # The last sheet written goes first, and says so before the one it had replaced is asked.
        for part in reversed(books.in_order(parts)) if parts else [held]:
            importer = required_importer(part.form_key)
            part.outcome = {**part.outcome, "undo": importer.undo(part, user, moment)}
            done.append(part.outcome["undo"])
            if part.book is not None:
                _close(part, Batch.Status.UNDONE, user, moment)
        held.outcome = {**held.outcome, "undo": books.added_up(done)}
        _close(held, Batch.Status.UNDONE, user, moment)
        audit.record(
            "import.undo",
            user=user,
            request=request,
            thing=held,
            place_code=uploads.place_of(held),
            form=held.form_key or [one.form_key for one in parts],
            outcome=held.outcome["undo"],
        )
    batch.refresh_from_db()
    return batch


# In the background


def queue_confirm(user: User, batch: Batch, *, good_rows_only: bool) -> Job:
    """Confirm a long batch in a job; what can be refused at once is refused at once."""
    rights.require(user, "commit", batch)
    _refuse_errors(batch, good_rows_only)
    return jobs.enqueue(
        "core.confirm",
        _("Import %s") % batch,
        user,
        batch=str(batch.pk),
        good_rows_only=good_rows_only,
    )


def queue_undo(user: User, batch: Batch) -> Job:
    """Undo a long batch in a job."""
    rights.require(user, "undo", batch)
    return jobs.enqueue("core.undo", _("Undo %s") % batch, user, batch=str(batch.pk))


@jobs.register("core.confirm", title=gettext_lazy("Take in an upload"))
def _confirm_job(task: jobs.Task, *, batch: str, good_rows_only: bool) -> dict[str, Any]:
    found = rights.get_visible(task.user, Batch, pk=batch)
    task.progress(10, _("Writing the rows in one transaction; this step cannot be stopped"))
    done = confirm(task.user, found, good_rows_only=good_rows_only)
    return {"url": f"/uploads/{batch}/", **done.outcome}


@jobs.register("core.undo", title=gettext_lazy("Undo an upload"))
def _undo_job(task: jobs.Task, *, batch: str) -> dict[str, Any]:
    found = rights.get_visible(task.user, Batch, pk=batch)
    task.progress(10, _("Taking the rows out in one transaction; this step cannot be stopped"))
    done = undo(task.user, found)
    return {"url": f"/uploads/{batch}/", **done.outcome["undo"]}


# For programs


def take(
    user: User,
    content: bytes,
    file_name: str,
    *,
    form_key: str,
    is_demo: bool = False,
    at: datetime | None = None,
    good_rows_only: bool = True,
) -> Batch:
    """Upload and confirm in one go; a file that is refused, or has no good row, is an error.

    Parameters are those of :func:`uploads.upload` and :func:`confirm`.

    Raises
    ------
    DataError
        With every problem, if nothing could be taken.
    """
    batch = uploads.upload(
        user, content, file_name, form_key=form_key, is_demo=is_demo, in_background=False
    )
    if batch.status != Batch.Status.PREVIEW or not batch.rows_good:
        raise DataError([Problem(**one) for one in batch.problems])
    return confirm(user, batch, good_rows_only=good_rows_only, at=at)


def take_frame(
    user: User,
    form_key: str,
    frame: pl.DataFrame,
    *,
    file_name: str,
    columns: Mapping[str, str] | None = None,
    content: bytes | None = None,
    sheet: str = "",
    is_demo: bool = False,
    at: datetime | None = None,
) -> Batch:
    """Take in rows a program holds already: no reading, the same rights, undo and audit.

    Parameters
    ----------
    user : User
        Who takes them in, for example ``services.system_user()``.
    form_key : str
        Form the rows have.
    frame : polars.DataFrame
        Typed rows with ``source_row`` and the fields of the form; ``credit_code``, ``year`` and
        ``month`` included where the register has them.
    file_name : str
        Name shown for the batch.
    columns : mapping of str to str, optional
        Field -> column letter, when the rows stand in a real file.
    content : bytes, optional
        That file.
    sheet : str
        Its worksheet.
    is_demo : bool
        Whether the rows are demonstration data.
    at : datetime, optional
        Moment the rows become known; now when not given.
    """
    rights.require(user, "import.upload")
    importer = required_importer(form_key)
    with transaction.atomic():
        moment = _our_turn(at)
        batch = Batch.objects.create(
            form_key=form_key,
            file_name=file_name[:200],
            sha256=storage.keep(content) if content is not None else "",
            size_bytes=len(content or b""),
            sheet=sheet,
            columns=dict(columns or {}),
            rows_read=frame.height,
            rows_good=frame.height,
            uploaded_by=user,
            scope=user.scope_key,
            is_demo=is_demo,
        )
        codes = importer.subjects(frame)
        uploads.name_subjects(batch, codes)
        batch.outcome = importer.commit(frame, batch, user, moment)
        _close(batch, Batch.Status.COMMITTED, user, moment)
        audit.record(
            "import.commit",
            user=user,
            thing=batch,
            place_code=importer.place_of(codes),
            form=form_key,
            outcome=batch.outcome,
        )
    return batch
