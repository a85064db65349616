"""The one-page file of an enterprise (一企一档): what is known, what is missing, what is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.reports.charts import Series, grouped_columns, stacked_columns
from tanfeng.reports.document import (
    NO_DATA,
    UNVERIFIED,
    Block,
    Chart,
    Document,
    Figures,
    Heading,
    Paragraph,
    Table,
    Words,
    change,
    grouped,
    numbered,
    words,
)

#: Columns of the yearly table; null is no data.
YEAR_COLUMNS = (
    "year",
    "energy_equivalent_tce",
    "energy_calorific_tce",
    "emission_direct_tco2",
    "emission_indirect_tco2",
    "emission_total_tco2",
    "months_reported",
    "months_expected",
    "confidence",
)
_YEARS = dict.fromkeys(YEAR_COLUMNS[1:6], pl.Float64()) | {
    "year": pl.Int64(),
    "months_reported": pl.Int64(),
    "months_expected": pl.Int64(),
    "confidence": pl.String(),
}
_DIRECT, _INDIRECT = "#0f6b4f", "#5f7fc0"
_EQUIVALENT, _CALORIFIC = "#0f6b4f", "#3f8f9f"


def no_years() -> pl.DataFrame:
    """Return the yearly table of an enterprise nothing was computed for."""
    return pl.DataFrame(schema={name: _YEARS[name] for name in YEAR_COLUMNS})


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterpriseFile:
    """What the file states; texts arrive in the language of the file.

    Parameters
    ----------
    language : {"zh", "en"}
        Language of the file.
    name, credit_code : str
        The enterprise.
    issuer, issued_on : str
        Who hands it out, and the day.
    demo : bool
        True when the enterprise is invented.
    facts : sequence of (str, str)
        Label and value; an empty value is printed as not filled in.
    contacts : sequence of (str, str, str)
        Role, name and telephone as the reader may see it.
    sites : sequence of (str, str, str, str)
        Name, county and park, address, from and to.
    lists : sequence of (str, str, str, str)
        List, notice and lot, from, to.
    as_of, run : str
        Day up to which records were known and number of the run; empty without a run.
    years : polars.DataFrame
        ``YEAR_COLUMNS``, one row per year.
    gaps : sequence of str or None
        Months that were due and are not there; None when nothing was reported at all.
    due : str
        Last month due; empty for an enterprise that closed.
    problems : sequence of (str, str)
        Open findings with their period.
    files : sequence of (str, str, str, str)
        File, status, day, who.
    history : sequence of (str, str, str)
        Day, who, what changed.
    """

    language: Literal["zh", "en"] = "zh"
    name: str
    credit_code: str
    issuer: str
    issued_on: str
    demo: bool
    facts: Sequence[tuple[str, str]]
    contacts: Sequence[tuple[str, str, str]] = ()
    sites: Sequence[tuple[str, str, str, str]] = ()
    lists: Sequence[tuple[str, str, str, str]] = ()
    as_of: str = ""
    run: str = ""
    years: pl.DataFrame = field(default_factory=no_years)
    gaps: Sequence[str] | None = None
    due: str = ""
    problems: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, str, str, str]] = ()
    history: Sequence[tuple[str, str, str]] = ()

    def __post_init__(self) -> None:
        """Refuse a yearly table without its columns."""
        missing = [name for name in YEAR_COLUMNS if name not in self.years.columns]
        if missing:
            raise ModelError(f"enterprise file: years lacks {', '.join(missing)}")


def enterprise_file(file: EnterpriseFile) -> Document:
    """Lay the file out as blocks."""
    t = words(file.language)
    sections = (
        (t("基本情况", "Facts"), _facts),
        (t("能耗与碳排放", "Energy and CO₂"), _figures),
        (t("数据完整性", "Completeness of data"), _completeness),
        (t("名单与荣誉", "Official lists"), _lists),
        (t("未解决的问题", "Open problems"), _problems),
        (t("填报文件", "Files"), _files),
        (t("变更与监管记录", "History"), _history),
    )
    blocks: list[Block] = []
    for number, (title, write) in enumerate(sections):
        blocks += [Heading(numbered(number, title, file.language)), *write(file, t)]
    subtitle = t(f"统一社会信用代码 {file.credit_code}", f"Unified credit code {file.credit_code}")
    if file.as_of:
        subtitle += t(
            f" · 数据截至 {file.as_of} · 核算批次 {file.run}",
            f" · data as of {file.as_of} · run {file.run}",
        )
    return Document(
        title=t(f"{file.name}一企一档", f"{file.name}: file of the enterprise"),
        subtitle=subtitle,
        issuer=file.issuer,
        issued_on=file.issued_on,
        mark=t("演示数据 · 非真实企业", "Demonstration data, no real enterprise")
        if file.demo
        else "",
        blocks=tuple(_counted(blocks, t)),
        language=file.language,
    )


def _counted(blocks: Sequence[Block], t: Words) -> Iterator[Block]:
    """Yield the blocks, tables and figures numbered in the order they stand."""
    tables = figures = 0
    for block in blocks:
        if isinstance(block, Table):
            tables += 1
            yield replace(block, caption=t(f"表{tables} ", f"Table {tables}. ") + block.caption)
        elif isinstance(block, Chart):
            figures += 1
            yield replace(block, caption=t(f"图{figures} ", f"Figure {figures}. ") + block.caption)
        else:
            yield block


def _facts(file: EnterpriseFile, t: Words) -> list[Block]:
    empty = t("未填", "not filled in")
    pairs = [(label, value or empty) for label, value in file.facts]
    half = (len(pairs) + 1) // 2
    rows = [(*left, *right) for left, right in zip(pairs[:half], pairs[half:], strict=False)]
    if len(pairs) % 2:
        rows.append((*pairs[half - 1], "", ""))
    item, value = t("项目", "Item"), t("内容", "Content")
    blocks: list[Block] = [
        Table(
            t("基本情况", "Facts"),
            (item, value, item, value),
            tuple(rows),
            text_columns=4,
            widths=(3, 4, 3, 3),
        )
    ]
    if file.contacts:
        blocks.append(
            Table(
                t("联系人", "Contacts"),
                (t("职责", "Role"), t("姓名", "Name"), t("电话", "Telephone")),
                tuple(file.contacts),
                text_columns=3,
                widths=(4, 4, 4),
            )
        )
    if file.sites:
        blocks.append(
            Table(
                t("生产场所", "Sites"),
                (
                    t("场所", "Site"),
                    t("县（市）区、园区", "County, park"),
                    t("地址", "Address"),
                    t("起止", "Time"),
                ),
                tuple(file.sites),
                text_columns=4,
                widths=(3, 2, 4, 3),
            )
        )
    return blocks


def _figures(file: EnterpriseFile, t: Words) -> list[Block]:
    if not file.years.height:
        return [
            Paragraph(
                t(
                    "尚无已发布的核算结果；不能据此认为该企业没有能耗或排放。",
                    "No published figures. This does not say that there is no energy use or CO₂.",
                )
            )
        ]
    rows = file.years.sort("year").rows(named=True)
    now, before = rows[-1], rows[-2] if len(rows) > 1 else None
    blocks: list[Block] = [_latest(now, before, t), _yearly_table(rows, t), *_charts(rows, t)]
    if any(row["confidence"] in UNVERIFIED for row in rows):
        blocks.append(
            Paragraph(
                t(
                    "标注“待核实”的年度用到尚未与原文件核对的因子，作为执法或考核依据之前须核对。",
                    "A year marked 待核实 (unverified) rests on factors nobody has checked against "
                    "the document yet; check them before a decision rests on the figure.",
                ),
                note=True,
            )
        )
    return blocks


def _latest(now: Mapping[str, object], before: Mapping[str, object] | None, t: Words) -> Figures:
    def item(key: str, label: str) -> tuple[str, str, str]:
        value = now[key]
        # Only the same number of months can be compared.
        alike = before is not None and before["months_reported"] == now["months_reported"]
        old = before[key] if before is not None and alike else None
        return (
            label,
            grouped(_float(value)),
            t("比上年 ", "on the year before ") + change(_float(value), _float(old)),
        )

    year = now["year"]
    return Figures(
        (
            item("emission_total_tco2", t(f"{year}年碳排放（吨 CO₂）", f"CO₂ {year} (t)")),
            item(
                "energy_equivalent_tce",
                t("综合能耗·等价（吨标准煤）", "Energy, equivalent (tce)"),
            ),
            item(
                "energy_calorific_tce",
                t("综合能耗·当量（吨标准煤）", "Energy, calorific (tce)"),
            ),
        )
    )


def _yearly_table(rows: Sequence[Mapping[str, object]], t: Words) -> Table:
    return Table(
        t(
            "分年综合能耗与碳排放（吨标准煤、吨 CO₂）",
            "Energy and CO₂ by year (tce, t CO₂)",
        ),
        (
            t("年份", "Year"),
            t("等价能耗", "Equivalent"),
            t("当量能耗", "Calorific"),
            t("直接排放", "Direct"),
            t("电力热力", "Power, heat"),
            t("合计排放", "CO₂"),
            t("已报/应报月份", "Months there/due"),
            t("依据", "Basis"),
        ),
        tuple(
            (
                str(row["year"]),
                *(grouped(_float(row[key])) for key in YEAR_COLUMNS[1:6]),
                _months(row),
                _checked(str(row["confidence"] or ""), t),
            )
            for row in rows
        ),
    )


def _months(row: Mapping[str, object]) -> str:
    there, expected = row["months_reported"], row["months_expected"]
    return f"{there} / {expected}" if expected else NO_DATA


def _checked(confidence: str, t: Words) -> str:
    if not confidence:
        return NO_DATA
    return t("待核实", "待核实") if confidence in UNVERIFIED else t("已核对", "verified")


def _charts(rows: Sequence[Mapping[str, object]], t: Words) -> list[Block]:
    years = [str(row["year"]) for row in rows]

    def series(key: str, name: str, colour: str) -> Series:
        return Series(name, colour, tuple(_float(row[key]) for row in rows))

    emission = t("分年碳排放（吨 CO₂）", "CO₂ by year (t)")
    energy = t("分年综合能耗（吨标准煤）", "Energy by year (tce)")
    told = t("数值见分年表", "figures in the table by year")
    parts = [
        series("emission_direct_tco2", t("直接排放", "Direct"), _DIRECT),
        series("emission_indirect_tco2", t("外购电力热力", "Power and heat"), _INDIRECT),
    ]
    blocks: list[Block] = []
    blocks.append(
        Chart(
            emission, stacked_columns(years, parts, unit=t("吨 CO₂", "t CO₂"), height=200.0), told
        )
    )
    blocks.append(
        Chart(
            energy,
            grouped_columns(
                years,
                [
                    series("energy_equivalent_tce", t("等价", "Equivalent"), _EQUIVALENT),
                    series("energy_calorific_tce", t("当量", "Calorific"), _CALORIFIC),
                ],
                unit=t("吨标准煤", "tce"),
                height=200.0,
            ),
            told,
        )
    )
    return blocks


def _completeness(file: EnterpriseFile, t: Words) -> list[Block]:
    if file.gaps is None:
        return [
            Paragraph(
                t(
                    "尚无月报记录，没有按零处理。",
                    "Nothing was reported yet; this is not taken as zero.",
                )
            )
        ]
    if not file.due:
        return [
            Paragraph(
                t("已不在营业，不再应报。", "No longer in operation; no month is due any more.")
            )
        ]
    if not file.gaps:
        return [
            Paragraph(
                t(f"应报至{file.due}，没有缺月。", f"Due up to {file.due}; nothing is missing.")
            )
        ]
    shown = "、".join(file.gaps) if file.language == "zh" else ", ".join(file.gaps)
    return [
        Paragraph(
            t(
                f"应报至{file.due}，缺{len(file.gaps)}个月：{shown}。缺月没有计入总量，也没有按零处理。",
                f"Due up to {file.due}; {len(file.gaps)} missing: {shown}. What is missing is not "
                "in the totals and is not taken as zero.",
            )
        )
    ]


def _lists(file: EnterpriseFile, t: Words) -> list[Block]:
    head = (
        t("名单", "List"),
        t("公布文件与批次", "Notice and lot"),
        t("列入", "From"),
        t("移出", "To"),
    )
    caption = t("官方名单", "Official lists")
    return _table(
        caption, head, file.lists, t("不在官方名单内。", "On no official list."), (4, 5, 2, 2)
    )


def _problems(file: EnterpriseFile, t: Words) -> list[Block]:
    head = (t("问题", "Problem"), t("时期", "Period"))
    caption = t("核算批次发现的问题", "What the run found")
    if not file.run:
        return [Paragraph(t("尚未核算，未检查。", "Not computed yet, so not checked."))]
    none = t("核算批次没有发现需要处理的问题。", "The run found nothing that needs action.")
    return _table(caption, head, file.problems, none, (8, 2))


def _files(file: EnterpriseFile, t: Words) -> list[Block]:
    head = (t("文件", "File"), t("状态", "Status"), t("上传", "Uploaded"), t("上传人", "By"))
    caption = t("最近的填报文件", "Latest files")
    return _table(
        caption, head, file.files, t("没有可见的文件。", "No file to be seen."), (6, 2, 2, 4)
    )


def _history(file: EnterpriseFile, t: Words) -> list[Block]:
    head = (t("日期", "Day"), t("办理人", "Who"), t("变更", "What changed"))
    caption = t("变更记录", "Changes")
    return _table(caption, head, file.history, t("没有变更。", "Nothing was changed."), (2, 4, 8))


def _table(
    caption: str,
    head: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    none: str,
    widths: tuple[float, ...],
) -> list[Block]:
    if not rows:
        return [Paragraph(none)]
    return [Table(caption, head, tuple(rows), text_columns=len(head), widths=widths)]


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
