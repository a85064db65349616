"""NDRC 1722 of 2015: greenhouse gas accounting of food, tobacco, alcohol, beverages and tea.

食品、烟草及酒、饮料和精制茶企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）.
Boundary: the legal entity. Gases: CO2 and CH4.

Sum (F14-1): fuel + carbonates + loss of bought industrial CO2 + wastewater CH4 + electricity +
heat. CO2 of fermentation is biogenic and not counted. See ``docs/methods/ndrc-2015-food.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Item, Method, Stream
from tanfeng.accounting.methods._items import carbonates, fuels, material
from tanfeng.accounting.methods._process import CARBONATE, CO2_LOSS
from tanfeng.accounting.methods._wastewater import WASTEWATER_NET, wastewater


def _water(key: str, zh: str, en: str) -> Item:
    return wastewater(f"{key}_wastewater", zh, en, mcf=f"process_factors/pf_ww_mcf_{key}")


METHOD = Method(
    key="ndrc_2015_food",
    number="发改办气候〔2015〕1722号",
    title_zh="食品、烟草及酒、饮料和精制茶企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, food, tobacco, alcohol, beverages and tea "
    "(trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人；发酵产生的二氧化碳为生物成因，不计。",
    boundary_en="The legal entity; CO₂ of fermentation is biogenic and not counted.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("NDRC-GENERAL-2015"),
            measured=frozenset({"used_qty", "ncv_gj"}),
        ),
        Stream(
            "carbonate",
            "碳酸盐使用过程",
            "carbonates used",
            (CARBONATE,),
            carbonates(),
            measured=frozenset({"used_qty", "purity_pct"}),
        ),
        Stream(
            "co2_loss",
            "外购工业生产的二氧化碳损耗",
            "loss of bought industrial CO₂",
            (CO2_LOSS,),
            (
                material(
                    "industrial_co2",
                    "工业来源二氧化碳",
                    "CO₂ of industrial origin",
                    loss_pct=Default(
                        "method_defaults/food_co2_loss",
                        rule_zh="损耗比例未测时的缺省值",
                        rule_en="default where the loss was not measured",
                    ),
                ),
            ),
            measured=frozenset({"co2_bought_t"}),
        ),
        Stream(
            "wastewater",
            "废水厌氧处理",
            "anaerobic treatment of wastewater",
            (WASTEWATER_NET,),
            (
                _water("food", "食品制造废水", "wastewater of food making"),
                _water("beverage", "酒、饮料和茶废水", "wastewater of alcohol, beverages and tea"),
                _water("tobacco", "烟草废水", "wastewater of tobacco"),
            ),
            measured=frozenset({"wastewater_m3", "cod_in_kg_m3", "cod_out_kg_m3"}),
        ),
        electricity(),
        heat(),
    ),
    doubts_zh=("条款号和公式编号未见。",),
    doubts_en=("Clause and equation numbers were not seen.",),
)
