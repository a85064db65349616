"""The uncertainty of a method account in its reports: one table, one section, one line in words.

Only what people stated is counted; an input nobody spoke of stands as without a statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tanfeng.reports.document import Block, Paragraph, Table, Words, grouped
from tanfeng.sheets import ListColumn, ListTable

_DISTRIBUTIONS = {
    "normal": ("正态", "normal"),
    "lognormal": ("对数正态", "lognormal"),
    "uniform": ("均匀", "uniform"),
}


@dataclass(frozen=True, slots=True)
class StatedInput:
    """One input of the streams the method counts, and what is stated of it.

    Parameters
    ----------
    place_zh, place_en : str
        Stream and material; empty for a default of a table.
    name_zh, name_en, unit : str
        The input and its unit.
    rows : int
        Rows of the account that hold it; 0 for a default.
    relative_pct : float or None
        Half width of the 95 % interval; None where nothing is stated. [%]
    distribution, group, grounds : str
        As stated; empty where nothing is.
    together : bool
        Whether its rows share one error.
    share : float or None
        Share of the variance. [1]
    moves_tco2e : float
        What one percent more of it moves the total by. [tCO2e]
    """

    place_zh: str
    place_en: str
    name_zh: str
    name_en: str
    unit: str
    rows: int
    relative_pct: float | None
    distribution: str
    group: str
    grounds: str
    together: bool
    share: float | None
    moves_tco2e: float


@dataclass(frozen=True, slots=True)
class StatedUncertainty:
    """The uncertainty of one account.

    Parameters
    ----------
    inputs : sequence of StatedInput
        Every input, the heaviest first.
    relative_pct : float
        Half width of the 95 % interval by propagation. [%]
    interval_tco2e : tuple of float, or None
        95 % interval by Monte Carlo; None where nothing is stated. [tCO2e]
    draws, seed : int
        Of the Monte Carlo.
    """

    inputs: Sequence[StatedInput]
    relative_pct: float
    interval_tco2e: tuple[float, float] | None
    draws: int
    seed: int

    @property
    def stated(self) -> tuple[StatedInput, ...]:
        """The inputs something is stated of."""
        return tuple(one for one in self.inputs if one.relative_pct is not None)


def uncertainty_words(told: StatedUncertainty, t: Words) -> str:
    """Return the result in one line."""
    if told.interval_tco2e is None:
        return t("没有任何输入声明不确定度", "no uncertainty is stated of any input")
    low, high = told.interval_tco2e
    pct, without = told.relative_pct, len(told.inputs) - len(told.stated)
    return t(
        f"误差传播 ±{pct:.2f} %；蒙特卡罗 {low:.1f} 至 {high:.1f} tCO₂e（抽样 {told.draws} 次，"
        f"种子 {told.seed}）；{len(told.inputs)} 项输入中有 {without} 项没有声明，按无误差计",
        f"propagation ±{pct:.2f} %; Monte Carlo {low:.1f} to {high:.1f} tCO2e "
        f"({told.draws} draws, seed {told.seed}); {without} of {len(told.inputs)} inputs without "
        "a statement count as exact",
    )


def _place(one: StatedInput, t: Words) -> str:
    return t(one.place_zh, one.place_en) or t(
        "缺省值，各处为同一变量", "default, one variable everywhere"
    )


def _distribution(one: StatedInput, t: Words) -> str:
    pair = _DISTRIBUTIONS.get(one.distribution)
    return t(*pair) if pair else ""


def uncertainty_table(told: StatedUncertainty, t: Words) -> ListTable:
    """Return every input with what is stated of it, as a sheet of a workbook."""
    rows: list[dict[str, object]] = [
        {
            "place": _place(one, t),
            "name": t(one.name_zh, one.name_en),
            "unit": one.unit,
            "rows": one.rows or None,
            "relative_pct": one.relative_pct,
            "distribution": _distribution(one, t) or None,
            "together": None if one.relative_pct is None else t(*_YES[one.together]),
            "group": one.group or None,
            "grounds": one.grounds or None,
            "share": one.share,
            "moves": one.moves_tco2e,
        }
        for one in told.inputs
    ]
    columns = (
        ListColumn("place", "排放源、物料", "Stream and material"),
        ListColumn("name", "输入", "Input"),
        ListColumn("unit", "单位", "Unit"),
        ListColumn("rows", "行数", "Rows"),
        ListColumn("relative_pct", "95 % 区间半宽", "Half width of the 95 % interval", unit="%"),
        ListColumn("distribution", "分布", "Distribution"),
        ListColumn("together", "各行同误差", "Rows err together"),
        ListColumn("group", "与之同误差", "Errs together with"),
        ListColumn("grounds", "依据", "Grounds"),
        ListColumn("share", "方差贡献", "Share of the variance", places=4),
        ListColumn("moves", "变动 1 % 的影响", "Moves the total by, for 1 %", unit="tCO2e",
                   places=4),
    )  # fmt: skip
    return ListTable(
        t("不确定度", "Uncertainty"), columns, rows, notes=(uncertainty_words(told, t),)
    )


_YES = {True: ("是", "yes"), False: ("否", "no")}


def uncertainty_section(told: StatedUncertainty, t: Words) -> Iterator[Block]:
    """Yield the section of the document: the result in words and the inputs spoken of."""
    yield Paragraph(uncertainty_words(told, t) + t("。", "."))
    rows = tuple(
        (
            _place(one, t),
            t(one.name_zh, one.name_en),
            f"±{one.relative_pct:.10g} %",
            _distribution(one, t),
            one.grounds,
            grouped(None if one.share is None else 100 * one.share, 1),
        )
        for one in told.stated
    )
    head = (
        t("排放源、物料", "Stream, material"),
        t("输入", "Input"),
        t("95 % 区间半宽", "Half width, 95 %"),
        t("分布", "Distribution"),
        t("依据", "Grounds"),
        t("方差贡献 %", "Share of variance %"),
    )
    caption = t("已声明的不确定度", "Uncertainties stated")
    yield Table(caption, head, rows, text_columns=5, widths=(4, 3, 2, 2, 5, 2))
