"""The yearly brief on energy and CO2 of a city or county: about four pages, Chinese or English."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.reports.charts import Series, bars, stacked_columns
from tanfeng.reports.document import (
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
    in_wan,
    joined,
    numbered,
    share,
    words,
)

#: Columns every breakdown must have; ``previous_`` is the year before, null for no data.
BREAKDOWN_COLUMNS = (
    "name",
    "energy_calorific_tce",
    "energy_equivalent_tce",
    "emission_total_tco2",
    "previous_energy_equivalent_tce",
    "previous_emission_total_tco2",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityBrief:
    """What the brief states; every figure comes from a frozen run.

    Parameters
    ----------
    language : {"zh", "en"}
        Language of the brief.
    scope : str
        City or county it speaks of.
    year : int
        Year it speaks of.
    issuer, issued_on, as_of : str
        Who issues it, the day, and the day up to which data were known.
    run : str
        Number and title of the frozen run.
    basis : str
        Electricity factor basis in words.
    demo : bool
        Whether invented data are in it; every page is then marked.
    totals, previous : mapping of str to float or None
        Headline figures of the year and the year before: ``energy_calorific_tce``,
        ``energy_equivalent_tce``, their ``_net_feedstock_tce`` and ``_net_green_power_tce``
        variants as named in the nomenclature, ``emission_direct_tco2``,
        ``emission_indirect_tco2``, ``emission_total_tco2``.
    by_sector, by_county, top : polars.DataFrame
        Breakdowns with ``BREAKDOWN_COLUMNS``, in print order.
    history : polars.DataFrame
        ``year``, ``sector``, ``colour``, ``emission_total_tco2`` for the chart, in stack order.
    completeness : mapping of str to float
        ``organisations``, ``organisations_reporting``, ``months_expected``, ``months_reported``,
        ``measured_tce``, ``reported_tce``, ``estimated_tce``.
    problems : sequence of (str, int, str)
        What was found, how often, and where first.
    factors : polars.DataFrame
        ``name``, ``value``, ``unit``, ``document``, ``confidence`` of the factors used.
    formulas : polars.DataFrame
        ``name``, ``document``, ``clause``, ``confidence`` (of the clause) of the formulas used; an
        empty clause is one nobody has seen.
    """

    language: Literal["zh", "en"] = "zh"
    scope: str
    year: int
    issuer: str
    issued_on: str
    as_of: str
    run: str
    basis: str
    demo: bool
    totals: Mapping[str, float | None]
    previous: Mapping[str, float | None]
    by_sector: pl.DataFrame
    by_county: pl.DataFrame
    top: pl.DataFrame
    history: pl.DataFrame
    completeness: Mapping[str, float]
    problems: Sequence[tuple[str, int, str]]
    factors: pl.DataFrame
    formulas: pl.DataFrame

    def __post_init__(self) -> None:
        """Refuse a breakdown without its columns."""
        for name in ("by_sector", "by_county", "top"):
            missing = [c for c in BREAKDOWN_COLUMNS if c not in getattr(self, name).columns]
            if missing:
                raise ModelError(f"brief: {name} lacks {', '.join(missing)}")


def city_brief(brief: CityBrief) -> Document:
    """Lay the brief out as blocks, rounded by GB/T 8170 for print."""
    t = words(brief.language)
    sections: tuple[tuple[str, Callable[[CityBrief, Words], list[Block]]], ...] = (
        (t("总体情况", "Overview"), _overview),
        (t("分行业情况", "By sector"), _sectors),
        (t("分县（市）区情况", "By county and district"), _counties),
        (t("重点企业", "Largest enterprises"), _largest),
        (t("数据完整性与质量", "Completeness and quality of data"), _completeness),
        (t("存在问题", "Problems"), _problems),
        (t("核算口径与依据", "Boundary and basis"), _basis),
    )
    blocks: list[Block] = []
    for number, (title, write) in enumerate(sections):
        blocks += [Heading(numbered(number, title, brief.language)), *write(brief, t)]
    return Document(
        title=t(
            f"{brief.scope}工业能耗与碳排放年度简报（{brief.year}年）",
            f"{brief.scope}: yearly brief on industrial energy and CO₂, {brief.year}",
        ),
        subtitle=t(
            f"数据截至 {brief.as_of} · 核算批次 {brief.run}",
            f"Data as of {brief.as_of} · run {brief.run}",
        ),
        issuer=brief.issuer,
        issued_on=brief.issued_on,
        mark=t("演示数据 · 非真实企业", "Demonstration data, no real enterprise")
        if brief.demo
        else "",
        blocks=tuple(blocks),
        language=brief.language,
    )


def _overview(brief: CityBrief, t: Words) -> list[Block]:
    now, old = brief.totals, brief.previous
    emission, energy = now.get("emission_total_tco2"), now.get("energy_equivalent_tce")
    emission_change = change(emission, old.get("emission_total_tco2"))
    energy_change = change(energy, old.get("energy_equivalent_tce"))
    calorific = now.get("energy_calorific_tce")
    calorific_change = change(calorific, old.get("energy_calorific_tce"))
    years = t("比上年", "on the year before")
    return [
        Paragraph(
            t(
                f"{brief.year}年，{brief.scope}纳入核算的工业企业二氧化碳排放"
                f"{in_wan(emission)}万吨，比上年{emission_change}；"
                f"综合能源消费量（等价值）{in_wan(energy)}万吨标准煤，"
                f"比上年{energy_change}。"
                f"排放口径为直接排放加外购电力、热力间接排放。",
                f"In {brief.year} the industrial enterprises accounted in {brief.scope} emitted "
                f"{in_wan(emission)} ×10⁴ t CO₂ ({emission_change} on the year before) and used "
                f"{in_wan(energy)} ×10⁴ tce (equivalent; {energy_change}). "
                "Emissions are direct plus purchased electricity and heat.",
            )
        ),
        Figures(
            (
                (
                    t("碳排放（万吨 CO₂）", "CO₂ (10⁴ t)"),
                    in_wan(emission),
                    f"{years} {emission_change}",
                ),
                (
                    t("其中直接排放（万吨 CO₂）", "of which direct (10⁴ t)"),
                    in_wan(now.get("emission_direct_tco2")),
                    # Not a share: what sells more power than it buys has a negative rest.
                    t("电力热力 ", "power and heat ") + in_wan(now.get("emission_indirect_tco2")),
                ),
                (
                    t("综合能耗·等价（万吨标准煤）", "Energy, equivalent (10⁴ tce)"),
                    in_wan(energy),
                    f"{years} {energy_change}",
                ),
                (
                    t("综合能耗·当量（万吨标准煤）", "Energy, calorific (10⁴ tce)"),
                    in_wan(calorific),
                    f"{years} {calorific_change}",
                ),
            )
        ),
        _methods_table(brief, t),
        _history_chart(brief, t),
    ]


def _methods_table(brief: CityBrief, t: Words) -> Table:
    rows = []
    for key, zh, en in (
        ("energy_calorific_tce", "综合能耗（当量值）", "Energy, calorific"),
        ("energy_calorific_net_feedstock_tce", "  扣除原料用能", "  net of feedstock"),
        ("energy_calorific_net_green_power_tce", "  扣除绿电", "  net of green power"),
        ("energy_equivalent_tce", "综合能耗（等价值）", "Energy, equivalent"),
        ("energy_equivalent_net_feedstock_tce", "  扣除原料用能", "  net of feedstock"),
        ("energy_equivalent_net_green_power_tce", "  扣除绿电", "  net of green power"),
    ):
        new, old = brief.totals.get(key), brief.previous.get(key)
        rows.append((t(zh, en), in_wan(new), in_wan(old), change(new, old)))
    return Table(
        t("表1 综合能源消费量（万吨标准煤）", "Table 1. Energy consumption (10⁴ tce)"),
        (t("口径", "Method"), str(brief.year), str(brief.year - 1), t("同比", "Change")),
        tuple(rows),
    )


def _history_chart(brief: CityBrief, t: Words) -> Chart:
    years = brief.history["year"].unique(maintain_order=False).sort().to_list()
    series = []
    for key, group in brief.history.group_by(["sector", "colour"], maintain_order=True):
        by_year = dict(zip(group["year"], group["emission_total_tco2"], strict=True))
        values = tuple(None if by_year.get(y) is None else by_year[y] / 1e4 for y in years)
        series.append(Series(str(key[0]), str(key[1]), values))
    names, start = [s.name for s in series], years[0] if years else ""
    return Chart(
        t("图1 分行业二氧化碳排放（万吨）", "Figure 1. CO₂ by sector (10⁴ t)"),
        stacked_columns([str(y) for y in years], series, unit=t("万吨 CO₂", "10⁴ t CO₂")),
        t(
            f"{joined(names, 'zh')}等行业{start}年以来的排放",
            f"Emissions of {joined(names, 'en')} since {start}",
        ),
    )


def _breakdown(frame: pl.DataFrame, whole: float | None) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            str(row["name"]),
            in_wan(row["energy_equivalent_tce"]),
            change(row["energy_equivalent_tce"], row["previous_energy_equivalent_tce"]),
            in_wan(row["energy_calorific_tce"]),
            in_wan(row["emission_total_tco2"]),
            change(row["emission_total_tco2"], row["previous_emission_total_tco2"]),
            share(row["emission_total_tco2"], whole),
        )
        for row in frame.iter_rows(named=True)
    )


def _head(first: str, t: Words) -> tuple[str, ...]:
    return (
        first,
        t("等价能耗", "Equivalent"),
        t("同比", "Change"),
        t("当量能耗", "Calorific"),
        t("碳排放", "CO₂"),
        t("同比", "Change"),
        t("占比", "Share"),
    )


def _with_total(brief: CityBrief, frame: pl.DataFrame, t: Words) -> tuple[tuple[str, ...], ...]:
    whole = brief.totals.get("emission_total_tco2")
    total = pl.DataFrame(
        {
            "name": [t("合计", "Total")],
            **{k: [brief.totals.get(k)] for k in BREAKDOWN_COLUMNS[1:4]},
            "previous_energy_equivalent_tce": [brief.previous.get("energy_equivalent_tce")],
            "previous_emission_total_tco2": [brief.previous.get("emission_total_tco2")],
        }
    )
    return _breakdown(frame, whole) + _breakdown(total, whole)


def _sectors(brief: CityBrief, t: Words) -> list[Block]:
    risen = brief.by_sector.filter(
        pl.col("emission_total_tco2") > pl.col("previous_emission_total_tco2")
    ).sort(pl.col("emission_total_tco2") - pl.col("previous_emission_total_tco2"), descending=True)
    names = joined(risen["name"].to_list(), brief.language)
    sentence = (
        t(
            f"排放比上年增加的行业：{names}。",
            f"Sectors that emitted more than the year before: {names}.",
        )
        if risen.height
        else t("没有行业的排放比上年增加。", "No sector emitted more than the year before.")
    )
    return [
        Paragraph(sentence),
        Table(
            t(
                "表2 分行业能耗与碳排放（万吨标准煤、万吨 CO₂）",
                "Table 2. By sector (10⁴ tce, 10⁴ t CO₂)",
            ),
            _head(t("行业", "Sector"), t),
            _with_total(brief, brief.by_sector, t),
            total=True,
        ),
    ]


def _counties(brief: CityBrief, t: Words) -> list[Block]:
    values = [None if v is None else v / 1e4 for v in brief.by_county["emission_total_tco2"]]
    before = [
        None if v is None else v / 1e4 for v in brief.by_county["previous_emission_total_tco2"]
    ]
    names = [str(name) for name in brief.by_county["name"]]
    return [
        Chart(
            t("图2 分县（市）区二氧化碳排放（万吨）", "Figure 2. CO₂ by county (10⁴ t)"),
            bars(
                names,
                values,
                before,
                unit=t("万吨 CO₂", "10⁴ t CO₂"),
                before_name=t("上年", "year before"),
            ),
            t(
                "各县（市）区排放及上年水平，数值见表3",
                "Emissions by county with last year; figures in table 3",
            ),
        ),
        Table(
            t(
                "表3 分县（市）区能耗与碳排放（万吨标准煤、万吨 CO₂）",
                "Table 3. By county (10⁴ tce, 10⁴ t CO₂)",
            ),
            _head(t("县（市）区", "County"), t),
            _with_total(brief, brief.by_county, t),
            total=True,
        ),
    ]


def _largest(brief: CityBrief, t: Words) -> list[Block]:
    whole = brief.totals.get("emission_total_tco2")
    together = share(float(brief.top["emission_total_tco2"].sum()), whole)
    return [
        Paragraph(
            t(
                f"排放量前{brief.top.height}家企业合计占{together}。",
                f"The {brief.top.height} largest enterprises account for {together}.",
            )
        ),
        Table(
            t(
                "表4 重点企业（万吨标准煤、万吨 CO₂）",
                "Table 4. Largest enterprises (10⁴ tce, 10⁴ t CO₂)",
            ),
            _head(t("企业", "Enterprise"), t),
            _breakdown(brief.top, whole),
        ),
    ]


def _completeness(brief: CityBrief, t: Words) -> list[Block]:
    c = brief.completeness
    missing = c["months_expected"] - c["months_reported"]
    known = c["measured_tce"] + c["reported_tce"] + c["estimated_tce"]
    rows = (
        (
            t("报送企业", "Enterprises reporting"),
            f"{grouped(c['organisations_reporting'])} / {grouped(c['organisations'])}",
            share(c["organisations_reporting"], c["organisations"]),
        ),
        (
            t("企业月报（份）", "Monthly forms"),
            f"{grouped(c['months_reported'])} / {grouped(c['months_expected'])}",
            share(c["months_reported"], c["months_expected"]),
        ),
        *(
            (
                t(zh, en),
                in_wan(c[key]) + t(" 万吨标准煤", " ×10⁴ tce"),
                share(c[key], known),
            )
            for key, zh, en in (
                ("measured_tce", "计量数据", "Measured"),
                ("reported_tce", "填报数据", "Reported"),
                ("estimated_tce", "估算数据", "Estimated"),
            )
        ),
    )
    return [
        Paragraph(
            t(
                f"应报{grouped(c['months_expected'])}份企业月报，缺{grouped(missing)}份。"
                "缺报的企业和月份没有计入上列总量，也没有按零处理。",
                f"{grouped(c['months_expected'])} monthly forms were due; {grouped(missing)} are "
                "missing. What is missing is not in the totals and is not taken as zero.",
            )
        ),
        Table(
            t("表5 数据完整性与来源", "Table 5. Completeness and origin of data"),
            (t("项目", "Item"), t("数量", "Amount"), t("占比", "Share")),
            rows,
        ),
    ]


def _problems(brief: CityBrief, t: Words) -> list[Block]:
    if not brief.problems:
        return [Paragraph(t("未发现需要处理的问题。", "Nothing was found that needs action."))]
    return [
        Table(
            t("表6 需要处理的问题", "Table 6. What needs action"),
            (t("问题", "Problem"), t("示例", "For example"), t("数量", "Count")),
            tuple((text, where, grouped(count)) for text, count, where in brief.problems),
            text_columns=2,
        )
    ]


def _basis(brief: CityBrief, t: Words) -> list[Block]:
    unverified = brief.factors.filter(pl.col("confidence").is_in(list(UNVERIFIED)))
    rows = tuple(
        (
            str(row["name"]),
            str(row["document"]),
            f"{row['value']:g} {row['unit']}",
            _checked(row["confidence"], t),
        )
        for row in brief.factors.iter_rows(named=True)
    )
    return [
        Paragraph(
            t(
                "综合能耗按 GB/T 2589，燃料燃烧、外购电力和热力的二氧化碳"
                "按工业其他行业企业核算指南计算；"
                f"电力排放因子口径：{brief.basis}。",
                "Energy follows GB/T 2589; CO₂ of fuel, purchased electricity and heat follows the "
                f"guideline for other industry. Electricity factor: {brief.basis}.",
            )
        ),
        Paragraph(
            t(
                f"本简报用到{brief.factors.height}项因子，其中{unverified.height}项待核实；"
                "待核实因子在作为执法或考核依据之前须对照原文件核对。数值按 GB/T 8170 修约，"
                "合计由未修约值相加，可能与分项修约值之和相差末位。",
                f"{brief.factors.height} factors were used, {unverified.height} of them unverified "
                "(待核实): check them against the document before a decision rests on them. "
                "Figures are rounded by GB/T 8170; totals are sums of unrounded values.",
            ),
            note=True,
        ),
        Table(
            t("表7 主要因子", "Table 7. Main factors"),
            (t("因子", "Factor"), t("文件", "Document"), t("数值", "Value"), t("核实", "Check")),
            rows,
            text_columns=2,
        ),
        Table(
            t("表8 公式所依据的条款", "Table 8. Clauses the formulas rest on"),
            (t("结果", "Result"), t("文件", "Document"), t("条款", "Clause"), t("核实", "Check")),
            tuple(
                (
                    str(row["name"]),
                    str(row["document"]),
                    str(row["clause"]) or t("未见原文", "not seen"),
                    _checked(row["clause"] and row["confidence"], t),
                )
                for row in brief.formulas.iter_rows(named=True)
            ),
            text_columns=3,
        ),
    ]


def _checked(confidence: str, t: Words) -> str:
    """Word whether somebody checked a value or a clause; what nobody saw is not checked."""
    if not confidence or confidence in UNVERIFIED:
        return t("待核实", "unverified")
    return t("已核对", "verified")
