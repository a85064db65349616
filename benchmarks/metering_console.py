"""CPU time per page about meters on a generated city of a stated size.

The city of ``benchmarks/console.py``, 3,000 enterprises in 13 counties, gets as many meters as
asked for, dealt out evenly: all of them points that sent their newest reading within the hour, but
every fiftieth, which fell silent a day ago. Median and least CPU time of the pages, as an officer
of the city, of a county and as an enterprise.

Run with ``python benchmarks/metering_console.py [--meters 100000]``.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

ORGANISATIONS = 3000
#: Page -> limit on CPU time, empty where none is set. [ms]
PAGES = {
    "/monitoring/": 25,
    "/monitoring/?sort=point": 25,
    "/monitoring/?state=late": 25,
    "/monitoring/?item=electricity&level=2": None,
    "/meters/": 25,
    "/meters/?sort=meter_no": 25,
    "/meters/rates/": 25,
}


def main() -> int:
    """Build the city, measure the pages, print the tables; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--meters", type=int, default=100_000)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="tanfeng-bench-") as home:
        os.environ["TANFENG_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "tanfeng.console.settings"
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
    _meters(meters, city)
    first = Organisation.objects.order_by("pk")[0]
    county = User.objects.create_user(
        "bench-county", password="benchmark only", role=Role.COUNTY, place_code=first.place_id
    )
    firm = User.objects.create_user(
        "bench-firm", password="benchmark only", role=Role.ENTERPRISE, org_code=first.credit_code
    )
    broken = 0
    print(f"{meters} meters of {ORGANISATIONS} enterprises, SQLite")
    for user, words in ((city, "city"), (county, "county"), (firm, "enterprise")):
        print(f"\nas {words}")
        broken += console._table(PAGES, user)
    return 1 if broken else 0


def _meters(count: int, user) -> None:
    from django.utils import timezone

    from tanfeng.console.archive.models import Organisation
    from tanfeng.console.metering.models import Meter

    firms = list(Organisation.objects.order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    rows = []
    for number in range(count):
        last = now - timedelta(days=1) if number % 50 == 0 else now - timedelta(minutes=number % 25)
        rows.append(
            Meter(
                organisation_id=firms[number % len(firms)],
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


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here.parent / "src"), str(here)]
    raise SystemExit(main())
