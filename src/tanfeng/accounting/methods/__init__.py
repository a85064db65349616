"""The sector methods: one module per standard or guideline, composed of kinds of source.

A method is a declaration: its streams in the order of the official report, each computed by one
of a small set of vectorised kinds. :func:`account` computes the rows of many enterprises,
methods and years at once; every number, intermediate ones included, is a line that can be redone.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tanfeng.accounting.methods import (
    cets_ag_02_01_2024,
    cets_ag_03_01_steel,
    cets_ag_04_01_2024,
    gb_t_32151_5_2015,
    gb_t_32151_12_2018,
    gb_t_32151_34_2024,
    mee_2022_power,
    ndrc_2013_aluminium,
    ndrc_2013_cement,
    ndrc_2013_ceramics,
    ndrc_2013_chemicals,
    ndrc_2013_flat_glass,
    ndrc_2013_power,
    ndrc_2014_coking,
    ndrc_2014_petrochemicals,
    ndrc_2015_electronics,
    ndrc_2015_food,
    ndrc_2015_general,
    ndrc_2015_machinery,
    ndrc_2015_mining,
    ndrc_2015_nonferrous,
    ndrc_2015_paper,
)
from tanfeng.accounting.methods._choice import CANDIDATE_SCHEMA, CHOICE_SCHEMA, RULES
from tanfeng.accounting.methods._declare import (
    EMISSION,
    PARAMETER_TIERS,
    Default,
    Input,
    Item,
    Kind,
    Method,
    Sampling,
    Step,
    Stream,
)
from tanfeng.accounting.methods._diff import CAUSES, PAIR_KEYS, diff
from tanfeng.accounting.methods._engine import MethodAccount, account
from tanfeng.accounting.methods._findings import FINDING_SCHEMA, findings
from tanfeng.accounting.methods._frames import GAP_SCHEMA, ROW_SCHEMA
from tanfeng.accounting.methods._summary import summary, totals
from tanfeng.accounting.methods._uncertainty import (
    DISTRIBUTIONS,
    UNCERTAINTY_SCHEMA,
    Uncertainty,
    propagate,
    simulate,
)

#: Every method by its key, in the order of the sectors of the plan.
METHODS: Mapping[str, Method] = MappingProxyType(
    {
        module.METHOD.key: module.METHOD
        for module in (
            ndrc_2015_general,
            gb_t_32151_5_2015,
            cets_ag_03_01_steel,
            ndrc_2014_petrochemicals,
            ndrc_2013_chemicals,
            ndrc_2013_cement,
            cets_ag_02_01_2024,
            ndrc_2013_flat_glass,
            ndrc_2013_ceramics,
            gb_t_32151_12_2018,
            ndrc_2015_machinery,
            ndrc_2015_electronics,
            mee_2022_power,
            ndrc_2013_power,
            ndrc_2013_aluminium,
            cets_ag_04_01_2024,
            ndrc_2015_paper,
            ndrc_2015_food,
            ndrc_2015_nonferrous,
            ndrc_2015_mining,
            ndrc_2014_coking,
            gb_t_32151_34_2024,
        )
    }
)

__all__ = [
    "CANDIDATE_SCHEMA",
    "CAUSES",
    "CHOICE_SCHEMA",
    "DISTRIBUTIONS",
    "EMISSION",
    "FINDING_SCHEMA",
    "GAP_SCHEMA",
    "METHODS",
    "PAIR_KEYS",
    "PARAMETER_TIERS",
    "ROW_SCHEMA",
    "RULES",
    "UNCERTAINTY_SCHEMA",
    "Default",
    "Input",
    "Item",
    "Kind",
    "Method",
    "MethodAccount",
    "Sampling",
    "Step",
    "Stream",
    "Uncertainty",
    "account",
    "diff",
    "findings",
    "propagate",
    "simulate",
    "summary",
    "totals",
]
