"""The sector methods: one module per standard or guideline, composed of kinds of source.

A method is a declaration: its streams in the order of the official report, each computed by one
of a small set of vectorised kinds. :func:`account` computes the rows of many enterprises,
methods and years at once; every number, intermediate ones included, is a line that can be redone.
"""

from __future__ import annotations

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
from tanfeng.accounting.methods._diff import CAUSES, diff
from tanfeng.accounting.methods._engine import MethodAccount, account
from tanfeng.accounting.methods._findings import FINDING_SCHEMA, findings
from tanfeng.accounting.methods._frames import (
    GAP_SCHEMA,
    PAIR_KEYS,
    REFUSED_SCHEMA,
    ROW_SCHEMA,
)
from tanfeng.accounting.methods._register import METHODS
from tanfeng.accounting.methods._summary import in_total, summary, totals
from tanfeng.accounting.methods._uncertainty import (
    DISTRIBUTIONS,
    UNCERTAINTY_SCHEMA,
    Uncertainty,
    propagate,
    simulate,
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
    "REFUSED_SCHEMA",
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
    "in_total",
    "propagate",
    "simulate",
    "summary",
    "totals",
]
