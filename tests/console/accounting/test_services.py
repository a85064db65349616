"""A run is the sum of its lines, frozen, published once, and whole or not there at all."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from django.core.exceptions import PermissionDenied

from console.accounting.conftest import AS_OF, KNOWN, electricity, make_batch
from tanfeng.accounting import FORMULAS, headline
from tanfeng.console.accounting import compare, figures, frozen, measures, services
from tanfeng.console.accounting.models import EnergyRecord, Run, Total
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.library.models import FactorOverride
from tanfeng.errors import ModelError
from tanfeng.trace import check_lines

#: 12 months x 100 x 10^4 kWh.
YEAR_KWH_1E4 = 1200.0
#: tce per 10^4 kWh, calorific.
K_ELECTRICITY = 1.229


def _total(run, org, year, month=0):
    return Total.objects.get(run=run, organisation=org, year=year, month=month)


def _factor(run, year, basis="average"):
    return figures.electricity_factor(run, year, basis)["value"]


def test_totals_are_what_the_hand_gets(run, org_a, org_b):
    # 2023, firm A: 1200 x 1.229 = 1474.8 tce. CO2: 1200 x 10^4 kWh x 0.4092 kg/kWh / 1000, because
    # on 31 March 2025 Fujian's factor of 2022 is the newest that was published.
    a = _total(run, org_a, 2023)
    assert a.energy_calorific_tce == pytest.approx(YEAR_KWH_1E4 * K_ELECTRICITY)
    assert a.emission_electricity_average_tco2 == pytest.approx(12_000 * 0.4092)
    assert _factor(run, 2023) == 0.4092
    assert a.emission_total_tco2 == pytest.approx(12_000 * 0.4092)
    # It burned nothing that year: no line speaks of fuel, and that is not zero.
    assert a.emission_fuel_tco2 is None
    assert a.emission_heat_tco2 is None
    # 2024, firm A: 50 t of diesel on top, 50 x 1.4571 = 72.855 tce.
    a = _total(run, org_a, 2024)
    assert a.energy_calorific_tce == pytest.approx(YEAR_KWH_1E4 * K_ELECTRICITY + 72.855)
    # Firm B: 11 months x 1000 t x 0.9714 = 10685.4 tce.
    b = _total(run, org_b, 2024)
    assert b.energy_calorific_tce == pytest.approx(11 * 1000 * 0.9714)
    assert b.emission_electricity_average_tco2 is None
    # Measured electricity, reported fuel.
    assert a.measured_tce == pytest.approx(1474.8)
    assert a.reported_tce == pytest.approx(72.855)
    assert a.estimated_tce == pytest.approx(0)


def test_months_add_up_to_the_year(run, org_a):
    months = Total.objects.filter(run=run, organisation=org_a, year=2024, month__gt=0)
    assert months.count() == 12
    year = _total(run, org_a, 2024)
    assert sum(m.energy_equivalent_tce for m in months) == pytest.approx(year.energy_equivalent_tce)
    january = months.get(month=1)
    assert january.energy_calorific_tce == pytest.approx(122.9 + 72.855)


def test_completeness_counts_the_months_due(run, org_a, org_b):
    assert (_total(run, org_a, 2024).months_reported, _total(run, org_a, 2024).months_expected) == (
        12,
        12,
    )
    b = _total(run, org_b, 2024)
    assert (b.months_reported, b.months_expected) == (11, 12)
    # Firm B's first record is of 2024, so 2023 was not due; the row says so and holds no figure.
    b = _total(run, org_b, 2023)
    assert (b.months_reported, b.months_expected) == (0, 0)
    assert b.energy_calorific_tce is None


def test_every_line_holds_and_lies_where_its_number_says(run):
    files = frozen.opened(run)
    lines = files.lines.collect()
    assert check_lines(lines, files.factors, FORMULAS).is_empty()
    assert lines["line"].to_list() == list(range(1, lines.height + 1))
    assert lines["org_code"].is_sorted()
    assert run.line_count == lines.height
    assert set(lines["activity_id"]) == set(EnergyRecord.objects.values_list("pk", flat=True))


def test_measures_are_the_engine_s_headline(run):
    wide = frozen.opened(run).years
    quantities = [q for q in measures.QUANTITIES if wide[q].null_count() < wide.height]
    long = wide.unpivot(on=quantities, index=["org_code", "year"], variable_name="quantity")
    parts = [pl.col("value").alias(n) for n in ("measured", "reported", "estimated", "unverified")]
    long = long.with_columns(*parts, missing_rows=pl.lit(0), lines=pl.lit(1)).drop_nulls("value")
    for basis in measures.BASES:
        theirs = headline(long, basis=basis).sort("org_code", "year")
        ours = (
            wide.filter(pl.any_horizontal(pl.col(quantities).is_not_null()))
            .select("org_code", "year", *(measures.expression(m, basis) for m in measures.MEASURES))
            .sort("org_code", "year")
        )
        for key in measures.MEASURES:
            assert ours[key].to_list() == pytest.approx(theirs[key].to_list()), (basis, key)


def test_manifest_names_everything_the_run_rests_on(run):
    assert set(run.manifest["files"]) == {f"{name}.parquet" for name in frozen.FILES}
    assert run.manifest["records"] == 36
    assert len(run.manifest["activity_digest"]) == 64
    assert run.manifest["options"]["region"] == "CN-FJ"
    assert frozen.broken_files(run) == []
    assert (frozen.folder_of(run) / "manifest.json").is_file()


def test_same_records_give_the_same_run(run, city):
    again = services.compute_run(city, years=(2023, 2024), title="Again", as_of=AS_OF)
    assert again.number == run.number + 1
    assert again.manifest["activity_digest"] == run.manifest["activity_digest"]
    assert again.manifest["files"] == run.manifest["files"]


def test_as_known_on_an_earlier_day_leaves_later_records_out(run, city, org_a):
    batch = make_batch(city, org_a, "correction.xlsx")
    later = AS_OF + timedelta(days=10)
    old = EnergyRecord.objects.get(organisation=org_a, year=2024, month=3)
    EnergyRecord.objects.filter(pk=old.pk).update(known_to=later)
    electricity(batch, org_a, 2024, 3, 150.0, 9, known_from=later).save()
    before = services.compute_run(city, years=(2023, 2024), title="Before", as_of=AS_OF)
    after = services.compute_run(
        city, years=(2023, 2024), title="After", as_of=later + timedelta(days=1)
    )
    assert before.manifest["activity_digest"] == run.manifest["activity_digest"]
    # The old run does not move; the new one holds 50 x 10^4 kWh more.
    assert _total(run, org_a, 2024).energy_calorific_tce == pytest.approx(1474.8 + 72.855)
    more = _total(after, org_a, 2024).energy_calorific_tce
    assert more - _total(run, org_a, 2024).energy_calorific_tce == pytest.approx(50 * 1.229)
    found = compare.between(city, run, after, "energy_calorific_tce")
    assert found.total["activity"] == pytest.approx(50 * 1.229)
    assert found.total["factor"] == pytest.approx(0)
    assert found.total["boundary"] == pytest.approx(0)
    assert found.total["difference"] == pytest.approx(50 * 1.229)
    assert [row["name"] for row in found.by_org] == [org_a.name]


def test_publishing_moves_the_mark_and_nothing_else(run, city):
    again = services.compute_run(city, years=(2023, 2024), title="Again", as_of=AS_OF)
    assert figures.published_run() == run
    services.publish_run(city, again)
    assert list(Run.objects.filter(published=True)) == [again]
    assert AuditEvent.objects.filter(action="run.publish").count() == 2


def test_a_run_whose_files_were_changed_is_not_published(run, city):
    again = services.compute_run(city, years=(2023, 2024), title="Again", as_of=AS_OF)
    path = frozen.folder_of(again) / "coverage.parquet"
    pl.read_parquet(path).with_columns(months_reported=pl.lit(12)).write_parquet(path)
    with pytest.raises(ModelError, match=r"coverage\.parquet"):
        services.publish_run(city, again)
    assert figures.published_run() == run


@pytest.mark.parametrize("stop", [20, 55, 90])
def test_cancelling_leaves_nothing_behind(city, records, settings, stop):
    def progress(percent, _text):
        if percent >= stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.compute_run(city, years=(2023, 2024), title="x", as_of=AS_OF, progress=progress)
    assert not Run.objects.exists()
    assert not Total.objects.exists()
    assert not settings.RUNS.exists() or not list(settings.RUNS.iterdir())


def test_failing_while_saving_takes_the_folder_away(city, records, settings, monkeypatch):
    def broken(*_args):
        raise RuntimeError("disk full")

    monkeypatch.setattr(services, "_insert_totals", broken)
    with pytest.raises(RuntimeError):
        services.compute_run(city, years=(2023, 2024), title="x", as_of=AS_OF)
    assert not Run.objects.exists()
    assert not list(settings.RUNS.iterdir())


def test_no_records_is_an_error_that_says_what_to_do(city):
    with pytest.raises(ModelError, match="2023"):
        services.compute_run(city, years=(2023,), title="x", as_of=AS_OF)


@pytest.mark.parametrize(
    ("years", "options"), [((), {}), ((2021, 2023), {}), ((1800,), {}), ((2023,), {"speed": 1})]
)
def test_wrong_use_is_refused(city, records, years, options):
    with pytest.raises(ModelError):
        services.compute_run(city, years=years, title="x", as_of=AS_OF, options=options)


def test_only_the_city_computes_and_publishes(subtests, request, run):
    for who in ("county_officer_a", "park_user", "firm_a", "verifier", "admin_user"):
        with subtests.test(who):
            user = request.getfixturevalue(who)
            with pytest.raises(PermissionDenied):
                services.compute_run(user, years=(2023,), title="x", as_of=AS_OF)
            with pytest.raises(PermissionDenied):
                services.publish_run(user, run)


def test_rows_without_a_factor_are_findings_with_firm_and_record(city, records, batch_a, org_a):
    row = electricity(batch_a, org_a, 2024, 2, 5.0, 60)
    row.item_key = "other_fuel"
    row.save()
    run = services.compute_run(city, years=(2023, 2024), title="x", as_of=AS_OF)
    notes = figures.findings(city, run)
    found = notes.filter(pl.col("code") == "fuel_factor_missing").to_dicts()
    assert [(n["org_code"], n["activity_id"], n["month"]) for n in found] == [
        (org_a.credit_code, row.pk, 2)
    ]
    assert found[0]["severity"] == "error"
    assert run.findings[0]["severity"] == "error"


def test_stock_that_does_not_close_is_found(city, records, org_b):
    # 0 + 1000 - 1000 - 0 = 0, but 80 t are said to be left: 8 % of consumption.
    row = EnergyRecord.objects.get(organisation=org_b, month=3)
    EnergyRecord.objects.filter(pk=row.pk).update(closing_stock_qty=80.0)
    run = services.compute_run(city, years=(2023, 2024), title="x", as_of=AS_OF)
    notes = figures.findings(city, run).filter(pl.col("code") == "stock_open")
    assert notes["activity_id"].to_list() == [row.pk]
    assert "8.0%" in notes["text_zh"][0]


def test_verified_values_of_the_city_win_and_are_named(city, records, org_a):
    ref = services.compute_run(city, years=(2023,), title="x", as_of=AS_OF)
    shipped = figures.electricity_factor(ref, 2023, "average")
    table, _slash, row_id = shipped["ref"].partition("/")
    made = FactorOverride.objects.create(
        table=table,
        row_id=row_id,
        value=0.4,
        unit=shipped["unit"],
        document="市核定〔2025〕1号",
        verified_on=KNOWN.date(),
        created_by=city,
    )
    FactorOverride.objects.filter(pk=made.pk).update(created_at=KNOWN)
    run = services.compute_run(city, years=(2023,), title="x", as_of=AS_OF)
    assert figures.electricity_factor(run, 2023, "average")["value"] == 0.4
    assert _total(run, org_a, 2023).emission_electricity_average_tco2 == pytest.approx(12_000 * 0.4)
    factors = frozen.opened(run).factors.filter(pl.col("override") != "")
    assert "市核定〔2025〕1号" in factors["override"][0]
    found = compare.between(city, ref, run, "emission_total_tco2")
    # 12 000 x (0.4 - 0.4092) t, all of it by the factor.
    assert found.total["factor"] == pytest.approx(12_000 * (0.4 - 0.4092))
    assert found.total["activity"] == pytest.approx(0)
