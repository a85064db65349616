"""Results of ``tanfeng account`` to compare: the file of ``--json``, or a frozen run of a home."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.trace import (
    FACTOR_COLUMNS,
    FACTOR_SCHEMA,
    INPUT_COLUMNS,
    LINE_SCHEMA,
    Formula,
    Symbol,
    check_lines,
)

if TYPE_CHECKING:
    from tanfeng.accounting import Account
    from tanfeng.accounting.methods import MethodAccount

#: A result of one enterprise is far smaller; a larger file is something else. [byte]
_LIMIT = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Saved:
    """A result that can be compared with another of its sort.

    Parameters
    ----------
    label : str
        What it is called: the file, or the number of the run.
    account : Account or MethodAccount
        Lines and what they rest on.
    years : tuple of int
        Years it holds.
    orgs : mapping of str to str
        Credit code -> name, where it is known.
    methods : tuple of str
        Keys of the sector methods; empty for an account of monthly energy.
    streams : mapping of str to tuple
        Stream -> its name in Chinese and English; only those the method counts in its total.
    """

    label: str
    account: Account | MethodAccount
    years: tuple[int, ...]
    orgs: Mapping[str, str]
    methods: tuple[str, ...] = ()
    streams: Mapping[str, tuple[str, str]] | None = None


def from_file(path: Path) -> Saved:
    """Return the result a file of ``tanfeng account --json`` holds.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ModelError
        If it is no such file, or a number in it is not what its inputs give.
    """
    data = _read(path)
    try:
        saved = _method(path.name, data) if "method" in data else _energy(path.name, data)
    except (KeyError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError) as error:
        raise _no_result(path, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None
    _refuse_changed(path, saved.account)
    return saved


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError(f"there is no file {path}", f"没有文件 {path}")
    if path.stat().st_size > _LIMIT:
        raise _no_result(path, f"> {_LIMIT // 2**20} MB")
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _no_result(path, str(error)) from None
    if not isinstance(data, dict) or not {"lines", "factors", "formulas"} <= data.keys():
        raise _no_result(path, "lines, factors, formulas")
    return data


def _no_result(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path.name} is no saved result; save one with: tanfeng account FILE --year YEAR "
        f"--out result.json ({why})",
        f"{path.name} 不是保存的核算结果；请用 tanfeng account FILE --year YEAR --out result.json "
        f"保存（{why}）",
    )


def _method(label: str, data: Mapping[str, Any]) -> Saved:
    from tanfeng.accounting.methods import CHOICE_SCHEMA, GAP_SCHEMA, MethodAccount

    formulas = {one["key"]: _formula(one) for one in data["formulas"]}
    account = MethodAccount(
        lines=pl.DataFrame(
            [_method_line(one, formulas[one["formula"]]) for one in data["lines"]],
            schema=_plain_schema(),
        ),
        factors=pl.DataFrame(data["factors"], schema=FACTOR_SCHEMA),
        gaps=pl.DataFrame(schema=dict(GAP_SCHEMA)),
        formulas=formulas,
        streams=pl.DataFrame(data["rows"], schema_overrides=_ROWS).sort("activity_id"),
        choices=pl.DataFrame(schema=dict(CHOICE_SCHEMA)),
    )
    return Saved(
        label,
        account,
        (int(data["year"]),),
        {row["org_code"]: row["org_name"] for row in data["totals"]},
        (str(data["method"]["key"]),),
        counted(data["streams"]),
    )


_ROWS = {
    "activity_id": pl.Int64(),
    "org_code": pl.String(),
    "unit": pl.String(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "stream": pl.String(),
    "item": pl.String(),
}


def counted(streams: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return the names of the streams a method counts in its total.

    Parameters
    ----------
    streams : sequence of mapping
        As :meth:`tanfeng.sheets.method_account.Answer.streams` gives them.
    """
    return {one["stream"]: (one["name_zh"], one["name_en"]) for one in streams if one["in_total"]}


def _method_line(line: Mapping[str, Any], formula: Formula) -> dict[str, Any]:
    """Return a line as the engine keeps it: inputs in the order of the formula's symbols."""
    inputs = {one["symbol"]: one for one in line["inputs"]}
    own = {name: line[name] for name in LINE_SCHEMA if name in line}
    own["item_key"] = line["item"]
    for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
        own[x], own[f] = inputs[symbol.name]["value"], inputs[symbol.name]["factor"]
    return own


