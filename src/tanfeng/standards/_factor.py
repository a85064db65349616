"""What a look-up returns, and the city's own verified values that win over it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date

from tanfeng.errors import StandardError
from tanfeng.standards._document import split_document

#: Columns of one answer, in the order ``resolve`` returns them.
FACTOR_COLUMNS = (
    "ref",
    "value",
    "text",
    "unit",
    "name_zh",
    "name_en",
    "document",
    "clause",
    "valid_from",
    "valid_to",
    "region",
    "confidence",
    "evidence",
    "note",
    "choice_zh",
    "choice_en",
    "override",
    "shipped",
)

#: Confidence of a row that needs no 待核实 mark.
VERIFIED = frozenset({"confirmed", "override"})


@dataclass(frozen=True, slots=True)
class Override:
    """A value the city verified itself; it wins over the shipped row it names.

    Parameters
    ----------
    table, row_id : str
        The shipped row it replaces.
    value : float
        Verified value. [unit of the shipped row]
    unit : str
        Must equal the unit of the shipped row.
    document : str
        Document the value was read in, with its clause.
    verified_by : str
        Who read it.
    verified_on : date
        When.
    note : str
        Anything else.
    """

    table: str
    row_id: str
    value: float
    unit: str
    document: str
    verified_by: str
    verified_on: date
    note: str = ""

    @property
    def ref(self) -> str:
        """Reference of the row it replaces, for example ``fuels/<id>``."""
        return f"{self.table}/{self.row_id}"

    @property
    def text(self) -> str:
        """Value in its shortest decimal form."""
        return repr(float(self.value)).removesuffix(".0")


class Overrides(Mapping[str, Override]):
    """Overrides by the reference of the row they replace; cannot be changed.

    Parameters
    ----------
    overrides : iterable of Override
        At most one per row.

    Raises
    ------
    StandardError
        If two speak of the same row.
    """

    __slots__ = ("_by_ref",)

    def __init__(self, overrides: Iterable[Override] = ()) -> None:
        by_ref: dict[str, Override] = {}
        for override in overrides:
            if override.ref in by_ref:
                raise StandardError(
                    f"two overrides speak of {override.ref}; keep one of them",
                    f"{override.ref} 有两个覆盖值；只能保留一个",
                )
            by_ref[override.ref] = override
        self._by_ref = dict(sorted(by_ref.items()))

    def __getitem__(self, ref: str) -> Override:
        """Return the override of a row."""
        return self._by_ref[ref]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the references, sorted."""
        return iter(self._by_ref)

    def __len__(self) -> int:
        """Return how many rows are overridden."""
        return len(self._by_ref)

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(tuple(self._by_ref.values()))

    def __repr__(self) -> str:
        """Show the content."""
        return f"Overrides({list(self._by_ref.values())!r})"

    def digest(self) -> str:
        """Return the SHA-256 of the content, the same whatever order they were given in."""
        rows = [
            [str(getattr(override, field.name)) for field in fields(Override)]
            for override in self._by_ref.values()
        ]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Factor:
    """One row of the standards with everything a reader needs to judge it.

    Parameters
    ----------
    ref : str
        ``table/row_id``.
    table, row_id : str
        Where the row stands.
    name_zh, name_en : str
        What it is.
    value : float or None
        Number in ``unit``; None when the row holds a code, a date or a status.
    text : str
        Value as printed in the table or in the override.
    unit : str
        Unit of the value, or the kind of text it is.
    document, clause : str
        Where the number belongs; the clause is empty when the row names none.
    valid_from, valid_to : str
        In force, ISO dates, empty = open. Not the year a factor speaks of.
    region : str
        Region the row speaks of.
    confidence : str
        ``confirmed``, ``single``, ``recalled``, or ``override``.
    evidence, note : str
        Codes of the sources seen, and remarks.
    choice_zh, choice_en : str
        How the row was chosen.
    override : Override or None
        The city's value that won, if any.
    shipped : str
        Value the shipped row has, when an override won; else empty.
    passed_over : tuple of Factor
        Other rows that could have been chosen, newest first (``newest`` only).
    """

    ref: str
    table: str
    row_id: str
    name_zh: str
    name_en: str
    value: float | None
    text: str
    unit: str
    document: str
    clause: str
    valid_from: str
    valid_to: str
    region: str
    confidence: str
    evidence: str
    note: str
    choice_zh: str = ""
    choice_en: str = ""
    override: Override | None = None
    shipped: str = ""
    passed_over: tuple[Factor, ...] = ()

    @property
    def verified(self) -> bool:
        """Tell whether the row needs no 待核实 mark."""
        return self.confidence in VERIFIED

    @property
    def number(self) -> float:
        """Return the value, or raise when the row holds text.

        Raises
        ------
        StandardError
            If the row holds a code, a date or a status.
        """
        if self.value is None:
            raise StandardError(
                f"{self.ref} holds {self.text!r} ({self.unit}), which is no number",
                f"{self.ref} 的内容是 {self.text!r}（{self.unit}），不是数值",
            )
        return self.value

    @property
    def override_text(self) -> str:
        """Return value, document, who, when and the shipped value as one line; else empty."""
        if self.override is None:
            return ""
        parts = (
            f"{self.text} {self.unit}",
            self.override.document,
            self.override.verified_by,
            self.override.verified_on.isoformat(),
            self.override.note,
            f"<- {self.shipped} {self.unit}",
        )
        return "; ".join(part for part in parts if part)

    def as_row(self) -> dict[str, str | float | None]:
        """Return the columns ``resolve`` returns for this row."""
        return {
            name: self.override_text if name == "override" else getattr(self, name)
            for name in FACTOR_COLUMNS
        }


def overridden(shipped: Factor, override: Override) -> Factor:
    """Return the shipped row with the city's verified value in its place.

    Parameters
    ----------
    shipped : Factor
        The row as shipped.
    override : Override
        The value that wins.

    Raises
    ------
    StandardError
        If the row holds text, the unit differs, the value is not finite, or document or name
        are empty.
    """
    if shipped.value is None:
        raise StandardError(
            f"{shipped.ref} holds {shipped.text!r}; only numbers can be overridden",
            f"{shipped.ref} 的内容是 {shipped.text!r}；只有数值可以覆盖",
        )
    if override.unit != shipped.unit:
        raise StandardError(
            f"the override of {shipped.ref} is in {override.unit!r}, the row in {shipped.unit!r}; "
            "convert the value and give it in the unit of the row",
            f"{shipped.ref} 的覆盖值单位是 {override.unit!r}，标准表为 {shipped.unit!r}；"
            "请换算成标准表的单位",
        )
    if not math.isfinite(override.value):
        raise StandardError(
            f"the override of {shipped.ref} is {override.value}, which is no value",
            f"{shipped.ref} 的覆盖值 {override.value} 不是有效数值",
        )
    for name, name_zh in (("document", "依据文件"), ("verified_by", "核实人")):
        if not getattr(override, name).strip():
            raise StandardError(
                f"the override of {shipped.ref} has no {name}; fill it in",
                f"{shipped.ref} 的覆盖值未填写{name_zh}；请补填",
            )
    document, clause = split_document(override.document)
    return replace(
        shipped,
        value=float(override.value),
        text=override.text,
        document=document,
        clause=clause,
        confidence="override",
        note=override.note or shipped.note,
        override=override,
        shipped=shipped.text,
    )
