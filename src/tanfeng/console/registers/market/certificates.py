"""Every write of certificates and claims. One certificate has one claim, at any moment.

The engine says which claim is impossible and why; the lock on the row lets two people come one
after the other; the unique constraint of the database is what holds if both fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.accounting import market
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import Batch, User
from tanfeng.console.registers.market import figures, ledger, models, services
from tanfeng.console.registers.market.services import problem
from tanfeng.errors import DataError, Problem

Request = HttpRequest | None
GIVEN = ("kind", "number", "amount", "project", "valid_from", "valid_to")


@transaction.atomic
def register(
    user: User,
    organisation: Organisation,
    values: Mapping[str, Any],
    *,
    batch: Batch | None = None,
    source_row: int | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> models.Certificate:
    """Register a certificate an enterprise holds.

    Raises
    ------
    DataError
        If the engine refuses it, or it is registered already, by whomever.
    """
    rights.require(user, "enter", models.Certificate)
    rights.require(user, "upload", organisation)
    certificate = models.Certificate(
        organisation=organisation,
        batch=batch,
        source_row=source_row,
        entered_by=user,
        entered_at=at or timezone.now(),
        **{name: values[name] for name in GIVEN if values.get(name) is not None},
    )
    _asked(certificate, [])
    start, end = certificate.valid_from, certificate.valid_to
    if start and end and end < start:
        zh, en = "有效期止早于有效期起", "It ends before it begins"
        raise DataError([problem(zh, en, "valid_to", "R025")])
    try:
        with transaction.atomic():
            certificate.save(force_insert=True)
    except IntegrityError as error:
        # By whom is not said: that may be another enterprise.
        zh, en = "该编号的证书已登记", "A certificate of this number is registered already"
        raise DataError([problem(zh, en, "number", "R020")]) from error
    audit.record(
        "market.register", user=user, request=request, thing=certificate, kind=certificate.kind,
        amount=certificate.amount,
    )  # fmt: skip
    return certificate


@transaction.atomic
def unregister(
    user: User, certificate: models.Certificate, reason: str, *, request: Request = None
) -> None:
    """Withdraw a certificate registered by mistake; one with a claim stays.

    Raises
    ------
    DataError
        If it is claimed, or no reason is given.
    """
    rights.require(user, "enter", certificate)
    certificate = models.Certificate.objects.select_for_update().get(pk=certificate.pk)
    if not reason:
        raise DataError([problem("请说明原因", "Say why", "remark")])
    if claim_of(certificate) is not None:
        raise DataError([problem("证书已有用途，请先释放", "It is claimed: release it first")])
    certificate.withdrawn_at, certificate.withdrawn_by = timezone.now(), user
    certificate.reason = reason[:300]
    certificate.save(update_fields=["withdrawn_at", "withdrawn_by", "reason"])
    audit.record(
        "market.unregister", user=user, request=request, thing=certificate, reason=reason[:300]
    )


def claim_of(certificate: models.Certificate) -> models.Claim | None:
    """Return the claim a certificate has now."""
    return certificate.claims.filter(released_at__isnull=True).first()


def _asked(certificate: models.Certificate, claims: list[dict[str, Any]]) -> None:
    """Ask the engine about a certificate and its claims, the one about to be written last."""
    held = pl.DataFrame(
        [
            {
                "certificate": certificate.number,
                "kind": certificate.kind,
                "org_code": certificate.organisation.credit_code,
                "amount": certificate.amount,
                "valid_from": certificate.valid_from,
                "valid_to": certificate.valid_to,
            }
        ],
        schema=dict(market.CERTIFICATE_SCHEMA),
    )
    rows = [{"certificate": certificate.number, **claim} for claim in claims]
    try:
        market.claims(held, pl.DataFrame(rows, schema=dict(market.CLAIM_SCHEMA)))
    except DataError as error:
        fields = {"certificate": "number"}
        raise DataError(
            Problem(
                one.rule, one.severity, one.message_zh, one.message_en,
                heading=fields.get(one.column, one.column), value=one.value,
            )
            for one in error.problems
        ) from error  # fmt: skip


def _as_row(claim: models.Claim) -> dict[str, Any]:
    return {
        "purpose": claim.purpose,
        "org_code": claim.organisation.credit_code,
        "period": claim.period,
        "date": claim.date,
    }


@transaction.atomic
def claim(
    user: User,
    certificate: models.Certificate,
    purpose: str,
    period: str,
    day: date,
    *,
    remark: str = "",
    batch: Batch | None = None,
    request: Request = None,
) -> models.Claim:
    """Use a certificate for one purpose.

    In the market it becomes an offset of the account of the year, within the limit and what is due.

    Raises
    ------
    DataError
        If it is claimed already (what for is said), cannot serve the purpose, or is out of date.
    """
    rights.require(user, "claim", certificate)
    services.locked(certificate.organisation)
    certificate = (
        models.Certificate.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=certificate.pk)
    )
    made = models.Claim(
        certificate=certificate,
        organisation=certificate.organisation,
        kind=certificate.kind,
        purpose=purpose,
        period=period,
        date=day,
        remark=remark[:300],
        batch=batch,
        entered_by=user,
    )
    _claimable(certificate, made)
    if purpose == models.Claim.Purpose.OFFSET:
        made.movement = services.move(
            user,
            certificate.organisation,
            {
                "kind": models.Movement.Kind.OFFSET,
                "document": certificate.number,
                "date": day,
                "amount_t": certificate.amount,
                "compliance_year": int(period),
            },
            from_certificate=True,
            request=request,
        )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        zh = "该证书刚刚已被登记用途；一张证书只能有一个用途"
        raise DataError(
            [problem(zh, "It was just claimed; a certificate has one claim", "", "R023")]
        ) from error
    audit.record(
        "market.claim", user=user, request=request, thing=certificate, purpose=purpose,
        period=period,
    )  # fmt: skip
    return made


def _claimable(certificate: models.Certificate, made: models.Claim) -> None:
    if certificate.withdrawn_at is not None:
        raise DataError([problem("证书已撤销登记", "The certificate was withdrawn")])
    if made.date > timezone.localdate():
        raise DataError([problem("日期不能在今天之后", "The day is still to come", "date")])
    if made.purpose not in market.PURPOSES:
        raise DataError([problem("请选择用途", "Choose a use", "purpose")])
    if made.purpose == models.Claim.Purpose.OFFSET and not (
        made.period.isdecimal() and len(made.period) == 4
    ):
        zh, en = "抵销请填写履约年度，如 2024", "An offset names its compliance year, such as 2024"
        raise DataError([problem(zh, en, "period")])
    before = claim_of(certificate)
    if before is not None:
        first, second = market.PURPOSES[before.purpose], market.PURPOSES[made.purpose]
        raise DataError(
            [
                problem(
                    f"证书 {certificate.number} 已于 {before.date} 用于“{first[0]}”"
                    f"（{before.period}），不能再用于“{second[0]}”；一张证书只能有一个用途",
                    f"certificate {certificate.number} serves {first[1]} ({before.period}) since "
                    f"{before.date} and cannot serve {second[1]} too; a certificate has one claim",
                    "purpose",
                    "R023",
                )
            ]
        )
    _asked(certificate, [_as_row(made)])


@transaction.atomic
def release(user: User, claimed: models.Claim, reason: str, *, request: Request = None) -> None:
    """Release a claim; an offset it became is withdrawn with it, a confirmed one by the city.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        If it is released already, or no reason is given.
    """
    rights.require(user, "release", claimed)
    services.locked(claimed.organisation)
    claimed = (
        models.Claim.objects.select_for_update(of=("self",))
        .select_related("movement", "organisation", "certificate")
        .get(pk=claimed.pk)
    )
    if claimed.released_at is not None:
        raise DataError([problem("该用途已释放", "It is released already")])
    if not reason:
        raise DataError([problem("请说明原因", "Say why", "remark")])
    movement = claimed.movement
    if movement is not None:
        if movement.state == "confirmed":
            rights.require(user, "annul_movement", movement)
        ledger.check(claimed.organisation, without=[movement.pk])
        services.write_state(user, movement, "withdrawn", reason)
    claimed.released_at, claimed.released_by = timezone.now(), user
    claimed.reason = reason[:300]
    claimed.save(update_fields=["released_at", "released_by", "reason"])
    if movement is not None:
        figures.refresh(figures.of(claimed.organisation_id))
    audit.record(
        "market.release", user=user, request=request, thing=claimed.certificate,
        purpose=claimed.purpose, reason=reason[:300],
    )  # fmt: skip
