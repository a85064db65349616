"""The enterprise archive: added, updated, refused, taken back."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from form_files import credit_code, energy, workbook
from tanfeng import sheets
from tanfeng.console.archive import services
from tanfeng.console.archive.models import Organisation, OrganisationVersion
from tanfeng.console.core import imports
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError

A, B = "91359999MADEM00015", "91359999MADEM00028"
NEW, OTHER = credit_code(1), credit_code(2)


def _row(code, name="演示丙水泥有限公司", **more):
    return {
        "credit_code": code,
        "org_name": name,
        "industry_code": "3011",
        "place_code": "350181",
        **more,
    }


def _upload(user, *rows):
    content = workbook("enterprise_archive", list(rows))
    return imports.upload(user, content, "档案.xlsx", form_key="enterprise_archive")


def _take(user, *rows):
    return imports.confirm(user, _upload(user, *rows), good_rows_only=True)


def _found(batch, rule):
    return [one for one in Parsed(batch).problems() if one.rule == rule]


def test_an_enterprise_is_added_with_sector_and_first_version(city, county_a, park_a):
    batch = _take(city, _row(NEW, above_scale=True, park="甲园区", longitude_deg=119.3))
    one = Organisation.objects.get(credit_code=NEW)
    assert batch.outcome == {"added": 1, "replaced": 0, "unchanged": 0}
    assert (one.name, one.sector, one.place, one.park) == (
        "演示丙水泥有限公司",
        "building",
        county_a,
        park_a,
    )
    assert (one.above_scale, one.state_owned, one.longitude_deg) == (True, None, 119.3)
    assert one.batch == batch
    version = OrganisationVersion.objects.get()
    assert (version.changes, version.changed_by) == ({"credit_code": [None, NEW]}, city)


def test_a_name_of_a_county_is_taken_for_its_code(city, county_a):
    _take(city, _row(NEW, place_code="福清市"))
    assert Organisation.objects.get().place == county_a


def test_certificate_energy_centre_and_contact_reach_the_file_of_the_enterprise(city, county_a):
    _take(
        city,
        _row(
            NEW,
            energy_system_certificate="EnMS-1",
            energy_system_body="演示认证中心",
            energy_system_date="2024年5月20日",
            energy_centre=True,
            central_enterprise=False,
            contact_name="演示乙",
            contact_phone="0591-00000000",
        ),
    )
    one = Organisation.objects.get()
    assert (one.energy_system_certificate, one.energy_system_body, one.energy_system_date) == (
        "EnMS-1",
        "演示认证中心",
        "2024-05-20",
    )
    assert (one.energy_centre, one.central_enterprise) == (True, False)
    assert (one.contact_name, one.contact_phone) == ("演示乙", "0591-00000000")


def test_every_column_of_the_form_but_the_remark_has_its_field():
    columns = {column.key for column in sheets.form("enterprise_archive").columns}
    assert columns == {"credit_code", "remark", *services.FORM_FIELDS}


def test_an_empty_cell_erases_nothing_and_the_same_again_changes_nothing(city, org_a):
    Organisation.objects.update(permit_no="P-1", industry_code="3041")
    row = _row(A, org_a.name, industry_code="3041", permit_no="")
    batch = _take(city, row)
    assert batch.outcome == {"added": 0, "replaced": 0, "unchanged": 1}
    org_a.refresh_from_db()
    assert org_a.permit_no == "P-1"


def test_a_new_name_keeps_the_old_one(city, org_a):
    old = org_a.name
    batch = _upload(city, _row(A, "演示新名玻璃有限公司", industry_code="3041"))
    (told,) = _found(batch, "D002")
    assert (told.severity, told.row) == ("info", 3)
    # The name and what it moves to the former ones, as the form calls them.
    assert told.message_zh == "将更新2项：单位名称、曾用名"
    assert told.message_en == "2 fields will change: Enterprise name, Former names"
    imports.confirm(city, batch)
    org_a.refresh_from_db()
    assert (org_a.name, org_a.former_names) == ("演示新名玻璃有限公司", old)
    version = OrganisationVersion.objects.get()
    assert version.changes["name"] == [old, "演示新名玻璃有限公司"]
    _take(city, _row(A, old, industry_code="3041"))
    org_a.refresh_from_db()
    assert org_a.former_names == f"{old};演示新名玻璃有限公司"
    _take(city, _row(A, "演示新名玻璃有限公司", industry_code="3041"))
    org_a.refresh_from_db()
    assert org_a.former_names == f"{old};演示新名玻璃有限公司"


def test_unknown_counties_and_parks(city, county_a):
    batch = _upload(
        city, _row(NEW, place_code="350999"), _row(A, "演示丁有限公司", park="不存在的园区")
    )
    assert [(one.severity, one.row) for one in _found(batch, "D013")] == [("error", 3)]
    assert [(one.severity, one.row) for one in _found(batch, "D007")] == [("warning", 4)]
    imports.confirm(city, batch, good_rows_only=True)
    assert Organisation.objects.get().park is None


def test_a_name_that_belongs_to_another_code_is_a_warning(city, org_a):
    batch = _upload(city, _row(NEW, org_a.name))
    (found,) = _found(batch, "D008")
    assert found.severity == "warning"
    assert A in found.message_zh


def test_a_county_keeps_its_own_enterprises_and_no_others(county_officer_a, org_a, org_b):
    batch = _upload(
        county_officer_a,
        _row(NEW),  # a new one in the own county
        _row(OTHER, place_code="350112"),  # a new one elsewhere
        _row(B, place_code="350112"),  # a foreign one
        _row(A, org_a.name, industry_code="3041", place_code="350112"),  # moved away
    )
    found = _found(batch, "D005")
    assert batch.rows_good == 1
    assert [one.row for one in found] == [4, 5, 6]
    assert org_b.name not in str(batch.problems)
    imports.confirm(county_officer_a, batch, good_rows_only=True)
    assert Organisation.objects.filter(credit_code=NEW, place_id="350181").exists()


def test_an_enterprise_updates_itself_adds_nobody_and_does_not_move(firm_a, org_a, org_b, county_b):
    own = _row(A, org_a.name, industry_code="3041", permit_no="P-9")
    batch = _upload(firm_a, own, _row(NEW), _row(B, place_code="350112"))
    assert [one.row for one in _found(batch, "D006")] == [4, 5]
    imports.confirm(firm_a, batch, good_rows_only=True)
    org_a.refresh_from_db()
    assert org_a.permit_no == "P-9"
    moved = _row(A, org_a.name, industry_code="3041", place_code="350112")
    assert _upload(firm_a, moved).rows_good == 0


def test_rights_are_asked_again_when_confirming(county_officer_a, org_a, county_b):
    batch = _upload(county_officer_a, _row(A, org_a.name, industry_code="3041", permit_no="P"))
    Organisation.objects.update(place=county_b)
    with pytest.raises(DataError):
        imports.confirm(county_officer_a, batch)


def test_undo_removes_what_was_added_and_restores_what_was_changed(city, org_a):
    name = org_a.name
    batch = _take(city, _row(NEW), _row(A, "演示新名玻璃有限公司", industry_code="3041"))
    done = imports.undo(city, batch)
    assert done.outcome["undo"] == {"closed": 1, "restored": 1, "superseded": 0, "kept": 0}
    org_a.refresh_from_db()
    assert (org_a.name, org_a.former_names) == (name, "")
    assert not Organisation.objects.filter(credit_code=NEW).exists()
    assert OrganisationVersion.objects.filter(organisation=org_a).count() == 2


def test_undo_keeps_an_enterprise_that_has_records_or_changed_since(city, county_a):
    batch = _take(city, _row(NEW), _row(OTHER, "演示戊有限公司"))
    other = Organisation.objects.get(credit_code=OTHER)
    services.change_organisation(other, by=city, address="新地址")
    content = workbook("monthly_energy", [energy(NEW, "2024-01", 1.0)])
    imports.confirm(city, imports.upload(city, content, "e.xlsx"))
    done = imports.undo(city, batch)
    assert done.outcome["undo"] == {"closed": 0, "restored": 0, "superseded": 0, "kept": 2}
    assert Organisation.objects.count() == 2


def test_undo_leaves_what_was_changed_again_since(city, org_a):
    batch = _take(city, _row(A, org_a.name, industry_code="3041", permit_no="P-1"))
    services.change_organisation(Organisation.objects.get(pk=org_a.pk), by=city, permit_no="P-2")
    done = imports.undo(city, batch)
    assert done.outcome["undo"]["superseded"] == 1
    org_a.refresh_from_db()
    assert org_a.permit_no == "P-2"


def test_changing_by_hand(city, county_officer_a, county_officer_b, firm_a, org_a, county_b):
    services.change_organisation(org_a, by=county_officer_a, industry_code="3120")
    assert (org_a.industry_code, org_a.sector) == ("3120", "steel")
    version = OrganisationVersion.objects.get()
    assert version.changes == {"industry_code": ["3041", "3120"], "sector": ["building", "steel"]}
    assert AuditEvent.objects.get(action="organisation.change").place_code == org_a.place_id
    services.change_organisation(org_a, by=county_officer_a, industry_code="3120")
    assert OrganisationVersion.objects.count() == 1
    for user in (county_officer_b, firm_a):
        with pytest.raises(PermissionDenied):
            services.change_organisation(org_a, by=user, address="x")
    with pytest.raises(PermissionDenied):
        services.change_organisation(org_a, by=county_officer_a, place_id=county_b.pk)
    with pytest.raises(ValidationError):
        services.change_organisation(org_a, by=city, credit_code="x" * 19)


@pytest.mark.parametrize(
    ("industry", "sector"),
    [
        ("3120", "steel"), ("2511", "petrochemical"), ("2614", "petrochemical"),
        ("3011", "building"), ("1711", "textile"), ("2821", "textile"), ("3825", "equipment"),
        ("3974", "electronics"), ("4411", "power"), ("1311", "other"), ("", "other"),
        ("9999", "other"),
    ],
)  # fmt: skip
def test_sectors_follow_the_division(industry, sector):
    assert services.sector_of(industry) == sector


def test_the_county_of_a_file(city, org_a, org_b):
    assert services.common_place([A]) == org_a.place_id
    assert services.common_place([A, B]) == ""
    assert services.common_place([]) == ""


@pytest.mark.parametrize("name", ["演示老玻璃有限责任公司", "演示老玻璃(福州)有限公司"])
def test_a_duplicate_under_a_former_name_is_told(city, org_a, name):
    org_a.former_names = "演示老玻璃有限公司;演示老玻璃（福州）有限责任公司"
    org_a.save()
    (told,) = _found(_upload(city, _row(NEW, name)), "D008")
    assert org_a.name in told.message_zh
    assert told.severity == "warning"


def test_a_branch_is_no_legal_person(city, org_a):
    (told,) = _found(_upload(city, _row(NEW, f"{org_a.name}福清分公司")), "D036")
    assert org_a.name in told.message_zh
    assert not _found(_upload(city, _row(OTHER, "演示丁水泥有限公司")), "D036")


def test_the_practice_fields_are_kept(city, org_a, county_a):
    # The form learns these columns; the service takes a row whoever read it.
    row = {"credit_code": A, "energy_centre": True, "energy_system_date": "2025-03-01"}
    change = services.compare(row, org_a, {})
    assert change.values == {"energy_centre": True, "energy_system_date": "2025-03-01"}
