"""``tanfeng account diff A B``: why two accounts differ, by cause and without a rest."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._home import open_home
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._output import number, open_console

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.accounting import Account
    from tanfeng.accounting.methods import MethodAccount
    from tanfeng.cli._saved import Saved


class By(StrEnum):
    """What a difference may be kept apart by."""

    ENTERPRISE = "enterprise"
    YEAR = "year"
    MONTH = "month"
    STREAM = "stream"
    PART = "part"
    ITEM = "item"


#: What a word of ``--by`` is called in the lines of a sector method, and of monthly energy.
_COLUMNS = {
    By.ENTERPRISE: ("org_code", "org_code"),
    By.YEAR: ("year", "year"),
    By.MONTH: ("month", "month"),
    By.STREAM: ("stream", ""),
    By.PART: ("unit", ""),
    By.ITEM: ("item", "item_key"),
}
_WORDS = {
    "title": ("核算差异 {0} → {1}", "Difference of accounts {0} → {1}"),
    "org_code": ("企业", "enterprise"),
    "org_name": ("企业名称", "enterprise name"),
    "year": ("年", "year"),
    "month": ("月", "month"),
    "stream": ("排放源", "stream"),
    "unit": ("核算单元", "part"),
    "item": ("物料", "material"),
    "item_key": ("能源品种", "energy item"),
    "quantity": ("指标", "quantity"),
    "value_a": ("前 {0}", "before {0}"),
    "value_b": ("后 {1}", "after {1}"),
    "activity": ("活动数据", "activity"),
    "parameter": ("参数", "parameter"),
    "factor": ("因子", "factor"),
    "method": ("方法", "method"),
    "boundary": ("边界", "boundary"),
    "gap": ("缺口", "gap"),
    "difference": ("差异", "difference"),
    "total": ("合计", "Total"),
    "detail": ("明细", "Detail"),
    "wrote": ("已写入 {0}", "wrote {0}"),
    "dated": (
        "两份结果年份不同，按同月配对（{0} 年的行按 {1} 年计）。",
        "The results are of different years; they are paired month by month ({0} as if {1}).",
    ),
    "years": (
        "只比较两份结果都有的年份：{0}。",
        "Compared over the years both hold: {0}.",
    ),
    "causes": (
        "各原因之和等于差异，没有余项。活动数据：数量；参数：填报或实测的性质；因子：缺省值；"
        "方法：公式或文本；边界：只在一份结果中的行；缺口：其中一份无法计算的行。",
        "The causes add up to the difference without a rest. Activity: amounts; parameter: stated "
        "or measured properties; factor: defaults; method: formula or text; boundary: rows of one "
        "result only; gap: rows one of them could not compute.",
    ),
    "sorts": (
        "{0} 与 {1} 不是同一种核算（一份按行业方法，一份是月度能源），不能比较",
        "{0} and {1} are accounts of different sorts, one by a sector method, one of monthly "
        "energy; they cannot be compared",
    ),
    "by": (
        "月度能源核算没有 {0}；可用：{1}",
        "an account of monthly energy has no {0}; it has {1}",
    ),
    "no_year": ("{0} 与 {1} 没有共同的年份", "{0} and {1} share no year"),
    "suffix": ("--out 须以 .xlsx 结尾", "--out must end in .xlsx"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two results side by side.

    Parameters
    ----------
    a, b : Saved
        The earlier and the later result.
    by : tuple of str
        Columns the rows are kept apart by.
    causes : tuple of str
        The causes, in order.
    rows, totals : list of dict
        The columns of ``by``, value_a, value_b, the causes and difference. [tCO2e, or the unit in
        the name of the quantity]
    notes : tuple of tuple
        What a reader must know, in Chinese and English.
    """

    a: Saved
    b: Saved
    by: tuple[str, ...]
    causes: tuple[str, ...]
    rows: list[dict[str, Any]]
    totals: list[dict[str, Any]]
    notes: tuple[tuple[str, str], ...]


_First = Annotated[
    str,
    typer.Argument(
        metavar="A", help="Earlier result: a saved .json; with --home 12 or M7, a frozen run."
    ),
]
_Second = Annotated[str, typer.Argument(metavar="B", help="Later result, named as the earlier.")]
_Home = Annotated[
    Path | None, typer.Option(help="Home folder of the console, whose frozen runs are compared.")
]
_Apart = Annotated[
    list[By] | None,
    typer.Option("--by", help="Keep apart by this; may be given several times."),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
_Out = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write the difference as a workbook: .xlsx.")
]


