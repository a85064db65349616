"""The kept reading of an upload is replaced whole, whatever happens meanwhile."""

from __future__ import annotations

import polars as pl
import pytest

from form_files import energy, workbook
from tanfeng.console.core import imports, uploads
from tanfeng.console.core.models import Batch
from tanfeng.console.core.parsed import Parsed

A, B = "91359999MADEM00015", "91359999MADEM00028"


@pytest.fixture
def batch(firm_a, org_a):
    rows = [energy(A, "2024-01", 120.0), energy(B, "2024-02", 130.0)]
    return imports.upload(firm_a, workbook("monthly_energy", rows), "a.xlsx")


def test_a_page_that_is_being_built_sees_one_reading_to_its_end(batch, firm_a):
    page = Parsed(batch)
    assert page.meta["form"] == "monthly_energy"
    uploads.examine(batch, firm_a)
    assert page.frame.height == 1
    assert Parsed(batch).folder != page.folder


def test_readings_do_not_pile_up(batch, firm_a):
    for _time in range(4):
        uploads.examine(batch, firm_a)
    kept = [one.name for one in Parsed(batch).root.iterdir()]
    # The one that counts, the one before, and the file that says which.
    assert len(kept) == 3
    assert Parsed(batch).folder.name in kept


def test_a_process_that_dies_while_it_writes_leaves_the_reading_before(batch, firm_a, monkeypatch):
    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    before = Parsed(batch).meta
    monkeypatch.setattr(pl.DataFrame, "write_parquet", die)
    with pytest.raises(KeyboardInterrupt):
        uploads.examine(batch, firm_a)
    monkeypatch.undo()
    kept = Parsed(batch)
    assert kept
    assert kept.meta == before
    assert kept.frame.height == 1
    assert Batch.objects.get().rows_good == 1


def test_what_is_dropped_is_gone(batch):
    kept = Parsed(batch)
    assert kept
    kept.drop()
    assert not kept
    assert not Parsed(batch)
    assert not kept.root.exists()
