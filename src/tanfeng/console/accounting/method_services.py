"""Account the workbook of an enterprise by a sector method, and freeze the result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import polars as pl
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

import tanfeng
from tanfeng import standards
from tanfeng.accounting.methods import METHODS, Method
from tanfeng.console.accounting import after, frozen, method_files
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights, uploads
from tanfeng.console.core.models import User
from tanfeng.console.library.services import overrides
from tanfeng.errors import DataError, ModelError, Problem
from tanfeng.periods import FIRST_YEAR, LAST_YEAR
from tanfeng.sheets import ReadResult
from tanfeng.sheets.method_account import Answer, account_workbook
from tanfeng.trace import CONFIDENCES

#: A workbook of one enterprise and year is read inside the request; a larger one is refused. [byte]
LIMIT_BYTES = 2 * 2**20
#: Two people may take the same number; the second takes the next one.
_TRIES = 5
_PARTS = ("direct", "electricity", "heat", "total")


def account(
    user: User,
    organisation: Organisation,
    content: bytes,
    file_name: str,
    *,
    method_key: str,
    year: int,
    partial: bool = False,
    request: HttpRequest | None = None,
) -> MethodRun:
    """Account a filled-in workbook and freeze the result.

    Parameters
    ----------
    user : User
        Who hands it in; must be allowed to hand in forms for the enterprise.
    organisation : Organisation
        The enterprise the workbook speaks of, and no other.
    content : bytes
        The workbook.
    file_name : str
        Its name.
    method_key : str
        Method it was filled in for.
    year : int
        Year to account.
    partial : bool
        Whether rows with an error may be left out; they are listed with the account.
    request : HttpRequest, optional
        For the audit log.

    Returns
    -------
    MethodRun

    Raises
    ------
    PermissionDenied
        If the user may not.
    DataError
        With every problem of the workbook; nothing is kept then.
    ModelError
        If the method or the year is unknown.
    StandardError
        If a factor is not there.
    """
    rights.require(user, "upload", organisation)
    method = _checked(method_key, year)
    name = uploads.plain_name(file_name)
    try:
        answer = _computed(organisation, content, name, method, year, partial)
    except DataError as error:
        rules = sorted({one.rule for one in error.problems})
        audit.record(
            "method.refuse", user=user, request=request, thing=organisation,
            method=method.key, year=year, rules=rules,
        )  # fmt: skip
        raise
    run = _described(answer, organisation, user, content, name)
    _freeze(run, answer, content)
    audit.record(
        "method.account", user=user, request=request, thing=run,
        number=run.number, method=method.key, year=year, sha256=run.sha256,
        before=run.replaces.number if run.replaces else None,
    )  # fmt: skip
    for then in after.ACCOUNTED:
        then(run)
    return run


def _checked(method_key: str, year: int) -> Method:
    if method_key not in METHODS:
        raise ModelError(_("There is no method %(key)s") % {"key": method_key})
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ModelError(
            _("Choose years from %(first)s to %(last)s") % {"first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return METHODS[method_key]


def _computed(
    organisation: Organisation,
    content: bytes,
    name: str,
    method: Method,
    year: int,
    partial: bool,
) -> Answer:
    """Read and compute; whatever forbids an account is raised at once."""
    if len(content) > LIMIT_BYTES:
        raise DataError([uploads.too_large(len(content), LIMIT_BYTES)])
    answer = account_workbook(
        content,
        name,
        method,
        year=year,
        today=timezone.localdate(),
        overrides=overrides(),
    )
    foreign = [one for result in answer.read.results for one in _foreign(result, organisation)]
    nothing = not answer.account.lines.height
    if foreign or nothing or (answer.errors and not partial):
        raise DataError([*foreign, *answer.problems] or [_nothing()])
    return answer


def _foreign(result: ReadResult, organisation: Organisation) -> Iterator[Problem]:
    """Tell the rows that name another enterprise: the workbook is kept with this one."""
    letter = next((one.letter for one in result.columns if one.field == "credit_code"), "")
    code = pl.col("credit_code")
    rows = result.frame.filter(code.is_not_null() & (code != organisation.credit_code))
    for value, row in rows.select("credit_code", "source_row").unique("credit_code").iter_rows():
        yield Problem(
            rule="F101",
            severity="error",
            message_zh=f"该行填报的是另一家企业 {value}，本次核算的是 {organisation.credit_code}",
            message_en=f"the row is of another enterprise, {value}; the account is of "
            f"{organisation.credit_code}",
            remedy_zh="每个工作簿只填一家企业；请删去其他企业的行或改正代码",
            remedy_en="One workbook speaks of one enterprise: take the row out or mend the code",
            sheet=result.sheet,
            row=row,
            column=letter,
            value=value,
        )


def _nothing() -> Problem:
    return Problem(
        rule="F102",
        severity="error",
        message_zh="工作簿没有可核算的数据行",
        message_en="the workbook has no row that can be accounted",
        remedy_zh="请下载该方法的模板，在各排放源工作表填写后上传",
        remedy_en="Download the template of the method, fill in its sheets and upload it",
    )


def _described(
    answer: Answer, organisation: Organisation, user: User, content: bytes, name: str
) -> MethodRun:
    """Return the account without its number, manifest and place in the chain."""
    total = answer.totals().row(0, named=True)
    return MethodRun(
        organisation=organisation,
        method_key=answer.method.key,
        year=answer.year,
        as_of=answer.as_of,
        file_name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        line_count=answer.account.lines.height,
        missing_rows=total["missing_rows"],
        confidence=_weakest(answer),
        is_demo=organisation.is_demo,
        created_by=user,
        **{f"emission_{part}_tco2e": total[f"emission_{part}_tco2e"] for part in _PARTS},
    )


def _weakest(answer: Answer) -> str:
    """Return the weakest confidence among the formulas and defaults the lines lean on."""
    account = answer.account
    used = [account.formulas[str(key)].confidence for key in account.lines["formula"].unique()]
    used += [str(one) for one in account.lines["confidence"].drop_nulls().unique()]
    return max(used, key=CONFIDENCES.index, default="")


def _manifest(run: MethodRun, answer: Answer, files: dict[str, str]) -> dict[str, Any]:
    formulas = "\n".join(repr(one) for _key, one in sorted(answer.method.formulas().items()))
    refs = answer.account.factors["ref"].str.split("/").list.first().unique().sort()
    return {
        "engine_version": tanfeng.__version__,
        "method": answer.method.key,
        "document": answer.method.number,
        "edition": answer.method.edition,
        "year": run.year,
        "as_of": run.as_of.isoformat(),
        "read_on": timezone.localdate().isoformat(),
        "workbook": run.sha256,
        "formulas_digest": hashlib.sha256(formulas.encode()).hexdigest(),
        "overrides_digest": overrides().digest(),
        "tables": {name: standards.info(name).digest for name in refs},
        "files": files,
    }


def _freeze(run: MethodRun, answer: Answer, content: bytes) -> None:
    """Write the files, then the row of the database; both stand or neither does."""
    with frozen.being_written() as folder:
        files = method_files.write(folder, answer, content)
        findings = pl.read_parquet(folder / "findings.parquet")
        run.warning_count = findings.filter(pl.col("severity") == "warning").height
        run.manifest = _manifest(run, answer, files)
        method_files.write_manifest(folder, run.manifest)
        for left in reversed(range(_TRIES)):
            try:
                _save(run, folder)
                return
            except IntegrityError:
                if not left:
                    raise


def _save(run: MethodRun, folder: Any) -> None:
    moved = False
    try:
        with transaction.atomic():
            # Whoever accounts the same enterprise waits here, so that the chain has no branches.
            Organisation.objects.select_for_update().get(pk=run.organisation_id)
            last = MethodRun.objects.aggregate(last=Max("number"))["last"] or 0
            run.number = last + 1
            run.replaces = (
                MethodRun.objects.filter(
                    organisation=run.organisation, method_key=run.method_key, year=run.year
                )
                .order_by("-number")
                .first()
            )
            run.save(force_insert=True)
            method_files.put_in_place(folder, run)
            moved = True
    except BaseException:
        if moved:
            method_files.remove(run)
        raise
