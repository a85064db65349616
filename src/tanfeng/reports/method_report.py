"""The report of a sector method as a workbook, from the lines of the account.

Order and names are those of the method's declaration, which follows the official report. Nothing
is filled in that the workbook of the enterprise does not say: what is missing stands as missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tanfeng.accounting.methods import findings
from tanfeng.reports.document import UNVERIFIED, Words, words
from tanfeng.reports.method_uncertainty import StatedUncertainty, uncertainty_table
from tanfeng.sheets import ListColumn, ListTable, tables_workbook
from tanfeng.sheets.method_forms import inputs_of, label

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Stream
    from tanfeng.sheets.method_account import Answer

    Language = Literal["zh", "en"]

SOURCES = {
    "form": ("填报", "form"),
    "default": ("缺省", "default"),
    "computed": ("由其他数据计算", "computed"),
    "measured": ("实测", "measured"),
    "calculated": ("计算", "calculated"),
    "supplier": ("供应商", "supplier"),
    "none": ("未填，按没有处理", "empty, taken as none"),
}
SCOPES = {
    "direct": ("直接排放", "direct"),
    "electricity": ("净购入电力", "electricity"),
    "heat": ("净购入热力", "heat"),
}
_PARTS = ("direct", "electricity", "heat", "total")
_GRAVE = {
    "error": ("错误", "error"),
    "warning": ("提醒", "warning"),
    "info": ("提示", "info"),
}
_TIERS = {
    "measured": ("计量", "metered"),
    "reported": ("填报", "reported"),
    "estimated": ("估算", "estimated"),
}


def period(line: Mapping[str, Any]) -> str:
    """Return the period of a line: the year, or year and month."""
    return f"{line['year']}-{line['month']:02d}" if line["month"] else str(line["year"])


def mark(confidence: str | None, t: Words) -> str:
    """Return whether something is verified; nothing where there is nothing to verify."""
    if not confidence:
        return ""
    return (
        t("待核实", "待核实 (unverified)") if confidence in UNVERIFIED else t("已核实", "verified")
    )


def pick(pairs: Mapping[str, tuple[str, str]], key: str, t: Words) -> str:
    """Return the words of a key in the language of the report."""
    return t(*pairs[key]) if key in pairs else key


def source(one: Mapping[str, Any], t: Words) -> str:
    """Return where a value came from: cell, factor or tier."""
    text = pick(SOURCES, one["source"], t)
    where = one["cell"] or one["ref"]
    doubt = f" {mark(one['confidence'], t)}" if one["confidence"] in UNVERIFIED else ""
    return f"{text} {where}{doubt}".strip()


# ------------------------------------------------------------------------------ workbook


def method_workbook(
    answer: Answer,
    *,
    lang: Language = "zh",
    demo: bool = False,
    stamp: str = "",
    uncertainty: StatedUncertainty | None = None,
) -> bytes:
    """Return the report as a workbook.

    Parameters
    ----------
    answer : Answer
        The account of the enterprise's workbook.
    lang : {"zh", "en"}
        Language of the report.
    demo : bool
        Mark the file as demonstration data.
    stamp : str
        Who took the report out and when.
    uncertainty : StatedUncertainty, optional
        What is stated of the inputs; a sheet of its own where there is any.

    Returns
    -------
    bytes
        An .xlsx: the sum in the official order; a sheet per stream with activity data, parameters
        and where each came from; the results per unit where the text asks for them; every
        computation; defaults with document, clause and mark; gaps; choices of parameters with what
        was passed over; findings; what a verifier looks at first; doubts of the method.
    """
    t = words(lang)
    lines = list(answer.lines())
    tables = [
        _summary(answer, t),
        *(_of_stream(stream, answer, lines, lang, t) for stream in answer.method.streams),
        _units(answer, t),
        _computations(lines, t),
        _factors(answer, lines, t),
        _problems(answer.gaps, t("缺口", "Gaps"), lang, t),
        _choices(answer, t),
        *([uncertainty_table(uncertainty, t)] if uncertainty and uncertainty.stated else []),
        _problems(answer.problems, t("问题清单", "Findings"), lang, t),
        _looked_at_first(answer, t),
        _doubts(answer, t),
    ]
    kept = [one for one in tables if one is not None]
    return tables_workbook(kept, lang=lang, demo=demo, as_of=str(answer.as_of), stamp=stamp)


def _summary(answer: Answer, t: Words) -> ListTable:
    method, names = answer.method, answer.read.names
    rows: list[dict[str, object]] = []
    streams = answer.streams()
    for total in answer.totals().iter_rows(named=True):
        code = total["org_code"]
        who = {"code": code, "name": names.get(code, "")}
        rows += [
            {
                **who,
                "stream": t(row["name_zh"], row["name_en"]),
                "scope": pick(SCOPES, row["scope"], t),
                "counted": t("是", "yes") if row["in_total"] else t("否", "no"),
                "rows": row["rows"],
                "missing": row["missing_rows"],
                "emission": row["emission_tco2e"],
            }
            for row in streams
            if row["org_code"] == code
        ]
        for part in _PARTS:
            words_ = t("合计", "total") if part == "total" else pick(SCOPES, part, t)
            title = words_ if part == "total" else t(f"小计：{words_}", f"subtotal: {words_}")
            rows.append({**who, "stream": title, "emission": total[f"emission_{part}_tco2e"]})
    columns = (
        ListColumn("code", "统一社会信用代码", "Credit code"),
        ListColumn("name", "企业", "Enterprise"),
        ListColumn("stream", "排放源", "Stream"),
        ListColumn("scope", "范围", "Scope"),
        ListColumn("counted", "计入总量", "In the total"),
        ListColumn("rows", "行数", "Rows"),
        ListColumn("missing", "未计入行", "Rows not counted"),
        ListColumn("emission", "排放量", "Emission", unit="tCO2e", places=2),
    )
    notes = (
        f"{method.number} · {t(method.title_zh, method.title_en)}",
        t(f"核算年度 {answer.year}", f"Year {answer.year}"),
        t(f"核算边界：{method.boundary_zh}", f"Boundary: {method.boundary_en}"),
        t(
            "没有数据不等于零：无法计算的行不计入，列在“缺口”表。",
            "No data is not zero: rows that cannot be computed are left out and listed as gaps.",
        ),
    )
    return ListTable(t("排放量汇总", "Emissions"), columns, rows, notes=notes)


def _of_stream(
    stream: Stream, answer: Answer, lines: Sequence[Mapping[str, Any]], lang: str, t: Words
) -> ListTable | None:
    """Return the table of a stream, one row per row of the form; nothing where it has none."""
    rows: dict[int, dict[str, object]] = {}
    units: dict[str, set[str]] = {}
    for line in lines:
        if line["stream"] != stream.key:
            continue
        row = rows.setdefault(line["activity_id"], _row_head(line, stream, t))
        for one in line["inputs"]:
            row[one["column"]] = one["value"]
            row[f"{one['column']} source"] = source(one, t)
            units.setdefault(one["column"], set()).add(one["unit"])
        if line["quantity"] == "emission_tco2e":
            row["emission"] = line["value"]
            row["mark"] = mark(line["confidence"], t)
    if not rows:
        return None
    names = {column: label(held[0], lang) for column, held in inputs_of(stream).items()}
    columns = [
        ListColumn("code", "统一社会信用代码", "Credit code"),
        ListColumn("part", "核算单元", "Part"),
        ListColumn("period", "期间", "Period"),
        ListColumn("item", "物料", "Material"),
        ListColumn("kind", "计算方式", "Way of computing"),
        ListColumn("cell", "填报位置", "Row of the form"),
        ListColumn("tier", "数据来源", "Data source"),
    ]
    for column, name in names.items():
        if column in units:
            unit = " / ".join(sorted(units[column]))
            columns.append(ListColumn(column, f"{name}({unit})", f"{name} ({unit})"))
            columns.append(ListColumn(f"{column} source", "来源", "Source"))
    columns.append(ListColumn("emission", "排放量", "Emission", unit="tCO2e", places=2))
    columns.append(ListColumn("mark", "缺省值核实", "Defaults"))
    where = " ".join(filter(None, (stream.clause, stream.equation)))
    notes = (
        f"{answer.method.number} {where}".strip(),
        t("公式：", "Formula: ") + mark(stream.confidence, t),
    )
    return ListTable(t(stream.name_zh, stream.name_en), columns, list(rows.values()), notes=notes)


def _units(answer: Answer, t: Words) -> ListTable | None:
    """Return the results per unit; nothing where the workbook says nothing of its units."""
    rows = [
        {
            "code": one["org_code"],
            "part": one["part"],
            "period": period(one),
            "name": t(one["name_zh"], one["name_en"]),
            "value": one["value"],
            "unit": one["unit"],
            "text": one["text"],
            "inputs": "; ".join(
                f"{x['symbol']} = {x['value']:.10g} {x['unit']}" for x in one["inputs"]
            ),
            "mark": mark(one["confidence"], t),
        }
        for one in answer.units()
    ]
    if not rows:
        return None
    columns = (
        ListColumn("code", "统一社会信用代码", "Credit code"),
        ListColumn("part", "机组", "Unit of the plant"),
        ListColumn("period", "期间", "Period"),
        ListColumn("name", "指标", "Result of the unit"),
        ListColumn("value", "数值", "Value"),
        ListColumn("unit", "单位", "Unit"),
        ListColumn("text", "公式", "Formula"),
        ListColumn("inputs", "代入", "Inputs", width=60),
        ListColumn("mark", "公式核实", "Formula verified"),
    )
    note = t(
        "分摊的排放量含购入电力（原文未见，待核实）。",
        "The emission that is split holds purchased electricity (待核实, unverified).",
    )
    return ListTable(t("机组结果", "Results per unit"), columns, rows, notes=(note,))


def _looked_at_first(answer: Answer, t: Words) -> ListTable:
    """Return defaults where the text wants a test, substitutes, what is outside its validity."""
    streams = {one.key: t(one.name_zh, one.name_en) for one in answer.method.streams}
    rows = []
    for one in findings(answer.account, [answer.method]).iter_rows(named=True):
        number = one["activity_id"]
        sheet, row = answer.read.place(number) if number is not None else ("", "")
        rows.append(
            {
                "grave": pick(_GRAVE, one["severity"], t),
                "stream": streams.get(one["stream"], ""),
                "cell": f"{sheet} {row}".strip(),
                "text": t(one["text_zh"], one["text_en"]),
            }
        )
    columns = (
        ListColumn("grave", "级别", "Level"),
        ListColumn("stream", "排放源", "Stream"),
        ListColumn("cell", "填报位置", "Row of the form"),
        ListColumn("text", "核查重点", "What to look at", width=90),
    )
    return ListTable(t("核查重点", "For the verifier"), columns, rows)


def _row_head(line: Mapping[str, Any], stream: Stream, t: Words) -> dict[str, object]:
    kind = stream.kind(line["kind"])
    return {
        "code": line["org_code"],
        "part": line["part"],
        "period": period(line),
        "item": t(line["item_zh"], line["item_en"]),
        "kind": t(kind.name_zh, kind.name_en),
        "cell": f"{line['sheet']} {line['row']}",
        "tier": pick(_TIERS, line["tier"], t),
    }


def _computations(lines: Sequence[Mapping[str, Any]], t: Words) -> ListTable:
    rows = [
        {
            "line": line["line"],
            "stream": t(line["stream_zh"], line["stream_en"]),
            "item": t(line["item_zh"], line["item_en"]),
            "period": period(line),
            "cell": f"{line['sheet']} {line['row']}",
            "text": line["text"],
            "inputs": "; ".join(
                f"{one['symbol']} = {one['value']:.10g} {one['unit']} [{source(one, t)}]"
                for one in line["inputs"]
            ),
            "value": line["value"],
            "unit": line["unit"],
            "where": " ".join(filter(None, (line["clause"], line["equation"]))),
            "formula": mark(line["formula_confidence"], t),
            "mark": mark(line["confidence"], t),
        }
        for line in lines
    ]
    columns = (
        ListColumn("line", "行", "Line"),
        ListColumn("stream", "排放源", "Stream"),
        ListColumn("item", "物料", "Material"),
        ListColumn("period", "期间", "Period"),
        ListColumn("cell", "填报位置", "Row of the form"),
        ListColumn("text", "公式", "Formula"),
        ListColumn("inputs", "代入", "Inputs", width=60),
        ListColumn("value", "结果", "Result"),
        ListColumn("unit", "单位", "Unit"),
        ListColumn("where", "条款与公式号", "Clause, equation"),
        ListColumn("formula", "公式核实", "Formula verified"),
        ListColumn("mark", "缺省值核实", "Defaults"),
    )
    return ListTable(t("计算过程", "Computations"), columns, rows)


def used(answer: Answer, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the defaults the lines lean on."""
    numbers = {one["factor"] for line in lines for one in line["inputs"] if one["factor"]}
    return [row for row in answer.account.factors.to_dicts() if row["factor"] in numbers]


