"""Kinds of source of carbon materials: calcining, baking, graphitising, fume, flue gas.

Fixed carbon and volatile matter are as received, like the mass they belong to. Numbers such as
F17-4 name the formulas of ``docs/methods``.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

import polars as pl

from tanfeng import standards
from tanfeng.accounting.methods._combustion import CC, NCV, OF
from tanfeng.accounting.methods._declare import EMISSION, Default, Input, Item, Kind, Step
from tanfeng.accounting.methods._items import material
from tanfeng.accounting.methods._process import EF
from tanfeng.units import CO2_PER_C

#: t CO2 per t CH4 burned.
_CO2_PER_CH4 = 44.0 / 16.0


def _mass(symbol: str, column: str, zh: str, en: str, *, deduction: bool = False) -> Input:
    return Input(symbol, column, "t", zh, en, low=0.0, empty_is_zero=deduction, extensive=True)


def _share(symbol: str, column: str, zh: str, en: str, *, low: float = 0.0) -> Input:
    return Input(symbol, column, "%", zh, en, low, 100.0)


def _carbon(symbol: str, column: str, zh: str, en: str, *, deduction: bool = False) -> Input:
    return Input(symbol, column, "tC", zh, en, empty_is_zero=deduction, extensive=True)


_VOLATILES = Input("VM", "volatiles_t", "t", "挥发分损失量", "volatile matter lost", extensive=True)


def _emission(letter: str) -> Step:
    """Return the last step: fixed carbon lost and the methane the volatile matter stands for."""
    return Step(
        EMISSION,
        "E",
        "tCO2e",
        f"L * (44 / 12) + {letter} * VM * (44 / 16)",
        lambda v: v["L"] * CO2_PER_C + v[letter] * v["VM"] * _CO2_PER_CH4,
        (
            _carbon("L", "carbon_lost_tc", "固定碳损失量", "fixed carbon lost"),
            Input(
                letter,
                "volatile_factor",
                "fraction",
                "挥发分折算甲烷系数",
                "volatile matter as methane",
                0.0,
                1.0,
                default=True,
            ),
            _VOLATILES,
        ),
    )


_GC = _mass("GC", "raw_t", "待煅烧原料量", "raw material to calcine")
_CALCINED = _mass("CC", "calcined_t", "煅后料产量", "calcined material")
CALCINING = Kind(
    "calcining",
    "原料煅烧",
    "raw material calcined",
    (
        Step(
            "carbon_lost_tc",
            "L",
            "tC",
            "GC * (WFC / 100) - (CC + UCC + DU) * (WFC_C / 100)",
            lambda v: (v["GC"] * v["WFC"] - v["WFC_C"] * (v["CC"] + v["UCC"] + v["DU"])) * 1e-2,
            (
                _GC,
                _share("WFC", "raw_fixed_carbon_pct", "原料固定碳", "fixed carbon, raw", low=1.0),
                _CALCINED,
                _mass("UCC", "undercalcined_t", "欠烧煅料回收量", "undercalcined", deduction=True),
                _mass("DU", "dust_t", "炭粉尘量", "carbon dust", deduction=True),
                _share(
                    "WFC_C",
                    "calcined_fixed_carbon_pct",
                    "煅后料固定碳",
                    "fixed carbon, calcined",
                    low=1.0,
                ),
            ),
        ),
        Step(
            "volatiles_t",
            "VM",
            "t",
            "GC * (WVar / 100) - CC * (WVar_C / 100)",
            lambda v: (v["GC"] * v["WVar"] - v["CC"] * v["WVar_C"]) * 1e-2,
            (
                _GC,
                _share("WVar", "raw_volatile_pct", "原料挥发分", "volatile matter, raw", low=1.0),
                _CALCINED,
                _share(
                    "WVar_C", "calcined_volatile_pct", "煅后料挥发分", "volatile matter, calcined"
                ),
            ),
        ),
        _emission("K1"),
    ),
    number="F17-4",
    item_unit="t",
)

_BPM = _mass("BPM", "packing_t", "填充料消耗量", "packing material used")
_BG = _mass("BG", "green_t", "待焙烧品量", "articles to bake")
BAKING = Kind(
    "baking",
    "炭素制品焙烧（炭化）",
    "carbon articles baked",
    (
        Step(
            "carbon_in_tc",
            "I_C",
            "tC",
            "BPM * (BPMFC / 100) + BG * (BGFC / 100)",
            lambda v: (v["BPM"] * v["BPMFC"] + v["BG"] * v["BGFC"]) * 1e-2,
            (
                _BPM,
                _share(
                    "BPMFC",
                    "packing_fixed_carbon_pct",
                    "填充料固定碳",
                    "fixed carbon, packing",
                    low=1.0,
                ),
                _BG,
                _share(
                    "BGFC",
                    "green_fixed_carbon_pct",
                    "待焙烧品固定碳",
                    "fixed carbon, articles to bake",
                    low=1.0,
                ),
            ),
        ),
        Step(
            "carbon_lost_tc",
            "L",
            "tC",
            "I_C - BWT - BP * (BPFC / 100)",
            lambda v: v["I_C"] - v["BWT"] - v["BP"] * v["BPFC"] * 1e-2,
            (
                _carbon("I_C", "carbon_in_tc", "投入的固定碳", "fixed carbon put in"),
                _carbon(
                    "BWT",
                    "carbon_waste_tc",
                    "粉尘、碎屑和副产品带走的碳",
                    "carbon in dust, scrap and by-products",
                    deduction=True,
                ),
                _mass("BP", "product_t", "焙烧品产量", "articles baked"),
                _share(
                    "BPFC",
                    "product_fixed_carbon_pct",
                    "焙烧品固定碳",
                    "fixed carbon, articles baked",
                    low=1.0,
                ),
            ),
        ),
        Step(
            "volatiles_t",
            "VM",
            "t",
            "BPM * (BPMVar / 100) + BG * (BGVar / 100)",
            lambda v: (v["BPM"] * v["BPMVar"] + v["BG"] * v["BGVar"]) * 1e-2,
            (
                _BPM,
                _share(
                    "BPMVar", "packing_volatile_pct", "填充料挥发分", "volatile matter, packing"
                ),
                _BG,
                _share(
                    "BGVar",
                    "green_volatile_pct",
                    "待焙烧品挥发分",
                    "volatile matter, articles to bake",
                ),
            ),
        ),
        _emission("K2"),
    ),
    number="F17-5",
    item_unit="t",
)

_GPM = _mass("GPM", "packing_t", "保温料和电阻料消耗量", "insulating and resistor material used")
GRAPHITISING = Kind(
    "graphitising",
    "炭素制品石墨化",
    "carbon articles graphitised",
    (
        Step(
            "carbon_in_tc",
            "I_C",
            "tC",
            "GPM * (GPMFC / 100) + GTA * (GTAFC / 100)",
            lambda v: (v["GPM"] * v["GPMFC"] + v["GTA"] * v["GTAFC"]) * 1e-2,
            (
                _GPM,
                _share(
                    "GPMFC",
                    "packing_fixed_carbon_pct",
                    "保温料和电阻料固定碳",
                    "fixed carbon, insulating and resistor material",
                    low=1.0,
                ),
                _mass("GTA", "baked_t", "待石墨化品量", "articles to graphitise"),
                _share(
                    "GTAFC",
                    "baked_fixed_carbon_pct",
                    "待石墨化品固定碳",
                    "fixed carbon, articles to graphitise",
                    low=1.0,
                ),
            ),
        ),
        Step(
            "carbon_lost_tc",
            "L",
            "tC",
            "I_C - GWT - GP * (GPFC / 100)",
            lambda v: v["I_C"] - v["GWT"] - v["GP"] * v["GPFC"] * 1e-2,
            (
                _carbon("I_C", "carbon_in_tc", "投入的固定碳", "fixed carbon put in"),
                _carbon(
                    "GWT",
                    "carbon_waste_tc",
                    "粉尘、碎屑、残块和副产品带走的碳",
                    "carbon in dust, scrap, butts and by-products",
                    deduction=True,
                ),
                _mass("GP", "product_t", "石墨化品产量", "articles graphitised"),
                _share(
                    "GPFC",
                    "product_fixed_carbon_pct",
                    "石墨化品固定碳",
                    "fixed carbon, articles graphitised",
                    low=1.0,
                ),
            ),
        ),
        Step(
            "volatiles_t",
            "VM",
            "t",
            "GPM * (GPMVar / 100)",
            lambda v: v["GPM"] * v["GPMVar"] * 1e-2,
            (
                _GPM,
                _share(
                    "GPMVar",
                    "packing_volatile_pct",
                    "保温料和电阻料挥发分",
                    "volatile matter, insulating and resistor material",
                ),
            ),
        ),
        _emission("K3"),
    ),
    number="F17-6",
    item_unit="t",
)
#: F17-7, first part: mg to t is 10^-9, days to hours 24.
FUME_BURNED = Kind(
    "fume_burned",
    "沥青烟气焚烧",
    "pitch fume burned",
    (
        Step(
            "tar_t",
            "M",
            "t",
            "Q * QVar / 1000000000 * T * 24",
            lambda v: v["Q"] * v["QVar"] * v["T"] * 2.4e-8,
            (
                Input("Q", "fume_nm3_h", "Nm3/h", "进入焚烧炉的烟气流量", "fume flow", low=0.0),
                Input(
                    "QVar",
                    "tar_mg_nm3",
                    "mg/Nm3",
                    "烟气焦油含量",
                    "tar in the fume",
                    low=0.0,
                ),
                Input("T", "duration_d", "d", "运行时间", "days", 0.0, 366.0, extensive=True),
            ),
        ),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "M * NCV * CC * (OF / 100) * (44 / 12)",
            lambda v: v["M"] * v["NCV"] * v["CC"] * v["OF"] * (CO2_PER_C / 100),
            (_mass("M", "tar_t", "焚烧的焦油量", "tar burned"), NCV, CC, OF),
        ),
    ),
    number="F17-7",
    item_unit="t",
)
FLUE_GAS_WASHED = Kind(
    "flue_gas_washed",
    "烟气脱硫（碳酸盐脱硫剂）",
    "flue gas washed with a carbonate",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "CAL * (I / 100) * EF * (TR / 100)",
            lambda v: v["CAL"] * v["I"] * v["EF"] * v["TR"] * 1e-4,
            (
                _mass("CAL", "agent_t", "脱硫剂净消耗量", "agent used, net"),
                Input(
                    "I",
                    "carbonate_pct",
                    "%",
                    "脱硫剂碳酸盐含量",
                    "carbonate in the agent",
                    1.0,
                    100.0,
                    default=True,
                ),
                EF,
                Input(
                    "TR", "conversion_pct", "%", "转化率", "conversion", 1.0, 100.0, default=True
                ),
            ),
        ),
    ),
    number="F17-7",
    item_unit="t",
)

_TABLE = "method_defaults"


def _annex_c(row: str) -> Default:
    return Default(f"{_TABLE}/{row}", rule_zh="附录 C 缺省值", rule_en="default of annex C")


_FUEL_COLUMNS = {"ncv": "ncv_gj", "cc": "carbon_per_heat_tc_gj", "of": "oxidation_pct"}


@lru_cache(maxsize=1)
def annex_fuels() -> tuple[Item, ...]:
    """Return the fuels of annex C.1 of GB/T 32151.34-2024 in its order."""
    rows = standards.load(_TABLE).filter(pl.col("id").str.contains("^carbon_.*_ncv$"))
    return tuple(
        Item(
            key,
            row["name_zh"].removesuffix("低位发热量"),
            row["name_en"].removesuffix(" net calorific value"),
            "1e4 Nm3" if "Nm3" in row["unit"] else "t",
            MappingProxyType(
                {
                    column: _annex_c(f"carbon_{key}_{short}")
                    for short, column in _FUEL_COLUMNS.items()
                }
            ),
        )
        for row in rows.iter_rows(named=True)
        for key in (row["id"].removeprefix("carbon_").removesuffix("_ncv"),)
    )


@lru_cache(maxsize=1)
def agents() -> tuple[Item, ...]:
    """Return the carbonates of annex C.2 of GB/T 32151.34-2024 as desulphurising agents."""
    rows = (
        standards.load(_TABLE)
        .filter(pl.col("id").str.starts_with("carbon_"))
        .filter(pl.col("parameter").str.ends_with("_ef_tco2"))
    )
    return tuple(
        material(
            row["id"].removeprefix("carbon_"),
            row["name_zh"].removesuffix("分解排放因子"),
            row["name_en"].removesuffix(" decomposition"),
            ef_tco2=_annex_c(row["id"]),
            carbonate_pct=Default(f"{_TABLE}/carbon_fgd_content", substitute=True),
            conversion_pct=Default(f"{_TABLE}/carbon_fgd_conversion", substitute=True),
        )
        for row in rows.iter_rows(named=True)
    )


def worked(key: str, zh: str, en: str, factor: str) -> Item:
    """Return what is calcined, baked or graphitised; ``factor`` is the row of its K."""
    return material(key, zh, en, volatile_factor=Default(f"{_TABLE}/{factor}"))
