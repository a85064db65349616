"""What the page of an account shows: position, months with the forecast, rule, movements, duty."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import polars as pl
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tanfeng import standards
from tanfeng.accounting import market
from tanfeng.console.accounting import charts
from tanfeng.console.accounting.enterprise_figures import trace_url
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import plain
from tanfeng.console.core.models import User
from tanfeng.console.library.links import row_url
from tanfeng.console.library.services import overrides
from tanfeng.console.registers.market import emissions, figures, ledger, machines
from tanfeng.console.registers.market.emissions import MONTHS
from tanfeng.console.registers.market.models import (
    Claim,
    MarketEvidence,
    Movement,
    Position,
    Source,
)
from tanfeng.console.registers.mrv.models import EmissionReport
from tanfeng.errors import DataError, StandardError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS

_UNIT = "tCO₂"
#: States of a yearly report that was handed in.
_REPORTED = ("reported", "verified", "accepted")
#: Share of the height within which two lines of a chart are too close.
_NEAR = 0.08
#: Movements of the account's own year in the order of the waterfall -> name, sign.
_STEPS = (
    ("bought", gettext_lazy("Purchase"), 1),
    ("carried_in", gettext_lazy("Carried in"), 1),
    ("sold", gettext_lazy("Sale"), -1),
    ("carried_out", gettext_lazy("Carried out"), -1),
    ("cancelled", gettext_lazy("Voluntary cancellation"), -1),
)


def _english() -> bool:
    return language() == "en"


class View:
    """One account as one person sees it."""

    def __init__(self, user: User, position: Position) -> None:
        self.user = user
        self.position = position
        self.today = timezone.localdate()

    @cached_property
    def movements(self) -> list[Movement]:
        """Movements of the account's year: of its allowances, or for its duty."""
        rows = rights.visible(self.user, Movement).filter(
            organisation=self.position.organisation_id
        )
        year = self.position.year
        chosen = [
            one
            for one in rows.select_related("organisation", "entered_by", "decided_by", "claim")
            if year in (one.vintage, one.to_vintage, one.compliance_year)
        ]
        proofs: dict[int, list[MarketEvidence]] = {}
        seen = rights.visible(self.user, MarketEvidence)
        for proof in seen.filter(movement__in=[one.pk for one in chosen]):
            proofs.setdefault(proof.movement_id or 0, []).append(proof)
        for one in chosen:
            one.proofs = proofs.get(one.pk, [])  # type: ignore[attr-defined]
        return chosen

    def holdings(self) -> list[dict[str, Any]]:
        """Return what is held of every year; years are never added together."""
        table = ledger.frame(ledger.standing([self.position.organisation_id]))
        return list(market.balance(table).iter_rows(named=True))

    def rows(self) -> list[dict[str, Any]]:
        """Return the movements with the words of their state and the steps offered."""
        told = []
        for one in self.movements:
            found = machines.MOVEMENT.state(one.state)
            steps = machines.MOVEMENT.offered(self.user, one)
            offset = one.kind == Movement.Kind.OFFSET
            claim = getattr(one, "claim", None)
            told.append(
                {
                    "row": one,
                    "label": found.label,
                    "kind": found.kind,
                    # An offset lives and dies with the claim of its certificate.
                    "buttons": [
                        step for step in steps if not (offset and step.target == "withdrawn")
                    ],
                    "certificate": reverse("market-certificate", args=[claim.certificate_id])
                    if claim
                    else "",
                    "may_attach": rights.can(self.user, "enter", one),
                }
            )
        return told

    def waterfall(self) -> dict[str, Any] | None:
        """Return the way from the allowance to what is available, and the emission beside it."""
        one = self.position
        if one.allowance_tco2 is None or one.forecast_tco2 is None:
            return None
        sums: dict[str, float] = {}
        standing = [move for move in self.movements if move.state != "withdrawn"]
        for row in ledger.frame(standing).iter_rows(named=True):
            if row["vintage"] == one.year:
                sums[row["kind"]] = sums.get(row["kind"], 0.0) + row["amount_t"]
        labels, values = [_("Allowance")], [one.allowance_tco2]
        for kind, name, sign in _STEPS:
            if sums.get(kind):
                labels.append(str(name))
                values.append(sign * sums[kind])
        if one.offset_t:
            labels.append(_("Offset"))
            values.append(one.offset_t)
        totals = [0]
        if len(values) > 1:
            labels.append(_("Available"))
            values.append(sum(values))
            totals.append(len(values) - 1)
        labels.append(_("Emission of the year"))
        values.append(one.forecast_tco2)
        totals.append(len(values) - 1)
        return charts.columns(
            labels, [("t", _("Position"), values)], unit=_UNIT, totals=totals, good="up"
        )

    def months(self) -> dict[str, Any] | None:
        """Return the emission added up month by month, and where the year is heading."""
        one = self.position
        sums = _added(one.months)
        if not any(value is not None for value in sums):
            return None
        granted, verified = one.allowance_tco2, one.verified_tco2
        ahead = self._ahead(sums)
        everything = [*sums, granted, verified, *(ahead["high"] if ahead else ())]
        factor, unit = charts.scale([value for value in everything if value is not None], _UNIT)

        def drawn(values: Iterable[float | None]) -> list[float | None]:
            return [None if value is None else round(value / factor, 6) for value in values]

        series: list[dict[str, Any]] = [
            {"key": "brand", "name": _("Emission, added up"), "values": drawn(sums)}
        ]
        if ahead:
            line = {"key": "late", "name": _("Forecast"), "values": drawn(ahead["main"])}
            if any(value is not None for value in ahead["low"]):
                line |= {"low": drawn(ahead["low"]), "high": drawn(ahead["high"])}
            series.append({**line, "dashed": True})
        if granted is not None:
            # A line of its own, so that the picture reaches up to it.
            level = drawn([granted] * MONTHS)
            series.append({"key": "note", "name": _("Allowance"), "values": level, "dashed": True})
        near = (
            granted is not None
            and verified is not None
            and (abs(granted - verified) < _NEAR * max(granted, verified))
        )
        link = self.month_link()
        return {
            "x": [f"{one.year}-{month:02d}" for month in range(1, MONTHS + 1)],
            "keys": [str(month) for month in range(1, MONTHS + 1)],
            "unit": unit,
            "places": 1 if factor != 1.0 else 0,
            "series": series,
            "marks": [{"value": round(verified / factor, 6), "label": _("Verified emission")}]
            if verified is not None and not near
            else [],
            **({"link": link} if link else {}),
        }

    def _ahead(self, sums: list[float | None]) -> dict[str, list[float | None]] | None:
        """Return the forecast and its band from the last known month on, by the same shares."""
        one = self.position
        total, low, high = one.forecast_tco2, one.forecast_low_tco2, one.forecast_high_tco2
        last = max(i for i, value in enumerate(sums) if value is not None)
        reached = sums[last]
        if last == MONTHS - 1 or total is None or reached is None or one.verified_tco2 is not None:
            return None
        shares = self._shares()
        rest = sum(shares[last + 1 :])
        told: dict[str, list[float | None]] = {"main": [], "low": [], "high": []}
        for month in range(MONTHS):
            way = sum(shares[last + 1 : month + 1]) / rest
            for name, end in (("main", total), ("low", low), ("high", high)):
                known = month >= last and end is not None
                told[name].append(reached + (end - reached) * way if known else None)  # type: ignore[operator]
        return told

    def _shares(self) -> list[float]:
        """Return the share of each month, as the forecast took it."""
        one = self.position
        if one.forecast_method == "shares_of_last_year":
            key = (one.organisation_id, one.year - 1)
            before = emissions.found({one.organisation_id: one.sector}, [one.year - 1]).get(key)
            if before is not None and all(value is not None for value in before.months):
                whole = sum(value or 0.0 for value in before.months)
                return [(value or 0.0) / whole for value in before.months]
        return [1.0 / MONTHS] * MONTHS

    def month_link(self) -> str:
        """Return where a month of the emission is explained, ``{x}`` being the month."""
        one = self.position
        if one.method_run is not None:
            run = self.method_run()
            return f"{reverse('method-run', args=[run.number])}#lines" if run else ""
        if one.run is None:
            return ""
        code = one.organisation.credit_code
        return f"{trace_url('emission_direct_tco2', org=code)}&year={one.year}&month={{x}}"

    def method_run(self) -> MethodRun | None:
        """Return the method account the emission comes from, for those who may see it."""
        run = self.position.method_run
        return run if run is not None and rights.can(self.user, "view", run) else None

    def source_url(self) -> str:
        """Return where the months of the emission are explained as a whole."""
        return self.month_link().replace("&month={x}", "")

    def limits(self) -> dict[str, Any]:
        """Return how much of what is due, or will be, offsets may cover, in t."""
        factor = standards.lookup("method_defaults", id="ets_offset_limit", overrides=overrides())
        one = self.position
        base = one.verified_tco2 if one.verified_tco2 is not None else one.forecast_tco2
        return {
            "most": None if base is None else base * factor.number / 100.0,
            "percent": factor.number,
            "url": row_url(factor.ref),
            "confidence": factor.confidence,
        }

    def rule(self) -> dict[str, Any]:
        """Return how the allowance follows from the plan: lines with formula, inputs, clauses."""
        rows = figures.facility_rows(self.position)
        if not rows:
            return {"lines": [], "notes": []}
        try:
            answer = figures.computed(rows)
        except (DataError, StandardError):
            return {"lines": [], "notes": []}
        units = dict(answer.facilities.select("activity_id", "unit").iter_rows())
        cards = {row["factor"]: row for row in answer.factors.iter_rows(named=True)}
        place = "text_en" if _english() else "text_zh"
        return {
            "lines": [
                _line(row, answer, units, cards)
                for row in answer.lines.with_columns(
                    pl.col(pl.Categorical).cast(pl.String)
                ).iter_rows(named=True)
            ],
            "notes": [
                f"{_unit_name(units[row['activity_id']])}: {row[place]}"
                for row in answer.notes.iter_rows(named=True)
            ],
        }

    def claims(self) -> Iterable[Claim]:
        """Return the claims of the year that stand."""
        rows = rights.visible(self.user, Claim).filter(
            organisation=self.position.organisation_id,
            released_at__isnull=True,
            period__startswith=str(self.position.year),
        )
        return rows.select_related("certificate")

    def report(self) -> EmissionReport | None:
        """Return the year's report of the MRV record, what a verified emission comes from."""
        rows = rights.visible(self.user, EmissionReport).filter(
            organisation=self.position.organisation_id, year=self.position.year
        )
        return rows.filter(state__in=_REPORTED, total_tco2e__isnull=False).first()

    def sources(self) -> list[str]:
        """Return what a reader must know about where the emission comes from."""
        one = self.position
        told = []
        if one.run_id is not None and one.emission_source == Source.CITY:
            told.append(
                _("The city account knows fuel alone: process emission is not in it. It estimates.")
            )
        if one.year <= 2022 and one.sector == "power":
            told.append(_("Up to 2022 a plan capped the gap of power units; no cap is taken off."))
        if one.method_run is not None and one.method_run.missing_rows:
            told.append(
                ngettext(
                    "%d row of the method account could not be counted.",
                    "%d rows of the method account could not be counted.",
                    one.method_run.missing_rows,
                )
                % one.method_run.missing_rows
            )
        return told


