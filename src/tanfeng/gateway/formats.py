"""CSV, JSON and Parquet as gateways and people send them, read into ``frames.READINGS``.

Every reader takes bytes and tells every problem at once, each with row, column, value, rule and
remedy; the good rows of a file with bad ones are read, and the caller decides. What is no file of
readings at all is refused whole. Naive times are those of the city's clock.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tanfeng.errors import DataError, ModelError, Problem
from tanfeng.gateway._arrange import Table, arrange, fields
from tanfeng.gateway._reading_rules import problem, refusal
from tanfeng.gateway._settle import LISTED, Envelope, settle

MEBI = 1024 * 1024
#: Lines above the headings that are looked at: titles, notes of the exporting program.
_HEAD_LINES = 20
_DELIMITERS = ",;\t|，"
_MAGIC = b"PAR1"
_CSV_FIELD = 100_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may hold.

    Parameters
    ----------
    max_bytes : int
        Size. [B]
    max_rows : int
        Rows, of a wide file rows times points.
    max_columns : int
        Columns.
    """

    max_bytes: int = 512 * MEBI
    max_rows: int = 40_000_000
    max_columns: int = 5_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds.

    Parameters
    ----------
    readings : polars.DataFrame
        ``frames.READINGS`` of the good rows, in the order of the file.
    problems : tuple of Problem
        Everything found, by row.
    rows : int
        Rows of the file.
    refused : int
        Readings that were left out because something is wrong with them.
    """

    readings: pl.DataFrame
    problems: tuple[Problem, ...]
    rows: int
    refused: int = 0


def read(
    content: bytes,
    *,
    received: datetime,
    source: str = "",
    batch: str = "",
    known_points: Collection[str] | None = None,
    zone: str = "+08:00",
    limits: Limits = Limits(),
) -> Parsed:
    """Read a file of any of the kinds; what it is, its content tells.

    Parameters
    ----------
    content : bytes
        The file.
    received : datetime
        When it came, aware. No reading may lie more than ten minutes after it.
    source : str
        Where it came from: a gateway, a file.
    batch : str
        Name of this delivery; empty takes the digest of the content, so that the same file is the
        same delivery.
    known_points : collection of str, optional
        The points that may be written; without it any may.
    zone : str
        Offset of times that state none.
    limits : Limits
        What one file may hold.

    Returns
    -------
    Parsed

    Raises
    ------
    DataError
        If the file as a whole is refused.
    """
    start = content[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    reader = read_csv
    if content.startswith(_MAGIC):
        reader = read_parquet
    elif start.startswith((b"[", b"{")):
        reader = read_json
    return reader(
        content,
        received=received,
        source=source,
        batch=batch,
        known_points=known_points,
        zone=zone,
        limits=limits,
    )


def read_csv(
    content: bytes,
    *,
    received: datetime,
    source: str = "",
    batch: str = "",
    known_points: Collection[str] | None = None,
    zone: str = "+08:00",
    limits: Limits = Limits(),
) -> Parsed:
    """Read text separated by comma, semicolon or tabulator, in UTF-8, UTF-16 or GB 18030.

    Parameters
    ----------
    content : bytes
        The file, with its headings in one of the first lines.
    received, source, batch, known_points, zone, limits
        As for :func:`read`.

    Returns
    -------
    Parsed

    Raises
    ------
    DataError
        If it is no such text, or its headings tell no reading.
    """
    _admit(content, limits)
    table = _csv_table(_decoded(content), limits)
    envelope = _envelope(content, received, source, batch, known_points, zone)
    return _parsed(table, envelope, limits)


def read_json(
    content: bytes,
    *,
    received: datetime,
    source: str = "",
    batch: str = "",
    known_points: Collection[str] | None = None,
    zone: str = "+08:00",
    limits: Limits = Limits(),
) -> Parsed:
    """Read JSON: a list of objects, an object of columns, either under ``readings``, or NDJSON.

    Parameters
    ----------
    content : bytes
        ``[{"point": …, "time": …, "value": …}, …]``, ``{"point": […], "time": […], "value": […]}``,
        ``{"readings": …}``, or one object per line.
    received, source, batch, known_points, zone, limits
        As for :func:`read`.

    Returns
    -------
    Parsed

    Raises
    ------
    DataError
        If it is no JSON, or no such JSON.
    """
    _admit(content, limits)
    table = _json_table(_decoded(content, "JSON"))
    envelope = _envelope(content, received, source, batch, known_points, zone)
    return _parsed(table, envelope, limits)


def read_parquet(
    content: bytes,
    *,
    received: datetime,
    source: str = "",
    batch: str = "",
    known_points: Collection[str] | None = None,
    zone: str = "+08:00",
    limits: Limits = Limits(),
) -> Parsed:
    """Read Parquet with any type of time stamp.

    Parameters
    ----------
    content : bytes
        The file.
    received, source, batch, known_points, zone, limits
        As for :func:`read`.

    Returns
    -------
    Parsed

    Raises
    ------
    DataError
        If it is no Parquet, or its columns tell no reading.
    """
    _admit(content, limits)
    table = _parquet_table(content, limits)
    envelope = _envelope(content, received, source, batch, known_points, zone)
    return _parsed(table, envelope, limits)


def digest(content: bytes) -> str:
    """Return the name of a delivery that has none: the same content is the same delivery."""
    return hashlib.sha256(content).hexdigest()[:32]


def unreadable(reason: str) -> Problem:
    """Return the finding of a file that cannot be opened."""
    return problem("G003", kind="CSV", value=reason)


def hint_create() -> Problem:
    """Return the finding that a file was left alone because of points nobody registered."""
    return problem("G014")


def of_virtual(point: str) -> Problem:
    """Return the finding that a virtual point was sent readings."""
    return problem("G013", value=point)


def of_stranger(gateway: str) -> Problem:
    """Return the finding that a gateway nobody registered sent readings."""
    return problem("G018", value=gateway)


def _envelope(
    content: bytes,
    received: datetime,
    source: str,
    batch: str,
    known: Collection[str] | None,
    zone: str,
) -> Envelope:
    if received.tzinfo is None:
        raise ModelError(f"received {received} must be aware")
    return Envelope(received, source, batch or digest(content), known, zone)


def _parsed(table: Table, envelope: Envelope, limits: Limits) -> Parsed:
    _check_extent(len(table.rows), len(table.headings), limits)
    long = arrange(table)
    _check_extent(len(long.frame), 0, limits)
    readings, problems, refused = settle(long, envelope)
    return Parsed(readings, problems, long.rows, refused + len(table.bad))


def _admit(content: bytes, limits: Limits) -> None:
    if not content.strip(b"\0 \r\n\t\xef\xbb\xbf"):
        raise refusal("G001")
    if len(content) > limits.max_bytes:
        size, most = f"{len(content) / MEBI:.1f} MB", f"{limits.max_bytes / MEBI:.0f} MB"
        raise refusal("G002", value=size, limit=most)


def _check_extent(rows: int, columns: int, limits: Limits) -> None:
    if rows > limits.max_rows:
        raise refusal("G006", value=f"{rows:,}", limit=f"{limits.max_rows:,}")
    if columns > limits.max_columns:
        raise refusal("G007", value=f"{columns:,}", limit=f"{limits.max_columns:,}")


def _decoded(content: bytes, kind: str = "CSV") -> str:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise refusal("G003", kind=kind, value="binary / encoding")


# ------------------------------------------------------------------------------- text


def _csv_table(text: str, limits: Limits) -> Table:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    head, delimiter, at = _headings(text)
    _check_extent(text.rstrip("\n").count("\n") - at, len(head), limits)
    cells, numbers = _plain(text, delimiter, at, len(head))
    if '"' in text:
        cells = _unquoted(cells)
    if not cells:  # a quote holds a delimiter, a line end or a quote
        cells, numbers = _quoted(text, delimiter, at, len(head))
    *columns, extra = cells
    table = Table(head, columns, numbers, lettered=True)
    over = (extra.is_not_null() & (extra.str.strip_chars(f" {delimiter}") != "")).arg_true()
    table.bad = over.to_list()
    for place in table.bad[:LISTED]:
        row, value = (
            numbers[place],
            f"{delimiter.join(_row(columns, place))}{delimiter}{extra[place]}",
        )
        table.problems.append(problem("G051", row=row, value=value))
    if len(table.bad) > LISTED:
        table.problems.append(problem("G060", filed="G051", count=len(table.bad) - LISTED))
    return table


def _row(columns: Iterable[pl.Series], at: int) -> list[str]:
    return [str(column[at] or "") for column in columns]


def _headings(text: str) -> tuple[list[str], str, int]:
    """Find the headings: cells, delimiter, and the line they stand in, counted from 0."""
    lines = text.split("\n", _HEAD_LINES)[:_HEAD_LINES]
    for at, line in enumerate(lines):
        for delimiter in sorted(_DELIMITERS, key=line.count, reverse=True):
            if delimiter not in line:
                break
            cells = next(csv.reader([line[:_CSV_FIELD]], delimiter=delimiter))
            while cells and not cells[-1].strip():
                cells.pop()
            if fields(cells):
                return cells, delimiter, at
    shown = next((line for line in lines if line.strip("\ufeff ,;\t")), "")
    raise refusal("G004", value=shown[:200])


def _plain(text: str, delimiter: str, at: int, width: int) -> tuple[list[pl.Series], pl.Series]:
    """Split lines without quotes; the last column holds what is too much."""
    lines = pl.Series("line", text.split("\n")[at + 1 :], dtype=pl.String)
    frame = lines.to_frame().with_row_index("row", at + 2)
    frame = frame.filter(pl.col("line").str.strip_chars(f' {delimiter}"') != "")
    parts = frame["line"].str.splitn(delimiter, width + 1).struct.unnest()
    return parts.get_columns(), frame["row"].cast(pl.Int64)


def _unquoted(cells: list[pl.Series]) -> list[pl.Series]:
    """Take the quotes away where each is the first or last character of a whole cell."""
    made = []
    for cell in cells:
        quotes = cell.str.count_matches('"', literal=True)
        whole = (quotes == 2) & cell.str.starts_with('"') & cell.str.ends_with('"')
        if not ((quotes == 0) | whole).all():
            return []
        made.append(cell.str.strip_chars('"') if whole.any() else cell)
    return made


def _quoted(text: str, delimiter: str, at: int, width: int) -> tuple[list[pl.Series], pl.Series]:
    """Split lines with quotes, as the csv module reads them."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise refusal("G003", kind="CSV", value=f"line {reader.line_num}, {error}") from None
    rows = [(line, row) for line, row in rows if line > at + 1 and "".join(row).strip()]
    columns = [
        pl.Series(str(n), [row[n] if n < len(row) else None for _line, row in rows], pl.String)
        for n in range(width)
    ]
    extra = [delimiter.join(row[width:]) if len(row) > width else None for _line, row in rows]
    numbers = pl.Series([line for line, _row in rows], dtype=pl.Int64)
    return [*columns, pl.Series("extra", extra, dtype=pl.String)], numbers


