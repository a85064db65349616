"""Quotas and budgets of energy and CO2 against what was used (C12)."""
