"""Forms and import: upload, look at what is wrong, correct, confirm, take back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tanfeng import sheets
from tanfeng.console.core import (
    audit,
    books,
    commits,
    examining,
    imports,
    jobs,
    permissions,
    preview,
    rights,
    scopes,
    storage,
    uploads,
)
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.forms import UploadForm
from tanfeng.console.core.lists import Column, Listing, attachment, kept_file, stamp
from tanfeng.console.core.models import Batch, Job
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import SEVERITIES, DataError, ModelError, Problem

#: Findings that an answer on the mapping page takes away: no form, a required column missing,
#: no enterprise or period.
_ASKING = frozenset({"X001", "S002", "D012"})
#: A file read inside a request is read by then.
PATIENCE = timedelta(minutes=2)
#: Status -> kind of pill.
_KINDS: dict[str, str] = {
    Batch.Status.COMMITTED: "good",
    Batch.Status.REFUSED: "bad",
    Batch.Status.PREVIEW: "late",
    Batch.Status.CHECKING: "note",
}
COLUMNS = (
    Column("file_name", gettext_lazy("file"), sort="file_name"),
    Column("form_key", gettext_lazy("form"), lambda batch: form_name(batch), sort="form_key"),
    Column("status", gettext_lazy("status"), lambda batch: batch.get_status_display(), "status"),
    Column("rows_good", gettext_lazy("good rows"), sort="rows_good"),
    Column("rows_read", gettext_lazy("rows"), sort="rows_read"),
    Column("errors", gettext_lazy("errors"), sort="errors"),
    Column("warnings", gettext_lazy("warnings"), sort="warnings"),
    Column("uploaded_by", gettext_lazy("uploaded by"), sort="uploaded_by__username"),
    Column("uploaded_at", gettext_lazy("uploaded"), sort="uploaded_at"),
    Column("committed_at", gettext_lazy("committed"), sort="committed_at"),
)
#: What a row of the list is made of; the findings and corrections of a file are long.
_SHOWN = (
    *(column.key for column in COLUMNS),
    "uploaded_by__username",
    "uploaded_by__display_name",
)


def form_name(batch: Batch) -> str:
    """Return the name of the form a batch is, or of those its sheets are; a dash for none."""
    keys = [batch.form_key] if batch.form_key else [one.form_key for one in books.members(batch)]
    known = [key for key in dict.fromkeys(keys) if key in sheets.forms()]
    names = [sheets.form(key).name(language()) for key in known]
    return ("; " if language() == "en" else "、").join(names) or "—"


def uploads_list(request: HttpRequest) -> HttpResponse:
    """List the uploads the person may see."""
    rows = rights.visible(request.user, Batch).filter(book=None).select_related("uploaded_by")
    rows = rows.only(*_SHOWN)
    state, text = request.GET.get("status", ""), request.GET.get("q", "").strip()
    if state in Batch.Status.values:
        rows = rows.filter(status=state)
    if text:
        rows = rows.filter(file_name__icontains=text)
    listing = Listing(
        request,
        rows,
        name="uploads",
        title=_("Forms and import"),
        columns=COLUMNS,
        default_sort="-uploaded_at",
    )
    if listing.wants_export:
        return listing.export()
    words = dict(Batch.Status.choices)
    for batch in listing.page:
        batch.form_name = form_name(batch)
        batch.state = words[batch.status]
        batch.kind = _KINDS.get(batch.status, "muted")
    context = {
        "page_obj": listing.page,
        "waiting": permissions.awaiting(me(request)).count(),
        "state": state,
        "states": [("", _("All")), *Batch.Status.choices],
        "text": text,
        "may_upload": rights.can(request.user, "import.upload"),
        "forms": _forms(),
    }
    return render(request, "core/uploads.html", context)


def _forms() -> list[sheets.Form]:
    return [sheets.form(key) for key in imports.form_keys()]


def new(request: HttpRequest) -> HttpResponse:
    """Choose a file and hand it in; ``?form=`` names the form it will be."""
    rights.require(request.user, "import.upload")
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        keys=imports.form_keys(),
        language=language(),
        initial={"form_key": request.GET.get("form", "")},
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        batch = imports.upload(
            me(request),
            file.read(),
            file.name,
            form_key=form.cleaned_data["form_key"],
            request=request,
        )
        return redirect("upload", batch_id=batch.pk)
    return render(request, "core/upload-new.html", {"form": form, "forms": _forms()})


def _batch(request: HttpRequest, batch_id: uuid.UUID) -> Batch:
    return rights.get_visible(request.user, Batch, pk=batch_id)


def _file(request: HttpRequest, batch_id: uuid.UUID) -> Batch:
    """Return the upload of a whole file, whichever of its sheets was named."""
    batch = _batch(request, batch_id)
    return batch.book or batch


def show(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Show where an upload stands: refused, being checked, preview, taken in, taken back.

    A file of several sheets has a page for itself and one for every sheet.
    """
    part = _batch(request, batch_id)
    head = part.book or part
    _read_by_others(request, head, "import.read")
    if (head.status == Batch.Status.PREVIEW and _unread(head)) or _left_lying(head):
        # With the rights of the person who handed it in, whoever happens to look at it.
        imports.examine(head, head.uploaded_by)
        part = _batch(request, batch_id)
        head = part.book or part
    elif head.status in (Batch.Status.COMMITTED, Batch.Status.UNDONE) and not Parsed(part):
        uploads.read_again(part)
    context = _facts(request, head, part)
    if Parsed(part):
        may_change = context["may_change"] and part.status != Batch.Status.DISCARDED
        context |= _preview(request, part, may_change=may_change)
        if context["tabs"]:  # what is confirmed is the whole file
            context["counts"] = _counts(head)
    elif context["tabs"]:
        context |= _overview(head)
    return render(request, "core/upload.html", context)


