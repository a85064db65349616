"""What the latest figures would be with another value of a row, or another edition of a table.

A preview: the lines that lean on the row are computed again in memory, nothing is saved. Who asks
sees the enterprises he may see, and sums over those alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.urls import reverse
from django.utils.translation import gettext as _

from tanfeng import accounting, standards
from tanfeng.accounting import methods
from tanfeng.accounting.impact import impact
from tanfeng.console.accounting import figures, frozen, measures, method_files, method_pages
from tanfeng.console.accounting.models import MethodRun, Run
from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.console.library import tables
from tanfeng.console.library.permissions import READ
from tanfeng.errors import ModelError, StandardError
from tanfeng.trace import FACTOR_COLUMNS

TOTAL = "emission_total_tco2"
#: Newest method accounts that are looked through.
_LOOKED_THROUGH = 500


@dataclass(frozen=True, slots=True)
class Change:
    """Another value of one row.

    Parameters
    ----------
    ref : str
        The row.
    name, unit : str
        Its name and unit.
    old, new : float
        Value the published figures used, and the one tried. [unit]
    source : str
        Where the new value stands: the row of another edition, or empty for one typed in.
    """

    ref: str
    name: str
    unit: str
    old: float
    new: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change.

    Parameters
    ----------
    run : Run or None
        The published run.
    scope : Scope
        Whom the sums speak of.
    year : int or None
        Year of the sums; ``years`` are those of the run.
    changes : list of Change
        What was tried.
    unchanged : list of str
        Rows of the edition that have no counterpart in the other one.
    quantities : list of dict
        name, unit, before, after, difference over the scope, of the quantities that move.
    by_org : list of dict
        Enterprises with emission before and after, the largest move first. [tCO2]
    total : dict
        before, after and difference of the emission over the scope. [tCO2]
    accounts : list of dict
        Accounts by sector methods that lean on the rows, with the emission before and after.
        [tCO2e]
    """

    run: Run | None
    scope: figures.Scope
    year: int | None
    years: tuple[int, ...]
    changes: list[Change]
    unchanged: list[str]
    quantities: list[dict[str, Any]]
    by_org: list[dict[str, Any]]
    total: Mapping[str, float | None]
    accounts: list[dict[str, Any]]


def shown_row(ref: str) -> tuple[tables.Table, dict[str, Any]]:
    """Return a row of the standards with its table.

    Raises
    ------
    StandardError
        If there is no such row.
    """
    name, _slash, row_id = ref.partition("/")
    table = tables.table(name)
    row = tables.row(table, row_id)
    if row is None:
        raise StandardError(f"there is no row {ref}", f"没有 {ref} 这一行")
    return table, row


def other_editions(ref: str) -> list[dict[str, Any]]:
    """Return the rows of other editions with a number in the same unit."""
    table, row = shown_row(ref)
    edition = tables.EDITION.get(table.info.name, "")
    return [
        {
            "ref": one["ref"],
            "edition": one[edition],
            "value": one["value_num"],
            "unit": one["@unit"],
            "valid_from": one["@valid_from"],
            "confidence": one["@confidence"],
        }
        for one in tables.editions(table, row).to_dicts()
        if one["value_num"] is not None and one["@unit"] == row["@unit"]
    ]


def of_row(user: User, ref: str, *, value: float | None = None, to: str = "") -> list[Change]:
    """Return the change of one row: to a value typed in, or to that of another edition.

    Raises
    ------
    ModelError
        If neither or both are given, the value is no number, or the other row is no edition of
        this one in the same unit.
    """
    rights.require(user, READ)
    _table, row = shown_row(ref)
    if (value is None) == (not to):
        raise ModelError(_("Give a value or choose another edition"))
    source = ""
    if value is None:
        other = next((one for one in other_editions(ref) if one["ref"] == to), None)
        if other is None:
            raise ModelError(_("The row chosen is no other edition of this one in the same unit"))
        value, source = float(other["value"]), to
    if not math.isfinite(value) or value < 0:
        raise ModelError(_("The value must be a number that is not negative"))
    name = method_pages.told({"name_zh": row["@name_zh"], "name_en": row["@name_en"]}, "name")
    shipped = row["value_num"]
    if shipped is None:
        raise ModelError(_("This row holds words, which no number can replace."))
    return [Change(ref, name, str(row["@unit"]), float(shipped), value, source)]


