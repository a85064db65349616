"""Uploads of several sheets: one file, a batch for every sheet, one preview, one confirmation.

The batch of the file itself (its ``book`` is None) has no rows of its own: it holds where the
file stands and the sums over its sheets. Each sheet is a batch below it, so that a record names
the sheet and the columns it came from like any other record.

Sheets may lean on each other: an archive brings the enterprises an energy sheet speaks of, and
February's sum of form 205-1 is split by January's. They are therefore checked in the order they
will be written, each as if those before it were taken in: written inside a transaction that is
rolled back. On SQLite that transaction would keep everybody else from writing; a long file is
therefore checked in a copy of the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from tanfeng import sheets
from tanfeng.console.core import examining, scratch
from tanfeng.console.core.importer import ENTERPRISES, importer_of
from tanfeng.console.core.models import Batch, User
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import SEVERITIES, DataError, Problem

#: What the comparison of sheets adds: rows told twice, and form 205-1 against 205-2; energy and
#: output are compared in the database.
_ACROSS = frozenset({"X042", "X043", "E026", "E029", "E030"})
#: Rows of a file above which copying SQLite's database takes less than others can wait.
IN_PLACE_ROWS = 5_000


@dataclass(slots=True)
class Page:
    """A sheet while its book is examined.

    Parameters
    ----------
    batch : Batch
        The sheet's own batch.
    result : ReadResult
        What the first reading gave.
    more : tuple of Problem
        What the comparison with the other sheets found.
    repeated : frozenset of int
        Rows another sheet has told already.
    """

    batch: Batch
    result: sheets.ReadResult
    more: tuple[Problem, ...] = ()
    repeated: frozenset[int] = frozenset()


def members(head: Batch) -> list[Batch]:
    """Return the sheets of a file that are taken, in the order of the book."""
    return list(head.sheets.exclude(status=Batch.Status.DISCARDED).order_by("sheet_no"))


def in_order(parts: Sequence[Batch]) -> list[Batch]:
    """Return kept sheets in the order they are written."""
    return sorted(parts, key=lambda one: _rank(one, Parsed(one).meta.get("facts", {})))


def _rank(part: Batch, facts: Mapping[str, Any]) -> tuple[int, str, int]:
    """Archive before energy, energy by period, output last."""
    importer = importer_of(part.form_key)
    return (importer.rank if importer else 99, str(facts.get("period", "")), part.sheet_no)


def pages(head: Batch, workbook: sheets.Workbook, user: User) -> list[Page]:
    """Return the sheets of a file that is taken sheet by sheet; none when it is one sheet alone.

    Once a file was split, it stays split. Sheets whose form nobody filled in are left alone.
    """
    if head.sheets.exists():
        parts = members(head)
    elif head.sheet or len(found := workbook.tables(head.form_key or None)) < 2:
        return []
    else:
        parts = [_part(head, number, info) for number, info in enumerate(found, start=1)]
    read = [Page(one, examining.read(one, workbook, user)) for one in parts]
    filled = [one for one in read if one.result.accepted.height or one.result.errors]
    if not head.sheets.exists():
        if len(filled) < 2:
            head.sheet = (filled or read)[0].batch.sheet
            return []
        read = filled
    for page, after in zip(read, sheets.across([one.result for one in read]), strict=True):
        page.more = tuple(one for one in after.problems if one.rule in _ACROSS)
        page.repeated = after.repeated - page.result.repeated
    return read


def _part(head: Batch, number: int, info: sheets.SheetInfo) -> Batch:
    return Batch(
        book=head,
        sheet_no=number,
        sheet=info.name,
        form_key=info.form,
        file_name=head.file_name,
        sha256=head.sha256,
        size_bytes=head.size_bytes,
        uploaded_by=head.uploaded_by,
        scope=head.scope,
        is_demo=head.is_demo,
    )


class _Enough(Exception):
    """Ends a rehearsal."""


@contextmanager
def _rehearsal(rows: int) -> Iterator[None]:
    """Run a block over so many rows in a transaction that is always rolled back."""
    apart = rows > IN_PLACE_ROWS and scratch.makes_others_wait()
    try:
        with scratch.copied() if apart else nullcontext(), transaction.atomic():
            yield
            raise _Enough
    except _Enough:
        return


def rehearsed(
    found: Sequence[Page], workbook: sheets.Workbook, user: User
) -> list[examining.Examined]:
    """Check every sheet as if those written before it were taken in; nothing of that stays."""
    ordered = sorted(
        found, key=lambda p: _rank(p.batch, examining.facts_of(p.batch, p.result, user))
    )
    moment = timezone.now()
    done: list[examining.Examined] = []
    # What was read before holds until a sheet changes the enterprises.
    enterprises_stand = True
    with _rehearsal(sum(page.result.frame.height for page in found)):
        for page in ordered:
            page.batch.save()
        for page in ordered:
            first = page.result if enterprises_stand else None
            result, importer = examining.read_twice(page.batch, workbook, user, first)
            result = sheets.with_problems(result, page.more, repeated=page.repeated)
            one = examining.checked(page.batch, result, importer, user)
            done.append(one)
            if importer is not None and one.frame.height and page is not ordered[-1]:
                _write(one, user, moment)
                enterprises_stand &= importer.rank != ENTERPRISES
    return sorted(done, key=lambda one: one.batch.sheet_no)


def _write(one: examining.Examined, user: User, moment: Any) -> None:
    importer = one.importer
    if importer is None:
        return
    try:
        with transaction.atomic():
            importer.commit(one.frame, one.batch, user, moment)
    except DataError as error:
        examining.refuse(one, error.problems)


def sum_up(head: Batch, parts: Iterable[Batch]) -> None:
    """Write the sums over the sheets on the batch of the file; the caller saves it."""
    taken = list(parts)
    for name in ("rows_read", "rows_good", "errors", "warnings", "infos"):
        setattr(head, name, sum(getattr(one, name) for one in taken))
    found = [Problem(**one) for part in taken for one in part.problems]
    gravest = sorted(found, key=lambda one: SEVERITIES.index(one.severity))
    head.problems = [asdict(one) for one in gravest[: examining.KEPT_PROBLEMS]]
    keys = {one.form_key for one in taken}
    head.form_key = keys.pop() if len(keys) == 1 else ""
    head.status = Batch.Status.PREVIEW


def added_up(outcomes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up what the sheets of a file did: added, replaced, unchanged."""
    total: dict[str, Any] = {}
    for outcome in outcomes:
        for name, value in outcome.items():
            if isinstance(value, int):
                total[name] = total.get(name, 0) + value
    return total
