"""Columns of cells into columns of values, each cell with what there is to say about it.

Plain numbers pass as whole arrays. Only irregular cells (text, dates, nothing) are looked at one
by one, and each distinct text is understood once.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanfeng.errors import Severity
from tanfeng.sheets import _dates, _identity
from tanfeng.sheets._findings import Findings
from tanfeng.sheets._numbers import (
    ERRORS,
    PLAIN,
    Written,
    folded,
    is_nil,
    is_pending,
    scaled,
    show,
    times,
    written,
)
from tanfeng.sheets._source import Cell
from tanfeng.sheets._tables import tokens
from tanfeng.sheets.forms import Column

_ABOUT = re.compile(r"^(?:约|大约|近|≈|~|>|<|≥|≤)+|(?:左右|以上|以下|多|余)+$")
_OCR = str.maketrans({"l": "1", "I": "1", "|": "1", "O": "0", "o": "0", "〇": "0", "。": "."})
_AMOUNT = re.compile(r"([+-]?\d[\d,]*(?:\.\d+)?)\s*(\S.*)?")
_HYPHEN = re.compile(r"(?<=[0-9A-Za-z])[一—–－](?=[0-9A-Za-z])")


@dataclass(slots=True)
class Context:
    """What every parser of a column needs.

    Parameters
    ----------
    findings : Findings
        Where findings go.
    rows : sequence of int
        Row of every cell as the person sees it.
    text_grid : bool
        True for text files, where a plain number is no text number.
    today : date
        For periods in the future.
    year : int or None
        Year stated above the table.
    """

    findings: Findings
    rows: Sequence[int]
    text_grid: bool
    today: dt.date
    year: int | None = None

    def add(self, rule: str, i: int, column: Column, **values: Any) -> None:
        """Add a finding about the i-th cell of a column."""
        self.findings.add(rule, self.rows[i], column.key, **values)


def clean(cell: Cell) -> str:
    """Return a cell as one line of text."""
    if isinstance(cell, str):
        return " ".join(cell.split()) if "\n" in cell or "\r" in cell else cell.strip()
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float):
        return show(float(cell))
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return str(cell)


# ------------------------------------------------------------------------------ numbers


def numbers(
    cells: Sequence[Cell],
    column: Column,
    context: Context,
    *,
    unit: str,
    factor: float | None,
    row_units: Sequence[str] | None = None,
    row_factors: NDArray[np.float64] | None = None,
    heading_unit: str = "",
) -> NDArray[np.float64]:
    """Return the values of a column of numbers in the unit of its field, NaN for no data.

    Parameters
    ----------
    cells : sequence
        Cells as the workbook gives them.
    column : Column
        The field.
    context : Context
        Rows and findings.
    unit : str
        Unit of the field, where it is the same in every row.
    factor : float or None
        Factor from the heading's unit; None when ``row_factors`` decides.
    row_units, row_factors
        Unit of the field and factor to it, row by row.
    heading_unit : str
        Unit the heading names.
    """
    size = len(cells)
    values = np.full(size, math.nan)
    odd = [i for i, cell in enumerate(cells) if cell.__class__ is not float]
    if not odd:
        values = np.asarray(cells, dtype=float)
    elif len(odd) < size:
        regular = np.ones(size, dtype=bool)
        regular[odd] = False
        where = np.flatnonzero(regular)
        values[where] = [cells[i] for i in where.tolist()]
    if row_factors is not None:
        values = times(values, row_factors)
    elif factor not in (None, 1.0):
        values = times(values, factor)
    for i in odd:
        cell = cells[i]
        if cell == "" or cell is None:
            continue
        one = float(row_factors[i]) if row_factors is not None else (factor or 1.0)
        own = row_units[i] if row_units is not None else unit
        value = _number(cell, i, column, context, own, heading_unit, one)
        if value is not None:
            values[i] = value
    return values


def _number(
    cell: Cell, i: int, column: Column, context: Context, unit: str, heading: str, factor: float
) -> float | None:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return float(times(np.asarray(float(cell)), factor))
    if not isinstance(cell, str):
        hint = show(_serial(cell)) if isinstance(cell, dt.date) else ""
        context.add("X002", i, column, value=clean(cell), suggestion=hint)
        return None
    if not cell.strip():
        return None
    said = written(cell)
    if said.sort == "number":
        value = scaled(said, unit, heading, factor)
        if value is None:
            context.add("X002", i, column, value=clean(cell))
        elif math.isfinite(value) and not (said.plain and context.text_grid):
            context.add("S004", i, column, value=cell, result=show(value))
        return value
    _not_a_number(said, cell, i, column, context)
    return None


def _serial(cell: dt.date) -> float:
    day = cell.date() if isinstance(cell, dt.datetime) else cell
    return float((day - dt.date(1899, 12, 30)).days)


def _not_a_number(said: Written, cell: str, i: int, column: Column, context: Context) -> None:
    text = clean(cell)
    if said.sort == "nil" or is_pending(text):
        context.add("S005", i, column, value=text)
    elif said.sort == "error":
        context.add("S006", i, column, value=text)
    elif said.sort == "formula":
        context.add("X019", i, column, value=text[:80])
    elif said.sort == "range" and column.key == "coef_reference_tce":
        context.add("X033", i, column, value=text)
    else:
        context.add("X002", i, column, value=text[:80], suggestion=_meant(text))


def _meant(text: str) -> str:
    """Return the number that is probably meant, empty when nothing safe can be said."""
    bare = folded(text)
    for guess in (_ABOUT.sub("", bare), bare.translate(_OCR)):
        if guess != bare and PLAIN.fullmatch(guess.replace(",", "")):
            return guess.replace(",", "")
    return ""


def amounts(
    cells: Sequence[Cell], column: Column, context: Context, *, factor: float
) -> tuple[NDArray[np.float64], list[str | None]]:
    """Return numbers and the units written behind them, for cells such as ``120万吨``."""
    values = np.full(len(cells), math.nan)
    behind: list[str | None] = [None] * len(cells)
    for i, cell in enumerate(cells):
        match = _AMOUNT.fullmatch(folded(cell)) if isinstance(cell, str) else None
        if match is None or is_nil(str(cell)):
            value = _number(cell, i, column, context, "", "", 1.0) if present(cell) else None
            values[i] = math.nan if value is None else times(np.asarray(value), factor)
            continue
        values[i] = times(np.asarray(float(match[1].replace(",", ""))), factor)
        behind[i] = match[2]
        if unicodedata.normalize("NFKC", cell) != cell or "," in match[1]:
            context.add("S004", i, column, value=cell, result=show(values[i]))
    return values, behind


def present(cell: Cell) -> bool:
    """Tell whether a cell holds anything."""
    if isinstance(cell, float):
        return True
    return cell not in ("", None)


def whole(values: NDArray[np.float64], column: Column, context: Context) -> NDArray[np.float64]:
    """Check that numbers are whole."""
    with np.errstate(invalid="ignore"):
        broken = np.flatnonzero((values != np.floor(values)) & ~np.isnan(values))
        huge = np.flatnonzero(np.abs(values) > 2**53)
    for i in broken.tolist():
        context.add("X010", i, column, value=float(values[i]))
    for i in huge.tolist():
        context.add("X010", i, column, value=float(values[i]))
    values[broken] = math.nan
    values[huge] = math.nan
    return values


# ------------------------------------------------------------------------------ words


@dataclass(frozen=True, slots=True)
class Read:
    """What one distinct cell means: its value, or the rule it breaks and what is meant."""

    value: str | None
    rule: str = ""
    hint: str = ""
    severity: Severity | None = None
    wording: str = ""
    choices: str = ""


_EMPTY = Read(None)
#: Letters a scan prints for digits.
_LETTERS = str.maketrans("OoQlI|", "000111")


def _distinct(
    cells: Sequence[Cell], column: Column, context: Context, read: Callable[[Cell], Read]
) -> list[str | None]:
    """Read every distinct cell once and tell each place it stands at."""
    known: dict[tuple[type, Cell], Read] = {}
    values: list[str | None] = []
    for i, cell in enumerate(cells):
        if cell == "" or cell is None:
            values.append(None)
            continue
        key = (cell.__class__, cell)
        found = known.get(key)
        if found is None:
            found = known[key] = _nothing(cell) or read(cell)
        values.append(found.value)
        if found.rule:
            _tell(found, i, clean(cell)[:80], column, context)
    return values


def _tell(found: Read, i: int, raw: str, column: Column, context: Context) -> None:
    context.add(
        found.rule,
        i,
        column,
        value=raw,
        result=found.value if (found.wording or found.rule) == "S004" else None,
        suggestion=found.hint,
        severity=found.severity,
        text=found.wording,
        choices=found.choices,
        char=raw[:1],
    )


def _nothing(cell: Cell) -> Read | None:
    """Return what to say of a cell that holds no value, or None when it holds one."""
    if not isinstance(cell, str):
        return None
    bare = folded(cell)
    if not bare:
        return _EMPTY
    if is_nil(bare) or is_pending(bare):
        return Read(None, "S005")
    if bare.upper() in ERRORS:
        return Read(None, "S006")
    return None


def _changed(value: str, raw: str) -> Read:
    return Read(value, "S004" if value != raw else "")


def texts(cells: Sequence[Cell], column: Column, context: Context) -> list[str | None]:
    """Return texts; what looks like a formula is kept as text and told."""

    def read(cell: Cell) -> Read:
        text = clean(cell)
        if isinstance(cell, dt.date):
            return Read(text, "X034")
        if column.key == "model":
            return _changed(_HYPHEN.sub("-", text), text)
        if column.key == "energy_code":
            return Read(unicodedata.normalize("NFKC", text).zfill(2))
        return Read(text, "S007" if text[:1] in {"=", "+", "-", "@"} else "")

    return _distinct(cells, column, context, read)


def choices(cells: Sequence[Cell], column: Column, context: Context) -> list[str | None]:
    """Return values of a list; what is not on it is told and left out."""
    allowed = {
        unicodedata.normalize("NFKC", choice).replace(" ", ""): choice for choice in column.choices
    }

    def read(cell: Cell) -> Read:
        text = unicodedata.normalize("NFKC", clean(cell)).replace(" ", "")
        if text in allowed:
            return Read(allowed[text])
        return Read(None, "X003", choices="/".join(column.choices))

    plain = {choice for choice in column.choices if is_nil(choice)}
    shielded = [f"{cell} " if cell in plain else cell for cell in cells] if plain else cells
    return _distinct(shielded, column, context, read)


def yes_no(cells: Sequence[Cell], column: Column, context: Context) -> list[bool | None]:
    """Return 是/否 columns as booleans; 无 means no here."""
    yes, no = tokens()["yes"], tokens()["no"]
    answers: list[bool | None] = []
    for i, cell in enumerate(cells):
        text = unicodedata.normalize("NFKC", clean(cell)) if present(cell) else ""
        if text in yes or text in no:
            answers.append(text in yes)
            continue
        answers.append(None)
        found = (_nothing(cell) if text else _EMPTY) or Read(None, "X003", choices="是/否")
        if found.rule:
            _tell(found, i, text[:80], column, context)
    return answers


# ------------------------------------------------------------------------------ dates


def periods(cells: Sequence[Cell], column: Column, context: Context) -> list[str | None]:
    """Return months as ``2025-03`` and whole years as ``2025``."""
    now = context.today.isoformat()[:7]

    def read(cell: Cell) -> Read:
        found = _dated(cell, context)
        if found.how == "slip":
            return Read(None, "I006", found.text)
        if found.how == "span":
            return Read(None, "X018")
        text = found.text[:7]
        if found.how == "bad" or text > now[: len(text)]:
            return Read(None, "I007", _unscanned(cell, context))
        if text[:4] < "2000":
            return Read(None, "I006")
        return _read_date(found, text, cell)

    return _distinct(cells, column, context, read)


def _unscanned(cell: Cell, context: Context) -> str:
    """Return the month that is meant when a scan only took digits for letters, else empty."""
    if not isinstance(cell, str):
        return ""
    text = cell.translate(_LETTERS)
    found = _dates.from_cell(text, year=context.year) if text != cell else None
    return found.text[:7] if found is not None and found.how == "plain" else ""


def dates(cells: Sequence[Cell], column: Column, context: Context) -> list[str | None]:
    """Return dates as ISO text; months without a day stay months."""
    today = context.today.isoformat()

    def read(cell: Cell) -> Read:
        found = _dated(cell, context)
        if found.how in ("bad", "span", "slip"):
            return Read(None, "S008", found.text if found.how == "slip" else "")
        if column.past and found.text > today[: len(found.text)]:
            return Read(found.text, "X032")
        return _read_date(found, found.text, cell)

    return _distinct(cells, column, context, read)


def _dated(cell: Cell, context: Context) -> _dates.Dated:
    # In a text file 2025.1 is a number too: saving as CSV drops the zero of 2025.10.
    if context.text_grid and isinstance(cell, str) and re.fullmatch(r"\d{4}\.1", cell.strip()):
        return _dates.from_cell(float(cell), year=context.year)
    return _dates.from_cell(cell, year=context.year)


def _read_date(found: _dates.Dated, text: str, cell: Cell) -> Read:
    if found.how == "serial":
        return Read(text, "S008", severity="info", wording="S004")
    if found.how == "guess":
        return Read(text, "X017")
    full_width = isinstance(cell, str) and folded(cell) != cell.strip()
    return Read(text, "S004" if full_width else "")


# ------------------------------------------------------------------------------ identities


def credit_codes(cells: Sequence[Cell], column: Column, context: Context) -> list[str | None]:
    """Return unified credit codes; one that lost digits is refused."""

    def read(cell: Cell) -> Read:
        if isinstance(cell, float | int) and not isinstance(cell, bool):
            return Read(show(float(cell)), "I003") if abs(cell) < 1e15 else Read(None, "I002")
        raw = clean(cell)
        text = unicodedata.normalize("NFKC", raw).replace(" ", "").upper()
        rule = _identity.credit_code_problem(text)
        if rule == "I002":
            return Read(None, rule)
        if rule:
            return Read(text, rule, _identity.credit_code_suggestion(text))
        return _changed(text, raw)

    return _distinct(cells, column, context, read)


def industry_codes(cells: Sequence[Cell], column: Column, context: Context) -> list[str | None]:
    """Return classes of GB/T 4754 as four digits; the name of a class is taken for its code."""
    classes = _identity.industry_classes()
    by_name = {name: code for code, name in classes.items()}

    def read(cell: Cell) -> Read:
        raw = clean(cell)
        text = unicodedata.normalize("NFKC", raw).replace(" ", "")
        bare = re.sub(r"^[A-Ta-t](?=\d)", "", text)
        if text in by_name:
            return Read(by_name[text], "S004")
        # As a number a class of mining such as 0610 has lost its zero.
        if isinstance(cell, float | int) and "0" + bare in classes:
            return Read("0" + bare, "S004")
        if not re.fullmatch(r"\d{4}", bare):
            return Read(None, "X011", "0" + bare if "0" + bare in classes else "")
        if bare not in classes:
            return Read(bare, "X012")
        return Read(bare) if isinstance(cell, float | int) else _changed(bare, raw)

    return _distinct(cells, column, context, read)


def place_codes(
    cells: Sequence[Cell], column: Column, context: Context, places: Mapping[str, str]
) -> list[str | None]:
    """Return six-digit place codes; a known name is taken for its code."""
    known = set(places.values())

    def read(cell: Cell) -> Read:
        raw = clean(cell)
        text = unicodedata.normalize("NFKC", raw).replace(" ", "")
        if text in known or _identity.is_place_code(text):
            return Read(text) if isinstance(cell, float | int) else _changed(text, raw)
        if re.fullmatch(r"\d{9}|\d{12}", text) and _identity.is_place_code(text[:6]):
            return Read(text[:6], "S004")
        name = next((n for n in places if n == text or (len(text) > 1 and n.startswith(text))), "")
        return Read(places[name], "S004") if name else Read(None, "X013")

    return _distinct(cells, column, context, read)
