"""Reading lines of a frozen run: a page of them, or one with everything it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.http import Http404
from django.utils.translation import gettext_lazy

from tanfeng import standards
from tanfeng.accounting import FORMULAS
from tanfeng.console.accounting import figures, frozen, measures
from tanfeng.console.accounting.models import EnergyRecord, Run
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS, Formula, Symbol, redo

#: Most lines one answer holds.
LIMIT = 50_000
UNVERIFIED = ("single", "recalled")
#: Said wherever a figure of energy is below zero.
ENERGY_BELOW_ZERO = gettext_lazy(
    "Energy below zero: more of it was made here than used. Comprehensive energy takes the own "
    "production off consumption, so that the fuel and what was made of it are not counted twice; "
    "for a power plant or a heat supplier this is as it should be."
)
#: Notes that speak of one factor, whose name they begin with.
_OF_A_FACTOR = "factor_of_other_"


@dataclass(frozen=True, slots=True)
class LinePage:
    """Some lines, and how many there are.

    Parameters
    ----------
    lines : polars.DataFrame
        Columns of ``trace.LINE_SCHEMA`` plus ``sign`` (-1 where the measure takes the line off).
    count : int
        Number of lines that meet the conditions.
    total : float or None
        Their signed sum. [unit of the measure]
    """

    lines: pl.DataFrame
    count: int
    total: float | None


def page_of(
    user: User,
    run: Run,
    *,
    quantities: Mapping[str, int] | Sequence[str],
    chosen: figures.Filter,
    unverified: bool = False,
    start: int = 0,
    size: int = 25,
    largest_first: bool = True,
) -> LinePage:
    """Return some lines the user may see.

    Parameters
    ----------
    user : User
        Who reads; lines of organisations outside the scope do not exist for this user.
    run : Run
        A run the user may see.
    quantities : mapping of str to int, or sequence of str
        Quantities wanted, with their sign.
    chosen : Filter
        Organisation, year, month, item; place and sector as they were when the run was made.
    unverified : bool
        Only lines that rest on 待核实 factors.
    start, size : int
        Part of the list, at most ``LIMIT`` lines.
    largest_first : bool
        By value; otherwise in the order of the file (organisation, period, item).
    """
    signs = quantities if isinstance(quantities, Mapping) else dict.fromkeys(quantities, 1)
    frame = _selected(user, run, signs, chosen, unverified).with_columns(
        pl.col("quantity").cast(pl.String).replace_strict(signs, return_dtype=pl.Int8).alias("sign")
    )
    signed = pl.col("value") * pl.col("sign")
    count, total = (
        frame.select(pl.len(), pl.when(pl.len() > 0).then(signed.sum()).alias("total"))
        .collect()
        .row(0)
    )
    if largest_first:
        frame = frame.sort(pl.col("value").abs(), "line", descending=[True, False], nulls_last=True)
    rows = frame.slice(max(start, 0), min(size, LIMIT)).collect()
    return LinePage(rows, count, total)


def _selected(
    user: User, run: Run, signs: Iterable[str], chosen: figures.Filter, unverified: bool
) -> pl.LazyFrame:
    files = frozen.opened(run)
    scope = figures.scope_of(user)
    frame = files.lines.filter(pl.col("quantity").cast(pl.String).is_in(list(signs)))
    if chosen.org_code:
        inside = scope.codes is None or chosen.org_code in scope.codes
        frame = frame.filter(pl.col("org_code") == (chosen.org_code if inside else ""))
    else:
        frame = scope.within_lazy(frame)
    members = figures.Filter(place=chosen.place, sector=chosen.sector, park=chosen.park).condition()
    if members is not None:
        codes = files.coverage.filter(members)["org_code"].unique().to_list()
        frame = frame.filter(pl.col("org_code").is_in(codes))
    if chosen.year is not None:
        frame = frame.filter(pl.col("year") == chosen.year)
    if chosen.month is not None:
        frame = frame.filter(pl.col("month") == chosen.month)
    if chosen.item_key:
        frame = frame.filter(pl.col("item_key").cast(pl.String) == chosen.item_key)
    if unverified:
        frame = frame.filter(pl.col("confidence").cast(pl.String).is_in(UNVERIFIED))
    return frame


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a line: an activity figure with its form cell, or a factor with its clause."""

    symbol: Symbol
    value: float | None
    factor: Mapping[str, Any] | None
    cell: Cell | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a reported figure stands: file, sheet, column letter and row."""

    record: EnergyRecord
    field: str

    @property
    def column(self) -> str:
        """Letter of the column, empty where the file had none for the field."""
        columns: Mapping[str, str] = self.record.batch.columns
        return columns.get(self.field, "")

    @property
    def address(self) -> str:
        """Address such as ``H17``."""
        return f"{self.column}{self.record.source_row}" if self.column else ""

    @property
    def is_empty(self) -> bool:
        """Tell whether the form left the cell empty where the formula takes none for it."""
        return getattr(self.record, self.field, None) is None

    @property
    def differs(self) -> bool:
        """Tell whether the record was replaced or withdrawn after the run."""
        return self.record.known_to is not None


@dataclass(frozen=True, slots=True)
class Line:
    """One line with everything it rests on."""

    run: Run
    row: Mapping[str, Any]
    formula: Formula
    organisation: Organisation
    record: EnergyRecord | None
    inputs: tuple[Input, ...]

    def clause_sources(self) -> list[str]:
        """Name the sources the formula's clause was seen in, in the language used."""
        english = language() == "en"
        return [
            source.en if english else source.zh
            for source in standards.evidence(self.formula.clause_evidence)
        ]

    def below_zero(self) -> str:
        """Return why a line of energy is below zero, empty when it is not."""
        value = self.row["value"]
        energy = str(self.row["quantity"]).startswith("energy_")
        return str(ENERGY_BELOW_ZERO) if energy and value is not None and value < 0 else ""

    def told(self) -> list[Mapping[str, str]]:
        """Return what the run says of the record, the period and the factors of this line."""
        row = self.row
        own, all_of = pl.col("org_code") == row["org_code"], pl.col("org_code").is_null()
        notes = frozen.opened(self.run).notes.filter(
            own | all_of,
            pl.col("item_key") == row["item_key"],
            pl.col("year").is_null() | (pl.col("year") == row["year"]),
            pl.col("month").is_null() | (pl.col("month") == row["month"]),
        )
        factors = tuple(f"{one.factor['name_zh']}：" for one in self.inputs if one.factor)
        english = language() == "en"
        return [
            {"severity": note["severity"], "text": note["text_en" if english else "text_zh"]}
            for note in notes.iter_rows(named=True)
            if not note["code"].startswith(_OF_A_FACTOR) or note["text_zh"].startswith(factors)
        ]

    def redone(self) -> float:
        """Compute the line again from its stored inputs and the text of its formula."""
        frame = pl.DataFrame(
            [[self.row[name] for name in ("formula", *INPUT_COLUMNS)]],
            schema={"formula": pl.String, **dict.fromkeys(INPUT_COLUMNS, pl.Float64)},
            orient="row",
        )
        return float(redo(frame, FORMULAS)[0])


