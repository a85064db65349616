"""Compliance accounts of the city's enterprises in the national market, through the services.

Power plants show the three ways a year can end: short and overdue, short and covered by purchases,
with allowances to spare that are carried over. A steel works shows a year whose allowance equals
what was verified, with an offset. The year that runs shows a forecast with its band. Generation,
heat and coal are what the city's own tables report; verified figures, transactions and
certificates are invented, and their numbers say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from tanfeng.console.accounting import method_services
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord
from tanfeng.console.archive.models import Assignment, Organisation
from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.market import certificates, services
from tanfeng.console.registers.market.models import Movement, Position
from tanfeng.demo import method_book
from tanfeng.demo.mrv import pdf

NATIONAL = "全国碳市场"
#: First year the three sectors are in the market, and power is granted by what it generates.
_THREE_SECTORS = 2024
_STEEL_PREFIX = "31"
_POWER_PREFIX = "44"
_COAL_MONTHS = 8
#: Of elemental carbon of the demonstration's coal. [tC/t]
_CARBON_TC = 0.565
_CARRY_BASIS = "演示：当年度方案关于结转的规定（条款待核实）"


@dataclass
class _Firm:
    """An enterprise, what it was granted in the year looked at, and its running number."""

    organisation: Organisation
    user: User
    city: User
    number: int
    serial: list[int] = field(default_factory=lambda: [0])

    def document(self, kind: str) -> str:
        """Return the next transaction number; it says that it is invented."""
        self.serial[0] += 1
        return f"DEMO-{kind}-{self.number:02d}-{self.serial[0]:03d}"


def write(year: int, users: Mapping[str, User], firms: tuple[str, ...]) -> int:
    """Write accounts of the year before the last of the city and of those after; return how many.

    Parameters
    ----------
    year : int
        Last year the city's tables report.
    users : mapping of str to User
        Accounts of the demonstration: city and verifier are needed.
    firms : tuple of str
        Credit codes of enterprises that have accounts of their own; the first holds certificates.
    """
    city, verifier = users["city"], users["verifier"]
    due = year - 1
    rows = Organisation.objects.filter(ets_status=NATIONAL, active=True).order_by("credit_code")
    power = list(rows.filter(industry_code__startswith=_POWER_PREFIX))
    steel = list(rows.filter(industry_code__startswith=_STEEL_PREFIX))
    # What the verifier is assigned it can verify: one plant beside the works it has already.
    for one in power[:1]:
        Assignment.objects.get_or_create(
            verifier=verifier, organisation=one, defaults={"valid_from": date(year, 1, 1)}
        )
    stories = (_overdue, _covered, _spare)
    chosen = [*power, *(steel if due >= _THREE_SECTORS else [])]
    played = [_Firm(one, _person(one, n), city, n) for n, one in enumerate(chosen, start=1)]
    with transaction.atomic():
        for place, firm in enumerate(played[: len(power)]):
            if _generated(firm.organisation, due):
                stories[place % len(stories)](firm, due)
                _next_year(firm, year)
        for firm in played[len(power) :]:
            _steel(firm, due)
        for one in Organisation.objects.filter(credit_code__in=firms[:1]).exclude(
            pk__in=[one.pk for one in chosen]
        ):
            number = len(chosen) + 1
            _green(_Firm(one, _person(one, number), city, number), due)
    if power:
        _running(played[0], year + 1)
    return Position.objects.count()


def _person(organisation: Organisation, number: int) -> User:
    """Return who keeps an enterprise's account in the market."""
    return User.objects.create_user(
        f"demo-market-{number}",
        role=Role.ENTERPRISE,
        org_code=organisation.credit_code,
        display_name=f"演示 · {organisation.name} 碳资产管理员",
    )


def _on(day: date) -> date:
    """Return a day, today for one that is still to come."""
    return min(day, timezone.localdate())


def _generated(organisation: Organisation, year: int) -> float:
    """Return what a plant generated in a year, in MWh."""
    rows = OutputRecord.objects.filter(
        organisation=organisation, year=year, known_to__isnull=True, product_name="发电量"
    )
    return 10.0 * (rows.aggregate(whole=Sum("output_qty"))["whole"] or 0.0)


def _energy(organisation: Organisation, year: int, item: str, name: str) -> float:
    rows = EnergyRecord.objects.filter(
        organisation=organisation, year=year, known_to__isnull=True, item_key=item
    )
    return float(rows.aggregate(whole=Sum(name))["whole"] or 0.0)


