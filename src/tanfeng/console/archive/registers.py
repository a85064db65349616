"""Official lists, sites and contacts on their way into the archive.

A list often names enterprises without their codes. A name is looked up among names and former
names, brackets and 有限责任公司 set alike; a name two enterprises bear is asked back.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import models

from tanfeng.console.archive import services
from tanfeng.console.archive.models import (
    Contact,
    Membership,
    OfficialList,
    Organisation,
    OrganisationVersion,
    Place,
    Site,
)
from tanfeng.console.core import imports, rights
from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.core.models import Batch, User
from tanfeng.errors import DataError, Problem, Severity

_TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "D030": (
        "官方名单由市级维护",
        "Official lists are kept by the city",
        "请报市级导入",
        "Ask the city to take it in",
    ),
    "D031": (
        "“{value}”不在企业档案中",
        "“{value}” is not in the archive",
        "请核对名称或信用代码，或先导入企业档案",
        "Check name or credit code, or take in the enterprise archive first",
    ),
    "D032": (
        "按名称对应到 {other}",
        "Found by its name: {other}",
        "如不是同一企业，请填写信用代码",
        "Fill in the credit code if it is another enterprise",
    ),
    "D033": (
        "“{value}”对应不止一家企业",
        "More than one enterprise bears the name “{value}”",
        "请填写信用代码",
        "Fill in the credit code",
    ),
    "D034": (
        "结束日期早于开始日期",
        "It ends before it begins",
        "请核对两个日期",
        "Check both days",
    ),
    "D035": (
        "名称与信用代码对应的企业（{other}）不符",
        "The name is not that of the credit code ({other})",
        "请核对；按信用代码导入",
        "Check it; the credit code counts",
    ),
    "D007": (
        "园区“{value}”不在清单内，已按无园区导入",
        "Park “{value}” is not in the list; the row is taken without a park",
        "请核对园区名称",
        "Check the name of the park",
    ),
    "D013": (
        "县区代码{value}不在本市清单内",
        "County code {value} is not in the city's list",
        "请填写本市县区名称或六位代码",
        "Write the name or the six-digit code of a county of this city",
    ),
}
_Row = Mapping[str, Any]
_Finding = tuple[str, Severity, str, dict[str, Any]]


class Names:
    """Enterprises by every name they bear or bore, written alike."""

    def __init__(self) -> None:
        self._codes: dict[str, set[str]] = defaultdict(set)
        rows = Organisation.objects.order_by().values_list("credit_code", "name", "former_names")
        for code, name, former in rows:
            for one in filter(None, (name, *former.split(";"))):
                self._codes[services.same_name(one)].add(code)

    def codes(self, name: str) -> set[str]:
        """Return the credit codes of the enterprises of a name."""
        return self._codes.get(services.same_name(name), set())


class _RegisterImporter(imports.Importer):
    """One row, one object of a model that hangs on an organisation."""

    model: type[Membership] | type[Site] | type[Contact]
    #: Fields an undo brings back.
    restored: tuple[str, ...]

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return services.common_place(codes)

    def check(self, frame: pl.DataFrame, columns: imports.Columns, user: User) -> imports.Checked:
        """Check every row against the archive."""
        problems: list[Problem] = []
        counts = {"added": 0, "replaced": 0, "unchanged": 0}
        for row, kind, found in self._examined(frame, user):
            problems.extend(_problem(one, columns, row) for one in found)
            if all(severity != "error" for _rule, severity, _field, _values in found):
                counts[kind] += 1
        return imports.Checked(problems, counts)

    def commit(self, frame: pl.DataFrame, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Write every row, asking for the rights again."""
        columns = imports.Columns(batch.sheet, batch.columns)
        examined = list(self._examined(frame, user))
        refused = [
            _problem(one, columns, row)
            for row, _kind, found in examined
            for one in found
            if one[1] == "error"
        ]
        if refused:
            raise DataError(refused)
        counts = {"added": 0, "replaced": 0, "unchanged": 0}
        versions = []
        for row, kind, _found in examined:
            counts[kind] += 1
            if kind != "unchanged":
                before = self.standing(row).first()
                stood = None if before is None else self._plain(before)
                one = self.write(row, batch)
                versions.append(
                    OrganisationVersion(
                        organisation_id=one.organisation_id,
                        changes={
                            f"{self.model._meta.model_name}:{one.pk}": [stood, self._plain(one)]
                        },
                        changed_by=user,
                        batch=batch,
                    )
                )
        OrganisationVersion.objects.bulk_create(versions, batch_size=200)
        return counts

    def undo(self, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Take out what the batch added and bring back what it replaced, unless changed since.

        Raises
        ------
        PermissionDenied
            If the person may not keep this register: a county takes no official list back.
        """
        rights.require(user, "change", self.model)
        done = {"closed": 0, "restored": 0, "superseded": 0}
        versions = OrganisationVersion.objects.filter(batch=batch).order_by("-id")
        for version in list(versions):
            ((key, (before, after)),) = version.changes.items()
            one = self.model._default_manager.filter(pk=key.partition(":")[2]).first()
            if one is None or not self._stands(one, after):
                done["superseded"] += 1
            elif before is None:
                one.delete()
                done["closed"] += 1
            else:
                names = [name for name in self.restored if name in before]
                for name in names:
                    setattr(one, name, before[name])
                one.save(update_fields=names)
                done["restored"] += 1
        OrganisationVersion.objects.bulk_create(
            OrganisationVersion(
                organisation_id=version.organisation_id,
                changes={key: [after, before] for key, (before, after) in version.changes.items()},
                changed_by=user,
            )
            for version in versions
        )
        return done

    def _plain(self, one: Membership | Site | Contact) -> dict[str, str | None]:
        """Return an object as the texts a version keeps; the first is its name."""
        values = {name: getattr(one, name) for name in self.restored}
        return {"name": self.name_of(one)} | {
            name: None if value is None else str(value) for name, value in values.items()
        }

    def _stands(self, one: Membership | Site | Contact, after: Mapping[str, Any]) -> bool:
        """Tell whether an object is as a version left it, in the fields that version knows."""
        now = self._plain(one)
        return {name: now.get(name) for name in after} == dict(after)

    def name_of(self, one: Any) -> str:
        """Return what the history calls an object."""
        return str(one)

    def _examined(
        self, frame: pl.DataFrame, user: User
    ) -> Iterator[tuple[_Row, str, list[_Finding]]]:
        codes = [code for code in frame["credit_code"].drop_nulls().unique() if code]
        mine: dict[str, Organisation] = {}
        for part in chunks(codes, CHUNK):
            found = services.reportable(user).filter(credit_code__in=part).order_by()
            mine.update({one.credit_code: one for one in found})
        allowed = rights.can(user, "change", self.model)
        for row in frame.iter_rows(named=True):
            findings = list(self.findings(row, mine.get(row["credit_code"] or ""), allowed=allowed))
            fine = all(severity != "error" for _rule, severity, _field, _values in findings)
            yield row, self.kind(row) if fine else "", findings

    def findings(
        self, row: _Row, organisation: Organisation | None, *, allowed: bool
    ) -> Iterator[_Finding]:
        """Yield what is wrong with a row."""
        if not allowed:
            yield "D030", "error", "", {}
            return
        if organisation is None:
            yield "D031", "error", "credit_code" if row["credit_code"] else "org_name", {}
        first, last = _day(row["valid_from"]), _day(row["valid_to"])
        if first and last and last < first:
            yield "D034", "error", "valid_to", {}

    def kind(self, row: _Row) -> str:
        """Tell whether a row adds, replaces or repeats."""
        standing = self.standing(row).first()
        if standing is None:
            return "added"
        values = self.values(row)
        same = all(getattr(standing, name) == value for name, value in values.items())
        return "unchanged" if same else "replaced"

    def standing(self, row: _Row) -> models.QuerySet[Any, Any]:
        """Return what stands under the key of a row."""
        raise NotImplementedError

    def values(self, row: _Row) -> dict[str, Any]:
        """Return what a row says beside its key."""
        raise NotImplementedError

    def write(self, row: _Row, batch: Batch) -> Any:
        """Write one row."""
        raise NotImplementedError


class OfficialListImporter(_RegisterImporter):
    """Takes an official list; a list that is not known yet is opened by its name."""

    form_key = "official_list"
    model = Membership
    restored = ("issue", "notice", "valid_to")

    def complete(self, frame: pl.DataFrame, _facts: Mapping[str, Any]) -> pl.DataFrame:
        """Fill in the credit code of a name only one enterprise bears."""
        names = Names()
        pairs = frame.select("credit_code", "org_name").rows()
        known = [set() if code else names.codes(name or "") for code, name in pairs]
        found = [
            code or (next(iter(codes)) if len(codes) == 1 else None)
            for (code, _name), codes in zip(pairs, known, strict=True)
        ]
        return frame.with_columns(
            pl.col("credit_code").alias("_written"),
            pl.Series("credit_code", found, dtype=pl.String),
            pl.Series("_many", [len(codes) > 1 for codes in known], dtype=pl.Boolean),
        )

    def findings(
        self, row: _Row, organisation: Organisation | None, *, allowed: bool
    ) -> Iterator[_Finding]:
        """Yield what is wrong with a row, and by which name it was found."""
        if allowed and row["_many"]:
            yield "D033", "error", "org_name", {}
            return
        yield from super().findings(row, organisation, allowed=allowed)
        if not allowed or organisation is None:
            return
        other = f"{organisation.name} {organisation.credit_code}"
        if not row["_written"]:
            yield "D032", "info", "org_name", {"other": other}
        elif row["org_name"] and not services.bears_name(organisation, row["org_name"]):
            yield "D035", "warning", "org_name", {"other": other}

    def standing(self, row: _Row) -> models.QuerySet[Membership]:
        """Return the entry of the same list, enterprise and day."""
        return Membership.objects.filter(
            official_list__name_zh=row["list_name"],
            organisation__credit_code=row["credit_code"],
            valid_from=_begin(row),
        )

    def values(self, row: _Row) -> dict[str, Any]:
        """Return lot, notice and last day."""
        return {
            "issue": (row["issue"] or "")[:40],
            "notice": (row["notice"] or "")[:200],
            "valid_to": _day(row["valid_to"]),
        }

    def write(self, row: _Row, batch: Batch) -> Any:
        """Add the entry, and its list when it is new."""
        name = row["list_name"][:80]
        official, _made = OfficialList.objects.get_or_create(
            name_zh=name,
            defaults={
                "key": "list-" + hashlib.sha256(name.encode()).hexdigest()[:12],
                "name_en": name,
                "level": row["level"] or "",
                "notice": (row["notice"] or "")[:200],
                "source": batch.file_name[:200],
            },
        )
        entry, _new = Membership.objects.update_or_create(
            official_list=official,
            organisation=Organisation.objects.get(credit_code=row["credit_code"]),
            valid_from=_begin(row),
            defaults={**self.values(row), "batch": batch},
        )
        return entry

    def name_of(self, one: Any) -> str:
        """Return the name of the list."""
        return str(one.official_list.name_zh)


class SiteImporter(_RegisterImporter):
    """Takes works and branches under their legal person."""

    form_key = "enterprise_sites"
    model = Site
    restored = (
        "place_id", "park_id", "address", "longitude_deg", "latitude_deg", "valid_from", "valid_to",
    )  # fmt: skip

    def complete(self, frame: pl.DataFrame, _facts: Mapping[str, Any]) -> pl.DataFrame:
        """Find the park by the name or code that was written."""
        codes = services.park_codes()
        written = [(name or "").strip() for name in frame["park"].to_list()]
        found = pl.Series("_park", [codes.get(name) for name in written], dtype=pl.String)
        return frame.with_columns(found)

    def findings(
        self, row: _Row, organisation: Organisation | None, *, allowed: bool
    ) -> Iterator[_Finding]:
        """Yield what is wrong with a row."""
        yield from super().findings(row, organisation, allowed=True)
        if row["place_code"] and not Place.objects.filter(code=row["place_code"]).exists():
            yield "D013", "error", "place_code", {}
        if row["park"] and not row["_park"]:
            yield "D007", "warning", "park", {}

    def standing(self, row: _Row) -> models.QuerySet[Site]:
        """Return the site of the same enterprise and name."""
        return Site.objects.filter(
            organisation__credit_code=row["credit_code"], name=row["site_name"]
        )

    def values(self, row: _Row) -> dict[str, Any]:
        """Return place, address and days; park and coordinates where the row has them.

        A form made before it had those columns takes nothing away.
        """
        where = {
            "park_id": row["_park"],
            "longitude_deg": row["longitude_deg"],
            "latitude_deg": row["latitude_deg"],
        }
        return {
            **{name: value for name, value in where.items() if value is not None},
            "place_id": row["place_code"],
            "address": (row["address"] or "")[:200],
            "valid_from": _day(row["valid_from"]),
            "valid_to": _day(row["valid_to"]),
        }

    def write(self, row: _Row, batch: Batch) -> Any:
        """Add the site or say what changed of it."""
        site, _new = Site.objects.update_or_create(
            organisation=Organisation.objects.get(credit_code=row["credit_code"]),
            name=row["site_name"][:120],
            defaults={**self.values(row), "batch": batch},
        )
        return site


class ContactImporter(_RegisterImporter):
    """Takes the people to call at an enterprise."""

    form_key = "enterprise_contacts"
    model = Contact
    restored = ("phone",)

    def findings(
        self, row: _Row, organisation: Organisation | None, *, allowed: bool
    ) -> Iterator[_Finding]:
        """Yield what is wrong with a row; an enterprise tells its own contacts."""
        if organisation is None:
            yield "D031", "error", "credit_code" if row["credit_code"] else "org_name", {}

    def standing(self, row: _Row) -> models.QuerySet[Contact]:
        """Return the contact of the same enterprise, role and name."""
        return Contact.objects.filter(
            organisation__credit_code=row["credit_code"],
            role=row["contact_role"][:40],
            name=row["contact_name"][:60],
        )

    def values(self, row: _Row) -> dict[str, Any]:
        """Return the number."""
        return {"phone": (row["contact_phone"] or "")[:40]}

    def write(self, row: _Row, batch: Batch) -> Any:
        """Add the contact or say another number."""
        contact, _new = Contact.objects.update_or_create(
            organisation=Organisation.objects.get(credit_code=row["credit_code"]),
            role=row["contact_role"][:40],
            name=row["contact_name"][:60],
            defaults={**self.values(row), "batch": batch},
        )
        return contact


def _begin(row: _Row) -> date:
    """Return the first day of a row; the form requires it."""
    return date.fromisoformat(row["valid_from"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _problem(finding: _Finding, columns: imports.Columns, row: _Row) -> Problem:
    rule, severity, field, values = finding
    return columns.told(_TEXTS, rule, severity, row, field, **values)


IMPORTERS: tuple[imports.Importer, ...] = (
    OfficialListImporter(),
    SiteImporter(),
    ContactImporter(),
)
