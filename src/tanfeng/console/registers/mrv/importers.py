"""The form of monthly filings on its way into the MRV record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db.models import QuerySet

from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import imports, rights
from tanfeng.console.core.models import Batch, User
from tanfeng.console.registers.mrv import months, services, tables, tallies
from tanfeng.console.registers.mrv.models import EmissionReport, MonthlyFiling

_TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "D041": (
        "{value}不在您可填报的企业范围内（未建档，或不属于您）",
        "{value} is not among the enterprises you may report for (unknown, or not yours)",
        "请核对信用代码",
        "Check the credit code",
    ),
    "D042": (
        "参数“{value}”不在当月生效的数据质量控制方案中",
        "Parameter “{value}” is not in the plan in effect that month",
        "请按方案中的名称填写，或先变更方案",
        "Name it as the plan does, or change the plan first",
    ),
    "D043": (
        "单位“{value}”与方案中的“{other}”不一致",
        "The unit “{value}” is not that of the plan, {other}",
        "请换算成方案中的单位",
        "Convert the value to the unit of the plan",
    ),
    "D044": (
        "月度存证要填到月，“{value}”不是月份",
        "A filing is for a month; “{value}” is none",
        "请填写如 2025-03",
        "Write it as 2025-03",
    ),
    "D045": (
        "该月该参数已存证为 {other}，更正须在备注中说明原因",
        "This month is filed as {other}; a correction says why in the remark",
        "请在备注中写明更正原因，或删去本行",
        "Write the reason into the remark, or take the row out",
    ),
    "D046": (
        "将更正已存证的数值：{other} 改为 {value}",
        "Will correct what is filed: {other} becomes {value}",
        "",
        "",
    ),
    "D047": (
        "该年度报告已提交核查或确认，不能再改月度存证",
        "The report of that year is verified or accepted; its months cannot be changed",
        "请先由市级退回报告",
        "The city has to send the report back first",
    ),
}
#: Enterprise and parameter a row speaks of.
_Place = tuple[Organisation, str]


class FilingImporter(imports.RowImporter[_Place]):
    """Takes monthly filings; what stands already is closed, and the new row added."""

    form_key = "mrv_filing"
    rank = 40
    texts = _TEXTS

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return archive.common_place(codes)

    def examined(self, frame: pl.DataFrame, user: User) -> Iterator[imports.Examined[_Place]]:
        """Yield rows, held against enterprises, plans and what stands filed."""
        codes = [code for code in frame["credit_code"].drop_nulls().unique() if code]
        reportable = archive.reportable(user).filter(credit_code__in=codes)
        mine = {one.credit_code: one for one in reportable}
        years: dict[tuple[int, int], _Year] = {}
        for row in frame.iter_rows(named=True):
            organisation = mine.get(row["credit_code"] or "")
            if organisation is None:
                yield imports.Examined(row, found=[("D041", "error", "credit_code", {})])
                continue
            if not row["month"]:
                yield imports.Examined(row, found=[("D044", "error", "period", {})])
                continue
            key = (organisation.pk, row["year"])
            year = years.setdefault(key, _Year(user, organisation, row["year"]))
            kind, parameter, found = year.examine(row)
            place = (organisation, parameter) if parameter else None
            yield imports.Examined(row, place, kind, found)

    def write(
        self, rows: Sequence[imports.Examined[_Place]], batch: Batch, user: User, at: datetime
    ) -> None:
        """File the months; a year not opened yet is opened."""
        for one in rows:
            row = one.row
            if one.kind == "unchanged" or one.wanted is None:
                continue
            organisation, parameter = one.wanted
            report = services.open_year(user, organisation, row["year"])
            services.file_month(
                user, report, row["month"], parameter, _values(row, report, parameter),
                batch=batch, source_row=row["source_row"], at=at,
            )  # fmt: skip

    def undo(self, batch: Batch, _user: User, at: datetime) -> dict[str, int]:
        """Close what the batch filed and bring back what it had closed."""
        done = {"closed": 0, "restored": 0, "superseded": 0}
        rows: QuerySet[MonthlyFiling] = MonthlyFiling._default_manager.all()
        for one in rows.filter(batch=batch).select_related("report"):
            if one.known_to is not None:
                done["superseded"] += 1
                continue
            one.known_to, one.closed_by = at, batch
            one.save(update_fields=["known_to", "closed_by"])
            done["closed"] += 1
            before = rows.filter(
                report=one.report_id, month=one.month, parameter=one.parameter, closed_by=batch,
                known_to=one.known_from,
            ).first()  # fmt: skip
            if before is not None:
                before.known_to = before.closed_by = None
                before.save(update_fields=["known_to", "closed_by"])
                done["restored"] += 1
            tallies.touch(one.report)
        return done


class _Year:
    """What the plan wants and what stands filed in a year of an enterprise."""

    def __init__(self, user: User, organisation: Organisation, year: int) -> None:
        stored = EmissionReport.objects.filter(organisation=organisation, year=year).first()
        report = stored or EmissionReport(organisation=organisation, year=year)
        self.locked = stored is not None and not rights.can(user, "enter", stored)
        self.items = months.items(report)
        self.filed = months.current(stored) if stored else {}
        self.names: dict[tuple[int, str], str] = {}
        for (month, parameter), item in self.items.items():
            known = tables.parameters().get(parameter)
            names = (known.name_zh, known.name_en, parameter) if known else (item.own_name,)
            self.names |= {(month, name.strip().lower()): parameter for name in names}

    def examine(self, row: imports.Row) -> tuple[str, str, list[imports.Found]]:
        """Return what would be done with a row, its parameter, and what is wrong."""
        if self.locked:
            return "", "", [("D047", "error", "period", {})]
        parameter = self.names.get((row["month"], str(row["parameter"]).strip().lower()), "")
        item = self.items.get((row["month"], parameter))
        if item is None:
            return "", "", [("D042", "error", "parameter", {})]
        unit = (row["unit_text"] or "").strip()
        if unit and unit.lower() != item.unit.lower():
            return "", "", [("D043", "error", "unit_text", {"other": item.unit})]
        before = self.filed.get((row["month"], parameter))
        if before is None:
            return "added", parameter, []
        if all(getattr(before, name) == value for name, value in _told(row).items()):
            return "unchanged", parameter, []
        other = {"other": f"{before.value:.12g} {before.unit}"}
        if not (row["remark"] or "").strip():
            return "", "", [("D045", "error", "value", other)]
        return "replaced", parameter, [("D046", "info", "value", other)]


def _told(row: imports.Row) -> dict[str, Any]:
    """Return what a row says, beside its unit and the reason of a correction."""
    return {
        "value": row["value"],
        "sampled_on": _day(row["sampled_on"]),
        "tested_on": _day(row["tested_on"]),
        "laboratory": (row["laboratory"] or "")[:120],
        "accredited": row["accredited"],
        "invoice_value": row["invoice_value"],
    }


def _values(row: imports.Row, report: EmissionReport, parameter: str) -> dict[str, Any]:
    unit = months.items(report)[row["month"], parameter].unit
    return {**_told(row), "unit": unit, "remark": (row["remark"] or "")[:300]}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


imports.register(FilingImporter())
