"""Which documents there are: the shipped list, and every name the standards tables use.

``data/documents.csv`` gives number, title in both languages, issuer, dates as far as known, what
replaced what, and the names the tables use. A name the list lacks becomes a document of its own,
so that nothing the tables rest on is invisible.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from tanfeng.console.library import tables
from tanfeng.errors import StandardError

#: A list stands for ``no date of its own``: the rows' dates are periods of data.
_NO_DATE = "-"
_NUMBER = re.compile(r"^((?:GB/T|GB|HJ|T/[A-Z]+) [\d.~]+-\d{4})")


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as shipped; the fields are those of the record."""

    key: str
    number: str = ""
    title_zh: str = ""
    title_en: str = ""
    issuer_zh: str = ""
    issuer_en: str = ""
    kind: str = "study"
    valid_from: str = ""
    valid_to: str = ""
    ending: str = ""
    replaced_by: str = ""
    basis: str = ""
    note_zh: str = ""
    note_en: str = ""
    names: tuple[str, ...] = ()


def _file(name: str) -> bytes:
    return (files("tanfeng.console.library") / "data" / name).read_bytes()


@cache
def shipped() -> tuple[Entry, ...]:
    """Return the shipped list.

    Raises
    ------
    StandardError
        If the file is not the one its sidecar describes.
    """
    content, sidecar = _file("documents.csv"), tomllib.loads(_file("documents.toml").decode())
    if hashlib.sha256(content).hexdigest() != sidecar["digest"]:
        raise StandardError(
            "the list of documents is not the file its sidecar describes",
            "文件目录与其说明文件的登记不符",
        )
    found = csv.DictReader(io.StringIO(content.decode("utf-8")))
    return tuple(
        Entry(**{**row, "names": tuple(filter(None, row["names"].split("|")))})  # type: ignore[arg-type]
        for row in found
    )


def _unlisted(names: set[str]) -> list[Entry]:
    """Make an entry of each name the list lacks."""
    entries = []
    for name in sorted(names):
        match = _NUMBER.match(name)
        number = match[1] if match else ""
        entries.append(
            Entry(
                key=name[:200],
                number=number,
                title_zh=(name.removeprefix(number).strip() or name)[:200],
                kind="standard" if number else "study",
                names=(name,),
            )
        )
    return entries


def _dated(entry: Entry) -> Entry:
    """Take the day in force from the rows, when the list has none and the rows agree."""
    if entry.valid_from:
        return replace(entry, valid_from=entry.valid_from.removeprefix(_NO_DATE))
    resting = tables.resting()
    dates: set[str] = set()
    for name in entry.names:
        dates |= tables.first_dates(name, resting.get(name, {}))
    if len(dates) != 1:
        return entry
    return replace(entry, valid_from=dates.pop(), basis=entry.basis or "T")


def _ended(entry: Entry, by_key: dict[str, Entry]) -> Entry:
    """Take the end of a replaced document from the start of the one that replaced it."""
    successor = by_key.get(entry.replaced_by)
    if entry.valid_to or successor is None:
        return entry
    return replace(entry, valid_to=successor.valid_from)


@cache
def entries() -> tuple[Entry, ...]:
    """Return every document, dates filled in as far as the tables know them."""
    listed = shipped()
    known = {name for entry in listed for name in entry.names}
    dated = [_dated(entry) for entry in (*listed, *_unlisted(set(tables.resting()) - known))]
    by_key = {entry.key: entry for entry in dated}
    return tuple(_ended(entry, by_key) for entry in dated)


@cache
def key_by_name() -> Mapping[str, str]:
    """Return every name the tables use -> key of the document."""
    return {name: entry.key for entry in entries() for name in entry.names}


@cache
def _short() -> Mapping[str, tuple[str, str]]:
    """Return every name the tables use -> number, or title, in Chinese and English."""
    return {
        name: (
            entry.number or entry.title_zh,
            entry.number or entry.title_en or entry.title_zh,
        )
        for entry in entries()
        for name in entry.names
    }


def short(name: str, lang: str) -> str:
    """Return the number of a document the tables name, its title when it has none."""
    return _short().get(name, (name, name))[1 if lang == "en" else 0]


def forget() -> None:
    """Drop what is kept, for a package that was updated and tests that change a table."""
    tables.forget()
    entries.cache_clear()
    key_by_name.cache_clear()
    _short.cache_clear()
