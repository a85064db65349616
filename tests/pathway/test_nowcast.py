"""The running year from its months: by hand, against the naive one, and never from the future."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tanfeng.errors import DataError, ModelError
from tanfeng.pathway.nowcast import METHODS, nowcast

SEASON = np.array([8.0, 6, 9, 10, 11, 12, 14, 14, 12, 10, 9, 5])  # adds up to 120


def monthly(years, known=12, columns=("year", "month", "value")):
    """Lay out {year: twelve months}; of the last year some months."""
    last = max(years)
    rows = [
        (year, month, float(value))
        for year, values in years.items()
        for month, value in enumerate(values, start=1)
        if value is not None and (year < last or month <= known)
    ]
    return pl.DataFrame(rows, schema=list(columns), orient="row")


def noisy(years=9, seed=3, growth=0.05):
    rng = np.random.default_rng(seed)
    level = 100 * np.cumprod(1 + growth * rng.choice([-1.0, 1.0], years))
    return {2015 + n: level[n] / 120 * SEASON * (1 + rng.normal(0, 0.01, 12)) for n in range(years)}


def test_two_years_by_hand():
    # 2023: 120. 2024 to March: 10 + 8 + 12 = 30 against 23; growth 30/23; rest of 2023 is 97.
    table = monthly({2023: SEASON, 2024: [10, 8, 12, *[0] * 9]}, known=3)
    found = nowcast(table)
    assert (found.year, found.known, found.to_date, found.method) == (2024, (1, 2, 3), 30, "growth")
    assert found.total == pytest.approx(30 + 30 / 23 * 97)
    # No whole year before 2023: nothing to test it back on, and so no interval.
    assert found.back_test.is_empty()
    assert (found.low, found.high) == (None, None)


def test_every_way_by_hand_in_the_back_test():
    table = monthly({2021: SEASON, 2022: SEASON * 1.2, 2023: SEASON * [*[1.5] * 6, *[1.8] * 6],
                     2024: SEASON}, known=2)  # fmt: skip
    errors = nowcast(table).errors.filter(year=2023, months_known=2)
    forecast = dict(errors.select("method", "forecast").iter_rows())
    # Known 1.5 x 14 = 21; last year: 16.8 known, 127.2 to come, so growth is 1.25.
    assert errors["actual"][0] == pytest.approx(1.5 * 56 + 1.8 * 64)  # 199.2
    assert forecast["naive"] == pytest.approx(21 + 127.2)
    assert forecast["growth"] == pytest.approx(21 + 1.25 * 127.2)
    assert forecast["damped"] == pytest.approx(21 + 1.125 * 127.2)
    assert forecast["recent"] == pytest.approx(21 + 1.25 * 127.2)
    assert forecast["shares"] == pytest.approx(21 / (14 / 120))
    assert set(forecast) == {*METHODS, "chosen"}
    row = errors.filter(method="naive").row(0, named=True)
    assert row["error"] == pytest.approx(148.2 / 199.2 - 1)
    assert row["known"] == "110000000000"


def test_the_back_test_beats_the_naive_one_and_tells_by_how_much():
    found = nowcast(monthly(noisy(), known=6))
    at_six = found.back_test.filter(months_known=6)
    naive, chosen = (at_six.filter(method=m).row(0, named=True) for m in ("naive", "chosen"))
    assert chosen["years"] == naive["years"] == 7
    assert naive["skill"] == 0.0
    assert chosen["skill"] == pytest.approx(1 - chosen["error"] / naive["error"])
    assert chosen["skill"] > 0.5
    assert chosen["worst"] >= chosen["error"] >= abs(chosen["bias"])
    # More months known, a smaller error.
    line = found.back_test.filter(method="chosen")["error"].to_list()
    assert line[-1] < line[2] < line[0]


def test_the_interval_is_made_of_past_errors():
    found = nowcast(monthly(noisy(), known=6), level=0.8)
    errors = found.errors.filter(method="chosen", months_known=6)["error"].abs().sort()
    # Seven errors: ceil(8 x 0.8) = the seventh smallest, the largest of all.
    assert found.low == pytest.approx(found.total / (1 + errors[6]))
    assert found.high == pytest.approx(found.total / (1 - errors[6]))
    narrow = nowcast(monthly(noisy(), known=6), level=0.5)
    assert narrow.low == pytest.approx(found.total / (1 + errors[3]))
    assert nowcast(monthly(noisy(), known=6), level=0.9).low is None


def test_a_whole_year_is_its_sum_and_no_future_is_used():
    years = noisy()
    whole = nowcast(monthly(years))
    assert whole.total == whole.low == whole.high == pytest.approx(years[2023].sum())
    assert len(whole.known) == 12
    moved = dict(years)
    moved[2023] = years[2023] * 9
    before = nowcast(monthly(years, known=4)).errors.filter(pl.col("year") < 2023)
    after = nowcast(monthly(moved, known=4)).errors.filter(pl.col("year") < 2023)
    assert before.equals(after)


def test_months_missing_in_the_middle_are_filled_like_those_to_come():
    years = noisy()
    table = monthly(years, known=5).filter(~((pl.col("year") == 2023) & (pl.col("month") == 2)))
    found = nowcast(table)
    assert found.known == (1, 3, 4, 5)
    assert "101110000000" in found.errors["known"].to_list()
    assert set(found.back_test["months_known"]) == set(range(1, 12))
    assert found.low < found.total < found.high
    # A year with a hole is not tested on, nor is the one after it.
    holed = monthly(years, known=5).filter(~((pl.col("year") == 2019) & (pl.col("month") == 7)))
    assert not {2019, 2020} & set(nowcast(holed).errors["year"].to_list())


def test_months_are_an_indicator_of_the_yearly_inventory():
    years = noisy()
    annual = pl.DataFrame(
        {"year": list(years)[:-1], "emission": [2.5 * years[y].sum() for y in list(years)[:-1]]}
    )
    plain, scaled = nowcast(monthly(years, known=6)), nowcast(monthly(years, known=6), annual)
    assert scaled.total == pytest.approx(2.5 * plain.total)
    assert scaled.low == pytest.approx(2.5 * plain.low)
    whole = nowcast(monthly(years), annual)
    assert whole.low < whole.total or whole.low == pytest.approx(whole.total)
    with pytest.raises(ModelError, match="no year before 2023 has both"):
        nowcast(monthly(years, known=6), annual.with_columns(year=pl.col("year") + 50))


def test_a_start_of_nothing_grows_by_nothing():
    zero = SEASON.copy()
    zero[:2] = 0.0
    found = nowcast(monthly({2023: zero, 2024: [1.0, 1.0]}, known=2))
    assert found.total == pytest.approx(2 + zero.sum())


def test_bad_tables_and_levels():
    table = pl.DataFrame(
        {
            "year": ["2023", "2023", "2023", "2023", "x"],
            "month": ["1", "1", "13", "2", "3"],
            "value": ["1", "2", "-3", "", "?"],
        }
    )
    with pytest.raises(DataError) as caught:
        nowcast(table)
    assert [(one.rule, one.row) for one in caught.value.problems] == [
        ("Y005", 2), ("Y006", 3), ("Y201", 3), ("Y003", 4), ("Y002", 5), ("Y004", 5),
    ]  # fmt: skip
    for years in ({2024: [1.0]}, {2023: [1.0], 2024: [1.0]}, {2022: SEASON, 2024: [1.0]}):
        with pytest.raises(DataError) as caught:
            nowcast(monthly(years))
        assert [one.rule for one in caught.value.problems] == ["Y202"]
    good = monthly(noisy(), known=3)
    with pytest.raises(ModelError, match=r"not between 0\.5 and 0\.95"):
        nowcast(good, level=0.99)
    annual = pl.DataFrame({"year": [2020, 2020, 2021, 2022], "emission": ["1", "2", "0", ""]})
    with pytest.raises(DataError) as caught:
        nowcast(good, annual)
    assert [(one.rule, one.row) for one in caught.value.problems] == [
        ("Y005", 2), ("Y006", 3), ("Y003", 4),
    ]  # fmt: skip
