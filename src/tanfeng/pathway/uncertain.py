"""A number as an analyst writes it into a cell, with how uncertain it is.

::

    1019               certain
    1019 ± 30          normal, standard deviation 30          (also +/-)
    1019 ± 5%          normal, standard deviation 5 % of 1019
    950..1080          anything between, equally likely
    950..1019..1080    triangular: least, most likely, greatest
    950 | 1019 | 1080  one of these, equally likely
    12%                a percent: 0.12

What follows ``±`` is **one** standard deviation; who has a 95 % interval divides its half-width by
1.96 first. A normal number is cut off where its quantity ends (a share at 0 and 1), by drawing
from the part that is left and not by piling the rest up at the limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Kind = Literal["certain", "normal", "uniform", "triangular", "choice"]
Floats = NDArray[np.float64]

_NUMBER = r"[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*[%‰]?"
_NORMAL = re.compile(rf"^({_NUMBER})\s*(?:±|\+/-|\+-)\s*({_NUMBER})$")
_RANGE = re.compile(rf"^({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s*\.\.\s*({_NUMBER}))?$")
_SINGLE = re.compile(rf"^{_NUMBER}$")
_FOLD = str.maketrans("０１２３４５６７８９．，％＋－｜（）", "0123456789.,%+-|()")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$")


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A number and what is known of it.

    Parameters
    ----------
    kind : {"certain", "normal", "uniform", "triangular", "choice"}
        Distribution.
    values : tuple of float
        Certain: the number. Normal: mean and standard deviation. Uniform: least and greatest.
        Triangular: least, most likely, greatest. Choice: each of them.
    """

    kind: Kind
    values: tuple[float, ...]

    @property
    def centre(self) -> float:
        """The number taken where one is wanted: the median; of a choice the middle one."""
        if self.kind in ("certain", "normal"):
            return self.values[0]
        if self.kind == "choice":
            ordered = sorted(self.values)
            return ordered[(len(ordered) - 1) // 2]
        return float(self.quantile(np.array([0.5]))[0])

    @property
    def certain(self) -> bool:
        """Whether there is nothing to draw."""
        return self.kind == "certain"

    def times(self, factor: float) -> Uncertain:
        """Return the number in a unit that is ``factor`` times smaller.

        Parameters
        ----------
        factor : float
            Greater than zero.

        Returns
        -------
        Uncertain
        """
        return Uncertain(self.kind, tuple(value * factor for value in self.values))

    def quantile(self, share: Floats, least: float = -np.inf, most: float = np.inf) -> Floats:
        """Return the values below which the given shares of all draws lie.

        Parameters
        ----------
        share : numpy.ndarray, shape (n,)
            Between 0 and 1.
        least, most : float
            Where the quantity ends; only a normal number is cut off, the others say their ends
            themselves.

        Returns
        -------
        numpy.ndarray, shape (n,)
        """
        if self.kind == "normal":
            mean, deviation = self.values
            low, high = ndtr((least - mean) / deviation), ndtr((most - mean) / deviation)
            drawn = mean + deviation * ndtri(low + share * (high - low))
            inside: Floats = np.clip(drawn, least, most)
            return inside
        if self.kind == "uniform":
            low, high = self.values
            return low + share * (high - low)
        if self.kind == "triangular":
            low, mode, high = self.values
            width, turn = high - low, (mode - low) / (high - low)
            below = low + np.sqrt(share * width * (mode - low))
            above = high - np.sqrt((1.0 - share) * width * (high - mode))
            return np.where(share < turn, below, above)
        if self.kind == "choice":
            ordered = np.sort(np.array(self.values))
            chosen = (share * len(ordered)).astype(np.int64)
            return ordered[np.minimum(chosen, len(ordered) - 1)]
        return np.full(share.shape, self.values[0])


class NotANumber(ValueError):
    """A cell is no number; ``zh`` and ``en`` tell why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def uncertain(text: str | float) -> Uncertain:
    """Read what stands in a cell.

    Parameters
    ----------
    text : str or float
        A number, or one of the ways the module tells.

    Returns
    -------
    Uncertain

    Raises
    ------
    NotANumber
        If it is none of them, if its ends are not in their order, or a deviation is not positive.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return Uncertain("certain", (_finite(float(text)),))
    written = str(text).translate(_FOLD).strip()
    if _SINGLE.match(written):
        return Uncertain("certain", (_number(written),))
    if found := _NORMAL.match(written):
        return _normal(found)
    if found := _RANGE.match(written):
        return _range([_number(part) for part in found.groups() if part is not None])
    if "|" in written:
        parts = [part.strip() for part in written.split("|")]
        if len(parts) > 1 and all(_SINGLE.match(part) for part in parts):
            return Uncertain("choice", tuple(_number(part) for part in parts))
    raise NotANumber(
        "不是数值，也不是带不确定性的写法", "is no number, with or without uncertainty"
    )


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise NotANumber("不是有限的数值", "is not finite")
    return value


def _number(text: str) -> float:
    bare = text.rstrip("%‰ ")
    if "," in bare and not _GROUPED.match(bare):
        raise NotANumber("逗号不是千位分隔", "has a comma that separates no thousands")
    scale = {"%": 0.01, "‰": 0.001}.get(text.strip()[-1], 1.0)
    return _finite(float(bare.replace(",", "")) * scale)


def _normal(found: re.Match[str]) -> Uncertain:
    middle, spread = found.groups()
    mean, deviation = _number(middle), _number(spread)
    if spread.strip()[-1] in "%‰" and middle.strip()[-1] not in "%‰":
        deviation *= abs(mean)  # 1019 ± 5% speaks of 5 % of 1019; 12% ± 2% of two points
    if deviation <= 0:
        raise NotANumber("± 后的标准差应大于零", "has a standard deviation that is not above zero")
    return Uncertain("normal", (mean, deviation))


def _range(ends: list[float]) -> Uncertain:
    if ends != sorted(ends) or ends[0] == ends[-1]:
        raise NotANumber("范围应由小到大书写", "has ends that do not rise")
    return Uncertain("uniform" if len(ends) == 2 else "triangular", tuple(ends))
