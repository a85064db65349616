"""Movements and duties as the engine takes them, and the checks before one more is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import polars as pl

from tanfeng.accounting import market
from tanfeng.console.archive.models import Organisation
from tanfeng.console.library.services import overrides
from tanfeng.console.registers.market.models import Movement, Position
from tanfeng.errors import DataError, Problem

_Row = dict[str, Any]


def rows_of(movement: Movement) -> list[_Row]:
    """Return a movement as the engine's rows; a carry-over leaves one year and enters another."""
    row: _Row = {
        "org_code": movement.organisation.credit_code,
        "document": movement.document,
        "date": movement.date,
        "kind": movement.kind,
        "vintage": movement.vintage,
        "amount_t": movement.amount_t,
        "compliance_year": movement.compliance_year,
    }
    if movement.kind != Movement.Kind.CARRIED:
        return [row]
    into = {"document": f"{movement.document} →", "vintage": movement.to_vintage}
    return [{**row, "kind": "carried_out"}, {**row, **into, "kind": "carried_in"}]


def frame(movements: Iterable[Movement]) -> pl.DataFrame:
    """Return movements with the columns of ``market.MOVEMENT_SCHEMA``."""
    rows = [row for one in movements for row in rows_of(one)]
    return pl.DataFrame(rows, schema=dict(market.MOVEMENT_SCHEMA), orient="row")


def standing(organisations: Collection[int]) -> list[Movement]:
    """Return the movements of some organisations that were not withdrawn, oldest first."""
    rows = Movement.objects.filter(organisation_id__in=organisations).exclude(state="withdrawn")
    return list(rows.select_related("organisation").order_by("date", "pk"))


def duties(positions: Iterable[Position]) -> pl.DataFrame:
    """Return what is due, of the accounts whose emission is verified, in t."""
    rows = [
        (one.organisation.credit_code, one.year, one.verified_tco2)
        for one in positions
        if one.verified_tco2 is not None
    ]
    return pl.DataFrame(rows, schema=dict(market.OBLIGATION_SCHEMA), orient="row")


def check(
    organisation: Organisation,
    *,
    more: Sequence[Movement] = (),
    without: Collection[int] = (),
    verified: tuple[int, float | None] | None = None,
) -> None:
    """Ask the engine whether the account of an enterprise would still be in order.

    Parameters
    ----------
    organisation : Organisation
        The enterprise.
    more : sequence of Movement
        Movements about to be written.
    without : collection of int
        Keys of movements about to be withdrawn.
    verified : (int, float or None), optional
        Year and verified emission about to be written. [tCO2]

    Raises
    ------
    DataError
        With every reason it would not be.
    """
    kept = [one for one in standing([organisation.pk]) if one.pk not in without]
    positions = list(Position.objects.filter(organisation=organisation))
    for one in positions:
        one.organisation = organisation
        if verified is not None and one.year == verified[0]:
            one.verified_tco2 = verified[1]
    try:
        market.settle(frame([*kept, *more]), duties(positions), overrides=overrides())
    except DataError as error:
        raise DataError(_without_row(one) for one in error.problems) from error


def _without_row(problem: Problem) -> Problem:
    """Return a finding whose place is a field of a form, not a row of a file."""
    return Problem(
        problem.rule,
        problem.severity,
        problem.message_zh,
        problem.message_en,
        problem.remedy_zh,
        problem.remedy_en,
        heading=problem.column,
        value=problem.value,
    )
