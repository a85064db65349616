"""Electricity by tariff period, its average load, and the load over the day."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng import standards
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists
from tanfeng.console.core.asked import language
from tanfeng.console.core.lists import Column
from tanfeng.console.energy import figures, tariffs
from tanfeng.console.energy.tariffs import KINDS, Shares, TimeOfUse
from tanfeng.console.energy.tree import tree
from tanfeng.console.energy.views.common import enterprise, shell, span_of
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering.models import ProcessUnit
from tanfeng.errors import ModelError
from tanfeng.metering.time_of_use import PERIODS
from tanfeng.periods import LOCAL

#: Period of the tariff -> words and colour.
WORDS = {
    "sharp": (pgettext_lazy("tariff", "sharp"), "bad"),
    "peak": (pgettext_lazy("tariff", "peak"), "late"),
    "flat": (pgettext_lazy("tariff", "flat"), "petrochemical"),
    "valley": (pgettext_lazy("tariff", "valley"), "good"),
}
DAYS = {
    "workday": pgettext_lazy("kind of day", "working days"),
    "weekend": pgettext_lazy("kind of day", "weekends"),
    "holiday": pgettext_lazy("kind of day", "holidays"),
}
COLUMNS = (
    Column("name", gettext_lazy("Part"), lambda row: row["name"]),
    Column("days", gettext_lazy("Days"), lambda row: row["days"]),
    Column("period", gettext_lazy("Tariff period"), lambda row: WORDS[row["period"]][0]),
    Column("amount", gettext_lazy("Electricity"), lambda row: row["amount"], unit="kWh"),
    Column("share", gettext_lazy("Share"), lambda row: row["share"]),
    Column("load", gettext_lazy("Average load"), lambda row: row["load_kw"], unit="kW"),
    Column("due", gettext_lazy("Quarter hours due"), lambda row: row["slots_due"]),
    Column("missing", gettext_lazy("Quarter hours missing"), lambda row: row["slots_missing"]),
)


@require_safe
def time_of_use(request: HttpRequest, code: str) -> HttpResponse:
    """Show the electricity of an enterprise by tariff period."""
    firm = enterprise(request, code)
    span, found, error = span_of(request), None, ""
    units = {one.node: one for one in ProcessUnit.objects.filter(organisation=firm, parent=None)}
    if not span.is_ahead:
        try:
            found = tariffs.of(firm.credit_code, span, tree().below(firm.credit_code))
        except ModelError as problem:
            error = problem.message(language())
    names = {firm.credit_code: firm.name} | {key: one.name for key, one in units.items()}
    if request.GET.get("export") == "xlsx":
        return _export(request, firm, span, found, names)
    shares = [one for one in found.shares if one.node in names] if found else []
    rows = [_row(one, names, units) for one in shares]
    return render(
        request,
        "energy/time_of_use.html",
        {
            **shell(firm, span, "energy-time-of-use"),
            "error": error,
            "found": found if rows else None,
            "whole": rows[0] if rows else None,
            "rows": rows,
            "periods": _periods(shares),
            "kinds": _kinds(found) if found and rows else [],
            "arranged": _arranged(found) if found else [],
            "bars": _bars(rows, shares),
            "curves": _curve_data(found) if found else None,
            "days": _day_counts(found) if found else [],
            "peak_at": found.peak["start"].astimezone(LOCAL) if found and found.peak else None,
            "rules": _rules(found) if found else [],
            "table_url": reverse("standards-table", args=["tariffs_fujian"]),
        },
    )


def _periods(shares: list[Shares]) -> list[tuple[str, Any]]:
    """Return the periods that occur, dearest first, with their words."""
    there = {key for one in shares for key in one.rows}
    return [(key, WORDS[key][0]) for key in PERIODS if key in there]


def _row(one: Shares, names: dict[str, Any], units: dict[str, ProcessUnit]) -> dict[str, Any]:
    unit = units.get(one.node)
    slots = [sum(row[f"slots_{key}"] for row in one.rows.values())
             for key in ("measured", "estimated", "missing")]  # fmt: skip
    return {
        "name": names[one.node],
        "url": f"{reverse('energy')}?unit={unit.pk}" if unit else "",
        "amount": one.amount,
        "cells": one.rows,
        "slots": slots,
        "known": 1 - slots[2] / sum(slots) if sum(slots) else None,
        "cell_list": [one.rows.get(key) for key in PERIODS],
    }


def _kinds(found: TimeOfUse) -> list[dict[str, Any]]:
    """Return the electricity of each kind of day, with its share of the whole."""
    whole = found.shares[0].amount
    return [
        {
            **_row(one, {one.node: DAYS[one.node]}, {}),
            "days": one.days,
            "load_kw": one.load_kw,
            "share": one.amount / whole if whole and one.amount is not None else None,
        }
        for one in found.kinds
    ]


def _arranged(found: TimeOfUse) -> list[dict[str, Any]]:
    """Return the holidays and made-up days of the span, each with its notice."""
    return [
        {
            "name": one.name_en if language() == "en" else one.name_zh,
            "days": f"{one.first}" if one.first == one.last else f"{one.first} – {one.last}",
            "is_off": one.is_off,
            "document": one.document,
            "source": one.source,
        }
        for one in found.arranged
    ]


def _bars(rows: list[dict[str, Any]], shares: list[Shares]) -> dict[str, Any] | None:
    """Return the shares of every part as bars of one length."""
    if not rows:
        return None
    return {
        "x": [row["name"] for row in rows],
        "unit": "%",
        "whole": 100,
        "places": 1,
        "mode": "bar",
        "named": True,
        "series": [
            {
                "key": WORDS[key][1],
                "name": str(words),
                "values": [
                    None if (cell := row["cells"].get(key)) is None or cell["share"] is None
                    else 100 * cell["share"]
                    for row in rows
                ],
            }
            for key, words in _periods(shares)
        ],
    }  # fmt: skip


def _curve_data(found: TimeOfUse) -> dict[str, Any] | None:
    if found.curves.is_empty():
        return None
    cells = {
        (row["day_kind"], row["hour"]): row["load_kw"]
        for row in found.curves.iter_rows(named=True)
    }  # fmt: skip
    there = [key for key in KINDS if any(one == key for one, _hour in cells)]
    tints = {"workday": "brand", "weekend": "building", "holiday": "textile"}
    return {
        "x": [f"{hour:02d}:00" for hour in range(24)],
        "unit": "kW",
        "places": figures.places(cells.values()),
        "series": [
            {
                "key": tints[key],
                "name": str(DAYS[key]),
                "values": [cells.get((key, hour)) for hour in range(24)],
            }
            for key in there
        ],
    }


def _day_counts(found: TimeOfUse) -> list[tuple[Any, int, int]]:
    """Return how many days of each kind an hour is the mean of, from fewest to most."""
    counts = found.curves.group_by("day_kind").agg(
        low=pl.col("days").min(), high=pl.col("days").max()
    )
    of = {row[0]: row[1:] for row in counts.iter_rows()}
    return [(DAYS[key], *of[key]) for key in KINDS if key in of]


def _rules(found: TimeOfUse) -> list[dict[str, Any]]:
    """Return the hours of the tariff that were used, with where they stand."""
    rules = []
    for row in found.hours.rules.iter_rows(named=True):
        table, key = row["ref"].split("/", 1)
        rules.append(
            {
                **row,
                "note": standards.info(table).note(row["note"], language()),
                "words": WORDS[row["period"]][0],
                "url": reverse("standards-row", args=[table, key]),
            }
        )
    return sorted(rules, key=lambda one: (PERIODS.index(one["period"]), one["hour_from"]))


def _export(
    request: HttpRequest, firm: Organisation, span: Span, found: TimeOfUse | None,
    names: dict[str, str],
) -> HttpResponse:  # fmt: skip
    names = names | {key: f"{firm.name} · {words}" for key, words in DAYS.items()}
    rows = [
        {**row, "name": names[one.node], "period": key, "days": one.days}
        for one in ((*found.shares, *found.kinds) if found else ())
        if one.node in names
        for key, row in one.rows.items()
    ]
    title = _("Time of use of %(name)s, %(span)s") % {"name": firm.name, "span": span.words}
    event = audit.record(
        "export.energy-time-of-use", request=request, thing=firm, rows=len(rows), span=span.words
    )
    book = lists.workbook(title, COLUMNS, rows, event=event)
    return lists.attachment(book, f"{title}.xlsx")
