"""Bring the plan's shipped tables into the records.

The plan is part of the package, not a person's data: ``migrate`` loads it (see ``apps.py``), so an
installation has it from its first start and a new edition of the tables arrives with the next
``migrate``. Nothing is deleted: a target that vanished from the tables stays, because splits and
observations may point to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from tanfeng import plan
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.plan.models import Target, Task, Unit, packed


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows of the plan were added, changed, and already as shipped."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
        )


def load_plan(user: User | None = None) -> Loaded:
    """Load units, tasks and targets; repeating it changes nothing.

    Parameters
    ----------
    user : User, optional
        Who asks; an administrator or the city. None for the installation itself, which leaves no
        audit event because no person acted.

    Returns
    -------
    Loaded
        Counts of rows.
    """
    if user is not None:
        rights.require(user, "plan.load")
    with transaction.atomic():
        loaded = _load_units() + _load_tasks() + _load_targets()
    if user is not None:
        audit.record(
            "plan.load",
            user=user,
            added=loaded.added,
            changed=loaded.changed,
        )
    return loaded


def _load_units() -> Loaded:
    return _merge(
        Unit,
        "name_zh",
        {
            unit.name_zh: {
                "name_en": unit.name_en,
                "short_zh": unit.short_zh,
                "short_en": unit.short_en,
                "kind": unit.kind,
                "order": order,
            }
            for order, unit in enumerate(plan.units(), start=1)
        },
    )


def _load_tasks() -> Loaded:
    tasks = plan.tasks()
    loaded = _merge(
        Task,
        "clause",
        {
            task.clause: {
                "title_zh": task.title_zh,
                "title_en": task.title_en,
                "sectors": packed(task.sectors),
                "capabilities": packed(task.capabilities),
                "note_zh": task.note_zh,
                "note_en": task.note_en,
                "order": order,
            }
            for order, task in enumerate(tasks, start=1)
        },
    )
    _link(Task.units.through, "task_id", {task.clause: task.units for task in tasks})
    return loaded


def _load_targets() -> Loaded:
    targets = plan.targets()
    loaded = _merge(
        Target,
        "key",
        {
            target.key: {
                "indicator_zh": target.indicator_zh,
                "indicator_en": target.indicator_en,
                "comparator": target.comparator,
                "value": target.value,
                "unit": target.unit,
                "year": target.year,
                "scope": packed(target.scope),
                "base_year": target.base_year,
                "clause": target.clause,
                "kind": target.kind,
                "measure_zh": target.measure_zh,
                "measure_en": target.measure_en,
            }
            for target in targets
        },
    )
    _link(Target.units.through, "target_id", {target.key: target.units for target in targets})
    return loaded


def _merge(model: type[models.Model], key: str, shipped: dict[str, dict[str, Any]]) -> Loaded:
    """Add the rows that are missing and change the ones that differ."""
    stored = {getattr(row, key): row for row in model._default_manager.all()}
    new = [model(**{key: name}, **values) for name, values in shipped.items() if name not in stored]
    model._default_manager.bulk_create(new)
    changed = 0
    for name, row in stored.items():
        wanted = shipped.get(name, {})
        different = [field for field, value in wanted.items() if getattr(row, field) != value]
        for field in different:
            setattr(row, field, wanted[field])
        if different:
            row.save(update_fields=different)
            changed += 1
    return Loaded(len(new), changed, len(shipped) - len(new) - changed)


def _link(through: type[models.Model], side: str, shipped: dict[str, tuple[str, ...]]) -> None:
    """Make the links to units those of the tables."""
    unit_ids = dict(Unit.objects.values_list("name_zh", "pk"))
    wanted = {(row, unit_ids[name]) for row, names in shipped.items() for name in names}
    stored = {
        (row, unit): pk
        for row, unit, pk in through._default_manager.values_list(side, "unit_id", "pk")
        if row in shipped
    }
    gone = [pk for pair, pk in stored.items() if pair not in wanted]
    through._default_manager.filter(pk__in=gone).delete()
    through._default_manager.bulk_create(
        through(**{side: row, "unit_id": unit}) for row, unit in sorted(wanted - stored.keys())
    )
