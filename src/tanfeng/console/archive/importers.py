"""The enterprise archive form on its way into the register of enterprises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from tanfeng import sheets
from tanfeng.console.archive import registers, services
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core import imports, rights
from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.core.models import Batch, Role, User
from tanfeng.errors import DataError, Problem

#: Rules an archive row may break against the database -> texts.
_TEXTS = {
    "D005": (
        "企业所在县区或园区不在您可管理的范围内",
        "The county or park of this enterprise is not yours to set",
        "请改为本县区，或由市级导入",
        "Use your own county, or let the city take it in",
    ),
    "D006": (
        "企业尚未建档",
        "The enterprise is not in the archive yet",
        "请由县区或市级先建档",
        "Ask the county or the city to add it first",
    ),
    "D013": (
        "县区代码{value}不在本市清单内",
        "County code {value} is not in the city's list",
        "请填写本市县区名称或六位代码",
        "Write the name or the six-digit code of a county of this city",
    ),
    "D007": (
        "园区“{value}”不在清单内，已按无园区导入",
        "Park “{value}” is not in the list; the row is taken without a park",
        "请核对园区名称",
        "Check the name of the park",
    ),
    "D008": (
        "名称与已建档企业{other}（或其曾用名）相同，但信用代码不同",
        "The name is that of {other}, or a former one, which has another credit code",
        "请核对是否更名、分立或代码填错",
        "Check whether it was renamed or split, or the code is wrong",
    ),
    "D036": (
        "“{value}”像是{other}的分支机构，不是法人单位",
        "“{value}” looks like a branch of {other}, which is the legal person",
        "分支机构请用“企业生产场所”表填在法人单位名下",
        "Put a branch under its legal person with the form of sites",
    ),
    "D002": (
        "将更新{count}项：{fields_zh}",
        "{count} fields will change: {fields_en}",
        "",
        "",
    ),
}


class ArchiveImporter(imports.Importer):
    """Takes the enterprise archive (一企一档)."""

    form_key = "enterprise_archive"

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return services.common_place(codes)

    def check(self, frame: pl.DataFrame, columns: imports.Columns, user: User) -> imports.Checked:
        """Check every row against the archive."""
        problems: list[Problem] = []
        counts = {"added": 0, "replaced": 0, "unchanged": 0}
        known = _Known(user, frame)
        for row in frame.iter_rows(named=True):
            change, found = _examined(row, known, columns, user)
            problems.extend(found)
            if all(one.severity != "error" for one in found):
                counts[_kind(change)] += 1
        return imports.Checked(problems, counts)

    def commit(self, frame: pl.DataFrame, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Write every row, asking for the rights again."""
        known = _Known(user, frame)
        columns = imports.Columns(batch.sheet, batch.columns)
        changes: list[services.Change] = []
        refused: list[Problem] = []
        for row in frame.iter_rows(named=True):
            change, found = _examined(row, known, columns, user)
            changes.append(change)
            refused.extend(one for one in found if one.severity == "error")
        if refused:
            raise DataError(refused)
        return services.apply(changes, by=user, batch=batch, at=at)

    def undo(self, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Take back what the batch wrote."""
        return services.undo(batch, by=user, at=at)


class _Known:
    """What the database holds for the rows of one file."""

    def __init__(self, user: User, frame: pl.DataFrame) -> None:
        codes = frame["credit_code"].drop_nulls().unique().to_list()
        self.mine: dict[str, Organisation] = {}
        self.taken: set[str] = set()
        for part in chunks(codes, CHUNK):
            everything = Organisation.objects.filter(credit_code__in=part).order_by()
            self.taken.update(everything.values_list("credit_code", flat=True))
            mine = services.reportable(user).filter(credit_code__in=part).order_by()
            self.mine.update({one.credit_code: one for one in mine})
        self.parks = services.park_codes()
        self.places = set(Place.objects.values_list("code", flat=True))
        self.by_name: dict[str, tuple[str, str]] = {}
        rows = rights.visible(user, Organisation).order_by()
        for code, name, former in rows.values_list("credit_code", "name", "former_names"):
            for one in filter(None, (name, *former.split(";"))):
                self.by_name.setdefault(services.same_name(one), (code, name))


def _kind(change: services.Change) -> str:
    if change.organisation is None:
        return "added"
    return "replaced" if change.values else "unchanged"


def _examined(
    row: Mapping[str, Any], known: _Known, columns: imports.Columns, user: User
) -> tuple[services.Change, list[Problem]]:
    change = services.compare(row, known.mine.get(row["credit_code"]), known.parks)
    return change, [
        _problem(rule, severity, columns, row, field, **values)
        for rule, severity, field, values in _findings(row, change, known, user)
    ]


def _findings(
    row: Mapping[str, Any], change: services.Change, known: _Known, user: User
) -> Iterator[tuple[str, Any, str, dict[str, Any]]]:
    code, place, park = row["credit_code"], row.get("place_code"), row.get("park")
    # An enterprise of somebody else looks like one that cannot be added: the words tell nothing.
    foreign = change.organisation is None and code in known.taken
    forbidden = services.may_change(user, change)
    if foreign or forbidden:
        yield ("D006" if user.role == Role.ENTERPRISE else "D005", "error", "credit_code", {})
        return
    if place and place not in known.places:
        yield "D013", "error", "place_code", {}
    if park and str(park).strip() not in known.parks:
        yield "D007", "warning", "park", {}
    name = row.get("org_name") or ""
    other = known.by_name.get(services.same_name(name))
    if other and other[0] != code:
        yield "D008", "warning", "org_name", {"other": f"{other[1]} {other[0]}"}
    if change.organisation is None and (owner := services.legal_person_of(name, known.by_name)):
        yield "D036", "warning", "org_name", {"other": known.by_name[owner][1]}
    if change.organisation is not None and change.values:
        changed = _headings(set(change.values) - {"sector"})
        yield (
            "D002",
            "info",
            "",
            {
                "count": len(changed),
                "fields_zh": "、".join(column.heading_zh for column in changed),
                "fields_en": ", ".join(column.heading_en for column in changed),
            },
        )


def _headings(names: set[str]) -> list[sheets.Column]:
    """Return the columns of the form that say these fields of the model, in its order."""
    columns = sheets.form(ArchiveImporter.form_key).columns
    return [one for one in columns if services.FORM_FIELDS.get(one.key) in names]


def _problem(
    rule: str,
    severity: Any,
    columns: imports.Columns,
    row: Mapping[str, Any],
    field: str,
    **values: Any,
) -> Problem:
    zh, en, remedy_zh, remedy_en = (
        text.format(value=row.get(field), **values) for text in _TEXTS[rule]
    )
    return columns.problem(
        rule,
        severity,
        zh=zh,
        en=en,
        remedy_zh=remedy_zh,
        remedy_en=remedy_en,
        row=row["source_row"],
        field=field,
        value=row.get(field) if field else "",
    )


def directory(user: User) -> dict[str, Any]:
    """Return what the reader of any form should know: enterprises by code, counties by name."""
    rows = services.reportable(user).order_by()
    found = rows.values_list("credit_code", "name", "former_names")
    schema = {"credit_code": pl.String(), "org_name": pl.String(), "former_names": pl.String()}
    register = pl.DataFrame(list(found), schema=schema, orient="row")
    return {"register": register, "places": services.place_names()}


imports.register(ArchiveImporter())
for _importer in registers.IMPORTERS:
    imports.register(_importer)
imports.register_directory(directory)
