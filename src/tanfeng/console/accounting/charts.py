"""Chart data as columns, in a unit a person reads: tonnes, or ten thousand of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tanfeng.console.core.figures import WAN
from tanfeng.console.core.templatetags.ui import wan_unit

#: From here on a series is drawn in 万. [tonnes]
_LARGE = 100_000.0

#: Decimals in 万 from which on tonnes are easier to read, and most decimals of tonnes.
_MOST_IN_WAN, _MOST = 2, 4
#: What counts as nothing beside the largest value. [1]
_REST = 1e-10

Series = tuple[str, str, Sequence[float | None]]


def columns(
    x: Sequence[Any],
    series: Sequence[Series],
    *,
    unit: str,
    link: str = "",
    **more: Any,
) -> dict[str, Any] | None:
    """Return the data of a chart.

    Parameters
    ----------
    x : sequence
        Labels of the axis.
    series : sequence of (key, name, values)
        Values in ``unit``; None is a gap. Series without any value are left out.
    unit : str
        Unit of the values; ``万`` is put before it when they are large.
    link : str
        Address with ``{x}`` and ``{key}``.
    more
        Further keys the charts know: ``mode``, ``marks``, ``totals``, ``keys`` ... Columns with
        ``totals`` are a waterfall, whose smallest step shows beside the largest total.

    Returns
    -------
    dict or None
        None when nothing is there to draw.
    """
    filled = [(key, name, values) for key, name, values in series if _has(values)]
    if not x or not filled:
        return None
    known = [value for _key, _name, values in filled for value in values if value is not None]
    factor, shown = scale(known, unit)
    places = 1 if factor != 1.0 else 0
    if "totals" in more:
        places = _steps_places(known, factor)
        if factor != 1.0 and places > _MOST_IN_WAN:
            factor, shown, places = 1.0, unit, _steps_places(known, 1.0)
    return {
        "x": [str(one) for one in x],
        "unit": shown,
        "places": places,
        "series": [
            {
                "key": key,
                "name": name,
                "values": [None if v is None else round(v / factor, 6) for v in values],
            }
            for key, name, values in filled
        ],
        **({"link": link} if link else {}),
        **more,
    }


def _steps_places(values: Sequence[float], factor: float) -> int:
    """Return the decimals that show two digits of the smallest step, so that none reads as zero.

    What is left of a difference of floating-point numbers is no step.
    """
    rest = _REST * max((abs(value) for value in values), default=0.0)
    steps = [abs(value) / factor for value in values if abs(value) > rest]
    least = 1 if factor != 1.0 else 0
    smallest = min(steps, default=1.0)
    if smallest >= 1.0:
        return least
    return min(max(least, 1 - math.floor(math.log10(smallest))), _MOST)


def whole(values: Iterable[float | None]) -> float | None:
    """Return the sum of what is known, None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _has(values: Sequence[float | None]) -> bool:
    return any(value is not None for value in values)


def scale(values: Sequence[float | None], unit: str) -> tuple[float, str]:
    """Return the divisor and the unit that suit some values.

    Returns
    -------
    factor : float
        1 or 10,000.
    unit : str
        The unit, with 万 before it when the factor is 10,000.
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return (WAN, wan_unit(unit)) if largest >= _LARGE else (1.0, unit)
