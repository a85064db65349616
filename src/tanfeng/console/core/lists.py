"""One way for every list: sort, pages of 25 rows, and the same rows as a workbook.

Filters stay with the page that knows them: it narrows the rows (which it got from
``rights.visible``) and hands them over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, reduce
from typing import Any
from urllib.parse import quote

from django.core.paginator import Page, Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tanfeng import sheets
from tanfeng.console.core import audit, jobs, storage
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import AuditEvent, Batch

#: Media type of .xlsx.
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PER_PAGE = 25
#: Rows of a list from which on a page is found by its keys first.
LONG = 1_000
#: More rows than this are exported in the background.
EXPORT_IN_REQUEST = 10_000
#: More rows than this are no list any more; the person is asked to filter.
EXPORT_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list and of its export.

    Parameters
    ----------
    key : str
        Name in ``?sort=`` and, without ``value``, the attribute path of the value.
    label : str
        Heading.
    value : callable, optional
        Row -> value, where an attribute path is not enough.
    sort : str
        Field the database sorts by; empty means the column cannot be sorted.
    unit : str
        Unit of the numbers, printed in the heading of the export.
    places : int, optional
        Decimal places shown.
    """

    key: str
    label: str | Promise
    value: Callable[[Any], Any] | None = None
    sort: str = ""
    unit: str = ""
    places: int | None = None

    def of(self, row: Any) -> Any:
        """Return the value of a row, empty related objects included."""
        if self.value is not None:
            return self.value(row)
        return reduce(lambda one, name: getattr(one, name, None), self.key.split("__"), row)


def holds_demo_data() -> bool:
    """Tell whether anything here came from the demonstration city."""
    return Batch.objects.filter(is_demo=True).exists()


class Listing:
    """A sorted, paged, exportable view of rows the person may see."""

    def __init__(
        self,
        request: HttpRequest,
        rows: models.QuerySet[Any, Any],
        *,
        name: str,
        title: str | Promise,
        columns: Sequence[Column],
        default_sort: str = "",
        per_page: int = PER_PAGE,
        as_of: str = "",
        total: int | None = None,
        long: int = LONG,
    ) -> None:
        self.request = request
        #: Rows from which on a page is found by its keys; fewer where a row is wide.
        self.long = long
        #: How many rows there are, where the page has counted them for itself.
        self.counted = total
        self.name = name
        self.title = title
        self.columns = tuple(columns)
        self.per_page = per_page
        self.as_of = as_of
        self.default_sort = default_sort
        self.sort = request.GET.get("sort") or default_sort
        self.rows = self._sorted(rows)

    def _sorted(self, rows: models.QuerySet[Any, Any]) -> models.QuerySet[Any, Any]:
        fields = {column.key: column.sort for column in self.columns if column.sort}
        if self.sort.removeprefix("-") not in fields:
            # A column nobody can sort by leaves the list in its own order, never in none.
            self.sort = self.default_sort
        field = fields.get(self.sort.removeprefix("-"))
        if field is None:
            return rows
        ordering = models.F(field)
        last = self.sort.startswith("-")
        # Rows without a value come last either way, and the key makes the order of ties stable.
        return rows.order_by(
            ordering.desc(nulls_last=True) if last else ordering.asc(nulls_last=True), "pk"
        )

    @cached_property
    def page(self) -> Page[Any]:
        """Return the page asked for; an impossible number gives the nearest page there is."""
        paginator = Paginator(self.rows, self.per_page)
        if self.counted is not None:
            paginator.count = self.counted
        page = paginator.get_page(self.request.GET.get("page"))
        first = (page.number - 1) * self.per_page
        if page.paginator.count > self.long and isinstance(self.rows, models.QuerySet):
            # Sorting and skipping rows reads all of each; keys are in an index. Without the order
            # the second question goes by the keys. A list that is no query, such as the
            # enterprises', cuts its pages by keys itself.
            keys = list(self.rows.values_list("pk", flat=True)[first : first + self.per_page])
            found = {row.pk: row for row in self.rows.order_by().filter(pk__in=keys)}
            page.object_list = [found[key] for key in keys if key in found]
        return page

    @property
    def total(self) -> int:
        """Return how many rows there are on all pages."""
        return int(self.page.paginator.count)

    @property
    def wants_export(self) -> bool:
        """Tell whether the workbook is asked for."""
        return self.request.GET.get("export") == "xlsx"

    def export(self) -> HttpResponse:
        """Return all rows as a workbook, or the job that writes a long one."""
        total = self.rows.count()
        if total > EXPORT_LIMIT:
            return too_many(total)
        if total > EXPORT_IN_REQUEST and not getattr(self.request, "in_job", False):
            job = jobs.enqueue(
                "core.export",
                _("Export: %s") % self.title,
                self.request.user,  # type: ignore[arg-type]
                path=self.request.path,
                query=self.request.GET.urlencode(),
            )
            return redirect("job", job_id=job.pk)
        event = audit.record(
            f"export.{self.name}",
            request=self.request,
            rows=total,
            filters=dict(self.request.GET.items()),
        )
        rows = self.rows.iterator(chunk_size=2000)
        content = workbook(self.title, self.columns, rows, event=event, as_of=self.as_of)
        return attachment(content, f"{self.title}.xlsx")


