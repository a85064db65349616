"""Sums from January become months; every figure below is worked out by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tanfeng.console.accounting.cumulative import Standing, spread


def _form(consumption, opening=100.0, closing=50.0, **more):
    return {
        "consumption_total_qty": consumption,
        "opening_stock_qty": opening,
        "closing_stock_qty": closing,
        "purchase_qty": None,
        "purchase_amount_kcny": None,
        "feedstock_qty": None,
        "coef_used_tce": 0.7143,
        **more,
    }


def _held(*records):
    """Return stored records: (key, month, from 205-1, consumption, closing)."""
    return [
        Standing(key, month, from_form, _form(consumption, closing=closing))
        for key, month, from_form, consumption, closing in records
    ]


def _shown(outcome):
    return [
        (one["month"], one["consumption_total_qty"], one["opening_stock_qty"], one["remark"])
        for one in outcome.records
    ]


def test_january_is_its_own_month():
    assert _shown(spread(1, _form(30.0), [])) == [(1, 30.0, 100.0, "")]


def test_the_next_month_is_the_difference_and_opens_with_the_closing_stock():
    # 70 to February less 30 of January; January closed at 80, the year opened at 100.
    outcome = spread(2, _form(70.0), _held((1, 1, True, 30.0, 80.0)))
    assert _shown(outcome) == [(2, 40.0, 80.0, "")]


def test_a_gap_is_booked_to_the_last_month_and_says_so():
    # January 30; June's sum is 200: February to June used 170 between them.
    outcome = spread(6, _form(200.0), _held((1, 1, True, 30.0, 80.0)))
    assert _shown(outcome) == [(6, 170.0, 80.0, "2—6月")]
    assert _shown(spread(6, _form(200.0), [])) == [(6, 200.0, 100.0, "1—6月")]


def test_december_alone_is_a_whole_year():
    assert _shown(spread(12, _form(480.0), [])) == [(0, 480.0, 100.0, "")]


def test_december_after_months_is_a_month():
    # The year 480 less 30 and 40.
    held = _held((1, 1, True, 30.0, 80.0), (2, 2, True, 40.0, 60.0))
    assert _shown(spread(12, _form(480.0), held)) == [(12, 410.0, 60.0, "3—12月")]


def test_a_month_that_arrives_late_takes_its_part_out_of_the_next():
    # June's 200 was booked to June; now March says 90: March 90, June 110, and its sum still 200.
    outcome = spread(3, _form(90.0, closing=70.0), _held((1, 6, True, 200.0, 50.0)))
    assert _shown(outcome) == [(3, 90.0, 100.0, "1—3月"), (6, 110.0, 70.0, "4—6月")]
    assert not outcome.closed


def test_correcting_a_month_keeps_the_later_sums():
    # January 30, February 70 - 30 = 40. January is corrected to 35: February becomes 35.
    held = _held((1, 1, True, 30.0, 80.0), (2, 2, True, 40.0, 60.0))
    assert _shown(spread(1, _form(35.0, closing=75.0), held)) == [
        (1, 35.0, 100.0, ""),
        (2, 35.0, 75.0, ""),
    ]


def test_a_month_of_a_year_known_as_a_whole_turns_the_year_into_december():
    # The year 480 is known; June says 200: June 200, December 280, the whole-year record ends.
    outcome = spread(6, _form(200.0, closing=70.0), _held((9, 0, True, 480.0, 50.0)))
    assert _shown(outcome) == [(6, 200.0, 100.0, "1—6月"), (12, 280.0, 70.0, "7—12月")]
    assert outcome.closed == [9]


def test_december_again_replaces_the_whole_year():
    outcome = spread(12, _form(500.0), _held((9, 0, True, 480.0, 50.0)))
    assert _shown(outcome) == [(0, 500.0, 100.0, "")]
    assert outcome.closed == []


def test_months_of_the_monthly_form_are_left_alone():
    # January 30 and February 45 came from the monthly form; the sum to March is 120: March 45.
    held = _held((1, 1, False, 30.0, 80.0), (2, 2, False, 45.0, 60.0))
    assert _shown(spread(3, _form(120.0), held)) == [(3, 45.0, 60.0, "")]
    # A later month of the monthly form does not move either.
    held = _held((1, 5, False, 50.0, 80.0), (2, 6, True, 70.0, 60.0))
    assert _shown(spread(3, _form(40.0, closing=90.0), held)) == [
        (3, 40.0, 100.0, "1—3月"),
        (6, 30.0, 80.0, ""),  # the sum to June, 50 + 70 = 120, less 40 and 50
    ]


def test_a_sum_below_what_is_known_is_told():
    held = _held((1, 1, True, 30.0, 80.0), (2, 2, True, 40.0, 60.0))
    outcome = spread(3, _form(65.0), held)  # 30 + 40 = 70 is known already
    assert outcome.below_zero == [(3, "consumption_total_qty", -5.0)]
    late = spread(1, _form(75.0), held)  # February's sum is 70
    assert late.below_zero == [(2, "consumption_total_qty", -5.0)]


def test_rounding_of_two_forms_is_no_contradiction():
    # 0.1 + 0.2 is 0.30000000000000004 in binary.
    held = _held((1, 1, True, 0.1, 80.0), (2, 2, True, 0.2, 60.0))
    outcome = spread(3, _form(0.3), held)
    assert not outcome.below_zero
    assert outcome.records[0]["consumption_total_qty"] == 0.0


def test_no_figure_is_no_data_and_takes_nothing_away():
    held = _held((1, 1, True, 30.0, None))
    outcome = spread(2, _form(None, closing=None), held)
    assert outcome.records[0]["consumption_total_qty"] is None
    assert outcome.records[0]["opening_stock_qty"] == 100.0
    # A quantity January did not state: all of it lies in the span to February.
    outcome = spread(2, _form(70.0, feedstock_qty=12.0), held)
    assert outcome.records[0]["feedstock_qty"] == 12.0
    # A form without a figure gives no sum for later months either.
    held = _held((1, 1, True, None, 80.0), (2, 2, True, 40.0, 60.0))
    assert _shown(spread(1, _form(10.0), held))[1][1] == 30.0


@given(
    st.lists(st.integers(0, 10**6), min_size=12, max_size=12),
    st.permutations(range(1, 13)),
)
def test_in_whatever_order_the_forms_arrive_the_months_come_out(months, order):
    """Twelve cumulative forms in any order give the twelve months, exactly for whole numbers."""
    sums = [float(sum(months[: index + 1])) for index in range(12)]
    held: dict[int, Standing] = {}
    for number, month in enumerate(order):
        outcome = spread(month, _form(sums[month - 1]), list(held.values()))
        assert not outcome.below_zero
        held = {k: v for k, v in held.items() if v.record_id not in outcome.closed}
        for record in outcome.records:
            at = record["month"]
            held[at] = Standing(100 * number + at, at, True, record)
    assert [held[month].values["consumption_total_qty"] for month in range(1, 13)] == months
