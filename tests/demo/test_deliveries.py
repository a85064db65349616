"""The files of the story are what their rows say: the product's own reader gives them back."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tanfeng import sheets
from tanfeng.demo.deliveries import deliveries

TODAY = date(2026, 2, 1)


@pytest.fixture(scope="module")
def queue(full_city):
    return list(deliveries(full_city))


def test_years_come_by_county_and_the_last_year_by_month(queue):
    energy = [one for one in queue if one.form_key == "monthly_energy" and one.place_code]
    # 13 areas x 4 years + 13 areas x 12 months = 52 + 156.
    assert len(energy) == 208
    assert queue[0].form_key == "enterprise_archive"


def test_nothing_arrives_before_its_period_is_over(queue):
    for one in queue[1:]:
        last = one.frame.select(pl.col("year").max(), pl.col("month").max()).row(0)
        assert (one.arrived.year, one.arrived.month) > last


def test_every_row_is_delivered_once(queue, full_city):
    planted = full_city.planted
    for key, frames in (
        ("monthly_energy", (planted.energy, planted.late, planted.corrections)),
        ("product_output", (planted.output,)),
    ):
        sent = sum(one.frame.height for one in queue if one.form_key == key)
        assert sent == sum(frame.height for frame in frames)


@pytest.mark.parametrize("form_key", ["monthly_energy", "product_output", "enterprise_archive"])
def test_the_reader_finds_the_rows_where_the_batch_says(queue, full_city, form_key):
    faulty = {fault["org_code"] for fault in full_city.planted.faults}
    for one in [one for one in queue if one.form_key == form_key][:5]:
        read = sheets.read(
            one.content(),
            one.file_name,
            today=TODAY,
            form=form_key,
            places={"高新区": "3501HT"},
        )
        assert {c.field: c.letter for c in read.columns} == one.columns
        clean = ~pl.col("credit_code").is_in(pl.Series(sorted(faulty)).implode())
        shared = [name for name in one.frame.columns if name not in ("place_code", "park")]
        assert_frame_equal(
            read.frame.filter(clean).select(shared), one.frame.filter(clean).select(shared)
        )


def test_clean_files_read_without_a_warning(queue, full_city):
    faulty = {fault["org_code"] for fault in full_city.planted.faults}
    for one in queue[1:40:6]:
        if faulty & set(one.frame["credit_code"]):
            continue
        read = sheets.read(one.content(), one.file_name, today=TODAY, form=one.form_key)
        assert read.errors == 0
        # Small vehicle quantities may repeat by chance (E022); nothing else may warn.
        assert {p.rule for p in read.problems if p.severity == "warning"} <= {"E022"}
