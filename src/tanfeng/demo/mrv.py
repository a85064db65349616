"""The MRV record of six invented enterprises, written through the services people use.

Each shows another stage or fault: a year accepted, a report waiting for its verifier, a visit with
findings in every state, a plan being changed, months to review, and a visit under way. Values are
those the city's own tables report; names of laboratories are invented and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from tanfeng.console.accounting.models import EnergyRecord, OutputRecord
from tanfeng.console.archive.models import Assignment, Organisation
from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.mrv import machines, services
from tanfeng.console.registers.mrv.models import (
    EmissionReport,
    Finding,
    MonthlyFiling,
    QualityPlan,
    SpotCheck,
)
from tanfeng.console.registers.mrv.tables import checklist, parameters
from tanfeng.periods import LOCAL, Period
from tanfeng.reports.pdf import svg_to_png

#: Energy item -> parameter and what turns the unit of the item into that of the parameter.
_ITEMS: Mapping[str, tuple[str, float]] = {
    "electricity": ("electricity_mwh", 10.0),
    "raw_coal": ("coal_use_t", 1.0),
    "coke": ("coke_use_t", 1.0),
    "natural_gas": ("gas_use_1e4m3", 1.0),
}
#: Parameters per enterprise at most, the heating value of its coal apart.
_AT_MOST = 3
_LAB, _POOR_LAB = "演示检测有限公司（虚构）", "演示厂内化验室（虚构）"
_TOTAL_TCO2E = 4.0


@dataclass
class _Firm:
    """An enterprise with two people, and what it files: parameter -> twelve values."""

    organisation: Organisation
    year: int
    files: User
    reviews: User
    values: dict[str, list[float]]
    report: EmissionReport | None = None


@dataclass(frozen=True)
class _Faults:
    """What is wrong in what a firm files; months are those it has filed."""

    months: int = 12
    reviewed: int = 12
    tested_first: tuple[int, ...] = ()
    invoice_off: tuple[int, ...] = ()
    reused: tuple[int, ...] = ()
    other_plant: tuple[int, ...] = ()
    late: tuple[int, ...] = ()
    poor_lab: bool = False
    frozen: bool = False


@transaction.atomic
def write(year: int, users: Mapping[str, User], firms: tuple[str, ...]) -> int:
    """Write the record of a year; return for how many enterprises.

    Parameters
    ----------
    year : int
        Carbon year.
    users : mapping of str to User
        Accounts of the demonstration: city and verifier are needed.
    firms : tuple of str
        Credit codes of three enterprises that have accounts of their own.
    """
    city, verifier = users["city"], users["verifier"]
    assigned = Assignment.objects.filter(verifier=verifier, organisation__active=True)
    others = [
        code
        for code in assigned.order_by("organisation__credit_code").values_list(
            "organisation__credit_code", flat=True
        )
        if code not in firms
    ]
    stories: tuple[Callable[[_Firm, User, User], None], ...] = (
        _visited, _changing, _filing, _accepted, _reported, _suspicious,
    )  # fmt: skip
    done = 0
    for number, (code, story) in enumerate(
        zip((*firms, *others[:3]), stories, strict=False), start=1
    ):
        firm = _firm(code, year, number)
        if firm.values:
            story(firm, city, verifier)
            done += 1
    return done


def _firm(code: str, year: int, number: int) -> _Firm:
    organisation = Organisation.objects.get(credit_code=code)

    def person(part: str, words: str) -> User:
        return User.objects.create_user(
            f"demo-mrv-{number}-{part}",
            role=Role.ENTERPRISE,
            org_code=code,
            display_name=f"演示 · {organisation.name} {words}",
        )

    return _Firm(
        organisation,
        year,
        person("files", "存证员"),
        person("reviews", "内审员"),
        _values(organisation, year),
    )


def _values(organisation: Organisation, year: int) -> dict[str, list[float]]:
    """Return what the city's tables report of every month; a series with a gap is left out."""
    found: dict[str, list[float]] = {}
    rows = EnergyRecord.objects.filter(
        organisation=organisation, year=year, known_to__isnull=True, item_key__in=_ITEMS
    )
    for key, (parameter, factor) in _ITEMS.items():
        months = {
            row.month: row.consumption_total_qty * factor
            for row in rows
            if row.item_key == key and row.consumption_total_qty
        }
        if all(month in months for month in range(1, 13)):
            found[parameter] = [round(months[month], 2) for month in range(1, 13)]
    outputs = OutputRecord.objects.filter(
        organisation=organisation, year=year, known_to__isnull=True, unit__in=("吨", "t")
    )
    made = {row.month: row.output_qty for row in outputs if row.output_qty}
    if all(month in made for month in range(1, 13)):
        found["product_t"] = [round(made[month], 1) for month in range(1, 13)]
    kept = dict(list(found.items())[:_AT_MOST])
    if "coal_use_t" in kept:
        kept["coal_ncv"] = [round(21.0 + (month * 7 % 11) / 10, 2) for month in range(1, 13)]
    return kept


