"""Workbooks in and out: one declaration per form gives template, reader, writer, errors by cell.

``forms()`` lists the forms and ``template()`` gives the empty workbook of one. ``read()`` takes a
filled-in one and tells every problem at once, ``annotate()`` gives it back with the bad cells
marked. ``write()`` and ``table_workbook()`` make what leaves the house. Nothing here opens a
socket or reads a clock: today is an argument.
"""

from __future__ import annotations

from tanfeng.sheets._annotate import annotate
from tanfeng.sheets._book import MEDIA_TYPE
from tanfeng.sheets._checks_across import across, compared, with_problems
from tanfeng.sheets._convert import activity
from tanfeng.sheets._guard import Limits
from tanfeng.sheets._identity import credit_code_problem
from tanfeng.sheets._source import Grid, Source, letter, open_source
from tanfeng.sheets._tables import Threshold, thresholds
from tanfeng.sheets._workbook import Workbook, read, read_all
from tanfeng.sheets._writer import (
    ListColumn,
    ListTable,
    table_workbook,
    tables_workbook,
    template,
    write,
)
from tanfeng.sheets.forms import Column, Form, form, forms
from tanfeng.sheets.result import MappedColumn, ReadResult, SheetInfo, UnmappedColumn

__all__ = [
    "MEDIA_TYPE",
    "Column",
    "Form",
    "Grid",
    "Limits",
    "ListColumn",
    "ListTable",
    "MappedColumn",
    "ReadResult",
    "SheetInfo",
    "Source",
    "Threshold",
    "UnmappedColumn",
    "Workbook",
    "across",
    "activity",
    "annotate",
    "compared",
    "credit_code_problem",
    "form",
    "forms",
    "letter",
    "open_source",
    "read",
    "read_all",
    "table_workbook",
    "tables_workbook",
    "template",
    "thresholds",
    "with_problems",
    "write",
]
