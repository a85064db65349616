"""Choose every factor an account needs, once per energy item and year, and say why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng import standards
from tanfeng.accounting import ndrc_general_2015
from tanfeng.accounting._notes import NOTE_SCHEMA
from tanfeng.errors import FactorNotFound, ModelError, StandardError
from tanfeng.periods import FIRST_YEAR, LAST_YEAR
from tanfeng.trace import CONFIDENCES, FACTOR_SCHEMA

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from tanfeng.standards import Factor, Overrides

#: Role of a factor in a slot -> symbol of the formulas.
ROLES = {
    "reference": "k",
    "coal_rate": "b",
    "ncv": "NCV",
    "carbon_content": "CC",
    "oxidation_rate": "OF",
    **{f"electricity_{basis}": "EF" for basis in ndrc_general_2015.BASES},
    "heat": "EF",
}
#: Units the formulas are written for; anything else would be off by orders of magnitude.
_UNITS = {
    "coal_rate": ("gce/kWh",),
    "ncv": ("GJ/t", "GJ/10^4 Nm3"),
    "carbon_content": ("tC/GJ",),
    "oxidation_rate": ("%",),
    **{f"electricity_{basis}": ("kgCO2/kWh",) for basis in ndrc_general_2015.BASES},
    "heat": ("tCO2/GJ",),
}
#: Unit of the energy item -> unit of its heat content.
_NCV_UNIT = {"t": "GJ/t", "1e4 m3": "GJ/10^4 Nm3"}
_FUEL_ROLES = ("ncv", "carbon_content", "oxidation_rate")
#: Rows that repeat what other rows already hold.
_MEMO_ITEMS = ("green_power", "self_gen_power")
_NOT_FEEDSTOCK = ("electricity", "heat", "recovery")
_ELECTRICITY_TABLE = "electricity_heat_factors"
#: What the factor of another year or region is worth: the rule that lets it serve was not seen.
_BORROWED = "recalled"


@dataclass(frozen=True, slots=True)
class FactorSet:
    """Factors of an account: chosen, numbered, with the reason of each choice.

    Parameters
    ----------
    years : tuple of int
        Accounting years, in order.
    region, guideline, electricity_fallback : str
        As asked of :func:`factor_set`; an empty fallback means none.
    as_of : date
        Only what was published by this day was looked at.
    factors : polars.DataFrame
        Factors with the columns of ``trace.FACTOR_SCHEMA``.
    items : polars.DataFrame
        Energy items with the traits the rules look at.
    slots : polars.DataFrame
        One row per item and year (years run fastest): value, factor number and confidence of
        each role.
    notes : polars.DataFrame
        Choices a reader should know of, with the columns of ``NOTE_SCHEMA``.
    """

    years: tuple[int, ...]
    region: str
    guideline: str
    electricity_fallback: str
    as_of: date
    overrides_digest: str
    factors: pl.DataFrame
    items: pl.DataFrame
    slots: pl.DataFrame
    notes: pl.DataFrame

    def options(self) -> dict[str, object]:
        """Return what was asked for, ready for a manifest."""
        return {
            "years": list(self.years),
            "region": self.region,
            "guideline": self.guideline,
            "electricity_fallback": self.electricity_fallback,
            "as_of": self.as_of.isoformat(),
            "overrides_digest": self.overrides_digest,
        }

    def digest(self) -> str:
        """Return the SHA-256 of options, factors and the choice per item and year."""
        text = "\n".join(
            (
                json.dumps(self.options(), sort_keys=True),
                self.factors.write_csv(),
                self.slots.write_csv(),
            )
        )
        return hashlib.sha256(text.encode()).hexdigest()


class _Chosen(NamedTuple):
    """A factor, why it was chosen, and what the choice itself is worth."""

    factor: Factor
    choice_zh: str
    choice_en: str
    #: Data year that was taken although it is not the accounting year, else None.
    other_year: int | None = None
    #: Region that was taken although another was asked for, else empty.
    other_region: str = ""
    #: Confidence of the choice, as for factors.
    match: str = "confirmed"

    @property
    def rank(self) -> int:
        """Place of the weaker of factor and choice in ``CONFIDENCES``."""
        own = CONFIDENCES.index(self.factor.confidence)
        borrowed = self.other_year is not None or self.other_region
        if self.factor.override and not borrowed:
            return own
        return max(own, CONFIDENCES.index(_BORROWED if borrowed else self.match))


@dataclass(slots=True)
class _Register:
    """Numbers the factors in the order they are first used."""

    rows: list[dict[str, object]] = field(default_factory=list)
    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def number(self, role: str, chosen: _Chosen) -> int:
        factor = chosen.factor
        key = (role, factor.ref, chosen.choice_zh)
        if key not in self.numbers:
            expected = _UNITS.get(role, (factor.unit,))
            if factor.unit not in expected:
                raise StandardError(
                    f"{role} {factor.ref} is in {factor.unit}, the formulas need "
                    f"{' or '.join(expected)}",
                    f"{role} {factor.ref} 的单位是 {factor.unit}，公式需要 {' 或 '.join(expected)}",
                )
            self.numbers[key] = len(self.rows) + 1
            self.rows.append(
                {
                    "factor": len(self.rows) + 1,
                    "ref": factor.ref,
                    "symbol": ROLES[role],
                    "value": factor.number,
                    "unit": factor.unit,
                    "name_zh": factor.name_zh,
                    "name_en": factor.name_en,
                    "document": factor.document,
                    "clause": factor.clause,
                    "valid_from": factor.valid_from,
                    "valid_to": factor.valid_to,
                    "region": factor.region,
                    "confidence": factor.confidence,
                    "choice_zh": chosen.choice_zh,
                    "choice_en": chosen.choice_en,
                    "override": factor.override_text,
                }
            )
        return self.numbers[key]


def factor_set(
    years: Iterable[int],
    *,
    region: str = "CN-FJ",
    guideline: str = "NDRC-GENERAL-2015",
    as_of: date,
    overrides: Overrides | None = None,
    electricity_fallback: str | None = None,
) -> FactorSet:
    """Choose the factors for accounting years.

    Parameters
    ----------
    years : iterable of int
        Accounting years.
    region : str
        Region of the average electricity factor: a province such as ``CN-FJ``, a grid region
        such as ``CN-region-east``, or ``CN`` for the national average.
    guideline : str
        Guideline of the combustion parameters, a value of ``fuels.guideline``.
    as_of : date
        Only factors published by this day are looked at, so a published figure does not move.
    overrides : Overrides, optional
        Values the city verified itself; they win and show in the trace.
    electricity_fallback : str, optional
        Region to use when ``region`` has no average factor at all; without it that is an error.

    Returns
    -------
    FactorSet

    Raises
    ------
    ModelError
        If no year, or a year that is no accounting year, is given.
    FactorNotFound
        If an electricity, heat or coal-rate factor is not there, or the guideline is unknown.

    Notes
    -----
    Data-year rule for electricity and coal rate: the factor of the accounting year if published
    by ``as_of``; else the newest data year before it; a year older than every published factor
    takes the oldest one. Later announcements therefore never move an old year that had its own.
    A factor of another year or region is noted, and its lines are 待核实 however well its own
    value is confirmed.
    Heat, combustion parameters and standard-coal coefficients have no data year.
    """
    wanted = tuple(sorted(set(years)))
    if not wanted or not all(FIRST_YEAR <= year <= LAST_YEAR for year in wanted):
        raise ModelError(
            f"years {list(wanted)} must name years from {FIRST_YEAR} to {LAST_YEAR}",
            f"核算年份 {list(wanted)} 须在 {FIRST_YEAR} 至 {LAST_YEAR} 之间",
        )
    overrides = overrides if overrides is not None else standards.Overrides()
    choose = _Chooser(as_of, overrides)
    items = _items(guideline)
    yearly = _yearly_factors(wanted, region, electricity_fallback, choose)
    register = _Register()
    slots = _slots(_by_role(items, guideline, wanted, yearly, choose), register)
    notes = [note for chosen in yearly.values() for note in _year_notes(chosen, wanted)]
    return FactorSet(
        years=wanted,
        region=region,
        guideline=guideline,
        electricity_fallback=electricity_fallback or "",
        as_of=as_of,
        overrides_digest=overrides.digest(),
        factors=pl.DataFrame(register.rows, schema=FACTOR_SCHEMA),
        items=items,
        slots=slots,
        notes=pl.DataFrame(notes, schema=NOTE_SCHEMA),
    )


def _by_role(
    items: pl.DataFrame,
    guideline: str,
    years: tuple[int, ...],
    yearly: Mapping[str, Sequence[_Chosen]],
    choose: _Chooser,
) -> dict[str, list[_Chosen | None]]:
    """Return the choice of each role for every item and year, years running fastest."""
    by_role: dict[str, list[_Chosen | None]] = {role: [] for role in ROLES}
    for item in items.iter_rows(named=True):
        fixed = _fixed_factors(item, guideline, choose)
        for role, chosen in by_role.items():
            of_year = yearly[role] if item["is_electricity"] and role in yearly else None
            chosen.extend(of_year or [fixed.get(role)] * len(years))
    return by_role


def _slots(by_role: Mapping[str, Sequence[_Chosen | None]], register: _Register) -> pl.DataFrame:
    """Lay the choices out as columns: value, factor number and confidence rank per role."""
    columns: dict[str, NDArray[np.generic]] = {}
    for role, choices in by_role.items():
        value = np.full(len(choices), np.nan)
        number = np.zeros(len(choices), dtype=np.uint32)
        rank = np.zeros(len(choices), dtype=np.uint8)
        for row, chosen in enumerate(choices):
            if chosen is not None:
                value[row] = chosen.factor.number
                number[row] = register.number(role, chosen)
                rank[row] = chosen.rank
        columns |= {role: value, f"{role}_factor": number, f"{role}_rank": rank}
    return pl.DataFrame(columns)


@lru_cache(maxsize=8)
def _items(guideline: str) -> pl.DataFrame:
    """Energy items with the traits the rules look at, one boolean column each."""
    fuels = standards.load("item_fuels").filter(pl.col("guideline") == guideline)
    if fuels.is_empty():
        known = standards.load("item_fuels")["guideline"].unique(maintain_order=True).to_list()
        raise FactorNotFound("item_fuels", {"guideline": guideline}, known)
    items = standards.load("energy_items").join(
        fuels.select(
            "item_key",
            "basis",
            fuel="fuel_key",
            why_zh="reason_zh",
            why_en="reason_en",
            match="confidence",
        ),
        on="item_key",
        how="left",
        maintain_order="left",
    )
    group = pl.col("energy_group")
    low, high = (pl.col(f"ref_sce_{end}").cast(pl.Float64, strict=False) for end in ("low", "high"))
    return items.select(
        "item_key",
        "code",
        "name_zh",
        "name_en",
        "unit_zh",
        "unit",
        "energy_group",
        "parent_key",
        "fuel",
        "why_zh",
        "why_en",
        "match",
        reference_low=low,
        reference_high=high,
        has_reference=pl.col("value_num").is_not_null(),
        is_secondary=pl.col("secondary") == "yes",
        is_electricity=pl.col("item_key") == "electricity",
        is_heat=pl.col("item_key") == "heat",
        is_steam=pl.col("item_key") == "steam_t",
        is_recovery=group == "recovery",
        is_fuel=pl.col("basis") == "fuel",
        is_biogenic=pl.col("basis") == "biogenic",
        is_mapped=(pl.col("basis") == "fuel") & (pl.col("match") == "recalled"),
        is_gas=(pl.col("basis") == "fuel") & (pl.col("unit") == "1e4 m3"),
        fuel_factor_missing=pl.col("basis").fill_null("missing").eq("missing") & (group != "heat"),
        feedstock_deductible=~group.is_in(_NOT_FEEDSTOCK),
        feedstock_possible=pl.col("feedstock_possible") == "yes",
        is_stockable=pl.col("stock_possible") == "yes",
        is_memo=pl.col("item_key").is_in(_MEMO_ITEMS) | (group == "total"),
    )


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Looks factors up and words the choice."""

    as_of: date
    overrides: Overrides

    def plain(self, table: str, choice: tuple[str, str], key: Mapping[str, str]) -> _Chosen:
        """Return the one row of a key."""
        return _Chosen(self._lookup(table, key), *choice)

    def _lookup(self, table: str, key: Mapping[str, str]) -> Factor:
        # The keys are names of columns, never of arguments.
        return standards.lookup(table, overrides=self.overrides, **key)  # type: ignore[arg-type]

    def of_year(self, table: str, year: int, key: Mapping[str, str]) -> _Chosen:
        """Return the row for an accounting year by the data-year rule."""
        whole = standards.load(table)
        rows = whole.filter(pl.all_horizontal(pl.col(name) == key[name] for name in key))
        published = rows.filter(
            (pl.col("valid_from") <= self.as_of.isoformat()) & (pl.col("data_year") != "")
        ).with_columns(pl.col("data_year").cast(pl.Int64))
        if published.is_empty():
            raise FactorNotFound(
                table,
                {**key, "data_year": year, "published by": self.as_of.isoformat()},
                [f"{row['id']} ({row['valid_from']})" for row in rows.iter_rows(named=True)]
                or _regions(whole, key),
            )
        years = published["data_year"].to_list()
        taken = max((y for y in years if y <= year), default=min(years))
        factor = self._lookup(table, {**key, "data_year": str(taken)})
        others = published.filter(pl.col("data_year") != taken).sort("data_year")
        over = [f"{row['data_year']}: {row['value']}" for row in others.iter_rows(named=True)]
        zh, en = _year_words(year, taken, self.as_of)
        zh += f"；未采用：{'、'.join(over)}" if over else ""
        en += f"; passed over: {', '.join(over)}" if over else ""
        return _Chosen(factor, zh, en, None if taken == year else taken)


