"""Headings: how they are folded for comparison, which field they mean, which unit they name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tanfeng import units
from tanfeng.sheets._numbers import to_unit
from tanfeng.sheets.forms import ROW_UNITS, UNIT_NAMES, Column, Form

_BRACKETS = re.compile(r"[(\[【〔<]([^()\[\]【】〔〕<>]*)[)\]】〕>]")
_NUMBERING = re.compile(r"^(?:\d{1,2}[.、)](?!\d)|\(\d{1,2}\)|[①-⑳]|[一二三四五六七八九十]{1,2}、)")
_OF_WHICH = re.compile(r"^(?:[—-]{0,2}其中[:：]?|[##]|\(其中\))")
_TAIL_UNIT = re.compile(r"[/,:：_](?=[^/,:：_]+$)")
_PUNCTUATION = re.compile(r"[\s:：、,。.*★☆\"'“”‘’()\[\]【】〔〕<>]")
#: Units a heading may name that no value is converted between.
_FURTHER_UNITS = frozenset(
    {
        "r/min",
        "rpm",
        "转/分",
        "V",
        "A",
        "℃",
        "°",
        "度",
        "MPa",
        "kPa",
        "年",
        "month",
        "deg",
        "1e4CNY",
    }
)
#: Parts of the units of emission factors and of laboratory values.
_CHEMICAL_UNITS = frozenset(
    {
        "tC",
        "tCO2",
        "tCO2e",
        "tCH4",
        "kgCO2",
        "kgCO2e",
        "kgCH4",
        "kgN2O",
        "kgCOD",
        "kJ",
        "MJ",
        "kcal",
    }
    | {"g", "mg", "mol", "kmol", "kmolC", "Nm3", "1e4Nm3", "m3", "min", "d", "operation", "°C"}
    | {"kgC", "MWh", "fraction", "小数"}
)


def half_width(text: str) -> str:
    """Return half-width text without any blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@lru_cache(maxsize=8192)
def _is_unit(text: str) -> bool:
    if text in _FURTHER_UNITS:
        return True
    parts = text.split("/")
    return all(
        part in _FURTHER_UNITS or part in _CHEMICAL_UNITS or bool(units.canonical_units(part))
        for part in parts
    )


def stripped(text: str) -> str:
    """Return text without numbering and 其中 at its start."""
    before = ""
    while before != text:
        before = text
        text = _OF_WHICH.sub("", _NUMBERING.sub("", text))
    return text


@lru_cache(maxsize=8192)
def fold(heading: str) -> tuple[str, str]:
    """Return the comparable form of a heading and the unit it names.

    Parameters
    ----------
    heading : str
        As printed, line breaks and all.

    Returns
    -------
    tuple of str
        ``("购进金额", "千元")`` for ``3. 购进金额（千元）``.
    """
    text = stripped(half_width(_NUMBERING.sub("", heading[:200].strip())))
    found: list[str] = []

    def bracket(match: re.Match[str]) -> str:
        inside = re.sub(r"^单位[:：]?", "", match[1])
        if _is_unit(inside):
            found.append(inside)
            return ""
        return match[1]

    text = _BRACKETS.sub(bracket, text)
    parts = _TAIL_UNIT.split(text)
    if len(parts) > 1 and _is_unit(parts[-1]):
        found.append(parts[-1])
        text = text[: -len(parts[-1]) - 1]
    return _PUNCTUATION.sub("", stripped(text)).lower(), found[-1] if found else ""


def _spellings(form: Form) -> Iterator[tuple[Column, str, str]]:
    """Yield every heading of a form with how it counts: exact headings before synonyms."""
    for column in form.columns:
        yield column, "exact", column.heading_zh
        yield column, "exact", column.heading_en
    for column in form.columns:
        for synonym in column.synonyms:
            yield column, "synonym", synonym


@lru_cache(maxsize=64)
def _names(form: Form) -> Mapping[str, tuple[tuple[str, str, str], ...]]:
    """Folded name -> fields it may mean, each with how it matched and its folded group."""
    names: dict[str, dict[str, tuple[str, str, str]]] = {}
    for column, how, spelling in _spellings(form):
        key, group = fold(spelling)[0], fold(column.group_zh)[0]
        for name in {group + key, key} if key else ():
            names.setdefault(name, {}).setdefault(column.key, (column.key, how, group))
    return {name: tuple(entries.values()) for name, entries in names.items()}


@dataclass(frozen=True, slots=True)
class Match:
    """A heading that means a field."""

    field: str
    how: str
    unit: str
    factor: float | None


def match_all(form: Form, paths: Sequence[tuple[str, ...]]) -> dict[int, Match]:
    """Return which field each column of a header means.

    Parameters
    ----------
    form : Form
        The form to compare with.
    paths : sequence of tuple of str
        Parts of the heading of every column, group first; empty for no heading.

    Returns
    -------
    dict
        Column -> match. A field is given to one column only, the closest and leftmost.
    """
    offers: list[tuple[int, int, int, Match]] = []
    for i, path in enumerate(paths):
        offers += [(rank, order, i, m) for rank, order, m in _offers(form, path)]
    taken: dict[int, Match] = {}
    fields: set[str] = set()
    for _rank, _order, i, match in sorted(offers, key=lambda offer: offer[:3]):
        if i not in taken and match.field not in fields:
            taken[i] = match
            fields.add(match.field)
    return taken


def _offers(form: Form, path: tuple[str, ...]) -> Iterable[tuple[int, int, Match]]:
    if not path:
        return
    folded = [fold(part) for part in path]
    keys = [key for key, _ in folded]
    unit = next((u for _, u in reversed(folded) if u), "")
    candidates = dict.fromkeys(("".join(keys), "".join(keys[-2:]), keys[0] + keys[-1], keys[-1]))
    names = _names(form)
    for rank, name in enumerate(candidates):
        for field, how, group in names.get(name, ()):
            column = form.column(field)
            factor = factor_of(column, unit)
            if factor is None and column.numeric and unit and column.unit not in ROW_UNITS:
                continue  # another kind of quantity under a similar name
            order = (how != "exact") * 2 + (bool(group) and group not in keys)
            yield rank, order, Match(field, how, unit, factor)


def factor_of(column: Column, unit: str) -> float | None:
    """Return the factor from a heading's unit to the unit of the field.

    None for fields that are no numbers, for units of another kind, and where the row decides.
    """
    if not column.numeric:
        return None
    if column.unit in {"item unit", "row unit"}:
        return None if unit else 1.0
    if not unit:
        return 1.0
    same = {half_width(name) for name in (column.unit, *UNIT_NAMES.get(column.unit, ()))}
    if not column.unit or column.unit in ROW_UNITS or half_width(unit) in same:
        return 1.0
    return to_unit(unit, column.unit)


def candidates(form: Form, path: tuple[str, ...], free: Iterable[str]) -> tuple[str, ...]:
    """Return the fields an unknown heading may mean, the most alike first."""
    pairs = _pairs("".join(fold(part)[0] for part in path))
    scored = []
    for field in free:
        column = form.column(field)
        alike = max(
            _alike(pairs, _pairs(fold(name)[0]))
            for name in (column.heading_zh, column.heading_en, *column.synonyms)
        )
        if alike > 0.15:
            scored.append((-alike, field))
    return tuple(field for _, field in sorted(scored)[:3])


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1)) or frozenset({text})


def _alike(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)
