"""What the pages of method accounts show: waterfall, findings, lines, and what moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.accounting import methods
from tanfeng.accounting.methods import METHODS, MethodAccount
from tanfeng.console.accounting import after, charts, method_files
from tanfeng.console.accounting.enterprise_document import period
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import plain
from tanfeng.console.core.models import User
from tanfeng.errors import SEVERITIES

#: Stream shown on its own page part for all of them.
EVERY = ""
_UNIT = "tCO₂e"
SCOPES: Mapping[str, Promise] = {
    "direct": gettext_lazy("Direct"),
    "electricity": gettext_lazy("Electricity"),
    "heat": gettext_lazy("Heat"),
}
CAUSES: Mapping[str, Promise] = {
    "activity": gettext_lazy("Activity data"),
    "parameter": gettext_lazy("Parameters"),
    "factor": gettext_lazy("Factors"),
    "method": gettext_lazy("Method"),
    "boundary": gettext_lazy("Boundary"),
    "gap": gettext_lazy("Gaps"),
}
SOURCES: Mapping[str, Promise] = {
    "form": gettext_lazy("Form cell"),
    "default": gettext_lazy("default"),
    "computed": gettext_lazy("computed from other values"),
    "measured": gettext_lazy("measured"),
    "calculated": gettext_lazy("calculated"),
    "supplier": gettext_lazy("supplier"),
    "none": gettext_lazy("empty, taken as none"),
}


def told(thing: Mapping[str, Any], name: str) -> str:
    """Return the text of a pair ``name_zh``/``name_en`` in the language used."""
    return str(thing[f"{name}_en" if language() == "en" else f"{name}_zh"] or "")


def method_name(key: str) -> str:
    """Return the number of a method's document with what it is for."""
    method = METHODS.get(key)
    if method is None:
        return key
    title = method.title_en if language() == "en" else method.title_zh
    return f"{method.number} {title}"


def of_organisation(user: User, organisation: Organisation) -> QuerySet[MethodRun]:
    """Return the accounts of an enterprise, newest first."""
    rows = rights.visible(user, MethodRun).filter(organisation=organisation)
    return rows.select_related("created_by", "replaced_by").order_by("-number")


def streams(run: MethodRun) -> list[dict[str, Any]]:
    """Return the streams of the method in the official order, with name and share."""
    total = run.emission_total_tco2e
    return [
        {
            **one,
            "name": told(one, "name"),
            "scope_name": SCOPES[one["scope"]],
            "share": one["emission_tco2e"] / total
            if total and one["in_total"] and one["emission_tco2e"] is not None
            else None,
        }
        for one in method_files.opened(run).told["streams"]
    ]


def waterfall(run: MethodRun) -> dict[str, Any] | None:
    """Return the picture from the streams to the total, in the official order."""
    rows = [one for one in streams(run) if one["in_total"] and one["emission_tco2e"] is not None]
    if not rows:
        return None
    values = [one["emission_tco2e"] for one in rows]
    return charts.columns(
        [*(one["name"] for one in rows), _("Total")],
        [("emission", _("Emission"), [*values, run.emission_total_tco2e])],
        unit=_UNIT,
        totals=[len(rows)],
        keys=[*(one["stream"] for one in rows), EVERY],
        link="?stream={x}#lines",
    )


def findings(user: User, run: MethodRun) -> list[dict[str, Any]]:
    """Return what a verifier looks at first, with the row of the workbook and the line.

    What the evidence of the months lacks is asked of the register that keeps it.
    """
    kept = method_files.opened(run)
    names = {one["stream"]: told(one, "name") for one in kept.told["streams"]}
    ends: dict[int, int] = {}
    leaning: dict[tuple[int, int], int] = {}
    for line in kept.lines:
        ends[line["activity_id"]] = line["line"]
        for one in line["inputs"]:
            if one["factor"]:
                leaning.setdefault((line["activity_id"], one["factor"]), line["line"])
    found = []
    for row in kept.findings.to_dicts():
        activity = row["activity_id"]
        number = leaning.get((activity, row["factor"]), ends.get(activity))
        sheet, at = kept.told["places"].get(str(activity), ("", None))
        found.append(
            {
                **row,
                "text": told(row, "text"),
                "stream_name": names.get(row["stream"] or "", ""),
                "sheet": sheet,
                "row": at,
                "url": reverse("method-line", args=[run.number, number]) if number else "",
            }
        )
    found += [one for ask in after.PROVED for one in ask(user, run)]
    return sorted(found, key=lambda one: SEVERITIES.index(one["severity"]))


def units(run: MethodRun) -> list[dict[str, Any]]:
    """Return the results per generating unit, as the account froze them."""
    return [
        {**one, "name": told(one, "name"), "period": period(one["year"], one["month"])}
        for one in method_files.opened(run).told.get("units", [])
    ]


def lines(run: MethodRun, stream: str = EVERY) -> list[dict[str, Any]]:
    """Return the lines of a stream, or of all, as a list shows them."""
    return [
        {
            **line,
            "url": reverse("method-line", args=[run.number, line["line"]]),
            "stream_name": told(line, "stream"),
            "item_name": told(line, "item"),
            "period": period(line["year"], line["month"]),
            "is_end": line["quantity"] == methods.EMISSION,
        }
        for line in method_files.opened(run).lines
        if stream in (EVERY, line["stream"])
    ]


