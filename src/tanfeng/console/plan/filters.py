"""Narrow the lists of targets and tasks by what the address says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tanfeng import plan
from tanfeng.console.core.asked import language
from tanfeng.console.plan.models import Target, Task, Unit, packed, unpacked


@dataclass(frozen=True, slots=True)
class Select:
    """A drop-down above a list."""

    name: str
    label: str | Promise
    options: list[tuple[str, str]]
    current: str

    @property
    def chosen(self) -> str:
        """Return the words of the option chosen, empty for none."""
        return dict(self.options).get(self.current, "")


def words_filter(query: str, fields: Iterable[str]) -> Q:
    """Return the condition that every word stands in one of the fields."""
    condition = Q()
    for word in query.split():
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__icontains": word})
        condition &= one
    return condition


def due_before_this_year() -> list[str]:
    """Return the due years that are over."""
    this_year = timezone.localdate().year
    return [key for key in plan.words("year") if (plan.due_year(key) or this_year) < this_year]


def _unit_select(current: str) -> Select:
    return Select(
        "unit",
        _("Responsible unit"),
        [(str(unit.pk), str(unit)) for unit in Unit.objects.all()],
        current,
    )


def _word_select(name: str, label: str, words: str, used: Iterable[str], current: str) -> Select:
    options = [(key, plan.word(words, key, language())) for key in dict.fromkeys(used)]
    return Select(name, label, options, current)


def target_selects(given: Mapping[str, str]) -> list[Select]:
    """Return the drop-downs of the target list."""
    clauses = {task.clause: task for task in Task.objects.all()}
    used = Target.objects.order_by("clause").values_list("clause", flat=True).distinct()
    comparators = plan.comparators()
    in_use = set(Target.objects.values_list("comparator", flat=True))
    return [
        Select(
            "clause",
            _("Clause"),
            [(one, str(clauses.get(one, _("%s Overall goals") % one))) for one in used],
            given.get("clause", ""),
        ),
        _unit_select(given.get("unit", "")),
        _word_select("year", _("Due"), "year", plan.words("year"), given.get("year", "")),
        Select(
            "comparator",
            _("Comparator"),
            [(key, one.name(language())) for key, one in comparators.items() if key in in_use],
            given.get("comparator", ""),
        ),
        Select(
            "state",
            _("State"),
            [("closed", _("Due, not settled")), ("open", _("Not yet due"))],
            given.get("state", ""),
        ),
    ]


def narrowed_targets(rows: QuerySet[Target], given: Mapping[str, str]) -> QuerySet[Target]:
    """Apply the filters of the target list, the kind left out."""
    for name in ("clause", "year", "comparator"):
        if given.get(name):
            rows = rows.filter(**{name: given[name]})
    if given.get("unit", "").isdigit():
        rows = rows.filter(units=int(given["unit"]))
    if given.get("state") == "closed":
        rows = rows.filter(year__in=due_before_this_year())
    elif given.get("state") == "open":
        rows = rows.exclude(year__in=due_before_this_year())
    if given.get("q"):
        fields = ("key", "indicator_zh", "indicator_en", "measure_zh", "measure_en", "clause")
        rows = rows.filter(words_filter(given["q"], fields))
    return rows


def task_selects(given: Mapping[str, str]) -> list[Select]:
    """Return the drop-downs of the task list."""
    tasks = list(Task.objects.all())
    sectors = [key for task in tasks for key in unpacked(task.sectors)]
    capabilities = sorted({key for task in tasks for key in unpacked(task.capabilities)})
    return [
        _unit_select(given.get("unit", "")),
        _word_select("sector", _("Sector"), "sector", sectors, given.get("sector", "")),
        Select(
            "capability",
            _("Capability"),
            [(key, capability_words(key)) for key in capabilities],
            given.get("capability", ""),
        ),
    ]


def capability_words(key: str) -> str:
    """Return a capability as code and words; some have words alone."""
    words = plan.word("capability", key, language())
    return f"{key} {words}" if key.startswith("C") else words


def narrowed_tasks(rows: QuerySet[Task], given: Mapping[str, str]) -> QuerySet[Task]:
    """Apply the filters of the task list."""
    if given.get("unit", "").isdigit():
        rows = rows.filter(units=int(given["unit"]))
    if given.get("sector"):
        rows = rows.filter(sectors__contains=packed([given["sector"]]))
    if given.get("capability"):
        rows = rows.filter(capabilities__contains=packed([given["capability"]]))
    if given.get("q"):
        rows = rows.filter(words_filter(given["q"], ("clause", "title_zh", "title_en")))
    return rows