def _added(months: list[float | None]) -> list[float | None]:
    """Return the months added up as far as they are known; a gap is added as nothing known."""
    known = [i for i, value in enumerate(months) if value is not None]
    last = max(known, default=-1)
    total, sums = 0.0, []
    for i, value in enumerate(months):
        total += value or 0.0
        sums.append(total if i <= last else None)
    return sums


def _unit_name(unit: str) -> str:
    """Return the name of a unit; an enterprise without a list of lines stands for itself."""
    return _("The enterprise as a whole") if unit == figures.WHOLE else unit


def _stored(value: float) -> str:
    """Return a number as it is stored, in its shortest form of at most six places."""
    return plain(value, min(len(f"{value:.6f}".rstrip("0").partition(".")[2]), 6))


def _line(
    row: dict[str, Any],
    answer: market.Allowances,
    units: dict[int, str],
    cards: dict[int, dict[str, Any]],
) -> dict[str, Any]:
    """Return a line of the allowance as the page shows it."""
    formula = answer.formulas[row["formula"]]
    english = _english()
    inputs = []
    for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
        card = cards.get(row[f])
        letter, _underline, index = symbol.name.partition("_")
        inputs.append(
            {
                "letter": letter,
                "index": index,
                "name": symbol.name_en if english else symbol.name_zh,
                "text": _stored(row[x]),
                "unit": symbol.unit,
                "url": row_url(card["ref"]) if card else "",
                "document": card["document"] if card else "",
                "confidence": card["confidence"] if card else "",
            }
        )
    return {
        "unit_name": _unit_name(units[row["activity_id"]]),
        "name": formula.name_en if english else formula.name_zh,
        "symbol": formula.symbol,
        "mathml": formula.mathml(),
        "document": formula.document,
        "clause": formula.clause,
        "value": row["value"],
        "unit": formula.unit,
        "confidence": row["confidence"],
        "places": 6 if formula.unit == "1" else 2,
        "inputs": inputs,
    }
