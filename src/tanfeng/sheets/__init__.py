"""Workbooks in and out: one declaration per form gives template, reader, writer and errors by cell."""

from __future__ import annotations

from tanfeng.sheets._guard import Limits
from tanfeng.sheets._identity import credit_code_problem
from tanfeng.sheets._reader import read
from tanfeng.sheets._tables import Threshold, thresholds
from tanfeng.sheets.forms import Column, Form, form, forms
from tanfeng.sheets.result import MappedColumn, ReadResult, SheetInfo, UnmappedColumn
