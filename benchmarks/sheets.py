"""How long a 50,000-row form takes: CPU seconds, beside the bare read of python-calamine.

Run: ``python benchmarks/sheets.py [rows]``. Every file is made here from a fixed seed. The limit
of the house is 1.5 times the bare read plus 3 CPU seconds for reading with every check.
"""

from __future__ import annotations

import datetime as dt
import io
import random
import sys
import time
from collections.abc import Callable

import polars as pl
import python_calamine

from tanfeng import sheets
from tanfeng.sheets._identity import check_character
from tanfeng.sheets._items import items

TODAY = dt.date(2026, 1, 31)
#: Amounts stay inside the price ranges, so that a clean file is clean. [thousand CNY per unit]
PRICES = {"raw_coal": 0.8, "natural_gas": 35.0, "electricity": 6.3, "diesel": 7.2, "heat": 0.07}


def clean_frame(rows: int) -> pl.DataFrame:
    """Return months of five energy items per firm, everything in balance."""
    draw = random.Random(20260131)
    table: list[dict[str, object]] = []
    firm = 0
    while len(table) < rows:
        body = f"91359999M{firm:08d}"
        code, firm = body + check_character(body), firm + 1
        for month in range(36):
            for key, price in PRICES.items():
                item = items()[key]
                used = round(draw.uniform(80, 120), 2)
                stock = 10.0 if item.stock else None
                table.append(
                    {
                        "credit_code": code,
                        "org_name": f"演示企业{firm:04d}有限公司",
                        "period": f"{2022 + month // 12}-{month % 12 + 1:02d}",
                        "energy_code": item.code,
                        "energy_name": item.name_zh,
                        "unit_zh": item.unit_zh,
                        "opening_stock_qty": stock,
                        "purchase_qty": used,
                        "purchase_amount_kcny": round(used * price, 3),
                        "consumption_total_qty": used,
                        "feedstock_qty": 0.0,
                        "closing_stock_qty": stock,
                        "coef_used_tce": item.reference,
                        "data_source": "计量",
                    }
                )
    return pl.DataFrame(table[:rows])


def dirty_rows(frame: pl.DataFrame) -> list[list[object]]:
    """Return the rows with text numbers, nil tokens, wrong units and one fault in fifty rows."""
    draw = random.Random(7)
    form = sheets.form("monthly_energy")
    used = [name for name in form.fields if name in frame.columns]
    rows: list[list[object]] = [[form.column(name).heading() for name in used]]
    for row in frame.select(used).iter_rows(named=True):
        row["purchase_amount_kcny"] = f"{row['purchase_amount_kcny']:,}"
        row["feedstock_qty"] = "—"
        if draw.random() < 0.02:
            name, value = draw.choice(
                [
                    ("feedstock_qty", 999.0),
                    ("period", "2025.13"),
                    ("consumption_total_qty", "约100"),
                    ("closing_stock_qty", -5.0),
                    ("unit_zh", "升"),
                    ("coef_used_tce", 7.7),
                ]
            )
            row[name] = value
        rows.append([row[name] for name in used])
    return rows


def book_of(rows: list[list[object]]) -> bytes:
    """Return an .xlsx of the rows."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("月报")
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return buffer.getvalue()


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the CPU seconds of the quickest of a few runs."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def bare(content: bytes) -> None:
    """Read as python-calamine alone does."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    book.get_sheet_by_index(0).to_python()


def read(content: bytes) -> sheets.ReadResult:
    """Read and check."""
    return sheets.read(content, "upload", today=TODAY)


def main() -> int:
    """Print the table; return 1 when a limit is missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    sheets.read(sheets.template("monthly_energy"), "warm", today=TODAY)
    frame = clean_frame(rows)
    clean = sheets.write("monthly_energy", frame)
    dirty = dirty_rows(frame)
    files = {
        "clean .xlsx": clean,
        "dirty .xlsx": book_of(dirty),
        "dirty .csv, GBK": "\r\n".join(
            ",".join(f'"{cell}"' if "," in str(cell) else str(cell or "") for cell in row)
            for row in dirty
        ).encode("gbk"),
    }
    missed = False
    print(f"{rows:,} rows of monthly_energy, CPU seconds, best of 3")
    print(f"{'file':18}{'MB':>6}{'bare':>8}{'read':>8}{'limit':>8}{'errors':>9}{'warnings':>10}")
    for name, content in files.items():
        alone = 0.0 if name.endswith("GBK") else seconds(lambda c=content: bare(c))  # type: ignore[misc]
        full = seconds(lambda c=content: read(c))  # type: ignore[misc]
        limit = 1.5 * alone + 3
        result = read(content)
        missed |= full > limit
        print(
            f"{name:18}{len(content) / 1e6:6.1f}{alone:8.2f}{full:8.2f}{limit:8.2f}"
            f"{result.errors:9,}{result.warnings:10,}"
        )
    result = read(files["dirty .xlsx"])
    other = {
        "write(form)": lambda: sheets.write("monthly_energy", frame),
        "table_workbook, 10 columns": lambda: sheets.table_workbook(
            "清单", frame.columns[:10], frame
        ),
        "annotate(dirty .xlsx)": lambda: sheets.annotate(files["dirty .xlsx"], "x", result),
        "template": lambda: sheets.template("monthly_energy"),
    }
    print(f"\n{'out':30}{'CPU s':>8}")
    for name, work in other.items():
        print(f"{name:30}{seconds(work, 1):8.2f}")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