def _at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=LOCAL)


def _plan(firm: _Firm, city: User) -> QualityPlan:
    begun = date(firm.year, 1, 1)
    plan = services.new_plan(
        firm.files, firm.organisation, begun, at=_at(begun - timedelta(days=25))
    )
    for key in firm.values:
        lab = key == "coal_ncv"
        services.set_item(
            firm.files,
            plan,
            key,
            {
                "own_name": "",
                "unit": parameters()[key].unit,
                "source": "入厂煤化验单" if lab else "生产日报表、结算单",
                "meter": "量热仪" if lab else "贸易结算计量器具",
                "frequency": "monthly",
                "post": "化验员" if lab else "能源统计员",
                "lab_wanted": lab,
                "substitute": "缺失当月取上月检测值并说明" if lab else "以结算单数量代替并说明",
                "low": None,
                "high": None,
            },
        )
    before = _at(begun - timedelta(days=20))
    services.take(firm.files, machines.PLAN, plan, "file_plan", at=before)
    services.take(city, machines.PLAN, plan, "accept_plan", at=before + timedelta(days=9))
    return plan


def _begin(firm: _Firm, city: User, faults: _Faults) -> EmissionReport:
    """Open the year, file the plan and the months with their documents."""
    report = services.open_year(
        firm.files, firm.organisation, firm.year, at=_at(date(firm.year, 1, 4))
    )
    firm.report = report
    _plan(firm, city)
    for month in range(1, faults.months + 1):
        for key, series in firm.values.items():
            filing = _file(firm, report, month, key, series, faults)
            _prove(firm, report, filing, faults)
            if month <= faults.reviewed:
                at = filing.known_from + timedelta(days=2)
                services.take(firm.reviews, machines.FILING, filing, "review", at=at)
    return report


def _file(
    firm: _Firm,
    report: EmissionReport,
    month: int,
    key: str,
    series: list[float],
    faults: _Faults,
) -> MonthlyFiling:
    period = Period(firm.year, month)
    lab = key == "coal_ncv" or (faults.poor_lab and key == next(iter(firm.values)))
    sampled = period.start + timedelta(days=9)
    tested = sampled + timedelta(days=-3 if month in faults.tested_first else 4)
    value = series[0] if faults.frozen and lab else series[month - 1]
    off = 1.034 if month in faults.invoice_off and not lab else 1.004
    days = 52 if month in faults.late else 12
    return services.file_month(
        firm.files,
        report,
        month,
        key,
        {
            "value": value,
            "unit": parameters()[key].unit,
            "sampled_on": sampled if lab else None,
            "tested_on": tested if lab else None,
            "laboratory": (_POOR_LAB if faults.poor_lab else _LAB) if lab else "",
            "accredited": not faults.poor_lab if lab else None,
            "invoice_value": None if lab else round(value * off, 2),
            "remark": "",
        },
        at=_at(period.end + timedelta(days=days)),
    )


