"""Telephone numbers are whole for the enterprise itself alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from doors_kit import readable
from tanfeng.console.archive.models import OrganisationVersion
from tanfeng.console.core.masking import telephone

PHONE, MASKED = "13800138000", "138****8000"


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


@pytest.mark.parametrize("query", ["", "?export=xlsx"])
@pytest.mark.parametrize(
    ("who", "shown"),
    [("firm_a", PHONE), ("city", MASKED), ("county_officer_a", MASKED), ("park_user", MASKED),
     ("verifier", MASKED)],
)  # fmt: skip
def test_the_file_of_an_enterprise(request, org_a, city, client_for, who, shown, query):
    org_a.contact_phone = PHONE
    org_a.save()
    OrganisationVersion.objects.create(
        organisation=org_a, changes={"contact_phone": ["13911112222", PHONE]}, changed_by=city
    )
    client = client_for(request.getfixturevalue(who))
    answer = client.get(reverse("enterprise", args=(org_a.credit_code,)) + query)
    text = readable(answer.content)
    assert shown in text
    if shown == MASKED:
        assert PHONE not in text
        assert "13911112222" not in text
