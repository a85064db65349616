"""Two spans of an enterprise side by side."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import unit as unit_words
from tanfeng.console.core.lists import Column
from tanfeng.console.energy import comparison, figures, tariffs, windows
from tanfeng.console.energy.comparison import BASES, Change, Comparison
from tanfeng.console.energy.figures import MEASURES
from tanfeng.console.energy.views.common import enterprise, shell, span_of
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering.models import ProcessUnit
from tanfeng.errors import ModelError

BASIS_WORDS = {
    "month": gettext_lazy("same days of the month before"),
    "year": gettext_lazy("same days of the year before"),
    "span": gettext_lazy("as many days before"),
}
ALIGNS = {"day": gettext_lazy("day by day"), "week": gettext_lazy("hour of the week")}
_WEEK = (
    gettext_lazy("Mon"), gettext_lazy("Tue"), gettext_lazy("Wed"), gettext_lazy("Thu"),
    gettext_lazy("Fri"), gettext_lazy("Sat"), gettext_lazy("Sun"),
)  # fmt: skip
COLUMNS = (
    Column("name", gettext_lazy("Part"), lambda row: row["name"]),
    Column("item", gettext_lazy("Energy"), lambda row: row["item"]),
    Column("measure", gettext_lazy("Counted in"), lambda row: row["measure"]),
    Column("unit", gettext_lazy("Unit"), lambda row: row["unit"]),
    Column("now", gettext_lazy("This span"), lambda row: row["now"]),
    Column("before", pgettext_lazy("span", "Compared with"), lambda row: row["before"]),
    Column("difference", gettext_lazy("Difference"), lambda row: row["difference"]),
    Column("change", pgettext_lazy("span", "Change"), lambda row: row["change"]),
    Column("known_now", gettext_lazy("Known share of this span"), lambda row: row["known"][0]),
    Column("known_before", gettext_lazy("Known share of the other"), lambda row: row["known"][1]),
)


@require_safe
def compare(request: HttpRequest, code: str) -> HttpResponse:
    """Show an enterprise over two spans, aligned by day or by hour of the week."""
    firm = enterprise(request, code)
    span, now = span_of(request), timezone.now()
    basis = request.GET.get("basis", "")
    other = windows.asked(request.GET, now, "other_")
    basis = basis if basis in BASES else ("" if other else "month")
    before = comparison.base_of(span, basis) if basis else other
    assert before is not None  # noqa: S101 - without a basis there is another span
    names = _names(firm)
    there = set(tariffs.below(firm.credit_code))
    parts = [node for node in names if node in there]
    measure = request.GET.get("measure", "")
    measure = measure if measure in MEASURES else figures.DEFAULT
    align: comparison.Align = "week" if request.GET.get("align") == "week" else "day"
    found, error, frames = None, "", None
    if not span.is_ahead and not before.is_ahead:
        try:
            frames = comparison.frames(firm.credit_code, parts, align, span, before)
            found = comparison.of(firm.credit_code, parts, frames, (span, before))
        except ModelError as problem:
            error = problem.message(language())
    if request.GET.get("export") == "xlsx":
        return _export(request, firm, (span, before), found, names)
    items = [one.item for one in found.items] if found else []
    item = request.GET.get("item", "")
    item = item if item in items else (items[0] if measure == "physical" and items else "")
    shown = _shown(found, item)
    return render(
        request,
        "energy/compare.html",
        {
            **shell(firm, span, "energy-compare"),
            "error": error,
            "found": found,
            "before": before,
            "basis": basis,
            "bases": list(BASIS_WORDS.items()),
            "measure": measure,
            "measures": [(key, one.label) for key, one in MEASURES.items()],
            "align": align,
            "aligns": list(ALIGNS.items()),
            "item": item,
            "item_name": figures.name_of(item) if item else "",
            "item_options": [
                *([("", _("All"))] if measure != "physical" else []),
                *((key, figures.name_of(key)) for key in items),
            ],
            "head": _row(shown, measure, names, found) if shown and found else None,
            "rows": _rows(found, measure, names) if found else [],
            "chart": _chart(
                comparison.aligned(
                    frames, (span, before), node=firm.credit_code,
                    column=MEASURES[measure].column, item=item, align=align,
                ),
                (span, before), align, shown, measure,
            ) if shown and frames else None,
            "is_longer": span.days != before.days,
        },
    )  # fmt: skip


def _names(firm: Organisation) -> dict[str, tuple[str, str]]:
    """Return what the enterprise and its processes are called, and where they open."""
    here = reverse("energy")
    units = ProcessUnit.objects.filter(organisation=firm, parent=None).order_by("pk")
    return {firm.credit_code: (firm.name, f"{here}?org={firm.credit_code}")} | {
        one.node: (one.name, f"{here}?unit={one.pk}") for one in units
    }


def _shown(found: Comparison | None, item: str) -> Change | None:
    if found is None:
        return None
    if not item:
        return found.whole
    return next((one for one in found.items if one.item == item), None)


def _rows(
    found: Comparison, measure: str, names: dict[str, tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return the rows of the table: items of the enterprise, then processes."""
    return [
        {**_row(one, measure, names, found), "group": group}
        for group, some in (("item", found.items), ("part", found.parts))
        for one in some
    ]


