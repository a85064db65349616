"""Which months and parameters the plan wants, what stands filed, and what the checks say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from tanfeng.accounting import mrv_checks
from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import tables
from tanfeng.console.registers.mrv.models import (
    OPEN,
    EmissionReport,
    Evidence,
    Finding,
    MonthlyFiling,
    PlanItem,
    SpotCheck,
)

#: Versions of a plan that hold, or held in their time.
IN_EFFECT = ("accepted", "replaced")
MONTHS = range(1, 13)
Key = tuple[int, str]
_PLAN_SCHEMA: Mapping[str, Any] = {
    "organisation_id": pl.Int64,
    "parameter": pl.String,
    "lab_wanted": pl.Boolean,
    "low": pl.Float64,
    "high": pl.Float64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "version": pl.Int64,
}


def items(report: EmissionReport) -> dict[Key, PlanItem]:
    """Return what the plan in effect says of each month and parameter; the newest version wins."""
    rows = (
        PlanItem.objects.filter(
            plan__organisation=report.organisation_id, plan__state__in=IN_EFFECT
        )
        .select_related("plan")
        .order_by("plan__version", "pk")
    )
    versions: dict[int, list[PlanItem]] = {}
    for item in rows:
        versions.setdefault(item.plan_id, []).append(item)
    found: dict[Key, PlanItem] = {}
    for month in MONTHS:
        day = date(report.year, month, 1)
        holding = [
            parts
            for parts in versions.values()
            if parts[0].plan.valid_from <= day
            and (parts[0].plan.valid_to is None or parts[0].plan.valid_to >= day)
        ]
        if holding:
            found |= {(month, item.parameter): item for item in holding[-1]}
    return found


def wanted(report: EmissionReport) -> list[Key]:
    """Return the months and parameters the plan wants filed for a whole year."""
    return sorted(items(report))


def current(report: EmissionReport) -> dict[Key, MonthlyFiling]:
    """Return what stands filed."""
    rows = MonthlyFiling.objects.filter(report=report, known_to__isnull=True)
    return {(row.month, row.parameter): row for row in rows.select_related("entered_by")}


def findings(
    user: User, reports: Iterable[EmissionReport], as_of: date | None = None
) -> pl.DataFrame:
    """Return what the automatic checks find in some carbon years, as far as the person may see.

    A file another enterprise handed in too is found only for who sees both.
    """
    found, _own = examined(
        list(reports),
        as_of or timezone.localdate(),
        rights.visible(user, MonthlyFiling),
        rights.visible(user, Evidence),
    )
    return found


def examined(
    chosen: Sequence[EmissionReport],
    as_of: date,
    filings: QuerySet[MonthlyFiling],
    evidence: QuerySet[Evidence],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what the checks find in some carbon years, from the filings and files given.

    The second answer leaves out what is found only because another enterprise handed the same
    file in.
    """
    orgs = {report.organisation_id for report in chosen}
    years = {report.year for report in chosen}
    if not orgs:
        nothing = pl.DataFrame(schema=dict(mrv_checks.FINDING_SCHEMA))
        return nothing, nothing
    codes = _codes(orgs)
    plans = _plans(orgs)
    filed = _filed(filings, orgs, years, plans, codes)
    expected = _expected(chosen, plans, codes)
    proofs = _evidence(evidence, orgs, years)
    named = dict(codes.iter_rows())
    pairs = pl.DataFrame(
        [(named[report.organisation_id], report.year) for report in chosen],
        schema={"org_code": pl.String, "year": pl.Int32},
        orient="row",
    )

    def found(files: pl.DataFrame) -> pl.DataFrame:
        told = mrv_checks.check(filed, as_of=as_of, expected=expected, evidence=files)
        return told.join(pairs, on=["org_code", "year"], how="semi")

    every = found(proofs)
    if not proofs.filter(pl.col("org_code").n_unique().over("sha256") > 1).height:
        return every, every
    return every, found(proofs.with_columns(sha256=pl.concat_str("org_code", "sha256")))


def risks(user: User, reports: Iterable[EmissionReport], as_of: date | None = None) -> pl.DataFrame:
    """Return the reasons to visit with their points, per enterprise and year."""
    chosen = list(reports)
    found = findings(user, chosen, as_of)
    counts = found.group_by("org_code", "year", "rule").agg(count=pl.len().cast(pl.Int64))
    keys = [report.pk for report in chosen]
    open_ones = dict(
        Finding.objects.filter(report__in=keys, state__in=OPEN)
        .order_by()
        .values_list("report")
        .annotate(count=Count("pk"))
    )
    visited = set(
        SpotCheck.objects.filter(report__in=keys)
        .exclude(state="cancelled")
        .values_list("report", flat=True)
    )
    codes = _codes({report.organisation_id for report in chosen})
    more = [
        (_code(codes, report), report.year, rule, count)
        for report in chosen
        for rule, count in (
            ("R01", open_ones.get(report.pk, 0)),
            ("R02", int(report.pk not in visited)),
        )
    ]
    return mrv_checks.risk(pl.concat([counts, pl.DataFrame(more, counts.schema, orient="row")]))


