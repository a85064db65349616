"""Targets and tasks of the city plan."""
