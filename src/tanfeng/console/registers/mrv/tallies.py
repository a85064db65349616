"""The kept tallies of carbon years: marked by every write, counted anew once the write stands.

What a list shows of a year (months filed, findings of the checks, risk score) is made of its plan,
filings, files, visits and findings. Counting that live costs a list more than all the rest of it,
so it is kept. Time alone changes one part, the months that have fallen due: they are kept by their
day, and a tally says until when its sums hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import polars as pl
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from tanfeng.accounting import mrv_checks
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import months, tables
from tanfeng.console.registers.mrv.models import (
    OPEN,
    EmissionReport,
    Evidence,
    Finding,
    MonthlyFiling,
    QualityPlan,
    SpotCheck,
    Tally,
)

#: Carbon years counted in one go.
_AT_ONCE = 500
_MISSING, _UNCLOSED, _UNVISITED = "M05", "R01", "R02"


@cache
def basis() -> str:
    """Return the digest of the tables a tally is counted by; another release may bring others."""
    ours = files("tanfeng.console.registers.mrv") / "tables"
    texts = [
        (files("tanfeng.accounting") / "tables" / "mrv_rules.csv").read_bytes(),
        *((ours / f"{name}.csv").read_bytes() for name in ("deadlines", "parameters")),
    ]
    return blake2b(b"\0".join(texts), digest_size=8).hexdigest()


def touch(*reports: EmissionReport) -> None:
    """Mark what a write to some carbon years changes; it is counted anew when the write stands.

    That is the year itself, the next one (equal values are followed across the turn of the year)
    and every year a file of theirs stands in, too.
    """
    own = Q()
    for one in reports:
        own |= Q(organisation=one.organisation_id, year__in=(one.year, one.year + 1))
    digests = Evidence.objects.filter(report__in=[one.pk for one in reports]).values("sha256")
    _mark(own | Q(pk__in=Evidence.objects.filter(sha256__in=digests).values("report")))


def touch_all_of(organisation_id: int) -> None:
    """Mark every carbon year of an enterprise: its plan has changed."""
    _mark(Q(organisation=organisation_id))


def begin(report: EmissionReport) -> None:
    """Give a carbon year just opened its tally."""
    Tally.objects.create(report=report, organisation_id=report.organisation_id)
    transaction.on_commit(settle)


def _mark(which: Q) -> None:
    Tally.objects.filter(report__in=EmissionReport.objects.filter(which).values("pk")).update(
        basis=""
    )
    transaction.on_commit(settle)


def settle(today: date | None = None) -> int:
    """Bring what is marked, or true no longer, up to date; return how many years were counted."""
    day = today or timezone.localdate()
    # Two ranges of the index; "not equal" would read every row.
    marked = Q(basis__lt=basis()) | Q(basis__gt=basis())
    keys = list(Tally.objects.filter(marked).values_list("pk", flat=True))
    for first in range(0, len(keys), _AT_ONCE):
        _count(keys[first : first + _AT_ONCE], day)
    late = Tally.objects.filter(good_until__lt=day)
    if late.exists():
        # Of what was counted rightly only time has passed: nothing is checked again.
        with transaction.atomic():
            rows = list(late.select_for_update())
            for row in rows:
                _sum(row, day)
            Tally.objects.bulk_update(rows, ("found", "score", "good_until"), batch_size=_AT_ONCE)
    return len(keys)


@transaction.atomic
def _count(keys: Sequence[int], day: date) -> None:
    """Count some carbon years anew.

    The rows are locked before anything is read: a write that marks one of them meanwhile waits,
    marks it afterwards, and has it counted once more.
    """
    rows = {row.pk: row for row in Tally.objects.select_for_update().filter(pk__in=keys)}
    reports = list(EmissionReport.objects.filter(pk__in=rows).select_related("organisation"))
    filed = _filed(keys)
    found = dict(
        Finding.objects.filter(report__in=keys, state__in=OPEN)
        .order_by()
        .values_list("report")
        .annotate(Count("pk"))
    )
    visited = set(
        SpotCheck.objects.filter(report__in=keys)
        .exclude(state="cancelled")
        .values_list("report", flat=True)
    )
    planned = set(
        QualityPlan.objects.filter(
            organisation__in={one.organisation_id for one in reports}, state__in=months.IN_EFFECT
        ).values_list("organisation", flat=True)
    )
    checked = _checked(reports)
    for report in reports:
        row = rows[report.pk]
        row.names = names(report.organisation)
        row.has_plan = report.organisation_id in planned
        row.visited = report.pk in visited
        row.open_findings = found.get(report.pk, 0)
        row.filed, row.unreviewed, row.to_review = filed.get(report.pk, (0, 0, 0))
        row.counts, row.awaited, row.shared = checked[report.pk]
        row.basis = basis()
        _sum(row, day)
    # One statement writes them all; the rows are there, so nothing is ever added.
    Tally.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["report"],
        update_fields=[one.name for one in Tally._meta.fields if not one.primary_key],
    )


def names(organisation: Organisation) -> str:
    """Return the names documents of an enterprise may bear, as a tally keeps them."""
    return f"{organisation.name}\n{organisation.former_names}"


def _filed(keys: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    rows = MonthlyFiling.objects.filter(report__in=keys, known_to__isnull=True).order_by()
    counted = rows.values_list("report").annotate(
        filed=Count("month", distinct=True),
        unreviewed=Count("pk", filter=~Q(state="reviewed")),
        waiting=Count("pk", filter=Q(state="entered")),
    )
    return {key: (filed, unreviewed, waiting) for key, filed, unreviewed, waiting in counted}


def _checked(
    reports: Iterable[EmissionReport],
) -> dict[int, tuple[dict[str, int], dict[str, int], int]]:
    """Return findings by rule, months to come by due day, and what hangs on others' files."""
    by_year: dict[int, list[EmissionReport]] = {}
    for one in reports:
        by_year.setdefault(one.year, []).append(one)
    told: dict[int, tuple[dict[str, int], dict[str, int], int]] = {}
    for year, chosen in by_year.items():
        every, own = months.examined(
            # Every month not filed, whether due by now or not.
            chosen, date.max, MonthlyFiling.objects.all(), Evidence.objects.all()
        )  # fmt: skip
        due = {month: tables.month_due(year, month).isoformat() for month in months.MONTHS}
        counts, awaited = _by_rule(every), _awaited(every, due)
        alone = Counter(own["org_code"])
        total = Counter(every["org_code"])
        for one in chosen:
            code = one.organisation.credit_code
            told[one.pk] = counts.get(code, {}), awaited.get(code, {}), total[code] - alone[code]
    return told