def _unread(head: Batch) -> bool:
    return not all(bool(Parsed(one)) for one in books.members(head) or [head])


def _tabs(head: Batch, part: Batch) -> list[dict[str, Any]]:
    """Return the sheets of a file to choose from; none for a file of one sheet."""
    parts = list(head.sheets.order_by("sheet_no"))
    return [
        {
            "batch": one,
            "url": reverse("upload", args=(one.pk,)),
            "form_name": form_name(one),
            "current": one.pk == part.pk,
            "left_out": one.status == Batch.Status.DISCARDED
            and head.status != Batch.Status.DISCARDED,
        }
        for one in parts
    ]


#: Findings the page of a whole file lists; the page of each sheet has all of its own.
_LISTED = 200


def _overview(head: Batch) -> dict[str, Any]:
    """Return what the page of a file of several sheets shows: its sheets, and all findings."""
    parts = books.members(head)
    urls = {one.sheet: reverse("upload", args=(one.pk,)) for one in parts}
    found = [
        {**one, "url": _place(urls, one)}
        for one in head.problems[:_LISTED]
        if one["severity"] != "info" or one["row"] is None
    ]
    metas = [Parsed(one).meta for one in parts if Parsed(one)]
    words = {
        "ignore": _("hidden, not read"),
        "other": _("no known form, not read"),
        "blank": _("form not filled in, not read"),
        "empty": _("empty"),
    }
    return {
        "overview": True,
        "problems": found,
        "counts": books.added_up(
            Parsed(one).meta.get("counts", {}) for one in parts if Parsed(one)
        ),
        "unread": [
            (name, words[role])
            for name, _state, role in (metas[0]["sheets"] if metas else ())
            if role in words and name not in urls
        ],
        "problems_hidden": len(head.problems) - len(found),
    }


def _counts(head: Batch) -> dict[str, Any]:
    """Return what confirming the whole file would do."""
    kept = [Parsed(one) for one in books.members(head)]
    return books.added_up(one.meta.get("counts", {}) for one in kept if one)


def _place(urls: dict[str, str], problem: dict[str, Any]) -> str:
    url = urls.get(problem["sheet"], "")
    return f"{url}?row={problem['row']}" if url and problem["row"] else url


def _left_lying(batch: Batch) -> bool:
    """Tell whether nobody reads a file any more that is said to be read: the server was stopped."""
    if batch.status != Batch.Status.CHECKING or _running(batch) is not None:
        return False
    return timezone.now() - batch.uploaded_at > PATIENCE


def _running(batch: Batch) -> Job | None:
    return Job.objects.filter(
        kind__in=("core.examine", "core.confirm", "core.undo"),
        arguments__batch=str(batch.pk),
        status__in=(Job.Status.QUEUED, Job.Status.RUNNING),
    ).first()


def _read_by_others(request: HttpRequest, batch: Batch, action: str) -> None:
    """Record that somebody opened a file of another office; its county may read that."""
    if batch.scope != me(request).scope_key:
        audit.record(action, request=request, thing=batch, place_code=uploads.place_of(batch))


