"""Kinds of source of the steel market text: electricity of a process with its zero rules."""

from __future__ import annotations

from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step


def _mwh(symbol: str, column: str, zh: str, en: str, *, free: bool = True) -> Input:
    return Input(symbol, column, "MWh", zh, en, low=0.0, empty_is_zero=free, extensive=True)


#: F2-9: what comes in and goes out, each without directly supplied and own non-fossil power.
PROCESS_ELECTRICITY = Kind(
    "process_electricity",
    "工序消耗电力（扣除非化石电量）",
    "electricity of a process without non-fossil power",
    (
        Step(
            "net_mwh",
            "AD",
            "MWh",
            "(A - D - N) - (X - D_x - N_x)",
            lambda v: v["A"] - v["X"] - (v["D"] - v["D_x"]) - (v["N"] - v["N_x"]),
            (
                _mwh("A", "purchased_mwh", "输入电量", "electricity in", free=False),
                _mwh(
                    "D", "direct_nonfossil_mwh", "输入的直供非化石电量", "of it direct non-fossil"
                ),
                _mwh("N", "own_nonfossil_mwh", "输入的自发自用非化石电量", "of it own non-fossil"),
                _mwh("X", "sold_mwh", "输出电量", "electricity out"),
                _mwh(
                    "D_x",
                    "sold_direct_nonfossil_mwh",
                    "输出的直供非化石电量",
                    "of it direct non-fossil",
                ),
                _mwh(
                    "N_x", "sold_own_nonfossil_mwh", "输出的自发非化石电量", "of it own non-fossil"
                ),
            ),
        ),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "AD * EF",
            lambda v: v["AD"] * v["EF"],
            (
                Input(
                    "AD", "net_mwh", "MWh", "计算排放的电量", "electricity counted", extensive=True
                ),
                Input(
                    "EF",
                    "power_ef_tco2_mwh",
                    "tCO2/MWh",
                    "电力排放因子",
                    "CO₂ factor of electricity",
                    0.0,
                    2.0,
                    True,
                ),
            ),
        ),
    ),
    number="F2-9",
)
