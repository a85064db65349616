"""``tanfeng report energy-use``: tables 2 to 4 of the energy-utilisation report."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._home import open_home
from tanfeng.cli._lang import InLang, Lang, counted, graded, pick
from tanfeng.cli._output import open_console, plain, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from tanfeng.errors import Problem
    from tanfeng.sheets import ReadResult
    from tanfeng.sheets.energy_use import EnergyUse, Remark
    from tanfeng.sheets.energy_use_checks import Checked

_OUTPUT = ("year", "product_name", "unit_zh", "output_qty", "gross_output_kcny")
_WORDS = {
    "which": (
        "文件中有 {0} 家企业，请用 --enterprise 指明一家：{1}",
        "the file has {0} enterprises; name one by --enterprise: {1}",
    ),
    "none": ("{0} 没有企业 {1} {2} 年的能源数据", "{0} has no energy of {1} in {2}"),
    "code": ("请用 --enterprise 指明统一社会信用代码", "name the enterprise by --enterprise"),
    "one": (
        "请给出工作簿，或用 --home 和 --enterprise",
        "give a workbook, or --home and --enterprise",
    ),
    "suffix": ("--out 须以 .xlsx 结尾", "--out must end in .xlsx"),
    "title": (
        "能源利用状况报告 表2—表4：{0} {1}",
        "Energy-utilisation report, tables 2 to 4: {0} {1}",
    ),
    "check": ("检查", "check"),
    "row": ("对象", "row"),
    "result": ("结果", "result"),
    "text": ("说明", "text"),
    "finding": ("有问题", "finding"),
    "not_run": ("未能检查", "not run"),
    "unverified": ("待核实", "unverified"),
    "wrote": ("已写入 {0}", "wrote {0}"),
    "refused": ("该行有错误，未计入各表：", "the row has an error and is in no table: "),
    "file_row": ("工作簿", "workbook"),
    "file": ("工作簿 {0}，因子截至 {1}", "workbook {0}, factors by {1}"),
}

_Book = Annotated[
    Path | None,
    typer.Argument(
        exists=True, dir_okay=False, help="Workbook of monthly energy and output, or form 205-1."
    ),
]
_Enterprise = Annotated[
    str, typer.Option(help="Credit code; needed when there is more than one enterprise.")
]
_Home = Annotated[
    Path | None, typer.Option(help="Home folder whose published run is taken, without a workbook.")
]
_Out = Annotated[Path | None, typer.Option(dir_okay=False, help="Workbook to write: .xlsx.")]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="Only factors published by this day; today if not given."
    ),
]


def energy_use(
    year: Annotated[int, typer.Option(help="Year reported.")],
    file: _Book = None,
    out: _Out = None,
    enterprise: _Enterprise = "",
    home: _Home = None,
    as_of: _AsOf = None,
    region: Annotated[str, typer.Option(help="Region of the electricity factor.")] = "CN-FJ",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print tables and checks as JSON.")
    ] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Fill tables 2 to 4 of the energy-utilisation report and run their official checks."""
    from tanfeng.errors import DataError, ModelError, StandardError
    from tanfeng.sheets.energy_use_book import energy_use_workbook
    from tanfeng.sheets.energy_use_checks import checks

    if out is not None and out.suffix.lower() != ".xlsx":
        _wrong(pick(*_WORDS["suffix"]))
    if (file is None) == (home is None):
        _wrong(pick(*_WORDS["one"]))
    more: dict[str, Any] = {}
    problems: list[Problem] = []
    try:
        if file is not None:
            known = as_of.date() if as_of else _today()
            report, problems = _of_file(file, year, enterprise, known, region)
        else:
            assert home is not None  # noqa: S101 - one of the two was asked for above
            report, more = _of_home(home, year, enterprise, lang)
    except DataError as error:
        refuse(error.problems, as_json, lang)
    except (ModelError, StandardError) as error:
        _wrong(error.message(lang.value))
    found = checks(report)
    if out is not None:
        out.write_bytes(energy_use_workbook(report, lang=lang.value, **more))
    if as_json:
        told = {**_plain(report, found), "problems": [plain(one) for one in problems]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for problem in problems:
            typer.echo(f"{graded(problem.severity)}: {problem.line(lang)}")
        _print(report, found, lang)
        if out is not None:
            typer.echo(pick(*_WORDS["wrote"]).format(out))
    grave = any(one.status == "finding" and one.severity == "error" for one in found)
    sys.exit(1 if grave or problems else 0)


def _today() -> date:
    from tanfeng.periods import LOCAL

    return datetime.now(LOCAL).date()


def _none(where: object, enterprise: str, year: int) -> int:
    """Say that there is nothing; return the exit code."""
    typer.echo(pick(*_WORDS["none"]).format(where, enterprise, year), err=True)
    return 2


def _wrong(text: str) -> Any:
    typer.echo(text, err=True)
    sys.exit(2)


# ------------------------------------------------------------------------------ where from


def _of_file(
    file: Path, year: int, enterprise: str, known: date, region: str
) -> tuple[EnergyUse, list[Problem]]:
    import polars as pl

    from tanfeng import accounting, sheets
    from tanfeng.cli import account
    from tanfeng.errors import DataError
    from tanfeng.sheets import energy_use as tables

    results = sheets.read_all(file.read_bytes(), file.name, today=_today())
    read = [one for one in results if one.form and one.form.key in _ENERGY]
    if not any(one.accepted.height for one in read):
        raise DataError([p for one in results for p in one.problems])
    parts = [
        account._rows(one, i)
        for i, one in enumerate(account._latest_sums(read))
        if one.accepted.height
    ]
    activity = pl.concat(parts, how="diagonal").filter(pl.col("year").is_between(year - 1, year))
    names = account._names(read, activity) if activity.height else {}
    code = enterprise or (next(iter(names)) if len(names) == 1 else "")
    if not code and len(names) > 1:
        _wrong(pick(*_WORDS["which"]).format(len(names), ", ".join(sorted(names))))
    activity = activity.filter(pl.col("org_code") == code).drop(account._PLACE)
    if activity.filter(pl.col("year") == year).is_empty():
        _wrong(pick(*_WORDS["none"]).format(file.name, code, year))
    years = sorted(set(activity["year"]))
    factors = accounting.factor_set(years, region=region, as_of=known)
    report = tables.energy_use(
        code,
        names.get(code, ""),
        year,
        activity=activity,
        lines=accounting.account(activity, factors=factors).lines,
        outputs=_outputs(results, code),
        source=tuple(text.format(file.name, known) for text in _WORDS["file"]),  # type: ignore[arg-type]
        split=_stated(results, "stat_205_1", year),
        conversion=_stated(results, "stat_205_2", year),
    )
    refused = [p for one in results for p in one.problems if p.severity == "error"]
    return replace(report, remarks=(*map(_refused, refused), *report.remarks)), refused


def _refused(problem: Problem) -> Remark:
    """Return a row that was refused as a remark: what it says is in no table."""
    from tanfeng.sheets.energy_use import Remark

    zh, en = _WORDS["refused"]
    return Remark(
        "eur_t02", _WORDS["file_row"], f"{zh}{problem.line('zh')}", en + problem.line("en")
    )


_ENERGY = ("monthly_energy", "monthly_wide", "stat_205_1")


def _outputs(results: Sequence[ReadResult], code: str) -> pl.DataFrame:
    """Return the output rows of the enterprise in the same book."""
    import polars as pl

    types = (pl.Int32(), pl.String(), pl.String(), pl.Float64(), pl.Float64())
    empty = pl.DataFrame(schema=dict(zip(_OUTPUT, types, strict=True)))
    parts = [
        one.accepted.filter(pl.col("credit_code") == code).select(_OUTPUT)
        for one in results
        if one.form and one.form.key == "product_output" and one.accepted.height
    ]
    return pl.concat([empty, *parts], how="vertical_relaxed")


def _stated(
    results: Sequence[ReadResult], form: str, year: int
) -> dict[str, Mapping[str, float | None]]:
    """Return what a form 205-1 or 205-2 of December states: item -> every column."""
    for one in results:
        period = str(one.head.get("period") or "")
        if one.form and one.form.key == form and period in (f"{year}", f"{year}-12"):
            return {row["item_key"]: row for row in one.accepted.iter_rows(named=True)}
    return {}


def _of_home(
    home: Path, year: int, enterprise: str, lang: Lang
) -> tuple[EnergyUse, dict[str, Any]]:
    if not enterprise:
        _wrong(pick(*_WORDS["code"]))
    open_home(home)
    from django.utils import translation

    from tanfeng.console.accounting import energy_use as console
    from tanfeng.console.archive.models import Organisation
    from tanfeng.console.core import audit, lists, services

    user = services.system_user()
    organisation = Organisation.objects.filter(credit_code=enterprise).first()
    found = console.report(user, organisation, year) if organisation else None
    if found is None or organisation is None:
        sys.exit(_none(home, enterprise, year))
    run, report = found
    event = audit.record(
        "export.energy-use", user=user, thing=organisation, year=year, run=run.number
    )
    with translation.override("en" if lang is Lang.EN else "zh-hans"):
        stamp = lists.stamp(event)
    more = {"demo": organisation.is_demo, "as_of": run.as_of.date().isoformat(), "stamp": stamp}
    return report, more


# ------------------------------------------------------------------------------ telling


def _plain(report: EnergyUse, found: Sequence[Checked]) -> dict[str, Any]:
    from tanfeng.sheets.energy_use import Empty

    def cell(value: Any) -> Any:
        return {"empty": value.value} if isinstance(value, Empty) else value

    return {
        "org_code": report.org_code,
        "org_name": report.org_name,
        "year": report.year,
        "source_zh": report.source_zh,
        "source_en": report.source_en,
        "tables": {
            key: {
                "title_zh": table.title_zh,
                "title_en": table.title_en,
                "columns": [asdict(one) for one in table.columns],
                "rows": [{name: cell(value) for name, value in row.items()} for row in table.rows],
                "foot": [
                    {"label": label, "unit": unit, "value": cell(value)}
                    for label, unit, value in table.foot
                ],
            }
            for key, table in report.tables.items()
        },
        "remarks": [asdict(one) for one in report.remarks],
        "checks": [asdict(one) for one in found],
    }


def _print(report: EnergyUse, found: Sequence[Checked], lang: str) -> None:
    from rich.table import Table

    english = lang == "en"
    who = f"{report.org_name} {report.org_code}".strip()
    table = Table(title=pick(*_WORDS["title"]).format(who, report.year))
    for key in ("check", "row", "result", "text"):
        table.add_column(pick(*_WORDS[key]))
    for one in sorted(found, key=lambda one: one.status):
        if one.status == "passed":
            continue
        text = one.text_en if english else one.text_zh
        mark = f" {pick(*_WORDS['unverified'])}" if one.unverified else ""
        table.add_row(f"{one.check}{mark}", one.row[english], pick(*_WORDS[one.status]), text)
    console = open_console()
    console.print(table)
    passed = sum(one.status == "passed" for one in found)
    console.print(pick(f"通过 {passed} 项检查", f"{counted(passed, 'check')} passed"))
