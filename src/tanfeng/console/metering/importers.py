"""The list of metering instruments on its way into the register of meters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db.models import Q

from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import imports
from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.core.models import Batch, User
from tanfeng.console.metering import expressions, services, virtual, words
from tanfeng.console.metering.models import Meter, MeterVersion, ProcessUnit
from tanfeng.errors import Problem
from tanfeng.sheets.meter_list import meter_item

#: Field of the form -> field of the model, where a text is a text.
TEXTS: Mapping[str, str] = {
    "meter_name": "name", "model": "model", "accuracy_class": "accuracy_class",
    "measuring_range": "measuring_range", "manufacturer": "manufacturer", "serial_no": "serial_no",
    "location": "location", "department": "department", "certificate_no": "certificate_no",
    "verified_by": "verified_by", "remark": "remark", "reading_unit": "reading_unit",
    "expression": "expression",
}  # fmt: skip
#: Field of the form -> field of the model, words and the keys they stand for.
CHOICES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "meter_class": ("meter_class", words.CLASSES),
    "meter_level": ("level", words.LEVELS),
    "status": ("status", words.STATES),
    "reading_kind": ("reading_kind", words.READINGS),
    "direction": ("sign", words.SIGNS),
}
_TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "D061": (
        "{value}不在您可填报的企业范围内（未建档，或不属于您）",
        "{value} is not among the enterprises you may report for (unknown, or not yours)",
        "请核对信用代码",
        "Check the credit code",
    ),
    "D071": (
        "{told_zh}",
        "{told_en}",
        "请改正该单元格",
        "Correct the cell",
    ),
    "D072": (
        "该企业没有登记名为“{value}”的工序或设备",
        "The enterprise has no process or equipment called “{value}”",
        "请先在工序与设备页登记，或留空",
        "Enter it on the page of processes first, or leave it empty",
    ),
    "D073": (
        "{value}已被登记（或属于其他单位），一台器具、一个监测点只登记一次",
        "{value} is registered already, perhaps by somebody else: an instrument or point is "
        "registered once",
        "请核对编号",
        "Check the number",
    ),
    "D002": ("将更新{count}项", "{count} fields will change", "", ""),
}
#: Field of the model -> field of the form, to place what a service finds.
_PLACES = {
    **{model: form for form, model in TEXTS.items()},
    **{model: form for form, (model, _) in CHOICES.items()},
    "item_key": "energy_name", "unit": "node_name",
}  # fmt: skip


def register() -> None:
    """Declare the form; the app does so when it starts."""
    imports.register(MeterListImporter())


class MeterListImporter(imports.RowImporter["_One"]):
    """Takes the list of instruments: new meters, and changes of those that stand."""

    form_key = "meter_list"
    texts = _TEXTS
    asks = ("credit_code",)
    rank = 40

    def complete(self, frame: pl.DataFrame, facts: Mapping[str, Any]) -> pl.DataFrame:
        """Write the enterprise of the whole file on the rows that do not say theirs."""
        own = pl.lit(facts.get("credit_code"), dtype=pl.String())
        if "credit_code" not in frame.columns:
            return frame.with_columns(credit_code=own)
        return frame.with_columns(pl.col("credit_code").fill_null(own))

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return archive.common_place(codes)

    def examined(self, frame: pl.DataFrame, user: User) -> Iterator[imports.Examined[_One]]:
        """Yield rows, held against enterprises, processes and the register."""
        for one in _examined(frame, user):
            yield imports.Examined(one.row, one, one.kind, one.found)

    def write(
        self, rows: Sequence[imports.Examined[_One]], batch: Batch, user: User, at: datetime
    ) -> None:
        """Enter new meters and change those that stand."""
        for one in _in_order(row.wanted for row in rows):
            if one.organisation is None:
                continue
            if one.meter is None:
                services.enter(
                    user, one.organisation, one.values, batch=batch,
                    source_row=one.row["source_row"], at=at,
                )  # fmt: skip
            elif one.kind == "replaced":
                services.change(user, one.meter, one.values, batch=batch, at=at)

    def undo(self, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Withdraw what the batch entered and bring back what it changed, newest first.

        A meter that was changed since stays as it is.
        """
        done = {"closed": 0, "restored": 0, "superseded": 0}
        for version in MeterVersion.objects.filter(batch=batch).select_related("meter"):
            if version.meter.versions.order_by("-pk").values_list("pk", flat=True)[0] != version.pk:
                done["superseded"] += 1
                continue
            services.restore(user, version, at=at)
            done["restored"] += 1
        # What was entered last may rest on what was entered before it.
        entered = Meter.objects.filter(batch=batch, withdrawn_at__isnull=True).order_by("-pk")
        for meter in entered.select_related("organisation"):
            if meter.versions.exclude(batch=batch).exists():
                done["superseded"] += 1
                continue
            services.withdraw(user, meter, f"导入撤销 {batch}")
            done["closed"] += 1
        return done


