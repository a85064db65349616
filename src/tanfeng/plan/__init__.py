"""What the city plan promises, as tables with typed access. Pure logic: no Django, no clock.

The room holds 63 targets and 45 tasks with the units responsible, the words they use in both
languages, the open points of the plan text and a few public reference figures. The plan names no
lead unit anywhere, so nothing here derives one from the order of a list.
"""

from tanfeng.plan._entries import (
    GOALS_CLAUSE,
    KINDS,
    Comparator,
    Reference,
    Remark,
    Target,
    Task,
    Unit,
    amount,
    comparators,
    due_year,
    references,
    remarks,
    rule,
    targets,
    tasks,
    units,
    word,
    words,
)
from tanfeng.plan._tables import PlanTable, rows, table, tables

__all__ = [
    "GOALS_CLAUSE",
    "KINDS",
    "Comparator",
    "PlanTable",
    "Reference",
    "Remark",
    "Target",
    "Task",
    "Unit",
    "amount",
    "comparators",
    "due_year",
    "references",
    "remarks",
    "rows",
    "rule",
    "table",
    "tables",
    "targets",
    "tasks",
    "units",
    "word",
    "words",
]
