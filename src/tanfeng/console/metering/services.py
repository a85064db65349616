"""Every write of meters, processes and required numbers: rights, checks, history, audit, engine.

What is changed of a point reaches the engine's register in the same call, after the transaction:
until then it is marked as stale, so that a register out of reach is told later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import Batch, User
from tanfeng.console.metering import expressions, names, publishing, rates
from tanfeng.console.metering.models import (
    Gateway,
    Meter,
    MeterVersion,
    ProcessUnit,
    RequiredCount,
    SeenPoint,
)
from tanfeng.errors import DataError, Problem
from tanfeng.metering.frames import meter_units
from tanfeng.sheets.meter_list import WATER, behind_transformer, item_names
from tanfeng.standards import load

Request = HttpRequest | None
#: Fields of the list of instruments.
LISTED = (
    "meter_no", "name", "meter_class", "model", "accuracy_class", "measuring_range", "multiplier",
    "manufacturer", "serial_no", "item_key", "level", "location", "department", "certificate_no",
    "verified_on", "cycle_months", "valid_until", "verified_by", "status", "is_online", "remark",
)  # fmt: skip
#: Fields of a point that sends.
SENT = (
    "point", "reading_kind", "reading_unit", "digits", "rated_power", "sign", "interval_s", "unit",
    "gateway",
)  # fmt: skip
GIVEN = (*LISTED, *SENT)
#: With what only a virtual meter says.
KEPT = (*GIVEN, "expression", "in_tree")
_ONCE = {
    "metering_number_once": ("meter_no", "该管理编号已登记", "This number is registered already"),
    "metering_serial_once": (
        "serial_no",
        "该厂家的出厂编号已登记, 一台器具只登记一次",
        "This serial of the maker is registered already: an instrument is registered once",
    ),
    "point": ("point", "该监测点编号已被使用", "This point is taken already"),
}


def problem(zh: str, en: str, field: str = "", rule: str = "K002") -> Problem:
    """Return what is wrong with a field of a form, or with the whole of it."""
    return Problem(rule, "error", zh, en, heading=field)


def examine(values: Mapping[str, Any], organisation: Organisation) -> list[Problem]:
    """Return what is wrong with a meter in itself; whether it is registered twice is not asked.

    Parameters
    ----------
    values : mapping
        Every field of ``KEPT``.
    organisation : Organisation
        Whose meter it is.
    """
    found = []
    if item_names(values["item_key"])[0] == values["item_key"]:
        found.append(problem("请选择能源种类", "Choose what it measures", "item_key", "X007"))
    for name, zh, en in (
        ("meter_no", "请填写管理编号", "Give its number"),
        ("level", "请选择计量级别", "Choose its level"),
    ):
        if not values[name]:
            found.append(problem(zh, en, name, "X004"))
    first, last = values["verified_on"], values["valid_until"]
    if first and last and last <= first:
        found.append(
            problem(
                "有效期须晚于检定日期", "It is valid longer than the day it was verified on",
                "valid_until", "K001",
            )
        )  # fmt: skip
    if first and first > timezone.localdate():
        found.append(problem("检定日期不能晚于今天", "This day is still to come", "verified_on"))
    return [
        *found,
        *_multiplier(values),
        *(_point(values, organisation) if values["point"] else ()),
    ]


def _multiplier(values: Mapping[str, Any]) -> list[Problem]:
    given = values["multiplier"]
    if given is not None and given <= 0:
        return [problem("倍率须大于 0", "It must be above zero", "multiplier", "X044")]
    if given is not None or values["item_key"] != "electricity" or values["expression"]:
        return []
    if behind_transformer(values) or values["point"]:
        zh = "请填倍率: 经互感器接入的填电流变比乘电压变比, 直接接入的填 1"
        en = "Give the multiplier: current times voltage ratio, 1 without transformer"
        return [problem(zh, en, "multiplier", "K003")]
    return []


def _point(values: Mapping[str, Any], organisation: Organisation) -> list[Problem]:
    found = []
    point, unit = values["point"], meter_units().get(values["reading_unit"])
    if any(char.isspace() or char in ",;\"'" for char in point):
        zh, en = "编号不能含空格、逗号、分号或引号", "It holds no blank, comma, semicolon or quote"
        found.append(problem(zh, en, "point"))
    if not values["reading_kind"]:
        zh, en = "请选择读数类型", "Say what a reading is"
        found.append(problem(zh, en, "reading_kind"))
    if unit is None:
        known = ", ".join(meter_units())
        found.append(
            problem(f"读数单位应为 {known} 之一", f"It is one of {known}", "reading_unit", "X006")
        )
    else:
        found += _fitting(values, unit.base_unit, unit.measures)
    for name in ("unit", "gateway"):
        if values[name] is not None and values[name].organisation_id != organisation.pk:
            found.append(problem("不属于该企业", "It is another enterprise's", name))
    return found


def _fitting(values: Mapping[str, Any], base: str, measures: str) -> list[Problem]:
    found = []
    if values["reading_kind"] and (values["reading_kind"] == "power") != (measures == "rate"):
        zh = "瞬时功率的单位应为每小时的量(如 kW、m3/h), 其他类型应为量(如 kWh、m3)"
        en = "A rate has a unit per hour (kW, m3/h), everything else an amount (kWh, m3)"
        found.append(problem(zh, en, "reading_unit", "X005"))
    wanted = base_units(values["item_key"])
    if wanted and base not in wanted:
        names = "、".join(wanted)
        zh = f"该能源种类应以 {names} 计"
        found.append(problem(zh, f"This is counted in {names}", "reading_unit", "X005"))
    return found


def base_units(item_key: str) -> tuple[str, ...]:
    """Return the base units an energy item may be metered in, empty where any fits."""
    if item_key == WATER:
        return ("m3", "t")
    rows = load("energy_items")
    unit = dict(zip(rows["item_key"], rows["unit"], strict=True)).get(item_key, "")
    of = {"1e4 kWh": ("kWh",), "1e4 m3": ("m3",), "GJ": ("GJ",), "t": ("t",)}
    return of.get(unit, ())


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every field of a meter; what is not given is empty, never guessed."""
    empty: dict[str, Any] = dict.fromkeys(KEPT)
    texts = {
        field.attname: ""
        for field in Meter._meta.concrete_fields
        if field.attname in KEPT and field.empty_strings_allowed and not field.null
    }
    given = {key: value for key, value in values.items() if key in KEPT and value is not None}
    return {
        **empty, **texts, "sign": 1, "interval_s": 900, "status": Meter.Status.QUALIFIED,
        "in_tree": True, **given, "point": given.get("point") or None,
    }  # fmt: skip


