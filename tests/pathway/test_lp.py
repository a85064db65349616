"""The core of programmes: blocks, terms, changes, prices, whole numbers, what is refused."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from tanfeng.errors import ModelError
from tanfeng.pathway.lp import INFINITY, Programme
from tanfeng.pathway.soft import Soft, softened
from tanfeng.pathway.solver import Options, Solver

COST = np.array([[1.0], [3.0]])
NEED = np.array([5.0, 15.0, 25.0])


def _plants():
    """Two plants, three years: 10 a year at 1, 20 a year at 3."""
    programme = Programme()
    made = programme.columns("made", (2, 3), upper=[[10], [20]], cost=COST)
    need = programme.rows("need", (3,), lower=NEED)
    p, y = np.indices((2, 3))
    programme.add(need.at(y), made.at(p, y), 1.0)
    return programme, made, need


def test_the_cheap_plant_runs_first_and_the_dear_one_sets_the_price():
    programme, made, need = _plants()
    programme.offset = 7.0
    solution = Solver(programme).solve()
    assert solution.status == "optimal"
    assert solution.gap == 0.0
    # 5 + 10 + 10 at 1, 0 + 5 + 15 at 3, and the constant
    assert solution.objective == pytest.approx(25 * 1 + 20 * 3 + 7)
    assert solution.values(made) == pytest.approx(np.array([[5, 10, 10], [0, 5, 15]]))
    assert solution.sums(need) == pytest.approx(NEED)
    assert solution.price(need) == pytest.approx([1, 3, 3])
    assert solution.reduced(made) == pytest.approx(np.array([[0, -2, -2], [2, 0, 0]]))


def test_a_changed_programme_is_the_programme_made_so():
    programme, made, need = _plants()
    solver = Solver(programme)
    solver.solve()
    solver.change_rows(need.at(2), lower=29.0)
    solver.change_columns(made.at(0, [0, 1]), upper=[2.0, 4.0])
    solver.change_costs(made.at(1, [0, 1, 2]), 4.0)
    again = solver.solve()
    # 2 + 4 + 10 at 1; 3 + 11 + 19 at 4
    assert again.objective == pytest.approx(16 + 33 * 4)
    solver.change_rows(need.at(2), lower=31.0)
    assert solver.solve().status == "infeasible"
    solver.change_rows(need.all, lower=0.0, upper=INFINITY)
    assert solver.solve().objective == 0.0


def test_where_says_which_columns_are_made_and_terms_without_one_are_dropped():
    programme = Programme()
    block = programme.columns("x", (2, 3), where=[[True, False, True], [False, False, True]])
    assert (block.size, programme.column_count) == (3, 3)
    assert block.at(0, [0, 1, 2]).tolist() == [0, -1, 1]
    assert block.all.tolist() == [0, 1, 2]
    assert [one.tolist() for one in block.places(block.all)] == [[0, 0, 1], [0, 2, 2]]
    row = programme.rows("r", (1,), lower=6.0)
    programme.add(row.at(0), block.at(0, [0, 1, 2]), [1.0, 99.0, 0.0])
    programme.add(row.at(0), block.at(0, 0), 2.0)  # of one place: 1 + 2
    made = programme.arrays()
    assert made.value.tolist() == [3.0]
    solution = Solver(programme).solve()
    assert solution.values(block) == pytest.approx(np.array([[2, 0, 0], [0, 0, 0]]))


def test_whole_numbers_are_those_of_trying_all_and_have_prices_once_held():
    worth, weight = np.array([3.0, 4.0, 5.0]), np.array([2.0, 3.0, 4.0])
    programme = Programme()
    taken = programme.columns("taken", (3,), upper=1, cost=-worth, integer=True)
    room = programme.rows("room", (1,), upper=5.5)
    programme.add(room.at(0), taken.all, weight)
    told = []
    solver = Solver(programme, Options(gap=0.0, progress=told.append, cancel=lambda: False))
    solution = solver.solve()
    best = max(
        worth @ one for one in map(np.array, product((0, 1), repeat=3)) if weight @ one <= 5.5
    )
    assert solver.is_integer
    assert solution.objective == pytest.approx(-best)
    assert not len(solution.row_prices)
    assert all(one.seconds >= 0.0 for one in told)
    solver.fix_integers(solution)
    assert solver.solve().reduced(taken) == pytest.approx(-worth)


def test_no_solution_no_end_and_no_time_are_told_apart():
    programme = Programme()
    programme.columns("x", (1,), cost=-1.0)
    assert Solver(programme).solve().status == "unbounded"
    programme = Programme()
    column = programme.columns("x", (1,), upper=1.0, integer=True)
    row = programme.rows("r", (1,), lower=2.0)
    programme.add(row.all, column.all, 1.0)
    solution = Solver(programme).solve()
    assert solution.status == "infeasible"
    assert math.isnan(solution.objective)
    assert not solution.values(column).any()
    programme, *_ = _plants()
    assert Solver(programme, Options(time_limit=0.0)).solve().status == "time_limit"
    empty = Programme()
    empty.offset = 3.0
    assert Solver(empty).solve().objective == 3.0


def test_presolve_in_doubt_is_asked_again():
    """Dual infeasible and perhaps infeasible: the simplex decides which."""
    programme = Programme()
    x = programme.columns("x", (2,), cost=[-1.0, 0.0])
    row = programme.rows("r", (1,), lower=0.0)
    programme.add(row.at(0), x.all, [1.0, -1.0])
    assert Solver(programme).solve().status == "unbounded"


def _knapsack(size=40, seed=5):
    """A knapsack that takes a moment."""
    draw = np.random.default_rng(seed)
    programme = Programme()
    x = programme.columns("x", (size,), upper=1, cost=-draw.integers(50, 99, size), integer=True)
    rows = programme.rows("r", (8,), upper=draw.integers(400, 500, 8))
    i, j = np.indices((8, size))
    programme.add(rows.at(i), x.at(j), draw.integers(10, 60, (8, size)))
    return programme


def test_a_solve_can_be_cancelled():
    assert Solver(_knapsack(), Options(gap=0.0, cancel=lambda: True)).solve().status == "cancelled"


def test_what_cannot_be_is_refused():
    programme, made, _need = _plants()
    with pytest.raises(ModelError, match="two blocks 'made'") as caught:
        programme.columns("made", (1,))
    assert "两组" in caught.value.message("zh")
    solver = Solver(programme)
    with pytest.raises(ModelError, match="does not exist"):
        solver.change_columns([-1], upper=1.0)
    with pytest.raises(ModelError, match="HiGHS refused solver = none"):
        Solver(programme, Options(method="none"))
    programme.add([0], [0], math.nan)
    with pytest.raises(ModelError, match="not finite"):
        Solver(programme)
    other = Programme()
    other.columns("x", (1,), upper=math.nan)
    with pytest.raises(ModelError, match="not a number"):
        other.arrays()


def test_an_end_highs_has_no_name_for_is_an_error():
    solver = Solver(Programme())
    with pytest.raises(ModelError, match="HiGHS ended with"):
        solver._solution(solver._api.HighsModelStatus.kSolveError)


def test_ranges_tell_how_far_numbers_lie_apart():
    programme, *_ = _plants()
    ranges = programme.ranges()
    assert ranges.cost == (1.0, 3.0)
    assert ranges.bound == (10.0, 20.0)
    assert ranges.side == (5.0, 25.0)
    assert ranges.matrix == (1.0, 1.0)
    assert all(math.isnan(one) for one in Programme().ranges().cost)


def test_the_least_is_missed_at_its_weight():
    programme, made, need = _plants()
    programme.rows("late", (1,))
    rows = np.array([1.0, 1.0, INFINITY])
    held = programme.blocks["need"]
    # Year 3 asks 35 of 30 there are: its need holds, so 5 more capacity must come.
    made_programme, (capacity, least, demand) = softened(
        _with_need(35.0),
        [
            Soft(made, "columns", "upper", [[2.0], [1.0]]),
            Soft(made, "columns", "lower"),
            Soft(held, "rows", "lower", rows),
        ],
    )
    solution = Solver(made_programme).solve()
    assert solution.objective == pytest.approx(5.0)
    assert solution.values(capacity) == pytest.approx(np.array([[0, 0, 0], [0, 0, 5]]))
    assert not solution.values(least).any()
    assert demand.exists.tolist() == [True, True, False]
    second, (lack,) = softened(_with_need(35.0), [Soft(need, "rows", "lower")])
    assert Solver(second).solve().values(lack) == pytest.approx([0, 0, 5])


def _with_need(last):
    programme = Programme()
    made = programme.columns("made", (2, 3), upper=[[10], [20]], cost=COST)
    need = programme.rows("need", (3,), lower=[5, 15, last])
    p, y = np.indices((2, 3))
    programme.add(need.at(y), made.at(p, y), 1.0)
    return programme


def test_an_upper_side_may_be_missed_too():
    programme = Programme()
    x = programme.columns("x", (1,), lower=7.0)
    row = programme.rows("cap", (1,), upper=4.0)
    programme.add(row.all, x.all, 1.0)
    for soft, missed in ((Soft(row, "rows", "upper"), 3.0), (Soft(x, "columns", "lower"), 3.0)):
        second, (lack,) = softened(programme, [soft])
        assert Solver(second).solve().values(lack) == pytest.approx([missed])
