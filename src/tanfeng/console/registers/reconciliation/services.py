"""Compute what accounts differ by, and keep it: the city for all, an account as it is made."""

from __future__ import annotations

import math
from collections.abc import Callable

import polars as pl
from django.db import transaction
from django.http import HttpRequest

from tanfeng.accounting import reconcile
from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.registers.reconciliation import sides
from tanfeng.console.registers.reconciliation.models import Reconciliation
from tanfeng.errors import ModelError


def published() -> Run | None:
    """Return the published run."""
    return Run.objects.filter(published=True).first()


def keep(account: MethodRun) -> None:
    """Keep what an account that has just been made differs by from the published run."""
    run = published()
    with transaction.atomic():
        Reconciliation.objects.filter(
            organisation=account.organisation_id,
            year=account.year,
            method_run__method_key=account.method_key,
        ).update(current=False)
        if run is not None:
            _kept(account, run)


def compute_all(
    user: User,
    *,
    progress: Callable[[int, str], None] | None = None,
    request: HttpRequest | None = None,
) -> int:
    """Compare every standing account with the published run; return how many.

    Raises
    ------
    PermissionDenied
        If the user may not.
    """
    rights.require(user, "compute", Reconciliation)
    run = published()
    accounts = list(
        MethodRun.objects.filter(replaced_by=None).select_related("organisation").order_by("number")
    )
    with transaction.atomic():
        Reconciliation.objects.filter(current=True).update(current=False)
        for done, account in enumerate(accounts if run else [], start=1):
            if run is not None:
                _kept(account, run)
            if progress is not None:
                progress(100 * done // len(accounts), account.organisation.name)
    audit.record(
        "reconciliation.compute", user=user, request=request,
        accounts=len(accounts), run=run.number if run else None,
    )  # fmt: skip
    return len(accounts)


def _kept(account: MethodRun, run: Run) -> None:
    """Write the row of an account and a run, or mark the one there is as current."""
    try:
        found = sides.of(account, run, with_meters=False)
    except (ModelError, OSError):
        # Its method is not in this version, or its files are gone, which its own page tells: the
        # other accounts are compared all the same.
        return
    figures = figures_of(found)
    Reconciliation.objects.update_or_create(
        method_run=account,
        run=run,
        defaults={
            "organisation": account.organisation,
            "year": account.year,
            "current": True,
            "base_tco2": account.emission_total_tco2e,
            **figures,
        },
    )


def figures_of(found: sides.Sides) -> dict[str, float | int | None]:
    """Return the sums a row keeps, the statistics against the account; empty without statistics."""
    if "statistics" not in found.views:
        return {}
    table = found.table.filter(pl.col("view") == "statistics")
    causes = {f"{cause}_tco2": float(table[f"{cause}_tco2"].sum()) for cause in reconcile.CAUSES}
    sizes = table.select(pl.sum_horizontal(pl.col("activity_tco2", "missing_tco2").abs())).sum()
    known = table["emission_tco2"].drop_nulls()
    return {
        **causes,
        "statistics_tco2": float(known.sum()) if len(known) else None,
        "difference_tco2": math.fsum(causes.values()),
        "to_clarify_tco2": float(sizes.item()),
        "unvalued_rows": int((~table["is_valued"]).sum()),
    }
