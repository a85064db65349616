"""Who reads the audit log and which assignments, asked of the one rights function."""

from __future__ import annotations

from datetime import date

import pytest

from tanfeng.console.archive.models import Assignment, Organisation, Place
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import AuditEvent, Role, User

pytestmark = pytest.mark.django_db
CODE = "91359999MADEM00015"


def _user(name, role, **scope):
    return User.objects.create_user(name, password="stone river 12", role=role, **scope)


def test_the_log_is_for_city_administrator_and_the_own_county():
    audit.record("a", place_code="350181")
    audit.record("b", place_code="350112")
    asked = {
        "city": _user("city", Role.CITY),
        "admin": _user("admin", Role.ADMIN),
        "county": _user("county", Role.COUNTY, place_code="350181"),
        "lost": _user("lost", Role.COUNTY),
        "firm": _user("firm", Role.ENTERPRISE, org_code=CODE),
    }
    seen = {
        name: set(
            rights.visible(user, AuditEvent)
            .filter(action__in=("a", "b"))
            .values_list("action", flat=True)
        )
        for name, user in asked.items()
    }
    assert seen["city"] == {"a", "b"}
    assert seen["county"] == {"a"}
    assert seen["lost"] == seen["firm"] == set()


def test_a_verifier_sees_the_own_assignments_and_a_firm_those_that_speak_of_it():
    place = Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)
    firm = Organisation.objects.create(
        credit_code=CODE, name="甲", industry_code="3041", sector="building", place=place
    )
    first, second = _user("v1", Role.VERIFIER), _user("v2", Role.VERIFIER)
    own = Assignment.objects.create(verifier=first, organisation=firm, valid_from=date(2024, 1, 1))
    assert list(rights.visible(first, Assignment)) == [own]
    assert list(rights.visible(second, Assignment)) == []
    owner = _user("firm", Role.ENTERPRISE, org_code=CODE)
    assert list(rights.visible(owner, Assignment)) == [own]
