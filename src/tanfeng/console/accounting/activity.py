"""From energy records to the activity table of the engine, and how complete it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl
from django.db import connection
from django.db.models import Q

from tanfeng import accounting
from tanfeng.console.accounting import due
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.archive.models import Organisation

#: Activity column -> field of the record.
_FIELDS = {
    "activity_id": "pk",
    "org_code": "organisation__credit_code",
    **{
        name: name
        for name in accounting.ACTIVITY_SCHEMA
        if name not in {"activity_id", "org_code", "site"}
    },
}
_CHUNK = 50_000
#: A row that fills none of these says nothing, as in ``accounting.completeness``.
_QUANTITIES = [name for name, kind in accounting.ACTIVITY_SCHEMA.items() if kind == pl.Float64()]
#: All twelve months as bits 0 to 11; a record of a whole year speaks for each of them.
WHOLE_YEAR = 0xFFF


def read(
    years: Sequence[int], as_of: datetime, organisation: Organisation | None = None
) -> pl.DataFrame:
    """Return the records of some years as they were known at a moment.

    Parameters
    ----------
    years : sequence of int
        Calendar years.
    as_of : datetime
        Records that became known later, or were replaced before, are left out.
    organisation : Organisation, optional
        Records of this enterprise alone; whoever asks for it has asked for the rights.

    Returns
    -------
    polars.DataFrame
        Columns of ``accounting.ACTIVITY_SCHEMA``; ``activity_id`` is the key of the record.
    """
    schema = {name: accounting.ACTIVITY_SCHEMA[name] for name in _FIELDS}
    rows = (
        EnergyRecord.objects.as_known_on(as_of)
        .filter(Q(year__in=list(years)))
        .order_by("pk")
        .values_list(*_FIELDS.values())
    )
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        parts = [
            pl.DataFrame(chunk, schema=schema, orient="row")
            for chunk in iter(lambda: cursor.fetchmany(_CHUNK), [])
        ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def coverage(activity: pl.DataFrame, years: Sequence[int], as_of: datetime) -> pl.DataFrame:
    """Tell for every organisation and year which months are there and which were due.

    Which months were due is said by :mod:`~tanfeng.console.accounting.due`. An organisation in
    operation owes every one of them from the year of its first record on; one that never reported
    owes every year; one that closed owes what it reported.

    Parameters
    ----------
    activity : polars.DataFrame
        Records of the years, as :func:`read` gives them.
    years : sequence of int
        Calendar years.
    as_of : datetime
        Moment of the account.

    Returns
    -------
    polars.DataFrame
        org_code, year, months (bits, January is bit 0), months_reported, months_expected.
    """
    month = pl.col("month").cast(pl.Int64)
    seen = (
        activity.filter(pl.any_horizontal(pl.col(_QUANTITIES).is_not_null()))
        .select("org_code", "year", "month")
        .unique()
        .with_columns(pl.when(month == 0).then(WHOLE_YEAR).otherwise(2 ** (month - 1)).alias("bit"))
        .group_by(pl.col("org_code").cast(pl.String), "year")
        .agg(pl.col("bit").bitwise_or().alias("months"))
    )
    last = due.last_due(as_of, due.collected_in(seen))
    first = seen.group_by("org_code").agg(pl.col("year").min().alias("first_year"))
    owed = pl.DataFrame(
        {"year": list(years), "due": [due.months_due(year, last) for year in years]},
        schema={"year": pl.Int32, "due": pl.Int64},
    )
    return (
        _organisations()
        .join(owed, how="cross")
        .join(seen, on=["org_code", "year"], how="left")
        .join(first, on="org_code", how="left")
        .with_columns(
            pl.col("months").fill_null(0),
            pl.col("months").fill_null(0).bitwise_count_ones().cast(pl.Int64).alias("reported"),
        )
        .select(
            "org_code",
            "year",
            "months",
            pl.col("reported").alias("months_reported"),
            pl.when(pl.col("active") & (pl.col("first_year").fill_null(0) <= pl.col("year")))
            .then(pl.max_horizontal("due", "reported"))
            .otherwise(pl.col("reported"))
            .alias("months_expected"),
        )
        .sort("org_code", "year")
    )


def members() -> pl.DataFrame:
    """Return what an account groups organisations by, to be frozen with it."""
    rows = Organisation.objects.values_list("credit_code", "sector", "place_id", "park_id")
    names = ("org_code", "sector", "place", "park")
    return pl.DataFrame(list(rows), schema=dict.fromkeys(names, pl.String), orient="row")


def _organisations() -> pl.DataFrame:
    rows = Organisation.objects.values_list("credit_code", "active")
    return pl.DataFrame(
        list(rows), schema={"org_code": pl.String, "active": pl.Boolean}, orient="row"
    )


def months_of(bits: int) -> Iterator[int]:
    """Yield the months a bit field holds."""
    return (month for month in range(1, 13) if bits >> (month - 1) & 1)
