"""Roll-up along the tree: sums by hand, what was due, silence, double counting, late data."""

from __future__ import annotations

from datetime import timedelta
from math import fsum

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering import engines
from rollup_frames import NOV, SLOT, at, devices, edges, points, slots
from tanfeng.metering import rollup
from tanfeng.metering.frames import ENERGY, FACTORS, QUALITY, TIME

HOUR = timedelta(hours=1)
END = NOV + timedelta(hours=2)


def row(energy: pl.DataFrame, name: str, start=NOV, item="electricity") -> dict:
    of = "node" if "node" in energy.columns else "point"
    return energy.row(
        by_predicate=(pl.col(of) == name)
        & (pl.col("start") == start)
        & (pl.col("item_key") == item),
        named=True,
    )


def test_four_quarters_make_an_hour_and_two_enterprises_a_county():
    # E1: 1 + 2 + 3 + 4 = 10; E2: 0.5 x 4 = 2, of which the last quarter is estimated.
    energy = rollup.of_nodes(
        pl.concat([slots("M1", [1, 2, 3, 4]), slots("M2", [0.5] * 4, estimated=[3])]),
        points=points({"point": "M1", "node": "E1"}, {"point": "M2", "node": "E2"}),
        edges=edges(("C", "E1"), ("C", "E2")),
        by="hour",
    )
    assert energy.schema == ENERGY
    assert energy["node"].to_list() == ["C", "E1", "E2"]
    county = row(energy, "C")
    assert (county["amount"], county["unit"]) == (12.0, "kWh")
    assert (county["measured"], county["estimated"]) == (11.5, 0.5)
    assert (county["slots_due"], county["slots_measured"], county["slots_estimated"]) == (8, 7, 1)
    assert (county["completeness"], county["quality"]) == (1.0, "estimated")
    assert row(energy, "E1")["quality"] == "measured"
    assert county["energy_calorific_tce"] is None


def test_days_and_months_are_those_of_the_city():
    # Local midnight is 16:00 UTC: the two quarters lie in October and in November.
    data = slots("M", [1, 2], start=at(-1))
    p = points({"point": "M", "node": "E"})
    for by, begins in (("day", NOV - timedelta(days=1)), ("month", NOV - timedelta(days=31))):
        energy = rollup.of_nodes(data, points=p, edges=edges(), by=by)
        assert energy.select("start", "amount").rows() == [(begins, 1.0), (NOV, 2.0)]


def test_a_missing_slot_is_not_zero():
    p = points({"point": "M", "node": "E"})
    whole = row(rollup.of_nodes(slots("M", [0, 0, 0, 0]), points=p, edges=edges(), by="hour"), "E")
    assert (whole["amount"], whole["quality"]) == (0.0, "measured")
    part = row(
        rollup.of_nodes(slots("M", [1, None, 3, 4]), points=p, edges=edges(), by="hour"), "E"
    )
    assert (part["amount"], part["quality"], part["completeness"]) == (8.0, "partial", 0.75)
    none = row(rollup.of_nodes(slots("M", [None] * 4), points=p, edges=edges(), by="hour"), "E")
    assert (none["amount"], none["measured"], none["quality"]) == (None, None, "missing")
    assert (none["slots_due"], none["slots_missing"], none["completeness"]) == (4, 4, 0.0)


def test_a_slot_known_in_part_gives_its_part_and_counts_as_missing():
    data = slots("M", [1, 2, None, None]).with_columns(
        quality=pl.when(pl.col("start") == at(1))
        .then(pl.lit("partial", dtype=QUALITY))
        .otherwise("quality")
    )
    p = points({"point": "M", "node": "E"})
    hour = row(rollup.of_nodes(data, points=p, edges=edges(("C", "E")), by="hour"), "C")
    assert (hour["amount"], hour["quality"], hour["completeness"]) == (3.0, "partial", 0.25)
    quarter = rollup.of_points(data, points=p, by="15min")
    alone = row(quarter, "M", at(1))
    assert (alone["amount"], alone["quality"], alone["slots_missing"]) == (2.0, "partial", 1)


