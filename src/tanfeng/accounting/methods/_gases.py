"""Kinds of source that are fluorinated gases and CO2 used as a gas: filling, etching, welding.

Gas is weighed in kg, as the cylinder labels say; shielding gas in t.
"""

from __future__ import annotations

from collections.abc import Iterable

from tanfeng.accounting.methods._combustion import USE_FROM_STOCKS, USED
from tanfeng.accounting.methods._declare import EMISSION, Input, Item, Kind, Step
from tanfeng.accounting.methods._items import material
from tanfeng.accounting.methods._process import GWP

_GAS_T = Input("M", "gas_t", "t", "气体排放量", "gas given off", 0.0, extensive=True)
_EMISSION = Step(EMISSION, "E", "tCO2e", "M * GWP", lambda v: v["M"] * v["GWP"], (_GAS_T, GWP))


def _kg(symbol: str, column: str, zh: str, en: str) -> Input:
    return Input(symbol, column, "kg", zh, en, low=0.0, extensive=True)


_LOSS = _kg("EL", "connection_loss_kg", "连接处泄漏量", "lost at the connections")
#: F9-2 to F9-6. Gas in the products is weighed by the cylinders or by a flow meter.
GAS_FILLING = Kind(
    "gas_filling",
    "设备充装的氟化气体（库存平衡）",
    "fluorinated gas filled into equipment, by stocks",
    (
        Step(
            "loss_per_filling_kg",
            "EF_CH",
            "kg/operation",
            "n * m / 1000",
            lambda v: v["n"] * v["m"] * 1e-3,
            (
                Input(
                    "n",
                    "leak_mol",
                    "mol/operation",
                    "每次连接泄漏的物质的量",
                    "lost per connection",
                    0.001,
                    10.0,
                    default=True,
                ),
                Input(
                    "m",
                    "molar_g_mol",
                    "g/mol",
                    "气体摩尔质量",
                    "molar mass of the gas",
                    2.0,
                    400.0,
                    default=True,
                ),
            ),
        ),
        Step(
            "connection_loss_kg",
            "EL",
            "kg",
            "CH * EF_CH",
            lambda v: v["CH"] * v["EF_CH"],
            (
                Input(
                    "CH",
                    "connections",
                    "operation",
                    "充装连接次数",
                    "connections made",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "EF_CH",
                    "loss_per_filling_kg",
                    "kg/operation",
                    "每次连接泄漏量",
                    "lost per connection",
                    0.0,
                    10.0,
                ),
            ),
        ),
        Step(
            "shipped_kg",
            "DI",
            "kg",
            "MB - ME - EL",
            lambda v: v["MB"] - v["ME"] - v["EL"],
            (
                _kg("MB", "container_before_kg", "充装前容器内气体", "in the container before"),
                _kg("ME", "container_after_kg", "充装后容器内气体", "in the container after"),
                _LOSS,
            ),
        ),
        Step(
            "shipped_kg",
            "DI",
            "kg",
            "MM - EL",
            lambda v: v["MM"] - v["EL"],
            (_kg("MM", "metered_kg", "流量计计量的充装量", "filled by the meter"), _LOSS),
        ),
        Step(
            "gas_t",
            "M",
            "t",
            "(IB + AC - IE - DI) / 1000",
            lambda v: (v["IB"] + v["AC"] - v["IE"] - v["DI"]) * 1e-3,
            (
                _kg("IB", "opening_stock_kg", "期初库存量", "opening stock"),
                _kg("AC", "bought_kg", "购入量", "bought"),
                _kg("IE", "closing_stock_kg", "期末库存量", "closing stock"),
                Input(
                    "DI",
                    "shipped_kg",
                    "kg",
                    "充入产品或售出的量",
                    "inside products or sold",
                    0.0,
                    extensive=True,
                ),
            ),
        ),
        _EMISSION,
    ),
    gas="F-gas",
    number="F9-2",
    item_unit="kg",
)


def _volume(
    symbol: str, column: str, zh: str, en: str, low: float = 0.0, *, free: bool = True
) -> Input:
    return Input(symbol, column, "%", zh, en, low, 100.0, empty_is_zero=free)


