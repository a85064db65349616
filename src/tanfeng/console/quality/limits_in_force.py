"""Which limits of the city hold on a day, as the engine takes them."""

from __future__ import annotations

from datetime import date

from tanfeng.console.quality.models import LimitChange

#: Limits the city may set: the thresholds of C30 and of its checks. Weights, and how the program
#: forecasts and draws, are not among them.
CHANGEABLE = (
    "completeness_min", "connected_min", "monthly_deviation_max", "day_boundary_max",
    "month_boundary_max", "repair_days", "submeter_max", "late_max", "rated_factor",
    "change_factor", "frozen_slots", "residual_sigma", "residual_months_min",
)  # fmt: skip


def rows_on(day: date) -> dict[str, LimitChange]:
    """Return the change that holds on a day, by limit; those not changed are not in it."""
    rows = LimitChange.objects.filter(
        valid_from__lte=day, withdrawn_at=None, rule__in=CHANGEABLE
    ).select_related("created_by")
    return {one.rule: one for one in rows.order_by("valid_from", "pk")}


def changed_on(day: date) -> dict[str, float]:
    """Return the values that hold on a day in place of the shipped ones."""
    return {name: one.value for name, one in rows_on(day).items()}
