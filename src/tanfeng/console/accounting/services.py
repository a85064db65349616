"""What changes runs: compute, publish. Rights are asked, deeds audited, nothing is half-done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import connection, models, transaction
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng import accounting
from tanfeng.console.accounting import activity, after, findings, frozen, measures
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, jobs, rights
from tanfeng.console.core.models import Job, User
from tanfeng.console.library.services import overrides
from tanfeng.errors import ModelError
from tanfeng.periods import FIRST_YEAR, LAST_YEAR
from tanfeng.trace import CONFIDENCES

Progress = Callable[[int, str], None]
#: What a run may be asked for beside its years, with the defaults.
OPTIONS: Mapping[str, Any] = {
    "region": "CN-FJ",
    "guideline": "NDRC-GENERAL-2015",
    "electricity_fallback": "",
    "standards_as_of": "",
}
_TOTAL_KEYS = ("org_code", "year", "month")


def compute_run(
    user: User,
    *,
    years: Iterable[int],
    title: str,
    as_of: datetime | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    request: HttpRequest | None = None,
) -> Run:
    """Account the records of some years as known at a moment, and freeze the result.

    Parameters
    ----------
    user : User
        Who computes; must be allowed to.
    years : iterable of int
        Calendar years, without a gap.
    title : str
        What the run is called.
    as_of : datetime, optional
        Records known later are left out; now by default.
    options : mapping, optional
        Some of ``OPTIONS``: region of the average electricity factor, guideline of combustion,
        fallback region, and the day up to which published factors are looked at (ISO).
    progress : callable, optional
        Called with percent and a text between the steps; raising from it stops the run.

    Returns
    -------
    Run
        Not published.

    Raises
    ------
    PermissionDenied
        If the user may not compute runs.
    ModelError
        If the years, the options or the records do not allow an account.
    """
    rights.require(user, "compute", Run)
    wanted = _checked_years(years)
    moment = as_of or timezone.now()
    chosen = _checked_options(options)
    step = progress or _silent
    step(2, _("Reading records"))
    rows = activity.read(wanted, moment)
    if rows.is_empty():
        raise ModelError(
            _("There is no energy record of %(years)s known on %(moment)s; upload forms first")
            % {"years": _span(wanted), "moment": timezone.localtime(moment).strftime("%Y-%m-%d")}
        )
    step(20, _("Choosing factors"))
    factors = accounting.factor_set(
        wanted,
        region=chosen["region"],
        guideline=chosen["guideline"],
        as_of=_standards_day(chosen, moment),
        overrides=overrides(moment),
        electricity_fallback=chosen["electricity_fallback"] or None,
    )
    step(25, _("Accounting"))
    account = accounting.account(rows, factors=factors)
    run = Run(
        title=title.strip() or _("Account of %(years)s") % {"years": _span(wanted)},
        first_year=wanted[0],
        last_year=wanted[-1],
        as_of=moment,
        options=chosen,
        created_by=user,
    )
    _freeze(run, account, rows, step)
    audit.record("run.compute", user=user, request=request, thing=run, number=run.number)
    return run


def publish_run(user: User, run: Run, *, request: HttpRequest | None = None) -> Run:
    """Make a run the published one; the one before stays as it is, no longer published.

    Raises
    ------
    PermissionDenied
        If the user may not publish.
    ModelError
        If the files of the run are not what its manifest says.
    """
    rights.require(user, "publish", run)
    broken = frozen.broken_files(run)
    if broken:
        raise ModelError(
            _("Files of run %(number)s were changed: %(files)s. Compute a new run")
            % {"number": run.number, "files": ", ".join(broken)}
        )
    with transaction.atomic():
        before = Run.objects.select_for_update().filter(published=True).first()
        if before is not None and before.pk != run.pk:
            Run.objects.filter(pk=before.pk).update(published=False)
        Run.objects.filter(pk=run.pk).update(published=True)
    run.published = True
    audit.record(
        "run.publish",
        user=user,
        request=request,
        thing=run,
        number=run.number,
        before=before.number if before else None,
    )
    for then in after.PUBLISHED:
        then(user, run)
    return run


def queue_run(
    user: User,
    *,
    years: Iterable[int],
    title: str,
    as_of: datetime | None = None,
    options: Mapping[str, Any] | None = None,
) -> Job:
    """Compute a run in the background; the rights are asked before it is queued."""
    rights.require(user, "compute", Run)
    wanted = _checked_years(years)
    return jobs.enqueue(
        "accounting.compute",
        title.strip() or _("Account of %(years)s") % {"years": _span(wanted)},
        user,
        years=list(wanted),
        as_of=as_of.isoformat() if as_of else None,
        options=_checked_options(options),
    )


def _checked_years(years: Iterable[int]) -> tuple[int, ...]:
    wanted = tuple(sorted(set(years)))
    if not wanted or not all(FIRST_YEAR <= year <= LAST_YEAR for year in wanted):
        raise ModelError(
            _("Choose years from %(first)s to %(last)s") % {"first": FIRST_YEAR, "last": LAST_YEAR}
        )
    if wanted[-1] - wanted[0] + 1 != len(wanted):
        raise ModelError(_("Choose years without a gap between them"))
    return wanted


def _checked_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(options or {})
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown:
        raise ModelError(_("Unknown options: %(names)s") % {"names": ", ".join(unknown)})
    return {**OPTIONS, **given}


def _standards_day(options: Mapping[str, Any], moment: datetime) -> date:
    text = options["standards_as_of"]
    return date.fromisoformat(text) if text else timezone.localtime(moment).date()


def _span(years: Sequence[int]) -> str:
    return f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0])


def _silent(_percent: int, _text: str) -> None:
    """Report nothing."""


def _freeze(run: Run, account: accounting.Account, rows: pl.DataFrame, step: Progress) -> None:
    """Write the files, then the rows of the database; both stand or neither does."""
    years = range(run.first_year, run.last_year + 1)
    cover = activity.coverage(rows, years, run.as_of)
    notes = findings.of_account(account, rows)
    members = activity.members()
    with frozen.being_written() as folder:
        step(55, _("Writing lines"))
        files = frozen.write(folder, account, coverage=cover, members=members, notes=notes)
        run.manifest = {
            **accounting.manifest(account, rows).as_dict(),
            "files": files,
            "records": rows.height,
            "electricity": findings.electricity_factors(account),
        }
        run.line_count = account.lines.height
        run.organisation_count = rows["org_code"].n_unique()
        run.note_count = notes.height
        run.findings = findings.summary(notes)
        frozen.write_manifest(folder, run.manifest)
        step(80, _("Writing totals"))
        totals = _total_rows(account, cover)
        step(90, _("Saving"))
        _save(run, totals, folder)


def _save(run: Run, totals: pl.DataFrame, folder: Any) -> None:
    moved = False
    try:
        with transaction.atomic():
            last = Run.objects.aggregate(last=Max("number"))["last"] or 0
            run.number = last + 1
            orgs = dict(Organisation.objects.values_list("credit_code", "pk"))
            run.is_demo = Organisation.objects.filter(
                credit_code__in=totals["org_code"].unique().to_list()[:500], is_demo=True
            ).exists()
            run.save(force_insert=True)
            _insert_totals(run, totals, orgs)
            frozen.put_in_place(folder, run)
            moved = True
    except BaseException:
        if moved:
            frozen.remove(run)
        raise


def _total_rows(account: accounting.Account, cover: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``Total``: months, and month 0 for the year with its coverage."""
    months = account.totals(_TOTAL_KEYS).filter(pl.col("month") > 0)
    years = account.totals(("org_code", "year")).with_columns(pl.lit(0, pl.Int8).alias("month"))
    laid = frozen.wide(pl.concat([months, years.select(months.columns)]), _TOTAL_KEYS)
    rank = pl.col("confidence").replace_strict(
        dict(zip(CONFIDENCES, range(len(CONFIDENCES)), strict=True)), return_dtype=pl.Int8
    )
    lines = account.lines.select(
        pl.col("org_code").cast(pl.String), "year", "month", rank.alias("rank")
    )
    by_month = lines.group_by(_TOTAL_KEYS).agg(pl.col("rank").max())
    by_year = by_month.group_by("org_code", "year").agg(pl.col("rank").max())
    ranks = pl.concat(
        [
            by_month.filter(pl.col("month") > 0),
            by_year.with_columns(pl.lit(0, pl.Int8).alias("month")).select(by_month.columns),
        ]
    )
    whole = cover.select(
        "org_code", "year", pl.lit(0, pl.Int8).alias("month"), "months_reported", "months_expected"
    )
    return (
        laid.join(ranks, on=_TOTAL_KEYS, how="left")
        .join(whole, on=_TOTAL_KEYS, how="full", coalesce=True)
        .select(
            *_TOTAL_KEYS,
            *measures.QUANTITIES,
            measures.expression("emission_total_tco2"),
            *(
                pl.col(measures.column("energy_calorific_tce", tier)).alias(f"{tier}_tce")
                for tier in measures.TIERS
            ),
            pl.col("months_reported", "months_expected").fill_null(0),
            pl.col("rank")
            .replace_strict(dict(enumerate(CONFIDENCES)), default="", return_dtype=pl.String)
            .alias("confidence"),
        )
    )


def _insert_totals(run: Run, totals: pl.DataFrame, orgs: Mapping[str, int]) -> None:
    """Insert by one statement for all rows; model objects would take ten times as long."""
    named = {"org_code": "organisation"}
    fields = ["run", *(named.get(name, name) for name in totals.columns)]
    columns = [Total._meta.get_field(name) for name in fields]
    quote = connection.ops.quote_name
    names = ", ".join(
        quote(str(field.column)) for field in columns if isinstance(field, models.Field)
    )
    marks = ", ".join(["%s"] * len(columns))
    table = quote(Total._meta.db_table)
    key = Total._meta.get_field("run").get_db_prep_value(run.pk, connection)
    rows = totals.with_columns(
        pl.col("org_code").replace_strict(orgs, return_dtype=pl.Int64)
    ).iter_rows()
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - names of our model
            [(key, *row) for row in rows],
        )
