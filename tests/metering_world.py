"""A meter that sends, with gateway, key, process, device, verification and an unknown point."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tanfeng.console.metering import devices, gateways, services, virtual
from tanfeng.console.metering.models import ProcessUnit

#: A transformer-fed electricity meter at the entrance.
METER = {
    "meter_no": "E-01",
    "name": "总进线",
    "meter_class": "electricity",
    "model": "DSZ331 3×1.5(6)A",
    "accuracy_class": "0.5S",
    "multiplier": 6000.0,
    "manufacturer": "甲表厂",
    "serial_no": "S-1",
    "item_key": "electricity",
    "level": 1,
    "location": "总降",
    "verified_on": date(2025, 3, 1),
    "valid_until": date(2027, 3, 1),
    "status": "qualified",
}
POINT = {
    "point": "P-1",
    "reading_kind": "register",
    "reading_unit": "kWh",
    "digits": 6,
    "interval_s": 900,
}
HUNG = datetime(2025, 3, 2, tzinfo=UTC)


def meter(user, organisation, **changes):
    """Return a meter; with ``point`` it sends."""
    point = POINT if "point" in changes else {}
    return services.enter(user, organisation, {**METER, **point, **changes})


def gateway(user, organisation, name="一号网关"):
    """Return a gateway and the words of its key."""
    one = gateways.enter(user, organisation, name=name)
    _key, words = gateways.make_key(user, one, expires_at=None)
    return one, words


def metering_of(organisation, filer, words="甲"):
    """Return what stands of an enterprise's meters by the names the doors use."""
    unit: ProcessUnit = services.add_unit(filer, organisation, kind="unit", name=f"{words}工序")
    way_in, _words = gateway(filer, organisation, f"{words}网关")
    one = meter(
        filer, organisation, meter_no=f"{words}-01", name=f"{words}总表", serial_no=f"{words}-S1",
        point=f"{words}-P1", unit=unit, gateway=way_in, location=words, remark=words,
    )  # fmt: skip
    devices.hang(filer, one, serial_no=f"{words}-S1", installed_at=HUNG, opening=7654.3)
    devices.calibrate(
        filer, one, verified_on=date(2025, 3, 1), valid_until=date(2027, 3, 1),
        certificate_no=f"{words}-C1",
    )  # fmt: skip
    services.change(filer, one, {"department": words})
    gateways.note_unknown(way_in, [(f"{words}-P2", 3, 7654.3)], HUNG)
    services.state_required(filer, organisation, "electricity", 1, 2)
    computed = virtual.enter(
        filer, organisation,
        {"meter_no": f"{words}-V1", "name": f"{words}虚拟表", "point": f"{words}-V1",
         "item_key": "electricity", "reading_unit": "kWh", "level": 2,
         "expression": f'0.5 * "{words}-P1"'},
    )  # fmt: skip
    return {
        "virtual_meter": computed,
        "meter": one,
        "gateway": way_in,
        "process_unit": unit,
        "api_key": way_in.keys.get(),
    }