def one(user: User, run: Run, number: int) -> Line:
    """Return a line the user may see, else 404.

    Parameters
    ----------
    user : User
        Who reads.
    run : Run
        A run the user may see.
    number : int
        Number of the line inside the run.
    """
    files = frozen.opened(run)
    frame = files.lines.slice(number - 1, 1).collect() if number > 0 else pl.DataFrame()
    if frame.is_empty():
        raise Http404
    row = frame.with_columns(pl.col(pl.Categorical).cast(pl.String)).row(0, named=True)
    organisation = rights.get_visible(user, Organisation, credit_code=row["org_code"])
    record = (
        rights.visible(user, EnergyRecord)
        .select_related("batch", "batch__uploaded_by", "batch__committed_by")
        .filter(pk=row["activity_id"])
        .first()
    )
    formula = FORMULAS[row["formula"]]
    return Line(run, row, formula, organisation, record, _inputs(row, formula, record, files))


def _inputs(
    row: Mapping[str, Any], formula: Formula, record: EnergyRecord | None, files: frozen.Frozen
) -> tuple[Input, ...]:
    numbers = [row[name] for name in FACTOR_COLUMNS]
    wanted = files.factors.filter(pl.col("factor").is_in([n for n in numbers if n is not None]))
    factors = {factor["factor"]: factor for factor in wanted.to_dicts()}
    found = []
    for symbol, x, number in zip(formula.symbols, INPUT_COLUMNS, numbers, strict=False):
        factor = factors.get(number)
        cell = Cell(record, symbol.field) if symbol.field and record is not None else None
        found.append(Input(symbol, row[x], factor, cell))
    return tuple(found)


def same_line_before(user: User, line: Line) -> tuple[Run, Mapping[str, Any]] | None:
    """Return the newest earlier run that holds the year, and its line of the same key.

    The row is empty when the earlier run has no such line.
    """
    before = (
        rights.visible(user, Run)
        .filter(
            number__lt=line.run.number,
            first_year__lte=line.row["year"],
            last_year__gte=line.row["year"],
        )
        .order_by("-number")
        .first()
    )
    if before is None:
        return None
    key = ("org_code", "year", "month", "item_key", "quantity")
    frame = frozen.opened(before).lines.filter(pl.col("org_code") == line.row["org_code"])
    for name in key[1:]:
        frame = frame.filter(pl.col(name).cast(pl.String) == str(line.row[name]))
    rows = frame.collect().with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts()
    same = [row for row in rows if row["formula"] == line.row["formula"]] or rows
    return before, (same[0] if same else {})


def signs_of(measure: str, basis: str) -> dict[str, int]:
    """Return the quantities of a measure with their signs; 404 for a name that is none."""
    try:
        chosen = measures.named(measure)
    except KeyError:
        raise Http404 from None
    return {**dict.fromkeys(chosen.plus(basis), 1), **dict.fromkeys(chosen.deducted, -1)}
