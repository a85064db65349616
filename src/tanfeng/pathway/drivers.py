"""What a scenario may say of a sector, in which unit, and within which ends.

The emission of a sector in a year follows from its drivers. With ``A`` the activity, ``r`` the
recycling share, ``e`` and ``h`` the shares of electricity and of purchased heat in final energy
and ``c`` the captured share::

    energy  = A * (intensity * (1 - r) + intensity_recycled * r)             tce
    fuel    = energy * (1 - e - h) * fuel_factor * (1 - c)                   tCO2, direct
    process = A * (process_factor * (1 - r) + process_factor_recycled * r) * (1 - c)   direct
    power   = energy * e / tce_per_1e4_kwh * grid_factor                     tCO2, purchased
    heat    = energy * h / tce_per_gj * heat_factor                          tCO2, purchased

``A`` is ``output``, or ``value_added``, or ``structure`` times the city's ``value_added``; a
sector of which nobody knows drivers may give its direct ``emission`` itself. ``energy`` is final
energy; electricity is turned into tce by its calorific value (GB/T 2589), so that a substituted
fuel is not counted at the efficiency of power plants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tanfeng import units

#: The sector whose drivers hold for every sector that does not say its own.
CITY = "city"
CITY_NAMES = frozenset({CITY, "全市", "市"})


@dataclass(frozen=True, slots=True)
class Driver:
    """One quantity a scenario may state.

    Parameters
    ----------
    key : str
        Name in files and frames.
    zh, en : str
        Name on pages.
    over : str
        Canonical unit of what stands over the line; empty for a share or a free unit.
    under : str
        Canonical unit below it, ``activity`` for the unit of the sector's activity, empty for
        none.
    most : float
        Greatest possible value; the least is zero.
    shared : bool
        Whether a sector without its own takes the city's.
    """

    key: str
    zh: str
    en: str
    over: str = ""
    under: str = ""
    most: float = math.inf
    shared: bool = False

    @property
    def share(self) -> bool:
        """Whether it is a part of a whole."""
        return self.most == 1.0


#: What an activity is measured by; exactly one of them is given for a sector with drivers.
ACTIVITIES = ("output", "value_added", "structure")

DRIVERS = {
    driver.key: driver
    for driver in (
        Driver("output", "产品产量", "Output"),
        Driver("value_added", "增加值", "Value added", over="1e3 CNY"),
        Driver("structure", "增加值占比", "Share of value added", most=1.0),
        Driver("intensity", "单位能耗", "Energy intensity", over="tce", under="activity"),
        Driver(
            "intensity_recycled",
            "再生路线单位能耗",
            "Energy intensity, recycled route",
            over="tce",
            under="activity",
        ),
        Driver("recycling_share", "再生原料路线占比", "Recycling share", most=1.0),
        Driver("electrification", "终端电气化率", "Share of electricity", most=1.0),
        Driver("heat_share", "外购热力占比", "Share of purchased heat", most=1.0),
        Driver("fuel_factor", "燃料综合排放因子", "Fuel factor", over="tCO2", under="tce"),
        Driver("process_factor", "过程排放强度", "Process emission", over="tCO2", under="activity"),
        Driver(
            "process_factor_recycled",
            "再生路线过程排放强度",
            "Process emission, recycled route",
            over="tCO2",
            under="activity",
        ),
        Driver("capture_share", "碳捕集比例", "Captured share", most=1.0, shared=True),
        Driver(
            "grid_factor", "电力排放因子", "Grid factor", over="tCO2", under="1e4 kWh", shared=True
        ),
        Driver("heat_factor", "热力排放因子", "Heat factor", over="tCO2", under="GJ", shared=True),
        Driver("emission", "直接排放量", "Direct emission", over="tCO2"),
    )
}
_BY_NAME = {
    name.casefold(): driver.key
    for driver in DRIVERS.values()
    for name in (driver.key, driver.zh, driver.en)
}


def driver_key(name: str) -> str:
    """Return the key of a driver by its key, Chinese or English name.

    Parameters
    ----------
    name : str
        As written in a file.

    Returns
    -------
    str
        Empty when there is none of that name.
    """
    return _BY_NAME.get(name.strip().casefold(), "")


def to_canonical(driver: Driver, unit: str, activity: str) -> float:
    """Return the number that turns a value in the written unit into the canonical one.

    Parameters
    ----------
    driver : Driver
        Whose value it is.
    unit : str
        As written, for example ``kgce/t``; a share takes none, ``1`` or ``%``.
    activity : str
        Unit of the sector's activity as written, for example ``万t``; what stands under the line
        is brought to it.

    Returns
    -------
    float

    Raises
    ------
    tanfeng.units.UnknownUnit
        If the unit is unknown or is one of another quantity.
    """
    if driver.share:
        return _of_share(unit)
    if driver.key == "output":
        return _between(unit.strip(), activity)
    over, _, under = unit.partition("/")
    scale = units.factor(over, driver.over)
    if bool(under) != bool(driver.under):
        raise units.UnknownUnit(f"unit {unit!r} is not of the form {unit_of(driver, activity)!r}")
    if not under:
        return scale
    if driver.under != "activity":
        return scale / units.factor(under, driver.under)
    return scale / _between(under.strip(), activity)


def unit_of(driver: Driver, activity: str) -> str:
    """Return the unit values of a driver are kept in.

    Parameters
    ----------
    driver : Driver
        Whose unit is asked.
    activity : str
        Unit of the sector's activity.

    Returns
    -------
    str
        ``1`` for a share.
    """
    if driver.share:
        return "1"
    under = activity if driver.under == "activity" else driver.under
    return f"{driver.over or activity}/{under}" if under else driver.over or activity


def _of_share(unit: str) -> float:
    if unit.strip() in ("", "1"):
        return 1.0
    return units.factor(unit, "%") * 0.01


def _between(spelling: str, activity: str) -> float:
    """Return how many units of the activity one unit as spelled is."""
    if spelling == activity.strip():
        return 1.0
    ours = units.canonical_units(activity)
    theirs = [one for one in units.canonical_units(spelling) if one in ours]
    if not theirs:
        raise units.UnknownUnit(f"unit {spelling!r} cannot be brought to {activity!r}")
    return units.factor(spelling, theirs[0]) / units.factor(activity, theirs[0])
