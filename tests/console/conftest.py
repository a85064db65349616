"""A small city: two counties, a park, two firms, one user of each kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client
from django.utils import translation

from tanfeng.console.archive.models import Assignment, Organisation, Park, Place, Sector
from tanfeng.console.core.models import Role, User

ClientFor = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _own_language():
    """Let no test speak the language a page of the one before was asked for in."""
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def county_a(db: None) -> Place:
    return Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)


@pytest.fixture
def county_b(db: None) -> Place:
    return Place.objects.create(
        code="350112", name_zh="长乐区", name_en="Changle", order=2, tile_x=1
    )


@pytest.fixture
def park_a(county_a: Place) -> Park:
    return Park.objects.create(code="park-a", name_zh="甲园区", name_en="Park A", place=county_a)


@pytest.fixture
def org_a(county_a: Place, park_a: Park) -> Organisation:
    """A glass works in county A and park A."""
    return Organisation.objects.create(
        credit_code="91359999MADEM00015",
        name="演示甲玻璃有限公司",
        industry_code="3041",
        sector=Sector.BUILDING,
        place=county_a,
        park=park_a,
        is_demo=True,
    )


@pytest.fixture
def org_b(county_b: Place) -> Organisation:
    """A steel works in county B, in no park."""
    return Organisation.objects.create(
        credit_code="91359999MADEM00028",
        name="演示乙钢铁有限公司",
        industry_code="3120",
        sector=Sector.STEEL,
        place=county_b,
        is_demo=True,
    )


def _user(name: str, role: Role, **scope: str) -> User:
    return User.objects.create_user(name, password="correct horse 1", role=role, **scope)


@pytest.fixture
def city(db: None) -> User:
    return _user("city", Role.CITY)


@pytest.fixture
def county_officer_a(county_a: Place) -> User:
    return _user("county-a", Role.COUNTY, place_code=county_a.code)


@pytest.fixture
def county_officer_b(county_b: Place) -> User:
    return _user("county-b", Role.COUNTY, place_code=county_b.code)


@pytest.fixture
def park_user(park_a: Park) -> User:
    return _user("park", Role.PARK, park_code=park_a.code)


@pytest.fixture
def firm_a(org_a: Organisation) -> User:
    return _user("firm-a", Role.ENTERPRISE, org_code=org_a.credit_code)


@pytest.fixture
def firm_b(org_b: Organisation) -> User:
    return _user("firm-b", Role.ENTERPRISE, org_code=org_b.credit_code)


@pytest.fixture
def verifier(org_a: Organisation) -> User:
    """Assigned to firm A since the start of 2024."""
    user = _user("verifier", Role.VERIFIER)
    Assignment.objects.create(verifier=user, organisation=org_a, valid_from=date(2024, 1, 1))
    return user


@pytest.fixture
def admin_user(db: None) -> User:
    return _user("admin", Role.ADMIN)


@pytest.fixture
def client_for() -> ClientFor:
    """Return a signed-in client; no password is asked."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in
