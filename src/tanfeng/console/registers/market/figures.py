"""What is kept of every account so that no list computes: emission, forecast, allowance, gap, duty.

Computed when a movement, a unit or a verified emission is written, a method account frozen, a city
run published, or when the city asks; vectorised over the accounts given.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tanfeng.accounting import market
from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.core.models import User
from tanfeng.console.library.services import overrides
from tanfeng.console.registers.market import emissions, ledger
from tanfeng.console.registers.market.emissions import MONTHS
from tanfeng.console.registers.market.models import Facility, Position, Source
from tanfeng.errors import DataError, FactorNotFound, StandardError
from tanfeng.standards import Factor, UnresolvedKeys
from tanfeng.trace import CONFIDENCES

_LOG = logging.getLogger(__name__)
#: What ``refresh`` writes.
FIELDS = (
    "emission_source", "method_run", "run", "months", "known_months", "emission_tco2",
    "forecast_tco2", "forecast_low_tco2", "forecast_high_tco2", "forecast_method",
    "emission_confidence", "allowance_tco2", "allowance_basis", "allowance_confidence",
    "allowance_note", "gap_tco2", "gap_low_tco2", "gap_high_tco2", "missing_t", "held_t",
    "allocated_t", "surrendered_t", "offset_t", "open_t", "is_settled", "due_on", "due_ref",
    "due_confidence", "figured_at",
)  # fmt: skip
#: Stands for the enterprise where no line is listed.
WHOLE = "—"
_NO_UNIT = (
    "还没有填报机组或产线，无法按规则计算配额",
    "no unit is entered yet, so no allowance follows from the rules",
)
_NOT_VERIFIED = (
    "该年度方案按核查的排放量核定配额，核查量尚未录入",
    "the plan of that year grants what is verified, and nothing is verified yet",
)


def refresh(positions: QuerySet[Position] | Iterable[Position]) -> int:
    """Compute the figures of accounts anew and keep them; return how many."""
    chosen = (
        positions.select_related("organisation").prefetch_related("facilities")
        if isinstance(positions, QuerySet)
        else positions
    )
    with transaction.atomic():
        rows = list(chosen)
        if not rows:
            return 0
        _emissions(rows)
        _allowances(rows)
        _ledger(rows)
        _deadlines(rows)
        for one in rows:
            _gap(one)
            one.figured_at = timezone.now()
        # Each row stands already and is written over: one statement for many, where an update of
        # thirty fields would spell out a case for every row and field.
        Position.objects.bulk_create(
            rows, batch_size=200, update_conflicts=True, unique_fields=("id",), update_fields=FIELDS
        )
    return len(rows)


def of(organisation: int) -> QuerySet[Position]:
    """Return the accounts of an enterprise, to be computed anew."""
    return Position.objects.filter(organisation_id=organisation)


def after_method(run: MethodRun) -> None:
    """Compute the accounts a frozen method account speaks of: its year, and the shares of it."""
    _follow(of(run.organisation_id).filter(year__in=(run.year, run.year + 1)))


def after_run(_user: User, _run: Run) -> None:
    """Compute every account from the newly published run."""
    _follow(Position.objects.all())


def _follow(positions: QuerySet[Position]) -> None:
    """Compute accounts after something else was written, which stands whatever happens here."""
    try:
        refresh(positions)
    except Exception:
        _LOG.exception("the accounts of the carbon market were not computed; compute them anew")


def _emissions(rows: Sequence[Position]) -> None:
    """Fill in where the emission comes from, its months, and the forecast of the year."""
    sectors = {one.organisation_id: one.sector for one in rows}
    years = {one.year for one in rows} | {one.year - 1 for one in rows}
    known = emissions.found(sectors, years)
    months = _monthly(known)
    forecasts = {
        (row["org_code"], row["year"]): row
        for year in {one.year for one in rows}
        for row in market.forecast(months, year=year).iter_rows(named=True)
    }
    for one in rows:
        series = known.get((one.organisation_id, one.year), emissions.Series())
        one.emission_source, one.months = series.source, series.months
        one.method_run, one.run = series.method_run, series.run
        one.emission_confidence = series.confidence
        one.known_months = sum(value is not None for value in series.months)
        _foresee(one, series, forecasts.get((str(one.organisation_id), one.year)))


def _foresee(one: Position, series: emissions.Series, forecast: Mapping[str, Any] | None) -> None:
    """Fill in the emission so far and at year end: verified, as one figure, or by months."""
    fixed = one.verified_tco2 if one.verified_tco2 is not None else series.whole
    if fixed is not None:
        one.emission_tco2 = one.forecast_tco2 = fixed
        one.forecast_low_tco2 = one.forecast_high_tco2 = fixed
        one.forecast_method = "whole_year" if one.verified_tco2 is None else "verified"
        if one.verified_tco2 is not None:
            one.emission_source, one.emission_confidence = Source.VERIFIED, ""
        return
    told = forecast or {}
    one.emission_tco2 = told.get("emission_to_date_tco2")
    one.forecast_tco2 = told.get("emission_forecast_tco2")
    one.forecast_low_tco2 = told.get("emission_forecast_low_tco2")
    one.forecast_high_tco2 = told.get("emission_forecast_high_tco2")
    one.forecast_method = told.get("method", "none")


def _monthly(known: Mapping[emissions.Key, emissions.Series]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (str(organisation), year, month, value)
            for (organisation, year), series in known.items()
            for month, value in zip(range(1, MONTHS + 1), series.months, strict=True)
            if value is not None
        ],
        schema={
            "org_code": pl.String(),
            "year": pl.Int32(),
            "month": pl.Int8(),
            "emission_tco2": pl.Float64(),
        },
        orient="row",
    )


def facility_rows(one: Position) -> list[dict[str, Any]]:
    """Return the units of an account as the engine takes them.

    Outside of power a plan that grants what is verified needs no list of lines: the enterprise
    itself stands for them.
    """
    known = list(one.facilities.all())
    if not known and one.sector != "power" and one.verified_tco2 is not None:
        whole = Facility(unit=WHOLE, facility_class="all", verified_tco2=one.verified_tco2)
        known = [whole]
    return [facility_row(one, unit) for unit in known]


def facility_row(one: Position, unit: Facility) -> dict[str, Any]:
    """Return a unit with the columns of ``market.FACILITY_SCHEMA``."""
    known = {"org_code": one.organisation.credit_code, "year": one.year, "sector": one.sector}
    own = {
        name: getattr(unit, name) if getattr(unit, name) != "" else None
        for name in market.FACILITY_SCHEMA
        if name not in known
    }
    return {**known, **own}


def computed(rows: Sequence[dict[str, Any]]) -> market.Allowances:
    """Return the allowance of units by the plans of their year.

    Raises
    ------
    DataError
        If a unit lacks what its plan asks for.
    StandardError
        If the standards have no plan for it.
    """
    table = pl.DataFrame(list(rows), schema=dict(market.FACILITY_SCHEMA), orient="row")
    return market.allowance(table, overrides=overrides())


def _allowances(rows: Sequence[Position]) -> None:
    """Fill in the allowance by the rules; all accounts of a sector, year and class set at once."""
    groups: dict[tuple[Any, ...], list[tuple[Position, list[dict[str, Any]]]]] = {}
    for one in rows:
        one.allowance_tco2, one.allowance_confidence, one.allowance_note = None, "", []
        units = facility_rows(one)
        if units:
            classes = tuple(sorted({unit["facility_class"] for unit in units}))
            groups.setdefault((one.sector, one.year, classes), []).append((one, units))
        else:
            reason = _NO_UNIT if one.sector == "power" else _NOT_VERIFIED
            one.allowance_note = list(reason)
    for members in groups.values():
        try:
            _grant(members)
        except (DataError, StandardError):
            # One of them cannot be computed: each by itself tells which, and why.
            for member in members:
                _grant_alone(member)


def _grant_alone(member: tuple[Position, list[dict[str, Any]]]) -> None:
    try:
        _grant([member])
    except (DataError, StandardError) as error:
        member[0].facilities.update(allowance_tco2=None)
        member[0].allowance_note = _reason(error)


def _reason(error: DataError | StandardError) -> list[str]:
    """Return why there is no allowance, in Chinese and English, in a sentence each."""
    if isinstance(error, DataError):
        return [
            "；".join(one.message_zh for one in error.problems),
            "; ".join(one.message_en for one in error.problems),
        ]
    if not isinstance(error, UnresolvedKeys):
        return [error.message("zh"), error.message("en")]
    rows = ", ".join(f"{one.table}/{one.key.get('id', '')}" for one in error.errors)
    return [
        f"标准表没有该年度的分配方案，缺 {rows}；不沿用其他年度",
        f"the standards have no plan of that year: {rows} is missing; no other year is taken",
    ]


def _grant(members: Sequence[tuple[Position, list[dict[str, Any]]]]) -> None:
    units = [unit for _one, mine in members for unit in mine]
    answer = computed(units)
    values = answer.facilities["allowance_tco2"].to_list()
    marks = answer.lines.select(pl.col("activity_id"), pl.col("confidence").cast(pl.String)).rows()
    first, kept = 0, []
    for one, mine in members:
        own = values[first : first + len(mine)]
        used = [mark for number, mark in marks if first < number <= first + len(mine)]
        one.allowance_tco2 = float(sum(own))
        one.allowance_confidence = max(used, key=CONFIDENCES.index, default="")
        for unit, value in zip(one.facilities.all(), own, strict=False):
            unit.allowance_tco2 = value
            kept.append(unit)
        first += len(mine)
    Facility.objects.bulk_update(kept, ["allowance_tco2"], batch_size=500)


def _ledger(rows: Sequence[Position]) -> None:
    """Fill in what is granted, held, surrendered and still open."""
    movements = ledger.frame(ledger.standing({one.organisation_id for one in rows}))
    held = {
        (row["org_code"], row["vintage"]): row
        for row in market.balance(movements).iter_rows(named=True)
    }
    owners = {one.organisation_id: one for one in rows}
    every = Position.objects.filter(organisation_id__in=owners).select_related("organisation")
    settled = market.settle(movements, ledger.duties(every), overrides=overrides())
    done = {(row["org_code"], row["compliance_year"]): row for row in settled.iter_rows(named=True)}
    for one in rows:
        key = (one.organisation.credit_code, one.year)
        own, paid = held.get(key, {}), done.get(key, {})
        one.held_t = own.get("balance_t", 0.0)
        one.allocated_t = own.get("allocated_t", 0.0)
        one.surrendered_t, one.offset_t = paid.get("surrendered_t", 0.0), paid.get("offset_t", 0.0)
        one.open_t, one.is_settled = paid.get("open_t"), paid.get("is_met", False)


def _deadlines(rows: Sequence[Position]) -> None:
    """Fill in the deadline of the standards, else what the city entered."""
    known: dict[tuple[str, int], Factor | None] = {}
    for one in rows:
        key = (one.sector, one.year)
        if key not in known:
            known[key] = _deadline(*key)
        found = known[key]
        if found is None:
            one.due_on, one.due_ref = one.stated_due_on, ""
            one.due_confidence = "override" if one.stated_due_on else ""
        else:
            one.due_on = date.fromisoformat(found.text)
            one.due_ref, one.due_confidence = found.ref, found.confidence


def _deadline(sector: str, year: int) -> Factor | None:
    try:
        return market.deadline(sector, year)
    except FactorNotFound:
        return None


def _gap(one: Position) -> None:
    """Fill in what will be missing: emission of the year less the allowance of the year."""
    one.allowance_basis = "rule" if one.allowance_tco2 is not None else ""
    if one.allowance_tco2 is None and one.allocated_t > 0:
        one.allowance_tco2, one.allowance_basis = one.allocated_t, "allocated"
    granted = one.allowance_tco2
    for end in ("", "_low", "_high"):
        emission = getattr(one, f"forecast{end}_tco2")
        missing = emission is None or granted is None
        setattr(one, f"gap{end}_tco2", None if missing else emission - granted)
    one.missing_t = None
    if one.gap_tco2 is not None:
        # What is held and surrendered beyond what was issued was bought or carried in.
        moved = one.held_t + one.surrendered_t - one.allocated_t
        one.missing_t = one.gap_tco2 - moved - one.offset_t
