"""Tables 2, 2-1, 3 and 4 of the energy-utilisation report, filled from the lines of the account.

Columns, headings and rows come from the shared form tables; a key energy user reports the year to
the energy-saving department. Every cell is a number that follows from the records and lines of
the account, or says why it is none: *no data* where nothing the enterprise reported can fill it,
*not applicable* where the form leaves it open, *to be filled in* where only a person can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import polars as pl

from tanfeng.sheets._energy_use_year import Amount, Row, Year
from tanfeng.sheets._items import items
from tanfeng.sheets._tables import rows

TABLES = ("eur_t02", "eur_t02a", "eur_t03", "eur_t04")
_TITLES_EN = {
    "eur_t02": "Energy-utilisation report, table 2: energy consumption structure",
    "eur_t02a": "Energy-utilisation report, table 2-1: annex to the consumption structure",
    "eur_t03": "Energy-utilisation report, table 3: physical energy balance",
    "eur_t04": "Energy-utilisation report, table 4: comprehensive energy per unit of product",
}
#: Amounts of table 2 the records hold; the other columns nobody reports here.
_KEPT = (
    "opening_stock_qty",
    "purchase_qty",
    "purchase_amount_kcny",
    "consumption_total_qty",
    "feedstock_qty",
    "closing_stock_qty",
    "transfer_out_qty",
)
#: What an item brings by conversion or recovery.
_MADE = ("conversion_output_qty", "conversion_output_tce", "recovery_qty")
#: What form 205-1 states and monthly records do not.
SPLIT = ("industrial_consumption_qty", "non_industrial_consumption_qty", "transport_qty")
_PER_TONNE_TO_KILO = 1000.0


class Empty(StrEnum):
    """Why a cell holds no value."""

    NO_DATA = "no_data"
    NOT_APPLICABLE = "not_applicable"
    BY_HAND = "by_hand"


Cell = float | str | Empty


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column of a table as the shared form tables give it.

    Parameters
    ----------
    key, number, heading_zh, heading_en, group_zh, unit, kind : str
        Field, printed number, headings, upper cell of a merged heading, unit, type.
    required : bool
        Whether the form asks for it.
    rule, confidence, note : str
        Rule in words of the form tables, how well the column is confirmed, remark.
    """

    key: str
    number: str
    heading_zh: str
    heading_en: str
    group_zh: str
    unit: str
    kind: str
    required: bool
    rule: str
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One filled table.

    Parameters
    ----------
    key, title_zh, title_en : str
        Form and its titles.
    columns : tuple of ReportColumn
        In the printed order.
    rows : list of dict
        Field -> cell; a text that differs between the languages is a pair, Chinese first.
    foot : list of tuple
        Rows below the table: label pair, unit, cell.
    """

    key: str
    title_zh: str
    title_en: str
    columns: tuple[ReportColumn, ...]
    rows: list[dict[str, Any]]
    foot: list[tuple[tuple[str, str], str, Cell]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader must know of a row or cell: what is missing, or what a number rests on."""

    table: str
    row: tuple[str, str]
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class EnergyUse:
    """The tables of one enterprise and year.

    Parameters
    ----------
    org_code, org_name : str
        The enterprise.
    year : int
        Year reported.
    source_zh, source_en : str
        What it was filled from: the run, or the file.
    tables : mapping of str to ReportTable
        By form key.
    remarks : tuple of Remark
        Missing months, partial sums, what a number rests on.
    now, before : Year
        Amounts of the year and of the one before, by item; for the checks.
    from_205 : bool
        Whether the year is that of a form 205-1 of December.
    """

    org_code: str
    org_name: str
    year: int
    source_zh: str
    source_en: str
    tables: Mapping[str, ReportTable]
    remarks: tuple[Remark, ...]
    now: Year
    before: Year
    from_205: bool = False


@lru_cache(maxsize=1)
def columns() -> Mapping[str, tuple[ReportColumn, ...]]:
    """Return the columns of every table of the report by form key, in the printed order."""
    found: dict[str, list[ReportColumn]] = {}
    for row in rows("energy_use_report.csv"):
        found.setdefault(row["form_key"], []).append(
            ReportColumn(
                key=row["field_key"],
                number=row["column_no"],
                heading_zh=row["heading_zh"],
                heading_en=row["heading_en"],
                group_zh=row["group_zh"],
                unit=row["unit"],
                kind=row["type"],
                required=row["required"] == "yes",
                rule=row["rule"],
                confidence=row["confidence"],
                note=row["note"],
            )
        )
    return {key: tuple(one) for key, one in found.items()}


