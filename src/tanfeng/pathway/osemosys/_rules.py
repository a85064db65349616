"""What a model folder is told: rules by number, in both languages, with what to do."""

from __future__ import annotations

from typing import Any, NamedTuple

from tanfeng.errors import Problem, Severity


class Rule(NamedTuple):
    """How grave it is, what is wrong and what to do; ``{value}`` and others are filled in."""

    severity: Severity
    message_zh: str
    message_en: str
    remedy_zh: str = ""
    remedy_en: str = ""


#: Where a finding is and what it says.
Say = dict[str, Any]
RULES: dict[str, Rule] = {
    "LC01": Rule(
        "error",
        "缺少集合文件 {name}.csv，或其中没有成员",
        "the file of the set, {name}.csv, is missing or has no member",
        "请补上该文件：一列 VALUE，每行一个成员",
        "Add it: one column VALUE, one member a row",
    ),
    "LC02": Rule(
        "error",
        "列名应为 {known}，实际为 {value}",
        "the columns must be {known}; they are {value}",
        "请按 otoole 长表格式改列名",
        "Name them as otoole's long tables do",
    ),
    "LC03": Rule(
        "error",
        "“{value}”不是集合 {name} 的成员",
        "{value!r} is no member of the set {name}",
        "请改正，或在 {name}.csv 中加入它",
        "Correct it, or add it to {name}.csv",
    ),
    "LC04": Rule(
        "error", "“{value}”不是数", "{value!r} is not a number", "请填数", "Give a number"
    ),
    "LC05": Rule(
        "error",
        "{value} 超出 {name} 的取值范围：{known}",
        "{value} is outside what {name} may be: {known_en}",
        "请改正该值",
        "Correct the value",
    ),
    "LC06": Rule(
        "error",
        "与第 {other} 行的键相同",
        "has the same key as row {other}",
        "请只保留一行",
        "Keep one of them",
    ),
    "LC07": Rule(
        "error",
        "集合成员“{value}”应为整数",
        "the member {value!r} of the set must be a whole number",
        "请改正",
        "Correct it",
    ),
    "LC08": Rule(
        "warning",
        "{name} 中的 -1 按“无上限”处理（旧数据的写法）：{count} 行",
        "-1 in {name} is read as no limit, as old data means it: {count} row(s)",
        "没有上限时请删除该行；要求为零请写 0",
        "Leave the row out where there is no limit; write 0 where nothing is allowed",
    ),
    "LC09": Rule(
        "warning",
        "{name} 中有 {count} 行不小于 999999，按所写的数作为上限处理",
        "{count} row(s) of {name} are 999999 or more; they are kept as the limits they say",
        "如意为“无上限”，请删除这些行",
        "Leave them out if no limit is meant",
    ),
    "LC10": Rule(
        "warning",
        "{value} 不是标准公式的集合或参数，没有读取",
        "{value} is no set or parameter of the standard formulation and was not read",
        "如结果应取决于它，此模型的结果不可用",
        "If the answer should depend on it, do not use this answer",
    ),
    "LC11": Rule(
        "error",
        "年份不连续：{value} 之后缺 {known}；储能逐年相接，不能跨越",
        "years are missing after {value}: {known}; storage goes from year to year and cannot skip",
        "请补齐年份",
        "Add the years",
    ),
    "LC12": Rule(
        "warning",
        "年份不连续：{value} 之后缺 {known}，缺的年份不计成本",
        "years are missing after {value}: {known}; nothing is counted for them",
        "如非有意，请补齐年份",
        "Add the years unless this is meant",
    ),
    "LC13": Rule(
        "error",
        "{value} 年 YearSplit 合计为 {known}，应为 1",
        "YearSplit of {value} adds up to {known}, not to 1",
        "请改正各时段的份额",
        "Correct the shares of the time slices",
    ),
    "LC14": Rule(
        "warning",
        "{value}：SpecifiedDemandProfile 合计为 {known} 而不是 1，需求按此比例计入",
        "{value}: SpecifiedDemandProfile adds up to {known}, not 1; so much of the demand counts",
        "请改正各时段的份额",
        "Correct the shares of the time slices",
    ),
    "LC15": Rule(
        "error",
        "{value}：{name} 为 {low}，大于 {other} 的 {high}",
        "{value}: {name} is {low}, above {other}, which is {high}",
        "请改正其中一个",
        "Correct one of the two",
    ),
    "LC16": Rule(
        "warning",
        "没有给出 {name}（既无数据行也无 config.yaml），按公式的通常默认值 {value} 计算",
        "{name} is given by no row and no config.yaml; the usual default {value} was used",
        "请写明",
        "State it",
    ),
    "LC17": Rule(
        "warning",
        "{value}：贸易路线只有一个方向，标准公式此时允许凭空调入",
        "{value}: the trade route has one direction only, where the formulation lets fuel in from "
        "nowhere",
        "请在 TradeRoute 中写明两个方向",
        "Give both directions in TradeRoute",
    ),
    "LC18": Rule(
        "warning",
        "{value}：同时有 SpecifiedAnnualDemand 和 AccumulatedAnnualDemand，"
        "标准公式取较大者，不相加",
        "{value}: has both SpecifiedAnnualDemand and AccumulatedAnnualDemand; the formulation asks "
        "for the larger, not their sum",
        "请合并为一个",
        "Put them into one",
    ),
    "LC19": Rule(
        "error",
        "config.yaml 第 {other} 行无法理解：{value}",
        "line {other} of config.yaml is not understood: {value}",
        "请使用 otoole 的写法：名称一行，其下缩进写“键: 值”",
        "Write it as otoole does: a name, and indented below it key: value",
    ),
    "LC20": Rule(
        "warning",
        "{value} 的成本为 {known} 或更高，并被使用：可能是掩盖缺口的“兜底”技术",
        "{value} costs {known} or more and is used: it may be a backstop that hides a shortage",
        "去掉兜底技术后再求解，会直接说明缺多少",
        "Without backstops the solve says what is lacking",
    ),
    "LC21": Rule(
        "warning",
        "时段 {value} 不属于任何 {name}，该时段的充放不计入储能",
        "time slice {value} belongs to no {name}, so what is charged in it is lost to storage",
        "请在 {other} 中给出",
        "Give it in {other}",
    ),
    "LC22": Rule(
        "error",
        "无法按 CSV 读取：{value}",
        "cannot be read as CSV: {value}",
        "请存为 UTF-8 编码的 CSV，每行列数与表头相同",
        "Save it as CSV in UTF-8, every row with as many cells as the header",
    ),
}


def problem(
    code: str,
    *,
    file: str = "",
    row: int | None = None,
    column: str = "",
    heading: str = "",
    **say: Any,
) -> Problem:
    """Return the finding of a rule about a place of the folder.

    Parameters
    ----------
    code : str
        Number of the rule.
    file, row, column, heading
        Where, as the person sees it.
    **say
        Words to fill in.
    """
    rule = RULES[code]
    fills = {"known_en": say.get("known", ""), **say}
    return Problem(
        rule=code,
        severity=rule.severity,
        message_zh=rule.message_zh.format(**fills),
        message_en=rule.message_en.format(**fills),
        remedy_zh=rule.remedy_zh.format(**fills),
        remedy_en=rule.remedy_en.format(**fills),
        sheet=file,
        row=row,
        column=column,
        heading=heading,
        value=str(say.get("value", "")),
    )
