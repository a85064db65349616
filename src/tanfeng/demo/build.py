"""Write a demonstration city into a home folder through the console's own services.

The city is built in a folder beside the home and renamed at the end: stopped half-way, nothing is
there. This module is imported after Django is set up for that folder.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import override

from tanfeng.console.accounting import services as account_services
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.archive.models import Organisation, Sector
from tanfeng.console.core import imports, services
from tanfeng.console.core.models import Batch, User
from tanfeng.console.forecast import services as forecasts
from tanfeng.demo import (
    accounts,
    budgets,
    closing,
    market,
    metering,
    method_accounts,
    mrv,
    registers,
)
from tanfeng.demo.city import City
from tanfeng.demo.deliveries import Delivery, deliveries
from tanfeng.demo.workbooks import Workbook, workbooks
from tanfeng.periods import LOCAL

#: Called with a share of the work done and what is being done, in Chinese and English. [1]
Progress = Callable[[float, str, str], None]
#: Planted faults of this home, one row each.
FAULTS_FILE = "demo-faults.csv"
#: Which factors the two runs know. The first provincial electricity factor of the tables was
#: published in April 2024, so an earlier day would find none.
_STANDARDS_AS_OF = ("2025-01-31", "2026-01-31")
#: Files taken in before the database counts its rows for the first times.
_ANALYSE_AFTER = (3, 13)
_FORMS_FROM, _FORMS_TO, _RUNS_TO, _MRV = 0.1, 0.6, 0.95, 0.97
_MARKET, _BUDGETS, _METERING = 0.985, 0.99, 0.995


@dataclass(slots=True)
class Built:
    """What was written.

    Parameters
    ----------
    city : City
        The tables it came from.
    accounts : list of Account
        With passwords.
    energy_rows, output_rows, plants, files, waiting, refused : int
        Counts of what is in the database.
    runs : list of Run
        Oldest first; the last one is published.
    faults : polars.DataFrame
        Every planted fault with the file and row it stands in.
    direct_tco2 : dict
        Sector -> direct CO2 of the last year in the published run. [t]
    """

    city: City
    accounts: list[accounts.Account] = field(default_factory=list)
    energy_rows: int = 0
    output_rows: int = 0
    plants: int = 0
    files: int = 0
    waiting: int = 0
    refused: int = 0
    runs: list[Run] = field(default_factory=list)
    faults: pl.DataFrame = field(default_factory=pl.DataFrame)
    direct_tco2: dict[str, float | None] = field(default_factory=dict)


def database_in_use() -> bool:
    """Tell whether the database Django is set up for holds an account or an enterprise."""
    tables = connection.introspection.table_names()
    return any(
        model._meta.db_table in tables and model.objects.exists() for model in (User, Organisation)
    )


def prepare() -> None:
    """Create the tables, with the documents and the plan every installation has."""
    call_command("migrate", verbosity=0, interactive=False)


def settle() -> None:
    """Fold SQLite's write-ahead log into the database, so that one file can be moved."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def sectors(built: Built, *, english: bool) -> list[tuple[str, float | None, int]]:
    """Return per sector its name, direct CO2 of the last year in t, and how many enterprises."""
    numbers = dict(built.city.firms["sector"].value_counts().iter_rows())
    with override("en" if english else "zh-hans"):
        return [
            (str(Sector(key).label), built.direct_tco2.get(key), numbers.get(key, 0))
            for key in Sector.values
        ]


def write(city: City, home: Path, progress: Progress) -> Built:
    """Write a city into the prepared database and the files Django is set up for.

    Parameters
    ----------
    city : City
        What to write.
    home : Path
        Folder for accounts and list of faults.
    progress : callable
        Told before every step; raise from it to stop.
    """
    # A database server keeps what is committed: there the whole city is one transaction.
    whole = nullcontext() if connection.vendor == "sqlite" else transaction.atomic()
    with whole:
        return _write(city, home, progress)


def _write(city: City, home: Path, progress: Progress) -> Built:
    built = Built(city)
    progress(0.06, "登记县区、园区和已知电厂钢厂", "Writing counties, parks and known plants")
    registers.places_and_parks()
    built.plants = registers.plants()
    archive, *forms = deliveries(city)
    _take(archive, services.system_user(), built, read=False)
    registers.lists(city)
    parts = accounts.cast(city)
    built.accounts, users = accounts.create(city, parts)
    senders = {user.place_code: user for user in users.values() if user.place_code}
    faults: list[dict[str, object]] = []
    total, done = sum(delivery.frame.height for delivery in forms), 0
    for number, delivery in enumerate(forms):
        if number in _ANALYSE_AFTER:
            _analyse()
        share = _FORMS_FROM + (_FORMS_TO - _FORMS_FROM) * done / total
        progress(share, f"导入 {delivery.file_name}", f"Taking in {delivery.file_name}")
        here = _located(city, delivery)
        # A file with something wrong in it takes the way of the upload page, reader and checks
        # included, so that its batch shows what was found; the others go in as they are.
        _take(delivery, senders.get(delivery.place_code, users["city"]), built, read=_shows(here))
        faults += here
        done += delivery.frame.height
    faults += [fault for fault in city.planted.faults if fault["fault"] == "missing_months"]
    registers.assign(city, users["verifier"])
    _compute(city, users["city"], built, progress)
    progress(_RUNS_TO, "留下几份有错误的报表", "Leaving some faulty workbooks to work on")
    books = workbooks(city, parts.firms, parts.counties[0])
    faults += _hand_in(books, users, senders, built)
    progress(_MRV, "记录六家企业的碳数据存证", "Writing the carbon data record of six enterprises")
    mrv.write(city.years[-1], users, parts.firms)
    progress(_MARKET, "记录全国碳市场的履约账户", "Writing accounts of the national carbon market")
    market.write(city.years[-1], users, parts.firms)
    progress(_BUDGETS, "下达演示能碳预算指标", "Setting demonstration quotas of energy and CO2")
    budgets.write(users["city"], city.seed, city.years[-1], parts.firms)
    method_accounts.write(users["city"], city.years[-1])
    progress(
        _METERING,
        "登记计量器具，写入 100 日演示读数并预测",
        "Writing meters with 100 days, and forecasts",
    )
    metering.write(users["city"], city.seed, parts.firms)
    closing.write(users["city"], city.seed, city.years[-1])
    forecasts.compute_all()
    built.faults = pl.DataFrame(faults, infer_schema_length=None)
    built.faults.write_csv(home / FAULTS_FILE, include_bom=True)
    accounts.save(home, built.accounts)
    built.direct_tco2 = dict(
        Total.objects.filter(run=built.runs[-1], year=city.years[-1], month=0)
        .values_list("organisation__sector")
        .annotate(total=Sum("emission_fuel_tco2"))
    )
    _analyse()
    return built


