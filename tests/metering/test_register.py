"""The register of points, meters and tree: every version, every check, whole or not at all."""

from __future__ import annotations

import itertools
import multiprocessing
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tanfeng.errors import DataError, ModelError
from tanfeng.gateway.simulate import Fault, simulate
from tanfeng.metering.frames import DEVICES, EDGES, NODES, POINTS
from tanfeng.metering.register import Put, Register, spacing

DAY = datetime(2026, 3, 1, tzinfo=UTC)
LATER = DAY + timedelta(days=10)


def _points(*names, **columns):
    return pl.DataFrame({"point": list(names), **columns})


def _device(device, installed, removed=None, opening=0.0, closing=None, **more):
    return {
        "point": "M1", "device": device, "installed": installed, "removed": removed,
        "opening": opening, "closing": closing, **more,
    }  # fmt: skip


def _devices(*rows):
    return pl.DataFrame(list(rows), schema_overrides={"removed": pl.Datetime("us", "UTC")})


def _nodes(**kinds):
    return pl.DataFrame({"node": list(kinds), "kind": list(kinds.values())})


def _edges(*pairs):
    return pl.DataFrame(list(pairs), schema=["parent", "child"], orient="row")


@pytest.fixture
def register(tmp_path):
    made = Register(tmp_path)
    made.put(points=_points("M1", "M2"), recorded=DAY)
    return made


def _refused(register, **tables):
    with pytest.raises(DataError) as caught:
        register.put(recorded=LATER, **tables)
    return [(p.rule, p.row, p.heading, p.value) for p in caught.value.problems]


def test_an_empty_register_has_empty_tables(tmp_path):
    register = Register(tmp_path / "none")
    assert register.points().schema == POINTS
    assert register.devices().schema == DEVICES
    assert register.nodes().schema == NODES
    assert register.edges().schema == EDGES
    assert register.changed() == ([], 0)
    assert register.put() == Put()
    assert not (tmp_path / "none").exists()


def test_a_new_point_is_an_electricity_register_unless_it_says_more(register):
    row = register.points().row(0, named=True)
    assert row["name"] == "M1"
    assert (row["kind"], row["item_key"], row["unit"]) == ("register", "electricity", "kWh")
    assert (row["multiplier"], row["interval_s"], row["sign"]) == (1.0, 900, 1)
    assert (row["digits"], row["rated_power"], row["level"], row["node"]) == (None,) * 4


def test_what_is_left_out_keeps_what_stands(register):
    register.put(points=_points("M1", multiplier=[40.0], name=["一号线"]), recorded=LATER)
    register.put(points=_points("M1", digits=[6]), recorded=LATER)
    row = register.points().row(0, named=True)
    assert (row["name"], row["multiplier"], row["digits"]) == ("一号线", 40.0, 6)


def test_nothing_is_overwritten_as_known_on(register):
    register.put(points=_points("M1", multiplier=[40.0]), recorded=LATER)
    assert register.points()["multiplier"].to_list() == [40.0, 1.0]
    assert register.points(known_on=LATER - timedelta(seconds=1))["multiplier"].to_list() == [1, 1]
    assert register.points(known_on=DAY - timedelta(seconds=1)).is_empty()


def test_what_became_known_earlier_does_not_push_the_newer_aside(register):
    register.put(points=_points("M1", multiplier=[40.0]), recorded=LATER)
    register.put(points=_points("M1", multiplier=[20.0]), recorded=DAY + timedelta(days=5))
    assert register.points()["multiplier"][0] == 40.0
    assert register.points(known_on=DAY + timedelta(days=6))["multiplier"][0] == 20.0


def test_the_same_again_changes_nothing(register):
    points = _points("M1", "M3", multiplier=[1.0, 5.0])
    assert register.put(points=points, recorded=LATER) == Put(points=1)
    assert register.put(points=points, recorded=LATER + timedelta(days=1)) == Put()
    assert register.points()["recorded"].to_list() == [DAY, DAY, LATER]


