"""A carbon year with a plan, a filed month, a file, a visit and a finding."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tanfeng.console.registers.mrv import machines, services
from tanfeng.demo.mrv import pdf

ITEM = {
    "own_name": "",
    "unit": "t",
    "source": "磅单",
    "meter": "汽车衡",
    "frequency": "daily",
    "post": "统计员",
    "lab_wanted": False,
    "substitute": "取上月值",
    "low": None,
    "high": None,
}
FILED = datetime(2024, 2, 5, 2, 0, tzinfo=UTC)


def plan_of(organisation, filer, city, begun=date(2024, 1, 1), **items):
    """Return an accepted plan; coal burned alone when no items are named."""
    plan = services.new_plan(filer, organisation, begun)
    for key, more in (items or {"coal_use_t": {}}).items():
        services.set_item(filer, plan, key, {**ITEM, **more})
    services.take(filer, machines.PLAN, plan, "file_plan")
    services.take(city, machines.PLAN, plan, "accept_plan")
    plan.refresh_from_db()
    return plan


def carbon_year(organisation, filer, city, words="甲", value=100.0):
    """Return what stands in the record of 2024 by the names the doors use."""
    report = services.open_year(filer, organisation, 2024)
    plan = plan_of(organisation, filer, city, coal_use_t={"source": words})
    filing = services.file_month(
        filer, report, 1, "coal_use_t", {"value": value, "unit": "t", "remark": words}, at=FILED
    )
    evidence = services.attach(
        filer, report, pdf("one"), f"{words}.pdf", {"kind": "invoice"}, filing=filing
    )
    (check,) = services.plan_checks(city, [report], planned_on=date(2024, 6, 1), team=words)
    services.take(city, machines.CHECK, check, "visit")
    check.refresh_from_db()
    finding = services.find(
        city, report, {"place": words, "text": words, "due_on": date(2024, 7, 1)}, check_of=check
    )
    return {
        "mrv_report": report,
        "mrv_plan": plan,
        "mrv_filing": filing,
        "mrv_evidence": evidence,
        "mrv_check": check,
        "mrv_finding": finding,
    }
