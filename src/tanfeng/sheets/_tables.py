"""The tables behind the forms: rules with their texts, thresholds and the words of a reader.

``checks.csv`` and ``tokens.csv`` are shared with the whole project; ``own_checks.csv`` adds our
own rules, what a person should do about each rule, and a milder severity where a rule rests on
nothing but memory. ``thresholds.csv`` holds the numbers the rules lean on, so that a city can
set its own.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

from tanfeng.errors import ModelError, Severity

_UNVERIFIED_ZH = "(阈值为自定缺省, 待核实)"
_UNVERIFIED_EN = "(own default threshold, unverified)"


def rows(name: str) -> list[dict[str, str]]:
    """Return a table of the package as text, in the order of the file."""
    with (files("tanfeng.sheets") / "tables" / name).open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


class _Blanks(dict[str, Any]):
    """Placeholders a finding does not fill stay empty instead of raising."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: how grave it is, what it says and what to do about it."""

    key: str
    severity: Severity
    message_zh: str
    message_en: str
    remedy_zh: str
    remedy_en: str
    unverified: bool

    def texts(self, values: Mapping[str, object]) -> tuple[str, str, str, str]:
        """Return message and remedy in Chinese and English with the values filled in.

        A value that differs between the languages is a pair, Chinese first.
        """
        chinese, english = _Blanks(values), _Blanks(values)
        for name, value in values.items():
            if isinstance(value, tuple):
                chinese[name], english[name] = value
        zh = self.message_zh.format_map(chinese)
        en = self.message_en.format_map(english)
        if self.unverified:
            zh, en = f"{zh} {_UNVERIFIED_ZH}", f"{en} {_UNVERIFIED_EN}"
        return zh, en, self.remedy_zh.format_map(chinese), self.remedy_en.format_map(english)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number a rule leans on.

    Parameters
    ----------
    check : str
        Rule that uses it.
    value : float
        The number, in ``unit``.
    unit : str
        Unit; ``1`` for a share or a count.
    source, confidence : str
        Where it comes from; ``recalled`` shows as 待核实.
    """

    check: str
    value: float
    unit: str
    source: str
    confidence: str


@lru_cache(maxsize=1)
def thresholds() -> Mapping[str, Threshold]:
    """Return every threshold by name, for example ``E002.tolerance`` or ``V001.high``."""
    found = {
        f"{row['check_id']}.{row['name']}": Threshold(
            row["check_id"], float(row["value"]), row["unit"], row["source"], row["confidence"]
        )
        for row in rows("thresholds.csv")
    }
    for row in rows("checks.csv"):
        for bound in ("low", "high"):
            if row[bound]:
                found[f"{_shared_key(row)}.{bound}"] = Threshold(
                    _shared_key(row),
                    float(row[bound]),
                    row["unit"],
                    row["source"],
                    row["confidence"],
                )
    return MappingProxyType(found)


def threshold_values(overrides: Mapping[str, float] | None) -> dict[str, float]:
    """Return the numbers in force; an unknown name is an error, not a silent default."""
    values = {name: threshold.value for name, threshold in thresholds().items()}
    for name, value in (overrides or {}).items():
        if name not in values:
            raise ModelError(f"there is no threshold {name!r}; see tanfeng.sheets.thresholds()")
        values[name] = float(value)
    return values


def _shared_key(row: Mapping[str, str]) -> str:
    """Return the key of a shared check.

    The families X and U hold our own rules of cells and files. The few shared checks of that
    name, all of forms not read yet, are filed under the form: ``efficiency_list.X005``.
    """
    key = row["check_id"]
    return f"{row['form_keys'].split(';')[0]}.{key}" if key[0] in "XU" else key


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Return every rule by key, shared and own."""
    own = {row["check_id"]: row for row in rows("own_checks.csv")}
    shared = [row | {"check_id": _shared_key(row)} for row in rows("checks.csv")]
    leaning = {t.check for t in thresholds().values() if t.confidence == "recalled"}
    exact = {"Q004", "W001", "S003", "E003"}  # logical bounds and rounding, no judgement in them
    found: dict[str, Rule] = {}
    for row in [*shared, *own.values()]:
        key = row["check_id"]
        mine = own.get(key, {})
        if key in found:
            continue
        found[key] = Rule(
            key,
            cast(Severity, mine.get("severity") or row["severity"]),
            mine.get("message_zh") or row["message_zh"],
            mine.get("message_en") or row["message_en"],
            mine.get("remedy_zh", ""),
            mine.get("remedy_en", ""),
            _threshold_of(key) in leaning and _threshold_of(key) not in exact,
        )
    return MappingProxyType(found)


def _threshold_of(key: str) -> str:
    """Return the rule whose thresholds a wording belongs to: E021m is E021 said otherwise."""
    return "V001" if key == "V" else key.rstrip("m")


@lru_cache(maxsize=1)
def tokens() -> Mapping[str, frozenset[str]]:
    """Return the words a reader must know by kind, without spaces."""
    found: dict[str, set[str]] = {}
    for row in rows("tokens.csv"):
        found.setdefault(row["kind"], set()).add(row["token"].replace(" ", ""))
    return MappingProxyType({kind: frozenset(words) for kind, words in found.items()})
