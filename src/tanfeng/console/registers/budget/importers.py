"""The form of quotas on its way into the register: every fault of a file told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import polars as pl

from tanfeng.accounting import budget
from tanfeng.console.accounting import measures
from tanfeng.console.accounting.models import Total
from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import imports, rights
from tanfeng.console.core.models import Batch, User
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.models import Quota
from tanfeng.console.registers.budget.services import Wanted

_TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "D051": (
        "{value}不在您可下达指标的企业范围内（未建档，或不属于您）",
        "{value} is not among the enterprises you may set quotas for (unknown, or not yours)",
        "请核对信用代码；企业本身不能下达指标",
        "Check the credit code; an enterprise sets no quota",
    ),
    "D052": (
        "指标口径“{value}”不明确：须写明当量或等价（或排放范围）",
        "Figure “{value}” is not clear: say calorific or equivalent (or which emission)",
        "请填写：{names_zh}",
        "Write one of: {names_en}",
    ),
    "D053": (
        "月度预算须十二个月都填，或都不填",
        "Type all twelve months of a budget or none",
        "请补齐或清空月度预算",
        "Fill the months in or empty them",
    ),
    "D054": (
        "十二个月预算之和 {sum} 与全年指标 {value} 不等",
        "The twelve months make {sum}, the year {value}",
        "请改正月度预算或全年指标",
        "Mend the months or the year",
    ),
    "D055": (
        "文件中同一企业、年度、口径出现两次（另见第 {other} 行）",
        "The same enterprise, year and figure stands twice in the file (row {other}, too)",
        "请只保留一行",
        "Keep one row",
    ),
    "D056": (
        "全年指标 {value} 与上年实际 {other}（{unit}）相差过大，疑为单位错误（如吨与万吨）",
        "The quota {value} is far from last year's {other} {unit}; is the unit another one?",
        "请核对单位",
        "Check the unit",
    ),
    "D057": (
        "全年指标 {value} 接近上年“{name_zh}”{other}，而本口径上年为 {own}，疑似口径填错",
        "The quota {value} is near last year's {other} of {name_en}, this figure was {own}",
        "请核对当量、等价口径",
        "Check whether calorific or equivalent is meant",
    ),
    "D058": (
        "将调整已下达的指标：{other} 改为 {value}",
        "Will change the quota: {other} becomes {value}",
        "",
        "",
    ),
}
#: Quota over last year's figure beyond which a slip of the unit is suspected. [1]
_FAR = 5.0
#: How near the other way of counting must be, and how far the own, to suspect a mix-up. [1]
_NEAR, _OFF = 0.03, 0.10
_ROUNDING = 1e-6


def measure_of(text: str) -> str:
    """Return the key of a figure by key or name in either language, empty when there is none."""
    return _names().get(_plain(text), "")


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text).replace("(", "（").replace(")", "）").lower()


def _names() -> dict[str, str]:
    return {
        _plain(name): key
        for key, one in budget.MEASURES.items()
        for name in (key, one.name_zh, one.name_en)
    }


class QuotaImporter(imports.RowImporter[Wanted]):
    """Takes quotas of enterprises; what stands already is closed, and the new row added."""

    form_key = "energy_budget"
    rank = 50
    texts = _TEXTS

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return archive.common_place(codes)

    def examined(self, frame: pl.DataFrame, user: User) -> Iterator[imports.Examined[Wanted]]:
        """Yield rows, held against enterprises, figures, last year and what stands."""
        codes = [code for code in frame["credit_code"].drop_nulls().unique() if code]
        mine: dict[str, Organisation] = {}
        if rights.can(user, "set", Quota):
            seen = rights.visible(user, Organisation).filter(credit_code__in=codes)
            mine = {one.credit_code: one for one in seen}
        rows = [(row, *_wanted(row, mine)) for row in frame.iter_rows(named=True)]
        whole = [wanted for _row, wanted, _found in rows if wanted is not None]
        before = services.standing_of(whole)
        used = _last_years(whole)
        first: dict[tuple[str, int, str], int] = {}
        for row, wanted, found in rows:
            if wanted is None:
                yield imports.Examined(row, found=found)
                continue
            key = (wanted.object_key, wanted.year, wanted.measure)
            other = first.setdefault(key, row["source_row"])
            if other != row["source_row"]:
                twice: list[imports.Found] = [("D055", "error", "measure", {"other": other})]
                yield imports.Examined(row, found=twice)
                continue
            kind = services.change_of(wanted, before.get(key))
            told = list(_doubts(wanted, used))
            if kind == "replaced":
                told.append(("D058", "info", "amount", {"other": _number(before[key].amount)}))
            yield imports.Examined(row, wanted, kind, told)

    def write(
        self,
        rows: Sequence[imports.Examined[Wanted]],
        batch: Batch,
        user: User,
        at: datetime,
    ) -> Mapping[str, int]:
        """Write the quotas, and how they stand."""
        wanted = [one.wanted for one in rows if one.wanted is not None]
        services.check(wanted)
        done = services.write(user, wanted, at=at, batch=batch)
        services.compute(done.fresh)
        return done.counts

    def undo(self, batch: Batch, _user: User, at: datetime) -> dict[str, int]:
        """Close what the batch set and bring back what it had closed."""
        own = list(Quota._default_manager.filter(batch=batch))
        standing = [one for one in own if one.known_to is None]
        keys = {(one.object_key, one.year, one.measure) for one in standing}
        for one in standing:
            one.known_to, one.closed_by = at, batch
            one.save(update_fields=["known_to", "closed_by"])
            one.standings.all().delete()
        restored = []
        for before in Quota._default_manager.filter(closed_by=batch).exclude(batch=batch):
            if (before.object_key, before.year, before.measure) in keys:
                before.known_to = before.closed_by = None
                before.save(update_fields=["known_to", "closed_by"])
                restored.append(before)
        services.compute(restored)
        return {
            "closed": len(standing),
            "restored": len(restored),
            "superseded": len(own) - len(standing),
        }


def _wanted(
    row: imports.Row, mine: Mapping[str, Organisation]
) -> tuple[Wanted | None, list[imports.Found]]:
    """Return the quota a row asks for, None with what is wrong where it asks for none."""
    found: list[imports.Found] = []
    organisation = mine.get(row["credit_code"] or "")
    if organisation is None:
        found.append(("D051", "error", "credit_code", {}))
    measure = measure_of(str(row["measure"] or ""))
    if not measure:
        names = {
            "names_zh": "；".join(one.name_zh for one in budget.MEASURES.values()),
            "names_en": "; ".join(one.name_en for one in budget.MEASURES.values()),
        }
        found.append(("D052", "error", "measure", names))
    amounts = [row[f"month_{month:02d}"] for month in range(1, 13)]
    given = [one for one in amounts if one is not None]
    total = sum(given)
    amount = row["amount"]
    if given and len(given) < len(amounts):
        found.append(("D053", "error", "month_01", {}))
    elif given and abs(total - amount) > abs(amount) * _ROUNDING + _ROUNDING:
        found.append(("D054", "error", "amount", {"sum": _number(total)}))
    if found or organisation is None:
        return None, found
    return (
        Wanted(
            organisation,
            row["budget_year"],
            measure,
            amount,
            tuple(given) or None,
            (row["document"] or "")[:120],
            (row["remark"] or "")[:200],
            row["source_row"],
        ),
        [],
    )


def _last_years(wanted: list[Wanted]) -> dict[tuple[str, int], Mapping[str, float | None]]:
    """Return the totals of the year before each quota, by enterprise and that year."""
    run = services.published()
    if run is None or not wanted:
        return {}
    rows = Total.objects.filter(
        run=run,
        month=0,
        year__in={one.year - 1 for one in wanted},
        organisation__credit_code__in={one.object_key for one in wanted},
    ).values("organisation__credit_code", "year", *measures.QUANTITIES)
    return {(row["organisation__credit_code"], row["year"]): row for row in rows}


def _doubts(
    wanted: Wanted, used: Mapping[tuple[str, int], Mapping[str, float | None]]
) -> Iterator[imports.Found]:
    """Yield a warning where a quota looks like another unit, or like the other way of counting."""
    row = used.get((wanted.object_key, wanted.year - 1))
    own = measures.of(row, wanted.measure) if row is not None else None
    if row is None or not own or own <= 0 or not wanted.amount:
        return
    unit = budget.MEASURES[wanted.measure].unit
    ratio = wanted.amount / own
    if not 1 / _FAR <= ratio <= _FAR:
        yield "D056", "warning", "amount", {"other": _number(own), "unit": unit}
        return
    twin = _twin(wanted.measure)
    other = measures.of(row, twin) if twin else None
    if other and abs(wanted.amount / other - 1) <= _NEAR and abs(ratio - 1) > _OFF:
        name = budget.MEASURES[twin]
        yield (
            "D057",
            "warning",
            "amount",
            {
                "other": _number(other),
                "own": _number(own),
                "name_zh": name.name_zh,
                "name_en": name.name_en,
            },
        )


def _twin(measure: str) -> str:
    """Return the same energy counted the other way, empty for an emission."""
    if "_calorific" in measure:
        return measure.replace("_calorific", "_equivalent")
    return measure.replace("_equivalent", "_calorific") if "_equivalent" in measure else ""


def _number(value: float) -> str:
    return f"{value:.10g}"


imports.register(QuotaImporter())