def enter(
    user: User,
    organisation: Organisation,
    values: Mapping[str, Any],
    *,
    batch: Batch | None = None,
    source_row: int | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> Meter:
    """Register a meter.

    Raises
    ------
    DataError
        If it breaks a rule, or its number, serial or point is registered already, by whomever.
    """
    rights.require(user, "enter", Meter)
    rights.require(user, "upload", organisation)
    given, now = complete(values), at or timezone.now()
    _refuse_wrong(user, organisation, None, given)
    meter = Meter(
        organisation=organisation, batch=batch, source_row=source_row, entered_by=user,
        entered_at=now, changed_at=now, is_stale=bool(given["point"]), **given,
    )  # fmt: skip
    with transaction.atomic():
        _saved(meter)
        _adopted(meter, [meter.gateway_id])
        audit.record("meter.enter", user=user, request=request, thing=meter, point=meter.point)
        tell_engine(meter)
    return meter


def change(
    user: User,
    meter: Meter,
    values: Mapping[str, Any],
    *,
    batch: Batch | None = None,
    request: Request = None,
    at: datetime | None = None,
) -> dict[str, list[Any]]:
    """Change the record of a meter; what it said before stays as a version.

    Returns
    -------
    dict
        Field -> before and after, empty when nothing changed.

    Raises
    ------
    DataError
        As when it is entered.
    """
    rights.require(user, "enter", meter)
    given = complete({**facts(meter), **values})
    _refuse_wrong(user, meter.organisation, meter, given)
    before = facts(meter)
    changes = {
        name: [_plain(before[name]), _plain(value)]
        for name, value in given.items()
        if before[name] != value
    }
    if not changes:
        return {}
    gateways = [meter.gateway_id]
    for name in changes:
        setattr(meter, name, given[name])
    meter.changed_at = at or timezone.now()
    meter.is_stale = meter.is_stale or bool(meter.point)
    with transaction.atomic():
        _saved(meter)
        MeterVersion.objects.create(
            meter=meter, changes=changes, changed_by=user, changed_at=meter.changed_at, batch=batch
        )
        _adopted(meter, [*gateways, meter.gateway_id])
        audit.record("meter.change", user=user, request=request, thing=meter, changes=changes)
        tell_engine(meter)
    return changes


def _refuse_wrong(
    user: User, organisation: Organisation, meter: Meter | None, given: Mapping[str, Any]
) -> None:
    """Refuse what is wrong with a meter, for the expressions that rest on it, or for its person."""
    found = examine(given, organisation)
    before = meter.point if meter else None
    if given["point"] and given["point"] != before:
        found += claimable(user, given["point"], organisation)
    # What is wrong in itself is told first: an expression in no unit cannot be judged.
    if found := found or expressions.examine(organisation, before, given):
        raise DataError(found)


def claimable(user: User, point: str, organisation: Organisation) -> list[Problem]:
    """Return why a person may not take the name of a point for a meter of an enterprise."""
    if names.is_another(point, organisation):
        _field, zh, en = _ONCE["point"]
        return [problem(zh, en, "point")]
    if publishing.is_unclaimed(point) and not rights.can(user, "metering.claim"):
        zh = "该监测点已有未认领的读数, 请由市级人员认领"
        en = "Readings nobody has claimed stand under this point: an officer of the city claims it"
        return [problem(zh, en, "point")]
    return []


def restore(user: User, version: MeterVersion, *, at: datetime | None = None) -> None:
    """Bring back what a version changed: the file that said it is taken back."""
    meter = version.meter
    fields = {field.name: field for field in Meter._meta.concrete_fields}
    values = {
        name: None if before is None else fields[name].to_python(before)
        for name, (before, _after) in version.changes.items()
        if name not in ("unit", "gateway")
    }
    for name, value in values.items():
        setattr(meter, name, value)
    if "unit" in version.changes:
        meter.unit = meter.organisation.process_units.filter(
            name=version.changes["unit"][0] or "", removed_at__isnull=True
        ).first()
    meter.changed_at, meter.is_stale = at or timezone.now(), meter.is_stale or bool(meter.point)
    with transaction.atomic():
        _saved(meter)
        back = {name: [after, before] for name, (before, after) in version.changes.items()}
        MeterVersion.objects.create(meter=meter, changes=back, changed_by=user)
        _adopted(meter, [meter.gateway_id])
        tell_engine(meter)


def withdraw(user: User, meter: Meter, reason: str, *, request: Request = None) -> None:
    """Take a meter out of the list; its readings and its history stay.

    Its point owes nothing from now on; another meter of the enterprise may take its name.

    Raises
    ------
    DataError
        If no reason is given or a virtual meter rests on it.
    """
    rights.require(user, "enter", meter)
    if not reason:
        raise DataError([problem("请说明原因", "Say why", "reason")])
    if meter.point and (found := expressions.examine(meter.organisation, meter.point, None)):
        raise DataError(found)
    meter.withdrawn_at, meter.withdrawn_by, meter.reason = timezone.now(), user, reason[:200]
    point, meter.point = meter.point, None
    with transaction.atomic():
        meter.save(update_fields=["withdrawn_at", "withdrawn_by", "reason", "point"])
        if point:
            names.follow(meter, meter.withdrawn_at)
            transaction.on_commit(publishing.publish_stale, robust=True)
            MeterVersion.objects.create(
                meter=meter, changes={"point": [point, None]}, changed_by=user
            )
        _adopted(meter, [meter.gateway_id])
        audit.record("meter.withdraw", user=user, request=request, thing=meter, reason=reason[:200])


def facts(meter: Meter) -> dict[str, Any]:
    """Return what is recorded of a meter, by field."""
    return {name: getattr(meter, name) for name in KEPT}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _saved(meter: Meter) -> None:
    """Write a meter; what the database refuses is told without saying whose the other one is."""
    if not meter.point or meter.expression:
        meter.late_after = None
    elif meter.late_after is None:
        # Nothing came yet: it is late once two of its intervals have passed.
        meter.late_after = meter.changed_at + timedelta(seconds=2 * meter.interval_s)
    try:
        with transaction.atomic():
            meter.save()
            names.follow(meter, meter.changed_at)
    except IntegrityError as error:
        raise DataError([_once(str(error))]) from error


def _once(text: str) -> Problem:
    for key, (field, zh, en) in _ONCE.items():
        columns = {"metering_number_once": "meter_no", "metering_serial_once": "serial_no"}
        if key in text or f".{columns.get(key, key)}" in text:
            return problem(zh, en, field)
    raise RuntimeError(text)


def _adopted(meter: Meter, gateways: Iterable[int | None]) -> None:
    """Let every process notice that gateways have other points, and forget what was unknown."""
    touched = {one for one in gateways if one}
    if touched:
        Gateway.objects.filter(pk__in=touched).update(points_version=F("points_version") + 1)
        SeenPoint.objects.filter(gateway__in=touched, point=meter.point).delete()


def tell_engine(meter: Meter) -> None:
    """Publish what changed of a point once the change stands."""
    if not meter.is_stale:
        return
    publishing.try_again(meter.organisation)
    # A pattern may fit another set of points now.
    virtual = Meter.objects.filter(organisation=meter.organisation, point__isnull=False)
    virtual.filter(Q(expression__contains="*") | Q(expression__contains="?")).update(
        is_stale=True, changed_at=timezone.now()
    )
    transaction.on_commit(publishing.publish_stale, robust=True)


# The tree below an enterprise


@transaction.atomic
def add_unit(
    user: User,
    organisation: Organisation,
    *,
    kind: str,
    name: str,
    parent: ProcessUnit | None = None,
    request: Request = None,
) -> ProcessUnit:
    """Enter a process or a machine of an enterprise.

    Raises
    ------
    DataError
        If the name is taken, or what it is part of is another enterprise's or a machine.
    """
    rights.require(user, "enter", ProcessUnit)
    rights.require(user, "upload", organisation)
    found = []
    if kind not in ProcessUnit.Kind.values or not name.strip():
        found.append(problem("请填写名称和类型", "Name and kind are needed", "name"))
    if parent is not None and (
        parent.organisation_id != organisation.pk or parent.kind == ProcessUnit.Kind.EQUIPMENT
    ):
        zh, en = "上级须是该企业的工序", "It is part of a process of the same enterprise"
        found.append(problem(zh, en, "parent"))
    if organisation.process_units.filter(name=name.strip(), removed_at__isnull=True).exists():
        found.append(problem("该名称已登记", "There is one of this name", "name"))
    if found:
        raise DataError(found)
    unit = ProcessUnit.objects.create(
        organisation=organisation, kind=kind, name=name.strip()[:80], parent=parent, entered_by=user
    )
    audit.record("meter.unit", user=user, request=request, thing=unit, kind=kind)
    return unit


@transaction.atomic
def remove_unit(user: User, unit: ProcessUnit, *, request: Request = None) -> None:
    """Take a process or a machine out; nothing may hang at it any more.

    Raises
    ------
    DataError
        If a meter measures it or it has parts.
    """
    rights.require(user, "enter", unit)
    if unit.meters.filter(withdrawn_at__isnull=True).exists() or (
        unit.parts.filter(removed_at__isnull=True).exists()
    ):
        zh, en = "请先移走它的计量器具和下级", "Move its meters and parts away first"
        raise DataError([problem(zh, en)])
    unit.removed_at = timezone.now()
    unit.save(update_fields=["removed_at"])
    audit.record("meter.unit-out", user=user, request=request, thing=unit)


# Required numbers


@transaction.atomic
def state_required(
    user: User,
    organisation: Organisation,
    kind: str,
    level: int,
    required: int | None,
    *,
    request: Request = None,
) -> None:
    """State how many meters an enterprise has to have of a kind at a level; None takes it back.

    Raises
    ------
    DataError
        If there is no such kind or level.
    """
    rights.require(user, "enter", RequiredCount)
    rights.require(user, "upload", organisation)
    if kind not in rates.kinds() or level not in Meter.Level.values:
        raise DataError([problem("没有该能源种类或级别", "There is no such kind or level")])
    if required is not None and not 0 <= required < 100_000:
        raise DataError([problem("台数须为 0 至 99999", "It is 0 to 99 999", "required")])
    key: dict[str, Any] = {"organisation": organisation, "kind": kind, "level": level}
    standing = RequiredCount.objects.filter(**key).first()
    if (standing.required if standing else None) == required:
        return
    if required is None:
        RequiredCount.objects.filter(**key).delete()
    else:
        RequiredCount.objects.update_or_create(
            **key, defaults={"required": required, "entered_by": user, "entered_at": timezone.now()}
        )
    audit.record(
        "meter.required", user=user, request=request, thing=organisation, kind=kind, level=level,
        before=standing.required if standing else None, required=required,
    )  # fmt: skip
