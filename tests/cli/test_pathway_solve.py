"""``tanfeng pathway solve``: what is printed, written, and how it ends."""

from __future__ import annotations

import json

import pytest

from least_cost_cases import small
from tanfeng import cli

SAID = {"DiscountRate": 0, "OperationalLife": 1}


@pytest.fixture
def folder(tmp_path):
    rows = {
        "AccumulatedAnnualDemand": [("R", "F", 2030, 10)],
        "OutputActivityRatio": [("R", name, "F", 1, 2030, 1) for name in ("DIRTY", "CLEAN")],
        "VariableCost": [("R", "DIRTY", 1, 2030, 1), ("R", "CLEAN", 1, 2030, 5)],
        "EmissionActivityRatio": [("R", "DIRTY", "CO2", 1, 2030, 1)],
        "TotalAnnualMaxCapacity": [("R", "CLEAN", 2030, 7)],
    }
    return small(tmp_path / "model", [2030], rows, defaults=SAID, TECHNOLOGY=["DIRTY", "CLEAN"])


def _run(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        cli.main(["pathway", "solve", *map(str, words)])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_json_has_status_objective_and_the_files_written(capsys, folder, tmp_path):
    code, out, _ = _run(capsys, folder, "--json", "--out", tmp_path / "out")
    told = json.loads(out)
    assert code == 0
    assert told["status"] == "optimal"
    assert told["objective"] == pytest.approx(10)
    assert told["lacking"] == {}
    assert "NewCapacity.csv" in told["files"]
    first = (tmp_path / "out" / "AnnualEmissions.csv").read_text().splitlines()
    assert first == ["REGION,EMISSION,YEAR,VALUE", "R,CO2,2030,10.0"]


def test_a_cap_is_held(capsys, folder):
    code, out, _ = _run(capsys, folder, "--cap", "CO2:2030=4", "--lang", "en")
    assert (code, out) == (0, "status: optimal\ndiscounted cost: 34\n")
    code, out, _ = _run(capsys, folder, "--cap", "R/CO2:2030=4", "--json")
    assert json.loads(out)["objective"] == pytest.approx(34)


def test_no_solution_says_what_lacks_in_both_languages(capsys, folder, tmp_path):
    code, out, _ = _run(capsys, folder, "--cap", "CO2:2030=2", "--out", tmp_path / "out")
    assert code == 1
    assert out == (
        "状态: 无解\n其他限制都守住时，缺的需求：\n"
        "  R F 2030：需求 10，缺 1（10 %）[AccumulatedAnnualDemand]\n"
        "需求都满足时，守不住的限制：\n  R CLEAN 2030：TotalAnnualMaxCapacity 为 7，差 1\n"
    )
    assert not (tmp_path / "out").exists()
    code, out, _ = _run(capsys, folder, "--cap", "CO2:2030=2", "--json")
    told = json.loads(out)
    assert (code, told["status"], told["objective"]) == (1, "infeasible", None)
    (lack,) = told["lacking"]["demand"]
    assert (lack["amount"], lack["year"], lack["region"]) == (pytest.approx(1), "2030", "R")
    assert "lacks 1" in lack["message_en"]


def test_a_bad_folder_is_told_with_every_place(capsys, folder):
    (folder / "FixedCost.csv").write_text(
        "REGION,TECHNOLOGY,YEAR,VALUE\nR,X,2030,1\nR,DIRTY,2030,y\n"
    )
    code, out, err = _run(capsys, folder, "--lang", "en")
    assert (code, out) == (1, "")
    assert "row 2, column B TECHNOLOGY: 'X' is no member of the set TECHNOLOGY" in err
    assert "row 3" in err
    code, out, _ = _run(capsys, folder, "--json")
    assert [one["rule"] for one in json.loads(out)["problems"]] == ["LC03", "LC04"]


@pytest.mark.parametrize("cap", ["CO2:2030", "CO2:2030=much", "2030=4"])
def test_a_cap_nobody_understands_is_wrong_use(capsys, folder, cap):
    code, _, err = _run(capsys, folder, "--cap", cap)
    assert code == 2
    assert "--cap 的写法是" in err


def test_a_cap_on_what_is_not_there_is_wrong_use(capsys, folder):
    code, _, err = _run(capsys, folder, "--cap", "SO2:2030=4", "--lang", "en")
    assert (code, err) == (2, "SO2 is no member of EMISSION: CO2\n")


def test_warnings_stand_before_the_answer_and_long_lists_are_cut(capsys, folder):
    for at in range(25):
        (folder / f"More{at}.csv").write_text("VALUE\n1\n")
    code, out, err = _run(
        capsys, folder, "--lang", "en", "--time-limit", "60", "--out", folder / "o"
    )
    assert code == 0
    assert len([line for line in err.splitlines() if "[LC10]" in line]) == 20
    assert "5 more, see --json" in err
    assert "wrote 48 result tables" in out