# ------------------------------------------------------------------------------- JSON


def _json_table(text: str) -> Table:
    loaded, lines = _loaded(text)
    if isinstance(loaded, dict) and "readings" in loaded:
        loaded = loaded["readings"]
    if isinstance(loaded, dict) and _is_columns(loaded):
        columns = [_series(list(column)) for column in loaded.values()]
        length = len(columns[0]) if columns else 0
        return Table(list(loaded), columns, pl.Series(range(1, length + 1), dtype=pl.Int64))
    rows = [loaded] if isinstance(loaded, dict) else loaded
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise refusal("G003", kind="JSON", value="no list of objects and no columns")
    shapes = dict.fromkeys(map(tuple, rows))
    keys = dict.fromkeys(key for names in shapes for key in names)
    columns = [_series([row.get(key) for row in rows]) for key in keys]
    numbers = lines or range(1, len(rows) + 1)
    return Table(list(keys), columns, pl.Series(list(numbers), dtype=pl.Int64))


def _is_columns(loaded: dict[str, Any]) -> bool:
    lists = [value for value in loaded.values() if isinstance(value, list)]
    if not lists or len(lists) < len(loaded):
        return False
    if len({len(column) for column in lists}) > 1:
        raise refusal("G003", kind="JSON", value="columns of different length")
    return True


