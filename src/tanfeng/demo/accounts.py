"""Demonstration accounts: one of every role, with passwords of this home alone."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tanfeng.console.core import services
from tanfeng.console.core.models import Role, User
from tanfeng.demo._tables import table
from tanfeng.demo.city import City

#: Passwords in plain text, readable by the owner of the home alone.
FILE_NAME = "demo-accounts.json"
#: Counties with an officer, and sectors with an enterprise account, where the city has them.
_COUNTIES = ("350112", "350181")
_FIRMS = (("steel", "steel"), ("textile", "textile"), ("electronics", "electronics"))
_PARK = "jiangyin-chemical"


@dataclass(frozen=True, slots=True)
class Account:
    """An account and what it stands for."""

    username: str
    password: str
    role: str
    display_name: str
    scope: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays which part: scopes of the accounts.

    Parameters
    ----------
    counties : tuple of str
        Codes of two counties.
    park : str
        Code of a park.
    firms : tuple of str
        Credit codes of three enterprises that report to the end of the story.
    """

    counties: tuple[str, ...]
    park: str
    firms: tuple[str, ...]


def cast(city: City) -> Cast:
    """Choose counties, park and enterprises; small cities take the nearest they have."""
    alive = city.firms.filter(pl.col("last_month") == city.months - 1)
    by_size = alive.with_columns(value=pl.col("output") * pl.col("price_kcny")).sort(
        "value", descending=True
    )
    steady = by_size.filter(
        (pl.col("first_month") == 0)
        & ~pl.col("credit_code").is_in(pl.Series(_faulty(city)).implode())
    )
    firms: list[str] = []
    for sector, _name in _FIRMS:
        of_sector = pl.col("sector") == sector
        pools = (steady.filter(of_sector), by_size.filter(of_sector), by_size)
        codes = pl.concat(pools)["credit_code"]
        firms.append(next(code for code in codes if code not in firms))
    common = alive["place_code"].value_counts(sort=True)["place_code"].to_list()
    counties = [code for code in _COUNTIES if code in common]
    counties += [code for code in common if code not in counties]
    parks = alive["park_code"].drop_nulls().value_counts(sort=True)["park_code"].to_list()
    park = _PARK if _PARK in parks or not parks else parks[0]
    return Cast(tuple(counties[:2]), park, tuple(firms))


def _faulty(city: City) -> list[str]:
    return sorted({str(fault["org_code"]) for fault in city.planted.faults})


def create(city: City, parts: Cast) -> tuple[list[Account], dict[str, User]]:
    """Create the accounts and return them with their passwords, and the users by name."""
    places = dict(table("areas").select("code", "name_zh").iter_rows())
    english = dict(table("areas").select("code", "name_en").iter_rows())
    parks = dict(table("parks").select("code", "name_zh").iter_rows())
    names = dict(city.firms.select("credit_code", "name").iter_rows())
    wanted: list[tuple[str, Role, str, str, dict[str, Any]]] = [
        ("city", Role.CITY, "演示 · 市工信局 节能科", "全市", {}),
        *(
            (
                english[code].lower().replace(" ", "-").replace("'", ""),
                Role.COUNTY,
                f"演示 · {places[code]}工信局",
                places[code],
                {"place_code": code},
            )
            for code in parts.counties
        ),
        (
            "park",
            Role.PARK,
            f"演示 · {parks[parts.park]}管委会",
            parks[parts.park],
            {"park_code": parts.park},
        ),
        *(
            (
                f"firm-{name}",
                Role.ENTERPRISE,
                f"{names[code]} · 能源管理岗",
                names[code],
                {"org_code": code},
            )
            for (_sector, name), code in zip(_FIRMS, parts.firms, strict=True)
        ),
        ("verifier", Role.VERIFIER, "演示 · 第三方核查机构", "指派的企业", {}),
        ("admin", Role.ADMIN, "演示 · 平台管理员", "账户、任务、审计", {}),
    ]
    accounts, users = [], {}
    for username, role, display_name, scope, codes in wanted:
        user, password = services.create_account(
            username=username, by=None, role=role, display_name=display_name, **codes
        )
        # Whoever looks at the demonstration keeps the password that was printed.
        user.must_change_password = False
        user.save(update_fields=("must_change_password",))
        accounts.append(Account(username, password, str(role), display_name, scope))
        users[username] = user
    return accounts, users


def save(home: Path, accounts: Sequence[Account]) -> Path:
    """Write the accounts where ``tanfeng serve`` finds them, readable by the owner only."""
    path = home / FILE_NAME
    text = json.dumps([asdict(account) for account in accounts], ensure_ascii=False, indent=1)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    return path
