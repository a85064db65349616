"""What pictures and lists are drawn from: map tiles and shapes, chart tables, findings.

Plain functions over plain data; no request, no database.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
from django.utils.translation import gettext as _

from tanfeng.console.core import figures
from tanfeng.console.core.asked import language

#: Size of one tile of the schematic map and the gap between two. [px]
TILE_WIDTH, TILE_HEIGHT, GAP = 72.0, 46.0, 6.0
CLASSES = 5


def levels(
    values: Sequence[float | None], classes: int = CLASSES, places: int | None = None
) -> tuple[list[int | None], list[str]]:
    """Sort values into classes of about equal number.

    Parameters
    ----------
    values : sequence of float or None
        One value per area; None is no data and gets no class.
    classes : int
        Most classes wanted; fewer come back when there are fewer distinct values.
    places : int, optional
        Decimal places of the labels; chosen from the spread when not given.

    Returns
    -------
    classes : list of int or None
        Class of each value, 0 for the smallest.
    labels : list of str
        Range of each class, smallest and largest value that is really in it.
    """
    numbers = [figures.number(value) for value in values]
    known = sorted({value for value in numbers if value is not None})
    if not known:
        return [None] * len(numbers), []
    groups = [list(map(float, group)) for group in np.array_split(known, min(classes, len(known)))]
    bounds = [group[-1] for group in groups]
    found = [
        None if value is None else next(i for i, top in enumerate(bounds) if value <= top)
        for value in numbers
    ]
    digits = _places(known) if places is None else places
    labels = [
        figures.plain(group[0], digits)
        if group[0] == group[-1]
        else f"{figures.plain(group[0], digits)}–{figures.plain(group[-1], digits)}"
        for group in groups
    ]
    return found, labels


#: Change from which on a rise or fall is a strong one, and below which it is none. [%]
STRONG, FLAT = 5.0, 0.05


def change_levels(
    values: Sequence[float | None],
) -> tuple[list[str | None], list[tuple[str, str]]]:
    """Sort changes into falls and rises, so that a colour never means both.

    Parameters
    ----------
    values : sequence of float or None
        Change per area; None is no data and gets no class. [%]

    Returns
    -------
    classes : list of str or None
        ``down-2``, ``down-1``, ``same``, ``up-1`` or ``up-2``.
    steps : list of (str, str)
        Class and words of every class that occurs, falls first.
    """
    strong = f"{STRONG:g}"
    words = {
        "down-2": _("down %(limit)s%% and more") % {"limit": strong},
        "down-1": _("down"),
        "same": _("unchanged"),
        "up-1": _("up"),
        "up-2": _("up %(limit)s%% and more") % {"limit": strong},
    }
    found = [_direction(figures.number(value)) for value in values]
    return found, [(key, text) for key, text in words.items() if key in found]


def _direction(value: float | None) -> str | None:
    if value is None:
        return None
    if abs(value) < FLAT:
        return "same"
    side = "up" if value > 0 else "down"
    return f"{side}-{2 if abs(value) >= STRONG else 1}"


def _places(known: Sequence[float]) -> int:
    """Return how many decimals tell the values apart without drowning the reader."""
    largest = max(abs(known[0]), abs(known[-1]))
    if largest == 0 or largest >= 100:
        return 0
    return 1 if largest >= 10 else min(4, 2 - math.floor(math.log10(largest)))


def tiles(areas: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Turn tile units into pixels.

    Parameters
    ----------
    areas : sequence of mapping
        Each with ``x``, ``y`` and optionally ``width``, ``height`` in tiles.

    Returns
    -------
    areas : list of dict
        Copies with ``px``, ``py``, ``pw``, ``ph``, the middle ``mx``, ``my``, and ``squeeze``,
        the length a long name is pressed to. [px]
    view_box : str
        View box around all of them.
    """
    shapes = []
    for area in areas:
        width, height = float(area.get("width") or 1), float(area.get("height") or 1)
        left = float(area.get("x") or 0) * (TILE_WIDTH + GAP)
        top = float(area.get("y") or 0) * (TILE_HEIGHT + GAP)
        wide = width * TILE_WIDTH + (width - 1) * GAP
        high = height * TILE_HEIGHT + (height - 1) * GAP
        shapes.append(
            {
                **area,
                **_rounded(px=left, py=top, pw=wide, ph=high),
                **_rounded(mx=left + wide / 2, my=top + high / 2),
                "squeeze": _squeeze(str(area.get("name") or ""), wide),
            }
        )
    if not shapes:
        return [], "0 0 1 1"
    left, top = min(s["px"] for s in shapes), min(s["py"] for s in shapes)
    right = max(s["px"] + s["pw"] for s in shapes)
    bottom = max(s["py"] + s["ph"] for s in shapes)
    return shapes, f"{left - 2:g} {top - 2:g} {right - left + 4:g} {bottom - top + 4:g}"


def _squeeze(name: str, room: float) -> float | None:
    """Return the length in px a name is pressed to, or None where it fits."""
    length = sum(13.0 if ord(letter) > 0x2E80 else 7.2 for letter in name)
    return round(room - 8.0, 1) if length > room - 8.0 else None


