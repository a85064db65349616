"""Draw how far the rows of a table can be trusted."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tanfeng.console.core import figures

register = template.Library()


@register.simple_tag
def confidence_bar(confirmed: int, single: int, recalled: int, words: bool = True) -> SafeString:
    """Draw confirmed, single-source and recalled rows as one bar, with the counts as words.

    Parameters
    ----------
    confirmed, single, recalled : int
        Numbers of rows.
    words : bool
        Print the legend under the bar; else it is the tooltip.
    """
    whole = confirmed + single + recalled
    parts = (
        (_("Two sources agree"), confirmed, "measured"),
        (_("One source"), single, "estimated"),
        (_("From memory"), recalled, "missing"),
    )
    boxes, start = [], 0.0
    for _name, number, kind in parts:
        share = number / whole * 100 if whole else 0.0
        if number:
            boxes.append((f"{start:.2f}%", f"{share:.2f}%", kind))
        start += share
    bar = format_html(
        '<svg class="bar" aria-hidden="true" focusable="false">{}</svg>',
        format_html_join("", '<rect x="{}" width="{}" height="100%" class="f-{}"/>', boxes),
    )
    shown = [(kind, name, figures.plain(number)) for name, number, kind in parts if number]
    text = " · ".join(f"{name} {number}" for _kind, name, number in shown)
    if not words:
        return format_html(
            '<span class="trust inline" role="img" aria-label="{}" title="{}">{}</span>',
            text,
            text,
            bar,
        )
    legend = format_html_join(
        "", '<span><i class="key f-{}" aria-hidden="true"></i>{} <b>{}</b></span>', shown
    )
    return format_html('<span class="trust">{}<span class="words">{}</span></span>', bar, legend)
