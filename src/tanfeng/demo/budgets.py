"""Invented quotas of the last year, set by the city: believable, and marked as demonstration.

Each stands near what was used the year before, as quotas do, some a little tighter and some a
little looser; a third has its months typed by the season of the year before. Nobody handed any of
them down: their document says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core.models import User
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.actual import actual
from tanfeng.console.registers.budget.models import Quota
from tanfeng.console.registers.budget.services import Wanted
from tanfeng.periods import LOCAL

#: Figures of every quota, and the one the enterprises with an account have beside them.
_FIGURES = ("energy_equivalent_net_both_tce", "emission_total_tco2")
_CALORIFIC = "energy_calorific_net_both_tce"
#: Quota over what was used the year before, lowest and highest. [1]
_LOW, _HIGH = 0.95, 1.05
#: What a county and the city hold back, over the sum below. [1]
_RESERVE = 1.01
_DOCUMENT = "演示数据 · 虚构指标"
_STREAM = 7
_KEY_USERS = "1万吨标准煤及以上"


def write(user: User, seed: int, year: int, firms: Sequence[str]) -> int:
    """Set the quotas of a year; return how many.

    Parameters
    ----------
    user : User
        Officer of the city.
    seed : int
        Seed of the city.
    year : int
        Year of the quotas; the published run holds it and the year before.
    firms : sequence of str
        Credit codes of the enterprises with accounts of their own.
    """
    chosen = Organisation.objects.filter(active=True, key_user_level=_KEY_USERS)
    chosen |= Organisation.objects.filter(credit_code__in=firms)
    organisations = list(chosen.distinct().order_by("credit_code"))
    chance = np.random.default_rng([seed, _STREAM])
    wanted: list[Wanted] = []
    for measure in (*_FIGURES, _CALORIFIC):
        things = [one for one in organisations if measure in _FIGURES or one.credit_code in firms]
        wanted += _of_enterprises(things, year, measure, chance)
    for measure in _FIGURES:
        wanted += _of_counties(year, measure)
    services.set_quotas(user, wanted, at=datetime(year, 1, 20, 10, tzinfo=LOCAL))
    Quota.objects.filter(document=_DOCUMENT).update(is_demo=True)
    return len(wanted)


def _used(
    things: Sequence[Organisation] | Sequence[Place], year: int, measure: str
) -> pl.DataFrame:
    """Return the months of the year before of some objects that reported all of them."""
    run = services.published()
    if run is None:
        return pl.DataFrame(schema={"object": pl.String, "month": pl.Int8, "value": pl.Float64})
    asked = [Wanted(one, year, measure, 0.0) for one in things]
    quotas = [Quota(level=one.level, object_key=one.object_key, measure=measure) for one in asked]
    whole = (pl.len() == 12) & (pl.col("value").null_count() == 0)
    return (
        actual(run, year, quotas)
        .filter(pl.col("year") == year - 1)
        .filter(whole.over("object"))
        .sort("object", "month")
    )


def _of_enterprises(
    things: Sequence[Organisation], year: int, measure: str, chance: np.random.Generator
) -> list[Wanted]:
    by_code: Mapping[str, Organisation] = {one.credit_code: one for one in things}
    wanted = []
    used = _used(things, year, measure)
    for (code,), months in used.group_by("object", maintain_order=True):
        values = months["value"].to_numpy()
        total = float(values.sum())
        rate, typed = chance.uniform(_LOW, _HIGH), chance.random() < 1 / 3
        if total <= 0 or (values <= 0).any():
            continue
        amount = _round(total * rate)
        wanted.append(
            Wanted(
                by_code[str(code)],
                year,
                measure,
                amount,
                _months(values, amount) if typed else None,
                _DOCUMENT,
            )
        )
    return wanted


def _of_counties(year: int, measure: str) -> list[Wanted]:
    """Return the quotas of counties from what all their enterprises used, and of the city."""
    by_code = {one.code: one for one in Place.objects.order_by("order")}
    used = _used(list(by_code.values()), year, measure).group_by("object", maintain_order=True)
    totals = used.agg(pl.col("value").sum()).filter(pl.col("value") > 0)
    counties = [
        Wanted(by_code[code], year, measure, _round(total * _RESERVE), None, _DOCUMENT)
        for code, total in totals.iter_rows()
    ]
    whole = _round(sum(one.amount for one in counties) * _RESERVE)
    return [*counties, Wanted(None, year, measure, whole, None, _DOCUMENT)] if counties else []


def _months(values: np.ndarray, amount: float) -> tuple[float, ...]:
    """Return twelve amounts by the season of the year before, which add up to the year."""
    months = [round(float(one) * amount / float(values.sum()), 1) for one in values]
    months[-1] = round(amount - sum(months[:-1]), 1)
    return tuple(months)


def _round(amount: float) -> float:
    """Return three digits, as quotas are written."""
    return float(f"{amount:.3g}")
