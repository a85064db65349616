"""A number with its uncertainty, as it is written into a cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tanfeng.pathway.uncertain import NotANumber, Uncertain, uncertain


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("1019", "certain", (1019.0,)),
        (12.5, "certain", (12.5,)),
        (" 1,019.5 ", "certain", (1019.5,)),
        ("１０％", "certain", (0.1,)),
        ("3‰", "certain", (0.003,)),
        ("1e3", "certain", (1000.0,)),
        ("-2", "certain", (-2.0,)),
        ("1019 ± 30", "normal", (1019.0, 30.0)),
        ("1019 +/- 5%", "normal", (1019.0, 50.95)),
        ("12% ± 2%", "normal", (0.12, 0.02)),
        ("0.9..1.1", "uniform", (0.9, 1.1)),
        ("10% .. 20%", "uniform", (0.1, 0.2)),
        ("0.9..1..1.2", "triangular", (0.9, 1.0, 1.2)),
        ("1 | 2|3", "choice", (1.0, 2.0, 3.0)),
    ],
)
def test_a_cell_is_read(text, kind, values):
    read = uncertain(text)
    assert read.kind == kind
    assert read.values == pytest.approx(values)


@pytest.mark.parametrize(
    "text",
    ["", "约10", "1..", "1..1", "2..1", "1..3..2", "1 ± 0", "1 ± -2", "1|", "1|x", "nan", "12,3"],
)
def test_what_is_no_number_is_refused_in_both_languages(text):
    with pytest.raises(NotANumber) as refused:
        uncertain(text)
    assert refused.value.zh
    assert str(refused.value) == refused.value.en


def test_what_is_not_finite_is_refused():
    with pytest.raises(NotANumber):
        uncertain(float("inf"))
    with pytest.raises(NotANumber):
        uncertain("1e999")


def test_the_middle_of_each():
    assert uncertain("1 ± 0.2").centre == 1
    assert uncertain("1..3").centre == 2
    assert uncertain("3|1|2").centre == 2
    # (x - 0)^2 / (3 * 3) = 1/2 at x = sqrt(4.5), below the turn at 3
    assert uncertain("0..3..3").centre == pytest.approx(4.5**0.5)


def test_quantiles_are_those_of_the_named_distribution():
    share = np.linspace(0.001, 0.999, 97)
    assert uncertain("5 ± 2").quantile(share) == pytest.approx(stats.norm(5, 2).ppf(share))
    assert uncertain("1..4").quantile(share) == pytest.approx(stats.uniform(1, 3).ppf(share))
    assert uncertain("1..2..4").quantile(share) == pytest.approx(
        stats.triang(1 / 3, 1, 3).ppf(share)
    )
    assert uncertain("7").quantile(share) == pytest.approx(np.full(97, 7.0))


def test_a_choice_takes_each_equally_often():
    share = (np.arange(300) + 0.5) / 300
    drawn = uncertain("3|1|2").quantile(share)
    assert [int((drawn == value).sum()) for value in (1, 2, 3)] == [100, 100, 100]
    assert uncertain("3|1").quantile(np.array([1.0])) == 3.0


def test_a_share_is_cut_off_without_piling_up_at_its_limit():
    """From the part within 0 and 1, as scipy's truncated normal draws it."""
    share = (np.arange(1000) + 0.5) / 1000
    drawn = uncertain("0.95 ± 0.1").quantile(share, 0.0, 1.0)
    reference = stats.truncnorm(-9.5, 0.5, 0.95, 0.1).ppf(share)
    assert drawn == pytest.approx(reference)
    assert (drawn == 1.0).sum() == 0


@given(
    st.sampled_from(["5 ± 2", "1..4", "1..2..4", "3|1|2", "6"]),
    st.floats(0.01, 100.0),
)
def test_another_unit_is_another_scale(text, factor):
    share = np.linspace(0.01, 0.99, 21)
    scaled = uncertain(text).times(factor)
    assert scaled.quantile(share) == pytest.approx(uncertain(text).quantile(share) * factor)
    assert isinstance(scaled, Uncertain)
    assert scaled.certain is (text == "6")
