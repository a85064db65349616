"""The library's row page names the published run that rests on a row."""

from __future__ import annotations

from tanfeng.console.accounting import factor_uses
from tanfeng.console.core.models import User

# The run looks at what was published by 31 March 2025: the 2022 factor, 0.4092 kgCO2/kWh.
USED = "electricity_heat_factors/elec_fujian_2022"
NOT_YET = "electricity_heat_factors/elec_fujian_2023"


def test_the_published_run_tells_the_value_it_used(city, run):
    (use,) = factor_uses.of_published_run(city, USED)
    assert use.url == f"/runs/{run.number}/"
    assert (use.value, use.unit) == (0.4092, "kgCO2/kWh")
    assert list(factor_uses.of_published_run(city, NOT_YET)) == []


def test_an_unpublished_run_and_an_inactive_person_tell_nothing(city, run):
    gone = User(username="gone", role="city", is_active=False)
    assert list(factor_uses.of_published_run(gone, USED)) == []
    run.published = False
    run.save()
    assert list(factor_uses.of_published_run(city, USED)) == []
