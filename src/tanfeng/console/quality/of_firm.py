"""What the page of an enterprise shows: its points by day, faults in words, balance, reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from tanfeng.console.core.figures import percent
from tanfeng.console.metering import amounts, engine
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality import judging, standing
from tanfeng.console.quality.limits_in_force import changed_on
from tanfeng.console.quality.production_states import not_compared
from tanfeng.metering import judged, quality
from tanfeng.metering.balance import VERDICTS
from tanfeng.metering.quality import limits

#: Verdict of a balance -> words and kind of its pill.
VERDICT_WORDS: dict[str, tuple[Promise, str]] = dict(
    zip(
        VERDICTS,
        (
            (pgettext_lazy("balance", "within the tolerance"), "good"),
            (pgettext_lazy("balance", "less below than above"), "bad"),
            (pgettext_lazy("balance", "more below than above"), "bad"),
            (pgettext_lazy("balance", "not whole, not judged"), "muted"),
            (pgettext_lazy("balance", "no meters below"), "muted"),
        ),
        strict=True,
    )
)
#: Why a report was judged or not.
REASONS: dict[str, tuple[Promise, str]] = {
    "judged": (gettext_lazy("judged"), ""),
    "not_reported": (gettext_lazy("not reported yet"), "muted"),
    "not_metered": (gettext_lazy("not metered"), "muted"),
    "incomplete": (gettext_lazy("metered in part, not judged"), "muted"),
}


@dataclass(frozen=True, slots=True)
class PointRow:
    """A point in a month.

    Parameters
    ----------
    meter : Meter
    shares : list of float or None
        Completeness of each day of the month. [1]
    completeness, timeliness, plausibility : float or None
        Of the month. [1]
    days_due, days_connected : int
        [d]
    faults : list of str
        What was wrong, in words, the gravest first.
    """

    meter: Meter
    shares: list[float | None]
    completeness: float | None
    timeliness: float | None
    plausibility: float | None
    days_due: int
    days_connected: int
    faults: list[str]

    @property
    def fault_text(self) -> str:
        """Return the faults as one sentence."""
        return pgettext("faults", "; ").join(self.faults)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def point_rows(meters: Sequence[Meter], first: date, end: date) -> list[PointRow]:
    """Return the points of a month by their days.

    Parameters
    ----------
    meters : sequence of Meter
        Those with a point.
    first, end : datetime.date
        First and last day of the month.
    """
    names = [one.point or "" for one in meters]
    days = judging.kept().read(first, end, names)
    limit = limits(changed_on(first))
    connected = pl.col("received") >= limit["connected_min"] * pl.col("due")
    due = pl.col("due") > 0
    flags = ("range_flags", "change_flags", "frozen_flags", "state_flags")
    sums = days.group_by("point").agg(
        pl.col("due", "received", "automatic", "timely", "measured", "implausible", *flags).sum(),
        excused=(pl.col("excused") > 0).sum(),
        days_due=due.sum(),
        days_connected=(connected & due).sum(),
        silent=(due & (pl.col("received") == 0)).sum(),
        off=(pl.col("boundary_gap_s") > limit["day_boundary_max"]).sum(),
        places=pl.col("day").dt.day(),
        shares=pl.when(due).then(pl.col("received") / pl.col("due")),
    )
    blind, least = not_compared(days, meters), int(limit["running_slots_min"])
    found = {row["point"]: row for row in sums.iter_rows(named=True)}
    count = end.day
    rows = []
    for meter in meters:
        row = found.get(meter.point or "")
        shares: list[float | None] = [None] * count
        if row is None:
            rows.append(PointRow(meter, shares, None, None, None, 0, 0, [_("not judged yet")]))
            continue
        for place, share in zip(row["places"], row["shares"], strict=True):
            shares[place - 1] = share
        rows.append(
            PointRow(
                meter=meter,
                shares=shares,
                completeness=_share(row["received"], row["due"]),
                timeliness=_share(row["timely"], row["automatic"]),
                plausibility=_share(row["measured"] - row["implausible"], row["measured"]),
                days_due=row["days_due"],
                days_connected=row["days_connected"],
                faults=[*faults(row), *_blind(blind.get(meter.point or "", 0), least)],
            )
        )
    return rows


def faults(row: dict[str, Any]) -> list[str]:
    """Return what was wrong with a point in a month, in words."""
    said = []

    def tell(count: int, one: str, many: str) -> None:
        if count:
            said.append(ngettext(one, many, count) % {"count": count})

    tell(row["silent"], "%(count)d day without data", "%(count)d days without data")
    partly = row["days_due"] - row["days_connected"] - row["silent"]
    tell(partly, "%(count)d day below the least share", "%(count)d days below the least share")
    tell(
        row["range_flags"] or 0,
        "%(count)d quarter hour out of range or running backwards",
        "%(count)d quarter hours out of range or running backwards",
    )
    tell(
        row["frozen_flags"] or 0,
        "%(count)d quarter hour of a frozen value", "%(count)d quarter hours of a frozen value",
    )  # fmt: skip
    tell(
        row["change_flags"] or 0,
        "%(count)d sudden step", "%(count)d sudden steps",
    )  # fmt: skip
    tell(
        row["state_flags"] or 0,
        "%(count)d quarter hour that does not fit production",
        "%(count)d quarter hours that do not fit production",
    )
    late = row["automatic"] - row["timely"]
    if late:
        share = percent(late / row["automatic"])
        said.append(_("%(share)s came late or with a wrong clock") % {"share": share})
    tell(
        row["off"],
        "%(count)d day closed off midnight", "%(count)d days closed off midnight",
    )  # fmt: skip
    tell(row["excused"], "%(count)d day excused by a filing", "%(count)d days excused by a filing")
    return said


def _blind(days: int, least: int) -> list[str]:
    """Say of how many days a load was not held against production, and why."""
    if not days:
        return []
    words = ngettext(
        "%(count)d day not compared with production: in the days before, fewer than %(least)d "
        "metered quarter hours of production, or all of them zero",
        "%(count)d days not compared with production: in the days before, fewer than %(least)d "
        "metered quarter hours of production, or all of them zero",
        days,
    )
    return [words % {"count": days, "least": least}]


@dataclass(frozen=True, slots=True)
class Held:
    """Balances and reports of an enterprise in a month.

    Parameters
    ----------
    balances : list of dict
        Of every node with a main meter and item: name, item, unit, main, parts, deviation [1],
        verdict, days (judged) and days_off (beyond the tolerance).
    reports : list of dict
        Of every item: metered, reported [base unit], known [1], deviation [1], verdict.
    """

    balances: list[dict[str, Any]]
    reports: list[dict[str, Any]]


def held(code: str, first: date, last: date, items: dict[str, str]) -> Held:
    """Hold main meters against those below, and what was metered against what was reported.

    Parameters
    ----------
    code : str
        Credit code.
    first, last : datetime.date
        Days of one month, both included.
    items : dict
        Names of energy items by key.
    """
    known = engine.register()
    edges, nodes = known.edges(), known.nodes()
    inside = amounts.below([code], edges)
    points = known.points().filter(pl.col("node").is_in(inside))
    days = judging.kept().read(first, last, points["point"].to_list())
    if days.is_empty():
        return Held([], [])
    edges = edges.filter(pl.col("parent").is_in(inside))
    about: dict[str, Any] = {
        "points": points, "edges": edges, "nodes": nodes, "first": first, "last": last
    }  # fmt: skip
    names = dict(nodes.select("node", "name").iter_rows())
    by_day = quality.submeter_balance(
        judged.balances(days, by="day", **about), changed=changed_on(first)
    )
    off = {
        (row["node"], row["item_key"]): (row["judged"], row["off"])
        for row in by_day.group_by("node", "item_key")
        .agg(
            judged=pl.col("within").is_not_null().sum(),
            off=(pl.col("within") == False).sum(),  # noqa: E712
        )
        .iter_rows(named=True)
    }
    balances = [
        {
            "name": names.get(row["node"], row["node"]),
            "item": items.get(row["item_key"], row["item_key"]),
            "unit": row["unit"],
            "main": row["main"],
            "parts": row["parts"],
            "difference": row["unexplained"],
            "deviation": row["unexplained_share"],
            "verdict": VERDICT_WORDS[row["verdict"]],
            "days": off.get((row["node"], row["item_key"]), (0, 0))[0],
            "days_off": off.get((row["node"], row["item_key"]), (0, 0))[1],
        }
        for row in judged.balances(days, by="month", **about).iter_rows(named=True)
        if row["parts_count"]
    ]
    return Held(balances, _reports(code, days, about, items))


def _reports(
    code: str,
    days: pl.DataFrame,
    about: dict[str, Any],
    items: dict[str, str],
) -> list[dict[str, Any]]:
    rows = standing.deviations(days, **about).filter(pl.col("node") == code)
    units = dict(about["points"].select("item_key", "unit").iter_rows())
    told = []
    for row in rows.iter_rows(named=True):
        words, kind = REASONS[row["reason"]]
        if row["within"] is not None:
            kind = "good" if row["within"] else "bad"
            words = (
                pgettext_lazy("report", "agrees") if row["within"]
                else pgettext_lazy("report", "does not agree")
            )  # fmt: skip
        told.append(
            {
                "item": items.get(row["item_key"], row["item_key"]),
                "unit": units.get(row["item_key"], ""),
                "metered": row["metered"],
                "reported": row["reported"],
                "known": row["known_share"],
                "deviation": row["deviation"],
                "verdict": (words, kind),
            }
        )
    return told