def test_changed_tells_points_and_points_of_meters(register):
    names, last = register.changed()
    assert (names, last) == (["M1", "M2"], 1)
    register.put(devices=_devices(_device("A", DAY)), recorded=LATER)
    names, newest = register.changed(last)
    assert (names, newest) == (["M1"], 2)
    assert register.changed(newest) == ([], 2)


def test_the_meters_given_are_all_the_point_has(register):
    swap = DAY + timedelta(days=3)
    register.put(devices=_devices(_device("A", DAY)), recorded=DAY)
    given = _devices(
        _device("A", DAY, swap, 0.0, 812.5), _device("B", swap, None, 3.0, multiplier=40.0)
    )
    assert register.put(devices=given, recorded=LATER) == Put(devices=1)
    first, second = register.devices().to_dicts()
    assert (first["removed"], first["closing"], first["multiplier"]) == (swap, 812.5, 1.0)
    assert (second["device"], second["opening"], second["multiplier"]) == ("B", 3.0, 40.0)
    assert register.devices(known_on=DAY)["device"].to_list() == ["A"]
    none = pl.DataFrame({"point": ["M1"]})
    register.put(devices=none, recorded=LATER + timedelta(days=1))
    assert register.devices().is_empty()


def test_a_meter_takes_ratio_and_digits_of_the_point_given_with_it(tmp_path):
    register = Register(tmp_path)
    register.put(
        points=_points("M1", multiplier=[60.0], digits=[6]),
        devices=_devices(_device("A", DAY)),
        recorded=DAY,
    )
    assert register.devices().select("multiplier", "digits").row(0) == (60.0, 6)


def test_the_tree_and_hanging_elsewhere(register):
    register.put(
        nodes=_nodes(city="city", north="county", south="county", park="park", mill="enterprise"),
        edges=_edges(("city", "north"), ("city", "south"), ("north", "mill"), ("park", "mill")),
        points=_points("M1", node=["mill"]),
        recorded=DAY,
    )
    assert register.points()["node"].to_list() == ["mill", None]
    moved = _edges(("south", "mill"), ("park", "mill"))
    assert register.put(edges=moved, recorded=LATER) == Put(edges=1)
    assert register.edges().filter(pl.col("child") == "mill")["parent"].to_list() == [
        "park",
        "south",
    ]
    assert ("north", "mill") in register.edges(known_on=DAY).rows()
    nowhere = pl.DataFrame({"parent": [None], "child": ["mill"]}, schema=EDGES)
    register.put(edges=nowhere, recorded=LATER)
    assert "mill" not in register.edges()["child"]


def test_everything_wrong_with_points_is_told_at_once(register):
    given = _points(
        "", "P2", "P2", "P4", "P5", "P6", "P7", "P8", "P9",
        kind=["register", "pulse", "register", "power", "register", None, None, None, None],
        unit=["kWh", "kWh", "kcal", "kWh", "kW", "kWh", "kWh", "GJ", "kWh"],
        item_key=["electricity"] * 5 + ["unicorn", "total", "electricity", "raw_coal"],
        multiplier=[1.0, 0.0, -2.0, float("nan"), float("inf"), 1.0, 1.0, 1.0, 1.0],
        digits=[0, 13, 6, 6, 6, 6, 6, 6, 6],
        rated_power=[-1.0, None, 3.0, None, None, None, None, None, None],
        interval_s=[0, 90000, 900, 900, 900, 900, 900, 900, 900],
        sign=[2, 1, 1, 1, 1, 1, 1, 1, 1],
        level=[4, 1, 1, 1, 1, 1, 1, 1, 1],
        node=[None, "nowhere", None, None, None, None, None, None, None],
        origin=["heaven"] + ["console"] * 8,
    )  # fmt: skip
    found = _refused(register, points=given)
    assert found == [
        ("N001", 1, "point", ""),
        ("N002", 2, "point", "P2"), ("N002", 3, "point", "P2"),
        ("N003", 2, "kind", "pulse"),
        ("N004", 3, "unit", "kcal"),
        ("N016", 1, "origin", "heaven"),
        ("N005", 6, "item_key", "unicorn"), ("N005", 7, "item_key", "total"),
        ("N008", 4, "unit", "kWh"), ("N008", 5, "unit", "kW"),
        ("N009", 8, "unit", "GJ"), ("N009", 9, "unit", "kWh"),
        ("N006", 2, "multiplier", "0"), ("N006", 3, "multiplier", "-2"),
        ("N006", 4, "multiplier", "nan"), ("N006", 5, "multiplier", "inf"),
        ("N007", 1, "digits", "0"), ("N007", 2, "digits", "13"),
        ("N010", 1, "rated_power", "-1"),
        ("N011", 1, "interval_s", "0"), ("N011", 2, "interval_s", "90000"),
        ("N012", 1, "sign", "2"),
        ("N013", 1, "level", "4"),
        ("N014", 2, "node", "nowhere"),
    ]  # fmt: skip
    assert register.points()["point"].to_list() == ["M1", "M2"], "nothing was changed"


