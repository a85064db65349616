"""``tanfeng account FILE``: account a workbook without console or workspace.

Without ``--method`` it is a workbook of monthly energy; with it, the workbook of a sector method.
Exit codes: 0 fine; 1 the file has errors or rows that could not be counted, which are listed; 2
wrong use. What could be counted is printed in either case of 0 and 1.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import typer

from tanfeng.cli import _diff, _method
from tanfeng.cli._lang import InLang, Lang, graded, pick
from tanfeng.cli._output import FileFirst, number, open_console, plain, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl
    from rich.console import Console

    from tanfeng.accounting import Account, Manifest
    from tanfeng.errors import Problem
    from tanfeng.sheets import ReadResult

app = typer.Typer(
    cls=FileFirst,
    add_completion=False,
    help="Account a workbook without console or home.",
    epilog="The word `file` may be left out: tanfeng account FILE --year YEAR.",
)
app.command("methods")(_method.list_methods)
app.command("template")(_method.template)
app.command("diff")(_diff.diff)


class Basis(StrEnum):
    """Basis of purchased electricity."""

    AVERAGE = "average"
    RESIDUAL = "residual"
    FOSSIL = "fossil"


_DATE_FORMATS = ["%Y-%m-%d"]
#: Forms without energy that may stand in the same book.
_WITHOUT_ENERGY = frozenset(
    {"enterprise_archive", "product_output", "stat_205_2", "stat_205_3", "stat_b204_1"}
)
#: More than any sheet holds, so that rows of several sheets keep numbers of their own.
_ROWS_OF_A_SHEET = 10**10
#: Where in the file a row stands, and the last month it is about.
_PLACE = ("source_row", "sheet", "through")
#: Columns of the account table: figure -> heading.
_FIGURES = {
    "energy_calorific_tce": ("综合能耗·当量 tce", "energy, calorific tce"),
    "energy_equivalent_tce": ("综合能耗·等价 tce", "energy, equivalent tce"),
    "emission_direct_tco2": ("直接排放 tCO2", "direct tCO2"),
    "emission_indirect_tco2": ("电力和热力 tCO2", "power and heat tCO2"),
    "emission_total_tco2": ("排放总量 tCO2", "total tCO2"),
}
_WORDS = {
    "org": ("企业", "enterprise"),
    "code": ("统一社会信用代码", "credit code"),
    "months": ("月份", "months"),
    "part": (
        "不足12个月的企业，数值是所列月份的合计，不是全年数。",
        "Of an enterprise with fewer than 12 months the figures are those of the months named, "
        "not of the year.",
    ),
    "total": ("合计", "total"),
    "missing": ("未计入行", "rows not counted"),
    "symbol": ("符号", "symbol"),
    "factor": ("因子", "factor"),
    "value": ("数值", "value"),
    "unit": ("单位", "unit"),
    "mark": ("可信度", "confidence"),
    "document": ("依据", "document"),
    "unverified": ("待核实", "to be verified"),
    "problems": ("表格问题", "Problems in the file"),
    "account": ("核算结果", "Account"),
    "factors": ("所用因子", "Factors used"),
    "formulas": ("所用公式的依据", "What the formulas rest on"),
    "result": ("结果", "result"),
    "clause": ("条款", "clause"),
    "unseen": ("条款未见原文", "clause not seen"),
    "notes": ("核算说明", "Notes of the account"),
    "no_year": (
        "文件中没有 {year} 年的数据；有：{years}",
        "no data of {year}; the file has {years}",
    ),
    "nothing": ("没有可核算的数据行", "no row can be accounted"),
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one call has to print."""

    file: str
    form: str
    sheets: tuple[str, ...]
    year: int
    basis: str
    names: dict[str, str]
    activity: pl.DataFrame
    account: Account
    manifest: Manifest
    problems: tuple[Problem, ...]


