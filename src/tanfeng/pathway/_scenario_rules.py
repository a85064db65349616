"""What may be wrong with a scenario, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tanfeng.errors import Problem
from tanfeng.pathway._places import Said, finding

if TYPE_CHECKING:
    from tanfeng.pathway.scenario import Place

#: Rule -> what is wrong and what to do, Chinese and English; ``{value}`` is what stands there.
RULES: dict[str, Said] = {
    "Y301": (
        "没有情景“{value}”；现有：{known}。",
        "there is no scenario {value!r}; there are: {known}.",
        "改正情景名称或继承关系。",
        "Correct the name, or the parent that names it.",
    ),
    "Y302": (
        "情景继承成环：{circle}。",
        "scenarios inherit in a circle: {circle}.",
        "去掉其中一个继承关系。",
        "Take one of these parents out.",
    ),
    "Y303": (
        "“{value}”{zh}。",
        "{value!r} {en}.",
        "写成 1019、1019 ± 30、1019 ± 5%、950..1080、950..1019..1080、950 | 1080 或 *0.95。",
        "Write 1019, 1019 ± 30, 1019 ± 5%, 950..1080, 950..1019..1080, 950 | 1080 or *0.95.",
    ),
    "Y304": (
        "单位“{value}”不能换算为 {wanted}。",
        "unit {value!r} cannot be turned into {wanted}: {why}.",
        "改用可换算的单位；比例写 1 或 %。",
        "Use a unit of that quantity; a share takes 1 or %.",
    ),
    "Y305": (
        "“{value}”超出 0 至 {most} 的范围。",
        "{value!r} is not within 0 and {most}.",
        "核对数值和单位，百分数应带 % 号。",
        "Check value and unit; a percent carries its sign.",
    ),
    "Y306": (
        "{year} 年的值重复，前一处在 {before}。",
        "the value of {year} is given twice, first at {before}.",
        "只保留一处。",
        "Keep one of them.",
    ),
    "Y307": (
        "“{value}”是上级情景的倍数，但上级情景没有写明 {year} 年的值。",
        "{value!r} is a multiple of the parent, which writes no value for {year}.",
        "写出数值，或在上级情景补充该年的值。",
        "Write the value, or add that year to the parent.",
    ),
    "Y308": (
        "起止年份“{value}”或历史截止年 {until} 不成立。",
        "the years {value} or the end of history {until} cannot be.",
        "填写起始年和终止年，起始年应早于终止年，历史截止年不晚于终止年。",
        "Give first_year before last_year and history_until not after it.",
    ),
    "Y309": (
        "{sector} 的 {driver} 没有 {year} 年的值（最近写到 {value}）。",
        "{driver} of {sector} has no value for {year} (nearest written: {value}).",
        "补充该年的值；若此后不变，插值方式写“保持”。",
        "Add that year; if it stays as it is, write step as the way.",
    ),
    "Y310": (
        "{sector} 的 {driver} 按匀速增长插值，“{value}”应大于零。",
        "{driver} of {sector} grows at a constant rate, so {value!r} should be above zero.",
        "改为线性插值，或改正数值。",
        "Take linear, or correct the value.",
    ),
    "Y311": (
        "行业“{value}”缺少驱动因素：{drivers}。",
        "sector {value!r} lacks drivers: {drivers}.",
        "补充后再计算；缺项不按零处理。",
        "Add them; what is missing is never taken for zero.",
    ),
    "Y312": (
        "行业“{value}”的驱动因素相互重复：{drivers}。",
        "sector {value!r} has drivers that say the same twice: {drivers}.",
        "产量、增加值、增加值占比只用其一；给出直接排放量的行业不再写其他因素。",
        "Keep one activity; a sector with its emission given takes no other driver.",
    ),
    "Y313": (
        "供能行业“{value}”不在情景中。",
        "producer {value!r} is no sector of the scenario.",
        "改正名称，或删去。",
        "Correct the name, or take it out.",
    ),
    "Y314": (
        "{sector} 的 {drivers} 在 {year} 年合计为 {value}，超过 1。",
        "{drivers} of {sector} add up to {value} in {year}, more than 1.",
        "核对各项占比。",
        "Check the shares.",
    ),
    "Y320": (
        "不是有效的 TOML 文件：{value}。",
        "is no valid TOML: {value}.",
        "按提示的行列改正。",
        "Correct the line it names.",
    ),
    "Y321": (
        "应为一组键值，写的是“{value}”。",
        "should be a table, not {value!r}.",
        "按模板书写。",
        "Write it as the template does.",
    ),
    "Y322": (
        "{field}“{value}”不是四位年份。",
        "{field} {value!r} is no year of four digits.",
        "写成 2030 的形式。",
        "Write it as 2030.",
    ),
    "Y323": (
        "不认识的栏目“{value}”。",
        "unknown field {value!r}.",
        "改正或删去；年份写成四位数字。",
        "Correct or delete it; a year has four digits.",
    ),
    "Y324": (
        "不认识的驱动因素“{value}”；可用：{known}。",
        "unknown driver {value!r}; there are: {known}.",
        "改用列出的名称。",
        "Use one of them.",
    ),
    "Y325": (
        "不认识的插值方式“{value}”；可用：{known}。",
        "unknown way {value!r}; there are: {known}.",
        "留空即为线性。",
        "Empty means linear.",
    ),
    "Y326": (
        "{value} 一行没有写行业。",
        "the row of {value} names no sector.",
        "填写行业；全市通用的写“全市”。",
        "Name the sector; city for all of them.",
    ),
    "Y327": (
        "情景“{value}”重复。",
        "scenario {value!r} is there twice.",
        "只保留一行。",
        "Keep one row.",
    ),
    "Y328": (
        "情景“{value}”不在情景表中。",
        "scenario {value!r} is not in the table of scenarios.",
        "在情景表中补充，或改正名称。",
        "Add it there, or correct the name.",
    ),
    "Y329": (
        "表头缺少“{value}”。",
        "the heading {value!r} is missing.",
        "使用模板的表头。",
        "Use the headings of the template.",
    ),
    "Y330": (
        "表头“{value}”重复。",
        "the heading {value!r} is there twice.",
        "删去一列。",
        "Delete one column.",
    ),
}


def problem(rule: str, place: Place, value: object, **told: object) -> Problem:
    """Return a finding about a place of a scenario."""
    return finding(RULES, rule, value, told, **place._asdict())
