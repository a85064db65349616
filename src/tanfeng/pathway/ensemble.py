"""Many draws of a scenario: the band, the year of the peak, and how sure both are.

Draws are taken in ``BATCHES`` batches, each a randomised low-discrepancy or Latin-hypercube sample
of its own. One batch spreads its draws evenly over every variable; that batches differ tells how
far the result still is from settled: the standard error of a share is the spread of the batches'
shares divided by the root of their number. Batches can be computed anywhere
(``concurrent.futures``), and the result does not depend on where, nor on how many at a time.

The trajectory of a draw peaks in the year of its greatest emission, the last such year on a
plateau. A draw whose greatest emission is the last year computed has not peaked inside the
horizon, and never counts as peaked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import qmc, sobol_indices

from tanfeng.errors import ModelError
from tanfeng.pathway.projection import Boundary, Floats, Projection

Sampling = Literal["sobol", "latin_hypercube"]
BATCHES = 16
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Draws computed at once in one batch: their arrays fit the caches.
_AT_ONCE = 2048


class Cancelled(ModelError):
    """Somebody asked the computation to stop."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What many draws of a scenario lead to.

    Parameters
    ----------
    scenario : str
        Key of the scenario.
    boundary : {"direct", "direct_and_purchased"}
        What is counted.
    years : numpy.ndarray, shape (years,)
        Calendar years.
    emission_tco2 : numpy.ndarray, shape (batches, draws of a batch, years)
        Of all sectors.
    bands : polars.DataFrame
        Columns ``sector`` (``""`` for the sum), ``year``, ``central``, ``mean``, and ``p05`` to
        ``p95``: t CO2.
    """

    scenario: str
    boundary: Boundary
    years: NDArray[np.int64]
    emission_tco2: Floats
    bands: pl.DataFrame

    @property
    def draws(self) -> int:
        """Number of draws in all."""
        batches, size, _ = self.emission_tco2.shape
        return int(batches * size)

    def peak_years(self) -> NDArray[np.int64]:
        """Return the year each draw peaks in, 0 where it does not inside the horizon.

        Returns
        -------
        numpy.ndarray, shape (batches, draws of a batch)
        """
        return _peak_years(self.emission_tco2, self.years)

    def central_peak(self) -> tuple[int | None, float]:
        """Return the year the written numbers peak in, and their greatest emission.

        Returns
        -------
        tuple of int or None, and float
            None where they do not peak inside the horizon; t CO2.
        """
        central = self.bands.filter(pl.col("sector") == "")["central"].to_numpy()
        year = int(_peak_years(central, self.years))
        return year or None, float(central.max())

    def probability(self, before: int) -> pl.DataFrame:
        """Return the share of draws that peak before a year, and how it settled.

        Parameters
        ----------
        before : int
            The peak lies in an earlier year; 2030 for "before 2030", 2031 for "by 2030".

        Returns
        -------
        polars.DataFrame
            One row for each number of batches taken: ``draws``, ``probability``,
            ``standard_error`` (null for a single batch). The last row is the answer.
        """
        years = self.peak_years()
        shares = ((years > 0) & (years < before)).mean(axis=1)
        taken = np.arange(1, len(shares) + 1)
        spread = [None, *(shares[:n].std(ddof=1) / np.sqrt(n) for n in taken[1:])]
        return pl.DataFrame(
            {
                "draws": taken * self.emission_tco2.shape[1],
                "probability": np.cumsum(shares) / taken,
                "standard_error": spread,
            },
            schema_overrides={"standard_error": pl.Float64},
        )

    def peaks(self) -> pl.DataFrame:
        """Return how many draws peak in each year.

        Returns
        -------
        polars.DataFrame
            Columns ``year`` (null: not inside the horizon), ``draws``, ``share``.
        """
        years, counts = np.unique(self.peak_years(), return_counts=True)
        return pl.DataFrame(
            {"year": years, "draws": counts, "share": counts / counts.sum()}
        ).with_columns(pl.col("year").replace(0, None))


def ensemble(
    projection: Projection,
    *,
    draws: int = 16_384,
    boundary: Boundary = "direct",
    sampling: Sampling = "sobol",
    seed: int = 0,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Ensemble:
    """Draw a scenario many times.

    Parameters
    ----------
    projection : Projection
        The scenario.
    draws : int
        At least ``BATCHES``; rounded up to whole batches, with ``sobol`` to batches of a power of
        two, as only those are balanced.
    boundary : {"direct", "direct_and_purchased"}
        What is counted.
    sampling : {"sobol", "latin_hypercube"}
        Scrambled Sobol points, or a Latin hypercube.
    seed : int
        Same seed, same result.
    executor : concurrent.futures.Executor, optional
        Where batches are computed; here when not given.
    progress : callable, optional
        Told batches done and batches in all.
    cancelled : callable, optional
        Asked between batches.

    Returns
    -------
    Ensemble

    Raises
    ------
    ModelError
        If fewer draws than batches are asked for.
    Cancelled
        If somebody asked to stop.
    """
    if draws < BATCHES:
        raise ModelError(
            f"an ensemble takes at least {BATCHES} draws, not {draws}",
            f"集合模拟至少需要 {BATCHES} 次抽样，给出的是 {draws} 次",
        )
    size = -(-draws // BATCHES)
    if sampling == "sobol":
        size = 1 << (size - 1).bit_length()
    seeds = [int(s.generate_state(1)[0]) for s in np.random.SeedSequence(seed).spawn(BATCHES)]
    tasks = [(projection, size, boundary, sampling, one) for one in seeds]
    sectors: list[Floats | None] = [None] * BATCHES
    for done, (number, found) in enumerate(_computed(tasks, executor, cancelled), start=1):
        sectors[number] = found
        if progress is not None:
            progress(done, BATCHES)
    by_sector = np.stack([found for found in sectors if found is not None])
    central = projection.total(projection.central(), boundary)[0]
    return Ensemble(
        projection.resolved.scenario.key,
        boundary,
        projection.years,
        by_sector.sum(axis=2),
        _bands(projection, central, by_sector),
    )


def sensitivity(
    projection: Projection,
    *,
    year: int,
    boundary: Boundary = "direct",
    points: int = 1024,
    seed: int = 0,
) -> pl.DataFrame:
    """Return which variable the spread of the emission in a year comes from.

    Parameters
    ----------
    projection : Projection
        The scenario; it has at least one uncertain variable.
    year : int
        One of its years.
    boundary : {"direct", "direct_and_purchased"}
        What is counted.
    points : int
        A power of two; the model is computed ``points * (variables + 2)`` times.
    seed : int
        Same seed, same result.

    Returns
    -------
    polars.DataFrame
        Columns ``variable``, ``first_order`` (share of the variance that goes if only this one
        became known), ``total`` (share that stays if only this one is unknown), and
        ``total_low``, ``total_high``, the 95 % bootstrap interval of the latter; greatest first.

    Raises
    ------
    ModelError
        If nothing is uncertain, or the year is none of the scenario's.

    References
    ----------
    .. [1] Saltelli et al. 2010, estimators as in ``scipy.stats.sobol_indices``.
    """
    if not projection.variables:
        raise ModelError(
            "no value of the scenario is uncertain: nothing can be told apart",
            "情景中没有带不确定性的数值，无法分析敏感性",
        )
    if year not in projection.years:
        raise ModelError(f"{year} is no year of the scenario", f"情景不包含 {year} 年")
    at = int(np.flatnonzero(projection.years == year)[0])
    count = len(projection.variables)

    def emission(shares: Floats) -> Floats:
        found = projection.total(projection.drawn(shares[:count].T), boundary)
        total: Floats = found[:, :, at].sum(axis=1)[None, :]
        return total

    found = sobol_indices(
        func=emission,
        n=points,
        dists=[_Share()] * max(count, 2),  # scipy loses the axis of a single one
        rng=np.random.default_rng(seed),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = found.bootstrap(confidence_level=0.95).total_order.confidence_interval
    return pl.DataFrame(
        {
            "variable": projection.variables,
            "first_order": np.ravel(found.first_order)[:count],
            "total": np.ravel(found.total_order)[:count],
            "total_low": np.ravel(interval.low)[:count],
            "total_high": np.ravel(interval.high)[:count],
        }
    ).sort("total", descending=True)


class _Share:
    """A share between 0 and 1, as the estimator wants its distributions."""

    def ppf(self, share: Floats) -> Floats:
        return share


_Task = tuple[Projection, int, Boundary, Sampling, int]


def _computed(
    tasks: list[_Task], executor: Executor | None, cancelled: Callable[[], bool] | None
) -> Iterator[tuple[int, Floats]]:
    """Give each batch with its number, in the order they are done."""

    def stop() -> bool:
        return cancelled is not None and cancelled()

    if executor is None:
        for number, task in enumerate(tasks):
            if stop():
                raise Cancelled("the ensemble was stopped", "集合模拟已取消")
            yield number, _batch(task)
        return
    waiting = {executor.submit(_batch, task): number for number, task in enumerate(tasks)}
    for future in as_completed(waiting):
        if stop():
            for other in waiting:
                other.cancel()
            raise Cancelled("the ensemble was stopped", "集合模拟已取消")
        yield waiting[future], future.result()


def _batch(task: _Task) -> Floats:
    """Compute one batch: emission by draw, sector and year."""
    projection, size, boundary, sampling, seed = task
    count = len(projection.variables)
    if not count:
        return np.repeat(projection.total(projection.central(), boundary), size, axis=0)
    rng = np.random.default_rng(seed)
    if sampling == "sobol":
        shares = qmc.Sobol(count, scramble=True, rng=rng).random(size)
    else:
        shares = qmc.LatinHypercube(count, rng=rng).random(size)
    return np.concatenate(
        [
            projection.total(projection.drawn(shares[at : at + _AT_ONCE]), boundary)
            for at in range(0, size, _AT_ONCE)
        ]
    )


def _peak_years(emission: Floats, years: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last year of the greatest emission, 0 where that is the last year there is."""
    last = len(years) - 1 - np.argmax(emission[..., ::-1], axis=-1)
    return np.where(last == len(years) - 1, 0, years[last])


def _bands(projection: Projection, central: Floats, by_sector: Floats) -> pl.DataFrame:
    """Return quantiles of every sector and of their sum, by year."""
    years = projection.years
    flat = by_sector.reshape(-1, *by_sector.shape[2:])
    of = {"": flat.sum(axis=1)} | {s: flat[:, i] for i, s in enumerate(projection.sectors)}
    middle = {"": central.sum(axis=0)} | dict(zip(projection.sectors, central, strict=True))
    return pl.concat(
        pl.DataFrame(
            {
                "sector": [sector] * len(years),
                "year": years,
                "central": middle[sector],
                "mean": drawn.mean(axis=0),
                **{
                    f"p{round(share * 100):02}": row
                    for share, row in zip(
                        QUANTILES, np.quantile(drawn, QUANTILES, axis=0), strict=True
                    )
                },
            }
        )
        for sector, drawn in of.items()
    )
