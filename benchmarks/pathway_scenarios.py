"""CPU time of scenarios: many draws of six sectors to 2035, and the sensitivity of one year.

Run with ``python benchmarks/pathway_scenarios.py [--draws 100000] [--sectors 6]``.
"""

from __future__ import annotations

import argparse
import sys
import time

from tanfeng.pathway.ensemble import ensemble, sensitivity
from tanfeng.pathway.projection import Conversion, Projection
from tanfeng.pathway.scenario_files import from_toml

#: Limit of 100,000 draws of six sectors. [CPU s]
LIMIT_S = 10.0
CONVERSION = Conversion(1.229, 0.0341)
HEAD = """
[base]
first_year = 2020
last_year = 2035
[base.city]
grid_factor = { unit = "kgCO2/kWh", 2020 = 0.5, 2030 = "0.3 ± 5%", 2035 = "0.2..0.3" }
"""
SECTOR = """
[base.s{number}]
output = {{ unit = "万t", 2020 = 100, 2025 = "120 ± 3%", 2030 = "110 ± 6%", 2035 = "100 ± 10%" }}
intensity = {{ unit = "kgce/t", 2020 = 600, 2025 = "550 ± 2%", 2035 = "450..520" }}
intensity_recycled = {{ unit = "kgce/t", way = "step", 2020 = "90..120" }}
recycling_share = {{ 2020 = 0.1, 2035 = "0.2..0.3..0.5" }}
electrification = {{ 2020 = 0.2, 2035 = "0.25..0.4" }}
fuel_factor = {{ unit = "tCO2/tce", way = "step", 2020 = 2.6 }}
process_factor = {{ unit = "tCO2/t", way = "step", 2020 = 0.1 }}
process_factor_recycled = {{ unit = "tCO2/t", way = "step", 2020 = 0 }}
"""


def main() -> int:
    """Measure and print; 1 when the limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--draws", type=int, default=100_000)
    asked.add_argument("--sectors", type=int, default=6)
    told = asked.parse_args()
    text = HEAD + "".join(SECTOR.format(number=number) for number in range(told.sectors))
    projection = Projection(from_toml(text).resolve("base"), CONVERSION)
    print(f"{told.sectors} sectors, 16 years, {len(projection.variables)} variables")
    worst = 0.0
    for sampling in ("sobol", "latin_hypercube"):
        cpu, wall = time.process_time(), time.perf_counter()
        found = ensemble(
            projection, draws=told.draws, boundary="direct_and_purchased", sampling=sampling
        )
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        worst = max(worst, cpu)
        print(f"{sampling:16} {found.draws:>8,} draws {cpu:6.2f} CPU s {wall:6.2f} s")
    cpu = time.process_time()
    sensitivity(projection, year=2030)
    print(f"sensitivity of 2030, 1,024 points: {time.process_time() - cpu:.2f} CPU s")
    return int(worst > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
