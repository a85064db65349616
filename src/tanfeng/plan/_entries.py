"""Typed access to the plan's tables: targets, tasks, units and the words they use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from tanfeng.errors import ModelError
from tanfeng.plan._tables import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Kinds of target in the order they are shown.
KINDS = ("quantified", "qualitative", "standing_rule", "derived", "scope_threshold")
#: The one clause that states targets but orders nothing: the overall goals.
GOALS_CLAUSE = "1.3"
_CODE = re.compile(r"C\d\d$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A department or kind of government the plan names.

    Parameters
    ----------
    name_zh, name_en, short_zh, short_en : str
        Full and short names.
    kind : {"department", "collective", "area"}
        A single department, a name for many, or the authority of an area.
    """

    name_zh: str
    name_en: str
    short_zh: str
    short_en: str
    kind: str

    def name(self, lang: str = "zh") -> str:
        """Return the full name in the language asked for."""
        return self.name_en if lang == "en" else self.name_zh

    def short(self, lang: str = "zh") -> str:
        """Return the short name in the language asked for."""
        return self.short_en if lang == "en" else self.short_zh


@dataclass(frozen=True, slots=True)
class Comparator:
    """A way a target is judged: symbol, name, phrase with ``{amount}``, and how to read it."""

    key: str
    symbol: str
    name_zh: str
    name_en: str
    phrase_zh: str
    phrase_en: str
    reading_zh: str
    reading_en: str

    def name(self, lang: str = "zh") -> str:
        """Return the name in the language asked for."""
        return self.name_en if lang == "en" else self.name_zh

    def reading(self, lang: str = "zh") -> str:
        """Return how a target of this kind is read."""
        return self.reading_en if lang == "en" else self.reading_zh


@dataclass(frozen=True, slots=True)
class Target:
    """A target as the plan states it.

    Parameters
    ----------
    key : str
        ``T01`` to ``T63``.
    indicator_zh, indicator_en : str
        What is aimed at.
    comparator : str
        Key of a :class:`Comparator`.
    value : str
        Number or word as text, empty where the plan gives none. [unit]
    unit : str
        Key of the word list ``unit``.
    year : str
        Key of the word list ``year``.
    scope : tuple of str
        Keys of the word list ``scope``.
    base_year : str
        Year the change is counted from, empty where the plan names none.
    clause : str
        Clause of the plan; a task, or ``1.3``.
    units : tuple of str
        Chinese names of the units responsible, in the plan's order, which names no lead.
    kind : str
        One of ``KINDS``.
    measure_zh, measure_en : str
        How it is measured.
    """

    key: str
    indicator_zh: str
    indicator_en: str
    comparator: str
    value: str
    unit: str
    year: str
    scope: tuple[str, ...]
    base_year: str
    clause: str
    units: tuple[str, ...]
    kind: str
    measure_zh: str
    measure_en: str


@dataclass(frozen=True, slots=True)
class Task:
    """A clause of the plan that orders something.

    Parameters
    ----------
    clause : str
        Number of part, section and item, for example ``2.2.5``.
    title_zh, title_en : str
        Title in our own words.
    units : tuple of str
        Chinese names of the units, in the plan's order, which names no lead.
    sectors, capabilities : tuple of str
        Keys of the word lists ``sector`` and ``capability``.
    note_zh, note_en : str
        Remark of the compiler, empty for most.
    """

    clause: str
    title_zh: str
    title_en: str
    units: tuple[str, ...]
    sectors: tuple[str, ...]
    capabilities: tuple[str, ...]
    note_zh: str
    note_en: str


@dataclass(frozen=True, slots=True)
class Remark:
    """An open point of the plan text.

    Parameters
    ----------
    key : str
        Identifier.
    kind : {"decision", "reading", "denominator"}
        Somebody must decide; easily misread; which denominator is meant.
    targets, tasks : tuple of str
        Targets and clauses it speaks of.
    text_zh, text_en : str
        The point.
    """

    key: str
    kind: str
    targets: tuple[str, ...]
    tasks: tuple[str, ...]
    text_zh: str
    text_en: str

    def text(self, lang: str = "zh") -> str:
        """Return the point in the language asked for."""
        return self.text_en if lang == "en" else self.text_zh


@dataclass(frozen=True, slots=True)
class Reference:
    """A count seen in a public report; for orientation, never progress of a target."""

    key: str
    target: str
    area_zh: str
    area_en: str
    value: str
    as_of: str
    level_zh: str
    level_en: str
    source_zh: str
    source_en: str
    tag: str

    def label(self, lang: str = "zh") -> str:
        """Return area and level in the language asked for."""
        if lang == "en":
            return f"{self.area_en}: {self.level_en}"
        return f"{self.area_zh}：{self.level_zh}"

    def source(self, lang: str = "zh") -> str:
        """Return where the count was seen."""
        return self.source_en if lang == "en" else self.source_zh


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


@cache
def words(name: str) -> Mapping[str, tuple[str, str]]:
    """Return a word list as key -> (Chinese, English).

    Parameters
    ----------
    name : {"kind", "year", "unit", "scope", "sector", "capability"}
        The list.
    """
    found = {row["key"]: (row["zh"], row["en"]) for row in rows("words") if row["list"] == name}
    if not found:
        known = sorted({row["list"] for row in rows("words")})
        raise ModelError(f"the plan has no word list {name!r}; known: {', '.join(known)}")
    return MappingProxyType(found)


