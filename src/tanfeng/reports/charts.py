"""Charts for print as SVG: stacked columns by year, and bars by place with last year's mark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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
    """Draw one column per label, the series stacked from zero up and down, totals on top.

    Parameters
    ----------
    labels : sequence of str
        Names below the columns.
    series : sequence of Series
        Parts of the columns, the nearest to zero first; below zero they hang under the line.
    unit : str
        Unit of the values, printed over the axis.
    height : float
        Height of the drawing. [px]
    """
    parts_of = [[one.values[i] or 0.0 for one in series] for i in range(len(labels))]
    over = [sum(value for value in values if value > 0) for values in parts_of]
    under = [sum(value for value in values if value < 0) for values in parts_of]
    legend_rows = math.ceil(len(series) / 4)
    left, right, upper, lower = 52.0, 8.0, 26.0, 26.0 + 18.0 * legend_rows
    axis = _axis([*over, *under], upper, height - lower)
    slot = (WIDTH - left - right) / max(len(labels), 1)
    column = min(slot * 0.56, 64.0)
    parts = [_text(0, 12, unit, SOFT, 10), *_grid(axis, left, WIDTH - right)]
    for i, label in enumerate(labels):
        x, ends = left + slot * (i + 0.5), {True: 0.0, False: 0.0}
        for one, value in zip(series, parts_of[i], strict=True):
            if value:
                begun = ends[value > 0]
                ends[value > 0] += value
                parts.append(
                    _column(axis, x - column / 2, column, (begun, ends[value > 0]), one.colour)
                )
        total = grouped(sum(parts_of[i]), axis.places)
        parts.append(_text(x, axis.at(over[i]) - 5, total, INK, 11, "middle"))
        parts.append(_text(x, height - lower + 16, label, SOFT, 11, "middle"))
    parts += _legend(series, left, height - lower + 36)
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
    left, right, upper, lower = 52.0, 8.0, 26.0, 26.0 + 18.0 * math.ceil(len(series) / 4)
    axis = _axis(known, upper, height - lower)
    slot = (WIDTH - left - right) / max(len(labels), 1)
    column = min(slot * 0.72 / max(len(series), 1), 44.0)
    parts = [_text(0, 12, unit, SOFT, 10), *_grid(axis, left, WIDTH - right)]
    for i, label in enumerate(labels):
        middle = left + slot * (i + 0.5)
        for k, one in enumerate(series):
            value = one.values[i]
            x = middle + (k - len(series) / 2) * column
            if value:
                parts.append(_column(axis, x + 1, column - 2, (0.0, value), one.colour))
            at = axis.at(value) + 10 if value and value < 0 else axis.at(value or 0.0) - 4
            parts.append(_text(x + column / 2, at, grouped(value), INK, 8.5, "middle"))
        parts.append(_text(middle, height - lower + 16, label, SOFT, 11, "middle"))
    parts += _legend(series, left, height - lower + 36)
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
    axis = _axis(known, WIDTH - right, left)
    parts = [
        _text(left, 12, unit, SOFT, 10),
        f'<path d="M{WIDTH - 76:.1f} 3v11" stroke="{INK}" stroke-width="2"/>',
        _text(WIDTH - 70, 12, before_name, SOFT, 10),
    ]
    for i, (label, value, old) in enumerate(zip(labels, values, before, strict=True)):
        y, end = upper + row * i, axis.at(0.0)
        parts.append(_text(left - 8, y + 12, label, INK, 11, "end"))
        if value is not None:
            low, high = sorted((axis.at(0.0), axis.at(value)))
            end = high
            parts.append(
                f'<rect x="{low:.1f}" y="{y + 2:.1f}" width="{high - low:.1f}" height="13" rx="2" '
                f'fill="{BRAND}"/>'
            )
        if old is not None:
            x = axis.at(old)
            parts.append(f'<path d="M{x:.1f} {y:.1f}v17" stroke="{INK}" stroke-width="2"/>')
            end = max(end, x)
        parts.append(_text(end + 6, y + 12, grouped(value, axis.places), INK, 11))
    return _svg(parts, height)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Round ends of an axis that holds zero, the step of its grid, and where it lies in px."""

    low: float
    high: float
    step: float
    at_high: float
    at_low: float

    def at(self, value: float) -> float:
        """Return where a value lies, in px."""
        return self.at_high + (self.at_low - self.at_high) * (self.high - value) / (
            self.high - self.low
        )

    @property
    def places(self) -> int:
        """Decimals of the values drawn."""
        return _places(max(self.high, -self.low))


def _axis(values: Iterable[float], at_high: float, at_low: float) -> _Axis:
    """Return an axis with room for the values and for the figures beyond their ends."""
    known = (0.0, *values)
    least, most = min(known) * 1.08, max(known) * 1.08
    if most == least:
        return _Axis(0.0, 1.0, 0.5, at_high, at_low)
    rough = (most - least) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n for n in (1, 2, 2.5, 5, 10) if n * power >= rough) * power
    ends = math.floor(least / step) * step, math.ceil(most / step) * step
    return _Axis(*ends, step, at_high, at_low)


def _places(top: float) -> int:
    return 0 if top >= 100 else 1 if top >= 10 else 2


def _grid(axis: _Axis, left: float, right: float) -> list[str]:
    lines = []
    for n in range(round(axis.low / axis.step), round(axis.high / axis.step) + 1):
        at, value = axis.at(n * axis.step), n * axis.step
        colour = SOFT if n == 0 and axis.low < 0 else LINE
        lines.append(f'<path d="M{left} {at:.1f}H{right:.1f}" stroke="{colour}"/>')
        lines.append(
            _text(left - 6, at + 4, grouped(value, _places(axis.step * 10)), SOFT, 10, "end")
        )
    return lines


def _column(axis: _Axis, x: float, width: float, ends: tuple[float, float], colour: str) -> str:
    """Return a column between two values."""
    upper, lower = axis.at(max(ends)), axis.at(min(ends))
    return (
        f'<rect x="{x:.1f}" y="{upper:.1f}" width="{width:.1f}" height="{lower - upper:.2f}" '
        f'fill="{colour}"/>'
    )


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
