"""Tables 2 to 4 of the energy-utilisation report as a workbook, with checks and remarks."""

from __future__ import annotations

from typing import Any

from tanfeng.sheets._book import Book
from tanfeng.sheets.energy_use import (
    Empty,
    EnergyUse,
    ReportColumn,
    ReportTable,
    balance_rows,
)
from tanfeng.sheets.energy_use_checks import Checked, checks
from tanfeng.sheets.forms import UNIT_NAMES

_EMPTY = {
    Empty.NO_DATA: ("无数据", "no data", "warning"),
    Empty.NOT_APPLICABLE: ("—", "—", "note"),
    Empty.BY_HAND: ("待填写", "to be filled in", "example"),
}
_SHEETS = {
    "eur_t02": ("表2 能源消费结构", "Table 2"),
    "eur_t02a": ("表2-1 结构附表", "Table 2-1"),
    "eur_t03": ("表3 实物平衡明细", "Table 3 rows"),
    "eur_t04": ("表4 单位产品能耗", "Table 4"),
}
GROUPS_EN = {
    "购进量": "Purchase",
    "消费量": "Consumption",
    "加工转换投入": "Input of transformation",
    "本年": "This year",
    "上年": "Last year",
}
_STATUS = {
    "passed": ("通过", "passed", "plain"),
    "finding": ("有问题", "finding", "warning"),
    "not_run": ("未能检查", "not run", "note"),
}
_SEVERITY = {
    "error": ("错误", "error"),
    "warning": ("提醒", "warning"),
    "info": ("提示", "note"),
    "": ("", ""),
}
#: Number of the paper size in a workbook.
_A4 = 9
_COEFFICIENTS = {"coef_used_tce", "coef_reference_tce"}


def energy_use_workbook(
    report: EnergyUse, *, lang: str = "zh", demo: bool = False, as_of: str = "", stamp: str = ""
) -> bytes:
    """Return tables 2, 2-1, 3 and 4 with the checks that were run and what a reader must know.

    Parameters
    ----------
    report : EnergyUse
        The filled tables.
    lang : {"zh", "en"}
        Language.
    demo : bool
        Mark the file as demonstration data.
    as_of : str
        Date the data was known.
    stamp : str
        Who took the report out and when.

    Returns
    -------
    bytes
        An .xlsx. A cell nothing can fill says so; it is never zero.
    """
    return _Writer(report, lang, demo, as_of, stamp).content()


