"""A small city in the database: marked, complete, and every planted fault found by the product."""

import csv
import io
import json
import pickle
import shutil
import sqlite3
import stat
from contextlib import closing, contextmanager
from datetime import date, datetime
from types import SimpleNamespace

import polars as pl
import pytest
from django.apps import apps
from django.conf import global_settings, settings
from django.contrib.auth import authenticate
from django.db import connection
from django.db.models import CharField, Max
from django.db.models.functions import Length
from django.test import override_settings

import migrated
from demo_home import built_once
from tanfeng.console.accounting import figures, uncertainty
from tanfeng.console.accounting.models import EnergyRecord, MethodRun, OutputRecord, Run
from tanfeng.console.archive.models import Assignment, Membership, Organisation, Park, Place, Plant
from tanfeng.console.closing.models import CloseLine, MonthClose
from tanfeng.console.core import audit, rights, storage
from tanfeng.console.core.models import Batch, Role, User
from tanfeng.console.registers.budget.models import Quota, Standing
from tanfeng.console.registers.reconciliation.models import Reconciliation
from tanfeng.demo import build
from tanfeng.demo._tables import table
from tanfeng.periods import LOCAL

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker, tmp_path_factory):
    """Put the database of the small city in the place of the empty one, for this file."""
    folder = built_once(tmp_path_factory)
    home = shutil.copytree(folder, tmp_path_factory.mktemp("demo") / "city") / "home"
    with django_db_blocker.unblock():
        done, said = pickle.loads((folder / "built").read_bytes())
        apart = override_settings(
            RUNS=home / "runs", UPLOADS=home / "uploads", METERING=home / "metering"
        )
        with apart, _instead(home / "tanfeng.sqlite3"):
            yield SimpleNamespace(
                **{name: getattr(done, name) for name in done.__slots__},
                whole=done,
                home=home,
                said=said,
            )


@contextmanager
def _instead(database):
    connection.ensure_connection()
    with closing(sqlite3.connect(database)) as kept:
        kept.backup(connection.connection)
    yield
    with closing(sqlite3.connect(migrated.database())) as kept:
        kept.backup(connection.connection)


def _faults(built, where):
    kinds = table("faults").filter(pl.col("where") == where)
    return [
        {**fault, "found_by": kind["found_by"]}
        for kind in kinds.iter_rows(named=True)
        for fault in built.faults.filter(pl.col("fault") == kind["fault"]).to_dicts()
    ]


def test_everything_is_marked_as_demonstration_data(built):
    assert Organisation.objects.count() == 20
    assert not Organisation.objects.filter(is_demo=False).exists()
    assert not Batch.objects.filter(is_demo=False).exists()
    assert not Run.objects.filter(is_demo=False).exists()
    assert set(Organisation.objects.values_list("name", flat=True)) == set(built.city.firms["name"])


def test_quotas_are_invented_and_say_so(built):
    quotas = list(Quota.objects.all())
    assert {one.level for one in quotas} == {"city", "county", "enterprise"}
    assert all(one.is_demo and "虚构" in one.document for one in quotas)
    assert all(
        sum(one.months) == pytest.approx(one.amount) and min(one.months) > 0
        for one in quotas
        if one.months
    )
    latest = Standing.objects.filter(latest=True)
    assert latest.count() == len(quotas)
    assert set(latest.values_list("month", flat=True)) == {12}
    assert not latest.filter(status="no_data").exists()


def test_a_steelworks_has_an_account_with_differences_to_explain(built):
    (run,) = MethodRun.objects.filter(method_key="gb_t_32151_5_2015")
    assert run.is_demo
    assert run.emission_total_tco2e > 0
    panel = uncertainty.panel(run)
    assert panel["stated"] >= 1
    assert panel["without"], "not everything is stated"
    kept = Reconciliation.objects.get(current=True, method_run=run)
    assert kept.to_clarify_tco2 > 0


def test_the_registers_are_filled(built):
    assert Place.objects.count() == 13
    assert Place.objects.get(code="3501HT").official_code is False
    assert Park.objects.count() == table("parks").height
    assert Plant.objects.count() == table("plants_fuzhou").height
    assert all("CC BY 4.0" in text for text in Plant.objects.values_list("source", flat=True))
    assert Membership.objects.exists()


def test_every_reported_row_is_there_and_says_when_it_became_known(built):
    planted = built.city.planted
    current = EnergyRecord.objects.current().count()
    assert current == planted.energy.height + planted.late.height
    closed = EnergyRecord.objects.exclude(known_to=None)
    # What a month close wrote holds in the place of what was reported.
    written = CloseLine.objects.exclude(closed_qty=None).count()
    assert written == 1
    assert closed.count() == planted.corrections.height + written
    assert OutputRecord.objects.current().count() == planted.output.height
    first = EnergyRecord.objects.filter(year=2021).order_by("known_from").first()
    assert first.known_from.astimezone(LOCAL).date() >= date(2022, 1, 12)


def test_a_record_leads_to_its_cell(built):
    # A month close is an upload of its own, of a workbook.
    records = (
        EnergyRecord.objects.exclude(consumption_total_qty=None)
        .exclude(batch__in=MonthClose.objects.values("batch"))
        .select_related("batch")
    )
    for record in records.order_by("-id")[:50:10]:
        text = storage.load(record.batch.sha256).decode("utf-8-sig")
        cells = list(csv.reader(io.StringIO(text)))[record.source_row - 1]
        column = ord(record.batch.columns["consumption_total_qty"]) - ord("A")
        assert float(cells[column]) == record.consumption_total_qty


