"""Invented enterprises: who they are, where, what they make and how much in the base year.

Names are built from place words and a trade and begin with 演示; credit codes carry the place
code 359999, which does not exist, so that neither can belong to a real firm.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.demo._tables import table, weights
from tanfeng.errors import ModelError

#: Number of enterprises the output totals of ``kinds.csv`` are stated for.
REFERENCE_COUNT = 600
#: First month of every record, and months of the whole story.
FIRST_YEAR = 2021
#: Kinds with fewer enterprises than this neither open nor close during the story.
_STEADY_BELOW = 7
_OPENING_SHARE, _CLOSING_SHARE = 0.05, 0.035

_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: Registration office, kind of body, and a place that does not exist.
_CREDIT_PREFIX = "91359999MADEF"
_CREDIT_WEIGHTS = [pow(3, position, 31) for position in range(17)]


def credit_code(number: int) -> str:
    """Return the unified credit code of invented enterprise ``number``.

    Parameters
    ----------
    number : int
        1 to 9999.

    Notes
    -----
    The last character is the check digit of GB 32100-2015: 31 less the sum of character values
    times 3^i mod 31, taken mod 31.

    References
    ----------
    .. [1] GB 32100-2015 法人和其他组织统一社会信用代码编码规则.
    """
    if not 1 <= number <= 9999:
        raise ModelError(f"enterprise {number} is outside 1 to 9999")
    body = f"{_CREDIT_PREFIX}{number:04d}"
    total = sum(
        _CREDIT_CHARACTERS.index(character) * weight
        for character, weight in zip(body, _CREDIT_WEIGHTS, strict=True)
    )
    return body + _CREDIT_CHARACTERS[(31 - total % 31) % 31]


def counts(total: int) -> list[int]:
    """Return how many enterprises of each kind a city of ``total`` has.

    Every sector gets at least one; the rest follows the shares of ``kinds.csv`` by largest
    remainder.
    """
    kinds = table("kinds")
    sectors = kinds["sector"].unique(maintain_order=True).len()
    if total < sectors:
        raise ModelError(f"a city needs at least {sectors} enterprises, one of each sector")
    wanted = kinds["count"].to_numpy() * (total / kinds["count"].sum())
    given = np.floor(wanted).astype(int)
    for _sector, rows in kinds.with_row_index().group_by("sector", maintain_order=True):
        members = rows["index"].to_numpy()
        if given[members].sum() == 0:
            given[members[np.argmax(wanted[members])]] = 1
    order = np.argsort(given - wanted, kind="stable")
    missing = total - int(given.sum())
    while missing > 0:
        step = order[:missing]
        given[step] += 1
        missing -= len(step)
    while missing < 0:
        surplus = np.argmax(given - wanted + np.where(given > 1, 0.0, -np.inf))
        given[surplus] -= 1
        missing += 1
    return [int(number) for number in given]


def enterprises(total: int, months: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the enterprises of the city.

    Parameters
    ----------
    total : int
        How many.
    months : int
        Length of the story. [month]
    rng : numpy.random.Generator
        Source of every choice.

    Returns
    -------
    polars.DataFrame
        One row per enterprise: credit_code, name, kind, sector, industry_code, place_code,
        park_code, output (in the base year, in the unit of the kind), price_kcny,
        first_month and last_month (index into the story, inclusive), state_owned.
    """
    rows = []
    for kind, count in zip(table("kinds").iter_rows(named=True), counts(total), strict=True):
        if count == 0:
            continue
        names, shares = weights(kind["places"])
        size = rng.lognormal(0.0, kind["spread"], count)
        city_output = kind["output"] * total / REFERENCE_COUNT
        outputs = city_output * size / size.sum()
        places = _places(names, shares, count, rng)
        codes = kind["industry_codes"].split(";")
        words = rng.permutation(table("words").height)
        first, last = _life(count, months, rng)
        rows += [
            {
                "kind": kind["kind"],
                "sector": kind["sector"],
                "industry_code": codes[int(rng.integers(len(codes)))],
                "label": kind["label"],
                "word": int(words[index % len(words)]),
                "place_code": places[index],
                "output": float(outputs[index]),
                "price_kcny": kind["price_kcny"] * float(rng.normal(1.0, 0.05)),
                "first_month": int(first[index]),
                "last_month": int(last[index]),
                "state_owned": bool(rng.random() < (0.6 if kind["sector"] == "power" else 0.07)),
                "park_draw": float(rng.random()),
                "park_pick": float(rng.random()),
            }
            for index in range(count)
        ]
    return _named(_in_parks(pl.DataFrame(rows)))


def _places(
    names: list[str], shares: list[float], count: int, rng: np.random.Generator
) -> list[str]:
    """Spread enterprises over counties: whole shares first, the rest by lot."""
    whole = np.floor(np.array(shares) * count + 1e-9).astype(int)
    chosen = [name for name, number in zip(names, whole, strict=True) for _ in range(number)]
    chosen += [str(name) for name in rng.choice(names, count - len(chosen), p=shares)]
    return [chosen[index] for index in rng.permutation(count)]


def _life(
    count: int, months: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw first and last month; most enterprises live through the whole story."""
    first = np.zeros(count, dtype=np.int64)
    last = np.full(count, months - 1, dtype=np.int64)
    if count < _STEADY_BELOW or months < 24:
        return first, last
    draw = rng.random(count)
    opens = draw < _OPENING_SHARE
    closes = draw > 1 - _CLOSING_SHARE
    first[opens] = rng.integers(6, months - 12, opens.sum())
    last[closes] = rng.integers(12, months - 6, closes.sum())
    return first, last


def _in_parks(frame: pl.DataFrame) -> pl.DataFrame:
    """Put two of three enterprises of a park's trades into a park of their county."""
    parks: dict[tuple[str, str], list[str]] = {}
    for park in table("parks").filter(pl.col("place_code").is_not_null()).iter_rows(named=True):
        for sector in park["sectors"].split(";"):
            parks.setdefault((park["place_code"], sector), []).append(park["code"])
    codes: list[str | None] = []
    for place, sector, draw, pick in frame.select(
        "place_code", "sector", "park_draw", "park_pick"
    ).iter_rows():
        choice = parks.get((place, sector), [])
        codes.append(choice[int(pick * len(choice))] if choice and draw < 0.67 else None)
    return frame.drop("park_draw", "park_pick").with_columns(
        pl.Series("park_code", codes, dtype=pl.String)
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Give every enterprise its number, credit code and name."""
    words = table("words")["word"].to_list()
    name = pl.concat_str(
        pl.lit("演示"),
        pl.col("word").replace_strict(dict(enumerate(words)), return_dtype=pl.String),
        pl.col("label"),
        pl.int_range(1, pl.len() + 1).over("label").cast(pl.String).str.zfill(2),
    )
    codes = [credit_code(number) for number in range(1, frame.height + 1)]
    return frame.with_columns(
        name.alias("name"), pl.Series("credit_code", codes, dtype=pl.String)
    ).drop("word", "label")
