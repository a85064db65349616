"""An otoole folder: one CSV file for each set and parameter, read whole before anything is refused.

A file of a set has the column ``VALUE``; one of a parameter the columns of its axes and ``VALUE``.
A file that is not there gives no rows. Everything wrong is found before the folder is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tanfeng.errors import DataError, ModelError, Problem
from tanfeng.pathway.osemosys import _checks
from tanfeng.pathway.osemosys._case import NO_LIMIT, Case, Table
from tanfeng.pathway.osemosys._config import config_of, read_defaults
from tanfeng.pathway.osemosys._rules import Say, problem
from tanfeng.pathway.osemosys._schema import (
    OTHER_REGION,
    PARAMETERS,
    SETS,
    TOLD,
    headings,
)

#: Findings of one rule in one file that are listed; the rest are only counted by their like.
_LISTED = 20
#: From here on a limit of old data probably means none.
_HUGE = 999_999
_RANGES = {
    "positive": ("不小于 0", "0 or more"),
    "cap": ("不小于 0", "0 or more"),
    "switch": ("0 或 1", "0 or 1"),
    "share": ("0 至 1", "0 to 1"),
    "life": ("大于 0", "above 0"),
    "method": ("1 或 2", "1 or 2"),
    "rate": ("大于 -1", "above -1"),
}


def read_folder(folder: Path) -> Case:
    """Read a model from an otoole folder of CSV files.

    Parameters
    ----------
    folder : Path
        One CSV file for each set and parameter. Defaults come from a ``config.yaml`` in it or
        beside it, else they are the usual ones of the formulation.

    Returns
    -------
    Case
        The model; ``warnings`` tells how doubtful things were read.

    Raises
    ------
    DataError
        With every error found, and the warnings.
    ModelError
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"there is no folder {folder}", f"没有文件夹 {folder}")
    problems: list[Problem] = []
    files = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    problems += [
        problem("LC10", file=path.name, value=stem)
        for stem, path in files.items()
        if stem not in SETS and stem not in PARAMETERS
    ]
    defaults, config_problems = _defaults(folder)
    problems += config_problems
    sets = {name: _set(name, files.get(name), problems) for name in SETS}
    tables = {
        name: table
        for name in PARAMETERS
        if name in files and (table := _table(name, files[name], sets, problems)) is not None
    }
    problems += _told_defaults(defaults, tables, sets)
    case = Case(sets, tables, {**_usual(), **defaults})
    if not any(one.severity == "error" for one in problems):
        case = _own_rates(case, "DiscountRateIdv" in defaults)
        problems += _checks.across(case)
    if any(one.severity == "error" for one in problems):
        raise DataError(problems)
    return Case(case.sets, case.tables, case.defaults, tuple(problems))


