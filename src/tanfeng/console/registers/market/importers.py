"""The form of certificates on its way into the register, uses included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from tanfeng.accounting.market import CERTIFICATES
from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import imports
from tanfeng.console.core.models import Batch, User
from tanfeng.console.registers.market import certificates
from tanfeng.console.registers.market.models import Certificate, Claim

KINDS: Mapping[str, str] = {"绿证": "green_certificate", "CCER": "ccer", "林业碳汇": "ffcer"}
PURPOSES: Mapping[str, str] = {
    "能耗扣除": "energy_deduction",
    "电力排放计零": "market_factor",
    "可再生能源消纳": "renewable_share",
    "产品碳足迹": "footprint",
    "自愿中和": "voluntary",
    "碳市场抵销": "ets_offset",
}
_TEXTS: Mapping[str, tuple[str, str, str, str]] = {
    "D061": (
        "{value}不在您可填报的企业范围内（未建档，或不属于您）",
        "{value} is not among the enterprises you may report for (unknown, or not yours)",
        "请核对信用代码",
        "Check the credit code",
    ),
    "D062": (
        "编号 {value} 的证书已登记，且内容不同或属于其他单位；证书只登记一次",
        "Certificate {value} is registered already with other facts or by another enterprise",
        "请核对编号；要更改已登记的证书，先在页面上撤销",
        "Check the number; to change one that is registered, withdraw it on the page first",
    ),
    "D063": (
        "“{other}”不能用于“{value}”",
        "“{other}” cannot serve “{value}”",
        "绿证不能抵销清缴，CCER 和林业碳汇不能扣减能耗",
        "A green certificate offsets nothing; CCER and FFCER reduce no energy",
    ),
    "D064": (
        "填了用途，须同时填写用于年度或月份（如 2025 或 2025-03）和使用日期",
        "A use wants its year or month (2025 or 2025-03) and its day",
        "请补齐，或删去用途",
        "Fill them in, or take the use out",
    ),
    "D065": (
        "证书 {value} 已用于“{other}”，一张证书只能有一个用途",
        "Certificate {value} serves {other} already; a certificate has one use",
        "请删去用途，或先在页面上释放原用途",
        "Take the use out, or release the one before on the page",
    ),
    "D066": (
        "使用日期不在证书有效期内，或有效期止早于有效期起",
        "The day of use is outside the validity, or the validity ends before it begins",
        "请核对日期",
        "Check the days",
    ),
    "D067": (
        "碳市场抵销不能用表格导入：要与应清缴量和抵销上限核对",
        "An offset in the carbon market is not imported: it is held against what is due",
        "请先登记证书，再在证书页面登记抵销",
        "Register the certificate, then enter the offset on its page",
    ),
}


def register() -> None:
    """Declare the form; the app does so when it starts."""
    imports.register(CertificateImporter())


class CertificateImporter(imports.RowImporter[Organisation]):
    """Takes certificates and their uses; nothing that stands is changed."""

    form_key = "market_certificate"
    rank = 50
    texts = _TEXTS

    def place_of(self, codes: set[str]) -> str:
        """Return the county all these enterprises lie in."""
        return archive.common_place(codes)

    def examined(self, frame: pl.DataFrame, user: User) -> Iterator[imports.Examined[Organisation]]:
        """Yield rows, held against enterprises, the register and the uses."""
        codes = [code for code in frame["credit_code"].drop_nulls().unique() if code]
        reportable = archive.reportable(user).filter(credit_code__in=codes)
        mine = {one.credit_code: one for one in reportable}
        rows = list(frame.iter_rows(named=True))
        standing = _standing(rows)
        uses = {
            one.certificate_id: one
            for one in Claim.objects.filter(
                certificate__in=list(standing.values()), released_at__isnull=True
            )
        }
        for row in rows:
            organisation = mine.get(row["credit_code"] or "")
            if organisation is None:
                yield imports.Examined(row, found=[("D061", "error", "credit_code", {})])
                continue
            before = standing.get(_key(row))
            found = [*_of_use(row), *_of_standing(row, organisation, before, uses)]
            new_use = before is not None and row["purpose"] and before.pk not in uses
            kind = "added" if before is None else "replaced" if new_use else "unchanged"
            yield imports.Examined(row, organisation, "" if found else kind, found)

    def write(
        self,
        rows: Sequence[imports.Examined[Organisation]],
        batch: Batch,
        user: User,
        at: datetime,
    ) -> None:
        """Register the certificates, and the uses of them."""
        for one in rows:
            row, organisation = one.row, one.wanted
            if one.kind == "unchanged" or organisation is None:
                continue
            certificate = _standing([row]).get(_key(row)) or certificates.register(
                user, organisation, _facts(row), batch=batch, source_row=row["source_row"], at=at
            )
            used = _day(row["used_on"])
            if row["purpose"] and used is not None:
                certificates.claim(
                    user, certificate, PURPOSES[row["purpose"]], _period(row), used, batch=batch
                )

    def undo(self, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Withdraw what the batch registered; one that was used since then stays."""
        done = {"closed": 0, "restored": 0, "superseded": 0}
        reason = f"导入撤销 {batch}"[:300]
        Claim.objects.filter(batch=batch, released_at__isnull=True).update(
            released_at=at, released_by=user, reason=reason
        )
        for one in Certificate.objects.filter(batch=batch, withdrawn_at__isnull=True):
            if certificates.claim_of(one) is not None:
                done["superseded"] += 1
                continue
            one.withdrawn_at, one.withdrawn_by, one.reason = at, user, reason
            one.save(update_fields=["withdrawn_at", "withdrawn_by", "reason"])
            done["closed"] += 1
        return done


