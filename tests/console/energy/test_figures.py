"""Sums of the engine's frames, the tariff and the comparison, against sums done by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from energy_world import START, hung, readings, works
from tanfeng.console.energy import comparison, figures, tariffs
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts, engine
from tanfeng.metering.frames import ENERGY, TIME
from tanfeng.metering.time_of_use import NoTariffPeriod
from tanfeng.periods import LOCAL

NOW = datetime(2025, 5, 1, tzinfo=LOCAL)
SPAN = Span(date(2025, 4, 1), date(2025, 4, 2), NOW)


def _frame(*rows):
    blank = dict.fromkeys(ENERGY.names())
    return pl.DataFrame([{**blank, **row} for row in rows], schema=ENERGY)


def test_a_sum_of_nothing_known_is_no_zero():
    at = START
    row = {"node": "a", "item_key": "heat", "unit": "GJ", "slots_due": 4, "slots_missing": 4,
           "slots_measured": 0, "slots_estimated": 0}  # fmt: skip
    known = {**row, "amount": 2.0, "measured": 2.0, "slots_measured": 3, "slots_missing": 1}
    rows = _frame({**row, "start": at}, {**known, "node": "b", "start": at},
                  {**row, "node": "b", "start": at + timedelta(hours=1)})  # fmt: skip
    sums = {one["node"]: one for one in figures.summed(rows, ["node"]).iter_rows(named=True)}
    assert sums["a"]["amount"] is None
    assert sums["a"]["completeness"] == 0.0
    # Three of the eight quarter hours due are known.
    assert (sums["b"]["amount"], sums["b"]["completeness"]) == (2.0, 3 / 8)
    assert sums["b"]["energy_calorific_tce"] is None


def test_large_amounts_are_counted_in_ten_thousands():
    assert figures.scale([99_999.0, None], "kWh") == (1.0, "kWh")
    assert figures.scale([100_000.0], "m3")[0] == 10_000.0
    assert figures.scale([1e9], "GJ") == (1.0, "GJ")
    assert [figures.places([x]) for x in (12_000.0, 120.0, 12.0, 0.5, None)] == [0, 1, 2, 3, 3]


def test_every_item_has_a_colour_of_its_own():
    found = figures.colours(["electricity", "natural_gas", "heat", "diesel", "fuel_oil"])
    assert len(set(found.values())) == 5


@pytest.mark.django_db
def test_what_circulates_inside_is_no_energy_of_the_enterprise(steel):
    place = steel.organisation.place_id
    found = amounts.of_nodes([steel.code, place, engine.CITY], "day", SPAN.start, SPAN.end)
    # The boiler gives 1.5 GJ a quarter hour and the line takes 1.2; nobody meters heat at the gate.
    heat = found.filter(pl.col("item_key") == "heat")
    boiler, line = steel.units["boiler"].node, steel.units["line"].node
    assert dict(heat.select("node", pl.col("amount").round(6)).iter_rows()) == {
        boiler: -96 * 1.5, line: pytest.approx(96 * 1.2)
    }  # fmt: skip
    # Gas and electricity come through the gate, and are the same all the way up.
    gate = found.filter(pl.col("node").is_in([steel.code, place, engine.CITY]))
    for _node, own in gate.group_by("node"):
        assert dict(own.group_by("item_key").agg(pl.col("amount").sum()).iter_rows()) == {
            "electricity": pytest.approx(192 * 100.0), "natural_gas": pytest.approx(192 * 51.0)
        }  # fmt: skip
    # What the engine says is what the pages say.
    inside = amounts.below([engine.CITY], engine.edges())
    factors = amounts.factors(SPAN.start, SPAN.end)
    assert found.equals(engine.settled().of_nodes(inside, "day", SPAN.start, SPAN.end, factors))


@pytest.mark.django_db
class TestTariff:
    """Steady loads, so that a share is a share of the hours."""

    def test_shares_are_those_of_the_hours(self, steel):
        line = steel.units["line"].node
        found = tariffs.of(steel.code, SPAN, [line])
        assert [one.node for one in found.shares] == [steel.code, line]
        rows = found.shares[0].rows
        # April: 8 h of peak (10-12, 15-20, 21-22), 8 of valley, 8 of flat; none sharp.
        assert {key: row["share"] for key, row in rows.items()} == pytest.approx(
            {"peak": 1 / 3, "flat": 1 / 3, "valley": 1 / 3}
        )
        # 100 kWh a quarter hour are 400 kW.
        assert [row["load_kw"] for row in rows.values()] == pytest.approx([400.0] * 3)
        assert found.shares[0].amount == pytest.approx(19_200.0)
        assert found.shares[1].rows["peak"]["load_kw"] == pytest.approx(280.0)
        assert found.peak["load_kw"] == pytest.approx(400.0)
        assert {row["valid_from"] for row in found.hours.rules.iter_rows(named=True)} == {
            date(2024, 1, 1)
        }

    def test_the_load_of_a_day_by_its_kind(self, steel):
        # Saturday 5 April: twice the load, but for a quarter hour that is missing.
        saturday = START + timedelta(days=4)
        more = readings("E-1", saturday, 96, 200.0)
        hole = saturday + timedelta(hours=9, minutes=15)
        engine.store().append(more.filter(pl.col("time") != hole), batch="saturday")
        span = Span(date(2025, 4, 1), date(2025, 4, 5), NOW)
        found = tariffs.of(steel.code, span)
        load = {(r["day_kind"], r["hour"]): (r["load_kw"], r["days"])
                for r in found.curves.iter_rows(named=True)}  # fmt: skip
        assert load["workday", 3] == (pytest.approx(400.0), 2)
        # 4 to 6 April 2025 were Qingming by the notice: the Saturday is a holiday, no weekend.
        assert load["holiday", 3] == (pytest.approx(800.0), 1)
        assert ("holiday", 9) not in load
        assert not any(kind == "weekend" for kind, _hour in load)
        kinds = {one.node: one for one in found.kinds}
        # Tuesday and Wednesday 400 kW; Thursday (3 April) is due and not known.
        assert kinds["workday"].days == 3
        assert kinds["workday"].amount == pytest.approx(19_200.0)
        assert kinds["workday"].load_kw == pytest.approx(400.0)
        # Whether or not the hole is estimated, the load of the known time is 800 kW.
        assert kinds["holiday"].load_kw == pytest.approx(800.0, rel=0.01)
        assert sum(one.amount for one in found.kinds) == pytest.approx(found.shares[0].amount)
        assert [one.name_en for one in found.arranged] == ["Qingming Festival"]
        assert found.is_arranged

    @pytest.mark.parametrize(
        ("day", "kind"),
        [
            (date(2025, 10, 1), "holiday"),
            (date(2025, 10, 4), "holiday"),  # a Saturday within the holiday
            (date(2025, 10, 11), "workday"),  # a Saturday worked in exchange
            (date(2025, 10, 18), "weekend"),
            (date(2025, 10, 20), "workday"),
            (date(2031, 10, 1), "workday"),  # a Wednesday; no notice is known for 2031
        ],
    )
    def test_a_day_is_of_the_kind_the_notice_says(self, day, kind):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
        frame = pl.DataFrame({"start": [start]}, schema={"start": TIME})
        assert frame.select(tariffs._day_kind()).item() == kind

    def test_no_tariff_is_said_and_not_guessed(self, steel):
        before = Span(date(2023, 12, 30), date(2024, 1, 2), NOW)
        with pytest.raises(NoTariffPeriod, match="2023-12-30"):
            tariffs.of(steel.code, before)


@pytest.mark.django_db
class TestComparison:
    """Two spans side by side."""

    def _made(self, steel, now, before, align="day"):
        parts = [steel.units["line"].node]
        frames = comparison.frames(steel.code, parts, align, now, before)
        return frames, comparison.of(steel.code, parts, frames, (now, before))

    def test_changes_by_item_and_process(self, steel):
        second = Span(date(2025, 4, 2), date(2025, 4, 2), NOW)
        first = Span(date(2025, 4, 1), date(2025, 4, 1), NOW)
        _frames, found = self._made(steel, second, first)
        assert [one.item for one in found.items] == ["electricity", "natural_gas"]
        power = found.items[0]
        assert power.value("amount") == (pytest.approx(9600.0), pytest.approx(9600.0))
        assert power.change("amount") == pytest.approx(0.0)
        assert power.known() == (1.0, 1.0)
        assert power.is_sound(found.least.value)
        assert [(one.node, one.item) for one in found.parts] == [
            (steel.units["line"].node, "electricity"),
            (steel.units["line"].node, "heat"),
        ]

    def test_time_before_a_meter_was_due_is_not_known(self, steel):
        """Otherwise half a span without meters would pass for a saving of half."""
        now = Span(date(2025, 4, 1), date(2025, 4, 2), NOW)
        before = Span(date(2025, 3, 31), date(2025, 4, 1), NOW)
        _frames, found = self._made(steel, now, before)
        power = found.items[0]
        assert power.change("amount") == pytest.approx(1.0)
        assert power.known() == (1.0, pytest.approx(0.5, abs=0.01))
        assert not power.is_sound(found.least.value)

    def test_a_meter_that_hangs_and_never_sent_is_not_known(self, firm_b, org_b):
        """It is due from when it was hung, and does not pass for a process without a meter."""
        steel = works(firm_b, org_b, without=("E-3",))
        hung(firm_b, steel, "E-3", START + timedelta(days=1))
        boiler = steel.units["boiler"].node
        second = Span(date(2025, 4, 2), date(2025, 4, 2), NOW)
        spans = second, second.moved(-1)
        frames = comparison.frames(steel.code, [boiler], "day", *spans)
        found = comparison.of(steel.code, [boiler], frames, spans)
        power = next(one for one in found.parts if one.item == "electricity")
        assert power.value("amount") == (None, None)
        assert power.now["slots_missing"] == power.now["slots_due"] == 96
        assert power.before == {}
        assert not power.is_sound(found.least.value)

    def test_days_stand_beside_days_and_hours_beside_hours(self, steel):
        now = Span(date(2025, 4, 1), date(2025, 4, 2), NOW)
        before = Span(date(2025, 3, 31), date(2025, 4, 2), NOW)
        frames, _found = self._made(steel, now, before)
        table = comparison.aligned(
            frames, (now, before), node=steel.code, column="amount", item="electricity",
            align="day",
        )  # fmt: skip
        assert table["at"].to_list() == [0, 1, 2]
        assert table["now"].to_list() == [pytest.approx(9600.0)] * 2 + [None]
        assert table["before"][0] is None or table["before"][0] < 1e3
        frames, _found = self._made(steel, now, before, "week")
        week = comparison.aligned(
            frames, (now, before), node=steel.code, column="amount", item="electricity",
            align="week",
        )  # fmt: skip
        assert week.height == 168
        # Tuesday begins with hour 24 of the week.
        assert week["now"][24:72].to_list() == pytest.approx([400.0] * 48)
        assert week["now"][:24].null_count() == 24

    def test_spans_without_anything(self, steel):
        span = Span(date(2025, 3, 1), date(2025, 3, 2), NOW)
        frames, found = self._made(steel, span, span.moved(-2))
        assert (found.items, found.parts, found.whole.now) == ((), (), {})
        assert comparison.aligned(
            frames, (span, span), node=steel.code, column="amount", item="", align="day"
        )["now"].null_count() == 2  # fmt: skip
