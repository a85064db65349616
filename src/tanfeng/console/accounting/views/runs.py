"""Runs: the list, computing one, what one rests on, its findings and factors, comparing two."""

from __future__ import annotations

from typing import Any

import polars as pl
from django import forms
from django.contrib import messages
from django.db.models import Max, Min
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tanfeng import standards
from tanfeng.console.accounting import compare, figures, frozen, services
from tanfeng.console.accounting.enterprise_document import period
from tanfeng.console.accounting.lines import UNVERIFIED
from tanfeng.console.accounting.models import EnergyRecord, Run
from tanfeng.console.accounting.permissions import OFFICERS
from tanfeng.console.accounting.views.common import (
    as_of_text,
    number,
    signed_in,
    table_export,
)
from tanfeng.console.accounting.views.paging import page_of
from tanfeng.console.core import jobs, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.errors import ModelError, StandardError
from tanfeng.periods import FIRST_YEAR, LAST_YEAR

_COLUMNS = (
    lists.Column("number", gettext_lazy("No."), sort="number"),
    lists.Column("title", gettext_lazy("Title")),
    lists.Column("years", gettext_lazy("Years"), lambda r: f"{r.first_year}–{r.last_year}"),
    lists.Column("as_of", gettext_lazy("Data as known on"), sort="as_of"),
    lists.Column("created_at", gettext_lazy("Computed"), sort="created_at"),
    lists.Column("created_by", gettext_lazy("By")),
    lists.Column("line_count", gettext_lazy("Lines"), sort="line_count"),
    lists.Column("organisation_count", gettext_lazy("Enterprises")),
    lists.Column("note_count", gettext_lazy("Notes")),
    lists.Column("published", gettext_lazy("Published")),
)
_PUBLIC = ("number", "title", "years", "as_of", "created_at", "published")


_SHOWN_KINDS = 15


