"""A city of two firms and two years, small enough to be added up by hand.

Firm A (county A) buys 10 000 kWh-tens: each month of 2023 and 2024 it uses 100 x 10^4 kWh of bought
electricity; in 2024 it also burns 50 t of diesel in January. Firm B (county B) burns 1 000 t of
coke in every month of 2024 except June, and nothing is known of it in 2023.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tanfeng.console.accounting import figures, frozen, services
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core.models import Batch, Subject

KNOWN = datetime(2025, 2, 1, 4, 0, tzinfo=UTC)
AS_OF = datetime(2025, 3, 31, 4, 0, tzinfo=UTC)
COLUMNS = {
    "opening_stock_qty": "E",
    "purchase_qty": "F",
    "consumption_total_qty": "H",
    "closing_stock_qty": "L",
}


@pytest.fixture(autouse=True)
def _own_runs(settings, tmp_path):
    """Every test has its own folder of runs; nothing of another stays in memory."""
    settings.RUNS = tmp_path / "runs"
    frozen._opened.cache_clear()
    figures._year_figures.cache_clear()


def make_batch(user, organisation, name="monthly.xlsx"):
    batch = Batch.objects.create(
        form_key="monthly_energy",
        file_name=name,
        sha256="0" * 64,
        size_bytes=1,
        sheet="能源",
        columns=COLUMNS,
        status=Batch.Status.COMMITTED,
        uploaded_by=user,
        committed_by=user,
        committed_at=KNOWN,
        scope=user.scope_key,
    )
    Subject.objects.create(batch=batch, org_code=organisation.credit_code)
    return batch


def electricity(batch, organisation, year, month, used, row, **more):
    return EnergyRecord(
        organisation=organisation,
        year=year,
        month=month,
        item_key="electricity",
        purchase_qty=used,
        consumption_total_qty=used,
        tier="measured",
        batch=batch,
        source_row=row,
        known_from=more.pop("known_from", KNOWN),
        **more,
    )


def fuel(batch, organisation, year, month, item, used, row, **more):
    return EnergyRecord(
        organisation=organisation,
        year=year,
        month=month,
        item_key=item,
        opening_stock_qty=more.pop("opening", 0.0),
        purchase_qty=used,
        consumption_total_qty=used,
        closing_stock_qty=more.pop("closing", 0.0),
        batch=batch,
        source_row=row,
        known_from=more.pop("known_from", KNOWN),
        **more,
    )


@pytest.fixture
def batch_a(city, org_a):
    return make_batch(city, org_a, "甲-2024.xlsx")


@pytest.fixture
def batch_b(city, org_b):
    return make_batch(city, org_b, "乙-2024.xlsx")


@pytest.fixture
def records(batch_a, batch_b, org_a, org_b):
    rows = [
        electricity(batch_a, org_a, year, month, 100.0, 3 + month + 12 * (year - 2023))
        for year in (2023, 2024)
        for month in range(1, 13)
    ]
    rows.append(fuel(batch_a, org_a, 2024, 1, "diesel", 50.0, 40))
    rows += [
        fuel(batch_b, org_b, 2024, month, "coke", 1000.0, 3 + month)
        for month in range(1, 13)
        if month != 6
    ]
    return EnergyRecord.objects.bulk_create(rows)


@pytest.fixture
def run(city, records):
    """The published run of both years."""
    made = services.compute_run(city, years=(2023, 2024), title="Test run", as_of=AS_OF)
    return services.publish_run(city, made)
