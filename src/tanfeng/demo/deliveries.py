"""What reaches the city office and when: the forms cut into files with a day of arrival.

Years long past come as one file per county; the last year comes month by month. Each file is a
CSV with the headings of the form, so that row n of a batch is row n of a file that can be opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from tanfeng import sheets, standards, units
from tanfeng.demo._tables import table
from tanfeng.demo.city import City
from tanfeng.periods import LOCAL

#: Hour of the day at which a file arrives.
_HOUR = 9
#: Day of January on which the counties begin to send a whole year, and of the next month on
#: which they begin to send a month.
_YEAR_DAY, _MONTH_DAY = 12, 8
_SOURCES = {"measured": "计量", "reported": "填报", "estimated": "估算"}
_HEADING_ROWS = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file: which form, for whom, when it arrived, and its rows.

    Parameters
    ----------
    form_key : str
        Form of ``tanfeng.sheets``.
    file_name : str
        Name of the file.
    place_code : str
        County that sent it; empty for the city.
    arrived : datetime
        When it became known.
    frame : polars.DataFrame
        Typed rows with ``source_row``, as the reader of the form gives them.
    """

    form_key: str
    file_name: str
    place_code: str
    arrived: datetime
    frame: pl.DataFrame

    @property
    def columns(self) -> dict[str, str]:
        """Field -> column letter in the file."""
        return {name: _letter(number) for number, name in enumerate(_fields(self.form_key))}

    def content(self) -> bytes:
        """Return the file: UTF-8 with byte-order mark, as spreadsheet programs write it."""
        form = sheets.form(self.form_key)
        printed = self.frame.select(
            _printed(name, self.frame).alias(form.column(name).heading())
            for name in _fields(self.form_key)
        )
        return printed.write_csv(include_bom=True).encode()


def _fields(form_key: str) -> tuple[str, ...]:
    return sheets.form(form_key).fields


def _letter(number: int) -> str:
    """Return the letters of a column counted from 0: 25 is Z, 26 is AA."""
    before, last = divmod(number, 26)
    return (_letter(before - 1) if before else "") + chr(ord("A") + last)


def _printed(name: str, frame: pl.DataFrame) -> pl.Expr:
    if frame.schema[name] == pl.Boolean():
        return pl.when(name).then(pl.lit("是")).when(~pl.col(name)).then(pl.lit("否"))
    return pl.col(name)


def shaped(form_key: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows the columns and types of a form; what they do not have is empty.

    Parameters
    ----------
    form_key : str
        Form of ``tanfeng.sheets``.
    rows : polars.DataFrame
        Any of the form's columns.

    Returns
    -------
    polars.DataFrame
        ``source_row`` counts from the first row under the heading.
    """
    schema = sheets.form(form_key).schema()
    numbered = rows.with_columns(
        source_row=pl.int_range(1 + _HEADING_ROWS, pl.len() + 1 + _HEADING_ROWS, dtype=pl.Int64)
    )
    return numbered.select(
        (pl.col(name) if name in numbered.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def energy_form(rows: pl.DataFrame) -> pl.DataFrame:
    """Return energy rows in the shape of the form ``monthly_energy``."""
    items = standards.load("energy_items").select(
        "item_key", energy_code="code", energy_name="name_zh", unit_zh="unit_zh", unit="unit"
    )
    named = rows.join(items, on="item_key", how="left", maintain_order="left").with_columns(
        credit_code=pl.col("org_code"),
        period=_period(),
        data_source=pl.col("tier").replace_strict(_SOURCES),
        remark=pl.col("remark").replace("", None),
        is_part=pl.lit(False),
        is_counted=pl.lit(True),
    )
    return shaped("monthly_energy", named)


def output_form(rows: pl.DataFrame) -> pl.DataFrame:
    """Return output rows in the shape of the form ``product_output``."""
    spellings = rows["unit_zh"].unique().to_list()
    # The units of the kinds are such that the reader only renames them.
    known = {text: (units.canonical_units(text) or (text,))[0] for text in spellings}
    named = rows.with_columns(
        credit_code=pl.col("org_code"), period=_period(), unit=pl.col("unit_zh").replace(known)
    )
    return shaped("product_output", named)


def _period() -> pl.Expr:
    return pl.format("{}-{}", "year", pl.col("month").cast(pl.String).str.zfill(2))


def deliveries(city: City) -> Iterator[Delivery]:
    """Yield every file of the story in the order of arrival within each form."""
    first, last = city.years[0], city.years[-1]
    yield Delivery(
        "enterprise_archive",
        "一企一档.csv",
        "",
        datetime(first, 1, 5, _HOUR, tzinfo=LOCAL),
        shaped("enterprise_archive", city.archive),
    )
    for rows, form_key, title in (
        (city.planted.energy, "monthly_energy", "能源月报"),
        (city.planted.output, "product_output", "产品产量月报"),
    ):
        yield from _yearly(rows.filter(pl.col("year") < last), form_key, title)
        yield from _monthly(rows.filter(pl.col("year") == last), form_key, title)
    for rows, title, month, day in (
        (city.planted.late, "能源月报迟报", 2, 25),
        (city.planted.corrections, "能源月报更正", 3, 10),
    ):
        arrived = datetime(last, month, day, _HOUR, tzinfo=LOCAL)
        if rows.height:
            yield Delivery("monthly_energy", f"{title}.csv", "", arrived, energy_form(rows))


def _yearly(rows: pl.DataFrame, form_key: str, title: str) -> Iterator[Delivery]:
    for year in rows["year"].unique().sort():
        for order, (code, name) in enumerate(_places()):
            part = rows.filter((pl.col("year") == year) & (pl.col("place_code") == code))
            arrived = datetime(year + 1, 1, _YEAR_DAY, _HOUR, tzinfo=LOCAL)
            if part.height:
                yield _delivery(part, form_key, f"{year}年{name}{title}.csv", code, arrived, order)


def _monthly(rows: pl.DataFrame, form_key: str, title: str) -> Iterator[Delivery]:
    for year, month in rows.select("year", "month").unique().sort("year", "month").iter_rows():
        arrived = datetime(year + month // 12, month % 12 + 1, _MONTH_DAY, _HOUR, tzinfo=LOCAL)
        for order, (code, name) in enumerate(_places()):
            part = rows.filter((pl.col("month") == month) & (pl.col("place_code") == code))
            if part.height:
                file_name = f"{year}年{month}月{name}{title}.csv"
                yield _delivery(part, form_key, file_name, code, arrived, order)


def _delivery(
    rows: pl.DataFrame, form_key: str, name: str, code: str, arrived: datetime, order: int
) -> Delivery:
    shape = energy_form if form_key == "monthly_energy" else output_form
    # Counties send on five days running, at different hours.
    late = timedelta(days=order % 5, minutes=37 * order)
    return Delivery(form_key, name, code, arrived + late, shape(rows))


def _places() -> list[tuple[str, str]]:
    return list(table("areas").select("code", "name_zh").iter_rows())
