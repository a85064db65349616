"""Form 205-2 on its way into the register: what was converted and recovered since January."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from django.db.models import Q

from tanfeng.console.accounting import two_forms
from tanfeng.console.accounting.importers import RecordImporter, of_head
from tanfeng.console.accounting.models import ConversionRecord, Run
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import imports, rights
from tanfeng.console.core.known import Register
from tanfeng.console.core.models import Batch, User
from tanfeng.errors import Problem
from tanfeng.sheets import ReadResult

_VALUES = (
    "industrial_consumption_qty", "conversion_input_qty", "input_power_qty", "input_heat_qty",
    "input_washing_qty", "input_coking_qty", "input_refining_qty", "input_gas_qty",
    "input_lng_qty", "input_coal_products_qty", "conversion_output_qty", "conversion_output_tce",
    "recovery_qty", "coef_used_tce",
)  # fmt: skip
REGISTER = Register(ConversionRecord, ("organisation_id", "year", "month", "item_key"), _VALUES)
_DECEMBER = 12


class ConversionImporter(RecordImporter):
    """Takes form 205-2 as it states its sums; nothing is divided among months."""

    form_key = "stat_205_2"
    register = REGISTER
    #: After 205-1, which it speaks of.
    rank = 15
    asks = ("credit_code", "period")
    told = "industrial_consumption_qty"

    def complete(self, frame: pl.DataFrame, facts: Mapping[str, Any]) -> pl.DataFrame:
        """Write enterprise and period of the head on every row."""
        return of_head(frame, facts)

    def beside(
        self, batch: Batch, result: ReadResult, facts: Mapping[str, Any], user: User
    ) -> list[Problem]:
        """Hold the form against the form 205-1 of the month that was handed in before."""
        return two_forms.contradictions(batch, result, facts, user)

    def _further(self, mine: pl.DataFrame, columns: imports.Columns) -> Iterator[Problem]:
        """Refuse a form of a single month: its register keeps sums since January."""
        if mine.filter(~pl.col("is_cumulative")).height:
            yield columns.problem(
                "D016",
                "error",
                zh="本表为当月数，205-2 表应填 1—本月累计数",
                en="The form is of a single month; form 205-2 states sums from January on",
                remedy_zh="请改填累计数后重新上传",
                remedy_en="Fill in the sums from January and upload it again",
            )


def of_year(
    user: User, organisation: Organisation, year: int, run: Run
) -> dict[str, dict[str, float | None]]:
    """Return what form 205-2 of December stated, as a run knew it: item -> values.

    Parameters
    ----------
    user : User
        Who asks.
    organisation : Organisation
        The enterprise.
    year : int
        The year.
    run : Run
        The run; what came later is left out.

    Returns
    -------
    dict
        Amounts in the unit of the item, ``conversion_output_tce`` in tce; None is no data.
    """
    still = Q(known_to__isnull=True) | Q(known_to__gt=run.as_of)
    rows = (
        rights.visible(user, ConversionRecord)
        .filter(still, organisation=organisation, year=year, known_from__lte=run.as_of)
        .filter(month=_DECEMBER)
        .values("item_key", *_VALUES)
    )
    return {row.pop("item_key"): row for row in rows}
