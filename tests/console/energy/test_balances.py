"""The balance of a works, its flows, rests and picture, against sums done by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from energy_world import START, hung, works
from tanfeng.console.energy import balances, sankey, sites
from tanfeng.console.energy.views.balance import table
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts
from tanfeng.console.quality.models import LimitChange
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db
SPAN = Span(date(2025, 4, 1), date(2025, 4, 2), datetime(2025, 5, 1, tzinfo=LOCAL))
N = 192  # quarter hours of two days


def _factor(item):
    rows = amounts.factors(SPAN.start, SPAN.end)
    return dict(rows.select("item_key", "calorific_tce_per_unit").iter_rows())[item]


def test_every_flow_stands_where_it_belongs(steel):
    found = balances.of(steel.organisation, SPAN)
    flows = {(one.kind, one.item, one.at): one for one in found.flows}
    line, boiler, roof = (steel.units[key].node for key in ("line", "boiler", "roof"))
    assert {key: one.amount for key, one in flows.items()} == pytest.approx(
        {
            ("bought", "electricity", "E-1"): 100 * N,
            ("used", "electricity", line): 70 * N,
            ("used", "electricity", boiler): 37 * N,
            ("made", "electricity", roof): 10 * N,
            ("bought", "natural_gas", "G-1"): 51 * N,
            ("used", "natural_gas", boiler): 50 * N,
            ("made", "heat", boiler): 1.5 * N,
            ("used", "heat", line): 1.2 * N,
        }
    )
    assert flows["used", "electricity", line].points == ("E-2",)
    assert all(one.is_whole and one.slots == (N, 0, 0) for one in found.flows)
    # What the drive takes lies inside the line.
    (inner,) = found.inner
    assert (inner[0], inner[1].at, inner[1].amount) == (line, steel.units["drive"].node, 65 * N)
    assert found.items == ("electricity", "heat", "natural_gas")


def test_a_boiler_converts_and_a_roof_generates(steel):
    found = balances.of(steel.organisation, SPAN)
    (boiler,) = found.conversions
    assert boiler.node == steel.units["boiler"].node
    power, gas, heat = (_factor(x) for x in ("electricity", "natural_gas", "heat"))
    taken, given = (50 * gas + 37 * power) * N, 1.5 * heat * N
    assert boiler.loss_tce == pytest.approx(taken - given)
    assert boiler.efficiency == pytest.approx(given / taken)
    assert [one.at for one in found.generators] == [steel.units["roof"].node]


def test_what_is_unexplained_is_judged_by_the_table(steel):
    found = balances.of(steel.organisation, SPAN)
    rests = {(one.node, one.item): one for one in found.rests}
    power = rests[steel.code, "electricity"]
    assert (power.rest, power.verdict) == (pytest.approx(3 * N), "within")
    assert power.share == pytest.approx(0.03)
    assert power.tce == pytest.approx(3 * N * _factor("electricity"))
    gas = rests[steel.code, "natural_gas"]
    assert (gas.rest, gas.verdict) == (pytest.approx(1 * N), "within")
    # Nobody buys heat: the rest is of what the boiler gives, 0.3 of 1.5 GJ.
    heat = rests[steel.code, "heat"]
    assert (heat.rest, heat.supply) == (pytest.approx(0.3 * N), pytest.approx(1.5 * N))
    assert (heat.share, heat.verdict) == (pytest.approx(0.2), "below")
    # Inside the line: 70 - 65 = 5 kWh, 7.1 %.
    line = rests[steel.units["line"].node, "electricity"]
    assert (line.rest, line.verdict) == (pytest.approx(5 * N), "below")
    assert found.tolerance.value == 0.05
    assert len(rests) == 4


def test_the_tolerance_is_that_of_the_city_in_that_month(steel, city):
    LimitChange.objects.create(
        rule="submeter_max", value=0.08, valid_from=date(2025, 4, 1), document="市通知",
        created_by=city,
    )  # fmt: skip
    found = balances.of(steel.organisation, SPAN)
    verdicts = {one.item: one.verdict for one in found.rests if one.node != steel.code}
    assert (found.tolerance.value, found.tolerance.source) == (0.08, "市通知")
    assert verdicts["electricity"] == "within", "7.1 % of the line"
    march = Span(date(2025, 3, 1), date(2025, 3, 2), SPAN.now)
    assert balances.of(steel.organisation, march).tolerance.value == 0.05


def test_both_sides_of_the_balance_are_equal(steel):
    found = balances.of(steel.organisation, SPAN)
    into = sum(one.tce for one in (*found.of("bought"), *found.generators))
    used = sum(one.tce for one in found.of("used") if one.at not in found.converters)
    rest = sum(one.tce for one in found.own_rests)
    assert into == pytest.approx(used + found.loss_tce + rest, rel=1e-12)


def test_a_meter_that_never_sent_is_not_known_and_no_loss(firm_b, org_b):
    steel = works(firm_b, org_b, without=("E-3",))
    hung(firm_b, steel, "E-3", START)
    found = balances.of(steel.organisation, SPAN)
    power = next(one for one in found.own_rests if one.item == "electricity")
    # 100 + 10 - 70 = 40 kWh would be a loss; the boiler house took what nobody knows.
    assert (power.verdict, power.rest) == ("not known", pytest.approx(40 * N))
    boiler = steel.units["boiler"].node
    (flow,) = [x for x in found.flows if (x.item, x.at) == ("electricity", boiler)]
    assert (flow.amount, flow.slots, flow.is_whole) == (None, (0, 0, N), False)
    assert found.conversions[0].loss_tce is None
    assert found.loss_tce is None
    assert found.never == ("E-3",)
    _data, unknown = sankey.picture(found)
    assert any("锅炉房" in one for one in unknown)


def test_an_item_without_meters_below_is_used_nobody_knows_where(firm_b, org_b):
    steel = works(firm_b, org_b, only=("E-1", "G-1"))
    found = balances.of(steel.organisation, SPAN)
    assert {one.verdict for one in found.own_rests} == {"no meters below"}
    assert {one.item: one.amount for one in found.unmetered} == pytest.approx(
        {"electricity": 100 * N, "natural_gas": 51 * N}
    )
    data, _unknown = sankey.picture(found)
    assert {link["target"] for link in data["links"]} >= {"unmetered"}


def test_an_enterprise_without_readings_has_no_balance(firm_b, org_b):
    found = balances.of(org_b, SPAN)
    assert (found.flows, found.rests, found.items) == ((), (), ())
    assert sites.of(found, SPAN) is None
    assert sankey.picture(found) == (None, [])


def test_generation_is_balanced_by_the_quarter_hour(steel):
    found = balances.of(steel.organisation, SPAN)
    assert sites.roles(found) == {"E-1": "import", "E-4": "generation"}
    site = sites.of(found, SPAN)
    # 10 generated, none exported, 100 imported: 10 of 110 kWh are the works' own.
    assert site["generation"] == site["self_use"] == pytest.approx(10 * N)
    assert site["consumption"] == pytest.approx(110 * N)
    assert site["own_share"] == pytest.approx(10 / 110)
    assert not site["meters_export"]
    assert (site["self_use_rate"], site["completeness"], site["exported_more"]) == (1.0, 1.0, 0)


def test_the_table_keeps_the_order_of_a_balance(steel):
    rows = table(balances.of(steel.organisation, SPAN))
    keys = list(dict.fromkeys(row["key"] for row in rows))
    assert keys == ["bought", "made", "converted", "handed", "used", "lost", "rest"]
    handed = {row["item"]: row["amount"] for row in rows if row["key"] == "handed"}
    assert sorted(handed.values()) == pytest.approx([1.2 * N, 50 * N, 107 * N])
    assert [row["head"] for row in rows if row["key"] == "bought"] == [True, False]


class TestPicture:
    """Bands between nodes."""

    def test_in_tce_all_items_hang_together(self, steel):
        found = balances.of(steel.organisation, SPAN)
        data, unknown = sankey.picture(found)
        assert unknown == []
        into, out = {}, {}
        for link in data["links"]:
            out[link["source"]] = out.get(link["source"], 0.0) + link["value"]
            into[link["target"]] = into.get(link["target"], 0.0) + link["value"]
        for item in ("item:electricity", "item:natural_gas", "item:heat"):
            assert into[item] == pytest.approx(out[item]), "a bus keeps nothing"
        boiler = steel.units["boiler"].node
        assert into[boiler] == pytest.approx(out[boiler]), "taken = given + loss"
        assert data["unit"] == "tce"
        assert len(data["x"]) == len(data["series"][0]["values"]) == len(data["links"])
        urls = {node["key"]: node["url"] for node in data["nodes"]}
        assert urls["E-1"] == f"/monitoring/{steel.meters['E-1'].pk}/"
        assert urls[boiler] == f"/energy/?unit={steel.units['boiler'].pk}"

    def test_one_item_is_drawn_in_its_unit(self, steel):
        found = balances.of(steel.organisation, SPAN)
        data, _unknown = sankey.picture(found, "heat")
        values = {link["source"]: link["value"] for link in data["links"]}
        assert values[steel.units["boiler"].node] == pytest.approx(1.5 * N)
        assert data["unit"] == "GJ"

    def test_a_store_does_not_turn_in_a_circle(self, steel):
        found = balances.of(steel.organisation, SPAN)
        data, _unknown = sankey.picture(found, "electricity")
        assert not any(node["key"].startswith("given:") for node in data["nodes"])
        # With the roof taking power as well, energy would go round.
        roof = next(x for x in found.flows if (x.kind, x.item) == ("made", "electricity"))
        turned = replace(found, flows=(*found.flows, replace(roof, kind="used")))
        data, _unknown = sankey.picture(turned, "electricity")
        keys = {node["key"] for node in data["nodes"]}
        assert f"given:{roof.at}" in keys
        assert roof.at in keys
