"""Accounts: who keeps them, what they are bound to, passwords nobody else knows for long."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from tanfeng.console.core import scopes, services
from tanfeng.console.core.models import AuditEvent, Role, User


def _fields(**more):
    return {
        "display_name": "某某",
        "department": "节能科",
        "email": "",
        "role": "county",
        "place_code": "350181",
        "park_code": "",
        "org_code": "",
        **more,
    }


def test_an_account_is_created_with_a_password_shown_once(admin_user, county_a):
    user, password = services.create_account(username="zhang", by=admin_user, **_fields())
    assert user.must_change_password
    assert User.objects.get(username="zhang").check_password(password)
    assert len(password) == 19
    event = AuditEvent.objects.get(action="account.create")
    assert (event.username, event.object_label, event.place_code) == ("admin", "某某", "350181")
    assert password not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"place_code": ""}, "place_code"),
        ({"place_code": "999999"}, "place_code"),
        ({"role": "park", "park_code": ""}, "park_code"),
        ({"role": "enterprise", "org_code": "91359999MADEM00028"}, "org_code"),
        ({"role": "emperor"}, "role"),
        ({"email": "no address"}, "email"),
    ],
)
def test_the_scope_must_exist(admin_user, county_a, fields, wrong):
    with pytest.raises(ValidationError) as refused:
        services.create_account(username="zhang", by=admin_user, **_fields(**fields))
    assert wrong in refused.value.message_dict
    assert not User.objects.filter(username="zhang").exists()


def test_scope_codes_of_another_role_are_dropped(admin_user, county_a, park_a, org_a):
    everything = {"park_code": park_a.code, "org_code": org_a.credit_code}
    user, _password = services.create_account(
        username="zhang", by=admin_user, **_fields(**everything)
    )
    assert (user.place_code, user.park_code, user.org_code) == ("350181", "", "")
    services.change_account(user, by=admin_user, role=Role.PARK, park_code=park_a.code)
    assert (user.place_code, user.park_code) == ("", park_a.code)


def test_unknown_fields_are_a_mistake_of_the_caller(admin_user):
    with pytest.raises(TypeError, match="is_superuser"):
        services.create_account(username="zhang", by=admin_user, is_superuser=True)


def test_changes_are_written_down_without_the_address(admin_user, county_officer_a):
    services.change_account(county_officer_a, by=admin_user, display_name="李", email="a@b.cn")
    event = AuditEvent.objects.get(action="account.change")
    assert event.detail["changes"] == {"display_name": ["", "李"]}
    services.change_account(county_officer_a, by=admin_user, display_name="李")
    assert AuditEvent.objects.filter(action="account.change").count() == 1


def test_nobody_but_an_administrator_and_nobody_oneself(admin_user, city, firm_a):
    for by, of in ((city, firm_a), (firm_a, firm_a), (admin_user, admin_user)):
        for attempt in (
            lambda by=by, of=of: services.change_account(of, by=by, role=Role.ADMIN),
            lambda by=by, of=of: services.set_active(of, False, by=by),
            lambda by=by, of=of: services.reset_password(of, by=by),
        ):
            with pytest.raises(PermissionDenied):
                attempt()
    with pytest.raises(PermissionDenied):
        services.create_account(username="x", by=city, role=Role.ADMIN)


def test_switching_off_ends_the_session(admin_user, firm_a, client_for):
    client = client_for(firm_a)
    assert client.get(reverse("jobs")).status_code == 200
    services.set_active(firm_a, False, by=admin_user)
    assert client.get(reverse("jobs")).status_code == 302
    services.set_active(firm_a, False, by=admin_user)
    services.set_active(firm_a, True, by=admin_user)
    actions = AuditEvent.objects.filter(action__startswith="account.").order_by("id")
    assert [one.action for one in actions] == ["account.deactivate", "account.activate"]


def test_a_reset_ends_the_session_and_asks_for_an_own_password(
    admin_user, firm_a, client_for, settings
):
    old = client_for(firm_a)
    password = services.reset_password(firm_a, by=admin_user)
    assert old.get(reverse("jobs")).status_code == 302
    client = Client()
    client.post(reverse("sign-in"), {"username": "firm-a", "password": password})
    assert client.get(reverse("jobs"))["Location"] == reverse("password")
    assert client.get("/api/v1/organisations").status_code == 403
    page = client.get(reverse("password"))
    assert page.status_code == 200
    weak = {"old_password": password, "new_password1": "12345678", "new_password2": "12345678"}
    assert client.post(reverse("password"), weak).context["form"].errors
    good = "stone river lantern 9"
    strong = {"old_password": password, "new_password1": good, "new_password2": good}
    assert client.post(reverse("password"), strong).status_code == 302
    assert client.get(reverse("jobs")).status_code == 200
    firm_a.refresh_from_db()
    assert not firm_a.must_change_password
    assert AuditEvent.objects.filter(action="account.password", username="firm-a").exists()


def test_the_service_asks_the_validators_too(firm_a):
    with pytest.raises(ValidationError):
        services.choose_password(firm_a, "short")


def test_passwords_differ_and_avoid_letters_that_look_alike():
    made = {services.new_password() for _ in range(50)}
    assert len(made) == 50
    assert not set("".join(made)) & set("lo10i")


def test_the_program_itself_has_an_account_nobody_signs_in_with(db):
    user = services.system_user()
    assert services.system_user() == user
    assert not user.has_usable_password()
    assert user.role == Role.CITY


# Pages


def test_the_list_is_the_administrators(admin_user, city, firm_a, org_a, client_for):
    client = client_for(admin_user)
    page = client.get(reverse("accounts"))
    named = {one.username: one.scope_text for one in page.context["page_obj"]}
    assert named == {"admin": "", "city": "", "firm-a": org_a.name}
    assert len(client.get(reverse("accounts"), {"role": "city"}).context["page_obj"]) == 1
    assert len(client.get(reverse("accounts"), {"q": "firm"}).context["page_obj"]) == 1
    assert client.get(reverse("accounts"), {"export": "xlsx"}).content[:2] == b"PK"
    for name in ("accounts", "account-new"):
        assert client_for(city).get(reverse(name)).status_code == 403
    assert client_for(city).get(reverse("account", args=(firm_a.pk,))).status_code == 403


def test_creating_through_the_page(admin_user, county_a, org_a, client_for):
    client = client_for(admin_user)
    page = client.get(reverse("account-new"))
    offered = page.context["form"]["place_code"].field.widget.choices
    assert ("350181", "福清市") in offered
    page = client.post(reverse("account-new"), {"username": "zhang", **_fields()})
    password = page.context["password"]
    assert password in page.content.decode()
    assert User.objects.get(username="zhang").check_password(password)
    page = client.post(reverse("account-new"), {"username": "zhang", **_fields()})
    assert page.context["form"].errors
    firm = _fields(role="enterprise", org_code=f" {org_a.credit_code.lower()} ")
    page = client.post(reverse("account-new"), {"username": "li", **firm})
    assert User.objects.get(username="li").org_code == org_a.credit_code
    page = client.post(reverse("account-new"), {"username": "w", **_fields(place_code="")})
    assert "place_code" in page.context["form"].errors


def test_changing_through_the_page(admin_user, county_officer_a, client_for):
    client = client_for(admin_user)
    url = reverse("account", args=(county_officer_a.pk,))
    assert "username" not in client.get(url).context["form"].fields
    assert client.post(url, _fields(display_name="新名")).status_code == 302
    county_officer_a.refresh_from_db()
    assert county_officer_a.display_name == "新名"
    page = client.post(url, _fields(place_code=""))
    assert page.context["form"].errors
    county_officer_a.refresh_from_db()
    assert county_officer_a.place_code == "350181"
    own = client.post(reverse("account", args=(admin_user.pk,)), _fields(role="city"))
    assert own.status_code == 403


def test_buttons_of_the_page(admin_user, firm_a, client_for):
    client = client_for(admin_user)
    client.post(reverse("account-active", args=(firm_a.pk,)), {"active": "0"})
    firm_a.refresh_from_db()
    assert not firm_a.is_active
    client.post(reverse("account-active", args=(firm_a.pk,)), {"active": "1"})
    firm_a.refresh_from_db()
    assert firm_a.is_active
    page = client.post(reverse("account-reset", args=(firm_a.pk,)))
    firm_a.refresh_from_db()
    assert firm_a.check_password(page.context["password"])
    assert client.get(reverse("account-reset", args=(firm_a.pk,))).status_code == 405


def test_scopes_nobody_declared_have_no_names():
    assert scopes.name_of("unheard_of", "x") == ""
    assert scopes.choices("org_code") == []


def test_the_own_account_is_shown_without_a_form(client_for, admin_user, city):
    client = client_for(admin_user)
    own = client.get(reverse("account", args=(admin_user.pk,))).content.decode()
    assert "须由其他管理员修改" in own
    assert 'name="display_name"' not in own
    assert admin_user.get_role_display() in own
    assert client.post(reverse("account", args=(admin_user.pk,)), {}).status_code != 302
    other = client.get(reverse("account", args=(city.pk,))).content.decode()
    assert 'name="display_name"' in other
