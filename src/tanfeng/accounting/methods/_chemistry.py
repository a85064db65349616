"""What chemistry adds: N2O of nitric and adipic acid; feedstocks, products and wastes of a balance.

Numbers such as F3-6 name the formulas of ``docs/methods``.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

import polars as pl

from tanfeng import standards
from tanfeng.accounting.methods._declare import EMISSION, Input, Item, Kind, Step
from tanfeng.accounting.methods._items import fuels, material
from tanfeng.accounting.methods._process import GWP
from tanfeng.errors import ModelError

_ACID = Input("AD", "product_t", "t", "产品产量", "product made", low=0.0, extensive=True)
_N2O_EF = Input(
    "EF",
    "ef_n2o_kg_t",
    "kgN2O/t",
    "氧化亚氮生成因子",
    "N2O made per tonne of product",
    0.1,
    500.0,
    default=True,
)
_N2O_EMISSION = Step(
    EMISSION,
    "E",
    "tCO2e",
    "M * GWP",
    lambda v: v["M"] * v["GWP"],
    (Input("M", "n2o_t", "t", "氧化亚氮排放量", "N2O given off", low=0.0, extensive=True), GWP),
)
#: F3-6, F3-7 with eta = 0: no abatement, or none that is certified.
N2O = Kind(
    "n2o",
    "氧化亚氮（无去除）",
    "N2O without abatement",
    (
        Step(
            "n2o_t",
            "M",
            "t",
            "AD * EF / 1000",
            lambda v: v["AD"] * v["EF"] * 1e-3,
            (_ACID, _N2O_EF),
        ),
        _N2O_EMISSION,
    ),
    gas="N2O",
    number="F3-6",
)
N2O_ABATED = Kind(
    "n2o_abated",
    "氧化亚氮（有去除装置）",
    "N2O with abatement",
    (
        Step(
            "n2o_t",
            "M",
            "t",
            "AD * EF * (1 - (eta / 100) * (mu / 100)) / 1000",
            lambda v: v["AD"] * v["EF"] * (1e-3 - v["eta"] * v["mu"] * 1e-7),
            (
                _ACID,
                _N2O_EF,
                Input(
                    "eta",
                    "removal_pct",
                    "%",
                    "去除率",
                    "removal efficiency",
                    1.0,
                    100.0,
                    default=True,
                ),
                Input(
                    "mu",
                    "removal_use_pct",
                    "%",
                    "去除装置使用率",
                    "share of production the abatement ran for",
                    1.0,
                    100.0,
                ),
            ),
        ),
        _N2O_EMISSION,
    ),
    gas="N2O",
    number="F3-6",
)

_CARBON_NAME_ZH, _CARBON_NAME_EN = "含碳量", " carbon content"


@lru_cache(maxsize=8)
def feedstock(guideline: str, *, only: tuple[str, ...] = ()) -> tuple[Item, ...]:
    """Return the fuels of a guideline as carbon of a balance: heat and carbon, no oxidation."""
    return tuple(
        Item(
            one.key,
            one.name_zh,
            one.name_en,
            one.unit,
            MappingProxyType(
                {column: ref for column, ref in one.defaults.items() if column != "oxidation_pct"}
            ),
        )
        for one in fuels(guideline, only=only)
    )


@lru_cache(maxsize=8)
def chemicals(*keys: str) -> tuple[Item, ...]:
    """Return chemicals with the carbon content of the table, all or those named.

    Raises
    ------
    ModelError
        If the table lacks one asked for.
    """
    prefix = "pf_chem_c_"
    rows = standards.load("process_factors").filter(pl.col("id").str.starts_with(prefix))
    found = {
        row["id"].removeprefix(prefix): material(
            row["id"].removeprefix(prefix),
            row["name_zh"].removesuffix(_CARBON_NAME_ZH),
            row["name_en"].removesuffix(_CARBON_NAME_EN),
            carbon_content_tc=f"process_factors/{row['id']}",
        )
        for row in rows.iter_rows(named=True)
    }
    lacking = [key for key in keys if key not in found]
    if lacking or not found:
        raise ModelError(f"table process_factors has no carbon content of {lacking or 'chemicals'}")
    return tuple(found[key] for key in (keys or tuple(found)))


#: Feedstock whose carbon the form must state.
OTHER_FEEDSTOCK = (
    material("semi_coke", "兰炭", "semi-coke"),
    material("electrode_paste", "电极糊", "electrode paste"),
    material("co2_feed", "外购作原料的二氧化碳", "CO₂ bought as feedstock"),
    material("other_feedstock", "其他含碳原料", "other feedstock with carbon"),
    material("feed_gas", "原料气", "feed gas", unit="1e4 Nm3"),
)
#: Products without a row of their own.
OTHER_PRODUCTS = (
    material("other_product", "其他含碳产品", "other product with carbon"),
    material("product_gas", "外供工艺气", "process gas supplied", unit="1e4 Nm3"),
)
#: Waste: its carbon is always analysed.
WASTES = (
    material("ash", "灰渣", "ash and slag"),
    material("dust", "除尘灰", "dust"),
    material("sludge", "污泥", "sludge"),
    material("other_waste", "其他含碳废物", "other waste with carbon"),
)

_NITRIC = (
    ("high", "高压法硝酸", "nitric acid, high pressure"),
    ("medium", "中压法硝酸", "nitric acid, medium pressure"),
    ("atmospheric", "常压法硝酸", "nitric acid, atmospheric"),
    ("dual", "双加压法硝酸", "nitric acid, dual pressure"),
    ("combined", "综合法硝酸", "nitric acid, combined"),
    ("low", "低压法硝酸", "nitric acid, low pressure"),
)
_REMOVALS = (
    ("catalytic", "己二酸（催化去除）", "adipic acid, catalytic abatement"),
    ("thermal", "己二酸（热去除）", "adipic acid, thermal abatement"),
    ("recycle_nitric", "己二酸（回收为硝酸）", "adipic acid, recycled to nitric acid"),
    ("recycle_adipic", "己二酸（回收作原料）", "adipic acid, recycled as feedstock"),
)


def nitric_acid(gwp: str) -> tuple[Item, ...]:
    """Return nitric acid by process; ``gwp`` is the row of N2O in ``process_factors``."""
    return tuple(
        material(
            f"nitric_{key}",
            zh,
            en,
            ef_n2o_kg_t=f"process_factors/pf_nitric_{key}",
            gwp=f"process_factors/{gwp}",
        )
        for key, zh, en in _NITRIC
    )


def adipic_acid(gwp: str) -> tuple[Item, ...]:
    """Return adipic acid, plain and by abatement; ``gwp`` as for nitric acid."""
    common = {"ef_n2o_kg_t": "process_factors/pf_adipic", "gwp": f"process_factors/{gwp}"}
    return (
        material("adipic", "己二酸", "adipic acid", **common),
        *(
            material(
                f"adipic_{key}",
                zh,
                en,
                removal_pct=f"process_factors/pf_adipic_removal_{key}",
                **common,
            )
            for key, zh, en in _REMOVALS
        ),
    )
