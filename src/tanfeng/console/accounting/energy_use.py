"""Tables 2 to 4 of the energy-utilisation report of an enterprise, from the published run."""

from __future__ import annotations

import polars as pl
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from tanfeng.console.accounting import activity, conversion, figures, frozen
from tanfeng.console.accounting.models import OutputRecord, Run
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.sheets.energy_use import EnergyUse, energy_use

_OUTPUT = {
    "year": pl.Int32(),
    "product_name": pl.String(),
    "unit_zh": pl.String(),
    "output_qty": pl.Float64(),
    "gross_output_kcny": pl.Float64(),
}


def report(user: User, organisation: Organisation, year: int) -> tuple[Run, EnergyUse] | None:
    """Fill the tables from the records and lines of the published run.

    Parameters
    ----------
    user : User
        Who asks; must be allowed to see the enterprise.
    organisation : Organisation
        The enterprise.
    year : int
        Year reported.

    Returns
    -------
    tuple of Run and EnergyUse, or None
        None when there is no published run, or it holds nothing on the enterprise in the year.

    Raises
    ------
    PermissionDenied
        If the user may not see the enterprise.
    """
    rights.require(user, "view", organisation)
    run = figures.run_for(user)
    if run is None:
        return None
    years = (year - 1, year)
    rows = activity.read(years, run.as_of, organisation)
    code = organisation.credit_code
    if rows.filter(pl.col("year") == year).is_empty():
        return None
    lines = (
        frozen.opened(run)
        .lines.filter(pl.col("org_code") == code, pl.col("year").is_in(list(years)))
        .collect()
    )
    if lines.filter(pl.col("year") == year).is_empty():
        return None
    filled = energy_use(
        code,
        organisation.name,
        year,
        activity=rows,
        lines=lines,
        outputs=_outputs(user, organisation, years, run),
        source=_source(run),
        conversion=conversion.of_year(user, organisation, year, run),
    )
    return run, filled


def _source(run: Run) -> tuple[str, str]:
    told = {}
    for lang in ("zh-hans", "en"):
        with translation.override(lang):
            told[lang] = _("run %(number)d, data as of %(day)s") % {
                "number": run.number,
                "day": run.as_of.date().isoformat(),
            }
    return told["zh-hans"], told["en"]


def _outputs(
    user: User, organisation: Organisation, years: tuple[int, ...], run: Run
) -> pl.DataFrame:
    """Return the output of both years as the run knew it; months win over a row of the year."""
    still = Q(known_to__isnull=True) | Q(known_to__gt=run.as_of)
    rows = (
        rights.visible(user, OutputRecord)
        .filter(still, organisation=organisation, year__in=years, known_from__lte=run.as_of)
        .order_by("year", "product_name", "month")
        .values_list("year", "product_name", "unit", "output_qty", "gross_output_kcny", "month")
    )
    table = pl.DataFrame(list(rows), schema={**_OUTPUT, "month": pl.Int8()}, orient="row")
    has_months = (pl.col("month") > 0).any().over("year", "product_name")
    return table.filter((pl.col("month") > 0) | ~has_months).drop("month")
