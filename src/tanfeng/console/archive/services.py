"""The enterprise file: who may be reported for, and how its rows are written and taken back.

An empty cell of an uploaded archive says nothing: it never erases what is known. Each change
keeps what stood there before, who changed it and by which file. A new name moves the old one to
the former names.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

import polars as pl
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.dispatch import Signal
from django.http import HttpRequest

from tanfeng.console.archive.models import Organisation, OrganisationVersion, Park, Place, Sector
from tanfeng.console.core import audit, rights
from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.core.models import Batch, Role, User

#: Field of the archive form -> field of the model.
FORM_FIELDS: Mapping[str, str] = {
    "org_name": "name",
    "former_names": "former_names",
    "legal_person": "legal_person",
    "industry_code": "industry_code",
    "place_code": "place_id",
    "park": "park_id",
    "address": "address",
    "longitude_deg": "longitude_deg",
    "latitude_deg": "latitude_deg",
    "size_class": "size_class",
    "above_scale": "above_scale",
    "state_owned": "state_owned",
    "key_user_level": "key_user_level",
    "ets_status": "ets_status",
    "permit_no": "permit_no",
    "energy_body": "energy_body",
    "energy_leader": "energy_leader",
    "energy_manager": "energy_manager",
    "energy_manager_certificate": "energy_manager_certificate",
    "group_name": "group_name",
    "energy_system_certificate": "energy_system_certificate",
    "energy_system_body": "energy_system_body",
    "energy_system_date": "energy_system_date",
    "energy_centre": "energy_centre",
    "central_enterprise": "central_enterprise",
    "contact_name": "contact_name",
    "contact_phone": "contact_phone",
}
#: What only the city or a county decides about an enterprise.
OFFICIAL_FIELDS = frozenset({"place_id", "park_id", "active"})
_OFFICERS = (Role.CITY, Role.COUNTY)
#: Sent with the ``keys`` of enterprises whose name, county or park changed, inside the transaction.
organisations_moved = Signal()
#: What a tree of enterprises is drawn from.
MOVING = frozenset({"name", "place_id", "park_id"})


@lru_cache(maxsize=1)
def _sectors() -> dict[str, str]:
    table = files("tanfeng.console.archive") / "tables" / "divisions.csv"
    with table.open(encoding="utf-8") as handle:
        return {row["division"]: row["sector"] for row in csv.DictReader(handle)}


def sector_of(industry_code: str) -> str:
    """Return the sector of the plan an industry belongs to, by its GB/T 4754-2017 division.

    The plan names steel, petrochemicals and chemicals, building materials, textiles with chemical
    fibre, and equipment; electronics and power are kept apart for their size, the rest is other.
    Equipment follows the statistical grouping of divisions 33 to 40 without 39.
    """
    return _sectors().get(industry_code[:2], Sector.OTHER)


#: Endings by which a branch of a legal person is called.
_BRANCH = re.compile(r"(?:分公司|分厂|分店|分部|办事处|分支机构|项目部)$")


def same_name(name: str) -> str:
    """Return a name for comparison: half-width, no blanks or brackets, one form of 有限公司."""
    text = "".join(unicodedata.normalize("NFKC", name).split())
    return re.sub(r"[()]", "", text).replace("有限责任公司", "有限公司")


def bears_name(organisation: Organisation, name: str) -> bool:
    """Tell whether an enterprise bears a name or bore it once."""
    borne = (organisation.name, *organisation.former_names.split(";"))
    return same_name(name) in {same_name(one) for one in borne if one}


def legal_person_of(name: str, names: Iterable[str]) -> str:
    """Return the enterprise a branch belongs to by its name, empty when it is no branch of one.

    Parameters
    ----------
    name : str
        Name of the row, such as 演示甲有限公司福清分公司.
    names : iterable of str
        Names as :func:`same_name` writes them.
    """
    alike = same_name(name)
    if not _BRANCH.search(alike):
        return ""
    found = [one for one in names if one != alike and alike.startswith(one)]
    return max(found, key=len, default="")


def reportable(user: User) -> QuerySet[Organisation]:
    """Return the enterprises the user may hand in forms for."""
    if not rights.can(user, "upload", Organisation):
        return Organisation.objects.none()
    return rights.visible(user, Organisation)


def organisations(user: User, codes: Iterable[str]) -> pl.DataFrame:
    """Return the reportable enterprises among some codes.

    Returns
    -------
    polars.DataFrame
        ``credit_code``, ``organisation_id``, ``name``, ``former_names``, ``place_code``,
        ``active``.
    """
    names = ("credit_code", "id", "name", "former_names", "place_id", "active")
    rows: list[tuple[Any, ...]] = []
    for part in chunks(sorted(set(codes)), CHUNK):
        found = reportable(user).filter(credit_code__in=part).order_by()
        rows.extend(found.values_list(*names))
    schema = {
        "credit_code": pl.String(),
        "organisation_id": pl.Int64(),
        "name": pl.String(),
        "former_names": pl.String(),
        "place_code": pl.String(),
        "active": pl.Boolean(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def common_place(codes: Iterable[str]) -> str:
    """Return the county in which all these enterprises lie, empty when it is not one."""
    places: set[str] = set()
    for part in chunks(sorted(set(codes)), CHUNK):
        rows = Organisation.objects.filter(credit_code__in=part).order_by()
        places.update(rows.values_list("place_id", flat=True).distinct())
        if len(places) > 1:
            return ""
    return places.pop() if places else ""


def place_names() -> dict[str, str]:
    """Return the names a county goes by and its code, for the reader of forms."""
    names: dict[str, str] = {}
    for place in Place.objects.all():
        for name in (place.name_zh, place.name_en, f"福州市{place.name_zh}"):
            names[name] = place.code
    return names


def park_codes() -> dict[str, str]:
    """Return the names and codes a park goes by and its code."""
    codes: dict[str, str] = {}
    for park in Park.objects.all():
        for name in filter(None, (park.code, park.name_zh, park.name_en)):
            codes[name] = park.code
    return codes


# Writing


@dataclass(frozen=True, slots=True)
class Change:
    """What a row of an archive form says that is new.

    Parameters
    ----------
    credit_code : str
        The enterprise.
    organisation : Organisation or None
        The enterprise as it stands, None when it is new.
    values : mapping
        Field of the model -> new value; all given fields for a new enterprise.
    """

    credit_code: str
    organisation: Organisation | None
    values: Mapping[str, Any] = field(default_factory=dict)


def compare(
    row: Mapping[str, Any], standing: Organisation | None, parks: Mapping[str, str]
) -> Change:
    """Return what a row of the archive form changes."""
    values = {
        name: row[form_field]
        for form_field, name in FORM_FIELDS.items()
        if row.get(form_field) not in (None, "")
    }
    if "park_id" in values:
        values["park_id"] = parks.get(str(values["park_id"]).strip())
        if values["park_id"] is None:
            del values["park_id"]
    if "industry_code" in values:
        values["sector"] = str(sector_of(values["industry_code"]))
    if standing is None:
        return Change(row["credit_code"], None, values)
    changed = {name: new for name, new in values.items() if getattr(standing, name) != new}
    if "name" in changed and "former_names" not in changed:
        former = [one for one in standing.former_names.split(";") if one]
        if standing.name not in former:
            changed["former_names"] = ";".join([*former, standing.name])[:300]
    return Change(row["credit_code"], standing, changed)


def may_change(user: User, change: Change) -> str:
    """Return which rule forbids a change, empty when none does.

    ``D006``: only officers add enterprises. ``D005``: the county or park is not the person's to
    give. A county officer neither adds to another county nor moves an enterprise there.
    """
    if change.organisation is None and user.role not in _OFFICERS:
        return "D006"
    if user.role not in _OFFICERS and OFFICIAL_FIELDS & set(change.values):
        return "D005"
    place = change.values.get("place_id")
    if user.role == Role.COUNTY and place not in (None, user.place_code):
        return "D005"
    return ""


def apply(changes: Iterable[Change], *, by: User, batch: Batch, at: datetime) -> dict[str, int]:
    """Write changes of the archive inside the caller's transaction, with their versions."""
    new, changed, versions, unchanged = [], [], [], 0
    for change in changes:
        if change.organisation is None:
            new.append(
                Organisation(
                    credit_code=change.credit_code,
                    batch=batch,
                    is_demo=batch.is_demo,
                    updated_at=at,
                    **change.values,
                )
            )
        elif change.values:
            standing = change.organisation
            before = {name: getattr(standing, name) for name in change.values}
            for name, value in change.values.items():
                setattr(standing, name, value)
            standing.updated_at = at
            changed.append(standing)
            versions.append(_version(standing, before, dict(change.values), by, batch))
        else:
            unchanged += 1
    created = Organisation.objects.bulk_create(new, batch_size=100)
    versions.extend(
        _version(one, {"credit_code": None}, {"credit_code": one.credit_code}, by, batch)
        for one in created
    )
    if changed:
        names = {name for one in versions for name in one.changes} - {"credit_code"}
        Organisation.objects.bulk_update(changed, [*sorted(names), "updated_at"], batch_size=50)
    OrganisationVersion.objects.bulk_create(versions, batch_size=200)
    _tell_moved(versions)
    return {"added": len(created), "replaced": len(changed), "unchanged": unchanged}