def _facts(request: HttpRequest, batch: Batch, part: Batch) -> dict[str, Any]:
    waiting = batch.status == Batch.Status.PREVIEW
    form = sheets.form(batch.form_key) if batch.form_key in sheets.forms() else None
    fixes = examining.standing_fixes(part)
    running = _running(batch)
    return {
        "batch": batch,
        "part": part,
        "tabs": _tabs(batch, part),
        "form_name": form_name(part),
        "form": form,
        "job": running,
        "may_change": waiting and running is None and rights.can(request.user, "change", batch),
        "may_commit": waiting and running is None and rights.can(request.user, "commit", batch),
        "may_undo": batch.status == Batch.Status.COMMITTED
        and running is None
        and rights.can(request.user, "undo", batch),
        "may_upload": rights.can(request.user, "import.upload"),
        "rows_left_out": batch.rows_read - batch.rows_good,
        "fixes": fixes,
        "withdrawn": len(part.fixes) - len(fixes),
        "has_file": storage.exists(batch.sha256),
        "problems": [] if Parsed(part) else batch.problems[:50],
    }


def _preview(request: HttpRequest, batch: Batch, *, may_change: bool) -> dict[str, Any]:
    severity = request.GET.get("severity", "")
    severity = severity if severity in SEVERITIES else ""
    asked = request.GET.get("row", "")
    row = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
    everything = (
        bool(row)
        or request.GET.get("view") == "all"
        or not (batch.errors or batch.warnings or batch.infos)
    )
    fix_url = reverse("upload-fix", args=(batch.pk,)) if may_change else ""
    shown = preview.window(
        batch,
        severity=severity,
        everything=everything,
        page=str(preview.page_of(row)) if row else request.GET.get("page"),
        fix_url=fix_url,
    )
    meta = Parsed(batch).meta
    return {
        "page_obj": shown.page,
        "sheet": shown.sheet,
        "problems": shown.problems,
        "meta": meta,
        "severity": severity,
        "severities": [
            ("", _("All findings")),
            ("error", _("Errors %d") % batch.errors),
            ("warning", _("Warnings %d") % batch.warnings),
            ("info", _("Notes %d") % batch.infos),
        ],
        "view": "all" if everything else "problems",
        "views": [("problems", _("Rows with findings")), ("all", _("Whole sheet"))],
        "suggestions": preview.suggestions(batch) if may_change else [],
        "counts": meta.get("counts", {}),
        "asks_mapping": bool(_unanswered(batch)),
        "answers": [
            (name, value, scopes.name_of("org_code", value) if name == "credit_code" else "")
            for name, value in meta.get("facts", {}).items()
            if name in ("credit_code", "period")
        ],
    }


def _unanswered(batch: Batch) -> list[str]:
    """Return what the file leaves open and the person can say: form, columns, head."""
    found = (Problem(**one) for one in batch.problems)
    return [one.message(language()) for one in found if one.rule in _ASKING]


