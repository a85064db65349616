"""What the findings of an account by a sector method say of the evidence of its months."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.urls import reverse

from tanfeng.accounting import mrv_checks
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import months, tables
from tanfeng.console.registers.mrv.models import EmissionReport

#: The documents cover less than the month; none stands behind the value.
_RULES = ("M07", "M12")


def evidence(user: User, run: MethodRun) -> list[dict[str, Any]]:
    """Return a finding per parameter whose evidence covers less than the months filed.

    It is what stands today, not what stood when the account was frozen.

    Parameters
    ----------
    user : User
        Who looks; months the person may not see are left out.
    run : MethodRun
        The account.

    Returns
    -------
    list of dict
        Rows of the findings of an account: code, severity, text, stream_name, sheet, row, url.
    """
    carbon_years = rights.visible(user, EmissionReport)
    report = carbon_years.filter(organisation=run.organisation_id, year=run.year).first()
    if report is None:
        return []
    own = {parameter: item.name for (_month, parameter), item in months.items(report).items()}
    found = months.findings(user, [report]).filter(pl.col("rule").is_in(_RULES))
    # A file of its own that falls short is told once per month.
    once = found.unique(["rule", "parameter", "month"], keep="first", maintain_order=True)
    return [
        {
            "code": rule,
            "severity": rows["severity"][0],
            "stream_name": own.get(parameter, tables.parameter_name(parameter)),
            "text": _text(rule, run.year, rows["month"].sort().to_list()),
            "sheet": "",
            "row": None,
            "url": reverse(
                "mrv-filing",
                args=(run.organisation.credit_code, run.year, rows["month"].min(), parameter),
            ),
        }
        for (rule, parameter), rows in once.group_by("rule", "parameter", maintain_order=True)
    ]


def _text(rule: str, year: int, which: list[int]) -> str:
    lang = language()
    said = ", ".join(f"{year}-{month:02d}" for month in which)
    return f"{mrv_checks.rules()[rule].title(lang)}{': ' if lang == 'en' else '：'}{said}"