def test_a_silent_point_degrades_its_park_and_its_city_and_blocks_neither():
    energy = rollup.of_nodes(
        slots("M1", [1, 2, 3, 4]),
        points=points({"point": "M1", "node": "E1"}, {"point": "M2", "node": "E2"}),
        edges=edges(("park", "E1"), ("park", "E2"), ("city", "park")),
        by="hour",
    )
    for node in ("park", "city"):
        sum_ = row(energy, node)
        assert (sum_["amount"], sum_["quality"]) == (10.0, "partial")
        assert (sum_["slots_due"], sum_["slots_missing"]) == (8, 4)
    assert row(energy, "E2")["quality"] == "missing"


def test_a_point_that_fell_silent_still_owes_its_slots():
    # M2 stops after the first hour of two: 4 of its 8 slots are missing though it has no row.
    energy = rollup.of_nodes(
        pl.concat([slots("M1", [1.0] * 8), slots("M2", [1.0] * 4)]),
        points=points({"point": "M1", "node": "E"}, {"point": "M2", "node": "E"}),
        edges=edges(),
        by="hour",
    )
    assert row(energy, "E", NOV + HOUR)["slots_due"] == 8
    assert row(energy, "E", NOV + HOUR)["slots_missing"] == 4


def test_a_node_with_points_of_its_own_does_not_add_its_children():
    # Main meter 10 + 10; its workshops measure 6 + 3 of it. The city takes the main meter.
    energy = rollup.of_nodes(
        pl.concat([slots("main", [10, 10]), slots("w1", [6, 6]), slots("w2", [3, 3])]),
        points=points(
            {"point": "main", "node": "E", "level": 1},
            {"point": "w1", "node": "U1", "level": 2},
            {"point": "w2", "node": "U2", "level": 2},
        ),
        edges=edges(("E", "U1"), ("E", "U2"), ("city", "E")),
        by="hour",
        start=NOV,
        end=NOV + 2 * SLOT,
    )
    assert [row(energy, n)["amount"] for n in ("city", "E", "U1", "U2")] == [20.0, 20.0, 12.0, 6.0]
    assert row(energy, "city")["slots_due"] == 2


def test_an_item_without_a_main_meter_comes_from_the_children():
    # Electricity has a main meter, gas has not: 2 x (4 + 5) m3.
    gas = {"item_key": "natural_gas", "unit": "m3"}
    energy = rollup.of_nodes(
        pl.concat([slots("main", [10, 10]), slots("g1", [4, 4]), slots("g2", [5, 5])]),
        points=points(
            {"point": "main", "node": "E"},
            {"point": "g1", "node": "U1", **gas},
            {"point": "g2", "node": "U2", **gas},
        ),
        edges=edges(("E", "U1"), ("E", "U2")),
        by="hour",
    )
    assert row(energy, "E", item="natural_gas")["amount"] == 18.0
    assert row(energy, "E", item="natural_gas")["unit"] == "m3"


def test_of_the_points_at_one_node_the_highest_class_counts():
    energy = rollup.of_nodes(
        pl.concat([slots("main", [10]), slots("sub", [7]), slots("more", [1])]),
        points=points(
            {"point": "main", "node": "E", "level": 1},
            {"point": "sub", "node": "E", "level": 2},
            {"point": "more", "node": "E"},  # not classed: counted
        ),
        edges=edges(),
        by="15min",
    )
    assert row(energy, "E")["amount"] == 11.0


def test_what_leaves_is_taken_off():
    energy = rollup.of_nodes(
        pl.concat([slots("in", [10, 10]), slots("out", [1, 4], estimated=[1])]),
        points=points({"point": "in", "node": "E"}, {"point": "out", "node": "E", "sign": -1}),
        edges=edges(),
        by="hour",
        start=NOV,
        end=NOV + 2 * SLOT,
    )
    net = row(energy, "E")
    assert (net["amount"], net["measured"], net["estimated"]) == (15.0, 19.0, -4.0)


def test_an_enterprise_under_a_county_and_a_park_is_one_enterprise_to_the_city():
    energy = rollup.of_nodes(
        slots("M", [5]),
        points=points({"point": "M", "node": "E"}),
        edges=edges(("county", "E"), ("park", "E"), ("city", "county"), ("city", "park")),
        by="15min",
    )
    assert [row(energy, n)["amount"] for n in ("county", "park", "city")] == [5.0, 5.0, 5.0]
    assert row(energy, "city")["slots_due"] == 1