def stamp(event: AuditEvent) -> str:
    """Return the line every file that leaves carries: who took it, when, and where the log says so.

    A file found where it should not be leads to its event, and the event to the person.
    """
    return _("Exported by %(who)s on %(when)s, No. %(number)d of the audit log") % {
        "who": event.username or "—",
        "when": timezone.localtime(event.at).strftime("%Y-%m-%d %H:%M"),
        "number": event.pk,
    }


def workbook(
    title: str | Promise,
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    event: AuditEvent,
    as_of: str = "",
) -> bytes:
    """Return rows as .xlsx in the language of the person, marked when it is demonstration data.

    ``event`` is the record of the export; nothing leaves without one, and the file names it.
    """
    in_english = language() == "en"
    headings = [
        sheets.ListColumn(
            key=column.key,
            heading_zh=_in("zh-hans", column.label),
            heading_en=_in("en", column.label),
            unit=column.unit,
            places=column.places,
        )
        for column in columns
    ]
    return sheets.table_workbook(
        str(title),
        headings,
        [{column.key: _cell(column.of(row)) for column in columns} for row in rows],
        lang="en" if in_english else "zh",
        demo=holds_demo_data(),
        as_of=as_of or timezone.localtime().strftime("%Y-%m-%d %H:%M"),
        stamp=stamp(event),
    )


def attachment(content: bytes, name: str, media_type: str = MEDIA_TYPE) -> HttpResponse:
    """Return a download under a name that may hold Chinese."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def kept_file(request: HttpRequest, thing: Any, action: str, **detail: Any) -> HttpResponse:
    """Return a file kept under its digest as it was handed in, and write down who took it.

    Parameters
    ----------
    request : HttpRequest
    thing : row with ``sha256`` and ``file_name``
        An upload or a piece of evidence the person may see.
    action : str
        What the log calls it.
    **detail
        Further facts for the log.
    """
    if not storage.exists(thing.sha256):
        raise Http404
    audit.record(action, request=request, thing=thing, **detail)
    return attachment(storage.load(thing.sha256), thing.file_name, "application/octet-stream")


def too_many(total: int) -> HttpResponse:
    """Say that a list this long is not exported in one file."""
    text = _("%(total)d rows are too many for one file (at most %(limit)d). Filter the list first.")
    return HttpResponse(
        text % {"total": total, "limit": EXPORT_LIMIT},
        content_type="text/plain; charset=utf-8",
        status=400,
    )


def _in(language: str, label: str | Promise) -> str:
    with translation.override(language):
        return capfirst(str(label))


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, int | float | str):
        return value
    return str(value)
