"""The demonstration's closed month: a meter that follows what was reported, December closed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tanfeng.console.accounting.models import EnergyRecord, MethodRun
from tanfeng.console.closing import figures
from tanfeng.console.closing.figures import Month, Typed
from tanfeng.console.closing.models import MonthClose
from tanfeng.console.core.models import Batch
from tanfeng.demo import closing as demo
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 1, 20, 9, 7, tzinfo=LOCAL)


@pytest.fixture
def accounted(city, org_b):
    MethodRun.objects.create(
        number=1, organisation=org_b, method_key="gb_t_32151_5_2015", year=2023,
        as_of=date(2024, 1, 31), file_name="乙.xlsx", sha256="0" * 64, created_by=city,
    )  # fmt: skip
    batch = Batch.objects.create(
        form_key="monthly_energy", file_name="乙.xlsx", sha256="0" * 64, size_bytes=1,
        status=Batch.Status.COMMITTED, uploaded_by=city, scope=city.scope_key,
    )  # fmt: skip
    EnergyRecord.objects.bulk_create(
        EnergyRecord(
            organisation=org_b, year=2023, month=month, item_key="electricity", batch=batch,
            purchase_qty=1000.0, consumption_total_qty=1000.0, source_row=2 + month,
            known_from=datetime(2024, 1, 10, tzinfo=UTC),
        )
        for month in range(1, 13)
    )  # fmt: skip
    return org_b


def test_december_is_closed_and_november_waits_above_the_limit(
    accounted, city, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert demo.write(city, 7, 2023, NOW) == 1
    close = MonthClose.objects.get()
    assert (close.period, close.batch.is_demo) == ("2023-12", True)
    # 1 000 x 1.006 (10^4 kWh), to what the register shows.
    assert close.lines.get().deviation == pytest.approx(0.006, abs=1e-4)
    (line,) = figures.lines(accounted, Month(2023, 11))
    november = figures.change(line, Typed(), Month(2023, 11), {})
    assert (november.is_over, november.deviation) == (True, pytest.approx(-0.07, abs=1e-4))


def test_without_an_account_there_is_nothing_to_close(city):
    assert demo.write(city, 7, 2023, NOW) == 0
