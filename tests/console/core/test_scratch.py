"""Work in a copy of the database, thrown away afterwards."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from form_files import book, credit_code, energy, workbook
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core import books, imports, scratch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.of_sqlite]


def test_what_is_written_in_the_copy_is_gone_with_it(county_a):
    before = list(Place.objects.order_by("code").values_list("code", "name_zh"))
    own = connection.connection
    with scratch.copied():
        assert connection.connection is not own
        assert list(Place.objects.order_by("code").values_list("code", "name_zh")) == before
        Place.objects.update(name_zh="改")
        with transaction.atomic():
            assert set(Place.objects.values_list("name_zh", flat=True)) == {"改"}
    assert connection.connection is own
    assert list(Place.objects.order_by("code").values_list("code", "name_zh")) == before


def test_an_error_gives_the_database_back(county_a):
    own = connection.connection
    with pytest.raises(ZeroDivisionError), scratch.copied():
        _ = 1 // 0
    assert connection.connection is own
    assert Place.objects.exists()


def test_inside_a_transaction_the_others_wait_already():
    assert scratch.makes_others_wait()
    with transaction.atomic():
        assert not scratch.makes_others_wait()


def test_a_long_book_is_checked_as_a_short_one_is(city, org_a, monkeypatch):
    """A new enterprise the archive of the book brings, and one nobody knows."""
    new, unknown = credit_code(7), credit_code(8)
    archive = {
        "credit_code": new, "org_name": "演示新公司", "industry_code": "3011",
        "place_code": org_a.place_id,
    }  # fmt: skip
    pages = (
        ("1月", workbook("monthly_energy", [energy(new, "2024-01", 100.0)])),
        ("2月", workbook("monthly_energy", [energy(unknown, "2024-02", 100.0)])),
        ("档案", workbook("enterprise_archive", [archive])),
    )
    content, found = book(*pages), []
    for rows in (books.IN_PLACE_ROWS, 0):
        monkeypatch.setattr(books, "IN_PLACE_ROWS", rows)
        batch = imports.upload(city, content, "a.xlsx")
        sheets = [(one.sheet, one.rows_good, one.problems) for one in batch.sheets.all()]
        found.append((batch.rows_good, batch.errors, batch.problems, sheets))
        assert not Organisation.objects.filter(credit_code=new).exists()
        imports.discard(city, batch)
    assert found[0] == found[1]
    assert found[0][:2] == (2, 1)
