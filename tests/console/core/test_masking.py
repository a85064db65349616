"""Telephone numbers: whole for the enterprise, and for the officers on the page they call from."""

from __future__ import annotations

import pytest
from django.urls import reverse

from doors_kit import readable
from tanfeng.console.archive.models import Contact, OrganisationVersion
from tanfeng.console.core.masking import telephone
from tanfeng.console.core.models import AuditEvent

PHONE, MASKED = "13800138000", "138****8000"
OTHER, OTHER_MASKED = "13700137001", "137****7001"
BEFORE = "13911112222"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (PHONE, MASKED),
        ("138 0013 8000", "138 **** 8000"),
        ("0591-87654321", "059*-****4321"),
        ("87654321", "******21"),
        ("12345", "***45"),
        ("", ""),
        ("无", "无"),
    ],
)
def test_the_middle_is_hidden(text, shown):
    assert telephone(text) == shown


@pytest.fixture
def numbers(org_a, city):
    """Give the enterprise a contact in the archive, one in the register, and their history."""
    org_a.contact_name, org_a.contact_phone = "演示乙", PHONE
    org_a.save()
    OrganisationVersion.objects.create(
        organisation=org_a, changes={"contact_phone": [BEFORE, PHONE]}, changed_by=city
    )
    one = Contact.objects.create(organisation=org_a, role="能源管理", name="演示丙", phone=OTHER)
    told = {"name": str(one), "phone": OTHER}
    OrganisationVersion.objects.create(
        organisation=org_a, changes={f"contact:{one.pk}": [None, told]}, changed_by=city
    )


@pytest.mark.parametrize("query", ["", "?export=xlsx", "?format=docx"])
@pytest.mark.parametrize("who", ["firm_a", "city", "county_officer_a", "park_user", "verifier"])
def test_the_file_of_an_enterprise(request, org_a, numbers, client_for, who, query):
    client = client_for(request.getfixturevalue(who))
    answer = client.get(reverse("enterprise", args=(org_a.credit_code,)) + query)
    text = readable(answer.content)
    calls = who in ("city", "county_officer_a") and not query
    for whole, hidden in ((PHONE, MASKED), (OTHER, OTHER_MASKED)):
        assert (whole in text) is (who == "firm_a" or calls), (who, query)
        # What is kept of the past stays hidden from the officers, too.
        assert (hidden in text) is (who != "firm_a" and (not query or not calls))
    assert (BEFORE in text) is (who == "firm_a" and query != "?export=xlsx")
    assert (f'href="tel:{PHONE}"' in text) is ((who == "firm_a" or calls) and not query)


@pytest.mark.parametrize("who", ["county_officer_b", "firm_b", "admin_user"])
def test_who_may_not_see_the_enterprise_reads_no_number(request, org_a, numbers, client_for, who):
    client = client_for(request.getfixturevalue(who))
    for query in ("", "?export=xlsx", "?format=docx"):
        answer = client.get(reverse("enterprise", args=(org_a.credit_code,)) + query)
        assert answer.status_code in (403, 404)
        assert PHONE not in readable(answer.content)
        assert OTHER not in readable(answer.content)


def test_every_look_at_a_number_is_an_event(city, org_a, numbers, client_for):
    client_for(city).get(reverse("enterprise", args=(org_a.credit_code,)))
    event = AuditEvent.objects.filter(action="organisation.read").latest("id")
    assert (event.username, event.object_label) == (city.username, org_a.name)
