"""Telling when an enterprise produces and when it stands still, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality.models import ProductionChange
from tanfeng.console.quality.services import ask_to_judge, problem, take_back
from tanfeng.errors import DataError, Problem

#: A state is told for a moment that lies at most so far ahead.
_AHEAD = timedelta(days=366)


@transaction.atomic
def tell(
    user: User,
    organisation: Organisation,
    values: Mapping[str, Any],
    *,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> ProductionChange:
    """Write down from when on an enterprise or a process of it produces or stands still.

    Parameters
    ----------
    user : User
        Of the enterprise, or of the city on its behalf.
    organisation : Organisation
    values : mapping
        unit (ProcessUnit or None), since (aware), producing, reason.
    request, at
        For the log; the moment if not now.

    Returns
    -------
    ProductionChange

    Raises
    ------
    PermissionDenied
        If the person may not.
    Http404
        If the person does not see the enterprise.
    DataError
        With everything that is wrong.
    """
    rights.require(user, "say", ProductionChange)
    rights.get_visible(user, Organisation, pk=organisation.pk)
    change = ProductionChange(
        organisation=organisation,
        unit=values.get("unit"),
        since=values["since"],
        producing=values["producing"],
        reason=values.get("reason", "").strip(),
        created_by=user,
        created_at=at or timezone.now(),
    )
    if found := _examined(change):
        raise DataError(found)
    change.save()
    audit.record(
        "quality.production", user=user, request=request, thing=change,
        org_code=organisation.credit_code, unit=change.unit and change.unit.name,
        since=change.since.isoformat(), producing=change.producing, reason=change.reason,
    )  # fmt: skip
    _judge_again(change)
    return change


@transaction.atomic
def withdraw(
    user: User,
    change: ProductionChange,
    reason: str,
    *,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> None:
    """Take a state back: what was told before it holds on.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        If no reason is given, or it was withdrawn already.
    """
    rights.require(user, "say", change)
    change = take_back(ProductionChange, change.pk, user, reason, at)
    audit.record(
        "quality.production-back", user=user, request=request, thing=change,
        org_code=change.organisation.credit_code, reason=change.withdrawn_reason,
    )  # fmt: skip
    _judge_again(change)


def _examined(change: ProductionChange) -> list[Problem]:
    found = []
    standing = ProductionChange.objects.filter(
        organisation=change.organisation, unit=change.unit, withdrawn_at=None
    )
    if standing.filter(since=change.since).exists():
        found.append(
            problem("该时刻已有生产状态，请先撤回原状态",
                    "A state is told for this moment already: withdraw that one first", "since")
        )  # fmt: skip
    if change.since > change.created_at + _AHEAD:
        found.append(
            problem("超过一年以后，请临近时再填报",
                    "It is more than a year ahead: tell it nearer to the time", "since")
        )  # fmt: skip
    before = standing.filter(since__lt=change.since).order_by("-since").first()
    if before is not None and before.producing == change.producing:
        found.append(
            problem(f"自 {timezone.localtime(before.since):%Y-%m-%d %H:%M} 起已是该状态",
                    f"It is so since {timezone.localtime(before.since):%Y-%m-%d %H:%M}",
                    "producing")
        )  # fmt: skip
    if change.unit is not None and change.unit.organisation_id != change.organisation.pk:
        found.append(problem("该工序不属于本企业", "The process is of another enterprise", "unit"))
    if not change.producing and not change.reason:
        found.append(problem("请填写停产原因", "Say why it stands still", "reason"))
    return found


def _judge_again(change: ProductionChange) -> None:
    """Ask for the days of the enterprise that are over to be judged by what is told now."""
    meters = Meter.objects.filter(organisation=change.organisation)
    first, today = timezone.localtime(change.since).date(), timezone.localdate()
    ask_to_judge(meters, first, today, today)