def test_a_finding_says_place_value_rule_and_remedy_in_both_languages(register):
    with pytest.raises(DataError) as caught:
        register.put(points=_points("M1", multiplier=[-2.0], source_row=[17]), recorded=LATER)
    (problem,) = caught.value.problems
    assert problem.line("en") == (
        "sheet 计量点, row 17, column multiplier: the multiplier -2 must be a number above 0 "
        "It is current ratio times voltage ratio; 1 for a meter without transformers [N006]"
    )
    assert problem.line("zh").startswith("工作表 计量点，第 17 行，multiplier 列：倍率 -2 应为")


def test_unknown_digits_and_power_are_allowed(register):
    given = _points("M3", digits=[None], rated_power=[None]).cast({"digits": pl.Int8})
    assert register.put(points=given, recorded=LATER) == Put(points=1)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            [_device("A", DAY, LATER, 0, 9.0), _device("B", LATER - timedelta(days=1))],
            [("N023", 2, "installed", "2026-03-10 08:00:00")],
        ),
        ([_device("A", DAY), _device("B", LATER)],
         [("N023", 2, "installed", "2026-03-11 08:00:00")]),
        ([_device("A", LATER, DAY, 0, 9.0)], [("N022", 1, "removed", "2026-03-01 08:00:00")]),
        ([_device("A", DAY, LATER)], [("N025", 1, "closing", "")]),
        ([_device("A", DAY, None, 0.0, 9.0)], [("N027", 1, "closing", "9")]),
        ([_device("A", DAY, None, None)], [("N024", 1, "opening", "")]),
        ([_device("A", DAY, None, 1e6 + 1, digits=6)], [("N026", 1, "opening", "1000001")]),
        ([_device("A", DAY, LATER, 1.0, -1.0)], [("N026", 1, "closing", "-1")]),
        ([_device(" A", DAY)], [("N001", 1, "device", " A")]),
        ([_device("A", None)], [("N021", 1, "installed", "")]),
        ([_device("A", DAY) | {"point": "M9"}], [("N020", 1, "point", "M9")]),
        ([_device("A", DAY, multiplier=0.0, digits=20)],
         [("N006", 1, "multiplier", "0"), ("N007", 1, "digits", "20")]),
    ],
)  # fmt: skip
def test_what_meters_are_refused(register, rows, found):
    given = pl.DataFrame(
        rows,
        schema_overrides={
            name: DEVICES[name] for name in ("installed", "removed", "opening", "closing")
        },
    )
    assert _refused(register, devices=given) == found


def test_meters_one_after_the_other_do_not_overlap(register):
    given = _devices(_device("B", LATER), _device("A", DAY, LATER, 0.0, 5.0))
    assert register.put(devices=given, recorded=LATER) == Put(devices=1)
    assert register.devices()["device"].to_list() == ["A", "B"]


