"""One search over everything a person may see; apps add their sources in a module ``search``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from tanfeng.console.core.models import User

#: Hits shown per source.
LIMIT = 8
#: Fewer characters find nothing but noise. A Chinese name may have two.
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    title: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """A register that can be searched; ``find`` asks ``rights.visible`` like every other door."""

    order: int
    label: str | Promise
    find: Callable[[User, str, int], Sequence[Hit]]


_sources: list[Source] = []


def register(source: Source) -> None:
    """Add a source."""
    _sources.append(source)
    _sources.sort(key=lambda one: one.order)


def search(user: User, text: str) -> list[tuple[str, Sequence[Hit]]]:
    """Return the first hits of every source that has some."""
    text = " ".join(text.split())
    if len(text) < SHORTEST:
        return []
    found = ((str(one.label), one.find(user, text, LIMIT)) for one in _sources)
    return [(label, hits) for label, hits in found if hits]
