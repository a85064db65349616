"""CPU time of the kernel: a form of 50,000 rows taken in and back, and lists of 100,000 rows.

Everything happens in a home folder of its own on SQLite. The form is monthly_energy of 417
enterprises, five items, two years. The lists hold 100,000 events, uploads and jobs each, in 13
counties; every page is asked for by Django's test client, warm, and its median is printed.

A book of 24 sheets, one per month, is checked, confirmed and undone; what counts there is how long
SQLite's write lock is held, for nobody else writes meanwhile.

Run with ``python benchmarks/kernel.py [--rows 50000] [--list 100000] [--book 100000]``.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

#: Limit of the house for writing 50,000 rows. [s]
COMMIT_LIMIT_S = 10.0
#: Longest others wait for the write lock, see ``settings.DATABASES``. [s]
LOCK_LIMIT_S = 20.0
#: Limit of the house for a list. [ms]
LIST_LIMIT_MS = 25.0
ROUNDS = 15
ITEMS = (
    ("33", "电力", "万千瓦时"),
    ("21", "柴油", "吨"),
    ("15", "天然气(气态)", "万立方米"),
    ("01", "原煤", "吨"),
    ("19", "汽油", "吨"),
)
#: Page, who asks, limit or None where none is set. [ms]
PAGES = (
    ("/audit/", "admin", LIST_LIMIT_MS),
    ("/audit/?county=350181", "admin", LIST_LIMIT_MS),
    ("/audit/", "county", LIST_LIMIT_MS),
    ("/audit/?object=0017", "admin", None),
    ("/uploads/", "city", LIST_LIMIT_MS),
    ("/uploads/?status=preview", "city", LIST_LIMIT_MS),
    ("/uploads/?page=2000", "city", None),
    ("/uploads/?q=f123", "city", None),
    ("/uploads/", "county", LIST_LIMIT_MS),
    ("/jobs/", "city", LIST_LIMIT_MS),
)


def main() -> int:
    """Build, measure, print; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=50_000)
    asked.add_argument("--list", type=int, default=100_000)
    asked.add_argument("--book", type=int, default=100_000)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="tanfeng-bench-") as home:
        os.environ["TANFENG_HOME"] = home
        os.environ["TANFENG_JOBS_IMMEDIATE"] = "1"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tanfeng.console.settings"
        return _measured(options.rows, options.list, options.book)


def _measured(rows: int, listed: int, book: int) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    codes = _organisations(3000)
    good = _measure_import(codes, rows)
    good &= _measure_book(codes, book)
    return 0 if _measure_lists(codes, listed) and good else 1


def _timed(name: str, work: Callable[[], Any], limit: float | None = None) -> tuple[Any, bool]:
    start = time.process_time()
    result = work()
    took = time.process_time() - start
    print(f"| {name} | {took:.2f} | {'' if limit is None else f'{limit:.0f} s'} |", flush=True)
    return result, limit is None or took <= limit


def _organisations(count: int) -> list[str]:
    from tanfeng.console.archive.models import Organisation, Place

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from form_files import credit_code

    places = [
        Place.objects.create(code=f"3501{n}", name_zh=f"演示{n}区", name_en=f"County {n}", order=n)
        for n in range(81, 94)
    ]
    codes = [credit_code(number) for number in range(1000)]
    codes += [f"91359999MABULK{number:04d}" for number in range(count - 1000)]
    Organisation.objects.bulk_create(
        Organisation(
            credit_code=code,
            name=f"演示{number:04d}有限公司",
            industry_code="3041",
            sector="building",
            place=places[number % 13],
        )
        for number, code in enumerate(codes)
    )
    return codes


