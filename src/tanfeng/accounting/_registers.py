"""Accounts of allowances and registers of certificates: what moved, what is left, what is claimed.

Nothing is stored here. The functions take every movement or claim there is and either answer or
tell all that is wrong: one transaction counts once, an allowance is used for its own year unless
the caller names the rule that allows another, and a certificate has one claim.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from tanfeng import standards
from tanfeng.accounting._problems import Rule, refuse
from tanfeng.errors import DataError, ModelError, Problem

if TYPE_CHECKING:
    from tanfeng.standards import Overrides

MOVEMENT_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "org_code": pl.String(),
        "document": pl.String(),
        "date": pl.Date(),
        "kind": pl.String(),
        "vintage": pl.Int32(),
        "amount_t": pl.Float64(),
        "compliance_year": pl.Int32(),
    }
)
#: Kind of movement -> what it does to the balance of its vintage. An offset covers emission with
#: a certified reduction; it takes no allowance. What is carried over is two movements, out of one
#: year and into another; that a rule allows it is for the caller to know.
KINDS: Mapping[str, int] = MappingProxyType(
    {
        "allocated": 1,
        "bought": 1,
        "sold": -1,
        "surrendered": -1,
        "cancelled": -1,
        "carried_out": -1,
        "carried_in": 1,
        "offset": 0,
    }
)
_COVERING = ("surrendered", "offset")
OBLIGATION_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {"org_code": pl.String(), "compliance_year": pl.Int32(), "due_t": pl.Float64()}
)
CERTIFICATE_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "certificate": pl.String(),
        "kind": pl.String(),
        "org_code": pl.String(),
        "amount": pl.Float64(),
        "valid_from": pl.Date(),
        "valid_to": pl.Date(),
    }
)
CLAIM_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "certificate": pl.String(),
        "purpose": pl.String(),
        "org_code": pl.String(),
        "period": pl.String(),
        "date": pl.Date(),
    }
)
#: Purpose -> its names.
PURPOSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ets_offset": ("碳市场抵销清缴", "offset in the carbon market"),
        "energy_deduction": ("能耗扣除（绿电）", "green power left out of energy consumption"),
        "market_factor": ("电力排放计零", "electricity accounted at zero"),
        "renewable_share": ("可再生能源消纳责任", "renewable consumption duty"),
        "footprint": ("产品碳足迹", "product carbon footprint"),
        "voluntary": ("自愿中和或宣传", "voluntary neutrality or publicity"),
    }
)
#: Kind of certificate -> its unit and the purposes it may serve.
CERTIFICATES: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "green_certificate": ("MWh", frozenset(PURPOSES) - {"ets_offset"}),
        "ccer": ("tCO2", frozenset({"ets_offset", "voluntary"})),
        "ffcer": ("tCO2", frozenset({"ets_offset", "voluntary"})),
    }
)


def _typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], what: str) -> pl.DataFrame:
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise ModelError(f"{what} lack the columns {missing}", f"数据缺少列 {missing}")
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _movement_rules() -> tuple[Rule, ...]:
    covering = pl.col("kind").is_in(_COVERING)
    return (
        Rule(
            "R001",
            "kind",
            ~pl.col("kind").is_in(list(KINDS)).fill_null(False),
            f"变动类型不在 {'、'.join(KINDS)} 之中",
            f"the kind of movement is none of {', '.join(KINDS)}",
        ),
        Rule(
            "R002",
            "amount_t",
            ~((pl.col("amount_t") > 0) & pl.col("amount_t").is_finite()).fill_null(False),
            "数量应为正数；卖出、清缴也填正数，方向由类型决定",
            "the amount is a positive number; the kind gives its direction",
        ),
        Rule(
            "R003",
            "document",
            pl.col("document").is_null() | (pl.col("document") == ""),
            "缺少交易或登记凭证号",
            "the number of the transaction is missing",
        ),
        Rule(
            "R004",
            "document",
            pl.struct("org_code", "document").is_duplicated() & (pl.col("document") != ""),
            "同一凭证号登记了两次，一笔变动（清缴）只能算一次",
            "this transaction stands twice; a movement, a surrender above all, counts once",
        ),
        Rule(
            "R005",
            "vintage",
            (pl.col("kind") != "offset") & pl.col("vintage").is_null(),
            "缺少配额年度",
            "the year of the allowance is missing",
        ),
        Rule(
            "R006",
            "compliance_year",
            covering & pl.col("compliance_year").is_null(),
            "清缴和抵销须注明履约年度",
            "a surrender or an offset names the compliance year",
        ),
        Rule(
            "R007",
            "date",
            pl.col("date").is_null() | pl.col("org_code").is_null(),
            "缺少日期或单位",
            "date or organisation is missing",
        ),
    )


def checked_movements(movements: pl.DataFrame) -> pl.DataFrame:
    """Return the movements typed, or tell every row that cannot be one.

    Raises
    ------
    ModelError
        If a column is missing.
    DataError
        With every unknown kind, amount that is not positive, missing or repeated transaction
        number, missing vintage or compliance year.
    """
    typed = _typed(movements, MOVEMENT_SCHEMA, "movements")
    refuse(typed, _movement_rules())
    return typed


def balance(movements: pl.DataFrame) -> pl.DataFrame:
    """Add the movements of every account up, each vintage by itself.

    Parameters
    ----------
    movements : polars.DataFrame
        Columns of ``MOVEMENT_SCHEMA``; order does not matter.

    Returns
    -------
    polars.DataFrame
        org_code, vintage, allocated_t, bought_t, sold_t, surrendered_t, cancelled_t,
        carried_out_t, carried_in_t, balance_t [t]; sorted. Vintages are never added together.

    Raises
    ------
    DataError
        As :func:`checked_movements`, and for every movement that takes more than its vintage
        holds on its day.
    """
    typed = checked_movements(movements).with_row_index("_row", offset=1)
    signed = typed.filter(pl.col("kind") != "offset").with_columns(
        sign=pl.col("kind").replace_strict(KINDS, return_dtype=pl.Int8)
    )
    # Within a day what comes in is there before what goes out.
    ordered = signed.sort("org_code", "vintage", "date", -pl.col("sign"), "_row").with_columns(
        left=(pl.col("amount_t") * pl.col("sign")).cum_sum().over("org_code", "vintage")
    )
    short = ordered.filter(pl.col("left") < -1e-6).sort("_row")
    if short.height:
        raise DataError(
            Problem(
                rule="R010",
                severity="error",
                message_zh=f"{row['vintage']} 年度配额在 {row['date']} 不足，"
                f"缺 {-row['left']:g} t；其他年度的配额不能顶替",
                message_en=f"allowances of {row['vintage']} do not suffice on {row['date']}: "
                f"{-row['left']:g} t short; another year's do not stand in",
                row=row["_row"],
                column="amount_t",
                value=f"{row['amount_t']:g}",
            )
            for row in short.iter_rows(named=True)
        )
    kinds = [kind for kind, sign in KINDS.items() if sign]
    return (
        signed.group_by("org_code", "vintage")
        .agg(
            *(
                pl.col("amount_t").filter(pl.col("kind") == kind).sum().alias(f"{kind}_t")
                for kind in kinds
            ),
            balance_t=(pl.col("amount_t") * pl.col("sign")).sum(),
        )
        .sort("org_code", "vintage")
    )


def settle(
    movements: pl.DataFrame,
    obligations: pl.DataFrame,
    *,
    usable: Mapping[int, Collection[int]] | None = None,
    overrides: Overrides | None = None,
) -> pl.DataFrame:
    """Set surrenders and offsets against what is due.

    Parameters
    ----------
    movements : polars.DataFrame
        Columns of ``MOVEMENT_SCHEMA``.
    obligations : polars.DataFrame
        Columns of ``OBLIGATION_SCHEMA``: what an organisation has to surrender for a year. [t]
    usable : mapping of int to collection of int, optional
        Compliance year -> vintages a rule allows for it. A year that is not named takes its own
        vintage only.
    overrides : Overrides, optional
        Values the city verified itself; the limit of offsets is ``ets_offset_limit``.

    Returns
    -------
    polars.DataFrame
        org_code, compliance_year, due_t, surrendered_t, offset_t, offset_limit_t, open_t [t],
        is_met, limit_confidence.

    Raises
    ------
    DataError
        As :func:`balance`, and for a surrender of a vintage that may not be used, a surrender
        without a duty, offsets above the limit, or more surrendered than is due.
    """
    balance(movements)
    typed = checked_movements(movements).with_row_index("_row", offset=1)
    due = _typed(obligations, OBLIGATION_SCHEMA, "obligations")
    keys = ["org_code", "compliance_year"]
    if due.select(keys).is_duplicated().any() or (due["due_t"].fill_null(-1.0) < 0).any():
        raise ModelError(
            "obligations need one row per organisation and year, with an amount of at least 0",
            "每个单位每个履约年度应有且只有一行应清缴量，且不为负",
        )
    limit = standards.lookup("method_defaults", id="ets_offset_limit", overrides=overrides)
    covering = typed.filter(pl.col("kind").is_in(_COVERING))
    _refuse_vintages(covering, usable or {})
    _refuse_strangers(covering, due)
    part = {
        kind: pl.col("amount_t").filter(pl.col("kind") == kind).sum().alias(f"{kind}_t")
        for kind in _COVERING
    }
    done = (
        due.join(covering.group_by(keys).agg(*part.values()), on=keys, how="left")
        .with_columns(pl.col("surrendered_t", "offset_t").fill_null(0.0))
        .with_columns(offset_limit_t=pl.col("due_t") * (limit.number / 100.0))
        .with_columns(open_t=pl.col("due_t") - pl.col("surrendered_t") - pl.col("offset_t"))
    )
    _refuse_excess(done, limit.number)
    return (
        done.select(*keys, "due_t", "surrendered_t", "offset_t", "offset_limit_t", "open_t")
        .with_columns(is_met=pl.col("open_t") <= 1e-6, limit_confidence=pl.lit(limit.confidence))
        .sort(keys)
    )


def _refuse_vintages(covering: pl.DataFrame, usable: Mapping[int, Collection[int]]) -> None:
    rows = covering.filter(pl.col("kind") == "surrendered")
    problems = [
        Problem(
            rule="R011",
            severity="error",
            message_zh=f"用 {row['vintage']} 年度的配额清缴 {row['compliance_year']} 年度；"
            "没有指明允许跨年度使用的规则",
            message_en=f"allowances of {row['vintage']} are surrendered for "
            f"{row['compliance_year']}; no rule that allows it is named",
            row=row["_row"],
            column="vintage",
            value=str(row["vintage"]),
        )
        for row in rows.iter_rows(named=True)
        if row["vintage"] not in usable.get(row["compliance_year"], {row["compliance_year"]})
    ]
    if problems:
        raise DataError(problems)


def _refuse_strangers(covering: pl.DataFrame, due: pl.DataFrame) -> None:
    strange = covering.join(due, on=["org_code", "compliance_year"], how="anti")
    if strange.height:
        raise DataError(
            Problem(
                rule="R012",
                severity="error",
                message_zh=f"{row['org_code']} 在 {row['compliance_year']} 年度没有应清缴量",
                message_en=f"{row['org_code']} has nothing due for {row['compliance_year']}",
                row=row["_row"],
                column="compliance_year",
                value=str(row["compliance_year"]),
            )
            for row in strange.sort("_row").iter_rows(named=True)
        )


def _refuse_excess(done: pl.DataFrame, limit: float) -> None:
    offset = done.filter(pl.col("offset_t") > pl.col("offset_limit_t") + 1e-6)
    covered = done.filter(pl.col("open_t") < -1e-6)
    problems = [
        Problem(
            rule="R013",
            severity="error",
            message_zh=f"{row['org_code']} {row['compliance_year']} 年度抵销 "
            f"{row['offset_t']:g} t，超过应清缴量的 {limit:g} %（{row['offset_limit_t']:g} t）",
            message_en=f"{row['org_code']} offsets {row['offset_t']:g} t for "
            f"{row['compliance_year']}, above {limit:g} % of what is due "
            f"({row['offset_limit_t']:g} t)",
            column="amount_t",
            value=f"{row['offset_t']:g}",
        )
        for row in offset.iter_rows(named=True)
    ] + [
        Problem(
            rule="R014",
            severity="error",
            message_zh=f"{row['org_code']} {row['compliance_year']} 年度清缴和抵销比应清缴量多 "
            f"{-row['open_t']:g} t；是否重复登记？",
            message_en=f"{row['org_code']} surrendered and offset {-row['open_t']:g} t more "
            f"than is due for {row['compliance_year']}: was one counted twice?",
            column="amount_t",
            value=f"{row['surrendered_t'] + row['offset_t']:g}",
        )
        for row in covered.iter_rows(named=True)
    ]
    if problems:
        raise DataError(problems)


def claims(certificates: pl.DataFrame, claimed: pl.DataFrame) -> pl.DataFrame:
    """Put every certificate beside its one claim.

    Parameters
    ----------
    certificates : polars.DataFrame
        Columns of ``CERTIFICATE_SCHEMA``; the amount is in the unit of the kind, null dates are
        open.
    claimed : polars.DataFrame
        Columns of ``CLAIM_SCHEMA``.

    Returns
    -------
    polars.DataFrame
        The certificates with ``unit``, ``purpose``, ``claimed_by``, ``period``, ``claimed_on``,
        null where the certificate is free.

    Raises
    ------
    DataError
        If a certificate stands twice, is claimed for two purposes or twice (both are named), is
        claimed though nobody holds it, by another than its holder, outside of its validity, or
        for a purpose its kind cannot serve.
    """
    held = _typed(certificates, CERTIFICATE_SCHEMA, "certificates")
    refuse(held, _certificate_rules())
    wanted = _typed(claimed, CLAIM_SCHEMA, "claims").with_row_index("_row", offset=1)
    problems = _two_claims(wanted) + _bad_claims(wanted, held)
    if problems:
        raise DataError(sorted(problems, key=lambda problem: problem.row or 0))
    units = {kind: unit for kind, (unit, _purposes) in CERTIFICATES.items()}
    return held.join(
        wanted.select(
            "certificate",
            "purpose",
            "period",
            claimed_by="org_code",
            claimed_on="date",
        ),
        on="certificate",
        how="left",
        maintain_order="left",
    ).with_columns(unit=pl.col("kind").replace_strict(units))


def _certificate_rules() -> tuple[Rule, ...]:
    return (
        Rule(
            "R020",
            "certificate",
            pl.col("certificate").is_null() | pl.col("certificate").is_duplicated(),
            "证书编号缺失或重复登记",
            "the number of the certificate is missing or stands twice",
        ),
        Rule(
            "R021",
            "kind",
            ~pl.col("kind").is_in(list(CERTIFICATES)).fill_null(False),
            f"证书类型不在 {'、'.join(CERTIFICATES)} 之中",
            f"the kind of certificate is none of {', '.join(CERTIFICATES)}",
        ),
        Rule(
            "R022",
            "amount",
            ~((pl.col("amount") > 0) & pl.col("amount").is_finite()).fill_null(False),
            "证书数量应为正数",
            "the amount of a certificate is a positive number",
        ),
    )


def _two_claims(wanted: pl.DataFrame) -> list[Problem]:
    """Name both claims of every certificate that has more than one."""
    problems = []
    twice = wanted.filter(pl.col("certificate").is_duplicated())
    for (number,), rows in twice.group_by("certificate", maintain_order=True):
        first, *rest = rows.iter_rows(named=True)
        for other in rest:
            zh, en = (
                [PURPOSES.get(one["purpose"], (one["purpose"],) * 2)[k] for one in (first, other)]
                for k in (0, 1)
            )
            problems.append(
                Problem(
                    rule="R023",
                    severity="error",
                    message_zh=f"证书 {number} 已在第 {first['_row']} 行用于“{zh[0]}”，"
                    f"又用于“{zh[1]}”；一张证书只能有一个用途",
                    message_en=f"certificate {number} serves {en[0]} in row {first['_row']} and "
                    f"{en[1]} here; a certificate has one claim",
                    row=other["_row"],
                    column="certificate",
                    value=str(number),
                )
            )
    return problems


def _bad_claims(wanted: pl.DataFrame, held: pl.DataFrame) -> list[Problem]:
    joined = wanted.join(
        held.with_columns(holder="org_code").drop("org_code"),
        on="certificate",
        how="left",
        maintain_order="left",
    )
    problems = []
    for row in joined.iter_rows(named=True):
        texts = _fault(row)
        if texts is not None:
            problems.append(
                Problem(
                    rule="R024",
                    severity="error",
                    message_zh=texts[0],
                    message_en=texts[1],
                    row=row["_row"],
                    column="certificate",
                    value=str(row["certificate"]),
                )
            )
    return problems


def _fault(row: Mapping[str, object]) -> tuple[str, str] | None:
    """Return what is wrong with a claim in both languages, or None."""
    kind, purpose, day = row["kind"], row["purpose"], row["date"]
    if kind is None:
        return "没有登记过这张证书", "nobody registered this certificate"
    if purpose not in PURPOSES:
        return (
            f"用途不在 {'、'.join(PURPOSES)} 之中",
            f"the purpose is none of {', '.join(PURPOSES)}",
        )
    if row["holder"] != row["org_code"]:
        return f"证书属于 {row['holder']}", f"the certificate belongs to {row['holder']}"
    if purpose not in CERTIFICATES[str(kind)][1]:
        zh, en = PURPOSES[str(purpose)]
        return f"该类证书（{kind}）不能用于“{zh}”", f"a {kind} cannot serve {en}"
    start, end = row["valid_from"], row["valid_to"]
    if day is None or (start is not None and day < start) or (end is not None and day > end):  # type: ignore[operator]
        return "使用日期缺失或不在证书有效期内", "the day is missing or outside the validity"
    return None
