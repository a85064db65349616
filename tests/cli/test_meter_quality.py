"""``tanfeng meter quality``: connectivity and score of a month, without the console."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from tanfeng.cli.meter import app
from tanfeng.metering.judged import KEPT, JudgedDays
from tanfeng.metering.register import Register
from tanfeng.metering.store import Store
from tanfeng.periods import LOCAL


def _run(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


FIRM = "91350100M000100Y43"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two hourly points of a works; Q2 says nothing on 2 March and speaks late on the 3rd."""
    home = tmp_path_factory.mktemp("quality") / "home"
    (home / "metering").mkdir(parents=True)
    Register(home / "metering").put(
        points=pl.DataFrame(
            {"point": ["Q1", "Q2"], "name": ["总表", "分表"], "kind": ["register"] * 2,
             "unit": ["kWh"] * 2, "interval_s": [3600] * 2, "node": [FIRM] * 2}
        ),
        nodes=pl.DataFrame(
            {"node": [FIRM, "350112"], "name": ["试验厂", "长乐区"],
             "kind": ["enterprise", "county"]}
        ),
        edges=pl.DataFrame({"parent": ["350112"], "child": [FIRM]}),
        recorded=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    start = datetime(2026, 3, 1, tzinfo=LOCAL).timestamp()
    rows = [
        (point, start + 3600 * hour, 100.0 + hour * hour / 100, 0, "test",
         start + 3600 * hour + (7200 if point == "Q2" and hour >= 48 else 60))
        for hour in range(72)
        for point in ("Q1", "Q2")
        if point == "Q1" or not 24 <= hour < 48
    ]  # fmt: skip
    names = ["point", "time", "value", "quality", "source", "received"]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.from_epoch(pl.col("time", "received"), time_unit="s")
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC"),
        pl.col("quality").cast(pl.Int16),
    )
    Store(str(home / "metering" / "readings")).append(frame, batch="b1")
    return home


def _quality(home, tmp_path, *words):
    out = tmp_path / "quality.csv"
    _run("quality", "--home", home, "--csv", out, *words)
    return {row["object"]: row for row in pl.read_csv(out).to_dicts()}


def test_the_month_of_the_readings_is_judged(home, tmp_path):
    found = _quality(home, tmp_path, "--known-on", "2026-03-04T06:00")
    assert list(found) == ["350112", FIRM, "Q2", "Q1"]  # widest first, weakest first
    first, second = found["Q1"], found["Q2"]
    assert (first["month"], first["kind"], first["points"]) == ("2026-03", "point", 1)
    # three days of 24 readings
    assert (first["due"], first["received"], first["days_due"]) == (72, 72, 3)
    assert (first["connectivity"], first["completeness"], first["timeliness"]) == (1.0, 1.0, 1.0)
    assert first["consistency"] is None
    # 40 + 20 + 20 of the 80 points that could be judged
    assert (first["judged_weight"], first["score"]) == (80, 100.0)
    # one day of three is missing, and of 48 that came 24 came two hours late
    assert (second["due"], second["received"], second["days_connected"]) == (72, 48, 2)
    assert (found[FIRM]["name"], found["350112"]["points"]) == ("试验厂", 2)
    assert (found[FIRM]["due"], found[FIRM]["received"]) == (144, 120)
    # the works sent 24 of 48 readings on 2 March: one of its three days is not connected
    assert found["350112"]["connectivity"] == pytest.approx(2 / 3)
    assert second["completeness"] == pytest.approx(2 / 3)
    assert second["timeliness"] == pytest.approx(0.5)
    assert second["score"] == pytest.approx(100 * (40 * 2 / 3 + 20 * 0.5 + 20) / 80)


def test_it_is_printed_the_weakest_first_and_given_as_json(home):
    said = _run("quality", "--home", home, "--month", "2026-03", "--known-on", "2026-03-03",
                "--lang", "en")  # fmt: skip
    assert said.index("Q2") < said.index("Q1")
    assert "judged up to 2026-03-02" in said
    assert "50.0%" in said  # of two days one
    rows = json.loads(_run("quality", "--home", home, "--known-on", "2026-03-03T12:00", "--json"))
    assert [row["object"] for row in rows] == ["350112", FIRM, "Q2", "Q1"]


def test_days_the_console_judged_are_taken_and_the_others_judged_here(home, tmp_path):
    # 1 to 30 March as the console judged them, by a filing it knows of; the 31st is judged here
    days = pl.date_range(datetime(2026, 3, 1), datetime(2026, 3, 30), eager=True).alias("day")
    rows = pl.DataFrame(days).with_columns(
        pl.lit("Q2").alias("point"), pl.lit(0).alias("due"), pl.lit(24).alias("excused"),
        *(pl.lit(0).alias(name) for name in ("received", "automatic", "timely", "measured",
                                             "implausible")),
    )  # fmt: skip
    lacking = [pl.lit(None, kind).alias(n) for n, kind in KEPT.items() if n not in rows.columns]
    folder = home / "metering" / "quality" / "days"
    JudgedDays(folder).put(rows.with_columns(lacking))
    found = _quality(home, tmp_path, "--month", "2026-03")
    assert (found["Q2"]["excused"], found["Q2"]["due"], found["Q2"]["days_due"]) == (720, 24, 1)
    assert found["Q1"]["due"] == 24
    known = _quality(home, tmp_path, "--month", "2026-03", "--known-on", "2026-03-03")
    assert (known["Q2"]["excused"], known["Q2"]["due"]) == (0, 48)
    (folder / "2026-03.parquet").unlink()


def test_the_limits_of_the_city_or_of_a_file_hold(home, tmp_path):
    """The works sent half of what it owed on 2 March: connected where half is enough."""
    words = ("--month", "2026-03", "--known-on", "2026-03-04T06:00")
    told = home / "metering" / "quality" / "limits.csv"
    told.parent.mkdir(exist_ok=True)
    told.write_text(
        "rule,value,valid_from,document,clause\nconnected_min,0.5,2026-03-01,市通知,第三条\n"
    )
    assert _quality(home, tmp_path, *words)["350112"]["connectivity"] == 1.0
    said = _run("quality", "--home", home, *words, "--lang", "en")
    assert "limit used: Least completeness of a connected day 0.5 (shipped 0.9)" in said
    mine = tmp_path / "mine.csv"
    mine.write_text("rule,value\nconnected_min,0.95\nlate_max,10800\n")
    found = _quality(home, tmp_path, *words, "--limits", mine)
    assert found["350112"]["connectivity"] == pytest.approx(2 / 3)
    assert found["Q2"]["timeliness"] == 1.0  # two hours late, three are allowed
    mine.write_text("rule,value\nnone,1\n")
    said = _run("quality", "--home", home, *words, "--limits", mine, "--lang", "en", code=1)
    assert "row 2, column rule: This limit cannot be changed: none" in said
    told.unlink()


def test_what_is_no_month_or_lies_ahead_is_told(home, tmp_path):
    for month, said in (("March", "'March' is no month"), ("2999-01", "no day of 2999-01")):
        assert said in _run("quality", "--home", home, "--month", month, "--lang", "en", code=2)
    (tmp_path / "metering").mkdir()
    _run("quality", "--home", tmp_path, "--month", "2026-03", code=1)
