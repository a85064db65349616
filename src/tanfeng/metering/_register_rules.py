"""What the register asks of a row: rules by number, in both languages, with what to do."""

from __future__ import annotations

from typing import NamedTuple

from tanfeng.errors import Problem


class Rule(NamedTuple):
    """What is wrong and what to do; ``{value}`` and others are filled in."""

    message_zh: str
    message_en: str
    remedy_zh: str
    remedy_en: str


#: Tables as people call them, and as their sheets are named.
TABLES = {"points": "计量点", "devices": "表计", "nodes": "节点", "edges": "上下级"}
_UNITS = ("请使用单位表中的单位：{known}", "Use one of: {known}")
RULES: dict[str, Rule] = {
    "N001": Rule(
        "名称“{value}”为空、超过 200 字，或含有首尾空格、控制字符",
        "the name {value!r} is empty, longer than 200 characters, or has spaces around it or "
        "control characters in it",
        "请填写 1 至 200 字的名称",
        "Give a name of 1 to 200 characters",
    ),
    "N002": Rule(
        "“{value}”在同一次提交中出现多次",
        "{value!r} stands in this change more than once",
        "请只保留一行",
        "Keep one row",
    ),
    "N003": Rule("类型“{value}”不认识", "the kind {value!r} is not known", *_UNITS),
    "N004": Rule("单位“{value}”不认识", "the unit {value!r} is not known", *_UNITS),
    "N005": Rule(
        "能源品种“{value}”不可计量",
        "the energy item {value!r} is none that is metered",
        "请使用标准表 energy_items 中的 item_key，例如 electricity、natural_gas、heat；水用 water",
        "Use an item_key of the table energy_items, for example electricity, natural_gas, heat; "
        "water for water",
    ),
    "N006": Rule(
        "倍率 {value} 应为大于 0 的数",
        "the multiplier {value} must be a number above 0",
        "倍率 = 电流互感器变比 × 电压互感器变比；直通表填 1",
        "It is current ratio times voltage ratio; 1 for a meter without transformers",
    ),
    "N007": Rule(
        "示值整数位数 {value} 不在 1 至 12 之间",
        "{value} integer digits are outside 1 to 12",
        "请按表盘填写；不知道时留空",
        "Count them on the meter; leave it empty when not known",
    ),
    "N008": Rule(
        "类型 {kind} 不能使用单位 {value}",
        "a point of kind {kind} cannot be in {value}",
        "功率（power）用 kW、m3/h 等每小时的单位，底数和时段量用 kWh、m3 等",
        "A power is per hour (kW, m3/h); a register or an amount is not (kWh, m3)",
    ),
    "N009": Rule(
        "能源品种 {item} 不能用单位 {value} 计量",
        "the item {item} cannot be metered in {value}",
        "电力用 kWh 一类的单位，水用 m3 一类的单位，其他品种用其质量、体积或热量单位",
        "Electricity is in kWh or the like, water in m3 or the like, others in mass, volume, heat",
    ),
    "N010": Rule(
        "最大功率 {value} 应为大于 0 的数",
        "the rated power {value} must be a number above 0",
        "填写每小时可能的最大量（乘倍率后）；不知道时留空",
        "Give the most that can flow in an hour, after the multiplier; leave it empty if unknown",
    ),
    "N011": Rule(
        "采集间隔 {value} 秒不在 1 至 86400 之间",
        "an interval of {value} s is outside 1 to 86400",
        "一般为 900 秒",
        "It is 900 s as a rule",
    ),
    "N012": Rule(
        "方向 {value} 应为 1（流入）或 -1（流出）",
        "the sign {value} must be 1 (in) or -1 (out)",
        "请改正",
        "Correct it",
    ),
    "N013": Rule(
        "计量级别 {value} 应为 1、2、3 或空",
        "the level {value} must be 1, 2, 3 or empty",
        "1 用能单位，2 次级用能单位，3 用能设备",
        "1 the user, 2 a sub-unit, 3 a machine",
    ),
    "N014": Rule(
        "节点“{value}”没有登记",
        "the node {value!r} is not registered",
        "请先登记该节点，或一并提交",
        "Register the node first, or in the same change",
    ),
    "N015": Rule(
        "虚拟计量点“{value}”不能挂表",
        "the virtual point {value!r} cannot have a device",
        "请去掉公式或表计",
        "Take away its expression or its devices",
    ),
    "N016": Rule("来源“{value}”不认识", "the origin {value!r} is not known", *_UNITS),
    "N020": Rule(
        "计量点“{value}”没有登记",
        "the point {value!r} is not registered",
        "请先登记该计量点，或一并提交",
        "Register the point first, or in the same change",
    ),
    "N021": Rule(
        "没有安装时间",
        "there is no time of installation",
        "请填写安装日期和时间",
        "Give the day and time it was hung",
    ),
    "N022": Rule(
        "拆除时间 {value} 不晚于安装时间 {other}",
        "removed {value}, which is not after it was installed {other}",
        "请核对两个时间",
        "Check both times",
    ),
    "N023": Rule(
        "与表计 {other} 的在装时间重叠",
        "hangs there at the same time as {other}",
        "前一块表的拆除时间不应晚于后一块表的安装时间",
        "The earlier meter is removed before or when the later one is installed",
    ),
    "N024": Rule(
        "缺少装表底数",
        "the register when it was hung is missing",
        "请按装表记录填写；新表一般为 0",
        "Take it from the record of installation; 0 for a new meter as a rule",
    ),
    "N025": Rule(
        "已拆除但缺少拆表底数",
        "it was removed, but the register then is missing",
        "请按拆表记录填写，否则换表前的用量无法结清",
        "Take it from the record of removal; without it the last energy cannot be settled",
    ),
    "N026": Rule(
        "底数 {value} 不在 0 至 {limit} 之间",
        "the register {value} is outside 0 to {limit}",
        "请核对底数和位数",
        "Check the register and its digits",
    ),
    "N027": Rule(
        "填写了拆表底数但没有拆除时间",
        "a register at removal is given but no time of removal",
        "请补填拆除时间或去掉底数",
        "Give the time or take the register away",
    ),
    "N030": Rule("节点类型“{value}”不认识", "the node kind {value!r} is not known", *_UNITS),
    "N041": Rule(
        "上下级成环：{value}",
        "the tree has a circle: {value}",
        "请去掉其中一条",
        "Take one of these edges away",
    ),
    "N042": Rule(
        "“{value}”挂在两个同类的上级下：{other}",
        "{value!r} hangs under two parents of one kind: {other}",
        "同类上级只能有一个，否则用量会重复计入",
        "Keep one of a kind, or its energy counts twice",
    ),
    "N043": Rule(
        "{other} 不能是 {value} 的上级",
        "a node of kind {other} cannot be above one of kind {value}",
        "上级应为同级或更高一级：设备、工序、企业、园区、县、市",
        "From below: equipment, unit, enterprise, park, county, city",
    ),
}


def problem(
    rule: str,
    table: str,
    *,
    row: int | None = None,
    column: str = "",
    value: object = "",
    **more: object,
) -> Problem:
    """Build one finding of the register."""
    words = {"value": value, "known": "", **more}
    message_zh, message_en, remedy_zh, remedy_en = (text.format(**words) for text in RULES[rule])
    return Problem(
        rule,
        "error",
        message_zh,
        message_en,
        remedy_zh,
        remedy_en,
        sheet=TABLES[table],
        row=row,
        heading=column,
        value="" if value is None else str(value),
    )
