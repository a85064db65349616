"""How far meters can be trusted day by day, outages and filings, alerts and what was done."""
