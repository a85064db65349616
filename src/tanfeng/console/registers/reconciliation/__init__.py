"""One enterprise seen by the market guideline, by city statistics and by its monthly filings."""