class _Writer:
    def __init__(self, report: EnergyUse, lang: str, demo: bool, as_of: str, stamp: str) -> None:
        self.report, self.book = report, Book(lang)
        self.english = self.book.lang == "en"
        self.demo, self.as_of, self.stamp = demo, as_of, stamp

    def content(self) -> bytes:
        """Write every sheet."""
        tables = self.report.tables
        self._table(tables["eur_t02"])
        self._table(tables["eur_t02a"])
        self._matrix(tables["eur_t03"])
        self._table(tables["eur_t03"])
        self._table(tables["eur_t04"])
        self._checks(checks(self.report))
        self._remarks()
        return self.book.finish()

    def _t(self, zh: str, en: str) -> str:
        return en if self.english else zh

    def _said(self, value: Any) -> Any:
        """Return a cell in the language of the file."""
        return value[self.english] if isinstance(value, tuple) else value

    def _notes(self) -> list[str]:
        report = self.report
        return [
            self._t(
                f"单位名称：{report.org_name}    统一社会信用代码：{report.org_code}    "
                f"报告年度：{report.year}",
                f"Enterprise: {report.org_name}    Credit code: {report.org_code}    "
                f"Year: {report.year}",
            ),
            self._t(f"数据来源：{report.source_zh}", f"Filled from: {report.source_en}"),
            self._t(
                "“无数据”不等于零，须由单位补填；报送前请与主管部门当年正式表样核对（表样栏目待核实）。",
                "'no data' is not zero and has to be filled in by the enterprise; compare with the "
                "official form of the year before handing in (columns unverified).",
            ),
        ]

    def _sheet(self, name: str, title: str) -> tuple[Any, int]:
        sheet = self.book.sheet(name)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        row = self.book.heading(
            sheet,
            title,
            demo=self.demo,
            as_of=self.as_of,
            notes=self._notes(),
            stamp=self.stamp,
        )
        return sheet, row + 1

    def _put(self, sheet: Any, row: int, column: int, value: Any, *style: str) -> None:
        if isinstance(value, Empty):
            zh, en, look = _EMPTY[value]
            self.book.text(sheet, row, column, self._t(zh, en), look)
        else:
            self.book.put(sheet, row, column, self._said(value), *style)

    def _heading(self, column: ReportColumn) -> str:
        if not self.english:
            return column.heading_zh
        unit = "" if "unit" in column.unit or not column.unit else f" ({column.unit})"
        return f"{column.heading_en}{unit}"

    def _header(self, sheet: Any, row: int, columns: tuple[ReportColumn, ...]) -> int:
        """Write groups, headings and printed numbers; return the next row."""
        start = 0
        for i, column in enumerate(columns):
            group = column.group_zh
            if group:
                start = start if i and columns[i - 1].group_zh == group else i
                if i + 1 == len(columns) or columns[i + 1].group_zh != group:
                    self._group(sheet, row, start, i, group)
                self.book.put(sheet, row + 1, i, self._heading(column), "head")
            else:
                text = self._heading(column)
                sheet.merge_range(row, i, row + 1, i, text, self.book.style("head"))
            self.book.put(sheet, row + 2, i, column.number, "head")
            wide = column.key in {"energy_name", "indicator_name", "balance_row"}
            sheet.set_column(i, i, 24 if wide else 13)
        sheet.set_row(row + 1, 44)
        sheet.freeze_panes(row + 3, 1)
        return row + 3

    def _group(self, sheet: Any, row: int, first: int, last: int, group: str) -> None:
        text = GROUPS_EN.get(group, group) if self.english else group
        if first == last:
            self.book.put(sheet, row, first, text, "head")
        else:
            sheet.merge_range(row, first, row, last, text, self.book.style("head"))

    def _table(self, table: ReportTable) -> None:
        sheet, row = self._sheet(
            self._t(*_SHEETS[table.key]), self._t(table.title_zh, table.title_en)
        )
        row = self._header(sheet, row, table.columns)
        for filled in table.rows:
            for i, column in enumerate(table.columns):
                style = "coefficient" if column.key in _COEFFICIENTS else "decimal"
                self._put(sheet, row, i, filled[column.key], style)
            row += 1
        if not table.rows:
            self._put(sheet, row, 0, Empty.NO_DATA)
            row += 1
        row += 1
        for label, unit, cell in table.foot:
            self.book.put(sheet, row, 0, self._said(label), "plain")
            self.book.put(sheet, row, 1, self._said(UNIT_NAMES.get(unit, (unit, unit))), "plain")
            self._put(sheet, row, 2, cell, "decimal")
            row += 1

    def _matrix(self, table: ReportTable) -> None:
        """Write table 3 as it is printed: a row per line of the balance, a column per item."""
        sheet, row = self._sheet(
            self._t("表3 实物平衡", "Table 3"), self._t(table.title_zh, table.title_en)
        )
        printed = balance_rows()
        cells: dict[tuple[Any, Any], Any] = {}
        units: dict[Any, Any] = {}
        for one in table.rows:
            cells[one["energy_name"], one["balance_row"]] = one["quantity"]
            units[one["energy_name"]] = one["unit_zh"]
        sheet.merge_range(
            row, 0, row + 1, 0, self._t("项目", "Balance row"), self.book.style("head")
        )
        sheet.set_column(0, 0, 24)
        for i, (name, unit) in enumerate(units.items(), 1):
            self.book.put(sheet, row, i, self._said(name), "head")
            self.book.put(sheet, row + 1, i, self._said(unit), "head")
            sheet.set_column(i, i, 15)
        sheet.freeze_panes(row + 2, 1)
        for at, one in enumerate(printed, row + 2):
            label = (one["row_label_zh"], one["row_label_en"])
            self.book.put(sheet, at, 0, self._said(label), "plain")
            for i, name in enumerate(units, 1):
                self._put(sheet, at, i, cells[name, label], "decimal")

    def _checks(self, found: list[Checked]) -> None:
        sheet, row = self._sheet(self._t("检查", "Checks"), self._t("表间和表内检查", "Checks"))
        headings = (
            ("检查编号", "Check"), ("表", "Table"), ("结果", "Result"), ("级别", "Severity"),
            ("对象", "Row"), ("说明", "Text"), ("依据", "Basis"),
        )  # fmt: skip
        for i, heading in enumerate(headings):
            self.book.put(sheet, row, i, self._said(heading), "head")
        order = {"finding": 0, "not_run": 1, "passed": 2}
        for at, one in enumerate(sorted(found, key=lambda one: order[one.status]), row + 1):
            zh, en, look = _STATUS[one.status]
            cells = (
                one.check, self._t(*_SHEETS[one.table]), self._t(zh, en),
                self._said(_SEVERITY[one.severity]), self._said(one.row),
                self._t(one.text_zh, one.text_en),
                self._t("待核实", "unverified") if one.unverified else "",
            )  # fmt: skip
            for i, cell in enumerate(cells):
                self.book.put(sheet, at, i, cell, look if i == 2 else "plain")
        for i, width in enumerate((30, 18, 10, 8, 24, 70, 10)):
            sheet.set_column(i, i, width)

    def _remarks(self) -> None:
        sheet, row = self._sheet(
            self._t("缺数与说明", "Missing and remarks"),
            self._t("缺数与说明", "What is missing, and what a number rests on"),
        )
        for i, heading in enumerate((("表", "Table"), ("行", "Row"), ("说明", "Text"))):
            self.book.put(sheet, row, i, self._said(heading), "head")
        for at, one in enumerate(self.report.remarks, row + 1):
            text = self._t(one.text_zh, one.text_en)
            name = self._t(*_SHEETS[one.table])
            for i, cell in enumerate((name, self._said(one.row), text)):
                self.book.put(sheet, at, i, cell, "plain")
        for i, width in enumerate((18, 26, 80)):
            sheet.set_column(i, i, width)
