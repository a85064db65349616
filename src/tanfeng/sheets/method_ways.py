"""How a row of a stream is computed, where its form does not say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Item, Kind, Stream


def fitting(stream: Stream, item: Item, filled: Iterable[str]) -> tuple[Kind, ...]:
    """Return the ways of computing that filled-in values may mean.

    Parameters
    ----------
    stream : Stream
        The stream.
    item : Item
        The material.
    filled : iterable of str
        Columns that hold a value.

    Returns
    -------
    tuple of Kind
        One where it is clear: the first way that uses every value and can be computed, or, where
        none can be computed yet, the first that uses every value. Several or none where a person
        must say it.
    """
    given = set(filled)
    using = [kind for kind in stream.kinds if kind.takes(item) and given <= set(kind.inputs)]
    complete = [kind for kind in using if _suffices(kind, item, given)]
    if not complete:
        return tuple(using[:1])
    same = set(complete[0].inputs)
    return tuple(kind for kind in complete if set(kind.inputs) == same)


def _suffices(kind: Kind, item: Item, given: set[str]) -> bool:
    """Tell whether a kind can be computed from filled-in values and the material's defaults."""
    inputs = kind.inputs
    known = given | {name for name, one in inputs.items() if one.default and name in item.defaults}
    zero = {name for name, one in inputs.items() if one.empty_is_zero}
    for step in kind.steps[:-1]:
        needed = {one.column for one in step.inputs}
        if needed <= known | zero and needed & known:
            known.add(step.quantity)
    return {one.column for one in kind.steps[-1].inputs} <= known | zero
