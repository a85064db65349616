"""The parts a method is declared with: inputs, steps, source kinds, materials, streams.

A :class:`Kind` of source (fuel burned, carbonate decomposed ...) says once how an emission is
computed, in steps. A :class:`Stream` of a method takes a kind and says under which clause it
stands, which materials it knows and where their defaults are. A :class:`Method` is an ordered
list of streams, in the order of the official report.

Every step is declared twice, as text of a formula and as arithmetic over arrays, so that the
independent evaluator of :mod:`tanfeng.trace` can show an error in either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from tanfeng.errors import ModelError
from tanfeng.trace import MAX_INPUTS, Formula, Symbol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.float64]]

#: Where the value of a parameter may come from, best first.
PARAMETER_TIERS = ("measured", "calculated", "supplier", "default")
#: Quantity of every step that ends in an emission; removals are negative.
EMISSION = "emission_tco2e"
#: Scopes of a stream: what a national-market account takes, and what only the enterprise takes.
SCOPES = ("direct", "electricity", "heat")


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a step.

    Parameters
    ----------
    symbol : str
        Symbol as the documents print it.
    column : str
        Column of the kind's frame; its value stands in ``unit``.
    unit : str
        Unit of the value; ``item unit`` is the unit of the material.
    name_zh, name_en : str
        What it is.
    low, high : float
        Values outside are refused: they are slips of unit. [unit]
    default : bool
        Whether a material may bring a default for it; otherwise the form must say it.
    empty_is_zero : bool
        Whether an empty cell means none (a deduction nobody claims).
    extensive : bool
        Whether it is an amount, which doubles with the enterprise, and not a property.
    """

    symbol: str
    column: str
    unit: str
    name_zh: str
    name_en: str
    low: float = float("-inf")
    high: float = float("inf")
    default: bool = False
    empty_is_zero: bool = False
    extensive: bool = False

    @property
    def as_symbol(self) -> Symbol:
        """The input as a symbol of a formula."""
        return Symbol(self.symbol, self.unit, self.name_zh, self.name_en, field=self.column)


@dataclass(frozen=True, slots=True)
class Step:
    """One computation of a kind.

    Parameters
    ----------
    quantity : str
        What it gives, unit in the name. A step before the last fills the column of this name
        where it is empty; the last one gives ``EMISSION``.
    symbol : str
        Left-hand side as the documents print it.
    unit : str
        Unit of the result.
    expression : str
        Right-hand side as text.
    value : callable
        The same over arrays by symbol, written apart.
    inputs : tuple of Input
        In the order of the text.
    """

    quantity: str
    symbol: str
    unit: str
    expression: str
    value: Callable[[Arrays], NDArray[np.float64]]
    inputs: tuple[Input, ...]

    def __post_init__(self) -> None:
        """Refuse a step that has more inputs than a line."""
        if len(self.inputs) > MAX_INPUTS:
            raise ModelError(f"{self.quantity} has more than {MAX_INPUTS} inputs; split the step")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source.

    Parameters
    ----------
    key : str
        Name of the kind.
    name_zh, name_en : str
        Name in words.
    steps : tuple of Step
        In order; the last one gives ``EMISSION``.
    gas : str
        Gas it gives off; the emission is in tCO2 equivalent.
    number : str
        Number of the formula in ``docs/methods``.
    item_unit : str
        Unit its materials must have, where its arithmetic is for that unit only; empty for any.
    """

    key: str
    name_zh: str
    name_en: str
    steps: tuple[Step, ...]
    gas: str = "CO2"
    number: str = ""
    item_unit: str = ""

    def takes(self, item: Item) -> bool:
        """Tell whether a material can be computed this way, by the unit of its amount."""
        return self.item_unit in ("", item.unit)

    def __post_init__(self) -> None:
        """Refuse a kind whose last step is no emission."""
        if self.steps[-1].quantity != EMISSION:
            raise ModelError(f"the last step of {self.key} must give {EMISSION}")

    def step_key(self, step: Step) -> str:
        """Name a step: what it gives, numbered where an earlier step may give the same."""
        same = [one for one in self.steps if one.quantity == step.quantity]
        place = same.index(step)
        return step.quantity if place == 0 else f"{step.quantity}.{place + 1}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        """Every input by column, those an earlier step may fill included."""
        return {one.column: one for step in reversed(self.steps) for one in step.inputs}


@dataclass(frozen=True, slots=True)
class Default:
    """Where the default of a parameter stands.

    Parameters
    ----------
    ref : str
        ``table/row id``; empty for electricity, which is chosen by data year.
    kind, region : str
        Kind and region of the electricity factor looked up by data year.
    rule_zh, rule_en : str
        When it may be used: the rule, with its clause where that is known.
    substitute : bool
        Whether it is the value a text orders when a required measurement is missing.
    """

    ref: str = ""
    kind: str = ""
    region: str = ""
    rule_zh: str = "指南缺省值"
    rule_en: str = "default of the guideline"
    substitute: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a text asks of a laboratory's value.

    Parameters
    ----------
    column : str
        Input it is asked of.
    accredited : bool
        Whether the laboratory must be accredited.
    most_days : int or None
        Days allowed between sample and test; None where the text names none. [d]
    rule_zh, rule_en : str
        Frequency and basis, as told to the person who fills the form.
    confidence : str
        How well the rule is confirmed.
    """

    column: str
    accredited: bool = False
    most_days: int | None = None
    rule_zh: str = ""
    rule_en: str = ""
    confidence: str = "recalled"


