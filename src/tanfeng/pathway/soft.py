"""Why a programme has no solution: another one that may miss some limits, at the least.

Nothing is patched: the second programme has no cost but what is missed, each limit at its weight,
and its answer is a report, not a plan. Whole numbers are not asked in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tanfeng.pathway.lp import INFINITY, Arrays, Block, Floats, Programme


@dataclass(frozen=True, slots=True, eq=False)
class Soft:
    """What :func:`softened` may let go.

    Parameters
    ----------
    block : Block
        Rows or columns of the programme.
    kind : {"rows", "columns"}
        Which of the two it is.
    side : {"lower", "upper"}
        The side that may be missed; places without one stay as they are.
    weight : array of float
        Cost of missing it by one unit, broadcast to the shape of the block; places with an
        infinite weight hold.
    """

    block: Block
    kind: Literal["rows", "columns"]
    side: Literal["lower", "upper"]
    weight: ArrayLike = 1.0


def softened(programme: Programme, softs: Sequence[Soft]) -> tuple[Programme, tuple[Block, ...]]:
    """Make a second programme whose only cost is how much of some limits is missed.

    Parameters
    ----------
    programme : Programme
        Left as it is.
    softs : sequence of Soft
        Limits that may be missed, each at its weight.

    Returns
    -------
    tuple of Programme and tuple of Block
        The programme and, for each of ``softs``, the columns with what is missing, in the shape of
        its block.
    """
    made = programme.arrays()
    lower, upper = made.lower.copy(), made.upper.copy()
    second = Programme()
    slack, rows = [], []
    for at, soft in enumerate(softs):
        sides = _sides(soft, made, lower, upper)
        given = np.broadcast_to(np.asarray(soft.weight, dtype=np.float64), soft.block.shape)
        where = soft.block.exists & np.isfinite(given)
        where[where] = np.isfinite(sides[soft.block.number[where]])
        slack.append((where, np.where(where, given, 0.0), f"slack {at}"))
        if soft.kind == "columns":
            numbers = soft.block.number[where]
            held = np.full(soft.block.shape, math.nan)
            held[where] = sides[numbers]
            sides[numbers] = 0.0 if soft.side == "lower" else INFINITY
            rows.append((at, held))
    own = second.columns("columns", (programme.column_count,), lower=lower, upper=upper)
    fixed = second.rows("rows", (programme.row_count,), lower=made.row_lower, upper=made.row_upper)
    column = np.repeat(np.arange(programme.column_count), np.diff(made.begin))
    second.add(made.place, column, made.value)
    blocks = tuple(
        second.columns(name, where.shape, where=where, cost=cost) for where, cost, name in slack
    )
    limits = dict(rows)
    for at, (soft, block) in enumerate(zip(softs, blocks, strict=True)):
        sign = 1.0 if soft.side == "lower" else -1.0
        target = soft.block.number[block.exists]
        if at in limits:
            side = {soft.side: limits[at]}
            added = second.rows(f"limit {at}", block.shape, where=block.exists, **side)
            second.add(added.all, own.at(target), 1.0)
            second.add(added.all, block.all, sign)
        else:
            second.add(fixed.at(target), block.all, sign)
    return second, blocks


def _sides(soft: Soft, made: Arrays, lower: Floats, upper: Floats) -> Floats:
    if soft.kind == "columns":
        return lower if soft.side == "lower" else upper
    return made.row_lower if soft.side == "lower" else made.row_upper
