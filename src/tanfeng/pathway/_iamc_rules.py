"""What may be wrong with an IAMC table, in both languages."""

from __future__ import annotations

from tanfeng.errors import Problem
from tanfeng.pathway._places import Said, finding

#: Rule -> what is wrong and what to do, Chinese and English; ``{value}`` is what stands there.
RULES: dict[str, Said] = {
    "Y351": (
        "缺少表头“{value}”。",
        "the heading {value!r} is missing.",
        "IAMC 表应有 Model、Scenario、Region、Variable、Unit 和年份列（或 Year、Value）。",
        "An IAMC table has Model, Scenario, Region, Variable, Unit and years (or Year, Value).",
    ),
    "Y352": (
        "表头“{value}”不属于 IAMC 表，或重复。",
        "the heading {value!r} is none of an IAMC table, or there twice.",
        "删去该列。",
        "Delete the column.",
    ),
    "Y353": (
        "{value} 为空。",
        "{value} is empty.",
        "补全该行的模型、情景、地区、变量和单位。",
        "Fill in model, scenario, region, variable and unit of the row.",
    ),
    "Y354": (
        "“{value}”不是年份。",
        "{value!r} is no year.",
        "写成四位数字。",
        "Write four digits.",
    ),
    "Y355": (
        "“{value}”不是数值。",
        "{value!r} is no number.",
        "没有数值时留空。",
        "Leave the cell empty where there is no value.",
    ),
    "Y356": (
        "同一变量同一年的值重复（前一处在 {before}）。",
        "the value of this variable and year is given twice, first at {before}.",
        "只保留一处。",
        "Keep one of them.",
    ),
    "Y357": (
        "同一变量使用了两种单位，此处为“{value}”。",
        "one variable is in two units, here {value!r}.",
        "统一单位。",
        "Use one unit.",
    ),
}


def problem(rule: str, sheet: str, row: int, column: str, value: str, **told: object) -> Problem:
    """Return a finding about a cell of an IAMC table."""
    return finding(RULES, rule, value, told, sheet=sheet, row=row, column=column)
