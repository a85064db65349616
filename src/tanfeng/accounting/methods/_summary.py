"""The emissions of a report in its official order, and its totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from tanfeng.accounting.methods._declare import SCOPES, Method, Stream

if TYPE_CHECKING:
    from tanfeng.accounting.methods._engine import MethodAccount


def summary(
    account: MethodAccount, methods: Iterable[Method], *, by: Sequence[str] = ("org_code", "year")
) -> pl.DataFrame:
    """Return the emission of every stream that has rows, in the order of the official report.

    Parameters
    ----------
    account : MethodAccount
        The account.
    methods : iterable of Method
        The methods it was made by.
    by : sequence of str
        Columns of ``account.streams`` to keep apart.

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, method, stream, name_zh, name_en, scope, in_total (a market text
        leaves electricity and heat out of its total unless it counts them), emission_tco2e
        [tCO2e], missing_rows.
    """
    order = pl.DataFrame(
        [
            {
                "method": method.key,
                "stream": stream.key,
                "name_zh": stream.name_zh,
                "name_en": stream.name_en,
                "scope": stream.scope,
                "in_total": in_total(method, stream),
            }
            for method in methods
            for stream in method.streams
        ]
    ).with_row_index("order")
    keys = [*by, "method", "stream"]
    sums = account.emissions(keys).with_columns(pl.col("method", "stream").cast(pl.String))
    return (
        sums.join(order, on=["method", "stream"], how="left", maintain_order="left")
        .sort(*by, "order")
        .select(*keys, "name_zh", "name_en", "scope", "in_total", "emission_tco2e", "missing_rows")
    )


def in_total(method: Method, stream: Stream) -> bool:
    """Tell whether a method counts a stream in its total.

    Parameters
    ----------
    method : Method
        The method.
    stream : Stream
        One of its streams.

    Returns
    -------
    bool
        True, except for a market text and a stream that is neither direct nor counted by it.
    """
    return stream.scope == "direct" or stream.counted or not method.market


def totals(
    account: MethodAccount, methods: Iterable[Method], *, by: Sequence[str] = ("org_code", "year")
) -> pl.DataFrame:
    """Return the totals of the reports.

    Parameters
    ----------
    account, methods, by
        As in :func:`summary`.

    Returns
    -------
    polars.DataFrame
        The columns of ``by``, method, emission_direct_tco2e, emission_electricity_tco2e,
        emission_heat_tco2e, emission_total_tco2e [tCO2e]; null where a part has no row that could
        be computed, missing_rows.
    """
    rows = summary(account, methods, by=by)
    value = pl.col("emission_tco2e")
    return rows.group_by([*by, "method"], maintain_order=True).agg(
        *(
            _sum(value.filter(pl.col("scope") == scope)).alias(f"emission_{scope}_tco2e")
            for scope in SCOPES
        ),
        _sum(value.filter("in_total")).alias("emission_total_tco2e"),
        pl.col("missing_rows").sum(),
    )


def _sum(value: pl.Expr) -> pl.Expr:
    """Add up; null, not zero, where there is nothing to add."""
    return pl.when(value.is_not_null().any()).then(value.sum())
