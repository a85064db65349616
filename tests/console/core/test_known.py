"""Adding, closing and bringing back facts with two times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tanfeng.console.accounting.importers import ENERGY
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import known
from tanfeng.console.core.models import Batch
from tanfeng.errors import ModelError

START = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def register(city, org_a):
    """Return a small world: ``put`` commits values by month, ``undo`` takes a batch back."""

    class World:
        days = 0

        def now(self):
            World.days += 1
            return START + timedelta(days=World.days)

        def put(self, values, source_row=5, at=None):
            batch = Batch.objects.create(
                file_name="f",
                size_bytes=0,
                uploaded_by=city,
                form_key="monthly_energy",
                status=Batch.Status.COMMITTED,
            )
            rows = pl.DataFrame(
                [
                    {
                        "source_row": source_row + month,
                        "organisation_id": org_a.pk,
                        "year": 2024,
                        "month": month,
                        "item_key": "electricity",
                        "consumption_total_qty": value,
                    }
                    for month, value in values.items()
                ]
            )
            missing = {
                name: dtype for name, dtype in ENERGY.schema.items() if name not in rows.columns
            }
            rows = rows.with_columns(
                [pl.lit(None, dtype=dtype).alias(name) for name, dtype in missing.items()]
            ).with_columns(tier=pl.lit("reported"), remark=pl.lit(""))
            holding = known.current(ENERGY, [org_a.pk], (2024, 2024))
            difference = known.compare(ENERGY, rows, holding)
            self.told = known.write(ENERGY, difference, batch, at or self.now())
            return batch

        def undo(self, batch):
            told = known.undo(ENERGY, batch, self.now())
            batch.status = Batch.Status.UNDONE
            batch.save()
            return told

        @property
        def holds(self):
            rows = EnergyRecord.objects.current().order_by("month")
            return dict(rows.values_list("month", "consumption_total_qty"))

    return World()


def test_the_same_rows_again_change_nothing(register):
    register.put({1: 10.0, 2: None})
    assert register.told == {"added": 2, "replaced": 0, "unchanged": 0}
    register.put({1: 10.0, 2: None})
    assert register.told == {"added": 0, "replaced": 0, "unchanged": 2}
    assert EnergyRecord.objects.count() == 2


def test_a_correction_closes_the_old_row_and_adds_a_new_one(register):
    first = register.put({1: 10.0, 2: 20.0})
    second = register.put({1: 11.0})
    assert register.told == {"added": 0, "replaced": 1, "unchanged": 0}
    old = EnergyRecord.objects.get(month=1, known_to__isnull=False)
    new = EnergyRecord.objects.get(month=1, known_to__isnull=True)
    assert (old.consumption_total_qty, old.batch, old.closed_by) == (10.0, first, second)
    assert (new.consumption_total_qty, new.batch, new.closed_by) == (11.0, second, None)
    assert old.known_to == new.known_from
    assert new.source_row == 6
    before = EnergyRecord.objects.as_known_on(new.known_from - timedelta(seconds=1))
    assert before.get(month=1).consumption_total_qty == 10.0
    assert EnergyRecord.objects.as_known_on(new.known_from).get(month=1) == new


def test_undo_brings_back_what_was_replaced_as_a_new_row(register):
    first = register.put({1: 10.0}, source_row=7)
    second = register.put({1: 11.0, 2: 20.0})
    assert register.undo(second) == {"closed": 2, "restored": 1, "superseded": 0}
    assert register.holds == {1: 10.0}
    again = EnergyRecord.objects.current().get()
    assert (again.batch, again.source_row) == (first, 8)
    assert EnergyRecord.objects.count() == 4  # 10, 11, 20 and the 10 that came back


def test_undo_leaves_what_a_later_batch_replaced(register):
    first = register.put({1: 10.0, 2: 20.0})
    register.put({1: 12.0})
    assert register.undo(first) == {"closed": 1, "restored": 0, "superseded": 1}
    assert register.holds == {1: 12.0}


def test_undoing_over_an_undone_batch_goes_back_to_what_that_one_had_replaced(register):
    register.put({1: 10.0})
    second = register.put({1: 11.0})
    third = register.put({1: 12.0})
    assert register.undo(second) == {"closed": 0, "restored": 0, "superseded": 1}
    assert register.undo(third) == {"closed": 1, "restored": 1, "superseded": 0}
    assert register.holds == {1: 10.0}


def test_undoing_everything_leaves_nothing(register):
    batches = [register.put({1: value}) for value in (10.0, 11.0, 12.0)]
    for batch in batches:  # oldest first, the awkward order
        register.undo(batch)
    assert register.holds == {}


def test_undo_in_reverse_order_walks_back_step_by_step(register):
    batches = [register.put({1: value, 2: value}) for value in (10.0, 11.0, 12.0)]
    for batch, expected in zip(reversed(batches), (11.0, 10.0, None), strict=True):
        register.undo(batch)
        assert register.holds == ({1: expected, 2: expected} if expected else {})


def test_what_came_back_can_be_replaced_and_come_back_again(register):
    register.put({1: 10.0})
    register.undo(register.put({1: 11.0}))
    fourth = register.put({1: 13.0})
    assert register.undo(fourth)["restored"] == 1
    assert register.holds == {1: 10.0}


def test_a_correction_cannot_be_older_than_what_it_corrects(register):
    register.put({1: 10.0})
    with pytest.raises(ModelError, match="older than what it corrects"):
        register.put({1: 11.0}, at=START)
    register.put({1: 10.0, 2: 5.0}, at=START)  # nothing is corrected: fine
    assert register.holds == {1: 10.0, 2: 5.0}


def test_rows_that_end_without_a_successor(register, city):
    register.put({1: 10.0})
    row = EnergyRecord.objects.get()
    batch = Batch.objects.create(file_name="g", size_bytes=0, uploaded_by=city)
    holding = known.current(ENERGY, [row.organisation_id], (2024, 2024))
    nothing = known.compare(
        ENERGY, holding.head(0).select(*ENERGY.schema, source_row="id"), holding
    )
    known.write(ENERGY, nothing, batch, register.now(), also_close=[row.pk])
    assert register.holds == {}
    assert register.undo(batch) == {"closed": 0, "restored": 1, "superseded": 0}
    assert register.holds == {1: 10.0}


def test_what_ended_and_was_told_anew_does_not_come_back(register, city):
    register.put({1: 10.0})
    row = EnergyRecord.objects.get()
    batch = Batch.objects.create(file_name="g", size_bytes=0, uploaded_by=city)
    known.close(EnergyRecord, [row.pk], batch, register.now())
    register.put({1: 15.0})
    assert register.undo(batch) == {"closed": 0, "restored": 0, "superseded": 0}
    assert register.holds == {1: 15.0}


def test_more_rows_than_one_statement_takes(register, org_a, monkeypatch):
    monkeypatch.setattr(known, "CHUNK", 2)
    monkeypatch.setattr(known, "ROWS", 5)
    register.put({month: float(month) for month in range(1, 13)})
    second = register.put({month: month + 0.5 for month in range(1, 13)})
    assert register.told["replaced"] == 12
    assert register.undo(second) == {"closed": 12, "restored": 12, "superseded": 0}
    assert register.holds == {month: float(month) for month in range(1, 13)}
