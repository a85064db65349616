"""The carbon market of an enterprise: allowance, gap at year end, surrender calendar, registers.

The platform advises; it does not trade. Allowances follow the plan of the sector and year in the
table ``ets``, correction factors and deadlines the rows ``ets_*`` of ``method_defaults``; a year or
class whose plan is not there is an error that names the row, never last year's figure.

Up to the data year 2022 a plan capped what a unit short of allowances had to surrender; that cap
is not modelled (the text was not seen), so a gap shown for those years is before the cap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tanfeng import standards
from tanfeng.accounting._allowance import NOTE_SCHEMA, Allowances, allowance
from tanfeng.accounting._allowance_rules import CLASSES, FACILITY_SCHEMA, FORMULAS, SECTORS
from tanfeng.accounting._forecast import METHODS, months_of, year_end
from tanfeng.accounting._registers import (
    CERTIFICATE_SCHEMA,
    CERTIFICATES,
    CLAIM_SCHEMA,
    KINDS,
    MOVEMENT_SCHEMA,
    OBLIGATION_SCHEMA,
    PURPOSES,
    balance,
    claims,
    settle,
)
from tanfeng.errors import FactorNotFound, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tanfeng.standards import Factor, Overrides

__all__ = [
    "CERTIFICATES",
    "CERTIFICATE_SCHEMA",
    "CLAIM_SCHEMA",
    "CLASSES",
    "FACILITY_SCHEMA",
    "FORMULAS",
    "KINDS",
    "MOVEMENT_SCHEMA",
    "NOTE_SCHEMA",
    "OBLIGATION_SCHEMA",
    "PURPOSES",
    "SECTORS",
    "Allowances",
    "allowance",
    "balance",
    "calendar",
    "claims",
    "deadline",
    "forecast",
    "gap",
    "settle",
]
_FIGURE = "emission_tco2"
_FIGURES = (
    "known_months",
    "gap_months",
    "emission_to_date_tco2",
    "emission_forecast_tco2",
    "emission_forecast_low_tco2",
    "emission_forecast_high_tco2",
)


def gap(
    emissions: pl.DataFrame,
    allowances: pl.DataFrame,
    *,
    year: int,
    by: Sequence[str] = ("org_code",),
    level: float = 0.9,
    overrides: Overrides | None = None,
) -> pl.DataFrame:
    """Forecast emission, allowance and what will be missing at the end of a year.

    Parameters
    ----------
    emissions : polars.DataFrame
        The columns of ``by``, year, month and ``emission_tco2``: months of the year and, where
        known, of the year before. [tCO2]
    allowances : polars.DataFrame
        Either one row per group with ``allowance_tco2``, what is granted for the year; or, where
        the allowance grows with output, months like those of the emissions. [tCO2]
    year : int
        Year to forecast.
    by : sequence of str
        Columns that make a group.
    level : float
        Probability of the intervals. [1]
    overrides : Overrides, optional
        Values the city verified itself; the limit of offsets is ``ets_offset_limit``.

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, year, known_months, gap_months (unknown ones before the last known),
        emission_to_date_tco2, emission_forecast_tco2 with ``_low`` and ``_high``, allowance_tco2,
        gap_tco2 (emission less allowance: positive is short) with ``_low`` and ``_high``,
        offset_most_tco2, method, method_zh, method_en, allowance_method. [tCO2]

    Raises
    ------
    ModelError
        If a group has no allowance, has it twice, or a month is wrong.

    Notes
    -----
    Where the allowance is forecast too, the interval of the gap joins the unfavourable ends of
    both, which is wider than the stated probability when they move together, as they mostly do.
    """
    keys = list(by)
    # A group that has an allowance and no month of emission yet stands too, without a forecast.
    named = allowances if "month" not in allowances.columns else _of_year(allowances, year)
    groups = (
        pl.concat([_of_year(emissions, year).select(keys), named.select(keys)]).unique().sort(keys)
    )
    granted = _granted(allowances, groups, by, year, level)
    done = _forecast(emissions, groups, year, by, level)
    limit = standards.lookup("method_defaults", id="ets_offset_limit", overrides=overrides)
    return (
        pl.concat([done, granted.select(pl.exclude(keys))], how="horizontal")
        .with_columns(
            gap_tco2=pl.col("emission_forecast_tco2") - pl.col("allowance_tco2"),
            gap_low_tco2=pl.col("emission_forecast_low_tco2") - pl.col("_high"),
            gap_high_tco2=pl.col("emission_forecast_high_tco2") - pl.col("_low"),
            offset_most_tco2=pl.col("emission_forecast_tco2") * (limit.number / 100.0),
        )
        .select(
            *keys,
            "year",
            *_FIGURES,
            "allowance_tco2",
            "gap_tco2",
            "gap_low_tco2",
            "gap_high_tco2",
            "offset_most_tco2",
            "method",
            "method_zh",
            "method_en",
            "allowance_method",
        )
    )


def forecast(
    emissions: pl.DataFrame, *, year: int, by: Sequence[str] = ("org_code",), level: float = 0.9
) -> pl.DataFrame:
    """Forecast the emission of a year from its months, of groups with and without allowance.

    Parameters
    ----------
    emissions : polars.DataFrame
        The columns of ``by``, year, month and ``emission_tco2``, as in :func:`gap`. [tCO2]
    year : int
        Year to forecast.
    by : sequence of str
        Columns that make a group.
    level : float
        Probability of the intervals. [1]

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, year, known_months, gap_months, emission_to_date_tco2,
        emission_forecast_tco2 with ``_low`` and ``_high``, method, method_zh, method_en; one row
        per group with a month of the year, sorted. [tCO2]

    Raises
    ------
    ModelError
        If a month is wrong.
    """
    groups = _of_year(emissions, year).select(by).unique().sort(by)
    return _forecast(emissions, groups, year, by, level)


def _forecast(
    emissions: pl.DataFrame, groups: pl.DataFrame, year: int, by: Sequence[str], level: float
) -> pl.DataFrame:
    this, before = (
        months_of(emissions, groups, by, number, _FIGURE) for number in (year, year - 1)
    )
    done = year_end(this, before, level=level)
    values = (done.known, done.gaps, done.to_date, done.total, done.low, done.high)
    return groups.with_columns(
        pl.lit(year, dtype=pl.Int32).alias("year"),
        *(
            pl.Series(name, column, nan_to_null=True)
            for name, column in zip(_FIGURES, values, strict=True)
        ),
        method=pl.Series(done.method, dtype=pl.String),
    ).with_columns(method_zh=_words(0), method_en=_words(1))


def _of_year(months: pl.DataFrame, year: int) -> pl.DataFrame:
    return months.filter(pl.col("year") == year)


def _words(place: int) -> pl.Expr:
    texts = {key: words[place] for key, words in METHODS.items()}
    return pl.col("method").replace_strict(texts, return_dtype=pl.String)


def _granted(
    allowances: pl.DataFrame, groups: pl.DataFrame, by: Sequence[str], year: int, level: float
) -> pl.DataFrame:
    """Return the allowance of each group with its ends, as it was given or forecast."""
    keys = list(by)
    if "month" in allowances.columns:
        this, before = (
            months_of(allowances, groups, by, number, "allowance_tco2")
            for number in (year, year - 1)
        )
        done = year_end(this, before, level=level)
        found = groups.with_columns(
            pl.Series("allowance_tco2", done.total, nan_to_null=True),
            pl.Series("_low", done.low, nan_to_null=True),
            pl.Series("_high", done.high, nan_to_null=True),
            allowance_method=pl.Series(done.method, dtype=pl.String),
        )
    else:
        if allowances.select(keys).is_duplicated().any():
            raise ModelError(f"a group of {keys} has two allowances", "同一对象有两个配额")
        found = groups.join(
            allowances.select(*keys, pl.col("allowance_tco2").cast(pl.Float64)),
            on=keys,
            how="left",
            maintain_order="left",
        ).with_columns(
            _low="allowance_tco2", _high="allowance_tco2", allowance_method=pl.lit("granted")
        )
    without = found.filter(pl.col("allowance_tco2").is_null()).select(keys)
    if without.height:
        names = without.rows()[:10]
        raise ModelError(
            f"no allowance is given for {names}; no allowance is not an allowance of zero",
            f"没有给出 {names} 的配额；没有配额数据不等于配额为零",
        )
    return found


def calendar(obligations: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return the day by which each obligation is to be surrendered.

    Parameters
    ----------
    obligations : polars.DataFrame
        org_code, sector, year (of the emission) and is_settled.
    as_of : date
        Day the reader looks at it.

    Returns
    -------
    polars.DataFrame
        The obligations with due, days_left [d] (negative when over), status (``settled``,
        ``open``, ``overdue``), ref, document and confidence of the deadline. Sorted by day.

    Raises
    ------
    ModelError
        If a column is missing or a sector unknown.
    UnresolvedKeys
        If a deadline is not in the standards; all of them.
    """
    missing = [
        n for n in ("org_code", "sector", "year", "is_settled") if n not in obligations.columns
    ]
    strange = [] if missing else sorted(set(obligations["sector"].to_list()) - set(SECTORS))
    if missing or strange:
        raise ModelError(
            f"obligations: columns {missing} are missing, sectors {strange} unknown",
            f"清缴义务缺少列 {missing}，未知行业 {strange}",
        )
    found: dict[tuple[str, int], Factor] = {}
    errors: list[FactorNotFound] = []
    for sector, year in obligations.select("sector", "year").unique().sort("sector", "year").rows():
        try:
            found[sector, year] = deadline(sector, year)
        except FactorNotFound as error:
            errors.append(error)
    if errors:
        raise standards.UnresolvedKeys(errors)
    table = pl.DataFrame(
        [
            (sector, year, one.text, one.ref, one.document, one.confidence)
            for (sector, year), one in found.items()
        ],
        schema={
            "sector": pl.String,
            "year": obligations.schema["year"],
            "due": pl.String,
            "ref": pl.String,
            "document": pl.String,
            "confidence": pl.String,
        },
        orient="row",
    ).with_columns(pl.col("due").str.to_date())
    days = (pl.col("due") - pl.lit(as_of)).dt.total_days()
    return (
        obligations.join(table, on=["sector", "year"], how="left", maintain_order="left")
        .with_columns(days_left=days)
        .with_columns(
            status=pl.when("is_settled")
            .then(pl.lit("settled"))
            .when(pl.col("days_left") < 0)
            .then(pl.lit("overdue"))
            .otherwise(pl.lit("open"))
        )
        .sort("due", "org_code")
    )


def deadline(sector: str, year: int) -> Factor:
    """Return the row that holds the deadline of surrender.

    Parameters
    ----------
    sector : str
        ``power``, ``steel``, ``cement`` or ``aluminium``.
    year : int
        Compliance year, whose emission is surrendered for in the next.

    Returns
    -------
    Factor
        Its text is the date.

    Raises
    ------
    FactorNotFound
        If the standards have none; another year's is never taken.
    """
    if sector == "power":
        table, row = "method_defaults", f"ets_deadline_power_{year}"
    elif year == 2024:
        table, row = "ets", "three_sector_first_deadline"
    else:
        table, row = "ets", f"{sector}_deadline_{year}"
    return standards.lookup(table, id=row)