def _loaded(text: str) -> tuple[Any, list[int]]:
    """Load JSON, or a document per line; then with the lines."""
    try:
        return json.loads(text), []
    except RecursionError:
        raise refusal("G003", kind="JSON", value="nested too deeply") from None
    except ValueError as error:
        first = error
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) < 2:
        raise refusal("G003", kind="JSON", value=str(first)[:100])
    try:
        return json.loads(f"[{','.join(line for _n, line in lines)}]"), [n for n, _line in lines]
    except RecursionError:
        raise refusal("G003", kind="JSON", value="nested too deeply") from None
    except ValueError:
        raise refusal("G003", kind="JSON", value=str(first)[:100]) from None


def _series(values: Sequence[Any]) -> pl.Series:
    """Make a column of what JSON holds: numbers if all are, else text as it is written."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {str}:
        return pl.Series(values, dtype=pl.String)
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in values if value is not None):
        return pl.Series(values, dtype=pl.Int64)
    if kinds and kinds <= {int, float}:
        try:
            return pl.Series([v if v is None else float(v) for v in values], dtype=pl.Float64)
        except OverflowError:
            pass
    return pl.Series([_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:.0f}" if abs(value) < 2**63 else "1e999"
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------------------- Parquet


def _parquet_table(content: bytes, limits: Limits) -> Table:
    import pyarrow.parquet as pq

    try:
        about = pq.ParquetFile(io.BytesIO(content))
        rows, names = about.metadata.num_rows, list(about.schema_arrow.names)
        _check_extent(rows, len(names), limits)
        found = fields(names)
        wide = bool(found) and "value" not in found
        wanted = names if wide or not found else [names[at] for at in sorted(found.values())]
        table = about.read(columns=wanted)
        # Text and offsets of a broken file may point anywhere, and polars trusts them.
        table.validate(full=True)
        frame = pl.from_arrow(table)
    except DataError:
        raise
    except BaseException as error:  # a parser's panic is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise refusal("G003", kind="Parquet", value=type(error).__name__) from None
    if not isinstance(frame, pl.DataFrame):
        raise refusal("G003", kind="Parquet", value=type(frame).__name__)
    columns = [_simple(column) for column in frame.get_columns()]
    return Table(frame.columns, columns, pl.Series(range(1, frame.height + 1), dtype=pl.Int64))


#: Steps of a day in each unit of time, a date having one. Days on either side of 1970 that every
#: calendar of ours knows.
_PER_DAY = {None: 1, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_CALENDAR_DAYS = 700_000


def _simple(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind == pl.Date or isinstance(kind, pl.Datetime):
        # What no calendar holds is no time: told as empty, for nothing can print it.
        whole = column.to_physical().cast(pl.Int64) // _PER_DAY[getattr(kind, "time_unit", None)]
        kept = whole.is_between(-_CALENDAR_DAYS, _CALENDAR_DAYS)
        return column.zip_with(kept.fill_null(False), column.clear(len(column)))
    if kind.is_numeric() or kind == pl.String:
        return column
    if kind in (pl.Categorical, pl.Enum, pl.Boolean):
        return column.cast(pl.String)
    if kind == pl.Binary:
        return column.cast(pl.String, strict=False)
    return pl.Series(column.name, [None] * len(column), dtype=pl.String)
