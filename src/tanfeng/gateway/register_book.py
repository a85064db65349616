"""The register as a workbook: points, meters, nodes and tree, a sheet each, Chinese or English.

A sheet is told by its headings, not by its name; an export of another program goes in as well as
our own template. What cannot be read is said with sheet, row and column; what the register makes of
it is the register's business (:mod:`tanfeng.metering.register`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from tanfeng.errors import Problem
from tanfeng.gateway import _times
from tanfeng.gateway._reading_rules import problem, refusal
from tanfeng.metering.frames import WATER, meter_units
from tanfeng.periods import LOCAL
from tanfeng.sheets import Grid, Limits, ListColumn, ListTable, letter, open_source, tables_workbook
from tanfeng.standards import load

TABLES = ("points", "devices", "nodes", "edges")
_TITLES = {
    "points": ("计量点", "Points"),
    "devices": ("表计", "Meters"),
    "nodes": ("节点", "Nodes"),
    "edges": ("上下级", "Tree"),
}
#: Rows above the headings that are looked at.
_HEAD_ROWS = 10
#: A row whose first cell holds this is the example of the template.
_EXAMPLE = "示例"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of one of the sheets.

    Parameters
    ----------
    name : str
        Column of the register's table.
    kind : {"text", "number", "whole", "time", "kind", "item", "unit", "sign", "node_kind"}
        How its cells are read.
    zh, en : str
        Heading.
    also : str
        Further headings met, between spaces.
    example : object
        What stands in the template.
    """

    name: str
    kind: str
    zh: str
    en: str
    also: str = ""
    example: object = None


_POINT = Field("point", "text", "计量点", "point", "计量点编号 点位 点位编号 编号", "P001（示例）")
_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "points": (
        _POINT,
        Field("name", "text", "名称", "name", "计量点名称 点位名称", "1号进线"),
        Field("kind", "kind", "类型", "kind", "计量类型", "累计底数"),
        Field("item_key", "item", "能源品种", "item", "能源 品种 itemkey", "电力"),
        Field("unit", "unit", "单位", "unit", "计量单位", "kWh"),
        Field("multiplier", "number", "倍率", "multiplier", "综合倍率", 4000),
        Field("digits", "whole", "示值整数位数", "digits", "整数位数 位数", 6),
        Field("rated_power", "number", "最大功率", "rated power", "额定功率 ratedpower", 5000),
        Field("interval_s", "whole", "采集间隔秒", "interval s", "采集间隔 intervals", 900),
        Field("sign", "sign", "方向", "sign", "流向", "流入"),
        Field("level", "whole", "计量级别", "level", "级别", 1),
        Field("node", "text", "所属节点", "node", "节点", "（示例企业）"),
        Field("expression", "text", "公式", "expression", "计算公式"),
        Field("retired", "time", "停用时间", "retired", "退役时间"),
    ),
    "devices": (
        _POINT,
        Field("device", "text", "出厂编号", "device", "表号 表计编号 serial 序列号", "20260001"),
        Field("installed", "time", "安装时间", "installed", "装表时间", "2026-01-01 08:00"),
        Field("removed", "time", "拆除时间", "removed", "拆表时间"),
        Field("opening", "number", "装表底数", "opening", "安装底数", 0),
        Field("closing", "number", "拆表底数", "closing", "拆除底数"),
        Field("multiplier", "number", "倍率", "multiplier", "综合倍率", 4000),
        Field("digits", "whole", "示值整数位数", "digits", "整数位数 位数", 6),
    ),
    "nodes": (
        Field("node", "text", "节点", "node", "节点编号", "（示例企业）"),
        Field("name", "text", "名称", "name", "节点名称", "示例企业"),
        Field("kind", "node_kind", "节点类型", "node kind", "nodekind kind 类型", "企业"),
        Field("credit_code", "text", "统一社会信用代码", "credit code", "信用代码 creditcode"),
        Field("place_code", "text", "区划代码", "place code", "行政区划代码 placecode"),
    ),
    "edges": (
        Field("parent", "text", "上级", "parent", "上级节点", "（示例县）"),
        Field("child", "text", "下级", "child", "下级节点", "（示例企业）"),
    ),
}  # fmt: skip
#: Headings without which a sheet is not that table; the first that fits is taken.
_TOLD_BY = {
    "devices": ("point", "installed"),
    "edges": ("parent", "child"),
    "points": ("point",),
    "nodes": ("node",),
}
_KINDS = {
    "register": "累计底数 累计 底数 累计量 累积量 register",
    "amount": "时段量 区间量 间隔量 amount",
    "power": "功率 瞬时 瞬时量 流量 power",
}
_SIGNS = {1: "流入 正向 输入 in 1 +1", -1: "流出 反向 输出 out -1"}
_NODE_KINDS = {
    "equipment": "设备 用能设备 equipment",
    "unit": "工序 车间 次级用能单位 unit",
    "enterprise": "企业 用能单位 enterprise",
    "park": "园区 park",
    "county": "县 区 县区 县（市、区） county",
    "city": "市 全市 city",
}
_DROPPED = re.compile(r"[\s_\-·*]|[(（\[【][^)）\]】]{0,40}[)）\]】]")


