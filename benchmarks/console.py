"""CPU time per page of the console on a generated city of a stated size.

The city is built in a folder of its own: organisations in 13 counties and 8 sectors, one monthly
record of electricity and, for every fifth, one of coal; one computed and published run. Every page
is asked for by Django's test client as a city officer; what is printed is the median CPU time of
the process over the requests after two to warm up, templates and middleware included, and the
least, which other work on the machine disturbs less.

Run with ``python benchmarks/console.py [--organisations 3000] [--more 97000]``; or, for the lists
of the registers, ``python benchmarks/console.py --home HOME [--years 2] [--bare 0]`` with a home
that ``tanfeng demo`` has made: a copy of it is measured, as city and as officer of a county, after
every enterprise has been given carbon years of three parameters with their months filed, and so
many years before with nothing filed.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

YEARS = range(2021, 2026)
ROUNDS = 15
#: Page -> limit on CPU time, empty where none is set. [ms]
PAGES = {
    "/": 60,
    "/?year=2023&boundary=direct": 60,
    "/?map=change&basis=fossil": 60,
    "/enterprises/": 25,
    "/enterprises/?sector=steel&completeness=gaps": None,
    "/enterprises/?sort=name": 25,
    "/enterprises/?page=60": 25,
    "/enterprises/?q=0123": None,
    "/enterprises/{code}/": None,
    "/inventory/": None,
    "/inventory/?rows=place": None,
    "/inventory/?rows=item": None,
    "/trace/?year=2024": None,
    "/trace/?org={code}&year=2024": None,
    "/trace/1/1/": None,
    "/runs/": None,
    "/runs/1/": None,
    "/runs/1/findings/": None,
    "/api/v1/breakdown?by=sector": None,
    "/api/v1/charts/sector": None,
    "/api/v1/organisations": None,
}
LIST_PAGES = {
    "/enterprises/": 25,
    "/enterprises/?sort=name": 25,
    "/enterprises/?sort=emission_tco2": None,
    "/enterprises/?page=2000": None,
    "/enterprises/?place=350103": 25,
    "/enterprises/?q=01234": 50,
    "/search/?q=01234": 50,
    "/search/?q=nobody": 50,
}
#: The same, of the registers, as city and as an officer of the county with most enterprises.
REGISTER_PAGES = {
    "/enterprises/": 25,
    "/mrv/": 25,
    "/mrv/?sort=name": 25,
    "/mrv/?sort=-open_findings": 25,
    "/mrv/?open=1": 25,
    "/mrv/?page=80": None,
    "/mrv/selection/": 35,
    "/budget/": 25,
    "/budget/?sort=name": None,
    "/budget/?level=enterprise": 25,
    "/market/": None,
    "/reconciliation/": None,
    "/methods/": None,
}


def main() -> int:
    """Build the city, measure the pages, print the table; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--organisations", type=int, default=3000)
    asked.add_argument("--more", type=int, default=97_000, help="organisations without records")
    asked.add_argument("--home", type=Path, help="a home of the demonstration to copy")
    asked.add_argument("--years", type=int, default=2, help="carbon years of each enterprise")
    asked.add_argument("--bare", type=int, default=0, help="carbon years with nothing filed")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="tanfeng-bench-") as home:
        os.environ["TANFENG_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "tanfeng.console.settings"
        if options.home:
            shutil.copytree(options.home, home, dirs_exist_ok=True)
            return _registers(options.years, options.bare)
        return _measured(options.organisations, options.more)


def _measured(organisations: int, more: int) -> int:
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user = _city(organisations)
    records = _records(organisations, user)
    started = time.process_time()
    lines = _run(user)
    print(f"{organisations} organisations, {records} records, {lines} lines, SQLite")
    print(f"compute and publish a run: {time.process_time() - started:.1f} s CPU")
    code = f"9135{0:014d}"
    broken = _table({page.format(code=code): limit for page, limit in PAGES.items()}, user)
    if more:
        _organisations(range(organisations, organisations + more))
        print(f"\nwith {organisations + more} organisations")
        broken += _table(LIST_PAGES, user)
    return 1 if broken else 0


def _registers(years: int, bare: int) -> int:
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.core.management import call_command
    from django.db.models import Count

    from tanfeng.console.archive.models import Organisation
    from tanfeng.console.core.models import Role, User
    from tanfeng.console.registers.budget.models import Standing
    from tanfeng.console.registers.mrv import tallies
    from tanfeng.console.registers.mrv.models import MonthlyFiling, Tally

    call_command("migrate", verbosity=0)
    city = User.objects.create_user("bench", password="benchmark only", role=Role.CITY)
    firms = list(Organisation.objects.order_by("pk"))
    for year in range(2024, 2024 - years - bare, -1):
        _carbon_year(firms, year, city, is_bare=year <= 2024 - years)
    started = time.process_time()
    counted = tallies.settle()
    spent = time.process_time() - started
    print(
        f"{len(firms)} enterprises, {Tally.objects.count()} carbon years, "
        f"{MonthlyFiling.objects.count()} filings, {Standing.objects.count()} standings of quotas"
    )
    print(f"count {counted} carbon years anew: {spent:.1f} s CPU")
    by_place = Organisation.objects.values("place").annotate(n=Count("pk")).order_by("-n")
    county = User.objects.create_user(
        "bench-county", password="benchmark only", role=Role.COUNTY, place_code=by_place[0]["place"]
    )
    broken = 0
    for user, words in ((city, "city"), (county, f"county of {by_place[0]['n']} enterprises")):
        print(f"\nas {words}")
        broken += _table(REGISTER_PAGES, user)
    return 1 if broken else 0


def _carbon_year(firms, year: int, user, *, is_bare: bool) -> None:
    """Give every enterprise a carbon year with a plan, months filed and, for some, a finding."""
    from django.utils import timezone

    from tanfeng.console.registers.mrv.models import (
        EmissionReport,
        Finding,
        MonthlyFiling,
        PlanItem,
        QualityPlan,
        Tally,
    )

    now = timezone.now()
    begun = EmissionReport.objects.filter(year=year).values_list("organisation", flat=True)
    firms = [one for one in firms if one.pk not in set(begun)]
    wanted = ("coal_use_t", "electricity_mwh", "coal_ncv")
    unplanned = set(QualityPlan.objects.values_list("organisation", flat=True))
    plans = QualityPlan.objects.bulk_create(
        QualityPlan(organisation=one, version=1, state="accepted", valid_from="2020-01-01",
                    entered_by=user)
        for one in firms if one.pk not in unplanned
    )  # fmt: skip
    PlanItem.objects.bulk_create(
        PlanItem(plan=plan, parameter=key, unit="t", source="-", post="-", substitute="-")
        for plan in plans for key in wanted
    )  # fmt: skip
    reports = EmissionReport.objects.bulk_create(
        EmissionReport(organisation=one, year=year, entered_by=user) for one in firms
    )
    Tally.objects.bulk_create(
        Tally(report=one, organisation_id=one.organisation_id) for one in reports
    )
    if is_bare:
        return
    MonthlyFiling.objects.bulk_create(
        [
            MonthlyFiling(organisation_id=one.organisation_id, report=one, month=month,
                          parameter=key, value=10.0 + (one.pk * month) % 97, unit="t",
                          known_from=now, first_filed_at=now, entered_by=user)
            for one in reports for month in range(1, 13 - one.pk % 3) for key in wanted
        ],
        batch_size=5000,
    )  # fmt: skip
    Finding.objects.bulk_create(
        Finding(organisation_id=one.organisation_id, report=one, place="-", text="-",
                due_on="2026-01-01", entered_by=user)
        for one in reports if one.pk % 7 == 0
    )  # fmt: skip


def _city(organisations: int):
    from tanfeng.console.archive.models import Place
    from tanfeng.console.core.models import Role, User

    for place in range(13):
        Place.objects.create(
            code=f"3501{place + 2:02d}",
            name_zh=f"县{place}",
            name_en=f"County {place}",
            order=place,
            tile_x=place % 4,
            tile_y=place // 4,
        )
    _organisations(range(organisations))
    return User.objects.create_user("bench", password="benchmark only", role=Role.CITY)


def _organisations(numbers: range) -> None:
    from tanfeng.console.archive.models import Organisation, Sector

    Organisation.objects.bulk_create(
        [
            Organisation(
                credit_code=f"9135{number:014d}",
                name=f"企业{number:06d}",
                industry_code="3120",
                sector=Sector.values[number % 8],
                place_id=f"3501{number % 13 + 2:02d}",
                is_demo=True,
            )
            for number in numbers
        ],
        batch_size=5000,
    )


def _records(organisations: int, user) -> int:
    from django.utils import timezone

    from tanfeng.console.accounting.models import EnergyRecord
    from tanfeng.console.archive.models import Organisation
    from tanfeng.console.core.models import Batch

    batch = Batch.objects.create(
        file_name="bench.xlsx",
        sha256="0" * 64,
        size_bytes=1,
        status=Batch.Status.COMMITTED,
        columns={"consumption_total_qty": "H"},
        uploaded_by=user,
        is_demo=True,
    )
    known = timezone.now()
    count = 0
    for number, pk in enumerate(Organisation.objects.values_list("pk", flat=True)):
        items = ("electricity", "raw_coal") if number % 5 == 0 else ("electricity",)
        rows = [
            EnergyRecord(
                organisation_id=pk,
                year=year,
                month=month,
                item_key=item,
                opening_stock_qty=0.0,
                purchase_qty=10.0 + number % 97,
                consumption_total_qty=10.0 + number % 97,
                closing_stock_qty=0.0,
                batch=batch,
                source_row=number + 1,
                known_from=known,
            )
            for year in YEARS
            for month in range(1, 13)
            for item in items
            if not (number % 40 == 7 and year == 2024 and month > 9)
        ]
        EnergyRecord.objects.bulk_create(rows)
        count += len(rows)
    return count


def _run(user) -> int:
    from tanfeng.console.accounting import services

    run = services.compute_run(user, years=YEARS, title="bench")
    services.publish_run(user, run)
    return run.line_count


def _table(pages: dict[str, int | None], user) -> int:
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    broken = 0
    print(f"{'page':58} {'CPU ms':>8} {'least':>8} {'limit':>6} {'kB':>6}")
    for page, limit in pages.items():
        spent = []
        for turn in range(ROUNDS + 2):
            started = time.process_time()
            response = client.get(page)
            content = b"".join(response) if response.streaming else response.content
            if turn > 1:
                spent.append((time.process_time() - started) * 1000)
        if response.status_code != 200:
            raise SystemExit(f"{page} answered {response.status_code}")
        median = statistics.median(spent)
        over = limit is not None and median > limit
        broken += over
        mark = " <-- over" if over else ""
        size = len(content) / 1000
        print(f"{page:58} {median:8.1f} {min(spent):8.1f} {limit or '':>6} {size:6.0f}{mark}")
    return broken


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
    raise SystemExit(main())
