"""The meters as a side: what a year of them covers, by hand.

A day has 96 quarter hours, the year 2023 has 365 x 96 = 35 040.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import polars as pl
import pytest
from django.urls import reverse
from openpyxl import load_workbook

from metering_world import meter
from method_books import MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import method_services
from tanfeng.console.core.figures import plain
from tanfeng.console.metering import amounts, devices, engine, publishing
from tanfeng.console.registers.reconciliation import metered, pages, sides
from tanfeng.errors import ModelError
from tanfeng.metering.frames import ENERGY, READINGS
from tanfeng.periods import LOCAL

KEY = "gb_t_32151_5_2015"
NEW_YEAR = datetime(2023, 1, 1, tzinfo=LOCAL)
NAMES = {"steam_coal": "bituminous", "raw_coal": "bituminous"}


@pytest.fixture(autouse=True)
def _own_home(settings, tmp_path):
    settings.RUNS = tmp_path / "runs"
    settings.METERING = tmp_path / "metering"
    settings.READINGS = str(tmp_path / "metering" / "readings")
    for cached in (engine._store, engine._intake):
        cached.cache_clear()


def days(item, unit, month, first, last, *, amount=10.0, estimated=0.0, due=96, missing=0):
    """Return days of a node, each with the same amount. None: nothing is known of it."""
    return pl.DataFrame(
        [
            {
                "node": "A",
                "start": datetime(2023, month, day, tzinfo=LOCAL).astimezone(UTC),
                "item_key": item,
                "amount": amount,
                "unit": unit,
                "estimated": None if amount is None else estimated,
                "slots_due": due,
                "slots_missing": missing,
            }
            for day in range(first, last + 1)
        ],
        schema={name: ENERGY[name] for name in (
            "node", "start", "item_key", "amount", "unit", "estimated", "slots_due",
            "slots_missing",
        )},
    )  # fmt: skip


def months_of(*some):
    (one,) = metered.of_energy(pl.concat(some), 2023, NAMES).values()
    return one.months


def test_months_are_known_from_end_to_end_or_not():
    # January whole; February begins on the 2nd; March lacks 4 quarter hours of a day; April silent.
    energy = pl.concat(
        [
            days("electricity", "kWh", 1, 1, 31, amount=300.0, estimated=10.0),
            days("electricity", "kWh", 2, 2, 28, amount=300.0),
            days("electricity", "kWh", 3, 1, 30, amount=300.0),
            days("electricity", "kWh", 3, 31, 31, amount=290.0, missing=4),
            days("electricity", "kWh", 4, 1, 30, amount=None, missing=96),
        ]
    )
    ((key, one),) = metered.of_energy(energy, 2023, {}).items()
    assert key == ("electricity", "electricity")
    assert (one.months, one.is_whole) == (1, False)
    # 31 + 27 + 31 days less 4 quarter hours: 89 x 96 - 4 = 8 540.
    assert one.share == pytest.approx(8_540 / 35_040)
    # 31 x 300 + 27 x 300 + 30 x 300 + 290 = 26 690.
    assert (one.amount, one.unit) == (26_690.0, "kWh")
    assert (one.converted, one.unit_here) == (pytest.approx(2.669), "1e4 kWh")
    assert one.estimated == pytest.approx(310 / 26_690)


def test_a_month_meters_came_or_went_in_is_not_whole():
    whole = days("electricity", "kWh", 1, 1, 31, due=192)
    assert months_of(whole) == 1, "two meters, all the month"
    # Hung on the 17th: two meters for 15 days are due 2 880 quarter hours, nearly a month of one.
    late = days("electricity", "kWh", 2, 15, 28, due=192)
    assert months_of(late) == 0
    second = [days("electricity", "kWh", 3, 1, 16), days("electricity", "kWh", 3, 17, 31, due=192)]
    assert months_of(*second) == 0, "what flowed through the second before nobody knows"
    assert months_of(whole, late, *second) == 1
    # Due from noon of the first day, and the other meter until then: one meter at any time.
    assert months_of(days("electricity", "kWh", 4, 1, 30)) == 1
    # Two hung at noon of the first day: 48 + 48 that day, then twice 96.
    noon = [days("electricity", "kWh", 5, 1, 1), days("electricity", "kWh", 5, 2, 31, due=192)]
    assert months_of(*noon) == 0
    assert months_of(days("electricity", "kWh", 6, 1, 30, due=48)) == 0, "half of each day is due"


def test_what_is_known_is_a_share_of_all_meters():
    energy = pl.concat(
        [
            days("electricity", "kWh", 1, 1, 31),
            days("electricity", "kWh", 2, 1, 28, due=192, missing=96),
        ]
    )
    one = metered.of_energy(energy, 2023, {})["electricity", "electricity"]
    # One of one for 31 days, one of two for 28: 59 x 96 = 5 664 of 2 x 35 040.
    assert one.share == pytest.approx(5_664 / 70_080)


def test_two_coals_are_one_fuel_and_a_month_needs_both():
    energy = pl.concat(
        [
            days("steam_coal", "t", 1, 1, 31),
            days("steam_coal", "t", 2, 1, 28),
            days("raw_coal", "t", 1, 1, 31, amount=1.0),
        ]
    )
    one = metered.of_energy(energy, 2023, NAMES)["direct", "bituminous"]
    assert one.items == ("raw_coal", "steam_coal")
    # 59 x 10 + 31 x 1 = 621.
    assert (one.months, one.amount, one.converted) == (1, 621.0, pytest.approx(621.0))
    assert one.share == pytest.approx(31 / 365), "that of the coal known least"


def test_gas_counts_in_its_unit_and_air_emits_nothing():
    energy = pl.concat(
        [
            days("natural_gas", "m3", 1, 1, 1, amount=25_000.0),
            days("compressed_air", "m3", 1, 1, 1),
            days("self_gen_power", "kWh", 1, 1, 1),
        ]
    )
    found = metered.of_energy(energy, 2023, {})
    assert list(found) == [("direct", "natural_gas")]
    assert found["direct", "natural_gas"].converted == pytest.approx(2.5)


def made(user, organisation, power_mwh):
    book = MethodBook(METHODS[KEY])
    common = {
        "period": "2023", "credit_code": organisation.credit_code, "org_name": organisation.name,
    }  # fmt: skip
    book.add("fuel", item="焦炭", used_qty=900, **common)
    book.add("electricity", item="电力", purchased_mwh=power_mwh, **common)
    return method_services.account(
        user, organisation, book.content(), "乙钢.xlsx", method_key=KEY, year=2023
    )


def read(user, organisation, days):
    """Hang a register at the entrance that moves by 1 x 400 kWh a quarter hour."""
    one = meter(user, organisation, point="P-9", meter_no="E-09", serial_no="S-9", multiplier=400.0)
    devices.hang(user, one, serial_no="S-9", installed_at=NEW_YEAR, opening=0.0)
    rows = days * 96 + 1
    frame = pl.DataFrame(
        {
            "point": ["P-9"] * rows,
            "time": [NEW_YEAR + timedelta(minutes=15 * step) for step in range(rows)],
            "value": [float(step) for step in range(rows)],
            "quality": [0] * rows,
            "source": ["test"] * rows,
            "received": [datetime(2024, 1, 2, tzinfo=UTC)] * rows,
            "batch": ["b"] * rows,
        },
        schema=READINGS,
    )
    engine.store().append(frame, batch="b")
    publishing.publish_stale()


def test_a_whole_year_is_compared_at_the_factor_of_the_account(firm_b, org_b, client_for):
    account = made(firm_b, org_b, 14_000.0)
    read(firm_b, org_b, 365)
    rows = {
        row["item"]: row for row in pages.rows(account, None, sides.of(account, None), "meters")
    }
    power = rows["electricity"]
    # 35 040 x 400 kWh = 14 016 000 kWh = 14 016 MWh, 16 more than the account has.
    assert power["activity"] == pytest.approx(14_016.0)
    factor = power["base_emission_tco2"] / 14_000
    assert power["activity_tco2"] == pytest.approx(16 * factor)
    assert power["is_valued"]
    assert "12 个月中的 12 个月" in power["explanation"]
    assert f"{plain(14_016_000, 2)} kWh" in power["explanation"]
    # What no point measures is shown and not compared, and left out of the sums.
    coke = rows["coke"]
    assert (coke["is_valued"], coke["difference_tco2"]) == (False, 0.0)
    assert coke["explanation"] == "没有计量点测量此项，不比较"
    url = reverse("reconciliation", args=[org_b.credit_code, 2023])
    client = client_for(firm_b)
    page = client.get(url, {"side": "meters"}).content.decode()
    assert "不含未比较的 1 行" in page
    book = load_workbook(BytesIO(client.get(url, {"export": "xlsx"}).content))
    text = "\n".join(str(cell) for row in book.active.values for cell in row if cell is not None)
    assert f"{plain(14_016_000, 2)} kWh" in text


def test_two_months_are_shown_and_not_compared(firm_b, org_b, client_for):
    account = made(firm_b, org_b, 14_000.0)
    read(firm_b, org_b, 59)  # January and February
    found = sides.of(account, None)
    rows = {row["item"]: row for row in pages.rows(account, None, found, "meters")}
    power = rows["electricity"]
    assert (power["is_valued"], power["difference_tco2"]) == (False, 0.0)
    # 59 x 96 x 400 kWh = 2 265.6 MWh of 16.2 % of the year.
    assert power["activity"] == pytest.approx(2_265.6)
    assert power["known_share"] == pytest.approx(59 / 365)
    assert "12 个月中的 2 个月（全年的 16.2%）" in power["explanation"]
    page = client_for(firm_b).get(
        reverse("reconciliation", args=[org_b.credit_code, 2023]), {"side": "meters"}
    )
    assert "不比较" in page.content.decode()


def test_without_meters_the_page_says_so(firm_b, org_b, client_for, monkeypatch):
    account = made(firm_b, org_b, 14_000.0)
    url = reverse("reconciliation", args=[org_b.credit_code, 2023])
    assert "本年度该企业没有计量点有数据" in client_for(firm_b).get(url).content.decode()

    def fails(*_asked):
        raise ModelError("two units", "单位不一致")

    monkeypatch.setattr(amounts, "of_nodes", fails)
    assert sides.of(account, None).views.keys() == {"market"}
    assert "计量无法汇总：单位不一致" in client_for(firm_b).get(url).content.decode()
