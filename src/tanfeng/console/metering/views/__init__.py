"""Pages of the metering room; each asks ``rights`` and calls a service."""
