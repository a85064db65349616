"""Pages of the kernel; each asks ``rights`` and calls a service."""
