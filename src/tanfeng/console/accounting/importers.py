"""Forms on their way into the energy and output records: monthly energy, 205-1, output.

Findings here are those only the database can make; the reader has made all others already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from tanfeng.console.accounting import cross_forms, cumulative, two_forms
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord
from tanfeng.console.archive import services as archive
from tanfeng.console.core import imports, known
from tanfeng.console.core.known import Register
from tanfeng.console.core.models import Batch, User
from tanfeng.errors import DataError, Problem, Severity
from tanfeng.periods import Period
from tanfeng.sheets import ReadResult

KEYS = ("organisation_id", "year", "month")
ENERGY = Register(
    EnergyRecord,
    (*KEYS, "item_key"),
    (
        "opening_stock_qty", "purchase_qty", "purchase_amount_kcny", "own_production_qty",
        "consumption_total_qty", "feedstock_qty", "transfer_out_qty", "stock_adjustment_qty",
        "closing_stock_qty", "coef_used_tce", "green_power_1e4kwh", "tier", "remark",
    ),
)  # fmt: skip
OUTPUT = Register(
    OutputRecord,
    (*KEYS, "product_name"),
    ("product_code", "unit", "output_qty", "gross_output_kcny", "value_added_kcny", "remark"),
)
#: Longest texts of the records.
_LONGEST = {"remark": 200, "product_name": 80, "product_code": 40, "unit": 20}
#: Infos of one kind listed one by one; the rest is summed up in a line.
LISTED = 200
_MONTHLY, _STATISTICS, _OUTPUT = "monthly_energy", "stat_205_1", "product_output"

_TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "D001": (
        "{value}不在您可填报的企业范围内（未建档，或不属于您）",
        "{value} is not among the enterprises you may report for (unknown, or not yours)",
        "请核对信用代码，或先导入企业档案",
        "Check the credit code, or take in the enterprise archive first",
    ),
    "D003": (
        "将替换已有数据：消费量由{before}改为{after}",
        "Will replace what is known: consumption {before} becomes {after}",
        "如非更正请勿导入",
        "Leave it out unless it is a correction",
    ),
    "D004": (
        "{year}年该品种已有{what}，再导入会重复计算",
        "{year} already has {what_en} for this item; both would be counted",
        "请先撤销原批次，或只保留一种口径",
        "Undo the earlier upload first, or keep one of the two",
    ),
    "D009": (
        "企业已标记为停产注销",
        "The enterprise is marked as no longer in operation",
        "请核对企业状态",
        "Check the state of the enterprise",
    ),
    "D014": (
        "{month}月累计{value}小于此前各月之和{before}",
        "The sum to month {month}, {value}, is below what the months before sum up to, {before}",
        "请核对本表与此前月份，其中一份有误",
        "One of the two forms is wrong: check both",
    ),
    "D015": (
        "{span}的数据没有分月报送，差额记在{month}月",
        "The form covers {span} without reports in between; the amount is booked to month {month}",
        "年度合计不受影响；如需分月，请补报各月",
        "Totals of the year hold; hand in the months between to have them apart",
    ),
    "E023": (
        "有工业总产值但电力消费为零",
        "Gross output is reported but no electricity was used",
        "请核对电力消费",
        "Check the electricity used",
    ),
    "E025": (
        "单位产值能耗{intensity}吨标准煤/万元偏离近12个月均值{mean}较大（阈值为自定缺省，待核实）",
        "Energy per output {intensity} tce per 1e4 CNY is far from the 12-month mean {mean} "
        "(own default threshold, unverified)",
        "请核对能耗、产值及其单位",
        "Check energy, output and their units",
    ),
    "E024": (
        "产值或产量为零但有能源消费，请标注停产、检修或试生产",
        "No output but energy used: mark as stopped, under repair or on trial",
        "可在备注中说明",
        "Say so in the remark",
    ),
}


def _problem(
    columns: imports.Columns,
    rule: str,
    severity: Severity,
    row: Mapping[str, Any],
    field: str,
    *,
    suggestion: str = "",
    **values: Any,
) -> Problem:
    shown = {"value": row.get(field), **values}
    text = {name: _shown(value) for name, value in shown.items()}
    zh, en, remedy_zh, remedy_en = (one.format(**text) for one in _TEXTS[rule])
    return columns.problem(
        rule,
        severity,
        zh=zh,
        en=en,
        remedy_zh=remedy_zh,
        remedy_en=remedy_en,
        row=row["source_row"],
        field=field,
        value=_shown(row.get(field)),
        suggestion=suggestion,
    )


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


class RecordImporter(imports.Importer):
    """What the forms of this app share: find the enterprise, compare, write, take back."""

    register: Register
    #: Field whose change is told in words.
    told = "consumption_total_qty"

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return archive.common_place(codes)

    def check(self, frame: pl.DataFrame, columns: imports.Columns, user: User) -> imports.Checked:
        """Check rows against enterprises and records."""
        matched = self._matched(frame, user)
        unknown = matched.filter(pl.col("organisation_id").is_null())
        mine = matched.filter(pl.col("organisation_id").is_not_null())
        problems = list(_unknown(unknown, columns, user))
        problems.extend(_inactive(mine, columns))
        rows, found = self._records(mine, columns)
        problems.extend(found)
        difference = known.compare(self.register, rows, self._holding(rows))
        problems.extend(_conflicts(rows, self._other_months(rows), columns))
        problems.extend(self._replaced(difference.replaced, columns))
        problems.extend(self._further(mine, columns))
        return imports.Checked(problems, difference.counts)

    def commit(self, frame: pl.DataFrame, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Write rows, asking for enterprises and conflicts again."""
        columns = imports.Columns(batch.sheet, batch.columns)
        matched = self._matched(frame, user)
        refused = list(_unknown(matched.filter(pl.col("organisation_id").is_null()), columns, user))
        mine = matched.filter(pl.col("organisation_id").is_not_null())
        rows, found = self._records(mine, columns)
        refused.extend(one for one in found if one.severity == "error")
        refused.extend(_conflicts(rows, self._other_months(rows), columns))
        if refused:
            raise DataError(refused)
        difference = known.compare(self.register, rows, self._holding(rows))
        return known.write(self.register, difference, batch, at, also_close=self._ended(mine))

    def undo(self, batch: Batch, _user: User, at: datetime) -> dict[str, int]:
        """Close what the batch added and bring back what it had closed."""
        return known.undo(self.register, batch, at)

    # Steps the forms differ in

    def _records(
        self, mine: pl.DataFrame, _columns: imports.Columns
    ) -> tuple[pl.DataFrame, list[Problem]]:
        """Return the records the rows make, with ``source_row``, keys and values."""
        return _typed(mine, self.register), []

    def _ended(self, _mine: pl.DataFrame) -> list[int]:
        """Return records that end without a successor."""
        return []

    def _further(self, _mine: pl.DataFrame, _columns: imports.Columns) -> Iterator[Problem]:
        """Yield findings of one form alone."""
        yield from ()

    # Steps they share

    def _matched(self, frame: pl.DataFrame, user: User) -> pl.DataFrame:
        codes = frame["credit_code"].drop_nulls().unique().to_list()
        found = archive.organisations(user, codes)
        return frame.join(
            found.select("credit_code", "organisation_id", "active"), on="credit_code", how="left"
        )

    def _holding(self, rows: pl.DataFrame) -> pl.DataFrame:
        return known.current(self.register, *_reach(rows), rows["month"].unique().to_list())

    def _other_months(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return keys and months that hold now, to find a year told twice.

        Months can only be in conflict with a whole year, so other months are not read for them.
        """
        organisations, years = _reach(rows)
        months = () if (rows["month"] == 0).any() else (0,)
        names = self.register.keys
        found: list[tuple[Any, ...]] = []
        for part in known.chunks(organisations, known.CHUNK):
            query = self.register.model.objects.current().filter(**known.reach(part, years, months))
            found.extend(query.order_by().values_list(*names))
        schema = {name: self.register.schema[name] for name in names}
        return pl.DataFrame(found, schema=schema, orient="row")

    def _replaced(self, rows: pl.DataFrame, columns: imports.Columns) -> Iterator[Problem]:
        before = f"{self.told}_before"
        for row in rows.head(LISTED).iter_rows(named=True):
            yield _problem(
                columns, "D003", "info", row, self.told, before=row[before], after=row[self.told]
            )
        if rows.height > LISTED:
            more = rows.height - LISTED
            yield columns.problem(
                "D003",
                "info",
                zh=f"另有{more}行将替换已有数据",
                en=f"{more} more rows will replace what is known",
            )


def _reach(rows: pl.DataFrame) -> tuple[list[int], tuple[int, int]]:
    if rows.is_empty():
        return [], (0, 0)
    organisations = rows["organisation_id"].unique().to_list()
    return organisations, (int(rows["year"].min()), int(rows["year"].max()))  # type: ignore[arg-type]


def _typed(rows: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return rows with all columns of the register; what the form lacks is no data."""
    missing = [
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in register.schema.items()
        if name not in rows.columns
    ]
    texts = [
        pl.col(name).fill_null("").str.slice(0, _LONGEST.get(name, 40))
        for name, dtype in register.schema.items()
        if dtype == pl.String() and name != "tier"
    ]
    complete = rows.with_columns(missing).with_columns(texts)
    if "tier" in register.schema:
        complete = complete.with_columns(pl.col("tier").fill_null("reported"))
    return complete.select(
        "source_row", *(pl.col(name).cast(dtype) for name, dtype in register.schema.items())
    )


def _unknown(rows: pl.DataFrame, columns: imports.Columns, user: User) -> Iterator[Problem]:
    names: dict[str, list[str]] = defaultdict(list)
    if rows.height:
        for code, name in archive.reportable(user).values_list("credit_code", "name"):
            names[name].append(code)
    for row in rows.iter_rows(named=True):
        meant = names.get(row.get("org_name") or "", [])
        suggestion = meant[0] if len(meant) == 1 and "credit_code" in columns.letters else ""
        yield _problem(columns, "D001", "error", row, "credit_code", suggestion=suggestion)


def _inactive(rows: pl.DataFrame, columns: imports.Columns) -> Iterator[Problem]:
    closed = rows.filter(~pl.col("active")).unique("credit_code", keep="first", maintain_order=True)
    for row in closed.iter_rows(named=True):
        yield _problem(columns, "D009", "warning", row, "credit_code")


def _conflicts(
    rows: pl.DataFrame, holding: pl.DataFrame, columns: imports.Columns
) -> Iterator[Problem]:
    """Yield rows that would tell a year twice: as a whole and by months."""
    name = rows.columns[4]  # source_row, organisation_id, year, month, then what it speaks of
    keys = ["organisation_id", "year", name]
    both = pl.concat([rows.select(*keys, "month"), holding.select(*keys, "month")])
    kinds = both.group_by(keys).agg(
        (pl.col("month") == 0).any().alias("whole"), (pl.col("month") > 0).any().alias("parts")
    )
    twice = rows.join(kinds.filter(pl.col("whole") & pl.col("parts")), on=keys, how="semi")
    for row in twice.iter_rows(named=True):
        whole = row["month"] == 0
        yield _problem(
            columns,
            "D004",
            "error",
            row,
            "period",
            year=row["year"],
            what="分月数据" if whole else "全年数据",
            what_en="months" if whole else "a whole year",
        )


class EnergyImporter(RecordImporter):
    """Takes the monthly energy form."""

    form_key = _MONTHLY
    register = ENERGY
    rank = 10

    def context(self, user: User, frame: pl.DataFrame) -> dict[str, Any]:
        """Give the reader what is known of these enterprises: carry-over, growth, unit slips."""
        past = history(self._matched(frame, user))
        return {"history": past} if past.height else {}

    def _further(self, mine: pl.DataFrame, columns: imports.Columns) -> Iterator[Problem]:
        """Compare with the output that holds, month by month."""
        months = mine.filter(pl.col("month") > 0) if "is_cumulative" not in mine.columns else None
        if months is None or months.is_empty():
            return
        found = cross_forms.of_energy(months)
        power = pl.col("item_key") == "electricity"
        # Told at the electricity of the month, else at its first row.
        places = months.sort(power, descending=True, maintain_order=True).unique(
            list(KEYS), keep="first", maintain_order=True
        )
        for row in places.join(found, on=list(KEYS), how="inner").iter_rows(named=True):
            yield _crossed(columns, row, "consumption_total_qty")


class StatisticsImporter(EnergyImporter):
    """Takes form 205-1; ``cumulative`` tells how its sums become months."""

    form_key = _STATISTICS
    asks = ("credit_code", "period")

    def complete(self, frame: pl.DataFrame, facts: Mapping[str, Any]) -> pl.DataFrame:
        """Write enterprise and period of the head on every row."""
        return of_head(frame, facts)

    def beside(
        self, batch: Batch, result: ReadResult, facts: Mapping[str, Any], user: User
    ) -> list[Problem]:
        """Hold the form against the form 205-2 of the month that was handed in before."""
        return two_forms.contradictions(batch, result, facts, user)

    def context(self, _user: User, _frame: pl.DataFrame) -> dict[str, Any]:
        """Ask for no second reading: sums are compared with months here."""
        return {}

    def _records(
        self, mine: pl.DataFrame, columns: imports.Columns
    ) -> tuple[pl.DataFrame, list[Problem]]:
        if mine.is_empty() or not mine["is_cumulative"][0]:
            return super()._records(mine, columns)
        records: list[dict[str, Any]] = []
        problems: list[Problem] = []
        for row, outcome in _spread(mine):
            for record in outcome.records:
                own = {
                    name: row[name]
                    for name in ("source_row", "organisation_id", "year", "item_key")
                }
                records.append({**own, **record})
            problems.extend(_span_findings(row, outcome, columns))
        frame = pl.DataFrame(
            records,
            schema={"source_row": pl.Int64(), **self.register.schema},
            infer_schema_length=None,
        )
        return _typed(frame, self.register), problems

    def _ended(self, mine: pl.DataFrame) -> list[int]:
        if mine.is_empty() or not mine["is_cumulative"][0]:
            return []
        return [one for _row, outcome in _spread(mine) for one in outcome.closed]

    def _other_months(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Leave out whole-year records of this form: they turn into December by themselves."""
        holding = super()._other_months(rows)
        if rows.is_empty() or holding.is_empty():
            return holding
        own = EnergyRecord.objects.current().filter(
            month=0,
            batch__form_key=_STATISTICS,
            organisation_id__in=rows["organisation_id"].unique().to_list(),
        )
        schema = {name: self.register.schema[name] for name in self.register.keys}
        turned = pl.DataFrame(
            list(own.order_by().values_list(*self.register.keys)), schema=schema, orient="row"
        )
        return holding.join(turned, on=list(self.register.keys), how="anti")


def of_head(frame: pl.DataFrame, facts: Mapping[str, Any]) -> pl.DataFrame:
    """Write enterprise and period of the head of a statistics form on every row."""
    if "year" in frame.columns:  # rows of a program say it themselves
        return frame.with_columns(is_cumulative=pl.lit(True))
    year, month = _period(str(facts.get("period", "")))
    single = str(facts.get("is_cumulative", "")).lower() in ("false", "0", "否")
    return frame.with_columns(
        credit_code=pl.lit(facts.get("credit_code"), dtype=pl.String()),
        org_name=pl.lit(facts.get("org_name"), dtype=pl.String()),
        year=pl.lit(year, dtype=pl.Int64()),
        month=pl.lit(month, dtype=pl.Int64()),
        is_cumulative=pl.lit(not single),
    )


def _period(text: str) -> tuple[int | None, int | None]:
    """Return year and month a form sums to; a whole year sums to December."""
    try:
        period = Period.parse(text)
    except ValueError:
        return None, None
    return period.year, period.month or period.end.month


def _spread(mine: pl.DataFrame) -> Iterator[tuple[dict[str, Any], cumulative.Outcome]]:
    organisations, years = _reach(mine)
    standing: dict[tuple[int, str], list[cumulative.Standing]] = defaultdict(list)
    rows = EnergyRecord.objects.current().filter(
        organisation_id__in=organisations, year__range=years
    )
    names = [name for name in ENERGY.values if name not in ("tier", "remark")]
    facts = ("pk", "organisation_id", "item_key", "month", "batch__form_key")
    for pk, organisation, item, month, form_key, *values in rows.values_list(*facts, *names):
        quantities = dict(zip(names, values, strict=True))
        standing[organisation, item].append(
            cumulative.Standing(pk, month, form_key == _STATISTICS, quantities)
        )
    for row in mine.iter_rows(named=True):
        form = {name: row.get(name) for name in names}
        key = (row["organisation_id"], row["item_key"])
        yield row, cumulative.spread(row["month"], form, standing[key])


def _span_findings(
    row: Mapping[str, Any], outcome: cumulative.Outcome, columns: imports.Columns
) -> Iterator[Problem]:
    for month, name, rest in outcome.below_zero:
        total = row[name] if month == row["month"] else None
        before = None if total is None else total - rest
        yield _problem(columns, "D014", "error", row, name, month=month, value=total, before=before)
    for record in outcome.records:
        if record["remark"] and record["month"] == row["month"]:
            yield _problem(
                columns,
                "D015",
                "warning",
                row,
                "item_key",
                span=record["remark"],
                month=record["month"],
            )


class OutputImporter(RecordImporter):
    """Takes the product output form."""

    form_key = _OUTPUT
    register = OUTPUT
    rank = 20
    told = "output_qty"

    def _further(self, mine: pl.DataFrame, columns: imports.Columns) -> Iterator[Problem]:
        """Compare with the energy that holds."""
        found = cross_forms.of_output(mine)
        for row in mine.join(found, on=list(KEYS), how="inner").iter_rows(named=True):
            field = "gross_output_kcny"
            if row["rule"] == "E024" and row.get(field) is None:
                field = "output_qty"
            if row["rule"] == "E024" and row.get(field) != 0:
                continue  # another row of the month says that nothing was made
            yield _crossed(columns, row, field)


def _crossed(columns: imports.Columns, row: Mapping[str, Any], field: str) -> Problem:
    rule: str = row["rule"]
    severity: Severity = "info" if rule == "E024" else "warning"
    value, mean = (None if row[n] is None else round(row[n], 6) for n in ("value", "mean"))
    return _problem(columns, rule, severity, row, field, intensity=value, mean=mean)


def history(matched: pl.DataFrame) -> pl.DataFrame:
    """Return what is known of the enterprises of a file, outside the months the file tells.

    Returns
    -------
    polars.DataFrame
        ``credit_code``, ``item_key``, ``period``, ``consumption_total_qty``,
        ``opening_stock_qty``, ``closing_stock_qty``, ``purchase_qty``.
    """
    mine = matched.filter(pl.col("organisation_id").is_not_null())
    organisations, (first, last) = _reach(mine)
    quantities = ("consumption_total_qty", "opening_stock_qty", "closing_stock_qty", "purchase_qty")
    found: list[tuple[Any, ...]] = []
    for part in known.chunks(organisations, known.CHUNK):
        rows = EnergyRecord.objects.current().filter(
            organisation_id__in=part, year__range=(first - 1, last), month__gt=0
        )
        found.extend(rows.order_by().values_list(*KEYS, "item_key", *quantities))
    schema = {
        **{name: pl.Int64() for name in KEYS},
        "item_key": pl.String(),
        **{name: pl.Float64() for name in quantities},
    }
    keys = [*KEYS, "item_key"]
    told = mine.select([pl.col(name).cast(schema[name]) for name in keys])
    codes = mine.select("organisation_id", "credit_code").unique()
    period = pl.format("{}-{}", pl.col("year"), pl.col("month").cast(pl.String()).str.zfill(2))
    return (
        pl.DataFrame(found, schema=schema, orient="row")
        .join(told, on=keys, how="anti")
        .join(codes, on="organisation_id")
        .with_columns(period=period)
        .select("credit_code", "item_key", "period", *quantities)
    )


for _one in (EnergyImporter(), StatisticsImporter(), OutputImporter()):
    imports.register(_one)