def mapping(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Say which form it is, what a column means, whose file it is and for when."""
    batch = _batch(request, batch_id)
    rights.require(request.user, "change", batch)
    if request.method == "POST" and "leave_out" in request.POST:
        out = request.POST["leave_out"] == "1"
        return _act(
            request,
            batch.book or batch,
            lambda: imports.leave_out(me(request), batch, out=out, request=request),
        )
    if batch.status != Batch.Status.PREVIEW or not Parsed(batch):
        return redirect("upload", batch_id=batch.pk)
    meta = Parsed(batch).meta
    if request.method == "POST":
        return _act(request, batch, lambda: _remap(request, batch, meta))
    form = sheets.form(meta["form"]) if meta["form"] else None
    letters = {one["letter"]: one["field"] for one in meta["columns"]}
    samples = preview.samples(batch)
    columns = [
        {
            **one,
            "field": letters.get(one["letter"], ""),
            "key": f"column-{one['letter']}",
            "samples": samples.get(one["letter"], ()),
        }
        for one in sorted(
            [*meta["columns"], *meta["unmapped"]],
            key=lambda one: uploads.column_index(one["letter"]),
        )
    ]
    importer = imports.importer_of(meta["form"])
    context = {
        "batch": batch,
        "form": form,
        "columns": columns,
        "fields": [(one.key, one.heading(language())) for one in form.columns] if form else [],
        "missing": _unanswered(batch),
        "forms": _forms(),
        "sheets": [] if batch.book else meta["sheets"],
        "language": language(),
        "asks": importer.asks if importer else (),
        "facts": meta.get("facts", {}),
    }
    return render(request, "core/upload-mapping.html", context)


def _remap(request: HttpRequest, batch: Batch, meta: dict[str, Any]) -> None:
    form_key = request.POST.get("form_key") or None
    answers = {name: request.POST.get(name, "").strip() for name in ("credit_code", "period")}
    known = set(sheets.form(form_key or meta["form"]).fields) if form_key or meta["form"] else set()
    before = {one["letter"]: one["field"] for one in meta["columns"]}
    wanted = dict(batch.mapping)
    for one in [*meta["columns"], *meta["unmapped"]]:
        letter = one["letter"]
        field = request.POST.get(f"column-{letter}", before.get(letter, ""))
        if field != before.get(letter, "") and (not field or field in known):
            wanted[letter] = field
    imports.remap(
        me(request),
        batch,
        form_key=form_key,
        sheet=request.POST.get("sheet") or None,
        mapping=wanted if form_key in (None, meta["form"]) else None,
        answers={**batch.answers, **{k: v for k, v in answers.items() if v}},
        request=request,
    )


def _act(request: HttpRequest, batch: Batch, action: Callable[[], object]) -> HttpResponse:
    """Do something with a batch, tell what the program said against it, and show it again."""
    try:
        action()
    except DataError as error:
        for problem in error.problems[:10]:
            messages.error(request, problem.line(language()))
    except ModelError as error:
        messages.error(request, jobs.explain(error))
    return redirect("upload", batch_id=batch.pk)


@require_POST
def fix(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Accept a suggestion, all suggestions of a rule, or a typed value for a cell."""
    batch = _batch(request, batch_id)
    rule = request.POST.get("rule", "")
    cell = (request.GET.get("cell") or request.POST.get("cell", "")).strip().upper()
    value = request.POST.get("value")

    def correct() -> None:
        if rule:
            imports.fix_rule(me(request), batch, rule, request=request)
        else:
            imports.fix(me(request), batch, cell, value, request=request)

    return _act(request, batch, correct)


@require_POST
def unfix(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Take a correction back."""
    batch = _batch(request, batch_id)
    cell = request.POST.get("cell", "")
    return _act(request, batch, lambda: imports.unfix(me(request), batch, cell, request=request))


@require_POST
def confirm(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Take the good rows in; a long batch goes to the background."""
    batch = _file(request, batch_id)
    good = request.POST.get("good_rows_only") == "1"

    def take() -> None:
        if batch.rows_good > commits.IN_REQUEST_ROWS:
            imports.queue_confirm(me(request), batch, good_rows_only=good)
        else:
            imports.confirm(me(request), batch, good_rows_only=good, request=request)
            messages.success(request, _("Taken in."))

    return _act(request, batch, take)


@require_POST
def discard(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Give a preview up."""
    batch = _file(request, batch_id)
    return _act(request, batch, lambda: imports.discard(me(request), batch, request=request))


@require_POST
def undo(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Take a confirmed upload back."""
    batch = _file(request, batch_id)

    def take_back() -> None:
        if batch.rows_good > commits.IN_REQUEST_ROWS:
            imports.queue_undo(me(request), batch)
        else:
            imports.undo(me(request), batch, request=request)
            messages.success(request, _("Taken back; what it had replaced holds again."))

    return _act(request, batch, take_back)


def original(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Hand out the file as it was uploaded."""
    batch = _batch(request, batch_id)
    return kept_file(request, batch, "import.download", place_code=uploads.place_of(batch))


def marked(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Hand out the file with the bad cells marked; a large one is written in the background."""
    batch = _batch(request, batch_id)
    if not storage.exists(batch.sha256):
        raise Http404
    event = audit.record(
        "import.marked", request=request, thing=batch, place_code=uploads.place_of(batch)
    )
    if batch.size_bytes > uploads.IN_REQUEST_BYTES:
        title = _("Marked file: %s") % batch
        job = jobs.enqueue("core.marked", title, me(request), batch=str(batch.pk), event=event.pk)
        return redirect("job", job_id=job.pk)
    try:
        content = preview.marked(batch, me(request), stamp(event))
    except DataError:  # a refused file cannot be opened for marking either
        messages.error(request, _("The file cannot be opened, so no cell of it can be marked."))
        return redirect("upload", batch_id=batch.pk)
    return attachment(content, preview.marked_name(batch))


def template(request: HttpRequest, form_key: str) -> HttpResponse:
    """Hand out the empty form; everybody signed in may have it."""
    if form_key not in sheets.forms():
        raise Http404
    form = sheets.form(form_key)
    content = sheets.template(form, lang=language())
    return attachment(content, f"{form.name(language())}.xlsx")
