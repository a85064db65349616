"""Filled-in forms for tests, written by the same writer that makes exports."""

from __future__ import annotations

import io

import openpyxl
import polars as pl

from tanfeng import sheets

ELECTRICITY = {"energy_code": "33", "energy_name": "电力", "unit_zh": "万千瓦时"}
COAL = {"energy_code": "01", "energy_name": "原煤", "unit_zh": "吨"}


_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(number: int) -> str:
    """Return a made-up code with a proper GB 32100 check digit; place 359999 does not exist."""
    body = f"91359999MATEXT{number:03d}"
    total = sum(_DIGITS.index(one) * pow(3, place, 31) for place, one in enumerate(body))
    return body + _DIGITS[-total % 31]


def workbook(form_key: str, rows: list[dict[str, object]], **head: str) -> bytes:
    """Return a workbook of a form; the first row of ``rows`` stands in row 3 of the sheet."""
    form = sheets.form(form_key)
    types = {name: dtype for name, dtype in form.schema().items() if name in form.fields}
    empty = dict.fromkeys(types)
    frame = pl.DataFrame([{**empty, **row} for row in rows], schema=types, strict=False)
    return sheets.write(form, frame, head=head or None)


def energy(credit_code: str, period: str, quantity: float, **more: object) -> dict[str, object]:
    """Return a row of electricity that balances and costs 650 CNY per 1e3 kWh."""
    return {
        "credit_code": credit_code,
        "org_name": "",
        "period": period,
        **ELECTRICITY,
        "purchase_qty": quantity,
        "purchase_amount_kcny": quantity * 6.5,
        "consumption_total_qty": quantity,
        "data_source": "计量",
        **more,
    }


def book(*pages: tuple[str, bytes | list[tuple[object, ...]]]) -> bytes:
    """Return one workbook with the first sheet of every workbook, under a new name."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, content in pages:
        sheet = made.create_sheet(name)
        rows = content if isinstance(content, list) else None
        if rows is None:
            opened = openpyxl.load_workbook(io.BytesIO(content))
            rows = list(opened.worksheets[0].iter_rows(values_only=True))
        for row in rows:
            sheet.append(list(row))
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()