#: Options that speak of monthly energy and mean nothing to a sector method.
_ENERGY_ONLY = ("basis", "region", "fallback", "sheet")
_File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Workbook (.xlsx, .xls, .csv).")
]
_Year = Annotated[int, typer.Option(help="Year to account; other years of the file are left.")]
_Method = Annotated[
    str, typer.Option(help="Sector method the workbook is filled in for; see: account methods.")
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
_Basis = Annotated[Basis, typer.Option(help="Basis of electricity.")]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=_DATE_FORMATS, help="Only factors published by this day; today if not given."
    ),
]
_Region = Annotated[str, typer.Option(help="Region of the average electricity factor.")]
_Fallback = Annotated[
    str, typer.Option(help="Region to use when the first has no electricity factor.")
]
_Sheet = Annotated[
    str | None, typer.Option(help="Read this worksheet alone; else every one with energy.")
]
_Lines = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write every line to this CSV file.")
]
_Out = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        help="Save the result: .json, to be compared later; with --method also the report of the "
        "method, .xlsx or .docx.",
    ),
]


@app.command("file")
def account(
    context: typer.Context,
    file: _File,
    year: _Year,
    method: _Method = "",
    as_json: _AsJson = False,
    basis: _Basis = Basis.AVERAGE,
    as_of: _AsOf = None,
    region: _Region = "CN-FJ",
    fallback: _Fallback = "",
    sheet: _Sheet = None,
    lines: _Lines = None,
    out: _Out = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Account a workbook of monthly energy, or of a sector method; `file` may be left out."""
    from tanfeng.periods import LOCAL

    today = datetime.now(LOCAL).date()
    known = as_of.date() if as_of else today
    if method:
        _refuse_options(context, _ENERGY_ONLY)
        asked = _method.Asked(file, method, year, today, known, lang)
        _method.run(asked, as_json=as_json, lines=lines, out=out)
    if out is not None and out.suffix.lower() != ".json":
        told = pick(
            "月度能源核算的 --out 须以 .json 结尾；能源利用状况报告见 tanfeng report energy-use",
            "--out of monthly energy must end in .json; see also: tanfeng report energy-use",
        )
        raise typer.BadParameter(told)
    asked_for = {"basis": basis.value, "region": region, "fallback": fallback}
    files = _Files(lines, out)
    _energy(file, year, today, known, sheet, files, as_json=as_json, lang=lang, **asked_for)


def _refuse_options(context: typer.Context, names: Sequence[str]) -> None:
    """End with wrong use when an option was given that means nothing here."""
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            beside = pick("不能与 {0} 同用", "cannot stand beside {0}")
            raise typer.BadParameter(f"--{name} {beside.format('--method')}")


class _Files(NamedTuple):
    """Files to write: every line as CSV, the result."""

    lines: Path | None
    out: Path | None


def _energy(
    file: Path,
    year: int,
    today: Any,
    known: Any,
    sheet: str | None,
    files: _Files,
    *,
    as_json: bool,
    lang: Lang,
    **asked: str,
) -> NoReturn:
    """Account a workbook of monthly energy, print it and end."""
    from tanfeng.errors import DataError, ModelError, StandardError

    try:
        read = _read(file, today, sheet)
        activity = _of_year(read, year)
        answer = _answer(file.name, read, activity, year=year, as_of=known, **asked)
    except DataError as error:
        refuse(error.problems, as_json, lang)
    except (ModelError, StandardError) as error:
        typer.echo(error.message(lang.value), err=True)
        sys.exit(2)
    if files.lines is not None:
        _lines(answer).write_csv(files.lines)
    if files.out is not None:
        files.out.write_text(_json_text(answer), encoding="utf-8")
    if as_json:
        typer.echo(_json_text(answer))
    else:
        _print(answer, lang)
    findings = any(problem.severity == "error" for problem in answer.problems)
    sys.exit(1 if findings or not answer.account.errors.is_empty() else 0)


def _read(file: Path, today: Any, sheet: str | None) -> list[ReadResult]:
    """Read the sheets with energy; a file without a row to account is refused with its problems."""
    from tanfeng import sheets
    from tanfeng.errors import DataError, Problem

    results = sheets.read_all(file.read_bytes(), file.name, today=today, sheet=sheet)
    if all(one.form is None or one.accepted.is_empty() for one in results):
        nothing = Problem("A001", "error", *_WORDS["nothing"])
        raise DataError([p for one in results for p in one.problems] or [nothing])
    energy = [one for one in results if one.form and one.form.key not in _WITHOUT_ENERGY]
    return energy or list(results)


def _latest_sums(read: Sequence[ReadResult]) -> Iterator[ReadResult]:
    """Leave out forms 205-1 whose sums a later one of the same year holds already."""
    last: dict[tuple[Any, str], int] = {}
    for one in read:
        if _cumulative(one):
            last[_whose_year(one)] = max(last.get(_whose_year(one), 0), _through(one))
    for one in read:
        if not _cumulative(one) or _through(one) == last[_whose_year(one)]:
            yield one


def _cumulative(read: ReadResult) -> bool:
    return read.form is not None and read.form.cumulative


def _whose_year(read: ReadResult) -> tuple[Any, str]:
    return read.head.get("credit_code"), str(read.head.get("period"))[:4]


def _through(read: ReadResult) -> int:
    """Return the last month a cumulative form sums up; a form of the year is one of December."""
    return int(str(read.head.get("period") or "")[5:7] or 12)


def _of_year(read: Sequence[ReadResult], year: int) -> pl.DataFrame:
    """Return the rows of the year with the sheet and row of the file each comes from."""
    import polars as pl

    from tanfeng.errors import ModelError

    parts = [
        _rows(one, i, part_of_year=True)
        for i, one in enumerate(_latest_sums(read))
        if one.accepted.height
    ]
    activity = pl.concat(parts, how="diagonal")
    found = activity.filter(pl.col("year") == year)
    if found.is_empty():
        years = ", ".join(str(y) for y in sorted(activity["year"].unique().to_list()))
        zh, en = (text.format(year=year, years=years) for text in _WORDS["no_year"])
        raise ModelError(en, zh)
    return found


def _rows(read: ReadResult, number: int, *, part_of_year: bool = False) -> pl.DataFrame:
    """Return the rows of a sheet with their place and the last month each is about."""
    import polars as pl

    from tanfeng import sheets

    # Forms for one enterprise name it above the table, or not at all.
    whose = str(
        read.head.get("credit_code") or read.head.get("org_name") or Path(read.filename).stem
    )
    code, wide = pl.col("org_code"), read.form is not None and read.form.key == "monthly_wide"
    return sheets.activity(read, part_of_year=part_of_year).with_columns(
        pl.when(code == "").then(None).otherwise(code).fill_null(whose).alias("org_code"),
        # A row of the wide table holds several items; its number is then in the thousands.
        source_row=pl.col("activity_id") // (1000 if wide else 1),
        sheet=pl.lit(read.sheet),
        through=pl.lit(_through(read), pl.Int8) if _cumulative(read) else pl.col("month"),
        activity_id=pl.col("activity_id") + number * _ROWS_OF_A_SHEET,
    )


def _answer(
    file: str,
    read: Sequence[ReadResult],
    activity: pl.DataFrame,
    *,
    year: int,
    basis: str,
    **asked: Any,
) -> _Answer:
    from tanfeng import accounting

    factors = accounting.factor_set(
        [year],
        region=asked["region"],
        as_of=asked["as_of"],
        electricity_fallback=asked["fallback"] or None,
    )
    plain = activity.drop(_PLACE)
    result = accounting.account(plain, factors=factors)
    return _Answer(
        file=file,
        form=read[0].form.key if read[0].form else "",
        sheets=tuple(one.sheet for one in read),
        year=year,
        basis=basis,
        names=_names(read, activity),
        activity=activity,
        account=result,
        manifest=accounting.manifest(result, plain),
        problems=tuple(problem for one in read for problem in one.problems),
    )


def _months(activity: pl.DataFrame) -> dict[str, list[int]]:
    """Return credit code -> the months its rows are about."""
    covered: dict[str, set[int]] = {}
    rows = activity.select("org_code", "month", "through").unique()
    for code, month, through in rows.iter_rows():
        covered.setdefault(code, set()).update(range(month or 1, through + 1))
    return {code: sorted(months) for code, months in covered.items()}


def _spans(months: Sequence[int]) -> str:
    """Return months as a person writes them: 1-6, 8."""
    runs: list[list[int]] = []
    for month in months:
        if runs and runs[-1][-1] == month - 1:
            runs[-1][1:] = [month]
        else:
            runs.append([month])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _names(read: Sequence[ReadResult], activity: pl.DataFrame) -> dict[str, str]:
    """Return credit code -> name as the file gives it."""
    codes = activity["org_code"].unique(maintain_order=True).to_list()
    names = dict.fromkeys(codes, "")
    for one in reversed(read):
        stated = str(one.head.get("org_name") or "")
        whose = one.head.get("credit_code")
        names |= {code: stated for code in names if stated and whose in (code, None)}
    for one in read:
        if "org_name" not in one.accepted.columns:
            continue
        pairs = (
            one.accepted.select("credit_code", "org_name")
            .drop_nulls()
            .unique("credit_code", keep="first", maintain_order=True)
        )
        names |= {code: name for code, name in pairs.iter_rows() if code in names}
    return names


def _lines(answer: _Answer) -> pl.DataFrame:
    """Return the lines with the row of the file each rests on."""
    import polars as pl

    places = answer.activity.select("activity_id", "sheet", "source_row")
    return (
        answer.account.lines.join(places, on="activity_id", how="left")
        .with_columns(pl.col(pl.Categorical).cast(pl.String))
        .sort("activity_id", "line")
    )


def _of_the_basis(answer: _Answer) -> pl.DataFrame:
    """Return the lines without those on another basis of electricity."""
    import polars as pl

    from tanfeng import accounting

    others = [f"emission_electricity_{b}_tco2" for b in accounting.BASES if b != answer.basis]
    return answer.account.lines.filter(~pl.col("quantity").cast(pl.String).is_in(others))


def _used_factors(answer: _Answer, *, every_basis: bool) -> pl.DataFrame:
    """Return the factors lines point to, on the chosen basis of electricity or on all."""
    import polars as pl

    from tanfeng.trace import FACTOR_COLUMNS

    lines = answer.account.lines
    if not every_basis:
        lines = _of_the_basis(answer)
    used = {n for name in FACTOR_COLUMNS for n in lines[name].drop_nulls().unique()}
    return answer.account.factors.filter(pl.col("factor").is_in(sorted(used)))


def _json_text(answer: _Answer) -> str:
    return json.dumps(_as_json(answer), ensure_ascii=False, indent=1)


def _as_json(answer: _Answer) -> dict[str, Any]:
    """Return figures, factors, formulas, lines, notes, problems and manifest as plain data."""
    from tanfeng import accounting

    totals = answer.account.totals(["org_code"])
    enterprises = accounting.headline(totals, basis=answer.basis)
    formulas = set(answer.account.lines["formula"].unique().to_list())
    months = _months(answer.activity)
    return {
        "file": answer.file,
        "form": answer.form,
        "sheets": answer.sheets,
        "year": answer.year,
        "basis": answer.basis,
        "enterprises": [
            {"org_name": answer.names[row["org_code"]], "months": months[row["org_code"]], **row}
            for row in enterprises.iter_rows(named=True)
        ],
        "total": accounting.headline(answer.account.totals(), basis=answer.basis).to_dicts()[0],
        "factors": _used_factors(answer, every_basis=True).to_dicts(),
        "formulas": [asdict(accounting.FORMULAS[key]) for key in sorted(formulas)],
        "lines": _lines(answer).to_dicts(),
        "notes": answer.account.notes.to_dicts(),
        "problems": [plain(problem) for problem in answer.problems],
        "manifest": answer.manifest.as_dict(),
    }


def _print(answer: _Answer, lang: str) -> None:
    """Print problems, the account by enterprise, factors and notes."""
    from rich.table import Table

    from tanfeng import accounting

    console = open_console()
    if answer.problems:
        console.print(pick(*_WORDS["problems"]))
        for problem in answer.problems:
            console.print(f"  {graded(problem.severity)}: {problem.line(lang)}")
    basis_zh, basis_en = accounting.BASIS_NAMES[answer.basis]
    basis = basis_en if lang == "en" else basis_zh
    table = Table(title=f"{pick(*_WORDS['account'])} {answer.year} · {basis}")
    table.add_column(pick(*_WORDS["org"]))
    table.add_column(pick(*_WORDS["code"]))
    table.add_column(pick(*_WORDS["months"]))
    for zh, en in _FIGURES.values():
        table.add_column(en if lang == "en" else zh, justify="right")
    table.add_column(pick(*_WORDS["missing"]), justify="right")
    months = _months(answer.activity)
    rows = accounting.headline(answer.account.totals(["org_code"]), basis=answer.basis)
    for row in rows.iter_rows(named=True):
        of_months = _spans(months[row["org_code"]])
        table.add_row(answer.names[row["org_code"]], row["org_code"], of_months, *_cells(row))
    whole = accounting.headline(answer.account.totals(), basis=answer.basis).row(0, named=True)
    table.add_section()
    table.add_row(pick(*_WORDS["total"]), "", "", *_cells(whole))
    console.print(table)
    if any(len(one) < 12 for one in months.values()):
        console.print(pick(*_WORDS["part"]))
    _print_factors(answer, lang, console)
    _print_formulas(answer, lang, console)
    if not answer.account.notes.is_empty():
        console.print(pick(*_WORDS["notes"]))
        text = "text_en" if lang == "en" else "text_zh"
        for note in answer.account.notes.iter_rows(named=True):
            who = " ".join(str(note[name]) for name in ("org_code", "year") if note[name])
            console.print(f"  {graded(note['severity'])}: {who} {note[text]}")


def _cells(row: dict[str, Any]) -> list[str]:
    missing = max(row["energy_missing_rows"], row["emission_missing_rows"])
    return [*(number(row[figure]) for figure in _FIGURES), str(missing)]


def _print_factors(answer: _Answer, lang: str, console: Console) -> None:
    from rich.table import Table

    table = Table(title=pick(*_WORDS["factors"]))
    for key in ("factor", "symbol", "value", "unit", "mark", "document"):
        table.add_column(pick(*_WORDS[key]), justify="right" if key == "value" else "left")
    name = "name_en" if lang == "en" else "name_zh"
    for row in _used_factors(answer, every_basis=False).iter_rows(named=True):
        mark = row["confidence"]
        if mark in {"single", "recalled"}:
            mark = f"{mark} · {pick(*_WORDS['unverified'])}"
        table.add_row(
            row[name], row["symbol"], f"{row['value']:g}", row["unit"], mark, row["document"]
        )
    console.print(table)


def _print_formulas(answer: _Answer, lang: str, console: Console) -> None:
    """Print document and clause of every result, marked where nobody has checked the clause."""
    from rich.table import Table

    from tanfeng import accounting

    table = Table(title=pick(*_WORDS["formulas"]))
    for key in ("result", "document", "clause", "mark"):
        table.add_column(pick(*_WORDS[key]))
    used = _of_the_basis(answer)["formula"].unique().to_list()
    rows: dict[tuple[str, ...], None] = {}
    for formula in (one for key, one in accounting.FORMULAS.items() if key in used):
        quantity = accounting.QUANTITIES[formula.quantity]
        sure = formula.clause_confidence in {"confirmed", "override"}
        mark = formula.clause_confidence if sure else pick(*_WORDS["unverified"])
        if formula.clause and not sure:
            mark = f"{formula.clause_confidence} · {mark}"
        name = quantity.name_en if lang == "en" else quantity.name_zh
        rows[name, formula.document, formula.clause or pick(*_WORDS["unseen"]), mark] = None
    for row in rows:
        table.add_row(*row)
    console.print(table)