@dataclass(frozen=True, slots=True)
class Item:
    """A material or gas a stream knows.

    Parameters
    ----------
    key : str
        Name of the material.
    name_zh, name_en : str
        Name in words.
    unit : str
        Unit of its amount.
    defaults : mapping of str to Default
        Column of a parameter -> its default.
    """

    key: str
    name_zh: str
    name_en: str
    unit: str = "t"
    defaults: Mapping[str, Default] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Stream:
    """A line of a method's report: a source, where it stands and which materials it knows.

    Parameters
    ----------
    key : str
        Name inside the method.
    name_zh, name_en : str
        As the official report prints it.
    kinds : tuple of Kind
        How it may be computed; the form says which.
    items : tuple of Item
        Materials; a row with another one is refused.
    clause, equation : str
        Where it stands in the document; empty where that was not seen.
    clause_confidence, clause_evidence : str
        How well the clause is confirmed and the codes of its sources; empty without a clause.
    confidence : str
        How well the formula is confirmed, as for factors.
    scope : str
        One of ``SCOPES``.
    measured : frozenset of str
        Columns the text wants measured; a default there is told to the verifier.
    sampling : tuple of Sampling
        What the text asks of measured values.
    facility : bool
        Whether it belongs to the facility level (unit or line) of a market text.
    counted : bool
        Whether a market text counts it in its total although it is not direct.
    to_prove : mapping of str to (str, str)
        Columns the text takes off only under a condition, with the condition in both languages;
        told to the verifier where one is filled in.
    """

    key: str
    name_zh: str
    name_en: str
    kinds: tuple[Kind, ...]
    items: tuple[Item, ...]
    clause: str = ""
    equation: str = ""
    clause_confidence: str = ""
    clause_evidence: str = ""
    confidence: str = "single"
    scope: str = "direct"
    measured: frozenset[str] = frozenset()
    sampling: tuple[Sampling, ...] = ()
    facility: bool = True
    counted: bool = False
    to_prove: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def kind(self, key: str) -> Kind:
        """Return one of the kinds.

        Raises
        ------
        ModelError
            If the stream is not computed that way.
        """
        for kind in self.kinds:
            if kind.key == key:
                return kind
        raise ModelError(f"stream {self.key} is not computed by {key}")


@dataclass(frozen=True, slots=True)
class Method:
    """A document that says how an enterprise accounts for its emissions.

    Parameters
    ----------
    key : str
        Name of the method, after the document.
    number, title_zh, title_en, edition : str
        The document.
    valid_from, valid_to : str
        First and last day of data the text is for, ISO; empty where open.
    sector : str
        Sector of the plan, empty for the general method.
    boundary_zh, boundary_en : str
        What is inside.
    streams : tuple of Stream
        In the order of the report.
    doubts_zh, doubts_en : tuple of str
        What could not be confirmed; shown as 待核实.
    market : bool
        Whether it is a text of the national market: direct emissions and what is ``counted``.
    per_unit : bool
        Whether results per generating unit stand beside the emission (``power_units``).
    """

    key: str
    number: str
    title_zh: str
    title_en: str
    edition: str
    valid_from: str
    valid_to: str
    sector: str
    boundary_zh: str
    boundary_en: str
    streams: tuple[Stream, ...]
    doubts_zh: tuple[str, ...] = ()
    doubts_en: tuple[str, ...] = ()
    market: bool = False
    per_unit: bool = False
    _formulas: Mapping[str, Formula] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse two streams of one name and two materials of one name; write the formulas once."""
        keys = [stream.key for stream in self.streams]
        if len(set(keys)) != len(keys):
            raise ModelError(f"method {self.key} has a stream twice: {keys}")
        for stream in self.streams:
            items = [item.key for item in stream.items]
            if len(set(items)) != len(items):
                raise ModelError(f"stream {self.key}.{stream.key} has a material twice: {items}")
        formulas = (
            self._formula(stream, kind, step)
            for stream in self.streams
            for kind in stream.kinds
            for step in kind.steps
        )
        whole = MappingProxyType({formula.key: formula for formula in formulas})
        object.__setattr__(self, "_formulas", whole)

    def stream(self, key: str) -> Stream:
        """Return a stream by its key.

        Raises
        ------
        ModelError
            If the method has no such stream.
        """
        for stream in self.streams:
            if stream.key == key:
                return stream
        known = ", ".join(stream.key for stream in self.streams)
        raise ModelError(f"method {self.key} has no stream {key!r}; it has {known}")

    @property
    def document(self) -> str:
        """Number and title, as a formula names its document."""
        return f"{self.title_zh}（{self.number}）"

    def formulas(self) -> Mapping[str, Formula]:
        """Return every formula of the method by ``method.stream.kind.step``."""
        return self._formulas

    def _formula(self, stream: Stream, kind: Kind, step: Step) -> Formula:
        return Formula(
            key=formula_key(self.key, stream.key, kind.key, kind.step_key(step)),
            quantity=step.quantity,
            symbol=step.symbol,
            unit=step.unit,
            expression=step.expression,
            symbols=tuple(one.as_symbol for one in step.inputs),
            document=self.document,
            clause=stream.clause,
            equation=stream.equation,
            name_zh=f"{stream.name_zh}：{kind.name_zh}",
            name_en=f"{stream.name_en}: {kind.name_en}",
            confidence=stream.confidence,
            clause_confidence=stream.clause_confidence,
            clause_evidence=stream.clause_evidence,
        )


def formula_key(method: str, stream: str, kind: str, step: str) -> str:
    """Return the key of a formula, as a line stores it.

    Parameters
    ----------
    method, stream, kind : str
        Keys of the method, its stream and the kind.
    step : str
        Name of the step, as ``Kind.step_key`` gives it.

    Returns
    -------
    str
        The four, joined by dots.
    """
    return f"{method}.{stream}.{kind}.{step}"