def test_a_park_with_its_own_meter_holds_its_enterprises():
    # The park's meter shows 9; E1 (5) lies in the park, E2 (2) does not.
    # City: 9 + 2 = 11; county: 5 + 2 = 7.
    energy = rollup.of_nodes(
        pl.concat([slots("P", [9]), slots("M1", [5]), slots("M2", [2])]),
        points=points(
            {"point": "P", "node": "park"},
            {"point": "M1", "node": "E1"},
            {"point": "M2", "node": "E2"},
        ),
        edges=edges(
            ("park", "E1"), ("county", "E1"), ("county", "E2"), ("city", "park"), ("city", "county")
        ),
        by="15min",
    )
    assert [row(energy, n)["amount"] for n in ("city", "county", "park")] == [11.0, 7.0, 9.0]


def test_a_circle_in_the_tree_is_refused_with_its_path():
    with pytest.raises(rollup.TreeHasCycle, match="A → B → C → A"):
        rollup.of_nodes(
            slots("M", [1]),
            points=points({"point": "M", "node": "C"}),
            edges=edges(("A", "B"), ("B", "C"), ("C", "A"), ("top", "A")),
            by="hour",
        )


def test_one_item_in_two_units_is_refused_by_name():
    with pytest.raises(rollup.MixedUnits, match=r"heat in GJ .*H1.*; heat in t .*H2"):
        rollup.of_nodes(
            slots("H1", [1]),
            points=points(
                {"point": "H1", "node": "E", "item_key": "heat", "unit": "GJ"},
                {"point": "H2", "node": "E", "item_key": "heat", "unit": "t"},
            ),
            edges=edges(),
            by="hour",
        )


def test_the_version_of_a_point_recorded_last_holds():
    moved = points(
        {"point": "M", "node": "new", "recorded": NOV},
        {"point": "M", "node": "old"},
    )
    energy = rollup.of_nodes(slots("M", [1]), points=moved, edges=edges(), by="hour")
    assert energy["node"].to_list() == ["new"]


def test_a_point_by_itself_is_as_metered():
    energy = rollup.of_points(
        slots("out", [1, None, 3, 4]),
        points=points({"point": "out", "node": "E", "sign": -1}, {"point": "mute"}),
        by="hour",
    )
    assert energy.columns == ["point", *ENERGY.names()[1:]]
    assert row(energy, "out")["amount"] == 8.0
    assert row(energy, "mute")["quality"] == "missing"


# What was due ------------------------------------------------------------------------------------


def test_a_point_is_due_from_its_first_slot_or_meter_until_its_last_meter_went():
    due = rollup.due_since(
        points({"point": "A"}, {"point": "B"}, {"point": "C"}, {"point": "D"}),
        slots("A", [1, 2], start=at(4)),
        devices(
            # B: hung at 00:20, its successor at 01:00, taken down at 01:40.
            {
                "point": "B",
                "device": "1",
                "installed": NOV + timedelta(minutes=20),
                "removed": at(4),
            },
            {
                "point": "B",
                "device": "2",
                "installed": at(4),
                "removed": NOV + timedelta(minutes=100),
            },
            # D: still hangs.
            {"point": "D", "device": "3", "installed": at(2), "removed": None},
        ),
    )
    registered = points({"point": "C"})["recorded"][0]
    assert due.rows() == [
        ("A", at(4), None),
        ("B", at(1), at(7)),
        ("C", registered, None),
        ("D", at(2), None),
    ]


def test_slots_due_are_those_of_the_window_and_the_points_span():
    # Two hours. M1 always due: 4 + 4. M2 due from 00:45 to 01:30: 1 + 2.
    p = points({"point": "M1", "node": "E"}, {"point": "M2", "node": "E"})
    due = pl.DataFrame(
        {"point": ["M1", "M2"], "due_from": [at(-400), at(3)], "due_to": [None, at(6)]},
        schema={"point": pl.String, "due_from": TIME, "due_to": TIME},
    )
    energy = rollup.of_nodes(
        slots("M1", [1.0] * 8), points=p, edges=edges(), by="hour", start=NOV, end=END, due=due
    )
    assert energy["slots_due"].to_list() == [5, 6]
    assert energy["slots_missing"].to_list() == [1, 2]


def test_before_anything_was_due_there_is_no_row():
    energy = rollup.of_nodes(
        slots("M", [1.0] * 4, start=NOV + HOUR),
        points=points({"point": "M", "node": "E"}),
        edges=edges(),
        by="hour",
        start=NOV,
        end=END,
    )
    assert energy["start"].to_list() == [NOV + HOUR]


