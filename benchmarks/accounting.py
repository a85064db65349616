"""CPU time and memory of accounting a city: enterprises x months x lines, with full trace.

The activity is invented from a seed: twelve energy items per enterprise and month, text keys as
they come from the database, gaps where a form has them. Each step runs alone in a process of its
own, so that its peak memory is its own; what is printed is CPU time of all threads, the
best and the worst of the rounds.

Run with ``python benchmarks/accounting.py [--enterprises 3000] [--months 36] [--rounds 3]``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import date

import numpy as np
import polars as pl

from tanfeng import accounting, trace

ITEMS = (
    *("anthracite", "steam_coal", "coke", "coke_oven_gas", "natural_gas", "lng"),
    *("gasoline", "diesel", "fuel_oil", "lpg", "heat", "electricity"),
)
FIRST_YEAR = 2023
AS_OF = date(2026, 1, 15)
#: Limits of the speed line: CPU time of the account [s], peak memory [GB], import [s].
CPU_LIMIT, MEMORY_LIMIT, IMPORT_LIMIT = 5.0, 2.0, 0.3


def activity(enterprises: int, months: int) -> pl.DataFrame:
    """Return invented activity rows; the same for the same size."""
    rows = enterprises * months * len(ITEMS)
    rng = np.random.default_rng(589)
    number = np.arange(rows)
    item = number % len(ITEMS)
    month = (number // len(ITEMS)) % months
    used = rng.gamma(2.0, 500.0, rows)

    def sometimes(share: float, of: np.ndarray) -> pl.Series:
        return pl.Series(np.where(rng.random(rows) < share, of, np.nan), nan_to_null=True)

    electric = item == ITEMS.index("electricity")
    green = pl.Series(
        np.where(electric & (rng.random(rows) < 0.2), used * 0.1, np.nan), nan_to_null=True
    )
    return pl.DataFrame(
        {
            "activity_id": number,
            "org_code": (number // (len(ITEMS) * months) + 10**17).astype(str),
            "year": (FIRST_YEAR + month // 12).astype(np.int32),
            "month": (month % 12 + 1).astype(np.int8),
            "item_key": pl.Series(ITEMS).gather(pl.Series(item)),
            "opening_stock_qty": sometimes(0.7, rng.random(rows)),
            "purchase_qty": sometimes(0.9, used * 1.02),
            "own_production_qty": sometimes(0.1, used * 0.1),
            "consumption_total_qty": used,
            "feedstock_qty": sometimes(0.05, used * 0.1),
            "transfer_out_qty": sometimes(0.05, used * 0.05),
            "closing_stock_qty": sometimes(0.7, rng.random(rows)),
            "coef_used_tce": sometimes(0.2, np.full(rows, 0.9)),
            "green_power_1e4kwh": green,
            "tier": pl.Series(trace.TIERS).gather(pl.Series(number % 3)),
        }
    )


def step(name: str, enterprises: int, months: int) -> dict[str, float]:
    """Run one step and return what it took."""
    if name == "import":
        # polars and numpy are loaded; what is left is our own code.
        code = (
            "import polars, numpy, time; t = time.process_time(); import tanfeng.accounting; "
            "import sys; assert 'django' not in sys.modules; print(time.process_time() - t)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        return {"cpu_s": float(done.stdout), "peak_gb": 0.0, "rows": 0}
    rows = activity(enterprises, months)
    years = sorted(rows["year"].unique().to_list())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    started = time.process_time()
    account = accounting.account(rows, factors=accounting.factor_set(years, as_of=AS_OF))
    if name == "account":
        took, size = time.process_time() - started, account.lines.height
    else:
        started = time.process_time()
        size = _after(name, account, rows)
        took = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"cpu_s": took, "peak_gb": peak, "rows": size, "before_gb": before}


def _after(name: str, account: accounting.Account, rows: pl.DataFrame) -> int:
    """Run what follows an account and return how many rows came out."""
    if name == "redo every line":
        failing = trace.check_lines(account.lines, account.factors, accounting.FORMULAS)
        assert failing.is_empty()
        return account.lines.height
    if name == "manifest":
        return len(accounting.manifest(account, rows).as_dict())
    if name == "stock balance":
        return accounting.stock.balance(rows).height
    by = {
        "totals by enterprise and year": ["org_code", "year"],
        "totals by enterprise and month": ["org_code", "year", "month"],
        "totals by year": ["year"],
    }[name]
    return accounting.headline(account.totals(by)).height


STEPS = {
    "import": IMPORT_LIMIT,
    "account": CPU_LIMIT,
    "totals by year": None,
    "totals by enterprise and year": None,
    "totals by enterprise and month": None,
    "stock balance": None,
    "manifest": None,
    "redo every line": None,
}


def main() -> int:
    """Measure every step, print the table; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--enterprises", type=int, default=3000)
    asked.add_argument("--months", type=int, default=36)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--step", choices=STEPS, help="run one step and print JSON")
    options = asked.parse_args()
    size = (options.enterprises, options.months)
    if options.step:
        print(json.dumps(step(options.step, *size)))
        return 0
    print(f"{size[0]} enterprises x {size[1]} months x {len(ITEMS)} lines = ", end="")
    print(f"{size[0] * size[1] * len(ITEMS):,} activity rows, {pl.thread_pool_size()} threads")
    print("| step | rows out | CPU s, best | worst | peak GB | limit |\n|---|--:|--:|--:|--:|---|")
    broken = False
    for name, limit in STEPS.items():
        rounds = [_alone(name, size) for _ in range(options.rounds)]
        cpu = [result["cpu_s"] for result in rounds]
        peak = max(result["peak_gb"] for result in rounds)
        words = "" if limit is None else f"{limit:g} s"
        if name == "account":
            words += f", {MEMORY_LIMIT:g} GB"
        print(
            f"| {name} | {rounds[0]['rows']:,} | {min(cpu):.2f} | {max(cpu):.2f} | "
            f"{peak:.2f} | {words} |"
        )
        broken |= limit is not None and min(cpu) > limit
        broken |= name == "account" and peak > MEMORY_LIMIT
    return 1 if broken else 0


def _alone(name: str, size: tuple[int, int]) -> dict[str, float]:
    """Run a step in a process of its own."""
    words = ["--enterprises", str(size[0]), "--months", str(size[1]), "--step", name]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
