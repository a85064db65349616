"""Official lists and sites: found by name, refused, shown in preview, taken back."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from form_files import workbook
from tanfeng.console.archive import services
from tanfeng.console.archive.models import (
    Contact,
    Membership,
    OfficialList,
    OrganisationVersion,
    Park,
    Site,
)
from tanfeng.console.core import imports
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError

LIST = {
    "list_name": "绿色工厂名单",
    "level": "省级",
    "notice": "闽工信〔2025〕1号（测试）",
    "issue": "第一批",
}


@pytest.fixture
def named(org_a, org_b):
    """A was renamed; B bears a bracket."""
    org_a.name, org_a.former_names = "演示甲玻璃有限责任公司", "演示老玻璃有限公司;演示更老玻璃厂"
    org_a.save()
    org_b.name = "演示乙（福清）钢铁有限公司"
    org_b.save()
    return org_a, org_b


def _entry(name, code="", first="2025-03-01", **more):
    return {**LIST, "org_name": name, "credit_code": code, "valid_from": first, **more}


def _upload(user, *rows, form="official_list"):
    return imports.upload(user, workbook(form, list(rows)), f"{form}.xlsx", form_key=form)


def _found(batch):
    return [(one.rule, one.severity) for one in Parsed(batch).problems()]


@pytest.mark.parametrize(
    "name",
    [
        "演示甲玻璃有限公司",
        "演示甲玻璃有限责任公司",
        "演示老玻璃有限公司",
        "演示更老玻璃厂",
        "演示 甲玻璃有限公司",
    ],
)
def test_a_name_without_code_is_looked_up(city, named, name):
    batch = _upload(city, _entry(name))
    assert ("D032", "info") in _found(batch)
    assert not Membership.objects.exists()  # nothing is written by a preview
    imports.confirm(city, batch)
    (entry,) = Membership.objects.all()
    assert (entry.organisation, entry.issue, entry.notice) == (named[0], "第一批", LIST["notice"])
    assert (entry.official_list.name_zh, entry.official_list.level) == ("绿色工厂名单", "省级")


def test_brackets_of_either_width_are_one_name(city, named):
    imports.confirm(city, _upload(city, _entry("演示乙(福清)钢铁有限公司")))
    assert Membership.objects.get().organisation == named[1]


def test_an_unknown_name_is_refused_and_the_good_row_waits(city, named):
    batch = _upload(city, _entry("演示丙有限公司"), _entry(named[0].name))
    assert ("D031", "error") in _found(batch)
    imports.confirm(city, batch, good_rows_only=True)
    assert Membership.objects.get().organisation == named[0]


def test_a_name_of_two_enterprises_is_asked_back(city, named):
    named[1].former_names = named[0].name
    named[1].save()
    batch = _upload(city, _entry(named[0].name))
    assert ("D033", "error") in _found(batch)


def test_a_code_counts_more_than_a_name(city, named):
    batch = _upload(city, _entry("别的名字有限公司", named[0].credit_code))
    assert ("D035", "warning") in _found(batch)
    imports.confirm(city, batch)
    assert Membership.objects.get().organisation == named[0]


def test_days_must_follow_each_other(city, named):
    batch = _upload(city, _entry(named[0].name, valid_to="2024-01-01"))
    assert ("D034", "error") in _found(batch)


def test_only_the_city_keeps_lists(county_officer_a, named):
    batch = _upload(county_officer_a, _entry(named[0].name))
    assert ("D030", "error") in _found(batch)
    with pytest.raises(DataError):
        imports.confirm(county_officer_a, batch, good_rows_only=False)
    assert not Membership.objects.exists()


def test_the_same_again_changes_nothing_and_an_undo_brings_back_what_stood(city, named):
    first = _upload(city, _entry(named[0].name))
    imports.confirm(city, first)
    again = imports.confirm(city, _upload(city, _entry(named[0].name, level="国家级")))
    assert again.outcome == {"added": 0, "replaced": 0, "unchanged": 1}
    ended = imports.confirm(city, _upload(city, _entry(named[0].name, valid_to="2026-02-28")))
    assert ended.outcome == {"added": 0, "replaced": 1, "unchanged": 0}
    assert str(Membership.objects.get().valid_to) == "2026-02-28"
    imports.undo(city, ended)
    entry = Membership.objects.get()
    assert (entry.valid_to, entry.issue) == (None, "第一批")
    imports.undo(city, first)
    assert not Membership.objects.exists()
    assert OfficialList.objects.count() == 1
    # Added, ended, and both taken back: the history keeps all four.
    assert OrganisationVersion.objects.filter(organisation=named[0]).count() == 4


def test_a_county_takes_no_official_list_back(city, county_officer_a, named):
    batch = _upload(city, _entry(named[0].name))
    imports.confirm(city, batch)
    with pytest.raises(PermissionDenied):
        imports.undo(county_officer_a, batch)
    assert Membership.objects.exists()
    imports.undo(city, batch)
    assert not Membership.objects.exists()


def test_a_site_hangs_on_its_legal_person(city, county_officer_a, named, county_b):
    site = {
        "credit_code": named[0].credit_code,
        "org_name": named[0].name,
        "site_name": "二厂区",
        "place_code": county_b.code,
        "address": "测试路2号",
        "valid_from": "2019-06-01",
    }
    batch = imports.confirm(city, _upload(city, site, form="enterprise_sites"))
    (one,) = Site.objects.all()
    assert (one.organisation, one.place, one.name) == (named[0], county_b, "二厂区")
    imports.undo(city, batch)
    assert not Site.objects.exists()
    foreign = {**site, "credit_code": named[1].credit_code, "org_name": named[1].name}
    refused = _upload(county_officer_a, foreign, form="enterprise_sites")
    assert "error" in {severity for _rule, severity in _found(refused)}


def test_a_site_lies_in_a_park_and_somewhere(city, named, county_b):
    Park.objects.create(code="park-b", name_zh="乙园区", place=county_b)
    site = {
        "credit_code": named[0].credit_code,
        "org_name": named[0].name,
        "site_name": "二厂区",
        "place_code": county_b.code,
        "park": "乙园区",
        "longitude_deg": 119.53,
        "latitude_deg": 26.2,
    }
    batch = imports.confirm(city, _upload(city, site, form="enterprise_sites"))
    (one,) = Site.objects.all()
    assert (one.park_id, one.longitude_deg, one.latitude_deg) == ("park-b", 119.53, 26.2)
    # A park nobody knows is told and left out; an empty cell takes nothing away.
    moved = {**site, "park": "丙园区", "longitude_deg": None, "latitude_deg": 26.3}
    other = _upload(city, moved, form="enterprise_sites")
    assert ("D007", "warning") in _found(other)
    second = imports.confirm(city, other)
    one.refresh_from_db()
    assert (one.park_id, one.longitude_deg, one.latitude_deg) == ("park-b", 119.53, 26.3)
    imports.undo(city, second)
    one.refresh_from_db()
    assert one.latitude_deg == 26.2
    one.refresh_from_db()
    assert (one.park_id, one.longitude_deg) == ("park-b", 119.53)
    imports.undo(city, batch)
    assert not Site.objects.exists()
    outside = _upload(city, {**site, "longitude_deg": 26.2, "latitude_deg": 119.53},
                      form="enterprise_sites")  # fmt: skip
    assert outside.rows_good == 0


def test_a_version_from_before_a_field_can_be_taken_back(city, named, county_b):
    site = {
        "credit_code": named[0].credit_code,
        "org_name": named[0].name,
        "site_name": "二厂区",
        "place_code": county_b.code,
    }
    batch = imports.confirm(city, _upload(city, site, form="enterprise_sites"))
    version = OrganisationVersion.objects.get(batch=batch)
    ((key, (before, after)),) = version.changes.items()
    version.changes = {key: [before, {n: v for n, v in after.items() if n != "longitude_deg"}]}
    version.save()
    assert imports.undo(city, batch).outcome["undo"]["closed"] == 1


def test_an_enterprise_has_several_contacts(city, firm_a, org_a, county_officer_b):
    rows = [
        {"credit_code": org_a.credit_code, "org_name": org_a.name, "contact_role": role,
         "contact_name": name, "contact_phone": phone}
        for role, name, phone in (("能源管理", "演示丙", "0591-00000001"), ("碳排放", "演示丁", ""))
    ]  # fmt: skip
    batch = imports.confirm(firm_a, _upload(firm_a, *rows, form="enterprise_contacts"))
    told = Contact.objects.values_list("role", "name", "phone")
    assert list(told) == [("能源管理", "演示丙", "0591-00000001"), ("碳排放", "演示丁", "")]
    again = imports.upload(firm_a, workbook("enterprise_contacts", rows), "again.xlsx")
    assert Parsed(again).meta["counts"]["unchanged"] == 2
    changed = imports.confirm(
        city, _upload(city, {**rows[0], "contact_phone": "0591-2"}, form="enterprise_contacts")
    )
    assert Contact.objects.get(role="能源管理").phone == "0591-2"
    imports.undo(city, changed)
    assert Contact.objects.get(role="能源管理").phone == "0591-00000001"
    foreign = _upload(county_officer_b, rows[0], form="enterprise_contacts")
    assert (foreign.rows_good, "D031" in {rule for rule, _severity in _found(foreign)}) == (0, True)
    imports.undo(firm_a, batch)
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("演示甲有限公司福清分公司", "演示甲有限公司"),
        ("演示甲有限责任公司福清分公司", "演示甲有限公司"),
        ("演示甲有限公司", ""),
        ("演示丙有限公司分公司", ""),
        ("演示甲有限公司新能源有限公司", ""),
    ],
)
def test_a_branch_is_told_from_its_legal_person(name, owner):
    assert services.legal_person_of(name, ["演示甲有限公司", "演示乙有限公司"]) == owner
