"""Energy of a month against output: a robust line per node, and months that do not fit it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering._rules import limits

#: Median absolute deviation to standard deviation of a normal distribution.
_MAD_TO_SIGMA = 1.4826


def energy_residuals(
    months: pl.DataFrame, *, changed: Mapping[str, float] | None = None
) -> pl.DataFrame:
    r"""Monthly energy of each node off the line through its own months of energy and output.

    Parameters
    ----------
    months : polars.DataFrame
        node, month, energy, output; one row per node and month; null is not known. Any unit, the
        same throughout a node.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        node, month, energy, output, n (months known), slope, intercept, sigma, expected, residual
        [unit of energy], sigmas (residual / sigma), beyond (null: not judged) and reason:
        ``judged``, ``not_known``, ``too_few`` or ``same_output``.

    Notes
    -----
    Theil and Sen: the slope is the median of the slopes of all pairs of months with different
    output, the intercept the median of :math:`e - b o`; a quarter of the months may be wrong
    without moving it. Sigma is 1.4826 times the median absolute residual, at least
    ``residual_sigma_floor`` of the median energy. Beyond: :math:`|r| > k \sigma`.
    """
    limit = limits(changed)
    columns = ["node", "month", "energy", "output"]
    if not set(columns) <= set(months.columns):
        raise ModelError(f"months need the columns {columns}", f"须有列 {columns}")
    rows = months.select(columns)
    if rows.select("node", "month").is_duplicated().any():
        raise ModelError("a node has a month twice", "同一单元的月份重复")
    known = rows.drop_nulls()
    lines = _lines(known)
    fit = (
        rows.join(known.group_by("node").agg(n=pl.len().cast(pl.Int64)), on="node", how="left")
        .join(lines, on="node", how="left")
        .with_columns(pl.col("n").fill_null(0))
        .with_columns(expected=pl.col("intercept") + pl.col("slope") * pl.col("output"))
        .with_columns(residual=pl.col("energy") - pl.col("expected"))
    )
    spread = _MAD_TO_SIGMA * pl.col("residual").abs().median().over("node")
    floor = limit["residual_sigma_floor"] * pl.col("energy").abs().median().over("node")
    few = pl.col("n") < limit["residual_months_min"]
    reason = (
        pl.when(pl.col("energy").is_null() | pl.col("output").is_null())
        .then(pl.lit("not_known"))
        .when(few)
        .then(pl.lit("too_few"))
        .when(pl.col("slope").is_null())
        .then(pl.lit("same_output"))
        .otherwise(pl.lit("judged"))
    )
    return (
        fit.with_columns(sigma=pl.max_horizontal(spread, floor), reason=reason)
        .with_columns(
            sigmas=pl.when(pl.col("sigma") > 0).then(pl.col("residual") / pl.col("sigma"))
        )
        .with_columns(
            beyond=pl.when(pl.col("reason") == "judged").then(
                pl.col("sigmas").abs().fill_null(0.0) > limit["residual_sigma"]
            )
        )
        .select(
            *columns,
            "n",
            "slope",
            "intercept",
            "sigma",
            "expected",
            "residual",
            "sigmas",
            "beyond",
            "reason",
        )
        .sort("node", "month")
    )


def _lines(known: pl.DataFrame) -> pl.DataFrame:
    """Slope and intercept of each node whose output is not always the same."""
    pairs = known.join(known, on="node", suffix="_b").filter(pl.col("output") < pl.col("output_b"))
    rise = (pl.col("energy_b") - pl.col("energy")) / (pl.col("output_b") - pl.col("output"))
    slopes = pairs.group_by("node").agg(slope=rise.median())
    return (
        known.join(slopes, on="node")
        .group_by("node")
        .agg(
            pl.col("slope").first(),
            intercept=(pl.col("energy") - pl.col("slope") * pl.col("output")).median(),
        )
    )