def test_one_account_of_every_role_signs_in(built, rf, settings):
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # the city was not built by tests
    assert {account.role for account in built.accounts} == set(Role.values)
    for account in built.accounts:
        user = authenticate(rf.post("/"), username=account.username, password=account.password)
        assert user is not None
        assert not user.must_change_password
        assert "演示" in user.display_name
    verifier = User.objects.get(role=Role.VERIFIER)
    assert Assignment.objects.filter(verifier=verifier).exists()
    for user in User.objects.filter(role__in=[Role.COUNTY, Role.PARK, Role.ENTERPRISE]):
        assert rights.visible(user, Organisation).exists()


def test_the_accounts_file_is_for_the_owner_alone(built):
    path = built.home / "demo-accounts.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = json.loads(path.read_text(encoding="utf-8"))
    assert {one["username"] for one in listed} == {one.username for one in built.accounts}
    assert len({one["password"] for one in listed}) == len(listed)


def test_two_runs_the_later_one_published(built):
    older, newer = built.runs
    assert newer.published
    assert not Run.objects.get(pk=older.pk).published
    assert (older.first_year, older.last_year) == (2021, 2021)
    assert (newer.first_year, newer.last_year) == (2021, 2022)
    assert newer.line_count > older.line_count > 0
    assert datetime(2022, 1, 31, tzinfo=LOCAL).date() == older.as_of.astimezone(LOCAL).date()


def test_corrections_and_late_months_separate_the_runs(built):
    city = User.objects.get(username="city")
    total = {
        run.number: figures.overview_data(city, year=2021, run=run).headline["energy_calorific_tce"]
        for run in built.runs
    }
    assert total[1] != total[2]


def test_faults_of_reported_files_are_found_where_they_stand(built):
    for fault in _faults(built, "committed"):
        if fault["found_by"][0].islower():
            continue
        batch = Batch.objects.get(file_name=fault["file"])
        found = {(problem["rule"], problem["row"]) for problem in batch.problems}
        assert (fault["found_by"], fault["row"]) in found, fault


def test_faults_a_file_cannot_show_are_findings_of_the_run(built):
    codes = {finding["code"] for finding in built.runs[-1].findings}
    for fault in _faults(built, "committed"):
        if fault["found_by"][0].islower() and fault["found_by"] != "coverage":
            assert fault["found_by"] in codes, fault


def test_missing_months_lower_the_coverage(built):
    gone = [f for f in _faults(built, "committed") if f["fault"] == "missing_months"]
    months = {(fault["org_code"], fault["year"], fault["month"]) for fault in gone}
    coverage = pl.read_parquet(settings.RUNS / str(built.runs[-1].number) / "coverage.parquet")
    for code, year, _month in months:
        row = coverage.row(
            by_predicate=(pl.col("org_code") == code) & (pl.col("year") == year), named=True
        )
        missing = sum((c, y) == (code, year) for c, y, _m in months)
        assert row["months_expected"] - row["months_reported"] == missing


def test_workbooks_wait_with_their_faults_named(built):
    for where, status in (("preview", "preview"), ("refused", "refused")):
        for fault in _faults(built, where):
            batch = Batch.objects.get(file_name=fault["file"])
            assert batch.status == status
            found = {(problem["rule"], problem["row"] or 0) for problem in batch.problems}
            if fault["fault"] == "unknown_firm":
                # The officer's door says it first: not among the enterprises that may be told of.
                assert ("D001", fault["row"]) in found
            else:
                assert (fault["found_by"], fault["row"]) in found, fault


def test_one_workbook_waits_without_a_mistake(built):
    clean = Batch.objects.filter(status="preview", errors=0, warnings=0)
    assert clean.count() == 1
    assert clean.get().rows_good > 0


def test_every_kind_of_fault_is_planted_and_listed(built):
    listed = pl.read_csv(built.home / "demo-faults.csv", infer_schema_length=None)
    assert set(listed["fault"]) == set(table("faults")["fault"])


def test_the_audit_chain_holds(built):
    report = audit.verify()
    assert report.intact
    assert report.events > len(built.accounts)


def test_progress_goes_forward_in_two_languages(built):
    shares = [share for share, _zh, _en in built.said]
    assert shares == sorted(shares)
    assert all(zh and en for _share, zh, en in built.said)


def test_the_summary_has_every_sector(built):
    assert len(build.sectors(built.whole, english=True)) == 8
    names = [name for name, _emission, _count in build.sectors(built.whole, english=False)]
    assert names[0] == "钢铁"
    assert sum(count for _name, _emission, count in build.sectors(built.whole, english=True)) == 20


def test_a_database_with_accounts_is_in_use(built):
    assert build.database_in_use()


def test_every_text_fits_its_column(built):
    # SQLite takes any length; PostgreSQL does not.
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            limit = field.max_length if isinstance(field, CharField) else None
            if limit:
                longest = model.objects.aggregate(longest=Max(Length(field.name)))["longest"]
                assert (longest or 0) <= limit, f"{model.__name__}.{field.name}"
