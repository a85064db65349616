"""An account of the carbon market with a unit, a movement, a file, a certificate and its claim."""

from __future__ import annotations

from datetime import date

from tanfeng.console.registers.market import certificates, services
from tanfeng.console.registers.market.models import Position
from tanfeng.demo.mrv import pdf

#: A condensing coal unit of 2024: 100 000 MWh x 0.7910 = 79 100 t, no correction at 70 % load.
UNIT = {
    "facility_class": "conv_gt300",
    "generated_mwh": 100_000.0,
    "heat_gj": 0.0,
    "load_factor_pct": 70.0,
    "tier": "reported",
}
ISSUE = {
    "kind": "allocated",
    "document": "A-1",
    "date": date(2025, 9, 1),
    "amount_t": 79_100.0,
    "vintage": 2024,
    "counterparty": "authority",
}
CCER = {"kind": "ccer", "number": "CCER-1", "amount": 1000.0, "project": "林"}
GREEN = {"kind": "green_certificate", "number": "GEC-1", "amount": 500.0}


def account(organisation, filer, year=2024, sector="power", **unit) -> Position:
    """Return an account with one unit."""
    position = services.open_account(filer, organisation, year, sector)
    services.set_unit(filer, position, "1号机组", {**UNIT, **unit})
    position.refresh_from_db()
    return position


def move(organisation, filer, **changes):
    """Write a movement: the issue with some fields changed."""
    return services.move(filer, organisation, {**ISSUE, **changes})


def market_of(organisation, filer, city, words="甲", amount=100_000.0):
    """Return what stands in the market by the names the doors use."""
    position = account(organisation, filer, generated_mwh=amount)
    services.verify(city, position, amount, words)
    movement = move(organisation, filer, amount_t=amount, remark=words)
    evidence = services.attach(filer, pdf("issue"), f"{words}.pdf", movement=movement)
    certificate = certificates.register(
        filer, organisation, {**GREEN, "number": f"{words}-GEC", "amount": amount}
    )
    certificates.claim(
        filer, certificate, "energy_deduction", "2024", date(2025, 1, 5), remark=words
    )
    return {
        "market_position": position,
        "market_movement": movement,
        "market_evidence": evidence,
        "market_certificate": certificate,
    }
