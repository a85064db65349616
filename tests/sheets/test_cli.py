"""``tanfeng sheet template|check``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tanfeng import sheets
from tanfeng.cli.sheets import app

SAMPLES = Path(__file__).parent / "samples"
WASTE = SAMPLES / "05_solid_waste_tab_utf8bom.csv"
WIDE = SAMPLES / "02_monthly_energy_gbk.csv"


@pytest.fixture
def run():
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_template(run, tmp_path):
    out = tmp_path / "form.xlsx"
    done = run("template", "monthly_energy", out)
    assert done.exit_code == 0
    assert out.read_bytes() == sheets.template("monthly_energy")
    assert str(out) in done.output


def test_unknown_form(run, tmp_path):
    for words in (
        ("template", "nothing", tmp_path / "x.xlsx"),
        ("check", WASTE, "--form", "nothing"),
    ):
        done = run(*words)
        assert done.exit_code == 2
        assert "monthly_energy" in done.output


def test_check_with_errors(run, tmp_path):
    out = tmp_path / "marked.xlsx"
    done = run("check", WASTE, "--annotate", out)
    assert done.exit_code == 1
    assert "W001" in done.output
    assert "8 行数据" in done.output
    assert out.read_bytes().startswith(b"PK")


def test_check_without_errors(run, tmp_path):
    # April's electricity in 1e4 kWh under kWh makes the roof exceed all that was used.
    done = run("check", WIDE, "--form", "monthly_wide", "--lang", "en")
    assert done.exit_code == 1
    assert "1 error, 2 warnings" in done.output
    clean = tmp_path / "clean.csv"
    text = WIDE.read_text(encoding="gbk").replace("130.12,", "1301200,")
    clean.write_text(text.replace("5196630.12", "6180500"), encoding="gbk")
    done = run("check", clean, "--form", "monthly_wide", "--lang", "en")
    assert done.exit_code == 0
    assert "0 errors" in done.output
    assert "S004" in done.output


def test_check_as_json(run):
    done = run("check", WASTE, "--json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert found["form"] == "waste_t2"
    assert found["rows"] == 8
    assert found["errors"] == sum(p["severity"] == "error" for p in found["problems"])
    assert {"row": 8, "reason": "repeat_header"} not in found["skipped_rows"]
    assert [8, "repeat_header"] in found["skipped_rows"]


def test_refused_files(run, tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7")
    done = run("check", path)
    assert done.exit_code == 1
    assert "U005" in done.output
    as_json = run("check", path, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.output)["problems"][0]["rule"] == "U005"
    assert run("check", tmp_path / "nothing.xlsx").exit_code == 2


def test_unrecognised_and_long_lists(run, tmp_path, monkeypatch):
    from tanfeng.cli import sheets as cli

    monkeypatch.setattr(cli, "_MOST_LINES", 2)
    done = run("check", WASTE)
    assert "--json" in done.output
    path = tmp_path / "x.csv"
    path.write_text("品名,单价,数量\n苹果,3,4\n", encoding="utf-8")
    done = run("check", path)
    assert done.exit_code == 1
    assert "X001" in done.output


def test_the_command_is_reachable():
    done = subprocess.run(
        [sys.executable, "-m", "tanfeng.cli", "sheet", "--help"], capture_output=True, text=True
    )
    if done.returncode:  # the group may only be reachable as a script
        script = Path(sys.executable).with_name("tanfeng")
        done = subprocess.run([script, "sheet", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "template" in done.stdout
    assert "check" in done.stdout
