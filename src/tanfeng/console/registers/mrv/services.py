"""Every write of the MRV record: rights, write, step, audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights, storage
from tanfeng.console.core.models import Batch, User
from tanfeng.console.registers.mrv import files, machines, models, months, tallies
from tanfeng.console.registers.workflow import Machine
from tanfeng.errors import DataError, Problem

Request = HttpRequest | None
#: Fields of a monthly filing that a person or a file gives.
FILED = (
    "value", "unit", "sampled_on", "tested_on", "laboratory", "accredited", "invoice_value",
    "remark",
)  # fmt: skip
#: Fields of a plan item.
ITEM = (
    "own_name", "unit", "source", "meter", "frequency", "post", "lab_wanted", "substitute", "low",
    "high",
)  # fmt: skip


def _log(
    user: User,
    machine: Machine,
    thing: Any,
    action: str,
    *,
    before: str,
    after: str,
    report: models.EmissionReport | None,
    remark: str = "",
    request: Request = None,
    at: datetime | None = None,
    **detail: Any,
) -> None:
    """Write a step of the history and its event."""
    models.Step.objects.create(
        organisation_id=thing.organisation_id,
        report=report,
        machine=machine.key,
        thing=thing.pk,
        action=action,
        before=before,
        after=after,
        remark=remark[:300],
        by=user,
        at=at or timezone.now(),
    )
    audit.record(f"mrv.{action}", user=user, request=request, thing=thing, **detail)


def _report_of(thing: Any) -> models.EmissionReport | None:
    if isinstance(thing, models.EmissionReport):
        return thing
    return getattr(thing, "report", None)


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
    given = values or {}
    thing, before = machine.move(user, thing, key, given)
    thing.save(update_fields=["state"])
    _after(user, thing, key, given, at or timezone.now())
    _log(
        user, machine, thing, key, before=before, after=thing.state, report=_report_of(thing),
        remark=given.get("remark", "") or given.get("answer", ""), request=request, at=at,
        before_state=before, after_state=thing.state,
    )  # fmt: skip


def _after(user: User, thing: Any, key: str, given: Mapping[str, Any], at: datetime) -> None:
    """Write what a step brings with it."""
    if isinstance(thing, models.QualityPlan):
        tallies.touch_all_of(thing.organisation_id)
    elif not isinstance(thing, models.EmissionReport):
        tallies.touch(thing.report)
    if key == "accept_plan":
        _end_older(user, thing)
    elif key == "answer":
        models.Correction.objects.create(
            organisation_id=thing.organisation_id,
            finding=thing,
            answer=given["answer"],
            entered_by=user,
            entered_at=at,
        )
    elif key in ("accept_correction", "return_correction"):
        last = thing.corrections.order_by("-pk").first()
        last.accepted, last.decided_by, last.decided_at = key == "accept_correction", user, at
        last.remark = given.get("remark", "")[:300]
        last.save(update_fields=["accepted", "decided_by", "decided_at", "remark"])


def _end_older(user: User, plan: models.QualityPlan) -> None:
    """Let the version before end the day before the new one begins."""
    older = models.QualityPlan.objects.filter(organisation=plan.organisation_id, state="accepted")
    for one in older.exclude(pk=plan.pk):
        one.state = "replaced"
        one.valid_to = plan.valid_from - timedelta(days=1)
        one.save(update_fields=["state", "valid_to"])
        _log(
            user, machines.PLAN, one, "replace_plan", before="accepted", after="replaced",
            report=None,
        )  # fmt: skip


@transaction.atomic
def open_year(
    user: User,
    organisation: Organisation,
    year: int,
    *,
    request: Request = None,
    at: datetime | None = None,
) -> models.EmissionReport:
    """Return the carbon year of an enterprise, opened if there is none yet."""
    rights.require(user, "enter", models.EmissionReport)
    rights.require(user, "upload", organisation)
    report, made = models.EmissionReport.objects.get_or_create(
        organisation=organisation, year=year, defaults={"entered_by": user}
    )
    if made:
        tallies.begin(report)
        _log(
            user, machines.REPORT, report, "enter", before="", after="open", report=report,
            request=request, at=at,
        )  # fmt: skip
    return report


@transaction.atomic
def edit_report(
    user: User, report: models.EmissionReport, values: Mapping[str, Any], *, request: Request = None
) -> None:
    """Fill in method, boundary, run and total of a year."""
    rights.require(user, "edit", report)
    names = ("method_key", "boundary", "run", "total_tco2e")
    changes = {
        name: [str(getattr(report, name)), str(values[name])]
        for name in names
        if name in values and getattr(report, name) != values[name]
    }
    for name in changes:
        setattr(report, name, values[name])
    if not changes:
        return
    report.save(update_fields=list(changes))
    told = "; ".join(f"{name}: {before} → {after}" for name, (before, after) in changes.items())
    _log(
        user, machines.REPORT, report, "edit", before=report.state, after=report.state,
        report=report, remark=told, request=request, changes=changes,
    )  # fmt: skip


@transaction.atomic
def new_plan(
    user: User,
    organisation: Organisation,
    valid_from: date,
    *,
    reason: str = "",
    request: Request = None,
    at: datetime | None = None,
) -> models.QualityPlan:
    """Begin a new version of the plan, with the parameters of the one before to change."""
    rights.require(user, "change", models.QualityPlan)
    rights.require(user, "upload", organisation)
    plans = models.QualityPlan.objects.filter(organisation=organisation)
    last = plans.order_by("-version").first()
    if last is not None and last.state in ("draft", "filed", "returned"):
        raise DataError([_problem("已有一个未确认的版本", "There is a version not accepted yet")])
    if last is not None and not reason:
        raise DataError([_problem("请说明变更原因", "Say why the plan is changed", "reason")])
    if last is not None and valid_from <= last.valid_from:
        raise DataError(
            [
                _problem(
                    "生效日期须晚于上一版", "It must begin after the version before", "valid_from"
                )
            ]
        )
    plan = models.QualityPlan.objects.create(
        organisation=organisation,
        version=(last.version if last else 0) + 1,
        valid_from=valid_from,
        reason=reason,
        entered_by=user,
    )
    if last is not None:
        models.PlanItem.objects.bulk_create(
            models.PlanItem(
                plan=plan,
                parameter=item.parameter,
                **{name: getattr(item, name) for name in ITEM},
            )
            for item in last.items.all()
        )
    _log(
        user, machines.PLAN, plan, "enter", before="", after="draft", report=None, remark=reason,
        request=request, at=at,
    )  # fmt: skip
    return plan


@transaction.atomic
def set_item(
    user: User,
    plan: models.QualityPlan,
    parameter: str,
    values: Mapping[str, Any],
    *,
    request: Request = None,
) -> models.PlanItem:
    """Add or change a parameter of a plan that is not filed yet."""
    rights.require(user, "change", plan)
    low, high = values.get("low"), values.get("high")
    if low is not None and high is not None and low > high:
        raise DataError([_problem("下限大于上限", "The lowest lies above the highest", "low")])
    item, made = models.PlanItem.objects.update_or_create(
        plan=plan, parameter=parameter, defaults={name: values[name] for name in ITEM}
    )
    _log(
        user, machines.PLAN, plan, "item", before=plan.state, after=plan.state, report=None,
        remark=f"{'+' if made else '±'} {item.name}", request=request,
    )  # fmt: skip
    return item


@transaction.atomic
def remove_item(
    user: User, plan: models.QualityPlan, parameter: str, *, request: Request = None
) -> None:
    """Take a parameter out of a plan that is not filed yet."""
    rights.require(user, "change", plan)
    for item in plan.items.filter(parameter=parameter):
        name = item.name
        item.delete()
        _log(
            user, machines.PLAN, plan, "item", before=plan.state, after=plan.state, report=None,
            remark=f"− {name}", request=request,
        )  # fmt: skip


@transaction.atomic
def file_month(
    user: User,
    report: models.EmissionReport,
    month: int,
    parameter: str,
    values: Mapping[str, Any],
    *,
    batch: Batch | None = None,
    source_row: int | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> models.MonthlyFiling:
    """File a month of a parameter; what was filed before is closed, never overwritten.

    Raises
    ------
    DataError
        If a correction gives no reason.
    """
    rights.require(user, "enter", report)
    now = at or timezone.now()
    rows: QuerySet[models.MonthlyFiling] = models.MonthlyFiling._default_manager.all()
    before = (
        rows.select_for_update()
        .filter(report=report, month=month, parameter=parameter, known_to__isnull=True)
        .first()
    )
    if before is not None and not values.get("remark"):
        raise DataError([_problem("更正须说明原因", "Say why it is corrected", "remark")])
    if before is not None:
        before.known_to, before.closed_by = now, batch
        before.save(update_fields=["known_to", "closed_by"])
    filing = rows.create(
        organisation_id=report.organisation_id,
        report=report,
        month=month,
        parameter=parameter,
        batch=batch,
        source_row=source_row,
        known_from=now,
        first_filed_at=before.first_filed_at if before else now,
        entered_by=user,
        **{name: values[name] for name in FILED if values.get(name) is not None},
    )
    tallies.touch(report)
    _log(
        user, machines.FILING, filing, "enter", before="", after=filing.state, report=report,
        remark=filing.remark if before else "", request=request, at=at,
        month=f"{report.year}-{month:02d}", value=filing.value, unit=filing.unit,
    )  # fmt: skip
    return filing


@transaction.atomic
def attach(
    user: User,
    report: models.EmissionReport,
    content: bytes,
    file_name: str,
    values: Mapping[str, Any],
    *,
    filing: models.MonthlyFiling | None = None,
    check_of: models.SpotCheck | None = None,
    finding: models.Finding | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> models.Evidence:
    """Keep a file under its digest as evidence of a filing, a check, a finding or the report.

    Raises
    ------
    DataError
        If it is empty, too large or of a kind that is not taken.
    """
    rights.require(user, "attach", report)
    files.examine(content, file_name)
    evidence = models.Evidence.objects.create(
        organisation_id=report.organisation_id,
        report=report,
        filing=filing,
        check_of=check_of,
        finding=finding,
        file_name=file_name[-200:],
        sha256=storage.keep(content),
        size_bytes=len(content),
        entered_by=user,
        entered_at=at or timezone.now(),
        **{name: value for name, value in values.items() if value is not None},
    )
    tallies.touch(report)
    audit.record(
        "mrv.attach", user=user, request=request, thing=evidence, sha256=evidence.sha256,
        size_bytes=evidence.size_bytes,
    )  # fmt: skip
    return evidence


@transaction.atomic
def plan_checks(
    user: User,
    reports: Iterable[models.EmissionReport],
    *,
    planned_on: date,
    team: str = "",
    request: Request = None,
    at: datetime | None = None,
) -> list[models.SpotCheck]:
    """Plan a visit to each of some enterprises, the reasons of today kept with it."""
    rights.require(user, "inspect", models.EmissionReport)
    made = []
    for report in reports:
        rights.require(user, "inspect", report)
        found = months.risks(user, [report], timezone.localdate(at) if at else None)
        check = models.SpotCheck.objects.create(
            organisation_id=report.organisation_id,
            report=report,
            reasons={
                row["rule"]: [row["count"], row["points"]] for row in found.iter_rows(named=True)
            },
            score=float(found["points"].sum()),
            team=team,
            planned_on=planned_on,
            entered_by=user,
        )
        tallies.touch(report)
        _log(
            user, machines.CHECK, check, "enter", before="", after="planned", report=report,
            request=request, at=at, score=check.score,
        )  # fmt: skip
        made.append(check)
    return made


@transaction.atomic
def fill_check(
    user: User, check: models.SpotCheck, values: Mapping[str, Any], *, request: Request = None
) -> None:
    """Write what a visit found: day, team, who was there, result."""
    rights.require(user, "fill", check)
    names = [name for name in ("team", "visited_on", "present", "summary") if name in values]
    for name in names:
        setattr(check, name, values[name])
    check.save(update_fields=names)
    audit.record("mrv.fill", user=user, request=request, thing=check, fields=names)


@transaction.atomic
def answer_points(
    user: User,
    check: models.SpotCheck,
    answers: Mapping[str, tuple[str, str]],
    *,
    request: Request = None,
) -> None:
    """Write points of the checklist: point -> (found, remark)."""
    rights.require(user, "fill", check)
    for item, (result, remark) in answers.items():
        models.CheckAnswer.objects.update_or_create(
            check_of=check,
            item=item,
            defaults={
                "result": result,
                "remark": remark[:300],
                "entered_by": user,
                "entered_at": timezone.now(),
            },
        )
    told = {item: list(answer) for item, answer in answers.items()}
    audit.record("mrv.fill", user=user, request=request, thing=check, answers=told)


@transaction.atomic
def find(
    user: User,
    report: models.EmissionReport,
    values: Mapping[str, Any],
    *,
    check_of: models.SpotCheck | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> models.Finding:
    """Raise a finding, from a visit or a verification."""
    rights.require(user, "find", report)
    names = ("severity", "place", "text", "clause", "rule", "due_on")
    finding = models.Finding.objects.create(
        organisation_id=report.organisation_id,
        report=report,
        check_of=check_of,
        entered_by=user,
        entered_at=at or timezone.now(),
        **{name: values[name] for name in names if values.get(name)},
    )
    tallies.touch(report)
    _log(
        user, machines.FINDING, finding, "enter", before="", after="open", report=report,
        remark=finding.text, request=request, at=at,
    )  # fmt: skip
    return finding


def reportable(user: User) -> QuerySet[Organisation]:
    """Return the enterprises the person may open a carbon year for."""
    if not rights.can(user, "enter", models.EmissionReport):
        return Organisation.objects.none()
    return archive.reportable(user)


def _problem(zh: str, en: str, heading: str = "") -> Problem:
    return Problem("W002", "error", zh, en, heading=heading)
