"""How often the NDRC texts of 2013 to 2015 want a parameter measured, and by which standards."""

from __future__ import annotations

from tanfeng.accounting.methods._declare import Sampling

_HEAT_ZH = (
    "煤每批或至少每月一次、按量加权（GB/T 213、GB/T 476）；油每批或每季一次、算术平均"
    "（GB/T 384、SH/T 0656）"
)
_HEAT_EN = (
    "coal: each batch or at least monthly, weighted by quantity (GB/T 213, GB/T 476); oil: each "
    "batch or each quarter, arithmetic mean (GB/T 384, SH/T 0656)"
)
_GAS = Sampling(
    "ch4_vol_pct",
    rule_zh="气体组分每批或至少每半年一次（GB/T 13610、GB/T 8984）",
    rule_en="gas composition: each batch or at least half-yearly (GB/T 13610, GB/T 8984)",
)
#: Fuels: heat, carbon, analysis of a gas.
FUEL_SAMPLING = (
    Sampling("ncv_gj", rule_zh=_HEAT_ZH, rule_en=_HEAT_EN),
    Sampling("carbon_content_tc", rule_zh=_HEAT_ZH, rule_en=_HEAT_EN),
    _GAS,
)
_CARBON = Sampling(
    "carbon_content_tc",
    rule_zh="原料和产品含碳量每批或每月一次",
    rule_en="carbon of feedstock and products: each batch or monthly",
)
#: Carbon balances of solids, liquids and gases.
BALANCE_SAMPLING = (_CARBON, _GAS)
#: Carbon balances without gases.
SOLID_SAMPLING = (_CARBON,)
CARBONATE_SAMPLING = (
    Sampling(
        "purity_pct",
        rule_zh="碳酸盐纯度每批检测或按年度证书（GB/T 3286.1、GB/T 3286.9、GB/T 210、GB/T 1606）",
        rule_en="purity of a carbonate: each batch, or a yearly certificate (GB/T 3286.1, "
        "GB/T 3286.9, GB/T 210, GB/T 1606)",
    ),
)
