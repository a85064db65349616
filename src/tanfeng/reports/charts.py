"""Charts for print as SVG: stacked columns by year, and bars by place with last year's mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tanfeng.reports.document import grouped

INK, SOFT, LINE, BRAND = "#17211c", "#55635b", "#e3e7e3", "#0f6b4f"
FONT = "Noto Sans SC"
WIDTH = 640.0


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of values with its colour; None is no data."""

    name: str
    colour: str
    values: tuple[float | None, ...]


def stacked_columns(
    labels: Sequence[str], series: Sequence[Series], *, unit: str, height: float = 260.0
) -> str:
    """Draw one column per label, the series stacked from the axis up, totals on top.

    Parameters
    ----------
    labels : sequence of str
        Names below the columns.
    series : sequence of Series
        Parts of the columns, lowest first; values not negative.
    unit : str
        Unit of the values, printed over the axis.
    height : float
        Height of the drawing. [px]
    """
    totals = [sum(s.values[i] or 0.0 for s in series) for i in range(len(labels))]
    top, step = _axis(max(totals, default=0.0))
    legend_rows = math.ceil(len(series) / 4)
    left, right, upper, lower = 52.0, 8.0, 26.0, 26.0 + 18.0 * legend_rows
    plot = height - upper - lower
    slot = (WIDTH - left - right) / max(len(labels), 1)
    column = min(slot * 0.56, 64.0)

    def y(value: float) -> float:
        return upper + plot * (1 - value / top)

    parts = [_text(0, 12, unit, SOFT, 10), *_grid(top, step, y, left, WIDTH - right)]
    for i, label in enumerate(labels):
        x, base = left + slot * (i + 0.5), 0.0
        for one in series:
            value = one.values[i] or 0.0
            if value > 0:
                parts.append(
                    f'<rect x="{x - column / 2:.1f}" y="{y(base + value):.1f}" '
                    f'width="{column:.1f}" height="{y(base) - y(base + value):.2f}" '
                    f'fill="{one.colour}"/>'
                )
            base += value
        parts.append(
            _text(x, y(totals[i]) - 5, grouped(totals[i], _places(top)), INK, 11, "middle")
        )
        parts.append(_text(x, upper + plot + 16, label, SOFT, 11, "middle"))
    parts += _legend(series, left, upper + plot + 36)
    return _svg(parts, height)


def grouped_columns(
    labels: Sequence[str], series: Sequence[Series], *, unit: str, height: float = 260.0
) -> str:
    """Draw the series side by side over each label; what is not known is a dash, not a column.

    Parameters
    ----------
    labels : sequence of str
        Names below the columns.
    series : sequence of Series
        Columns of a group, left to right.
    unit : str
        Unit of the values, printed over the axis.
    height : float
        Height of the drawing. [px]
    """
    known = [value for one in series for value in one.values if value is not None]
    top, step = _axis(max(known, default=0.0))
    left, right, upper, lower = 52.0, 8.0, 26.0, 26.0 + 18.0 * math.ceil(len(series) / 4)
    plot = height - upper - lower
    slot = (WIDTH - left - right) / max(len(labels), 1)
    column = min(slot * 0.72 / max(len(series), 1), 44.0)

    def y(value: float) -> float:
        return upper + plot * (1 - value / top)

    parts = [_text(0, 12, unit, SOFT, 10), *_grid(top, step, y, left, WIDTH - right)]
    for i, label in enumerate(labels):
        middle = left + slot * (i + 0.5)
        for k, one in enumerate(series):
            value = one.values[i]
            x = middle + (k - len(series) / 2) * column
            if value is not None and value > 0:
                parts.append(
                    f'<rect x="{x + 1:.1f}" y="{y(value):.1f}" width="{column - 2:.1f}" '
                    f'height="{y(0) - y(value):.2f}" fill="{one.colour}"/>'
                )
            at = y(max(value or 0.0, 0.0)) - 4
            parts.append(_text(x + column / 2, at, grouped(value), INK, 8.5, "middle"))
        parts.append(_text(middle, upper + plot + 16, label, SOFT, 11, "middle"))
    parts += _legend(series, left, upper + plot + 36)
    return _svg(parts, height)


def bars(
    labels: Sequence[str],
    values: Sequence[float | None],
    before: Sequence[float | None],
    *,
    unit: str,
    before_name: str,
) -> str:
    """Draw one horizontal bar per label with a mark where last year ended.

    Parameters
    ----------
    labels : sequence of str
        Names left of the bars.
    values, before : sequence of float or None
        This year's and last year's values; None is no data and draws a dash.
    unit, before_name : str
        Printed over the bars.
    """
    row, upper, left, right = 21.0, 24.0, 92.0, 84.0
    height = upper + row * len(labels) + 6
    known = [v for v in (*values, *before) if v is not None]
    top, _ = _axis(max(known, default=0.0))
    scale = (WIDTH - left - right) / top
    parts = [
        _text(left, 12, unit, SOFT, 10),
        f'<path d="M{WIDTH - 76:.1f} 3v11" stroke="{INK}" stroke-width="2"/>',
        _text(WIDTH - 70, 12, before_name, SOFT, 10),
    ]
    for i, (label, value, old) in enumerate(zip(labels, values, before, strict=True)):
        y = upper + row * i
        parts.append(_text(left - 8, y + 12, label, INK, 11, "end"))
        end = left
        if value is not None:
            end = left + max(value, 0.0) * scale
            parts.append(
                f'<rect x="{left}" y="{y + 2:.1f}" width="{end - left:.1f}" height="13" rx="2" '
                f'fill="{BRAND}"/>'
            )
        if old is not None:
            x = left + max(old, 0.0) * scale
            parts.append(f'<path d="M{x:.1f} {y:.1f}v17" stroke="{INK}" stroke-width="2"/>')
            end = max(end, x)
        parts.append(_text(end + 6, y + 12, grouped(value, _places(top)), INK, 11))
    return _svg(parts, height)


def _axis(largest: float) -> tuple[float, float]:
    """Return a round end of the axis above the largest value, and the step of its grid."""
    if largest <= 0:
        return 1.0, 0.5
    rough = largest * 1.08 / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n for n in (1, 2, 2.5, 5, 10) if n * power >= rough) * power
    return math.ceil(largest * 1.08 / step) * step, step


def _places(top: float) -> int:
    return 0 if top >= 100 else 1 if top >= 10 else 2


def _grid(
    top: float, step: float, y: Callable[[float], float], left: float, right: float
) -> list[str]:
    lines = []
    for n in range(round(top / step) + 1):
        at = y(n * step)
        lines.append(f'<path d="M{left} {at:.1f}H{right:.1f}" stroke="{LINE}"/>')
        lines.append(
            _text(left - 6, at + 4, grouped(n * step, _places(step * 10)), SOFT, 10, "end")
        )
    return lines


def _legend(series: Sequence[Series], left: float, y: float) -> list[str]:
    parts = []
    for i, one in enumerate(series):
        x = left + (i % 4) * (WIDTH - left - 8.0) / 4
        row = y + 18 * (i // 4)
        parts.append(
            f'<rect x="{x:.1f}" y="{row - 8:.1f}" width="9" height="9" fill="{one.colour}"/>'
        )
        parts.append(_text(x + 14, row, one.name, SOFT, 10.5))
    return parts


def _text(x: float, y: float, text: str, colour: str, size: float, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _svg(parts: Sequence[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH:.0f} {height:.0f}" font-family="{FONT}">{"".join(parts)}</svg>'
    )