def test_a_window_is_cut_as_asked():
    energy = rollup.of_nodes(
        slots("M", [1.0] * 8),
        points=points({"point": "M", "node": "E"}),
        edges=edges(),
        by="hour",
        start=at(3),
        end=at(6),
    )
    assert energy.select("amount", "slots_due").rows() == [(1.0, 1), (2.0, 2)]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (NOV.replace(tzinfo=None), END, "has no time zone"),
        (NOV + timedelta(minutes=1), END, "quarter hour"),
        (END, NOV, "is empty"),
    ],
)
def test_a_window_that_is_none_is_refused(start, end, said):
    with pytest.raises(rollup.ModelError, match=said):
        rollup.of_nodes(
            slots("M", [1]),
            points=points({"point": "M", "node": "E"}),
            edges=edges(),
            by="hour",
            start=start,
            end=end,
        )


def test_without_slots_the_window_has_to_be_given():
    with pytest.raises(rollup.ModelError, match="no slots to take a window from"):
        rollup.of_points(slots("M", []), points=points({"point": "M"}), by="hour")


def test_a_period_nobody_knows_is_refused():
    with pytest.raises(rollup.ModelError, match="'week' is no period"):
        rollup.of_nodes(
            slots("M", [1]), points=points({"point": "M", "node": "E"}), edges=edges(), by="week"
        )


# Worth -------------------------------------------------------------------------------------------


def factors(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame([(*r, "ref", "confirmed") for r in rows], schema=FACTORS, orient="row")


def test_amounts_are_worth_what_the_factors_of_their_local_year_say():
    # The quarter before local midnight of 2027-01-01 takes 2026, the next 2027.
    year = at(61 * 96)  # 61 days after 1 November
    energy = rollup.of_nodes(
        slots("M", [100, 200], start=year - SLOT),
        points=points({"point": "M", "node": "E"}),
        edges=edges(),
        by="15min",
        factors=factors(
            ("electricity", "kWh", 2026, 0.5, 2.0, 0.25),
            ("electricity", "kWh", 2027, 1.0, 3.0, 0.5),
        ),
    )
    worth = energy.select("energy_calorific_tce", "energy_equivalent_tce", "emission_tco2e")
    assert worth.rows() == [(50.0, 200.0, 25.0), (200.0, 600.0, 100.0)]


def test_every_absent_factor_is_named_at_once():
    with pytest.raises(rollup.MissingFactors) as refused:
        rollup.of_nodes(
            pl.concat([slots("M", [1]), slots("G", [1])]),
            points=points(
                {"point": "M", "node": "E"},
                {"point": "G", "node": "E", "item_key": "natural_gas", "unit": "m3"},
            ),
            edges=edges(),
            by="month",
            factors=factors(("electricity", "kWh", 2025, 1.0, 1.0, 1.0)),
        )
    assert "electricity per kWh in 2026; natural_gas per m3 in 2026" in str(refused.value)
    assert "2026 年 electricity" in refused.value.message("zh")


def test_water_is_summed_and_worth_nothing_by_definition():
    # 1 + 2 m3 of water and 4 kWh at 0.5, 0.7 and 0.9: no factor of water is asked for.
    energy = rollup.of_nodes(
        pl.concat([slots("W", [1, 2]), slots("M", [4])]),
        points=points(
            {"point": "W", "node": "E", "item_key": "water", "unit": "m3"},
            {"point": "M", "node": "E"},
        ),
        edges=edges(),
        by="hour",
        factors=factors(("electricity", "kWh", 2026, 0.5, 0.7, 0.9)),
    )
    water, power = row(energy, "E", item="water"), row(energy, "E")
    assert (water["amount"], water["unit"], water["slots_due"]) == (3.0, "m3", 2)
    worth = ("energy_calorific_tce", "energy_equivalent_tce", "emission_tco2e")
    assert [water[name] for name in worth] == [None] * 3
    assert [power[name] for name in worth] == pytest.approx([2.0, 2.8, 3.6])


def test_a_retired_point_owes_nothing_more_and_keeps_what_it_said():
    # Two hours; P retired after the first. Its hour stays in the sum, the second owes N alone.
    energy = rollup.of_nodes(
        pl.concat([slots("P", [1.0] * 4), slots("N", [2.0] * 8)]),
        points=points(
            {"point": "P", "node": "E", "retired": NOV + HOUR}, {"point": "N", "node": "E"}
        ),
        edges=edges(),
        by="hour",
    )
    assert energy["amount"].to_list() == [12.0, 8.0]
    assert energy["slots_due"].to_list() == [8, 4]
    assert energy["quality"].to_list() == ["measured", "measured"]


def test_a_factor_given_twice_is_refused_unless_it_says_the_same():
    def asked(*rows: tuple) -> pl.DataFrame:
        return rollup.of_nodes(
            slots("M", [2]),
            points=points({"point": "M", "node": "E"}),
            edges=edges(),
            by="hour",
            factors=factors(*(("electricity", "kWh", 2026, *r) for r in rows)),
        )

    assert asked((1, 1, 1), (1, 1, 1))["energy_calorific_tce"].to_list() == [2.0]
    with pytest.raises(rollup.ModelError, match=r"given twice.*electricity per kWh in 2026"):
        asked((1, 1, 1), (1, 2, 1))


# Order ---------------------------------------------------------------------------------------

TREE = edges(("E1", "U1"), ("E1", "U2"), ("C", "E1"), ("C", "E2"), ("P", "E2"), ("city", "C"))
POINTS_ = points(
    {"point": "a", "node": "U1"},
    {"point": "b", "node": "U2"},
    {"point": "c", "node": "E2"},
    {"point": "d", "node": "E2", "sign": -1},
    {"point": "e", "node": "P"},
)
AMOUNT = st.one_of(
    st.none(), st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from([0.1, 1e-9, 123456.7])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(AMOUNT, min_size=12, max_size=12), min_size=5, max_size=5), st.randoms())
