"""Which readings the mending can change: those something is wrong with, and all within its reach.

A day with something wrong is mended by rules that look a few readings back and forth
(:data:`tanfeng.metering._mend.REACH`); over the rest of the day they give what stands already. So
only the readings near those the rules would not leave alone have to go through them.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.metering._devices import Hung
from tanfeng.metering._flow import KEY, Flags, Floats, Flow, Ints
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
    found: Flags = too_much | fell | ((power | (kind == AMOUNT)) & low)
    return found


def at_changes(flow: Flow, changed: Flags, scale: Floats, hung: Hung) -> Flags:
    """Tell which readings a change of their meter says more of than their plain amount.

    The readings on either side of a change, those of a meter with a multiplier of its own, and all
    of a point with a reading that no meter served for, or two did.

    Parameters
    ----------
    flow : Flow
        Readings by point and time.
    changed, scale : array
        Of all points, by number.
    hung : Hung
        Of those whose meter was changed.
    """
    size, key = flow.id.size, flow.key
    spans = hung.spans.with_columns(
        pl.col("from_ts", "to_ts").fill_null(int(KEY)).clip(upper_bound=int(KEY) - 1)
    )
    ids = spans["id"].to_numpy()
    begin, end = (ids * KEY + spans[name].to_numpy() for name in ("from_ts", "to_ts"))
    first = np.searchsorted(key, begin)
    after = np.maximum(first, np.searchsorted(key, end))
    own = spans["device_scale"].fill_null(np.nan).to_numpy()
    other = ~np.isnan(own) & (own != scale[ids])
    strange = np.zeros(changed.size, dtype=bool)
    strange[flow.id[changed[flow.id] & (_spans(first, after, size) != 1)]] = True
    marks = hung.marks.drop_nulls("ats")
    moments = np.concatenate((begin, end, marks["id"].to_numpy() * KEY + marks["ats"].to_numpy()))
    at = np.searchsorted(key, moments)
    beside, of = np.concatenate((at, at - 1)), np.tile(moments // KEY, 2)
    beside, of = (column[(beside >= 0) & (beside < size)] for column in (beside, of))
    found: Flags = strange[flow.id] | within(first[other], after[other], size)
    found[beside[flow.id[beside] == of]] = True
    return found


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
    return _spans(first, after, size) > 0


def _spans(first: Ints, after: Ints, size: int) -> Ints:
    """Count of each of so many rows the spans that have it."""
    steps = np.zeros(size + 1, dtype=np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, after, -1)
    return np.cumsum(steps[:-1])