def _regions(table: pl.DataFrame, key: Mapping[str, str]) -> list[str]:
    """Name the regions there are, when the region asked for has no row at all."""
    others = [name for name in key if name != "region"]
    rows = table.filter(pl.all_horizontal(pl.lit(True), *(pl.col(n) == key[n] for n in others)))
    return sorted(rows["region"].unique().to_list())


def _year_words(year: int, taken: int, as_of: date) -> tuple[str, str]:
    if taken == year:
        return f"数据年份与核算年份同为 {year}", f"data year equals accounting year {year}"
    if taken < year:
        return (
            f"截至 {as_of} 尚无 {year} 年数据，采用此前最新的 {taken} 年",
            f"nothing for {year} by {as_of}; newest before it is {taken}",
        )
    return (
        f"已公布的数据均晚于核算年份 {year}，采用最早的 {taken} 年",
        f"everything published is later than {year}; oldest is {taken}",
    )


def _fixed_factors(item: dict[str, object], guideline: str, choose: _Chooser) -> dict[str, _Chosen]:
    """Factors of an item that do not depend on the year."""
    key = str(item["item_key"])
    fixed = {}
    if item["has_reference"]:
        fixed["reference"] = choose.plain(
            "energy_items",
            (
                "205-1 表参考折标系数；填有采用系数时以采用系数为准",
                "reference coefficient of form 205-1; a coefficient given on the form wins",
            ),
            {"item_key": key},
        )
    if item["is_fuel"]:
        reason = (f"{guideline}：{item['why_zh']}", f"{guideline}: {item['why_en']}")
        for role in _FUEL_ROLES:
            chosen = choose.plain(
                "fuels",
                reason,
                {"guideline": guideline, "fuel_key": str(item["fuel"]), "parameter": role},
            )
            fixed[role] = chosen._replace(match=str(item["match"]))
        unit, needed = fixed["ncv"].factor.unit, _NCV_UNIT.get(str(item["unit"]))
        if unit != needed:
            raise StandardError(
                f"{key} is reported in {item['unit']}, its heat content in {unit}",
                f"{key} 的填报单位是 {item['unit']}，热值单位却是 {unit}",
            )
    if item["is_heat"]:
        fixed["heat"] = choose.plain(
            _ELECTRICITY_TABLE,
            (
                "指南缺省值；供热单位有实测值时应替换",
                "default of the guideline; replace it by the supplier's measured value",
            ),
            {"kind": "heat", "data_year": "", "region": "CN"},
        )
    return fixed


