"""The report of a sector method as a document: a skeleton in the official order.

Nothing is filled in that the workbook of the enterprise does not say; what only the enterprise
knows is left open, what is missing stands as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tanfeng.reports.document import (
    NO_DATA,
    UNVERIFIED,
    Block,
    Document,
    Heading,
    Paragraph,
    Table,
    Words,
    grouped,
    joined,
    numbered,
    words,
)
from tanfeng.reports.method_report import SCOPES, mark, period, pick, source, used
from tanfeng.reports.method_uncertainty import StatedUncertainty, uncertainty_section
from tanfeng.sheets.method_forms import inputs_of, label

if TYPE_CHECKING:
    import datetime as dt

    from tanfeng.sheets.method_account import Answer

    Language = Literal["zh", "en"]


#: Sources of values the enterprise states itself.
_ACTIVITY = frozenset({"form", "measured", "calculated", "supplier"})


def method_document(
    answer: Answer,
    *,
    issued_on: dt.date,
    lang: Language = "zh",
    demo: bool = False,
    stamp: str = "",
    uncertainty: StatedUncertainty | None = None,
) -> Document:
    """Return the skeleton of the report in the official order.

    Parameters
    ----------
    answer : Answer
        The account of the enterprise's workbook.
    issued_on : date
        Day printed on the report.
    lang : {"zh", "en"}
        Language of the report.
    demo : bool
        Mark every page as demonstration data.
    stamp : str
        Who took the report out and when.
    uncertainty : StatedUncertainty, optional
        What is stated of the inputs; a section of its own where there is any.

    Returns
    -------
    Document
        For :func:`tanfeng.reports.to_word` or :func:`tanfeng.reports.to_pdf`. What only the
        enterprise knows is left to be filled in.
    """
    t = words(lang)
    lines = list(answer.lines())
    units = answer.units()
    codes = [row["org_code"] for row in answer.totals().iter_rows(named=True)]
    firms = [answer.read.names.get(code) or code for code in codes]
    sections = (
        (t("报告主体基本情况", "The enterprise"), _facts(answer, codes, t)),
        (t("核算边界", "Boundary"), _boundary(answer, t)),
        (t("排放源", "Sources"), _sources(answer, lang, t)),
        (t("活动数据及来源", "Activity data"), _activity(answer, lines, t)),
        (t("排放因子和计算系数及来源", "Factors"), _factor_section(answer, lines, t)),
        (t("温室气体排放量", "Emissions"), _emissions(answer, t)),
        *([(t("机组结果", "Results per unit"), _units(units, t))] if units else []),
        *(
            [(t("不确定度", "Uncertainty"), uncertainty_section(uncertainty, t))]
            if uncertainty and uncertainty.stated
            else []
        ),
        (t("数据质量控制计划", "Data-quality plan"), _plan(answer, lang, t)),
        (t("待核实事项和缺口", "Doubts and gaps"), _open_questions(answer, lang, t)),
    )
    blocks: list[Block] = []
    for number, (title, section) in enumerate(sections):
        blocks += [Heading(numbered(number, title, lang)), *section]
    who = joined(firms, lang)
    return Document(
        title=t(
            f"{who}{answer.year}年度温室气体排放报告", f"{who}: greenhouse gases {answer.year}"
        ),
        subtitle=f"{answer.method.number} {t(answer.method.title_zh, answer.method.title_en)}",
        issuer=who,
        issued_on=issued_on.isoformat(),
        mark=t("演示数据", "Demonstration data") if demo else "",
        blocks=tuple(blocks),
        language=lang,
        stamp=stamp,
    )


def _text_table(
    caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], widths: tuple[float, ...]
) -> Table:
    return Table(caption, head, tuple(rows), text_columns=len(head), widths=widths)


def _facts(answer: Answer, codes: Sequence[str], t: Words) -> Iterator[Block]:
    blank = t("（由企业填写）", "(to be filled in)")
    labels = (
        t("单位性质", "Kind of enterprise"),
        t("所属行业及代码", "Sector and code"),
        t("法定代表人", "Legal representative"),
        t("填报负责人和联系方式", "Responsible person, contact"),
        t("生产地址", "Address"),
        t("主要产品和产量", "Main products and output"),
    )
    for code in codes:
        name = answer.read.names.get(code) or blank
        rows = [
            (t("单位名称", "Name"), name),
            (t("统一社会信用代码", "Unified credit code"), code),
            (t("报告年度", "Year"), str(answer.year)),
            *((one, blank) for one in labels),
        ]
        item, value = t("项目", "Item"), t("内容", "Content")
        yield _text_table(t("基本情况", "Facts"), (item, value), rows, (3, 7))


def _boundary(answer: Answer, t: Words) -> Iterator[Block]:
    method = answer.method
    yield Paragraph(t(method.boundary_zh, method.boundary_en))
    span = f"{method.valid_from or '…'} ~ {method.valid_to or '…'}"
    yield Paragraph(
        t(
            f"依据 {method.number}，版次 {method.edition}，适用数据 {span}。",
            f"By {method.number}, edition {method.edition}, for data of {span}.",
        )
    )
    yield Paragraph(
        t(
            "（请补充：设施清单、边界与上年相比的变化、未纳入的设施及理由。）",
            "(To be added: list of facilities, changes of the boundary, what is left out and why.)",
        ),
        note=True,
    )


def _sources(answer: Answer, lang: str, t: Words) -> Iterator[Block]:
    counted: dict[str, int] = {}
    for row in answer.streams():
        counted[row["stream"]] = counted.get(row["stream"], 0) + row["rows"]
    rows = [
        (
            t(stream.name_zh, stream.name_en),
            pick(SCOPES, stream.scope, t),
            joined([t(kind.name_zh, kind.name_en) for kind in stream.kinds], lang),
            " ".join(filter(None, (stream.clause, stream.equation))) or NO_DATA,
            mark(stream.confidence, t),
            str(counted.get(stream.key, 0) or t("未填报", "nothing stated")),
        )
        for stream in answer.method.streams
    ]
    head = (
        t("排放源", "Stream"),
        t("范围", "Scope"),
        t("计算方式", "Way of computing"),
        t("条款、公式", "Clause"),
        t("公式核实", "Verified"),
        t("填报行", "Rows"),
    )
    yield _text_table(t("排放源清单", "Sources"), head, rows, (3, 2, 5, 2, 2, 2))


def _activity(answer: Answer, lines: Sequence[Mapping[str, Any]], t: Words) -> Iterator[Block]:
    head = (
        t("物料", "Material"),
        t("单元、期间", "Part, period"),
        t("数据", "Datum"),
        t("数值", "Value"),
        t("单位", "Unit"),
        t("来源", "Source"),
    )
    for stream in answer.method.streams:
        rows: dict[tuple[str, ...], None] = {}
        for line in lines:
            if line["stream"] != stream.key:
                continue
            for one in line["inputs"]:
                if one["source"] not in _ACTIVITY:
                    continue
                part = f"{line['part']} {period(line)}".strip()
                item = t(line["item_zh"], line["item_en"])
                name = f"{t(one['name_zh'], one['name_en'])} {one['symbol']}"
                value = f"{one['value']:.10g}"
                rows[item, part, name, value, one["unit"], source(one, t)] = None
        if rows:
            name = t(stream.name_zh, stream.name_en)
            yield _text_table(name, head, list(rows), (3, 3, 4, 3, 2, 4))


def _factor_section(
    answer: Answer, lines: Sequence[Mapping[str, Any]], t: Words
) -> Iterator[Block]:
    rows = [
        (
            t(row["name_zh"], row["name_en"]),
            row["symbol"],
            f"{row['value']:.10g}",
            row["unit"],
            " ".join(filter(None, (row["document"], row["clause"]))),
            mark(row["confidence"], t),
        )
        for row in used(answer, lines)
    ]
    if not rows:
        yield Paragraph(t("没有使用缺省值。", "No default was used."))
        return
    head = (
        t("因子", "Factor"),
        t("符号", "Symbol"),
        t("数值", "Value"),
        t("单位", "Unit"),
        t("依据", "Document"),
        t("核实", "Verified"),
    )
    yield _text_table(t("所用缺省值", "Defaults used"), head, rows, (4, 1, 2, 2, 5, 2))


def _emissions(answer: Answer, t: Words) -> Iterator[Block]:
    head = (t("排放源", "Stream"), t("计入总量", "In the total"), t("排放量（tCO₂e）", "tCO2e"))
    streams = answer.streams()
    for total in answer.totals().iter_rows(named=True):
        code = total["org_code"]
        rows = [
            (
                t(row["name_zh"], row["name_en"]),
                t("是", "yes") if row["in_total"] else t("否", "no"),
                grouped(row["emission_tco2e"], 2),
            )
            for row in streams
            if row["org_code"] == code
        ]
        rows.append((t("合计", "Total"), "", grouped(total["emission_total_tco2e"], 2)))
        name = answer.read.names.get(code) or code
        caption = t(f"{name}温室气体排放量", f"{name}: emissions")
        yield Table(caption, head, tuple(rows), text_columns=2, total=True, widths=(5, 2, 3))
        if total["missing_rows"]:
            yield Paragraph(
                t(
                    f"有 {total['missing_rows']} 行缺数据或有错误，没有计入合计，也没有按零处理。",
                    f"Rows that lack data or hold an error: {total['missing_rows']}; they are not "
                    "in the total and not taken as zero.",
                ),
                note=True,
            )


def _units(units: Sequence[Mapping[str, Any]], t: Words) -> Iterator[Block]:
    head = (
        t("机组、期间", "Unit of the plant, period"),
        t("指标", "Result of the unit"),
        t("公式", "Formula"),
        t("数值", "Value"),
        t("单位", "Unit"),
        t("核实", "Verified"),
    )
    rows = [
        (
            f"{one['part']} {period(one)}".strip(),
            t(one["name_zh"], one["name_en"]),
            one["text"],
            f"{one['value']:.6g}",
            one["unit"],
            mark(one["confidence"], t),
        )
        for one in units
    ]
    caption = t("供热比、强度和负荷率", "Heat ratio, intensities and load factor")
    yield _text_table(caption, head, rows, (3, 3, 5, 2, 2, 2))


def _plan(answer: Answer, lang: str, t: Words) -> Iterator[Block]:
    """Yield the table of what has to be measured, how often, and what is left to be said."""
    rows = []
    blank = t("（填写）", "(fill in)")
    for stream in answer.method.streams:
        sampling = {one.column: one for one in stream.sampling}
        for column, held in inputs_of(stream).items():
            if column not in stream.measured and column not in sampling:
                continue
            asked = sampling.get(column)
            rule = t(asked.rule_zh, asked.rule_en) if asked else ""
            doubt = mark(asked.confidence, t) if asked and asked.confidence in UNVERIFIED else ""
            rows.append(
                (
                    t(stream.name_zh, stream.name_en),
                    label(held[0], lang),
                    t("要求实测", "to be measured") if column in stream.measured else NO_DATA,
                    f"{rule} {doubt}".strip() or blank,
                    blank,
                    blank,
                )
            )
    if not rows:
        yield Paragraph(
            t(
                "方法声明中没有列明须实测的参数；请按企业的数据质量控制方案填写。",
                "The declaration of the method names no parameter that must be measured; fill in "
                "the plan of the enterprise.",
            )
        )
        return
    head = (
        t("排放源", "Stream"),
        t("参数", "Parameter"),
        t("要求", "Demand"),
        t("频次和标准", "Frequency, standard"),
        t("计量器具或实验室", "Meter or laboratory"),
        t("负责人", "Responsible"),
    )
    yield _text_table(t("数据质量控制计划", "Data-quality plan"), head, rows, (3, 3, 2, 5, 3, 2))


def _open_questions(answer: Answer, lang: str, t: Words) -> Iterator[Block]:
    for zh, en in zip(answer.method.doubts_zh, answer.method.doubts_en, strict=True):
        yield Paragraph(t(f"待核实：{zh}", f"待核实 (unverified): {en}"))
    for one in answer.problems:
        if one.severity == "error":
            yield Paragraph(one.line(lang), note=True)
    if not answer.method.doubts_zh and not answer.errors:
        yield Paragraph(t("没有。", "None."))
