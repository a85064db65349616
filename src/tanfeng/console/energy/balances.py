"""The energy balance of an enterprise: bought, made, converted, handed on, used, lost, unexplained.

Flows are read off the tree: what the meters of the enterprise let in and out, and what each step
below takes and gives. A process that gives an energy and takes one is a conversion, one that gives
and takes nothing metered generates. Per item

    bought + made = sold + used + unexplained

and over all items, in tce by calorific value, what conversions take beyond what they give is their
loss. Judging is the engine's; of an item nobody buys it is done here by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from django.urls import reverse

from tanfeng.console.archive.models import Organisation
from tanfeng.console.energy import figures
from tanfeng.console.energy.figures import summed
from tanfeng.console.energy.tree import tree
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts
from tanfeng.console.metering.models import Meter, ProcessUnit
from tanfeng.console.quality.limits_in_force import Standing, rule_on
from tanfeng.metering import balance as judging
from tanfeng.metering import rollup
from tanfeng.metering.frames import ENERGY

_TCE = "energy_calorific_tce"


@dataclass(frozen=True, slots=True)
class Flow:
    """Energy of one item from one place to another over the span.

    Parameters
    ----------
    kind : str
        ``bought``, ``sold``, ``made``, ``used``, ``rest`` or ``excess``.
    item : str
        Energy item.
    at : str
        Node or point it comes from or goes to; the node it belongs to for a rest.
    amount : float or None
        Not negative; None is not known. [unit]
    unit : str
        Unit of the amount.
    tce : float or None
        By calorific value. [tce]
    equivalent_tce : float or None
        By equivalent value. [tce]
    slots : tuple of int
        Quarter hours measured, estimated and missing.
    points : tuple of str
        What it was metered by.
    """

    kind: str
    item: str
    at: str
    amount: float | None
    unit: str
    tce: float | None
    equivalent_tce: float | None
    slots: tuple[int, int, int]
    points: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Tell whether all of it is known."""
        return self.amount is not None and self.slots[2] == 0


