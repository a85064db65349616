"""Pages of 25 rows over a frame: only the rows shown are turned into objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from tanfeng.console.core.lists import PER_PAGE

Rows = Callable[[pl.DataFrame], list[dict[str, Any]]]


class _Slices:
    """A frame that a paginator can count and cut."""

    def __init__(self, frame: pl.DataFrame, rows: Rows) -> None:
        self.frame = frame
        self.rows = rows

    def __len__(self) -> int:
        return self.frame.height

    def __getitem__(self, part: slice) -> list[dict[str, Any]]:
        return self.rows(self.frame[part])


class _Known:
    """A page whose rows were cut out before, with the number of all."""

    def __init__(self, count: int, cut: Callable[[int, int], list[Any]]) -> None:
        self._count = count
        self._cut = cut

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> list[Any]:
        return self._cut(part.start, part.stop)


def page_of(request: HttpRequest, frame: pl.DataFrame, rows: Rows) -> Page[Any]:
    """Return the page the query asks for."""
    asked = request.GET.get("page")
    return Paginator(_Slices(frame, rows), PER_PAGE).get_page(asked)  # type: ignore[arg-type]


def counted_page(
    request: HttpRequest, count: int, cut: Callable[[int, int], list[Any]]
) -> Page[Any]:
    """Return the page the query asks for, its rows cut out by a function of start and stop."""
    asked = request.GET.get("page")
    return Paginator(_Known(count, cut), PER_PAGE).get_page(asked)  # type: ignore[arg-type]
