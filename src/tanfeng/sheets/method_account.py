"""Account the workbook of a method: read, compute, and tell every finding by its cell.

The answer holds what the command line, the report and a page show, so that all of them say the
same: the streams in the order of the report, every line with its formula, inputs and cells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.accounting import methods
from tanfeng.accounting.methods import in_total
from tanfeng.errors import DataError, Problem
from tanfeng.sheets._findings import problem
from tanfeng.sheets.method_forms import ITEM_UNIT, inputs_of
from tanfeng.sheets.method_rows import MethodRead, read_method
from tanfeng.sheets.method_units import results
from tanfeng.trace import CONFIDENCES, FACTOR_COLUMNS, INPUT_COLUMNS

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Method, MethodAccount, Stream
    from tanfeng.standards import Overrides
    from tanfeng.trace import Formula, Symbol


@dataclass(frozen=True, slots=True)
class Answer:
    """The account of a workbook.

    Parameters
    ----------
    method : Method
        The method.
    year : int
        Year accounted.
    as_of : date
        Only factors published by this day were looked at.
    read : MethodRead
        The workbook as it was read, with every finding on its sheet.
    account : MethodAccount
        What was computed.
    gaps : tuple of Problem
        Rows that could not be computed, with the cell that is empty; among ``problems`` too.
    """

    method: Method
    year: int
    as_of: dt.date
    read: MethodRead
    account: MethodAccount
    gaps: tuple[Problem, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every finding: the file first, then sheet by sheet."""
        return self.read.problems

    @property
    def errors(self) -> int:
        """Number of findings that keep something out."""
        return sum(one.severity == "error" for one in self.problems)

    def totals(self) -> pl.DataFrame:
        """Return the totals by enterprise; see :func:`tanfeng.accounting.methods.totals`.

        ``missing_rows`` counts every row that is not in the total: what could not be computed and
        what was refused.
        """
        missing: dict[str, int] = {}
        for row in self.streams():
            code = row["org_code"]
            missing[code] = missing.get(code, 0) + row["missing_rows"]
        return methods.totals(self.account, [self.method]).with_columns(
            pl.col("org_code")
            .cast(pl.String)
            .replace_strict(missing, return_dtype=pl.Int64)
            .alias("missing_rows")
        )

    def streams(self) -> list[dict[str, Any]]:
        """Return every stream of every enterprise in the order of the report.

        Returns
        -------
        list of dict
            org_code, stream, name_zh, name_en, scope, in_total, rows (of the form in the year),
            missing_rows (of those, what could not be computed or was refused) and
            emission_tco2e [tCO2e], which is None, not zero, where nothing could be computed.
        """
        summed = methods.summary(self.account, [self.method])
        emission = {
            (row["org_code"], row["stream"]): row["emission_tco2e"]
            for row in summed.iter_rows(named=True)
        }
        codes = self.account.streams["org_code"].cast(pl.String).unique(maintain_order=True)
        found = []
        for code in codes.to_list():
            for stream in self.method.streams:
                rows, missing = self._rows(stream, code)
                found.append(
                    {
                        "org_code": code,
                        "stream": stream.key,
                        "name_zh": stream.name_zh,
                        "name_en": stream.name_en,
                        "scope": stream.scope,
                        "in_total": in_total(self.method, stream),
                        "rows": rows,
                        "missing_rows": missing,
                        "emission_tco2e": emission.get((code, stream.key)),
                    }
                )
        return found

    def _rows(self, stream: Stream, code: str) -> tuple[int, int]:
        """Return the rows of a stream in the form, and how many of them do not count."""
        for result in self.read.results:
            if result.form is not None and result.form.key == f"{self.method.key}.{stream.key}":
                own = result.frame.filter(
                    (pl.col("credit_code") == code)
                    & (pl.col("year") == self.year).fill_null(True)
                    & ~pl.col("source_row").is_in(sorted(result.repeated))
                )
                bad = own.filter(pl.col("source_row").is_in(sorted(result.bad_rows)))
                return own.height, bad.height
        return 0, 0

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield every line with formula text, inputs and the cell each input stands in.

        Yields
        ------
        dict
            Streams in the order of the report, rows in the order of the file, steps in the order
            of the computation.
        """
        origin = _Origins(self)
        steps = self.account.lines.with_columns(pl.col(pl.Categorical).cast(pl.String)).sort(
            "activity_id", "line"
        )
        for line in steps.iter_rows(named=True):
            yield origin.line(line)

    def units(self) -> list[dict[str, Any]]:
        """Return the results per unit; see :func:`tanfeng.sheets.method_units.results`."""
        return list(results(self.account, self.read.units))

    def choices(self) -> list[dict[str, Any]]:
        """Return every laboratory value with the rule that took it or passed it over."""
        place = dict(enumerate(self.read.candidate_rows))
        streams = dict(self.account.streams.select("activity_id", "stream").iter_rows())
        found = []
        for number, row in enumerate(self.account.choices.iter_rows(named=True)):
            sheet, at = self.read.place(row["activity_id"])
            rule = methods.RULES[row["rule"]]
            stream = streams[row["activity_id"]]
            one = inputs_of(self.method.stream(str(stream)))[row["column"]][0]
            found.append(
                {
                    **row,
                    "stream": stream,
                    "name_zh": one.name_zh,
                    "name_en": one.name_en,
                    "symbol": one.symbol,
                    "row": place[number],
                    "for_sheet": sheet,
                    "for_row": at,
                    "rule_zh": rule.zh,
                    "rule_en": rule.en,
                }
            )
        return found


class _Origins:
    """Tells of every input of a line where its value came from."""

    def __init__(self, answer: Answer) -> None:
        self.read, self.method = answer.read, answer.method
        self.formulas = answer.account.formulas
        self.factors = {row["factor"]: row for row in answer.account.factors.to_dicts()}
        self.rows = {
            row["activity_id"]: row
            for row in answer.account.streams.with_columns(
                pl.col(pl.Categorical).cast(pl.String)
            ).iter_rows(named=True)
        }
        self.computed = set(
            answer.account.lines.select("activity_id", pl.col("quantity").cast(pl.String)).rows()
        )
        self.given = {
            (number, column)
            for frame in answer.read.frames.values()
            for column in frame.columns
            if column not in methods.ROW_SCHEMA
            for number in frame.filter(pl.col(column).is_not_null())["activity_id"]
        }
        taken = answer.account.choices.filter("chosen")
        self.chosen = {
            (number, column): tier
            for number, column, tier in taken.select("activity_id", "column", "tier").rows()
        }

    def line(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Return a line as plain data."""
        row = self.rows[line["activity_id"]]
        stream = self.method.stream(row["stream"])
        item = next(one for one in stream.items if one.key == row["item"])
        formula: Formula = self.formulas[line["formula"]]
        sheet, at = self.read.place(line["activity_id"])
        inputs = [
            self._input(line, symbol, line[x], line[f], item.unit)
            for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False)
        ]
        return {
            "line": line["line"],
            "activity_id": line["activity_id"],
            "sheet": sheet,
            "row": at,
            "org_code": line["org_code"],
            "part": row["unit"],
            "year": line["year"],
            "month": line["month"],
            "stream": stream.key,
            "stream_zh": stream.name_zh,
            "stream_en": stream.name_en,
            "kind": row["kind"],
            "item": item.key,
            "item_zh": item.name_zh,
            "item_en": item.name_en,
            "quantity": line["quantity"],
            "formula": line["formula"],
            "text": f"{formula.symbol} = {formula.expression}",
            "clause": formula.clause,
            "equation": formula.equation,
            "formula_confidence": formula.confidence,
            "inputs": inputs,
            "value": line["value"],
            "unit": formula.unit.replace(ITEM_UNIT, item.unit),
            "tier": line["tier"],
            "confidence": line["confidence"],
        }

    def _input(
        self,
        line: Mapping[str, Any],
        symbol: Symbol,
        value: float,
        factor: int | None,
        item_unit: str,
    ) -> dict[str, Any]:
        number = line["activity_id"]
        letter, _heading = self.read.cell(number, symbol.field)
        at = self.read.place(number)[1]
        source = "form" if (number, symbol.field) in self.given else "none"
        if factor:
            source = "default"
        elif (number, symbol.field) in self.chosen:
            source = self.chosen[number, symbol.field]
        elif (number, symbol.field) in self.computed:
            source = "computed"
        return {
            "symbol": symbol.name,
            "column": symbol.field,
            "name_zh": symbol.name_zh,
            "name_en": symbol.name_en,
            "unit": symbol.unit.replace(ITEM_UNIT, item_unit),
            "value": value,
            "source": source,
            "cell": f"{letter}{at}" if source == "form" and letter else "",
            "factor": factor,
            "ref": self.factors[factor]["ref"] if factor else "",
            "confidence": self.factors[factor]["confidence"] if factor else "",
        }


