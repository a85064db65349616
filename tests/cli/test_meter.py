"""``tanfeng meter``: readings in, energy out, without a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from cli_process import environment
from tanfeng.cli.meter import app
from tanfeng.metering._faults import StoreBusy
from tanfeng.metering.intake import Intake
from tanfeng.metering.store import Store

CSV = (
    "point,time,value\nM1,2026-03-01 00:00,100\nM1,2026-03-01 01:00,103\nM1,2026-03-01 02:00,104\n"
)


def _run(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "march.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


@pytest.fixture
def filled(home, file):
    _run("import", file, "--home", home, "--create")
    return home


def _energy(home, tmp_path, *words):
    out = tmp_path / "energy.csv"
    _run("energy", "--home", home, "--csv", out, *words)
    return pl.read_csv(out)


def test_unknown_points_are_named_and_nothing_is_taken(home, file):
    said = _run("import", file, "--home", home, "--lang", "en", code=1)
    assert "the point 'M1' is not registered (3 rows)" in said
    assert "add --create to make them cumulative kWh registers" in said
    assert "march.csv: not imported" in said
    assert not (home / "metering").exists()


def test_a_file_comes_in_and_the_same_again_changes_nothing(home, file):
    said = _run("import", file, "--home", home, "--create")
    assert "march.csv：3 行，新增读数 3 条，新建计量点 1 个" in said
    again = _run("import", file, "--home", home, "--lang", "en")
    assert "march.csv: imported before, nothing changed" in again
    rows = json.loads(_run("points", "--home", home, "--json"))
    assert [(r["point"], r["kind"], r["unit"], r["origin"]) for r in rows] == [
        ("M1", "register", "kWh", "import")
    ]


def test_energy_by_hour_day_and_month(filled, tmp_path):
    hours = _energy(filled, tmp_path, "--by", "hour")
    assert hours["start"].to_list() == ["2026-03-01T00:00:00+08:00", "2026-03-01T01:00:00+08:00"]
    assert hours["energy_kwh"].to_list() == [3.0, 1.0]
    assert hours["unit"].unique().to_list() == ["kWh"]
    day = _energy(filled, tmp_path, "--by", "day")
    assert day.select("start", "energy_kwh", "quality").row(0) == (
        "2026-03-01T00:00:00+08:00", 4.0, "partial",
    )  # fmt: skip
    assert _energy(filled, tmp_path, "--by", "month")["energy_kwh"].to_list() == [4.0]


def test_late_and_corrected_files_add_and_what_was_known_is_still_known(filled, tmp_path):
    known = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 8 * 3600 + 1))
    time.sleep(2)
    late = tmp_path / "late.csv"
    late.write_text(
        "point,time,value\nM1,2026-03-01 03:00,110\nM1,2026-03-01 02:00,105\n", encoding="utf-8"
    )
    assert "新增读数 2 条" in _run("import", late, "--home", filled)
    # the corrected 105 holds: 100, 103, 105, 110
    assert _energy(filled, tmp_path)["energy_kwh"].to_list() == [3.0, 2.0, 5.0]
    assert _energy(filled, tmp_path, "--known-on", known)["energy_kwh"].to_list() == [3.0, 1.0]
    rows = json.loads(_run("readings", "M1", "--home", filled, "--json"))
    assert [row["value"] for row in rows] == [100, 103, 105, 110]
    rows = json.loads(
        _run("readings", "M1", "--home", filled, "--json", "--known-on", known,
             "--from", "2026-03-01T01:00", "--to", "2026-03-01T03:00")
    )  # fmt: skip
    assert [row["value"] for row in rows] == [103, 104]


def test_hours_without_readings_are_rows_without_energy(home, tmp_path):
    # Two values of the amount of an hour; nothing is known of the six between them.
    book = tmp_path / "points.csv"
    book.write_text("point,kind,unit,interval_s\nA1,amount,kWh,3600\n", encoding="utf-8")
    _run("points", "import", book, "--home", home)
    file = tmp_path / "a.csv"
    file.write_text(
        "point,time,value\nA1,2026-03-01 01:00,5\nA1,2026-03-01 08:00,7\n", encoding="utf-8"
    )
    _run("import", file, "--home", home)
    found = _energy(home, tmp_path, "--by", "hour")
    assert found["energy_kwh"].to_list() == [5.0, None, None, None, None, None, None, 7.0]
    assert found["quality"].to_list() == ["measured"] + ["missing"] * 6 + ["measured"]


def test_one_point_and_a_window(filled, tmp_path):
    found = _energy(filled, tmp_path, "--point", "M1", "--from", "2026-03-01T01:00",
                    "--to", "2026-03-01T02:00")  # fmt: skip
    assert found["energy_kwh"].to_list() == [1.0]
    assert "there is no point M9" in _run(
        "energy", "--home", filled, "--csv", tmp_path / "e.csv", "--point", "M9", "--lang", "en",
        code=2,
    )  # fmt: skip


def test_good_rows_of_a_file_with_bad_ones_go_in_and_it_ends_with_1(filled, tmp_path):
    file = tmp_path / "mixed.csv"
    file.write_text(
        "point,time,value\nM1,2026-03-01 03:00,x\nM1,2026-03-01 04:00,106\n", encoding="utf-8"
    )
    said = _run("import", file, "--home", filled, code=1)
    assert "第 2 行，C value 列：读数“x”不是数" in said
    assert "新增读数 1 条；未导入 1 条" in said
    told = json.loads(_run("import", file, "--home", filled, "--json", code=1))
    assert told["added"] == 0
    assert told["files"][0]["already"] is True
    assert told["files"][0]["problems"][0]["rule"] == "G031"


def test_a_virtual_point_takes_no_readings(filled, tmp_path, file):
    book = tmp_path / "v.csv"
    book.write_text("point,公式\nV1,M1 * 2\n", encoding="utf-8")
    _run("points", "import", book, "--home", filled)
    file.write_text(CSV.replace("M1", "V1"), encoding="utf-8")
    said = _run("import", file, "--home", filled, "--create", "--lang", "en", code=1)
    assert "the point 'V1' is virtual" in said


def test_a_home_without_metering_is_told_how_to_begin(home):
    said = _run("points", "--home", home, "--lang", "en", code=1)
    assert "holds no metering yet; bring readings in with: tanfeng meter import" in said
    assert "没有计量点" in _run("readings", "M1", "--home", _made(home), code=2)


def _made(home):
    (home / "metering").mkdir(parents=True)
    return home


def test_points_out_and_in_again(filled, tmp_path):
    out, csv = tmp_path / "points.xlsx", tmp_path / "points.csv"
    _run("points", "--home", filled, "--xlsx", out)
    assert "没有变化" in _run("points", "import", out, "--home", filled)
    _run("points", "list", "--home", filled, "--csv", csv)
    assert pl.read_csv(csv)["point"].to_list() == ["M1"]
    assert "累计底数" in _run("points", "--home", filled)
    assert "register" in _run("points", "--home", filled, "--lang", "en")


def test_bad_points_are_refused_with_their_cell(filled, tmp_path):
    book = tmp_path / "p.csv"
    book.write_text("计量点,倍率,位数\nM1,0,6\nM2,x,6\n", encoding="utf-8")
    said = _run("points", "import", book, "--home", filled, code=1)
    assert "第 3 行，B 倍率 列：“x”不是数" in said
    book.write_text("计量点,倍率,位数\nM1,0,6\n", encoding="utf-8")
    told = json.loads(_run("points", "import", book, "--home", filled, "--json", code=1))
    assert [(p["rule"], p["cell"]) for p in told["problems"]] == [("N006", "B2")]


def test_an_empty_template_says_so(filled, tmp_path):
    out = tmp_path / "t.xlsx"
    _run("points", "template", out)
    assert "has no row of data" in _run(
        "points", "import", out, "--home", filled, "--lang", "en", code=1
    )


def test_a_replaced_meter_is_settled_by_its_registers(filled, tmp_path):
    meters = tmp_path / "meters.csv"
    head = "计量点,出厂编号,安装时间,拆除时间,装表底数,拆表底数\n"
    meters.write_text(head + "M1,A,2026-01-01 00:00,,0,\n", encoding="utf-8")
    assert "更换表计的计量点 1 个" in _run("devices", "import", meters, "--home", filled)
    meters.write_text(
        head + "M1,A,2026-01-01 00:00,2026-03-01 02:30,0,106\nM1,B,2026-03-01 02:30,,7,\n",
        encoding="utf-8",
    )
    _run("devices", "import", meters, "--home", filled)
    rows = json.loads(_run("devices", "--home", filled, "--json"))
    assert [(r["device"], r["opening"], r["closing"]) for r in rows] == [
        ("A", 0, 106),
        ("B", 7, None),
    ]
    more = tmp_path / "more.csv"
    more.write_text("point,time,value\nM1,2026-03-01 03:00,10\n", encoding="utf-8")
    _run("import", more, "--home", filled)
    # 104 to 106 on the old meter, 7 to 10 on the new one
    assert _energy(filled, tmp_path)["energy_kwh"].to_list() == [3.0, 1.0, 5.0]


def test_a_drop_folder_is_emptied_with_reports(home, file, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    good, bad, fresh = folder / "good.csv", folder / "bad.csv", folder / "fresh.csv"
    for path, text in ((good, CSV), (bad, CSV.replace("103", "x")), (fresh, CSV)):
        path.write_text(text, encoding="utf-8")
    for path in (good, bad):
        os.utime(path, (time.time() - 60,) * 2)
    said = _run("drop", folder, "--home", home, "--create", code=1)
    assert "good.csv：3 行，新增读数 3 条" in said
    assert fresh.exists(), "somebody may still be writing it"
    assert (folder / "done" / "good.csv").read_text(encoding="utf-8") == CSV
    assert "新增读数 3 条" in (folder / "done" / "good.csv.txt").read_text(encoding="utf-8")
    assert "读数“x”不是数" in (folder / "refused" / "bad.csv.txt").read_text(encoding="utf-8")
    good.write_text(CSV, encoding="utf-8")
    os.utime(good, (time.time() - 60,) * 2)
    assert "没有变化" in _run("drop", folder, "--home", home)
    assert (folder / "done" / "good.1.csv").exists()


def test_simulated_readings_give_the_true_energy(home, tmp_path):
    out, truth, register = (tmp_path / name for name in ("r.parquet", "truth.csv", "reg.xlsx"))
    _run("simulate", "--points", 3, "--days", 2, "--out", out, "--truth", truth,
         "--register", register)  # fmt: skip
    _run("points", "import", register, "--home", home)
    _run("import", out, "--home", home)
    found = _energy(home, tmp_path, "--by", "15min")
    true = pl.read_csv(truth)
    assert found.height == true.height == 3 * 192
    assert (found["energy_kwh"] - true["amount"]).abs().max() < 1e-6
    assert found["quality"].unique().to_list() == ["measured"]


def test_wrong_use_of_the_simulator(tmp_path):
    assert ".csv 或 .parquet" in _run("simulate", "--out", tmp_path / "x.txt", code=2)
    assert "does not fit" in _run(
        "simulate", "--out", tmp_path / "x.csv", "--interval", 7000, "--lang", "en", code=2
    )


def test_virtual_points_have_energy_too(filled, tmp_path, file):
    file.write_text(CSV.replace("M1", "M2").replace("104", "105"), encoding="utf-8")
    _run("import", file, "--home", filled, "--create")
    book = tmp_path / "v.csv"
    book.write_text("point,公式\nV1,M2 - M1\nV2,V1 + 2 * M1\n", encoding="utf-8")
    _run("points", "import", book, "--home", filled)
    found = _energy(filled, tmp_path, "--by", "hour")
    # M1: 3 and 1, M2: 3 and 2
    assert found.filter(pl.col("point") == "V1")["energy_kwh"].to_list() == [0.0, 1.0]
    assert found.filter(pl.col("point") == "V2")["energy_kwh"].to_list() == [6.0, 3.0]
    assert found.filter(pl.col("point") == "V2")["rule"].unique().to_list() == ["virtual"]
    alone = _energy(filled, tmp_path, "--by", "day", "--point", "V1")
    assert alone.select("point", "energy_kwh", "quality").rows() == [("V1", 1.0, "partial")]


def test_small_files_are_put_together(filled, tmp_path):
    for hour in range(3, 23):
        more = tmp_path / "more.csv"
        more.write_text(
            f"point,time,value\nM1,2026-03-01 {hour:02d}:00,{hour + 110}\n", encoding="utf-8"
        )
        _run("import", more, "--home", filled)
    told = json.loads(_run("compact", "--home", filled, "--settle", "--json"))
    assert told["months"] == [{"month": "2026-03", "files_before": 21, "files_after": 1}]
    assert "已整理 0 个月" in _run("compact", "--home", filled, "--settle")
    assert len(json.loads(_run("readings", "M1", "--home", filled, "--json"))) == 23


def test_readings_are_dropped_only_when_that_is_said(filled):
    said = _run("retain", "--before", "2027-01-01", "--home", filled, "--lang", "en", code=1)
    assert "readings are kept for 3 years" in said
    words = ("retain", "--before", "2027-01-01", "--home", filled, "--even-younger")
    assert "已删除 1 个月的读数：2026-03" in _run(*words)
    assert json.loads(_run(*words, "--json")) == {"dropped": []}
    assert json.loads(_run("readings", "M1", "--home", filled, "--json")) == []


def test_what_the_intake_holds_is_in_the_energy(filled, tmp_path):
    intake = Intake(filled / "metering" / "intake", Store(filled / "metering" / "readings"))
    at = datetime(2026, 2, 28, 19, tzinfo=UTC)  # 03:00 of 1 March, local
    readings = pl.DataFrame({"point": ["M1"], "time": [at], "value": [109.0]})
    intake.accept(readings, batch="g1/1", received=at)
    assert _energy(filled, tmp_path)["energy_kwh"].to_list() == [3.0, 1.0, 5.0]


def test_listening_needs_bindings(filled, tmp_path):
    bindings = tmp_path / "b.csv"
    bindings.write_text("a,b\n", encoding="utf-8")
    said = _run("listen", "--host", "127.0.0.1", "--bindings", bindings, "--home", filled,
                "--lang", "en", code=2)  # fmt: skip
    assert "must be a CSV file with the columns gateway and point" in said


def test_it_works_without_django(home, file, tmp_path):
    code = "import sys; sys.modules['django'] = None\nfrom tanfeng.cli import main; main()"
    for words in (
        ["import", str(file), "--home", str(home), "--create"],
        ["points", "--home", str(home)],
        ["energy", "--home", str(home), "--csv", str(tmp_path / "e.csv")],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, "meter", *words],
            capture_output=True, text=True, env=environment(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_busy_store_is_a_sentence_and_a_dropped_file_stays(filled, tmp_path, monkeypatch):
    def busy(*_args, **_words):
        raise StoreBusy("others were faster", "其他任务更快")

    monkeypatch.setattr(Store, "append", busy)
    more = tmp_path / "more.csv"
    more.write_text("point,time,value\nM1,2026-03-01 05:00,120\n", encoding="utf-8")
    assert "其他任务更快" in _run("import", more, "--home", filled, code=1)
    folder = tmp_path / "drop"
    folder.mkdir()
    dropped = more.rename(folder / "more.csv")
    os.utime(dropped, (time.time() - 60,) * 2)
    assert "others were faster" in _run("drop", folder, "--home", filled, "--lang", "en")
    assert dropped.exists()


def test_a_point_made_from_a_file_is_read_at_the_spacing_of_the_file(home, tmp_path):
    file = tmp_path / "halves.csv"
    rows = [f"M9,2026-03-01 {n // 2:02}:{n % 2 * 30:02},{100 + n}" for n in range(9)]
    file.write_text("\n".join(["point,time,value", *rows]), encoding="utf-8")
    _run("import", file, "--home", home, "--create")
    found = _energy(home, tmp_path)
    # two readings an hour, 1 kWh each: four hours, nothing of them an estimate
    assert found["energy_kwh"].to_list() == [2.0] * 4
    assert set(found["quality"]) == {"measured"}


def test_readings_go_where_the_setting_of_the_console_says(home, file, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("TANFENG_READINGS", f"file://{elsewhere}")
    _run("import", file, "--home", home, "--create")
    assert Store(elsewhere).readings().height == 3
    assert not (home / "metering" / "readings").exists()
    assert "103" in _run("readings", "M1", "--home", home)
    monkeypatch.setenv("TANFENG_READINGS", "ftp://x/y")
    _run("points", "--home", home, code=1)
