"""Set and withdraw quotas, and work out how they stand. Rights are asked, deeds audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.accounting import budget
from tanfeng.console.accounting import due
from tanfeng.console.accounting.models import Run
from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import Batch, User
from tanfeng.console.registers.budget.actual import actual
from tanfeng.console.registers.budget.models import CITY, Quota, Standing
from tanfeng.errors import DataError, Problem

_MONTHS = 12
#: What is kept of a month, and of the year as it looks after that month.
_OF_MONTH = (
    "budget", "budget_to_date", "actual", "actual_to_date", "deviation_to_date",
    "deviation_rate", "is_display_only", "missing_months",
)  # fmt: skip
_OF_YEAR = (
    "known_months", "missing_rows", "forecast", "forecast_low", "forecast_high", "method",
    "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quota to be set.

    Parameters
    ----------
    thing : Organisation, Park, Place or None
        What it is handed down to; None for the whole city.
    year : int
        Calendar year.
    measure : str
        A key of ``budget.MEASURES``.
    amount : float
        Quota of the year, in the unit of the figure.
    months : tuple of float or None
        Twelve amounts that add up to the year, or None.
    document, remark : str
        What it is handed down by, and why it changes.
    source_row : int or None
        Row of the file it came in.
    """

    thing: Organisation | Park | Place | None
    year: int
    measure: str
    amount: float
    months: tuple[float, ...] | None = None
    document: str = ""
    remark: str = ""
    source_row: int | None = None

    @property
    def level(self) -> str:
        """Return the level of the object."""
        if self.thing is None:
            return Quota.Level.CITY
        return {
            Organisation: Quota.Level.ENTERPRISE, Park: Quota.Level.PARK, Place: Quota.Level.COUNTY
        }[type(self.thing)]  # fmt: skip

    @property
    def object_key(self) -> str:
        """Return the code of the object."""
        if isinstance(self.thing, Organisation):
            return self.thing.credit_code
        return CITY if self.thing is None else self.thing.code

    def rows(self) -> list[tuple[str, int, int, str, float]]:
        """Return the rows of ``budget.BUDGET_SCHEMA``."""
        amounts = (self.amount, *(self.months or ()))
        return [
            (self.object_key, self.year, month, self.measure, amount)
            for month, amount in enumerate(amounts)
        ]


def require_set(user: User, wanted: Wanted) -> None:
    """Raise unless the user may set this quota: its level, and its object in the own scope.

    Raises
    ------
    PermissionDenied
        If the level is not the user's to set.
    Http404
        If the object is outside the user's scope.
    """
    rights.require(user, "set", Quota)
    if wanted.thing is not None and isinstance(wanted.thing, Organisation):
        rights.get_visible(user, Organisation, pk=wanted.thing.pk)
    else:
        rights.require(user, "compute", Quota)


def set_quota(
    user: User, wanted: Wanted, *, request: HttpRequest | None = None, at: datetime | None = None
) -> Quota:
    """Set one quota; see :func:`set_quotas`."""
    return set_quotas(user, [wanted], request=request, at=at)[0]


