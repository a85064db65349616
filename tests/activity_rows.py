"""Activity rows for tests: filled up, numbered, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from tanfeng import accounting

AS_OF = date(2026, 1, 15)
Rows = Sequence[Mapping[str, Any]]
_DEFAULTS: dict[str, Any] = {
    "org_code": "91350000A",
    "year": 2023,
    "month": 1,
    "tier": "reported",
    "consumption_total_qty": None,
}
_FLOATS = {
    name: pl.Float64()
    for name in accounting.ACTIVITY_SCHEMA
    if name.endswith(("_qty", "_kcny", "_tce", "_1e4kwh"))
}


def rows_of(rows: Rows) -> pl.DataFrame:
    """Build an activity table; every row is numbered and filled up with plain defaults."""
    filled = [{"activity_id": n + 1, **_DEFAULTS, **row} for n, row in enumerate(rows)]
    names = dict.fromkeys(name for row in filled for name in row)
    schema = {name: _FLOATS.get(name) for name in names}
    return pl.DataFrame(filled, schema=schema, infer_schema_length=None)