def _yearly_factors(
    years: tuple[int, ...], region: str, fallback: str | None, choose: _Chooser
) -> dict[str, list[_Chosen]]:
    """Factors of electricity that depend on the year: coal rate and the three bases."""
    return {
        "coal_rate": [choose.of_year("coal_rate", year, {"region": "CN"}) for year in years],
        "electricity_average": [_average(year, region, fallback, choose) for year in years],
        **{
            f"electricity_{basis}": [
                choose.of_year(_ELECTRICITY_TABLE, year, {"kind": kind, "region": "CN"})
                for year in years
            ]
            for basis, kind in (
                ("residual", "residual_excl_market_nonfossil"),
                ("fossil", "fossil_only"),
            )
        },
    }


def _average(year: int, region: str, fallback: str | None, choose: _Chooser) -> _Chosen:
    try:
        return choose.of_year(_ELECTRICITY_TABLE, year, _average_of(region))
    except FactorNotFound:
        if fallback is None:
            raise
    chosen = choose.of_year(_ELECTRICITY_TABLE, year, _average_of(fallback))
    return chosen._replace(
        choice_zh=f"{region} 无已公布的平均因子，按指定改用 {fallback}；{chosen.choice_zh}",
        choice_en=f"no published average for {region}, {fallback} used as asked; "
        f"{chosen.choice_en}",
        other_region=fallback,
    )


def _average_of(region: str) -> dict[str, str]:
    kind = "provincial_average"
    if region == "CN":
        kind = "grid_average"
    elif region.startswith("CN-region-"):
        kind = "regional_average"
    return {"kind": kind, "region": region}


def _year_notes(chosen: list[_Chosen], years: tuple[int, ...]) -> list[dict[str, object]]:
    """Tell where a factor of another data year, or another region, had to serve."""
    return [
        {
            "severity": "warning",
            "code": code,
            "org_code": None,
            "year": year,
            "item_key": "electricity",
            "rows": 0,
            "activity_id": None,
            "text_zh": f"{one.factor.name_zh}：{one.choice_zh}。待核实。",
            "text_en": f"{one.factor.name_en}: {one.choice_en}. To be verified.",
        }
        for year, one in zip(years, chosen, strict=True)
        for code, borrowed in (
            ("factor_of_other_year", one.other_year is not None),
            ("factor_of_other_region", bool(one.other_region)),
        )
        if borrowed
    ]
