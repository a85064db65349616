"""The sides of a reconciliation: an account, a run's statistics, monthly filings, the meters.

Nothing here asks for rights: pages get the account through ``rights``, which does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import polars as pl

from tanfeng import standards
from tanfeng.accounting import Account, reconcile
from tanfeng.accounting.methods import METHODS
from tanfeng.accounting.reconcile import View
from tanfeng.console.accounting import frozen, method_files
from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.registers.mrv.models import MonthlyFiling
from tanfeng.console.registers.reconciliation import metered
from tanfeng.errors import ModelError

#: Guidelines whose fuel names the statistics can be brought to, the first on a tie.
_GUIDELINES = ("NDRC-GENERAL-2015", "GBT-32151-2015", "CETS-2024", "ETS-POWER")
#: Parameter of the filings -> scope and item here.
_FILED: Mapping[str, tuple[str, str]] = {
    "coke_use_t": ("direct", "coke"),
    "gas_use_1e4m3": ("direct", "natural_gas"),
    "limestone_t": ("direct", "limestone"),
    "electricity_mwh": ("electricity", "electricity"),
    "heat_gj": ("heat", "heat"),
}
#: The one parameter of all coal, which is one of these fuels where an account burns one of them.
_COAL = "coal_use_t"
_COALS = frozenset(
    {"anthracite", "bituminous", "lignite", "washed_coal", "other_washed", "gangue", "slime"}
)
_MONTHS = range(1, 13)


@dataclass(frozen=True, slots=True)
class Sides:
    """What is known of an enterprise and year, and what it differs by.

    Parameters
    ----------
    views : mapping of str to View
        ``market``, and ``statistics``, ``filings`` and ``meters`` where there are any.
    table : polars.DataFrame
        Result of :func:`tanfeng.accounting.reconcile.reconcile`; no rows with one side alone.
    meters : Metered or None
        What the meters knew, item by item; None where they were not asked.
    """

    views: Mapping[str, View]
    table: pl.DataFrame
    meters: metered.Metered | None = None


def of(account: MethodRun, run: Run | None, *, with_meters: bool = True) -> Sides:
    """Return the sides of an account by a sector method; the account is what others are set to.

    What a list keeps needs no meters: their figures may still move.

    Parameters
    ----------
    account : MethodRun
        The account.
    run : Run or None
        Frozen run of the statistics; None when none is published.

    Raises
    ------
    ModelError
        If this version does not know the method of the account.
    """
    if account.method_key not in METHODS:
        raise ModelError(
            f"this version has no method {account.method_key}",
            f"本版本没有方法 {account.method_key}",
        )
    base = _base(account)
    meters = (
        metered.of(account.organisation.credit_code, account.year, names(account.method_key))
        if with_meters
        else None
    )
    others = (
        _statistics(account, run) if run else None,
        _filings(account, base),
        metered.beside(meters.view, base) if meters is not None and meters.view else None,
    )
    views = {one.key: one for one in (base, *others) if one is not None}
    table = (
        reconcile.reconcile(list(views.values()), base=base.key)
        if len(views) > 1
        else pl.DataFrame()
    )
    return Sides(views, table, meters)


@lru_cache(maxsize=64)
def names(method_key: str) -> Mapping[str, str]:
    """Return the name of every item of the statistics among the materials of a method."""
    own = {item.key for stream in METHODS[method_key].streams for item in stream.items}
    fits = {one: len(own & set(reconcile.names_of(one).values())) for one in _GUIDELINES}
    return reconcile.names_of(max(_GUIDELINES, key=lambda one: fits[one]))


@lru_cache(maxsize=32)
def _base(account: MethodRun) -> View:
    """Return the side of an account; it stays in memory, which is safe as it never changes."""
    method = METHODS[account.method_key]
    view = reconcile.method_view(method_files.opened(account).account, [method])
    return view if method.market else replace(view, name_zh="行业方法", name_en="sector method")


@lru_cache(maxsize=32)
def _statistics(account: MethodRun, run: Run) -> View | None:
    """Return the side of a run's statistics; both are frozen, so it stays in memory as well."""
    files = frozen.opened(run)
    own = (pl.col("org_code") == account.organisation.credit_code) & (
        pl.col("year") == account.year
    )
    lines, gaps = files.lines.filter(own).collect(), files.gaps.filter(own)
    if lines.is_empty() and gaps.is_empty():
        return None
    statistics = Account(lines, files.factors, gaps, files.notes, {}, "")
    return reconcile.statistics_view(statistics, names=names(account.method_key))


def _filings(account: MethodRun, base: View) -> View | None:
    """Return the amounts filed month by month; a month not filed leaves the year without a sum."""
    rows = MonthlyFiling.objects.filter(
        organisation=account.organisation_id, report__year=account.year, known_to=None
    ).values_list("month", "parameter", "value", "unit")
    filed: dict[str, dict[int, tuple[float, str]]] = {}
    for month, parameter, value, unit in rows:
        filed.setdefault(parameter, {})[month] = (value, unit)
    burned = _COALS & set(base.rows.filter(pl.col("scope") == "direct")["item"])
    known = dict(_FILED)
    if len(burned) == 1:
        known[_COAL] = ("direct", min(burned))
    readings: list[dict[str, Any]] = [
        {
            "org_code": account.organisation.credit_code,
            "year": account.year,
            "scope": known[parameter][0],
            "item": known[parameter][1],
            "unit": months[month][1] if month in months else "",
            "quantity": months[month][0] if month in months else None,
        }
        for parameter, months in filed.items()
        if parameter in known
        for month in _MONTHS
    ]
    if not readings:
        return None
    frame = pl.DataFrame(
        readings,
        schema={
            "org_code": pl.String, "year": pl.Int32, "scope": pl.String, "item": pl.String,
            "unit": pl.String, "quantity": pl.Float64,
        },
    )  # fmt: skip
    view = reconcile.meter_view(frame, key="filings", names=("月度存证", "monthly filings"))
    whole = pl.when(pl.col("missing_rows") == 0).then(pl.col("activity"))
    return replace(
        view,
        # What was never filed is not in the enterprise's plan: its boundary, not a gap.
        items=frozenset(one["item"] for one in readings),
        rows=view.rows.with_columns(activity=whole),
    )


@lru_cache(maxsize=64)
def item_names(method_key: str) -> Mapping[str, tuple[str, str]]:
    """Return the Chinese and English name of every item two sides may hold."""
    found = {
        key: (zh, en)
        for key, zh, en in standards.load("energy_items")
        .select("item_key", "name_zh", "name_en")
        .iter_rows()
    }
    for stream in METHODS[method_key].streams:
        for item in stream.items:
            found[item.key] = (item.name_zh, item.name_en)
    return found
