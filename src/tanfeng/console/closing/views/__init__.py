"""Pages of the month close."""
