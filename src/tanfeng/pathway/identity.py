"""Ready-made identities: amounts as statistics give them become factors that multiply to emission.

``kaya``: population x GDP per head x structure x energy intensity x energy mix x emission factor.
``four``: scale x structure x intensity x energy mix, and the emission factor apart, so that grid
and fuel factors are not taken for a change of the mix (C07 asks for the four).

The amounts are rows of ``sector...,year,factor,value`` whose factor is population, gdp, activity
(value added or output), energy or emission. Energy may be left out: the intensity is then that of
the emission. What an amount is given by decides the identity: activity by sector and sub-sector
gives a structure for each of the two levels, energy by sector and fuel gives a mix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from tanfeng.errors import ModelError, Problem
from tanfeng.pathway import _input
from tanfeng.pathway._input import ROW, Rule

#: Identity -> amounts it needs; energy is optional in each.
IDENTITIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "kaya": ("population", "gdp", "activity", "emission"),
        "four": ("activity", "emission"),
    }
)
_OPTIONAL = ("energy",)
_RULES: dict[str, Rule] = {
    "Y111": Rule(
        "恒等式 {identity} 需要“{value}”",
        "the identity {identity} needs {value!r}",
        "请补上该量的各行；factor 列写 {value}",
        "Add its rows; write {value} into the column factor",
    ),
    "Y112": Rule(
        "恒等式 {identity} 没有“{value}”这个量",
        "the identity {identity} has no amount {value!r}",
        "可用：{known}；已是因子时不要指定恒等式",
        "It knows {known}; leave the identity out where these are factors already",
    ),
    "Y113": Rule(
        "{name} 为 {value}，而 {other} 为 0",
        "{name} is {value} where {other} is 0",
        "两者之比没有意义：请改正其一；工业过程排放等与能源无关的排放请单独分解",
        "Their ratio means nothing: correct one of them; decompose emissions that do not come from "
        "energy (process emissions) apart",
    ),
    "Y114": Rule(
        "没有 {value} 的 {name}",
        "there is no {name} of {value}",
        "请补上该行；确实没有时填 0（无数据不等于零）",
        "Add the row; write 0 where there truly is none (no data is not zero)",
    ),
    "Y115": Rule(
        "“{value}”给到 {one}，不在“{other}”的层级 {levels} 之内",
        "{value!r} is given by {one}, which is not part of {levels}, the levels of {other!r}",
        "请按同一套层级给出；活动量给到部门，能源和排放可再细分到品种",
        "Use the same levels: activity by sector, energy and emission by sector and perhaps fuel",
    ),
}
_NEGATIVE = {
    "what_zh": "对数分解要求各量不为负；碳汇、抵扣等请单列",
    "what_en": "The logarithm needs amounts that are not negative; keep sinks and credits apart",
}
_TWICE = {"what_zh": "请只保留一行", "what_en": "Keep one row"}
_EMPTY = {"what_zh": "请填写数值；确实没有时填 0", "what_en": "Write the value, 0 if there is none"}


class _Ratio(NamedTuple):
    """One factor: an amount over another."""

    name: str
    over: str
    under: str


def factors_of(
    table: pl.DataFrame, identity: str = "four", *, levels: Sequence[str] | None = None
) -> pl.DataFrame:
    """Turn amounts into the factors of an identity, ready to decompose.

    Parameters
    ----------
    table : polars.DataFrame
        Long: level columns, ``year``, ``factor`` (the amount's name), ``value``. Population and
        gdp leave every level empty; activity names the sector, energy and emission may name more.
        Units are the user's: they cancel, but one amount must keep one unit.
    identity : {"four", "kaya"}
        Which identity.
    levels : sequence of str, optional
        Level columns, the widest first; else every column but
        year, factor, value, unit, note, remark and source.

    Returns
    -------
    polars.DataFrame
        Levels, year, factor, value: the factors by finest cell. Null where a ratio is 0/0.

    Raises
    ------
    DataError
        With every amount that is missing, repeated, negative, no number or over nothing.
    ModelError
        If the identity is unknown.
    """
    if identity not in IDENTITIES:
        raise ModelError(
            f"no identity {identity!r}; there are {', '.join(IDENTITIES)}",
            f"没有恒等式“{identity}”；现有 {'、'.join(IDENTITIES)}",
        )
    levels = _input.levels_of(table) if levels is None else levels
    rows = _read(table, list(levels), identity)
    shapes = _shapes(rows, list(levels))
    amounts = set(shapes)
    finest = shapes["emission"]
    wide = (
        rows.filter(factor="emission")
        .select(*finest, "year", _row=ROW, emission="value")
        .sort(*finest, "year", maintain_order=True)
    )
    for amount in sorted(amounts - {"emission"}):
        wide = _joined(wide, rows, amount, shapes[amount])
    ratios, wide = _ratios(wide, identity, shapes)
    _refuse_over_nothing(wide, ratios)
    first = ["population"] if identity == "kaya" else ["scale"]
    wide = wide.with_columns(
        *([] if identity == "kaya" else [pl.col("_total").alias("scale")]),
        *(
            pl.when(pl.col(one.under) != 0.0)
            .then(pl.col(one.over) / pl.col(one.under))
            .alias(one.name)
            for one in ratios
        ),
    )
    order = [*first, *(one.name for one in ratios)]
    return wide.unpivot(
        on=order, index=[*finest, "year"], variable_name="factor", value_name="value"
    )


def _read(table: pl.DataFrame, levels: list[str], identity: str) -> pl.DataFrame:
    rows, found = _input.long_rows(table, levels)
    known = (*IDENTITIES[identity], *_OPTIONAL)
    there = rows["factor"].unique(maintain_order=True).to_list()
    asked = {"identity": identity, "known": ", ".join(known)}
    for row, name in rows.filter(~pl.col("factor").is_in(known)).select(ROW, "factor").iter_rows():
        found.append(_input.problem("Y112", row, "factor", _RULES, value=name, **asked))
    for name in (one for one in IDENTITIES[identity] if one not in there):
        found.append(_input.problem("Y111", None, "factor", _RULES, value=name, **asked))
    told_rows = {one.row for one in found if one.heading == "value"}
    for row, number in rows.select(ROW, "value").iter_rows():
        if number is None and row not in told_rows:
            found.append(_input.problem("Y003", row, "value", **_EMPTY))
        elif number is not None and number < 0.0:
            found.append(_input.problem("Y006", row, "value", value=number, **_NEGATIVE))
    found += _input.repeated(rows, [*levels, "year", "factor"], "factor", **_TWICE)
    _input.refuse(found)
    return rows


def _shapes(rows: pl.DataFrame, levels: list[str]) -> dict[str, list[str]]:
    """Return amount -> the levels it is given by; each must lie within those of the emission."""
    shapes = {
        amount: [name for name in levels if (part[name] != "").any()]
        for (amount,), part in rows.partition_by("factor", as_dict=True).items()
    }
    wider = "energy" if "energy" in shapes else "emission"
    above = {"population": "", "gdp": "", "activity": wider, "energy": "emission"}
    found: list[Problem] = []
    for amount, other in above.items():
        within = shapes.get(other, [])
        if not set(shapes.get(amount, [])) <= set(within):
            one, all_of = (" x ".join(each) or "—" for each in (shapes[amount], within))
            words = {"value": amount, "other": other or "—", "one": one, "levels": all_of}
            found.append(_input.problem("Y115", None, "factor", _RULES, **words))
    _input.refuse(found)
    return shapes


def _joined(wide: pl.DataFrame, rows: pl.DataFrame, amount: str, shape: list[str]) -> pl.DataFrame:
    """Put an amount beside the emission; refuse emission without it."""
    on = [*shape, "year"]
    wide = wide.join(
        rows.filter(factor=amount).select(*on, pl.col("value").alias(amount)),
        on=on,
        how="left",
        maintain_order="left",
    )
    lacking = wide.filter(pl.col(amount).is_null()).unique(on, maintain_order=True)
    _input.refuse(
        _input.problem(
            "Y114",
            row["_row"],
            "factor",
            _RULES,
            value=" / ".join(str(row[name]) for name in on),
            name=amount,
        )
        for row in lacking.iter_rows(named=True)
    )
    return wide


def _ratios(
    wide: pl.DataFrame, identity: str, shapes: dict[str, list[str]]
) -> tuple[list[_Ratio], pl.DataFrame]:
    """Return the ratios of the identity in order, and the sums they need."""
    ratios = [_Ratio("gdp_per_head", "gdp", "population")] if identity == "kaya" else []
    activity = shapes["activity"]
    wide = wide.with_columns(_total=_sum_of(wide, "activity", activity, []))
    above = "gdp" if identity == "kaya" else "_total"
    for depth, level in enumerate(activity):
        last = depth + 1 == len(activity)
        here = "activity" if last else f"_activity_{level}"
        if not last:
            within = activity[: depth + 1]
            wide = wide.with_columns(_sum_of(wide, "activity", activity, within).alias(here))
        name = "structure" if len(activity) == 1 else f"structure_{level}"
        ratios.append(_Ratio(name, here, above))
        above = here
    if "energy" not in shapes:
        summed = _sum_of(wide, "emission", shapes["emission"], activity)
        wide = wide.with_columns(_emission=summed)
        ratios.append(_Ratio("intensity", "_emission", above))
        if len(shapes["emission"]) > len(activity):
            ratios.append(_Ratio("energy_mix", "emission", "_emission"))
        return ratios, wide
    wide = wide.with_columns(_energy=_sum_of(wide, "energy", shapes["energy"], activity))
    ratios.append(_Ratio("intensity", "_energy", above))
    if len(shapes["energy"]) > len(activity):
        ratios.append(_Ratio("energy_mix", "energy", "_energy"))
    ratios.append(_Ratio("emission_factor", "emission", "energy"))
    return ratios, wide


def _sum_of(wide: pl.DataFrame, amount: str, given: list[str], by: list[str]) -> pl.Series:
    """Sum an amount, each of its cells once, to some of its levels; laid beside every row."""
    sums = (
        wide.unique([*given, "year"]).group_by(*by, "year").agg(pl.col(amount).sum().alias("_sum"))
    )
    return wide.join(sums, on=[*by, "year"], how="left", maintain_order="left")["_sum"]


def _refuse_over_nothing(wide: pl.DataFrame, ratios: list[_Ratio]) -> None:
    """Refuse an amount where what it is divided by is zero."""
    found = []
    for one in ratios:
        wrong = wide.filter((pl.col(one.under) == 0.0) & (pl.col(one.over) > 0.0))
        for row in wrong.iter_rows(named=True):
            names = {"name": one.over.strip("_"), "other": one.under.strip("_")}
            words = {**names, "value": row[one.over]}
            found.append(_input.problem("Y113", row["_row"], "value", _RULES, **words))
    _input.refuse(found)
