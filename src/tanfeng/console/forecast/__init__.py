"""What enterprises will use, and what was odd: kept as it was forecast (C29)."""
