"""What the page of an enterprise and year shows: sides, causes, lines, and where each leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.urls import reverse
from django.utils.translation import gettext as _

from tanfeng.accounting import methods, reconcile
from tanfeng.accounting.reconcile import View
from tanfeng.console.accounting import charts, frozen, method_files, method_pages
from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.core import jobs
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import plain
from tanfeng.console.registers.reconciliation import sides

_UNIT = "tCO₂"
_SCOPES = ("direct", "electricity", "heat")
#: Scope -> what the trace of the statistics calls it.
_QUANTITIES = {
    "direct": "emission_fuel_tco2",
    "electricity": "emission_electricity_average_tco2",
    "heat": "emission_heat_tco2",
}


def _place() -> int:
    return int(language() == "en")


def cause_names() -> dict[str, str]:
    """Return the causes with their names in the language used."""
    return {key: pair[_place()] for key, pair in reconcile.CAUSE_NAMES.items()}


def name_of(view: View) -> str:
    """Return the name of a side in the language used."""
    return (view.name_zh, view.name_en)[_place()]


def scopes(found: sides.Sides) -> list[dict[str, Any]]:
    """Return what each side knows of every scope, amounts apart, and which side counts it."""
    return [
        {
            "scope": scope,
            "name": method_pages.SCOPES[scope],
            "cells": [
                {
                    "counts": scope in view.scopes,
                    "value": charts.whole(
                        view.rows.filter(pl.col("scope") == scope)["emission_tco2"].to_list()
                    ),
                }
                for view in found.views.values()
                if not view.amounts_only
            ],
        }
        for scope in _SCOPES
    ]


def waterfall(found: sides.Sides, key: str) -> dict[str, Any] | None:
    """Return the picture from the account over the causes to another side."""
    table = found.table.filter(pl.col("view") == key) if found.table.height else found.table
    if table.is_empty() or found.views[key].amounts_only:
        return None
    sums = reconcile.totals(table).row(0, named=True)
    ends = [name_of(found.views["market"]), name_of(found.views[key])]
    names = [ends[0], *cause_names().values(), ends[1]]
    values = [
        sums["base_emission_tco2"],
        *(sums[f"{cause}_tco2"] for cause in reconcile.CAUSES),
        sums["emission_tco2"],
    ]
    return charts.columns(
        names, [("difference", _("Emission"), values)], unit=_UNIT, totals=[0, len(names) - 1]
    )


def rows(account: MethodRun, run: Run | None, found: sides.Sides, key: str) -> list[dict[str, Any]]:
    """Return the lines of a comparison, the largest first, with the address behind each figure."""
    if not found.table.height:
        return []
    named = sides.item_names(account.method_key)
    base_urls = _account_urls(account)
    behind = _items_behind(account, run) if run is not None and key == "statistics" else {}
    told = []
    for row in found.table.filter(pl.col("view") == key).iter_rows(named=True):
        name = named.get(row["item"], (row["item"], row["item"]))[_place()]
        told.append(
            {
                **row,
                "name": name,
                "scope_name": method_pages.SCOPES[row["scope"]],
                "cause_name": cause_names().get(row["cause"], ""),
                "explanation": _explanation(row, found, key),
                "causes": [row[f"{cause}_tco2"] for cause in reconcile.CAUSES],
                "labelled": [
                    (label, row[f"{cause}_tco2"]) for cause, label in cause_names().items()
                ],
                "base_url": base_urls.get((row["scope"], row["item"]), ""),
                "url": _other_url(account, run, key, row, behind),
            }
        )
    told.sort(key=lambda row: -abs(row["difference_tco2"]))
    return told


def _explanation(row: Mapping[str, Any], found: sides.Sides, key: str) -> str:
    """Return why a line differs; of the meters also what they cover and what was converted."""
    told = str(row[f"explanation_{'en' if _place() else 'zh'}"])
    one = found.meters.known.get((row["scope"], row["item"])) if found.meters else None
    if key != "meters":
        return told
    if one is None:
        return _("no point measures this item; not compared")
    share = _("the meters cover %(months)s of 12 months (%(share).1f %% of the year)") % {
        "months": one.months,
        "share": 100 * one.share,
    }
    parts = [told, share]
    if one.amount is not None and row["activity"] is not None:
        parts.append(
            _("%(amount)s %(unit)s are %(converted)s %(unit_here)s")
            % {
                "amount": plain(one.amount, 2),
                "unit": one.unit,
                "converted": plain(row["activity"], 4),
                "unit_here": row["unit"],
            }
        )
    if one.estimated:
        parts.append(_("of it %.1f %% estimated") % (100 * one.estimated))
    return _("; ").join(parts)


def meters_note(found: sides.Sides) -> str:
    """Return why there is no metered side, empty where there is one."""
    meters = found.meters
    if meters is None or meters.view is not None:
        return ""
    if meters.problem is not None:
        return _("The meters cannot be summed: %s") % jobs.explain(meters.problem)
    return _("No metering point of this enterprise measured anything in this year.")


def _account_urls(account: MethodRun) -> dict[tuple[str, str], str]:
    """Return where the figure of a scope and item comes from: its line, or the stream's lines."""
    kept = method_files.opened(account)
    scope = {one["stream"]: one["scope"] for one in kept.told["streams"] if one["in_total"]}
    behind: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in kept.lines:
        if line["quantity"] == methods.EMISSION and line["stream"] in scope:
            behind.setdefault((scope[line["stream"]], line["item"]), []).append(line)
    page = reverse("method-run", args=[account.number])
    return {
        key: reverse("method-line", args=[account.number, lines[0]["line"]])
        if len(lines) == 1
        else f"{page}?{urlencode({'stream': lines[0]['stream']})}#lines"
        for key, lines in behind.items()
    }


def _items_behind(account: MethodRun, run: Run) -> dict[tuple[str, str], set[str]]:
    """Return scope and item -> the items of the statistics that have lines there."""
    own = (pl.col("org_code") == account.organisation.credit_code) & (
        pl.col("year") == account.year
    )
    text = pl.col("quantity", "item_key").cast(pl.String)
    there = frozen.opened(run).lines.filter(own).select(text).unique().collect()
    scopes = {quantity: scope for scope, quantity in _QUANTITIES.items()}
    called = sides.names(account.method_key)
    found: dict[tuple[str, str], set[str]] = {}
    for quantity, item in there.iter_rows():
        if quantity in scopes:
            found.setdefault((scopes[quantity], called.get(item, item)), set()).add(item)
    return found


def _other_url(
    account: MethodRun,
    run: Run | None,
    key: str,
    row: Mapping[str, Any],
    behind: Mapping[tuple[str, str], set[str]],
) -> str:
    code = account.organisation.credit_code
    if key == "filings":
        return reverse("mrv-year", args=[code, account.year])
    if key == "meters":
        return f"{reverse('metering')}?{urlencode({'q': code})}"
    items = behind.get((row["scope"], row["item"]), set())
    if run is None or not items:
        return ""
    asked = {"run": run.number, "org": code, "year": account.year}
    asked["measure"] = _QUANTITIES[row["scope"]]
    if len(items) == 1:
        asked["item"] = min(items)
    return f"{reverse('trace')}?{urlencode(asked)}"


def to_clarify(found: sides.Sides) -> int:
    """Count the lines of the statistics to look into: other amounts, missing data, no value."""
    if not found.table.height:
        return 0
    asks = pl.col("cause").is_in(["activity", "missing"]) | ~pl.col("is_valued")
    return found.table.filter(pl.col("view") == "statistics", asks).height