def diff(
    first: _First,
    second: _Second,
    home: _Home = None,
    by: _Apart = None,
    as_json: _AsJson = False,
    out: _Out = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Explain the difference of two results by cause: activity, factor, method, boundary."""
    from tanfeng.errors import ModelError, StandardError

    if out is not None and out.suffix.lower() != ".xlsx":
        typer.echo(pick(*_WORDS["suffix"]), err=True)
        sys.exit(2)
    try:
        a, b = _named(first, second, home)
        found = difference(a, b, by or [])
    except (ModelError, StandardError) as error:
        typer.echo(error.message(lang.value), err=True)
        sys.exit(2)
    if out is not None:
        out.write_bytes(_workbook(found, lang, _stamp(found) if home else ""))
    if as_json:
        typer.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found, lang)
        if out is not None:
            typer.echo(pick(*_WORDS["wrote"]).format(out))


def _named(first: str, second: str, home: Path | None) -> tuple[Saved, Saved]:
    from tanfeng.cli import _saved

    if home is None:
        return _saved.from_file(Path(first)), _saved.from_file(Path(second))
    open_home(home)
    return _saved.from_home(first), _saved.from_home(second)


def _stamp(found: Difference) -> str:
    """Write the export of frozen runs into the log and return the line the file carries."""
    from tanfeng.console.core import audit, lists, services

    event = audit.record(
        "export.difference",
        user=services.system_user(),
        a=found.a.label,
        b=found.b.label,
        rows=len(found.rows),
    )
    return lists.stamp(event)


# ------------------------------------------------------------------------------ comparing


def difference(a: Saved, b: Saved, by: Sequence[By]) -> Difference:
    """Compare two results of one sort.

    Parameters
    ----------
    a, b : Saved
        The earlier and the later result.
    by : sequence of By
        What to keep apart; by default enterprise, and stream for a sector method.

    Returns
    -------
    Difference

    Raises
    ------
    ModelError
        If the results are of different sorts, share no year, or have no such column.
    """
    if bool(a.methods) != bool(b.methods):
        raise _error("sorts", a.label, b.label)
    place = 0 if a.methods else 1
    default = (By.ENTERPRISE, By.STREAM) if a.methods else (By.ENTERPRISE,)
    asked = list(dict.fromkeys(by)) or list(default)
    columns = [_COLUMNS[one][place] for one in asked]
    if "" in columns:
        had = ", ".join(one for one, names in _COLUMNS.items() if names[1])
        raise _error("by", asked[columns.index("")], had)
    notes = []
    if len(a.years) == len(b.years) == 1 and a.years != b.years:
        notes.append(_said("dated", a.years[0], b.years[0]))
        a = _dated(a, b.years[0])
    elif a.years != b.years:
        common = sorted(set(a.years) & set(b.years))
        if not common:
            raise _error("no_year", a.label, b.label)
        notes.append(_said("years", ", ".join(map(str, common))))
        a, b = _within(a, common), _within(b, common)
    notes.append(_WORDS["causes"])
    compare = _by_method if a.methods else _by_quantity
    causes, rows, totals = compare(a, b, columns)
    kept = tuple(columns) if a.methods else ("quantity", *columns)
    return Difference(a, b, kept, causes, rows, totals, tuple(notes))


def _by_method(
    a: Saved, b: Saved, by: Sequence[str]
) -> tuple[tuple[str, ...], list[dict[str, Any]], list[dict[str, Any]]]:
    from tanfeng.accounting import methods

    known = [methods.METHODS[key] for key in {*a.methods, *b.methods} if key in methods.METHODS]
    table = methods.diff(_counted(a), _counted(b), known, by=by).rename(
        {
            "emission_a_tco2e": "value_a",
            "emission_b_tco2e": "value_b",
            "difference_tco2e": "difference",
        }
    )
    figures = ("value_a", "value_b", *methods.CAUSES, "difference")
    totals = table.select(figures).sum()
    return methods.CAUSES, table.to_dicts(), totals.to_dicts()


def _by_quantity(
    a: Saved, b: Saved, by: Sequence[str]
) -> tuple[tuple[str, ...], list[dict[str, Any]], list[dict[str, Any]]]:
    from tanfeng import accounting

    one, other = _energy(a), _energy(b)
    rows = accounting.diff(one, other, by=("quantity", *by))
    totals = accounting.diff(one, other)
    figures = ("quantity", "value_a", "value_b", "difference")
    causes = tuple(name for name in totals.columns if name not in figures)
    return causes, rows.to_dicts(), totals.to_dicts()


def _counted(saved: Saved) -> MethodAccount:
    """Return the account of the streams the method counts in its total."""
    import polars as pl

    account = _method(saved)
    inside = pl.col("stream").cast(pl.String).is_in(list(saved.streams or ()))
    streams = account.streams.filter(inside)
    own = pl.col("activity_id").is_in(streams["activity_id"].implode())
    return replace(account, streams=streams, lines=account.lines.filter(own))


def _method(saved: Saved) -> MethodAccount:
    from tanfeng.accounting.methods import MethodAccount

    assert isinstance(saved.account, MethodAccount)  # noqa: S101 - the sorts were compared
    return saved.account


def _energy(saved: Saved) -> Account:
    from tanfeng.accounting import Account

    assert isinstance(saved.account, Account)  # noqa: S101 - the sorts were compared
    return saved.account


def _dated(saved: Saved, year: int) -> Saved:
    """Return a result as if it were of another year."""
    import polars as pl

    return _with(saved, lambda rows: rows.with_columns(pl.lit(year, pl.Int32).alias("year")))


def _within(saved: Saved, years: Sequence[int]) -> Saved:
    """Return the part of a result that is of some years."""
    import polars as pl

    return _with(saved, lambda rows: rows.filter(pl.col("year").is_in(list(years))))


def _with(saved: Saved, change: Any) -> Saved:
    account = saved.account
    parts: dict[str, pl.DataFrame] = {"lines": change(account.lines)}
    if saved.methods:
        parts["streams"] = change(_method(saved).streams)
    return replace(saved, account=replace(account, **parts))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ telling


def _error(key: str, *values: object) -> Any:
    from tanfeng.errors import ModelError

    zh, en = _said(key, *values)
    return ModelError(en, zh)


def _said(key: str, *values: object) -> tuple[str, str]:
    zh, en = _WORDS[key]
    return zh.format(*values), en.format(*values)


def _figures(found: Difference) -> tuple[str, ...]:
    return ("value_a", *found.causes, "value_b", "difference")


def _as_json(found: Difference) -> dict[str, Any]:
    return {
        **{
            side: {"label": one.label, "years": one.years, "methods": one.methods}
            for side, one in (("a", found.a), ("b", found.b))
        },
        "unit": "tCO2e" if found.a.methods else "",
        "by": found.by,
        "causes": found.causes,
        "totals": found.totals,
        "rows": found.rows,
        "notes_zh": [zh for zh, _en in found.notes],
        "notes_en": [en for _zh, en in found.notes],
    }


def _shown(found: Difference, row: Mapping[str, Any], column: str, lang: str) -> str:
    """Return a key of a row as a person reads it: names beside codes."""
    from tanfeng import accounting

    value = row.get(column)
    if value is None:
        return ""
    if column == "stream":
        names = {**(found.a.streams or {}), **(found.b.streams or {})}
        return str(names.get(value, (value, value))[lang == "en"])
    if column == "org_code":
        return f"{found.b.orgs.get(value) or found.a.orgs.get(value) or ''} {value}".strip()
    if column == "quantity":
        named = accounting.QUANTITIES[value]
        return named.name_en if lang == "en" else named.name_zh
    return str(value)


def _print(found: Difference, lang: str) -> None:
    from rich.table import Table

    console = open_console()
    labels = (found.a.label, found.b.label)
    table = Table(title=pick(*_WORDS["title"]).format(*labels))
    for column in found.by:
        table.add_column(pick(*_WORDS[column]))
    for column in _figures(found):
        table.add_column(pick(*_WORDS[column]).format(*labels), justify="right")
    for row in found.rows:
        cells = [_shown(found, row, column, lang) for column in found.by]
        table.add_row(*cells, *(number(row[column]) for column in _figures(found)))
    table.add_section()
    for row in found.totals:
        first, *rest = found.by
        head = pick(*_WORDS["total"])
        if first == "quantity":
            head = f"{head} · {_shown(found, row, first, lang)}"
        blank = [""] * len(rest)
        table.add_row(head, *blank, *(number(row[column]) for column in _figures(found)))
    console.print(table)
    for note in found.notes:
        console.print(note[lang == "en"])


def _workbook(found: Difference, lang: str, stamp: str) -> bytes:
    from tanfeng.sheets import ListColumn, ListTable, tables_workbook

    labels = (found.a.label, found.b.label)
    notes = [note[lang == "en"] for note in found.notes]
    unit = "tCO2e" if found.a.methods else ""
    values = [
        ListColumn(name, *_said(name, *labels), unit=unit, places=4) for name in _figures(found)
    ]
    keys = [ListColumn(name, *_WORDS[name]) for name in found.by]

    def told(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**row, **{name: _shown(found, row, name, lang) for name in found.by}} for row in rows
        ]

    title = pick(*_WORDS["title"]).format(*labels)
    kinds = [one for one in keys if one.key == "quantity"]
    tables = [
        ListTable(title, [*kinds, *values], told(found.totals), notes, pick(*_WORDS["total"])),
        ListTable(title, [*keys, *values], told(found.rows), notes, pick(*_WORDS["detail"])),
    ]
    return tables_workbook(tables, lang=lang, stamp=stamp)
