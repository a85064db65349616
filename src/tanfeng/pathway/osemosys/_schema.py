"""The sets, parameters and results of the standard OSeMOSYS formulation, as one table each.

Names and axes are those of the formulation as published for GNU MathProg (OSeMOSYS_2017_11_08, with
the later ``DiscountRateIdv`` and discounting of storage) and of otoole's folders. A default holds
where neither a row nor a ``config.yaml`` says otherwise; these are the ones otoole writes into a
new ``config.yaml``, where a parameter has one there.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

#: What a value may be: any number; not negative; 0 or 1; between 0 and 1; not negative, with -1
#: read as no limit; any number, with -1 read as no limit; above 0; 1 or 2; a rate above -1.
Kind = Literal["any", "positive", "switch", "share", "cap", "level", "life", "method", "rate"]

#: Sets, whether they must have a member, and whether their members are whole numbers.
SETS: Final[dict[str, tuple[bool, bool]]] = {
    "REGION": (True, False),
    "TECHNOLOGY": (True, False),
    "FUEL": (True, False),
    "EMISSION": (False, False),
    "MODE_OF_OPERATION": (True, True),
    "TIMESLICE": (True, False),
    "YEAR": (True, True),
    "STORAGE": (False, False),
    "SEASON": (False, True),
    "DAYTYPE": (False, True),
    "DAILYTIMEBRACKET": (False, True),
}


class Parameter(NamedTuple):
    """One parameter: its axes, the value where nothing is given, what a value may be."""

    axes: tuple[str, ...]
    default: float
    kind: Kind = "positive"


_SHORT: Final = {
    "r": "REGION",
    "t": "TECHNOLOGY",
    "f": "FUEL",
    "e": "EMISSION",
    "m": "MODE_OF_OPERATION",
    "l": "TIMESLICE",
    "y": "YEAR",
    "s": "STORAGE",
    "q": "SEASON",
    "d": "DAYTYPE",
    "h": "DAILYTIMEBRACKET",
}


def axes(short: str) -> tuple[str, ...]:
    """Spell out axes: ``rty`` is region, technology, year."""
    return tuple(_SHORT[one] for one in short)


def _p(short: str, default: float, kind: Kind = "positive") -> Parameter:
    return Parameter(axes(short), default, kind)


#: Where no default stands in the formulation, none limits and none costs anything.
PARAMETERS: Final[dict[str, Parameter]] = {
    "AccumulatedAnnualDemand": _p("rfy", 0),
    "AnnualEmissionLimit": _p("rey", -1, "level"),
    "AnnualExogenousEmission": _p("rey", 0, "any"),
    "AvailabilityFactor": _p("rty", 1),
    "CapacityFactor": _p("rtly", 1),
    "CapacityOfOneTechnologyUnit": _p("rty", 0),
    "CapacityToActivityUnit": _p("rt", 1),
    "CapitalCost": _p("rty", 0, "any"),
    "CapitalCostStorage": _p("rsy", 0, "any"),
    "Conversionld": _p("ld", 0, "switch"),
    "Conversionlh": _p("lh", 0, "switch"),
    "Conversionls": _p("lq", 0, "switch"),
    "DaySplit": _p("hy", 0.00137),
    "DaysInDayType": _p("qdy", 7),
    "DepreciationMethod": _p("r", 1, "method"),
    "DiscountRate": _p("r", 0.05, "rate"),
    "DiscountRateIdv": _p("rt", 0.05, "rate"),
    "DiscountRateStorage": _p("rs", 0.05, "rate"),
    "EmissionActivityRatio": _p("rtemy", 0, "any"),
    "EmissionsPenalty": _p("rey", 0, "any"),
    "FixedCost": _p("rty", 0, "any"),
    "InputActivityRatio": _p("rtfmy", 0),
    "MinStorageCharge": _p("rsy", 0, "share"),
    "ModelPeriodEmissionLimit": _p("re", -1, "level"),
    "ModelPeriodExogenousEmission": _p("re", 0, "any"),
    "OperationalLife": _p("rt", 1, "life"),
    "OperationalLifeStorage": _p("rs", 0),
    "OutputActivityRatio": _p("rtfmy", 0),
    "REMinProductionTarget": _p("ry", 0),
    "RETagFuel": _p("rfy", 0, "switch"),
    "RETagTechnology": _p("rty", 0, "switch"),
    "ReserveMargin": _p("ry", 1),
    "ReserveMarginTagFuel": _p("rfy", 0, "switch"),
    "ReserveMarginTagTechnology": _p("rty", 0, "share"),
    "ResidualCapacity": _p("rty", 0),
    "ResidualStorageCapacity": _p("rsy", 999),
    "SpecifiedAnnualDemand": _p("rfy", 0),
    "SpecifiedDemandProfile": _p("rfly", 0),
    "StorageLevelStart": _p("rs", 0),
    "StorageMaxChargeRate": _p("rs", 0),
    "StorageMaxDischargeRate": _p("rs", 0),
    "TechnologyFromStorage": _p("rtsm", 0),
    "TechnologyToStorage": _p("rtsm", 0),
    "TotalAnnualMaxCapacity": _p("rty", -1, "cap"),
    "TotalAnnualMaxCapacityInvestment": _p("rty", -1, "cap"),
    "TotalAnnualMinCapacity": _p("rty", 0),
    "TotalAnnualMinCapacityInvestment": _p("rty", 0),
    "TotalTechnologyAnnualActivityLowerLimit": _p("rty", 0),
    "TotalTechnologyAnnualActivityUpperLimit": _p("rty", -1, "cap"),
    "TotalTechnologyModelPeriodActivityLowerLimit": _p("rt", 0),
    "TotalTechnologyModelPeriodActivityUpperLimit": _p("rt", -1, "cap"),
    "TradeRoute": _p("rrfy", 0, "switch"),
    "VariableCost": _p("rtmy", 0, "any"),
    "YearSplit": _p("ly", 0),
}

#: Kept as given rows, as their full tables would be mostly nothing.
SPARSE: Final = frozenset(
    {
        "EmissionActivityRatio",
        "InputActivityRatio",
        "OutputActivityRatio",
        "TechnologyFromStorage",
        "TechnologyToStorage",
        "TradeRoute",
    }
)
#: Defaults that change the answer and that nobody may have meant: told when they are used
#: without a ``config.yaml``.
TOLD: Final = {
    "DiscountRate": "REGION",
    "DiscountRateStorage": "STORAGE",
    "OperationalLife": "TECHNOLOGY",
    "ResidualStorageCapacity": "STORAGE",
}
#: The second region of a trade route, as otoole's tables and others call it.
OTHER_REGION: Final = "_REGION"


def headings(name: str) -> tuple[str, ...]:
    """Return the columns of the file of a parameter."""
    spelled = PARAMETERS[name].axes
    if name == "TradeRoute":
        spelled = ("REGION", OTHER_REGION, *spelled[2:])
    return (*spelled, "VALUE")