def _by_rule(found: pl.DataFrame) -> dict[str, dict[str, int]]:
    rows = found.filter(pl.col("rule") != _MISSING).group_by("org_code", "rule").len().sort("rule")
    counts: dict[str, dict[str, int]] = {}
    for code, rule, count in rows.iter_rows():
        counts.setdefault(code, {})[rule] = count
    return counts


def _awaited(found: pl.DataFrame, due: Mapping[int, str]) -> dict[str, dict[str, int]]:
    rows = found.filter(rule=_MISSING).group_by("org_code", "month").len().sort("month")
    awaited: dict[str, dict[str, int]] = {}
    for code, month, count in rows.iter_rows():
        awaited.setdefault(code, {})[due[month]] = count
    return awaited


def _sum(row: Tally, day: date) -> None:
    """Set what a list sorts by, as of a day, and until when it holds."""
    row.found = sum(by_rule(row, day).values())
    row.score = sum(points for _rule, _count, points in reasons(row, day))
    ahead = [due for due in row.awaited if due >= day.isoformat()]
    # A month is missed the day after it was due.
    row.good_until = date.fromisoformat(min(ahead)) if ahead else None


def by_rule(row: Tally, day: date) -> dict[str, int]:
    """Return how many findings the automatic checks have, by rule, as of a day."""
    missed = sum(count for due, count in row.awaited.items() if due < day.isoformat())
    return {**row.counts, **({_MISSING: missed} if missed else {})}


def reasons(row: Tally, day: date) -> list[tuple[str, int, float]]:
    """Return the reasons for a visit, the heaviest first: rule, count and points."""
    counts = {
        **by_rule(row, day),
        _UNCLOSED: row.open_findings,
        _UNVISITED: int(not row.visited),
    }
    rules = mrv_checks.rules()
    told = [
        (rule, count, rules[rule].weight * min(count, rules[rule].cap))
        for rule, count in counts.items()
        if count
    ]
    return sorted(told, key=lambda one: (-one[2], one[0]))


def in_part(user: User, reports: Any) -> list[EmissionReport]:
    """Return the years whose tally says more than a person may know, to be looked up for it.

    A file two enterprises handed in is found only for who sees both.
    """
    if rights.visible_codes(user) is None:
        return []
    return list(reports.filter(tally__shared__gt=0).select_related("organisation").order_by())


def renamed(reports: Iterable[EmissionReport]) -> bool:
    """Count anew the years whose enterprise has changed its name; tell whether there were any."""
    keys = [one.pk for one in reports if one.tally.names != names(one.organisation)]
    if keys:
        _count(keys, timezone.localdate())
    return bool(keys)
