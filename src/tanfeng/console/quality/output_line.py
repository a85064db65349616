"""Energy against output: the months of an enterprise off its own line through both.

Energy is what was metered of all items (当量, tce); output that of the product reported in most
months. A month that was not metered whole, or by as many meters as the others, has no energy.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng.console.accounting.models import OutputRecord
from tanfeng.console.core.figures import percent, plain
from tanfeng.console.metering import amounts
from tanfeng.console.quality.limits_in_force import changed_on
from tanfeng.metering.judged import midnight
from tanfeng.metering.quality import energy_residuals, limits

#: Months a line is drawn through, the one asked for the last.
MONTHS = 24
_OUTPUT = {"node": pl.String, "month": pl.String, "product": pl.String, "unit": pl.String,
           "output": pl.Float64}  # fmt: skip


def begin(first: date) -> date:
    """Return the first day of the first month of a line that ends with a month."""
    months = first.year * 12 + first.month - MONTHS
    return date(months // 12, months % 12 + 1, 1)


def months(codes: Collection[str], start: date, last: date) -> pl.DataFrame:
    """Return energy and output of enterprises by month.

    Parameters
    ----------
    codes : collection of str
        Credit codes.
    start, last : datetime.date
        First day of a month and last day of one.

    Returns
    -------
    polars.DataFrame
        node, month, energy [tce] and output [unit], null where not known, product, unit, others
        (how many more products are reported).
    """
    made = _outputs(codes, start, last)
    energy = _energy(made["node"].unique().to_list(), start, last)
    return energy.join(made, on=["node", "month"], how="full", coalesce=True).sort("node", "month")


def _energy(codes: Collection[str], start: date, last: date) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"node": pl.String, "month": pl.String, "energy": pl.Float64})
    if not codes:
        return empty
    found = amounts.of_nodes(codes, "month", midnight(start), midnight(last + timedelta(days=1)))
    found = found.filter(pl.col("node").is_in(list(codes)))
    if found.is_empty():
        return empty
    local = pl.col("start").dt.offset_by("8h")
    least = limits(changed_on(last))["consistency_known_min"]
    worth = pl.col("energy_calorific_tce")
    a_day = pl.col("due") / pl.col("days")
    return (
        found.group_by("node", month=local.dt.to_string("%Y-%m"))
        .agg(
            energy=pl.when(worth.is_not_null().all()).then(worth.sum()),
            due=pl.col("slots_due").sum(),
            missing=pl.col("slots_missing").sum(),
            days=local.dt.month_end().dt.day().first(),
        )
        .with_columns(
            whole=(1 - pl.col("missing") / pl.col("due") >= least)
            & (a_day >= least * a_day.max().over("node"))
        )
        .select("node", "month", energy=pl.when("whole").then("energy"))
    )


def _outputs(codes: Collection[str], start: date, last: date) -> pl.DataFrame:
    """Return the output of the product each enterprise reports in most months."""
    rows = (
        OutputRecord.objects.current()
        .filter(
            organisation__credit_code__in=list(codes), output_qty__isnull=False,
            year__gte=start.year, year__lte=last.year, month__gt=0,
        )
        .values_list(
            "organisation__credit_code", "year", "month", "product_name", "unit", "output_qty"
        )
    )  # fmt: skip
    told = [
        (code, f"{year}-{month:02d}", product, unit, amount)
        for code, year, month, product, unit, amount in rows
        if start <= date(year, month, 1) <= last
    ]
    frame = pl.DataFrame(told, schema=_OUTPUT, orient="row")
    most = (
        frame.group_by("node", "product", "unit")
        .agg(count=pl.len())
        .sort("node", "count", "product", descending=[False, True, False])
        .unique("node", keep="first", maintain_order=True)
    )
    kinds = frame.group_by("node").agg(others=pl.struct("product", "unit").n_unique() - 1)
    chosen = most.drop("count").join(kinds, on="node")
    return frame.join(chosen, on=["node", "product", "unit"])


def fitted(frame: pl.DataFrame, first: date, changed: Mapping[str, float]) -> pl.DataFrame:
    """Return the months up to one off the line through them.

    Parameters
    ----------
    frame : polars.DataFrame
        From :func:`months`.
    first : datetime.date
        First day of the last month.
    changed : mapping of str to float
        Limits the city set.

    Returns
    -------
    polars.DataFrame
        As of ``quality.energy_residuals``.
    """
    between = pl.col("month").is_between(pl.lit(f"{begin(first):%Y-%m}"), pl.lit(f"{first:%Y-%m}"))
    return energy_residuals(frame.filter(between), changed=changed)


@dataclass(frozen=True, slots=True)
class Line:
    """What the page of an enterprise shows of energy against output.

    Parameters
    ----------
    words : list of str
        Which months stand out and by how much, or why there is no line.
    rows : list of dict
        month, energy, expected [tce], output [unit], residual [tce], share [1], sigmas, beyond.
    chart : dict
        Columns of the picture.
    product, unit : str
        Whose output.
    judged : bool
        Whether there is a line.
    """

    words: list[str]
    rows: list[dict[str, Any]]
    chart: dict[str, Any]
    product: str
    unit: str
    judged: bool


def of_firm(code: str, first: date) -> Line:
    """Return the line of an enterprise that ends with a month."""
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    changed = changed_on(first)
    limit = limits(changed)
    frame = months([code], begin(first), last)
    rows = fitted(frame, first, changed).to_dicts()
    # What was reported before the first meter says nothing here.
    while rows and rows[0]["energy"] is None:
        rows.pop(0)
    for row in rows:
        known = row["reason"] == "judged" and row["expected"]
        row["share"] = row["residual"] / row["expected"] if known else None
    named = frame.drop_nulls("product")
    about = ("product", "unit", "others")
    product, unit, others = named.select(about).row(0) if named.height else ("", "", 0)
    judged = any(row["reason"] == "judged" for row in rows)
    words = _odd(rows, unit) if judged else [_why(rows, limit)]
    if judged and others:
        words.append(_mixed(product, others))
    bound = limit["residual_sigma"]
    chart = _chart(rows, bound) if judged else {}
    return Line(words, rows, chart, product, unit, judged)


def _why(rows: list[dict[str, Any]], limit: Mapping[str, float]) -> str:
    if any(row["reason"] == "same_output" for row in rows):
        return _("Output was the same in every month: no line can be drawn.")
    known = max((row["n"] for row in rows), default=0)
    least = int(limit["residual_months_min"])
    text = ngettext(
        "%(known)d month with metered energy and reported output; a line needs %(least)d.",
        "%(known)d months with metered energy and reported output; a line needs %(least)d.",
        known,
    )
    return text % {"known": known, "least": least}


def _mixed(product: str, others: int) -> str:
    """Say that the line knows one product of several."""
    text = ngettext(
        "%(count)d more product is reported: the line is of %(product)s alone, and a month of "
        "another mix may stand out.",
        "%(count)d more products are reported: the line is of %(product)s alone, and a month of "
        "another mix may stand out.",
        others,
    )
    return text % {"count": others, "product": product}


def _odd(rows: list[dict[str, Any]], unit: str) -> list[str]:
    odd = [row for row in rows if row["beyond"]]
    if not odd:
        return [_("No month stands out: energy followed output.")]
    said = []
    for row in sorted(odd, key=lambda row: -abs(row["sigmas"])):
        text = (
            _("%(month)s: %(energy)s tce metered, %(expected)s expected of %(output)s %(unit)s: "
              "%(share)s more, %(sigmas)s times the usual scatter")
            if row["residual"] > 0
            else _("%(month)s: %(energy)s tce metered, %(expected)s expected of %(output)s "
                   "%(unit)s: %(share)s less, %(sigmas)s times the usual scatter")
        )  # fmt: skip
        said.append(
            text
            % {
                "month": row["month"],
                "energy": plain(row["energy"], 1),
                "expected": plain(row["expected"], 1),
                "output": plain(row["output"], 1),
                "unit": unit,
                "share": percent(abs(row["share"] or 0.0)),
                "sigmas": plain(abs(row["sigmas"]), 1),
            }
        )
    return said


def _chart(rows: list[dict[str, Any]], bound: float) -> dict[str, Any]:
    expected = [row["expected"] for row in rows]
    reach = [bound * (row["sigma"] or 0.0) for row in rows]
    return {
        "x": [row["month"] for row in rows],
        "unit": "tce",
        "places": 1,
        "series": [
            {
                "key": "brand",
                "name": _("metered energy"),
                "values": [row["energy"] for row in rows],
            },
            {
                "key": "note",
                "name": _("expected of the output"),
                "dashed": True,
                "values": expected,
                "low": [None if e is None else e - r for e, r in zip(expected, reach, strict=True)],
                "high": [
                    None if e is None else e + r for e, r in zip(expected, reach, strict=True)
                ],
            },
        ],
        "events": [{"x": row["month"], "label": row["month"]} for row in rows if row["beyond"]],
    }
