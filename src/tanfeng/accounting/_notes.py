"""Words of everything an account tells about the rows it took or could not take.

``{item}`` stands for the name of the energy item. Severity ``error`` means that rows are missing
from a total; ``warning`` wants a look at the form; ``info`` states a rule that was applied.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

import polars as pl

NOTE_SCHEMA: dict[str, pl.DataType] = {
    "severity": pl.String(),
    "code": pl.String(),
    "org_code": pl.String(),
    "year": pl.Int32(),
    "item_key": pl.String(),
    "rows": pl.UInt32(),
    "activity_id": pl.Int64(),
    "text_zh": pl.String(),
    "text_en": pl.String(),
}


class Text(NamedTuple):
    """Severity and both wordings of a note."""

    severity: str
    zh: str
    en: str


TEXTS = MappingProxyType(
    {
        # -- rows missing from a total
        "consumption_missing": Text(
            "error",
            "{item}：消费量合计为空，该行未计入。请补填消费量；确未使用请填 0。",
            "{item}: total consumption is empty, the row is not counted. Fill it in; write 0 if "
            "none was used.",
        ),
        "coefficient_missing": Text(
            "error",
            "{item}：没有参考折标系数，表中也未填采用折标系数，该行未计入综合能耗。请填实测折标系数。",
            "{item}: there is no reference coefficient and the form gives none, so the row is not "
            "in the energy total. Fill in the tested coefficient.",
        ),
        "fuel_factor_missing": Text(
            "error",
            "{item}：核算指南没有可用的排放参数，该行未计入燃烧排放。请提供检测报告并由管理员登记城市核定值。",
            "{item}: the guideline has no usable emission parameters, so the row is not in the "
            "CO₂ of combustion. Hand in a test report and have the city's value entered.",
        ),
        "electricity_missing": Text(
            "error",
            "{item}：购进量和消费量都为空，购入电力排放未计入。请补填购进量。",
            "{item}: purchase and consumption are both empty, CO₂ of electricity is not counted. "
            "Fill in the purchase.",
        ),
        "heat_missing": Text(
            "error",
            "{item}：购进量和消费量都为空，购入热力排放未计入。请补填购进量。",
            "{item}: purchase and consumption are both empty, CO₂ of heat is not counted. Fill in "
            "the purchase.",
        ),
        "steam_in_tonnes": Text(
            "error",
            "{item}：按吨填报的蒸汽无法核算，未计入热力排放。请按焓值折成百万千焦（GJ），填在热力行。",
            "{item}: steam by mass cannot be accounted and is not in the CO₂ of heat. Turn it into "
            "GJ by its enthalpy and report it as heat.",
        ),
        "parent_differs": Text(
            "error",
            "{item}：合计行与其分项之和相差超过 0.5%，按分项计入，差额未计入。请核对分项。",
            "{item}: the row differs from the sum of its kinds by more than 0.5 %; the kinds are "
            "counted and the difference is not. Check the kinds.",
        ),
        "year_differs": Text(
            "error",
            "{item}：全年行与各月之和相差超过 0.5%，按各月计入，差额未计入。请核对各月。",
            "{item}: the row of the whole year differs from the sum of its months by more than "
            "0.5 %; the months are counted and the difference is not. Check the months.",
        ),
        # -- to be looked at
        "duplicate_rows": Text(
            "warning",
            "{item}：同一单位、同一期间有多行，已全部计入。若非多个厂址，请删除重复行。",
            "{item}: several rows for one organisation and period, all are counted. Delete the "
            "copies unless they are several sites.",
        ),
        "own_production_suspected": Text(
            "warning",
            "{item}：消费量大于期初+购进-期末-外供，且自产量为空；已按无自产计算。请核对自产量。",
            "{item}: consumption exceeds opening stock + purchase - closing stock - supply while "
            "own production is empty; computed as none made. Check own production.",
        ),
        "own_production_of_primary_energy": Text(
            "warning",
            "{item}为一次能源，自产量不从消费量中扣除。",
            "{item} is primary energy: own production is not taken off consumption.",
        ),
        "own_coefficient_of_electricity": Text(
            "warning",
            "{item}：填报的采用折标系数与当量系数不符，未采用；等价值按供电煤耗另算。",
            "{item}: the coefficient given is not the calorific one and was not used; the "
            "equivalent method takes the supply coal rate.",
        ),
        "own_coefficient_out_of_range": Text(
            "warning",
            "{item}：采用折标系数超出参考范围，已按填报值计算。请附检测报告或核对单位。",
            "{item}: the coefficient given is outside the reference range and was used as given. "
            "Attach a test report or check the unit.",
        ),
        "feedstock_not_deducted": Text(
            "warning",
            "{item}不属于原料用能范围，填报的用于原材料量未扣减。",
            "{item} cannot be feedstock; the amount given as feedstock was not deducted.",
        ),
        "feedstock_unlikely": Text(
            "warning",
            "{item}一般不作原料，填报的用于原材料量已按原料处理，请核实。",
            "{item} is seldom a feedstock; the amount was taken as given. Check it.",
        ),
        "green_power_on_other_item": Text(
            "warning",
            "{item}行填有绿电量，绿电只能填在电力行，未采用。",
            "{item}: green power stands on a row that is not electricity and was not used.",
        ),
        "green_power_with_own_generation": Text(
            "warning",
            "{item}：同时填有自产量和绿电量。绿电量只应为购入部分，自发自用已含在自产量中。",
            "{item}: own production and green power are both given. Green power must be bought "
            "power only; what was generated and used here is already own production.",
        ),
        "green_power_above_net_purchase": Text(
            "warning",
            "{item}：绿电量大于净购入电量，剩余和化石口径出现负值，未作截断。请核对。",
            "{item}: green power exceeds the net purchase, so the residual and fossil bases turn "
            "negative; nothing was cut off. Check it.",
        ),
        # -- rules applied
        "parent_not_counted": Text(
            "info",
            "{item}：已有分项行，合计行不重复计入。",
            "{item}: its kinds are reported, so the sum row is not counted again.",
        ),
        "year_not_counted": Text(
            "info",
            "{item}：已有各月数据，全年行不重复计入。",
            "{item}: months are reported, so the row of the whole year is not counted again.",
        ),
        "recovered_heat_not_counted": Text(
            "info",
            "{item}：本单位回收自用，不与产生它的燃料重复计入。",
            "{item}: recovered and used on site, not counted again beside the fuel it came from.",
        ),
        "electricity_from_use": Text(
            "info",
            "{item}：购进量为空，净购入量按消费量减自产量推算。",
            "{item}: purchase is empty; net purchase is consumption less own production.",
        ),
        "heat_from_use": Text(
            "info",
            "{item}：购进量为空，净购入量按消费量减自产量推算。",
            "{item}: purchase is empty; net purchase is consumption less own production.",
        ),
        "electricity_exported": Text(
            "info",
            "{item}：外供量大于购入量，净购入为负。按指南扣减，电力排放为负值，未作截断；"
            "直接排放因此可能大于直接加电力、热力排放，发电企业属正常情况。",
            "{item}: more was supplied to others than bought, so the net purchase is negative. The "
            "guideline deducts it: CO₂ of electricity is below zero and nothing was cut off, so "
            "the direct CO₂ may exceed direct plus power and heat. For a power plant this is as "
            "it should be.",
        ),
        "heat_exported": Text(
            "info",
            "{item}：外供量大于购入量，净购入为负。按指南扣减，热力排放为负值，未作截断；"
            "直接排放因此可能大于直接加电力、热力排放，供热企业属正常情况。",
            "{item}: more was supplied to others than bought, so the net purchase is negative. The "
            "guideline deducts it: CO₂ of heat is below zero and nothing was cut off, so the "
            "direct CO₂ may exceed direct plus power and heat. For a heat supplier this is as it "
            "should be.",
        ),
        "feedstock_not_burned": Text(
            "info",
            "{item}：用于原材料部分不计入燃烧排放；其过程排放须按行业标准另算，本次未计。",
            "{item}: the part used as feedstock is not burned; its process CO₂ belongs to the "
            "sector standard and is not in this account.",
        ),
        "gas_reference_conditions": Text(
            "info",
            "{item}：指南参数以 0℃、101.325 kPa 下体积计；填报体积按原值使用，未作 20℃ 换算。",
            "{item}: the guideline counts cubic metres at 0 C and 101.325 kPa; reported volumes "
            "are used as given, without a correction from 20 C.",
        ),
        "fuel_mapped": Text(
            "info",
            "{item}：指南无此品种，采用相近燃料的参数，见因子说明。",
            "{item}: the guideline has no such fuel; parameters of a near one are used, see the "
            "factor's reason.",
        ),
        "biogenic_without_factor": Text(
            "info",
            "{item}：生物质燃烧的二氧化碳不计入总量；无采用因子，备忘量未列。",
            "{item}: CO₂ of biomass is not in the total; no factor is adopted, so no memo amount "
            "is given.",
        ),
    }
)