def _key(row: imports.Row) -> tuple[str, str]:
    return KINDS.get(row["kind"], ""), str(row["number"]).strip()


def _standing(rows: Iterable[imports.Row]) -> dict[tuple[str, str], Certificate]:
    """Return the certificates registered under the numbers of some rows."""
    found = Certificate.objects.filter(
        number__in={_key(row)[1] for row in rows if row["number"]}, withdrawn_at__isnull=True
    )
    return {(one.kind, one.number): one for one in found.select_related("organisation")}


def _of_use(row: imports.Row) -> Iterator[imports.Found]:
    """Tell what is wrong with the use and the days of a row, whatever stands registered."""
    start, end, used = _day(row["valid_from"]), _day(row["valid_to"]), _day(row["used_on"])
    if start and end and end < start:
        yield "D066", "error", "valid_to", {}
    if not row["purpose"]:
        return
    purpose = PURPOSES[row["purpose"]]
    if purpose not in CERTIFICATES[KINDS[row["kind"]]][1]:
        yield "D063", "error", "purpose", {"other": row["kind"]}
    elif purpose == "ets_offset":
        yield "D067", "error", "purpose", {}
    if used is None or not _is_period(_period(row)):
        yield "D064", "error", "purpose", {}
    elif (start and used < start) or (end and used > end):
        yield "D066", "error", "used_on", {}


def _of_standing(
    row: imports.Row,
    organisation: Organisation,
    before: Certificate | None,
    uses: Mapping[int, Claim],
) -> Iterator[imports.Found]:
    """Tell where a row speaks against what is registered already."""
    if before is None:
        return
    facts = _facts(row)
    same = before.organisation_id == organisation.pk and all(
        getattr(before, name) == facts[name] for name in ("amount", "valid_from", "valid_to")
    )
    if not same:
        yield "D062", "error", "number", {}
        return
    use = uses.get(before.pk)
    if use is not None and row["purpose"] and use.purpose != PURPOSES[row["purpose"]]:
        yield "D065", "error", "number", {"other": use.get_purpose_display()}


def _facts(row: imports.Row) -> dict[str, Any]:
    return {
        "kind": KINDS[row["kind"]],
        "number": str(row["number"]).strip()[:60],
        "amount": row["amount"],
        "project": (row["project"] or "")[:120],
        "valid_from": _day(row["valid_from"]),
        "valid_to": _day(row["valid_to"]),
    }


def _period(row: imports.Row) -> str:
    return str(row["used_for"] or "").strip()


def _is_period(text: str) -> bool:
    year, dash, month = text.partition("-")
    whole = len(year) == 4 and year.isdecimal()
    return whole and (not dash or (month.isdecimal() and 1 <= int(month) <= 12))


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else value or None
