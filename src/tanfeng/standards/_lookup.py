"""Find the one row a calculation may use: by explicit key, by date, and never by default.

A look-up names every key column of the table, or the row itself by ``id``. A text compares with
the cell as printed; a number compares as a number, so ``11`` finds ``11.0``; None is an empty
cell. ``on`` keeps the rows in force that day. The year a factor speaks of (``data_year``) is a key
like any other and has nothing to do with ``on``.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from tanfeng.errors import FactorAmbiguous, FactorNotFound, StandardError
from tanfeng.standards._factor import FACTOR_COLUMNS, Factor, Override, Overrides, overridden
from tanfeng.standards._shelf import ROLES, SHIPPED, Shelf, TableInfo, info, load, near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from typing import Any

    Cell = str | int | float | None

#: Candidates an error lists at most.
NEAREST = 5
#: Prefix of the columns that mean the same in every table.
_P = "="
#: Answer columns an override changes.
_CHANGED = ("value", "text", "document", "clause", "confidence", "note", "override", "shipped")


class UnresolvedKeys(FactorNotFound):
    """One or more keys of a table have no row, or more than one; ``errors`` holds each."""

    def __init__(self, errors: Sequence[FactorNotFound | FactorAmbiguous]) -> None:
        first = errors[0]
        super().__init__(first.table, first.key, first.candidates)
        self.errors = tuple(errors)
        lines, lines_zh = (
            "\n".join(f"- {error.message(lang)}" for error in errors) for lang in ("en", "zh")
        )
        StandardError.__init__(
            self,
            f"{len(errors)} keys of table {first.table} give no single row:\n{lines}",
            f"标准表 {first.table} 有 {len(errors)} 个键得不到唯一的行：\n{lines_zh}",
        )


def lookup(
    table: str,
    *,
    on: date | None = None,
    overrides: Overrides | None = None,
    shelf: Shelf = SHIPPED,
    **key: Cell,
) -> Factor:
    """Return the one row of a table that fits a key.

    Parameters
    ----------
    table : str
        Name of the table.
    on : date, optional
        Keep the rows in force on this day only.
    overrides : Overrides, optional
        The city's own verified values, which win over the shipped row.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.
    **key : str, number or None
        Column and value: all key columns of the table (or ``id``), and any further condition.

    Returns
    -------
    Factor

    Raises
    ------
    FactorNotFound
        If no row fits; the nearest ones are listed.
    FactorAmbiguous
        If more than one row fits; all are listed.
    StandardError
        If the table or a column is unknown, or a key column is not named.
    """
    about = info(table, shelf=shelf)
    _check_key(about, key)
    rows = _catalogue(shelf, table)
    found = _in_force(rows, on).filter(_fits(key))
    if found.height != 1:
        raise _no_single_row(about, rows, found, key, on)
    choice_zh, choice_en = _by_key(key, on)
    chosen = replace(_factor(about, found), choice_zh=choice_zh, choice_en=choice_en)
    return _with_override(chosen, overrides)


def newest(
    table: str,
    *,
    as_of: date,
    field: str = "data_year",
    limit: int | None = None,
    overrides: Overrides | None = None,
    shelf: Shelf = SHIPPED,
    **key: Cell,
) -> Factor:
    """Return the row with the newest data year that was published and in force on a day.

    Parameters
    ----------
    table : str
        Name of the table.
    as_of : date
        The day the account is made; rows published later or no longer in force are not seen.
    field : str
        Column that holds the year. [year]
    limit : int, optional
        Highest year to take. [year]
    overrides : Overrides, optional
        The city's own verified values.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.
    **key : str, number or None
        As in :func:`lookup`, without ``field``.

    Returns
    -------
    Factor
        With ``passed_over`` (the other rows seen, newest first) and the choice in words.

    Raises
    ------
    FactorNotFound
        If no row fits.
    FactorAmbiguous
        If two rows of the newest year fit.
    StandardError
        If the table or a column is unknown, or a key column is not named.
    """
    about = info(table, shelf=shelf)
    _check_key(about, {field: None, **key}, by_id=False)
    rows = _catalogue(shelf, table)
    year = pl.col(field).cast(pl.Int32, strict=False)
    seen = _in_force(rows.filter(_fits(key)), as_of)
    seen = seen.filter(year <= (limit if limit is not None else 9999))
    seen = seen.sort(year, descending=True, maintain_order=True)
    top = seen.filter(year == year.max())
    if top.is_empty():
        asked: dict[str, object] = {**key, "as_of": as_of, f"highest {field}": limit or "any"}
        wanted = {**key, field: limit}
        near = _nearest(about, rows, wanted)
        raise FactorNotFound(table, asked, *_candidates(about, wanted, near))
    if top.height > 1:
        raise _no_single_row(about, rows, top, {**key, field: top[field][0]}, as_of)
    factors = [_with_override(_factor(about, seen[n]), overrides) for n in range(seen.height)]
    years = seen[field].to_list()
    zh, en = _by_year(key, years, factors, as_of, limit)
    return replace(factors[0], passed_over=tuple(factors[1:]), choice_zh=zh, choice_en=en)


def resolve(
    table: str,
    keys: pl.DataFrame,
    *,
    on: date | None = None,
    overrides: Overrides | None = None,
    shelf: Shelf = SHIPPED,
) -> pl.DataFrame:
    """Look many keys up at once.

    Parameters
    ----------
    table : str
        Name of the table.
    keys : polars.DataFrame, shape (n, k)
        One column per key column (or ``id``), and any further condition; keys may repeat.
    on, overrides, shelf
        As in :func:`lookup`.

    Returns
    -------
    polars.DataFrame, shape (n, k + m)
        The rows of ``keys`` in their order, with the columns ``FACTOR_COLUMNS``. A key column
        of the same name (``region``, ``unit`` ...) is given once, as the row has it.

    Raises
    ------
    UnresolvedKeys
        If any key has no row or more than one; all of them are in ``errors``.
    StandardError
        If the table or a column is unknown, or a key column is missing.
    """
    about = info(table, shelf=shelf)
    _check_key(about, dict.fromkeys(keys.columns))
    numeric = {name: keys.schema[name].is_numeric() for name in keys.columns}
    joined = [f"?{name}" for name in keys.columns]
    asked = keys.select(_comparable(name, numeric[name]).alias(f"?{name}") for name in keys.columns)
    rows = _catalogue(shelf, table)
    given = _in_force(rows, on).with_columns(
        _comparable(_column(name), numeric[name]).alias(f"?{name}") for name in keys.columns
    )
    first = asked.with_row_index("?").unique(subset=joined, keep="first", maintain_order=True)
    hits = first.join(given.group_by(joined).len("?n"), on=joined, how="left")
    wrong = hits.filter(pl.col("?n").fill_null(0) != 1)["?"].sort().to_list()
    if wrong:
        raise UnresolvedKeys(
            [
                _no_single_row(about, rows, _in_force(rows, on).filter(_fits(key)), key, on)
                for key in (keys.row(n, named=True) for n in wrong)
            ]
        )
    found = asked.join(given, on=joined, how="left", maintain_order="left").select(
        *(pl.col(f"{_P}{name}").alias(name) for name in FACTOR_COLUMNS if name not in _SAID),
        *_by_key_column(keys.columns, on),
        override=pl.lit(""),
        shipped=pl.lit(""),
    )
    answer = _with_overrides(found.select(FACTOR_COLUMNS), overrides, table, shelf)
    own = [name for name in keys.columns if name not in FACTOR_COLUMNS]
    return pl.concat([keys.select(own), answer], how="horizontal")


def check_override(override: Override, *, shelf: Shelf = SHIPPED) -> Factor:
    """Return the shipped row an override replaces, or say why it cannot.

    Parameters
    ----------
    override : Override
        The value to be taken in.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.

    Returns
    -------
    Factor
        The row as shipped.

    Raises
    ------
    StandardError
        If the row is unknown or holds text, the unit differs, the value is not finite, or
        document or name are empty.
    """
    shipped = lookup(override.table, shelf=shelf, id=override.row_id)
    overridden(shipped, override)
    return shipped


# Rows ------------------------------------------------------------------------------------------

_SAID = ("choice_zh", "choice_en", "override", "shipped")
_STORED = {"ref": "ref", "value": "value_num", "document": "document", "clause": "clause_text"}


@lru_cache(maxsize=64)
def _catalogue(shelf: Shelf, table: str) -> pl.DataFrame:
    """Return the rows with the columns that mean the same in every table beside them."""
    about = info(table, shelf=shelf)
    parts = {role: about.part(role) for role in ROLES if role not in ("value", "source_doc")}
    return load(table, shelf=shelf).with_columns(
        *(part.alias(f"{_P}{role}") for role, part in parts.items()),
        *(pl.col(stored).alias(f"{_P}{name}") for name, stored in _STORED.items()),
        about.part("value").alias(f"{_P}text"),
    )


def _factor(about: TableInfo, row: pl.DataFrame) -> Factor:
    cells = {name[1:]: cell for name, cell in row.row(0, named=True).items() if name[0] == _P}
    return Factor(table=about.name, row_id=cells.pop("id"), **cells)


def _with_override(factor: Factor, overrides: Overrides | None) -> Factor:
    override = None if overrides is None else overrides.get(factor.ref)
    return factor if override is None else overridden(factor, override)


def _with_overrides(
    answer: pl.DataFrame, overrides: Overrides | None, table: str, shelf: Shelf
) -> pl.DataFrame:
    present = sorted(set(answer["ref"].to_list()) & set(overrides or ()))
    if not present:
        return answer
    ids = [ref.removeprefix(f"{table}/") for ref in present]
    won = [lookup(table, shelf=shelf, overrides=overrides, id=row).as_row() for row in ids]
    schema = {name: answer.schema[name] for name in ("ref", *_CHANGED)}
    changed = pl.DataFrame([{name: row[name] for name in schema} for row in won], schema=schema)
    return answer.update(changed, on="ref", how="left")


def _in_force(rows: pl.DataFrame, on: date | None) -> pl.DataFrame:
    if on is None:
        return rows
    end = pl.col(f"{_P}valid_to")
    started = pl.col(f"{_P}valid_from") <= on.isoformat()
    return rows.filter(started & ((end == "") | (end >= on.isoformat())))


# Keys ------------------------------------------------------------------------------------------


def _check_key(about: TableInfo, key: Mapping[str, object], *, by_id: bool = True) -> None:
    columns = about.column_names()
    for name in key:
        if name not in (*columns, "id"):
            raise StandardError(
                f"table {about.name} has no column {name!r}{near(name, columns)}",
                f"标准表 {about.name} 没有列 {name!r}{near(name, columns, 'zh')}",
            )
    missing = [name for name in about.key if name not in key]
    if missing and not (by_id and "id" in key):
        raise StandardError(
            f"table {about.name} is looked up by {', '.join(about.key)}; not named: "
            f"{', '.join(missing)}. Give an empty text where the row has none, or name the row "
            "by its id",
            f"标准表 {about.name} 按 {'、'.join(about.key)} 查询；未给出：{'、'.join(missing)}。"
            "该行没有的项给空文本，或用行号指明",
        )


def _column(name: str) -> str:
    return f"{_P}id" if name == "id" else name


def _comparable(name: str, numeric: bool) -> pl.Expr:
    """Return the text two cells share when they are the same, as printed or as a number."""
    text = pl.col(name).cast(pl.String).fill_null("")
    return text.cast(pl.Float64, strict=False).cast(pl.String).fill_null(text) if numeric else text


def _equal(name: str, cell: Cell) -> pl.Expr:
    column = pl.col(_column(name))
    if cell is None or isinstance(cell, str):
        return column == (cell or "")
    return (column.cast(pl.Float64, strict=False) == float(cell)).fill_null(False)


def _fits(key: Mapping[str, Cell]) -> pl.Expr:
    return pl.all_horizontal(pl.lit(True), *(_equal(name, cell) for name, cell in key.items()))


# Words -----------------------------------------------------------------------------------------


def _said(key: Mapping[str, Cell], join: str) -> str:
    return join.join(f"{name}={'' if cell is None else cell}" for name, cell in key.items())


def _by_key(key: Mapping[str, Cell], on: date | None) -> tuple[str, str]:
    return (
        f"按 {_said(key, '、')} 查得唯一一行{f'，{on} 有效' if on else ''}",
        f"the only row for {_said(key, ', ')}{f' in force on {on}' if on else ''}",
    )


def _by_key_column(names: Sequence[str], on: date | None) -> list[pl.Expr]:
    texts = [pl.col(f"?{name}") for name in names]
    marks = [f"{name}={{}}" for name in names]
    zh, en = "、".join(marks), ", ".join(marks)
    return [
        pl.format(f"按 {zh} 查得唯一一行{f'，{on} 有效' if on else ''}", *texts).alias("choice_zh"),
        pl.format(f"the only row for {en}{f' in force on {on}' if on else ''}", *texts).alias(
            "choice_en"
        ),
    ]


def _by_year(
    key: Mapping[str, Cell],
    years: Sequence[str],
    factors: Sequence[Factor],
    as_of: date,
    limit: int | None,
) -> tuple[str, str]:
    others = [f"{y} ({f.text})" for y, f in zip(years[1:], factors[1:], strict=True)]
    most_zh = f"、不晚于 {limit} 的" if limit is not None else "的"
    most_en = f" up to {limit}" if limit is not None else ""
    return (
        f"按 {_said(key, '、')}，截至 {as_of} 已公布{most_zh}最新数据年份 {years[0]}"
        + (f"；未采用：{'、'.join(others)}" if others else ""),
        f"for {_said(key, ', ')}, newest data year{most_en} published by {as_of}: {years[0]}"
        + (f"; passed over: {', '.join(others)}" if others else ""),
    )


# Errors ----------------------------------------------------------------------------------------


def _no_single_row(
    about: TableInfo,
    rows: pl.DataFrame,
    found: pl.DataFrame,
    key: Mapping[str, Cell],
    on: date | None,
) -> FactorNotFound | FactorAmbiguous:
    asked: dict[str, object] = {**key, **({"on": on} if on else {})}
    if found.is_empty():
        near = _nearest(about, rows, key)
        return FactorNotFound(about.name, asked, *_candidates(about, key, near))
    listed = list(found.iter_rows(named=True))
    return FactorAmbiguous(about.name, asked, *_candidates(about, key, listed))


def _nearest(about: TableInfo, rows: pl.DataFrame, key: Mapping[str, Cell]) -> list[dict[str, Any]]:
    """Return the rows that agree in most parts of the key, the most similar ones first."""
    parts = [_equal(name, cell).cast(pl.UInt8) for name, cell in key.items()]
    ranked = rows.with_columns(pl.sum_horizontal(parts).alias("?agree"))
    best = ranked.filter(pl.col("?agree") == pl.col("?agree").max())
    order = sorted(
        best.iter_rows(named=True),
        key=lambda row: (-_similarity(key, row), row[f"{_P}id"]),
    )
    return order[:NEAREST]


def _similarity(key: Mapping[str, Cell], row: Mapping[str, Any]) -> float:
    return sum(_closeness(cell, row[_column(name)]) for name, cell in key.items())


def _closeness(asked: Cell, cell: str) -> float:
    try:
        wanted, there = float("" if asked is None else asked), float(cell)
    except ValueError:
        return SequenceMatcher(None, "" if asked is None else str(asked), cell).ratio()
    return 1 / (1 + abs(wanted - there))


def _candidates(
    about: TableInfo, key: Mapping[str, Cell], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Return what to say of each row, in English and in Chinese."""
    english = [_candidate(about, key, row, "in force {} to {}") for row in rows]
    return english, [_candidate(about, key, row, "施行期 {} 至 {}") for row in rows]


def _candidate(
    about: TableInfo, key: Mapping[str, Cell], row: Mapping[str, Any], force: str
) -> str:
    """Return a row's reference with the parts that differ and the time it is in force."""
    told = dict.fromkeys([*key, *about.detail])
    differing = [
        f"{name}={row[_column(name)]}"
        for name in told
        if name != "id" and row[_column(name)] and _closeness(key.get(name), row[_column(name)]) < 1
    ]
    start, end = row[f"{_P}valid_from"], row[f"{_P}valid_to"]
    if start or end:
        differing.append(force.format(start or "...", end or "..."))
    reference: str = row[f"{_P}ref"]
    return f"{reference} ({', '.join(differing)})" if differing else reference
