"""What the pages of this app share: who asks, what was chosen, and how a table leaves as a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tanfeng.console.accounting import figures, measures
from tanfeng.console.accounting.models import Run
from tanfeng.console.archive.models import Sector
from tanfeng.console.core import audit, lists
from tanfeng.console.core.figures import plain, wan
from tanfeng.console.core.models import User

#: From here on an amount in a sentence is told in ten thousands. [t]
_LARGE = 100_000.0


def signed_in(request: HttpRequest) -> User:
    """Return who asks; the sign-in fence lets nobody else through to a view."""
    assert isinstance(request.user, User)  # noqa: S101 - see docstring
    return request.user


def number(request: HttpRequest, name: str) -> int | None:
    """Return a whole number of the query, None when there is none or it makes no sense."""
    asked = request.GET.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else None


def choice(request: HttpRequest, name: str, options: Collection[str], default: str) -> str:
    """Return one of the options, the default for anything else."""
    asked = request.GET.get(name, "")
    return asked if asked in options else default


def run_of(request: HttpRequest) -> Run | None:
    """Return the run a page speaks of: ``?run=`` or the published one; 404 for one not visible."""
    asked = number(request, "run")
    run = figures.run_for(signed_in(request), asked)
    if run is None and asked is not None:
        raise Http404
    return run


def chosen_filter(request: HttpRequest) -> figures.Filter:
    """Return the part of a run the query names."""
    asked = request.GET
    sector = asked.get("sector", "")
    return figures.Filter(
        year=number(request, "year"),
        month=number(request, "month"),
        place=asked.get("place", "")[:6],
        sector=sector if sector in Sector.values else "",
        park=asked.get("park", "")[:20],
        org_code=asked.get("org", "")[:18],
        item_key=asked.get("item", "")[:40],
    )


def basis_options() -> list[tuple[str, str]]:
    """Return the bases of electricity for a switch."""
    return [(key, str(name)) for key, name in measures.BASIS_NAMES.items()]


def boundary_options() -> list[tuple[str, str]]:
    """Return the boundaries for a switch."""
    return [(key, str(name)) for key, name in measures.BOUNDARY_NAMES.items()]


def as_of_text(run: Run) -> str:
    """Return the day up to which the records of a run were known."""
    return timezone.localtime(run.as_of).strftime("%Y-%m-%d")


def amount(value: float | None, unit: str) -> str:
    """Return an amount of tonnes as a sentence tells it: ``3 412.0 万吨``, ``812 吨``."""
    energy = unit == "tce"
    if value is not None and abs(value) >= _LARGE:
        words = _("%(amount)s ×10⁴ tce") if energy else _("%(amount)s ×10⁴ t")
        return (words % {"amount": wan(value, 1)}).replace(" ", "\u00a0")
    words = _("%(amount)s tce") if energy else _("%(amount)s t")
    return (words % {"amount": plain(value, 0)}).replace(" ", "\u00a0")


def close_up(sentence: str) -> str:
    """Take the blank out after a full-width bracket, which brings its own."""
    return sentence.replace("） ", "）")


def quality_columns() -> list[lists.Column]:
    """Return the columns that say how good the data behind a figure are."""
    return [
        lists.Column("measured_share", _("of which measured"), unit="%", places=1),
        lists.Column("reported_share", _("of which reported"), unit="%", places=1),
        lists.Column("estimated_share", _("of which estimated"), unit="%", places=1),
        lists.Column("unverified_share", _("on factors to be verified"), unit="%", places=1),
    ]


def quality(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the values of :func:`quality_columns` for a row of a breakdown, in percent."""
    shares = measures.shares(row)
    return {key: None if value is None else value * 100 for key, value in shares.items()}


def _entry(key: str, row: Mapping[str, Any]) -> Any:
    return row.get(key)


def table_export(
    request: HttpRequest,
    *,
    name: str,
    title: str | Promise,
    columns: Sequence[lists.Column],
    rows: Sequence[Mapping[str, Any]],
    run: Run | None = None,
    **detail: Any,
) -> HttpResponse:
    """Return rows as a workbook with the demonstration mark, and write the deed down.

    Parameters
    ----------
    request : HttpRequest
        The page it was asked from.
    name : str
        Name of the list in the audit log.
    title : str
        Title and file name.
    columns : sequence of Column
        Columns whose keys name the entries of a row.
    rows : sequence of mapping
        Values.
    run : Run, optional
        Run the figures come from; its day goes into the as-of line.
    detail
        What the list spoke of, for the audit log.
    """
    event = audit.record(
        f"export.{name}",
        request=request,
        rows=len(rows),
        run=run.number if run else None,
        filters=dict(request.GET.items()),
        **detail,
    )
    laid = [
        lists.Column(c.key, c.label, partial(_entry, c.key), "", c.unit, c.places) for c in columns
    ]
    as_of = as_of_text(run) if run else ""
    content = lists.workbook(title, laid, rows, event=event, as_of=as_of)
    return lists.attachment(content, f"{title}.xlsx")
