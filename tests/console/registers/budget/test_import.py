"""Quotas come in by the form: every fault told at once, nothing written until it is right."""

from __future__ import annotations

import pytest

from form_files import workbook
from tanfeng.accounting.budget import MEASURES
from tanfeng.console.core import imports
from tanfeng.console.registers.budget import importers
from tanfeng.console.registers.budget.models import Quota, Standing
from tanfeng.errors import DataError

FIGURE = "energy_calorific_tce"


def row(organisation, amount, measure=FIGURE, year=2024, **more):
    return {
        "credit_code": organisation.credit_code, "org_name": organisation.name,
        "budget_year": year, "measure": MEASURES[measure].name_zh, "amount": amount, **more,
    }  # fmt: skip


def uploaded(user, *rows):
    content = workbook("energy_budget", list(rows))
    return imports.upload(user, content, "指标.xlsx", form_key="energy_budget", in_background=False)


def rules(batch):
    return sorted((one["rule"], one["severity"]) for one in batch.problems)


def test_good_rows_become_quotas_that_stand(city, run, org_a, org_b):
    months = {f"month_{n:02d}": 250.0 for n in range(1, 13)}
    batch = uploaded(city, row(org_a, 1500.0, document="演示 1 号"), row(org_b, 3000.0, **months))
    assert rules(batch) == []
    imports.confirm(city, batch)
    one, other = Quota.objects.order_by("amount")
    assert (one.amount, one.document, one.source_row) == (1500.0, "演示 1 号", one.source_row)
    assert other.months == [250.0] * 12
    assert Standing.objects.filter(latest=True).count() == 2
    again = uploaded(city, row(org_a, 1400.0))
    assert rules(again) == [("D058", "info")]
    imports.confirm(city, again)
    assert Quota.objects.filter(known_to=None, amount=1400.0).exists()
    imports.undo(city, again)
    standing = Quota.objects.filter(known_to=None)
    assert sorted(standing.values_list("amount", flat=True)) == [1500.0, 3000.0]
    assert Standing.objects.filter(latest=True).count() == 2


def test_every_fault_of_a_file_is_told_at_once(county_officer_a, run, org_a, org_b):
    batch = uploaded(
        county_officer_a,
        row(org_a, 1500.0),
        {**row(org_a, 1480.0), "measure": FIGURE},  # the same figure by its key
        row(org_b, 1500.0),  # not of this county
        {**row(org_a, 1500.0), "measure": "综合能耗"},  # calorific or equivalent?
        row(org_a, 1500.0, year=2025, month_01=100.0),  # one month of twelve
        row(org_a, 1500.0, year=2026, **{f"month_{n:02d}": 100.0 for n in range(1, 13)}),
    )
    assert rules(batch) == [
        ("D051", "error"), ("D052", "error"), ("D053", "error"), ("D054", "error"),
        ("D055", "error"), ("X031", "warning"),
    ]  # fmt: skip
    assert not Quota.objects.exists()


def test_another_unit_and_the_other_way_of_counting_are_suspected(city, run, org_a):
    # Last year 1 200 x 1.229 = 1 474.8 tce; 0.1475 is ten thousands of tonnes.
    assert rules(uploaded(city, row(org_a, 0.1475))) == [("D056", "warning")]
    # The equivalent figure of last year typed as a calorific one.
    found = importers._last_years([importers.Wanted(org_a, 2024, "energy_equivalent_tce", 1.0)])
    equivalent = found[org_a.credit_code, 2023]["energy_equivalent_tce"]
    assert rules(uploaded(city, row(org_a, round(equivalent)))) == [("D057", "warning")]
    assert rules(uploaded(city, row(org_a, 1490.0))) == []


def test_an_enterprise_hands_down_nothing(firm_a, run, org_a):
    batch = uploaded(firm_a, row(org_a, 1500.0))
    assert rules(batch) == [("D051", "error")]
    with pytest.raises(DataError):
        imports.confirm(firm_a, batch)
