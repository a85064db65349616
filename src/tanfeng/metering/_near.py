"""Which readings the mending can change: those something is wrong with, and all within its reach.

A day with something wrong is mended by rules that look a few readings back and forth
(:data:`tanfeng.metering._mend.REACH`); over the rest of the day they give what stands already. So
only the readings near those the rules would not leave alone have to go through them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tanfeng.metering._flow import Flags, Floats, Flow, Ints
from tanfeng.metering._mend import REACH
from tanfeng.metering._rows import AMOUNT, HOUR_S, POWER, REGISTER

#: Readings before and after one that is wrong whose own stretch it may change.
_BEFORE, _AFTER = REACH + 2, REACH + 1


def not_plain(
    flow: Flow, kind: NDArray[np.int8], scale: Floats, bound: Floats, rarely_still: Flags
) -> Flags:
    """Tell which readings the rules of the mending say more of than their plain amount.

    Parameters
    ----------
    flow : Flow
        The readings.
    kind, scale : array
        Of their points.
    bound : array of float
        What can be believed of the point on the day. [base unit/h]
    rarely_still : array of bool
        Of the point on the day.
    """
    power = kind == POWER
    low = (flow.value < 0) | ((flow.value == 0) & rarely_still)
    with np.errstate(all="ignore"):
        too_much = flow.known & (flow.amount * HOUR_S > bound * flow.covered)
        too_much |= power & (flow.value * scale > bound)
    fell = (kind == REGISTER) & flow.same & (flow.value < flow.p)
    return too_much | fell | ((power | (kind == AMOUNT)) & low)


def within_reach(wrong: Flags, begins: Flags) -> Flags:
    """Add to the readings that are wrong those near them.

    Parameters
    ----------
    wrong : array of bool
        Of readings by point and time.
    begins : array of bool
        Where a stretch begins that nothing reaches out of.
    """
    if not wrong.any():
        return wrong
    first = np.flatnonzero(begins)
    last = np.append(first[1:], begins.size) - 1
    at = np.flatnonzero(wrong)
    stretch = np.searchsorted(first, at, side="right") - 1
    return within(
        np.maximum(at - _BEFORE, first[stretch]),
        np.minimum(at + _AFTER, last[stretch]) + 1,
        wrong.size,
    )


def within(first: Ints, after: Ints, size: int) -> Flags:
    """Tell of each of so many rows whether one of the spans from ``first`` to ``after`` has it."""
    steps = np.zeros(size + 1, dtype=np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, after, -1)
    return np.cumsum(steps[:-1]) > 0
