"""The pages of metered energy as every kind of user meets them."""

from __future__ import annotations

from io import BytesIO
from itertools import product

import openpyxl
import pytest
from django.urls import reverse

import energy_world
from energy_world import SPAN, START, hung, works
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import engine

pytestmark = pytest.mark.django_db
APRIL = "span=month&at=2025-04-01"
PAGES = ("energy-balance", "energy-time-of-use", "energy-compare")


def _text(answer):
    return answer.content.decode().replace("\u00a0", " ")


def _book(answer):
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def _get(client_for, user, path):
    return client_for(user).get(path)


class TestScope:
    """Who begins where, and what opens."""

    def test_everybody_sees_the_own_scope(self, subtests, request, client_for, org_a, steel):
        for role, seen, kind in (
            ("city", True, "city"),
            ("county_officer_b", True, "county"),
            ("firm_b", True, "enterprise"),
            ("county_officer_a", False, "county"),
            ("park_user", False, "park"),
            ("firm_a", False, "enterprise"),
            ("verifier", False, "firms"),
            ("admin_user", False, "firms"),
        ):
            with subtests.test(role):
                user = request.getfixturevalue(role)
                answer = _get(client_for, user, f"/energy/?{APRIL}")
                assert answer.status_code == 200
                assert answer.context["scope"].kind == kind
                # 19,200 kWh and 9,792 m3 in, whatever is made of them inside.
                found = {row["key"]: row["amount"] for row in answer.context["items"]}
                if seen:
                    assert found == pytest.approx({"electricity": 19_200.0, "natural_gas": 9_792.0})
                    # Two of thirty days came.
                    assert answer.context["total"]["completeness"] == pytest.approx(2 / 30)
                else:
                    assert found == {}
                    assert "乙钢铁" not in _text(answer)

    def test_the_way_down_to_a_point(self, city, client_for, steel):
        client = client_for(city)
        answer = client.get(f"/energy/?{APRIL}")
        (county,) = answer.context["parts"]
        answer = client.get(f"{county['part'].url}&{APRIL}")
        (firm,) = answer.context["parts"]
        assert firm["part"].key == steel.code
        answer = client.get(f"{firm['part'].url}&{APRIL}")
        kinds = [(one["part"].kind, one["part"].name) for one in answer.context["parts"]]
        assert ("unit", "轧线") in kinds
        assert ("point", "表E-1") in kinds
        line = next(one for one in answer.context["parts"] if one["part"].name == "轧线")
        answer = client.get(f"{line['part'].url}&{APRIL}")
        parts = {one["part"].name: one["part"] for one in answer.context["parts"]}
        assert parts["表E-2"].url == reverse("metering-point", args=[steel.meters["E-2"].pk])
        assert parts["主传动"].kind == "unit"
        assert AuditEvent.objects.filter(action="energy.read").count() == 2

    def test_nobody_opens_what_is_not_theirs(self, subtests, request, client_for, org_a, steel):
        unit = steel.units["line"]
        queries = (f"org={steel.code}", f"place={steel.organisation.place_id}", "park=nowhere",
                   f"unit={unit.pk}", "unit=x", "org=x")  # fmt: skip
        for role in ("county_officer_a", "park_user", "firm_a", "verifier"):
            with subtests.test(role):
                client = client_for(request.getfixturevalue(role))
                for query in queries:
                    assert client.get(f"/energy/?{query}").status_code == 404, query
                for name in PAGES:
                    assert client.get(reverse(name, args=[steel.code])).status_code == 404

    def test_a_sum_with_a_foreign_firm_in_it_is_closed(self, firm_a, client_for, org_a, steel):
        """A firm may not see its county, nor its park once another firm is in it."""
        client = client_for(firm_a)
        assert client.get(f"/energy/?park={org_a.park_id}").status_code == 200
        steel.organisation.park = org_a.park
        steel.organisation.save()
        assert client.get(f"/energy/?park={org_a.park_id}").status_code == 404
        assert client.get(f"/energy/?place={org_a.place_id}").status_code == 200

    def test_what_circulates_is_in_no_sum(self, city, client_for, steel):
        answer = _get(client_for, city, f"/energy/?org={steel.code}&{APRIL}&measure=calorific")
        items = {row["key"]: row["energy_calorific_tce"] for row in answer.context["items"]}
        assert "heat" not in items
        assert answer.context["value"] == pytest.approx(sum(items.values()))

    def test_steam_bought_without_a_meter_is_missing_and_told(
        self, city, client_for, firm_b, org_b, monkeypatch
    ):
        """1.2 GJ used and 0.75 made: at least 0.45 a quarter hour came in, for two days."""
        monkeypatch.setitem(energy_world.FLOWS, "H-3", (*energy_world.FLOWS["H-3"][:-1], 0.75))
        steel = energy_world.works(firm_b, org_b)
        answer = _get(client_for, city, f"/energy/?org={steel.code}&{APRIL}&measure=calorific")
        (heat,) = [row for row in answer.context["items"] if row["key"] == "heat"]
        assert (heat["amount"], heat["slots_missing"]) == (None, 192)
        assert "热力没有总表：2 天中各工序用 230.4 GJ、自产 144.0，至少外购 86.4 GJ" in (
            answer.content.decode()
        )
        above = _get(client_for, city, f"/energy/?place={org_b.place_id}&{APRIL}")
        assert [row["slots_missing"] for row in above.context["items"] if row["key"] == "heat"] == [
            192
        ]


