"""Rows of a form for the method tests, written as a person thinks of them."""

from __future__ import annotations

import math
from datetime import date

import polars as pl

from tanfeng.accounting import methods

AS_OF = date(2026, 6, 30)
ORG = "91350100MA00000001"


def row(stream, kind, item, **values):
    """Return a row of a stream: how it is computed, its material, and the inputs by column."""
    return {"stream": stream, "kind": kind, "item": item, **values}


def frames(method, rows, *, year=2023):
    """Lay rows out as one frame per kind, numbered from 1."""
    by_kind = {}
    for number, one in enumerate(rows, start=1):
        given = {key: value for key, value in one.items() if key != "kind"}
        by_kind.setdefault(one["kind"], []).append(
            {
                "activity_id": number,
                "org_code": ORG,
                "unit": "",
                "year": year,
                "month": 0,
                "method": method,
                "tier": "reported",
                **given,
            }
        )
    return {kind: pl.DataFrame(found, infer_schema_length=None) for kind, found in by_kind.items()}


def run(method, rows, *, year=2023, **options):
    """Account for rows by a method."""
    return methods.account(
        frames(method, rows, year=year), [methods.METHODS[method]], as_of=AS_OF, **options
    )


def by_row(account):
    """Return the emission of every row in order, None where it could not be computed. [tCO2e]"""
    ends = account.lines.filter(pl.col("quantity") == methods.EMISSION)
    rows = account.streams.join(
        ends.select("activity_id", "value"), on="activity_id", how="left", maintain_order="left"
    )
    return rows["value"].to_list()


def total(account):
    """Return the sum of all emissions. [tCO2e]"""
    return account.emissions()["emission_tco2e"].item()


#: Amount of everything; a property takes a value near the low end of its range.
AMOUNT = 128.0
YEAR = 2023


def year_of(method):
    """Return a year the method is for."""
    return max(YEAR, int(method.valid_from[:4] or 2000) + 1)


def given(kind, item, *, scale=1.0):
    """Return a value for every input that has no default and that no step computes."""
    computed = {step.quantity for step in kind.steps[:-1]}
    stocks = {
        "sold_qty": 128.0,
        "closing_stock_qty": 16.0,
        "opening_stock_qty": 8.0,
        "container_after_kg": 16.0,
    }
    values = {}
    for column, one in kind.inputs.items():
        if (one.default and column in item.defaults) or (
            column in computed and column != "used_qty"
        ):
            continue
        if column == "used_qty":
            values[column] = AMOUNT * scale
        elif "used_qty" in kind.inputs and column in (
            "purchased_qty",
            "opening_stock_qty",
            "closing_stock_qty",
            "other_use_qty",
            "sold_qty",
        ):
            continue
        elif one.extensive:
            values[column] = stocks.get(column, AMOUNT) * scale
        elif column.endswith("_vol_pct"):
            values[column] = 20.0  # five components of a mixture make a whole
        elif math.isinf(one.high) or math.isinf(one.low):
            values[column] = 1.0
        else:
            values[column] = one.low + 0.02 * (one.high - one.low)
    return values


def every(method, *, scale=1.0):
    """Return a row for every stream, kind and material that can be computed."""
    return [
        row(stream.key, kind.key, item.key, **given(kind, item, scale=scale))
        for stream in method.streams
        for kind in stream.kinds
        for item in stream.items
        if kind.takes(item)
    ]


def first(stream, kind):
    """Return the first material of a stream that can be computed this way."""
    return next(item for item in stream.items if kind.takes(item))
