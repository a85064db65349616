"""Pages of this register."""
