"""Documents: the replaced ones of the requirements, names of the tables, and what rests on them."""

from __future__ import annotations

from datetime import date

import pytest

from tanfeng.console.core.models import AuditEvent
from tanfeng.console.library import catalogue, links, services, tables
from tanfeng.console.library.models import Document, State
from tanfeng.console.library.views import documents as views

pytestmark = pytest.mark.django_db

#: Requirements 8.2: old, new, last day of the old one, first day it is gone.
REPLACED = [
    ("GB/T 36132-2018", "GB/T 36132-2025", date(2025, 12, 30), date(2025, 12, 31)),
    ("GB 17167-2006", "GB 17167-2025", date(2026, 1, 31), date(2026, 2, 1)),
    ("HJ 212-2017", "HJ 212-2025", date(2025, 12, 31), date(2026, 1, 1)),
    (
        "project-energy-review-2023",
        "project-energy-review-2025",
        date(2025, 12, 30),
        date(2025, 12, 31),
    ),
    ("electricity-factors-2022", "公告2025年第47号", date(2026, 1, 30), date(2026, 1, 31)),
]


@pytest.mark.parametrize(("old", "new", "before", "after"), REPLACED)
def test_a_document_is_replaced_on_its_day(old, new, before, after):
    document = Document.objects.get(key=old)
    assert document.replaced_by.key == new
    assert document.state(before) != State.REPLACED
    assert document.state(after) == State.REPLACED
    assert document.replaced_by.state(date(2026, 3, 1)) == State.IN_FORCE
    assert document.verified


def test_the_steel_measure_is_suspended_not_replaced():
    document = Document.objects.get(key="工信部原〔2021〕46号")
    assert document.state(date(2024, 8, 22)) == State.IN_FORCE
    assert document.state(date(2024, 8, 23)) == State.SUSPENDED
    assert document.replaced_by is None


def test_the_battery_list_ends_and_is_to_be_verified():
    document = Document.objects.get(key="battery-second-use-list")
    assert document.state(date(2026, 7, 29)) == State.UNKNOWN
    assert document.state(date(2026, 7, 30)) == State.REPEALED
    assert not document.verified


def test_a_coming_standard():
    document = Document.objects.get(key="GB 17167-2025")
    assert document.state(date(2026, 1, 31)) == State.COMING
    assert document.state(date(2026, 2, 1)) == State.IN_FORCE


def test_a_newer_edition_ends_the_older_one_the_day_it_comes():
    old, new = (Document.objects.get(key=f"GB 20052-{year}") for year in (2020, 2024))
    assert old.replaced_by == new
    assert (old.valid_to, new.valid_from) == ("2025-02-01", "2025-02-01")
    assert not old.verified


def test_periods_of_data_are_no_dates_of_a_document():
    document = Document.objects.get(key="国环规气候〔2023〕1号")
    assert document.valid_from == ""
    assert document.state() == State.UNKNOWN


def test_every_name_of_the_tables_is_one_document():
    names = [name for document in Document.objects.all() for name in document.names]
    assert len(names) == len(set(names))
    assert set(tables.resting()) <= set(names)
    listed = {name for entry in catalogue.shipped() for name in entry.names}
    assert set(tables.resting()) <= listed, "give the new document both titles in the list"


def test_every_document_has_both_titles():
    for entry in catalogue.shipped():
        assert entry.title_zh
        assert entry.title_en
        assert not any("\u4e00" <= char <= "\u9fff" for char in entry.title_en), entry.key


def test_successors_exist_and_make_no_circle():
    for document in Document.objects.exclude(replaced_by=None):
        seen = {document.pk}
        while document.replaced_by:
            document = document.replaced_by
            assert document.pk not in seen
            seen.add(document.pk)


def test_a_name_the_list_lacks_becomes_a_document(monkeypatch):
    extra = {"GB 99999-2030 未来标准": {"fuels": 1}, "some new study": {"fuels": 2}}
    counts = {**tables.resting(), **extra}
    monkeypatch.setattr(tables, "resting", lambda: counts)
    catalogue.entries.cache_clear()
    try:
        found = {entry.key: entry for entry in catalogue.entries()}
    finally:
        monkeypatch.undo()
        catalogue.forget()
    standard = found["GB 99999-2030 未来标准"]
    assert (standard.number, standard.title_zh, standard.kind) == (
        "GB 99999-2030",
        "未来标准",
        "standard",
    )
    assert found["some new study"].kind == "study"


def test_a_changed_list_is_noticed(monkeypatch):
    shipped = catalogue._file
    monkeypatch.setattr(
        catalogue,
        "_file",
        lambda name: shipped(name).replace(b"2026-02-01", b"2027-02-01"),
    )
    with pytest.raises(catalogue.StandardError, match="not the file its sidecar describes"):
        catalogue.shipped.__wrapped__()


def test_loading_again_changes_nothing():
    number = Document.objects.count()
    assert services.load_documents() == services.Loaded(0, 0, number)
    assert not AuditEvent.objects.exists()


def test_a_changed_record_is_brought_back(city):
    Document.objects.filter(key="GB 17167-2006").update(valid_to="", replaced_by=None)
    assert services.load_documents(city).changed == 1
    document = Document.objects.get(key="GB 17167-2006")
    assert (document.valid_to, document.replaced_by.key) == ("2026-02-01", "GB 17167-2025")
    assert AuditEvent.objects.get().action == "library.load"


def test_rules_resting_on_a_replaced_document():
    day = date(2026, 11, 22)
    found = views.entries(Document.objects.select_related("replaced_by"), day)
    warned = {one.document.key: one.rows for one in found if one.is_gone and one.resting}
    # GB 20052-2020 carries 296 + 432 transformer rows, the factors of 2022 are 40 rows,
    # the suspended steel measure 10, GB/T 2589-2008 four.
    assert warned["GB 20052-2020"] == 728
    assert warned["electricity-factors-2022"] == 40
    assert warned["工信部原〔2021〕46号"] == 10
    assert warned["GB/T 2589-2008"] == 4
    assert "GB 20052-2024" not in warned
    # Thirteen kinds of energy at three levels.
    assert warned["GB 17167-2006"] == 39


def test_from_a_factor_to_its_document():
    assert links.document_for("GB/T 2589-2020 综合能耗计算通则").key == "GB/T 2589-2020"
    assert links.document_for("nobody knows this") is None
    assert links.row_url("fuels/a b") == "/standards/fuels/a%20b/"


def test_short_names():
    name = "GB 20052-2024 电力变压器能效限定值及能效等级"
    assert catalogue.short(name, "zh") == "GB 20052-2024"
    study = "MIDDEN"
    assert catalogue.short(study, "en").startswith("MIDDEN database")
    assert catalogue.short("nobody knows this", "zh") == "nobody knows this"