def _factors(answer: Answer, lines: Sequence[Mapping[str, Any]], t: Words) -> ListTable:
    rows = [
        {
            **row,
            "name": t(row["name_zh"], row["name_en"]),
            "rule": t(row["choice_zh"], row["choice_en"]),
            "mark": mark(row["confidence"], t),
        }
        for row in used(answer, lines)
    ]
    columns = (
        ListColumn("ref", "表内行", "Row"),
        ListColumn("name", "名称", "Name"),
        ListColumn("symbol", "符号", "Symbol"),
        ListColumn("value", "数值", "Value"),
        ListColumn("unit", "单位", "Unit"),
        ListColumn("document", "依据", "Document"),
        ListColumn("clause", "条款", "Clause"),
        ListColumn("valid_from", "起", "From"),
        ListColumn("valid_to", "止", "To"),
        ListColumn("rule", "选用规则", "Rule"),
        ListColumn("mark", "核实", "Verified"),
    )
    return ListTable(t("所用缺省值", "Defaults used"), columns, rows)


def _problems(found: Sequence[Any], title: str, lang: str, t: Words) -> ListTable:
    rows = [
        {
            "grave": pick(_GRAVE, one.severity, t),
            "sheet": one.sheet,
            "cell": one.cell,
            "heading": one.heading,
            "text": one.message(lang),
            "remedy": one.remedy(lang),
            "rule": one.rule,
        }
        for one in found
    ]
    columns = (
        ListColumn("grave", "级别", "Level"),
        ListColumn("sheet", "工作表", "Sheet"),
        ListColumn("cell", "单元格", "Cell"),
        ListColumn("heading", "列名", "Heading"),
        ListColumn("text", "问题", "Problem", width=60),
        ListColumn("remedy", "怎么办", "What to do", width=48),
        ListColumn("rule", "规则", "Rule"),
    )
    return ListTable(title, columns, rows)


