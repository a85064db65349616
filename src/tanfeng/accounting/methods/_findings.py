"""What a verifier looks at first: defaults where a test is asked for, factors out of date, gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from tanfeng.accounting.methods._choice import RULES
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS

if TYPE_CHECKING:
    from tanfeng.accounting.methods._declare import Method
    from tanfeng.accounting.methods._engine import MethodAccount

FINDING_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "code": pl.String(),
        "severity": pl.String(),
        "activity_id": pl.Int64(),
        "method": pl.String(),
        "stream": pl.String(),
        "item": pl.String(),
        "column": pl.String(),
        "factor": pl.UInt32(),
        "text_zh": pl.String(),
        "text_en": pl.String(),
    }
)


#: A stated value this many times its default or less than the inverse is told: a slip of the
#: decimal point is 10, kcal for kJ 4.19. Own threshold. [1]
_FAR = 3.0

#: What a laboratory's value is looked up by.
_LABORATORY = MappingProxyType(
    {
        "sample_date": ("采样日期", "day of sampling"),
        "test_date": ("检测日期", "day of the test"),
        "laboratory": ("检测机构", "laboratory"),
        "evidence": ("证据", "evidence"),
    }
)

_PROVED: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "activity_id": pl.Int64(),
        "value": pl.Float64(),
        **dict.fromkeys(("column", "name_zh", "name_en", "rule_zh", "rule_en"), pl.String()),
    }
)


class _Text(NamedTuple):
    severity: str
    zh: str
    en: str


_TEXTS = MappingProxyType(
    {
        "default_though_measured": _Text(
            "warning",
            "{name_zh}要求实测，现采用缺省值 {value}（{ref}）",
            "{name_en} wants a measurement, the default {value} is used ({ref})",
        ),
        "substitute_used": _Text(
            "warning",
            "{name_zh}未取得有效实测值，按规则采用替代值 {value}（{ref}）：{rule_zh}",
            "no valid measurement of {name_en}: the ordered substitute {value} is used ({ref}): "
            "{rule_en}",
        ),
        "deduction_to_prove": _Text(
            "warning",
            "扣减了{name_zh} {value}：{rule_zh}",
            "{name_en} {value} is taken off: {rule_en}",
        ),
        "far_from_default": _Text(
            "warning",
            "{name_zh} {value} 与缺省值 {usual}（{ref}）相差 3 倍以上（自定阈值，待核实），"
            "请核对单位和小数点",
            "{name_en} {value} is more than 3 times off the default {usual} ({ref}; own threshold, "
            "unverified): check its unit and decimal point",
        ),
        "measured_unproven": _Text(
            "warning",
            "{name_zh}采用实测值 {value}，未填写：{lacks_zh}",
            "the measured {name_en} {value} is taken, without its {lacks_en}",
        ),
        "factor_outside_validity": _Text(
            "warning",
            "缺省值 {ref} 的有效期为 {span}，不含核算年份 {year}",
            "default {ref} is valid {span}, not in the accounting year {year}",
        ),
        "method_outside_validity": _Text(
            "warning",
            "方法 {method} 适用于 {span} 的数据，不含核算年份 {year}",
            "method {method} is for data of {span}, not of {year}",
        ),
        "input_missing": _Text(
            "error",
            "缺少{name_zh} {symbol}，该行未计入",
            "{name_en} {symbol} is missing, the row is not counted",
        ),
        "computed_out_of_range": _Text(
            "error",
            "由填报数据算得{name_zh} {symbol} = {value}，超出合理范围，该行未计入",
            "{name_en} {symbol} = {value} follows from the form and is out of range; the row is "
            "not counted",
        ),
        "candidate_rejected": _Text(
            "info",
            "{name_zh}的候选值 {value} 未采用：{rule_zh}",
            "candidate {value} for {name_en} was passed over: {rule_en}",
        ),
    }
)


def findings(account: MethodAccount, methods: Iterable[Method]) -> pl.DataFrame:
    """List what a verifier of an account must look at.

    Parameters
    ----------
    account : MethodAccount
        The account.
    methods : iterable of Method
        The methods it was made by.

    Returns
    -------
    polars.DataFrame
        Columns of ``FINDING_SCHEMA``: errors (rows that are not counted) first, then warnings
        (a default where the text wants a measurement, an ordered substitute, a value far from its
        default, a deduction that wants proof, a measured value without day or laboratory, a
        factor or method outside its validity), then
        candidates passed over.
    """
    chosen = {method.key: method for method in methods}
    rows = account.streams.select(
        "activity_id", "year", *(pl.col(n).cast(pl.String) for n in ("method", "stream", "item"))
    )
    declared = _declared(chosen)
    used = _defaults_used(account, rows).join(
        declared, on=["formula_input", "item"], how="left", maintain_order="left"
    )
    year = pl.col("year")
    begins, ends = (
        pl.col(name).str.slice(0, 4).cast(pl.Int32, strict=False)
        for name in ("valid_from", "valid_to")
    )
    span = pl.format("{} – {}", pl.col("valid_from"), pl.col("valid_to").replace("", "…"))
    # A default of an older text stays in use until the text is replaced; only one that had ended
    # before the year, or began after it, is out of its time.
    parts = [
        _worded("default_though_measured", used.filter("measured", ~pl.col("substitute"))),
        _worded("substitute_used", used.filter("substitute")),
        _worded(
            "factor_outside_validity",
            used.filter((ends < year) | (begins > year)).with_columns(span=span),
        ),
        _worded("far_from_default", _far(account, rows, declared)),
        _worded("deduction_to_prove", _to_prove(account, rows, chosen)),
        _worded("measured_unproven", _headed(_unproven(account, rows), chosen)),
        _worded("method_outside_validity", _wrong_years(rows, chosen)),
        *(_worded(code, _headed(part, chosen)) for code, part in _gaps(account).items()),
        _worded("candidate_rejected", _headed(_rejected(account, rows), chosen)),
    ]
    order = {"error": 0, "warning": 1, "info": 2}
    return pl.concat(parts).sort(
        pl.col("severity").replace_strict(order, return_dtype=pl.Int8),
        "activity_id",
        "code",
        "column",
        nulls_last=True,
        maintain_order=True,
    )


def _defaults_used(account: MethodAccount, rows: pl.DataFrame) -> pl.DataFrame:
    """Every default of every line, with the row, its year and the factor."""
    lines = account.lines.select("activity_id", "formula", *FACTOR_COLUMNS)
    long = pl.concat(
        [
            lines.filter(pl.col(column).is_not_null()).select(
                "activity_id",
                pl.format("{} {}", pl.col("formula").cast(pl.String), pl.lit(place)).alias(
                    "formula_input"
                ),
                pl.col(column).alias("factor"),
            )
            for place, column in enumerate(FACTOR_COLUMNS)
        ]
    )
    factors = account.factors.select(
        "factor",
        "ref",
        "value",
        "valid_from",
        "valid_to",
        rule_zh="choice_zh",
        rule_en="choice_en",
    )
    return long.join(rows, on="activity_id", how="left").join(factors, on="factor", how="left")


def _far(account: MethodAccount, rows: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """Find stated or computed values that lie far from the default of their material."""
    usual = account.factors.select("symbol", default_ref="ref", usual="value")
    long = pl.concat(
        [
            account.lines.filter(pl.col(f).is_null() & (pl.col(x) > 0)).select(
                "activity_id",
                formula_input=pl.format("{} {}", pl.col("formula").cast(pl.String), pl.lit(place)),
                value=x,
            )
            for place, (x, f) in enumerate(zip(INPUT_COLUMNS, FACTOR_COLUMNS, strict=True))
        ]
    )
    times = pl.col("value") / pl.col("usual")
    return (
        long.join(rows, on="activity_id", how="left", maintain_order="left")
        .join(declared, on=["formula_input", "item"], how="inner", maintain_order="left")
        .join(usual.unique(), on=["symbol", "default_ref"], how="inner", maintain_order="left")
        .filter((pl.col("usual") > 0) & ((times > _FAR) | (times < 1 / _FAR)))
        .unique(["activity_id", "column"], keep="first", maintain_order=True)
        .rename({"default_ref": "ref"})
    )


def _declared(methods: Mapping[str, Method]) -> pl.DataFrame:
    """Say for every input of a formula and material what the method thinks of its default."""
    rows = []
    for method in methods.values():
        for key, formula in method.formulas().items():
            stream = method.stream(key.split(".")[1])
            rows += [
                {
                    "formula_input": f"{key} {place}",
                    "item": item.key,
                    "column": symbol.field,
                    "symbol": symbol.name,
                    "name_zh": symbol.name_zh,
                    "name_en": symbol.name_en,
                    "measured": symbol.field in stream.measured,
                    "substitute": item.defaults[symbol.field].substitute,
                    "default_ref": item.defaults[symbol.field].ref,
                }
                for place, symbol in enumerate(formula.symbols)
                for item in stream.items
                if symbol.field in item.defaults
            ]
    return pl.DataFrame(rows)


def _to_prove(
    account: MethodAccount, rows: pl.DataFrame, methods: Mapping[str, Method]
) -> pl.DataFrame:
    """Find rows that take off what their text takes off under a condition only."""
    lines = account.lines.with_columns(pl.col("formula").cast(pl.String))
    parts = [
        lines.filter((pl.col("formula") == key) & (pl.col(column) > 0)).select(
            "activity_id",
            pl.col(column).alias("value"),
            column=pl.lit(symbol.field),
            name_zh=pl.lit(symbol.name_zh),
            name_en=pl.lit(symbol.name_en),
            rule_zh=pl.lit(stream.to_prove[symbol.field][0]),
            rule_en=pl.lit(stream.to_prove[symbol.field][1]),
        )
        for method in methods.values()
        for stream in method.streams
        if stream.to_prove
        for key, formula in method.formulas().items()
        if key.split(".")[1] == stream.key
        for symbol, column in zip(formula.symbols, INPUT_COLUMNS, strict=False)
        if symbol.field in stream.to_prove
    ]
    found = pl.concat(parts) if parts else pl.DataFrame(schema=_PROVED)
    return found.join(rows, on="activity_id", how="left", maintain_order="left")


def _wrong_years(rows: pl.DataFrame, methods: Mapping[str, Method]) -> pl.DataFrame:
    spans = pl.DataFrame(
        [
            {
                "method": method.key,
                "first": int(method.valid_from[:4] or 0),
                "last": int(method.valid_to[:4] or 9999),
                "span": f"{method.valid_from or '…'} – {method.valid_to or '…'}",
            }
            for method in methods.values()
        ]
    )
    wrong = rows.select("method", "year").unique(maintain_order=True).join(spans, on="method")
    return wrong.filter((pl.col("year") < pl.col("first")) | (pl.col("year") > pl.col("last")))


def _gaps(account: MethodAccount) -> dict[str, pl.DataFrame]:
    gaps = account.gaps.with_columns(
        pl.col("method", "stream", "item").cast(pl.String),
    )
    missing = pl.col("reason") == "missing"
    return {"input_missing": gaps.filter(missing), "computed_out_of_range": gaps.filter(~missing)}


def _headed(rows: pl.DataFrame, methods: Mapping[str, Method]) -> pl.DataFrame:
    """Add the name of the input a row is about, as the form heads its column."""
    columns = ("method", "stream", "column", "name_zh", "name_en")
    names = {
        (method.key, stream.key, column): (one.name_zh, one.name_en)
        for method in methods.values()
        for stream in method.streams
        for kind in stream.kinds
        for column, one in kind.inputs.items()
    }
    table = pl.DataFrame(
        [(*key, *name) for key, name in names.items()],
        schema=dict.fromkeys(columns, pl.String()),
        orient="row",
    )
    return rows.join(table, on=columns[:3], how="left", maintain_order="left")


def _unproven(account: MethodAccount, rows: pl.DataFrame) -> pl.DataFrame:
    """Find laboratory values that were taken although nobody can look them up."""
    empty = {
        name: pl.col(name).is_null() if "date" in name else pl.col(name).fill_null("") == ""
        for name in _LABORATORY
    }
    said = {
        f"lacks_{lang}": pl.concat_str(
            [pl.when(empty[name]).then(pl.lit(names[at])) for name, names in _LABORATORY.items()],
            separator=join,
            ignore_nulls=True,
        )
        for at, (lang, join) in enumerate((("zh", "、"), ("en", ", ")))
    }
    measured = pl.col("tier").cast(pl.String) == "measured"
    return (
        account.choices.filter("chosen", measured, pl.any_horizontal(*empty.values()))
        .with_columns(pl.col("column").cast(pl.String), **said)
        .join(rows, on="activity_id", how="left", maintain_order="left")
    )


def _rejected(account: MethodAccount, rows: pl.DataFrame) -> pl.DataFrame:
    words = pl.DataFrame(
        {
            "rule": list(RULES),
            "rule_zh": [rule.zh for rule in RULES.values()],
            "rule_en": [rule.en for rule in RULES.values()],
        }
    )
    return (
        account.choices.filter(~pl.col("chosen"))
        .with_columns(pl.col("rule", "column").cast(pl.String))
        .join(words, on="rule", how="left", maintain_order="left")
        .join(rows, on="activity_id", how="left", maintain_order="left")
    )


def _worded(code: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the rows under the columns of a finding and word them."""
    text = _TEXTS[code]
    lacking = [name for name in FINDING_SCHEMA if name not in rows.columns]
    filled = rows.with_columns(
        *(pl.lit(None, dtype=FINDING_SCHEMA[name]).alias(name) for name in lacking)
    )
    worded = {"text_zh": _said(text.zh, rows), "text_en": _said(text.en, rows)}
    return filled.with_columns(code=pl.lit(code), severity=pl.lit(text.severity), **worded).select(
        pl.col(name).cast(dtype) for name, dtype in FINDING_SCHEMA.items()
    )


def _said(pattern: str, rows: pl.DataFrame) -> pl.Expr:
    """Put the cells of every row into the places a pattern names."""
    words, *rest = re.split(r"\{(\w+)\}", pattern)
    parts = [pl.lit(words)]
    for column, words in zip(rest[::2], rest[1::2], strict=True):
        cell = pl.col(column)
        if rows.schema[column] == pl.Float64():
            cell = cell.round_sig_figs(6)
        parts += [cell.cast(pl.String).fill_null("—"), pl.lit(words)]
    return pl.concat_str(parts)
