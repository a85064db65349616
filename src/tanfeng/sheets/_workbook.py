"""A file opened once: which of its sheets hold which form, and any of them read as often as asked.

Several sheets per file are usual: twelve months side by side, or archive, energy and output in one
book. Hidden sheets and sheets without a table are left alone, and it is said that they are.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.sheets import _checks
from tanfeng.sheets._checks_across import across, with_problems
from tanfeng.sheets._findings import Findings, refusal
from tanfeng.sheets._guard import Limits
from tanfeng.sheets._head import read_head
from tanfeng.sheets._layout import Header, find_header, fits
from tanfeng.sheets._numbers import PLAIN
from tanfeng.sheets._reader import Chosen, Reading
from tanfeng.sheets._source import Grid, index, letter, open_source
from tanfeng.sheets._tables import threshold_values
from tanfeng.sheets.forms import Form, forms
from tanfeng.sheets.forms import form as form_of
from tanfeng.sheets.result import ReadResult, SheetInfo

_DEFAULT_LIMITS = Limits()


def read(
    content: bytes,
    filename: str,
    *,
    today: dt.date,
    form: Form | str | None = None,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    fixes: Mapping[str, str] | None = None,
    history: pl.DataFrame | None = None,
    register: pl.DataFrame | None = None,
    places: Mapping[str, str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> ReadResult:
    """Read one form out of a workbook or text file.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name, for messages only; the content decides what it is.
    today : date
        Today in the city; periods after it are errors.
    form : Form or str, optional
        The form it is; without it the best match among all forms is taken.
    sheet : str, optional
        Worksheet to read; without it the visible sheet that fits best.
    mapping : mapping, optional
        Column letter -> field, given by a person; an empty field leaves the column out.
    fixes : mapping, optional
        Cell address -> text to read instead of what stands there.
    history : polars.DataFrame, optional
        Earlier data: ``credit_code``, ``item_key``, ``period``, ``consumption_total_qty`` and
        perhaps ``opening_stock_qty``, ``closing_stock_qty``, ``purchase_qty``. [unit of the item]
    register : polars.DataFrame, optional
        Known enterprises: ``credit_code``, ``org_name``, ``former_names`` (``;`` between them).
    places : mapping, optional
        Place name -> six-digit code.
    thresholds : mapping, optional
        Numbers of the rules, by the names of :func:`tanfeng.sheets.thresholds`.
    limits : Limits, optional
        What is accepted at most.

    Returns
    -------
    ReadResult

    Raises
    ------
    DataError
        If the file as a whole is refused. Problems of its content are in the result.
    """
    return Workbook(content, filename, limits=limits).read(
        today=today,
        form=form,
        sheet=sheet,
        mapping=mapping,
        fixes=fixes,
        history=history,
        register=register,
        places=places,
        thresholds=thresholds,
    )


def read_all(
    content: bytes,
    filename: str,
    *,
    today: dt.date,
    form: Form | str | None = None,
    sheet: str | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    **options: Any,
) -> tuple[ReadResult, ...]:
    """Read every sheet of a file that holds a form, and compare the sheets with each other.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name, for messages only; the content decides what it is.
    today : date
        Today in the city; periods after it are errors.
    form : Form or str, optional
        Read sheets of this form alone.
    sheet : str, optional
        Read this sheet alone.
    limits : Limits, optional
        What is accepted at most.
    options
        Further arguments of :func:`read`: ``mapping``, ``fixes``, ``history``, ``register``,
        ``places``, ``thresholds``.

    Returns
    -------
    tuple of ReadResult
        In the order of the book, as :meth:`Workbook.read_all` gives them.

    Raises
    ------
    DataError
        If the file as a whole is refused.
    """
    book = Workbook(content, filename, limits=limits)
    return book.read_all(today=today, form=form, sheet=sheet, **options)


class Workbook:
    """A file that was opened and may be read sheet by sheet.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name, for messages only.
    limits : Limits, optional
        What is accepted at most.

    Raises
    ------
    DataError
        If the file as a whole is refused.
    """

    def __init__(self, content: bytes, filename: str, *, limits: Limits = _DEFAULT_LIMITS) -> None:
        self._source = open_source(content, filename, limits)
        self._found: dict[tuple[str, str], _Found] = {}

    @property
    def sheets(self) -> tuple[SheetInfo, ...]:
        """All worksheets with what each was recognised as; none for a text file."""
        return self._infos(list(forms().values()))

    def tables(self, form: Form | str | None = None) -> tuple[SheetInfo, ...]:
        """Return the visible sheets that hold a form, or the form named, in the book's order."""
        tables = [one for one in self.sheets if one.role == "table"]
        if form is None:
            return tuple(tables)
        named = form_of(form) if isinstance(form, str) else form
        same = [one for one in tables if one.form == named.key]
        return tuple(same or (one for one in self._infos([named]) if one.role == "table"))

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the visible worksheets that hold anything, in the book's order."""
        return tuple(g.name for g in self._source.grids if g.state == "visible" and _is_filled(g))

    def texts(self, sheet: str, rows: int) -> list[str]:
        """Return the texts in the first rows of a sheet."""
        grid = self._grid(sheet)
        return [cell for row in grid.rows[:rows] for cell in row if isinstance(cell, str) and cell]

    def resembles(self, sheet: str, form: Form) -> bool:
        """Tell whether a sheet has the header of a form."""
        return self._find(self._grid(sheet), [form]).fits

    def read_as(self, form: Form, sheet: str, *, today: dt.date) -> ReadResult:
        """Read a sheet as a form, whatever else it may look like; the other sheets are left alone.

        Parameters
        ----------
        form : Form
            The form, which need not be one of :func:`tanfeng.sheets.forms`.
        sheet : str
            Name of the sheet.
        today : date
            Today in the city.
        """
        grid = self._grid(sheet)
        findings = Findings(grid.name)
        _tell_grid(findings, grid)
        chosen = Chosen(grid, find_header(grid, [form]), (), ())
        reading = Reading(self._source, chosen, findings, today, {}, {}, told=True)
        return reading.result(_checks.Options(thresholds=threshold_values(None), today=today))

    def _grid(self, sheet: str) -> Grid:
        for grid in self._source.grids:
            if grid.name == sheet:
                return grid
        raise refusal("U008", value=sheet, known="、".join(g.name for g in self._source.grids))

    def read(
        self,
        *,
        today: dt.date,
        form: Form | str | None = None,
        sheet: str | None = None,
        mapping: Mapping[str, str] | None = None,
        fixes: Mapping[str, str] | None = None,
        history: pl.DataFrame | None = None,
        register: pl.DataFrame | None = None,
        places: Mapping[str, str] | None = None,
        thresholds: Mapping[str, float] | None = None,
        tell_file: bool = True,
    ) -> ReadResult:
        """Read one sheet; parameters are those of :func:`tanfeng.sheets.read`.

        ``tell_file`` says whether findings about the file (its encoding, sheets that are left
        alone) are told with this sheet.
        """
        wanted = [form_of(form) if isinstance(form, str) else form] if form else [*forms().values()]
        numbers = threshold_values(thresholds)
        chosen = self._choose(wanted, sheet, fixes or {}, told=form is not None)
        findings = Findings(chosen.grid.name)
        if tell_file:
            _tell_file(findings, self._source.encoding, chosen.sheets)
            if chosen.also:
                findings.add("X026", value="、".join(chosen.also), known=chosen.grid.name)
        _tell_grid(findings, chosen.grid)
        reading = Reading(
            self._source,
            chosen,
            findings,
            today,
            mapping or {},
            places or {},
            told=form is not None,
        )
        return reading.result(
            _checks.Options(thresholds=numbers, today=today, history=history, register=register)
        )

    def read_all(
        self,
        *,
        today: dt.date,
        form: Form | str | None = None,
        sheet: str | None = None,
        thresholds: Mapping[str, float] | None = None,
        **more: Any,
    ) -> tuple[ReadResult, ...]:
        """Read every sheet that holds a form, and compare the sheets with each other.

        Parameters
        ----------
        today : date
            Today in the city.
        form : Form or str, optional
            Read sheets of this form alone.
        sheet : str, optional
            Read this sheet alone.
        thresholds : mapping, optional
            Numbers of the rules.
        more
            Further arguments of :meth:`read`.

        Returns
        -------
        tuple of ReadResult
            In the order of the book. Sheets whose form is not filled in are left out, and the
            first result says so; a file without any known form gives the one result that says
            what was looked for.
        """
        told: dict[str, Any] = {"today": today, "thresholds": thresholds, **more}
        tables = () if sheet else self.tables(form)
        if len(tables) < 2:
            return (self.read(form=form, sheet=sheet, **told),)
        read = [self.read(form=t.form, sheet=t.name, tell_file=False, **told) for t in tables]
        filled = [one for one in read if one.accepted.height or one.errors] or read[:1]
        infos = _roles(self.sheets, tables, filled)
        results = [replace(one, sheets=infos) for one in filled]
        findings = Findings("")
        _tell_file(findings, self._source.encoding, infos)
        results[0] = with_problems(results[0], findings.problems())
        return across(results, thresholds=thresholds)

    def _choose(
        self, wanted: Sequence[Form], sheet: str | None, fixes: Mapping[str, str], *, told: bool
    ) -> Chosen:
        """Find the sheet and the header that fit best."""
        source = self._source
        names = [grid.name for grid in source.grids]
        if sheet and sheet not in names:
            raise refusal("U008", value=sheet, known="、".join(names))
        offered = [g for g in source.grids if (g.name == sheet if sheet else g.state == "visible")]
        filled = [grid for grid in offered if _is_filled(grid)]
        if not filled:
            raise refusal("U009")
        corrected = {grid.name: _corrected(grid, fixes) if fixes else grid for grid in filled}
        found = {
            name: _find(grid, wanted) if fixes else self._find(grid, wanted)
            for name, grid in corrected.items()
        }
        best = max(filled, key=lambda grid: found[grid.name].header.score)
        header = found[best.name].header
        if not told and not found[best.name].fits:
            header = Header(None, header.first, header.depth, header.paths, {}, header.index_row)
        also = tuple(
            grid.name
            for grid in filled
            if grid is not best
            and header.form
            and found[grid.name].fits
            and found[grid.name].header.form == header.form
        )
        infos = tuple(
            replace(info, role="read", form=header.form.key if header.form else "")
            if info.name == best.name
            else info
            for info in self._infos(wanted)
        )
        return Chosen(corrected[best.name], header, infos, also)

    def _find(self, grid: Grid, wanted: Sequence[Form]) -> _Found:
        key = grid.name, " ".join(form.key for form in wanted)
        if key not in self._found:
            self._found[key] = _find(grid, wanted)
        return self._found[key]

    def _infos(self, wanted: Sequence[Form]) -> tuple[SheetInfo, ...]:
        if self._source.kind == "csv":
            return ()
        return tuple(self._info(grid, wanted) for grid in self._source.grids)

    def _info(self, grid: Grid, wanted: Sequence[Form]) -> SheetInfo:
        if grid.state != "visible":
            return SheetInfo(grid.name, grid.state, "ignore")
        if not _is_filled(grid):
            return SheetInfo(grid.name, grid.state, "empty")
        found = self._find(grid, wanted)
        form = found.header.form
        if form is None or not found.fits:
            return SheetInfo(grid.name, grid.state, "other")
        return SheetInfo(grid.name, grid.state, "table", form.key)


