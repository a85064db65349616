"""A bulletin on paper: Word and PDF, with the lines whoever takes it may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tanfeng.console.core import audit, lists
from tanfeng.console.core.asked import language
from tanfeng.console.quality.models import Bulletin, BulletinLine
from tanfeng.metering.quality import quality_rules
from tanfeng.reports import to_pdf, to_word
from tanfeng.reports.document import (
    NO_DATA,
    UNVERIFIED,
    Block,
    Document,
    Figures,
    Heading,
    Paragraph,
    Table,
    grouped,
    numbered,
)

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_WIDTHS = (4.6, 1.5, 1.9, 2.4, 1.7, 2.0, 1.9, 1.9)


def title(month: str, about: str) -> str:
    """Return the heading of a bulletin."""
    year, number = month.split("-")
    return _("%(about)s, %(year)s-%(month)s: bulletin of connectivity and data quality") % {
        "about": about, "year": year, "month": number,
    }  # fmt: skip


def percent_of(share: float | None) -> str:
    """Return a share in percent, a dash for none."""
    return NO_DATA if share is None else f"{grouped(100 * share, 1)}%"


def gained(value: float | None, unit: str = "") -> str:
    """Return a change with its sign; nothing where there is none to tell."""
    if value is None:
        return ""
    rounded = round(value, 1)
    text = f"{rounded:+.1f}".replace("-", "\u2212") if rounded else "0.0"
    return f"{text} {unit}".rstrip()


def is_change(value: float | None) -> bool:
    """Tell whether a change of a share is one as it is printed."""
    return value is not None and round(100 * value, 1) != 0


def percentage_points(value: float | None) -> str:
    """Return the change of a share in percentage points."""
    return gained(_hundredfold(value), pgettext("percentage points", "pp"))


def _hundredfold(share: float | None) -> float | None:
    return None if share is None else 100 * share


def limit_words(bulletin_limits: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each limit a bulletin was made with in words, a share or days, and how sure it is."""
    known, in_english = quality_rules(), language() == "en"
    for name, told in bulletin_limits.items():
        one = known[name]
        value = percent_of(told["value"])
        if one.unit != "1":
            value = _("%(days)s working days") % {"days": grouped(told["value"])}
        words = one.name_en if in_english else one.name_zh
        yield _("%(limit)s: %(value)s") % {"limit": words, "value": value}, told["confidence"]


def hand_out(
    request: HttpRequest, bulletin: Bulletin, lines: Sequence[BulletinLine], kind: str
) -> HttpResponse:
    """Return a bulletin as a file; that it left is an event.

    Parameters
    ----------
    request : HttpRequest
    bulletin : Bulletin
    lines : sequence of BulletinLine
        Those the person may see.
    kind : {"pdf", "docx"}
        Which file.
    """
    event = audit.record(
        "export.bulletin", request=request, thing=bulletin, kind=kind, rows=len(lines)
    )
    lang, day = language(), timezone.localdate(bulletin.issued_at)
    written = day.isoformat() if lang == "en" else f"{day:%Y}年{day.month}月{day.day}日"
    name = title(bulletin.month, bulletin.about)
    document = Document(
        title=name,
        subtitle=bulletin.number,
        issuer=bulletin.issuer,
        issued_on=written,
        mark=_("Demonstration data") if lists.holds_demo_data() else "",
        blocks=tuple(_blocks(bulletin, lines, lang)),
        language=lang,
        stamp=lists.stamp(event),
    )
    content = to_pdf(document) if kind == "pdf" else to_word(document)
    return lists.attachment(content, f"{bulletin.number} {name}.{kind}", MEDIA_TYPES[kind])


def _blocks(bulletin: Bulletin, lines: Sequence[BulletinLine], lang: str) -> Iterator[Block]:
    by_kind = {
        kind: [one for one in lines if one.kind == kind] for kind in ("county", "enterprise")
    }
    whole = [one for one in lines if one.kind == ("county" if bulletin.place else "city")]
    counties = [] if bulletin.place else by_kind["county"]
    yield Paragraph(_("Addressed to: %s") % bulletin.addressed)
    part = 0
    if whole:
        yield Heading(numbered(part, _("As a whole"), lang))
        yield _figures(whole[0])
        part += 1
    for head, rows in ((_("Counties"), counties), (_("Enterprises"), by_kind["enterprise"])):
        if rows:
            yield Heading(numbered(part, head, lang))
            yield _table(head, rows)
            part += 1
    if bulletin.remark:
        yield Heading(numbered(part, pgettext("bulletin", "Remarks"), lang))
        yield Paragraph(bulletin.remark)
        part += 1
    yield Heading(numbered(part, pgettext("bulletin", "How it is counted"), lang))
    yield from _notes(bulletin)
    if bulletin.copied:
        yield Paragraph(_("Copy to: %s") % bulletin.copied)


def _figures(line: BulletinLine) -> Figures:
    overdue = ngettext("of %(count)d outage", "of %(count)d outages", line.outages)
    return Figures(
        (
            (_("Stable connectivity"), percent_of(line.connectivity),
             percentage_points(line.connectivity_gained)),
            (_("Quality score"), grouped(line.score, 1), gained(line.score_gained)),
            (_("Completeness"), percent_of(line.completeness),
             percentage_points(line.completeness_gained)),
            (_("Repairs overdue"), grouped(line.overdue), overdue % {"count": line.outages}),
        )
    )  # fmt: skip


def _table(caption: str, rows: Sequence[BulletinLine]) -> Table:
    head = (
        caption, _("Rank"), _("Connectivity"), _("Change, percentage points"),
        pgettext("quality", "Score"), _("Change, points"), _("Completeness"),
        _("Repairs overdue"),
    )  # fmt: skip
    return Table(
        "",
        head,
        tuple(
            (
                one.title,
                "—" if one.rank is None else f"{one.rank}/{one.ranked}",
                percent_of(one.connectivity),
                gained(_hundredfold(one.connectivity_gained)) or NO_DATA,
                grouped(one.score, 1),
                gained(one.score_gained) or NO_DATA,
                percent_of(one.completeness),
                f"{one.overdue}/{one.outages}",
            )
            for one in rows
        ),
        text_columns=1,
        widths=_WIDTHS,
    )


def _notes(bulletin: Bulletin) -> Iterator[Paragraph]:
    for words, confidence in limit_words(bulletin.limits):
        mark = _(" (to be verified)") if confidence in UNVERIFIED else ""
        yield Paragraph(words + mark, note=True)
    yield Paragraph(
        _("Ranked by connectivity, then by score. What could not be judged has no figure."),
        note=True,
    )
    state = _("Readings up to %(day)s, as known %(at)s; digest of the figures %(digest)s.")
    yield Paragraph(
        state
        % {
            "day": bulletin.judged_to,
            "at": timezone.localtime(bulletin.judged_at).strftime("%Y-%m-%d %H:%M"),
            "digest": bulletin.sha256[:16],
        },
        note=True,
    )
    if bulletin.replaces:
        stands = _("It stands for %(number)s: %(reason)s")
        told = {"number": bulletin.replaces.number, "reason": bulletin.reason}
        yield Paragraph(stands % told, note=True)
