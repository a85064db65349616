"""Scenarios of the pathway as a workbook of two sheets, or as a TOML file.

The sheets are ``情景`` (scenarios) and ``驱动因素`` (drivers); others, such as a page of notes, are
passed over. What the columns mean is told by :mod:`tanfeng.pathway.scenario_files`, which reads
the rows.
"""

from __future__ import annotations

from pathlib import PurePath

from tanfeng.pathway.drivers import CITY, DRIVERS
from tanfeng.pathway.scenario import Book
from tanfeng.pathway.scenario_files import HEADINGS, from_tables, from_toml
from tanfeng.sheets._guard import Limits
from tanfeng.sheets._source import Grid, open_source
from tanfeng.sheets._writer import ListColumn, ListTable, tables_workbook

SHEETS = {"scenarios": ("情景", "scenarios"), "drivers": ("驱动因素", "drivers")}
_WAYS = {"linear": ("线性", "linear"), "growth": ("匀速增长", "growth"), "step": ("保持", "step")}
_NOTES = (
    (
        "数值写法：1019；1019 ± 30（标准差）；1019 ± 5%；950..1080（均匀）；"
        "950..1019..1080（三角）；950 | 1080（任取其一）；*0.95（上级情景该年值的倍数）。",
        "Values: 1019; 1019 ± 30 (standard deviation); 1019 ± 5%; 950..1080 (uniform); "
        "950..1019..1080 (triangular); 950 | 1080 (one of these); *0.95 (times the parent's).",
    ),
    (
        "年份列可增减；两年之间按插值方式计算，最后一年之后只有“保持”才沿用。",
        "Add or leave out years; between two the way tells, after the last only step goes on.",
    ),
)


def read_scenarios(content: bytes, filename: str, *, limits: Limits | None = None) -> Book:
    """Read scenarios out of a workbook or a TOML file.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name; ``.toml`` is read as TOML, anything else as a workbook.
    limits : Limits, optional
        How large it may be.

    Returns
    -------
    tanfeng.pathway.scenario.Book

    Raises
    ------
    DataError
        With everything wrong at once.
    """
    if PurePath(filename).suffix.lower() == ".toml":
        return from_toml(content)
    source = open_source(content, filename, limits or Limits())
    grids = {grid.name.strip().casefold(): grid for grid in source.grids}
    scenarios, drivers = (
        next((grids[name] for name in names if name in grids), Grid(name=names[0]))
        for names in SHEETS.values()
    )
    names = (scenarios.name, drivers.name)
    return from_tables(scenarios.rows, drivers.rows, sheets=names)


def write_scenarios(book: Book, *, lang: str = "zh", demo: bool = False, stamp: str = "") -> bytes:
    """Write scenarios as the workbook they are read from.

    Parameters
    ----------
    book : Book
        An empty one gives the template.
    lang : {"zh", "en"}
        Language of headings.
    demo : bool
        Mark the file as demonstration data.
    stamp : str
        Who took it out and when.

    Returns
    -------
    bytes
        An .xlsx that :func:`read_scenarios` gives back equal.
    """
    english = lang == "en"
    heads = [
        [_shown(getattr(one, name)) for name in HEADINGS["scenarios"]]
        for one in book.scenarios.values()
    ]
    years = sorted({cell.year for cell in book.cells}) or list(range(2020, 2036, 5))
    rows: dict[tuple[str, ...], dict[int, str]] = {}
    for cell in book.cells:
        zh, en = DRIVERS[cell.driver].zh, DRIVERS[cell.driver].en
        sector = ("city" if english else "全市") if cell.sector == CITY else cell.sector
        way = _WAYS[cell.way][english]
        about = (cell.scenario, sector, en if english else zh, cell.unit, way, cell.group, cell.ref)
        rows.setdefault(about, {})[cell.year] = cell.text
    drivers = [[*about, *(row.get(year) for year in years)] for about, row in rows.items()]
    tables = [
        ListTable(
            SHEETS[kind][english],
            [*_columns(kind), *extra],
            cells,
            notes=[note[english] for note in _NOTES] if kind == "drivers" else (),
        )
        for kind, cells, extra in (
            ("scenarios", heads, ()),
            ("drivers", drivers, [ListColumn(str(year)) for year in years]),
        )
    ]
    return tables_workbook(tables, lang=lang, demo=demo, stamp=stamp)


def _columns(kind: str) -> list[ListColumn]:
    return [ListColumn(key, names[0], names[1]) for key, names in HEADINGS[kind].items()]


def _shown(value: str | int | tuple[str, ...] | None) -> str | int | None:
    return "、".join(value) if isinstance(value, tuple) else value
