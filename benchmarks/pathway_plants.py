"""Time of the plants' programme: a city of 500 facilities, 30 options each, 15 years.

The city is drawn from a seed: routes and packages that emit less and cost more, overhauls spread
over the years, a cap that falls to half, a budget a year, output kept up. Invented figures.

Run with ``python benchmarks/pathway_plants.py [--facilities 500] [--options 30] [--years 15]``.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import polars as pl

from tanfeng.pathway.plants import FACILITIES, OPTIONS, Limits, Outlook, Plants
from tanfeng.pathway.solver import Options

#: Limits. [s]
LP_S, MILP_S, GAP, RESOLVE_S = 60.0, 300.0, 0.01, 1.0
FIRST = 2026


def city(
    facilities: int, options: int, years: int, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame, tuple[int, int]]:
    """Return facilities and options of an invented city, and the years."""
    rng = np.random.default_rng(seed)
    last = FIRST + years - 1
    names = np.array([f"f{i:03}" for i in range(facilities)])
    products = np.array(["steel", "cement", "glass", "textile", "chemicals"])[
        np.arange(facilities) % 5
    ]
    size = rng.lognormal(11.0, 1.0, facilities)  # t a year
    intensity = rng.uniform(0.5, 2.2, facilities)
    overhaul = rng.integers(FIRST, FIRST + 2 * years, facilities)
    sites = pl.DataFrame(
        {
            "facility": names,
            "product": products,
            "option": ["now"] * facilities,
            "overhaul_year": overhaul,
            "deadline_year": np.where(rng.random(facilities) < 0.1, FIRST + 4, 0),
        },
        schema=FACILITIES,
    ).with_columns(
        overhaul_year=pl.when(pl.col("overhaul_year") <= last).then("overhaul_year"),
        deadline_year=pl.when(pl.col("deadline_year") > 0).then("deadline_year"),
    )
    count = facilities * options
    number = np.tile(np.arange(options), facilities)
    own = np.repeat(np.arange(facilities), options)
    saved = np.where(number == 0, 0.0, rng.uniform(0.02, 0.9, count))
    closed = number == options - 1
    saved[closed] = 1.0
    spent = saved**1.5 * rng.uniform(300.0, 1500.0, count) * size[own]
    running = size[own] * (800.0 + saved * rng.uniform(-60.0, 250.0, count))
    frame = pl.DataFrame(
        {
            "facility": names[own],
            "option": np.where(
                number == 0, "now", np.where(closed, "closed", np.char.add("o", number.astype(str)))
            ),
            "available_from": np.where(saved > 0.7, FIRST + 3, FIRST),
            "switch_cny": np.where(closed, 0.0, spent),
            "overhaul_cny": np.where(
                number == 0, 200.0 * size[own], np.where(closed, 0.0, 0.7 * spent)
            ),
            "life_years": np.full(count, 20),
            "running_cny": np.where(closed, 0.0, running),
            "emission_tco2": size[own] * intensity[own] * (1.0 - saved),
            "electricity_mwh": np.where(closed, 0.0, size[own] * saved * 0.3),
            "output_t": np.where(closed, 0.0, size[own]),
            "capacity_t": np.where(closed, 0.0, size[own]),
            "meets_baseline": saved > 0.1,
        },
        schema=OPTIONS,
    )
    return sites, frame, (FIRST, last)


def main() -> int:
    """Build, solve, print; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    for name, value in (("facilities", 500), ("options", 30), ("years", 15), ("seed", 0)):
        asked.add_argument(f"--{name}", type=int, default=value)
    told = asked.parse_args()
    sites, options, years = city(told.facilities, told.options, told.years, told.seed)
    span = range(years[0], years[1] + 1)
    now = options.filter(option="now")
    today = float(now["emission_tco2"].sum())
    made = sites.join(now, on="facility").group_by("product").agg(pl.col("output_t").sum())
    limits = Limits(
        cap_tco2={y: today * (1.0 - 0.5 * i / (len(span) - 1)) for i, y in enumerate(span)},
        budget_cny=dict.fromkeys(span, float(options["switch_cny"].sum()) / len(options) * 60),
        peak_year=years[0] + 3,
        demand_t={(p, y): 0.9 * t for p, t in made.iter_rows() for y in span},
    )
    outlook = Outlook(
        discount_rate=0.06, grid_tco2_per_mwh={y: 0.5 - 0.01 * i for i, y in enumerate(span)}
    )
    broken = False
    for decisions, limit in (("shares", LP_S), ("whole", MILP_S)):
        start = time.perf_counter()
        plants = Plants(
            sites,
            options,
            years,
            outlook,
            limits,
            decisions=decisions,
            options_of_solver=Options(gap=GAP, time_limit=limit),
        )
        build = time.perf_counter() - start
        plan = plants.solve()
        took = time.perf_counter() - start
        print(
            f"{decisions:7} {plan.status:10} build {build:6.2f} s, in all {took:7.2f} s,"
            f" gap {plan.gap:.4f}, {plan.choices.height} changes, cost {plan.cost_cny:.6g}"
        )
        broken |= plan.status != "optimal" or took > limit
        if decisions == "shares":
            start = time.perf_counter()
            plants.cap(years[1], limits.cap_tco2[years[1]] * 0.97)
            again = plants.solve()
            took = time.perf_counter() - start
            print(f"        a cap 3 % tighter, solved again in {took:.2f} s ({again.status})")
            broken |= took > RESOLVE_S
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
