"""What hangs where: points, the meters hung at them, and the tree, each in every version it had.

The register is what the engine reads; no database is needed. A change is checked whole, takes
effect whole or not at all, and never overwrites: "as known on" is a question every table answers.
Many processes may read and change it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from tanfeng.errors import DataError, ModelError
from tanfeng.metering._register_checks import ROW, Change, State, check
from tanfeng.metering._register_files import Files
from tanfeng.metering.frames import DEVICES, EDGES, NODES, POINTS, SLOT_S, TIME

#: A version of a table is told by this column: of these rows the newest version holds, whole.
_KEYS = {"points": "point", "devices": "point", "nodes": "node", "edges": "child"}
_COLUMNS: Mapping[str, pl.Schema] = {
    "points": POINTS,
    "devices": DEVICES,
    "nodes": NODES,
    "edges": pl.Schema([*EDGES.items(), ("recorded", TIME)]),
}
_ON_DISK = {name: pl.Schema([*s.items(), ("put", pl.Int64)]) for name, s in _COLUMNS.items()}
#: What a new point is when nothing else is said. The name is that of the point.
DEFAULTS: Mapping[str, object] = {
    "kind": "register",
    "item_key": "electricity",
    "unit": "kWh",
    "multiplier": 1.0,
    "interval_s": SLOT_S,
    "sign": 1,
    "origin": "console",
}


#: Spacings meters are read at. [s]
_SPACINGS = (60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
#: How far the spacing found in readings may be off one of these and still be it.
_OFF = 0.2


def spacing(readings: pl.DataFrame) -> pl.DataFrame:
    """Tell at what spacing points are read, by the readings there are.

    Parameters
    ----------
    readings : polars.DataFrame
        ``point``, ``time``.

    Returns
    -------
    polars.DataFrame
        ``point``, ``interval_s``: the usual spacing nearest the middle one of those found [s];
        that of a quarter hour for points with fewer than three times, or with another spacing.
    """
    usual = pl.DataFrame({"interval_s": _SPACINGS}, schema={"interval_s": pl.Int32})
    usual = usual.with_columns(near=pl.col("interval_s").cast(pl.Float64))
    between = pl.col("time").dt.epoch("s").unique().sort().diff().drop_nulls()
    found = readings.group_by("point").agg(near=between.median(), times=pl.col("time").n_unique())
    nearest = found.sort("near", nulls_last=True).join_asof(
        usual.sort("near"), on="near", strategy="nearest"
    )
    fits = (pl.col("near") - pl.col("interval_s")).abs() <= _OFF * pl.col("interval_s")
    told = pl.when((pl.col("times") >= 3) & fits).then("interval_s").otherwise(SLOT_S)
    return nearest.select("point", told.cast(pl.Int32).alias("interval_s")).sort("point")


@dataclass(frozen=True, slots=True)
class Put:
    """What a change did: how many of each got a new version; what stood already is not counted.

    Parameters
    ----------
    points, nodes : int
        New versions.
    devices : int
        Points whose meters changed.
    edges : int
        Nodes that hang elsewhere now.
    """

    points: int = 0
    devices: int = 0
    nodes: int = 0
    edges: int = 0


class Register:
    """The register of one home.

    Parameters
    ----------
    path : Path
        Folder of metering; ``points``, ``devices``, ``nodes`` and ``edges`` are made in it by the
        first change.
    """

    def __init__(self, path: Path | str) -> None:
        self._files = Files(Path(path), _ON_DISK)

    def points(self, known_on: datetime | None = None) -> pl.DataFrame:
        """Return the points, ``frames.POINTS``, sorted, as known on a day or now."""
        return self._table("points", known_on, "point")

    def points_since(self, known_on: datetime | None = None) -> pl.DataFrame:
        """Return the points, ``recorded`` being when each was registered, not its last change."""
        rows = self._files.rows()["points"]
        first = rows.group_by("point").agg(pl.col("recorded").min())
        return self.points(known_on).drop("recorded").join(first, on="point").sort("point")

    def devices(self, known_on: datetime | None = None) -> pl.DataFrame:
        """Return the meters, ``frames.DEVICES``, by point and time of installation."""
        return self._table("devices", known_on, "point", "installed")

    def nodes(self, known_on: datetime | None = None) -> pl.DataFrame:
        """Return the nodes of the tree, ``frames.NODES``, sorted."""
        return self._table("nodes", known_on, "node")

    def edges(self, known_on: datetime | None = None) -> pl.DataFrame:
        """Return the edges of the tree, ``frames.EDGES``, sorted."""
        return self._table("edges", known_on, "parent", "child").select(list(EDGES))

    def changed(self, since: int = 0) -> tuple[list[str], int]:
        """Return the points that changed, themselves or their meters, after a change.

        Parameters
        ----------
        since : int
            Number of the last change that is known; 0 before the first.

        Returns
        -------
        points : list of str
            Names, sorted.
        last : int
            Number of the newest change, to ask with the next time.
        """
        rows = self._files.rows()
        both = pl.concat([rows[name].select("point", "put") for name in ("points", "devices")])
        last = max(_last(frame) for frame in rows.values())
        return both.filter(pl.col("put") > since)["point"].unique().sort().to_list(), last

    def number(self) -> int:
        """Return the number of the newest change, 0 before the first."""
        return self._files.number()

    def put(
        self,
        *,
        points: pl.DataFrame | None = None,
        devices: pl.DataFrame | None = None,
        nodes: pl.DataFrame | None = None,
        edges: pl.DataFrame | None = None,
        recorded: datetime | None = None,
    ) -> Put:
        """Add new versions, all or none.

        Parameters
        ----------
        points : polars.DataFrame, optional
            ``point`` and any columns of ``frames.POINTS``. A column left out, or a cell left empty
            where something must stand, keeps what stands; of a new point it takes ``DEFAULTS``.
        devices : polars.DataFrame, optional
            Columns of ``frames.DEVICES``. Of a point named here these are **all** its meters; a row
            without device and installed says that none hangs there. Multiplier and digits left out
            are those of the point.
        nodes : polars.DataFrame, optional
            ``node`` and any columns of ``frames.NODES``.
        edges : polars.DataFrame, optional
            ``parent`` and ``child``. Of a child named here these are **all** its parents; an empty
            parent hangs it nowhere.
        recorded : datetime, optional
            When it became known, aware. Without it the frames say so themselves in ``recorded``.

        Returns
        -------
        Put

        Raises
        ------
        DataError
            With everything that is wrong; nothing is changed then. A column ``source_row`` tells
            the rows by which the findings are placed.
        ModelError
            If a frame has a column the table does not have, or no time it was recorded at.
        """
        given = {"points": points, "devices": devices, "nodes": nodes, "edges": edges}
        touched = {name: frame for name, frame in given.items() if frame is not None}
        if not touched:
            return Put()
        with self._files.changing() as write:
            rows = self._files.rows()
            now = {name: _holding(name, rows[name]) for name in rows}
            made = {
                name: _completed(name, frame, now, touched.get("points"), recorded)
                for name, frame in touched.items()
            }
            after = {
                name: _holding(name, _joined(name, rows[name], made.get(name))) for name in rows
            }
            problems = check(Change(**made), State(**after))
            if problems:
                raise DataError(problems)
            new = {name: _news(name, frame, now[name]) for name, frame in made.items()}
            write({name: frame for name, frame in new.items() if not frame.is_empty()})
        return Put(**{name: frame[_KEYS[name]].n_unique() for name, frame in new.items()})

    def _table(self, name: str, known_on: datetime | None, *order: str) -> pl.DataFrame:
        rows = self._files.rows()[name]
        if known_on is not None:
            rows = rows.filter(pl.col("recorded") <= known_on)
        return _holding(name, rows).sort(*order).select(list(_COLUMNS[name]))


def _holding(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the newest version of each key; a version may be several rows, or say there is none."""
    key = _KEYS[name]
    ordered = rows.sort("recorded", "put", maintain_order=True)
    newest = pl.all_horizontal(
        pl.col(column) == pl.col(column).last().over(key) for column in ("recorded", "put")
    )
    held = ordered.filter(newest)
    if name == "devices":
        return held.filter(pl.col("device").is_not_null() | pl.col("installed").is_not_null())
    return held.filter(pl.col("parent").is_not_null()) if name == "edges" else held