def test_a_power_point_has_no_register_to_open(register):
    register.put(points=_points("W1", kind=["power"], unit=["kW"]), recorded=DAY)
    given = _devices(_device("A", DAY, LATER, None) | {"point": "W1"})
    assert register.put(devices=given, recorded=LATER) == Put(devices=1)


def test_nothing_hangs_at_a_virtual_point(register):
    register.put(points=_points("V1", expression=["M1 + M2"]), recorded=DAY)
    hung = _devices(_device("A", DAY) | {"point": "V1"})
    assert _refused(register, devices=hung) == [("N015", 1, "point", "V1")]
    register.put(devices=_devices(_device("A", DAY)), recorded=DAY)
    turned = _points("M1", expression=["M2 * 2"])
    assert _refused(register, points=turned) == [("N015", 1, "point", "M1")]


def test_expressions_are_read_before_they_are_kept(register):
    wrong = _points("V1", "V2", expression=["M1 + M9", "M1 +"])
    rules = [(rule, heading) for rule, _row, heading, _value in _refused(register, points=wrong)]
    assert rules == [("V002", "expression"), ("V001", "expression")]
    register.put(points=_points("V1", expression=["M1 + M2"]), recorded=LATER)
    circle = _points("V2", "V1", expression=["V1 - M1", "V2 + M1"])
    ((rule, *_rest),) = _refused(register, points=circle)
    assert rule == "V003"


def test_circles_are_told_with_their_path(register):
    nodes = _nodes(a="unit", b="unit", c="unit", d="unit", e="unit")
    pairs = _edges(("a", "b"), ("b", "c"), ("c", "a"), ("d", "e"), ("e", "d"))
    found = _refused(register, nodes=nodes, edges=pairs)
    assert [rule for rule, *_rest in found] == ["N041", "N041"]
    paths = {frozenset(value.split(" → ")) for *_rest, value in found}
    assert paths == {frozenset("abc"), frozenset("de")}
    first = next(value for *_rest, value in found if "a" in value).split(" → ")
    assert first[0] == first[-1]
    steps = set(itertools.pairwise(first))
    assert steps == {("a", "b"), ("b", "c"), ("c", "a")}, "downwards"


def test_a_circle_closed_by_a_later_change_is_refused(register):
    register.put(nodes=_nodes(a="unit", b="unit"), edges=_edges(("a", "b")), recorded=DAY)
    (found,) = _refused(register, edges=_edges(("b", "a")))
    assert found[0] == "N041"


def test_two_parents_of_one_kind_count_twice_and_are_refused(register):
    nodes = _nodes(n="county", s="county", p="park", mill="enterprise")
    pairs = _edges(("n", "mill"), ("s", "mill"), ("p", "mill"))
    assert _refused(register, nodes=nodes, edges=pairs) == [("N042", 2, "child", "mill")]


def test_the_greater_stands_above_and_ends_are_registered(register):
    nodes = _nodes(c="city", m="equipment")
    assert _refused(register, nodes=nodes, edges=_edges(("m", "c"), ("x", "m"))) == [
        ("N014", 2, "parent", "x"),
        ("N043", 1, "below", "city"),
    ]
    assert _refused(register, nodes=_nodes(q="planet")) == [("N030", 1, "kind", "planet")]


def test_misuse_of_the_call_is_told(register):
    with pytest.raises(ModelError, match="no column colour"):
        register.put(points=_points("M1", colour=["red"]), recorded=DAY)
    with pytest.raises(ModelError, match="must be aware"):
        register.put(points=_points("M1"), recorded=DAY.replace(tzinfo=None))
    with pytest.raises(ModelError, match="when they were recorded"):
        register.put(points=_points("M1"))
    with pytest.raises(ModelError, match="installed must be aware"):
        register.put(devices=_devices(_device("A", DAY.replace(tzinfo=None))), recorded=DAY)


