"""Columns and bars in print: where a value lies, below zero too."""

from __future__ import annotations

import re

import pytest

from tanfeng.reports import charts
from tanfeng.reports.charts import Series
from tanfeng.reports.pdf import svg_to_png

_RECT = re.compile(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="#a"')


def _rects(svg: str) -> list[tuple[float, ...]]:
    """Return the columns: every rectangle but the squares of the legend."""
    found = [tuple(map(float, one)) for one in _RECT.findall(svg)]
    return [one for one in found if one[2:] != (9.0, 9.0)]


def test_parts_below_zero_hang_under_the_line():
    # 300 over and 100 under: the axis runs from -200 to 400 in steps of 200 (1.08 x 400 / 4 = 108).
    svg = charts.stacked_columns(
        ["2024"], [Series("一", "#a", (300.0,)), Series("二", "#a", (-100.0,))], unit="t"
    )
    (_x, upper_y, _w, upper_h), (_x2, lower_y, _w2, lower_h) = _rects(svg)
    assert lower_y == pytest.approx(upper_y + upper_h, abs=0.11)  # they meet at zero
    assert lower_h == pytest.approx(upper_h / 3, rel=0.01)
    assert ">200<" in svg  # 300 - 100 stands over the column
    assert "−200<" in svg
    assert svg_to_png(svg)[:4] == b"\x89PNG"


def test_a_negative_column_grows_down_and_its_figure_stands_below():
    svg = charts.grouped_columns(["2023", "2024"], [Series("一", "#a", (100.0, -50.0))], unit="t")
    (_a, y_up, _b, up), (_c, y_down, _d, down) = _rects(svg)
    assert y_down == pytest.approx(y_up + up, abs=0.11)
    assert down == pytest.approx(up / 2, rel=0.01)


def test_columns_that_are_all_negative_and_none_at_all():
    svg = charts.grouped_columns(["2024"], [Series("一", "#a", (-80.0,))], unit="t")
    assert len(_rects(svg)) == 1
    empty = charts.grouped_columns(["2024"], [Series("一", "#a", (None,))], unit="t")
    assert not _rects(empty)
    assert "—" in empty


def test_a_bar_below_zero_ends_at_the_line_of_zero():
    svg = charts.bars(["甲", "乙"], [30.0, -10.0], [20.0, None], unit="t", before_name="上年")
    found = [
        tuple(map(float, one))
        for one in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="13"', svg)
    ]
    (zero, long), (start, short) = found
    assert start + short == pytest.approx(zero, abs=0.11)
    assert short == pytest.approx(long / 3, rel=0.01)
