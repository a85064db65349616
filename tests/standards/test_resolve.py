"""Many keys at once give what one at a time gives."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng import standards
from tanfeng.errors import FactorAmbiguous, FactorNotFound, StandardError

TABLES = [about.name for about in standards.tables()]


def _names(name):
    about = standards.info(name)
    return list(dict.fromkeys((*about.key, *about.detail)))


def _single_keys(name):
    """Return the keys of a table that have exactly one row."""
    about = standards.info(name)
    frame = standards.load(name).with_columns(about.part("id"))
    keys = frame.select(_names(name))
    return keys.filter(keys.is_unique())


@pytest.mark.parametrize("name", TABLES)
def test_every_key_gives_the_row_printed_for_it(name):
    # The rows are read again with the csv module: an answer independent of both look-ups.
    about = standards.info(name)
    roles = dict(about.roles)
    keys = _single_keys(name)
    found = standards.resolve(name, keys)
    assert found.height == keys.height > 0
    path = Path(str(standards.SHIPPED.root)) / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        printed = {row[roles.get("id", "id")]: row for row in csv.DictReader(handle)}
    for key, answer in zip(keys.iter_rows(named=True), found.iter_rows(named=True), strict=True):
        row = printed[answer["ref"].partition("/")[2]]
        assert {k: row[k] for k in key if k in row} == {k: v for k, v in key.items() if k in row}
        assert answer["text"] == row[roles.get("value", "value")]
        assert answer["name_zh"] == row["name_zh"]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_resolve_is_lookup_on_every_key(data):
    name = data.draw(st.sampled_from(TABLES))
    keys = _single_keys(name)
    chosen = data.draw(
        st.lists(st.integers(0, keys.height - 1), min_size=1, max_size=4), label="rows"
    )
    asked = keys[chosen]
    found = standards.resolve(name, asked)
    assert found.height == len(chosen)
    for key, answer in zip(asked.iter_rows(named=True), found.iter_rows(named=True), strict=True):
        one = standards.lookup(name, **key).as_row()
        assert {column: answer[column] for column in one} == one


def test_numbers_and_empty_cells_in_the_key_frame():
    keys = pl.DataFrame(
        {
            "kind": ["provincial_average", "heat", "provincial_average"],
            "data_year": [2022, None, 2022],
            "region": ["CN-FJ", "CN", "CN-FJ"],
        }
    )
    found = standards.resolve("electricity_heat_factors", keys, on=date(2025, 1, 1))
    assert found["value"].to_list() == [0.4092, 0.11, 0.4092]
    assert found["region"].to_list() == keys["region"].to_list()
    assert found["data_year"].to_list() == [2022, None, 2022]
    assert found.columns == ["kind", "data_year", *standards.FACTOR_COLUMNS]
    assert found["choice_zh"][0].endswith("region=CN-FJ 查得唯一一行，2025-01-01 有效")
    for key, answer in zip(keys.iter_rows(named=True), found.iter_rows(named=True), strict=True):
        one = standards.lookup("electricity_heat_factors", on=date(2025, 1, 1), **key)
        assert answer["ref"] == one.ref


def test_by_id():
    keys = pl.DataFrame({"id": ["gwp_ar5_ch4", "gwp_ar2_ch4"]})
    found = standards.resolve("process_factors", keys)
    assert found["ref"].to_list() == ["process_factors/gwp_ar5_ch4", "process_factors/gwp_ar2_ch4"]
    items = standards.resolve("energy_items", pl.DataFrame({"id": ["coke"]}))
    assert items["value"].to_list() == [0.9714]


def test_no_keys_no_rows():
    keys = pl.DataFrame(schema={"item_key": pl.String})
    found = standards.resolve("energy_items", keys)
    assert found.height == 0
    assert found.columns == ["item_key", *standards.FACTOR_COLUMNS]


def test_everything_missing_is_told_at_once():
    keys = pl.DataFrame(
        {
            "guideline": ["NDRC-GENERAL-2015", "NDRC-GENERAL-2015", "GBT-2589-2020", "NDRC-X"] * 2,
            "fuel_key": ["coke", "raw_coal", "natural_gas", "coke"] * 2,
            "parameter": ["ncv", "ncv", "sce", "ncv"] * 2,
        }
    )
    with pytest.raises(standards.UnresolvedKeys) as caught:
        standards.resolve("fuels", keys)
    errors = caught.value.errors
    assert [type(error) for error in errors] == [FactorNotFound, FactorAmbiguous, FactorNotFound]
    assert [error.key["fuel_key"] for error in errors] == ["raw_coal", "natural_gas", "coke"]
    assert str(caught.value).startswith("3 keys of table fuels give no single row:\n- table fuels")
    assert isinstance(caught.value, FactorNotFound)
    assert caught.value.key == errors[0].key
    assert "fuel_ndrc_general_2015_coke_ncv (guideline=NDRC-GENERAL-2015" in str(errors[2])


def test_out_of_force_is_missing():
    keys = pl.DataFrame(
        {"guideline": ["GBT-2589-2020"], "fuel_key": ["steam_lp"], "parameter": ["sce"]}
    )
    assert standards.resolve("fuels", keys, on=date(2020, 1, 1))["value"].to_list() == [0.1286]
    with pytest.raises(standards.UnresolvedKeys, match="on=2022-01-01"):
        standards.resolve("fuels", keys, on=date(2022, 1, 1))


def test_the_key_frame_must_have_every_key_column():
    with pytest.raises(StandardError, match="not named: guideline, parameter"):
        standards.resolve("fuels", pl.DataFrame({"fuel_key": ["coke"]}))
