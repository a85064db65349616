"""Sums of pieces by period, the same to the last bit whatever the order and the engine.

Amounts are cut into whole numbers before they are added (:mod:`tanfeng.metering._exact`). What is
estimated is added up beside the whole, and what is measured is the difference.
"""

from __future__ import annotations

import ibis
import polars as pl
from ibis.expr import types as ir

from tanfeng.metering import _exact
from tanfeng.metering._mend import ESTIMATED
from tanfeng.metering._rows import floor_to

#: What of a period adds up; of ``code`` the most serious stands.
ADDED = ("amount_high", "amount_low", "guess_high", "guess_low", "known_s", "guess_s")


def parts(pieces: ir.Table, length_s: int) -> ir.Table:
    """Add pieces up by period.

    Parameters
    ----------
    pieces : ibis Table
        ``id``, ``slot`` [s], ``amount`` [base unit], ``covered`` [s], ``code``.
    length_s : int
        Of a period.

    Returns
    -------
    ibis Table
        ``id``, ``start`` [s], the columns of :data:`ADDED` and ``code``.
    """
    rows = _exact.cut(pieces, ["amount"])
    known = rows.amount.notnull()
    guess = known & rows.code.isin(ESTIMATED)
    sums = {
        "amount_high": rows.amount_high.sum(),
        "amount_low": rows.amount_low.sum(),
        "guess_high": rows.amount_high.sum(where=guess),
        "guess_low": rows.amount_low.sum(where=guess),
        "known_s": rows.covered.sum(where=known),
        "guess_s": rows.covered.sum(where=guess),
    }
    return rows.group_by("id", start=floor_to(rows.slot, length_s)).agg(
        **{name: total.fill_null(0).cast("int64") for name, total in sums.items()},
        code=rows.code.max(),
    )


def finished(added: ir.Table) -> ir.Table:
    """Turn what :func:`parts` added into what a period has.

    Returns
    -------
    ibis Table
        As of :func:`tanfeng.metering.derive.sums`.
    """
    measured_s = added.known_s - added.guess_s
    high, low = added.amount_high - added.guess_high, added.amount_low - added.guess_low
    amount = _exact.whole_column(added.amount_high, added.amount_low)
    return added.select(
        "id",
        "start",
        amount=ibis.ifelse(added.known_s > 0, amount, None),
        measured=ibis.ifelse(measured_s > 0, _exact.whole_column(high, low), None),
        known_s=added.known_s,
        measured_s=measured_s,
        code=added.code,
    )


def finished_frame(added: pl.DataFrame) -> pl.DataFrame:
    """Do what :func:`finished` does, with a frame."""
    measured_s = pl.col("known_s") - pl.col("guess_s")
    rest = [
        (pl.col(f"amount_{part}") - pl.col(f"guess_{part}")).alias(f"measured_{part}")
        for part in ("high", "low")
    ]
    return added.with_columns(rest).select(
        "id",
        "start",
        amount=pl.when(pl.col("known_s") > 0).then(_exact.whole("amount")),
        measured=pl.when(measured_s > 0).then(_exact.whole("measured")),
        known_s="known_s",
        measured_s=measured_s,
        code="code",
    )
