"""``tanfeng pathway decompose`` and ``verdict``: why emissions changed, and whether they peaked."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._output import number, open_console, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from tanfeng.pathway.lmdi import Decomposition
    from tanfeng.pathway.verdict import Verdict


_Found = TypeVar("_Found")


class Identity(StrEnum):
    """What the rows of a file are."""

    FACTORS = "factors"
    FOUR = "four"
    KAYA = "kaya"


_WORDS = {
    "factor": ("因子", "factor"),
    "effect": ("效应", "effect"),
    "share": ("占变化", "share of the change"),
    "ratio": ("倍数", "ratio"),
    "bar": ("瀑布", "waterfall"),
    "total": ("变化", "change"),
    "criterion": ("判据", "criterion"),
    "number": ("数值", "number"),
    "limit": ("限值", "limit"),
    "result": ("结果", "result"),
    "words": ("说明", "in words"),
    "chained": ("逐年分解后相加", "year by year, summed"),
    "ends": ("首末两年", "first against last year"),
    "maximum": ("最高值", "maximum"),
    "stage": ("阶段", "stage"),
    "suffix": ("--out 须以 .json 或 .csv 结尾", "--out must end in .json or .csv"),
    "wrote": ("已写入 {0}", "wrote {0}"),
}
_STATUS = {
    "pass": ("通过", "pass"),
    "fail": ("不通过", "fail"),
    "undecidable": ("不能认定", "undecidable"),
    "not_given": ("未提供", "not given"),
}
_BAR = 40

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file to read.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
Out = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write the result, .json, or its table, .csv.")
]


def decompose(
    file: File,
    identity: Annotated[
        Identity,
        typer.Option(
            help="The rows are factors; or amounts (activity, energy, emission; for kaya also "
            "population, gdp) to make the factors of."
        ),
    ] = Identity.FACTORS,
    first: Annotated[int | None, typer.Option(help="First year; the earliest.")] = None,
    last: Annotated[int | None, typer.Option(help="Last year; the latest.")] = None,
    ends: Annotated[
        bool, typer.Option("--ends", help="Compare the two ends alone, not year by year.")
    ] = False,
    as_json: AsJson = False,
    out: Out = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Say which factor changed a total by how much, without a rest (LMDI-I).

    Columns: sector (or several levels, the widest first), year, factor, value. The factors of a
    cell multiply to its part of the total; an empty level says a factor holds for all below.
    """
    check_suffix(out)
    from tanfeng.pathway import identity as identities
    from tanfeng.pathway import lmdi

    def worked(table: pl.DataFrame) -> Decomposition:
        if identity is not Identity.FACTORS:
            table = identities.factors_of(table, identity.value)
        return lmdi.decompose(table, first=first, last=last, chained=not ends)

    found = read(file, worked, as_json, lang)
    answer = {"file": file.name, "identity": identity.value, **_decomposed(found)}
    write(out, answer, found.lines())
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _print_decomposed(found, lang)