def _roles(
    sheets: Iterable[SheetInfo], tables: Iterable[SheetInfo], results: Iterable[ReadResult]
) -> tuple[SheetInfo, ...]:
    """Say of every sheet of the book whether it was read."""
    offered = {one.name for one in tables}
    forms_read = {one.sheet: one.form.key if one.form else "" for one in results}
    return tuple(
        replace(one, role="read", form=forms_read[one.name])
        if one.name in forms_read
        else replace(one, role="blank")
        if one.name in offered
        else one
        for one in sheets
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The best header of a sheet, and whether it is close enough to be taken without asking."""

    header: Header
    fits: bool


def _find(grid: Grid, wanted: Sequence[Form]) -> _Found:
    header = find_header(grid, wanted)
    head = read_head(enumerate(grid.rows[: header.first]), header.form).fields
    return _Found(header, fits(header, head))


def _is_filled(grid: Grid) -> bool:
    return any(cell != "" for row in grid.rows for cell in row)


def _corrected(grid: Grid, fixes: Mapping[str, str]) -> Grid:
    """Return the sheet with other texts in some cells; the sheet itself stays as it is."""
    grid = replace(grid, rows=list(grid.rows))
    for address, text in fixes.items():
        match = re.fullmatch(r"([A-Za-z]{1,3})(\d{1,7})", address)
        if match is None:
            raise ModelError(f"{address!r} is no cell address such as G17")
        row, column = int(match[2]) - 1, index(match[1])
        if row < len(grid.rows) and column < grid.width:
            plain = PLAIN.fullmatch(text) and not grid.text
            grid.rows[row] = list(grid.rows[row])
            grid.rows[row][column] = float(text) if plain else text
    return grid


def _tell_file(findings: Findings, encoding: str, sheets: Iterable[SheetInfo]) -> None:
    if encoding:
        findings.add("S010", value=encoding)
    for info in sheets:
        if info.state != "visible":
            findings.add("S012", kind=("工作表", "sheet"), value=info.name)
        elif info.role == "blank":
            findings.add("X041", value=info.name)
        elif info.role == "other" and info.name not in _OWN_NOTES:
            findings.add("X040", value=info.name)


#: Sheets our own templates and marked files carry; everybody knows that they are no data.
_OWN_NOTES = frozenset({"填报说明", "Guide", "问题清单", "Problems"})


def _tell_grid(findings: Findings, grid: Grid) -> None:
    for column in sorted(grid.hidden_columns):
        if column < grid.width and any(row[column] != "" for row in grid.rows):
            findings.add("S012", letter=letter(column), kind=("列", "column"), value=letter(column))
    for row in sorted(grid.hidden_rows):
        if row < len(grid.rows):
            findings.add("S012", row + 1, kind=("行", "row"), value=row + 1)
