"""Writing facts with two times: add, close and bring back rows of a :class:`KnownRecord`.

Rows travel as columns: what is new is compared with what holds now in one join, and written by
the database driver in bulk. A model object per row would cost several times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import polars as pl
from django.db import connection

from tanfeng.console.core.models import Batch, KnownRecord
from tanfeng.errors import ModelError

T = TypeVar("T")
#: Keys per statement; old SQLite takes 999 parameters.
CHUNK = 900
#: Rows handed to the driver at a time.
ROWS = 5_000
Model = type[KnownRecord]


@dataclass(frozen=True, slots=True)
class Register:
    """How one register of known records is compared and written.

    Parameters
    ----------
    model : type
        The model.
    keys : tuple of str
        Columns that name a fact; one row per key holds at a time.
    values : tuple of str
        Columns that say it; when all are equal nothing is new.
    """

    model: Model
    keys: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Return the polars types of keys and values."""
        return {name: _dtype(self.model, name) for name in (*self.keys, *self.values)}


@dataclass(frozen=True, slots=True)
class Difference:
    """New rows against what holds now.

    Parameters
    ----------
    added : polars.DataFrame
        Rows whose key is new.
    replaced : polars.DataFrame
        Rows whose key holds other values; ``id`` is the row to close and ``<value>_before`` what
        it says.
    unchanged : int
        Rows that say what holds already.
    """

    added: pl.DataFrame
    replaced: pl.DataFrame
    unchanged: int

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        return {
            "added": self.added.height,
            "replaced": self.replaced.height,
            "unchanged": self.unchanged,
        }


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut into lists of at most ``size``."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def reach(
    organisations: Sequence[int], years: tuple[int, int], months: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the condition on the rows of some organisations, years and months (none for all)."""
    within = {"organisation_id__in": organisations, "year__range": years}
    return {**within, "month__in": months} if months else within


def current(
    register: Register,
    organisations: Iterable[int],
    years: tuple[int, int],
    months: Sequence[int] = (),
) -> pl.DataFrame:
    """Return what holds now for some organisations and years: id, keys, values, known_from.

    Only the months given are read, all of them when none is.
    """
    names = ("id", "known_from", *register.keys, *register.values)
    rows: list[tuple[Any, ...]] = []
    for part in chunks(organisations, CHUNK):
        rows.extend(
            register.model.objects.current()
            .filter(**reach(part, years, months))
            .order_by()
            .values_list(*names)
        )
    schema = {"id": pl.Int64(), "known_from": pl.Datetime("us", "UTC"), **register.schema}
    return pl.DataFrame(rows, schema=schema, orient="row")


def compare(register: Register, new: pl.DataFrame, holding: pl.DataFrame) -> Difference:
    """Compare new rows with what holds now.

    Parameters
    ----------
    register : Register
        Keys and values.
    new : polars.DataFrame
        Rows with unique keys; further columns pass through.
    holding : polars.DataFrame
        What :func:`current` returned.
    """
    typed = new.with_columns([pl.col(name).cast(dtype) for name, dtype in register.schema.items()])
    joined = typed.join(holding, on=list(register.keys), how="left", suffix="_before")
    known = joined.filter(pl.col("id").is_not_null())
    same = pl.all_horizontal(
        [pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in register.values]
    )
    replaced = known.filter(~same)
    added = joined.filter(pl.col("id").is_null()).select(new.columns)
    return Difference(added, replaced, known.height - replaced.height)


def write(
    register: Register,
    difference: Difference,
    batch: Batch,
    at: datetime,
    *,
    also_close: Sequence[int] = (),
) -> dict[str, int]:
    """Close what is replaced and add what is new; call inside a transaction.

    Parameters
    ----------
    register : Register
        Keys and values.
    difference : Difference
        What :func:`compare` found.
    batch : Batch
        The batch that says so.
    at : datetime
        When it became known.
    also_close : sequence of int
        Rows that end without a row of the same key to follow.

    Raises
    ------
    ModelError
        If a row that is to be replaced became known later than ``at``.
    """
    late = difference.replaced.filter(pl.col("known_from") > at)
    if late.height:
        raise ModelError(
            f"{late.height} rows became known after {at:%Y-%m-%d %H:%M}: a correction cannot be "
            "older than what it corrects",
            f"有 {late.height} 行数据在 {at:%Y-%m-%d %H:%M} 之后才入库：更正不能早于被更正的数据",
        )
    close(register.model, [*difference.replaced["id"].to_list(), *also_close], batch, at)
    columns = ["source_row", *register.keys, *register.values]
    fresh = pl.concat([difference.added.select(columns), difference.replaced.select(columns)])
    insert(
        register.model,
        fresh.with_columns(batch_id=pl.lit(batch.pk.hex)),
        known_from=at,
    )
    return difference.counts


def close(model: Model, ids: Sequence[int], batch: Batch, at: datetime) -> int:
    """End what some rows say at a moment."""
    closed = 0
    for part in chunks(ids, CHUNK):
        rows = model.objects.filter(pk__in=part, known_to__isnull=True)
        closed += rows.update(known_to=at, closed_by=batch)
    return closed


def insert(model: Model, frame: pl.DataFrame, *, known_from: datetime) -> int:
    """Add rows that hold from a moment on.

    Parameters
    ----------
    model : type
        The model.
    frame : polars.DataFrame
        Its columns by column name, ``batch_id`` as the hexadecimal text of the batch's key.
    known_from : datetime
        When the rows became known.
    """
    if frame.is_empty():
        return 0
    fields = {field.column: field for field in model._meta.concrete_fields}
    constants = {"known_from": known_from, "known_to": None, "closed_by_id": None}
    names = [*frame.columns, *constants]
    quote = connection.ops.quote_name
    statement = "INSERT INTO {table} ({columns}) VALUES ({marks})".format(  # noqa: S608  # own names
        table=quote(model._meta.db_table),
        columns=", ".join(quote(name) for name in names),
        marks=", ".join(["%s"] * len(names)),
    )
    tail = tuple(
        fields[name].get_db_prep_save(value, connection) for name, value in constants.items()
    )
    converted = frame.with_columns(
        pl.col("batch_id").replace_strict(
            {text: _batch_key(text) for text in frame["batch_id"].unique()},
            return_dtype=pl.String(),
        )
    )
    with connection.cursor() as cursor:
        for part in chunks(converted.iter_rows(), ROWS):
            cursor.executemany(statement, [row + tail for row in part])
    return frame.height


def undo(register: Register, batch: Batch, at: datetime) -> dict[str, int]:
    """Close what a batch added and bring back what it had closed.

    Rows of the batch that a later one replaced stay closed, and that later row stays. What the
    batch had closed comes back as a new row under the batch it came from; when that batch was
    undone in the meantime, what that one had closed comes back instead, and so on.
    """
    own = register.model.objects.filter(batch=batch).order_by()
    standing = own.current().values_list("pk", *register.keys)
    ids = {tuple(key): pk for pk, *key in standing}
    gone = own.filter(known_to__isnull=False).exclude(closed_by=batch)
    superseded = {tuple(key) for key in gone.values_list(*register.keys)} - set(ids)
    ended = _ended(register, batch) - superseded
    back = _brought_back(register, batch, set(ids) | ended)
    closed = close(register.model, list(ids.values()), batch, at)
    insert(register.model, back, known_from=at)
    return {"closed": closed, "restored": back.height, "superseded": len(superseded)}


def _ended(register: Register, batch: Batch) -> set[tuple[Any, ...]]:
    """Return what the batch closed without a successor and nobody has told anew since."""
    rows = register.model.objects.filter(closed_by=batch).exclude(batch=batch).order_by()
    keys = {tuple(key) for key in rows.values_list(*register.keys)}
    own = register.model.objects.filter(batch=batch).order_by()
    keys -= {tuple(key) for key in own.values_list(*register.keys)}
    if not keys:
        return keys
    name = register.keys[0]
    for part in chunks({key[0] for key in keys}, CHUNK):
        held = register.model.objects.current().filter(**{f"{name}__in": part}).order_by()
        keys -= {tuple(key) for key in held.values_list(*register.keys)}
    return keys


def _brought_back(register: Register, batch: Batch, keys: set[tuple[Any, ...]]) -> pl.DataFrame:
    """Return what held before a batch for the keys it still holds."""
    names = ("batch_id", "batch__status", "source_row", *register.keys, *register.values)
    width = len(register.keys)
    found: list[tuple[Any, ...]] = []
    wanted: dict[Any, set[tuple[Any, ...]]] = {batch.pk: keys}
    while wanted:
        closer, its_keys = wanted.popitem()
        rows = register.model.objects.filter(closed_by_id=closer).exclude(batch_id=closer)
        for batch_id, status, *row in rows.order_by().values_list(*names).iterator():
            key = tuple(row[1 : 1 + width])
            if key not in its_keys:
                continue
            if status == Batch.Status.UNDONE:
                wanted.setdefault(batch_id, set()).add(key)
            else:
                found.append((batch_id.hex, *row))
    schema = {"batch_id": pl.String(), "source_row": pl.Int64(), **register.schema}
    return pl.DataFrame(found, schema=schema, orient="row")


def _batch_key(text: str) -> str:
    """Return a batch's key as the database stores it."""
    field = Batch._meta.pk
    return str(field.get_db_prep_value(field.to_python(text), connection))


_DTYPES: dict[str, pl.DataType] = {
    "FloatField": pl.Float64(),
    "PositiveSmallIntegerField": pl.Int64(),
    "PositiveIntegerField": pl.Int64(),
    "ForeignKey": pl.Int64(),
    "CharField": pl.String(),
}


def _dtype(model: Model, name: str) -> pl.DataType:
    field = model._meta.get_field(name.removesuffix("_id") if name.endswith("_id") else name)
    return _DTYPES[field.get_internal_type()]
