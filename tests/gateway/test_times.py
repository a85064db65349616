"""Times the way gateways write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.errors import ModelError
from tanfeng.gateway._times import offset_us, parse
from tanfeng.periods import LOCAL

QUARTER_PAST = datetime(2024, 2, 29, 16, 15, tzinfo=UTC)  # 2024-03-01 00:15 local


def _read(value, zone="+08:00"):
    times, rules = parse(pl.Series([value]), zone)
    return times[0], None if rules is None else rules[0]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01 00:15",
        "2024-03-01 00:15:00",
        "2024/3/1 0:15",
        "2024.3.1 0:15",
        " 2024-03-01  00:15 ",
        "2024-03-01T00:15:00+08:00",
        "2024-03-01T00:15+0800",
        "2024-03-01T00:15:00+08",
        "2024-02-29T16:15:00Z",
        "2024-02-29T16:15:00.000z",
        "2024-02-29 16:15:00 UTC",
        "2024-02-29T11:15:00-05:00",
        "2024年3月1日 0时15分",
        "2024年3月1日0:15",
        "2024-03-01 00：15",
        "20240301001500",
        "202403010015",
        "20240301 0015",
        "1709223300",
        "1709223300.0",
        "1709223300000",
        1709223300,
        1709223300.0,
        1709223300000,
        1709223300000000,
        1709223300000000000,
    ],
)
def test_one_moment_in_many_spellings(text):
    assert _read(text) == (QUARTER_PAST, None)


def test_a_time_without_zone_is_that_of_the_zone_given():
    assert _read("2024-03-01 00:15", "+00:00")[0] == QUARTER_PAST + timedelta(hours=8)
    assert _read("2024-03-01 00:15", "-05:30")[0] == QUARTER_PAST + timedelta(hours=13.5)


def test_24_hours_is_the_next_midnight():
    midnight = datetime(2024, 3, 1, tzinfo=LOCAL)
    assert _read("2024-02-29 24:00")[0] == midnight
    assert _read("2024/2/29 24:00:00")[0] == midnight
    assert _read("2023-12-31 24:00")[0] == datetime(2024, 1, 1, tzinfo=LOCAL)
    assert _read("2024-02-29 24:15") == (None, "G021")
    assert _read("2024-02-29 24:00:01") == (None, "G021")


def test_parts_of_a_second_are_kept_to_the_microsecond():
    assert _read("2024-03-01 00:15:00.5")[0] == QUARTER_PAST + timedelta(milliseconds=500)
    assert _read("2024-03-01 00:15:00.123456789")[0] == QUARTER_PAST + timedelta(
        microseconds=123456
    )


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (None, "G020"), ("", "G020"), ("  ", "G020"),
        ("2024-03-01", "G022"), ("2024/3/1", "G022"), ("20240301", "G022"),
        ("2024年3月1日", "G022"),
        ("2023-02-29 00:00", "G021"), ("2024-13-01 00:00", "G021"), ("2024-03-01 00:60", "G021"),
        ("2024-03-01 25:00", "G021"), ("24-03-01 00:15", "G021"), ("03/01/2024 00:15", "G021"),
        ("2024-03-01 00:15:61", "G021"), ("2024-03-01T00:15:00+15:00", "G021"),
        ("2024-3-112:30", "G021"), ("yesterday", "G021"), ("45352.01", "G021"), (45352.01, "G021"),
        (17, "G021"), ("-1709223300", "G021"), ("٢٠٢٤-03-01 00:15", "G021"),
    ],
)  # fmt: skip
def test_what_is_no_time(value, rule):
    assert _read(value) == (None, rule)


def test_any_type_of_time_stamp_is_the_same_moment():
    naive = pl.Series([datetime(2024, 3, 1, 0, 15)])
    for column in (
        naive.cast(pl.Datetime("ms")),
        naive.cast(pl.Datetime("ns")),
        naive.dt.replace_time_zone("Asia/Shanghai"),
        pl.Series([QUARTER_PAST]).cast(pl.Datetime("ns", "UTC")),
    ):
        times, rules = parse(column, "+08:00")
        assert (times.dtype, times[0], rules) == (pl.Datetime("us", "UTC"), QUARTER_PAST, None)
    assert parse(pl.Series([date(2024, 3, 1)]), "+08:00")[1].to_list() == ["G022"]
    times, rules = parse(pl.Series([QUARTER_PAST, None]), "+08:00")
    assert rules.to_list() == [None, "G020"]


def test_a_zone_is_an_offset():
    assert offset_us("-0130") == -90 * 60 * 10**6
    with pytest.raises(ModelError, match="no offset"):
        offset_us("Asia/Shanghai")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)))
def test_what_iso_writes_is_read_back(moment):
    aware = moment.replace(tzinfo=LOCAL)
    assert _read(aware.isoformat())[0] == aware
    assert _read(moment.isoformat(sep=" "))[0] == aware
    assert _read(int(aware.timestamp()))[0] == aware.replace(microsecond=0)


@given(st.lists(st.text(max_size=30) | st.none(), min_size=1))
def test_any_text_is_a_time_or_breaks_a_rule(texts):
    times, rules = parse(pl.Series(texts, dtype=pl.String), "+08:00")
    told = rules if rules is not None else pl.Series([None] * len(texts), dtype=pl.String)
    assert (times.is_null() == told.is_not_null()).all()
