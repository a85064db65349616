"""From the plan to the accepted report: who may, what must be there, what stays on record."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied

from mrv_world import FILED, carbon_year, plan_of
from tanfeng.console.archive.models import Assignment
from tanfeng.console.core import audit, audit_words, rights
from tanfeng.console.core.models import AuditEvent, Role, User
from tanfeng.console.registers import diagram
from tanfeng.console.registers.mrv import machines, months, services
from tanfeng.console.registers.mrv.models import MonthlyFiling, QualityPlan, SpotCheck, Step
from tanfeng.console.registers.workflow import Machine, State, Transition
from tanfeng.demo.mrv import pdf
from tanfeng.errors import DataError, ModelError

VALUES = {"value": 100.0, "unit": "t"}


@pytest.fixture
def colleague(org_a):
    """Return the second person of firm A, who reviews."""
    return User.objects.create_user(
        "firm-a-2", password="correct horse 2", role=Role.ENTERPRISE, org_code=org_a.credit_code
    )


@pytest.fixture
def report(org_a, firm_a, city):
    plan_of(org_a, firm_a, city)
    return services.open_year(firm_a, org_a, 2024)


def _step(user, machine, thing, key, **values):
    services.take(user, machine, thing, key, values)
    thing.refresh_from_db()
    return thing


def _whole(report, firm, colleague):
    """File and review twelve months, fill in the report and hand it in."""
    for month in range(1, 13):
        filing = services.file_month(firm, report, month, "coal_use_t", VALUES)
        _step(colleague, machines.FILING, filing, "review")
    services.edit_report(firm, report, {"method_key": "ndrc_2015_general", "total_tco2e": 2400.0})
    services.attach(firm, report, pdf("report"), "报告.pdf", {"kind": "report"})
    return _step(firm, machines.REPORT, report, "report")


def test_a_whole_year(report, firm_a, colleague, city, verifier):
    _whole(report, firm_a, colleague)
    assert report.state == "reported"
    _step(verifier, machines.REPORT, report, "verify", remark="一致")
    _step(city, machines.REPORT, report, "accept_report")
    assert report.state == "accepted"
    steps = Step.objects.filter(machine="report").order_by("pk")
    assert [(one.action, one.by) for one in steps] == [
        ("enter", firm_a),
        ("edit", firm_a),
        ("report", firm_a),
        ("verify", verifier),
        ("accept_report", city),
    ]
    assert AuditEvent.objects.filter(action="mrv.accept_report", user=city).count() == 1
    assert audit.verify().intact


def test_who_entered_cannot_review_or_accept(report, org_a, firm_a, city, colleague):
    filing = services.file_month(firm_a, report, 1, "coal_use_t", VALUES)
    with pytest.raises(PermissionDenied):
        services.take(firm_a, machines.FILING, filing, "review")
    with pytest.raises(PermissionDenied):
        services.take(city, machines.FILING, filing, "review")  # the inside review is inside
    _step(colleague, machines.FILING, filing, "review")
    # The city enters on behalf of the firm: the same officer cannot accept it then.
    plan = services.new_plan(city, org_a, date(2025, 1, 1), reason="换表")
    _step(city, machines.PLAN, plan, "file_plan")
    with pytest.raises(PermissionDenied):
        services.take(city, machines.PLAN, plan, "accept_plan")
    other = User.objects.create_user("city-2", password="correct horse 3", role=Role.CITY)
    _step(other, machines.PLAN, plan, "accept_plan")


def test_the_report_wants_everything_first(report, firm_a):
    with pytest.raises(DataError) as refused:
        services.take(firm_a, machines.REPORT, report, "report")
    told = "\n".join(one.message() for one in refused.value.problems)
    assert "核算方法和排放总量" in told
    assert "排放报告文件" in told
    assert "还有 12 项月度存证未填报" in told


def test_a_finding_keeps_the_report_from_being_verified(report, firm_a, colleague, city, verifier):
    _whole(report, firm_a, colleague)
    finding = services.find(
        verifier, report, {"place": "磅房", "text": "缺磅单", "due_on": date(2025, 5, 1)}
    )
    with pytest.raises(DataError, match="1 findings are still open"):
        services.take(verifier, machines.REPORT, report, "verify", {"remark": "x"})
    with pytest.raises(DataError, match="Upload evidence"):
        services.take(firm_a, machines.FINDING, finding, "answer", {"answer": "已补"})
    services.attach(firm_a, report, pdf("x"), "说明.pdf", {"kind": "other"}, finding=finding)
    with pytest.raises(DataError, match="Fill in"):
        services.take(firm_a, machines.FINDING, finding, "answer", {})
    _step(firm_a, machines.FINDING, finding, "answer", answer="已补磅单")
    _step(city, machines.FINDING, finding, "return_correction", remark="缺签字")
    assert finding.state == "returned"
    _step(firm_a, machines.FINDING, finding, "answer", answer="已签字")
    _step(verifier, machines.FINDING, finding, "accept_correction")
    assert [(one.answer, one.accepted, one.remark) for one in finding.corrections.all()] == [
        ("已补磅单", False, "缺签字"),
        ("已签字", True, ""),
    ]
    _step(verifier, machines.REPORT, report, "verify", remark="一致")


def test_a_correction_adds_and_never_overwrites(report, firm_a, colleague):
    first = services.file_month(firm_a, report, 1, "coal_use_t", VALUES, at=FILED)
    _step(colleague, machines.FILING, first, "review")
    with pytest.raises(DataError, match="Say why"):
        services.file_month(firm_a, report, 1, "coal_use_t", {**VALUES, "value": 90.0})
    later = datetime(2024, 6, 1, tzinfo=UTC)
    second = services.file_month(
        firm_a, report, 1, "coal_use_t", {**VALUES, "value": 90.0, "remark": "磅单补录"}, at=later
    )
    first.refresh_from_db()
    assert (first.value, first.known_to) == (100.0, later)
    # It waits for review again, and is not late: the month was filed in time.
    assert (second.state, second.first_filed_at, second.known_from) == ("entered", FILED, later)
    assert MonthlyFiling.objects.current().get() == second


def test_a_changed_plan_is_a_new_version(report, org_a, firm_a, city):
    with pytest.raises(DataError, match="Say why"):
        services.new_plan(firm_a, org_a, date(2024, 7, 1))
    plan = services.new_plan(firm_a, org_a, date(2024, 7, 1), reason="改用焦炭")
    assert [item.parameter for item in plan.items.all()] == ["coal_use_t"]
    with pytest.raises(DataError, match="not accepted yet"):
        services.new_plan(firm_a, org_a, date(2025, 1, 1), reason="又改")
    item = plan.items.get()
    values = {name: getattr(item, name) for name in services.ITEM}
    services.remove_item(firm_a, plan, "coal_use_t")
    services.set_item(firm_a, plan, "coke_use_t", values)
    _step(firm_a, machines.PLAN, plan, "file_plan")
    with pytest.raises(PermissionDenied):
        services.set_item(firm_a, plan, "coke_use_t", values)  # what is filed stands still
    _step(city, machines.PLAN, plan, "accept_plan")
    old = QualityPlan.objects.get(version=1)
    assert (old.state, old.valid_to) == ("replaced", date(2024, 6, 30))
    wanted = months.wanted(report)
    # Coal for the first half of the year by version 1, coke for the second by version 2.
    assert wanted == [(month, "coal_use_t") for month in range(1, 7)] + [
        (month, "coke_use_t") for month in range(7, 13)
    ]


def test_a_planned_visit_is_known_to_city_and_county_alone(
    report, org_a, firm_a, city, county_officer_a, verifier, park_user
):
    (check,) = services.plan_checks(city, [report], planned_on=date(2024, 6, 1))
    for user, sees in (
        (city, True),
        (county_officer_a, True),
        (firm_a, False),
        (verifier, False),
        (park_user, False),
    ):
        assert rights.visible(user, SpotCheck).exists() is sees, user
        assert rights.visible(user, Step).filter(machine="check").exists() is sees, user
    with pytest.raises(DataError, match="Name the team"):
        services.take(city, machines.CHECK, check, "visit")
    services.fill_check(city, check, {"team": "三人"})
    _step(city, machines.CHECK, check, "visit")
    assert rights.visible(firm_a, SpotCheck).exists()
    services.fill_check(city, check, {"visited_on": date(2024, 6, 1), "summary": "好"})
    with pytest.raises(DataError, match="10 points of the checklist"):
        services.take(city, machines.CHECK, check, "finish")


def test_the_reasons_of_a_selection_are_kept(report, firm_a, city):
    services.file_month(
        firm_a, report, 1, "coal_use_t",
        {**VALUES, "invoice_value": 110.0, "sampled_on": date(2024, 1, 9),
         "tested_on": date(2024, 1, 8)},
        at=FILED,
    )  # fmt: skip
    (check,) = services.plan_checks(city, [report], planned_on=date(2026, 6, 1))
    # M01 10; M04 6; M05 eleven months missing, six count: 30; M12 no document: 3; R02: 3.
    assert check.reasons == {
        "M05": [11, 30.0], "M01": [1, 10.0], "M04": [1, 6.0], "M12": [1, 3.0], "R02": [1, 3.0],
    }  # fmt: skip
    assert check.score == 52.0


def test_a_file_of_two_firms_is_told_to_who_sees_both(
    report, org_b, firm_a, firm_b, city, county_officer_a
):
    other = carbon_year(org_b, firm_b, city)
    filing = services.file_month(firm_a, report, 1, "coal_use_t", VALUES)
    services.attach(firm_a, report, pdf("one"), "同一.pdf", {"kind": "invoice"}, filing=filing)
    assert other["mrv_evidence"].sha256 == filing.evidence.get().sha256
    for user, told in ((city, True), (county_officer_a, False), (firm_a, False)):
        assert ("M08" in months.findings(user, [report])["rule"].to_list()) is told, user


def test_rights_of_each_role(
    report, org_b, firm_a, firm_b, city, county_officer_a, verifier, park_user, admin_user
):
    may = {
        "enter": {firm_a, city},
        "find": {city, verifier},
        "inspect": {city},
        "risk": {city, county_officer_a},
        "look": {county_officer_a},
        "view": {firm_a, city, county_officer_a, verifier, park_user},
    }
    everybody = {firm_a, firm_b, city, county_officer_a, verifier, park_user, admin_user}
    for action, people in may.items():
        assert {user for user in everybody if rights.can(user, action, report)} == people, action
    _step(county_officer_a, machines.REPORT, report, "look", remark="三月偏低")
    assert report.state == "open"
    Assignment.objects.update(valid_to=date(2024, 1, 2))
    assert not rights.can(verifier, "view", report)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"", "empty"),
        ("a.exe", b"MZ", "are taken"),
        ("a.pdf", b"MZ\x90", "not what the name says"),
        ("a.png", b"%PDF-1.4", "not what the name says"),
    ],
)
def test_files_that_are_not_taken(report, firm_a, name, content, reason):
    with pytest.raises(DataError, match=reason):
        services.attach(firm_a, report, content, name, {"kind": "other"})


def test_every_workflow_is_drawn_and_every_step_has_words():
    for machine in machines.MACHINES.values():
        picture = diagram.draw(machine)
        assert "style=" not in picture
        for state in machine.states:
            assert f">{state.label}</text>" in picture
        for one in machine.transitions:
            assert f">{one.label}</text>" in picture
            assert audit_words.action(f"mrv.{one.key}") == str(one.label)
            assert len(f"mrv.{one.key}") <= 40
    keys = [one.key for machine in machines.MACHINES.values() for one in machine.transitions]
    assert len(keys) == len(set(keys))


def test_a_table_that_names_no_state_is_refused():
    states = (State("a", "A"),)
    with pytest.raises(ModelError, match="names no state: b"):
        Machine("m", "M", states, (Transition("go", "Go", ("a",), "b", ()),), lambda *_: False)
    with pytest.raises(ModelError, match="has no step"):
        machines.PLAN.transition("fly")
