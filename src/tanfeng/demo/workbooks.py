"""Faulty workbooks for the upload pages: real .xlsx files with the mistakes people make.

Each is built from true rows of the story carried one month on, with some cells broken the way
``tables/faults.csv`` lists. They are handed in through the ordinary upload and left there.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import xlsxwriter

from tanfeng import sheets
from tanfeng.demo.city import City
from tanfeng.demo.deliveries import energy_form, output_form, shaped
from tanfeng.demo.enterprises import credit_code

Cell = str | float | int | None
Row = dict[str, Cell]

#: Text that a spreadsheet shows for a formula that cannot be computed.
FORMULA_ERROR = "#REF!"
#: A period no clock of an installation has reached.
_FAR_FUTURE = "2059-06"
#: Number of an invented enterprise no city is large enough to have.
_UNKNOWN_NUMBER = 9998


@dataclass(slots=True)
class Workbook:
    """A file to be handed in.

    Parameters
    ----------
    file_name, form_key : str
        Name and form.
    content : bytes
        The file.
    sender : str
        ``city``, or the credit code of the enterprise that sends it.
    faults : list of dict
        fault, org_code, item_key, field and row for each planted mistake.
    """

    file_name: str
    form_key: str
    content: bytes
    sender: str
    faults: list[dict[str, object]] = field(default_factory=list)


class _Sheet:
    """Rows of a form on their way into a workbook, broken cell by cell."""

    def __init__(self, form_key: str, title: str, frame: pl.DataFrame) -> None:
        self.form = sheets.form(form_key)
        self.title = title
        self.rows: list[Row] = frame.select(self.form.fields).to_dicts()
        self.faults: list[dict[str, object]] = []

    def find(self, **values: Cell) -> int:
        """Return the first row with these values."""
        for number, row in enumerate(self.rows):
            if all(row[name] == value for name, value in values.items()):
                return number
        raise LookupError(f"no row with {values} in {self.title}")

    def put(self, fault: str, row: int, field_key: str, value: Cell) -> None:
        """Break one cell and write down where."""
        self.rows[row][field_key] = value
        self.note(fault, row, field_key)

    def note(self, fault: str, row: int, field_key: str) -> None:
        """Write down a mistake; row 1 is the title, row 2 the heading."""
        self.faults.append(
            {
                "fault": fault,
                "org_code": self.rows[row]["credit_code"],
                "item_key": self.rows[row].get("energy_name") or "",
                "field": field_key,
                "row": row + 3,
            }
        )

    def content(self) -> bytes:
        """Return the workbook: a title, the headings of the form, the rows as typed."""
        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream, {"in_memory": True})
        page = book.add_worksheet("填报")
        bold = book.add_format({"bold": True})
        page.write_string(0, 0, self.title, bold)
        for column, heading in enumerate(self.form.columns):
            page.write_string(1, column, heading.heading(), bold)
        for number, row in enumerate(self.rows):
            for column, name in enumerate(self.form.fields):
                _write(page, number + 2, column, row[name])
        page.set_column(0, 1, 22)
        book.close()
        return stream.getvalue()


def _write(page: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: Cell) -> None:
    if value is None:
        return
    if value == FORMULA_ERROR:
        page.write_formula(row, column, "=B0", None, FORMULA_ERROR)
    elif isinstance(value, bool):
        page.write_string(row, column, "是" if value else "否")
    elif isinstance(value, int | float):
        page.write_number(row, column, value)
    else:
        page.write_string(row, column, value)


def workbooks(city: City, firms: Sequence[str], county: str) -> list[Workbook]:
    """Build every workbook that is left on the upload pages.

    Parameters
    ----------
    city : City
        The story.
    firms : sequence of str
        Credit codes of the three enterprises with an account.
    county : str
        Code of the county whose officer sends a file for several enterprises.
    """
    return [
        _unit_slip(city, firms[0]),
        _double_rows(city, firms[1]),
        _clean(city, firms[2]),
        _county_file(city, county),
        _outputs(city, county),
        _archive(city),
        *_refused(city, firms),
    ]


def _next_month(city: City) -> tuple[int, int]:
    """Return the month after the story, which ends with a whole year."""
    return city.years[-1] + 1, 1


def _carried(city: City, codes: Sequence[str]) -> pl.DataFrame:
    """Energy rows one month after the story: as a year earlier, on the stock there is now."""
    year, month = _next_month(city)
    same = city.planted.energy.filter(pl.col("org_code").is_in(codes))
    before = same.filter((pl.col("year") == year - 1) & (pl.col("month") == month))
    last = (
        same.sort("year", "month")
        .group_by("org_code", "item_key")
        .agg(stock=pl.col("closing_stock_qty").last())
    )
    short = pl.col("opening_stock_qty") - pl.col("stock")
    bought = (pl.col("purchase_qty") + short).clip(lower_bound=0.0).round(2)
    price = pl.col("purchase_amount_kcny") / pl.col("purchase_qty")
    dated = (
        before.join(last, on=["org_code", "item_key"], how="left", maintain_order="left")
        .with_columns(
            year=pl.lit(year, pl.Int32), month=pl.lit(month, pl.Int8), tier=pl.lit("reported")
        )
        .with_columns(
            purchase_qty=pl.coalesce(bought, "purchase_qty"),
            opening_stock_qty=pl.col("stock"),
            purchase_amount_kcny=pl.coalesce((price * bought).round(2), "purchase_amount_kcny"),
        )
        .with_columns(
            closing_stock_qty=pl.when(pl.col("stock").is_not_null()).then(
                (
                    pl.col("stock")
                    + pl.col("purchase_qty")
                    + pl.col("own_production_qty").fill_null(0.0)
                    - pl.col("consumption_total_qty")
                    - pl.col("transfer_out_qty").fill_null(0.0)
                ).round(2)
            )
        )
    )
    return energy_form(dated.drop("stock"))


def _title(city: City, frame: pl.DataFrame, words: str) -> str:
    year, month = _next_month(city)
    return f"{frame['org_name'][0]}{year}年{month}月{words}（演示）"


def _stem(city: City) -> str:
    year, month = _next_month(city)
    return f"{year}年{month}月"


def _finish(page: _Sheet, file_name: str, sender: str) -> Workbook:
    return Workbook(file_name, page.form.key, page.content(), sender, page.faults)


def _unit_slip(city: City, code: str) -> Workbook:
    """Electricity in kWh under a heading in 1e4 kWh, and a closing stock below zero."""
    frame = _carried(city, [code])
    page = _Sheet("monthly_energy", _title(city, frame, "能源月报"), frame)
    power = page.find(energy_name="电力")
    for name in ("purchase_qty", "consumption_total_qty"):
        page.rows[power][name] = float(page.rows[power][name] or 0) * 10_000
    page.note("unit_slip_kwh", power, "consumption_total_qty")
    stocked = next(
        (n for n, row in enumerate(page.rows) if row["closing_stock_qty"] is not None), power
    )
    page.put("negative_stock", stocked, "closing_stock_qty", -12.5)
    return _finish(page, f"{_stem(city)}能源月报（钢铁）.xlsx", code)


def _double_rows(city: City, code: str) -> Workbook:
    """One item twice, more green power than electricity, numbers typed as text."""
    frame = _carried(city, [code])
    page = _Sheet("monthly_energy", _title(city, frame, "能源月报"), frame)
    power = page.find(energy_name="电力")
    use = float(page.rows[power]["consumption_total_qty"] or 0)
    page.put("green_above_use", power, "green_power_1e4kwh", round(use * 1.5, 2))
    amount = page.rows[power]["purchase_amount_kcny"]
    page.put("typed_number", power, "purchase_amount_kcny", f"{float(amount or 0):,.2f}")
    other = 0 if power else len(page.rows) - 1
    full_width = str(page.rows[other]["purchase_qty"] or "0").translate(
        str.maketrans("0123456789.", "０１２３４５６７８９．")
    )
    page.put("typed_number", other, "purchase_qty", full_width)
    page.put("no_data_sign", other, "own_production_qty", "—")
    page.rows.append(
        {
            **page.rows[other],
            "consumption_total_qty": float(frame["consumption_total_qty"][other]) + 7,
        }
    )
    page.note("duplicate_row", len(page.rows) - 1, "")
    return _finish(page, f"{_stem(city)}能源月报（纺织）.xlsx", code)


def _clean(city: City, code: str) -> Workbook:
    """Build a workbook without a mistake that only waits to be confirmed."""
    frame = _carried(city, [code])
    page = _Sheet("monthly_energy", _title(city, frame, "能源月报"), frame)
    return _finish(page, f"{_stem(city)}能源月报（电子）.xlsx", code)


def _county_codes(city: City, county: str, count: int) -> list[str]:
    firms = city.firms.filter(
        (pl.col("place_code") == county) & (pl.col("last_month") == city.months - 1)
    )
    return firms["credit_code"].head(count).to_list()


def _county_file(city: City, county: str) -> Workbook:
    """Build a file an officer put together from mails: something wrong in many rows."""
    frame = _carried(city, _county_codes(city, county, 8))
    page = _Sheet("monthly_energy", f"{_stem(city)}各企业能源月报汇总（演示）", frame)
    spots = iter(range(len(page.rows)))
    row = next(spots)
    code = str(page.rows[row]["credit_code"])
    page.put("credit_code", row, "credit_code", code[:-1] + ("0" if code[-1] != "0" else "1"))
    page.put("unknown_item", next(spots), "energy_name", "柴火")
    page.rows[1]["energy_code"] = None
    page.put("wrong_unit", next(spots), "unit_zh", "千瓦")
    page.put("formula_error", next(spots), "consumption_total_qty", FORMULA_ERROR)
    page.put("month_thirteen", next(spots), "period", "2025.13")
    page.put("future_period", next(spots), "period", _FAR_FUTURE)
    page.put("typed_number", next(spots), "consumption_total_qty", "1.2万")
    page.put("injection", next(spots), "remark", '=HYPERLINK("demo","见附件")')
    return _finish(page, f"{_stem(city)}各企业能源月报汇总.xlsx", county)


def _outputs(city: City, county: str) -> Workbook:
    """Product output with a firm nobody knows and one whose name does not fit its code."""
    year, month = _next_month(city)
    codes = _county_codes(city, county, 5)
    rows = city.planted.output.filter(
        pl.col("org_code").is_in(codes) & (pl.col("year") == year - 1) & (pl.col("month") == month)
    ).with_columns(year=pl.lit(year, pl.Int32))
    page = _Sheet("product_output", f"{_stem(city)}产品产量月报（演示）", output_form(rows))
    page.put("unknown_firm", 0, "credit_code", credit_code(_UNKNOWN_NUMBER))
    page.rows[0]["org_name"] = "演示未建档企业"
    page.put("renamed_firm", 1, "org_name", "演示更名后的企业")
    return _finish(page, f"{_stem(city)}产品产量月报.xlsx", county)


def _archive(city: City) -> Workbook:
    """Build an archive form with an industry code of two digits."""
    page = _Sheet(
        "enterprise_archive",
        "企业名录增补（演示）",
        shaped("enterprise_archive", city.archive.head(2)),
    )
    page.put("short_industry", 0, "industry_code", "31")
    return _finish(page, "企业名录增补.xlsx", "city")


def _refused(city: City, firms: Sequence[str]) -> list[Workbook]:
    """Files that cannot be opened at all: with macros, broken, of another kind."""
    frame = _carried(city, [firms[0]])
    good = _Sheet("monthly_energy", _title(city, frame, "能源月报"), frame).content()
    stream = io.BytesIO(good)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"demo")
    files: Mapping[str, tuple[str, bytes]] = {
        "macro_file": (f"{_stem(city)}能源月报（含宏）.xlsm", stream.getvalue()),
        "broken_file": (f"{_stem(city)}能源月报（损坏）.xlsx", good[: len(good) // 2]),
        "wrong_kind": ("能源月报扫描件.pdf", b"%PDF-1.4 demo"),
    }
    return [
        Workbook(
            name,
            "monthly_energy",
            content,
            firms[number % len(firms)],
            [{"fault": fault, "org_code": "", "item_key": "", "field": "", "row": 0}],
        )
        for number, (fault, (name, content)) in enumerate(files.items())
    ]
