"""From reported energy to tce and tCO2: one module per standard, every number a line.

Imports numpy, polars, the standards room and leaf modules; no Django, socket, clock or
environment. ``gb_t_2589`` is comprehensive energy, ``ndrc_general_2015`` fuel, electricity and
heat, ``stock`` the stock balance, ``inventory`` the roll-up by sector, fuel, place and year,
``steam`` the enthalpy of steam, ``market`` allowances and registers of the carbon market,
``budget`` quotas and budgets. ``methods`` (sector methods) and ``reconcile`` (three accounts of
one enterprise), which read many tables, are imported by whoever uses them.
"""

from tanfeng.accounting import budget, inventory, market, steam, stock
from tanfeng.accounting._account import QUANTITIES, Account, headline, wide, year_on_year
from tanfeng.accounting._activity import ACTIVITY_SCHEMA
from tanfeng.accounting._completeness import completeness
from tanfeng.accounting._engine import FORMULAS, account
from tanfeng.accounting._factors import FactorSet, factor_set
from tanfeng.accounting._notes import NOTE_SCHEMA
from tanfeng.accounting._runs import Manifest, diff, manifest
from tanfeng.accounting._term import Quantity
from tanfeng.accounting._unit_worth import unit_worth
from tanfeng.accounting.ndrc_general_2015 import BASES, BASIS_NAMES

__all__ = [
    "ACTIVITY_SCHEMA",
    "BASES",
    "BASIS_NAMES",
    "FORMULAS",
    "NOTE_SCHEMA",
    "QUANTITIES",
    "Account",
    "FactorSet",
    "Manifest",
    "Quantity",
    "account",
    "budget",
    "completeness",
    "diff",
    "factor_set",
    "headline",
    "inventory",
    "manifest",
    "market",
    "steam",
    "stock",
    "unit_worth",
    "wide",
    "year_on_year",
]
