"""What the documents say: dated, sourced tables, one loader, one look-up.

A factor, limit or code is a row of a table in ``tables/``: a CSV with a sidecar that says what
the columns mean, who published the figures and what is missing. A calculation asks for a row
by explicit key and gets a :class:`Factor` with value, unit, document, clause, time in force and
confidence, or an error that lists the nearest rows; never a default. A value the city verified
itself (:class:`Override`) wins over the shipped row and shows in the answer.

This room imports the leaf modules only.
"""

from __future__ import annotations

from tanfeng.standards._check import Finding, check
from tanfeng.standards._document import split_document
from tanfeng.standards._factor import FACTOR_COLUMNS, Factor, Override, Overrides
from tanfeng.standards._lookup import UnresolvedKeys, check_override, lookup, newest, resolve
from tanfeng.standards._shelf import (
    SHIPPED,
    ColumnInfo,
    Evidence,
    Gap,
    Shelf,
    TableInfo,
    evidence,
    info,
    load,
    tables,
)

__all__ = [
    "FACTOR_COLUMNS",
    "SHIPPED",
    "ColumnInfo",
    "Evidence",
    "Factor",
    "Finding",
    "Gap",
    "Override",
    "Overrides",
    "Shelf",
    "TableInfo",
    "UnresolvedKeys",
    "check",
    "check_override",
    "evidence",
    "info",
    "load",
    "lookup",
    "newest",
    "resolve",
    "split_document",
    "tables",
]