def test_frames_of_a_simulation_go_in_as_they_are(tmp_path):
    fault = Fault("replacement", "P00002", DAY + timedelta(hours=5), size=4.0)
    made = simulate(3, start=DAY, days=1, seed=1, faults=[fault])
    register = Register(tmp_path)
    assert register.put(points=made.points, devices=made.devices) == Put(points=3, devices=3)
    assert register.points().equals(made.points)
    held = register.devices()
    assert held.drop("recorded").equals(made.devices.drop("recorded"))


def test_many_changes_are_put_together_and_none_is_lost(tmp_path):
    register = Register(tmp_path)
    for n in range(70):
        register.put(points=_points("M1", multiplier=[n + 1.0]), recorded=DAY + timedelta(hours=n))
    assert len(list((tmp_path / "points").iterdir())) <= 33
    for n in (0, 31, 32, 33, 69):
        known = register.points(known_on=DAY + timedelta(hours=n))
        assert known["multiplier"].item() == n + 1.0
    assert register.changed(69) == (["M1"], 70)


def test_a_change_that_was_cut_off_is_not_there(register, tmp_path, monkeypatch):
    import tanfeng.metering._register_files as files

    def stop(*_args):
        raise OSError("power")

    monkeypatch.setattr(files, "replace", stop)
    with pytest.raises(OSError, match="power"):
        register.put(points=_points("M3"), recorded=LATER)
    monkeypatch.undo()
    assert (tmp_path / "points" / "00000002.parquet").exists()
    assert register.points()["point"].to_list() == ["M1", "M2"]
    register.put(points=_points("M4"), recorded=LATER)
    assert register.points()["point"].to_list() == ["M1", "M2", "M4"]


def test_files_that_are_gone_are_told(register, tmp_path):
    (tmp_path / "points" / "00000001.parquet").unlink()
    with pytest.raises(ModelError, match="lists files that are not there"):
        register.points()


def _add(folder, worker):
    register = Register(folder)
    for n in range(15):
        register.put(points=_points(f"W{worker}-{n}"), recorded=DAY)


def test_many_processes_change_it_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add, args=(tmp_path, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        Register(tmp_path).points()  # a reader never meets half a change
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert Register(tmp_path).points().height == 45


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ([0, 900, 1800, 2700], 900),
        ([0, 1800, 3600, 9000], 1800),  # one gap does not hide the spacing
        ([0, 3600, 7201, 10_799], 3600),
        ([0, 86_400, 172_800], 86_400),
        ([0, 900], 900),  # two times tell nothing: a quarter hour
        ([0, 1300, 2600, 3900], 900),  # no usual spacing within a fifth of 1,300 s
        ([0, 0, 300, 300, 600], 300),  # twice delivered is once
    ],
)
def test_the_spacing_of_a_point_is_read_off_its_readings(seconds, found):
    start = datetime(2026, 3, 1, tzinfo=UTC)
    times = [start + timedelta(seconds=second) for second in seconds]
    told = spacing(pl.DataFrame({"point": ["M"] * len(times), "time": times}))
    assert told.rows() == [("M", found)]


def test_water_is_counted_in_cubic_metres(register):
    given = _points("W1", item_key=["water"], unit=["m3"])
    assert register.put(points=given, recorded=LATER) == Put(points=1)
    for unit in ("t", "kWh"):
        wrong = _points("W2", item_key=["water"], unit=[unit])
        assert _refused(register, points=wrong) == [("N009", 1, "unit", unit)]


def test_a_register_written_before_points_retired_is_read(register, tmp_path):
    for path in (tmp_path / "points").glob("*.parquet"):
        pl.read_parquet(path).drop("retired").write_parquet(path)
    assert register.points()["retired"].to_list() == [None, None]
    gone = _points("M1", retired=[LATER])
    assert register.put(points=gone, recorded=LATER) == Put(points=1)
    # What is left out keeps what stands; what is said takes its place.
    register.put(points=_points("M1", name=["一号线"]), recorded=LATER + timedelta(days=1))
    assert register.points()["retired"].to_list() == [LATER, None]
    assert register.points(DAY)["retired"].to_list() == [None, None]
