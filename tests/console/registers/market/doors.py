"""Addresses of the carbon market."""

from __future__ import annotations

from doors_kit import Door


def _certificate(world):
    return {"pk": world.market_certificate.pk}


DOORS = {
    "market": Door(post=lambda world: {"code": world.code_b, "year": "2025", "sector": "steel"}),
    "market-calendar": Door(),
    "market-certificates": Door(
        post=lambda world: {
            "code": world.code_b, "kind": "ccer", "number": "X-1", "amount": "1",
        }
    ),
    "market-certificate": Door(_certificate, post={"do": "release", "remark": "x"}),
    "market-evidence": Door(lambda world: {"pk": world.market_evidence.pk}),
    "market-year": Door(
        lambda world: {"code": world.code_b, "year": 2024},
        post=lambda world: {
            "do": "withdraw_movement", "movement": world.market_movement.pk, "remark": "x",
        },
    ),
}  # fmt: skip
