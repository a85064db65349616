"""CPU time per page of the metering rooms on a generated city of a stated size.

The city of ``benchmarks/console.py``, 3,000 enterprises in 13 counties, gets as many meters as
asked for, dealt out evenly: all of them points that sent their newest reading within the hour, but
every fiftieth, which fell silent a day ago. Every enterprise has two years of months judged and
closed (the last one by half of them), three forecasts and, for every other month, an anomaly; every
fifth meter had an outage and an alert, every tenth of which is still open. Median and least CPU
time of the pages, as an officer of the city, of a county and as an enterprise.

Run with ``python benchmarks/metering_console.py [--meters 100000]``; or, for the pages of metered
energy, ``python benchmarks/metering_console.py --home HOME`` with a home that ``tanfeng demo`` has
made, a copy of which is measured.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ORGANISATIONS = 3000
#: Months judged and closed.
MONTHS = 24
#: Page -> limit on CPU time, empty where none is set. [ms]
PAGES = {
    "/monitoring/": 25,
    "/monitoring/?sort=point": 25,
    "/monitoring/?state=late": 25,
    "/monitoring/?item=electricity&level=2": None,
    "/meters/": 25,
    "/meters/?sort=meter_no": 25,
    "/meters/?due=over": 25,
    "/meters/rates/": 25,
    "/meters/rates/?sort=-meter_count": None,
    "/quality/": 25,
    "/quality/outages/": 25,
    "/quality/outages/?state=overdue": 25,
    "/quality/filings/": 25,
    "/alerts/": 25,
    "/alerts/?state=all&all=1": 25,
    "/closing/": 25,
    "/closing/?state=open&sort=name": 25,
    "/forecast/": 25,
    "/forecast/anomalies/": 25,
}
#: Of one enterprise, the first.
OF_FIRM = {
    "/quality/{code}/": 25,
    "/closing/{code}/": 25,
    "/forecast/{code}/": 25,
}
ENERGY = {
    "/energy/": 25,
    "/energy/?span=year": 25,
    "/energy/?place={place}": 25,
    "/energy/?org={code}": 25,
    "/energy/{code}/balance/": 25,
    "/energy/{code}/time-of-use/": 25,
    "/energy/{code}/compare/": 25,
    "/closing/{code}/{year}/{month}/": None,
}


def main() -> int:
    """Build the city, measure the pages, print the tables; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--meters", type=int, default=100_000)
    asked.add_argument("--home", type=Path, help="a home of the demonstration to copy")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="tanfeng-bench-") as home:
        os.environ["TANFENG_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "tanfeng.console.settings"
        if options.home:
            shutil.copytree(options.home, home, dirs_exist_ok=True)
            return _energy()
        return _measured(options.meters)


def _measured(meters: int) -> int:
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.core.management import call_command

    import console
    from tanfeng.console.archive.models import Organisation
    from tanfeng.console.core.models import Role, User

    call_command("migrate", verbosity=0)
    city = console._city(ORGANISATIONS)
    build(meters, city)
    first = Organisation.objects.order_by("pk")[0]
    county = User.objects.create_user(
        "bench-county", password="benchmark only", role=Role.COUNTY, place_code=first.place_id
    )
    firm = User.objects.create_user(
        "bench-firm", password="benchmark only", role=Role.ENTERPRISE, org_code=first.credit_code
    )
    print(f"{meters} meters of {ORGANISATIONS} enterprises, SQLite")
    of_firm = {page.format(code=first.credit_code): limit for page, limit in OF_FIRM.items()}
    # An enterprise is led from these to its own page.
    lists = ("/meters/rates/", "/quality/?", "/closing/")
    own = {p: limit for p, limit in PAGES.items() if not p.startswith(lists) and p != "/quality/"}
    broken = 0
    for user, words, pages in (
        (city, "city", PAGES | of_firm), (county, "county", PAGES | of_firm),
        (firm, "enterprise", own | of_firm),
    ):  # fmt: skip
        print(f"\nas {words}")
        broken += console._table(pages, user)
    return 1 if broken else 0


def _energy() -> int:
    """Measure the pages of metered energy in a home of the demonstration."""
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.core.management import call_command
    from django.db.models import Count
    from django.utils import timezone

    import console
    from tanfeng.console.archive.models import Organisation
    from tanfeng.console.core.models import Role, User
    from tanfeng.console.metering.models import Meter

    call_command("migrate", verbosity=0)
    most = Organisation.objects.annotate(n=Count("meters")).order_by("-n", "pk")[0]
    city = User.objects.create_user("bench", password="benchmark only", role=Role.CITY)
    firm = User.objects.create_user(
        "bench-firm", password="benchmark only", role=Role.ENTERPRISE, org_code=most.credit_code
    )
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    names = {"code": most.credit_code, "place": most.place_id, "year": last.year,
             "month": last.month}  # fmt: skip
    pages = {page.format(**names): limit for page, limit in ENERGY.items()}
    own = {page: limit for page, limit in pages.items() if "place=" not in page}
    print(
        f"{Meter.objects.count()} meters, {most.meters.count()} of them of the enterprise, SQLite"
    )
    broken = 0
    for user, words, asked in ((city, "city", pages), (firm, "enterprise", own)):
        print(f"\nas {words}")
        broken += console._table(asked, user)
    return 1 if broken else 0


def build(meters: int, user: Any) -> None:
    """Fill the rooms of an empty city."""
    from django.utils import timezone

    from tanfeng.console.archive.models import Organisation

    firms = list(Organisation.objects.order_by("pk").values_list("pk", "credit_code"))
    now = timezone.now()
    months = list(_months(timezone.localdate()))
    _meters(meters, firms, user, now)
    _qualities(firms, months, now)
    _outages_and_alerts(user, now)
    _closes(firms, months[1:], user, now)
    _forecasts(firms, now)


def _months(today: date) -> Iterator[date]:
    """Yield the first days of the last months, this one first."""
    day = today.replace(day=1)
    for _number in range(MONTHS):
        yield day
        day = (day - timedelta(days=1)).replace(day=1)


def _meters(count: int, firms: list[tuple[int, str]], user: Any, now: datetime) -> None:
    from tanfeng.console.metering.models import Meter

    rows = []
    for number in range(count):
        last = now - timedelta(days=1) if number % 50 == 0 else now - timedelta(minutes=number % 25)
        rows.append(
            Meter(
                organisation_id=firms[number % len(firms)][0],
                meter_no=f"E-{number:06d}",
                name=f"电表{number:06d}",
                meter_class="electricity",
                accuracy_class="0.5",
                multiplier=100.0,
                manufacturer="-",
                serial_no=f"S-{number:06d}",
                item_key="electricity",
                level=1 if number < len(firms) else 2 + number % 2,
                verified_on=(now - timedelta(days=200)).date(),
                valid_until=(now + timedelta(days=number % 900 - 50)).date(),
                point=f"P-{number:06d}",
                reading_kind="register",
                reading_unit="kWh",
                last_time=last,
                last_value=float(number),
                last_quality=0,
                late_after=last + timedelta(minutes=30),
                entered_by=user,
            )
        )
    Meter.objects.bulk_create(rows, batch_size=2000)


def _qualities(firms: list[tuple[int, str]], months: list[date], now: datetime) -> None:
    """Give every enterprise, county and the city every month, judged up to yesterday."""
    from tanfeng.console.archive.models import Place
    from tanfeng.console.metering import engine
    from tanfeng.console.quality.models import Judgement, MonthQuality

    Judgement.objects.create(last_day=(now - timedelta(days=1)).date(), judged_at=now)
    whose: list[tuple[str, str, dict[str, Any]]] = [
        ("enterprise", code, {"organisation_id": pk}) for pk, code in firms
    ]
    whose += [("county", one.code, {"place_id": one.code}) for one in Place.objects.all()]
    whose.append(("city", engine.CITY, {}))
    MonthQuality.objects.bulk_create(
        (
            MonthQuality(
                kind=kind, node=node, month=f"{month:%Y-%m}", due=99_000, received=98_000,
                automatic=98_000, timely=97_000, measured=98_000, days_due=30,
                days_connected=28 + number % 3, points=33, completeness=0.9 + number % 97 / 1000,
                timeliness=0.97, plausibility=0.99, connectivity=0.93, judged_weight=80,
                score=60 + number % 397 / 10,
                days={"completeness": [0.5 + (number + day) % 51 / 100 for day in range(30)]},
                **more,
            )
            for month in months for number, (kind, node, more) in enumerate(whose)
        ),
        batch_size=1000,
    )  # fmt: skip


def _outages_and_alerts(user: Any, now: datetime) -> None:
    """Give every fifth meter an outage and an alert, an eighth of them filed."""
    from tanfeng.console.metering.models import Meter
    from tanfeng.console.quality.models import Alert, Filing, Outage

    today = now.date()
    states = ("overdue", "open", "filed", *["repaired"] * 5, *["repaired_late"] * 2)
    outages, alerts, filings = [], [], []
    meters = Meter.objects.order_by("pk").values_list("pk", "organisation", "point")
    for number, (pk, firm, point) in enumerate(meters[::5]):
        state = states[number % 10]
        first = today - timedelta(days=number % 700 + 2)
        over = state.startswith("repaired")
        outages.append(
            Outage(
                organisation_id=firm, meter_id=pk, first=first, last=first + timedelta(days=1),
                repaired=first + timedelta(days=2) if over else None, days_down=2, working_days=1,
                deadline=first + timedelta(days=3), state=state, fell=number % 3 == 0,
            )
        )  # fmt: skip
        alerts.append(
            Alert(
                key=f"{number:016x}", rule="point_silent", object_key=point, object_name=point,
                kind="point", organisation_id=firm, meter_id=pk, level=1 + number % 4,
                worst=1 + number % 4, value=26.0, threshold=24.0, first=first, last=first,
                count=1, found="closed" if over else "open", root=f"{number:016x}",
                is_root=number % 4 > 0, is_waiting=number % 10 == 0,
                state="open" if number % 10 == 0 else "closed",
                text_zh="24 小时没有读数", text_en="no reading for 24 hours",
            )
        )  # fmt: skip
        if number % 8 == 0:
            filings.append(
                Filing(
                    organisation_id=firm, number=f"B{number:08d}", kind="fault", starts_on=first,
                    state="filed" if number % 80 == 0 else "accepted", reason="-", filed_by=user,
                    filed_at=now - timedelta(days=number % 700),
                )
            )  # fmt: skip
    for model, rows in ((Outage, outages), (Alert, alerts), (Filing, filings)):
        model.objects.bulk_create(rows, batch_size=1000)


def _closes(firms: list[tuple[int, str]], months: list[date], user: Any, now: datetime) -> None:
    from tanfeng.console.closing.models import MonthClose
    from tanfeng.console.core.models import Batch

    batch = Batch.objects.create(
        file_name="bench.xlsx", sha256="0" * 64, size_bytes=1, status=Batch.Status.COMMITTED,
        uploaded_by=user, is_demo=True,
    )  # fmt: skip
    MonthClose.objects.bulk_create(
        (
            MonthClose(
                organisation_id=pk, year=month.year, month=month.month, batch=batch,
                closed_by=user, closed_at=now - timedelta(minutes=number), line_count=4,
                worst_deviation=number % 97 / 1000, limit=0.05, lines_over=number % 97 > 50,
            )
            for month in months for number, (pk, _code) in enumerate(firms)
            if month != months[0] or number % 2
        ),
        batch_size=1000,
    )  # fmt: skip


def _forecasts(firms: list[tuple[int, str]], now: datetime) -> None:
    from tanfeng.console.forecast.models import Anomaly, Forecast

    hours = [round(50 + hour % 24 * 1.7, 3) for hour in range(216)]
    starts = [(now - timedelta(hours=168 - hour)).isoformat() for hour in range(216)]
    kept = {"start": starts, "actual": hours, "naive": hours, "usual": hours, "forecast": hours,
            "low": hours, "high": hours}  # fmt: skip
    errors = [
        {"method": method, "n": 600, "mae": 1.0, "bias": 0.1, "wape": 0.1, "skill": 0.2,
         "coverage": 0.8}
        for method in ("naive", "usual", "forecast")
    ]  # fmt: skip
    Forecast.objects.bulk_create(
        (
            Forecast(
                organisation_id=pk, item_key=item, unit=unit, state="model", days_known=200,
                known_to=(now - timedelta(days=1)).date(), computed_at=now, version="1",
                month=f"{now:%Y-%m}", so_far=1e5, total=2e5 + number, low=1.9e5, high=2.1e5,
                last_month=1.9e5, last_year=2.1e5, last_month_known=1.0, last_year_known=0.9,
                peak_at=now + timedelta(hours=12), peak=900.0 + number, hours=kept, errors=errors,
                wape=number % 40 / 100, naive_wape=0.2, odd=number % 6, days_left=8,
            )
            for number, (pk, _code) in enumerate(firms)
            for item, unit in (("electricity", "kWh"), ("natural_gas", "m3"), ("heat", "GJ"))
        ),
        batch_size=200,
    )  # fmt: skip
    Anomaly.objects.bulk_create(
        (
            Anomaly(
                organisation_id=pk, item_key="electricity", unit="kWh",
                start=(start := now - timedelta(days=60 * turn + number % 60, hours=3)),
                end=start + timedelta(hours=2), hours=2, amount=200.0, usual=100.0,
                excess=100.0, ratio=2.0, sigmas=6.0, is_high=True, reason_zh="夜间用电多",
                reason_en="much power at night", found_at=now,
            )
            for number, (pk, _code) in enumerate(firms) for turn in range(12)
        ),
        batch_size=1000,
    )  # fmt: skip


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here.parent / "src"), str(here)]
    raise SystemExit(main())