def _row(
    one: Change, measure: str, names: dict[str, tuple[str, str]], found: Comparison
) -> dict[str, Any]:
    column, unit = MEASURES[measure].column, MEASURES[measure].unit
    now, before = one.value(column)
    divisor = 1.0
    if measure == "physical":
        divisor, unit = figures.scale([now, before], (one.now or one.before).get("unit", ""))
    now, before = (None if x is None else x / divisor for x in (now, before))
    name, url = names.get(one.node, (one.node, ""))
    return {
        "name": name,
        "url": url,
        "item": figures.name_of(one.item) if one.item else _("All"),
        "now": now,
        "before": before,
        "difference": None if now is None or before is None else now - before,
        "change": one.change(column),
        "known": one.known(),
        "is_sound": one.is_sound(found.least.value),
        "unit": unit,
        "places": figures.places([now, before]),
    }


def _chart(
    series: pl.DataFrame, spans: tuple[Span, Span], align: str, shown: Change, measure: str
) -> dict[str, Any]:
    divisor, unit = 1.0, MEASURES[measure].unit
    if measure == "physical":
        of = (shown.now or shown.before).get("unit", "")
        divisor, unit = figures.scale([*series["now"], *series["before"]], of)
    if align == "week":
        x = [f"{_WEEK[at // 24]} {at % 24:02d}:00" for at in series["at"]]
    else:
        x = [str(at + 1) for at in series["at"]]
    return {
        "x": x,
        "unit": f"{unit}/h" if align == "week" else unit,
        "places": figures.places([x for x in series["now"] if x is not None]),
        "series": [
            {"key": key, "name": name, "values": (series[of] / divisor).to_list(), "dashed": dashed}
            for key, name, of, dashed in (
                ("brand", spans[0].words, "now", False),
                ("other", spans[1].words, "before", True),
            )
        ],
    }


def _export(
    request: HttpRequest, firm: Organisation, spans: tuple[Span, Span], found: Comparison | None,
    names: dict[str, tuple[str, str]],
) -> HttpResponse:  # fmt: skip
    """Return every item and process in every measure."""
    rows = []
    for one in (found.whole, *found.items, *found.parts) if found else ():
        for key, measure in MEASURES.items():
            if key == "physical" and not one.item:
                continue
            now, before = one.value(measure.column)
            stored = (one.now or one.before).get("unit", "")
            rows.append(
                {
                    "name": names.get(one.node, (one.node, ""))[0],
                    "item": figures.name_of(one.item) if one.item else _("All"),
                    "measure": measure.label,
                    "unit": measure.unit or unit_words(stored),
                    "now": now,
                    "before": before,
                    "difference": None if now is None or before is None else now - before,
                    "change": one.change(measure.column),
                    "known": one.known(),
                }
            )
    words = {"name": firm.name, "span": spans[0].words, "other": spans[1].words}
    title = _("Energy of %(name)s, %(span)s against %(other)s") % words
    event = audit.record(
        "export.energy-compare",
        request=request,
        thing=firm,
        rows=len(rows),
        span=words["span"],
        other=words["other"],
    )
    book = lists.workbook(title, COLUMNS, rows, event=event)
    return lists.attachment(book, f"{title}.xlsx")
