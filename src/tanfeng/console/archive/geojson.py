"""Reading an official boundary file: every problem at once, repairs only on request.

Pure functions on numbers; what is stored where is the business of ``maps``. The rules are those
of RFC 7946: a FeatureCollection of polygons in degrees of longitude and latitude, outer rings
counter-clockwise, holes clockwise, rings closed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tanfeng.console.archive import rings
from tanfeng.errors import Problem, Severity

Ring = NDArray[np.float64]
Polygon = list[Ring]

#: Largest file taken. [byte]
LIMIT_BYTES = 50 * 1024 * 1024
#: West, south, east, north of Fujian with its islands, generously. [deg]
FUJIAN = (115.7, 23.3, 121.0, 28.5)
#: Ranges in which the whole of China lies. [deg]
_LONGITUDES, _LATITUDES = (73.0, 136.0), (3.0, 54.0)
_CODE_KEYS = ("adcode", "code", "ADCODE", "CODE", "PAC", "XZQDM", "行政区划代码", "区划代码", "gb")
_NAME_KEYS = ("name", "NAME", "XZQMC", "名称", "行政区名称", "fullname", "name_zh")
_DEGREES = re.compile(r"CRS84|EPSG:+(4326|4490)\b|EPSG::(4326|4490)\b")
_SUFFIX = re.compile(r"(区|县|市)$")


@dataclass(frozen=True, slots=True)
class Area:
    """A county the city knows: code, names, and whether the code is an official one."""

    code: str
    name_zh: str
    name_en: str
    official: bool = True


@dataclass(slots=True)
class Reading:
    """What a file says: polygons by county code, and everything that is wrong with it."""

    shapes: dict[str, list[Polygon]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    repaired: int = 0

    @property
    def errors(self) -> list[Problem]:
        """Problems that keep the file out."""
        return [problem for problem in self.problems if problem.severity == "error"]

    def add(
        self,
        rule: str,
        texts: tuple[str, str],
        remedy: tuple[str, str] = ("", ""),
        *,
        severity: Severity = "error",
        value: str = "",
    ) -> None:
        """Note a problem."""
        self.problems.append(
            Problem(rule, severity, texts[0], texts[1], remedy[0], remedy[1], value=value)
        )


@dataclass(frozen=True, slots=True)
class _Feature:
    number: int
    code: str
    name: str
    geometry: Any

    @property
    def label(self) -> tuple[str, str]:
        """How the messages call it, Chinese and English."""
        name = " ".join(part for part in (self.code, self.name) if part)
        if not name:
            return f"第{self.number}个要素", f"feature {self.number}"
        return f"第{self.number}个要素（{name}）", f"feature {self.number} ({name})"


def read(content: bytes, areas: Sequence[Area], *, repair: bool = False) -> Reading:
    """Read a boundary file and collect every problem.

    Parameters
    ----------
    content : bytes
        The file.
    areas : sequence of Area
        Counties of the city.
    repair : bool
        Close open rings and turn rings the right way round; otherwise both are errors.

    Returns
    -------
    Reading
        Usable only when it has no error.

    References
    ----------
    .. [1] RFC 7946, The GeoJSON Format, 2016, sections 3.1.6 and 4.
    """
    reading = Reading()
    document = _document(content, reading)
    if document is None:
        return reading
    _projection(document, reading)
    features = [_feature(number, item) for number, item in enumerate(document["features"], start=1)]
    claimed, foreign = _claims(features, areas, reading)
    for feature in features:
        if feature.number in foreign:
            continue
        polygons = _polygons(feature, reading)
        if polygons is None or not _range(feature, polygons, reading):
            continue
        polygons = _rings(feature, polygons, reading, repair=repair)
        _position(feature, polygons, reading)
        if feature.number in claimed:
            reading.shapes[claimed[feature.number]] = polygons
    return reading


def _document(content: bytes, reading: Reading) -> dict[str, Any] | None:
    """Parse the file down to its features, or say why it is no GeoJSON."""
    if len(content) > LIMIT_BYTES:
        size = f"{len(content) / 2**20:.0f} MB"
        reading.add(
            "MAP01",
            (f"文件有{size}，超过 50 MB", f"the file has {size}, more than 50 MB"),
            ("请先用制图软件抽稀", "simplify it in a mapping program first"),
        )
        return None
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        reading.add(
            "MAP02",
            ("不是 UTF-8 文本", "this is no UTF-8 text"),
            ("请导出为 UTF-8 编码的 GeoJSON", "export it as GeoJSON in UTF-8"),
        )
        return None
    except ValueError as error:
        reading.add(
            "MAP02",
            (f"不是 JSON：{error}", f"this is no JSON: {error}"),
            ("请重新导出 GeoJSON", "export the GeoJSON again"),
        )
        return None
    kind = document.get("type") if isinstance(document, dict) else type(document).__name__
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        if document["features"] and not document.get("UTF8Encoding"):
            return dict(document)
        encoded = bool(document.get("UTF8Encoding"))
        reading.add(
            "MAP03",
            (
                "坐标是压缩编码（UTF8Encoding），不是数字",
                "the coordinates are packed (UTF8Encoding)",
            )
            if encoded
            else ("没有任何要素", "there is no feature in it"),
            ("请导出未压缩的 GeoJSON", "export plain GeoJSON"),
        )
        return None
    reading.add(
        "MAP03",
        (f"需要 FeatureCollection，文件是 {kind}", f"a FeatureCollection is needed, found {kind}"),
        ("请导出为 GeoJSON 要素集合", "export it as a GeoJSON FeatureCollection"),
        value=str(kind),
    )
    return None


def _projection(document: Mapping[str, Any], reading: Reading) -> None:
    """Refuse a stated coordinate system that is not degrees on WGS 84 or CGCS2000."""
    stated = document.get("crs")
    text = json.dumps(stated, ensure_ascii=False) if stated else ""
    if not text or _DEGREES.search(text):
        return
    reading.add(
        "MAP04",
        (f"坐标系不是经纬度：{text}", f"the coordinate system is not degrees: {text}"),
        (
            "请转换为 WGS 84 或 CGCS2000 经纬度（EPSG:4326 或 4490）",
            "reproject it to WGS 84 or CGCS2000 degrees (EPSG:4326 or 4490)",
        ),
        value=text,
    )


def _feature(number: int, item: Any) -> _Feature:
    """Take code and name from the properties that usually hold them."""
    item = item if isinstance(item, dict) else {}
    properties = item.get("properties") or {}
    stated = [properties.get(key) for key in _CODE_KEYS] + [item.get("id")]
    codes = [re.sub(r"^156", "", str(value).split(".")[0]) for value in stated if value]
    names = [str(properties[key]) for key in _NAME_KEYS if properties.get(key)]
    code = next((value for value in codes if re.fullmatch(r"\d{6}", value)), "")
    return _Feature(number, code, names[0] if names else "", item.get("geometry"))


def _claims(
    features: Sequence[_Feature], areas: Sequence[Area], reading: Reading
) -> tuple[dict[int, str], set[int]]:
    """Match features and counties; tell what is unknown, doubled or missing.

    Returns the county of each feature by its number, and the features of other cities.
    """
    by_code = {area.code: area for area in areas}
    by_name = {_stem(name): area for area in areas for name in (area.name_zh, area.name_en)}
    claimed: dict[int, str] = {}
    taken: dict[str, int] = {}
    foreign: set[int] = set()
    for feature in features:
        area = by_code.get(feature.code) or (
            by_name.get(_stem(feature.name)) if not feature.code else None
        )
        if area is None:
            if not _unknown(feature, by_name.get(_stem(feature.name)), reading):
                foreign.add(feature.number)
        elif area.code in taken:
            reading.add(
                "MAP07",
                (
                    f"{feature.label[0]}与第{taken[area.code]}个要素都是{area.name_zh}",
                    f"{feature.label[1]} and feature {taken[area.code]} are both {area.name_en}",
                ),
                ("请合并为一个多面要素", "merge them into one multipolygon"),
            )
        else:
            claimed[feature.number] = area.code
            taken[area.code] = feature.number
    _missing([area for area in areas if area.code not in taken], reading)
    return claimed, foreign


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name.strip()).lower()


def _unknown(feature: _Feature, namesake: Area | None, reading: Reading) -> bool:
    """Note a feature that fits no county; False when it is merely of another city."""
    if namesake is not None:
        reading.add(
            "MAP05",
            (
                f"{feature.label[0]}的代码不是本市的，名称像{namesake.name_zh} {namesake.code}",
                f"{feature.label[1]} has a code that is none of this city's; "
                f"by its name it is {namesake.name_en} {namesake.code}",
            ),
            ("区划调整过的，请改为现行代码", "if the county was reorganised, give today's code"),
            value=feature.code,
        )
    elif feature.code or feature.name:
        reading.add(
            "MAP05",
            (
                f"{feature.label[0]}不属于本市，略过",
                f"{feature.label[1]} is not of this city; skipped",
            ),
            severity="warning",
            value=feature.code or feature.name,
        )
        return False
    else:
        reading.add(
            "MAP05",
            (
                f"第{feature.number}个要素没有代码和名称",
                f"feature {feature.number} has neither code nor name",
            ),
            ("请补充属性 adcode 或 name", "add the property adcode or name"),
        )
    return True


def _missing(areas: Sequence[Area], reading: Reading) -> None:
    official = [area for area in areas if area.official]
    if official:
        zh = "、".join(f"{area.name_zh} {area.code}" for area in official)
        en = ", ".join(f"{area.name_en} {area.code}" for area in official)
        reading.add(
            "MAP06",
            (f"缺少{len(official)}个县（市、区）：{zh}", f"{len(official)} counties missing: {en}"),
            ("请使用覆盖全市的图", "use a map of the whole city"),
        )
    for area in areas:
        if not area.official:
            reading.add(
                "MAP06",
                (
                    f"{area.name_zh}没有自己的行政区划代码，图上不单独画出",
                    f"{area.name_en} has no administrative code of its own and is not drawn apart",
                ),
                severity="info",
            )


def _polygons(feature: _Feature, reading: Reading) -> list[Polygon] | None:
    """Turn a geometry into arrays."""
    geometry = feature.geometry if isinstance(feature.geometry, dict) else {}
    kind = geometry.get("type")
    if kind not in {"Polygon", "MultiPolygon"}:
        reading.add(
            "MAP08",
            (f"{feature.label[0]}的几何类型是 {kind}", f"{feature.label[1]} is a {kind}"),
            ("需要 Polygon 或 MultiPolygon", "Polygon or MultiPolygon is needed"),
            value=str(kind),
        )
        return None
    stated = geometry.get("coordinates")
    parts: Any = [stated] if kind == "Polygon" else stated
    try:
        polygons = [
            [np.array([position[:2] for position in ring], dtype=float) for ring in part]
            for part in parts
        ]
    except (TypeError, ValueError):
        polygons = []
    sound = all(
        part and all(ring.ndim == 2 and ring.shape[1] == 2 for ring in part) for part in polygons
    )
    if not polygons or not sound or not all(np.isfinite(r).all() for p in polygons for r in p):
        reading.add(
            "MAP09",
            (f"{feature.label[0]}的坐标不是数字对", f"{feature.label[1]}: positions are no pairs"),
            ("请导出未压缩的 GeoJSON", "export plain GeoJSON"),
        )
        return None
    return polygons


def _range(feature: _Feature, polygons: Sequence[Polygon], reading: Reading) -> bool:
    """Tell degrees from metres and longitude from latitude, for one feature."""
    points = np.concatenate([ring for polygon in polygons for ring in polygon])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 180:
        reading.add(
            "MAP14",
            (
                f"{feature.label[0]}的坐标（{west:.0f}，{south:.0f}）像投影坐标（米），不是经纬度",
                f"{feature.label[1]}: {west:.0f}, {south:.0f} look like projected metres, "
                "not degrees",
            ),
            ("请转换为经纬度（度）", "reproject to longitude and latitude in degrees"),
        )
        return False
    inside = _within((west, east), _LONGITUDES) and _within((south, north), _LATITUDES)
    swapped = _within((west, east), _LATITUDES) and _within((south, north), _LONGITUDES)
    if swapped and not inside:
        reading.add(
            "MAP15",
            (
                f"{feature.label[0]}的经纬度写反了：{west:.3f}，{south:.3f}",
                f"{feature.label[1]}: longitude and latitude are swapped: {west:.3f}, {south:.3f}",
            ),
            ("GeoJSON 先经度后纬度", "GeoJSON puts longitude first"),
        )
        return False
    return True


def _within(span: tuple[float, float], limits: tuple[float, float]) -> bool:
    return limits[0] <= span[0] and span[1] <= limits[1]


def _position(feature: _Feature, polygons: Sequence[Polygon], reading: Reading) -> None:
    """Refuse what lies outside of Fujian."""
    points = np.concatenate([ring for polygon in polygons for ring in polygon])
    west, south, east, north = FUJIAN
    outside = (
        (points[:, 0] < west)
        | (points[:, 0] > east)
        | (points[:, 1] < south)
        | (points[:, 1] > north)
    )
    if outside.any():
        x, y = points[outside][0]
        reading.add(
            "MAP16",
            (
                f"{feature.label[0]}有{int(outside.sum())}个点在福建省范围外，如 {x:.4f}，{y:.4f}",
                f"{feature.label[1]} has {int(outside.sum())} points outside of Fujian, "
                f"such as {x:.4f}, {y:.4f}",
            ),
            (
                f"应在经度 {west}–{east}、纬度 {south}–{north}",
                f"expected longitude {west} to {east}, latitude {south} to {north}",
            ),
        )


def _rings(
    feature: _Feature, polygons: Sequence[Polygon], reading: Reading, *, repair: bool
) -> list[Polygon]:
    """Check every ring of a feature: closed, long enough, simple, turned the right way."""
    faults: dict[str, list[str]] = {}
    out: list[Polygon] = []
    for polygon in polygons:
        kept: Polygon = []
        for place, ring in enumerate(polygon):
            ring, found = _ring(ring, outer=place == 0, repair=repair)
            for rule, where in found:
                faults.setdefault(rule, []).append(where)
            kept.append(ring)
        out.append(kept)
        if len(kept) > 1 and not faults:
            for hole in kept[1:]:
                if not rings.contains(kept[0], hole[0]):
                    faults.setdefault("MAP17", []).append(_at(hole[0]))
    for rule, places in faults.items():
        _report(feature, rule, places, reading, repair=repair)
    return out


def _ring(ring: Ring, *, outer: bool, repair: bool) -> tuple[Ring, Iterator[tuple[str, str]]]:
    """Return the ring, repaired when asked, and what is or was wrong with it."""
    found: list[tuple[str, str]] = []
    if len(ring) and not np.array_equal(ring[0], ring[-1]):
        found.append(("MAP11", _at(ring[0])))
        ring = np.vstack([ring, ring[:1]])
    ring = rings.without_repeats(ring)
    if len(ring) < 4 or rings.area(ring) == 0:
        found.append(("MAP10", _at(ring[0]) if len(ring) else ""))
        return ring, iter(found)
    if (rings.area(ring) > 0) != outer:
        found.append(("MAP12", _at(ring[0])))
        if repair:
            ring = ring[::-1]
    found += [("MAP13", _at(point)) for point in rings.crossings(ring)]
    return ring, iter(found)


def _at(point: Ring) -> str:
    return f"{point[0]:.5f}, {point[1]:.5f}"


#: Rule -> what is wrong, what to do, and whether asking for repair cures it.
_RING_RULES: Mapping[str, tuple[tuple[str, str], tuple[str, str], bool]] = {
    "MAP10": (
        ("个环不足四个点或面积为零", "rings with fewer than four positions or no area"),
        ("请删除或补全", "remove or complete them"),
        False,
    ),
    "MAP11": (
        ("个环没有闭合", "open rings"),
        ("加 --repair 可自动闭合", "give --repair to close them"),
        True,
    ),
    "MAP12": (
        (
            "个环方向不对（外环应逆时针，内环应顺时针）",
            "rings turned the wrong way (outer rings counter-clockwise, holes clockwise)",
        ),
        ("加 --repair 可自动调整", "give --repair to turn them"),
        True,
    ),
    "MAP13": (
        ("处自相交或自接触", "places where a ring crosses or touches itself"),
        ("请在制图软件中修复拓扑", "repair the topology in a mapping program"),
        False,
    ),
    "MAP17": (
        ("个内环不在外环之内", "holes outside of their ring"),
        ("请在制图软件中修复拓扑", "repair the topology in a mapping program"),
        False,
    ),
}


def _report(
    feature: _Feature, rule: str, places: Sequence[str], reading: Reading, *, repair: bool
) -> None:
    """Note a kind of ring fault once per feature, with how often and where first."""
    (zh, en), remedy, curable = _RING_RULES[rule]
    cured = curable and repair
    reading.repaired += len(places) if cured else 0
    reading.add(
        rule,
        (
            f"{feature.label[0]}有{len(places)}{zh}，首处 {places[0]}{'，已修复' if cured else ''}",
            f"{feature.label[1]}: {len(places)} {en}, first at {places[0]}"
            f"{'; repaired' if cured else ''}",
        ),
        ("", "") if cured else remedy,
        severity="info" if cured else "error",
        value=str(len(places)),
    )


def in_order(reading: Reading) -> Reading:
    """Return the reading with the gravest problems first."""
    rank = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted(reading.problems, key=lambda problem: rank[problem.severity])
    return replace(reading, problems=ordered)
