"""The amounts of one enterprise and year by energy item, as the account counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from tanfeng import accounting, standards
from tanfeng.sheets._items import MEMO, items
from tanfeng.trace import INPUT_COLUMNS

#: By the instruction of the form an empty cell of these means none.
_NONE_WHEN_EMPTY = frozenset({"feedstock_qty", "transfer_out_qty", "own_production_qty"})
_STOCKS = {"opening_stock_qty": (0, 1), "closing_stock_qty": (0, 12)}
_CONSUMED = "consumption_total_qty"
_AMOUNTS = (
    *_STOCKS,
    "purchase_qty",
    "purchase_amount_kcny",
    "own_production_qty",
    _CONSUMED,
    "feedstock_qty",
    "transfer_out_qty",
    "stock_adjustment_qty",
)
#: Rows of table 3 nothing the enterprise reported here can fill.
_UNKNOWN = (
    "conversion_in",
    "loss",
    "final_main",
    "final_aux",
    "final_ancillary",
    "final_other",
    "final_total",
    "difference",
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum over the year, and the reported months that do not state it."""

    value: float | None
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One energy item.

    Parameters
    ----------
    key : str
        The item.
    amounts : mapping of str to Amount
        Sums of the year in the unit of the item, stocks at its ends.
    absent : tuple of int
        Months of the year without any row.
    covered : bool
        Whether it is a sum whose kinds are there too.
    coefficient : float or None
        Coefficient the lines used, weighted by consumption. [tce per unit]
    """

    key: str
    amounts: Mapping[str, Amount]
    absent: tuple[int, ...]
    covered: bool
    coefficient: float | None

    @property
    def name(self) -> tuple[str, str]:
        """Name in Chinese and English."""
        return items()[self.key].name_zh, items()[self.key].name_en

    @property
    def unit(self) -> tuple[str, str]:
        """Unit in Chinese and English."""
        return items()[self.key].unit_zh, items()[self.key].unit

    def amount(self, column: str) -> Amount:
        """Return the sum of a column, the stock at an end of the year."""
        return self.amounts[column]

    def tce(self, quantity: float | None) -> float | None:
        """Return an amount in tce; nothing without coefficient."""
        known = quantity is not None and self.coefficient is not None
        return quantity * self.coefficient if known else None  # type: ignore[operator]

    @property
    def is_recovery(self) -> bool:
        """Whether the item is heat or pressure that is recovered."""
        return _traits()[self.key][1]

    @property
    def made_by_conversion(self) -> bool:
        """Whether own production of the item is output of transformation."""
        return _traits()[self.key][0] and not self.is_recovery

    @property
    def conversion_output(self) -> float:
        """Output of transformation; 0 where none is stated."""
        return (self.amount("own_production_qty").value or 0.0) if self.made_by_conversion else 0.0

    @property
    def recovery(self) -> float:
        """Recovered amount: own production, or what was used of it without being bought."""
        if not self.is_recovery:
            return 0.0
        made = self.amount("own_production_qty").value
        if made or self.amount("purchase_qty").value:
            return made or 0.0
        return self.amount(_CONSUMED).value or 0.0

    @property
    def recovered_on_site(self) -> bool:
        """Whether it was used without being bought, own production not stated."""
        stated = self.amount("own_production_qty").value or self.amount("purchase_qty").value
        return self.is_recovery and not stated

    @property
    def not_balanced(self) -> tuple[str, ...]:
        """Rows of table 3 the item leaves open: stocks of what cannot be stored."""
        return () if items()[self.key].stock else ("opening", "closing")

    def balance(self) -> dict[str, float | None]:
        """Return the rows of table 3 that follow from the records."""
        opening, closing = (self.amount(name).value for name in _STOCKS)
        bought = self.amount("purchase_qty").value
        own = self.amount("own_production_qty").value or 0.0
        primary = 0.0 if self.made_by_conversion or self.is_recovery else own
        supplied = self.amount("transfer_out_qty").value
        stored = items()[self.key].stock
        known = (bought is not None or own > 0) and (
            not stored or (opening is not None and closing is not None)
        )
        supply = (opening or 0.0) + (bought or 0.0) + primary - (supplied or 0.0) - (closing or 0.0)
        return {
            "opening": opening,
            "purchase": bought,
            "own_primary": primary,
            "supplied": supplied,
            "closing": closing,
            "supply_total": supply if known else None,
            "conversion_out": self.conversion_output,
            "recovery": self.recovery,
            **dict.fromkeys(_UNKNOWN),
        }


@lru_cache(maxsize=1)
def _traits() -> Mapping[str, tuple[bool, bool]]:
    """Item -> whether it is secondary energy, whether it is recovered."""
    table = standards.load("energy_items").select("item_key", "secondary", "energy_group")
    return {key: (second == "yes", group == "recovery") for key, second, group in table.rows()}


@dataclass(frozen=True, slots=True)
class Year:
    """One year of one enterprise.

    Parameters
    ----------
    rows : tuple of Row
        Items with data, in the order of the form.
    net_tce, converted_tce, feedstock_tce : float or None
        Comprehensive energy by the calorific method, consumption times coefficient before own
        production is taken off, and energy used as feedstock, all from the lines. [tce]
    gross_output_kcny : float or None
        Gross output. [1e3 CNY]
    products : mapping
        Product and unit -> output.
    """

    rows: tuple[Row, ...]
    net_tce: float | None
    converted_tce: float | None
    feedstock_tce: float | None
    gross_output_kcny: float | None
    products: Mapping[tuple[str, str], float | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        org_code: str,
        year: int,
        activity: pl.DataFrame,
        lines: pl.DataFrame,
        outputs: pl.DataFrame,
    ) -> Year:
        """Add the rows and lines of an enterprise and year up."""
        mine = (pl.col("org_code").cast(pl.String) == org_code) & (pl.col("year") == year)
        whole = [
            pl.lit(None, dtype=accounting.ACTIVITY_SCHEMA[name]).alias(name)
            for name in _AMOUNTS
            if name not in activity.columns
        ]
        found = activity.with_columns(whole).filter(
            mine, pl.any_horizontal(pl.col(_AMOUNTS).is_not_null())
        )
        own = lines.filter(mine).with_columns(pl.col(pl.Categorical).cast(pl.String))
        used, converted = _coefficients(own)
        made = outputs.filter(pl.col("year") == year)
        by_item = {
            str(key): rows
            for (key,), rows in found.with_columns(pl.col("item_key").cast(pl.String)).group_by(
                "item_key"
            )
        }
        kept = [key for key in items() if key in by_item and key not in MEMO and key != "total"]
        parents = {items()[key].parent for key in kept if _says(by_item[key])}
        return cls(
            rows=tuple(_row(key, by_item[key], key in parents, used) for key in kept),
            net_tce=_sum_of(own, "energy_calorific_tce"),
            converted_tce=converted,
            feedstock_tce=_sum_of(own, "feedstock_calorific_tce") if own.height else None,
            gross_output_kcny=_sum(made["gross_output_kcny"]),
            products={
                (str(name), str(unit or "")): _sum(part["output_qty"])
                for (name, unit), part in made.filter(pl.col("output_qty").is_not_null()).group_by(
                    ["product_name", "unit_zh"], maintain_order=True
                )
            },
        )

    @property
    def own(self) -> tuple[Row, ...]:
        """Items that are no sum of others."""
        return tuple(row for row in self.rows if not row.covered)

    def row(self, key: str) -> Row | None:
        """Return the row of an item."""
        return next((one for one in self.rows if one.key == key), None)

    @property
    def consumption_tce(self) -> float | None:
        """Consumption of all items by their coefficients, sums not added again, in tce.

        It is that of the lines; heat that was recovered and not bought has no line and is added.
        """
        recovered = [row.tce(row.recovery) for row in self.own if row.recovered_on_site]
        if self.converted_tce is None:
            return None
        return self.converted_tce + sum(one for one in recovered if one is not None)


def _sum(values: pl.Series) -> float | None:
    return float(values.sum()) if values.is_not_null().any() else None


def _sum_of(lines: pl.DataFrame, quantity: str) -> float | None:
    """Add a quantity up; an account without a line of a deduction has none of it."""
    values = lines.filter(pl.col("quantity") == quantity)["value"]
    return float(values.sum()) if len(values) or quantity != "energy_calorific_tce" else None


def _says(rows: pl.DataFrame) -> bool:
    return bool(rows[_CONSUMED].is_not_null().any())


def _row(key: str, rows: pl.DataFrame, covered: bool, used: Mapping[str, float]) -> Row:
    months = rows.filter(pl.col("month") > 0)
    # As in the account: months win over a row of the year as soon as one states consumption.
    chosen = months if _says(months) else rows.filter(pl.col("month") == 0)
    chosen = chosen if chosen.height else rows
    there = set(chosen["month"])
    absent = () if 0 in there else tuple(m for m in range(1, 13) if m not in there)
    reference = items()[key].reference
    coefficient = used.get(key)
    if coefficient is None and "coef_used_tce" in chosen.columns:
        coefficient = next(iter(chosen["coef_used_tce"].drop_nulls()), None)
    if coefficient is None:
        coefficient = reference
    return Row(
        key, {name: _amount(chosen, name) for name in _AMOUNTS}, absent, covered, coefficient
    )


def _amount(rows: pl.DataFrame, name: str) -> Amount:
    if name in _STOCKS:
        return Amount(_sum(rows.filter(pl.col("month").is_in(_STOCKS[name]))[name]))
    value = _sum(rows[name])
    if name in _NONE_WHEN_EMPTY:
        return Amount(value or 0.0)
    empty = rows.filter(pl.col(name).is_null())["month"].unique().sort().to_list()
    return Amount(value, () if value is None else tuple(empty))


def _coefficients(lines: pl.DataFrame) -> tuple[dict[str, float], float | None]:
    """Return item -> coefficient of its calorific lines, and consumption times coefficient.

    The coefficient is weighted by consumption; without any consumption it is the last one.
    """
    calorific = lines.filter(pl.col("quantity") == "energy_calorific_tce")
    weighed: dict[str, tuple[float, float, float]] = {}
    for (formula,), part in calorific.group_by("formula", maintain_order=True):
        names = [symbol.name for symbol in accounting.FORMULAS[str(formula)].symbols]
        used = part[INPUT_COLUMNS[names.index("C")]]
        k = part[INPUT_COLUMNS[names.index("k")]]
        for item, c, one in zip(part["item_key"], used, k, strict=True):
            amount, tce, _last = weighed.get(item, (0.0, 0.0, 0.0))
            weighed[item] = (amount + c, tce + c * one, one)
    known = {
        item: tce / amount if amount else last for item, (amount, tce, last) in weighed.items()
    }
    return known, sum(tce for _amount, tce, _last in weighed.values()) if weighed else None
