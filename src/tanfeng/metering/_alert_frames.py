"""Tables of alerting: findings, links and alerts."""

from __future__ import annotations

import polars as pl

#: Levels of an alert, mildest first.
LEVELS = ("blue", "yellow", "orange", "red")
LEVEL: pl.Enum = pl.Enum(LEVELS)
STATES = ("open", "closed", "withdrawn")

FINDINGS = pl.Schema(
    {
        "rule": pl.String(),
        "object": pl.String(),
        "kind": pl.String(),
        "day": pl.Date(),
        "value": pl.Float64(),
    }
)
"""One row per rule, object and local day; a finding of a month stands on its last day."""

LINKS = pl.Schema({"object": pl.String(), "cause": pl.String(), "rank": pl.Int8()})
"""What may be the cause of trouble at an object: its gateway, the main meters (rank 0) and the
other points (rank 1) of a node."""

ALERTS = pl.Schema(
    {
        "id": pl.String(),
        "rule": pl.String(),
        "object": pl.String(),
        "kind": pl.String(),
        "level": LEVEL,  # of the last day
        "worst": LEVEL,
        "value": pl.Float64(),  # of the last day
        "unit": pl.String(),
        "threshold": pl.Float64(),
        "first": pl.Date(),
        "last": pl.Date(),
        "count": pl.Int64(),  # days it was found
        "state": pl.Enum(STATES),
        "cause": pl.String(),  # id of the alert that explains this one
        "root": pl.String(),  # the last cause of that chain, or itself
        "explains": pl.Int64(),  # alerts whose root this is
        "days": pl.List(pl.Date()),
        "values": pl.List(pl.Float64()),
    }
)
