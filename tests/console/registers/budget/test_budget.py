"""Quotas against what was used, by hand from the two enterprises of ``conftest``.

A may use 1 500 tce in 2024: 125 a month when split evenly. It used 100 x 1.229 = 122.9 in each of
six months: 737.4 to date against 750, 1.68 % below; at last year's shares the year comes to
1 474.8, within. B may use 3 000: five months of 270.38 make 1 351.9, and with May missing the year
comes to 1 351.9 x 12 / 5 = 3 244.56, 8.152 % above.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from openpyxl import load_workbook

from tanfeng.accounting import budget as engine
from tanfeng.console.accounting import services as accounting
from tanfeng.console.core import rights
from tanfeng.console.core.models import AuditEvent, Job
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.models import Quota, Standing
from tanfeng.console.registers.budget.services import Wanted
from tanfeng.errors import DataError

FIGURE = "energy_calorific_net_both_tce"


def quota(user, thing, amount, **more):
    more = {"year": 2024, "measure": FIGURE, **more}
    return services.set_quota(user, Wanted(thing, amount=amount, **more))


def latest(of):
    return Standing.objects.get(quota=of, latest=True)


# How it stands


def test_an_enterprise_within_its_quota_by_hand(city, run, org_a):
    now = latest(quota(city, org_a, 1500.0))
    assert now.month == 6
    assert now.actual_to_date == pytest.approx(737.4)
    assert now.budget_to_date == pytest.approx(750.0)
    assert now.deviation_rate == pytest.approx(737.4 / 750 - 1)
    assert now.is_display_only, "nobody typed months: no finding"
    assert now.forecast == pytest.approx(1474.8)
    assert now.method == "shares_of_last_year"
    assert (now.status, now.light) == ("within", "good")
    assert not now.is_partial


def test_a_missing_month_is_not_zero_by_hand(city, run, org_b):
    now = latest(quota(city, org_b, 3000.0))
    assert now.missing_months == "5"
    assert now.is_partial
    assert now.missing_rows == 0, "a month of the enterprise itself is told as a month"
    assert now.actual_to_date == pytest.approx(1351.9)
    # Like for like: five months of the budget.
    assert now.deviation_rate == pytest.approx(1351.9 / 1250 - 1)
    assert now.forecast == pytest.approx(3244.56)
    assert now.forecast_rate == pytest.approx(3244.56 / 3000 - 1)
    assert (now.status, now.light) == ("likely_over", "bad")


def test_every_month_that_was_due_is_kept(city, run, org_a):
    one = quota(city, org_a, 1500.0)
    kept = list(one.standings.order_by("month"))
    assert [row.month for row in kept] == [1, 2, 3, 4, 5, 6]
    assert kept[0].status == "uncertain", "one month has no interval"
    assert [row.actual for row in kept] == pytest.approx([122.9] * 6)


def test_a_county_is_the_sum_of_its_enterprises_and_counts_who_is_missing(
    city, run, org_a, org_b, county_b
):
    now = latest(quota(city, county_b, 3000.0))
    assert now.actual_to_date == pytest.approx(1351.9)
    whole = latest(quota(city, None, 5000.0))
    # May has A alone: 5 x (122.9 + 270.38) + 122.9, and one enterprise is missing.
    assert whole.actual_to_date == pytest.approx(5 * (122.9 + 270.38) + 122.9)
    assert whole.missing_months == ""
    assert whole.missing_rows == 1
    assert whole.is_partial


def test_equivalent_is_compared_with_equivalent(city, run, org_a):
    calorific = latest(quota(city, org_a, 1500.0))
    equivalent = latest(quota(city, org_a, 4000.0, measure="energy_equivalent_net_both_tce"))
    assert equivalent.actual_to_date > 2 * calorific.actual_to_date


def test_a_year_nothing_was_due_of_has_no_verdict(city, run, org_a):
    now = latest(quota(city, org_a, 1500.0, year=2026))
    assert (now.month, now.status, now.actual_to_date) == (0, "no_data", None)


def test_typed_months_are_compared_month_by_month(city, run, org_a):
    months = (150.0, 150.0, *[120.0] * 10)
    now = latest(quota(city, org_a, 1500.0, months=months))
    assert now.budget_to_date == pytest.approx(2 * 150 + 4 * 120)
    assert not now.is_display_only


def test_another_run_works_it_out_anew(city, run, org_a):
    one = quota(city, org_a, 1500.0)
    again = accounting.compute_run(
        city, years=(2023, 2024), title="u", as_of=datetime(2024, 8, 15, tzinfo=UTC)
    )
    accounting.publish_run(city, again)
    assert Job.objects.filter(kind="budget.compute").exists()
    services.compute_all(city)
    assert latest(one).run == again


# Setting


def test_a_changed_quota_closes_the_one_before(city, run, org_a):
    first = quota(city, org_a, 1500.0, document="演示 1 号")
    second = quota(city, org_a, 1400.0, document="演示 2 号")
    first.refresh_from_db()
    assert first.known_to == second.known_from
    assert not first.standings.exists()
    assert Quota.objects.count() == 2
    event = AuditEvent.objects.filter(action="budget.set").first()
    assert (event.detail["amount"], event.place_code) == ("1400", org_a.place_id)
    same = quota(city, org_a, 1400.0, document="演示 2 号")
    assert same.pk == second.pk


@pytest.mark.parametrize(
    ("amount", "more", "rule"),
    [
        (-1.0, {}, "B002"),
        (float("nan"), {}, "B002"),
        (1200.0, {"months": tuple([99.0] * 12)}, "B006"),
        (1200.0, {"measure": "energy_tce"}, "B001"),
    ],
)
def test_what_is_wrong_in_itself_is_refused(city, run, org_a, amount, more, rule):
    with pytest.raises(DataError) as caught:
        quota(city, org_a, amount, **more)
    assert rule in {one.rule for one in caught.value.problems}
    assert not Quota.objects.exists()


def test_a_county_sets_quotas_of_its_own_enterprises_alone(
    county_officer_a, run, org_a, org_b, county_a
):
    quota(county_officer_a, org_a, 1500.0)
    with pytest.raises(Http404):
        quota(county_officer_a, org_b, 1500.0)
    with pytest.raises(PermissionDenied):
        quota(county_officer_a, county_a, 1500.0)
    with pytest.raises(PermissionDenied):
        quota(county_officer_a, None, 1500.0)


@pytest.mark.parametrize("who", ["firm_a", "park_user", "verifier", "admin_user"])
def test_nobody_else_sets_one(request, run, org_a, who):
    with pytest.raises(PermissionDenied):
        quota(request.getfixturevalue(who), org_a, 1500.0)


def test_everybody_sees_the_own_level(
    city, run, org_a, org_b, county_a, park_a, firm_a, firm_b, county_officer_a, park_user, verifier
):
    for thing in (org_a, org_b, county_a, park_a, None):
        quota(city, thing, 1500.0)

    def seen(user):
        return {one.object_key for one in rights.visible(user, Quota)}

    assert seen(firm_a) == seen(verifier) == {org_a.credit_code}
    assert seen(firm_b) == {org_b.credit_code}
    assert seen(county_officer_a) == {org_a.credit_code, county_a.code, park_a.code}
    assert seen(park_user) == {org_a.credit_code, park_a.code}
    assert len(seen(city)) == 5


def test_withdrawn_it_stays_closed(city, run, org_a):
    one = quota(city, org_a, 1500.0)
    services.withdraw(city, one)
    assert not Standing.objects.exists()
    assert Quota.objects.get().known_to is not None


# Pages


def test_the_list_its_filters_and_its_workbook(city, run, org_a, org_b, client_for):
    quota(city, org_a, 1500.0)
    quota(city, org_b, 3000.0)
    client, url = client_for(city), reverse("budgets")
    page = client.get(url).content.decode()
    assert org_a.name in page
    above = client.get(url, {"status": "likely_over"}).content.decode()
    assert org_b.name in above
    assert org_a.name not in above
    early = client.get(url, {"month": "1"}).content.decode()
    assert engine.STATUSES["uncertain"][0] in early
    sheet = load_workbook(BytesIO(client.get(url, {"export": "xlsx"}).content)).active
    text = "\n".join(str(cell) for row in sheet.values for cell in row if cell is not None)
    assert org_b.name in text
    assert "3244.56" in text.replace(",", "")


def test_the_page_sets_anew_and_leads_to_the_lines(city, run, org_a, client_for):
    one = quota(city, org_a, 1500.0)
    client, url = client_for(city), reverse("budget", args=[one.pk])
    page = client.get(url).content.decode()
    assert "month=6" in page
    assert f"org={org_a.credit_code}" in page
    assert client.get(url, {"month": "3"}).status_code == 200
    wrong = {"amount": "1200", **{f"month_{n:02d}": "99" for n in range(1, 13)}}
    assert client.post(url, wrong).status_code == 400
    answer = client.post(url, {"amount": "1400", "document": "演示 3 号"})
    assert answer.status_code == 302
    now = Quota.objects.get(known_to=None)
    assert (now.amount, now.document) == (1400.0, "演示 3 号")
    assert client.post(reverse("budget", args=[now.pk]), {"do": "withdraw"}).status_code == 302
    assert not Quota.objects.filter(known_to=None).exists()


def test_the_file_of_an_enterprise_shows_its_quotas(city, run, org_a, org_b, client_for):
    one = quota(city, org_a, 1500.0)
    client = client_for(city)
    address = reverse("budget", args=[one.pk])
    page = client.get(reverse("enterprise", args=[org_a.credit_code])).content.decode()
    assert address in page
    other = client.get(reverse("enterprise", args=[org_b.credit_code])).content.decode()
    assert address not in other


def test_a_quota_is_set_on_its_page(city, run, org_a, county_a, client_for):
    client, url = client_for(city), reverse("budget-new")
    fields = {"level": "enterprise", "year": "2024", "measure": FIGURE, "amount": "1500"}
    assert client.get(url).status_code == 200
    assert client.post(url, {**fields, "credit_code": "91350000000000000X"}).status_code == 400
    assert client.post(url, {**fields, "credit_code": org_a.credit_code}).status_code == 302
    assert (
        client.post(url, {**fields, "level": "county", "place": county_a.code}).status_code == 302
    )
    assert client.post(url, {**fields, "level": "county"}).status_code == 400
    assert Quota.objects.count() == 2


def test_the_roll_up_tells_what_was_not_handed_on(
    city, run, org_a, org_b, county_a, county_b, firm_a, client_for
):
    quota(city, None, 5000.0)
    quota(city, county_a, 1600.0)
    quota(city, county_b, 2900.0)
    quota(city, org_a, 1500.0)
    quota(city, org_b, 3000.0)
    answer = client_for(city).get(reverse("budget-roll-up"))
    rows = {row["code"]: row for row in answer.context["rows"]}
    assert rows["city"]["unallocated"] == pytest.approx(500.0)
    assert rows[county_a.code]["unallocated"] == pytest.approx(100.0)
    assert rows[county_b.code]["unallocated"] == pytest.approx(-100.0)
    assert (rows["city"]["above"], rows[county_b.code]["above"]) == (1, 1)
    assert client_for(city).get(reverse("budget-roll-up"), {"export": "xlsx"}).status_code == 200
    assert client_for(firm_a).get(reverse("budget-roll-up")).status_code == 403
