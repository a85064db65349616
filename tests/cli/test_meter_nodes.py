"""``tanfeng meter energy --nodes``: sums of the tree, and the gate that lacks a meter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from cli.test_meter import _run
from tanfeng.metering.frames import READINGS
from tanfeng.metering.register import Register
from tanfeng.metering.store import Store
from tanfeng.periods import LOCAL

BEGIN = datetime(2026, 3, 2, tzinfo=LOCAL)


def _home(folder, gives):
    """Two days of a boiler and a line that takes 1.2 GJ a quarter hour; no meter at the gate."""
    home = folder / "home"
    (home / "metering").mkdir(parents=True)
    Register(home / "metering").put(
        points=pl.DataFrame(
            {"point": ["H-3", "H-2"], "kind": ["amount"] * 2, "item_key": ["heat"] * 2,
             "unit": ["GJ"] * 2, "sign": [-1, 1], "node": ["boiler", "line"]}
        ),
        nodes=pl.DataFrame(
            {"node": ["F", "boiler", "line"], "name": ["试验厂", "锅炉房", "轧线"],
             "kind": ["enterprise", "unit", "unit"]}
        ),
        edges=pl.DataFrame({"parent": ["F", "F"], "child": ["boiler", "line"]}),
        recorded=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    times = [BEGIN + timedelta(minutes=15 * step) for step in range(1, 193)]
    rows = [
        (point, at, value, 0, "test", at)
        for point, value in (("H-3", gives), ("H-2", 1.2))
        for at in times
    ]
    kept = ("point", "time", "value", "quality", "source", "received")
    frame = pl.DataFrame(rows, {name: READINGS[name] for name in kept}, orient="row")
    Store(str(home / "metering" / "readings")).append(frame, batch="b1")
    return home


def test_what_is_bought_without_a_meter_at_the_gate_is_named(tmp_path):
    home, out = _home(tmp_path, 0.75), tmp_path / "nodes.csv"
    words = ("energy", "--home", home, "--nodes", "--by", "month", "--csv", out)
    said = _run(*words, "--lang", "en")
    # 192 x 1.2 = 230.4 used, 192 x 0.75 = 144 made
    assert "试验厂 (F) has no meter at its gate for heat: on 2 days its steps used more" in said
    assert "(230.4/144 GJ); at least 86.4 GJ were bought" in said
    assert "missing 1" in said
    rows = {row["node"]: row for row in pl.read_csv(out).to_dicts()}
    assert rows["line"]["amount"] == pytest.approx(230.4)
    assert (rows["F"]["amount"], rows["F"]["quality"], rows["F"]["slots_due"]) == (
        None, "missing", 192,
    )  # fmt: skip
    assert rows["F"]["start"] == "2026-03-01T00:00:00+08:00"
    # A virtual meter at the gate says what is bought, and nothing is missing.
    listed = tmp_path / "gate.csv"
    listed.write_text(
        "point,kind,item_key,unit,node,expression\n"
        'gate,amount,heat,GJ,F,"max(""H-2"" - ""H-3"", 0)"\n'
    )
    _run("points", "import", listed, "--home", home)
    assert "gate" not in _run(*words, "--lang", "en")
    rows = {row["node"]: row for row in pl.read_csv(out).to_dicts()}
    assert rows["F"]["amount"] == pytest.approx(86.4)
    assert rows["F"]["quality"] == "measured"


def test_what_is_made_inside_is_no_finding(tmp_path):
    home, out = _home(tmp_path, 1.5), tmp_path / "nodes.csv"
    words = ("energy", "--home", home, "--nodes", "--csv", out, "--lang", "en")
    assert "gate" not in _run(*words, "--by", "day", "--from", "2026-03-02", "--to", "2026-03-03")
    assert set(pl.read_csv(out)["node"]) == {"boiler", "line"}
    assert "goes without --point" in _run(*words, "--point", "H-2", code=2)
    turned = ("--from", "2026-03-03", "--to", "2026-03-02")
    assert "--to must be later than --from" in _run(*words, *turned, code=2)
    assert "no readings lie between" in _run(*words, "--from", "2027-01-01", code=2)


def test_without_tree_or_readings_it_says_so(tmp_path):
    (tmp_path / "metering").mkdir()
    words = ("energy", "--home", tmp_path, "--nodes", "--lang", "en")
    assert "there is no tree yet" in _run(*words, code=1)
    Register(tmp_path / "metering").put(
        nodes=pl.DataFrame({"node": ["F"], "name": ["F"], "kind": ["enterprise"]}),
        recorded=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert "there are no readings yet" in _run(*words, code=1)
