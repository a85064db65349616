"""Plane geometry of closed rings, vectorised: area, containment, crossings, simplification."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]

#: Pairs of segments looked at in one go; keeps memory below some 100 MB.
_PAIRS_AT_ONCE = 2_000_000


def area(ring: Ring) -> float:
    """Return the signed area of a closed ring, in deg^2, positive when counter-clockwise."""
    shifted = ring - ring[0]
    x, y = shifted[:, 0], shifted[:, 1]
    return float(0.5 * np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def without_repeats(ring: Ring) -> Ring:
    """Drop positions that repeat the one before."""
    if len(ring) < 2:
        return ring
    keep = np.concatenate([[True], (np.diff(ring, axis=0) != 0).any(axis=1)])
    return np.asarray(ring[keep])


def contains(ring: Ring, point: Ring) -> bool:
    """Tell whether a point lies inside a closed ring or on its edge."""
    x, y = point
    (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
    on_edge = (
        (_turn(ring[:-1], ring[1:], np.asarray(point)) == 0)
        & (np.minimum(x1, x2) <= x)
        & (x <= np.maximum(x1, x2))
        & (np.minimum(y1, y2) <= y)
        & (y <= np.maximum(y1, y2))
    )
    if on_edge.any():
        return True
    spans = (y1 > y) != (y2 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
    return bool(np.count_nonzero(spans & left) % 2)


def _turn(a: Ring, b: Ring, c: Ring) -> NDArray[np.float64]:
    """Twice the signed area of the triangles a, b, c."""
    return np.asarray(
        (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1])
        - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    )


def crossings(ring: Ring) -> Ring:
    """Return where a closed ring crosses, overlaps or touches itself.

    Parameters
    ----------
    ring : ndarray
        Closed ring without repeated neighbours, one position per row.

    Returns
    -------
    ndarray
        One position per place, in no order; empty for a simple ring.

    Notes
    -----
    Segments are sorted by their western end; only pairs whose boxes meet are tested, so a
    county of some thousand points takes milliseconds.
    """
    start, end = ring[:-1], ring[1:]
    places = [_spikes(ring)]
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.argsort(low[:, 0], kind="stable")
    west, east = low[order, 0], high[order, 0]
    reach = np.searchsorted(west, east, side="right")
    numbers = np.arange(len(order))
    counts = reach - numbers - 1
    for first, last in _slices(counts):
        span = counts[first:last]
        left = np.repeat(numbers[first:last], span)
        begins = np.cumsum(span) - span
        right = left + 1 + np.arange(span.sum()) - np.repeat(begins, span)
        one, two = order[left], order[right]
        places.append(_met(start, end, low, high, one, two))
    found = np.concatenate(places)
    return np.unique(found, axis=0)


def _slices(counts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut the sorted segments so that no slice has too many pairs."""
    total = np.cumsum(counts)
    parts, first = [], 0
    while first < len(counts):
        base = total[first - 1] if first else 0
        last = int(np.searchsorted(total, base + _PAIRS_AT_ONCE, side="right"))
        last = min(max(last, first + 1), len(counts))
        parts.append((first, last))
        first = last
    return parts


def _met(
    start: Ring,
    end: Ring,
    low: Ring,
    high: Ring,
    one: NDArray[np.int64],
    two: NDArray[np.int64],
) -> Ring:
    """Return a position of every pair of segments, not neighbours, that have a point in common."""
    apart = np.abs(one - two)
    near = (apart > 1) & (apart < len(start) - 1)
    near &= (low[one, 1] <= high[two, 1]) & (low[two, 1] <= high[one, 1])
    one, two = one[near], two[near]
    a, b, c, d = start[one], end[one], start[two], end[two]
    ends = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    crossing = (np.sign(ends[0]) * np.sign(ends[1]) < 0) & (np.sign(ends[2]) * np.sign(ends[3]) < 0)
    places = [(a[crossing] + b[crossing]) / 2]
    for turn, point, (u, v) in (
        (ends[0], c, (a, b)),
        (ends[1], d, (a, b)),
        (ends[2], a, (c, d)),
        (ends[3], b, (c, d)),
    ):
        inside = (np.minimum(u, v) <= point).all(axis=1) & (point <= np.maximum(u, v)).all(axis=1)
        places.append(point[(turn == 0) & inside])
    return np.concatenate(places)


