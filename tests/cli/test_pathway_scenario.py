"""``tanfeng pathway scenario``: files in, files out."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook

from pathway.scenario_kit import TEXT
from tanfeng.cli import main
from tanfeng.pathway import iamc


def _run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["pathway", *map(str, words)])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "情景.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_json_tells_everything(file, capsys):
    code, out, _ = _run(capsys, "scenario", file, "--json", "--draws", 64, "--before", 2031)
    assert code == 0
    told = json.loads(out)
    assert told["boundary"] == "direct"
    assert told["before"] == 2031
    base, strong = told["scenarios"]
    assert (base["key"], strong["name"]) == ("base", "强化")
    assert base["peak_year"] is None  # the rest of the city doubles twice
    assert base["probability"] == 0
    assert base["draws"] == 64
    assert len(base["convergence"]) == 16
    assert base["years"] == list(range(2020, 2031))
    assert {row["variable"] for row in strong["sensitivity"]} == {
        "steel.output",
        "steel.recycling_share",
    }
    assert base["backtest"] == []
    written = [row for row in strong["provenance"] if row["written"] == "*0.9"]
    assert written[0]["heading"] == "strong.steel.output.2030"


def test_a_person_reads_one_table(file, tmp_path, capsys):
    out = tmp_path / "out.xlsx"
    code, told, _ = _run(
        capsys, "scenario", file, "--draws", 32, "--scenario", "base", "--out", out
    )
    assert code == 0
    assert "2030 年前达峰概率" in told
    assert "历史过短" in told
    assert "steel.output 100%" in told
    book = load_workbook(out)
    assert book.sheetnames == [
        "排放带", "分部门排放", "达峰概率", "达峰年分布", "回测", "数据来源", "敏感性",
    ]  # fmt: skip


def test_another_team_reads_an_iamc_table(file, tmp_path, capsys):
    out = tmp_path / "out.csv"
    code, *_ = _run(capsys, "scenario", file, "--draws", 32, "--out", out, "--region", "福州")
    assert code == 0
    found = iamc.read_csv(out.read_text(encoding="utf-8"))
    assert set(found["scenario"]) == {"base", "strong"}
    assert set(found["region"]) == {"福州"}
    assert "Emissions|CO2|Industry|P95" in set(found["variable"])


def test_a_history_is_tested_back(tmp_path, capsys):
    """Standing still misses a rise of one a year by 0.93 % one year ahead, in five forecasts.

    (5 * 0.93 + 4 * 1.85 + 3 * 2.75 + 2 * 3.65 + 1 * 4.55) / 15 = 2.1 %.
    """
    values = ", ".join(f"{year} = {100 + year - 2010}" for year in range(2010, 2021))
    file = tmp_path / "a.toml"
    file.write_text(
        "[a]\nfirst_year = 2010\nlast_year = 2022\nhistory_until = 2020\n"
        f'[a.x]\nemission = {{ unit = "tCO2", {values}, 2022 = 90 }}\n',
        encoding="utf-8",
    )
    code, told, _ = _run(capsys, "scenario", file, "--draws", 16, "--lang", "en")
    assert code == 0
    assert "/ 2.1%" in told


def test_everything_wrong_is_told_at_once(file, capsys):
    file.write_text(
        TEXT.replace("2025 = 120", '2025 = "很多"').replace('"*0.9"', '"*x"'), encoding="utf-8"
    )
    code, _, err = _run(capsys, "scenario", file)
    assert code == 1
    assert err.count("[Y303]") == 2
    code, out, _ = _run(capsys, "scenario", file, "--json")
    assert len(json.loads(out)["problems"]) == 2


def test_wrong_use_ends_with_2(file, tmp_path, capsys):
    assert _run(capsys, "scenario", file, "--out", tmp_path / "a.doc")[0] == 2
    assert _run(capsys, "scenario", tmp_path / "none.toml")[0] == 2


def test_the_template_is_filled_in_and_read(tmp_path, capsys):
    out = tmp_path / "模板.xlsx"
    assert _run(capsys, "template", out)[0] == 0
    code, told, _ = _run(capsys, "scenario", out, "--json")
    assert code == 0
    assert json.loads(told)["scenarios"] == []