class TestBars:
    """Hours, days and months, items and parts, what is missing."""

    @pytest.mark.parametrize(
        ("query", "bars"),
        [("span=day&at=2025-04-01", 24), (APRIL, 30), ("span=year&at=2025-04-01", 9)],
    )
    def test_bars_of_a_span(self, city, client_for, steel, query, bars):
        answer = _get(client_for, city, f"/energy/?{query}&measure=physical&item=electricity")
        chart = answer.context["chart"]
        assert len(chart["x"]) == bars
        # The first two days are known, the rest of the month was due and did not come: null.
        values = chart["series"][0]["values"]
        if bars == 30:
            assert values[:2] == pytest.approx([9600.0, 9600.0])
            assert set(values[2:]) == {None}
            known = {one["key"]: one["values"] for one in answer.context["known"]["series"]}
            assert known["measured"][0] == pytest.approx(100.0)
            assert known["missing"][2] == pytest.approx(100.0)
            assert "span=day" in chart["link"]
            assert chart["keys"][0] == "2025-04-01"

    def test_parts_and_worth(self, city, client_for, steel):
        client = client_for(city)
        path = f"/energy/?org={steel.code}&span=day&at=2025-04-01&split=part"
        for measure in ("equivalent", "calorific", "co2", "physical", "nonsense"):
            answer = client.get(f"{path}&measure={measure}")
            assert answer.status_code == 200
            assert answer.context["value"] > 0
        names = [one["name"] for one in answer.context["chart"]["series"]]
        assert "轧线" in names

    def test_ahead_and_before(self, city, client_for, steel):
        client = client_for(city)
        ahead = client.get("/energy/?span=day&at=2099-01-01")
        assert ahead.context["asked"].span.is_ahead
        assert ahead.status_code == 200
        assert client.get("/energy/?span=day&at=2001-01-01").context["items"] == []
        assert client.get("/energy/?span=x&at=x&measure=x&split=x&item=x").status_code == 200

    def test_the_workbook_keeps_gaps_empty(self, city, client_for, steel):
        answer = _get(client_for, city, f"/energy/?org={steel.code}&{APRIL}&export=xlsx")
        rows = _book(answer)
        head = next(i for i, row in enumerate(rows) if "品质" in row or "质量" in row)
        body = [row for row in rows[head + 1 :] if row[0]]
        assert len({row[0] for row in body}) == 1 + 3 + 2
        assert any(row[3] is None for row in body)
        assert not any(row[3] == 0 for row in body)
        event = AuditEvent.objects.get(action="export.energy")
        assert event.object_label == steel.organisation.name


