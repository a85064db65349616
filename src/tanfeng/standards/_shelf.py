"""Where the tables stand: a folder of CSV files, each with a sidecar that describes it.

``<name>.csv`` holds the rows, ``<name>.toml`` says what they are; ``shared.toml`` holds what all
tables have in common. A sidecar has:

- ``title``, ``description``, ``publisher``, ``licence``, ``checked`` in both languages,
  ``edition``, ``compiled``;
- ``key``: the columns that must be named to look a row up; ``detail``: the columns that tell
  rows of one key apart; ``text_units``: units whose values are words, never numbers;
- ``graded``: the ``column`` of grades, the strictest first, and the ``direction`` of the limit:
  ``lte``, ``gte`` or the column that says which;
- ``[columns]``: meaning and unit of each column of its own;
- ``[derived.<column>]``: a column read from another one by a pattern;
- ``[roles]`` and ``[constant]``: for a table that keeps its own headings, which column plays a
  common part, and what stands for a part it lacks;
- ``[[reference]]``: a column whose cells must exist in another table;
- ``[[known]]``: findings of a check that are documented; ``[[gap]]``: what is missing;
- ``[notes_zh]``: notes of rows in Chinese, by the note in the file;
- ``[digest]``: SHA-256 of the CSV and the counts of its rows.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.errors import StandardError
from tanfeng.standards._document import split_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

#: Parts every row plays, whatever its table calls the column.
ROLES = (
    "id",
    "name_zh",
    "name_en",
    "value",
    "unit",
    "valid_from",
    "valid_to",
    "region",
    "source_doc",
    "confidence",
    "evidence",
    "note",
)
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_CODE = re.compile(r"\b(?:[FPST]\d+|[MPR]|stoichiometry|definition)\b")


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """Meaning and unit of a column."""

    name: str
    zh: str
    en: str
    unit: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A source actually seen, by its code."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something a table is known to lack."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Known:
    """A finding of a check on named rows that is documented and accepted."""

    check: str
    rows: frozenset[str]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose cells must exist in another table, together with further columns.

    An empty cell is free; ``also`` are columns of the same name that must agree.
    """

    column: str
    table: str
    to: str
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """Grades of one limit, the strictest first; the direction is a word or a column of words."""

    column: str
    direction: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A column read from another one: the first group of the pattern, or empty."""

    name: str
    source: str
    pattern: str


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What the sidecar of a table says.

    Parameters
    ----------
    name : str
        Name of the table.
    title_zh, title_en, description_zh, description_en : str
        What it holds.
    publisher_zh, publisher_en, edition : str
        Who issued the documents, and which editions.
    compiled : date
        Day the table was taken into the package.
    licence_zh, licence_en, checked_zh, checked_en : str
        Terms, and who checked it.
    key : tuple of str
        Columns that must be named to look a row up.
    detail : tuple of str
        Columns that tell rows of one key apart.
    columns : tuple of ColumnInfo
        Every column, derived ones included, in the order of the file.
    text_units : tuple of str
        Units whose values are words, never numbers.
    described : tuple of str
        Columns the sidecar itself describes.
    graded, derived, roles, constant, references, known, gaps, notes_zh
        As in the sidecar.
    rows, confirmed, single, recalled : int
        Counts recorded in the sidecar.
    digest : str
        SHA-256 of the CSV recorded in the sidecar.
    """

    name: str
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    publisher_zh: str
    publisher_en: str
    edition: str
    compiled: date
    licence_zh: str
    licence_en: str
    checked_zh: str
    checked_en: str
    key: tuple[str, ...]
    detail: tuple[str, ...]
    columns: tuple[ColumnInfo, ...]
    text_units: tuple[str, ...]
    described: tuple[str, ...]
    graded: Graded | None
    derived: tuple[Derived, ...]
    roles: tuple[tuple[str, str], ...]
    constant: tuple[tuple[str, str], ...]
    references: tuple[Reference, ...]
    known: tuple[Known, ...]
    gaps: tuple[Gap, ...]
    notes_zh: tuple[tuple[str, str], ...]
    rows: int
    confirmed: int
    single: int
    recalled: int
    digest: str

    def title(self, lang: str = "zh") -> str:
        """Return the title in the language asked for."""
        return self.title_en if lang == "en" else self.title_zh

    def description(self, lang: str = "zh") -> str:
        """Return the description in the language asked for."""
        return self.description_en if lang == "en" else self.description_zh

    def column_names(self) -> tuple[str, ...]:
        """Return the names of all columns a look-up may name."""
        return tuple(column.name for column in self.columns)

    def note(self, text: str, lang: str = "zh") -> str:
        """Return a note in the language asked for, as printed where there is no other."""
        return text if lang == "en" else dict(self.notes_zh).get(text, text)

    def part(self, role: str) -> pl.Expr:
        """Return the expression for a part every row plays, such as ``value`` or ``unit``."""
        column = dict(self.roles).get(role, role)
        if column in self.column_names():
            return pl.col(column).alias(role)
        return pl.lit(dict(self.constant).get(role, "")).alias(role)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of tables.

    Parameters
    ----------
    root : Traversable
        Folder with the CSV files, their sidecars and ``shared.toml``.
    """

    root: Traversable

    def names(self) -> tuple[str, ...]:
        """Return the names of the tables that have a sidecar, sorted."""
        found = (entry.name for entry in self.root.iterdir())
        return tuple(
            sorted(n.removesuffix(".toml") for n in found if n.endswith(".toml") and n != _SHARED)
        )

    def read(self, file_name: str) -> bytes:
        """Return the bytes of one file."""
        return (self.root / file_name).read_bytes()


_SHARED = "shared.toml"
#: The tables that ship with the package.
SHIPPED = Shelf(files("tanfeng.standards") / "tables")


@lru_cache(maxsize=8)
def shared(shelf: Shelf) -> Mapping[str, Any]:
    """Return what all tables have in common."""
    return tomllib.loads(shelf.read(_SHARED).decode())


@lru_cache(maxsize=256)
def _info(shelf: Shelf, name: str) -> TableInfo:
    said = tomllib.loads(shelf.read(f"{name}.toml").decode())
    digest = said.get("digest", {})
    own = said.get("columns", {})
    derived = tuple(
        Derived(column, part["from"], part["pattern"])
        for column, part in said.get("derived", {}).items()
    )
    header = shelf.read(f"{name}.csv").partition(b"\n")[0].decode("utf-8-sig").strip().split(",")
    meaning = {**shared(shelf)["columns"], **own}
    order = [*header, *(part.name for part in derived)]
    return TableInfo(
        name=name,
        **{
            f"{field}_{lang}": said[f"{field}_{lang}"]
            for field in ("title", "description", "publisher", "licence", "checked")
            for lang in ("zh", "en")
        },
        edition=said["edition"],
        compiled=said["compiled"],
        key=tuple(said["key"]),
        detail=tuple(said.get("detail", ())),
        columns=tuple(ColumnInfo(c, *meaning.get(c, ("", "", ""))) for c in order),
        text_units=tuple(said.get("text_units", ())),
        described=tuple(own),
        graded=Graded(**said["graded"]) if "graded" in said else None,
        derived=derived,
        roles=tuple(said.get("roles", {}).items()),
        constant=tuple(said.get("constant", {}).items()),
        references=tuple(
            Reference(r["column"], r["table"], r.get("to", r["column"]), tuple(r.get("also", ())))
            for r in said.get("reference", ())
        ),
        known=tuple(
            Known(k["check"], frozenset(k["rows"]), k["zh"], k["en"]) for k in said.get("known", ())
        ),
        gaps=tuple(Gap(gap["zh"], gap["en"]) for gap in said.get("gap", ())),
        notes_zh=tuple(said.get("notes_zh", {}).items()),
        rows=digest.get("rows", -1),
        confirmed=digest.get("confirmed", -1),
        single=digest.get("single", -1),
        recalled=digest.get("recalled", -1),
        digest=digest.get("sha256", ""),
    )


def info(name: str, *, shelf: Shelf = SHIPPED) -> TableInfo:
    """Return what the sidecar of a table says.

    Parameters
    ----------
    name : str
        Name of the table.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.

    Returns
    -------
    TableInfo

    Raises
    ------
    StandardError
        If there is no such table; near names are listed.
    """
    known = shelf.names()
    if name not in known:
        raise StandardError(
            f"there is no table {name!r}{near(name, known)}",
            f"没有标准表 {name!r}{near(name, known, 'zh')}",
        )
    return _info(shelf, name)


def tables(*, shelf: Shelf = SHIPPED) -> tuple[TableInfo, ...]:
    """Return the sidecars of all tables, by name; reads no rows."""
    return tuple(_info(shelf, name) for name in shelf.names())


def rows_of(info: TableInfo, content: bytes) -> pl.DataFrame:
    """Turn the bytes of a CSV into the frame :func:`load` returns, without checking its digest."""
    frame = pl.read_csv(BytesIO(content), infer_schema=False).fill_null("")
    frame = frame.with_columns(
        pl.col(part.source).str.extract(part.pattern, 1).fill_null("").alias(part.name)
        for part in info.derived
    )
    cited = frame.with_columns(info.part("source_doc"))["source_doc"]
    split = {text: split_document(text) for text in cited.unique().to_list()}
    value, unit = info.part("value"), info.part("unit")
    number = pl.when(value.str.contains(_NUMBER) & ~unit.is_in(info.text_units)).then(value)
    return frame.with_columns(
        pl.concat_str(pl.lit(f"{info.name}/"), info.part("id")).alias("ref"),
        number.cast(pl.Float64).alias("value_num"),
        cited.replace_strict({k: v[0] for k, v in split.items()}).alias("document"),
        cited.replace_strict({k: v[1] for k, v in split.items()}).alias("clause_text"),
    )


@lru_cache(maxsize=64)
def _load(shelf: Shelf, name: str) -> pl.DataFrame:
    about = info(name, shelf=shelf)
    content = shelf.read(f"{name}.csv")
    actual = hashlib.sha256(content).hexdigest()
    if actual != about.digest:
        raise StandardError(
            f"table {name} is not the one its sidecar records: SHA-256 is {actual}, recorded is "
            f"{about.digest or 'none'}. Run 'tanfeng standards check'",
            f"标准表 {name} 与说明文件的登记不符：SHA-256 为 {actual}，登记为 "
            f"{about.digest or '无'}。请运行 tanfeng standards check",
        )
    return rows_of(about, content)


def load(name: str, *, shelf: Shelf = SHIPPED) -> pl.DataFrame:
    """Return the rows of a table.

    Parameters
    ----------
    name : str
        Name of the table.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.

    Returns
    -------
    polars.DataFrame
        Every column of the file and every derived one as text, an empty cell as an empty text;
        and ``ref`` (``table/id``), ``value_num`` (the value as a number in the unit of the row,
        null where it is a word), ``document`` and ``clause_text`` (split from what it cites).

    Raises
    ------
    StandardError
        If there is no such table, or its digest is not the one recorded.
    """
    return _load(shelf, name).clone()


def evidence(text: str, *, shelf: Shelf = SHIPPED) -> tuple[Evidence, ...]:
    """Return the sources a cell of the column ``evidence`` names, in its order.

    Parameters
    ----------
    text : str
        The cell, for example ``S1; S9``.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.

    Returns
    -------
    tuple of Evidence
        A code that is not in the list is left out here; ``check`` reports it.
    """
    known = shared(shelf)["evidence"]
    codes = dict.fromkeys(codes_in(text))
    return tuple(Evidence(code, *known[code]) for code in codes if code in known)


def codes_in(text: str) -> list[str]:
    """Return the evidence codes a cell names."""
    return _CODE.findall(text)


def near(word: str, words: Iterable[str], lang: str = "en") -> str:
    """Return a hint with the most similar words, for the end of an error message."""
    known = list(words)
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    if lang == "zh":
        return f"；是否指 {'、'.join(close)}？" if close else f"；现有 {'、'.join(known)}"
    return f"; did you mean {', '.join(close)}?" if close else f"; there are {', '.join(known)}"
