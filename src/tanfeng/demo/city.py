"""The demonstration city as plain tables: drawn from a seed, the same every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from tanfeng.demo import archive, energy, enterprises, faults, output
from tanfeng.demo._tables import table
from tanfeng.errors import ModelError

DEFAULT_ENTERPRISES, DEFAULT_MONTHS, DEFAULT_SEED = 600, 60, 2025
#: One stream of chance per part, so that a change in one leaves the others as they were.
_STREAMS = {"firms": 1, "story": 2, "output": 3, "energy": 4, "faults": 5, "lists": 6}
#: Cities smaller than this get fewer of each planted fault.
_FULL_FAULTS = 300


@dataclass(frozen=True, slots=True)
class City:
    """Everything the demonstration city is made of.

    Parameters
    ----------
    seed, months : int
        What it was drawn from.
    firms : polars.DataFrame
        Enterprises as drawn.
    archive : polars.DataFrame
        Their archive form.
    memberships : polars.DataFrame
        credit_code, list_key, first_year.
    planted : Planted
        The monthly forms with their faults, corrections and late rows.
    """

    seed: int
    months: int
    firms: pl.DataFrame
    archive: pl.DataFrame
    memberships: pl.DataFrame
    planted: faults.Planted

    @property
    def years(self) -> list[int]:
        """Calendar years of the story."""
        return list(range(enterprises.FIRST_YEAR, enterprises.FIRST_YEAR + -(-self.months // 12)))

    def digest(self) -> str:
        """Return the SHA-256 over every table, for the test that the same seed gives the same."""
        parts = (
            self.archive,
            self.memberships,
            self.planted.energy,
            self.planted.output,
            self.planted.corrections,
            self.planted.late,
        )
        sha = hashlib.sha256()
        for part in parts:
            sha.update(part.write_csv().encode())
        return sha.hexdigest()


def draw(
    total: int = DEFAULT_ENTERPRISES, months: int = DEFAULT_MONTHS, seed: int = DEFAULT_SEED
) -> City:
    """Draw a city.

    Parameters
    ----------
    total : int
        Number of enterprises; at least one per sector.
    months : int
        Length of the story from January 2021: two whole years or more. [month]
    seed : int
        The same seed gives the same city.
    """
    if months < 24 or months % 12:
        raise ModelError(f"{months} months: a city needs two whole years or more")
    streams = {name: np.random.default_rng([seed, number]) for name, number in _STREAMS.items()}
    firms = enterprises.enterprises(total, months, streams["firms"])
    tale = output.story(firms, months, streams["story"])
    produced = output.output_rows(tale, streams["output"])
    used = energy.energy_rows(tale, streams["energy"])
    form = archive.archive(firms, used, produced, table("areas"))
    lists = archive.memberships(form, streams["lists"])
    planted = faults.plant(used, produced, streams["faults"], scale=min(1.0, total / _FULL_FAULTS))
    return City(seed, months, firms, form, lists, planted)
