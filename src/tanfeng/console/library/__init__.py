"""Documents and standards tables, and the city's own verified values."""
