"""Metered energy of a scope: bars by hour, day or month, what it is made of, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.core import audit, lists
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.figures import unit as unit_words
from tanfeng.console.core.lists import Column
from tanfeng.console.core.templatetags.ui import changed_query
from tanfeng.console.energy import figures, scope, windows
from tanfeng.console.energy.figures import MEASURES, summed
from tanfeng.console.energy.scope import Scope
from tanfeng.console.energy.views.common import figures_as_of
from tanfeng.console.energy.windows import KINDS, Span
from tanfeng.console.metering import amounts
from tanfeng.errors import ModelError
from tanfeng.metering.frames import ENERGY

SPANS = {
    "day": pgettext_lazy("span", "day"),
    "month": pgettext_lazy("span", "month"),
    "year": pgettext_lazy("span", "year"),
}
#: A click on a bar opens the next narrower span.
NARROWER = {"year": "month", "month": "day"}
QUALITIES = {
    "measured": gettext_lazy("measured"),
    "estimated": gettext_lazy("estimated"),
    "partial": gettext_lazy("partly missing"),
    "missing": pgettext_lazy("energy", "missing"),
}
#: Parts drawn by name; the rest is one.
MOST_PARTS = 7
_SHAPES = {"hour": "%H:%M", "day": "%m-%d", "month": "%Y-%m"}
_KEYS = {"hour": "%Y-%m-%d", "day": "%Y-%m-%d", "month": "%Y-%m-%d"}
COLUMNS = (
    Column("name", gettext_lazy("Part"), lambda row: row["name"]),
    Column("item", gettext_lazy("Energy"), lambda row: row["item"]),
    Column("start", pgettext_lazy("period", "From"), lambda row: row["start"]),
    Column("amount", gettext_lazy("Amount"), lambda row: row["amount"]),
    Column("unit", gettext_lazy("Unit"), lambda row: row["unit"]),
    Column("calorific", gettext_lazy("Energy, calorific"),
           lambda row: row["energy_calorific_tce"], unit="tce"),
    Column("equivalent", gettext_lazy("Energy, equivalent"),
           lambda row: row["energy_equivalent_tce"], unit="tce"),
    Column("co2", gettext_lazy("CO₂"), lambda row: row["emission_tco2e"], unit="tCO₂"),
    Column("completeness", gettext_lazy("Known share of the time"),
           lambda row: row["completeness"]),
    Column("quality", gettext_lazy("Quality"), lambda row: QUALITIES[row["quality"]]),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the query decides the page, each checked."""

    kind: str
    span: Span
    measure: str
    split: str
    item: str

    @classmethod
    def of(cls, request: HttpRequest, now: datetime) -> Asked:
        """Read the query; what makes no sense is what is usual."""
        query = request.GET
        kind = query.get("span", "")
        kind = kind if kind in KINDS else "month"
        at = windows.read_day(query.get("at", "")) or windows.usual(now).last
        measure = query.get("measure", "")
        return cls(
            kind,
            windows.of_kind(kind, at, now),
            measure if measure in MEASURES else figures.DEFAULT,
            "part" if query.get("split") == "part" else "item",
            query.get("item", "")[:24],
        )


@require_safe
def energy(request: HttpRequest) -> HttpResponse:
    """Show what was metered in a scope of the person, and what it is made of."""
    asked, place = Asked.of(request, timezone.now()), scope.of(me(request), request.GET)
    error, frame = "", ENERGY.to_frame().with_columns(kind=pl.lit("node"))
    if not asked.span.is_ahead:
        try:
            frame = _frame(place, KINDS[asked.kind], asked.span)
        except ModelError as problem:
            error = problem.message(language())
    if request.GET.get("export") == "xlsx":
        return _export(request, place, asked, frame)
    if place.organisation is not None:
        audit.read_of(request, place.organisation, "energy.read")
    return render(request, "energy/energy.html", _context(request, place, asked, frame, error))


def _frame(place: Scope, by: windows.By, span: Span) -> pl.DataFrame:
    """Return what flowed into the scope and its parts in each period; ``kind`` node or point."""
    nodes = amounts.of_nodes(place.nodes, by, span.start, span.end)
    parts = [nodes.with_columns(kind=pl.lit("node"))]
    if place.points:
        points = amounts.of_points(place.points, by, span.start, span.end)
        parts.append(points.rename({"point": "node"}).with_columns(kind=pl.lit("point")))
    return pl.concat(parts)


