"""What a workbook of plants is made of, and what can be wrong with a cell of it."""

from __future__ import annotations

from typing import NamedTuple

from tanfeng.errors import Problem
from tanfeng.sheets._source import letter

RULES = {
    "Y421": (
        "缺少工作表“{value}”。",
        "the sheet {value!r} is missing.",
        "使用模板的工作表。",
        "Use the sheets of the template.",
    ),
    "Y422": (
        "表头缺少“{value}”。",
        "the heading {value!r} is missing.",
        "使用模板的表头，单位以表头为准。",
        "Use the headings of the template; they fix the units.",
    ),
    "Y423": (
        "不认识或重复的表头“{value}”。",
        "unknown or repeated heading {value!r}.",
        "使用模板的表头，单位以表头为准；多余的列删去。",
        "Use the headings of the template, they fix the units; delete other columns.",
    ),
    "Y424": (
        "没有填写。",
        "nothing is filled in.",
        "填写；没有数据时不能当作零。",
        "Fill it in; what is unknown is not zero.",
    ),
    "Y425": (
        "“{value}”不是数值。",
        "{value!r} is no number.",
        "只写数值，单位以表头为准。",
        "Write the number alone; the heading fixes the unit.",
    ),
    "Y426": (
        "“{value}”不是四位年份。",
        "{value!r} is no year of four digits.",
        "写成 2030 的形式。",
        "Write it as 2030.",
    ),
    "Y427": (
        "不认识的类别“{value}”。",
        "unknown kind {value!r}.",
        "使用说明中列出的类别。",
        "Use one of the kinds in the notes.",
    ),
    "Y428": (
        "单位“{value}”应为“{unit}”。",
        "the unit {value!r} should be {unit!r}.",
        "换算后填写。",
        "Convert the value.",
    ),
    "Y429": (
        "“{value}”应为“是”或“否”。",
        "{value!r} should be yes or no.",
        "填写“是”或“否”。",
        "Write yes or no.",
    ),
    "Y430": (
        "“{value}”重复。",
        "{value!r} is there twice.",
        "只保留一行。",
        "Keep one row.",
    ),
    "Y431": (
        "“{value}”小于 {least}。",
        "{value!r} is below {least}.",
        "核对数值。",
        "Check the number.",
    ),
    "Y432": (
        "没有给出“{value}”。",
        "{value!r} is not given.",
        "补充一行。",
        "Add a row.",
    ),
    "Y433": (
        "{value} 年不在计算年份内。",
        "{value} is not computed.",
        "改正年份，或改变起止年。",
        "Correct the year, or change the first and last.",
    ),
    "Y434": (
        "没有设施生产“{value}”。",
        "no facility makes {value!r}.",
        "改正产品名称。",
        "Correct the product.",
    ),
}


class Column(NamedTuple):
    """A column: its headings, whether it must be filled, what it holds, and its least number."""

    zh: str
    en: str
    must: bool = True
    holds: str = "text"
    least: float | None = None


class Kind(NamedTuple):
    """A kind of row among the limits: names, what it speaks of, and its unit."""

    zh: str
    en: str
    unit: tuple[str, str] = ("", "")
    key: bool = False
    year: bool = False
    holds: str = "number"
    least: float | None = 0.0


SHEETS = {
    "facilities": ("设施", "facilities"),
    "options": ("选项", "options"),
    "limits": ("限制", "limits"),
}
_AMOUNT = (True, "number", 0.0)
COLUMNS = {
    "facilities": {
        "facility": Column("设施", "facility"),
        "product": Column("产品", "product"),
        "option": Column("现状选项", "present option"),
        "overhaul_year": Column("大修年", "overhaul year", False, "year"),
        "deadline_year": Column("淘汰期限", "deadline year", False, "year"),
    },
    "options": {
        "facility": Column("设施", "facility"),
        "option": Column("选项", "option"),
        "available_from": Column("可用年份", "available from", False, "year"),
        "switch_cny": Column("改造投资 (元)", "switch cost (CNY)", *_AMOUNT),
        "overhaul_cny": Column("大修投资 (元)", "overhaul cost (CNY)", *_AMOUNT),
        "life_years": Column("寿命 (年)", "life (years)", True, "count", 1),
        "running_cny": Column("年运行费 (元)", "running cost (CNY/a)", True, "number"),
        "emission_tco2": Column("年直接排放 (tCO2)", "direct emission (tCO2/a)", *_AMOUNT),
        "electricity_mwh": Column("年外购电量 (MWh)", "purchased electricity (MWh/a)", *_AMOUNT),
        "output_t": Column("年产量 (t)", "output (t/a)", *_AMOUNT),
        "capacity_t": Column("产能 (t)", "capacity (t/a)", *_AMOUNT),
        "meets_baseline": Column("达到基准水平", "meets baseline", True, "yes"),
    },
    "limits": {
        "kind": Column("类别", "kind"),
        "key": Column("产品", "product", False),
        "year": Column("年份", "year", False, "year"),
        "value": Column("数值", "value", False),
        "unit": Column("单位", "unit", False),
    },
}
_T, _CNY = ("tCO2", "tCO2"), ("元", "CNY")
KINDS = {
    "first_year": Kind("起始年", "first year", holds="year"),
    "last_year": Kind("终止年", "last year", holds="year"),
    "discount_rate": Kind("贴现率", "discount rate", ("1", "1")),
    "cap": Kind("排放上限", "emission cap", _T, year=True),
    "budget": Kind("投资预算", "budget", _CNY, year=True),
    "peak_year": Kind("达峰年", "peak year", holds="year"),
    "demand": Kind("最低产量", "demand", ("t", "t"), key=True, year=True),
    "replacement_ratio": Kind("产能置换比例", "replacement ratio", ("1", "1"), key=True),
    "suspended": Kind("暂停新增产能", "suspended", key=True, holds="nothing"),
    "activity": Kind("活动水平", "activity", ("1", "1"), key=True, year=True),
    "grid_factor": Kind("电力排放因子", "grid factor", ("tCO2/MWh", "tCO2/MWh"), year=True),
    "carbon_price": Kind("碳价", "carbon price", ("元/tCO2", "CNY/tCO2"), year=True),
}


class Where(NamedTuple):
    """A cell: sheet, row as the person sees it, column from 0, and its heading."""

    sheet: str
    row: int | None = None
    column: int | None = None
    heading: str = ""


def problem(rule: str, where: Where, value: object, **told: object) -> Problem:
    """Return a finding about a cell."""
    zh, en, remedy_zh, remedy_en = (text.format(value=value, **told) for text in RULES[rule])
    return Problem(
        rule,
        "error",
        zh,
        en,
        remedy_zh,
        remedy_en,
        sheet=where.sheet,
        row=where.row,
        column="" if where.column is None else letter(where.column),
        heading=where.heading,
        value=str(value),
    )


def text(cell: object) -> str:
    """Return a cell as its author sees it: 2020, not 2020.0; empty for nothing."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def plain(written: str) -> str:
    """Return a heading or name without what people write differently."""
    shown = written.translate(str.maketrans("（）", "()"))
    return "".join(shown.split()).casefold()
