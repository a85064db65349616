"""One model that uses every parameter of the formulation at once, to be solved by two programmes.

Two regions trade power; seasons, day types and brackets cut the year into eight slices; storage,
whole units, limits of every kind, penalties, a reserve margin and a renewable target all bind or
matter. The figures are made up.
"""

from __future__ import annotations

from pathlib import Path

from least_cost_cases import folder_of

YEARS = [2025, 2026, 2027, 2028]
SLICES = [f"S{s}{d}{h}" for s in (1, 2) for d in (1, 2) for h in (1, 2)]
REGIONS = ["N", "S"]
SETS = {
    "REGION": REGIONS,
    "TECHNOLOGY": ["COAL", "GAS", "WIND", "PUMP", "MINE", "IMPORT", "HEATER"],
    "FUEL": ["ELC", "FUEL", "HEAT"],
    "EMISSION": ["CO2", "SO2"],
    "MODE_OF_OPERATION": [1, 2],
    "TIMESLICE": SLICES,
    "YEAR": YEARS,
    "STORAGE": ["LAKE"],
    "SEASON": [1, 2],
    "DAYTYPE": [1, 2],
    "DAILYTIMEBRACKET": [1, 2],
}
_DAYS = {1: 5, 2: 2}
_HOURS = {1: 16 / 24, 2: 8 / 24}
_WIND = {"1": 0.25, "2": 0.45}
_LOAD = {"1": 1.3, "2": 0.7}


def _share(name: str) -> float:
    """Half a year each season, five days of seven, two thirds of a day."""
    return 0.5 * _DAYS[int(name[2])] / 7 * _HOURS[int(name[3])]


def _each(technology: str, value: float, *, growth: float = 1.0):
    return [
        (region, technology, year, value * growth**at)
        for region in REGIONS
        for at, year in enumerate(YEARS)
    ]


def _ratio(technology: str, other: str, mode: int, value: float):
    return [(region, technology, other, mode, year, value) for region in REGIONS for year in YEARS]