class TestEnterprise:
    """Balance, time of use and comparison of one enterprise."""

    @pytest.mark.parametrize("lang", ["zh-hans", "en"])
    def test_who_may_opens_it(self, subtests, request, client_for, steel, lang):
        events = AuditEvent.objects.filter(action="energy.read")
        for role, name in product(("city", "county_officer_b", "firm_b"), PAGES):
            with subtests.test(role, page=name):
                before = events.count()
                client = client_for(request.getfixturevalue(role))
                client.cookies["django_language"] = lang
                answer = client.get(f"{reverse(name, args=[steel.code])}?{SPAN}")
                assert answer.status_code == 200
                assert answer.context["error"] == ""
                assert events.count() - before == (0 if role == "firm_b" else 1)

    def test_the_balance_closes_and_names_its_tolerance(self, city, client_for, steel):
        answer = _get(client_for, city, f"/energy/{steel.code}/balance/?{SPAN}")
        closing = answer.context["closing"]
        assert closing["whole"]
        assert closing["into"] == pytest.approx(
            closing["used"] + closing["lost"] + closing["rest"], rel=1e-12
        )
        text = _text(answer)
        assert "需求目录 C30" in text
        assert 'data-chart="sankey"' in text
        assert f"/monitoring/{steel.meters['E-1'].pk}/" in text
        book = _book(client_for(city).get(f"/energy/{steel.code}/balance/?{SPAN}&export=xlsx"))
        stages = [row[0] for row in book]
        assert stages.index("购入") < stages.index("加工转换") < stages.index("不明")

    def test_a_silent_meter_is_named(self, firm_b, org_b, city, client_for):
        steel = works(firm_b, org_b, without=("E-3",))
        hung(firm_b, steel, "E-3", START)
        answer = _get(client_for, city, f"/energy/{steel.code}/balance/?{SPAN}")
        assert not answer.context["closing"]["whole"]
        assert answer.context["never"] == [("表E-3", f"/monitoring/{steel.meters['E-3'].pk}/")]

    def test_a_day_without_a_tariff_says_so(self, city, client_for, steel):
        path = f"/energy/{steel.code}/time-of-use/?from=2023-12-30&to=2023-12-31"
        answer = _get(client_for, city, path)
        assert answer.status_code == 200
        assert "2023-12-30" in answer.context["error"]
        assert reverse("standards-table", args=["tariffs_fujian"]) in _text(answer)

    def test_shares_with_source_and_validity(self, city, client_for, steel):
        answer = _get(client_for, city, f"/energy/{steel.code}/time-of-use/?{SPAN}")
        text = _text(answer)
        assert "闽发改规〔2023〕8号" in text
        assert "2024-01-01" in text
        assert [key for key, _words in answer.context["periods"]] == ["peak", "flat", "valley"]
        rows = _book(client_for(city).get(f"/energy/{steel.code}/time-of-use/?{SPAN}&export=xlsx"))
        assert sum(1 for row in rows if row[0] == "轧线") == 3
        assert [one["name"] for one in answer.context["kinds"]] == ["工作日（含补班）"]
        assert "此时段内没有节假日和补班日" in text
        assert sum(1 for row in rows if "工作日" in str(row[0])) == 3

    def test_holidays_are_told_with_their_notice(self, city, client_for, steel):
        path = f"/energy/{steel.code}/time-of-use/?from=2025-04-01&to=2025-05-31"
        text = _text(_get(client_for, city, path))
        assert "清明节 2025-04-04 – 2025-04-06" in text
        assert "劳动节补班 2025-04-27" in text
        assert "国办发明电〔2024〕12号" in text

    def test_a_change_over_a_gap_is_marked(self, city, client_for, steel):
        path = f"/energy/{steel.code}/compare/?{SPAN}"
        answer = _get(client_for, city, f"{path}&other_from=2025-03-31&other_to=2025-04-01")
        assert not answer.context["head"]["is_sound"]
        assert answer.context["basis"] == ""
        for query in ("&basis=year", "&basis=month&measure=physical&align=week", "&item=heat",
                      "&basis=span&align=week&measure=co2"):  # fmt: skip
            assert _get(client_for, city, path + query).status_code == 200, query
        rows = _book(client_for(city).get(f"{path}&basis=span&export=xlsx"))
        assert any("轧线" in str(row[0]) for row in rows)

    @pytest.mark.parametrize("name", PAGES)
    def test_an_enterprise_without_meters(self, firm_a, org_a, client_for, name):
        path = reverse(name, args=[org_a.credit_code])
        client = client_for(firm_a)
        for query in ("", SPAN, "month=2099-01", "export=xlsx"):
            assert client.get(f"{path}?{query}").status_code == 200, query

    def test_a_span_that_is_too_long_is_cut_aloud(self, firm_b, client_for, steel):
        path = f"/energy/{steel.code}/balance/?from=2020-01-01&to=2025-04-02"
        assert "366" in _text(_get(client_for, firm_b, path))


def test_figures_that_are_not_made_yet_say_so(city, client_for, steel, monkeypatch):
    monkeypatch.setattr("tanfeng.console.metering.amounts.as_of", lambda: None)
    assert "正在首次计算" in _text(_get(client_for, city, f"/energy/?{APRIL}"))
    assert engine.register().points().height == 9