def write_folder(case: Case, folder: Path) -> None:
    """Write a model as an otoole folder, defaults in ``config.yaml``; read again it is the same.

    Parameters
    ----------
    case : Case
        The model.
    folder : Path
        Made if it is not there; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, members in case.sets.items():
        pl.DataFrame({"VALUE": list(members)}, schema={"VALUE": pl.String}).write_csv(
            folder / f"{name}.csv"
        )
    lines: list[str] = []
    for name, parameter in PARAMETERS.items():
        table = case.tables.get(name)
        none = [np.empty(0, np.intp)] * len(parameter.axes)
        codes = zip(headings(name), parameter.axes, table.codes if table else none, strict=False)
        columns = [
            pl.Series(axis, case.sets[axis], pl.String).gather(pl.Series(code)).alias(heading)
            for heading, axis, code in codes
        ]
        frame = pl.DataFrame(columns).with_columns(
            pl.Series("VALUE", table.values if table else [], dtype=pl.Float64)
        )
        frame.write_csv(folder / f"{name}.csv")
        indices = ",".join(headings(name)[:-1])
        lines += [f"{name}:", f"    indices: [{indices}]", "    type: param", "    dtype: float"]
        lines.append(f"    default: {case.defaults[name]!r}")
    for name, (_needed, whole) in SETS.items():
        lines += [f"{name}:", f"    dtype: {'int' if whole else 'str'}", "    type: set"]
    (folder / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _usual() -> dict[str, float]:
    return {name: float(parameter.default) for name, parameter in PARAMETERS.items()}


def _defaults(folder: Path) -> tuple[dict[str, float], list[Problem]]:
    file = config_of(folder)
    return read_defaults(file) if file is not None else ({}, [])


def _own_rates(case: Case, configured: bool) -> Case:
    """Give a technology without a rate of its own the rate of its region."""
    if configured:
        return case
    own = np.repeat(case.full("DiscountRate")[:, None], case.size("TECHNOLOGY"), axis=1)
    if "DiscountRateIdv" in case.tables:
        given = case.tables["DiscountRateIdv"]
        own[given.codes] = given.values
    places = tuple(one.reshape(-1) for one in np.indices(own.shape))
    tables = {**case.tables, "DiscountRateIdv": Table(places, own.reshape(-1))}
    return Case(case.sets, tables, case.defaults)


def _told_defaults(
    defaults: Mapping[str, float],
    tables: Mapping[str, Table],
    sets: Mapping[str, tuple[str, ...]],
) -> Iterator[Problem]:
    for name, needed in TOLD.items():
        if name not in defaults and name not in tables and sets[needed]:
            yield problem("LC16", file=f"{name}.csv", name=name, value=PARAMETERS[name].default)


def _text(file: Path, problems: list[Problem]) -> pl.DataFrame:
    """Read a file as text, every cell; an empty file has no column."""
    content = file.read_bytes()
    if not content.strip():
        return pl.DataFrame()
    try:
        frame = pl.read_csv(content, infer_schema=False)
    except pl.exceptions.ComputeError as error:
        problems.append(problem("LC22", file=file.name, value=str(error).partition("\n")[0]))
        return pl.DataFrame()
    return frame.select(pl.all().str.strip_chars())


def _set(name: str, file: Path | None, problems: list[Problem]) -> tuple[str, ...]:
    """Read the members of a set: numbers in their order, names as they come."""
    needed, whole = SETS[name]
    frame = _text(file, problems) if file is not None else pl.DataFrame()
    if file is not None and frame.width and frame.columns != ["VALUE"]:
        told: Say = {"known": "VALUE", "value": ", ".join(frame.columns)}
        problems.append(problem("LC02", file=file.name, **told))
        return ()
    members: dict[str, int] = {}
    for row, member in enumerate(frame["VALUE"].to_list() if frame.width else [], 2):
        if member is None:
            continue
        text = _whole(member) if whole else member
        place: Say = {"file": f"{name}.csv", "row": row, "column": "A", "heading": "VALUE"}
        if text in members:
            problems.append(problem("LC06", other=members[text], value=member, **place))
        elif whole and not text.lstrip("-").isdigit():
            problems.append(problem("LC07", value=member, **place))
        else:
            members[text] = row
    if needed and not members:
        problems.append(problem("LC01", file=f"{name}.csv", name=name))
    return tuple(sorted(members, key=int)) if whole else tuple(members)


def _whole(text: str) -> str:
    """Write ``2020.0`` as ``2020``; anything else stays."""
    head, point, tail = text.partition(".")
    return head if point and not tail.strip("0") else text


def _table(
    name: str, file: Path, sets: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> Table | None:
    """Read the rows of a parameter; None where there are none or they cannot be read."""
    frame = _text(file, problems)
    if frame.is_empty():
        return None
    known, axes = headings(name), PARAMETERS[name].axes
    frame = _renamed(name, frame)
    if sorted(frame.columns) != sorted(known):
        told: Say = {"known": ", ".join(known), "value": ", ".join(frame.columns)}
        problems.append(problem("LC02", file=file.name, **told))
        return None
    letters = {heading: chr(65 + at) for at, heading in enumerate(frame.columns)}
    coded = frame.select(known).with_row_index("_row", offset=2)
    coded = coded.filter(~pl.all_horizontal(pl.exclude("_row").is_null()))
    before = len(problems)
    codes: list[pl.Series] = []
    for heading, axis in zip(known, axes, strict=False):
        code = _codes(coded[heading], sets[axis], whole=SETS[axis][1])
        bad = coded.filter(code.is_null())
        problems += _listed("LC03", file.name, bad, heading, letters, name=axis)
        codes.append(code)
    values = coded["VALUE"].cast(pl.Float64, strict=False)
    bad = coded.filter(values.is_null() | ~values.is_finite().fill_null(False))
    problems += _listed("LC04", file.name, bad, "VALUE", letters)
    problems += _outside(name, file.name, coded, values, letters)
    if len(problems) > before:
        return None
    problems += _twice(file.name, coded, known[:-1])
    problems += _sentinels(name, file.name, values)
    return Table(tuple(code.to_numpy().astype(np.intp) for code in codes), values.to_numpy().copy())


def _renamed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the second region of a trade route its name; many write REGION twice."""
    columns = frame.columns
    if name != "TradeRoute" or len(columns) != len(headings(name)) or columns[0] != "REGION":
        return frame
    return frame.rename({columns[1]: OTHER_REGION})


