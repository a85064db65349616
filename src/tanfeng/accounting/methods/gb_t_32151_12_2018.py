"""GB/T 32151.12-2018: greenhouse gas accounting of textile and apparel enterprises.

温室气体排放核算与报告要求 第12部分：纺织服装企业.
Boundary: the legal entity, spinning to garment, with own boilers; a listed
power plant follows the market text. Gases: CO2 and CH4.

Sum (F8-1): fuel + carbonates + wastewater CH4 + electricity + heat. The text itself was not seen:
gases and title are known, the formulas are recalled and every line says so. See
``docs/methods/gb-t-32151-12.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._items import carbonates, fuels
from tanfeng.accounting.methods._process import CARBONATE
from tanfeng.accounting.methods._wastewater import WASTEWATER_NET, treatments

METHOD = Method(
    key="gb_t_32151_12_2018",
    number="GB/T 32151.12-2018",
    title_zh="温室气体排放核算与报告要求 第12部分：纺织服装企业",
    title_en="Greenhouse gas accounting and reporting, part 12: textile and apparel enterprises",
    edition="2018",
    valid_from="",
    valid_to="",
    sector="textile",
    boundary_zh="企业法人或视同法人：纺纱、织造、印染、服装及自备锅炉；纳入全国市场的热电按发电设"
    "施指南。",
    boundary_en="The legal entity: spinning, weaving, dyeing, garment, with own boilers; a "
    "listed power plant by the market text.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("GBT-32151-2015"),
            confidence="recalled",
            measured=frozenset({"used_qty", "ncv_gj"}),
        ),
        Stream(
            "carbonate",
            "碳酸盐使用过程",
            "carbonates used",
            (CARBONATE,),
            carbonates("na2co3", "nahco3"),
            confidence="recalled",
            measured=frozenset({"used_qty", "purity_pct"}),
        ),
        Stream(
            "wastewater",
            "废水厌氧处理",
            "anaerobic treatment of wastewater",
            (WASTEWATER_NET,),
            treatments(),
            confidence="recalled",
            measured=frozenset({"wastewater_m3", "cod_in_kg_m3", "cod_out_kg_m3"}),
        ),
        electricity(confidence="recalled"),
        heat(confidence="recalled"),
    ),
    doubts_zh=(
        "标准文本未见：温室气体种类和名称已知，公式全部凭记忆。",
        "MCF 缺省值、甲烷 GWP、实施日期、碳酸盐清单待核实；MCF 取 1722 号文按处理方式的值。",
        "燃料缺省值取 GB/T 32151 2015 版的追忆表。",
    ),
    doubts_en=(
        "The text was not seen: gases and title are known, every formula is recalled.",
        "Default MCF, GWP of methane, day in force and the list of carbonates are open; the MCF "
        "by type of treatment of notice 1722 is used.",
        "Fuel defaults are those recalled for GB/T 32151 of 2015.",
    ),
)
