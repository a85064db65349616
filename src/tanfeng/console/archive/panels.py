"""How other rooms speak on the archive's pages without the archive knowing them.

An app with something to say about an enterprise adds a :class:`Panel` to its one-page file, and
the room that keeps the figures gives the list its columns through :class:`Figures`. Both are
registered when the apps start, so the arrow of imports points to the archive only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import User

#: A condition on organisations, reached through a path such as ``organisation__``.
Condition = Callable[[str], Q]


@dataclass(frozen=True, slots=True)
class Panel:
    """A section of the enterprise page.

    Parameters
    ----------
    key : str
        Name, once.
    order : int
        Place on the page, small first.
    template : str
        Template of the section; it gets ``organisation`` and what ``context`` returns.
    context : callable
        Request and organisation -> variables; the organisation has been found visible.
    lines : callable, optional
        Organisation -> rows (section, name, unit, period, value) for the one-page workbook.
    tells : callable, optional
        Organisation -> fields of ``reports.EnterpriseFile`` this room knows, for Word and PDF.
    """

    key: str
    order: int
    template: str
    context: Callable[[HttpRequest, Organisation], Mapping[str, Any]]
    lines: Callable[[User, Organisation], Iterable[FileLine]] | None = None
    tells: Callable[[User, Organisation], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class FileLine:
    """A row of the one-page workbook."""

    section: str
    name: str
    value: Any
    unit: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True)
class FigureColumn:
    """A column of the enterprise list that is kept elsewhere."""

    key: str
    label: str | Promise
    unit: str = ""
    places: int = 0
    sortable: bool = False
    #: ``number``, ``change`` (share of the year before) or ``text``.
    kind: str = "number"
    #: Credit code and year -> where the figure opens.
    url: Callable[[str, int], str] | None = None

    @property
    def heading(self) -> str:
        """Heading with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else str(self.label)


class Figures(Protocol):
    """What the room of figures knows of enterprises, for one person."""

    columns: Sequence[FigureColumn]
    #: Years there are figures for, newest first.
    years: Sequence[int]
    #: The one pages open with.
    default_year: int | None

    def note(self, year: int) -> str:
        """Return where the figures come from, for the line under the heading."""
        ...

    def values(self, keys: Sequence[int], year: int) -> Mapping[int, Mapping[str, Any]]:
        """Return figures by organisation key for one page of the list."""
        ...

    def ranked(
        self, condition: Condition, column: str, year: int, *, descending: bool
    ) -> Ranking | None:
        """Return the organisations that meet a condition in the order of a column."""
        ...

    def complete(self, year: int, *, complete: bool) -> Condition:
        """Return the condition of having reported every month of a year, or not."""
        ...


class Ranking(Protocol):
    """Keys of organisations in an order, cut out page by page."""

    def count(self) -> int:
        """Return how many there are."""
        ...

    def keys(self, start: int, stop: int) -> Sequence[int]:
        """Return the keys of a part of the list."""
        ...


_panels: list[Panel] = []
_figures: list[Callable[[User], Figures]] = []


def add(panel: Panel) -> None:
    """Register a section of the enterprise page."""
    if any(panel.key == other.key for other in _panels):
        raise ValueError(f"panel {panel.key!r} is registered twice")
    _panels.append(panel)
    _panels.sort(key=lambda one: one.order)


def panels() -> tuple[Panel, ...]:
    """Return the sections in page order."""
    return tuple(_panels)


def keep_figures(figures: Callable[[User], Figures]) -> None:
    """Register the room that keeps the figures; the last one wins."""
    _figures[:] = [figures]


def figures_for(user: User) -> Figures | None:
    """Return the figures a person may see, None when there is no room or nothing to show."""
    found = _figures[0](user) if _figures else None
    return found if found is not None and found.years else None
