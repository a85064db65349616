"""The words and marks of the pages: numbers, trust bars, lists, forms and pictures.

Every tag prints markup without inline style or script, because the content policy allows none;
widths are SVG attributes. Sizes and colours live in ``static/css``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, Form, RadioSelect
from django.http import HttpRequest, QueryDict
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tanfeng.console.core import figures, picture

register = template.Library()

_SPRITE = Path(__file__).parents[2] / "static" / "img" / "icons.svg"
_EMPTY = SafeString("")
#: Confidence of a standards row -> kind of pill, label, why.
_UNVERIFIED = ("recalled", "single")


# Numbers


def _none() -> SafeString:
    return format_html('<span class="none" title="{}">{}</span>', _("no data"), figures.NONE)


def _with_unit(text: str, unit: str) -> SafeString:
    return format_html('<span class="num">{}</span>{}', text, _unit(unit))


def _unit(unit: str) -> SafeString:
    return format_html(" <small>{}</small>", unit) if unit else _EMPTY


# As plain text, for sentences.
register.filter("num", figures.plain)
register.filter("wan", figures.wan)
register.filter("percent", figures.percent)
register.filter("change", figures.change_words)
register.filter("unit", figures.unit)
register.filter("moment", figures.moment, expects_localtime=True)


@register.simple_tag
def num(value: Any, places: int = 0, unit: str = "") -> SafeString:
    """Print a number rounded by GB/T 8170, or a dash that says there is no data."""
    if figures.number(value) is None:
        return _none()
    return _with_unit(figures.plain(value, places), unit)


def wan_unit(unit: str) -> str:
    """Return the unit of a number counted in ten thousands, such as ``万 tCO₂``."""
    return _("10⁴ %(unit)s") % {"unit": unit} if unit else ""


@register.simple_tag
def wan(value: Any, places: int = 1, unit: str = "") -> SafeString:
    """Print a number divided by ten thousand, with ``万`` before the unit when one is given."""
    if figures.number(value) is None:
        return _none()
    return _with_unit(figures.wan(value, places), wan_unit(unit))


@register.simple_tag
def percent(share: Any, places: int = 1) -> SafeString:
    """Print a share (0 to 1) as a percentage."""
    if figures.number(share) is None:
        return _none()
    return format_html('<span class="num">{}</span>', figures.percent(share, places))


@register.simple_tag
def change(share: Any, good: str = "down", places: int = 1) -> SafeString:
    """Print a change as arrow, percentage and hidden word; colour never speaks alone.

    Parameters
    ----------
    share : number or None
        new / old - 1. [1]
    good : {"down", "up", "none"}
        Which direction is welcome.
    places : int
        Decimal places of the percentage.
    """
    found = figures.number(share)
    if found is None:
        return format_html(
            '<span class="none" title="{}">{}</span>', _("no earlier value"), figures.NONE
        )
    rounded = figures.rounded_percent(found, places)
    if rounded == 0:
        return format_html('<span class="delta flat">{}</span>', pgettext("change", "unchanged"))
    direction = "up" if rounded > 0 else "down"
    kind = "flat" if good == "none" else "good" if direction == good else "bad"
    return format_html(
        '<span class="delta {}"><span aria-hidden="true">{}</span>'
        '<span class="vh">{}</span> {}%</span>',
        kind,
        "▲" if direction == "up" else "▼",
        _("up") if direction == "up" else _("down"),
        figures.plain(abs(found) * 100.0, places),
    )


@register.simple_tag
def delta(new: Any, old: Any, good: str = "down", places: int = 1) -> SafeString:
    """Print the change from ``old`` to ``new``; see :func:`change`."""
    return change(figures.share_of_change(new, old), good, places)


# Bars and small pictures


def _segments(parts: Sequence[tuple[str, float]]) -> SafeString:
    """Draw parts of a whole (shares adding up to at most 1) as one SVG bar."""
    boxes: list[tuple[str, str, str]] = []
    start = 0.0
    for kind, share in parts:
        if share > 0:
            boxes.append((f"{start * 100:.2f}%", f"{share * 100:.2f}%", kind))
        start += share
    return format_html(
        '<svg class="bar" aria-hidden="true" focusable="false">{}</svg>',
        format_html_join("", '<rect x="{}" width="{}" height="100%" class="f-{}"/>', boxes),
    )


def _short_percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else figures.percent(share, 0)


@register.simple_tag
def trust(
    measured: Any, reported: Any, estimated: Any, missing: Any = None, words: bool = True
) -> SafeString:
    """Draw how much of a total is measured, reported, estimated and missing.

    The four amounts are in one unit and are divided by their sum; None counts as none of it.
    """
    given = [figures.number(value) or 0.0 for value in (measured, reported, estimated, missing)]
    whole = sum(given)
    if whole <= 0:
        return format_html('<span class="trust"><span class="muted">{}</span></span>', _("no data"))
    names = (_("Measured"), _("Reported"), _("Estimated"), _("Missing"))
    kinds = ("measured", "reported", "estimated", "missing")
    shares = [value / whole for value in given]
    shown = [
        (kind, name, _short_percent(share))
        for kind, name, share in zip(kinds, names, shares, strict=True)
        if share > 0
    ]
    bar = _segments(list(zip(kinds, shares, strict=True)))
    if not words:
        text = " · ".join(f"{name} {share}" for _kind, name, share in shown)
        return format_html(
            '<span class="trust inline" title="{}" role="img" aria-label="{}">{}</span>',
            text,
            text,
            bar,
        )
    legend = format_html_join(
        "", '<span><i class="lk f-{}" aria-hidden="true"></i>{} <b>{}</b></span>', shown
    )
    return format_html('<span class="trust">{}<span class="words">{}</span></span>', bar, legend)


@register.simple_tag
def bar(share: Any, kind: str = "brand", label: str = "") -> SafeString:
    """Draw one share (0 to 1) as a bar; a missing share is hatched."""
    found = figures.number(share)
    if found is None:
        parts, text = [("missing", 1.0)], label or _("no data")
    else:
        parts, text = [(kind, min(max(found, 0.0), 1.0))], label or figures.percent(found, 0)
    return format_html(
        '<span class="meter" role="img" aria-label="{}" title="{}">{}</span>',
        text,
        text,
        _segments(parts),
    )


@register.simple_tag
def spark(values: Iterable[Any], label: str = "") -> SafeString:
    """Draw a row of numbers as a small line; a missing number is a gap."""
    numbers = [figures.number(value) for value in values]
    known = [value for value in numbers if value is not None]
    if len(known) < 2:
        return _none()
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = 96.0 / (len(numbers) - 1)
    path, pen = [], "M"
    for index, value in enumerate(numbers):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{2 + index * step:.1f} {20 - (value - low) / span * 16:.1f}")
        pen = "L"
    return format_html(
        '<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{}"><path d="{}"/></svg>',
        label or _("trend"),
        " ".join(path),
    )


@register.simple_tag
def sector_dot(key: str) -> SafeString:
    """Draw the dot of a sector; the same sector has the same colour everywhere."""
    return format_html('<i class="dot s-{}" aria-hidden="true"></i>', key)


# Marks


@register.simple_tag
def pill(text: Any, kind: str = "muted", title: str = "") -> SafeString:
    """Print a small rounded label."""
    if not title:
        return format_html('<span class="pill {}">{}</span>', kind, text)
    return format_html('<span class="pill {}" title="{}">{}</span>', kind, title, text)


@register.simple_tag
def unverified(confidence: str | None) -> SafeString:
    """Mark a value whose basis nobody has checked; print nothing for a checked one."""
    if confidence == "recalled":
        why = _("From memory of the document; nobody has checked it against the text yet")
    elif confidence == "single":
        why = _("Found in one source only; not yet checked against the document")
    else:
        return _EMPTY
    return pill(_("To be verified"), "late", why)


@register.simple_tag
def verified(confidence: str | None) -> SafeString:
    """Mark every value: to be verified, verified, or set by the city itself."""
    if confidence in _UNVERIFIED:
        return unverified(confidence)
    if confidence == "override":
        return pill(_("Set by the city"), "note", _("A value the city verified and entered itself"))
    if confidence == "confirmed":
        return pill(_("Verified"), "good", _("Checked against the document"))
    return _EMPTY


@register.simple_tag
def demo_mark() -> SafeString:
    """Print the mark of demonstration data."""
    return format_html(
        '<span class="pill demo" title="{}">{}</span>',
        _("Invented enterprises and numbers, generated for demonstration"),
        _("Demonstration data"),
    )


@cache
def icon_names() -> frozenset[str]:
    """Return the names in the icon sprite."""
    return frozenset(re.findall(r'<symbol id="([a-z-]+)"', _SPRITE.read_text(encoding="utf-8")))


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """Draw an icon; give it a label when no text stands beside it."""
    return _icon(name, str(label), size)


@lru_cache(maxsize=1024)
def _icon(name: str, label: str, size: str) -> SafeString:
    """Write an icon once: a page draws some fifty of them."""
    known = name if name in icon_names() else "circle"
    attributes = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="icon{}" focusable="false" {}><use href="{}#{}"/></svg>',
        f" {size}" if size else "",
        attributes,
        static("img/icons.svg"),
        known,
    )


# Lists


def _request(context: Context) -> HttpRequest | None:
    request = context.get("request")
    return request if isinstance(request, HttpRequest) else None


def changed_query(request: HttpRequest | None, **changes: Any) -> str:
    """Return the current query with some parameters changed; None takes one out."""
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """Print the current query with some parameters changed."""
    return changed_query(_request(context), **changes)


def _sort_state(context: Context, field: str) -> tuple[str, str]:
    """Return how the list is sorted by ``field`` now, and what a click asks for."""
    request = _request(context)
    current = str(context.get("sort") or (request.GET.get("sort", "") if request else ""))
    if current == field:
        return "ascending", f"-{field}"
    if current == f"-{field}":
        return "descending", field
    return "", field


@register.simple_tag(takes_context=True)
def sort(context: Context, field: str, label: Any) -> SafeString:
    """Print a link that sorts the list by ``field``, and back at the second click."""
    state, wanted = _sort_state(context, field)
    symbol = {"ascending": "sort-up", "descending": "sort-down"}.get(state, "sort")
    return format_html(
        '<a class="sort{}" href="{}" title="{}">{}{}</a>',
        " on" if state else "",
        changed_query(_request(context), sort=wanted, page=None, export=None),
        _("Sort"),
        capfirst(str(label)),
        icon(symbol),
    )


@register.simple_tag(takes_context=True)
def th(context: Context, field: str, label: Any, numeric: bool = False) -> SafeString:
    """Print a sortable column head."""
    state, _wanted = _sort_state(context, field)
    return format_html(
        '<th scope="col"{}{}>{}</th>',
        mark_safe(' class="n"') if numeric else "",
        format_html(' aria-sort="{}"', state) if state else "",
        sort(context, field, label),
    )


@register.inclusion_tag("ui/_pages.html", takes_context=True)
def pages(context: Context, page_obj: Page[Any]) -> dict[str, Any]:
    """Print "26 to 50 of 612" and the links to other pages."""
    request = _request(context)
    links: list[dict[str, Any]] = []
    if page_obj.paginator.num_pages > 1:
        for number in page_obj.paginator.get_elided_page_range(
            page_obj.number, on_each_side=1, on_ends=1
        ):
            is_number = isinstance(number, int)
            links.append(
                {
                    "number": number,
                    "url": changed_query(request, page=number, export=None) if is_number else "",
                    "current": number == page_obj.number,
                }
            )
    step = {
        name: changed_query(request, page=number, export=None) if there else ""
        for name, there, number in (
            ("previous", page_obj.has_previous(), page_obj.number - 1),
            ("next", page_obj.has_next(), page_obj.number + 1),
        )
    }
    return {"page": page_obj, "links": links, **step}


@register.inclusion_tag("ui/_seg.html", takes_context=True)
def seg(
    context: Context, options: Iterable[tuple[Any, Any]], current: Any, param: str, label: str = ""
) -> dict[str, Any]:
    """Print a segmented switch of links; the other filters stay as they are."""
    request = _request(context)
    return {
        "label": label,
        "options": [
            {
                "label": text,
                "url": changed_query(request, **{param: value, "page": None, "export": None}),
                "current": str(value) == str(current),
            }
            for value, text in options
        ],
    }


@register.inclusion_tag("ui/_export.html", takes_context=True)
def export_button(context: Context, label: str = "") -> dict[str, Any]:
    """Print the link that exports this list, filters included."""
    return {"url": changed_query(_request(context), export="xlsx", page=None), "label": label}


@register.inclusion_tag("ui/_empty.html")
def empty(title: str, hint: str = "", url: str = "", label: str = "") -> dict[str, str]:
    """Print what stands in place of an empty list, with the next step."""
    return {"title": title, "hint": hint, "url": url, "label": label}


@register.filter
def first_entries(navigation: Iterable[tuple[Any, Sequence[Any]]], count: int) -> list[Any]:
    """Return the first pages of the side bar, for the bar at the foot of a phone."""
    return [entry for _group, entries in navigation for entry in entries][:count]


@register.simple_tag
def crumb(label: Any, url: str = "") -> SafeString:
    """Print one step of the way back; the last one has no address."""
    if url:
        return format_html('<li><a href="{}">{}</a></li>', url, label)
    return format_html('<li aria-current="page">{}</li>', label)


# Forms


@register.inclusion_tag("ui/_field.html")
def field(bound: BoundField, label: str = "") -> dict[str, Any]:
    """Print a form field with label, help and errors."""
    widget = bound.field.widget
    attributes: dict[str, str | bool] = {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    many = isinstance(widget, (CheckboxSelectMultiple, RadioSelect))
    return {
        "field": bound,
        "label": label or bound.label,
        "widget": bound.as_widget(attrs=attributes),
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": many,
    }


@register.inclusion_tag("ui/_form_errors.html")
def form_errors(form: Form) -> dict[str, Any]:
    """Print what is wrong with the form as a whole."""
    return {"errors": form.non_field_errors() if form is not None else ()}


@register.inclusion_tag("ui/_file_drop.html")
def file_drop(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """Print a file field as a place to drop a file; without script it is a plain field."""
    return {
        "field": bound,
        "widget": bound.as_widget(
            attrs={"class": "file-input", "data-limit-bytes": str(settings.UPLOAD_LIMIT_BYTES)}
        ),
        "hint": hint,
    }


# Pictures


@register.inclusion_tag("ui/_chart.html")
def chart(
    kind: str, data: Any, title: str = "", sub: str = "", height: str = "m", id: str = ""
) -> dict[str, Any]:
    """Print a chart, its numbers as JSON, and the same numbers as a table behind it.

    Parameters
    ----------
    kind : {"stack", "bars", "line", "band", "waterfall", "sankey"}
        How it is drawn.
    data : dict or None
        Columns; see ``docs/reference/design.md``.
    title, sub : str
        What it shows; unit and how to read it.
    height : {"s", "m", "l"}
        180, 260 or 340 px.
    id : str
        Identifier of the element, once per page.
    """
    filled = picture.has_data(data)
    name = id or f"chart-{kind}"
    heads, rows = picture.chart_table(data) if filled else ([], [])
    unit = str(data.get("unit", "")) if filled else ""
    return {
        "kind": kind,
        "id": name,
        "title": title,
        "sub": " · ".join(part for part in (unit if unit not in sub else "", sub) if part),
        "height": height,
        "filled": filled,
        "json": json_script(data, f"{name}-data") if filled else "",
        "heads": heads,
        "rows": rows,
        "unit": unit,
    }


@register.inclusion_tag("ui/map.html", name="map")
def area_map(
    areas: Sequence[Mapping[str, Any]],
    caption: str = "",
    legend: Mapping[str, Any] | None = None,
    view_box: str = "",
    label: str = "",
) -> dict[str, Any]:
    """Draw the areas as tiles, or as the shapes of an imported map."""
    has_paths = any(area.get("path") for area in areas)
    if has_paths:
        shapes, box = picture.spread_labels(areas), view_box or "0 0 420 420"
    else:
        shapes, box = picture.tiles(areas)
    return {
        "areas": shapes,
        "view_box": box,
        "has_paths": has_paths,
        "caption": caption,
        "legend": legend,
        "label": label,
        "has_missing": any(area.get("level") is None for area in areas),
    }


@register.simple_tag
def formula(mathml: str) -> SafeString:
    """Frame a formula; the engine made the MathML from a checked syntax tree."""
    return mark_safe(f'<div class="formula">{mathml}</div>')  # noqa: S308 - see docstring


@register.inclusion_tag("ui/_problems.html")
def problems(found: Iterable[Any], fix_label: str = "") -> dict[str, Any]:
    """Print findings with place, value, rule, what is wrong and what to do."""
    return {"problems": picture.problem_rows(found), "fix_label": fix_label}


@register.inclusion_tag("ui/_sheet.html")
def sheet(preview: Mapping[str, Any]) -> dict[str, Any]:
    """Print the uploaded sheet as the person knows it, bad cells marked."""
    return {
        "columns": [
            {"letter": letter, "heading": preview.get("headings", {}).get(letter, "")}
            for letter in preview.get("columns", ())
        ],
        "rows": preview.get("rows", ()),
    }


@register.simple_tag
def ui_words() -> SafeString:
    """Print the words the browser scripts need, in the language of the page."""
    return json_script(
        {
            "noData": _("no data"),
            "total": _("Total"),
            "confirm": _("Are you sure?"),
            "copied": _("Copied"),
            "chartFailed": _("The picture could not be drawn; the table below has its numbers."),
            "fileTooLarge": _("This file is larger than %s MB and will be refused."),
            "cutAxis": _("axis does not start at zero"),
        },
        "ui-words",
    )
