"""Energy of the invented enterprises by month and item, in the shape of the monthly form.

Everything is computed as arrays, (enterprise, item) by month; rows appear only at the end.
Quantities are rounded to two decimals, as forms carry them, before stocks are balanced, so that
opening + purchase + own production - consumption - transfer = closing holds exactly in every
row that carries no planted fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.demo._tables import table
from tanfeng.demo.output import PLACES, Array, Story, labels

#: Vehicles of every enterprise: item, t per kCNY of gross output, share of enterprises.
_VEHICLES = (("diesel", 6e-5, 0.7), ("gasoline", 2e-5, 0.45))
#: How many times its share an enterprise may carry when few of its kind use an item.
_MOST_CARRIED = 6.0
#: Vehicles that use less are not worth a row. [t/month]
_LEAST_VEHICLES = 1.0
_PER_OUTPUT = ("use", "own", "transfer")
#: Gross output of the base year above which an enterprise meters more of its energy. [kCNY]
_LARGE_KCNY = 400_000.0
_MEASURED_BONUS, _MEASURED_MALUS = 0.1, 0.25
#: What a power plant burns is weighed and tested more often than elsewhere.
_POWER_BONUS = 0.45
#: Share of enterprise and item estimated throughout: large works, others; and of months.
_ESTIMATED_LARGE, _ESTIMATED_PAIRS, _ESTIMATED_MONTHS = 0.004, 0.05, 0.012
#: Less than this is a matter of rounding. [unit of the item]
_CRUMB = 0.03
#: Solar roofs and green power: share of enterprises at the start and added per year.
_SOLAR = (0.06, 0.06)
_GREEN = (0.03, 0.045)
_QUANTITIES = (
    "opening_stock_qty",
    "purchase_qty",
    "purchase_amount_kcny",
    "own_production_qty",
    "consumption_total_qty",
    "feedstock_qty",
    "transfer_out_qty",
    "closing_stock_qty",
    "coef_used_tce",
    "green_power_1e4kwh",
)


def pairs(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Draw which enterprise uses which energy item, and with what intensity.

    Parameters
    ----------
    firms : polars.DataFrame
        Frame of :func:`tanfeng.demo.enterprises.enterprises`.
    rng : numpy.random.Generator
        Source of every choice.

    Returns
    -------
    polars.DataFrame
        firm (row of the enterprise), item_key, use, own and transfer (per unit of output, in
        the unit of the item), feedstock (share of use), trend (per year), and the columns of
        ``items.csv``.
    """
    numbered = firms.with_row_index("firm").select("firm", "kind", "output", "price_kcny")
    recipes = numbered.join(table("recipes"), on="kind", how="inner", maintain_order="left")
    parts = [_kept(recipes, rng).pipe(_carried, recipes)]
    parts += [_kept(_vehicles(numbered, recipes, *vehicle), rng) for vehicle in _VEHICLES]
    numbers = (*_PER_OUTPUT, "feedstock", "trend")
    every = pl.concat(
        part.select("firm", "item_key", *(pl.col(name).cast(pl.Float64) for name in numbers))
        for part in parts
    )
    return every.join(table("items"), on="item_key", how="left", maintain_order="left").sort(
        "firm", maintain_order=True
    )


