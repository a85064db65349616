"""Limits a city set in place of the shipped ones, kept as a file beside the readings.

The console's records are the office; it writes this file whenever they change, so that a command
judges by the same limits without a database. A file made by hand has the same columns.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path

from tanfeng.errors import DataError, Problem
from tanfeng.metering._register_files import replace as whole
from tanfeng.metering._rules import quality_rules

__all__ = ["CHANGEABLE", "FILE", "LimitChange", "in_force", "read", "refused", "write"]

#: Limits a city may set: the thresholds of C30, of its checks and of what counts as an anomaly.
#: Weights, and how the program forecasts and draws, are not among them.
CHANGEABLE = (
    "completeness_min", "connected_min", "monthly_deviation_max", "consistency_known_min",
    "day_boundary_max", "month_boundary_max", "repair_days", "submeter_max", "late_max",
    "rated_factor", "change_factor", "frozen_slots", "idle_share_max", "running_share_min",
    "running_slots_min", "residual_sigma", "residual_months_min", "anomaly_sigma", "anomaly_ratio",
    "anomaly_low_ratio", "anomaly_share", "output_rise",
)  # fmt: skip
#: Name of the file in the folder ``quality`` of metering.
FILE = "limits.csv"
_COUNTS = ("working day", "slot", "month")
_LEAST = ("rule", "value")


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit set from a month on.

    Parameters
    ----------
    rule : str
        One of ``CHANGEABLE``.
    value : float
        The limit. [unit of the rule]
    valid_from : datetime.date
        First day of a month.
    document, clause : str
        Where it is written.
    """

    rule: str
    value: float
    valid_from: date
    document: str = ""
    clause: str = ""


def in_force(changes: Iterable[LimitChange], day: date) -> dict[str, LimitChange]:
    """Return the change that holds on a day, by limit.

    Parameters
    ----------
    changes : iterable of LimitChange
        In any order; of two that begin on one day the later in the row holds.
    day : datetime.date
        Local day.

    Returns
    -------
    dict of str to LimitChange
        Those not changed are not in it: the shipped value holds.
    """
    begun = [one for one in changes if one.valid_from <= day]
    return {one.rule: one for one in sorted(begun, key=lambda one: one.valid_from)}


def refused(rule: str, value: float, valid_from: date) -> list[Problem]:
    """Return what keeps a value from being a limit.

    Parameters
    ----------
    rule : str
        Name of the limit.
    value : float
        In the unit of the rule; a share is 0 to 1.
    valid_from : datetime.date
        From when on.

    Returns
    -------
    list of Problem
        Each names its field.
    """
    if rule not in CHANGEABLE:
        return [
            _problem(f"该限值不能更改：{rule}", f"This limit cannot be changed: {rule}", "rule")
        ]
    found, shipped = [], quality_rules()[rule]
    if not math.isfinite(value):
        found.append(_problem("须为数", "It must be a number", "value"))
    elif shipped.unit in _COUNTS:
        if value < 1 or value != int(value):
            found.append(_problem("须为正整数", "It must be a whole number from 1 on", "value"))
    elif shipped.unit != "1":
        if value <= 0:
            found.append(_problem("须大于 0", "It must be above 0", "value"))
    elif shipped.value > 1:
        if value < 1:
            found.append(_problem("倍数不能小于 1", "A factor cannot be below 1", "value"))
    elif not 0 < value <= 1:
        zh, en = "比例须在 0 与 1 之间，如 0.9", "A share lies between 0 and 1, such as 0.9"
        found.append(_problem(zh, en, "value"))
    if valid_from.day != 1:
        zh = "从某月 1 日起生效：一个月只用一个限值"
        en = "It holds from the 1st of a month on: a month has one limit"
        found.append(_problem(zh, en, "valid_from"))
    return found


def read(path: Path) -> tuple[LimitChange, ...]:
    """Read changes from a CSV file.

    Parameters
    ----------
    path : Path
        Columns ``rule`` and ``value``; ``valid_from`` such as 2026-03-01 (left out or empty: it
        always held), ``document`` and ``clause``. UTF-8.

    Returns
    -------
    tuple of LimitChange
        In the order of the file.

    Raises
    ------
    DataError
        With every bad row, or if it is no such file.
    """
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        zh, en = f"{path.name} 不是可读的 CSV 文件", f"{path.name} is no CSV that can be read"
        raise DataError([_problem(f"{zh}：{error}", f"{en}: {error}")]) from error
    lacking = [name for name in _LEAST if name not in (table.fieldnames or ())]
    if lacking:
        names = ", ".join(lacking)
        told = _problem(f"{path.name} 缺少列 {names}", f"{path.name} lacks the columns {names}")
        raise DataError([told])
    found: list[LimitChange] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        change, wrong = _read_row({key: (text or "").strip() for key, text in row.items() if key})
        twice = change is not None and any(
            (one.rule, one.valid_from) == (change.rule, change.valid_from) for one in found
        )
        if twice:
            zh, en = "同一限值同一起始月有两行", "A limit stands twice for one month"
            wrong = [_problem(zh, en, "rule")]
        problems += [replace(one, row=number) for one in wrong]
        if change is not None:
            found.append(change)
    if problems:
        raise DataError(problems)
    return tuple(found)


def write(path: Path, changes: Iterable[LimitChange]) -> None:
    """Write changes to a CSV file, whole or not at all.

    Parameters
    ----------
    path : Path
        Made with its folders.
    changes : iterable of LimitChange
        Whatever was there before is no longer.
    """
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow([one.name for one in fields(LimitChange)])
    sheet.writerows(astuple(one) for one in changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole(path, text.getvalue().encode())


def _read_row(row: dict[str, str]) -> tuple[LimitChange | None, list[Problem]]:
    try:
        value = float(row["value"])
    except ValueError:
        value = math.nan
    begins = row.get("valid_from", "")
    try:
        valid_from = date.fromisoformat(begins) if begins else date.min
    except ValueError:
        return None, [_problem("不是日期，应如 2026-03-01", "It is no date such as 2026-03-01",
                               "valid_from")]  # fmt: skip
    wrong = refused(row["rule"], value, valid_from)
    if wrong:
        return None, wrong
    change = LimitChange(
        row["rule"], value, valid_from, row.get("document", ""), row.get("clause", "")
    )
    return change, []


def _problem(zh: str, en: str, field: str = "") -> Problem:
    return Problem("Q001", "error", zh, en, heading=field)
