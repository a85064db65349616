"""Forms 205-1 and 205-2 of an enterprise and month that were handed in one after the other.

What two forms contradict each other in is the business of :func:`tanfeng.sheets.across`. Here the
form that was taken in before is read again from its stored file, with the answers and corrections
it was taken in with, because the comparison needs more of it than the registers keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tanfeng import sheets
from tanfeng.console.archive import services as archive
from tanfeng.console.core import examining, storage
from tanfeng.console.core.models import Batch, User
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, Problem
from tanfeng.periods import Period

_OTHER = {"stat_205_1": "stat_205_2", "stat_205_2": "stat_205_1"}
_RULES = frozenset({"E026", "E029", "E030"})


def contradictions(
    batch: Batch, result: sheets.ReadResult, facts: Mapping[str, Any], user: User
) -> list[Problem]:
    """Hold a form 205-1 or 205-2 against the other one that was taken in before.

    Parameters
    ----------
    batch : Batch
        The sheet that is checked now.
    result : ReadResult
        What was read of it.
    facts : mapping
        Enterprise and period, from its head or by the person's answer.
    user : User
        Who hands it in.

    Returns
    -------
    list of Problem
        Findings about the sheet; what lies in the other form is told without a cell. None where
        the same file brings the other form: its sheets are compared with each other.
    """
    if result.form is None:
        return []
    other = _OTHER[result.form.key]
    if batch.book is not None and batch.book.sheets.filter(form_key=other).exists():
        return []
    code, month = str(facts.get("credit_code") or ""), _month(facts)
    if month is None or archive.organisations(user, [code]).is_empty():
        return []  # nobody learns from a finding what another enterprise has handed in
    before = _standing(other, code, month)
    if before is None:
        return []
    try:
        workbook = sheets.Workbook(storage.load(before.sha256), before.file_name)
        read = examining.read(before, workbook, user)
    except DataError:  # a program took the rows in beside a file that is no form
        return []
    head = {"credit_code": code, "period": f"{month[0]}-{month[1]:02d}"}
    pair = [replace(one, head={**one.head, **head}) for one in (result, read)]
    here, there = sheets.across(pair)
    return [
        *(one for one in here.problems if one.rule in _RULES),
        *(_elsewhere(one, result.sheet) for one in there.problems if one.rule in _RULES),
    ]


def _standing(form: str, code: str, month: tuple[int, int]) -> Batch | None:
    """Return the newest upload that was taken in of a form, enterprise and month."""
    taken = Batch.objects.filter(form_key=form, org_code=code, status=Batch.Status.COMMITTED)
    for one in taken.exclude(sha256="").order_by("-committed_at"):
        if _month(_said(one)) == month and storage.exists(one.sha256):
            return one
    return None


def _said(batch: Batch) -> Mapping[str, Any]:
    """Return what was said once for a whole upload."""
    kept = Parsed(batch)
    meta = kept.meta if kept else {}
    return {**meta.get("head", {}), **batch.answers, **meta.get("facts", {})}


def _month(facts: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return year and month a form sums to; a whole year sums to December."""
    try:
        period = Period.parse(str(facts.get("period") or ""))
    except ValueError:
        return None
    return period.year, period.month or period.end.month


def _elsewhere(one: Problem, sheet: str) -> Problem:
    """Tell what lies in the other form as a finding about this sheet as a whole."""
    place = f"{one.sheet} {one.cell}".strip()
    return replace(
        one,
        sheet=sheet,
        row=None,
        column="",
        heading="",
        message_zh=f"{one.message_zh}（此前导入的表：{place}）",
        message_en=f"{one.message_en} (the form taken in before: {place})",
    )