def _rows(codes: list[str], count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        rest, item = divmod(number, len(ITEMS))
        firm, month = divmod(rest, 24)
        code, name, unit = ITEMS[item]
        quantity = 100.0 + month % 12 + firm % 7
        yield {
            "credit_code": codes[firm],
            "period": f"{2023 + month // 12}-{month % 12 + 1:02d}",
            "energy_code": code,
            "energy_name": name,
            "unit_zh": unit,
            "purchase_qty": quantity,
            "purchase_amount_kcny": quantity * 6,
            "consumption_total_qty": quantity,
            "data_source": "计量",
        }


def _measure_import(codes: list[str], count: int) -> bool:
    import polars as pl

    from form_files import workbook
    from tanfeng import sheets
    from tanfeng.console.accounting.models import EnergyRecord
    from tanfeng.console.core import imports, services

    content = workbook("monthly_energy", list(_rows(codes, count)))
    user = services.system_user()
    print(f"| {count:,} rows, {len(content) / 1e6:.1f} MB | CPU s | limit |\n|---|--:|--:|")
    read, _ = _timed("the reader alone", lambda: sheets.read(content, "a.xlsx", today=_today()))
    batch, _ = _timed(
        "read, checked against the database and kept for the preview",
        lambda: imports.upload(user, content, "a.xlsx", in_background=False),
    )
    _, good = _timed(
        "committed", lambda: imports.confirm(user, batch, good_rows_only=True), COMMIT_LIMIT_S
    )
    assert EnergyRecord.objects.count() == count
    frame = read.accepted.with_columns(pl.col("consumption_total_qty") + 1)
    again, also = _timed(
        "every row corrected",
        lambda: imports.take_frame(user, "monthly_energy", frame, file_name="b"),
        COMMIT_LIMIT_S,
    )
    _timed("the correction taken back", lambda: imports.undo(user, again))
    return good and also


def _book(codes: list[str], count: int) -> bytes:
    """Return a workbook with a sheet of the monthly form for every month."""
    import xlsxwriter

    from tanfeng import sheets

    form, months = sheets.form("monthly_energy"), {}
    for row in _rows(codes, count):
        months.setdefault(row["period"], []).append(row)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        for month in sorted(months):
            sheet = book.add_worksheet(month)
            sheet.write_row(0, 0, [form.column(name).heading_zh for name in months[month][0]])
            for number, row in enumerate(months[month], start=1):
                sheet.write_row(number, 0, list(row.values()))
    return buffer.getvalue()


def _measure_book(codes: list[str], count: int) -> bool:
    from tanfeng.console.core import imports, services

    content, user, good = _book(codes, count), services.system_user(), True
    print(f"\n| {count:,} rows in 24 sheets | CPU s | write lock held, s | limit |")
    print("|---|--:|--:|--:|")
    batch: Any = None
    steps: dict[str, Callable[[Any], Any]] = {
        "checked": lambda _: imports.upload(user, content, "b.xlsx", in_background=False),
        "confirmed": lambda one: imports.confirm(user, one, good_rows_only=True),
        "undone": lambda one: imports.undo(user, one),
    }
    for name, work in steps.items():
        start = time.process_time()
        with _lock_watched() as held:
            batch = work(batch)
        took, longest = time.process_time() - start, max(held)
        good &= longest <= LOCK_LIMIT_S
        print(f"| {name} | {took:.1f} | {longest:.1f} | {LOCK_LIMIT_S:.0f} s |", flush=True)
    return good


@contextmanager
def _lock_watched() -> Iterator[list[float]]:
    """Collect how long each transaction of the database file lasts, in s."""
    from django.conf import settings
    from django.db.backends.sqlite3.base import DatabaseWrapper

    file, held, begun = str(settings.DATABASES["default"]["NAME"]), [0.0], [0.0]
    names = ("_start_transaction_under_autocommit", "_commit", "_rollback")
    kept = {name: getattr(DatabaseWrapper, name) for name in names}

    def watched(name: str) -> Callable[[Any], Any]:
        def call(self: Any) -> Any:
            answer = kept[name](self)
            if str(self.settings_dict["NAME"]) != file:
                return answer
            if name == names[0]:
                begun[0] = time.perf_counter()
            else:
                held.append(time.perf_counter() - begun[0])
            return answer

        return call

    for name in names:
        setattr(DatabaseWrapper, name, watched(name))
    try:
        yield held
    finally:
        for name, method in kept.items():
            setattr(DatabaseWrapper, name, method)


def _today() -> date:
    from django.utils import timezone

    return timezone.localdate()


def _fill(codes: list[str], count: int) -> dict[str, Any]:
    from django.utils import timezone

    from tanfeng.console.core import audit
    from tanfeng.console.core.models import AuditEvent, Batch, Job, Subject, User

    people = {
        "admin": User.objects.create_user("admin", role="admin"),
        "city": User.objects.create_user("city", role="city"),
        "county": User.objects.create_user("county", role="county", place_code="350181"),
    }
    city, before, events = people["city"], AuditEvent.objects.first(), []
    last = before.hash if before else audit.GENESIS
    for number in range(count):
        event = AuditEvent(
            at=timezone.now(),
            user=city,
            username="city",
            role="city",
            action=("organisation.read", "export.enterprises", "sign-in")[number % 3],
            object_type="archive.organisation",
            object_id=str(number % 3000),
            object_label=f"演示{number % 3000:04d}有限公司",
            place_code=f"3501{81 + number % 13}",
            detail={"number": number},
            previous_hash=last,
        )
        event.hash = last = audit.digest(event)
        events.append(event)
    AuditEvent.objects.bulk_create(events)
    batches = [
        Batch(
            file_name=f"f{number}.xlsx",
            size_bytes=1,
            form_key="monthly_energy",
            status="committed" if number % 9 else "preview",
            uploaded_by=city,
            scope="city:",
            org_code=codes[number % 3000],
        )
        for number in range(count)
    ]
    Batch.objects.bulk_create(batches)
    Subject.objects.bulk_create(Subject(batch=one, org_code=one.org_code) for one in batches)
    Job.objects.bulk_create(
        Job(kind="core.export", title=f"t{number}", user=city, scope="city:", status="done")
        for number in range(count)
    )
    return people


def _measure_lists(codes: list[str], count: int) -> bool:
    from django.test import Client

    from tanfeng.console.core import audit

    people = _fill(codes, count)
    print(f"\n| list of {count:,} | CPU ms | limit |\n|---|--:|--:|")
    good = True
    for path, name, limit in PAGES:
        client = Client()
        client.force_login(people[name], backend="django.contrib.auth.backends.ModelBackend")
        spent = []
        for _round in range(ROUNDS + 2):
            start = time.process_time()
            assert client.get(path).status_code == 200
            spent.append(1000 * (time.process_time() - start))
        took = statistics.median(spent[2:])
        good &= limit is None or took <= limit
        print(f"| {path} ({name}) | {took:.0f} | {'' if limit is None else f'{limit:.0f}'} |")
    _timed("\n| the whole audit chain verified, CPU s", audit.verify)
    return good


if __name__ == "__main__":
    sys.exit(main())