def _open(firm: _Firm, year: int, sector: str) -> Position:
    return services.open_account(firm.user, firm.organisation, year, sector)


def _unit(firm: _Firm, position: Position) -> None:
    """Enter the plant as one unit, with what the city's tables report of it."""
    year, one = position.year, firm.organisation
    generated = _generated(one, year)
    heat = _energy(one, year, "heat", "transfer_out_qty")
    services.set_unit(
        firm.user,
        position,
        "1号机组（演示）",
        {
            "facility_class": "conv_le300" if heat else "conv_gt300",
            "generated_mwh": round(generated, 1),
            "supplied_mwh": round(generated - 10.0 * _energy(one, year, "electricity",
                                                             "consumption_total_qty"), 1),
            "heat_gj": round(heat, 1),
            "heat_ratio_pct": 45.0 if heat else 0.0,
            "load_factor_pct": 72.0,
            "cooling": "water",
            "tier": "reported",
        },
    )  # fmt: skip


def _verify(firm: _Firm, position: Position) -> float:
    """Enter a verified emission: what the city's account knows of the year, in whole tonnes."""
    position.refresh_from_db()
    verified = float(round(position.forecast_tco2 or 0.0))
    services.verify(
        firm.city, position, verified, f"演示核查报告 {position.year}-{firm.number:02d}（虚构）"
    )
    position.refresh_from_db()
    return verified


def _move(firm: _Firm, kind: str, day: date, amount: float, **values: Any) -> Movement:
    movement = services.move(
        firm.user,
        firm.organisation,
        {
            "kind": kind,
            "document": firm.document(kind[:4].upper()),
            "date": _on(day),
            "amount_t": float(round(amount)),
            "remark": "演示数据",
            **values,
        },
    )
    if kind in ("allocated", "surrendered"):
        name = "配额发放通知（演示）.pdf" if kind == "allocated" else "清缴凭证（演示）.pdf"
        services.attach(
            firm.user, pdf(f"{movement.document} {firm.organisation.credit_code}"), name,
            movement=movement,
        )  # fmt: skip
        services.decide(firm.city, movement, "confirm_movement")
    return movement


def _grant(firm: _Firm, position: Position) -> float:
    """Issue what the plan grants; return it, in t."""
    position.refresh_from_db()
    granted = float(round(position.allowance_tco2 or 0.0))
    if granted:
        _move(
            firm, "allocated", date(position.year + 1, 9, 26), granted, vintage=position.year,
            counterparty="authority",
        )  # fmt: skip
    return granted


def _year(firm: _Firm, year: int) -> tuple[Position, float, float]:
    """Open a plant's year with unit, verified emission and issue; return these two, in t."""
    position = _open(firm, year, "power")
    _unit(firm, position)
    verified = _verify(firm, position)
    return position, verified, _grant(firm, position)


def _surrender(firm: _Firm, year: int, amount: float, day: date | None = None) -> None:
    _move(
        firm, "surrendered", day or date(year + 1, 12, 16), amount, vintage=year,
        compliance_year=year, counterparty="authority",
    )  # fmt: skip


def _overdue(firm: _Firm, year: int) -> None:
    """Surrender what was issued and leave the rest: short and past the deadline."""
    _position, verified, granted = _year(firm, year)
    if granted:
        _surrender(firm, year, min(granted, verified))


def _covered(firm: _Firm, year: int) -> None:
    """Buy what is missing and settle; with allowances to spare, settle and sell a part."""
    _position, verified, granted = _year(firm, year)
    short = verified - granted
    if short > 0:
        for share, party, month in ((0.6, "listed", 10), (0.4, "block", 11)):
            _move(
                firm, "bought", date(year + 1, month, 21), short * share + 50.0, vintage=year,
                counterparty=party,
            )  # fmt: skip
    elif short < 0:
        _move(
            firm, "sold", date(year + 1, 11, 5), -short * 0.4, vintage=year, counterparty="listed"
        )
    _surrender(firm, year, verified)


