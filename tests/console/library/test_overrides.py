"""The city's verified values: who may, what is refused, what wins, and what stays on record."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from tanfeng import standards
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.library import services
from tanfeng.console.library.models import FactorOverride
from tanfeng.console.library.services import Entry
from tanfeng.errors import DataError

pytestmark = pytest.mark.django_db
#: Net calorific value of anthracite, 24.515 GJ/t in the shipped table.
ROW = "fuel_ndrc_general_2015_anthracite_ncv"
KEY = {"guideline": "NDRC-GENERAL-2015", "fuel_key": "anthracite", "parameter": "ncv"}


def entry(**changes):
    given = {
        "table": "fuels",
        "row_id": ROW,
        "value": 24.6,
        "unit": "GJ/t",
        "document": "发改办气候〔2015〕1722号",
        "clause": "附录二 表2.1",
        "verified_on": date(2026, 3, 2),
        "note": "对照纸质文本",
    }
    return Entry(**{**given, **changes})


def rules(error):
    return {problem.rule for problem in error.value.problems}


def test_a_verified_value_wins_over_the_shipped_row(city):
    services.set_override(city, entry())
    factor = standards.lookup("fuels", overrides=services.overrides(), **KEY)
    assert (factor.value, factor.shipped, factor.confidence) == (24.6, "24.515", "override")
    assert (factor.document, factor.clause) == ("发改办气候〔2015〕1722号", "附录二 表2.1")
    assert "<- 24.515 GJ/t" in factor.override_text
    assert str(city) in factor.override_text
    # Without the overrides the shipped row is what it was.
    assert standards.lookup("fuels", **KEY).value == 24.515


def test_the_department_of_the_person_shows(city):
    city.department = "市工信局"
    city.save()
    services.set_override(city, entry())
    assert services.overrides()[f"fuels/{ROW}"].verified_by == "city (市工信局)"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"table": "nonsense"}, "L001"),
        ({"row_id": "nonsense"}, "L001"),
        ({"table": "industries", "row_id": "section_C", "unit": "code"}, "L002"),
        ({"unit": "MJ/kg"}, "L003"),
        ({"value": float("nan")}, "L004"),
        ({"value": float("inf")}, "L004"),
        ({"document": "  "}, "L005"),
        ({"clause": ""}, "L005"),
        ({"verified_on": date(2999, 1, 1)}, "L006"),
        ({"value": 2.4515}, "L007"),
    ],
)
def test_what_is_refused(city, changes, rule):
    with pytest.raises(DataError) as error:
        services.set_override(city, entry(**changes))
    assert rules(error) == {rule}
    for problem in error.value.problems:
        assert problem.message("zh") != problem.message("en")
    assert not FactorOverride.objects.exists()
    assert not AuditEvent.objects.exists()


def test_all_problems_come_at_once(city):
    with pytest.raises(DataError) as error:
        services.set_override(city, entry(unit="t", document="", clause="", value=240.0))
    assert rules(error) == {"L003", "L005", "L007"}
    assert len(error.value.problems) == 4


@pytest.mark.parametrize(
    ("value", "shipped", "far"),
    [
        (24.6, 24.515, False),
        (50.0, 25.0, False),  # exactly twice is not more than twice
        (50.1, 25.0, True),
        (12.5, 25.0, False),
        (12.4, 25.0, True),
        (-25.0, 25.0, True),
        (0.0, 25.0, True),
        (1.0, 0.0, True),
        (0.0, 0.0, False),
        (-30.0, -25.0, False),
    ],
)
@pytest.mark.same_queries
def test_more_than_twice_away(value, shipped, far):
    assert services.is_far(value, shipped) is far


def test_a_far_value_is_taken_when_the_person_stays_with_it(city):
    row = services.set_override(city, entry(value=80.0), accept_far=True)
    assert row.value == 80.0


def test_accepting_the_distance_accepts_nothing_else(city):
    with pytest.raises(DataError) as error:
        services.set_override(city, entry(value=80.0, clause=""), accept_far=True)
    assert rules(error) == {"L005", "L007"}


def test_another_value_withdraws_the_one_before(city):
    first = services.set_override(city, entry(value=24.4))
    second = services.set_override(city, entry(value=24.7))
    first.refresh_from_db()
    assert not first.is_active
    assert (first.withdrawn_by, first.withdrawn_reason) == (city, "")
    assert first.withdrawn_at == second.created_at
    assert services.overrides()[f"fuels/{ROW}"].value == 24.7
    assert FactorOverride.objects.count() == 2


def test_the_database_holds_one_active_value_per_row(city):
    row = services.set_override(city, entry())
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_withdrawing_brings_the_shipped_row_back(city):
    row = services.set_override(city, entry())
    services.withdraw_override(city, row, reason="  看错了行 ")
    row.refresh_from_db()
    assert row.withdrawn_reason == "看错了行"
    assert len(services.overrides()) == 0
    with pytest.raises(DataError) as error:
        services.withdraw_override(city, row, reason="再次")
    assert rules(error) == {"L009"}


def test_withdrawing_needs_a_reason(city):
    row = services.set_override(city, entry())
    with pytest.raises(DataError) as error:
        services.withdraw_override(city, row, reason=" ")
    assert rules(error) == {"L008"}
    assert row.is_active


def test_values_as_they_were_known_on_a_day(city):
    first = services.set_override(city, entry(value=24.4))
    second = services.set_override(city, entry(value=24.7))
    day = timezone.now() - timedelta(days=30)
    FactorOverride.objects.filter(pk=first.pk).update(
        created_at=day, withdrawn_at=day + timedelta(days=10)
    )
    FactorOverride.objects.filter(pk=second.pk).update(created_at=day + timedelta(days=10))

    def known(days):
        return [one.value for one in services.overrides(day + timedelta(days=days)).values()]

    assert (known(-1), known(0), known(9), known(10), known(30)) == (
        [],
        [24.4],
        [24.4],
        [24.7],
        [24.7],
    )


def test_only_the_city_writes(city, county_officer_a, park_user, firm_a, verifier, admin_user):
    row = services.set_override(city, entry())
    for user in (county_officer_a, park_user, firm_a, verifier, admin_user):
        with pytest.raises(PermissionDenied):
            services.set_override(user, entry())
        with pytest.raises(PermissionDenied):
            services.withdraw_override(user, row, reason="不行")
    row.refresh_from_db()
    assert row.is_active
    assert FactorOverride.objects.count() == 1


def test_both_acts_are_events(city):
    first = services.set_override(city, entry(value=24.4))
    services.set_override(city, entry(value=24.7))
    services.withdraw_override(city, FactorOverride.objects.get(value=24.7), reason="误录")
    events = list(AuditEvent.objects.order_by("id"))
    assert [event.action for event in events] == [
        "override.set",
        "override.set",
        "override.withdraw",
    ]
    assert events[0].object_id == str(first.pk)
    assert events[0].object_label == f"fuels/{ROW}"
    assert events[0].detail["before"] is None
    # The chain stores numbers as text, so that every database gives them back unchanged.
    assert {key: str(one) for key, one in events[1].detail.items()} == {
        "value": "24.7",
        "unit": "GJ/t",
        "shipped": "24.515",
        "before": "24.4",
        "document": "发改办气候〔2015〕1722号, 附录二 表2.1",
        "verified_on": "2026-03-02",
    }
    assert events[2].detail["reason"] == "误录"
