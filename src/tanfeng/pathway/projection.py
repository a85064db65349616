"""The emission a scenario leads to: of its written numbers, or of many draws at once.

:class:`Projection` turns a resolved scenario into arrays once and computes any number of draws
from them, so that the table of numbers and the ensemble are one formula
(:mod:`tanfeng.pathway.drivers`). A draw is a row of shares between 0 and 1, one for each variable:
a path of a driver is one variable over all its years (a sector does not grow strongly in one year
because it grew weakly in the one before), and paths of the same ``group`` are one variable
together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.errors import DataError, Problem
from tanfeng.pathway._scenario_rules import problem
from tanfeng.pathway.drivers import ACTIVITIES, CITY, DRIVERS
from tanfeng.pathway.scenario import Path, Resolved

Floats = NDArray[np.float64]
Boundary = Literal["direct", "direct_and_purchased"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)
PARTS = ("fuel", "process", "power", "heat")
#: Shares are written with three or four digits; their sum may be off by the rounding.
SHARE_TOLERANCE = 0.002


class Conversion(NamedTuple):
    """What electricity and heat are worth in tce; from the standards, never written in code."""

    tce_per_1e4_kwh: float
    tce_per_gj: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a number of draws lead to.

    Parameters
    ----------
    energy_tce : numpy.ndarray, shape (draws, sectors, years)
        Final energy.
    emission_tco2 : dict of str to numpy.ndarray, shape (draws, sectors, years)
        By part.
    """

    energy_tce: Floats
    emission_tco2: dict[str, Floats]


class Projection:
    """A scenario ready to compute.

    Parameters
    ----------
    resolved : Resolved
        The scenario with everything it inherits.
    conversion : Conversion
        Calorific worth of electricity and heat.

    Raises
    ------
    tanfeng.errors.DataError
        If shares of one whole add up to more than it in a year.
    """

    def __init__(self, resolved: Resolved, conversion: Conversion) -> None:
        self.resolved = resolved
        self.conversion = conversion
        self.sectors = resolved.sectors
        self.years = np.arange(resolved.first_year, resolved.last_year + 1)
        self._paths = {(path.sector, path.driver): path for path in resolved.paths}
        self._weights = {key: _weights(path, self.years) for key, path in self._paths.items()}
        drawn = [path for path in resolved.paths if not all(a.value.certain for a in path.anchors)]
        self.variables = tuple(dict.fromkeys(_variable(path) for path in drawn))
        self._column = {
            (path.sector, path.driver): self.variables.index(_variable(path)) for path in drawn
        }
        if problems := list(self._above_one()):
            raise DataError(problems)

    def central(self) -> Drawn:
        """Return what the written numbers lead to, without their uncertainty.

        Returns
        -------
        Drawn
            Of one draw.
        """
        return self._emission(None, 1)

    def drawn(self, shares: Floats) -> Drawn:
        """Return what draws lead to.

        Parameters
        ----------
        shares : numpy.ndarray, shape (draws, variables)
            Between 0 and 1, columns in the order of ``variables``.

        Returns
        -------
        Drawn
        """
        return self._emission(shares, len(shares))

    def path(self, path: Path) -> Floats:
        """Return the written numbers of one path in every year of the scenario.

        Parameters
        ----------
        path : Path
            One of the scenario's.

        Returns
        -------
        numpy.ndarray, shape (years,)
            In the path's canonical unit.
        """
        value: Floats = np.ravel(self._value(path.sector, path.driver, None, {}))
        return value

    def total(self, drawn: Drawn, boundary: Boundary) -> Floats:
        """Return the emission of sectors inside a boundary.

        Parameters
        ----------
        drawn : Drawn
            Of :meth:`central` or :meth:`drawn`.
        boundary : {"direct", "direct_and_purchased"}
            With ``direct_and_purchased`` the producers' own emission is left out: it is counted
            at those who use their power and heat.

        Returns
        -------
        numpy.ndarray, shape (draws, sectors, years), t CO2
        """
        of = drawn.emission_tco2
        direct: Floats = of["fuel"] + of["process"]
        if boundary == "direct":
            return direct
        counted = np.array([sector not in self.resolved.producers for sector in self.sectors])
        purchased: Floats = of["power"] + of["heat"]
        together: Floats = direct * counted[:, None] + purchased
        return together

    def _above_one(self) -> Iterator[Problem]:
        """Tell shares of one whole that are more than it, as they are written."""
        wholes = {
            sector: [(sector, driver) for driver in ("electrification", "heat_share")]
            for sector in self.sectors
        }
        wholes[CITY] = [(sector, "structure") for sector in self.sectors]
        for sector, keys in wholes.items():
            own = [key for key in keys if key in self._paths]
            summed = np.zeros((1, len(self.years)))
            for key in own:
                summed = summed + self._value(*key, None, {})
            if (summed > 1.0 + SHARE_TOLERANCE).any():
                year = int(self.years[np.argmax(summed)])
                place = self._paths[own[0]].anchors[0].cell.place
                told = "、".join(f"{of}.{driver}" for of, driver in own)
                value = f"{summed.max():.4g}"
                yield problem("Y314", place, value, sector=sector, year=year, drivers=told)

    def _emission(self, shares: Floats | None, draws: int) -> Drawn:
        shape = (draws, len(self.sectors), len(self.years))
        energy = np.zeros(shape)
        parts = {part: np.zeros(shape) for part in PARTS}
        city: dict[str, Floats] = {}
        for i, sector in enumerate(self.sectors):

            def of(driver: str, sector: str = sector) -> Floats | float:
                return self._value(sector, driver, shares, city)

            if (sector, "emission") in self._paths:
                parts["fuel"][:, i] = of("emission")
                continue
            activity = self._activity(sector, shares, city)
            recycled = of("recycling_share")
            released = 1.0 - of("capture_share")
            used = activity * _mixed(of("intensity"), of("intensity_recycled"), recycled)
            electric, hot = of("electrification"), of("heat_share")
            # Draws of both shares may meet above one; what is burnt then is nothing, not less.
            burnt = np.maximum(1.0 - electric - hot, 0.0)
            energy[:, i] = used
            parts["fuel"][:, i] = used * burnt * of("fuel_factor") * released
            process = _mixed(of("process_factor"), of("process_factor_recycled"), recycled)
            parts["process"][:, i] = activity * process * released
            per_tce = of("grid_factor") / self.conversion.tce_per_1e4_kwh
            parts["power"][:, i] = used * electric * per_tce
            parts["heat"][:, i] = used * hot * of("heat_factor") / self.conversion.tce_per_gj
        return Drawn(energy, parts)

    def _activity(
        self, sector: str, shares: Floats | None, city: dict[str, Floats]
    ) -> Floats | float:
        key = next(key for key in ACTIVITIES if (sector, key) in self._paths)
        own = self._value(sector, key, shares, city)
        if key != "structure":
            return own
        return own * self._value(CITY, "value_added", shares, city)

    def _value(
        self,
        sector: str,
        driver: str,
        shares: Floats | None,
        city: dict[str, Floats],
    ) -> Floats | float:
        """Return a driver by draw and year; the city's where a shared one is not the sector's."""
        key = (sector, driver)
        if key not in self._paths and DRIVERS[driver].shared:
            key = (CITY, driver)
        if key not in self._paths:
            return 0.0
        if key[0] == CITY and driver in city:
            return city[driver]
        path, column = self._paths[key], self._column.get(key)
        if shares is None or column is None:
            anchors = np.array([[anchor.value.centre for anchor in path.anchors]])
        else:
            most = DRIVERS[driver].most
            drawn = shares[:, column]
            anchors = np.stack([a.value.quantile(drawn, 0.0, most) for a in path.anchors], axis=1)
        weights = self._weights[key]
        grown = path.way == "growth"
        value = np.exp(np.log(anchors) @ weights) if grown else anchors @ weights
        if key[0] == CITY:
            city[driver] = value
        return value


