"""The record of a visit (现场检查记录) and the list of corrections (问题整改清单), Word and PDF."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import machines, tables
from tanfeng.console.registers.mrv.models import (
    CheckAnswer,
    Correction,
    EmissionReport,
    Evidence,
    Finding,
    SpotCheck,
)
from tanfeng.reports import to_pdf, to_word
from tanfeng.reports.document import Block, Document, Heading, Paragraph, Table, numbered

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def _hand_out(
    request: HttpRequest,
    user: User,
    thing: EmissionReport | SpotCheck,
    kind: str,
    title: str,
    subtitle: str,
    blocks: list[Block],
) -> HttpResponse:
    event = audit.record("export.mrv", request=request, thing=thing, kind=kind)
    lang, today = language(), timezone.localdate()
    day = today.isoformat() if lang == "en" else f"{today:%Y}年{today.month}月{today.day}日"
    document = Document(
        title=title,
        subtitle=subtitle,
        issuer=user.department or str(user),
        issued_on=day,
        mark=_("Demonstration data") if thing.organisation.is_demo else "",
        blocks=tuple(blocks),
        language=lang,
        stamp=lists.stamp(event),
    )
    content = to_pdf(document) if kind == "pdf" else to_word(document)
    name = f"{title} {thing.organisation.name}.{kind}"
    return lists.attachment(content, name, MEDIA_TYPES[kind])


def check_record(request: HttpRequest, user: User, check: SpotCheck, kind: str) -> HttpResponse:
    """Return the record of a visit with places to sign."""
    lang = language()
    answers = {row.item: row for row in rights.visible(user, CheckAnswer).filter(check_of=check)}
    files = rights.visible(user, Evidence).filter(check_of=check)
    found = rights.visible(user, Finding).filter(check_of=check)
    blocks: list[Block] = [
        Heading(numbered(0, _("Visit"), lang)),
        _facts(
            (_("Enterprise"), check.organisation.name),
            (_("Unified social credit code"), check.organisation.credit_code),
            (_("Carbon year"), str(check.report.year)),
            (_("Day of the visit"), str(check.visited_on or "")),
            (_("Team"), check.team),
            (_("Present for the enterprise"), check.present),
            (_("State"), str(machines.CHECK.state(check.state).label)),
        ),
        Heading(numbered(1, _("Checklist"), lang)),
        Table(
            _("Points of the visit (our own list; no authority issued it)"),
            (_("Subject"), _("Point"), _("Found"), _("Remark")),
            tuple(_point(point, answers.get(point.key)) for point in tables.checklist()),
            text_columns=4,
            widths=(2, 7, 2, 4),
        ),
        Heading(numbered(2, _("Findings"), lang)),
        *_findings(user, list(found), with_answers=False),
        Heading(numbered(3, _("Files and photographs"), lang)),
        *_files(list(files)),
        Heading(numbered(4, _("Result"), lang)),
        Paragraph(check.summary or "—"),
        _facts(
            (_("Team (signatures)"), ""),
            (_("Enterprise (signature, seal)"), ""),
            (_("Day"), ""),
        ),
    ]
    title = _("Record of a spot check")
    return _hand_out(request, user, check, kind, title, check.organisation.name, blocks)


def findings_list(
    request: HttpRequest, user: User, report: EmissionReport, kind: str
) -> HttpResponse:
    """Return the findings of a year with what was answered and decided."""
    found = list(rights.visible(user, Finding).filter(report=report))
    blocks: list[Block] = [*_findings(user, found, with_answers=True)]
    title = _("List of corrections")
    subtitle = f"{report.organisation.name} {report.year}"
    return _hand_out(request, user, report, kind, title, subtitle, blocks)


def _point(point: tables.Point, answer: CheckAnswer | None) -> tuple[str, ...]:
    result = str(answer.get_result_display()) if answer else "—"
    return (point.group, point.text, result, answer.remark if answer else "")


def _facts(*pairs: tuple[str, str]) -> Table:
    rows = tuple((label, value or "—") for label, value in pairs)
    return Table("", (_("Item"), _("Content")), rows, text_columns=2, widths=(3, 8))


def _findings(user: User, found: list[Finding], *, with_answers: bool) -> list[Block]:
    if not found:
        return [Paragraph(_("No finding."))]
    head = [_("No."), _("Where"), _("What was found"), _("Severity"), _("Correct by")]
    widths = [1.0, 3.0, 6.0, 1.5, 2.2]
    rows = [
        [str(number), one.place, " ".join(filter(None, (one.text, _clause(one)))),
         str(one.get_severity_display()), one.due_on.isoformat()]
        for number, one in enumerate(found, start=1)
    ]  # fmt: skip
    if with_answers:
        head += [_("Correction"), _("State")]
        widths += [5.0, 1.8]
        last: dict[int, Correction] = {}
        for correction in rights.visible(user, Correction).filter(finding__in=found):
            last[correction.finding_id] = correction
        for row, one in zip(rows, found, strict=True):
            answer = last.get(one.pk)
            row += [
                answer.answer if answer else "—",
                str(machines.FINDING.state(one.state).label),
            ]
    return [
        Table(
            _("Findings"),
            tuple(head),
            tuple(tuple(row) for row in rows),
            text_columns=len(head),
            widths=tuple(widths),
        )
    ]


def _clause(one: Finding) -> str:
    return f"({one.clause})" if one.clause else ""


def _files(rows: list[Evidence]) -> list[Block]:
    if not rows:
        return [Paragraph(_("No file."))]
    return [
        Table(
            _("Files with their digests (SHA-256)"),
            (_("File"), _("Uploaded"), _("Digest")),
            tuple(
                (
                    row.file_name,
                    timezone.localtime(row.entered_at).strftime("%Y-%m-%d %H:%M"),
                    row.sha256[:16],
                )
                for row in rows
            ),
            text_columns=3,
            widths=(6, 3, 4),
        )
    ]
