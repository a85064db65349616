"""``tanfeng pathway decompose``, ``verdict``, ``nowcast``: files in, answers and errors out."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from tanfeng.cli.pathway import app

YEARS = range(2005, 2025)
TENT = [60 + 4 * t if t <= 10 else 120 - 2 * t for t in range(20)]
FACTORS = """sector,year,factor,value
1,2015,activity,50
1,2015,structure,0.2
1,2015,intensity,3
2,2015,activity,50
2,2015,structure,0.8
2,2015,intensity,0.5
1,2020,activity,80
1,2020,structure,0.5
1,2020,intensity,2
2,2020,activity,80
2,2020,structure,0.5
2,2020,intensity,0.4
"""
AMOUNTS = """sector,fuel,year,factor,value
steel,,2015,activity,100
steel,,2020,activity,150
steel,coal,2015,energy,80
steel,coal,2020,energy,90
steel,coal,2015,emission,208
steel,coal,2020,emission,234
"""


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def told(*words, code=0):
    done = run(*words, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


@pytest.fixture
def written(tmp_path):
    def write(text, name="file.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return write


@pytest.fixture
def tent(written):
    rows = "".join(f"{year},{value},否\n" for year, value in zip(YEARS, TENT, strict=True))
    return written("年份,排放量,补值,\n" + rows, encoding="gbk")


def test_decompose_gives_effects_steps_parts_and_waterfall(written):
    found = told("decompose", written(FACTORS))
    effects = {row["factor"]: row["effect"] for row in found["effects"]}
    # By hand in tests/pathway/test_lmdi.py.
    assert effects == pytest.approx(
        {"activity": 32.38463791, "structure": 38.28486735, "intensity": -24.66950526}
    )
    assert (found["start"], found["end"], found["change"]) == (50.0, 96.0, 46.0)
    assert found["closure"] < 1e-9
    assert sum(row["effect"] for row in found["parts"]) == pytest.approx(46.0)
    assert [row["kind"] for row in found["waterfall"]] == ["level", *["effect"] * 3, "level"]
    assert found["effects"][1]["name_zh"] == "产业结构"
    assert {row["from_year"] for row in found["steps"]} == {2015}


def test_decompose_makes_the_factors_of_amounts(written):
    found = told("decompose", written(AMOUNTS), "--identity", "four", "--ends")
    assert found["factors"] == ["scale", "structure", "intensity", "energy_mix", "emission_factor"]
    assert found["change"] == pytest.approx(26.0)
    assert found["chained"] is False


def test_decompose_prints_a_table_and_writes_files(written, tmp_path):
    file = written(FACTORS)
    done = run("decompose", file, "--out", tmp_path / "o.csv")
    assert done.exit_code == 0
    assert "产业结构" in done.stdout
    assert "70.4%" in done.stdout
    lines = pl.read_csv(tmp_path / "o.csv")
    assert lines.columns == ["from_year", "to_year", "sector", "factor", "effect"]
    assert lines["effect"].sum() == pytest.approx(46.0)
    done = run("decompose", file, "--out", tmp_path / "o.json", "--lang", "en")
    assert "intensity" in done.stdout
    assert json.loads((tmp_path / "o.json").read_text())["change"] == 46.0
    still = FACTORS.replace("2020,activity,80", "2020,activity,0")
    assert "—" in run("decompose", written(still)).stdout


def test_verdict_prints_verdict_and_criteria(tent, tmp_path):
    found = told("verdict", tent)
    assert (found["verdict"], found["verdict_zh"], found["stage"]) == ("PEAKED", "已达峰", "peaked")
    assert found["peak_year"] == 2015
    rows = {row["key"]: row for row in found["criteria"]}
    assert rows["margin"]["number"] == pytest.approx(0.16)
    assert rows["not_filled"]["status"] == "pass"
    assert rows["coverage"]["status"] == "not_given"
    assert found["series"][0]["uncertainty"] is None
    done = run("verdict", tent, "--out", tmp_path / "c.csv", "--lang", "en")
    assert "peaked (PEAKED)" in done.stdout
    assert pl.read_csv(tmp_path / "c.csv")["key"].to_list() == list(rows)
    rising = "year,emission\n" + "".join(f"{year},{year - 1900}\n" for year in YEARS)
    done = run("verdict", (tmp_path / "r.csv", (tmp_path / "r.csv").write_text(rising))[0])
    assert "未达峰" in done.stdout
    assert "仍在上升" in done.stdout


def test_every_error_of_a_file_with_its_cell(written):
    bad = written("year,emission,filled\n2005,1,maybe\n\n2005,x,no\n20x6,-3,no\n")
    found = told("verdict", bad, code=1)
    # Row 3 is empty, as the person sees it.
    assert [(one["cell"], one["rule"], one["value"]) for one in found["problems"]] == [
        ("C2", "Y007", "maybe"),
        ("B4", "Y002", "x"),
        ("A4", "Y005", "2005"),
        ("A5", "Y004", "20x6"),
        ("B5", "Y006", "-3.0"),
    ]
    done = run("verdict", bad)
    assert done.exit_code == 1
    assert "第 4 行，B emission 列：“x”不是数" in done.stderr


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "Y011"),
        ("year,emission\n\0", "Y011"),
        ("year,year\n2005,1\n", "Y012"),
        ("year,emission\n2005,1,234\n", "Y013"),
        ("year,co2\n2005,1\n", "Y001"),
        ("year,emission\n", "Y008"),
    ],
)
def test_a_file_that_is_no_such_table(written, text, rule):
    found = told("verdict", written(text), code=1)
    assert [one["rule"] for one in found["problems"]] == [rule]


def test_wrong_use_ends_with_two(written, tmp_path):
    file = written(FACTORS)
    for words in (
        ("decompose", file, "--first", "1999"),
        ("decompose", file, "--out", "o.txt"),
        ("verdict", file, "--out", tmp_path / "no" / "where.json"),
        ("verdict", tmp_path / "none.csv"),
    ):
        assert run(*words).exit_code in (1, 2)
    done = run("decompose", file, "--first", "1999", "--lang", "en")
    assert (done.exit_code, done.stderr.strip()) == (
        2,
        "cannot decompose 1999 to 2020; the table has the years 2015, 2020",
    )
    done = run("decompose", file, "--out", tmp_path / "no" / "where.json")
    assert done.exit_code == 2
    assert "不能写入" in done.stderr


def months(known=5):
    return "year,month,value\n" + "".join(
        f"{year},{month},{(100 + 5 * (year - 2015)) * (1 + month % 5 / 10):.2f}\n"
        for year in range(2015, 2024)
        for month in range(1, 13)
        if year < 2023 or month <= known
    )


def test_nowcast_gives_the_year_its_interval_and_its_back_test(written, tmp_path):
    file = written(months())
    found = told("nowcast", file)
    assert (found["year"], found["months"]) == (2023, [1, 2, 3, 4, 5])
    assert found["low"] <= found["total"] <= found["high"]
    rows = {(row["months_known"], row["method"]): row for row in found["back_test"]}
    assert rows[5, "chosen"]["error"] < rows[5, "naive"]["error"]
    done = run("nowcast", file, "--lang", "en", "--out", tmp_path / "b.csv")
    assert "2023, nowcast" in done.stdout
    assert "80% interval" in done.stdout
    assert pl.read_csv(tmp_path / "b.csv")["months_known"].n_unique() == 11


def test_nowcast_of_an_inventory_and_without_a_past(written):
    file = written(months())
    yearly = "".join(f"{year},{1000 + 50 * (year - 2015)}\n" for year in range(2015, 2023))
    annual = written("year,emission\n" + yearly, "annual.csv")
    found = told("nowcast", file, "--annual", annual)
    assert 1350 < found["total"] < 1450
    short = "year,month,value\n" + "".join(f"2022,{m},10\n" for m in range(1, 13)) + "2023,1,11\n"
    done = run("nowcast", written(short, "short.csv"))
    assert done.exit_code == 0
    assert "132.00" in done.stdout
    assert "没有区间" in done.stdout
    bad = told("nowcast", written("year,month,value\n2023,13,1\n", "bad.csv"), code=1)
    assert [one["rule"] for one in bad["problems"]] == ["Y201"]
