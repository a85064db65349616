"""The meters as a side: what a year of them covers, by hand.

2023 has 365 x 96 = 35 040 quarter hours, January and March 31 x 96 = 2 976, February 28 x 96 =
2 688, April 30 x 96 = 2 880.
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
SLOTS = {1: 2976, 2: 2688, 3: 2976, 4: 2880}
NEW_YEAR = datetime(2023, 1, 1, tzinfo=LOCAL)
NAMES = {"steam_coal": "bituminous", "raw_coal": "bituminous"}


@pytest.fixture(autouse=True)
def _own_home(settings, tmp_path):
    settings.RUNS = tmp_path / "runs"
    settings.METERING = tmp_path / "metering"
    settings.READINGS = str(tmp_path / "metering" / "readings")
    for cached in (engine._store, engine._intake):
        cached.cache_clear()


def months(item, unit, *rows):
    """Return months of a node: (month, amount, estimated, due, missing)."""
    return pl.DataFrame(
        [
            {
                "node": "A",
                "start": datetime(2023, month, 1, tzinfo=LOCAL).astimezone(UTC),
                "item_key": item,
                "amount": amount,
                "unit": unit,
                "estimated": estimated,
                "slots_due": due,
                "slots_missing": gone,
                "completeness": (due - gone) / due,
            }
            for month, amount, estimated, due, gone in rows
        ],
        schema={name: ENERGY[name] for name in (
            "node", "start", "item_key", "amount", "unit", "estimated", "slots_due",
            "slots_missing", "completeness",
        )},
    )  # fmt: skip


def test_months_are_known_from_end_to_end_or_not():
    # January whole; February begins on the 2nd; March lacks 100 quarter hours; April silent.
    energy = months(
        "electricity", "kWh",
        (1, 10_000.0, 500.0, 2976, 0),
        (2, 9_000.0, 0.0, 2592, 0),
        (3, 9_500.0, 0.0, 2976, 100),
        (4, None, None, 2880, 2880),
    )  # fmt: skip
    ((key, one),) = metered.of_energy(energy, 2023, {}).items()
    assert key == ("electricity", "electricity")
    assert (one.months, one.is_whole) == (1, False)
    assert one.share == pytest.approx((2976 + 2592 + 2876) / 35_040)
    assert (one.amount, one.unit) == (28_500.0, "kWh")
    assert (one.converted, one.unit_here) == (pytest.approx(2.85), "1e4 kWh")
    assert one.estimated == pytest.approx(500 / 28_500)


def test_two_coals_are_one_fuel_and_a_month_needs_both():
    energy = pl.concat(
        [
            months("steam_coal", "t", (1, 100.0, 0.0, 2976, 0), (2, 90.0, 0.0, 2688, 0)),
            months("raw_coal", "t", (1, 10.0, 0.0, 2976, 0)),
        ]
    )
    one = metered.of_energy(energy, 2023, NAMES)["direct", "bituminous"]
    assert one.items == ("raw_coal", "steam_coal")
    assert (one.months, one.amount, one.converted) == (1, 200.0, pytest.approx(200.0))
    assert one.share == pytest.approx(2976 / 35_040), "that of the coal known least"


def test_gas_counts_in_its_unit_and_air_emits_nothing():
    energy = pl.concat(
        [
            months("natural_gas", "m3", (1, 25_000.0, 0.0, 2976, 0)),
            months("compressed_air", "m3", (1, 9.0, 0.0, 2976, 0)),
            months("self_gen_power", "kWh", (1, 9.0, 0.0, 2976, 0)),
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