class _One:
    """A row, whose it is, what it says in the words of the model, and what is wrong with it."""

    __slots__ = ("found", "kind", "meter", "now", "organisation", "row", "values")

    def __init__(
        self, row: imports.Row, organisation: Organisation | None, meter: Meter | None
    ) -> None:
        self.row, self.organisation, self.meter = row, organisation, meter
        self.values: dict[str, Any] = {}
        self.now: dict[str, Any] = {}
        self.found: list[imports.Found] = []
        self.kind = ""


def _examined(frame: pl.DataFrame, user: User) -> Iterator[_One]:
    codes = [code for code in frame["credit_code"].drop_nulls().unique() if code]
    mine: dict[str, Organisation] = {}
    for part in chunks(codes, CHUNK):
        found = archive.reportable(user).filter(credit_code__in=part)
        mine |= {one.credit_code: one for one in found}
    keys = [one.pk for one in mine.values()]
    standing = {
        (one.organisation_id, one.meter_no): one
        for one in Meter.objects.filter(
            organisation__in=keys, withdrawn_at__isnull=True
        ).select_related("organisation", "unit", "gateway")
    }
    units = {
        (one.organisation_id, one.name): one
        for one in ProcessUnit.objects.filter(organisation__in=keys, removed_at__isnull=True)
    }
    taken, read = _taken(frame), []
    of_firm: dict[Organisation, list[_One]] = {}
    for row in frame.iter_rows(named=True):
        organisation = mine.get(row["credit_code"] or "")
        if organisation is None:
            one = _One(row, None, None)
            one.found = [("D061", "error", "credit_code", {"value": row["credit_code"] or ""})]
        else:
            number = str(row["meter_no"]).strip()
            one = _One(row, organisation, standing.get((organisation.pk, number)))
            _read(one, units, taken, user)
            of_firm.setdefault(organisation, []).append(one)
        read.append(one)
    for organisation, rows in of_firm.items():
        _judge_expressions(organisation, rows)
    for one in read:
        _settle(one)
        yield one


def _taken(frame: pl.DataFrame) -> dict[str, int]:
    """Return which serials and points of the file stand already, and with which meter."""
    serials = [str(one).strip() for one in frame["serial_no"].drop_nulls()]
    points = [str(one).strip() for one in frame["point"].drop_nulls()] if "point" in frame else []
    found: dict[str, int] = {}
    for part in chunks(sorted({*serials, *points}), CHUNK):
        rows = Meter.objects.filter(
            Q(serial_no__in=part, withdrawn_at__isnull=True) | Q(point__in=part)
        )
        for pk, maker, serial, point, gone in rows.values_list(
            "pk", "manufacturer", "serial_no", "point", "withdrawn_at"
        ):
            if maker and serial and gone is None:
                found[f"s {maker} {serial}"] = pk
            if point:
                found[f"p {point}"] = pk
    return found


def _read(
    one: _One,
    units: Mapping[tuple[int, str], ProcessUnit],
    taken: Mapping[str, int],
    user: User,
) -> None:
    """Put a row into the words of the model and find what is wrong with it."""
    organisation = one.organisation
    assert organisation is not None  # noqa: S101  # narrows the type
    one.values = _values(one.row)
    name = (one.row.get("node_name") or "").strip()
    if name:
        unit = units.get((organisation.pk, name))
        one.values["unit"] = unit
        if unit is None:
            one.found.append(("D072", "error", "node_name", {}))
    now = services.complete(
        {**(services.facts(one.meter) if one.meter else {}), **_given(one.values)}
    )
    if now["expression"]:
        now = one.values = virtual.whole(now)
    one.now = now
    _judge(one, now, taken, user)


