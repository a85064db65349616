"""Reading a filled-in form: one call, every problem at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tanfeng.errors import Severity
from tanfeng.sheets import _checks, _frame
from tanfeng.sheets._cells import Context, clean
from tanfeng.sheets._findings import Findings
from tanfeng.sheets._head import Head, read_head
from tanfeng.sheets._headings import Match, candidates, factor_of, fold, match_all
from tanfeng.sheets._layout import SEARCHED, Header, find_header
from tanfeng.sheets._numbers import to_unit
from tanfeng.sheets._rows import Rows, sort_rows
from tanfeng.sheets._source import Grid, Source, index, letter
from tanfeng.sheets.forms import ROW_UNITS, Column, Form, forms
from tanfeng.sheets.result import MappedColumn, ReadResult, SheetInfo, UnmappedColumn


@dataclass(frozen=True, slots=True)
class Chosen:
    """The sheet to read, its header, and what stands beside it in the file.

    Parameters
    ----------
    grid : Grid
        The sheet.
    header : Header
        Its header; without a form when none fits.
    sheets : tuple of SheetInfo
        All worksheets of the file.
    also : tuple of str
        Further sheets that look like the same form.
    """

    grid: Grid
    header: Header
    sheets: tuple[SheetInfo, ...]
    also: tuple[str, ...]


@dataclass(slots=True)
class Reading:
    """One reading, from the chosen sheet to the result."""

    source: Source
    chosen: Chosen
    findings: Findings
    today: dt.date
    mapping: Mapping[str, str]
    places: Mapping[str, str]
    told: bool

    def result(self, options: _checks.Options) -> ReadResult:
        """Read, check and put everything together."""
        header, grid = self.chosen.header, self.chosen.grid
        form = header.form
        if form is None:
            return self._unknown()
        columns = dict(self._columns(form))
        rows = sort_rows(grid, header, {i: found.field for i, found in columns.items()})
        head = self._head(form, rows)
        columns = {i: self._with_unit_line(form, c, head, i) for i, c in columns.items()}
        self.findings.places = {c.field: (c.letter, c.heading) for c in columns.values()}
        self._tell_layout(rows, head, columns, form)
        missing = self._missing(form, columns, head)
        cells, merged = _frame.data_cells(grid, rows.data, columns, form)
        numbers = [row + 1 for row in rows.data]
        context = Context(self.findings, numbers, grid.text, self.today, head.year)
        for name, first, last in merged:
            span = f"{numbers[first]}-{numbers[last]}"
            self.findings.add("X016", numbers[first], name, value=span)
        building = _frame.Building(form, context, columns, cells, head.fields, self.places)
        frame = _frame.build(building)
        if form.has_items:
            frame = _frame.mark_parts(frame, form, context)
        table = _checks.Table(form, frame, columns, building, rows, grid, head.fields)
        _checks.run(table, options)
        columns = {i: self._with_splits(form, c, columns) for i, c in columns.items()}
        return self._finished(
            form=form,
            columns=tuple(columns[i] for i in sorted(columns)),
            unmapped=tuple(self._unmapped(form, columns)),
            missing=missing,
            head=head.fields,
            frame=frame,
            repeated=frozenset(table.repeated),
            skipped=tuple((row + 1, reason) for row, reason in rows.skipped),
        )

    def _finished(self, **parts: object) -> ReadResult:
        header, grid = self.chosen.header, self.chosen.grid
        return ReadResult(
            sheet=grid.name,
            sheets=self.chosen.sheets,
            filename=self.source.filename,
            encoding=self.source.encoding,
            delimiter=self.source.delimiter,
            title_rows=tuple(range(1, header.first + 1)),
            header_rows=tuple(range(header.first + 1, header.last + 2)),
            bad_rows=self.findings.bad_rows(),
            problems=self.findings.problems(),
            counts=self.findings.counts,
            cells=tuple(grid.rows),
            **parts,  # type: ignore[arg-type]
        )

    def _unknown(self) -> ReadResult:
        header, grid = self.chosen.header, self.chosen.grid
        nearest = find_header(grid, forms().values())
        name = nearest.form.name_zh if nearest.form else "—"
        self.findings.add("X001", value=name)
        unmapped = tuple(self._unmapped(nearest.form, {}))
        head = read_head(enumerate(grid.rows[: header.first]), None)
        return self._finished(form=None, unmapped=unmapped, head=head.fields)

    # ------------------------------------------------------------------ columns

    def _columns(self, form: Form) -> Iterator[tuple[int, MappedColumn]]:
        header = self.chosen.header
        matches = dict(header.matches)
        for letters, name in self.mapping.items():
            i = index(letters)
            matches.pop(i, None)
            if name:
                form.column(name)  # an unknown field is the caller's mistake
                matches = {k: m for k, m in matches.items() if m.field != name}
                matches[i] = self._mapped_by_hand(form, name, i)
        for i, match in sorted(matches.items()):
            if i < self.chosen.grid.width:
                yield (
                    i,
                    MappedColumn(
                        letter(i),
                        header.heading(i),
                        match.field,
                        match.factor,
                        match.unit,
                        (),
                        match.how,
                    ),
                )

    def _mapped_by_hand(self, form: Form, name: str, i: int) -> Match:
        path = self.chosen.header.paths[i] if i < len(self.chosen.header.paths) else ()
        unit = next((u for _, u in (fold(part) for part in reversed(path)) if u), "")
        factor = factor_of(form.column(name), unit)
        return Match(name, "mapping", unit, factor)

    def _with_unit_line(self, form: Form, found: MappedColumn, head: Head, i: int) -> MappedColumn:
        column = form.column(found.field)
        if not column.numeric:
            return found
        # What the row says is nearer than a heading in the unit of the form.
        if found.factor == 1.0 and self._by_row(form, column):
            return MappedColumn(found.letter, found.heading, found.field, None, "", (), found.how)
        for line in () if found.unit else head.unit_lines:
            if line.money_only and "CNY" not in column.unit:
                continue
            for unit in line.units:
                factor = to_unit(unit, column.unit)
                if factor is not None:
                    return MappedColumn(
                        found.letter, found.heading, found.field, factor, unit, (), found.how
                    )
        return found

    def _by_row(self, form: Form, column: Column) -> bool:
        """Tell whether the row's unit column decides although the field has a fixed unit."""
        if form.has_items or form.item_units or column.unit in ROW_UNITS:
            return False
        if "unit_zh" not in form.fields:
            return False
        fixed = next(c.unit for c in form.columns if c.unit)
        has = any(match.field == "unit_zh" for match in self.chosen.header.matches.values())
        return has and column.unit == fixed

    def _with_splits(
        self, form: Form, found: MappedColumn, columns: Mapping[int, MappedColumn]
    ) -> MappedColumn:
        behind = form.splits.get(found.field)
        if not behind or any(c.field == behind for c in columns.values()):
            return found
        return MappedColumn(
            found.letter, found.heading, found.field, found.factor, found.unit, (behind,), found.how
        )

    def _unmapped(
        self, form: Form | None, columns: Mapping[int, MappedColumn]
    ) -> Iterator[UnmappedColumn]:
        header, grid = self.chosen.header, self.chosen.grid
        taken = {found.field for found in columns.values()}
        free = [name for name in form.fields if name not in taken] if form else []
        below = grid.rows[header.data_start : header.data_start + SEARCHED]
        for i, path in enumerate(header.paths):
            if not path or i in columns:
                continue
            samples = [clean(row[i]) for row in below if row[i] != ""]
            alike = candidates(form, path, free) if form else ()
            yield UnmappedColumn(letter(i), header.heading(i), alike, tuple(samples[:3]))

    def _missing(
        self, form: Form, columns: Mapping[int, MappedColumn], head: Head
    ) -> tuple[str, ...]:
        present = {found.field for found in columns.values()} | set(head.fields)
        if "energy_code" in present:
            present.add("energy_name")
        present |= {behind for name, behind in form.splits.items() if name in present}
        missing = []
        for column in form.columns:
            if column.required == "no" or column.key in present:
                continue
            hard = column.required == "key"
            missing += [column.key] if hard else []
            name = (column.heading_zh, column.heading_en)
            grave: Severity = "error" if hard else "warning"
            self.findings.add("S002", value=column.key, result=name, severity=grave)
        return tuple(missing)

    # ------------------------------------------------------------------ around the table

    def _head(self, form: Form, rows: Rows) -> Head:
        grid = self.chosen.grid
        around = [*range(self.chosen.header.first), *rows.note_rows()[:SEARCHED]]
        return read_head(((row, grid.rows[row]) for row in around), form)

    def _tell_layout(
        self, rows: Rows, head: Head, columns: Mapping[int, MappedColumn], form: Form
    ) -> None:
        findings = self.findings
        for line in head.unit_lines:
            text = "、".join(line.units)
            place = letter(line.column)
            findings.add("S011", line.row + 1, letter=place, value=text, unit=text, column="")
        for found in columns.values():
            if found.factor not in (None, 1.0):
                findings.add(
                    "S011",
                    letter=found.letter,
                    heading=found.heading,
                    unit=found.unit,
                    value=found.unit,
                )
        for row, reason in rows.skipped:
            if reason == "repeat_header":
                findings.add("S013", row + 1)
        if rows.notes_from is not None:
            findings.add("S014", rows.notes_from + 1)
        for unmapped in self._unmapped(form, columns):
            if self.mapping.get(unmapped.letter) == "":
                continue
            path = self.chosen.header.paths[index(unmapped.letter)]
            meant = {match.field for match in match_all(form, [path]).values()}
            twin = next((c.letter for c in columns.values() if c.field in meant), "")
            findings.add(
                "X015" if twin else "S001",
                letter=unmapped.letter,
                heading=unmapped.heading,
                value=twin or unmapped.heading,
            )