def line(run: MethodRun, number: int) -> dict[str, Any] | None:
    """Return one line with its formula and inputs as the trace shows them; None for no line."""
    kept = method_files.opened(run)
    row = next((one for one in kept.lines if one["line"] == number), None)
    if row is None:
        return None
    formula = kept.account.formulas[row["formula"]]
    return {
        "row": row,
        "formula": formula,
        "formula_name": formula.name_en if language() == "en" else formula.name_zh,
        "item_name": told(row, "item"),
        "stream_name": told(row, "stream"),
        "period": period(row["year"], row["month"]),
        "inputs": [_input(run, kept, row, one) for one in row["inputs"]],
        "redone": _redone(kept, row),
    }


def _redone(kept: method_files.Kept, row: Mapping[str, Any]) -> float:
    inputs = {one["symbol"]: np.array([one["value"]]) for one in row["inputs"]}
    return float(kept.account.formulas[row["formula"]].evaluate(inputs)[0])


def _input(
    run: MethodRun, kept: method_files.Kept, row: Mapping[str, Any], one: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the card of an input shows: factor, cell, laboratory or another line."""
    symbol, _underline, index = one["symbol"].partition("_")
    behind = next(
        (
            other["line"]
            for other in kept.lines
            if one["source"] == "computed"
            and other["activity_id"] == row["activity_id"]
            and other["quantity"] == one["column"]
        ),
        None,
    )
    return {
        **one,
        "letter": symbol,
        "text": _stored(one["value"]),
        "index": index,
        "name": told(one, "name"),
        "source_name": SOURCES.get(one["source"], one["source"]),
        "factor_card": _factor(kept, one["factor"]) if one["factor"] else None,
        "line_url": reverse("method-line", args=[run.number, behind]) if behind else "",
        "candidates": [
            {
                **choice,
                "rule": told(choice, "rule"),
                "text": _stored(choice["value"]),
                "tier_name": SOURCES.get(choice["tier"], choice["tier"]),
            }
            for choice in kept.told["choices"]
            if choice["activity_id"] == row["activity_id"] and choice["column"] == one["column"]
        ],
    }


def _stored(value: float) -> str:
    """Return a number as it is stored, in its shortest form, thousands grouped."""
    digits = -int(Decimal(repr(float(value))).normalize().as_tuple().exponent)
    return plain(value, max(digits, 0))


def _factor(kept: method_files.Kept, number: int) -> dict[str, Any]:
    row = kept.account.factors.row(by_predicate=pl.col("factor") == number, named=True)
    table, _slash, row_id = row["ref"].partition("/")
    return {
        **row,
        "name": told(row, "name"),
        "choice": told(row, "choice"),
        "url": reverse("standards-row", args=[table, row_id]),
    }


# What moved


@dataclass(frozen=True, slots=True)
class Difference:
    """Two accounts of one enterprise side by side.

    Parameters
    ----------
    other : MethodRun
        The earlier account.
    rows : list of dict
        Streams with emission_a_tco2e, emission_b_tco2e, the causes and difference_tco2e.
    total : dict
        The same over all streams the methods count.
    waterfall : dict or None
        Chart data.
    """

    other: MethodRun
    rows: list[dict[str, Any]]
    total: Mapping[str, Any]
    waterfall: dict[str, Any] | None


def others(user: User, run: MethodRun) -> list[MethodRun]:
    """Return the earlier accounts of the enterprise, the likeliest to compare with first.

    The one it replaces comes first, then the last one of the year before by the same method.
    """
    rows = list(of_organisation(user, run.organisation).filter(number__lt=run.number))
    return sorted(
        rows,
        key=lambda one: (
            one.pk != run.replaces_id,
            one.method_key != run.method_key,
            abs(run.year - 1 - one.year),
            -one.number,
        ),
    )


def difference(run: MethodRun, other: MethodRun) -> Difference:
    """Explain by cause what moved from an earlier account to this one.

    Accounts of different years are paired month by month, as if of one year.
    """
    before, after = counted(other, run.year), counted(run, run.year)
    known = [METHODS[key] for key in {other.method_key, run.method_key} if key in METHODS]
    table = methods.diff(before, after, known, by=("stream",))
    sums = table.select(pl.exclude("stream").sum()).row(0, named=True)
    names = {
        one["stream"]: told(one, "name")
        for kept in (method_files.opened(other), method_files.opened(run))
        for one in kept.told["streams"]
    }
    order = list(names)
    rows = [{**row, "name": names[row["stream"]]} for row in table.to_dicts()]
    rows.sort(key=lambda row: order.index(row["stream"]))
    labels = [_label(other), *(str(name) for name in CAUSES.values()), _label(run)]
    values = [
        sums["emission_a_tco2e"],
        *(sums[cause] for cause in CAUSES),
        sums["emission_b_tco2e"],
    ]
    picture = charts.columns(
        labels, [("difference", _("Emission"), values)], unit=_UNIT, totals=[0, len(labels) - 1]
    )
    return Difference(other, rows, sums, picture)


def _label(run: MethodRun) -> str:
    return f"M{run.number} {run.year}"


def counted(run: MethodRun, year: int) -> MethodAccount:
    """Return the account of the streams the method counts, its rows dated to a year."""
    kept = method_files.opened(run)
    inside = [one["stream"] for one in kept.told["streams"] if one["in_total"]]
    rows, refused = (
        frame.filter(pl.col("stream").cast(pl.String).is_in(inside)).with_columns(
            pl.lit(year, dtype=pl.Int32).alias("year")
        )
        for frame in (kept.account.streams.sort("activity_id"), kept.account.refused)
    )
    lines_ = kept.account.lines.filter(pl.col("activity_id").is_in(rows["activity_id"].implode()))
    return replace(kept.account, lines=lines_, streams=rows, refused=refused)
