"""Lists and pages of targets and tasks. Nothing here computes progress: nobody observed any yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng import plan
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.plan import filters
from tanfeng.console.plan.models import Target, Task, Unit, joined

KINDS_OF_REMARK: dict[str, tuple[Promise, str]] = {
    "decision": (gettext_lazy("To be decided"), "late"),
    "denominator": (gettext_lazy("Denominator"), "note"),
    "reading": (gettext_lazy("How to read it"), "note"),
}
LEAD_OPEN = gettext_lazy("to be assigned by the city carbon leading-group office")


def target_state(target: Target) -> tuple[str, str]:
    """Return what can honestly be said of a target's progress, and the kind of its pill."""
    if (target.due_year or timezone.localdate().year) < timezone.localdate().year:
        return _("Due, not settled"), "late"
    return _("No observation yet"), "muted"


TARGET_COLUMNS = (
    Column("key", gettext_lazy("Target no."), sort="key"),
    Column("indicator", gettext_lazy("Target"), sort="key"),
    Column("rule", gettext_lazy("Required")),
    Column("due", gettext_lazy("Due"), sort="year"),
    Column("kind", gettext_lazy("Kind"), value=lambda row: row.get_kind_display(), sort="kind"),
    Column("clause", gettext_lazy("Clause"), sort="clause"),
    Column("unit_names", gettext_lazy("Responsible units")),
    Column("lead", gettext_lazy("Lead unit"), value=lambda row: str(LEAD_OPEN)),
    Column("scope_text", gettext_lazy("Scope")),
    Column("base_year", gettext_lazy("Base year")),
    Column("measure", gettext_lazy("How it is measured")),
    Column("state", gettext_lazy("State"), value=lambda row: target_state(row)[0]),
)


@require_safe
def targets(request: HttpRequest) -> HttpResponse:
    """List the targets with filters, counts by kind and export."""
    rights.require(request.user, "view", Target)
    seen = rights.visible(request.user, Target).prefetch_related("units")
    narrowed = filters.narrowed_targets(seen, request.GET.dict())
    kind = request.GET.get("kind", "")
    rows = narrowed.filter(kind=kind) if kind in Target.Kind.values else narrowed
    listing = Listing(
        request,
        rows.distinct(),
        name="targets",
        title=gettext_lazy("Targets of the plan"),
        columns=TARGET_COLUMNS,
        default_sort="key",
    )
    if listing.wants_export:
        return listing.export()
    counts = Counter(narrowed.order_by().values_list("kind", flat=True))
    everything = Counter(seen.order_by().values_list("kind", flat=True))
    return render(
        request,
        "plan/targets.html",
        {
            "listing": listing,
            "rows": [(row, *target_state(row)) for row in listing.page],
            "selects": filters.target_selects(request.GET.dict()),
            "kinds": [("", _("All %d") % counts.total())]
            + [(k, f"{label} {counts[k]}") for k, label in Target.Kind.choices],
            "kind": kind,
            "keep": [("kind", kind), ("sort", request.GET.get("sort", ""))],
            "total": everything.total(),
            "quantified": everything[Target.Kind.QUANTIFIED],
            "closed": seen.filter(year__in=filters.due_before_this_year()).count(),
        },
    )


def _remarks(target: str = "", clause: str = "") -> list[dict[str, Any]]:
    """Return the open points that speak of a target or a clause, decisions first."""
    found = [
        one
        for one in plan.remarks()
        if (target and target in one.targets) or (clause and clause in one.tasks)
    ]
    order = list(KINDS_OF_REMARK)
    return [
        {
            "label": KINDS_OF_REMARK[one.kind][0],
            "kind": KINDS_OF_REMARK[one.kind][1],
            "text": one.text(language()),
            "targets": one.targets if clause else (),
        }
        for one in sorted(found, key=lambda one: order.index(one.kind))
    ]


def _references(key: str) -> list[dict[str, Any]]:
    return [
        {
            "label": one.label(language()),
            "value": int(one.value),
            "as_of": one.as_of,
            "source": one.source(language()),
        }
        for one in plan.references()
        if one.target == key
    ]


@require_safe
def target(request: HttpRequest, key: str) -> HttpResponse:
    """Show one target: what the plan asks for, who is responsible, what is still open."""
    found = rights.get_visible(request.user, Target, key=key)
    state, state_kind = target_state(found)
    return render(
        request,
        "plan/target.html",
        {
            "target": found,
            "value": plan.amount(found.value, found.unit, language())
            if found.comparator != "ge_external"
            else "",
            "reading": found.judged.reading(language()),
            "comparator": found.judged.name(language()),
            "state": state,
            "state_kind": state_kind,
            "task": rights.visible(request.user, Task).filter(clause=found.clause).first(),
            "units": list(found.units.all()),
            "lead": LEAD_OPEN,
            "remarks": _remarks(target=key),
            "references": _references(key),
            "neighbours": rights.visible(request.user, Target)
            .filter(clause=found.clause)
            .exclude(key=key),
        },
    )


