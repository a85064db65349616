"""Readings in arrays, each beside the one before."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tanfeng.metering.frames import SLOT_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Point and second in one number: seconds stay far below it, on either side of 1970.
KEY = np.int64(2**34)


class Flow(NamedTuple):
    """Readings beside the ones before, as :func:`tanfeng.metering._rows.beside` has them."""

    id: NDArray[np.int32]
    ats: Ints
    value: Floats
    same: Flags  # there is one before
    tp: Ints
    p: Floats
    amount: Floats
    known: Flags  # the amount is
    covered: Ints  # 0: null
    rate: Floats  # NaN: null
    gap: Flags

    @property
    def key(self) -> Ints:
        """Point and time in one number."""
        found: Ints = self.id * KEY + self.ats
        return found

    @property
    def sure(self) -> Flags:
        """Known, measured, and inside one slot."""
        inside = (self.ats - 1) % SLOT_S >= self.covered - 1
        return inside & self.known & ~self.gap & (self.covered > 0)
