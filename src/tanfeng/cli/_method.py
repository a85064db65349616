"""``tanfeng account FILE --method KEY``, ``account methods``, ``account template KEY FILE``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, NoReturn

import typer

from tanfeng.cli._lang import InLang, Lang, graded, pick
from tanfeng.cli._output import number, open_console, plain, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rich.console import Console

    from tanfeng.accounting.methods import Method
    from tanfeng.sheets.method_account import Answer

_REPORTS = (".xlsx", ".docx", ".json")
_WORDS = {
    "no_method": (
        "没有方法 {0}；有：{1}",
        "there is no method {0}; known: {1}",
    ),
    "suffix": ("--out 须以 .xlsx、.docx 或 .json 结尾", "--out must end in .xlsx, .docx or .json"),
    "wrote": ("已写入 {0}", "wrote {0}"),
    "problems": ("表格问题", "Problems in the file"),
    "stream": ("排放源", "stream"),
    "scope": ("范围", "scope"),
    "rows": ("行数", "rows"),
    "missing": ("未计入行", "rows not counted"),
    "emission": ("排放量 tCO2e", "emission tCO2e"),
    "outside": ("不计入总量", "not in the total"),
    "total": ("合计", "total"),
    "factors": ("所用缺省值", "Defaults used"),
    "factor": ("因子", "factor"),
    "symbol": ("符号", "symbol"),
    "value": ("数值", "value"),
    "unit": ("单位", "unit"),
    "mark": ("可信度", "confidence"),
    "document": ("依据", "document"),
    "doubts": ("方法中未能核实之处（待核实）", "Not confirmed in the method (待核实, unverified)"),
    "unverified": ("待核实", "待核实, unverified"),
    "key": ("方法", "method"),
    "number": ("文件编号", "number"),
    "edition": ("版次", "edition"),
    "valid": ("适用数据", "data of"),
    "sector": ("行业", "sector"),
    "streams": ("排放源数", "streams"),
    "units": ("机组结果", "Results per unit"),
    "part": ("机组", "unit of the plant"),
    "period": ("期间", "period"),
    "result": ("指标", "result"),
}


class Asked(NamedTuple):
    """What was asked: file, method, year, today, factors known by, language."""

    file: Path
    method: str
    year: int
    today: date
    as_of: date
    lang: Lang


def run(asked: Asked, *, as_json: bool, lines: Path | None, out: Path | None) -> NoReturn:
    """Account the workbook of a method, print it, write the report if asked, and end."""
    from tanfeng.errors import DataError, ModelError, StandardError
    from tanfeng.sheets.method_account import account_workbook

    method = _named(asked.method)
    if out is not None and out.suffix.lower() not in _REPORTS:
        _wrong_use(pick(*_WORDS["suffix"]))
    try:
        answer = account_workbook(
            asked.file.read_bytes(),
            asked.file.name,
            method,
            year=asked.year,
            today=asked.today,
            as_of=asked.as_of,
        )
    except DataError as error:
        refuse(error.problems, as_json, asked.lang)
    except (ModelError, StandardError) as error:
        _wrong_use(error.message(asked.lang.value))
    if not answer.account.streams.height:
        refuse(answer.problems, as_json, asked.lang)
    if lines is not None:
        _lines(answer, lines)
    if out is not None:
        out.write_bytes(_report(answer, asked, out.suffix.lower()))
    if as_json:
        typer.echo(_json_text(answer, asked))
    else:
        _print(answer, asked.lang)
        if out is not None:
            typer.echo(pick(*_WORDS["wrote"]).format(out))
    sys.exit(1 if answer.errors else 0)


def list_methods(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """List the sector methods: document, edition, days it is for, how well it is confirmed."""
    from rich.table import Table

    from tanfeng.accounting.methods import METHODS

    listed = [_about(method) for method in METHODS.values()]
    if as_json:
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    table = Table()
    for key in ("key", "number", "edition", "valid", "sector", "streams", "mark"):
        table.add_column(pick(*_WORDS[key]))
    for row in listed:
        span = f"{row['valid_from'] or '…'} ~ {row['valid_to'] or '…'}"
        mark = _marked(row["confidence"])
        cells = (row["key"], row["number"], row["edition"], span, row["sector"])
        table.add_row(*cells, str(len(row["streams"])), mark)
    open_console().print(table)


def template(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Method; see: account methods.")],
    out: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="File to write.")],
    lang: InLang = Lang.ZH,
) -> None:
    """Write the empty workbook of a sector method."""
    from tanfeng.sheets.method_template import method_template

    out.write_bytes(method_template(_named(key), lang=lang.value))
    typer.echo(pick(*_WORDS["wrote"]).format(out))


def _named(key: str) -> Method:
    from tanfeng.accounting.methods import METHODS

    if key not in METHODS:
        _wrong_use(pick(*_WORDS["no_method"]).format(key, ", ".join(METHODS)))
    return METHODS[key]


def _wrong_use(text: str) -> NoReturn:
    typer.echo(text, err=True)
    sys.exit(2)


def _marked(confidence: str) -> str:
    sure = confidence in {"confirmed", "override"}
    return confidence if sure else f"{confidence} · {pick(*_WORDS['unverified'])}"


# ------------------------------------------------------------------------------ plain data


def _about(method: Method) -> dict[str, Any]:
    from tanfeng.sheets.method_account import weakest

    return {
        "key": method.key,
        "number": method.number,
        "title_zh": method.title_zh,
        "title_en": method.title_en,
        "edition": method.edition,
        "valid_from": method.valid_from,
        "valid_to": method.valid_to,
        "sector": method.sector,
        "market": method.market,
        "boundary_zh": method.boundary_zh,
        "boundary_en": method.boundary_en,
        "confidence": weakest(None, method),
        "streams": [
            {
                "key": stream.key,
                "name_zh": stream.name_zh,
                "name_en": stream.name_en,
                "scope": stream.scope,
                "clause": stream.clause,
                "equation": stream.equation,
                "confidence": stream.confidence,
                "kinds": [kind.key for kind in stream.kinds],
            }
            for stream in method.streams
        ],
        "doubts_zh": method.doubts_zh,
        "doubts_en": method.doubts_en,
    }


def _json_text(answer: Answer, asked: Asked) -> str:
    return json.dumps(_as_json(answer, asked), ensure_ascii=False, indent=1, default=str)


def _as_json(answer: Answer, asked: Asked) -> dict[str, Any]:
    import polars as pl

    from tanfeng.accounting import methods

    lines = list(answer.lines())
    used = {line["formula"] for line in lines}
    names = answer.read.names
    return {
        "file": asked.file.name,
        "method": _about(answer.method),
        "year": answer.year,
        "as_of": answer.as_of,
        "totals": [
            {**row, "org_name": names.get(row["org_code"], "")}
            for row in answer.totals().iter_rows(named=True)
        ],
        "streams": answer.streams(),
        "units": answer.units(),
        "rows": answer.account.streams.with_columns(
            pl.col(pl.Categorical).cast(pl.String)
        ).to_dicts(),
        "lines": lines,
        "factors": answer.account.factors.to_dicts(),
        "formulas": [asdict(answer.account.formulas[key]) for key in sorted(used)],
        "choices": answer.choices(),
        "findings": methods.findings(answer.account, [answer.method]).to_dicts(),
        "gaps": [plain(one) for one in answer.gaps],
        "problems": [plain(one) for one in answer.problems],
    }


def _lines(answer: Answer, path: Path) -> None:
    """Write the lines as CSV, an input per column as the lines store them, with their places."""
    import polars as pl

    frame = answer.account.lines.with_columns(pl.col(pl.Categorical).cast(pl.String))
    places = [answer.read.place(number) for number in frame["activity_id"]]
    frame.with_columns(
        sheet=pl.Series([sheet for sheet, _row in places], dtype=pl.String),
        source_row=pl.Series([row for _sheet, row in places], dtype=pl.Int64),
    ).sort("activity_id", "line").write_csv(path)


def _report(answer: Answer, asked: Asked, suffix: str) -> bytes:
    from tanfeng import reports
    from tanfeng.reports.method_document import method_document
    from tanfeng.reports.method_report import method_workbook

    lang: Literal["zh", "en"] = "en" if asked.lang is Lang.EN else "zh"
    if suffix == ".json":
        return _json_text(answer, asked).encode()
    if suffix == ".xlsx":
        return method_workbook(answer, lang=lang)
    return reports.to_word(method_document(answer, lang=lang, issued_on=asked.today))


# ------------------------------------------------------------------------------ tables


def _print(answer: Answer, lang: str) -> None:
    """Print problems, the account stream by stream, the defaults it leans on and the doubts."""
    console = open_console()
    if answer.problems:
        console.print(pick(*_WORDS["problems"]))
        for problem in answer.problems:
            console.print(f"  {graded(problem.severity)}: {problem.line(lang)}")
    for total in answer.totals().iter_rows(named=True):
        _print_streams(answer, total, lang, console)
    _print_units(answer, lang, console)
    _print_factors(answer, lang, console)
    doubts = answer.method.doubts_en if lang == "en" else answer.method.doubts_zh
    if doubts:
        console.print(pick(*_WORDS["doubts"]))
        for doubt in doubts:
            console.print(f"  {doubt}")


def _print_streams(answer: Answer, total: Mapping[str, Any], lang: str, console: Console) -> None:
    from rich.table import Table

    code = total["org_code"]
    who = f"{answer.read.names.get(code, '')} {code}".strip()
    table = Table(title=f"{who} · {answer.method.number} · {answer.year}")
    for key in ("stream", "scope", "rows", "missing", "emission"):
        table.add_column(
            pick(*_WORDS[key]), justify="left" if key in ("stream", "scope") else "right"
        )
    name = "name_en" if lang == "en" else "name_zh"
    for row in answer.streams():
        if row["org_code"] == code:
            scope = (
                row["scope"] if row["in_total"] else f"{row['scope']} · {pick(*_WORDS['outside'])}"
            )
            counts = (str(row["rows"]), str(row["missing_rows"]))
            table.add_row(row[name], scope, *counts, number(row["emission_tco2e"]))
    table.add_section()
    missing, value = str(total["missing_rows"]), number(total["emission_total_tco2e"])
    table.add_row(pick(*_WORDS["total"]), "", "", missing, value)
    console.print(table)


def _print_units(answer: Answer, lang: str, console: Console) -> None:
    from rich.table import Table

    units = answer.units()
    if not units:
        return
    table = Table(title=pick(*_WORDS["units"]))
    for key in ("part", "period", "result", "value", "unit", "mark"):
        table.add_column(pick(*_WORDS[key]), justify="right" if key == "value" else "left")
    for one in units:
        span = f"{one['year']}-{one['month']:02d}" if one["month"] else str(one["year"])
        name = one["name_en" if lang == "en" else "name_zh"]
        value, mark = f"{one['value']:.6g}", _marked(one["confidence"])
        table.add_row(one["part"], span, name, value, one["unit"], mark)
    console.print(table)


def _print_factors(answer: Answer, lang: str, console: Console) -> None:
    from rich.table import Table

    table = Table(title=pick(*_WORDS["factors"]))
    for key in ("factor", "symbol", "value", "unit", "mark", "document"):
        table.add_column(pick(*_WORDS[key]), justify="right" if key == "value" else "left")
    name = "name_en" if lang == "en" else "name_zh"
    used = {one["factor"] for line in answer.lines() for one in line["inputs"] if one["factor"]}
    for row in answer.account.factors.iter_rows(named=True):
        if row["factor"] in used:
            mark = _marked(row["confidence"])
            value = f"{row['value']:g}"
            table.add_row(row[name], row["symbol"], value, row["unit"], mark, row["document"])
    console.print(table)