def of_edition(user: User, table_name: str, old: str, new: str) -> tuple[list[Change], list[str]]:
    """Return the changes when every row of an edition gives way to its counterpart in another.

    Parameters
    ----------
    user : User
        Who asks.
    table_name : str
        A table with editions.
    old, new : str
        The editions, for example two guidelines.

    Returns
    -------
    tuple of list
        Changes, and the rows without a counterpart in the same unit.
    """
    rights.require(user, READ)
    if table_name not in tables.EDITION:
        raise ModelError(_("This table has no editions"))
    table = tables.table(table_name)
    column = tables.EDITION[table_name]
    keys = [one for one in (*table.info.key, *table.info.detail) if one not in (column, "id")]
    numbers = table.frame.filter(pl.col("value_num").is_not_null())
    if old == new or not {old, new} <= set(numbers[column]):
        raise ModelError(_("Choose two editions of the table"))
    rows = numbers.filter(pl.col(column) == old).join(
        numbers.filter(pl.col(column) == new).select(
            *keys, "@unit", "ref", pl.col("value_num").alias("new")
        ),
        on=[*keys, "@unit"],
        how="left",
        suffix="_new",
        maintain_order="left",
    )
    # A row with several counterparts has none that could be named.
    several = pl.col("ref").is_duplicated()
    rows = rows.with_columns(pl.when(~several).then("new").alias("new")).unique(
        "ref", keep="first", maintain_order=True
    )
    changes, unchanged = [], []
    for row in rows.to_dicts():
        name = method_pages.told({"name_zh": row["@name_zh"], "name_en": row["@name_en"]}, "name")
        if row["new"] is None:
            unchanged.append(row["ref"])
        else:
            values = (float(row["value_num"]), float(row["new"]))
            changes.append(Change(row["ref"], name, row["@unit"], *values, row["ref_new"]))
    return changes, unchanged


def preview(
    user: User, changes: list[Change], unchanged: list[str] | None = None, year: int | None = None
) -> Preview:
    """Account the affected lines again with the changes; nothing is saved.

    Parameters
    ----------
    user : User
        Who asks; enterprises outside the user's rights are neither told nor added up.
    changes : list of Change
        What is tried.
    unchanged : list of str, optional
        Rows an edition has no counterpart for.
    year : int, optional
        Year of the sums; the page's usual one without it.

    Returns
    -------
    Preview
        The changes are those the figures lean on, with the value they used.
    """
    rights.require(user, READ)
    scope = figures.scope_of(user)
    run = figures.run_for(user)
    wanted = {one.ref: one for one in changes}
    used: dict[str, Change] = {}
    quantities: list[dict[str, Any]] = []
    by_org: list[dict[str, Any]] = []
    total: dict[str, float | None] = {"before": None, "after": None, "difference": None}
    years: tuple[int, ...] = ()
    if run is not None:
        years = tuple(range(run.first_year, run.last_year + 1))
        year = year if year in years else figures.default_year(user, run)
        assert year is not None  # noqa: S101 - a run has years
        used |= _used(frozen.opened(run).factors, wanted)
        quantities, by_org, total = _of_run(run, scope, year, wanted)
    accounts = _of_accounts(user, wanted, used)
    told = [used[ref] for ref in wanted if ref in used]
    left = [ref for ref in unchanged or ()]
    return Preview(run, scope, year, years, told, left, quantities, by_org, total, accounts)


def _used(factors: pl.DataFrame, wanted: Mapping[str, Change]) -> dict[str, Change]:
    """Return the changes with the value the account used, which an override may have set."""
    held = factors.filter(pl.col("ref").is_in(list(wanted))).unique("ref")
    return {
        ref: Change(ref, one.name, unit, value, one.new, one.source)
        for ref, value, unit in held.select("ref", "value", "unit").iter_rows()
        if (one := wanted[ref])
    }


