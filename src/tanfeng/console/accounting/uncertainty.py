"""Uncertainty of a method account: what is stated of its inputs, and what follows for its total.

Nothing is assumed: an input without a statement counts as exact, and the page names it with what
one percent of it would move. Nothing here asks for rights; the account came through ``rights``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from tanfeng.accounting import methods
from tanfeng.accounting.methods import MethodAccount, Uncertainty
from tanfeng.console.accounting import charts, method_files, method_pages
from tanfeng.console.accounting.models import InputUncertainty, MethodRun
from tanfeng.reports.method_uncertainty import StatedInput, StatedUncertainty

#: Draws of the Monte Carlo simulation.
DRAWS = 10_000
#: Bars of the picture.
_BARS = 12
#: One percent of an input. [1]
_PERCENT = 0.01


@dataclass(frozen=True, slots=True)
class Source:
    """An input a person can speak of: a parameter of a material, or a factor.

    Parameters
    ----------
    key : str
        ``row|stream|item|column`` or ``factor|table/row``.
    name_zh, name_en, stream_zh, stream_en, item_zh, item_en : str
        What it is; a factor has no stream and item.
    unit : str
        Unit of its values.
    is_factor : bool
        Whether it is a default of a table, which is one variable wherever it is used.
    rows : tuple of int
        Numbers of the rows of the account that hold it; empty for a factor.
    column : str
        Column of the form; empty for a factor.
    line : int
        First line that uses it.
    """

    key: str
    name_zh: str
    name_en: str
    stream_zh: str
    stream_en: str
    item_zh: str
    item_en: str
    unit: str
    is_factor: bool
    rows: tuple[int, ...]
    column: str
    line: int


@lru_cache(maxsize=16)
def sources(run: MethodRun) -> Mapping[str, Source]:
    """Return the inputs of the streams the method counts, by key, in the order of the report."""
    kept = method_files.opened(run)
    inside = {one["stream"] for one in kept.told["streams"] if one["in_total"]}
    factors = {row["factor"]: row for row in kept.account.factors.to_dicts()}
    found: dict[str, dict[str, Any]] = {}
    for line in kept.lines:
        if line["stream"] not in inside:
            continue
        for one in line["inputs"]:
            if one["source"] in ("computed", "none"):
                continue
            words = _factor(factors[one["factor"]]) if one["factor"] else _row(line, one)
            kept_one = found.setdefault(words["key"], {**words, "line": line["line"], "rows": []})
            if not one["factor"] and line["activity_id"] not in kept_one["rows"]:
                kept_one["rows"].append(line["activity_id"])
    return {key: Source(**{**one, "rows": tuple(one["rows"])}) for key, one in found.items()}


def _factor(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": f"factor|{row['ref']}",
        "name_zh": row["name_zh"],
        "name_en": row["name_en"],
        **dict.fromkeys(("stream_zh", "stream_en", "item_zh", "item_en", "column"), ""),
        "unit": row["unit"],
        "is_factor": True,
    }


def _row(line: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": f"row|{line['stream']}|{line['item']}|{one['column']}",
        **{name: line[name] for name in ("stream_zh", "stream_en", "item_zh", "item_en")},
        "name_zh": one["name_zh"],
        "name_en": one["name_en"],
        "unit": one["unit"],
        "is_factor": False,
        "column": one["column"],
    }


def stated(run: MethodRun) -> dict[str, InputUncertainty]:
    """Return what stands stated of the inputs of an account, by key."""
    rows = InputUncertainty.objects.filter(
        organisation=run.organisation_id,
        method_key=run.method_key,
        year=run.year,
        withdrawn_at=None,
    ).select_related("stated_by")
    return {one.input_key: one for one in rows if one.input_key in sources(run)}


@dataclass(frozen=True, slots=True)
class Result:
    """Uncertainty of an account.

    Parameters
    ----------
    propagated : Uncertainty
        By propagation.
    drawn : Uncertainty or None
        By Monte Carlo; None where nothing is stated.
    shares : mapping of str to float
        Input -> share of the variance by propagation. [1]
    moves : mapping of str to float
        Input -> what one percent more of it moves the total by. [tCO2e]
    """

    propagated: Uncertainty
    drawn: Uncertainty | None
    shares: Mapping[str, float]
    moves: Mapping[str, float]


def result(run: MethodRun, told: Mapping[str, InputUncertainty]) -> Result | None:
    """Return the uncertainty of an account, None for one without a counted line."""
    if run.emission_total_tco2e is None:
        return None
    words = tuple(
        (key, one.relative_pct, one.distribution, one.together, one.group)
        for key, one in sorted(told.items())
    )
    return _result(run, words)


@lru_cache(maxsize=64)
def _result(run: MethodRun, words: tuple[tuple[str, float, str, bool, str], ...]) -> Result:
    known = sources(run)
    account: MethodAccount = method_pages.counted(run, run.year)
    widths = _widths(known, words)
    propagated = methods.propagate(account, widths)
    drawn = methods.simulate(account, widths, draws=DRAWS, seed=seed(run)) if words else None
    of_row = {
        (number, one.column): one.key
        for one in known.values()
        if not one.is_factor
        for number in one.rows
    }
    shares = dict.fromkeys(known, 0.0)
    moves = dict.fromkeys(known, 0.0)
    for row in propagated.contributions.iter_rows(named=True):
        ref = row["factor_ref"]
        key = f"factor|{ref}" if ref else of_row.get((row["activity_id"], row["column"]), "")
        if key in known:
            shares[key] += row["share"]
            moves[key] += row["sensitivity"] * row["value"] * _PERCENT
    return Result(propagated, drawn, shares, moves)


def _widths(
    known: Mapping[str, Source], words: tuple[tuple[str, float, str, bool, str], ...]
) -> pl.DataFrame:
    rows = []
    for key, pct, distribution, together, group in words:
        one = known[key]
        name = f"named {group}" if group else (key if together else None)
        common = {"relative_pct": pct, "distribution": distribution, "group": name}
        if one.is_factor:
            rows.append({"factor_ref": key.partition("|")[2], **common})
        rows += [{"activity_id": number, "column": one.column, **common} for number in one.rows]
    return pl.DataFrame(rows, schema=dict(methods.UNCERTAINTY_SCHEMA))


def seed(run: MethodRun) -> int:
    """Return the seed of an account's draws: its number, so that anybody gets the same again."""
    return run.number


