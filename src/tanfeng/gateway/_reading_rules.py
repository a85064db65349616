"""What is asked of readings that come in: rules by number, in both languages, with what to do."""

from __future__ import annotations

from typing import NamedTuple

from tanfeng.errors import DataError, Problem, Severity

#: Longest value shown of what stands in a cell.
_SHOWN = 60


class Rule(NamedTuple):
    """What is wrong and what to do; ``{value}`` and others are filled in."""

    message_zh: str
    message_en: str
    remedy_zh: str
    remedy_en: str
    severity: Severity = "error"


_TIMES = (
    "请写成 2024-03-01 00:15、2024/3/1 0:15 或 2024-03-01T00:15:00+08:00",
    "Write it as 2024-03-01 00:15, 2024/3/1 0:15 or 2024-03-01T00:15:00+08:00",
)
RULES: dict[str, Rule] = {
    "G001": Rule(
        "文件是空的",
        "the file is empty",
        "请重新导出",
        "Export it again",
    ),
    "G002": Rule(
        "文件过大：{value}，上限 {limit}",
        "the file is too large: {value}, at most {limit}",
        "请按月或按日拆分",
        "Split it by month or day",
    ),
    "G006": Rule(
        "行数过多：{value}，上限 {limit}",
        "there are too many rows: {value}, at most {limit}",
        "请按月或按日拆分",
        "Split it by month or day",
    ),
    "G007": Rule(
        "列数过多：{value}，上限 {limit}",
        "there are too many columns: {value}, at most {limit}",
        "请按计量点拆分，或改为每行一个读数",
        "Split it by points, or write a row per reading",
    ),
    "G003": Rule(
        "无法按 {kind} 读取：{value}",
        "cannot be read as {kind}: {value}",
        "请导出为 UTF-8 的 CSV、JSON 或 Parquet",
        "Export it as CSV in UTF-8, as JSON or as Parquet",
    ),
    "G004": Rule(
        "找不到表头：需要“计量点”“时间”“读数”三列，或首列为“时间”、其余每列一个计量点；现有：{value}",
        "no headings: point, time and value are needed, or time in the first column and one column "
        "per point; there are: {value}",
        "请在首行写明列名",
        "Name the columns in the first row",
    ),
    "G005": Rule(
        "两列的列名都是“{value}”",
        "two columns are headed {value!r}",
        "每列的列名应不同",
        "Head every column differently",
    ),
    "G010": Rule(
        "没有计量点",
        "there is no point",
        "请填写计量点编号",
        "Name the point",
    ),
    "G011": Rule(
        "计量点编号“{value}”超过 200 字或含有控制字符",
        "the point {value!r} is longer than 200 characters or has control characters in it",
        "请核对编号",
        "Check the name",
    ),
    "G012": Rule(
        "计量点“{value}”没有登记（共 {count} 行）",
        "the point {value!r} is not registered ({count} rows)",
        "请先登记；或核对编号、网关绑定",
        "Register it first; or check its name and what the gateway is bound to",
    ),
    "G013": Rule(
        "计量点“{value}”是虚拟的，没有读数",
        "the point {value!r} is virtual and has no readings",
        "请改用实际计量点的编号",
        "Name the point the meter hangs at",
    ),
    "G014": Rule(
        "有未登记的计量点，整个文件没有导入",
        "points are not registered, so nothing of the file was taken",
        "请先登记；或加 --create，按累计电量表（kWh）新建",
        "Register them first; or add --create to make them cumulative kWh registers",
    ),
    "G015": Rule(
        "没有计量点、表计、节点或上下级的表；现有列：{value}",
        "there is no sheet of points, meters, nodes or tree; the columns are: {value}",
        "请使用模板：tanfeng meter points template",
        "Use the template: tanfeng meter points template",
    ),
    "G016": Rule(
        "“{value}”不是数",
        "{value!r} is not a number",
        "请只写数字",
        "Write digits alone",
    ),
    "G017": Rule(
        "“{value}”不是整数",
        "{value!r} is not a whole number",
        "请填写整数",
        "Write a whole number",
    ),
    "G020": Rule("没有时间", "there is no time", *_TIMES),
    "G021": Rule("时间“{value}”看不懂", "the time {value!r} cannot be understood", *_TIMES),
    "G022": Rule(
        "“{value}”只有日期，没有时刻",
        "{value!r} is a day without the time of day",
        "请补上时刻；一天结束时的读数写 24:00",
        "Add the time of day; the reading at the end of a day is at 24:00",
    ),
    "G023": Rule(
        "时间“{value}”早于 2000 年",
        "the time {value!r} is before the year 2000",
        "请核对网关时钟",
        "Check the clock of the gateway",
    ),
    "G024": Rule(
        "时间“{value}”晚于收到时间 {limit} 超过 10 分钟",
        "the time {value!r} is more than 10 minutes after {limit}, when it was received",
        "请核对网关时钟和时区",
        "Check clock and time zone of the gateway",
    ),
    "G030": Rule(
        "没有读数",
        "there is no value",
        "没有读到时请不要发送该行；不要用 0 代替",
        "Leave the row out when nothing was read; never write 0 for it",
    ),
    "G031": Rule(
        "读数“{value}”不是数",
        "the value {value!r} is not a number",
        "只写数字和小数点，不写单位、千分位逗号或文字",
        "Write digits and a decimal point, without unit, thousands separator or words",
    ),
    "G032": Rule(
        "读数“{value}”不是有限的数",
        "the value {value!r} is not finite",
        "没有读到时请不要发送该行",
        "Leave the row out when nothing was read",
    ),
    "G040": Rule(
        "质量码“{value}”不认识",
        "the quality {value!r} is not known",
        "0 正常、1 可疑、2 无效、3 人工抄录",
        "0 good, 1 uncertain, 2 bad, 3 read by hand",
    ),
    "G050": Rule(
        "同一计量点同一时间还有另一个读数（第 {other} 行）",
        "the same point has another value at the same time (row {other})",
        "请保留正确的一行；更正以往读数请另存为一个文件",
        "Keep the right one; send a correction of an older reading as a file of its own",
    ),
    "G051": Rule(
        "单元格比表头多：“{value}”",
        "there are more cells than headings: {value!r}",
        "请检查数值中的千分位逗号和分隔符",
        "Look for thousands separators and stray delimiters",
    ),
    "G052": Rule(
        "有 {count} 行与前面的行完全相同，已合并",
        "{count} rows repeat an earlier one and are taken once",
        "",
        "",
        "info",
    ),
    "G060": Rule(
        "还有 {count} 行有同样的问题",
        "{count} more rows have the same problem",
        "请先改正以上各行的原因",
        "Mend the cause in the rows above first",
    ),
}  # fmt: skip


def problem(
    rule: str,
    *,
    filed: str = "",
    row: int | None = None,
    letter: str = "",
    heading: str = "",
    value: object = "",
    **more: object,
) -> Problem:
    """Build one finding; ``filed`` is the rule it is filed under when that is another one."""
    said = RULES[rule]
    text = "" if value is None else str(value)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    words = {"value": text, **more}
    return Problem(
        filed or rule,
        said.severity,
        said.message_zh.format(**words),
        said.message_en.format(**words),
        said.remedy_zh,
        said.remedy_en,
        row=row,
        column=letter,
        heading=heading,
        value=text,
    )


def refusal(rule: str, **more: object) -> DataError:
    """Return the error that refuses a whole file."""
    return DataError([problem(rule, **more)])  # type: ignore[arg-type]
