"""Addresses of accounts, runs, traces and the API."""

from __future__ import annotations

from doors_kit import Door

_CITY = frozenset({"city"})


def _run(world):
    return {"run_number": world.run.number}


def _line(world):
    return {"run_number": world.run.number, "line_number": world.line_b}


def _method(world):
    return {"run_number": world.method_b.number}


def _method_line(world):
    return {"run_number": world.method_b.number, "line_number": 1}


DOORS = {
    "overview": Door(),
    "inventory": Door(),
    "runs": Door(),
    "run-compute": Door(get=False, post={"first_year": "2024", "last_year": "2024", "title": "x"}),
    "run": Door(_run, common=True),
    "run-publish": Door(_run, get=False, post={}, seen_by=_CITY),
    "run-findings": Door(_run, common=True),
    "run-factors": Door(_run, common=True),
    "trace": Door(),
    "trace-record": Door(lambda world: {"record_id": world.record_b.pk}),
    "trace-line": Door(_line),
    "methods": Door(),
    "method-new": Door(
        lambda world: {"credit_code": world.code_b},
        post={"method": "gb_t_32151_5_2015", "year": "2023"},
    ),
    "method-years": Door(lambda world: {"credit_code": world.code_b}),
    "method-template": Door(lambda _world: {"method_key": "gb_t_32151_5_2015"}, common=True),
    "method-run": Door(_method),
    "method-uncertainty": Door(
        _method,
        post={
            "input": "row|flux|limestone|used_qty",
            "relative_pct": "2",
            "distribution": "normal",
            "grounds": "x",
        },
    ),
    "method-line": Door(_method_line),
    "edition-impact": Door(lambda _world: {"table": "electricity_heat_factors"}, common=True),
    "factor-impact": Door(
        lambda _world: {"table": "electricity_heat_factors", "row": "elec_fujian_2022"},
        common=True,
    ),
    "energy-use": Door(lambda world: {"credit_code": world.code_b}),
    "report-city": Door(),
    "api:openapi-json": Door(common=True),
    "api:openapi-view": Door(common=True),
    "api:api-root": Door(common=True),
    "api:runs": Door(),
    "api:organisations": Door(),
    "api:organisation": Door(lambda world: {"credit_code": world.code_b}),
    "api:totals": Door(),
    "api:line_list": Door(),
    "api:line_one": Door(_line),
    "api:factors": Door(common=True),
    "api:breakdown": Door(),
    "api:chart": Door(lambda _world: {"by": "sector"}, common=True),
}