@dataclass(frozen=True, slots=True)
class Rest:
    """What main meters and the meters below leave unexplained of one item.

    Parameters
    ----------
    node, item : str
        Where and of what.
    supply, rest : float or None
        What the main meter says (of an item nobody buys: what is made), and what nothing below
        says where it went; negative is too much. [unit]
    unit : str
        Their unit.
    tce, equivalent_tce : float or None
        The rest by calorific and by equivalent value. [tce]
    share : float or None
        Rest by supply. [1]
    verdict : str
        One of :data:`tanfeng.metering.balance.VERDICTS`.
    completeness : float or None
        Of everything it is made from. [1]
    """

    node: str
    item: str
    supply: float | None
    rest: float | None
    unit: str
    tce: float | None
    equivalent_tce: float | None
    share: float | None
    verdict: str
    completeness: float | None


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a process takes and what it gives.

    Parameters
    ----------
    node : str
        The process.
    taken, given : tuple of Flow
        Into and out of it.
    loss_tce : float or None
        Taken less given by calorific value; None while a part is not known. [tce]
    """

    node: str
    taken: tuple[Flow, ...]
    given: tuple[Flow, ...]
    loss_tce: float | None

    @property
    def efficiency(self) -> float | None:
        """Return given by taken. [1]."""
        taken, given = _total(self.taken), _total(self.given)
        return None if taken is None or given is None or taken <= 0 else given / taken


@dataclass(frozen=True, slots=True)
class EnergyBalance:
    """A balance over a span.

    Parameters
    ----------
    flows : tuple of Flow
        One step deep: everything that crosses the enterprise's own bus of an item.
    inner : tuple of Flow
        The same inside processes that have meters below.
    conversions : tuple of Conversion
        Processes that take and give.
    rests : tuple of Rest
        Of the enterprise first.
    names : Mapping
        Node or point -> (name, address or empty).
    tolerance : Standing
        What a rest may be of its supply, with its source.
    items : tuple of str
        Everything metered, electricity first.
    """

    flows: tuple[Flow, ...]
    inner: tuple[tuple[str, Flow], ...]
    conversions: tuple[Conversion, ...]
    rests: tuple[Rest, ...]
    names: Mapping[str, tuple[str, str]]
    tolerance: Standing
    items: tuple[str, ...]
    node: str
    #: Points that have not sent anything yet.
    never: tuple[str, ...] = ()

    def of(self, *kinds: str) -> list[Flow]:
        """Return the flows of some kinds."""
        return [one for one in self.flows if one.kind in kinds]

    @property
    def converters(self) -> frozenset[str]:
        """Return the processes that take and give."""
        return frozenset(one.node for one in self.conversions)

    @property
    def generators(self) -> list[Flow]:
        """Return what is made by processes that take nothing metered."""
        return [one for one in self.of("made") if one.at not in self.converters]

    @property
    def unmetered(self) -> list[Flow]:
        """Return what came in of items no meter below follows: used, nobody knows where."""
        found = []
        for one in self.own_rests:
            into = [x for x in self.of("bought", "made") if x.item == one.item]
            if one.verdict != "no meters below" or not into:
                continue
            out = [x for x in self.of("sold") if x.item == one.item]
            slots = [sum(x.slots[i] for x in (*into, *out)) for i in range(3)]
            net = [_less(into, out, name) for name in ("amount", "tce", "equivalent_tce")]
            found.append(
                Flow("unmetered", one.item, self.node, net[0], one.unit, net[1], net[2],
                     (slots[0], slots[1], slots[2]))
            )  # fmt: skip
        return found

    @property
    def loss_tce(self) -> float | None:
        """Return what conversions lose; None while one of them is not known. [tce]."""
        losses = [one.loss_tce for one in self.conversions]
        return None if None in losses else float(sum(x for x in losses if x is not None))

    @property
    def own_rests(self) -> list[Rest]:
        """Return what is unexplained of the enterprise as a whole."""
        return [one for one in self.rests if one.node == self.node]


def of(firm: Organisation, span: Span) -> EnergyBalance:
    """Return the balance of an enterprise over a span.

    Parameters
    ----------
    firm : Organisation
        Whose; the caller has asked for rights.
    span : Span
        Not ahead of now.
    """
    known, node = tree(), firm.credit_code
    inside = amounts.below([node], known.edges)
    edges = known.edges.filter(pl.col("parent").is_in(inside))
    points = known.points.filter(pl.col("node").is_in(inside))
    of_nodes = amounts.of_nodes([node], "month", span.start, span.end)
    of_points = amounts.of_points(points["point"].to_list(), "month", span.start, span.end)
    tolerance = rule_on("submeter_max", span.last)
    if of_nodes.is_empty() and of_points.is_empty():
        return EnergyBalance((), (), (), (), {}, tolerance, (), node)
    by_point, by_node = (
        summed(of_points, ["point", "item_key"]),
        summed(of_nodes, ["node", "item_key"]),
    )
    laid = _Laid(node, points, edges, _as_one(by_node, span), _as_one(by_point, span))
    flows = laid.crossing(node)
    conversions = _conversions(flows)
    judged = amounts.once(
        ("balance", node, span.start, span.end, tolerance.value),
        lambda: judging.balance(
            laid.of_points, laid.of_nodes, points=points, edges=edges, tolerance=tolerance.value
        ),
    )
    rests = laid.rests(judged.frame, flows, tolerance.value)
    inner = tuple(
        (one, flow)
        for one in inside
        if one != node
        for flow in laid.crossing(one)
        if flow.kind in ("used", "made")
    )
    return EnergyBalance(
        tuple(flows), inner, tuple(conversions), tuple(rests),
        _names(firm, inside), tolerance,
        tuple(figures.order([*laid.of_nodes["item_key"], *laid.of_points["item_key"]])), node,
        _never(firm),
    )  # fmt: skip


def _never(firm: Organisation) -> tuple[str, ...]:
    """Return the points of an enterprise that have not sent anything yet."""
    rows = Meter.objects.filter(
        organisation=firm, point__isnull=False, last_time__isnull=True, withdrawn_at__isnull=True,
        in_tree=True,
    )  # fmt: skip
    return tuple(sorted(str(point) for point in rows.values_list("point", flat=True)))


def _as_one(sums: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Return the sums of a span as one period, as the engine has them."""
    return sums.with_columns(
        start=pl.lit(span.start).dt.convert_time_zone("UTC").cast(ENERGY["start"])
    )


