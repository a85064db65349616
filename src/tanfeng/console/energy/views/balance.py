"""The energy balance of an enterprise: table, picture, the unexplained, what is made on site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import unit as unit_words
from tanfeng.console.core.lists import Column
from tanfeng.console.energy import balances, figures, sankey, sites
from tanfeng.console.energy.balances import EnergyBalance, Flow, Rest
from tanfeng.console.energy.views.common import enterprise, shell, span_of
from tanfeng.console.energy.windows import Span
from tanfeng.errors import ModelError

#: Verdict -> words and kind of its pill.
VERDICTS: Mapping[str, tuple[str | Promise, str]] = {
    "within": (gettext_lazy("within tolerance"), "good"),
    "below": (gettext_lazy("loss, or use nobody meters"), "late"),
    "above": (gettext_lazy("meters below show too much: check meters and ratios"), "bad"),
    "not known": (gettext_lazy("not judged: a part is missing"), "muted"),
    "no meters below": (gettext_lazy("no meters below"), "muted"),
}
SECTIONS: Mapping[str, str | Promise] = {
    "bought": gettext_lazy("Bought and received"),
    "made": gettext_lazy("Generated on site"),
    "converted": gettext_lazy("Conversion"),
    "handed": gettext_lazy("Handed on to processes"),
    "used": pgettext_lazy("balance", "Use"),
    "sold": gettext_lazy("Sold or passed on"),
    "lost": gettext_lazy("Loss of conversion"),
    "rest": gettext_lazy("Unexplained"),
}
COLUMNS = (
    Column("section", pgettext_lazy("balance", "Stage"), lambda row: row["section"]),
    Column("name", gettext_lazy("Part"), lambda row: row["name"]),
    Column("item", gettext_lazy("Energy"), lambda row: row["item"]),
    Column("amount", gettext_lazy("Amount"), lambda row: row["amount"]),
    Column("unit", gettext_lazy("Unit"), lambda row: row["unit"]),
    Column("calorific", gettext_lazy("Energy, calorific"), lambda row: row["tce"], unit="tce"),
    Column("equivalent", gettext_lazy("Energy, equivalent"),
           lambda row: row["equivalent"], unit="tce"),
    Column("completeness", gettext_lazy("Known share of the time"), lambda row: row["known"]),
    Column("verdict", gettext_lazy("Verdict"), lambda row: row["verdict"][0]),
)  # fmt: skip


@require_safe
def balance(request: HttpRequest, code: str) -> HttpResponse:
    """Show the balance of an enterprise over a month or any span."""
    firm = enterprise(request, code)
    span, error, found, site = span_of(request), "", None, None
    if not span.is_ahead:
        try:
            found = balances.of(firm, span)
            site = sites.of(found, span)
        except ModelError as problem:
            error = problem.message(language())
    rows = table(found) if found else []
    if request.GET.get("export") == "xlsx":
        return _export(request, firm, span, rows)
    item = request.GET.get("item", "")
    item = item if found and item in found.items else ""
    drawn, unknown = sankey.picture(found, item) if found else (None, [])
    return render(
        request,
        "energy/balance.html",
        {
            **shell(firm, span, "energy-balance"),
            "error": error,
            "balance": found,
            "rows": rows,
            "closing": _closing(found) if found else None,
            "site": site,
            "picture": drawn,
            "unknown": unknown,
            "item": item,
            "item_options": [("", _("all, in tce")), *(
                (key, figures.name_of(key)) for key in (found.items if found else ())
            )],
            "rests": [_told(found, one) for one in found.rests] if found else [],
            "never": [found.names.get(one, (one, "")) for one in found.never] if found else [],
            "unjudged": [figures.name_of(one.item) for one in found.own_rests
                         if one.verdict in ("not known", "no meters below")] if found else [],
        },
    )  # fmt: skip


def table(balance: EnergyBalance) -> list[dict[str, Any]]:
    """Return the rows of a balance in its order: in, converted, handed on, used, lost, the rest.

    Parameters
    ----------
    balance : EnergyBalance
        What flowed.

    Returns
    -------
    list of dict
        ``section`` (its words at its first row alone in ``head``), ``name``, ``item``, ``amount``,
        ``unit``, ``tce``, ``equivalent``, ``known``, ``verdict``.
    """
    conversions = balance.converters
    used = balance.of("used")
    generated = balance.generators
    final = [one for one in used if one.at not in conversions]
    rows = [
        *_flows(balance, "bought", balance.of("bought")),
        *_flows(balance, "made", generated),
    ]
    for one in balance.conversions:
        rows += _flows(balance, "converted", one.taken, pgettext("balance", "taken"))
        rows += _flows(balance, "converted", one.given, pgettext("balance", "given"))
    rows += _handed(balance, used)
    rows += _flows(balance, "used", final)
    unmetered = _flows(balance, "used", balance.unmetered)
    rows += [{**one, "name": _("without meters below"), "url": ""} for one in unmetered]
    rows += _flows(balance, "sold", balance.of("sold"))
    for one in balance.conversions:
        rows.append(
            {
                **_row(balance, "lost", one.node),
                "tce": one.loss_tce,
                "efficiency": one.efficiency,
                "known": None,
            }
        )
    rows += [_rest_row(balance, one) for one in balance.own_rests]
    last = ""
    for row in rows:
        row["head"], last = row["section"] != last, row["section"]
    return rows


def _row(balance: EnergyBalance, section: str, at: str) -> dict[str, Any]:
    name, url = balance.names.get(at, (at, ""))
    return {
        "section": str(SECTIONS[section]), "key": section, "name": name, "url": url, "item": "",
        "amount": None, "unit": "", "shown": None, "shown_unit": "", "tce": None,
        "equivalent": None, "known": None, "slots": None, "points": [], "verdict": ("", ""),
        "places": 0,
    }  # fmt: skip


def _measured(amount: float | None, unit: str) -> dict[str, Any]:
    divisor, shown_unit = figures.scale([amount], unit)
    shown = None if amount is None else amount / divisor
    return {
        "amount": amount, "unit": unit_words(unit), "shown": shown, "shown_unit": shown_unit,
        "places": figures.places([shown]),
    }  # fmt: skip


def _flows(
    balance: EnergyBalance, section: str, flows: Iterable[Flow], way: str = ""
) -> list[dict[str, Any]]:
    rows = []
    for one in flows:
        row = _row(balance, section, one.at)
        due = sum(one.slots)
        rows.append(
            {
                **row,
                **_measured(one.amount, one.unit),
                "name": f"{row['name']} · {way}" if way else row["name"],
                "item": figures.name_of(one.item),
                "tce": one.tce,
                "equivalent": one.equivalent_tce,
                "slots": one.slots,
                "known": 1 - one.slots[2] / due if due else None,
                "points": [
                    balance.names.get(point, (point, "")) for point in one.points if point != one.at
                ],
            }
        )
    return rows


def _handed(balance: EnergyBalance, used: list[Flow]) -> list[dict[str, Any]]:
    """Return one row per item: everything meters below took together."""
    rows = []
    for item in figures.order({one.item for one in used}):
        of = [one for one in used if one.item == item]
        slots = tuple(sum(one.slots[i] for one in of) for i in range(3))
        known = [one.amount for one in of if one.amount is not None]
        rows.append(
            {
                **_row(balance, "handed", balance.node),
                **_measured(sum(known) if known else None, of[0].unit),
                "name": _("%(count)d processes and meters") % {"count": len(of)},
                "url": "",
                "item": figures.name_of(item),
                "tce": _sum(one.tce for one in of),
                "equivalent": _sum(one.equivalent_tce for one in of),
                "slots": slots,
                "known": 1 - slots[2] / sum(slots) if sum(slots) else None,
            }
        )
    return rows


def _sum(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if known else None


def _rest_row(balance: EnergyBalance, one: Rest) -> dict[str, Any]:
    return {
        **_row(balance, "rest", one.node),
        **_measured(one.rest, one.unit),
        "item": figures.name_of(one.item),
        "tce": one.tce,
        "equivalent": one.equivalent_tce,
        "known": one.completeness,
        "share": one.share,
        "verdict": VERDICTS[one.verdict],
    }


def _told(balance: EnergyBalance, one: Rest) -> dict[str, Any]:
    """Return a rest with its supply, for the card of what is unexplained."""
    row = _rest_row(balance, one)
    divisor, _unit = figures.scale([one.supply], one.unit)
    shown = None if one.supply is None else one.supply / divisor
    rest = None if one.rest is None else one.rest / divisor
    return {
        **row,
        "supply": shown,
        "rest": rest,
        "shown_unit": _unit,
        "places": figures.places([shown]),
    }


def _closing(balance: EnergyBalance) -> dict[str, Any]:
    """Return both sides of the balance in tce; None where a part of a side is not known."""
    into = [*balance.of("bought"), *balance.generators]
    conversions = balance.converters
    out = [
        *balance.of("sold"),
        *(one for one in balance.of("used") if one.at not in conversions),
        *balance.unmetered,
    ]
    whole = all(one.is_whole for one in (*into, *out, *balance.of("made"), *balance.of("used")))
    rest = [one.tce for one in balance.own_rests]
    judged = all(
        one.tce is not None for one in balance.own_rests if one.verdict != "no meters below"
    )
    return {
        "into": _sum(one.tce for one in into),
        "used": _sum(one.tce for one in out),
        "lost": balance.loss_tce,
        "rest": _sum(rest),
        "whole": whole and judged and balance.loss_tce is not None,
    }


def _export(
    request: HttpRequest, firm: Organisation, span: Span, rows: list[dict[str, Any]]
) -> HttpResponse:
    title = _("Energy balance of %(name)s, %(span)s") % {"name": firm.name, "span": span.words}
    event = audit.record(
        "export.energy-balance", request=request, thing=firm, rows=len(rows), span=span.words
    )
    book = lists.workbook(title, COLUMNS, rows, event=event)
    return lists.attachment(book, f"{title}.xlsx")
