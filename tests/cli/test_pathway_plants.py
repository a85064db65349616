"""``tanfeng pathway plants`` and ``curve``: a workbook in, choices and tonnes out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from pathway.plant_kit import PLAIN, facilities, options
from tanfeng.cli import _pathway_plants, main
from tanfeng.pathway.plants import Limits
from tanfeng.sheets.plant_book import PlantBook, write_plants

#: A mill that an arc furnace makes 1,500 t cleaner a year; a kiln another oil makes 20,000 yuan a
#: year cheaper and no cleaner.
BOOK = PlantBook(
    facilities(("mill", "steel", "bf", 2028, None), ("kiln", "glass", "oil", None, None)),
    options(
        ("mill", "bf", None, 0.0, 120e3, 10, 100e3, 2000.0, 0.0, 1000.0, 1000.0, False),
        ("mill", "eaf", None, 400e3, 300e3, 10, 160e3, 500.0, 0.0, 1000.0, 1000.0, True),
        ("kiln", "oil", None, 0.0, 0.0, 10, 50e3, 600.0, 0.0, 50.0, 50.0, True),
        ("kiln", "oil2", None, 0.0, 0.0, 10, 30e3, 600.0, 0.0, 50.0, 50.0, True),
    ),
    (2026, 2029),
    PLAIN,
    Limits(
        cap_tco2={2028: 1500.0, 2029: 1500.0},
        demand_t={("steel", year): 1000.0 for year in range(2026, 2030)},
    ),
)


def _run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["pathway", *map(str, words)])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "企业.xlsx"
    path.write_bytes(write_plants(BOOK))
    return path


def test_plants_as_json(file, capsys):
    """2 * 100,000 + 2 * 160,000 + 2 / 10 of 300,000 = 580,000; the kiln 4 * 30,000."""
    code, out, _ = _run(capsys, "plants", file, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["status"] == "optimal"
    assert told["cost_cny"] == pytest.approx(580e3 + 120e3)
    assert [(c["option"], c["year"], c["at"]) for c in told["choices"]] == [
        ("oil2", 2026, "switch"), ("eaf", 2028, "overhaul"),
    ]  # fmt: skip
    assert told["lacking"] == []
    code, out, _ = _run(capsys, "plants", file, "--json", "--shares", "--cap", "2028=1600")
    assert json.loads(out)["cost_cny"] < told["cost_cny"]


def test_a_person_reads_choices_and_years(file, tmp_path, capsys):
    out = tmp_path / "plan.xlsx"
    code, told, _ = _run(capsys, "plants", file, "--out", out, "--time-limit", 60, "--gap", 0)
    assert code == 0
    assert "总成本，折现 (元): 700,000" in told
    assert "大修时" in told
    assert load_workbook(out).sheetnames == ["改造选择", "年份", "运行份额", "缺口"]
    code, told, _ = _run(capsys, "plants", file, "--lang", "en")
    assert "cost, discounted (CNY): 700,000" in told
    assert "at an overhaul" in told


def test_what_is_lacking_is_told_in_words(file, capsys):
    """Steel and glass emit 1,100 t at the least; 2026 may have 500."""
    for command in ("plants", "curve"):
        code, told, _ = _run(capsys, command, file, "--cap", "2026=500")
        assert code == 1
        assert "状态: 无解" in told
        assert "2026 排放超过上限" in told or "2026 steel 产量不足" in told
        code, out, _ = _run(capsys, command, file, "--cap", "2026=500", "--json")
        assert code == 1
        assert json.loads(out)["lacking"]


def test_whole_facilities_that_do_not_fit_and_budgets(tmp_path, capsys):
    """Half of a furnace would do within the budget, a whole one would not."""
    path = tmp_path / "x.xlsx"
    tight = replace(BOOK.limits, cap_tco2={2027: 2300.0}, budget_cny={2026: 1e5, 2027: 1e5})
    path.write_bytes(write_plants(replace(BOOK, limits=tight)))
    code, told, _ = _run(capsys, "plants", path, "--lang", "en")
    assert code == 1
    assert "shares of facilities could keep to every limit" in told
    # The reline of 120,000 is due, and 1,000 a year may be spent: two years of it change two
    # quarters of a percent of the mill, which need none: 120,000 - 600 - 1,000 are lacking.
    poor = dict.fromkeys(range(2026, 2030), 1e3)
    none = replace(BOOK.limits, cap_tco2={}, budget_cny=poor)
    path.write_bytes(write_plants(replace(BOOK, limits=none)))
    code, told, _ = _run(capsys, "plants", path)
    assert code == 1
    assert "2028 投资超过预算 118,400 元" in told


def test_the_curve_adds_up(file, tmp_path, capsys):
    """3,000 t for 156,000 (see tests/pathway/test_curve.py), and 80,000 saved without a tonne."""
    out = tmp_path / "curve.xlsx"
    code, told, _ = _run(capsys, "curve", file, "--out", out)
    assert code == 0
    assert "52.00" in told
    assert "没有减排量的选择" in told
    assert "合计成本，折现 (元): 76,000" in told
    assert "方案与照旧之差 (元): 76,000" in told
    assert load_workbook(out).sheetnames == ["成本曲线", "无减排量", "年份", "逐年减排"]
    code, out, _ = _run(capsys, "curve", file, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["total"]["avoided_tco2"] == pytest.approx(3000.0)
    assert told["total"]["cost_cny"] + told["total"]["carbon_cny"] == pytest.approx(
        told["plan_cny"] - told["now_cny"]
    )
    assert sum(step["avoided_tco2"] for step in told["steps"]) == pytest.approx(3000.0)
    assert [one["option"] for one in told["apart"]] == ["oil2"]


def test_long_tables_are_cut(file, capsys, monkeypatch):
    monkeypatch.setattr(_pathway_plants, "_SHOWN", 1)
    _, _, err = _run(capsys, "plants", file)
    assert "另有 1 行" in err


def test_wrong_use_and_wrong_files(file, tmp_path, capsys):
    assert _run(capsys, "plants", file, "--cap", "2028:1")[0] == 2
    assert _run(capsys, "plants", file, "--cap", "2028=..")[0] == 2
    assert _run(capsys, "curve", file, "--out", "x.csv")[0] == 2
    code, _, err = _run(capsys, "plants", file, "--cap", "2050=1")
    assert (code, "2050" in err) == (2, True)
    empty = tmp_path / "empty.xlsx"
    code, *_ = _run(capsys, "template", empty, "--plants")
    assert code == 0
    code, _, err = _run(capsys, "plants", empty)
    assert code == 1
    assert "工作表 限制" in err
    code, out, _ = _run(capsys, "curve", empty, "--json")
    assert code == 1
    assert {one["rule"] for one in json.loads(out)["problems"]} == {"Y424", "Y432"}
