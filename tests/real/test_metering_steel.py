"""A steel works' year of meter readings through the derivation, whole and with faults laid on.

The data lies beside the project and is read in place (UCI data set 851, CC BY 4.0): 35,040
interval amounts of 2018. As a register with faults its energy is known to the reading.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metering.energy_kit import energy, point, readings
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.real

START = datetime(2018, 1, 1, tzinfo=LOCAL)
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def amounts(shared: Path) -> np.ndarray:
    """Energy of each quarter hour of the year, in the order of the file. [kWh]"""
    raw = pl.read_csv(
        shared / "data" / "steel_gwangyang_2018" / "Steel_industry_data.csv.gz", infer_schema=False
    )
    assert raw.height == 35_040
    return raw["Usage_kWh"].cast(pl.Float64).to_numpy()


def at(n: int) -> datetime:
    return START + QUARTER * n


def register(amounts: np.ndarray) -> list[float]:
    """Return the register the amounts make, with two decimals as the data has."""
    return [0.0, *np.round(np.cumsum(amounts), 2)]


def test_the_year_as_interval_amounts(amounts, tell):
    rows = [(at(n + 1), value) for n, value in enumerate(amounts)]
    days = energy(readings(rows), point(kind="amount"), by="day")
    quarters = energy(readings(rows), point(kind="amount"), by="15min")
    refused = quarters.filter(pl.col("rule") == "refused")
    tell(f"year {quarters['amount'].sum():,.2f} kWh, refused {refused['start'].to_list()}")
    # The one all-zero row (2018-11-07, the interval that ends at midnight) is no energy of zero
    lone = int(np.flatnonzero(amounts == 0)[0])
    assert refused["start"].to_list() == [at(lone)]
    assert quarters["amount"].sum() == pytest.approx(amounts.sum(), rel=1e-12)
    assert days.height == 365
    assert days.filter(pl.col("quality") != "measured").height == 1


def test_the_year_as_a_register_is_the_year(amounts):
    rows = [(at(n), value) for n, value in enumerate(register(amounts))]
    found = energy(readings(rows), point(), by="hour")
    truth = np.round(amounts, 2).reshape(-1, 4).sum(axis=1)
    assert found["amount"].to_numpy() == pytest.approx(truth, abs=1e-6)
    assert set(found["quality"]) == {"measured"}


def test_faults_of_the_field_cost_no_energy(amounts, tell):
    values: list[float | None] = list(register(amounts))
    gaps = [range(5000 + 900 * n, 5024 + 900 * n) for n in range(30)]  # thirty of six hours
    for gap in gaps:
        for n in gap:
            values[n] = None
    for n in range(700, 34_000, 1111):  # thirty spikes, and as many zeros beside
        values[n] = (values[n] or 0.0) + 5000
        values[n + 40] = 0.0 if values[n + 40] is not None else None
    for n in range(20_001, 20_012):
        values[n] = values[20_000]  # frozen for three hours
    rows = [(at(n), value) for n, value in enumerate(values) if value is not None]
    found = energy(readings(rows), point(), by="hour")
    truth = amounts.reshape(-1, 4).sum(axis=1)
    off = np.abs(found["amount"].to_numpy() - truth) > 1e-6
    tell(
        f"{off.sum()} of {len(truth)} hours differ, all flagged; in them the shape is off by "
        f"{np.abs(found['amount'].to_numpy() - truth)[off].mean():.1f} kWh of "
        f"{truth[off].mean():.1f}"
    )
    assert found["amount"].sum() == pytest.approx(amounts.sum(), abs=1e-6)
    assert set(found.filter(pl.Series(off))["quality"]) == {"estimated"}
    lost = [n // 4 for gap in gaps for n in gap]
    assert set(found[sorted(set(lost))]["quality"]) == {"estimated"}
