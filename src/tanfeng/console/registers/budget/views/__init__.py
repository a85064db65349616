"""Pages of quotas and budgets."""