def _mixed(
    primary: Floats | float, recycled: Floats | float, share: Floats | float
) -> Floats | float:
    return primary * (1.0 - share) + recycled * share


def _variable(path: Path) -> str:
    return path.group or f"{path.sector}.{path.driver}"


def _weights(path: Path, years: NDArray[np.int64]) -> Floats:
    """Return how much each written value counts in each year, shape (anchors, years)."""
    written = np.array([anchor.year for anchor in path.anchors])
    after = np.searchsorted(written, years, side="right")
    low = np.clip(after - 1, 0, len(written) - 1)
    high = np.clip(after, 0, len(written) - 1)
    apart = np.maximum(written[high] - written[low], 1)
    part = np.clip((years - written[low]) / apart, 0.0, 1.0)
    if path.way == "step":
        part = np.zeros(len(years))
    weights = np.zeros((len(written), len(years)))
    columns = np.arange(len(years))
    np.add.at(weights, (low, columns), 1.0 - part)
    np.add.at(weights, (high, columns), part)
    return weights


def table(projection: Projection) -> pl.DataFrame:
    """Return what the written numbers lead to, year by year.

    Parameters
    ----------
    projection : Projection
        Of one scenario.

    Returns
    -------
    polars.DataFrame
        Columns ``scenario``, ``sector``, ``year``, ``part`` (of ``PARTS``), ``emission_tco2``,
        ``energy_tce`` (of the sector, on each of its parts), ``history``.
    """
    drawn = projection.central()
    sectors, years, parts = list(projection.sectors), projection.years, list(PARTS)
    until = projection.resolved.history_until
    emission = np.stack([drawn.emission_tco2[part][0] for part in parts], axis=-1)
    count = len(parts)
    return pl.DataFrame(
        {
            "scenario": [projection.resolved.scenario.key] * emission.size,
            "sector": np.repeat(sectors, len(years) * count),
            "year": np.tile(np.repeat(years, count), len(sectors)),
            "part": parts * (len(sectors) * len(years)),
            "emission_tco2": emission.ravel(),
            "energy_tce": np.repeat(drawn.energy_tce[0].ravel(), count),
        }
    ).with_columns(history=pl.col("year") <= (until if until is not None else 0))


def provenance(resolved: Resolved) -> pl.DataFrame:
    """Return where every written value of a scenario came from.

    Parameters
    ----------
    resolved : Resolved
        The scenario with everything it inherits.

    Returns
    -------
    polars.DataFrame
        Columns ``sector``, ``driver``, ``year``, ``written``, ``centre``, ``unit`` (canonical),
        ``written_by`` (scenario), ``inherited``, ``sheet``, ``row``, ``column``, ``heading``,
        ``ref``. Years between written ones are computed from their neighbours.
    """
    rows = [
        {
            "sector": path.sector,
            "driver": path.driver,
            "year": anchor.year,
            "written": anchor.cell.text,
            "centre": anchor.value.centre,
            "unit": path.unit,
            "written_by": anchor.cell.scenario,
            "inherited": anchor.cell.scenario != resolved.scenario.key,
            **anchor.cell.place._asdict(),
            "ref": anchor.cell.ref,
        }
        for path in resolved.paths
        for anchor in path.anchors
    ]
    return pl.DataFrame(rows, schema_overrides={"row": pl.Int64}, infer_schema_length=None)
