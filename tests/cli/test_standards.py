"""``tanfeng standards``: what it prints and how it ends."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tanfeng import standards
from tanfeng.cli.standards import app


def _run(*words):
    return CliRunner().invoke(app, list(words))


def test_list_counts_every_table_and_the_whole():
    done = _run("list")
    assert done.exit_code == 0
    assert "化石燃料参数与折标准煤系数" in done.output
    assert "guideline, fuel_key, parameter" in done.output
    total = next(line for line in done.output.splitlines() if "合计" in line)
    # 6,786 compiled rows + 57 items + 285 mappings + 10 coal rates + 78 meter rates ...
    assert total.split() == ["合计", "7375", "690", "6196", "489"]


def test_list_in_english_and_as_json():
    assert "Fuel parameters and standard-coal coefficients" in _run("list", "--lang", "en").output
    told = {entry["table"]: entry for entry in json.loads(_run("list", "--json").output)}
    assert told["fuels"]["rows"] == 331
    assert told["fuels"]["key"] == ["guideline", "fuel_key", "parameter"]
    assert told["fuels"]["sha256"] == standards.info("fuels").digest


def test_show_filters_and_marks_what_is_unverified():
    done = _run(
        "show", "fuels", "--filter", "fuel_key=coke", "--filter", "guideline=NDRC-GENERAL-2015"
    )
    assert done.exit_code == 0
    assert "28.446" in done.output
    assert "single · 待核实" in done.output
    assert "显示 3 / 3 行" in done.output
    english = _run("show", "electricity_heat_factors", "--filter", "id=elec_fujian_2022",
                   "--lang", "en").output  # fmt: skip
    assert "0.4092" in english
    assert "confirmed" in english
    assert "2024-12-20 – …" in english
    assert "1 of 1 rows" in english


def test_show_stops_at_the_limit():
    assert "显示 20 / 2007 行" in _run("show", "transformers").output
    assert "显示 2 / 57 行" in _run("show", "energy_items", "--limit", "2").output
    assert "显示 57 / 57 行" in _run("show", "energy_items", "--limit", "0").output


def test_show_as_json_has_every_column():
    done = _run("show", "fuels", "--filter", "id=fuel_ndrc_general_2015_coke_ncv", "--json")
    (row,) = json.loads(done.output)
    assert row["value"] == "28.446"
    assert row["value_num"] == 28.446
    assert row["ref"] == "fuels/fuel_ndrc_general_2015_coke_ncv"
    assert row["bound"] == ""
    assert row["clause_text"].startswith("附录二表2.1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "fuel"], "did you mean fuels"),
        (["show", "fuels", "--filter", "fuel=coke"], "a column of fuels: fuel_key"),
        (["show", "fuels", "--filter", "coke"], "write column=value"),
        (["show", "fuels", "--limit", "-1"], "greater than"),
        (["show"], "table"),
        (["fly"], "fly"),
    ],
)
def test_wrong_use_ends_with_2(words, told):
    done = _run(*words, "--lang", "en") if "show" in words else _run(*words)
    assert done.exit_code == 2
    assert told in done.output


def test_wrong_use_is_said_in_chinese_unless_asked():
    assert "没有标准表 'fuel'；是否指 fuels" in _run("show", "fuel").output
    assert (
        "写成 列名=值，fuels 的列有：fuel_key" in _run("show", "fuels", "--filter", "fuel=x").output
    )


def test_check_of_the_shipped_tables_is_fine():
    done = _run("check")
    assert done.exit_code == 0
    assert "0 项须处理" in done.output
    english = _run("check", "--lang", "en")
    assert "0 to be repaired" in english.output
    assert "302 rows are to be verified" in english.output


def test_check_with_a_finding_ends_with_1(monkeypatch):
    finding = standards.Finding(
        "TF-S001", "error", "fuels", "摘要不符", "digest differs", "恢复", "restore"
    )
    monkeypatch.setattr(standards, "check", lambda: (finding,))
    done = _run("check", "--lang", "en")
    assert done.exit_code == 1
    assert "digest differs" in done.output
    assert "restore" in done.output
    assert "1 to be repaired, 0 for information" in done.output
    done = _run("check", "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)[0]["check"] == "TF-S001"


def test_every_command_has_a_sentence_of_help():
    for command in ("list", "show", "check"):
        done = _run(command, "--help")
        assert done.exit_code == 0
        assert "--lang" in done.output
