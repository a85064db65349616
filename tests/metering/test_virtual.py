"""Virtual meters: sums by hand, units, circles, depth, quality, formulas."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollup_frames import NOV, SLOT, at, points, slots
from tanfeng.errors import DataError
from tanfeng.metering import rollup
from tanfeng.metering._expression import ExpressionError, names, read
from tanfeng.metering.frames import QUALITY, SLOTS
from tanfeng.metering.virtual import virtual_meters

GAS = {"item_key": "natural_gas", "unit": "m3"}
HEAT = {"item_key": "heat", "unit": "GJ"}
METERED = ({"point": "A"}, {"point": "B"}, {"point": "C"}, {"point": "H", **HEAT})
DATA = pl.concat(
    [
        slots("A", [10, 20, 30, None]),
        slots("B", [1, 2, 3, 4], estimated=[1]),
        slots("C", [4, 0, 5, 6]),
        slots("H", [0.5, 1, 1.5, 2]),
    ]
)


def register(**expressions: str | tuple[str, dict]) -> pl.DataFrame:
    rows = list(METERED)
    for name, said in expressions.items():
        text, about = said if isinstance(said, tuple) else (said, {})
        rows.append({"point": name, "expression": text, **about})
    return points(*rows)


def amounts(text: str, **about: object) -> list[float | None]:
    found = virtual_meters(register(V=(text, about))).slots(DATA)
    return found.filter(point="V")["amount"].to_list()


def near(found: list[float | None], expected: list[float | None]) -> bool:
    """Tell whether the same slots are known, and their amounts are equal but for the last bits."""
    known, wanted = ([a for a in one if a is not None] for one in (found, expected))
    holes, expected_holes = ([a is None for a in one] for one in (found, expected))
    return holes == expected_holes and known == pytest.approx(wanted, rel=1e-15)


def refused(**expressions: str | tuple[str, dict]) -> list[str]:
    with pytest.raises(DataError) as error:
        virtual_meters(register(**expressions))
    return [f"{p.rule} {p.message('en')}" for p in error.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A + B", [11, 22, 33, None]),
        ("A - B - C", [10 - 1 - 4, 20 - 2 - 0, 30 - 3 - 5, None]),
        ("A - (B - C)", [10 - 1 + 4, 20 - 2 + 0, 30 - 3 + 5, None]),
        ("-B * 2", [-2, -4, -6, -8]),
        ("2 * B / 4", [0.5, 1, 1.5, 2]),
        ("0.5 * (C - -B)", [2.5, 1, 4, 5]),
        ("- - B", [1, 2, 3, 4]),
        ("C + 0", [4, 0, 5, 6]),
        ("C + 2 [kWh]", [6, 2, 7, 8]),  # each slot
        ("C + 8 [kW]", [6, 2, 7, 8]),  # 8 kW over a quarter hour are 2 kWh
        ("C + 0.002 [MWh]", [6, 2, 7, 8]),
        ("H * 277.5 [kWh/GJ]", [138.75, 277.5, 416.25, 555]),
        ("H * 0.2775 [MWh/GJ]", [138.75, 277.5, 416.25, 555]),
        ("sum(B, C)", [5, 2, 8, 10]),
        ('sum("?") / 1 - sum(B)', None),
        ("max(B - C, 0)", [0, 2, 0, 0]),
        ("max(C - B, 0)", [3, 0, 2, 2]),
        ("min(B, C, 2.5 [kWh])", [1, 0, 2.5, 2.5]),
        ("B * C / (B + C)", [4 / 5, 0, 15 / 8, 24 / 10]),
        ("B * B / C", [1 / 4, None, 9 / 5, 16 / 6]),  # nothing to divide by: not known
        ("max(B * B / C - 1 [kWh], 0)", [0, None, 4 / 5, 16 / 6 - 1]),
        ("min(B, C) + B * B / C", [1 + 1 / 4, None, 3 + 9 / 5, 4 + 16 / 6]),
        ("1e1 * B * .5", [5, 10, 15, 20]),
    ],
)
def test_what_an_expression_comes_to(text, expected):
    if expected is None:  # H is in GJ: the pattern takes it, too
        assert (
            "GJ and kWh do not add up" in refused(V=text)[0] or "kWh and GJ" in refused(V=text)[0]
        )
        return
    assert near(amounts(text), expected)


def test_the_pattern_of_a_sum_takes_metered_points_alone():
    # M1 + M2 = 3 and 30; MV fits the pattern and is virtual.
    p = points(
        {"point": "M1"},
        {"point": "M2"},
        {"point": "N"},
        {"point": "MV", "expression": 'sum("M*")'},
    )
    data = pl.concat([slots("M1", [1, 10]), slots("M2", [2, 20]), slots("N", [7, 7])])
    assert virtual_meters(p).slots(data)["amount"].to_list() == [3, 30]


def test_points_of_any_name_can_be_named():
    p = points(
        {"point": "350100-E01/M 1"},
        {"point": "总表.有功:1"},
        {"point": "min"},
        {"point": "start"},
        {"point": "V", "expression": '"350100-E01/M 1" + 总表.有功:1 + min * 2'},
        {"point": "W", "expression": "max(start, min)"},
    )
    data = pl.concat(
        slots(n, [v])
        for n, v in (("350100-E01/M 1", 1), ("总表.有功:1", 10), ("min", 100), ("start", 1000))
    )
    assert virtual_meters(p).slots(data)["amount"].to_list() == [211, 1000]


def test_virtual_meters_of_virtual_meters_at_any_depth():
    chain = {f"V{n}": f"V{n - 1} + B" for n in range(1, 300)} | {"V0": "C"}
    found = virtual_meters(register(**chain))
    assert found.terms.filter(virtual="V299").sort("point").rows() == [
        ("V299", "B", 299.0),
        ("V299", "C", 1.0),
    ]
    # 299 x 4 + 6
    assert found.slots(DATA).filter(point="V299")["amount"].to_list()[-1] == 1202


def test_a_formula_may_rest_on_a_formula_and_a_sum_on_both():
    # E = what B is above C: 0 2 0 0; F = at most 1 of it: 0 1 0 0; S = E + F + C: 4 3 5 6.
    found = virtual_meters(register(S="E + F + C", F="min(E, 1 [kWh])", E="max(B - C, 0)"))
    assert [set(level) for level in found.levels] == [{"E"}, {"F"}]
    data = found.slots(DATA)
    assert data.schema == SLOTS
    assert data.filter(point="F")["amount"].to_list() == [0, 1, 0, 0]
    assert data.filter(point="S")["amount"].to_list() == [4, 3, 5, 6]
    assert found.inputs.filter(virtual="S")["point"].to_list() == ["B", "C"]


@pytest.mark.parametrize("text", ["A + B", "max(A + B, 0)"])
def test_measured_only_when_all_inputs_are(text):
    data = virtual_meters(register(V=text)).slots(DATA)
    assert data["quality"].to_list() == ["measured", "estimated", "measured", "missing"]
    assert data["rule"].unique().to_list() == ["virtual"]
    # Of the sum, A's 20 are measured; of a formula nothing is called so.
    assert data["measured"].to_list() == [11, 20 if text == "A + B" else 0, 33, None]


@pytest.mark.parametrize("text", ["A - A + B", "max(A - B, 0)"])
def test_a_missing_input_is_missing_and_named(text):
    found = virtual_meters(register(V=text))
    assert found.slots(DATA)["amount"].to_list()[3] is None
    assert found.missing(DATA).rows() == [("V", at(3), ["A"])]


@pytest.mark.parametrize("text", ["B + C", "max(B, C)"])
def test_an_input_known_in_part_is_missing(text):
    part = DATA.with_columns(
        quality=pl.when((pl.col("point") == "C") & (pl.col("start") == at(2)))
        .then(pl.lit("partial", dtype=QUALITY))
        .otherwise("quality")
    )
    found = virtual_meters(register(V=text))
    assert found.slots(part)["quality"].to_list() == [
        "measured",
        "estimated",
        "missing",
        "measured",
    ]
    assert found.missing(part).rows() == [("V", at(2), ["C"])]


@pytest.mark.parametrize("text", ["B + C", "max(B, C)"])
def test_an_input_without_a_slot_is_missing_too(text):
    found = virtual_meters(register(V=text))
    data = found.slots(slots("B", [1, 2]))
    assert data["amount"].to_list() == [None, None]
    assert data["quality"].unique().to_list() == ["missing"]
    assert found.missing(slots("B", [1, 2]))["missing"].to_list() == [["C"], ["C"]]
    assert found.slots(DATA.clear()).height == 0


def test_a_circle_is_refused_with_its_path():
    assert refused(X="Y + 1 [kWh]", Y="Z", Z="X + B", W="X") == [
        "V003 virtual points need each other in a circle: X → Y → Z → X"
    ]
    assert "V → V" in refused(V="V + B")[0]


def test_every_problem_is_told_at_once_with_its_place():
    assert refused(
        P="B + + C", Q="B + nobody - no_one", R="B + H", S="B * C", T="5 [kWh]", U='sum("x*")'
    ) == [
        "V001 virtual point P, character 5: '+' stands where a point, a number or a bracket should",
        "V002 virtual point Q, character 5: there is no point nobody",
        "V002 virtual point Q, character 14: there is no point no_one",
        "V004 virtual point R, character 3: kWh and GJ do not add up; turn one into the other with "
        "a number that says how, such as * 1 [kWh/GJ]",
        "V004 virtual point S, character 1: it comes to kWh^2, the point is in kWh; multiply by a "
        "number [kWh/kWh^2]",
        "V005 virtual point T, character 1: it names no point to compute from",
        "V002 virtual point U, character 5: no metered point fits 'x*'",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B + 5", "kWh and 1 do not add up"),
        ("H", "it comes to GJ, the point is in kWh"),
        ("B / C", "it comes to 1, the point is in kWh"),
        ("B * 3 [kWh/furlong]", r"[kWh/furlong] is no unit"),
        ("B * 3 [kW/GJ]", r"[kW/GJ] is no unit"),
        ("B / 0", "character 3: this divides by zero"),
        ("B / (2 - 2)", "divides by zero"),
        ("max(B, H)", "kWh and GJ"),
        ("B C", "'C' stands where an operator or the end should"),
        ("(B", "the expression ends where ')' should stand"),
        ("", "the expression ends where a point"),
        ("B $ C", "character 3: '$' means nothing here"),
        ("max(B,)", "')' stands where a point"),
        ("1e999 * B", "1e999 is too large"),
        ("(" * 60 + "B" + ")" * 60, "more than 50 deep"),
        ("-" * 60 + "B", "'-' stands where"),
        ('max("A*", B)', "there is no point A*"),
        ("__import__('os')", 'character 12: "\'" means nothing here'),
    ],
)
def test_what_cannot_be_computed_is_refused(text, said):
    problems = refused(V=text)
    assert len(problems) == 1
    assert said in problems[0]


def test_an_expression_resting_on_a_broken_one_adds_no_problem_of_its_own():
    assert len(refused(V="B + H", W="V * 2")) == 1


def test_a_problem_reads_in_chinese():
    with pytest.raises(DataError) as error:
        virtual_meters(register(V="A + B + H"))
    assert error.value.problems[0].message("zh").startswith("虚拟计量点 V，第 7 个字符：kWh 与 GJ")


def test_a_ratio_shares_a_meter_out():
    # A is shared by B and C: A x B / (B + C).
    assert near(amounts("A * B / (B + C)"), [10 * 1 / 5, 20, 30 * 3 / 8, None])


def test_a_virtual_point_is_due_while_all_it_rests_on_is():
    found = virtual_meters(register(V="B + C", W="max(V, A)"))
    due = pl.DataFrame(
        {
            "point": ["B", "C", "V"],
            "due_from": pl.Series([at(0), at(4), at(0)]).dt.cast_time_unit("us"),
            "due_to": pl.Series([None, at(9), None]).dt.cast_time_unit("us"),
        }
    )
    rows = found.due(due)
    assert rows.rows() == [("B", at(0), None), ("C", at(4), at(9)), ("V", at(4), at(9))]


def test_slots_of_virtual_points_roll_up_as_any():
    # What workshop 2 uses is the main meter less workshop 1: 10 - 1, 20 - 2, 30 - 3.
    p = register(V=("A - B", {"node": "U2"}))
    data = virtual_meters(p).slots(DATA)
    energy = rollup.of_nodes(
        data,
        points=p,
        edges=pl.DataFrame({"parent": ["E"], "child": ["U2"]}),
        by="hour",
        start=NOV,
        end=NOV + 4 * SLOT,
    )
    assert energy.select("node", "amount", "quality").rows() == [
        ("E", 54.0, "partial"),
        ("U2", 54.0, "partial"),
    ]


@given(st.text(alphabet='AB "+-*/()[],.0e?*maxsuin', max_size=30))
def test_any_text_is_read_or_refused_with_a_place(text):
    try:
        names(read(text))
    except ExpressionError as refused_:
        position = refused_.position
    else:
        position = 1
    assert 1 <= position <= len(text) + 1


WEIGHT = st.integers(-9, 9)


@given(WEIGHT, WEIGHT, WEIGHT, st.randoms())
def test_a_sum_and_the_same_as_a_formula_agree(a, b, c, random):
    rows = list(range(DATA.height))
    random.shuffle(rows)
    text = f"{a} * B + ({b}) * C - ({c}) * B".replace("* B + (", "* B + (")
    found = virtual_meters(
        register(L=f"({text}) + 0", N=f"max({text}, {text})")  # the greater of a thing and itself
    ).slots(DATA[rows])
    linear, formula = (found.filter(point=p) for p in "LN")
    assert linear["amount"].equals(formula["amount"])
    assert linear["quality"].equals(formula["quality"])
