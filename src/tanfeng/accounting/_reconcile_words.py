"""What two views of an enterprise differ by, in words."""

from __future__ import annotations

from typing import Protocol

import polars as pl


class _Named(Protocol):
    """What is asked of a view."""

    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str: ...


_WORDS = (
    {
        "part": "{} / {}：一方只有全年的 {}%，部分数不与全年比较",
        "boundary": "{}按规则不计此项",
        "missing": "{}应有而没有数据",
        "unvalued": "{}没有可用的因子，数量无法折算",
        "method": "两者计算方式不同（{} / {}）",
        "activity": "活动数据不同（{} / {} {}）",
        "factor": "活动数据之外，排放因子不同",
        "": "一致",
    },
    {
        "part": "{} / {}: one of the two knows {} % of the year; a part is not compared with a "
        "whole",
        "boundary": "{} does not count it by its rules",
        "missing": "{} should have it and has no data",
        "unvalued": "{} has no factor, so the amount cannot be valued",
        "method": "computed in different ways ({} / {})",
        "activity": "different amounts ({} / {} {})",
        "factor": "different emission factors",
        "": "alike",
    },
)


def explained(a: _Named, b: _Named, place: int) -> pl.Expr:
    """Say in words what a row differs by.

    Parameters
    ----------
    a, b : View
        The base and the view compared with it.
    place : {0, 1}
        Chinese or English.
    """
    name_a, name_b = ((view.name_zh, view.name_en)[place] for view in (a, b))
    words = _WORDS[place]
    absent = (
        pl.when(pl.col("emission_tco2").is_null()).then(pl.lit(name_a)).otherwise(pl.lit(name_b))
    )
    share = (pl.min_horizontal("known_share", "known_share_b") * 100).round(1)
    activity = pl.format(
        words["activity"],
        pl.col("activity").round(4),
        pl.col("activity_b").round(4),
        pl.col("unit"),
    )
    return (
        pl.when(pl.col("is_part"))
        .then(pl.format(words["part"], pl.lit(name_a), pl.lit(name_b), share))
        .when(~pl.col("is_valued"))
        .then(pl.format(words["unvalued"], pl.lit(name_a)))
        .when(pl.col("cause") == "boundary")
        .then(pl.format(words["boundary"], absent))
        .when(pl.col("cause") == "missing")
        .then(pl.format(words["missing"], absent))
        .when(pl.col("cause") == "method")
        .then(pl.format(words["method"], pl.col("way"), pl.col("way_b")))
        .when(pl.col("cause") == "activity")
        .then(activity)
        .when(pl.col("cause") == "factor")
        .then(pl.lit(words["factor"]))
        .otherwise(pl.lit(words[""]))
    )
