"""What an enterprise reported to have produced, held beside what was odd in its use.

Output is reported by the month. It says nothing of one hour; it says whether the usual of that
month was to be expected higher or lower, and whether that alone would make the hours usual.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng.console.accounting.models import OutputRecord
from tanfeng.console.core import rights
from tanfeng.console.core.figures import plain
from tanfeng.console.core.figures import unit as unit_words
from tanfeng.console.core.models import User
from tanfeng.console.forecast.models import Anomaly
from tanfeng.console.quality.limits_in_force import changed_on
from tanfeng.metering.quality import limits

_Month = tuple[int, int]
_Key = tuple[int, _Month]


@dataclass(frozen=True, slots=True)
class Said:
    """What the output of the month says of an anomaly.

    Parameters
    ----------
    words : str
        For people, in the language used.
    excuses : bool
        Whether the hours would not be odd had the usual moved as the output did.
    """

    words: str
    excuses: bool


def of(user: User, rows: Iterable[Anomaly]) -> dict[int, Said]:
    """Return what the reported output says of some anomalies, by their keys.

    Parameters
    ----------
    user : User
        Who asks; output it may not see is not told.
    rows : iterable of Anomaly
        Of any enterprises and months.
    """
    asked = {one.pk: (one, _month(one)) for one in rows}
    reported = _reported(user, {(one.organisation_id, month) for one, month in asked.values()})
    limit = {
        month: limits(changed_on(date(*month, 1)))
        for month in {one for _row, one in asked.values()}
    }
    return {pk: _said(one, month, reported, limit[month]) for pk, (one, month) in asked.items()}


def _month(one: Anomaly) -> _Month:
    local = timezone.localtime(one.start)
    return local.year, local.month


def _before(month: _Month) -> _Month:
    year, number = month
    return (year, number - 1) if number > 1 else (year - 1, 12)


def _reported(user: User, keys: set[_Key]) -> dict[_Key, dict[tuple[str, str], OutputRecord]]:
    """Return the products reported in the months asked for and those before them."""
    months = {one for _firm, month in keys for one in (month, _before(month))}
    if not months:
        return {}
    wanted = Q()
    for year, month in months:
        wanted |= Q(year=year, month=month)
    rows = rights.visible(user, OutputRecord).filter(
        wanted,
        known_to=None,
        organisation__in={firm for firm, _month in keys},
        output_qty__gt=0,
    )
    found: dict[_Key, dict[tuple[str, str], OutputRecord]] = {}
    for row in rows:
        key = row.organisation_id, (row.year, row.month)
        found.setdefault(key, {})[row.product_name, row.unit] = row
    return found


def _said(
    one: Anomaly,
    month: _Month,
    reported: dict[_Key, dict[tuple[str, str], OutputRecord]],
    limit: Mapping[str, float],
) -> Said:
    now = reported.get((one.organisation_id, month), {})
    past = reported.get((one.organisation_id, _before(month)), {})
    name = f"{month[0]}-{month[1]:02d}"
    if not now:
        return Said(_("output of %(month)s not reported yet") % {"month": name}, False)
    both = [key for key in now if key in past]
    if not both:
        words = _("no product of %(month)s was reported the month before, too")
        return Said(words % {"month": name}, False)
    # The product most is earned with; of equals the first by name.
    key = min(both, key=lambda at: (-(now[at].gross_output_kcny or 0.0), at))
    change = _a_day(now[key], month) / _a_day(past[key], _before(month)) - 1
    said = {
        "product": key[0],
        "amount": f"{plain(now[key].output_qty)} {unit_words(key[1])}",
        "month": name,
        "change": f"{100 * change:+.1f}%".replace("-", "\N{MINUS SIGN}"),
    }
    told = _("%(product)s of %(month)s: %(amount)s, %(change)s a day against the month before")
    rise = limit["output_rise"]
    along = change > rise if one.is_high else change < -rise
    if not along:
        return Said(f"{told}{_('; that does not explain it')}" % said, False)
    excuses = _would_be_usual(one, change, limit)
    ends = _("; that would make it usual") if excuses else _("; that explains a part of it")
    return Said(f"{told}{ends}" % said, excuses)


def _a_day(row: OutputRecord, month: _Month) -> float:
    return float(row.output_qty or 0.0) / calendar.monthrange(*month)[1]


def _would_be_usual(one: Anomaly, change: float, limit: Mapping[str, float]) -> bool:
    """Tell whether the hours are within the ratio of an oddity once the usual moves along."""
    usual = one.usual * (1 + change)
    if usual <= 0:
        return False
    ratio = one.amount / usual
    return ratio < limit["anomaly_ratio"] if one.is_high else ratio > limit["anomaly_low_ratio"]
