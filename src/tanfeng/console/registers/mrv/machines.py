"""The workflows of this register, declared once: rights, buttons, log and pictures follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.mrv import models, months, tables
from tanfeng.console.registers.workflow import Machine, State, Took, Transition

_Missing = Iterator[tuple[str, str]]
_Values = Mapping[str, Any]
FIRM = (Role.ENTERPRISE, Role.CITY)
CITY = (Role.CITY,)


def _took(machine: str) -> Took:
    def took(user: User, thing: Any, names: tuple[str, ...]) -> bool:
        if "enter" in names and thing.entered_by_id == user.pk:
            return True
        steps = models.Step.objects.filter(machine=machine, thing=thing.pk, by=user)
        return steps.filter(action__in=names).exists()

    return took


def _plan_has_items(plan: Any, _values: _Values) -> _Missing:
    if not plan.items.exists():
        yield "方案中还没有参数，请先添加", "The plan has no parameter yet: add one first"


def _report_is_whole(report: Any, _values: _Values) -> _Missing:
    if not report.method_key or report.total_tco2e is None:
        yield "请先填写核算方法和排放总量", "Fill in method and total first"
    if not report.evidence.filter(kind=models.Evidence.Kind.REPORT).exists():
        yield "请上传排放报告文件", "Upload the report itself"
    wanted = months.wanted(report)
    if not wanted:
        yield "没有经确认的数据质量控制方案", "There is no accepted data-quality plan"
    filed = months.current(report)
    missing = [key for key in wanted if key not in filed]
    waiting = [key for key in wanted if key in filed and filed[key].state != "reviewed"]
    if missing:
        yield (
            f"还有 {len(missing)} 项月度存证未填报",
            f"{len(missing)} monthly filings are missing",
        )
    if waiting:
        yield (
            f"还有 {len(waiting)} 项月度存证未经内部审核",
            f"{len(waiting)} monthly filings wait for the inside review",
        )


def _nothing_open(report: Any, _values: _Values) -> _Missing:
    count = report.findings.filter(state__in=models.OPEN).count()
    if count:
        yield f"还有 {count} 个问题未销号", f"{count} findings are still open"


def _visit_is_whole(check: Any, _values: _Values) -> _Missing:
    if check.visited_on is None or not check.summary:
        yield "请填写检查日期和检查结论", "Fill in day and result of the visit"
    left = len(tables.checklist()) - check.answers.count()
    if left > 0:
        yield f"检查表还有 {left} 项未填", f"{left} points of the checklist are open"


def _visit_has_team(check: Any, _values: _Values) -> _Missing:
    if not check.team:
        yield "请先填写检查组成员", "Name the team first"


def _visit_is_settled(check: Any, _values: _Values) -> _Missing:
    count = check.findings.filter(state__in=models.OPEN).count()
    if count:
        yield f"本次检查还有 {count} 个问题未销号", f"{count} findings of it are still open"


def _is_answered(finding: Any, _values: _Values) -> _Missing:
    if not finding.evidence.filter(entered_by__role=Role.ENTERPRISE).exists():
        yield "请先上传整改证据", "Upload evidence of the correction first"


def _month_is_over(filing: Any, _values: _Values) -> _Missing:
    today = timezone.localdate()
    if (filing.report.year, filing.month) >= (today.year, today.month):
        yield "该月尚未结束", "The month is not over"


PLAN = Machine(
    "plan",
    _("Data-quality plan"),
    (
        State("draft", _("Draft"), "muted"),
        State("filed", pgettext_lazy("plan", "Filed"), "note"),
        State("accepted", _("Accepted"), "good"),
        State("replaced", _("Replaced by a newer one"), "muted"),
        State("returned", _("Sent back"), "late"),
    ),
    (
        Transition(
            "file_plan", _("File the plan"), ("draft", "returned"), "filed", FIRM,
            needs=_plan_has_items,
        ),
        Transition(
            "accept_plan", _("Accept the plan"), ("filed",), "accepted", CITY,
            not_by=("enter", "file_plan"),
        ),
        Transition("replace_plan", _("A newer one is accepted"), ("accepted",), "replaced", (),
                   by_system=True),
        Transition(
            "return_plan", _("Send the plan back"), ("filed",), "returned", CITY, must=("remark",)
        ),
    ),
    _took("plan"),
)  # fmt: skip

FILING = Machine(
    "filing",
    _("Monthly filing"),
    (
        State("entered", _("Waits for inside review"), "note"),
        State("reviewed", _("Reviewed"), "good"),
        State("sent_back", _("Sent back"), "late"),
    ),
    (
        Transition(
            "review", _("Review: in order"), ("entered",), "reviewed", (Role.ENTERPRISE,),
            needs=_month_is_over, not_by=("enter",),
        ),
        Transition(
            "send_back", _("Review: send back"), ("entered", "reviewed"), "sent_back",
            (Role.ENTERPRISE, Role.CITY), must=("remark",),
        ),
    ),
    _took("filing"),
)  # fmt: skip

REPORT = Machine(
    "report",
    _("Carbon year"),
    (
        State("open", _("Filing month by month"), "note"),
        State("reported", _("Report handed in"), "brand"),
        State("verified", pgettext_lazy("carbon year", "Verified"), "brand"),
        State("accepted", _("Accepted"), "good"),
        State("returned", _("Sent back"), "late"),
    ),
    (
        Transition(
            "report", _("Hand in the yearly report"), ("open", "returned"), "reported", FIRM,
            needs=_report_is_whole,
        ),
        Transition(
            "verify", _("Verified: in order"), ("reported",), "verified", (Role.VERIFIER,),
            must=("remark",), needs=_nothing_open, not_by=("report",),
        ),
        Transition(
            "accept_report", _("Accept the report"), ("verified",), "accepted", CITY,
            needs=_nothing_open, not_by=("enter", "report", "verify"),
        ),
        Transition(
            "return_report", _("Send the report back"), ("reported", "verified"), "returned",
            (Role.VERIFIER, Role.CITY), must=("remark",),
        ),
        Transition(
            "look", _("Note a first look"), ("open", "reported"), "", (Role.COUNTY,),
            must=("remark",),
        ),
    ),
    _took("report"),
)  # fmt: skip

CHECK = Machine(
    "check",
    _("Spot check"),
    (
        State("planned", _("Planned"), "muted"),
        State("visiting", _("On the spot"), "note"),
        State("done", _("Visit recorded"), "brand"),
        State("closed", pgettext_lazy("finding", "Closed"), "good"),
        State("cancelled", _("Called off"), "muted"),
    ),
    (
        Transition("visit", _("Begin the visit"), ("planned",), "visiting", CITY,
                   needs=_visit_has_team),
        Transition("finish", _("Finish the visit"), ("visiting",), "done", CITY,
                   needs=_visit_is_whole),
        Transition("close_check", _("Close the check"), ("done",), "closed", CITY,
                   needs=_visit_is_settled),
        Transition("cancel", _("Call the check off"), ("planned",), "cancelled", CITY,
                   must=("remark",)),
    ),
    _took("check"),
)  # fmt: skip

FINDING = Machine(
    "finding",
    _("Finding"),
    (
        State("open", _("To be corrected"), "bad"),
        State("answered", _("Answered"), "note"),
        State("closed", pgettext_lazy("finding", "Closed"), "good"),
        State("returned", _("Sent back"), "late"),
    ),
    (
        Transition(
            "answer", _("Answer with the correction"), ("open", "returned"), "answered",
            (Role.ENTERPRISE,), must=("answer",), needs=_is_answered,
        ),
        Transition(
            "accept_correction", _("Accept the correction"), ("answered",), "closed",
            (Role.CITY, Role.VERIFIER), not_by=("answer",),
        ),
        Transition(
            "return_correction", _("Send the correction back"), ("answered",), "returned",
            (Role.CITY, Role.VERIFIER), must=("remark",),
        ),
    ),
    _took("finding"),
)  # fmt: skip

MACHINES: Mapping[str, Machine] = {one.key: one for one in (PLAN, FILING, CHECK, FINDING, REPORT)}


def words() -> dict[str, Promise]:
    """Return what the audit log calls the events of this register."""
    told: dict[str, Any] = {
        f"mrv.{step.key}": step.label for one in MACHINES.values() for step in one.transitions
    }
    return told | {
        "mrv.enter": _("Carbon data entered"),
        "mrv.edit": _("Yearly report filled in"),
        "mrv.item": _("Parameter of a plan changed"),
        "mrv.attach": _("Evidence uploaded"),
        "mrv.fill": _("Visit filled in"),
        "mrv.read": _("Carbon data opened"),
        "mrv.download": _("Evidence downloaded"),
    }