def _analyse() -> None:
    """Let the database count its rows, so that it chooses the right index from now on."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _take(delivery: Delivery, sender: User, built: Built, *, read: bool) -> None:
    """Take a delivery in at its time of arrival, read from its file or as the rows it is."""
    if read:
        imports.take(
            sender,
            delivery.content(),
            delivery.file_name,
            form_key=delivery.form_key,
            is_demo=True,
            at=delivery.arrived,
        )
    else:
        imports.take_frame(
            sender,
            delivery.form_key,
            delivery.frame,
            file_name=delivery.file_name,
            columns=delivery.columns,
            content=delivery.content(),
            is_demo=True,
            at=delivery.arrived,
        )
    built.files += 1
    if delivery.form_key == "monthly_energy":
        built.energy_rows += delivery.frame.height
    if delivery.form_key == "product_output":
        built.output_rows += delivery.frame.height


def _shows(faults: list[dict[str, object]]) -> bool:
    """Tell whether a check of the file itself can see one of the faults."""
    return any(fault["fault"] not in ("corrected_value", "late_month") for fault in faults)


def _located(city: City, delivery: Delivery) -> list[dict[str, object]]:
    """Return the faults of reported data that stand in this file."""
    faults = pl.DataFrame(city.planted.faults, infer_schema_length=None).cast(
        {"year": pl.Int32, "month": pl.Int8}
    )
    of_items = delivery.form_key == "monthly_energy"
    keys = ["org_code", "year", "month"] + (["item_key"] if of_items else [])
    same = faults.filter((pl.col("item_key") != "") == of_items)
    rows = delivery.frame.rename({"credit_code": "org_code"}).select(*keys, row="source_row")
    hits = same.join(rows, on=keys, how="inner", maintain_order="left")
    return hits.with_columns(file=pl.lit(delivery.file_name)).to_dicts()


def _compute(city: City, officer: User, built: Built, progress: Progress) -> None:
    """Freeze two runs: what was known a month into the last year, and everything."""
    last = city.years[-1]
    earlier = city.years[:-1]
    plans = [
        (
            earlier,
            f"{earlier[0]}—{earlier[-1]} 年（截至 {last} 年 1 月底）",
            datetime(last, 1, 31, 18, tzinfo=LOCAL),
        ),
        (
            city.years,
            f"{city.years[0]}—{last} 年（截至 {last + 1} 年 1 月底）",
            datetime(last + 1, 1, 31, 18, tzinfo=LOCAL),
        ),
    ]
    width = (_RUNS_TO - _FORMS_TO) / len(plans)
    for number, (years, title, as_of) in enumerate(plans):
        start = _FORMS_TO + number * width

        def told(percent: int, _text: str, start: float = start, title: str = title) -> None:
            progress(start + width * percent / 100, f"核算 {title}", f"Accounting {title}")

        told(0, "")
        run = account_services.compute_run(
            officer,
            years=years,
            title=title,
            as_of=as_of,
            options={"standards_as_of": _STANDARDS_AS_OF[number]},
            progress=told,
        )
        built.runs.append(run)
    built.runs[-1] = account_services.publish_run(officer, built.runs[-1])


def _hand_in(
    books: list[Workbook], users: dict[str, User], senders: dict[str, User], built: Built
) -> list[dict[str, object]]:
    """Upload the faulty workbooks as the people they come from, and leave them there."""
    firms = {user.org_code: user for user in users.values() if user.org_code}
    found: list[dict[str, object]] = []
    for book in books:
        sender = firms.get(book.sender) or senders.get(book.sender) or users["city"]
        batch = imports.upload(
            sender,
            book.content,
            book.file_name,
            form_key=book.form_key,
            is_demo=True,
            in_background=False,
        )
        built.waiting += batch.status == Batch.Status.PREVIEW
        built.refused += batch.status == Batch.Status.REFUSED
        found += [{**fault, "file": book.file_name} for fault in book.faults]
    return found
