"""From what quality found to alerts: merged over time, explained by their cause, the same each run.

A finding is one rule broken by one object on one day. Findings of a rule and object that follow
each other are one alert; it grows while it lasts. An alert keeps the days and values it was made
of, so days judged again after late data came are replaced, and judging day by day gives what
judging all days at once gives. The rules are rows of ``tables/alert_rules.csv``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering._alert_frames import ALERTS, FINDINGS, LEVEL, LEVELS, LINKS, STATES
from tanfeng.metering._alert_texts import shown, shown_beside, with_texts
from tanfeng.metering._findings import GATEWAYS, findings, links
from tanfeng.metering._rules import limits, table_rows

__all__ = [
    "ALERTS",
    "FINDINGS",
    "GATEWAYS",
    "LEVELS",
    "LINKS",
    "AlertRule",
    "alert_rules",
    "explain",
    "findings",
    "levels",
    "links",
    "merge",
    "shown",
    "shown_beside",
]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule of ``tables/alert_rules.csv``.

    Parameters
    ----------
    rule : str
        Its name.
    direction : {"below", "above", "at_most", "at_least"}
        Which side of a threshold is bad.
    unit : str
        Unit of value and thresholds; ``1`` is a share.
    thresholds : tuple of float or None
        Of blue, yellow, orange and red; None: no such level. [unit]
    gap_days : int
        Findings no further apart are one alert. [d]
    explains : tuple of str
        Rules this one may be the cause of.
    tag, source_zh, source_en : str
        Mark of the requirement and source.
    name_zh, name_en, text_zh, text_en, remedy_zh, remedy_en : str
        For people.
    """

    rule: str
    direction: str
    unit: str
    thresholds: tuple[float | None, ...]
    gap_days: int
    explains: tuple[str, ...]
    tag: str
    source_zh: str
    source_en: str
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    remedy_zh: str
    remedy_en: str

    @property
    def threshold(self) -> float:
        """The threshold of the mildest level. [unit]."""
        return next(value for value in self.thresholds if value is not None)


def alert_rules(changed: Mapping[str, float] | None = None) -> Mapping[str, AlertRule]:
    """Every alert rule by its name.

    Parameters
    ----------
    changed : mapping of str to float, optional
        Limits of quality in place of the shipped ones.

    Returns
    -------
    mapping of str to AlertRule
        From ``tables/alert_rules.csv``; a threshold that names a limit has its value.
    """
    limit = limits(changed)
    rules = {}
    for row in _rows():
        text = {name: row[name] for name in AlertRule.__dataclass_fields__ if name in row}
        rules[row["rule"]] = AlertRule(
            **{  # type: ignore[arg-type]
                **text,
                "gap_days": int(row["gap_days"]),
                "explains": tuple(row["explains"].split()),
                "thresholds": tuple(_threshold(row[level], limit) for level in LEVELS),
            }
        )
    return MappingProxyType(rules)


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, str], ...]:
    return tuple(table_rows("alert_rules"))


def _threshold(cell: str, limit: Mapping[str, float]) -> float | None:
    if not cell:
        return None
    return limit[cell] if cell in limit else float(cell)


def levels(findings: pl.DataFrame, *, changed: Mapping[str, float] | None = None) -> pl.DataFrame:
    """Give every finding the worst level whose threshold its value breaks.

    Parameters
    ----------
    findings : polars.DataFrame
        rule and value of ``FINDINGS``.
    changed : mapping of str to float, optional
        Limits of quality in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        The rows with level; null where no threshold is broken or the value is not known.

    Raises
    ------
    ModelError
        If a rule is none of the table.
    """
    rules = alert_rules(changed)
    unknown = sorted(set(findings["rule"].drop_nulls()) - set(rules))
    if unknown:
        raise ModelError(
            f"{unknown[0]} is no alert rule; rules: {', '.join(rules)}",
            f"{unknown[0]} 不是预警规则；可用：{'、'.join(rules)}",
        )
    table = pl.DataFrame(
        [
            {
                "rule": r.rule,
                "direction": r.direction,
                **dict(zip(LEVELS, r.thresholds, strict=True)),
            }
            for r in rules.values()
        ],
        schema={"rule": pl.String, "direction": pl.String, **dict.fromkeys(LEVELS, pl.Float64)},
    )
    return (
        findings.join(table, on="rule", how="left", maintain_order="left")
        .with_columns(
            level=pl.coalesce(*(_broken(level) for level in reversed(LEVELS))).cast(LEVEL)
        )
        .drop("direction", *LEVELS)
    )