@lru_cache(maxsize=1)
def _titles() -> Mapping[str, str]:
    return {row["form_key"]: row["form_name_zh"] for row in rows("energy_use_report.csv")}


def balance_rows() -> list[dict[str, str]]:
    """Return the printed rows of table 3 as the shared form tables give them."""
    return [row for row in rows("rows.csv") if row["form_key"] == "eur_t03"]


def energy_use(
    org_code: str,
    org_name: str,
    year: int,
    *,
    activity: pl.DataFrame,
    lines: pl.DataFrame,
    outputs: pl.DataFrame,
    source: tuple[str, str],
    split: Mapping[str, Mapping[str, float | None]] | None = None,
    conversion: Mapping[str, Mapping[str, float | None]] | None = None,
) -> EnergyUse:
    """Fill tables 2, 2-1, 3 and 4 for one enterprise and year.

    Parameters
    ----------
    org_code, org_name : str
        The enterprise; rows of others are left.
    year : int
        Year reported; the year before fills the columns of last year.
    activity : polars.DataFrame
        Energy records of both years, columns of ``accounting.ACTIVITY_SCHEMA``.
    lines : polars.DataFrame
        Lines of the account of both years.
    outputs : polars.DataFrame
        year, product_name, unit_zh, output_qty, gross_output_kcny.
    source : tuple of str
        What the tables are filled from, in Chinese and English.
    split : mapping, optional
        Item -> the amounts of ``SPLIT`` a form 205-1 of December states.
    conversion : mapping, optional
        Item -> what a form 205-2 of December states, by the columns of table 2-1; it goes before
        what follows from own production.

    Returns
    -------
    EnergyUse
    """
    now, before = (Year.of(org_code, one, activity, lines, outputs) for one in (year, year - 1))
    fill = _Fill(year, now, before, split or {}, conversion or {})
    tables = {
        "eur_t02": _table("eur_t02", fill.structure(), fill.structure_foot()),
        "eur_t02a": _table("eur_t02a", fill.annex()),
        "eur_t03": _table("eur_t03", fill.balance()),
        "eur_t04": _table("eur_t04", fill.products()),
    }
    return EnergyUse(
        org_code, org_name, year, *source, tables, tuple(fill.remarks), now, before, bool(split)
    )


def _table(
    key: str,
    filled: list[dict[str, Any]],
    foot: Sequence[tuple[tuple[str, str], str, Cell]] = (),
) -> ReportTable:
    own = columns()[key]
    whole = [{one.key: row.get(one.key, Empty.NO_DATA) for one in own} for row in filled]
    return ReportTable(key, _titles()[key], _TITLES_EN[key], own, whole, list(foot))


