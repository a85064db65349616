"""Rows of a form for the method tests, written as a person thinks of them."""

from __future__ import annotations

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
