"""Long work in the background: four verbs, a row per job, huey underneath.

``enqueue`` stores a :class:`Job` and hands its number to huey; the worker claims the row, calls
the registered function and writes down how it ended. Arguments are JSON: ids, never objects. A
function reports through its :class:`Task`, whose ``progress`` raises :class:`Cancelled` once
somebody asked to stop; it is called outside transactions, because inside one nobody could see it
and nobody could ask.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from huey import SqliteHuey
from huey.consumer import Consumer

from tanfeng.console.core import alive, audit, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Job, User
from tanfeng.errors import AccessError, DataError, ModelError, TanfengError

#: Shortest time between two looks at the row from inside the work. [s]
INTERVAL_S = 0.3
#: Lines of a data error shown on the job's page.
SHOWN_PROBLEMS = 20

Result = dict[str, Any] | None
Work = TypeVar("Work", bound=Callable[..., Result])
_kinds: dict[str, tuple[Callable[..., Result], str | Promise]] = {}


class Cancelled(TanfengError):
    """Somebody asked the work to stop."""


@dataclass
class Task:
    """What a function sees of its own job."""

    job: Job
    _looked_at: float = field(default=float("-inf"))

    @property
    def user(self) -> User:
        """Return who started it; its rights hold for everything the work does."""
        return self.job.user

    def progress(self, percent: int, message: str | Promise = "") -> None:
        """Write down how far the work is; raise :class:`Cancelled` when it should stop.

        Parameters
        ----------
        percent : int
            Share done. [%], 0 to 100.
        message : str
            What is being done, in words for the person waiting.
        """
        now = time.monotonic()
        if now - self._looked_at < INTERVAL_S:
            return
        self._looked_at = now
        rows = Job.objects.filter(pk=self.job.pk)
        if rows.filter(cancel_requested=True).exists():
            raise Cancelled
        self.job.progress = max(0, min(100, int(percent)))
        self.job.message = str(message)[:300]
        rows.update(progress=self.job.progress, message=self.job.message)

    def save_file(self, name: str, content: bytes) -> None:
        """Keep the result file; ``/jobs/<id>/file/`` hands it to who may see the job."""
        folder = Path(settings.RESULTS) / str(self.job.pk)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "result"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        self.job.result_file = f"{self.job.pk}/result"
        self.job.result_name = Path(name).name[:200]
        codes = rights.visible_codes(self.user)
        self.job.codes = None if codes is None else sorted(code for (code,) in codes)


def register(kind: str, *, title: str | Promise = "") -> Callable[[Work], Work]:
    """Declare the function that does the work of a kind; lives in an app's ``jobs`` module."""

    def declare(function: Work) -> Work:
        _kinds[kind] = (function, title or kind)
        return function

    return declare


def kind_title(kind: str) -> str:
    """Return the name of a kind of work as a person reads it."""
    return str(_kinds[kind][1]) if kind in _kinds else kind


def enqueue(kind: str, title: str | Promise, user: User, **arguments: Any) -> Job:
    """Store a job and hand it to the worker.

    Parameters
    ----------
    kind : str
        A registered kind.
    title : str
        What the list of jobs shows.
    user : User
        Who asks; the rights of this account hold.
    arguments
        JSON values, passed to the function by name.

    Raises
    ------
    ModelError
        If the kind is not registered.
    """
    if kind not in _kinds:
        raise ModelError(f"no work of the kind {kind!r} is registered")
    job = Job.objects.create(
        kind=kind,
        title=str(title)[:200],
        user=user,
        scope=user.scope_key,
        language=translation.get_language() or settings.LANGUAGE_CODE,
        arguments=arguments,
    )
    if settings.JOBS_IMMEDIATE:
        run(str(job.pk))
        job.refresh_from_db()
    else:
        transaction.on_commit(lambda: _task()(str(job.pk)))
    return job


def status(job_id: UUID | str) -> Job:
    """Return the job as it stands now."""
    return Job.objects.get(pk=job_id)


