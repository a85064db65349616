"""What was read, in the shape the account takes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.sheets.result import MappedColumn, ReadResult

_WIDE_ITEMS = {
    "electricity_1e4kwh": "electricity",
    "raw_coal_t": "raw_coal",
    "natural_gas_1e4m3": "natural_gas",
    "steam_t": "steam_t",
    "heat_gj": "heat",
    "diesel_t": "diesel",
    "gasoline_t": "gasoline",
    "lng_t": "lng",
    "lpg_t": "lpg",
}
#: Headings of the electricity column that leave out what was made on site.
_BOUGHT_ONLY = re.compile("外购|网购|购入|购电|市电")
_ACTIVITY = (
    "opening_stock_qty",
    "purchase_qty",
    "own_production_qty",
    "consumption_total_qty",
    "feedstock_qty",
    "transfer_out_qty",
    "stock_adjustment_qty",
    "closing_stock_qty",
    "coef_used_tce",
    "green_power_1e4kwh",
)


def activity(result: ReadResult, *, part_of_year: bool = False) -> pl.DataFrame:
    """Return the accepted rows of a form as activity data of the account.

    Parameters
    ----------
    result : ReadResult
        A monthly form (``monthly_energy`` or ``monthly_wide``), or form 205-1, whose figures of
        December are those of the year.
    part_of_year : bool
        Whether form 205-1 of an earlier month will do, its figures being those of the months from
        January to that one.

    Returns
    -------
    polars.DataFrame
        Columns of ``tanfeng.accounting.ACTIVITY_SCHEMA``; ``activity_id`` is the row in the file
        (for the wide table 1000 times the row plus a number per item), month 0 stands for the
        year, or what form 205-1 holds of it. [quantities in the unit of the item]

    Raises
    ------
    ModelError
        If the form holds no energy, states no period, or does not close a year though it must.
    """
    key = result.form.key if result.form else ""
    if key == "monthly_energy":
        return _monthly(result.accepted)
    if key == "monthly_wide":
        return _wide(result)
    if key == "stat_205_1":
        return _year(result, part_of_year)
    raise ModelError(
        f"form {key or 'unknown'} holds no energy data", f"表 {key or '未知'} 不含能源数据"
    )


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    named = ["activity_id", "org_code", "year", "month", "item_key", "tier"]
    return frame.select(*named, *(name for name in _ACTIVITY if name in frame.columns))


def _monthly(frame: pl.DataFrame) -> pl.DataFrame:
    return _ordered(frame.rename({"source_row": "activity_id", "credit_code": "org_code"}))


def _wide(result: ReadResult) -> pl.DataFrame:
    """Turn one column per kind of energy into one row per item; empty cells give no row.

    Power from the own roof is used but not bought: it is own production of electricity. The
    electricity column holds it already, unless its heading speaks of bought power alone.
    """
    frame = result.accepted
    long = frame.unpivot(
        list(_WIDE_ITEMS),
        index=["source_row", "credit_code", "year", "month", "self_use_pv_1e4kwh"],
        variable_name="item_key",
        value_name="consumption_total_qty",
    )
    number = pl.col("item_key").replace_strict({name: i for i, name in enumerate(_WIDE_ITEMS)})
    own = pl.when(pl.col("item_key") == "electricity_1e4kwh").then("self_use_pv_1e4kwh")
    stated = pl.col("consumption_total_qty")
    if electricity_is_bought(result.columns):
        bought = pl.when(pl.col("item_key") == "electricity_1e4kwh").then(stated)
        used = pl.when(own.is_not_null()).then(stated + own).otherwise(stated)
    else:
        bought, used = pl.when(own.is_not_null()).then(stated - own), stated
    return _ordered(
        long.with_columns(own_production_qty=own, purchase_qty=bought, consumption_total_qty=used)
        .filter(
            pl.any_horizontal(pl.col("consumption_total_qty", "own_production_qty").is_not_null())
        )
        .with_columns(
            pl.col("item_key").replace_strict(_WIDE_ITEMS),
            activity_id=pl.col("source_row") * 1000 + number,
            tier=pl.lit("reported"),
        )
        .rename({"credit_code": "org_code"})
    ).sort("activity_id")


def electricity_is_bought(columns: Iterable[MappedColumn]) -> bool:
    """Tell whether the electricity column of a wide table holds bought power alone."""
    headings = (c.heading for c in columns if c.field == "electricity_1e4kwh")
    return any(_BOUGHT_ONLY.search(heading) for heading in headings)


def _year(result: ReadResult, part_of_year: bool) -> pl.DataFrame:
    period, code = str(result.head.get("period") or ""), str(result.head.get("credit_code", ""))
    if not re.fullmatch(r"\d{4}(-\d{2})?", period):
        raise ModelError(
            "form 205-1 states no period; write the year and the months above the table",
            "205-1表没有写明报告期；请在表头上方写明年份和起止月份",
        )
    if period[4:] not in ("", "-12") and not part_of_year:
        raise ModelError(
            f"form 205-1 of {period} is cumulative; only December or the year gives the "
            "quantities of a year",
            f"{period} 的205-1表是累计数；只有12月或全年的表才是全年数",
        )
    frame = result.accepted.filter(pl.col("item_key") != "total").with_columns(
        org_code=pl.lit(code),
        year=pl.lit(int(period[:4]), dtype=pl.Int32),
        month=pl.lit(0, dtype=pl.Int8),
        tier=pl.lit("reported"),
    )
    return _ordered(frame.rename({"source_row": "activity_id"}))
