"""Closing a month and opening it again: rights, checks, the form, the record, the log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanfeng import sheets, standards
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.archive.models import Organisation
from tanfeng.console.closing import figures
from tanfeng.console.closing.figures import Change, Line, Month, Typed
from tanfeng.console.closing.models import CloseLine, MonthClose
from tanfeng.console.core import audit, imports, rights
from tanfeng.console.core.models import Batch, User
from tanfeng.console.metering import amounts, engine
from tanfeng.errors import DataError, Problem

FORM = "monthly_energy"
#: What the form calls the data quality of a row.
_SOURCES: Mapping[str, str] = {"measured": "计量", "estimated": "估算"}
#: Fields of the form that stay as they were reported.
_KEPT = (
    "opening_stock_qty", "purchase_qty", "purchase_amount_kcny", "own_production_qty",
    "feedstock_qty", "transfer_out_qty", "stock_adjustment_qty", "closing_stock_qty",
    "coef_used_tce", "green_power_1e4kwh",
)  # fmt: skip
#: Figures differ when they differ by more than this share of the larger.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Moved:
    """What the meters say of a closed item now, against what they said then.

    Parameters
    ----------
    item_key, unit : str
        Item and unit of its meters.
    then, now : float or None
        Metered amounts; None where the meters knew nothing, or know nothing any more.
    """

    item_key: str
    unit: str
    then: float | None
    now: float | None

    @property
    def difference(self) -> float | None:
        """Now less then; None where one of them is not known."""
        return None if self.now is None or self.then is None else self.now - self.then


def may_close(user: User, organisation: Organisation) -> bool:
    """Tell whether the user may close a month of an enterprise in its scope."""
    return rights.can(user, "close", MonthClose) and rights.can(user, "upload", organisation)


def standing(organisation: Organisation, month: Month) -> MonthClose | None:
    """Return the close of a month that stands."""
    return (
        MonthClose.objects.filter(
            organisation=organisation, year=month.year, month=month.month, reopened_at=None
        )
        .select_related("batch", "closed_by")
        .first()
    )


def digest(lines: Sequence[Line]) -> str:
    """Return a word for the figures of a month: another word, other figures."""
    told = [
        (one.item_key, one.metered, one.is_whole, one.reported.pk if one.reported else None)
        for one in lines
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def examine(
    lines: Sequence[Line], typed: Mapping[str, Typed], month: Month, now: datetime
) -> tuple[list[Change], list[Problem]]:
    """Return what a close would write, and why it cannot be closed so.

    Parameters
    ----------
    lines : sequence of Line
        The items of the month.
    typed : mapping of str to Typed
        Items chosen -> what was typed of them.
    month : Month
        The month.
    now : datetime
        The moment; a month that runs cannot be closed.
    """
    problems: list[Problem] = []
    if now < month.end:
        problems.append(
            _problem("本月尚未结束，不能关账", "The month still runs and cannot be closed")
        )
    by_item = {one.item_key: one for one in lines}
    changes, changed = [], figures.changed(month)
    for item, words in typed.items():
        line = by_item.get(item)
        if line is None or not line.points:
            problems.append(
                _problem(f"{item} 没有计量点", f"{item} is measured by no point", f"added-{item}")
            )
            continue
        found = list(_wrong(line, words))
        problems += found
        if not found:
            changes.append(figures.change(line, words, month, changed))
    problems += [one for change in changes for one in _unsaid(change, month)]
    if not typed:
        problems.append(_problem("请选择要关账的品种", "Choose the items to close"))
    return changes, problems


def _wrong(line: Line, typed: Typed) -> list[Problem]:
    """Return what keeps an item from being closed."""
    zh, en = line.names
    field, why = f"added-{line.item_key}", f"why-{line.item_key}"
    found = []
    if line.metered is not None and line.converted is None:
        found.append(
            _problem(
                f"{zh}：计量单位 {line.meter_unit} 不能换算为 {line.unit}",
                f"{en}: {line.meter_unit} cannot be turned into {line.unit}",
                field,
            )
        )
    if not line.is_whole and typed.added is None:
        missing = 100 * (1 - line.completeness)
        found.append(
            _problem(
                f"{zh}：本月有 {missing:.2f}% 的时段没有数据，请填写缺失部分的数量（可为 0）和依据",
                f"{en}: {missing:.2f} % of the month is missing; type its amount (0 will do) "
                "and the grounds",
                field,
            )
        )
    if line.is_whole and typed.added is not None:
        found.append(
            _problem(
                f"{zh}：本月数据齐全，不能另加数量",
                f"{en}: the month is wholly known; nothing can be added",
                field,
            )
        )
    if typed.added is not None and not typed.why.strip():
        found.append(_problem(f"{zh}：请填写缺失部分的依据", f"{en}: give the grounds", why))
    if (line.converted or 0.0) + (typed.added or 0.0) < 0:
        found.append(
            _problem(f"{zh}：消费量不能小于零", f"{en}: consumption cannot be below zero", field)
        )
    return found


def _unsaid(change: Change, month: Month) -> list[Problem]:
    """Return the remark that is missing on a deviation above the limit."""
    if not change.is_over or change.typed.remark.strip():
        return []
    zh, en = change.line.names
    limit = 100 * figures.rule(month).value
    if change.deviation is None:  # nothing was reported used, and something was metered
        off_zh, off_en = "上报为零而计量不为零", "zero was reported and something was metered"
    else:
        share = 100 * change.deviation
        off_zh = f"与上报偏差 {share:+.2f}%，超过 {limit:g}%"
        off_en = f"{share:+.2f} % off the report, above {limit:g} %"
    return [
        _problem(
            f"{zh}：{off_zh}，请填写说明",
            f"{en}: {off_en}; give a remark",
            f"remark-{change.line.item_key}",
        )
    ]


def _problem(zh: str, en: str, field: str = "") -> Problem:
    return Problem("G001", "error", zh, en, heading=field)


def close(
    user: User,
    organisation: Organisation,
    month: Month,
    typed: Mapping[str, Typed],
    *,
    seen: str = "",
    at: datetime | None = None,
    is_demo: bool = False,
    request: HttpRequest | None = None,
) -> MonthClose:
    """Write the metered amounts of a month into the energy form and keep what they came from.

    Parameters
    ----------
    user : User
        The enterprise, or the city on its behalf.
    organisation : Organisation
        The enterprise.
    month : Month
        A month that is over.
    typed : mapping of str to Typed
        Items to close -> what was typed of them.
    seen : str
        :func:`digest` of the figures the person saw; empty asks nothing.
    at : datetime, optional
        When it is closed; now when not given.
    is_demo : bool
        Whether the rows are demonstration data.
    request : HttpRequest, optional
        For the log.

    Raises
    ------
    DataError
        With everything that keeps the month from being closed.
    """
    rights.require(user, "close", MonthClose)
    rights.require(user, "upload", organisation)
    now = at or timezone.now()
    lines = figures.lines(organisation, month)
    as_of = engine.settled().as_of()
    changes, problems = examine(lines, typed, month, now)
    if seen and seen != digest(lines):
        problems.append(
            _problem(
                "数据在您查看之后有变动，请重新核对后再关账",
                "The figures moved since you looked; look at them again before closing",
            )
        )
    if standing(organisation, month) is not None:
        problems.append(_CLOSED)
    if problems:
        raise DataError(problems)
    try:
        with transaction.atomic():
            batch = _written(user, organisation, month, changes, at=at, is_demo=is_demo)
            made = _kept(user, organisation, month, changes, batch, now, as_of)
            items = {one.line.item_key: f"{one.closed:.12g}" for one in changes}
            audit.record(
                "month.close", user=user, request=request, thing=made, org=organisation.credit_code,
                month=str(month), items=items,
                over=[one.line.item_key for one in changes if one.is_over], batch=str(batch.pk),
            )  # fmt: skip
    except IntegrityError:  # somebody closed it at the same moment
        raise DataError([_CLOSED]) from None
    return made


_CLOSED = _problem("本月已关账；如需修改请先重新打开", "The month is closed; open it again first")


def _written(
    user: User,
    organisation: Organisation,
    month: Month,
    changes: Sequence[Change],
    *,
    at: datetime | None,
    is_demo: bool,
) -> Batch:
    """Hand the rows in as the form they are, through the checks of every upload."""
    form = sheets.form(FORM)
    rows = [_row(organisation, month, one) for one in changes]
    frame = pl.DataFrame(
        [{name: row.get(name) for name in form.fields} for row in rows],
        schema={name: form.schema()[name] for name in form.fields},
    )
    batch = imports.upload(
        user,
        sheets.write(form, frame, demo=is_demo),
        f"{organisation.name} {month} 计量关账.xlsx",
        form_key=FORM,
        is_demo=is_demo,
        in_background=False,
    )
    if batch.errors or batch.status != Batch.Status.PREVIEW:
        raise DataError(
            [Problem(**one) for one in batch.problems if one["severity"] == "error"]
            or [_problem("关账表未通过校验", "The form of the close did not pass its checks")]
        )
    return imports.confirm(user, batch, at=at)


def _row(organisation: Organisation, month: Month, change: Change) -> dict[str, Any]:
    """Return a row of the form: what was reported, with the closed amount in its place."""
    line = change.line
    items = standards.load("energy_items").filter(pl.col("item_key") == line.item_key)
    item = items.row(0, named=True)
    before = line.reported
    row: dict[str, Any] = {name: getattr(before, name) for name in _KEPT} if before else {}
    row |= {
        "credit_code": organisation.credit_code,
        "org_name": organisation.name,
        "period": str(month),
        "energy_code": item["code"],
        "energy_name": item["name_zh"],
        "unit_zh": item["unit_zh"],
        "consumption_total_qty": change.closed,
        "data_source": _SOURCES[change.tier],
        "remark": _remark(change),
    }
    if change.purchase is not None:
        row["purchase_qty"] = change.purchase
    return row


def _remark(change: Change) -> str:
    """Return what the record says of itself."""
    parts = ["计量关账", change.typed.remark.strip()]
    if change.typed.added is not None:
        parts.append(f"缺失部分人工补 {change.typed.added:g}：{change.typed.why.strip()}")
    return "；".join(one for one in parts if one)[:200]


def _kept(
    user: User,
    organisation: Organisation,
    month: Month,
    changes: Sequence[Change],
    batch: Batch,
    now: datetime,
    as_of: datetime | None,
) -> MonthClose:
    sizes = [abs(one.deviation) for one in changes if one.deviation is not None]
    made = MonthClose.objects.create(
        organisation=organisation,
        year=month.year,
        month=month.month,
        batch=batch,
        closed_by=user,
        closed_at=now,
        figures_as_of=as_of,
        line_count=len(changes),
        worst_deviation=max(sizes, default=None),
        limit=figures.rule(month).value,
        lines_over=sum(one.is_over for one in changes),
    )
    CloseLine.objects.bulk_create(_kept_line(made, one) for one in changes)
    return made


def _kept_line(close: MonthClose, change: Change) -> CloseLine:
    line = change.line
    return CloseLine(
        close=close,
        item_key=line.item_key,
        metered=line.metered,
        meter_unit=line.meter_unit,
        completeness=line.completeness,
        estimated_share=line.estimated_share,
        added_qty=change.typed.added,
        added_why=change.typed.why.strip()[:120],
        closed_qty=change.closed,
        purchase_qty=change.purchase,
        tier=change.tier,
        reported_qty=line.reported_qty,
        reported_purchase_qty=line.reported_purchase_qty,
        deviation=change.deviation,
        is_over=change.is_over,
        remark=change.typed.remark.strip()[:120],
        points=[one.kept() for one in line.points],
    )


def reopen(
    user: User, close: MonthClose, reason: str, *, request: HttpRequest | None = None
) -> MonthClose:
    """Open a closed month again; what it wrote stays until the month is closed once more.

    Raises
    ------
    DataError
        If no reason is given, or it was opened already.
    """
    rights.require(user, "reopen", close)
    rights.require(user, "upload", close.organisation)
    if not reason.strip():
        raise DataError([_problem("请填写重新打开的原因", "Say why it is opened again", "reason")])
    done = MonthClose.objects.filter(pk=close.pk, reopened_at=None).update(
        reopened_by=user, reopened_at=timezone.now(), reason=reason.strip()[:200]
    )
    if not done:
        raise DataError([_problem("该月已重新打开", "The month is open already")])
    close.refresh_from_db()
    audit.record(
        "month.reopen", user=user, request=request, thing=close,
        org=close.organisation.credit_code, month=close.period, reason=close.reason,
    )  # fmt: skip
    return close


def moved(close: MonthClose, lines: Sequence[Line]) -> list[Moved]:
    """Return the items whose metered figures moved since a month was closed.

    Parameters
    ----------
    close : MonthClose
        The close.
    lines : sequence of Line
        The items of its month as they are now.
    """
    now = {one.item_key: one.metered for one in lines if one.points}
    found = []
    for kept in close.lines.all():
        here = now.get(kept.item_key)
        if not _same(kept.metered, here):
            found.append(Moved(kept.item_key, kept.meter_unit, kept.metered, here))
    return found


def items_moved(closes: Collection[MonthClose]) -> dict[int, list[str]]:
    """Return the closes whose metered figures moved since, each with the items that did.

    One question of the kept energy for all of them, so that a list can mark its rows; what
    :func:`moved` says of one close, it says with the amounts.

    Parameters
    ----------
    closes : collection of MonthClose
        With their enterprises; of any months.

    Raises
    ------
    ModelError
        If the meters cannot be summed.
    """
    of = {one.pk: one for one in closes}
    if not of:
        return {}
    codes = {one.organisation.credit_code for one in closes}
    months = [Month(one.year, one.month) for one in closes]
    asked = amounts.of_nodes(
        codes, "month", min(one.start for one in months), max(one.end for one in months)
    )
    now = {
        (node, item, start): amount
        for node, item, start, amount in asked.filter(pl.col("node").is_in(codes))
        .select("node", "item_key", "start", "amount")
        .iter_rows()
    }
    found: dict[int, list[str]] = {}
    lines = CloseLine.objects.filter(close__in=of).order_by("close", "pk")
    for pk, item, then in lines.values_list("close", "item_key", "metered"):
        close = of[pk]
        at = Month(close.year, close.month).start
        if not _same(then, now.get((close.organisation.credit_code, item, at))):
            found.setdefault(pk, []).append(item)
    return found


def moved_in(month: Month) -> frozenset[int]:
    """Return the keys of all closes of a month that stand and whose metered figures moved since.

    Of every enterprise: whoever shows them shows those of enterprises its reader sees.

    Raises
    ------
    ModelError
        If the meters cannot be summed.
    """
    told = _standing_in(month).aggregate(number=Count("pk"), last=Max("closed_at"))
    return _moved_in(month, amounts.state(), told["number"], told["last"])


def _standing_in(month: Month) -> QuerySet[MonthClose]:
    return MonthClose.objects.filter(year=month.year, month=month.month, reopened_at=None)


@lru_cache(maxsize=16)
def _moved_in(
    month: Month, _figures: tuple[str, int, int], number: int, _last: datetime | None
) -> frozenset[int]:
    # As long as neither figures nor closes change, nothing moves: a page need not ask again.
    if not number:
        return frozenset()
    rows = _standing_in(month).order_by().select_related("organisation")
    return frozenset(items_moved(list(rows.only("year", "month", "organisation__credit_code"))))


def _same(then: float | None, now: float | None) -> bool:
    if then is None or now is None:
        return then is now
    return abs(now - then) <= _SAME * max(abs(now), abs(then))


def replaced(close: MonthClose) -> list[EnergyRecord]:
    """Return the records that stand now for items of a close and came from another upload."""
    items = [one.item_key for one in close.lines.all()]
    return list(
        EnergyRecord.objects.current()
        .filter(
            organisation_id=close.organisation_id, year=close.year, month=close.month,
            item_key__in=items, known_from__gt=close.batch.committed_at,
        )
        .exclude(batch_id=close.batch_id)
        .select_related("batch")
    )  # fmt: skip