def panel(run: MethodRun) -> dict[str, Any]:
    """Return what the pages show of an account's uncertainty."""
    told = stated(run)
    found = result(run, told)
    rows = _rows(run, told, found)
    without = [one for one in rows if one["stated"] is None]
    moved = sum(abs(one["moves"]) for one in rows)
    return {
        "result": found,
        "rows": rows,
        "stated": len(told),
        "inputs": len(rows),
        "without": without,
        "without_share": sum(abs(one["moves"]) for one in without) / moved if moved else None,
        "groups": _groups(rows),
        "chart": _chart(rows) if told else None,
        "seed": seed(run),
        "draws": DRAWS,
    }


def reported(run: MethodRun) -> StatedUncertainty | None:
    """Return what the reports of an account say of its uncertainty; None without a total."""
    told = stated(run)
    found = result(run, told)
    if found is None:
        return None
    inputs = [_input(row) for row in _rows(run, told, found)]
    drawn = found.drawn.interval_tco2e if found.drawn else None
    return StatedUncertainty(inputs, found.propagated.relative_pct, drawn, DRAWS, seed(run))


def _input(row: Mapping[str, Any]) -> StatedInput:
    one, told = row["source"], row["stated"]
    return StatedInput(
        place_zh="" if one.is_factor else f"{one.stream_zh} · {one.item_zh}",
        place_en="" if one.is_factor else f"{one.stream_en} · {one.item_en}",
        name_zh=one.name_zh,
        name_en=one.name_en,
        unit=one.unit,
        rows=len(one.rows),
        relative_pct=told.relative_pct if told else None,
        distribution=told.distribution if told else "",
        group=told.group if told else "",
        grounds=told.grounds if told else "",
        together=bool(told and told.together),
        share=row["share"],
        moves_tco2e=row["moves"],
    )


def _rows(
    run: MethodRun, told: Mapping[str, InputUncertainty], found: Result | None
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for key, one in sources(run).items():
        stream, item = (
            method_pages.told({f"{n}_zh": zh, f"{n}_en": en}, n)
            for n, zh, en in (
                ("stream", one.stream_zh, one.stream_en),
                ("item", one.item_zh, one.item_en),
            )
        )
        name = method_pages.told({"name_zh": one.name_zh, "name_en": one.name_en}, "name")
        rows.append(
            {
                "key": key,
                "source": one,
                "name": name,
                "place": _("default, one variable everywhere")
                if one.is_factor
                else f"{stream} · {item}",
                "label": name if one.is_factor else f"{item} · {name}",
                "stated": told.get(key),
                "share": found.shares[key] if found and key in told else None,
                "moves": found.moves[key] if found else 0.0,
            }
        )
    rows.sort(key=lambda row: (-abs(row["share"] or 0.0), -abs(row["moves"])))
    return rows


def _groups(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return which inputs share an error: those of a name, and the rows of one input."""
    named: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        one = row["stated"]
        if one is None:
            continue
        if one.group:
            named.setdefault(one.group, []).append(row)
        elif row["source"].is_factor or (one.together and len(row["source"].rows) > 1):
            named.setdefault(row["label"], []).append(row)
    return [
        {
            "name": name,
            "inputs": [row["label"] for row in members],
            "rows": sum(len(row["source"].rows) for row in members),
            "is_factor": all(row["source"].is_factor for row in members),
            "share": sum(row["share"] or 0.0 for row in members),
        }
        for name, members in named.items()
    ]


def _chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    shown = [row for row in rows if row["stated"] is not None and row["share"]]
    head, rest = shown[:_BARS], shown[_BARS:]
    names = [row["label"] for row in head]
    values = [100 * row["share"] for row in head]
    if rest:
        names.append(_("%d further inputs") % len(rest))
        values.append(100 * sum(row["share"] for row in rest))
    data = charts.columns(
        names, [("share", _("Share of the variance"), values)], unit="%", horizontal=True
    )
    return {**data, "places": 1} if data else None
