"""The flows of a balance as a picture: nodes from left to right and bands between them.

Bands are in tce by calorific value over all items, where what goes into a conversion comes out of
it, or in the unit of one item. What is not known cannot be drawn; it is named beside the picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.utils.translation import gettext as _

from tanfeng.console.energy import figures
from tanfeng.console.energy.balances import EnergyBalance, Flow, Rest

#: A band thinner than this share of the whole is not drawn, it could not be seen. [1]
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Band:
    """Energy from one node of the picture to another, in the unit of the picture."""

    source: str
    target: str
    value: float | None
    colour: str


class _Drawing:
    """Bands and what their ends are called, while they are collected."""

    def __init__(self, balance: EnergyBalance, item: str, divisor: float) -> None:
        self._balance, self._item, self._divisor = balance, item, divisor
        self._tints = figures.colours(balance.items)
        self.bands: list[Band] = []
        #: Key -> name, colour, address.
        self.nodes: dict[str, tuple[str, str, str]] = {}
        for flow in self._wanted(balance.flows):
            self._flow(flow, self._bus(flow.item), inwards=flow.kind in ("bought", "made"))
        for parent, flow in balance.inner:
            if not item or flow.item == item:
                self._flow(flow, self._place(parent), inwards=flow.kind == "made")
        for flow in self._wanted(balance.unmetered):
            end = self._node("unmetered", _("use without meters below"), "other")
            self._band(self._bus(flow.item), end, self._value(flow), "other")
        if not item:
            for one in balance.conversions:
                loss = self._node(f"loss:{one.node}", _("conversion loss"), "late")
                self._band(self._place(one.node), loss, one.loss_tce, "late")
        for rest in balance.rests:
            if not item or rest.item == item:
                own = rest.node == balance.node
                self._rest(rest, self._bus(rest.item) if own else self._place(rest.node))

    def _wanted(self, flows: Iterable[Flow]) -> list[Flow]:
        return [one for one in flows if not self._item or one.item == self._item]

    def _value(self, flow: Flow | Rest) -> float | None:
        """Return a flow in the unit of the picture."""
        if not self._item:
            return flow.tce
        amount = flow.rest if isinstance(flow, Rest) else flow.amount
        return None if amount is None else amount / self._divisor

    def _node(self, key: str, name: str, colour: str, url: str = "") -> str:
        self.nodes.setdefault(key, (name, colour, url))
        return key

    def _place(self, key: str) -> str:
        name, url = self._balance.names.get(key, (key, ""))
        return self._node(key, name, "brand", url)

    def _bus(self, item: str) -> str:
        return self._node(f"item:{item}", figures.name_of(item), self._tints.get(item, "other"))

    def _band(self, source: str, target: str, value: float | None, colour: str) -> None:
        self.bands.append(Band(source, target, value, colour))

    def _flow(self, flow: Flow, at: str, *, inwards: bool) -> None:
        source, target = (self._place(flow.at), at) if inwards else (at, self._place(flow.at))
        self._band(source, target, self._value(flow), self._tints.get(flow.item, "other"))

    def _rest(self, rest: Rest, at: str) -> None:
        value = self._value(rest)
        if value is None:
            return
        if value >= 0:
            known = rest.verdict != "not known"
            name = _("unexplained") if known else _("unexplained or not metered")
            self._band(at, self._node("rest", name, "missing"), value, "missing")
        else:
            excess = self._node("excess", _("more below than came in"), "bad")
            self._band(excess, at, -value, "bad")


def picture(balance: EnergyBalance, item: str = "") -> tuple[dict[str, Any] | None, list[str]]:
    """Return what a picture is drawn from, and the names of flows that are not known.

    Parameters
    ----------
    balance : EnergyBalance
        What flowed.
    item : str
        Energy item, drawn in its own unit; empty for all of them in tce.

    Returns
    -------
    dict or None
        ``nodes``, ``links``, and ``x`` and ``series`` for the table behind the picture; None where
        nothing is known.
    list of str
        Flows that have no value in this unit.
    """
    flows = [one for one in balance.flows if not item or one.item == item]
    largest = max((one.amount or 0.0 for one in flows), default=0.0)
    unit = flows[0].unit if flows else ""
    divisor, unit = figures.scale([largest], unit) if item else (1.0, "tce")
    drawing = _Drawing(balance, item, divisor)
    unknown = [
        f"{drawing.nodes[one.source][0]} → {drawing.nodes[one.target][0]}"
        for one in drawing.bands
        if one.value is None
    ]
    whole = sum(abs(one.value) for one in drawing.bands if one.value is not None)
    bands = [
        one for one in drawing.bands if one.value is not None and one.value > _LEAST * whole
    ]  # fmt: skip
    if not bands:
        return None, unknown
    if _turns(bands):
        bands = _apart(bands, drawing)
    return _data(bands, drawing, unit), unknown


def _turns(bands: Iterable[Band]) -> bool:
    """Tell whether energy goes round in a circle, as through a store."""
    graph: dict[str, set[str]] = {}
    for one in bands:
        graph.setdefault(one.target, set()).add(one.source)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        return True
    return False


def _apart(bands: list[Band], drawing: _Drawing) -> list[Band]:
    """Draw what a process gives as coming from a node of its own, so that nothing turns."""
    found = []
    for one in bands:
        if one.target.startswith("item:") and not one.source.startswith("item:"):
            name, colour, url = drawing.nodes[one.source]
            key = f"given:{one.source}"
            drawing.nodes[key] = (_("%(name)s (given)") % {"name": name}, colour, url)
            found.append(Band(key, one.target, one.value, one.colour))
        else:
            found.append(one)
    return found


def _data(bands: list[Band], drawing: _Drawing, unit: str) -> dict[str, Any]:
    together: dict[tuple[str, str, str], float] = {}
    for one in bands:
        key = (one.source, one.target, one.colour)
        together[key] = together.get(key, 0.0) + (one.value or 0.0)
    used = {end for source, target, _colour in together for end in (source, target)}
    names = {key: drawing.nodes[key] for key in drawing.nodes if key in used}
    values = list(together.values())
    return {
        "x": [f"{names[source][0]} → {names[target][0]}" for source, target, _c in together],
        "series": [{"key": "", "name": _("Energy flow"), "values": values}],
        "unit": unit,
        "places": figures.places(values),
        "nodes": [
            {"key": key, "name": name, "colour": colour, "url": url}
            for key, (name, colour, url) in names.items()
        ],
        "links": [
            {"source": source, "target": target, "value": value, "colour": colour}
            for (source, target, colour), value in together.items()
        ],
    }
