"""Counties, parks, lists, known plants and assignments of the demonstration city."""

from __future__ import annotations

from datetime import date

import polars as pl
from django.db import transaction

from tanfeng.console.archive.models import (
    Assignment,
    Membership,
    OfficialList,
    Organisation,
    Park,
    Place,
    Plant,
)
from tanfeng.console.core.models import User
from tanfeng.demo._tables import table
from tanfeng.demo.city import City

_PLAN = "《福州市工业领域碳达峰实施方案》"
_LISTS = (
    ("demo-key-users", "重点用能单位名单（演示）", "Key energy users (demonstration)"),
    ("demo-green-factories", "绿色工厂名单（演示）", "Green factories (demonstration)"),
)
#: Enterprises a verifier is assigned to.
_ASSIGNED = 12


@transaction.atomic
def places_and_parks() -> None:
    """Write the thirteen areas with their tiles, and the parks the plan names."""
    Place.objects.bulk_create(
        Place(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            official_code=row["official_code"] == "yes",
            order=order,
            tile_x=row["tile_x"],
            tile_y=row["tile_y"],
            tile_width=row["tile_width"],
        )
        for order, row in enumerate(table("areas").iter_rows(named=True), start=1)
    )
    Park.objects.bulk_create(
        Park(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            place_id=row["place_code"],
            source=f"{_PLAN} {row['clause']}",
        )
        for row in table("parks").iter_rows(named=True)
    )


@transaction.atomic
def plants() -> int:
    """Write the known plants with the tracker each comes from."""
    rows = table("plants_fuzhou").rows(named=True)
    Plant.objects.bulk_create(
        Plant(
            name=row["name"],
            name_zh=row["name_zh"] or "",
            kind=row["kind"],
            capacity=row["capacity"],
            capacity_unit=row["capacity_unit"],
            status=row["status"],
            start_year=row["start_year"] or "",
            place_id=row["place_code"],
            longitude_deg=row["longitude_deg"],
            latitude_deg=row["latitude_deg"],
            source=f"{row['source']} ({row['tracker_id']}), CC BY 4.0",
        )
        for row in rows
    )
    return len(rows)


@transaction.atomic
def lists(city: City) -> int:
    """Put enterprises on the demonstration lists, and mark the closed ones."""
    known = {
        key: OfficialList.objects.create(
            key=key, name_zh=name_zh, name_en=name_en, level="市级", source="演示数据"
        )
        for key, name_zh, name_en in _LISTS
    }
    ids = dict(Organisation.objects.values_list("credit_code", "pk"))
    rows = city.memberships.rows(named=True)
    Membership.objects.bulk_create(
        Membership(
            official_list=known[row["list_key"]],
            organisation_id=ids[row["credit_code"]],
            valid_from=date(row["first_year"], 1, 1),
        )
        for row in rows
    )
    closed = city.firms.filter(pl.col("last_month") < city.months - 1)["credit_code"].to_list()
    Organisation.objects.filter(credit_code__in=closed).update(active=False)
    return len(rows)


@transaction.atomic
def assign(city: City, verifier: User) -> int:
    """Assign the largest emitters outside of power to the verifier, for as long as it lasts."""
    chosen = (
        city.archive.join(
            city.firms.select("credit_code", "sector"), on="credit_code", maintain_order="left"
        )
        .filter(
            pl.col("sector").is_in(["steel", "building", "petrochemical"])
            & (pl.col("key_user_level") == "1万吨标准煤及以上")
        )["credit_code"]
        .head(_ASSIGNED)
        .to_list()
    )
    found = Organisation.objects.filter(credit_code__in=chosen)
    Assignment.objects.bulk_create(
        Assignment(
            verifier=verifier, organisation=organisation, valid_from=date(city.years[-1], 1, 1)
        )
        for organisation in found
    )
    return len(chosen)
