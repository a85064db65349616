"""A works and its energy-utilisation report, for the tests of the report and of its rules."""

from __future__ import annotations

from datetime import date

import polars as pl

from tanfeng import accounting
from tanfeng.sheets.energy_use import energy_use
from tanfeng.sheets.energy_use_checks import checks

CODE = "91359999MA2XN0001F"
COKE, POWER = 0.9714, 1.229


def month_of(year, month, item, **amounts):
    """Return the record of an item and month."""
    return {
        "org_code": CODE,
        "year": year,
        "month": month,
        "item_key": item,
        "tier": "measured",
        **amounts,
    }


def works(year=2024, months=range(1, 13)):
    """Return the records of the works of ``test_energy_use``."""
    found = []
    for month in months:
        opening = 4.0 + month
        found.append(
            month_of(
                year,
                month,
                "coke",
                opening_stock_qty=opening,
                purchase_qty=10.0,
                purchase_amount_kcny=22.0,
                consumption_total_qty=9.0,
                closing_stock_qty=opening + 1,
            )
        )
        found.append(
            month_of(
                year,
                month,
                "electricity",
                purchase_qty=90.0,
                purchase_amount_kcny=585.0,
                own_production_qty=10.0,
                consumption_total_qty=100.0,
            )
        )
    return found


def outputs(*made):
    """Return the output of 2024 by product."""
    return pl.DataFrame(
        [(2024, name, "吨", float(amount), 1000.0) for name, amount in made],
        schema={
            "year": pl.Int32,
            "product_name": pl.String,
            "unit_zh": pl.String,
            "output_qty": pl.Float64,
            "gross_output_kcny": pl.Float64,
        },
        orient="row",
    )


def filled(rows_, made=(("钢材", 5000),), split=None, year=2024):
    """Return the report filled from records."""
    activity = pl.DataFrame(
        [{"activity_id": i, **row} for i, row in enumerate(rows_)], infer_schema_length=None
    )
    years = sorted(set(activity["year"]))
    factors = accounting.factor_set(years, as_of=date(2026, 6, 30))
    return energy_use(
        CODE,
        "演示甲厂",
        year,
        activity=activity,
        lines=accounting.account(activity, factors=factors).lines,
        outputs=outputs(*made),
        source=("文件", "file"),
        split=split,
    )


def row(report, table, name, field="energy_name"):
    """Return the row of a table by its Chinese name."""
    return next(one for one in report.tables[table].rows if one[field][0] == name)


def found(report, status="finding"):
    """Return the checks of a status by number."""
    return {one.check: one for one in checks(report) if one.status == status}