def everything(path: Path, method: int) -> Path:
    """Write the model with a method of depreciation, 1 or 2."""
    weight = {
        name: _share(name) * _LOAD[name[1]] * (1.2 if name[3] == "1" else 0.6) for name in SLICES
    }
    total = sum(weight.values())
    rows = {
        "YearSplit": [(name, year, _share(name)) for name in SLICES for year in YEARS],
        "Conversionls": [(name, int(name[1]), 1) for name in SLICES],
        "Conversionld": [(name, int(name[2]), 1) for name in SLICES],
        "Conversionlh": [(name, int(name[3]), 1) for name in SLICES],
        "DaySplit": [(h, year, _HOURS[h] / 365) for h in (1, 2) for year in YEARS],
        "DaysInDayType": [(s, d, year, _DAYS[d]) for s in (1, 2) for d in (1, 2) for year in YEARS],
        "DiscountRate": [("N", 0.05), ("S", 0.08)],
        "DiscountRateIdv": [("N", "WIND", 0.1), ("S", "GAS", 0.03)],
        "DiscountRateStorage": [("N", "LAKE", 0.07), ("S", "LAKE", 0.04)],
        "DepreciationMethod": [("N", method), ("S", method)],
        "TradeRoute": [
            (a, b, "ELC", year, 1) for a, b in (("N", "S"), ("S", "N")) for year in YEARS
        ],
        "SpecifiedAnnualDemand": [
            (region, "ELC", year, size * 1.05**at)
            for region, size in (("N", 100.0), ("S", 60.0))
            for at, year in enumerate(YEARS)
        ],
        "SpecifiedDemandProfile": [
            (region, "ELC", name, year, weight[name] / total)
            for region in REGIONS
            for name in SLICES
            for year in YEARS
        ],
        "AccumulatedAnnualDemand": [
            (region, "HEAT", year, 20) for region in REGIONS for year in YEARS
        ],
        "CapacityToActivityUnit": [
            (region, name, 31.536) for region in REGIONS for name in ("COAL", "GAS", "WIND", "PUMP")
        ],
        "CapacityFactor": [
            (region, "WIND", name, year, _WIND[name[1]] * (1 if region == "N" else 0.8))
            for region in REGIONS
            for name in SLICES
            for year in YEARS
        ],
        "AvailabilityFactor": _each("COAL", 0.8) + _each("GAS", 0.9),
        "OperationalLife": [
            (region, name, life)
            for region in REGIONS
            for name, life in (
                ("COAL", 30),
                ("GAS", 3),
                ("WIND", 20),
                ("PUMP", 40),
                ("MINE", 2),
                ("IMPORT", 1),
                ("HEATER", 10),
            )
        ],
        "ResidualCapacity": _each("COAL", 2.0, growth=0.8) + _each("HEATER", 15),
        "InputActivityRatio": _ratio("COAL", "FUEL", 1, 2.6)
        + _ratio("GAS", "FUEL", 1, 1.9)
        + _ratio("PUMP", "ELC", 1, 1.0)
        + _ratio("HEATER", "FUEL", 1, 1.1)
        + _ratio("HEATER", "ELC", 2, 0.4),
        "OutputActivityRatio": _ratio("COAL", "ELC", 1, 1.0)
        + _ratio("GAS", "ELC", 1, 1.0)
        + _ratio("WIND", "ELC", 1, 1.0)
        + _ratio("PUMP", "ELC", 2, 1.0)
        + _ratio("MINE", "FUEL", 1, 1.0)
        + _ratio("IMPORT", "FUEL", 1, 1.0)
        + _ratio("HEATER", "HEAT", 1, 1.0)
        + _ratio("HEATER", "HEAT", 2, 1.0),
        "CapitalCost": _each("COAL", 1200)
        + _each("GAS", 700)
        + _each("WIND", 1500, growth=0.97)
        + _each("PUMP", 60)
        + _each("MINE", 3)
        + _each("IMPORT", 1)
        + _each("HEATER", 20),
        "FixedCost": _each("COAL", 40) + _each("GAS", 20) + _each("WIND", 30) + _each("HEATER", 1),
        "VariableCost": [
            (region, name, mode, year, cost)
            for region in REGIONS
            for name, mode, cost in (
                ("MINE", 1, 2.0),
                ("IMPORT", 1, 5.0),
                ("COAL", 1, 0.5),
                ("PUMP", 2, 0.1),
                ("COAL", 2, 999.0),
                ("IMPORT", 2, 999.0),
            )
            for year in YEARS
        ],
        "TechnologyToStorage": [(region, "PUMP", "LAKE", 1, 0.8) for region in REGIONS],
        "TechnologyFromStorage": [(region, "PUMP", "LAKE", 2, 1.0) for region in REGIONS],
        "StorageLevelStart": [("N", "LAKE", 0.02)],
        "StorageMaxChargeRate": [(region, "LAKE", 40) for region in REGIONS],
        "StorageMaxDischargeRate": [(region, "LAKE", 30) for region in REGIONS],
        "MinStorageCharge": [(region, "LAKE", year, 0.1) for region in REGIONS for year in YEARS],
        "OperationalLifeStorage": [("N", "LAKE", 3), ("S", "LAKE", 50)],
        "CapitalCostStorage": [(region, "LAKE", year, 2) for region in REGIONS for year in YEARS],
        "ResidualStorageCapacity": [("N", "LAKE", year, 0.05) for year in YEARS],
        "CapacityOfOneTechnologyUnit": [("N", "GAS", year, 0.7) for year in YEARS],
        "TotalAnnualMaxCapacity": [("N", "WIND", year, 2.5) for year in YEARS],
        "TotalAnnualMinCapacity": [("S", "WIND", 2026, 0.4)],
        "TotalAnnualMaxCapacityInvestment": [("S", "WIND", year, 0.9) for year in YEARS],
        "TotalAnnualMinCapacityInvestment": [("N", "COAL", 2027, 0.1)],
        "TotalTechnologyAnnualActivityUpperLimit": _each("MINE", 150),
        "TotalTechnologyAnnualActivityLowerLimit": [("S", "COAL", 2028, 12)],
        "TotalTechnologyModelPeriodActivityUpperLimit": [("N", "MINE", 500)],
        "TotalTechnologyModelPeriodActivityLowerLimit": [("S", "IMPORT", 30)],
        "ReserveMargin": [("N", year, 1.15) for year in YEARS],
        "ReserveMarginTagFuel": [("N", "ELC", year, 1) for year in YEARS],
        "ReserveMarginTagTechnology": [
            ("N", name, year, tag)
            for name, tag in (("COAL", 1), ("GAS", 1), ("WIND", 0.2), ("PUMP", 0.5))
            for year in YEARS
        ],
        "RETagTechnology": _each("WIND", 1),
        "RETagFuel": [(region, "ELC", year, 1) for region in REGIONS for year in YEARS],
        "REMinProductionTarget": [("N", 2027, 0.2), ("N", 2028, 0.25), ("S", 2028, 0.3)],
        "EmissionActivityRatio": _ratio("MINE", "CO2", 1, 0.09)
        + _ratio("IMPORT", "CO2", 1, 0.05)
        + _ratio("COAL", "SO2", 1, 0.01),
        "EmissionsPenalty": [(region, "SO2", year, 30) for region in REGIONS for year in YEARS],
        "AnnualExogenousEmission": [("N", "CO2", year, 1.5) for year in YEARS],
        "AnnualEmissionLimit": [("N", "CO2", 2028, 10.0), ("S", "CO2", 2027, 9.5)],
        "ModelPeriodExogenousEmission": [("S", "CO2", 2.0)],
        "ModelPeriodEmissionLimit": [("S", "CO2", 34.0)],
    }
    return folder_of(path, SETS, rows, {"ResidualStorageCapacity": 0})