def _kept(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Let a share of the enterprises use the item, each a little more or less of it."""
    kept = rows.filter(pl.Series(rng.random(rows.height)) < rows["firms"])
    drawn = pl.Series(rng.lognormal(0.0, 0.08, kept.height))
    # What a plant makes itself follows from its process: use and own production stay in step.
    return kept.with_columns(
        use=pl.col("use") * pl.when(pl.col("own") > 0).then(1.0).otherwise(drawn)
    )


def _carried(users: pl.DataFrame, recipes: pl.DataFrame) -> pl.DataFrame:
    """Let those who use an item carry the whole use of their kind, whoever the lot fell on."""
    keys, amount = ["kind", "item_key"], (pl.col("use") * pl.col("output")).sum()
    wanted = recipes.group_by(keys).agg(wanted=amount)
    drawn = users.group_by(keys).agg(drawn=amount)
    factor = (pl.col("wanted") / pl.col("drawn")).clip(0.0, _MOST_CARRIED).fill_nan(1.0)
    together = wanted.join(drawn, on=keys, how="inner").select(*keys, factor=factor)
    return users.join(together, on=keys, how="left", maintain_order="left").with_columns(
        use=pl.col("use") * pl.when(pl.col("own") > 0).then(1.0).otherwise("factor")
    )


def _vehicles(
    numbered: pl.DataFrame, recipes: pl.DataFrame, item: str, rate: float, share: float
) -> pl.DataFrame:
    users = recipes.filter(pl.col("item_key") == item)["firm"].implode()
    return (
        numbered.filter(~pl.col("firm").is_in(users))
        .with_columns(
            item_key=pl.lit(item),
            use=pl.col("price_kcny") * rate,
            own=pl.lit(0.0),
            transfer=pl.lit(0.0),
            feedstock=pl.lit(0.0),
            firms=pl.lit(share),
            trend=pl.lit(-0.02),
        )
        .filter(pl.col("use") * pl.col("output") / 12 > _LEAST_VEHICLES)
    )


@dataclass(slots=True)
class _Flows:
    """Quantities of every pair and month; arrays of the same shape."""

    use: Array
    own: Array
    transfer: Array
    purchase: Array
    opening: Array
    closing: Array


def energy_rows(tale: Story, rng: np.random.Generator) -> pl.DataFrame:
    """Return the monthly energy form of every enterprise, item and month.

    Parameters
    ----------
    tale : Story
        What was made.
    rng : numpy.random.Generator
        Source of every choice.

    Returns
    -------
    polars.DataFrame
        org_code, org_name, place_code, year, month, item_key, the quantities of the form in the
        unit of the item (null = no data), tier and remark.
    """
    drawn = pairs(tale.firms, rng)
    firm = drawn["firm"].to_numpy()
    flows = _flows(drawn, tale, rng)
    electricity = (drawn["item_key"] == "electricity").to_numpy()
    makers = drawn.filter(electricity & (drawn["own"] > 0).to_numpy())["firm"].to_numpy()
    free = electricity & ~np.isin(firm, makers)
    _solar_roofs(flows, free, tale, rng)
    _round(flows, drawn)
    green = _green_power(flows, free, rng)
    pair, month = np.nonzero(tale.alive[firm] & ((flows.use > 0) | (flows.own > 0)))
    amount = _amounts(flows.purchase, drawn, tale, rng)
    stocked = (drawn["stock_months"] > 0).to_numpy()[pair]
    makes = (flows.own.sum(axis=1) > 0)[pair]
    sends = (flows.transfer.sum(axis=1) > 0)[pair]
    feeds = (drawn["feedstock"] > 0).to_numpy()[pair]
    feedstock = np.round(flows.use * drawn["feedstock"].to_numpy()[:, None], PLACES)
    columns: dict[str, tuple[Array, NDArray[np.bool_]]] = {
        "opening_stock_qty": (flows.opening, stocked),
        "purchase_qty": (flows.purchase, np.ones(len(pair), dtype=bool)),
        "purchase_amount_kcny": (amount, flows.purchase[pair, month] > 0),
        "own_production_qty": (flows.own, makes),
        "consumption_total_qty": (flows.use, np.ones(len(pair), dtype=bool)),
        "feedstock_qty": (feedstock, feeds),
        "transfer_out_qty": (flows.transfer, sends),
        "closing_stock_qty": (flows.closing, stocked),
        "coef_used_tce": (_coefficients(drawn, tale, rng), _tested(drawn, tale)[pair]),
        "green_power_1e4kwh": (green, green[pair, month] > 0),
    }
    frame = labels(tale, firm[pair], month).with_columns(
        drawn["item_key"].gather(pair),
        *(
            pl.Series(name, np.where(given, values[pair, month], np.nan)).fill_nan(None)
            for name, (values, given) in columns.items()
        ),
        pl.Series("tier", _tiers(drawn, tale, rng)[pair, month]),
    )
    return frame.with_columns(pl.lit("").alias("remark"))


def _flows(drawn: pl.DataFrame, tale: Story, rng: np.random.Generator) -> _Flows:
    """Use, own production and supply to others, before rounding and stocks."""
    firm = drawn["firm"].to_numpy()
    base = tale.firms["output"].to_numpy()[firm, None] / 12.0
    activity, alive = tale.activity[firm], tale.alive[firm]
    years = np.arange(activity.shape[1]) / 12.0
    trend = np.power(1.0 + drawn["trend"].to_numpy()[:, None], years)
    noise = np.exp(rng.normal(0.0, 0.02, activity.shape))
    load = tale.firms.select("kind").join(
        table("kinds"), on="kind", how="left", maintain_order="left"
    )["base_load"]
    steady = np.where((drawn["item_key"] == "electricity").to_numpy(), load.to_numpy()[firm], 0.0)[
        :, None
    ]
    level = (steady * np.minimum(1.0, tale.ramp[firm]) + (1.0 - steady) * activity) * alive
    use, own, transfer = (drawn[name].to_numpy()[:, None] * base for name in _PER_OUTPUT)
    used, made = use * level * trend * noise, own * activity
    sent = transfer * activity
    # An item made for all uses is neither bought nor missing: what is left goes to others.
    self_made = (
        drawn["own"].to_numpy() >= 0.999 * (drawn["use"] + drawn["transfer"]).to_numpy()
    ) & (drawn["own"].to_numpy() > 0)
    supplier = self_made & (drawn["transfer"].to_numpy() > 0)
    keeper = self_made & ~supplier
    used[supplier] = np.minimum(used[supplier], made[supplier])
    sent[supplier] = made[supplier] - used[supplier]
    made[keeper] = used[keeper]
    made[~self_made] = np.minimum(made[~self_made], used[~self_made] + sent[~self_made])
    zero = np.zeros_like(used)
    return _Flows(used, made, sent, zero, zero.copy(), zero.copy())


def _solar_roofs(
    flows: _Flows, free: NDArray[np.bool_], tale: Story, rng: np.random.Generator
) -> None:
    """Let more and more enterprises make part of their electricity on their own roof."""
    months = flows.use.shape[1]
    rows = np.flatnonzero(free)
    start = _starts(len(rows), months, _SOLAR, rng)
    share = rng.uniform(0.02, 0.14, len(rows))[:, None]
    season = {row[0]: np.array(row[1:]) for row in table("seasons").iter_rows()}["solar"]
    running = np.arange(months) >= start[:, None]
    typical = flows.use[rows].mean(axis=1, keepdims=True)
    made = typical * share * season[tale.month_numbers - 1] * running
    made *= np.exp(rng.normal(0.0, 0.06, made.shape))
    flows.own[rows] = np.minimum(made, 0.6 * flows.use[rows])


def _starts(
    count: int, months: int, growth: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Month in which each one starts; ``months`` for never."""
    first, yearly = growth
    reach = first + yearly * np.arange(months) / 12.0
    return np.searchsorted(reach, rng.random(count)).astype(np.int64)


def _round(flows: _Flows, drawn: pl.DataFrame) -> None:
    """Round what is typed into the form, then balance stocks and purchase to the last digit."""
    for name in ("use", "own", "transfer"):
        setattr(flows, name, np.round(getattr(flows, name), PLACES))
    need = flows.use + flows.transfer - flows.own
    # A hundredth left over by rounding is neither bought nor lost.
    crumb = (need < 0) | ((need < _CRUMB) & (flows.own > 0))
    flows.transfer -= np.where(crumb & (flows.transfer > _CRUMB), need, 0.0)
    flows.own += np.where(crumb & (flows.transfer <= _CRUMB), need, 0.0)
    need = np.round(flows.use + flows.transfer - flows.own, PLACES)
    cover = drawn["stock_months"].to_numpy()[:, None]
    closing = np.round(cover * need * _stock_noise(need.shape), PLACES)
    for month in range(need.shape[1] - 2, -1, -1):
        ahead = need[:, month + 1] + closing[:, month + 1]
        closing[:, month] = np.minimum(closing[:, month], ahead)
    opening = np.empty_like(closing)
    opening[:, 0] = np.round(cover[:, 0] * need[:, 0] * 0.9, PLACES)
    opening[:, 0] = np.minimum(opening[:, 0], need[:, 0] + closing[:, 0])
    opening[:, 1:] = closing[:, :-1]
    flows.opening, flows.closing = opening, closing
    flows.purchase = np.round(need + closing - opening, PLACES)
    for name in ("own", "transfer"):
        setattr(flows, name, np.round(getattr(flows, name), PLACES))


def _stock_noise(shape: tuple[int, ...]) -> Array:
    """Return a slow wave of stocks over the year, out of step from row to row."""
    row, month = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(1.0 + 0.25 * np.sin(2 * np.pi * (month + row % 7) / 12.0))


def _green_power(flows: _Flows, free: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    """Bought green power, a part of the purchase; growing, and rarely beside an own roof."""
    green = np.zeros_like(flows.use)
    months = green.shape[1]
    rows = np.flatnonzero(free)
    start = _starts(len(rows), months, _GREEN, rng)
    roof = flows.own[rows].sum(axis=1) > 0
    start = np.where(roof & (rng.random(len(rows)) < 0.9), months, start)
    share = rng.uniform(0.05, 0.35, len(rows))[:, None]
    age = np.arange(months) - start[:, None]
    bought = np.minimum(share * (1.0 + age / 24.0), 0.8) * flows.purchase[rows]
    green[rows] = np.where(age >= 0, np.round(bought, PLACES), 0.0)
    return green


def _amounts(purchase: Array, drawn: pl.DataFrame, tale: Story, rng: np.random.Generator) -> Array:
    """Amount paid, from the price of the year with the enterprise's and the month's own part."""
    prices = drawn.select(pl.col("^price_20.*$")).to_numpy()
    middle = np.arange(prices.shape[1]) * 12 + 5.5
    index = np.arange(purchase.shape[1])
    price = np.array([np.interp(index, middle, row) for row in prices])
    own = np.exp(rng.normal(0.0, 0.05, (drawn.height, 1)))
    month = np.exp(rng.normal(0.0, 0.02, purchase.shape))
    return np.asarray(np.round(np.maximum(purchase, 0.0) * price * own * month, PLACES))


def _tested(drawn: pl.DataFrame, tale: Story) -> NDArray[np.bool_]:
    """Whether the enterprise has its coal tested and states a coefficient of its own."""
    firm = drawn["firm"].to_numpy()
    large = (tale.firms["output"] * tale.firms["price_kcny"] > _LARGE_KCNY).to_numpy()
    power = (tale.firms["sector"] == "power").to_numpy()
    coal = (drawn["item_key"] == "raw_coal").to_numpy()
    return np.asarray(coal & (large | power)[firm])


def _coefficients(drawn: pl.DataFrame, tale: Story, rng: np.random.Generator) -> Array:
    """Return the tested coefficient of coal in tce/t: one supply per enterprise, moving little."""
    typical = rng.uniform(0.7, 0.77, (drawn.height, 1))
    return np.round(typical + rng.normal(0.0, 0.004, (drawn.height, tale.output.shape[1])), 4)


def _tiers(drawn: pl.DataFrame, tale: Story, rng: np.random.Generator) -> NDArray[np.str_]:
    """Return the data quality of every pair and month."""
    firm = drawn["firm"].to_numpy()
    large = (tale.firms["output"] * tale.firms["price_kcny"] > _LARGE_KCNY).to_numpy()[firm]
    power = (tale.firms["sector"] == "power").to_numpy()[firm]
    share = drawn["measured_share"].to_numpy() + np.where(power, _POWER_BONUS, 0.0)
    share += np.where(large, _MEASURED_BONUS, -_MEASURED_MALUS)
    whole = np.where(rng.random(drawn.height) < share, "measured", "reported")
    guessed = np.where(large, _ESTIMATED_LARGE, _ESTIMATED_PAIRS)
    whole = np.where(rng.random(drawn.height) < guessed, "estimated", whole)
    months = rng.random((drawn.height, tale.output.shape[1])) < _ESTIMATED_MONTHS
    return np.where(months, "estimated", whole[:, None])
