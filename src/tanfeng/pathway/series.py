"""Inventory series: emission by sector, fuel, place and year, ready for the verdict.

The cells come from an account (``accounting.inventory``) or a table. The boundary is a switch:
``direct``, what is emitted in the place, power plants included; or ``direct+power+heat``, with the
power and heat its users buy. In the second a tonne burnt in a power plant for users of the same
place would stand twice, with the plant and with the users; it is counted once, with the users, by
one of two rules:

``consumer``
    What power and heat plants burn drops out; whatever is used in the place stands with its
    user, what plants send elsewhere with nobody here.
``sent``
    Of each plant's emission only what stands for power and heat sent to users of the same place is
    taken off, as stated in a table; what is sent elsewhere stays with the plant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from tanfeng.errors import ModelError, Problem
from tanfeng.pathway import _input
from tanfeng.pathway._input import ROW, Rule
from tanfeng.pathway._rules import limits

KEYS = ("place", "sector", "fuel", "year", "part")
#: Boundary -> parts of the emission that belong to it.
BOUNDARIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"direct": ("direct",), "direct+power+heat": ("direct", "electricity", "heat")}
)
#: What the figures of a row are the sum of.
SCOPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "above_scale": ("规模以上企业", "enterprises above scale"),
        "whole": ("全部工业", "whole industry"),
    }
)
_SCOPE_WORDS = MappingProxyType(
    {"": "whole", "规上": "above_scale", "规模以上": "above_scale", "全行业": "whole"}
)
#: Part of the rows that take off what plants sent to users of the same place.
SENT = "sent"
_RULES: dict[str, Rule] = {
    "Y121": Rule(
        "同一序列混用了规模以上企业合计与全部工业：{value}",
        "one series mixes the sum of enterprises above scale with the whole industry: {value}",
        "请只用一种口径；需要换算时另作一个有说明的序列",
        "Keep to one of them; where one must be scaled, make a series of its own with a note",
    ),
    "Y122": Rule(
        "基年 {year} 的数值由 {was} 改为 {value}，没有说明",
        "the base year {year} was revised from {was} to {value} without a note",
        "请在 note 列写明修订原因和依据",
        "Say in the column note why, and by which document",
    ),
    "Y123": Rule(
        "“{value}”不是{known}之一",
        "{value!r} is none of {known}",
        "请改用所列的写法",
        "Use one of those",
    ),
    "Y124": Rule(
        "{place} {year} 年没有说明电厂供本地的排放",
        "what the power plants of {place} sent to users there in {year} is not stated",
        "请补上该地该年的一行；没有供本地的填 0，或改用 consumer 规则",
        "Add its row, 0 where nothing was sent; or use the rule consumer",
    ),
    "Y125": Rule(
        "{place} {year} 年供本地的排放 {value} 超过电厂排放 {most}",
        "{value} sent to users of {place} in {year} is more than its plants emitted, {most}",
        "请核对单位和数值",
        "Check unit and figure",
    ),
}
_NEGATIVE = {
    "what_zh": "清单单元不应为负；捕集、碳汇请单列",
    "what_en": "A cell of an inventory is not negative; keep capture and sinks apart",
}
_TWICE = {
    "what_zh": "请只保留一行；若为修订值，请在 published 列写明版次",
    "what_en": "Keep one row; where it is a revision, say of which edition in a column published",
}
_SHARE = {"what_zh": "请写成小数，90 % 写 0.9", "what_en": "Write a fraction: 90 % is 0.9"}
_TEXTS = ("published", "note", "scope")
_FLAGS = ("filled", "provisional")


@dataclass(frozen=True, slots=True, eq=False)
class InventorySeries:
    """Cells of an inventory within one boundary, each tonne once.

    Parameters
    ----------
    cells : polars.DataFrame
        place, sector, fuel, year, part, emission_tco2 [tCO2] (null: no data), coverage [1], filled,
        provisional, published, missing_rows. What plants sent to users of the same place stands
        as rows of part ``sent``, below zero.
    boundary : str
        Of ``BOUNDARIES``.
    scope : str
        Of ``SCOPES``.
    rule : str
        How power of the same place is counted once; empty where nothing is counted twice.
    """

    cells: pl.DataFrame
    boundary: str
    scope: str
    rule: str

    def totals(self, by: Sequence[str] = ("year",)) -> pl.DataFrame:
        """Add cells up.

        Parameters
        ----------
        by : sequence of str
            Any of place, sector, fuel, year, part.

        Returns
        -------
        polars.DataFrame
            ``by``, emission_tco2 [tCO2] (null where no cell has data), cells, missing_cells (no
            data, though another year has them), missing_rows (of the account, that could not be
            counted), coverage, filled and provisional as shares [1].

        Raises
        ------
        ModelError
            If a column is unknown.
        """
        if strange := [name for name in by if name not in KEYS]:
            raise ModelError(
                f"no column {', '.join(strange)}; there are {', '.join(KEYS)}",
                f"没有列 {'、'.join(strange)}；现有 {'、'.join(KEYS)}",
            )
        weight = pl.col("emission_tco2").abs()
        heavy = pl.when(weight.sum() > 0.0).then(weight.sum())
        return (
            self._grid()
            .group_by(by)
            .agg(
                pl.when(pl.col("emission_tco2").count() > 0).then(pl.col("emission_tco2").sum()),
                cells=pl.col("emission_tco2").count().cast(pl.Int64),
                missing_cells=pl.col("emission_tco2").null_count().cast(pl.Int64),
                missing_rows=pl.col("missing_rows").sum(),
                coverage=(pl.col("coverage") * weight).sum() / heavy,
                filled=(pl.col("filled") * weight).sum() / heavy,
                provisional=(pl.col("provisional") * weight).sum() / heavy,
            )
            .sort(by)
        )

    def for_verdict(self) -> pl.DataFrame:
        """Return the years as :func:`tanfeng.pathway.verdict.judge` takes them.

        Returns
        -------
        polars.DataFrame
            year, emission [tCO2], coverage, filled, provisional (whether more than the share of
            the rule ``filled_share_max`` is), membership (the cells that have data, by name).
        """
        most = limits()["filled_share_max"]
        name = pl.concat_str([pl.col(key) for key in KEYS if key != "year"], separator="/")
        members = (
            self.cells.filter(pl.col("emission_tco2").is_not_null())
            .group_by("year")
            .agg(membership=name.sort().str.join(";"))
        )
        return (
            self.totals()
            .filter(pl.col("emission_tco2").is_not_null())
            .join(members, on="year", maintain_order="left")
            .select(
                "year",
                "coverage",
                "membership",
                emission="emission_tco2",
                filled=pl.col("filled").fill_null(0.0) > most,
                provisional=pl.col("provisional").fill_null(0.0) > most,
            )
        )

    def _grid(self) -> pl.DataFrame:
        """Return every cell in every year, null where a year lacks one that others have."""
        names = [key for key in KEYS if key != "year"]
        whole = self.cells.select(names).unique(maintain_order=True)
        years = self.cells.select("year").unique(maintain_order=True)
        return whole.join(years, how="cross").join(
            self.cells, on=list(KEYS), how="left", maintain_order="left"
        )


def inventory_series(
    cells: pl.DataFrame,
    *,
    boundary: str = "direct",
    suppliers: Collection[str] = (),
    rule: Literal["consumer", "sent"] = "consumer",
    sent: pl.DataFrame | None = None,
    base_year: int | None = None,
) -> InventorySeries:
    """Make a series of the cells of inventories, each tonne counted once.

    Parameters
    ----------
    cells : polars.DataFrame
        place, sector, fuel, year, part (direct, electricity, heat), emission_tco2 [tCO2] (null: no
        data), as ``accounting.inventory`` gives them. Optional: coverage [1], filled, provisional
        (yes or no), missing_rows (of the account, not counted), scope (``above_scale`` 规上 or
        ``whole`` 全行业), published (edition; the last counts), note (why it was revised).
    boundary : {"direct", "direct+power+heat"}
        Which parts belong to the series.
    suppliers : collection of str
        Sectors that make power or heat for others.
    rule : {"consumer", "sent"}
        How power and heat of the same place are counted once; see the module.
    sent : polars.DataFrame, optional
        For the rule ``sent``: place, year, emission_tco2 of the plants for users there [tCO2].
    base_year : int, optional
        A year whose figures may be revised only with a note.

    Returns
    -------
    InventorySeries

    Raises
    ------
    DataError
        With every cell that is repeated, negative, of a wrong word, revised without a note; and
        where above-scale sums stand beside whole-industry figures.
    ModelError
        If boundary or rule are unknown, or the boundary has no data for a part.
    """
    if boundary not in BOUNDARIES or rule not in ("consumer", "sent"):
        raise ModelError(
            f"no boundary {boundary!r} with rule {rule!r}; boundaries are {', '.join(BOUNDARIES)}, "
            "rules consumer, sent",
            f"没有边界“{boundary}”、规则“{rule}”；边界有 {'、'.join(BOUNDARIES)}，"
            "规则有 consumer、sent",
        )
    rows = _read(cells)
    _refuse_mixture(rows)
    if base_year is not None:
        _refuse_silent_revision(rows, base_year)
    latest = rows.sort("published", maintain_order=True).unique(
        KEYS, keep="last", maintain_order=True
    )
    parts = BOUNDARIES[boundary]
    if lacking := [one for one in parts if one not in latest["part"].unique().to_list()]:
        raise ModelError(
            f"the cells have no {', '.join(lacking)} emissions; ask for the boundary direct",
            f"清单没有 {'、'.join(lacking)} 排放；请用 direct 边界",
        )
    kept = latest.filter(pl.col("part").is_in(parts)).drop(ROW, "note", "scope")
    twice = boundary != "direct" and kept["sector"].is_in(list(suppliers)).any()
    if twice:
        kept = _counted_once(kept, list(suppliers), rule, sent)
    return InventorySeries(kept.sort(KEYS), boundary, str(rows["scope"][0]), rule if twice else "")


def _read(table: pl.DataFrame) -> pl.DataFrame:
    table = _input.with_rows(table, [*KEYS, "emission_tco2"])
    year, found = _input.years(table)
    value, told = _input.numbers(table, "emission_tco2")
    found += told
    names = [key for key in KEYS if key != "year"]
    rows = table.select(
        ROW,
        *(_input.words(table, name).alias(name) for name in names),
        *(
            (_input.words(table, name) if name in table.columns else pl.lit("")).alias(name)
            for name in _TEXTS
        ),
        year=year,
        emission_tco2=value,
    )
    for name in _FLAGS:
        marks, told = _input.flags(table, name) if name in table.columns else (pl.lit(False), [])
        rows, found = rows.with_columns(marks.alias(name)), found + told
    share, told = (
        _input.numbers(table, "coverage") if "coverage" in table.columns else (pl.lit(1.0), [])
    )
    found += told
    lost, told = (
        _input.numbers(table, "missing_rows")
        if "missing_rows" in table.columns
        else (pl.lit(0.0), [])
    )
    found += told
    rows = rows.with_columns(
        pl.col("scope").replace(_SCOPE_WORDS),
        share.alias("coverage"),
        lost.fill_null(0.0).cast(pl.Int64).alias("missing_rows"),
    )
    out = (pl.col("coverage") <= 0.0) | (pl.col("coverage") > 1.0)
    for row, number in rows.filter(out).select(ROW, "coverage").iter_rows():
        words = {"value": number, "low": 0, "high": 1, **_SHARE}
        found.append(_input.problem("Y009", row, "coverage", **words))
    for row, number in (
        rows.filter(pl.col("emission_tco2") < 0.0).select(ROW, "emission_tco2").iter_rows()
    ):
        words = {"value": number, **_NEGATIVE}
        found.append(_input.problem("Y006", row, "emission_tco2", **words))
    found += _strange(rows, "part", BOUNDARIES["direct+power+heat"])
    found += _strange(rows, "scope", tuple(SCOPES))
    found += _input.repeated(rows, [*KEYS, "published"], "year", **_TWICE)
    _input.refuse(found)
    return rows


def _strange(rows: pl.DataFrame, name: str, known: tuple[str, ...]) -> list[Problem]:
    wrong = rows.filter(~pl.col(name).is_in(known)).select(ROW, name)
    shown = ", ".join(known)
    return [
        _input.problem("Y123", row, name, _RULES, value=value, known=shown)
        for row, value in wrong.iter_rows()
    ]


def _refuse_mixture(rows: pl.DataFrame) -> None:
    """Refuse a table that holds sums of enterprises above scale and whole industries."""
    scopes = rows.group_by("scope", maintain_order=True).agg(pl.col(ROW).first(), pl.len())
    if scopes.height > 1:
        shown = ", ".join(f"{name} x {count}" for name, _row, count in scopes.iter_rows())
        row = int(scopes[ROW][1])
        _input.refuse([_input.problem("Y121", row, "scope", _RULES, value=shown)])


def _refuse_silent_revision(rows: pl.DataFrame, base_year: int) -> None:
    """Refuse figures of the base year that a later edition changed without saying why."""
    ordered = rows.filter(year=base_year).sort("published", maintain_order=True)
    moved = ordered.with_columns(was=pl.col("emission_tco2").shift(1).over(KEYS)).filter(
        pl.col("was").is_not_null()
        & (pl.col("note") == "")
        & ((pl.col("emission_tco2") - pl.col("was")).abs() > 1e-9 * pl.col("was").abs())
    )
    _input.refuse(
        _input.problem("Y122", row, "emission_tco2", _RULES, year=base_year, was=was, value=value)
        for row, was, value in moved.select(ROW, "was", "emission_tco2").iter_rows()
    )


def _counted_once(
    cells: pl.DataFrame, suppliers: list[str], rule: str, sent: pl.DataFrame | None
) -> pl.DataFrame:
    """Count power and heat of plants for users of the same place with the users alone."""
    plants = pl.col("sector").is_in(suppliers)
    if rule == "consumer":
        return cells.filter(~(plants & (pl.col("part") == "direct")))
    emitted = (
        cells.filter(plants & (pl.col("part") == "direct"))
        .group_by("place", "year", maintain_order=True)
        .agg(most=pl.col("emission_tco2").sum(), sector=pl.col("sector").first())
    )
    if sent is None:
        schema = {"place": pl.String, "year": pl.Int32, "emission_tco2": pl.Float64}
        stated = pl.DataFrame(schema={**schema, ROW: pl.Int64})
    else:
        stated = _stated(sent)
    both = emitted.join(stated, on=["place", "year"], how="left", maintain_order="left")
    found = []
    for place, year, most, value, row in both.select(
        "place", "year", "most", "emission_tco2", ROW
    ).iter_rows():
        words = {"place": place, "year": year}
        if value is None:
            found.append(_input.problem("Y124", None, "sent", _RULES, **words))
        elif value > most * (1.0 + 1e-9):
            told = {**words, "value": value, "most": most}
            found.append(_input.problem("Y125", row, "emission_tco2", _RULES, **told))
    _input.refuse(found)
    taken = both.select(
        "place",
        "sector",
        "year",
        fuel=pl.lit(""),
        part=pl.lit(SENT),
        emission_tco2=-pl.col("emission_tco2"),
        filled=pl.lit(False),
        provisional=pl.lit(False),
        coverage=pl.lit(1.0),
        published=pl.lit(""),
        missing_rows=pl.lit(0, pl.Int64),
    )
    return pl.concat([cells, taken.select(cells.columns)])


def _stated(sent: pl.DataFrame) -> pl.DataFrame:
    sent = _input.with_rows(sent, ["place", "year", "emission_tco2"])
    year, found = _input.years(sent)
    value, told = _input.numbers(sent, "emission_tco2")
    rows = sent.select(ROW, year=year, emission_tco2=value, place=_input.words(sent, "place"))
    found += told
    for row, number in (
        rows.filter(pl.col("emission_tco2") < 0.0).select(ROW, "emission_tco2").iter_rows()
    ):
        words = {"value": number, **_NEGATIVE}
        found.append(_input.problem("Y006", row, "emission_tco2", **words))
    found += _input.repeated(rows, ["place", "year"], "year", **_TWICE)
    _input.refuse(found)
    return rows.with_columns(pl.col(ROW).cast(pl.Int64))
