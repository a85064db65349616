"""Every write a person makes here: rights, write, step, audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights, storage
from tanfeng.console.core.models import User
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality import machines, models
from tanfeng.console.registers.mrv.files import examine
from tanfeng.console.registers.workflow import Machine
from tanfeng.errors import DataError, Problem

Request = HttpRequest | None
#: An outage may be filed this long after it began. [d]
FILED_BACK_DAYS = 366
#: Points of one filing.
MOST_POINTS = 500
_Told = TypeVar("_Told", bound=models.Told)


def problem(zh: str, en: str, field: str = "") -> Problem:
    """Return what is wrong with a field of a form, or with the whole of it."""
    return Problem("Q001", "error", zh, en, heading=field)


def take_back(
    kind: type[_Told], pk: int, user: User, reason: str, at: datetime | None = None
) -> _Told:
    """Take back what somebody told; whether the person may is the caller's to ask.

    Raises
    ------
    DataError
        If no reason is given, or it was withdrawn already.
    """
    found: _Told = kind._default_manager.select_for_update().get(pk=pk)
    if found.withdrawn_at is not None:
        raise DataError([problem("已撤回", "It was withdrawn already")])
    if not reason.strip():
        raise DataError([problem("请填写原因", "Say why", "reason")])
    found.withdraw(user, reason, at or timezone.now())
    return found


def _log(
    user: User,
    machine: str,
    thing: Any,
    action: str,
    *,
    before: str,
    after: str,
    remark: str = "",
    request: Request = None,
    at: datetime | None = None,
    **detail: Any,
) -> None:
    models.Step.objects.create(
        organisation_id=thing.organisation_id,
        machine=machine,
        thing=thing.pk,
        action=action,
        before=before,
        after=after,
        remark=remark[:500],
        by=user,
        at=at or timezone.now(),
    )
    audit.record(f"quality.{action}", user=user, request=request, thing=thing, **detail)


@transaction.atomic
def file_outage(
    user: User,
    organisation: Organisation,
    meters: Iterable[Meter],
    values: Mapping[str, Any],
    *,
    request: Request = None,
    at: datetime | None = None,
) -> models.Filing:
    """File days on which points do not send.

    Parameters
    ----------
    user : User
    organisation : Organisation
        Whose points they are.
    meters : iterable of Meter
        Points it is about.
    values : mapping
        kind, starts_on, ends_on (None: until further notice), reason.
    request, at
        For the log; the moment if not now.

    Raises
    ------
    PermissionDenied, Http404
        If the person may not, or does not see the enterprise.
    DataError
        With everything that is wrong.
    """
    rights.require(user, "file", models.Filing)
    rights.get_visible(user, Organisation, pk=organisation.pk)
    chosen, now = list(meters), at or timezone.now()
    found = _examined(organisation, chosen, values, timezone.localdate(now))
    if found:
        raise DataError(found)
    filing = models.Filing.objects.create(
        organisation=organisation,
        number=number("GZ", timezone.localdate(now).year, models.Filing, "number"),
        kind=values["kind"],
        starts_on=values["starts_on"],
        ends_on=values.get("ends_on"),
        reason=values["reason"],
        filed_by=user,
        filed_at=now,
    )
    filing.meters.set(chosen)
    _log(
        user, "filing", filing, "enter", before="", after=filing.state, request=request, at=at,
        points=[one.point for one in chosen],
    )  # fmt: skip
    return filing


def _examined(
    organisation: Organisation, meters: list[Meter], values: Mapping[str, Any], today: date
) -> list[Problem]:
    found = []
    if not meters:
        found.append(problem("请选择计量点", "Choose the points", "meters"))
    elif len(meters) > MOST_POINTS:
        zh = f"一次最多报备 {MOST_POINTS} 个计量点"
        found.append(problem(zh, f"At most {MOST_POINTS} points at once", "meters"))
    if any(one.organisation_id != organisation.pk or not one.point for one in meters):
        found.append(problem("计量点不属于该企业", "A point is not the enterprise's", "meters"))
    starts, ends = values["starts_on"], values.get("ends_on")
    if ends and ends < starts:
        found.append(problem("截止日期早于开始日期", "It ends before it begins", "ends_on"))
    if starts < today - timedelta(days=FILED_BACK_DAYS):
        zh = "开始日期早于一年前，请核对"
        found.append(problem(zh, "It begins more than a year ago: check it", "starts_on"))
    if not values["reason"].strip():
        found.append(problem("请填写原因和措施", "Say why and what is done", "reason"))
    return found


def number(prefix: str, year: int, model: Any, field: str) -> str:
    """Return the next number of a year, such as GZ-2026-0007."""
    head = f"{prefix}-{year}-"
    last = (
        model.objects.filter(**{f"{field}__startswith": head})
        .order_by(f"-{field}")
        .values_list(field, flat=True)
        .first()
    )
    return f"{head}{int(last.rsplit('-', 1)[1]) + 1 if last else 1:04d}"


@transaction.atomic
def take(
    user: User,
    machine: Machine,
    thing: Any,
    key: str,
    values: Mapping[str, Any] | None = None,
    *,
    request: Request = None,
    at: datetime | None = None,
) -> None:
    """Take a step of a workflow.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        With everything that is missing.
    """
    given, now = values or {}, at or timezone.now()
    thing, before = machine.move(user, thing, key, given)
    fields = ["state", *_brought(thing, key, given, now)]
    thing.save(update_fields=fields)
    if key == "accept_filing":
        _judge_again(thing, timezone.localdate(now))
    _log(
        user, machine.key, thing, key, before=before, after=thing.state,
        remark=given.get("remark", ""), request=request, at=at, before_state=before,
        after_state=thing.state,
    )  # fmt: skip


def _brought(thing: Any, key: str, given: Mapping[str, Any], now: datetime) -> list[str]:
    """Write what a step brings with it; return the fields."""
    if key == "accept_filing":
        thing.accepted_at = now
        return ["accepted_at"]
    if isinstance(thing, models.Filing):
        return []
    thing.changed_at, thing.is_waiting = now, thing.state != "closed"
    if key not in ("order", "order_again"):
        return ["changed_at", "is_waiting"]
    thing.due_on = given["due_on"]
    if not thing.order_no:
        year = timezone.localdate(now).year
        thing.order_no = number("GD", year, models.Alert, "order_no")
    return ["changed_at", "is_waiting", "due_on", "order_no"]


def _judge_again(filing: models.Filing, today: date) -> None:
    """Ask for the days a filing excuses to be judged again."""
    ask_to_judge(filing.meters.all(), filing.starts_on, filing.ends_on or today, today)


def ask_to_judge(meters: QuerySet[Meter], first: date, last: date, today: date) -> None:
    """Ask for days of meters to be judged again, as far as they are over.

    Parameters
    ----------
    meters : QuerySet of Meter
        Those without a point send nothing.
    first, last : datetime.date
        Both included.
    today : datetime.date
        It is not over.
    """
    last = min(last, today - timedelta(days=1))
    if first > last:
        return
    points = meters.filter(point__isnull=False).order_by("pk").values_list("point", flat=True)
    models.ToJudge.objects.bulk_create(
        models.ToJudge(point=point or "", first=first, last=last) for point in points
    )


def acknowledge(
    user: User, alerts: Iterable[models.Alert], *, request: Request = None
) -> tuple[int, int]:
    """Acknowledge alerts; return how many were and how many could not be."""
    done = left = 0
    for one in alerts:
        try:
            take(user, machines.ALERT, one, "acknowledge", request=request)
        except DataError:
            left += 1
        else:
            done += 1
    return done, left


@transaction.atomic
def confirm_repair(
    user: User,
    outage: models.Outage,
    cause: str,
    *,
    photograph: tuple[str, bytes] | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> None:
    """Write down that a point was repaired, what it was, and a photograph.

    The readings that come again prove it; until then it is only said.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        If it was confirmed before, or nothing is said.
    """
    rights.require(user, "confirm", outage)
    outage = models.Outage.objects.select_for_update().get(pk=outage.pk)
    if outage.confirmed_at is not None:
        raise DataError([problem("已确认过修复", "The repair was confirmed already")])
    if not cause.strip():
        raise DataError(
            [problem("请填写故障原因和处理", "Say what it was and what was done", "cause")]
        )
    outage.confirmed_at, outage.confirmed_by = at or timezone.now(), user
    outage.cause = cause.strip()[:300]
    outage.save(update_fields=["confirmed_at", "confirmed_by", "cause"])
    if photograph is not None:
        attach(user, outage, *photograph, request=request, at=at)
    _log(
        user, "outage", outage, "confirm", before=outage.state, after=outage.state,
        remark=outage.cause, request=request, at=at,
    )  # fmt: skip


@transaction.atomic
def attach(
    user: User,
    thing: models.Filing | models.Outage | models.Alert,
    file_name: str,
    content: bytes,
    *,
    request: Request = None,
    at: datetime | None = None,
) -> models.Evidence:
    """Keep a file under its digest as evidence of a filing, a repair or an answer.

    Raises
    ------
    DataError
        If it is empty, too large or of a kind that is not taken.
    """
    rights.require(user, "confirm" if isinstance(thing, models.Outage) else "attach", thing)
    examine(content, file_name)
    evidence = models.Evidence.objects.create(
        organisation=thing.organisation,
        filing=thing if isinstance(thing, models.Filing) else None,
        outage=thing if isinstance(thing, models.Outage) else None,
        alert=thing if isinstance(thing, models.Alert) else None,
        file_name=file_name[-200:],
        sha256=storage.keep(content),
        size_bytes=len(content),
        entered_by=user,
        entered_at=at or timezone.now(),
    )
    audit.record(
        "quality.attach", user=user, request=request, thing=evidence, sha256=evidence.sha256,
        size_bytes=evidence.size_bytes,
    )  # fmt: skip
    return evidence