def _spare(firm: _Firm, year: int) -> None:
    """Settle early, and carry over what is left; where nothing is left, buy and settle."""
    _position, verified, granted = _year(firm, year)
    if granted <= verified:
        _move(
            firm, "bought", date(year + 1, 10, 30), verified - granted + 1.0, vintage=year,
            counterparty="listed",
        )  # fmt: skip
    _surrender(firm, year, verified, date(year + 1, 11, 28))
    left = granted - verified
    if left > 1.0:
        _move(
            firm, "carried", date(year + 2, 1, 15), left * 0.5, vintage=year, to_vintage=year + 1,
            basis=_CARRY_BASIS,
        )  # fmt: skip


def _next_year(firm: _Firm, year: int) -> None:
    """Open the year after: unit entered, part of the allowances issued, nothing verified yet."""
    position = _open(firm, year, "power")
    if not _generated(firm.organisation, year):
        return
    _unit(firm, position)
    before = Position.objects.get(organisation=firm.organisation, year=year - 1)
    if before.allowance_tco2:
        _move(
            firm, "allocated", date(year + 1, 4, 20), before.allowance_tco2 * 0.9, vintage=year,
            counterparty="authority",
        )  # fmt: skip


def _steel(firm: _Firm, year: int) -> None:
    """Settle a year whose allowance is what was verified, a part of it by an offset."""
    position = _open(firm, year, "steel")
    verified = _verify(firm, position)
    granted = _grant(firm, position)
    offset = float(round(verified * 0.03))
    reductions = certificates.register(
        firm.user,
        firm.organisation,
        {
            "kind": "ccer",
            "number": f"DEMO-CCER-{year}-{firm.number:02d}",
            "amount": offset,
            "project": "演示造林碳汇项目（虚构）",
        },
    )
    if granted >= verified:
        certificates.claim(
            firm.user, reductions, "ets_offset", str(year), _on(date(year + 1, 12, 8))
        )
        _surrender(firm, year, verified - offset)
    _green(firm, year)


def _green(firm: _Firm, year: int) -> None:
    """Register green power certificates for shares of the electricity used; one stays unused."""
    power = _energy(firm.organisation, year, "electricity", "consumption_total_qty") * 10.0
    for number, (share, purpose) in enumerate(
        ((0.10, "energy_deduction"), (0.04, "footprint"), (0.06, "")), start=1
    ):
        green = certificates.register(
            firm.user,
            firm.organisation,
            {
                "kind": "green_certificate",
                "number": f"DEMO-GEC-{year}-{firm.number:02d}-{number}",
                "amount": float(max(round(power * share), 1)),
                "project": "演示海上风电场（虚构）",
                "valid_from": date(year, 1, 1),
                "valid_to": date(year + 2, 12, 31),
            },
        )
        if purpose:
            certificates.claim(
                firm.user, green, purpose, str(year), _on(date(year + 1, 1, 20)), remark="演示数据"
            )


def _running(firm: _Firm, year: int) -> None:
    """Account the first months of the running year by the market's guideline, and foresee it."""
    today = timezone.localdate()
    months = _COAL_MONTHS if year < today.year else min(_COAL_MONTHS, today.month - 1)
    coal = {
        row.month: row.consumption_total_qty
        for row in EnergyRecord.objects.filter(
            organisation=firm.organisation, year=year - 1, known_to__isnull=True,
            item_key="raw_coal",
        )
        if row.consumption_total_qty
    }  # fmt: skip
    if year > today.year or any(month not in coal for month in range(1, months + 1)) or not months:
        return
    content = method_book.filled(
        "mee_2022_power",
        "coal",
        [
            {
                "credit_code": firm.organisation.credit_code,
                "org_name": firm.organisation.name,
                "part": "1号机组（演示）",
                "period": f"{year}-{month:02d}",
                "item": "燃煤（常规机组）",
                "used_qty": round((coal[month] or 0.0) * (0.97 + 0.012 * (month % 4)), 1),
                "carbon_content_tc": _CARBON_TC,
                "data_source": "计量",
                "remark": "演示数据",
            }
            for month in range(1, months + 1)
        ],
    )
    position = _open(firm, year, "power")
    method_services.account(
        firm.user, firm.organisation, content, f"发电设施月度数据_{year}（演示）.xlsx",
        method_key="mee_2022_power", year=year,
    )  # fmt: skip
    before = Position.objects.get(organisation=firm.organisation, year=year - 1)
    if before.forecast_tco2:
        _move(
            firm, "allocated", date(year, 6, 30), before.forecast_tco2 * 0.93,
            vintage=position.year, counterparty="authority",
        )  # fmt: skip
