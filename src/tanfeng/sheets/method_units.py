"""The sheet of what the units of a power facility put out, and the results that follow from it.

Heat ratio, load factor and intensities stand beside the emission and are not part of it: an empty
sheet takes nothing away from the account.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.accounting.methods import power_units
from tanfeng.errors import Problem
from tanfeng.sheets._findings import problem
from tanfeng.sheets.forms import Column, Form
from tanfeng.sheets.method_forms import UNVERIFIED, label, whose
from tanfeng.trace import INPUT_COLUMNS

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Method, MethodAccount
    from tanfeng.sheets.result import ReadResult

_KEYS = ("org_code", "unit", "year", "month")


def unit_form(method: Method) -> Form:
    """Return the form of what the units of a method's facility put out."""
    return Form(
        key=f"{method.key}.units",
        name_zh="机组生产数据",
        name_en="Output of the units",
        columns=(*whose(), *_columns(), Column("remark", "text", "备注", "Remark")),
        key_fields=(),
        basis=f"{method.document}{UNVERIFIED[0]}",
        note_zh="每台机组每期一行，核算单元与排放源各表写法一致；全年一行或逐月各行。锅炉总产热量未计量时，填主蒸汽、"
        "给水和再热的热量，或总标煤量和三个效率。不供热填 0。",
        note_en="One row per unit and period, the unit written as on the sheets of the streams; "
        "the year or its months. Where the heat of the boiler is not metered: heat of steam, feed "
        "water and reheat, or the fuel in tce with the three efficiencies. 0 where no heat is "
        "supplied.",
        fill_down=frozenset({"credit_code", "org_name"}),
    )


def _columns() -> Iterator[Column]:
    for one in power_units.ASKED:
        percent = one.unit == "%"
        yield Column(
            one.column,
            "decimal",
            label(one),
            label(one, "en"),
            unit=one.unit,
            note_zh="以百分数填写，如 98，不填 0.98" if percent else "",
            note_en="in percent, 98 and not 0.98" if percent else "",
            low=one.low,
            high=one.high if math.isfinite(one.high) else None,
        )


def production(
    result: ReadResult, taken: pl.DataFrame, first: int
) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the output of the units as the engine takes it.

    Parameters
    ----------
    result : ReadResult
        The sheet as it was read.
    taken : polars.DataFrame
        Its sound rows of the year.
    first : int
        What the number of a row begins from.

    Returns
    -------
    tuple of polars.DataFrame and list of Problem
        One row per unit and period, and a finding for every one that stands a second time.
    """
    frame = taken.select(
        (first + pl.col("source_row").cast(pl.Int64)).alias("activity_id"),
        pl.col("credit_code").alias("org_code"),
        pl.col("part").fill_null("").alias("unit"),
        "year",
        "month",
        *(one.column for one in power_units.ASKED),
    )
    again = frame.with_columns(before=pl.col("activity_id").first().over(_KEYS)).filter(
        pl.col("before") != pl.col("activity_id")
    )
    column = next(one for one in result.columns if one.field == "period")
    told = [
        problem(
            "F021",
            sheet=result.sheet,
            row=row - first,
            letter=column.letter,
            heading=column.heading,
            first=before - first,
        )
        for row, before in again.select("activity_id", "before").iter_rows()
    ]
    return frame.unique(_KEYS, keep="first", maintain_order=True), told


def results(account: MethodAccount, units: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the results per unit as plain data, in the order they are computed.

    Parameters
    ----------
    account : MethodAccount
        The account of the facilities.
    units : polars.DataFrame
        As :func:`production` returns it.

    Yields
    ------
    dict
        activity_id, org_code, part, year, month, quantity, name_zh, name_en, symbol, unit, value,
        text of the formula, its key and confidence, and inputs by symbol.
    """
    if units.is_empty():
        return
    parts = dict(units.select("activity_id", "unit").iter_rows())
    found = power_units.unit_results(account, units)
    words = found.with_columns(pl.col(pl.Categorical).cast(pl.String))
    for line in words.iter_rows(named=True):
        yield _told(line, parts[line["activity_id"]])


def _told(line: Mapping[str, Any], part: str) -> dict[str, Any]:
    formula = power_units.FORMULAS[line["formula"]]
    return {
        **{name: line[name] for name in ("activity_id", "org_code", "year", "month", "quantity")},
        "part": part,
        "name_zh": formula.name_zh,
        "name_en": formula.name_en,
        "symbol": formula.symbol,
        "unit": formula.unit,
        "value": line["value"],
        "formula": formula.key,
        "text": f"{formula.symbol} = {formula.expression}",
        "confidence": formula.confidence,
        "inputs": [
            {
                "symbol": one.name,
                "name_zh": one.name_zh,
                "name_en": one.name_en,
                "unit": one.unit,
                "value": line[column],
            }
            for one, column in zip(formula.symbols, INPUT_COLUMNS, strict=False)
        ],
    }