def _judge_expressions(organisation: Organisation, rows: Sequence[_One]) -> None:
    """Find what is wrong with expressions once the whole file stands, whatever its order.

    A row that is kept out stands for nothing: what rests on it is kept out with it.
    """
    good = [one for one in rows if not one.found and one.now["point"]]
    virtual = Meter.objects.filter(organisation=organisation, point__isnull=False)
    if not any(one.now["expression"] for one in good) and not (
        any(one.meter for one in good) and virtual.exclude(expression="").exists()
    ):
        return
    while good:
        gone = {str(one.meter.point) for one in good if one.meter is not None and one.meter.point}
        now = {
            one.now["point"]: (
                expressions.unit_of(one.now["item_key"], one.now["reading_unit"]),
                one.now["expression"],
            )
            for one in good
        }
        wrong = expressions.examine_together(organisation, gone, now)
        if not wrong:
            return
        blamed = [one for one in good if one.now["point"] in wrong]
        # An expression that stands breaks: by a row that changes what stands.
        blamed = blamed or [one for one in good if one.meter is not None] or good
        for one in blamed:
            problems = wrong.get(one.now["point"]) or [told for of in wrong.values() for told in of]
            place = "expression" if one.now["point"] in wrong else "point"
            _tell(one, problems, place)
        good = [one for one in good if not one.found]


def _tell(one: _One, problems: Sequence[Problem], place: str) -> None:
    for found in problems:
        told = {"told_zh": found.message_zh, "told_en": found.message_en}
        one.found.append(("D071", "error", place, told))


def _settle(one: _One) -> None:
    """Say what becomes of a row nothing is wrong with."""
    if one.found:
        return
    one.kind = "added"
    if one.meter is not None:
        before = services.facts(one.meter)
        count = sum(before[name] != value for name, value in one.now.items())
        one.kind = "replaced" if count else "unchanged"
        if count:
            one.found.append(("D002", "info", "meter_no", {"count": count}))
    one.values = _given(one.values)


def _in_order(rows: Iterable[_One | None]) -> list[_One]:
    """Return rows so that a virtual meter comes after what it is computed from."""
    there = [one for one in rows if one is not None]
    by_point = {one.now["point"]: one for one in there if one.now.get("point")}
    texts = {point: one.now["expression"] for point, one in by_point.items()}
    without = [one for one in there if by_point.get(one.now.get("point")) is not one]
    return without + [by_point[point] for point in expressions.in_order(texts)]


def _judge(one: _One, now: imports.Row, taken: Mapping[str, int], user: User) -> None:
    """Find what is wrong with a meter as it would stand."""
    organisation, own = one.organisation, one.meter.pk if one.meter else None
    assert organisation is not None  # noqa: S101  # narrows the type
    before = one.meter.point if one.meter else None
    wrong = services.examine(now, organisation)
    if now["point"] and now["point"] != before:
        wrong += services.claimable(user, now["point"], organisation)
    for found in wrong:
        _tell(one, [found], _PLACES.get(found.heading, found.heading))
    for key, place in (
        (f"s {now['manufacturer']} {now['serial_no']}", "serial_no"),
        (f"p {now['point']}", "point"),
    ):
        if taken.get(key, own) != own:
            one.found.append(("D073", "error", place, {}))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the file does not say: an empty cell erases nothing."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def _values(row: imports.Row) -> dict[str, Any]:
    longest = {f.attname: f.max_length for f in Meter._meta.concrete_fields if f.max_length}
    found: dict[str, Any] = {
        model: str(row.get(form) or "").strip()[: longest[model]] for form, model in TEXTS.items()
    }
    for form, (model, words_of) in CHOICES.items():
        found[model] = words_of.get(row.get(form) or "")
    point = str(row.get("point") or "").strip()
    return found | {
        "meter_no": str(row["meter_no"]).strip()[:40],
        "item_key": meter_item(row["energy_name"]),
        "multiplier": row.get("multiplier"),
        "cycle_months": row.get("cycle_months"),
        "verified_on": _day(row.get("verified_on")),
        "valid_until": _day(row.get("valid_until")),
        "is_online": row.get("is_online"),
        "point": point[:64],
        "digits": row.get("digits"),
        "rated_power": row.get("rated_power"),
        "interval_s": row.get("interval_s"),
    }


def _day(value: str | date | None) -> date | None:
    if isinstance(value, str):
        return date.fromisoformat(value) if len(value) == 10 else None
    return value
