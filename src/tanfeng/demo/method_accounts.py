"""One account by a sector method, from the workbook an invented steelworks would hand in.

It is filled in from what the enterprise reported, with two differences left in on purpose, so that
the reconciliation has something to explain: natural gas of two months is short, as if taken from
invoices, and petrol is left out. The half widths stated of two meters are invented and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import xlsxwriter

from tanfeng.accounting.methods import METHODS, Method
from tanfeng.console.accounting import method_services, uncertainty, uncertainty_services
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.archive.models import Organisation, Sector
from tanfeng.console.core.models import User
from tanfeng.sheets.method_forms import sheet_names, stream_form

_METHOD = "gb_t_32151_5_2015"
#: Energy item -> stream, material as the form names it, field, units of the form per unit here.
_ITEMS: Mapping[str, tuple[str, str, str, float]] = {
    "electricity": ("electricity", "电力", "purchased_mwh", 10.0),
    "natural_gas": ("fuel", "天然气", "used_qty", 1.0),
    "diesel": ("fuel", "柴油", "used_qty", 1.0),
    "coke": ("fuel", "焦炭", "used_qty", 1.0),
}
#: Months gas is short in, and by what. [1]
_SHORT, _SHORT_BY = (2, 9), 0.97
#: Input -> half width of its 95 % interval. [%]
_STATED = {"row|electricity|electricity|purchased_mwh": 1.0, "row|fuel|natural_gas|used_qty": 2.5}
_GROUNDS = "演示数据 · 虚构的计量器具检定证书"


def write(user: User, year: int) -> int:
    """Account the first steelworks that reported the whole year; return how many were accounted.

    Parameters
    ----------
    user : User
        Officer of the city, who hands the workbook in.
    year : int
        Year of the account.
    """
    records = EnergyRecord.objects.current().filter(
        year=year,
        month__gt=0,
        organisation__sector=Sector.STEEL,
        item_key__in=_ITEMS,
        consumption_total_qty__gt=0,
    )
    for organisation in Organisation.objects.filter(sector=Sector.STEEL).order_by("credit_code"):
        own = list(records.filter(organisation=organisation).order_by("item_key", "month"))
        if sum(one.item_key == "electricity" for one in own) == 12:
            _account(user, organisation, year, own)
            return 1
    return 0


def _account(
    user: User, organisation: Organisation, year: int, records: list[EnergyRecord]
) -> None:
    method = METHODS[_METHOD]
    rows: list[tuple[str, dict[str, str | float]]] = [
        (
            stream,
            {
                "credit_code": organisation.credit_code,
                "org_name": organisation.name,
                "period": f"{year}-{one.month:02d}",
                "item": item,
                field: round(_amount(one) * scale, 3),
            },
        )
        for one in records
        for stream, item, field, scale in (_ITEMS[one.item_key],)
    ]
    run = method_services.account(
        user,
        organisation,
        _filled(method, rows),
        f"{organisation.name} {year}.xlsx",
        method_key=method.key,
        year=year,
        partial=True,
    )
    for key in _STATED.keys() & uncertainty.sources(run).keys():
        uncertainty_services.state(
            user, run, key, relative_pct=_STATED[key], distribution="normal",
            together=True, group="", grounds=_GROUNDS,
        )  # fmt: skip


def _amount(record: EnergyRecord) -> float:
    short = record.item_key == "natural_gas" and record.month in _SHORT
    return float(record.consumption_total_qty or 0.0) * (_SHORT_BY if short else 1.0)


def _filled(method: Method, rows: list[tuple[str, dict[str, str | float]]]) -> bytes:
    """Return the workbook of a method with its rows: a sheet per stream, headings as its form."""
    stream_io = BytesIO()
    book = xlsxwriter.Workbook(stream_io, {"in_memory": True})
    names = sheet_names(method, "zh")
    for stream in dict.fromkeys(stream for stream, _cells in rows):
        page = book.add_worksheet(names[stream])
        fields = [
            (one.key, one.heading("zh"))
            for one in stream_form(method, method.stream(stream), "zh").columns
        ]
        page.write_row(0, 0, [heading for _key, heading in fields])
        own = [cells for one, cells in rows if one == stream]
        for number, cells in enumerate(own, start=1):
            for column, (key, _heading) in enumerate(fields):
                if key in cells:
                    page.write(number, column, cells[key])
    book.close()
    return stream_io.getvalue()