def _formula(kept: Mapping[str, Any]) -> Formula:
    symbols = tuple(Symbol(**one) for one in kept["symbols"])
    return Formula(**{**kept, "symbols": symbols})


def _plain_schema() -> dict[str, pl.DataType]:
    return {
        name: pl.String() if isinstance(kind, pl.Categorical) else kind
        for name, kind in LINE_SCHEMA.items()
    }


def _energy(label: str, data: Mapping[str, Any]) -> Saved:
    from tanfeng import accounting

    lines = pl.DataFrame(
        [{name: one[name] for name in LINE_SCHEMA} for one in data["lines"]],
        schema=_plain_schema(),
    )
    account = accounting.Account(
        lines=lines.cast({name: pl.Categorical() for name in ("org_code", "item_key")}),
        factors=pl.DataFrame(data["factors"], schema=FACTOR_SCHEMA),
        gaps=pl.DataFrame(),
        notes=pl.DataFrame(),
        options=data["manifest"]["options"],
        factor_digest=data["manifest"]["factor_digest"],
    )
    return Saved(
        label,
        account,
        (int(data["year"]),),
        {row["org_code"]: row["org_name"] for row in data["enterprises"]},
    )


def _refuse_changed(path: Path, account: Account | MethodAccount) -> None:
    """Refuse a result whose numbers do not follow from their inputs."""
    from tanfeng import accounting

    formulas = getattr(account, "formulas", accounting.FORMULAS)
    bad = check_lines(account.lines, _numbered(account.factors), formulas)
    if bad.height:
        raise ModelError(
            f"{path.name} was changed: line {bad['line'][0]} is not what its inputs give",
            f"{path.name} 被改动过：第 {bad['line'][0]} 行与其输入值计算的结果不符",
        )


def _numbered(factors: pl.DataFrame) -> pl.DataFrame:
    """Fill the numbers of factors that were left out because no line points to them."""
    last = factors["factor"].max() or 0
    every = pl.DataFrame({"factor": range(1, int(str(last)) + 1)}, schema={"factor": pl.UInt32})
    return every.join(factors, on="factor", how="left", maintain_order="left")


# ------------------------------------------------------------------------------ frozen runs


def from_home(number: str) -> Saved:
    """Return a frozen run of the home that was opened.

    Parameters
    ----------
    number : str
        ``12`` for run 12 of the city, ``M7`` for account 7 by a sector method.

    Raises
    ------
    ModelError
        If there is no such run.
    """
    if number[:1] in "Mm" and number[1:].isdecimal():
        return _frozen_method(int(number[1:]))
    if number.isdecimal():
        return _frozen_run(int(number))
    raise ModelError(
        f"{number} is no number of a run; write 12 for run 12 of the city, M7 for account 7 by a "
        "sector method",
        f"{number} 不是编号；全市核算写 12，按行业方法的核算写 M7",
    )


def _frozen_method(number: int) -> Saved:
    from tanfeng.console.accounting import method_files
    from tanfeng.console.accounting.models import MethodRun

    run = MethodRun.objects.select_related("organisation").filter(number=number).first()
    if run is None:
        raise ModelError(f"this home has no account M{number}", f"此数据目录没有核算 M{number}")
    kept = method_files.opened(run)
    return Saved(
        f"M{number}",
        replace(kept.account, streams=kept.account.streams.sort("activity_id")),
        (run.year,),
        {run.organisation.credit_code: run.organisation.name},
        (run.method_key,),
        counted(kept.told["streams"]),
    )


def _frozen_run(number: int) -> Saved:
    from tanfeng.console.accounting import compare, figures
    from tanfeng.console.accounting.models import Run

    run = Run.objects.filter(number=number).first()
    if run is None:
        raise ModelError(f"this home has no run {number}", f"此数据目录没有第 {number} 次核算")
    account = compare.whole(run)
    codes = account.lines["org_code"].cast(pl.String).unique().to_list()
    names = figures.names_of("org_code", codes)
    return Saved(str(number), account, tuple(range(run.first_year, run.last_year + 1)), names)
