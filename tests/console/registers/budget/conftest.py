"""Two enterprises with electricity alone, so that every figure is a product of two numbers.

Enterprise A (county A) used 100 x 10^4 kWh in every month of 2023 and 2024; B (county B) 200 in
every month of 2023 and 220 in January to June of 2024, except May. Calorific: 1.229 tce a
10^4 kWh. The run knows what was known on 31 July 2024: June is the last month due.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tanfeng.console.accounting import figures, frozen
from tanfeng.console.accounting import services as accounting
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core.models import Batch

KNOWN = datetime(2024, 7, 10, 4, 0, tzinfo=UTC)
#: Half a year is collected; A's later months are not there either.
AS_OF = datetime(2024, 7, 31, 4, 0, tzinfo=UTC)
TCE = 1.229


@pytest.fixture(autouse=True)
def _own_runs(settings, tmp_path):
    settings.RUNS = tmp_path / "runs"
    frozen._opened.cache_clear()
    figures._year_figures.cache_clear()


def used(batch, organisation, year, month, amount):
    return EnergyRecord(
        organisation=organisation, year=year, month=month, item_key="electricity",
        purchase_qty=amount, consumption_total_qty=amount, batch=batch,
        source_row=3 + month, known_from=KNOWN,
    )  # fmt: skip


@pytest.fixture
def run(city, org_a, org_b):
    batch = Batch.objects.create(
        form_key="monthly_energy", file_name="月报.xlsx", sha256="0" * 64, size_bytes=1,
        status=Batch.Status.COMMITTED, uploaded_by=city, scope=city.scope_key,
    )  # fmt: skip
    rows = [used(batch, org_a, 2023, month, 100.0) for month in range(1, 13)]
    rows += [used(batch, org_a, 2024, month, 100.0) for month in range(1, 7)]
    rows += [used(batch, org_b, 2023, month, 200.0) for month in range(1, 13)]
    rows += [used(batch, org_b, 2024, month, 220.0) for month in (1, 2, 3, 4, 6)]
    EnergyRecord.objects.bulk_create(rows)
    made = accounting.compute_run(city, years=(2023, 2024), title="t", as_of=AS_OF)
    return accounting.publish_run(city, made)
