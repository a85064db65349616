"""Plans of a few plants found by trying every one of them."""

from __future__ import annotations

import itertools

import polars as pl
from hypothesis import strategies as st

from tanfeng.pathway.plants import FACILITIES, OPTIONS, Limits, Outlook


def facilities(*rows):
    """Return facilities of (name, product, option, overhaul year, deadline year)."""
    return pl.DataFrame(rows, schema=FACILITIES, orient="row")


def options(*rows):
    """Return options; see ``OPTIONS`` for the order."""
    return pl.DataFrame(rows, schema=OPTIONS, orient="row")


def annuity(rate, life, year, last):
    """Return what one yuan spent in a year costs over the horizon, in money of its first year."""
    paid = min(life, last - year + 1)
    yearly = rate / (1 - (1 + rate) ** -life) if rate else 1 / life
    return yearly * sum((1 + rate) ** -t for t in range(paid))


def paths(facility, own, years):
    """Give every way a facility may go: what it runs on by year, and what it spends by year."""
    present = next(o for o in own if o["option"] == facility["option"])
    overhaul = facility["overhaul_year"]

    def walk(at, state, changed, renewed):
        if at > years[1]:
            yield (), ()
            return
        choices = [(state, 0.0, changed, renewed)]
        if at == overhaul:
            kept = state is present
            choices = [(state, present["overhaul_cny"] if kept else 0.0, changed, changed)]
            if kept or state["output_t"] > 0:
                choices += [
                    (o, o["overhaul_cny"], True, True)
                    for o in own
                    if o is not present and (o["available_from"] or 0) <= at
                ]
        elif state is present and not changed:
            choices += [
                (o, o["switch_cny"], True, False)
                for o in own
                if o is not present and (o["available_from"] or 0) <= at
            ]
        for new, spent, was, done in choices:
            for states, money in walk(at + 1, new, was, done):
                yield (new, *states), (spent, *money)

    yield from walk(years[0], present, False, False)


def best(facility_frame, option_frame, years, outlook, limits):
    """Return the least cost over all ways, None when there is none."""
    span = range(years[0], years[1] + 1)
    rate = outlook.discount_rate
    rows = facility_frame.to_dicts()
    own = {f["facility"]: [] for f in rows}
    for option in option_frame.to_dicts():
        own[option["facility"]].append(option)
    ways = []
    for facility in rows:
        found = []
        for states, money in paths(facility, own[facility["facility"]], years):
            emission, cost, output = [], 0.0, []
            for t, (year, state, spent) in enumerate(zip(span, states, money, strict=True)):
                activity = outlook.activity.get((facility["product"], year), 1.0)
                tonnes = activity * (
                    state["emission_tco2"]
                    + state["electricity_mwh"] * outlook.grid_tco2_per_mwh.get(year, 0.0)
                )
                price = outlook.carbon_price_cny_per_t.get(year, 0.0)
                running = state["running_cny"] * activity + tonnes * price
                factor = (1 + rate) ** -t
                paid = spent * annuity(rate, state["life_years"], year, years[1])
                cost += factor * (running + paid)
                emission.append(tonnes)
                output.append(activity * state["output_t"])
            deadline = facility["deadline_year"]
            late = deadline is not None and any(
                year >= deadline and not (state["meets_baseline"] or state["output_t"] == 0)
                for year, state in zip(span, states, strict=True)
            )
            now = next(o for o in own[facility["facility"]] if o["option"] == facility["option"])
            more = [state["capacity_t"] - now["capacity_t"] for state in states]
            if facility["product"] in limits.suspended and max(more) > 0:
                continue
            if not late:
                found.append((cost, emission, money, facility["product"], output, more))
        ways.append(found)
    least = None
    for chosen in itertools.product(*ways):
        if _kept(chosen, list(span), limits):
            cost = sum(one[0] for one in chosen)
            least = cost if least is None else min(least, cost)
    return least


def _kept(chosen, span, limits):
    emission = [sum(one[1][t] for one in chosen) for t in range(len(span))]
    spent = [sum(one[2][t] for one in chosen) for t in range(len(span))]
    slack = 1e-6
    for t, year in enumerate(span):
        if emission[t] > limits.cap_tco2.get(year, float("inf")) + slack:
            return False
        if spent[t] > limits.budget_cny.get(year, float("inf")) + slack:
            return False
        after = limits.peak_year and year > limits.peak_year
        if after and emission[t] > emission[span.index(limits.peak_year)] + slack:
            return False
        for product, ratio in limits.replacement_ratio.items():
            more = [one[5][t] for one in chosen if one[3] == product]
            if sum(m * ratio for m in more if m > 0) > sum(-m for m in more if m < 0) + slack:
                return False
    for (product, year), need in limits.demand_t.items():
        made = sum(one[4][span.index(year)] for one in chosen if one[3] == product)
        if made < need - slack:
            return False
    return True


NO_LIMITS = Limits()
PLAIN = Outlook(discount_rate=0.0)


_MONEY = st.integers(0, 40).map(lambda n: n * 25e3)


@st.composite
def cases(draw):
    """Draw one or two facilities of four options, with an outlook and limits."""
    names = ["a", "b"][: draw(st.integers(1, 2))]
    years = (2026, 2026 + draw(st.integers(1, 3)))
    year = st.integers(*years)
    rows, own = [], []
    for name in names:
        rows.append((name, "x", "now", draw(st.none() | year), draw(st.none() | year)))
        for option in ("now", "new", "other", "closed"):
            shut = option == "closed"
            own.append((
                name, option, draw(st.none() | year), draw(_MONEY), draw(_MONEY),
                draw(st.integers(1, 6)), 0.0 if shut else draw(_MONEY),
                0.0 if shut else float(draw(st.integers(0, 20)) * 100),
                0.0 if shut else float(draw(st.integers(0, 3)) * 100),
                0.0 if shut else 1000.0, 0.0 if shut else float(draw(st.integers(8, 12)) * 100),
                draw(st.booleans()),
            ))  # fmt: skip
    span = range(years[0], years[1] + 1)
    outlook = Outlook(
        discount_rate=draw(st.sampled_from([0.0, 0.08])),
        activity={("x", y): draw(st.sampled_from([0.5, 1.0, 1.5])) for y in span},
        grid_tco2_per_mwh=draw(st.sampled_from([{}, {y: 0.5 for y in span}])),
        carbon_price_cny_per_t=draw(st.sampled_from([{}, {y: 100.0 for y in span}])),
    )
    hundreds, money = (st.integers(0, 40).map(lambda n, k=k: n * k) for k in (100.0, 5e4))
    needs = st.dictionaries(st.tuples(st.just("x"), year), st.sampled_from([500.0, 1000.0]))
    limits = Limits(
        cap_tco2=draw(st.dictionaries(year, hundreds, max_size=2)),
        budget_cny=draw(st.dictionaries(year, money, max_size=1)),
        peak_year=draw(st.none() | year),
        demand_t=draw(needs),
        replacement_ratio=draw(st.sampled_from([{}, {}, {"x": 1.25}])),
        suspended=draw(st.sampled_from([frozenset(), frozenset({"x"})])),
    )
    return facilities(*rows), options(*own), years, outlook, limits
