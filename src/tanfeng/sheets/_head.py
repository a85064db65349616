"""The head block: who, when and in which unit, as stated above and below a table."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tanfeng.sheets import _dates
from tanfeng.sheets._headings import fold, half_width
from tanfeng.sheets._identity import is_credit_code
from tanfeng.sheets._numbers import folded, to_unit
from tanfeng.sheets._source import Cell
from tanfeng.sheets.forms import UNIT_NAMES, Form

#: Folded label -> field of the head block. A form may name its own first.
LABELS: Mapping[str, str] = {
    fold(label)[0]: name
    for name, labels in {
        "credit_code": "统一社会信用代码 社会信用代码 信用代码 法人代码 统一信用代码",
        "org_name": "单位详细名称 单位名称 企业名称 单位全称 企业全称 填报企业",
        "period": "报告期 所属期 统计期间 数据期 报告月份 统计月份 数据月份",
        "reported_by": "填报单位 编制单位 报送单位",
        "department": "填报部门 编制部门 制表部门",
        "reported_on": "报出日期 填报日期 报送日期 上报日期",
        "filled_on": "填表日期 制表日期",
        "filled_by": "填表人 填报人 制表人",
        "signed_by": "负责人 负责人签字 单位负责人 法定代表人",
        "signed_statistics": "统计负责人",
        "reviewed_by": "审核人 复核人",
        "phone": "联系电话 电话",
        "form_no": "表号",
        "as_of": "截至 截止日期 数据截止",
    }.items()
    for label in labels.split()
}
DATE_FIELDS = frozenset({"reported_on", "filled_on", "as_of"})
_PAIR = re.compile(r"([^\s:]{1,20}?)\s*:\s*([^:]*?)(?=\s+[^\s:]{2,12}\s*:|$)", re.DOTALL)
_FIRM = re.compile(
    r"^[^\s:：“”\"]{2,40}?(?:有限责任公司|股份有限公司|有限公司|集团公司|集团|公司|厂|矿|电站|研究院)"
)


def label_field(text: str, form: Form | None = None) -> str:
    """Return the field of the head block a label names, empty when it names none."""
    key = fold(text.rstrip(":："))[0]
    own = {fold(label)[0]: name for label, name in form.head.items()} if form else {}
    return own.get(key) or LABELS.get(key, "")


def pairs(row: Sequence[Cell]) -> Iterator[tuple[str, Cell, int]]:
    """Yield label, value and column of every label in a row of the head block."""
    for column, cell in enumerate(row):
        if not isinstance(cell, str) or not cell.strip():
            continue
        after = next((c for c in row[column + 1 :] if c != ""), "")
        matched = _PAIR.findall(cell.strip()[:500].replace("：", ":"))
        for label, value in matched:
            yield label, value.strip() or after, column
        if not matched and label_field(cell):
            yield cell, after, column


def firm_in(text: str) -> str:
    """Return the name of the enterprise a title starts with, empty when there is none."""
    match = _FIRM.match(text.strip())
    return match[0] if match else ""


_UNIT_LINE = re.compile(r"(金额|计量)?单位\s*[:：]\s*([^:：\s)）]+)")
_SPAN = re.compile(r"(\d{4})年(\d{1,2})月?[-—–~至](\d{1,2})月")
_AS_OF = re.compile(r"截[至止]到?(\d{4}年\d{1,2}月(?:\d{1,2}日)?)")
_MONTH = re.compile(r"(\d{4})年(\d{1,2})月(?!\d|[-—–~至])")
_YEAR = re.compile(r"((?:19|20)\d\d)年")
_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")


@dataclass(slots=True)
class UnitLine:
    """A line such as 单位：万元 above the table."""

    row: int
    column: int
    units: tuple[str, ...]
    money_only: bool


@dataclass(slots=True)
class Head:
    """What was found around the table.

    Parameters
    ----------
    fields : dict
        Field -> value: text, ``year`` as int, ``is_cumulative`` as bool.
    unit_lines : list of UnitLine
        Units stated for the whole table.
    """

    fields: dict[str, object] = field(default_factory=dict)
    unit_lines: list[UnitLine] = field(default_factory=list)

    @property
    def year(self) -> int | None:
        """Year stated above the table."""
        year = self.fields.get("year")
        return year if isinstance(year, int) else None


def read_head(rows: Iterable[tuple[int, Sequence[Cell]]], form: Form | None) -> Head:
    """Read the rows above and below a table.

    Parameters
    ----------
    rows : iterable of (int, row)
        Row numbers counted from 0 with their cells.
    form : Form, optional
        Its own labels go before the general ones.

    Returns
    -------
    Head
    """
    head = Head()
    for number, row in rows:
        for label, value, _ in pairs(row):
            _take(head, label, value, form)
        for column, cell in enumerate(row):
            if isinstance(cell, str) and cell.strip():
                _read_text(head, number, column, cell)
    by = str(head.fields.get("reported_by", ""))
    if "org_name" not in head.fields and firm_in(by) == by and by:
        head.fields["org_name"] = by
    return head


def _take(head: Head, label: str, value: Cell, form: Form | None) -> None:
    name = label_field(label, form)
    if not name or value in ("", None) or name in head.fields:
        return
    if name in DATE_FIELDS or isinstance(value, dt.date):
        found = _dates.from_cell(value)
        if found.how in ("plain", "serial"):
            head.fields[name] = found.text
    elif name == "period":
        _take_period(head, value)
    elif name == "credit_code":
        code = half_width(str(value)).upper()
        if re.fullmatch(r"[0-9A-Z-]{9,20}", code):
            head.fields[name] = code
    else:
        head.fields[name] = " ".join(str(value).split())


def _take_period(head: Head, value: Cell) -> None:
    found = _dates.from_cell(value)
    if found.how in ("plain", "serial", "span"):
        head.fields["period"] = found.text[:7]
        if found.how == "span":
            head.fields["is_cumulative"] = found.first_month == 1


def _read_text(head: Head, row: int, column: int, cell: str) -> None:
    text = half_width(cell)
    for money, spellings in _UNIT_LINE.findall(folded(cell)):
        listed = tuple(filter(None, re.split(r"[、,;/]", spellings)))
        if any(to_unit(one, unit) is not None for one in listed for unit in UNIT_NAMES):
            head.unit_lines.append(UnitLine(row, column, listed, money == "金额"))
    if firm := firm_in(cell):
        head.fields.setdefault("org_name", firm)
    for code in filter(is_credit_code, _CODE.findall(text.upper())):
        head.fields.setdefault("credit_code", code)
    if match := _AS_OF.search(text):
        head.fields.setdefault("as_of", _dates.from_cell(match[1]).text)
    elif match := _SPAN.search(text):
        if int(match[2]) == 1:
            _take_period(head, match[0])
    elif (match := _MONTH.search(text)) and not re.search("[:：]", text):
        head.fields.setdefault("period", _dates.from_cell(match[0]).text)
    if match := _YEAR.search(text):
        head.fields.setdefault("year", int(match[1]))