def spread_labels(areas: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Move the names of neighbouring shapes apart until none covers another.

    Parameters
    ----------
    areas : sequence of mapping
        Each with ``name``, ``label_x`` and ``label_y``. [px]

    Returns
    -------
    list of dict
        Copies with ``label_y`` moved up or down, as little as a few rounds of pushing need.
    """
    high = 13.0
    moved = [dict(area) for area in areas]
    named = [area for area in moved if area.get("path")]
    wide = [sum(11.0 if ord(c) > 0x2E80 else 6.2 for c in str(area["name"])) for area in named]
    for _round in range(60):
        still = True
        for i, one in enumerate(named):
            for j in range(i + 1, len(named)):
                other = named[j]
                if abs(one["label_x"] - other["label_x"]) >= (wide[i] + wide[j]) / 2:
                    continue
                gap = other["label_y"] - one["label_y"]
                if abs(gap) < high:
                    step = (high - abs(gap)) / 2 * (1 if gap >= 0 else -1)
                    one["label_y"], other["label_y"] = (
                        one["label_y"] - step,
                        other["label_y"] + step,
                    )
                    still = False
        if still:
            break
    for area in named:
        area["label_y"] = round(area["label_y"], 1)
    return moved


def _rounded(**values: float) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}


Ring = Sequence[Sequence[float]]


def _polygons(geometry: Mapping[str, Any]) -> list[Sequence[Ring]]:
    if geometry["type"] == "Polygon":
        return [geometry["coordinates"]]
    if geometry["type"] == "MultiPolygon":
        return list(geometry["coordinates"])
    raise ValueError(f"geometry {geometry['type']!r} is neither Polygon nor MultiPolygon")


def _area_and_centre(ring: Ring) -> tuple[float, float, float]:
    """Return signed area and centre of a closed ring, in the ring's own units."""
    points = np.asarray(ring, dtype=float)[:, :2]
    x, y = points[:, 0], points[:, 1]
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    area = float(cross.sum()) / 2.0
    if area == 0.0:
        return 0.0, float(x.mean()), float(y.mean())
    centre_x = float(((x[:-1] + x[1:]) * cross).sum()) / (6.0 * area)
    centre_y = float(((y[:-1] + y[1:]) * cross).sum()) / (6.0 * area)
    return area, centre_x, centre_y


def geo_paths(
    geometries: Mapping[str, Mapping[str, Any]], width: float = 420.0
) -> tuple[str, dict[str, tuple[str, float, float]]]:
    """Project longitude and latitude onto the page.

    Parameters
    ----------
    geometries : mapping
        Code -> GeoJSON Polygon or MultiPolygon, longitude and latitude. [deg]
    width : float
        Width of the picture. [px]

    Returns
    -------
    view_box : str
        View box of the picture.
    paths : dict
        Code -> (SVG path, x and y of the label). The label stands in the middle of the largest
        part.

    Notes
    -----
    Plate carrée with the cosine of the middle latitude: over one city the shapes are true within
    a percent, and nothing is measured on the picture.
    """
    rings = {
        code: [ring for polygon in _polygons(geometry) for ring in polygon]
        for code, geometry in geometries.items()
    }
    points = np.asarray([point[:2] for some in rings.values() for ring in some for point in ring])
    if not len(points):
        return "0 0 1 1", {}
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    squeeze = math.cos(math.radians((south + north) / 2.0))
    scale = width / max((east - west) * squeeze, 1e-9)

    def place(longitude: float, latitude: float) -> tuple[float, float]:
        return (
            round((longitude - west) * squeeze * scale, 1),
            round((north - latitude) * scale, 1),
        )

    paths: dict[str, tuple[str, float, float]] = {}
    for code, some in rings.items():
        parts = []
        for ring in some:
            steps = dict.fromkeys(place(point[0], point[1]) for point in ring)
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in steps) + "Z")
        _area, lon, lat = max((_area_and_centre(ring) for ring in some), key=lambda a: abs(a[0]))
        paths[code] = ("".join(parts), *place(lon, lat))
    height = round((north - south) * scale, 1)
    return f"0 0 {width:g} {height:g}", paths


def has_data(data: Any) -> bool:
    """Tell whether a chart has at least one number to draw."""
    if not isinstance(data, Mapping) or not data.get("x") or not data.get("series"):
        return False
    return any(
        figures.number(value) is not None
        for series in data["series"]
        for value in series.get("values", ())
    )


Cell = tuple[str, str]


def chart_table(data: Mapping[str, Any]) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """Return heads and rows of the table behind a chart: numbers as read, with their links."""
    places = int(data.get("places", 1))
    link = str(data.get("link") or "")
    keys = data.get("keys") or data["x"]
    heads = [str(series.get("name", series.get("key", ""))) for series in data["series"]]

    def cell(index: int, series: Mapping[str, Any]) -> Cell:
        values = series.get("values", ())
        value = values[index] if index < len(values) else None
        if figures.number(value) is None or not link:
            return figures.plain(value, places), ""
        url = link.replace("{x}", quote(str(keys[index]), safe=""))
        url = url.replace("{key}", quote(str(series.get("key", "")), safe=""))
        return figures.plain(value, places), url

    rows = [
        (str(label), [cell(index, series) for series in data["series"]])
        for index, label in enumerate(data["x"])
    ]
    return heads, rows


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


_KINDS = {"error": "bad", "warning": "late", "info": "note"}


def problem_rows(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Return findings (``tanfeng.errors.Problem`` or dictionaries with its fields) for a page."""
    lang = language()
    names = {"error": _("Error"), "warning": _("Warning"), "info": _("Hint")}
    rows = []
    for one in found:
        row, column = _get(one, "row"), _get(one, "column") or ""
        severity = _get(one, "severity") or "info"
        texts = {
            name: _get(one, name) or ""
            for name in ("sheet", "heading", "value", "rule", "suggestion", "fix_url", "url")
        }
        rows.append(
            {
                **texts,
                "row": row,
                "cell": f"{column}{'' if row is None else row}",
                "is_cell": bool(column) and row is not None,
                "message": _get(one, f"message_{lang}") or _get(one, "message_zh") or "",
                "remedy": _get(one, f"remedy_{lang}") or _get(one, "remedy_zh") or "",
                "kind": _KINDS.get(severity, "muted"),
                "severity": names.get(severity, severity),
            }
        )
    return rows