def _choices(answer: Answer, t: Words) -> ListTable:
    rows = [
        {
            **row,
            "parameter": f"{t(row['name_zh'], row['name_en'])} {row['symbol']}",
            "taken": t("采用", "taken") if row["chosen"] else t("未采用", "passed over"),
            "why": t(row["rule_zh"], row["rule_en"]),
            "tier": pick(SOURCES, row["tier"], t),
            "cell": f"{row['for_sheet']} {row['for_row']}",
        }
        for row in answer.choices()
    ]
    columns = (
        ListColumn("row", "检测表行", "Row of the value"),
        ListColumn("cell", "用于", "For"),
        ListColumn("parameter", "参数", "Parameter"),
        ListColumn("value", "数值", "Value"),
        ListColumn("tier", "来源级别", "Kind of source"),
        ListColumn("sample_date", "采样日期", "Sampled on"),
        ListColumn("test_date", "检测日期", "Tested on"),
        ListColumn("laboratory", "实验室", "Laboratory"),
        ListColumn("evidence", "证据", "Evidence"),
        ListColumn("taken", "选用", "Choice"),
        ListColumn("why", "规则", "Rule", width=48),
    )
    return ListTable(t("参数选用", "Choices"), columns, rows)


def _doubts(answer: Answer, t: Words) -> ListTable:
    texts = zip(answer.method.doubts_zh, answer.method.doubts_en, strict=True)
    rows = [{"doubt": t(zh, en)} for zh, en in texts]
    title = t("方法待核实事项", "Doubts of the method")
    return ListTable(title, (ListColumn("doubt", "待核实", "Unverified", width=100),), rows)