def _prove(firm: _Firm, report: EmissionReport, filing: MonthlyFiling, faults: _Faults) -> None:
    lab = bool(filing.laboratory)
    period = Period(firm.year, filing.month)
    named = "演示另一家有限公司（虚构）" if filing.month in faults.other_plant else ""
    shown = filing.month - 1 if filing.month in faults.reused else filing.month
    kind = "化验单" if lab else "结算单"
    services.attach(
        firm.files,
        report,
        pdf(f"{firm.organisation.credit_code} {filing.parameter} {firm.year}-{shown:02d}"),
        f"{kind}_{parameters()[filing.parameter].name_zh}_{firm.year}-{filing.month:02d}.pdf",
        {
            "kind": "lab" if lab else "invoice",
            "period_from": period.start,
            "period_to": period.end,
            "stated_name": named or firm.organisation.name,
            "stated_code": "" if named else firm.organisation.credit_code,
        },
        filing=filing,
        at=filing.known_from,
    )


def _hand_in(firm: _Firm, report: EmissionReport) -> None:
    """Fill in and hand in the yearly report; its total is a round figure and no account."""
    total = round(sum(next(iter(firm.values.values()))) * _TOTAL_TCO2E, -2)
    services.edit_report(
        firm.files,
        report,
        {
            "method_key": "ndrc_2015_general",
            "boundary": "法人边界内全部生产系统（演示）",
            "total_tco2e": total,
        },
    )
    services.attach(
        firm.files,
        report,
        pdf(f"{firm.organisation.credit_code} report {firm.year}"),
        f"温室气体排放报告_{firm.year}.pdf",
        {"kind": "report"},
    )
    at = _at(date(firm.year + 1, 3, 18))
    services.take(firm.files, machines.REPORT, report, "report", at=at)


def _find(
    report: EmissionReport, check: SpotCheck, city: User, place: str, text: str, rule: str = ""
) -> Finding:
    day = check.visited_on or check.planned_on
    return services.find(
        city,
        report,
        {
            "severity": "major",
            "place": place,
            "text": text,
            "rule": rule,
            "due_on": day + timedelta(days=30),
        },
        check_of=check,
        at=_at(day, 16),
    )


def _visit(report: EmissionReport, city: User, day: date) -> SpotCheck:
    (check,) = services.plan_checks(
        city,
        [report],
        planned_on=day,
        team="演示 · 市生态环境局检查组（三人）",
        at=_at(day - timedelta(days=6)),
    )
    services.take(city, machines.CHECK, check, "visit", at=_at(day))
    check.refresh_from_db()
    return check


def _answer(firm: _Firm, report: EmissionReport, finding: Finding, text: str, day: date) -> None:
    services.attach(
        firm.files,
        report,
        pdf(f"{firm.organisation.credit_code} correction {finding.pk}"),
        "整改说明.pdf",
        {"kind": "other"},
        finding=finding,
        at=_at(day),
    )
    services.take(
        firm.files, machines.FINDING, finding, "answer", {"answer": text}, at=_at(day, 10)
    )


# The six stories


def _accepted(firm: _Firm, city: User, verifier: User) -> None:
    report = _begin(firm, city, _Faults())
    _hand_in(firm, report)
    said = {"remark": "数据与证据一致（演示）"}
    after = _at(date(firm.year + 1, 5, 20))
    services.take(verifier, machines.REPORT, report, "verify", said, at=after)
    services.take(city, machines.REPORT, report, "accept_report", at=after + timedelta(days=20))


def _reported(firm: _Firm, city: User, _verifier: User) -> None:
    report = _begin(firm, city, _Faults(late=(2,)))
    _hand_in(firm, report)


