"""Two homes of kept energy compared, row by row and to the last bit."""

from __future__ import annotations

import polars as pl

from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._kept_files import Look
from tanfeng.metering.frames import TIME

_NAMES = {"slots": "slot", "point_days": "day", "source_hours": "hour", "source_days": "day"}
_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "what": pl.String,
    "of": pl.String,
    "start": TIME,
    "kept": pl.Float64,
    "derived": pl.Float64,
}
_ROW = pl.Schema(_COLUMNS)


def kept(look: Look) -> dict[str, pl.DataFrame]:
    """Return everything that is kept, under names instead of numbers."""
    points = look.read("points").select("id", of="point")
    nodes = look.read("sources").select(
        "source", of=pl.concat_str("node", "item_key", separator=" ")
    )
    found = {}
    for table, number in _NAMES.items():
        rows = look.read(table)
        if table == "slots":
            rows = rows.filter(pl.col("code").is_not_null())
        else:
            rows = rows.filter(pl.any_horizontal(pl.col(name) != 0 for name in kt.COUNTED))
        keys, names = ("source", nodes) if "source" in rows.columns else ("id", points)
        rows = rows.join(names, on=keys).drop(keys)
        found[table] = rows.with_columns(start=_start(table, number)).drop(number)
    return found


def _start(table: str, number: str) -> pl.Expr:
    if number == "day":
        return kt.day_start(number)
    return kt.time(number) if table == "slots" else kt.time(pl.col(number).cast(pl.Int64) * 4)


def differing(mine: dict[str, pl.DataFrame], theirs: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the rows that are not the same in both."""
    found = [_ROW.to_frame()]
    for table in _NAMES:
        one = mine[table]
        other = theirs[table].select(one.columns)
        apart = one.join(other, on=one.columns, how="anti", nulls_equal=True)
        theirs_ = other.join(one, on=one.columns, how="anti", nulls_equal=True)
        both = _told(apart, "kept").join(
            _told(theirs_, "derived"), on=["of", "start"], how="full", coalesce=True
        )
        found.append(both.select(pl.lit(table).alias("what"), "of", "start", "kept", "derived"))
    return pl.concat(found).sort("what", "of", "start")


def _told(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    if "amount" in rows.columns:
        return rows.select("of", "start", pl.col("amount").alias(name))
    summed = kt.whole(rows.filter(pl.col("known") > 0))
    return summed.select("of", "start", pl.col("amount").alias(name))