def _broken(level: str) -> pl.Expr:
    value, bound, way = pl.col("value"), pl.col(level), pl.col("direction")
    bad = (
        ((way == "below") & (value < bound))
        | ((way == "above") & (value > bound))
        | ((way == "at_most") & (value <= bound))
        | ((way == "at_least") & (value >= bound))
    )
    return pl.when(bad).then(pl.lit(level))


def merge(
    findings: pl.DataFrame,
    *,
    judged: tuple[date, date],
    before: pl.DataFrame | None = None,
    causes: pl.DataFrame | None = None,
    names: pl.DataFrame | None = None,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Make alerts of findings, growing those that stand.

    Parameters
    ----------
    findings : polars.DataFrame
        Columns of ``FINDINGS``; those that break no threshold are passed over.
    judged : tuple of datetime.date
        First and last local day judged by this run. What ``before`` says of these days is
        replaced; other days stay.
    before : polars.DataFrame, optional
        Alerts of the run before.
    causes : polars.DataFrame, optional
        Columns of ``LINKS``, see :func:`explain`.
    names : polars.DataFrame, optional
        object, name: what to call an object in the texts.
    changed : mapping of str to float, optional
        Limits of quality in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        Columns of ``ALERTS`` and source_zh, source_en, tag, title and text and remedy in both
        languages; those that explain most and are worst first. An alert all of whose days were
        judged again and found good is ``withdrawn`` and keeps what it said.

    Raises
    ------
    ModelError
        If a rule is none of the table.
    """
    first, last = judged
    fresh = findings.select(pl.col(name).cast(dtype) for name, dtype in FINDINGS.items()).filter(
        pl.col("day").is_between(first, last)
    )
    keys = ["rule", "object", "day"]
    fresh = levels(fresh.unique(keys, keep="last", maintain_order=True), changed=changed)
    fresh = fresh.filter(pl.col("level").is_not_null()).with_columns(id=pl.lit(None, pl.String))
    old = pl.DataFrame(schema=ALERTS) if before is None else before
    kept = (
        old.filter(pl.col("state") != "withdrawn")
        .select("id", "rule", "object", "kind", day="days", value="values")
        .explode("day", "value")
        .drop_nulls("day")
    )
    # A day judged again keeps the name of its alert if it was found again.
    again = kept.select(*keys, was="id")
    fresh = fresh.join(again, on=keys, how="left").with_columns(id=pl.coalesce("id", "was"))
    stay = levels(kept.filter(~pl.col("day").is_between(first, last)), changed=changed)
    columns = ["id", "rule", "object", "kind", "day", "value", "level"]
    rows = pl.concat([stay.select(columns), fresh.select(columns)])
    alerts = _islands(rows, last, changed)
    gone = old.filter(~pl.col("id").is_in(alerts["id"].to_list())).with_columns(
        state=pl.lit("withdrawn").cast(pl.Enum(STATES)), cause=pl.lit(None, pl.String)
    )
    every = pl.concat([alerts, gone.select(*ALERTS)])
    explained = explain(every, causes, changed=changed)
    return with_texts(explained, alert_rules(changed), names).sort(
        "state", "worst", "explains", "first", "id",
        descending=[False, True, True, False, False],
    )  # fmt: skip


def _islands(rows: pl.DataFrame, last: date, changed: Mapping[str, float] | None) -> pl.DataFrame:
    """Join days of a rule and object no further apart than the rule allows."""
    rules = alert_rules(changed)
    about = pl.DataFrame(
        [(r.rule, r.unit, r.threshold, r.gap_days) for r in rules.values()],
        schema={"rule": pl.String, "unit": pl.String, "threshold": pl.Float64, "gap": pl.Int64},
        orient="row",
    )
    pair = ["rule", "object"]
    apart = (pl.col("day") - pl.col("day").shift(1)).dt.total_days().over(pair)
    grouped = (
        rows.join(about, on="rule", how="left")
        .sort(*pair, "day")
        .with_columns(island=(apart > pl.col("gap")).fill_null(False).cum_sum().over(pair))
        .group_by(*pair, "island", maintain_order=True)
        .agg(
            id=pl.col("id").drop_nulls().first(),
            kind=pl.col("kind").last(),
            level=pl.col("level").last(),
            worst=pl.col("level").max(),
            value=pl.col("value").last(),
            unit=pl.col("unit").first(),
            threshold=pl.col("threshold").first(),
            first=pl.col("day").first(),
            last=pl.col("day").last(),
            count=pl.len().cast(pl.Int64),
            days=pl.col("day"),
            values=pl.col("value"),
            gap=pl.col("gap").first(),
        )
    )
    lasts = (pl.lit(last) - pl.col("last")).dt.total_days() < pl.col("gap")
    named = [
        given or _name(rule, thing, day)
        for given, rule, thing, day in grouped.select("id", *pair, "first").iter_rows()
    ]
    return grouped.with_columns(
        id=_once(named, grouped),
        state=pl.when(lasts).then(pl.lit("open")).otherwise(pl.lit("closed")).cast(pl.Enum(STATES)),
        cause=pl.lit(None, pl.String),
        root=pl.lit(None, pl.String),
        explains=pl.lit(0, pl.Int64),
    ).select(*ALERTS)


def _name(rule: str, thing: str, day: date) -> str:
    """Name an alert by what it is about and the day it began: the same on every run."""
    text = f"{rule}|{thing}|{day.isoformat()}"
    return "A" + hashlib.sha256(text.encode()).hexdigest()[:15]


def _once(named: list[str], grouped: pl.DataFrame) -> pl.Series:
    """Keep a name for the first part of an alert that fell apart; name the others anew."""
    seen: set[str] = set()
    names = []
    for name, (rule, thing, day) in zip(
        named, grouped.select("rule", "object", "first").iter_rows(), strict=True
    ):
        names.append(name if name not in seen else _name(rule, thing, day))
        seen.add(names[-1])
    return pl.Series(names, dtype=pl.String)


def explain(
    alerts: pl.DataFrame,
    causes: pl.DataFrame | None,
    *,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Tell of each alert which other one is its cause, and of each cause how much it explains.

    Parameters
    ----------
    alerts : polars.DataFrame
        Columns of ``ALERTS``.
    causes : polars.DataFrame or None
        Columns of ``LINKS``.
    changed : mapping of str to float, optional
        Limits of quality in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        The alerts with cause, root and explains.

    Notes
    -----
    An alert is explained by one of a rule that names its rule, at an object linked to its own,
    that lasted on at least one of its days (of a rule of months: in one of its months). Of
    several causes the one of the lowest rank, then the worst, the earliest, the first by name is
    taken. Nothing explains a withdrawn alert, nor does one explain.
    """
    alerts = alerts.with_columns(
        cause=pl.lit(None, pl.String), root="id", explains=pl.lit(0, pl.Int64)
    )
    if causes is None or causes.is_empty() or alerts.is_empty():
        return alerts
    chosen = _causes(alerts, causes, alert_rules(changed))
    above = dict(chosen.iter_rows())
    roots = {name: _root(name, above) for name in alerts["id"]}
    counted: dict[str, int] = {}
    for name, root in roots.items():
        counted[root] = counted.get(root, 0) + (name != root)
    return (
        alerts.drop("cause")
        .join(chosen, on="id", how="left", maintain_order="left")
        .with_columns(
            root=pl.col("id").replace_strict(roots, return_dtype=pl.String),
            explains=pl.col("id").replace_strict(counted, default=0, return_dtype=pl.Int64),
        )
        .select(*ALERTS)
    )


def _causes(
    alerts: pl.DataFrame, causes: pl.DataFrame, rules: Mapping[str, AlertRule]
) -> pl.DataFrame:
    """Return id and cause of the alerts another one explains."""
    pairs = pl.DataFrame(
        [(r.rule, effect) for r in rules.values() for effect in r.explains],
        schema={"cause_rule": pl.String, "rule": pl.String},
        orient="row",
    )
    monthly = [r.rule for r in rules.values() if r.gap_days > 1]
    live = alerts.filter(pl.col("state") != "withdrawn")
    able = live.select(
        cause_rule="rule", cause_object="object", cause_id="id", cause_worst="worst",
        cause_first="first", cause_days="days", cause_months=_months("days"),
    )  # fmt: skip
    return (
        live.select("id", "rule", "object", "days")
        .join(causes.unique().select("object", "rank", cause_object="cause"), on="object")
        .join(pairs, on="rule")
        .join(able, on=["cause_rule", "cause_object"])
        .filter(
            pl.when(pl.col("rule").is_in(monthly))
            .then(_meet(_months("days"), "cause_months"))
            .otherwise(_meet(pl.col("days"), "cause_days"))
        )
        .sort(
            "rank", "cause_worst", "cause_first", "cause_id", descending=[False, True, False, False]
        )
        .unique("id", keep="first", maintain_order=True)
        .select("id", cause="cause_id")
    )


def _months(days: str) -> pl.Expr:
    """First days of the months of a list of days."""
    return pl.col(days).list.eval(pl.element().dt.month_start()).list.unique()


def _meet(one: pl.Expr, other: str) -> pl.Expr:
    return one.list.set_intersection(pl.col(other)).list.len() > 0


def _root(name: str, above: Mapping[str, str]) -> str:
    """Follow causes to the last one; rules explain downward only, so there is no circle."""
    while name in above:
        name = above[name]
    return name
