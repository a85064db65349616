"""A scenario of two sectors whose numbers can be followed by hand."""

from __future__ import annotations

from tanfeng.pathway.projection import Conversion, Projection
from tanfeng.pathway.scenario_files import from_toml

#: 0.1229 kgce/kWh and 0.03412 kgce/MJ, as GB/T 2589-2020 gives them.
CONVERSION = Conversion(1.229, 0.03412)
TEXT = """
[base]
name = "基准"
first_year = 2020
last_year = 2030
history_until = 2022

[base.city]
grid_factor = { unit = "kgCO2/kWh", 2020 = 0.5, 2030 = 0.3, ref = "甲" }

[base.steel]
output = { unit = "万t", 2020 = 100, 2025 = 120, 2030 = "100 ± 10%" }
intensity = { unit = "kgce/t", 2020 = 600, 2030 = 500 }
intensity_recycled = { unit = "kgce/t", way = "step", 2020 = 100 }
recycling_share = { unit = "%", 2020 = 10, 2030 = 30 }
electrification = { 2020 = "20%", 2030 = "20%" }
fuel_factor = { unit = "tCO2/tce", way = "step", 2020 = 2.6 }
process_factor = { unit = "tCO2/t", way = "step", 2020 = 0.1 }
process_factor_recycled = { unit = "tCO2/t", way = "step", 2020 = 0 }

[base.other]
emission = { unit = "万tCO2", way = "growth", 2020 = 100, 2030 = 400 }

[strong]
parent = "base"
name = "强化"
[strong.steel]
output = { 2030 = "*0.9" }
recycling_share = { unit = "1", 2030 = "0.4..0.6" }
"""


def projection(key="base", text=TEXT):
    """Return a projection of one of the scenarios."""
    return Projection(from_toml(text).resolve(key), CONVERSION)