def verdict(
    file: File,
    as_json: AsJson = False,
    out: Out = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Judge whether emissions have peaked: PEAKED, NOT PEAKED or NOT DECIDABLE, and why.

    Columns: year, emission; and where known filled, provisional, coverage, uncertainty,
    membership, published (editions of a figure), unit (a panel of cities or firms).
    """
    check_suffix(out)
    from tanfeng.pathway.verdict import judge

    found = read(file, judge, as_json, lang)
    answer = {"file": file.name, **_judged(found)}
    write(out, answer, found.criteria)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _print_judged(found, lang)


def read(file: Path, worked: Callable[[pl.DataFrame], _Found], as_json: bool, lang: Lang) -> _Found:
    """Read a file and work on it; end with all its problems, or with what was asked amiss."""
    from tanfeng.cli._pathway_table import placed, read_csv
    from tanfeng.errors import DataError, ModelError

    headings: list[str] = []
    try:
        table, headings = read_csv(file)
        return worked(table)
    except DataError as error:
        refuse(placed(error.problems, headings), as_json, lang)
    except ModelError as error:
        _wrong_use(error.message(lang.value))


def _wrong_use(text: str) -> NoReturn:
    typer.echo(text, err=True)
    sys.exit(2)


def check_suffix(out: Path | None) -> None:
    """End with wrong use where the result cannot be written in that form."""
    if out is not None and out.suffix.lower() not in (".json", ".csv"):
        _wrong_use(pick(*_WORDS["suffix"]))


def write(out: Path | None, answer: dict[str, Any], table: pl.DataFrame) -> None:
    """Write the result to the file that was named, if any."""
    if out is None:
        return
    try:
        if out.suffix.lower() == ".csv":
            table.write_csv(out)
        else:
            text = json.dumps(answer, ensure_ascii=False, indent=1)
            out.write_text(text, encoding="utf-8")
    except OSError as error:
        _wrong_use(pick(f"不能写入 {out}：{error}", f"{out} cannot be written: {error}"))
    typer.echo(pick(*_WORDS["wrote"]).format(out), err=True)


# ------------------------------------------------------------------------------ plain data


def _decomposed(found: Decomposition) -> dict[str, Any]:
    from tanfeng.pathway.lmdi import FACTOR_NAMES

    effects = []
    for row in found.total().iter_rows(named=True):
        name_zh, name_en = FACTOR_NAMES.get(row["factor"], (row["factor"],) * 2)
        effects.append({**row, "name_zh": name_zh, "name_en": name_en})
    return {
        "method": "LMDI-I",
        "factors": list(found.factors),
        "levels": list(found.levels),
        "first": found.first,
        "last": found.last,
        "chained": found.chained,
        "start": found.totals[found.first],
        "end": found.totals[found.last],
        "change": found.change,
        "closure": found.closure,
        "effects": effects,
        "steps": found.by_step().to_dicts(),
        "parts": found.by(*found.levels).to_dicts(),
        "totals": [{"year": year, "total": total} for year, total in found.totals.items()],
        "waterfall": found.waterfall().to_dicts(),
    }


def _judged(found: Verdict) -> dict[str, Any]:
    import polars.selectors as cs

    return {
        "verdict": found.verdict,
        "verdict_zh": found.name("zh"),
        "verdict_en": found.name("en"),
        "stage": found.stage,
        "stage_zh": found.stage_name("zh"),
        "stage_en": found.stage_name("en"),
        "peak_year": found.peak_year,
        "peak_emission": found.peak_emission,
        "criteria": found.criteria.to_dicts(),
        "again": found.again.to_dicts(),
        "series": found.series.with_columns(cs.float().fill_nan(None)).to_dicts(),
    }


# ------------------------------------------------------------------------------ tables


def _print_decomposed(found: Decomposition, lang: Lang) -> None:
    from rich.table import Table

    from tanfeng.pathway.lmdi import FACTOR_NAMES

    way = pick(*_WORDS["chained" if found.chained else "ends"])
    table = Table(title=f"{found.first} – {found.last} · LMDI-I · {way}")
    for key in ("factor", "effect", "share", "ratio", "bar"):
        table.add_column(
            pick(*_WORDS[key]), justify="left" if key in ("factor", "bar") else "right"
        )
    bars = _bars(found)
    table.add_row(str(found.first), number(found.totals[found.first]), "", "", bars[0])
    for bar, row in zip(bars[1:], found.total().iter_rows(named=True), strict=False):
        name = FACTOR_NAMES.get(row["factor"], (row["factor"],) * 2)[lang is Lang.EN]
        share = "—" if row["share"] is None else f"{row['share']:.1%}"
        ratio = "—" if row["ratio"] is None else f"{row['ratio']:.4f}"
        table.add_row(name, number(row["effect"]), share, ratio, bar)
    table.add_section()
    table.add_row(pick(*_WORDS["total"]), number(found.change), "", "", "")
    table.add_row(str(found.last), number(found.totals[found.last]), "", "", bars[-1])
    open_console().print(table)


def _bars(found: Decomposition) -> list[str]:
    """Draw the bars of the waterfall with characters."""
    rows = found.waterfall()
    ends = [*rows["start"].to_list(), *rows["end"].to_list()]
    low, high = min(ends), max(ends)
    size = _BAR / (high - low) if high > low else 0.0
    drawn = []
    for kind, start, end in rows.select("kind", "start", "end").iter_rows():
        begin = round((min(start, end) - low) * size)
        length = max(round(abs(end - start) * size), 1)
        sign = "█" if kind == "level" else "+" if end >= start else "-"
        drawn.append(" " * begin + sign * length)
    return drawn


def _print_judged(found: Verdict, lang: Lang) -> None:
    from rich.table import Table

    title = (
        f"{found.name(lang.value)} ({found.verdict}) · {pick(*_WORDS['stage'])} "
        f"{found.stage_name(lang.value)} · {pick(*_WORDS['maximum'])} {found.peak_year}: "
        f"{number(found.peak_emission)}"
    )
    table = Table(title=title)
    for key in ("criterion", "number", "limit", "result", "words"):
        table.add_column(
            pick(*_WORDS[key]), justify="right" if key in ("number", "limit") else "left"
        )
    for row in found.criteria.iter_rows(named=True):
        limit = "" if row["limit"] is None else f"{row['comparator']} {row['limit']:.4g}"
        shown = "—" if row["number"] is None else f"{row['number']:.4g}"
        result = pick(*_STATUS[row["status"]])
        table.add_row(row[f"name_{lang.value}"], shown, limit, result, row[f"text_{lang.value}"])
    open_console().print(table)