def _version(
    organisation: Organisation,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    by: User,
    batch: Batch | None,
) -> OrganisationVersion:
    changes = {name: [before[name], after[name]] for name in after}
    return OrganisationVersion(
        organisation=organisation, changes=changes, changed_by=by, batch=batch
    )


def _tell_moved(versions: Iterable[OrganisationVersion]) -> None:
    """Let other rooms know whose name, county or park is another one now."""
    moved = [one.organisation_id for one in versions if MOVING & set(one.changes)]
    if moved:
        organisations_moved.send(sender=Organisation, keys=moved)


@transaction.atomic
def change_organisation(
    organisation: Organisation,
    *,
    by: User,
    request: HttpRequest | None = None,
    **values: Any,
) -> Organisation:
    """Change some fields of one enterprise by hand.

    Raises
    ------
    PermissionDenied
        If the person may not change this enterprise, or not this field of it.
    """
    rights.require(by, "change", organisation)
    changed = {name: new for name, new in values.items() if getattr(organisation, name) != new}
    if "industry_code" in changed:
        changed["sector"] = str(sector_of(changed["industry_code"]))
    change = Change(organisation.credit_code, organisation, changed)
    if may_change(by, change):
        raise PermissionDenied("organisation.change")
    if changed:
        before = {name: getattr(organisation, name) for name in changed}
        for name, value in changed.items():
            setattr(organisation, name, value)
        untouched = {one.attname for one in organisation._meta.concrete_fields} - set(changed)
        organisation.full_clean(exclude={name.removesuffix("_id") for name in untouched})
        organisation.save(update_fields=(*changed, "updated_at"))
        version = _version(organisation, before, changed, by, None)
        version.save()
        _tell_moved([version])
        audit.record(
            "organisation.change",
            user=by,
            request=request,
            thing=organisation,
            fields=sorted(changed),
        )
    return organisation


