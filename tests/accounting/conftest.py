"""Activity rows and factor sets for the tests of the accounting room."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from activity_rows import AS_OF, Rows, rows_of
from tanfeng import accounting
from tanfeng.accounting import Account, FactorSet


@pytest.fixture(scope="session")
def make_activity() -> Callable[[Rows], pl.DataFrame]:
    """Return the builder of activity tables."""
    return rows_of


@pytest.fixture(scope="session")
def factors() -> FactorSet:
    """Return the factors of 2022 to 2024 for Fujian."""
    return accounting.factor_set([2022, 2023, 2024], as_of=AS_OF)


@pytest.fixture(scope="session")
def national() -> FactorSet:
    """Return the factors of 2023 with the national average of electricity."""
    return accounting.factor_set([2023], region="CN", as_of=AS_OF)


@pytest.fixture(scope="session")
def run(factors: FactorSet) -> Callable[[Rows], Account]:
    """Return a function that accounts rows with the factors of Fujian."""
    return lambda rows: accounting.account(rows_of(rows), factors=factors)


def values(account: Account, quantity: str) -> list[float]:
    """Return the values of a quantity in line order."""
    return account.lines.filter(pl.col("quantity") == quantity)["value"].to_list()


@pytest.fixture(scope="session")
def of() -> Callable[[Account, str], list[float]]:
    """Return the reader of a quantity's values."""
    return values
