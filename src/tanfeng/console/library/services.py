"""Writes of the library: the city's verified values, and the list of documents.

A verified value is never edited: entering another one withdraws the one before, in the same
transaction, so that every value that ever won over a shipped row stays on record.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from tanfeng import standards
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.library import catalogue
from tanfeng.console.library.models import Document, FactorOverride
from tanfeng.errors import DataError, Problem, StandardError

#: A value this many times larger or smaller than the shipped one wants a second look.
FAR = 2.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many documents were added, changed, and already as shipped."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A verified value as a person enters it.

    Parameters
    ----------
    table, row_id : str
        The shipped row it replaces.
    value : float
        Verified value. [unit]
    unit : str
        Must equal the unit of the shipped row.
    document, clause : str
        Where the value was read; both are needed.
    verified_on : date
        Day it was read; not in the future.
    note : str
        Anything else.
    """

    table: str
    row_id: str
    value: float
    unit: str
    document: str
    clause: str
    verified_on: date
    note: str = ""


def overrides(as_of: datetime | None = None) -> standards.Overrides:
    """Return the city's verified values for a look-up or a run.

    Parameters
    ----------
    as_of : datetime, optional
        Values as they were known then; None = now.
    """
    rows = FactorOverride.objects.select_related("created_by")
    if as_of is None:
        rows = rows.filter(withdrawn_at__isnull=True)
    else:
        rows = rows.filter(created_at__lte=as_of).filter(
            Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=as_of)
        )
    return standards.Overrides(as_override(row) for row in rows)


def as_override(row: FactorOverride) -> standards.Override:
    """Return a stored value the way the standards room takes it."""
    return standards.Override(
        table=row.table,
        row_id=row.row_id,
        value=row.value,
        unit=row.unit,
        document=row.basis,
        verified_by=_person(row.created_by),
        verified_on=row.verified_on,
        note=row.note,
    )


def _person(user: User) -> str:
    return f"{user} ({user.department})" if user.department else str(user)


def is_far(value: float, shipped: float) -> bool:
    """Tell whether a value is more than twice the shipped one away, or of another sign.

    Parameters
    ----------
    value, shipped : float
        In the same unit.
    """
    if shipped == 0 or value == 0:
        return value != shipped
    ratio = value / shipped
    return ratio < 1 / FAR or ratio > FAR


def problems_of(entry: Entry) -> list[Problem]:
    """Return everything that speaks against a verified value, doubts as warnings."""
    try:
        shipped = standards.lookup(entry.table, id=entry.row_id)
    except StandardError as error:
        return [
            _problem(
                "L001",
                "table",
                f"标准表没有这一行：{error.message('zh')}",
                f"There is no such row: {error.message('en')}",
            )
        ]
    found = list(_basis_problems(entry))
    if shipped.value is None:
        return [*found, _text_row(shipped)]
    if entry.unit != shipped.unit:
        found.append(
            _problem(
                "L003",
                "unit",
                f"单位必须与标准表一致：{shipped.unit}，而不是 {entry.unit}。请先换算。",
                f"The unit must be that of the row, {shipped.unit}, not {entry.unit}. "
                "Convert the value first.",
            )
        )
    if not math.isfinite(entry.value):
        found.append(_problem("L004", "value", "数值必须是有限的数。", "The value must be finite."))
    elif is_far(entry.value, shipped.value):
        found.append(_far(entry, shipped))
    return found


def _basis_problems(entry: Entry) -> list[Problem]:
    found = []
    for name, zh, en in (("document", "文件", "document"), ("clause", "条款", "clause")):
        if not getattr(entry, name).strip():
            found.append(
                _problem(
                    "L005",
                    name,
                    f"须写明{zh}：核定值要能查到出处。",
                    f"Name the {en}: a verified value needs a place where it can be read.",
                )
            )
    if entry.verified_on > timezone.localdate():
        found.append(
            _problem(
                "L006", "verified_on", "核定日期不能在将来。", "The day cannot be in the future."
            )
        )
    return found


def _text_row(shipped: standards.Factor) -> Problem:
    return _problem(
        "L002",
        "value",
        f"这一行的内容是文字（{shipped.text}），不能用数值替代。",
        f"This row holds words ({shipped.text}) that no number can replace.",
    )


def _far(entry: Entry, shipped: standards.Factor) -> Problem:
    zh = f"{entry.value:g} 与标准表的 {shipped.text} 相差超过 {FAR:g} 倍。请核对单位和小数点。"
    en = (
        f"{entry.value:g} is more than {FAR:g} times away from the shipped {shipped.text}. "
        "Check unit and decimal point."
    )
    return _problem("L007", "value", zh, en, severity="warning")


