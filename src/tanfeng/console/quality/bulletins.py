"""The bulletin of a month (联网情况通报): its figures while they are looked at, and issuing it.

What is judged stands in the records and changes when readings come late; a bulletin is a copy of it
with who issued it, to whom, and up to which state of the readings.
"""

from __future__ import annotations

import calendar
import hashlib
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.archive.models import Place
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.quality import judging
from tanfeng.console.quality.limits_in_force import standing as standing_limits
from tanfeng.console.quality.models import Bulletin, BulletinLine, MonthQuality, Outage
from tanfeng.console.quality.services import number, problem
from tanfeng.errors import DataError

#: Kinds a bulletin tells of, widest first.
KINDS = ("city", "county", "enterprise")
#: Limits a bulletin is read with.
RULES = ("completeness_min", "connected_min", "repair_days")
_FROZEN = (
    "kind", "name", "place_id", "points", "connectivity", "completeness", "score",
    "judged_weight", "outages", "overdue", "rank", "ranked", "was_connectivity",
    "was_completeness", "was_score", "was_overdue", "was_rank",
)  # fmt: skip
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A bulletin as it would be issued now.

    Parameters
    ----------
    month : str
        2026-10
    place : Place or None
        The county; None: the whole city.
    lines : list of BulletinLine
        Not saved; widest kind first, by rank.
    judged_to, judged_at, version
        State of the readings the figures are of; None and -1 before anything was judged.
    """

    month: str
    place: Place | None
    lines: list[BulletinLine] = field(default_factory=list)
    judged_to: date | None = None
    judged_at: datetime | None = None
    version: int = -1

    def of(self, kind: str) -> list[BulletinLine]:
        """Return the lines of one kind."""
        return [one for one in self.lines if one.kind == kind]

    @property
    def whole(self) -> BulletinLine | None:
        """Return the line of the city or county it is about."""
        found = self.of("county" if self.place else "city")
        return found[0] if found else None

    @property
    def is_over(self) -> bool:
        """Tell whether every day of the month is judged."""
        return self.judged_to is not None and self.judged_to >= last_of(self.month)


def last_of(month: str) -> date:
    """Return the last day of a month such as 2026-10."""
    first = date.fromisoformat(f"{month}-01")
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def before(month: str) -> str:
    """Return the month before."""
    return f"{date.fromisoformat(f'{month}-01') - timedelta(days=1):%Y-%m}"


def draft(user: User, month: str) -> Draft:
    """Return the figures of a month in the scope of whoever would issue them.

    Parameters
    ----------
    user : User
        Of the city, or of a county: then of that county alone.
    month : str
        2026-10
    """
    place = None
    if user.role == Role.COUNTY:
        place = Place.objects.filter(code=user.place_code).first()
    mark = judging.mark_of()
    kinds = ("county", "enterprise") if place else KINDS
    rows = _rows(user, month, kinds)
    earlier = _rows(user, before(month), kinds)
    overdue, was_overdue = (_repairs(user, one) for one in (month, before(month)))
    lines: list[BulletinLine] = []
    for kind in kinds:
        ranks, was_ranks = _ranks(rows[kind]), _ranks(earlier[kind])
        made = [
            _line(row, earlier[kind].get(node), overdue, was_overdue)
            for node, row in rows[kind].items()
        ]
        for one, node in zip(made, rows[kind], strict=True):
            one.rank, one.was_rank, one.ranked = ranks.get(node), was_ranks.get(node), len(ranks)
        lines += sorted(made, key=lambda one: (one.rank is None, one.rank or 0, one.title))
    return Draft(
        month, place, lines, mark.last_day if mark else None, mark.judged_at if mark else None,
        mark.version if mark else -1,
    )  # fmt: skip


def _rows(user: User, month: str, kinds: tuple[str, ...]) -> dict[str, dict[str, MonthQuality]]:
    """Return the judged months by kind and node."""
    found: dict[str, dict[str, MonthQuality]] = {kind: {} for kind in kinds}
    seen = rights.visible(user, MonthQuality).filter(month=month, kind__in=kinds, due__gt=0)
    for row in seen.select_related("organisation__place", "place").defer("days"):
        found[row.kind][row.node] = row
    return found


def _ranks(rows: Mapping[str, MonthQuality]) -> dict[str, int]:
    """Rank by connectivity, then score, as they are printed; the same figures, the same rank.

    One alone has no rank.
    """
    printed = {
        node: (round(row.connectivity, 3), -1.0 if row.score is None else round(row.score, 1))
        for node, row in rows.items()
        if row.connectivity is not None
    }
    if len(printed) < 2:
        return {}
    first: dict[tuple[float, float], int] = {}
    for place, pair in enumerate(sorted(printed.values(), reverse=True), start=1):
        first.setdefault(pair, place)
    return {node: first[pair] for node, pair in printed.items()}


#: Of city, county or enterprise: outages, and those repaired or open past their term.
Repairs = Mapping[Hashable, tuple[int, int]]


def _repairs(user: User, month: str) -> Repairs:
    """Count the outages of a month: under None of all, by county, by enterprise."""
    first, last = date.fromisoformat(f"{month}-01"), last_of(month)
    counted: dict[Hashable, tuple[int, int]] = {}
    rows = (
        rights.visible(user, Outage)
        .filter(stands=True, first__lte=last, last__gte=first)
        .order_by()
        .values_list("organisation_id", "organisation__place_id", "state")
    )
    for firm, place, state in rows:
        late = int(state in ("overdue", "repaired_late"))
        for key in (None, ("place", place), ("firm", firm)):
            some, over = counted.get(key, (0, 0))
            counted[key] = (some + 1, over + late)
    return counted


def _line(
    row: MonthQuality, was: MonthQuality | None, repairs: Repairs, earlier: Repairs
) -> BulletinLine:
    firm = row.organisation
    key: Hashable = ("firm", row.organisation_id) if firm else None
    if row.kind == MonthQuality.Kind.COUNTY:
        key = ("place", row.place_id)
    outages, overdue = repairs.get(key, (0, 0))
    return BulletinLine(
        kind=row.kind,
        organisation=firm,
        place=firm.place if firm else row.place,
        name=firm.name if firm else "",
        points=row.points,
        connectivity=row.connectivity,
        completeness=row.completeness,
        score=row.score,
        judged_weight=row.judged_weight,
        outages=outages,
        overdue=overdue,
        was_connectivity=was.connectivity if was else None,
        was_completeness=was.completeness if was else None,
        was_score=was.score if was else None,
        was_overdue=earlier.get(key, (0, 0))[1] if was else None,
    )


def standing(month: str, place: Place | None) -> Bulletin | None:
    """Return the bulletin of a month and place that nothing has replaced."""
    return Bulletin.objects.filter(month=month, place=place, replaced_by=None).first()


@transaction.atomic
def issue(
    user: User,
    month: str,
    values: Mapping[str, str],
    *,
    request: HttpRequest | None = None,
    at: datetime | None = None,
) -> Bulletin:
    """Issue the bulletin of a month: the city of all, a county of itself.

    Parameters
    ----------
    user : User
    month : str
        2026-10
    values : mapping
        addressed, copied, remark, and reason where it is issued again.
    request, at
        For the log; the moment if not now.

    Raises
    ------
    PermissionDenied
        If the person may not.
    DataError
        With everything that keeps it from being issued.
    """
    rights.require(user, "issue", Bulletin)
    now, found = at or timezone.now(), draft(user, month)
    earlier = standing(month, found.place)
    wrong = []
    if not found.is_over:
        zh = f"{month} 尚未全部评价，不能通报"
        wrong.append(problem(zh, f"Not every day of {month} is judged yet"))
    if not found.lines:
        wrong.append(problem(f"{month} 没有已评价的企业", f"Nobody was judged in {month}"))
    if not values["addressed"].strip():
        wrong.append(problem("请填写主送单位", "Say to whom it is addressed", "addressed"))
    if earlier is not None and not values.get("reason", "").strip():
        zh, en = f"已发 {earlier.number}，请填写重新通报的原因", f"{earlier.number} stands: say why"
        wrong.append(problem(zh, en, "reason"))
    if wrong or found.judged_to is None or found.judged_at is None:
        raise DataError(wrong)
    rules = standing_limits(last_of(month), RULES)
    bulletin = Bulletin.objects.create(
        number=number("TB", timezone.localdate(now).year, Bulletin, "number"),
        month=month,
        place=found.place,
        addressed=values["addressed"].strip(),
        copied=values.get("copied", "").strip(),
        remark=values.get("remark", "").strip(),
        judged_to=found.judged_to,
        judged_at=found.judged_at,
        version=found.version,
        limits={one.rule.rule: {"value": one.value, "confidence": one.confidence}
                for one in rules},
        sha256=digest(found.lines),
        issuer=(user.department or str(user))[:120],
        issued_by=user,
        issued_at=now,
        replaces=earlier,
        reason=values.get("reason", "").strip() if earlier else "",
    )  # fmt: skip
    for one in found.lines:
        one.bulletin = bulletin
    BulletinLine.objects.bulk_create(found.lines, batch_size=_CHUNK)
    audit.record(
        "quality.issue", user=user, request=request, thing=bulletin, month=month,
        number=bulletin.number, lines=len(found.lines), sha256=bulletin.sha256,
    )  # fmt: skip
    return bulletin


def digest(lines: list[BulletinLine]) -> str:
    """Return the digest of figures: printed on paper it tells whether they are those issued."""
    told: list[list[Any]] = [[getattr(one, name) for name in _FROZEN] for one in lines]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()
