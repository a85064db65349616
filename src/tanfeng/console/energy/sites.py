"""What an enterprise generates itself, uses, stores and exports, as its tree tells who does what.

A meter of the enterprise that lets electricity in is import, one that lets it out export. A process
below that gives electricity generates it; one that takes and gives it is a store.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from tanfeng.console.energy.balances import EnergyBalance
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts
from tanfeng.metering import balance as engine_balance

_ITEM = "electricity"
_ADDED = (
    "generation", "import", "export", "charge", "discharge", "consumption", "self_use",
    "storage_loss", "slots_due", "slots_complete", "exported_more",
)  # fmt: skip


def roles(balance: EnergyBalance) -> dict[str, str]:
    """Return the role of each electricity meter that has one for the balance of generation.

    Parameters
    ----------
    balance : EnergyBalance
        What flowed, with the meters it flowed through.

    Returns
    -------
    dict
        Point -> one of :data:`tanfeng.metering.balance.ROLES`; empty where nothing is generated
        or stored.
    """
    flows = [one for one in balance.flows if one.item == _ITEM]
    stores = {one.at for one in flows if one.kind == "made"} & {
        one.at for one in flows if one.kind == "used"
    }
    found: dict[str, str] = {}
    for one in flows:
        role = {"bought": "import", "sold": "export", "made": "generation"}.get(one.kind, "")
        if one.at in stores:
            role = "discharge" if one.kind == "made" else "charge"
        if role:
            found |= dict.fromkeys(one.points, role)
    return found if {"generation", "discharge"} & set(found.values()) else {}


def of(balance: EnergyBalance, span: Span) -> dict[str, Any] | None:
    """Return generation, self-use and export over a span, None where nothing is generated.

    Parameters
    ----------
    balance : EnergyBalance
        What flowed.
    span : Span
        The span of it.

    Returns
    -------
    dict or None
        The columns of :func:`tanfeng.metering.balance.on_site` added up over the months of the
        span; rates and self-use are null where a month of them is. ``meters_export`` tells whether
        what goes out is metered at all; where it is not, nothing counts as exported.
    """
    known = roles(balance)
    if not known:
        return None
    table = pl.DataFrame(
        {
            "node": [balance.node] * len(known),
            "point": list(known),
            "role": list(known.values()),
        }
    )
    months = amounts.once(
        ("on site", balance.node, span.start, span.end, tuple(known.items())),
        lambda: engine_balance.on_site(
            amounts.slots(list(known), span.start, span.end),
            table, by="month", start=span.start, end=span.end,
        ),
    )  # fmt: skip
    whole = months.select(
        pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name)
        for name in _ADDED
    ).row(0, named=True)
    used = whole["self_use"]
    for rate, of_what in (("self_use_rate", "generation"), ("own_share", "consumption")):
        base = whole[of_what]
        whole[rate] = used / base if used is not None and base else None
    whole["completeness"] = whole["slots_complete"] / whole["slots_due"]
    return {**whole, "roles": known, "meters_export": "export" in known.values()}
