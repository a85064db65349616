"""``tanfeng demo`` and ``tanfeng map`` as a person runs them, on one small home."""

import json
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import pytest

from cli_process import environment, run_each
from demo_home import built_once

COMMAND = (sys.executable, "-c", "from tanfeng.cli import main; main()")


def tanfeng(*arguments):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=environment(measured=False) | {"COLUMNS": "100"},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a copy of a small city all processes share; what was said stands beside it."""
    city = built_once(tmp_path_factory)
    return shutil.copytree(city, tmp_path_factory.mktemp("cli") / "city") / "home"


def _one(home, query):
    with closing(sqlite3.connect(home / "tanfeng.sqlite3")) as connection:
        return connection.execute(query).fetchone()[0]


def test_the_summary_says_what_stands_there(home):
    said = (home.parent / "said").read_text(encoding="utf-8")
    accounts = json.loads((home / "demo-accounts.json").read_text(encoding="utf-8"))
    for account in accounts:
        assert account["username"] in said
        assert account["password"] in said
    for words in ("演示城市已建成", "钢铁", "电力热力", "tanfeng serve --home"):
        assert words in said


def test_the_home_is_whole_and_the_passwords_are_private(home):
    assert [path.name for path in home.parent.iterdir() if path.name.startswith(".")] == []
    assert stat.S_IMODE((home / "demo-accounts.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not (home / "building.pid").exists()
    assert _one(home, "SELECT count(*) FROM archive_organisation") == 20
    assert _one(home, "SELECT count(*) FROM plan_target") == 63
    assert _one(home, "SELECT count(*) FROM library_document") > 10


def test_no_path_of_the_draft_is_left_in_the_database(home):
    assert b".building" not in (home / "tanfeng.sqlite3").read_bytes()


def test_a_home_with_data_is_left_alone(home):
    before = (home / "tanfeng.sqlite3").stat().st_mtime_ns
    again = ("demo", "--home", str(home))
    kept, refused = run_each((*again, "--if-empty", "--lang", "en"), again)
    assert kept.returncode == 0
    assert "already has data" in kept.stdout
    assert refused.returncode == 2
    assert (home / "tanfeng.sqlite3").stat().st_mtime_ns == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_nothing_is_left(tmp_path, number):
    home = tmp_path / "home"
    process = subprocess.Popen(
        [*COMMAND, "demo", "--home", str(home)],
        env=environment(measured=False),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    draft = tmp_path / ".home.building"
    for _attempt in range(600):
        if (draft / "tanfeng.sqlite3").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(number)
    try:
        said, _nothing = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, said
    assert list(tmp_path.iterdir()) == []
    assert "未留下任何内容" in said


def _map(folder, *, turned=False):
    """Write a file with a square for every county the city has a code for."""
    from tanfeng.demo._tables import table

    features = []
    codes = [code for code in table("areas")["code"] if code.isdigit()]
    for number, code in enumerate(codes):
        x, y = 118.5 + 0.1 * number, 25.5
        ring = [[x, y], [x + 0.1, y], [x + 0.1, y + 0.1], [x, y + 0.1], [x, y]]
        geometry = {"type": "Polygon", "coordinates": [ring[::-1] if turned else ring]}
        features.append({"type": "Feature", "properties": {"adcode": code}, "geometry": geometry})
    path = folder / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def test_a_map_is_imported_and_removed(home, tmp_path):
    file = _map(tmp_path)
    done = tanfeng(
        *("map", "import", file, "--home", str(home)),
        *("--source", "测绘院", "--review-number", "闽S1号"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "已导入 12 个县" in done.stdout
    query = "SELECT geometry_source FROM archive_place WHERE code = '350181'"
    assert _one(home, query) == "测绘院 〔审图号 闽S1号〕"
    removed = tanfeng("map", "remove", "--home", str(home), "--lang", "en")
    assert "12 shapes removed" in removed.stdout
    assert _one(home, "SELECT count(*) FROM archive_place WHERE geometry IS NOT NULL") == 0


def test_a_map_is_only_checked(home, tmp_path):
    done = tanfeng("map", "import", _map(tmp_path), "--home", str(home), "--check-only", "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 0
    assert facts["stored"] is False
    assert len(facts["counties"]) == 12
    assert "MAP20" in {problem["rule"] for problem in facts["problems"]}
    assert _one(home, "SELECT count(*) FROM archive_place WHERE geometry IS NOT NULL") == 0


def test_a_wrong_map_is_refused_with_every_reason(home, tmp_path):
    file = _map(tmp_path, turned=True)
    words = ("map", "import", file, "--home", str(home))
    done, as_json, mended = run_each(
        (*words, "--lang", "en"), (*words, "--json"), (*words, "--check-only", "--repair")
    )
    assert done.returncode == 1
    assert done.stdout.count("MAP12") == 12
    assert "Not imported: 12 errors" in done.stdout
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["stored"] is False
    assert mended.returncode == 0


def test_a_map_needs_a_home(tmp_path):
    done = tanfeng(
        "map", "import", _map(tmp_path), "--home", str(tmp_path / "none"), "--lang", "en"
    )
    assert done.returncode == 1
    assert "no database" in done.stderr
