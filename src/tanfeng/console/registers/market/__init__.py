"""The carbon market: accounts of allowances, certificates with one claim, surrender (C11)."""
