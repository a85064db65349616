"""A kept forecast of an enterprise and an anomaly, as the night would leave them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tanfeng.console.forecast.models import Anomaly, Forecast

COMPUTED = datetime(2026, 3, 20, 19, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 20, 16, tzinfo=UTC)  # 21 March in Fuzhou


def forecast_of(organisation, amount=1000.0, words="", **changes):
    """Return a forecast and an anomaly; a day of hours, the last of them tomorrow's."""
    start = [(MIDNIGHT + timedelta(hours=hour)).isoformat() for hour in range(48)]
    row = {
        "item_key": "electricity", "unit": "kWh", "state": "model", "days_known": 100,
        "known_to": date(2026, 3, 20), "computed_at": COMPUTED, "version": "1",
        "month": "2026-03", "so_far": amount, "gaps": 0.0, "rest": 300.0, "total": amount + 300,
        "low": amount + 200, "high": amount + 400, "month_basis": "model", "days_left": 11,
        "hours_missing": 0, "last_month": 1000.0, "last_month_known": 1.0, "odd": 1,
        "peak_at": MIDNIGHT + timedelta(hours=30), "peak": 9.5, "peak_low": 8.0, "peak_high": 11.0,
        "hours": {
            "start": start, "actual": [None] * 48,
            **{name: [5.0] * 48 for name in ("naive", "usual", "forecast")},
            "low": [4.0] * 48, "high": [6.0] * 48,
        },
        "errors": [
            {"method": name, "n": 672, "mae": mae, "bias": 0.1, "wape": mae / 10, "skill": 0.2,
             "coverage": 0.8 if name == "forecast" else None}
            for name, mae in (("naive", 2.0), ("usual", 1.5), ("forecast", 1.2))
        ],
        "wape": 0.12, "naive_wape": 0.2,
    }  # fmt: skip
    made = Forecast.objects.create(organisation=organisation, **{**row, **changes})
    odd = Anomaly.objects.create(
        organisation=organisation, item_key="electricity", unit="kWh",
        start=MIDNIGHT - timedelta(hours=20), end=MIDNIGHT - timedelta(hours=16), hours=4,
        amount=amount, usual=100.0, excess=amount - 100, ratio=amount / 100, sigmas=9.0,
        is_high=True, reason_zh=f"{words}凌晨用能是平日的 10 倍", reason_en=f"{words} ten times",
        found_at=COMPUTED,
    )  # fmt: skip
    return {"forecast": made, "anomaly": odd}