@dataclass(slots=True)
class Book:
    """What a file says of the register.

    Parameters
    ----------
    tables : dict
        Table -> frame with the columns the file has, and ``source_row``.
    problems : list of Problem
        Cells that could not be read.
    places : dict
        Table -> field -> sheet, column letter and heading.
    """

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, dict[str, tuple[str, str, str]]] = field(default_factory=dict)

    def placed(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Give the register's findings the sheet, letter and heading of the file."""
        tables = {zh: name for name, (zh, _en) in _TITLES.items()}
        made = []
        for one in problems:
            sheet, column, heading = self.places.get(tables.get(one.sheet, ""), {}).get(
                one.heading, (one.sheet, "", one.heading)
            )
            placed = replace(one, sheet=sheet, column=column, heading=heading)
            made.append(one if one.column else placed)
        return tuple(made)


def template(lang: str = "zh") -> bytes:
    """Return the empty workbook, with an example in each sheet that the reader leaves out.

    Parameters
    ----------
    lang : {"zh", "en"}
        Language of the headings.

    Returns
    -------
    bytes
        An .xlsx.
    """
    examples = {name: [tuple(f.example for f in fields)] for name, fields in _FIELDS.items()}
    return _workbook(examples, lang)


def workbook(tables: Mapping[str, pl.DataFrame], *, lang: str = "zh") -> bytes:
    """Write what stands in the register in the shape it is read in.

    Parameters
    ----------
    tables : mapping of str to polars.DataFrame
        ``points``, ``devices``, ``nodes``, ``edges``.
    lang : {"zh", "en"}
        Language of headings and words.

    Returns
    -------
    bytes
        An .xlsx.
    """
    rows = {name: list(_worded(name, frame, lang)) for name, frame in tables.items()}
    return _workbook(rows, lang)


def worded(name: str, frame: pl.DataFrame, lang: str = "zh") -> pl.DataFrame:
    """Return a table as people read it: their headings, words for kinds and items, local times."""
    fields = _FIELDS[name]
    headings = [f.en if lang == "en" else f.zh for f in fields]
    rows = list(_worded(name, frame, lang))
    columns = [
        pl.Series(heading, [row[at] for row in rows], strict=False)
        for at, heading in enumerate(headings)
    ]
    return pl.DataFrame(columns)


def read(content: bytes, filename: str) -> Book:
    """Read a workbook (.xlsx, .xls) or a text file (.csv) of the register.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name, for messages.

    Returns
    -------
    Book

    Raises
    ------
    DataError
        If the file is refused, or none of its sheets is of the register.
    """
    book = Book()
    seen: list[str] = []
    for grid in open_source(content, filename, Limits()).grids:
        found = _headings(grid)
        if found is None:
            seen += [str(cell) for cell in (grid.rows[0] if grid.rows else []) if cell != ""]
            continue
        name, columns, at = found
        if name in book.tables:
            raise refusal("G005", value=grid.name or name)
        _read_sheet(book, grid, name, columns, at)
    if not book.tables:
        raise refusal("G015", value="、".join(seen[:12]))
    return book


# ------------------------------------------------------------------------------ writing


def _workbook(rows: Mapping[str, Sequence[tuple[object, ...]]], lang: str) -> bytes:
    english = lang == "en"
    made = []
    for name in TABLES:
        if name not in rows:
            continue
        columns = [ListColumn(f.name, f.zh, f.en) for f in _FIELDS[name]]
        made.append(ListTable(_TITLES[name][english], columns, rows[name]))
    return tables_workbook(made, lang=lang)


def _worded(name: str, frame: pl.DataFrame, lang: str) -> Iterator[tuple[object, ...]]:
    english = lang == "en"
    items = {row["item_key"]: row["name_zh"] for row in load("energy_items").iter_rows(named=True)}
    items[WATER] = "水"
    words: dict[str, Callable[[Any], object]] = {
        "item": lambda key: key if english else items.get(key, key),
        "kind": lambda key: key if english else _KINDS[key].split()[0],
        "node_kind": lambda key: key if english else _NODE_KINDS[key].split()[0],
        "sign": lambda sign: sign if english else _SIGNS[sign].split()[0],
        "time": lambda at: f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}",
    }
    fields = _FIELDS[name]
    for row in frame.select(f.name for f in fields).iter_rows():
        yield tuple(
            words[f.kind](cell) if cell is not None and f.kind in words else cell
            for f, cell in zip(fields, row, strict=True)
        )


# ------------------------------------------------------------------------------ reading


def _fold(heading: object) -> str:
    return _DROPPED.sub("", str(heading)).lower()


def _known(name: str) -> dict[str, Field]:
    return {
        _fold(word): f
        for f in reversed(_FIELDS[name])
        for word in (f.zh, f.en, f.name, *f.also.split())
    }