def word(name: str, key: str, lang: str = "zh") -> str:
    """Return a word of a list in the language asked for.

    Parameters
    ----------
    name : str
        Word list, one of :func:`words`.
    key : str
        Key inside the list.
    lang : {"zh", "en"}
        Language of the word.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If there is no such list, or no such key in it.
    """
    try:
        return words(name)[key][1 if lang == "en" else 0]
    except KeyError:
        raise ModelError(f"word list {name!r} has no {key!r}") from None


@cache
def _same_sector() -> Mapping[str, str]:
    """Several spellings of one sector -> the first of them."""
    first: dict[str, str] = {}
    return {key: first.setdefault(zh, key) for key, (zh, _en) in words("sector").items()}


@cache
def units() -> tuple[Unit, ...]:
    """Return the 20 units the plan names."""
    return tuple(Unit(**row) for row in rows("units"))


@cache
def comparators() -> Mapping[str, Comparator]:
    """Return the comparators by key."""
    return MappingProxyType({row["key"]: Comparator(**row) for row in rows("comparators")})


@cache
def targets() -> tuple[Target, ...]:
    """Return the 63 targets."""
    chinese = {row["id"]: row["measure_zh"] for row in rows("target_texts")}
    return tuple(
        Target(
            key=row["id"],
            indicator_zh=row["indicator_zh"],
            indicator_en=row["indicator"],
            comparator=row["comparator"],
            value=row["value"],
            unit=row["unit"],
            year=row["year"],
            scope=_list(row["scope"]),
            base_year=row["base_year"],
            clause=row["clause"],
            units=_list(row["responsible_units"]),
            kind=row["kind"],
            measure_zh=chinese[row["id"]],
            measure_en=row["measure"],
        )
        for row in rows("targets")
    )


def _capability(text: str) -> str:
    """Take the code of ``C22 equipment register``; words without a code stand for themselves."""
    head = text.split(" ", 1)[0]
    return head if _CODE.match(head) else text


@cache
def tasks() -> tuple[Task, ...]:
    """Return the 45 tasks in the order of the plan."""
    same = _same_sector()
    english = {row["id"]: row["note_en"] for row in rows("task_texts")}
    return tuple(
        Task(
            clause=row["id"],
            title_zh=row["title_zh"],
            title_en=row["title_en"],
            units=_list(row["responsible_units"]),
            sectors=tuple(dict.fromkeys(same[key] for key in _list(row["sectors"]))),
            capabilities=tuple(dict.fromkeys(map(_capability, _list(row["capability"])))),
            note_zh=row["note"],
            note_en=english.get(row["id"], ""),
        )
        for row in rows("tasks")
    )


@cache
def remarks() -> tuple[Remark, ...]:
    """Return the open points of the plan text."""
    return tuple(
        Remark(
            key=row["id"],
            kind=row["kind"],
            targets=_list(row["targets"]),
            tasks=_list(row["tasks"]),
            text_zh=row["zh"],
            text_en=row["en"],
        )
        for row in rows("remarks")
    )


@cache
def references() -> tuple[Reference, ...]:
    """Return the counts seen in public reports."""
    return tuple(Reference(key=row["id"], **_without(row, "id")) for row in rows("references"))


def _without(row: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in row.items() if key != name}


def amount(value: str, unit: str, lang: str = "zh") -> str:
    """Return a target's value with its unit in words, empty without a value.

    Parameters
    ----------
    value : str
        Value as shipped. [unit]
    unit : str
        Key of the word list ``unit``.
    lang : {"zh", "en"}
        Language of the words.

    Returns
    -------
    str
        For example ``1 200 万吨``: thousands set apart by a thin space that does not break.
    """
    if not value:
        return ""
    shown = f"{int(value):,}".replace(",", "\u202f") if _is_large(value) else value
    return word("unit", unit, lang).replace("{value}", shown) if unit in words("unit") else shown


def _is_large(value: str) -> bool:
    return value.isdigit() and len(value) > 4


def rule(comparator: str, value: str, unit: str, *, base_year: str = "", lang: str = "zh") -> str:
    """Return what a target asks for as words, for example ``不低于 70%``.

    Parameters
    ----------
    comparator : str
        Key of a comparator.
    value : str
        Value as shipped. [unit]
    unit : str
        Key of the word list ``unit``.
    base_year : str
        Year the change is counted from.
    lang : {"zh", "en"}
        Language of the words.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        If the comparator is unknown.
    """
    found = comparators().get(comparator)
    if found is None:
        raise ModelError(f"no comparator {comparator!r}; known: {', '.join(comparators())}")
    phrase = found.phrase_en if lang == "en" else found.phrase_zh
    said = phrase.replace("{amount}", amount(value, unit, lang))
    if not base_year:
        return said
    return (
        f"{said}, compared with {base_year}" if lang == "en" else f"{said}（与 {base_year} 年相比）"
    )


def due_year(year: str) -> int | None:
    """Return the year a target falls due, None for standing rules and open dates."""
    return int(year) if year.isdigit() else None