_CO2 = _volume("P_CO2", "co2_vol_pct", "二氧化碳体积浓度", "CO₂ by volume", 1.0, free=False)
_AR = _volume(
    "P_Ar", "argon_vol_pct", "氩气体积浓度（空则为其余部分）", "argon by volume", free=False
)
_OTHERS = (
    _volume("P_O2", "oxygen_vol_pct", "氧气体积浓度", "oxygen by volume"),
    _volume("P_He", "helium_vol_pct", "氦气体积浓度", "helium by volume"),
    _volume("P_N2", "nitrogen_vol_pct", "氮气体积浓度", "nitrogen by volume"),
)
#: F9-7: volume shares, weighed by molar mass; helium 4.003, nitrogen 28.014.
SHIELDING_GAS = Kind(
    "shielding_gas",
    "二氧化碳气体保护焊（混合气）",
    "CO₂ of shielding gas",
    (
        USE_FROM_STOCKS,
        Step(
            "argon_vol_pct",
            "P_Ar",
            "%",
            "100 - P_CO2 - P_O2 - P_He - P_N2",
            lambda v: 100 - (v["P_CO2"] + v["P_O2"] + v["P_He"] + v["P_N2"]),
            (_CO2, *_OTHERS),
        ),
        Step(
            "mixture_g",
            "D",
            "g/mol",
            "(P_CO2 * 44 + P_Ar * 39.948 + P_O2 * 32 + P_He * 4.003 + P_N2 * 28.014) / 100",
            lambda v: (
                0.44 * v["P_CO2"]
                + 0.39948 * v["P_Ar"]
                + 0.32 * v["P_O2"]
                + 0.04003 * v["P_He"]
                + 0.28014 * v["P_N2"]
            ),
            (_CO2, _AR, *_OTHERS),
        ),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "FC * (P_CO2 / 100) * 44 / D",
            lambda v: v["FC"] * v["P_CO2"] * (0.44 / v["D"]),
            (
                USED,
                _CO2,
                Input(
                    "D",
                    "mixture_g",
                    "g/mol",
                    "混合气平均摩尔质量",
                    "mean molar mass of the mixture",
                    4.0,
                    44.0,
                ),
            ),
        ),
    ),
    number="F9-7",
    item_unit="t",
)

_HEEL = Input(
    "h",
    "heel_pct",
    "%",
    "容器内残余比例（用量已扣残余的填 0）",
    "share left in the cylinder, 0 where the amount is already net",
    0.0,
    50.0,
    default=True,
)


def _share(symbol: str, column: str, zh: str, en: str) -> Input:
    return Input(symbol, column, "%", zh, en, 1.0, 100.0, default=True)


_UTILISATION = _share("U", "utilisation_pct", "原料气利用率", "utilisation of the gas")
_COLLECTION = _share("a", "collection_pct", "尾气收集效率", "collected by the abatement")
_REMOVAL = _share("d", "removal_pct", "尾气去除效率", "destroyed by the abatement")
_BY_PRODUCT = Input(
    "B",
    "by_product_kg_kg",
    "kg/kg",
    "副产品转化因子",
    "by-product per gas used",
    0.0,
    2.0,
    default=True,
)
_ABATED = "(1 - (a / 100) * (d / 100))"
_KG = "kg"
#: F10-3 without abatement: tools that have none, and the hours of bypass.
PROCESS_GAS = Kind(
    "process_gas",
    "刻蚀与化学气相沉积：原料气泄漏（无去除装置）",
    "etching and CVD: gas that leaks, no abatement",
    (
        USE_FROM_STOCKS,
        Step(
            "gas_t",
            "M",
            "t",
            "(1 - h / 100) * FC * (1 - U / 100) / 1000",
            lambda v: v["FC"] * (100 - v["h"]) * (100 - v["U"]) * 1e-7,
            (_HEEL, USED, _UTILISATION),
        ),
        _EMISSION,
    ),
    gas="F-gas",
    number="F10-3",
    item_unit=_KG,
)
PROCESS_GAS_ABATED = Kind(
    "process_gas_abated",
    "刻蚀与化学气相沉积：原料气泄漏（有去除装置）",
    "etching and CVD: gas that leaks, with abatement",
    (
        USE_FROM_STOCKS,
        Step(
            "gas_t",
            "M",
            "t",
            f"(1 - h / 100) * FC * (1 - U / 100) * {_ABATED} / 1000",
            lambda v: v["FC"] * (100 - v["h"]) * (100 - v["U"]) * (1e-7 - 1e-11 * v["a"] * v["d"]),
            (_HEEL, USED, _UTILISATION, _COLLECTION, _REMOVAL),
        ),
        _EMISSION,
    ),
    gas="F-gas",
    number="F10-3",
    item_unit=_KG,
)
#: F10-4. The abatement is that of the by-product, not of the gas used.
BY_PRODUCT = Kind(
    "by_product",
    "刻蚀与化学气相沉积：副产品（无去除装置）",
    "etching and CVD: by-product, no abatement",
    (
        USE_FROM_STOCKS,
        Step(
            "gas_t",
            "M",
            "t",
            "(1 - h / 100) * FC * B / 1000",
            lambda v: v["FC"] * v["B"] * (100 - v["h"]) * 1e-5,
            (_HEEL, USED, _BY_PRODUCT),
        ),
        _EMISSION,
    ),
    gas="F-gas",
    number="F10-4",
    item_unit=_KG,
)
BY_PRODUCT_ABATED = Kind(
    "by_product_abated",
    "刻蚀与化学气相沉积：副产品（有去除装置）",
    "etching and CVD: by-product, with abatement",
    (
        USE_FROM_STOCKS,
        Step(
            "gas_t",
            "M",
            "t",
            f"(1 - h / 100) * FC * B * {_ABATED} / 1000",
            lambda v: v["FC"] * v["B"] * (100 - v["h"]) * (1e-5 - 1e-9 * v["a"] * v["d"]),
            (_HEEL, USED, _BY_PRODUCT, _COLLECTION, _REMOVAL),
        ),
        _EMISSION,
    ),
    gas="F-gas",
    number="F10-4",
    item_unit=_KG,
)