def _headings(grid: Grid) -> tuple[str, dict[int, Field], int] | None:
    """Find which table a sheet is, its columns, and the row of its headings."""
    for at, row in enumerate(grid.rows[:_HEAD_ROWS]):
        for name, told_by in _TOLD_BY.items():
            known = _known(name)
            columns: dict[int, Field] = {}
            for column, cell in enumerate(row):
                found = known.get(_fold(cell)) if cell != "" else None
                if found is not None and found not in columns.values():
                    columns[column] = found
            names = {f.name for f in columns.values()}
            if set(told_by) <= names and len(names) >= 2:
                return name, columns, at
    return None


def _read_sheet(book: Book, grid: Grid, name: str, columns: dict[int, Field], at: int) -> None:
    rows = [
        (number, row)
        for number, row in enumerate(grid.rows[at + 1 :], at + 2)
        if any(str(row[c]).strip() for c in columns) and not _is_example(row, columns)
    ]
    made: dict[str, pl.Series] = {}
    book.places[name] = {}
    for column, f in columns.items():
        place = (grid.name, letter(column), str(grid.rows[at][column]).strip())
        book.places[name][f.name] = place
        if f.kind == "time":
            made[f.name] = _times_of(book, [(n, row[column]) for n, row in rows], place)
            continue
        cells = [_read_cell(book, f, row[column], number, place) for number, row in rows]
        made[f.name] = pl.Series(f.name, cells, dtype=_TYPES.get(f.kind, pl.String()))
    numbers = pl.Series([number for number, _row in rows], dtype=pl.Int64)
    book.tables[name] = pl.DataFrame({**made, "source_row": numbers})


def _is_example(row: Sequence[object], columns: dict[int, Field]) -> bool:
    return _EXAMPLE in str(row[min(columns)])


_TYPES: Mapping[str, pl.DataType] = {
    "number": pl.Float64(),
    "whole": pl.Int64(),
    "sign": pl.Int64(),
}


def _read_cell(book: Book, f: Field, cell: object, row: int, place: tuple[str, str, str]) -> object:
    if cell is None or str(cell).strip() == "":
        return None
    try:
        return _READ.get(f.kind, _text)(cell)
    except ValueError as error:
        sheet, column, heading = place
        told = problem(str(error), row=row, letter=column, heading=heading, value=str(cell).strip())
        book.problems.append(replace(told, sheet=sheet))
        return None


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number(cell: object) -> float:
    if isinstance(cell, bool | date):
        raise ValueError("G016")
    try:
        return float(str(cell).strip().replace(",", ""))
    except ValueError:
        raise ValueError("G016") from None


def _whole(cell: object) -> int:
    number = _number(cell)
    if not number.is_integer():
        raise ValueError("G017")
    return int(number)


def _times_of(
    book: Book, cells: Sequence[tuple[int, object]], place: tuple[str, str, str]
) -> pl.Series:
    """Read a column of times; a date cell of the workbook is local."""
    texts = [str(cell).strip() for _row, cell in cells]
    times, rules = _times.parse(pl.Series(texts, dtype=pl.String), "+08:00")
    for (row, cell), rule in zip(cells, rules if rules is not None else (), strict=False):
        if rule not in (None, "G020"):  # an empty cell is for the register to judge
            sheet, column, heading = place
            told = problem(rule, row=row, letter=column, heading=heading, value=str(cell).strip())
            book.problems.append(replace(told, sheet=sheet))
    return times


def _worded_as(words: Mapping[Any, str], cell: object) -> object:
    text = _text(cell)
    folded = text.lower()
    return next((key for key, said in words.items() if folded in said.split()), text)


def _sign(cell: object) -> int:
    found = _worded_as(_SIGNS, cell)
    return found if isinstance(found, int) else _whole(cell)


def _item(cell: object) -> str:
    text = _text(cell)
    return _items().get(text.lower(), text)


@lru_cache(maxsize=1)
def _items() -> dict[str, str]:
    """Names of energy items, small letters, by which people call them."""
    found = dict.fromkeys(("water", "水", "自来水", "新水", "新鲜水"), WATER)
    for row in load("energy_items").iter_rows(named=True):
        names = (row["item_key"], row["name_zh"], row["name_en"], *row["synonyms_zh"].split(";"))
        for name in names:
            found.setdefault(name.strip().lower(), row["item_key"])
    found.pop("", None)
    return found


def _unit(cell: object) -> str:
    text = _text(cell)
    folded = text.lower().replace("³", "3").replace(" ", "")
    for unit in meter_units().values():
        if folded in (unit.unit.lower().replace(" ", ""), unit.name_zh, unit.name_en):
            # MW and mW are not one unit; no meter shows the small one.
            return unit.unit
    return text


_READ: Mapping[str, Callable[[object], object]] = {
    "number": _number,
    "whole": _whole,
    "kind": lambda cell: _worded_as(_KINDS, cell),
    "node_kind": lambda cell: _worded_as(_NODE_KINDS, cell),
    "sign": _sign,
    "item": _item,
    "unit": _unit,
}