def _codes(orgs: set[int]) -> pl.DataFrame:
    rows = Organisation.objects.filter(pk__in=orgs).values_list("pk", "credit_code")
    return pl.DataFrame(
        list(rows), schema={"organisation_id": pl.Int64, "org_code": pl.String}, orient="row"
    )


def _code(codes: pl.DataFrame, report: EmissionReport) -> str:
    return str(dict(codes.iter_rows()).get(report.organisation_id, ""))


def _plans(orgs: set[int]) -> pl.DataFrame:
    rows = PlanItem.objects.filter(
        plan__organisation__in=orgs, plan__state__in=IN_EFFECT
    ).values_list(
        "plan__organisation", "parameter", "lab_wanted", "low", "high",
        "plan__valid_from", "plan__valid_to", "plan__version",
    )  # fmt: skip
    physics = pl.DataFrame(
        [(one.key, one.low, one.high) for one in tables.parameters().values()],
        schema={"parameter": pl.String, "least": pl.Float64, "most": pl.Float64},
        orient="row",
    )
    return (
        pl.DataFrame(list(rows), schema=dict(_PLAN_SCHEMA), orient="row")
        .join(physics, on="parameter", how="left")
        .with_columns(low=pl.coalesce("low", "least"), high=pl.coalesce("high", "most"))
        .drop("least", "most")
    )


def _in_force(rows: pl.DataFrame, plans: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Join the newest version in effect on the first day of the month."""
    first = pl.date("year", "month", 1)
    return (
        rows.join(plans, on=on, how="inner")
        .filter(
            (pl.col("valid_from") <= first)
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= first))
        )
        .filter(
            pl.col("version") == pl.col("version").max().over("organisation_id", "year", "month")
        )
    )


def _due(years: Iterable[int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(year, month, tables.month_due(year, month)) for year in years for month in MONTHS],
        schema={"year": pl.Int32, "month": pl.Int8, "due_on": pl.Date},
        orient="row",
    )


def _filed(
    filings: QuerySet[MonthlyFiling],
    orgs: set[int],
    years: set[int],
    plans: pl.DataFrame,
    codes: pl.DataFrame,
) -> pl.DataFrame:
    reach = {year - 1 for year in years} | years
    rows = (
        filings.filter(organisation__in=orgs, report__year__in=reach, known_to__isnull=True)
        .order_by()
        .values_list(
            "organisation", "report__year", "month", "parameter", "value", "sampled_on",
            "tested_on", "laboratory", "accredited", "invoice_value", "first_filed_at",
        )
    )  # fmt: skip
    schema: dict[str, Any] = {
        "organisation_id": pl.Int64, "year": pl.Int32, "month": pl.Int8, "parameter": pl.String,
        "value": pl.Float64, "sampled_on": pl.Date, "tested_on": pl.Date,
        "laboratory": pl.String, "accredited": pl.Boolean, "invoice_value": pl.Float64,
        "filed_on": pl.Date,
    }  # fmt: skip
    told = [(*row[:-1], timezone.localtime(row[-1]).date()) for row in rows]
    frame = pl.DataFrame(told, schema=schema, orient="row")
    keys = ["organisation_id", "year", "month", "parameter"]
    asked = _in_force(frame.select(keys), plans, ["organisation_id", "parameter"])
    return (
        frame.join(asked.select(*keys, "lab_wanted", "low", "high"), on=keys, how="left")
        .join(_due(reach), on=["year", "month"], how="left")
        .join(codes, on="organisation_id")
    )


def _expected(
    reports: Sequence[EmissionReport], plans: pl.DataFrame, codes: pl.DataFrame
) -> pl.DataFrame:
    years = pl.DataFrame(
        [(report.organisation_id, report.year) for report in reports],
        schema={"organisation_id": pl.Int64, "year": pl.Int32},
        orient="row",
    )
    due = _due({report.year for report in reports})
    return _in_force(years.join(due, on="year"), plans, ["organisation_id"]).join(
        codes, on="organisation_id"
    )


def _evidence(evidence: QuerySet[Evidence], orgs: set[int], years: set[int]) -> pl.DataFrame:
    reach = {year - 1 for year in years} | years
    seen = evidence.filter(filing__isnull=False, filing__known_to__isnull=True)
    own = Q(organisation__in=orgs, report__year__in=reach)
    digests = set(seen.filter(own).order_by().values_list("sha256", flat=True))
    rows = seen.filter(own | Q(sha256__in=digests)).select_related("organisation", "filing__report")
    told = [
        (
            row.organisation.credit_code,
            filing.report.year,
            filing.month,
            filing.parameter,
            row.sha256,
            row.file_name,
            row.period_from,
            row.period_to,
            row.stated_code,
            archive.same_name(row.stated_name),
            [archive.same_name(name) for name in _names(row.organisation)],
        )
        for row in rows
        if (filing := row.filing) is not None
    ]
    return pl.DataFrame(told, schema=dict(mrv_checks.EVIDENCE_SCHEMA), orient="row")


def _names(organisation: Organisation) -> list[str]:
    return [name for name in (organisation.name, *organisation.former_names.split(";")) if name]