def _of_run(
    run: Run, scope: figures.Scope, year: int, wanted: Mapping[str, Change]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, float | None]]:
    files = frozen.opened(run)
    lines = scope.within_lazy(files.lines).filter(pl.col("year") == year)
    new = {ref: one.new for ref, one in wanted.items()}
    moved = impact(lines, files.factors, accounting.FORMULAS, new).with_columns(
        pl.col("quantity").cast(pl.String),
        pl.col("org_code").cast(pl.String),
        (pl.col("value_new") - pl.col("value")).alias("difference"),
    )
    before = scope.within(files.years).filter(pl.col("year") == year)
    steps = moved.group_by("quantity").agg(pl.col("difference").sum(), pl.len().alias("lines"))
    quantities = []
    for row in steps.to_dicts():
        key = row["quantity"]
        whole = float(before[key].sum())
        quantity = accounting.QUANTITIES[key]
        quantities.append(
            {
                **row,
                "key": key,
                "name": method_pages.told(
                    {"name_zh": quantity.name_zh, "name_en": quantity.name_en}, "name"
                ),
                "unit": quantity.unit,
                "before": whole,
                "after": whole + row["difference"],
            }
        )
    quantities.sort(key=lambda one: measures.QUANTITIES.index(one["key"]))
    parts = measures.MEASURES[TOTAL].plus("average")
    emission = moved.filter(pl.col("quantity").is_in(list(parts)))
    by_org, total = _by_org(emission, before)
    return quantities, by_org, total


def _by_org(
    emission: pl.DataFrame, before: pl.DataFrame
) -> tuple[list[dict[str, Any]], dict[str, float | None]]:
    """Return every affected enterprise, and the sum over the scope."""
    known = before.select("org_code", measures.expression(TOTAL).alias("before"))
    sums = emission.group_by("org_code").agg(pl.col("difference").sum())
    moved = sums.filter(pl.col("difference") != 0)
    rows = (
        moved.join(known, on="org_code", how="left")
        .with_columns((pl.col("before") + pl.col("difference")).alias("after"))
        .sort(pl.col("difference").abs(), descending=True)
        .to_dicts()
    )
    names = figures.names_of("org_code", [row["org_code"] for row in rows])
    for row in rows:
        row["name"] = names.get(row["org_code"], row["org_code"])
        row["share"] = row["difference"] / row["before"] if row["before"] else None
    held = known["before"].drop_nulls()
    if not len(held):
        return rows, {"before": None, "after": None, "difference": None}
    whole, step = float(held.sum()), float(moved["difference"].sum())
    return rows, {"before": whole, "after": whole + step, "difference": step}


def _of_accounts(
    user: User, wanted: Mapping[str, Change], used: dict[str, Change]
) -> list[dict[str, Any]]:
    """Account the standing method accounts that lean on the rows again."""
    new = {ref: one.new for ref, one in wanted.items()}
    runs = rights.visible(user, MethodRun).filter(replaced_by=None).select_related("organisation")
    found = []
    for run in runs.order_by("-number")[:_LOOKED_THROUGH]:
        held = pl.read_parquet(method_files.folder_of(run) / "factors.parquet")
        if not held["ref"].is_in(list(wanted)).any():
            continue
        kept = method_files.opened(run)
        account = kept.account
        moved = impact(account.lines, account.factors, account.formulas, new)
        if moved.is_empty():
            continue
        for ref, change in _used(_leaned_on(account), wanted).items():
            used.setdefault(ref, change)
        inside = [one["stream"] for one in kept.told["streams"] if one["in_total"]]
        counted = account.streams.filter(pl.col("stream").is_in(inside))["activity_id"]
        ends = moved.filter(
            pl.col("quantity").cast(pl.String) == methods.EMISSION,
            pl.col("activity_id").is_in(counted.implode()),
        )
        step = float((ends["value_new"] - ends["value"]).sum())
        before = run.emission_total_tco2e
        found.append(
            {
                "number": run.number,
                "url": reverse("method-run", args=[run.number]),
                "name": run.organisation.name,
                "org_code": run.organisation.credit_code,
                "year": run.year,
                "method": method_pages.method_name(run.method_key),
                "before": before,
                "after": None if before is None else before + step,
                "difference": step,
            }
        )
    found.sort(key=lambda one: -abs(float(str(one["difference"]))))
    return found


def _leaned_on(account: methods.MethodAccount) -> pl.DataFrame:
    """Return the factors the lines of an account point to."""
    taken = {
        number
        for column in account.lines.select(FACTOR_COLUMNS).iter_columns()
        for number in column.drop_nulls()
    }
    return account.factors.filter(pl.col("factor").is_in(sorted(taken)))


def url_of(user: User, ref: str) -> str:
    """Return where the preview of a row stands, empty for rows that hold no number."""
    table, _slash, row_id = ref.partition("/")
    if standards.lookup(table, id=row_id).value is None or not rights.can(user, READ):
        return ""
    return reverse("factor-impact", args=[table, row_id])
