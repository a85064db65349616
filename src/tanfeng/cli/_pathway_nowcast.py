"""``tanfeng pathway nowcast``: what the running year will come to, from its months so far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._output import number, open_console
from tanfeng.cli._pathway_peak import AsJson, File, Out, check_suffix, read, write

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.pathway.nowcast import Nowcast

_WORDS = {
    "year": ("{0} 年推算", "{0}, nowcast"),
    "known": ("已知月份", "months known"),
    "to_date": ("已知月份之和", "sum of the months known"),
    "total": ("全年", "the year"),
    "interval": ("{0:.0%} 区间", "{0:.0%} interval"),
    "no_interval": ("可回测的年份太少，没有区间", "too few years to test back on: no interval"),
    "method": ("方法", "method"),
    "back_test": ("回测：已知月数与误差", "Back-test: months known and errors"),
    "months": ("已知月数", "months"),
    "years": ("年数", "years"),
    "error": ("平均误差", "mean error"),
    "bias": ("偏差", "bias"),
    "worst": ("最大误差", "worst"),
    "naive": ("上年同月法误差", "error of naive"),
    "skill": ("改进", "skill"),
}


def nowcast(
    file: File,
    annual: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Yearly figures of the inventory (year, emission); the months are then their "
            "indicator.",
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(min=0.5, max=0.95, help="Share of years the interval is to hold.")
    ] = 0.8,
    as_json: AsJson = False,
    out: Out = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Forecast the running year from its months, with the errors such forecasts had before.

    Columns: year, month, value. The last year is the running one; the year before must be whole.
    """
    check_suffix(out)
    from tanfeng.pathway.nowcast import nowcast as work

    yearly = None if annual is None else read(annual, _same, as_json, lang)

    def worked(table: pl.DataFrame) -> Nowcast:
        return work(table, yearly, level=level)

    found = read(file, worked, as_json, lang)
    answer = {"file": file.name, **_plain(found)}
    write(out, answer, found.back_test)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _print(found, lang)


def _same(table: pl.DataFrame) -> pl.DataFrame:
    return table


def _plain(found: Nowcast) -> dict[str, Any]:
    from tanfeng.pathway.nowcast import METHODS

    name_zh, name_en = METHODS[found.method]
    return {
        "year": found.year,
        "months": list(found.known),
        "to_date": found.to_date,
        "total": found.total,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "method": found.method,
        "method_zh": name_zh,
        "method_en": name_en,
        "back_test": found.back_test.to_dicts(),
        "errors": found.errors.to_dicts(),
    }


def _print(found: Nowcast, lang: Lang) -> None:
    from rich.table import Table

    from tanfeng.pathway.nowcast import METHODS

    console = open_console()
    low, high = found.low, found.high
    held = pick(*_WORDS["no_interval"])
    if low is not None:
        words = pick(*_WORDS["interval"]).format(found.level)
        held = f"{words} {number(low)} – {number(high)}"
    told = (
        (pick(*_WORDS["known"]), ", ".join(map(str, found.known))),
        (pick(*_WORDS["to_date"]), number(found.to_date)),
        (pick(*_WORDS["total"]), f"{number(found.total)} ({held})"),
        (pick(*_WORDS["method"]), METHODS[found.method][lang is Lang.EN]),
    )
    console.print(pick(*_WORDS["year"]).format(found.year))
    for name, value in told:
        console.print(f"  {name}: {value}")
    if found.back_test.is_empty():
        return
    table = Table(title=pick(*_WORDS["back_test"]))
    for key in ("months", "years", "error", "bias", "worst", "naive", "skill"):
        table.add_column(pick(*_WORDS[key]), justify="right")
    naive = dict(found.back_test.filter(method="naive").select("months_known", "error").iter_rows())
    for row in found.back_test.filter(method="chosen").iter_rows(named=True):
        months = row["months_known"]
        shares = (row["error"], row["bias"], row["worst"], naive[months], row["skill"])
        cells = ("—" if one is None else f"{one:.1%}" for one in shares)
        table.add_row(str(months), str(row["years"]), *cells)
    console.print(table)
