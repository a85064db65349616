"""Pages of the MRV record."""