def _context(
    request: HttpRequest, place: Scope, asked: Asked, frame: pl.DataFrame, error: str
) -> dict[str, Any]:
    whole = frame.filter(pl.col("kind") == "node", pl.col("node").is_in(place.nodes))
    items = figures.order(whole["item_key"])
    item = asked.item if asked.item in items else ""
    if asked.measure == "physical" and not item and items:
        item = items[0]
    shown = frame.filter(pl.col("item_key") == item) if item else frame
    total = _total(whole.filter(pl.col("item_key") == item) if item else whole)
    column = MEASURES[asked.measure].column
    parts = _parts(place, shown, column)
    charted = _charted(place, asked, shown, parts, request)
    before, after = (windows.beside(asked.kind, asked.span.first, step) for step in (-1, 1))
    return {
        "scope": place,
        "asked": asked,
        "error": error,
        "figures": figures_as_of(),
        "total": total,
        "value": total.get(column) if total else None,
        "unit": _unit(asked.measure, whole, item),
        "items": _items(whole, column, asked.measure),
        "item": item,
        "item_name": figures.name_of(item) if item else "",
        "item_options": [("", _("All")), *((key, figures.name_of(key)) for key in items)]
        if asked.measure != "physical"
        else [(key, figures.name_of(key)) for key in items],
        "measure_options": [(key, one.label) for key, one in MEASURES.items()],
        "measure_name": MEASURES[asked.measure].label,
        "spans": list(SPANS.items()),
        "splits": [("item", _("by energy")), ("part", _PART_WORDS[place.kind])],
        "part_words": _PART_WORDS[place.kind],
        "parts": Paginator(parts, lists.PER_PAGE).get_page(request.GET.get("page")),
        "parts_metered": sum(1 for one in parts if one["part"].kind != "point"),
        "chart": charted,
        "known": _known(whole, asked),
        "before": before,
        "after": after if after <= timezone.localdate() else None,
        "gates": _gates(place, asked.span, whole),
        "unvalued": [
            figures.name_of(key)
            for key in items
            if asked.measure != "physical"
            and summed(whole.filter(pl.col("item_key") == key), ["item_key"])[column][0] is None
            and summed(whole.filter(pl.col("item_key") == key), ["item_key"])["amount"][0]
            is not None
        ],
    }


