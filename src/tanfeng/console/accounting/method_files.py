"""The folder of a frozen method account: what is written once, and how it is read.

``settings.RUNS/methods/<number>/`` holds the workbook as it was handed in (``workbook``), the
tables of the account as Parquet, what a page shows as ``answer.json``, and the manifest.

Nothing here asks for rights: pages get the account through ``rights``, which does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from django.conf import settings

from tanfeng.accounting import methods
from tanfeng.accounting.methods import METHODS, MethodAccount
from tanfeng.console.accounting.models import MethodRun
from tanfeng.errors import ModelError, Problem
from tanfeng.sheets.method_account import Answer
from tanfeng.sheets.method_rows import read_method
from tanfeng.trace import Formula, Symbol

if TYPE_CHECKING:
    import datetime as dt

WORKBOOK, ANSWER = "workbook", "answer.json"
TABLES = ("lines", "factors", "gaps", "streams", "choices", "findings")


@dataclass(frozen=True, slots=True)
class Kept:
    """A method account, opened for reading.

    Parameters
    ----------
    told : mapping
        What a page shows: streams, lines with inputs and cells, choices, problems, places.
    account : MethodAccount
        The tables and formulas as they were computed.
    findings : polars.DataFrame
        What a verifier looks at first.
    content : bytes
        The workbook.
    """

    told: Mapping[str, Any]
    account: MethodAccount
    findings: pl.DataFrame
    content: bytes

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line, streams in the order of the report."""
        return list(self.told["lines"])


def folder_of(run: MethodRun) -> Path:
    """Return the folder of a method account."""
    return Path(settings.RUNS) / "methods" / str(run.number)


def write(folder: Path, answer: Answer, content: bytes) -> dict[str, str]:
    """Write an account and its workbook.

    Returns
    -------
    dict
        File name -> SHA-256.
    """
    account = answer.account
    tables = {
        "lines": account.lines,
        "factors": account.factors,
        "gaps": account.gaps,
        "streams": account.streams,
        "choices": account.choices,
        "findings": methods.findings(account, [answer.method]),
    }
    for name in TABLES:
        table = tables[name].with_columns(pl.col(pl.Categorical).cast(pl.String))
        table.write_parquet(folder / f"{name}.parquet")
    (folder / WORKBOOK).write_bytes(content)
    _write_json(folder / ANSWER, _told(answer))
    return _digests(folder)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Lay the manifest beside the tables, so that the folder speaks for itself."""
    _write_json(folder / "manifest.json", manifest)


def put_in_place(folder: Path, run: MethodRun) -> None:
    """Give the folder its final name; an account with that number must not be there yet."""
    target = folder_of(run)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)


def remove(run: MethodRun) -> None:
    """Take the folder of an account that was not committed away again."""
    shutil.rmtree(folder_of(run), ignore_errors=True)


def opened(run: MethodRun) -> Kept:
    """Open an account; it stays in memory, which is safe because it never changes."""
    return _opened(folder_of(run), str(run.pk))


def broken_files(run: MethodRun) -> list[str]:
    """Return the files of an account that are not what the manifest says, empty when all are."""
    expected: dict[str, str] = run.manifest.get("files", {})
    try:
        found = _digests(folder_of(run))
    except OSError:
        return sorted(expected)
    return sorted(name for name in expected if found.get(name) != expected[name])


def answer(run: MethodRun, today: dt.date) -> Answer:
    """Return the account as the report takes it, its numbers from the files.

    Parameters
    ----------
    run : MethodRun
        The account.
    today : date
        Day the workbook was read on.

    Raises
    ------
    ModelError
        If this version reads other lines out of the workbook than were frozen.
    """
    kept = opened(run)
    method = METHODS.get(run.method_key)
    if method is None:
        raise ModelError(
            f"this version has no method {run.method_key}", f"本版本没有方法 {run.method_key}"
        )
    read = read_method(kept.content, run.file_name, method, today=today, year=run.year)
    accounted = set(kept.account.streams["activity_id"])
    refused = {
        number
        for frame in read.frames.values()
        for number in frame["activity_id"]
        if number not in accounted
    }
    frozen = [Problem(**one) for one in kept.told["problems"]]
    known = set(read.problems)
    read = read.without(refused).with_problems(one for one in frozen if one not in known)
    found = Answer(method, run.year, run.as_of, read, kept.account, read.gaps(kept.account))
    if _plain(list(found.lines())) != kept.told["lines"]:
        raise ModelError(
            f"this version reads the workbook of account M{run.number} differently; account it "
            "again to have a report",
            f"本版本对核算 M{run.number} 的工作簿读取结果不同，请重新核算后再出报告",
        )
    return found


@lru_cache(maxsize=16)
def _opened(folder: Path, _key: str) -> Kept:
    told = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    table = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    return Kept(
        told=told,
        account=MethodAccount(
            lines=table["lines"],
            factors=table["factors"],
            gaps=table["gaps"],
            formulas={one["key"]: _formula(one) for one in told["formulas"]},
            streams=table["streams"],
            choices=table["choices"],
            refused=pl.DataFrame(told.get("refused", []), schema=dict(methods.REFUSED_SCHEMA)),
        ),
        findings=table["findings"],
        content=(folder / WORKBOOK).read_bytes(),
    )


def _formula(kept: Mapping[str, Any]) -> Formula:
    symbols = tuple(Symbol(**one) for one in kept["symbols"])
    return Formula(**{**kept, "symbols": symbols})


def _told(answer: Answer) -> dict[str, Any]:
    """Return what a page shows as plain data."""
    method, account = answer.method, answer.account
    used = {str(key) for key in account.lines["formula"].unique()}
    return {
        "method": {
            name: getattr(method, name)
            for name in (
                "key", "number", "title_zh", "title_en", "edition", "valid_from", "valid_to",
                "market", "boundary_zh", "boundary_en", "doubts_zh", "doubts_en",
            )
        },
        "streams": answer.streams(),
        "lines": list(answer.lines()),
        "choices": answer.choices(),
        "units": answer.units(),
        "problems": [asdict(one) for one in answer.problems],
        "refused": account.refused.to_dicts(),
        "formulas": [asdict(account.formulas[key]) for key in sorted(used)],
        "places": {
            str(number): answer.read.place(number) for number in account.streams["activity_id"]
        },
    }  # fmt: skip


def _plain(data: Any) -> Any:
    return json.loads(json.dumps(data, ensure_ascii=False, default=str))


def _write_json(path: Path, data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, default=str)
    path.write_text(text, encoding="utf-8")


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for name in (*(f"{table}.parquet" for table in TABLES), ANSWER, WORKBOOK):
        with (folder / name).open("rb") as stream:
            found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found