def set_quotas(
    user: User,
    wanted: Sequence[Wanted],
    *,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> list[Quota]:
    """Set quotas, closing those before; setting what stands already changes nothing.

    Returns
    -------
    list of Quota
        Those that stand now.

    Raises
    ------
    PermissionDenied, Http404
        If the user may not.
    DataError
        If amounts are wrong in themselves, all of them told.
    """
    for one in wanted:
        require_set(user, one)
    check(wanted)
    with transaction.atomic():
        done = write(user, wanted, at=at or timezone.now())
        for quota in done.fresh:
            audit.record(
                "budget.set", user=user, request=request, thing=quota, year=quota.year,
                place_code=_county(quota), measure=quota.measure, amount=f"{quota.amount:g}",
                document=quota.document,
            )  # fmt: skip
        compute(done.fresh)
    return done.quotas


def withdraw(user: User, quota: Quota, *, request: HttpRequest | None = None) -> None:
    """Withdraw a quota; the row stays, closed.

    Raises
    ------
    PermissionDenied
        If the user may not.
    """
    rights.require(user, "set", quota)
    with transaction.atomic():
        quota.known_to = timezone.now()
        quota.save(update_fields=["known_to"])
        quota.standings.all().delete()
        audit.record(
            "budget.withdraw", user=user, request=request, thing=quota, year=quota.year,
            place_code=_county(quota), measure=quota.measure, amount=f"{quota.amount:g}",
        )  # fmt: skip


def check(wanted: Iterable[Wanted]) -> None:
    """Raise with every quota that is wrong in itself.

    Raises
    ------
    DataError
        By the rules of :mod:`tanfeng.accounting.budget`.
    """
    wrong: dict[tuple[str, str], Problem] = {}
    by_year: dict[int, list[tuple[str, int, int, str, float]]] = {}
    for one in wanted:
        by_year.setdefault(one.year, []).extend(one.rows())
    for year, rows in by_year.items():
        try:
            budget.allocation(_frame(rows), {}, year=year)
        except DataError as error:
            wrong |= {(one.rule, one.message_en): one for one in error.problems}
    if wrong:
        raise DataError(wrong.values())


def _frame(rows: Sequence[tuple[str, int, int, str, float]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(budget.BUDGET_SCHEMA), orient="row")


@dataclass(frozen=True, slots=True)
class Written:
    """What :func:`write` did: the quotas that stand now, the new ones, and how many are what."""

    quotas: list[Quota]
    fresh: list[Quota]
    counts: Mapping[str, int]


def write(
    user: User, wanted: Sequence[Wanted], *, at: datetime, batch: Batch | None = None
) -> Written:
    """Write quotas that were checked and allowed, inside the caller's transaction."""
    before = standing_of(wanted)
    counts = {"added": 0, "replaced": 0, "unchanged": 0}
    now: list[Quota] = []
    fresh: list[Quota] = []
    closed: list[Quota] = []
    for one in wanted:
        old = before.get((one.object_key, one.year, one.measure))
        kind = change_of(one, old)
        counts[kind] += 1
        if kind == "unchanged" and old is not None:
            now.append(old)
            continue
        if old is not None:
            old.known_to, old.closed_by = at, batch
            closed.append(old)
        fresh.append(_row(user, one, at, batch))
    Quota._default_manager.bulk_update(closed, ["known_to", "closed_by"])
    Standing.objects.filter(quota__in=closed).delete()
    Quota._default_manager.bulk_create(fresh)
    return Written([*now, *fresh], fresh, counts)


def standing_of(wanted: Iterable[Wanted]) -> dict[tuple[str, int, str], Quota]:
    """Return the quotas that stand for the objects and years of some wanted ones."""
    keys = [(one.object_key, one.year) for one in wanted]
    rows = Quota._default_manager.filter(
        known_to=None,
        object_key__in={key for key, _year in keys},
        year__in={year for _key, year in keys},
    )
    return {(one.object_key, one.year, one.measure): one for one in rows}


def change_of(wanted: Wanted, before: Quota | None) -> str:
    """Return added, replaced or unchanged."""
    if before is None:
        return "added"
    same = (
        before.amount == wanted.amount
        and tuple(before.months or ()) == (wanted.months or ())
        and before.document == wanted.document
    )
    return "unchanged" if same else "replaced"


def _row(user: User, one: Wanted, at: datetime, batch: Batch | None) -> Quota:
    thing = one.thing
    return Quota(
        level=one.level,
        object_key=one.object_key,
        organisation=thing if isinstance(thing, Organisation) else None,
        place=thing if isinstance(thing, Place) else None,
        park=thing if isinstance(thing, Park) else None,
        year=one.year,
        measure=one.measure,
        amount=one.amount,
        months=list(one.months) if one.months else None,
        document=one.document,
        remark=one.remark,
        is_demo=bool(batch and batch.is_demo) or bool(getattr(thing, "is_demo", False)),
        entered_by=user,
        batch=batch,
        source_row=one.source_row,
        known_from=at,
    )


def _county(quota: Quota) -> str:
    """Return the county a quota concerns, for its event in the log."""
    if quota.organisation is not None:
        return quota.organisation.place_id or ""
    return quota.place_id or (quota.park.place_id or "" if quota.park else "")


# How they stand


def published() -> Run | None:
    """Return the published run, its lists of findings and tables unread."""
    return Run.objects.filter(published=True).defer("findings", "manifest").first()


def compute_all(user: User, *, request: HttpRequest | None = None) -> int:
    """Work out anew how every quota stands by the published run; return how many.

    Raises
    ------
    PermissionDenied
        If the user may not.
    """
    rights.require(user, "compute", Quota)
    quotas = list(Quota._default_manager.filter(known_to=None))
    with transaction.atomic():
        compute(quotas)
    audit.record("budget.compute", user=user, request=request, quotas=len(quotas))
    return len(quotas)


def compute(quotas: Sequence[Quota]) -> None:
    """Work out how quotas stand after every month that was due, and keep it."""
    run = published()
    last = due.collected_by(run) if run is not None else None
    Standing.objects.filter(quota__in=[one.pk for one in quotas]).delete()
    fresh: list[Standing] = []
    for year in sorted({one.year for one in quotas}):
        own = [one for one in quotas if one.year == year]
        through = due.months_due(year, last)
        if run is None or not through:
            fresh += [Standing(**_copied(one), run=run, month=0, latest=True) for one in own]
        else:
            fresh += _tracked(run, year, through, own)
    Standing.objects.bulk_create(fresh, batch_size=500)


def _tracked(run: Run, year: int, through: int, quotas: Sequence[Quota]) -> list[Standing]:
    """Return the standings of quotas of one year after each of its months."""
    by_key = {(one.object_key, one.measure): one for one in quotas}
    budgets = _frame([row for one in quotas for row in wanted_of(one).rows()])
    used = actual(run, year, quotas)
    found = []
    for month in range(1, through + 1):
        done = budget.track(budgets, used, year=year, through=month)
        keys = ["object", "measure"]
        rows = done.months.filter(pl.col("month") == month).select(*keys, *_OF_MONTH)
        years = done.years.select(
            *keys, *_OF_YEAR, forecast_deviation="deviation", forecast_rate="deviation_rate"
        )
        for row in rows.join(years, on=keys).iter_rows(named=True):
            quota = by_key[row.pop("object"), row.pop("measure")]
            found.append(
                Standing(**_copied(quota), run=run, month=month, latest=month == through, **row)
            )
    return found


def _copied(quota: Quota) -> dict[str, Any]:
    """Return what a standing holds of its quota."""
    return {
        "quota": quota, "year": quota.year, "level": quota.level, "measure": quota.measure,
    }  # fmt: skip


def wanted_of(quota: Quota) -> Wanted:
    """Return a stored quota in the form it was asked for."""
    return Wanted(
        quota.organisation or quota.park or quota.place,
        quota.year,
        quota.measure,
        quota.amount,
        tuple(quota.months) if quota.months else None,
        quota.document,
        quota.remark,
    )


def spread(amounts: Sequence[float | None]) -> tuple[float, ...] | None:
    """Return twelve amounts, None where not one was given.

    Raises
    ------
    DataError
        If some were given and others not.
    """
    given = [one for one in amounts if one is not None]
    if not given:
        return None
    if len(given) < _MONTHS:
        raise DataError(
            [
                Problem(
                    rule="B004",
                    severity="error",
                    message_zh="月度预算须十二个月都填，或都不填",
                    message_en="type all twelve months of a budget or none",
                    column="months",
                )
            ]
        )
    return tuple(given)