def cancel(job: Job, *, by: User) -> Job:
    """Ask a job to stop; one that has not begun, or whose worker is gone, ends at once."""
    rights.require(by, "cancel", job)
    open_rows = Job.objects.filter(pk=job.pk, status__in=(Job.Status.QUEUED, Job.Status.RUNNING))
    if open_rows.update(cancel_requested=True):
        idle = open_rows.filter(status=Job.Status.QUEUED)
        if job.status == Job.Status.RUNNING and not alive.is_alive(job.worker):
            idle = open_rows
        idle.update(status=Job.Status.CANCELLED, finished_at=timezone.now())
        audit.record("job.cancel", user=by, thing=job)
    job.refresh_from_db()
    return job


def run(job_id: str) -> None:
    """Do the work of a queued job and write down how it ended; the worker calls this."""
    claimed = Job.objects.filter(pk=job_id, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING, started_at=timezone.now(), worker=alive.own_name()
    )
    if not claimed:
        return
    job = Job.objects.select_related("user").get(pk=job_id)
    with translation.override(job.language):
        _work(job)
    job.finished_at = timezone.now()
    job.save(
        update_fields=(
            "status", "result", "result_file", "result_name", "error", "traceback", "finished_at",
            "codes", "progress", "message",
        )
    )  # fmt: skip


def _work(job: Job) -> None:
    function, _title = _kinds[job.kind]
    try:
        if not job.user.is_active or job.user.scope_key != job.scope:
            raise AccessError
        job.result = function(Task(job), **job.arguments) or {}
    except Cancelled:
        job.status, job.message = Job.Status.CANCELLED, ""
    except Exception as error:  # whatever it is, the row must say so
        job.status, job.message = Job.Status.FAILED, ""
        job.error = explain(error)
        job.traceback = traceback.format_exc()
    else:
        job.status, job.progress, job.message = Job.Status.DONE, 100, ""


def explain(error: Exception) -> str:
    """Return what went wrong in words for the person who waits."""
    lang = language()
    if isinstance(error, DataError):
        lines = [problem.line(lang) for problem in error.problems]
        more = len(lines) - SHOWN_PROBLEMS
        return "\n".join(lines[:SHOWN_PROBLEMS] + ([_("… and %d more") % more] if more > 0 else []))
    if isinstance(error, AccessError | PermissionDenied):
        return _("Your account may not do this, or its rights changed since the work was started.")
    if isinstance(error, TanfengError):
        return error.message(lang)
    return _(
        "The work stopped because of an error inside the program. Nothing was half-written. "
        "An administrator sees the details on this page."
    )


def recover() -> None:
    """After a start: fail what died with its worker, hand out again what nobody began."""
    for job in Job.objects.filter(status=Job.Status.RUNNING):
        if alive.is_alive(job.worker):
            continue
        Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(
            status=Job.Status.FAILED,
            finished_at=timezone.now(),
            error=_("The server was stopped while this was running. Start it again."),
        )
    for pk in Job.objects.filter(status=Job.Status.QUEUED).values_list("pk", flat=True):
        _task()(str(pk))


@lru_cache(maxsize=1)
def queue() -> SqliteHuey:
    """Return the queue, made on first use so that a command without jobs touches no file."""
    return SqliteHuey("tanfeng", filename=str(settings.JOBS_DATABASE), timeout=20, results=False)


@lru_cache(maxsize=1)
def _task() -> Callable[[str], object]:
    def run_job(job_id: str) -> None:
        try:
            run(job_id)
        finally:
            connections.close_all()  # this thread's own; it may wait for hours now

    return queue().task(name="run_job")(run_job)  # type: ignore[no-any-return]


class _InProcess(Consumer):  # type: ignore[misc]
    """A consumer that leaves the signals to the process it lives in."""

    def _set_signal_handlers(self) -> None:
        """Do nothing."""


def start_worker(workers: int = 1) -> Consumer:
    """Start worker threads inside this process and return their handle (``stop()``)."""
    _task()
    alive.own_name()  # from now on ``tanfeng check`` sees that somebody works
    recover()
    consumer = _InProcess(queue(), workers=workers, periodic=False, max_delay=1.0)
    consumer.start()
    return consumer


def work_forever(workers: int = 1) -> None:
    """Do jobs until the process is told to stop."""
    _task()
    alive.own_name()
    recover()
    Consumer(queue(), workers=workers, periodic=False, max_delay=1.0).run()
