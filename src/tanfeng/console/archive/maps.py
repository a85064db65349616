"""Official boundary maps: check, simplify for the page, store with source and review number.

Until a map is imported the pages show the schematic tiles. A map shown to the public needs a
review number (审图号); without one the page says so beside the map.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction

from tanfeng.console.archive import geojson, rings
from tanfeng.console.archive.models import Place
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.errors import DataError, Problem

#: Most bytes all shapes together may have on a page.
PAGE_BYTES = 200_000
#: Decimals kept: five are about a metre. [deg]
_DECIMALS = 5
_FIRST_TOLERANCE_DEG = 0.0001
#: Halvings tried when simplifying made a ring cross itself.
_RETRIES = 8
_NUMBERED, _UNNUMBERED = "〔审图号 {0}〕", "〔无审图号〕"


@dataclass(frozen=True, slots=True)
class MapImport:
    """What became of a boundary file.

    Parameters
    ----------
    problems : tuple of Problem
        Everything found, gravest first; no error among them when the map was taken.
    shapes : mapping
        County code -> GeoJSON geometry as simplified for the page.
    points_before, points_after : int
        Positions in the file and in what is stored.
    size_bytes : int
        Size of all shapes on the page.
    tolerance_deg : float
        How far a border may have moved. [deg]
    stored : bool
        False when only checked.
    """

    problems: tuple[Problem, ...]
    shapes: Mapping[str, Mapping[str, Any]]
    points_before: int
    points_after: int
    size_bytes: int
    tolerance_deg: float
    stored: bool


def import_map(
    user: User,
    content: bytes,
    *,
    source: str = "",
    review_number: str = "",
    repair: bool = False,
    check_only: bool = False,
) -> MapImport:
    """Check a boundary file and, when nothing is wrong with it, store it for the pages.

    Parameters
    ----------
    user : User
        Who does it; needs the right to change places.
    content : bytes
        The GeoJSON file.
    source : str
        Publisher and title of the map, shown under it.
    review_number : str
        Review number printed on the map (审图号); empty when it has none.
    repair : bool
        Close open rings and turn rings the right way round.
    check_only : bool
        Check and simplify, store nothing.

    Raises
    ------
    DataError
        With every problem of the file when any is an error.
    """
    rights.require(user, "change", Place)
    reading = geojson.read(content, known_areas(), repair=repair)
    if not reading.shapes and not reading.errors:
        reading.add("MAP06", ("没有本市的县（市、区）", "none of the city's counties is in it"))
    if reading.errors:
        raise DataError(geojson.in_order(reading).problems)
    shapes, tolerance = fit(reading.shapes)
    before, after = _count(reading.shapes), _count(shapes)
    size = _size(shapes)
    _tell(reading, before, after, size, review_number)
    geometries = {code: geometry(polygons) for code, polygons in shapes.items()}
    if not check_only:
        _store(user, content, geometries, label(source, review_number))
    return MapImport(
        tuple(geojson.in_order(reading).problems),
        geometries,
        before,
        after,
        size,
        tolerance,
        stored=not check_only,
    )


def remove_map(user: User) -> int:
    """Go back to the schematic tiles and return how many counties had a shape."""
    rights.require(user, "change", Place)
    with transaction.atomic():
        count = Place.objects.exclude(geometry=None).update(geometry=None, geometry_source="")
        audit.record("map.remove", user=user, counties=count)
    return count


def known_areas() -> list[geojson.Area]:
    """Return the counties of this installation."""
    return [
        geojson.Area(place.code, place.name_zh, place.name_en, place.official_code)
        for place in Place.objects.all()
    ]


def label(source: str, review_number: str) -> str:
    """Return the text stored beside a shape: source and review number, or that it has none."""
    mark = _NUMBERED.format(review_number.strip()) if review_number.strip() else _UNNUMBERED
    return f"{source.strip()[: 199 - len(mark)]} {mark}".strip()


def caption(stored: str) -> str:
    """Return what stands under the map, in the language of the person.

    Parameters
    ----------
    stored : str
        ``Place.geometry_source``.
    """
    source, _, mark = stored.rpartition("〔")
    mark = mark.rstrip("〕")
    source = source.strip()
    if language() == "en":
        number = mark.removeprefix("审图号").strip()
        note = (
            "no map review number (审图号): not for public display"
            if mark == "无审图号"
            else f"map review number {number}"
        )
        return f"Source: {source}; {note}" if source else note
    note = "无审图号，不得用于公开展示" if mark == "无审图号" else mark
    return f"来源：{source}；{note}" if source else note


def fit(
    shapes: Mapping[str, Sequence[geojson.Polygon]], limit_bytes: int = PAGE_BYTES
) -> tuple[dict[str, list[geojson.Polygon]], float]:
    """Simplify all counties together until the page can carry them.

    Borders are cut where they meet and simplified once, so that neighbours keep one border.

    Parameters
    ----------
    shapes : mapping
        County code -> polygons.
    limit_bytes : int
        Most bytes of all geometries together.

    Returns
    -------
    shapes : dict
        Simplified polygons; islands that shrank to nothing are gone, no county is.
    tolerance_deg : float
        Tolerance it took. [deg]
    """
    rounded = {
        code: [[_rounded(ring) for ring in polygon] for polygon in polygons]
        for code, polygons in shapes.items()
    }
    everything = [ring for ps in rounded.values() for polygon in ps for ring in polygon]
    pieces, walks = rings.arcs(everything)
    tolerance = 0.0
    while True:
        simple = _simplified(rounded, pieces, walks, tolerance)
        if _size(simple) <= limit_bytes or tolerance > 1:
            return simple, tolerance
        tolerance = tolerance * 1.5 or _FIRST_TOLERANCE_DEG


def _rounded(ring: rings.Ring) -> rings.Ring:
    return rings.without_repeats(np.round(ring, _DECIMALS))


def _simplified(
    shapes: Mapping[str, Sequence[geojson.Polygon]],
    pieces: Sequence[rings.Ring],
    walks: Sequence[Sequence[tuple[int, bool]]],
    tolerance: float,
) -> dict[str, list[geojson.Polygon]]:
    """Simplify every border, more gently where a ring would cross itself."""
    allowed = np.full(len(pieces), tolerance)
    lines = [rings.simplify(piece, tolerance) for piece in pieces]
    joined = [rings.join(lines, walk) for walk in walks]
    for attempt in range(_RETRIES if tolerance else 0):
        broken = [
            number
            for number, ring in enumerate(joined)
            if len(ring) >= 4 and len(rings.crossings(ring))
        ]
        if not broken:
            break
        touched = {piece for number in broken for piece, _backwards in walks[number]}
        for piece in touched:
            allowed[piece] = 0.0 if attempt == _RETRIES - 2 else allowed[piece] / 2
            lines[piece] = rings.simplify(pieces[piece], float(allowed[piece]))
        joined = [rings.join(lines, walk) for walk in walks]
    return _without_slivers(shapes, iter(joined))


def _without_slivers(
    shapes: Mapping[str, Sequence[geojson.Polygon]], joined: Any
) -> dict[str, list[geojson.Polygon]]:
    """Put the polygons together again and drop rings that shrank to a line."""
    out: dict[str, list[geojson.Polygon]] = {}
    for code, polygons in shapes.items():
        kept = []
        for polygon in polygons:
            simple = [next(joined) for _ring in polygon]
            if _is_ring(simple[0]):
                kept.append([simple[0], *(hole for hole in simple[1:] if _is_ring(hole))])
        largest = max(polygons, key=lambda polygon: abs(rings.area(polygon[0])))
        out[code] = kept or [[largest[0]]]
    return out


def _is_ring(ring: rings.Ring) -> bool:
    return len(ring) >= 4 and rings.area(ring) != 0


def geometry(polygons: Sequence[geojson.Polygon]) -> dict[str, Any]:
    """Return polygons as a GeoJSON geometry."""
    coordinates = [[ring.tolist() for ring in polygon] for polygon in polygons]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _count(shapes: Mapping[str, Sequence[geojson.Polygon]]) -> int:
    return sum(len(ring) for ps in shapes.values() for polygon in ps for ring in polygon)


def _size(shapes: Mapping[str, Sequence[geojson.Polygon]]) -> int:
    return sum(
        len(json.dumps(geometry(polygons), separators=(",", ":"))) for polygons in shapes.values()
    )


def _tell(reading: geojson.Reading, before: int, after: int, size: int, review_number: str) -> None:
    """Say what was done and what the map lacks."""
    reading.add(
        "MAP19",
        (
            f"共 {before} 个点，简化为 {after} 个点、{size / 1000:.0f} kB",
            f"{before} positions, simplified to {after}, {size / 1000:.0f} kB",
        ),
        severity="info",
    )
    if not review_number.strip():
        reading.add(
            "MAP20",
            (
                "没有填写审图号，地图旁将注明“无审图号，不得用于公开展示”",
                "no map review number (审图号) is given; the page will say that the map is not "
                "for public display",
            ),
            ("取得审图号后用 --review-number 重新导入", "import again with --review-number"),
            severity="warning",
        )


def _store(
    user: User, content: bytes, geometries: Mapping[str, Mapping[str, Any]], text: str
) -> None:
    """Replace the shapes of every county in one transaction."""
    with transaction.atomic():
        Place.objects.update(geometry=None, geometry_source="")
        for code, shape in geometries.items():
            Place.objects.filter(code=code).update(geometry=shape, geometry_source=text)
        audit.record(
            "map.import",
            user=user,
            source=text,
            sha256=hashlib.sha256(content).hexdigest(),
            counties=sorted(geometries),
        )
