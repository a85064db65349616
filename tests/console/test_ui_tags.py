"""The tags of the pages, the picture helpers and the contrast of the style sheets."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template, engines
from django.test import RequestFactory
from django.utils import translation

import tanfeng.console
from tanfeng.console.core import figures, picture
from tanfeng.console.core.templatetags import ui

CONSOLE = Path(tanfeng.console.__file__).parent
SPACE = "\u00a0"


def render(source: str, *, path: str = "/list/", lang: str = "en", **context: Any) -> str:
    request = RequestFactory().get(path)
    with translation.override("en" if lang == "en" else "zh-hans"):
        return Template("{% load i18n ui %}" + source).render(
            Context({"request": request, **context})
        )


# Numbers


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (3412.4, 0, f"3{SPACE}412"),
        (1234567.25, 1, f"1{SPACE}234{SPACE}567.2"),  # 25 to the even neighbour, GB/T 8170 3.2
        (0.125, 2, "0.12"),
        (0.135, 2, "0.14"),  # exactly five after an odd digit goes up to the even one
        (-1.5, 0, "\u22122"),
        (-0.04, 1, "0.0"),  # no minus before a zero
        (950, -2, "1\u00a0000"),  # 9.5 hundreds to the even 10
        ("12.5", 0, "12"),
        (None, 0, "—"),
        (float("nan"), 0, "—"),
        (float("inf"), 0, "—"),
        ("", 0, "—"),
        ("n/a", 0, "—"),
        (True, 0, "—"),
    ],
)
def test_plain_number(value: Any, places: int, shown: str) -> None:
    assert figures.plain(value, places) == shown


def test_wan_divides_by_ten_thousand() -> None:
    # 34 120 499 / 10 000 = 3 412.0499 -> 3 412.0
    assert figures.wan(34_120_499) == f"3{SPACE}412.0"
    assert figures.wan(None) == "—"
    assert "万 tCO₂" in render('{% wan 34120499 0 "tCO₂" %}', lang="zh")
    assert "10⁴ tCO₂" in render('{% wan 34120499 0 "tCO₂" %}')


def test_percent_of_a_share() -> None:
    assert figures.percent(0.7105) == "71.0%"  # 71.05 to the even neighbour
    assert figures.percent(None) == "—"
    assert ">71.0%<" in render("{% percent 0.7105 %}")


def test_missing_number_says_so() -> None:
    for tag in ("num", "wan", "percent"):
        html = render(f"{{% {tag} value %}}", value=None)
        assert 'title="no data"' in html
        assert "0" not in html


@pytest.mark.parametrize(
    ("share", "en", "zh"),
    [
        (-0.018, "down 1.8%", "降 1.8%"),
        (0.006, "up 0.6%", "升 0.6%"),
        (0.0004, "unchanged", "持平"),
        (None, "—", "—"),
    ],
)
def test_change_in_words(share: float | None, en: str, zh: str) -> None:
    with translation.override("en"):
        assert figures.change_words(share) == en
    with translation.override("zh-hans"):
        assert figures.change_words(share) == zh


@pytest.mark.parametrize(
    ("good", "new", "old", "kind", "arrow"),
    [
        ("down", 98.0, 100.0, "good", "▼"),
        ("down", 103.0, 100.0, "bad", "▲"),
        ("up", 103.0, 100.0, "good", "▲"),
        ("none", 103.0, 100.0, "flat", "▲"),
    ],
)
def test_delta_colour_and_arrow(good: str, new: float, old: float, kind: str, arrow: str) -> None:
    html = render("{% delta new old good=good %}", new=new, old=old, good=good)
    assert f'class="delta {kind}"' in html
    assert arrow in html
    assert f"{abs(new - old):.1f}%" in html


def test_delta_without_a_base() -> None:
    for old in (None, 0):
        assert "no earlier value" in render("{% delta 5 old %}", old=old)
    assert "unchanged" in render("{% delta 100.001 100 %}")


# Bars


def test_trust_divides_by_the_sum() -> None:
    # 50 + 30 + 15 + 5 = 100: widths 50, 30, 15, 5 and starts 0, 50, 80, 95
    html = render("{% trust 50 30 15 5 %}")
    boxes = re.findall(r'<rect x="([\d.]+)%" width="([\d.]+)%"', html)
    assert boxes == [("0.00", "50.00"), ("50.00", "30.00"), ("80.00", "15.00"), ("95.00", "5.00")]
    assert "Missing <b>5%</b>" in html


def test_trust_names_a_trace_and_hides_a_nought() -> None:
    html = render("{% trust 999 1 0 None %}")
    assert "Measured <b>&gt;99%</b>" in html
    assert "Reported <b>&lt;1%</b>" in html
    assert "Estimated" not in html
    assert "no data" in render("{% trust None None None %}")


def test_trust_without_words_keeps_them_for_readers() -> None:
    html = render("{% trust 1 1 0 words=False %}")
    assert 'aria-label="Measured 50% · Reported 50%"' in html


def test_bar_is_cut_at_its_ends_and_hatched_without_data() -> None:
    assert 'width="100.00%"' in render("{% bar 1.4 %}")
    assert "f-missing" in render("{% bar None %}")


def test_spark_leaves_a_gap() -> None:
    html = render("{% spark values %}", values=[1, 2, None, 4])
    assert html.count("M") == 2
    assert "no data" in render("{% spark values %}", values=[1, None])


# Marks


@pytest.mark.parametrize(
    ("confidence", "unverified", "verified"),
    [
        ("recalled", "To be verified", "To be verified"),
        ("single", "To be verified", "To be verified"),
        ("confirmed", "", "Verified"),
        ("override", "", "Set by the city"),
        ("", "", ""),
        (None, "", ""),
    ],
)
def test_confidence_marks(confidence: str | None, unverified: str, verified: str) -> None:
    for tag, expected in (("unverified", unverified), ("verified", verified)):
        html = render(f"{{% {tag} confidence %}}", confidence=confidence)
        assert (f">{expected}<" in html) if expected else html == ""


def test_icon_is_known_or_a_dot() -> None:
    assert "icons.svg#upload" in render('{% icon "upload" %}')
    assert "icons.svg#circle" in render('{% icon "nonsense" %}')
    assert 'aria-label="Upload"' in render('{% icon "upload" label="Upload" %}')


def test_values_are_escaped() -> None:
    attack = '"><script>alert(1)</script>'
    sources = (
        "{% pill attack %}",
        "{% empty attack attack attack attack %}",
        "{% crumb attack attack %}",
        '{% th "x" attack %}',
        "{% sector_dot attack %}",
        "{% icon attack label=attack %}",
        "{% problems found %}",
        "{% sheet preview %}",
        '{% chart "bars" data title=attack id="c" %}',
        "{% map areas caption=attack %}",
        '{% seg options attack "p" %}',
    )
    found = [{"row": 1, "column": attack, "message_en": attack, "value": attack, "rule": attack}]
    preview = {
        "columns": ["A"],
        "headings": {"A": attack},
        "rows": [{"number": 1, "kind": "data", "cells": [{"text": attack, "note": attack}]}],
    }
    data = {"x": [attack], "series": [{"key": attack, "name": attack, "values": [1]}]}
    areas = [{"name": attack, "value_text": attack, "url": attack, "x": 0, "y": 0, "level": 1}]
    for source in sources:
        html = render(
            source,
            attack=attack,
            found=found,
            preview=preview,
            data={**data, "link": f"/{attack}", "unit": attack},
            areas=areas,
            options=[(attack, attack)],
        )
        assert "<script>alert" not in html, source


# Lists


def test_query_changes_and_removes() -> None:
    html = render("{% query page=2 q=None %}", path="/list/?q=a&year=2024&page=9")
    assert html == "?year=2024&amp;page=2"


def test_sort_turns_round() -> None:
    first = render('{% th "name" "Name" %}', path="/list/?page=3")
    assert 'href="?sort=name"' in first
    assert "aria-sort" not in first
    again = render('{% th "name" "Name" numeric=True %}', path="/list/?sort=name")
    assert 'href="?sort=-name"' in again
    assert 'aria-sort="ascending"' in again
    assert 'class="n"' in again
    back = render('{% th "name" "Name" %}', sort="-name")
    assert 'aria-sort="descending"' in back


def test_pages_say_where_we_are() -> None:
    page = Paginator(range(612), 25).page(3)
    html = render("{% pages page %}", page=page, path="/list/?q=x&page=3")
    assert "51 to 75 of 612" in html
    assert 'href="?q=x&amp;page=2"' in html
    assert 'aria-current="page">3<' in html
    zh = render("{% pages page %}", page=page, lang="zh")
    assert "第 51–75 条，共 612 条" in zh
    assert "No rows" in render("{% pages page %}", page=Paginator([], 25).page(1))


def test_switch_keeps_the_other_filters() -> None:
    html = render(
        '{% seg options "2024" "year" %}',
        path="/list/?place=350181&page=4&year=2023",
        options=[(2023, "2023"), (2024, "2024")],
    )
    assert 'href="?place=350181&amp;year=2024" aria-current="true"' in html
    assert "page=4" not in html


def test_export_keeps_filters() -> None:
    html = render("{% export_button %}", path="/list/?year=2024&page=4")
    assert 'href="?year=2024&amp;export=xlsx"' in html


class _Form(forms.Form):
    name = forms.CharField(label="Name", help_text="As registered")
    tick = forms.BooleanField(label="Tick", required=False)
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A")], widget=forms.RadioSelect)
    file = forms.FileField(label="File")

    def clean(self) -> None:
        raise forms.ValidationError("Whole form wrong")


def test_fields_show_label_help_and_errors() -> None:
    form = _Form({"name": ""})
    html = render(
        "{% form_errors form %}{% field form.name %}{% field form.tick %}{% field form.kind %}"
        "{% file_drop form.file %}",
        form=form,
    )
    assert "Whole form wrong" in html
    assert '<label for="id_name">Name' in html
    assert "As registered" in html
    assert 'aria-invalid="true"' in html
    assert html.count("This field is required.") == 3
    assert "<legend>Kind</legend>" in html
    assert 'class="field check"' in html
    assert "data-file-drop" in html
    assert 'data-limit-bytes="20971520"' in html  # 20 MiB


# Pictures


DATA = {
    "x": ["2023", "2024"],
    "unit": "t",
    "places": 1,
    "series": [
        {"key": "steel", "name": "Steel", "values": [1234.56, None]},
        {"key": "a b", "name": "Other", "values": [0.25]},
    ],
    "link": "/inventory/?year={x}&sector={key}",
}


def test_chart_carries_its_numbers_as_a_table() -> None:
    html = render('{% chart "stack" data title="By sector" sub="how" id="c1" %}', data=DATA)
    assert 'data-chart="stack" data-values="c1-data"' in html
    assert '<script id="c1-data" type="application/json">' in html
    assert "t · how" in html
    assert f'href="/inventory/?year=2023&amp;sector=steel">1{SPACE}234.6<' in html
    assert "sector=a%20b" in html
    assert '<td class="n">—</td>' in html


@pytest.mark.parametrize(
    "data", [None, {}, {"x": ["1"], "series": []}, {"x": ["1"], "series": [{"values": [None]}]}]
)
def test_chart_without_data_says_what_next(data: Any) -> None:
    html = render('{% chart "line" data %}', data=data)
    assert "No data yet" in html
    assert "data-chart" not in html


def test_levels_are_classes_of_equal_number() -> None:
    # ten values 1..10 in five classes of two
    found, labels = picture.levels([*map(float, range(1, 11)), None])
    assert found == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, None]
    assert labels == ["1.0–2.0", "3.0–4.0", "5.0–6.0", "7.0–8.0", "9.0–10.0"]
    assert picture.levels([None]) == ([None], [])
    assert picture.levels([7.0, 7.0]) == ([0, 0], ["7.00"])
    assert picture.levels([150.0, 0.0], places=0)[1] == ["0", "150"]


def test_changes_are_falls_and_rises() -> None:
    # 0.04 % is no change; 5 % is the first strong one.
    found, steps = picture.change_levels([-6.7, -4.9, 0.04, 0.05, 5.0, None])
    assert found == ["down-2", "down-1", "same", "up-1", "up-2", None]
    assert [key for key, _words in steps] == ["down-2", "down-1", "same", "up-1", "up-2"]
    assert steps[0][1] == "降 5% 及以上"
    assert picture.change_levels([None]) == ([None], [])


@pytest.mark.parametrize(
    ("stored", "zh", "en"),
    [
        ("tce/1e4 m3", "tce/万 m³", "tce/10⁴ m³"),
        ("1e4 kWh", "万 kWh", "10⁴ kWh"),
        ("tCO2", "tCO₂", "tCO₂"),
        ("date", "日期", "date"),
        ("", "", ""),
    ],
)
def test_units_are_printed_for_people(stored: str, zh: str, en: str) -> None:
    assert render("{{ stored|unit }}", stored=stored, lang="zh") == zh
    assert render("{{ stored|unit }}", stored=stored) == en


def test_tiles_become_pixels() -> None:
    # column 1 starts at 72 + 6; two tiles wide = 72 * 2 + 6
    shapes, box = picture.tiles(
        [{"x": 0, "y": 0, "width": 1}, {"x": 1, "y": 1, "width": 2, "height": None}]
    )
    assert (shapes[1]["px"], shapes[1]["py"], shapes[1]["pw"]) == (78.0, 52.0, 150.0)
    assert box == "-2 -2 232 102"
    # fourteen letters of 7.2 px do not fit between the edges of a tile, three characters do
    [long, short], _box = picture.tiles([{"name": "High-tech Zone"}, {"name": "高新区"}])
    assert (long["squeeze"], short["squeeze"]) == (64.0, None)
    assert picture.tiles([]) == ([], "0 0 1 1")


def test_geometry_is_projected_and_labelled() -> None:
    # two squares of one degree at the equator: equal width and height, north up
    square = [[0, -0.5], [1, -0.5], [1, 0.5], [0, 0.5], [0, -0.5]]
    small = [[1.5, 0], [1.6, 0], [1.6, 0.1], [1.5, 0.1], [1.5, 0]]
    geometry = {"type": "MultiPolygon", "coordinates": [[small], [square]]}
    east = {"type": "Polygon", "coordinates": [[[x + 1, y] for x, y in square]]}
    box, paths = picture.geo_paths({"a": geometry, "b": east}, width=200)
    assert box == "0 0 200 100"
    path, x, y = paths["a"]
    assert (x, y) == (50.0, 50.0)  # middle of the larger part
    assert path.startswith("M150 50L160 50")
    assert path.count("Z") == 2
    assert picture.geo_paths({}) == ("0 0 1 1", {})
    with pytest.raises(ValueError, match="Point"):
        picture.geo_paths({"a": {"type": "Point", "coordinates": [0, 0]}})


def test_map_has_tiles_or_shapes() -> None:
    tile = {"name": "A", "x": 0, "y": 0, "level": None, "value_text": "—", "url": "/a"}
    html = render("{% map areas legend=legend %}", areas=[tile], legend={"steps": [(0, "1–2")]})
    assert 'class="area l-none"' in html
    assert "Schematic picture" in html
    assert "no data" in html
    shape = {**tile, "path": "M0 0L1 1Z", "label_x": 1, "label_y": 2, "level": 3}
    html = render('{% map areas caption="Source" %}', areas=[shape])
    assert 'd="M0 0L1 1Z"' in html
    assert "Source" in html
    assert "Schematic" not in html


def test_names_of_neighbours_move_apart() -> None:
    # three names of 33 px at nearly one place, one far to the right
    areas = [
        {"name": "鼓楼区", "path": "M0 0Z", "label_x": 100.0, "label_y": 50.0},
        {"name": "台江区", "path": "M0 0Z", "label_x": 104.0, "label_y": 53.0},
        {"name": "仓山区", "path": "M0 0Z", "label_x": 102.0, "label_y": 58.0},
        {"name": "长乐区", "path": "M0 0Z", "label_x": 160.0, "label_y": 53.0},
        {"name": "高新区", "label_x": 0, "label_y": 0},
    ]
    ys = [area["label_y"] for area in picture.spread_labels(areas)]
    assert ys[1] - ys[0] == pytest.approx(13.0, abs=0.3)
    assert ys[2] - ys[1] == pytest.approx(13.0, abs=0.3)
    assert ys[3:] == [53.0, 0]
    assert areas[0]["label_y"] == 50.0


def test_problem_list_speaks_the_language_and_links_the_cell() -> None:
    from tanfeng.errors import Problem

    found = [
        Problem(
            "S008", "error", "太大", "too large", "改小", "make it smaller", row=17, column="G"
        ),
        {"rule": "S001", "severity": "info", "message_zh": "提示", "message_en": "told"},
        {"rule": "S002", "severity": "warning", "message_en": "odd", "row": 3, "fix_url": "/fix"},
    ]
    english = render("{% problems found %}", found=found, csrf_token="t")
    assert 'href="#cell-G17"' in english
    assert "too large" in english
    assert "太大" not in english
    assert "Whole file" in english
    assert 'href="#row-3"' in english
    assert 'action="/fix"' in english
    chinese = render("{% problems found %}", found=found, lang="zh")
    assert "太大" in chinese
    assert "改小" in chinese


def test_sheet_preview_marks_cells() -> None:
    preview = {
        "columns": ["A", "B"],
        "headings": {"A": "Name"},
        "rows": [
            {"number": 1, "kind": "head", "cells": [{"text": "名称"}, {"text": ""}]},
            {"kind": "gap", "reason": "12 rows without a finding"},
            {
                "number": 14,
                "kind": "data",
                "cells": [
                    {"text": "x", "level": "error", "note": "wrong", "id": "cell-A14"},
                    {"text": "y"},
                ],
            },
        ],
    }
    html = render("{% sheet preview %}", preview=preview)
    assert '<td class="error" id="cell-A14" tabindex="-1" title="wrong">x' in html
    assert "12 rows without a finding" in html
    assert 'class="unmapped"' in html


def test_words_for_the_scripts() -> None:
    assert '"noData": "no data"' in render("{% ui_words %}")


def test_first_pages_for_the_phone() -> None:
    assert ui.first_entries([("a", [1, 2]), ("b", [3, 4, 5])], 4) == [1, 2, 3, 4]


# What the content policy forbids, in every template of the console


def _templates() -> list[Path]:
    return sorted(CONSOLE.glob("**/templates/**/*.html"))


@pytest.mark.parametrize("path", _templates(), ids=lambda path: path.name)
def test_nothing_inline(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", source)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source)
    assert "<style" not in source
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", source)
    engines["django"].from_string(source)


# Contrast


def _tokens() -> dict[str, dict[str, str]]:
    css = (CONSOLE / "static/css/tokens.css").read_text(encoding="utf-8")
    light, dark, *_rest = (
        dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block))
        for block in re.findall(r"\{([^{}]*)\}", css)
    )
    assert set(dark) == set(light), "the dark set has the same roles"
    return {"light": light, "dark": dark}


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2, 1.4.3."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT_PAIRS = [
    *((text, ground) for text in ("ink", "ink-2", "ink-3", "brand", "good", "late", "bad", "note")
      for ground in ("panel", "ground", "inset")),
    *((kind, f"{kind}-soft") for kind in ("good", "late", "bad", "note", "brand")),
    ("ink", "brand-soft"),
    ("ink-2", "muted-soft"),
    ("ink-3", "muted-soft"),
    ("ink-3", "late-soft"),
    ("on-brand", "brand-fill"),
    ("on-brand", "brand-strong"),
    ("on-bad", "bad-fill"),
    ("on-l-low", "l-0"),
    ("on-l-low", "l-1"),
    ("on-l-low", "l-2"),
    ("on-l-high", "l-3"),
    ("on-l-high", "l-4"),
]  # fmt: skip


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme: str) -> None:
    tokens = _tokens()[theme]
    weak = {
        pair: round(contrast(tokens[pair[0]], tokens[pair[1]]), 2)
        for pair in TEXT_PAIRS
        if contrast(tokens[pair[0]], tokens[pair[1]]) < 4.5
    }
    assert not weak


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_can_be_seen(theme: str) -> None:
    """Series, fills, control borders and the focus ring: 3 to 1 against the card (1.4.11)."""
    tokens = _tokens()[theme]
    names = [name for name in tokens if name.startswith("s-") or name.endswith("-fill")]
    weak = {
        name: round(contrast(tokens[name], tokens["panel"]), 2)
        for name in (*names, "control", "focus", "measured", "reported", "estimated")
        if contrast(tokens[name], tokens["panel"]) < 3.0
    }
    assert not weak


def test_a_moment_is_printed_in_local_time_like_the_filter_of_the_framework() -> None:
    at = datetime(2026, 3, 4, 22, 5, 59, tzinfo=UTC)  # 06:05 of the next day in the city
    page = Template(
        "{% load ui %}{{ at|moment }}|{{ at|moment:True }}|{{ none|moment|default:'—' }}"
    )
    shown = page.render(Context({"at": at, "none": None}))
    assert shown == "2026-03-05 06:05|2026-03-05 06:05:59|—"
    own = Template('{{ at|date:"Y-m-d H:i" }}').render(Context({"at": at}))
    assert shown.startswith(f"{own}|")