_GASES = {
    "sf6": ("六氟化硫", "SF6"),
    "nf3": ("三氟化氮", "NF3"),
    "hfc_23": ("HFC-23", "HFC-23"),
    "hfc_32": ("HFC-32", "HFC-32"),
    "hfc_125": ("HFC-125", "HFC-125"),
    "hfc_134a": ("HFC-134a", "HFC-134a"),
    "hfc_143a": ("HFC-143a", "HFC-143a"),
    "hfc_152a": ("HFC-152a", "HFC-152a"),
    "hfc_227ea": ("HFC-227ea", "HFC-227ea"),
    "hfc_236fa": ("HFC-236fa", "HFC-236fa"),
    "hfc_245fa": ("HFC-245fa", "HFC-245fa"),
    "cf4": ("四氟化碳（PFC-14）", "CF4"),
    "c2f6": ("六氟乙烷（PFC-116）", "C2F6"),
    "c3f8": ("八氟丙烷（PFC-218）", "C3F8"),
    "c_c4f8": ("八氟环丁烷（PFC-318）", "c-C4F8"),
    "chf3": ("三氟甲烷", "CHF3"),
    "ch2f2": ("二氟甲烷", "CH2F2"),
    "c4f6": ("六氟丁二烯", "C4F6"),
    "c5f8": ("八氟环戊烯", "C5F8"),
    "c_c4f8o": ("八氟四氢呋喃", "c-C4F8O"),
}
#: The gas under whose name the GWP tables list it.
_LISTED_AS = {"chf3": "hfc_23", "ch2f2": "hfc_32"}
#: Gases for which no table holds a global warming potential.
_UNLISTED = frozenset({"c4f6", "c5f8", "c_c4f8o"})


def _gwp(key: str, report: str) -> dict[str, str]:
    if key in _UNLISTED:
        return {}
    return {"gwp": f"process_factors/gwp_{report}_{_LISTED_AS.get(key, key)}"}


def filled_gases(*keys: str, report: str, without_gwp: Iterable[str] = ()) -> tuple[Item, ...]:
    """Return gases that are filled into equipment.

    Parameters
    ----------
    *keys : str
        The gases.
    report : str
        Assessment report of their GWP, ``ar2`` to ``ar6``.
    without_gwp : iterable of str
        Gases the report does not hold; the form must say their GWP.
    """
    return tuple(
        material(
            key,
            _GASES[key][0],
            _GASES[key][1],
            unit="kg",
            leak_mol="process_factors/pf_sf6_fill_leak",
            molar_g_mol=f"method_defaults/molar_{key}",
            **({} if key in without_gwp else _gwp(key, report)),
        )
        for key in keys
    )


def etching_gases(*keys: str, report: str, known: Iterable[str]) -> tuple[Item, ...]:
    """Return gases of etching and chamber cleaning; ``known`` have their rates in the tables."""
    rated = set(known)
    return tuple(
        material(
            key,
            _GASES[key][0],
            _GASES[key][1],
            unit="kg",
            heel_pct="process_factors/pf_elec_heel",
            **_gwp(key, report),
            **(
                {
                    f"{what}_pct": f"process_factors/pf_elec_{key}_{what}"
                    for what in ("utilisation", "collection", "removal")
                }
                if key in rated
                else {}
            ),
        )
        for key in keys
    )


def by_products(pairs: Iterable[tuple[str, str]], *, report: str) -> tuple[Item, ...]:
    """Return by-products, named after the gas used and the gas that forms from it."""
    return tuple(
        material(
            f"{used}_{formed}",
            f"{_GASES[used][1]} 生成的 {_GASES[formed][1]}",
            f"{_GASES[formed][1]} formed from {_GASES[used][1]}",
            unit="kg",
            heel_pct="process_factors/pf_elec_heel",
            by_product_kg_kg=f"process_factors/pf_elec_{used}_by_{formed}",
            collection_pct=f"process_factors/pf_elec_{formed}_collection",
            removal_pct=f"process_factors/pf_elec_{formed}_removal",
            **_gwp(formed, report),
        )
        for used, formed in pairs
    )