def _joined(name: str, rows: pl.DataFrame, made: pl.DataFrame | None) -> pl.DataFrame:
    if made is None:
        return rows
    new = made.drop(ROW).with_columns(put=pl.lit(_last(rows) + 1, pl.Int64)).select(rows.columns)
    return pl.concat([rows.cast(new.schema), new])


def _last(rows: pl.DataFrame) -> int:
    return int(rows.select(pl.col("put").max().fill_null(0)).item())


def _news(name: str, made: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Keep of the rows given those of keys where something differs from what stands."""
    key, columns = _KEYS[name], [c for c in _COLUMNS[name] if c != "recorded"]
    new = made.drop(ROW).select(list(_COLUMNS[name])).cast(_COLUMNS[name])
    old = now.filter(pl.col(key).is_in(new[key].implode()))
    there = new.join(old, on=columns, how="anti", nulls_equal=True)[key]
    gone = old.join(new, on=columns, how="anti", nulls_equal=True)[key]
    differ = pl.concat([there, gone]).unique()
    return new.filter(pl.col(key).is_in(differ.implode()))


def _completed(
    name: str,
    frame: pl.DataFrame,
    now: Mapping[str, pl.DataFrame],
    points: pl.DataFrame | None,
    recorded: datetime | None,
) -> pl.DataFrame:
    """Give a frame every column of its table, in types wide enough to be checked, and its rows."""
    columns = _COLUMNS[name]
    strange = [c for c in frame.columns if c not in columns and c != ROW]
    if strange or _KEYS[name] not in frame.columns:
        raise ModelError(
            f"{name} of the register have no column {', '.join(strange) or 'without a key'}; "
            f"they have {', '.join(columns)}"
        )
    if ROW not in frame.columns:
        frame = frame.with_row_index(ROW, 1)
    naive = [c for c, t in frame.schema.items() if isinstance(t, pl.Datetime) and not t.time_zone]
    if naive:
        raise ModelError(f"{name}: the times in {', '.join(naive)} must be aware")
    frame = _timed(name, frame, recorded)
    wide = {c: _wide(t) for c, t in columns.items()}
    frame = frame.cast(pl.Schema([(c, wide.get(c, pl.Int64())) for c in frame.columns]))
    if name == "points":
        frame = _kept(frame, now["points"], DEFAULTS, "point")
    elif name == "nodes":
        frame = _kept(frame, now["nodes"], {}, "node")
    elif name == "devices":
        of_points = now["points"] if points is None else _points_there(points, now["points"])
        frame = _of_point(frame, of_points)
    lacking = [pl.lit(None, wide[c]).alias(c) for c in columns if c not in frame.columns]
    frame = frame.with_columns(lacking)
    if "name" in columns:
        frame = frame.with_columns(pl.col("name").fill_null(pl.col(_KEYS[name])))
    return frame.select(*columns, ROW).cast(pl.Schema([*wide.items(), (ROW, pl.Int64)]))


def _timed(name: str, frame: pl.DataFrame, recorded: datetime | None) -> pl.DataFrame:
    if recorded is not None:
        if recorded.tzinfo is None:
            raise ModelError(f"recorded {recorded} must be aware")
        return frame.with_columns(recorded=pl.lit(recorded).cast(TIME))
    if "recorded" not in frame.columns or frame["recorded"].null_count():
        raise ModelError(f"{name} do not say when they were recorded; give recorded=")
    # The rows of a key are one version and became known together.
    return frame.with_columns(pl.col("recorded").max().over(_KEYS[name]))


def _kept(
    frame: pl.DataFrame, now: pl.DataFrame, defaults: Mapping[str, object], key: str
) -> pl.DataFrame:
    """Fill what is left out from what stands, then from the defaults."""
    columns = [c for c in now.columns if c not in (key, "recorded", "put")]
    stands = now.select(key, pl.col(columns).name.prefix("now_"))
    joined = frame.join(stands, on=key, how="left", maintain_order="left")
    filled = []
    for column in columns:
        kept = pl.col(f"now_{column}")
        if column in defaults:
            kept = kept.fill_null(pl.lit(defaults[column]))
        if column not in frame.columns:
            filled.append(kept.alias(column))
        elif column in defaults or column in ("name", "kind"):
            filled.append(pl.col(column).fill_null(kept))
    return joined.with_columns(filled).drop(f"now_{column}" for column in columns)


def _points_there(points: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return multiplier and digits of the points as they will stand, as far as they are given."""
    wanted = ["point", "multiplier", "digits"]
    given = _kept(points.select(c for c in wanted if c in points.columns), now, DEFAULTS, "point")
    given = given.select(wanted).cast({"multiplier": pl.Float64, "digits": pl.Int64})
    held = now.select(wanted).cast({"multiplier": pl.Float64, "digits": pl.Int64})
    return pl.concat([given, held]).unique("point", keep="first")


def _of_point(frame: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Take multiplier and digits from the point where a meter does not say its own."""
    stands = points.select("point", now_multiplier="multiplier", now_digits="digits")
    joined = frame.join(stands, on="point", how="left", maintain_order="left")
    filled = [
        (pl.col(c).fill_null(pl.col(f"now_{c}")) if c in frame.columns else pl.col(f"now_{c}"))
        .cast(frame.schema.get(c, pl.Float64 if c == "multiplier" else pl.Int64))
        .alias(c)
        for c in ("multiplier", "digits")
    ]
    return joined.with_columns(filled).drop("now_multiplier", "now_digits")


def _wide(kind: pl.DataType) -> pl.DataType:
    return pl.Int64() if kind.is_integer() else kind
