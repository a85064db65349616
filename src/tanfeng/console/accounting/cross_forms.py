"""Energy beside output: what is handed in now against what the database holds of the other form.

The comparison itself is :func:`tanfeng.sheets.compared`; here both sides are put together. Rows
of the file go before records of the same month.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tanfeng import sheets
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord
from tanfeng.console.core import known

KEYS = ("organisation_id", "year", "month")
_ENERGY = ("item_key", "consumption_total_qty", "own_production_qty", "coef_used_tce")
_OUTPUT = ("output_qty", "gross_output_kcny")
_TYPES = {"item_key": pl.String()}


def of_output(mine: pl.DataFrame) -> pl.DataFrame:
    """Return findings about output rows of a file: organisation, month, rule, value, mean."""
    energy = _held(EnergyRecord, mine, _ENERGY)
    before = _held(OutputRecord, mine, _OUTPUT)
    return _compared(energy, _joined(mine, before, _OUTPUT), mine)


def of_energy(mine: pl.DataFrame) -> pl.DataFrame:
    """Return findings about energy rows of a file: organisation, month, rule, value, mean."""
    before = _held(EnergyRecord, mine, _ENERGY)
    return _compared(_joined(mine, before, _ENERGY), _held(OutputRecord, mine, _OUTPUT), mine)


def _held(
    model: type[EnergyRecord | OutputRecord], mine: pl.DataFrame, names: Sequence[str]
) -> pl.DataFrame:
    """Return records of the enterprises from the year before the file on."""
    found: list[tuple[object, ...]] = []
    if mine.height:
        first, last = mine["year"].min(), mine["year"].max()
        years = (int(first) - 1, int(last))  # type: ignore[arg-type]
        for part in known.chunks(mine["organisation_id"].unique().to_list(), known.CHUNK):
            rows = model.objects.current().filter(
                organisation_id__in=part, year__range=years, month__gt=0
            )
            found.extend(rows.order_by().values_list(*KEYS, *names))
    return pl.DataFrame(found, schema=_schema(names), orient="row")


def _schema(names: Sequence[str]) -> dict[str, pl.DataType]:
    kinds = {name: _TYPES.get(name, pl.Float64()) for name in names}
    return {**{name: pl.Int64() for name in KEYS}, **kinds}


def _joined(mine: pl.DataFrame, before: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Put rows of the file in place of what holds for the same months (and items)."""
    told = mine.select(
        (pl.col(name) if name in mine.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in _schema(names).items()
    )
    same = [*KEYS, "item_key"] if "item_key" in names else list(KEYS)
    return pl.concat([told, before.join(told, on=same, how="anti")])


def _compared(energy: pl.DataFrame, output: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    shaped = [
        one.with_columns(
            credit_code=pl.col("organisation_id").cast(pl.String), cumulative=pl.lit(False)
        )
        for one in (energy, output)
    ]
    kinds = {name: mine.schema[name] for name in KEYS}
    return (
        sheets.compared(*shaped)
        .with_columns(organisation_id=pl.col("credit_code").cast(pl.Int64))
        .select(*(pl.col(name).cast(kind) for name, kind in kinds.items()), "rule", "value", "mean")
    )
