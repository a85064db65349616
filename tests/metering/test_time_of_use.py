"""Split by the tariff: the hours of the Fujian table, sharp within peak, what is not covered."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from rollup_frames import NOV, edges, points, slots
from tanfeng.metering import rollup, time_of_use
from tanfeng.metering.time_of_use import NoTariffPeriod, hours, split
from tanfeng.periods import LOCAL

DAY = timedelta(days=1)
JULY = datetime(2026, 7, 1, tzinfo=LOCAL)


def count(found: time_of_use.Hours) -> dict[str, int]:
    return dict(found.slots.group_by("tariff_period").len().iter_rows())


def rolled(amounts: list[float | None], start: datetime, by: str = "hour") -> pl.DataFrame:
    data = slots("M", amounts, start=start)
    p = points({"point": "M", "node": "E"})
    return rollup.of_nodes(data, points=p, edges=edges(("C", "E")), by=by)


def test_a_november_day_has_eight_hours_each_of_peak_valley_and_flat():
    # Peak 10-12, 15-20, 21-22 = 8 h; valley 0-8 = 8 h; flat 8-10, 12-15, 20-21, 22-24 = 8 h.
    found = hours(NOV, NOV + DAY)
    assert count(found) == {"peak": 32, "valley": 32, "flat": 32}
    assert found.slots.height == 96


def test_in_july_two_hours_of_the_peak_are_sharp():
    # 11-12 and 17-18 are sharp: 2 h, peak is left 6 h.
    found = hours(JULY, JULY + DAY)
    assert count(found) == {"sharp": 8, "peak": 24, "valley": 32, "flat": 32}
    noon = found.slots.filter(pl.col("start") == JULY + timedelta(hours=11))
    assert noon["tariff_period"].to_list() == ["sharp"]
    before = found.slots.filter(pl.col("start") == JULY + timedelta(hours=10, minutes=45))
    assert before["tariff_period"].to_list() == ["peak"]


def test_the_rules_are_told_with_document_and_notes():
    found = hours(NOV, NOV + DAY)
    assert found.verified
    assert found.rules["ref"].str.starts_with("tariffs_fujian/tf_period_").all()
    assert found.rules["document"].str.contains("闽发改规").all()
    assert found.rules["note"].str.contains("start date recalled").all()
    assert "sharp" not in found.rules["period"].to_list()


def test_a_day_is_split_by_hand():
    # 1 kWh a quarter hour from 0 to 8, 2 from 8 to 10, 3 from 10 to 12, the rest missing.
    amounts = [1.0] * 32 + [2.0] * 8 + [3.0] * 8 + [None] * 48
    found = split(rolled(amounts, NOV), hours(NOV, NOV + DAY), by="day").filter(node="E")
    rows = {r["tariff_period"]: r for r in found.iter_rows(named=True)}
    assert {k: r["amount"] for k, r in rows.items()} == {"valley": 32.0, "flat": 16.0, "peak": 24.0}
    # 32 + 16 + 24 = 72
    assert rows["valley"]["share"] == pytest.approx(32 / 72)
    assert (rows["valley"]["quality"], rows["peak"]["quality"]) == ("measured", "partial")
    # Flat: 8 of 32 quarter hours are known.
    assert (rows["flat"]["slots_due"], rows["flat"]["completeness"]) == (32, 0.25)
    assert set(found["start"]) == {NOV}


def test_quarter_hours_and_hours_split_alike_and_give_the_month_back():
    amounts = [0.1 * (n % 7) for n in range(96 * 31)]
    window = hours(JULY, JULY + 31 * DAY)
    fine = split(rolled(amounts, JULY, "15min"), window, step="15min")
    coarse = split(rolled(amounts, JULY), window)
    assert fine.drop("amount", "measured", "share").equals(
        coarse.drop("amount", "measured", "share")
    )
    month = rolled(amounts, JULY, "month").filter(node="C")["amount"].item()
    for found in (fine, coarse):
        assert found.filter(node="C")["amount"].sum() == pytest.approx(month, rel=1e-12)
        assert found.filter(node="C")["tariff_period"].to_list() == list(time_of_use.PERIODS)


def test_points_are_split_as_nodes_are_and_other_items_left_out():
    p = points({"point": "M"}, {"point": "G", "item_key": "natural_gas", "unit": "m3"})
    data = pl.concat([slots("M", [1.0] * 96), slots("G", [1.0] * 96)])
    energy = rollup.of_points(data, points=p, by="hour")
    found = split(energy, hours(NOV, NOV + DAY))
    assert found["point"].unique().to_list() == ["M"]
    assert found["amount"].to_list() == [32.0, 32.0, 32.0]


def test_nothing_known_is_nothing_known():
    found = split(rolled([None] * 96, NOV), hours(NOV, NOV + DAY))
    assert found["amount"].null_count() == found.height
    assert found["share"].null_count() == found.height
    assert found["quality"].unique().to_list() == ["missing"]


def test_before_the_notice_there_is_no_period():
    start = datetime(2023, 12, 31, tzinfo=LOCAL)
    with pytest.raises(NoTariffPeriod, match=r"96 times have no single.*first at 2023-12-31 00:00"):
        hours(start, start + 2 * DAY)


def test_an_hour_outside_the_schedule_is_refused():
    with pytest.raises(NoTariffPeriod, match="first at 2026-11-02 00:00"):
        split(rolled([1.0] * 97, NOV), hours(NOV, NOV + DAY))


# Other tables -------------------------------------------------------------------------------------


def with_rules(monkeypatch, rows: list[tuple[str, ...]]) -> None:
    """Let the table of hours have these rows: id, period, months, hours."""
    names = ("id", "period", "month_from", "month_to", "hour_from", "hour_to")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        group=pl.lit("tou_period"),
        valid_from=pl.lit("2024-01-01"),
        valid_to=pl.lit(""),
        document=pl.lit("a notice"),
        confidence=pl.lit("single"),
        note=pl.lit(""),
    )
    monkeypatch.setattr(time_of_use.standards, "load", lambda table, shelf: frame)


def test_hours_that_overlap_are_refused(monkeypatch):
    with_rules(
        monkeypatch,
        [("a", "flat", "1", "12", "00:00", "24:00"), ("b", "peak", "1", "12", "08:00", "09:00")],
    )
    with pytest.raises(NoTariffPeriod, match=r"4 quarter hours have several.*08:00.*/a, .*/b"):
        hours(NOV, NOV + DAY)


def test_an_hour_left_out_is_refused(monkeypatch):
    with_rules(monkeypatch, [("a", "flat", "1", "12", "00:00", "23:00")])
    with pytest.raises(NoTariffPeriod, match=r"4 times have no single.*23:00"):
        hours(NOV, NOV + DAY)


def test_months_may_run_over_the_turn_of_the_year(monkeypatch):
    with_rules(
        monkeypatch,
        [("w", "valley", "11", "2", "00:00", "24:00"), ("s", "peak", "3", "10", "00:00", "24:00")],
    )
    assert count(hours(NOV, NOV + DAY)) == {"valley": 96}
    assert count(hours(JULY, JULY + DAY)) == {"peak": 96}
    assert not hours(JULY, JULY + DAY).verified


def test_an_hour_cut_by_a_period_wants_quarter_hours(monkeypatch):
    with_rules(
        monkeypatch,
        [("a", "flat", "1", "12", "00:00", "07:30"), ("b", "peak", "1", "12", "07:30", "24:00")],
    )
    window = hours(NOV, NOV + DAY)
    with pytest.raises(NoTariffPeriod, match=r"1 times have no single tariff period.*07:00"):
        split(rolled([1.0] * 96, NOV), window)
    fine = split(rolled([1.0] * 96, NOV, "15min"), window, step="15min").filter(node="E")
    assert fine["amount"].to_list() == [66.0, 30.0]


@pytest.mark.parametrize("rows", [[], [("a", "dear", "1", "12", "00:00", "24:00")]])
def test_a_table_without_known_periods_is_refused(monkeypatch, rows):
    with_rules(monkeypatch, rows)
    with pytest.raises(NoTariffPeriod, match="tariff periods"):
        hours(NOV, NOV + DAY)
