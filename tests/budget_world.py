"""A quota of an enterprise, for the walk over the doors."""

from __future__ import annotations

from tanfeng.console.registers.budget import services


def quota_of(organisation, city, amount, words="机密文号"):
    """Return a quota of 2024 by the name the doors use."""
    wanted = services.Wanted(organisation, 2024, "energy_calorific_tce", amount, document=words)
    return {"quota_b": services.set_quota(city, wanted)}
