"""Addresses of the MRV record."""

from __future__ import annotations

from doors_kit import Door


def _year(world):
    return {"code": world.code_b, "year": 2024}


DOORS = {
    "mrv": Door(post=lambda world: {"code": world.code_b, "year": "2025"}),
    "mrv-selection": Door(
        post=lambda world: {"report": world.mrv_report.pk, "planned_on": "2025-01-01"}
    ),
    "mrv-help": Door(common=True),
    "mrv-plan": Door(lambda world: {"pk": world.mrv_plan.pk}, post={"do": "item"}),
    "mrv-check": Door(lambda world: {"pk": world.mrv_check.pk}, post={"do": "answer"}),
    "mrv-finding": Door(
        lambda world: {"pk": world.mrv_finding.pk}, post={"do": "answer", "answer": "x"}
    ),
    "mrv-evidence": Door(lambda world: {"pk": world.mrv_evidence.pk}),
    "mrv-year": Door(_year, post={"do": "look", "remark": "x"}),
    "mrv-filing": Door(
        lambda world: {**_year(world), "month": 1, "parameter": "coal_use_t"},
        post={"do": "file", "value": "1", "remark": "x"},
    ),
}
