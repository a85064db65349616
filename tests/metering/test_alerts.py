"""Alerts grow, close, are withdrawn, and one cause explains its consequences."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import date, timedelta
from importlib import resources

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quality_rows import at, nodes, points, readings, slots
from tanfeng.errors import ModelError
from tanfeng.metering import alerts, frames, quality
from tanfeng.metering.workdays import WorkCalendar

MONTH = (date(2026, 10, 1), date(2026, 10, 31))


def day(number: int) -> date:
    return date(2026, 10, number)


def found(*rows: tuple[str, str, int, float | None]) -> pl.DataFrame:
    """Findings: rule, object, day of October, value."""
    return pl.DataFrame(
        [(rule, thing, "point", day(number), value) for rule, thing, number, value in rows],
        schema=alerts.FINDINGS,
        orient="row",
    )


def test_the_table_is_the_one_its_sidecar_describes():
    tables = resources.files("tanfeng.metering") / "tables"
    about = tomllib.loads((tables / "alert_rules.toml").read_text("utf-8"))["digest"]
    assert hashlib.sha256((tables / "alert_rules.csv").read_bytes()).hexdigest() == about["sha256"]
    assert len(alerts.alert_rules()) == about["rows"]


def test_thresholds_grow_with_the_level_and_name_their_limit():
    rules = alerts.alert_rules()
    for rule in rules.values():
        bounds = [value for value in rule.thresholds if value is not None]
        falling = rule.direction in ("below", "at_most")
        assert bounds == sorted(bounds, reverse=falling)
        assert set(rule.explains) <= set(rules)
        assert all((rule.text_zh, rule.text_en, rule.remedy_zh, rule.remedy_en, rule.source_zh))
    assert rules["point_incomplete"].threshold == quality.quality_rules()["completeness_min"].value
    changed = alerts.alert_rules({"completeness_min": 0.8})
    assert changed["point_incomplete"].threshold == 0.8


def test_a_level_is_the_worst_threshold_broken():
    rows = [
        ("enterprise_incomplete", 0.9, None),
        ("enterprise_incomplete", 0.89, "blue"),
        ("enterprise_incomplete", 0.4, "yellow"),
        ("enterprise_incomplete", 0.0, "orange"),
        ("monthly_deviation", 0.05, None),
        ("monthly_deviation", 0.15, "orange"),
        ("monthly_deviation", float("inf"), "red"),
        ("repair_overdue", 3.0, None),
        ("repair_overdue", 4.0, "red"),
        ("point_silent", 0.0, "yellow"),
        ("gateway_silent", 1.0, "orange"),
        ("gateway_silent", None, None),
    ]
    given_ = pl.DataFrame([row[:2] for row in rows], schema=["rule", "value"], orient="row")
    assert alerts.levels(given_)["level"].to_list() == [row[2] for row in rows]


def test_an_unknown_rule_is_refused():
    with pytest.raises(ModelError, match="nonsense is no alert rule; rules: gateway_silent"):
        alerts.levels(found(("nonsense", "P", 1, 1.0)))


def test_days_that_follow_each_other_are_one_alert():
    rows = [("point_incomplete", "P", n, 0.8) for n in (3, 4, 5, 9)]
    made = alerts.merge(found(*rows, ("point_incomplete", "P", 6, 0.95)), judged=(day(1), day(9)))
    assert made.select("first", "last", "count", "state").rows() == [
        (day(9), day(9), 1, "open"),
        (day(3), day(5), 3, "closed"),
    ]


def test_an_alert_says_everything_a_person_needs():
    rows = found(("point_incomplete", "P", 1, 0.4), ("point_incomplete", "P", 2, 0.855))
    names = pl.DataFrame({"object": ["P"], "name": ["一号总表"]})
    alert = alerts.merge(rows, judged=(day(1), day(2)), names=names).row(0, named=True)
    assert (alert["level"], alert["worst"], alert["value"]) == ("blue", "yellow", 0.855)
    assert alert["text_zh"] == "计量点 一号总表 完整率 85.5 %，低于 90 %，2026-10-01 起 2 天"
    assert alert["text_en"] == (
        "Completeness of point 一号总表 is 85.5 %, below 90 %, 2 days from 2026-10-01"
    )
    assert alert["remedy_zh"].startswith("查通信质量")
    assert alert["source_en"] == "Requirement C30; the levels are our own"
    assert alert["tag"] == "V"
    assert alert["threshold"] == 0.9


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [
        ("boundary_off", 125.0, "125 s off midnight, at most 60 s"),
        ("repair_overdue", 5.0, "for 5 working days, the term is 3"),
        ("monthly_deviation", float("inf"), "is ∞ off its monthly report, at most 5 %"),
    ],
)
def test_values_are_shown_in_their_unit(rule, value, text):
    made = alerts.merge(found((rule, "P", 31, value)), judged=MONTH)
    assert text in made["text_en"].item()


def test_running_again_changes_nothing():
    rows = found(*(("point_incomplete", "P", n, 0.8) for n in (3, 4)))
    once = alerts.merge(rows, judged=(day(1), day(4)))
    assert_frame_equal(alerts.merge(rows, judged=(day(1), day(4)), before=once), once)


def test_the_name_stays_when_the_alert_grows_in_both_directions():
    once = alerts.merge(found(("point_silent", "P", 5, 0.0)), judged=(day(5), day(5)))
    grown = alerts.merge(found(("point_silent", "P", 6, 0.0)), judged=(day(6), day(6)), before=once)
    both = alerts.merge(
        found(*(("point_silent", "P", n, 0.0) for n in (4, 5, 6))),
        judged=(day(4), day(6)),
        before=grown,
    )
    assert once["id"].item() == grown["id"].item() == both["id"].item()
    assert both.select("first", "count").row(0) == (day(4), 3)


def test_late_data_withdraws_what_it_mends():
    made = alerts.merge(
        found(*(("point_silent", "P", n, 0.0) for n in (3, 4, 5))), judged=(day(1), day(5))
    )
    # The 4th came after all: two alerts, the first keeps the name.
    split = alerts.merge(found(), judged=(day(4), day(4)), before=made)
    assert split.select("first", "last", "count").sort("first").rows() == [
        (day(3), day(3), 1),
        (day(5), day(5), 1),
    ]
    assert split.sort("first")["id"][0] == made["id"].item()
    assert split["id"].n_unique() == 2
    none = alerts.merge(found(), judged=(day(1), day(5)), before=made)
    assert none.select("state", "count", "first").row(0) == ("withdrawn", 3, day(3))
    back = alerts.merge(found(("point_silent", "P", 3, 0.0)), judged=(day(1), day(5)), before=none)
    assert back.select("id", "state").rows() == [(made["id"].item(), "closed")]


def test_months_in_a_row_are_one_alert_and_open_until_the_next_is_due():
    rows = pl.DataFrame(
        [
            ("monthly_deviation", "E", "node", date(2026, 9, 30), 0.07),
            ("monthly_deviation", "E", "node", date(2026, 10, 31), 0.08),
        ],
        schema=alerts.FINDINGS,
        orient="row",
    )
    made = alerts.merge(rows, judged=(date(2026, 9, 1), date(2026, 11, 20)))
    assert made.select("count", "state", "value").rows() == [(2, "open", 0.08)]


# -- causes


def links(*pairs: tuple[str, str, int]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema=alerts.LINKS, orient="row")


def test_a_gateway_that_is_down_explains_its_forty_silent_points_and_the_enterprise():
    names = [f"P{n:02d}" for n in range(40)]
    rows = found(
        ("gateway_silent", "G", 3, 1.0),
        ("enterprise_incomplete", "E", 3, 0.0),
        ("point_silent", "other", 3, 0.0),
        *(("point_silent", name, 3, 0.0) for name in names),
    )
    causes = links(
        *((name, "G", 0) for name in names), *(("E", name, int(name != "P00")) for name in names)
    )
    made = alerts.merge(rows, judged=(day(1), day(3)), causes=causes)
    gateway = made.filter(pl.col("rule") == "gateway_silent").row(0, named=True)
    assert gateway["explains"] == 41
    assert (gateway["cause"], gateway["root"]) == (None, gateway["id"])
    assert made["id"][0] == gateway["id"]  # what explains most stands first
    firm = made.filter(pl.col("object") == "E").row(0, named=True)
    main = made.filter(pl.col("object") == "P00").row(0, named=True)
    assert firm["cause"] == main["id"]  # the main meter, not any of the others
    assert firm["root"] == main["root"] == gateway["id"]
    unexplained = made.filter(pl.col("cause").is_null())
    assert sorted(unexplained["object"]) == ["G", "other"]


def test_a_cause_of_another_day_or_another_object_explains_nothing():
    rows = found(
        ("gateway_silent", "G", 2, 1.0),
        ("point_silent", "P", 3, 0.0),
        ("point_silent", "Q", 2, 0.0),
    )
    made = alerts.merge(rows, judged=(day(1), day(3)), causes=links(("P", "G", 0)))
    assert made["cause"].null_count() == 3
    assert made["explains"].to_list() == [0, 0, 0]


def test_of_several_causes_the_worst_then_the_first():
    rows = found(
        ("point_silent", "A", 3, 0.0),
        ("point_silent", "B", 2, 0.0),
        ("point_silent", "B", 3, 0.0),
        ("enterprise_incomplete", "E", 3, 0.1),
    )
    causes = links(("E", "A", 1), ("E", "B", 1))
    made = alerts.merge(rows, judged=(day(1), day(3)), causes=causes)
    b = made.filter(pl.col("object") == "B")["id"].item()
    assert made.filter(pl.col("object") == "E")["cause"].item() == b


def test_a_main_meter_silent_within_the_month_explains_the_report_that_does_not_fit():
    rows = found(("point_silent", "A", 3, 0.0), ("monthly_deviation", "E", 31, 0.08))
    made = alerts.merge(rows, judged=MONTH, causes=links(("E", "A", 0)))
    silent = made.filter(pl.col("object") == "A")["id"].item()
    assert made.filter(pl.col("object") == "E")["cause"].item() == silent


# -- from quality to findings


def world():
    """Two works: E1 with a gateway of two points that is down on the 2nd, E2 with one point."""
    register = pl.concat(
        [
            points("A", node="E1", level=1),
            points("B", node="U", level=2),
            points("C", node="E2", level=1, rated_power=4.0),
        ]
    )
    came = pl.concat(
        [
            *(readings(name, "2026-10-01 00:00", 96) for name in "AB"),
            readings("C", "2026-10-01 00:02", 50),
            readings("C", "2026-10-02 00:00", 96, wait_s=7200),
        ]
    )
    tree = {
        "nodes": nodes(E1="enterprise", E2="enterprise", U="unit"),
        "edges": pl.DataFrame({"parent": ["E1"], "child": ["U"]}),
    }
    judged = quality.assess(
        came,
        slots("C", "2026-10-01 00:00", [1.0, 1.1, 1.2, 9.0]),
        register,
        first=day(1),
        last=day(2),
        as_of=at("2026-10-03 12:00"),
        **tree,
    )
    gateways = pl.DataFrame(
        {"point": ["A", "B", "C"], "gateway": ["G", "G", "H"]}, schema=alerts.GATEWAYS
    )
    causes = alerts.links(register, **tree, gateways=gateways)
    return judged, gateways, causes


def test_from_quality_to_explained_alerts():
    judged, gateways, causes = world()
    rows = alerts.findings(judged, last=day(2), gateways=gateways)
    assert rows["value"].null_count() == 0
    assert "quality_low" not in rows["rule"].to_list()  # October has not ended
    made = alerts.merge(rows, judged=(day(1), day(2)), causes=causes)
    seen = {(a["rule"], a["object"]): a for a in made.iter_rows(named=True)}
    assert set(seen) == {
        ("gateway_silent", "G"),
        ("point_silent", "A"),
        ("point_silent", "B"),
        ("enterprise_incomplete", "E1"),
        ("point_incomplete", "C"),  # 50 of 96 on the 1st
        ("enterprise_incomplete", "E2"),
        ("late_data", "C"),  # two hours late all of the 2nd
        ("implausible", "C"),  # 1 of 4 above 4 kW x 0.25 h x 1.1 = 1.1 kWh: 1.2 and 9.0
    }
    assert seen["gateway_silent", "G"]["explains"] == 3
    assert seen["enterprise_incomplete", "E1"]["cause"] == seen["point_silent", "A"]["id"]
    assert seen["enterprise_incomplete", "E2"]["cause"] is None
    assert seen["implausible", "C"]["value"] == 0.5


def test_links_lead_to_gateways_and_main_meters():
    _, _, causes = world()
    assert sorted(causes.rows()) == [
        ("A", "G", 0),
        ("B", "G", 0),
        ("C", "H", 0),
        ("E1", "A", 0),
        ("E1", "B", 1),
        ("E2", "C", 0),
        ("U", "B", 1),
    ]


def test_months_outages_balances_and_residuals_become_findings():
    judged = quality.assess(
        pl.DataFrame(schema=frames.READINGS),
        pl.DataFrame(schema=frames.SLOTS),
        points("P", node="E"),
        first=date(2026, 9, 21),
        last=date(2026, 9, 30),
        as_of=at("2026-10-02"),
        nodes=nodes(E="enterprise"),
        reports=pl.DataFrame(
            [("E", "2026-09", "electricity", 0.0)], schema=quality.REPORTS, orient="row"
        ),
        energy=pl.DataFrame(
            {
                "node": ["E"],
                "start": [at("2026-09-21")],
                "item_key": ["electricity"],
                "amount": [5.0],
                "slots_due": [1],
                "slots_missing": [0],
            },
            schema_overrides={"start": frames.TIME},
        ),
    )
    last = date(2026, 9, 30)
    down = quality.outages(judged.days, today=last, calendar=WorkCalendar())
    balance = quality.submeter_balance(
        pl.DataFrame(
            {
                "node": ["E", "E"],
                "start": [at("2026-09-01"), at("2026-10-01")],
                "item_key": ["electricity"] * 2,
                "main": [100.0] * 2,
                "parts": [92.0, 50.0],
            },
            schema_overrides={"start": frames.TIME},
        )
    )
    odd = pl.DataFrame({"node": ["E"], "month": ["2026-09"], "sigmas": [-4.0], "beyond": [True]})
    rows = alerts.findings(
        judged, last=last, outages=down, calendar=WorkCalendar(), balances=balance, residuals=odd
    )
    of = {rule: rows.filter(pl.col("rule") == rule) for rule in rows["rule"].unique()}
    # Down on Monday 21 September: term Thursday 24; Friday 25 is the fourth working day,
    # the weekend adds none, Wednesday 30 is the seventh.
    overdue = of["repair_overdue"].select(pl.col("day").dt.day(), "value").rows()
    assert overdue == [(25, 4.0), (26, 4.0), (27, 4.0), (28, 5.0), (29, 6.0), (30, 7.0)]
    assert of["submeter_deviation"].select("day", "value").rows() == [(last, pytest.approx(0.08))]
    assert of["energy_residual"]["value"].item() == 4
    assert of["monthly_deviation"]["value"].item() == float("inf")
    # 40 x 0 and 20 x 0 of 60 points judged
    assert of["quality_low"].select("object", "value").rows() == [("E", 0.0)]


@settings(max_examples=25, deadline=None)
@given(
    days=st.sets(st.tuples(st.sampled_from("PQ"), st.integers(1, 20)), max_size=25),
    cuts=st.lists(st.integers(1, 20), max_size=4),
)
def test_day_by_day_is_all_at_once(days, cuts):
    rows = found(*(("point_incomplete", p, n, 0.5 + n / 100) for p, n in sorted(days)))
    at_once = alerts.merge(rows, judged=(day(1), day(20)))
    before, begin = None, day(1)
    for end in sorted({*map(day, cuts), day(20)}):
        part = rows.filter(pl.col("day").is_between(begin, end))
        before = alerts.merge(part, judged=(begin, end), before=before)
        begin = end + timedelta(days=1)
    assert_frame_equal(before, at_once)
