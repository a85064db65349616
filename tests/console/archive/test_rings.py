"""Plane geometry of rings, on figures small enough to do by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng.console.archive import rings

SQUARE = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]], dtype=float)


def test_area_is_positive_counter_clockwise():
    assert rings.area(SQUARE) == 4.0
    assert rings.area(SQUARE[::-1]) == -4.0


def test_area_does_not_depend_on_the_place():
    # Products of coordinates near 119 would lose digits a small island needs.
    assert rings.area(SQUARE * 1e-6 + [119.0, 26.0]) == pytest.approx(4e-12, rel=1e-3)


@pytest.mark.parametrize(
    ("point", "inside"),
    [((1, 1), True), ((3, 1), False), ((-0.1, 1), False), ((0, 1), True), ((2, 2), True)],
)
def test_contains(point, inside):
    assert rings.contains(SQUARE, np.array(point, dtype=float)) is inside


def test_a_square_crosses_nothing():
    assert len(rings.crossings(SQUARE)) == 0


def test_a_bow_tie_crosses_itself():
    bow = np.array([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]], dtype=float)
    assert len(rings.crossings(bow)) == 1


def test_a_ring_that_touches_one_of_its_corners():
    # Two triangles that share the corner (2, 0).
    ring = np.array([[0, 0], [2, 0], [4, 2], [4, -2], [2, 0], [0, -2], [0, 0]], dtype=float)
    assert rings.crossings(ring).tolist() == [[2.0, 0.0]]


def test_a_corner_on_a_side():
    ring = np.array([[0, 0], [4, 0], [4, 2], [2, 0], [0, 2], [0, 0]], dtype=float)
    assert rings.crossings(ring).tolist() == [[2.0, 0.0]]


def test_a_ring_that_turns_back_on_itself():
    spike = np.array([[0, 0], [2, 0], [2, 2], [2, 5], [2, 2], [0, 2], [0, 0]], dtype=float)
    assert [2.0, 5.0] in rings.crossings(spike).tolist()


def test_repeats_are_dropped_and_nothing_else():
    doubled = np.array([[0, 0], [0, 0], [2, 0], [2, 2], [2, 2], [0, 0]], dtype=float)
    assert rings.without_repeats(doubled).tolist() == [[0, 0], [2, 0], [2, 2], [0, 0]]


@settings(deadline=None)
@given(st.integers(3, 60), st.floats(0.1, 50.0), st.integers(0, 2**32 - 1))
def test_star_shaped_rings_are_simple(corners, size, seed):
    # Corners in the order of their angle around a middle point cannot cross.
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.permutation(720)[:corners]) * (2 * np.pi / 720)
    radius = rng.uniform(0.5, 1.0, corners) * size
    if np.diff(angles, append=angles[0] + 2 * np.pi).max() >= np.pi:
        return
    ring = np.column_stack([radius * np.cos(angles), radius * np.sin(angles)])
    closed = np.vstack([ring, ring[:1]])
    assert len(rings.crossings(closed)) == 0
    assert rings.area(closed) > 0


def test_simplify_keeps_what_is_further_off_than_the_tolerance():
    line = np.array([[0, 0], [1, 0.05], [2, -0.05], [3, 1], [4, 0]], dtype=float)
    # (3, 1) is 1 off the line from end to end; the first two stay within 0.1 of what is left:
    # from (0, 0) to (3, 1), (1, 0.05) is off by |3 * 0.05 - 1| / sqrt(10) = 0.27, so it stays at
    # 0.2 and goes at 0.5; (2, -0.05) is off by |3 * -0.05 - 2| / sqrt(10) = 0.68 and stays.
    assert rings.simplify(line, 0.5).tolist() == [[0, 0], [2, -0.05], [3, 1], [4, 0]]
    assert rings.simplify(line, 2.0).tolist() == [[0, 0], [4, 0]]
    assert rings.simplify(line, 0.0) is line


@settings(deadline=None)
@given(st.integers(3, 80), st.floats(0.001, 1.0), st.integers(0, 2**32 - 1))
def test_nothing_moves_further_than_the_tolerance(points, tolerance, seed):
    line = np.cumsum(np.random.default_rng(seed).normal(size=(points, 2)), axis=0)
    simple = rings.simplify(line, tolerance)
    for point in line:
        ends = pairwise(simple)
        assert min(rings._distance(point[None], a, b)[0] for a, b in ends) <= tolerance + 1e-9


def test_neighbours_share_one_border():
    left = np.array([[0, 0], [1, 0], [1, 0.5], [1, 1], [0, 1], [0, 0]], dtype=float)
    right = np.array([[1, 0], [2, 0], [2, 1], [1, 1], [1, 0.5], [1, 0]], dtype=float)
    pieces, walks = rings.arcs([left, right])
    # The common border (1, 0) .. (1, 1), the rest of the left and the rest of the right.
    assert len(pieces) == 3
    shared = {number for number, _back in walks[0]} & {number for number, _back in walks[1]}
    assert len(shared) == 1
    for ring, walk in ((left, walks[0]), (right, walks[1])):
        again = rings.join(pieces, walk)
        assert rings.area(again) == rings.area(ring)
        assert len(again) == len(ring)


def test_an_enclave_is_one_arc_for_hole_and_ring():
    hole = SQUARE[::-1]
    pieces, walks = rings.arcs([SQUARE, hole])
    assert len(pieces) == 1
    assert walks[0][0][1] != walks[1][0][1]
