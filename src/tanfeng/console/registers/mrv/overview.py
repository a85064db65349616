"""What the page of a carbon year shows, put together from months, plan, checks and findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng.accounting import mrv_checks
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import forms, machines, months, tables
from tanfeng.console.registers.mrv.models import (
    OPEN,
    EmissionReport,
    Finding,
    QualityPlan,
    SpotCheck,
)

#: Days before a deadline from which it is shown as near.
NEAR_DAYS = 14
_KINDS = {"error": "bad", "warning": "late", "info": "note"}


def month_due(year: int, month: int) -> dict[str, Any]:
    """Return the deadline of a month with where it comes from."""
    return {"day": tables.month_due(year, month), "from": tables.deadlines()["monthly_filing"]}


class View:
    """One carbon year as one person sees it."""

    def __init__(self, user: User, report: EmissionReport) -> None:
        self.user = user
        self.report = report
        self.today = timezone.localdate()
        self.items = months.items(report)
        self.filed = months.current(report)

    @cached_property
    def names(self) -> dict[str, tuple[str, str]]:
        """Parameter -> name and unit, in the order of the plan."""
        found = {item.parameter: (item.name, item.unit) for item in self.items.values()}
        for row in self.filed.values():
            found.setdefault(row.parameter, (tables.parameter_name(row.parameter), row.unit))
        return found

    @cached_property
    def filed_months(self) -> int:
        """How many months have every value the plan wants."""
        wanted = {month for month, _parameter in self.items}
        short = {month for month, parameter in self.items if (month, parameter) not in self.filed}
        return len(wanted - short)

    @cached_property
    def due_months(self) -> int:
        """How many months the plan wants by today."""
        return sum(
            tables.month_due(self.report.year, month) < self.today
            for month in {month for month, _parameter in self.items}
        )

    @cached_property
    def open_findings(self) -> int:
        """How many findings still want something."""
        rows = rights.visible(self.user, Finding).filter(report=self.report)
        return rows.filter(state__in=OPEN).count()

    @cached_property
    def _found(self) -> list[dict[str, Any]]:
        return months.findings(self.user, [self.report]).to_dicts()

    def told(self) -> list[dict[str, Any]]:
        """Return what the automatic checks say, with place, rule and what to do."""
        lang = language()
        code, year = self.report.organisation.credit_code, self.report.year
        may_find = rights.can(self.user, "find", self.report)
        here = reverse("mrv-year", args=(code, year))
        told = []
        for row in self._found:
            name = self.names.get(row["parameter"], (row["parameter"], ""))[0]
            place = f"{year}-{row['month']:02d} {name}"
            rule = mrv_checks.rules()[row["rule"]]
            told.append(
                {
                    **row,
                    "place": place,
                    "title": rule.title(lang),
                    "message": row[f"message_{lang}"],
                    "remedy": row[f"remedy_{lang}"],
                    "kind": _KINDS[row["severity"]],
                    "url": reverse("mrv-filing", args=(code, year, row["month"], row["parameter"])),
                    "raise_url": f"{here}?{_query(row['rule'], place, row[f'message_{lang}'])}#find"
                    if may_find
                    else "",
                }
            )
        order = list(_KINDS.values())
        return sorted(told, key=lambda one: (order.index(one["kind"]), one["place"], one["rule"]))

    def rows(self) -> list[dict[str, Any]]:
        """Return the months of every parameter as cells with a state and a link."""
        marked: dict[tuple[int, str], list[str]] = {}
        for one in self.told():
            marked.setdefault((one["month"], one["parameter"]), []).append(one["title"])
        return [
            {
                "name": name,
                "unit": unit,
                "cells": [
                    self._cell(month, parameter, marked.get((month, parameter), []))
                    for month in months.MONTHS
                ],
            }
            for parameter, (name, unit) in self.names.items()
        ]

    def _cell(self, month: int, parameter: str, marks: Sequence[str]) -> dict[str, Any]:
        row = self.filed.get((month, parameter))
        asked = (month, parameter) in self.items
        due = tables.month_due(self.report.year, month)
        if row is not None:
            label, kind = machines.FILING.state(row.state).label, "there"
            kind = {"reviewed": "good", "sent_back": "late"}.get(row.state, "note")
            icon = {"reviewed": "check", "sent_back": "undo"}.get(row.state, "clock")
        elif asked and due < self.today:
            label, kind, icon = _("missing"), "bad", "error"
        elif asked:
            near = (due - self.today).days <= NEAR_DAYS
            label, kind, icon = _("due %s") % due, "late" if near else "muted", "circle"
        else:
            label, kind, icon = _("not in the plan"), "none", ""
        told = " · ".join([str(label), *marks])
        args = (self.report.organisation.credit_code, self.report.year, month, parameter)
        return {
            "month": month,
            "kind": kind,
            "icon": icon,
            "title": told,
            "flag": bool(marks) and row is not None,
            "url": reverse("mrv-filing", args=args) if asked or row is not None else "",
        }

    def stages(self) -> list[dict[str, Any]]:
        """Return the way of the year in eight steps, each done, now or still to come."""
        report, user = self.report, self.user
        plans = rights.visible(user, QualityPlan).filter(organisation=report.organisation_id)
        checks = rights.visible(user, SpotCheck).filter(report=report).exclude(state="cancelled")
        reviewed = sum(row.state == "reviewed" for row in self.filed.values())
        wanted = len(self.items)
        handed_in = report.state in ("reported", "verified", "accepted")
        findings = rights.visible(user, Finding).filter(report=report)
        steps = (
            (_("Plan"), plans.filter(state__in=months.IN_EFFECT).exists(), ""),
            (_("Monthly filing"), wanted > 0 and len(self.filed) >= wanted,
             f"{len(self.filed)}/{wanted}"),
            (_("Inside review"), wanted > 0 and reviewed >= wanted, f"{reviewed}/{wanted}"),
            (_("Spot check"), checks.filter(state__in=("done", "closed")).exists(),
             "" if checks else _("none")),
            (_("Correction"), findings.exists() and not self.open_findings,
             str(self.open_findings) if self.open_findings else ""),
            (_("Yearly report"), handed_in, ""),
            (_("Verification"), report.state in ("verified", "accepted"), ""),
            (_("Acceptance"), report.state == "accepted", ""),
        )  # fmt: skip
        now = next((n for n, (_name, done, _note) in enumerate(steps) if not done), len(steps))
        return [
            {"name": name, "note": note, "kind": "done" if done else "now" if n == now else ""}
            for n, (name, done, note) in enumerate(steps)
        ]

    def next_due(self) -> list[dict[str, Any]]:
        """Return what is due next, the late things first."""
        report, found = self.report, []
        missing = sorted({m for m, p in self.items if (m, p) not in self.filed})
        ahead = [m for m in missing if tables.month_due(report.year, m) >= self.today]
        behind = [m for m in missing if tables.month_due(report.year, m) < self.today]
        if behind:
            first = behind[0]
            text = ngettext(
                "%(count)d month is missing: %(month)s",
                "%(count)d months are missing, the first %(month)s",
                len(behind),
            ) % {"count": len(behind), "month": f"{report.year}-{first:02d}"}
            found.append((tables.month_due(report.year, first), text, "monthly_filing"))
        if ahead:
            text = _("File %s") % f"{report.year}-{ahead[0]:02d}"
            found.append((tables.month_due(report.year, ahead[0]), text, "monthly_filing"))
        if not self.items:
            found.append(
                (tables.year_due("quality_plan", report.year), _("File the plan"), "quality_plan")
            )
        if report.state in ("open", "returned"):
            day = tables.year_due("annual_report", report.year)
            found.append((day, _("Hand in the yearly report"), "annual_report"))
        if report.state == "reported":
            day = tables.year_due("verification", report.year)
            found.append((day, _("Verification"), "verification"))
        told = [self._due(day, text, tables.deadlines()[key]) for day, text, key in found]
        rows = rights.visible(self.user, Finding).filter(report=report)
        told += [
            self._due(one.due_on, _("Correct: %s") % one.place, None)
            | {"url": reverse("mrv-finding", args=(one.pk,))}
            for one in rows.filter(state__in=("open", "returned"))
        ]
        return sorted(told, key=lambda one: one["day"])

    def _due(self, day: date, text: str, deadline: tables.Deadline | None) -> dict[str, Any]:
        left = (day - self.today).days
        return {
            "day": day,
            "text": text,
            "late": left < 0,
            "near": 0 <= left <= NEAR_DAYS,
            "deadline": deadline,
        }


def _query(rule: str, place: str, text: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"rule": rule, "place_found": place, "text": text})


def finding_form(request: HttpRequest) -> forms.FindingForm:
    """Return an empty form of a finding, filled with what an automatic check said if it came so."""
    asked = request.GET
    rule = asked.get("rule", "")
    return forms.FindingForm(
        initial={
            "rule": rule if rule in mrv_checks.rules() else "",
            "place": asked.get("place_found", "")[:160],
            "text": asked.get("text", "")[:1000],
            "due_on": tables.correction_due(timezone.localdate()),
        }
    )


def neighbours(report: EmissionReport, month: int, parameter: str) -> dict[str, str]:
    """Return the addresses of the month before and after, where the plan wants them."""
    items, code = months.items(report), report.organisation.credit_code
    return {
        name: reverse("mrv-filing", args=(code, report.year, other, parameter))
        for name, other in (("before", month - 1), ("after", month + 1))
        if (other, parameter) in items
    }