TASK_COLUMNS = (
    Column("clause", gettext_lazy("Clause"), sort="order"),
    Column("title", gettext_lazy("Task"), sort="order"),
    Column("lead", gettext_lazy("Lead unit"), value=lambda row: str(LEAD_OPEN)),
    Column("unit_names", gettext_lazy("Responsible units")),
    Column("sector_text", gettext_lazy("Sectors")),
    Column(
        "capabilities",
        gettext_lazy("Capabilities"),
        value=lambda row: joined(
            filters.capability_words(code) for code, _words in row.capability_names
        ),
    ),
    Column("target_count", gettext_lazy("Targets")),
    Column("note", gettext_lazy("Note")),
)


def _matrix_columns(units: list[Unit]) -> tuple[Column, ...]:
    """Return the columns of the matrix: one per unit, marked where the plan names it."""
    return (
        Column("clause", gettext_lazy("Clause"), sort="order"),
        Column("title", gettext_lazy("Task"), sort="order"),
        *(Column(f"unit_{unit.pk}", str(unit), value=_mark(unit)) for unit in units),
    )


def _mark(unit: Unit) -> Callable[[Task], str | None]:
    """Return the function that marks a task which names the unit."""
    return lambda row: "●" if unit in row.units.all() else None


def _counted(request: HttpRequest) -> Subquery:
    """Return the number of visible targets of a task's clause, for one query over all tasks."""
    of_clause = rights.visible(request.user, Target).filter(clause=OuterRef("pk")).order_by()
    return Subquery(of_clause.values("clause").annotate(n=Count("key")).values("n"))


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """List the tasks, or show them as a matrix of task and unit."""
    rights.require(request.user, "view", Task)
    is_matrix = request.GET.get("view") == "matrix"
    units = list(rights.visible(request.user, Unit))
    seen = rights.visible(request.user, Task).prefetch_related(
        Prefetch("units", queryset=Unit.objects.order_by("order"))
    )
    counted = seen.annotate(target_count=Coalesce(_counted(request), 0))
    rows = filters.narrowed_tasks(counted, request.GET.dict()).distinct()
    listing = Listing(
        request,
        rows,
        name="tasks",
        title=gettext_lazy("Tasks by unit") if is_matrix else gettext_lazy("Tasks of the plan"),
        columns=_matrix_columns(units) if is_matrix else TASK_COLUMNS,
        default_sort="clause",
        per_page=100 if is_matrix else 25,
    )
    if listing.wants_export:
        return listing.export()
    shown = list(listing.page)
    return render(
        request,
        "plan/tasks.html",
        {
            "listing": listing,
            "rows": shown,
            "matrix": _matrix(shown, units) if is_matrix else (),
            "units": units,
            "unit_counts": _unit_counts(shown, units) if is_matrix else (),
            "is_matrix": is_matrix,
            "keep": [("view", request.GET.get("view", "")), ("sort", request.GET.get("sort", ""))],
            "views": [("", _("List view")), ("matrix", _("Matrix of units"))],
            "selects": filters.task_selects(request.GET.dict()),
            "total": seen.count(),
        },
    )


def _matrix(rows: list[Task], units: list[Unit]) -> list[tuple[Task, list[tuple[Unit, bool]]]]:
    named = {row.pk: {unit.pk for unit in row.units.all()} for row in rows}
    return [(row, [(unit, unit.pk in named[row.pk]) for unit in units]) for row in rows]


def _unit_counts(rows: list[Task], units: list[Unit]) -> list[int]:
    counts = Counter(unit.pk for row in rows for unit in row.units.all())
    return [counts[unit.pk] for unit in units]


@require_safe
def task(request: HttpRequest, clause: str) -> HttpResponse:
    """Show one task: units, sectors, capabilities and the targets of its clause."""
    found = rights.get_visible(request.user, Task, clause=clause)
    linked = rights.visible(request.user, Target).filter(clause=clause)
    return render(
        request,
        "plan/task.html",
        {
            "task": found,
            "units": list(found.units.all()),
            "lead": LEAD_OPEN,
            "targets": [(row, *target_state(row)) for row in linked],
            "remarks": _remarks(clause=clause),
            "previous": _neighbour(request, found, -1),
            "next": _neighbour(request, found, +1),
        },
    )


def _neighbour(request: HttpRequest, found: Task, step: int) -> Task | None:
    return rights.visible(request.user, Task).filter(order=found.order + step).first()
