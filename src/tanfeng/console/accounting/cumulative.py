"""Form 205-1 counts from January; the register keeps months. This turns one into the other.

The form states sums from the start of the year to its month. What a month used is the difference
to what the earlier months of the year sum up to. The rules, item by item and year by year:

* A record taken from 205-1 for month *m* holds the form's sum less the records before it. With
  no record in between, it covers a span of months; its remark says which ("1—6月"), because the
  form does not say how the span is divided and dividing it would be a guess. The missing months
  stay missing in the completeness.
* December's form for an item without any record in that year is a record of the whole year
  (month 0).
* When an earlier month arrives later, or is corrected, the sums of later forms still stand: the
  next record from a form is reduced or raised so that it does. Records of the monthly form are
  never touched; they are what they say.
* A difference below zero means one of two forms is wrong and is an error of the row.
* Stocks are not sums. The closing stock is the form's; the opening stock is the closing stock of
  the record before, or the form's stock at the start of the year when there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Sums of the form. [unit of the item; kCNY for the amount]
FLOWS = ("purchase_qty", "purchase_amount_kcny", "consumption_total_qty", "feedstock_qty")
#: Differences smaller than this share of the sum are the rounding of two forms. [1]
ROUNDING = 1e-9
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """A record of one item and year that holds now.

    Parameters
    ----------
    record_id : int
        Key of the record.
    month : int
        1 to 12, or 0 for the whole year.
    from_form : bool
        Whether it came from 205-1 and so stands for a sum of the form.
    values : mapping
        Its quantities.
    """

    record_id: int
    month: int
    from_form: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one row of the form does to the records of its item and year.

    Parameters
    ----------
    records : list of dict
        Records to hold from now on: ``month``, quantities, ``remark``.
    closed : list of int
        Records that end without a successor of the same month.
    below_zero : list of (int, str, float)
        Month, quantity and difference where a sum is below what is there already.
    """

    records: list[dict[str, Any]]
    closed: list[int] = field(default_factory=list)
    below_zero: list[tuple[int, str, float]] = field(default_factory=list)


def spread(month: int, form: Mapping[str, Any], standing: Sequence[Standing]) -> Outcome:
    """Turn one row of the form into records.

    Parameters
    ----------
    month : int
        Month up to which the form sums, 1 to 12.
    form : mapping
        Quantities of the row; None is no data.
    standing : sequence of Standing
        Records of the item and year that hold now.

    Returns
    -------
    Outcome
    """
    others = [one for one in standing if one.month]
    if month == DECEMBER and not others:
        return Outcome([{**form, "month": 0, "remark": ""}])
    closed = [one.record_id for one in standing if not one.month and one.from_form]
    fixed = {one.month: one.values for one in others if not one.from_form}
    sums = _sums(standing)
    sums[month] = dict(form)
    fixed.pop(month, None)
    below: list[tuple[int, str, float]] = []
    holding: dict[int, Mapping[str, Any]] = {}
    records: list[dict[str, Any]] = []
    for at in sorted({*fixed, *sums}):
        if at in fixed:
            holding[at] = fixed[at]
            continue
        record = _difference(at, sums[at], holding, below)
        holding[at] = record
        if at >= month:
            records.append(record)
    return Outcome(records, closed, below)


def _sums(standing: Iterable[Standing]) -> dict[int, dict[str, Any]]:
    """Return the sums of the forms taken in so far, by their month."""
    sums: dict[int, dict[str, Any]] = {}
    ordered = sorted((one for one in standing if one.month), key=lambda one: one.month)
    for index, one in enumerate(ordered):
        if one.from_form:
            before = [other.values for other in ordered[: index + 1]]
            sums[one.month] = {
                **one.values,
                **{name: _total(before, name, one.values.get(name)) for name in FLOWS},
            }
    for one in standing:
        if not one.month and one.from_form:
            sums[DECEMBER] = dict(one.values)
    return sums


def _total(rows: Iterable[Mapping[str, Any]], name: str, own: float | None) -> float | None:
    """Return the sum to a month; a form that gives no figure for it gives no sum."""
    return None if own is None else sum(row.get(name) or 0.0 for row in rows)


def _difference(
    month: int,
    form: Mapping[str, Any],
    holding: Mapping[int, Mapping[str, Any]],
    below: list[tuple[int, str, float]],
) -> dict[str, Any]:
    last = max(holding, default=0)
    record = {**form, "month": month, "remark": f"{last + 1}—{month}月" if month - last > 1 else ""}
    for name in FLOWS:
        total = form.get(name)
        if total is None:
            continue
        before = sum(row.get(name) or 0.0 for row in holding.values())
        rest = total - before
        if abs(rest) <= ROUNDING * max(abs(total), abs(before)):
            rest = 0.0
        if rest < 0:
            below.append((month, name, rest))
        record[name] = rest
    if last and holding[last].get("closing_stock_qty") is not None:
        record["opening_stock_qty"] = holding[last]["closing_stock_qty"]
    return record