def undo(batch: Batch, *, by: User, at: datetime) -> dict[str, int]:
    """Take back what a batch wrote, inside the caller's transaction.

    A field that was changed again since stays. An enterprise the batch added is removed unless
    something refers to it by now; then it stays and is counted as ``kept``.
    """
    restored = kept = removed = superseded = 0
    versions = OrganisationVersion.objects.filter(batch=batch).select_related("organisation")
    created: list[Organisation] = []
    for version in versions.order_by("-id"):
        organisation = version.organisation
        if "credit_code" in version.changes:
            created.append(organisation)
            continue
        back = {
            name: before
            for name, (before, after) in version.changes.items()
            if getattr(organisation, name) == after
        }
        superseded += len(back) < len(version.changes)
        if back:
            standing = {name: getattr(organisation, name) for name in back}
            for name, value in back.items():
                setattr(organisation, name, value)
            organisation.updated_at = at
            organisation.save(update_fields=(*back, "updated_at"))
            version_back = _version(organisation, standing, back, by, batch)
            version_back.save()
            _tell_moved([version_back])
            restored += 1
    for organisation in created:
        if _remove(organisation, batch):
            removed += 1
        else:
            kept += 1
    return {"closed": removed, "restored": restored, "superseded": superseded, "kept": kept}


def _remove(organisation: Organisation, batch: Batch) -> bool:
    """Delete an enterprise nothing but its own first version refers to."""
    if organisation.versions.exclude(batch=batch).exists():
        return False
    try:
        with transaction.atomic():
            organisation.versions.all().delete()
            organisation.delete()
    except ProtectedError:
        return False
    return True
