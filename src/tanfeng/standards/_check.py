"""Numbered checks over the tables: what is wrong, why it matters, what to do.

======== ======== ==============================================================
check    severity speaks of
======== ======== ==============================================================
TF-S001  error    the digest of a table differs from the recorded one
TF-S002  error    two rows with one id
TF-S003  error    a value without a unit
TF-S004  error    two rows in force for one key (documented ones are information)
TF-S005  info     rows that name no clause
TF-S006  error    counts differ from the recorded ones
TF-S007  error    a column without a meaning, or a meaning without a column
TF-S008  error    a date that is none, or an end before its start
TF-S009  error    an unknown word for confidence
TF-S010  error    an evidence cell without a known code
TF-S011  error    a row that cites no document
TF-S012  info     rows to be verified (待核实)
TF-S013  error    a value that is no number in a unit of numbers
TF-S014  error    a reference to a row that does not exist
TF-S015  error    a table without a sidecar, or a sidecar that cannot be read
TF-S016  info     what a table is known to lack
TF-S017  error    a grade stricter than the one above it (documented ones are information)
======== ======== ==============================================================
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from tanfeng.errors import StandardError
from tanfeng.standards._shelf import (
    ROLES,
    SHIPPED,
    Shelf,
    TableInfo,
    codes_in,
    info,
    rows_of,
    shared,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Words of the column ``confidence``, best first.
CONFIDENCE_WORDS = ("confirmed", "single", "recalled")

#: Rows a finding names at most.
SHOWN = 5
_UNREADABLE = (
    OSError,
    KeyError,
    TypeError,
    ValueError,
    StandardError,
    pl.exceptions.PolarsError,
)
#: check -> (severity, remedy in Chinese, remedy in English)
_REMEDY: dict[str, tuple[Literal["error", "info"], str, str]] = {
    "TF-S001": (
        "error",
        "若改动有依据：写变更记录，并把实际摘要填入同名 .toml；否则恢复原表。",
        "If the change is meant, write a changelog line and put the actual digest into the "
        "sidecar; otherwise restore the table.",
    ),
    "TF-S002": ("error", "给其中一行换一个行号。", "Give one of the rows another id."),
    "TF-S003": ("error", "填写单位；文字类填类别词。", "Fill in the unit; for a word, its kind."),
    "TF-S004": (
        "error",
        "给旧版填写终止日期，或在 .toml 中以 [[known]] 说明。",
        "Close the older row with valid_to, or explain both under [[known]] in the sidecar.",
    ),
    "TF-S005": (
        "info",
        "核对文件时把条款补入 source_doc。",
        "Add the clause to source_doc when the document is at hand.",
    ),
    "TF-S006": (
        "error",
        "若改动有依据：把实际数目填入 .toml 的 [digest]。",
        "If the change is meant, put the actual counts under [digest] in the sidecar.",
    ),
    "TF-S007": (
        "error",
        "在 .toml 的 [columns] 中说明该列，或删去多余说明。",
        "Describe the column under [columns] in the sidecar, or drop the spare description.",
    ),
    "TF-S008": (
        "error",
        "日期写成 2024-12-20，终止不早于起始。",
        "Write dates as 2024-12-20, the end not before the start.",
    ),
    "TF-S009": (
        "error",
        "只用 confirmed、single、recalled。",
        "Use confirmed, single or recalled only.",
    ),
    "TF-S010": (
        "error",
        "在 shared.toml 的 [evidence] 中登记该来源。",
        "Register the source under [evidence] in shared.toml.",
    ),
    "TF-S011": ("error", "填写所属文件。", "Name the document the value belongs to."),
    "TF-S012": (
        "info",
        "查到正式文本后，用覆盖值登记核实结果。",
        "Enter the verified value as an override once the official text is at hand.",
    ),
    "TF-S013": (
        "error",
        "改正数值；若本为文字，把单位列入 .toml 的 text_units。",
        "Correct the value; if it is a word, list its unit under text_units in the sidecar.",
    ),
    "TF-S014": (
        "error",
        "改正键，或在被引用的表中增加该行。",
        "Correct the key, or add the row to the other table.",
    ),
    "TF-S015": (
        "error",
        "每张表须有可读的 .csv 与同名 .toml。",
        "Every table needs a readable .csv and a .toml of the same name.",
    ),
    "TF-S016": ("info", "使用前先查缺口。", "Mind the gap before use."),
    "TF-S017": (
        "error",
        "对照标准原文：抄错则更正并写变更记录；原文如此则在 .toml 中以 [[known]] 说明。",
        "Compare with the document: correct a slip with a changelog line, or explain what the "
        "document says under [[known]] in the sidecar.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a check about one table.

    Parameters
    ----------
    check : str
        Number of the check, for example ``TF-S004``.
    severity : {"error", "info"}
        An error must be repaired; an information is known and told.
    table : str
        Table it speaks of.
    message_zh, message_en : str
        What was found.
    remedy_zh, remedy_en : str
        What to do.
    rows : tuple of str
        Ids of the rows concerned, all of them.
    """

    check: str
    severity: Literal["error", "info"]
    table: str
    message_zh: str
    message_en: str
    remedy_zh: str
    remedy_en: str
    rows: tuple[str, ...] = ()

    def message(self, lang: str = "zh") -> str:
        """Return what was found in the language asked for."""
        return self.message_en if lang == "en" else self.message_zh

    def remedy(self, lang: str = "zh") -> str:
        """Return what to do in the language asked for."""
        return self.remedy_en if lang == "en" else self.remedy_zh


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A table laid open for the checks: its parts under the names every table shares."""

    shelf: Shelf
    about: TableInfo
    content: bytes
    rows: pl.DataFrame
    parts: pl.DataFrame

    def ids(self, wrong: pl.Expr) -> list[str]:
        return self.parts.filter(wrong)["id"].to_list()


def check(*, shelf: Shelf = SHIPPED) -> tuple[Finding, ...]:
    """Check every table.

    Parameters
    ----------
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.

    Returns
    -------
    tuple of Finding
        By table and number; an empty tuple of errors means the tables may be used.
    """
    findings: list[Finding] = []
    present = {entry.name for entry in shelf.root.iterdir()}
    sheets = {n.removesuffix(".csv") for n in present if n.endswith(".csv")} | set(shelf.names())
    for name in sorted(sheets):
        try:
            sheet = _opened(shelf, name)
            findings.extend(found for examine in _EXAMINERS for found in examine(sheet))
        except _UNREADABLE as error:
            said = f"{type(error).__name__}: {error}"
            findings.append(_finding("TF-S015", name, f"读不出：{said}", f"cannot be read: {said}"))
    return tuple(sorted(findings, key=lambda f: (f.table, f.check)))


def _opened(shelf: Shelf, name: str) -> _Sheet:
    content = shelf.read(f"{name}.csv")
    if name not in shelf.names():
        raise FileNotFoundError(f"{name}.toml")
    about = info(name, shelf=shelf)
    rows = rows_of(about, content)
    roles = [role for role in ROLES if not role.startswith("name")]
    parts = rows.with_columns(about.part(role).alias(f"={role}") for role in roles).select(
        *(pl.col(f"={role}").alias(role) for role in roles), "value_num", "clause_text"
    )
    return _Sheet(shelf, about, content, rows, parts)


def _finding(check: str, table: str, zh: str, en: str, rows: Sequence[str] = ()) -> Finding:
    severity, remedy_zh, remedy_en = _REMEDY[check]
    return Finding(check, severity, table, zh, en, remedy_zh, remedy_en, tuple(rows))


def _about_rows(check: str, sheet: _Sheet, zh: str, en: str, ids: list[str]) -> Iterator[Finding]:
    """Speak of some rows; those documented in the sidecar become information."""
    for known in sheet.about.known:
        accepted = [row for row in ids if row in known.rows] if known.check == check else []
        if accepted:
            ids = [row for row in ids if row not in known.rows]
            yield Finding(check, "info", sheet.about.name, known.zh, known.en, "", "", (*accepted,))
    if ids:
        told = {"n": len(ids), "ids": ", ".join(ids[:SHOWN]) + (" ..." if ids[SHOWN:] else "")}
        yield _finding(check, sheet.about.name, zh.format(**told), en.format(**told), ids)


# Examiners: each looks at one table for one number ---------------------------------------------


def _digest(sheet: _Sheet) -> Iterator[Finding]:
    actual = hashlib.sha256(sheet.content).hexdigest()
    recorded = sheet.about.digest or "-"
    if actual != recorded:
        zh = f"摘要不符：实际 {actual}，登记 {recorded}"
        en = f"digest differs: actual {actual}, recorded {recorded}"
        yield _finding("TF-S001", sheet.about.name, zh, en)


def _counts(sheet: _Sheet) -> Iterator[Finding]:
    words = sheet.parts["confidence"]
    actual = {word: int((words == word).sum()) for word in CONFIDENCE_WORDS}
    actual["rows"] = sheet.rows.height
    differing = {n: c for n, c in actual.items() if c != getattr(sheet.about, n)}
    if differing:
        said = ", ".join(f"{n} = {c}" for n, c in differing.items())
        zh, en = f"数目不符，实际 {said}", f"counts differ, actual {said}"
        yield _finding("TF-S006", sheet.about.name, zh, en)


def _columns(sheet: _Sheet) -> Iterator[Finding]:
    nameless = [column.name for column in sheet.about.columns if not (column.zh and column.en)]
    present = (*sheet.about.column_names(), "id")
    needed = (*sheet.about.key, *sheet.about.detail, *sheet.about.described)
    differing = dict.fromkeys([*nameless, *(name for name in needed if name not in present)])
    if differing:
        said = ", ".join(differing)
        zh, en = f"列与说明不符：{said}", f"columns and their description differ: {said}"
        yield _finding("TF-S007", sheet.about.name, zh, en)


def _evidence(sheet: _Sheet) -> Iterator[Finding]:
    known = shared(sheet.shelf)["evidence"]
    cells = sheet.parts["evidence"].unique().to_list()
    named = {cell: codes_in(cell) for cell in cells}
    wrong = [cell for cell in cells if not named[cell] or any(c not in known for c in named[cell])]
    ids = sheet.ids(pl.col("evidence").is_in(wrong))
    zh, en = "{n} 行的来源代号未登记：{ids}", "{n} rows name no registered source: {ids}"
    yield from _about_rows("TF-S010", sheet, zh, en, ids)


def _one_in_force(sheet: _Sheet) -> Iterator[Finding]:
    about = sheet.about
    names = [name for name in (*about.key, *about.detail) if name != "id"]
    if not names:
        return
    key = sheet.rows.select(pl.concat_str(names, separator="\0").alias("key"))["key"]
    day = {
        "start": pl.col("valid_from").str.replace_all("-", "").cast(pl.Int32, strict=False),
        "end": pl.col("valid_to").str.replace_all("-", "").cast(pl.Int32, strict=False),
    }
    rows = sheet.parts.with_columns(
        key, start=day["start"].fill_null(0), end=day["end"].fill_null(99999999)
    ).sort("key", "start", maintain_order=True)
    ended = pl.col("end").cum_max().shift(1).over("key")
    starts = pl.col("start").shift(-1).over("key")
    ids = rows.filter((pl.col("start") <= ended) | (pl.col("end") >= starts))["id"].to_list()
    zh = "{n} 行与同键的另一行同时有效：{ids}"
    en = "{n} rows are in force together with another of the same key: {ids}"
    yield from _about_rows("TF-S004", sheet, zh, en, ids)


def _references(sheet: _Sheet) -> Iterator[Finding]:
    for reference in sheet.about.references:
        other = info(reference.table, shelf=sheet.shelf)
        target = rows_of(other, sheet.shelf.read(f"{other.name}.csv"))
        given = sheet.rows.filter(pl.col(reference.column) != "")
        lost = given.join(
            target,
            left_on=[reference.column, *reference.also],
            right_on=[reference.to, *reference.also],
            how="anti",
        )
        zh = f"{{n}} 行引用了 {other.name} 中不存在的行：{{ids}}"
        en = f"{{n}} rows refer to rows {other.name} does not have: {{ids}}"
        ids = lost.select(sheet.about.part("id"))["id"].to_list()
        yield from _about_rows("TF-S014", sheet, zh, en, ids)


def _grades(sheet: _Sheet) -> Iterator[Finding]:
    """Find a limit that is stricter than that of the grade above: 1 is the strictest."""
    graded = sheet.about.graded
    if graded is None:
        return
    names = [n for n in (*sheet.about.key, *sheet.about.detail) if n not in ("id", graded.column)]
    column = graded.direction in sheet.rows.columns
    rows = sheet.parts.with_columns(
        sheet.rows.select(pl.concat_str(names, separator="\0").alias("key"))["key"],
        sheet.rows[graded.column].cast(pl.Int64, strict=False).alias("grade"),
        sheet.rows[graded.direction].alias("direction")
        if column
        else pl.lit(graded.direction).alias("direction"),
    ).filter(pl.col("grade").is_not_null() & pl.col("value_num").is_not_null())
    same = ["key", "unit", "direction", "valid_from", "valid_to", "region"]
    at_least = pl.col("direction") == "gte"
    strictness = pl.when(at_least).then(pl.col("value_num")).otherwise(-pl.col("value_num"))
    above = rows.sort("grade", maintain_order=True).with_columns(
        strict=strictness, least=strictness.cum_min().shift(1).over(same)
    )
    ids = above.filter(pl.col("strict") > pl.col("least"))["id"].to_list()
    zh = "{n} 行比上一等级更严：{ids}"
    en = "{n} rows are stricter than the grade above: {ids}"
    yield from _about_rows("TF-S017", sheet, zh, en, ids)


def _gaps(sheet: _Sheet) -> Iterator[Finding]:
    for gap in sheet.about.gaps:
        yield _finding("TF-S016", sheet.about.name, gap.zh, gap.en)


_START, _END, _VALUE = pl.col("valid_from"), pl.col("valid_to"), pl.col("value")
_NO_DATE = [
    (column != "") & column.str.to_date("%Y-%m-%d", strict=False).is_null()
    for column in (_START, _END)
]
#: check, condition on the shared parts, message in Chinese and English
_CONDITIONS: tuple[tuple[str, pl.Expr, str, str], ...] = (
    (
        "TF-S002",
        pl.col("id").is_duplicated() | (pl.col("id") == ""),
        "{n} 行的行号重复或为空：{ids}",
        "{n} rows share an id or have none: {ids}",
    ),
    (
        "TF-S003",
        (_VALUE != "") & (pl.col("unit") == ""),
        "{n} 行有数值而无单位：{ids}",
        "{n} rows have a value without a unit: {ids}",
    ),
    (
        "TF-S005",
        pl.col("clause_text") == "",
        "{n} 行只有文件、没有条款",
        "{n} rows name a document but no clause",
    ),
    (
        "TF-S008",
        pl.any_horizontal(*_NO_DATE, (_START != "") & (_END != "") & (_START > _END)),
        "{n} 行的日期有误：{ids}",
        "{n} rows have a wrong date: {ids}",
    ),
    (
        "TF-S009",
        ~pl.col("confidence").is_in(CONFIDENCE_WORDS),
        "{n} 行的可信度不识别：{ids}",
        "{n} rows have an unknown confidence: {ids}",
    ),
    (
        "TF-S011",
        pl.col("source_doc") == "",
        "{n} 行没有文件：{ids}",
        "{n} rows cite no document: {ids}",
    ),
    (
        "TF-S012",
        pl.col("confidence") != "confirmed",
        "{n} 行待核实",
        "{n} rows are to be verified",
    ),
)


def _conditions(sheet: _Sheet) -> Iterator[Finding]:
    for number, wrong, zh, en in _CONDITIONS:
        yield from _about_rows(number, sheet, zh, en, sheet.ids(wrong))
    words = pl.col("unit").is_in(sheet.about.text_units)
    zh, en = "{n} 行的数值不是数：{ids}", "{n} rows have a value that is no number: {ids}"
    no_number = (_VALUE != "") & pl.col("value_num").is_null() & ~words
    yield from _about_rows("TF-S013", sheet, zh, en, sheet.ids(no_number))


_EXAMINERS: tuple[Callable[[_Sheet], Iterator[Finding]], ...] = (
    _digest,
    _counts,
    _columns,
    _conditions,
    _evidence,
    _one_in_force,
    _references,
    _grades,
    _gaps,
)
