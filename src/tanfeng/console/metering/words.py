"""Words of the list of instruments and of the log, next to the keys the program keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: What the form writes -> what the model keeps.
CLASSES: Mapping[str, str] = {
    "衡器": "weighing",
    "电能表": "electricity",
    "油流量表(装置)": "oil",
    "气体流量表(装置)": "gas",
    "水流量表(装置)": "water",
    "热量表": "heat",
    "温度仪表": "temperature",
    "压力仪表": "pressure",
    "其他": "other",
}
LEVELS: Mapping[str, int] = {"进出用能单位": 1, "进出主要次级用能单位": 2, "主要用能设备": 3}
STATES: Mapping[str, str] = {
    "合格": "qualified",
    "准用": "limited",
    "停用": "stopped",
    "维护": "repair",
}
READINGS: Mapping[str, str] = {"累计表底": "register", "时段用量": "amount", "瞬时功率": "power"}
SIGNS: Mapping[str, int] = {"流入": 1, "流出": -1}

#: What the log calls the events of this room.
EVENTS: dict[str, Promise] = {
    "meter.enter": _("Meter entered"),
    "meter.change": _("Meter changed"),
    "meter.withdraw": _("Meter withdrawn"),
    "meter.claim": _("Unclaimed point claimed"),
    "meter.expression": _("Virtual meter entered"),
    "meter.read": _("Meter opened"),
    "meter.calibrate": _("Verification of a meter entered"),
    "meter.hang": _("Device hung"),
    "meter.take-down": _("Device taken down"),
    "meter.replace": _("Device replaced"),
    "meter.unit": _("Process or equipment entered"),
    "meter.tidy": _("Files of readings and energy put together"),
    "meter.unit-out": _("Process or equipment taken out"),
    "meter.required": _("Required number of meters stated"),
    "gateway.enter": _("Gateway entered"),
    "gateway.change": _("Gateway changed"),
    "gateway.read": _("Gateway opened"),
    "gateway.key": _("API key made"),
    "gateway.revoke": _("API key revoked"),
    "gateway.refuse": _("Readings refused"),
    "gateway.connect": _("Connection of a gateway stated"),
    "gateway.adopt": _("Unknown point adopted"),
}


def written(words: Mapping[str, Any], key: Any) -> str:
    """Return what the form writes for a key, empty for none."""
    return next((word for word, one in words.items() if one == key), "")
