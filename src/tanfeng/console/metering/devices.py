"""Every write of what hangs at a point and when it was verified."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.metering import services
from tanfeng.console.metering.models import Calibration, Device, Meter
from tanfeng.console.metering.services import problem
from tanfeng.errors import DataError, Problem

Request = HttpRequest | None


def hanging(meter: Meter) -> Device | None:
    """Return the device that hangs at a meter's point now."""
    return meter.devices.filter(removed_at__isnull=True).first()


@transaction.atomic
def hang(
    user: User,
    meter: Meter,
    *,
    serial_no: str,
    installed_at: datetime,
    opening: float | None,
    multiplier: float | None = None,
    digits: int | None = None,
    request: Request = None,
) -> Device:
    """Write down which device hangs and what its register showed then.

    Parameters
    ----------
    installed_at : datetime
        When it was hung, aware.
    opening : float or None
        Its register then, as shown; None when nobody wrote it down.
    multiplier : float or None
        Current times voltage ratio; the meter's where it is not given.
    digits : int or None
        Integer digits of its register; the meter's where not given.

    Raises
    ------
    DataError
        If another one hangs, hung then, or a number makes no sense.
    """
    rights.require(user, "enter", meter)
    if hanging(meter) is not None:
        raise DataError([problem("已有器具在装, 请用更换", "One hangs already: replace it")])
    device = _hung(user, meter, serial_no, installed_at, opening, multiplier, digits)
    audit.record("meter.hang", user=user, request=request, thing=meter, serial_no=serial_no)
    _changed(meter)
    return device


@transaction.atomic
def take_down(
    user: User,
    meter: Meter,
    *,
    removed_at: datetime,
    closing: float,
    request: Request = None,
) -> None:
    """Write down that the device was taken away, with the register it showed last."""
    rights.require(user, "enter", meter)
    device = _down(meter, removed_at, closing)
    audit.record(
        "meter.take-down", user=user, request=request, thing=meter, serial_no=device.serial_no,
        closing=closing,
    )  # fmt: skip
    _changed(meter)


@transaction.atomic
def replace(
    user: User,
    meter: Meter,
    *,
    at: datetime,
    closing: float,
    serial_no: str,
    opening: float,
    multiplier: float | None = None,
    digits: int | None = None,
    request: Request = None,
) -> Device:
    """Replace the device: the old register ends where the new one begins.

    Parameters
    ----------
    at : datetime
        When, aware.
    closing, opening : float
        Register of the old one when it went, of the new one when it came, as shown.
    serial_no : str
        Of the new one.
    multiplier : float or None
        Of the new one; the meter's where it stays.
    digits : int or None
        Of the new one; the meter's where it stays.

    Raises
    ------
    DataError
        If none hangs, or a number or time makes no sense; nothing is changed then.
    """
    rights.require(user, "enter", meter)
    old = _down(meter, at, closing)
    new = _hung(user, meter, serial_no, at, opening, multiplier, digits)
    before = meter.serial_no
    services.change(
        user, meter,
        {"serial_no": serial_no, "multiplier": new.multiplier, "digits": new.digits},
        request=request,
    )  # fmt: skip
    audit.record(
        "meter.replace", user=user, request=request, thing=meter, before=before or old.serial_no,
        serial_no=serial_no, closing=closing, opening=opening,
    )  # fmt: skip
    _changed(meter)
    return new


def _down(meter: Meter, removed_at: datetime, closing: float) -> Device:
    device = hanging(meter)
    if device is None:
        raise DataError([problem("请先登记在装的器具", "Write down what hangs first")])
    found = _moment(removed_at, "removed_at")
    if removed_at <= device.installed_at:
        zh, en = "须晚于安装时间", "It is taken down after it was hung"
        found.append(problem(zh, en, "removed_at"))
    if closing < 0:
        found.append(problem("表底不能为负", "A register is not negative", "closing"))
    if found:
        raise DataError(found)
    device.removed_at, device.closing = removed_at, closing
    device.save(update_fields=["removed_at", "closing"])
    return device


def _hung(
    user: User,
    meter: Meter,
    serial_no: str,
    installed_at: datetime,
    opening: float | None,
    multiplier: float | None,
    digits: int | None,
) -> Device:
    found = _moment(installed_at, "installed_at")
    ratio = multiplier if multiplier is not None else (meter.multiplier or 1.0)
    if not serial_no.strip():
        found.append(problem("请填写出厂编号", "Give its serial number", "serial_no"))
    if ratio <= 0:
        found.append(problem("倍率须大于 0", "It must be above zero", "multiplier", "X044"))
    if opening is not None and opening < 0:
        found.append(problem("表底不能为负", "A register is not negative", "opening"))
    if digits is not None and not 1 <= digits <= 12:
        found.append(problem("位数为 1 至 12", "It is 1 to 12", "digits"))
    if meter.devices.filter(removed_at__gt=installed_at).exists():
        zh, en = "早于前一台器具的拆除时间", "The one before was taken down later"
        found.append(problem(zh, en, "installed_at"))
    if found:
        raise DataError(found)
    return Device.objects.create(
        meter=meter, serial_no=serial_no.strip()[:60], installed_at=installed_at, opening=opening,
        multiplier=ratio, digits=digits if digits is not None else meter.digits, entered_by=user,
    )  # fmt: skip


def _moment(at: datetime, field: str) -> list[Problem]:
    return [problem("不能晚于现在", "It is still to come", field)] if at > timezone.now() else []


def _changed(meter: Meter) -> None:
    """Let the engine know of the devices of a point."""
    if meter.point:
        meter.changed_at, meter.is_stale = timezone.now(), True
        meter.save(update_fields=["changed_at", "is_stale"])
        services.tell_engine(meter)


@transaction.atomic
def calibrate(
    user: User,
    meter: Meter,
    *,
    verified_on: date,
    valid_until: date,
    certificate_no: str = "",
    verified_by: str = "",
    request: Request = None,
) -> Calibration:
    """Enter a verification; the newest one is what the list shows.

    Raises
    ------
    DataError
        If it ends before it begins or lies in the future.
    """
    rights.require(user, "enter", meter)
    given = {
        "verified_on": verified_on, "valid_until": valid_until,
        "certificate_no": certificate_no[:60], "verified_by": verified_by[:80],
    }  # fmt: skip
    if found := services.examine(
        services.complete({**services.facts(meter), **given}), meter.organisation
    ):
        raise DataError([one for one in found if one.heading in given] or found)
    entry = Calibration.objects.create(meter=meter, entered_by=user, **given)
    if meter.verified_on is None or verified_on >= meter.verified_on:
        services.change(user, meter, given, request=request)
    audit.record(
        "meter.calibrate", user=user, request=request, thing=meter,
        verified_on=verified_on.isoformat(), valid_until=valid_until.isoformat(),
    )  # fmt: skip
    return entry