class _Fill:
    """Fills the tables and collects what a reader must know."""

    def __init__(
        self,
        year: int,
        now: Year,
        before: Year,
        split: Mapping[str, Mapping[str, float | None]],
        conversion: Mapping[str, Mapping[str, float | None]],
    ) -> None:
        self.year, self.now, self.before, self.split = year, now, before, split
        self.conversion = conversion
        self.remarks: list[Remark] = []

    def _remark(self, table: str, row: tuple[str, str], zh: str, en: str) -> None:
        self.remarks.append(Remark(table, row, zh, en))

    def _cell(self, table: str, row: Row, amount: Amount, column: str) -> Cell:
        """Return an amount; a sum that lacks months says which."""
        if amount.value is None:
            return Empty.NO_DATA
        if amount.missing:
            heading = next(one for one in columns()[table] if one.key == column)
            told = ", ".join(map(str, amount.missing))
            self._remark(
                table,
                row.name,
                f"{heading.heading_zh}：{told} 月未填，合计不含这些月份",
                f"{heading.heading_en}: months {told} are empty and not in the sum",
            )
        return amount.value

    # Table 2

    def structure(self) -> list[dict[str, Any]]:
        """Return the rows of table 2: one per item with data, the total last."""
        found = []
        for row in self.now.rows:
            self._tell_months(row)
            stated = self.split.get(row.key, {})
            filled: dict[str, Any] = {
                "energy_name": row.name,
                "unit_zh": row.unit,
                "energy_code": items()[row.key].code or Empty.NOT_APPLICABLE,
                **{name: self._cell("eur_t02", row, row.amount(name), name) for name in _KEPT},
                **{name: _or_none(stated.get(name)) for name in SPLIT},
                "coef_used_tce": _or_none(row.coefficient),
                "coef_reference_tce": _or_none(items()[row.key].reference),
            }
            if not items()[row.key].stock:
                for name in ("opening_stock_qty", "closing_stock_qty"):
                    if filled[name] is Empty.NO_DATA:
                        filled[name] = Empty.NOT_APPLICABLE
            found.append(filled)
        return [*found, self._total()] if found else found

    def _tell_months(self, row: Row) -> None:
        if row.absent:
            told = ", ".join(map(str, row.absent))
            self._remark(
                "eur_t02",
                row.name,
                f"{self.year} 年 {told} 月没有填报；各项合计不含这些月份",
                f"nothing was reported for the months {told} of {self.year}; the sums lack them",
            )
        if row.covered:
            self._remark(
                "eur_t02",
                row.name,
                "合计行，分品种已另列，不重复计入能源合计",
                "a sum row whose kinds are listed too; not added to the total again",
            )
        elif row.coefficient is None:
            self._remark(
                "eur_t02",
                row.name,
                "没有折标系数，未计入能源合计",
                "without coefficient and not in the total",
            )

    def _total(self) -> dict[str, Any]:
        total = items()["total"]
        open_ = Empty.NOT_APPLICABLE
        amounts = [row.amount("purchase_amount_kcny").value for row in self.now.own]
        paid = [one for one in amounts if one is not None]
        return {
            "energy_name": (total.name_zh, total.name_en),
            "unit_zh": (total.unit_zh, total.unit),
            "energy_code": total.code,
            **{one.key: open_ for one in columns()["eur_t02"] if one.kind == "decimal"},
            "purchase_amount_kcny": sum(paid) if paid else Empty.NO_DATA,
            "consumption_total_qty": _or_none(self.now.consumption_tce),
            "feedstock_qty": _or_none(self.now.feedstock_tce),
            **{name: self._split_tce(name) for name in SPLIT},
        }

    def _split_tce(self, name: str) -> Cell:
        """Add a part of form 205-1 up in tce, when every item with a coefficient states it."""
        parts = [
            (self.split.get(row.key, {}).get(name), row.coefficient)
            for row in self.now.own
            if row.coefficient is not None
        ]
        known = [part * k for part, k in parts if part is not None and k is not None]
        return sum(known) if known and len(known) == len(parts) else Empty.NO_DATA

    def structure_foot(self) -> list[tuple[tuple[str, str], str, Cell]]:
        """Return the rows below table 2; their labels are those of the supplement of 205-1."""
        power = self.before.row("electricity")
        known: dict[str, Cell] = {
            "comprehensive_energy_tce": _or_none(self.now.net_tce),
            "gross_output_kcny": _or_none(self.now.gross_output_kcny),
            "comprehensive_energy_ly_tce": _or_none(self.before.net_tce),
            "gross_output_ly_kcny": _or_none(self.before.gross_output_kcny),
            "electricity_ly_1e4kwh": _or_none(
                power.amount("consumption_total_qty").value if power else None
            ),
        }
        return [
            (
                (row["row_label_zh"], row["row_label_en"]),
                row["unit"],
                known.get(
                    row["row_key"],
                    Empty.NO_DATA if row["type"] == "decimal" else Empty.BY_HAND,
                ),
            )
            for row in rows("rows.csv")
            if row["form_key"] == "stat_205_1"
        ]

    # Table 2-1

    def annex(self) -> list[dict[str, Any]]:
        """Return the rows of the annex: what form 205-2 states, else what own production tells."""
        found = []
        for row in self.now.rows:
            stated = self.split.get(row.key, {}).get("industrial_consumption_qty")
            filled: dict[str, Any] = {
                "energy_name": row.name,
                "unit_zh": row.unit,
                "industrial_consumption_qty": _or_none(stated),
            }
            told = self.conversion.get(row.key)
            filled |= self._derived(row) if told is None else _stated(told)
            if stated is not None:
                filled["industrial_consumption_qty"] = stated
            found.append(filled)
        return [*found, *self._only_converted()]

    def _only_converted(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of items form 205-2 states and the account does not know."""
        known = {row.key for row in self.now.rows} | {"total"}
        for key, told in self.conversion.items():
            if key not in known and (item := items().get(key)):
                names = {"energy_name": (item.name_zh, item.name_en)}
                yield {**names, "unit_zh": (item.unit_zh, item.unit), **_stated(told)}

    def _derived(self, row: Row) -> dict[str, Any]:
        """Return output and recovery of an item by its own production."""
        filled: dict[str, Any] = dict.fromkeys(_MADE, Empty.NOT_APPLICABLE)
        if row.made_by_conversion:
            filled["conversion_output_qty"] = row.conversion_output
            filled["conversion_output_tce"] = _or_none(row.tce(row.conversion_output))
        if row.is_recovery:
            filled["recovery_qty"] = row.recovery
        if row.key == "electricity" and row.conversion_output:
            self._remark(
                "eur_t02a",
                row.name,
                "自产电量未区分火力发电和可再生能源发电，全部列为加工转换产出",
                "own power is not told apart by thermal and renewable; all of it is listed "
                "as output of transformation",
            )
        return filled

    # Table 3

    def balance(self) -> list[dict[str, Any]]:
        """Return the long rows of table 3: every printed row for every item with data."""
        found = []
        for row in self.now.rows:
            cells = row.balance()
            for printed in balance_rows():
                value = cells.get(printed["row_key"])
                tce = row.tce(value)
                none = (
                    Empty.NOT_APPLICABLE
                    if printed["row_key"] in row.not_balanced
                    else Empty.NO_DATA
                )
                found.append(
                    {
                        "balance_row": (printed["row_label_zh"], printed["row_label_en"]),
                        "unit_name": Empty.NOT_APPLICABLE,
                        "energy_name": row.name,
                        "unit_zh": row.unit,
                        "quantity": none if value is None else value,
                        "quantity_tce": none if tce is None else tce,
                    }
                )
        return found

    # Table 4

    def products(self) -> list[dict[str, Any]]:
        """Return the rows of table 4: one per product and unit."""
        made = self.now.products
        whole = len(made) == 1
        found = []
        for product, unit in made:
            name = (f"单位{product}综合能耗", f"comprehensive energy per unit of {product}")
            den, den_before = made[product, unit], self.before.products.get((product, unit))
            alone_before = whole and len(self.before.products) == 1
            num = self.now.net_tce if whole else None
            num_before = self.before.net_tce if alone_before and den_before else None
            value, value_before = _per(num, den), _per(num_before, den_before)
            change = (value - value_before) / value_before * 100 if value and value_before else None
            found.append(
                {
                    "indicator_name": name,
                    "indicator_unit": (f"千克标准煤/{unit}", f"kgce/{unit}"),
                    "numerator_unit": ("吨标准煤", "tce"),
                    "denominator_unit": unit,
                    "scaling_factor": _PER_TONNE_TO_KILO,
                    "value_current": _or_none(value),
                    "numerator_current": _or_none(num),
                    "denominator_current": _or_none(den),
                    "value_previous": _or_none(value_before),
                    "numerator_previous": _or_none(num_before),
                    "denominator_previous": _or_none(den_before),
                    "change_pct": _or_none(change),
                }
            )
            if whole:
                self._remark(
                    "eur_t04",
                    name,
                    "企业只填报了一种产品，子项取全企业综合能耗（当量值）；有分产品计量的应以计量为准",
                    "one product is reported, so the numerator is the energy of the whole "
                    "enterprise (calorific); a meter of the product is better",
                )
            else:
                self._remark(
                    "eur_t04",
                    name,
                    "填报了多种产品，没有分产品的能耗，子项和指标值不能填",
                    "several products and no energy by product: numerator and value cannot be "
                    "filled",
                )
        return found


def _stated(told: Mapping[str, float | None]) -> dict[str, Any]:
    """Return the columns of table 2-1 that form 205-2 states."""
    own = {one.key for one in columns()["eur_t02a"] if one.kind == "decimal"}
    return {name: _or_none(value) for name, value in told.items() if name in own}


def _or_none(value: float | None) -> Cell:
    return Empty.NO_DATA if value is None else value


def _per(numerator: float | None, denominator: float | None) -> float | None:
    if numerator is None or not denominator:
        return None
    return numerator * _PER_TONNE_TO_KILO / denominator