def _codes(texts: pl.Series, members: tuple[str, ...], *, whole: bool) -> pl.Series:
    """Return the place of each member in its set; null where it is none."""
    if whole:
        texts = texts.str.replace(r"\.0*$", "")
    places = list(range(len(members)))
    return texts.replace_strict(list(members), places, default=None, return_dtype=pl.Int64)


def _listed(
    code: str,
    file: str,
    rows: pl.DataFrame,
    heading: str,
    letters: Mapping[str, str],
    **say: Any,
) -> Iterator[Problem]:
    for row in rows.head(_LISTED).iter_rows(named=True):
        value = row[heading] if row[heading] is not None else ""
        place: Say = {
            "file": file,
            "row": row["_row"],
            "column": letters[heading],
            "heading": heading,
        }
        yield problem(code, value=value, **place, **say)


def _outside(
    name: str, file: str, coded: pl.DataFrame, values: pl.Series, letters: Mapping[str, str]
) -> Iterator[Problem]:
    """Find values a parameter may not have."""
    kind = PARAMETERS[name].kind
    bad = {
        "positive": values < 0,
        "cap": (values < 0) & (values != NO_LIMIT),
        "switch": (values != 0) & (values != 1),
        "share": (values < 0) | (values > 1),
        "life": values <= 0,
        "method": (values != 1) & (values != 2),
        "rate": values <= -1,
    }.get(kind)
    if bad is not None:
        zh, en = _RANGES[kind]
        say: Say = {"name": name, "known": zh, "known_en": en}
        yield from _listed(
            "LC05", file, coded.filter(bad.fill_null(False)), "VALUE", letters, **say
        )


def _twice(file: str, coded: pl.DataFrame, keys: tuple[str, ...]) -> Iterator[Problem]:
    first = coded.with_columns(pl.col("_row").min().over(keys).alias("_first"))
    again = first.filter(pl.col("_row") != pl.col("_first"))
    for row in again.head(_LISTED).iter_rows(named=True):
        value = " ".join(str(row[key]) for key in keys)
        yield problem("LC06", file=file, row=row["_row"], other=row["_first"], value=value)


def _sentinels(name: str, file: str, values: pl.Series) -> Iterator[Problem]:
    """Tell how numbers that old data uses for "no limit" were read."""
    if PARAMETERS[name].kind not in ("cap", "level"):
        return
    for code, count in (
        ("LC08", int((values == NO_LIMIT).sum())),
        ("LC09", int((values >= _HUGE).sum())),
    ):
        if count:
            yield problem(code, file=file, name=name, count=count, value=count)
