"""Alerts of what was judged: merged and explained by the engine, kept with what people did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.metering import engine
from tanfeng.console.metering.models import Gateway, Meter, ProcessUnit
from tanfeng.console.quality import outage_keeping, output_line, standing
from tanfeng.console.quality.limits_in_force import changed_on
from tanfeng.console.quality.models import LEVELS, Alert, Step
from tanfeng.metering import alerts, judged, quality
from tanfeng.metering.judged import JudgedDays

#: Alerts that ended longer ago than the widest gap of a rule cannot grow any more. [d]
_GROWS = 40
_CHUNK = 200
_GATEWAY, _UNIT = "gateway:", "unit:"
_NAMES: Mapping[int, str] = {int(value): name for name, value in LEVELS.items()}
_WRITTEN = (
    "kind", "object_name", "organisation", "meter", "level", "worst", "value", "threshold",
    "first", "last", "count", "found", "cause", "root", "explains", "days", "values", "text_zh",
    "text_en", "state", "again", "changed_at", "is_root", "is_waiting",
)  # fmt: skip


def write(kept: JudgedDays, first: date, last: date, now: datetime) -> None:
    """Merge what some days say into the alerts that stand.

    Parameters
    ----------
    kept : JudgedDays
        The days.
    first, last : datetime.date
        Days judged, both included.
    now : datetime
        The moment, for the history.
    """
    known = engine.register()
    points, nodes, edges = known.points(), known.nodes(), known.edges()
    gateways = _gateways()
    merged = alerts.merge(
        _findings(kept, first, last, points, nodes, edges, gateways),
        judged=(first, last),
        before=_before(first),
        causes=alerts.links(points, nodes=nodes, edges=edges, gateways=gateways),
        names=_names(points, nodes),
        changed=changed_on(last),
    )
    _keep(merged, now)


def _findings(
    kept: JudgedDays,
    first: date,
    last: date,
    points: pl.DataFrame,
    nodes: pl.DataFrame,
    edges: pl.DataFrame,
    gateways: pl.DataFrame,
) -> pl.DataFrame:
    parts = []
    outages = outage_keeping.found(kept, last)
    lined = _lined(nodes, first, last)
    for begin, end in standing.month_ends(first, last):
        days = kept.read(begin, end)
        if days.is_empty():
            continue
        until, changed = min(end, last), changed_on(begin)
        about: dict[str, Any] = {
            "points": points, "edges": edges, "nodes": nodes, "first": begin, "last": until
        }  # fmt: skip
        # An enterprise is held against what lies below it once a month, when the month is over.
        balances = judged.balances(days, by="month", **about) if end <= last else None
        found = quality.of_days(
            days, points, nodes=nodes, edges=edges,
            deviations=standing.deviations(days, **about), changed=changed,
        )  # fmt: skip
        parts.append(
            alerts.findings(
                found,
                last=last,
                gateways=gateways,
                calendar=outage_keeping.work_calendar(),
                residuals=_residuals(lined, begin, changed) if end <= last else None,
                balances=None
                if balances is None
                else quality.submeter_balance(balances, changed=changed),
            )
        )
    if not parts:
        return alerts.FINDINGS.to_frame()
    calendar = outage_keeping.work_calendar()
    empty = quality.of_days(pl.DataFrame(schema=quality.DAYS), points, nodes=nodes, edges=edges)
    parts.append(alerts.findings(empty, last=last, outages=outages, calendar=calendar))
    return pl.concat(parts)


def _lined(nodes: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Return energy and output of the months that have ended, and of those their lines go through.

    A round that ends no month asks nothing.
    """
    ended = [pair for pair in standing.month_ends(first, last) if pair[1] <= last]
    codes = nodes.filter(pl.col("kind") == "enterprise")["node"].to_list() if ended else []
    start, end = (ended[0][0], ended[-1][1]) if ended else (first, last)
    return output_line.months(codes, output_line.begin(start), end)


def _residuals(lined: pl.DataFrame, month: date, changed: Mapping[str, float]) -> pl.DataFrame:
    """Return how far each enterprise was off its line in one month."""
    found = output_line.fitted(lined, month, changed)
    return found.filter(pl.col("month") == f"{month:%Y-%m}")


def _gateways() -> pl.DataFrame:
    rows = Meter.objects.filter(gateway__isnull=False, point__isnull=False).values_list(
        "point", "gateway_id"
    )
    return pl.DataFrame(
        [(point, f"{_GATEWAY}{gateway}") for point, gateway in rows],
        schema=alerts.GATEWAYS,
        orient="row",
    )


