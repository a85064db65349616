"""The preview of another value: who would move by how much, for whom, and that nothing is kept.

Firm A buys 1 200 x 10^4 kWh in 2024 at 0.4092 kgCO2/kWh (Fujian, 2022); firm B burns coke.
"""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from console.accounting.test_method_accounts import made
from tanfeng.console.accounting import factor_impact
from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.library.models import FactorOverride
from tanfeng.errors import ModelError

TABLE, ROW = "electricity_heat_factors", "elec_fujian_2022"
USED = f"{TABLE}/{ROW}"


def address(**query):
    url = reverse("factor-impact", args=[TABLE, ROW])
    return url + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def test_the_city_and_every_enterprise_by_hand(city, org_a, run):
    found = factor_impact.preview(city, factor_impact.of_row(city, USED, value=0.5), year=2024)
    (change,) = found.changes
    assert (change.old, change.new) == (0.4092, 0.5)
    (firm,) = found.by_org
    # 1 200 x 10^4 kWh x (0.5 - 0.4092) kgCO2/kWh = 1 089.6 t
    assert firm["org_code"] == org_a.credit_code
    assert firm["difference"] == pytest.approx(12000 * (0.5 - 0.4092))
    assert found.total["difference"] == pytest.approx(firm["difference"])
    assert found.total["after"] - found.total["before"] == pytest.approx(firm["difference"])
    assert firm["after"] > firm["before"]
    moved = {one["key"]: one for one in found.quantities}
    assert set(moved) == {"emission_electricity_average_tco2"}
    assert moved["emission_electricity_average_tco2"]["lines"] == 12


def test_others_see_their_own_alone(firm_a, firm_b, county_officer_b, verifier, admin_user, run):
    def of(user):
        return factor_impact.preview(user, factor_impact.of_row(user, USED, value=0.5), year=2024)

    for user in (firm_b, county_officer_b, admin_user):
        assert of(user).by_org == []
        assert not of(user).total["difference"]
    for user in (firm_a, verifier):
        assert len(of(user).by_org) == 1


def test_accounts_by_sector_methods_move_too(city, firm_b, org_b, county_officer_a):
    account = made(firm_b, org_b)
    ref = "process_factors/pf_steel_limestone"
    found = factor_impact.preview(city, factor_impact.of_row(city, ref, value=0.5))
    (moved,) = found.accounts
    assert moved["difference"] == pytest.approx(500 * (0.5 - 0.44))
    assert moved["before"] == account.emission_total_tco2e
    assert found.changes[0].old == 0.44
    other = factor_impact.of_row(county_officer_a, ref, value=0.5)
    assert factor_impact.preview(county_officer_a, other).accounts == []


def test_another_edition_of_a_row_and_of_the_table(city, run):
    editions = {one["ref"]: one for one in factor_impact.other_editions(USED)}
    to = f"{TABLE}/elec_fujian_2023"
    assert to in editions
    (change,) = factor_impact.of_row(city, USED, to=to)
    assert (change.new, change.source) == (editions[to]["value"], to)
    changes, unchanged = factor_impact.of_edition(
        city, "fuels", "NDRC-GENERAL-2015", "GBT-32151-2015"
    )
    refs = {one.ref for one in changes}
    assert refs
    assert not refs & set(unchanged)
    found = factor_impact.preview(city, changes, unchanged, 2024)
    by_hand = {one.ref: one for one in found.changes if "coke" in one.ref or "diesel" in one.ref}
    assert by_hand, "the run burns coke and diesel"
    assert found.quantities


def test_what_makes_no_sense_is_told(subtests, client_for, city, run):
    for query, words in (
        ({"value": "x"}, "非负数"),
        ({"value": "-1"}, "非负数"),
        ({"value": "nan"}, "非负数"),
        ({"to": "fuels/none"}, "其他版本"),
        ({"value": "1", "to": "fuels/none"}, "请给出数值"),
    ):
        with subtests.test(words, **query):
            answer = client_for(city).get(address(**query))
            assert answer.status_code == 422
            assert words in answer.content.decode()


def test_rows_of_words_and_unknown_rows(client_for, city, db):
    client = client_for(city)
    assert client.get(reverse("factor-impact", args=[TABLE, "none"])).status_code == 404
    assert client.get(reverse("factor-impact", args=["none", "none"])).status_code == 404
    assert client.get(reverse("edition-impact", args=["energy_items"])).status_code == 404
    with pytest.raises(ModelError):
        factor_impact.of_edition(city, "fuels", "NDRC-GENERAL-2015", "none")


def test_the_page_says_it_is_a_preview_and_keeps_nothing(client_for, city, org_a, run):
    client = client_for(city)
    before = (Run.objects.count(), MethodRun.objects.count(), FactorOverride.objects.count())
    page = client.get(address(value="0.5", year=2024)).content.decode()
    for words in ("预览，不保存任何内容", "影响预览", org_a.name, "0.4092"):
        assert words in page
    assert (Run.objects.count(), MethodRun.objects.count(), FactorOverride.objects.count()) == (
        before
    )
    row = client.get(reverse("standards-row", args=[TABLE, ROW])).content.decode()
    assert reverse("factor-impact", args=[TABLE, ROW]) in row
    whole = reverse("edition-impact", args=["fuels"])
    answer = client.get(f"{whole}?old=NDRC-GENERAL-2015&new=GBT-32151-2015&year=2024")
    assert answer.status_code == 200
    assert "试用整个版本" in answer.content.decode()


def test_the_workbook_and_its_event(client_for, firm_a, firm_b, org_a, run):
    answer = client_for(firm_a).get(address(value="0.5", year=2024, export="xlsx"))
    event = AuditEvent.objects.filter(action="export.impact").get()
    assert event.detail["changes"] == {USED: "0.5"}
    cells = [one.value for line in load_workbook(BytesIO(answer.content)).active for one in line]
    assert org_a.name in cells
    assert any(
        isinstance(one, float) and one == pytest.approx(12000 * (0.5 - 0.4092)) for one in cells
    )
    other = client_for(firm_b).get(address(value="0.5", year=2024, export="xlsx"))
    assert org_a.name not in [
        one.value for line in load_workbook(BytesIO(other.content)).active for one in line
    ]
