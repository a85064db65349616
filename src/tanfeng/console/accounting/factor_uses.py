"""Tell the library which rows of the standards the published run and method accounts rest on."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from django.urls import reverse

from tanfeng.console.accounting import figures, frozen, method_files, method_pages
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.console.library.uses import Use
from tanfeng.trace import FACTOR_COLUMNS

#: Newest accounts that are looked through for a row.
_LOOKED_THROUGH = 500


def of_published_run(user: User, ref: str) -> Iterator[Use]:
    """Yield the published run when it used a row, with the value it used.

    Parameters
    ----------
    user : User
        Who asks; a run outside the user's rights is not told.
    ref : str
        Row of a table, for example ``fuels/<id>``.
    """
    run = figures.run_for(user)
    if run is None:
        return
    rows = frozen.opened(run).factors.filter(pl.col("ref") == ref)
    for row in rows.unique("value").sort("value").iter_rows(named=True):
        yield Use(str(run), reverse("run", args=[run.number]), "", row["value"], row["unit"])


def of_method_accounts(user: User, ref: str) -> Iterator[Use]:
    """Yield the standing accounts by sector methods that lean on a row, with the value they used.

    Parameters
    ----------
    user : User
        Who asks; accounts of enterprises outside the user's rights are not told.
    ref : str
        Row of a table, for example ``fuels/<id>``.
    """
    rows = rights.visible(user, MethodRun).filter(replaced_by=None).select_related("organisation")
    for run in rows.order_by("-number")[:_LOOKED_THROUGH]:
        folder = method_files.folder_of(run)
        held = pl.read_parquet(folder / "factors.parquet").filter(pl.col("ref") == ref)
        if held.is_empty():
            continue
        lines = pl.read_parquet(folder / "lines.parquet", columns=list(FACTOR_COLUMNS))
        taken = {number for column in lines.iter_columns() for number in column.drop_nulls()}
        used = held.filter(pl.col("factor").is_in(taken)).select("value", "unit")
        for value, unit in used.unique("value").sort("value").iter_rows():
            url = reverse("method-run", args=[run.number])
            label = f"M{run.number} {run.organisation.name} {run.year}"
            yield Use(label, url, method_pages.method_name(run.method_key), value, unit)