def _visited(firm: _Firm, city: User, _verifier: User) -> None:
    """File with faults, be visited, and stand with findings in every state."""
    faults = _Faults(
        months=10, reviewed=9, tested_first=(4,), invoice_off=(5, 6), reused=(7,), late=(3, 8)
    )
    report = _begin(firm, city, faults)
    day = date(firm.year, 11, 26)
    check = _visit(report, city, day)
    services.answer_points(
        city,
        check,
        {
            point.key: (
                "wrong" if point.key in ("invoice", "files") else "fine",
                "5、6 月结算量与磅单不一致" if point.key == "invoice" else "",
            )
            for point in checklist()
        },
    )
    services.attach(
        city, report, picture(), "现场照片_煤场磅房.png", {"kind": "photo"}, check_of=check
    )
    services.fill_check(
        city,
        check,
        {
            "visited_on": day,
            "present": "演示 · 能源管理负责人",
            "summary": "现场核对计量、采样和存证原件，发现三个问题，已当场说明。（演示数据）",
        },
    )
    check.refresh_from_db()
    first = _find(
        report, check, city, "磅房", "5 月、6 月结算量与计量值相差超过 2%，未见说明。", "M04"
    )
    second = (
        _find(report, check, city, "化验室", "4 月化验单的检测日期早于采样日期。", "M01")
        if "coal_ncv" in firm.values
        else _find(report, check, city, "计量间", "结算电能表编号与控制方案不一致。")
    )
    _find(report, check, city, "能源科", "7 月结算单与 6 月为同一份文件。", "M08")
    services.take(city, machines.CHECK, check, "finish", at=_at(day, 17))
    _answer(
        firm, report, first, "补充水分扣减说明和运输单据，差异为在途库存。", day + timedelta(days=9)
    )
    services.take(
        city, machines.FINDING, first, "accept_correction", at=_at(day + timedelta(days=15))
    )
    _answer(firm, report, second, "已核对并出具更正说明，控制方案将相应变更。", day + timedelta(12))


def _changing(firm: _Firm, city: User, _verifier: User) -> None:
    _begin(firm, city, _Faults(months=8, reviewed=8, late=(1, 2)))
    begun = date(firm.year + 1, 1, 1)
    plan = services.new_plan(
        firm.files, firm.organisation, begun, reason="更换贸易结算电能表（演示）"
    )
    item = plan.items.first()
    if item is not None:
        values: dict[str, Any] = {name: getattr(item, name) for name in services.ITEM}
        services.set_item(
            firm.files, plan, item.parameter, {**values, "meter": "新装 0.2S 级电能表"}
        )
    services.take(firm.files, machines.PLAN, plan, "file_plan")


def _filing(firm: _Firm, city: User, _verifier: User) -> None:
    report = _begin(firm, city, _Faults(months=11, reviewed=7))
    services.plan_checks(city, [report], planned_on=date(firm.year + 1, 12, 8))


def _suspicious(firm: _Firm, city: User, _verifier: User) -> None:
    faults = _Faults(frozen=True, poor_lab=True, other_plant=(9,), late=(6, 7, 8))
    report = _begin(firm, city, faults)
    _visit(report, city, date(firm.year + 1, 2, 24))


# Files that say they are invented


def pdf(text: str) -> bytes:
    """Return a page that says it is demonstration data, and what it would be."""
    told = f"Demonstration data, no real document: {text}"
    stream = f"BT /F1 12 Tf 60 760 Td ({told}) Tj ET".encode("ascii")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    )


def picture() -> bytes:
    """Return a drawing of a weighbridge in place of a photograph."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="360">'
        '<rect width="480" height="360" fill="#dfe7e2"/><rect y="250" width="480" height="110" '
        'fill="#b9c4bd"/><rect x="70" y="190" width="240" height="70" fill="#566f8c"/>'
        '<rect x="310" y="215" width="70" height="45" fill="#7a6aa8"/><circle cx="130" cy="265" '
        'r="20" fill="#333"/><circle cx="250" cy="265" r="20" fill="#333"/><circle cx="345" '
        'cy="265" r="20" fill="#333"/><text x="20" y="40" '
        'font-size="22">演示图片，非真实照片</text></svg>'
    )
    return svg_to_png(svg, ppi=96)
