"""``tanfeng pathway plants`` and ``curve``: what each plant changes to, and what that costs."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._output import open_console, refuse
from tanfeng.cli._pathway_solve import STATUS

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.pathway.curve import Curve
    from tanfeng.pathway.plants import Plan, Plants

_CAP = re.compile(r"(\d{4})=([0-9.eE+]+)")
#: Rows of one kind a person is shown; --json and --out have all of them.
_SHOWN = 40
_File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Workbook of plants, .xlsx.")
]
_Shares = Annotated[
    bool, typer.Option("--shares", help="Shares of facilities instead of whole decisions.")
]
_Caps = Annotated[
    list[str] | None,
    typer.Option(
        "--cap", metavar="YEAR=TONNES", help="Greatest emission of a year, t; may be given again."
    ),
]
_Gap = Annotated[
    float, typer.Option("--gap", min=0.0, max=1.0, help="Share the cost may lie above the best.")
]
_Limit = Annotated[
    float | None, typer.Option("--time-limit", min=0.0, help="Seconds the solver may take.")
]
_Out = Annotated[Path | None, typer.Option(dir_okay=False, help="Write the tables as .xlsx.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
_LACKING = {
    "cap": ("排放超过上限", "t", "emission above the cap"),
    "budget": ("投资超过预算", "CNY", "investment above the budget"),
    "demand": ("产量不足", "t", "output lacking"),
    "peak_year": ("排放高于达峰年", "t", "emission above the peak year's"),
    "deadline": ("未达到基准水平的份额", "", "share below the baseline"),
    "replacement": ("应退出而未退出的产能", "t", "capacity not replaced"),
    "whole": (
        "部分改造可以守住各项限制，整设施改造不能",
        "",
        "shares of facilities could keep to every limit, whole facilities cannot",
    ),
}
_AT = {"switch": ("大修之外", "between overhauls"), "overhaul": ("大修时", "at an overhaul")}
_HEADINGS = {
    "facility": ("设施", "facility"),
    "option": ("选项", "option"),
    "year": ("年份", "year"),
    "at": ("时机", "when"),
    "share": ("份额", "share"),
    "invested_cny": ("投资 (元)", "invested (CNY)"),
    "emission_tco2": ("排放量 (tCO2)", "emission (tCO2)"),
    "cap_price_cny_per_t": ("上限影子价格 (元/t)", "price of the cap (CNY/t)"),
    "limit": ("限制", "limit"),
    "of": ("对象", "of"),
    "amount": ("缺口", "amount"),
    "avoided_tco2": ("减排量 (tCO2)", "avoided (tCO2)"),
    "output_t": ("产量变化 (t)", "change of output (t)"),
    "investment_cny": ("投资，折现 (元)", "investment, discounted (CNY)"),
    "running_cny": ("运行费，折现 (元)", "running cost, discounted (CNY)"),
    "cost_cny": ("成本，折现 (元)", "cost, discounted (CNY)"),
    "carbon_cny": ("碳价支出，折现 (元)", "paid for carbon, discounted (CNY)"),
    "cny_per_t": ("单位成本 (元/t)", "cost per tonne (CNY/t)"),
    "from_t": ("累计自 (tCO2)", "from (tCO2)"),
    "to_t": ("累计至 (tCO2)", "to (tCO2)"),
    "now_tco2": ("照旧排放 (tCO2)", "as it is now (tCO2)"),
    "plan_tco2": ("方案排放 (tCO2)", "with the plan (tCO2)"),
}


def plants(
    file: _File,
    shares: _Shares = False,
    cap: _Caps = None,
    gap: _Gap = 1e-4,
    time_limit: _Limit = None,
    out: _Out = None,
    as_json: _AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Find what each plant changes to, and when, at least cost."""
    _, plan = _solved(file, shares, cap, gap, time_limit, out, as_json, lang)
    frames = {
        ("改造选择", "choices"): plan.choices,
        ("年份", "years"): plan.years,
        ("运行份额", "shares"): plan.shares,
        ("缺口", "lacking"): plan.lacking,
    }
    has = not plan.shares.is_empty()
    if out is not None:
        _write(frames, out, lang)
    if as_json:
        told = {
            "status": plan.status,
            "cost_cny": plan.cost_cny if has else None,
            "gap": plan.gap if math.isfinite(plan.gap) else None,
            **{en: frame.to_dicts() for (_, en), frame in frames.items()},
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print_plan(plan, has)
        _written(out)
    sys.exit(0 if plan.status == "optimal" else 1)


def curve(
    file: _File,
    shares: _Shares = False,
    cap: _Caps = None,
    gap: _Gap = 1e-4,
    time_limit: _Limit = None,
    out: _Out = None,
    as_json: _AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Solve the plants, then tell what each choice avoids and costs."""
    from tanfeng.pathway.curve import curve as laid_out

    made, plan = _solved(file, shares, cap, gap, time_limit, out, as_json, lang)
    if plan.shares.is_empty():
        if as_json:
            told = {"status": plan.status, "lacking": plan.lacking.to_dicts()}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            _print_plan(plan, has=False)
        sys.exit(1)
    found = laid_out(made, plan)
    frames = {
        ("成本曲线", "steps"): found.steps,
        ("无减排量", "apart"): found.apart,
        ("年份", "years"): found.years,
        ("逐年减排", "by_year"): found.by_year,
    }
    if out is not None:
        _write(frames, out, lang)
    if as_json:
        names = ("avoided_tco2", "output_t", "cost_cny", "carbon_cny")
        answer: dict[str, Any] = {
            "status": plan.status,
            "now_cny": found.now_cny,
            "plan_cny": found.plan_cny,
            "total": {name: found.total(name) for name in names},
            **{en: frame.to_dicts() for (_, en), frame in frames.items()},
        }
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _print_curve(found)
        _written(out)
    sys.exit(0 if plan.status == "optimal" else 1)


def _solved(
    file: Path,
    shares: bool,
    cap: list[str] | None,
    gap: float,
    time_limit: float | None,
    out: Path | None,
    as_json: bool,
    lang: Lang,
) -> tuple[Plants, Plan]:
    """Read a workbook and solve it, or say why not and end."""
    from dataclasses import replace

    from tanfeng.errors import DataError, ModelError
    from tanfeng.pathway.plants import Plants
    from tanfeng.pathway.solver import Options
    from tanfeng.sheets.plant_book import read_plants

    if out is not None and out.suffix.lower() != ".xlsx":
        raise typer.BadParameter(pick("--out 应为 .xlsx", "--out should be .xlsx"))
    caps = dict(_cap(text) for text in cap or ())
    options = Options(time_limit=math.inf if time_limit is None else time_limit, gap=gap)
    try:
        book = read_plants(file.read_bytes(), file.name)
        limits = replace(book.limits, cap_tco2={**book.limits.cap_tco2, **caps})
        made = Plants(
            book.facilities,
            book.options,
            book.years,
            book.outlook,
            limits,
            decisions="shares" if shares else "whole",
            options_of_solver=options,
        )
        return made, made.solve()
    except DataError as error:
        refuse(error.problems, as_json, lang.value)
    except ModelError as error:
        typer.echo(error.message(lang.value), err=True)
        sys.exit(2)


def _cap(text: str) -> tuple[int, float]:
    """Understand ``YEAR=TONNES``."""
    found = _CAP.fullmatch(text)
    try:
        return int(found[1]), float(found[2])  # type: ignore[index]
    except (TypeError, ValueError):
        told = pick(
            f"--cap 的写法是 年份=吨，例如 2030=1200000；实际为 {text}",
            f"--cap is written YEAR=TONNES, for example 2030=1200000; it is {text}",
        )
        raise typer.BadParameter(told) from None


def _print_plan(plan: Plan, has: bool) -> None:
    typer.echo(f"{pick('状态', 'status')}: {pick(*STATUS[plan.status])}")
    if has:
        typer.echo(
            f"{pick('总成本，折现 (元)', 'cost, discounted (CNY)')}: {plan.cost_cny:,.0f}"
            f"  ({pick('差距', 'gap')} {plan.gap:.2%})"
        )
        _shown(pick("改造选择", "Choices"), plan.choices)
        _shown(pick("年份", "Years"), plan.years)
    for row in plan.lacking.iter_rows(named=True):
        zh, unit, en = _LACKING[row["limit"]]
        about = " ".join(str(one) for one in (row["year"], row["of"]) if one)
        unit = pick("元", "CNY") if unit == "CNY" else unit
        amount = "" if row["amount"] is None else f"{row['amount']:,.6g} {unit}"
        typer.echo(" ".join(one for one in (about, pick(zh, en), amount.strip()) if one))


def _print_curve(found: Curve) -> None:
    names = ("facility", "option", "cny_per_t", "avoided_tco2", "to_t", "cost_cny", "output_t")
    _shown(pick("减排成本曲线", "Abatement cost curve"), found.steps.select(names))
    if not found.apart.is_empty():
        frame = found.apart.select("facility", "option", "avoided_tco2", "cost_cny", "output_t")
        _shown(pick("没有减排量的选择", "Choices that avoid nothing"), frame)
    words = (
        (pick("合计减排 (tCO2)", "avoided in all (tCO2)"), found.total("avoided_tco2")),
        (pick("合计成本，折现 (元)", "cost in all, discounted (CNY)"), found.total("cost_cny")),
        (
            pick("碳价支出，折现 (元)", "paid for carbon, discounted (CNY)"),
            found.total("carbon_cny"),
        ),
        (
            pick("方案与照旧之差 (元)", "the plan less everything as it is (CNY)"),
            found.plan_cny - found.now_cny,
        ),
    )
    for word, value in words:
        typer.echo(f"{word}: {value:,.0f}")


def _shown(title: str, frame: pl.DataFrame) -> None:
    """Print the first rows of a table; numbers to the unit, shares and prices to two places."""
    from rich.table import Table

    table = Table(title=title)
    for name in frame.columns:
        table.add_column(pick(*_HEADINGS[name]))
    for row in frame.head(_SHOWN).iter_rows(named=True):
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    open_console().print(table)
    if frame.height > _SHOWN:
        rest = frame.height - _SHOWN
        told = pick(f"另有 {rest} 行，见 --json 或 --out", f"{rest} more, see --json or --out")
        typer.echo(told, err=True)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "—"
    if name == "at":
        return pick(*_AT[value])
    if isinstance(value, float):
        return f"{value:,.2f}" if name in ("share", "cny_per_t") else f"{value:,.0f}"
    return str(value)


def _written(out: Path | None) -> None:
    if out is not None:
        typer.echo(pick(f"已写入 {out}", f"wrote {out}"))


def _write(frames: dict[tuple[str, str], pl.DataFrame], out: Path, lang: Lang) -> None:
    from tanfeng.sheets import ListColumn, ListTable, tables_workbook

    english = lang is Lang.EN
    tables = [
        ListTable(
            names[english].replace("_", " "),
            [ListColumn(name, *_HEADINGS[name]) for name in frame.columns],
            frame,
        )
        for names, frame in frames.items()
    ]
    out.write_bytes(tables_workbook(tables, lang=lang.value))