def _total(flows: Iterable[Flow]) -> float | None:
    """Return the sum of tce, None while one is not known."""
    found = [one.tce if one.is_whole else None for one in flows]
    return None if None in found else float(sum(x for x in found if x is not None))


def _conversions(flows: list[Flow]) -> list[Conversion]:
    """Return the processes that take and give, with what they lose."""
    found = []
    for node in sorted({one.at for one in flows if one.kind == "made"}):
        taken = tuple(one for one in flows if one.kind == "used" and one.at == node)
        given = tuple(one for one in flows if one.kind == "made" and one.at == node)
        if taken:
            into, out = _total(taken), _total(given)
            loss = None if into is None or out is None else into - out
            found.append(Conversion(node, taken, given, loss))
    return found


class _Laid:
    """The tree and the sums of one enterprise, asked for the flows across any node of it."""

    def __init__(
        self,
        node: str,
        points: pl.DataFrame,
        edges: pl.DataFrame,
        of_nodes: pl.DataFrame,
        of_points: pl.DataFrame,
    ) -> None:
        self.node, self.of_nodes, self.of_points = node, of_nodes, of_points
        self._children: dict[str, list[str]] = {}
        for parent, child in edges.sort("parent", "child").iter_rows():
            self._children.setdefault(parent, []).append(child)
        main = set(rollup.counted(points)["point"])
        self._hung: dict[str, list[dict[str, Any]]] = {}
        for row in points.iter_rows(named=True):
            self._hung.setdefault(row["node"], []).append({**row, "is_main": row["point"] in main})
        self._node_rows = {
            (row["node"], row["item_key"]): row for row in of_nodes.iter_rows(named=True)
        }
        self._point_rows = {row["point"]: row for row in of_points.iter_rows(named=True)}

    def crossing(self, node: str) -> list[Flow]:
        """Return what crosses the bus of a node: its own meters, and each step below."""
        flows = []
        for point in self._hung.get(node, ()):
            row = self._point_rows.get(point["point"])
            if row is None:
                continue
            into = point["sign"] > 0
            if point["is_main"]:
                kind = "bought" if into else "sold"
            else:
                kind = "used" if into else "made"
            flows.append(_flow(kind, point["point"], row, (point["point"],)))
        for child in self._children.get(node, ()):
            flows += self._of_child(child)
        return flows

    def _of_child(self, child: str) -> list[Flow]:
        """Return what a step below takes and gives; by its own meters where it has some."""
        flows = []
        items = {item for node, item in self._node_rows if node == child}
        for item in figures.order(items):
            own = [
                one
                for one in self._hung.get(child, ())
                if one["is_main"] and one["item_key"] == item and one["point"] in self._point_rows
            ]
            if own:
                for sign, kind in ((1, "used"), (-1, "made")):
                    rows = [one["point"] for one in own if one["sign"] == sign]
                    if rows:
                        flows.append(self._together(kind, child, rows))
                continue
            row = self._node_rows[(child, item)]
            flows.append(
                _turned(_flow("used", child, row, ()))
                if (row["amount"] or 0.0) < 0
                else _flow("used", child, row, ())
            )
        return flows

    def _together(self, kind: str, at: str, points: list[str]) -> Flow:
        rows = [self._point_rows[one] for one in points]
        if len(rows) == 1:
            return _flow(kind, at, rows[0], tuple(points))
        frame = self.of_points.filter(pl.col("point").is_in(points))
        return _flow(kind, at, summed(frame, ["item_key"]).row(0, named=True), tuple(points))

    def rests(self, judged: pl.DataFrame, flows: list[Flow], tolerance: float) -> list[Rest]:
        """Return what is unexplained at every node with meters below, the enterprise first."""
        found = [
            Rest(
                row["node"],
                row["item_key"],
                row["main"],
                row["unexplained"] if row["parts_count"] else None,
                row["unit"],
                *self._worth(row),
                row["unexplained_share"],
                row["verdict"],
                row["completeness"],
            )
            for row in judged.iter_rows(named=True)
            # A leaf of the tree has nothing to be held against.
            if row["node"] == self.node or row["parts_count"]
        ]
        bought = {one.item for one in found if one.node == self.node}
        found.extend(
            _rest_of(self.node, item, [x for x in flows if x.item == item], tolerance)
            for item in figures.order({one.item for one in flows} - bought)
        )
        return sorted(found, key=lambda one: (one.node != self.node, one.node))

    def _worth(self, row: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """Return a rest by both values: what one unit of the item is worth here, times the rest."""
        worth = []
        for column in (_TCE, "energy_equivalent_tce"):
            of = self._node_rows.get((row["node"], row["item_key"]), {})
            amount, value = of.get("amount"), of.get(column)
            known = amount and value is not None and row["unexplained"] is not None
            worth.append(
                row["unexplained"] * value / amount if known and row["parts_count"] else None
            )
        return worth[0], worth[1]


def _flow(kind: str, at: str, row: Mapping[str, Any], points: tuple[str, ...]) -> Flow:
    return Flow(
        kind, row["item_key"], at, row["amount"], row["unit"], row[_TCE],
        row["energy_equivalent_tce"], figures.trust(row), points,
    )  # fmt: skip


def _turned(flow: Flow) -> Flow:
    """Return a flow the other way round."""

    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    return replace(
        flow, kind="made", amount=minus(flow.amount), tce=minus(flow.tce),
        equivalent_tce=minus(flow.equivalent_tce),
    )  # fmt: skip


def _rest_of(node: str, item: str, flows: list[Flow], tolerance: float) -> Rest:
    """Return what is unexplained of an item nobody buys: what is made less what is used.

    Where nothing is made either, the meters below are all there is, and nothing is judged.
    """
    made = [one for one in flows if one.kind == "made"]
    used = [one for one in flows if one.kind == "used"]
    slots = [sum(one.slots[i] for one in flows) for i in range(3)]
    completeness = 1 - slots[2] / sum(slots) if sum(slots) else None
    unit = flows[0].unit
    if not made or not used:
        verdict = "not known" if not made else "no meters below"
        supply = _plain(made, "amount") if made else None
        return Rest(node, item, supply, None, unit, None, None, None, verdict, completeness)
    supply, rest = _plain(made, "amount"), _less(made, used, "amount")
    share = rest / supply if rest is not None and supply else None
    if rest is None or supply is None or not all(one.is_whole for one in flows):
        verdict = "not known"
    elif abs(rest) <= tolerance * abs(supply):
        verdict = "within"
    else:
        verdict = "below" if rest > 0 else "above"
    return Rest(
        node, item, supply, rest, unit, _less(made, used, "tce"),
        _less(made, used, "equivalent_tce"), share, verdict, completeness,
    )  # fmt: skip


def _plain(flows: list[Flow], name: str) -> float | None:
    """Return the sum of what is known, None where nothing is."""
    known = [getattr(one, name) for one in flows if getattr(one, name) is not None]
    return float(sum(known)) if known else None


def _less(one: list[Flow], other: list[Flow], name: str) -> float | None:
    """Return one side less the other; a side without flows takes nothing away."""
    first, second = _plain(one, name), _plain(other, name) if other else 0.0
    return None if first is None or second is None else first - second


def _names(firm: Organisation, inside: list[str]) -> dict[str, tuple[str, str]]:
    """Return what nodes and points are called, and where they open."""
    here, points = reverse("energy"), reverse("metering")
    names = {firm.credit_code: (firm.name, f"{here}?org={firm.credit_code}")}
    held = tree().nodes.filter(pl.col("node").is_in(inside))
    names |= {node: (name, "") for node, name in held.select("node", "name").iter_rows()} | names
    for unit in ProcessUnit.objects.filter(organisation=firm).only("pk", "name"):
        names[unit.node] = (unit.name, f"{here}?unit={unit.pk}")
    meters = Meter.objects.filter(organisation=firm, point__isnull=False)
    for point, name, pk in meters.values_list("point", "name", "pk"):
        names[str(point)] = (name, f"{points}{pk}/")
    return names