def _spikes(ring: Ring) -> Ring:
    """Return the tips where a ring turns back on itself."""
    before, tip = np.vstack([ring[-2:-1], ring[:-2]]), ring[:-1]
    after = ring[1:]
    back = np.einsum("ij,ij->i", tip - before, after - tip) < 0
    return np.asarray(tip[back & (_turn(before, tip, after) == 0)])


def simplify(line: Ring, tolerance_deg: float) -> Ring:
    """Return a line with fewer positions, nowhere further than the tolerance from the old one.

    Parameters
    ----------
    line : ndarray
        Open or closed line; the first and last position stay.
    tolerance_deg : float
        Largest distance of a dropped position from the new line. [deg]

    References
    ----------
    .. [1] D. Douglas, T. Peucker, Algorithms for the reduction of the number of points required
       to represent a digitized line, 1973.
    """
    if len(line) < 3 or tolerance_deg <= 0:
        return line
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        distance = _distance(line[first + 1 : last], line[first], line[last])
        furthest = int(np.argmax(distance))
        if distance[furthest] > tolerance_deg:
            middle = first + 1 + furthest
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    return line[keep]


def _distance(points: Ring, start: Ring, end: Ring) -> NDArray[np.float64]:
    """Return the distance in degrees of points from the segment between start and end."""
    along = end - start
    length = float(along @ along)
    if length == 0:
        return np.asarray(np.hypot(*(points - start).T))
    share = np.clip((points - start) @ along / length, 0.0, 1.0)
    return np.asarray(np.hypot(*(points - start - share[:, None] * along).T))


def arcs(all_rings: Sequence[Ring]) -> tuple[list[Ring], list[list[tuple[int, bool]]]]:
    """Cut rings where borders meet, so that a border two counties share is one arc.

    Parameters
    ----------
    all_rings : sequence of ndarray
        Closed rings of all counties.

    Returns
    -------
    arcs : list of ndarray
        Every border once.
    rings : list of list of tuple
        For each ring its arcs in order, and whether the arc is walked backwards.
    """
    neighbours: dict[tuple[float, float], set[tuple[float, float]]] = {}
    keyed = [[(float(x), float(y)) for x, y in ring] for ring in all_rings]
    for ring in keyed:
        for here, there in pairwise(ring):
            neighbours.setdefault(here, set()).add(there)
            neighbours.setdefault(there, set()).add(here)
    found: list[Ring] = []
    known: dict[tuple[tuple[float, float], ...], int] = {}
    walks: list[list[tuple[int, bool]]] = []
    for ring in keyed:
        walk = []
        for line in _cut(ring, neighbours):
            backwards = line[::-1] < line
            key = line[::-1] if backwards else line
            if key not in known:
                known[key] = len(found)
                found.append(np.array(key))
            walk.append((known[key], backwards))
        walks.append(walk)
    return found, walks


def _cut(
    ring: list[tuple[float, float]],
    neighbours: dict[tuple[float, float], set[tuple[float, float]]],
) -> list[tuple[tuple[float, float], ...]]:
    """Cut one ring at the positions where more than two borders meet."""
    body = ring[:-1]
    nodes = [number for number, point in enumerate(body) if len(neighbours[point]) > 2]
    if not nodes:
        first = body.index(min(body))
        turned = body[first:] + body[:first]
        # An island or enclave: walked from its smallest position, the smaller neighbour first.
        return [(*turned, turned[0])]
    first = nodes[0]
    turned = body[first:] + body[:first] + [body[first]]
    cuts = [number - first for number in nodes] + [len(body)]
    return [tuple(turned[begin : end + 1]) for begin, end in pairwise(cuts)]


def join(pieces: Sequence[Ring], walk: Sequence[tuple[int, bool]]) -> Ring:
    """Put a ring together from its arcs."""
    parts = [pieces[number][::-1] if backwards else pieces[number] for number, backwards in walk]
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])