def test_the_order_of_the_slots_changes_no_bit(amounts, random):
    data = pl.concat(slots(p, a) for p, a in zip("abcde", amounts, strict=True))
    order = list(range(data.height))
    random.shuffle(order)
    asked = {"points": POINTS_, "edges": TREE, "by": "hour", "start": NOV, "end": at(12)}
    due = rollup.due_since(POINTS_, data)
    first = rollup.of_nodes(data, due=due, **asked)
    assert first.equals(rollup.of_nodes(data[order], due=due, **asked))


# Ibis 12 calls what DuckDB 2 has renamed.
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_a_table_of_a_backend_gives_what_the_frame_gives():
    amounts = [0.1, 1e-9, 123456.7, None, 1 / 3, 0.0, 2.5e6, 7.7]
    data = pl.concat(slots(p, amounts, estimated=[1, 4]) for p in "abcde")
    table = engines.put(data.cast({"quality": pl.String}))
    asked = {
        "points": POINTS_,
        "edges": TREE,
        "by": "hour",
        "start": NOV,
        "end": END,
        "due": rollup.due_since(POINTS_, data),
    }
    whole = rollup.of_nodes(data, **asked)
    assert rollup.of_nodes(table, **asked).equals(whole)
    with pytest.raises(rollup.ModelError, match="give start, end and due"):
        rollup.of_nodes(table, points=POINTS_, edges=TREE, by="hour")


def test_hours_of_points_roll_up_to_months_of_nodes():
    data = pl.concat(slots(p, [1.0, 2.0, None, 0.5] * 24, estimated=[1]) for p in "abcde")
    window = {"start": NOV, "end": at(96), "due": rollup.due_since(POINTS_, data)}
    hours = rollup.of_points(data, points=POINTS_, by="hour", **window)
    for by in ("hour", "day", "month"):
        again = rollup.of_sums(hours, points=POINTS_, edges=TREE, by=by, **window)
        assert again.equals(rollup.of_nodes(data, points=POINTS_, edges=TREE, by=by, **window))
    days = rollup.of_sums(hours, points=POINTS_, by="day", **window)
    assert days.equals(rollup.of_points(data, points=POINTS_, by="day", **window))


def test_energy_is_conserved_over_any_window():
    amounts = [1 / (n + 3) for n in range(96 * 30)]
    energy = rollup.of_nodes(
        slots("M", amounts), points=points({"point": "M", "node": "E"}), edges=edges(), by="month"
    )
    assert energy["amount"].item() == pytest.approx(fsum(amounts), abs=1e-12)
