"""Automatic checks of what an enterprise files every month for its carbon report (C09).

Rules, texts, thresholds and weights are rows of ``tables/mrv_rules.csv``; the weights are our own
and say only whom to visit first. A finding names place, value, rule and remedy in both languages.

A check speaks only where there is something to compare: a date, a range or a stated name that is
not there is no finding. Months that were due and are not there are told apart from zero.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

import polars as pl

from tanfeng.errors import ModelError

#: What is filed: one row per enterprise, month and parameter, as it stands now.
FILING_SCHEMA: Mapping[str, pl.DataType] = {
    "org_code": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "parameter": pl.String(),
    "value": pl.Float64(),
    "sampled_on": pl.Date(),
    "tested_on": pl.Date(),
    "laboratory": pl.String(),
    "accredited": pl.Boolean(),
    "lab_wanted": pl.Boolean(),
    "invoice_value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "filed_on": pl.Date(),
    "due_on": pl.Date(),
}
#: What the plan wants: one row per enterprise, month and parameter.
EXPECTED_SCHEMA: Mapping[str, pl.DataType] = {
    "org_code": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "parameter": pl.String(),
    "due_on": pl.Date(),
}
#: Which file stands behind what; names are compared as given, set alike by the caller.
EVIDENCE_SCHEMA: Mapping[str, pl.DataType] = {
    "org_code": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "parameter": pl.String(),
    "sha256": pl.String(),
    "file_name": pl.String(),
    "period_from": pl.Date(),
    "period_to": pl.Date(),
    "stated_code": pl.String(),
    "stated_name": pl.String(),
    "own_names": pl.List(pl.String()),
}
#: What is found.
FINDING_SCHEMA: Mapping[str, pl.DataType] = {
    "org_code": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "parameter": pl.String(),
    "rule": pl.String(),
    "severity": pl.String(),
    "value": pl.String(),
    "message_zh": pl.String(),
    "message_en": pl.String(),
    "remedy_zh": pl.String(),
    "remedy_en": pl.String(),
}
_PLACE = ("org_code", "year", "month", "parameter")
#: A difference this much above the limit is the limit itself, written in binary. [1]
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of rules.

    Parameters
    ----------
    rule : str
        Its number.
    severity : str
        ``error``, ``warning`` or ``info``.
    weight : float
        Points of one finding in the risk score; our own. [1]
    cap : int
        How many findings of one enterprise and year count at most.
    threshold : float or None
        Limit of the check. [unit]
    unit : str
        Unit of the threshold.
    title_zh, title_en, message_zh, message_en, remedy_zh, remedy_en : str
        Its name, what it says and what to do.
    """

    rule: str
    severity: str
    weight: float
    cap: int
    threshold: float | None
    unit: str
    title_zh: str
    title_en: str
    message_zh: str
    message_en: str
    remedy_zh: str
    remedy_en: str

    def title(self, lang: str = "zh") -> str:
        """Return the name in the language asked for."""
        return self.title_en if lang == "en" else self.title_zh


@cache
def rules() -> Mapping[str, Rule]:
    """Return every rule by its number, in the order of the table."""
    text = (files("tanfeng.accounting") / "tables" / "mrv_rules.csv").read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        numbers: dict[str, Any] = {
            "weight": float(row["weight"]),
            "cap": int(row["cap"]),
            "threshold": float(row["threshold"]) if row["threshold"] else None,
        }
        found[row["rule"]] = Rule(**{**row, **numbers})
    return found