class RunForm(forms.Form):
    """What a person chooses before a run is computed."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)
    first_year = forms.IntegerField(
        label=gettext_lazy("First year"), min_value=FIRST_YEAR, max_value=LAST_YEAR
    )
    last_year = forms.IntegerField(
        label=gettext_lazy("Last year"), min_value=FIRST_YEAR, max_value=LAST_YEAR
    )
    as_of = forms.DateTimeField(
        label=gettext_lazy("Data as known on"),
        required=False,
        help_text=gettext_lazy("Empty means now; records known later are left out"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    standards_as_of = forms.DateField(
        label=gettext_lazy("Factors published by"),
        required=False,
        help_text=gettext_lazy("Empty means the day above"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    electricity_fallback = forms.ChoiceField(
        label=gettext_lazy("When the province has no power factor"),
        required=False,
        choices=(
            ("", gettext_lazy("Refuse to compute")),
            ("CN-region-east", gettext_lazy("Take the East China grid")),
            ("CN", gettext_lazy("Take the national average")),
        ),
    )

    def options(self) -> dict[str, Any]:
        """Return the options of the service."""
        day = self.cleaned_data["standards_as_of"]
        return {
            "electricity_fallback": self.cleaned_data["electricity_fallback"],
            "standards_as_of": day.isoformat() if day else "",
        }


def _initial(user: User) -> dict[str, Any]:
    """Suggest the years of the newest run, and every year there are records of for the first."""
    newest = rights.visible(user, Run).order_by("-number").first()
    if newest is not None:
        return {"first_year": newest.first_year, "last_year": newest.last_year}
    records = rights.visible(user, EnergyRecord).filter(known_to__isnull=True)
    years = records.aggregate(first=Min("year"), last=Max("year"))
    fallback = timezone.localdate().year - 1
    return {"first_year": years["first"] or fallback, "last_year": years["last"] or fallback}


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """List the runs the person may see."""
    user = signed_in(request)
    officer = user.role in OFFICERS
    columns = [c for c in _COLUMNS if officer or c.key in _PUBLIC]
    listing = lists.Listing(
        request,
        rights.visible(user, Run).select_related("created_by"),
        name="runs",
        title=_("Runs"),
        columns=columns,
        default_sort="-number",
    )
    if listing.wants_export:
        return listing.export()
    may_compute = rights.can(user, "compute", Run)
    return render(
        request,
        "accounting/runs.html",
        {
            "listing": listing,
            "page": listing.page,
            "sort": listing.sort,
            "officer": officer,
            "form": RunForm(initial=_initial(user)) if may_compute else None,
        },
    )


@require_POST
def compute(request: HttpRequest) -> HttpResponse:
    """Queue the computation of a run."""
    user = signed_in(request)
    rights.require(user, "compute", Run)
    form = RunForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            job = services.queue_run(
                user,
                years=range(asked["first_year"], asked["last_year"] + 1),
                title=asked["title"],
                as_of=asked["as_of"],
                options=form.options(),
            )
        except (ModelError, StandardError) as error:
            form.add_error(None, jobs.explain(error))
        else:
            return redirect("job", job_id=job.pk)
    listing = lists.Listing(
        request,
        rights.visible(user, Run).select_related("created_by"),
        name="runs",
        title=_("Runs"),
        columns=_COLUMNS,
        default_sort="-number",
    )
    context = {"listing": listing, "page": listing.page, "officer": True, "form": form}
    return render(request, "accounting/runs.html", context, status=400)


@require_safe
def run(request: HttpRequest, run_number: int) -> HttpResponse:
    """Show what a run rests on, what it found, and what moved since another run."""
    user = signed_in(request)
    shown = rights.get_visible(user, Run, number=run_number)
    notes = figures.findings(user, shown)
    others = rights.visible(user, Run).exclude(pk=shown.pk).order_by("-number")
    other = others.filter(number=number(request, "compare") or 0).first()
    measure = request.GET.get("measure", compare.DEFAULT)
    context: dict[str, Any] = {
        "run": shown,
        "officer": user.role in OFFICERS,
        "may_publish": rights.can(user, "publish", shown) and not shown.published,
        "summary": _summary(notes),
        "files": sorted(shown.manifest.get("files", {}).items()),
        "tables": _tables(shown),
        "options": _options(shown),
        "checked": frozen.broken_files(shown) if "check" in request.GET else None,
        "others": others[:20],
        "other": other,
        "data_as_of": shown.as_of,
    }
    if other is not None:
        found = compare.between(user, other, shown, measure)
        if request.GET.get("export") == "xlsx":
            return _export_difference(request, found, shown, other)
        context |= {"difference": found, "measure_options": compare.options()}
    return render(request, "accounting/run.html", context)


#: Option of the manifest -> what the page calls it.
_OPTION_NAMES = {
    "years": gettext_lazy("Years"),
    "region": gettext_lazy("Region of the power factor"),
    "electricity_fallback": gettext_lazy("Fallback of the power factor"),
    "guideline": gettext_lazy("Guideline of combustion"),
    "as_of": gettext_lazy("Factors published by"),
    "overrides_digest": gettext_lazy("City's own values"),
}


def _tables(run: Run) -> list[tuple[str, str, str]]:
    """Return name, title and digest of the standards tables a run rests on."""
    lang = language()
    titles = {one.name: getattr(one, f"title_{lang}") for one in standards.tables()}
    found = sorted(run.manifest.get("tables", {}).items())
    return [(name, titles.get(name, name), digest) for name, digest in found]


def _span(years: list[int]) -> str:
    """Return years as a span when none is left out between them."""
    whole = len(years) > 1 and years == list(range(years[0], years[-1] + 1))
    return f"{years[0]}–{years[-1]}" if whole else " ".join(map(str, years))


def _options(run: Run) -> list[tuple[Any, str]]:
    """Return what the run was asked for, in words; digests are cut."""
    asked = run.manifest.get("options", {})
    found = []
    for key, name in _OPTION_NAMES.items():
        value = asked.get(key)
        text = _span(value) if isinstance(value, list) else str(value or "—")
        found.append((name, text[:16] if key.endswith("_digest") else text))
    return found


def _summary(notes: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the findings in scope by kind and energy item, gravest first."""
    lang = language()
    kinds = notes.group_by("severity", "code", "item_key", maintain_order=True).agg(
        pl.len().alias("count"),
        pl.col("org_code").drop_nulls().n_unique().alias("firms"),
        pl.col(f"text_{lang}").first().alias("text"),
    )
    return kinds.head(_SHOWN_KINDS).to_dicts()


def _export_difference(
    request: HttpRequest, found: compare.Difference, shown: Run, other: Run
) -> HttpResponse:
    columns = [
        lists.Column("name", _("Enterprise")),
        lists.Column("org_code", _("Credit code")),
        lists.Column("value_a", _("Run %s") % other.number, unit=found.unit, places=1),
        *(
            lists.Column(cause, compare.CAUSES[cause], unit=found.unit, places=1)
            for cause in compare.CAUSES
        ),
        lists.Column("value_b", _("Run %s") % shown.number, unit=found.unit, places=1),
    ]
    return table_export(
        request,
        name="difference",
        title=_("Difference of runs %(a)s and %(b)s") % {"a": other.number, "b": shown.number},
        columns=columns,
        rows=found.by_org,
        run=shown,
        against=other.number,
    )


@require_POST
def publish(request: HttpRequest, run_number: int) -> HttpResponseRedirect:
    """Make a run the published one."""
    user = signed_in(request)
    shown = rights.get_visible(user, Run, number=run_number)
    try:
        services.publish_run(user, shown, request=request)
    except ModelError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Run %s is published; its figures do not move") % run_number)
    return redirect("run", run_number=run_number)


