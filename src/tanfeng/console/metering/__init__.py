"""Meters, process units, gateways and readings (C26, C29)."""
