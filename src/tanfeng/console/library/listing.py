"""Pages and export of rows that are no database rows: a frame, or a list made in Python.

The counterpart of ``core.lists.Listing``, which sorts and pages in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import polars as pl
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from tanfeng.console.core import audit
from tanfeng.console.core.lists import PER_PAGE, Column, attachment, workbook

#: Rows per page a person may choose.
SIZES = (25, 50)


class FrameRows(Sequence[Any]):
    """The rows of a frame, each made into an object only when it is shown."""

    def __init__(self, frame: pl.DataFrame, make: Callable[[dict[str, Any]], Any]) -> None:
        self.frame = frame
        self.make = make

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, _step = index.indices(len(self))
            part = self.frame.slice(start, stop - start)
            return [self.make(row) for row in part.iter_rows(named=True)]
        return self.make(self.frame.row(index, named=True))

    def __iter__(self) -> Iterator[Any]:
        return (self.make(row) for row in self.frame.iter_rows(named=True))


class RowListing:
    """Pages of 25 or 50 rows and the same rows as a workbook."""

    def __init__(
        self,
        request: HttpRequest,
        rows: Sequence[Any],
        *,
        name: str,
        title: str | Promise,
        columns: Sequence[Column],
        **detail: Any,
    ) -> None:
        self.request = request
        self.rows = rows
        self.name = name
        self.title = title
        self.columns = tuple(columns)
        self.detail = detail
        size = request.GET.get("size", "")
        self.size = int(size) if size.isdigit() and int(size) in SIZES else PER_PAGE

    @cached_property
    def page(self) -> Page[Any]:
        """Return the page asked for, or the nearest there is."""
        return Paginator(self.rows, self.size).get_page(self.request.GET.get("page"))

    @property
    def wants_export(self) -> bool:
        """Tell whether the workbook is asked for."""
        return self.request.GET.get("export") == "xlsx"

    def export(self) -> HttpResponse:
        """Return all rows as a workbook; reading that much is an event."""
        event = audit.record(
            f"export.{self.name}",
            request=self.request,
            rows=len(self.rows),
            filters=dict(self.request.GET.items()),
            **self.detail,
        )
        content = workbook(self.title, self.columns, self.rows, event=event)
        return attachment(content, f"{self.title}.xlsx")