def account_workbook(
    content: bytes,
    filename: str,
    method: Method,
    *,
    year: int,
    today: dt.date,
    as_of: dt.date | None = None,
    overrides: Overrides | None = None,
) -> Answer:
    """Account the workbook of a method for a year.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name, for messages only.
    method : Method
        The method it was filled in for.
    year : int
        Year to account; rows of other years are told and left out.
    today : date
        Today in the city; periods after it are errors.
    as_of : date, optional
        Only factors published by this day are looked at; today without it.
    overrides : Overrides, optional
        Values the city verified itself.

    Returns
    -------
    Answer
        Rows with an error are left out and told; the others are computed.

    Raises
    ------
    DataError
        If the file as a whole is refused, or what the engine refuses has no row.
    FactorNotFound
        If an electricity factor is not there.
    """
    known = as_of or today
    read = read_method(content, filename, method, today=today, year=year)
    more = [*_validity(method, year)]
    if not any(frame.height for frame in read.frames.values()):
        listed = ", ".join(map(str, read.years)) or "—"
        more.append(problem("F019", value=listed, known=str(year)))
    read, account = _computed(read.with_problems(more), method, known, overrides)
    account = replace(account, refused=read.refused(year))
    gaps = read.gaps(account)
    return Answer(method, year, known, read.with_problems(gaps), account, gaps)