def _gates(place: Scope, span: Span, whole: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what an enterprise bought with no meter at its gate; the sums count it as missing."""
    firm = place.organisation
    if firm is None or place.nodes != (firm.credit_code,) or not whole["amount"].has_nulls():
        return []
    found = amounts.bought_unmetered(firm.credit_code, span.start, span.end)
    return [
        {**row, "name": figures.name_of(row["item_key"]), "unit": unit_words(row["unit"])}
        for row in found.iter_rows(named=True)
    ]


_PART_WORDS = {
    "city": gettext_lazy("by county"),
    "county": gettext_lazy("by enterprise"),
    "park": gettext_lazy("by enterprise"),
    "firms": gettext_lazy("by enterprise"),
    "enterprise": gettext_lazy("by process"),
    "unit": gettext_lazy("by process"),
}


def _total(whole: pl.DataFrame) -> dict[str, Any]:
    """Return the sum over everything in the scope, empty where nothing was due."""
    if whole.is_empty():
        return {}
    return summed(whole.with_columns(all=pl.lit(1)), ["all"]).row(0, named=True)


def _unit(measure: str, whole: pl.DataFrame, item: str) -> str:
    if measure != "physical":
        return MEASURES[measure].unit
    found = whole.filter(pl.col("item_key") == item)
    return unit_words(found["unit"][0]) if found.height else ""


def _items(whole: pl.DataFrame, column: str, measure: str) -> list[dict[str, Any]]:
    """Return a row per item: physical amount and worth, with what is known of it."""
    if whole.is_empty():
        return []
    sums = {row["item_key"]: row for row in summed(whole, ["item_key"]).iter_rows(named=True)}
    rows = []
    for key in figures.order(sums):
        row = sums[key]
        divisor, unit = figures.scale([row["amount"]], row["unit"])
        rows.append(
            {
                **row,
                "key": key,
                "name": figures.name_of(key),
                "shown": None if row["amount"] is None else row["amount"] / divisor,
                "places": figures.places([(row["amount"] or 0.0) / divisor]),
                "shown_unit": unit,
            }
        )
    return rows


def _parts(place: Scope, shown: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return a row per part, the largest first; one of which nothing is known stays, as missing."""
    rows = []
    for kind in ("node", "point"):
        of = shown.filter(pl.col("kind") == kind)
        sums = {}
        if of.height:
            sums = {row["node"]: row for row in summed(of, ["node"]).iter_rows(named=True)}
        for part in place.parts:
            if (part.kind == "point") == (kind == "point") and part.key in sums:
                row = sums[part.key]
                rows.append({"part": part, "value": row[column], "row": row})
    # Processes first, then what meters the whole, then the points beside it.
    return sorted(
        rows,
        key=lambda one: (
            one["part"].kind == "point",
            not one["part"].is_main,
            one["value"] is None,
            -(one["value"] or 0.0),
        ),
    )


def _charted(
    place: Scope, asked: Asked, shown: pl.DataFrame, parts: list[dict[str, Any]],
    request: HttpRequest,
) -> dict[str, Any]:  # fmt: skip
    """Return the bars: a series per item, or per part with the smallest as one."""
    by, column = KINDS[asked.kind], MEASURES[asked.measure].column
    # What a node is made of says nothing of an enterprise's points: they meter the same again.
    nodes = shown.filter(pl.col("kind") == "node")
    if asked.split == "part":
        keys = [one["part"] for one in parts if one["part"].kind != "point"]
        names = {part.key: part.name for part in keys[:MOST_PARTS]}
        rest = _("others")
        drawn = nodes.filter(pl.col("node").is_in([part.key for part in keys])).with_columns(
            series=pl.when(pl.col("node").is_in(list(names))).then("node").otherwise(pl.lit(""))
        )
        if len(keys) > MOST_PARTS:
            names[""] = rest
        tints: dict[str, str] = {}
    else:
        drawn = nodes.filter(pl.col("node").is_in(place.nodes)).with_columns(series="item_key")
        present = figures.order(drawn["item_key"])
        names = {key: figures.name_of(key) for key in present}
        tints = figures.colours(present)
    starts = sorted(set(drawn["start"]))
    cells = {}
    if drawn.height:
        sums = summed(drawn, ["series", "start"])
        cells = {(row["series"], row["start"]): row[column] for row in sums.iter_rows(named=True)}
    divisor, unit = 1.0, MEASURES[asked.measure].unit
    if asked.measure == "physical" and drawn.height:
        divisor, unit = figures.scale(cells.values(), drawn["unit"][0])
    series = [
        {
            "key": tints.get(key, ""),
            "name": name,
            "values": [
                None if (value := cells.get((key, start))) is None else value / divisor
                for start in starts
            ],
        }
        for key, name in names.items()
    ]
    local = pl.Series(starts, dtype=ENERGY["start"]).dt.convert_time_zone("Asia/Shanghai")
    data: dict[str, Any] = {
        "x": local.dt.strftime(_SHAPES[by]).to_list(),
        "unit": unit,
        "places": figures.places(v for one in series for v in one["values"]),
        "mode": "bar",
        "series": series,
    }
    if asked.kind in NARROWER:
        link = changed_query(
            request, span=NARROWER[asked.kind], at="DAY", page=None, export=None
        )  # fmt: skip
        data |= {
            "keys": local.dt.strftime(_KEYS[by]).to_list(),
            "link": link.replace("DAY", "{x}"),
        }
    return data


def _known(whole: pl.DataFrame, asked: Asked) -> dict[str, Any] | None:
    """Return the quarter hours of each period by what is known of them, in percent of those due."""
    if whole.is_empty():
        return None
    sums = summed(whole, ["start"])
    local = sums["start"].dt.convert_time_zone("Asia/Shanghai")
    names = {
        "measured": _("Measured"),
        "estimated": _("Estimated"),
        "missing": _("Missing"),
    }
    return {
        "x": local.dt.strftime(_SHAPES[KINDS[asked.kind]]).to_list(),
        "unit": "%",
        "whole": 100,
        "places": 1,
        "mode": "bar",
        "series": [
            {
                "key": key,
                "name": name,
                "values": (100 * sums[f"slots_{key}"] / sums["slots_due"]).to_list(),
            }
            for key, name in names.items()
            if sums[f"slots_{key}"].sum() > 0
        ],
    }


def _export(request: HttpRequest, place: Scope, asked: Asked, frame: pl.DataFrame) -> HttpResponse:
    """Return the scope and its parts by period and item; what is missing stays empty."""
    names = {(one.kind == "point", one.key): one.name for one in place.parts}
    names |= {(False, key): place.name for key in place.nodes if len(place.nodes) == 1}
    if frame.height > lists.EXPORT_LIMIT:
        return lists.too_many(frame.height)
    rows = [
        {
            **row,
            "name": names[(row["kind"] == "point", row["node"])],
            "item": figures.name_of(row["item_key"]),
            "unit": unit_words(row["unit"]),
        }
        for row in frame.sort("kind", "node", "item_key", "start").iter_rows(named=True)
        if (row["kind"] == "point", row["node"]) in names
    ]
    title = _("Metered energy of %(name)s, %(span)s") % {
        "name": place.name,
        "span": asked.span.words,
    }
    event = audit.record(
        "export.energy", request=request, thing=place.organisation, rows=len(rows),
        scope=place.kind, span=asked.span.words,
    )  # fmt: skip
    book = lists.workbook(title, COLUMNS, rows, event=event)
    return lists.attachment(book, f"{title}.xlsx")