def _names(points: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    ways = [(f"{_GATEWAY}{pk}", name) for pk, name in Gateway.objects.values_list("pk", "name")]
    return pl.concat(
        [
            points.select(object="point", name="name"),
            nodes.select(object="node", name="name"),
            pl.DataFrame(ways, schema=["object", "name"], orient="row")
            if ways
            else pl.DataFrame(schema={"object": pl.String, "name": pl.String}),
        ]
    ).unique("object", keep="last", maintain_order=True)


def _before(first: date) -> pl.DataFrame:
    """Return the alerts that may still grow, as the engine gave them."""
    rows = Alert.objects.filter(last__gte=first - timedelta(days=_GROWS)).exclude(
        found=Alert.Found.WITHDRAWN
    )
    rules = alerts.alert_rules()
    return pl.DataFrame(
        [
            {
                "id": row.key, "rule": row.rule, "object": row.object_key, "kind": row.kind,
                "level": _NAMES[row.level], "worst": _NAMES[row.worst], "value": row.value,
                "unit": rules[row.rule].unit, "threshold": row.threshold, "first": row.first,
                "last": row.last, "count": row.count, "state": row.found,
                "cause": row.cause or None, "root": row.root, "explains": row.explains,
                "days": [date.fromisoformat(day) for day in row.days],
                "values": [float(value) for value in row.values],
            }
            for row in rows
            if row.rule in rules
        ],
        schema=alerts.ALERTS,
    )  # fmt: skip


def _keep(merged: pl.DataFrame, now: datetime) -> None:
    rows = merged.to_dicts()
    was: dict[str, Alert] = {}
    for part in chunks([row["id"] for row in rows], CHUNK):
        # Held until the end of the transaction: nobody takes a step that is written over.
        held = Alert.objects.select_for_update().filter(key__in=part)
        was |= {one.key: one for one in held}
    owners = _owners(rows)
    earlier = _earlier(rows, was)
    made, moved = [], []
    for row in rows:
        before = was.get(row["id"])
        if before is None and row["state"] == Alert.Found.WITHDRAWN:
            continue
        alert, action = _alert(row, before, owners.get(row["object"], {}), now)
        if before is None:
            alert.again = earlier.get((row["rule"], row["object"]), 0)
        made.append(alert)
        if action:
            moved.append((alert, action, before.state if before else ""))
    Alert.objects.bulk_create(
        made, batch_size=_CHUNK, update_conflicts=True, unique_fields=["key"],
        update_fields=list(_WRITTEN),
    )  # fmt: skip
    _log(moved, now)


def _alert(
    row: dict[str, Any], before: Alert | None, owner: Mapping[str, Any], now: datetime
) -> tuple[Alert, str]:
    """Return an alert with the state it has now, and the step the program took."""
    state, action, again = _moved(row, before)
    alert = Alert(
        key=row["id"],
        rule=row["rule"],
        object_key=row["object"],
        object_name=str(owner.get("name", row["object"]))[:140],
        kind=row["kind"],
        organisation_id=owner.get("organisation"),
        meter_id=owner.get("meter"),
        level=LEVELS[row["level"]],
        worst=LEVELS[row["worst"]],
        value=_finite(row["value"]),
        threshold=row["threshold"],
        first=row["first"],
        last=row["last"],
        count=row["count"],
        found=row["state"],
        cause=row["cause"] or "",
        root=row["root"] or row["id"],
        explains=row["explains"],
        is_root=row["root"] in (None, row["id"]),
        is_waiting=state != "closed",
        days=[day.isoformat() for day in row["days"]],
        values=[value if math.isfinite(value) else str(value) for value in row["values"]],
        text_zh=row["text_zh"][:400],
        text_en=row["text_en"][:600],
        state=state,
        again=again,
        changed_at=now if action or before is None else before.changed_at,
    )
    return alert, action


#: Stands for a deviation from nothing, which has no bound; a column of numbers holds no infinity.
BOUNDLESS = 1e9


def _finite(value: float) -> float:
    return value if math.isfinite(value) else BOUNDLESS


def _moved(row: dict[str, Any], before: Alert | None) -> tuple[str, str, int]:
    """Return the state, the step that led there, and how often it came again."""
    ended = row["state"] != Alert.Found.OPEN
    if before is None:
        return ("closed", "recover", 0) if ended else ("open", "", 0)
    if before.state == "open" and ended:
        return "closed", "recover", before.again
    if before.state == "closed" and not ended and row["last"] > before.last:
        return "open", "reopen", before.again + 1
    if before.state == "acknowledged" and not ended and LEVELS[row["worst"]] > before.worst:
        return "open", "grow", before.again
    return before.state, "", before.again


def _earlier(rows: list[dict[str, Any]], was: Mapping[str, Alert]) -> dict[tuple[str, str], int]:
    """Return of rule and object how many alerts there were before the new one."""
    fresh = {row["object"] for row in rows if row["id"] not in was}
    counted: dict[tuple[str, str], int] = {}
    for part in chunks(sorted(fresh), CHUNK):
        for pair in Alert.objects.filter(object_key__in=part).values_list("rule", "object_key"):
            counted[pair] = counted.get(pair, 0) + 1
    return counted


def _owners(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return enterprise, meter and name of the objects alerts are about."""
    objects = sorted({row["object"] for row in rows})
    found: dict[str, dict[str, Any]] = {}
    for part in chunks(objects, CHUNK):
        for one in Organisation.objects.filter(credit_code__in=part):
            found[one.credit_code] = {"organisation": one.pk, "name": one.name}
        for meter in Meter.objects.filter(point__in=part):
            found[meter.point or ""] = {
                "organisation": meter.organisation_id, "meter": meter.pk,
                "name": f"{meter.point} {meter.name}",
            }  # fmt: skip
        ways = [one.removeprefix(_GATEWAY) for one in part if one.startswith(_GATEWAY)]
        for way in Gateway.objects.filter(pk__in=ways):
            found[f"{_GATEWAY}{way.pk}"] = {"organisation": way.organisation_id, "name": way.name}
        inner = [one.removeprefix(_UNIT) for one in part if one.startswith(_UNIT)]
        for unit in ProcessUnit.objects.filter(pk__in=inner):
            found[unit.node] = {"organisation": unit.organisation_id, "name": unit.name}
    return found


def _log(moved: list[tuple[Alert, str, str]], now: datetime) -> None:
    """Write the steps the program took into the history."""
    keys = dict(
        pair
        for part in chunks([alert.key for alert, _action, _before in moved], CHUNK)
        for pair in Alert.objects.filter(key__in=part).values_list("key", "pk")
    )
    Step.objects.bulk_create(
        [
            Step(
                organisation_id=alert.organisation_id, machine="alert", thing=keys[alert.key],
                action=action, before=before, after=alert.state, at=now,
            )
            for alert, action, before in moved
        ],
        batch_size=_CHUNK,
    )  # fmt: skip
