"""The tables the demonstration city is drawn from, with their sidecars."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

import polars as pl

#: Columns that look like numbers but are codes, or lists of codes.
_TEXT = {
    name: pl.String()
    for name in ("code", "place_code", "industry_codes", "start_year", "spring_festival")
}


@lru_cache(maxsize=32)
def table(name: str) -> pl.DataFrame:
    """Return a table of the demonstration city, empty cells as null."""
    source = files("tanfeng.demo") / "tables" / f"{name}.csv"
    return pl.read_csv(
        source.read_bytes(), schema_overrides=_TEXT, null_values=[""], infer_schema_length=None
    )


@lru_cache(maxsize=32)
def sidecar(name: str) -> dict[str, Any]:
    """Return origin, licence and digest of a table."""
    source = files("tanfeng.demo") / "tables" / f"{name}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def table_bytes(name: str) -> bytes:
    """Return a table as shipped, for its digest."""
    return (files("tanfeng.demo") / "tables" / f"{name}.csv").read_bytes()


def weights(text: str) -> tuple[list[str], list[float]]:
    """Read a cell such as ``350181:7;350122:5`` into keys and shares that add up to 1.

    Parameters
    ----------
    text : str
        Keys with relative weights.

    Returns
    -------
    tuple of list
        Keys, and their shares. [1]
    """
    parts = [part.split(":") for part in text.split(";")]
    total = sum(float(weight) for _key, weight in parts)
    return [key for key, _weight in parts], [float(weight) / total for _key, weight in parts]
