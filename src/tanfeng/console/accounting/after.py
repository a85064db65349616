"""What other apps do once an account stands or a run is published, and what they know of a record.

They say so when they start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tanfeng.console.accounting.models import EnergyRecord, MethodRun, Run
from tanfeng.console.core.models import User

#: Called with an account by a sector method that has just been frozen.
ACCOUNTED: list[Callable[[MethodRun], None]] = []
#: Called with the user and the run that has just become the published one.
PUBLISHED: list[Callable[[User, Run], None]] = []
#: Asked what the evidence of an account lacks today, as rows of its findings.
PROVED: list[Callable[[User, MethodRun], list[dict[str, Any]]]] = []
#: Asked of a record what it was made from: words and address, None where the app did not make it.
BEHIND: list[Callable[[EnergyRecord], tuple[str, str] | None]] = []