def _computed(
    read: MethodRead, method: Method, as_of: dt.date, overrides: Overrides | None
) -> tuple[MethodRead, MethodAccount]:
    """Compute; rows the engine refuses are told and left out of a second try."""

    def tried() -> MethodAccount:
        return methods.account(
            read.frames, [method], as_of=as_of, candidates=read.candidates, overrides=overrides
        )

    try:
        return read, tried()
    except DataError as error:
        rows = {one.row for one in error.problems if one.row is not None}
        if not rows:
            raise
        read = read.with_problems(map(read.located, error.problems)).without(rows)
        return read, tried()


def _validity(method: Method, year: int) -> Iterator[Problem]:
    """Tell a year the text is not, or only partly, for."""
    first, last = f"{year}-01-01", f"{year}-12-31"
    since, until = method.valid_from or "0000", method.valid_to or "9999"
    span = f"{method.valid_from or '…'} ~ {method.valid_to or '…'}"
    if until < first or since > last:
        yield problem("F017", value=span, known=method.number, year=str(year))
    elif since > first or until < last:
        yield problem("F018", value=span, known=method.number, year=str(year))


def weakest(stream: Stream | None, method: Method) -> str:
    """Return the weakest confidence among the formulas of a stream, or of the whole method."""
    chosen = (stream,) if stream is not None else method.streams
    return max((one.confidence for one in chosen), key=CONFIDENCES.index)
