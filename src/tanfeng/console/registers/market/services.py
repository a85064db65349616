"""Every write of compliance accounts and movements: rights, engine, write, figures, audit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.accounting import market
from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights, storage
from tanfeng.console.core.models import User
from tanfeng.console.registers.market import figures, ledger, machines, models
from tanfeng.console.registers.mrv import files
from tanfeng.errors import DataError, Problem, StandardError

Request = HttpRequest | None
#: First year of the national market.
FIRST_YEAR = 2019
#: Fields of a unit a person gives.
UNIT = (
    "facility_class", "generated_mwh", "supplied_mwh", "heat_gj", "heat_ratio_pct",
    "load_factor_pct", "cooling", "verified_tco2", "carbide_slag_pct", "tier",
)  # fmt: skip
MOVED = (
    "kind", "document", "date", "amount_t", "vintage", "to_vintage", "compliance_year",
    "counterparty", "basis", "remark",
)  # fmt: skip


def problem(zh: str, en: str, field: str = "", rule: str = "K020") -> Problem:
    """Return what is wrong with a field of a form, or with the whole of it."""
    return Problem(rule, "error", zh, en, heading=field)


def reportable(user: User) -> QuerySet[Organisation]:
    """Return the enterprises the person may open an account for."""
    if not rights.can(user, "enter", models.Position):
        return Organisation.objects.none()
    return archive.reportable(user)


def locked(organisation: Organisation) -> Organisation:
    """Return the enterprise, its account held until the transaction ends."""
    return Organisation.objects.select_for_update().get(pk=organisation.pk)


@transaction.atomic
def open_account(
    user: User, organisation: Organisation, year: int, sector: str, *, request: Request = None
) -> models.Position:
    """Return the account of an enterprise and compliance year, opened if there is none yet.

    Raises
    ------
    DataError
        If the year or sector is none of the national market.
    """
    rights.require(user, "enter", models.Position)
    rights.require(user, "upload", organisation)
    last = timezone.localdate().year + 1
    found = []
    if not FIRST_YEAR <= year <= last:
        found.append(
            problem(f"年度应为 {FIRST_YEAR} 至 {last}", f"A year is {FIRST_YEAR} to {last}", "year")
        )
    if sector not in market.SECTORS:
        found.append(problem("请选择行业", "Choose a sector", "sector"))
    if found:
        raise DataError(found)
    position, made = models.Position.objects.get_or_create(
        organisation=organisation, year=year, defaults={"sector": sector, "entered_by": user}
    )
    if made:
        audit.record(
            "market.open", user=user, request=request, thing=position, year=year, sector=sector
        )
        figures.refresh([position])
    return position


@transaction.atomic
def verify(
    user: User,
    position: models.Position,
    verified_tco2: float | None,
    document: str,
    *,
    request: Request = None,
) -> None:
    """Enter the verified emission of a year in tCO2, or take it back; what is due follows.

    Raises
    ------
    DataError
        If it is negative, lacks its document, or less than what is surrendered already.
    """
    rights.require(user, "verify", position)
    locked(position.organisation)
    position = models.Position.objects.select_related("organisation").get(pk=position.pk)
    if verified_tco2 is not None and not 0 <= verified_tco2 < 1e12:
        raise DataError([problem("排放量不能为负", "It cannot be negative", "verified_tco2")])
    if verified_tco2 is not None and not document:
        raise DataError(
            [problem("请填写核查报告或核定文件", "Name the report it stands in", "document")]
        )
    ledger.check(position.organisation, verified=(position.year, verified_tco2))
    before = position.verified_tco2
    position.verified_tco2, position.verified_document = verified_tco2, document[:200]
    position.verified_by, position.verified_at = user, timezone.now()
    position.save(
        update_fields=["verified_tco2", "verified_document", "verified_by", "verified_at"]
    )
    audit.record(
        "market.verify", user=user, request=request, thing=position, before=before,
        verified_tco2=verified_tco2, document=document,
    )  # fmt: skip
    figures.refresh(figures.of(position.organisation_id))


@transaction.atomic
def state_account(
    user: User,
    position: models.Position,
    *,
    sector: str,
    due_on: date | None,
    document: str,
    request: Request = None,
) -> None:
    """Change the sector of an account, or enter a deadline the standards do not have."""
    rights.require(user, "state", position)
    if sector not in market.SECTORS:
        raise DataError([problem("请选择行业", "Choose a sector", "sector")])
    if due_on is not None and not document:
        raise DataError([problem("请填写期限的文件", "Name the document", "stated_document")])
    changes = {
        "sector": [position.sector, sector],
        "due_on": [str(position.stated_due_on), str(due_on)],
        "document": [position.stated_document, document],
    }
    position.sector, position.stated_due_on = sector, due_on
    position.stated_document = document[:200]
    position.save(update_fields=["sector", "stated_due_on", "stated_document"])
    audit.record("market.state", user=user, request=request, thing=position, changes=changes)
    figures.refresh(figures.of(position.organisation_id).filter(pk=position.pk))


@transaction.atomic
def set_unit(
    user: User,
    position: models.Position,
    unit: str,
    values: Mapping[str, Any],
    *,
    request: Request = None,
) -> models.Facility:
    """Enter or change a unit of an account; the allowance follows from it.

    Raises
    ------
    DataError
        If it lacks what the plan of its sector and year asks for. A year without a plan is no
        reason: the unit stands, and the account says that there is none.
    """
    rights.require(user, "enter", position)
    given = {name: values.get(name) for name in UNIT}
    # Fields a sector does not ask for stay empty, text as well as numbers.
    given["cooling"] = given["cooling"] or ""
    wanted = models.Facility(position=position, unit=unit, **given)
    _examine(position, wanted)
    facility, made = models.Facility.objects.update_or_create(
        position=position,
        unit=unit,
        defaults={**given, "entered_by": user, "entered_at": timezone.now()},
    )
    audit.record(
        "market.unit", user=user, request=request, thing=position, unit=unit, new=made,
        values={name: str(value) for name, value in given.items() if value not in (None, "")},
    )  # fmt: skip
    figures.refresh(figures.of(position.organisation_id).filter(pk=position.pk))
    return facility


def _examine(position: models.Position, unit: models.Facility) -> None:
    """Refuse a unit the engine cannot read; a plan that is not there is another matter."""
    row = figures.facility_row(position, unit)
    try:
        figures.computed([row])
    except StandardError:
        return
    except DataError as error:
        raise DataError(
            Problem(one.rule, "error", one.message_zh, one.message_en, heading=one.column)
            for one in error.problems
        ) from error


@transaction.atomic
def remove_unit(
    user: User, position: models.Position, unit: str, *, request: Request = None
) -> None:
    """Take a unit out of an account."""
    rights.require(user, "enter", position)
    gone, _each = position.facilities.filter(unit=unit).delete()
    if gone:
        audit.record("market.unit-out", user=user, request=request, thing=position, unit=unit)
        figures.refresh(figures.of(position.organisation_id).filter(pk=position.pk))


@transaction.atomic
def move(
    user: User,
    organisation: Organisation,
    values: Mapping[str, Any],
    *,
    from_certificate: bool = False,
    request: Request = None,
    at: datetime | None = None,
) -> models.Movement:
    """Write a movement the market's registry shows.

    Raises
    ------
    DataError
        If the engine refuses it: repeated number, more than is held, nothing due, too much.
    """
    rights.require(user, "enter", models.Movement)
    rights.require(user, "upload", organisation)
    organisation = locked(organisation)
    movement = models.Movement(
        organisation=organisation,
        entered_by=user,
        entered_at=at or timezone.now(),
        **{name: values[name] for name in MOVED if values.get(name) is not None},
    )
    _well_formed(movement, from_certificate)
    ledger.check(organisation, more=[movement])
    _saved(movement)
    audit.record(
        "market.move", user=user, request=request, thing=movement, kind=movement.kind,
        amount_t=movement.amount_t, vintage=movement.vintage, date=movement.date.isoformat(),
    )  # fmt: skip
    figures.refresh(figures.of(organisation.pk))
    return movement


def _saved(movement: models.Movement) -> None:
    try:
        with transaction.atomic():
            movement.save(force_insert=True)
    except IntegrityError as error:
        zh, en = "该凭证号刚刚已登记", "This transaction number was just registered"
        raise DataError([problem(zh, en, "document", "R004")]) from error


def _well_formed(one: models.Movement, from_certificate: bool) -> None:
    """Refuse what the engine does not look at: days to come, carry-overs, offsets by hand."""
    found = []
    kind = models.Movement.Kind
    if one.date > timezone.localdate():
        found.append(problem("日期不能在今天之后", "The day is still to come", "date"))
    if one.kind == kind.OFFSET and not from_certificate:
        found.append(
            problem(
                "抵销请在证书页面登记用途，由证书生成",
                "An offset is a use of a certificate",
                "kind",
            )
        )
    if one.kind == kind.CARRIED:
        if one.to_vintage is None or one.vintage is None or one.to_vintage <= one.vintage:
            found.append(
                problem("结转到的年度须晚于原年度", "It is carried into a later year", "to_vintage")
            )
        if not one.basis:
            found.append(
                problem(
                    "请写明允许结转的文件和条款", "Name document and clause that allow it", "basis"
                )
            )
    if found:
        raise DataError(found)


@transaction.atomic
def decide(
    user: User, movement: models.Movement, key: str, remark: str = "", *, request: Request = None
) -> None:
    """Confirm or withdraw a movement.

    Raises
    ------
    DataError
        If the step cannot be taken now, or what stays behind would not be in order.
    """
    organisation = locked(movement.organisation)
    movement = models.Movement.objects.select_for_update().get(pk=movement.pk)
    step = machines.MOVEMENT.check(user, movement, key, {"remark": remark})
    if step.target == "withdrawn":
        if movement.kind == models.Movement.Kind.OFFSET:
            zh, en = "请在证书页面释放该用途", "Release the claim of the certificate instead"
            raise DataError([problem(zh, en)])
        ledger.check(organisation, without=[movement.pk])
    write_state(user, movement, step.target, remark)
    audit.record(f"market.{key}", user=user, request=request, thing=movement, remark=remark[:300])
    figures.refresh(figures.of(organisation.pk))


def write_state(user: User, movement: models.Movement, state: str, reason: str) -> None:
    """Write what became of a movement; the rights were asked before."""
    movement.state, movement.reason = state, reason[:300]
    movement.decided_by, movement.decided_at = user, timezone.now()
    movement.save(update_fields=["state", "reason", "decided_by", "decided_at"])


def recompute(user: User, *, request: Request = None) -> int:
    """Compute every account anew, such as after the city verified a value itself."""
    rights.require(user, "refresh", models.Position)
    count = figures.refresh(models.Position.objects.all())
    audit.record("market.refresh", user=user, request=request, accounts=count)
    return count


@transaction.atomic
def attach(
    user: User,
    content: bytes,
    file_name: str,
    *,
    position: models.Position | None = None,
    movement: models.Movement | None = None,
    certificate: models.Certificate | None = None,
    request: Request = None,
) -> models.MarketEvidence:
    """Keep a file under its digest as evidence of one account, movement or certificate.

    Raises
    ------
    DataError
        If it is empty, too large or of a kind that is not taken.
    """
    thing = movement or certificate or position
    if thing is None:
        raise DataError([problem("请指明文件证明什么", "Say what the file proves", "file")])
    if isinstance(thing, models.Position):
        rights.require(user, "attach", thing)
    else:
        rights.require(user, "enter", thing)
    files.examine(content, file_name)
    evidence = models.MarketEvidence.objects.create(
        organisation_id=thing.organisation_id,
        position=position,
        movement=movement,
        certificate=certificate,
        file_name=file_name[-200:],
        sha256=storage.keep(content),
        size_bytes=len(content),
        entered_by=user,
    )
    audit.record(
        "market.attach", user=user, request=request, thing=evidence, sha256=evidence.sha256,
        size_bytes=evidence.size_bytes,
    )  # fmt: skip
    return evidence
