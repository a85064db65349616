"""``tanfeng pathway solve``: an OSeMOSYS model folder at least cost."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tanfeng.cli._lang import InLang, Lang, counted, graded, pick
from tanfeng.cli._output import plain, refuse

if TYPE_CHECKING:
    from tanfeng.pathway.osemosys import Result

_CAP = re.compile(r"(?:(?P<region>[^/]+)/)?(?P<emission>[^:]+):(?P<year>\d+)=(?P<value>.+)")
#: Lines of one kind a person is shown; --json has all of them.
_SHOWN = 20
STATUS = {
    "optimal": ("最优", "optimal"),
    "infeasible": ("无解", "infeasible"),
    "unbounded": ("成本无下限", "unbounded"),
    "infeasible_or_unbounded": ("无解或成本无下限", "infeasible or unbounded"),
    "time_limit": ("到时未完", "time limit reached"),
    "cancelled": ("已取消", "cancelled"),
}
_WHY = {
    "demand": ("其他限制都守住时，缺的需求：", "Demand that is lacking when every limit holds:"),
    "limits": ("需求都满足时，守不住的限制：", "Limits that are broken when all demand is met:"),
    "both": (
        "只放松需求或只放松限制都不够，两者合起来最少差：",
        "Neither is enough alone; the least of both together:",
    ),
}
_Folder = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="otoole folder of CSV files.")
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
_Out = Annotated[
    Path | None, typer.Option(file_okay=False, help="Write the result tables to this folder.")
]
_Caps = Annotated[
    list[str] | None,
    typer.Option(
        "--cap",
        metavar="EMISSION:YEAR=VALUE",
        help="Limit an emission in a year, in the unit of the model; may be given again. With "
        "several regions: REGION/EMISSION:YEAR=VALUE.",
    ),
]
_Limit = Annotated[
    float | None, typer.Option("--time-limit", min=0.0, help="Seconds the solver may take.")
]


class _Cap(NamedTuple):
    emission: str
    year: int
    value: float
    region: str


def solve(
    folder: _Folder,
    cap: _Caps = None,
    out: _Out = None,
    time_limit: _Limit = None,
    as_json: _AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Solve an OSeMOSYS model folder at least cost."""
    from tanfeng.errors import DataError, ModelError
    from tanfeng.pathway.osemosys import Model, read_folder
    from tanfeng.pathway.solver import Options

    caps = [_cap(text) for text in cap or ()]
    options = Options(time_limit=math.inf if time_limit is None else time_limit)
    try:
        model = Model(read_folder(folder), options)
        for one in caps:
            model.cap(one.emission, one.year, one.value, one.region)
        result = model.solve()
    except DataError as error:
        refuse(error.problems, as_json, lang.value)
    except ModelError as error:
        typer.echo(error.message(lang.value), err=True)
        sys.exit(2)
    files = result.write(out) if out is not None and result.has_values else ()
    if as_json:
        typer.echo(json.dumps(_plain(result, files), ensure_ascii=False))
    else:
        _print(result, files, out, lang)
    sys.exit(0 if result.status == "optimal" else 1)


def _cap(text: str) -> _Cap:
    """Understand ``EMISSION:YEAR=VALUE``."""
    found = _CAP.fullmatch(text)
    value = math.nan
    if found is not None:
        with contextlib.suppress(ValueError):
            value = float(found["value"])
    if found is None or math.isnan(value):
        told = pick(
            f"--cap 的写法是 排放物:年份=数值，例如 CO2:2030=120；实际为 {text}",
            f"--cap is written EMISSION:YEAR=VALUE, for example CO2:2030=120; it is {text}",
        )
        raise typer.BadParameter(told)
    return _Cap(found["emission"], int(found["year"]), value, found["region"] or "")


def _plain(result: Result, files: tuple[str, ...]) -> dict[str, Any]:
    """Return the result as plain data; a number that is not there is null."""
    columns, rows = result.size
    has = result.has_values
    return {
        "status": result.status,
        "objective": result.objective if has else None,
        "gap": result.gap if has else None,
        "columns": columns,
        "rows": rows,
        "lacking": {
            question: [lack.plain() for lack in lacks] for question, lacks in result.lacking.items()
        },
        "warnings": [plain(one) for one in result.warnings],
        "files": list(files),
    }


def _print(result: Result, files: tuple[str, ...], out: Path | None, lang: Lang) -> None:
    for warning in result.warnings[:_SHOWN]:
        typer.echo(f"{graded(warning.severity)}: {warning.line(lang.value)}", err=True)
    _more(len(result.warnings))
    typer.echo(f"{pick('状态', 'status')}: {pick(*STATUS[result.status])}")
    if result.has_values:
        typer.echo(f"{pick('总成本（折现）', 'discounted cost')}: {result.objective:.10g}")
    for question, lacks in result.lacking.items():
        typer.echo(pick(*_WHY[question]))
        for lack in lacks[:_SHOWN]:
            typer.echo(f"  {lack.text(lang.value)}")
        _more(len(lacks))
    if files:
        told = pick(f"已写出 {len(files)} 个结果表", f"wrote {counted(len(files), 'result table')}")
        typer.echo(f"{told}: {out}")


def _more(count: int) -> None:
    if count > _SHOWN:
        rest = count - _SHOWN
        typer.echo(pick(f"  另有 {rest} 条，见 --json", f"  {rest} more, see --json"), err=True)
