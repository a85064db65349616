"""Tell the library which rows of the standards the published run rests on."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from django.urls import reverse

from tanfeng.console.accounting import figures, frozen
from tanfeng.console.core.models import User
from tanfeng.console.library.uses import Use


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