def _problem(rule: str, column: str, zh: str, en: str, severity: str = "error") -> Problem:
    return Problem(rule, severity, zh, en, heading=column)  # type: ignore[arg-type]


def set_override(
    user: User,
    entry: Entry,
    *,
    accept_far: bool = False,
    request: HttpRequest | None = None,
) -> FactorOverride:
    """Enter a verified value; it wins over the shipped row from now on.

    Parameters
    ----------
    user : User
        Who verified it; the city only.
    entry : Entry
        The value and where it was read.
    accept_far : bool
        The person saw the warning about the distance and stays with the value.
    request : HttpRequest, optional
        For the audit event.

    Raises
    ------
    PermissionDenied
        If the user may not.
    DataError
        With every problem, the unaccepted distance included.
    """
    rights.require(user, "add", FactorOverride)
    found = problems_of(entry)
    if any(one.severity == "error" for one in found) or (found and not accept_far):
        raise DataError(found)
    shipped = standards.lookup(entry.table, id=entry.row_id)
    now = timezone.now()
    with transaction.atomic():
        before = (
            FactorOverride.objects.select_for_update()
            .filter(table=entry.table, row_id=entry.row_id, withdrawn_at__isnull=True)
            .first()
        )
        if before is not None:
            _close(before, user, now, "")
        row = FactorOverride.objects.create(
            **asdict(entry), shipped=shipped.text, created_by=user, created_at=now
        )
        standards.check_override(as_override(row))
        audit.record(
            "override.set",
            user=user,
            request=request,
            thing=row,
            value=row.value,
            unit=row.unit,
            shipped=shipped.text,
            before=before.value if before else None,
            document=row.basis,
            verified_on=row.verified_on,
        )
    return row


def withdraw_override(
    user: User, override: FactorOverride, *, reason: str, request: HttpRequest | None = None
) -> FactorOverride:
    """Take a verified value back; the shipped row holds again from now on.

    Raises
    ------
    PermissionDenied
        If the user may not.
    DataError
        If it was withdrawn already or no reason is given.
    """
    rights.require(user, "withdraw", override)
    if not reason.strip():
        raise DataError([_problem("L008", "reason", "请写明撤销原因。", "Give a reason.")])
    with transaction.atomic():
        row = FactorOverride.objects.select_for_update().get(pk=override.pk)
        if not row.is_active:
            raise DataError(
                [_problem("L009", "", "该值已经撤销。", "This value was withdrawn already.")]
            )
        _close(row, user, timezone.now(), reason.strip())
        audit.record(
            "override.withdraw",
            user=user,
            request=request,
            thing=row,
            value=row.value,
            unit=row.unit,
            reason=row.withdrawn_reason,
        )
    return row


def _close(row: FactorOverride, user: User, at: datetime, reason: str) -> None:
    row.withdrawn_at = at
    row.withdrawn_by = user
    row.withdrawn_reason = reason
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])


_FIELDS = (
    "number",
    "title_zh",
    "title_en",
    "issuer_zh",
    "issuer_en",
    "kind",
    "valid_from",
    "valid_to",
    "ending",
    "basis",
    "note_zh",
    "note_en",
)


def load_documents(user: User | None = None) -> Loaded:
    """Load the list of documents; repeating it changes nothing, and nothing is deleted.

    Parameters
    ----------
    user : User, optional
        Who asks. None for the installation itself, which leaves no audit event.
    """
    if user is not None:
        rights.require(user, "library.load")
    catalogue.forget()
    with transaction.atomic():
        loaded = _merge(catalogue.entries())
    if user is not None:
        audit.record("library.load", user=user, added=loaded.added, changed=loaded.changed)
    return loaded


def _merge(entries: tuple[catalogue.Entry, ...]) -> Loaded:
    stored = {row.key: row for row in Document.objects.all()}
    added = changed = 0
    for entry in entries:
        wanted = {field: getattr(entry, field) for field in _FIELDS} | {"names": [*entry.names]}
        row = stored.get(entry.key)
        if row is None:
            stored[entry.key] = Document.objects.create(key=entry.key, **wanted)
            added += 1
        elif any(getattr(row, field) != value for field, value in wanted.items()):
            for field, value in wanted.items():
                setattr(row, field, value)
            row.save(update_fields=[*wanted])
            changed += 1
    for entry in entries:
        successor = stored.get(entry.replaced_by)
        row = stored[entry.key]
        if row.replaced_by_id != (successor.pk if successor else None):
            row.replaced_by = successor
            row.save(update_fields=["replaced_by"])
    return Loaded(added, changed, len(entries) - added - changed)