_FINDING_COLUMNS = (
    lists.Column("severity", gettext_lazy("Severity")),
    lists.Column("code", gettext_lazy("Code")),
    lists.Column("name", gettext_lazy("Enterprise")),
    lists.Column("org_code", gettext_lazy("Credit code")),
    lists.Column("period", gettext_lazy("Period")),
    lists.Column("item", gettext_lazy("Energy item")),
    lists.Column("rows", gettext_lazy("Rows")),
    lists.Column("text", gettext_lazy("What was found")),
    lists.Column("record", gettext_lazy("Record")),
)


@require_safe
def findings(request: HttpRequest, run_number: int) -> HttpResponse:
    """List what a run found about the enterprises in scope."""
    user = signed_in(request)
    shown = rights.get_visible(user, Run, number=run_number)
    notes = figures.findings(user, shown)
    asked = {name: request.GET.get(name, "") for name in ("severity", "code", "org", "item")}
    year = number(request, "year")
    columns = {"severity": "severity", "code": "code", "org": "org_code", "item": "item_key"}
    for name, column in columns.items():
        if asked[name]:
            notes = notes.filter(pl.col(column) == asked[name])
    if year is not None:
        notes = notes.filter(pl.col("year") == year)
    if request.GET.get("export") == "xlsx":
        return table_export(
            request,
            name="findings",
            title=_("Findings of run %s") % run_number,
            columns=_FINDING_COLUMNS,
            rows=_finding_rows(notes),
            run=shown,
        )
    page = page_of(request, notes, _finding_rows)
    return render(
        request,
        "accounting/findings.html",
        {
            "run": shown,
            "page": page,
            "total": notes.height,
            "asked": asked,
            "year": year,
            "years": range(shown.first_year, shown.last_year + 1),
            "severities": [
                ("error", _("not counted")), ("warning", _("to check")), ("info", _("rule applied"))
            ],
        },
    )  # fmt: skip


def _finding_rows(notes: pl.DataFrame) -> list[dict[str, Any]]:
    lang = language()
    names = figures.names_of("org_code", notes["org_code"].drop_nulls().unique().to_list())
    items = figures.item_names(lang)
    return [
        {
            **row,
            "name": names.get(row["org_code"], row["org_code"] or ""),
            "item": items.get(row["item_key"], row["item_key"] or ""),
            "period": period(row["year"], row["month"]),
            "text": row[f"text_{lang}"],
            "record": row["activity_id"],
        }
        for row in notes.to_dicts()
    ]


_FACTOR_COLUMNS = (
    lists.Column("factor", gettext_lazy("No.")),
    lists.Column("symbol", gettext_lazy("Symbol")),
    lists.Column("name", gettext_lazy("Name")),
    lists.Column("value", gettext_lazy("Value")),
    lists.Column("unit", gettext_lazy("Unit")),
    lists.Column("document", gettext_lazy("Document")),
    lists.Column("clause", gettext_lazy("Clause")),
    lists.Column("valid_from", gettext_lazy("Valid from")),
    lists.Column("valid_to", gettext_lazy("Valid to")),
    lists.Column("region", gettext_lazy("Region")),
    lists.Column("confidence", gettext_lazy("Confidence")),
    lists.Column("choice", gettext_lazy("How it was chosen")),
    lists.Column("override", gettext_lazy("City's own value")),
    lists.Column("ref", gettext_lazy("Standards row")),
)


@require_safe
def factors(request: HttpRequest, run_number: int) -> HttpResponse:
    """List the factors of a run with document, clause and mark."""
    user = signed_in(request)
    shown = rights.get_visible(user, Run, number=run_number)
    table = frozen.opened(shown).factors
    confidence, symbol = (request.GET.get(name, "") for name in ("confidence", "symbol"))
    if confidence == "unverified":
        table = table.filter(pl.col("confidence").is_in(UNVERIFIED))
    elif confidence:
        table = table.filter(pl.col("confidence") == confidence)
    if symbol:
        table = table.filter(pl.col("symbol") == symbol)
    if request.GET.get("export") == "xlsx":
        return table_export(
            request,
            name="factors",
            title=_("Factors of run %s") % run_number,
            columns=_FACTOR_COLUMNS,
            rows=factor_rows(table),
            run=shown,
        )
    return render(
        request,
        "accounting/factors.html",
        {
            "run": shown,
            "page": page_of(request, table, factor_rows),
            "total": table.height,
            "confidence": confidence,
            "symbol": symbol,
            "symbols": sorted(frozen.opened(shown).factors["symbol"].unique().to_list()),
            "as_of": as_of_text(shown),
        },
    )


def factor_rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Return factors with name and choice in the language used, and the page of their row."""
    lang = language()
    rows = []
    for row in table.to_dicts():
        name, _slash, row_id = row["ref"].partition("/")
        rows.append(
            {
                **row,
                "name": row[f"name_{lang}"],
                "choice": row[f"choice_{lang}"],
                "url": reverse("standards-row", args=[name, row_id]),
            }
        )
    return rows
