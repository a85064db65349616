"""The folder of a frozen run: what is written once, and how it is read.

``settings.RUNS/<number>/`` holds Parquet files, sorted by organisation so that reading one firm
touches a few row groups only:

================  ==============================================================================
lines.parquet     every line, numbered 1, 2, 3 ... in file order, so ``<run>/<line>`` is a slice
factors.parquet   factors the lines point to
years.parquet     one row per organisation and year, wide: a column per quantity and part
items.parquet     the same per organisation, year and energy item
coverage.parquet  months reported and due per organisation and year
members.parquet   sector, county and park of each organisation when the run was computed
gaps.parquet      records a quantity lacks
notes.parquet     what a reader must know
manifest.json     digests of all of it
================  ==============================================================================

Nothing here asks for rights: pages read through ``figures`` and ``lines``, which do.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from django.conf import settings

from tanfeng.accounting import Account
from tanfeng.console.accounting import measures
from tanfeng.console.accounting.models import Run

#: Lines per row group: about one large enterprise with all its years.
_ROW_GROUP = 50_000
_LINE_ORDER = ("org_code", "year", "month", "item_key", "quantity", "activity_id")
FILES = ("lines", "factors", "years", "items", "coverage", "members", "gaps", "notes")


@dataclass(frozen=True, slots=True)
class Frozen:
    """A run's files, opened for reading.

    Parameters
    ----------
    folder : Path
        Where the files lie.
    years : polars.DataFrame
        Wide totals per organisation and year, with sector, place and park.
    coverage : polars.DataFrame
        org_code, year, months (bits), months_reported, months_expected, sector, place, park.
    factors, notes, gaps : polars.DataFrame
        As written.
    """

    folder: Path
    years: pl.DataFrame
    coverage: pl.DataFrame
    factors: pl.DataFrame
    notes: pl.DataFrame
    gaps: pl.DataFrame

    @property
    def lines(self) -> pl.LazyFrame:
        """Lines, not read before they are asked for."""
        return pl.scan_parquet(self.folder / "lines.parquet")

    @property
    def items(self) -> pl.LazyFrame:
        """Wide totals per organisation, year and item, not read before they are asked for."""
        return pl.scan_parquet(self.folder / "items.parquet")


def folder_of(run: Run) -> Path:
    """Return the folder of a run."""
    return Path(settings.RUNS) / str(run.number)


def opened(run: Run) -> Frozen:
    """Open a run; its small tables stay in memory, which is safe because a run never changes."""
    return _opened(folder_of(run), str(run.pk))


@lru_cache(maxsize=4)
def _opened(folder: Path, _key: str) -> Frozen:
    table = {
        name: pl.read_parquet(folder / f"{name}.parquet") for name in FILES[1:] if name != "items"
    }
    grouped = ["org_code", "sector", "place", "park"]
    member = table["members"].with_columns(pl.col(grouped[1:]).cast(pl.Categorical))
    return Frozen(
        folder=folder,
        years=table["years"].join(member, on="org_code", how="left"),
        coverage=table["coverage"].join(member, on="org_code", how="left"),
        factors=table["factors"],
        notes=table["notes"],
        gaps=table["gaps"],
    )


@contextmanager
def being_written() -> Iterator[Path]:
    """Give a folder to write into; whatever is left of it when something fails is removed."""
    folder = Path(settings.RUNS) / f".{uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, run: Run) -> None:
    """Give the folder its final name; a run with that number must not be there yet."""
    folder.rename(folder_of(run))


def remove(run: Run) -> None:
    """Take the folder of a run that was not committed away again."""
    shutil.rmtree(folder_of(run), ignore_errors=True)


def write(
    folder: Path,
    account: Account,
    *,
    coverage: pl.DataFrame,
    members: pl.DataFrame,
    notes: pl.DataFrame,
) -> dict[str, str]:
    """Write the tables of an account.

    Returns
    -------
    dict
        File name -> SHA-256.
    """
    lines = numbered(account.lines)
    tables = {
        "lines": lines,
        "factors": account.factors,
        "years": wide(account.totals(("org_code", "year")), ("org_code", "year")),
        "items": wide(
            account.totals(("org_code", "year", "item_key")), ("org_code", "year", "item_key")
        ),
        "coverage": coverage,
        "members": members,
        "gaps": account.gaps.with_columns(pl.col("org_code").cast(pl.String)),
        "notes": notes,
    }
    for name in FILES:
        tables[name].write_parquet(folder / f"{name}.parquet", row_group_size=_ROW_GROUP)
    return digests(folder)


def numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines by organisation and period, numbered in that order."""
    return (
        lines.with_columns(pl.col("org_code").cast(pl.String))
        .sort(_LINE_ORDER)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("line"))
    )


def wide(totals: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Lay totals out with one row per key and a column per quantity and part.

    Parameters
    ----------
    totals : polars.DataFrame
        Result of ``Account.totals`` by ``keys``.
    keys : sequence of str
        Columns to keep.

    Returns
    -------
    polars.DataFrame
        keys, then for each quantity the value under its own name and ``.measured``,
        ``.reported``, ``.estimated``, ``.unverified`` and ``.missing_rows`` behind it; empty
        where there is no line.
    """
    parts = ("value", *measures.PARTS, "missing_rows")
    laid = totals.pivot(
        on="quantity", index=list(keys), values=list(parts), aggregate_function="first"
    )
    columns = [pl.col(key) for key in keys]
    for quantity in measures.QUANTITIES:
        for part in parts:
            name = measures.column(quantity, "" if part == "value" else part)
            source = f"{part}_{quantity}"
            found = pl.col(source) if source in laid.columns else pl.lit(None)
            columns.append(found.cast(pl.Float64).alias(name))
    return laid.select(columns).sort(list(keys))


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every table in a folder."""
    found = {}
    for name in FILES:
        with (folder / f"{name}.parquet").open("rb") as stream:
            found[f"{name}.parquet"] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Lay the manifest beside the tables, so that the folder speaks for itself."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def broken_files(run: Run) -> list[str]:
    """Return the files of a run that are not what the manifest says, empty when all are."""
    expected: dict[str, str] = run.manifest.get("files", {})
    folder = folder_of(run)
    try:
        found = digests(folder)
    except OSError:
        return sorted(expected)
    return sorted(name for name in expected if found.get(name) != expected[name])
