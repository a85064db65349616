"""The accounts of an enterprise by sector methods, year on year and by cause."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from tanfeng.console.accounting import charts, method_pages
from tanfeng.console.accounting.method_pages import CAUSES, Difference
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import User

_UNIT = "tCO₂e"


@dataclass(frozen=True, slots=True)
class YearOnYear:
    """The years of an enterprise in a row.

    Parameters
    ----------
    runs : list of MethodRun
        One account per year, oldest first.
    steps : list of tuple
        The account of a year, and what moved since the one before.
    waterfall : dict or None
        Chart data: the years as totals, the causes that moved between them as steps.
    """

    runs: list[MethodRun]
    steps: list[tuple[MethodRun, Difference]]
    waterfall: dict[str, Any] | None


def keys(user: User, organisation: Organisation) -> list[str]:
    """Return the methods the enterprise has standing accounts by, the latest account's first."""
    rows = method_pages.of_organisation(user, organisation).filter(replaced_by=None)
    return list(
        dict.fromkeys(rows.order_by("-year", "-number").values_list("method_key", flat=True))
    )


def year_on_year(user: User, organisation: Organisation, method_key: str) -> YearOnYear:
    """Explain by cause what moved from each year to the next.

    Parameters
    ----------
    user : User
        Who asks; accounts outside the user's rights are not told.
    organisation : Organisation
        The enterprise.
    method_key : str
        Method preferred; a year without an account by it takes its newest other one, and the
        change of method shows as a cause.

    Returns
    -------
    YearOnYear
    """
    by_year: dict[int, MethodRun] = {}
    rows = method_pages.of_organisation(user, organisation).filter(replaced_by=None)
    for run in rows.order_by("number"):
        held = by_year.get(run.year)
        if held is None or run.method_key == method_key or held.method_key != method_key:
            by_year[run.year] = run
    runs = [by_year[year] for year in sorted(by_year)]
    steps = [(later, method_pages.difference(later, earlier)) for earlier, later in pairwise(runs)]
    return YearOnYear(runs, steps, _waterfall(runs, steps))


def _waterfall(
    runs: list[MethodRun], steps: list[tuple[MethodRun, Difference]]
) -> dict[str, Any] | None:
    """Return years as totals and, between them, the causes that moved anything."""
    if not steps:
        return None
    first = steps[0][1].total["emission_a_tco2e"]
    labels, values, totals = [str(runs[0].year)], [first], [0]
    for run, step in steps:
        for cause, name in CAUSES.items():
            if step.total[cause]:
                labels.append(f"{name} {run.year}")
                values.append(step.total[cause])
        totals.append(len(labels))
        labels.append(str(run.year))
        values.append(step.total["emission_b_tco2e"])
    return charts.columns(
        labels, [("difference", _("Emission"), values)], unit=_UNIT, totals=totals
    )


def rows(found: YearOnYear) -> list[dict[str, Any]]:
    """Return every step stream by stream, the total last, as the export lists them."""
    return [
        {
            **row,
            "from_year": step.other.year,
            "to_year": run.year,
            "from_run": f"M{step.other.number}",
            "to_run": f"M{run.number}",
        }
        for run, step in found.steps
        for row in (*step.rows, {**step.total, "name": _("Total")})
    ]
