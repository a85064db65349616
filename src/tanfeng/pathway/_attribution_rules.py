"""What can be wrong with measures: rule -> Chinese and English, and what to do."""

from __future__ import annotations

from tanfeng.errors import Problem
from tanfeng.pathway._places import Said, finding

RULES: dict[str, Said] = {
    "Y411": (
        "{table} 缺少列 {value}。",
        "the table of {table} lacks the column {value}.",
        "补充该列。",
        "Add the column.",
    ),
    "Y412": (
        "对象“{value}”没有唯一的、不小于零的排放量。",
        "{value!r} has no emission of its own that is zero or more.",
        "每个对象给出一个排放量；没有数据时不能当作零。",
        "Give each object one emission; what is unknown is not zero.",
    ),
    "Y413": (
        "对象“{object}”的措施“{value}”重复。",
        "measure {value!r} of {object!r} is there twice.",
        "只保留一行。",
        "Keep one row.",
    ),
    "Y414": (
        "对象“{object}”的措施“{measure}”的减排份额为“{value}”，应在 0 到 1 之间。",
        "measure {measure!r} of {object!r} saves the share {value!r}; it should lie in 0 to 1.",
        "填写该措施在其余措施之后所剩排放中减去的份额。",
        "Give the share it saves of what the other measures leave.",
    ),
    "Y415": (
        "对象“{object}”的措施“{measure}”与“{value}”互斥，不能同时实施。",
        "measures {measure!r} and {value!r} of {object!r} exclude each other.",
        "保留其中一项。",
        "Keep one of them.",
    ),
    "Y416": (
        "标准表 measures 中没有“{value}”。",
        "the table measures has no {value!r}.",
        "改正 id。",
        "Correct the id.",
    ),
    "Y417": (
        "标准表 measures 中“{name_zh}”（{value}）没有减排数值，不能当作零。",
        "the table measures gives no saving of {name_en!r} ({value}); it is not zero.",
        "补充有来源的数值，或不计该措施。",
        "Find a sourced figure, or leave the measure out.",
    ),
    "Y418": (
        "对象“{object}”的措施“{measure}”缺少每单位节约量对应的减排量（tCO2/{unit}）。",
        "measure {measure!r} of {object!r} lacks the tonnes of a unit of its saving (tCO2/{unit}).",
        "填写一年的产量乘以排放因子。",
        "Give the output of a year times the emission factor.",
    ),
}


def problem(rule: str, value: object, row: int | None = None, **told: object) -> Problem:
    """Return a finding about a row of a table, rows counted from 1."""
    return finding(RULES, rule, value, told, sheet=str(told.get("table", "")), row=row)