def check(
    filings: pl.DataFrame,
    *,
    as_of: date,
    expected: pl.DataFrame | None = None,
    evidence: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return everything that speaks against what was filed.

    Parameters
    ----------
    filings : polars.DataFrame
        ``FILING_SCHEMA``; values in the unit of the parameter. Give earlier years too, so that a
        run of equal values is seen across the turn of the year.
    as_of : date
        Months due before this day are missed.
    expected : polars.DataFrame, optional
        ``EXPECTED_SCHEMA``; without it no month is missed.
    evidence : polars.DataFrame, optional
        ``EVIDENCE_SCHEMA``; without it nothing is said of documents.

    Returns
    -------
    polars.DataFrame
        ``FINDING_SCHEMA``, by enterprise, year, month, parameter and rule.

    Raises
    ------
    ModelError
        If a frame lacks a column or a row stands twice.
    """
    filed = _typed(filings, FILING_SCHEMA, "filings")
    if filed.select(_PLACE).is_duplicated().any():
        raise ModelError("filings: a month and parameter stand twice")
    found = [
        _tested_before_sampled(filed),
        _sampled_elsewhere(filed),
        _frozen(filed),
        _invoice(filed),
        _range(filed),
        _laboratory(filed),
        _late(filed),
    ]
    if expected is not None:
        found.append(_missing(filed, _typed(expected, EXPECTED_SCHEMA, "expected"), as_of))
    if evidence is not None:
        proofs = _typed(evidence, EVIDENCE_SCHEMA, "evidence")
        found += [
            _uncovered(proofs),
            _reused(proofs),
            _of_others(proofs),
            _without(filed, proofs),
        ]
    return pl.concat(found).sort(*_PLACE, "rule", "message_en")


def risk(counts: pl.DataFrame) -> pl.DataFrame:
    """Return a score per enterprise and year: the weight of each rule times its capped count.

    Parameters
    ----------
    counts : polars.DataFrame
        org_code, year, rule, count; several rows of one rule are added up.

    Returns
    -------
    polars.DataFrame
        org_code, year, rule, count, points, score: one row per reason, heaviest first. [1]

    Raises
    ------
    ModelError
        If a rule is not in the table.
    """
    known = rules()
    unknown = sorted(set(counts["rule"]) - set(known))
    if unknown:
        raise ModelError(f"no such rule: {', '.join(unknown)}")
    weights = pl.DataFrame(
        [(one.rule, one.weight, one.cap) for one in known.values()],
        schema={"rule": pl.String, "weight": pl.Float64, "cap": pl.Int64},
        orient="row",
    )
    return (
        counts.group_by("org_code", "year", "rule")
        .agg(pl.col("count").sum().cast(pl.Int64))
        .filter(pl.col("count") > 0)
        .join(weights, on="rule", how="left")
        .with_columns(points=pl.col("weight") * pl.min_horizontal("count", "cap"))
        .with_columns(score=pl.col("points").sum().over("org_code", "year"))
        .select("org_code", "year", "rule", "count", "points", "score")
        .sort(
            ["score", "org_code", "year", "points", "rule"],
            descending=[True, *[False] * 2, True, False],
        )
    )


def _typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], name: str) -> pl.DataFrame:
    missing = [column for column in schema if column not in frame.columns]
    if missing:
        raise ModelError(f"{name} lacks {', '.join(missing)}")
    return frame.select(schema.keys()).cast(dict(schema))  # type: ignore[arg-type]


def _period() -> pl.Expr:
    return pl.format("{}-{}", "year", pl.col("month").cast(pl.String).str.zfill(2))


def _first() -> pl.Expr:
    return pl.date("year", "month", 1)


def _last() -> pl.Expr:
    return _first().dt.month_end()


def _day(column: str) -> pl.Expr:
    return pl.col(column).dt.to_string("%Y-%m-%d")


def _number(column: str) -> pl.Expr:
    """Return a number as a person writes it: no trailing zeros, no binary rest."""
    shown = pl.col(column).round_sig_figs(10).cast(pl.String)
    return shown.str.replace(r"\.0$", "").fill_null("…")


def _told(rows: pl.DataFrame, rule: str, said: pl.Expr, /, **parts: pl.Expr) -> pl.DataFrame:
    """Return the rows as findings of a rule, its texts filled with ``parts``."""
    one = rules()[rule]
    shown = {"period": _period(), **parts}
    texts = {
        name: _filled(getattr(one, name), shown)
        for name in ("message_zh", "message_en", "remedy_zh", "remedy_en")
    }
    return rows.select(
        *_PLACE,
        rule=pl.lit(rule),
        severity=pl.lit(one.severity),
        value=said.cast(pl.String).fill_null(""),
        **texts,
    ).cast(dict(FINDING_SCHEMA))  # type: ignore[arg-type]


def _filled(text: str, parts: Mapping[str, pl.Expr]) -> pl.Expr:
    """Return a text of the table with an expression in every place it names."""
    pieces: list[pl.Expr] = []
    for words, name, _form, _how in Formatter().parse(text):
        pieces.append(pl.lit(words))
        if name is not None:
            pieces.append(parts[name].cast(pl.String).fill_null("—"))
    return pl.concat_str(pieces) if pieces else pl.lit("")


def _limit(rule: str) -> float:
    found = rules()[rule].threshold
    if found is None:
        raise ModelError(f"rule {rule} has no threshold")
    return found


def _tested_before_sampled(filed: pl.DataFrame) -> pl.DataFrame:
    rows = filed.filter(pl.col("tested_on") < pl.col("sampled_on"))
    return _told(
        rows, "M01", _day("tested_on"), tested=_day("tested_on"), sampled=_day("sampled_on")
    )


def _sampled_elsewhere(filed: pl.DataFrame) -> pl.DataFrame:
    rows = filed.filter(~pl.col("sampled_on").is_between(_first(), _last()))
    return _told(rows, "M02", _day("sampled_on"), sampled=_day("sampled_on"))


def _frozen(filed: pl.DataFrame) -> pl.DataFrame:
    """Find runs of one value; zero is what a fuel nobody uses says every month, and no run."""
    of_one = ("org_code", "parameter")
    rows = (
        filed.filter(pl.col("value").is_not_null() & (pl.col("value") != 0))
        .with_columns(t=pl.col("year") * 12 + pl.col("month"))
        .sort(*of_one, "t")
        .with_columns(
            turn=(
                (pl.col("value") != pl.col("value").shift().over(of_one))
                | (pl.col("t") - pl.col("t").shift().over(of_one) != 1)
            ).fill_null(value=True)
        )
        .with_columns(run=pl.col("turn").cast(pl.Int64).cum_sum().over(of_one))
        .with_columns(months=pl.len().over(*of_one, "run"))
        .filter(
            (pl.col("months") >= _limit("M03"))
            & (pl.col("t") == pl.col("t").max().over(*of_one, "run"))
        )
    )
    shown = pl.col("months").cast(pl.String)
    return _told(rows, "M03", _number("value"), value=_number("value"), months=shown)


def _invoice(filed: pl.DataFrame) -> pl.DataFrame:
    limit = _limit("M04")
    apart = (pl.col("invoice_value") - pl.col("value")).abs()
    rows = filed.filter(
        apart * 100.0 > limit * pl.col("value").abs() * (1.0 + _ROUNDING)
    ).with_columns(
        difference=pl.when(pl.col("value") != 0).then(
            (apart / pl.col("value").abs() * 100.0).round(2)
        )
    )
    return _told(
        rows,
        "M04",
        _number("invoice_value"),
        invoice=_number("invoice_value"),
        value=_number("value"),
        difference=_number("difference"),
        limit=pl.lit(f"{limit:g}"),
    )


def _missing(filed: pl.DataFrame, expected: pl.DataFrame, as_of: date) -> pl.DataFrame:
    rows = expected.filter(pl.col("due_on") < as_of).join(
        filed.filter(pl.col("value").is_not_null()), on=_PLACE, how="anti"
    )
    return _told(rows, "M05", pl.lit(""), due=_day("due_on"))


def _range(filed: pl.DataFrame) -> pl.DataFrame:
    rows = filed.filter(
        (pl.col("value") < pl.col("low")).fill_null(value=False)
        | (pl.col("value") > pl.col("high")).fill_null(value=False)
    )
    shown = {name: _number(name) for name in ("value", "low", "high")}
    return _told(rows, "M06", _number("value"), **shown)


def _laboratory(filed: pl.DataFrame) -> pl.DataFrame:
    rows = filed.filter(
        pl.col("lab_wanted").fill_null(value=False)
        & pl.col("value").is_not_null()
        & ~pl.col("accredited").fill_null(value=False)
    )
    named = pl.when(pl.col("laboratory") != "").then("laboratory").otherwise(pl.lit("—"))
    return _told(rows, "M10", pl.col("laboratory"), laboratory=named)


def _late(filed: pl.DataFrame) -> pl.DataFrame:
    rows = filed.filter(pl.col("filed_on") > pl.col("due_on"))
    return _told(rows, "M11", _day("filed_on"), due=_day("due_on"), filed=_day("filed_on"))


def _uncovered(proofs: pl.DataFrame) -> pl.DataFrame:
    rows = proofs.filter((pl.col("period_from") > _first()) | (pl.col("period_to") < _last()))
    covered = pl.concat_str(
        _day("period_from").fill_null("…"), pl.lit("—"), _day("period_to").fill_null("…")
    )
    return _told(rows, "M07", covered, file=pl.col("file_name"), covered=covered)


def _reused(proofs: pl.DataFrame) -> pl.DataFrame:
    """Find files that prove two things; one invoice of a quarter proves its three months."""
    stated = pl.col("period_from").is_not_null() & pl.col("period_to").is_not_null()
    thing = pl.struct(
        "org_code",
        "parameter",
        first=pl.when(stated).then("period_from").otherwise(_first()),
        last=pl.when(stated).then("period_to").otherwise(_last()),
    )
    rows = proofs.filter(thing.n_unique().over("sha256") > 1)
    return _told(
        rows,
        "M08",
        pl.col("file_name"),
        file=pl.col("file_name"),
        hash=pl.col("sha256").str.slice(0, 12),
    )


def _of_others(proofs: pl.DataFrame) -> pl.DataFrame:
    other_code = (pl.col("stated_code") != "") & (pl.col("stated_code") != pl.col("org_code"))
    other_name = (
        (pl.col("stated_name") != "")
        & (pl.col("own_names").list.len() > 0)
        & ~pl.col("own_names").list.contains(pl.col("stated_name"))
    )
    rows = proofs.filter(other_code.fill_null(value=False) | other_name.fill_null(value=False))
    stated = pl.concat_str(
        pl.col("stated_name").fill_null(""), pl.col("stated_code").fill_null(""), separator=" "
    ).str.strip_chars()
    return _told(rows, "M09", stated, file=pl.col("file_name"), stated=stated)


def _without(filed: pl.DataFrame, proofs: pl.DataFrame) -> pl.DataFrame:
    rows = filed.filter(pl.col("value").is_not_null()).join(proofs, on=_PLACE, how="anti")
    return _told(rows, "M12", _number("value"), value=_number("value"))
